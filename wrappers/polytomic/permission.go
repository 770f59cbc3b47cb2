package polytomic

import (
	"context"
	"iter"
	"net/http"

	"github.com/oapi-codegen/nullable"

	"github.com/sluice-sdk/sluice/gen/polytomicapi"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// Roles lists the roles that users can have, in one call.
//
//sluice:operation GET /api/permissions/roles
func (c *Client) Roles(ctx context.Context) iter.Seq2[polytomicapi.RoleResponse, error] {
	return oneCall(ctx, func(ctx context.Context) ([]polytomicapi.RoleResponse, error) {
		rows, _, err := listOf[polytomicapi.RoleResponse](c.raw.ListRoles(ctx))
		return rows, err
	})
}

// Role reads one role.
//
//sluice:operation GET /api/permissions/roles/{id}
func (c *Client) Role(ctx context.Context, id string) (*polytomicapi.RoleResponse, error) {
	if err := checkID("role", id); err != nil {
		return nil, err
	}
	return with[*polytomicapi.RoleResponse]("role", id)(dataOf[polytomicapi.RoleResponse](c.raw.GetRole(ctx, id)))
}

// CreateRole creates a role.
//
//sluice:operation POST /api/permissions/roles
func (c *Client) CreateRole(ctx context.Context, name string) (*polytomicapi.RoleResponse, error) {
	if name == "" {
		return nil, apierr.Invalid(service, "name", "the role has no name")
	}
	return dataOf[polytomicapi.RoleResponse](c.raw.CreateRole(ctx, polytomicapi.CreateRoleRequest{Name: name}))
}

// RenameRole gives a role another name.
//
//sluice:operation PUT /api/permissions/roles/{id}
func (c *Client) RenameRole(ctx context.Context, id, name string) (*polytomicapi.RoleResponse, error) {
	if err := checkID("role", id); err != nil {
		return nil, err
	}
	if name == "" {
		return nil, apierr.Invalid(service, "name", "the role has no name")
	}
	return with[*polytomicapi.RoleResponse]("role", id)(dataOf[polytomicapi.RoleResponse](c.raw.UpdateRole(ctx, id, polytomicapi.UpdateRoleRequest{Name: name})))
}

// DeleteRole deletes a role.
//
//sluice:operation DELETE /api/permissions/roles/{id}
func (c *Client) DeleteRole(ctx context.Context, id string) error {
	if err := checkID("role", id); err != nil {
		return err
	}
	return about("role", id, c.remove(ctx, func(ctx context.Context) (*http.Response, error) {
		return c.raw.DeleteRole(ctx, id)
	}))
}

// Policies lists the policies, each of which says which roles may do what, in one call.
//
//sluice:operation GET /api/permissions/policies
func (c *Client) Policies(ctx context.Context) iter.Seq2[polytomicapi.PolicyResponse, error] {
	return oneCall(ctx, func(ctx context.Context) ([]polytomicapi.PolicyResponse, error) {
		rows, _, err := listOf[polytomicapi.PolicyResponse](c.raw.ListPolicies(ctx))
		return rows, err
	})
}

// Policy reads one policy.
//
//sluice:operation GET /api/permissions/policies/{id}
func (c *Client) Policy(ctx context.Context, id string) (*polytomicapi.PolicyResponse, error) {
	if err := checkID("policy", id); err != nil {
		return nil, err
	}
	return with[*polytomicapi.PolicyResponse]("policy", id)(dataOf[polytomicapi.PolicyResponse](c.raw.GetPolicy(ctx, id)))
}

// CreatePolicy creates a policy.
//
//sluice:operation POST /api/permissions/policies
func (c *Client) CreatePolicy(ctx context.Context, name string, actions ...polytomicapi.PolicyAction) (*polytomicapi.PolicyResponse, error) {
	if name == "" {
		return nil, apierr.Invalid(service, "name", "the policy has no name")
	}
	return dataOf[polytomicapi.PolicyResponse](c.raw.CreatePolicy(ctx, polytomicapi.CreatePolicyRequest{Name: name, PolicyActions: listed(orEmpty(actions))}))
}

// UpdatePolicy changes a policy: it reads it, lets change do its work on the request and replaces the whole.
//
//sluice:operation GET /api/permissions/policies/{id}
//sluice:operation PUT /api/permissions/policies/{id}
func (c *Client) UpdatePolicy(ctx context.Context, id string, change func(*polytomicapi.UpdatePolicyRequest) error) (*polytomicapi.PolicyResponse, error) {
	policy, err := c.Policy(ctx, id)
	if err != nil {
		return nil, err
	}
	request := polytomicapi.UpdatePolicyRequest{Name: valueOf(policy.Name), OrganizationID: known(policy.OrganizationID),
		PolicyActions: nullable.NewNullableWithValue(orEmpty(policy.PolicyActions))}
	if err := change(&request); err != nil {
		return nil, err
	}
	return with[*polytomicapi.PolicyResponse]("policy", id)(dataOf[polytomicapi.PolicyResponse](c.raw.UpdatePolicy(ctx, id, request)))
}

// DeletePolicy deletes a policy.
//
//sluice:operation DELETE /api/permissions/policies/{id}
func (c *Client) DeletePolicy(ctx context.Context, id string) error {
	if err := checkID("policy", id); err != nil {
		return err
	}
	return about("policy", id, c.remove(ctx, func(ctx context.Context) (*http.Response, error) {
		return c.raw.DeletePolicy(ctx, id)
	}))
}
