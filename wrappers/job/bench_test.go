package job

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// Ten thousand waits over one hour of virtual time: what they cost the service, how late they are, and the time that
// the whole simulation takes.
func BenchmarkTenThousandWaits(b *testing.B) {
	var got, base tally
	for b.Loop() {
		synctestBench(b, func(t *testing.T) {
			w := newWorld(10_000, time.Hour, 7)
			base.add(fixedPoll(w, 2*time.Second))
			got.add(waited(t, w, NewPoller(feedWorld{w}, Options{Service: "sim"}), false))
		})
	}
	n := float64(b.N)
	b.ReportMetric(float64(got.requests)/n, "requests/op")
	b.ReportMetric(float64(got.requests)/float64(base.requests), "requests/fixed2s")
	b.ReportMetric(got.mean().Seconds(), "mean-delay-s")
	b.ReportMetric(got.p99().Seconds(), "p99-delay-s")
	b.ReportMetric(float64(got.peak), "peak-requests/s")
}

// synctestBench runs f in a bubble; synctest wants a *testing.T, which a benchmark does not have.
func synctestBench(b *testing.B, f func(t *testing.T)) {
	ok := testing.RunTests(func(string, string) (bool, error) { return true, nil }, []testing.InternalTest{{
		Name: b.Name(), F: func(t *testing.T) { synctest.Test(t, f) },
	}})
	if !ok {
		b.Fatal("the simulation failed")
	}
}

// The decision when to ask next, with ten thousand jobs waited for: young ones, and so old ones that all must be looked at.
func BenchmarkTick(b *testing.B) {
	for name, age := range map[string]time.Duration{"young": 5 * time.Minute, "old": 300 * time.Hour} {
		b.Run(name, func(b *testing.B) {
			p := NewPoller(silent{}, Options{Service: "sim"})
			now := time.Now()
			for i := range 10_000 {
				j := p.Job(Snapshot{Ref: Ref{Service: "sim", ID: itoa(i)}})
				j.state.base = now.Add(-age)
				p.waited[j.key] = j
			}
			b.ReportAllocs()
			for b.Loop() {
				p.crowdPause(now)
			}
		})
	}
}

// The end of ten thousand waits, each with a context of its own, when the one that all of them come from is cancelled.
func BenchmarkCancelTenThousand(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		p := NewPoller(silent{}, Options{Service: "sim"})
		ctx, cancel := context.WithCancel(b.Context())
		var stops []context.CancelFunc
		var group sync.WaitGroup
		for i := range 10_000 {
			j := p.Job(Snapshot{Ref: Ref{Service: "sim", Kind: "sync", ID: itoa(i), Scope: "w"}, Phase: PhaseRunning, Observed: time.Now()})
			own, stop := context.WithTimeout(ctx, time.Hour)
			stops = append(stops, stop)
			group.Go(func() { _, _ = j.Wait(own) })
		}
		for in := 0; in < 10_000; runtime.Gosched() {
			p.mu.Lock()
			in = len(p.waited)
			p.mu.Unlock()
		}
		b.StartTimer()
		cancel()
		group.Wait()
		b.StopTimer()
		for _, stop := range stops {
			stop()
		}
		b.StartTimer()
	}
}

// A schedule for a job whose parent's runs are known.
func BenchmarkPlan(b *testing.B) {
	l := newLaw([]time.Duration{3 * time.Minute, 4 * time.Minute, 5 * time.Minute})
	for b.Loop() {
		l.makePlan(120)
	}
}

func BenchmarkToken(b *testing.B) {
	p := NewPoller(silent{}, Options{Service: "sim", Origin: "https://api.example.com"})
	j := p.Job(Snapshot{Ref: ref("4711")})
	b.ReportAllocs()
	for b.Loop() {
		token, err := ParseToken(j.Token().String())
		if err == nil {
			_, err = p.Resume(token)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}
