package polytomictest

import (
	"context"
	"slices"
	"strings"

	wire "github.com/sluice-sdk/sluice/gen/polytomicapi"
	srv "github.com/sluice-sdk/sluice/gen/polytomicserver"
)

type role struct {
	id, name string
	org      *organization
	system   bool
}

func (r *role) identity() string { return r.id }

func (r *role) wire() *wire.RoleResponse {
	return &wire.RoleResponse{ID: &r.id, Name: new(r.name), OrganizationID: &r.org.id, System: new(r.system)}
}

type policy struct {
	id, name string
	org      *organization
	system   bool
	actions  []wire.PolicyAction
}

func (p *policy) identity() string { return p.id }

func (p *policy) wire() *wire.PolicyResponse {
	return &wire.PolicyResponse{ID: &p.id, Name: new(p.name), OrganizationID: &p.org.id, System: new(p.system), PolicyActions: p.actions}
}

func (f *Fake) role(c *caller, id string, change bool) (*role, error) {
	r := f.roles.byID[id]
	switch {
	case r == nil || r.org != c.org:
		return nil, notFound("role", id)
	case change && r.system:
		return nil, forbidden("system roles cannot be changed")
	}
	return r, nil
}

func (a *service) ListRoles(ctx context.Context, _ srv.ListRolesRequestObject) (srv.ListRolesResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	list := f.roles.where(func(r *role) bool { return r.org == c.org })
	return srv.ListRoles200JSONResponse{Data: rows(f, mapped(list, func(r *role) wire.RoleResponse { return *r.wire() }))}, nil
}

func (a *service) CreateRole(ctx context.Context, request srv.CreateRoleRequestObject) (srv.CreateRoleResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	if err := own(c, request.Body.OrganizationID); err != nil {
		return nil, err
	}
	if strings.TrimSpace(request.Body.Name) == "" {
		return nil, badRequest("name is required")
	}
	r := &role{id: f.newID(), name: request.Body.Name, org: c.org}
	f.roles.add(r)
	return srv.CreateRole200JSONResponse{Data: r.wire()}, nil
}

func (a *service) GetRole(ctx context.Context, request srv.GetRoleRequestObject) (srv.GetRoleResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	r, err := f.role(c, request.ID, false)
	if err != nil {
		return nil, err
	}
	return srv.GetRole200JSONResponse{Data: r.wire()}, nil
}

func (a *service) UpdateRole(ctx context.Context, request srv.UpdateRoleRequestObject) (srv.UpdateRoleResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	r, err := f.role(c, request.ID, true)
	if err != nil {
		return nil, err
	}
	if strings.TrimSpace(request.Body.Name) == "" {
		return nil, badRequest("name is required")
	}
	r.name = request.Body.Name
	return srv.UpdateRole200JSONResponse{Data: r.wire()}, nil
}

func (a *service) DeleteRole(ctx context.Context, request srv.DeleteRoleRequestObject) (srv.DeleteRoleResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	r, err := f.role(c, request.ID, true)
	if err != nil {
		return nil, err
	}
	f.roles.remove(r)
	for _, u := range c.org.users {
		u.roleIDs = slices.DeleteFunc(u.roleIDs, func(id string) bool { return id == r.id })
	}
	return srv.DeleteRole200Response{}, nil
}

func (f *Fake) policy(c *caller, id string, change bool) (*policy, error) {
	p := f.policies.byID[id]
	switch {
	case p == nil || p.org != c.org:
		return nil, notFound("policy", id)
	case change && p.system:
		return nil, forbidden("system policies cannot be changed")
	}
	return p, nil
}

func (f *Fake) policyActions(c *caller, list []wire.PolicyAction) ([]wire.PolicyAction, error) {
	out := []wire.PolicyAction{}
	for _, x := range list {
		ids, _ := given(x.RoleIds)
		for _, id := range ids {
			if r := f.roles.byID[id]; r == nil || r.org != c.org {
				return nil, badRequest("unknown role %s", id)
			}
		}
		out = append(out, wire.PolicyAction{Action: x.Action, RoleIds: rows(f, ids)})
	}
	return out, nil
}

func (a *service) ListPolicies(ctx context.Context, _ srv.ListPoliciesRequestObject) (srv.ListPoliciesResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	list := f.policies.where(func(p *policy) bool { return p.org == c.org })
	return srv.ListPolicies200JSONResponse{Data: rows(f, mapped(list, func(p *policy) wire.PolicyResponse { return *p.wire() }))}, nil
}

func (a *service) CreatePolicy(ctx context.Context, request srv.CreatePolicyRequestObject) (srv.CreatePolicyResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	if err := own(c, request.Body.OrganizationID); err != nil {
		return nil, err
	}
	list, _ := given(request.Body.PolicyActions)
	actions, err := f.policyActions(c, list)
	if err != nil {
		return nil, err
	}
	if strings.TrimSpace(request.Body.Name) == "" {
		return nil, badRequest("name is required")
	}
	p := &policy{id: f.newID(), name: request.Body.Name, org: c.org, actions: actions}
	f.policies.add(p)
	return srv.CreatePolicy200JSONResponse{Data: p.wire()}, nil
}

func (a *service) GetPolicy(ctx context.Context, request srv.GetPolicyRequestObject) (srv.GetPolicyResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	p, err := f.policy(c, request.ID, false)
	if err != nil {
		return nil, err
	}
	return srv.GetPolicy200JSONResponse{Data: p.wire()}, nil
}

func (a *service) UpdatePolicy(ctx context.Context, request srv.UpdatePolicyRequestObject) (srv.UpdatePolicyResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	p, err := f.policy(c, request.ID, true)
	if err != nil {
		return nil, err
	}
	list, _ := given(request.Body.PolicyActions)
	actions, err := f.policyActions(c, list)
	if err != nil {
		return nil, err
	}
	p.name, p.actions = request.Body.Name, actions
	return srv.UpdatePolicy200JSONResponse{Data: p.wire()}, nil
}

func (a *service) DeletePolicy(ctx context.Context, request srv.DeletePolicyRequestObject) (srv.DeletePolicyResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	p, err := f.policy(c, request.ID, true)
	if err != nil {
		return nil, err
	}
	f.policies.remove(p)
	return srv.DeletePolicy200Response{}, nil
}
