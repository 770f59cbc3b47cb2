package polytomic

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-sdk/sluice/gen/polytomicapi"
	"github.com/sluice-sdk/sluice/wrappers/job"
)

// world is bulk syncs that take their time.
type world struct {
	mu     sync.Mutex
	ends   map[string]time.Time // by sync
	starts map[string]time.Time
	gone   map[string]bool
	next   map[string]bool // another execution runs after the first
}

func newWorld() *world {
	return &world{ends: map[string]time.Time{}, starts: map[string]time.Time{}, gone: map[string]bool{}, next: map[string]bool{}}
}

func (w *world) status(sync string) string {
	if time.Now().Before(w.ends[sync]) {
		return "running"
	}
	return "completed"
}

// row is a sync in the answer of the batched status.
func (w *world) row(sync string) string {
	if w.starts[sync].IsZero() {
		return fmt.Sprintf(`{"sync_id":%q,"status":"completed","schemas":null}`, sync)
	}
	status, execution := w.status(sync), "e-"+sync
	if w.next[sync] && status == "completed" {
		status, execution = "running", "later"
	}
	return fmt.Sprintf(`{"sync_id":%q,"status":%q,"nextExecutionTime":null,"schemas":[{"schema":"users","status":%q,"execution_id":%q,"record_count":5,"started_at":%q}]}`,
		sync, status, status, execution, stamp(w.starts[sync]))
}

// scripts are the operations of the world; took says how long the sync of a start takes.
func (w *world) scripts(took func(sync string) time.Duration) map[string]script {
	locked := func(s script) script {
		return func(c call) reply {
			w.mu.Lock()
			defer w.mu.Unlock()
			return s(c)
		}
	}
	return map[string]script{
		"startBulkSync": locked(func(c call) reply {
			id := c.path["id"]
			w.starts[id] = time.Now()
			w.ends[id] = time.Now().Add(took(id))
			return reply{body: data(bulkExecution("e-"+id, "created", created(time.Now())))}
		}),
		"listBulkSyncStatuses": locked(func(c call) reply {
			var rows []string
			ids := c.query["sync_id"]
			if slices.Contains(c.query["all"], "true") {
				ids = nil
				for id := range w.starts {
					ids = append(ids, id)
				}
			}
			for _, id := range ids {
				if w.gone[id] {
					return reply{status: http.StatusNotFound, body: `{"message":"no such sync","status":404}`}
				}
				rows = append(rows, w.row(id))
			}
			return reply{body: data("[" + strings.Join(rows, ",") + "]")}
		}),
		"getBulkSyncExecution": locked(func(c call) reply {
			id := c.path["id"]
			if w.gone[id] {
				return reply{status: http.StatusNotFound, body: `{"message":"no such sync","status":404}`}
			}
			more := []string{`"record_count":5`, created(w.starts[id]), `"schemas":[{"schema":"users","status":"completed","record_count":5}]`}
			if w.status(id) == "completed" {
				more = append(more, fmt.Sprintf(`"completed_at":%q`, stamp(w.ends[id])))
			}
			return reply{body: data(bulkExecution(c.path["exec_id"], w.status(id), more...))}
		}),
		"listBulkSyncExecutions": ok(`{"data":null}`),
	}
}

// N2: a thousand bulk syncs that are waited for together take at most 1.2 requests each beyond the starts, and the end of
// one is noticed within two seconds on average.
func TestN2ThousandTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		random := rand.New(rand.NewPCG(1, 2))
		client, a := scripted(t, w.scripts(func(string) time.Duration {
			return 10*time.Second + time.Duration(random.Int64N(int64(9*time.Minute)))
		}))
		a.latency = 50 * time.Millisecond
		const n = 1000
		jobs := make([]*job.Job, 0, n)
		handles := make(map[string]*BulkSyncExecution, n)
		results := make(chan *BulkSyncExecution, n)
		var group sync.WaitGroup
		for i := range n {
			group.Go(func() {
				x, err := client.BulkSync(fmt.Sprintf("s%04d", i)).Start(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				results <- x
			})
		}
		group.Wait()
		close(results)
		for x := range results {
			handles[x.ID()] = x
			jobs = append(jobs, x.Job())
		}
		starts := len(a.asked("startBulkSync"))
		var delay time.Duration
		for done, err := range job.WaitAll(t.Context(), jobs) {
			if err != nil {
				t.Fatal(err)
			}
			delay += time.Since(w.ends[done.Snapshot.Parent])
			if x := handles[done.Snapshot.ID]; x.Records() != 5 || x.Outcome() != OutcomeClean {
				t.Errorf("%s: %d records, %s", x.ID(), x.Records(), x.Outcome())
			}
		}
		requests := len(a.asked("")) - starts
		perSync, mean := float64(requests)/n, delay/n
		t.Logf("%.3f requests each beyond the start, mean delay %s; %d status calls", perSync, mean, len(a.asked("listBulkSyncStatuses")))
		if starts != n || perSync > 1.2 || mean > 2*time.Second {
			t.Errorf("%d starts, %.3f requests each, mean delay %s", starts, perSync, mean)
		}
	})
}

// A few syncs are asked for by their ids, in one request.
func TestN2Chunks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for n, want := range map[int][]int{2: {2}, 150: {150}, 151: nil} { // nil: all at once
			w := newWorld()
			client, a := scripted(t, w.scripts(func(string) time.Duration { return time.Hour }))
			var refs []job.Ref
			for i := range n {
				id := fmt.Sprintf("s%03d", i)
				w.starts[id], w.ends[id] = time.Now(), time.Now().Add(time.Hour)
				refs = append(refs, client.BulkSync(id).Execution("e-"+id).Job().Ref())
			}
			got := 0
			for s, err := range (&bulkSource{client: client}).Fetch(t.Context(), refs) {
				if err != nil || s.Phase != job.PhaseRunning || *s.Progress.Records != 5 {
					t.Fatalf("%v %v", s, err)
				}
				got++
			}
			calls := a.asked("")
			if got != n || len(calls) != 1 {
				t.Fatalf("%d syncs: %d snapshots, %d requests", n, got, len(calls))
			}
			if want == nil {
				if !slices.Equal(calls[0].query["all"], []string{"true"}) {
					t.Errorf("%d syncs were asked for as %s", n, calls[0].url)
				}
			} else if len(calls[0].query["sync_id"]) != want[0] || len(calls[0].url) > 8<<10 {
				t.Errorf("%d syncs: %d ids in %d bytes", n, len(calls[0].query["sync_id"]), len(calls[0].url))
			}
		}
	})
}

// When the organization has far more syncs than are waited for, those are asked for by their ids.
func TestN2ManyForeign(t *testing.T) {
	w := newWorld()
	client, a := scripted(t, w.scripts(nil))
	var refs []job.Ref
	for i := range 2000 {
		id := fmt.Sprintf("s%04d", i)
		w.starts[id], w.ends[id] = time.Now(), time.Now().Add(time.Hour)
		if i < 200 {
			refs = append(refs, client.BulkSync(id).Execution("e-"+id).Job().Ref())
		}
	}
	for range 2 {
		for _, err := range (&bulkSource{client: client}).Fetch(t.Context(), refs) {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	calls := a.asked("listBulkSyncStatuses")
	if len(calls) != 3 || len(calls[0].query["all"]) != 1 || len(calls[1].query["sync_id"]) != 150 || len(calls[2].query["sync_id"]) != 50 {
		t.Errorf("%d calls", len(calls))
	}
}

// One sync that was deleted does not hide the others, and ends its own wait.
func TestN2DeletedSync(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		client, _ := scripted(t, w.scripts(func(string) time.Duration { return time.Minute }))
		var jobs []*job.Job
		for i := range 9 {
			x, err := client.BulkSync(fmt.Sprintf("s%d", i)).Start(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			jobs = append(jobs, x.Job())
		}
		w.gone["s4"] = true
		good, bad := 0, 0
		for done, err := range job.WaitAll(t.Context(), jobs) {
			switch {
			case err == nil:
				good++
			case done.Snapshot.Parent == "s4":
				bad++
			default:
				t.Errorf("%s: %v", done.Snapshot, err)
			}
		}
		if good != 8 || bad != 1 {
			t.Errorf("%d good, %d bad", good, bad)
		}
	})
}

// An execution that was followed by another one between two polls has ended all the same.
func TestN2SupersededExecution(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		client, _ := scripted(t, w.scripts(func(string) time.Duration { return 20 * time.Second }))
		var jobs []*job.Job
		for i := range 3 {
			x, err := client.BulkSync(fmt.Sprintf("s%d", i)).Start(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			jobs = append(jobs, x.Job())
		}
		w.next["s1"] = true
		began := time.Now()
		for done, err := range job.WaitAll(t.Context(), jobs) {
			if err != nil {
				t.Errorf("%s: %v", done.Snapshot, err)
			}
		}
		if took := time.Since(began); took > 40*time.Second {
			t.Errorf("noticed after %s", took)
		}
	})
}

// What a status says for certain: that an execution has not ended. Everything else is confirmed.
func TestStatusSnapshot(t *testing.T) {
	ref := job.Ref{Kind: kindBulk, ID: "e1", Parent: "s1"}
	schema := func(status, execution string) polytomicapi.BulkSyncSchemaExecutionStatus {
		s := polytomicapi.BulkSchemaExecutionStatus(status)
		return polytomicapi.BulkSyncSchemaExecutionStatus{Status: &s, ExecutionID: &execution}
	}
	for name, tt := range map[string]struct {
		status  string
		schemas []polytomicapi.BulkSyncSchemaExecutionStatus
		phase   job.Phase
		certain bool
	}{
		"running":                        {"running", []polytomicapi.BulkSyncSchemaExecutionStatus{schema("running", "e1")}, job.PhaseRunning, true},
		"between schemas":                {"running", []polytomicapi.BulkSyncSchemaExecutionStatus{schema("completed", "e1")}, job.PhaseRunning, true},
		"no rows yet":                    {"created", nil, job.PhasePending, true},
		"rows of the last run":           {"scheduled", []polytomicapi.BulkSyncSchemaExecutionStatus{schema("completed", "e0")}, job.PhasePending, true},
		"unknown":                        {"preparing", []polytomicapi.BulkSyncSchemaExecutionStatus{schema("running", "e1")}, job.PhaseUnknown, true},
		"completed":                      {"completed", []polytomicapi.BulkSyncSchemaExecutionStatus{schema("completed", "e1")}, job.PhaseSucceeded, false},
		"completed, one still runs":      {"completed", []polytomicapi.BulkSyncSchemaExecutionStatus{schema("running", "e1")}, job.PhaseSucceeded, false},
		"another one runs":               {"running", []polytomicapi.BulkSyncSchemaExecutionStatus{schema("running", "e2")}, job.PhaseRunning, false},
		"another one runs, ours partial": {"running", []polytomicapi.BulkSyncSchemaExecutionStatus{schema("running", "e2"), schema("completed", "e1")}, job.PhaseRunning, false},
		"another one waits":              {"scheduled", []polytomicapi.BulkSyncSchemaExecutionStatus{schema("completed", "e1")}, job.PhasePending, false},
		"no status":                      {"", nil, job.PhaseUnknown, false},
	} {
		t.Run(name, func(t *testing.T) {
			row := polytomicapi.BulkSyncExecutionStatus{Schemas: listed(tt.schemas), Status: (*polytomicapi.BulkExecutionStatus)(optional(tt.status))}
			got, certain := statusSnapshot(ref, &row)
			if got.Phase != tt.phase || certain != tt.certain {
				t.Errorf("%s %t, want %s %t", got.Phase, certain, tt.phase, tt.certain)
			}
		})
	}
}
