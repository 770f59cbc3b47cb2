package job

import (
	"context"
	"iter"
	"runtime"
	"sync"
	"testing"
	"time"
)

// silent is a feed in which nothing ever happens.
type silent struct{}

func (silent) MaxBatch() int { return 1 }
func (silent) Fetch(context.Context, []Ref) iter.Seq2[Snapshot, error] {
	return func(func(Snapshot, error) bool) {}
}
func (silent) Changes(context.Context, []Ref, time.Time) iter.Seq2[Snapshot, error] {
	return func(func(Snapshot, error) bool) {}
}
func (silent) Unfinished(context.Context, []Ref) iter.Seq2[Snapshot, error] {
	return func(func(Snapshot, error) bool) {}
}

// raceDetector is set in builds with the race detector, whose own memory would be measured.
var raceDetector bool

// A parked wait, its goroutine included, costs at most 3 KB.
func TestParkedWaitMemory(t *testing.T) {
	const waits = 10_000
	p := NewPoller(silent{}, Options{Service: "sim"})
	ctx, cancel := context.WithCancel(t.Context())
	jobs := make([]*Job, waits)
	for i := range jobs {
		jobs[i] = p.Job(Snapshot{Ref: Ref{Service: "sim", Kind: "sync", ID: itoa(i), Scope: "w"}, Phase: PhaseRunning, Observed: time.Now()})
	}
	inUse := func() uint64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		t.Logf("heap %d, stack %d", m.HeapInuse, m.StackInuse)
		return m.HeapInuse + m.StackInuse
	}
	before := inUse()
	var group sync.WaitGroup
	for _, j := range jobs {
		group.Go(func() {
			_, _ = j.Wait(ctx)
		})
	}
	for parked := 0; parked < waits; {
		time.Sleep(10 * time.Millisecond) // real time: memory is what is measured
		p.mu.Lock()
		parked = len(p.waited)
		p.mu.Unlock()
	}
	each := float64(inUse()-before) / waits
	cancel()
	group.Wait()
	t.Logf("%.0f B for each wait", each)
	if each > 3<<10 && !raceDetector {
		t.Errorf("a parked wait costs %.0f B", each)
	}
}
