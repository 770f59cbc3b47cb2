package airbyte

import (
	"context"
	"errors"
	"iter"
	"net/http"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/transport"
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

// remove sends a deletion, again when its answer is lost. What is no longer in the list after that was deleted by an earlier
// try; Airbyte answers 403 for much that does not exist. A list that cannot be read proves nothing.
func remove[T any](ctx context.Context, c *Client, send func(context.Context) (*http.Response, error), list func() iter.Seq2[T, error]) error {
	return c.transport.Remove(ctx, func(ctx context.Context) error { return transport.Discard(send(ctx)) }, func(failure error) bool {
		if !errors.Is(failure, apierr.ErrNotFound) && !errors.Is(failure, apierr.ErrPermissionDenied) {
			return false
		}
		for _, err := range list() {
			if err != nil {
				return false // nobody knows
			}
			return false // it is still there
		}
		return true
	})
}
