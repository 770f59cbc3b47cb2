package elastic

import (
	"fmt"
	"testing"

	"go.uber.org/goleak"

	"github.com/sluice-sdk/sluice/specs"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var sharedModel = SharedModel(specs.AtlanTypedefs())

func model(tb testing.TB) *Model {
	tb.Helper()
	m, err := sharedModel()
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

func TestWalkOfAssets(t *testing.T) {
	assets := NewAssets(model(t))
	for i := range 1000 {
		typ := "Table"
		if i%2 == 1 {
			typ = "Column"
		}
		assets.Put(fmt.Sprintf("guid-%04d", i), Document{TypeName: typ, Status: "ACTIVE", Attributes: map[string]any{"name": fmt.Sprintf("NAME_%d", i%7)}})
	}
	body := `{"query":{"bool":{"filter":[{"term":{"__state":"ACTIVE"}},{"term":{"__typeName.keyword":{"value":"Table"}}}]}},"sort":[{"name.keyword":"desc"},{"__guid":"asc"}],"size":30%s}`
	after, seen := "", map[string]bool{}
	for {
		result, err := assets.Search(fmt.Appendf(nil, body, after))
		if err != nil {
			t.Fatal(err)
		}
		if result.Total != 500 {
			t.Fatal(result.Total)
		}
		if len(result.Hits) == 0 {
			break
		}
		for _, hit := range result.Hits {
			if seen[hit.ID] {
				t.Fatal("twice", hit.ID)
			}
			seen[hit.ID] = true
		}
		last := result.Hits[len(result.Hits)-1].Sort
		after = fmt.Sprintf(`,"search_after":[%q,%q]`, last[0], last[1])
	}
	if len(seen) != 500 {
		t.Fatal(len(seen))
	}
}
