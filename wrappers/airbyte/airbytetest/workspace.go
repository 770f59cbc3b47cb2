package airbytetest

import (
	"context"
	"net/http"

	wire "github.com/sluice-sdk/sluice/gen/airbyteapi"
	srv "github.com/sluice-sdk/sluice/gen/airbyteserver"
)

func (ws *workspace) wire() wire.WorkspaceResponse {
	return wire.WorkspaceResponse{WorkspaceID: ws.id, Name: ws.name, DataResidency: ws.residency, Notifications: ws.notifications}
}

// workspace finds one that was not deleted.
func (f *Fake) workspace(id string) (*workspace, error) {
	if ws := f.workspaceByID[id]; ws != nil && !ws.deleted {
		return ws, nil
	}
	return nil, f.unknown("workspace", id)
}

func (a *service) ListWorkspaces(ctx context.Context, request srv.ListWorkspacesRequestObject) (srv.ListWorkspacesResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	p, err := f.page(request.Params.Limit, request.Params.Offset)
	if err != nil {
		return nil, err
	}
	wanted := set(request.Params.WorkspaceIds)
	var all []wire.WorkspaceResponse
	for _, ws := range f.workspaces {
		if in(wanted, ws.id) && (!ws.deleted || or(request.Params.IncludeDeleted, false)) {
			all = append(all, ws.wire())
		}
	}
	rows := window(p, all)
	previous, next := f.links(ctx, p, len(rows), len(all))
	return srv.ListWorkspaces200JSONResponse{Data: rows, Previous: &previous, Next: &next}, nil
}

func (a *service) CreateWorkspace(_ context.Context, request srv.CreateWorkspaceRequestObject) (srv.CreateWorkspaceResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	body := request.Body
	if body.Name == "" {
		return nil, f.opaque(http.StatusBadRequest, "name must not be blank")
	}
	if body.OrganizationID != nil && f.organization(*body.OrganizationID) == nil {
		return nil, f.unknown("organization", *body.OrganizationID)
	}
	region := f.regions[0]
	if body.RegionID != nil {
		if region = f.region(*body.RegionID); region == nil {
			return nil, badRequest("Region not found: " + *body.RegionID)
		}
	}
	ws := f.addWorkspace(body.Name)
	ws.organization = or(body.OrganizationID, ws.organization)
	ws.region, ws.residency = region.RegionID, region.Name
	ws.notifications = or(body.Notifications, wire.NotificationsConfig{})
	return srv.CreateWorkspace200JSONResponse(ws.wire()), nil
}

func (a *service) GetWorkspace(_ context.Context, request srv.GetWorkspaceRequestObject) (srv.GetWorkspaceResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	ws, err := f.workspace(request.WorkspaceID)
	if err != nil {
		return nil, err
	}
	return srv.GetWorkspace200JSONResponse(ws.wire()), nil
}

func (a *service) UpdateWorkspace(_ context.Context, request srv.UpdateWorkspaceRequestObject) (srv.UpdateWorkspaceResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	ws, err := f.workspace(request.WorkspaceID)
	if err != nil {
		return nil, err
	}
	if id := request.Body.RegionID; id != nil {
		region := f.region(*id)
		if region == nil {
			return nil, badRequest("Region not found: " + *id)
		}
		ws.region, ws.residency = region.RegionID, region.Name
	}
	ws.name = or(request.Body.Name, ws.name)
	ws.notifications = or(request.Body.Notifications, ws.notifications)
	return srv.UpdateWorkspace200JSONResponse(ws.wire()), nil
}

// DeleteWorkspace deletes what is in the workspace too.
func (a *service) DeleteWorkspace(_ context.Context, request srv.DeleteWorkspaceRequestObject) (srv.DeleteWorkspaceResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	ws, err := f.workspace(request.WorkspaceID)
	if err != nil {
		return nil, err
	}
	ws.deleted = true
	for _, c := range f.connections {
		if c.workspace == ws {
			f.deprecate(c)
		}
	}
	for _, list := range [][]*connector{f.sources, f.destinations} {
		for _, c := range list {
			if c.workspace == ws {
				c.deleted = true
			}
		}
	}
	return srv.DeleteWorkspace204Response{}, nil
}
