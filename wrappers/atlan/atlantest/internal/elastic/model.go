package elastic

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Model is what the index needs to know of Atlan's type definitions. It is immutable.
type Model struct {
	mapping    Mapping
	supers     map[string][]string
	attributes map[string]string // attribute to the search field of its relationship, such as anchor to __glossary
}

type typedefs struct {
	Types map[string]struct {
		SuperTypes             []string                   `json:"superTypes"`
		InferredSuperTypes     []string                   `json:"inferredSuperTypes"`
		Attributes             map[string]string          `json:"attributes"`
		RelationshipAttributes map[string]string          `json:"relationshipAttributes"`
		Index                  map[string]json.RawMessage `json:"index"`
	} `json:"types"`
}

// NewModel reads type definitions as specs/atlan/typedefs.json has them. Programs keep one, see [SharedModel].
func NewModel(document []byte) (*Model, error) {
	var defs typedefs
	if err := json.Unmarshal(document, &defs); err != nil {
		return nil, fmt.Errorf("elastic: type definitions: %w", err)
	}
	m := &Model{supers: map[string][]string{}, attributes: map[string]string{}}
	fields := map[string]Field{
		"__typeName": {"__typeName", AtlanText}, "__typeName.keyword": {"__typeName", LowerKeyword},
		"__superTypeNames": {"__superTypeNames", AtlanText}, "__superTypeNames.keyword": {"__superTypeNames", LowerKeyword},
		"__guid": {"__guid", Keyword}, "__state": {"__state", Keyword},
		"__createdBy": {"__createdBy", Keyword}, "__modifiedBy": {"__modifiedBy", Keyword},
		"__timestamp": {"__timestamp", Long}, "__timestamp.date": {"__timestamp", Date},
		"__modificationTimestamp": {"__modificationTimestamp", Long}, "__modificationTimestamp.date": {"__modificationTimestamp", Date},
		"__traitNames": {"__traitNames", Keyword}, "__propagatedTraitNames": {"__propagatedTraitNames", Keyword},
		"__classificationsText": {"__classificationsText", AtlanText},
		"__meanings":            {"__meanings", Keyword}, "__meaningsText": {"__meaningsText", AtlanText}, "__meaningNames": {"__meaningNames", CommaText},
		"__customAttributes": {"__customAttributes", AtlanText}, "__labels": {"__labels", AtlanText},
	}
	m.mapping = Mapping{Fields: fields, Dynamic: DynamicAtlan}
	// In the order of names, so that the answer to conflicting facts is always the same: keyword wins over text.
	names := make([]string, 0, len(defs.Types))
	for name := range defs.Types {
		names = append(names, name)
	}
	slices.Sort(names)
	set := func(name, source string, typ Type) {
		if old, ok := fields[name]; ok && old.Type <= typ {
			return
		}
		fields[name] = Field{source, typ}
	}
	for _, name := range names {
		def := defs.Types[name]
		for attribute, raw := range def.Index {
			typ, isAttribute := def.Attributes[attribute]
			if !isAttribute {
				typ = def.RelationshipAttributes[attribute]
			}
			var facts map[string]string
			var single string
			if json.Unmarshal(raw, &single) == nil {
				facts = map[string]string{single: attribute}
			} else if err := json.Unmarshal(raw, &facts); err != nil {
				return nil, fmt.Errorf("elastic: index of %s.%s: %w", name, attribute, err)
			}
			source := attribute
			if to := facts["keyword"]; !isAttribute && to != "" {
				source = to
				m.attributes[attribute] = to
			}
			for kind, field := range facts {
				switch kind {
				case "keyword":
					if strings.HasSuffix(field, ".keyword") {
						set(field, source, LowerKeyword)
					} else {
						set(field, source, Keyword)
					}
				case "text":
					set(field, source, AtlanText)
				case "stemmed":
					set(field, source, StemmedText)
				case "numeric":
					switch typ {
					case "double", "array<double>":
						set(field, source, Double)
					default:
						set(field, source, Long)
					}
				case "rank":
					set(field, source, Double)
				case "boolean":
					set(field, source, Boolean)
				case "internal":
				default:
					return nil, fmt.Errorf("elastic: index of %s.%s: unknown kind %q", name, attribute, kind)
				}
			}
		}
		m.supers[name] = slices.Clone(def.SuperTypes)
		for _, extra := range def.InferredSuperTypes {
			if !slices.Contains(m.supers[name], extra) {
				m.supers[name] = append(m.supers[name], extra)
			}
		}
	}
	return m, nil
}

// SharedModel returns a function that reads the type definitions at its first call and keeps them.
func SharedModel(document []byte) func() (*Model, error) {
	return sync.OnceValues(func() (*Model, error) { return NewModel(document) })
}

// Mapping returns the mapping of the index of assets: the search fields of all types. Dates are long, as in Atlan;
// __timestamp and __modificationTimestamp have .date fields besides.
func (m *Model) Mapping() Mapping { return m.mapping }

// SuperTypes returns all types that a type inherits from, nearest first; nil for a type that is not defined.
func (m *Model) SuperTypes(typeName string) []string {
	var all []string
	for queue := m.supers[typeName]; len(queue) > 0; queue = queue[1:] {
		if !slices.Contains(all, queue[0]) {
			all = append(all, queue[0])
			queue = append(slices.Clone(queue), m.supers[queue[0]]...)
		}
	}
	return all
}

// Known says whether the type definitions have a type.
func (m *Model) Known(typeName string) bool {
	_, ok := m.supers[typeName]
	return ok
}
