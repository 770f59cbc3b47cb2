package elastic

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// testGraph is processes with their inputs and outputs. Guids of processes begin with p.
type testGraph struct {
	nodes   map[string]map[string]any
	inputs  map[string][]string // by process
	outputs map[string][]string
	order   []string // processes
}

func (g *testGraph) Node(guid string) (LineageNode, bool) {
	attributes, ok := g.nodes[guid]
	return LineageNode{
		Process:   strings.HasPrefix(guid, "p"),
		Attribute: func(name string) any { return attributes[name] },
	}, ok
}

func (g *testGraph) Edges(guid string, end LineageEnd) []LineageEdge {
	by := g.inputs
	if end == LineageOutputs {
		by = g.outputs
	}
	var edges []LineageEdge
	if strings.HasPrefix(guid, "p") {
		for _, to := range by[guid] {
			edges = append(edges, LineageEdge{To: to})
		}
		return edges
	}
	for _, process := range g.order {
		if slices.Contains(by[process], guid) {
			edges = append(edges, LineageEdge{To: process})
		}
	}
	return edges
}

func chain() *testGraph {
	g := &testGraph{nodes: map[string]map[string]any{}, inputs: map[string][]string{}, outputs: map[string][]string{}}
	for _, guid := range []string{"a", "b", "c", "d", "p1", "p2", "p3"} {
		g.nodes[guid] = map[string]any{"__guid": guid, "__state": "ACTIVE", "name": "NAME_" + guid, "n": json.Number("7"), "tags": []any{"x", "yy"}, "flag": true}
	}
	g.order = []string{"p1", "p2", "p3"}
	g.inputs["p1"], g.outputs["p1"] = []string{"a"}, []string{"b"}
	g.inputs["p2"], g.outputs["p2"] = []string{"b"}, []string{"c", "d"}
	g.inputs["p3"], g.outputs["p3"] = []string{"d"}, []string{"a"} // around in a circle
	return g
}

func lineageOf(t *testing.T, g LineageGraph, body string) (guids []string, result *LineageResult) {
	t.Helper()
	r, err := ParseLineageRequest([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	if result, err = Lineage(g, r); err != nil {
		t.Fatal(err)
	}
	for _, entry := range result.Entries {
		guids = append(guids, fmt.Sprintf("%s:%d", entry.GUID, entry.Depth))
	}
	return guids, result
}

func TestLineageInBothDirections(t *testing.T) {
	for _, test := range []struct {
		body    string
		want    string
		hasMore bool
	}{
		{`{"guid":"a","depth":1000000,"direction":"OUTPUT","from":0,"size":10}`, "p1:1 b:1 p2:2 c:2 d:2 p3:3", false},
		{`{"guid":"a","depth":1000000,"direction":"INPUT","from":0,"size":10}`, "p3:1 d:1 p2:2 b:2 p1:3", false},
		{`{"guid":"p2","depth":1000000,"direction":"OUTPUT","from":0,"size":10}`, "c:1 d:1 p3:2 a:2 p1:3 b:3", false},
		{`{"guid":"a","depth":2,"direction":"OUTPUT","from":0,"size":10}`, "p1:1 b:1", false},
		{`{"guid":"a","depth":0,"direction":"OUTPUT","from":0,"size":10}`, "", true},
		{`{"guid":"a","depth":9,"direction":"OUTPUT","from":0,"size":0}`, "", true},
		{`{"guid":"a","depth":9,"direction":"OUTPUT","from":0,"size":2}`, "p1:1 b:1", true},
		{`{"guid":"a","depth":9,"direction":"OUTPUT","from":4,"size":2}`, "d:2 p3:3", false},
		// The last entity of the last depth is skipped: the server says that there is more, and there is not.
		{`{"guid":"a","depth":2,"direction":"OUTPUT","from":2,"size":2}`, "", true},
		{`{"guid":"a","depth":9,"direction":"OUTPUT","from":99,"size":2}`, "", false},
		{`{"guid":"a","depth":9,"direction":"OUTPUT","from":0,"size":9,"entityFilters":{"condition":"AND","criterion":[{"attributeName":"name","operator":"not_contains","attributeValue":"_p"}]}}`, "b:1 c:2 d:2", false},
		{`{"guid":"a","depth":9,"direction":"OUTPUT","from":0,"size":9,"entityTraversalFilters":{"condition":"OR","criterion":[{"attributeName":"name","operator":"!=","attributeValue":"NAME_p2"}]}}`, "p1:1 b:1", false},
		{`{"guid":"a","depth":9,"direction":"OUTPUT","from":0,"size":9,"relationshipTraversalFilters":{"condition":"AND","criterion":[{"attributeName":"__state","operator":"eq","attributeValue":"DELETED"}]}}`, "", false},
	} {
		got, result := lineageOf(t, chain(), test.body)
		if strings.Join(got, " ") != test.want || result.HasMore != test.hasMore || result.EntityCount != len(got) {
			t.Errorf("%s\ngot  %q %v\nwant %q %v", test.body, strings.Join(got, " "), result.HasMore, test.want, test.hasMore)
		}
	}
}

func TestLineageNeighbours(t *testing.T) {
	_, result := lineageOf(t, chain(), `{"guid":"a","depth":9,"direction":"OUTPUT","from":0,"size":9,"immediateNeighbours":true}`)
	want := []LineageEntry{
		{GUID: "a", Depth: 0, Upstream: []string{"d"}, Downstream: []string{"b"}},
		{GUID: "p1", Depth: 1, Upstream: []string{"p3"}, Downstream: []string{"p2"}},
		{GUID: "b", Depth: 1, Upstream: []string{"a"}, Downstream: []string{"c", "d"}},
		{GUID: "p2", Depth: 2, Upstream: []string{"p1"}, Downstream: []string{"p3"}},
		{GUID: "c", Depth: 2, Upstream: []string{"b"}},
		{GUID: "d", Depth: 2, Upstream: []string{"b"}, Downstream: []string{"a"}},
		{GUID: "p3", Depth: 3, Upstream: []string{"p2"}, Downstream: []string{"p1"}},
	}
	if diff := cmp.Diff(want, result.Entries); diff != "" {
		t.Error(diff)
	}
	if result.EntityCount != 6 {
		t.Error(result.EntityCount)
	}
}

func TestLineageRefuses(t *testing.T) {
	for body, want := range map[string]string{
		`{"depth":1,"direction":"INPUT","from":0,"size":1}`:                     "guid is required",
		`{"guid":"a","direction":"INPUT","from":0,"size":1}`:                    "The 'depth' parameter is missing or invalid",
		`{"guid":"a","depth":1,"from":0,"size":1}`:                              "Invalid request, mandatory key 'direction' is required",
		`{"guid":"a","depth":1,"direction":"INPUT","size":1}`:                   "The 'from' parameter is missing or invalid",
		`{"guid":"a","depth":1,"direction":"INPUT","from":0}`:                   "The 'size' parameter is missing or invalid",
		`{"guid":"a","depth":-1,"direction":"INPUT","from":0,"size":1}`:         "Invalid 'depth' parameter",
		`{"guid":"a","depth":1073741824,"direction":"INPUT","from":0,"size":1}`: "Invalid 'depth' parameter",
		`{"guid":"a","depth":1,"direction":"INPUT","from":-1,"size":1}`:         "Invalid 'from' value",
		`{"guid":"a","depth":1,"direction":"INPUT","from":0,"size":-1}`:         "Invalid 'size' value",
		`{"guid":"a","depth":1,"direction":"BOTH","from":0,"size":1}`:           "BOTH",
		`{"guid":"a","depth":1,"direction":"INPUT","from":0,"size":1,"entityFilters":{"condition":"AND","criterion":[{"attributeName":"x","operator":"near"}]}}`:                      "unknown operator",
		`{"guid":"a","depth":1,"direction":"INPUT","from":0,"size":1,"entityFilters":{"criterion":[{"attributeName":"x","operator":"eq"}]}}`:                                          "AND or OR",
		`{"guid":"a","depth":1,"direction":"INPUT","from":0,"size":1,"entityFilters":{"condition":"AND","criterion":[{"attributeName":"x","operator":"like","attributeValue":"("}]}}`: "entityFilters.criterion[0]",
		`[]`: "cannot be read",
	} {
		_, err := ParseLineageRequest([]byte(body))
		var refused *LineageError
		if !errors.As(err, &refused) || refused.NotFound || !strings.Contains(refused.Message, want) {
			t.Errorf("%s: %v", body, err)
		}
	}
	r, err := ParseLineageRequest([]byte(`{"guid":"none","depth":1,"direction":"INPUT","from":0,"size":1}`))
	if err != nil {
		t.Fatal(err)
	}
	var missing *LineageError
	if _, err := Lineage(chain(), r); !errors.As(err, &missing) || !missing.NotFound {
		t.Errorf("an unknown guid: %v", err)
	}
}

func TestLineageOperators(t *testing.T) {
	attributes := map[string]any{"name": "NAME_1", "n": json.Number("7"), "f": 7.5, "flag": true, "tags": []any{"x", "yy"}, "empty": ""}
	for _, test := range []struct {
		attribute, operator, value string
		want                       bool
	}{
		{"name", "eq", "NAME_1", true}, {"name", "=", "name_1", false}, {"name", "neq", "NAME_1", false}, {"none", "neq", "a", true},
		{"name", "like", "name_.", true}, {"name", "like", "name", false}, {"name", "startsWith", "NAME", true}, {"name", "begins_with", "AME", false},
		{"name", "endsWith", "_1", true}, {"name", "contains", "AME", true}, {"name", "not_contains", "AME", false}, {"none", "not_contains", "a", true},
		{"none", "isNull", "", true}, {"name", "isNull", "", false}, {"name", "notNull", "", true}, {"none", "notNull", "", false},
		{"empty", "notEmpty", "", false}, {"name", "notEmpty", "", true}, {"none", "notEmpty", "", false},
		{"n", "lt", "8", true}, {"n", "<", "7", false}, {"n", "lte", "7", true}, {"n", "gt", "6", true}, {"n", ">=", "8", false}, {"n", "eq", "7", true},
		{"n", "eq", "seven", false}, {"f", "gt", "7", true}, {"flag", "eq", "TRUE", true}, {"flag", "eq", "no", false},
		{"n", "timerange", "5,7", true}, {"n", "timerange", "8,9", false}, {"n", "timerange", "8", false},
		{"name", "in", `"NAME_1","NAME_2"`, true}, {"name", "in", "NAME_3", false}, {"name", "lt", "O", true},
		{"tags", "contains", "yy", true}, {"tags", "contains", "y", false}, {"tags", "eq", "x", true}, {"tags", "neq", "x", false},
		// Known to the server, which has no predicate for them: the criterion counts for nothing.
		{"tags", "containsAny", "nothing", true}, {"tags", "containsAll", "nothing", true},
	} {
		r, err := ParseLineageRequest(fmt.Appendf(nil, `{"guid":"a","depth":1,"direction":"INPUT","from":0,"size":1,
			"entityFilters":{"condition":"AND","criterion":[{"condition":"OR","criterion":[{"attributeName":%q,"operator":%q,"attributeValue":%q}]}]}}`,
			test.attribute, test.operator, test.value))
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Entities.Match(func(name string) any { return attributes[name] }); got != test.want {
			t.Errorf("%s %s %q: %v", test.attribute, test.operator, test.value, got)
		}
	}
}

// Against levels computed by relaxation, with pages of every size: every entity that can be reached once, nearest
// first, and an end.
func TestLineageReachesEverythingOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := &testGraph{nodes: map[string]map[string]any{}, inputs: map[string][]string{}, outputs: map[string][]string{}}
		assets, processes := rapid.IntRange(1, 8).Draw(t, "assets"), rapid.IntRange(0, 8).Draw(t, "processes")
		var all []string
		for i := range assets {
			all = append(all, fmt.Sprint("a", i))
		}
		some := func(label string) []string {
			return rapid.SliceOfNDistinct(rapid.SampledFrom(all[:assets]), 0, 3, rapid.ID).Draw(t, label)
		}
		for i := range processes {
			guid := fmt.Sprint("p", i)
			g.order = append(g.order, guid)
			g.inputs[guid], g.outputs[guid] = some("inputs"), some("outputs")
			all = append(all, guid)
		}
		for _, guid := range all {
			g.nodes[guid] = map[string]any{"walk": rapid.IntRange(0, 5).Draw(t, "walk") > 0, "show": rapid.Bool().Draw(t, "show")}
		}
		start := rapid.SampledFrom(all).Draw(t, "start")
		direction := rapid.SampledFrom([]string{"INPUT", "OUTPUT"}).Draw(t, "direction")
		depth := rapid.SampledFrom([]int{1, 2, 3, 1_000_000}).Draw(t, "depth")

		steps := map[string]int{start: 0}
		for range all {
			step := func(from, to string) {
				if d, ok := steps[from]; ok && d < depth && g.nodes[to]["walk"] == true {
					if have, ok := steps[to]; !ok || d+1 < have {
						steps[to] = d + 1
					}
				}
			}
			for _, p := range g.order {
				reads, writes := g.inputs[p], g.outputs[p]
				if direction == "INPUT" {
					reads, writes = writes, reads
				}
				for _, a := range reads {
					step(a, p)
				}
				for _, a := range writes {
					step(p, a)
				}
			}
		}
		delete(steps, start)
		want := map[string]int{}
		for guid, d := range steps {
			if g.nodes[guid]["show"] == true {
				if want[guid] = (d + 1) / 2; strings.HasPrefix(start, "p") {
					want[guid] = d/2 + 1
				}
			}
		}

		size := rapid.IntRange(1, 5).Draw(t, "size")
		got, last := map[string]int{}, 0
		for from := 0; ; from += size {
			r, err := ParseLineageRequest(fmt.Appendf(nil, `{"guid":%q,"depth":%d,"direction":%q,"from":%d,"size":%d,
				"entityFilters":{"condition":"AND","criterion":[{"attributeName":"show","operator":"eq","attributeValue":"true"}]},
				"entityTraversalFilters":{"condition":"AND","criterion":[{"attributeName":"walk","operator":"eq","attributeValue":"true"}]}}`, start, depth, direction, from, size))
			if err != nil {
				t.Fatal(err)
			}
			result, err := Lineage(g, r)
			if err != nil {
				t.Fatal(err)
			}
			if result.EntityCount != len(result.Entries) || len(result.Entries) > size {
				t.Fatalf("%d entities, counted %d", len(result.Entries), result.EntityCount)
			}
			for _, entry := range result.Entries {
				if _, twice := got[entry.GUID]; twice || entry.Depth < last {
					t.Fatalf("%s twice, or after something farther", entry.GUID)
				}
				got[entry.GUID], last = entry.Depth, entry.Depth
			}
			if len(result.Entries) == 0 {
				break
			}
			if !result.HasMore && len(got) != len(want) {
				t.Fatalf("no more after %d of %d", len(got), len(want))
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	})
}

func FuzzParseLineageRequest(f *testing.F) {
	f.Add([]byte(`{"guid":"a","depth":1,"direction":"INPUT","from":0,"size":1,"entityFilters":{"condition":"AND","criterion":[{"attributeName":"name","operator":"like","attributeValue":"N.*"}]}}`))
	g := chain()
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := ParseLineageRequest(body)
		if err != nil {
			if _, ok := errors.AsType[*LineageError](err); !ok {
				t.Fatal(err)
			}
			return
		}
		if result, err := Lineage(g, r); err == nil && len(result.Entries) > 8 {
			t.Fatal(len(result.Entries))
		}
	})
}
