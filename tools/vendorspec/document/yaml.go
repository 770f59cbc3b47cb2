package document

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// marks bounds the memory of the YAML parser, which builds its whole tree before anything can be counted: no node
// comes without a line break or one of these characters. A mark costs at most 650 bytes (measured: the names of a flow
// mapping). directives bounds its time, which is quadratic in the %TAG lines.
const (
	markCharacters = "\n\r,:-?[{"
	marks          = 1_000_000
	directives     = 16
)

// readYAML reads one document of YAML 1.2's JSON schema, with anchors and merge keys.
func readYAML(text []byte, budget *Budget) (any, error) {
	count := 0
	for _, c := range text {
		if strings.IndexByte(markCharacters, c) >= 0 {
			count++
		}
	}
	if count > marks {
		return nil, &LimitError{fmt.Sprintf("the YAML has %d line breaks and separators, more than the limit of %d", count, marks)}
	}
	if bytes.Count(text, []byte("\n%"))+bytes.Count(text, []byte("\r%")) > directives {
		return nil, &LimitError{fmt.Sprintf("the YAML has more directives than the limit of %d", directives)}
	}
	if after, found := bytes.CutPrefix(text, []byte("%YAML 1.2")); found { // the parser knows 1.1 by name, and reads 1.2
		text = append([]byte("%YAML 1.1"), after...)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	root, err := parse(decoder)
	if err != nil {
		return nil, err
	}
	if _, err := parse(decoder); !errors.Is(err, io.EOF) {
		if err != nil {
			return nil, err
		}
		return nil, errors.New("the file holds more than one YAML document")
	}
	if root.Kind == yaml.DocumentNode && len(root.Content) == 1 {
		root = root.Content[0]
	}
	r := yamlReader{budget: budget, open: map[*yaml.Node]bool{}}
	return r.value(root, 0)
}

// parse reads the next document. The parser is known to panic on some malformed texts; they are refused like others.
func parse(decoder *yaml.Decoder) (node *yaml.Node, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			node, err = nil, fmt.Errorf("malformed YAML: %v", cause)
		}
	}()
	node = &yaml.Node{}
	return node, decoder.Decode(node)
}

type yamlReader struct {
	budget *Budget
	open   map[*yaml.Node]bool // anchors that are being expanded
}

func (r *yamlReader) value(node *yaml.Node, depth int) (any, error) {
	if err := r.budget.takeValue(depth); err != nil {
		return nil, fmt.Errorf("line %d: %w", node.Line, err)
	}
	switch node.Kind {
	case yaml.MappingNode:
		if tag := node.ShortTag(); tag != "!!map" {
			return nil, fmt.Errorf("line %d: the tag %s means nothing to JSON", node.Line, tag)
		}
		o := &Object{}
		return o, r.mapping(o, node, depth+1)
	case yaml.SequenceNode:
		if tag := node.ShortTag(); tag != "!!seq" {
			return nil, fmt.Errorf("line %d: the tag %s means nothing to JSON", node.Line, tag)
		}
		a := make([]any, 0, min(len(node.Content), 1024))
		for _, element := range node.Content {
			value, err := r.value(element, depth+1)
			if err != nil {
				return nil, err
			}
			a = append(a, value)
		}
		return a, nil
	case yaml.AliasNode:
		return expand(r, node, func(target *yaml.Node) (any, error) { return r.value(target, depth) })
	case yaml.ScalarNode:
		return scalar(node)
	default:
		return nil, fmt.Errorf("line %d: malformed YAML", node.Line)
	}
}

// expand follows an alias, unless it stands within what it names.
func expand[T any](r *yamlReader, alias *yaml.Node, read func(*yaml.Node) (T, error)) (T, error) {
	target := alias.Alias
	if target == nil || r.open[target] {
		var none T
		return none, fmt.Errorf("line %d: the anchor %q contains itself", alias.Line, alias.Value)
	}
	r.open[target] = true
	defer delete(r.open, target)
	return read(target)
}

// mapping adds the members of a mapping to o. What a merge key brings gives way to what is written beside it.
func (r *yamlReader) mapping(o *Object, node *yaml.Node, depth int) error {
	written := map[string]bool{}
	var merged []*yaml.Node
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, content := node.Content[i], node.Content[i+1]
		if key.Kind == yaml.ScalarNode && key.ShortTag() == "!!merge" {
			merged = append(merged, content)
			continue
		}
		if key.Kind == yaml.AliasNode && key.Alias != nil {
			key = key.Alias
		}
		if key.Kind != yaml.ScalarNode || key.ShortTag() == "!!null" {
			return fmt.Errorf("line %d: the name of a member is not text", key.Line)
		}
		name := key.Value
		if err := r.budget.takeName(name); err != nil {
			return fmt.Errorf("line %d: %w", key.Line, err)
		}
		if written[name] {
			return fmt.Errorf("line %d: the member %q is there twice", key.Line, name)
		}
		written[name] = true
		value, err := r.value(content, depth)
		if err != nil {
			return err
		}
		o.Set(name, value)
	}
	for _, content := range merged {
		if err := r.merge(o, content, depth); err != nil {
			return err
		}
	}
	return nil
}

// merge adds the members that o does not have yet: of a mapping, or of several in a sequence.
func (r *yamlReader) merge(o *Object, node *yaml.Node, depth int) error {
	if err := r.budget.takeValue(depth); err != nil {
		return fmt.Errorf("line %d: %w", node.Line, err)
	}
	switch node.Kind {
	case yaml.AliasNode:
		_, err := expand(r, node, func(target *yaml.Node) (any, error) { return nil, r.merge(o, target, depth+1) })
		return err
	case yaml.SequenceNode:
		for _, element := range node.Content {
			if err := r.merge(o, element, depth+1); err != nil {
				return err
			}
		}
		return nil
	case yaml.MappingNode:
		more := &Object{}
		if err := r.mapping(more, node, depth); err != nil {
			return err
		}
		for _, m := range more.Members() {
			if !o.Has(m.Name) {
				o.Set(m.Name, m.Value)
			}
		}
		return nil
	default:
		return fmt.Errorf("line %d: a merge key takes a mapping", node.Line)
	}
}

func scalar(node *yaml.Node) (any, error) {
	text := node.Value
	switch tag := node.ShortTag(); tag {
	case "!!str", "!!timestamp":
		return text, nil // a date is text to JSON
	case "!!null":
		return nil, nil
	case "!!bool":
		return strings.EqualFold(text, "true"), nil
	case "!!int", "!!float":
		if validNumber(text) {
			return number(text)
		}
		if n, err := strconv.ParseInt(text, 0, 64); err == nil && strings.HasPrefix(text, "0x") {
			return Number(strconv.FormatInt(n, 10)), nil
		}
		if plain := strings.TrimPrefix(text, "+"); validNumber(plain) {
			return number(plain)
		}
		if plain, found := strings.CutSuffix(text, "."); found && validNumber(plain) {
			return number(plain)
		}
		if strings.HasPrefix(text, ".") && validNumber("0"+text) {
			return number("0" + text)
		}
		// 0777, 1_000 and .inf: YAML 1.1 and 1.2 read them differently, or JSON has no such number. They may stand in
		// an example that is dropped, so they are text.
		return text, nil
	default:
		return nil, fmt.Errorf("line %d: the tag %s means nothing to JSON", node.Line, tag)
	}
}
