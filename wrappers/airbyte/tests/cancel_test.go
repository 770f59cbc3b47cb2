package tests_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/airbyte"
	"github.com/sluice-sdk/sluice/wrappers/airbyte/airbytetest"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

func TestCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t)
		conn := fake.AddConnection(airbytetest.SyncTakes(time.Hour))
		c := handleOf(t, fake, conn)
		result, err := c.StartSync(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		pass(time.Minute)
		if err := result.Cancel(t.Context()); err != nil {
			t.Fatal(err)
		}
		if status, err := result.Status(t.Context()); status != airbyte.JobCancelled || err != nil {
			t.Errorf("%q, %v", status, err)
		}
		// Its successor is not hurt by cancelling it once more, whatever the handle knows.
		next, err := c.StartSync(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range []*airbyte.SyncResult{result, c.SyncResult(result.JobID())} {
			if err := r.Cancel(t.Context()); !errors.Is(err, airbyte.ErrJobFinal) || !errors.Is(err, apierr.ErrConflict) {
				t.Errorf("%v, want ErrJobFinal", err)
			}
		}
		if err := c.SyncResult(result.JobID()).Job().Cancel(t.Context()); !errors.Is(err, airbyte.ErrJobFinal) {
			t.Errorf("through package job: %v", err)
		}
		if status, _ := next.Status(t.Context()); status.Final() {
			t.Errorf("the successor is %q", status)
		}
		if n := fake.Log().Count("cancelJob"); n != 1 {
			t.Errorf("%d cancellations were sent", n)
		}
		if err := next.Job().Cancel(t.Context()); err != nil {
			t.Errorf("through package job: %v", err)
		}
	})
}

func TestCancelSync(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t)
		conn := fake.AddConnection(airbytetest.SyncTakes(time.Hour))
		c := handleOf(t, fake, conn)
		if r, err := c.CancelSync(t.Context()); r != nil || !errors.Is(err, airbyte.ErrNoSync) {
			t.Errorf("%v, %v", r, err)
		}
		id, _ := fake.StartSync(conn.ID)
		pass(time.Minute)
		r, err := c.CancelSync(t.Context())
		if err != nil || r.JobID() != id {
			t.Fatalf("%v, %v", r, err)
		}
		if status, err := r.Wait(t.Context(), airbyte.TolerateFailure()); status != airbyte.JobCancelled || err != nil {
			t.Errorf("%q, %v", status, err)
		}
	})
}

// A wait that ends early may take the job with it, but never somebody else's.
func TestCancelOnStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t)
		conn := fake.AddConnection(airbytetest.SyncTakes(time.Hour))
		c := handleOf(t, fake, conn)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		result, err := c.RunSync(ctx, airbyte.CancelOnStop())
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		if status, _ := result.Status(t.Context()); status != airbyte.JobCancelled {
			t.Errorf("%q", status)
		}
		id, _ := fake.StartSync(conn.ID)
		_, err = c.RunSync(t.Context(), airbyte.OnRunning(airbyte.Attach), airbyte.CancelOnStop(), airbyte.WithMaxWait(time.Minute))
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		if j, _ := fake.Job(id); j.Status != "running" {
			t.Errorf("somebody else's job is %q", j.Status)
		}
	})
}

func TestClear(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t)
		conn := fake.AddConnection(airbytetest.SyncTakes(time.Hour))
		c := handleOf(t, fake, conn)
		sync, err := c.StartSync(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		pass(time.Minute)
		cleared, err := c.Clear(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if cleared.JobType() == airbyte.JobTypeSync || cleared.JobID() == sync.JobID() || cleared.Cached().Raw != "succeeded" {
			t.Errorf("%+v", cleared.Cached())
		}
		if status, _ := sync.Status(t.Context()); status != airbyte.JobCancelled {
			t.Errorf("the sync in its way is %q", status)
		}
	})
	t.Run("the answer is lost", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			fake := newFake(t)
			conn := fake.AddConnection()
			fake.Fault(airbytetest.ResetAfterBody("createJob"))
			cleared, err := handleOf(t, fake, conn).Clear(t.Context())
			if err != nil || !cleared.Recovered() || len(fake.Jobs(conn.ID)) != 1 {
				t.Errorf("%v, %v, %d jobs", cleared, err, len(fake.Jobs(conn.ID)))
			}
		})
	})
}

// A context with a cause of its own ends a trigger with both: the cause, and that it was cancelled.
func TestTriggerEndsWithItsCause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t)
		conn := fake.AddConnection(airbytetest.SyncTakes(time.Hour))
		fake.StartSync(conn.ID)
		maintenance := errors.New("maintenance begins")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(30*time.Second, func() { cancel(maintenance) })
		_, err := handleOf(t, fake, conn).StartSync(ctx, airbyte.OnRunning(airbyte.WaitThenRun))
		if !errors.Is(err, maintenance) || !errors.Is(err, context.Canceled) {
			t.Errorf("err = %v, want it to be both the cause and context.Canceled", err)
		}
	})
}

// What cannot be looked at is not cancelled, and a failed cancellation is an error that names the job.
func TestCancelThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for operation, sent := range map[string]int{"listJobs": 0, "cancelJob": 1} {
			fake := newFake(t)
			conn := fake.AddConnection(airbytetest.SyncTakes(time.Hour))
			c := handleOf(t, fake, conn)
			result, err := c.StartSync(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			fake.Fault(airbytetest.Status(operation, 403, `{"message":"no"}`))
			var resource *airbyte.ResourceError
			if err := result.Cancel(t.Context()); !errors.Is(err, apierr.ErrPermissionDenied) || !errors.As(err, &resource) || resource.Connection != conn.ID || resource.Job != result.JobID() {
				t.Errorf("%s: Cancel: %v", operation, err)
			}
			r, err := c.CancelSync(t.Context())
			if !errors.Is(err, apierr.ErrPermissionDenied) || !errors.As(err, &resource) || resource.Connection != conn.ID || (r != nil) != (sent == 1) {
				t.Errorf("%s: CancelSync: %v, %v", operation, r, err)
			}
			if n := fake.Log().Count("cancelJob"); n != 2*sent {
				t.Errorf("%s: %d cancellations were sent", operation, n)
			}
		}
	})
}

// A handle knows that its job was cancelled without being asked for it.
func TestCancelBringsTheHandleUpToDate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t)
		c := handleOf(t, fake, fake.AddConnection(airbytetest.SyncTakes(time.Hour)))
		result, err := c.StartSync(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := result.Cancel(t.Context()); err != nil || result.Cached().Raw != "cancelled" {
			t.Errorf("%v, %q", err, result.Cached().Raw)
		}
		before := fake.Log().Total()
		if err := result.Cancel(t.Context()); !errors.Is(err, airbyte.ErrJobFinal) || fake.Log().Total() != before {
			t.Errorf("%v, after %d requests", err, fake.Log().Total()-before)
		}
		if _, err = c.StartSync(t.Context()); err != nil {
			t.Fatal(err)
		}
		if r, err := c.CancelSync(t.Context()); err != nil || r.Cached().Raw != "cancelled" || r.Attached() || r.Recovered() {
			t.Errorf("%v, %v", r, err)
		}
	})
}

// The server cancels what runs on the connection: a job that its list calls unfinished while a newer one runs is left alone,
// and so is one that is too old for the list, when it has ended.
func TestCancelOfAnOlderJob(t *testing.T) {
	deletions := 0
	status := "running"
	client := clientFor(t, func(r *http.Request) (int, string) {
		switch {
		case r.Method == http.MethodDelete:
			deletions++
		case strings.HasSuffix(r.URL.Path, "/jobs"):
			return 200, `{"data":[{"jobId":9,"status":"running","jobType":"sync","connectionId":"c"},{"jobId":8,"status":"incomplete","jobType":"sync","connectionId":"c"}]}`
		}
		return 200, `{"jobId":3,"status":"` + status + `","jobType":"sync","connectionId":"c"}`
	}, airbyte.WithNoAuth())
	c := client.Workspace("w").Connection("c")
	for id, want := range map[int64]string{8: "job 8 is incomplete, but job 9", 3: "job 3 is running, but job 9"} {
		if err := c.SyncResult(id).Cancel(t.Context()); !errors.Is(err, airbyte.ErrJobFinal) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want it to say %q", err, want)
		}
	}
	status = "failed"
	if err := c.SyncResult(3).Cancel(t.Context()); !errors.Is(err, airbyte.ErrJobFinal) || !strings.Contains(err.Error(), "job 3 has ended (failed)") {
		t.Errorf("%v", err)
	}
	if deletions != 0 {
		t.Errorf("%d cancellations were sent", deletions)
	}
	if err := c.SyncResult(9).Cancel(t.Context()); err != nil || deletions != 1 {
		t.Errorf("the newest one: %v, %d cancellations", err, deletions)
	}
}
