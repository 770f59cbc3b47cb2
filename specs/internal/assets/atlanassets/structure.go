package atlanassets

import (
	"encoding/json"
	"maps"
	"reflect"
	"strings"
)

// decodeStructure decodes an object into the fields of structure, a pointer to a struct without methods, and returns the
// keys that have no field. Atlan writes a value of a struct type as a flat object, and also as {typeName, attributes}.
func decodeStructure(data []byte, structure any) (map[string]json.RawMessage, error) {
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(data, &keys); err != nil {
		return nil, err
	}
	var nested map[string]json.RawMessage
	if attributes, ok := keys["attributes"]; ok && json.Unmarshal(attributes, &nested) == nil && nested != nil {
		delete(keys, "attributes")
		data = attributes
		maps.Copy(keys, nested)
	}
	err := json.Unmarshal(data, structure)
	for name := range tags(structure) {
		delete(keys, name)
	}
	if len(keys) == 0 {
		keys = nil
	}
	return keys, err
}

// encodeStructure encodes the fields of structure, a struct without methods, and the keys that have no field.
func encodeStructure(structure any, unknown map[string]json.RawMessage) ([]byte, error) {
	data, err := json.Marshal(structure)
	if err != nil || len(unknown) == 0 {
		return data, err
	}
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(data, &keys); err != nil {
		return nil, err
	}
	known := tags(structure)
	for name, value := range unknown {
		if !known[name] {
			keys[name] = value
		}
	}
	return json.Marshal(keys)
}

// tags returns the JSON names of the fields of a struct or of the struct behind a pointer.
func tags(structure any) map[string]bool {
	t := reflect.TypeOf(structure)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	names := map[string]bool{}
	for f := range t.Fields() {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "-" {
			names[name] = true
		}
	}
	return names
}
