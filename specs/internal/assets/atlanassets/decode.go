package atlanassets

import (
	"encoding/json"
	"errors"
	"maps"
	"reflect"
	"strings"
)

// Decode decodes the attributes of an asset, a JSON object, into a T. Unlike json.Unmarshal, which stops at the first
// attribute whose value has another JSON type than its field, it decodes all others; the error then has a
// *json.UnmarshalTypeError for each attribute that is missing. Keys without a field are passed over.
func Decode[T any](data []byte) (T, error) {
	asset := new(T)
	err := json.Unmarshal(data, asset)
	if err == nil {
		return *asset, nil
	}
	var rest map[string]json.RawMessage
	if json.Unmarshal(data, &rest) != nil {
		return *new(T), err
	}
	var problems []error
	for err != nil {
		problems = append(problems, err)
		mistyped, ok := errors.AsType[*json.UnmarshalTypeError](err)
		if !ok {
			break
		}
		name, before := key(reflect.TypeFor[T](), mistyped.Field), len(rest)
		maps.DeleteFunc(rest, func(key string, _ json.RawMessage) bool { return strings.EqualFold(key, name) })
		if len(rest) == before {
			break
		}
		if data, err = json.Marshal(rest); err == nil {
			asset = new(T)
			err = json.Unmarshal(data, asset)
		}
	}
	return *asset, errors.Join(problems...)
}

// key is the key of the object in the path of an UnmarshalTypeError, which begins with the names of embedded structs.
func key(t reflect.Type, path string) string {
	for name := range strings.SplitSeq(path, ".") {
		if t.Kind() != reflect.Struct {
			return name
		}
		f, ok := t.FieldByName(name)
		if !ok || !f.Anonymous || len(f.Index) > 1 {
			return name
		}
		t = f.Type
	}
	return path
}
