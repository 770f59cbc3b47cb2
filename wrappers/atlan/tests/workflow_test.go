package tests_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-sdk/sluice/gen/atlanapi"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/atlan"
	"github.com/sluice-sdk/sluice/wrappers/atlan/atlantest"
	"github.com/sluice-sdk/sluice/wrappers/job"
)

func definition(name string) atlanapi.Workflow {
	return atlanapi.Workflow{
		Metadata: &atlanapi.WorkflowMetadata{Name: &name, Annotations: map[string]string{"package.argoproj.io/name": "@atlan/snowflake"}},
		Spec:     &atlanapi.WorkflowSpec{Entrypoint: &name},
	}
}

func newWorkflow(t *testing.T, client *atlan.Client, name string) *atlan.Workflow {
	t.Helper()
	w, err := client.CreateWorkflow(t.Context(), atlan.NewWorkflow{Definition: definition(name)})
	ok(t, err)
	return w
}

// Legacy workflows: created, found, scheduled, given away, archived.
func TestT10Workflows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		client, ctx := clientOf(t, f), t.Context()
		w, err := client.CreateWorkflow(ctx, atlan.NewWorkflow{Definition: definition("atlan-snowflake-1700000000"), Schedule: &atlan.Schedule{Cron: "5 4 * * *", Timezone: "Europe/Paris"}})
		ok(t, err)
		newWorkflow(t, client, "atlan-snowflake-miner-1700000001")
		newWorkflow(t, client, "atlan-snowflake-1700000002")
		if _, err := client.CreateWorkflow(ctx, atlan.NewWorkflow{Definition: definition(w.Name())}); !errors.Is(err, atlan.ErrConflict) {
			t.Errorf("a name that is taken: %v", err)
		}
		if _, err := w.Info(ctx); !errors.Is(err, atlan.ErrNotFound) {
			t.Errorf("the index knows it at once: %v", err)
		}
		pass(5 * time.Second)
		info, err := w.Info(ctx)
		if err != nil || *info.Metadata.Name != w.Name() {
			t.Errorf("%v", err)
		}
		list := func(filter atlan.WorkflowFilter) (names []string) {
			for info, err := range client.Workflows(ctx, filter) {
				ok(t, err)
				names = append(names, *info.Metadata.Name)
			}
			slices.Sort(names)
			return names
		}
		if got := list(atlan.WorkflowFilter{Package: atlanapi.WorkflowPackageAtlanSnowflake}); !slices.Equal(got, []string{"atlan-snowflake-1700000000", "atlan-snowflake-1700000002"}) {
			t.Errorf("%v", got)
		}
		if got := list(atlan.WorkflowFilter{PageSize: 2}); len(got) != 3 {
			t.Errorf("%v", got)
		}

		if s, err := w.Schedule(ctx); err != nil || s != (atlan.Schedule{Cron: "5 4 * * *", Timezone: "Europe/Paris"}) {
			t.Errorf("%+v, %v", s, err)
		}
		ok(t, w.SetSchedule(ctx, atlan.Schedule{Cron: "0 6 * * 1"}))
		if s, err := w.Schedule(ctx); err != nil || s != (atlan.Schedule{Cron: "0 6 * * 1", Timezone: "UTC"}) {
			t.Errorf("%+v, %v", s, err)
		}
		pass(5 * time.Second)
		ok(t, w.SetSchedule(ctx, atlan.Schedule{Cron: "0 6 * * 1", Timezone: "UTC"}))
		if n := f.Requests()["updateWorkflow"]; n != 1 {
			t.Errorf("%d updates", n)
		}
		if all, err := client.WorkflowSchedules(ctx); err != nil || len(all) != 1 {
			t.Errorf("%v, %v", all, err)
		}
		ok(t, w.RemoveSchedule(ctx))
		if _, err := w.Schedule(ctx); !errors.Is(err, atlan.ErrNotFound) {
			t.Errorf("%v", err)
		}
		pass(5 * time.Second)
		if info, err = w.Info(ctx); err != nil || info.Metadata.Annotations["package.argoproj.io/name"] != "@atlan/snowflake" || *info.Spec.Entrypoint != w.Name() {
			t.Errorf("what was not touched is gone: %+v, %v", info, err)
		}

		ok(t, w.Update(ctx, definition(w.Name())))
		ok(t, w.SetOwner(ctx, f.UserName()))
		if err := w.SetOwner(ctx, "nobody"); !errors.Is(err, atlan.ErrNotFound) || errors.Is(err, atlan.ErrWorkflowsOff) {
			t.Errorf("%v", err)
		}
		f.Fault(atlantest.ResetAfterBody("archiveWorkflow").Times(1))
		ok(t, w.Archive(ctx))
		if err := w.Archive(ctx); !errors.Is(err, atlan.ErrNotFound) {
			t.Errorf("a workflow that is archived: %v", err)
		}
	})
}

// Callers that are no API tokens use other paths.
func TestT10WorkflowRoutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		client := clientOf(t, f, atlan.WithWorkflowRoutes(atlan.RoutesForUsers))
		w := newWorkflow(t, client, "atlan-dbt-1700000000")
		_, err := w.Run(t.Context())
		ok(t, err)
		ok(t, w.SetSchedule(t.Context(), atlan.Schedule{Cron: "0 1 * * *"}))
		ok(t, w.Archive(t.Context()))
		for operation, want := range map[string]int{
			"createPackageWorkflow": 1, "rerunPackageWorkflow": 1, "updatePackageWorkflow": 1, "archivePackageWorkflow": 1,
			"createWorkflow": 0, "rerunWorkflow": 0, "updateWorkflow": 0, "archiveWorkflow": 0, "whoAmI": 0,
		} {
			if got := f.Requests()[operation]; got != want {
				t.Errorf("%s: %d", operation, got)
			}
		}
	})
}

// A run of six hours; what ends badly is an error.
func TestT10WorkflowRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, atlantest.RunsTake(time.Minute, 6*time.Hour))
		client, ctx := clientOf(t, f), t.Context()
		w, began := newWorkflow(t, client, "atlan-dbt-1700000000"), time.Now()
		run, err := w.Run(ctx)
		ok(t, err)
		if took := time.Since(began); took < 6*time.Hour || took > 6*time.Hour+5*time.Minute {
			t.Errorf("it took %s", took)
		}
		if run.Workflow() != w.Name() || run.Cached().Duration() < 6*time.Hour {
			t.Errorf("%+v", run.Cached())
		}
		f.PlanRuns(atlantest.RunPlan{Running: time.Minute, Ends: "Error"}, atlantest.RunPlan{Running: time.Minute, Ends: "Failed"})
		for _, status := range []string{"Error", "Failed"} {
			var failed *atlan.RunError
			if _, err := w.Run(ctx); !errors.As(err, &failed) || failed.Status != status {
				t.Errorf("%v", err)
			}
		}
		run, err = w.Submit(ctx)
		ok(t, err)
		pass(5 * time.Second)
		ok(t, run.Cancel(ctx))
		if !errors.Is(run.Err(), job.ErrCanceledRemotely) || run.Cached().Raw != "Failed" {
			t.Errorf("%v", run.Err())
		}
		n := 0
		for s, err := range w.Runs(ctx) {
			ok(t, err)
			if n == 0 && s.ID != run.ID() {
				t.Errorf("the newest run is %s", s.ID)
			}
			n++
		}
		if n != 4 {
			t.Errorf("%d runs", n)
		}
	})
}

// A hundred waits are one request a poll, and so is what a mix of apps and workflows makes.
func TestT10BatchedPolls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, atlantest.RunsTake(0, time.Hour), atlantest.Without(atlantest.RateLimited))
		waits := cut(100, 30)
		every := job.Intervals{Min: 10 * time.Second, Max: 10 * time.Second, MaxAlone: 10 * time.Second}
		client, ctx := clientOf(t, f, atlan.WithPolling(job.Options{Intervals: every})), t.Context()
		var jobs []*job.Job
		for i := range waits {
			run, err := newWorkflow(t, client, fmt.Sprintf("atlan-dbt-17000000%02d", i)).Submit(ctx)
			ok(t, err)
			jobs = append(jobs, run.Job())
		}
		pass(10 * time.Second)
		before := f.Requests()["searchWorkflowRuns"]
		ctx, stop := context.WithTimeout(ctx, 10*time.Minute)
		defer stop()
		seen := 0
		for _, err := range job.WaitAll(ctx, jobs) {
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
			seen++
		}
		// 600 seconds by pauses of 9 to 11 are 55 to 67 polls; one request each is not one for each wait.
		if polls := f.Requests()["searchWorkflowRuns"] - before; seen != waits || polls > 70 || polls < 54 {
			t.Errorf("%d polls for %d waits in ten minutes", polls, seen)
		}
		began := time.Now()
		seen = 0
		for done, err := range job.WaitAll(t.Context(), jobs) {
			if err != nil {
				t.Errorf("%s: %v", done.Job.Ref(), err)
			}
			seen++
		}
		if seen != waits || time.Since(began) > time.Hour {
			t.Errorf("%d ended after %s", seen, time.Since(began))
		}
	})
}

// Runs of apps and of workflows are waited for in one loop; each is yielded once, with its own error.
func TestT10WaitForAMix(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		client, ctx := clientOf(t, f), t.Context()
		f.PlanRuns(
			atlantest.RunPlan{Running: 3 * time.Hour, Ends: "Succeeded"}, atlantest.RunPlan{Running: time.Hour, Ends: "Failed"},
			atlantest.RunPlan{Running: 2 * time.Hour, Ends: "Succeeded"}, atlantest.RunPlan{Running: time.Minute, Ends: "Error"})
		var jobs []*job.Job
		for _, name := range []string{"a", "b"} {
			run, err := newFlow(t, client, name).Submit(ctx)
			ok(t, err)
			jobs = append(jobs, run.Job())
		}
		for _, name := range []string{"atlan-x-1700000000", "atlan-y-1700000000"} {
			run, err := newWorkflow(t, client, name).Submit(ctx)
			ok(t, err)
			jobs = append(jobs, run.Job())
		}
		var order []string
		for done, err := range job.WaitAll(ctx, jobs) {
			order = append(order, fmt.Sprintf("%s %s %t", done.Job.Ref().Kind, done.Job.Ref().Parent, err == nil))
		}
		want := []string{"workflow run atlan-y-1700000000 false", "app run b false", "workflow run atlan-x-1700000000 true", "app run a true"}
		if !slices.Equal(order, want) {
			t.Errorf("%q", order)
		}
		// A token of a workflow's run, in another process.
		resumed, err := clientOf(t, f).ResumeRun(ctx, jobs[2].Token())
		if err != nil || resumed.Workflow() != "atlan-x-1700000000" || resumed.Err() != nil || !resumed.Cached().Phase.Final() {
			t.Errorf("%v", err)
		}
	})
}

// A run that has not ended is looked for first, for as long as the index may be behind.
func TestT10WorkflowIsRunning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, atlantest.RunsTake(0, 20*time.Minute), atlantest.SearchTakes(6*time.Second))
		client, ctx := clientOf(t, f), t.Context()
		w := newWorkflow(t, client, "atlan-dbt-1700000000")
		first, err := w.Submit(ctx)
		ok(t, err)
		attached, err := w.Submit(ctx, atlan.RunOptions{OnRunning: atlan.Attach})
		if err != nil || attached.ID() != first.ID() || !attached.Attached() {
			t.Errorf("%v", err)
		}
		var running *atlan.AlreadyRunningError
		if _, err := w.Submit(ctx, atlan.RunOptions{OnRunning: atlan.FailWhenRunning, IndexDelay: -1}); !errors.As(err, &running) || running.Running.ID != first.ID() {
			t.Errorf("%v", err)
		}
		second, err := w.Run(ctx, atlan.RunOptions{OnRunning: atlan.WaitThenRun})
		if err != nil || second.ID() == first.ID() || len(f.Runs()) != 2 {
			t.Errorf("%v, %v", err, f.Runs())
		}
		third, err := w.Submit(ctx)
		ok(t, err)
		fourth, err := w.Submit(ctx) // nothing keeps it from that
		if err != nil || third.ID() == fourth.ID() {
			t.Errorf("%v", err)
		}
	})
}

// Lost answers: one request, and the run or a typed error.
func TestT10LostRerun(t *testing.T) {
	faults := []func(string) *atlantest.Fault{
		atlantest.ResetAfterBody, atlantest.InvalidJSON, atlantest.InternalErrorAfter, atlantest.InternalError, atlantest.StallAfterBody,
		func(op string) *atlantest.Fault { return atlantest.ResetMidBody(op, 5) },
		func(op string) *atlantest.Fault { return atlantest.Status(op, 504, "") },
		func(op string) *atlantest.Fault { return atlantest.HTML(op, 502) },
	}
	for seed := range uint64(cut(48, 16)) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t, atlantest.WithSeed(seed+1), atlantest.SearchTakes(time.Duration(seed%10)*time.Second))
			client, ctx := clientOf(t, f), t.Context()
			name := "atlan-dbt-1700000000"
			if seed%2 == 0 {
				f.Fault(faults[seed%uint64(len(faults))]("createWorkflow").Times(1))
			}
			w, err := client.CreateWorkflow(ctx, atlan.NewWorkflow{Definition: definition(name)})
			var unknown *atlan.AmbiguousCreateError
			if err != nil {
				if !errors.As(err, &unknown) || unknown.Name != name {
					t.Errorf("seed %d: %v", seed, err)
				}
				w = newWorkflow(t, client, name) // it was not created, or this fails
			}
			if seed%3 == 0 {
				_, err := w.Run(ctx)
				ok(t, err)
			}
			before, asked := len(f.Runs()), f.Requests()["rerunWorkflow"]
			f.Fault(faults[(seed/2)%uint64(len(faults))]("rerunWorkflow").Times(1))
			run, err := w.Submit(ctx)
			started := f.Runs()[before:]
			var ambiguous *atlan.AmbiguousRunError
			switch {
			case err == nil && len(started) == 1 && run.ID() == started[0].ID:
			case errors.As(err, &ambiguous) && len(started) == 0:
			default:
				t.Errorf("seed %d: %v, %v", seed, err, started)
			}
			if n := f.Requests()["rerunWorkflow"] - asked; n != 1 {
				t.Errorf("seed %d: %d requests", seed, n)
			}
		})
	}
}

// A tenant without legacy workflows says so, clearly and at once.
func TestT10WorkflowsOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, atlantest.WithoutWorkflows())
		client, ctx := clientOf(t, f), t.Context()
		w, run := client.Workflow("atlan-dbt-1700000000"), client.WorkflowRun("atlan-dbt-1700000000-abcde")
		_, create := client.CreateWorkflow(ctx, atlan.NewWorkflow{Definition: definition(w.Name())})
		_, info := w.Info(ctx)
		_, submit := w.Submit(ctx)
		_, looked := w.Submit(ctx, atlan.RunOptions{OnRunning: atlan.Attach})
		_, schedules := client.WorkflowSchedules(ctx)
		_, schedule := w.Schedule(ctx)
		began := time.Now()
		for what, err := range map[string]error{
			"create": create, "info": info, "submit": submit, "look": looked, "schedules": schedules, "schedule": schedule, "archive": w.Archive(ctx),
			"owner": w.SetOwner(ctx, "admin"), "update": w.Update(ctx, definition(w.Name())), "wait": run.Wait(ctx), "cancel": run.Cancel(ctx),
		} {
			if !errors.Is(err, atlan.ErrWorkflowsOff) || !errors.Is(err, apierr.ErrUnsupported) {
				t.Errorf("%s: %v", what, err)
			}
		}
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("it took %s", took)
		}
		for _, err := range client.Workflows(ctx, atlan.WorkflowFilter{}) {
			if !errors.Is(err, atlan.ErrWorkflowsOff) {
				t.Error(err)
			}
		}
		_, err := newFlow(t, client, "n").Run(ctx) // apps work
		ok(t, err)
	})
}
