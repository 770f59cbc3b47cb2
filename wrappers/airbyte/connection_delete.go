package airbyte

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"slices"

	"github.com/sluice-sdk/sluice/gen/airbyteapi"
)

// Delete deletes the connection and, with [WithSource] and [WithDestination], its source and its destination. Their ids
// are read before anything is deleted. The server deletes every connection of a source or a destination with it, so when
// there are others Delete refuses with a [DependentsError] and deletes nothing, unless [WithDependents] is given; the
// answer says which connections went.
//
// When a later step fails, the answer says what was deleted before it, beside the error.
//
//sluice:operation GET /connections/{connectionId}
//sluice:operation GET /connections
//sluice:operation DELETE /connections/{connectionId}
//sluice:operation DELETE /sources/{sourceId}
//sluice:operation DELETE /destinations/{destinationId}
func (c *Connection) Delete(ctx context.Context, opts ...DeleteOption) (*Deletion, error) {
	chosen, err := deletionOf("connection", opts)
	if err != nil {
		return nil, err
	}
	info, err := c.info.Refresh(ctx, c.fetch)
	if err != nil {
		return nil, err
	}
	source, destination := c.workspace.Source(info.SourceID), c.workspace.Destination(info.DestinationID)
	var withSource, withDestination []Dependent
	if chosen.source {
		if withSource, err = c.others(ctx, source.Dependents); err != nil {
			return nil, err
		}
		if len(withSource) > 0 && !chosen.dependents {
			return nil, source.fail(&DependentsError{Resource: "source", ID: source.id, Connections: withSource})
		}
	}
	if chosen.destination {
		if withDestination, err = c.others(ctx, destination.Dependents); err != nil {
			return nil, err
		}
		if len(withDestination) > 0 && !chosen.dependents {
			return nil, destination.fail(&DependentsError{Resource: "destination", ID: destination.id, Connections: withDestination})
		}
	}
	done := &Deletion{}
	err = remove(ctx, c.workspace.client, func(ctx context.Context) (*http.Response, error) {
		return c.workspace.client.raw.DeleteConnection(ctx, c.id)
	}, func() iter.Seq2[*Connection, error] {
		return c.workspace.Connections(ctx, ConnectionFilter{Where: func(info *airbyteapi.ConnectionResponse) bool { return c.is(info.ConnectionID) }})
	})
	c.info.Forget()
	if err != nil {
		return done, c.fail(err)
	}
	done.Connection = c.id
	var errs []error
	if chosen.source {
		if err := source.remove(ctx); err != nil {
			errs = append(errs, err)
		} else {
			done.Source, done.Connections = source.id, withSource
		}
	}
	if chosen.destination {
		if err := destination.remove(ctx); err != nil {
			errs = append(errs, err)
		} else {
			done.Destination = destination.id
			for _, d := range withDestination {
				if !slices.Contains(done.Connections, d) {
					done.Connections = append(done.Connections, d)
				}
			}
		}
	}
	return done, errors.Join(errs...)
}

// others returns the dependents that are not this connection.
func (c *Connection) others(ctx context.Context, dependents func(context.Context) ([]Dependent, error)) ([]Dependent, error) {
	list, err := dependents(ctx)
	if err != nil {
		return nil, err
	}
	if list = slices.DeleteFunc(list, func(d Dependent) bool { return c.is(d.ID) }); len(list) == 0 {
		return nil, nil
	}
	return list, nil
}
