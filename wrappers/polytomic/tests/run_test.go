package tests_test

import (
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/job"
	"github.com/sluice-sdk/sluice/wrappers/polytomic"
	"github.com/sluice-sdk/sluice/wrappers/polytomic/polytomictest"
)

func TestRunBulkSync(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		client := clientOf(t, f)
		clean := f.AddBulkSync(polytomictest.SyncTakes(6*time.Hour), polytomictest.SyncMoves(120))
		run, err := client.BulkSync(clean.ID).Run(t.Context(), polytomic.FailOnWarnings())
		if err != nil {
			t.Fatal(err)
		}
		total := int64(0)
		for s := range run.Schemas() {
			if s.Status != polytomictest.Completed || s.Errors != 0 {
				t.Errorf("%+v", s)
			}
			total += s.Records
		}
		if total != 120 || run.Records() != 120 || run.Outcome() != polytomic.OutcomeClean {
			t.Errorf("%d records in schemas, %d in all, %s", total, run.Records(), run.Outcome())
		}

		dirty := f.AddBulkSync(polytomictest.RecordErrors(3, 2))
		run, err = client.BulkSync(dirty.ID).Run(t.Context())
		if err != nil || run.Outcome() != polytomic.OutcomeErrors || run.Errors() != 3 || run.Warnings() != 2 {
			t.Errorf("%v, %s, %d errors", err, run.Outcome(), run.Errors())
		}
		var failed *polytomic.ExecutionError
		if _, err = client.BulkSync(dirty.ID).Run(t.Context(), polytomic.FailOnErrors()); !errors.As(err, &failed) || !errors.Is(err, polytomic.ErrRecordErrors) || failed.Errors != 3 {
			t.Errorf("%v", err)
		}

		for status, outcome := range map[string]polytomic.Outcome{polytomictest.Failed: polytomic.OutcomeFailed, polytomictest.Errors: polytomic.OutcomeFailed,
			polytomictest.Interrupted: polytomic.OutcomeFailed, polytomictest.Canceled: polytomic.OutcomeCanceled} {
			sync := f.AddBulkSync(polytomictest.SyncEnds(status, "the disk is full"))
			run, err := client.BulkSync(sync.ID).Run(t.Context())
			if !errors.As(err, &failed) || failed.Status != status || run.Outcome() != outcome {
				t.Errorf("%s: %v, %s", status, err, run.Outcome())
			}
		}
		schema := f.AddBulkSync(polytomictest.SchemaFails("public.orders", "permission denied"))
		if _, err := client.BulkSync(schema.ID).Run(t.Context()); !errors.As(err, &failed) || !slices.Contains(failed.FailedSchemas, "public.orders") {
			t.Errorf("a schema that failed: %v", err)
		}
	})
}

func TestRunModelSync(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		client := clientOf(t, f)
		sync := f.AddModelSync(polytomictest.SyncTakes(20*time.Minute), polytomictest.SyncMoves(90), polytomictest.RecordErrors(4, 0))
		run, err := client.ModelSync(sync.ID).Run(t.Context())
		if err != nil || run.Counts().Total != 90 || run.Errors() != 4 || run.Outcome() != polytomic.OutcomeErrors {
			t.Errorf("%v, %+v", err, run.Counts())
		}
		failing := f.AddModelSync(polytomictest.SyncFails("the token has expired"))
		if _, err := client.ModelSync(failing.ID).Run(t.Context()); err == nil {
			t.Error("a failed run is no error")
		}
		if n := f.SyncsStarted(sync.ID); n != 1 {
			t.Errorf("%d runs were started", n)
		}
	})
}

// A thousand bulk syncs that are started and waited for together: at most 1.2 requests each beyond the starts, and a mean
// delay of at most two seconds.
func TestThousandTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, polytomictest.WithoutContract(), polytomictest.KeepRecords(-1), polytomictest.EverySync(
			polytomictest.SyncTakesFunc(func(_ int, random *rand.Rand) time.Duration {
				return 10*time.Second + time.Duration(random.Int64N(int64(9*time.Minute)))
			})))
		client := clientOf(t, f)
		n := 1000
		if raceEnabled {
			n = 200 // in full without the race detector
		}
		var mu sync.Mutex
		var jobs []*job.Job
		var group sync.WaitGroup
		for range n {
			id := f.AddBulkSync().ID
			group.Go(func() {
				x, err := client.BulkSync(id).Start(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				defer mu.Unlock()
				jobs = append(jobs, x.Job())
			})
		}
		group.Wait()
		starts := f.Requests()["startBulkSync"]
		var delay time.Duration
		for done, err := range job.WaitAll(t.Context(), jobs) {
			if err != nil {
				t.Fatal(err)
			}
			delay += time.Since(done.Snapshot.Finished)
		}
		requests := -starts
		for _, count := range f.Requests() {
			requests += count
		}
		perSync, mean := float64(requests)/float64(n), delay/time.Duration(n)
		t.Logf("%.3f requests each beyond the start, mean delay %s: %v", perSync, mean, f.Requests())
		// One request for each sync confirms its end; those that look at all of them are shared.
		if starts != n || n == 1000 && perSync > 1.2 || requests > n+210 || mean > 2*time.Second {
			t.Errorf("%d starts, %.3f requests each, mean delay %s", starts, perSync, mean)
		}
	})
}

// Any mix of jobs is waited for in one loop.
func TestWaitAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		client := clientOf(t, f)
		bulk, err := client.BulkSync(f.AddBulkSync(polytomictest.SyncTakes(3 * time.Minute)).ID).Start(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		model, err := client.ModelSync(f.AddModelSync(polytomictest.SyncTakes(time.Minute)).ID).Start(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		connection := client.Connection(f.AddConnection(polytomictest.HealthyLater(30*time.Second), polytomictest.CacheFillsAfter(2*time.Minute)).ID)
		query, err := connection.StartQuery(t.Context(), "select 1")
		if err != nil {
			t.Fatal(err)
		}
		ended := 0
		for done, err := range job.WaitAll(t.Context(), []*job.Job{bulk.Job(), model.Job(), connection.HealthJob(), connection.SchemasJob(), query.Job()}) {
			if err != nil {
				t.Errorf("%s: %v", done.Snapshot, err)
			}
			ended++
		}
		if ended != 5 {
			t.Errorf("%d jobs ended", ended)
		}
	})
}

func TestOnRunning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		client := clientOf(t, f)
		for name, id := range map[string]string{"bulk": f.AddBulkSync().ID, "model": f.AddModelSync().ID} {
			other, ok := f.StartSync(id)
			if !ok {
				t.Fatal(name)
			}
			run := func(policy polytomic.RunningPolicy) (string, bool, error) {
				if name == "bulk" {
					x, err := client.BulkSync(id).Run(t.Context(), polytomic.OnRunning(policy))
					if x == nil {
						return "", false, err
					}
					return x.ID(), x.Attached(), err
				}
				x, err := client.ModelSync(id).Run(t.Context(), polytomic.OnRunning(policy))
				if x == nil {
					return "", false, err
				}
				return x.ID(), x.Attached(), err
			}
			var running *polytomic.SyncRunningError
			if _, _, err := run(polytomic.Fail); !errors.As(err, &running) || running.ExecutionID != other {
				t.Errorf("%s: %v", name, err)
			}
			if got, attached, err := run(polytomic.Attach); err != nil || got != other || !attached {
				t.Errorf("%s: attached to %s (%t), %v; want %s", name, got, attached, err, other)
			}
			other, _ = f.StartSync(id)
			if got, attached, err := run(polytomic.WaitThenRun); err != nil || got == other || attached {
				t.Errorf("%s: %s (%t), %v", name, got, attached, err)
			}
			if n := f.SyncsStarted(id); n != 3 {
				t.Errorf("%s: %d executions were started, want 3", name, n)
			}
		}
	})
}

func TestCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, polytomictest.EverySync(polytomictest.SyncNeverEnds()))
		client := clientOf(t, f)
		bulk, err := client.BulkSync(f.AddBulkSync().ID).Start(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		pass(time.Minute)
		if err := bulk.Cancel(t.Context()); err != nil || bulk.Outcome() != polytomic.OutcomeCanceled {
			t.Errorf("%v, %s", err, bulk.Outcome())
		}
		id := f.AddModelSync().ID
		if _, err := client.ModelSync(id).Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		pass(time.Minute)
		model, err := client.ModelSync(id).Cancel(t.Context())
		if err != nil || model.Outcome() != polytomic.OutcomeCanceled {
			t.Errorf("%v, %s", err, model.Outcome())
		}
		// In the middle of a wait.
		run, err := client.BulkSync(f.AddBulkSync().ID).Run(t.Context(), polytomic.WithMaxWait(time.Hour), polytomic.CancelOnStop())
		if !errors.Is(err, job.ErrMaxWait) {
			t.Errorf("%v", err)
		}
		if err := run.Wait(t.Context(), polytomic.TolerateFailure()); err != nil || run.Outcome() != polytomic.OutcomeCanceled {
			t.Errorf("%v, %s", err, run.Outcome())
		}
	})
}

// Whatever happens to the request that starts a sync, one execution is started at most, and the handle is of that one.
func TestStartUnderFaults(t *testing.T) {
	for name, fault := range map[string]func(operation string) *polytomictest.Fault{
		"reset before":     polytomictest.ResetBefore,
		"reset after":      polytomictest.ResetAfterBody,
		"reset in between": func(o string) *polytomictest.Fault { return polytomictest.ResetMidBody(o, 20) },
		"500 after":        polytomictest.FailsAfter,
		"stall":            polytomictest.StallAfterBody,
		"429":              func(o string) *polytomictest.Fault { return polytomictest.RateLimit(o, "3").Times(2) },
		"429 with a reset": func(o string) *polytomictest.Fault { return polytomictest.RateLimitReset(o, 3*time.Second).Times(2) },
		"502 of a gateway": func(o string) *polytomictest.Fault { return polytomictest.HTML(o, 502) },
	} {
		for _, sort := range []string{"bulk", "model"} {
			t.Run(name+" "+sort, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					f := newFake(t)
					client := clientOf(t, f)
					pass(time.Hour)
					var id string
					var err error
					if sort == "bulk" {
						id = f.AddBulkSync().ID
						f.Fault(fault("startBulkSync"))
						_, err = client.BulkSync(id).Run(t.Context())
					} else {
						id = f.AddModelSync().ID
						f.Fault(fault("startModelSync"))
						_, err = client.ModelSync(id).Run(t.Context())
					}
					var unknown *polytomic.StartUnknownError
					started := f.SyncsStarted(id)
					switch {
					case started > 1:
						t.Errorf("%d executions were started", started)
					case err == nil && started != 1:
						t.Errorf("a success with %d executions", started)
					case err != nil && !errors.As(err, &unknown):
						t.Errorf("%v", err)
					case started == 1 && err != nil:
						t.Errorf("one was started, and it was not found: %v", err)
					}
				})
			})
		}
	}
}

// A status that nobody knows is waited through.
func TestUnknownStatus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, polytomictest.WithoutContract())
		client := clientOf(t, f)
		f.Fault(polytomictest.UnknownStatus("preparing", polytomictest.Completed).Times(5))
		run, err := client.BulkSync(f.AddBulkSync().ID).Run(t.Context())
		if err != nil || run.Outcome() != polytomic.OutcomeClean {
			t.Errorf("%v, %s", err, run.Outcome())
		}
	})
}

func TestResumeInAnotherProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		var tokens []string
		first := clientOf(t, f)
		for range 3 {
			x, err := first.BulkSync(f.AddBulkSync(polytomictest.SyncMoves(7)).ID).Start(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			tokens = append(tokens, x.Job().Token().String())
		}
		second := clientOf(t, f)
		for _, text := range tokens {
			token, err := job.ParseToken(text)
			if err != nil {
				t.Fatal(err)
			}
			run, err := second.ResumeBulkSync(t.Context(), token)
			if err != nil {
				t.Fatal(err)
			}
			if err := run.Wait(t.Context()); err != nil || run.Records() != 7 {
				t.Errorf("%v, %d records", err, run.Records())
			}
		}
	})
}

func TestWebhookWakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const secret = "whsec-0123456789"
		listed := 0
		var rejected []error
		var mu sync.Mutex
		receiver, err := polytomic.NewWebhookReceiver(secret, polytomic.OnRejected(func(err error) {
			mu.Lock()
			defer mu.Unlock()
			rejected = append(rejected, err)
		}))
		if err != nil {
			t.Fatal(err)
		}
		f := newFake(t, polytomictest.WebhookHandler(receiver))
		client := clientOf(t, f, polytomic.WithPolling(job.Options{Intervals: job.Intervals{Min: time.Second, Max: time.Hour, MaxAlone: time.Hour}}))
		polytomic.WakeWaits(client)(receiver)
		if _, err := client.CreateWebhook(t.Context(), "https://hooks.example.com/polytomic", secret); err != nil {
			t.Fatal(err)
		}
		run, err := client.BulkSync(f.AddBulkSync(polytomictest.SyncTakes(50 * time.Minute)).ID).Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if delay := time.Since(run.Cached().Finished); delay > 10*time.Second {
			t.Errorf("noticed after %s", delay)
		}
		before := len(f.Deliveries())
		for _, d := range f.Deliveries() {
			if d.Status != 200 {
				t.Errorf("%+v", d)
			}
			f.Redeliver(d.EventID)
		}
		pass(time.Minute)
		if n := len(f.Deliveries()); n != 2*before || before == 0 {
			t.Errorf("%d deliveries after %d", n, before)
		}
		mu.Lock()
		defer mu.Unlock()
		for _, err := range rejected {
			if !errors.Is(err, polytomic.ErrReplayed) {
				t.Errorf("rejected: %v", err)
			}
		}
		if len(rejected) != before {
			t.Errorf("%d replays were noticed, want %d", len(rejected), before)
		}
		for e, err := range client.Events(t.Context(), polytomic.EventFilter{}) {
			if err != nil {
				t.Fatal(err)
			}
			if _, err := e.Payload(); err != nil || e.ExecutionID != run.ID() {
				t.Errorf("%+v: %v", e, err)
			}
			listed++
		}
		if listed == 0 {
			t.Error("no events are listed")
		}
	})
}
