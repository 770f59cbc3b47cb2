package airbytetest

import (
	"context"

	wire "github.com/sluice-sdk/sluice/gen/airbyteapi"
	srv "github.com/sluice-sdk/sluice/gen/airbyteserver"
)

func (f *Fake) definitionByID(kind, id string) *definition {
	for _, d := range f.definitions {
		if d.id == id && d.kind == kind {
			return d
		}
	}
	return nil
}

func (d *definition) wire() wire.DefinitionResponse {
	out := wire.DefinitionResponse{ID: d.id, Name: d.name, DockerRepository: d.repository, DockerImageTag: d.tag}
	if d.documentation != "" {
		out.DocumentationURL = &d.documentation
	}
	return out
}

func (d *definition) declarativeWire() wire.DeclarativeSourceDefinitionResponse {
	return wire.DeclarativeSourceDefinitionResponse{ID: d.id, Name: d.name, Manifest: copyTree(d.manifest), Version: d.version}
}

// definitionsIn returns the definitions a workspace has: the built-in ones and its own.
func (f *Fake) definitionsIn(kind, workspaceID string, declarative bool) ([]*definition, error) {
	if _, err := f.workspace(workspaceID); err != nil {
		return nil, err
	}
	var out []*definition
	for _, d := range f.definitions {
		if d.kind == kind && d.declarative() == declarative && (d.workspace == "" || d.workspace == workspaceID) {
			out = append(out, d)
		}
	}
	return out, nil
}

func (f *Fake) definitionIn(kind, workspaceID, id string, declarative bool) (*definition, error) {
	all, err := f.definitionsIn(kind, workspaceID, declarative)
	if err != nil {
		return nil, err
	}
	for _, d := range all {
		if d.id == id {
			return d, nil
		}
	}
	return nil, f.unknown(kind+" definition", id)
}

func (f *Fake) addDefinition(kind, workspaceID string, b *wire.CreateDefinitionRequest) (*definition, error) {
	ws, err := f.workspace(workspaceID)
	if err != nil {
		return nil, err
	}
	d := &definition{
		id: f.newID(), kind: kind, name: b.Name, repository: b.DockerRepository, tag: b.DockerImageTag,
		documentation: or(b.DocumentationURL, ""), workspace: ws.id,
	}
	f.definitions = append(f.definitions, d)
	return d, nil
}

func (f *Fake) updateDefinition(kind, workspaceID, id string, b *wire.UpdateDefinitionRequest) (*definition, error) {
	d, err := f.definitionIn(kind, workspaceID, id, false)
	if err != nil {
		return nil, err
	}
	if d.workspace == "" {
		return nil, forbidden()
	}
	d.name, d.tag = b.Name, b.DockerImageTag
	return d, nil
}

func (f *Fake) removeDefinition(kind, workspaceID, id string, declarative bool) (*definition, error) {
	d, err := f.definitionIn(kind, workspaceID, id, declarative)
	if err != nil {
		return nil, err
	}
	if d.workspace == "" {
		return nil, forbidden()
	}
	for i, other := range f.definitions {
		if other == d {
			f.definitions = append(f.definitions[:i:i], f.definitions[i+1:]...)
			break
		}
	}
	for _, list := range [][]*connector{f.sources, f.destinations} {
		for _, c := range list {
			if c.definition == d && !c.deleted {
				_ = f.remove(c) // like the deletion of the connector itself
			}
		}
	}
	return d, nil
}

func definitionRows(all []*definition) wire.DefinitionsResponse {
	out := wire.DefinitionsResponse{Data: []wire.DefinitionResponse{}, Previous: new(""), Next: new("")}
	for _, d := range all {
		out.Data = append(out.Data, d.wire())
	}
	return out
}

func (a *service) ListSourceDefinitions(_ context.Context, request srv.ListSourceDefinitionsRequestObject) (srv.ListSourceDefinitionsResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	all, err := f.definitionsIn(kindSource, request.WorkspaceID, false)
	if err != nil {
		return nil, err
	}
	return srv.ListSourceDefinitions200JSONResponse(definitionRows(all)), nil
}

func (a *service) CreateSourceDefinition(_ context.Context, request srv.CreateSourceDefinitionRequestObject) (srv.CreateSourceDefinitionResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	d, err := f.addDefinition(kindSource, request.WorkspaceID, request.Body)
	if err != nil {
		return nil, err
	}
	return srv.CreateSourceDefinition200JSONResponse(d.wire()), nil
}

func (a *service) GetSourceDefinition(_ context.Context, request srv.GetSourceDefinitionRequestObject) (srv.GetSourceDefinitionResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	d, err := f.definitionIn(kindSource, request.WorkspaceID, request.DefinitionID, false)
	if err != nil {
		return nil, err
	}
	return srv.GetSourceDefinition200JSONResponse(d.wire()), nil
}

func (a *service) UpdateSourceDefinition(_ context.Context, request srv.UpdateSourceDefinitionRequestObject) (srv.UpdateSourceDefinitionResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	d, err := f.updateDefinition(kindSource, request.WorkspaceID, request.DefinitionID, request.Body)
	if err != nil {
		return nil, err
	}
	return srv.UpdateSourceDefinition200JSONResponse(d.wire()), nil
}

func (a *service) DeleteSourceDefinition(_ context.Context, request srv.DeleteSourceDefinitionRequestObject) (srv.DeleteSourceDefinitionResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	d, err := f.removeDefinition(kindSource, request.WorkspaceID, request.DefinitionID, false)
	if err != nil {
		return nil, err
	}
	return srv.DeleteSourceDefinition200JSONResponse(d.wire()), nil
}

func (a *service) ListDestinationDefinitions(_ context.Context, request srv.ListDestinationDefinitionsRequestObject) (srv.ListDestinationDefinitionsResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	all, err := f.definitionsIn(kindDestination, request.WorkspaceID, false)
	if err != nil {
		return nil, err
	}
	return srv.ListDestinationDefinitions200JSONResponse(definitionRows(all)), nil
}

func (a *service) CreateDestinationDefinition(_ context.Context, request srv.CreateDestinationDefinitionRequestObject) (srv.CreateDestinationDefinitionResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	d, err := f.addDefinition(kindDestination, request.WorkspaceID, request.Body)
	if err != nil {
		return nil, err
	}
	return srv.CreateDestinationDefinition200JSONResponse(d.wire()), nil
}

func (a *service) GetDestinationDefinition(_ context.Context, request srv.GetDestinationDefinitionRequestObject) (srv.GetDestinationDefinitionResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	d, err := f.definitionIn(kindDestination, request.WorkspaceID, request.DefinitionID, false)
	if err != nil {
		return nil, err
	}
	return srv.GetDestinationDefinition200JSONResponse(d.wire()), nil
}

func (a *service) UpdateDestinationDefinition(_ context.Context, request srv.UpdateDestinationDefinitionRequestObject) (srv.UpdateDestinationDefinitionResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	d, err := f.updateDefinition(kindDestination, request.WorkspaceID, request.DefinitionID, request.Body)
	if err != nil {
		return nil, err
	}
	return srv.UpdateDestinationDefinition200JSONResponse(d.wire()), nil
}

func (a *service) DeleteDestinationDefinition(_ context.Context, request srv.DeleteDestinationDefinitionRequestObject) (srv.DeleteDestinationDefinitionResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	d, err := f.removeDefinition(kindDestination, request.WorkspaceID, request.DefinitionID, false)
	if err != nil {
		return nil, err
	}
	return srv.DeleteDestinationDefinition200JSONResponse(d.wire()), nil
}

func (a *service) ListDeclarativeSourceDefinitions(_ context.Context, request srv.ListDeclarativeSourceDefinitionsRequestObject) (srv.ListDeclarativeSourceDefinitionsResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	all, err := f.definitionsIn(kindSource, request.WorkspaceID, true)
	if err != nil {
		return nil, err
	}
	out := srv.ListDeclarativeSourceDefinitions200JSONResponse{Data: []wire.DeclarativeSourceDefinitionResponse{}, Previous: new(""), Next: new("")}
	for _, d := range all {
		out.Data = append(out.Data, d.declarativeWire())
	}
	return out, nil
}

// checkManifest looks at what the server's schema of manifests insists on.
func checkManifest(manifest map[string]any) error {
	if manifest["type"] != "DeclarativeSource" {
		return badRequest("Invalid manifest: type must be DeclarativeSource")
	}
	if v, _ := manifest["version"].(string); v == "" {
		return badRequest("Invalid manifest: version is missing")
	}
	return nil
}

func (a *service) CreateDeclarativeSourceDefinition(_ context.Context, request srv.CreateDeclarativeSourceDefinitionRequestObject) (srv.CreateDeclarativeSourceDefinitionResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	ws, err := f.workspace(request.WorkspaceID)
	if err == nil {
		err = checkManifest(request.Body.Manifest)
	}
	if err != nil {
		return nil, err
	}
	d := &definition{
		id: f.newID(), kind: kindSource, name: request.Body.Name, repository: "airbyte/source-declarative-manifest", tag: "6.0.0",
		workspace: ws.id, manifest: copyTree(request.Body.Manifest), version: 1,
	}
	f.definitions = append(f.definitions, d)
	return srv.CreateDeclarativeSourceDefinition200JSONResponse(d.declarativeWire()), nil
}

func (a *service) GetDeclarativeSourceDefinition(_ context.Context, request srv.GetDeclarativeSourceDefinitionRequestObject) (srv.GetDeclarativeSourceDefinitionResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	d, err := f.definitionIn(kindSource, request.WorkspaceID, request.DefinitionID, true)
	if err != nil {
		return nil, err
	}
	return srv.GetDeclarativeSourceDefinition200JSONResponse(d.declarativeWire()), nil
}

func (a *service) UpdateDeclarativeSourceDefinition(_ context.Context, request srv.UpdateDeclarativeSourceDefinitionRequestObject) (srv.UpdateDeclarativeSourceDefinitionResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	d, err := f.definitionIn(kindSource, request.WorkspaceID, request.DefinitionID, true)
	if err == nil {
		err = checkManifest(request.Body.Manifest)
	}
	if err != nil {
		return nil, err
	}
	d.manifest = copyTree(request.Body.Manifest)
	d.version++
	return srv.UpdateDeclarativeSourceDefinition200JSONResponse(d.declarativeWire()), nil
}

func (a *service) DeleteDeclarativeSourceDefinition(_ context.Context, request srv.DeleteDeclarativeSourceDefinitionRequestObject) (srv.DeleteDeclarativeSourceDefinitionResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	d, err := f.removeDefinition(kindSource, request.WorkspaceID, request.DefinitionID, true)
	if err != nil {
		return nil, err
	}
	return srv.DeleteDeclarativeSourceDefinition200JSONResponse(d.declarativeWire()), nil
}

func (a *service) ListConnectorDefinitions(_ context.Context, request srv.ListConnectorDefinitionsRequestObject) (srv.ListConnectorDefinitionsResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	if id := request.Params.WorkspaceID; id != nil {
		if _, err := f.workspace(*id); err != nil {
			return nil, err
		}
	}
	out := srv.ListConnectorDefinitions200JSONResponse{Data: []wire.ConnectorDefinitionResponse{}}
	for _, d := range f.definitions {
		if d.kind == string(request.Params.Type) && (d.workspace == "" || d.workspace == or(request.Params.WorkspaceID, "")) {
			out.Data = append(out.Data, wire.ConnectorDefinitionResponse{
				ID: d.id, Name: d.name, ConnectorDefinitionType: request.Params.Type, Version: d.tag,
			})
		}
	}
	return out, nil
}
