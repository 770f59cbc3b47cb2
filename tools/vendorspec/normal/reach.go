package normal

import (
	"strings"

	"github.com/sluice-sdk/sluice/tools/vendorspec/document"
)

// A reach finds the components that a published value leads to, however deep.
type reach struct {
	n    *normaliser
	seen map[target]bool
	met  map[*component]bool
}

func (n *normaliser) newReach() *reach {
	return &reach{n: n, seen: map[target]bool{}, met: map[*component]bool{}}
}

// from walks a published value of a file. What cannot be resolved leads nowhere: it is not going to be written.
func (r *reach) from(value any, f *file) {
	type step struct {
		value any
		file  *file
	}
	steps := []step{{value, f}}
	follow := func(text string, f *file) {
		if r.n.stopped() {
			return
		}
		t, to, err := r.n.resolve(f, text)
		if err != nil || r.seen[t] {
			return
		}
		r.seen[t] = true
		if to.entry {
			if kind, name, ok := componentOf(t.pointer); ok {
				if c := r.n.components[kind][name]; c != nil {
					r.met[c] = true
				}
			}
		}
		if claim, ok := r.n.claimed[t]; ok {
			r.met[r.n.components[claim[0]][claim[1]]] = true
		}
		if found, ok := document.At(to.root, t.pointer); ok {
			steps = append(steps, step{found, to})
		}
	}
	for len(steps) > 0 && !r.n.stopped() {
		s := steps[len(steps)-1]
		steps = steps[:len(steps)-1]
		switch v := s.value.(type) {
		case *document.Object:
			for _, m := range v.Members() {
				text, isText := m.Value.(string)
				switch {
				case !isText:
					steps = append(steps, step{m.Value, s.file})
				case m.Name == "$ref" || strings.HasPrefix(text, "#/components/"): // the latter in a discriminator
					follow(text, s.file)
				}
			}
		case []any:
			for _, e := range v {
				steps = append(steps, step{e, s.file})
			}
		}
	}
}

// giants finds the unions of a published value that are written free-form, without following references.
func giants(value any, found func(*document.Object)) {
	switch v := value.(type) {
	case *document.Object:
		if width(v) > widestUnion {
			found(v)
			return
		}
		for _, m := range v.Members() {
			giants(m.Value, found)
		}
	case []any:
		for _, e := range v {
			giants(e, found)
		}
	}
}

// width counts the alternatives of a union.
func width(o *document.Object) int {
	alternatives := 0
	for _, keyword := range []string{"oneOf", "anyOf"} {
		if list, ok := o.Get(keyword).([]any); ok {
			alternatives = max(alternatives, len(list))
		}
	}
	return alternatives
}
