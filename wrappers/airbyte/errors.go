package airbyte

import (
	"strconv"
	"strings"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// stateError is a reason that is more exact than an [apierr.Kind]. It is the cause inside an [apierr.Error], so that
// errors.Is finds both: the reason and the kind.
type stateError string

func (e stateError) Error() string { return string(e) }

// Reasons for errors.Is, beside the kinds of package apierr.
const (
	// ErrSyncRunning: a job already runs on the connection, of whatever type (409, error:try-again-later; airbyte-platform
	// JobsController.kt).
	ErrSyncRunning = stateError("a job is already running on the connection")
	// ErrConnectionInactive: the connection is switched off, so nothing can be started on it.
	ErrConnectionInactive = stateError("the connection is inactive")
	// ErrConnectionLocked: Airbyte has locked the connection, for a payment or a policy, and refuses changes to it (409,
	// error:connection/locked).
	ErrConnectionLocked = stateError("the connection is locked")
	// ErrBilling: the organization's credits or payment status do not allow the call (422, error:billing/…).
	ErrBilling = stateError("the credits or the payment status do not allow it")
	// ErrWrongRoot: what answered is not the public API of Airbyte: a web page, or another of its roots. The hint of the
	// error names the root that was called.
	ErrWrongRoot = stateError("this is not the public API of Airbyte")
	// ErrWorkspaceMismatch: the resource belongs to another workspace than the handle says: see [WorkspaceMismatchError].
	ErrWorkspaceMismatch = stateError("the resource belongs to another workspace")
	// ErrHasDependents: deleting would take connections with it: see [DependentsError].
	ErrHasDependents = stateError("connections depend on it")
	// ErrAlreadyExists: a resource by this name was there before, and a unique name was asked for.
	ErrAlreadyExists = stateError("a resource by this name exists")
	// ErrUnknownStream: the source has no stream by this name.
	ErrUnknownStream = stateError("the source has no such stream")
	// ErrMaskedSecret: the configuration contains the ten stars that Airbyte shows instead of a secret, where they would
	// be stored as the secret.
	ErrMaskedSecret = stateError("the configuration contains a masked secret")
	// ErrCreateUnknown: a creation was sent and nobody can say whether it took place: see [CreateUnknownError].
	ErrCreateUnknown = stateError("it is unknown whether the resource was created")
)

// ResourceError is an error of a call about a resource, with the ids and the link that help to find it. Those that are
// not known are empty. errors.As and errors.Is reach the cause, such as an [apierr.Error].
type ResourceError struct {
	// Workspace, Connection, Source and Destination are ids.
	Workspace, Connection, Source, Destination string
	// Job is the id of a job, 0 when there is none.
	Job int64
	// URL is the resource's page in the web application.
	URL string
	// Err is what went wrong.
	Err error
}

// Error returns the cause, the ids and the link in one line.
func (e *ResourceError) Error() string {
	var b strings.Builder
	b.WriteString(e.Err.Error())
	separator := " ["
	part := func(name, value string) {
		if value == "" {
			return
		}
		b.WriteString(separator + name + " " + value)
		separator = ", "
	}
	if e.Job != 0 {
		part("job", strconv.FormatInt(e.Job, 10))
	}
	part("connection", e.Connection)
	part("source", e.Source)
	part("destination", e.Destination)
	part("workspace", e.Workspace)
	part("see", e.URL)
	if separator == ", " {
		b.WriteByte(']')
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *ResourceError) Unwrap() error { return e.Err }

// WorkspaceMismatchError says that a resource was reached through the handle of a workspace that it is not in. Nothing
// was changed. errors.Is(err, [ErrWorkspaceMismatch]) and errors.Is(err, [apierr.ErrInvalid]) hold for it.
type WorkspaceMismatchError struct {
	// Resource says what it is: "connection", "source" or "destination".
	Resource string
	// ID is its id.
	ID string
	// Want is the id of the handle's workspace, Got the one that the server named.
	Want, Got string
}

// Error says where the resource is and where it was looked for.
func (e *WorkspaceMismatchError) Error() string {
	return service + ": " + e.Resource + " " + strconv.Quote(e.ID) + " belongs to workspace " + strconv.Quote(e.Got) +
		", not to " + strconv.Quote(e.Want) + " — use Client.Workspace(" + strconv.Quote(e.Got) + ")"
}

// Is reports whether target is [ErrWorkspaceMismatch] or [apierr.ErrInvalid].
func (e *WorkspaceMismatchError) Is(target error) bool {
	return target == ErrWorkspaceMismatch || target == error(apierr.ErrInvalid)
}

// DependentsError says that a deletion was refused because connections would be deleted with the resource: the server
// does that without a word (airbyte-platform SourceHandler.kt, DestinationHandler.kt). Nothing was deleted. Give
// [WithDependents] to delete them too. errors.Is(err, [ErrHasDependents]) and errors.Is(err, [apierr.ErrConflict]) hold
// for it.
type DependentsError struct {
	// Resource says what it is: "source", "destination" or "workspace".
	Resource string
	// ID is its id.
	ID string
	// Connections are those that depend on it.
	Connections []Dependent
}

// Dependent is a connection that depends on another resource.
type Dependent struct {
	// ID and Name are the connection's.
	ID, Name string
}

// Error names the connections, or the first few of many.
func (e *DependentsError) Error() string {
	const shown = 5
	names := make([]string, 0, shown)
	for _, d := range e.Connections[:min(len(e.Connections), shown)] {
		names = append(names, strconv.Quote(d.Name)+" ("+d.ID+")")
	}
	rest := ""
	if n := len(e.Connections) - shown; n > 0 {
		rest = " and " + strconv.Itoa(n) + " more"
	}
	return service + ": " + e.Resource + " " + e.ID + " was not deleted: " + strconv.Itoa(len(e.Connections)) +
		" connection(s) would be deleted with it: " + strings.Join(names, ", ") + rest + " — use WithDependents to delete them too"
}

// Is reports whether target is [ErrHasDependents] or [apierr.ErrConflict].
func (e *DependentsError) Is(target error) bool {
	return target == ErrHasDependents || target == error(apierr.ErrConflict)
}

// CreateUnknownError says that a creation was sent, no answer told what became of it, and looking afterwards did not
// settle it either: the server may still be at work, or more than one candidate is there. Look before creating it again.
// errors.Is(err, [ErrCreateUnknown]) holds for it, and errors.As reaches the failure of the call.
type CreateUnknownError struct {
	// Resource says what it is: "connection", "source" or "destination".
	Resource string
	// Name is the name it was to have.
	Name string
	// Candidates are the ids of the resources that could be it; empty when none was found.
	Candidates []string
	// Err is the failure of the call.
	Err error
}

// Error says what is not known, and names the candidates.
func (e *CreateUnknownError) Error() string {
	found := "none was found since"
	if len(e.Candidates) > 0 {
		found = "it could be " + strings.Join(e.Candidates, " or ")
	}
	return service + ": it is unknown whether " + e.Resource + " " + strconv.Quote(e.Name) + " was created: " + found +
		" — look before creating it again: " + e.Err.Error()
}

// Unwrap returns the failure of the call.
func (e *CreateUnknownError) Unwrap() error { return e.Err }

// Is reports whether target is [ErrCreateUnknown].
func (e *CreateUnknownError) Is(target error) bool { return target == ErrCreateUnknown }

// invalidBecause is [apierr.Invalid] with a reason for errors.Is.
func invalidBecause(reason stateError, field, format string, args ...any) *apierr.Error {
	e := apierr.Invalid(service, field, format, args...)
	e.Err = reason
	return e
}
