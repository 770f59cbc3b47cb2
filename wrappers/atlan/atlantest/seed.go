package atlantest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"
)

// Asset is an asset as a test makes it, or as it finds it in the fake.
type Asset struct {
	GUID, TypeName, QualifiedName, Name string
	// Attributes by name. When an asset is made, values are anything that encoding/json writes; when it is read, they
	// are json.RawMessage.
	Attributes map[string]any
	// Relationships by attribute: guids of the assets.
	Relationships map[string][]string
	// Tags by the hashed ids of their typedefs.
	Tags []string
	// CustomMetadata by the hashed ids of sets and attributes.
	CustomMetadata map[string]map[string]any
	Status         string // "ACTIVE" or "DELETED"
	CreatedBy      string
	UpdatedBy      string
	Created        time.Time
	Updated        time.Time
}

// Add puts assets into the fake, and into its index, at once and without a request, and returns their guids. A guid
// that is empty is made up. What the server does with assets that are saved (names, checks, roles of connections) is
// not done; the attributes that follow from the qualifiedName of what is in a connection are not filled in either.
func (f *Fake) Add(assets ...Asset) []string {
	guids := make([]string, len(assets))
	f.locked(func() {
		for i := range assets {
			a, err := f.add(&assets[i])
			if err != nil {
				f.misuse("%v", err)
				return
			}
			guids[i] = a.guid
		}
	})
	return guids
}

func (f *Fake) add(in *Asset) (*asset, error) {
	def, err := f.typeOf(in.TypeName)
	if err != nil {
		return nil, fmt.Errorf("add %s: %w", in.QualifiedName, err)
	}
	if in.QualifiedName == "" {
		return nil, fmt.Errorf("add %s: no qualifiedName", in.TypeName)
	}
	guid := in.GUID
	if guid == "" {
		guid = f.newID()
	}
	a := f.insert(def, guid, in.QualifiedName, f.users[0].name, f.now)
	if in.Name != "" {
		f.put(a, "name", quoted(in.Name))
	}
	for name, value := range in.Attributes {
		raw, err := json.Marshal(value)
		if err != nil {
			return nil, fmt.Errorf("add %s: %w", in.QualifiedName, err)
		}
		if string(raw) != "null" {
			f.put(a, name, f.intern(string(raw)))
		}
	}
	for _, attr := range slices.Sorted(maps.Keys(in.Relationships)) {
		for _, guid := range in.Relationships[attr] {
			o := f.store.byGUID[guid]
			if o == nil || def.relations[attr] == nil {
				return nil, fmt.Errorf("add %s: relationship %s to %s", in.QualifiedName, attr, guid)
			}
			f.join(a, o, def.relations[attr], "")
		}
	}
	for _, name := range in.Tags {
		if f.tagDef(name) == nil {
			return nil, fmt.Errorf("add %s: no tag %s", in.QualifiedName, name)
		}
		f.setTag(a, (&sentTag{TypeName: name, Propagate: new(bool)}).tag(a), a.createdBy)
	}
	for _, set := range slices.Sorted(maps.Keys(in.CustomMetadata)) {
		for _, attr := range slices.Sorted(maps.Keys(in.CustomMetadata[set])) {
			raw, err := json.Marshal(in.CustomMetadata[set][attr])
			if err != nil {
				return nil, fmt.Errorf("add %s: %w", in.QualifiedName, err)
			}
			a.setBusiness(set, attr, raw)
		}
	}
	a.deleted = in.Status == "DELETED"
	f.reindex(a)
	return a, nil
}

// AddConnection adds a connection of a connector such as "snowflake" and returns its guid and its qualifiedName. Its
// policies have spread, and the user of [Fake.APIKey] is its admin.
func (f *Fake) AddConnection(connector, name string) (guid, qualifiedName string) {
	f.locked(func() {
		epoch := f.now.Unix()
		for ; ; epoch++ {
			qualifiedName = "default/" + connector + "/" + strconv.FormatInt(epoch, 10)
			if f.store.byName[nameKey{"Connection", qualifiedName}] == nil {
				break
			}
		}
		a, err := f.add(&Asset{TypeName: "Connection", QualifiedName: qualifiedName, Name: name, Attributes: map[string]any{
			"connectorName": connector, "category": f.model.connectors[connector], "adminUsers": []string{f.users[0].name},
		}})
		if err != nil {
			f.misuse("%v", err)
			return
		}
		f.founded(a, "")
		f.reindex(a)
		guid = a.guid
	})
	return guid, qualifiedName
}

// containers are the types of what is in a connection, with the attribute that names what it is in, and how the
// container's name is repeated in its attributes.
var containers = map[string]struct{ parent, attr, prefix string }{
	"Database": {"Connection", "", "connection"}, "Schema": {"Database", "database", "database"},
	"Table": {"Schema", "atlanSchema", "schema"}, "View": {"Schema", "atlanSchema", "schema"},
	"MaterialisedView": {"Schema", "atlanSchema", "schema"}, "Column": {"Table", "table", "table"},
}

// AddTo adds an asset of a type in a container, whose guid is given: a Database in a Connection, a Schema in a Database,
// a Table, View or MaterialisedView in a Schema, a Column in any of those three. Its name, its qualifiedName, its
// connector and the names of its containers are filled in. It returns the guid.
func (f *Fake) AddTo(container, typeName, name string, attributes map[string]any) (guid string) {
	f.locked(func() {
		parent := f.store.byGUID[container]
		rule, ok := containers[typeName]
		if parent == nil || !ok {
			f.misuse("AddTo: a %s in %s", typeName, container)
			return
		}
		attr, prefix := rule.attr, rule.prefix
		if typeName == "Column" && parent.def.name != "Table" {
			prefix = map[string]string{"View": "view", "MaterialisedView": "view"}[parent.def.name]
			attr = map[string]string{"View": "view", "MaterialisedView": "materialisedView"}[parent.def.name]
		}
		all := map[string]any{
			prefix + "Name": parent.str("name"), prefix + "QualifiedName": parent.qualifiedName,
			"connectorName": parent.str("connectorName"),
		}
		if prefix == "connection" {
			delete(all, "connectionName")
		}
		for _, inherited := range []string{"connectionQualifiedName", "databaseName", "databaseQualifiedName", "schemaName", "schemaQualifiedName"} {
			if v := parent.get(inherited); v != "" && all[inherited] == nil {
				all[inherited] = json.RawMessage(v)
			}
		}
		maps.Copy(all, attributes)
		in := &Asset{TypeName: typeName, Name: name, QualifiedName: parent.qualifiedName + "/" + name, Attributes: all}
		if attr != "" {
			in.Relationships = map[string][]string{attr: {parent.guid}}
		}
		a, err := f.add(in)
		if err != nil {
			f.misuse("%v", err)
			return
		}
		guid = a.guid
	})
	return guid
}

// AddLineage adds a process of a connection, given by its guid, that reads and writes assets, and returns its guid.
func (f *Fake) AddLineage(connection, name string, inputs, outputs []string) (guid string) {
	f.locked(func() {
		parent := f.store.byGUID[connection]
		if parent == nil {
			f.misuse("AddLineage: no connection %s", connection)
			return
		}
		a, err := f.add(&Asset{
			TypeName: "Process", Name: name, QualifiedName: parent.qualifiedName + "/" + name,
			Attributes:    map[string]any{"connectionQualifiedName": parent.qualifiedName, "connectionName": parent.str("name"), "connectorName": parent.str("connectorName")},
			Relationships: map[string][]string{"inputs": inputs, "outputs": outputs},
		})
		if err != nil {
			f.misuse("%v", err)
			return
		}
		for _, end := range neighbours(a) {
			f.reindex(end) // they have lineage now
		}
		guid = a.guid
	})
	return guid
}

// AddGlossary adds a glossary and returns its guid and its qualifiedName, which is not its name.
func (f *Fake) AddGlossary(name string) (guid, qualifiedName string) {
	f.locked(func() {
		a, err := f.add(&Asset{TypeName: "AtlasGlossary", Name: name, QualifiedName: f.newNanoID(21)})
		if err != nil {
			f.misuse("%v", err)
			return
		}
		guid, qualifiedName = a.guid, a.qualifiedName
	})
	return guid, qualifiedName
}

// AddTerm adds a term to a glossary, given by its guid, and returns its guid and its qualifiedName.
func (f *Fake) AddTerm(glossary, name string) (guid, qualifiedName string) {
	f.locked(func() {
		g := f.store.byGUID[glossary]
		if g == nil || g.def.name != "AtlasGlossary" {
			f.misuse("AddTerm: no glossary %s", glossary)
			return
		}
		a, err := f.add(&Asset{TypeName: "AtlasGlossaryTerm", Name: name, QualifiedName: f.newNanoID(21) + "@" + g.qualifiedName, Relationships: map[string][]string{"anchor": {glossary}}})
		if err != nil {
			f.misuse("%v", err)
			return
		}
		guid, qualifiedName = a.guid, a.qualifiedName
	})
	return guid, qualifiedName
}

// AddTag defines a tag by its human name and returns its hashed id.
func (f *Fake) AddTag(displayName string) (id string) {
	f.locked(func() {
		d := &typedef{category: "CLASSIFICATION", fields: map[string]json.RawMessage{
			"name": json.RawMessage(quoted(displayName)), "displayName": json.RawMessage(quoted(displayName)), "description": json.RawMessage(`""`),
			"options": json.RawMessage(`{"color":"Green"}`), "superTypes": json.RawMessage("[]"), "entityTypes": json.RawMessage("[]"), "subTypes": json.RawMessage("[]"),
		}, attrs: []map[string]json.RawMessage{{
			"name": json.RawMessage(`"sourceTagAttachment"`), "displayName": json.RawMessage(`"sourceTagAttachment"`),
			"typeName": json.RawMessage(`"array<SourceTagAttachment>"`), "isOptional": json.RawMessage("true"), "cardinality": json.RawMessage(`"SET"`),
		}}}
		f.define(d, f.users[0].name)
		id = d.name()
	})
	return id
}

// AddCustomMetadata defines a custom metadata set of string attributes by their human names, and returns the hashed ids
// of the set and of the attributes.
func (f *Fake) AddCustomMetadata(displayName string, attributes ...string) (set string, ids map[string]string) {
	ids = make(map[string]string)
	f.locked(func() {
		d := &typedef{category: "BUSINESS_METADATA", fields: map[string]json.RawMessage{
			"name": json.RawMessage(quoted(displayName)), "displayName": json.RawMessage(quoted(displayName)), "options": json.RawMessage(`{"emoji":"x"}`),
		}}
		for _, name := range attributes {
			d.attrs = append(d.attrs, map[string]json.RawMessage{
				"name": json.RawMessage(quoted(name)), "displayName": json.RawMessage(quoted(name)), "typeName": json.RawMessage(`"string"`),
				"isOptional": json.RawMessage("true"), "cardinality": json.RawMessage(`"SINGLE"`),
				"options": json.RawMessage(`{"customApplicableEntityTypes":"[\"Asset\"]","maxStrLength":"100000000","primitiveType":"string"}`),
			})
		}
		f.define(d, f.users[0].name)
		set = d.name()
		for _, a := range d.attrs {
			ids[unquoted(string(a["displayName"]))] = unquoted(string(a["name"]))
		}
	})
	return set, ids
}

// Seed adds connections until the fake has n more assets, all of one shape: databases of 10 schemas of 10 tables of 18
// columns. It is meant for load tests, takes seconds for 200,000 and goes past the API. It returns the guids of the
// tables.
func (f *Fake) Seed(n int) (tables []string) {
	const columns = 18
	left := n
	for c := 0; left > 0; c++ {
		connection, _ := f.AddConnection("snowflake", fmt.Sprintf("connection %d", c))
		left--
		for d := 0; d < 10 && left > 0; d++ {
			database := f.AddTo(connection, "Database", fmt.Sprintf("database_%d", d), nil)
			left--
			for s := 0; s < 10 && left > 0; s++ {
				schema := f.AddTo(database, "Schema", fmt.Sprintf("schema_%d", s), nil)
				left--
				for t := 0; t < 10 && left > 0; t++ {
					table := f.AddTo(schema, "Table", fmt.Sprintf("table_%d", t), map[string]any{"columnCount": columns, "rowCount": 1000 * t})
					tables = append(tables, table)
					left--
					for k := 0; k < columns && left > 0; k++ {
						f.AddTo(table, "Column", fmt.Sprintf("column_%d", k), map[string]any{"order": k, "dataType": "VARCHAR"})
						left--
					}
				}
			}
		}
	}
	return tables
}

// Asset returns an asset as the store has it, whatever the index knows; ok is false when there is none.
func (f *Fake) Asset(guid string) (out Asset, ok bool) {
	f.locked(func() {
		if a := f.store.byGUID[guid]; a != nil {
			out, ok = f.export(a), true
		}
	})
	return out, ok
}

// AssetByName returns an asset by type and qualifiedName; ok is false when there is none.
func (f *Fake) AssetByName(typeName, qualifiedName string) (out Asset, ok bool) {
	f.locked(func() {
		if a := f.store.byName[nameKey{typeName, qualifiedName}]; a != nil {
			out, ok = f.export(a), true
		}
	})
	return out, ok
}

// Assets returns all assets of a type, or of all when it is "", in the order of their creation.
func (f *Fake) Assets(typeName string) (out []Asset) {
	f.locked(func() {
		for _, a := range f.inOrder() {
			if typeName == "" || a.def.name == typeName {
				out = append(out, f.export(a))
			}
		}
	})
	return out
}

// CountAssets returns how many assets of a type there are, archived ones included, or of all when it is "".
func (f *Fake) CountAssets(typeName string) (n int) {
	f.locked(func() {
		for _, a := range f.store.byGUID {
			if typeName == "" || a.def.name == typeName {
				n++
			}
		}
	})
	return n
}

func (f *Fake) export(a *asset) Asset {
	out := Asset{
		GUID: a.guid, TypeName: a.def.name, QualifiedName: a.qualifiedName, Name: a.str("name"), Status: a.status(),
		Attributes: make(map[string]any, len(a.attrs)), Relationships: make(map[string][]string), Tags: tagNames(a.tags),
		CreatedBy: a.createdBy, UpdatedBy: a.updatedBy, Created: time.UnixMilli(a.created), Updated: time.UnixMilli(a.updated),
	}
	for _, x := range a.attrs {
		out.Attributes[x.name] = json.RawMessage(x.value)
	}
	for _, e := range a.edges {
		if o, attr := e.other(a); attr != "" && !e.removed {
			out.Relationships[attr] = append(out.Relationships[attr], o.guid)
		}
	}
	if len(a.business) > 0 {
		out.CustomMetadata = make(map[string]map[string]any)
		for set, values := range a.business {
			out.CustomMetadata[set] = make(map[string]any)
			for attr, raw := range values {
				out.CustomMetadata[set][attr] = json.RawMessage(raw)
			}
		}
	}
	return out
}

// Remove takes assets out of the store and the index at once, past the API.
func (f *Fake) Remove(guids ...string) {
	f.locked(func() {
		for _, guid := range guids {
			if a := f.store.byGUID[guid]; a != nil {
				f.erase(a)
				f.unindex(a)
			}
		}
	})
}

// Hide lets the index keep assets that nothing else knows: a search counts them and answers without them, so that its
// pages are short.
func (f *Fake) Hide(guids ...string) {
	f.each(guids, func(a *asset) { a.hidden = true })
}

// Scrub masks assets in the answers of searches, as those that the caller may not see: their guid is "-1".
func (f *Fake) Scrub(guids ...string) {
	f.each(guids, func(a *asset) { a.masked = true })
}

func (f *Fake) each(guids []string, do func(a *asset)) {
	f.locked(func() {
		for _, guid := range guids {
			a := f.store.byGUID[guid]
			if a == nil {
				f.misuse("no asset %s", guid)
				return
			}
			do(a)
		}
	})
}

// RequestsRefused returns how many requests were answered 429 because there were too many.
func (f *Fake) RequestsRefused() (n int) {
	f.locked(func() { n = f.limit.refused })
	return n
}
