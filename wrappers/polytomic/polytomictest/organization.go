package polytomictest

import (
	"context"
	"slices"
	"strings"

	wire "github.com/sluice-sdk/sluice/gen/polytomicapi"
	srv "github.com/sluice-sdk/sluice/gen/polytomicserver"
)

// wire is an organization as it is answered: the client id and secret of single sign-on never are.
func (o *organization) wire() *wire.Organization {
	return &wire.Organization{ID: &o.id, Name: new(o.name), Issuer: orNone(o.issuer), SsoDomain: orNone(o.ssoDomain), SsoOrgID: orNone(o.ssoOrgID)}
}

func (a *service) GetCurrentOrganization(ctx context.Context, _ srv.GetCurrentOrganizationRequestObject) (srv.GetCurrentOrganizationResponseObject, error) {
	_, c := a.enter(ctx)
	defer a.leave()
	return srv.GetCurrentOrganization200JSONResponse{Data: c.org.wire()}, nil
}

func (a *service) ListOrganizations(ctx context.Context, _ srv.ListOrganizationsRequestObject) (srv.ListOrganizationsResponseObject, error) {
	f, _ := a.enter(ctx)
	defer a.leave()
	list := mapped(f.organizations, func(o *organization) wire.Organization { return *o.wire() })
	return srv.ListOrganizations200JSONResponse{Data: rows(f, list)}, nil
}

func (f *Fake) organizationName(name string, besides *organization) error {
	if strings.TrimSpace(name) == "" {
		return unprocessable("name is required")
	}
	for _, o := range f.organizations {
		if o != besides && o.name == name {
			return conflict("an organization named %q exists", name)
		}
	}
	return nil
}

func (a *service) CreateOrganization(ctx context.Context, request srv.CreateOrganizationRequestObject) (srv.CreateOrganizationResponseObject, error) {
	f, _ := a.enter(ctx)
	defer a.leave()
	if err := f.organizationName(request.Body.Name, nil); err != nil {
		return nil, err
	}
	o := f.addOrganization(request.Body.Name)
	o.set(wire.UpdateOrganizationRequestSchema(*request.Body))
	return srv.CreateOrganization200JSONResponse{Data: o.wire()}, nil
}

// set replaces the settings of an organization: what is left out is reset.
func (o *organization) set(r wire.UpdateOrganizationRequestSchema) {
	o.name, o.issuer, o.clientID, o.clientSecret = r.Name, or(r.Issuer, ""), or(r.ClientID, ""), or(r.ClientSecret, "")
	o.ssoDomain, o.ssoOrgID = or(r.SsoDomain, ""), or(r.SsoOrgID, "")
}

// GetOrganization answers a user only the organization of the key.
func (a *service) GetOrganization(ctx context.Context, request srv.GetOrganizationRequestObject) (srv.GetOrganizationResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	o := f.organization(request.ID)
	switch {
	case o == nil:
		return nil, notFound("organization", request.ID)
	case c.org != nil && c.org != o:
		return nil, forbidden("organization %s is not accessible with this key", request.ID)
	}
	return srv.GetOrganization200JSONResponse{Data: o.wire()}, nil
}

func (a *service) UpdateOrganization(ctx context.Context, request srv.UpdateOrganizationRequestObject) (srv.UpdateOrganizationResponseObject, error) {
	f, _ := a.enter(ctx)
	defer a.leave()
	o := f.organization(request.ID)
	if o == nil {
		return nil, forbidden("organization %s is not accessible with this key", request.ID)
	}
	if err := f.organizationName(request.Body.Name, o); err != nil {
		return nil, err
	}
	o.set(*request.Body)
	return srv.UpdateOrganization200JSONResponse{Data: o.wire()}, nil
}

// DeleteOrganization takes everything of the organization with it.
func (a *service) DeleteOrganization(ctx context.Context, request srv.DeleteOrganizationRequestObject) (srv.DeleteOrganizationResponseObject, error) {
	f, _ := a.enter(ctx)
	defer a.leave()
	o := f.organization(request.ID)
	if o == nil {
		return nil, notFound("organization", request.ID)
	}
	if len(f.organizations) == 1 {
		return nil, forbidden("the last organization cannot be deleted")
	}
	f.organizations = slices.DeleteFunc(f.organizations, func(x *organization) bool { return x == o })
	clearOf(&f.bulkSyncs, func(b *bulkSync) bool { return b.org == o })
	clearOf(&f.modelSyncs, func(s *modelSync) bool { return s.org == o })
	clearOf(&f.models, func(m *model) bool { return m.org == o })
	clearOf(&f.connections, func(x *connection) bool { return x.org == o })
	clearOf(&f.webhooks, func(w *webhook) bool { return w.org == o })
	clearOf(&f.roles, func(r *role) bool { return r.org == o })
	clearOf(&f.policies, func(p *policy) bool { return p.org == o })
	return srv.DeleteOrganization200Response{}, nil
}

func clearOf[T interface {
	comparable
	identity() string
}](c *collection[T], match func(T) bool) {
	for _, row := range c.where(match) {
		c.remove(row)
	}
}
