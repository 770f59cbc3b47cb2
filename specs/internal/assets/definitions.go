package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// definitions is specs/atlan/typedefs.json.
type definitions struct {
	Source struct {
		Package string `json:"package"`
		Version string `json:"version"`
		Commit  string `json:"commit"`
	} `json:"source"`
	Counts struct {
		Types                     int `json:"types"`
		OwnAttributes             int `json:"ownAttributes"`
		OwnRelationshipAttributes int `json:"ownRelationshipAttributes"`
		Enums                     int `json:"enums"`
		Structs                   int `json:"structs"`
		Connectors                int `json:"connectors"`
	} `json:"counts"`
	Primitives []string            `json:"primitives"`
	Enums      map[string][]string `json:"enums"`
	Structs    map[string]struct {
		Attributes map[string]string `json:"attributes"`
	} `json:"structs"`
	Connectors map[string]string          `json:"connectors"`
	Types      map[string]*typeDefinition `json:"types"`
}

// typeDefinition is an asset type with the members it adds to its parent's.
type typeDefinition struct {
	SuperTypes             []string                  `json:"superTypes"`
	SubTypes               []string                  `json:"subTypes"`
	InferredSuperTypes     []string                  `json:"inferredSuperTypes"`
	Attributes             map[string]string         `json:"attributes"`
	RelationshipAttributes map[string]string         `json:"relationshipAttributes"`
	Index                  map[string]indexed        `json:"index"`
	HeaderIndex            map[string]headerProperty `json:"headerIndex"`
	Origin                 string                    `json:"origin"`
}

// headerProperty is what the index has of an entity beside its attributes.
type headerProperty struct {
	Property string  `json:"property"`
	Index    indexed `json:"index"`
}

// indexed is how the index has an attribute: either the kind of the one field with the attribute's name, or the fields by
// kind.
type indexed struct {
	kind   string
	fields map[string]string
}

func (x *indexed) UnmarshalJSON(data []byte) error {
	if bytes.HasPrefix(data, []byte(`"`)) {
		return json.Unmarshal(data, &x.kind)
	}
	if err := json.Unmarshal(data, &x.fields); err != nil {
		return err
	}
	delete(x.fields, "internal") // the attribute of the graph, which no search reads
	return nil
}

// parse reads the definitions and checks that they are whole.
func parse(text []byte) (*definitions, error) {
	var d definitions
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&d); err != nil {
		return nil, err
	}
	attributes, relationships := 0, 0
	for _, name := range slices.Sorted(maps.Keys(d.Types)) {
		t := d.Types[name]
		attributes += len(t.Attributes)
		relationships += len(t.RelationshipAttributes)
		if len(t.SuperTypes) > 1 {
			return nil, fmt.Errorf("%s has the super types %s: one is embedded, others are inferredSuperTypes",
				name, strings.Join(t.SuperTypes, ", "))
		}
		for _, parent := range slices.Concat(t.SuperTypes, t.InferredSuperTypes) {
			if d.Types[parent] == nil {
				return nil, fmt.Errorf("%s has the super type %s, which is not defined", name, parent)
			}
		}
		if _, err := d.chain(name); err != nil {
			return nil, err
		}
	}
	for _, count := range []struct {
		what      string
		want, got int
	}{
		{"types", d.Counts.Types, len(d.Types)},
		{"attributes", d.Counts.OwnAttributes, attributes},
		{"relationships", d.Counts.OwnRelationshipAttributes, relationships},
		{"enums", d.Counts.Enums, len(d.Enums)},
		{"structs", d.Counts.Structs, len(d.Structs)},
		{"connectors", d.Counts.Connectors, len(d.Connectors)},
	} {
		if count.want != count.got {
			return nil, fmt.Errorf("there are %d %s, and counts says %d", count.got, count.what, count.want)
		}
	}
	return &d, nil
}

// chain returns a type and its ancestors, nearest first.
func (d *definitions) chain(name string) ([]string, error) {
	var names []string
	for {
		if slices.Contains(names, name) {
			return nil, errors.New("a type is its own ancestor: " + strings.Join(append(names, name), " of "))
		}
		names = append(names, name)
		parents := d.Types[name].SuperTypes
		if len(parents) == 0 {
			return names, nil
		}
		name = parents[0]
	}
}

// ancestors is chain for definitions that parse has accepted.
func (d *definitions) ancestors(name string) []string {
	names, err := d.chain(name)
	if err != nil {
		panic(err) // parse has been through all of them
	}
	return names
}
