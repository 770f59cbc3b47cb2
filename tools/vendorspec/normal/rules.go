package normal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/sluice-sdk/sluice/tools/vendorspec/document"
)

// Rules say what happens to the document of one service besides the normal form. They stand in
// specs/<service>/vendor.yaml; a service without that file has the zero Rules.
type Rules struct {
	// Indent is how many blanks a level is indented by; 0 means 2.
	Indent int `yaml:"indent"`
	// Servers replace the servers of the document; paths are written relative to them. Without any, servers and paths
	// stay as they are published.
	Servers []Server `yaml:"servers"`
	// FreeForm lists schemas, as JSON pointers into the normalised document, that become objects with any members.
	// Component schemas that only they led to are dropped.
	FreeForm []string `yaml:"free-form"`
	// Extensions lists the members beginning with x- that are kept.
	Extensions []string `yaml:"extensions"`
	// Keywords lists members that no version of OpenAPI knows and that are dropped wherever they stand.
	Keywords []string `yaml:"keywords"`
	// Drop lists JSON pointers into the published document, to what is left out before anything else happens.
	Drop []string `yaml:"drop"`
}

// A Server is one entry of Rules.Servers.
type Server struct {
	URL string `yaml:"url"`
	// Variables are the names in braces of the URL and their defaults.
	Variables map[string]string `yaml:"variables"`
}

// ReadRules reads a vendor.yaml.
func ReadRules(text []byte) (Rules, error) {
	var rules Rules
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&rules); err != nil && !errors.Is(err, io.EOF) {
		return Rules{}, err
	}
	if rules.Indent < 0 || rules.Indent > 8 {
		return Rules{}, fmt.Errorf("indent: %d", rules.Indent)
	}
	if rules.Indent == 0 {
		rules.Indent = 2
	}
	for _, pointer := range append(append([]string{}, rules.FreeForm...), rules.Drop...) {
		if !strings.HasPrefix(pointer, "/") {
			return Rules{}, fmt.Errorf("%q is not a JSON pointer: it begins with a slash", pointer)
		}
	}
	for _, name := range rules.Extensions {
		if !strings.HasPrefix(name, "x-") {
			return Rules{}, fmt.Errorf("extensions: %q does not begin with x-", name)
		}
	}
	for _, server := range rules.Servers {
		if server.URL == "" {
			return Rules{}, errors.New("servers: a server without url")
		}
	}
	return rules, nil
}

// freeForm is a tree of the tokens of Rules.FreeForm. A nil tree has no rule.
type freeForm struct {
	children map[string]*freeForm
	here     bool
	met      bool
}

func newFreeForm(pointers []string) *freeForm {
	root := &freeForm{}
	for _, pointer := range pointers {
		at := root
		for token := range strings.SplitSeq(pointer[1:], "/") {
			token = document.Unescape(token)
			if at.children == nil {
				at.children = map[string]*freeForm{}
			}
			if at.children[token] == nil {
				at.children[token] = &freeForm{}
			}
			at = at.children[token]
		}
		at.here = true
	}
	return root
}

func (f *freeForm) in(token string) *freeForm {
	if f == nil {
		return nil
	}
	return f.children[token]
}
