package airbyte

import (
	"context"
	"iter"
	"time"
)

// creation says how to look for a resource whose creation was answered by nothing useful.
type creation[T any] struct {
	resource, name string
	// adopt says that one candidate is proof enough.
	adopt bool
	// list finds the candidates.
	list func() iter.Seq2[T, error]
	id   func(T) string
	// delays are the pauses before each look; none is one look at once.
	delays []time.Duration
}

// settle turns the failure of a creation into what can be said: the failure itself when it proves that nothing was
// created, the resource when exactly one candidate is there, else a [CreateUnknownError].
func settle[T any](ctx context.Context, failure error, c creation[T]) (T, error) {
	var zero T
	if !mayHaveApplied(failure) {
		return zero, failure
	}
	unknown := &CreateUnknownError{Resource: c.resource, Name: c.name, Err: failure}
	delays := c.delays
	if len(delays) == 0 {
		delays = []time.Duration{0}
	}
	for _, delay := range delays {
		if !sleep(ctx, delay) {
			return zero, unknown
		}
		var found []T
		for item, err := range c.list() {
			if err != nil {
				found = nil // half a list proves nothing
				break
			}
			found = append(found, item)
		}
		if c.adopt && len(found) == 1 {
			return found[0], nil
		}
		unknown.Candidates = unknown.Candidates[:0]
		for _, item := range found {
			unknown.Candidates = append(unknown.Candidates, c.id(item))
		}
		if len(found) > 0 {
			break
		}
	}
	return zero, unknown
}

// recently is how far back a resource may have been created and still be the one that was just asked for: the clocks of
// the server and of this machine differ.
const recently = 5 * time.Minute

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
