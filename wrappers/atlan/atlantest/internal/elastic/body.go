package elastic

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
)

// The depth at which a body is refused: Elasticsearch stops at 30 nested queries (indices.query.bool.max_nested_depth),
// each of which is a few objects deep.
const maxDepth = 120

// object is a JSON object with its keys in their order.
type object struct {
	keys   []string
	values []any
}

func (o *object) get(key string) (any, bool) {
	for i, k := range o.keys {
		if k == key {
			return o.values[i], true
		}
	}
	return nil, false
}

// parseBody reads JSON: objects as *object, lists as []any, numbers as json.Number.
func parseBody(body []byte) (any, *Error) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	v, err := parseValue(decoder, 0)
	if err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, refuse(ParsingException, "", "there is something behind the end of the body")
	}
	return v, nil
}

func parseValue(decoder *json.Decoder, depth int) (any, *Error) {
	if depth > maxDepth {
		return nil, refuse(ParsingException, "", "The nested depth of the query exceeds the maximum nested depth for queries set in [indices.query.bool.max_nested_depth]")
	}
	token, err := decoder.Token()
	if err != nil {
		return nil, refuse(ParsingException, "", "the body is not JSON: %v", err)
	}
	switch token := token.(type) {
	case json.Delim:
		if token == '{' {
			made := &object{}
			seen := map[string]bool{}
			for decoder.More() {
				key, err := decoder.Token()
				if err != nil {
					return nil, refuse(ParsingException, "", "the body is not JSON: %v", err)
				}
				name, _ := key.(string)
				if seen[name] {
					return nil, refuse(ParsingException, "", "Duplicate field '%s'", name)
				}
				seen[name] = true
				v, bad := parseValue(decoder, depth+1)
				if bad != nil {
					return nil, bad
				}
				made.keys, made.values = append(made.keys, name), append(made.values, v)
			}
			if _, err := decoder.Token(); err != nil {
				return nil, refuse(ParsingException, "", "the body is not JSON: %v", err)
			}
			return made, nil
		}
		list := []any{}
		for decoder.More() {
			v, bad := parseValue(decoder, depth+1)
			if bad != nil {
				return nil, bad
			}
			list = append(list, v)
		}
		if _, err := decoder.Token(); err != nil {
			return nil, refuse(ParsingException, "", "the body is not JSON: %v", err)
		}
		return list, nil
	default:
		return token, nil
	}
}

// decode reads JSON the way documents are read: numbers as json.Number.
func decode(raw []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var v any
	err := decoder.Decode(&v)
	return v, err
}

func typeName(v any) string {
	switch v.(type) {
	case nil:
		return "VALUE_NULL"
	case *object:
		return "START_OBJECT"
	case []any:
		return "START_ARRAY"
	case string:
		return "VALUE_STRING"
	case bool:
		return "VALUE_BOOLEAN"
	default:
		return "VALUE_NUMBER"
	}
}

func asObject(v any, clause string) (*object, *Error) {
	o, ok := v.(*object)
	if !ok {
		return nil, refuse(ParsingException, clause, "expected an object and found [%s]", typeName(v))
	}
	return o, nil
}

func asText(v any, clause string) (string, *Error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case json.Number:
		return v.String(), nil
	case bool:
		return strconv.FormatBool(v), nil
	}
	return "", refuse(ParsingException, clause, "expected text and found [%s]", typeName(v))
}

func asBool(v any, clause string) (bool, *Error) {
	switch v := v.(type) {
	case bool:
		return v, nil
	case string:
		if v == "true" || v == "false" {
			return v == "true", nil
		}
	}
	return false, refuse(ParsingException, clause, "Failed to parse value [%v] as only [true] or [false] are allowed.", v)
}

func asInt(v any, clause string) (int, *Error) {
	var text string
	switch v := v.(type) {
	case json.Number:
		text = v.String()
	case string:
		text = v
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		return 0, refuse(ParsingException, clause, "expected an integer and found [%v]", v)
	}
	return int(n), nil
}

func asFloat(v any, clause string) (float64, *Error) {
	var text string
	switch v := v.(type) {
	case json.Number:
		text = v.String()
	case string:
		text = v
	}
	f, ok := number(text)
	if !ok {
		return 0, refuse(ParsingException, clause, "expected a number and found [%v]", v)
	}
	return f.float(), nil
}

// list is a value as a list: Elasticsearch takes one value where a list of one is meant.
func list(v any) []any {
	if l, ok := v.([]any); ok {
		return l
	}
	return []any{v}
}
