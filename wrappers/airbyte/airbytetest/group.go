package airbytetest

import (
	"context"
	"net/http"
	"slices"
	"strconv"

	"github.com/oapi-codegen/nullable"

	wire "github.com/sluice-sdk/sluice/gen/airbyteapi"
	srv "github.com/sluice-sdk/sluice/gen/airbyteserver"
)

// group is a group of users with permissions of its own.
type group struct {
	id, name, organization string
	description            nullable.Nullable[string]
	members                []wire.GroupMemberResponse
	permissions            []wire.GroupPermissionResponse
}

func (g *group) wire() wire.GroupResponse {
	return wire.GroupResponse{GroupID: g.id, Name: g.name, OrganizationID: g.organization, Description: g.description, MemberCount: int64(len(g.members))}
}

func (f *Fake) group(id string) (*group, error) {
	for _, g := range f.groups {
		if g.id == id {
			return g, nil
		}
	}
	return nil, f.unknown("group", id)
}

func (f *Fake) checkGroupName(organization, id, name string) error {
	if name == "" {
		return f.opaque(http.StatusBadRequest, "name must not be blank")
	}
	for _, g := range f.groups {
		if g.organization == organization && g.id != id && g.name == name {
			return problem(http.StatusConflict, "error:group-already-exists", "Group already exists", "", message(name))
		}
	}
	return nil
}

// ahead are the links of the lists of groups, which look one row ahead and answer null at the end.
func (f *Fake) ahead(ctx context.Context, p page, rows, total int) (previous, next nullable.Nullable[string]) {
	previous, next = nullable.NewNullNullable[string](), nullable.NewNullNullable[string]()
	r := requestOf(ctx)
	link := func(offset int) string {
		q := r.URL.Query()
		q.Set("limit", strconv.Itoa(p.limit))
		q.Set("offset", strconv.Itoa(offset))
		return f.config.linkBase + r.URL.Path + "?" + q.Encode()
	}
	if p.offset+rows < total {
		next = nullable.NewNullableWithValue(link(p.offset + p.limit))
	}
	if p.offset > 0 {
		previous = nullable.NewNullableWithValue(link(max(0, p.offset-p.limit)))
	}
	return previous, next
}

func (a *service) ListGroups(ctx context.Context, request srv.ListGroupsRequestObject) (srv.ListGroupsResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	p, err := f.page(request.Params.Limit, request.Params.Offset)
	if err != nil {
		return nil, err
	}
	if f.organization(request.Params.OrganizationID) == nil {
		return nil, f.unknown("organization", request.Params.OrganizationID)
	}
	all := []wire.GroupResponse{}
	for _, g := range f.groups {
		if g.organization == request.Params.OrganizationID {
			all = append(all, g.wire())
		}
	}
	rows := window(p, all)
	previous, next := f.ahead(ctx, p, len(rows), len(all))
	return srv.ListGroups200JSONResponse{Data: rows, Previous: previous, Next: next}, nil
}

func (a *service) CreateGroup(_ context.Context, request srv.CreateGroupRequestObject) (srv.CreateGroupResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	b := request.Body
	if f.organization(b.OrganizationID) == nil {
		return nil, f.unknown("organization", b.OrganizationID)
	}
	if err := f.checkGroupName(b.OrganizationID, "", b.Name); err != nil {
		return nil, err
	}
	g := &group{id: f.newID(), name: b.Name, organization: b.OrganizationID, description: b.Description}
	f.groups = append(f.groups, g)
	return srv.CreateGroup200JSONResponse(g.wire()), nil
}

func (a *service) GetGroup(_ context.Context, request srv.GetGroupRequestObject) (srv.GetGroupResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	g, err := f.group(request.GroupID)
	if err != nil {
		return nil, err
	}
	return srv.GetGroup200JSONResponse(g.wire()), nil
}

func (a *service) UpdateGroup(_ context.Context, request srv.UpdateGroupRequestObject) (srv.UpdateGroupResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	g, err := f.group(request.GroupID)
	if err != nil {
		return nil, err
	}
	if request.Body.Name != nil {
		if err := f.checkGroupName(g.organization, g.id, *request.Body.Name); err != nil {
			return nil, err
		}
		g.name = *request.Body.Name
	}
	if request.Body.Description.IsSpecified() {
		g.description = request.Body.Description
	}
	return srv.UpdateGroup200JSONResponse(g.wire()), nil
}

func (a *service) DeleteGroup(_ context.Context, request srv.DeleteGroupRequestObject) (srv.DeleteGroupResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	g, err := f.group(request.GroupID)
	if err != nil {
		return nil, err
	}
	f.groups = slices.DeleteFunc(f.groups, func(x *group) bool { return x == g })
	return srv.DeleteGroup204Response{}, nil
}

func (a *service) ListGroupMembers(ctx context.Context, request srv.ListGroupMembersRequestObject) (srv.ListGroupMembersResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	p, err := f.page(request.Params.Limit, request.Params.Offset)
	if err != nil {
		return nil, err
	}
	g, err := f.group(request.GroupID)
	if err != nil {
		return nil, err
	}
	rows := append([]wire.GroupMemberResponse{}, window(p, g.members)...)
	previous, next := f.ahead(ctx, p, len(rows), len(g.members))
	return srv.ListGroupMembers200JSONResponse{Data: rows, Previous: previous, Next: next}, nil
}

func (a *service) AddGroupMember(_ context.Context, request srv.AddGroupMemberRequestObject) (srv.AddGroupMemberResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	g, err := f.group(request.GroupID)
	if err != nil {
		return nil, err
	}
	u := f.user(request.Body.UserID)
	if u == nil {
		return nil, f.unknown("user", request.Body.UserID)
	}
	if slices.ContainsFunc(g.members, func(m wire.GroupMemberResponse) bool { return m.UserID == u.ID }) {
		return nil, problem(http.StatusConflict, "error:group-member-already-exists", "Group member already exists", "", message(u.ID))
	}
	m := wire.GroupMemberResponse{MemberID: f.newID(), GroupID: g.id, UserID: u.ID, UserEmail: u.Email, UserName: u.Name}
	g.members = append(g.members, m)
	return srv.AddGroupMember201JSONResponse(m), nil
}

func (a *service) RemoveGroupMember(_ context.Context, request srv.RemoveGroupMemberRequestObject) (srv.RemoveGroupMemberResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	g, err := f.group(request.GroupID)
	if err != nil {
		return nil, err
	}
	n := len(g.members)
	g.members = slices.DeleteFunc(g.members, func(m wire.GroupMemberResponse) bool { return m.UserID == request.UserID })
	if len(g.members) == n {
		return nil, f.unknown("group member", request.UserID)
	}
	return srv.RemoveGroupMember204Response{}, nil
}

func (a *service) ListGroupPermissions(_ context.Context, request srv.ListGroupPermissionsRequestObject) (srv.ListGroupPermissionsResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	g, err := f.group(request.GroupID)
	if err != nil {
		return nil, err
	}
	return srv.ListGroupPermissions200JSONResponse{Data: append([]wire.GroupPermissionResponse{}, g.permissions...)}, nil
}

func (a *service) CreateGroupPermission(_ context.Context, request srv.CreateGroupPermissionRequestObject) (srv.CreateGroupPermissionResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	g, err := f.group(request.GroupID)
	if err != nil {
		return nil, err
	}
	b := request.Body
	organization, _ := b.OrganizationID.Get()
	workspace, _ := b.WorkspaceID.Get()
	if err := f.checkScope(string(b.PermissionType), organization, workspace); err != nil {
		return nil, err
	}
	if slices.ContainsFunc(g.permissions, func(p wire.GroupPermissionResponse) bool {
		o, _ := p.OrganizationID.Get()
		w, _ := p.WorkspaceID.Get()
		return p.PermissionType == b.PermissionType && o == organization && w == workspace
	}) {
		return nil, problem(http.StatusConflict, "error:group-permission-already-exists", "Group permission already exists", "", message(string(b.PermissionType)))
	}
	p := wire.GroupPermissionResponse{PermissionID: f.newID(), GroupID: g.id, PermissionType: b.PermissionType, OrganizationID: b.OrganizationID, WorkspaceID: b.WorkspaceID}
	g.permissions = append(g.permissions, p)
	return srv.CreateGroupPermission201JSONResponse(p), nil
}

func (a *service) DeleteGroupPermission(_ context.Context, request srv.DeleteGroupPermissionRequestObject) (srv.DeleteGroupPermissionResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	g, err := f.group(request.GroupID)
	if err != nil {
		return nil, err
	}
	n := len(g.permissions)
	g.permissions = slices.DeleteFunc(g.permissions, func(p wire.GroupPermissionResponse) bool { return p.PermissionID == request.PermissionID })
	if len(g.permissions) == n {
		return nil, f.unknown("permission", request.PermissionID)
	}
	return srv.DeleteGroupPermission204Response{}, nil
}
