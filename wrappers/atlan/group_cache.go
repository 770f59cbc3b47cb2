package atlan

import (
	"context"

	"github.com/sluice-sdk/sluice/gen/atlanapi"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// Group is a group of users.
type Group struct {
	// ID is the id, which the API takes.
	ID string
	// Name is the internal name; Alias is the name that people see. Connections name their groups by alias.
	Name, Alias string
}

// Groups are the groups of a tenant. They are looked up by their internal name or their alias in a cache of the client,
// see [WithCacheTTL], one request for each that is not in it.
type Groups struct{ client *Client }

// Groups returns the groups of the tenant. It does no I/O.
func (c *Client) Groups() Groups { return Groups{c} }

func (s Groups) directory() *directory[*Group] {
	c := s.client
	load := func(ctx context.Context, filter *string) ([]*Group, error) {
		sort := "name"
		return pages(ctx, func(ctx context.Context, offset, limit int64) ([]atlanapi.Group, error) {
			answer, err := transport.Decode[atlanapi.GroupList](c.raw.ListGroups(ctx, &atlanapi.ListGroupsParams{Filter: filter, Sort: &sort, Offset: &offset, Limit: &limit}))
			if err != nil {
				return nil, err
			}
			return answer.Records, nil
		}, func(r atlanapi.Group) *Group {
			g := &Group{ID: text(r.ID), Name: text(r.Name), Alias: text(r.Alias)}
			if g.Alias == "" && r.Attributes != nil && len(r.Attributes.Alias) > 0 {
				g.Alias = r.Attributes.Alias[0]
			}
			return g
		}, func(r atlanapi.Group) string { return text(r.ID) })
	}
	return &directory[*Group]{
		cache: &c.caches.groups, ttl: c.settings.cacheTTL, what: "group",
		keys: func(g *Group) []cacheKey {
			keys := []cacheKey{{byID, g.ID}, {byName, g.Name}}
			if g.Alias != "" && g.Alias != g.Name {
				keys = append(keys, cacheKey{byName, g.Alias})
			}
			return keys
		},
		list: func(ctx context.Context) ([]*Group, error) { return load(ctx, nil) },
		find: func(by string) func(context.Context, string) ([]*Group, error) {
			return func(ctx context.Context, value string) ([]*Group, error) {
				if by == byName {
					return load(ctx, eitherFilter("name", "alias", value))
				}
				return load(ctx, filter(by, value))
			}
		},
	}
}

// ID returns the id of a group by its internal name or its alias. A name that no group has is an error of category
// [ErrNotFound] that says the name, one that is the alias of several of [ErrLogic].
//
//sluice:operation GET /api/service/v2/groups
func (s Groups) ID(ctx context.Context, name string) (string, error) {
	g, err := s.directory().one(ctx, cacheKey{byName, name})
	if err != nil {
		return "", err
	}
	return g.ID, nil
}

// Find returns a group by its internal name or its alias. Errors are those of [Groups.ID].
//
//sluice:operation GET /api/service/v2/groups
func (s Groups) Find(ctx context.Context, name string) (Group, error) {
	return value(s.directory().one(ctx, cacheKey{byName, name}))
}

// Get returns a group by its id. An id that no group has is an error of category [ErrNotFound]. (That the service filters
// groups by id is not tried on the live service.)
//
//sluice:operation GET /api/service/v2/groups
func (s Groups) Get(ctx context.Context, id string) (Group, error) {
	return value(s.directory().one(ctx, cacheKey{byID, id}))
}

// Warm loads all groups. See [Cache].
//
//sluice:operation GET /api/service/v2/groups
func (s Groups) Warm(ctx context.Context) error { return s.directory().warm(ctx) }

// Invalidate forgets groups by their names, aliases or ids, or all of them. See [Cache]. It does no I/O.
func (s Groups) Invalidate(names ...string) { s.directory().invalidate(names...) }
