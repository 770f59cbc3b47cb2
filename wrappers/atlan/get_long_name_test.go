package atlan

import (
	"errors"
	"net/http"
	"strings"
	"testing"
)

// Of assets with one long qualifiedName the active one is read, as by a short one.
func TestT1LongNameOfArchived(t *testing.T) {
	name := "default/snowflake/1/" + strings.Repeat("x", maxQueryParameter)
	entity := func(guid, status string) string {
		return `{"guid":"` + guid + `","typeName":"Database","status":"` + status + `","attributes":{"qualifiedName":"` + name + `","name":"x"}}`
	}
	for want, entities := range map[string][]string{
		"g2": {entity("g1", "DELETED"), entity("g2", "ACTIVE"), entity("g3", "DELETED")}, "g1": {entity("g1", "DELETED")},
		"several": {entity("g1", "ACTIVE"), entity("g2", "ACTIVE")}, "several archived": {entity("g1", "DELETED"), entity("g2", "DELETED")},
		"none": {strings.Replace(entity("g1", "ACTIVE"), name, name+"y", 1)},
	} {
		all := `{"entities":[` + strings.Join(entities, ",") + `]}`
		s := newMetastore()
		s.search = func(string) string { return all }
		client := testClient(t, &between{metastore: s, answer: func(r *http.Request) *http.Response {
			if r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/entity/bulk") {
				return reply(r, 200, all)
			}
			return nil
		}})
		e, err := client.EntityByQualifiedName(t.Context(), "Database", name)
		switch {
		case want == "none":
			wantError(t, err, ErrNotFound, "search index")
		case strings.HasPrefix(want, "several"):
			several, ok := errors.AsType[*AmbiguousNameError](err)
			if !ok || len(several.Candidates) != 2 || !errors.Is(err, ErrLogic) {
				t.Errorf("%s: %v", want, err)
			}
		case err != nil || e.GUID != want:
			t.Errorf("%s: %v", want, err)
		}
	}
}
