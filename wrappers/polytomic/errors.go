package polytomic

import (
	"errors"
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
	// ErrSyncRunning: an execution of the sync runs already (409 when one is started).
	ErrSyncRunning = stateError("an execution of the sync is already running")
	// ErrKeyInUse: a request with the same idempotency key is being carried out (409).
	ErrKeyInUse = stateError("a request with this idempotency key is under way")
	// ErrSchemasNotReady: the schema cache of a fresh connection is not filled yet (422 and 400, as
	// terraform-provider-polytomic found).
	ErrSchemasNotReady = stateError("the connection's schemas have not been read yet")
	// ErrConnectionInUse: syncs or models use the connection, so it was not deleted (422).
	ErrConnectionInUse = stateError("the connection is in use")
	// ErrConnectionUnhealthy: the service cannot work with the connection; the message says why.
	ErrConnectionUnhealthy = stateError("the connection is not healthy")
	// ErrMaskedSecret: an update would store what Polytomic shows instead of a secret, or drop the secret.
	ErrMaskedSecret = stateError("the update contains a masked secret")
	// ErrRecordErrors: the execution ended, but some records failed: see [FailOnErrors].
	ErrRecordErrors = stateError("records failed")
	// ErrRecordWarnings: the execution ended with warnings: see [FailOnWarnings].
	ErrRecordWarnings = stateError("there were warnings")
	// ErrNoExecution: the sync has no execution of the sort that was asked for.
	ErrNoExecution = stateError("the sync has no such execution")
	// ErrQueryTooLong: the SQL does not fit into the URL that has to carry it.
	ErrQueryTooLong = stateError("the statement is too long for a URL")
	// ErrTruncated: an answer through the proxy was cut at the size that Polytomic allows.
	ErrTruncated = stateError("the proxied answer was cut")
	// ErrEventGap: events were asked for that Polytomic no longer has.
	ErrEventGap = stateError("events older than 48 hours are gone")
)

// ResourceError is an error of a call about one thing, with what it was. errors.As and errors.Is reach the cause, such as
// an [apierr.Error].
type ResourceError struct {
	// Resource says what it is: "connection", "bulk sync", "model sync", "model", "query"…
	Resource string
	// ID is its id.
	ID string
	// Execution is the id of an execution of the sync, empty when there is none.
	Execution string
	// Err is what went wrong.
	Err error
}

// Error returns the cause and the ids in one line.
func (e *ResourceError) Error() string {
	text := e.Err.Error() + " [" + e.Resource + " " + e.ID
	if e.Execution != "" {
		text += ", execution " + e.Execution
	}
	return text + "]"
}

// Unwrap returns the cause.
func (e *ResourceError) Unwrap() error { return e.Err }

// about adds what the call was about to an error; nil stays nil.
func about(resource, id string, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*ResourceError](err); ok {
		return err
	}
	return &ResourceError{Resource: resource, ID: id, Err: err}
}

// with returns a result and its error with what the call was about.
func with[T any](resource, id string) func(T, error) (T, error) {
	return func(v T, err error) (T, error) { return v, about(resource, id, err) }
}

// invalidBecause is [apierr.Invalid] with a reason for errors.Is.
func invalidBecause(reason stateError, field, format string, args ...any) *apierr.Error {
	e := apierr.Invalid(service, field, format, args...)
	e.Err = reason
	return e
}

// mayHaveApplied reports whether a call failed in a way that leaves open whether the server carried it out.
func mayHaveApplied(err error) bool {
	var e *apierr.Error
	return errors.As(err, &e) && e.MayHaveApplied
}

// quoted is a list of names for an error, the first few of many.
func quoted(names []string) string {
	const shown = 5
	list := make([]string, 0, shown)
	for _, name := range names[:min(len(names), shown)] {
		list = append(list, strconv.Quote(name))
	}
	text := strings.Join(list, ", ")
	if n := len(names) - shown; n > 0 {
		text += " and " + strconv.Itoa(n) + " more"
	}
	return text
}
