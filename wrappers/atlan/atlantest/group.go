package atlantest

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	wire "github.com/sluice-sdk/sluice/gen/atlanapi"
)

type group struct {
	id, name, alias, by string
	attributes          map[string][]string
	since               time.Time
}

type role struct{ id, name, description string }

func (f *Fake) members(g *group) []*user {
	var out []*user
	for _, u := range f.users {
		if slices.Contains(u.groups, g) {
			out = append(out, u)
		}
	}
	return out
}

// writeGroup writes a group. Values of its attributes are lists of text, also where there can be only one.
func (f *Fake) writeGroup(g *group) map[string]any {
	attributes := map[string][]string{
		"alias": {g.alias}, "createdAt": {strconv.FormatInt(g.since.UnixMilli(), 10)}, "createdBy": {g.by}, "isDefault": {"false"},
	}
	maps.Copy(attributes, g.attributes)
	return map[string]any{
		"id": g.id, "name": g.name, "alias": g.alias, "path": "/" + g.name, "attributes": attributes, "roles": []string{},
		"personas": []any{}, "purposes": []any{}, "decentralizedRoles": []any{}, "userCount": int64(len(f.members(g))),
	}
}

func (f *Fake) groupByID(id string) (*group, error) {
	for _, g := range f.groups {
		if g.id == id {
			return g, nil
		}
	}
	return nil, noSuch("group", id)
}

// AddGroup adds a group by its human name, the alias, and returns its id. Its internal name is made of it.
func (f *Fake) AddGroup(alias string) (id string) {
	f.locked(func() {
		g := &group{id: f.newID(), alias: alias, name: internalName(alias), by: f.users[0].name, since: f.now}
		f.groups = append(f.groups, g)
		id = g.id
	})
	return id
}

func internalName(alias string) string {
	return strings.ReplaceAll(strings.ToLower(strings.TrimSpace(alias)), " ", "_")
}

type sentGroup struct {
	Name       string              `json:"name"`
	Alias      string              `json:"alias"`
	Attributes map[string][]string `json:"attributes"`
}

func (s *sentGroup) apply(g *group) {
	if s.Alias != "" {
		g.alias = s.Alias
	}
	for name, value := range s.Attributes {
		if name == "alias" && len(value) > 0 {
			g.alias = value[0]
		}
		if g.attributes == nil {
			g.attributes = make(map[string][]string)
		}
		g.attributes[name] = value
	}
}

// ListGroups lists groups.
func (a *service) ListGroups(w http.ResponseWriter, r *http.Request, _ wire.ListGroupsParams) {
	a.do(w, r, func(c *call) (any, error) { return listed(r.URL.Query(), converted(c.groups, c.writeGroup)) })
}

// CreateGroup makes a group, with members.
func (a *service) CreateGroup(w http.ResponseWriter, r *http.Request) {
	a.do(w, r, func(c *call) (any, error) {
		var sent struct {
			Group sentGroup `json:"group"`
			Users []string  `json:"users"`
		}
		if err := c.decode(&sent); err != nil {
			return nil, err
		}
		g := &group{id: c.newID(), name: sent.Group.Name, by: c.who.name, since: c.now}
		sent.Group.apply(g)
		if g.name == "" {
			g.name = internalName(g.alias)
		}
		if g.name == "" {
			return nil, heracles(http.StatusBadRequest, 1000, "a group needs a name")
		}
		if slices.ContainsFunc(c.groups, func(o *group) bool { return o.name == g.name }) {
			return nil, heracles(http.StatusConflict, 1009, "group %s exists", g.name)
		}
		c.groups = append(c.groups, g)
		users := map[string]any{}
		for _, id := range sent.Users {
			if u, err := c.userByID(id); err == nil {
				u.groups = append(u.groups, g)
				users[id] = map[string]any{"status": http.StatusOK, "statusMessage": "success"}
			} else {
				users[id] = map[string]any{"status": http.StatusNotFound, "statusMessage": "user not found"}
			}
		}
		return map[string]any{"group": g.id, "users": users}, nil
	})
}

// UpdateGroup changes a group.
func (a *service) UpdateGroup(w http.ResponseWriter, r *http.Request, id string) {
	a.do(w, r, func(c *call) (any, error) {
		g, err := c.groupByID(id)
		if err != nil {
			return nil, err
		}
		var sent sentGroup
		if err := c.decode(&sent); err != nil {
			return nil, err
		}
		sent.apply(g)
		return empty, nil
	})
}

// DeleteGroup deletes a group.
func (a *service) DeleteGroup(w http.ResponseWriter, r *http.Request, id string) {
	a.do(w, r, func(c *call) (any, error) {
		g, err := c.groupByID(id)
		if err != nil {
			return nil, err
		}
		c.groups = slices.DeleteFunc(c.groups, func(o *group) bool { return o == g })
		for _, u := range c.users {
			u.groups = slices.DeleteFunc(u.groups, func(o *group) bool { return o == g })
		}
		return empty, nil
	})
}

// ListGroupMembers lists the members of a group.
func (a *service) ListGroupMembers(w http.ResponseWriter, r *http.Request, id string, _ wire.ListGroupMembersParams) {
	a.do(w, r, func(c *call) (any, error) {
		g, err := c.groupByID(id)
		if err != nil {
			return nil, err
		}
		return listed(r.URL.Query(), converted(c.members(g), (*user).write))
	})
}

// RemoveGroupMembers takes members out of a group.
func (a *service) RemoveGroupMembers(w http.ResponseWriter, r *http.Request, id string) {
	a.do(w, r, func(c *call) (any, error) {
		g, err := c.groupByID(id)
		if err != nil {
			return nil, err
		}
		var sent struct{ Users []string }
		if err := c.decode(&sent); err != nil {
			return nil, err
		}
		for _, id := range sent.Users {
			if u, err := c.userByID(id); err == nil {
				u.groups = slices.DeleteFunc(u.groups, func(o *group) bool { return o == g })
			}
		}
		return empty, nil
	})
}

// ListRoles lists roles, those of the admins of connections among them.
func (a *service) ListRoles(w http.ResponseWriter, r *http.Request, _ wire.ListRolesParams) {
	a.do(w, r, func(c *call) (any, error) {
		return listed(r.URL.Query(), converted(c.roles, func(x *role) map[string]any {
			level := "workspace"
			if strings.HasPrefix(x.name, "connection_") {
				level = "connection"
			}
			n := 0
			for _, u := range c.users {
				if u.roleName == x.name {
					n++
				}
			}
			return map[string]any{"id": x.id, "name": x.name, "description": x.description, "clientRole": false, "level": level, "memberCount": "0", "userCount": strconv.Itoa(n)}
		}))
	})
}

// mapping is a group of an identity provider that brings its members into one here.
type mapping struct {
	id, alias string
	fields    map[string]json.RawMessage
}

func (m *mapping) write() json.RawMessage {
	out := make(map[string]json.RawMessage, len(m.fields)+2)
	maps.Copy(out, m.fields)
	out["id"], out["identityProviderAlias"] = json.RawMessage(quoted(m.id)), json.RawMessage(quoted(m.alias))
	return json.RawMessage(must(out))
}

func (c *call) mapping(alias, id string) (*mapping, error) {
	for _, m := range c.mappings {
		if m.alias == alias && m.id == id {
			return m, nil
		}
	}
	return nil, noSuch("mapper", id)
}

// ListSsoGroupMappings lists the mappings of groups of an identity provider.
func (a *service) ListSsoGroupMappings(w http.ResponseWriter, r *http.Request, alias string) {
	a.do(w, r, func(c *call) (any, error) {
		out := []json.RawMessage{}
		for _, m := range c.mappings {
			if m.alias == alias {
				out = append(out, m.write())
			}
		}
		return out, nil
	})
}

// CreateSsoGroupMapping maps a group of an identity provider.
func (a *service) CreateSsoGroupMapping(w http.ResponseWriter, r *http.Request, alias string) {
	a.do(w, r, func(c *call) (any, error) {
		m := &mapping{id: c.newID(), alias: alias}
		if err := c.decode(&m.fields); err != nil {
			return nil, err
		}
		c.mappings = append(c.mappings, m)
		return written(m.write()), nil
	})
}

// GetSsoGroupMapping reads a mapping.
func (a *service) GetSsoGroupMapping(w http.ResponseWriter, r *http.Request, alias, id string) {
	a.do(w, r, func(c *call) (any, error) {
		m, err := c.mapping(alias, id)
		if err != nil {
			return nil, err
		}
		return written(m.write()), nil
	})
}

// UpdateSsoGroupMapping replaces a mapping.
func (a *service) UpdateSsoGroupMapping(w http.ResponseWriter, r *http.Request, alias, id string) {
	a.do(w, r, func(c *call) (any, error) {
		m, err := c.mapping(alias, id)
		if err != nil {
			return nil, err
		}
		m.fields = nil
		if err := c.decode(&m.fields); err != nil {
			return nil, err
		}
		return written(m.write()), nil
	})
}

// DeleteSsoGroupMapping deletes a mapping.
func (a *service) DeleteSsoGroupMapping(w http.ResponseWriter, r *http.Request, alias, id string) {
	a.do(w, r, func(c *call) (any, error) {
		m, err := c.mapping(alias, id)
		if err != nil {
			return nil, err
		}
		c.mappings = slices.DeleteFunc(c.mappings, func(o *mapping) bool { return o == m })
		return empty, nil
	})
}
