package elastic

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

var zoneUTC = time.UTC

// Hit is a document that was found.
type Hit struct {
	// ID is the id it was put under.
	ID string
	// Score is the sum of the boosts of the clauses it fits; 0 when nothing was sorted by it.
	Score float64
	// Sort is its sort values, for search_after; nil when the request has no sort.
	Sort []any
}

// Result is the answer to a search.
type Result struct {
	// Hits is the page.
	Hits []Hit
	// Total is how many documents fit, unless Relation says that they are at least that many.
	Total int
	// Relation is "eq" or "gte", as track_total_hits asks; empty if it is false, and Total 0.
	Relation string
	// Scored says whether hits have scores.
	Scored bool
	// Aggregations is what aggregations are answered with, by their names; nil if there were none. The values are
	// what json.Marshal writes Elasticsearch's answer from.
	Aggregations map[string]any
}

// indexed is a place in a list.
func indexed(clause string, i int) string { return clause + "[" + strconv.Itoa(i) + "]" }

// request is a compiled search.
type request struct {
	query, post  query
	window       *between // a range by what is sorted by first, taken out of ...
	rest         query    // ... this
	sorting      *sorting
	key          string
	after        []value
	from, size   int
	track        int // how far hits are counted, or trackAll or trackNone
	aggregations []aggregation
}

const (
	trackAll  = math.MaxInt32
	trackNone = -1
)

// Search evaluates a body: the DSL of Elasticsearch's search, of which the package documentation lists what is
// understood. Errors are of type [*Error]; nothing that is not understood is passed over. It does no I/O.
func (ix *Index) Search(body []byte) (*Result, error) {
	raw, bad := parseBody(body)
	if bad != nil {
		return nil, bad
	}
	ix.mu.Lock()
	defer ix.mu.Unlock()
	r, bad := ix.compile(raw)
	if bad != nil {
		return nil, bad
	}
	result, bad := ix.search(r)
	if bad != nil {
		return nil, bad
	}
	return result, nil
}

// Count returns how many documents fit the query of a body such as {"query":{…}}.
func (ix *Index) Count(body []byte) (int, error) {
	raw, bad := parseBody(body)
	if bad != nil {
		return 0, bad
	}
	ix.mu.Lock()
	defer ix.mu.Unlock()
	r, bad := ix.compile(raw)
	if bad != nil {
		return 0, bad
	}
	n := 0
	ix.each(r.query, func(uint32, *record) { n++ })
	return n, nil
}

func (ix *Index) compile(raw any) (*request, *Error) {
	o, bad := asObject(raw, "")
	if bad != nil {
		return nil, bad
	}
	c := &compiler{fields: ix.fields}
	r := &request{size: 10, track: 10_000, query: constant{every: true, boost: 1}}
	var sorted, after, asked any
	var key strings.Builder
	fmt.Fprintf(&key, "%d", ix.fields.version)
	remember := func(name string, v any) {
		key.WriteString("\x00" + name + "\x00")
		write(&key, v)
	}
	for i, name := range o.keys {
		v := o.values[i]
		switch name {
		case "query":
			if v == nil {
				continue
			}
			asked = v
			r.query, bad = c.query(v, name)
		case "post_filter":
			if v == nil {
				continue
			}
			remember(name, v)
			r.post, bad = c.query(v, name)
		case "sort":
			sorted = v
			remember(name, v)
		case "search_after":
			after = v
		case "from":
			if r.from, bad = asInt(v, name); bad == nil && r.from < 0 {
				bad = refuse(IllegalArgument, name, "[from] parameter cannot be negative, found [%d]", r.from)
			}
		case "size":
			if r.size, bad = asInt(v, name); bad == nil && r.size < 0 {
				bad = refuse(IllegalArgument, name, "[size] parameter cannot be negative, found [%d]", r.size)
			}
		case "track_total_hits":
			bad = r.tracking(v)
		case "aggregations", "aggs":
			if r.aggregations != nil {
				bad = refuse(ParsingException, name, "found [aggs] and [aggregations]")
				break
			}
			r.aggregations, bad = c.aggregations(v, name, 0)
		case "_source", "timeout", "preference":
			// They change how an answer is made and not which documents are in it.
		default:
			bad = refuse(ParsingException, name, "unknown key [%s] in the body of a search", name)
		}
		if bad != nil {
			return nil, bad
		}
	}
	if r.from+r.size > ix.window {
		return nil, refuse(IllegalArgument, "", "Result window is too large, from + size must be less than or equal to: [%d] but was [%d]. See the scroll api for a more efficient way to request large data sets. This limit can be set by changing the [index.max_result_window] index level setting.", ix.window, r.from+r.size)
	}
	if r.sorting, bad = c.sorting(sorted, r.query); bad != nil {
		return nil, bad
	}
	if after != nil {
		if r.from > 0 {
			return nil, refuse(IllegalArgument, "search_after", "`from` parameter must be set to 0 when `search_after` is used.")
		}
		if r.after, bad = r.sorting.after(after, "search_after"); bad != nil {
			return nil, bad
		}
	}
	if bad := c.split(r, asked, &key); bad != nil {
		return nil, bad
	}
	r.key = key.String()
	r.sorting.label = fmt.Sprintf("%d\x00", ix.fields.version) + text(sorted)
	return r, nil
}

// split takes a range by the first sort field out of the filters of a bool: clients that page by time change it with
// every page, and the rest stays the same.
func (c *compiler) split(r *request, asked any, key *strings.Builder) *Error {
	rest := asked
	if first := &r.sorting.criteria[0]; first.field != nil && !r.sorting.scored && (first.missing == extreme(first.typ, true) || first.missing == extreme(first.typ, false)) &&
		(first.typ == Long || first.typ == Double || first.typ == Date) && !c.fields.irregular[first.field.source] {
		var taken any
		if rest, taken = without(asked, first.field.name); taken != nil {
			q, bad := c.query(taken, "query")
			if bad != nil {
				return bad
			}
			window, ok := q.(*between)
			if r.rest, bad = c.query(rest, "query"); bad != nil {
				return bad
			}
			if ok {
				r.window = window
			} else {
				rest = asked
			}
		}
	}
	key.WriteString("\x00query\x00")
	write(key, rest)
	return nil
}

// without returns a query like {"bool":{"filter":[…]}} without the one range by a field in its filter or must, and that.
func without(asked any, name string) (rest, taken any) {
	outer, _ := asked.(*object)
	if outer == nil || len(outer.keys) != 1 || outer.keys[0] != "bool" {
		return asked, nil
	}
	body, _ := outer.values[0].(*object)
	if body == nil {
		return asked, nil
	}
	for i, key := range body.keys {
		clauses, isList := body.values[i].([]any)
		if !isList || key != "filter" && key != "must" || len(clauses) < 2 {
			continue
		}
		for j, clause := range clauses {
			one, _ := clause.(*object)
			if one == nil || len(one.keys) != 1 || one.keys[0] != "range" {
				continue
			}
			if field, _ := one.values[0].(*object); field == nil || len(field.keys) != 1 || field.keys[0] != name {
				continue
			}
			values := slices.Clone(body.values)
			values[i] = slices.Delete(slices.Clone(clauses), j, j+1)
			return &object{keys: outer.keys, values: []any{&object{keys: body.keys, values: values}}}, clause
		}
	}
	return asked, nil
}

func (r *request) tracking(v any) *Error {
	switch v := v.(type) {
	case bool:
		r.track = trackNone
		if v {
			r.track = trackAll
		}
		return nil
	case json.Number, string:
		if v == "true" || v == "false" {
			return r.tracking(v == "true")
		}
		n, bad := asInt(v, "track_total_hits")
		if bad != nil {
			return bad
		}
		if n < trackNone {
			return refuse(IllegalArgument, "track_total_hits", "[track_total_hits] parameter must be positive or equals to -1, got %d", n)
		}
		r.track = n
		return nil
	}
	return refuse(ParsingException, "track_total_hits", "expected a boolean or a number and found [%s]", typeName(v))
}

// both is a query and a post_filter.
type both struct{ query, post query }

func (q both) match(r *record) bool                  { return q.query.match(r) && q.post.match(r) }
func (q both) score(r *record) float64               { return q.query.score(r) }
func (q both) candidates(ix *Index) ([]uint32, bool) { return candidatesOf(ix, q.query) }

func (ix *Index) search(r *request) (*Result, *Error) {
	q := r.query
	if r.post != nil {
		q = both{r.query, r.post}
	}
	result := &Result{Scored: r.sorting.scored}
	total := 0
	if r.size == 0 {
		ix.each(q, func(uint32, *record) { total++ })
	} else {
		kept := q
		if r.window != nil {
			if kept = r.rest; r.post != nil {
				kept = both{r.rest, r.post}
			}
		}
		v := ix.view(r.key, kept, r.sorting)
		fit := v.ordinals
		if r.window != nil {
			fit = ix.between(v, r.window)
		}
		total = len(fit)
		page := ix.page(r.sorting, fit, r.after, r.from, r.size)
		result.Hits = make([]Hit, 0, len(page))
		for _, ordinal := range page {
			found := ix.records[ordinal]
			hit := Hit{ID: found.id}
			if r.sorting.scored {
				hit.Score = r.query.score(found)
			}
			if r.sorting.given {
				hit.Sort = r.sorting.external(found)
			}
			result.Hits = append(result.Hits, hit)
		}
	}
	if r.track != trackNone {
		result.Total, result.Relation = total, "eq"
		if total > r.track {
			result.Total, result.Relation = r.track, "gte"
		}
	}
	if r.aggregations != nil {
		var matched []*record
		ix.each(r.query, func(_ uint32, found *record) { matched = append(matched, found) })
		var bad *Error
		if result.Aggregations, bad = aggregate(r.aggregations, matched); bad != nil {
			return nil, bad
		}
	}
	return result, nil
}

// write writes a parsed value, to tell requests apart.
func write(b *strings.Builder, v any) {
	switch v := v.(type) {
	case *object:
		b.WriteByte('{')
		for i, key := range v.keys {
			b.WriteString(strconv.Quote(key))
			b.WriteByte(':')
			write(b, v.values[i])
			b.WriteByte(',')
		}
		b.WriteByte('}')
	case []any:
		b.WriteByte('[')
		for _, inner := range v {
			write(b, inner)
			b.WriteByte(',')
		}
		b.WriteByte(']')
	case string:
		b.WriteString(strconv.Quote(v))
	default:
		fmt.Fprint(b, v)
	}
}

func text(v any) string {
	var b strings.Builder
	write(&b, v)
	return b.String()
}

// timeZone is "Z", "+02:00" or the name of a zone.
func timeZone(raw any, clause string) (*time.Location, *Error) {
	name, bad := asText(raw, clause+".time_zone")
	if bad != nil {
		return nil, bad
	}
	if name == "Z" || name == "UTC" {
		return zoneUTC, nil
	}
	if t, err := time.Parse("-07:00", name); err == nil {
		_, offset := t.Zone()
		return time.FixedZone(name, offset), nil
	}
	zone, err := time.LoadLocation(name)
	if err != nil || name == "Local" || name == "" {
		return nil, refuse(IllegalArgument, clause+".time_zone", "Unknown time-zone ID: %s", name)
	}
	return zone, nil
}
