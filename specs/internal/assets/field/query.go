package field

import (
	"encoding/json"
	"maps"
)

// Query is a clause of a search: an object of the Elasticsearch query DSL, which Atlan hands to Elasticsearch as it is.
// The methods of fields make clauses, and All, Any and Not combine them. A clause that this package has no method for can
// be written down: Query{"fuzzy": …}.
type Query map[string]any

// All matches what every clause matches; no clause at all matches everything. Clauses do not count towards the score.
func All(clauses ...Query) Query { return boolean("filter", clauses) }

// Must is All with clauses that count towards the score, for searches that are sorted by relevance.
func Must(clauses ...Query) Query { return boolean("must", clauses) }

// Any matches what at least one clause matches; no clause at all matches nothing.
func Any(clauses ...Query) Query { return AtLeast(1, clauses...) }

// AtLeast matches what at least n of the clauses match.
func AtLeast(n int, clauses ...Query) Query {
	if n > len(clauses) {
		return MatchNone()
	}
	return Query{"bool": map[string]any{"should": list(clauses), "minimum_should_match": n}}
}

// Not matches what none of the clauses matches.
func Not(clauses ...Query) Query { return boolean("must_not", clauses) }

// MatchAll matches everything.
func MatchAll() Query { return Query{"match_all": map[string]any{}} }

// MatchNone matches nothing.
func MatchNone() Query { return Query{"match_none": map[string]any{}} }

// Nested matches documents of which one of the objects below path matches the clause.
func Nested(path string, clause Query) Query {
	return Query{"nested": map[string]any{"path": path, "query": clause}}
}

func boolean(occurrence string, clauses []Query) Query {
	if len(clauses) == 0 {
		return MatchAll()
	}
	return Query{"bool": map[string]any{occurrence: list(clauses)}}
}

// list copies the clauses, so that the caller's slice may change afterwards.
func list(clauses []Query) []any {
	copied := make([]any, len(clauses))
	for i, c := range clauses {
		copied[i] = c
	}
	return copied
}

// Sort is one criterion of the order of results.
type Sort struct {
	Field        string // of the index
	Descending   bool
	MissingFirst bool // assets without a value come first instead of last
}

// MarshalJSON encodes the criterion for Elasticsearch: {"name.keyword": {"order": "asc"}}.
func (s Sort) MarshalJSON() ([]byte, error) {
	order := map[string]string{"order": "asc"}
	if s.Descending {
		order["order"] = "desc"
	}
	if s.MissingFirst {
		order["missing"] = "_first"
	}
	return json.Marshal(map[string]any{s.Field: order})
}

// Aggregation is an aggregation of the Elasticsearch query DSL. One that this package has no method for can be written
// down: Aggregation{"percentiles": …}.
type Aggregation map[string]any

// With returns the aggregation with another one inside, computed for each of its buckets.
func (a Aggregation) With(name string, inner Aggregation) Aggregation {
	outer, nested := Aggregation{}, map[string]any{}
	maps.Copy(outer, a)
	if before, ok := a["aggregations"].(map[string]any); ok {
		maps.Copy(nested, before)
	}
	nested[name] = inner
	outer["aggregations"] = nested
	return outer
}

// Field is any field: what a search can be asked to return.
type Field interface {
	// Attribute is the name of the attribute or relationship of the asset, which is not always that of the index.
	Attribute() string
}

// on makes a clause about one field of the index.
func on(kind, index string, body any) Query {
	return Query{kind: map[string]any{index: body}}
}

// exists matches documents with a value, and not documents without one.
func exists(index string) Query { return Query{"exists": map[string]any{"field": index}} }

// metric makes an aggregation that yields one value.
func metric(kind, index string) Aggregation {
	return Aggregation{kind: map[string]any{"field": index}}
}

// buckets makes an aggregation of the most frequent values.
func buckets(index string, size int) Aggregation {
	return Aggregation{"terms": map[string]any{"field": index, "size": size}}
}
