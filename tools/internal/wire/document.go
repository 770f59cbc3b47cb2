// Package wire compares two OpenAPI documents by what goes over the wire. Each difference is one [Fact], told of the place
// where the document says it: a change of a schema that forty operations use is one fact about that schema. Whether a
// fact breaks the contract is oasdiff's verdict, asked for each fact alone. Prose and the order of keys are not facts.
package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// object is a JSON object. Numbers stay as the document writes them.
type object = map[string]any

// Document is an OpenAPI document in JSON.
type Document struct {
	root       object
	operations map[string]*operation // by "METHOD /route"
	components map[string]any        // by reference: "#/components/schemas/Job"
	carriers   map[string]*carriers  // by reference
}

// operation is one operation with the parameters of its path item among its own.
type operation struct {
	method, route string
	node          object
}

// carriers are the operations that a component reaches the wire with.
type carriers struct {
	requests, responses map[string]bool
}

// Methods of a path item, as the document writes them.
var methods = []string{"get", "put", "post", "delete", "options", "head", "patch", "trace"}

// Parse reads a document: JSON, and all references inside of it.
func Parse(text []byte) (*Document, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	d := &Document{operations: map[string]*operation{}, components: map[string]any{}, carriers: map[string]*carriers{}}
	if err := decoder.Decode(&d.root); err != nil {
		return nil, fmt.Errorf("not a JSON object: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the JSON object")
	}
	if _, ok := d.root["openapi"].(string); !ok {
		return nil, errors.New("not an OpenAPI 3 document: it has no openapi version")
	}
	components, _ := d.root["components"].(object)
	for kind, group := range components {
		named, _ := group.(object)
		for name, node := range named {
			d.components["#/components/"+kind+"/"+name] = node
		}
	}
	for route, item := range d.paths() {
		shared, _ := item["parameters"].([]any)
		for _, method := range methods {
			node, ok := item[method].(object)
			if !ok {
				continue
			}
			node = maps.Clone(node)
			own, _ := node["parameters"].([]any)
			if parameters := d.merge(shared, own); len(parameters) > 0 {
				node["parameters"] = parameters
			}
			o := &operation{strings.ToUpper(method), route, node}
			d.operations[o.String()] = o
		}
	}
	for _, name := range slices.Sorted(maps.Keys(d.operations)) {
		d.carry(name, d.operations[name].node)
	}
	return d, nil
}

func (o *operation) String() string { return o.method + " " + o.route }

func (d *Document) paths() map[string]object {
	paths, _ := d.root["paths"].(object)
	items := map[string]object{}
	for route, item := range paths {
		if item, ok := item.(object); ok {
			items[route] = item
		}
	}
	return items
}

// Operations returns the operations of the document as "METHOD /route", sorted.
func (d *Document) Operations() []string { return slices.Sorted(maps.Keys(d.operations)) }

// OperationIDs returns the operationId of every operation that has one, by "METHOD /route".
func (d *Document) OperationIDs() map[string]string {
	ids := map[string]string{}
	for name, o := range d.operations {
		if id, ok := o.node["operationId"].(string); ok {
			ids[name] = id
		}
	}
	return ids
}

// Components returns the names of the components of a kind, such as "schemas", sorted.
func (d *Document) Components(kind string) []string {
	var names []string
	for ref := range d.components {
		if name, ok := strings.CutPrefix(ref, "#/components/"+kind+"/"); ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// merge returns the parameters of a path item and of an operation, which overrides those of the same name and place.
func (d *Document) merge(shared, own []any) []any {
	var merged []any
	for _, parameter := range shared {
		key := d.parameterKey(parameter)
		if !slices.ContainsFunc(own, func(p any) bool { return d.parameterKey(p) == key }) {
			merged = append(merged, parameter)
		}
	}
	return append(merged, own...)
}

// parameterKey is the place and the name of a parameter: "query limit".
func (d *Document) parameterKey(parameter any) string {
	node, _ := d.resolve(parameter).(object)
	in, _ := node["in"].(string)
	name, _ := node["name"].(string)
	return in + " " + name
}

// resolve follows references, but not in circles.
func (d *Document) resolve(node any) any {
	for range 32 {
		ref := reference(node)
		if ref == "" {
			return node
		}
		node = d.components[ref]
	}
	return nil
}

func reference(node any) string {
	o, _ := node.(object)
	ref, _ := o["$ref"].(string)
	return ref
}

// carry notes which components an operation reaches.
func (d *Document) carry(name string, node object) {
	for key, part := range node {
		response := key == "responses"
		for ref := range d.closure(part) {
			c := d.carriers[ref]
			if c == nil {
				c = &carriers{map[string]bool{}, map[string]bool{}}
				d.carriers[ref] = c
			}
			if response {
				c.responses[name] = true
			} else {
				c.requests[name] = true
			}
		}
	}
}

// closure returns every component that can be reached from a node.
func (d *Document) closure(node any) map[string]bool {
	seen := map[string]bool{}
	var visit func(node any)
	visit = func(node any) {
		switch node := node.(type) {
		case []any:
			for _, element := range node {
				visit(element)
			}
		case object:
			if ref, ok := node["$ref"].(string); ok && !seen[ref] {
				seen[ref] = true
				visit(d.components[ref])
			}
			for _, value := range node {
				visit(value)
			}
		}
	}
	visit(node)
	return seen
}

// Reaches returns, as references, the components that a component leads to: that one of its fields leads to, when it is a
// schema that has the field, else all.
func (d *Document) Reaches(u Unit, field string) map[string]bool {
	node := d.components[u.Ref()]
	schema, _ := node.(object)
	fields, _ := schema["properties"].(object)
	if one, ok := fields[field]; ok {
		node = one
	}
	return d.closure(node)
}

// clone copies a JSON value deeply.
func clone(node any) any {
	switch node := node.(type) {
	case []any:
		copied := make([]any, len(node))
		for i, element := range node {
			copied[i] = clone(element)
		}
		return copied
	case object:
		copied := make(object, len(node))
		for key, value := range node {
			copied[key] = clone(value)
		}
		return copied
	}
	return node
}

// text is a JSON value in one line, with sorted keys.
func text(node any) string {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(node); err != nil {
		return fmt.Sprint(node) // cannot happen: it came out of a decoder
	}
	return strings.TrimSuffix(b.String(), "\n")
}
