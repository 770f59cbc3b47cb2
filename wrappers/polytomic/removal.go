package polytomic

import (
	"context"
	"net/http"

	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// remove sends a request that deletes something. When its answer is lost it is sent again, and what is gone then was deleted
// by it; what was not there to begin with is not found.
func (c *Client) remove(ctx context.Context, send func(context.Context) (*http.Response, error)) error {
	return c.transport.Remove(ctx, func(ctx context.Context) error { return transport.Discard(send(ctx)) }, nil)
}
