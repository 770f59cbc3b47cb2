package atlantest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	wire "github.com/sluice-sdk/sluice/gen/atlanapi"
)

// object writes a JSON object behind what is in a buffer.
type object struct {
	b    []byte
	some bool // it has a member
}

func (o *object) key(name string) {
	if o.some {
		o.b = append(o.b, ',')
	} else {
		o.b = append(o.b, '{')
		o.some = true
	}
	o.b = appendQuoted(o.b, name)
	o.b = append(o.b, ':')
}

// inner writes a member that is an object, in the same buffer.
func (o *object) inner(name string, write func(in *object)) {
	o.key(name)
	in := object{b: o.b}
	write(&in)
	o.b = in.end()
}

func (o *object) raw(name, value string) { o.key(name); o.b = append(o.b, value...) }

func (o *object) text(name, value string) { o.key(name); o.b = appendQuoted(o.b, value) }

func (o *object) number(name string, n int64) { o.key(name); o.b = strconv.AppendInt(o.b, n, 10) }

func (o *object) truth(name string, v bool) { o.key(name); o.b = strconv.AppendBool(o.b, v) }

func (o *object) texts(name string, list []string) {
	o.key(name)
	o.b = append(o.b, '[')
	for i, s := range list {
		if i > 0 {
			o.b = append(o.b, ',')
		}
		o.b = appendQuoted(o.b, s)
	}
	o.b = append(o.b, ']')
}

// any writes what encoding/json makes of a value that cannot fail.
func (o *object) any(name string, v any) {
	raw, err := json.Marshal(v)
	if err != nil {
		raw = []byte("null")
	}
	o.raw(name, string(raw))
}

func (o *object) end() []byte {
	if !o.some {
		o.b = append(o.b, '{')
	}
	return append(o.b, '}')
}

// reference writes an asset as the value of a relationship.
func (f *Fake) reference(e *edge, from *asset) string {
	to, _ := e.other(from)
	var o object
	o.text("guid", to.guid)
	o.text("typeName", to.def.name)
	o.text("entityStatus", to.status())
	o.text("displayText", to.displayText())
	o.text("relationshipType", e.kind.name)
	o.text("relationshipGuid", f.relationGUID(e))
	status := "ACTIVE"
	if !e.alive() {
		status = "DELETED"
	}
	o.text("relationshipStatus", status)
	o.raw("relationshipAttributes", `{"typeName":`+quoted(e.kind.name)+`,"attributes":`+cmp.Or(e.values, "{}")+`}`)
	o.raw("uniqueAttributes", `{"qualifiedName":`+quoted(to.qualifiedName)+`}`)
	return string(o.end())
}

// view says how much of an asset is answered.
type view struct {
	relations bool
	nulls     bool
}

// full writes an asset as reading it does.
func (f *Fake) full(a *asset, v view) []byte {
	var o object
	o.text("typeName", a.def.name)
	o.raw("attributes", f.attributesOf(a, v))
	o.text("guid", a.guid)
	o.truth("isIncomplete", a.incomplete)
	o.text("status", a.status())
	o.text("displayText", a.displayText())
	o.text("createdBy", a.createdBy)
	o.text("updatedBy", a.updatedBy)
	o.number("createTime", a.created)
	o.number("updateTime", a.updated)
	o.number("version", 0)
	o.texts("superTypeNames", a.def.supers)
	if v.relations {
		o.raw("relationshipAttributes", f.relationsOf(a, v))
	}
	f.extras(&o, a)
	return o.end()
}

// extras writes what assets have beside attributes and relationships.
func (f *Fake) extras(o *object, a *asset) {
	if tags := slices.Concat(a.tags, a.spread); len(tags) > 0 {
		o.raw("classifications", tagList(tags))
		o.texts("classificationNames", tagNames(tags))
	}
	if meanings, names := f.meanings(a); len(names) > 0 {
		o.raw("meanings", meanings)
		o.texts("meaningNames", names)
	}
	o.texts("labels", a.labels)
	if len(a.business) > 0 {
		o.raw("businessAttributes", businessOf(a))
	}
	if len(a.custom) > 0 {
		o.any("customAttributes", a.custom)
	}
}

func businessOf(a *asset) string {
	var sets object
	for _, set := range slices.Sorted(maps.Keys(a.business)) {
		var values object
		for _, attr := range slices.Sorted(maps.Keys(a.business[set])) {
			values.raw(attr, a.business[set][attr])
		}
		sets.raw(set, string(values.end()))
	}
	return string(sets.end())
}

func (f *Fake) attributesOf(a *asset, v view) string {
	var o object
	for _, x := range a.attrs {
		o.raw(x.name, x.value)
	}
	if v.nulls {
		for _, name := range slices.Sorted(maps.Keys(a.def.attrs)) {
			if _, ok := a.find(name); ok {
				continue
			}
			if name == "__hasLineage" {
				o.truth(name, f.hasLineage(a))
				continue
			}
			if strings.HasPrefix(a.def.attrs[name], "array<") {
				o.raw(name, "[]")
			} else {
				o.raw(name, "null")
			}
		}
	}
	return string(o.end())
}

func (f *Fake) relationsOf(a *asset, v view) string {
	byAttr := make(map[string][]*edge)
	for _, e := range a.edges {
		if _, attr := e.other(a); attr != "" && !e.removed {
			byAttr[attr] = append(byAttr[attr], e)
		}
	}
	names := slices.Collect(maps.Keys(byAttr))
	if v.nulls {
		for name := range a.def.relations {
			if byAttr[name] == nil {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	var o object
	for _, name := range names {
		def := a.def.relations[name]
		many := def != nil && def.many || def == nil && byAttr[name][0].kind.many[0]
		if !many {
			if len(byAttr[name]) == 0 {
				o.raw(name, "null")
			} else {
				o.raw(name, f.reference(byAttr[name][0], a))
			}
			continue
		}
		list := make([]string, 0, len(byAttr[name]))
		for _, e := range byAttr[name] {
			list = append(list, f.reference(e, a))
		}
		o.raw(name, "["+strings.Join(list, ",")+"]")
	}
	return string(o.end())
}

// meanings writes the terms of an asset, and returns their names.
func (f *Fake) meanings(a *asset) (list string, names []string) {
	var out []string
	for _, e := range a.edges {
		term, attr := e.other(a)
		if attr != "meanings" || !e.alive() {
			continue
		}
		var o object
		o.text("termGuid", term.guid)
		o.text("relationGuid", f.relationGUID(e))
		o.text("displayText", term.displayText())
		o.text("qualifiedName", term.qualifiedName)
		o.text("status", "ACTIVE")
		out = append(out, string(o.end()))
		names = append(names, term.displayText())
	}
	return "[" + strings.Join(out, ",") + "]", names
}

// header writes an asset as answers to writes and lists do: names, and what was asked for.
func (f *Fake) header(a *asset) []byte {
	if !f.has(TrimmedAnswers) {
		return f.full(a, view{relations: true})
	}
	var o object
	o.text("typeName", a.def.name)
	var attrs object
	if name := a.get("name"); name != "" {
		attrs.raw("name", name)
	}
	attrs.text("qualifiedName", a.qualifiedName)
	o.raw("attributes", string(attrs.end()))
	o.text("guid", a.guid)
	o.text("status", a.status())
	o.text("displayText", a.displayText())
	o.texts("classificationNames", tagNames(slices.Concat(a.tags, a.spread)))
	o.truth("isIncomplete", a.incomplete)
	return o.end()
}

func (f *Fake) readView(ignoreRelations *bool) view {
	return view{relations: ignoreRelations == nil || !*ignoreRelations, nulls: f.has(NullAttributes)}
}

func one(entity []byte) written {
	return slices.Concat(written(`{"referredEntities":{},"entity":`), entity, []byte("}"))
}

func several(entities [][]byte) written {
	return slices.Concat(written(`{"referredEntities":{},"entities":[`), bytes.Join(entities, []byte(",")), []byte("]}"))
}

// read returns an asset that the caller may see.
func (c *call) read(guid string) (*asset, error) {
	a, err := c.asset(guid)
	if err != nil {
		return nil, err
	}
	return a, c.permitted("read entity", a.qualifiedName)
}

func (c *call) readNamed(r *http.Request, typeName string) (*asset, error) {
	name := r.URL.Query().Get("attr:qualifiedName")
	if name == "" {
		return nil, invalidParameters("qualifiedName is missing")
	}
	a, err := c.named(typeName, name)
	if err != nil {
		return nil, err
	}
	return a, c.permitted("read entity", a.qualifiedName)
}

// GetEntityByGUID reads one asset.
func (a *service) GetEntityByGUID(w http.ResponseWriter, r *http.Request, guid string, params wire.GetEntityByGUIDParams) {
	a.do(w, r, func(c *call) (any, error) {
		x, err := c.read(guid)
		if err != nil {
			return nil, err
		}
		return one(c.full(x, c.readView(params.IgnoreRelationships))), nil
	})
}

// GetEntityByUniqueAttribute reads one asset by its name.
func (a *service) GetEntityByUniqueAttribute(w http.ResponseWriter, r *http.Request, typeName string, params wire.GetEntityByUniqueAttributeParams) {
	a.do(w, r, func(c *call) (any, error) {
		x, err := c.readNamed(r, typeName)
		if err != nil {
			return nil, err
		}
		return one(c.full(x, c.readView(params.IgnoreRelationships))), nil
	})
}

// GetEntitiesByGuids reads assets; one that is not there makes an error of all.
func (a *service) GetEntitiesByGuids(w http.ResponseWriter, r *http.Request, params wire.GetEntitiesByGuidsParams) {
	a.do(w, r, func(c *call) (any, error) {
		var out [][]byte
		for _, guid := range params.GUID {
			x, err := c.read(guid)
			if err != nil {
				return nil, err
			}
			out = append(out, c.full(x, c.readView(params.IgnoreRelationships)))
		}
		return several(out), nil
	})
}

// GetEntitiesByUniqueAttribute reads assets of one type by their names; those that are not there are left out.
func (a *service) GetEntitiesByUniqueAttribute(w http.ResponseWriter, r *http.Request, typeName string, params wire.GetEntitiesByUniqueAttributeParams) {
	a.do(w, r, func(c *call) (any, error) {
		out := [][]byte{}
		query := r.URL.Query()
		for i := 0; ; i++ {
			name := query.Get("attr_" + strconv.Itoa(i) + ":qualifiedName")
			if name == "" {
				break
			}
			x, err := c.named(typeName, name)
			if err != nil {
				continue
			}
			if err := c.permitted("read entity", x.qualifiedName); err != nil {
				return nil, err
			}
			out = append(out, c.full(x, c.readView(params.IgnoreRelationships)))
		}
		return several(out), nil
	})
}

// GetEntityHeaderByGUID reads the header of one asset.
func (a *service) GetEntityHeaderByGUID(w http.ResponseWriter, r *http.Request, guid string) {
	a.do(w, r, func(c *call) (any, error) {
		x, err := c.read(guid)
		if err != nil {
			return nil, err
		}
		return written(c.header(x)), nil
	})
}

// GetEntityHeaderByUniqueAttribute reads the header of one asset by its name.
func (a *service) GetEntityHeaderByUniqueAttribute(w http.ResponseWriter, r *http.Request, typeName string, _ wire.GetEntityHeaderByUniqueAttributeParams) {
	a.do(w, r, func(c *call) (any, error) {
		x, err := c.readNamed(r, typeName)
		if err != nil {
			return nil, err
		}
		return written(c.header(x)), nil
	})
}

// GetBulkEntityHeaders lists the headers of assets whose tags changed since a time.
func (a *service) GetBulkEntityHeaders(w http.ResponseWriter, r *http.Request, params wire.GetBulkEntityHeadersParams) {
	a.do(w, r, func(c *call) (any, error) {
		var since int64
		if params.TagUpdateStartTime != nil {
			since = *params.TagUpdateStartTime
		}
		var list object
		for _, x := range c.inOrder() {
			if len(x.tags) > 0 && x.updated >= since && !x.deleted {
				list.raw(x.guid, string(c.header(x)))
			}
		}
		return written(`{"guidHeaderMap":` + string(list.end()) + `}`), nil
	})
}

// inOrder returns all assets in the order of their creation.
func (f *Fake) inOrder() []*asset {
	return slices.SortedFunc(maps.Values(f.byGUID), func(a, b *asset) int { return cmp.Compare(a.number, b.number) })
}
