package job

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

func TestLogValues(t *testing.T) {
	records := int64(7)
	s := Snapshot{Ref: ref("1"), Phase: PhaseFailed, Raw: "failed", Progress: Progress{Records: &records, Bytes: &records, Attempt: 2},
		Failure: &Failure{Origin: "source", Type: "config_error", Message: "line one\nline two"}}
	logged := map[string]any{"service": "sim", "kind": "sync", "id": "1", "parent": "c", "scope": "w", "phase": "failed", "raw": "failed",
		"records": 7., "bytes": 7., "attempt": 2., "failure": map[string]any{"origin": "source", "type": "config_error", "message": "line one line two"}}
	for name, tt := range map[string]struct {
		value any
		want  map[string]any
	}{
		"snapshot": {s, logged},
		"failed":   {&FailedError{s}, logged},
		"wait": {&WaitError{Last: s, Polls: 3, Elapsed: time.Second, Err: ErrMaxWait},
			map[string]any{"job": logged, "polls": 3., "elapsed": 1e9, "reason": "the longest wait allowed has passed"}},
		"unknown": {&UnknownStateError{Snapshot: s, For: time.Second}, map[string]any{"job": logged, "for": 1e9}},
		"ref":     {Ref{Service: "sim", ID: "1"}, map[string]any{"service": "sim", "id": "1"}},
		"poll": {Poll{Service: "sim", Call: "fetch", Asked: 2, Got: 1, Took: time.Second, Err: ErrGone},
			map[string]any{"service": "sim", "call": "fetch", "asked": 2., "got": 1., "took": 1e9, "error": "the service does not know the job"}},
		"slow": {SlowJob{Last: s, Age: 2 * time.Second, Usual: time.Second}, map[string]any{"job": logged, "age": 2e9, "usual": 1e9}},
	} {
		var b bytes.Buffer
		slog.New(slog.NewJSONHandler(&b, nil)).Info("", "it", tt.value)
		var got struct{ It map[string]any }
		if err := json.Unmarshal(b.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want, got.It); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

type tellPolls struct {
	mu  sync.Mutex
	got []Poll
}

func (h *tellPolls) OnPoll(p Poll) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.got = append(h.got, p)
}

func TestPollHook(t *testing.T) {
	h := &tellPolls{}
	s := &script{latency: latency, fetch: func(_ Ref, call int) (*Snapshot, error) {
		if call == 0 {
			return nil, fail(apierr.KindUnavailable)
		}
		return &Snapshot{Phase: PhaseSucceeded}, nil
	}}
	bubble(t, s, Options{Hooks: []Hook{h, "no hook at all"}}, func(t *testing.T, p *Poller) {
		if _, err := p.Job(Snapshot{Ref: ref("1")}).Wait(t.Context()); err != nil {
			t.Error(err)
		}
		synctest.Wait()
	})
	if len(h.got) != 2 || h.got[0].Err == nil || h.got[1].Got != 1 || h.got[1].Took != latency || h.got[1].Service != "sim" {
		t.Error(h.got)
	}
}

// Two handles of one job, read at different times, know the same once they are waited for together.
func TestHandlesAgree(t *testing.T) {
	s := &script{fetch: phases(PhaseRunning)}
	bubble(t, s, Options{Intervals: Intervals{Min: time.Hour}}, func(t *testing.T, p *Poller) {
		now := time.Now()
		older := p.Job(Snapshot{Ref: ref("1"), Phase: PhasePending, Observed: now.Add(-time.Second)})
		newer := p.Job(Snapshot{Ref: ref("1"), Phase: PhaseRunning, Observed: now})
		ctx, cancel := context.WithCancel(t.Context())
		var group sync.WaitGroup
		for _, j := range []*Job{older, newer, p.Job(Snapshot{Ref: ref("1"), Phase: PhasePending, Observed: now.Add(-time.Minute)})} {
			group.Go(func() { _, _ = j.Wait(ctx) })
			synctest.Wait()
			if got := j.Last().Phase; j != older && got != PhaseRunning {
				t.Error(got)
			}
		}
		if got := older.Last().Phase; got != PhaseRunning {
			t.Error(got)
		}
		cancel()
		group.Wait()
	})
}
