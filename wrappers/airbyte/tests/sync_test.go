package tests_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/airbyte"
	"github.com/sluice-sdk/sluice/wrappers/airbyte/airbytetest"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/job"
)

func TestRunSync(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t)
		conn := fake.AddConnection(airbytetest.SyncTakes(10*time.Minute), airbytetest.SyncMoves(300, 9000), airbytetest.AttemptsFail(1))
		began := time.Now()
		result, err := handleOf(t, fake, conn).RunSync(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took < 10*time.Minute || took > 11*time.Minute {
			t.Errorf("it came back after %v, want 10 minutes", took)
		}
		if n := fake.SyncsStarted(conn.ID); n != 1 {
			t.Errorf("%d syncs were started", n)
		}
		if got := fmt.Sprint(result.RecordsSynced(), " ", result.BytesSynced()); got != "300 9000" {
			t.Errorf("records and bytes are %q, want 300 9000", got)
		}
		created := fake.Jobs(conn.ID)[0].Created
		if got := result.StartTime(); !got.Equal(created.Truncate(time.Second)) {
			t.Errorf("start time %v, want %v", got, created)
		}
		if d := result.Duration(); d < 10*time.Minute-time.Second || d > 10*time.Minute+time.Second {
			t.Errorf("duration %v, want 10 minutes", d)
		}
		if result.Err() != nil || result.Attached() || result.Recovered() || result.JobType() != airbyte.JobTypeSync || result.JobID() != fake.Jobs(conn.ID)[0].ID {
			t.Errorf("err %v, attached %v, recovered %v, type %q, id %d", result.Err(), result.Attached(), result.Recovered(), result.JobType(), result.JobID())
		}
		if want := fmt.Sprintf("%s/workspaces/%s/connections/%s/timeline?jobId=%d", fake.URL(), conn.Workspace, conn.ID, result.JobID()); result.JobURL() != want {
			t.Errorf("job URL %q, want %q", result.JobURL(), want)
		}

		// After the end nothing asks the server any more.
		before := fake.Log().Total()
		status, err := result.Status(t.Context())
		if status != airbyte.JobSucceeded || err != nil {
			t.Errorf("status %q, %v", status, err)
		}
		if done, err := result.IsComplete(t.Context()); !done || err != nil {
			t.Errorf("complete %v, %v", done, err)
		}
		if status, err := result.Wait(t.Context()); status != airbyte.JobSucceeded || err != nil {
			t.Errorf("wait %q, %v", status, err)
		}
		if err := result.Check(t.Context()); err != nil {
			t.Error(err)
		}
		if n := fake.Log().Total() - before; n != 0 {
			t.Errorf("%d calls after the end", n)
		}
	})
}

func TestStartSyncAndWorkspace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t)
		conn := fake.AddConnection(airbytetest.SyncTakes(time.Hour), airbytetest.StartsAfter(time.Minute))
		ws := clientOf(t, fake).Workspace(conn.Workspace)
		began := time.Now()
		result, err := ws.StartSync(t.Context(), conn.ID)
		if err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took != 2*roundTrip {
			t.Errorf("starting took %v, want two requests", took)
		}
		if raw := result.Cached().Raw; raw != "pending" {
			t.Errorf("the answer says %q", raw)
		}
		if n := result.RecordsSynced(); n.String() != "unknown" || n.Or(-7) != -7 {
			t.Errorf("records are %v before any were committed", n)
		}
		pass(45 * time.Second)
		for _, want := range []airbyte.JobStatus{airbyte.JobQueued, airbyte.JobRunning} {
			if status, err := result.Status(t.Context()); status != want || err != nil {
				t.Errorf("status %q, %v, want %q", status, err, want)
			}
			if done, err := result.IsComplete(t.Context()); done || err != nil {
				t.Errorf("complete %v, %v", done, err)
			}
			pass(time.Minute)
		}
		if status, err := result.Wait(t.Context()); status != airbyte.JobSucceeded || err != nil {
			t.Errorf("%q, %v", status, err)
		}
		if result, err = ws.RunSync(t.Context(), conn.ID); err != nil || result.JobID() != fake.Jobs(conn.ID)[1].ID {
			t.Errorf("%v, %v", result, err)
		}
	})
}

// A failed or cancelled sync is an error that carries everything about it.
func TestSyncError(t *testing.T) {
	for name, test := range map[string]struct {
		option airbytetest.ConnectionOption
		status airbyte.JobStatus
	}{
		"failed":    {airbytetest.SyncFails("source: password authentication failed"), airbyte.JobFailed},
		"cancelled": {airbytetest.SyncIsCancelled(), airbyte.JobCancelled},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fake := newFake(t)
				conn := fake.AddConnection(test.option)
				c := handleOf(t, fake, conn)
				result, err := c.RunSync(t.Context())
				var failed *airbyte.SyncError
				if !errors.As(err, &failed) {
					t.Fatalf("error %v, want a SyncError", err)
				}
				if failed.Result != result || failed.WorkspaceID != conn.Workspace || failed.ConnectionID != conn.ID || failed.JobID != result.JobID() ||
					failed.Status != test.status || failed.URL != result.JobURL() || failed.URL == "" || failed.JobType != airbyte.JobTypeSync {
					t.Errorf("%+v", failed)
				}
				var ended *job.FailedError
				if !errors.As(err, &ended) || errors.Is(err, job.ErrCanceledRemotely) != (test.status == airbyte.JobCancelled) {
					t.Errorf("the error does not hold the end of the wait: %v", err)
				}
				for _, part := range []string{fmt.Sprint(result.JobID()), conn.ID, conn.Workspace, failed.URL} {
					if !strings.Contains(err.Error(), part) {
						t.Errorf("%q does not say %q", err, part)
					}
				}
				if errors.Is(err, context.Canceled) {
					t.Error("a job that was cancelled is not a context that was")
				}
				if !errors.As(result.Err(), &failed) || !errors.As(result.Check(t.Context()), &failed) {
					t.Errorf("Err %v, Check %v", result.Err(), result.Check(t.Context()))
				}
				// The caller may take it for an answer instead.
				result, err = c.RunSync(t.Context(), airbyte.TolerateFailure())
				if err != nil || !errors.As(result.Err(), &failed) {
					t.Errorf("tolerated: %v, %v", result.Err(), err)
				}
				if status, err := result.Wait(t.Context(), airbyte.TolerateFailure()); status != test.status || err != nil {
					t.Errorf("tolerated: %q, %v", status, err)
				}
			})
		})
	}
}

// Err says what is known, Check finds out.
func TestErrAndCheck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t)
		conn := fake.AddConnection(airbytetest.SyncFails("no"))
		result, err := handleOf(t, fake, conn).StartSync(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		pass(time.Hour)
		if err := result.Err(); err != nil {
			t.Errorf("nobody has asked yet: %v", err)
		}
		var failed *airbyte.SyncError
		if err := result.Check(t.Context()); !errors.As(err, &failed) || failed.Status != airbyte.JobFailed {
			t.Errorf("%v", err)
		}
	})
}

func TestSyncTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t)
		conn := fake.AddConnection(airbytetest.SyncTakes(time.Hour))
		c := handleOf(t, fake, conn)
		began := time.Now()
		result, err := c.RunSync(t.Context(), airbyte.WithMaxWait(5*time.Minute))
		if took := time.Since(began); took != 5*time.Minute {
			t.Errorf("it came back after %v", took)
		}
		var late *airbyte.SyncTimeoutError
		if !errors.As(err, &late) || !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, job.ErrMaxWait) {
			t.Fatalf("error %v", err)
		}
		if late.Result != result || late.JobID != result.JobID() || late.ConnectionID != conn.ID || late.WorkspaceID != conn.Workspace ||
			late.Last.Raw != "running" || late.URL == "" || late.Waited <= 0 {
			t.Errorf("%+v", late)
		}
		if !strings.Contains(err.Error(), "running") || !strings.Contains(err.Error(), conn.ID) {
			t.Errorf("%q", err)
		}
		// The deadline of the context is no MaxWait.
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err = result.Wait(ctx); !errors.As(err, &late) || !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, job.ErrMaxWait) {
			t.Errorf("error %v", err)
		}
		// A timeout may be tolerated, an ended context not.
		if status, err := result.Wait(t.Context(), airbyte.WithMaxWait(time.Minute), airbyte.TolerateTimeout()); status != airbyte.JobRunning || err != nil {
			t.Errorf("%q, %v", status, err)
		}
		if status, err := result.Wait(ctx, airbyte.WithMaxWait(time.Minute), airbyte.TolerateTimeout()); status != airbyte.JobRunning || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%q, %v", status, err)
		}
		if status, err := result.Wait(t.Context()); status != airbyte.JobSucceeded || err != nil {
			t.Errorf("%q, %v", status, err)
		}
	})
}

// Every blocking call returns the moment its context is cancelled, and says what was known last.
func TestCancelledContext(t *testing.T) {
	calls := map[string]func(ctx context.Context, c *airbyte.Connection, r *airbyte.SyncResult) error{
		"RunSync": func(ctx context.Context, c *airbyte.Connection, _ *airbyte.SyncResult) error {
			_, err := c.RunSync(ctx)
			return err
		},
		"RunSync, waiting for another": func(ctx context.Context, c *airbyte.Connection, _ *airbyte.SyncResult) error {
			_, err := c.RunSync(ctx, airbyte.OnRunning(airbyte.WaitThenRun))
			return err
		},
		"StartSync": func(ctx context.Context, c *airbyte.Connection, _ *airbyte.SyncResult) error {
			_, err := c.StartSync(ctx)
			return err
		},
		"Clear": func(ctx context.Context, c *airbyte.Connection, _ *airbyte.SyncResult) error {
			_, err := c.Clear(ctx)
			return err
		},
		"Wait": func(ctx context.Context, _ *airbyte.Connection, r *airbyte.SyncResult) error {
			_, err := r.Wait(ctx)
			return err
		},
		"Status": func(ctx context.Context, _ *airbyte.Connection, r *airbyte.SyncResult) error {
			_, err := r.Status(ctx)
			return err
		},
		"Watch": func(ctx context.Context, _ *airbyte.Connection, r *airbyte.SyncResult) error {
			for _, err := range r.Job().Watch(ctx) {
				if err != nil {
					return err
				}
			}
			return nil
		},
		"PreviousSyncs": func(ctx context.Context, c *airbyte.Connection, _ *airbyte.SyncResult) error {
			for _, err := range c.PreviousSyncs(ctx) {
				if err != nil {
					return err
				}
			}
			return nil
		},
		"LatestSync": func(ctx context.Context, c *airbyte.Connection, _ *airbyte.SyncResult) error {
			_, err := c.LatestSync(ctx)
			return err
		},
		"Cancel": func(ctx context.Context, _ *airbyte.Connection, r *airbyte.SyncResult) error { return r.Cancel(ctx) },
		"Dataset": func(ctx context.Context, c *airbyte.Connection, _ *airbyte.SyncResult) error {
			_, err := c.Table(ctx, "users")
			return err
		},
	}
	// The moment decides what the call is doing: asking, being answered, waiting.
	for name, call := range calls {
		for _, after := range []time.Duration{0, 50 * time.Millisecond, 170 * time.Millisecond, 290 * time.Millisecond, 90 * time.Second} {
			t.Run(fmt.Sprint(name, " after ", after), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					fake := newFake(t)
					conn, other := fake.AddConnection(airbytetest.SyncTakes(24*time.Hour)), fake.AddConnection(airbytetest.SyncTakes(24*time.Hour))
					client := clientOf(t, fake)
					ws := client.Workspace(conn.Workspace)
					running, err := ws.StartSync(t.Context(), other.ID)
					if err != nil {
						t.Fatal(err)
					}
					pass(time.Minute)
					c := ws.Connection(conn.ID)
					if name == "RunSync, waiting for another" {
						c = ws.Connection(other.ID)
					}
					fake.Fault(airbytetest.Delay("getConnection|getDestination|cancelJob", time.Hour), airbytetest.Delay("listJobs", time.Hour).After(1))
					ctx, cancel := context.WithCancel(t.Context())
					var cancelled time.Time
					stop := time.AfterFunc(after, func() { cancelled = time.Now(); cancel() })
					defer stop.Stop()
					err = call(ctx, c, running)
					if ctx.Err() == nil {
						cancel()
						return // it was faster
					}
					if late := time.Since(cancelled); late > 0 {
						t.Errorf("it came back %v after the context had ended", late)
					}
					if !errors.Is(err, context.Canceled) {
						t.Errorf("error %v, want context.Canceled inside", err)
					}
					if name == "Wait" || name == "Watch" {
						var ended *job.WaitError
						if !errors.As(err, &ended) || ended.Last.ID != fmt.Sprint(running.JobID()) || ended.Last.Raw == "" {
							t.Errorf("error %v has no last snapshot", err)
						}
					}
				})
			})
		}
	}
}

type bar struct{ reports []airbyte.Progress }

func (b *bar) Report(p airbyte.Progress) { b.reports = append(b.reports, p) }

func TestProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t)
		conn := fake.AddConnection(airbytetest.SyncTakes(10*time.Minute), airbytetest.StartsAfter(30*time.Second), airbytetest.CommitsEvery(time.Minute), airbytetest.SyncMoves(1000, 5000))
		for i := range 5 {
			fake.AddJob(conn.ID, time.Now().Add(-time.Duration(24*(5-i))*time.Hour), airbytetest.Run{Duration: 10 * time.Minute})
		}
		var b bar
		calls := 0
		_, err := handleOf(t, fake, conn).RunSync(t.Context(), airbyte.WithProgress(&b), airbyte.WithProgress(airbyte.ProgressFunc(func(airbyte.Progress) { calls++ })))
		if err != nil {
			t.Fatal(err)
		}
		if calls != len(b.reports) || calls < 4 {
			t.Fatalf("%d and %d reports", calls, len(b.reports))
		}
		first, last := b.reports[0], b.reports[calls-1]
		if first.Status != airbyte.JobPending || first.Usual != 10*time.Minute || first.Fraction() > 0.01 || first.Records.String() != "unknown" {
			t.Errorf("first %+v", first)
		}
		if last.Status != airbyte.JobSucceeded || last.Fraction() != 1 || last.Records.String() != "1000" || last.Bytes.Or(0) != 5000 || last.Elapsed < 10*time.Minute {
			t.Errorf("last %+v", last)
		}
		done := 0.0
		for _, p := range b.reports {
			if p.Fraction() < done || p.JobID != first.JobID {
				t.Errorf("it goes back to %+v", p)
			}
			done = p.Fraction()
		}
	})
}

// A status that nobody has heard of keeps the wait going, and is never a success.
func TestUnknownStatus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t, airbytetest.Tolerate(anything))
		conn := fake.AddConnection(airbytetest.SyncTakes(5*time.Minute), airbytetest.StartsAfter(time.Minute))
		fake.Fault(airbytetest.UnknownStatus("queued", "hibernating"), airbytetest.UnknownStatus("running", "mulling_over"))
		result, err := handleOf(t, fake, conn).StartSync(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		pass(2 * time.Minute)
		if status, err := result.Status(t.Context()); status != "mulling_over" || err != nil || status.Final() || status.Failed() {
			t.Errorf("%q, %v", status, err)
		}
		if status, err := result.Wait(t.Context()); status != airbyte.JobSucceeded || err != nil {
			t.Errorf("%q, %v", status, err)
		}
	})
}

// The tolerance of the poller, and the retries below it, carry a wait over trouble.
func TestWaitThroughTrouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t)
		conn := fake.AddConnection(airbytetest.SyncTakes(2 * time.Hour))
		c := handleOf(t, fake, conn)
		result, err := c.StartSync(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		fake.Fault(
			airbytetest.ResetAfterBody("getJob").Chance(0.1), airbytetest.HTML("getJob", 502).Chance(0.1), airbytetest.RateLimit("getJob", "3").Chance(0.1),
			airbytetest.Truncate("getJob", 10).Chance(0.05), airbytetest.Status("getJob", 500, `{"errorId":"x"}`).Chance(0.05), airbytetest.Stall("getJob").Chance(0.02),
		)
		if status, err := result.Wait(t.Context()); status != airbyte.JobSucceeded || err != nil {
			t.Errorf("%q, %v", status, err)
		}
	})
}

// Wrong input never reaches the network.
func TestBadInput(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t)
		client := clientOf(t, fake)
		ws := client.Workspace(fake.WorkspaceID())
		for _, id := range []string{"", "..", "a/../b", "a?b", " "} {
			for name, call := range map[string]func() error{
				"RunSync":   func() error { _, err := ws.RunSync(t.Context(), id); return err },
				"workspace": func() error { _, err := client.Workspace(id).RunSync(t.Context(), "c"); return err },
				"Clear":     func() error { _, err := ws.Connection(id).Clear(t.Context()); return err },
				"Latest":    func() error { _, err := ws.Connection(id).LatestSync(t.Context()); return err },
				"Status":    func() error { _, err := ws.Connection(id).SyncResult(1).Status(t.Context()); return err },
				"Wait":      func() error { _, err := ws.Connection(id).SyncResult(1).Wait(t.Context()); return err },
				"Cancel":    func() error { return ws.Connection(id).SyncResult(1).Cancel(t.Context()) },
				"Table":     func() error { _, err := ws.Connection(id).Table(t.Context(), "users"); return err },
			} {
				if err := call(); !errors.Is(err, apierr.ErrInvalid) {
					t.Errorf("%s of %q: %v, want an error of kind invalid", name, id, err)
				}
			}
		}
		for _, id := range []int64{0, -1} {
			if _, err := ws.Connection("c").SyncResult(id).Status(t.Context()); !errors.Is(err, apierr.ErrInvalid) {
				t.Errorf("job %d: %v", id, err)
			}
			if _, err := ws.Connection("c").SyncResult(id).Wait(t.Context()); !errors.Is(err, apierr.ErrInvalid) {
				t.Errorf("job %d: %v", id, err)
			}
		}
		if n := fake.Log().Total(); n != 0 {
			t.Errorf("%d requests were sent", n)
		}
	})
}

// A job that does not exist, or that belongs to another connection, is an error with its ids.
func TestMissingJob(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t)
		conn, other := fake.AddConnection(), fake.AddConnection()
		id, _ := fake.StartSync(other.ID)
		c := handleOf(t, fake, conn)
		for _, call := range []func(*airbyte.SyncResult) error{
			func(r *airbyte.SyncResult) error { _, err := r.Status(t.Context()); return err },
			func(r *airbyte.SyncResult) error { _, err := r.Wait(t.Context()); return err },
			func(r *airbyte.SyncResult) error { return r.Check(t.Context()) },
			func(r *airbyte.SyncResult) error { return r.Cancel(t.Context()) },
		} {
			err := call(c.SyncResult(4711))
			var where *airbyte.ResourceError
			if !errors.Is(err, apierr.ErrPermissionDenied) || !errors.As(err, &where) || where.Job != 4711 || where.Connection != conn.ID || where.Workspace != conn.Workspace || where.URL == "" {
				t.Errorf("%v", err)
			}
			var mismatch *airbyte.JobMismatchError
			if err := call(c.SyncResult(id)); !errors.As(err, &mismatch) || mismatch.Got != other.ID {
				t.Errorf("%v", err)
			}
		}
	})
}

// A result that was named by its id learns what the job is.
func TestSyncResultByID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t)
		conn := fake.AddConnection()
		c := handleOf(t, fake, conn)
		cleared, err := c.StartClear(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		r := c.SyncResult(cleared.JobID())
		before := fake.Log().Total()
		if r.Cached().Raw != "" || r.RecordsSynced().String() != "unknown" || !r.StartTime().IsZero() || r.Err() != nil {
			t.Errorf("%+v before it was read", r.Cached())
		}
		if n := fake.Log().Total() - before; n != 0 {
			t.Errorf("%d requests", n)
		}
		if status, err := r.Wait(t.Context()); status != airbyte.JobSucceeded || err != nil {
			t.Errorf("%q, %v", status, err)
		}
		if r.JobType() == airbyte.JobTypeSync {
			t.Errorf("type %q", r.JobType())
		}
	})
}

func TestDurationsVary(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t)
		conn := fake.AddConnection(airbytetest.SyncTakesFunc(func(n int, _ *rand.Rand) time.Duration { return time.Duration(n+1) * 7 * time.Minute }))
		c := handleOf(t, fake, conn)
		for n := range 3 {
			result, err := c.RunSync(t.Context())
			if err != nil || result.Duration().Round(time.Minute) != time.Duration(n+1)*7*time.Minute {
				t.Errorf("%v, %v", result.Duration(), err)
			}
		}
	})
}
