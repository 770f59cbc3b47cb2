package wire

import (
	"cmp"
	"slices"
	"strings"
)

// Kind says what has changed.
type Kind string

// The kinds of facts.
const (
	OperationAdded   Kind = "operation added"
	OperationRemoved Kind = "operation removed"
	OperationMoved   Kind = "operation moved"
	OperationRenamed Kind = "operation renamed" // its operationId, which is no fact of the wire but the source of Go names
	SchemaRenamed    Kind = "schema renamed"    // no fact of the wire either
	FieldAdded       Kind = "field added"
	FieldRemoved     Kind = "field removed"
	FieldRenamed     Kind = "field renamed"
	FieldRequired    Kind = "field required"
	FieldOptional    Kind = "field optional"
	ValueAdded       Kind = "enum value added"
	ValueRemoved     Kind = "enum value removed"
	TypeChanged      Kind = "type changed"
	ParameterAdded   Kind = "parameter added"
	ParameterRemoved Kind = "parameter removed"
	ParameterRenamed Kind = "parameter renamed"
	ResponseAdded    Kind = "response added"
	ResponseRemoved  Kind = "response removed"
	VariantAdded     Kind = "variant added"
	VariantRemoved   Kind = "variant removed"
	Changed          Kind = "changed" // any other keyword
)

// Level says whether a fact breaks programs that were written against the old document.
type Level int

// The levels, as oasdiff tells them apart.
const (
	Compatible Level = iota // a correct client does not notice
	MayBreak                // depends on how the client was written: an enum that is decoded strictly, a field it relies on
	Breaking                // a correct client fails
)

func (l Level) String() string {
	switch l {
	case Breaking:
		return "breaking"
	case MayBreak:
		return "may break"
	case Compatible:
	}
	return "compatible"
}

// Unit is the part of a document that a fact is about.
type Unit struct {
	// Kind is "operation", "document", or the kind of a component as the document names it: "schemas", "responses", …
	Kind string
	// Name is "METHOD /route" of an operation, or the component's.
	Name string
}

// Ref is the reference of a component: "#/components/schemas/Job".
func (u Unit) Ref() string { return "#/components/" + u.Kind + "/" + u.Name }

func (u Unit) String() string {
	switch u.Kind {
	case "operation":
		return u.Name
	case "document":
		return "the document"
	}
	if kind, ok := strings.CutSuffix(u.Kind, "ies"); ok {
		return kind + "y " + u.Name
	}
	return strings.TrimSuffix(u.Kind, "s") + " " + u.Name
}

// Fact is one difference between two documents.
type Fact struct {
	Kind Kind
	Unit Unit
	// Path leads to the place inside of the unit: "schedule.cronExpression", "200 response", "query parameter limit".
	Path string
	// From and To are the names of a renamed field, the enum value, the types, whatever the kind is about; empty where there
	// is no such thing.
	From, To string
	// Text is the fact as a sentence without a full stop.
	Text  string
	Level Level
	// Rules are the rules of oasdiff that fired for this fact, sorted.
	Rules []string
	// Operations are those that carry the fact, as "METHOD /route", sorted.
	Operations []string
	// Gone and Come are the components, as references, that what was removed or added refers to, directly or not.
	Gone, Come []string

	edits []edit
}

// Fields are the names of the fields and parameters that the fact is about, the old and the new one of a rename.
func (f *Fact) Fields() []string {
	named := []Kind{
		FieldAdded, FieldRemoved, FieldRenamed, FieldRequired, FieldOptional, ParameterAdded, ParameterRemoved, ParameterRenamed,
	}
	if slices.Contains(named, f.Kind) {
		return slices.DeleteFunc([]string{f.From, f.To}, func(name string) bool { return name == "" })
	}
	last := f.Path[strings.LastIndexByte(f.Path, '.')+1:]
	last = last[strings.LastIndexByte(last, ' ')+1:]
	if last = strings.TrimRight(last, "[]{}"); last != "" {
		return []string{last}
	}
	return nil
}

// compare orders facts: what breaks first, then by place.
func compare(a, b *Fact) int {
	return cmp.Or(
		cmp.Compare(b.Level, a.Level),
		cmp.Compare(a.Unit.Kind, b.Unit.Kind),
		cmp.Compare(a.Unit.Name, b.Unit.Name),
		cmp.Compare(a.Path, b.Path),
		cmp.Compare(a.Kind, b.Kind),
		cmp.Compare(a.Text, b.Text),
	)
}

// edit is a step from the old unit to the new one: the value at a place is set, or removed when there is none.
type edit struct {
	at    []any // keys and indices
	value any
	drop  bool
}

// apply makes the edits on a copy.
func apply(node any, edits []edit) any {
	node = clone(node)
	for _, e := range edits {
		node = e.on(node, e.at)
	}
	return node
}

func (e edit) on(node any, at []any) any {
	if len(at) == 0 {
		return clone(e.value)
	}
	switch key := at[0].(type) {
	case string:
		o, ok := node.(object)
		if !ok {
			o = object{}
		}
		if len(at) == 1 && e.drop {
			delete(o, key)
		} else {
			o[key] = e.on(o[key], at[1:])
		}
		return o
	case int:
		if list, ok := node.([]any); ok && key < len(list) {
			list[key] = e.on(list[key], at[1:])
		}
	}
	return node
}
