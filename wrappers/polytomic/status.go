package polytomic

import (
	"fmt"

	"github.com/sluice-sdk/sluice/gen/polytomicapi"
	"github.com/sluice-sdk/sluice/wrappers/job"
)

// The kinds of jobs, as they stand in a [job.Ref].
const (
	kindBulk    = "bulk sync execution"
	kindModel   = "model sync execution"
	kindJob     = "job"               // the parent is the job's type
	kindQuery   = "query"             //
	kindHealth  = "connection health" // an error ends it
	kindConnect = "connect session"   // the id is connectByID or connectByName and what follows
	kindSchemas = "schema cache"
	kindRefresh = "schema refresh" // the id is the connection's, @ and when the refresh before it finished
)

// phaseOf tells where an execution stands by the status of the service. The final ones that did not do all they should
// include errors and interrupted: the documents name completed, failed and canceled only, and the rest follows from the
// events. A status that is not known is never an end.
func phaseOf(status string) job.Phase {
	switch status {
	case "created", "scheduled", "queued", "waiting":
		return job.PhasePending
	case "running", "exporting", "processing", "canceling":
		return job.PhaseRunning
	case "completed":
		return job.PhaseSucceeded
	case "failed", "errors", "interrupted":
		return job.PhaseFailed
	case "canceled":
		return job.PhaseCanceled
	}
	return job.PhaseUnknown
}

// taskPhase is phaseOf for jobs and queries (WorkTaskStatus).
func taskPhase(status string) job.Phase {
	switch status {
	case "created":
		return job.PhasePending
	case "running":
		return job.PhaseRunning
	case "done":
		return job.PhaseSucceeded
	case "failed":
		return job.PhaseFailed
	}
	return job.PhaseUnknown
}

// Outcome is how an execution ended. An execution that the service calls completed has one of three: none of them but
// OutcomeClean is plain success.
type Outcome uint8

// The outcomes.
const (
	// OutcomeUnfinished is an execution that has not ended, as far as is known.
	OutcomeUnfinished Outcome = iota
	// OutcomeClean is an execution that completed without an error or a warning.
	OutcomeClean
	// OutcomeWarnings is one that completed with warnings.
	OutcomeWarnings
	// OutcomeErrors is one that completed although records, or whole schemas, failed.
	OutcomeErrors
	// OutcomeFailed is one that failed, was interrupted, or ended with the status errors.
	OutcomeFailed
	// OutcomeCanceled is one that somebody cancelled.
	OutcomeCanceled
)

// String returns the outcome in words.
func (o Outcome) String() string {
	switch o {
	case OutcomeClean:
		return "completed"
	case OutcomeWarnings:
		return "completed with warnings"
	case OutcomeErrors:
		return "completed with errors"
	case OutcomeFailed:
		return "failed"
	case OutcomeCanceled:
		return "canceled"
	case OutcomeUnfinished:
	}
	return "not finished"
}

// outcomeOf is the outcome of a phase with these counts.
func outcomeOf(phase job.Phase, errors, warnings int64) Outcome {
	switch phase {
	case job.PhaseSucceeded:
		switch {
		case errors > 0:
			return OutcomeErrors
		case warnings > 0:
			return OutcomeWarnings
		}
		return OutcomeClean
	case job.PhaseFailed:
		return OutcomeFailed
	case job.PhaseCanceled:
		return OutcomeCanceled
	case job.PhasePending, job.PhaseRunning, job.PhaseUnknown:
	}
	return OutcomeUnfinished
}

// bulkSnapshot is an execution of a bulk sync as package job has it. A completed one whose records failed has a Failure
// too, although its phase is that of success, so that it is seen in any list of jobs.
func bulkSnapshot(syncID string, e *polytomicapi.BulkSyncExecution) job.Snapshot {
	status := string(valueOf(e.Status))
	s := job.Snapshot{
		Ref:     job.Ref{Service: service, Kind: kindBulk, ID: valueOf(e.ID), Parent: syncID},
		Phase:   phaseOf(status),
		Raw:     status,
		Created: valueOf(e.CreatedAt), Started: moment(e.StartedAt), Updated: valueOf(e.UpdatedAt), Finished: moment(e.CompletedAt),
		Progress: job.Progress{Records: e.RecordCount},
	}
	s.Failure = failureOf(s.Phase, status, valueOf(e.StatusMessage), bulkErrors(e), bulkWarnings(e))
	return s
}

// bulkErrors counts the records that failed. A schema that failed counts as one at least.
func bulkErrors(e *polytomicapi.BulkSyncExecution) int64 {
	var schemas int64
	for _, s := range given(e.Schemas) {
		n := valueOf(s.ErrorCount)
		if phase := phaseOf(string(valueOf(s.Status))); phase == job.PhaseFailed || phase == job.PhaseCanceled {
			n = max(n, 1)
		}
		schemas += n
	}
	return max(valueOf(e.ErrorCount), schemas)
}

func bulkWarnings(e *polytomicapi.BulkSyncExecution) int64 {
	var schemas int64
	for _, s := range given(e.Schemas) {
		schemas += valueOf(s.WarningCount)
	}
	return max(valueOf(e.WarningCount), schemas)
}

// modelSnapshot is an execution of a model sync as package job has it; see bulkSnapshot.
func modelSnapshot(syncID string, e *polytomicapi.GetExecutionResponseSchema) job.Snapshot {
	status := string(valueOf(e.Status))
	s := job.Snapshot{
		Ref:     job.Ref{Service: service, Kind: kindModel, ID: valueOf(e.ID), Parent: syncID},
		Phase:   phaseOf(status),
		Raw:     status,
		Created: valueOf(e.CreatedAt), Started: moment(e.StartedAt), Finished: moment(e.CompletedAt),
	}
	if e.Counts != nil {
		s.Progress.Records = e.Counts.Total
	}
	message := ""
	if len(e.Errors) > 0 {
		message = e.Errors[0]
	}
	s.Failure = failureOf(s.Phase, status, message, modelErrors(e), modelWarnings(e))
	return s
}

// modelErrors counts the records that failed; messages without a count are one at least.
func modelErrors(e *polytomicapi.GetExecutionResponseSchema) int64 {
	n := int64(0)
	if e.Counts != nil {
		n = valueOf(e.Counts.Error)
	}
	return max(n, int64(len(e.Errors)))
}

func modelWarnings(e *polytomicapi.GetExecutionResponseSchema) int64 {
	if e.Counts == nil {
		return 0
	}
	return valueOf(e.Counts.Warnings)
}

// failureOf says why an execution did not do all it should, nil when it did.
func failureOf(phase job.Phase, status, message string, errors, warnings int64) *job.Failure {
	outcome := outcomeOf(phase, errors, warnings)
	switch outcome {
	case OutcomeErrors, OutcomeFailed, OutcomeCanceled:
	case OutcomeClean, OutcomeWarnings, OutcomeUnfinished:
		return nil
	}
	if message == "" && outcome != OutcomeCanceled {
		message = records(errors) + " failed"
		if errors == 0 {
			message = ""
		}
	}
	kind := status
	if outcome == OutcomeErrors {
		kind = "record errors"
	}
	if message == "" && outcome == OutcomeCanceled {
		return nil
	}
	return &job.Failure{Type: kind, Message: message}
}

func records(n int64) string {
	if n == 1 {
		return "1 record"
	}
	return fmt.Sprintf("%d records", n)
}
