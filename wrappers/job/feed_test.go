package job

import (
	"errors"
	"testing"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

func fresh(p *Poller, n int) (jobs []*Job) {
	for i := range n {
		jobs = append(jobs, p.Job(Snapshot{Ref: ref(itoa(i)), Phase: PhasePending, Raw: "pending", Created: time.Now(), Observed: time.Now()}))
	}
	return jobs
}

func inPhase(phase Phase, n int) (all []Snapshot) {
	for i := range n {
		all = append(all, Snapshot{Ref: ref(itoa(i)), Phase: phase, Raw: phase.String()})
	}
	return all
}

// Each call of Changes reaches back to where the last complete one began, and to when the jobs were read before that.
func TestFeedWatermark(t *testing.T) {
	var sinces []time.Time
	s := feedScript{script: &script{latency: latency, batch: 1, fetch: phases(PhaseRunning)}}
	s.unfinished = func() ([]Snapshot, error) { return nil, nil }
	s.changes = func(since time.Time, call int) ([]Snapshot, error) {
		sinces = append(sinces, since)
		switch call {
		case 2, 3:
			return inPhase(PhaseSucceeded, 1), fail(apierr.KindUnavailable)
		case 5:
			return inPhase(PhaseSucceeded, 3), nil
		}
		return nil, nil
	}
	bubble(t, s, Options{}, func(t *testing.T, p *Poller) {
		began := time.Now()
		for r, err := range WaitAll(t.Context(), fresh(p, 3)) {
			if err != nil {
				t.Error(r, err)
			}
		}
		want := []time.Time{began, s.at[0], s.at[1], s.at[1], s.at[1], s.at[4]}
		if len(sinces) != len(want) || s.count("fetch") > 0 {
			t.Fatal(sinces, s.calls)
		}
		for i := range want {
			if !sinces[i].Equal(want[i]) {
				t.Errorf("call %d since %v, want %v", i, sinces[i].Sub(began), want[i].Sub(began))
			}
		}
	})
}

// A feed that is refused, or fails for long, is left for Fetch, and the waits notice nothing.
func TestFeedRefused(t *testing.T) {
	for _, kind := range []apierr.Kind{apierr.KindPermissionDenied, apierr.KindUnsupported, apierr.KindUnavailable, apierr.KindDecode} {
		s := feedScript{script: &script{latency: latency, batch: 1, fetch: phases(PhaseRunning, PhaseRunning, PhaseRunning, PhaseRunning, PhaseSucceeded)}}
		s.changes = func(time.Time, int) ([]Snapshot, error) { return nil, fail(kind) }
		bubble(t, s, Options{}, func(t *testing.T, p *Poller) {
			began := time.Now()
			for r, err := range WaitAll(t.Context(), fresh(p, 3)) {
				if err != nil {
					t.Error(kind, r, err)
				}
			}
			if d := time.Since(began); d > 90*time.Second {
				t.Error(kind, d)
			}
		})
	}
}

func TestFeedGivesUp(t *testing.T) {
	for kind, at := range map[apierr.Kind]time.Duration{apierr.KindUnauthenticated: 0, apierr.KindRateLimited: 2 * time.Minute, apierr.KindUnavailable: 2 * time.Minute} {
		s := feedScript{script: &script{latency: latency, batch: 1, fetch: func(Ref, int) (*Snapshot, error) { return nil, fail(kind) }}}
		s.changes = func(time.Time, int) ([]Snapshot, error) { return nil, fail(kind) }
		bubble(t, s, Options{}, func(t *testing.T, p *Poller) {
			began := time.Now()
			n := 0
			for _, err := range WaitAll(t.Context(), fresh(p, 3)) {
				n++
				if k, _ := apierr.KindOf(err); k != kind {
					t.Error(kind, err)
				}
			}
			if d := time.Since(began); n != 3 || d < at || d > at+2*time.Minute {
				t.Error(kind, n, d)
			}
		})
	}
}

// What the feed loses, the audit finds.
func TestAudit(t *testing.T) {
	s := feedScript{script: &script{latency: latency, batch: 1, fetch: phases(PhaseSucceeded)}}
	s.changes = func(time.Time, int) ([]Snapshot, error) { return nil, nil }
	s.unfinished = func() ([]Snapshot, error) { return inPhase(PhaseRunning, 1), nil }
	bubble(t, s, Options{}, func(t *testing.T, p *Poller) {
		began := time.Now()
		jobs := fresh(p, 2)
		for r, err := range WaitAll(t.Context(), jobs) {
			if err != nil || r.Job != jobs[1] {
				t.Error(r, err)
			}
			break
		}
		if d := time.Since(began); d < 9*time.Minute || d > 12*time.Minute || s.count("fetch") != 1 {
			t.Error(d, s.count("fetch"))
		}
	})
}

// A job that the feed does not reach is fetched by id after the audit, and the others stay with the feed.
func TestFeedIsBlindForOne(t *testing.T) {
	s := feedScript{script: &script{latency: latency, batch: 1}}
	var began time.Time
	s.fetch = func(r Ref, _ int) (*Snapshot, error) {
		if r.ID != "1" {
			t.Errorf("fetched %v", r)
		}
		if time.Since(began) > time.Hour {
			return &Snapshot{Phase: PhaseSucceeded}, nil
		}
		return &Snapshot{Phase: PhaseRunning}, nil
	}
	s.changes = func(time.Time, int) ([]Snapshot, error) {
		if time.Since(began) > 2*time.Hour {
			return inPhase(PhaseSucceeded, 1), nil
		}
		return nil, nil
	}
	s.unfinished = func() ([]Snapshot, error) { return inPhase(PhaseRunning, 1), nil }
	bubble(t, s, Options{}, func(t *testing.T, p *Poller) {
		began = time.Now()
		jobs := fresh(p, 2)
		for r, err := range WaitAll(t.Context(), jobs) {
			if err != nil {
				t.Error(r, err)
			}
			if d := time.Since(began); r.Job == jobs[1] && d > time.Hour+3*time.Minute {
				t.Error(d)
			}
		}
	})
}

// Many jobs from tokens: the list of unfinished jobs spares most calls by id.
func TestManyResumed(t *testing.T) {
	const n = 500
	s := feedScript{script: &script{latency: latency, batch: 1, fetch: phases(PhaseSucceeded)}}
	var began time.Time
	s.changes = func(time.Time, int) ([]Snapshot, error) {
		if time.Since(began) > time.Minute {
			return inPhase(PhaseSucceeded, n), nil
		}
		return nil, nil
	}
	s.unfinished = func() ([]Snapshot, error) { return inPhase(PhaseRunning, n-10), nil }
	bubble(t, s, Options{}, func(t *testing.T, p *Poller) {
		began = time.Now()
		var jobs []*Job
		for i := range n {
			j, err := p.Resume(p.Job(Snapshot{Ref: ref(itoa(i))}).Token())
			if err != nil {
				t.Fatal(err)
			}
			jobs = append(jobs, j)
		}
		for r, err := range WaitAll(t.Context(), jobs) {
			if err != nil {
				t.Error(r, err)
			}
		}
		if f := s.count("fetch"); f != 10 || s.count("unfinished") != 1 {
			t.Error(f, s.count("unfinished"))
		}
	})
}

func TestWake(t *testing.T) {
	s := feedScript{script: &script{latency: latency, batch: 1, fetch: phases(PhaseSucceeded)}}
	s.changes = func(_ time.Time, call int) ([]Snapshot, error) { return inPhase(PhaseSucceeded, 2), nil }
	opts := Options{Intervals: Intervals{Min: time.Second, Max: 10 * time.Minute, MaxAlone: 10 * time.Minute}}
	for _, alone := range []bool{true, false} {
		s.calls, s.at = nil, nil
		bubble(t, s, opts, func(t *testing.T, p *Poller) {
			p.Wake() // nobody waits: nothing happens
			long := Snapshot{Phase: PhaseRunning, Created: time.Now().Add(-1000 * time.Hour), Observed: time.Now()}
			var jobs []*Job
			for i := range 2 {
				long.Ref = ref(itoa(i))
				jobs = append(jobs, p.Job(long))
			}
			if alone {
				jobs = jobs[:1]
			}
			time.AfterFunc(5*time.Second, func() {
				for range 1000 {
					p.Wake(ref("0"), ref("unheard of"))
				}
			})
			began := time.Now()
			for r, err := range WaitAll(t.Context(), jobs) {
				if err != nil {
					t.Error(r, err)
				}
			}
			if d := time.Since(began); d != 5*time.Second+latency || len(s.calls) != 1 {
				t.Error(d, s.calls)
			}
		})
	}
}

func TestRateLimitHoldsTheFeed(t *testing.T) {
	s := feedScript{script: &script{latency: latency, batch: 1, fetch: phases(PhaseRunning)}}
	s.changes = func(_ time.Time, call int) ([]Snapshot, error) {
		if call == 0 {
			return nil, &apierr.Error{Kind: apierr.KindRateLimited, RetryAfter: 45 * time.Second}
		}
		return inPhase(PhaseFailed, 2), nil
	}
	bubble(t, s, Options{}, func(t *testing.T, p *Poller) {
		for _, err := range WaitAll(t.Context(), fresh(p, 2)) {
			if _, ok := errors.AsType[*FailedError](err); !ok {
				t.Error(err)
			}
		}
		if len(s.at) != 2 || s.at[1].Sub(s.at[0]) < 45*time.Second {
			t.Error(s.calls, s.at)
		}
	})
}

// Jobs whose scope nobody knows are fetched by id, whatever the feed, until a snapshot tells the scope.
func TestFeedNeedsAScope(t *testing.T) {
	for _, told := range []bool{false, true} {
		s := feedScript{script: &script{latency: latency, batch: 1}}
		var began time.Time
		s.fetch = func(r Ref, _ int) (*Snapshot, error) {
			phase := PhaseRunning
			if time.Since(began) > 30*time.Minute {
				phase = PhaseSucceeded
			}
			if told {
				r.Scope = "w"
			}
			return &Snapshot{Ref: r, Phase: phase}, nil
		}
		s.changes = func(time.Time, int) ([]Snapshot, error) {
			if time.Since(began) > 20*time.Minute {
				return inPhase(PhaseSucceeded, 3), nil
			}
			return nil, nil
		}
		s.unfinished = func() ([]Snapshot, error) { return inPhase(PhaseRunning, 3), nil }
		bubble(t, s, Options{}, func(t *testing.T, p *Poller) {
			began = time.Now()
			var jobs []*Job
			for _, j := range fresh(p, 3) {
				last := j.Last()
				last.Scope = ""
				jobs = append(jobs, p.Job(last))
			}
			for r, err := range WaitAll(t.Context(), jobs) {
				if err != nil {
					t.Error(r, err)
				}
			}
			if d := time.Since(began); told && d > 21*time.Minute || !told && d > 33*time.Minute {
				t.Error(told, d)
			}
			if told != (s.count("changes") > 0) {
				t.Error(told, s.count("changes"), s.count("fetch"))
			}
		})
	}
}
