package airbytetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sdk/sluice/gen/airbyteapi"
	"github.com/sluice-sdk/sluice/wrappers/servicetest"
)

// memoryMover moves numbered rows from nowhere to nowhere: each stream has "rows" of them, and its state is the
// number of those that were read.
type memoryMover struct {
	mu    sync.Mutex
	plans []Plan
	err   error         // of every attempt, after the first commit
	pause time.Duration // between two commits of 10 rows
	// linger is how long a cancelled attempt takes to return.
	linger time.Duration
}

func (m *memoryMover) Moves(s, d Connector) bool { return s.Type == "file" && d.Type == "duckdb" }
func (m *memoryMover) Reads(s Connector) bool    { return s.Type == "file" }

func (m *memoryMover) Discover(_ context.Context, s Connector) ([]Stream, error) {
	if s.Configuration["url"] == "missing.csv" {
		return nil, fmt.Errorf("open missing.csv: %w", ErrConfiguration)
	}
	return []Stream{{
		Name: fmt.Sprint(s.Configuration["dataset_name"]), Fields: []Field{{"id", IntegerField}, {"name", StringField}},
		DefaultCursor: []string{"id"},
	}}, nil
}

func (m *memoryMover) Move(ctx context.Context, plan Plan) (Result, error) {
	m.mu.Lock()
	m.plans = append(m.plans, plan)
	m.mu.Unlock()
	result := Result{State: map[StreamKey]json.RawMessage{}}
	if plan.Clear {
		return result, nil
	}
	for _, s := range plan.Streams {
		total := int(plan.Source.Configuration["rows"].(float64))
		from := 0
		if s.State != nil {
			if err := json.Unmarshal(s.State, &from); err != nil {
				return result, err
			}
		}
		moved := int64(0)
		for from < total {
			if err := servicetest.Sleep(ctx, m.pause); err != nil {
				<-time.After(m.linger)
				return result, err
			}
			n := min(10, total-from)
			from, moved = from+n, moved+int64(n)
			result.Rows, result.Bytes = result.Rows+int64(n), result.Bytes+int64(100*n)
			result.State[s.Key()] = json.RawMessage(fmt.Sprint(from))
			plan.Progress(s.Key(), moved, moved*100)
			if plan.Fail != nil && moved >= plan.Fail.AfterRows {
				return result, errors.New(plan.Fail.Reason)
			}
			if m.err != nil {
				return result, m.err
			}
		}
	}
	return result, nil
}

func movingFake(t *testing.T, m *memoryMover, rows int, opts ...ConnectionOption) (*Fake, Connection) {
	t.Helper()
	f := New(t, WithMover(m))
	source := f.AddSource(Definition(SourceFile), Configuration(map[string]any{
		"dataset_name": "users", "url": "users.csv", "rows": rows, "provider": map[string]any{"storage": "HTTPS", "secret_access_key": "s3cret"},
	}))
	destination := f.AddDestination(Definition(DestinationDuckDB), Configuration(map[string]any{"destination_path": "/tmp/x", "motherduck_api_key": "s3cret"}))
	return f, f.AddConnection(append([]ConnectionOption{From(source), To(destination)}, opts...)...)
}

func mode(m SyncMode) *airbyteapi.ConnectionSyncModeEnum {
	return new(airbyteapi.ConnectionSyncModeEnum(m))
}

func wait(t *testing.T, f *Fake, id int64) airbyteapi.JobResponse {
	t.Helper()
	for range 10_000 {
		if j := getJob(t, f, id); isFinal(j.Status) {
			return j
		}
		sleep(t, time.Second)
	}
	t.Fatal("the job does not end")
	return airbyteapi.JobResponse{}
}

func TestMoverGetsThePlan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memoryMover{}
		f, conn := movingFake(t, m, 25, WithPrefix("raw_"), WithNamespace("custom_format", "lake_${SOURCE_NAMESPACE}"),
			Selecting(airbyteapi.StreamConfiguration{Name: "users", SyncMode: mode(IncrementalAppend), SelectedFields: &[]airbyteapi.SelectedFieldInfo{{FieldPath: []string{"id"}}}}))
		id := trigger(t, f, conn.ID).JobID
		if j := wait(t, f, id); j.Status != "succeeded" || *j.RowsSynced != 25 || *j.BytesSynced != 2500 {
			t.Errorf("%s, %d rows, %d bytes", j.Status, *j.RowsSynced, *j.BytesSynced)
		}
		plan := m.plans[0]
		if plan.JobID != id || plan.Attempt != 0 || plan.Clear || plan.Fail != nil {
			t.Errorf("%+v", plan)
		}
		if plan.Source.Configuration["provider"].(map[string]any)["secret_access_key"] != "s3cret" || plan.Destination.Configuration["motherduck_api_key"] != "s3cret" {
			t.Error("the mover got masked secrets")
		}
		want := []PlannedStream{{
			Stream: Stream{Name: "users", Fields: []Field{{"id", IntegerField}, {"name", StringField}}, DefaultCursor: []string{"id"}},
			Target: StreamKey{"lake_", "raw_users"}, SyncMode: IncrementalAppend, CursorField: []string{"id"}, SelectedFields: []string{"id"},
		}}
		if diff := cmp.Diff(want, plan.Streams); diff != "" {
			t.Error(diff)
		}
		// The second sync goes on where the first ended, in the same generation, and moves nothing.
		if j := wait(t, f, trigger(t, f, conn.ID).JobID); *j.RowsSynced != 0 {
			t.Errorf("%d rows", *j.RowsSynced)
		}
		if s := m.plans[1].Streams[0]; string(s.State) != "25" || s.GenerationID != 0 {
			t.Errorf("%+v", s)
		}
		// A clear forgets the state and begins a generation.
		status, body := call(t, f, "POST", "/jobs", `{"connectionId":"`+conn.ID+`","jobType":"clear"}`)
		if status != 200 {
			t.Fatal(status, body)
		}
		wait(t, f, decode[airbyteapi.JobResponse](t, body).JobID)
		if p := m.plans[2]; !p.Clear || p.Streams[0].GenerationID != 1 || p.Streams[0].MinimumGenerationID != 1 {
			t.Errorf("%+v", p)
		}
		if j := wait(t, f, trigger(t, f, conn.ID).JobID); *j.RowsSynced != 25 {
			t.Errorf("%d rows after a clear", *j.RowsSynced)
		}
	})
}

func TestGenerations(t *testing.T) {
	for _, tc := range []struct {
		mode     SyncMode
		min, gen int64 // of the second sync
	}{
		{FullRefreshOverwrite, 2, 2}, {FullRefreshAppend, 0, 2}, {IncrementalAppend, 0, 0},
	} {
		t.Run(string(tc.mode), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := &memoryMover{}
				f, conn := movingFake(t, m, 5, Selecting(airbyteapi.StreamConfiguration{Name: "users", SyncMode: mode(tc.mode)}))
				for range 2 {
					wait(t, f, trigger(t, f, conn.ID).JobID)
				}
				if s := m.plans[1].Streams[0]; s.GenerationID != tc.gen || s.MinimumGenerationID != tc.min {
					t.Errorf("generation %d, minimum %d", s.GenerationID, s.MinimumGenerationID)
				}
			})
		})
	}
}

// Attempts that fail leave what they committed, and the next one goes on from there.
func TestMoverFailures(t *testing.T) {
	for name, tc := range map[string]struct {
		err      error
		opts     []ConnectionOption
		status   string
		rows     int64
		attempts int
		failure  string
	}{
		"asked for":        {nil, []ConnectionOption{AttemptsFail(1)}, "succeeded", 35, 2, "the test said so"},
		"asked to fail":    {nil, []ConnectionOption{AttemptsFail(1), SyncFails("disk full")}, "failed", 20, 2, "disk full"},
		"on its own":       {errors.New("connection lost"), nil, "failed", 30, 3, "connection lost"},
		"by configuration": {fmt.Errorf("no such file: %w", ErrConfiguration), nil, "failed", 10, 1, "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := &memoryMover{err: tc.err}
				f, conn := movingFake(t, m, 35, append(tc.opts, Selecting(airbyteapi.StreamConfiguration{Name: "users", SyncMode: mode(IncrementalAppend)}))...)
				id := trigger(t, f, conn.ID).JobID
				if j := wait(t, f, id); string(j.Status) != tc.status || *j.RowsSynced != tc.rows {
					t.Errorf("%s, %d rows", j.Status, *j.RowsSynced)
				}
				if j, _ := f.Job(id); j.Attempts != tc.attempts || !strings.Contains(j.Failure, tc.failure) {
					t.Errorf("%+v", j)
				}
				for i, p := range m.plans {
					if p.Attempt != i {
						t.Errorf("attempt %d is numbered %d", i, p.Attempt)
					}
				}
			})
		})
	}
}

func TestMoverProgressAndCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memoryMover{pause: time.Minute}
		f, conn := movingFake(t, m, 1000)
		id := trigger(t, f, conn.ID).JobID
		if j := getJob(t, f, id); j.RowsSynced != nil || j.Status != "pending" {
			t.Errorf("%+v", j)
		}
		sleep(t, 10*time.Minute+30*time.Second)
		if j := getJob(t, f, id); j.Status != "running" || *j.RowsSynced != 100 {
			t.Errorf("%s, %d rows", j.Status, *j.RowsSynced)
		}
		status, body := call(t, f, "DELETE", fmt.Sprintf("/jobs/%d", id), "")
		if status != 200 || decode[airbyteapi.JobResponse](t, body).Status != "cancelled" {
			t.Errorf("%d %s", status, body)
		}
		sleep(t, time.Hour)
		if j := getJob(t, f, id); j.Status != "cancelled" || *j.RowsSynced != 100 {
			t.Errorf("%s, %d rows", j.Status, *j.RowsSynced)
		}
		// One that runs when the fake closes does not hold it up.
		trigger(t, f, conn.ID)
		sleep(t, time.Minute)
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
}

// A sync goes on where a cancelled one stopped; after a clear it begins anew, also when the cancelled one took its time.
func TestCancelledSyncKeepsItsStates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memoryMover{pause: time.Minute, linger: 20 * time.Second}
		f, conn := movingFake(t, m, 300, Selecting(airbyteapi.StreamConfiguration{Name: "users", SyncMode: mode(IncrementalAppend)}))
		for _, cleared := range []bool{false, true} {
			id := trigger(t, f, conn.ID).JobID
			sleep(t, 10*time.Minute+30*time.Second)
			if status, body := call(t, f, "DELETE", fmt.Sprintf("/jobs/%d", id), ""); status != 200 {
				t.Fatal(status, body)
			}
			want, moved := "100", int64(200)
			if cleared {
				want, moved = "", 300
				status, body := call(t, f, "POST", "/jobs", `{"connectionId":"`+conn.ID+`","jobType":"clear"}`)
				if status != 200 {
					t.Fatal(status, body)
				}
				wait(t, f, decode[airbyteapi.JobResponse](t, body).JobID)
			}
			j := wait(t, f, trigger(t, f, conn.ID).JobID)
			if s := m.plans[len(m.plans)-1].Streams[0]; string(s.State) != want || j.RowsSynced == nil || *j.RowsSynced != moved {
				t.Errorf("cleared %t: the next sync began at %q and moved %v rows, want %q and %d", cleared, s.State, j.RowsSynced, want, moved)
			}
			if !cleared { // begin anew
				_, body := call(t, f, "POST", "/jobs", `{"connectionId":"`+conn.ID+`","jobType":"clear"}`)
				wait(t, f, decode[airbyteapi.JobResponse](t, body).JobID)
			}
		}
	})
}

func TestDiscoverThroughTheMover(t *testing.T) {
	f, conn := movingFake(t, &memoryMover{}, 5)
	status, body := call(t, f, "GET", "/streams?sourceId="+conn.SourceID, "")
	if status != 200 || !strings.Contains(body, `"streamName":"users"`) || !strings.Contains(body, `[["id"],["name"]]`) {
		t.Errorf("%d %s", status, body)
	}
	// A changed configuration is looked at again.
	call(t, f, "PATCH", "/sources/"+conn.SourceID, `{"configuration":{"dataset_name":"people"}}`)
	if _, body = call(t, f, "GET", "/streams?sourceId="+conn.SourceID, ""); !strings.Contains(body, `"streamName":"people"`) {
		t.Error(body)
	}
	call(t, f, "PATCH", "/sources/"+conn.SourceID, `{"configuration":{"url":"missing.csv"}}`)
	if status, body = call(t, f, "GET", "/streams?sourceId="+conn.SourceID, ""); status != 400 || !strings.Contains(body, "missing.csv") {
		t.Errorf("%d %s", status, body)
	}
	if status, body = call(t, f, "POST", "/connections", `{"sourceId":"`+conn.SourceID+`","destinationId":"`+conn.DestinationID+`"}`); status != 400 {
		t.Errorf("%d %s", status, body)
	}
}

func TestTarget(t *testing.T) {
	for _, tc := range []struct {
		definition, format, prefix, namespace string
		want                                  StreamKey
	}{
		{"destination", "", "", "public", StreamKey{"", "users"}},
		{"source", "", "raw_", "public", StreamKey{"public", "raw_users"}},
		{"source", "", "  ", "", StreamKey{"", "users"}},
		{"custom_format", "lake_${SOURCE_NAMESPACE}", "", "public", StreamKey{"lake_public", "users"}},
		{"custom_format", "${SOURCE_NAMESPACE}", "", "", StreamKey{"", "users"}},
		{"custom_format", " ", "", "public", StreamKey{"", "users"}},
		{"custom_format", "fixed", "p", "public", StreamKey{"fixed", "pusers"}},
	} {
		if got := target(tc.definition, tc.format, tc.prefix, Stream{Name: "users", Namespace: tc.namespace}); got != tc.want {
			t.Errorf("%+v: %+v", tc, got)
		}
	}
}
