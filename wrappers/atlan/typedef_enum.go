package atlan

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// EnumDefinition is an enumeration as the tenant defines it.
type EnumDefinition struct {
	// GUID is the id of the definition; the server makes it.
	GUID string
	// Name is the name; it does not change.
	Name string
	// Description may be empty.
	Description string
	// Values are the values in their order.
	Values []EnumValue

	wire json.RawMessage
}

// EnumValue is a value of an enumeration.
type EnumValue struct {
	// Value is the text; Description may be empty.
	Value, Description string
	// Ordinal tells values apart; a new value that leaves it 0 gets the next one when another has 0.
	Ordinal int
}

// Wire returns the definition as the server wrote it, nil for a new one. It must not be changed.
func (d *EnumDefinition) Wire() json.RawMessage { return d.wire }

func enumDefinition(text json.RawMessage) *EnumDefinition {
	d := &EnumDefinition{
		GUID: textOf(memberOf(text, memberGUID)), Name: textOf(memberOf(text, attributeName)),
		Description: textOf(memberOf(text, memberDescription)), wire: text,
	}
	elements, _ := memberOf(text, memberElements)
	var list []json.RawMessage
	_ = json.Unmarshal(elements, &list) // none
	for _, e := range list {
		d.Values = append(d.Values, EnumValue{
			Value: textOf(memberOf(e, "value")), Description: textOf(memberOf(e, memberDescription)), Ordinal: ordinalOf(e),
		})
	}
	return d
}

// ordinalOf reads the ordinal of a value, 0 when it has none that can be read.
func ordinalOf(element json.RawMessage) int {
	text, _ := memberOf(element, "ordinal")
	n, err := strconv.Atoi(strings.Trim(string(text), `"`))
	if err != nil {
		return 0
	}
	return n
}

func (d *EnumDefinition) clone() *EnumDefinition {
	c := *d
	c.Values, c.wire = slices.Clone(d.Values), slices.Clone(d.wire)
	return &c
}

// encode writes the definition: what the server wrote, with these values.
func (d *EnumDefinition) encode() (json.RawMessage, error) {
	if err := checkName(attributeName, d.Name); err != nil {
		return nil, err
	}
	if len(d.Values) == 0 {
		return nil, apierr.Invalid(service, "Values", "an enum needs a value")
	}
	top := object{raw: d.wire}
	if d.wire == nil {
		top.put(memberCategory, appendString(nil, kindEnum))
		top.put(attributeName, appendString(nil, d.Name))
	}
	putText(&top, memberDescription, d.Description)
	kept := make(map[string]json.RawMessage)
	was, err := definedList(d.wire, memberElements)
	if err != nil {
		return nil, err
	}
	for _, e := range was {
		kept[textOf(memberOf(e, "value"))] = e
	}
	list := make([]json.RawMessage, 0, len(d.Values))
	seen, ordinals := make(map[string]bool), make(map[int]bool)
	next := 0
	// unmoved says that a value has the ordinal that the server gave it, whatever others have.
	unmoved := func(v EnumValue) bool {
		was, ok := kept[v.Value]
		ordinal := ordinalOf(was)
		return ok && ordinal == v.Ordinal
	}
	for _, v := range d.Values {
		next = max(next, v.Ordinal+1)
		if unmoved(v) {
			ordinals[v.Ordinal] = true
		}
	}
	for i, v := range d.Values {
		as := unmoved(v)
		if kept[v.Value] == nil && v.Ordinal == 0 && ordinals[0] {
			v.Ordinal, next = next, next+1
		}
		switch {
		case v.Value == "" || seen[v.Value]:
			return nil, apierr.Invalid(service, "Values", "value %d is empty, or was there before", i)
		case !as && ordinals[v.Ordinal]:
			return nil, apierr.Invalid(service, "Values", "value %d has the ordinal of another", i)
		}
		seen[v.Value], ordinals[v.Ordinal] = true, true
		element := object{raw: kept[v.Value]}
		putText(&element, "value", v.Value)
		putText(&element, memberDescription, v.Description)
		if !as {
			element.put("ordinal", json.RawMessage(strconv.Itoa(v.Ordinal)))
		}
		list = append(list, element.text())
	}
	top.put(memberElements, listText(list))
	return top.text(), nil
}

// texts are the values.
func (d *EnumDefinition) texts() []string {
	values := make([]string, len(d.Values))
	for i, v := range d.Values {
		values[i] = v.Value
	}
	return values
}

// append adds values that are not there.
func (d *EnumDefinition) append(values []string) {
	next := 0
	have := make(map[string]bool)
	for _, v := range d.Values {
		next = max(next, v.Ordinal+1)
		have[v.Value] = true
	}
	for _, value := range values {
		if !have[value] {
			have[value] = true
			d.Values = append(d.Values, EnumValue{Value: value, Ordinal: next})
			next++
		}
	}
}

// Get returns an enumeration by its name, as the cache has it. A name that none has is an error of category [ErrNotFound].
//
//sluice:operation GET /api/meta/types/{pathType}/name/{name}
func (s Enums) Get(ctx context.Context, name string) (*EnumDefinition, error) {
	d, err := s.directory().one(ctx, cacheKey{byName, name})
	if err != nil {
		return nil, err
	}
	return d.clone(), nil
}

// List returns all enumerations, as the cache has them; those that Atlan itself defines are among them.
//
//sluice:operation GET /api/meta/types/typedefs
func (s Enums) List(ctx context.Context) ([]*EnumDefinition, error) {
	return clones(s.directory().all(ctx))
}

// Create defines a new enumeration. A name that one has already is an error of category [ErrConflict]. See [Tags.Create]
// for lost answers and locks.
//
//sluice:operation POST /api/meta/types/typedefs
func (s Enums) Create(ctx context.Context, name, description string, values ...string) (*EnumDefinition, error) {
	d := &EnumDefinition{Name: name, Description: description}
	for i, value := range values {
		d.Values = append(d.Values, EnumValue{Value: value, Ordinal: i})
	}
	text, err := d.encode()
	if err == nil {
		text, err = s.client.createDefinition(ctx, kindEnum, text)
	}
	return s.settled(name, text, err)
}

// settled takes the answer of a write.
func (s Enums) settled(name string, text json.RawMessage, err error) (*EnumDefinition, error) {
	if err != nil {
		s.directory().unsettled(err, name)
		return nil, about("enum", name, err)
	}
	d := enumDefinition(text)
	s.directory().put(d)
	return d.clone(), nil
}

// Update reads an enumeration from the server, lets change do its work on it and sends it back; what this library does not
// know of it stays. When change touches nothing, nothing is sent. Two updates at once overwrite each other.
//
//sluice:operation GET /api/meta/types/{pathType}/name/{name}
//sluice:operation PUT /api/meta/types/typedefs
func (s Enums) Update(ctx context.Context, name string, change func(*EnumDefinition) error) (*EnumDefinition, error) {
	err := checkName(attributeName, name)
	if err == nil && change == nil {
		err = errNoChange()
	}
	var text json.RawMessage
	if err == nil {
		text, err = s.client.definition(ctx, kindEnum, name)
	}
	if err == nil && text == nil {
		s.directory().drop(cacheKey{byName, name})
		err = notFound("there is no enum with the name %q", name)
	}
	if err != nil {
		return nil, about("enum", name, err)
	}
	d := enumDefinition(text)
	if err := change(d); err != nil {
		return nil, err
	}
	d.wire = text
	if d.Name != name {
		return nil, about("enum", name, apierr.Invalid(service, attributeName, "the name of an enum does not change"))
	}
	sent, err := d.encode()
	if err == nil && !sameJSON(sent, text) {
		text, err = s.client.updateDefinition(ctx, kindEnum, sent)
	}
	return s.settled(name, text, err)
}

// AppendValues adds values behind those that are there; values that are there already stay where they are.
//
//sluice:operation GET /api/meta/types/{pathType}/name/{name}
//sluice:operation PUT /api/meta/types/typedefs
func (s Enums) AppendValues(ctx context.Context, name string, values ...string) (*EnumDefinition, error) {
	return s.Update(ctx, name, func(d *EnumDefinition) error {
		d.append(values)
		return nil
	})
}

// ReplaceValues makes these values all that there are. Assets keep values that are gone.
//
//sluice:operation GET /api/meta/types/{pathType}/name/{name}
//sluice:operation PUT /api/meta/types/typedefs
func (s Enums) ReplaceValues(ctx context.Context, name string, values ...string) (*EnumDefinition, error) {
	return s.Update(ctx, name, func(d *EnumDefinition) error {
		d.append(values) // with ordinals that no value had
		all := d.Values
		d.Values = nil
		for _, value := range distinct(values) {
			i := slices.IndexFunc(all, func(v EnumValue) bool { return v.Value == value })
			d.Values = append(d.Values, all[i])
		}
		return nil
	})
}

// RemoveValues takes values away; those that are not there are no error, but the last one has to stay. Assets keep values
// that are gone.
//
//sluice:operation GET /api/meta/types/{pathType}/name/{name}
//sluice:operation PUT /api/meta/types/typedefs
func (s Enums) RemoveValues(ctx context.Context, name string, values ...string) (*EnumDefinition, error) {
	return s.Update(ctx, name, func(d *EnumDefinition) error {
		d.Values = slices.DeleteFunc(d.Values, func(v EnumValue) bool { return slices.Contains(values, v.Value) })
		return nil
	})
}

// Purge removes an enumeration for good. One that is not there is an error of category [ErrNotFound].
//
//sluice:operation GET /api/meta/types/{pathType}/name/{name}
//sluice:operation DELETE /api/meta/types/typedef/name/{name}
func (s Enums) Purge(ctx context.Context, name string) error {
	err := checkName(attributeName, name)
	var text json.RawMessage
	if err == nil {
		text, err = s.client.definition(ctx, kindEnum, name) // the server would delete a type of any kind
	}
	switch {
	case err != nil:
	case text == nil:
		err = notFound("there is no enum with the name %q", name)
	default:
		err = s.client.purgeDefinition(ctx, name)
	}
	if err == nil || text == nil && isNotFound(err) || isNoDefinition(err) {
		s.directory().drop(cacheKey{byName, name})
	} else {
		s.directory().unsettled(err, name)
	}
	return about("enum", name, err)
}
