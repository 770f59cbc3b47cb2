package atlan

import (
	"context"
	"errors"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// remove sends a request that removes one thing, and sends it again when its answer leaves open whether it was carried out:
// what the service does not know any more then is what an earlier try removed. Without such an answer before it, "not found"
// is what it says. The error after the last try is the one that leaves it open.
func (c *Client) remove(ctx context.Context, send func(context.Context) error) error {
	asked := transport.WithSafety(ctx, transport.Unsafe) // so that the error says whether it may have been carried out
	var lost error
	for try := 0; ; try++ {
		err := send(asked)
		switch {
		case mayHaveApplied(err):
			lost = err
		case lost == nil || !isNotFound(err):
			return err
		case saysAbsent(err):
			return nil
		}
		if try >= c.settings.retries {
			return lost
		}
		if !sleep(ctx, max(time.Second<<min(try, 3), retryAfterOf(err))) {
			return errors.Join(lost, canceled(ctx))
		}
	}
}

// retryAfterOf is how long the service asked to wait, as far as that is borne.
func retryAfterOf(err error) time.Duration {
	if e, ok := errors.AsType[*apierr.Error](err); ok {
		return min(e.RetryAfter, maxRetryAfter)
	}
	return 0
}
