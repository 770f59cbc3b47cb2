package normal

import (
	"context"
	"fmt"
	"strings"

	"github.com/sluice-sdk/sluice/tools/vendorspec/document"
)

// IsTypedefs says whether a document is the asset model of Atlan: types, enums and structs, and where they are from.
func IsTypedefs(v any) bool {
	o, ok := v.(*document.Object)
	if !ok || o.Has("openapi") {
		return false
	}
	for _, name := range []string{"source", "primitives", "enums", "structs", "types"} {
		if !o.Has(name) {
			return false
		}
	}
	return true
}

// Typedefs brings the asset model of Atlan into the normal form: prose dropped, in the order of the committed document.
// The error is a *RefusedError when a type refers to one that does not exist, or the document is not as long as it says.
func Typedefs(ctx context.Context, v any, committed any, version string) (Result, error) {
	n := &normaliser{ctx: ctx, old: committed, entry: &file{entry: true, root: v}, noted: map[string]*Note{}, kept: map[string]bool{}}
	w := &typedefs{normaliser: n, known: map[string]bool{}, counted: map[string]int{}}
	root, _ := v.(*document.Object)
	for _, name := range []string{"enums", "structs", "types"} {
		if o, ok := root.Get(name).(*document.Object); ok {
			for _, m := range o.Members() {
				w.known[m.Name] = true
			}
			w.counted[name] = o.Len()
		}
	}
	if primitives, ok := root.Get("primitives").([]any); ok {
		for _, p := range primitives {
			text, _ := p.(string)
			w.known[text] = true
		}
	}
	if connectors, ok := root.Get("connectors").(*document.Object); ok {
		w.counted["connectors"] = connectors.Len()
	}

	top := &place{file: n.entry}
	var source *document.Object
	out := n.members(v, top, committed, "the asset model", func(name string, v any, at *place, old any) (any, verdict) {
		switch name {
		case "source":
			source = n.members(v, at, old, "source", func(name string, v any, at *place, _ any) (any, verdict) {
				if name == "version" && version != "" {
					v = version
				}
				return n.text(v, at)
			})
			return source, keep
		case "counts":
			return opaque(v, old), keep
		case "primitives":
			return w.names(v, at, old), keep
		case "enums":
			return n.named(v, at, old, "enums", func(v any, at *place, old any, _ string) any { return w.names(v, at, old) }), keep
		case "structs":
			return n.named(v, at, old, "structs", w.structure), keep
		case "connectors":
			return w.texts(v, at, old), keep
		case "types":
			return n.named(v, at, old, "types", w.assetType), keep
		case "description":
			return nil, prose
		}
		return nil, unknown
	})
	w.count(out.Get("counts"), top.in("counts"))
	if n.err != nil {
		return Result{}, n.err
	}
	text, _ := source.Get("version").(string)
	if text == "" && len(n.problems) == 0 {
		n.problem(top.in("source"), "there is no version")
	}
	if len(n.problems) > 0 {
		return Result{}, &RefusedError{Problems: n.problems, More: len(n.problems) >= MaxProblems}
	}
	return Result{Document: out, Version: text}, nil
}

type typedefs struct {
	*normaliser

	known   map[string]bool // names of types
	counted map[string]int
}

// names writes a list of names whose order means nothing.
func (w *typedefs) names(v any, at *place, old any) any {
	list := w.list(v, at)
	for i, name := range list {
		w.text(name, at.in(fmt.Sprint(i)))
	}
	return arrangeSet(list, old, document.Identity)
}

func (w *typedefs) texts(v any, at *place, old any) any {
	return w.named(v, at, old, "it", func(v any, at *place, _ any, _ string) any {
		w.text(v, at)
		return v
	})
}

// attributes writes names and the types of their values.
func (w *typedefs) attributes(v any, at *place, old any) any {
	return w.named(v, at, old, "attributes", func(v any, at *place, _ any, _ string) any {
		text, _ := v.(string)
		if !w.isType(text) {
			w.problem(at, "%s is not a type of the document", document.Identity(v))
		}
		return v
	})
}

// isType reads a name, array<T> or map<K,V>.
func (w *typedefs) isType(text string) bool {
	inner, isArray := strings.CutPrefix(text, "array<")
	pair, isMap := strings.CutPrefix(text, "map<")
	switch {
	case len(text) > 256:
		return false
	case isArray:
		inner, shut := strings.CutSuffix(inner, ">")
		return shut && w.isType(inner)
	case isMap:
		pair, shut := strings.CutSuffix(pair, ">")
		key, value, found := strings.Cut(pair, ",")
		return shut && found && w.isType(strings.TrimSpace(key)) && w.isType(strings.TrimSpace(value))
	}
	return w.known[text]
}

func (w *typedefs) structure(v any, at *place, old any, _ string) any {
	return w.members(v, at, old, "a struct", func(name string, v any, at *place, old any) (any, verdict) {
		switch name {
		case "attributes":
			return w.attributes(v, at, old), keep
		case "description", "displayName":
			return nil, prose
		}
		return nil, unknown
	})
}

func (w *typedefs) assetType(v any, at *place, old any, _ string) any {
	return w.members(v, at, old, "a type", func(name string, v any, at *place, old any) (any, verdict) {
		switch name {
		case "attributes", "relationshipAttributes":
			o, _ := v.(*document.Object)
			w.counted["own"+strings.ToUpper(name[:1])+name[1:]] += o.Len()
			return w.attributes(v, at, old), keep
		case "superTypes", "subTypes", "inferredSuperTypes":
			list := w.list(v, at)
			for i, name := range list {
				text, _ := name.(string)
				if !w.known[text] {
					w.problem(at.in(fmt.Sprint(i)), "%s is not a type of the document", document.Identity(name))
				}
			}
			return arrangeSet(list, old, document.Identity), keep
		case "index", "headerIndex":
			return opaque(v, old), keep
		case "origin":
			return w.text(v, at)
		case "description", "displayName":
			return nil, prose
		}
		return nil, unknown
	})
}

// count holds the document against what it says about its length, so that a part that got lost is noticed.
func (w *typedefs) count(v any, at *place) {
	o, _ := v.(*document.Object)
	for _, m := range o.Members() {
		if stated := document.Identity(m.Value); stated != fmt.Sprint(w.counted[m.Name]) {
			w.problem(at.in(m.Name), "the document says %s, and has %d", stated, w.counted[m.Name])
		}
	}
}
