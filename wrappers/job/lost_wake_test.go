package job

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// A wait whose context ended while it was on its way to the poller is told, also when another one under the same context,
// whose consumer is slow, is still there: that one's share of the context's end was spent before.
func TestJoinUnderAnEndedContext(t *testing.T) {
	s := &script{latency: latency, fetch: phases(PhaseRunning)}
	bubble(t, s, Options{}, func(t *testing.T, p *Poller) {
		ctx, cancel := context.WithCancel(t.Context())
		slow, let := make(chan struct{}), make(chan struct{})
		go func() { // takes long over its first snapshot
			for range p.Job(Snapshot{Ref: ref("1"), Observed: time.Now()}).Watch(ctx) {
				close(slow)
				<-let
				return
			}
		}()
		<-slow
		synctest.Wait()
		// As join does, stopped before it nudges the scheduling goroutine.
		w := newWait(ctx, p.Job(Snapshot{Ref: ref("2"), Observed: time.Now()}), nil)
		w.start, w.one[0].wait = p.clock(), w
		w.one[0].place.Store(joining)
		p.joining.Store(&w.one[0])
		done := make(chan error, 1)
		go func() {
			_, _, err := w.next()
			w.leave()
			done <- err
		}()
		synctest.Wait()
		cancel()
		synctest.Wait()
		p.mu.Lock()
		p.run.nudge()
		p.mu.Unlock()
		synctest.Wait()
		select {
		case err := <-done:
			if !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		default:
			t.Error("the wait sleeps on although its context has ended")
			w.wake()
			<-done
		}
		close(let)
		synctest.Wait()
	})
}
