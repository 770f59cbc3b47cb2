package atlan

import (
	"context"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/lazy"
)

// Tenants holds the clients of several tenants, each made when it is first asked for and then shared by all goroutines. It
// is safe for concurrent use and has no goroutine of its own. Use one name for a tenant: each name has a client of its own,
// and with it caches and a share of the tenant's limit of requests.
type Tenants struct {
	open func(ctx context.Context, name string) (*Client, error)

	mu      sync.Mutex
	tenants map[string]*tenant
}

type tenant struct {
	client lazy.Value[*Client]
	users  int // calls of Client that are under way
}

// NewTenants returns a registry whose clients open makes: from a configuration, a vault, an environment variable for each
// name. Open is called once for all goroutines that ask for a tenant at the same time, with a context that ends when none
// of them waits any more; what it fails with is returned to them and not remembered.
//
//	tenants := atlan.NewTenants(func(ctx context.Context, name string) (*atlan.Client, error) {
//		key, err := vault.Read(ctx, "atlan/"+name)
//		if err != nil {
//			return nil, err
//		}
//		return atlan.New(atlan.WithBaseURL("https://"+name+".atlan.com"), atlan.WithAPIKey(key))
//	})
func NewTenants(open func(ctx context.Context, name string) (*Client, error)) *Tenants {
	return &Tenants{open: open, tenants: map[string]*tenant{}}
}

// Client returns the client of a tenant, which is named as open wants it: by a name of the caller's, or by the tenant's
// URL. URLs are told apart by the tenant and not by how they are written: https://acme.atlan.com and acme.atlan.com/ are one,
// and open is given the first. An error is that of open, or of category [ErrInvalidRequest] for a name that is empty or a URL
// that [WithBaseURL] would refuse; when ctx ends first it is the cause of that.
func (t *Tenants) Client(ctx context.Context, name string) (*Client, error) {
	name, err := tenantName(name)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	entry := t.tenants[name]
	if entry == nil {
		entry = &tenant{}
		t.tenants[name] = entry
	}
	entry.users++
	t.mu.Unlock()

	client, err := entry.client.Get(ctx, func(ctx context.Context) (*Client, error) {
		if t.open == nil {
			return nil, apierr.Invalid(service, "NewTenants", "the function that opens tenants is nil")
		}
		client, err := t.open(ctx, name)
		if err == nil && client == nil {
			err = apierr.Invalid(service, "NewTenants", "open returned neither a client nor an error for %q", name)
		}
		return client, err
	})

	t.mu.Lock()
	defer t.mu.Unlock()
	entry.users--
	if _, _, ok := entry.client.Cached(); !ok && entry.users == 0 && t.tenants[name] == entry {
		delete(t.tenants, name)
	}
	return client, err
}

// tenantName returns the name under which a tenant is kept.
func tenantName(name string) (string, error) {
	name = strings.TrimSpace(name)
	switch {
	case name == "":
		return "", apierr.Invalid(service, "tenant", "the name of the tenant is empty")
	case strings.Contains(name, "://") || strings.Contains(name, ".atlan.com"):
		return parseBaseURL("tenant", name)
	}
	return name, nil
}

// All returns the clients that were made, by name, in the order of the names. It makes none.
func (t *Tenants) All() iter.Seq2[string, *Client] {
	return func(yield func(string, *Client) bool) {
		t.mu.Lock()
		made := map[string]*Client{}
		for name, entry := range t.tenants {
			if client, _, ok := entry.client.Cached(); ok {
				made[name] = client
			}
		}
		t.mu.Unlock()
		for _, name := range slices.Sorted(maps.Keys(made)) {
			if !yield(name, made[name]) {
				return
			}
		}
	}
}

// Forget drops the client of a tenant, such as after its credentials were changed, closes its idle connections and reports
// whether there was one. Whoever still holds it can use it; the next [Tenants.Client] makes another.
func (t *Tenants) Forget(name string) bool {
	name, err := tenantName(name)
	if err != nil {
		return false
	}
	t.mu.Lock()
	entry := t.tenants[name]
	delete(t.tenants, name)
	t.mu.Unlock()
	if entry == nil {
		return false
	}
	client, _, ok := entry.client.Cached()
	if ok {
		client.CloseIdleConnections()
	}
	return ok
}

// CloseIdleConnections closes the connections of all clients that no call uses. The clients can be used afterwards.
func (t *Tenants) CloseIdleConnections() {
	for _, client := range t.All() {
		client.CloseIdleConnections()
	}
}
