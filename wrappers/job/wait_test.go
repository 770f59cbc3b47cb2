package job

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestWaitOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(1, 0, 1)
		p := NewPoller(w, Options{Service: "sim"})
		s, err := p.Job(w.snapshot(w.jobs["0"], 0)).Wait(t.Context())
		if err != nil || s.Phase != PhaseSucceeded {
			t.Fatal(s, err)
		}
		t.Log(w.requests, time.Since(w.zero)-w.jobs["0"].end)
	})
}

func TestWaitAllFeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(100, 0, 1)
		p := NewPoller(feedWorld{w}, Options{Service: "sim"})
		var jobs []*Job
		for _, j := range w.jobs {
			jobs = append(jobs, p.Job(w.snapshot(j, 0)))
		}
		n := 0
		for r, err := range WaitAll(t.Context(), jobs) {
			n++
			var failed *FailedError
			if (err == nil) != (r.Snapshot.Phase == PhaseSucceeded) || err != nil && !errors.As(err, &failed) {
				t.Error(r, err)
			}
		}
		if n != 100 {
			t.Error(n)
		}
		t.Log(w.requests)
	})
}

func TestWaitCanceled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(1, 0, 1)
		p := NewPoller(w, Options{Service: "sim"})
		ctx, cancel := context.WithCancelCause(t.Context())
		why := errors.New("why")
		time.AfterFunc(w.jobs["0"].end/2, func() { cancel(why) })
		_, err := p.Job(Snapshot{Ref: w.jobs["0"].ref}).Wait(ctx)
		var we *WaitError
		if !errors.As(err, &we) || !errors.Is(err, why) || !errors.Is(err, context.Canceled) || we.Last.Phase != PhaseRunning {
			t.Error(err)
		}
		t.Log(err)
	})
}
