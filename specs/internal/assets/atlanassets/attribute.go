package atlanassets

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"unicode/utf8"
)

// Attribute is an attribute or a relationship of an asset. It has three states, because Atlan reads an update that way:
//
//   - untouched, the zero value: left out of a request, and the server leaves the attribute alone;
//   - set: the server stores the value;
//   - cleared: sent as null, and the server removes the value.
//
// In an answer, an attribute that was not asked for is untouched and one without a value is cleared. Both have no value.
//
// An Attribute is one word and costs nothing until it is touched. It is never changed in place: copies of a struct may be
// edited independently. A slice or map inside it is shared by the copies; set a new one rather than changing it.
type Attribute[T any] struct{ state *attributeState[T] }

// attributeState is not written to once an Attribute points to it.
type attributeState[T any] struct {
	value T
	null  bool
}

// Set returns an attribute with a value.
func Set[T any](value T) Attribute[T] { return Attribute[T]{&attributeState[T]{value: value}} }

// Null returns a cleared attribute: saving it removes the value from the asset.
func Null[T any]() Attribute[T] { return Attribute[T]{&attributeState[T]{null: true}} }

// Get returns the value, and whether there is one: not in an attribute that is untouched or cleared.
func (a Attribute[T]) Get() (value T, ok bool) {
	if a.state == nil || a.state.null {
		return value, false
	}
	return a.state.value, true
}

// Or returns the value, or the given one when there is none.
func (a Attribute[T]) Or(otherwise T) T {
	if a.IsSet() {
		return a.state.value
	}
	return otherwise
}

// IsZero reports whether the attribute is untouched; the option omitzero of encoding/json asks it.
func (a Attribute[T]) IsZero() bool { return a.state == nil }

// IsSet reports whether there is a value.
func (a Attribute[T]) IsSet() bool { return a.state != nil && !a.state.null }

// IsNull reports whether the attribute is cleared.
func (a Attribute[T]) IsNull() bool { return a.state != nil && a.state.null }

// Set gives the attribute a value.
func (a *Attribute[T]) Set(value T) { *a = Set(value) }

// Clear removes the value: the asset has none once it is saved.
func (a *Attribute[T]) Clear() { *a = Null[T]() }

// Unset makes the attribute untouched: saving the asset leaves what the server has.
func (a *Attribute[T]) Unset() { a.state = nil }

// Equal reports whether both attributes are in the same state and have equal values: by their own Equal method where
// they have one, otherwise by reflect.DeepEqual, but for nil and empty slices and maps, which are alike on the wire.
func (a Attribute[T]) Equal(b Attribute[T]) bool {
	if a.state == b.state {
		return true
	}
	if a.state == nil || b.state == nil || a.state.null || b.state.null {
		return a.IsNull() && b.IsNull()
	}
	return equal(&a.state.value, &b.state.value)
}

// equal compares two *T without a path of reflection for what most attributes are.
func equal[T any](a, b *T) bool {
	switch x := any(a).(type) {
	case *string:
		return *x == *any(b).(*string)
	case *int64:
		return *x == *any(b).(*int64)
	case *bool:
		return *x == *any(b).(*bool)
	case *[]Ref:
		y := *any(b).(*[]Ref)
		if len(*x) != len(y) {
			return false
		}
		for i := range *x {
			if !(*x)[i].Equal(y[i]) {
				return false
			}
		}
		return true
	case interface{ Equal(other T) bool }:
		return x.Equal(*b)
	}
	x, y := reflect.ValueOf(a).Elem(), reflect.ValueOf(b).Elem()
	if kind := x.Kind(); (kind == reflect.Slice || kind == reflect.Map) && x.Len() == 0 && y.Len() == 0 {
		return true
	}
	return reflect.DeepEqual(a, b)
}

// String describes the attribute for logs and tests: "(untouched)", "(null)" or the value as fmt prints it.
func (a Attribute[T]) String() string {
	switch {
	case a.state == nil:
		return "(untouched)"
	case a.state.null:
		return "(null)"
	}
	return fmt.Sprint(a.state.value)
}

// MarshalJSON encodes the value, and null when there is none. A field of a struct that is untouched is left out by its
// tag, omitzero, before this is called.
func (a Attribute[T]) MarshalJSON() ([]byte, error) {
	if !a.IsSet() {
		return []byte("null"), nil
	}
	switch value := any(&a.state.value).(type) {
	case *int64:
		return strconv.AppendInt(nil, *value, 10), nil
	case *Timestamp:
		return strconv.AppendInt(nil, int64(*value), 10), nil
	case *bool:
		return strconv.AppendBool(nil, *value), nil
	}
	return json.Marshal(&a.state.value)
}

// UnmarshalJSON decodes null as cleared and anything else as a value. When the value has another JSON type than T, the
// attribute stays as it was and the error is a *json.UnmarshalTypeError. json.Unmarshal of a whole asset stops there,
// [Decode] does not.
func (a *Attribute[T]) UnmarshalJSON(data []byte) error {
	state := new(attributeState[T])
	if string(data) == "null" {
		state.null = true
	} else if !decodePlain(data, any(&state.value)) {
		if err := json.Unmarshal(data, &state.value); err != nil {
			return err
		}
	}
	a.state = state
	return nil
}

// decodePlain decodes a value that needs no more than a glance: it reports false for everything else. The data is known
// to be valid JSON.
func decodePlain(data []byte, value any) bool {
	switch v := value.(type) {
	case *string:
		if len(data) < 2 || data[0] != '"' {
			return false
		}
		text := data[1 : len(data)-1]
		if bytes.IndexByte(text, '\\') >= 0 || !utf8.Valid(text) {
			return false // encoding/json puts U+FFFD where it is not UTF-8
		}
		*v = string(text)
		return true
	case *int64:
		n, ok := integer(data)
		if ok {
			*v = n
		}
		return ok
	case *Timestamp:
		n, ok := integer(data)
		if ok {
			*v = Timestamp(n)
		}
		return ok
	case *bool:
		switch string(data) {
		case "true":
			*v = true
		case "false":
			*v = false
		default:
			return false
		}
		return true
	}
	return false
}

// integer reads a number without a fraction, also where it is written with one: 12.0 and 1.2e1 are what a server writes
// that kept it as a float.
func integer(data []byte) (int64, bool) {
	if n, err := strconv.ParseInt(string(data), 10, 64); err == nil {
		return n, true
	}
	const exact = 1 << 53
	f, err := strconv.ParseFloat(string(data), 64)
	if err != nil || f != float64(int64(f)) || f < -exact || f > exact {
		return 0, false
	}
	return int64(f), true
}
