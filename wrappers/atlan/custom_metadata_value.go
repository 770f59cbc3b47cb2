package atlan

import (
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"strconv"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// decode reads a value of the attribute.
func (a *CustomMetadataAttribute) decode(text json.RawMessage) (any, error) {
	if !a.Multiple {
		// Elasticsearch does not tell one value from a list of one.
		var list []json.RawMessage
		if json.Unmarshal(text, &list) == nil && len(list) == 1 {
			text = list[0]
		}
		return a.decodeOne(text)
	}
	list := []json.RawMessage{text}
	if len(text) > 0 && text[0] == '[' {
		if err := json.Unmarshal(text, &list); err != nil {
			return nil, undecodable(a.Name, err)
		}
	}
	switch a.Type {
	case CustomMetadataInteger, CustomMetadataLong:
		return each[int64](a, list)
	case CustomMetadataDecimal:
		return each[float64](a, list)
	case CustomMetadataBoolean:
		return each[bool](a, list)
	case CustomMetadataDate:
		return each[time.Time](a, list)
	case CustomMetadataString, CustomMetadataRichText, CustomMetadataOptions, CustomMetadataUsers, CustomMetadataGroups, CustomMetadataURL, CustomMetadataSQL:
	}
	if a.isText() {
		return each[string](a, list)
	}
	return each[any](a, list)
}

// isText reports whether the values are text.
func (a *CustomMetadataAttribute) isText() bool {
	return slices.Contains(textTypes, a.Type)
}

func each[V any](a *CustomMetadataAttribute, list []json.RawMessage) ([]V, error) {
	values := make([]V, len(list))
	for i, text := range list {
		v, err := a.decodeOne(text)
		if err != nil {
			return nil, err
		}
		values[i] = v.(V) //nolint:forcetypeassert // decodeOne returns the type of the attribute
	}
	return values, nil
}

// decodeOne reads one value. Numbers and truths may be written as text, which is how some of the metastore's stores keep
// them.
func (a *CustomMetadataAttribute) decodeOne(text json.RawMessage) (any, error) {
	plain := string(text)
	if len(text) > 0 && text[0] == '"' {
		plain = textOf(text, true)
	}
	var v any
	var err error
	switch {
	case a.isText():
		if len(text) == 0 || text[0] != '"' {
			err = errNotText
		}
		v = plain
	case a.Type == CustomMetadataInteger, a.Type == CustomMetadataLong:
		v, err = integer(plain)
	case a.Type == CustomMetadataDecimal:
		v, err = strconv.ParseFloat(plain, 64)
	case a.Type == CustomMetadataBoolean:
		v, err = strconv.ParseBool(plain)
	case a.Type == CustomMetadataDate:
		var ms int64
		ms, err = integer(plain)
		v = time.UnixMilli(ms).UTC()
	default: // a type that is not known
		err = decodeExact(text, &v)
	}
	if err != nil {
		return nil, undecodable("the value "+string(text), err)
	}
	return v, nil
}

// integer reads a whole number, which may be written as 12, 12.0 or 1.2e1.
func integer(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err == nil {
		return n, nil
	}
	f, ferr := strconv.ParseFloat(text, 64)
	if ferr != nil || f != math.Trunc(f) || math.Abs(f) >= 1<<63 {
		return 0, err
	}
	return int64(f), nil
}

// valueError says why a value does not fit.
type valueError string

func (e valueError) Error() string { return string(e) }

const errNotText = valueError("it is not a text")

// encodeValue writes a value of the attribute; null for nil.
func (a *CustomMetadataAttribute) encodeValue(value any) (json.RawMessage, error) {
	if value == nil {
		return json.RawMessage("null"), nil
	}
	v := reflect.ValueOf(value)
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return json.RawMessage("null"), nil
		}
		return a.encodeValue(v.Elem().Interface())
	}
	if v.Kind() != reflect.Slice || v.Type() == reflect.TypeFor[json.RawMessage]() {
		text, err := a.encodeOne(value)
		if err == nil && a.Multiple {
			text = listText([]json.RawMessage{text})
		}
		return text, err
	}
	if !a.Multiple {
		return nil, apierr.Invalid(service, a.Name, "the attribute has one value, not several")
	}
	list := make([]json.RawMessage, v.Len())
	for i := range list {
		var err error
		if list[i], err = a.encodeOne(v.Index(i).Interface()); err != nil {
			return nil, err
		}
	}
	return listText(list), nil
}

// encodeOne writes one value.
func (a *CustomMetadataAttribute) encodeOne(value any) (json.RawMessage, error) {
	v := reflect.ValueOf(value)
	wrong := func(want string) (json.RawMessage, error) {
		return nil, apierr.Invalid(service, a.Name, "the attribute is of type %s: want %s, not a %T", a.Type, want, value)
	}
	switch {
	case a.isText():
		if v.Kind() != reflect.String {
			return wrong("a string")
		}
		return appendString(nil, v.String()), nil
	case a.Type == CustomMetadataInteger, a.Type == CustomMetadataLong:
		n, ok := whole(v)
		if !ok {
			return wrong("an int64")
		}
		if a.Type == CustomMetadataInteger && n != int64(int32(n)) {
			return nil, apierr.Invalid(service, a.Name, "%d does not fit into the attribute, which has 32 bits", n)
		}
		return strconv.AppendInt(nil, n, 10), nil
	case a.Type == CustomMetadataDecimal:
		f, ok := number(v)
		if !ok {
			return wrong("a float64")
		}
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return nil, apierr.Invalid(service, a.Name, "%v is not a number that can be written", f)
		}
		return encodeJSON(f)
	case a.Type == CustomMetadataBoolean:
		if v.Kind() != reflect.Bool {
			return wrong("a bool")
		}
		return strconv.AppendBool(nil, v.Bool()), nil
	case a.Type == CustomMetadataDate:
		at, ok := value.(time.Time)
		if !ok {
			return wrong("a time.Time")
		}
		return strconv.AppendInt(nil, at.UnixMilli(), 10), nil
	}
	text, err := encodeJSON(value)
	if err != nil {
		return nil, apierr.Invalid(service, a.Name, "the value does not encode: %s", err)
	}
	return text, nil
}

// whole is a value as a whole number.
func whole(v reflect.Value) (int64, bool) {
	switch {
	case v.CanInt() && v.Type() != reflect.TypeFor[time.Duration]():
		return v.Int(), true
	case v.CanUint() && v.Uint() <= math.MaxInt64:
		return int64(v.Uint()), true
	case v.CanFloat() && v.Float() == math.Trunc(v.Float()) && math.Abs(v.Float()) < 1<<53:
		return int64(v.Float()), true
	case v.Kind() == reflect.String && v.Type() == reflect.TypeFor[json.Number]():
		n, err := integer(v.String())
		return n, err == nil
	}
	return 0, false
}

// number is a value as a number.
func number(v reflect.Value) (float64, bool) {
	if v.CanFloat() {
		return v.Float(), true
	}
	if v.Kind() == reflect.String && v.Type() == reflect.TypeFor[json.Number]() {
		f, err := strconv.ParseFloat(v.String(), 64)
		return f, err == nil
	}
	n, ok := whole(v)
	return float64(n), ok
}
