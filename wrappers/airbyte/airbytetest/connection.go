package airbytetest

import (
	"context"
	"net/http"
	"slices"
	"time"

	wire "github.com/sluice-sdk/sluice/gen/airbyteapi"
	srv "github.com/sluice-sdk/sluice/gen/airbyteserver"
	"github.com/sluice-sdk/sluice/wrappers/servicetest"
)

func (c *connection) wire() wire.ConnectionResponse {
	out := wire.ConnectionResponse{
		ConnectionID: c.id, Name: c.name, SourceID: c.source.id, DestinationID: c.destination.id, WorkspaceID: c.workspace.id,
		Status: c.status, Schedule: c.schedule, NonBreakingSchemaUpdatesBehavior: &c.nonBreaking,
		NamespaceDefinition: &c.namespaceDefinition, Prefix: &c.prefix,
		Configurations: wire.StreamConfigurations{Streams: slices.Clone(c.streams)}, CreatedAt: c.created.Unix(),
		Tags: slices.Clone(c.tags),
	}
	if c.nullWorkspace {
		out.WorkspaceID = "null"
	}
	if c.namespaceFormat != "" {
		out.NamespaceFormat = &c.namespaceFormat
	}
	if c.statusReason != "" {
		out.StatusReason = &c.statusReason
	}
	if out.Tags == nil {
		out.Tags = []wire.Tag{}
	}
	return out
}

func (f *Fake) connection(id string) (*connection, error) {
	if c := f.connectionByID[id]; c != nil {
		return c, nil
	}
	return nil, f.unknown("connection", id)
}

// deprecate deletes a connection, softly; what runs on it is cancelled.
func (f *Fake) deprecate(c *connection) {
	c.status = wire.ConnectionStatusEnumDeprecated
	c.schedule = wire.ConnectionScheduleResponse{ScheduleType: wire.ScheduleTypeWithBasicEnumManual}
	if c.running != nil {
		f.stop(c.running, time.Now())
	}
}

func (a *service) ListConnections(ctx context.Context, request srv.ListConnectionsRequestObject) (srv.ListConnectionsResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	p, err := f.page(request.Params.Limit, request.Params.Offset)
	if err != nil {
		return nil, err
	}
	workspaces, tags := set(request.Params.WorkspaceIds), set(request.Params.TagIds)
	var all []*connection
	for _, c := range f.connections {
		if in(workspaces, c.workspace.id) && (or(request.Params.IncludeDeleted, false) || !c.deleted()) &&
			(tags == nil || slices.ContainsFunc(c.tags, func(t wire.Tag) bool { return tags[t.TagID] })) {
			all = append(all, c)
		}
	}
	unordered(f, p, all)
	rows := []wire.ConnectionResponse{}
	for _, c := range window(p, all) {
		rows = append(rows, c.wire())
	}
	previous, next := f.links(ctx, p, len(rows), len(all), "tagIds")
	return srv.ListConnections200JSONResponse{Data: rows, Previous: &previous, Next: &next}, nil
}

// CreateConnection discovers the source's schema before it answers.
func (a *service) CreateConnection(ctx context.Context, request srv.CreateConnectionRequestObject) (srv.CreateConnectionResponseObject, error) {
	b := request.Body
	f := a.lock()
	source, err := f.live(kindSource, b.SourceID)
	if err == nil {
		_, err = f.live(kindDestination, b.DestinationID)
	}
	a.unlock()
	if err != nil {
		return nil, err
	}
	// The call goes on when the client has left: what it makes is made.
	discovering := context.WithoutCancel(ctx)
	if err := servicetest.Sleep(discovering, f.config.discoverTakes); err != nil {
		return nil, err
	}
	if err := f.discover(discovering, source, false); err != nil {
		return nil, err
	}
	a.lock()
	defer a.unlock()
	destination, err := f.live(kindDestination, b.DestinationID)
	if err != nil {
		return nil, err
	}
	c := &connection{
		source: source, destination: destination, workspace: destination.workspace,
		name: or(b.Name, source.name+" → "+destination.name), status: or(b.Status, wire.ConnectionStatusEnumActive),
		prefix: or(b.Prefix, ""), namespaceDefinition: or(b.NamespaceDefinition, ""), namespaceFormat: or(b.NamespaceFormat, ""),
		nonBreaking: or(b.NonBreakingSchemaUpdatesBehavior, ""),
	}
	if c.schedule, err = f.scheduleOf(b.Schedule); err != nil {
		return nil, err
	}
	if c.streams, err = f.configured(source, b.Configurations); err != nil {
		return nil, err
	}
	if c.tags, err = f.tagsOf(c.workspace, b.Tags); err != nil {
		return nil, err
	}
	f.enter(c)
	return srv.CreateConnection200JSONResponse(c.wire()), nil
}

func (a *service) GetConnection(_ context.Context, request srv.GetConnectionRequestObject) (srv.GetConnectionResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	c, err := f.connection(request.ConnectionID)
	if err != nil {
		return nil, err
	}
	return srv.GetConnection200JSONResponse(c.wire()), nil
}

func (a *service) PatchConnection(ctx context.Context, request srv.PatchConnectionRequestObject) (srv.PatchConnectionResponseObject, error) {
	b := request.Body
	f := a.lock()
	c, err := f.connection(request.ConnectionID)
	a.unlock()
	if err != nil {
		return nil, err
	}
	if b.Configurations != nil {
		discovering := context.WithoutCancel(ctx)
		if err := servicetest.Sleep(discovering, f.config.discoverTakes); err != nil {
			return nil, err
		}
		if err := f.discover(discovering, c.source, false); err != nil {
			return nil, err
		}
	}
	a.lock()
	defer a.unlock()
	if c.deleted() {
		return nil, f.unknown("connection", c.id)
	}
	if c.status == wire.ConnectionStatusEnumLocked {
		return nil, problem(http.StatusConflict, "error:connection/locked", "Connection is locked", "",
			map[string]any{"connectionId": c.id, "statusReason": c.statusReason})
	}
	changed := *c
	if b.Schedule != nil {
		if changed.schedule, err = f.scheduleOf(b.Schedule); err != nil {
			return nil, err
		}
	}
	if b.Configurations != nil {
		if changed.streams, err = f.configured(c.source, b.Configurations); err != nil {
			return nil, err
		}
	}
	if b.Tags != nil {
		if changed.tags, err = f.tagsOf(c.workspace, b.Tags); err != nil {
			return nil, err
		}
	}
	changed.name = or(b.Name, c.name)
	changed.prefix = or(b.Prefix, c.prefix)
	changed.status = or(b.Status, c.status)
	changed.namespaceFormat = or(b.NamespaceFormat, c.namespaceFormat)
	if b.NamespaceDefinition != nil {
		changed.namespaceDefinition = wire.NamespaceDefinitionEnum(*b.NamespaceDefinition)
	}
	if b.NonBreakingSchemaUpdatesBehavior != nil {
		changed.nonBreaking = wire.NonBreakingSchemaUpdatesBehaviorEnum(*b.NonBreakingSchemaUpdatesBehavior)
	}
	*c = changed
	if c.deleted() {
		f.deprecate(c)
	}
	return srv.PatchConnection200JSONResponse(c.wire()), nil
}

func (a *service) DeleteConnection(_ context.Context, request srv.DeleteConnectionRequestObject) (srv.DeleteConnectionResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	c, err := f.connection(request.ConnectionID)
	if err != nil {
		return nil, err
	}
	f.deprecate(c)
	return srv.DeleteConnection204Response{}, nil
}

// tagsOf takes tags by their id.
func (f *Fake) tagsOf(ws *workspace, tags []wire.Tag) ([]wire.Tag, error) {
	var out []wire.Tag
	for _, t := range tags {
		known := f.tag(t.TagID)
		if known == nil || known.WorkspaceID != ws.id {
			return nil, badRequest("Tag not found: " + t.TagID)
		}
		out = append(out, wire.Tag(*known))
	}
	return out, nil
}
