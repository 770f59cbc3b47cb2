package polytomictest

import (
	"context"
	"crypto/subtle"
	"net/http"
	"slices"
	"strings"

	"github.com/sluice-sdk/sluice/wrappers/servicetest"
)

// keyClass is what a key may do.
type keyClass int

const (
	userKey         keyClass = iota // bearer: one user of one organization
	organizationKey                 // basic: organization id and partner or deployment key
	partnerKey                      // bearer: organizations and their users, nothing else
	deploymentKey                   // bearer: as a partner key, for an installation of one's own
)

// caller is who sends a request.
type caller struct {
	class keyClass
	org   *organization // nil for a partner
	user  *user         // nil unless userKey
	key   string        // whose outcomes and queries these are
}

func (c *caller) actorID() string {
	switch {
	case c.user != nil:
		return c.user.id
	case c.org != nil:
		return c.org.id
	}
	return ""
}

func (c *caller) actorName() string {
	if c.user != nil {
		return c.user.email
	}
	return "API key"
}

type callerKey struct{}

func callerOf(ctx context.Context) *caller {
	c, _ := ctx.Value(callerKey{}).(*caller)
	return c
}

// UserKey returns the API key of the first user of the first organization, to be sent as a bearer token.
func (f *Fake) UserKey() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.organizations[0].users[0].key
}

// APIKey is UserKey, under the name that other fakes have for it.
func (f *Fake) APIKey() string { return f.UserKey() }

// UserKeyOf returns an API key of an organization's first user, which it makes when there is none.
func (f *Fake) UserKeyOf(organizationID string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	o := f.organization(organizationID)
	if o == nil {
		f.misuse("there is no organization %s", organizationID)
		return ""
	}
	if len(o.users) == 0 {
		f.addUser(o, "owner@"+o.id[:8]+".test", "admin", nil)
	}
	u := o.users[0]
	if u.key == "" {
		u.key = f.newSecret()
	}
	return u.key
}

// PartnerKey returns the partner key: a bearer token for organizations and users, and with the id of an
// organization before it (basic) a key for everything in that one.
func (f *Fake) PartnerKey() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.partner
}

// DeploymentKey returns the deployment key of an installation of one's own, which works as the partner key does.
func (f *Fake) DeploymentKey() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.deployment
}

// RevokeKey ends a key of any class: requests with it answer 401 from now on.
func (f *Fake) RevokeKey(key string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if key == "" {
		return
	}
	if f.partner == key {
		f.partner = f.newSecret()
	}
	if f.deployment == key {
		f.deployment = f.newSecret()
	}
	for _, o := range f.organizations {
		for _, u := range o.users {
			if u.key == key {
				u.key = ""
			}
		}
	}
}

func same(a, b string) bool {
	return a != "" && subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1
}

// authenticate finds the caller by the key. The lock is held.
func (f *Fake) authenticate(r *http.Request) (*caller, *failure) {
	c := f.callerBy(r)
	switch {
	case c != nil:
		return c, nil
	case f.config.noAuth:
		o := f.organizations[0]
		return &caller{org: o, user: o.users[0], key: o.users[0].key}, nil
	case r.Header.Get("Authorization") == "":
		return nil, f.framework(http.StatusUnauthorized, "unauthenticated: missing API key", nil)
	}
	return nil, f.framework(http.StatusUnauthorized, "unauthenticated: invalid API key", nil)
}

func (f *Fake) callerBy(r *http.Request) *caller {
	if organizationID, key, ok := r.BasicAuth(); ok {
		if o := f.organization(organizationID); o != nil && (same(key, f.partner) || same(key, f.deployment)) {
			return &caller{class: organizationKey, org: o, key: o.id + ":" + key}
		}
		return nil
	}
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return nil
	}
	switch {
	case same(token, f.partner):
		return &caller{class: partnerKey, key: token}
	case same(token, f.deployment):
		return &caller{class: deploymentKey, key: token}
	}
	for _, o := range f.organizations {
		for _, u := range o.users {
			if same(token, u.key) {
				return &caller{class: userKey, org: o, user: u, key: token}
			}
		}
	}
	return nil
}

// partnerOperations are those that the document lets partners alone call.
var partnerOperations = []string{
	"listOrganizations", "createOrganization", "updateOrganization", "deleteOrganization", "getPartnerEntity",
	"listPartnerSharedConnections", "createPartnerSharedConnection", "listPartnerUsers", "createPartnerUser",
	"getPartnerUser", "updatePartnerUser", "deletePartnerUser", "createPartnerUserApiKey",
}

// admit says whether a class of keys may call an operation.
func admit(ctx context.Context, c *caller) *failure {
	operation := servicetest.Operation(ctx)
	if operation == "getIdentity" || operation == "getOrganization" {
		return nil
	}
	forPartners := slices.Contains(partnerOperations, operation)
	isPartner := c.class == partnerKey || c.class == deploymentKey
	switch {
	case forPartners && !isPartner:
		return forbidden("a partner key is required")
	case !forPartners && isPartner:
		return forbidden("partner keys can only access organizations and their users")
	}
	return nil
}
