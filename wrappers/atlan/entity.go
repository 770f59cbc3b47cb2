package atlan

import (
	"encoding/json"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// Status is the state of an asset. New ones may come.
type Status string

// The states that are known.
const (
	// StatusActive: the asset is there.
	StatusActive Status = "ACTIVE"
	// StatusDeleted: the asset is archived; it can be restored.
	StatusDeleted Status = "DELETED"
	// StatusPurged: the asset is gone; only audit events still say so.
	StatusPurged Status = "PURGED"
)

// Members of an entity's JSON object that have a meaning here.
const (
	memberGUID          = "guid"
	memberTypeName      = "typeName"
	memberStatus        = "status"
	memberAttributes    = "attributes"
	memberRelationships = "relationshipAttributes"
	memberAppended      = "appendRelationshipAttributes"
	memberRemoved       = "removeRelationshipAttributes"
	memberBusiness      = "businessAttributes"
	memberTags          = "classifications"
	memberAddTags       = "addOrUpdateClassifications"
	memberRemoveTags    = "removeClassifications"
	memberCustom        = "customAttributes"
	memberLabels        = "labels"
	memberUnique        = "uniqueAttributes"

	attributeQualifiedName = "qualifiedName"
	attributeName          = "name"
)

// Entity is an asset of any type as the metastore has it. It keeps everything that the server said byte for byte, also
// types, attributes and members that this library does not know, and remembers what was changed since: [Client.Save]
// sends only that, so what nobody touched stays as it is on the server.
//
// An Entity that a program makes itself, with [NewEntity] or as &Entity{TypeName: …}, is new: everything in it is sent.
//
// Reading from several goroutines is safe, changing is not.
type Entity struct {
	// GUID is the id that the server gave the asset. It is empty, or starts with "-", until the asset was saved.
	GUID string
	// TypeName is the name of the asset's type, such as "Table".
	TypeName string
	// Status is the state of the asset.
	Status Status

	top        object // all members of the entity, those below included
	attributes object
	relations  object
	appended   map[string][]json.RawMessage
	removed    map[string][]json.RawMessage
	namings    []naming // changes by human names, which a save translates
	stood      string   // the placeholder that stood for the guid when a look-up found it
	known      bool     // the asset was read or saved, or is an update of one: only changes are sent
	complete   bool     // all of it was read: what it does not have is not there
}

// NewEntity returns a new asset of a type, without attributes. It does no I/O.
func NewEntity(typeName string) *Entity { return &Entity{TypeName: typeName} }

// UnmarshalJSON reads an entity as the metastore writes it and keeps a copy of the text. What it said before is
// forgotten, and what it says now counts as read from the server.
func (e *Entity) UnmarshalJSON(text []byte) error {
	if !json.Valid(text) {
		return json.Unmarshal(text, new(json.RawMessage))
	}
	return decodeEntity(e, slices.Clone(text))
}

// decodeEntity takes valid JSON, which it keeps.
func decodeEntity(e *Entity, text json.RawMessage) error {
	if i := skipSpace(text, 0); i >= len(text) || text[i] != '{' {
		return errNotObject
	}
	*e = Entity{top: object{raw: text}, known: true}
	for name, value := range membersOf(text) {
		switch name {
		case memberGUID:
			e.GUID = textOf(value, true)
		case memberTypeName:
			e.TypeName = textOf(value, true)
		case memberStatus:
			e.Status = Status(textOf(value, true))
		case memberAttributes:
			e.attributes.raw = objectOnly(value)
		case memberRelationships:
			e.relations.raw = objectOnly(value)
		}
	}
	return nil
}

func objectOnly(value json.RawMessage) json.RawMessage {
	if len(value) > 0 && value[0] == '{' {
		return value
	}
	return nil
}

// MarshalJSON writes the whole entity as it is now: exactly what was read, with what was changed since. (json.Marshal
// takes the space out of what MarshalJSON returns and escapes <, > and &.)
func (e *Entity) MarshalJSON() ([]byte, error) { return entityText(e), nil }

// entityText is the entity as it is written in JSON.
func entityText(e *Entity) json.RawMessage {
	top := object{raw: e.top.raw, set: e.top.changes()}
	write := func(name string, value json.RawMessage) {
		if top.set == nil {
			top.set = make(map[string]json.RawMessage)
		}
		top.set[name] = value
	}
	for name, now := range map[string]string{memberGUID: e.GUID, memberTypeName: e.TypeName, memberStatus: string(e.Status)} {
		if was, ok := memberOf(e.top.raw, name); textOf(was, ok) != now {
			write(name, appendString(nil, now))
		}
	}
	if len(e.attributes.set) > 0 {
		write(memberAttributes, e.attributes.text())
	}
	if len(e.relations.set) > 0 {
		write(memberRelationships, e.relations.text())
	}
	if len(e.appended) > 0 {
		write(memberAppended, lists(e.appended))
	}
	if len(e.removed) > 0 {
		write(memberRemoved, lists(e.removed))
	}
	if top.raw == nil && len(top.set) == 0 {
		return json.RawMessage("{}")
	}
	return slices.Clone(top.text())
}

// lists writes a map of lists.
func lists(members map[string][]json.RawMessage) json.RawMessage {
	flat := make(map[string]json.RawMessage, len(members))
	for name, list := range members {
		flat[name] = listText(list)
	}
	return appendObject(nil, sorted(flat))
}

func listText(list []json.RawMessage) json.RawMessage {
	text := json.RawMessage{'['}
	for i, value := range list {
		if i > 0 {
			text = append(text, ',')
		}
		text = append(text, value...)
	}
	return append(text, ']')
}

// QualifiedName returns the qualifiedName, empty when the entity has none.
func (e *Entity) QualifiedName() string {
	if name := textOf(e.attributes.get(attributeQualifiedName)); name != "" {
		return name
	}
	unique, _ := e.top.get(memberUnique)
	return textOf(memberOf(unique, attributeQualifiedName))
}

// Name returns the name of the asset, empty when the entity has none.
func (e *Entity) Name() string { return textOf(e.attributes.get(attributeName)) }

// DisplayText returns what the server shows for the asset, usually its name; empty when it did not say.
func (e *Entity) DisplayText() string { return textOf(e.top.get("displayText")) }

// CreatedAt returns when the asset was made, the zero time when the entity does not say.
func (e *Entity) CreatedAt() time.Time { return momentOf(e.top.get("createTime")) }

// UpdatedAt returns when the asset was last changed, the zero time when the entity does not say.
func (e *Entity) UpdatedAt() time.Time { return momentOf(e.top.get("updateTime")) }

// CreatedBy returns the user who made the asset, empty when the entity does not say.
func (e *Entity) CreatedBy() string { return textOf(e.top.get("createdBy")) }

// UpdatedBy returns the user who last changed the asset, empty when the entity does not say.
func (e *Entity) UpdatedBy() string { return textOf(e.top.get("updatedBy")) }

// Scrubbed reports whether the server hid the asset's values because the caller may not see them. Its GUID is then "-1".
//
//go:noinline
func (e *Entity) Scrubbed() bool {
	value, _ := e.top.get("scrubbed")
	return string(value) == "true" || e.known && e.GUID == "-1"
}

// Attribute returns an attribute as it is written in JSON, and whether the entity has it. An attribute that is null is
// there. The caller must not change the bytes.
func (e *Entity) Attribute(name string) (json.RawMessage, bool) { return e.attributes.get(name) }

// AttributeValues yields the attributes by name, as they are written in JSON.
//
//go:noinline
func (e *Entity) AttributeValues() iter.Seq2[string, json.RawMessage] { return e.attributes.members() }

// SetAttribute writes an attribute: any value that encoding/json encodes, or a json.RawMessage; nil clears it on the
// server, as [Entity.ClearAttribute] does. A value that does not encode is an error of kind [apierr.KindInvalid]. It does
// no I/O: [Client.Save] sends it.
func (e *Entity) SetAttribute(name string, value any) error {
	text, err := encodeJSON(value)
	if err != nil {
		return apierr.Invalid(service, name, "the attribute does not encode: %s", err)
	}
	e.attributes.put(name, text)
	return nil
}

// ClearAttribute makes an attribute null, which takes its value away on the server.
func (e *Entity) ClearAttribute(name string) { e.attributes.put(name, json.RawMessage("null")) }

// ForgetAttribute takes back what was written to an attribute since the entity was read: the server's value is left alone.
func (e *Entity) ForgetAttribute(name string) { e.attributes.forget(name) }

// Relationship returns a relationship as it is written in JSON, an object or a list of them, and whether the entity has
// it. Searches put relationships among the attributes: they are found there too.
func (e *Entity) Relationship(name string) (json.RawMessage, bool) {
	if value, ok := e.relations.get(name); ok {
		return value, true
	}
	return e.attributes.get(name)
}

// Member returns a member of the entity's own JSON object, such as "classifications" or one that this library does not
// know, and whether the entity has it. The caller must not change the bytes.
func (e *Entity) Member(name string) (json.RawMessage, bool) {
	switch name {
	case memberAttributes:
		text := e.attributes.text()
		return text, text != nil
	case memberRelationships:
		text := e.relations.text()
		return text, text != nil
	}
	return e.top.get(name)
}

// SetMember writes a member of the entity's own JSON object, such as "labels". The attributes, the relationships, the
// type, the guid and the status have their own fields and methods: they are errors of kind [apierr.KindInvalid] here, and
// so is a value that does not encode. It does no I/O: [Client.Save] sends the members that the server takes, which are
// status, classifications, addOrUpdateClassifications, removeClassifications, businessAttributes, customAttributes and
// labels.
func (e *Entity) SetMember(name string, value any) error {
	switch name {
	case memberAttributes, memberRelationships, memberAppended, memberRemoved, memberGUID, memberTypeName, memberStatus:
		return apierr.Invalid(service, name, "%s is not written by SetMember", name)
	}
	text, err := encodeJSON(value)
	if err != nil {
		return apierr.Invalid(service, name, "the member does not encode: %s", err)
	}
	e.top.put(name, text)
	return nil
}

// isNew reports whether the asset has no id of the server yet.
func isNew(e *Entity) bool { return e.GUID == "" || isPlaceholder(e.GUID) }

// isPlaceholder reports whether a guid stands for an asset that is not saved yet.
func isPlaceholder(guid string) bool { return strings.HasPrefix(guid, "-") }
