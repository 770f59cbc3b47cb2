package elastic

import (
	"encoding/json"
	"strings"
)

// Document is what the index of assets knows of an entity.
type Document struct {
	TypeName string
	// SuperTypeNames is all types that TypeName inherits from; nil is what the model says.
	SuperTypeNames []string
	GUID           string
	// Status is ACTIVE or DELETED.
	Status               string
	CreatedBy, UpdatedBy string
	// CreateTime and UpdateTime are milliseconds since 1970.
	CreateTime, UpdateTime int64
	// Tags and PropagatedTags are the hashed ids of classifications, those attached to the entity and those that came
	// to it from others.
	Tags, PropagatedTags []string
	// TagNames is the human names of both; they make __classificationsText.
	TagNames []string
	// Meanings is the qualifiedNames of the terms that the entity is linked to, MeaningNames their names.
	Meanings, MeaningNames []string
	Labels                 []string
	// Attributes is the attributes by their names. Values are what encoding/json makes of JSON, or json.RawMessage.
	// Null is no value.
	Attributes map[string]any
	// CustomMetadata is the values by "<id of the set>.<id of the attribute>".
	CustomMetadata map[string]any
	// Relationships is the qualifiedNames of the entities at the other end, by attribute. Those that the type
	// definitions index are searchable: anchor as __glossary, categories as __categories, parentCategory as
	// __parentCategory. The others are not in the index.
	Relationships map[string][]string
	// CustomAttributes is text for __customAttributes.
	CustomAttributes string
}

// Assets is the index of assets: an [Index] over what [Document] says of entities.
type Assets struct {
	*Index
	model *Model
}

// NewAssets returns an empty index of assets.
func NewAssets(model *Model, options ...Option) *Assets {
	return &Assets{New(model.Mapping(), options...), model}
}

// Put adds an entity, or replaces the one with that guid.
func (a *Assets) Put(guid string, d Document) {
	d.GUID = guid
	a.Index.Put(guid, d.fields(a.model))
}

// fields is the document by the sources of the mapping.
func (d *Document) fields(m *Model) map[string]any {
	out := make(map[string]any, len(d.Attributes)+len(d.CustomMetadata)+16)
	for name, v := range d.Attributes {
		if _, indexed := m.attributes[name]; indexed {
			continue // a relationship: what is searched comes from Relationships
		}
		if v = flatten(v); v != nil {
			out[name] = v
		}
	}
	for name, v := range d.CustomMetadata {
		if v = flatten(v); v != nil {
			out[name] = v
		}
	}
	for name, qualifiedNames := range d.Relationships {
		if field, ok := m.attributes[name]; ok && len(qualifiedNames) > 0 {
			out[field] = qualifiedNames
		}
	}
	text := func(name, v string) {
		if v != "" {
			out[name] = v
		}
	}
	texts := func(name string, v []string) {
		if len(v) > 0 {
			out[name] = v
		}
	}
	text("__guid", d.GUID)
	text("__typeName", d.TypeName)
	text("__state", d.Status)
	text("__createdBy", d.CreatedBy)
	text("__modifiedBy", d.UpdatedBy)
	text("__customAttributes", d.CustomAttributes)
	supers := d.SuperTypeNames
	if supers == nil {
		supers = m.SuperTypes(d.TypeName)
	}
	texts("__superTypeNames", supers)
	texts("__traitNames", d.Tags)
	texts("__propagatedTraitNames", d.PropagatedTags)
	text("__classificationsText", strings.Join(d.TagNames, " "))
	texts("__meanings", d.Meanings)
	text("__meaningsText", strings.Join(d.MeaningNames, ","))
	text("__meaningNames", strings.Join(d.MeaningNames, ","))
	texts("__labels", d.Labels)
	if d.CreateTime != 0 {
		out["__timestamp"] = d.CreateTime
	}
	if d.UpdateTime != 0 {
		out["__modificationTimestamp"] = d.UpdateTime
	}
	return out
}

// flatten turns objects into their JSON: structs and maps are keywords in the index.
func flatten(v any) any {
	switch v := v.(type) {
	case json.RawMessage:
		decoded, err := decode(v)
		if err != nil {
			return nil
		}
		return flatten(decoded)
	case map[string]any:
		encoded, err := json.Marshal(v)
		if err != nil {
			return nil
		}
		return string(encoded)
	case []any:
		out := make([]any, 0, len(v))
		for _, inner := range v {
			if inner = flatten(inner); inner != nil {
				out = append(out, inner)
			}
		}
		return out
	default:
		return v
	}
}
