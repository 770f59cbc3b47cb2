package transport

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// Hook is a value with one or more of the Hook interfaces below, for metrics, logs and traces. Hooks are called from
// the goroutine of the call, so they must be quick and safe for concurrent use. What they are given holds no URL, no
// header and no secret.
type Hook any

// Call names a call in hooks.
type Call struct {
	// Service is the client's name, Operation the operation id; empty for a request that is in no table.
	Service, Operation string
	// Method and Route name the request; the route is a template.
	Method, Route string
	// Lane is where it waits for its turn.
	Lane Lane
}

// CallEnd is what became of a call: all its tries together.
type CallEnd struct {
	Call
	// Status is that of the last answer, 0 when there was none.
	Status int
	// Attempts is how many tries were sent.
	Attempts int
	// Duration is the time since the call began, with all waiting.
	Duration time.Duration
	// Err is nil for a success.
	Err *apierr.Error
}

// Attempt is one try that was sent.
type Attempt struct {
	Call
	// Attempt counts from 1.
	Attempt int
	// Status is that of the answer, 0 when there was none.
	Status int
	// Duration is the time from sending to the answer, with its body when it was read ahead.
	Duration time.Duration
	// Err is nil for a success.
	Err *apierr.Error
}

// Retry is a try that is about to be repeated.
type Retry struct {
	Call
	// Attempt is the try that failed, counted from 1.
	Attempt int
	// Pause is how long the next try is away.
	Pause time.Duration
	// Err is why the try failed.
	Err *apierr.Error
}

// Throttle is a call that was slowed down: by the client's own limits, or by a 429.
type Throttle struct {
	Call
	// Waited is how long the call waited for its turn, 0 for a 429.
	Waited time.Duration
	// Err is the 429, nil for the client's own limits.
	Err *apierr.Error
}

// TokenRefresh is a token that was fetched, or could not be.
type TokenRefresh struct {
	// Service is the name given by [WithService].
	Service string
	// Duration is how long fetching took, its retries included.
	Duration time.Duration
	// Expires is the end of the new token, zero when unknown.
	Expires time.Time
	// Err is nil for a success.
	Err error
}

// HookCallStart is called when a call begins. The context it returns, which must derive from the given one, is that
// of the call: it is how a tracer hands its span on.
type HookCallStart interface {
	OnCallStart(ctx context.Context, call Call) context.Context
}

// HookCallEnd is called when a call ends: when Do returns.
type HookCallEnd interface {
	OnCallEnd(ctx context.Context, end CallEnd)
}

// HookAttempt is called after each try that was sent.
type HookAttempt interface {
	OnAttempt(ctx context.Context, attempt Attempt)
}

// HookRetry is called before the pause that precedes another try.
type HookRetry interface {
	OnRetry(ctx context.Context, retry Retry)
}

// HookThrottle is called when a call had to wait for its turn, and on each 429.
type HookThrottle interface {
	OnThrottle(ctx context.Context, throttle Throttle)
}

// HookTokenRefresh is called after each fetch of a token, from the goroutine that fetched it.
type HookTokenRefresh interface {
	OnTokenRefresh(ctx context.Context, refresh TokenRefresh)
}

type hooks struct {
	start    []HookCallStart
	end      []HookCallEnd
	attempt  []HookAttempt
	retry    []HookRetry
	throttle []HookThrottle
	token    []HookTokenRefresh
}

func (h *hooks) add(hook Hook) bool {
	found := false
	if x, ok := hook.(HookCallStart); ok {
		h.start, found = append(h.start, x), true
	}
	if x, ok := hook.(HookCallEnd); ok {
		h.end, found = append(h.end, x), true
	}
	if x, ok := hook.(HookAttempt); ok {
		h.attempt, found = append(h.attempt, x), true
	}
	if x, ok := hook.(HookRetry); ok {
		h.retry, found = append(h.retry, x), true
	}
	if x, ok := hook.(HookThrottle); ok {
		h.throttle, found = append(h.throttle, x), true
	}
	if x, ok := hook.(HookTokenRefresh); ok {
		h.token, found = append(h.token, x), true
	}
	return found
}

func (cl *call) info() Call {
	return Call{
		Service: cl.client.service, Operation: cl.entry.ID, Method: cl.method(), Route: cl.entry.Route, Lane: cl.lane,
	}
}

func (cl *call) hookStart() {
	for _, h := range cl.client.hooks.start {
		if ctx := h.OnCallStart(cl.ctx, cl.info()); ctx != nil {
			cl.ctx = ctx
		}
	}
}

func (cl *call) hookEnd(status int, e *apierr.Error) {
	for _, h := range cl.client.hooks.end {
		h.OnCallEnd(cl.ctx, CallEnd{
			Call: cl.info(), Status: status, Attempts: cl.attempts, Duration: time.Since(cl.start), Err: e,
		})
	}
}

func (cl *call) hookAttempt(resp *http.Response, e *apierr.Error) {
	log := cl.client.log
	logged := log != nil && log.Enabled(cl.ctx, slog.LevelDebug)
	if !logged && len(cl.client.hooks.attempt) == 0 {
		return
	}
	a := Attempt{Call: cl.info(), Attempt: cl.attempts, Duration: time.Since(cl.sentAt), Err: e}
	if e != nil {
		a.Status = e.Status
	} else {
		a.Status = resp.StatusCode
	}
	for _, h := range cl.client.hooks.attempt {
		h.OnAttempt(cl.ctx, a)
	}
	if logged {
		attrs := append(a.attrs(), slog.Int("attempt", a.Attempt), slog.Int("status", a.Status), slog.Duration("duration", a.Duration))
		if e != nil {
			attrs = append(attrs, slog.Any("error", e))
		}
		log.LogAttrs(cl.ctx, slog.LevelDebug, "request sent", attrs...)
	}
}

func (c Call) attrs() []slog.Attr {
	return []slog.Attr{
		slog.String("service", c.Service), slog.String("operation", c.Operation),
		slog.String("method", c.Method), slog.String("route", c.Route),
	}
}

func (cl *call) hookRetry(e *apierr.Error, pause time.Duration) {
	for _, h := range cl.client.hooks.retry {
		h.OnRetry(cl.ctx, Retry{Call: cl.info(), Attempt: cl.attempts, Pause: pause, Err: e})
	}
	if log := cl.client.log; log != nil && log.Enabled(cl.ctx, slog.LevelDebug) {
		log.LogAttrs(cl.ctx, slog.LevelDebug, "request will be repeated",
			append(cl.info().attrs(), slog.Int("attempt", cl.attempts), slog.Duration("pause", pause))...)
	}
}

// gaveUp logs a failure that would have been repeated if there had been another try.
func (cl *call) gaveUp(e *apierr.Error, why string) {
	if log := cl.client.log; log != nil && cl.client.retry.MaxAttempts > 1 {
		log.LogAttrs(cl.ctx, slog.LevelWarn, "retries given up",
			append(cl.info().attrs(), slog.String("reason", why), slog.Any("error", e))...)
	}
}

func (cl *call) hookThrottle(waited time.Duration, e *apierr.Error) {
	for _, h := range cl.client.hooks.throttle {
		h.OnThrottle(cl.ctx, Throttle{Call: cl.info(), Waited: waited, Err: e})
	}
}

func (c *Client) hookTokenRefresh(ctx context.Context, r TokenRefresh) {
	for _, h := range c.hooks.token {
		h.OnTokenRefresh(ctx, r)
	}
	if c.log != nil && c.log.Enabled(ctx, slog.LevelDebug) {
		c.log.LogAttrs(ctx, slog.LevelDebug, "token fetched", slog.String("service", c.service),
			slog.Duration("duration", r.Duration), slog.Time("expires", r.Expires), slog.Bool("failed", r.Err != nil))
	}
}
