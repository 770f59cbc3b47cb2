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

// A parked wait, its goroutine included, costs at most 3 KB. The ways of waiting that run the caller's loop need a deeper
// stack, of which there are 2 KB or 4. A context of its own costs a wait what the context's Done channel and being told
// of its end take, 0.6 KB; the context itself, 0.3 KB, was there before.
func TestParkedWaitMemory(t *testing.T) {
	ways := []struct {
		name string
		wait func(ctx context.Context, j *Job)
		most float64 // under one context, in bytes
	}{
		{"Wait", func(ctx context.Context, j *Job) { _, _ = j.Wait(ctx) }, 3 << 10},
		{"Watch", func(ctx context.Context, j *Job) {
			for range j.Watch(ctx) {
			}
		}, 5632},
		{"WaitAll", func(ctx context.Context, j *Job) {
			for range WaitAll(ctx, []*Job{j}) {
			}
		}, 5632},
	}
	const own = 640
	for _, way := range ways {
		parked(t, way.name, false, way.most, way.wait)
		parked(t, way.name+" under a timeout", true, way.most+own, way.wait)
	}
}

// parked measures a few thousand parked waits.
func parked(t *testing.T, name string, timeouts bool, most float64, wait func(ctx context.Context, j *Job)) {
	const waits = 5_000
	p := NewPoller(silent{}, Options{Service: "sim"})
	ctx, cancel := context.WithCancel(t.Context())
	jobs := make([]*Job, waits)
	var contexts []context.Context
	for i := range jobs {
		jobs[i] = p.Job(Snapshot{Ref: Ref{Service: "sim", Kind: "sync", ID: itoa(i), Scope: "w"}, Phase: PhaseRunning, Observed: time.Now()})
		if timeouts {
			own, stop := context.WithTimeout(ctx, time.Hour)
			t.Cleanup(stop)
			contexts = append(contexts, own)
		} else {
			contexts = append(contexts, ctx)
		}
	}
	inUse := func() uint64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapInuse + m.StackInuse
	}
	// The run time keeps what it has made for goroutines that have ended. These take that, and keep it until the test ends.
	idle := make(chan struct{})
	t.Cleanup(func() { close(idle) })
	for range waits {
		go func() { <-idle }()
	}
	before := inUse()
	var group sync.WaitGroup
	for i, j := range jobs {
		ctx := contexts[i]
		group.Go(func() { wait(ctx, j) })
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
	t.Logf("%s: %.0f B", name, each)
	if each > most && !raceDetector {
		t.Errorf("%s costs %.0f B while parked, want %.0f at most", name, each, most)
	}
}
