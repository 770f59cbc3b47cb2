package wire

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oasdiff/oasdiff/checker"
	"github.com/oasdiff/oasdiff/diff"
	"github.com/oasdiff/oasdiff/load"
)

// judge asks oasdiff whether a fact breaks the contract. oasdiff judges operations, so the fact is put into a document of
// one operation that carries the old unit, and one that carries the old unit with nothing but this fact changed. Units
// that the unit refers to are cut off: they have facts of their own.
func (c *comparison) judge(f *Fact) error {
	if len(f.edits) == 0 || f.Unit.Kind == "document" || f.Unit.Kind == "securitySchemes" {
		if f.Unit.Kind == "document" || f.Unit.Kind == "securitySchemes" {
			f.Level = MayBreak // where and as whom to call; oasdiff has no opinion on most of it
		}
		return nil
	}
	var before any
	if f.Unit.Kind == "operation" {
		if o := c.old.operations[f.Unit.Name]; o != nil {
			before = o.node
		}
	} else {
		before = c.old.components[f.Unit.Ref()]
	}
	for _, e := range f.edits {
		before = c.inPlace(before, e.at)
	}
	after := apply(before, f.edits)
	was, err := c.alone(f.Unit, before)
	if err != nil {
		return fmt.Errorf("the document before: %w", err)
	}
	is, err := c.alone(f.Unit, after)
	if err != nil {
		return fmt.Errorf("the document after: %w", err)
	}
	report, sources, err := diff.GetWithOperationsSourcesMap(diff.NewConfig(), was, is)
	if err != nil {
		return fmt.Errorf("oasdiff: %w", err)
	}
	config := checker.NewConfig(checker.GetAllChecks())
	rules := map[string]bool{}
	for _, change := range checker.CheckBackwardCompatibilityUntilLevel(config, report, sources, checker.INFO) {
		if change.GetSection() != "paths" {
			continue // the components are there for the references of the one operation
		}
		rules[change.GetId()] = true
		switch change.GetLevel() {
		case checker.ERR:
			f.Level = max(f.Level, Breaking)
		case checker.WARN:
			f.Level = max(f.Level, MayBreak)
		case checker.INFO, checker.NONE, checker.INVALID:
		}
	}
	f.Rules = slices.Sorted(maps.Keys(rules))
	// To oasdiff an optional field of an answer may go, and a type may become a narrower one: the new contract allows fewer
	// answers. Who reads the field finds it empty from then on, without an error, and typed code does not decode the type.
	noticed := f.Kind == FieldRemoved || f.Kind == FieldRenamed || f.Kind == TypeChanged
	if noticed && len(f.Operations) > 0 {
		f.Level = max(f.Level, MayBreak)
	}
	return nil
}

// inPlace writes the components that a path leads through in the place of the references to them.
func (c *comparison) inPlace(node any, at []any) any {
	if len(at) == 0 {
		return node
	}
	if reference(node) != "" {
		node = c.old.resolve(node)
	}
	switch key := at[0].(type) {
	case string:
		if o, ok := node.(object); ok && o[key] != nil {
			o = maps.Clone(o)
			o[key] = c.inPlace(o[key], at[1:])
			return o
		}
	case int:
		if list, ok := node.([]any); ok && key < len(list) {
			list = slices.Clone(list)
			list[key] = c.inPlace(list[key], at[1:])
			return list
		}
	}
	return node
}

// alone makes a document of one operation around a unit, nil where there is none.
func (c *comparison) alone(u Unit, node any) (*load.SpecInfo, error) {
	const version = "1"
	paths, components := object{}, object{}
	if node != nil {
		node = clone(node)
		route, method, operation := "/unit", "post", object{"responses": object{"default": object{"description": ""}}}
		requests, responses := c.directions(u)
		// As a field: oasdiff has fewer rules for what a body is as a whole.
		body := func(schema any) object {
			whole := object{"type": "object", "required": []any{"unit"}, "properties": object{"unit": schema}}
			return object{"application/json": object{"schema": whole}}
		}
		switch u.Kind {
		case "operation":
			method, route, _ = strings.Cut(u.Name, " ")
			method = strings.ToLower(method)
			operation, _ = node.(object)
		case "schemas":
			if len(requests) > 0 {
				operation["requestBody"] = object{"required": true, "content": body(node)}
			}
			if len(responses) > 0 {
				operation["responses"] = object{"200": object{"description": "", "content": body(clone(node))}}
			}
		case "responses":
			operation["responses"] = object{"200": node}
		case "parameters":
			operation["parameters"] = []any{node}
		case "requestBodies":
			operation["requestBody"] = node
		case "headers":
			operation["responses"] = object{"200": object{"description": "", "headers": object{u.Name: node}}}
		}
		for ref := range references(operation) {
			c.stub(components, ref)
		}
		paths[route] = object{method: operation}
	}
	document := object{
		"openapi": c.old.root["openapi"], "info": object{"title": "unit", "version": version},
		"paths": paths, "components": components,
	}
	encoded, err := json.Marshal(document)
	if err != nil {
		return nil, err
	}
	spec, err := openapi3.NewLoader().LoadFromData(encoded)
	if err != nil {
		return nil, err
	}
	return &load.SpecInfo{Spec: spec, Url: "unit", Version: version}, nil
}

// references returns what a node refers to directly.
func references(node any) map[string]bool {
	found := map[string]bool{}
	var visit func(node any)
	visit = func(node any) {
		switch node := node.(type) {
		case []any:
			for _, element := range node {
				visit(element)
			}
		case object:
			if ref, ok := node["$ref"].(string); ok {
				found[ref] = true
			}
			for _, value := range node {
				visit(value)
			}
		}
	}
	visit(node)
	return found
}

// stub puts a component into the components of a document, with whatever it refers to itself left open.
func (c *comparison) stub(components object, ref string) {
	kind, name, ok := strings.Cut(strings.TrimPrefix(ref, "#/components/"), "/")
	if !ok {
		return
	}
	node, ok := c.old.components[ref]
	if !ok {
		if node, ok = c.new.components[ref]; !ok {
			node = object{} // a reference into nothing: the generator says so
		}
	}
	group, _ := components[kind].(object)
	if group == nil {
		group = object{}
		components[kind] = group
	}
	group[name] = open(clone(node))
}

// open replaces every reference inside of a node by a schema that allows anything.
func open(node any) any {
	switch node := node.(type) {
	case []any:
		for i, element := range node {
			node[i] = open(element)
		}
	case object:
		if reference(node) != "" {
			return object{}
		}
		for key, value := range node {
			node[key] = open(value)
		}
		delete(node, "discriminator") // its mapping refers, too
	}
	return node
}
