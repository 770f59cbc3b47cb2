package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"slices"
	"strings"
)

// model is the definitions with their Go names.
type model struct {
	*definitions
	about    map[string]string
	declared map[string]bool // identifiers of the package that is written, the copied ones included
	members  map[string][]member
	children map[string][]string // asset types by parent, sorted
}

// member is an attribute or a relationship of an asset type, or an attribute of a struct.
type member struct {
	name     string // on the wire
	field    string // in Go
	goType   string // of the value
	relation bool
	comment  string
}

func newModel(d *definitions, about map[string]string) (*model, error) {
	m := &model{
		definitions: d, about: about, declared: map[string]bool{}, members: map[string][]member{}, children: map[string][]string{},
	}
	for name, t := range d.Types {
		for _, parent := range t.SuperTypes {
			m.children[parent] = append(m.children[parent], name)
		}
	}
	for _, names := range m.children {
		slices.Sort(names)
	}
	for name := range about {
		if d.Types[name] == nil {
			return nil, fmt.Errorf("about: there is no type %s", name)
		}
	}
	var err error
	if m.declared, err = declarations("atlanassets"); err != nil {
		return nil, err
	}
	for _, names := range [][]string{
		slices.Sorted(maps.Keys(d.Types)), slices.Sorted(maps.Keys(d.Enums)), slices.Sorted(maps.Keys(d.Structs)),
	} {
		for _, name := range names {
			if name == semantic {
				continue // copied, with the values that the definitions have, which a test compares
			}
			if !token.IsExported(name) || !token.IsIdentifier(name) {
				return nil, fmt.Errorf("%q is no name for a Go type", name)
			}
			if err := m.declare(name); err != nil {
				return nil, err
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(d.Types)) {
		if err := m.declare("Type" + name); err != nil {
			return nil, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(d.Types)) {
		if m.members[name], err = m.membersOf(name); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(d.Types)) {
		if err := m.unambiguous(name); err != nil {
			return nil, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(d.Structs)) {
		used := map[string]bool{"Unknown": true, "MarshalJSON": true, "UnmarshalJSON": true}
		for _, attribute := range slices.Sorted(maps.Keys(d.Structs[name].Attributes)) {
			own, err := m.attribute(attribute, d.Structs[name].Attributes[attribute])
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			if used[own.field] {
				return nil, fmt.Errorf("%s has two fields %s", name, own.field)
			}
			used[own.field] = true
			m.members[name] = append(m.members[name], own)
		}
	}
	return m, nil
}

// semantic is the enumeration that the copied part needs and declares.
const semantic = "SaveSemantic"

func (m *model) declare(name string) error {
	if m.declared[name] {
		return fmt.Errorf("two things would be named %s", name)
	}
	m.declared[name] = true
	return nil
}

// declarations are the identifiers of a copied package.
func declarations(folder string) (map[string]bool, error) {
	declared := map[string]bool{}
	names, err := fs.Glob(copied, folder+"/*.go")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := fs.ReadFile(copied, name)
		if err != nil {
			return nil, err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		for _, declaration := range file.Decls {
			switch d := declaration.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil {
					declared[d.Name.Name] = true
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					switch s := spec.(type) {
					case *ast.TypeSpec:
						declared[s.Name.Name] = true
					case *ast.ValueSpec:
						for _, name := range s.Names {
							declared[name.Name] = true
						}
					}
				}
			}
		}
	}
	if len(declared) == 0 {
		return nil, errors.New("nothing is copied from " + folder)
	}
	return declared, nil
}

// membersOf returns what the struct of a type adds to its parent's: the type's own members, and of further parents those
// that nothing else brings.
func (m *model) membersOf(name string) ([]member, error) {
	t := m.Types[name]
	var members []member
	add := func(from string, attributes, relationships map[string]string) error {
		for _, attribute := range slices.Sorted(maps.Keys(attributes)) {
			own, err := m.attribute(attribute, attributes[attribute])
			if err != nil {
				return err
			}
			if from != name {
				own.comment = "as in " + from
			}
			members = append(members, own)
		}
		for _, relationship := range slices.Sorted(maps.Keys(relationships)) {
			own, err := m.relationship(relationship, relationships[relationship])
			if err != nil {
				return err
			}
			if from != name {
				own.comment += ", as in " + from
			}
			members = append(members, own)
		}
		return nil
	}
	if err := add(name, t.Attributes, t.RelationshipAttributes); err != nil {
		return nil, err
	}

	present := map[string]bool{}
	for _, ancestor := range m.ancestors(name) {
		for attribute := range m.Types[ancestor].Attributes {
			present[attribute] = true
		}
		for relationship := range m.Types[ancestor].RelationshipAttributes {
			present[relationship] = true
		}
	}
	for _, parent := range t.InferredSuperTypes {
		for _, ancestor := range m.ancestors(parent) {
			if slices.Contains(m.ancestors(name), ancestor) {
				break
			}
			missing := func(all map[string]string) map[string]string {
				some := map[string]string{}
				for member, of := range all {
					if !present[member] {
						some[member] = of
						present[member] = true
					}
				}
				return some
			}
			a := m.Types[ancestor]
			if err := add(ancestor, missing(a.Attributes), missing(a.RelationshipAttributes)); err != nil {
				return nil, err
			}
		}
	}

	// A field hides an embedded struct of the same name and is hidden by one: those get another name.
	reserved := map[string]bool{"TypeName": true}
	for _, ancestor := range m.ancestors(name) {
		reserved[ancestor] = true
	}
	m.descendants(name, func(descendant string) {
		reserved[descendant] = reserved[descendant] || len(m.children[descendant]) > 0
	})
	for i := range members {
		if reserved[members[i].field] {
			members[i].field += members[i].kind()
		}
	}
	return members, nil
}

func (m member) kind() string {
	if m.relation {
		return "Relationship"
	}
	return "Attribute"
}

func (m *model) descendants(name string, visit func(name string)) {
	for _, child := range m.children[name] {
		visit(child)
		m.descendants(child, visit)
	}
}

// unambiguous checks that every member of a type, its parents' included, is there under one name of Go and one of JSON.
// Each struct embeds one other, so that a name can only be ambiguous when it is there twice.
func (m *model) unambiguous(name string) error {
	wire, fields := map[string]string{}, map[string]string{}
	for _, ancestor := range m.ancestors(name) {
		for _, own := range m.members[ancestor] {
			if other, ok := wire[own.name]; ok {
				return fmt.Errorf("%s has the attribute %s from %s and from %s", name, own.name, other, ancestor)
			}
			if other, ok := fields[own.field]; ok {
				return fmt.Errorf("%s has the field %s for %s and for %s", name, own.field, other, own.name)
			}
			wire[own.name], fields[own.field] = ancestor, own.name
		}
	}
	return nil
}

func (m *model) attribute(name, of string) (member, error) {
	goType, err := m.goType(of)
	if err != nil {
		return member{}, fmt.Errorf("%s: %w", name, err)
	}
	return member{name: name, field: goName(name), goType: goType}, nil
}

func (m *model) relationship(name, of string) (member, error) {
	own := member{name: name, field: goName(name), goType: "Ref", relation: true, comment: "to " + of}
	if inner, ok := strings.CutPrefix(of, "array<"); ok {
		of = strings.TrimSuffix(inner, ">")
		own.goType, own.comment = "[]Ref", "to any number of "+of
	}
	if m.Types[of] == nil {
		return member{}, fmt.Errorf("%s: there is no type %s", name, of)
	}
	return own, nil
}

// goType returns the Go type of an attribute's value.
func (m *model) goType(of string) (string, error) {
	if inner, ok := strings.CutPrefix(of, "array<"); ok && strings.HasSuffix(inner, ">") {
		element, err := m.goType(strings.TrimSuffix(inner, ">"))
		return "[]" + element, err
	}
	if inner, ok := strings.CutPrefix(of, "map<"); ok && strings.HasSuffix(inner, ">") {
		key, value, _ := strings.Cut(strings.TrimSuffix(inner, ">"), ",")
		if key != "string" {
			return "", fmt.Errorf("a map by %s", key)
		}
		element, err := m.goType(value)
		return "map[string]" + element, err
	}
	switch of {
	case "string":
		return "string", nil
	case "boolean":
		return "bool", nil
	case "long":
		return "int64", nil
	case "double":
		return "float64", nil
	case "date":
		return "Timestamp", nil
	case "any":
		return "json.RawMessage", nil
	}
	_, enum := m.Enums[of]
	_, structure := m.Structs[of]
	if enum || structure {
		return of, nil
	}
	return "", fmt.Errorf("there is no type %q", of)
}
