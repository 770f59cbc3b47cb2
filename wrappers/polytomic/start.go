package polytomic

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/job"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// A sync is started by one POST that carries an idempotency key, so that the chain can repeat it after an answer was
// lost. What remains open after that (a 5xx, a 409 that our own first request may have caused, an answer that never
// came) is settled by looking at the sync: an execution that came into being since the request was sent is taken for
// ours, because a sync has one execution at a time.

// starting is one sync of either sort.
type starting struct {
	resource, id string
	poller       *job.Poller
	// send asks for an execution.
	send func(context.Context) (job.Snapshot, error)
	// look returns the current execution, or else the last one; false when there is none.
	look func(context.Context) (job.Snapshot, bool, error)
}

// lookDelays are the pauses before each look after an unclear answer.
var lookDelays = [...]time.Duration{0, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second}

// afterOther is the pause between the end of an execution that stood in the way and the next request.
const afterOther = 2 * time.Second

func (c *Client) start(ctx context.Context, st starting, policy RunningPolicy) (job.Snapshot, origin, error) {
	if err := checkID(st.resource, st.id); err != nil {
		return job.Snapshot{}, 0, err
	}
	for try := 1; ; try++ {
		sent := time.Now()
		s, err := st.send(attempt(ctx, try))
		if err == nil && s.ID == "" {
			err = &apierr.Error{Service: service, Kind: apierr.KindUnexpected, Status: http.StatusOK, Message: "the answer names no execution", MayHaveApplied: true}
		}
		if err == nil {
			c.begun.add(s.ID)
			return s, originStarted, nil
		}
		if mayHaveApplied(err) {
			s, found, lookErr := c.settle(ctx, st, sent)
			switch {
			case found:
				c.begun.add(s.ID)
				return s, originRecovered, nil
			case !errors.Is(err, ErrSyncRunning) || lookErr != nil:
				return job.Snapshot{}, 0, &StartUnknownError{Resource: st.resource, SyncID: st.id, Err: errors.Join(err, lookErr)}
			}
		}
		if !errors.Is(err, ErrSyncRunning) {
			return job.Snapshot{}, 0, about(st.resource, st.id, err)
		}
		running, ok, lookErr := st.look(ctx)
		ok = ok && lookErr == nil && !running.Phase.Final()
		switch policy {
		case Attach:
			if ok {
				return running, originAttached, nil
			}
		case WaitThenRun:
			if ok {
				var failed *job.FailedError
				if _, err := st.poller.Job(running).Wait(ctx); err != nil && !errors.As(err, &failed) {
					return job.Snapshot{}, 0, about(st.resource, st.id, err)
				}
			}
		default:
			e := &SyncRunningError{Resource: st.resource, SyncID: st.id, Err: err}
			if ok {
				e.ExecutionID, e.Status = running.ID, running.Raw
			}
			return job.Snapshot{}, 0, e
		}
		if lookErr != nil {
			return job.Snapshot{}, 0, about(st.resource, st.id, errors.Join(err, lookErr))
		}
		// Whatever ran has ended. The refusal proved that nothing was started, so ask again.
		if !sleep(ctx, afterOther) {
			return job.Snapshot{}, 0, about(st.resource, st.id, errors.Join(context.Cause(ctx), err))
		}
	}
}

// attempt returns the context of a request that asks once more after a refusal. A key that the caller gave would bring the
// refusal back; one that is made of it is known to the service when the caller's program asks the same again.
func attempt(ctx context.Context, try int) context.Context {
	if key, ok := transport.IdempotencyKey(ctx); ok && try > 1 {
		return transport.WithIdempotencyKey(ctx, key+"-"+itoa(try))
	}
	return ctx
}

// settle looks for an execution that came into being after a request was sent.
func (c *Client) settle(ctx context.Context, st starting, sent time.Time) (s job.Snapshot, found bool, err error) {
	for _, delay := range lookDelays {
		if !sleep(ctx, delay) {
			return s, false, context.Cause(ctx)
		}
		var ok bool
		if s, ok, err = st.look(ctx); err != nil || !ok || s.ID == "" || c.begun.has(s.ID) {
			continue
		}
		if s.Created.After(c.clock.at(sent).Add(-clockTolerance)) { // now that an answer told the service's time
			return s, true, nil
		}
		if !s.Phase.Final() {
			break // an older one runs, so ours does not
		}
	}
	return s, false, err
}

// sleep waits, and reports false when ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	if ctx.Err() != nil {
		return false
	}
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// begun remembers the executions that this client started last, so that none is taken for a later one.
type begun struct {
	mu   sync.Mutex
	ids  map[string]bool
	ring []string
	next int
}

const maxBegun = 4096

func (b *begun) add(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ids == nil {
		b.ids = make(map[string]bool)
	}
	if len(b.ring) < maxBegun {
		b.ring = append(b.ring, id)
	} else {
		delete(b.ids, b.ring[b.next])
		b.ring[b.next] = id
		b.next = (b.next + 1) % maxBegun
	}
	b.ids[id] = true
}

func (b *begun) has(id string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.ids[id]
}
