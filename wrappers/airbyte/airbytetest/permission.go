package airbytetest

import (
	"context"
	"slices"
	"strings"

	wire "github.com/sluice-sdk/sluice/gen/airbyteapi"
	srv "github.com/sluice-sdk/sluice/gen/airbyteserver"
)

// permission is what a user may do in an organization or a workspace.
type permission struct {
	id           string
	kind         wire.PermissionType
	user         string
	organization string // one of the two, or neither for an instance admin
	workspace    string
}

func (p *permission) wire() wire.PermissionResponse {
	out := wire.PermissionResponse{PermissionID: p.id, PermissionType: p.kind, UserID: p.user}
	if p.organization != "" {
		out.OrganizationID = &p.organization
	}
	if p.workspace != "" {
		out.WorkspaceID = &p.workspace
	}
	return out
}

func (p *permission) read() wire.PermissionResponseRead {
	out := wire.PermissionResponseRead{
		PermissionID: p.id, PermissionType: p.kind, UserID: p.user, Scope: wire.PermissionScopeNone,
		ScopeID: "00000000-0000-0000-0000-000000000000",
	}
	switch {
	case p.workspace != "":
		out.Scope, out.ScopeID = wire.PermissionScopeWorkspace, p.workspace
	case p.organization != "":
		out.Scope, out.ScopeID = wire.PermissionScopeOrganization, p.organization
	}
	return out
}

func (f *Fake) permission(id string) *permission {
	for _, p := range f.permissions {
		if p.id == id {
			return p
		}
	}
	return nil
}

// checkScope wants a permission of a workspace for workspace permissions, and of an organization for the others.
func (f *Fake) checkScope(kind string, organization, workspace string) error {
	switch {
	case (organization == "") == (workspace == ""):
		return badRequest("Workspace ID or Organization ID must be provided, and not both.")
	case strings.HasPrefix(kind, "workspace_") != (workspace != ""):
		return badRequest("The permission type does not fit the scope: " + kind)
	case workspace != "":
		_, err := f.workspace(workspace)
		return err
	case f.organization(organization) == nil:
		return f.unknown("organization", organization)
	}
	return nil
}

func (a *service) ListPermissions(_ context.Context, request srv.ListPermissionsRequestObject) (srv.ListPermissionsResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	user := or(request.Params.UserID, f.users[0].ID)
	if f.user(user) == nil {
		return nil, f.unknown("user", user)
	}
	out := srv.ListPermissions200JSONResponse{Data: []wire.PermissionResponseRead{}}
	for _, p := range f.permissions {
		organization := p.organization
		if ws := f.workspaceByID[p.workspace]; ws != nil {
			organization = ws.organization
		}
		if p.user == user && (request.Params.OrganizationID == nil || organization == *request.Params.OrganizationID) {
			out.Data = append(out.Data, p.read())
		}
	}
	return out, nil
}

func (a *service) CreatePermission(_ context.Context, request srv.CreatePermissionRequestObject) (srv.CreatePermissionResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	b := request.Body
	if f.user(b.UserID) == nil {
		return nil, f.unknown("user", b.UserID)
	}
	p := &permission{kind: wire.PermissionType(b.PermissionType), user: b.UserID, organization: or(b.OrganizationID, ""), workspace: or(b.WorkspaceID, "")}
	if err := f.checkScope(string(b.PermissionType), p.organization, p.workspace); err != nil {
		return nil, err
	}
	p.id = f.newID()
	f.permissions = append(f.permissions, p)
	return srv.CreatePermission200JSONResponse(p.wire()), nil
}

func (a *service) GetPermission(_ context.Context, request srv.GetPermissionRequestObject) (srv.GetPermissionResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	p := f.permission(request.PermissionID)
	if p == nil {
		return nil, f.unknown("permission", request.PermissionID)
	}
	return srv.GetPermission200JSONResponse(p.wire()), nil
}

func (a *service) UpdatePermission(_ context.Context, request srv.UpdatePermissionRequestObject) (srv.UpdatePermissionResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	p := f.permission(request.PermissionID)
	if p == nil {
		return nil, f.unknown("permission", request.PermissionID)
	}
	if err := f.checkScope(string(request.Body.PermissionType), p.organization, p.workspace); err != nil {
		return nil, err
	}
	p.kind = request.Body.PermissionType
	return srv.UpdatePermission200JSONResponse(p.wire()), nil
}

func (a *service) DeletePermission(_ context.Context, request srv.DeletePermissionRequestObject) (srv.DeletePermissionResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	if f.permission(request.PermissionID) == nil {
		return nil, f.unknown("permission", request.PermissionID)
	}
	f.permissions = slices.DeleteFunc(f.permissions, func(p *permission) bool { return p.id == request.PermissionID })
	return srv.DeletePermission204Response{}, nil
}
