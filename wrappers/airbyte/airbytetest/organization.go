package airbytetest

import (
	"context"
	"slices"
	"strings"

	wire "github.com/sluice-sdk/sluice/gen/airbyteapi"
	srv "github.com/sluice-sdk/sluice/gen/airbyteserver"
)

func (f *Fake) organization(id string) *organization {
	for _, o := range f.organizations {
		if o.id == id {
			return o
		}
	}
	return nil
}

// AddOrganization makes another organization and returns its id.
func (f *Fake) AddOrganization(name, email string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	o := &organization{f.newID(), name, email}
	f.organizations = append(f.organizations, o)
	return o.id
}

// AddUser makes another user of the organization the fake comes with and returns its id.
func (f *Fake) AddUser(name, email string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	u := &wire.UserResponse{ID: f.newID(), Name: name, Email: email}
	f.users = append(f.users, u)
	f.permissions = append(f.permissions, &permission{
		id: f.newID(), kind: wire.PermissionTypeOrganizationMember, user: u.ID, organization: f.organizations[0].id,
	})
	return u.ID
}

func (f *Fake) user(id string) *wire.UserResponse {
	for _, u := range f.users {
		if u.ID == id {
			return u
		}
	}
	return nil
}

func (a *service) ListOrganizationsForUser(context.Context, srv.ListOrganizationsForUserRequestObject) (srv.ListOrganizationsForUserResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	out := srv.ListOrganizationsForUser200JSONResponse{Data: []wire.OrganizationResponse{}}
	for _, o := range f.organizations {
		out.Data = append(out.Data, wire.OrganizationResponse{OrganizationID: o.id, OrganizationName: o.name, Email: o.email})
	}
	return out, nil
}

func (a *service) ListUsersWithinAnOrganization(_ context.Context, request srv.ListUsersWithinAnOrganizationRequestObject) (srv.ListUsersWithinAnOrganizationResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	if f.organization(request.Params.OrganizationID) == nil {
		return nil, f.unknown("organization", request.Params.OrganizationID)
	}
	ids := set(request.Params.Ids)
	wanted := set(request.Params.Emails)
	out := srv.ListUsersWithinAnOrganization200JSONResponse{Data: []wire.UserResponse{}}
	for _, u := range f.users {
		member := slices.ContainsFunc(f.permissions, func(p *permission) bool {
			return p.user == u.ID && p.organization == request.Params.OrganizationID
		})
		if member && in(ids, u.ID) && in(wanted, strings.ToLower(u.Email)) {
			out.Data = append(out.Data, *u)
		}
	}
	return out, nil
}
