package airbytetest

import (
	"context"
	"net/http"
	"time"

	wire "github.com/sluice-sdk/sluice/gen/airbyteapi"
	srv "github.com/sluice-sdk/sluice/gen/airbyteserver"
)

// shownType is the sourceType or destinationType of an answer.
func (f *Fake) shownType(d *definition) string {
	if f.has(EmptyTypes) && d.unmapped {
		return ""
	}
	return d.typ
}

func (f *Fake) sourceWire(c *connector, coordinates bool) wire.SourceResponse {
	return wire.SourceResponse{
		SourceID: c.id, Name: c.name, SourceType: f.shownType(c.definition), DefinitionID: c.definition.id,
		WorkspaceID: c.workspace.id, Configuration: f.shown(c, coordinates), CreatedAt: c.created.Unix(), ResourceAllocation: c.allocation,
	}
}

func (f *Fake) destinationWire(c *connector, coordinates bool) wire.DestinationResponse {
	return wire.DestinationResponse{
		DestinationID: c.id, Name: c.name, DestinationType: f.shownType(c.definition), DefinitionID: c.definition.id,
		WorkspaceID: c.workspace.id, Configuration: f.shown(c, coordinates), CreatedAt: c.created.Unix(), ResourceAllocation: c.allocation,
	}
}

// connector finds a source or a destination that was not deleted. Deletion is soft: the real service goes on
// answering a deleted one by its id.
func (f *Fake) connector(kind, id string) (*connector, error) {
	if c := f.connectorByID[id]; c != nil && c.definition.kind == kind {
		return c, nil
	}
	return nil, f.unknown(kind, id)
}

// live is connector for calls that change something.
func (f *Fake) live(kind, id string) (*connector, error) {
	c, err := f.connector(kind, id)
	if err == nil && c.deleted {
		return nil, f.unknown(kind, id)
	}
	return c, err
}

// selectConnectors returns the sources or destinations of a list in the order the server gives them.
func (f *Fake) selectConnectors(list []*connector, p page, workspaceIDs []string, deleted bool) []*connector {
	wanted := set(workspaceIDs)
	var all []*connector
	for _, c := range list {
		if in(wanted, c.workspace.id) && (deleted || !c.deleted) {
			all = append(all, c)
		}
	}
	unordered(f, p, all)
	return all
}

// create makes a source or a destination. The type may be given by the definition's id or inside the
// configuration, and is not kept there.
func (f *Fake) create(kind, name, workspaceID string, definitionID *string, configuration map[string]any, allocation *wire.ScopedResourceRequirements) (*connector, error) {
	if name == "" {
		return nil, f.opaque(http.StatusBadRequest, "name must not be blank")
	}
	ws, err := f.workspace(workspaceID)
	if err != nil {
		return nil, err
	}
	if allocation != nil && f.config.edition == Cloud {
		return nil, badRequest("Setting resource allocation is not permitted on Airbyte Cloud")
	}
	key := kind + "Type"
	configuration = copyTree(configuration)
	typ, _ := configuration[key].(string)
	delete(configuration, key)
	var d *definition
	switch {
	case definitionID != nil:
		if d = f.definitionByID(kind, *definitionID); d == nil || d.workspace != "" && d.workspace != ws.id {
			return nil, f.knownException(http.StatusNotFound, "io.airbyte.commons.server.errors.IdNotFoundKnownException",
				"Could not find configuration for "+kind+" definition: "+*definitionID)
		}
	case typ != "":
		for _, known := range f.definitions {
			if known.kind == kind && known.typ == typ && !known.unmapped {
				d = known
			}
		}
		if d == nil {
			return nil, problem(http.StatusBadRequest, problemBase, "value-not-found", "Submitted value could not be found.", map[string]any{"value": typ})
		}
	default:
		return nil, unprocessable("The " + kind + " type or definitionId must be given.")
	}
	c := &connector{
		id: f.newID(), name: name, definition: d, workspace: ws, configuration: configuration, allocation: allocation, created: time.Now(),
	}
	f.register(c)
	return c, nil
}

// replace is PUT: the whole configuration, where the mask stands for the stored secret.
func (f *Fake) replace(c *connector, name string, configuration map[string]any, allocation *wire.ScopedResourceRequirements) error {
	if name == "" {
		return f.opaque(http.StatusBadRequest, "name must not be blank")
	}
	if allocation != nil && f.config.edition == Cloud {
		return badRequest("Setting resource allocation is not permitted on Airbyte Cloud")
	}
	configuration = copyTree(configuration)
	delete(configuration, c.definition.kind+"Type")
	c.name, c.configuration = name, restored(configuration, c.configuration)
	c.allocation = allocation
	f.forgetStreams(c)
	return nil
}

// patch is PATCH: a recursive merge, which takes the mask for a secret.
func (f *Fake) patch(c *connector, name *string, configuration map[string]any, allocation *wire.ScopedResourceRequirements) error {
	if allocation != nil && f.config.edition == Cloud {
		return badRequest("Setting resource allocation is not permitted on Airbyte Cloud")
	}
	if configuration != nil {
		configuration = copyTree(configuration)
		delete(configuration, c.definition.kind+"Type")
		if !f.has(PatchStoresMask) {
			configuration = restored(configuration, c.configuration)
		}
		c.configuration = merged(c.configuration, configuration)
		f.forgetStreams(c)
	}
	c.name = or(name, c.name)
	if allocation != nil {
		c.allocation = allocation
	}
	return nil
}

// forgetStreams makes the next discovery look again.
func (f *Fake) forgetStreams(c *connector) {
	if f.readsForReal(c) {
		c.streams = nil
	}
}

// remove deletes a source or a destination, and the connections that use it.
func (f *Fake) remove(c *connector) error {
	for _, conn := range f.connections {
		if (conn.source == c || conn.destination == c) && !conn.deleted() {
			if !f.has(CascadingDeletes) {
				return stateConflict("Connections use it")
			}
			f.deprecate(conn)
		}
	}
	c.deleted = true
	return nil
}

func (a *service) ListSources(ctx context.Context, request srv.ListSourcesRequestObject) (srv.ListSourcesResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	p, err := f.page(request.Params.Limit, request.Params.Offset)
	if err != nil {
		return nil, err
	}
	all := f.selectConnectors(f.sources, p, request.Params.WorkspaceIds, or(request.Params.IncludeDeleted, false))
	rows := []wire.SourceResponse{}
	for _, c := range window(p, all) {
		rows = append(rows, f.sourceWire(c, false))
	}
	previous, next := f.links(ctx, p, len(rows), len(all))
	return srv.ListSources200JSONResponse{Data: rows, Previous: &previous, Next: &next}, nil
}

func (a *service) CreateSource(_ context.Context, request srv.CreateSourceRequestObject) (srv.CreateSourceResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	b := request.Body
	c, err := f.create(kindSource, b.Name, b.WorkspaceID, b.DefinitionID, b.Configuration, b.ResourceAllocation)
	if err != nil {
		return nil, err
	}
	return srv.CreateSource200JSONResponse(f.sourceWire(c, false)), nil
}

func (a *service) GetSource(_ context.Context, request srv.GetSourceRequestObject) (srv.GetSourceResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	c, err := f.connector(kindSource, request.SourceID)
	if err != nil {
		return nil, err
	}
	return srv.GetSource200JSONResponse(f.sourceWire(c, or(request.Params.IncludeSecretCoordinates, false))), nil
}

func (a *service) PutSource(_ context.Context, request srv.PutSourceRequestObject) (srv.PutSourceResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	c, err := f.live(kindSource, request.SourceID)
	if err == nil {
		err = f.replace(c, request.Body.Name, request.Body.Configuration, request.Body.ResourceAllocation)
	}
	if err != nil {
		return nil, err
	}
	return srv.PutSource200JSONResponse(f.sourceWire(c, false)), nil
}

func (a *service) PatchSource(_ context.Context, request srv.PatchSourceRequestObject) (srv.PatchSourceResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	c, err := f.live(kindSource, request.SourceID)
	if err == nil {
		err = f.patch(c, request.Body.Name, or(request.Body.Configuration, nil), request.Body.ResourceAllocation)
	}
	if err != nil {
		return nil, err
	}
	return srv.PatchSource200JSONResponse(f.sourceWire(c, false)), nil
}

func (a *service) DeleteSource(_ context.Context, request srv.DeleteSourceRequestObject) (srv.DeleteSourceResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	c, err := f.live(kindSource, request.SourceID)
	if err == nil {
		err = f.remove(c)
	}
	if err != nil {
		return nil, err
	}
	return srv.DeleteSource204Response{}, nil
}

func (a *service) ListDestinations(ctx context.Context, request srv.ListDestinationsRequestObject) (srv.ListDestinationsResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	p, err := f.page(request.Params.Limit, request.Params.Offset)
	if err != nil {
		return nil, err
	}
	all := f.selectConnectors(f.destinations, p, request.Params.WorkspaceIds, or(request.Params.IncludeDeleted, false))
	rows := []wire.DestinationResponse{}
	for _, c := range window(p, all) {
		rows = append(rows, f.destinationWire(c, false))
	}
	previous, next := f.links(ctx, p, len(rows), len(all))
	return srv.ListDestinations200JSONResponse{Data: rows, Previous: &previous, Next: &next}, nil
}

func (a *service) CreateDestination(_ context.Context, request srv.CreateDestinationRequestObject) (srv.CreateDestinationResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	b := request.Body
	c, err := f.create(kindDestination, b.Name, b.WorkspaceID, b.DefinitionID, b.Configuration, b.ResourceAllocation)
	if err != nil {
		return nil, err
	}
	return srv.CreateDestination200JSONResponse(f.destinationWire(c, false)), nil
}

func (a *service) GetDestination(_ context.Context, request srv.GetDestinationRequestObject) (srv.GetDestinationResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	c, err := f.connector(kindDestination, request.DestinationID)
	if err != nil {
		return nil, err
	}
	return srv.GetDestination200JSONResponse(f.destinationWire(c, or(request.Params.IncludeSecretCoordinates, false))), nil
}

func (a *service) PutDestination(_ context.Context, request srv.PutDestinationRequestObject) (srv.PutDestinationResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	c, err := f.live(kindDestination, request.DestinationID)
	if err == nil {
		err = f.replace(c, request.Body.Name, request.Body.Configuration, request.Body.ResourceAllocation)
	}
	if err != nil {
		return nil, err
	}
	return srv.PutDestination200JSONResponse(f.destinationWire(c, false)), nil
}

func (a *service) PatchDestination(_ context.Context, request srv.PatchDestinationRequestObject) (srv.PatchDestinationResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	c, err := f.live(kindDestination, request.DestinationID)
	if err == nil {
		err = f.patch(c, request.Body.Name, or(request.Body.Configuration, nil), request.Body.ResourceAllocation)
	}
	if err != nil {
		return nil, err
	}
	return srv.PatchDestination200JSONResponse(f.destinationWire(c, false)), nil
}

func (a *service) DeleteDestination(_ context.Context, request srv.DeleteDestinationRequestObject) (srv.DeleteDestinationResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	c, err := f.live(kindDestination, request.DestinationID)
	if err == nil {
		err = f.remove(c)
	}
	if err != nil {
		return nil, err
	}
	return srv.DeleteDestination204Response{}, nil
}
