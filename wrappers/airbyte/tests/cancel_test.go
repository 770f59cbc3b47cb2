package tests_test

import (
	"context"
	"errors"
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
