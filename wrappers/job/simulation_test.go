package job

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// tally is what a policy cost and gained.
type tally struct {
	requests, peak int
	delays         []time.Duration
}

func (t *tally) mean() time.Duration {
	var sum time.Duration
	for _, d := range t.delays {
		sum += d
	}
	return sum / time.Duration(len(t.delays))
}

func (t *tally) p99() time.Duration {
	slices.Sort(t.delays)
	return t.delays[min(len(t.delays)-1, len(t.delays)*99/100)]
}

func (t *tally) add(o *tally) {
	t.requests += o.requests
	t.peak = max(t.peak, o.peak)
	t.delays = append(t.delays, o.delays...)
}

// fixedPoll is every job of w polled on its own with a fixed pause between answer and next request.
func fixedPoll(w *world, pause time.Duration) *tally {
	t := &tally{}
	buckets := map[int64]int{}
	for _, j := range w.jobs {
		for at := j.start + pause; ; at += roundTrip + pause {
			t.requests++
			buckets[int64(at/time.Second)]++
			if j.end <= at+roundTrip/2 {
				t.delays = append(t.delays, at+roundTrip-j.end)
				break
			}
		}
	}
	for _, n := range buckets {
		t.peak = max(t.peak, n)
	}
	return t
}

// waited is every job of w waited for from its start on by a goroutine of its own.
func waited(tb testing.TB, w *world, p *Poller, past bool) *tally {
	t := &tally{}
	r := rand.New(rand.NewPCG(w.seed, 2))
	p.random = r.Float64
	var mu sync.Mutex
	var group sync.WaitGroup
	for _, j := range w.list {
		group.Add(1)
		time.AfterFunc(j.start-time.Since(w.zero), func() {
			defer group.Done()
			var runs []time.Duration
			if past {
				runs = j.past
			}
			s, err := p.Job(w.snapshot(j, j.start), runs...).Wait(tb.Context())
			delay := time.Since(w.zero) - j.end
			if s.Phase != j.final || (err == nil) != (j.final == PhaseSucceeded) || delay < 0 {
				tb.Errorf("%s ended as %v with %v after %v", j.ref, s, err, delay)
			}
			mu.Lock()
			t.delays = append(t.delays, delay)
			mu.Unlock()
		})
	}
	group.Wait()
	t.requests, t.peak = w.requests, w.peak()
	return t
}

// figures are what the promises are made of: shares of the fixed poll's cost, and absolutes where they are.
type figures struct {
	requests, mean, p99 float64 // shares; 0: no promise
	atMost              time.Duration
	peak                int
}

func (f figures) check(t *testing.T, got, base *tally) {
	t.Helper()
	share := func(a, b float64) float64 { return a / b }
	requests := share(float64(got.requests), float64(base.requests))
	mean, p99 := share(float64(got.mean()), float64(base.mean())), share(float64(got.p99()), float64(base.p99()))
	t.Logf("%d requests (1/%.1f = %.4f), mean delay %v (%.3f), p99 %v (%.3f), peak %d/s; fixed poll: %d, %v, %v, %d/s",
		got.requests, 1/requests, requests, got.mean(), mean, got.p99(), p99, got.peak, base.requests, base.mean(), base.p99(), base.peak)
	if requests > f.requests || mean > f.mean || f.p99 > 0 && p99 > f.p99 || f.atMost > 0 && got.p99() > f.atMost || f.peak > 0 && got.peak > f.peak {
		t.Errorf("promised: %+v", f)
	}
}

// Ten thousand jobs started over one hour, against every job polled every two seconds.
func TestSimulationTenThousand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(10_000, time.Hour, 7)
		base := fixedPoll(w, 2*time.Second)
		got := waited(t, w, NewPoller(feedWorld{w}, Options{Service: "sim"}), false)
		figures{requests: 1. / 150, mean: .65, p99: .65, peak: 15}.check(t, got, base)
	})
}

// A hundred jobs started at once, twenty times over, against every job polled every two seconds.
func TestSimulationHundred(t *testing.T) {
	var got, base tally
	for seed := range uint64(20) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(100, 0, seed)
			base.add(fixedPoll(w, 2*time.Second))
			got.add(waited(t, w, NewPoller(feedWorld{w}, Options{Service: "sim"}), false))
		})
	}
	figures{requests: 1. / 16, mean: .9, atMost: 5 * time.Second}.check(t, &got, &base)
}

// One job whose parent has five past runs, four thousand times over, against a poll every five seconds. When the
// source is asked for the past that costs a request, which counts: it is one in about 25, and allowed for.
func TestSimulationOne(t *testing.T) {
	for name, given := range map[string]bool{"past given": true, "past asked for": false} {
		t.Run(name, func(t *testing.T) {
			var got, base tally
			for seed := range uint64(4000) {
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(1, 0, seed)
					base.add(fixedPoll(w, 5*time.Second))
					got.add(waited(t, w, NewPoller(pastWorld{w}, Options{Service: "sim"}), given))
				})
			}
			promised := figures{requests: .45, mean: 1.05}
			if !given {
				promised.requests += .01
			}
			promised.check(t, &got, &base)
		})
	}
}
