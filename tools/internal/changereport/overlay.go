package changereport

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/speakeasy-api/openapi/overlay"
	"gopkg.in/yaml.v3"
)

// Action is an action of an overlay that no longer does anything.
type Action struct {
	Line   int
	Target string
	Reason string
}

// deadActions applies an overlay to a document action by action, with the library that the generator uses. It returns the
// actions that match nothing or change nothing, and the overlay without them.
func deadActions(document, text []byte) ([]Action, []byte, error) {
	var file yaml.Node
	if err := yaml.Unmarshal(text, &file); err != nil {
		return nil, nil, fmt.Errorf("overlay: %w", err)
	}
	var whole overlay.Overlay
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&whole); err != nil {
		return nil, nil, fmt.Errorf("overlay: %w", err)
	}
	actions := actionList(&file)
	if actions == nil || len(actions.Content) != len(whole.Actions) {
		return nil, nil, fmt.Errorf("overlay: no list of actions")
	}
	var root yaml.Node
	if err := yaml.Unmarshal(document, &root); err != nil {
		return nil, nil, fmt.Errorf("document: %w", err)
	}

	var dead []Action
	var live []*yaml.Node
	for i, action := range whole.Actions {
		one := whole
		one.Actions = []overlay.Action{action}
		warnings, err := one.ApplyToStrict(&root)
		reason := ""
		switch {
		case err != nil:
			reason = "matches nothing"
			if message := err.Error(); !strings.Contains(message, "did not match any") {
				reason = message
			}
		case len(warnings) > 0:
			reason = "changes nothing"
		}
		if reason == "" {
			live = append(live, actions.Content[i])
			continue
		}
		dead = append(dead, Action{actions.Content[i].Line, action.Target, reason})
	}
	if len(dead) == 0 {
		return nil, text, nil
	}
	actions.Content = live
	left, err := yaml.Marshal(&file)
	return dead, left, err
}

func actionList(file *yaml.Node) *yaml.Node {
	if file.Kind != yaml.DocumentNode || len(file.Content) != 1 {
		return nil
	}
	mapping := file.Content[0]
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == "actions" && mapping.Content[i+1].Kind == yaml.SequenceNode {
			return mapping.Content[i+1]
		}
	}
	return nil
}
