package polytomic

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/job"
)

// origin says how a handle came by its execution.
type origin uint8

const (
	originNamed     origin = iota // by its id
	originStarted                 // the answer of our request
	originRecovered               // our request's answer was lost; the only execution that came into being since
	originAttached                // it ran already
)

// execution is what the executions of both sorts of syncs have in common.
type execution struct {
	client   *Client
	resource string // "bulk sync" or "model sync"
	sync     string
	job      *job.Job
	cell     *cell
	origin   origin
}

func (c *Client) execution(poller *job.Poller, resource string, last job.Snapshot, from origin) execution {
	return execution{client: c, resource: resource, sync: last.Parent, job: poller.Job(last), cell: c.answers.of(last.Ref), origin: from}
}

// explain adds the ids of the execution to an error.
func (x *execution) explain(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*ResourceError](err); ok {
		return err
	}
	return &ResourceError{Resource: x.resource, ID: x.sync, Execution: x.job.Ref().ID, Err: err}
}

// counts are what decides about the outcome, with what there is to say about it.
type counts struct {
	records, errors, warnings int64
	failed                    []string // schemas that failed
}

// wait waits for the end. Details reads the counts of an execution that has ended, from the answer that ended the wait
// when there is one.
func (x *execution) wait(ctx context.Context, s *runSettings, details func(context.Context) (counts, error)) error {
	if err := checkIDs(x.resource, x.sync, "execution", x.job.Ref().ID); err != nil {
		return x.explain(err)
	}
	last, err := x.job.Wait(ctx, s.jobOptions(x.origin != originAttached)...)
	var failed *job.FailedError
	if err != nil && !errors.As(err, &failed) {
		return x.explain(err)
	}
	n, readErr := details(ctx)
	if readErr != nil && failed == nil {
		return x.explain(readErr) // how it ended is not known
	}
	return x.outcomeError(s, outcomeOf(last.Phase, n.errors, n.warnings), n)
}

// outcomeError is the error of an outcome, nil when there is none that was asked for.
func (x *execution) outcomeError(s *runSettings, outcome Outcome, n counts) error {
	last := x.job.Last()
	var err error
	switch {
	case outcome == OutcomeErrors && s.failOnErrors:
		err = ErrRecordErrors
	case outcome == OutcomeWarnings && s.failOnWarnings:
		err = ErrRecordWarnings
	case (outcome == OutcomeFailed || outcome == OutcomeCanceled) && !s.tolerateFailure:
		err = &job.FailedError{Snapshot: last}
	default:
		return nil
	}
	return &ExecutionError{
		Resource: x.resource, SyncID: x.sync, ExecutionID: last.ID, Status: last.Raw, Outcome: outcome,
		Records: n.records, Errors: n.errors, Warnings: n.warnings, FailedSchemas: n.failed, Failure: last.Failure, Err: err,
	}
}

// cancel asks for the end and waits until it has come, whatever it is.
func (x *execution) cancel(ctx context.Context, s *runSettings) error {
	if err := checkIDs(x.resource, x.sync, "execution", x.job.Ref().ID); err != nil {
		return x.explain(err)
	}
	if err := x.job.Cancel(ctx); err != nil {
		return x.explain(err)
	}
	return x.ended(ctx, s)
}

// ended waits until the execution has ended, whatever the end is.
func (x *execution) ended(ctx context.Context, s *runSettings) error {
	_, err := x.job.Wait(ctx, s.jobOptions(false)...)
	var failed *job.FailedError
	if err != nil && !errors.As(err, &failed) {
		return x.explain(err)
	}
	return nil
}

// ExecutionError is an execution that ended without doing all it was asked to do: it failed, somebody cancelled it, or,
// when [FailOnErrors] or [FailOnWarnings] asks for it, it completed with errors or warnings. For a failed or cancelled
// one errors.As reaches the [job.FailedError] inside, and errors.Is(err, [job.ErrCanceledRemotely]) holds when it was
// cancelled; for a completed one errors.Is(err, [ErrRecordErrors]) or [ErrRecordWarnings].
type ExecutionError struct {
	// Resource is "bulk sync" or "model sync".
	Resource string
	// SyncID and ExecutionID say which.
	SyncID, ExecutionID string
	// Status is the service's word, such as "failed".
	Status string
	// Outcome is how it ended.
	Outcome Outcome
	// Records, Errors and Warnings are the totals, as far as they could be read.
	Records, Errors, Warnings int64
	// FailedSchemas are the schemas of a bulk sync that failed or had failing records.
	FailedSchemas []string
	// Failure is why, in the service's words; nil when it gives no reason.
	Failure *job.Failure
	// Err is the cause.
	Err error
}

// Error returns one line with the execution, the reason and the counts.
func (e *ExecutionError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: execution %s of %s %s ", service, e.ExecutionID, e.Resource, e.SyncID)
	switch e.Outcome {
	case OutcomeCanceled:
		b.WriteString("was cancelled")
	case OutcomeFailed:
		b.WriteString("ended with the status " + e.Status)
	case OutcomeUnfinished, OutcomeClean, OutcomeWarnings, OutcomeErrors:
		b.WriteString(e.Outcome.String())
	}
	if e.Failure != nil && e.Failure.Message != "" {
		b.WriteString(": " + e.Failure.Message)
	}
	fmt.Fprintf(&b, " (%s, %d errors, %d warnings)", records(e.Records), e.Errors, e.Warnings)
	if len(e.FailedSchemas) > 0 {
		b.WriteString(" in " + quoted(e.FailedSchemas))
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// Unwrap returns the cause.
func (e *ExecutionError) Unwrap() error { return e.Err }

// LogValue implements [slog.LogValuer].
func (e *ExecutionError) LogValue() slog.Value {
	return slog.GroupValue(slog.String("service", service), slog.String("resource", e.Resource), slog.String("sync", e.SyncID),
		slog.String("execution", e.ExecutionID), slog.String("status", e.Status), slog.String("outcome", e.Outcome.String()),
		slog.Int64("records", e.Records), slog.Int64("errors", e.Errors), slog.Int64("warnings", e.Warnings))
}

// SyncRunningError says that an execution of the sync runs already, so that none was started. errors.Is(err,
// [ErrSyncRunning]) and errors.Is(err, [apierr.ErrConflict]) hold for it.
type SyncRunningError struct {
	// Resource is "bulk sync" or "model sync".
	Resource string
	// SyncID is the sync.
	SyncID string
	// ExecutionID is the execution that runs and Status where it stood; empty when it had ended by the time it was
	// looked for.
	ExecutionID, Status string
	// Err is the service's refusal.
	Err error
}

// Error returns one line with the running execution and what to do.
func (e *SyncRunningError) Error() string {
	what := "an execution"
	if e.ExecutionID != "" {
		what = "execution " + e.ExecutionID + " (" + e.Status + ")"
	}
	return fmt.Sprintf("%s: %s of %s %s is already running, none was started — wait for it, or use OnRunning(Attach) or OnRunning(WaitThenRun)",
		service, what, e.Resource, e.SyncID)
}

// Unwrap returns the service's refusal.
func (e *SyncRunningError) Unwrap() error { return e.Err }

// Is reports whether target is [ErrSyncRunning] or [apierr.ErrConflict].
func (e *SyncRunningError) Is(target error) bool {
	return target == ErrSyncRunning || target == error(apierr.ErrConflict)
}

// StartUnknownError says that an execution was asked for and that nobody can say whether it was started: no answer told,
// and looking afterwards did not settle it. Look at the sync's executions before asking again. errors.As reaches the
// failure of the call, whose MayHaveApplied is true.
type StartUnknownError struct {
	// Resource is "bulk sync" or "model sync".
	Resource string
	// SyncID is the sync.
	SyncID string
	// Err is the failure of the call, joined with what ended the search.
	Err error
}

// Error returns one line that says what is not known.
func (e *StartUnknownError) Error() string {
	return strings.Join(strings.Fields(fmt.Sprintf("%s: it is not known whether %s %s was started: no new execution has appeared so far — "+
		"look at its executions before starting another: %v", service, e.Resource, e.SyncID, e.Err)), " ")
}

// Unwrap returns the failure of the call.
func (e *StartUnknownError) Unwrap() error { return e.Err }
