package job

import (
	"context"
	"sync"
	"testing"
	"time"
)

// Runs that end while others begin lose nobody. In real time, because it is about what really happens at once.
func TestRunsBeginAndEnd(t *testing.T) {
	s := &script{fetch: phases(PhaseSucceeded)}
	p := NewPoller(s, Options{Service: "sim"})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var group sync.WaitGroup
	for g := range 4 {
		group.Go(func() {
			for i := range 1000 {
				short, stop := context.WithCancel(ctx)
				if i%7 == g {
					stop() // some leave while they join
				}
				_, err := p.Job(Snapshot{Ref: ref(itoa(g*10_000 + i))}).Wait(short)
				if err != nil && i%7 != g {
					t.Error(err)
				}
				stop()
			}
		})
	}
	group.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.run != nil || len(p.waited) > 0 || len(p.watches) > 0 || len(p.scopes) > 0 {
		t.Error("something is left over")
	}
}
