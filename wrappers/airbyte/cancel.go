package airbyte

import (
	"context"
	"fmt"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// ErrJobFinal says that a job cannot be cancelled because it has ended, or because another one runs on its connection.
const ErrJobFinal = stateError("the job is not the one that runs on its connection")

// Cancel stops the job and returns when the server has stopped it, which may take minutes; see [SyncResult.Status] for
// what became of it.
//
// The server's call cancels whatever runs on the job's connection, not the job (airbyte-platform SchedulerHandler.kt). So
// the connection's jobs are read first, and a job that has ended, or is not the connection's newest one at work, is
// refused with [ErrJobFinal], of kind conflict. A job that ends in the moment between can still cost its successor.
//
//sluice:operation GET /jobs
//sluice:operation GET /jobs/{jobId}
//sluice:operation DELETE /jobs/{jobId}
func (r *SyncResult) Cancel(ctx context.Context) error {
	if r.Cached().Phase.Final() {
		return r.connection.explain(finalError(r.id, JobStatus(r.Cached().Raw)), r.id)
	}
	if err := r.connection.cancel(ctx, r.id); err != nil {
		return err
	}
	_, _ = r.Status(ctx) // the cancellation took place whatever this brings
	return nil
}

// CancelSync stops the job that runs on the connection, of whatever type, and returns its handle. The error is
// [ErrNoSync] when none runs.
//
//sluice:operation GET /jobs
//sluice:operation GET /jobs/{jobId}
//sluice:operation DELETE /jobs/{jobId}
func (c *Connection) CancelSync(ctx context.Context) (*SyncResult, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	now, err := c.newestJobs(ctx)
	if err != nil {
		return nil, c.explain(err, 0)
	}
	running, ok := now.unfinished()
	if !ok {
		return nil, c.explain(ErrNoSync, 0)
	}
	r := c.result(running, originUnknown, nil)
	if _, err := c.workspace.client.cancelJob(ctx, running.JobID); err != nil {
		return r, c.explain(err, running.JobID)
	}
	_, _ = r.Status(ctx)
	return r, nil
}

// cancel cancels the job when it is the one that runs on the connection.
func (c *Connection) cancel(ctx context.Context, id int64) error {
	if err := c.check(); err != nil {
		return err
	}
	now, err := c.newestJobs(ctx)
	if err != nil {
		return c.explain(err, id)
	}
	status := JobStatus("")
	for _, row := range now.rows {
		if row.JobID == id {
			status = JobStatus(row.Status)
		}
	}
	if status == "" { // not among the newest, so hardly at work
		row, err := c.workspace.client.getJob(ctx, id)
		if err != nil {
			return c.explain(err, id)
		}
		if row.ConnectionID != "" && !c.is(row.ConnectionID) {
			return c.explain(&JobMismatchError{JobID: id, Want: c.id, Got: row.ConnectionID}, id)
		}
		status = JobStatus(row.Status)
	}
	if status.Final() {
		return c.explain(finalError(id, status), id)
	}
	if running, ok := now.unfinished(); ok && running.JobID > id {
		e := finalError(id, status)
		e.Message = fmt.Sprintf("job %d is %s, but job %d is the one that the server would cancel", id, status, running.JobID)
		return c.explain(e, id)
	}
	if _, err := c.workspace.client.cancelJob(ctx, id); err != nil {
		return c.explain(err, id)
	}
	return nil
}

func finalError(id int64, status JobStatus) *apierr.Error {
	return &apierr.Error{Service: service, Operation: "cancelJob", Kind: apierr.KindConflict, Err: ErrJobFinal,
		Message: fmt.Sprintf("job %d has ended (%s): cancelling it would stop whatever runs on its connection now", id, status)}
}
