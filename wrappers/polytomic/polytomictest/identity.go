package polytomictest

import (
	"context"

	wire "github.com/sluice-sdk/sluice/gen/polytomicapi"
	srv "github.com/sluice-sdk/sluice/gen/polytomicserver"
)

// GetIdentity tells the class of the key: a user, an organization (basic), a partner, or the system (a deployment
// key).
func (a *service) GetIdentity(ctx context.Context, _ srv.GetIdentityRequestObject) (srv.GetIdentityResponseObject, error) {
	_, c := a.enter(ctx)
	defer a.leave()
	out := &wire.GetIdentityResponseSchema{
		IsUser: new(c.class == userKey), IsOrganization: new(c.class == organizationKey), IsPartner: new(c.class == partnerKey),
		IsSystem: new(c.class == deploymentKey),
	}
	if c.org != nil {
		out.OrganizationID, out.OrganizationName = &c.org.id, &c.org.name
	}
	if c.user != nil {
		out.ID, out.Email, out.Role = &c.user.id, &c.user.email, &c.user.role //nolint:staticcheck // deprecated, and still there
	}
	return srv.GetIdentity200JSONResponse{Data: out}, nil
}
