package transport

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// RetryOptions says how failed tries are repeated. The zero value of a field is its default.
type RetryOptions struct {
	// MaxAttempts is how many tries one call makes at most: 4. One means no retries.
	MaxAttempts int
	// Base is the longest pause before the second try: 250 ms. It doubles from try to try. The actual pause is a
	// random part of it, so that clients that failed together do not return together.
	Base time.Duration
	// ThrottleBase is Base for answers that say "too fast": 1 s.
	ThrottleBase time.Duration
	// Cap is the longest pause: 20 s.
	Cap time.Duration
	// MaxRetryAfter is the longest pause that a service may ask for: 60 s. When it asks for more, or for more than
	// the caller's deadline leaves, the error comes back at once with RetryAfter filled.
	MaxRetryAfter time.Duration
	// Budget bounds the retries of all calls of a client together: 500. A retry takes 5 and gives them back when
	// it succeeds, a success without a retry gives 1. So a service that is down costs at most 100 retries, after
	// which calls fail at their first error. -1 removes the bound.
	Budget int
}

const (
	retryCost   = 5
	retryReward = 1
	noBudget    = -1
)

func (o RetryOptions) withDefaults() (RetryOptions, error) {
	if o.MaxAttempts < 0 || o.Base < 0 || o.ThrottleBase < 0 || o.Cap < 0 || o.MaxRetryAfter < 0 || o.Budget < noBudget {
		return o, fmt.Errorf("a negative value in %+v", o)
	}
	if o.MaxAttempts == 0 {
		o.MaxAttempts = 4
	}
	if o.Base == 0 {
		o.Base = 250 * time.Millisecond
	}
	if o.ThrottleBase == 0 {
		o.ThrottleBase = max(time.Second, o.Base)
	}
	if o.Cap == 0 {
		o.Cap = 20 * time.Second
	}
	if o.MaxRetryAfter == 0 {
		o.MaxRetryAfter = time.Minute
	}
	if o.Budget == 0 {
		o.Budget = 500
	}
	return o, nil
}

// budget is the token bucket that bounds the retries of a client.
type budget struct {
	limit int64
	left  atomic.Int64
}

func (b *budget) init(limit int) {
	b.limit = int64(limit)
	b.left.Store(b.limit)
}

func (b *budget) take() bool {
	if b.limit == noBudget {
		return true
	}
	for {
		left := b.left.Load()
		if left < retryCost {
			return false
		}
		if b.left.CompareAndSwap(left, left-retryCost) {
			return true
		}
	}
}

func (b *budget) give(n int64) {
	for {
		left := b.left.Load()
		if left >= b.limit || b.left.CompareAndSwap(left, min(b.limit, left+n)) {
			return
		}
	}
}

// withRetry repeats tries that failed, as the table in the package documentation says.
func (c *Client) withRetry(next exchange) exchange {
	return func(cl *call) (*http.Response, *apierr.Error) {
		for try := 1; ; try++ {
			before := cl.attempts
			cl.again = 0
			resp, e := next(cl)
			if cl.attempts > before {
				cl.hookAttempt(resp, e)
			}
			if e == nil {
				if try == 1 {
					c.budget.give(retryReward)
				} else {
					c.budget.give(retryCost)
				}
				return resp, nil
			}
			if !cl.worthRepeating(e) {
				return nil, e
			}
			var pause time.Duration
			var why string
			if cl.again > 0 {
				try-- // a pause that the decoder asked for is no retry
				pause, why = cl.foreseen()
			} else if pause, why = c.pause(cl, e, try); why == "" && !c.budget.take() {
				why = "the retry budget of this client is empty"
			}
			if why != "" {
				cl.gaveUp(e, why)
				return nil, e
			}
			cl.hookRetry(e, pause)
			if err := sleep(cl.ctx, pause); err != nil {
				return nil, cl.ended(e)
			}
		}
	}
}

// worthRepeating is the retry table: see the package documentation.
func (cl *call) worthRepeating(e *apierr.Error) bool {
	if !cl.repeatable() && cl.opened {
		return false
	}
	if cl.again > 0 {
		return true
	}
	switch cl.class {
	case failedUnsent:
		return true
	case failedUnsettled:
		return cl.safety != Unsafe
	case failedConnection, failedTimeout:
		return cl.safety != Unsafe || cl.entry.IdempotencyKey != ""
	case failedStatus:
		switch e.Status {
		case http.StatusTooManyRequests:
			return true
		case http.StatusRequestTimeout, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
			return cl.safety != Unsafe
		case http.StatusInternalServerError:
			return cl.safety == Safe
		}
	case failedFinal, failedEnded:
	}
	return false
}

// pause says how long to wait before the next try, or why there is none.
func (c *Client) pause(cl *call, e *apierr.Error, try int) (time.Duration, string) {
	if try >= c.retry.MaxAttempts {
		return 0, "all tries are used up"
	}
	base := c.retry.Base
	if e.Status == http.StatusTooManyRequests || e.RetryAfter > 0 {
		base = c.retry.ThrottleBase
	}
	most := c.retry.Cap
	if shift := try - 1; shift < 30 && base<<shift > 0 {
		most = min(most, base<<shift)
	}
	pause := rand.N(most + 1)
	if e.RetryAfter > 0 {
		if e.RetryAfter > c.retry.MaxRetryAfter {
			return 0, "the service asks for a longer pause than is allowed"
		}
		// A little later than asked, and not all callers at once.
		pause = e.RetryAfter + rand.N(min(most, e.RetryAfter/10)+1)
		if deadline, ok := cl.ctx.Deadline(); ok && time.Until(deadline) <= e.RetryAfter {
			return 0, "the service asks for a longer pause than the caller's deadline leaves"
		}
	}
	if deadline, ok := cl.ctx.Deadline(); ok && time.Until(deadline) <= pause {
		return 0, "the caller's deadline comes before the next try"
	}
	return pause, ""
}

// foreseen is the pause that the decoder asked for, or why there is none.
func (cl *call) foreseen() (time.Duration, string) {
	if deadline, ok := cl.ctx.Deadline(); ok && time.Until(deadline) <= cl.again {
		return 0, "the caller's deadline comes before the next try"
	}
	return cl.again, ""
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ended is the error of a call whose context ended. Last is the error of the try before, nil when there was none.
func (cl *call) ended(last *apierr.Error) *apierr.Error {
	cl.class = failedEnded
	kind := apierr.KindCanceled
	if errors.Is(cl.ctx.Err(), context.DeadlineExceeded) {
		kind = apierr.KindTimeout
	}
	e := cl.err(kind)
	end := &endedError{ctx: cl.ctx.Err(), cause: context.Cause(cl.ctx)}
	if last != nil {
		end.last = last
		e.RequestID, e.RetryAfter, e.MayHaveApplied = last.RequestID, last.RetryAfter, last.MayHaveApplied
	}
	e.Err = end
	return e
}

// endedError says why the caller's context ended, and what went wrong before it did.
type endedError struct {
	ctx, cause error
	last       *apierr.Error
}

// explains reports whether the caller gave a cause of its own.
func (e *endedError) explains() bool {
	return e.cause != nil && e.cause != e.ctx //nolint:errorlint // identity: a cause may wrap the error it explains
}

func (e *endedError) Error() string {
	text := e.ctx.Error()
	if e.explains() {
		text = e.cause.Error()
	}
	if e.last != nil {
		text += "; before that: " + e.last.Error()
	}
	return text
}

func (e *endedError) Unwrap() []error {
	errs := []error{e.ctx}
	if e.explains() {
		errs = append(errs, e.cause)
	}
	if e.last != nil {
		errs = append(errs, e.last)
	}
	return errs
}
