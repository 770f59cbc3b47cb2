package tests_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/atlan"
	"github.com/sluice-sdk/sluice/wrappers/atlan/atlantest"
	"github.com/sluice-sdk/sluice/wrappers/job"
)

// newFlow makes a workflow of an app.
func newFlow(t *testing.T, client *atlan.Client, name string) *atlan.AppWorkflow {
	t.Helper()
	created, err := client.App("snowflake").Create(t.Context(), atlan.NewAppWorkflow{Name: name, Inputs: map[string]any{"connection": "c"}})
	ok(t, err)
	return created.Workflow
}

// A run of six hours takes a moment of virtual time, and few requests.
func TestT10AppRunOfSixHours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, atlantest.RunsTake(time.Minute, 6*time.Hour))
		client := clientOf(t, f)
		flow, began := newFlow(t, client, "Nightly"), time.Now()
		run, err := flow.Run(t.Context())
		ok(t, err)
		if took := time.Since(began); took < 6*time.Hour || took > 6*time.Hour+5*time.Minute {
			t.Errorf("it took %s", took)
		}
		if last := run.Cached(); last.Raw != "Succeeded" || run.Err() != nil || run.Workflow() != "nightly" || run.Attached() || run.Recovered() {
			t.Errorf("%+v", last)
		}
		if n := f.Requests()["getAppRun"]; n > 700 {
			t.Errorf("%d requests", n)
		}
		if len(f.Runs()) != 1 || f.Runs()[0].ID != run.ID() {
			t.Errorf("%v", f.Runs())
		}
	})
}

// Everything but Pending and Running is the end, and only Succeeded is success.
func TestT10HowAppRunsEnd(t *testing.T) {
	for status, want := range map[string]struct {
		phase job.Phase
		is    error
	}{
		"Failed":     {job.PhaseFailed, nil},
		"Error":      {job.PhaseFailed, nil},
		"Skipped":    {job.PhaseFailed, atlan.ErrRunSkipped},
		"Stopped":    {job.PhaseCanceled, job.ErrCanceledRemotely},
		"Terminated": {job.PhaseCanceled, job.ErrCanceledRemotely},
		"Exploded":   {job.PhaseFailed, atlan.ErrRunStatusUnknown},
	} {
		t.Run(status, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				// The contract knows the states of today only.
				f := newFake(t, atlantest.RunsEnd(status), atlantest.WithoutContract())
				client := clientOf(t, f)
				run, err := newFlow(t, client, "n").Run(t.Context())
				var failed *atlan.RunError
				if !errors.As(err, &failed) || failed.Status != status || failed.Run != run.ID() || failed.Workflow != "n" {
					t.Fatalf("%v", err)
				}
				if run.Cached().Phase != want.phase || want.is != nil && !errors.Is(err, want.is) {
					t.Errorf("%s, %v", run.Cached().Phase, err)
				}
				for _, reason := range []error{atlan.ErrRunSkipped, atlan.ErrRunStatusUnknown, job.ErrCanceledRemotely} {
					if errors.Is(err, reason) != (reason == want.is) { //nolint:errorlint // identity is meant
						t.Errorf("%v is %v", err, reason)
					}
				}
				if again := run.Wait(t.Context()); again == nil || again.Error() != err.Error() || run.Err().Error() != err.Error() {
					t.Errorf("%v, %v", again, run.Err())
				}
			})
		})
	}
}

// Apps, their workflows and schedules: created, found, changed, deleted.
func TestT10AppWorkflows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		client, ctx := clientOf(t, f), t.Context()
		app := client.App("snowflake")
		info, err := app.Info(ctx)
		ok(t, err)
		contract, err := app.InputContract(ctx, "main")
		ok(t, err)
		if *info.Name != "snowflake" || !slices.Contains(contract.Required, "connection") {
			t.Errorf("%+v, %+v", info, contract)
		}
		inputs := map[string]any{"connection": "c"}
		created, err := app.Create(ctx, atlan.NewAppWorkflow{Name: "My Flow", Inputs: inputs, Entrypoint: "main", Schedule: &atlan.Schedule{Cron: "30 6 * * MON-FRI", Timezone: "Europe/Berlin"}})
		ok(t, err)
		if created.Workflow.Slug() != "my-flow" || created.Version != 1 || created.TriggerID == "" || created.Reused || len(f.Runs()) != 0 {
			t.Errorf("%+v, %v", created, f.Runs())
		}
		var exists *atlan.WorkflowExistsError
		if _, err := app.Create(ctx, atlan.NewAppWorkflow{Name: "My Flow", Inputs: inputs}); !errors.As(err, &exists) || exists.Slug != "my-flow" || exists.Version != 1 || !errors.Is(err, atlan.ErrConflict) {
			t.Errorf("%v", err)
		}
		again, err := app.Create(ctx, atlan.NewAppWorkflow{Name: "My Flow", Inputs: inputs, Reuse: true})
		if err != nil || !again.Reused || again.Workflow.Slug() != "my-flow" {
			t.Errorf("%+v, %v", again, err)
		}
		var refused *apierr.Error
		if _, err := app.Create(ctx, atlan.NewAppWorkflow{Name: "other"}); !errors.As(err, &refused) || refused.Code != "1000" || !errors.Is(err, atlan.ErrInvalidRequest) {
			t.Errorf("inputs that do not fit: %v", err)
		}
		if _, err := app.Create(ctx, atlan.NewAppWorkflow{Name: "other", Inputs: inputs, Entrypoint: "none"}); !errors.As(err, &refused) || refused.Code != "1003" {
			t.Errorf("an entrypoint that does not exist: %v", err)
		}

		flow := client.AppWorkflow("my-flow")
		second, err := flow.AddSchedule(ctx, atlan.Schedule{Cron: "0 0 1 * *"})
		ok(t, err)
		schedules, err := flow.Schedules(ctx)
		ok(t, err)
		if len(schedules) != 2 || schedules[0].TriggerID != created.TriggerID || schedules[0].Timezone != "Europe/Berlin" || schedules[1] != *second {
			t.Errorf("%+v", schedules)
		}
		ok(t, flow.RemoveSchedule(ctx, second.TriggerID))
		if schedules, err = flow.Schedules(ctx); err != nil || len(schedules) != 1 {
			t.Errorf("%+v, %v", schedules, err)
		}

		if version, err := flow.Update(ctx, map[string]any{"connection": "d"}, ""); err != nil || version != 2 {
			t.Errorf("%d, %v", version, err)
		}
		if _, err := flow.Edit(ctx, func(map[string]any) error { return errors.New("not to be called") }); !errors.Is(err, apierr.ErrUnsupported) {
			t.Errorf("an edit of inputs that are not told: %v", err)
		}
		ok(t, flow.Delete(ctx))
		if _, err := flow.Info(ctx); !errors.Is(err, atlan.ErrNotFound) {
			t.Errorf("%v", err)
		}
	})
}

// Inputs are changed in part where the service tells them, and nothing is sent when nothing was changed.
func TestT10EditInputs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, atlantest.Without(atlantest.InputsHidden))
		client, ctx := clientOf(t, f), t.Context()
		created, err := client.App("snowflake").Create(ctx, atlan.NewAppWorkflow{Name: "n", Inputs: map[string]any{"connection": "c", "big": uint64(1<<63 + 1), "kept": []string{"a"}}})
		ok(t, err)
		edit := func(change func(map[string]any)) int64 {
			version, err := created.Workflow.Edit(ctx, func(inputs map[string]any) error { change(inputs); return nil })
			ok(t, err)
			return version
		}
		if v := edit(func(map[string]any) {}); v != 1 || f.Requests()["updateAppWorkflow"] != 0 {
			t.Errorf("version %d", v)
		}
		if v := edit(func(inputs map[string]any) { inputs["connection"] = "d" }); v != 2 {
			t.Errorf("version %d", v)
		}
		edit(func(inputs map[string]any) {
			if got := fmt.Sprint(inputs); got != "map[big:9223372036854775809 connection:d kept:[a]]" {
				t.Error(got)
			}
		})
		stop := errors.New("stop")
		if _, err := created.Workflow.Edit(ctx, func(map[string]any) error { return stop }); !errors.Is(err, stop) {
			t.Error(err)
		}
	})
}

// A list ends, and has every workflow once.
func TestT10ListAppWorkflows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		client := clientOf(t, f)
		for i := range 25 {
			newFlow(t, client, fmt.Sprintf("flow %d", i))
		}
		slugs := map[string]bool{}
		for info, err := range client.AppWorkflows(t.Context(), atlan.AppWorkflowFilter{PageSize: 4}) {
			ok(t, err)
			slugs[*info.Slug] = true
		}
		if len(slugs) != 25 || f.Requests()["listAppWorkflows"] != 7 {
			t.Errorf("%d workflows, %d requests", len(slugs), f.Requests()["listAppWorkflows"])
		}
	})
}

// What to do when a run has not ended.
func TestT10AppIsRunning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, atlantest.RunsTake(0, 10*time.Minute))
		client, ctx := clientOf(t, f), t.Context()
		flow := newFlow(t, client, "n")
		first, err := flow.Submit(ctx)
		ok(t, err)
		// The service refuses with 500, which could also mean that the run was started.
		var running *atlan.AlreadyRunningError
		if _, err := flow.Submit(ctx); !errors.As(err, &running) || running.Running.ID != first.ID() || !errors.Is(err, atlan.ErrAlreadyRunning) || !errors.Is(err, atlan.ErrConflict) {
			t.Fatalf("%v", err)
		}
		submits := f.Requests()["submitAppWorkflow"]
		if _, err := flow.Submit(ctx, atlan.RunOptions{OnRunning: atlan.FailWhenRunning}); !errors.As(err, &running) || running.Running.ID != first.ID() {
			t.Errorf("%v", err)
		}
		attached, err := flow.Submit(ctx, atlan.RunOptions{OnRunning: atlan.Attach})
		if err != nil || attached.ID() != first.ID() || !attached.Attached() {
			t.Errorf("%v", err)
		}
		if n := f.Requests()["submitAppWorkflow"]; n != submits {
			t.Errorf("%d requests for a run although one was known", n-submits)
		}
		second, err := flow.Run(ctx, atlan.RunOptions{OnRunning: atlan.WaitThenRun})
		ok(t, err)
		if second.ID() == first.ID() || len(f.Runs()) != 2 {
			t.Errorf("%v", f.Runs())
		}
		if again, err := flow.Submit(ctx, atlan.RunOptions{OnRunning: atlan.Attach}); err != nil || again.Attached() {
			t.Errorf("attached to nothing: %v", err)
		}
		runs, err := flow.Runs(ctx)
		if err != nil || len(runs) < 2 || runs[len(runs)-1].ID != first.ID() || runs[len(runs)-1].Phase != job.PhaseSucceeded {
			t.Errorf("%v, %v", runs, err)
		}
	})
}

// A run that another process started a moment ago, which the index does not know yet, is found by waiting for the index.
func TestT10IndexIsBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, atlantest.RunsTake(0, 10*time.Minute), atlantest.SearchTakes(8*time.Second))
		ctx := t.Context()
		here, elsewhere := clientOf(t, f), clientOf(t, f)
		flow := newFlow(t, here, "n")
		started, err := elsewhere.AppWorkflow("n").Submit(ctx)
		ok(t, err)
		run, err := flow.Submit(ctx, atlan.RunOptions{OnRunning: atlan.Attach})
		if err != nil || run.ID() != started.ID() || len(f.Runs()) != 1 {
			t.Errorf("%v, %v", err, f.Runs())
		}
	})
}

// A run is cancelled, and its wait ends with what happened.
func TestT10CancelAppRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, atlantest.RunsTake(0, time.Hour))
		client, ctx := clientOf(t, f), t.Context()
		run, err := newFlow(t, client, "n").Submit(ctx)
		ok(t, err)
		ok(t, run.Cancel(ctx))
		if !errors.Is(run.Err(), job.ErrCanceledRemotely) || run.Cached().Raw != "Stopped" {
			t.Errorf("%v", run.Err())
		}
		before := f.Requests()["cancelAppRun"]
		if err := run.Cancel(ctx); err != nil || f.Requests()["cancelAppRun"] != before {
			t.Errorf("a run that has ended: %v", err)
		}
	})
}

// A token finds the run from another process; a cancelled context ends a wait at once and leaves the run alone.
func TestT10ResumeElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, atlantest.RunsTake(0, 3*time.Hour))
		client := clientOf(t, f)
		run, err := newFlow(t, client, "n").Submit(t.Context())
		ok(t, err)
		ctx, stop := context.WithTimeout(t.Context(), time.Hour)
		defer stop()
		began := time.Now()
		var ended *job.WaitError
		if err := run.Wait(ctx); !errors.As(err, &ended) || !errors.Is(err, context.DeadlineExceeded) || ended.Last.Raw != "Running" {
			t.Fatalf("%v", err)
		}
		if took := time.Since(began); took != time.Hour {
			t.Errorf("the wait ended after %s", took)
		}
		text := run.Job().Token().String()

		elsewhere := clientOf(t, f)
		token, err := job.ParseToken(text)
		ok(t, err)
		resumed, err := elsewhere.ResumeRun(t.Context(), token)
		ok(t, err)
		if resumed.ID() != run.ID() || resumed.Workflow() != "n" || resumed.Cached().Raw != "Running" {
			t.Errorf("%+v", resumed.Cached())
		}
		ok(t, resumed.Wait(t.Context()))

		other, err := atlan.New(atlan.WithBaseURL("https://other.atlan.com"), atlan.WithAPIKey("k"))
		ok(t, err)
		if _, err := other.Resume(token); !errors.Is(err, job.ErrTokenMismatch) {
			t.Errorf("a token of another tenant: %v", err)
		}
	})
}

// An answer that is lost, in any of the ways it can be: the run is started once at most, and the caller has the run or a
// typed error. With the run comes the right one.
func TestT10LostSubmit(t *testing.T) {
	faults := []func(string) *atlantest.Fault{
		atlantest.ResetAfterBody, atlantest.ResetBefore, atlantest.InvalidJSON, atlantest.InternalErrorAfter, atlantest.InternalError,
		func(op string) *atlantest.Fault { return atlantest.ResetMidBody(op, 9) },
		func(op string) *atlantest.Fault { return atlantest.Status(op, 502, "bad gateway") },
		func(op string) *atlantest.Fault { return atlantest.HTML(op, 200) },
		func(op string) *atlantest.Fault {
			return atlantest.Rewrite(op, func([]byte) []byte { return []byte(`{"status":"Pending"}`) })
		},
		atlantest.StallAfterBody,
	}
	for seed := range uint64(cut(60, 20)) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t, atlantest.WithSeed(seed+1), atlantest.RunsTake(time.Second, time.Minute),
				atlantest.SearchTakes(time.Duration(seed%12)*time.Second))
			client, ctx := clientOf(t, f), t.Context()
			flow := newFlow(t, client, "n")
			if seed%3 == 0 { // not the first run of the workflow
				_, err := flow.Run(ctx)
				ok(t, err)
				pass(time.Minute)
			}
			before := len(f.Runs())
			f.Fault(faults[seed%uint64(len(faults))]("submitAppWorkflow").Times(1))
			run, err := flow.Submit(ctx)
			started := f.Runs()[before:]
			if len(started) > 1 {
				t.Fatalf("seed %d: %d runs were started", seed, len(started))
			}
			var ambiguous *atlan.AmbiguousRunError
			switch {
			case err == nil:
				if len(started) != 1 || run.ID() != started[0].ID {
					t.Errorf("seed %d: the run is %s, and what was started %v", seed, run.ID(), started)
				}
				ok(t, run.Wait(ctx))
			case errors.As(err, &ambiguous):
				if len(started) == 1 {
					t.Errorf("seed %d: the run was not found: %v", seed, err)
				}
			case len(started) == 0 && errors.Is(err, atlan.ErrAPIConnection): // nothing was sent, for certain
			default:
				t.Errorf("seed %d: %v", seed, err)
			}
			if n := f.Requests()["submitAppWorkflow"]; n-before > 1 {
				t.Errorf("seed %d: %d requests", seed, n-before)
			}
		})
	}
}

// When two programs start runs and an answer is lost, the error names both runs.
func TestT10LostSubmitWithCandidates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, atlantest.Without(atlantest.OneRunOfAnApp), atlantest.RunsTake(0, time.Hour))
		here, elsewhere := clientOf(t, f), clientOf(t, f)
		ctx := t.Context()
		flow := newFlow(t, here, "n")
		f.Fault(atlantest.ResetAfterBody("submitAppWorkflow").Times(1))
		var group sync.WaitGroup
		var err error
		group.Go(func() { _, err = flow.Submit(ctx) })
		group.Go(func() { pass(time.Second); _, _ = elsewhere.AppWorkflow("n").Submit(ctx) })
		group.Wait()
		var ambiguous *atlan.AmbiguousRunError
		if !errors.As(err, &ambiguous) || len(ambiguous.Candidates) != 2 || len(f.Runs()) != 2 {
			t.Fatalf("%v, %v", err, f.Runs())
		}
		// Where the index cannot be asked, the error says so.
		f.Fault(atlantest.ResetAfterBody("submitAppWorkflow").Times(1), atlantest.MetastoreError("indexSearch", 403, "ATLAS-403-00-001", "no"))
		if _, err = flow.Submit(ctx); !errors.As(err, &ambiguous) || !errors.Is(ambiguous.LookUp, atlan.ErrPermission) {
			t.Errorf("%v", err)
		}
	})
}

// A creation whose answer is lost is not sent again: with Reuse the workflow is found, without it is a candidate.
func TestT10LostCreate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		client, ctx := clientOf(t, f), t.Context()
		create := func(name string, reuse bool) (*atlan.CreatedAppWorkflow, error) {
			return client.App("snowflake").Create(ctx, atlan.NewAppWorkflow{Name: name, Inputs: map[string]any{"connection": "c"}, Reuse: reuse})
		}
		var ambiguous *atlan.AmbiguousCreateError
		f.Fault(atlantest.ResetAfterBody("createAppWorkflow").Times(1))
		if _, err := create("One", false); !errors.As(err, &ambiguous) || !slices.Equal(ambiguous.Candidates, []string{"one"}) {
			t.Errorf("%v", err)
		}
		f.Fault(atlantest.ResetAfterBody("createAppWorkflow").Times(1))
		if created, err := create("Two", true); err != nil || created.Workflow.Slug() != "two" {
			t.Errorf("%v", err)
		}
		f.Fault(atlantest.Status("createAppWorkflow", 504, "").Times(1))
		if _, err := create("Three", true); !errors.As(err, &ambiguous) || len(ambiguous.Candidates) != 0 {
			t.Errorf("%v", err)
		}
		if n := f.Requests()["createAppWorkflow"]; n != 3 {
			t.Errorf("%d requests", n)
		}
		// A schedule likewise.
		f.Fault(atlantest.ResetAfterBody("addAppSchedule").Times(1))
		added, err := client.AppWorkflow("two").AddSchedule(ctx, atlan.Schedule{Cron: "0 6 * * *"})
		schedules, _ := client.AppWorkflow("two").Schedules(ctx)
		if err != nil || len(schedules) != 1 || schedules[0] != *added {
			t.Errorf("%v, %v", err, schedules)
		}
	})
}

// A lone wait follows how long earlier runs took, so that it costs few requests.
func TestT10EarlierRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, atlantest.RunsTake(0, 2*time.Hour))
		client, ctx := clientOf(t, f), t.Context()
		flow := newFlow(t, client, "n")
		for range 4 {
			_, err := flow.Run(ctx)
			ok(t, err)
			pass(time.Minute)
		}
		elsewhere := clientOf(t, f)
		before := f.Requests()["getAppRun"]
		_, err := elsewhere.AppWorkflow("n").Run(ctx)
		// Without them it would be some 330: the number grows with the square root of the time.
		if n := f.Requests()["getAppRun"] - before; err != nil || n > 200 {
			t.Errorf("%d requests, %v", n, err)
		}
	})
}

// A 500 may mean that another run stood in the way although the run was started: after the other has ended that comes to
// light, and no second one is started.
func TestT10RefusedAndStarted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, atlantest.Without(atlantest.OneRunOfAnApp), atlantest.SearchTakes(20*time.Second), atlantest.RunsTake(0, time.Hour))
		here, elsewhere := clientOf(t, f), clientOf(t, f)
		ctx := t.Context()
		flow := newFlow(t, here, "n")
		_, err := elsewhere.AppWorkflow("n").Submit(ctx)
		ok(t, err)
		pass(11 * time.Second)
		f.Fault(atlantest.InternalErrorAfter("submitAppWorkflow").Times(1))
		run, err := flow.Submit(ctx, atlan.RunOptions{OnRunning: atlan.WaitThenRun, IndexDelay: -1})
		ok(t, err)
		if runs := f.Runs(); len(runs) != 2 || run.ID() != runs[1].ID || !run.Recovered() || f.Requests()["submitAppWorkflow"] != 2 {
			t.Errorf("%v, %d requests", runs, f.Requests()["submitAppWorkflow"])
		}
	})
}

// An update publishes a version each time that it is sent: one whose answer is lost is not sent again, and the error says that
// it may have been carried out. One that was not is.
func TestT10LostUpdate(t *testing.T) {
	for name, c := range map[string]struct {
		fault   *atlantest.Fault
		version int64 // of the workflow afterwards
		fails   bool
	}{
		"lost": {atlantest.ResetAfterBody("updateAppWorkflow").Times(1), 2, true}, "done and 500": {atlantest.InternalErrorAfter("updateAppWorkflow").Times(1), 2, true},
		"throttled": {atlantest.RateLimit("updateAppWorkflow", "1").Times(1), 2, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t, atlantest.WithoutContract())
				client, ctx := clientOf(t, f), t.Context()
				flow := newFlow(t, client, "n")
				f.Fault(c.fault)
				version, err := flow.Update(ctx, map[string]any{"connection": "d"}, "")
				e, is := errors.AsType[*apierr.Error](err)
				if (err != nil) != c.fails || c.fails && (!is || !e.MayHaveApplied) || !c.fails && version != c.version {
					t.Errorf("version %d, %v", version, err)
				}
				info := must(flow.Info(ctx))(t)
				if info.Version == nil || *info.Version != c.version {
					t.Errorf("%+v", info)
				}
			})
		})
	}
}

// A deletion whose answer is lost is sent again, and what is gone then was removed by it. What was never there is not found,
// also after an answer that says that nothing was done; and a gateway's 404 says nothing.
func TestT10LostRemovals(t *testing.T) {
	type faults = []func(string) *atlantest.Fault
	once := func(fault func(string) *atlantest.Fault) func(string) *atlantest.Fault {
		return func(op string) *atlantest.Fault { return fault(op).Times(1) }
	}
	page := func(status int) func(string) *atlantest.Fault {
		return func(op string) *atlantest.Fault { return atlantest.HTML(op, status) }
	}
	throttled := func(op string) *atlantest.Fault { return atlantest.RateLimit(op, "1") }
	noRoute := func(op string) *atlantest.Fault {
		return atlantest.GatewayError(op, 404, "no Route matched with those values")
	}
	for name, c := range map[string]struct {
		faults faults
		there  bool // whether there is what is to be removed
		is     error
	}{
		"answered":                 {there: true},
		"lost":                     {faults{once(atlantest.ResetAfterBody)}, true, nil},
		"done and 500":             {faults{once(atlantest.InternalErrorAfter)}, true, nil},
		"half an answer":           {faults{once(func(op string) *atlantest.Fault { return atlantest.ResetMidBody(op, 3) })}, true, nil},
		"refused and 500":          {faults{once(atlantest.InternalError)}, true, nil},
		"never there":              {nil, false, atlan.ErrNotFound},
		"never there, throttled":   {faults{once(throttled)}, false, atlan.ErrNotFound},
		"lost for ever":            {faults{atlantest.ResetBefore}, true, atlan.ErrAPIConnection},
		"lost, then a gateway":     {faults{once(atlantest.ResetBefore), once(page(404))}, true, nil},
		"lost, then its page":      {faults{once(atlantest.ResetBefore), page(404)}, true, atlan.ErrAPIConnection},
		"lost, then no route":      {faults{once(atlantest.ResetBefore), once(noRoute)}, true, nil},
		"lost, then its no route":  {faults{once(atlantest.ResetBefore), noRoute}, true, atlan.ErrAPIConnection},
		"lost, then not permitted": {faults{once(atlantest.ResetBefore), func(op string) *atlantest.Fault { return atlantest.HeraclesError(op, 403, 1005, "no") }}, true, atlan.ErrPermission},
	} {
		for operation, what := range map[string]func(ctx context.Context, client *atlan.Client, flow *atlan.AppWorkflow, trigger string) error{
			"deleteAppWorkflow": func(ctx context.Context, client *atlan.Client, flow *atlan.AppWorkflow, _ string) error {
				if !c.there {
					flow = client.AppWorkflow("other")
				}
				return flow.Delete(ctx)
			},
			"removeAppSchedule": func(ctx context.Context, _ *atlan.Client, flow *atlan.AppWorkflow, trigger string) error {
				if !c.there {
					trigger = "other"
				}
				return flow.RemoveSchedule(ctx, trigger)
			},
			"archiveWorkflow": func(ctx context.Context, client *atlan.Client, _ *atlan.AppWorkflow, _ string) error {
				name := "atlan-dbt-1700000000"
				if !c.there {
					name = "atlan-dbt-1700000001"
				}
				return client.Workflow(name).Archive(ctx)
			},
		} {
			t.Run(operation+"/"+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					f := newFake(t, atlantest.WithoutContract())
					client, ctx := clientOf(t, f), t.Context()
					flow := newFlow(t, client, "n")
					newWorkflow(t, client, "atlan-dbt-1700000000")
					added, err := flow.AddSchedule(ctx, atlan.Schedule{Cron: "0 6 * * *"})
					ok(t, err)
					for _, fault := range c.faults {
						f.Fault(fault(operation))
					}
					if err := what(ctx, client, flow, added.TriggerID); !errors.Is(err, c.is) || (err == nil) != (c.is == nil) {
						t.Errorf("%v", err)
					}
				})
			})
		}
	}
}
