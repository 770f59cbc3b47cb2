package atlan

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/sluice-sdk/sluice/gen/atlanassets"
	"github.com/sluice-sdk/sluice/gen/atlanassets/field"
)

// ConnectionName is what a connection is known by.
type ConnectionName struct {
	// GUID and QualifiedName are what the API takes.
	GUID, QualifiedName string
	// Name is the human name, which several connections may have.
	Name string
	// Connector is the type of the connector, such as "snowflake".
	Connector string
}

// Connections are the active connections of a tenant. Their names are looked up in a cache of the client, see
// [WithCacheTTL], by the search index, which sees a connection some seconds after it was made. The methods of the
// [Collection] read and write the connections themselves.
type Connections struct {
	Collection[atlanassets.Connection]
}

// Connections returns the connections of the tenant. It does no I/O.
func (c *Client) Connections() Connections { return Connections{Of[atlanassets.Connection](c)} }

// byNameIn is the key of a name among the connections of one connector: "snowflake name".
func byNameIn(connector string) string { return connector + nameSuffix }

const nameSuffix = " " + byName

func (s Connections) directory() *directory[*ConnectionName] {
	c := s.client
	return &directory[*ConnectionName]{
		cache: &c.caches.connections, ttl: c.settings.cacheTTL, what: "connection",
		keys: func(n *ConnectionName) []cacheKey {
			return []cacheKey{{byID, n.GUID}, {byQualifiedName, n.QualifiedName}, {byName, n.Name}, {byNameIn(n.Connector), n.Name}}
		},
		list: func(ctx context.Context) ([]*ConnectionName, error) { return c.connectionNames(ctx, nil) },
		find: func(by string) func(context.Context, string) ([]*ConnectionName, error) {
			return func(ctx context.Context, value string) ([]*ConnectionName, error) {
				terms := make(map[string]string)
				switch by {
				case byID:
					terms["__guid"] = value
				case byQualifiedName:
					terms["qualifiedName"] = value
				case byName:
					terms["name.keyword"] = value
				default:
					terms["connectorName"], terms["name.keyword"] = strings.TrimSuffix(by, nameSuffix), value
				}
				return c.connectionNames(ctx, terms)
			}
		},
	}
}

// connectionNames searches connections whose fields have exactly these values, all of them: a page that is short or empty,
// because its connections are hidden or gone, is not the last.
func (c *Client) connectionNames(ctx context.Context, fields map[string]string) ([]*ConnectionName, error) {
	search := c.Search().Types(atlanassets.TypeConnection).IncludeNamed(attributeName, attributeQualifiedName, "connectorName").PageSize(guidsAtOnce).
		With(SearchOptions{WithoutTerms: true, WithoutTags: true})
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		search = search.Where(field.Query{"term": map[string]any{name: map[string]any{"value": fields[name]}}})
	}
	var list []*ConnectionName
	for e, err := range search.All(ctx) {
		if err != nil {
			return nil, err
		}
		if e.Scrubbed() || e.GUID == "" {
			continue
		}
		n := &ConnectionName{GUID: e.GUID, QualifiedName: e.QualifiedName(), Name: e.Name(), Connector: textOf(e.Attribute("connectorName"))}
		if p := strings.Split(n.QualifiedName, "/"); n.Connector == "" && len(p) == connectionSegments {
			n.Connector = p[1]
		}
		list = append(list, n)
	}
	return list, nil
}

// Find returns a connection by its human name and, unless it is empty, the type of its connector, such as "snowflake".
// None is an error of category [ErrNotFound] that says the name, several are one of [ErrLogic]: a connector may tell them
// apart.
//
//sluice:operation POST /api/meta/search/indexsearch
func (s Connections) Find(ctx context.Context, name, connector string) (ConnectionName, error) {
	if connector == "" {
		return value(s.directory().one(ctx, cacheKey{byName, name}))
	}
	return value(s.directory().one(ctx, cacheKey{byNameIn(strings.ToLower(connector)), name}))
}

// Lookup returns a connection by its qualifiedName or that of anything in it. Errors are those of [Connections.Find].
//
//sluice:operation POST /api/meta/search/indexsearch
func (s Connections) Lookup(ctx context.Context, qualifiedName string) (ConnectionName, error) {
	if name := connectionOf(qualifiedName); name != "" {
		qualifiedName = name
	}
	return value(s.directory().one(ctx, cacheKey{byQualifiedName, qualifiedName}))
}

// LookupGUID returns a connection by its guid. Errors are those of [Connections.Find].
//
//sluice:operation POST /api/meta/search/indexsearch
func (s Connections) LookupGUID(ctx context.Context, guid string) (ConnectionName, error) {
	return value(s.directory().one(ctx, cacheKey{byID, guid}))
}

// CheckAdmins sees that everybody who is to be an admin of a connection is there: users by name, groups by alias or name,
// roles by id. The first who is not is an error of category [ErrNotFound] that says who. The server takes what it does not
// know, and nobody could use the connection then.
//
//sluice:operation GET /api/service/users
//sluice:operation GET /api/service/apikeys
//sluice:operation GET /api/service/v2/groups
//sluice:operation GET /api/service/roles
func (s Connections) CheckAdmins(ctx context.Context, admins ConnectionAdmins) error {
	for _, name := range admins.Users {
		if _, err := s.client.Users().ID(ctx, name); err != nil {
			return err
		}
	}
	for _, name := range admins.Groups {
		if _, err := s.client.Groups().ID(ctx, name); err != nil {
			return err
		}
	}
	for _, id := range admins.Roles {
		if _, err := s.client.Roles().Get(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// Warm loads the names of all connections. See [Cache].
//
//sluice:operation POST /api/meta/search/indexsearch
func (s Connections) Warm(ctx context.Context) error { return s.directory().warm(ctx) }

// Invalidate forgets connections by their names, qualifiedNames or guids, or all of them. See [Cache]. It does no I/O.
func (s Connections) Invalidate(names ...string) { s.directory().invalidate(names...) }
