package tests_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sdk/sluice/wrappers/airbyte"
	"github.com/sluice-sdk/sluice/wrappers/airbyte/airbytetest"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// specOf is a connection between two connectors of the fake.
func specOf(f *airbytetest.Fake) airbyte.ConnectionSpec {
	return airbyte.ConnectionSpec{Name: "nightly", SourceID: f.AddSource(), DestinationID: f.AddDestination()}
}

func TestS9ConnectionIsDeployedWithItsSyncModes(t *testing.T) {
	f, w := workspaceOf(t)
	tag := must(w.CreateTag(t.Context(), "gold", "FFD700"))(t)
	spec := specOf(f)
	spec.Streams = []airbyte.StreamSelection{
		{Name: "users", SyncMode: airbyte.IncrementalDedupedHistory},
		{Name: "orders", SyncMode: airbyte.IncrementalAppend, CursorField: []string{"ordered_at"}, Fields: []string{"order_id", "ordered_at"}},
	}
	spec.TablePrefix, spec.Cron, spec.Inactive, spec.UniqueName, spec.Tags = "raw_", "0 0 6 * * ?", true, true, []airbyte.Tag{tag}
	spec.Namespace = airbyte.Namespace{Definition: "source"}
	conn, err := w.CreateConnection(t.Context(), spec)
	ok(t, err)
	ctx := t.Context()
	modes := make(map[string]airbyte.SyncMode)
	for _, s := range must(conn.Streams(ctx))(t) {
		modes[s.Name] = s.SyncMode
	}
	if d := cmp.Diff(map[string]airbyte.SyncMode{"users": airbyte.IncrementalDedupedHistory, "orders": airbyte.IncrementalAppend}, modes); d != "" {
		t.Errorf("modes (-want +got):\n%s", d)
	}
	info, err := conn.Info(ctx)
	ok(t, err)
	if info.Name != "nightly" || *info.Prefix != "raw_" || info.Status != "inactive" || *info.Schedule.CronExpression != "0 0 6 * * ? UTC" ||
		len(info.Tags) != 1 || *info.NamespaceDefinition != "source" || info.SourceID != spec.SourceID || info.DestinationID != spec.DestinationID {
		t.Errorf("Info = %+v", info)
	}
	if n := f.Log().Count("getConnection"); n != 0 {
		t.Errorf("%d reads of what the creation answered, want 0", n)
	}
	if _, err := w.CreateConnection(ctx, spec); !errors.Is(err, airbyte.ErrAlreadyExists) || f.Log().Count("createConnection") != 1 {
		t.Errorf("the same name again: %v, %d creations", err, f.Log().Count("createConnection"))
	}
}

func TestS9ConnectionWithoutStreamsReadsAll(t *testing.T) {
	f, w := workspaceOf(t)
	conn, err := w.CreateConnection(t.Context(), specOf(f))
	ok(t, err)
	if names := must(conn.StreamNames(t.Context()))(t); !cmp.Equal(names, []string{"users", "orders"}) {
		t.Errorf("StreamNames = %v", names)
	}
	if n := f.Log().Count("getStreamProperties"); n != 0 {
		t.Errorf("%d discoveries, want 0", n)
	}
}

func TestS9UnknownStreamIsRefusedBeforeTheCreation(t *testing.T) {
	f, w := workspaceOf(t)
	spec := specOf(f)
	for _, tt := range []struct {
		stream airbyte.StreamSelection
		want   string
		reason error
	}{
		{airbyte.StreamSelection{Name: "user"}, `no stream "user"`, airbyte.ErrUnknownStream},
		{airbyte.StreamSelection{Name: "users", SyncMode: "full_refresh_update"}, "cannot be", apierr.ErrInvalid},
		{airbyte.StreamSelection{Name: "orders", SyncMode: airbyte.IncrementalDedupedHistory}, "primary key", apierr.ErrInvalid},
	} {
		spec.Streams = []airbyte.StreamSelection{tt.stream}
		_, err := w.CreateConnection(t.Context(), spec)
		says(t, err, tt.want)
		if !errors.Is(err, tt.reason) || !errors.Is(err, apierr.ErrInvalid) {
			t.Errorf("err = %v", err)
		}
	}
	if n := f.Log().Count("createConnection"); n != 0 {
		t.Errorf("%d creations were sent", n)
	}
}

func TestS9ConnectionWhoseAnswerIsLostIsFound(t *testing.T) {
	for name, fault := range map[string]*airbytetest.Fault{
		"reset":   airbytetest.ResetAfterBody("createConnection"),
		"stalled": airbytetest.StallAfterBody("createConnection"),
		"gateway": airbytetest.RewriteBody("createConnection", func([]byte) []byte { return []byte("<html>504</html>") }),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f, w := workspaceOf(t, airbytetest.DiscoverTakes(time.Minute))
				spec := specOf(f)
				// One of the same name, source and destination from earlier is not mistaken for it.
				f.AddConnection(airbytetest.ConnectionNamed(spec.Name), airbytetest.From(spec.SourceID), airbytetest.To(spec.DestinationID))
				time.Sleep(time.Hour)
				f.Fault(fault.Once())
				conn, err := w.CreateConnection(t.Context(), spec)
				ok(t, err)
				if n := f.Log().Count("createConnection"); n != 1 {
					t.Errorf("%d creations were sent, want 1", n)
				}
				if info, _, _ := conn.Cached(); info.Name != spec.Name || time.Since(time.Unix(info.CreatedAt, 0)) > 10*time.Minute {
					t.Errorf("adopted %+v", info)
				}
			})
		})
	}
}

func TestS9ConnectionThatCannotBeToldIsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, w := workspaceOf(t)
		spec := specOf(f)
		f.Fault(airbytetest.Stall("createConnection")) // nothing is processed, and nobody can know
		_, err := w.CreateConnection(t.Context(), spec)
		var unknown *airbyte.CreateUnknownError
		if !errors.Is(err, airbyte.ErrCreateUnknown) || !errors.As(err, &unknown) || unknown.Name != "nightly" || len(unknown.Candidates) != 0 {
			t.Fatalf("err = %v; want a CreateUnknownError without candidates", err)
		}
		says(t, err, "nightly", "look before creating it again", spec.SourceID)
		f.ClearFaults()

		twin := func() string {
			return f.AddConnection(airbytetest.ConnectionNamed(spec.Name), airbytetest.From(spec.SourceID), airbytetest.To(spec.DestinationID)).ID
		}
		candidates := []string{twin(), twin()}
		f.Fault(airbytetest.ResetBefore("createConnection"))
		_, err = w.CreateConnection(t.Context(), spec)
		if !errors.As(err, &unknown) || !cmp.Equal(sorted(unknown.Candidates), sorted(candidates)) {
			t.Errorf("err = %v; want the two candidates", err)
		}
		f.ClearFaults()

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		f.Fault(airbytetest.Stall("createConnection"))
		began := time.Now()
		_, err = w.CreateConnection(ctx, spec)
		if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, airbyte.ErrCreateUnknown) || time.Since(began) > time.Second {
			t.Errorf("a cancelled creation: %v after %v", err, time.Since(began))
		}
		f.ClearFaults()
		f.Fault(airbytetest.Status("createConnection", 400, `{"message":"no"}`))
		if _, err = w.CreateConnection(t.Context(), spec); errors.Is(err, airbyte.ErrCreateUnknown) || !errors.Is(err, apierr.ErrInvalid) {
			t.Errorf("a refused creation: %v", err)
		}
	})
}
