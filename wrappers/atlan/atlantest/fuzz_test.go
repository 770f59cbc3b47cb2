package atlantest

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzBodies sends any body to any operation that takes one: the fake answers, does not panic, and what it refuses as
// wrong it does not do by half.
func FuzzBodies(f *testing.F) {
	for i, s := range everyStep() {
		if s.body != "" {
			f.Add(uint8(i), s.body)
		}
	}
	f.Add(uint8(11), `{"entities":[{"typeName":"Table","guid":"-1","attributes":{"name":null,"columns":[null,{}]}}]}`)
	f.Add(uint8(11), `{"entities":[null]}`)
	f.Add(uint8(11), `{"entities":[{"typeName":"AtlasGlossaryTerm","guid":"-1","attributes":{"name":"t","anchor":{"guid":"-1"}}}]}`)
	for i := range everyStep() {
		f.Add(uint8(i), `{}`)
		f.Add(uint8(i), `null`)
		f.Add(uint8(i), `[null]`)
		f.Add(uint8(i), `{"entities":[null],"entity":null,"guidHeaderMap":{"t":null},"classificationDefs":[null,{"name":"x","attributeDefs":[null]}]}`)
		f.Add(uint8(i), `{"t":null,"group":null,"users":[null],"metadata":null,"dsl":null,"name":null}`)
	}
	steps := everyStep()
	f.Fuzz(func(t *testing.T, which uint8, body string) {
		fake := New(t, WithoutContract(), Without(RateLimited, SearchDelay))
		fake.Add(Asset{GUID: "t", TypeName: "Table", QualifiedName: "default/snowflake/1/d/s/t", Name: "t"}, Asset{GUID: "u", TypeName: "Schema", QualifiedName: "s", Name: "s"})
		s := steps[int(which)%len(steps)]
		path := strings.NewReplacer("{t}", "t", "{u}", "u").Replace(s.path)
		if strings.ContainsAny(path, `{" `) {
			return
		}
		before := fake.Assets("")
		r := httptest.NewRequestWithContext(t.Context(), s.method, path, strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+fake.APIKey())
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		fake.Handler().ServeHTTP(w, r)
		if w.Code == http.StatusInternalServerError && !strings.Contains(w.Body.String(), "NullPointerException") {
			t.Fatalf("%s answers 500: %s", s.operation, w.Body)
		}
		if w.Code >= 400 {
			if diff := cmp.Diff(before, fake.Assets("")); diff != "" {
				t.Fatalf("%s answers %d and changed something: %s", s.operation, w.Code, diff)
			}
		}
	})
}
