package job

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

const latency = 100 * time.Millisecond

// bubble runs f in virtual time with a poller for the source.
func bubble(t *testing.T, source Source, opts Options, f func(t *testing.T, p *Poller)) {
	t.Helper()
	opts.Service = "sim"
	synctest.Test(t, func(t *testing.T) { f(t, NewPoller(source, opts)) })
}

func TestWaitOutcomes(t *testing.T) {
	for _, tt := range []struct {
		phase Phase
		check func(error) bool
	}{
		{PhaseSucceeded, func(err error) bool { return err == nil }},
		{PhaseFailed, func(err error) bool {
			var failed *FailedError
			return errors.As(err, &failed) && !errors.Is(err, ErrCanceledRemotely) && failed.Snapshot.Phase == PhaseFailed
		}},
		{PhaseCanceled, func(err error) bool {
			var failed *FailedError
			return errors.As(err, &failed) && errors.Is(err, ErrCanceledRemotely) && !errors.Is(err, context.Canceled)
		}},
	} {
		s := &script{latency: latency, fetch: phases(PhasePending, PhaseRunning, tt.phase)}
		bubble(t, s, Options{}, func(t *testing.T, p *Poller) {
			began := time.Now()
			got, err := p.Job(Snapshot{Ref: ref("1")}).Wait(t.Context())
			if got.Phase != tt.phase || !tt.check(err) {
				t.Errorf("%v: %v, %v", tt.phase, got, err)
			}
			if n := s.count("fetch"); n != 3 {
				t.Errorf("%d polls", n)
			}
			if !s.at[0].Equal(began) {
				t.Error("the first poll did not come at once")
			}
			time.Sleep(time.Hour)
			if n := s.count("fetch"); n != 3 {
				t.Errorf("%d polls after the end", n-3)
			}
		})
	}
}

func TestFinalSnapshotCostsNoCall(t *testing.T) {
	s := &script{fetch: phases(PhaseRunning)}
	bubble(t, s, Options{}, func(t *testing.T, p *Poller) {
		j := p.Job(Snapshot{Ref: ref("1"), Phase: PhaseFailed, Failure: &Failure{Origin: "source", Message: "no such table"}})
		ctx, cancel := context.WithCancel(t.Context())
		cancel() // not even an ended context hides the end
		if _, err := j.Wait(ctx); err == nil || err.Error() != "sim sync 1 failed: source: no such table" {
			t.Error(err)
		}
		if err := j.Cancel(t.Context()); err != nil {
			t.Error(err)
		}
		if len(s.calls) > 0 {
			t.Error(s.calls)
		}
	})
}

func TestFreshSnapshotIsNotPolledAtOnce(t *testing.T) {
	s := &script{fetch: phases(PhaseSucceeded)}
	bubble(t, s, Options{}, func(t *testing.T, p *Poller) {
		began := time.Now()
		if _, err := p.Job(Snapshot{Ref: ref("1"), Phase: PhasePending, Created: began, Observed: began}).Wait(t.Context()); err != nil {
			t.Error(err)
		}
		if d := time.Since(began); d < time.Second || d > 2*time.Second {
			t.Error(d)
		}
	})
}

func TestContextEnd(t *testing.T) {
	why := errors.New("shutting down")
	for name, end := range map[string]func(context.Context) (context.Context, context.CancelFunc){
		"cancelled": func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancelCause(ctx)
			time.AfterFunc(10*time.Second+latency/2, func() { cancel(why) })
			return ctx, func() { cancel(nil) }
		},
		"deadline": func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, 10*time.Second+latency/2)
		},
	} {
		t.Run(name, func(t *testing.T) {
			// A slow service: at the end a poll is in flight, and goes on for the other wait.
			s := &script{latency: 20 * time.Second, fetch: phases(PhaseRunning, PhaseSucceeded)}
			bubble(t, s, Options{}, func(t *testing.T, p *Poller) {
				other := make(chan error, 1)
				go func() {
					_, err := p.Job(Snapshot{Ref: ref("1")}).Wait(t.Context())
					other <- err
				}()
				ctx, cancel := end(t.Context())
				defer cancel()
				began := time.Now()
				last, err := p.Job(Snapshot{Ref: ref("1"), Phase: PhasePending, Raw: "pending", Observed: began.Add(-time.Minute)}).Wait(ctx)
				if d := time.Since(began); d != 10*time.Second+latency/2 {
					t.Errorf("returned after %v", d)
				}
				var we *WaitError
				if !errors.As(err, &we) || !errors.Is(err, ctx.Err()) || !errors.Is(err, context.Cause(ctx)) || we.Last.Phase != PhasePending || last.Phase != PhasePending || we.Polls < 0 {
					t.Errorf("%v, %+v", err, we)
				}
				if err := <-other; err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestContextEndedBefore(t *testing.T) {
	s := &script{fetch: phases(PhaseRunning)}
	bubble(t, s, Options{}, func(t *testing.T, p *Poller) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := p.Job(Snapshot{Ref: ref("1")}).Wait(ctx)
		if !errors.Is(err, context.Canceled) || len(s.calls) > 0 {
			t.Error(err, s.calls)
		}
	})
}

// The context ends in the same instant in which a poll brings the end: the end counts.
func TestContextEndRacesWithTheEnd(t *testing.T) {
	for range 50 {
		s := &script{latency: time.Second, fetch: phases(PhaseSucceeded)}
		bubble(t, s, Options{}, func(t *testing.T, p *Poller) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			last, err := p.Job(Snapshot{Ref: ref("1")}).Wait(ctx)
			if (err == nil) != (last.Phase == PhaseSucceeded) {
				t.Error(last, err)
			}
		})
	}
}

func TestMaxWait(t *testing.T) {
	s := stoppable{&script{latency: latency, fetch: phases(PhaseRunning)}}
	bubble(t, s, Options{}, func(t *testing.T, p *Poller) {
		began := time.Now()
		_, err := p.Job(Snapshot{Ref: ref("1")}).Wait(t.Context(), MaxWait(time.Minute))
		if !errors.Is(err, ErrMaxWait) || !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Minute || len(s.cancels) > 0 {
			t.Error(err, time.Since(began), s.cancels)
		}
		_, err = p.Job(Snapshot{Ref: ref("1")}).Wait(t.Context(), MaxWait(time.Minute), CancelOnDone())
		if !errors.Is(err, ErrMaxWait) || !slices.Equal(s.cancels, []Ref{ref("1")}) {
			t.Error(err, s.cancels)
		}
	})
}

func TestCancelOnDoneNeedsACanceler(t *testing.T) {
	s := &script{fetch: phases(PhaseRunning)}
	bubble(t, s, Options{}, func(t *testing.T, p *Poller) {
		if _, err := p.Job(Snapshot{Ref: ref("1")}).Wait(t.Context(), CancelOnDone()); !errors.Is(err, apierr.ErrUnsupported) || len(s.calls) > 0 {
			t.Error(err, s.calls)
		}
		if err := p.Job(Snapshot{Ref: ref("1")}).Cancel(t.Context()); !errors.Is(err, apierr.ErrUnsupported) {
			t.Error(err)
		}
	})
}

func TestNoID(t *testing.T) {
	s := &script{fetch: phases(PhaseRunning)}
	bubble(t, s, Options{}, func(t *testing.T, p *Poller) {
		j := p.Job(Snapshot{Ref: Ref{Service: "sim"}})
		_, err := j.Wait(t.Context())
		_, refresh := j.Refresh(t.Context())
		for _, err := range []error{err, refresh, j.Cancel(t.Context())} {
			if !errors.Is(err, apierr.ErrInvalid) {
				t.Error(err)
			}
		}
		if len(s.calls) > 0 {
			t.Error(s.calls)
		}
	})
}

func fail(kind apierr.Kind) error { return &apierr.Error{Service: "sim", Kind: kind, Message: "no"} }

func TestPollErrors(t *testing.T) {
	running := &Snapshot{Phase: PhaseRunning, Raw: "running"}
	for _, tt := range []struct {
		name       string
		fetch      func(Ref, int) (*Snapshot, error)
		want       error
		polls      int // at least
		low, high  time.Duration
		wantAnswer Phase
	}{
		{"credentials", func(Ref, int) (*Snapshot, error) { return nil, fail(apierr.KindUnauthenticated) },
			apierr.ErrUnauthenticated, 1, 0, time.Second, PhaseUnknown},
		{"permission", func(Ref, int) (*Snapshot, error) { return nil, fail(apierr.KindPermissionDenied) },
			apierr.ErrPermissionDenied, 1, 0, time.Second, PhaseUnknown},
		{"invalid", func(Ref, int) (*Snapshot, error) { return nil, fail(apierr.KindInvalid) },
			apierr.ErrInvalid, 1, 0, time.Second, PhaseUnknown},
		{"never seen", func(Ref, int) (*Snapshot, error) { return nil, fail(apierr.KindNotFound) },
			ErrGone, 2, 30 * time.Second, 45 * time.Second, PhaseUnknown},
		{"seen, then gone", func(_ Ref, call int) (*Snapshot, error) {
			if call < 3 {
				s := *running
				return &s, nil
			}
			return nil, fail(apierr.KindNotFound)
		}, ErrGone, 4, 0, time.Minute, PhaseRunning},
		{"late replica", func(_ Ref, call int) (*Snapshot, error) {
			if call < 3 {
				return nil, fail(apierr.KindNotFound)
			}
			return &Snapshot{Phase: PhaseSucceeded}, nil
		}, nil, 4, 0, time.Minute, PhaseSucceeded},
		{"down for good", func(Ref, int) (*Snapshot, error) { return nil, fail(apierr.KindUnavailable) },
			apierr.ErrUnavailable, 5, 2 * time.Minute, 3 * time.Minute, PhaseUnknown},
		{"not our error", func(Ref, int) (*Snapshot, error) { return nil, errors.New("odd") },
			nil, 5, 2 * time.Minute, 3 * time.Minute, PhaseUnknown},
		{"down for a while", func(_ Ref, call int) (*Snapshot, error) {
			if call < 5 {
				return nil, fail(apierr.KindUnavailable)
			}
			return &Snapshot{Phase: PhaseSucceeded}, nil
		}, nil, 6, 0, time.Minute, PhaseSucceeded},
		{"every other poll fails", func(_ Ref, call int) (*Snapshot, error) {
			if call%2 == 0 {
				return nil, fail(apierr.KindTimeout)
			}
			s := *running
			if call > 60 {
				s.Phase = PhaseSucceeded
			}
			return &s, nil
		}, nil, 60, 2 * time.Minute, time.Hour, PhaseSucceeded},
		{"never in the answer", func(Ref, int) (*Snapshot, error) { return nil, nil },
			ErrGone, 2, 10 * time.Minute, 15 * time.Minute, PhaseUnknown},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := &script{latency: latency, fetch: tt.fetch}
			bubble(t, s, Options{}, func(t *testing.T, p *Poller) {
				began := time.Now()
				last, err := p.Job(Snapshot{Ref: ref("1")}).Wait(t.Context())
				took := time.Since(began)
				if last.Phase != tt.wantAnswer || (err == nil) != (tt.wantAnswer == PhaseSucceeded) || tt.want != nil && !errors.Is(err, tt.want) {
					t.Errorf("%v, %v", last, err)
				}
				if polls := s.count("fetch"); took < tt.low || took > tt.high || polls < tt.polls {
					t.Errorf("%d polls in %v", polls, took)
				}
				var we *WaitError
				if err != nil && (!errors.As(err, &we) || we.Polls != s.count("fetch") || we.Elapsed != took || strings.Contains(err.Error(), "\n")) {
					t.Errorf("%q", err)
				}
			})
		})
	}
}

func TestRetryAfter(t *testing.T) {
	for asked, want := range map[time.Duration]time.Duration{10 * time.Millisecond: time.Second, 40 * time.Second: 40 * time.Second, time.Hour: 2 * time.Minute} {
		s := &script{fetch: func(_ Ref, call int) (*Snapshot, error) {
			if call == 0 {
				return nil, &apierr.Error{Kind: apierr.KindRateLimited, RetryAfter: asked}
			}
			return &Snapshot{Phase: PhaseSucceeded}, nil
		}}
		bubble(t, s, Options{}, func(t *testing.T, p *Poller) {
			began := time.Now()
			if _, err := p.Job(Snapshot{Ref: ref("1")}).Wait(t.Context()); err != nil {
				t.Error(err)
			}
			if d := time.Since(began); d < want || d > want*11/10+time.Second {
				t.Errorf("asked %v, came after %v", asked, d)
			}
		})
	}
}

type tellUnknown struct{ got *[]string }

func (h tellUnknown) OnUnknownState(s Snapshot) { *h.got = append(*h.got, s.Raw) }

func TestUnknownStates(t *testing.T) {
	var told []string
	opts := Options{Hooks: []Hook{tellUnknown{&told}}}
	s := &script{latency: latency, fetch: func(_ Ref, call int) (*Snapshot, error) {
		return &Snapshot{Raw: []string{"paused", "parked"}[call%2]}, nil
	}}
	bubble(t, s, opts, func(t *testing.T, p *Poller) {
		began := time.Now()
		_, err := p.Job(Snapshot{Ref: ref("1")}).Wait(t.Context())
		var unknown *UnknownStateError
		if !errors.As(err, &unknown) || unknown.Snapshot.Raw == "" || unknown.For < 10*time.Minute {
			t.Error(err)
		}
		if d := time.Since(began); d < 10*time.Minute || d > 13*time.Minute {
			t.Error(d)
		}
	})
	if !slices.Equal(told, []string{"paused", "parked"}) {
		t.Error(told)
	}
	// A known state in between begins the grace anew, and an unknown one is never success.
	s = &script{latency: latency, fetch: func(_ Ref, call int) (*Snapshot, error) {
		switch {
		case call == 100:
			return &Snapshot{Phase: PhaseSucceeded}, nil
		case call%5 == 4:
			return &Snapshot{Phase: PhaseRunning}, nil
		}
		return &Snapshot{Raw: "paused"}, nil
	}}
	bubble(t, s, Options{}, func(t *testing.T, p *Poller) {
		if _, err := p.Job(Snapshot{Ref: ref("1")}).Wait(t.Context()); err != nil || s.count("fetch") != 101 {
			t.Error(err, s.count("fetch"))
		}
	})
}

func TestFinalStaysFinal(t *testing.T) {
	s := &script{fetch: phases(PhaseSucceeded, PhaseRunning, PhaseFailed)}
	bubble(t, s, Options{}, func(t *testing.T, p *Poller) {
		j := p.Job(Snapshot{Ref: ref("1")})
		for range 4 {
			if got, err := j.Refresh(t.Context()); err != nil || got.Phase != PhaseSucceeded {
				t.Error(got, err)
			}
		}
	})
}

func TestRefresh(t *testing.T) {
	s := &script{latency: latency, fetch: phases(PhaseRunning)}
	bubble(t, s, Options{Intervals: Intervals{Min: time.Hour}}, func(t *testing.T, p *Poller) {
		j := p.Job(Snapshot{Ref: ref("1"), Created: time.Now(), Observed: time.Now()})
		if got, err := j.Refresh(t.Context()); err != nil || got.Phase != PhaseRunning || j.Last().Phase != PhaseRunning {
			t.Error(got, err)
		}
		// Another handle's wait hears what this one's Refresh brings.
		done := make(chan error)
		go func() {
			_, err := p.Job(j.Last()).Wait(t.Context())
			done <- err
		}()
		synctest.Wait()
		s.fetch = phases(PhaseSucceeded)
		began := time.Now()
		if _, err := j.Refresh(t.Context()); err != nil {
			t.Error(err)
		}
		if err := <-done; err != nil || time.Since(began) != latency {
			t.Error(err, time.Since(began))
		}
		s.fetch = func(Ref, int) (*Snapshot, error) { return nil, nil }
		if _, err := p.Job(Snapshot{Ref: ref("2")}).Refresh(t.Context()); !errors.Is(err, ErrGone) {
			t.Error(err)
		}
		s.fetch = func(Ref, int) (*Snapshot, error) { return nil, fail(apierr.KindUnavailable) }
		if got, err := p.Job(Snapshot{Ref: ref("2"), Phase: PhaseRunning}).Refresh(t.Context()); !errors.Is(err, apierr.ErrUnavailable) || got.Phase != PhaseRunning {
			t.Error(got, err)
		}
	})
}

func TestSharedPolls(t *testing.T) {
	s := &script{latency: latency, fetch: phases(PhaseRunning, PhaseRunning, PhaseSucceeded)}
	bubble(t, s, Options{}, func(t *testing.T, p *Poller) {
		done := make(chan error)
		for range 100 {
			go func() {
				_, err := p.Job(Snapshot{Ref: ref("1")}).Wait(t.Context())
				done <- err
			}()
		}
		for range 100 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		if n := s.count("fetch"); n != 3 {
			t.Errorf("%d polls", n)
		}
	})
}

// One call for many jobs: the answered ones are not harmed by an error of the call, nor by a job that spoils the batch.
func TestBatchErrors(t *testing.T) {
	jobsOf := func(p *Poller, n int) (jobs []*Job) {
		for i := range n {
			jobs = append(jobs, p.Job(Snapshot{Ref: ref(itoa(i))}))
		}
		return jobs
	}
	t.Run("partial answers", func(t *testing.T) {
		s := &script{latency: latency, fetch: func(r Ref, _ int) (*Snapshot, error) {
			if r.ID == "7" {
				return nil, nil
			}
			return &Snapshot{Phase: PhaseSucceeded}, nil
		}, whole: func([]Ref, int) error { return fail(apierr.KindUnavailable) }}
		bubble(t, s, Options{}, func(t *testing.T, p *Poller) {
			failed := 0
			for r, err := range WaitAll(t.Context(), jobsOf(p, 20)) {
				if (err == nil) != (r.Job.Ref().ID != "7") {
					t.Error(r, err)
				}
				if err != nil {
					failed++
				}
			}
			if failed != 1 {
				t.Error(failed)
			}
		})
	})
	t.Run("one spoils the batch", func(t *testing.T) {
		s := &script{latency: latency}
		s.whole = func(refs []Ref, call int) error {
			if slices.Contains(refs, ref("7")) {
				return fail(apierr.KindPermissionDenied)
			}
			return nil
		}
		bubble(t, &spoiled{s}, Options{}, func(t *testing.T, p *Poller) {
			n := 0
			for r, err := range WaitAll(t.Context(), jobsOf(p, 20)) {
				n++
				if r.Job.Ref().ID == "7" {
					if !errors.Is(err, apierr.ErrPermissionDenied) {
						t.Error(err)
					}
				} else if err != nil {
					t.Error(r, err)
				}
			}
			if n != 20 {
				t.Error(n)
			}
		})
	})
	t.Run("credentials fail all at once", func(t *testing.T) {
		s := &script{latency: latency, fetch: func(Ref, int) (*Snapshot, error) { return nil, nil },
			whole: func([]Ref, int) error { return fail(apierr.KindUnauthenticated) }}
		bubble(t, s, Options{}, func(t *testing.T, p *Poller) {
			for _, err := range WaitAll(t.Context(), jobsOf(p, 20)) {
				if !errors.Is(err, apierr.ErrUnauthenticated) {
					t.Error(err)
				}
			}
			if n := s.count("fetch"); n != 1 {
				t.Error(n)
			}
		})
	})
}

// spoiled answers nothing at all in a batch with job 7, as a service does that checks all ids first.
type spoiled struct{ *script }

func (s *spoiled) Fetch(ctx context.Context, refs []Ref) iter.Seq2[Snapshot, error] {
	answering := &script{latency: s.latency, fetch: phases(PhaseSucceeded), whole: s.whole}
	if slices.Contains(refs, ref("7")) {
		answering.fetch = func(Ref, int) (*Snapshot, error) { return nil, nil }
	}
	return answering.Fetch(ctx, refs)
}

func TestWaitAllOfSeveralServices(t *testing.T) {
	a := &script{latency: latency, batch: 1, fetch: phases(PhaseRunning, PhaseRunning, PhaseSucceeded)}
	b := &script{latency: latency, batch: 0, fetch: phases(PhaseRunning, PhaseFailed)}
	synctest.Test(t, func(t *testing.T) {
		p, q := NewPoller(a, Options{Service: "a"}), NewPoller(b, Options{Service: "b"})
		jobs := []*Job{p.Job(Snapshot{Ref: ref("1")}), q.Job(Snapshot{Ref: ref("1")}), q.Job(Snapshot{Ref: ref("2")}), q.Job(Snapshot{Ref: ref("1")}),
			p.Job(Snapshot{Ref: ref("9"), Phase: PhaseSucceeded}), p.Job(Snapshot{})}
		var order []*Job
		for r, err := range WaitAll(t.Context(), jobs) {
			order = append(order, r.Job)
			if (err == nil) != (r.Snapshot.Phase == PhaseSucceeded) {
				t.Error(r, err)
			}
		}
		if len(order) != len(jobs) || order[0] != jobs[4] || order[1] != jobs[5] || order[5] != jobs[0] {
			t.Error(order)
		}
		if b.count("fetch") != 2 {
			t.Error(b.calls)
		}
		for range WaitAll(t.Context(), nil) {
			t.Error("nothing to wait for")
		}
	})
}

func TestWaitAllStopsEarly(t *testing.T) {
	s := stoppable{&script{latency: latency, fetch: func(r Ref, _ int) (*Snapshot, error) {
		if r.ID == "0" {
			return &Snapshot{Phase: PhaseSucceeded}, nil
		}
		return &Snapshot{Phase: PhaseRunning}, nil
	}}}
	bubble(t, s, Options{}, func(t *testing.T, p *Poller) {
		jobs := []*Job{p.Job(Snapshot{Ref: ref("0")}), p.Job(Snapshot{Ref: ref("1")})}
		for range WaitAll(t.Context(), jobs, CancelOnDone()) {
			break
		}
		n := s.count("fetch")
		time.Sleep(time.Hour)
		if s.count("fetch") != n || len(s.cancels) > 0 || p.run != nil || len(p.watches) > 0 {
			t.Error(s.calls, s.cancels, p.run)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		ended := 0
		for r, err := range WaitAll(ctx, jobs, CancelOnDone()) {
			if (r.Job == jobs[0]) != (err == nil) || err != nil && !errors.Is(err, context.DeadlineExceeded) {
				t.Error(r, err)
			}
			ended++
		}
		if ended != 2 || !slices.Equal(s.cancels, []Ref{ref("1")}) {
			t.Error(ended, s.cancels)
		}
	})
}

func TestWatch(t *testing.T) {
	s := &script{latency: latency, fetch: phases(PhasePending, PhasePending, PhaseRunning, PhaseRunning, PhaseFailed)}
	bubble(t, s, Options{}, func(t *testing.T, p *Poller) {
		var got []string
		var seen []Phase
		for snapshot, err := range p.Job(Snapshot{Ref: ref("1")}).Watch(t.Context(), OnSnapshot(func(s Snapshot) { seen = append(seen, s.Phase) })) {
			got = append(got, fmt.Sprint(snapshot.Phase, " ", err != nil))
		}
		want := []string{"unknown false", "pending false", "running false", "failed true"}
		if !slices.Equal(got, want) || !reflect.DeepEqual(seen, []Phase{PhaseUnknown, PhasePending, PhaseRunning, PhaseFailed}) {
			t.Error(got, seen)
		}
		for range p.Job(Snapshot{Ref: ref("2")}).Watch(t.Context()) {
			break
		}
		synctest.Wait()
		if p.run != nil {
			t.Error("still running")
		}
	})
}

func TestIntervalsOfAWait(t *testing.T) {
	s := &script{fetch: phases(PhaseRunning)}
	bubble(t, s, Options{}, func(t *testing.T, p *Poller) {
		_, _ = p.Job(Snapshot{Ref: ref("1"), Created: time.Now().Add(-24 * time.Hour)}).Wait(t.Context(), MaxWait(time.Minute),
			WithIntervals(Intervals{Min: 100 * time.Millisecond, Max: 200 * time.Millisecond, MaxAlone: 200 * time.Millisecond}))
		if n := s.count("fetch"); n < 250 || n > 700 {
			t.Error(n)
		}
		if len(p.tight) > 0 {
			t.Error(p.tight)
		}
	})
}

type tellSlow struct{ got *[]SlowJob }

func (h tellSlow) OnSlowJob(s SlowJob) { *h.got = append(*h.got, s) }

func TestSlowJobHook(t *testing.T) {
	var told []SlowJob
	s := &script{latency: latency, fetch: phases(PhaseRunning)}
	bubble(t, s, Options{Hooks: []Hook{tellSlow{&told}}}, func(t *testing.T, p *Poller) {
		minute := time.Minute
		_, _ = p.Job(Snapshot{Ref: ref("1"), Observed: time.Now(), Created: time.Now()}, minute, minute, minute).Wait(t.Context(), MaxWait(time.Hour))
	})
	if len(told) != 1 || told[0].Age < time.Minute || told[0].Age > 10*time.Minute || told[0].Usual.Round(time.Second) != time.Minute {
		t.Error(told)
	}
}

func TestErrorTexts(t *testing.T) {
	running := Snapshot{Ref: ref("4711"), Phase: PhaseRunning, Raw: "running"}
	for _, tt := range []struct {
		err  error
		want string
	}{
		{&FailedError{Snapshot{Ref: ref("4711"), Phase: PhaseFailed, Failure: &Failure{Origin: "source", Type: "config_error", Message: "password\nrefused"}}},
			"sim sync 4711 failed: source: password refused (config_error)"},
		{&FailedError{Snapshot{Ref: ref("4711"), Phase: PhaseFailed}}, "sim sync 4711 failed and the service gave no reason — read the job's log there"},
		{&FailedError{Snapshot{Ref: ref("4711"), Phase: PhaseCanceled}}, "sim sync 4711 was cancelled at the service — start a new one if that was not meant"},
		{&WaitError{Last: running, Polls: 12, Elapsed: 5 * time.Minute, Err: context.DeadlineExceeded},
			"stopped waiting for sim sync 4711 after 5m0s and 12 polls, last seen running: context deadline exceeded — the job goes on: wait again or resume from its token"},
		{&WaitError{Last: running, Polls: 1, Elapsed: time.Second, Err: ErrGone},
			"stopped waiting for sim sync 4711 after 1s and 1 poll, last seen running: the service does not know the job — check its id and what the credentials may read"},
		{&UnknownStateError{Snapshot: Snapshot{Ref: ref("4711"), Raw: "paused"}, For: 10 * time.Minute},
			`sim sync 4711 has been in the unknown state "paused" for 10m0s — a newer version of this library may know it; look at the job at the service`},
	} {
		if got := tt.err.Error(); got != tt.want {
			t.Errorf("%s\nwant %s", got, tt.want)
		}
	}
}
