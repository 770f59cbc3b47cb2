package atlantest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	wire "github.com/sluice-sdk/sluice/gen/atlanapi"
)

const mostEntities = 10000

// sentEntity is an asset as a client sends it.
type sentEntity struct {
	TypeName         string                                `json:"typeName"`
	GUID             string                                `json:"guid"`
	Status           string                                `json:"status"`
	Attributes       map[string]json.RawMessage            `json:"attributes"`
	Relations        map[string]json.RawMessage            `json:"relationshipAttributes"`
	AppendRelations  map[string]json.RawMessage            `json:"appendRelationshipAttributes"`
	RemoveRelations  map[string]json.RawMessage            `json:"removeRelationshipAttributes"`
	Business         map[string]map[string]json.RawMessage `json:"businessAttributes"`
	Custom           map[string]string                     `json:"customAttributes"`
	Labels           []string                              `json:"labels"`
	Tags             []sentTag                             `json:"classifications"`
	AddTags          []sentTag                             `json:"addOrUpdateClassifications"`
	RemoveTags       []sentTag                             `json:"removeClassifications"`
	Incomplete       bool                                  `json:"isIncomplete"`
	UniqueAttributes map[string]json.RawMessage            `json:"uniqueAttributes"`
}

// sentReference is an asset as the value of a relationship.
type sentReference struct {
	TypeName         string                     `json:"typeName"`
	GUID             string                     `json:"guid"`
	UniqueAttributes map[string]json.RawMessage `json:"uniqueAttributes"`
	Relation         *struct {
		Attributes json.RawMessage `json:"attributes"`
	} `json:"relationshipAttributes"`
}

type saveFlags struct {
	replaceTags, appendTags         bool
	replaceBusiness, overwriteThose bool
}

// BulkSaveEntities creates and updates assets.
func (a *service) BulkSaveEntities(w http.ResponseWriter, r *http.Request, params wire.BulkSaveEntitiesParams) {
	a.do(w, r, func(c *call) (any, error) {
		var sent struct {
			Entities []*sentEntity `json:"entities"`
		}
		if err := c.decode(&sent); err != nil {
			return nil, err
		}
		flags := saveFlags{
			replaceTags: truth(params.ReplaceClassifications) || truth(params.ReplaceTags), appendTags: truth(params.AppendTags),
			replaceBusiness: truth(params.ReplaceBusinessAttributes), overwriteThose: truth(params.OverwriteBusinessAttributes),
		}
		n := 0
		for _, p := range []*bool{params.ReplaceClassifications, params.ReplaceTags, params.AppendTags} {
			if truth(p) {
				n++
			}
		}
		if n > 1 {
			return nil, metastore(http.StatusBadRequest, "ATLAS-400-00-029", "only one of replaceClassifications, replaceTags and appendTags may be true")
		}
		if len(sent.Entities) == 0 {
			return nil, invalidParameters("no entities to create/update.")
		}
		if len(sent.Entities) > mostEntities {
			return nil, metastore(http.StatusBadRequest, "ATLAS-400-00-212", "the request has %d entities, more than %d", len(sent.Entities), mostEntities)
		}
		return c.save(sent.Entities, flags)
	})
}

// SaveEntity creates or updates one asset.
func (a *service) SaveEntity(w http.ResponseWriter, r *http.Request, params wire.SaveEntityParams) {
	a.do(w, r, func(c *call) (any, error) {
		var sent struct {
			Entity *sentEntity `json:"entity"`
		}
		if err := c.decode(&sent); err != nil {
			return nil, err
		}
		return c.save([]*sentEntity{sent.Entity}, saveFlags{
			replaceTags: truth(params.ReplaceClassifications), replaceBusiness: truth(params.ReplaceBusinessAttributes),
			overwriteThose: truth(params.OverwriteBusinessAttributes),
		})
	})
}

// UpdateEntityByUniqueAttribute updates one asset by its name.
func (a *service) UpdateEntityByUniqueAttribute(w http.ResponseWriter, r *http.Request, typeName string, _ wire.UpdateEntityByUniqueAttributeParams) {
	a.do(w, r, func(c *call) (any, error) {
		var sent struct {
			Entity *sentEntity `json:"entity"`
		}
		if err := c.decode(&sent); err != nil {
			return nil, err
		}
		x, err := c.readNamed(r, typeName)
		if err != nil {
			return nil, err
		}
		if sent.Entity == nil {
			return nil, invalidParameters("no entity")
		}
		sent.Entity.GUID, sent.Entity.TypeName = x.guid, x.def.name
		return c.save([]*sentEntity{sent.Entity}, saveFlags{})
	})
}

// UpdateEntityAttributeByGUID sets one attribute. Unlike a save, it knows the attributes of a type.
func (a *service) UpdateEntityAttributeByGUID(w http.ResponseWriter, r *http.Request, guid string, params wire.UpdateEntityAttributeByGUIDParams) {
	a.do(w, r, func(c *call) (any, error) {
		x, err := c.read(guid)
		if err != nil {
			return nil, err
		}
		if x.def.attrs[params.Name] == "" && x.def.relations[params.Name] == nil {
			return nil, metastore(http.StatusBadRequest, "ATLAS-400-00-023", "Attribute %s not found for type %s", params.Name, x.def.name)
		}
		return c.save([]*sentEntity{{TypeName: x.def.name, GUID: guid, Attributes: map[string]json.RawMessage{params.Name: c.body}}}, saveFlags{})
	})
}

func truth(p *bool) bool { return p != nil && *p }

// mutation is what a request changed.
type mutation struct {
	created, updated, partial, deleted, purged []*asset
	assigned                                   map[string]string
}

func note(list *[]*asset, a *asset) {
	if !slices.Contains(*list, a) {
		*list = append(*list, a)
	}
}

// answer writes a mutation. An asset is in one list only.
func (f *Fake) answer(m *mutation) written {
	var lists object
	taken := make(map[*asset]bool)
	for _, l := range []struct {
		name string
		list []*asset
	}{{"CREATE", m.created}, {"DELETE", m.deleted}, {"PURGE", m.purged}, {"UPDATE", m.updated}, {"PARTIAL_UPDATE", m.partial}} {
		var out [][]byte
		for _, a := range l.list {
			if !taken[a] {
				taken[a] = true
				out = append(out, f.header(a))
			}
		}
		if len(out) > 0 {
			lists.raw(l.name, "["+string(bytes.Join(out, []byte(",")))+"]")
		}
	}
	var o object
	if lists.some {
		o.raw("mutatedEntities", string(lists.end()))
	}
	if len(m.assigned) > 0 {
		o.any("guidAssignments", m.assigned)
	}
	if len(m.partial) > 0 {
		var out [][]byte
		for _, a := range m.partial {
			out = append(out, f.header(a))
		}
		o.raw("partialUpdatedEntities", "["+string(bytes.Join(out, []byte(",")))+"]")
	}
	return o.end()
}

// saving is one entity of a request.
type saving struct {
	sent    *sentEntity
	def     *typeDef
	target  *asset // nil before it is created
	isNew   bool
	name    string // qualifiedName that was sent
	links   []link
	planned bool
}

// link is a reference that was resolved: to an asset, or to another entity of the request.
type link struct {
	attr     string
	relation *relationDef
	to       *asset
	with     *saving
	values   string
}

func (l link) asset() *asset {
	if l.with != nil {
		return l.with.target
	}
	return l.to
}

type saver struct {
	*call
	flags    saveFlags
	all      []*saving
	byGUID   map[string]*saving
	byName   map[nameKey]*saving
	mutation mutation
}

func unassigned(guid string) bool { return guid == "" || guid[0] == '-' }

// save creates and updates assets. It changes nothing when anything is wrong with any of them.
func (c *call) save(entities []*sentEntity, flags saveFlags) (any, error) {
	s := &saver{call: c, flags: flags, byGUID: make(map[string]*saving), byName: make(map[nameKey]*saving)}
	s.mutation.assigned = make(map[string]string)
	for i, sent := range entities {
		if err := s.match(sent, i); err != nil {
			return nil, err
		}
	}
	for _, x := range s.all {
		if err := s.check(x); err != nil {
			return nil, err
		}
	}
	for _, x := range s.all {
		if err := s.unique(x); err != nil {
			return nil, err
		}
	}
	for _, x := range s.all {
		s.create(x)
	}
	for _, x := range s.all {
		s.apply(x)
	}
	return c.answer(&s.mutation), nil
}

// match finds the asset that an entity is about.
func (s *saver) match(sent *sentEntity, place int) error {
	if sent == nil {
		return invalidParameters("entity %d is null", place)
	}
	def, err := s.typeOf(sent.TypeName)
	if err != nil {
		return err
	}
	if sent.Attributes == nil && s.has(AttributesRequired) {
		return internal("java.lang.NullPointerException", "Cannot invoke \"java.util.Map.values()\" because the attributes are null")
	}
	x := &saving{sent: sent, def: def, name: unquoted(string(bytes.TrimSpace(sent.Attributes["qualifiedName"])))}
	if x.name == "" {
		x.name = unquoted(string(sent.UniqueAttributes["qualifiedName"]))
	}
	if unassigned(sent.GUID) {
		if sent.GUID == "" { // the server makes one up
			sent.GUID = "-" + strconv.FormatInt(s.now.UnixNano()+int64(place), 10)
		}
		if x.name != "" {
			x.target = s.store.byName[nameKey{def.name, x.name}]
			if x.target == nil && def.name == "DataContract" && s.has(ServerNames) {
				x.target = s.sameContract(x)
			}
			if x.target == nil {
				if earlier := s.byName[nameKey{def.name, x.name}]; earlier != nil { // twice in one request
					s.byGUID[sent.GUID] = earlier
				}
			}
		}
	} else if x.target, err = s.asset(sent.GUID); err != nil {
		return err
	} else if x.target.def != def && !x.target.def.is(def.name) {
		return badInstance("%s is of type %s, not %s", sent.GUID, x.target.def.name, def.name)
	}
	if x.target != nil {
		x.def = x.target.def
		if err := s.permitted("update entity", x.target.qualifiedName); err != nil {
			return err
		}
	} else if earlier := s.byGUID[sent.GUID]; earlier != nil && earlier.name == x.name && x.name != "" {
		x.planned = true // applied onto the earlier one
	} else {
		x.isNew = true
		s.byName[nameKey{def.name, x.name}] = x
	}
	if s.byGUID[sent.GUID] == nil {
		s.byGUID[sent.GUID] = x
	}
	s.all = append(s.all, x)
	return nil
}

// check validates an entity and resolves what it refers to.
func (s *saver) check(x *saving) error {
	if x.planned {
		x.target = nil
	}
	name := string(bytes.TrimSpace(x.sent.Attributes["name"]))
	if x.isNew {
		if unquoted(name) == "" && x.def.is("Asset") {
			return missing(x.def.name, "name")
		}
		if x.name == "" && !s.minted(x.def) {
			return missing(x.def.name, "qualifiedName")
		}
		if err := s.permitted("create entity", x.name); err != nil {
			return err
		}
	} else if raw, ok := x.sent.Attributes["name"]; ok && (string(raw) == "null" || unquoted(name) == "") {
		return missing(x.def.name, "name")
	}
	if raw, ok := x.sent.Attributes["qualifiedName"]; ok && string(raw) == "null" && !s.minted(x.def) {
		return missing(x.def.name, "qualifiedName")
	}
	if err := s.free(x); err != nil {
		return err
	}
	for _, attr := range slices.Sorted(maps.Keys(x.sent.Attributes)) {
		raw := x.sent.Attributes[attr]
		if limit := longestText(attr); len(raw) > limit && lengthUTF16(unquoted(string(bytes.TrimSpace(raw)))) > limit {
			return invalidParameters("%s.%s has more than %d characters", x.def.name, attr, limit)
		}
		if x.def.relations[attr] != nil {
			if x.def.attrs[attr] == "" {
				if err := s.resolve(x, attr, raw, true); err != nil {
					return err
				}
			}
			continue
		}
		kind := x.def.attrs[attr]
		if kind == "" && !s.config.acceptUnknown && !s.has(UnknownIgnored) {
			return metastore(http.StatusBadRequest, "ATLAS-400-00-023", "Attribute %s not found for type %s", attr, x.def.name)
		}
		if !fits(kind, raw) {
			return badInstance("Invalid instance creation/updation parameters passed : %s.%s: invalid value for type %s", x.def.name, attr, kind)
		}
	}
	for _, list := range []map[string]json.RawMessage{x.sent.Relations, x.sent.AppendRelations, x.sent.RemoveRelations} {
		for _, attr := range slices.Sorted(maps.Keys(list)) {
			if s.relation(x.def, attr, list[attr]) == nil {
				continue
			}
			if err := s.resolve(x, attr, list[attr], false); err != nil {
				return err
			}
		}
	}
	for _, list := range [][]sentTag{slices.Concat(x.sent.Tags, x.sent.AddTags), x.sent.RemoveTags} {
		if err := s.defined(list); err != nil {
			return err
		}
	}
	if err := s.checkBusiness(x); err != nil {
		return err
	}
	if err := checkLabels(x.sent.Labels); err != nil {
		return err
	}
	if err := checkCustom(x.sent.Custom); err != nil {
		return err
	}
	if err := s.checkConnection(x); err != nil {
		return err
	}
	if err := s.checkAccessControl(x); err != nil {
		return err
	}
	return s.checkParent(x)
}

// free sees that the qualifiedName which an asset is to get is not another's.
func (s *saver) free(x *saving) error {
	if x.target == nil || s.minted(x.def) || x.name == "" || x.name == x.target.qualifiedName {
		return nil
	}
	key := nameKey{x.def.name, x.name}
	if s.store.byName[key] != nil || s.byName[key] != nil {
		return metastore(http.StatusConflict, "ATLAS-409-00-003", "failed to update entity: %s %s already exists", x.def.name, x.name)
	}
	return nil
}

// longestText is how many characters a string may have (atlas-metastore's EntityREST).
func longestText(attr string) int {
	switch attr {
	case "rawQueryText", "variablesSchemaBase64", "visualBuilderSchemaBase64", "dataContractSpec", "dataContractJson":
		return 2_000_000
	}
	return 100_000
}

// fits says whether a value can be of a type. Values of enumerations are not checked: those of the document may be
// older than the server's.
func fits(kind string, raw json.RawMessage) bool {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || string(raw) == "null" || kind == "" {
		return true
	}
	first := raw[0]
	switch {
	case strings.HasPrefix(kind, "array<"):
		if first == '[' {
			var list []json.RawMessage
			if json.Unmarshal(raw, &list) != nil {
				return false
			}
			for _, item := range list {
				if !fits(element(kind), item) {
					return false
				}
			}
			return true
		}
		return fits(element(kind), raw) // one value for a list of one
	case strings.HasPrefix(kind, "map<"):
		return first == '{'
	case kind == "string":
		return first != '{' && first != '['
	case kind == "boolean":
		return first == 't' || first == 'f' || string(raw) == `"true"` || string(raw) == `"false"`
	case kind == "long" || kind == "double" || kind == "int" || kind == "float":
		_, err := strconv.ParseFloat(strings.Trim(string(raw), `"`), 64)
		return err == nil
	case kind == "date":
		return first == '"' || first == '-' || first >= '0' && first <= '9'
	}
	return true
}

// references reads the value of a relationship: one, several or none.
func references(raw json.RawMessage) ([]sentReference, error) {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	if raw[0] == '[' {
		var list []sentReference
		err := json.Unmarshal(raw, &list)
		return list, err
	}
	var single sentReference
	err := json.Unmarshal(raw, &single)
	return []sentReference{single}, err
}

// resolve finds the assets that a relationship refers to.
func (s *saver) resolve(x *saving, attr string, raw json.RawMessage, asAttribute bool) error {
	list, err := references(raw)
	if err != nil {
		return metastore(http.StatusBadRequest, "ATLAS-400-00-021", "ObjectId is not valid for %s.%s", x.def.name, attr)
	}
	relation := s.relation(x.def, attr, raw)
	if !asAttribute && len(list) > 1 && !relation.many {
		return badInstance("%s.%s takes one asset, not %d", x.def.name, attr, len(list))
	}
	for _, ref := range list {
		l := link{attr: attr, relation: relation}
		switch {
		case ref.GUID != "" && s.byGUID[ref.GUID] != nil:
			l.with = s.byGUID[ref.GUID]
			if !l.with.isNew && !l.with.planned {
				l.to, l.with = l.with.target, nil
			}
		case unassigned(ref.GUID) && ref.GUID != "":
			return metastore(http.StatusBadRequest, "ATLAS-400-00-022", "Unresolved references: byId=%s", ref.GUID)
		case ref.GUID != "":
			to := s.store.byGUID[ref.GUID]
			if to == nil {
				return metastore(http.StatusNotFound, "ATLAS-404-00-00A", "Referenced entity %s is not found", ref.GUID)
			}
			l.to = to
		default:
			name := unquoted(string(ref.UniqueAttributes["qualifiedName"]))
			if name == "" {
				return metastore(http.StatusBadRequest, "ATLAS-400-00-021", "ObjectId is not valid for %s.%s", x.def.name, attr)
			}
			if with := s.byName[nameKey{ref.TypeName, name}]; with != nil {
				l.with = with
				break
			}
			to, err := s.named(ref.TypeName, name)
			if err != nil {
				return err
			}
			l.to = to
		}
		var def *typeDef
		if l.with != nil {
			def = l.with.def
		} else {
			def = l.to.def
		}
		if target := relation.target; !def.is(target) && s.model.types[target] != nil && !s.config.acceptUnknown && !looseTarget(def, target) {
			return metastore(http.StatusBadRequest, "ATLAS-400-00-045", "Invalid entity-type for relationship attribute %s: %s, but expected type is %s", attr, def.name, target)
		}
		if ref.Relation != nil && len(ref.Relation.Attributes) > 0 && string(ref.Relation.Attributes) != "null" {
			l.values = string(ref.Relation.Attributes)
		}
		x.links = append(x.links, l)
	}
	return nil
}

// looseTarget lets relationships to the general types pass: the typedefs keep one super type of several.
func looseTarget(def *typeDef, target string) bool {
	return target == "Catalog" || target == "Asset" || target == "Referenceable" || target == "SQL" || def.is(target)
}

// linked returns what an entity of the request is to be connected with by an attribute.
func (x *saving) linked(attr string) *link {
	for i := range x.links {
		if x.links[i].attr == attr {
			return &x.links[i]
		}
	}
	return nil
}

// create makes the asset of a new entity, and those it is named after before it.
func (s *saver) create(x *saving) {
	if x.planned && x.target == nil {
		x.target = s.byGUID[x.sent.GUID].target
	}
	if !x.isNew || x.target != nil {
		s.assign(x)
		return
	}
	name := x.name
	if s.minted(x.def) && (s.has(ServerNames) || name == "") {
		if parent := x.parentLink(); parent != nil && parent.with != nil && parent.with != x {
			s.create(parent.with)
		}
		name = s.mint(x)
	}
	x.target = s.insert(x.def, s.newID(), name, s.who.name, s.now)
	note(&s.mutation.created, x.target)
	s.assign(x)
}

func (s *saver) assign(x *saving) {
	if unassigned(x.sent.GUID) {
		s.mutation.assigned[x.sent.GUID] = x.target.guid
	}
}

// change says what of an asset a save has changed.
type change struct{ primitive, relation, rest bool }

func (s *saver) apply(x *saving) {
	t := x.target
	var ch change
	restored := false
	if !x.isNew && t.deleted && x.sent.Status != "DELETED" {
		t.deleted = false
		restored, ch.rest = true, true
	}
	if x.sent.Incomplete != t.incomplete && x.sent.Incomplete {
		t.incomplete, ch.rest = true, true
	}
	s.applyAttributes(x, &ch)
	s.applyRelations(x, &ch)
	s.applyAccessControl(x)
	s.applyDomain(x)
	s.applyTags(x, &ch)
	s.applyBusiness(x, &ch)
	if x.sent.Labels != nil && !slices.Equal(t.labels, x.sent.Labels) {
		t.labels, ch.rest = slices.Clone(x.sent.Labels), true
	}
	if x.sent.Custom != nil && !maps.Equal(t.custom, x.sent.Custom) {
		t.custom, ch.rest = maps.Clone(x.sent.Custom), true
	}
	if x.isNew {
		s.afterCreate(x)
		s.touch(t)
		s.audit(t, "ENTITY_CREATE", s.who.name, nil)
		return
	}
	if ch == (change{}) {
		return
	}
	t.updated, t.updatedBy = s.now.UnixMilli(), s.intern(s.who.name)
	if s.has(PartialUpdates) && !ch.rest && ch.primitive != ch.relation {
		note(&s.mutation.partial, t)
	} else {
		note(&s.mutation.updated, t)
	}
	s.touch(t)
	if restored {
		for _, e := range t.edges {
			o, _ := e.other(t)
			s.touch(o)
		}
	}
	s.audit(t, "ENTITY_UPDATE", s.who.name, nil)
}

func primitive(kind string) bool {
	switch kind {
	case "string", "boolean", "long", "double", "date":
		return true
	}
	return false
}

func (s *saver) applyAttributes(x *saving, ch *change) {
	t := x.target
	for _, attr := range slices.Sorted(maps.Keys(x.sent.Attributes)) {
		raw := bytes.TrimSpace(x.sent.Attributes[attr])
		kind := x.def.attrs[attr]
		if kind == "" && (x.def.relations[attr] != nil || !s.config.acceptUnknown) {
			continue
		}
		if attr == "qualifiedName" {
			if name := unquoted(string(raw)); !x.isNew && !s.minted(x.def) && name != "" && name != t.qualifiedName {
				s.rename(t, name)
				ch.primitive = true
			}
			continue
		}
		value := s.intern(string(raw))
		old := t.get(attr)
		if value == "null" {
			value = ""
		}
		if old == value || value != "" && old != "" && sameJSON(old, value) || old == "" && (value == "[]" || value == "{}") {
			continue
		}
		s.put(t, attr, value)
		if primitive(kind) {
			ch.primitive = true
		} else {
			ch.rest = true
		}
	}
}

func (s *saver) applyRelations(x *saving, ch *change) {
	t := x.target
	sent := make(map[string]bool)
	for attr := range x.sent.Attributes {
		sent[attr] = x.def.relations[attr] != nil && x.def.attrs[attr] == ""
	}
	for attr := range x.sent.Relations {
		sent[attr] = true
	}
	wanted := make(map[string][]link)
	dropped := make(map[string][]link)
	removals := make(map[string]int)
	for attr, raw := range x.sent.RemoveRelations {
		list, _ := references(raw)
		removals[attr] = len(list)
	}
	links := x.links
	for _, attr := range slices.Backward(slices.Sorted(maps.Keys(x.sent.RemoveRelations))) { // they were resolved last
		if n := removals[attr]; s.relation(x.def, attr, nil) != nil {
			dropped[attr] = links[len(links)-n:]
			links = links[:len(links)-n]
		}
	}
	for _, l := range links {
		wanted[l.attr] = append(wanted[l.attr], l)
	}
	changed := func(o *asset) {
		ch.relation = true
		if o != t && !slices.Contains(s.mutation.created, o) {
			o.updated, o.updatedBy = s.now.UnixMilli(), s.intern(s.who.name)
			if s.has(PartialUpdates) {
				note(&s.mutation.partial, o)
			} else {
				note(&s.mutation.updated, o)
			}
		}
		s.touch(o)
		s.respread(t, o)
	}
	for _, attr := range slices.Sorted(maps.Keys(sent)) {
		if !sent[attr] || s.relation(x.def, attr, nil) == nil {
			continue
		}
		for _, e := range t.at(attr) { // what is not sent any more
			o, _ := e.other(t)
			if o.deleted && !t.deleted {
				continue // an archived asset comes back with its relationships
			}
			if !slices.ContainsFunc(wanted[attr], func(l link) bool { return l.asset() == o }) {
				s.part(e)
				changed(o)
			}
		}
	}
	for _, attr := range slices.Sorted(maps.Keys(wanted)) {
		for _, l := range wanted[attr] {
			if s.join(t, l.asset(), l.relation, l.values) != nil {
				changed(l.asset())
			}
		}
	}
	for _, attr := range slices.Sorted(maps.Keys(dropped)) {
		for _, l := range dropped[attr] {
			if e := s.joined(t, l.asset(), attr); e != nil {
				s.part(e)
				changed(l.asset())
			}
		}
	}
}

// must is for values that cannot fail to be written.
func must(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("atlantest: %v", err))
	}
	return string(raw)
}
