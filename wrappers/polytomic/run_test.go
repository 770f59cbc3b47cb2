package polytomic

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sdk/sluice/gen/polytomicapi"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/job"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// bulkExecution is an execution on the wire; more are further fields.
func bulkExecution(id, status string, more ...string) string {
	fields := append([]string{fmt.Sprintf(`"id":%q,"status":%q`, id, status)}, more...)
	return "{" + strings.Join(fields, ",") + "}"
}

func created(t time.Time) string { return fmt.Sprintf(`"created_at":%q`, stamp(t)) }

const runCounts = `"record_count":12,"error_count":%d,"warning_count":%d,"schemas":[
	{"schema":"users","output_name":"USERS","status":"completed","record_count":10,"error_count":0,"warning_count":0},
	{"schema":"orders","status":%q,"record_count":2,"error_count":%d,"warning_count":%d}]`

func TestS4N1Run(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		polls := 0
		client, a := scripted(t, map[string]script{
			"startBulkSync": func(call) reply { return reply{body: data(bulkExecution("e1", "created", created(time.Now())))} },
			"getBulkSyncExecution": func(call) reply {
				if polls++; polls < 3 {
					return reply{body: data(bulkExecution("e1", "running"))}
				}
				return reply{body: data(bulkExecution("e1", "completed", fmt.Sprintf(runCounts, 0, 0, "completed", 0, 0)))}
			},
			"listBulkSyncExecutions": ok(`{"data":[]}`),
		})
		var seen []string
		run, err := client.BulkSync("s1").Run(t.Context(), OnlySchemas("users", "orders"), FailOnErrors(),
			WithProgress(func(s job.Snapshot) { seen = append(seen, s.Raw) }))
		if err != nil {
			t.Fatal(err)
		}
		var got []SchemaResult
		for s := range run.Schemas() {
			got = append(got, s)
		}
		want := []SchemaResult{{Name: "orders", Status: "completed", Records: 2}, {Name: "users", OutputName: "USERS", Status: "completed", Records: 10}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("schemas -want +got\n%s", diff)
		}
		if run.Records() != 12 || run.HasErrors() || run.Outcome() != OutcomeClean || run.ID() != "e1" || run.Attached() {
			t.Errorf("%d records, %s", run.Records(), run.Outcome())
		}
		if diff := cmp.Diff([]string{"created", "running", "completed"}, seen); diff != "" {
			t.Errorf("progress -want +got\n%s", diff)
		}
		start := a.asked("startBulkSync")
		if len(start) != 1 || len(start[0].key()) < 8 {
			t.Fatalf("%d starts, key %q", len(start), start[0].key())
		}
		if diff := cmp.Diff(map[string]any{"schemas": []any{"users", "orders"}}, start[0].object(t)); diff != "" {
			t.Errorf("body -want +got\n%s", diff)
		}
		if n := len(a.asked("getBulkSyncExecution")); n != 3 {
			t.Errorf("%d reads of the execution, want 3: the answer that ended the wait has the counts", n)
		}
	})
}

// N1: each status of both sorts, with and without counts, ends as it should, and none that is not known ends at all.
func TestN1Outcomes(t *testing.T) {
	type want struct {
		outcome Outcome
		err     error // for errors.Is with no options; nil for none
	}
	for _, tt := range []struct {
		status           string
		errors, warnings int
		opts             []WaitOption
		want             want
	}{
		{"completed", 0, 0, nil, want{OutcomeClean, nil}},
		{"completed", 0, 3, nil, want{OutcomeWarnings, nil}},
		{"completed", 2, 3, nil, want{OutcomeErrors, nil}},
		{"completed", 2, 0, []WaitOption{FailOnErrors()}, want{OutcomeErrors, ErrRecordErrors}},
		{"completed", 0, 3, []WaitOption{FailOnErrors()}, want{OutcomeWarnings, nil}},
		{"completed", 0, 3, []WaitOption{FailOnWarnings()}, want{OutcomeWarnings, ErrRecordWarnings}},
		{"completed", 2, 0, []WaitOption{FailOnWarnings()}, want{OutcomeErrors, ErrRecordErrors}},
		{"completed", 0, 0, []WaitOption{FailOnWarnings()}, want{OutcomeClean, nil}},
		{"failed", 0, 0, nil, want{OutcomeFailed, errAnyFailure}},
		{"errors", 2, 0, nil, want{OutcomeFailed, errAnyFailure}},
		{"interrupted", 0, 0, nil, want{OutcomeFailed, errAnyFailure}},
		{"canceled", 0, 0, nil, want{OutcomeCanceled, job.ErrCanceledRemotely}},
		{"failed", 0, 0, []WaitOption{TolerateFailure()}, want{OutcomeFailed, nil}},
		{"canceled", 0, 0, []WaitOption{TolerateFailure()}, want{OutcomeCanceled, nil}},
	} {
		t.Run(fmt.Sprintf("%s %d %d %d", tt.status, tt.errors, tt.warnings, len(tt.opts)), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				schema := tt.status
				if schema == "errors" {
					schema = "completed"
				}
				client, _ := scripted(t, map[string]script{
					"getBulkSyncExecution":  ok(data(bulkExecution("e1", tt.status, fmt.Sprintf(runCounts, tt.errors, tt.warnings, schema, tt.errors, tt.warnings)))),
					"getModelSyncExecution": ok(data(bulkExecution("e1", tt.status, fmt.Sprintf(`"counts":{"total":12,"error":%d,"warnings":%d}`, tt.errors, tt.warnings)))),
				})
				bulk := client.BulkSync("s1").Execution("e1")
				check(t, "bulk", bulk.Wait(t.Context(), tt.opts...), bulk.Outcome(), tt.want.err, tt.want.outcome)
				if again := bulk.Err(tt.opts...); (again == nil) != (tt.want.err == nil) {
					t.Errorf("Err = %v", again)
				}
				if tt.status != "errors" { // a status of bulk syncs only
					model := client.ModelSync("s1").Execution("e1")
					check(t, "model", model.Wait(t.Context(), tt.opts...), model.Outcome(), tt.want.err, tt.want.outcome)
				}
				// In a list of jobs, too, an execution whose records failed is told from plain success.
				if plain := bulk.Cached().Phase == job.PhaseSucceeded && bulk.Cached().Failure == nil; plain != (tt.want.outcome == OutcomeClean || tt.want.outcome == OutcomeWarnings) {
					t.Errorf("the snapshot says plain success: %t", plain)
				}
			})
		})
	}
}

var errAnyFailure = errors.New("any failure")

func check(t *testing.T, what string, err error, outcome Outcome, wantErr error, want Outcome) {
	t.Helper()
	if outcome != want {
		t.Errorf("%s: outcome %s, want %s", what, outcome, want)
	}
	var failed *ExecutionError
	switch {
	case wantErr == nil && err != nil:
		t.Errorf("%s: %v, want no error", what, err)
	case wantErr != nil && !errors.As(err, &failed):
		t.Errorf("%s: %v, want an ExecutionError", what, err)
	case wantErr != nil && !errors.Is(wantErr, errAnyFailure) && !errors.Is(err, wantErr):
		t.Errorf("%s: %v, want %v", what, err, wantErr)
	}
}

// Each status that the service has, and one that it has not.
func TestPhases(t *testing.T) {
	for phase, statuses := range map[job.Phase][]string{
		job.PhasePending:   {"created", "scheduled", "queued", "waiting"},
		job.PhaseRunning:   {"running", "exporting", "processing", "canceling"},
		job.PhaseSucceeded: {"completed"},
		job.PhaseFailed:    {"failed", "errors", "interrupted"},
		job.PhaseCanceled:  {"canceled"},
		job.PhaseUnknown:   {"", "preparing", "Completed", "done", "cancelled"},
	} {
		for _, status := range statuses {
			if got := phaseOf(status); got != phase {
				t.Errorf("an execution that is %q is %s, want %s", status, got, phase)
			}
		}
	}
	for phase, statuses := range map[job.Phase][]string{
		job.PhasePending: {"created"}, job.PhaseRunning: {"running"}, job.PhaseSucceeded: {"done"}, job.PhaseFailed: {"failed"},
		job.PhaseUnknown: {"", "completed", "canceled"},
	} {
		for _, status := range statuses {
			if got := taskPhase(status); got != phase {
				t.Errorf("a job that is %q is %s, want %s", status, got, phase)
			}
		}
	}
}

func TestN1UnknownStatusIsNoEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, _ := scripted(t, map[string]script{
			"getBulkSyncExecution": inTurn(ok(data(bulkExecution("e1", "preparing"))), ok(data(bulkExecution("e1", "polishing", `"completed_at":"2026-01-01T00:00:00Z"`))),
				ok(data(bulkExecution("e1", "completed")))),
			"listBulkSyncExecutions": ok(`{"data":[]}`),
		})
		run := client.BulkSync("s1").Execution("e1")
		if err := run.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		// For ever, it ends with an error and never with success.
		client, _ = scripted(t, map[string]script{"getBulkSyncExecution": ok(data(bulkExecution("e1", "preparing"))), "listBulkSyncExecutions": ok(`{"data":[]}`)})
		run = client.BulkSync("s1").Execution("e1")
		err := run.Wait(t.Context())
		var unknown *job.UnknownStateError
		if !errors.As(err, &unknown) || run.Outcome() != OutcomeUnfinished {
			t.Errorf("%v, %s", err, run.Outcome())
		}
	})
}

// A schema that failed counts, also when the execution is completed and counts no errors.
func TestN1FailedSchema(t *testing.T) {
	for _, status := range []string{"failed", "canceled", "interrupted"} {
		synctest.Test(t, func(t *testing.T) {
			client, _ := scripted(t, map[string]script{
				"getBulkSyncExecution": ok(data(bulkExecution("e1", "completed", fmt.Sprintf(runCounts, 0, 0, status, 0, 0)))),
			})
			err := client.BulkSync("s1").Execution("e1").Wait(t.Context(), FailOnErrors())
			var e *ExecutionError
			if !errors.As(err, &e) || !slices.Equal(e.FailedSchemas, []string{"orders"}) || e.Errors != 1 {
				t.Errorf("a schema that is %s: %v", status, err)
			}
		})
	}
}

// Errors and warnings are seen wherever the service tells of them: in the total, in a schema, or in words alone.
func TestN1CountsAnywhere(t *testing.T) {
	for body, want := range map[string]Outcome{
		`"error_count":1`: OutcomeErrors, `"warning_count":1`: OutcomeWarnings,
		`"error_count":0,"schemas":[{"schema":"a","status":"completed","error_count":1}]`:     OutcomeErrors,
		`"warning_count":0,"schemas":[{"schema":"a","status":"completed","warning_count":1}]`: OutcomeWarnings,
		`"error_count":0,"warning_count":0,"schemas":null`:                                    OutcomeClean,
	} {
		client, _ := scripted(t, map[string]script{"getBulkSyncExecution": ok(data(bulkExecution("e1", "completed", body)))})
		x := client.BulkSync("s1").Execution("e1")
		if err := x.Wait(t.Context()); err != nil || x.Outcome() != want {
			t.Errorf("bulk %s: %s, %v", body, x.Outcome(), err)
		}
		if err := x.Err(FailOnWarnings()); (err != nil) != (want != OutcomeClean) {
			t.Errorf("bulk %s: %v", body, err)
		}
	}
	for body, want := range map[string]Outcome{
		`"counts":{"error":1}`: OutcomeErrors, `"counts":{"warnings":1}`: OutcomeWarnings, `"errors":["no such field"]`: OutcomeErrors,
		`"counts":{"error":0},"errors":["no such field"]`: OutcomeErrors, `"counts":{"error":0},"errors":[]`: OutcomeClean,
	} {
		client, _ := scripted(t, map[string]script{"getModelSyncExecution": ok(data(bulkExecution("e1", "completed", body)))})
		x := client.ModelSync("s1").Execution("e1")
		if err := x.Wait(t.Context()); err != nil || x.Outcome() != want {
			t.Errorf("model %s: %s, %v", body, x.Outcome(), err)
		}
		if err := x.Err(FailOnWarnings()); (err != nil) != (want != OutcomeClean) {
			t.Errorf("model %s: %v", body, err)
		}
	}
}

func TestN1OnRunning(t *testing.T) {
	const conflict = `{"message":"an execution is already running","status":409}`
	for name, policy := range map[string]RunningPolicy{"fail": Fail, "attach": Attach, "wait": WaitThenRun} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				end := time.Now().Add(time.Minute)
				state := func() string {
					if time.Now().Before(end) {
						return "running"
					}
					return "completed"
				}
				client, a := scripted(t, map[string]script{
					"startBulkSync": func(call) reply {
						if time.Now().Before(end) {
							return reply{status: http.StatusConflict, body: conflict}
						}
						return reply{body: data(bulkExecution("own", "completed", created(time.Now())))}
					},
					"getBulkSyncStatus": func(call) reply {
						return reply{body: dataf(`{"current_execution":%s}`, bulkExecution("other", state(), created(time.Now().Add(-time.Hour))))}
					},
					"getBulkSyncExecution": func(c call) reply {
						return reply{body: data(bulkExecution(c.path["exec_id"], state()))}
					},
					"listBulkSyncExecutions": ok(`{"data":[]}`),
				})
				run, err := client.BulkSync("s1").Run(t.Context(), OnRunning(policy))
				switch policy {
				case Fail:
					var running *SyncRunningError
					if !errors.As(err, &running) || running.ExecutionID != "other" || !errors.Is(err, ErrSyncRunning) || !errors.Is(err, apierr.ErrConflict) {
						t.Fatalf("%v", err)
					}
					if n := len(a.asked("startBulkSync")); n != 1 {
						t.Errorf("%d starts: a 409 must not be repeated", n)
					}
				case Attach:
					if err != nil || run.ID() != "other" || !run.Attached() {
						t.Fatalf("%v", err)
					}
				case WaitThenRun:
					if err != nil || run.ID() != "own" || run.Attached() {
						t.Fatalf("%v", err)
					}
				}
			})
		})
	}
}

// What becomes of a start whose answer is lost. An execution is started at most once, or the error says that it may have
// been.
func TestStartIsNeverTwice(t *testing.T) {
	for name, tt := range map[string]struct {
		outcomes []string // of the requests: "reset" (not done), "lost" (done, no answer), "500", "500 done", "409", "409 key", "ok"
		running  bool     // somebody else's execution runs
		sends    int
		started  bool
		unknown  bool
		other    bool
	}{
		"reset, then success":         {outcomes: []string{"reset", "ok"}, sends: 2, started: true},
		"lost, then the replay":       {outcomes: []string{"lost", "ok"}, sends: 2, started: true},
		"lost for ever":               {outcomes: []string{"lost", "reset", "reset", "reset"}, sends: 4, started: true},
		"never sent":                  {outcomes: []string{"reset", "reset", "reset", "reset"}, sends: 4, unknown: true},
		"500, not done":               {outcomes: []string{"500"}, sends: 1, unknown: true},
		"500, done":                   {outcomes: []string{"500 done"}, sends: 1, started: true},
		"lost, then our own conflict": {outcomes: []string{"lost", "409"}, sends: 2, started: true},
		"lost, then the key in use":   {outcomes: []string{"lost", "409 key"}, sends: 2, started: true},
		"reset, then a conflict":      {outcomes: []string{"reset", "409"}, running: true, sends: 2, other: true},
	} {
		for _, sort := range []string{"bulk", "model"} {
			t.Run(name+" "+sort, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					time.Sleep(time.Hour)
					applied := map[string]bool{} // by idempotency key
					var born time.Time
					n := 0
					start := func(c call) reply {
						outcome := tt.outcomes[min(n, len(tt.outcomes)-1)]
						n++
						do := func() {
							if !applied[c.key()] {
								applied[c.key()] = true
								born = time.Now()
							}
						}
						switch outcome {
						case "reset":
							return reply{fail: errReset}
						case "lost":
							do()
							return reply{fail: errReset}
						case "500":
							return reply{status: 500, body: `{"message":"boom","status":500}`}
						case "500 done":
							do()
							return reply{status: 500, body: `{"message":"boom","status":500}`}
						case "409":
							return reply{status: 409, body: `{"message":"already running","status":409}`}
						case "409 key":
							return reply{status: 409, body: `{"message":"idempotency key is in use","status":409}`}
						}
						do()
						return reply{body: data(bulkExecution("own", "created", created(born)))}
					}
					look := func(call) reply {
						switch {
						case len(applied) > 0:
							return reply{body: dataf(`{"current_execution":%s}`, bulkExecution("own", "running", created(born)))}
						case tt.running:
							return reply{body: dataf(`{"current_execution":%s}`, bulkExecution("other", "running", created(time.Now().Add(-time.Hour))))}
						}
						return reply{body: dataf(`{"last_execution":%s}`, bulkExecution("old", "completed", created(time.Now().Add(-time.Hour))))}
					}
					client, a := scripted(t, map[string]script{"startBulkSync": start, "startModelSync": start, "getBulkSyncStatus": look, "getModelSyncStatus": look})
					var id string
					var err error
					if sort == "bulk" {
						var x *BulkSyncExecution
						if x, err = client.BulkSync("s1").Start(t.Context()); err == nil {
							id = x.ID()
						}
					} else {
						var x *ModelSyncExecution
						if x, err = client.ModelSync("s1").Start(t.Context()); err == nil {
							id = x.ID()
						}
					}
					if len(applied) > 1 {
						t.Errorf("%d executions were started", len(applied))
					}
					if sends := len(a.asked("startBulkSync")) + len(a.asked("startModelSync")); sends != tt.sends {
						t.Errorf("%d requests, want %d", sends, tt.sends)
					}
					var unknown *StartUnknownError
					var running *SyncRunningError
					switch {
					case tt.started && (err != nil || id != "own"):
						t.Errorf("%q, %v; want the execution", id, err)
					case tt.unknown && (!errors.As(err, &unknown) || !mayHaveApplied(err)):
						t.Errorf("%v, want a StartUnknownError that may have been applied", err)
					case tt.other && (!errors.As(err, &running) || running.ExecutionID != "other"):
						t.Errorf("%v, want a SyncRunningError", err)
					}
				})
			})
		}
	}
}

// An execution that this client started before is not taken for a later one whose answer was lost.
func TestRecoveryKnowsItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		born := time.Now()
		client, _ := scripted(t, map[string]script{
			"startBulkSync": inTurn(func(call) reply { return reply{body: data(bulkExecution("first", "completed", created(born)))} }, status(500, `{"message":"boom"}`)),
			"getBulkSyncStatus": func(call) reply {
				return reply{body: dataf(`{"last_execution":%s}`, bulkExecution("first", "completed", created(born)))}
			},
		})
		if _, err := client.BulkSync("s1").Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		_, err := client.BulkSync("s1").Start(t.Context())
		if _, ok := errors.AsType[*StartUnknownError](err); !ok {
			t.Errorf("%v, want a StartUnknownError", err)
		}
	})
}

func TestStartOptions(t *testing.T) {
	client, a := scripted(t, map[string]script{
		"startBulkSync": ok(data(bulkExecution("e", "created"))), "startModelSync": ok(data(bulkExecution("e", "created"))),
	})
	if _, err := client.BulkSync("s").Start(t.Context(), AsTest(), ResyncMode(polytomicapi.BulkResyncModeRebuild)); !errors.Is(err, apierr.ErrInvalid) {
		t.Errorf("test and resync mode: %v", err)
	}
	// A list that turned out empty must not become a run of everything.
	if _, err := client.BulkSync("s").Start(t.Context(), OnlySchemas()); !errors.Is(err, apierr.ErrInvalid) {
		t.Errorf("only the schemas of an empty list: %v", err)
	}
	if _, err := client.ModelSync("s").Run(t.Context(), OnlyIdentities()); !errors.Is(err, apierr.ErrInvalid) {
		t.Errorf("only the identities of an empty list: %v", err)
	}
	request := newBulkSync()
	request.Schemas = SelectSchemas()
	if _, err := client.CreateBulkSync(t.Context(), request); !errors.Is(err, apierr.ErrInvalid) {
		t.Errorf("a sync of no schemas: %v", err)
	}
	if len(a.calls) != 0 {
		t.Errorf("%d requests were sent", len(a.calls))
	}
	if _, err := client.BulkSync("s").Start(t.Context(), ResyncMode(polytomicapi.BulkResyncModeRebuild), FetchMode(polytomicapi.BulkFetchModeFull)); err != nil {
		t.Fatal(err)
	}
	if _, err := client.ModelSync("s").Start(t.Context(), AsTest(), ResyncRecords(), OnlyIdentities("a@example.com")); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]any{"resync_mode": "rebuild", "fetch_mode": "full"}, a.asked("startBulkSync")[0].object(t)); diff != "" {
		t.Errorf("bulk -want +got\n%s", diff)
	}
	if diff := cmp.Diff(map[string]any{"test": true, "resync": true, "identities": []any{"a@example.com"}}, a.asked("startModelSync")[0].object(t)); diff != "" {
		t.Errorf("model -want +got\n%s", diff)
	}
}

func TestModelSyncRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		end := time.Now().Add(90 * time.Second)
		client, a := scripted(t, map[string]script{
			// An answer without counts is not the end, whatever it says.
			"startModelSync": func(call) reply { return reply{body: data(bulkExecution("e1", "completed", created(time.Now())))} },
			"getModelSyncExecution": func(call) reply {
				if time.Now().Before(end) {
					return reply{body: data(bulkExecution("e1", "queued"))}
				}
				return reply{body: data(bulkExecution("e1", "completed", `"counts":{"total":9,"insert":3,"update":2,"upserts":0,"delete":1,"error":3,"warnings":1},"errors":["bad email"]`))}
			},
			"listModelSyncExecutions": ok(`{"data":null}`),
		})
		run, err := client.ModelSync("m1").Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		want := RecordCounts{Total: 9, Inserted: 3, Updated: 2, Deleted: 1, Errors: 3, Warnings: 1}
		if diff := cmp.Diff(want, run.Counts()); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
		if run.Outcome() != OutcomeErrors || !run.HasErrors() || !run.HasWarnings() || !slices.Equal(run.ErrorMessages(), []string{"bad email"}) {
			t.Errorf("%s %q", run.Outcome(), run.ErrorMessages())
		}
		if n := len(a.asked("getModelSyncExecution")); n > 40 {
			t.Errorf("%d reads for 90 s", n)
		}
		if err := run.Err(FailOnErrors()); !errors.Is(err, ErrRecordErrors) || !strings.Contains(err.Error(), "bad email") {
			t.Errorf("%v", err)
		}
	})
}

// N3: cancel waits until the end has come, whichever it is.
func TestN3Cancel(t *testing.T) {
	for _, end := range []string{"canceled", "completed"} {
		for _, sort := range []string{"bulk", "model"} {
			t.Run(end+" "+sort, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					var asked time.Time
					state := func() string {
						switch {
						case asked.IsZero():
							return "running"
						case time.Since(asked) < 20*time.Second:
							return "canceling"
						}
						return end
					}
					cancel := func(call) reply { asked = time.Now(); return reply{body: data(`{"message":"queued"}`)} }
					look := func(call) reply {
						return reply{body: dataf(`{"current_execution":%s}`, bulkExecution("e1", state(), created(time.Now())))}
					}
					get := func(call) reply { return reply{body: data(bulkExecution("e1", state()))} }
					client, _ := scripted(t, map[string]script{
						"cancelBulkSyncExecution": cancel, "cancelModelSyncExecution": cancel, "getBulkSyncStatus": look, "getModelSyncStatus": look,
						"getBulkSyncExecution": get, "getModelSyncExecution": get, "listBulkSyncExecutions": ok(`{}`), "listModelSyncExecutions": ok(`{}`),
					})
					var raw string
					var err error
					if sort == "bulk" {
						var x *BulkSyncExecution
						x, err = client.BulkSync("s1").Cancel(t.Context())
						raw = x.Cached().Raw
					} else {
						var x *ModelSyncExecution
						x, err = client.ModelSync("s1").Cancel(t.Context())
						raw = x.Cached().Raw
					}
					if err != nil || raw != end {
						t.Errorf("%s, %v; want %s", raw, err, end)
					}
				})
			})
		}
	}
}

func TestCancelNothing(t *testing.T) {
	client, _ := scripted(t, map[string]script{
		"getBulkSyncStatus":  ok(dataf(`{"last_execution":%s}`, bulkExecution("old", "completed"))),
		"getModelSyncStatus": ok(data(`{}`)),
	})
	if _, err := client.BulkSync("s1").Cancel(t.Context()); !errors.Is(err, ErrNoExecution) {
		t.Errorf("%v", err)
	}
	if _, err := client.ModelSync("s1").Cancel(t.Context()); !errors.Is(err, ErrNoExecution) {
		t.Errorf("%v", err)
	}
}

func TestResume(t *testing.T) {
	client, _ := scripted(t, map[string]script{
		"getBulkSyncExecution": func(c call) reply {
			if c.path["id"] != "s1" || c.path["exec_id"] != "e1" {
				t.Errorf("asked for %v", c.path)
			}
			return reply{body: data(bulkExecution("e1", "completed", fmt.Sprintf(runCounts, 0, 0, "completed", 0, 0)))}
		},
		"getModelSyncExecution": ok(data(bulkExecution("e2", "completed"))),
	})
	bulk := client.BulkSync("s1").Execution("e1").Job().Token()
	token, err := job.ParseToken(bulk.String())
	if err != nil {
		t.Fatal(err)
	}
	x, err := client.ResumeBulkSync(t.Context(), token)
	if err != nil || x.Records() != 12 || x.Sync().ID() != "s1" {
		t.Fatalf("%v", err)
	}
	if _, err := client.ResumeModelSync(t.Context(), token); !errors.Is(err, job.ErrTokenInvalid) {
		t.Errorf("a token of another sort: %v", err)
	}
	if _, err := client.ResumeModelSync(t.Context(), client.ModelSync("m").Execution("e2").Job().Token()); err != nil {
		t.Error(err)
	}
	elsewhere, err := New(WithAPIKey("key-key-key"), WithOrigin("https://poly.example.com"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := elsewhere.Resume(token); !errors.Is(err, job.ErrTokenMismatch) {
		t.Errorf("a token of another deployment: %v", err)
	}
}

// The answer was lost, the repeated request is refused because something runs, and nobody can say what that is: it may be
// ours.
func TestStartRefusedAndNotSeen(t *testing.T) {
	for _, policy := range []RunningPolicy{Fail, Attach, WaitThenRun} {
		synctest.Test(t, func(t *testing.T) {
			client, a := scripted(t, map[string]script{
				"startBulkSync": inTurn(func(call) reply { return reply{fail: errReset} },
					status(409, `{"message":"an execution is already running","status":409}`)),
				"getBulkSyncStatus": status(403, `{"message":"forbidden","status":403}`),
			})
			_, err := client.BulkSync("s").Start(t.Context(), OnRunning(policy))
			var unknown *StartUnknownError
			if !errors.As(err, &unknown) || !errors.Is(err, apierr.ErrPermissionDenied) || !mayHaveApplied(err) {
				t.Errorf("%d: %v", policy, err)
			}
			if n := len(a.asked("startBulkSync")); n != 2 {
				t.Errorf("%d: %d requests", policy, n)
			}
		})
	}
}

// Whether an execution came into being since the request is told by the service's clock, which may differ from ours, also
// when the first answer of the service at all is the one about it.
func TestRecoveryByTheClockOfTheService(t *testing.T) {
	for _, off := range []time.Duration{-time.Hour, 0, time.Hour} {
		for _, ours := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				asked := time.Now().Add(off) // as the service has it
				born := asked.Add(-30 * time.Minute)
				if ours {
					born = asked
				}
				client, _ := scripted(t, map[string]script{
					"startBulkSync": status(500, `{"message":"boom","status":500}`),
					"getBulkSyncStatus": func(call) reply {
						return reply{body: dataf(`{"last_execution":%s}`, bulkExecution("e", "completed", created(born))),
							header: map[string]string{"Date": time.Now().Add(off).UTC().Format(http.TimeFormat)}}
					},
				})
				x, err := client.BulkSync("s").Start(t.Context())
				var unknown *StartUnknownError
				if ours && (err != nil || !x.Recovered()) || !ours && !errors.As(err, &unknown) {
					t.Errorf("clock off by %s, ours %t: %v, %v", off, ours, x, err)
				}
			})
		}
	}
}

// An answer that names no execution leaves open whether one was started.
func TestStartAnswersNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		client, a := scripted(t, map[string]script{
			"startModelSync": ok(data(`{"status":"created"}`)),
			"getModelSyncStatus": func(call) reply {
				return reply{body: dataf(`{"current_execution":%s}`, bulkExecution("e", "running", created(began)))}
			},
		})
		if x, err := client.ModelSync("s").Start(t.Context()); err != nil || !x.Recovered() || x.ID() != "e" {
			t.Errorf("%v, %v", x, err)
		}
		a.script("getModelSyncStatus", ok(data(`{}`)))
		var unknown *StartUnknownError
		if _, err := client.ModelSync("s").Start(t.Context()); !errors.As(err, &unknown) || !mayHaveApplied(err) {
			t.Errorf("%v", err)
		}
	})
}

// A refusal because of an execution that ends before it is looked for is no reason to attach to what has ended.
func TestAttachToNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, _ := scripted(t, map[string]script{
			"startBulkSync":     inTurn(status(409, `{"message":"an execution is already running","status":409}`), ok(data(bulkExecution("mine", "created")))),
			"getBulkSyncStatus": ok(dataf(`{"current_execution":null,"last_execution":%s}`, bulkExecution("other", "completed"))),
		})
		x, err := client.BulkSync("s").Start(t.Context(), OnRunning(Attach))
		if err != nil || x.ID() != "mine" || x.Attached() {
			t.Errorf("%v, %v", x, err)
		}
	})
}

// How an execution ended is not known while its counts cannot be read, also when its end is; what its snapshot says of
// records that failed counts without them.
func TestN1EndWithoutCounts(t *testing.T) {
	down := status(404, `{"message":"gone","status":404}`)
	client, _ := scripted(t, map[string]script{"getBulkSyncExecution": down, "getModelSyncExecution": down})
	end := func(kind string, failure *job.Failure) job.Snapshot {
		return job.Snapshot{Ref: job.Ref{Service: service, Kind: kind, ID: "e", Parent: "s"}, Phase: job.PhaseSucceeded, Raw: "completed", Failure: failure}
	}
	errs := &job.Failure{Type: "record errors", Message: "2 records failed"}
	bulk, model := client.BulkSync("s").execution(end(kindBulk, nil), originNamed), client.ModelSync("s").execution(end(kindModel, nil), originNamed)
	for what, err := range map[string]error{"bulk": bulk.Wait(t.Context()), "model": model.Wait(t.Context())} {
		if !errors.Is(err, apierr.ErrNotFound) {
			t.Errorf("%s: %v", what, err)
		}
	}
	client, _ = scripted(t, nil)
	bulk, model = client.BulkSync("s").execution(end(kindBulk, errs), originNamed), client.ModelSync("s").execution(end(kindModel, errs), originNamed)
	if bulk.Outcome() != OutcomeErrors || model.Outcome() != OutcomeErrors {
		t.Errorf("%s and %s", bulk.Outcome(), model.Outcome())
	}
	if bulk.Err(FailOnErrors()) == nil || model.Err(FailOnErrors()) == nil {
		t.Error("no error for records that failed")
	}
}

// An execution that somebody else started is not cancelled by a wait that gives up, one of our own is.
func TestCancelOnStop(t *testing.T) {
	for _, attached := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			starts := ok(data(bulkExecution("e", "created")))
			if attached {
				starts = status(409, `{"message":"an execution is already running","status":409}`)
			}
			client, a := scripted(t, map[string]script{
				"startBulkSync": starts, "getBulkSyncStatus": ok(dataf(`{"current_execution":%s}`, bulkExecution("e", "running"))),
				"getBulkSyncExecution": ok(data(bulkExecution("e", "running"))), "cancelBulkSyncExecution": ok(data(`{"id":"e","status":"canceling"}`)),
				"listBulkSyncExecutions": ok(`{"data":null}`),
			})
			x, err := client.BulkSync("s").Run(t.Context(), OnRunning(Attach), CancelOnStop(), WithMaxWait(time.Minute))
			if !errors.Is(err, job.ErrMaxWait) || x.Attached() != attached {
				t.Errorf("attached %t: %v", x.Attached(), err)
			}
			if n := len(a.asked("cancelBulkSyncExecution")); (n > 0) == attached {
				t.Errorf("attached %t: cancelled %d times", attached, n)
			}
		})
	}
}

func TestWaitEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, a := scripted(t, map[string]script{
			"getBulkSyncExecution": ok(data(bulkExecution("e1", "running"))), "listBulkSyncExecutions": ok(`{}`),
			"cancelBulkSyncExecution": ok(data(`{}`)),
		})
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		err := client.BulkSync("s1").Execution("e1").Wait(ctx, CancelOnStop())
		var wait *job.WaitError
		if !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &wait) || wait.Last.Raw != "running" {
			t.Errorf("%v", err)
		}
		if len(a.asked("cancelBulkSyncExecution")) != 1 {
			t.Error("it was not cancelled")
		}
		if err := client.BulkSync("s1").Execution("e1").Wait(t.Context(), WithMaxWait(time.Second)); !errors.Is(err, job.ErrMaxWait) {
			t.Errorf("%v", err)
		}
	})
}

// A key of the caller's own is sent, and one made of it after a refusal, which the key would bring back.
func TestStartWithKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, a := scripted(t, map[string]script{
			"startBulkSync":     inTurn(status(409, `{"message":"already running","status":409}`), ok(data(bulkExecution("e", "created")))),
			"getBulkSyncStatus": ok(data(`{"last_execution":{"id":"old","status":"completed"}}`)),
		})
		if _, err := client.BulkSync("s").Start(transport.WithIdempotencyKey(t.Context(), "night-2026-11-20"), OnRunning(WaitThenRun)); err != nil {
			t.Fatal(err)
		}
		var keys []string
		for _, c := range a.asked("startBulkSync") {
			keys = append(keys, c.key())
		}
		if diff := cmp.Diff([]string{"night-2026-11-20", "night-2026-11-20-2"}, keys); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	})
}
