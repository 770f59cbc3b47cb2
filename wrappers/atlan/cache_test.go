package atlan

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

func wantID(t *testing.T, want string) func(string, error) {
	t.Helper()
	return func(got string, err error) {
		t.Helper()
		if err != nil || got != want {
			t.Errorf("got %q (%v), want %q", got, err, want)
		}
	}
}

func wantCount(t *testing.T, s *metastore, prefix string, want int) {
	t.Helper()
	if got := s.count(prefix); got != want {
		t.Errorf("%d requests %s, want %d", got, prefix, want)
	}
}

func wantError(t *testing.T, err error, want error, says string) {
	t.Helper()
	if !errors.Is(err, want) || !strings.Contains(err.Error(), says) {
		t.Errorf("got %v, want %v that says %q", err, want, says)
	}
}

// The list is loaded by the first lookup, is believed for the TTL, and is loaded once for a name that is not in it.
func TestCacheLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMetastore()
		tags, ctx := testClient(t, s, WithCacheTTL(time.Hour)).Tags(), t.Context()
		for range 3 {
			wantID(t, "t1")(tags.ID(ctx, "PII"))
			wantID(t, "PII")(tags.Name(ctx, "t1"))
		}
		wantCount(t, s, tagList, 1)

		// A name that somebody else made since asks once more.
		s.add(kindTag, `{"name":"t9","displayName":"New"}`)
		wantID(t, "t9")(tags.ID(ctx, "New"))
		wantCount(t, s, tagList, 2)

		// One that nobody made asks once more, and then not for a while.
		for range 3 {
			_, err := tags.ID(ctx, "Nobody")
			wantError(t, err, ErrNotFound, `"Nobody"`)
		}
		wantCount(t, s, tagList, 3)
		// Nor does any other, for a second.
		for i := range 100 {
			_, err := tags.ID(ctx, fmt.Sprint("Nobody ", i))
			wantError(t, err, ErrNotFound, fmt.Sprint("Nobody ", i))
		}
		wantCount(t, s, tagList, 3)
		wait(missPause)
		s.add(kindTag, `{"name":"t10","displayName":"Nobody"}`)
		_, err := tags.ID(ctx, "Nobody")
		wantError(t, err, ErrNotFound, "Nobody")
		wait(absentTTL)
		wantID(t, "t10")(tags.ID(ctx, "Nobody"))
		wantCount(t, s, tagList, 4)

		// After the TTL everything is loaded anew.
		wait(time.Hour - time.Second)
		wantID(t, "t1")(tags.ID(ctx, "PII"))
		wantCount(t, s, tagList, 4)
		wait(time.Second)
		wantID(t, "t1")(tags.ID(ctx, "PII"))
		wantCount(t, s, tagList, 5)

		// One name, and all of them, can be forgotten.
		tags.Invalidate("PII")
		wantID(t, "t9")(tags.ID(ctx, "New"))
		wantCount(t, s, tagList, 5)
		wantID(t, "t1")(tags.ID(ctx, "PII"))
		wantCount(t, s, tagList, 6)
		tags.Invalidate()
		wantID(t, "t9")(tags.ID(ctx, "New"))
		wantCount(t, s, tagList, 7)
	})
}

// Ids are looked up one by one: a whole list is not loaded for one of them.
func TestCacheUnknownID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMetastore()
		tags, ctx := testClient(t, s).Tags(), t.Context()
		for range 3 {
			wantID(t, DeletedName)(tags.Name(ctx, "gone"))
		}
		wantCount(t, s, tagList, 1)
		wait(absentTTL)
		s.add(kindTag, `{"name":"gone","displayName":"Back"}`)
		for range 3 {
			wantID(t, "Back")(tags.Name(ctx, "gone"))
		}
		wantCount(t, s, tagList, 1)
		wantCount(t, s, definitionOf+"classificationdef/name/gone", 1)
	})
}

func TestCacheWithoutTTL(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMetastore()
		tags, ctx := testClient(t, s, WithCacheTTL(0)).Tags(), t.Context()
		for i := range 3 {
			wantID(t, "t1")(tags.ID(ctx, "PII"))
			_, err := tags.ID(ctx, "Nobody")
			wantError(t, err, ErrNotFound, "Nobody")
			wantCount(t, s, tagList, 2*(i+1))
		}
	})
	if _, err := New(WithBaseURL("acme.atlan.com"), WithAPIKey("k"), WithCacheTTL(-1)); !errors.Is(err, ErrInvalidRequest) {
		t.Error(err)
	}
}

// An answer without anything is what an expired token gets: it is an error, and not kept.
func TestCacheExpiredToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMetastore()
		s.expired = true
		client, ctx := testClient(t, s), t.Context()
		for range 2 {
			_, err := client.Tags().ID(ctx, "PII")
			wantError(t, err, ErrAuthentication, "expired")
			wantError(t, client.WarmCaches(ctx, client.CustomMetadata(), client.Enums()), ErrAuthentication, "expired")
		}
		s.expired = false
		wantID(t, "t1")(client.Tags().ID(ctx, "PII"))

		// A tenant without tags is no such thing.
		s.defs[kindTag] = nil
		client.Tags().Invalidate()
		list, err := client.Tags().List(ctx)
		if err != nil || len(list) != 0 {
			t.Error(list, err)
		}
		_, err = client.Tags().ID(ctx, "PII")
		wantError(t, err, ErrNotFound, "PII")
	})
}

// A failure reaches all who wait and is not kept.
func TestCacheFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMetastore()
		s.forbidden = true
		client, ctx := testClient(t, s), t.Context()
		_, err := client.Tags().ID(ctx, "PII")
		wantError(t, err, ErrPermission, "PII")
		s.forbidden = false
		wantID(t, "t1")(client.Tags().ID(ctx, "PII"))
	})
}

// Any number of goroutines share one load, whatever they look for.
func TestCacheOneFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMetastore()
		s.took = time.Second
		client, ctx := testClient(t, s), t.Context()
		var wg sync.WaitGroup
		for i := range 200 {
			wg.Go(func() {
				switch i % 4 {
				case 0:
					wantID(t, "t1")(client.Tags().ID(ctx, "PII"))
				case 1:
					wantID(t, "Source")(client.Tags().Name(ctx, "t2"))
				case 2:
					_, err := client.Tags().ID(ctx, "Nobody")
					wantError(t, err, ErrNotFound, "Nobody")
				case 3:
					if err := client.Tags().Warm(ctx); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		wantCount(t, s, tagList, 1)
		// An attribute that a set lacks loads the set once.
		for range 50 {
			wg.Go(func() {
				_, err := client.CustomMetadata().AttributeID(ctx, "Quality", "Nothing")
				wantError(t, err, ErrNotFound, "Nothing")
			})
		}
		wg.Wait()
		wantCount(t, s, metadataList, 1)
		wantCount(t, s, definitionOf+"businessmetadatadef", 1)
	})
}

// Lookups, invalidations and writes at once: nobody is told what is not so.
func TestCacheStress(t *testing.T) {
	s := newMetastore()
	client, ctx := testClient(t, s, WithRequestsPerMinute(0)), t.Context()
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			for j := range 50 {
				wantID(t, "t1")(client.Tags().ID(ctx, "PII"))
				name := fmt.Sprintf("tag %d.%d", i, j)
				switch j % 5 {
				case 0:
					client.Tags().Invalidate()
				case 1:
					client.Tags().Invalidate("PII")
				case 2:
					made, err := client.Tags().Create(ctx, TagDefinition{Name: name})
					if err != nil {
						t.Error(err)
						return
					}
					wantID(t, made.ID)(client.Tags().ID(ctx, name))
					wantID(t, name)(client.Tags().Name(ctx, made.ID))
					if err := client.Tags().Purge(ctx, name); err != nil {
						t.Error(err)
					}
					wantID(t, DeletedName)(client.Tags().Name(ctx, made.ID))
				}
			}
		})
	}
	wg.Wait()
}

// Who gives up does not take the load from those who wait, and what nobody waits for ends.
func TestCacheCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMetastore()
		s.took = time.Minute / 2
		client := testClient(t, s)
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := client.Tags().ID(short, "PII")
			wantError(t, err, context.DeadlineExceeded, "PII")
		})
		wg.Go(func() { wantID(t, "t1")(client.Tags().ID(t.Context(), "PII")) })
		wg.Wait()
		wantCount(t, s, tagList, 1)
	})
}

func TestCacheAmbiguous(t *testing.T) {
	s := newMetastore()
	tags := testClient(t, s).Tags()
	_, err := tags.ID(t.Context(), "Twin")
	wantError(t, err, ErrLogic, "t3, t4")
	_, err = tags.ID(t.Context(), "")
	wantError(t, err, ErrInvalidRequest, "name")
	wantID(t, "Twin")(tags.Name(t.Context(), "t4"))
	var e *ResourceError
	if _, err = tags.ID(t.Context(), "Nobody"); !errors.As(err, &e) || e.Resource != "tag" || e.ID != "Nobody" || !errors.Is(err, apierr.ErrNotFound) {
		t.Errorf("%v", err)
	}
}

// WarmCaches loads several at once: the time is that of the longest.
func TestWarmCaches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMetastore()
		s.took = time.Second
		s.people = func(string, string, int) string { return `{"records":[]}` }
		s.search = func(string) string { return foundNothing }
		client, ctx := testClient(t, s, WithRequestsPerMinute(0)), t.Context()
		start := time.Now()
		if err := client.WarmCaches(ctx, client.Tags(), client.CustomMetadata(), client.Enums(), client.Roles(), client.Groups(), client.Users(), client.Connections()); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took > 2*time.Second {
			t.Error(took)
		}
		wantID(t, "t1")(client.Tags().ID(ctx, "PII"))
		if err := client.WarmCaches(ctx, client.Tags(), client.Enums(), client.Users()); err != nil {
			t.Fatal(err)
		}
		wantCount(t, s, tagList, 1)
		wantCount(t, s, enumList, 1)
		wantCount(t, s, "GET /api/service/users", 1)
	})
}

// Of users, groups and roles only those are loaded that somebody looks for.
func TestIdentityCaches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMetastore()
		s.people = func(path, filter string, offset int) string {
			switch path + " " + filter {
			case `/api/service/users {"username":{"$in":["jsmith"]}}`, `/api/service/users {"id":{"$in":["u1"]}}`, `/api/service/users {"email":{"$ilike":"j_smith@example.com"}}`:
				return `{"records":[{"id":"u1","username":"jsmith","email":"J_Smith@example.com"},{"id":"u2","username":"jxsmith","email":"jxsmith@example.com"}]}`
			case `/api/service/apikeys {"clientId":{"$in":["c1"]}}`:
				return `{"records":[{"id":"k1","clientId":"c1","displayName":"loader"}]}`
			case `/api/service/v2/groups {"$or":[{"name":{"$in":["data_people"]}},{"alias":{"$in":["data_people"]}}]}`,
				`/api/service/v2/groups {"$or":[{"name":{"$in":["Data people"]}},{"alias":{"$in":["Data people"]}}]}`, `/api/service/v2/groups {"id":{"$in":["g1"]}}`:
				return `{"records":[{"id":"g1","name":"data_people","attributes":{"alias":["Data people"]}}]}`
			case `/api/service/v2/groups {"$or":[{"name":{"$in":["Twin"]}},{"alias":{"$in":["Twin"]}}]}`:
				return `{"records":[{"id":"g2","name":"twin","alias":"Twin"},{"id":"g3","name":"Twin","alias":"Other"}]}`
			case `/api/service/roles {"name":{"$in":["$admin"]}}`:
				return `{"records":[{"id":"r1","name":"$admin","description":"all"}]}`
			case `/api/service/users `:
				if offset >= 250 {
					return `{"records":[]}`
				}
				var rows []string
				for i := offset; i < min(offset+identitiesAtOnce, 250); i++ {
					rows = append(rows, fmt.Sprintf(`{"id":"u%d","username":"user%d"}`, i+100, i))
				}
				return `{"records":[` + strings.Join(rows, ",") + `]}`
			}
			return `{"records":[]}`
		}
		client, ctx := testClient(t, s), t.Context()
		for range 3 {
			wantID(t, "u1")(client.Users().ID(ctx, "jsmith"))
			if u, err := client.Users().Get(ctx, "u1"); err != nil || u.Name != "jsmith" {
				t.Error(u, err)
			}
			if u, err := client.Users().FindByEmail(ctx, "J_smith@Example.com"); err != nil || u.ID != "u1" {
				t.Error(u, err)
			}
			wantID(t, "k1")(client.Users().ID(ctx, "service-account-c1"))
			wantID(t, "g1")(client.Groups().ID(ctx, "data_people"))
			wantID(t, "g1")(client.Groups().ID(ctx, "Data people"))
			if g, err := client.Groups().Get(ctx, "g1"); err != nil || g.Alias != "Data people" {
				t.Error(g, err)
			}
			_, err := client.Groups().ID(ctx, "Twin")
			wantError(t, err, ErrLogic, "g2, g3")
			wantID(t, "r1")(client.Roles().ID(ctx, "$admin"))
			if r, err := client.Roles().Get(ctx, "r1"); err != nil || r.Description != "all" {
				t.Error(r, err)
			}
			_, err = client.Users().ID(ctx, "nobody")
			wantError(t, err, ErrNotFound, "nobody")
			_, err = client.Users().Find(ctx, "")
			wantError(t, err, ErrInvalidRequest, "name")
		}
		wantCount(t, s, "GET /api/service/users", 3) // jsmith (whose id is known then), the address, nobody
		wantCount(t, s, "GET /api/service/v2/groups", 3)
		wantCount(t, s, "GET /api/service/roles", 1)
		wantCount(t, s, "GET /api/service/apikeys", 1)

		// Warm reads all pages, and then nothing is asked.
		if err := client.Users().Warm(ctx); err != nil {
			t.Fatal(err)
		}
		wantCount(t, s, "GET /api/service/users", 6)
		wantID(t, "u349")(client.Users().ID(ctx, "user249"))
		wantCount(t, s, "GET /api/service/users", 6)
	})
}

func TestConnectionCache(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMetastore()
		entity := func(guid, qualifiedName, name string) string {
			return fmt.Sprintf(`{"guid":%q,"typeName":"Connection","attributes":{"qualifiedName":%q,"name":%q}}`, guid, qualifiedName, name)
		}
		a, b := entity("c1", "default/snowflake/1700000000", "production"), entity("c2", "default/tableau/1700000001", "production")
		both := `{"approximateCount":2,"entities":[` + a + `,` + b + `],"searchMetadata":{"c1":{"sort":["c1"]},"c2":{"sort":["c2"]}}}`
		s.search = func(body string) string {
			switch {
			case strings.Contains(body, `"connectorName":{"value":"snowflake"}`), strings.Contains(body, "1700000000"), strings.Contains(body, `{"value":"c1"}`):
				return `{"approximateCount":1,"entities":[` + a + `],"searchMetadata":{"c1":{"sort":["c1"]}}}`
			case strings.Contains(body, `"name.keyword":{"value":"production"}`):
				return both
			case strings.Contains(body, "search_after"), strings.Contains(body, `"name.keyword"`):
				return foundNothing
			}
			return both
		}
		connections, ctx := testClient(t, s).Connections(), t.Context()
		for range 2 {
			for _, find := range []func() (ConnectionName, error){
				func() (ConnectionName, error) { return connections.Find(ctx, "production", "Snowflake") },
				func() (ConnectionName, error) { return connections.Lookup(ctx, "default/snowflake/1700000000") },
				func() (ConnectionName, error) { return connections.Lookup(ctx, "default/snowflake/1700000000/DB/S/T") },
				func() (ConnectionName, error) { return connections.LookupGUID(ctx, "c1") },
			} {
				n, err := find()
				if want := (ConnectionName{GUID: "c1", QualifiedName: "default/snowflake/1700000000", Name: "production", Connector: "snowflake"}); err != nil || n != want {
					t.Errorf("%+v (%v)", n, err)
				}
			}
			_, err := connections.Find(ctx, "production", "")
			wantError(t, err, ErrLogic, "c1, c2")
			_, err = connections.Find(ctx, "nothing", "")
			wantError(t, err, ErrNotFound, `"nothing"`)
		}
		wantCount(t, s, "POST /api/meta/search/indexsearch", 3)
		connections.Invalidate()
		if err := connections.Warm(ctx); err != nil {
			t.Fatal(err)
		}
		wantCount(t, s, "POST /api/meta/search/indexsearch", 4)
		if n, err := connections.Find(ctx, "production", "tableau"); err != nil || n.GUID != "c2" {
			t.Error(n, err)
		}
		wantCount(t, s, "POST /api/meta/search/indexsearch", 4)
	})
}

var _ http.RoundTripper = (*metastore)(nil)

// What is forgotten is forgotten by all its names, and is not missing from the list.
func TestCacheInvalidateSome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMetastore()
		client, ctx := testClient(t, s), t.Context()
		tags := client.Tags()
		wantID(t, "t1")(tags.ID(ctx, "PII"))
		s.mu.Lock()
		s.defs[kindTag][0] = strings.Replace(s.defs[kindTag][0], "PII", "Personal", 1)
		s.mu.Unlock()
		tags.Invalidate("PII")
		wantID(t, "Personal")(tags.Name(ctx, "t1"))
		tags.Invalidate("Personal", "t1")
		if list, err := tags.List(ctx); err != nil || len(list) != 4 {
			t.Errorf("%d tags (%v)", len(list), err)
		}
		wantCount(t, s, tagList, 2)
		if list, err := tags.List(ctx); err != nil || len(list) != 4 {
			t.Errorf("%d tags (%v)", len(list), err)
		}
		wantCount(t, s, tagList, 2)
		tags.Invalidate("t2")
		if err := tags.Warm(ctx); err != nil {
			t.Error(err)
		}
		wantCount(t, s, tagList, 3)
		// Of two with one name the other is not the only one.
		tags.Invalidate("t3")
		_, err := tags.ID(ctx, "Twin")
		wantError(t, err, ErrLogic, "t3, t4")

		enums := client.Enums()
		if list, err := enums.List(ctx); err != nil || len(list) != 1 {
			t.Errorf("%d enums (%v)", len(list), err)
		}
		enums.Invalidate("Levels")
		if list, err := enums.List(ctx); err != nil || len(list) != 1 {
			t.Errorf("%d enums (%v)", len(list), err)
		}

		s.people = func(string, string, int) string {
			return `{"records":[{"id":"u1","username":"ann","email":"Ann@example.com"}]}`
		}
		for i := range 2 {
			if u, err := client.Users().FindByEmail(ctx, "ann@example.com"); err != nil || u.ID != "u1" {
				t.Error(u, err)
			}
			wantCount(t, s, "GET /api/service/users", i+1)
			client.Users().Invalidate("ANN@Example.com")
		}
	})
}

// A set that somebody purged is asked for once, and not by each lookup of an attribute.
func TestCacheReloadOfWhatIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMetastore()
		sets, ctx := testClient(t, s).CustomMetadata(), t.Context()
		wantID(t, "a-text")(sets.AttributeID(ctx, "Quality", "Text"))
		s.mu.Lock()
		s.defs[kindCustomMetadata] = nil
		s.mu.Unlock()
		for range 20 {
			_, err := sets.AttributeID(ctx, "Quality", "Never")
			wantError(t, err, ErrNotFound, "Quality")
		}
		wantCount(t, s, definitionOf+"businessmetadatadef", 1)
		wantCount(t, s, metadataList, 2)
	})
}

// That a name is not there is still known after everything was loaded.
func TestCacheWarmKeepsAbsent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMetastore()
		s.people = func(string, string, int) string { return `{"records":[]}` }
		users, ctx := testClient(t, s).Users(), t.Context()
		_, err := users.ID(ctx, "nobody")
		wantError(t, err, ErrNotFound, "nobody")
		if err := users.Warm(ctx); err != nil {
			t.Fatal(err)
		}
		_, err = users.ID(ctx, "nobody")
		wantError(t, err, ErrNotFound, "nobody")
		wantCount(t, s, "GET /api/service/users", 2)
	})
}
