package airbyte

import (
	"context"
	"iter"
	"strings"

	"github.com/sluice-sdk/sluice/gen/airbyteapi"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// ConnectionFilter says which connections a list brings: those that all of its fields allow. The zero filter allows all.
type ConnectionFilter struct {
	// Name is the exact name; NameContains a part of it, in any case. All but TagIDs and IncludeDeleted are applied by this
	// package.
	Name, NameContains string
	// SourceID and DestinationID are the ends of the connection.
	SourceID, DestinationID string
	// Status is active, inactive or locked.
	Status airbyteapi.ConnectionStatusEnum
	// TagIDs are the ids of tags, of which a connection has to have one.
	TagIDs []string
	// Where is the caller's own test.
	Where func(*airbyteapi.ConnectionResponse) bool
	// IncludeDeleted brings deleted ones too.
	IncludeDeleted bool
}

func (f *ConnectionFilter) keep(info *airbyteapi.ConnectionResponse) bool {
	return byName(info.Name, f.Name, f.NameContains) &&
		(f.SourceID == "" || strings.EqualFold(info.SourceID, f.SourceID)) &&
		(f.DestinationID == "" || strings.EqualFold(info.DestinationID, f.DestinationID)) &&
		(f.Status == "" || info.Status == f.Status) &&
		(f.Where == nil || f.Where(info))
}

// Connections lists the connections of the workspace as loaded handles; with filters, those that pass all of them. Pages
// are read as the loop goes on; an error ends it. A workspace that does not exist has no connections:
// [Workspace.Connect] tells.
//
//sluice:operation GET /connections
func (w *Workspace) Connections(ctx context.Context, filters ...ConnectionFilter) iter.Seq2[*Connection, error] {
	if err := w.check(); err != nil {
		return failed[*Connection](err)
	}
	params := airbyteapi.ListConnectionsParams{
		WorkspaceIds:   []string{w.id},
		IncludeDeleted: anyTrue(filters, func(f ConnectionFilter) bool { return f.IncludeDeleted }),
	}
	for _, f := range filters {
		for _, id := range f.TagIDs {
			if err := checkID("tag", id); err != nil {
				return failed[*Connection](err)
			}
		}
		if len(params.TagIds) == 0 { // the server knows one set; further ones are applied below
			params.TagIds = f.TagIDs
		}
	}
	list := pages(ctx, func(ctx context.Context, limit, offset int32) ([]airbyteapi.ConnectionResponse, error) {
		params := params
		params.Limit, params.Offset = &limit, &offset
		page, err := transport.Decode[airbyteapi.ConnectionsResponse](w.client.raw.ListConnections(ctx, &params))
		if err != nil {
			return nil, w.fail(err)
		}
		return page.Data, nil
	}, func(item airbyteapi.ConnectionResponse) string { return item.ConnectionID })
	return mapped(list, func(info airbyteapi.ConnectionResponse) (*Connection, bool) {
		for i := range filters {
			if !filters[i].keep(&info) || !taggedWithOneOf(info.Tags, filters[i].TagIDs) {
				return nil, false
			}
		}
		c := w.Connection(info.ConnectionID)
		c.info.Set(&info)
		return c, true
	})
}

func taggedWithOneOf(tags []Tag, ids []string) bool {
	if len(ids) == 0 {
		return true
	}
	for _, t := range tags {
		for _, id := range ids {
			if strings.EqualFold(t.TagID, id) {
				return true
			}
		}
	}
	return false
}

// ConnectionByName returns the one connection of this name, an error of kind [apierr.KindNotFound] when there is none, or
// of kind [apierr.KindConflict] when there are several.
//
//sluice:operation GET /connections
func (w *Workspace) ConnectionByName(ctx context.Context, name string) (*Connection, error) {
	name, err := checkName(name)
	if err != nil {
		return nil, err
	}
	return only(w.Connections(ctx, ConnectionFilter{Name: name}), "connection", name, (*Connection).ID)
}
