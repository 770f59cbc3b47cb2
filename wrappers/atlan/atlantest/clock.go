package atlantest

import (
	"cmp"
	"container/heap"
	"time"
)

// clock does what is due at a moment (an asset turns up in the index, an archived one is DELETED) when somebody looks,
// without a timer or a goroutine.
type clock struct {
	now     time.Time // as of the last advance
	due     dueHeap
	numbers int // of what was ever due
}

type due struct {
	at     time.Time
	number int // keeps two of the same time in order
	do     func(at time.Time)
}

type dueHeap []due

func (h *dueHeap) Len() int { return len(*h) }

func (h *dueHeap) Less(i, j int) bool {
	a, b := (*h)[i], (*h)[j]
	return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.number, b.number)) < 0
}

func (h *dueHeap) Swap(i, j int) { (*h)[i], (*h)[j] = (*h)[j], (*h)[i] }

// Push implements heap.Interface.
func (h *dueHeap) Push(x any) {
	if d, ok := x.(due); ok {
		*h = append(*h, d)
	}
}

// Pop implements heap.Interface.
func (h *dueHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	old[len(old)-1] = due{}
	*h = old[:len(old)-1]
	return last
}

// schedule does something when its time has come. The lock is held.
func (f *Fake) schedule(at time.Time, do func(at time.Time)) {
	f.numbers++
	heap.Push(&f.due, due{at: at, number: f.numbers, do: do})
}

// advance brings the world to a time. The lock is held.
func (f *Fake) advance(now time.Time) {
	if now.After(f.now) {
		f.now = now
	}
	for len(f.due) > 0 && !f.due[0].at.After(f.now) {
		d := f.due[0]
		heap.Pop(&f.due)
		d.do(d.at)
	}
}
