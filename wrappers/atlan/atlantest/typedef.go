package atlantest

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	wire "github.com/sluice-sdk/sluice/gen/atlanapi"
)

// typedef is a tag, a custom metadata set, an enumeration or a struct, as it was sent and completed. Asset types are
// in the model.
type typedef struct {
	category string
	fields   map[string]json.RawMessage
	attrs    []map[string]json.RawMessage
}

func (d *typedef) text(key string) string { return unquoted(string(d.fields[key])) }

func (d *typedef) name() string { return d.text("name") }

// attribute returns an attribute by its hashed id.
func (d *typedef) attribute(id string) map[string]json.RawMessage {
	for _, a := range d.attrs {
		if unquoted(string(a["name"])) == id {
			return a
		}
	}
	return nil
}

func (d *typedef) write() json.RawMessage {
	out := maps.Clone(d.fields)
	out["category"] = json.RawMessage(quoted(d.category))
	if d.category != "ENUM" {
		list := d.attrs
		if list == nil {
			list = []map[string]json.RawMessage{}
		}
		out["attributeDefs"] = json.RawMessage(must(list))
	}
	return json.RawMessage(must(out))
}

// categories are the kinds of typedefs, with what lists of them are called and how the query names them.
var categories = []struct{ category, list, query string }{
	{"ENUM", "enumDefs", "enum"}, {"STRUCT", "structDefs", "struct"}, {"CLASSIFICATION", "classificationDefs", "classification"},
	{"ENTITY", "entityDefs", "entity"}, {"RELATIONSHIP", "relationshipDefs", "relationship"},
	{"BUSINESS_METADATA", "businessMetadataDefs", "business_metadata"},
}

func (f *Fake) typedef(category, name string) *typedef {
	for _, d := range f.typedefs {
		if d.category == category && d.name() == name {
			return d
		}
	}
	return nil
}

func (f *Fake) tagDef(name string) *typedef { return f.typedef("CLASSIFICATION", name) }

// entityDef writes an asset type.
func (f *Fake) entityDef(d *typeDef) json.RawMessage {
	attrs := []map[string]any{}
	for _, name := range d.own {
		attrs = append(attrs, map[string]any{
			"name": name, "typeName": d.attrs[name], "isOptional": name != "name" && name != "qualifiedName",
			"cardinality": map[bool]string{true: "SET", false: "SINGLE"}[strings.HasPrefix(d.attrs[name], "array<")],
			"isUnique":    name == "qualifiedName", "isIndexable": true,
		})
	}
	relations := []map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(d.relations)) {
		r := d.relations[name]
		kind := r.target
		if r.many {
			kind = "array<" + kind + ">"
		}
		relations = append(relations, map[string]any{"name": name, "typeName": kind, "relationshipTypeName": r.kind, "isOptional": true})
	}
	return json.RawMessage(must(map[string]any{
		"category": "ENTITY", "guid": nameGUID("entity", d.name), "name": d.name, "typeVersion": "1.0", "superTypes": nonNil(d.direct),
		"subTypes": nonNil(d.sub), "attributeDefs": attrs, "relationshipAttributeDefs": relations, "createdBy": "root", "version": 1,
	}))
}

// structDef writes a struct that every tenant has.
func structDef(name string, attributes map[string]string) json.RawMessage {
	attrs := []map[string]any{}
	for _, attr := range slices.Sorted(maps.Keys(attributes)) {
		attrs = append(attrs, map[string]any{"name": attr, "typeName": attributes[attr], "isOptional": true})
	}
	return json.RawMessage(must(map[string]any{
		"category": "STRUCT", "guid": nameGUID("struct", name), "name": name, "typeVersion": "1.0", "attributeDefs": attrs, "createdBy": "root", "version": 1,
	}))
}

func nonNil(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// ListTypeDefs lists typedefs, all or those of one kind.
func (a *service) ListTypeDefs(w http.ResponseWriter, r *http.Request, _ wire.ListTypeDefsParams) {
	a.do(w, r, func(c *call) (any, error) {
		wanted := r.URL.Query()["type"]
		asked := func(kind string) bool {
			return len(wanted) == 0 || slices.ContainsFunc(wanted, func(w string) bool { return strings.EqualFold(w, kind) })
		}
		out := make(map[string][]json.RawMessage)
		for _, kind := range categories {
			list := []json.RawMessage{}
			if asked(kind.query) {
				for _, d := range c.typedefs {
					if d.category == kind.category {
						list = append(list, d.write())
					}
				}
				if kind.category == "STRUCT" {
					for _, name := range slices.Sorted(maps.Keys(c.model.structs)) {
						list = append(list, structDef(name, c.model.structs[name]))
					}
				}
				if kind.category == "ENTITY" {
					for _, name := range slices.Sorted(maps.Keys(c.model.types)) {
						list = append(list, c.entityDef(c.model.types[name]))
					}
				}
			}
			out[kind.list] = list
		}
		return out, nil
	})
}

// ListTypeDefHeaders lists the names of typedefs.
func (a *service) ListTypeDefHeaders(w http.ResponseWriter, r *http.Request, _ wire.ListTypeDefHeadersParams) {
	a.do(w, r, func(c *call) (any, error) {
		wanted := strings.ToUpper(r.URL.Query().Get("type"))
		out := []map[string]string{}
		for _, d := range c.typedefs {
			if wanted == "" || wanted == d.category {
				out = append(out, map[string]string{"guid": d.text("guid"), "name": d.name(), "displayName": d.text("displayName"), "category": d.category})
			}
		}
		for _, name := range slices.Sorted(maps.Keys(c.model.types)) {
			if wanted == "" || wanted == "ENTITY" {
				out = append(out, map[string]string{"guid": nameGUID("entity", name), "name": name, "category": "ENTITY"})
			}
		}
		return out, nil
	})
}

func (c *call) findTypeDef(match func(category, name, guid string) bool, what string) (any, error) {
	for _, d := range c.typedefs {
		if match(d.category, d.name(), d.text("guid")) {
			return written(d.write()), nil
		}
	}
	for name, d := range c.model.types {
		if match("ENTITY", name, nameGUID("entity", name)) {
			return written(c.entityDef(d)), nil
		}
	}
	return nil, metastoreUnknownType(what)
}

// GetTypeDefByName reads a typedef.
func (a *service) GetTypeDefByName(w http.ResponseWriter, r *http.Request, name string) {
	a.do(w, r, func(c *call) (any, error) {
		return c.findTypeDef(func(_, n, _ string) bool { return n == name }, name)
	})
}

// GetTypeDefByGUID reads a typedef.
func (a *service) GetTypeDefByGUID(w http.ResponseWriter, r *http.Request, guid string) {
	a.do(w, r, func(c *call) (any, error) {
		return c.findTypeDef(func(_, _, g string) bool { return g == guid }, guid)
	})
}

// paths are the kinds of typedefs as paths name them.
var paths = map[string]string{
	"enumdef": "ENUM", "structdef": "STRUCT", "classificationdef": "CLASSIFICATION", "entitydef": "ENTITY",
	"relationshipdef": "RELATIONSHIP", "businessmetadatadef": "BUSINESS_METADATA",
}

// GetTypeDefByKindAndName reads a typedef of a kind.
func (a *service) GetTypeDefByKindAndName(w http.ResponseWriter, r *http.Request, kind wire.GetTypeDefByKindAndNameParamsPathType, name string) {
	a.do(w, r, func(c *call) (any, error) {
		category := paths[strings.ToLower(string(kind))]
		return c.findTypeDef(func(cat, n, _ string) bool { return cat == category && n == name }, name)
	})
}

// GetTypeDefByKindAndGUID reads a typedef of a kind.
func (a *service) GetTypeDefByKindAndGUID(w http.ResponseWriter, r *http.Request, kind wire.GetTypeDefByKindAndGUIDParamsPathType, guid string) {
	a.do(w, r, func(c *call) (any, error) {
		category := paths[strings.ToLower(string(kind))]
		return c.findTypeDef(func(cat, _, g string) bool { return cat == category && g == guid }, guid)
	})
}

// sentTypeDefs reads the typedefs of a request.
func (c *call) sentTypeDefs() ([]*typedef, error) {
	var sent map[string][]map[string]json.RawMessage
	if err := c.decode(&sent); err != nil {
		return nil, err
	}
	var out []*typedef
	for _, kind := range categories {
		for _, fields := range sent[kind.list] {
			if fields == nil {
				return nil, invalidParameters("a typedef is null")
			}
			d := &typedef{category: kind.category, fields: fields}
			if raw, ok := fields["attributeDefs"]; ok && json.Unmarshal(raw, &d.attrs) != nil {
				return nil, invalidParameters("attributeDefs of %s", d.name())
			}
			for _, a := range d.attrs {
				if a == nil {
					return nil, invalidParameters("an attribute of %s is null", d.name())
				}
				if option := blankOption(a); d.category == "BUSINESS_METADATA" && option != "" {
					return nil, metastore(http.StatusBadRequest, "ATLAS-400-00-01A", "options['%s'] for attribute %s has null/empty value", option, unquoted(string(a["name"])))
				}
			}
			delete(d.fields, "attributeDefs")
			if d.category == "ENTITY" || d.category == "RELATIONSHIP" {
				return nil, invalidParameters("typedefs of %s cannot be changed", kind.query)
			}
			out = append(out, d)
		}
	}
	if len(out) == 0 {
		return nil, invalidParameters("no typedefs")
	}
	return out, nil
}

func writeTypeDefs(list []*typedef) map[string][]json.RawMessage {
	out := make(map[string][]json.RawMessage)
	for _, kind := range categories {
		out[kind.list] = []json.RawMessage{}
	}
	for _, d := range list {
		for _, kind := range categories {
			if kind.category == d.category {
				out[kind.list] = append(out[kind.list], d.write())
			}
		}
	}
	return out
}

// stamp sets what the server says about a typedef.
func (f *Fake) stamp(d *typedef, old *typedef, by string) {
	set := func(key string, v any) { d.fields[key] = json.RawMessage(must(v)) }
	ms := f.now.UnixMilli()
	if old == nil {
		set("guid", f.newID())
		set("createdBy", by)
		set("createTime", ms)
		set("version", 1)
	} else {
		for _, key := range []string{"guid", "createdBy", "createTime", "name"} {
			d.fields[key] = old.fields[key]
		}
		version := 1
		_ = json.Unmarshal(old.fields["version"], &version)
		set("version", version+1)
	}
	set("updatedBy", by)
	set("updateTime", ms)
	set("typeVersion", "1.1")
	for _, a := range d.attrs {
		f.stampAttribute(d, a)
	}
}

// stampAttribute gives a new attribute of a tag or a custom metadata set its hashed id.
func (f *Fake) stampAttribute(d *typedef, a map[string]json.RawMessage) {
	delete(a, "isNew")
	if display := unquoted(string(a["displayName"])); display == "" {
		a["displayName"] = a["name"]
	}
	name := unquoted(string(a["name"]))
	if d.category == "STRUCT" {
		return
	}
	if name == "" || name == unquoted(string(a["displayName"])) {
		a["name"] = json.RawMessage(quoted(f.newNanoID(22)))
	}
}

// CreateTypeDefs makes tags, custom metadata sets, enumerations and structs. Tags and sets get hashed ids for names.
func (a *service) CreateTypeDefs(w http.ResponseWriter, r *http.Request, params wire.CreateTypeDefsParams) {
	a.do(w, r, func(c *call) (any, error) {
		list, err := c.sentTypeDefs()
		if err != nil {
			return nil, err
		}
		for _, d := range list {
			if c.typedef(d.category, d.name()) != nil {
				return nil, metastore(http.StatusConflict, "ATLAS-409-00-001", "Given type %s already exists", d.name())
			}
			if d.category != "ENUM" && !truth(params.AllowDuplicateDisplayName) && c.displayed(d) != nil {
				return nil, metastore(http.StatusConflict, "ATLAS-409-00-012", "Given displayName %s already exists", d.text("displayName"))
			}
		}
		for _, d := range list {
			c.define(d, c.who.name)
		}
		return writeTypeDefs(list), nil
	})
}

// displayed returns another typedef of the same human name.
func (f *Fake) displayed(d *typedef) *typedef {
	for _, o := range f.typedefs {
		if o.category == d.category && o.name() != d.name() && d.text("displayName") != "" && o.text("displayName") == d.text("displayName") {
			return o
		}
	}
	return nil
}

func (f *Fake) define(d *typedef, by string) {
	if d.category == "CLASSIFICATION" || d.category == "BUSINESS_METADATA" {
		if d.text("displayName") == "" {
			d.fields["displayName"] = d.fields["name"]
		}
		d.fields["name"] = json.RawMessage(quoted(f.newNanoID(22)))
	}
	f.stamp(d, nil, by)
	f.typedefs = append(f.typedefs, d)
}

// UpdateTypeDefs replaces typedefs. Attributes of custom metadata are archived, never taken away.
func (a *service) UpdateTypeDefs(w http.ResponseWriter, r *http.Request, params wire.UpdateTypeDefsParams) {
	a.do(w, r, func(c *call) (any, error) {
		list, err := c.sentTypeDefs()
		if err != nil {
			return nil, err
		}
		olds := make([]*typedef, len(list))
		for i, d := range list {
			if olds[i] = c.typedef(d.category, d.name()); olds[i] == nil {
				return nil, metastoreUnknownType(d.name())
			}
			if d.category != "ENUM" && !truth(params.AllowDuplicateDisplayName) && c.displayed(d) != nil {
				return nil, metastore(http.StatusConflict, "ATLAS-409-00-012", "Given displayName %s already exists", d.text("displayName"))
			}
			for _, old := range olds[i].attrs {
				name := unquoted(string(old["name"]))
				if d.attribute(name) == nil && (d.category == "BUSINESS_METADATA" || d.category == "CLASSIFICATION") {
					return nil, metastore(http.StatusBadRequest, "ATLAS-400-00-00D", "%s.%s : attribute delete not supported", d.name(), name)
				}
				if d.category == "BUSINESS_METADATA" && c.has(UsedMetadataStays) && !archived(old) && archived(d.attribute(name)) && c.usedMetadata(d.name(), name) {
					return nil, metastore(http.StatusConflict, "ATLAS-409-00-002", "Given type %s has references", name)
				}
			}
		}
		for i, d := range list {
			c.stamp(d, olds[i], c.who.name)
			*olds[i] = *d
		}
		return writeTypeDefs(list), nil
	})
}

// blankOption returns an option of an attribute that has no text, which the metastore refuses but for enumType.
func blankOption(attr map[string]json.RawMessage) string {
	var options map[string]any
	if json.Unmarshal(attr["options"], &options) != nil {
		return ""
	}
	for _, name := range slices.Sorted(maps.Keys(options)) {
		if text, ok := options[name].(string); name != "enumType" && (options[name] == nil || ok && strings.TrimSpace(text) == "") {
			return name
		}
	}
	return ""
}

// usedMetadata reports whether an asset has a value of an attribute of a set, or of any when none is named.
func (f *Fake) usedMetadata(set, attr string) bool {
	for _, x := range f.store.byGUID {
		if _, has := x.business[set][attr]; has || attr == "" && len(x.business[set]) > 0 {
			return true
		}
	}
	return false
}

// archived reports whether an attribute of a custom metadata set was archived.
func archived(attr map[string]json.RawMessage) bool {
	var options map[string]any
	return json.Unmarshal(attr["options"], &options) == nil && (options["isArchived"] == "true" || options["isArchived"] == true)
}

func (c *call) undefine(d *typedef) error {
	switch d.category {
	case "CLASSIFICATION":
		for _, x := range c.store.byGUID {
			if x.tag(d.name()) >= 0 {
				return metastore(http.StatusConflict, "ATLAS-409-00-002", "Given type %s has references", d.name())
			}
		}
	case "BUSINESS_METADATA":
		if c.has(UsedMetadataStays) && c.usedMetadata(d.name(), "") {
			return metastore(http.StatusConflict, "ATLAS-409-00-002", "Given type %s has references", d.name())
		}
		for _, x := range c.store.byGUID {
			if x.clearBusiness(d.name()) {
				c.touch(x)
			}
		}
	}
	c.typedefs = slices.DeleteFunc(c.typedefs, func(o *typedef) bool { return o == d })
	return nil
}

// DeleteTypeDefByName purges a typedef. A tag that is used stays.
func (a *service) DeleteTypeDefByName(w http.ResponseWriter, r *http.Request, name string) {
	a.do(w, r, func(c *call) (any, error) {
		for _, d := range c.typedefs {
			if d.name() == name {
				if err := c.undefine(d); err != nil {
					return nil, err
				}
				return nothing, nil
			}
		}
		return nil, metastoreUnknownType(name)
	})
}

// DeleteTypeDefs purges typedefs.
func (a *service) DeleteTypeDefs(w http.ResponseWriter, r *http.Request) {
	a.do(w, r, func(c *call) (any, error) {
		list, err := c.sentTypeDefs()
		if err != nil {
			return nil, err
		}
		for _, sent := range list {
			d := c.typedef(sent.category, sent.name())
			if d == nil {
				return nil, metastoreUnknownType(sent.name())
			}
			if err := c.undefine(d); err != nil {
				return nil, err
			}
		}
		return nothing, nil
	})
}
