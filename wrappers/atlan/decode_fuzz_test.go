package atlan

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/sluice-sdk/sluice/gen/atlanassets/field"
)

// FuzzSearchAnswer answers every page of a search with any body: the walk ends, in every way to page, and what it yields is
// an asset.
func FuzzSearchAnswer(f *testing.F) {
	f.Add([]byte(page([]hit{{n: 1, created: 5}, {n: 2, created: 6, hidden: true}, {n: 3, created: 6, gone: true}}, 3, true)))
	f.Add([]byte(page([]hit{{n: 1, created: 5}, {n: 2, created: 6}}, 7, false)))
	for _, body := range []string{
		`{}`, `null`, `[]`, `{"entities":[null]}`, `{"approximateCount":-1}`, `{"approximateCount":1e40}`, `{"entities":[[]],"approximateCount":1}`,
		`{"approximateCount":2,"searchMetadata":{"a":{"sort":[null]},"b":{"sort":["\ud800"]},"c":{"sort":[1e999,true]},"d":null}}`,
		`{"approximateCount":1,"aggregations":{"a":{"buckets":[1,null,{"key":null,"doc_count":2,"in":{"value":"x"}}]},"b":{"buckets":{"x":[]}}}}`,
		`{"approximateCount":1,"aggregations":{"a":{"value":{"x":1}},"b":null,"c":7}}`,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		requests := 0
		client := testClient(t, roundTripper(func(r *http.Request) (*http.Response, error) {
			requests++
			return reply(r, http.StatusOK, string(body)), nil
		}), WithRequestsPerMinute(0))
		for way := range PageByTimestamp + 1 {
			requests = 0
			for e, err := range client.Search().PageSize(2).Page(way).All(t.Context()) {
				if (e == nil) == (err == nil) {
					t.Fatalf("yielded %v and %v", e, err)
				}
				if err == nil && !json.Valid(entityText(e)) {
					t.Fatalf("an asset that is no JSON: %s", entityText(e))
				}
			}
			if requests > window/2+idlePages {
				t.Fatalf("%d requests", requests)
			}
		}
		if n, err := client.Search().Count(t.Context()); err == nil && n < 0 {
			t.Fatalf("counted %d", n)
		}
		if result, err := client.Search().Aggregate(t.Context(), map[string]field.Aggregation{"a": {"x": 1}}); err == nil {
			for name, a := range result {
				if !json.Valid(a.Raw) {
					t.Fatalf("%s: %+v", name, a)
				}
			}
		}
	})
}

// FuzzLineageAnswer answers every page of a lineage with any body: the walk ends, and what it yields is an asset.
func FuzzLineageAnswer(f *testing.F) {
	for _, body := range []string{
		`{}`, `null`, `{"entities":[],"hasMore":true}`, `{"entities":[null,{"guid":"-1"}],"hasMore":true}`, `{"entities":[{"guid":"x","depth":"one"}]}`,
		`{"entities":[{"guid":"x","typeName":"Table","depth":1,"immediateUpstream":[{"guid":"y"}],"immediateDownstream":null}],"hasMore":false}`,
		`{"entities":[{"guid":"x"},{"guid":"x"},{}],"hasMore":true,"entityCount":9}`,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		requests := 0
		client := testClient(t, roundTripper(func(r *http.Request) (*http.Response, error) {
			requests++
			return reply(r, http.StatusOK, string(body)), nil
		}), WithRequestsPerMinute(0))
		for asset, err := range client.Lineage(guidOf(1)).PageSize(2).All(t.Context()) {
			if (asset.Entity == nil) == (err == nil) {
				t.Fatalf("yielded %v and %v", asset, err)
			}
		}
		if requests > hiddenLineagePages+20 {
			t.Fatalf("%d requests", requests)
		}
	})
}
