package atlantest

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	wire "github.com/sluice-sdk/sluice/gen/atlanapi"
)

// longestValidity is five years (pyatlan model/api_tokens.py).
const longestValidity = 157_680_000

// apiToken is a key for programs. It acts as a user of its own, service-account-<clientId>.
type apiToken struct {
	id, client, name, description, by string
	personas                          []string
	lifespan                          int64
	since                             time.Time
	token                             string
}

// write shows a token; its secret is shown once, when it is made.
func (t *apiToken) write(secret bool) map[string]any {
	attributes := map[string]any{
		"access.token.lifespan": strconv.FormatInt(t.lifespan, 10), "clientId": t.client, "createdAt": strconv.FormatInt(t.since.UnixMilli(), 10),
		"createdBy": t.by, "description": t.description, "displayName": t.name, "personas": []any{}, "purposes": []any{},
		"personaQualifiedName": t.personas, "workspacePermissions": []string{},
	}
	if t.personas == nil {
		attributes["personaQualifiedName"] = []string{}
	}
	if secret {
		attributes["accessToken"] = t.token
	}
	return map[string]any{"id": t.id, "clientId": t.client, "displayName": t.name, "attributes": attributes}
}

type sentToken struct {
	DisplayName           *string  `json:"displayName"`
	Description           *string  `json:"description"`
	PersonaQualifiedNames []string `json:"personaQualifiedNames"`
	ValiditySeconds       *int64   `json:"validitySeconds"`
}

func (s *sentToken) apply(t *apiToken) error {
	if s.DisplayName != nil {
		t.name = *s.DisplayName
	}
	if s.Description != nil {
		t.description = *s.Description
	}
	if s.PersonaQualifiedNames != nil {
		t.personas = s.PersonaQualifiedNames
	}
	if s.ValiditySeconds != nil {
		if *s.ValiditySeconds > longestValidity || *s.ValiditySeconds <= 0 {
			return heracles(http.StatusBadRequest, 1000, "validitySeconds is beyond %d", int64(longestValidity))
		}
		t.lifespan = *s.ValiditySeconds
	}
	if t.name == "" {
		return heracles(http.StatusBadRequest, 1000, "a token needs a displayName")
	}
	return nil
}

func (c *call) apiTokenByID(id string) (*apiToken, error) {
	for _, t := range c.apiTokens {
		if t.id == id {
			return t, nil
		}
	}
	return nil, noSuch("token", id)
}

// ListAPITokens lists API tokens, without their secrets.
func (a *service) ListAPITokens(w http.ResponseWriter, r *http.Request, _ wire.ListAPITokensParams) {
	a.do(w, r, func(c *call) (any, error) {
		return listed(r.URL.Query(), converted(c.apiTokens, func(t *apiToken) map[string]any { return t.write(false) }))
	})
}

// CreateAPIToken makes an API token, which works from now on.
func (a *service) CreateAPIToken(w http.ResponseWriter, r *http.Request) {
	a.do(w, r, func(c *call) (any, error) {
		var sent sentToken
		if err := c.decode(&sent); err != nil {
			return nil, err
		}
		t := &apiToken{id: c.newID(), client: "apikey-" + c.newID(), lifespan: longestValidity, since: c.now, by: c.who.name}
		if err := sent.apply(t); err != nil {
			return nil, err
		}
		t.token = c.newToken(&principal{id: t.id, name: "service-account-" + t.client, expires: c.now.Add(time.Duration(t.lifespan) * time.Second)})
		c.apiTokens = append(c.apiTokens, t)
		return t.write(true), nil
	})
}

// UpdateAPIToken changes an API token.
func (a *service) UpdateAPIToken(w http.ResponseWriter, r *http.Request, id string) {
	a.do(w, r, func(c *call) (any, error) {
		t, err := c.apiTokenByID(id)
		if err != nil {
			return nil, err
		}
		var sent sentToken
		if err := c.decode(&sent); err != nil {
			return nil, err
		}
		sent.ValiditySeconds = nil
		if err := sent.apply(t); err != nil {
			return nil, err
		}
		return t.write(false), nil
	})
}

// DeleteAPIToken ends an API token.
func (a *service) DeleteAPIToken(w http.ResponseWriter, r *http.Request, id string) {
	a.do(w, r, func(c *call) (any, error) {
		t, err := c.apiTokenByID(id)
		if err != nil {
			return nil, err
		}
		delete(c.tokens, t.token)
		c.apiTokens = slices.DeleteFunc(c.apiTokens, func(o *apiToken) bool { return o == t })
		return empty, nil
	})
}

// oauthClient is a client that exchanges a secret for tokens that live shortly.
type oauthClient struct {
	guid, id, secret, name, description, role, by string
	personas                                      []string
	since                                         time.Time
}

func (f *Fake) writeOAuthClient(o *oauthClient) map[string]any {
	at := o.since.UTC().Format(time.RFC3339)
	return map[string]any{
		"id": o.guid, "clientId": o.id, "displayName": o.name, "description": o.description, "role": o.role,
		"personaQNs": nonNil(o.personas), "tokenExpirySeconds": int64(f.config.tokenLives / time.Second),
		"createdAt": at, "createdBy": o.by, "updatedAt": at, "updatedBy": o.by,
	}
}

func (c *call) oauthClient(id string) (*oauthClient, error) {
	for _, o := range c.oauthClients {
		if o.id == id || o.guid == id {
			return o, nil
		}
	}
	return nil, noSuch("OAuth client", id)
}

// ListOAuthClients lists OAuth clients.
func (a *service) ListOAuthClients(w http.ResponseWriter, r *http.Request, _ wire.ListOAuthClientsParams) {
	a.do(w, r, func(c *call) (any, error) {
		return listed(r.URL.Query(), converted(c.oauthClients, c.writeOAuthClient))
	})
}

// CreateOAuthClient makes an OAuth client. Its secret is shown once.
func (a *service) CreateOAuthClient(w http.ResponseWriter, r *http.Request) {
	a.do(w, r, func(c *call) (any, error) {
		var sent struct {
			DisplayName, Description, Role string
			PersonaQNs                     []string
		}
		if err := c.decode(&sent); err != nil {
			return nil, err
		}
		o := &oauthClient{
			guid: c.newID(), id: "oauth-client-" + c.newID(), secret: c.newSecret(), name: sent.DisplayName, description: sent.Description,
			role: sent.Role, personas: sent.PersonaQNs, since: c.now, by: c.who.name,
		}
		c.oauthClients = append(c.oauthClients, o)
		return map[string]any{
			"id": o.guid, "clientId": o.id, "clientSecret": o.secret, "displayName": o.name, "description": o.description,
			"tokenExpirySeconds": int64(c.config.tokenLives / time.Second), "createdAt": c.now.UTC().Format(time.RFC3339), "createdBy": o.by,
		}, nil
	})
}

// GetOAuthClient reads an OAuth client.
func (a *service) GetOAuthClient(w http.ResponseWriter, r *http.Request, id string) {
	a.do(w, r, func(c *call) (any, error) {
		o, err := c.oauthClient(id)
		if err != nil {
			return nil, err
		}
		return c.writeOAuthClient(o), nil
	})
}

// UpdateOAuthClient changes an OAuth client.
func (a *service) UpdateOAuthClient(w http.ResponseWriter, r *http.Request, id string) {
	a.do(w, r, func(c *call) (any, error) {
		o, err := c.oauthClient(id)
		if err != nil {
			return nil, err
		}
		var sent struct {
			DisplayName, Description, Role *string
			PersonaQNs                     []string
		}
		if err := c.decode(&sent); err != nil {
			return nil, err
		}
		if sent.DisplayName != nil {
			o.name = *sent.DisplayName
		}
		if sent.Description != nil {
			o.description = *sent.Description
		}
		if sent.Role != nil {
			o.role = *sent.Role
		}
		if sent.PersonaQNs != nil {
			o.personas = sent.PersonaQNs
		}
		return c.writeOAuthClient(o), nil
	})
}

// DeleteOAuthClient deletes an OAuth client. Tokens that it has live on until they expire.
func (a *service) DeleteOAuthClient(w http.ResponseWriter, r *http.Request, id string) {
	a.do(w, r, func(c *call) (any, error) {
		o, err := c.oauthClient(id)
		if err != nil {
			return nil, err
		}
		c.oauthClients = slices.DeleteFunc(c.oauthClients, func(x *oauthClient) bool { return x == o })
		return empty, nil
	})
}
