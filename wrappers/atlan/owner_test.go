package atlan

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/sluice-sdk/sluice/gen/atlanassets"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// TestT6UnreadableOwners: owners in a form that nobody has heard of are not taken for none. What adds to them or takes from
// them is refused before anything is sent; what replaces all of them may.
func TestT6UnreadableOwners(t *testing.T) {
	for name, c := range map[string]struct {
		value     string // of ownerUsers
		attribute string
	}{
		"objects": {`[{"name":"ann"}]`, "ownerUsers"}, "a text": {`"ann"`, "ownerUsers"}, "one of them": {`["ann",7]`, "ownerUsers"},
		"groups": {`{"team":true}`, "ownerGroups"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newMetastore()
			client := testClient(t, &between{metastore: s, answer: func(r *http.Request) *http.Response {
				if r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/entity/uniqueAttribute") {
					return reply(r, 200, `{"entity":{"guid":"g","typeName":"Table","status":"ACTIVE","attributes":{"qualifiedName":"q","name":"n","`+c.attribute+`":`+c.value+`}}}`)
				}
				return nil
			}})
			tables, ctx := client.Tables(), t.Context()
			for change, do := range map[string]func(context.Context, string, Owners) (SaveResult, error){"add": tables.AddOwners, "remove": tables.RemoveOwners} {
				_, err := do(ctx, "q", Owners{Users: []string{"bob"}, Groups: []string{"others"}})
				wantError(t, err, apierr.ErrDecode, c.attribute)
				if len(s.bodies) != 0 {
					t.Fatalf("%s sent %q", change, s.bodies)
				}
			}
			for owners, want := range map[string]string{"": `"` + c.attribute + `":[]`, "bob": `"` + c.attribute + `":["bob"]`} {
				s.bodies = nil
				set := Owners{}
				if owners != "" {
					set = Owners{Users: []string{owners}, Groups: []string{owners}}
				}
				_, err := tables.SetOwners(ctx, "q", set)
				if len(s.bodies) != 1 || !strings.Contains(s.bodies[0], want) {
					t.Errorf("%q is set by %q: %v", owners, s.bodies, err)
				}
			}
		})
	}
}

// TestT6NoOwners: of an asset without owners, and of one whose owners were cleared, there are none.
func TestT6NoOwners(t *testing.T) {
	for _, attributes := range []string{`{}`, `{"ownerUsers":null,"ownerGroups":[]}`} {
		var a Asset[atlanassets.Table]
		if err := a.UnmarshalJSON([]byte(`{"guid":"g","typeName":"Table","attributes":` + attributes + `}`)); err != nil {
			t.Fatal(err)
		}
		if owners := a.Owners(); len(owners.Users)+len(owners.Groups) != 0 {
			t.Errorf("%s: %v", attributes, owners)
		}
	}
}

// TestT6EmptyOwner: the empty name of an owner is refused before anything is sent; one that is there already may stay, or go.
func TestT6EmptyOwner(t *testing.T) {
	s := newMetastore()
	client := testClient(t, &between{metastore: s, answer: func(r *http.Request) *http.Response {
		if r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/entity/uniqueAttribute") {
			return reply(r, 200, `{"entity":{"guid":"g","typeName":"Table","status":"ACTIVE","attributes":{"qualifiedName":"q","name":"n","ownerUsers":["ann"],"ownerGroups":["","team"]}}}`)
		}
		return nil
	}})
	tables, ctx := client.Tables(), t.Context()
	for name, do := range map[string]func(context.Context, string, Owners) (SaveResult, error){"set": tables.SetOwners, "add": tables.AddOwners} {
		_, err := do(ctx, "q", Owners{Users: []string{"bob", ""}})
		wantError(t, err, ErrInvalidRequest, "empty")
		if len(s.bodies) != 0 {
			t.Fatalf("%s sent %q", name, s.bodies)
		}
	}
	_, err := tables.AddOwners(ctx, "q", Owners{Groups: []string{"more"}})
	if err != nil || len(s.bodies) != 1 || !strings.Contains(s.bodies[0], `"ownerGroups":["","team","more"]`) {
		t.Errorf("%q, %v", s.bodies, err)
	}
	_, err = tables.RemoveOwners(ctx, "q", Owners{Groups: []string{""}})
	if err != nil || len(s.bodies) != 2 || !strings.Contains(s.bodies[1], `"ownerGroups":["team"]`) {
		t.Errorf("%q, %v", s.bodies, err)
	}
}
