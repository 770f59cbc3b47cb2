package transport

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strings"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// Remove sends a request that takes one thing away, and sends it again when its answer is lost or leaves open whether it
// was carried out. A thing that is absent after that was taken away by an earlier try, which is the success that was asked
// for; one that was absent from the beginning is the "not found" that the service says it is. Without Remove the two look
// alike, because a repeated removal always finds nothing:
//
//	err := client.Remove(ctx, func(ctx context.Context) error {
//		return transport.Discard(raw.DeleteJob(ctx, 4711))
//	}, nil)
//
// Send makes one call with the context that it is given and returns the call's error. Absent says whether an error means
// that the thing does not exist; nil stands for [SaysAbsent]. It is asked only when an earlier try may have been carried out,
// and may look at the service to find out.
//
// It is sent up to MaxAttempts times, after pauses of ThrottleBase, twice that and so on up to Cap, or what the service asks
// for up to MaxRetryAfter, and each repetition takes from the budget: see [RetryOptions]. What is certainly not carried out
// is repeated as for any other call. A key of [WithIdempotencyKey] is not sent again once an answer came for it. The error
// after the last try, and any other after a try that may have been carried out, has MayHaveApplied.
func (c *Client) Remove(ctx context.Context, send func(context.Context) error, absent func(error) bool) error {
	if absent == nil {
		absent = SaysAbsent
	}
	_, given := IdempotencyKey(ctx)
	asked := WithSafety(ctx, Unsafe) // so that the error says whether it may have been carried out
	var lost *apierr.Error
	for try := 0; ; try++ {
		err := send(asked)
		e, ok := errors.AsType[*apierr.Error](err)
		if err != nil && !ok {
			return err
		}
		// One call may have sent the request twice with its idempotency key: then its "not found" leaves that open.
		if err == nil || (lost != nil || e.MayHaveApplied) && absent(err) {
			if lost != nil {
				c.budget.give(retryCost)
			}
			return nil
		}
		switch {
		case leavesOpen(e) && (lost == nil || e.Kind != apierr.KindNotFound):
			lost = e
		case lost == nil:
			return err
		case e.Kind != apierr.KindNotFound || SaysAbsent(err):
			e.MayHaveApplied = true
			return err
		}
		// It is not known, also when something before the service said "not found" in its place.
		if given && e.Status != 0 {
			return lost // the caller's key would only bring the same answer back
		}
		if ctx.Err() != nil || try+1 >= c.retry.MaxAttempts || e.RetryAfter > c.retry.MaxRetryAfter || !c.budget.take() {
			return lost
		}
		if sleep(ctx, max(c.removalPause(try), e.RetryAfter)) != nil {
			return endedAfter(ctx, lost)
		}
	}
}

// leavesOpen reports whether it is worth asking again what became of a request. A redirect and a refusal come again, also
// when an earlier try with the same key leaves open what happened; another version of the service says what it did.
func leavesOpen(e *apierr.Error) bool {
	switch e.Kind {
	case apierr.KindInvalid, apierr.KindUnauthenticated, apierr.KindPermissionDenied, apierr.KindUnsupported:
		return false
	default:
		return e.MayHaveApplied && (e.Status < http.StatusMultipleChoices || e.Status >= http.StatusBadRequest)
	}
}

// removalPause is the pause after a try, the first of which is 0.
func (c *Client) removalPause(try int) time.Duration {
	if c.retry.ThrottleBase > math.MaxInt64>>min(try, 62) {
		return c.retry.Cap
	}
	return min(c.retry.ThrottleBase<<try, c.retry.Cap)
}

// endedAfter is the error of a context that ended in a pause after an error.
func endedAfter(ctx context.Context, last *apierr.Error) *apierr.Error {
	e := *last
	e.Kind, e.Message, e.Hint = apierr.KindCanceled, "", ""
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		e.Kind = apierr.KindTimeout
	}
	e.Err = &endedError{ctx: ctx.Err(), cause: context.Cause(ctx), last: last}
	return &e
}

// SaysAbsent reports whether an error is a service's word that something does not exist: a 404 or a 410 with a JSON object.
// While a service is restarted or replaced, a gateway before it answers everything with a 404 and a page or a text, or in
// JSON that it has no route (Kong: "no Route matched with those values", in older versions "no route and no API found with
// those values", read in its runloop/handler.lua), which says nothing about the thing.
func SaysAbsent(err error) bool {
	e, ok := errors.AsType[*apierr.Error](err)
	if !ok || e.Status != http.StatusNotFound && e.Status != http.StatusGone {
		return false
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(bytes.TrimSpace(e.Body()), &fields) != nil || fields == nil {
		return false
	}
	var message string
	_ = json.Unmarshal(fields["message"], &message)
	message = strings.ToLower(message)
	return !strings.HasPrefix(message, "no ") || !strings.HasSuffix(message, " with those values")
}
