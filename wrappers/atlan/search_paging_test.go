package atlan

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/sluice-sdk/sluice/gen/atlanassets/field"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/paging"
)

// asked is what a search asks for, as far as the tests look at it.
type asked struct {
	Dsl struct {
		From        int               `json:"from"`
		Size        int               `json:"size"`
		SearchAfter []json.RawMessage `json:"search_after"`
		Query       json.RawMessage   `json:"query"`
		Sort        []map[string]any  `json:"sort"`
		TrackTotal  bool              `json:"track_total_hits"`
	} `json:"dsl"`
	Attributes         []string `json:"attributes"`
	ShowSearchMetadata bool     `json:"showSearchMetadata"`
}

// searchServer answers searches and lineages with what a function makes of them.
func searchServer(t *testing.T, answer func(n int, r asked) string) (*Client, *int) {
	n := new(int)
	return testClient(t, roundTripper(func(r *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		var request asked
		if err := json.Unmarshal(body, &request); err != nil {
			return nil, err
		}
		*n++
		return reply(r, http.StatusOK, answer(*n, request)), nil
	}), WithRequestsPerMinute(0)), n
}

func guidOf(n int) string { return fmt.Sprintf("%08x-0000-4000-8000-000000000000", n) }

// hit is an asset of the index of a test.
type hit struct {
	n       int
	created int64
	gone    bool // has no asset any more
	hidden  bool
}

func (h hit) entity() string {
	if h.hidden {
		return fmt.Sprintf(`{"typeName":"Table","guid":"-1","scrubbed":true,"createTime":%d,"attributes":{}}`, h.created)
	}
	return fmt.Sprintf(`{"typeName":"Table","guid":%q,"createTime":%d,"attributes":{"name":"t%d"}}`, guidOf(h.n), h.created, h.n)
}

// page answers one page of the hits, sorted as they are.
func page(hits []hit, total int, metadata bool) string {
	var entities, positions []string
	for _, h := range hits {
		if !h.gone {
			entities = append(entities, h.entity())
		}
		positions = append(positions, fmt.Sprintf(`%q:{"sort":[%d,%q]}`, guidOf(h.n), h.created, guidOf(h.n)))
	}
	answer := fmt.Sprintf(`{"queryType":"INDEX","approximateCount":%d`, total)
	if len(entities) > 0 {
		answer += `,"entities":[` + strings.Join(entities, ",") + `]`
	}
	if metadata {
		answer += `,"searchMetadata":{` + strings.Join(positions, ",") + `}`
	}
	return answer + "}"
}

// TestT4EveryAssetOnce walks through random indexes, with hits whose asset is gone and assets that are hidden, in all the
// ways to page.
func TestT4EveryAssetOnce(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		size := rapid.IntRange(1, 7).Draw(r, "page size")
		hits := make([]hit, rapid.IntRange(0, 60).Draw(r, "hits"))
		shape := rapid.IntRange(1, 20).Draw(r, "spread")
		for i := range hits {
			hits[i] = hit{
				n: i, created: int64(rapid.IntRange(0, shape).Draw(r, "created")) + 1_700_000_000_000,
				gone:   rapid.IntRange(0, 3).Draw(r, "gone") == 0,
				hidden: rapid.IntRange(0, 9).Draw(r, "hidden") == 0,
			}
		}
		slices.SortFunc(hits, func(a, b hit) int {
			if a.created != b.created {
				return int(a.created - b.created)
			}
			return strings.Compare(guidOf(a.n), guidOf(b.n))
		})
		want := make(map[string]int)
		for _, h := range hits {
			if !h.gone && !h.hidden {
				want[guidOf(h.n)]++
			}
		}
		way := rapid.SampledFrom([]Paging{PageBySearchAfter, PageByOffset, PageByTimestamp}).Draw(r, "way")
		client, requests := searchServer(t, func(_ int, a asked) string {
			list := hits
			if since, guid := sinceOf(a.Dsl.Query); since > 0 {
				list = slices.DeleteFunc(slices.Clone(hits), func(h hit) bool {
					return h.created < since || h.created == since && guidOf(h.n) <= guid
				})
			}
			total := len(list)
			if len(a.Dsl.SearchAfter) == 2 {
				after := slices.IndexFunc(hits, func(h hit) bool {
					return string(a.Dsl.SearchAfter[1]) == fmt.Sprintf("%q", guidOf(h.n))
				})
				list = hits[after+1:]
			}
			list = list[min(a.Dsl.From, len(list)):]
			return page(list[:min(a.Dsl.Size, len(list))], total, a.ShowSearchMetadata)
		})
		search := client.Search().PageSize(size).Page(way)
		if way != PageByTimestamp {
			search = search.Sort(field.CreateTime.Asc())
		}
		got, hidden := make(map[string]int), 0
		for e, err := range search.All(t.Context()) {
			if err != nil {
				r.Fatal(err)
			}
			if e.Scrubbed() {
				hidden++
				continue
			}
			got[e.GUID]++
		}
		for guid, n := range want {
			if got[guid] != n {
				r.Fatalf("%s came %d times", guid, got[guid])
			}
		}
		if len(got) != len(want) {
			r.Fatalf("%d assets came, not %d", len(got), len(want))
		}
		if limit := 2*len(hits)/size + 2 + len(hits); *requests > limit {
			r.Fatalf("%d requests for %d hits", *requests, len(hits))
		}
	})
}

// sinceOf finds the place that PageByTimestamp asks for what comes after.
func sinceOf(query json.RawMessage) (since int64, guid string) {
	if _, rest, ok := strings.Cut(string(query), `"gte":`); ok {
		_, _ = fmt.Sscan(rest, &since)
	}
	if _, rest, ok := strings.Cut(string(query), `"__guid":{"gt":"`); ok {
		guid, _, _ = strings.Cut(rest, `"`)
	}
	return since, guid
}

// TestT4T5EveryWalkEnds answers searches and lineages with nonsense and then with the same for ever.
func TestT4T5EveryWalkEnds(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		seed := rapid.Uint64().Draw(r, "seed")
		rng := rand.New(rand.NewPCG(seed, 1))
		length := rapid.IntRange(0, 8).Draw(r, "answers")
		size := rapid.IntRange(1, 4).Draw(r, "page size")
		var last string
		client, requests := searchServer(t, func(n int, _ asked) string {
			if n <= length || last == "" {
				var hits []hit
				for range rng.IntN(6) {
					hits = append(hits, hit{n: rng.IntN(20), created: int64(rng.IntN(3)), gone: rng.IntN(3) == 0, hidden: rng.IntN(4) == 0})
				}
				last = page(hits, rng.IntN(40), rng.IntN(2) == 0)
				last = last[:len(last)-1] + fmt.Sprintf(`,"hasMore":%t}`, rng.IntN(3) > 0)
			}
			return last
		})
		way := rapid.IntRange(0, 3).Draw(r, "way")
		items := 0
		if way == 3 {
			for _, err := range client.Lineage(guidOf(1)).PageSize(size).All(t.Context()) {
				if items++; err != nil && !errors.Is(err, paging.ErrStuck) {
					r.Fatal(err)
				}
			}
		} else {
			for _, err := range client.Search().PageSize(size).Page(Paging(way)).All(t.Context()) {
				items++
				if err != nil && !errors.Is(err, paging.ErrStuck) && !errors.Is(err, ErrNoPositions) && !errors.Is(err, ErrSearchWindow) {
					r.Fatal(err)
				}
			}
		}
		if limit := length*(1+idlePages) + hiddenLineagePages + 2; *requests > limit {
			r.Fatalf("%d requests after %d different answers", *requests, length)
		}
	})
}

func TestT4NothingIsSentForNonsense(t *testing.T) {
	client, requests := searchServer(t, func(int, asked) string { return "{}" })
	for name, search := range map[string]Search[*Entity]{
		"no client":       {},
		"page size":       client.Search().PageSize(0),
		"large page":      client.Search().PageSize(10_001),
		"way":             client.Search().Page(9),
		"sort":            client.Search().Page(PageByTimestamp).Sort(field.Name.Asc()),
		"empty type":      client.Search().Types(""),
		"empty clause":    client.Search(field.Query{}),
		"empty criterion": client.Search().Sort(field.Sort{}),
		"empty attribute": client.Search().IncludeNamed(""),
	} {
		if _, err := search.First(t.Context()); !errors.Is(err, ErrInvalidRequest) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := search.Count(t.Context()); !errors.Is(err, ErrInvalidRequest) {
			t.Errorf("%s: count: %v", name, err)
		}
	}
	for name, lineage := range map[string]Lineage{
		"no client": {},
		"no guid":   client.Lineage(""),
		"name":      client.Lineage("default/snowflake/1/db"),
		"depth":     client.Lineage(guidOf(1)).Depth(0),
		"page size": client.Lineage(guidOf(1)).PageSize(-1),
		"filter":    client.Lineage(guidOf(1)).Where(LineageFilter{}),
		"value":     client.Lineage(guidOf(1)).Through(LineageFilter{Attribute: "name"}),
		"no value":  client.Lineage(guidOf(1)).Along(LineageFilter{Attribute: "name", Operator: OperatorIsNull, Value: "x"}),
		"both": client.Lineage(guidOf(1)).Where(LineageFilter{
			All: []LineageFilter{{Attribute: "a", Value: "b"}}, Any: []LineageFilter{{Attribute: "a", Value: "b"}},
		}),
	} {
		for _, err := range lineage.All(t.Context()) {
			if !errors.Is(err, ErrInvalidRequest) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if *requests > 0 {
		t.Errorf("%d requests were sent", *requests)
	}
}

func TestT4OffsetsEndAtTheWindow(t *testing.T) {
	client, _ := searchServer(t, func(n int, a asked) string {
		var hits []hit
		for i := range a.Dsl.Size {
			hits = append(hits, hit{n: a.Dsl.From + i})
		}
		return page(hits, 10_001, false)
	})
	items := 0
	var last error
	for _, err := range client.Search().PageSize(1000).Page(PageByOffset).All(t.Context()) {
		if last = err; err == nil {
			items++
		}
	}
	if items != 10_000 || !errors.Is(last, ErrSearchWindow) || !errors.Is(last, ErrInvalidRequest) {
		t.Errorf("%d assets and then %v", items, last)
	}
}

func TestT4NoPositions(t *testing.T) {
	client, _ := searchServer(t, func(n int, a asked) string { return page([]hit{{n: 2 * n}, {n: 2*n + 1}}, 100, false) })
	var last error
	for _, err := range client.Search().PageSize(2).Sort(field.Name.Desc()).All(t.Context()) {
		last = err
	}
	if !errors.Is(last, ErrNoPositions) || !errors.Is(last, ErrLogic) {
		t.Errorf("a sorted search without positions ended with %v", last)
	}
	n := 0
	for _, err := range client.Search().PageSize(2).All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n == 10 {
			break
		}
	}
}

func TestT4NothingFound(t *testing.T) {
	client, _ := searchServer(t, func(int, asked) string { return `{"queryType":"INDEX","approximateCount":0}` })
	if _, err := client.Search().First(t.Context()); !errors.Is(err, ErrNotFound) || !errors.Is(err, apierr.ErrNotFound) {
		t.Errorf("First of nothing: %v", err)
	}
	for e, err := range client.Search().All(t.Context()) {
		t.Errorf("a search for nothing found %v, %v", e, err)
	}
}

func TestT4Aggregations(t *testing.T) {
	client, _ := searchServer(t, func(int, asked) string {
		return `{"approximateCount":7,"aggregations":{
			"types":{"doc_count_error_upper_bound":0,"sum_other_doc_count":3,"buckets":[
				{"key":"Table","doc_count":3,"rows":{"value":1.5}},{"key":"a\u002fb","doc_count":1}]},
			"years":{"buckets":[{"key":1700000000000,"key_as_string":"2023-11-14","doc_count":2}]},
			"named":{"buckets":{"big":{"doc_count":1}}},
			"none":{"value":null}}}`
	})
	result, err := client.Search().Aggregate(t.Context(), map[string]field.Aggregation{
		"types": field.TypeName.Terms(2).With("rows", field.RowCount.Avg()), "years": {"x": 1}, "named": {"x": 1}, "none": {"x": 1},
	})
	if err != nil {
		t.Fatal(err)
	}
	types := result["types"]
	if types.Others != 3 || len(types.Buckets) != 2 || types.Buckets[0].Key != "Table" || types.Buckets[0].Count != 3 ||
		*types.Buckets[0].Aggregations["rows"].Value != 1.5 || types.Buckets[1].Key != "a/b" {
		t.Errorf("%+v", types)
	}
	if years := result["years"].Buckets; years[0].Key != "2023-11-14" || years[0].Count != 2 {
		t.Errorf("%+v", years)
	}
	if named := result["named"].Buckets; named[0].Key != "big" || result["none"].Value != nil {
		t.Errorf("%+v", named)
	}
	if _, err := client.Search().Aggregate(t.Context(), map[string]field.Aggregation{"other": field.TypeName.Terms(1)}); !errors.Is(err, ErrLogic) {
		t.Errorf("an aggregation that is not answered: %v", err)
	}
	if _, err := client.Search().Aggregate(t.Context(), nil); !errors.Is(err, ErrInvalidRequest) {
		t.Errorf("no aggregation: %v", err)
	}
}

func TestT4Requests(t *testing.T) {
	var sent asked
	client, _ := searchServer(t, func(_ int, a asked) string {
		sent = a
		return `{"approximateCount":12}`
	})
	base := client.Search(field.Name.StartsWith("orders")).Include(field.Description)
	other := base.Where(field.CertificateStatus.Eq("VERIFIED")).Include(field.OwnerUsers) // changes nothing in base
	if n, err := base.Types("Table", "View").Count(t.Context()); n != 12 || err != nil {
		t.Fatal(n, err)
	}
	query := string(sent.Dsl.Query)
	if !sent.Dsl.TrackTotal || !strings.Contains(query, `"__typeName.keyword":["Table","View"]`) || !strings.Contains(query, `"ACTIVE"`) ||
		!strings.Contains(query, `"orders"`) || strings.Contains(query, "VERIFIED") || !slices.Equal(sent.Attributes, []string{"description"}) {
		t.Errorf("%+v %s", sent, query)
	}
	for range other.Subtypes().Types("SQL").WithStatus().All(t.Context()) {
	}
	query = string(sent.Dsl.Query)
	if !strings.Contains(query, "VERIFIED") || !strings.Contains(query, "__superTypeNames.keyword") || strings.Contains(query, "ACTIVE") ||
		!slices.Equal(sent.Attributes, []string{"description", "ownerUsers"}) || sent.Dsl.Size != 100 || !sent.ShowSearchMetadata {
		t.Errorf("%+v %s", sent, query)
	}
}
