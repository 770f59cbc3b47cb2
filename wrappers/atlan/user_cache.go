package atlan

import (
	"context"
	"strings"

	"github.com/sluice-sdk/sluice/gen/atlanapi"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// serviceAccount begins the name by which an API token appears as a user; the client id of the token follows.
const serviceAccount = "service-account-"

// User is a user of a tenant, or an API token in the part of one.
type User struct {
	// ID is the id, which the API takes.
	ID string
	// Name is the name of the user: "jsmith", or "service-account-" and a client id for an API token.
	Name string
	// Email, FirstName and LastName may be empty.
	Email, FirstName, LastName string
}

// Users are the users of a tenant. They are looked up in a cache of the client, see [WithCacheTTL], one request for each
// that is not in it; the users that nobody asks for are not loaded.
type Users struct{ client *Client }

// Users returns the users of the tenant. It does no I/O.
func (c *Client) Users() Users { return Users{c} }

func (s Users) directory() *directory[*User] {
	c := s.client
	load := func(ctx context.Context, filter *string) ([]*User, error) {
		sort := "username"
		columns := []string{"firstName", "lastName", "username", "id", "email"}
		return pages(ctx, func(ctx context.Context, offset, limit int64) ([]atlanapi.User, error) {
			answer, err := transport.Decode[atlanapi.UserList](c.raw.ListUsers(ctx, &atlanapi.ListUsersParams{Filter: filter, Sort: &sort, Offset: &offset, Limit: &limit, Columns: columns}))
			if err != nil {
				return nil, err
			}
			return answer.Records, nil
		}, func(r atlanapi.User) *User {
			return &User{ID: text(r.ID), Name: text(r.Username), Email: text(r.Email), FirstName: text(r.FirstName), LastName: text(r.LastName)}
		}, func(r atlanapi.User) string { return text(r.ID) })
	}
	return &directory[*User]{
		cache: &c.caches.users, ttl: c.settings.cacheTTL, what: "user",
		keys: func(u *User) []cacheKey {
			keys := []cacheKey{{byID, u.ID}, {byName, u.Name}}
			if u.Email != "" {
				keys = append(keys, cacheKey{byEmail, strings.ToLower(u.Email)})
			}
			return keys
		},
		list: func(ctx context.Context) ([]*User, error) { return load(ctx, nil) },
		find: func(by string) func(context.Context, string) ([]*User, error) {
			return func(ctx context.Context, value string) ([]*User, error) {
				switch by {
				case byName:
					if clientID, ok := strings.CutPrefix(value, serviceAccount); ok {
						return s.tokens(ctx, value, clientID)
					}
					return load(ctx, filter("username", value))
				case byEmail:
					return load(ctx, emailFilter(value))
				}
				return load(ctx, filter(by, value))
			}
		},
	}
}

// emailFilter finds an address whatever its case: % and _ stand for anything there, so that more may come than was asked
// for.
func emailFilter(email string) *string {
	text := `{"email":{"$ilike":` + string(appendString(nil, email)) + `}}`
	return &text
}

// tokens finds the API token that appears under a name.
func (s Users) tokens(ctx context.Context, name, clientID string) ([]*User, error) {
	answer, err := transport.Decode[atlanapi.APITokenList](s.client.raw.ListAPITokens(ctx, &atlanapi.ListAPITokensParams{Filter: filter("clientId", clientID)}))
	if err != nil {
		return nil, err
	}
	var list []*User
	for _, token := range answer.Records {
		if text(token.ClientID) == clientID {
			list = append(list, &User{ID: text(token.ID), Name: name, FirstName: text(token.DisplayName)})
		}
	}
	return list, nil
}

// ID returns the id of a user by the user's name, such as "jsmith", or that of an API token by the name under which it
// appears as one. A name that no user has is an error of category [ErrNotFound] that says the name.
//
//sluice:operation GET /api/service/users
//sluice:operation GET /api/service/apikeys
func (s Users) ID(ctx context.Context, name string) (string, error) {
	u, err := s.directory().one(ctx, cacheKey{byName, name})
	if err != nil {
		return "", err
	}
	return u.ID, nil
}

// Find returns a user by the user's name. Errors are those of [Users.ID].
//
//sluice:operation GET /api/service/users
//sluice:operation GET /api/service/apikeys
func (s Users) Find(ctx context.Context, name string) (User, error) {
	return value(s.directory().one(ctx, cacheKey{byName, name}))
}

// FindByEmail returns a user by the address, whatever its case. Errors are those of [Users.ID].
//
//sluice:operation GET /api/service/users
func (s Users) FindByEmail(ctx context.Context, email string) (User, error) {
	return value(s.directory().one(ctx, cacheKey{byEmail, strings.ToLower(email)}))
}

// Get returns a user by the id. An id that no user has is an error of category [ErrNotFound]. (That the service filters
// users by id is not tried on the live service.)
//
//sluice:operation GET /api/service/users
func (s Users) Get(ctx context.Context, id string) (User, error) {
	return value(s.directory().one(ctx, cacheKey{byID, id}))
}

// Warm loads all users, 100 in a request. A tenant with many makes it many requests. See [Cache].
//
//sluice:operation GET /api/service/users
func (s Users) Warm(ctx context.Context) error { return s.directory().warm(ctx) }

// Invalidate forgets users by their names, addresses or ids, or all of them. See [Cache]. It does no I/O.
func (s Users) Invalidate(names ...string) { s.directory().invalidate(names...) }
