package airbytetest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// columnType finds the narrowest type that fits all values of a column.
type columnType struct {
	candidates []FieldType // nil before the first value
}

// see takes a value into account; nil, which is an empty CSV field or a JSON null, says nothing about the type.
func (c *columnType) see(value any) {
	if value == nil {
		return
	}
	fits := typesOf(value)
	if c.candidates == nil {
		c.candidates = fits
		return
	}
	kept := c.candidates[:0]
	for _, candidate := range c.candidates {
		if slices.Contains(fits, candidate) {
			kept = append(kept, candidate)
		}
	}
	c.candidates = kept
}

// fieldType is unknown when no value was seen.
func (c *columnType) fieldType() FieldType {
	switch {
	case c.candidates == nil:
		return UnknownField
	case len(c.candidates) == 0:
		return StringField
	}
	return c.candidates[0]
}

// typesOf lists the types that can hold a value, narrowest first. The list is the caller's.
func typesOf(value any) []FieldType {
	switch v := value.(type) {
	case bool:
		return []FieldType{BooleanField}
	case json.Number:
		return numberTypes(v.String())
	case map[string]any:
		return []FieldType{ObjectField}
	case []any:
		return []FieldType{ArrayField}
	case string:
		return textTypes(v)
	}
	return []FieldType{StringField}
}

// plainNumber keeps "007" and "+1" texts: they are codes, and would lose their zeros.
var plainNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$`)

// numberTypes lists the types that hold a number without changing it. A number is a float64: integers that one cannot
// hold stay integers, or become text, and so does what is out of all bounds.
func numberTypes(s string) []FieldType {
	const exact = 1 << 53
	n, err := strconv.ParseInt(s, 10, 64)
	switch {
	case err == nil && -exact <= n && n <= exact:
		return []FieldType{IntegerField, NumberField}
	case err == nil:
		return []FieldType{IntegerField}
	case !strings.ContainsAny(s, ".eE"):
		return []FieldType{}
	}
	if _, err := strconv.ParseFloat(s, 64); err != nil {
		return []FieldType{}
	}
	return []FieldType{NumberField}
}

func textTypes(s string) []FieldType {
	switch {
	case s == "true" || s == "false" || s == "True" || s == "False":
		return []FieldType{BooleanField, StringField}
	case plainNumber.MatchString(s):
		return append(numberTypes(s), StringField)
	}
	if _, err := time.Parse(time.DateOnly, s); err == nil {
		return []FieldType{DateField, StringField}
	}
	if _, err := parseTimestamp(s, zonedLayouts); err == nil {
		return []FieldType{TimestampWithZoneField, StringField}
	}
	if _, err := parseTimestamp(s, plainLayouts); err == nil {
		return []FieldType{TimestampField, StringField}
	}
	return []FieldType{StringField}
}

var (
	zonedLayouts = []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02T15:04Z07:00"}
	plainLayouts = []string{"2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", "2006-01-02T15:04", "2006-01-02 15:04"}
)

func parseTimestamp(s string, layouts []string) (t time.Time, err error) {
	for _, layout := range layouts {
		if t, err = time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	return t, err
}

// convert turns a value of a file into the Go value that stands for the field type: int64, float64, bool, time.Time,
// json.RawMessage for objects and arrays, string. A value that does not fit, which only a file that changed after
// its discovery has, becomes nil, as a destination connector nulls what it cannot store.
func convert(value any, to FieldType) any {
	if value == nil {
		return nil
	}
	text, isText := value.(string)
	if number, ok := value.(json.Number); ok {
		text, isText = number.String(), true
	}
	switch to {
	case StringField, UnknownField:
		if isText {
			return text
		}
		return string(compactJSON(value))
	case ObjectField, ArrayField:
		return json.RawMessage(compactJSON(value))
	case BooleanField:
		if b, ok := value.(bool); ok {
			return b
		}
		if b, err := strconv.ParseBool(strings.ToLower(text)); err == nil {
			return b
		}
	case IntegerField:
		if n, err := strconv.ParseInt(text, 10, 64); isText && err == nil {
			return n
		}
	case NumberField:
		if n, err := strconv.ParseFloat(text, 64); isText && err == nil {
			return n
		}
	case DateField:
		if t, err := time.Parse(time.DateOnly, text); err == nil {
			return t
		}
	case TimestampWithZoneField:
		if t, err := parseTimestamp(text, zonedLayouts); err == nil {
			return t
		}
	case TimestampField:
		if t, err := parseTimestamp(text, plainLayouts); err == nil {
			return t
		}
	case TimeWithZoneField, TimeWithoutZoneField:
		if isText {
			return text
		}
	}
	return nil
}

func compactJSON(value any) []byte {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false) // what reads it is no browser
	if err := encoder.Encode(value); err != nil {
		return []byte(strconv.Quote(fmt.Sprint(value)))
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// textOf spells a value of a field as a column of text holds it.
func textOf(value any, of FieldType) string {
	switch v := value.(type) {
	case string:
		return v
	case json.RawMessage:
		return string(v)
	case time.Time:
		switch of {
		case DateField:
			return v.Format(time.DateOnly)
		case TimestampField:
			return v.Format(plainLayouts[0])
		default:
			return v.Format(time.RFC3339Nano)
		}
	}
	return string(compactJSON(value))
}

// cursorText spells a cursor value for a stream's state.
func cursorText(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano)
	case string:
		return v
	}
	return string(compactJSON(value))
}

// after says whether a cursor value comes after what a state holds. Whatever the state cannot be compared with comes
// after: a record too many is repeated, one too few is lost.
func after(value any, state string) bool {
	switch v := value.(type) {
	case nil:
		return true
	case int64:
		n, err := strconv.ParseInt(state, 10, 64)
		return err != nil || v > n
	case float64:
		n, err := strconv.ParseFloat(state, 64)
		return err != nil || v > n
	case time.Time:
		t, err := time.Parse(time.RFC3339Nano, state)
		return err != nil || v.After(t)
	case string:
		return v > state
	}
	return true
}
