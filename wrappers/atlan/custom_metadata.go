package atlan

import (
	"bytes"
	"context"
	"encoding/json"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// CustomMetadata are the values of one set on an asset, by the human names of its attributes. The type of a value is that
// of its attribute, see [CustomMetadataType]: string, int64, float64, bool or time.Time, and a slice of it where there can
// be several. A value to write may also be of a type that converts without loss, such as int; nil takes the value away.
type CustomMetadata map[string]any

// Described is what custom metadata can be read of: an [*Entity] or an [*Asset].
type Described interface {
	// Member returns a member of the JSON object, see [Entity.Member].
	Member(name string) (json.RawMessage, bool)
	// AttributeValues yields the attributes.
	AttributeValues() iter.Seq2[string, json.RawMessage]
}

// Of returns the custom metadata of an asset that was read or found, by the human names of the sets. Archived attributes
// are left out, as are sets and attributes whose definition is gone; [Entity.Member] "businessAttributes" has everything.
// An asset that was found by a search has what the search was told to return, see [CustomMetadataSets.Fields]. A value that
// is not what its attribute says is an error of kind [apierr.KindDecode].
//
//sluice:operation GET /api/meta/types/typedefs
//sluice:operation GET /api/meta/types/{pathType}/name/{name}
func (s CustomMetadataSets) Of(ctx context.Context, asset Described) (map[string]CustomMetadata, error) {
	values := make(map[string]map[string]json.RawMessage) // by the ids of sets and attributes
	put := func(set, attribute string, value json.RawMessage) {
		if isNull(value) {
			return
		}
		if values[set] == nil {
			values[set] = make(map[string]json.RawMessage)
		}
		values[set][attribute] = value
	}
	for name, value := range asset.AttributeValues() { // as searches write it
		if set, attribute, ok := strings.Cut(name, "."); ok {
			put(set, attribute, value)
		}
	}
	sets, _ := asset.Member(memberBusiness)
	for set, attributes := range membersOf(sets) {
		for attribute, value := range membersOf(attributes) {
			put(set, attribute, value)
		}
	}
	named := make(map[string]CustomMetadata, len(values))
	for _, id := range slices.Sorted(maps.Keys(values)) {
		found, err := s.directory().lookup(ctx, cacheKey{byID, id})
		if err != nil {
			return nil, about("custom metadata set", id, err)
		}
		if len(found) == 0 {
			continue
		}
		d := found[0]
		for attribute, value := range values[id] {
			if d, err = s.knowing(ctx, d, attribute); err != nil {
				return nil, about("custom metadata set", d.Name, err)
			}
			a := d.attributeByID(attribute)
			if a == nil || a.Archived {
				continue
			}
			v, err := a.decode(value)
			if err != nil {
				return nil, about("custom metadata attribute", d.Name+"."+a.Name, err)
			}
			if named[d.Name] == nil {
				named[d.Name] = make(CustomMetadata)
			}
			named[d.Name][a.Name] = v
		}
	}
	return named, nil
}

// knowing loads a set again when it lacks an attribute that an asset has a value of: somebody may just have added it.
func (s CustomMetadataSets) knowing(ctx context.Context, d *CustomMetadataDefinition, attributeID string) (*CustomMetadataDefinition, error) {
	if d.attributeByID(attributeID) != nil {
		return d, nil
	}
	return s.directory().refresh(ctx, d)
}

// encode writes values by human names as the API wants them: the definition of the set, and the values by ids. Names that
// nothing has and values that do not fit are refused, before anything is sent.
func (s CustomMetadataSets) encode(ctx context.Context, set string, values CustomMetadata) (*CustomMetadataDefinition, map[string]json.RawMessage, error) {
	names := slices.Sorted(maps.Keys(values))
	d, err := s.withAttributes(ctx, set, names...)
	if err != nil {
		return nil, nil, err
	}
	encoded := make(map[string]json.RawMessage, len(values))
	for _, name := range names {
		a := d.attribute(name)
		text, err := a.encodeValue(values[name])
		if err == nil && a.Type == CustomMetadataOptions {
			err = s.checkOptions(ctx, a, text)
		}
		if err != nil {
			return nil, nil, about("custom metadata attribute", set+"."+name, err)
		}
		encoded[a.ID] = text
	}
	return d, encoded, nil
}

// checkOptions refuses values that the enumeration does not have.
func (s CustomMetadataSets) checkOptions(ctx context.Context, a *CustomMetadataAttribute, text json.RawMessage) error {
	if isNull(text) || a.Enum == "" {
		return nil
	}
	chosen := []string{textOf(text, true)}
	if text[0] == '[' {
		chosen = nil
		if err := json.Unmarshal(text, &chosen); err != nil {
			return err
		}
	}
	directory := s.client.Enums().directory()
	d, err := directory.one(ctx, cacheKey{byName, a.Enum})
	if err != nil {
		return err
	}
	missing := func() int {
		return slices.IndexFunc(chosen, func(text string) bool {
			return !slices.ContainsFunc(d.Values, func(v EnumValue) bool { return v.Value == text })
		})
	}
	if missing() >= 0 {
		if d, err = directory.refresh(ctx, d); err != nil {
			return err
		}
	}
	if i := missing(); i >= 0 {
		return apierr.Invalid(service, a.Name, "%q is none of the options of the enum %q: %s", chosen[i], d.Name, strings.Join(d.texts(), ", "))
	}
	return nil
}

// SetCustomMetadata writes values of a set, by human names, into the asset: those that are nil are taken away, and those
// that are not there are left alone when the asset is saved with [CustomMetadataMerge]. With [CustomMetadataReplace] they are
// all that the set has, and other sets stay as they were read. It does no I/O: [Client.SaveWith] sends it, and is what
// reports a name that nothing has, as an error of category [ErrNotFound], and a value that does not fit, of
// [ErrInvalidRequest], before anything is sent. A new asset gets its custom metadata whatever the mode.
func (e *Entity) SetCustomMetadata(set string, values CustomMetadata) {
	values = maps.Clone(values)
	whenSaved(e, func(ctx context.Context, c *Client, options SaveOptions, e *Entity) error {
		d, encoded, err := c.CustomMetadata().encode(ctx, set, values)
		if err != nil {
			return err
		}
		if emptied, ok := memberOf(e.top.set[memberBusiness], d.ID); ok && string(emptied) == emptySet && len(encoded) > 0 {
			// The set was taken away before. A merge empties {} only: beside values its others have to be said.
			for i := range d.Attributes {
				if a := &d.Attributes[i]; encoded[a.ID] == nil {
					encoded[a.ID] = json.RawMessage("null")
				}
			}
		}
		return putCustomMetadata(e, options, d.ID, encoded, false)
	})
}

// emptySet is a set of which a merge takes all values away.
const emptySet = "{}"

// RemoveCustomMetadata takes all values of a set away from the asset. See [Entity.SetCustomMetadata].
//
//go:noinline
func (e *Entity) RemoveCustomMetadata(set string) {
	whenSaved(e, func(ctx context.Context, c *Client, options SaveOptions, e *Entity) error {
		id, err := c.CustomMetadata().ID(ctx, set)
		if err != nil {
			return err
		}
		return putCustomMetadata(e, options, id, nil, true)
	})
}

// putCustomMetadata writes the values of one set.
func putCustomMetadata(e *Entity, options SaveOptions, id string, values map[string]json.RawMessage, remove bool) error {
	sets := make(map[string]json.RawMessage)
	replace := options.CustomMetadata == CustomMetadataReplace
	from, ok := e.top.set[memberBusiness]
	if !ok && replace && e.known {
		// The others are sent as they are, because the server removes what is not sent.
		if from, ok = e.top.get(memberBusiness); !ok && !e.complete {
			err := apierr.Invalid(service, memberBusiness, "the asset was read without its custom metadata: replacing would remove all of it")
			err.Hint = "Read the asset with Get, or merge."
			return err
		}
	}
	maps.Insert(sets, membersOf(from))
	switch {
	case remove && replace:
		delete(sets, id)
	case remove:
		sets[id] = json.RawMessage(emptySet) // a merge empties the set
	case len(values) == 0 && !replace:
		// {} would empty the set.
	default:
		if replace {
			values = maps.Clone(values)
			maps.DeleteFunc(values, func(_ string, v json.RawMessage) bool { return isNull(v) })
		} else if _, ok := e.top.set[memberBusiness]; ok {
			both := maps.Collect(membersOf(sets[id]))
			maps.Copy(both, values)
			values = both
		}
		sets[id] = appendObject(nil, sorted(values))
	}
	if len(sets) == 0 && !replace {
		return nil
	}
	e.top.put(memberBusiness, appendObject(nil, sorted(sets)))
	return nil
}

// CustomMetadata reads the asset and returns its custom metadata by the human names of the sets. See [CustomMetadataSets.Of].
//
//sluice:operation GET /api/meta/entity/uniqueAttribute/type/{typeName}
//sluice:operation GET /api/meta/entity/guid/{guid}
//sluice:operation GET /api/meta/types/typedefs
func (h *Handle[T]) CustomMetadata(ctx context.Context) (map[string]CustomMetadata, error) {
	return h.handle.customMetadata(ctx)
}

func (h *handle) customMetadata(ctx context.Context) (map[string]CustomMetadata, error) {
	e, err := h.read(ctx, minimalRead)
	if err != nil {
		return nil, err
	}
	return h.client.CustomMetadata().Of(ctx, e)
}

// MergeCustomMetadata writes values of a set and leaves its others; nil takes a value away. Names that nothing has are
// errors of category [ErrNotFound], values that do not fit of [ErrInvalidRequest], both before anything is sent.
//
//sluice:operation GET /api/meta/types/typedefs
//sluice:operation GET /api/meta/entity/uniqueAttribute/type/{typeName}
//sluice:operation POST /api/meta/entity/guid/{guid}/businessmetadata/{bmName}
func (h *Handle[T]) MergeCustomMetadata(ctx context.Context, set string, values CustomMetadata) error {
	return h.handle.mergeCustomMetadata(ctx, set, values)
}

func (h *handle) mergeCustomMetadata(ctx context.Context, set string, values CustomMetadata) error {
	d, encoded, err := h.client.CustomMetadata().encode(ctx, set, values)
	if err != nil || len(encoded) == 0 {
		return err
	}
	return h.writeCustomMetadata(ctx, d.ID, encoded)
}

// ReplaceCustomMetadata makes these values all that a set has on the asset; other sets stay. Archived attributes are left
// alone. Errors are those of [Handle.MergeCustomMetadata].
//
//sluice:operation GET /api/meta/types/typedefs
//sluice:operation GET /api/meta/entity/uniqueAttribute/type/{typeName}
//sluice:operation POST /api/meta/entity/guid/{guid}/businessmetadata/{bmName}
func (h *Handle[T]) ReplaceCustomMetadata(ctx context.Context, set string, values CustomMetadata) error {
	return h.handle.replaceCustomMetadata(ctx, set, values)
}

func (h *handle) replaceCustomMetadata(ctx context.Context, set string, values CustomMetadata) error {
	sets := h.client.CustomMetadata()
	if _, err := sets.directory().one(ctx, cacheKey{byName, set}); err != nil {
		return err
	}
	// The attributes are those that the server has now: one that the cache does not know of has to go, too.
	fresh, err := sets.read(ctx, set)
	if err != nil {
		return err
	}
	sets.directory().put(fresh)
	d, encoded, err := sets.encode(ctx, set, values)
	if err != nil {
		return err
	}
	for i := range d.Attributes {
		if a := &d.Attributes[i]; !a.Archived && encoded[a.ID] == nil {
			encoded[a.ID] = json.RawMessage("null")
		}
	}
	if len(encoded) == 0 {
		return nil
	}
	return h.writeCustomMetadata(ctx, d.ID, encoded)
}

// RemoveCustomMetadata takes all values of a set away from the asset. Archived attributes are left alone.
//
//sluice:operation GET /api/meta/types/typedefs
//sluice:operation GET /api/meta/entity/uniqueAttribute/type/{typeName}
//sluice:operation POST /api/meta/entity/guid/{guid}/businessmetadata/{bmName}
func (h *Handle[T]) RemoveCustomMetadata(ctx context.Context, set string) error {
	return h.handle.replaceCustomMetadata(ctx, set, nil)
}

// writeCustomMetadata sends values of a set; null takes one away (atlas-metastore, addOrUpdateBusinessAttributes). The call
// leaves the same state however often it is sent.
func (h *handle) writeCustomMetadata(ctx context.Context, id string, values map[string]json.RawMessage) error {
	guid, err := h.id(ctx)
	if err != nil {
		return err
	}
	defer h.entity.Forget()
	body := bytes.NewReader(appendObject(nil, sorted(values)))
	return about(h.typeName, h.label(), transport.Discard(h.client.raw.SetBusinessAttributesByNameWithBody(ctx, guid, id, jsonBody, body)))
}

// CustomMetadata reads an asset and returns its custom metadata. See [CustomMetadataSets.Of].
//
//sluice:operation GET /api/meta/entity/uniqueAttribute/type/{typeName}
//sluice:operation GET /api/meta/types/typedefs
func (s Collection[T]) CustomMetadata(ctx context.Context, qualifiedName string) (map[string]CustomMetadata, error) {
	return s.Handle(qualifiedName).CustomMetadata(ctx)
}

// MergeCustomMetadata writes values of a set on an asset and leaves its others. See [Handle.MergeCustomMetadata].
//
//sluice:operation GET /api/meta/types/typedefs
//sluice:operation GET /api/meta/entity/uniqueAttribute/type/{typeName}
//sluice:operation POST /api/meta/entity/guid/{guid}/businessmetadata/{bmName}
func (s Collection[T]) MergeCustomMetadata(ctx context.Context, qualifiedName, set string, values CustomMetadata) error {
	return s.Handle(qualifiedName).MergeCustomMetadata(ctx, set, values)
}

// ReplaceCustomMetadata makes these values all that a set has on an asset. See [Handle.ReplaceCustomMetadata].
//
//sluice:operation GET /api/meta/types/typedefs
//sluice:operation GET /api/meta/entity/uniqueAttribute/type/{typeName}
//sluice:operation POST /api/meta/entity/guid/{guid}/businessmetadata/{bmName}
func (s Collection[T]) ReplaceCustomMetadata(ctx context.Context, qualifiedName, set string, values CustomMetadata) error {
	return s.Handle(qualifiedName).ReplaceCustomMetadata(ctx, set, values)
}

// RemoveCustomMetadata takes all values of a set away from an asset. See [Handle.RemoveCustomMetadata].
//
//sluice:operation GET /api/meta/types/typedefs
//sluice:operation GET /api/meta/entity/uniqueAttribute/type/{typeName}
//sluice:operation POST /api/meta/entity/guid/{guid}/businessmetadata/{bmName}
func (s Collection[T]) RemoveCustomMetadata(ctx context.Context, qualifiedName, set string) error {
	return s.Handle(qualifiedName).RemoveCustomMetadata(ctx, set)
}
