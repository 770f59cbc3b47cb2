package polytomictest

import (
	"context"
	"slices"
	"strings"

	wire "github.com/sluice-sdk/sluice/gen/polytomicapi"
	srv "github.com/sluice-sdk/sluice/gen/polytomicserver"
)

func (f *Fake) userWire(u *user) *wire.User {
	return &wire.User{ID: &u.id, Email: new(u.email), Role: new(u.role), OrganizationID: &u.org.id, RoleIds: rows(f, u.roleIDs)} //nolint:staticcheck // deprecated, and still there
}

func (o *organization) user(id string) (*user, error) {
	for _, u := range o.users {
		if u.id == id {
			return u, nil
		}
	}
	return nil, notFound("user", id)
}

func (f *Fake) listUsers(o *organization) []wire.User {
	return mapped(o.users, func(u *user) wire.User { return *f.userWire(u) })
}

func (f *Fake) createUser(o *organization, email string, roleName *string, roleIDs []string) (*user, error) {
	if !strings.Contains(email, "@") {
		return nil, unprocessable("email is not an address")
	}
	for _, u := range o.users {
		if u.email == email {
			return nil, unprocessable("a user with this email exists")
		}
	}
	if err := f.knownRoles(o, roleIDs); err != nil {
		return nil, err
	}
	return f.addUser(o, email, or(roleName, "member"), roleIDs), nil
}

func (f *Fake) knownRoles(o *organization, ids []string) error {
	for _, id := range ids {
		if r := f.roles.byID[id]; r == nil || r.org != o {
			return unprocessable("unknown role %s", id)
		}
	}
	return nil
}

func (o *organization) removeUser(u *user) {
	o.users = slices.DeleteFunc(o.users, func(x *user) bool { return x == u })
}

func (a *service) ListUsers(ctx context.Context, _ srv.ListUsersRequestObject) (srv.ListUsersResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	return srv.ListUsers200JSONResponse{Data: rows(f, f.listUsers(c.org))}, nil
}

func (a *service) CreateUser(ctx context.Context, request srv.CreateUserRequestObject) (srv.CreateUserResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	u, err := f.createUser(c.org, request.Body.Email, request.Body.Role, request.Body.RoleIds) //nolint:staticcheck // deprecated, and still there
	if err != nil {
		return nil, err
	}
	return srv.CreateUser200JSONResponse{Data: f.userWire(u)}, nil
}

func (a *service) GetUser(ctx context.Context, request srv.GetUserRequestObject) (srv.GetUserResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	u, err := c.org.user(request.ID)
	if err != nil {
		return nil, err
	}
	return srv.GetUser200JSONResponse{Data: f.userWire(u)}, nil
}

func (a *service) UpdateUser(ctx context.Context, request srv.UpdateUserRequestObject) (srv.UpdateUserResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	u, err := c.org.user(request.ID)
	if err != nil {
		return nil, err
	}
	if b := request.Body; b != nil {
		if err := f.knownRoles(c.org, b.RoleIds); err != nil {
			return nil, err
		}
		u.role, u.roleIDs = or(b.Role, u.role), b.RoleIds //nolint:staticcheck // deprecated, and still there
	}
	return srv.UpdateUser200JSONResponse{Data: f.userWire(u)}, nil
}

func (a *service) DeleteUser(ctx context.Context, request srv.DeleteUserRequestObject) (srv.DeleteUserResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	u, err := c.org.user(request.ID)
	if err != nil {
		return nil, err
	}
	if u == c.user {
		return nil, forbidden("users cannot delete themselves")
	}
	c.org.removeUser(u)
	return srv.DeleteUser200JSONResponse{Data: f.userWire(u)}, nil
}

func (f *Fake) partnerUser(organizationID, id string) (*organization, *user, error) {
	o := f.organization(organizationID)
	if o == nil {
		return nil, nil, notFound("organization", organizationID)
	}
	if id == "" {
		return o, nil, nil
	}
	u, err := o.user(id)
	return o, u, err
}

func (a *service) ListPartnerUsers(ctx context.Context, request srv.ListPartnerUsersRequestObject) (srv.ListPartnerUsersResponseObject, error) {
	f, _ := a.enter(ctx)
	defer a.leave()
	o, _, err := f.partnerUser(request.OrgID, "")
	if err != nil {
		return nil, err
	}
	return srv.ListPartnerUsers200JSONResponse{Data: rows(f, f.listUsers(o))}, nil
}

func (a *service) CreatePartnerUser(ctx context.Context, request srv.CreatePartnerUserRequestObject) (srv.CreatePartnerUserResponseObject, error) {
	f, _ := a.enter(ctx)
	defer a.leave()
	o, _, err := f.partnerUser(request.OrgID, "")
	if err != nil {
		return nil, err
	}
	u, err := f.createUser(o, request.Body.Email, request.Body.Role, request.Body.RoleIds) //nolint:staticcheck // deprecated, and still there
	if err != nil {
		return nil, err
	}
	return srv.CreatePartnerUser200JSONResponse{Data: f.userWire(u)}, nil
}

func (a *service) GetPartnerUser(ctx context.Context, request srv.GetPartnerUserRequestObject) (srv.GetPartnerUserResponseObject, error) {
	f, _ := a.enter(ctx)
	defer a.leave()
	_, u, err := f.partnerUser(request.OrgID, request.ID)
	if err != nil {
		return nil, err
	}
	return srv.GetPartnerUser200JSONResponse{Data: f.userWire(u)}, nil
}

// UpdatePartnerUser replaces a user: roles that are left out are reset.
func (a *service) UpdatePartnerUser(ctx context.Context, request srv.UpdatePartnerUserRequestObject) (srv.UpdatePartnerUserResponseObject, error) {
	f, _ := a.enter(ctx)
	defer a.leave()
	o, u, err := f.partnerUser(request.OrgID, request.ID)
	if err != nil {
		return nil, err
	}
	b := request.Body
	if !strings.Contains(b.Email, "@") {
		return nil, unprocessable("email is not an address")
	}
	if err := f.knownRoles(o, b.RoleIds); err != nil {
		return nil, err
	}
	u.email, u.role, u.roleIDs = b.Email, or(b.Role, "member"), b.RoleIds //nolint:staticcheck // deprecated, and still there
	return srv.UpdatePartnerUser200JSONResponse{Data: f.userWire(u)}, nil
}

func (a *service) DeletePartnerUser(ctx context.Context, request srv.DeletePartnerUserRequestObject) (srv.DeletePartnerUserResponseObject, error) {
	f, _ := a.enter(ctx)
	defer a.leave()
	o, u, err := f.partnerUser(request.OrgID, request.ID)
	if err != nil {
		return nil, err
	}
	o.removeUser(u)
	return srv.DeletePartnerUser200JSONResponse{Data: f.userWire(u)}, nil
}

// CreatePartnerUserAPIKey mints a key. That a user who has one needs force, which ends the old one, is how the
// parameter is understood; the documentation does not say.
func (a *service) CreatePartnerUserAPIKey(ctx context.Context, request srv.CreatePartnerUserAPIKeyRequestObject) (srv.CreatePartnerUserAPIKeyResponseObject, error) {
	f, _ := a.enter(ctx)
	defer a.leave()
	_, u, err := f.partnerUser(request.OrgID, request.ID)
	if err != nil {
		return nil, err
	}
	if u.key != "" && !or(request.Params.Force, false) {
		return nil, conflict("the user has an API key, set force to replace it")
	}
	u.key = f.newSecret()
	return srv.CreatePartnerUserAPIKey200JSONResponse{Data: &wire.APIKeyResponse{Value: new(u.key)}}, nil
}
