package atlantest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// guids returns the guids of a list of references.
func (a answer) guids(path string) []string {
	list, _ := a.at(path).([]any)
	out := make([]string, 0, len(list))
	for _, x := range list {
		m, _ := x.(map[string]any)
		guid, _ := m["guid"].(string)
		out = append(out, guid)
	}
	slices.Sort(out)
	return out
}

func sorted(guids ...string) []string { slices.Sort(guids); return guids }

func TestRelationshipsReplaceAppendRemove(t *testing.T) {
	inBubble(t, func(t *testing.T, f *Fake, c *client) {
		g := f.Add(Asset{TypeName: "AtlasGlossary", QualifiedName: "g", Name: "g"})[0]
		terms := make([]string, 3)
		for i := range terms {
			terms[i] = f.Add(Asset{TypeName: "AtlasGlossaryTerm", QualifiedName: fmt.Sprintf("%d@g", i), Name: fmt.Sprint(i), Relationships: map[string][]string{"anchor": {g}}})[0]
		}
		table := c.table("t", "")
		ref := func(i int) string { return `{"typeName":"AtlasGlossaryTerm","guid":"` + terms[i] + `"}` }
		save := func(more string) answer {
			return c.save(strings.TrimSuffix(tableJSON("t", ""), "}") + `,` + more + `}`)
		}
		meanings := func() []string { return c.get(table).guids("entity/relationshipAttributes/meanings") }
		save(`"relationshipAttributes":{"meanings":[` + ref(0) + `,` + ref(1) + `]}`)
		if got := meanings(); !slices.Equal(got, sorted(terms[0], terms[1])) {
			t.Fatalf("%v", got)
		}
		if got := c.get(terms[0]).guids("entity/relationshipAttributes/assignedEntities"); !slices.Equal(got, []string{table}) {
			t.Errorf("the other end has %v", got)
		}
		a := save(`"appendRelationshipAttributes":{"meanings":[` + ref(2) + `]},"removeRelationshipAttributes":{"meanings":[` + ref(0) + `]}`)
		if got := meanings(); !slices.Equal(got, sorted(terms[1], terms[2])) {
			t.Errorf("after append and remove: %v, %s", got, a.raw)
		}
		if a := save(`"appendRelationshipAttributes":{"meanings":[` + ref(2) + `]}`); a.at("mutatedEntities") != nil {
			t.Errorf("appending what is there changes something: %s", a.raw)
		}
		save(`"relationshipAttributes":{"meanings":[` + ref(0) + `]}`)
		if got := meanings(); !slices.Equal(got, []string{terms[0]}) {
			t.Errorf("after replacing: %v", got)
		}
		save(`"relationshipAttributes":{"meanings":null}`)
		if got := meanings(); len(got) != 0 {
			t.Errorf("after clearing: %v", got)
		}
		// A column has one table: naming another moves it.
		one, two := c.table("one", ""), c.table("two", "")
		column := `{"typeName":"Column","guid":"-1","attributes":{"name":"c","qualifiedName":"default/snowflake/1/d/s/one/c","table":{"typeName":"Table","guid":"%s"}}}`
		guid := c.save(fmt.Sprintf(column, one)).text("guidAssignments/-1")
		c.save(fmt.Sprintf(column, two))
		if got := c.get(one).guids("entity/relationshipAttributes/columns"); len(got) != 0 {
			t.Errorf("the table that it left has %v", got)
		}
		if got := c.get(two).guids("entity/relationshipAttributes/columns"); !slices.Equal(got, []string{guid}) {
			t.Errorf("the table that it moved to has %v", got)
		}
		c.want(200, "DELETE", bulk+"?guid="+guid+"&deleteType=PURGE", "")
		if got := c.get(two).guids("entity/relationshipAttributes/columns"); len(got) != 0 {
			t.Errorf("a purged column is still in %v", got)
		}
		for _, reference := range []struct {
			value  string
			status int
		}{
			{`{"typeName":"Table","guid":"-7"}`, 400}, {`{"typeName":"Table","guid":"none"}`, 404},
			{`{"typeName":"Table","uniqueAttributes":{"qualifiedName":"none"}}`, 404}, {`{"typeName":"Table"}`, 400},
			{ref(0), 400}, {`7`, 400},
		} {
			body := `{"entities":[` + tableJSON("new", "") + `,{"typeName":"Column","guid":"-2","attributes":{"name":"c","qualifiedName":"q","table":` + reference.value + `}}]}`
			c.want(reference.status, "POST", bulk, body)
			if _, ok := f.AssetByName("Table", "default/snowflake/1/d/s/new"); ok {
				t.Fatalf("a request that failed for %s saved a part", reference.value)
			}
		}
	})
}

func TestClearLeaveSet(t *testing.T) {
	inBubble(t, func(t *testing.T, f *Fake, c *client) {
		guid := c.table("t", `,"description":"d","userDescription":"u","rowCount":7`)
		c.save(tableJSON("t", `,"description":null,"rowCount":8`))
		a, _ := f.Asset(guid)
		if a.Attributes["description"] != nil {
			t.Errorf("null left %s", a.Attributes["description"])
		}
		if got := fmt.Sprintf("%s %s", a.Attributes["userDescription"], a.Attributes["rowCount"]); got != `"u" 8` {
			t.Error(got)
		}
		for _, wrong := range []struct{ body, code string }{
			{`{"typeName":"Table","guid":"` + guid + `","attributes":{"name":null}}`, "ATLAS-400-00-02B"},
			{`{"typeName":"Table","guid":"-1","attributes":{"qualifiedName":"x"}}`, "ATLAS-400-00-02B"},
			{`{"typeName":"Table","guid":"-1","attributes":{"name":"x"}}`, "ATLAS-400-00-02B"},
			{`{"typeName":"Nonsense","guid":"-1","attributes":{"name":"x","qualifiedName":"x"}}`, "ATLAS-400-00-014"},
			{`{"typeName":"AtlasGlossaryTerm","guid":"-1","attributes":{"name":"x"}}`, "ATLAS-400-00-072"},
		} {
			if a := c.want(400, "POST", bulk, `{"entities":[`+wrong.body+`]}`); a.text("errorCode") != wrong.code {
				t.Errorf("%s answers %s", wrong.body, a.raw)
			}
		}
		if a := c.want(404, "POST", bulk, `{"entities":[`+tableJSON("t", `,"rowCount":"many"`)+`]}`); a.text("errorCode") != "ATLAS-404-00-007" {
			t.Errorf("%s", a.raw)
		}
		c.want(404, "POST", bulk, `{"entities":[{"typeName":"Table","guid":"none","attributes":{"name":"x"}}]}`)
		c.want(400, "POST", bulk+"?appendTags=true&replaceTags=true", `{"entities":[`+tableJSON("t", "")+`]}`)
		c.want(400, "POST", bulk, `{"entities":[]}`)
		many := strings.Repeat(tableJSON("t", "")+",", 10_000) + tableJSON("t", "")
		if a := c.want(400, "POST", bulk, `{"entities":[`+many+`]}`); a.text("errorCode") != "ATLAS-400-00-212" {
			t.Errorf("%s", a.raw)
		}
		// Twice the same in one request is one asset; a guid of one's own is a name for it.
		a2 := c.save(tableJSON("twice", "") + `,` + strings.Replace(tableJSON("twice", `,"description":"second"`), "-1", "-2", 1))
		if a2.text("guidAssignments/-1") != a2.text("guidAssignments/-2") || a2.length("mutatedEntities/CREATE") != 1 {
			t.Errorf("%s", a2.raw)
		}
		a3 := c.save(strings.Replace(tableJSON("unnamed", ""), `"guid":"-1",`, "", 1))
		assigned, _ := a3.at("guidAssignments").(map[string]any)
		if len(assigned) != 1 || a3.length("mutatedEntities/CREATE") != 1 {
			t.Errorf("%s", a3.raw)
		}
	})
}

func TestNewerServer(t *testing.T) {
	inBubble(t, func(t *testing.T, f *Fake, c *client) {
		a := c.save(`{"typeName":"Hologram","guid":"-1","attributes":{"name":"h","qualifiedName":"h","depth":1.50,"bag":{"b":1,"a":[ 2 ]}}}`)
		got := string(c.get(a.text("guidAssignments/-1")).raw)
		if !strings.Contains(got, `"depth":1.50`) || !strings.Contains(got, `"bag":{"b":1,"a":[ 2 ]}`) {
			t.Errorf("not byte for byte: %s", got)
		}
		c.save(`{"typeName":"Hologram","guid":"-1","attributes":{"name":"h","qualifiedName":"h"},"relationshipAttributes":{"beam":{"typeName":"Table","guid":"-2"},"rays":[{"typeName":"Table","guid":"-2"}]}},` + strings.Replace(tableJSON("t", ""), "-1", "-2", 1))
		related := c.get(a.text("guidAssignments/-1"))
		if related.text("entity/relationshipAttributes/beam/displayText") != "t" || related.text("entity/relationshipAttributes/rays/0/displayText") != "t" {
			t.Errorf("%s", related.raw)
		}
		if a := c.search(`{"term":{"__typeName.keyword":"Hologram"}}`); a.at("approximateCount") != 1.0 {
			t.Errorf("%s", a.raw)
		}
	}, AcceptUnknown(), Without(SearchDelay))
	inBubble(t, func(t *testing.T, f *Fake, c *client) {
		guid := c.save(`{"typeName":"Hologram","guid":"-1","attributes":{"name":"h","qualifiedName":"h","depth":2,"other":1}}`).text("guidAssignments/-1")
		if a, _ := f.Asset(guid); a.Attributes["depth"] == nil || a.Attributes["other"] != nil {
			t.Errorf("%v", a.Attributes)
		}
		table := c.table("t", `,"brandNew":"x"`)
		if a, _ := f.Asset(table); a.Attributes["brandNew"] == nil {
			t.Errorf("%v", a.Attributes)
		}
	}, DefineType("Hologram", []string{"Catalog"}, map[string]string{"depth": "long"}), DefineType("SQL", nil, map[string]string{"brandNew": "string"}))
}

func TestTagsSpread(t *testing.T) {
	inBubble(t, func(t *testing.T, f *Fake, c *client) {
		tag := f.AddTag("PII")
		conn, _ := f.AddConnection("snowflake", "c")
		db := f.AddTo(conn, "Database", "d", nil)
		schema := f.AddTo(db, "Schema", "s", nil)
		table := f.AddTo(schema, "Table", "t", nil)
		column := f.AddTo(table, "Column", "c", nil)
		target := f.AddTo(schema, "Table", "target", nil)
		process := f.Add(Asset{TypeName: "Process", QualifiedName: "p", Name: "p", Relationships: map[string][]string{"inputs": {table}, "outputs": {target}}})[0]
		spread := func(guid string) bool {
			a := c.get(guid)
			return a.text("entity/classifications/0/entityGuid") == table && a.text("entity/classifications/0/typeName") == tag
		}
		c.want(204, "POST", guidPath+table+"/classifications", `[{"typeName":"`+tag+`"}]`)
		for name, guid := range map[string]string{"column": column, "process": process, "target": target, "table": table} {
			if !spread(guid) {
				t.Errorf("the %s is not tagged", name)
			}
		}
		if spread(schema) {
			t.Error("a tag goes up")
		}
		late := c.save(`{"typeName":"Column","guid":"-1","attributes":{"name":"late","qualifiedName":"late","table":{"typeName":"Table","guid":"` + table + `"}}}`).text("guidAssignments/-1")
		if !spread(late) {
			t.Error("a column that came later is not tagged")
		}
		pass(3 * time.Second)
		if a := c.search(`{"term":{"__propagatedTraitNames":"` + tag + `"}}`); a.at("approximateCount") != 4.0 {
			t.Errorf("%s", a.raw)
		}
		c.want(400, "DELETE", guidPath+column+"/classification/"+tag, "")
		c.want(204, "PUT", guidPath+table+"/classifications", `[{"typeName":"`+tag+`","restrictPropagationThroughLineage":true}]`)
		if spread(target) || !spread(column) {
			t.Error("the restriction of lineage is not kept")
		}
		c.want(204, "DELETE", guidPath+table+"/classification/"+tag, "")
		if spread(column) || spread(table) {
			t.Error("the tag is still there")
		}
		c.want(400, "DELETE", guidPath+table+"/classification/"+tag, "")
		c.want(404, "POST", guidPath+table+"/classifications", `[{"typeName":"none"}]`)
		// The two ways in which saves change tags.
		entity := func(more string) string {
			return `{"typeName":"Table","guid":"` + table + `","attributes":{},` + more + `}`
		}
		c.save(entity(`"addOrUpdateClassifications":[{"typeName":"`+tag+`","propagate":false}]`), "?appendTags=true")
		if a, _ := f.Asset(table); !slices.Equal(a.Tags, []string{tag}) || spread(column) {
			t.Errorf("%v", a.Tags)
		}
		if a := c.save(entity(`"addOrUpdateClassifications":[{"typeName":"`+tag+`","propagate":false}]`), "?appendTags=true"); a.at("mutatedEntities") != nil {
			t.Errorf("the same tag again: %s", a.raw)
		}
		c.save(entity(`"removeClassifications":[{"typeName":"`+tag+`"}]`), "?appendTags=true")
		if a, _ := f.Asset(table); len(a.Tags) != 0 {
			t.Errorf("%v", a.Tags)
		}
	})
}

func TestConnectionAdmins(t *testing.T) {
	inBubble(t, func(t *testing.T, f *Fake, c *client) {
		f.AddUser("bob", "$member")
		c.want(400, "POST", bulk, `{"entities":[`+strings.Replace(connectionJSON, `["admin"]`, `["nobody"]`, 1)+`]}`)
		guid := c.save(strings.Replace(connectionJSON, `["admin"]`, `["bob"]`, 1)).text("guidAssignments/-1")
		f.EndWindows()
		if a := c.get(guid); fmt.Sprint(a.at("entity/attributes/adminUsers")) != "[bob admin]" {
			t.Errorf("the creator is no admin: %v", a.at("entity/attributes/adminUsers"))
		}
		a := c.want(200, "GET", "/api/service/roles?filter=%7B%22name%22:%22connection_admins_"+guid+"%22%7D", "")
		if a.length("records") != 1 {
			t.Errorf("%s", a.raw)
		}
		empty := `{"entities":[{"typeName":"Connection","guid":"` + guid + `","attributes":{"adminUsers":[]}}]}`
		if a := c.want(400, "POST", bulk, empty); a.text("errorCode") != "ATLAS-400-00-114" {
			t.Errorf("%s", a.raw)
		}
		f.Deny("default/snowflake/1")
		c.want(403, "GET", guidPath+guid, "")
		f.Allow("default/snowflake/1")
		f.OpenWindow("default/snowflake/1", time.Minute)
		c.want(403, "DELETE", guidPath+guid+"?deleteType=PURGE", "")
		pass(time.Minute)
		c.want(200, "DELETE", guidPath+guid+"?deleteType=PURGE", "")
		if a := c.want(200, "GET", "/api/service/roles?filter=%7B%22name%22:%22connection_admins_"+guid+"%22%7D", ""); a.length("records") != 0 {
			t.Errorf("the role is still there: %s", a.raw)
		}
	})
}

func TestArchivedComesBackWithWhatItHad(t *testing.T) {
	inBubble(t, func(t *testing.T, f *Fake, c *client) {
		conn, _ := f.AddConnection("snowflake", "c")
		schema := f.AddTo(f.AddTo(conn, "Database", "d", nil), "Schema", "s", nil)
		table := f.AddTo(schema, "Table", "t", map[string]any{"description": "x"})
		c.want(200, "DELETE", bulk+"?guid="+table+"&deleteType=SOFT", "")
		if again := c.want(200, "DELETE", bulk+"?guid="+table+"&deleteType=SOFT", ""); again.at("mutatedEntities") != nil {
			t.Errorf("archived twice: %s", again.raw)
		}
		pass(time.Second)
		a := c.get(schema)
		if a.text("entity/relationshipAttributes/tables/0/entityStatus") != "DELETED" || a.text("entity/relationshipAttributes/tables/0/relationshipStatus") != "DELETED" {
			t.Errorf("%s", a.raw)
		}
		pass(2 * time.Second)
		if a := c.search(`{"bool":{"filter":[{"term":{"__state":"DELETED"}},{"term":{"__guid":"` + table + `"}}]}}`); a.at("approximateCount") != 1.0 {
			t.Errorf("%s", a.raw)
		}
		asset, _ := f.Asset(table)
		if a := c.save(`{"typeName":"Table","guid":"-1","status":"ACTIVE","attributes":{"name":"t","qualifiedName":"` + asset.QualifiedName + `"}}`); a.text("guidAssignments/-1") != table {
			t.Errorf("%s", a.raw)
		}
		a = c.get(table)
		if a.text("entity/status") != "ACTIVE" || a.text("entity/attributes/description") != "x" || a.text("entity/relationshipAttributes/atlanSchema/relationshipStatus") != "ACTIVE" {
			t.Errorf("%s", a.raw)
		}
		actions := []string{}
		for _, e := range f.Audit(table) {
			actions = append(actions, e.Action)
		}
		if !slices.Equal(actions, []string{"ENTITY_DELETE", "ENTITY_UPDATE"}) {
			t.Errorf("%v", actions)
		}
		c.want(200, "DELETE", bulk+"?guid="+table+"&deleteType=HARD", "")
		if len(f.Audit(table)) != 3 {
			t.Error("a hard delete keeps what happened")
		}
		other := f.AddTo(schema, "Table", "u", nil)
		c.want(200, "DELETE", bulk+"?guid="+other+"&deleteType=PURGE", "")
		if len(f.Audit(other)) != 0 {
			t.Error("a purge forgets what happened")
		}
		pass(2 * time.Second)
		if a := c.search(`{"terms":{"__guid":["` + table + `","` + other + `"]}}`); a.at("approximateCount") != 0.0 {
			t.Errorf("%s", a.raw)
		}
		c.want(400, "DELETE", guidPath+schema+"?deleteType=NONSENSE", "")
	}, Tolerate(nonsense))
}

func TestRunsOfApps(t *testing.T) {
	inBubble(t, func(t *testing.T, f *Fake, c *client) {
		const app = "/api/service/v1/app"
		c.want(400, "POST", app, `{"app_id":"snowflake","name":"n","inputs":{}}`)
		c.want(404, "POST", app, `{"app_id":"none","name":"n","inputs":{}}`)
		c.want(400, "POST", app, `{"app_id":"snowflake","name":"n","entrypoint":"none","inputs":{"connection":"c"}}`)
		f.PlanRuns(RunPlan{time.Second, time.Second, "Mystery"})
		run := c.want(200, "POST", app, `{"app_id":"snowflake","name":"n","inputs":{"connection":"c"}}`).text("run_id")
		state := func() string { return c.want(200, "GET", app+"/runs/"+run, "").text("status") }
		for _, want := range []string{"Pending", "Running", "Mystery"} {
			if got := state(); got != want {
				t.Errorf("the run is %s, not %s", got, want)
			}
			pass(time.Second)
		}
		run = c.want(200, "POST", app+"/n/submit", "").text("run_id")
		pass(5 * time.Second)
		if a := c.want(200, "POST", app+"/runs/"+run+"/cancel", ""); a.at("cancelled") != true || a.text("status") != "Running" {
			t.Errorf("%s", a.raw)
		}
		pass(stopTakes)
		if got := state(); got != "Stopped" {
			t.Errorf("a cancelled run is %s", got)
		}
		if a := c.want(200, "POST", app+"/runs/"+run+"/cancel", ""); a.at("cancelled") != false {
			t.Errorf("%s", a.raw)
		}
		run = c.want(200, "POST", app+"/n/submit", "").text("run_id")
		pass(time.Minute)
		if got := state(); got != "Failed" {
			t.Errorf("the run is %s", got)
		}
		if len(f.Runs()) != 3 {
			t.Errorf("%v", f.Runs())
		}
	}, RunsEnd("Failed"))
}

func TestRunsOfWorkflows(t *testing.T) {
	inBubble(t, func(t *testing.T, f *Fake, c *client) {
		const service = "/api/service"
		c.want(200, "POST", service+"/workflows?submit=true", `{"metadata":{"name":"atlan-snowflake-1"},"spec":{},"payload":[]}`)
		c.want(409, "POST", service+"/workflows", `{"metadata":{"name":"atlan-snowflake-1"},"spec":{},"payload":[]}`)
		second := c.want(200, "POST", service+"/workflows/submit", `{"namespace":"default","resourceKind":"WorkflowTemplate","resourceName":"atlan-snowflake-1"}`).text("metadata/name")
		first := f.Runs()[0].ID
		query := `{"query":{"bool":{"filter":[{"nested":{"path":"metadata","query":{"terms":{"metadata.name.keyword":["` + first + `","` + second + `"]}}}}]}},"sort":[{"status.startedAt":{"order":"asc"}}],"size":10}`
		if a := c.want(200, "POST", service+"/runs/indexsearch", query); a.length("hits/hits") != 0 {
			t.Errorf("seen at once: %s", a.raw)
		}
		pass(3 * time.Second)
		a := c.want(200, "POST", service+"/runs/indexsearch", query)
		if a.length("hits/hits") != 2 || a.text("hits/hits/0/_source/status/phase") != "Running" {
			t.Fatalf("%s", a.raw)
		}
		c.want(200, "POST", service+"/runs/"+second+"/stop", "")
		pass(time.Minute)
		a = c.want(200, "POST", service+"/runs/indexsearch", query)
		phases := map[string]string{}
		for i := range 2 {
			hit := fmt.Sprintf("hits/hits/%d/_source/", i)
			phases[a.text(hit+"metadata/name")] = a.text(hit + "status/phase")
		}
		if phases[first] != "Succeeded" || phases[second] != "Failed" {
			t.Errorf("%v", phases)
		}
	})
}

func TestTokens(t *testing.T) {
	inBubble(t, func(t *testing.T, f *Fake, c *client) {
		id, secret := f.OAuthClient()
		c.token = ""
		c.want(401, "POST", "/api/service/oauth-clients/token", `{"clientId":"`+id+`","clientSecret":"wrong"}`)
		a := c.want(200, "POST", "/api/service/oauth-clients/token", `{"clientId":"`+id+`","clientSecret":"`+secret+`"}`)
		c.token = a.text("accessToken")
		if a.at("expiresIn") != 600.0 || len(c.token) < 200 {
			t.Errorf("%s", a.raw)
		}
		c.want(200, "GET", "/api/service/whoami", "")
		pass(10 * time.Minute)
		c.want(401, "GET", "/api/service/whoami", "")
		c.token = f.APIKey()
		made := c.want(200, "POST", "/api/service/apikeys", `{"displayName":"x","validitySeconds":60}`)
		c.want(400, "POST", "/api/service/apikeys", `{"displayName":"x","validitySeconds":157680001}`)
		c.token = made.text("attributes/accessToken")
		if a := c.want(200, "GET", "/api/service/whoami", ""); !strings.HasPrefix(a.text("username"), "service-account-apikey-") {
			t.Errorf("%s", a.raw)
		}
		pass(time.Minute)
		c.want(401, "GET", "/api/service/whoami", "")
		bob := f.AddUser("bob", "$member")
		c.token = f.KeyOf("bob")
		if a := c.want(200, "GET", "/api/service/whoami", ""); a.text("id") != bob || a.text("roles/0/name") != "$member" {
			t.Errorf("%s", a.raw)
		}
		f.RevokeAPIKey(c.token)
		c.want(401, "GET", "/api/service/whoami", "")
	})
}

func TestTypedefs(t *testing.T) {
	inBubble(t, func(t *testing.T, f *Fake, c *client) {
		const defs = "/api/meta/types/typedefs"
		body := `{"businessMetadataDefs":[{"name":"Raci","displayName":"Raci","category":"BUSINESS_METADATA","attributeDefs":[{"name":"Owner","displayName":"Owner","typeName":"string"}]}]}`
		a := c.want(200, "POST", defs, body)
		set, attr := a.text("businessMetadataDefs/0/name"), a.text("businessMetadataDefs/0/attributeDefs/0/name")
		if set == "Raci" || attr == "Owner" || a.text("businessMetadataDefs/0/attributeDefs/0/displayName") != "Owner" {
			t.Errorf("names are not hashed: %s", a.raw)
		}
		c.want(409, "POST", defs, body)
		c.want(200, "POST", defs+"?allowDuplicateDisplayName=true", body)
		update := `{"businessMetadataDefs":[{"name":"` + set + `","displayName":"Raci","category":"BUSINESS_METADATA","attributeDefs":[%s]}]}`
		if a := c.want(400, "PUT", defs+"?allowDuplicateDisplayName=true", fmt.Sprintf(update, "")); a.text("errorCode") != "ATLAS-400-00-00D" {
			t.Errorf("%s", a.raw)
		}
		old := `{"name":"` + attr + `","displayName":"Owner-archived-1","typeName":"string","options":{"isArchived":"true"}}`
		a = c.want(200, "PUT", defs+"?allowDuplicateDisplayName=true", fmt.Sprintf(update, old+`,{"name":"Owner","displayName":"Owner","typeName":"string"}`))
		if a.length("businessMetadataDefs/0/attributeDefs") != 2 || a.text("businessMetadataDefs/0/attributeDefs/0/name") != attr {
			t.Errorf("%s", a.raw)
		}
		tag := f.AddTag("PII")
		guid := f.Add(Asset{TypeName: "Table", QualifiedName: "t", Name: "t", Tags: []string{tag}, CustomMetadata: map[string]map[string]any{set: {attr: "x"}}})[0]
		c.want(409, "DELETE", "/api/meta/types/typedef/name/"+tag, "")
		c.want(409, "DELETE", "/api/meta/types/typedef/name/"+set, "")
		c.want(204, "DELETE", guidPath+guid+"/businessmetadata/"+set, `{"`+attr+`":"x"}`)
		c.want(204, "DELETE", "/api/meta/types/typedef/name/"+set, "")
		if a, _ := f.Asset(guid); a.CustomMetadata != nil {
			t.Errorf("%v", a.CustomMetadata)
		}
		c.want(204, "DELETE", guidPath+guid+"/classification/"+tag, "")
		c.want(204, "DELETE", "/api/meta/types/typedef/name/"+tag, "")
		c.want(404, "DELETE", "/api/meta/types/typedef/name/"+tag, "")
		if a := c.want(200, "GET", "/api/meta/types/typedef/name/Table", ""); a.text("category") != "ENTITY" {
			t.Errorf("%s", a.raw)
		}
	})
}

func TestQueryStream(t *testing.T) {
	inBubble(t, func(t *testing.T, f *Fake, c *client) {
		_, connection := f.AddConnection("snowflake", "c")
		f.AnswerQuery("select 1", QueryAnswer{Columns: []string{"A"}, Rows: [][]string{{"data: x"}, {"b"}, {"c"}}, Error: "out of credits"})
		a := c.want(200, "POST", "/api/sql/query/stream", `{"sql":"select 1","dataSourceName":"`+connection+`","defaultSchema":"d"}`)
		text := string(a.raw)
		if a.header.Get("Content-Type") != "text/event-stream" || strings.Count(text, "\n\n") != 4 || !strings.Contains(text, `[["data: x"],["b"]]`) ||
			!strings.Contains(text, `"errorMessage":"out of credits"`) {
			t.Error(text)
		}
		c.want(202, "POST", "/events/openlineage/spark/api/v1/lineage", `{"eventType":"START"}`)
		if e := f.OpenLineageEvents(); len(e) != 1 || e[0].Connector != "spark" {
			t.Errorf("%v", e)
		}
		f.DisableOpenLineage()
		c.want(401, "POST", "/events/openlineage/spark/api/v1/lineage", `{"eventType":"START"}`)
	})
}

func TestContractsHaveVersions(t *testing.T) {
	inBubble(t, func(t *testing.T, f *Fake, c *client) {
		f.Add(Asset{TypeName: "Table", QualifiedName: "t", Name: "t"})
		contract := func(spec string) string {
			guid := c.save(`{"typeName":"DataContract","guid":"-1","attributes":{"name":"c","qualifiedName":"t/contract","dataContractSpec":"` + spec + `"}}`).text("guidAssignments/-1")
			asset, _ := f.Asset(guid)
			return asset.QualifiedName
		}
		for _, step := range [][2]string{{"a", "t/Table/contract/V1"}, {"a", "t/Table/contract/V1"}, {"b", "t/Table/contract/V2"}, {"a", "t/Table/contract/V3"}} {
			if got := contract(step[0]); got != step[1] {
				t.Errorf("contract %s is %s, not %s", step[0], got, step[1])
			}
		}
	})
}

func TestServerNames(t *testing.T) {
	inBubble(t, func(t *testing.T, f *Fake, c *client) {
		a := c.save(`{"typeName":"AtlasGlossaryTerm","guid":"-3","attributes":{"name":"t","qualifiedName":"mine","anchor":{"typeName":"AtlasGlossary","guid":"-1"}}},
			{"typeName":"AtlasGlossaryCategory","guid":"-2","attributes":{"name":"c"},"relationshipAttributes":{"anchor":{"typeName":"AtlasGlossary","guid":"-1"},"terms":[{"typeName":"AtlasGlossaryTerm","guid":"-3"}]}},
			{"typeName":"AtlasGlossary","guid":"-1","attributes":{"name":"g","qualifiedName":"mine"}},
			{"typeName":"DataProduct","guid":"-6","attributes":{"name":"p","dataDomain":{"typeName":"DataDomain","guid":"-5"}}},
			{"typeName":"DataDomain","guid":"-5","attributes":{"name":"sub","parentDomain":{"typeName":"DataDomain","guid":"-4"}}},
			{"typeName":"DataDomain","guid":"-4","attributes":{"name":"top"}},
			{"typeName":"Persona","guid":"-7","attributes":{"name":"per"}},
			{"typeName":"Collection","guid":"-9","attributes":{"name":"col"}},
			{"typeName":"Folder","guid":"-10","attributes":{"name":"fol","parent":{"typeName":"Collection","guid":"-9"}}},
			{"typeName":"Query","guid":"-11","attributes":{"name":"q","parent":{"typeName":"Folder","guid":"-10"}}}`)
		name := func(guid string) string {
			asset, ok := f.Asset(a.text("guidAssignments/" + guid))
			if !ok {
				t.Fatalf("no %s: %s", guid, a.raw)
			}
			return asset.QualifiedName
		}
		for _, want := range [][2]string{
			{"-3", "*@" + name("-1")}, {"-2", "*@" + name("-1")}, {"-4", "default/domain/*/super"}, {"-5", name("-4") + "/domain/*"},
			{"-6", name("-5") + "/product/*"}, {"-7", "default/*"}, {"-9", "default/collection/admin/*"},
			{"-10", name("-9") + "/folder/admin/*"}, {"-11", name("-10") + "/query/admin/*"}, {"-1", "*"},
		} {
			before, after, _ := strings.Cut(want[1], "*")
			got := name(want[0])
			if !strings.HasPrefix(got, before) || !strings.HasSuffix(got, after) || len(got) != len(before)+21+len(after) {
				t.Errorf("%s is named %s, not %s", want[0], got, want[1])
			}
		}
		term := a.text("guidAssignments/-3")
		if got := c.get(term); got.text("entity/relationshipAttributes/categories/0/guid") != a.text("guidAssignments/-2") {
			t.Errorf("%s", got.raw)
		}
		// A term is found by its real name, keeps it, and needs its glossary on an update, too.
		update := `{"typeName":"AtlasGlossaryTerm","guid":"-1","attributes":{"name":"new","qualifiedName":"` + name("-3") + `"%s}}`
		c.want(400, "POST", bulk, `{"entities":[`+fmt.Sprintf(update, "")+`]}`)
		b := c.save(fmt.Sprintf(update, `,"anchor":{"typeName":"AtlasGlossary","guid":"`+a.text("guidAssignments/-1")+`"}`))
		if b.text("guidAssignments/-1") != term {
			t.Errorf("%s", b.raw)
		}
		pass(2 * time.Second)
		again := `{"entities":[{"typeName":"AtlasGlossaryTerm","guid":"-1","attributes":{"name":"%s","anchor":{"typeName":"AtlasGlossary","guid":"` + a.text("guidAssignments/-1") + `"}}}]}`
		if e := c.want(409, "POST", bulk, fmt.Sprintf(again, "new")); e.text("errorCode") != "ATLAS-409-00-009" {
			t.Errorf("%s", e.raw)
		}
		c.want(200, "POST", bulk, fmt.Sprintf(again, "t")) // the name that it had is free
	})
}

func TestPurgedAfterArchivedKeepsItsRole(t *testing.T) {
	inBubble(t, func(t *testing.T, f *Fake, c *client) {
		roles := func() int {
			return c.want(200, "GET", "/api/service/roles?limit=100", "").length("records")
		}
		before := roles()
		one, _ := f.AddConnection("snowflake", "one")
		two, _ := f.AddConnection("snowflake", "two")
		c.want(200, "DELETE", bulk+"?guid="+one+"&deleteType=SOFT", "")
		pass(time.Second)
		c.want(200, "DELETE", bulk+"?guid="+one+"&guid="+two+"&deleteType=PURGE", "")
		if got := roles(); got != before+1 {
			t.Errorf("%d roles are left of %d", got, before)
		}
	})
}

func TestSeeded(t *testing.T) {
	inBubble(t, func(t *testing.T, f *Fake, c *client) {
		connection, name := f.AddConnection("snowflake", "c")
		schema := f.AddTo(f.AddTo(connection, "Database", "d", nil), "Schema", "s", nil)
		a, b := f.AddTo(schema, "Table", "a", nil), f.AddTo(schema, "View", "b", nil)
		column := f.AddTo(b, "Column", "k", map[string]any{"order": 1})
		process := f.AddLineage(connection, "a to b", []string{a}, []string{b})
		if got, _ := f.Asset(column); got.QualifiedName != name+"/d/s/b/k" || fmt.Sprintf("%s", got.Attributes["viewQualifiedName"]) != `"`+name+`/d/s/b"` ||
			fmt.Sprintf("%s", got.Attributes["databaseName"]) != `"d"` || fmt.Sprintf("%s", got.Attributes["connectionQualifiedName"]) != `"`+name+`"` {
			t.Errorf("%s", got.Attributes)
		}
		lineage := c.want(200, "POST", "/api/meta/lineage/list", `{"guid":"`+a+`","depth":10,"direction":"OUTPUT","from":0,"size":10}`)
		if got := lineage.guids("entities"); !slices.Equal(got, sorted(process, b)) {
			t.Errorf("%s", lineage.raw)
		}
		if found := c.search(`{"term":{"__hasLineage":true}}`); !slices.Equal(found.guids("entities"), sorted(a, b, process)) {
			t.Errorf("%s", found.raw)
		}
		glossary, _ := f.AddGlossary("g")
		term, termName := f.AddTerm(glossary, "t")
		c.save(`{"typeName":"Table","guid":"` + a + `","attributes":{},"relationshipAttributes":{"meanings":[{"typeName":"AtlasGlossaryTerm","guid":"` + term + `"}]}}`)
		pass(2 * time.Second)
		found := c.search(`{"term":{"__meanings":"` + termName + `"}}`)
		if !slices.Equal(found.guids("entities"), []string{a}) || found.text("entities/0/meanings/0/termGuid") != term {
			t.Errorf("%s", found.raw)
		}
		f.Fault(EmptyPage("indexSearch").Once())
		if empty := c.search(`{"match_all":{}}`); empty.at("entities") != nil || empty.at("approximateCount") == 0.0 {
			t.Errorf("%s", empty.raw)
		}
		f.Fault(MoreForever().Once(), NoSearchMetadata().Once(), WrongCount(7).Once())
		if more := c.want(200, "POST", "/api/meta/lineage/list", `{"guid":"`+b+`","depth":10,"direction":"OUTPUT","from":0,"size":10}`); more.at("hasMore") != true || more.length("entities") != 0 {
			t.Errorf("%s", more.raw)
		}
		if wrong := c.search(`{"match_all":{}}`); wrong.at("approximateCount") != 7.0 {
			t.Errorf("%s", wrong.raw)
		}
		f.Remove(process)
		if got := c.get(b).guids("entity/relationshipAttributes/outputFromProcesses"); len(got) != 0 {
			t.Errorf("%v", got)
		}
	})
}

func TestFilters(t *testing.T) {
	row := map[string]any{"name": "Bob", "email": "bob@example.com", "age": int64(7), "roles": []string{"$admin"}}
	for filter, want := range map[string]bool{
		``: true, `{}`: true, `{"name":"Bob"}`: true, `{"name":"bob"}`: false, `{"name":["Al","Bob"]}`: true, `{"age":7}`: true,
		`{"name":{"$eq":"Bob"},"age":{"$ne":8}}`: true, `{"name":{"$in":["Al"]}}`: false, `{"name":{"$nin":["Al"]}}`: true,
		`{"email":{"$ilike":"%EXAMPLE%"}}`: true, `{"email":{"$like":"%EXAMPLE%"}}`: false, `{"email":{"$like":"bob%com"}}`: true,
		`{"email":{"$like":"b%b%o"}}`: false, `{"email":{"$like":"bob"}}`: false, `{"roles":"$admin"}`: true, `{"none":"x"}`: false,
		`{"$and":[{"name":"Bob"},{"age":7}]}`: true, `{"$and":[{"name":"Bob"},{"age":8}]}`: false, `{"$or":[{"name":"Al"},{"age":7}]}`: true, `{"$or":[{"name":"Al"}]}`: false,
	} {
		got, err := listed(map[string][]string{"filter": {filter}}, []map[string]any{row})
		if err != nil {
			t.Errorf("%s: %v", filter, err)
			continue
		}
		if n := got.(map[string]any)["filterRecord"]; (n == 1) != want {
			t.Errorf("%s finds %v", filter, n)
		}
	}
	for _, filter := range []string{`{`, `7`, `{"name":{"$near":"x"}}`, `{"name":{"$in":"x"}}`, `{"$and":{}}`} {
		if _, err := listed(map[string][]string{"filter": {filter}}, []map[string]any{row}); err == nil {
			t.Errorf("%s is no error", filter)
		}
	}
	rows := []map[string]any{{"n": "b", "k": int64(10)}, {"n": "a", "k": int64(9)}, {"n": "b", "k": int64(2)}}
	got, err := listed(map[string][]string{"sort": {"-n", "k"}, "limit": {"2"}, "offset": {"1"}}, rows)
	if err != nil || fmt.Sprint(got.(map[string]any)["records"]) != "[map[k:10 n:b] map[k:9 n:a]]" {
		t.Errorf("%v, %v", got, err)
	}
}
