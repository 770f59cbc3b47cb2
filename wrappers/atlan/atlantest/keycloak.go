package atlantest

import (
	"net/http"
	"slices"
	"strings"

	wire "github.com/sluice-sdk/sluice/gen/atlanapi"
)

// GetKeycloakClientSecret reads the secret of an OAuth client.
func (a *service) GetKeycloakClientSecret(w http.ResponseWriter, r *http.Request, guid string) {
	a.do(w, r, func(c *call) (any, error) {
		for _, o := range c.oauthClients {
			if o.guid == guid {
				return map[string]any{"type": "secret", "value": o.secret}, nil
			}
		}
		return nil, keycloak(http.StatusNotFound, "Could not find client", "no client "+guid)
	})
}

// ListKeycloakUsers lists users as Keycloak has them.
func (a *service) ListKeycloakUsers(w http.ResponseWriter, r *http.Request, params wire.ListKeycloakUsersParams) {
	a.do(w, r, func(c *call) (any, error) {
		out := []map[string]any{}
		for _, u := range c.users {
			if params.Username == nil || strings.Contains(u.name, *params.Username) {
				out = append(out, map[string]any{"id": u.id, "username": u.name, "enabled": u.enabled, "email": u.email})
			}
		}
		return out, nil
	})
}

// ListLoginEvents lists who signed in: every user once, when they came to be.
func (a *service) ListLoginEvents(w http.ResponseWriter, r *http.Request, _ wire.ListLoginEventsParams) {
	a.do(w, r, func(c *call) (any, error) {
		out := []map[string]any{}
		for _, u := range c.users {
			out = append(out, map[string]any{
				"type": "LOGIN", "userId": u.id, "time": u.since.UnixMilli(), "clientId": "atlan-frontend", "ipAddress": "127.0.0.1",
				"realmId": "default", "sessionId": nameGUID("session", u.id), "details": map[string]any{"username": u.name},
			})
		}
		return page(r, out)
	})
}

// ListAdminEvents lists what admins did: which users and groups there came to be.
func (a *service) ListAdminEvents(w http.ResponseWriter, r *http.Request, _ wire.ListAdminEventsParams) {
	a.do(w, r, func(c *call) (any, error) {
		out := []map[string]any{}
		add := func(kind, path string, at int64) {
			out = append(out, map[string]any{
				"operationType": "CREATE", "resourceType": kind, "resourcePath": path, "realmId": "default", "time": at, "representation": "{}",
				"authDetails": map[string]any{"clientId": "atlan-backend", "ipAddress": "127.0.0.1", "realmId": "default", "userId": c.users[0].id},
			})
		}
		for _, u := range c.users {
			add("USER", "users/"+u.id, u.since.UnixMilli())
		}
		for _, g := range c.groups {
			add("GROUP", "groups/"+g.id, g.since.UnixMilli())
		}
		return page(r, out)
	})
}

// page cuts a list by first and max, as Keycloak does.
func page(r *http.Request, rows []map[string]any) (any, error) {
	first, err := number(r.URL.Query(), "first", 0)
	if err != nil {
		return nil, err
	}
	most, err := number(r.URL.Query(), "max", 100)
	if err != nil {
		return nil, err
	}
	slices.Reverse(rows) // newest first
	return rows[min(first, len(rows)):min(first+most, len(rows))], nil
}
