package elastic

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// The evaluator against a second one that is written straight from the words of the documentation: it knows no
// records, no views and no postings, and reads documents and queries as they are in JSON.

var testMapping = Mapping{
	Fields: map[string]Field{
		"id": {"id", Keyword}, "k": {"k", Keyword}, "k.lower": {"k", LowerKeyword}, "t": {"t", AtlanText},
		"n": {"n", Long}, "d": {"d", Double}, "b": {"b", Boolean},
		"o.x": {"o.x", Keyword}, "o.y": {"o.y", Long},
	},
	Nested:  []string{"o"},
	Dynamic: DynamicIgnore,
}

type naiveDocument = map[string]any

// naiveValues is the values of a field: strings as they are matched, or float64s, or bools.
func naiveValues(d naiveDocument, name string) []any {
	source, lower, split := name, false, false
	switch name {
	case "k.lower":
		source, lower = "k", true
	case "t":
		split = true
	}
	var raw []any
	if rest, ok := strings.CutPrefix(source, "o."); ok {
		objects, _ := d["o"].([]any)
		for _, o := range objects {
			if v, ok := o.(map[string]any)[rest]; ok {
				raw = append(raw, v)
			}
		}
	} else if v, ok := d[source]; ok {
		if raw, ok = v.([]any); !ok {
			raw = []any{v}
		}
	}
	var out []any
	for _, v := range raw {
		switch v := v.(type) {
		case string:
			if lower {
				v = strings.ToLower(v)
			}
			if !split {
				out = append(out, v)
				continue
			}
			spaced := ""
			digits := false
			for _, r := range v {
				digit := r >= '0' && r <= '9'
				if digit && !digits {
					spaced += " "
				}
				digits = digit
				spaced += string(r)
			}
			for _, token := range strings.FieldsFunc(strings.ToLower(spaced), func(r rune) bool { return strings.ContainsRune(" _-'/@", r) }) {
				out = append(out, token)
			}
		case int:
			out = append(out, float64(v))
		default:
			out = append(out, v)
		}
	}
	return out
}

func naiveNumber(v any) any {
	if n, ok := v.(int); ok {
		return float64(n)
	}
	return v
}

func naiveCompare(a, b any) int {
	switch a := a.(type) {
	case string:
		return strings.Compare(a, b.(string))
	case float64:
		switch b := b.(float64); {
		case a < b:
			return -1
		case a > b:
			return 1
		}
		return 0
	case bool:
		x, y := 0, 0
		if a {
			x = 1
		}
		if b.(bool) {
			y = 1
		}
		return x - y
	}
	panic("no such value")
}

func naiveAny(d naiveDocument, name string, fits func(any) bool) bool {
	return slices.ContainsFunc(naiveValues(d, name), fits)
}

func naiveWildcard(pattern, text string) bool {
	if pattern == "" {
		return text == ""
	}
	switch pattern[0] {
	case '*':
		return naiveWildcard(pattern[1:], text) || text != "" && naiveWildcard(pattern, text[1:])
	case '?':
		return text != "" && naiveWildcard(pattern[1:], text[1:])
	default:
		return text != "" && text[0] == pattern[0] && naiveWildcard(pattern[1:], text[1:])
	}
}

func naiveEdits(a, b string) int {
	if a == "" || b == "" {
		return len(a) + len(b)
	}
	cost := 1
	if a[0] == b[0] {
		cost = 0
	}
	least := min(naiveEdits(a[1:], b)+1, naiveEdits(a, b[1:])+1, naiveEdits(a[1:], b[1:])+cost)
	if len(a) > 1 && len(b) > 1 && a[0] == b[1] && a[1] == b[0] {
		least = min(least, naiveEdits(a[2:], b[2:])+1)
	}
	return least
}

func naiveMatch(q map[string]any, d naiveDocument) bool {
	for kind, raw := range q {
		body := raw.(map[string]any)
		lower := func(name string, v any) any {
			if s, ok := v.(string); ok && name == "k.lower" {
				return strings.ToLower(s)
			}
			return naiveNumber(v)
		}
		list := func(key string) []map[string]any {
			some, _ := body[key].([]map[string]any)
			return some
		}
		switch kind {
		case "match_all":
			return true
		case "match_none":
			return false
		case "bool":
			for _, inner := range slices.Concat(list("must"), list("filter")) {
				if !naiveMatch(inner, d) {
					return false
				}
			}
			for _, inner := range list("must_not") {
				if naiveMatch(inner, d) {
					return false
				}
			}
			n := 0
			for _, inner := range list("should") {
				if naiveMatch(inner, d) {
					n++
				}
			}
			least, given := body["minimum_should_match"].(int)
			required := len(list("must")) + len(list("filter"))
			switch {
			case len(list("should"))+required+len(list("must_not")) == 0:
				return true
			case len(list("should")) > 0 && required == 0 && (!given || least == 0):
				least = 1
			}
			return n >= least
		case "constant_score":
			return naiveMatch(body["filter"].(map[string]any), d)
		case "exists":
			if body["field"] == "t" {
				_, ok := d["t"] // text without tokens exists too
				return ok
			}
			return len(naiveValues(d, body["field"].(string))) > 0
		case "ids":
			return slices.Contains(body["values"].([]string), d["id"].(string))
		case "nested":
			objects, _ := d["o"].([]any)
			return slices.ContainsFunc(objects, func(o any) bool {
				return naiveMatch(body["query"].(map[string]any), naiveDocument{"o": []any{o}, "id": d["id"]})
			})
		}
		for name, raw := range body {
			switch kind {
			case "term":
				p := raw.(map[string]any)
				want := lower(name, p["value"])
				fold := p["case_insensitive"] == true
				return naiveAny(d, name, func(v any) bool {
					if fold {
						return strings.EqualFold(v.(string), want.(string))
					}
					return v == want
				})
			case "terms":
				return slices.ContainsFunc(raw.([]any), func(want any) bool {
					return naiveAny(d, name, func(v any) bool { return v == lower(name, want) })
				})
			case "prefix":
				return naiveAny(d, name, func(v any) bool { return strings.HasPrefix(v.(string), lower(name, raw).(string)) })
			case "wildcard":
				return naiveAny(d, name, func(v any) bool { return naiveWildcard(lower(name, raw).(string), v.(string)) })
			case "fuzzy":
				p := raw.(map[string]any)
				return naiveAny(d, name, func(v any) bool {
					return naiveEdits(lower(name, p["value"]).(string), v.(string)) <= p["fuzziness"].(int)
				})
			case "range":
				return naiveAny(d, name, func(v any) bool {
					for bound, to := range raw.(map[string]any) {
						c := naiveCompare(v, lower(name, to))
						if bound == "gt" && c <= 0 || bound == "gte" && c < 0 || bound == "lt" && c >= 0 || bound == "lte" && c > 0 {
							return false
						}
					}
					return true
				})
			case "match":
				p := raw.(map[string]any)
				words := naiveValues(naiveDocument{"t": p["query"]}, "t")
				n := 0
				for _, word := range words {
					if naiveAny(d, name, func(v any) bool { return v == word }) {
						n++
					}
				}
				if p["operator"] == "and" {
					return len(words) > 0 && n == len(words)
				}
				return n > 0
			}
		}
	}
	panic(fmt.Sprint("unknown query ", q))
}

// naiveSort orders documents by criteria like {"n":{"order":"desc"}} and then by id.
func naiveSort(documents []naiveDocument, criteria []map[string]any) []string {
	key := func(d naiveDocument, name string, desc bool) any {
		values := naiveValues(d, name)
		if len(values) == 0 {
			return nil
		}
		if desc {
			return slices.MaxFunc(values, naiveCompare)
		}
		return slices.MinFunc(values, naiveCompare)
	}
	sorted := slices.Clone(documents)
	slices.SortFunc(sorted, func(a, b naiveDocument) int {
		for _, one := range criteria {
			for name, raw := range one {
				p := raw.(map[string]any)
				desc := p["order"] == "desc"
				x, y := key(a, name, desc), key(b, name, desc)
				before := 1
				if p["missing"] == "_first" {
					before = -1
				}
				switch {
				case x == nil && y == nil:
				case x == nil:
					return before
				case y == nil:
					return -before
				default:
					c := naiveCompare(x, y)
					if desc {
						c = -c
					}
					if c != 0 {
						return c
					}
				}
			}
		}
		return strings.Compare(a["id"].(string), b["id"].(string))
	})
	var ids []string
	for _, d := range sorted {
		ids = append(ids, d["id"].(string))
	}
	return ids
}

var (
	genText     = rapid.SampledFrom([]string{"a", "A", "ab", "AB", "aB", "b", "ba", "abc", "c", ""})
	genSentence = rapid.SampledFrom([]string{"ORDERS_2024", "orders by day", "Order-lines", "day's end", "a/b@c", "2024", "", "by"})
)

// drawDocument makes a document with at most some values of a number.
func drawDocument(t *rapid.T, id string, numbers int) naiveDocument {
	d := naiveDocument{"id": id}
	some := func(name string, most int, gen func() any) {
		switch n := rapid.IntRange(0, most).Draw(t, name); n {
		case 0:
		case 1:
			d[name] = gen()
		default:
			list := []any{}
			for range n {
				list = append(list, gen())
			}
			d[name] = list
		}
	}
	some("k", 3, func() any { return genText.Draw(t, "k") })
	some("t", 3, func() any { return genSentence.Draw(t, "t") })
	some("n", numbers, func() any { return rapid.IntRange(-3, 3).Draw(t, "n") })
	some("d", numbers, func() any { return float64(rapid.IntRange(-3, 3).Draw(t, "d")) + 0.5 })
	if rapid.Bool().Draw(t, "has b") {
		d["b"] = rapid.Bool().Draw(t, "b")
	}
	objects := []any{}
	for range rapid.IntRange(0, 2).Draw(t, "objects") {
		objects = append(objects, map[string]any{"x": genText.Draw(t, "x"), "y": rapid.IntRange(0, 2).Draw(t, "y")})
	}
	d["o"] = objects
	return d
}

func drawValue(t *rapid.T, name string) any {
	switch name {
	case "n", "o.y":
		return rapid.IntRange(-3, 3).Draw(t, "value")
	case "d":
		return float64(rapid.IntRange(-3, 3).Draw(t, "value")) + 0.5
	case "b":
		return rapid.Bool().Draw(t, "value")
	case "t":
		return rapid.SampledFrom([]string{"orders", "2024", "day", "by", "s", "Orders"}).Draw(t, "value")
	default:
		return genText.Draw(t, "value")
	}
}

func drawQuery(t *rapid.T, depth int, fields ...string) map[string]any {
	if len(fields) == 0 {
		fields = []string{"k", "k.lower", "t", "n", "d", "b"}
	}
	kinds := []string{"match_all", "match_none", "term", "term", "terms", "exists", "prefix", "wildcard", "fuzzy", "range", "range", "match"}
	if depth > 0 {
		kinds = append(kinds, "bool", "bool", "bool", "constant_score")
		if fields[0] == "k" {
			kinds = append(kinds, "nested", "ids")
		}
	}
	textual := []string{}
	for _, name := range fields {
		if !slices.Contains([]string{"n", "d", "b", "o.y"}, name) {
			textual = append(textual, name)
		}
	}
	kind := rapid.SampledFrom(kinds).Draw(t, "kind")
	name := rapid.SampledFrom(fields).Draw(t, "field")
	switch kind {
	case "match_all", "match_none":
		return map[string]any{kind: map[string]any{}}
	case "term":
		p := map[string]any{"value": drawValue(t, name)}
		if slices.Contains(textual, name) && rapid.Bool().Draw(t, "fold") {
			p["case_insensitive"] = true
		}
		return map[string]any{kind: map[string]any{name: p}}
	case "terms":
		values := []any{}
		for range rapid.IntRange(0, 12).Draw(t, "values") {
			values = append(values, drawValue(t, name))
		}
		return map[string]any{kind: map[string]any{name: values}}
	case "exists":
		return map[string]any{kind: map[string]any{"field": name}}
	case "ids":
		values := []string{}
		for range rapid.IntRange(0, 5).Draw(t, "values") {
			values = append(values, fmt.Sprintf("%03d", rapid.IntRange(0, 30).Draw(t, "id")))
		}
		return map[string]any{kind: map[string]any{"values": values}}
	case "prefix":
		name = rapid.SampledFrom(textual).Draw(t, "field")
		return map[string]any{kind: map[string]any{name: drawValue(t, name)}}
	case "wildcard":
		name = rapid.SampledFrom(textual).Draw(t, "field")
		return map[string]any{kind: map[string]any{name: rapid.StringOfN(rapid.SampledFrom([]rune("aAb*?")), 0, 4, -1).Draw(t, "pattern")}}
	case "fuzzy":
		name = rapid.SampledFrom(textual).Draw(t, "field")
		return map[string]any{kind: map[string]any{name: map[string]any{"value": drawValue(t, name), "fuzziness": rapid.IntRange(0, 2).Draw(t, "fuzziness")}}}
	case "range":
		bounds := map[string]any{}
		if low := rapid.SampledFrom([]string{"", "gt", "gte"}).Draw(t, "low"); low != "" {
			bounds[low] = drawValue(t, name)
		}
		if high := rapid.SampledFrom([]string{"", "lt", "lte"}).Draw(t, "high"); high != "" {
			bounds[high] = drawValue(t, name)
		}
		return map[string]any{kind: map[string]any{name: bounds}}
	case "match":
		if !slices.Contains(fields, "t") {
			return map[string]any{"match_all": map[string]any{}}
		}
		return map[string]any{kind: map[string]any{"t": map[string]any{"query": genSentence.Draw(t, "text"), "operator": rapid.SampledFrom([]string{"and", "or"}).Draw(t, "operator")}}}
	case "constant_score":
		return map[string]any{kind: map[string]any{"filter": drawQuery(t, depth-1, fields...)}}
	case "nested":
		return map[string]any{kind: map[string]any{"path": "o", "query": drawQuery(t, depth-1, "o.x", "o.y")}}
	}
	body := map[string]any{}
	for _, key := range []string{"must", "filter", "should", "must_not"} {
		if n := rapid.IntRange(-1, 2).Draw(t, key); n >= 0 {
			list := []map[string]any{}
			for range n {
				list = append(list, drawQuery(t, depth-1, fields...))
			}
			body[key] = list
		}
	}
	if rapid.IntRange(0, 3).Draw(t, "minimum") == 0 {
		body["minimum_should_match"] = rapid.IntRange(0, 3).Draw(t, "minimum")
	}
	return map[string]any{"bool": body}
}

func drawSort(t *rapid.T) []map[string]any {
	criteria := []map[string]any{}
	for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"k", "k.lower", "n", "d", "b"}), 0, 2, rapid.ID).Draw(t, "sort") {
		criteria = append(criteria, map[string]any{name: map[string]any{
			"order":   rapid.SampledFrom([]string{"asc", "desc"}).Draw(t, "order"),
			"missing": rapid.SampledFrom([]string{"_first", "_last"}).Draw(t, "missing"),
		}})
	}
	return criteria
}

func fits(documents map[string]naiveDocument, q map[string]any) []naiveDocument {
	var some []naiveDocument
	for _, d := range documents {
		if naiveMatch(q, d) {
			some = append(some, d)
		}
	}
	return some
}

func encode(v any) []byte {
	encoded, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return encoded
}

func TestSearchIsWhatTheWordsSay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ix := New(testMapping)
		documents := map[string]naiveDocument{}
		// Enough for postings to be used.
		for i := range rapid.SampledFrom([]int{0, 3, 90}).Draw(t, "size") {
			id := fmt.Sprintf("%03d", i)
			documents[id] = drawDocument(t, id, 3)
			ix.Put(id, documents[id])
		}
		for range 4 {
			q, criteria := drawQuery(t, 3), drawSort(t)
			want := naiveSort(fits(documents, q), criteria)
			body := map[string]any{
				"query": q, "sort": append(criteria, map[string]any{"id": "asc"}), "size": 1000,
				"aggs": map[string]any{"all": map[string]any{"value_count": map[string]any{"field": "id"}}},
			}
			result, err := ix.Search(encode(body))
			if err != nil {
				t.Fatalf("%s: %v", encode(body), err)
			}
			var got []string
			for _, hit := range result.Hits {
				got = append(got, hit.ID)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("%s\n%s", encode(body), diff)
			}
			if counted := result.Aggregations["all"].(map[string]any)["value"]; counted != len(want) || result.Total != len(want) {
				t.Fatalf("%s: counted %v and %d of %d", encode(body), counted, result.Total, len(want))
			}
		}
	})
}

// A walk with search_after, while documents come, change and go.
func TestWalkIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ix := New(testMapping)
		documents := map[string]naiveDocument{}
		numbers := rapid.SampledFrom([]int{1, 3}).Draw(t, "numbers") // a range by what is sorted by is cut out if they are single
		for i := range rapid.SampledFrom([]int{5, 20, 80}).Draw(t, "size") {
			id := fmt.Sprintf("%03d", i)
			documents[id] = drawDocument(t, id, numbers)
			ix.Put(id, documents[id])
		}
		q, criteria := drawQuery(t, 2), drawSort(t)
		if rapid.Bool().Draw(t, "window") {
			name := rapid.SampledFrom([]string{"n", "d"}).Draw(t, "by")
			criteria = []map[string]any{{name: map[string]any{
				"order":   rapid.SampledFrom([]string{"asc", "desc"}).Draw(t, "order"),
				"missing": rapid.SampledFrom([]string{"_first", "_last"}).Draw(t, "missing"),
			}}}
			bounds := map[string]any{}
			if low := rapid.SampledFrom([]string{"", "gt", "gte"}).Draw(t, "low"); low != "" {
				bounds[low] = drawValue(t, name)
			}
			if high := rapid.SampledFrom([]string{"", "lt", "lte"}).Draw(t, "high"); high != "" {
				bounds[high] = drawValue(t, name)
			}
			q = map[string]any{"bool": map[string]any{"filter": []map[string]any{q, {"range": map[string]any{name: bounds}}}}}
		}
		body := map[string]any{"query": q, "sort": append(slices.Clone(criteria), map[string]any{"id": "asc"}), "size": rapid.IntRange(1, 7).Draw(t, "page")}
		untouched := map[string]bool{}
		for _, d := range fits(documents, q) {
			untouched[d["id"].(string)] = true
		}
		seen := map[string]int{}
		var last naiveDocument
		for pages := 0; ; pages++ {
			result, err := ix.Search(encode(body))
			if err != nil {
				t.Fatal(err)
			}
			// What is expected now: everything that fits, behind the last hit as it was when it was seen.
			all := fits(documents, q)
			expected := all
			if last != nil {
				expected = naiveBehind(expected, last, criteria)
			}
			want := naiveSort(expected, criteria)
			if result.Total != len(all) {
				t.Fatalf("total %d of %d", result.Total, len(all))
			}
			want = want[:min(len(want), body["size"].(int))]
			var got []string
			for _, hit := range result.Hits {
				got = append(got, hit.ID)
				seen[hit.ID]++
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("page %d of %s\n%s", pages, encode(body), diff)
			}
			if len(result.Hits) == 0 {
				break
			}
			hit := result.Hits[len(result.Hits)-1]
			body["search_after"], last = hit.Sort, documents[hit.ID]
			for range rapid.IntRange(0, 4).Draw(t, "changes") {
				if pages > 30 {
					break // let it end
				}
				id := fmt.Sprintf("%03d", rapid.IntRange(0, 90).Draw(t, "id"))
				delete(untouched, id)
				seen[id] = 0
				if rapid.IntRange(0, 2).Draw(t, "delete") == 0 {
					if _, there := documents[id]; ix.Delete(id) != there {
						t.Fatal("Delete is wrong about what was there")
					}
					delete(documents, id)
					continue
				}
				documents[id] = drawDocument(t, id, numbers)
				ix.Put(id, documents[id])
			}
		}
		for id := range untouched {
			if seen[id] != 1 {
				t.Fatalf("%s was there all the time and was seen %d times", id, seen[id])
			}
		}
	})
}

// naiveBehind returns what comes behind a document in an order, equal sort values not being behind.
func naiveBehind(documents []naiveDocument, marker naiveDocument, criteria []map[string]any) []naiveDocument {
	return slices.DeleteFunc(slices.Clone(documents), func(d naiveDocument) bool {
		if d["id"] != marker["id"] {
			return naiveSort([]naiveDocument{d, marker}, criteria)[0] == d["id"]
		}
		// The same id: behind if its other keys are, whatever the ids are.
		d, before := maps.Clone(d), maps.Clone(marker)
		d["id"], before["id"] = "1", "2"
		return naiveSort([]naiveDocument{d, before}, criteria)[0] == "1"
	})
}
