package atlan

import (
	"encoding/json"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"strings"

	"github.com/sluice-sdk/sluice/gen/atlanassets"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// Asset is an asset with the attributes of its type. Attributes holds what this library knows of the type, attributes and
// relationships alike, each untouched, set or cleared; the [Entity] around it keeps everything else.
//
//	table, err := atlan.Get[atlanassets.Table](ctx, client, qualifiedName)
//	table.Attributes.Description.Set("One row an order")   // set
//	table.Attributes.UserDescription.Clear()               // taken away on the server
//	report, err := client.Save(ctx, table)                 // sends these two and nothing else
//
// What differs from what was read is sent. Reading from several goroutines is safe, changing is not.
type Asset[T atlanassets.Type] struct {
	Entity
	// Attributes are the attributes and relationships of the asset.
	Attributes T
}

// WrongTypeError says that the asset is there but of another type than was asked for. It belongs to the category
// [ErrLogic].
type WrongTypeError struct {
	// Want and Got are the names of the types.
	Want, Got string
	// GUID and QualifiedName say which asset it is.
	GUID, QualifiedName string
}

// Error says which types they are.
func (e *WrongTypeError) Error() string {
	return fmt.Sprintf("the asset is a %s, not a %s", orAsset(e.Got), e.Want)
}

// typeNameOf is the name of a type.
func typeNameOf[T atlanassets.Type]() string {
	var zero T
	return zero.TypeName()
}

// NewAsset returns a new asset of a type, without attributes: for types that have no function of their own to make one.
// It does no I/O.
func NewAsset[T atlanassets.Type]() *Asset[T] {
	return &Asset[T]{Entity: Entity{TypeName: typeNameOf[T]()}}
}

// UpdateOf returns an asset that stands for one that exists, for a change that need not read it first: what is set in it
// is sent with the type, the qualifiedName and the name, and nothing else. Terms and categories need their glossary in
// Attributes.Anchor, or the save is refused.
//
// Saved, it makes the asset if there is none of the qualifiedName and the server gets all that it wants for a new one. An
// empty argument is an error of kind [apierr.KindInvalid]. It does no I/O.
func UpdateOf[T atlanassets.Type](qualifiedName, name string) (*Asset[T], error) {
	if err := checkName(attributeQualifiedName, qualifiedName); err != nil {
		return nil, err
	}
	if err := checkName(attributeName, name); err != nil {
		return nil, err
	}
	a := &Asset[T]{}
	return a, a.view().decode(identityOf(typeNameOf[T](), qualifiedName, name))
}

// identityOf writes an asset that is nothing but its names.
func identityOf(typeName, qualifiedName, name string) json.RawMessage {
	attributes := appendObject(nil, sorted(map[string]json.RawMessage{
		attributeQualifiedName: appendString(nil, qualifiedName), attributeName: appendString(nil, name),
	}))
	return appendObject(nil, sorted(map[string]json.RawMessage{
		memberTypeName: appendString(nil, typeName), memberAttributes: attributes,
	}))
}

// Trim returns an update of the asset, see [UpdateOf], with what the server wants to see in one: guid, qualifiedName, name,
// and the glossary of terms and categories. Changes are not taken over. An asset without a qualifiedName or a name is an
// error of kind [apierr.KindInvalid]. It does no I/O.
func (a *Asset[T]) Trim() (*Asset[T], error) {
	return assetFrom[T](a.view().trimmed())
}

// AssetOf gives an entity its type. An entity of another type is a [WrongTypeError]: T may also be a type that the
// entity's superTypeNames list, or atlanassets.Asset for any. It does no I/O.
func AssetOf[T atlanassets.Type](e *Entity) (*Asset[T], error) {
	return assetFrom[T](e, mustBe(e, typeNameOf[T]()))
}

// assetFrom is [assetOf] of what a function returned.
func assetFrom[T atlanassets.Type](e *Entity, err error) (*Asset[T], error) {
	if err != nil {
		return nil, err
	}
	return assetOf[T](e), nil
}

// assetOf gives an entity its type, whatever it says of it.
func assetOf[T atlanassets.Type](e *Entity) *Asset[T] {
	a := &Asset[T]{Entity: *e}
	decodeAttributes(&a.Entity, &a.Attributes)
	return a
}

// mustBe reports that the entity is of another type than was asked for.
func mustBe(e *Entity, typeName string) error {
	if isOfType(e, typeName) {
		return nil
	}
	return &apierr.Error{Service: service, Kind: apierr.KindUnexpected, Err: &WrongTypeError{
		Want: typeName, Got: e.TypeName, GUID: e.GUID, QualifiedName: e.QualifiedName(),
	}}
}

// isOfType reports whether the entity is of a type, or of one below it as far as the entity says.
func isOfType(e *Entity, typeName string) bool {
	if e.TypeName == typeName || typeName == "Asset" || typeName == "Referenceable" {
		return true
	}
	value, ok := e.top.get("superTypeNames")
	var names []string
	return ok && json.Unmarshal(value, &names) == nil && slices.Contains(names, typeName)
}

// view is an asset of whatever type: its Attributes are a pointer to them, nil for an [Entity]. The methods of an asset are
// on it, because the compiler makes each method of [Asset] once for every type of asset. Those that [Asset] has of [Entity]
// it makes, too: the longer ones are go:noinline, or it would copy them.
type view struct {
	*Entity
	attributes any
}

func (a *Asset[T]) view() view { return view{&a.Entity, &a.Attributes} }

func (e *Entity) view() view { return view{Entity: e} }

// UnmarshalJSON reads an asset as the metastore writes it. An attribute whose value is not what this library expects is
// left untouched in Attributes; [Entity.Attribute] has it.
func (a *Asset[T]) UnmarshalJSON(text []byte) error { return a.view().unmarshal(text) }

func (v view) unmarshal(text []byte) error {
	if !json.Valid(text) {
		return json.Unmarshal(text, new(json.RawMessage))
	}
	return v.decode(slices.Clone(text))
}

func (v view) decode(text json.RawMessage) error {
	if err := decodeEntity(v.Entity, text); err != nil {
		return err
	}
	reflect.ValueOf(v.attributes).Elem().SetZero()
	decodeAttributes(v.Entity, v.attributes)
	return nil
}

// decodeAttributes reads the attributes and relationships of an entity into a *T.
func decodeAttributes(e *Entity, attributes any) {
	for _, from := range []*object{&e.relations, &e.attributes} {
		text := from.text()
		if text == nil || json.Unmarshal(text, attributes) == nil {
			continue
		}
		for name, value := range membersOf(text) {
			member := appendObject(nil, func(yield func(string, json.RawMessage) bool) { yield(name, value) })
			_ = json.Unmarshal(member, attributes) // what does not fit stays in the entity
		}
	}
}

// MarshalJSON writes the whole asset as it is now, see [Entity.MarshalJSON]. A reference that names nothing is an error.
func (a *Asset[T]) MarshalJSON() ([]byte, error) { return a.view().marshal() }

func (v view) marshal() ([]byte, error) {
	e, err := v.whole()
	if err != nil {
		return nil, err
	}
	return entityText(e), nil
}

// QualifiedName returns the qualifiedName, empty when the asset has none.
func (a *Asset[T]) QualifiedName() string { return a.view().QualifiedName() }

func (v view) QualifiedName() string { return v.text(attributeQualifiedName) }

// Name returns the name of the asset, empty when it has none.
func (a *Asset[T]) Name() string { return a.view().Name() }

func (v view) Name() string { return v.text(attributeName) }

// text is an attribute that is a string.
func (v view) text(name string) string {
	if value, ok := v.typed(name); ok {
		return textOf(value, true)
	}
	if name == attributeQualifiedName {
		return v.Entity.QualifiedName()
	}
	return textOf(v.Entity.Attribute(name))
}

// typed is what the attributes have under a name.
func (v view) typed(name string) (json.RawMessage, bool) {
	if v.attributes == nil {
		return nil, false
	}
	for f := range touchedOf(v.attributes) {
		if f.name == name {
			value, err := f.encode()
			return value, err == nil && value != nil
		}
	}
	return nil, false
}

// Attribute returns an attribute as it is written in JSON, and whether the asset has it: Attributes comes first.
func (a *Asset[T]) Attribute(name string) (json.RawMessage, bool) { return a.view().Attribute(name) }

func (v view) Attribute(name string) (json.RawMessage, bool) {
	if value, ok := v.typed(name); ok {
		return value, true
	}
	return v.Entity.Attribute(name)
}

// SetAttribute writes an attribute by its name: into Attributes when the type has it, see [Entity.SetAttribute] otherwise.
func (a *Asset[T]) SetAttribute(name string, value any) error {
	return a.view().SetAttribute(name, value)
}

func (v view) SetAttribute(name string, value any) error {
	text, err := encodeJSON(value)
	if err != nil {
		return apierr.Invalid(service, name, "the attribute does not encode: %s", err)
	}
	for f := range fieldsOf(v.attributes) {
		if f.name != name {
			continue
		}
		if err := json.Unmarshal(text, f.value.Addr().Interface()); err != nil {
			return apierr.Invalid(service, name, "the value is not one of this attribute: %s", err)
		}
		return nil
	}
	v.Entity.attributes.put(name, text)
	return nil
}

// ClearAttribute makes an attribute null, which takes its value away on the server.
func (a *Asset[T]) ClearAttribute(name string) { a.view().ClearAttribute(name) }

func (v view) ClearAttribute(name string) {
	_ = v.SetAttribute(name, nil) // null is a value of every attribute
}

// ForgetAttribute takes back what was written to an attribute since the asset was read: the server's value is left alone.
func (a *Asset[T]) ForgetAttribute(name string) { a.view().ForgetAttribute(name) }

func (v view) ForgetAttribute(name string) {
	v.Entity.ForgetAttribute(name)
	for f := range fieldsOf(v.attributes) {
		if f.name == name {
			f.value.SetZero()
			for was := range fieldsOf(v.asRead()) {
				if was.name == name {
					f.value.Set(was.value)
				}
			}
		}
	}
}

// asRead decodes the attributes as they were read, and returns a pointer to them.
func (v view) asRead() any {
	attributes := reflect.New(reflect.TypeOf(v.attributes).Elem()).Interface()
	decodeAttributes(&Entity{attributes: object{raw: v.Entity.attributes.raw}, relations: object{raw: v.relations.raw}}, attributes)
	return attributes
}

// whole is the entity with what the attributes have of changes. The asset itself stays as it is.
func (v view) whole() (*Entity, error) {
	e := cloned(v.Entity)
	if v.attributes == nil {
		return e, nil
	}
	if typed, ok := v.attributes.(atlanassets.Type); ok && e.TypeName == "" && !e.known {
		e.TypeName = typed.TypeName()
	}
	var read map[string]json.RawMessage
	if len(e.attributes.raw) > 0 || len(e.relations.raw) > 0 {
		read = make(map[string]json.RawMessage)
		for f := range touchedOf(v.asRead()) {
			if value, err := f.encode(); err == nil && value != nil {
				read[f.name] = value
			}
		}
	}
	for f := range touchedOf(v.attributes) {
		if f.relationship {
			if err := f.relate(e, read[f.name]); err != nil {
				return nil, apierr.Invalid(service, f.name, "the relationship does not encode: %s", err)
			}
			continue
		}
		value, err := f.encode()
		if err != nil {
			return nil, apierr.Invalid(service, f.name, "the attribute does not encode: %s", err)
		}
		if value != nil && !sameJSON(value, read[f.name]) {
			e.attributes.put(f.name, value)
		}
	}
	return e, nil
}

// trimmed is what an update of the asset begins with.
func (v view) trimmed() (*Entity, error) {
	e, err := v.whole()
	if err != nil {
		return nil, err
	}
	return trimmed(e)
}

// member is one attribute or relationship of a struct of attributes.
type member struct {
	name         string
	value        reflect.Value
	relationship bool
}

// fieldsOf yields the attributes and relationships of a *T, those of its parents too.
func fieldsOf(attributes any) iter.Seq[member] {
	v := reflect.ValueOf(attributes).Elem()
	return func(yield func(member) bool) { walkFields(v, false, yield) }
}

// touchedOf yields those of [fieldsOf] that are not untouched.
func touchedOf(attributes any) iter.Seq[member] {
	v := reflect.ValueOf(attributes).Elem()
	return func(yield func(member) bool) { walkFields(v, true, yield) }
}

func walkFields(v reflect.Value, touched bool, yield func(member) bool) bool {
	if v.Kind() != reflect.Struct {
		return true
	}
	t := v.Type()
	for i := range t.NumField() {
		if touched && v.Field(i).IsZero() {
			continue
		}
		f := t.Field(i)
		tag, tagged := f.Tag.Lookup("json")
		if f.Anonymous && !tagged {
			if !walkFields(v.Field(i), touched, yield) {
				return false
			}
			continue
		}
		name, _, _ := strings.Cut(tag, ",")
		if !f.IsExported() || name == "" || name == "-" {
			continue
		}
		one := f.Type == reflect.TypeFor[atlanassets.Attribute[atlanassets.Ref]]()
		many := f.Type == reflect.TypeFor[atlanassets.Attribute[[]atlanassets.Ref]]()
		if !yield(member{name: name, value: v.Field(i), relationship: one || many}) {
			return false
		}
	}
	return true
}

// encode returns the value in JSON, nil when it is untouched.
func (m *member) encode() (json.RawMessage, error) {
	if m.value.IsZero() {
		return nil, nil
	}
	if own, ok := reflect.TypeAssert[json.Marshaler](m.value); ok {
		return own.MarshalJSON()
	}
	return encodeJSON(m.value.Interface())
}

// relate writes a relationship into an entity, each reference where its semantic says. Read is the relationship as it was
// read.
func (m *member) relate(e *Entity, read json.RawMessage) error {
	var refs []atlanassets.Ref
	single, null := false, false
	switch a := m.value.Interface().(type) {
	case atlanassets.Attribute[atlanassets.Ref]:
		if a.IsZero() {
			return nil
		}
		null = a.IsNull()
		if ref, ok := a.Get(); ok {
			refs, single = []atlanassets.Ref{ref}, true
		}
	case atlanassets.Attribute[[]atlanassets.Ref]:
		if a.IsZero() {
			return nil
		}
		null = a.IsNull()
		refs, _ = a.Get()
	}
	var kept []json.RawMessage
	moved := false
	for _, ref := range refs {
		text, err := encodeJSON(ref)
		if err != nil {
			return err
		}
		switch ref.Semantic {
		case atlanassets.SaveSemanticAppend:
			appendRefs(e, m.name, text)
			moved = true
		case atlanassets.SaveSemanticRemove:
			removeRefs(e, m.name, text)
			moved = true
		case "", atlanassets.SaveSemanticReplace:
			kept = append(kept, text)
		default:
			return fmt.Errorf("the semantic %q is none", ref.Semantic)
		}
	}
	var now json.RawMessage
	switch {
	case null:
		now = json.RawMessage("null")
	case single && len(kept) == 1:
		now = kept[0]
	case len(kept) == 0 && moved:
		return nil // only members to add or to take away: the others stay
	default:
		now = listText(kept)
	}
	if !sameJSON(now, read) {
		e.relations.put(m.name, now)
	}
	return nil
}
