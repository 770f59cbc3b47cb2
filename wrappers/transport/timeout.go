package transport

import (
	"context"
	"net/http"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

type timeoutKey struct{}

// WithCallTimeout returns a context under which each try may take d, whatever the operation or the client say. Zero
// or less means that only the context itself bounds it.
func WithCallTimeout(ctx context.Context, d time.Duration) context.Context {
	return context.WithValue(ctx, timeoutKey{}, d)
}

// withTimeout bounds one try. The time runs until the body is read to its end or closed.
func (c *Client) withTimeout(next exchange) exchange {
	return func(cl *call) (*http.Response, *apierr.Error) {
		cl.timeout = c.timeout
		if cl.entry.Timeout > 0 {
			cl.timeout = cl.entry.Timeout
		}
		if d, ok := cl.ctx.Value(timeoutKey{}).(time.Duration); ok {
			cl.timeout = d
		}
		if cl.timeout > 0 {
			cl.try, cl.cancel = context.WithTimeout(cl.ctx, cl.timeout)
		} else {
			cl.try, cl.cancel = context.WithCancel(cl.ctx)
		}
		resp, e := next(cl)
		if e != nil {
			cl.endTry()
		}
		return resp, e
	}
}

// tryTimeoutError is the cause of a try that took too long. It is a timeout for net.Error, but not
// context.DeadlineExceeded, which would mean that the caller's own time was over.
type tryTimeoutError struct{ after time.Duration }

func (e *tryTimeoutError) Error() string   { return "no complete answer within " + e.after.String() }
func (e *tryTimeoutError) Timeout() bool   { return true }
func (e *tryTimeoutError) Temporary() bool { return true }
