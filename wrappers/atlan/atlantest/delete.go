package atlantest

import (
	"net/http"
	"time"

	wire "github.com/sluice-sdk/sluice/gen/atlanapi"
)

// remove deletes assets. All of them are looked for before any is touched.
func (c *call) remove(guids []string, how string) (any, error) {
	switch how {
	case "", "DEFAULT":
		how = "SOFT"
	case "SOFT", "HARD", "PURGE":
	default:
		return nil, invalidParameters("deleteType %s is not known", how)
	}
	var all []*asset
	for _, guid := range guids {
		a, err := c.asset(guid)
		if err != nil {
			return nil, err
		}
		if err := c.permitted("delete entity", a.qualifiedName); err != nil {
			return nil, err
		}
		if how == "SOFT" && a.def.name == "AtlasGlossaryCategory" && c.has(CategoriesStay) {
			return nil, metastore(http.StatusBadRequest, "ATLAS-400-00-029", "a category cannot be archived: %s", guid)
		}
		all = append(all, a)
	}
	all = c.governed(all)
	var m mutation
	archived := make(map[*asset]bool)
	for _, a := range all {
		if _, twice := archived[a]; !twice {
			archived[a] = a.deleted || a.dying
		}
		switch {
		case a.gone || how == "SOFT" && (a.deleted || a.dying):
			continue // it is already, and nothing is reported
		case how == "SOFT":
			c.archive(a)
			note(&m.deleted, a)
		default:
			a.deleted = true
			if how == "HARD" {
				note(&m.deleted, a)
			} else {
				note(&m.purged, a)
			}
		}
	}
	answer := c.answer(&m)
	for _, a := range all {
		if how != "SOFT" && !a.gone {
			c.destroy(a, how == "PURGE", archived[a])
		}
	}
	return answer, nil
}

// archive makes an asset DELETED, after a while.
func (c *call) archive(a *asset) {
	by := c.who.name
	done := func(at time.Time) {
		if a.gone || !a.dying {
			return
		}
		a.dying, a.deleted = false, true
		a.updated, a.updatedBy = at.UnixMilli(), c.intern(by)
		c.audit(a, "ENTITY_DELETE", by, nil)
		c.touch(a)
		for _, e := range a.edges {
			o, _ := e.other(a)
			c.touch(o)
		}
		c.spread(a)
		c.respread(neighbours(a)...)
	}
	a.dying = true
	if !c.has(SlowArchive) || c.config.archiveDelay <= 0 {
		done(c.now)
		return
	}
	c.schedule(c.now.Add(c.config.archiveDelay), done)
}

func neighbours(a *asset) []*asset {
	out := make([]*asset, 0, len(a.edges))
	for _, e := range a.edges {
		o, _ := e.other(a)
		out = append(out, o)
	}
	return out
}

// destroy takes an asset away for good, with its audit entries when it is purged. The admin role of a connection goes,
// too, unless it was archived before.
func (c *call) destroy(a *asset, purge, archived bool) {
	if a.def.name == "Connection" && !archived {
		c.dropRole("connection_admins_" + a.guid)
	}
	others := neighbours(a)
	c.erase(a)
	a.tags = nil
	c.spread(a)
	for _, o := range others {
		c.touch(o)
	}
	c.unindex(a)
	if purge {
		c.forget(a)
	} else {
		c.audit(a, "ENTITY_DELETE", c.who.name, nil)
	}
}

func (c *call) dropRole(name string) {
	for i, r := range c.roles {
		if r.name == name {
			c.roles = append(c.roles[:i], c.roles[i+1:]...)
			return
		}
	}
}

// DeleteEntitiesByGuids deletes assets.
func (a *service) DeleteEntitiesByGuids(w http.ResponseWriter, r *http.Request, params wire.DeleteEntitiesByGuidsParams) {
	a.do(w, r, func(c *call) (any, error) { return c.remove(params.GUID, r.URL.Query().Get("deleteType")) })
}

// DeleteEntityByGUID deletes one asset.
func (a *service) DeleteEntityByGUID(w http.ResponseWriter, r *http.Request, guid string, _ wire.DeleteEntityByGUIDParams) {
	a.do(w, r, func(c *call) (any, error) { return c.remove([]string{guid}, r.URL.Query().Get("deleteType")) })
}

// DeleteEntityByUniqueAttribute deletes one asset by its name.
func (a *service) DeleteEntityByUniqueAttribute(w http.ResponseWriter, r *http.Request, typeName string, _ wire.DeleteEntityByUniqueAttributeParams) {
	a.do(w, r, func(c *call) (any, error) {
		x, err := c.readNamed(r, typeName)
		if err != nil {
			return nil, err
		}
		return c.remove([]string{x.guid}, r.URL.Query().Get("deleteType"))
	})
}

// PurgeEntitiesByGuids purges assets.
func (a *service) PurgeEntitiesByGuids(w http.ResponseWriter, r *http.Request) {
	a.do(w, r, func(c *call) (any, error) {
		var guids []string
		if err := c.decode(&guids); err != nil {
			return nil, err
		}
		return c.remove(guids, "PURGE")
	})
}
