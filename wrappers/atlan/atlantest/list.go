package atlantest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

const usualPage = 20

// listed answers a list of the services for users and credentials: filtered by the JSON in filter, sorted, and cut by
// offset and limit.
func listed(query url.Values, rows []map[string]any) (any, error) {
	var filter any
	if text := query.Get("filter"); text != "" {
		if err := json.Unmarshal([]byte(text), &filter); err != nil {
			return nil, heracles(http.StatusBadRequest, 1000, "filter is no JSON: %v", err)
		}
	}
	all := len(rows)
	var fitting []map[string]any
	for _, row := range rows {
		ok, err := matches(filter, row)
		if err != nil {
			return nil, err
		}
		if ok {
			fitting = append(fitting, row)
		}
	}
	for _, key := range slices.Backward(query["sort"]) {
		name, down := strings.CutPrefix(key, "-")
		slices.SortStableFunc(fitting, func(a, b map[string]any) int {
			order := cmp.Compare(sortKey(a[name]), sortKey(b[name]))
			if down {
				return -order
			}
			return order
		})
	}
	filtered := len(fitting)
	offset, err := number(query, "offset", 0)
	if err != nil {
		return nil, err
	}
	limit, err := number(query, "limit", usualPage)
	if err != nil {
		return nil, err
	}
	fitting = fitting[min(offset, filtered):min(offset+limit, filtered)]
	if fitting == nil {
		fitting = []map[string]any{}
	}
	return map[string]any{"totalRecord": all, "filterRecord": filtered, "records": fitting}, nil
}

func number(query url.Values, name string, otherwise int) (int, error) {
	text := query.Get(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, heracles(http.StatusBadRequest, 1000, "%s is no number: %q", name, text)
	}
	return n, nil
}

func sortKey(v any) string {
	switch v := v.(type) {
	case int64:
		return fmt.Sprintf("%020d", v)
	case nil:
		return ""
	}
	return strings.ToLower(fmt.Sprint(v))
}

// matches evaluates a filter: names with values or operators, $and and $or.
func matches(filter any, row map[string]any) (bool, error) {
	conditions, ok := filter.(map[string]any)
	if filter == nil {
		return true, nil
	}
	if !ok {
		return false, heracles(http.StatusBadRequest, 1000, "a filter is an object")
	}
	for name, want := range conditions {
		var ok bool
		var err error
		switch name {
		case "$and", "$or":
			list, isList := want.([]any)
			if !isList {
				return false, heracles(http.StatusBadRequest, 1000, "%s takes a list", name)
			}
			ok = name == "$and" || len(list) == 0
			for _, one := range list {
				fits, err := matches(one, row)
				if err != nil {
					return false, err
				}
				if fits != (name == "$and") {
					ok = fits
					break
				}
			}
		default:
			ok, err = compares(row[name], want)
		}
		if err != nil || !ok {
			return false, err
		}
	}
	return true, nil
}

// compares evaluates what a filter says of one value.
func compares(have, want any) (bool, error) {
	switch want := want.(type) {
	case map[string]any:
		for operator, operand := range want {
			var ok bool
			switch operator {
			case "$eq":
				ok = same(have, operand)
			case "$ne", "$neq":
				ok = !same(have, operand)
			case "$in", "$nin":
				list, isList := operand.([]any)
				if !isList {
					return false, heracles(http.StatusBadRequest, 1000, "%s takes a list", operator)
				}
				ok = slices.ContainsFunc(list, func(x any) bool { return same(have, x) }) == (operator == "$in")
			case "$like", "$ilike":
				ok = have != nil && like(fmt.Sprint(have), fmt.Sprint(operand), operator == "$ilike")
			default:
				return false, heracles(http.StatusBadRequest, 1000, "unknown operator %s", operator)
			}
			if !ok {
				return false, nil
			}
		}
		return true, nil
	case []any:
		return slices.ContainsFunc(want, func(x any) bool { return same(have, x) }), nil
	}
	return same(have, want), nil
}

func same(have, want any) bool {
	if list, ok := have.([]string); ok {
		return slices.Contains(list, fmt.Sprint(want))
	}
	return have != nil && fmt.Sprint(have) == fmt.Sprint(want)
}

// like is SQL's: % stands for any text.
func like(have, pattern string, anyCase bool) bool {
	if anyCase {
		have, pattern = strings.ToLower(have), strings.ToLower(pattern)
	}
	parts := strings.Split(pattern, "%")
	if len(parts) == 1 {
		return have == pattern
	}
	if !strings.HasPrefix(have, parts[0]) {
		return false
	}
	have = have[len(parts[0]):]
	for _, part := range parts[1 : len(parts)-1] {
		i := strings.Index(have, part)
		if i < 0 {
			return false
		}
		have = have[i+len(part):]
	}
	return strings.HasSuffix(have, parts[len(parts)-1])
}

func converted[T any](list []T, write func(T) map[string]any) []map[string]any {
	out := make([]map[string]any, len(list))
	for i, x := range list {
		out[i] = write(x)
	}
	return out
}
