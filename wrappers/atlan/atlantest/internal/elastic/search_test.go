package elastic

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// things is five documents that most clauses tell apart.
func things() *Index {
	ix := New(testMapping)
	for _, d := range []map[string]any{
		{"id": "1", "k": "Alpha", "t": "ORDERS_2024 by day", "n": 1, "d": 0.5, "b": true, "o": []any{map[string]any{"x": "p", "y": 1}, map[string]any{"x": "q", "y": 2}}},
		{"id": "2", "k": "alpha", "t": "orders by week", "n": 2, "b": false, "o": map[string]any{"x": "p", "y": 2}},
		{"id": "3", "k": []any{"beta", "Gamma"}, "t": "the week of orders", "n": []any{3, 30}},
		{"id": "4", "k": "delta.x", "t": "returns/2024", "n": json.Number("9007199254740993"), "d": 2.25},
		{"id": "5"},
	} {
		ix.Put(d["id"].(string), d)
	}
	return ix
}

func found(t *testing.T, ix *Index, body string) (string, *Result) {
	t.Helper()
	result, err := ix.Search([]byte(body))
	if err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	var ids []string
	for _, hit := range result.Hits {
		ids = append(ids, hit.ID)
	}
	return strings.Join(ids, " "), result
}

func TestQueries(t *testing.T) {
	ix := things()
	for query, want := range map[string]string{
		`{"term":{"k":"alpha"}}`:                                       "2",
		`{"term":{"k":{"value":"ALPHA","case_insensitive":true}}}`:     "1 2",
		`{"term":{"k.lower":"ALPHA"}}`:                                 "1 2",
		`{"term":{"t":"orders"}}`:                                      "1 2 3",
		`{"term":{"t":"ORDERS"}}`:                                      "", // a term is not analysed
		`{"term":{"n":9007199254740993}}`:                              "4",
		`{"term":{"n":9007199254740992}}`:                              "",
		`{"term":{"n":"30"}}`:                                          "3",
		`{"term":{"n":1.5}}`:                                           "",
		`{"term":{"b":"true"}}`:                                        "1",
		`{"term":{"nowhere":"x"}}`:                                     "",
		`{"terms":{"k":["alpha","Gamma"],"boost":2}}`:                  "2 3",
		`{"terms":{"k":[]}}`:                                           "",
		`{"terms":{"n":[2,30]}}`:                                       "2 3",
		`{"ids":{"values":["5","9"]}}`:                                 "5",
		`{"exists":{"field":"d"}}`:                                     "1 4",
		`{"exists":{"field":"o"}}`:                                     "1 2",
		`{"exists":{"field":"k."}}`:                                    "",
		`{"exists":{"field":"i"}}`:                                     "", // id is no part of it
		`{"match":{"t":{"query":"week","minimum_should_match":"0%"}}}`: "2 3",
		`{"bool":{"filter":[{"exists":{"field":"b"}}],"should":[{"term":{"n":9}}],"minimum_should_match":"-3"}}`: "1 2",
		`{"terms":{"k":["a1","a2","a3","a4","a5","a6","a7","a8","alpha"]}}`:                                      "2",
		`{"terms":{"k.lower":["A1","A2","A3","A4","A5","A6","A7","A8","ALPHA"]}}`:                                "1 2",
		`{"prefix":{"k":"de"}}`:                                                 "4",
		`{"prefix":{"k":{"value":"AL","case_insensitive":true}}}`:               "1 2",
		`{"wildcard":{"k":"*lt?.x"}}`:                                           "4",
		`{"wildcard":{"k":{"wildcard":"b*"}}}`:                                  "3",
		`{"wildcard":{"k":{"value":"A*","case_insensitive":true}}}`:             "1 2",
		`{"regexp":{"k":"delta\\.x"}}`:                                          "4",
		`{"regexp":{"k":"delta"}}`:                                              "", // the whole value
		`{"regexp":{"k":{"value":"[a-b](l|e).*","flags":"ALL"}}}`:               "2 3",
		`{"regexp":{"k":{"value":"ALPHA","case_insensitive":true}}}`:            "1 2",
		`{"regexp":{"k":"\"delta.\"@"}}`:                                        "4",
		`{"regexp":{"k.lower":"ALP.*"}}`:                                        "1 2", // the normalizer is for expressions, too
		`{"fuzzy":{"k":"alpah"}}`:                                               "2",
		`{"fuzzy":{"k":{"value":"bata","fuzziness":"AUTO","prefix_length":1}}}`: "3",
		`{"fuzzy":{"k":{"value":"eta","fuzziness":1,"transpositions":false}}}`:  "3",
		`{"range":{"n":{"gt":1,"lte":3}}}`:                                      "2 3",
		`{"range":{"n":{"gte":9007199254740993}}}`:                              "4",
		`{"range":{"d":{"lt":1}}}`:                                              "1",
		`{"range":{"k":{"gte":"b","lt":"c"}}}`:                                  "3",
		`{"range":{"n":{"gte":2,"lt":null}}}`:                                   "2 3 4",
		`{"match":{"t":"Orders, WEEK"}}`:                                        "2 3",
		`{"match":{"t":{"query":"week orders","operator":"AND"}}}`:              "2 3",
		`{"match":{"t":{"query":"by day week","minimum_should_match":2}}}`:      "1 2",
		`{"match":{"t":{"query":"by day week","minimum_should_match":"75%"}}}`:  "1 2",
		`{"match":{"t":{"query":"ordres","fuzziness":"AUTO"}}}`:                 "1 2 3",
		`{"match":{"t":{"query":" ","zero_terms_query":"all"}}}`:                "1 2 3 4 5",
		`{"match":{"t":""}}`:                                                    "",
		`{"match":{"n":"2"}}`:                                                   "2",
		`{"match":{"k.lower":"ALPHA"}}`:                                         "1 2",
		`{"match_phrase":{"t":"orders by"}}`:                                    "2",
		`{"match_phrase":{"t":{"query":"2024 by day"}}}`:                        "1",
		`{"multi_match":{"query":"alpha","fields":["k.lower^2","t"]}}`:          "1 2",
		`{"multi_match":{"query":"week of","fields":["t"],"type":"phrase"}}`:    "3",
		`{"bool":{}}`: "1 2 3 4 5",
		`{"bool":{"must":{"exists":{"field":"n"}},"must_not":[{"term":{"b":true}}]}}`:                                                   "2 3 4",
		`{"bool":{"filter":[{"exists":{"field":"b"}}],"should":[{"term":{"n":9}}]}}`:                                                    "1 2",
		`{"bool":{"should":[{"term":{"n":1}},{"term":{"n":2}},{"term":{"b":true}}],"minimum_should_match":2}}`:                          "1",
		`{"bool":{"should":[{"term":{"n":1}},{"term":{"n":2}},{"term":{"b":true}}],"minimum_should_match":"-1"}}`:                       "1",
		`{"bool":{"should":[{"term":{"n":1}}],"minimum_should_match":2}}`:                                                               "",
		`{"bool":{"should":[{"term":{"n":1}}],"minimum_should_match":0}}`:                                                               "1", // nothing else is required
		`{"bool":{"should":[{"term":{"n":1}},{"term":{"n":2}}],"minimum_should_match":"-2"}}`:                                           "1 2",
		`{"bool":{"should":[{"term":{"n":1}}],"must_not":[{"term":{"n":2}}],"minimum_should_match":0}}`:                                 "1",
		`{"bool":{"filter":[{"exists":{"field":"b"}}],"should":[{"term":{"n":9}}],"minimum_should_match":0}}`:                           "1 2",
		`{"bool":{"minimum_should_match":1}}`:                                                                                           "1 2 3 4 5",
		`{"bool":{"filter":[{"exists":{"field":"b"}}],"minimum_should_match":1}}`:                                                       "",
		`{"constant_score":{"filter":{"term":{"n":1}},"boost":3}}`:                                                                      "1",
		`{"function_score":{"query":{"exists":{"field":"b"}},"functions":[{"filter":{"term":{"n":1}},"weight":2}],"boost_mode":"sum"}}`: "1 2",
		`{"nested":{"path":"o","query":{"bool":{"filter":[{"term":{"o.x":"p"}},{"term":{"o.y":2}}]}}}}`:                                 "2",
		`{"bool":{"filter":[{"term":{"o.x":"p"}},{"term":{"o.y":2}}]}}`:                                                                 "1 2",
		`{"nested":{"path":"none","query":{"match_all":{}},"ignore_unmapped":true}}`:                                                    "",
	} {
		got, result := found(t, ix, `{"query":`+query+`,"sort":["id"]}`)
		if got != want || result.Total != len(strings.Fields(want)) {
			t.Errorf("%s: %q of %d, want %q", query, got, result.Total, want)
		}
		if n, err := ix.Count([]byte(`{"query":` + query + `}`)); err != nil || n != result.Total {
			t.Errorf("%s: counted %d, %v", query, n, err)
		}
	}
}

// TestDates checks what a date without all of its parts stands for: its beginning for gte and lt, its end for gt and
// lte, and all of it for term.
func TestDates(t *testing.T) {
	ix := New(Mapping{Fields: map[string]Field{"id": {"id", Keyword}, "at": {"at", Date}}})
	for id, at := range map[string]any{
		"1": "2024-01-31T23:59:59.999Z", "2": "2024-02-01", "3": "2024-02-01T10:30:59.5Z", "4": 1706831999999 /* the last of the day */, "5": "2024-02-02",
	} {
		ix.Put(id, map[string]any{"id": id, "at": at})
	}
	for query, want := range map[string]string{
		`{"range":{"at":{"gte":"2024-02-01"}}}`:                                    "2 3 4 5",
		`{"range":{"at":{"gt":"2024-02-01"}}}`:                                     "5",
		`{"range":{"at":{"lt":"2024-02-01"}}}`:                                     "1",
		`{"range":{"at":{"lte":"2024-02-01"}}}`:                                    "1 2 3 4",
		`{"range":{"at":{"gte":"2024-02-01","lte":"2024-02-01"}}}`:                 "2 3 4",
		`{"range":{"at":{"gt":"2024-02"}}}`:                                        "5", // the day of a month that is left out is its first
		`{"range":{"at":{"lte":"2024-02-01T10:30"}}}`:                              "1 2 3",
		`{"range":{"at":{"lte":"2024-02-01T10:30:59Z"}}}`:                          "1 2 3",
		`{"range":{"at":{"lte":"2024-02-01T10:30:59.4Z"}}}`:                        "1 2",
		`{"range":{"at":{"lte":"2024-02-01","time_zone":"+01:00"}}}`:               "1 2 3",
		`{"range":{"at":{"gte":1706745600000,"lt":1706832000000}}}`:                "2 3 4",
		`{"range":{"at":{"gte":"2024","lt":"2025"}}}`:                              "1 2 3 4 5",
		`{"term":{"at":"2024-02-01"}}`:                                             "2 3 4",
		`{"term":{"at":1706745600000}}`:                                            "2",
		`{"range":{"at":{"gte":"-1000","lt":"1706745600000"}}}`:                    "1",
		`{"terms":{"at":["2024-01-31","2024-02-02T00:00:00.000Z",1706745600000]}}`: "1 2 5",
		`{"match":{"at":"2024-02-02"}}`:                                            "5",
	} {
		if got, _ := found(t, ix, `{"query":`+query+`,"sort":["id"]}`); got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
}

// TestLongKeywords checks that the limit of dynamic keywords counts characters and not bytes.
func TestLongKeywords(t *testing.T) {
	ix := New(Mapping{})
	ix.Put("1", map[string]any{"x": strings.Repeat("é", 256)})
	ix.Put("2", map[string]any{"x": strings.Repeat("e", 257)})
	if got, _ := found(t, ix, `{"query":{"exists":{"field":"x.keyword"}}}`); got != "1" {
		t.Errorf("%q has a keyword", got)
	}
	if got, _ := found(t, ix, `{"query":{"term":{"x.keyword":"`+strings.Repeat("é", 256)+`"}}}`); got != "1" {
		t.Errorf("%q is found", got)
	}
}

func TestSorts(t *testing.T) {
	ix := things()
	for sort, want := range map[string]string{
		`[{"n":"desc"},"id"]`:                                            "4 3 2 1 5",
		`[{"n":{"order":"asc"}},"id"]`:                                   "1 2 3 4 5",
		`[{"n":{"order":"desc","mode":"min"}},"id"]`:                     "4 3 2 1 5",
		`[{"n":{"order":"asc","missing":"_first"}},"id"]`:                "5 1 2 3 4",
		`[{"n":{"order":"asc","missing":2}},{"id":"desc"}]`:              "1 5 2 3 4",
		`[{"k":"asc"},"id"]`:                                             "1 3 2 4 5",
		`[{"k.lower":"asc"},"id"]`:                                       "1 2 3 4 5",
		`[{"k":{"order":"desc"}},"id"]`:                                  "4 3 2 1 5",
		`[{"b":"desc"},{"id":"asc"}]`:                                    "1 2 3 4 5",
		`[{"d":{"order":"desc","missing":"_first"}},"id"]`:               "2 3 5 4 1",
		`[{"nowhere":{"order":"desc","unmapped_type":"long"}},"id"]`:     "1 2 3 4 5",
		`[{"o.y":{"order":"desc","nested":{"path":"o"}}},{"id":"desc"}]`: "2 1 5 4 3",
		`["_doc"]`:        "1 2 3 4 5",
		`["_score","id"]`: "1 2 3 4 5",
	} {
		if got, _ := found(t, ix, `{"sort":`+sort+`}`); got != want {
			t.Errorf("%s: %q, want %q", sort, got, want)
		}
	}
	_, result := found(t, ix, `{"sort":[{"n":"asc"},{"d":"desc"},{"k":"asc"},"b"],"query":{"ids":{"values":["1","5"]}}}`)
	want := [][]any{{int64(1), 0.5, "Alpha", true}, {int64(math.MaxInt64), "-Infinity", nil, int64(math.MaxInt64)}}
	for i, hit := range result.Hits {
		if diff := cmp.Diff(want[i], hit.Sort); diff != "" {
			t.Error(diff)
		}
		after, err := json.Marshal(hit.Sort)
		if err != nil {
			t.Fatal(err)
		}
		rest, _ := found(t, ix, fmt.Sprintf(`{"sort":[{"n":"asc"},{"d":"desc"},{"k":"asc"},"b"],"query":{"ids":{"values":["1","5"]}},"search_after":%s}`, after))
		if want := []string{"5", ""}[i]; rest != want {
			t.Errorf("behind %s: %q", after, rest)
		}
	}
}

// TestSearchAfterNothing pages by values that are missing, which a client sends back as it got them or as null.
func TestSearchAfterNothing(t *testing.T) {
	ix := things()
	for body, want := range map[string]string{
		`{"sort":[{"d":"asc"},"id"],"search_after":[null,"2"]}`:                               "3 5",
		`{"sort":[{"d":"asc"},"id"],"search_after":["Infinity","2"]}`:                         "3 5",
		`{"sort":[{"n":"asc"},"id"],"search_after":[null,"4"]}`:                               "5",
		`{"sort":[{"n":"asc"},"id"],"search_after":[9223372036854775807,"4"]}`:                "5",
		`{"sort":[{"n":{"order":"desc","missing":"_first"}},"id"],"search_after":[null,"5"]}`: "4 3 2 1",
		`{"sort":[{"k":"asc"},"id"],"search_after":[null,"4"]}`:                               "5",
		`{"sort":[{"k":{"order":"asc","missing":"_first"}},"id"],"search_after":[null,"5"]}`:  "1 3 2 4",
	} {
		if got, _ := found(t, ix, body); got != want {
			t.Errorf("%s: %q, want %q", body, got, want)
		}
	}
}

func TestScores(t *testing.T) {
	ix := things()
	for body, want := range map[string]string{
		`{"query":{"bool":{}}}`:                                                                              "1 1 1 1 1",
		`{"query":{"bool":{"boost":3}},"size":1}`:                                                            "3",
		`{"query":{"bool":{"filter":[{"term":{"n":1}}]}}}`:                                                   "0",
		`{"query":{"match":{"t":"by week"}},"sort":["_score"]}`:                                              "2 1 1", // the best first
		`{"query":{"nested":{"path":"o","score_mode":"sum","query":{"range":{"o.y":{"gte":1,"boost":2}}}}}}`: "4 2",
		`{"query":{"nested":{"path":"o","query":{"range":{"o.y":{"gte":1,"boost":2}}}}}}`:                    "2 2",
	} {
		var scores []string
		_, result := found(t, ix, body)
		for _, hit := range result.Hits {
			scores = append(scores, fmt.Sprint(hit.Score))
		}
		if got := strings.Join(scores, " "); got != want {
			t.Errorf("%s: scores %s, want %s", body, got, want)
		}
	}
	got, result := found(t, ix, `{"query":{"bool":{"should":[{"term":{"b":{"value":true,"boost":2}}},{"match":{"t":"week orders"}},{"match_all":{}}]}}}`)
	if got != "1 2 3 4 5" || !result.Scored {
		t.Fatal(got)
	}
	var scores []float64
	for _, hit := range result.Hits {
		scores = append(scores, hit.Score)
		if hit.Sort != nil {
			t.Error("sort values without a sort")
		}
	}
	if diff := cmp.Diff([]float64{4, 3, 3, 1, 1}, scores); diff != "" {
		t.Error(diff)
	}
	if got, _ := found(t, ix, `{"query":{"constant_score":{"filter":{"exists":{"field":"n"}}}},"sort":[{"_score":"desc"},{"id":"desc"}],"size":2}`); got != "4 3" {
		t.Error(got)
	}
}

func TestTotals(t *testing.T) {
	ix := New(testMapping)
	for i := range 10_005 {
		ix.Put(fmt.Sprint(i), map[string]any{"n": i})
	}
	for body, want := range map[string]string{
		`{"size":0}`:                                  "10000 gte",
		`{"size":1,"track_total_hits":true}`:          "10005 eq",
		`{"size":1,"track_total_hits":false}`:         "0 ",
		`{"size":1,"track_total_hits":20000}`:         "10005 eq",
		`{"size":0,"track_total_hits":5}`:             "5 gte",
		`{"size":0,"track_total_hits":0}`:             "0 gte",
		`{"size":0,"track_total_hits":-1}`:            "0 ",
		`{"size":0,"track_total_hits":"true"}`:        "10005 eq",
		`{"query":{"range":{"n":{"lt":7}}},"size":2}`: "7 eq",
	} {
		if _, result := found(t, ix, body); fmt.Sprint(result.Total, " ", result.Relation) != want {
			t.Errorf("%s: %d %s", body, result.Total, result.Relation)
		}
	}
	if _, err := ix.Search([]byte(`{"from":9999,"size":2}`)); err == nil || !strings.Contains(err.Error(), "Result window is too large, from + size must be less than or equal to: [10000] but was [10001]") {
		t.Error(err)
	}
	wide := New(testMapping, WithWindow(100_000))
	if _, err := wide.Search([]byte(`{"from":99999,"size":1}`)); err != nil {
		t.Error(err)
	}
	if got, _ := found(t, ix, `{"sort":["n"],"from":3,"size":2}`); got != "3 4" {
		t.Error(got)
	}
}

func TestRefused(t *testing.T) {
	ix := things()
	for body, want := range map[string]string{
		`{"query":{"query_string":{"query":"x"}}}`:                    "query.query_string",
		`{"query":{"term":{"k":{"value":"x","fold":1}}}}`:             "[term] query does not support [fold]",
		`{"query":{"term":{"k":"x","n":"y"}}}`:                        "query.term",
		`{"query":{"term":{"k":["x"]}}}`:                              "[term] query does not support array of values",
		`{"query":{"term":{"k":{"value":null}}}}`:                     "value cannot be null",
		`{"query":{"term":{"n":"x"}}}`:                                "For input string",
		`{"query":{"term":{"b":"yes"}}}`:                              "Can't parse boolean value [yes]",
		`{"query":{"terms":{"k":"x"}}}`:                               "[terms] query does not support [k]",
		`{"query":{"bool":{"must":[],"musst":[]}}}`:                   "[bool] query does not support [musst]",
		`{"query":{"bool":{"filter":[{"match_all":{}},{"geo":{}}]}}}`: "query.bool.filter[1].geo",
		`{"query":{}}`: "empty clause",
		`{"query":{"match_all":{},"match_none":{}}}`:                                                                 "malformed query",
		`{"query":{"range":{"n":{"gte":1,"relation":"within"}}}}`:                                                    "[range] query does not support [relation]",
		`{"query":{"range":{"n":{"gt":1,"gte":1}}}}`:                                                                 "both",
		`{"query":{"range":{"k":5}}}`:                                                                                "[range]",
		`{"query":{"regexp":{"k":"a~b"}}}`:                                                                           "not supported",
		`{"query":{"regexp":{"k":"("}}}`:                                                                             "regular expression",
		`{"query":{"regexp":{"k":"` + strings.Repeat("a", 1001) + `"}}}`:                                             "exceeded the allowed maximum of [1000]",
		`{"query":{"prefix":{"n":"1"}}}`:                                                                             "Can only use prefix queries on keyword, text and wildcard fields",
		`{"query":{"fuzzy":{"k":{"value":"a","fuzziness":7}}}}`:                                                      "Invalid fuzziness",
		`{"query":{"match":{"t":{"query":"a","analyzer":"standard"}}}}`:                                              "analyzer",
		`{"query":{"match_phrase":{"t":{"query":"a","slop":1}}}}`:                                                    "slop",
		`{"query":{"bool":{"should":[{"match_all":{}}],"minimum_should_match":"2<75%"}}}`:                            "minimum_should_match",
		`{"query":{"nested":{"path":"k","query":{"match_all":{}}}}}`:                                                 "failed to find nested object under path [k]",
		`{"query":{"function_score":{"min_score":3}}}`:                                                               "min_score",
		`{"query":` + strings.Repeat(`{"bool":{"filter":`, 40) + `{"match_all":{}}` + strings.Repeat("}}", 40) + `}`: "nested depth",
		`{"highlight":{}}`:                                           "unknown key [highlight]",
		`{"size":-1}`:                                                "[size] parameter cannot be negative",
		`{"size":"many"}`:                                            "size",
		`{"sort":["nowhere"]}`:                                       "No mapping found for [nowhere] in order to sort on",
		`{"sort":["t"]}`:                                             "Fielddata is disabled on [t]",
		`{"sort":[{"n":"up"}]}`:                                      "Unknown SortOrder",
		`{"sort":[{"n":{"mode":"median"}}]}`:                         "median",
		`{"sort":["n"],"search_after":[1,2]}`:                        "search_after has 2 value(s) but sort has 1.",
		`{"search_after":[1]}`:                                       "Sort must contain at least one field",
		`{"sort":["n"],"search_after":[1],"from":1}`:                 "`from` parameter must be set to 0",
		`{"sort":["n"],"search_after":["x"]}`:                        "Failed to parse search_after value",
		`{"aggs":{"a":{"percentiles":{"field":"n"}}}}`:               "Unknown aggregation type [percentiles]",
		`{"aggs":{"a":{"terms":{"field":"t"}}}}`:                     "Fielddata is disabled on [t]",
		`{"aggs":{"a":{"avg":{"field":"k"}}}}`:                       "not supported for aggregation [avg]",
		`{"aggs":{"a":{"terms":{"field":"k","order":{"x":"asc"}}}}}`: "Invalid aggregator order path",
		`{"aggs":{"a":{"avg":{"field":"n"},"aggs":{"b":{"avg":{"field":"n"}}}}}}`:                           "cannot accept sub-aggregations",
		`{"query":{"bool":{"should":[` + strings.Repeat(`{"match_all":{}},`, 1024) + `{"match_all":{}}]}}}`: "maxClauseCount is set to 1024",
		`{"query":{"terms":{"n":[` + strings.Repeat(`1,`, 65_536) + `1]}}}`:                                 "exceeded the allowed maximum of [65536]",
		`{"query":{"bool":{"should":[{"match_all":{}}],"minimum_should_match":"101%"}}}`:                    "more than everything",
		`{"query":{"term":{"k":{"value":"x","boost":-1}}}}`:                                                 "negative [boost]",
		`{"aggs":{"a":{}}}`: "Missing definition for aggregation [a]",
		`{"query":{"match_all":{}},"query":{"match_none":{}}}`:                                                                     "Duplicate field 'query'",
		`{"size":0,"aggs":{"f":{"filter":{"match_all":{}},"aggs":{"a":{"date_histogram":{"field":"n","fixed_interval":"1ms"}}}}}}`: "too many buckets",
		`{} x`: "behind",
		`{`:    "not JSON",
		`[]`:   "expected an object",
	} {
		_, err := ix.Search([]byte(body))
		var refused *Error
		if !errors.As(err, &refused) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.200s: %v, want %q", body, err, want)
			continue
		}
		encoded, err := json.Marshal(refused)
		if err != nil {
			t.Fatal(err)
		}
		var answer struct {
			Status int
			Error  struct {
				Type, Reason string
				RootCause    []struct{ Type string } `json:"root_cause"`
			}
		}
		if err := json.Unmarshal(encoded, &answer); err != nil || answer.Status != 400 || answer.Error.Type != refused.Type || len(answer.Error.RootCause) != 1 {
			t.Errorf("%s: %v", encoded, err)
		}
	}
}

func TestAggregations(t *testing.T) {
	ix := New(Mapping{Fields: map[string]Field{"type": {"type", Keyword}, "n": {"n", Long}, "at": {"at", Date}, "ok": {"ok", Boolean}}})
	for i, d := range []map[string]any{
		{"type": "Table", "n": 1, "at": "2024-01-15T10:00:00Z", "ok": true},
		{"type": "Table", "n": 5, "at": "2024-01-20"},
		{"type": "Column", "n": 9, "at": 1709294400000, "ok": false}, // 2024-03-01T12:00:00Z
		{"type": []any{"View", "Table"}},
	} {
		ix.Put(fmt.Sprint(i), d)
	}
	for body, want := range map[string]string{
		`{"terms":{"field":"type"}}`:                                  `{"buckets":[{"doc_count":3,"key":"Table"},{"doc_count":1,"key":"Column"},{"doc_count":1,"key":"View"}],"doc_count_error_upper_bound":0,"sum_other_doc_count":0}`,
		`{"terms":{"field":"type","size":1,"order":{"_key":"desc"}}}`: `{"buckets":[{"doc_count":1,"key":"View"}],"doc_count_error_upper_bound":0,"sum_other_doc_count":4}`,
		`{"terms":{"field":"type","order":{"m":"desc"},"size":2,"include":["Table","Column"]},"aggs":{"m":{"max":{"field":"n"}}}}`: `{"buckets":[{"doc_count":1,"key":"Column","m":{"value":9}},{"doc_count":3,"key":"Table","m":{"value":5}}],"doc_count_error_upper_bound":0,"sum_other_doc_count":0}`,
		`{"terms":{"field":"type","exclude":"T.*","min_doc_count":1}}`:                                                             `{"buckets":[{"doc_count":1,"key":"Column"},{"doc_count":1,"key":"View"}],"doc_count_error_upper_bound":0,"sum_other_doc_count":0}`,
		`{"terms":{"field":"ok"}}`:                                                             `{"buckets":[{"doc_count":1,"key":0,"key_as_string":"false"},{"doc_count":1,"key":1,"key_as_string":"true"}],"doc_count_error_upper_bound":0,"sum_other_doc_count":0}`,
		`{"terms":{"field":"type","min_doc_count":2}}`:                                         `{"buckets":[{"doc_count":3,"key":"Table"}],"doc_count_error_upper_bound":0,"sum_other_doc_count":0}`,
		`{"terms":{"field":"type","order":{"m":"desc"}},"aggs":{"m":{"max":{"field":"ok"}}}}`:  `{"buckets":[{"doc_count":3,"key":"Table","m":{"value":1}},{"doc_count":1,"key":"Column","m":{"value":0}},{"doc_count":1,"key":"View","m":{"value":null}}],"doc_count_error_upper_bound":0,"sum_other_doc_count":0}`,
		`{"terms":{"field":"type","order":{"m":"asc"}},"aggs":{"m":{"max":{"field":"ok"}}}}`:   `{"buckets":[{"doc_count":1,"key":"Column","m":{"value":0}},{"doc_count":3,"key":"Table","m":{"value":1}},{"doc_count":1,"key":"View","m":{"value":null}}],"doc_count_error_upper_bound":0,"sum_other_doc_count":0}`,
		`{"terms":{"field":"nowhere"}}`:                                                        `{"buckets":[],"doc_count_error_upper_bound":0,"sum_other_doc_count":0}`,
		`{"terms":{"field":"n","missing":0,"order":[{"_key":"asc"}],"size":1}}`:                `{"buckets":[{"doc_count":1,"key":0}],"doc_count_error_upper_bound":0,"sum_other_doc_count":3}`,
		`{"min":{"field":"n"}}`:                                                                `{"value":1}`,
		`{"max":{"field":"at"}}`:                                                               `{"value":1709294400000,"value_as_string":"2024-03-01T12:00:00.000Z"}`,
		`{"avg":{"field":"n"}}`:                                                                `{"value":5}`,
		`{"avg":{"field":"n","missing":1}}`:                                                    `{"value":4}`,
		`{"avg":{"field":"nowhere"}}`:                                                          `{"value":null}`,
		`{"sum":{"field":"n"}}`:                                                                `{"value":15}`,
		`{"stats":{"field":"n"}}`:                                                              `{"avg":5,"count":3,"max":9,"min":1,"sum":15}`,
		`{"value_count":{"field":"type"}}`:                                                     `{"value":5}`,
		`{"cardinality":{"field":"type","precision_threshold":100}}`:                           `{"value":3}`,
		`{"missing":{"field":"n"}}`:                                                            `{"doc_count":1}`,
		`{"filter":{"term":{"type":"Table"}},"aggs":{"s":{"sum":{"field":"n"}}}}`:              `{"doc_count":3,"s":{"value":6}}`,
		`{"filters":{"filters":{"a":{"term":{"n":1}},"b":{"match_all":{}}}}}`:                  `{"buckets":{"a":{"doc_count":1},"b":{"doc_count":4}}}`,
		`{"filters":{"filters":[{"term":{"n":1}}]}}`:                                           `{"buckets":[{"doc_count":1}]}`,
		`{"range":{"field":"n","ranges":[{"from":5},{"to":5},{"key":"mid","from":1,"to":6}]}}`: `{"buckets":[{"doc_count":1,"key":"*-5.0","to":5},{"doc_count":2,"from":1,"key":"mid","to":6},{"doc_count":2,"from":5,"key":"5.0-*"}]}`,
		`{"range":{"field":"n","keyed":true,"ranges":[{"to":5}]}}`:                             `{"buckets":{"*-5.0":{"doc_count":1,"to":5}}}`,
		`{"date_histogram":{"field":"at","calendar_interval":"month"}}`:                        `{"buckets":[{"doc_count":2,"key":1704067200000,"key_as_string":"2024-01-01T00:00:00.000Z"},{"doc_count":0,"key":1706745600000,"key_as_string":"2024-02-01T00:00:00.000Z"},{"doc_count":1,"key":1709251200000,"key_as_string":"2024-03-01T00:00:00.000Z"}]}`,
		`{"date_histogram":{"field":"at","fixed_interval":"100d","min_doc_count":2}}`:          `{"buckets":[{"doc_count":3,"key":1702080000000,"key_as_string":"2023-12-09T00:00:00.000Z"}]}`,
		`{"date_histogram":{"field":"at","calendar_interval":"1y","time_zone":"-05:00"}}`:      `{"buckets":[{"doc_count":3,"key":1704085200000,"key_as_string":"2024-01-01T00:00:00.000-05:00"}]}`,
	} {
		result, err := ix.Search([]byte(`{"size":0,"aggregations":{"it":` + body + `}}`))
		if err != nil {
			t.Errorf("%s: %v", body, err)
			continue
		}
		if got := string(encode(result.Aggregations["it"])); got != want {
			t.Errorf("%s:\n got %s\nwant %s", body, got, want)
		}
	}
	// Aggregations are over the query, hits are behind post_filter too.
	result, err := ix.Search([]byte(`{"query":{"exists":{"field":"n"}},"post_filter":{"term":{"type":"Column"}},"aggs":{"c":{"value_count":{"field":"n"}}}}`))
	if err != nil || len(result.Hits) != 1 || result.Total != 1 || result.Aggregations["c"].(map[string]any)["value"] != 3 {
		t.Error(result, err)
	}
}

func TestAssets(t *testing.T) {
	assets := NewAssets(model(t))
	assets.Put("g1", Document{
		TypeName: "AtlasGlossaryTerm", Status: "ACTIVE", CreatedBy: "ada", UpdatedBy: "bob", CreateTime: 1_700_000_000_000, UpdateTime: 1_700_000_500_000,
		Tags: []string{"hAsHeD"}, PropagatedTags: []string{"oThEr"}, TagNames: []string{"PII", "Public"}, Meanings: []string{"t@g"}, MeaningNames: []string{"Net Revenue"},
		Attributes: map[string]any{
			"name": json.RawMessage(`"Gross Margins"`), "qualifiedName": "t1@g1", "displayName": "gross_margin", "popularityScore": 0.25,
			"isEditable": true, "certificateUpdatedAt": 1_700_000_000_001, "additionalAttributes": map[string]any{"a": "b"}, "newerThanTheModel": "Some Text",
			"anchor": map[string]any{"guid": "g"}, "description": nil,
		},
		CustomMetadata: map[string]any{"sEt.aTtR": "Gold", "sEt.nUm": 4},
		Relationships:  map[string][]string{"anchor": {"g1"}, "categories": {"c1@g1", "c2@g1"}, "assignedEntities": {"x"}},
	})
	assets.Put("g2", Document{TypeName: "NotInTheModel", SuperTypeNames: []string{"Asset"}, Status: "DELETED", Attributes: map[string]any{"name": "GROSS"}})
	for query, want := range map[string]string{
		`{"term":{"__guid":"g1"}}`:                                              "g1",
		`{"term":{"__state":"DELETED"}}`:                                        "g2",
		`{"term":{"__typeName.keyword":"AtlasGlossaryTerm"}}`:                   "g1",
		`{"term":{"__typeName.keyword":"atlasglossaryterm"}}`:                   "g1",
		`{"terms":{"__superTypeNames.keyword":["Asset"]}}`:                      "g1 g2",
		`{"term":{"__superTypeNames.keyword":"Referenceable"}}`:                 "g1",
		`{"term":{"__traitNames":"hAsHeD"}}`:                                    "g1",
		`{"term":{"__propagatedTraitNames":"oThEr"}}`:                           "g1",
		`{"match":{"__classificationsText":"pii"}}`:                             "g1",
		`{"term":{"__meanings":"t@g"}}`:                                         "g1",
		`{"match":{"__meaningsText":"revenue"}}`:                                "g1",
		`{"term":{"__glossary":"g1"}}`:                                          "g1",
		`{"term":{"__categories":"c2@g1"}}`:                                     "g1",
		`{"range":{"__timestamp":{"gte":1700000000000,"lt":1700000000001}}}`:    "g1",
		`{"range":{"__timestamp.date":{"gte":"2023-11-14","lt":"2023-11-15"}}}`: "g1",
		`{"term":{"name.keyword":"gross margins"}}`:                             "g1",
		`{"match":{"name":"gross"}}`:                                            "g1 g2",
		`{"match":{"name.stemmed":"margin"}}`:                                   "g1",
		`{"match":{"displayName.delimiter":"margin"}}`:                          "g1",
		`{"term":{"qualifiedName":"t1@g1"}}`:                                    "g1",
		`{"match":{"qualifiedName.text":"t"}}`:                                  "g1",
		`{"range":{"popularityScore":{"gt":0.2}}}`:                              "g1",
		`{"range":{"popularityScore.rank_feature":{"lt":0.3}}}`:                 "g1",
		`{"term":{"isEditable":true}}`:                                          "g1",
		`{"range":{"certificateUpdatedAt":{"gte":1700000000001}}}`:              "g1",
		`{"exists":{"field":"additionalAttributes"}}`:                           "g1",
		`{"exists":{"field":"description"}}`:                                    "",
		`{"term":{"newerThanTheModel":"some text"}}`:                            "g1",
		`{"match":{"newerThanTheModel.text":"some"}}`:                           "g1",
		`{"term":{"newerThanTheModel.keyword":"Some Text"}}`:                    "g1",
		`{"term":{"sEt.aTtR":"gold"}}`:                                          "g1",
		`{"range":{"sEt.nUm":{"gte":4}}}`:                                       "g1",
		`{"exists":{"field":"sEt"}}`:                                            "g1",
	} {
		if got, _ := found(t, assets.Index, `{"query":`+query+`,"sort":["__guid"]}`); got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
	if !assets.Delete("g2") || assets.Delete("g2") || assets.Len() != 1 {
		t.Error("Delete")
	}
	supers := model(t).SuperTypes("Table")
	if diff := cmp.Diff([]string{"SQL", "Catalog", "Asset", "Referenceable"}, supers); diff != "" {
		t.Error(diff)
	}
	if !model(t).Known("Table") || model(t).Known("Tabel") || model(t).SuperTypes("Tabel") != nil {
		t.Error("Known")
	}
	if _, err := NewModel([]byte("{")); err == nil {
		t.Error("a broken model")
	}
}

// What pyatlan asks for when it looks for the runs of a workflow, the audit of an asset and tasks.
func TestOtherIndexes(t *testing.T) {
	runs := New(WorkflowMapping())
	for i, phase := range []string{"Succeeded", "Running", "Failed"} {
		var run map[string]any
		if err := json.Unmarshal(fmt.Appendf(nil, `{"metadata":{"name":"run-%d","creationTimestamp":"2024-05-0%dT00:00:00Z","labels":{"workflows.argoproj.io/creator":"me"}},
			"spec":{"workflowTemplateRef":{"name":"atlan-snowflake-1"}},"status":{"phase":%q,"startedAt":"2024-05-0%dT01:00:00Z"}}`, i, i+1, phase, i+1), &run); err != nil {
			t.Fatal(err)
		}
		runs.Put(fmt.Sprint("run-", i), run)
	}
	for body, want := range map[string]string{
		`{"query":{"bool":{"filter":[{"nested":{"path":"spec","query":{"term":{"spec.workflowTemplateRef.name.keyword":{"value":"atlan-snowflake-1"}}}}}]}},"sort":[{"status.startedAt":{"order":"desc"}}],"size":1}`:                                                                                                                                "run-2",
		`{"query":{"bool":{"filter":[{"nested":{"path":"metadata","query":{"prefix":{"metadata.name.keyword":{"value":"run-"}}}}},{"term":{"status.phase.keyword":"Running"}},{"range":{"status.startedAt":{"gte":"2024-05-02"}}}]}},"sort":[{"metadata.creationTimestamp":{"order":"desc","nested":{"path":"metadata"}}}],"track_total_hits":true}`: "run-1",
		`{"query":{"nested":{"path":"metadata","query":{"exists":{"field":"metadata.labels.workflows.argoproj.io/creator"}}}},"sort":["metadata.name.keyword"]}`:                                                                                                                                                                                     "run-0 run-1 run-2",
	} {
		if got, _ := found(t, runs, body); got != want {
			t.Errorf("%s: %q, want %q", body, got, want)
		}
	}
	audit := New(AuditMapping())
	audit.Put("e1", map[string]any{"entityId": "g1", "entityQualifiedName": "default/a", "typeName": "Table", "created": 5, "timestamp": 5, "user": "ada", "action": "ENTITY_UPDATE", "detail": map[string]any{"attributes": map[string]any{"name": "x"}}})
	if got, _ := found(t, audit, `{"query":{"bool":{"filter":[{"term":{"entityId":"g1"}},{"term":{"action":"ENTITY_UPDATE"}}]}},"sort":[{"created":"desc"},{"entityId":"asc"}]}`); got != "e1" {
		t.Error(got)
	}
	tasks := New(TaskMapping())
	tasks.Put("t1", map[string]any{"__task_status": "PENDING", "__task_entityGuid": "g1", "__task_startTime": 7})
	if got, _ := found(t, tasks, `{"query":{"match":{"__task_status":"PENDING"}},"sort":[{"__task_startTime":"desc"}]}`); got != "t1" {
		t.Error(got)
	}
	log := New(SearchLogMapping())
	log.Put("l1", map[string]any{"userName": "ada", "createdAt": 9, "entityGuidsAll": []any{"g1", "g2"}, "request": map[string]any{"dsl": "x"}})
	if got, _ := found(t, log, `{"query":{"term":{"entityGuidsAll":"g2"}},"sort":[{"createdAt":"asc"},{"entityGuidsAll":"asc"}]}`); got != "l1" {
		t.Error(got)
	}
}

func TestAnalysis(t *testing.T) {
	for _, test := range []struct {
		analysis analysis
		text     string
		want     []string
	}{
		{analysisAtlan, "FACT_Orders2024v2 it's a/b@c-d", []string{"fact", "orders", "2024v", "2", "it", "s", "a", "b", "c", "d"}},
		{analysisStandard, "Größe: one_two, three!", []string{"größe", "one_two", "three"}},
		{analysisComma, "Net Revenue,Cost", []string{"net revenue", "cost"}},
		{analysisStemmed, "orders ordering ordered classes class ties", []string{"order", "order", "order", "class", "class", "tie"}},
		{analysisLower, "A b", []string{"a b"}},
		{analysisWhole, "A b", []string{"A b"}},
	} {
		if got := test.analysis.list(test.text); !slices.Equal(got, test.want) {
			t.Errorf("%d %q: %q, want %q", test.analysis, test.text, got, test.want)
		}
	}
}

// Searches and writes from several goroutines; the race detector looks on.
func TestConcurrentUse(t *testing.T) {
	ix := New(testMapping)
	done := make(chan error)
	for worker := range 4 {
		go func() {
			for i := range 200 {
				id := fmt.Sprint(worker, "-", i%50)
				ix.Put(id, map[string]any{"id": id, "k": fmt.Sprint(i % 5), "n": i})
				if i%7 == 0 {
					ix.Delete(id)
				}
				if _, err := ix.Search([]byte(`{"query":{"term":{"k":"3"}},"sort":[{"n":"desc"},"id"],"size":5}`)); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for range 4 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// More changes than the log holds, more views than are kept.
func TestViewsThatFallBehind(t *testing.T) {
	ix := New(testMapping)
	for i := range 2000 {
		id := fmt.Sprintf("%05d", i)
		ix.Put(id, map[string]any{"id": id, "n": i})
	}
	check := func(least int) {
		t.Helper()
		got, result := found(t, ix, fmt.Sprintf(`{"query":{"bool":{"must_not":[{"range":{"n":{"lt":%d}}}]}},"sort":["id"],"size":1,"track_total_hits":true}`, least))
		n := 0
		for i := least; i < 2000; i++ {
			if _, ok := ix.ordinals[fmt.Sprintf("%05d", i)]; ok {
				n++
			}
		}
		if result.Total != n || n > 0 && got < fmt.Sprintf("%05d", least) {
			t.Fatalf("%d: %q and %d, want %d", least, got, result.Total, n)
		}
	}
	check(10)
	for i := range maxLog + 100 {
		id := fmt.Sprintf("%05d", i%2000)
		if i%3 == 0 {
			ix.Delete(id)
			continue
		}
		ix.Put(id, map[string]any{"id": id, "n": i % 2000})
	}
	check(10)
	for least := range 3 * maxViews {
		check(least)
	}
	if len(ix.views) > maxViews {
		t.Errorf("%d views", len(ix.views))
	}
}

func FuzzSearch(f *testing.F) {
	for _, body := range []string{
		`{"query":{"bool":{"filter":[{"term":{"k":"a"}},{"range":{"n":{"gte":1}}}],"should":{"match":{"t":{"query":"a b","fuzziness":"AUTO"}}}}},"sort":[{"n":{"order":"desc","missing":"_first"}},"id"],"search_after":[1,"2"]}`,
		`{"query":{"regexp":{"k":"(a|b){2,5}[^c]\"x\"@"}},"size":3,"from":1,"track_total_hits":7}`,
		`{"query":{"nested":{"path":"o","query":{"wildcard":{"o.x":"*\\?"}}}},"post_filter":{"ids":{"values":["1"]}}}`,
		`{"size":0,"aggs":{"a":{"terms":{"field":"k","order":[{"b":"asc"}]},"aggs":{"b":{"max":{"field":"n"}}}},"c":{"date_histogram":{"field":"n","fixed_interval":"1ms"}},"d":{"range":{"field":"n","ranges":[{"to":1e300}]}}}}`,
	} {
		f.Add([]byte(body))
	}
	ix := things()
	f.Fuzz(func(t *testing.T, body []byte) {
		result, err := ix.Search(body)
		if err != nil {
			if _, ok := errors.AsType[*Error](err); !ok {
				t.Fatal(err)
			}
			return
		}
		if len(result.Hits) > 5 || result.Total > 5 {
			t.Fatal(result)
		}
		if _, err := json.Marshal(result); err != nil {
			t.Fatal(err)
		}
	})
}

func TestScoreOfClauses(t *testing.T) {
	ix := things()
	for query, want := range map[string]float64{
		`{"term":{"k":{"value":"Alpha","boost":2}}}`:                                               2,
		`{"prefix":{"k":{"value":"Al","boost":2}}}`:                                                2,
		`{"range":{"n":{"lte":1,"boost":3}}}`:                                                      3,
		`{"exists":{"field":"d","boost":4}}`:                                                       4,
		`{"ids":{"values":["1"],"boost":5}}`:                                                       5,
		`{"match":{"t":{"query":"orders day nothing","boost":2}}}`:                                 4,
		`{"match_phrase":{"t":"by day"}}`:                                                          2,
		`{"multi_match":{"query":"alpha","fields":["k.lower^3","t"]}}`:                             3,
		`{"multi_match":{"query":"alpha","fields":["k.lower^3","k.lower"],"type":"most_fields"}}`:  4,
		`{"constant_score":{"filter":{"match":{"t":"orders day"}},"boost":7}}`:                     7,
		`{"function_score":{"query":{"term":{"n":1}},"boost":6}}`:                                  6,
		`{"nested":{"path":"o","query":{"range":{"o.y":{"gte":1,"boost":2}}}}}`:                    2,
		`{"nested":{"path":"o","score_mode":"sum","query":{"range":{"o.y":{"gte":1,"boost":2}}}}}`: 4,
		`{"nested":{"path":"o","score_mode":"none","query":{"match_all":{}}}}`:                     0,
		`{"bool":{"filter":[{"term":{"n":1}}]}}`:                                                   0,
		`{"bool":{"must":[{"term":{"n":1}},{"match_all":{"boost":0.5}}],"boost":2}}`:               3,
	} {
		_, result := found(t, ix, `{"query":{"bool":{"must":`+query+`,"filter":{"term":{"id":"1"}}}},"post_filter":{"match_all":{}}}`)
		if len(result.Hits) != 1 || result.Hits[0].Score != want {
			t.Errorf("%s: %v, want %v", query, result.Hits, want)
		}
	}
}

// Values in forms other than that of their field: taken if they can be, left out if not.
func TestFormsOfValues(t *testing.T) {
	ix := New(Mapping{Fields: map[string]Field{
		"k": {"k", Keyword}, "n": {"n", Long}, "d": {"d", Double}, "b": {"b", Boolean}, "at": {"at", Date},
	}})
	ix.Put("1", map[string]any{"k": 7.5, "n": "12", "d": json.Number("3"), "b": "true", "at": "2024-02-29T12:00:00+02:00"})
	ix.Put("2", map[string]any{"k": true, "n": 12.9, "d": "x", "b": 1, "at": "yesterday", "new": "2024-02-29", "other": "some words", "deep": map[string]any{"n": 4}})
	ix.Put("3", map[string]any{"k": nil, "n": 1e300, "d": true, "b": nil, "at": json.RawMessage(`[1709200800000]`), "deep": json.RawMessage(`{"n":5,"b":false}`)})
	for query, want := range map[string]string{
		`{"term":{"k":"7.5"}}`:                   "1",
		`{"term":{"k":7.5}}`:                     "1",
		`{"term":{"k":true}}`:                    "2",
		`{"exists":{"field":"k"}}`:               "1 2",
		`{"term":{"n":12}}`:                      "1 2",
		`{"exists":{"field":"n"}}`:               "1 2",
		`{"term":{"d":3.0}}`:                     "1",
		`{"exists":{"field":"d"}}`:               "1",
		`{"exists":{"field":"b"}}`:               "1",
		`{"term":{"at":"2024-02-29T10:00:00Z"}}`: "1 3",
		`{"range":{"at":{"gte":"2024-02-29","lt":"2024-03-01","time_zone":"+01:00"}}}`: "1 3",
		`{"range":{"at":{"lt":"2024-02-29T10:00","time_zone":"Europe/Berlin"}}}`:       "",
		`{"range":{"new":{"gte":"2024-02-29"}}}`:                                       "2",
		`{"term":{"other":"words"}}`:                                                   "2",
		`{"term":{"other.keyword":"some words"}}`:                                      "2",
		`{"range":{"deep.n":{"gt":4}}}`:                                                "3",
		`{"term":{"deep.b":false}}`:                                                    "3",
	} {
		if got, _ := found(t, ix, `{"query":`+query+`,"sort":["_doc"]}`); got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
}

func TestCalendar(t *testing.T) {
	ix := New(Mapping{Fields: map[string]Field{"at": {"at", Date}}})
	ix.Put("1", map[string]any{"at": "2024-05-16T10:30:45.123Z"}) // a Thursday
	for interval, want := range map[string]string{
		"minute": "2024-05-16T10:30:00.000Z", "1h": "2024-05-16T10:00:00.000Z", "day": "2024-05-16T00:00:00.000Z", "1w": "2024-05-13T00:00:00.000Z",
		"month": "2024-05-01T00:00:00.000Z", "quarter": "2024-04-01T00:00:00.000Z", "1y": "2024-01-01T00:00:00.000Z",
	} {
		a := dateBuckets{calendar: map[string]string{"1h": "hour", "1w": "week", "1y": "year"}[interval], zone: zoneUTC}
		if a.calendar == "" {
			a.calendar = interval
		}
		_, result := found(t, ix, `{"size":0,"aggs":{"a":{"date_histogram":{"field":"at","calendar_interval":"`+interval+`","order":{"_count":"desc"}}}}}`)
		if got := string(encode(result.Aggregations["a"])); !strings.Contains(got, want) {
			t.Errorf("%s: %s", interval, got)
		}
		start := a.start(1_715_855_445_123)
		if next := a.next(start); next <= start || a.start(next) != next || a.start(next-1) != start {
			t.Errorf("%s: %d is followed by %d", interval, start, next)
		}
	}
}
