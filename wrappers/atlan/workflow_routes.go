package atlan

import (
	"context"

	"github.com/sluice-sdk/sluice/gen/atlanapi"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// WorkflowRoutes says through which paths legacy workflows are written. Atlan has two for each: one for API tokens and
// administrators, one for all other callers (pyatlan cache/role_cache.py and client/workflow.py). Both are read through the
// same.
type WorkflowRoutes uint8

// The routes.
const (
	// RoutesByCaller takes RoutesForTokens with [WithAPIKey] and [WithOAuth]. With [WithTokenSource], whose tokens may be any
	// user's, it asks once who the caller is, and decides by the roles $admin and $api-token-default-access. It is the default.
	RoutesByCaller WorkflowRoutes = iota
	// RoutesForTokens is /api/service/workflows.
	RoutesForTokens
	// RoutesForUsers is /api/service/package-workflows. An ATLAN_API_KEY that is really a user's own token needs it.
	RoutesForUsers
)

// WithWorkflowRoutes sets through which paths legacy workflows are written.
func WithWorkflowRoutes(routes WorkflowRoutes) Option {
	return func(s *settings) {
		if routes > RoutesForUsers {
			s.fail("WithWorkflowRoutes", "%d is none of the routes", routes)
		}
		s.routes = routes
	}
}

// packageRoutes reports whether to use the paths of those who are no API tokens.
//
//sluice:operation GET /api/service/whoami
func (c *Client) packageRoutes(ctx context.Context) (bool, error) {
	switch c.settings.routes {
	case RoutesForTokens:
		return false, nil
	case RoutesForUsers:
		return true, nil
	case RoutesByCaller:
	}
	if len(c.settings.auth) == 1 && c.settings.auth[0].source == nil {
		return false, nil
	}
	return c.byRoles.Get(ctx, func(ctx context.Context) (bool, error) {
		me, err := transport.Decode[atlanapi.WhoAmI](c.raw.WhoAmI(ctx))
		if err != nil {
			return false, err
		}
		for _, role := range me.Roles {
			switch orZero(role.Name) {
			case "$admin", "$api-token-default-access":
				return false, nil
			}
		}
		return true, nil
	})
}
