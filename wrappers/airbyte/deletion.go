package airbyte

import (
	"errors"
	"iter"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// Deletion says what a deletion took away.
type Deletion struct {
	// Workspace, Connection, Source and Destination are the ids of what was deleted by its own call, "" for none.
	Workspace, Connection, Source, Destination string
	// Connections are those that the server deleted along with it, other than Connection.
	Connections []Dependent
}

// DeleteOption changes what a deletion may take away.
type DeleteOption func(*deletion)

type deletion struct{ dependents, source, destination bool }

// WithDependents lets a deletion take the connections along that depend on what is deleted, as the server does anyway.
// Without it such a deletion is refused with a [DependentsError].
func WithDependents() DeleteOption { return func(d *deletion) { d.dependents = true } }

// WithSource makes [Connection.Delete] delete the connection's source too.
func WithSource() DeleteOption { return func(d *deletion) { d.source = true } }

// WithDestination makes [Connection.Delete] delete the connection's destination too.
func WithDestination() DeleteOption { return func(d *deletion) { d.destination = true } }

func deletionOf(resource string, opts []DeleteOption) (deletion, error) {
	var d deletion
	for _, opt := range opts {
		if opt == nil {
			return d, apierr.Invalid(service, "options", "an option is nil")
		}
		opt(&d)
	}
	if resource != "connection" && (d.source || d.destination) {
		return d, apierr.Invalid(service, "options", "WithSource and WithDestination are for Connection.Delete, not for a %s", resource)
	}
	return d, nil
}

// deleted turns the failure of a deletion into a success when it was sent more than once and what was to be deleted is
// no longer in the list: an earlier try had done it, and its answer was lost. A list that cannot be read proves nothing.
func deleted[T any](failure error, list func() iter.Seq2[T, error]) error {
	e, ok := errors.AsType[*apierr.Error](failure)
	if !ok || e.Attempts < 2 || (e.Kind != apierr.KindNotFound && e.Kind != apierr.KindPermissionDenied) {
		return failure
	}
	for _, err := range list() {
		if err != nil {
			return failure // nobody knows
		}
		return failure // it is still there
	}
	return nil
}
