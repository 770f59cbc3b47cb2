package atlantest

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/sluice-sdk/sluice/wrappers/servicetest"
)

// principal is whoever a token belongs to.
type principal struct {
	id, name string
	user     *user
	expires  time.Time // zero never
	revoked  bool
}

// tokenEndpoint reports whether an operation needs no token.
func tokenEndpoint(operation string) bool {
	return operation == "getOAuthClientToken" || operation == "getKeycloakToken"
}

func bearer(r *http.Request) string {
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// authenticate says who sends a request. The lock is held.
func (f *Fake) authenticate(r *http.Request) (*principal, *failure) {
	token := bearer(r)
	if p := f.tokens[token]; token != "" && p != nil && !p.revoked && (p.expires.IsZero() || f.now.Before(p.expires)) {
		return p, nil
	}
	if tokenEndpoint(servicetest.Operation(r.Context())) || f.config.noAuth {
		return f.tokens[f.apiKey], nil
	}
	return nil, gateway(http.StatusUnauthorized, "Unauthorized")
}

// tooMany is the gateway's refusal.
func (f *Fake) tooMany(wait time.Duration) *failure {
	e := gateway(http.StatusTooManyRequests, "API rate limit exceeded")
	if !f.has(NoRetryAfter) {
		e.header = http.Header{"Retry-After": {seconds(wait)}}
	}
	return e
}

func seconds(d time.Duration) string {
	n := int64((d + time.Second - 1) / time.Second)
	return must(max(n, 1))
}

// newToken makes a token that looks like the service's: a long JWT.
func (f *Fake) newToken(p *principal) string {
	part := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	token := part(`{"alg":"RS256","typ":"JWT"}`) + "." + part(`{"sub":"`+p.id+`","jti":"`+f.newID()+`","preferred_username":"`+p.name+`"}`) +
		"." + part(f.newSecret()+f.newSecret()+f.newSecret())
	f.tokens[token] = p
	return token
}

// nameGUID is a guid that follows from a name.
func nameGUID(kind, name string) string {
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte(kind+"/"+name)).String()
}

// APIKey returns a token for everything in the tenant.
func (f *Fake) APIKey() string { return f.apiKey }

// UserName returns the name of the user [Fake.APIKey] acts for.
func (f *Fake) UserName() (name string) {
	f.locked(func() { name = f.users[0].name })
	return name
}

// OAuthClient returns the id and the secret of an OAuth client.
func (f *Fake) OAuthClient() (id, secret string) {
	f.locked(func() {
		if len(f.oauthClients) == 0 {
			f.misuse("OAuthClient: all were deleted")
			return
		}
		id, secret = f.oauthClients[0].id, f.oauthClients[0].secret
	})
	return id, secret
}

// RevokeAPIKey ends a token: it answers 401 from now on.
func (f *Fake) RevokeAPIKey(token string) {
	f.locked(func() {
		p := f.tokens[token]
		if p == nil {
			f.misuse("RevokeAPIKey: unknown token")
			return
		}
		delete(f.tokens, token)
	})
}

// ExpireTokens ends all OAuth access tokens there are; new ones can be had.
func (f *Fake) ExpireTokens() {
	f.locked(func() {
		for token, p := range f.tokens {
			if !p.expires.IsZero() {
				delete(f.tokens, token)
			}
		}
	})
}

// WhoAmI says who calls.
func (a *service) WhoAmI(w http.ResponseWriter, r *http.Request) {
	a.do(w, r, func(c *call) (any, error) {
		roles := []map[string]string{}
		if c.who.user != nil {
			for _, x := range c.roles {
				if x.name == c.who.user.roleName {
					roles = append(roles, map[string]string{"id": x.id, "name": x.name})
				}
			}
		}
		return map[string]any{"id": c.who.id, "username": c.who.name, "email": c.email(), "roles": roles}, nil
	})
}

func (c *call) email() string {
	if c.who.user != nil {
		return c.who.user.email
	}
	return ""
}

// GetCurrentUser reads the user who calls.
func (a *service) GetCurrentUser(w http.ResponseWriter, r *http.Request) {
	a.do(w, r, func(c *call) (any, error) {
		if c.who.user == nil {
			return map[string]any{"id": c.who.id, "username": c.who.name, "enabled": true}, nil
		}
		return c.who.user.minimal(), nil
	})
}

// GetOAuthClientToken exchanges the secret of an OAuth client for a token.
func (a *service) GetOAuthClientToken(w http.ResponseWriter, r *http.Request) {
	a.do(w, r, func(c *call) (any, error) {
		var sent struct{ ClientID, ClientSecret string }
		if err := c.decode(&sent); err != nil {
			return nil, err
		}
		token, e := c.exchange(sent.ClientID, sent.ClientSecret)
		if e != nil {
			return nil, heracles(http.StatusUnauthorized, 1013, "invalid client credentials")
		}
		return map[string]any{"accessToken": token, "tokenType": "Bearer", "expiresIn": int64(c.config.tokenLives / time.Second)}, nil
	})
}

// GetKeycloakToken exchanges the secret of an OAuth client at Keycloak, whose errors have their own shape.
func (a *service) GetKeycloakToken(w http.ResponseWriter, r *http.Request) {
	a.do(w, r, func(c *call) (any, error) {
		form, err := url.ParseQuery(string(c.body))
		if err != nil {
			return nil, keycloak(http.StatusBadRequest, "invalid_request", "the form cannot be read")
		}
		token, e := c.exchange(form.Get("client_id"), form.Get("client_secret"))
		if e != nil {
			return nil, e
		}
		return map[string]any{"access_token": token, "token_type": "Bearer", "expires_in": int64(c.config.tokenLives / time.Second), "not-before-policy": 0, "scope": "profile email"}, nil
	})
}

func (c *call) exchange(id, secret string) (string, *failure) {
	for _, o := range c.oauthClients {
		if o.id == id && o.secret == secret {
			c.exchanges++
			until := c.now.Add(c.config.tokenLives)
			token := c.newToken(&principal{id: o.guid, name: "service-account-" + o.id, expires: until, user: c.users[0]})
			c.schedule(until, func(time.Time) { delete(c.tokens, token) })
			return token, nil
		}
	}
	return "", keycloak(http.StatusUnauthorized, "invalid_client", "Invalid client or Invalid client credentials")
}
