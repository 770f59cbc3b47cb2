package polytomic

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"unicode"

	"github.com/oapi-codegen/nullable"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// description is what a service said about a thing, as JSON, to make a request that replaces it out of.
type description map[string]json.RawMessage

func describe(resp *http.Response, err error) (description, error) {
	d, err := dataOf[description](resp, err)
	if err != nil {
		return nil, err
	}
	return *d, nil
}

// into makes a request of the fields that it shares with the description: in Polytomic's API they have the same names. What
// has no known type is in the request as it is there, nulls and all digits.
func (d description) into(request any) error {
	text, err := json.Marshal(d)
	if err == nil {
		err = decodeExact(text, request)
	}
	if err == nil {
		exact(reflect.ValueOf(request), text)
	}
	if err != nil {
		return &apierr.Error{Service: service, Kind: apierr.KindDecode, Err: fmt.Errorf("what was read does not fit the request that replaces it: %w", err)}
	}
	return nil
}

// exact gives the parts of v whose type is not known the values of the text that v was decoded from: numbers as they were
// written, which nullable.Nullable decodes as floats, and a raw null in a field that is null. A nil field would not be sent,
// and to compare with null is another thing to a filter than to have no value.
func exact(v reflect.Value, text json.RawMessage) {
	kind := v.Kind()
	nullable := kind == reflect.Map && v.Type().Key().Kind() == reflect.Bool
	switch {
	case kind == reflect.Pointer:
		exact(v.Elem(), text)
	case nullable:
		key := reflect.ValueOf(true)
		if value := v.MapIndex(key); value.IsValid() {
			kept := reflect.New(v.Type().Elem()).Elem()
			kept.Set(value)
			exact(kept, text)
			v.SetMapIndex(key, kept)
		}
	case kind == reflect.Interface:
		var value any
		if decodeExact(text, &value) != nil {
			return
		}
		if value == nil {
			value = json.RawMessage("null")
		}
		v.Set(reflect.ValueOf(value))
	case (kind == reflect.Map || kind == reflect.Slice) && v.Type().Elem().Kind() == reflect.Interface:
		value := reflect.New(v.Type())
		if decodeExact(text, value.Interface()) == nil {
			v.Set(value.Elem())
		}
	case kind == reflect.Slice:
		var elements []json.RawMessage
		if json.Unmarshal(text, &elements) == nil {
			for i := range min(v.Len(), len(elements)) {
				exact(v.Index(i), elements[i])
			}
		}
	case kind == reflect.Struct:
		var members map[string]json.RawMessage
		if json.Unmarshal(text, &members) == nil {
			for i := range v.NumField() {
				name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
				if member, said := members[name]; said && v.Field(i).CanSet() {
					exact(v.Field(i), member)
				}
			}
		}
	}
}

// exactMap returns an object whose numbers are as they were written; nil when it is absent or null.
func (d description) exactMap(name string) map[string]any {
	var m map[string]any
	if decodeExact(d[name], &m) != nil {
		return nil
	}
	return m
}

// exactly is a field with the exact object of this name, absent when it has none.
func (d description) exactly(name string) nullable.Nullable[map[string]any] {
	if m := d.exactMap(name); m != nil {
		return nullable.NewNullableWithValue(m)
	}
	return nil
}

// looksMasked reports whether a text is what a service shows instead of a secret. What Polytomic shows is not
// documented, so whatever has no other meaning is taken for it: stars or dots alone, or a row of them in a single word.
func looksMasked(text string) bool {
	run, longest, all := 0, 0, text != ""
	for _, r := range text {
		if strings.ContainsRune("*•●∗·", r) {
			run++
			longest = max(longest, run)
		} else {
			run, all = 0, false
		}
	}
	if all && longest >= 3 || longest >= 4 && !strings.ContainsFunc(text, unicode.IsSpace) {
		return true
	}
	switch strings.ToLower(strings.Trim(text, "<>[](){} ")) {
	case "redacted", "masked", "hidden", "secret redacted":
		return true
	}
	return false
}

// maskedPaths returns where in a JSON value masks are.
func maskedPaths(value any, path string) []string {
	var found []string
	walk(value, path, func(path, text string) {
		if looksMasked(text) {
			found = append(found, path)
		}
	})
	return found
}

// walk calls visit for every text in a JSON value, with its path, in a stable order.
func walk(value any, path string, visit func(path, text string)) {
	switch v := value.(type) {
	case string:
		visit(path, v)
	case map[string]any:
		for _, key := range sortedKeys(v) {
			walk(v[key], strings.TrimPrefix(path+"."+key, "."), visit)
		}
	case []any:
		for i, item := range v {
			walk(item, fmt.Sprintf("%s[%d]", path, i), visit)
		}
	}
}

// refuseMasks refuses a request in which a mask would be stored as a secret.
func refuseMasks(request any) error {
	text, err := json.Marshal(request)
	if err != nil {
		return apierr.Invalid(service, "", "the request cannot be written as JSON")
	}
	var value any
	if err := decodeExact(text, &value); err != nil {
		return apierr.Invalid(service, "", "the request cannot be written as JSON")
	}
	if paths := maskedPaths(value, ""); len(paths) > 0 {
		e := invalidBecause(ErrMaskedSecret, paths[0], "the update would store what Polytomic shows instead of a secret: %s", strings.Join(paths, ", "))
		e.Hint = "Give the secrets in the update: the API replaces the whole and does not keep what is masked."
		return e
	}
	return nil
}
