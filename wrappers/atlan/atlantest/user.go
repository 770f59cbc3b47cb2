package atlantest

import (
	"net/http"
	"slices"
	"strings"
	"time"

	wire "github.com/sluice-sdk/sluice/gen/atlanapi"
)

type user struct {
	id, name, email, first, last, roleName string
	enabled                                bool
	since                                  time.Time
	groups                                 []*group
}

func (u *user) minimal() map[string]any {
	return map[string]any{
		"id": u.id, "username": u.name, "email": u.email, "emailVerified": true, "enabled": u.enabled, "firstName": u.first,
		"lastName": u.last, "attributes": map[string]any{}, "createdTimestamp": u.since.UnixMilli(),
	}
}

func (u *user) write() map[string]any {
	out := u.minimal()
	out["workspaceRole"], out["roles"], out["defaultRoles"] = u.roleName, []string{u.roleName}, []string{"default-roles-default"}
	out["groupCount"], out["personas"], out["purposes"], out["isLocked"] = int64(len(u.groups)), []any{}, []any{}, false
	return out
}

func (f *Fake) userNamed(name string) *user {
	for _, u := range f.users {
		if u.name == name {
			return u
		}
	}
	return nil
}

func (f *Fake) userByID(id string) (*user, error) {
	for _, u := range f.users {
		if u.id == id {
			return u, nil
		}
	}
	return nil, noSuch("user", id)
}

// AddUser adds a user with a role such as "$member" and returns the id. The email is made of the name.
func (f *Fake) AddUser(name, roleName string) (id string) {
	f.locked(func() {
		u := &user{id: f.newID(), name: name, email: name + "@example.com", roleName: roleName, enabled: true, since: f.now}
		f.users = append(f.users, u)
		id = u.id
	})
	return id
}

// KeyOf returns a new token that acts for a user.
func (f *Fake) KeyOf(userName string) (token string) {
	f.locked(func() {
		u := f.userNamed(userName)
		if u == nil {
			f.misuse("KeyOf: no user %s", userName)
			return
		}
		token = f.newToken(&principal{id: u.id, name: u.name, user: u})
	})
	return token
}

// ListUsers lists users.
func (a *service) ListUsers(w http.ResponseWriter, r *http.Request, _ wire.ListUsersParams) {
	a.do(w, r, func(c *call) (any, error) { return listed(r.URL.Query(), converted(c.users, (*user).write)) })
}

// CreateUsers invites users.
func (a *service) CreateUsers(w http.ResponseWriter, r *http.Request) {
	a.do(w, r, func(c *call) (any, error) {
		var sent struct {
			Users []struct{ Email, RoleName, RoleID string } `json:"users"`
		}
		if err := c.decode(&sent); err != nil {
			return nil, err
		}
		for _, u := range sent.Users {
			if !strings.Contains(u.Email, "@") {
				return nil, heracles(http.StatusBadRequest, 1000, "%q is no email address", u.Email)
			}
			if slices.ContainsFunc(c.users, func(o *user) bool { return strings.EqualFold(o.email, u.Email) }) {
				return nil, heracles(http.StatusConflict, 1009, "a user of this email address exists")
			}
			if !slices.ContainsFunc(c.roles, func(o *role) bool { return o.id == u.RoleID }) {
				return nil, noSuch("role", u.RoleID)
			}
		}
		for _, u := range sent.Users {
			name, _, _ := strings.Cut(u.Email, "@")
			for base, n := name, 2; c.userNamed(name) != nil; n++ {
				name = base + must(n)
			}
			c.users = append(c.users, &user{id: c.newID(), name: name, email: u.Email, roleName: u.RoleName, enabled: true, since: c.now})
		}
		return empty, nil
	})
}

// UpdateUser changes a user.
func (a *service) UpdateUser(w http.ResponseWriter, r *http.Request, id string) {
	a.do(w, r, func(c *call) (any, error) {
		u, err := c.userByID(id)
		if err != nil {
			return nil, err
		}
		var sent struct {
			FirstName, LastName *string
			Enabled             *bool
		}
		if err := c.decode(&sent); err != nil {
			return nil, err
		}
		if sent.FirstName != nil {
			u.first = *sent.FirstName
		}
		if sent.LastName != nil {
			u.last = *sent.LastName
		}
		if sent.Enabled != nil {
			u.enabled = *sent.Enabled
		}
		return u.minimal(), nil
	})
}

// DeleteUser deletes a user.
func (a *service) DeleteUser(w http.ResponseWriter, r *http.Request, id string) {
	a.do(w, r, func(c *call) (any, error) {
		u, err := c.userByID(id)
		if err != nil {
			return nil, err
		}
		if u == c.users[0] {
			return nil, heracles(http.StatusForbidden, 1003, "the last admin stays")
		}
		c.users = slices.DeleteFunc(c.users, func(o *user) bool { return o == u })
		return empty, nil
	})
}

// ChangeUserRole gives a user another role.
func (a *service) ChangeUserRole(w http.ResponseWriter, r *http.Request, id string) {
	a.do(w, r, func(c *call) (any, error) {
		u, err := c.userByID(id)
		if err != nil {
			return nil, err
		}
		var sent struct{ RoleID string }
		if err := c.decode(&sent); err != nil {
			return nil, err
		}
		for _, x := range c.roles {
			if x.id == sent.RoleID {
				u.roleName = x.name
				return empty, nil
			}
		}
		return nil, noSuch("role", sent.RoleID)
	})
}

// ListUserGroups lists the groups of a user.
func (a *service) ListUserGroups(w http.ResponseWriter, r *http.Request, id string, _ wire.ListUserGroupsParams) {
	a.do(w, r, func(c *call) (any, error) {
		u, err := c.userByID(id)
		if err != nil {
			return nil, err
		}
		return listed(r.URL.Query(), converted(u.groups, c.writeGroup))
	})
}

// AddUserToGroups makes a user a member of groups.
func (a *service) AddUserToGroups(w http.ResponseWriter, r *http.Request, id string) {
	a.do(w, r, func(c *call) (any, error) {
		u, err := c.userByID(id)
		if err != nil {
			return nil, err
		}
		var sent struct{ Groups []string }
		if err := c.decode(&sent); err != nil {
			return nil, err
		}
		for _, id := range sent.Groups {
			g, err := c.groupByID(id)
			if err != nil {
				return nil, err
			}
			if !slices.Contains(u.groups, g) {
				u.groups = append(u.groups, g)
			}
		}
		return empty, nil
	})
}
