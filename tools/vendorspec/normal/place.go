package normal

import (
	"slices"
	"strings"

	"github.com/sluice-sdk/sluice/tools/vendorspec/document"
)

// A file is one file of the published document.
type file struct {
	name  string // for the origin
	entry bool
	root  any
}

// A place is where a value was published, and which rule holds for where it is written.
type place struct {
	file  *file
	up    *place
	token string
	rule  *freeForm
}

// in is the place of a member.
func (p *place) in(token string) *place {
	return &place{file: p.file, up: p, token: token, rule: p.rule.in(token)}
}

// renamed is the place of a member that is written under another name.
func (p *place) renamed(token, written string) *place {
	return &place{file: p.file, up: p, token: token, rule: p.rule.in(written)}
}

// pointer is the JSON pointer within the file.
func (p *place) pointer() string {
	var tokens []string
	for ; p.up != nil; p = p.up {
		tokens = append(tokens, "/"+document.Escape(p.token))
	}
	slices.Reverse(tokens)
	return strings.Join(tokens, "")
}

// String is the pointer, behind the name of the file unless that is the document itself.
func (p *place) String() string {
	if p.file.entry {
		return "#" + p.pointer()
	}
	return p.file.name + "#" + p.pointer()
}

// placeAt is the place of a pointer.
func placeAt(f *file, pointer string, rule *freeForm) *place {
	at := &place{file: f}
	if pointer != "" {
		for token := range strings.SplitSeq(pointer[1:], "/") {
			at = &place{file: f, up: at, token: document.Unescape(token)}
		}
	}
	at.rule = rule
	return at
}
