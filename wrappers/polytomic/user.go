package polytomic

import (
	"context"
	"iter"
	"net/http"

	"github.com/sluice-sdk/sluice/gen/polytomicapi"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// Users lists the users of the organization, in one call. Partners list those of any organization with
// [Organization.Users].
//
//sluice:operation GET /api/organization/users
func (c *Client) Users(ctx context.Context) iter.Seq2[polytomicapi.User, error] {
	return oneCall(ctx, func(ctx context.Context) ([]polytomicapi.User, error) {
		rows, _, err := listOf[polytomicapi.User](c.raw.ListUsers(ctx))
		return rows, err
	})
}

// User reads one user of the organization.
//
//sluice:operation GET /api/organization/users/{id}
func (c *Client) User(ctx context.Context, id string) (*polytomicapi.User, error) {
	if err := checkID("user", id); err != nil {
		return nil, err
	}
	return with[*polytomicapi.User]("user", id)(dataOf[polytomicapi.User](c.raw.GetUser(ctx, id)))
}

// CreateUser adds a user to the organization.
//
//sluice:operation POST /api/organization/users
func (c *Client) CreateUser(ctx context.Context, request polytomicapi.CurrentOrgCreateUserRequestSchema) (*polytomicapi.User, error) {
	if request.Email == "" {
		return nil, apierr.Invalid(service, "email", "the user has no email address")
	}
	return dataOf[polytomicapi.User](c.raw.CreateUser(ctx, request))
}

// UpdateUser changes the roles of a user: it reads it, lets change do its work on the request and replaces the whole.
//
//sluice:operation GET /api/organization/users/{id}
//sluice:operation PUT /api/organization/users/{id}
func (c *Client) UpdateUser(ctx context.Context, id string, change func(*polytomicapi.CurrentOrgUpdateUserRequestSchema) error) (*polytomicapi.User, error) {
	user, err := c.User(ctx, id)
	if err != nil {
		return nil, err
	}
	request := polytomicapi.CurrentOrgUpdateUserRequestSchema{Role: user.Role, RoleIds: given(user.RoleIds)} //nolint:staticcheck // a role that is set must not be reset
	if err := change(&request); err != nil {
		return nil, err
	}
	return with[*polytomicapi.User]("user", id)(dataOf[polytomicapi.User](c.raw.UpdateUser(ctx, id, request)))
}

// DeleteUser removes a user from the organization.
//
//sluice:operation DELETE /api/organization/users/{id}
func (c *Client) DeleteUser(ctx context.Context, id string) error {
	if err := checkID("user", id); err != nil {
		return err
	}
	return about("user", id, c.remove(ctx, func(ctx context.Context) (*http.Response, error) {
		return c.raw.DeleteUser(ctx, id)
	}))
}
