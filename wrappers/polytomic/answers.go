package polytomic

import (
	"sync"
	"sync/atomic"
	"weak"

	"github.com/sluice-sdk/sluice/wrappers/job"
)

// answers hands what a poll read on to the handles of the same job, so that the answer that ended a wait need not be
// asked for again. Handles that are gone cost nothing.
type answers struct {
	mu    sync.Mutex
	cells map[job.Ref]weak.Pointer[cell]
	sweep int // how many cells make it worth looking for dead ones
}

// cell holds the last answer about one job. One that tells of its end is not replaced by one from before, which may come in
// late when several ask.
type cell struct {
	value atomic.Value
	final bool // guarded by answers.mu
}

// of returns the cell of a job, the same for all handles.
func (a *answers) of(ref job.Ref) *cell {
	key := job.Ref{Kind: ref.Kind, ID: ref.ID}
	a.mu.Lock()
	defer a.mu.Unlock()
	if c := a.cells[key].Value(); c != nil {
		return c
	}
	if a.cells == nil {
		a.cells = make(map[job.Ref]weak.Pointer[cell])
	}
	if len(a.cells) >= max(a.sweep, 64) {
		for k, p := range a.cells {
			if p.Value() == nil {
				delete(a.cells, k)
			}
		}
		a.sweep = 2 * len(a.cells)
	}
	c := &cell{}
	a.cells[key] = weak.Make(c)
	return c
}

// put stores an answer for the handles that there are. Phase is what it says about the job.
func (a *answers) put(ref job.Ref, phase job.Phase, value any) {
	a.mu.Lock()
	defer a.mu.Unlock()
	c := a.cells[job.Ref{Kind: ref.Kind, ID: ref.ID}].Value()
	if c == nil || c.final && !phase.Final() {
		return
	}
	c.final = phase.Final()
	c.value.Store(value)
}

// read returns the answer in a cell, nil when there is none.
func read[T any](c *cell) *T {
	v, _ := c.value.Load().(*T)
	return v
}
