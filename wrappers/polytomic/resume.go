package polytomic

import (
	"context"
	"fmt"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/job"
)

// Resume returns the job that a token names: one that [job.Job.Token] gave, in this process or another, of any sort that
// this package waits for. It does no I/O. The error wraps [job.ErrTokenMismatch] for a token of another service or another
// deployment and [job.ErrTokenInvalid] for what is no token.
func (c *Client) Resume(token job.Token) (*job.Job, error) {
	poller := c.tasks
	if token.Ref().Kind == kindBulk {
		poller = c.bulk
	}
	resumed, err := poller.Resume(token)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", service, err)
	}
	switch resumed.Ref().Kind {
	case kindBulk, kindModel, kindJob, kindQuery, kindHealth, kindConnect, kindSchemas, kindRefresh:
		return resumed, nil
	}
	return nil, fmt.Errorf("%s: %w: %w", service, job.ErrTokenInvalid, errUnknownKind)
}

// ResumeBulkSync returns the handle of the execution of a bulk sync that a token names. It asks the service for it once; an
// execution that has ended meanwhile is fine. When only the call failed the handle comes with the error.
//
//sluice:operation GET /api/bulk/syncs/{id}/executions/{exec_id}
func (c *Client) ResumeBulkSync(ctx context.Context, token job.Token) (*BulkSyncExecution, error) {
	resumed, err := c.resume(token, kindBulk)
	if err != nil {
		return nil, err
	}
	x := c.BulkSync(resumed.Parent).Execution(resumed.ID)
	_, err = x.Info(ctx)
	return x, err
}

// ResumeModelSync is [Client.ResumeBulkSync] for the execution of a model sync.
//
//sluice:operation GET /api/syncs/{sync_id}/executions/{id}
func (c *Client) ResumeModelSync(ctx context.Context, token job.Token) (*ModelSyncExecution, error) {
	resumed, err := c.resume(token, kindModel)
	if err != nil {
		return nil, err
	}
	x := c.ModelSync(resumed.Parent).Execution(resumed.ID)
	_, err = x.Info(ctx)
	return x, err
}

func (c *Client) resume(token job.Token, kind string) (job.Ref, error) {
	resumed, err := c.Resume(token)
	if err != nil {
		return job.Ref{}, err
	}
	ref := resumed.Ref()
	if ref.Kind != kind {
		e := apierr.Invalid(service, "token", "the token is of a %s, not of a %s", ref.Kind, kind)
		e.Err = job.ErrTokenInvalid
		return job.Ref{}, e
	}
	if err := checkIDs("sync", ref.Parent, "execution", ref.ID); err != nil {
		return job.Ref{}, fmt.Errorf("%w: %w", job.ErrTokenInvalid, err)
	}
	return ref, nil
}
