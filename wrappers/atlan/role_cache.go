package atlan

import (
	"context"

	"github.com/sluice-sdk/sluice/gen/atlanapi"
	"github.com/sluice-sdk/sluice/wrappers/paging"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// identitiesAtOnce is how many users, groups or roles a request asks for.
const identitiesAtOnce = 100

// Role is a role of a tenant.
type Role struct {
	// ID is the id, which the API takes.
	ID string
	// Name is the name, such as "$admin", "$member", "$guest" or "connection_admins_" and the guid of a connection.
	Name string
	// Description may be empty.
	Description string
}

// Roles are the roles of a tenant. They are looked up by name in a cache of the client, see [WithCacheTTL], one request
// for each that is not in it.
type Roles struct{ client *Client }

// Roles returns the roles of the tenant. It does no I/O.
func (c *Client) Roles() Roles { return Roles{c} }

// filter writes the filter of a list: one field that is one of a value.
func filter(field, value string) *string {
	text := `{"` + field + `":{"$in":[` + string(appendString(nil, value)) + `]}}`
	return &text
}

// pages reads a list by offset and limit, sorted so that its pages do not shift.
func pages[R, V any](ctx context.Context, fetch func(ctx context.Context, offset, limit int64) ([]R, error), convert func(R) V, id func(R) string) ([]V, error) {
	var list []V
	rows := paging.Offset(ctx, func(ctx context.Context, offset, limit int) (paging.Page[R], error) {
		rows, err := fetch(ctx, int64(offset), int64(limit))
		return paging.Page[R]{Items: rows}, err
	}, paging.OffsetOptions[R]{PageSize: identitiesAtOnce, Key: id})
	for row, err := range rows {
		if err != nil {
			return nil, err
		}
		list = append(list, convert(row))
	}
	return list, nil
}

// text is what a pointer leads to, "" for nil.
func text(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}

func (s Roles) directory() *directory[*Role] {
	c := s.client
	load := func(ctx context.Context, filter *string) ([]*Role, error) {
		sort := "name"
		return pages(ctx, func(ctx context.Context, offset, limit int64) ([]atlanapi.Role, error) {
			answer, err := transport.Decode[atlanapi.RoleList](c.raw.ListRoles(ctx, &atlanapi.ListRolesParams{Filter: filter, Sort: &sort, Offset: &offset, Limit: &limit}))
			if err != nil {
				return nil, err
			}
			return answer.Records, nil
		}, func(r atlanapi.Role) *Role {
			return &Role{ID: text(r.ID), Name: text(r.Name), Description: text(r.Description)}
		}, func(r atlanapi.Role) string { return text(r.ID) })
	}
	return &directory[*Role]{
		cache: &c.caches.roles, ttl: c.settings.cacheTTL, what: "role",
		keys: func(r *Role) []cacheKey { return []cacheKey{{byID, r.ID}, {byName, r.Name}} },
		list: func(ctx context.Context) ([]*Role, error) { return load(ctx, nil) },
		find: func(by string) func(context.Context, string) ([]*Role, error) {
			return func(ctx context.Context, value string) ([]*Role, error) { return load(ctx, filter(by, value)) }
		},
	}
}

// ID returns the id of a role by its name. A name that no role has is an error of category [ErrNotFound] that says the name.
//
//sluice:operation GET /api/service/roles
func (s Roles) ID(ctx context.Context, name string) (string, error) {
	r, err := s.directory().one(ctx, cacheKey{byName, name})
	if err != nil {
		return "", err
	}
	return r.ID, nil
}

// Get returns a role by its id. An id that no role has is an error of category [ErrNotFound]. (That the service filters
// roles by id is not tried on the live service.)
//
//sluice:operation GET /api/service/roles
func (s Roles) Get(ctx context.Context, id string) (Role, error) {
	return value(s.directory().one(ctx, cacheKey{byID, id}))
}

// value is what a shared pointer leads to.
func value[V any](v *V, err error) (V, error) {
	if err != nil {
		var zero V
		return zero, err
	}
	return *v, nil
}

// Warm loads all roles. See [Cache].
//
//sluice:operation GET /api/service/roles
func (s Roles) Warm(ctx context.Context) error { return s.directory().warm(ctx) }

// Invalidate forgets roles by their names or ids, or all of them. See [Cache]. It does no I/O.
func (s Roles) Invalidate(names ...string) { s.directory().invalidate(names...) }

// eitherFilter writes the filter of a list: one of two fields is a value.
func eitherFilter(field, other, value string) *string {
	quoted := string(appendString(nil, value))
	text := `{"$or":[{"` + field + `":{"$in":[` + quoted + `]}},{"` + other + `":{"$in":[` + quoted + `]}}]}`
	return &text
}
