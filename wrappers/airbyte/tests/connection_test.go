package tests_test

import (
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

func TestS4AccessorsShareOneRead(t *testing.T) {
	f, w := workspaceOf(t)
	added := f.AddConnection(airbytetest.ConnectionNamed("nightly"), airbytetest.WithPrefix("raw_"),
		airbytetest.WithNamespace("custom_format", "${SOURCE_NAMESPACE}_x"))
	conn := w.Connection(added.ID)
	if _, _, loaded := conn.Cached(); loaded || f.Log().Total() != 0 {
		t.Fatal("making a handle does I/O")
	}
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			ctx := t.Context()
			source, err1 := conn.SourceID(ctx)
			destination, err2 := conn.DestinationID(ctx)
			names, err3 := conn.StreamNames(ctx)
			prefix, err4 := conn.TablePrefix(ctx)
			name, err5 := conn.Name(ctx)
			status, err6 := conn.Status(ctx)
			schedule, err7 := conn.Schedule(ctx)
			namespace, err8 := conn.Namespace(ctx)
			info, err9 := conn.Info(ctx)
			if err := errors.Join(err1, err2, err3, err4, err5, err6, err7, err8, err9); err != nil {
				t.Error(err)
				return
			}
			got := fmt.Sprintln(source == added.SourceID && destination == added.DestinationID && source != destination, names, prefix, name, status,
				schedule.Type, namespace.Definition, namespace.Format, info.ConnectionID == added.ID)
			if want := "true [users orders] raw_ nightly active manual custom_format ${SOURCE_NAMESPACE}_x true\n"; got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
	wg.Wait()
	if n := f.Log().Total(); n != 1 {
		t.Errorf("%d requests for 100 goroutines with 9 accessors each, want 1", n)
	}
	source, err := conn.Source(t.Context())
	ok(t, err)
	destination, err := conn.Destination(t.Context())
	ok(t, err)
	if source.ID() != added.SourceID || destination.ID() != added.DestinationID || f.Log().Total() != 1 {
		t.Errorf("Source %s, Destination %s after %d requests", source.ID(), destination.ID(), f.Log().Total())
	}
}

func TestS4LinksRefreshAndCached(t *testing.T) {
	f, w := workspaceOf(t)
	added := f.AddConnection()
	conn := w.Connection(added.ID)
	page := f.URL() + "/workspaces/" + w.ID() + "/connections/" + added.ID
	if conn.ConnectionURL() != page || conn.JobHistoryURL() != page+"/timeline" || f.Log().Total() != 0 {
		t.Errorf("ConnectionURL %q, JobHistoryURL %q after %d requests", conn.ConnectionURL(), conn.JobHistoryURL(), f.Log().Total())
	}
	name := must(conn.Name(t.Context()))(t)
	other := clientOf(t, f).Workspace(w.ID()).Connection(added.ID)
	ok(t, other.Rename(t.Context(), "renamed elsewhere"))
	if got := must(conn.Name(t.Context()))(t); got != name {
		t.Errorf("Name = %q; want the loaded %q until Refresh", got, name)
	}
	info, err := conn.Refresh(t.Context())
	ok(t, err)
	cached, at, loaded := conn.Cached()
	if info.Name != "renamed elsewhere" || !loaded || at.IsZero() || cached.Name != info.Name {
		t.Errorf("after Refresh: %q, cached %q at %v", info.Name, cached.Name, at)
	}
	// What a caller does with its copy is its own business.
	info.Configurations.Streams[0].Name = "scribbled"
	info.Tags = append(info.Tags, airbyte.Tag{Name: "scribbled"})
	if names := must(conn.StreamNames(t.Context()))(t); names[0] != "users" {
		t.Errorf("StreamNames = %v after the caller changed its copy", names)
	}
	cloud, err := airbyte.New(airbyte.WithBearer("t"))
	ok(t, err)
	if got, want := cloud.Workspace("w").Connection("c").ConnectionURL(), "https://cloud.airbyte.com/workspaces/w/connections/c"; got != want {
		t.Errorf("ConnectionURL on Cloud = %q, want %q", got, want)
	}
}

func TestS4AFailedLoadIsNotRemembered(t *testing.T) {
	f, w := workspaceOf(t)
	conn := w.Connection(f.AddConnection().ID)
	f.Fault(airbytetest.Status("getConnection", 401, `{"message":"Unauthorized"}`).Once())
	if _, err := conn.Name(t.Context()); !errors.Is(err, apierr.ErrUnauthenticated) {
		t.Fatalf("err = %v", err)
	}
	if _, err := conn.Name(t.Context()); err != nil {
		t.Errorf("the failure was remembered: %v", err)
	}
}

func TestT9ConnectionOfAnotherWorkspace(t *testing.T) {
	f, w := workspaceOf(t)
	other := f.AddWorkspace("Other")
	added := f.AddConnection(airbytetest.Within(other))
	conn := w.Connection(added.ID)
	_, err := conn.Name(t.Context())
	says(t, err, added.ID, w.ID(), other, "Client.Workspace")
	var mismatch *airbyte.WorkspaceMismatchError
	var resource *airbyte.ResourceError
	if !errors.Is(err, airbyte.ErrWorkspaceMismatch) || !errors.Is(err, apierr.ErrInvalid) || !errors.As(err, &mismatch) ||
		mismatch.Want != w.ID() || mismatch.Got != other || mismatch.ID != added.ID || !errors.As(err, &resource) || resource.Connection != added.ID {
		t.Errorf("err = %v; want a WorkspaceMismatchError with all ids", err)
	}
	if _, err := conn.Delete(t.Context()); !errors.Is(err, airbyte.ErrWorkspaceMismatch) || f.Log().Count("deleteConnection") != 0 {
		t.Errorf("Delete through the wrong workspace: %v, %d sent", err, f.Log().Count("deleteConnection"))
	}
	// The server writes "null" for some: that is no other workspace.
	null := w.Connection(f.AddConnection(airbytetest.NullWorkspace()).ID)
	if _, err := null.Name(t.Context()); err != nil {
		t.Errorf(`a connection of workspace "null": %v`, err)
	}
}

func TestT9VerifySaysWhyNothingCanRun(t *testing.T) {
	f, w := workspaceOf(t)
	for status, want := range map[string]error{
		"active": nil, "inactive": airbyte.ErrConnectionInactive, "locked": airbyte.ErrConnectionLocked, "deprecated": apierr.ErrNotFound,
	} {
		conn := w.Connection(f.AddConnection(airbytetest.WithStatus(status)).ID)
		if err := conn.Verify(t.Context()); (want == nil) != (err == nil) || (want != nil && !errors.Is(err, want)) {
			t.Errorf("%s: %v, want %v", status, err, want)
		}
	}
	if err := w.Connection("5a1f8b1e-0000-4000-8000-000000000000").Verify(t.Context()); !errors.Is(err, apierr.ErrPermissionDenied) {
		t.Errorf("a connection that does not exist: %v", err)
	}
}

func TestT2ConnectionsAreListedAndFiltered(t *testing.T) {
	f, w := workspaceOf(t)
	source := f.AddSource(airbytetest.Named("special"))
	f.AddConnection(airbytetest.ConnectionNamed("crm nightly"))
	f.AddConnection(airbytetest.ConnectionNamed("shop nightly"), airbytetest.From(source))
	off := f.AddConnection(airbytetest.ConnectionNamed("crm weekly"), airbytetest.WithStatus("inactive"))
	gone := f.AddConnection(airbytetest.ConnectionNamed("gone"))
	f.AddConnection(airbytetest.ConnectionNamed("elsewhere"), airbytetest.Within(f.AddWorkspace("Other")))
	_, err := w.Connection(gone.ID).Delete(t.Context())
	ok(t, err)
	tag, err := w.CreateTag(t.Context(), "gold", "#FFD700")
	ok(t, err)
	ok(t, w.Connection(off.ID).SetTags(t.Context(), tag))
	for _, tt := range []struct {
		filters []airbyte.ConnectionFilter
		want    string
	}{
		{nil, "crm nightly,crm weekly,shop nightly"},
		{[]airbyte.ConnectionFilter{{IncludeDeleted: true}}, "crm nightly,crm weekly,gone,shop nightly"},
		{[]airbyte.ConnectionFilter{{Name: "crm weekly"}}, "crm weekly"},
		{[]airbyte.ConnectionFilter{{NameContains: "NIGHT"}}, "crm nightly,shop nightly"},
		{[]airbyte.ConnectionFilter{{SourceID: source}}, "shop nightly"},
		{[]airbyte.ConnectionFilter{{DestinationID: off.DestinationID}}, "crm nightly,crm weekly,shop nightly"},
		{[]airbyte.ConnectionFilter{{Status: airbyteapi.ConnectionStatusEnumInactive}}, "crm weekly"},
		{[]airbyte.ConnectionFilter{{TagIDs: []string{tag.TagID}}}, "crm weekly"},
		{[]airbyte.ConnectionFilter{{TagIDs: []string{tag.TagID}}, {Status: airbyteapi.ConnectionStatusEnumActive}}, ""},
		{[]airbyte.ConnectionFilter{{Where: func(c *airbyteapi.ConnectionResponse) bool { return len(c.Tags) == 0 }}}, "crm nightly,shop nightly"},
	} {
		var names []string
		for c, err := range w.Connections(t.Context(), tt.filters...) {
			ok(t, err)
			names = append(names, must(c.Name(t.Context()))(t))
		}
		if got := strings.Join(sorted(names), ","); got != tt.want {
			t.Errorf("Connections(%+v) = %s, want %s", tt.filters, got, tt.want)
		}
	}
	c, err := w.ConnectionByName(t.Context(), "crm weekly")
	ok(t, err)
	if c.ID() != off.ID {
		t.Errorf("ConnectionByName = %s", c.ID())
	}
	f.Fault(airbytetest.Status("listConnections", 403, `{"message":"no"}`))
	n := 0
	for _, err := range w.Connections(t.Context()) {
		if n++; !errors.Is(err, apierr.ErrPermissionDenied) {
			t.Errorf("err = %v", err)
		}
	}
	if n != 1 {
		t.Errorf("a failing list yields %d times, want 1", n)
	}
}

func TestT3RenamePrefixNamespaceAndStatus(t *testing.T) {
	f, w := workspaceOf(t)
	conn := w.Connection(f.AddConnection().ID)
	ctx := t.Context()
	ok(t, conn.Rename(ctx, "nightly"))
	ok(t, conn.SetTablePrefix(ctx, "raw_"))
	ok(t, conn.SetNamespace(ctx, airbyte.Namespace{Definition: "custom_format", Format: "x_${SOURCE_NAMESPACE}"}))
	if got := fmt.Sprint(must(conn.Name(ctx))(t), must(conn.TablePrefix(ctx))(t), must(conn.Namespace(ctx))(t)); got != "nightlyraw_{custom_format x_${SOURCE_NAMESPACE}}" {
		t.Errorf("got %s", got)
	}
	ok(t, conn.SetTablePrefix(ctx, ""))
	if prefix := must(conn.TablePrefix(ctx))(t); prefix != "" {
		t.Errorf("TablePrefix = %q after it was taken away", prefix)
	}
	if n := f.Log().Count("getConnection"); n != 0 {
		t.Errorf("%d reads after writes, want 0: their answers are kept", n)
	}
	writes := f.Log().Count("patchConnection")
	for _, step := range []struct {
		do      func() (bool, error)
		changed bool
		status  airbyteapi.ConnectionStatusEnum
	}{
		{func() (bool, error) { return conn.Enable(ctx) }, false, "active"},
		{func() (bool, error) { return conn.Disable(ctx) }, true, "inactive"},
		{func() (bool, error) { return conn.Disable(ctx) }, false, "inactive"},
		{func() (bool, error) { return conn.Enable(ctx) }, true, "active"},
	} {
		changed, err := step.do()
		ok(t, err)
		if status := must(conn.Status(ctx))(t); changed != step.changed || status != step.status {
			t.Errorf("changed %v, status %s; want %v, %s", changed, status, step.changed, step.status)
		}
	}
	if n := f.Log().Count("patchConnection") - writes; n != 2 {
		t.Errorf("%d writes for 4 switches of which 2 change nothing, want 2", n)
	}
	locked := w.Connection(f.AddConnection(airbytetest.WithStatus("locked")).ID)
	if _, err := locked.Enable(ctx); !errors.Is(err, airbyte.ErrConnectionLocked) || !errors.Is(err, apierr.ErrConflict) {
		t.Errorf("Enable of a locked connection: %v", err)
	}
	if err := locked.Rename(ctx, "x"); !errors.Is(err, airbyte.ErrConnectionLocked) || !errors.Is(err, apierr.ErrConflict) {
		t.Errorf("Rename of a locked connection: %v", err)
	}
}

func TestT3Schedules(t *testing.T) {
	f, w := workspaceOf(t)
	conn := w.Connection(f.AddConnection(airbytetest.BasicSchedule("Every 24 HOURS")).ID)
	ctx := t.Context()
	if s := must(conn.Schedule(ctx))(t); s != (airbyte.Schedule{Type: "basic", Basic: "Every 24 HOURS"}) {
		t.Errorf("Schedule = %+v", s)
	}
	ok(t, conn.SetCron(ctx, "0 0 6 * * ?"))
	s := must(conn.Schedule(ctx))(t)
	if s != (airbyte.Schedule{Type: "cron", Cron: "0 0 6 * * ? UTC"}) {
		t.Errorf("Schedule = %+v", s)
	}
	ok(t, conn.SetCron(ctx, s.Cron)) // what was read can be written
	writes := f.Log().Count("patchConnection")
	err := conn.SetCron(ctx, "0 9 * * 1-5")
	says(t, err, `"0 0 9 ? * 2-6"`)
	if !errors.Is(err, apierr.ErrInvalid) || f.Log().Count("patchConnection") != writes {
		t.Errorf("five fields: %v, %d writes", err, f.Log().Count("patchConnection")-writes)
	}
	ok(t, conn.SetCron(ctx, "0 0 9 ? * 2-6"))
	err = conn.SetCron(ctx, "0 */5 * * * ?")
	says(t, err, "more than one execution per hour", "one sync an hour")
	ok(t, conn.SetManual(ctx))
	if s := must(conn.Schedule(ctx))(t); s != (airbyte.Schedule{Type: "manual"}) {
		t.Errorf("Schedule = %+v", s)
	}
}

func TestT3Tags(t *testing.T) {
	f, w := workspaceOf(t)
	conn := w.Connection(f.AddConnection().ID)
	ctx := t.Context()
	gold := must(w.CreateTag(ctx, "gold", "FFD700"))(t)
	red := must(w.CreateTag(ctx, "red", "#ff0000"))(t)
	names := func() string {
		var out []string
		for _, tag := range must(conn.Tags(ctx))(t) {
			out = append(out, tag.Name)
		}
		return strings.Join(sorted(out), ",")
	}
	ok(t, conn.AddTags(ctx, gold))
	ok(t, conn.AddTags(ctx, red, gold))
	if got := names(); got != "gold,red" {
		t.Errorf("tags = %s", got)
	}
	writes := f.Log().Count("patchConnection")
	ok(t, conn.AddTags(ctx, red))
	ok(t, conn.RemoveTags(ctx, "5a1f8b1e-0000-4000-8000-000000000000"))
	if n := f.Log().Count("patchConnection") - writes; n != 0 {
		t.Errorf("%d writes for nothing", n)
	}
	ok(t, conn.RemoveTags(ctx, gold.TagID))
	if got := names(); got != "red" {
		t.Errorf("tags = %s", got)
	}
	ok(t, conn.SetTags(ctx))
	if got := names(); got != "" {
		t.Errorf("tags = %s after all were taken away", got)
	}
}

func TestT3StreamsKeepTheirSyncModes(t *testing.T) {
	f, w := workspaceOf(t)
	mode, namespace := airbyte.IncrementalDedupedHistory, "public"
	source := f.AddSource(airbytetest.Streams(
		airbytetest.Stream{Name: "users", Namespace: "public", SourceDefinedCursor: []string{"updated_at"}, SourceDefinedPrimaryKey: [][]string{{"id"}},
			Fields: []airbytetest.Field{{Name: "id"}, {Name: "updated_at"}}},
		airbytetest.Stream{Name: "orders", Namespace: "public", DefaultCursor: []string{"at"}, Fields: []airbytetest.Field{{Name: "nr"}, {Name: "at"}}},
		airbytetest.Stream{Name: "logs", Namespace: "audit", FullRefreshOnly: true, Fields: []airbytetest.Field{{Name: "line"}}},
	))
	conn := w.Connection(f.AddConnection(airbytetest.From(source), airbytetest.Selecting(
		airbyteapi.StreamConfiguration{Name: "users", Namespace: &namespace, SyncMode: &mode, CursorField: []string{"updated_at"}, PrimaryKey: [][]string{{"id"}}},
		airbyteapi.StreamConfiguration{Name: "orders", Namespace: &namespace, SyncMode: &mode, CursorField: []string{"at"}, PrimaryKey: [][]string{{"nr"}}},
	)).ID)
	ctx := t.Context()
	modes := func() map[string]airbyte.SyncMode {
		out := make(map[string]airbyte.SyncMode)
		for _, s := range must(conn.Streams(ctx))(t) {
			out[s.Descriptor().String()] = s.SyncMode
		}
		return out
	}
	ok(t, conn.SelectStreams(ctx, airbyte.StreamDescriptor{Name: "users"}, airbyte.StreamDescriptor{Name: "orders"}, airbyte.StreamDescriptor{Name: "logs"}))
	want := map[string]airbyte.SyncMode{"public.users": mode, "public.orders": mode, "audit.logs": airbyte.FullRefreshOverwrite}
	if d := cmp.Diff(want, modes()); d != "" {
		t.Errorf("modes (-want +got):\n%s", d)
	}
	ok(t, conn.EditStreams(ctx, func(e *airbyte.StreamEditor) error {
		if len(e.Available()) != 3 || len(e.Selected()) != 3 {
			t.Errorf("%d available, %d selected", len(e.Available()), len(e.Selected()))
		}
		if err := e.Deselect(airbyte.StreamDescriptor{Namespace: "public", Name: "orders"}); err != nil {
			return err
		}
		return e.Select(airbyte.StreamSelection{Name: "logs", SyncMode: airbyte.FullRefreshAppend})
	}))
	want = map[string]airbyte.SyncMode{"public.users": mode, "audit.logs": airbyte.FullRefreshAppend}
	if d := cmp.Diff(want, modes()); d != "" {
		t.Errorf("modes (-want +got):\n%s", d)
	}
	writes := f.Log().Count("patchConnection")
	ok(t, conn.SelectStreams(ctx, airbyte.StreamDescriptor{Name: "users"}, airbyte.StreamDescriptor{Name: "logs"}))
	if n := f.Log().Count("patchConnection") - writes; n != 0 {
		t.Errorf("%d writes for a selection that is there already", n)
	}
	err := conn.SelectStreams(ctx, airbyte.StreamDescriptor{Name: "user"})
	says(t, err, `"user"`, "public.users")
	if !errors.Is(err, airbyte.ErrUnknownStream) {
		t.Errorf("err = %v; want ErrUnknownStream", err)
	}
	err = conn.EditStreams(ctx, func(e *airbyte.StreamEditor) error {
		return e.Select(airbyte.StreamSelection{Name: "logs", SyncMode: airbyte.IncrementalAppend})
	})
	says(t, err, "cannot be", "full_refresh_append")
	if err := conn.SelectStreams(ctx); !errors.Is(err, apierr.ErrInvalid) {
		t.Errorf("selecting nothing: %v", err)
	}
	if n := f.Log().Count("patchConnection") - writes; n != 0 {
		t.Errorf("%d writes of refused selections", n)
	}
}

func TestT6StreamDiscovery(t *testing.T) {
	f, w := workspaceOf(t)
	added := f.AddConnection()
	for name, find := range map[string]func() ([]airbyte.StreamProperties, error){
		"source": func() ([]airbyte.StreamProperties, error) { return w.Source(added.SourceID).Streams(t.Context(), "") },
		"both": func() ([]airbyte.StreamProperties, error) {
			return w.Source(added.SourceID).Streams(t.Context(), added.DestinationID)
		},
		"fresh": func() ([]airbyte.StreamProperties, error) {
			return w.Source(added.SourceID).Streams(t.Context(), "", airbyte.WithFreshSchema())
		},
		"connection": func() ([]airbyte.StreamProperties, error) {
			return w.Connection(added.ID).AvailableStreams(t.Context())
		},
	} {
		streams, err := find()
		ok(t, err)
		if len(streams) != 2 {
			t.Fatalf("%s: %d streams", name, len(streams))
		}
		users := streams[0]
		if users.Name != "users" || !users.Supports(airbyte.IncrementalAppend) || users.Supports(airbyte.FullRefreshSoftDelete) ||
			!cmp.Equal(users.SourceDefinedPrimaryKey, [][]string{{"id"}}) || !cmp.Equal(users.DefaultCursorField, []string{"updated_at"}) || len(users.Fields) != 4 {
			t.Errorf("%s: users = %+v", name, users)
		}
	}
	queries := 0
	for _, r := range f.Log().Records("getStreamProperties") {
		if strings.Contains(r.Query, "ignoreCache=true") {
			queries++
		}
	}
	if queries != 1 {
		t.Errorf("%d calls ignored the cache, want 1", queries)
	}
}
