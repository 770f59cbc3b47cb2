package airbyte

import (
	"context"
	"fmt"

	"github.com/sluice-sdk/sluice/wrappers/job"
)

// Resume returns the handle of the job that a token names: one that [job.Job.Token] gave, in this process or another. It
// asks the server for the job once; a job that has ended meanwhile is fine.
//
// Errors: [job.ErrTokenMismatch] for a token of another service or of another Airbyte, [job.ErrTokenInvalid] for what is
// no token, and those of [SyncResult.Status]. When only the call failed the handle comes with the error.
//
//sluice:operation GET /jobs/{jobId}
func (c *Client) Resume(ctx context.Context, token job.Token) (*SyncResult, error) {
	resumed, err := c.poller.Resume(token)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", service, err)
	}
	ref := resumed.Ref()
	id, err := jobID(ref)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", job.ErrTokenInvalid, err)
	}
	connection := c.Workspace(ref.Scope).Connection(ref.Parent)
	if err := connection.check(); err != nil {
		return nil, fmt.Errorf("%w: %w", job.ErrTokenInvalid, err)
	}
	r := &SyncResult{connection: connection, id: id, job: resumed, typed: true}
	return r, r.refresh(ctx)
}
