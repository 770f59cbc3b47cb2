package polytomic

import (
	"context"
	"slices"

	"github.com/sluice-sdk/sluice/gen/polytomicapi"
	"github.com/sluice-sdk/sluice/wrappers/job"
)

// ModelSyncExecution is the handle of one run of a model sync, which Polytomic calls an execution: its counts, its wait,
// its logs. It is safe for concurrent use.
type ModelSyncExecution struct {
	execution
	handle *ModelSync
}

func (s *ModelSync) execution(last job.Snapshot, from origin) *ModelSyncExecution {
	return &ModelSyncExecution{execution: s.client.execution(s.client.tasks, "model sync", last, from), handle: s}
}

// Execution returns the handle of an execution by its id. It does no I/O.
func (s *ModelSync) Execution(id string) *ModelSyncExecution {
	return s.execution(job.Snapshot{Ref: job.Ref{Service: service, Kind: kindModel, ID: id, Parent: s.id}}, originNamed)
}

// ID returns the execution's id.
func (x *ModelSyncExecution) ID() string { return x.job.Ref().ID }

// Sync returns the handle of the sync.
func (x *ModelSyncExecution) Sync() *ModelSync { return x.handle }

// Attached reports whether the execution ran already when it was asked for: see [OnRunning].
func (x *ModelSyncExecution) Attached() bool { return x.origin == originAttached }

// Recovered reports whether the answer of the request that started it was lost, and the execution was found afterwards.
func (x *ModelSyncExecution) Recovered() bool { return x.origin == originRecovered }

// Job returns the execution for package job: to wait for many at once, to watch it, or to keep its token. An execution
// that completed although records failed counts as succeeded there, with a Failure in its snapshot.
func (x *ModelSyncExecution) Job() *job.Job { return x.job }

// Cached returns what was heard of the execution last. Its Raw is empty when nothing was yet. It does no I/O.
func (x *ModelSyncExecution) Cached() job.Snapshot { return x.job.Last() }

// Info returns the execution as the service describes it. It asks until the execution has ended, and then no more.
//
//sluice:operation GET /api/syncs/{sync_id}/executions/{id}
func (x *ModelSyncExecution) Info(ctx context.Context) (*polytomicapi.GetExecutionResponseSchema, error) {
	if e := x.cached(); e != nil && phaseOf(string(valueOf(e.Status))).Final() {
		copied := *e
		return &copied, nil
	}
	if err := checkIDs("model sync", x.sync, "execution", x.ID()); err != nil {
		return nil, x.explain(err)
	}
	if _, err := x.job.Refresh(ctx); err != nil {
		return nil, x.explain(err)
	}
	if e := x.cached(); e != nil {
		copied := *e
		return &copied, nil
	}
	e, err := x.client.modelExecution(ctx, x.sync, x.ID())
	return e, x.explain(err)
}

func (x *ModelSyncExecution) cached() *polytomicapi.GetExecutionResponseSchema {
	return read[polytomicapi.GetExecutionResponseSchema](x.cell)
}

// Wait waits until the execution has ended. Errors are those of [BulkSyncExecution.Wait].
//
//sluice:operation GET /api/syncs/{sync_id}/executions/{id}
func (x *ModelSyncExecution) Wait(ctx context.Context, opts ...WaitOption) error {
	return x.waitFor(ctx, modelSettings(opts))
}

func (x *ModelSyncExecution) waitFor(ctx context.Context, s *runSettings) error {
	return x.wait(ctx, s, func(ctx context.Context) (counts, error) {
		if _, err := x.Info(ctx); err != nil {
			return counts{}, err
		}
		return x.counts(), nil
	})
}

// Cancel asks Polytomic to stop the execution and waits until it has ended, whichever way. To ask without waiting use
// Job().Cancel.
//
//sluice:operation POST /api/syncs/{sync_id}/executions/{id}/cancel
//sluice:operation GET /api/syncs/{sync_id}/executions/{id}
func (x *ModelSyncExecution) Cancel(ctx context.Context, opts ...WaitOption) error {
	return x.cancel(ctx, modelSettings(opts))
}

func (x *ModelSyncExecution) counts() counts {
	e := x.cached()
	if e == nil {
		return counts{}
	}
	n := counts{errors: modelErrors(e), warnings: modelWarnings(e)}
	if e.Counts != nil {
		n.records = valueOf(e.Counts.Total)
	}
	return n
}

// RecordCounts are the counts of an execution of a model sync. Those that the service has not given are 0; some
// destinations do not report what was inserted and what was updated.
type RecordCounts struct {
	Total, Inserted, Updated, Upserted, Deleted, Errors, Warnings int64
}

// Counts returns the counts as the last answer told them. It does no I/O, as the accessors below.
func (x *ModelSyncExecution) Counts() RecordCounts {
	e := x.cached()
	if e == nil || e.Counts == nil {
		return RecordCounts{Errors: x.Errors()}
	}
	c := e.Counts
	return RecordCounts{Total: valueOf(c.Total), Inserted: valueOf(c.Insert), Updated: valueOf(c.Update), Upserted: valueOf(c.Upserts),
		Deleted: valueOf(c.Delete), Errors: valueOf(c.Error), Warnings: valueOf(c.Warnings)}
}

// Records returns how many records were looked at, as far as is known.
func (x *ModelSyncExecution) Records() int64 { return x.counts().records }

// Errors returns how many records failed.
func (x *ModelSyncExecution) Errors() int64 { return x.counts().errors }

// Warnings returns how many warnings there were.
func (x *ModelSyncExecution) Warnings() int64 { return x.counts().warnings }

// HasErrors reports whether records failed, also in an execution that is completed.
func (x *ModelSyncExecution) HasErrors() bool { return x.Errors() > 0 }

// HasWarnings reports whether there were warnings.
func (x *ModelSyncExecution) HasWarnings() bool { return x.Warnings() > 0 }

// ErrorMessages returns what the service says about what failed. The records themselves are in the log of errors:
// [ModelSyncExecution.LogFiles].
func (x *ModelSyncExecution) ErrorMessages() []string {
	if e := x.cached(); e != nil {
		return slices.Clone(e.Errors)
	}
	return nil
}

// Outcome says how the execution ended.
func (x *ModelSyncExecution) Outcome() Outcome {
	n := x.counts()
	last := x.job.Last()
	if last.Phase == job.PhaseSucceeded && last.Failure != nil {
		n.errors = max(n.errors, 1)
	}
	return outcomeOf(last.Phase, n.errors, n.warnings)
}

// Err returns an [ExecutionError] when the execution is known to have failed or to have been cancelled, or to have
// completed with errors or warnings that the options ask to fail on; else nil. It does no I/O.
func (x *ModelSyncExecution) Err(opts ...WaitOption) error {
	return x.outcomeError(modelSettings(opts), x.Outcome(), x.counts())
}
