package atlan

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// between answers some requests in the place of a metastore, or after it.
type between struct {
	*metastore
	answer func(r *http.Request) *http.Response // nil for the metastore's own
}

func (b *between) RoundTrip(r *http.Request) (*http.Response, error) {
	if answer := b.answer(r); answer != nil {
		return answer, nil
	}
	return b.metastore.RoundTrip(r)
}

// rename gives a definition another human name behind the client's back.
func (s *metastore) rename(kind string, i int, from, to string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.defs[kind][i] = strings.Replace(s.defs[kind][i], `"displayName":"`+from+`"`, `"displayName":"`+to+`"`, 1)
}

// What the cache knows under a name may have been renamed: nothing else is changed or purged for it.
func TestDefinitionRenamedElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMetastore()
		client, ctx := testClient(t, s), t.Context()
		tags, sets := client.Tags(), client.CustomMetadata()
		wantID(t, "t1")(tags.ID(ctx, "PII"))
		wantID(t, "s1")(sets.ID(ctx, "Quality"))
		s.rename(kindTag, 0, "PII", "Personal")
		s.rename(kindCustomMetadata, 0, "Quality", "Old quality")
		wantError(t, tags.Purge(ctx, "PII"), ErrNotFound, "PII")
		wantError(t, sets.Purge(ctx, "Quality"), ErrNotFound, "Quality")
		_, err := tags.Update(ctx, "PII", func(d *TagDefinition) error { d.Description = "x"; return nil })
		wantError(t, err, ErrNotFound, "PII")
		wantError(t, sets.ArchiveAttribute(ctx, "Quality", "Text"), ErrNotFound, "Quality")
		if len(s.bodies) != 0 {
			t.Error(s.bodies)
		}
		wantCount(t, s, "DELETE", 0)
		wantID(t, "t1")(tags.ID(ctx, "Personal"))

		// Another has the name now: it is meant.
		s.rename(kindTag, 0, "Personal", "PII")
		wait(absentTTL)
		wantID(t, "t1")(tags.ID(ctx, "PII"))
		s.rename(kindTag, 0, "PII", "Personal")
		s.add(kindTag, `{"category":"CLASSIFICATION","name":"t9","displayName":"PII"}`)
		if err := tags.Purge(ctx, "PII"); err != nil {
			t.Error(err)
		}
		wantCount(t, s, "DELETE /api/meta/types/typedef/name/t9", 1)
		wantCount(t, s, "DELETE", 1)
	})
}

// A 404 of a gateway and what an expired token gets do not say that a definition is gone.
func TestDefinitionNotBelievedGone(t *testing.T) {
	for name, answer := range map[string]func(*http.Request) *http.Response{
		"gateway": func(r *http.Request) *http.Response { return reply(r, 404, "<html>no such page</html>") },
		"Kong": func(r *http.Request) *http.Response {
			return reply(r, 404, `{"message":"no Route matched with those values"}`)
		},
		"expired": func(r *http.Request) *http.Response { return reply(r, 200, `{}`) },
		"null":    func(r *http.Request) *http.Response { return reply(r, 200, `null`) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newMetastore()
				b := &between{metastore: s, answer: func(r *http.Request) *http.Response {
					if r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/name/") {
						return answer(r)
					}
					return nil
				}}
				client, ctx := testClient(t, b), t.Context()
				tags, sets, enums := client.Tags(), client.CustomMetadata(), client.Enums()
				wantID(t, "t1")(tags.ID(ctx, "PII"))
				wantID(t, "s1")(sets.ID(ctx, "Quality"))
				if id, err := tags.Name(ctx, "t9"); err == nil {
					t.Errorf("%q", id)
				}
				if values, err := enums.Values(ctx, "Levels"); err == nil || errors.Is(err, ErrNotFound) && name != "gateway" && name != "Kong" {
					t.Error(values, err)
				}
				never := func(name string) { t.Errorf("%s was changed", name) }
				if _, err := tags.Update(ctx, "PII", func(*TagDefinition) error { never("the tag"); return nil }); err == nil {
					t.Error("no error")
				}
				if _, err := sets.Update(ctx, "Quality", func(*CustomMetadataDefinition) error { never("the set"); return nil }); err == nil {
					t.Error("no error")
				}
				if _, err := enums.Update(ctx, "Levels", func(*EnumDefinition) error { never("the enum"); return nil }); err == nil {
					t.Error("no error")
				}
				for _, err := range []error{tags.Purge(ctx, "PII"), sets.Purge(ctx, "Quality"), enums.Purge(ctx, "Levels")} {
					if err == nil {
						t.Error("no error")
					}
				}
				if len(s.bodies) != 0 || s.count("DELETE") != 0 {
					t.Error("something was sent")
				}
				b.answer = func(*http.Request) *http.Response { return nil }
				if values, err := enums.Values(ctx, "Levels"); err != nil || len(values) != 2 {
					t.Error(values, err)
				}
				wantID(t, "t1")(tags.ID(ctx, "PII"))
			})
		})
	}
}

// To a new attribute the server gives another id each time that it is sent: an update that brings one is not repeated when
// its answer is lost.
func TestDefinitionLostNewAttribute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMetastore()
		s.search = func(string) string { return foundNothing }
		client, ctx := testClient(t, s), t.Context()
		sets := client.CustomMetadata()
		add := func(d *CustomMetadataDefinition) error {
			d.Attributes = append(d.Attributes, CustomMetadataAttribute{Name: "Fresh", Type: CustomMetadataString})
			return nil
		}
		s.lost = 1
		_, err := sets.Update(ctx, "Quality", add)
		if e, ok := errors.AsType[*apierr.Error](err); !ok || !e.MayHaveApplied {
			t.Error(err)
		}
		wantCount(t, s, "PUT /api/meta/types/typedefs", 1)
		if _, err := sets.AttributeID(ctx, "Quality", "Fresh"); err != nil {
			t.Error(err)
		}
		_, err = sets.Update(ctx, "Quality", add)
		wantError(t, err, ErrInvalidRequest, `"Fresh"`)
		s.lost = 1
		_, err = client.Tags().Update(ctx, "PII", func(d *TagDefinition) error { d.Source = true; return nil })
		if e, ok := errors.AsType[*apierr.Error](err); !ok || !e.MayHaveApplied {
			t.Error(err)
		}
		wantCount(t, s, "PUT /api/meta/types/typedefs", 2)
		s.locked = 1 // the lock says that nothing was done
		if _, err = sets.Update(ctx, "Quality", func(d *CustomMetadataDefinition) error {
			d.Attributes = append(d.Attributes, CustomMetadataAttribute{Name: "Fresher", Type: CustomMetadataString})
			return nil
		}); err != nil {
			t.Error(err)
		}
	})
}

// A purge whose answer is lost is repeated, and that nothing is there any more is what was wanted.
func TestDefinitionLostPurge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMetastore()
		client, ctx := testClient(t, s), t.Context()
		for name, purge := range map[string]func() error{
			"tag": func() error { return client.Tags().Purge(ctx, "PII") }, "set": func() error { return client.CustomMetadata().Purge(ctx, "Quality") },
			"enum": func() error { return client.Enums().Purge(ctx, "Levels") },
		} {
			s.lost = 1
			if err := purge(); err != nil {
				t.Error(name, err)
			}
			wantError(t, purge(), ErrNotFound, "")
		}
		wantCount(t, s, "DELETE", 6)
	})
}

// Who finds that a name is taken finds what has it.
func TestDefinitionConflict(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMetastore()
		b := &between{metastore: s, answer: func(r *http.Request) *http.Response {
			if r.Method == http.MethodPost {
				return reply(r, 409, `{"errorCode":"ATLAS-409-00-012","errorMessage":"Given displayName already exists"}`)
			}
			return nil
		}}
		tags, ctx := testClient(t, b).Tags(), t.Context()
		_, err := tags.ID(ctx, "Fresh")
		wantError(t, err, ErrNotFound, "Fresh")
		s.add(kindTag, `{"category":"CLASSIFICATION","name":"t9","displayName":"Fresh"}`)
		_, err = tags.Create(ctx, TagDefinition{Name: "Fresh"})
		wantError(t, err, ErrConflict, "Fresh")
		wantID(t, "t9")(tags.ID(ctx, "Fresh"))
	})
}

// Values of enumerations are kept however the server numbers them, and new ones get numbers.
func TestEnumOrdinals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMetastore()
		enums, ctx := testClient(t, s).Enums(), t.Context()
		if _, err := enums.Update(ctx, "Levels", func(d *EnumDefinition) error {
			d.Values = append([]EnumValue{{Value: "none"}}, append(d.Values, EnumValue{Value: "highest"})...)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		wantBody(t, s, `{"enumDefs":[{"category":"ENUM","name":"Levels","serviceType":"x","elementDefs":[
			{"value":"none","ordinal":2},{"value":"low","ordinal":0,"extra":1},{"value":"high","ordinal":1},{"value":"highest","ordinal":3}]}]}`)
		for _, elements := range []string{
			`{"value":"a"},{"value":"b"}`, `{"value":"a","ordinal":"0"},{"value":"b","ordinal":"x"}`, `{"value":"a","ordinal":3},{"value":"b","ordinal":3}`,
		} {
			s.defs[kindEnum] = []string{`{"category":"ENUM","name":"Levels","elementDefs":[` + elements + `]}`}
			if _, err := enums.AppendValues(ctx, "Levels", "c"); err != nil {
				t.Error(elements, err)
			}
			enums.Invalidate()
			if got, err := enums.Values(ctx, "Levels"); err != nil || !cmp.Equal(got, []string{"a", "b", "c"}) {
				t.Error(elements, got, err)
			}
			if !strings.Contains(s.last(), elements) {
				t.Error(s.last())
			}
		}
	})
}

// An update without a function is refused before anything is asked.
func TestDefinitionNoChange(t *testing.T) {
	s := newMetastore()
	client, ctx := testClient(t, s), t.Context()
	_, err := client.Tags().Update(ctx, "PII", nil)
	wantError(t, err, ErrInvalidRequest, "nil")
	_, err = client.CustomMetadata().Update(ctx, "Quality", nil)
	wantError(t, err, ErrInvalidRequest, "nil")
	_, err = client.Enums().Update(ctx, "Levels", nil)
	wantError(t, err, ErrInvalidRequest, "nil")
	wantCount(t, s, "", 0)
}

// What is empty or nil is refused before anything is asked, and no goroutine of the library falls over it.
func TestNamesEmpty(t *testing.T) {
	s := newMetastore()
	client, ctx := testClient(t, s), t.Context()
	_, err := client.Tags().Name(ctx, "")
	wantError(t, err, ErrInvalidRequest, "id")
	_, err = client.CustomMetadata().Name(ctx, "")
	wantError(t, err, ErrInvalidRequest, "id")
	wantError(t, client.WarmCaches(ctx, nil), ErrInvalidRequest, "nil")
	_, err = NewTenants(nil).Client(ctx, "acme")
	wantError(t, err, ErrInvalidRequest, "nil")
	wantCount(t, s, "", 0)
}
