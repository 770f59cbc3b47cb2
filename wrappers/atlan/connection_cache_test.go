package atlan

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
)

// TestS5ConnectionsBehindHidden: connections are found behind pages whose hits are all hidden, or whose assets are gone: such
// a page is not the last, of all connections as of those of a name.
func TestS5ConnectionsBehindHidden(t *testing.T) {
	const hidden = `{"guid":"-1","typeName":"Connection","attributes":{}}`
	for name, c := range map[string]struct{ first []string }{
		"a page of hidden ones": {slices.Repeat([]string{hidden}, guidsAtOnce)}, "some are hidden, others gone": {slices.Repeat([]string{hidden}, 3)}, "an empty page": {nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newMetastore()
				s.search = func(body string) string {
					from, entities, hits := 0, c.first, guidsAtOnce
					if strings.Contains(body, "search_after") {
						from, hits = guidsAtOnce, 1
						entities = []string{`{"guid":"h100","typeName":"Connection","attributes":{"qualifiedName":"default/snowflake/1700000000","name":"production"}}`}
					}
					var metadata []string
					for i := range hits {
						metadata = append(metadata, fmt.Sprintf(`"h%03[1]d":{"sort":["h%03[1]d"]}`, from+i))
					}
					return fmt.Sprintf(`{"approximateCount":%d,"entities":[%s],"searchMetadata":{%s}}`, guidsAtOnce+1, strings.Join(entities, ","), strings.Join(metadata, ","))
				}
				connections, ctx := testClient(t, s).Connections(), t.Context()
				want := ConnectionName{GUID: "h100", QualifiedName: "default/snowflake/1700000000", Name: "production", Connector: "snowflake"}
				if n, err := connections.Find(ctx, "production", ""); err != nil || n != want {
					t.Errorf("by name: %+v (%v)", n, err)
				}
				wantCount(t, s, "POST /api/meta/search/indexsearch", 2)
				connections.Invalidate()
				if err := connections.Warm(ctx); err != nil {
					t.Fatal(err)
				}
				if n, err := connections.Lookup(ctx, want.QualifiedName); err != nil || n != want {
					t.Errorf("of all: %+v (%v)", n, err)
				}
				wantCount(t, s, "POST /api/meta/search/indexsearch", 4)
				if n, err := connections.directory().lookup(ctx, cacheKey{byID, "-1"}); len(n) != 0 {
					t.Errorf("hidden ones are known: %d (%v)", len(n), err)
				}
			})
		})
	}
}
