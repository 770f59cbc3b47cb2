package atlantest

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"

	wire "github.com/sluice-sdk/sluice/gen/atlanapi"
)

// sentTag is a tag as a client sends it. What it leaves out has the server's default.
type sentTag struct {
	TypeName          string                     `json:"typeName"`
	Attributes        map[string]json.RawMessage `json:"attributes"`
	EntityGUID        string                     `json:"entityGuid"`
	Propagate         *bool                      `json:"propagate"`
	RemoveOnDelete    *bool                      `json:"removePropagationsOnEntityDelete"`
	RestrictLineage   *bool                      `json:"restrictPropagationThroughLineage"`
	RestrictHierarchy *bool                      `json:"restrictPropagationThroughHierarchy"`
}

// tag is a classification of an asset, its own or one that was propagated to it.
type tag struct {
	name              string // hashed id of its typedef
	from              *asset
	attrs             map[string]string
	propagate         bool
	removeOnDelete    bool
	restrictLineage   bool
	restrictHierarchy bool
}

func (s *sentTag) tag(from *asset) *tag {
	t := &tag{
		name: s.TypeName, from: from, propagate: s.Propagate == nil || *s.Propagate,
		removeOnDelete: s.RemoveOnDelete == nil || *s.RemoveOnDelete, restrictLineage: truth(s.RestrictLineage),
		restrictHierarchy: truth(s.RestrictHierarchy),
	}
	for name, value := range s.Attributes {
		if string(value) != "null" {
			if t.attrs == nil {
				t.attrs = make(map[string]string)
			}
			t.attrs[name] = string(value)
		}
	}
	return t
}

func (t *tag) same(o *tag) bool {
	return t.name == o.name && t.propagate == o.propagate && t.removeOnDelete == o.removeOnDelete &&
		t.restrictLineage == o.restrictLineage && t.restrictHierarchy == o.restrictHierarchy && maps.EqualFunc(t.attrs, o.attrs, sameJSON)
}

func (t *tag) write() string {
	var o object
	o.text("typeName", t.name)
	if len(t.attrs) > 0 {
		var attrs object
		for _, name := range slices.Sorted(maps.Keys(t.attrs)) {
			attrs.raw(name, t.attrs[name])
		}
		o.raw("attributes", string(attrs.end()))
	}
	o.text("entityGuid", t.from.guid)
	o.text("entityStatus", t.from.status())
	o.truth("propagate", t.propagate)
	o.truth("removePropagationsOnEntityDelete", t.removeOnDelete)
	o.truth("restrictPropagationThroughLineage", t.restrictLineage)
	o.truth("restrictPropagationThroughHierarchy", t.restrictHierarchy)
	return string(o.end())
}

func tagList(tags []*tag) string {
	out := []byte{'['}
	for i, t := range tags {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, t.write()...)
	}
	return string(append(out, ']'))
}

func tagNames(tags []*tag) []string {
	out := make([]string, 0, len(tags))
	for _, t := range tags {
		if !slices.Contains(out, t.name) {
			out = append(out, t.name)
		}
	}
	return out
}

func (a *asset) tag(name string) int {
	return slices.IndexFunc(a.tags, func(t *tag) bool { return t.name == name })
}

// setTag adds a tag or changes it.
func (f *Fake) setTag(a *asset, t *tag, by string) {
	action := "CLASSIFICATION_ADD"
	if i := a.tag(t.name); i >= 0 {
		if a.tags[i].same(t) {
			return
		}
		a.tags = slices.Clone(a.tags)
		a.tags[i], action = t, "CLASSIFICATION_UPDATE"
	} else {
		a.tags = append(slices.Clip(a.tags), t)
	}
	f.audit(a, action, by, written(t.write()))
	if t.propagate {
		f.addTask("CLASSIFICATION_PROPAGATION_ADD", a, t.name, by)
	}
	f.spread(a)
}

func (f *Fake) dropTag(a *asset, name, by string) bool {
	i := a.tag(name)
	if i < 0 {
		return false
	}
	if a.tags[i].propagate {
		f.addTask("CLASSIFICATION_PROPAGATION_DELETE", a, name, by)
	}
	a.tags = slices.Delete(slices.Clone(a.tags), i, i+1)
	f.audit(a, "CLASSIFICATION_DELETE", by, written(`{"typeName":`+quoted(name)+`}`))
	f.spread(a)
	return true
}

// applyTags does what the flags of the request say (atlas-metastore EntityGraphMapper, AtlasEntityComparator and
// AtlasEntityUtils).
func (s *saver) applyTags(x *saving, ch *change) {
	t := x.target
	before := t.tags
	set := func(list []sentTag) {
		for i := range list {
			s.setTag(t, list[i].tag(t), s.who.name)
		}
	}
	replace := s.flags.replaceTags || !s.flags.appendTags && !s.has(TagsNeedFlag)
	switch {
	case x.isNew && s.flags.appendTags && len(x.sent.AddTags) > 0:
		set(x.sent.AddTags)
	case x.isNew:
		set(x.sent.Tags)
	case s.flags.appendTags:
		// The tags in classifications are not looked at, and one that is to be removed is not added.
		gone := make(map[string]bool)
		for _, r := range x.sent.RemoveTags {
			gone[r.TypeName] = s.dropTag(t, r.TypeName, s.who.name) || gone[r.TypeName]
		}
		set(slices.DeleteFunc(slices.Clone(x.sent.AddTags), func(n sentTag) bool { return gone[n.TypeName] }))
	case replace && (x.sent.Tags != nil || s.flags.replaceTags):
		for _, old := range t.tags {
			if !slices.ContainsFunc(x.sent.Tags, func(n sentTag) bool { return n.TypeName == old.name }) {
				s.dropTag(t, old.name, s.who.name)
			}
		}
		set(x.sent.Tags)
	}
	if !slices.EqualFunc(before, t.tags, (*tag).same) {
		ch.rest = true
	}
}

// below returns what the tags of an asset spread to: what is in it, what is made from it, and for a term what it is
// assigned to.
func (f *Fake) below(a *asset, hierarchy, lineage bool) []*asset {
	var out []*asset
	for _, e := range a.edges {
		o, attr := e.other(a)
		if !e.alive() {
			continue
		}
		switch {
		case attr == "assignedEntities", hierarchy && children[attr]:
			out = append(out, o)
		case lineage && (attr == "inputToProcesses" || attr == "outputs"):
			out = append(out, o)
		}
	}
	return out
}

// children are the attributes by which containers name what is in them.
var children = map[string]bool{
	"schemas": true, "tables": true, "views": true, "materialisedViews": true, "columns": true, "partitions": true,
	"terms": false, "childrenCategories": true, "subDomains": true, "dataProducts": true, "nestedColumns": true,
}

// spread brings the tags that come from an asset up to date wherever they have spread to.
func (f *Fake) spread(a *asset) {
	if !f.config.propagate {
		return
	}
	reached := f.spreadTo[a]
	for o := range reached {
		o.spread = slices.DeleteFunc(slices.Clone(o.spread), func(t *tag) bool { return t.from == a })
		f.touch(o)
	}
	delete(f.spreadTo, a)
	for _, t := range a.tags {
		if !t.propagate || a.gone || a.deleted && t.removeOnDelete {
			continue
		}
		seen := map[*asset]bool{a: true}
		queue := f.below(a, !t.restrictHierarchy, !t.restrictLineage)
		for len(queue) > 0 {
			o := queue[0]
			queue = queue[1:]
			if seen[o] {
				continue
			}
			seen[o] = true
			queue = append(queue, f.below(o, !t.restrictHierarchy, !t.restrictLineage)...)
			o.spread = append(slices.Clip(o.spread), t)
			if f.spreadTo[a] == nil {
				f.spreadTo[a] = make(map[*asset]bool)
			}
			f.spreadTo[a][o] = true
			f.touch(o)
		}
	}
}

// respread follows a relationship that came or went.
func (f *Fake) respread(assets ...*asset) {
	if !f.config.propagate {
		return
	}
	again := make(map[*asset]bool)
	for _, a := range assets {
		if len(a.tags) > 0 {
			again[a] = true
		}
		for _, t := range a.spread {
			again[t.from] = true
		}
	}
	for _, a := range slices.SortedFunc(maps.Keys(again), func(a, b *asset) int { return a.number - b.number }) {
		f.spread(a)
	}
}

func (c *call) tagged(guid string) (*asset, error) {
	a, err := c.asset(guid)
	if err != nil {
		return nil, err
	}
	return a, c.permitted("update classification", a.qualifiedName)
}

// defined sees that tags are defined, and that none is there twice.
func (f *Fake) defined(list []sentTag) error {
	for i, t := range list {
		if f.tagDef(t.TypeName) == nil {
			return metastore(http.StatusNotFound, "ATLAS-404-00-008", "Given classification %s was invalid", t.TypeName)
		}
		if slices.ContainsFunc(list[:i], func(o sentTag) bool { return o.TypeName == t.TypeName }) {
			return invalidParameters("classification %s is there twice", t.TypeName)
		}
	}
	return nil
}

// addable sees that tags are defined, and that an asset has none of them.
func (f *Fake) addable(a *asset, list []sentTag) error {
	for _, t := range list {
		if a.tag(t.TypeName) >= 0 {
			return metastore(http.StatusBadRequest, "ATLAS-400-00-01B", "instance %s already is associated with classification %s", a.guid, t.TypeName)
		}
	}
	return f.defined(list)
}

// addTags adds tags to an asset; one that it has already is an error.
func (c *call) addTags(a *asset, list []sentTag) (any, error) {
	if err := c.addable(a, list); err != nil {
		return nil, err
	}
	for i := range list {
		c.setTag(a, list[i].tag(a), c.who.name)
	}
	c.changed(a)
	return nothing, nil
}

func (c *call) changeTags(a *asset, list []sentTag) (any, error) {
	for _, t := range list {
		if a.tag(t.TypeName) < 0 {
			return nil, metastore(http.StatusBadRequest, "ATLAS-400-00-06D", "Classification %s is not associated with entity", t.TypeName)
		}
	}
	for i := range list {
		c.setTag(a, list[i].tag(a), c.who.name)
	}
	c.changed(a)
	return nothing, nil
}

func (c *call) removeTag(a *asset, name string) (any, error) {
	if slices.ContainsFunc(a.spread, func(t *tag) bool { return t.name == name }) && a.tag(name) < 0 {
		return nil, metastore(http.StatusBadRequest, "ATLAS-400-00-06C", "Delete of classification %s is not allowed from propagated entity", name)
	}
	if !c.dropTag(a, name, c.who.name) {
		return nil, metastore(http.StatusBadRequest, "ATLAS-400-00-06D", "Classification %s is not associated with entity", name)
	}
	c.changed(a)
	return nothing, nil
}

// changed notes who changed an asset, and when.
func (c *call) changed(a *asset) {
	a.updated, a.updatedBy = c.now.UnixMilli(), c.intern(c.who.name)
	c.touch(a)
}

func (a *service) withTags(w http.ResponseWriter, r *http.Request, find func(c *call) (*asset, error), work func(c *call, x *asset, list []sentTag) (any, error)) {
	a.do(w, r, func(c *call) (any, error) {
		x, err := find(c)
		if err != nil {
			return nil, err
		}
		var list []sentTag
		if err := c.decode(&list); err != nil {
			return nil, err
		}
		return work(c, x, list)
	})
}

// AddClassifications tags an asset.
func (a *service) AddClassifications(w http.ResponseWriter, r *http.Request, guid string) {
	a.withTags(w, r, func(c *call) (*asset, error) { return c.tagged(guid) }, (*call).addTags)
}

// UpdateClassifications changes tags of an asset.
func (a *service) UpdateClassifications(w http.ResponseWriter, r *http.Request, guid string) {
	a.withTags(w, r, func(c *call) (*asset, error) { return c.tagged(guid) }, (*call).changeTags)
}

// AddClassificationsByUniqueAttribute tags an asset by its name.
func (a *service) AddClassificationsByUniqueAttribute(w http.ResponseWriter, r *http.Request, typeName string, _ wire.AddClassificationsByUniqueAttributeParams) {
	a.withTags(w, r, func(c *call) (*asset, error) { return c.readNamed(r, typeName) }, (*call).addTags)
}

// UpdateClassificationsByUniqueAttribute changes tags of an asset by its name.
func (a *service) UpdateClassificationsByUniqueAttribute(w http.ResponseWriter, r *http.Request, typeName string, _ wire.UpdateClassificationsByUniqueAttributeParams) {
	a.withTags(w, r, func(c *call) (*asset, error) { return c.readNamed(r, typeName) }, (*call).changeTags)
}

// DeleteClassification removes a tag from an asset.
func (a *service) DeleteClassification(w http.ResponseWriter, r *http.Request, guid, name string, _ wire.DeleteClassificationParams) {
	a.do(w, r, func(c *call) (any, error) {
		x, err := c.tagged(guid)
		if err != nil {
			return nil, err
		}
		return c.removeTag(x, name)
	})
}

// DeleteClassificationByUniqueAttribute removes a tag from an asset by its name.
func (a *service) DeleteClassificationByUniqueAttribute(w http.ResponseWriter, r *http.Request, typeName, name string, _ wire.DeleteClassificationByUniqueAttributeParams) {
	a.do(w, r, func(c *call) (any, error) {
		x, err := c.readNamed(r, typeName)
		if err != nil {
			return nil, err
		}
		return c.removeTag(x, name)
	})
}

// GetClassification reads one tag of an asset.
func (a *service) GetClassification(w http.ResponseWriter, r *http.Request, guid, name string) {
	a.do(w, r, func(c *call) (any, error) {
		x, err := c.read(guid)
		if err != nil {
			return nil, err
		}
		for _, t := range slices.Concat(x.tags, x.spread) {
			if t.name == name {
				return written(t.write()), nil
			}
		}
		return nil, metastore(http.StatusNotFound, "ATLAS-404-00-008", "Given classification %s was invalid", name)
	})
}

// ListClassifications lists the tags of an asset.
func (a *service) ListClassifications(w http.ResponseWriter, r *http.Request, guid string) {
	a.do(w, r, func(c *call) (any, error) {
		x, err := c.read(guid)
		if err != nil {
			return nil, err
		}
		tags := slices.Concat(x.tags, x.spread)
		var o object
		o.raw("list", tagList(tags))
		o.number("startIndex", 0)
		o.number("pageSize", int64(len(tags)))
		o.number("totalCount", int64(len(tags)))
		return written(o.end()), nil
	})
}

// BulkAddClassification adds one tag to many assets.
func (a *service) BulkAddClassification(w http.ResponseWriter, r *http.Request) {
	a.do(w, r, func(c *call) (any, error) {
		var sent struct {
			Classification sentTag                      `json:"classification"`
			GUIDs          []string                     `json:"entityGuids"`
			Names          []map[string]json.RawMessage `json:"entitiesUniqueAttributes"`
			TypeName       string                       `json:"entityTypeName"`
		}
		if err := c.decode(&sent); err != nil {
			return nil, err
		}
		var assets []*asset
		for _, guid := range sent.GUIDs {
			x, err := c.tagged(guid)
			if err != nil {
				return nil, err
			}
			assets = append(assets, x)
		}
		for _, n := range sent.Names {
			x, err := c.named(sent.TypeName, unquoted(string(n["qualifiedName"])))
			if err != nil {
				return nil, err
			}
			assets = append(assets, x)
		}
		list := []sentTag{sent.Classification}
		for _, x := range assets {
			if err := c.addable(x, list); err != nil {
				return nil, err
			}
		}
		for _, x := range slices.CompactFunc(assets, func(x, y *asset) bool { return x == y }) {
			c.setTag(x, list[0].tag(x), c.who.name)
			c.changed(x)
		}
		return nothing, nil
	})
}

// BulkSetClassifications sets the tags of many assets.
func (a *service) BulkSetClassifications(w http.ResponseWriter, r *http.Request, _ wire.BulkSetClassificationsParams) {
	a.do(w, r, func(c *call) (any, error) {
		var sent struct {
			Headers map[string]*sentEntity `json:"guidHeaderMap"`
		}
		if err := c.decode(&sent); err != nil {
			return nil, err
		}
		guids := slices.Sorted(maps.Keys(sent.Headers))
		for _, guid := range guids {
			if _, err := c.tagged(guid); err != nil {
				return nil, err
			}
			if sent.Headers[guid] == nil {
				return nil, invalidParameters("the header of %s is null", guid)
			}
			if err := c.defined(sent.Headers[guid].Tags); err != nil {
				return nil, err
			}
		}
		for _, guid := range guids {
			x := c.store.byGUID[guid]
			var ch change
			s := &saver{call: c, flags: saveFlags{replaceTags: true}}
			s.applyTags(&saving{sent: sent.Headers[guid], def: x.def, target: x}, &ch)
			c.changed(x)
		}
		return nothing, nil
	})
}
