package polytomic

import (
	"context"
	"iter"
	"slices"
	"time"

	"github.com/sluice-sdk/sluice/gen/polytomicapi"
	"github.com/sluice-sdk/sluice/wrappers/job"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// BulkSyncExecution is the handle of one run of a bulk sync, which Polytomic calls an execution: its counts, its wait, its
// logs. It is safe for concurrent use.
type BulkSyncExecution struct {
	execution
	handle *BulkSync
}

func (s *BulkSync) execution(last job.Snapshot, from origin) *BulkSyncExecution {
	return &BulkSyncExecution{execution: s.client.execution(s.client.bulk, "bulk sync", last, from), handle: s}
}

// Execution returns the handle of an execution by its id. It does no I/O.
func (s *BulkSync) Execution(id string) *BulkSyncExecution {
	return s.execution(job.Snapshot{Ref: job.Ref{Service: service, Kind: kindBulk, ID: id, Parent: s.id}}, originNamed)
}

// ID returns the execution's id.
func (x *BulkSyncExecution) ID() string { return x.job.Ref().ID }

// Sync returns the handle of the sync.
func (x *BulkSyncExecution) Sync() *BulkSync { return x.handle }

// Attached reports whether the execution ran already when it was asked for: see [OnRunning].
func (x *BulkSyncExecution) Attached() bool { return x.origin == originAttached }

// Recovered reports whether the answer of the request that started it was lost, and the execution was found afterwards:
// the only one that has come into being since.
func (x *BulkSyncExecution) Recovered() bool { return x.origin == originRecovered }

// Job returns the execution for package job: to wait for many at once, to watch it, or to keep its token. An execution
// that completed although records failed counts as succeeded there, with a Failure in its snapshot; [BulkSyncExecution.Err]
// and [BulkSyncExecution.Outcome] tell the difference.
func (x *BulkSyncExecution) Job() *job.Job { return x.job }

// Cached returns what was heard of the execution last. Its Raw is empty when nothing was yet. It does no I/O.
func (x *BulkSyncExecution) Cached() job.Snapshot { return x.job.Last() }

// Info returns the execution as the service describes it. It asks until the execution has ended, and then no more.
//
//sluice:operation GET /api/bulk/syncs/{id}/executions/{exec_id}
func (x *BulkSyncExecution) Info(ctx context.Context) (*polytomicapi.BulkSyncExecution, error) {
	if e := x.cached(); e != nil && phaseOf(string(valueOf(e.Status))).Final() {
		copied := *e
		return &copied, nil
	}
	if err := checkIDs("bulk sync", x.sync, "execution", x.ID()); err != nil {
		return nil, x.explain(err)
	}
	if _, err := x.job.Refresh(ctx); err != nil {
		return nil, x.explain(err)
	}
	if e := x.cached(); e != nil {
		copied := *e
		return &copied, nil
	}
	e, err := x.client.bulkExecution(ctx, x.sync, x.ID())
	return e, x.explain(err)
}

// cached is the last whole answer, nil when there was none.
func (x *BulkSyncExecution) cached() *polytomicapi.BulkSyncExecution {
	return read[polytomicapi.BulkSyncExecution](x.cell)
}

// Wait waits until the execution has ended.
//
// Errors: an [ExecutionError] when it failed or was cancelled, and, if [FailOnErrors] or [FailOnWarnings] asks for it, when
// records failed; a [job.WaitError] with the last snapshot when the wait ended first (errors.Is with [job.ErrMaxWait],
// context.Canceled or context.DeadlineExceeded), inside a [ResourceError]. When ctx ends Wait returns at once and the
// execution goes on; see [CancelOnStop].
//
//sluice:operation GET /api/bulk/syncs/status
//sluice:operation GET /api/bulk/syncs/{id}/executions/{exec_id}
func (x *BulkSyncExecution) Wait(ctx context.Context, opts ...WaitOption) error {
	return x.waitFor(ctx, bulkSettings(opts))
}

func (x *BulkSyncExecution) waitFor(ctx context.Context, s *runSettings) error {
	return x.wait(ctx, s, func(ctx context.Context) (counts, error) {
		if _, err := x.Info(ctx); err != nil {
			return counts{}, err
		}
		return x.counts(), nil
	})
}

// Cancel asks Polytomic to stop the execution and waits until it has ended, whichever way; it may complete before the
// request is heard. To ask without waiting use Job().Cancel.
//
//sluice:operation POST /api/bulk/syncs/{id}/executions/{exec_id}/cancel
//sluice:operation GET /api/bulk/syncs/{id}/executions/{exec_id}
func (x *BulkSyncExecution) Cancel(ctx context.Context, opts ...WaitOption) error {
	return x.cancel(ctx, bulkSettings(opts))
}

// counts are the totals of the last answer.
func (x *BulkSyncExecution) counts() counts {
	e := x.cached()
	if e == nil {
		return counts{}
	}
	n := counts{records: valueOf(e.RecordCount), errors: bulkErrors(e), warnings: bulkWarnings(e)}
	for s := range schemaResults(e) {
		if s.HasErrors() {
			n.failed = append(n.failed, s.Name)
		}
	}
	return n
}

// Records returns how many records have been moved, as far as is known. It does no I/O, as the accessors below: they tell
// what the last answer said, which after a wait is the end.
func (x *BulkSyncExecution) Records() int64 {
	if n := x.job.Last().Progress.Records; n != nil {
		return *n
	}
	return x.counts().records
}

// Errors returns how many records failed. A schema that failed as a whole counts as one at least.
func (x *BulkSyncExecution) Errors() int64 { return x.counts().errors }

// Warnings returns how many warnings there were.
func (x *BulkSyncExecution) Warnings() int64 { return x.counts().warnings }

// HasErrors reports whether records or schemas failed, also in an execution that is completed.
func (x *BulkSyncExecution) HasErrors() bool { return x.Errors() > 0 }

// HasWarnings reports whether there were warnings.
func (x *BulkSyncExecution) HasWarnings() bool { return x.Warnings() > 0 }

// Outcome says how the execution ended.
func (x *BulkSyncExecution) Outcome() Outcome {
	n := x.counts()
	last := x.job.Last()
	if last.Phase == job.PhaseSucceeded && last.Failure != nil {
		n.errors = max(n.errors, 1) // the answer with the counts went to another handle
	}
	return outcomeOf(last.Phase, n.errors, n.warnings)
}

// Err returns an [ExecutionError] when the execution is known to have failed or to have been cancelled, or to have
// completed with errors or warnings that the options ask to fail on; else nil. It does no I/O.
func (x *BulkSyncExecution) Err(opts ...WaitOption) error {
	return x.outcomeError(bulkSettings(opts), x.Outcome(), x.counts())
}

// SchemaResult is one schema of an execution of a bulk sync.
type SchemaResult struct {
	// Name is the schema's id at the source, such as a table's name.
	Name string
	// OutputName is what it is called at the destination.
	OutputName string
	// Status is the service's word, such as "completed".
	Status string
	// Message is what the service says about the status.
	Message string
	// Records, Errors and Warnings are counts; those that the service has not given are 0.
	Records, Errors, Warnings int64
	// Created, Started and Finished are the service's times, zero when it gave none.
	Created, Started, Finished time.Time
}

// HasErrors reports whether the schema, or records of it, failed.
func (s SchemaResult) HasErrors() bool {
	phase := phaseOf(s.Status)
	return s.Errors > 0 || phase == job.PhaseFailed || phase == job.PhaseCanceled
}

// Schemas yields the schemas of the execution with their counts, as the last answer told them, ordered by name. It does no
// I/O: before the first answer there are none.
func (x *BulkSyncExecution) Schemas() iter.Seq[SchemaResult] {
	e := x.cached()
	if e == nil {
		return func(func(SchemaResult) bool) {}
	}
	return schemaResults(e)
}

func schemaResults(e *polytomicapi.BulkSyncExecution) iter.Seq[SchemaResult] {
	list := make([]SchemaResult, 0, len(given(e.Schemas)))
	for _, s := range given(e.Schemas) {
		list = append(list, SchemaResult{
			Name: valueOf(s.Schema), OutputName: valueOf(s.OutputName), Status: string(valueOf(s.Status)), Message: valueOf(s.StatusMessage),
			Records: valueOf(s.RecordCount), Errors: valueOf(s.ErrorCount), Warnings: valueOf(s.WarningCount),
			Created: valueOf(s.CreatedAt), Started: moment(s.StartedAt), Finished: moment(s.CompletedAt),
		})
	}
	slices.SortStableFunc(list, func(a, b SchemaResult) int { return compare(a.Name, b.Name) })
	return slices.Values(list)
}

// CancelSchema stops one schema of the sync's current execution, by its id. It does not wait.
//
//sluice:operation POST /api/bulk/syncs/{id}/schemas/{schema_id}/cancel
func (s *BulkSync) CancelSchema(ctx context.Context, schema string) error {
	if err := s.checkSchema(schema); err != nil {
		return err
	}
	return s.about(transport.Discard(s.client.raw.CancelBulkSyncSchema(ctx, s.id, schema)))
}
