package normal

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/sluice-sdk/sluice/tools/vendorspec/document"
)

// verify refuses a document that is made of known parts and still makes no sense as a whole.
func (n *normaliser) verify(out *document.Object) {
	v := verifier{n: n, out: out, ids: map[string]string{}, schemes: map[string]bool{}}
	schemes, _ := member(member(out, "components"), "securitySchemes").(*document.Object)
	for _, m := range schemes.Members() {
		v.schemes[m.Name] = true
	}
	v.security(out.Get("security"), "/security")
	paths, _ := out.Get("paths").(*document.Object)
	shapes := map[string]string{}
	for _, m := range paths.Members() {
		if item, ok := m.Value.(*document.Object); ok && strings.HasPrefix(m.Name, "/") {
			v.path(m.Name, item)
			shape := placeholderShape(m.Name)
			if other, taken := shapes[shape]; taken {
				v.problem("/paths/"+document.Escape(m.Name), "is the same path as "+other)
			}
			shapes[shape] = m.Name
		}
	}
	v.cycles()
}

type verifier struct {
	n       *normaliser
	out     *document.Object
	ids     map[string]string
	schemes map[string]bool
}

func (v *verifier) problem(pointer, text string) {
	if len(v.n.problems) < MaxProblems {
		v.n.problems = append(v.n.problems, Problem{"normalised #" + pointer, text})
	}
}

func (v *verifier) security(value any, pointer string) {
	list, _ := value.([]any)
	for i, alternative := range list {
		o, _ := alternative.(*document.Object)
		for _, m := range o.Members() {
			if !v.schemes[m.Name] {
				v.problem(pointer+"/"+strconv.Itoa(i), "the security scheme "+m.Name+" is not defined")
			}
		}
	}
}

// placeholders are the names in braces of a path.
func placeholders(path string) (names []string, ok bool) {
	for path != "" {
		open := strings.IndexAny(path, "{}")
		if open < 0 {
			return names, true
		}
		shut := strings.IndexAny(path[open+1:], "{}/")
		if path[open] == '}' || shut <= 0 || path[open+1+shut] != '}' {
			return nil, false
		}
		names = append(names, path[open+1:open+1+shut])
		path = path[open+shut+2:]
	}
	return names, true
}

// placeholderShape is the path with its names forgotten.
func placeholderShape(path string) string {
	names, _ := placeholders(path)
	for _, name := range names {
		path = strings.Replace(path, "{"+name+"}", "{}", 1)
	}
	return path
}

func (v *verifier) path(path string, item *document.Object) {
	pointer := "/paths/" + document.Escape(path)
	names, ok := placeholders(path)
	if !ok {
		v.problem(pointer, "the braces of the path do not match")
		return
	}
	for _, m := range item.Members() {
		operation, ok := m.Value.(*document.Object)
		if !ok || !slices.Contains(methods, m.Name) {
			continue
		}
		at := pointer + "/" + m.Name
		id, _ := operation.Get("operationId").(string)
		if other, taken := v.ids[id]; taken {
			v.problem(at, "the operationId "+id+" is also that of "+other)
		}
		v.ids[id] = "#" + at
		v.security(operation.Get("security"), at+"/security")

		declared := map[string]bool{}
		for _, list := range []any{item.Get("parameters"), operation.Get("parameters")} {
			parameters, _ := list.([]any)
			here := map[string]bool{}
			for _, p := range parameters {
				p = v.follow(p)
				identity := parameterIdentity(p)
				if here[identity] {
					v.problem(at, "the parameter "+identity+" is there twice")
				}
				here[identity] = true
				if name, found := strings.CutPrefix(identity, "path "); found {
					declared[name] = true
				}
			}
		}
		for _, name := range names {
			if !declared[name] {
				v.problem(at, "the path has {"+name+"}, which no parameter declares")
			}
			delete(declared, name)
		}
		for _, name := range slices.Sorted(maps.Keys(declared)) {
			v.problem(at, "the parameter "+name+" is not in the path")
		}
	}
}

// follow resolves the references of a parameter.
func (v *verifier) follow(value any) any {
	for range 8 {
		reference, ok := member(value, "$ref").(string)
		if !ok {
			return value
		}
		value, _ = document.At(v.out, strings.TrimPrefix(reference, "#"))
	}
	return nil
}

// maxComposed bounds how many schemas one is made of when every reference of allOf, oneOf and anyOf is followed. It
// doubles with every level that refers to the next one twice.
const maxComposed = 10_000

// cycles refuses components that are made of themselves: a reference that leads back to itself, directly or through
// allOf, oneOf, anyOf or not. That a property or an element is of its own schema again is fine.
func (v *verifier) cycles() {
	components, _ := v.out.Get("components").(*document.Object)
	for _, section := range components.Members() {
		entries, ok := section.Value.(*document.Object)
		if !ok {
			continue
		}
		const open = -1
		parts := map[string]int{} // of how many schemas one is made, itself included
		prefix := "#/components/" + section.Name + "/"
		var count func(name string) (total int, cyclic bool)
		count = func(name string) (int, bool) {
			if n, met := parts[name]; met {
				return n, n == open
			}
			parts[name] = open
			total := 1
			for _, reference := range composed(entries.Get(name), nil) {
				next, found := strings.CutPrefix(reference, prefix)
				if !found {
					continue
				}
				n, cyclic := count(document.Unescape(next))
				if cyclic {
					parts[name] = 1
					return 1, true
				}
				total = min(total+n, maxComposed+1)
			}
			parts[name] = total
			return total, false
		}
		for _, m := range entries.Members() {
			pointer := "/components/" + section.Name + "/" + document.Escape(m.Name)
			switch total, cyclic := count(m.Name); {
			case cyclic:
				v.problem(pointer, "is made of itself: its references lead back to it")
			case total > maxComposed:
				v.problem(pointer, "is made of more schemas, and schemas that those are made of, than the limit of "+strconv.Itoa(maxComposed))
			}
		}
	}
}

// composed lists the references that a schema is made of.
func composed(value any, references []string) []string {
	o, ok := value.(*document.Object)
	if !ok {
		return references
	}
	if reference, ok := o.Get("$ref").(string); ok {
		return append(references, reference)
	}
	for _, keyword := range []string{"allOf", "oneOf", "anyOf"} {
		list, _ := o.Get(keyword).([]any)
		for _, e := range list {
			references = composed(e, references)
		}
	}
	return composed(o.Get("not"), references)
}
