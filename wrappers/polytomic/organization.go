package polytomic

import (
	"context"
	"iter"
	"net/http"

	"github.com/sluice-sdk/sluice/gen/polytomicapi"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// Organization is a partner's handle of one of its organizations. It keeps nothing.
type Organization struct {
	client *Client
	id     string
}

// Organization returns a partner's handle of an organization. It does no I/O.
func (c *Client) Organization(id string) *Organization { return &Organization{client: c, id: id} }

// ID returns the organization's id.
func (o *Organization) ID() string { return o.id }

func (o *Organization) about(err error) error { return about("organization", o.id, err) }

func (o *Organization) check() error { return o.about(checkID("organization", o.id)) }

// Client returns a client that works inside the organization, signed in with the partner's or the deployment's key and the
// organization's id, without minting a user's key. It shares connections and limits with the partner's client, so that one
// for each of thousands of organizations costs little. It does no I/O. The client of a user's key or a token source cannot
// be narrowed: the error is of kind [apierr.KindUnsupported].
func (o *Organization) Client() (*Client, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	keys := o.client.keys
	if keys.class != PartnerKey && keys.class != DeploymentKey {
		return nil, o.about(&apierr.Error{Service: service, Kind: apierr.KindUnsupported, Message: "a " + keys.class.String() + " cannot be narrowed to an organization",
			Hint: "Use WithPartnerKey or WithDeploymentKey."})
	}
	keys.organization = o.id
	return o.client.with(keys)
}

// CurrentOrganization reads the organization that the credentials are for.
//
//sluice:operation GET /api/organization
func (c *Client) CurrentOrganization(ctx context.Context) (*polytomicapi.Organization, error) {
	return dataOf[polytomicapi.Organization](c.raw.GetCurrentOrganization(ctx))
}

// Organizations lists a partner's organizations, in one call.
//
//sluice:operation GET /api/organizations
func (c *Client) Organizations(ctx context.Context) iter.Seq2[polytomicapi.Organization, error] {
	return oneCall(ctx, func(ctx context.Context) ([]polytomicapi.Organization, error) {
		rows, _, err := listOf[polytomicapi.Organization](c.raw.ListOrganizations(ctx))
		return rows, err
	})
}

// CreateOrganization creates an organization of the partner's.
//
//sluice:operation POST /api/organizations
func (c *Client) CreateOrganization(ctx context.Context, request polytomicapi.CreateOrganizationRequestSchema) (*Organization, error) {
	if request.Name == "" {
		return nil, apierr.Invalid(service, "name", "the organization has no name")
	}
	created, err := dataOf[polytomicapi.Organization](c.raw.CreateOrganization(ctx, request))
	if err != nil {
		return nil, err
	}
	return c.Organization(valueOf(created.ID)), nil
}

// Info reads the organization.
//
//sluice:operation GET /api/organizations/{id}
func (o *Organization) Info(ctx context.Context) (*polytomicapi.Organization, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	return with[*polytomicapi.Organization]("organization", o.id)(dataOf[polytomicapi.Organization](o.client.raw.GetOrganization(ctx, o.id)))
}

// Update changes the organization: it reads it, lets change do its work on the request and replaces the whole. The client
// id and secret of single sign-on cannot be read: an organization that has an issuer is refused unless change sets both.
//
//sluice:operation GET /api/organizations/{id}
//sluice:operation PUT /api/organizations/{id}
func (o *Organization) Update(ctx context.Context, change func(*polytomicapi.UpdateOrganizationRequestSchema) error) error {
	info, err := o.Info(ctx)
	if err != nil {
		return err
	}
	request := polytomicapi.UpdateOrganizationRequestSchema{Name: valueOf(info.Name), Issuer: info.Issuer, SsoDomain: info.SsoDomain, SsoOrgID: info.SsoOrgID}
	if err := change(&request); err != nil {
		return err
	}
	if valueOf(request.Issuer) != "" && (valueOf(request.ClientID) == "" || valueOf(request.ClientSecret) == "") {
		return o.about(invalidBecause(ErrMaskedSecret, "client_secret", "the update would drop the client id and secret of single sign-on, which cannot be read: set them in it"))
	}
	if err := refuseMasks(request); err != nil {
		return o.about(err)
	}
	return o.about(transport.Discard(o.client.raw.UpdateOrganization(ctx, o.id, request)))
}

// Delete deletes the organization with everything in it.
//
//sluice:operation DELETE /api/organizations/{id}
func (o *Organization) Delete(ctx context.Context) error {
	if err := o.check(); err != nil {
		return err
	}
	return o.about(o.client.remove(ctx, func(ctx context.Context) (*http.Response, error) {
		return o.client.raw.DeleteOrganization(ctx, o.id)
	}))
}

// Users lists the users of the organization, in one call.
//
//sluice:operation GET /api/organizations/{org_id}/users
func (o *Organization) Users(ctx context.Context) iter.Seq2[polytomicapi.User, error] {
	if err := o.check(); err != nil {
		return failing[polytomicapi.User](err)
	}
	return oneCall(ctx, func(ctx context.Context) ([]polytomicapi.User, error) {
		rows, _, err := listOf[polytomicapi.User](o.client.raw.ListPartnerUsers(ctx, o.id))
		return rows, o.about(err)
	})
}

// User reads one user of the organization.
//
//sluice:operation GET /api/organizations/{org_id}/users/{id}
func (o *Organization) User(ctx context.Context, id string) (*polytomicapi.User, error) {
	if err := o.about(checkIDs("organization", o.id, "user", id)); err != nil {
		return nil, err
	}
	return with[*polytomicapi.User]("organization", o.id)(dataOf[polytomicapi.User](o.client.raw.GetPartnerUser(ctx, o.id, id)))
}

// CreateUser adds a user to the organization.
//
//sluice:operation POST /api/organizations/{org_id}/users
func (o *Organization) CreateUser(ctx context.Context, request polytomicapi.CreateUserRequestSchema) (*polytomicapi.User, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	if request.Email == "" {
		return nil, o.about(apierr.Invalid(service, "email", "the user has no email address"))
	}
	return with[*polytomicapi.User]("organization", o.id)(dataOf[polytomicapi.User](o.client.raw.CreatePartnerUser(ctx, o.id, request)))
}

// UpdateUser changes a user: it reads it, lets change do its work on the request and replaces the whole.
//
//sluice:operation GET /api/organizations/{org_id}/users/{id}
//sluice:operation PUT /api/organizations/{org_id}/users/{id}
func (o *Organization) UpdateUser(ctx context.Context, id string, change func(*polytomicapi.UpdateUserRequestSchema) error) (*polytomicapi.User, error) {
	user, err := o.User(ctx, id)
	if err != nil {
		return nil, err
	}
	request := polytomicapi.UpdateUserRequestSchema{Email: valueOf(user.Email), Role: user.Role, RoleIds: given(user.RoleIds)} //nolint:staticcheck // a role that is set must not be reset
	if err := change(&request); err != nil {
		return nil, err
	}
	return with[*polytomicapi.User]("organization", o.id)(dataOf[polytomicapi.User](o.client.raw.UpdatePartnerUser(ctx, o.id, id, request)))
}

// DeleteUser removes a user from the organization.
//
//sluice:operation DELETE /api/organizations/{org_id}/users/{id}
func (o *Organization) DeleteUser(ctx context.Context, id string) error {
	if err := o.about(checkIDs("organization", o.id, "user", id)); err != nil {
		return err
	}
	return o.about(o.client.remove(ctx, func(ctx context.Context) (*http.Response, error) {
		return o.client.raw.DeletePartnerUser(ctx, o.id, id)
	}))
}

// CreateAPIKey makes an API key for a user of the organization, for [WithAPIKey]. With replace an existing key of the user
// is replaced, and stops working; without it there is an error when the user has one.
//
//sluice:operation POST /api/organizations/{org_id}/users/{id}/keys
func (o *Organization) CreateAPIKey(ctx context.Context, user string, replace bool) (string, error) {
	if err := o.about(checkIDs("organization", o.id, "user", user)); err != nil {
		return "", err
	}
	key, err := dataOf[polytomicapi.APIKeyResponse](o.client.raw.CreatePartnerUserAPIKey(ctx, o.id, user,
		&polytomicapi.CreatePartnerUserAPIKeyParams{Force: optional(replace)}))
	if err != nil {
		return "", o.about(err)
	}
	return valueOf(key.Value), nil
}

// SharedConnections lists the connections of the partner's other organizations that share the credentials of a connection
// of this one, in one call.
//
//sluice:operation GET /api/organizations/{org_id}/connections/{connection_id}/shared
func (o *Organization) SharedConnections(ctx context.Context, connection string) iter.Seq2[polytomicapi.ConnectionResponseSchema, error] {
	if err := o.about(checkIDs("organization", o.id, "connection", connection)); err != nil {
		return failing[polytomicapi.ConnectionResponseSchema](err)
	}
	return oneCall(ctx, func(ctx context.Context) ([]polytomicapi.ConnectionResponseSchema, error) {
		rows, _, err := listOf[polytomicapi.ConnectionResponseSchema](o.client.raw.ListPartnerSharedConnections(ctx, o.id, connection))
		return rows, o.about(err)
	})
}

// ShareConnection gives another organization a connection that shares the credentials of a connection of this one, and
// returns its id.
//
//sluice:operation POST /api/organizations/{org_id}/connections/{connection_id}/shared
func (o *Organization) ShareConnection(ctx context.Context, connection, organization, name string) (string, error) {
	if err := o.about(checkIDs("organization", o.id, "connection", connection, "child_organization_id", organization)); err != nil {
		return "", err
	}
	shared, err := dataOf[polytomicapi.CreateSharedConnectionResponseSchema](o.client.raw.CreatePartnerSharedConnection(ctx, o.id, connection,
		polytomicapi.PartnerCreateSharedConnectionRequestSchema{ChildOrganizationID: organization, Name: optional(name)}))
	if err != nil {
		return "", o.about(err)
	}
	return valueOf(shared.ID), nil
}
