package atlantest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

// permitted refuses what is below a connection whose policies have not spread yet, or that the caller was denied.
func (f *Fake) permitted(what, qualifiedName string) error {
	if len(f.windows) == 0 && len(f.denied) == 0 {
		return nil
	}
	for prefix := range f.denied {
		if below(qualifiedName, prefix) {
			return notPermitted(what)
		}
	}
	for prefix, until := range f.windows {
		if !f.now.Before(until) {
			delete(f.windows, prefix)
		} else if below(qualifiedName, prefix) {
			return notPermitted(what)
		}
	}
	return nil
}

func below(qualifiedName, prefix string) bool {
	return qualifiedName == prefix || strings.HasPrefix(qualifiedName, prefix+"/")
}

// checkConnection sees that a connection has admins.
func (s *saver) checkConnection(x *saving) error {
	if x.def.name != "Connection" {
		return nil
	}
	some := false
	for _, attr := range []string{"adminUsers", "adminGroups", "adminRoles"} {
		raw, sent := x.sent.Attributes[attr]
		if !sent && x.target != nil {
			raw = json.RawMessage(x.target.get(attr))
		}
		var list []string
		if len(raw) > 0 && json.Unmarshal(raw, &list) != nil {
			return badInstance("Connection.%s: invalid value", attr)
		}
		some = some || len(list) > 0
		if !sent {
			continue
		}
		for _, who := range list {
			known := true
			switch attr {
			case "adminUsers":
				known = s.userNamed(who) != nil || strings.HasPrefix(who, "service-account-")
			case "adminGroups":
				known = slices.ContainsFunc(s.groups, func(g *group) bool { return g.alias == who || g.name == who })
			case "adminRoles":
				known = slices.ContainsFunc(s.roles, func(r *role) bool { return r.id == who })
			}
			if !known {
				return metastore(http.StatusBadRequest, "ATLAS-400-00-029", "%s of a connection: %s does not exist", attr, who)
			}
		}
	}
	if !some && x.target != nil { // the creator becomes an admin of a new one
		return metastore(http.StatusBadRequest, "ATLAS-400-00-114", "a connection needs at least one admin")
	}
	return nil
}

// afterCreate does what the server does with new assets of some types.
func (s *saver) afterCreate(x *saving) {
	if x.def.name != "Connection" {
		return
	}
	s.founded(x.target, s.who.name)
	if s.has(PermissionWindow) && s.config.window > 0 {
		s.windows[x.target.qualifiedName] = s.now.Add(s.config.window)
	}
}

// founded makes the role of a connection's admins, and its creator one of them.
func (f *Fake) founded(a *asset, creator string) {
	var admins []string
	_ = json.Unmarshal([]byte(a.get("adminUsers")), &admins)
	if creator != "" && !slices.Contains(admins, creator) {
		f.put(a, "adminUsers", must(append(admins, creator)))
	}
	f.roles = append(f.roles, &role{id: f.newID(), name: "connection_admins_" + a.guid, description: "Admins of the connection " + a.str("name")})
}

// EndWindows ends the time in which requests for new connections are refused.
func (f *Fake) EndWindows() { f.locked(func() { clear(f.windows) }) }

// Deny answers 403 to requests for an asset and everything below it, for good.
func (f *Fake) Deny(qualifiedName string) { f.locked(func() { f.denied[qualifiedName] = true }) }

// Allow takes [Fake.Deny] back.
func (f *Fake) Allow(qualifiedName string) { f.locked(func() { delete(f.denied, qualifiedName) }) }

// OpenWindow refuses requests for an asset and everything below it for a while, as for a connection that was just
// made.
func (f *Fake) OpenWindow(qualifiedName string, d time.Duration) {
	f.locked(func() { f.windows[qualifiedName] = f.now.Add(d) })
}

// ProtectCustomMetadata answers 403 to whoever writes values of a custom metadata set.
func (f *Fake) ProtectCustomMetadata(set string) { f.locked(func() { f.protected[set] = true }) }
