package atlantest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestInversesAgree checks what was found out about relationships: the other end of the other end is this one.
func TestInversesAgree(t *testing.T) {
	m, err := sharedModel()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range [][4]string{
		{"Column", "table", "Table", "columns"}, {"Table", "atlanSchema", "Schema", "tables"}, {"Schema", "database", "Database", "schemas"},
		{"Column", "view", "View", "columns"}, {"AtlasGlossaryTerm", "anchor", "AtlasGlossary", "terms"},
		{"AtlasGlossaryCategory", "anchor", "AtlasGlossary", "categories"}, {"AtlasGlossaryTerm", "categories", "AtlasGlossaryCategory", "terms"},
		{"AtlasGlossaryCategory", "parentCategory", "AtlasGlossaryCategory", "childrenCategories"},
		{"Table", "meanings", "AtlasGlossaryTerm", "assignedEntities"}, {"Process", "inputs", "Table", "inputToProcesses"},
		{"ColumnProcess", "outputs", "Column", "outputFromProcesses"}, {"ColumnProcess", "process", "Process", "columnProcesses"},
		{"Table", "readme", "Readme", "asset"}, {"Table", "links", "Link", "asset"}, {"DataDomain", "parentDomain", "DataDomain", "subDomains"},
		{"DataProduct", "dataDomain", "DataDomain", "dataProducts"}, {"AuthPolicy", "accessControl", "Persona", "policies"},
		{"DataStudioAsset", "inputToProcesses", "Process", "inputs"}, {"AtlasGlossaryTerm", "seeAlso", "AtlasGlossaryTerm", "seeAlso"},
	} {
		for _, way := range [][4]string{want, {want[2], want[3], want[0], want[1]}} {
			r := m.types[way[0]].relations[way[1]]
			if r == nil {
				t.Errorf("%s has no %s", way[0], way[1])
			} else if r.inverse != way[3] {
				t.Errorf("the other end of %s.%s is %q, not %s", way[0], way[1], r.inverse, way[3])
			}
		}
	}
	one := 0
	for _, name := range slices.Sorted(maps.Keys(m.types)) {
		d := m.types[name]
		for _, attr := range d.own {
			if d.attrs[attr] == "" {
				t.Errorf("%s.%s has no type", name, attr)
			}
		}
		for attr, r := range d.relations {
			if r.inverse == "" {
				one++
				continue
			}
			back := m.types[r.target].relations[r.inverse]
			if back == nil {
				t.Errorf("%s.%s leads to %s.%s, which is not there", name, attr, r.target, r.inverse)
			} else if back.inverse != attr {
				t.Errorf("%s.%s leads to %s.%s, which leads to %q", name, attr, r.target, r.inverse, back.inverse)
			} else if back.kind != r.kind {
				t.Errorf("%s.%s is a %s, and the other end a %s", name, attr, r.kind, back.kind)
			}
		}
	}
	t.Logf("%d relationships, inherited ones included, have one end", one)
}

// expected is what the model of the property test knows of a table.
type expected struct {
	attrs  map[string]string // description, rowCount
	schema string            // name, "" for none
	tags   map[string]bool
	owner  string // the value of custom metadata
	status string
}

// TestStoreAgainstModel saves, deletes and reads at random, and compares with a few maps.
func TestStoreAgainstModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		f := New(rt, WithoutContract(), Without(RateLimited, SlowArchive, SearchDelay), WithSeed(rapid.Uint64().Draw(rt, "seed")))
		c := newClient(t, f)
		tags := []string{f.AddTag("one"), f.AddTag("two")}
		set, attrs := f.AddCustomMetadata("Raci", "Owner")
		schemas := map[string]string{}
		for _, name := range []string{"s1", "s2"} {
			schemas[name] = f.Add(Asset{TypeName: "Schema", QualifiedName: name, Name: name})[0]
		}
		world := map[string]*expected{}
		guids := map[string]string{}
		names := rapid.SampledFrom([]string{"a", "b", "c"})
		save := func(rt *rapid.T) {
			name := names.Draw(rt, "name")
			mode := rapid.SampledFrom([]string{"", "?replaceTags=true", "?appendTags=true", "?replaceBusinessAttributes=true", "?replaceBusinessAttributes=true&overwriteBusinessAttributes=true"}).Draw(rt, "mode")
			old, isNew := world[name], false
			if old == nil {
				old, isNew = &expected{attrs: map[string]string{}, tags: map[string]bool{}, status: "ACTIVE"}, true
			}
			want := &expected{attrs: maps.Clone(old.attrs), schema: old.schema, tags: maps.Clone(old.tags), owner: old.owner, status: "ACTIVE"}
			attributes := []string{`"name":"` + name + `"`, `"qualifiedName":"` + name + `"`}
			for attr, values := range map[string][]string{"description": {`"x"`, `"y"`, "null"}, "rowCount": {"1", "2", "null"}} {
				if rapid.Bool().Draw(rt, attr) {
					value := rapid.SampledFrom(values).Draw(rt, attr+" value")
					attributes = append(attributes, `"`+attr+`":`+value)
					if value == "null" {
						delete(want.attrs, attr)
					} else {
						want.attrs[attr] = value
					}
				}
			}
			body := `{"typeName":"Table","guid":"-1","attributes":{%s}`
			switch schema := rapid.SampledFrom([]string{"-", "", "s1", "s2"}).Draw(rt, "schema"); schema {
			case "-":
			case "":
				want.schema, body = "", body+`,"relationshipAttributes":{"atlanSchema":null}`
			default:
				want.schema = schema
				body += `,"relationshipAttributes":{"atlanSchema":{"typeName":"Schema","uniqueAttributes":{"qualifiedName":"` + schema + `"}}}`
			}
			sent := []string{}
			for _, tag := range tags {
				if rapid.Bool().Draw(rt, "tagged") {
					sent = append(sent, tag)
				}
			}
			entities := func(list []string) string {
				out := []string{}
				for _, tag := range list {
					out = append(out, `{"typeName":"`+tag+`","propagate":false}`)
				}
				return "[" + strings.Join(out, ",") + "]"
			}
			switch {
			case mode == "?appendTags=true" && !isNew:
				removed := rapid.SampledFrom(tags).Draw(rt, "removed")
				body += `,"addOrUpdateClassifications":` + entities(sent) + `,"removeClassifications":[{"typeName":"` + removed + `"}]`
				had := want.tags[removed]
				for _, tag := range sent {
					want.tags[tag] = true
				}
				if had {
					delete(want.tags, removed)
				}
			default:
				body += `,"classifications":` + entities(sent)
				if isNew || mode == "?replaceTags=true" {
					clear(want.tags)
					for _, tag := range sent {
						want.tags[tag] = true
					}
				}
			}
			business := strings.Contains(mode, "Business")
			overwrite := strings.Contains(mode, "overwrite")
			switch owner := rapid.SampledFrom([]string{"-", "", "{}", "ann", "bob"}).Draw(rt, "owner"); owner {
			case "-": // no custom metadata at all
				if overwrite {
					want.owner = ""
				}
			case "{}":
				body += `,"businessAttributes":{"` + set + `":{}}`
				if business || isNew {
					want.owner = ""
				}
			default:
				value := `"` + owner + `"`
				if owner == "" {
					value = "null"
				}
				body += `,"businessAttributes":{"` + set + `":{"` + attrs["Owner"] + `":` + value + `}}`
				if business || isNew {
					want.owner = owner
				}
			}
			a := c.want(200, "POST", bulk+mode, `{"entities":[`+fmt.Sprintf(body, strings.Join(attributes, ","))+`}]}`)
			guid := a.text("guidAssignments/-1")
			if guids[name] != "" && guids[name] != guid {
				rt.Fatalf("%s was %s and is %s", name, guids[name], guid)
			}
			guids[name] = guid
			same := !isNew && maps.Equal(old.attrs, want.attrs) && old.schema == want.schema && maps.Equal(old.tags, want.tags) && old.owner == want.owner && old.status == want.status
			listed := false
			for _, list := range []string{"CREATE", "UPDATE", "PARTIAL_UPDATE"} {
				listed = listed || slices.Contains(a.guids("mutatedEntities/"+list), guid)
			}
			if listed == same {
				rt.Fatalf("changed: %t, reported: %t: %s", !same, listed, a.raw)
			}
			world[name] = want
		}
		remove := func(rt *rapid.T) {
			name := names.Draw(rt, "name")
			if guids[name] == "" {
				return
			}
			how := rapid.SampledFrom([]string{"SOFT", "HARD", "PURGE"}).Draw(rt, "how")
			c.want(200, "DELETE", bulk+"?guid="+guids[name]+"&deleteType="+how, "")
			if how == "SOFT" {
				world[name].status = "DELETED"
				return
			}
			c.want(404, "GET", guidPath+guids[name], "")
			delete(world, name)
			delete(guids, name)
		}
		check := func(rt *rapid.T) {
			in := map[string][]string{}
			for name, want := range world {
				got, ok := f.Asset(guids[name])
				if !ok || got.Status != want.status {
					rt.Fatalf("%s is %q, not %s", name, got.Status, want.status)
				}
				for _, attr := range []string{"description", "rowCount"} {
					raw, _ := got.Attributes[attr].(json.RawMessage)
					if string(raw) != want.attrs[attr] {
						rt.Fatalf("%s.%s is %s, not %s", name, attr, raw, want.attrs[attr])
					}
				}
				owner, _ := got.CustomMetadata[set][attrs["Owner"]].(json.RawMessage)
				if unquoted(string(owner)) != want.owner {
					rt.Fatalf("the owner of %s is %s, not %s", name, owner, want.owner)
				}
				slices.Sort(got.Tags)
				if !slices.Equal(got.Tags, slices.Sorted(maps.Keys(want.tags))) {
					rt.Fatalf("%s has the tags %v, not %v", name, got.Tags, want.tags)
				}
				parent := got.Relationships["atlanSchema"]
				if want.schema == "" && len(parent) > 0 || want.schema != "" && !slices.Equal(parent, []string{schemas[want.schema]}) {
					rt.Fatalf("%s is in %v, not in %s", name, parent, want.schema)
				}
				if want.schema != "" {
					in[want.schema] = append(in[want.schema], guids[name])
				}
			}
			for name, guid := range schemas {
				got, _ := f.Asset(guid)
				tables := got.Relationships["tables"]
				slices.Sort(tables)
				if !slices.Equal(tables, sorted(in[name]...)) {
					rt.Fatalf("%s has %v, not %v", name, tables, in[name])
				}
			}
			if n := f.CountAssets("Table"); n != len(world) {
				rt.Fatalf("%d tables, not %d", n, len(world))
			}
			found := c.want(200, "POST", "/api/meta/search/indexsearch", `{"dsl":{"query":{"bool":{"filter":[{"term":{"__typeName.keyword":"Table"}},{"term":{"__state":"ACTIVE"}}]}},"size":100}}`)
			active := 0
			for _, want := range world {
				if want.status == "ACTIVE" {
					active++
				}
			}
			if found.length("entities") != active {
				rt.Fatalf("the index has %d active tables, not %d", found.length("entities"), active)
			}
		}
		rt.Repeat(map[string]func(*rapid.T){"save": save, "remove": remove, "": check})
		c.http.CloseIdleConnections()
	})
}
