package atlan

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/job"
)

// Reasons of runs and workflows, for errors.Is, beside the categories.
const (
	// ErrRunSkipped: a run ended as Skipped, so it did nothing of what it was asked to do. It is inside a [RunError].
	ErrRunSkipped = stateError("the run was skipped")
	// ErrRunStatusUnknown: a run ended in a state that this version does not know. It is inside a [RunError].
	ErrRunStatusUnknown = stateError("the run's state is not known")
	// ErrAlreadyRunning: a run of the workflow has not ended, so none was started. It is inside a [AlreadyRunningError].
	ErrAlreadyRunning = stateError("a run of the workflow has not ended")
	// ErrWorkflowsOff: the tenant has no legacy workflows, as newer ones have not: use apps. The error is of kind unsupported.
	ErrWorkflowsOff = stateError("this tenant has no legacy workflows: use apps")
)

// RunError is a run that ended without doing all it was asked to do. errors.As reaches the [job.FailedError] inside; for one
// that somebody stopped errors.Is(err, [job.ErrCanceledRemotely]) holds, and see [ErrRunSkipped] and [ErrRunStatusUnknown].
type RunError struct {
	// Kind is "app run" or "workflow run".
	Kind string
	// Workflow is the slug of the app's workflow, or the name of the legacy workflow; empty when it is not known.
	Workflow string
	// Run is the run's id, or the name of a legacy run.
	Run string
	// Status is the service's word, such as "Failed".
	Status string
	// Failure is why, as far as the service says; nil when it gives no reason.
	Failure *job.Failure
	// Err is the [job.FailedError].
	Err error
}

// Error returns one line with the run, its state and the reason.
func (e *RunError) Error() string {
	text := "atlan: " + runLabel(e.Kind, e.Run, e.Workflow)
	switch {
	case e.Is(ErrRunStatusUnknown):
		text += fmt.Sprintf(" ended in the state %.64q, which is not known — look at it in Atlan", e.Status)
	case errors.Is(e.Err, job.ErrCanceledRemotely):
		text += " was stopped"
	case e.Is(ErrRunSkipped):
		text += " was skipped"
	default:
		text += " ended as " + e.Status
	}
	if e.Failure != nil && e.Failure.Message != "" {
		text += ": " + e.Failure.Message
	}
	return oneLine(text)
}

// Unwrap returns the cause.
func (e *RunError) Unwrap() error { return e.Err }

// Is reports whether target is [ErrRunSkipped] or [ErrRunStatusUnknown], and holds for the run.
func (e *RunError) Is(target error) bool {
	switch target {
	case ErrRunSkipped:
		return strings.EqualFold(e.Status, statusSkipped)
	case ErrRunStatusUnknown:
		return !knownStatus(e.Status)
	}
	return false
}

// LogValue implements [slog.LogValuer].
func (e *RunError) LogValue() slog.Value {
	return slog.GroupValue(slog.String("service", service), slog.String("kind", e.Kind), slog.String("workflow", e.Workflow),
		slog.String("run", e.Run), slog.String("status", e.Status))
}

// AlreadyRunningError says that a run of the workflow has not ended, so that none was started: the option said to fail then,
// or the service refused. errors.Is(err, [ErrAlreadyRunning]) and errors.Is(err, [apierr.ErrConflict]) hold for it.
type AlreadyRunningError struct {
	// Workflow is the slug or the name of the workflow.
	Workflow string
	// Running is the run that has not ended, as it was seen last.
	Running job.Snapshot
	// Err is the service's refusal, nil when it was not asked.
	Err error
}

// Error returns one line with the run and what to do.
func (e *AlreadyRunningError) Error() string {
	return oneLine(fmt.Sprintf("atlan: %s of %s is %s already, none was started — wait for it, or use Attach or WaitThenRun",
		e.Running.Ref, e.Workflow, e.Running.Phase))
}

// Unwrap returns the service's refusal.
func (e *AlreadyRunningError) Unwrap() error { return e.Err }

// Is reports whether target is [ErrAlreadyRunning], [ErrConflict] or [apierr.ErrConflict].
func (e *AlreadyRunningError) Is(target error) bool {
	return target == ErrAlreadyRunning || target == ErrConflict || target == error(apierr.ErrConflict)
}

// AmbiguousRunError says that a run was asked for and that nobody can say whether it was started: no answer told, and
// looking afterwards did not settle it. Nothing was sent a second time. Look at the workflow's runs before asking again.
type AmbiguousRunError struct {
	// Kind is "app run" or "workflow run".
	Kind string
	// Workflow is the slug or the name of the workflow.
	Workflow string
	// Candidates are runs that may be the one, the newest first. There is none when no new one has appeared so far.
	Candidates []job.Snapshot
	// Err is why there was no answer, LookUp why the look-up did not end, nil when it did.
	Err, LookUp error
}

// Error says what is not known, with the candidates.
func (e *AmbiguousRunError) Error() string {
	text := "atlan: it is not known whether " + e.Kind + " of " + e.Workflow + " was started"
	if len(e.Candidates) > 0 {
		ids := make([]string, len(e.Candidates))
		for i, s := range e.Candidates {
			ids[i] = s.ID
		}
		text += " (candidates: " + strings.Join(ids, ", ") + ")"
	} else if e.LookUp == nil {
		text += ", and none has appeared so far"
	}
	text += " — look at its runs before starting another: " + e.Err.Error()
	if e.LookUp != nil {
		text += "; looking it up: " + e.LookUp.Error()
	}
	return oneLine(text)
}

// Unwrap returns why there was no answer, and why the look-up did not end.
func (e *AmbiguousRunError) Unwrap() []error { return given(e.Err, e.LookUp) }

// WorkflowExistsError says that a workflow of this name exists already. It wraps the service's refusal, so that
// errors.Is(err, [ErrConflict]) holds.
type WorkflowExistsError struct {
	// Name is the name that is taken.
	Name string
	// Slug is the workflow that has it; empty when the service names none, or several.
	Slug string
	// Slugs are all that have it, as far as the service says.
	Slugs []string
	// Version is the version of the one in Slug, 0 when the service does not say.
	Version int64
	// Err is the refusal.
	Err error

	of string // the app that it is made of, when that is another one than was asked for
}

// Error returns one line that names the workflow.
func (e *WorkflowExistsError) Error() string {
	text := fmt.Sprintf("atlan: a workflow named %q exists", e.Name)
	if len(e.Slugs) > 0 {
		text += ": " + strings.Join(e.Slugs, ", ")
	}
	if e.of != "" {
		return oneLine(text + " — it is made of the app " + e.of + ", so choose another name: " + e.Err.Error())
	}
	return oneLine(text + " — use it, or set Reuse: " + e.Err.Error())
}

// Unwrap returns the refusal.
func (e *WorkflowExistsError) Unwrap() error { return e.Err }

// AmbiguousCreateError says that a workflow was to be created and that nobody can say whether it was: no answer told, and
// looking afterwards did not settle it. Nothing was sent a second time.
type AmbiguousCreateError struct {
	// Name is the name of the workflow.
	Name string
	// Candidates are the slugs, or names, of workflows that may be the one: they exist now and may have existed before.
	Candidates []string
	// Err is why there was no answer, LookUp why the look-up did not end, nil when it did.
	Err, LookUp error
}

// Error says what is not known, with the candidates.
func (e *AmbiguousCreateError) Error() string {
	text := fmt.Sprintf("atlan: it is not known whether the workflow %q was created", e.Name)
	if len(e.Candidates) > 0 {
		text += " (candidates: " + strings.Join(e.Candidates, ", ") + ")"
	} else if e.LookUp == nil {
		text += ", and none of this name has appeared so far"
	}
	text += ": " + e.Err.Error()
	if e.LookUp != nil {
		text += "; looking it up: " + e.LookUp.Error()
	}
	return oneLine(text)
}

// Unwrap returns why there was no answer, and why the look-up did not end.
func (e *AmbiguousCreateError) Unwrap() []error { return given(e.Err, e.LookUp) }

// given returns the errors that are not nil.
func given(errs ...error) []error {
	var list []error
	for _, err := range errs {
		if err != nil {
			list = append(list, err)
		}
	}
	return list
}

// oneLine folds white space: a service's message may be a stack trace.
func oneLine(s string) string {
	const most = 2000
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}

func runLabel(kind, id, workflow string) string {
	text := kind + " " + id
	if workflow != "" {
		text += " of " + workflow
	}
	return text
}
