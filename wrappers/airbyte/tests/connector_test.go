package tests_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sdk/sluice/gen/airbyteapi"
	"github.com/sluice-sdk/sluice/wrappers/airbyte"
	"github.com/sluice-sdk/sluice/wrappers/airbyte/airbytetest"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

func TestT2SourcesAreListedAndFiltered(t *testing.T) {
	f, w := workspaceOf(t)
	other := f.AddWorkspace("Other")
	f.AddSource(airbytetest.Named("crm"))
	f.AddSource(airbytetest.Named("CRM staging"))
	f.AddSource(airbytetest.Named("shop"))
	f.AddSource(airbytetest.Named("crm"), airbytetest.InWorkspace(other))
	for _, tt := range []struct {
		filters []airbyte.SourceFilter
		want    string
	}{
		{nil, "CRM staging,crm,shop"},
		{[]airbyte.SourceFilter{{Name: "crm"}}, "crm"},
		{[]airbyte.SourceFilter{{NameContains: "crm"}}, "CRM staging,crm"},
		{[]airbyte.SourceFilter{{Type: "source-faker"}}, "CRM staging,crm,shop"},
		{[]airbyte.SourceFilter{{Type: "postgres"}}, ""},
		{[]airbyte.SourceFilter{{DefinitionID: strings.ToUpper(airbytetest.SourceFaker)}}, "CRM staging,crm,shop"},
		{[]airbyte.SourceFilter{{NameContains: "crm"}, {Where: func(s *airbyteapi.SourceResponse) bool { return s.Name != "crm" }}}, "CRM staging"},
	} {
		var names []string
		for s, err := range w.Sources(t.Context(), tt.filters...) {
			ok(t, err)
			names = append(names, must(s.Name(t.Context()))(t))
		}
		if got := strings.Join(sorted(names), ","); got != tt.want {
			t.Errorf("Sources(%+v) = %s, want %s", tt.filters, got, tt.want)
		}
	}
	s, err := w.SourceByName(t.Context(), "shop")
	ok(t, err)
	if s.WebURL() != f.URL()+"/workspaces/"+w.ID()+"/source/"+s.ID() {
		t.Errorf("WebURL = %q", s.WebURL())
	}
	_, err = w.SourceByName(t.Context(), "none")
	if !errors.Is(err, apierr.ErrNotFound) {
		t.Errorf("a name that does not exist: %v", err)
	}
}

func TestT2LongListsComeOnceEach(t *testing.T) {
	for _, opts := range [][]airbytetest.Option{{airbytetest.Without(airbytetest.UnstableLists)}, nil} {
		f, w := workspaceOf(t, opts...)
		want := make(map[string]bool)
		for i := range 250 {
			want[f.AddDestination(airbytetest.Named(fmt.Sprintf("destination %d", i)))] = true
		}
		got := make(map[string]bool)
		for d, err := range w.Destinations(t.Context()) {
			ok(t, err)
			if got[d.ID()] {
				t.Errorf("destination %s comes twice", d.ID())
			}
			got[d.ID()] = true
		}
		if opts != nil && !cmp.Equal(want, got) { // without an order the server itself leaves some out
			t.Errorf("%d destinations, want 250", len(got))
		}
		if n := f.Log().Count("listDestinations"); n != 3 {
			t.Errorf("%d pages were read, want 3", n)
		}
		f.Log().Reset()
		for range w.Destinations(t.Context()) {
			break
		}
		if n := f.Log().Count("listDestinations"); n > 2 {
			t.Errorf("%d pages were read for one item, want at most 2", n)
		}
	}
}

func TestT2ConnectorIsReadOnceForAllGoroutines(t *testing.T) {
	f, w := workspaceOf(t)
	id := f.AddSource(airbytetest.Named("crm"))
	s := w.Source(id)
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			name, err := s.Name(t.Context())
			kind, err2 := s.Type(t.Context())
			definition, err3 := s.DefinitionID(t.Context())
			if err := errors.Join(err, err2, err3); err != nil || name != "crm" || kind != "faker" || definition != airbytetest.SourceFaker {
				t.Errorf("%q, %q, %q, %v", name, kind, definition, err)
			}
		})
	}
	wg.Wait()
	if n := f.Log().Count("getSource"); n != 1 {
		t.Errorf("%d reads for 300 accessors, want 1", n)
	}
	if _, err := s.Refresh(t.Context()); err != nil || f.Log().Count("getSource") != 2 {
		t.Errorf("Refresh: %v, %d reads; want 2", err, f.Log().Count("getSource"))
	}
}

func TestS9SourceAndDestinationAreDeployed(t *testing.T) {
	f, w := workspaceOf(t)
	type configuration struct {
		Count int `json:"count"`
	}
	s, err := w.CreateSource(t.Context(), airbyte.SourceSpec{Name: "demo", Type: "source-faker", Configuration: configuration{100}, UniqueName: true})
	ok(t, err)
	c, err := s.Configuration(t.Context())
	ok(t, err)
	if d := cmp.Diff(airbyte.Configuration{"count": json.Number("100")}, c); d != "" {
		t.Errorf("configuration (-want +got):\n%s", d)
	}
	d, err := w.CreateDestination(t.Context(), airbyte.DestinationSpec{Name: "warehouse", DefinitionID: airbytetest.DestinationPostgres,
		Configuration: `{"host":"db","port":5432,"database":"d","schema":"public","username":"u","password":"planted-password"}`})
	ok(t, err)
	info, err := d.Info(t.Context())
	ok(t, err)
	if info.DestinationType != "postgres" || info.Configuration["password"] != "**********" {
		t.Errorf("Info = %+v", info)
	}
	if f.Log().Count("getSource", "getDestination") != 0 {
		t.Error("what the creation answered was read again")
	}
	_, err = w.CreateSource(t.Context(), airbyte.SourceSpec{Name: "demo", Type: "faker", Configuration: "{}", UniqueName: true})
	if !errors.Is(err, airbyte.ErrAlreadyExists) {
		t.Errorf("the same name again: %v; want ErrAlreadyExists", err)
	}
	says(t, err, s.ID())
	if n := f.Log().Count("createSource"); n != 1 {
		t.Errorf("%d creations, want 1", n)
	}
	_, err = w.CreateSource(t.Context(), airbyte.SourceSpec{Name: "x", Type: "no-such-connector", Configuration: "{}"})
	if !errors.Is(err, apierr.ErrInvalid) {
		t.Errorf("a type that does not exist: %v", err)
	}
}

func TestS9LostAnswerOfACreation(t *testing.T) {
	for _, unique := range []bool{true, false} {
		f, w := workspaceOf(t)
		f.Fault(airbytetest.ResetAfterBody("createSource").Once())
		s, err := w.CreateSource(t.Context(), airbyte.SourceSpec{Name: "crm", Type: "faker", Configuration: "{}", UniqueName: unique})
		if n := f.Log().Count("createSource"); n != 1 {
			t.Errorf("unique %v: %d creations were sent, want 1", unique, n)
		}
		if unique {
			if err != nil || must(s.Name(t.Context()))(t) != "crm" {
				t.Errorf("the source whose creation was not answered was not adopted: %v", err)
			}
			continue
		}
		var unknown *airbyte.CreateUnknownError
		if !errors.Is(err, airbyte.ErrCreateUnknown) || !errors.As(err, &unknown) || len(unknown.Candidates) != 1 {
			t.Fatalf("err = %v; want a CreateUnknownError with one candidate", err)
		}
		if name := must(w.Source(unknown.Candidates[0]).Name(t.Context()))(t); name != "crm" {
			t.Errorf("the candidate is %q", name)
		}
	}
	f, w := workspaceOf(t)
	f.Fault(airbytetest.Status("createSource", 400, `{"message":"no"}`))
	if _, err := w.CreateSource(t.Context(), airbyte.SourceSpec{Name: "crm", Type: "faker", Configuration: "{}"}); errors.Is(err, airbyte.ErrCreateUnknown) {
		t.Errorf("a refused creation counts as unknown: %v", err)
	}
}

// spy is a data mover that only remembers with which configuration, secrets and all, a source was asked for its streams.
type spy struct {
	mu   sync.Mutex
	last map[string]any
}

func (*spy) Moves(_, _ airbytetest.Connector) bool   { return false }
func (*spy) Reads(source airbytetest.Connector) bool { return source.Name == "watched" }
func (s *spy) Discover(_ context.Context, source airbytetest.Connector) ([]airbytetest.Stream, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = source.Configuration
	return []airbytetest.Stream{{Name: "users"}}, nil
}

func (*spy) Move(context.Context, airbytetest.Plan) (airbytetest.Result, error) {
	return airbytetest.Result{}, errors.New("nothing is moved here")
}

// stored returns what the server has stored of a source.
func (s *spy) stored(t *testing.T, source *airbyte.Source) map[string]any {
	t.Helper()
	_, err := source.Streams(t.Context(), "", airbyte.WithFreshSchema())
	ok(t, err)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last
}

func watched(t *testing.T) (*airbytetest.Fake, *spy, *airbyte.Source) {
	t.Helper()
	mover := &spy{}
	f, w := workspaceOf(t, airbytetest.WithMover(mover))
	id := f.AddSource(airbytetest.Named("watched"), airbytetest.Configuration(map[string]any{
		"host": "old", "port": 5432, "password": "the-password",
		"tunnel_method": map[string]any{"tunnel_method": "SSH_KEY_AUTH", "ssh_key": "the-key"},
	}))
	return f, mover, w.Source(id)
}

func TestT2UpdateKeepsMaskedSecrets(t *testing.T) {
	f, mover, s := watched(t)
	ok(t, s.UpdateConfiguration(t.Context(), func(c airbyte.Configuration) error {
		if c["password"] != "**********" || c["port"] != json.Number("5432") {
			t.Errorf("the configuration to edit is %v", c)
		}
		c["host"] = "new"
		return nil
	}))
	if f.Log().Count("putSource") != 1 || f.Log().Count("patchSource") != 0 {
		t.Errorf("requests: %v; want one PUT and no PATCH", f.Requests())
	}
	want := map[string]any{
		"host": "new", "port": 5432.0, "password": "the-password",
		"tunnel_method": map[string]any{"tunnel_method": "SSH_KEY_AUTH", "ssh_key": "the-key"},
	}
	if d := cmp.Diff(want, mover.stored(t, s)); d != "" {
		t.Errorf("stored (-want +got):\n%s", d)
	}
	// A new secret and another option of the tunnel: the old option's fields go.
	ok(t, s.UpdateConfiguration(t.Context(), func(c airbyte.Configuration) error {
		c["password"] = "the-new-password"
		c["tunnel_method"] = map[string]any{"tunnel_method": "NO_TUNNEL"}
		return nil
	}))
	want["password"], want["tunnel_method"] = "the-new-password", map[string]any{"tunnel_method": "NO_TUNNEL"}
	if d := cmp.Diff(want, mover.stored(t, s)); d != "" {
		t.Errorf("stored (-want +got):\n%s", d)
	}
	ok(t, s.ReplaceConfiguration(t.Context(), `{"host":"replaced","password":"**********"}`))
	if d := cmp.Diff(map[string]any{"host": "replaced", "password": "the-new-password"}, mover.stored(t, s)); d != "" {
		t.Errorf("stored (-want +got):\n%s", d)
	}
	if c := must(s.Configuration(t.Context()))(t); c["host"] != "replaced" || c["password"] != "**********" {
		t.Errorf("the handle has %v after the write", c)
	}
}

func TestT2MaskIsNeverStoredAsTheSecret(t *testing.T) {
	f, mover, s := watched(t)
	before := mover.stored(t, s)
	for name, write := range map[string]func() error{
		"patch": func() error {
			return s.PatchConfiguration(t.Context(), map[string]any{"host": "new", "password": "**********"})
		},
		"patch, nested": func() error {
			return s.PatchConfiguration(t.Context(), `{"tunnel_method":{"ssh_key":"**********"}}`)
		},
		"update with a mask elsewhere": func() error {
			return s.UpdateConfiguration(t.Context(), func(c airbyte.Configuration) error {
				c["passphrase"] = c["password"]
				return nil
			})
		},
		"replace with a mask elsewhere": func() error {
			return s.ReplaceConfiguration(t.Context(), map[string]any{"api_key": "**********"})
		},
		"create": func() error {
			_, err := s.Workspace().CreateSource(t.Context(), airbyte.SourceSpec{Name: "copy", Type: "faker", Configuration: `{"password":"**********"}`})
			return err
		},
	} {
		if err := write(); !errors.Is(err, airbyte.ErrMaskedSecret) || !errors.Is(err, apierr.ErrInvalid) {
			t.Errorf("%s: %v; want ErrMaskedSecret", name, err)
		}
	}
	if n := f.Log().Count("patchSource", "putSource", "createSource"); n != 0 {
		t.Errorf("%d writes were sent, want 0", n)
	}
	if d := cmp.Diff(before, mover.stored(t, s)); d != "" {
		t.Errorf("stored (-want +got):\n%s", d)
	}
	mine := errors.New("changed my mind")
	if err := s.UpdateConfiguration(t.Context(), func(airbyte.Configuration) error { return mine }); !errors.Is(err, mine) || f.Log().Count("putSource") != 0 {
		t.Errorf("an error of the edit: %v, %d writes; want the error itself and none", err, f.Log().Count("putSource"))
	}
}

func TestT2PatchAndRename(t *testing.T) {
	f, mover, s := watched(t)
	ok(t, s.PatchConfiguration(t.Context(), map[string]any{"host": "patched"}))
	if got := mover.stored(t, s); got["host"] != "patched" || got["password"] != "the-password" {
		t.Errorf("stored %v; want the host changed and the password kept", got)
	}
	ok(t, s.Rename(t.Context(), "renamed"))
	if name := must(s.Name(t.Context()))(t); name != "renamed" || f.Log().Count("getSource") != 0 {
		t.Errorf("Name = %q after %d reads; want renamed, and none", name, f.Log().Count("getSource"))
	}
	d := s.Workspace().Destination(f.AddDestination())
	ok(t, d.Rename(t.Context(), "renamed too"))
	ok(t, d.PatchConfiguration(t.Context(), map[string]any{"schema": "raw"}))
	ok(t, d.UpdateConfiguration(t.Context(), func(c airbyte.Configuration) error { c["port"] = 5433; return nil }))
	ok(t, d.ReplaceConfiguration(t.Context(), must(d.Configuration(t.Context()))(t)))
	c := must(d.Configuration(t.Context()))(t)
	var decoded struct {
		Schema string
		Port   int
	}
	ok(t, c.Decode(&decoded))
	if decoded.Schema != "raw" || decoded.Port != 5433 || must(d.Name(t.Context()))(t) != "renamed too" {
		t.Errorf("decoded %+v of %v", decoded, c)
	}
}

func TestS9DeletingAConnectorSaysWhatGoesWithIt(t *testing.T) {
	f, w := workspaceOf(t)
	conn := f.AddConnection(airbytetest.ConnectionNamed("nightly"))
	free := f.AddSource(airbytetest.Named("unused"))
	s, d := w.Source(conn.SourceID), w.Destination(conn.DestinationID)
	want := []airbyte.Dependent{{ID: conn.ID, Name: "nightly"}}
	for name, tt := range map[string]struct {
		dependents func(context.Context) ([]airbyte.Dependent, error)
		delete     func(context.Context, ...airbyte.DeleteOption) (*airbyte.Deletion, error)
	}{"source": {s.Dependents, s.Delete}, "destination": {d.Dependents, d.Delete}} {
		if diff := cmp.Diff(want, must(tt.dependents(t.Context()))(t)); diff != "" {
			t.Errorf("%s: dependents (-want +got):\n%s", name, diff)
		}
		_, err := tt.delete(t.Context())
		says(t, err, name, "nightly", conn.ID, "WithDependents")
		if !errors.Is(err, airbyte.ErrHasDependents) {
			t.Errorf("%s: %v; want ErrHasDependents", name, err)
		}
		if _, err := tt.delete(t.Context(), airbyte.WithSource()); !errors.Is(err, apierr.ErrInvalid) {
			t.Errorf("%s with an option of connections: %v", name, err)
		}
	}
	if n := f.Log().Count("deleteSource", "deleteDestination"); n != 0 {
		t.Fatalf("%d deletions were sent", n)
	}
	deletion, err := w.Source(free).Delete(t.Context())
	ok(t, err)
	if deletion.Source != free || len(deletion.Connections) != 0 {
		t.Errorf("Deletion = %+v", deletion)
	}
	deletion, err = s.Delete(t.Context(), airbyte.WithDependents())
	ok(t, err)
	if deletion.Source != s.ID() || !cmp.Equal(want, deletion.Connections) {
		t.Errorf("Deletion = %+v; want the connection in it", deletion)
	}
	if err := w.Connection(conn.ID).Verify(t.Context()); !errors.Is(err, apierr.ErrNotFound) {
		t.Errorf("the connection of a deleted source: %v; want not found", err)
	}
	_, err = d.Delete(t.Context())
	ok(t, err) // its connection is gone
}

func TestS9NoDependentIsMissedInALongList(t *testing.T) {
	f, w := workspaceOf(t) // whose lists have no order
	source := f.AddSource(airbytetest.Named("shared"))
	want := make(map[string]bool)
	for i := range 450 {
		opts := []airbytetest.ConnectionOption{airbytetest.ConnectionNamed(fmt.Sprintf("connection %d", i))}
		if i%9 == 0 {
			opts = append(opts, airbytetest.From(source))
		}
		if c := f.AddConnection(opts...); i%9 == 0 {
			want[c.ID] = true
		}
	}
	for range 5 {
		got := make(map[string]bool)
		for _, d := range must(w.Source(source).Dependents(t.Context()))(t) {
			got[d.ID] = true
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("dependents (-want +got):\n%s", d)
		}
	}
}

func TestT9ConnectorsOfAnotherWorkspace(t *testing.T) {
	f, w := workspaceOf(t)
	other := f.AddWorkspace("Other")
	source := f.AddSource(airbytetest.InWorkspace(other))
	destination := f.AddDestination(airbytetest.InWorkspace(other))
	_, err := w.Source(source).Info(t.Context())
	_, err2 := w.Destination(destination).Name(t.Context())
	_, err3 := w.Source(source).Delete(t.Context(), airbyte.WithDependents())
	err4 := w.Source(source).UpdateConfiguration(t.Context(), func(airbyte.Configuration) error { return nil })
	for _, err := range []error{err, err2, err3, err4} {
		var mismatch *airbyte.WorkspaceMismatchError
		if !errors.Is(err, airbyte.ErrWorkspaceMismatch) || !errors.As(err, &mismatch) || mismatch.Want != w.ID() || mismatch.Got != other {
			t.Errorf("err = %v; want a WorkspaceMismatchError with both ids", err)
		}
	}
	if n := f.Log().Count("deleteSource", "putSource"); n != 0 {
		t.Errorf("%d writes were sent to another workspace", n)
	}
}
