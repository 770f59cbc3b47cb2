package atlantest

import (
	"fmt"
	"testing"
	"time"
)

// TestWalkWhileOthersWrite reads 10,000 assets in pages by search_after while others are written and archived: each that
// is there all the time is found once.
func TestWalkWhileOthersWrite(t *testing.T) {
	inBubble(t, func(t *testing.T, f *Fake, c *client) {
		tables := f.Seed(loadAssets)
		gone := map[string]bool{}
		seen := map[string]int{}
		last := ""
		for page := 0; ; page++ {
			after := ""
			if last != "" {
				after = `,"search_after":["` + last + `"]`
			}
			a := c.want(200, "POST", "/api/meta/search/indexsearch", `{"dsl":{"size":300,"sort":[{"__guid":"asc"}],"query":{"bool":{"filter":[{"term":{"__state":"ACTIVE"}}]}}`+after+`},"excludeMeanings":true,"excludeClassifications":true}`)
			entities, _ := a.at("entities").([]any)
			if len(entities) == 0 {
				break
			}
			for _, guid := range a.guids("entities") {
				seen[guid]++
			}
			last = a.text(fmt.Sprintf("entities/%d/guid", len(entities)-1))
			c.table(fmt.Sprintf("new%d", page), "")
			if len(tables) > page {
				gone[tables[page]] = true
				c.want(200, "DELETE", bulk+"?deleteType=SOFT&guid="+tables[page], "")
			}
			pass(time.Second)
		}
		missing := 0
		for _, a := range f.Assets("") {
			if seen[a.GUID] == 0 && !gone[a.GUID] && a.TypeName != "Table" {
				missing++
			}
			if seen[a.GUID] > 1 {
				t.Fatalf("%s was found %d times", a.QualifiedName, seen[a.GUID])
			}
		}
		if missing > 0 || len(seen) < loadAssets-len(gone) {
			t.Errorf("%d of %d were not found", missing, loadAssets)
		}
	}, Without(RateLimited), SampleContract(50))
}

const loadAssets = 10_000
