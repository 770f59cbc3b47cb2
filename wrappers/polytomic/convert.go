package polytomic

import (
	"encoding/json"
	"fmt"
	"net/http"
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

// into makes a request of the fields that it shares with the description: in Polytomic's API they have the same names.
func (d description) into(request any) error {
	text, err := json.Marshal(d)
	if err == nil {
		err = decodeExact(text, request)
	}
	if err != nil {
		return &apierr.Error{Service: service, Kind: apierr.KindDecode, Err: fmt.Errorf("what was read does not fit the request that replaces it: %w", err)}
	}
	return nil
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
