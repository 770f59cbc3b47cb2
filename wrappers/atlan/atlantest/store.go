package atlantest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"time"
)

// store is the assets and what connects them. Its values are written for the fact that a test may seed 200,000 of
// them: attributes are sorted slices of shared strings, and a relationship is one value that both ends point to.
type store struct {
	byGUID   map[string]*asset
	byName   map[nameKey]*asset
	byHuman  map[nameKey][]*asset // by name, of the types whose names are unique somewhere
	interned map[string]string
	kinds    map[kindKey]*relationKind
	number   int // of assets ever made
}

type nameKey struct{ typeName, qualifiedName string }

type asset struct {
	guid, qualifiedName  string
	def                  *typeDef
	number               int // in order of creation
	attrs                []attribute
	edges                []*edge
	business             map[string]map[string]string // set, attribute, JSON
	custom               map[string]string
	labels               []string
	tags                 []*tag
	spread               []*tag // tags that came from elsewhere
	deleted              bool
	dying                bool // archived, and DELETED soon
	gone                 bool // hard deleted, or purged
	hidden               bool // its vertex is missing: the index has it, nothing else
	masked               bool // scrubbed from the answers of searches
	incomplete           bool
	queued               bool // for the index
	indexed              bool
	createdBy, updatedBy string
	created, updated     int64
}

// attribute is a name and a JSON value as it was sent.
type attribute struct{ name, value string }

// relationKind is what all relationships of two attributes have in common.
type relationKind struct {
	name  string
	attrs [2]string
	many  [2]bool
}

type kindKey struct {
	name, a, b string
	many       [2]bool
}

type edge struct {
	kind    *relationKind
	ends    [2]*asset // the one at 0 names the other with kind.attrs[0]
	guid    string
	values  string // attributes of the relationship, JSON
	removed bool   // softly
}

func newStore() store {
	return store{
		byGUID: make(map[string]*asset), byName: make(map[nameKey]*asset), byHuman: make(map[nameKey][]*asset),
		interned: make(map[string]string), kinds: make(map[kindKey]*relationKind),
	}
}

const mostInterned = 1 << 15

// intern returns a shared string for one that comes up often.
func (s *store) intern(text string) string {
	if len(text) > 256 {
		return text
	}
	if known, ok := s.interned[text]; ok {
		return known
	}
	if len(s.interned) < mostInterned {
		text = strings.Clone(text)
		s.interned[text] = text
	}
	return text
}

func (a *asset) find(name string) (int, bool) {
	return slices.BinarySearchFunc(a.attrs, name, func(x attribute, name string) int { return cmp.Compare(x.name, name) })
}

// get returns the JSON value of an attribute, "" when it has none.
func (a *asset) get(name string) string {
	if i, ok := a.find(name); ok {
		return a.attrs[i].value
	}
	return ""
}

// str returns the text of a string attribute.
func (a *asset) str(name string) string { return unquoted(a.get(name)) }

func unquoted(value string) string {
	if len(value) < 2 || value[0] != '"' {
		return ""
	}
	if !strings.ContainsAny(value, `\`) {
		return value[1 : len(value)-1]
	}
	var text string
	if json.Unmarshal([]byte(value), &text) != nil {
		return ""
	}
	return text
}

func quoted(text string) string { return string(appendQuoted(make([]byte, 0, len(text)+2), text)) }

func appendQuoted(b []byte, text string) []byte {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c == '"' || c == '\\' || c >= 0x7f {
			var escaped bytes.Buffer
			e := json.NewEncoder(&escaped)
			e.SetEscapeHTML(false)
			_ = e.Encode(text) //nolint:errchkjson // text always can be
			return append(b, bytes.TrimSuffix(escaped.Bytes(), []byte("\n"))...)
		}
	}
	b = append(b, '"')
	b = append(b, text...)
	return append(b, '"')
}

// put sets an attribute; "" takes it away.
func (s *store) put(a *asset, name, value string) {
	i, ok := a.find(name)
	if _, unique := taken[a.def.name]; unique && name == "name" {
		s.call(a, unquoted(value))
	}
	switch {
	case ok && value == "":
		a.attrs = slices.Delete(a.attrs, i, i+1)
	case ok:
		a.attrs[i].value = value
	case value != "":
		a.attrs = slices.Insert(a.attrs, i, attribute{s.intern(name), value})
	}
}

// call gives an asset the name by which people know it.
func (s *store) call(a *asset, name string) {
	old := nameKey{a.def.name, a.str("name")}
	if list := slices.DeleteFunc(s.byHuman[old], func(o *asset) bool { return o == a }); len(list) > 0 {
		s.byHuman[old] = list
	} else {
		delete(s.byHuman, old)
	}
	if name != "" {
		key := nameKey{a.def.name, name}
		s.byHuman[key] = append(s.byHuman[key], a)
	}
}

// sameJSON says whether two values mean the same.
func sameJSON(a, b string) bool {
	if a == b {
		return true
	}
	var x, y any
	dx, dy := json.NewDecoder(strings.NewReader(a)), json.NewDecoder(strings.NewReader(b))
	dx.UseNumber()
	dy.UseNumber()
	return dx.Decode(&x) == nil && dy.Decode(&y) == nil && reflect.DeepEqual(x, y)
}

// other returns the end of a relationship that is not a, and the attribute by which a names it. Of a relationship with
// itself, it is the first.
func (e *edge) other(a *asset) (*asset, string) {
	if e.ends[0] == a {
		return e.ends[1], e.kind.attrs[0]
	}
	return e.ends[0], e.kind.attrs[1]
}

// alive says whether a relationship counts: it was not removed, and both ends are ACTIVE.
func (e *edge) alive() bool { return !e.removed && !e.ends[0].deleted && !e.ends[1].deleted }

// at returns the relationships that an asset has by an attribute, those with archived assets included.
func (a *asset) at(attr string) []*edge {
	var out []*edge
	for _, e := range a.edges {
		if _, name := e.other(a); name == attr && !e.removed {
			out = append(out, e)
		}
	}
	return out
}

// first returns the active asset that an attribute names, nil when there is none.
func (a *asset) first(attr string) *asset {
	for _, e := range a.edges {
		if o, name := e.other(a); name == attr && e.alive() {
			return o
		}
	}
	return nil
}

// kind returns what a relationship connects assets with.
func (s *store) kind(b *asset, r *relationDef) *relationKind {
	many := [2]bool{r.many, true}
	if back := b.def.relations[r.inverse]; back != nil {
		many[1] = back.many
	}
	k := kindKey{r.kind, r.attr, r.inverse, many}
	if known := s.kinds[k]; known != nil {
		return known
	}
	kind := &relationKind{name: r.kind, attrs: [2]string{r.attr, r.inverse}, many: many}
	s.kinds[k] = kind
	return kind
}

// joined returns the relationship by which a names b with an attribute, nil when there is none.
func (s *store) joined(a, b *asset, attr string) *edge {
	from, to := a, b
	if len(b.edges) < len(a.edges) {
		from, to = b, a
	}
	for _, e := range from.edges {
		if o, _ := e.other(from); o != to || e.removed {
			continue
		}
		if (e.ends[0] == a && e.ends[1] == b && e.kind.attrs[0] == attr) || (e.ends[1] == a && e.ends[0] == b && e.kind.attrs[1] == attr) {
			return e
		}
	}
	return nil
}

// join connects two assets, and ends what either may have only one of. It returns nil when they were connected.
func (f *Fake) join(a, b *asset, r *relationDef, values string) *edge {
	if e := f.joined(a, b, r.attr); e != nil {
		if values != "" && !sameJSON(e.values, values) {
			e.values = values
			return e
		}
		return nil
	}
	kind := f.kind(b, r)
	if !kind.many[0] {
		for _, e := range a.at(r.attr) {
			f.part(e)
		}
	}
	if !kind.many[1] && kind.attrs[1] != "" {
		for _, e := range b.at(kind.attrs[1]) {
			f.part(e)
		}
	}
	e := &edge{kind: kind, ends: [2]*asset{a, b}, values: values}
	a.edges = append(a.edges, e)
	if a != b {
		b.edges = append(b.edges, e)
	}
	return e
}

// part ends a relationship for good.
func (f *Fake) part(e *edge) {
	for _, a := range e.ends {
		if i := slices.Index(a.edges, e); i >= 0 {
			a.edges[i] = a.edges[len(a.edges)-1]
			a.edges[len(a.edges)-1] = nil
			a.edges = a.edges[:len(a.edges)-1]
		}
	}
	e.removed = true
}

// relationGUID is made when somebody asks: most relationships are never shown.
func (f *Fake) relationGUID(e *edge) string {
	if e.guid == "" {
		e.guid = f.newID()
	}
	return e.guid
}

// relation returns the relationship that an attribute of a type is, nil when it is none. One that the type does not
// have is made up when unknown attributes are accepted: it has one end, and takes as many assets as the value has.
func (f *Fake) relation(def *typeDef, attr string, value []byte) *relationDef {
	if r := def.relations[attr]; r != nil || !f.config.acceptUnknown {
		return r
	}
	value = bytes.TrimSpace(value)
	return &relationDef{attr: attr, target: "Referenceable", many: len(value) > 0 && value[0] == '[', kind: attr}
}

// insert puts a new asset into the store, without attributes.
func (f *Fake) insert(def *typeDef, guid, qualifiedName, by string, now time.Time) *asset {
	f.number++
	ms := now.UnixMilli()
	by = f.intern(by)
	a := &asset{guid: guid, def: def, number: f.number, createdBy: by, updatedBy: by, created: ms, updated: ms}
	f.byGUID[guid] = a
	f.rename(a, qualifiedName)
	return a
}

// rename gives an asset its qualifiedName.
func (f *Fake) rename(a *asset, qualifiedName string) {
	if old := (nameKey{a.def.name, a.qualifiedName}); f.byName[old] == a {
		delete(f.byName, old)
	}
	a.qualifiedName = qualifiedName
	f.byName[nameKey{a.def.name, qualifiedName}] = a
	f.put(a, "qualifiedName", quoted(qualifiedName))
}

// erase takes an asset out of the store.
func (f *Fake) erase(a *asset) {
	for len(a.edges) > 0 {
		f.part(a.edges[len(a.edges)-1])
	}
	if _, unique := taken[a.def.name]; unique {
		f.store.call(a, "")
	}
	delete(f.byGUID, a.guid)
	if k := (nameKey{a.def.name, a.qualifiedName}); f.byName[k] == a {
		delete(f.byName, k)
	}
	a.gone = true
}

// asset returns an asset by guid.
func (f *Fake) asset(guid string) (*asset, error) {
	if a := f.byGUID[guid]; a != nil && !a.hidden {
		return a, nil
	}
	return nil, noSuchGUID(guid)
}

// named returns an asset by type and qualifiedName. A super type finds it, too: of several, the one that came first.
func (f *Fake) named(typeName, qualifiedName string) (*asset, error) {
	def := f.model.types[typeName]
	if def == nil && !f.config.acceptUnknown {
		return nil, metastoreUnknownType(typeName)
	}
	if a := f.byName[nameKey{typeName, qualifiedName}]; a != nil && !a.hidden {
		return a, nil
	}
	var first *asset
	if def != nil {
		for name, d := range f.model.types {
			if a := f.byName[nameKey{name, qualifiedName}]; a != nil && !a.hidden && d.is(typeName) && (first == nil || a.number < first.number) {
				first = a
			}
		}
	}
	if first != nil {
		return first, nil
	}
	return nil, noSuchName(typeName, qualifiedName)
}

func metastoreUnknownType(name string) *failure {
	return metastore(404, "ATLAS-404-00-001", "Given typename %s was invalid", name)
}

// typeOf returns a type, one that is made up for it when unknown ones are accepted.
func (f *Fake) typeOf(name string) (*typeDef, error) {
	if d := f.model.types[name]; d != nil {
		return d, nil
	}
	if !f.config.acceptUnknown {
		return nil, unknownType(name)
	}
	m := f.model.clone()
	if err := m.add(name, []string{"Asset"}, nil); err != nil {
		return nil, err
	}
	f.model = m
	return m.types[name], nil
}

func (a *asset) status() string {
	if a.deleted {
		return "DELETED"
	}
	return "ACTIVE"
}

func (a *asset) displayText() string {
	return cmp.Or(a.str("displayName"), a.str("name"), a.qualifiedName)
}
