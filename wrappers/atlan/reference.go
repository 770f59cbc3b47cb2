package atlan

import (
	"encoding/json"
	"slices"

	"github.com/sluice-sdk/sluice/gen/atlanassets"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// SetRelationship makes these assets all that the relationship holds; without one it is emptied. A single reference is
// sent as an object by [Entity.SetRelationshipTo]. A reference without a guid and without a type and qualifiedName is an
// error of kind [apierr.KindInvalid]. It does no I/O.
func (e *Entity) SetRelationship(name string, refs ...atlanassets.Ref) error {
	list, err := encodeRefs(name, refs)
	if err != nil {
		return err
	}
	e.relations.put(name, listText(list))
	return nil
}

// SetRelationshipTo makes the relationship lead to one asset, for relationships that hold one. Errors are those of
// [Entity.SetRelationship].
//
//go:noinline
func (e *Entity) SetRelationshipTo(name string, ref atlanassets.Ref) error {
	list, err := encodeRefs(name, []atlanassets.Ref{ref})
	if err != nil {
		return err
	}
	e.relations.put(name, list[0])
	return nil
}

// AppendRelationship adds assets to a relationship and leaves those that are in it. Errors are those of
// [Entity.SetRelationship].
func (e *Entity) AppendRelationship(name string, refs ...atlanassets.Ref) error {
	list, err := encodeRefs(name, refs)
	if err != nil {
		return err
	}
	appendRefs(e, name, list...)
	return nil
}

// RemoveRelationship takes assets out of a relationship and leaves the others. Errors are those of
// [Entity.SetRelationship].
func (e *Entity) RemoveRelationship(name string, refs ...atlanassets.Ref) error {
	list, err := encodeRefs(name, refs)
	if err != nil {
		return err
	}
	removeRefs(e, name, list...)
	return nil
}

func appendRefs(e *Entity, name string, refs ...json.RawMessage) {
	e.appended = added(e.appended, name, refs)
}

func removeRefs(e *Entity, name string, refs ...json.RawMessage) {
	e.removed = added(e.removed, name, refs)
}

func added(to map[string][]json.RawMessage, name string, refs []json.RawMessage) map[string][]json.RawMessage {
	if len(refs) == 0 {
		return to
	}
	if to == nil {
		to = make(map[string][]json.RawMessage)
	}
	to[name] = append(slices.Clip(to[name]), refs...)
	return to
}

func encodeRefs(name string, refs []atlanassets.Ref) ([]json.RawMessage, error) {
	list := make([]json.RawMessage, 0, len(refs))
	for _, ref := range refs {
		text, err := encodeJSON(ref)
		if err != nil {
			return nil, apierr.Invalid(service, name, "%s", err)
		}
		list = append(list, text)
	}
	return list, nil
}

// Ref returns a reference to the asset, to put into a relationship of another. An asset that is not saved yet gets a
// placeholder for a guid: the reference serves in the same [Client.Save] as the asset, and in no other. It does no I/O.
func (e *Entity) Ref() atlanassets.Ref { return refOf(e, e.TypeName, e.QualifiedName()) }

func refOf(e *Entity, typeName, qualifiedName string) atlanassets.Ref {
	if e.GUID == "" && (qualifiedName == "" || serverMinted(typeName) && !e.known) {
		e.GUID = newPlaceholder()
	}
	return atlanassets.Ref{TypeName: typeName, GUID: e.GUID, QualifiedName: qualifiedName}
}

// Ref returns a reference to the asset, see [Entity.Ref].
func (a *Asset[T]) Ref() atlanassets.Ref { return a.view().Ref() }

func (v view) Ref() atlanassets.Ref {
	if typed, ok := v.attributes.(atlanassets.Type); ok && v.TypeName == "" {
		v.TypeName = typed.TypeName()
	}
	return refOf(v.Entity, v.TypeName, v.QualifiedName())
}
