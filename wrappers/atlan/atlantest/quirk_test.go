package atlantest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

const guidPath = "/api/meta/entity/guid/"

func tableJSON(name, more string) string {
	return `{"typeName":"Table","guid":"-1","attributes":{"name":"` + name + `","qualifiedName":"default/snowflake/1/d/s/` + name + `"` + more + `}}`
}

func (c *client) table(name, more string) string {
	c.t.Helper()
	return c.save(tableJSON(name, more)).text("guidAssignments/-1")
}

func (c *client) search(query string) answer {
	c.t.Helper()
	return c.want(200, "POST", "/api/meta/search/indexsearch", `{"dsl":{"track_total_hits":true,"query":`+query+`}}`)
}

// observed says of each quirk whether a fake shows it.
var observed = map[Quirk]func(t *testing.T, f *Fake, c *client) bool{
	PermissionWindow: func(t *testing.T, _ *Fake, c *client) bool {
		guid := c.save(connectionJSON).text("guidAssignments/-1")
		early := c.send("GET", guidPath+guid, "")
		below := c.send("POST", bulk, `{"entities":[`+tableJSON("t", "")+`]}`)
		if early.status != below.status || early.text("errorCode") != below.text("errorCode") {
			t.Errorf("reading the connection answers %s, and writing below it %s", early.raw, below.raw)
		}
		pass(3 * time.Second)
		c.want(200, "GET", guidPath+guid, "")
		return early.status == 403 && early.text("errorCode") == "ATLAS-403-00-001"
	},
	SearchDelay: func(t *testing.T, _ *Fake, c *client) bool {
		guid := c.table("t", "")
		query := `{"term":{"__guid":"` + guid + `"}}`
		c.get(guid)
		early := c.search(query).at("approximateCount")
		pass(2 * time.Second)
		if late := c.search(query); late.text("entities/0/guid") != guid {
			t.Errorf("it is not found: %s", late.raw)
		}
		return early == 0.0
	},
	SlowArchive: func(t *testing.T, _ *Fake, c *client) bool {
		guid := c.table("t", "")
		c.want(200, "DELETE", bulk+"?guid="+guid+"&deleteType=SOFT", "")
		early := c.get(guid).text("entity/status")
		pass(time.Second)
		if late := c.get(guid).text("entity/status"); late != "DELETED" {
			t.Errorf("archived is %s", late)
		}
		return early == "ACTIVE"
	},
	RateLimited: func(t *testing.T, f *Fake, c *client) bool {
		refused := false
		for range 401 {
			refused = c.send("GET", "/api/service/whoami", "").status == 429
		}
		if refused {
			pass(59 * time.Second)
			c.want(429, "GET", "/api/service/whoami", "")
			pass(time.Second)
			c.want(200, "GET", "/api/service/whoami", "")
			if f.RequestsRefused() != 2 {
				t.Errorf("%d requests were refused", f.RequestsRefused())
			}
		}
		return refused
	},
	NoRetryAfter: func(_ *testing.T, _ *Fake, c *client) bool {
		var a answer
		for range 401 {
			a = c.send("GET", "/api/service/whoami", "")
		}
		return a.status == 429 && a.header.Get("Retry-After") == ""
	},
	ServerNames: func(t *testing.T, _ *Fake, c *client) bool {
		domain := `{"typeName":"DataDomain","guid":"-1","attributes":{"name":"d","qualifiedName":"default/domain/mine/super"}}`
		first := c.save(domain).text("guidAssignments/-1")
		name := c.get(first).text("entity/attributes/qualifiedName")
		again := c.save(domain).text("guidAssignments/-1")
		if (name == "default/domain/mine/super") != (first == again) {
			t.Errorf("named %s, and saved again it is %s, not %s", name, again, first)
		}
		return first != again && strings.HasPrefix(name, "default/domain/") && strings.HasSuffix(name, "/super")
	},
	UniqueByIndex: func(t *testing.T, _ *Fake, c *client) bool {
		glossary := `{"entities":[{"typeName":"AtlasGlossary","guid":"-1","attributes":{"name":"g"}}]}`
		c.want(200, "POST", bulk, glossary)
		second := c.send("POST", bulk, glossary)
		pass(2 * time.Second)
		if third := c.want(409, "POST", bulk, glossary); third.text("errorCode") != "ATLAS-409-00-007" {
			t.Errorf("%s", third.raw)
		}
		return second.status == 200
	},
	PartialUpdates: func(t *testing.T, _ *Fake, c *client) bool {
		c.table("t", "")
		a := c.save(tableJSON("t", `,"description":"x"`))
		if a.length("mutatedEntities/UPDATE")+a.length("mutatedEntities/PARTIAL_UPDATE") != 1 {
			t.Errorf("%s", a.raw)
		}
		schema := c.save(`{"typeName":"Schema","guid":"-2","attributes":{"name":"s","qualifiedName":"default/snowflake/1/d/s"}}`).text("guidAssignments/-2")
		related := c.save(tableJSON("t", `,"atlanSchema":{"typeName":"Schema","guid":"`+schema+`"}`))
		if related.length("mutatedEntities/UPDATE")+related.length("mutatedEntities/PARTIAL_UPDATE") != 2 {
			t.Errorf("both ends are changed: %s", related.raw)
		}
		both := c.save(tableJSON("t", `,"description":"y","ownerUsers":["admin"]`))
		if both.length("mutatedEntities/UPDATE") != 1 {
			t.Errorf("%s", both.raw)
		}
		return a.length("mutatedEntities/PARTIAL_UPDATE") == 1 && related.length("mutatedEntities/PARTIAL_UPDATE") == 2
	},
	TrimmedAnswers: func(_ *testing.T, _ *Fake, c *client) bool {
		return c.save(tableJSON("t", `,"description":"x"`)).at("mutatedEntities/CREATE/0/attributes/description") == nil
	},
	NullAttributes: func(_ *testing.T, _ *Fake, c *client) bool {
		a := c.get(c.table("t", ""))
		attributes, _ := a.at("entity/attributes").(map[string]any)
		value, there := attributes["certificateStatus"]
		owners, _ := attributes["ownerUsers"].([]any)
		return there && value == nil && owners != nil && len(attributes) > 100
	},
	AttributesRequired: func(t *testing.T, _ *Fake, c *client) bool {
		guid := c.table("t", "")
		a := c.send("POST", bulk, `{"entities":[{"typeName":"Table","guid":"`+guid+`"}]}`)
		if a.status == 500 && (a.text("errorId") == "" || a.length("causes") != 1) {
			t.Errorf("%s", a.raw)
		}
		return a.status == 500
	},
	UnknownIgnored: func(t *testing.T, f *Fake, c *client) bool {
		a := c.send("POST", bulk, `{"entities":[`+tableJSON("t", `,"nobodyKnows":1`)+`]}`)
		if a.status == 200 {
			if asset, _ := f.Asset(a.text("guidAssignments/-1")); asset.Attributes["nobodyKnows"] != nil {
				t.Error("an unknown attribute is kept")
			}
		} else if a.text("errorCode") != "ATLAS-400-00-023" {
			t.Errorf("%s", a.raw)
		}
		return a.status == 200
	},
	TagsNeedFlag: func(t *testing.T, f *Fake, c *client) bool {
		one, two := f.AddTag("one"), f.AddTag("two")
		tagged := func(tag string) string {
			return strings.TrimSuffix(tableJSON("t", ""), "}") + `,"classifications":[{"typeName":"` + tag + `"}]}`
		}
		guid := c.save(tagged(one)).text("guidAssignments/-1")
		c.save(tagged(two))
		asset, _ := f.Asset(guid)
		c.save(tagged(two), "?replaceTags=true")
		if replaced, _ := f.Asset(guid); !slices.Equal(replaced.Tags, []string{two}) {
			t.Errorf("replaceTags leaves %v", replaced.Tags)
		}
		return slices.Equal(asset.Tags, []string{one})
	},
	CustomMetadataNeedsFlag: func(t *testing.T, f *Fake, c *client) bool {
		set, attrs := f.AddCustomMetadata("Raci", "Owner")
		with := func(value string) string {
			return strings.TrimSuffix(tableJSON("t", ""), "}") + `,"businessAttributes":{"` + set + `":{"` + attrs["Owner"] + `":"` + value + `"}}}`
		}
		guid := c.save(with("a")).text("guidAssignments/-1")
		value := func() string { return c.get(guid).text("entity/businessAttributes/" + set + "/" + attrs["Owner"]) }
		if value() != "a" {
			t.Errorf("a new asset has %q", value())
		}
		c.save(with("b"))
		without := value()
		c.save(with("c"), "?replaceBusinessAttributes=true")
		if value() != "c" {
			t.Errorf("a merge leaves %q", value())
		}
		c.save(tableJSON("t", ""), "?replaceBusinessAttributes=true")
		if value() != "c" {
			t.Errorf("a merge of nothing leaves %q", value())
		}
		c.save(tableJSON("t", ""), "?replaceBusinessAttributes=true&overwriteBusinessAttributes=true")
		if value() != "" {
			t.Errorf("replacing by nothing leaves %q", value())
		}
		return without == "a"
	},
	UntouchedSetsChecked: func(t *testing.T, f *Fake, c *client) bool {
		mine, mineAttrs := f.AddCustomMetadata("Mine", "A")
		theirs, theirAttrs := f.AddCustomMetadata("Theirs", "B")
		c.save(strings.TrimSuffix(tableJSON("t", ""), "}") + `,"businessAttributes":{"` + theirs + `":{"` + theirAttrs["B"] + `":"x"}}}`)
		f.ProtectCustomMetadata(theirs)
		entity := strings.TrimSuffix(tableJSON("t", ""), "}") + `,"businessAttributes":{"` + mine + `":{"` + mineAttrs["A"] + `":"y"}}}`
		a := c.send("POST", bulk+"?replaceBusinessAttributes=true", `{"entities":[`+entity+`]}`)
		if a.status != 200 && a.status != 403 {
			t.Errorf("%s", a.raw)
		}
		return a.status == 403
	},
	UsedMetadataStays: func(t *testing.T, f *Fake, c *client) bool {
		set, attrs := f.AddCustomMetadata("Mine", "A")
		c.save(strings.TrimSuffix(tableJSON("t", ""), "}") + `,"businessAttributes":{"` + set + `":{"` + attrs["A"] + `":"x"}}}`)
		def := c.want(200, "GET", "/api/meta/types/businessmetadatadef/name/"+set, "")
		var fields map[string]any
		if err := json.Unmarshal(def.raw, &fields); err != nil {
			t.Fatal(err)
		}
		fields["attributeDefs"].([]any)[0].(map[string]any)["options"] = map[string]string{"isArchived": "true"}
		archive := c.send("PUT", "/api/meta/types/typedefs", `{"businessMetadataDefs":[`+must(fields)+`]}`)
		purge := c.send("DELETE", "/api/meta/types/typedef/name/"+set, "")
		if (archive.status == 200) != (purge.status == 204) {
			t.Errorf("%s, %s", archive.raw, purge.raw)
		}
		return purge.status == 409
	},
	CategoriesStay: func(t *testing.T, _ *Fake, c *client) bool {
		a := c.save(`{"typeName":"AtlasGlossary","guid":"-1","attributes":{"name":"g"}},
			{"typeName":"AtlasGlossaryCategory","guid":"-2","attributes":{"name":"c"},"relationshipAttributes":{"anchor":{"typeName":"AtlasGlossary","guid":"-1"}}}`)
		guid := a.text("guidAssignments/-2")
		archived := c.send("DELETE", bulk+"?guid="+guid+"&deleteType=SOFT", "")
		c.want(200, "DELETE", bulk+"?guid="+guid+"&deleteType=PURGE", "")
		c.want(404, "GET", guidPath+guid, "")
		return archived.status == 400
	},
	PolicyRules: func(t *testing.T, f *Fake, c *client) bool {
		_, connection := f.AddConnection("snowflake", "C")
		persona := c.save(`{"typeName":"Persona","guid":"-1","attributes":{"name":"per","isAccessControlEnabled":true}}`).text("guidAssignments/-1")
		policy := func(name, action string) string {
			return `{"typeName":"AuthPolicy","guid":"-1","attributes":{"name":"` + name + `","policyCategory":"persona","policySubCategory":"metadata",
				"policyServiceName":"atlas","policyType":"allow","policyResourceCategory":"CUSTOM","policyActions":["` + action + `"],
				"policyResources":["entity:` + connection + `"],"connectionQualifiedName":"` + connection + `"},
				"relationshipAttributes":{"accessControl":{"typeName":"Persona","guid":"` + persona + `"}}}`
		}
		guid := c.save(policy("p", "persona-asset-read")).text("guidAssignments/-1")
		owner, _ := f.Asset(persona)
		if made, _ := f.Asset(guid); !strings.HasPrefix(made.QualifiedName, owner.QualifiedName+"/") {
			t.Errorf("%+v", made)
		}
		refused := c.send("POST", bulk, `{"entities":[`+policy("q", "entity-read")+`]}`).status
		c.want(200, "DELETE", bulk+"?guid="+persona+"&deleteType=PURGE", "")
		gone := c.send("GET", guidPath+guid, "").status
		if (refused == 400) != (gone == 404) {
			t.Errorf("refused %d, gone %d", refused, gone)
		}
		return refused == 400
	},
	ShortParameters: func(_ *testing.T, _ *Fake, c *client) bool {
		a := c.send("GET", "/api/meta/entity/uniqueAttribute/type/Table?attr:qualifiedName="+strings.Repeat("x", 5000), "")
		return a.status == 400 && a.text("errorCode") == "ATLAS-400-00-057"
	},
	CodelessConflict: func(t *testing.T, _ *Fake, c *client) bool {
		body := `{"app_id":"snowflake","name":"n","inputs":{"connection":"c"},"run":false}`
		c.want(200, "POST", "/api/service/v1/app", body)
		a := c.want(409, "POST", "/api/service/v1/app", body)
		if a.at("code") == nil && a.text("slug") != "n" {
			t.Errorf("%s", a.raw)
		}
		return a.at("code") == nil
	},
	OneRunOfAnApp: func(_ *testing.T, _ *Fake, c *client) bool {
		c.want(200, "POST", "/api/service/v1/app", `{"app_id":"snowflake","name":"n","inputs":{"connection":"c"}}`)
		second := c.send("POST", "/api/service/v1/app/n/submit", "")
		pass(time.Minute)
		c.want(200, "POST", "/api/service/v1/app/n/submit", "")
		return second.status == 500
	},
	InputsHidden: func(_ *testing.T, _ *Fake, c *client) bool {
		c.want(200, "POST", "/api/service/v1/app", `{"app_id":"snowflake","name":"n","inputs":{"connection":"c"},"run":false}`)
		return c.want(200, "GET", "/api/service/v1/app/n", "").at("inputs") == nil
	},
	StorageRefusesTokens: func(t *testing.T, f *Fake, c *client) bool {
		link := func(method string) string {
			a := c.want(200, "POST", "/api/service/files/presignedUrl", `{"key":"a.txt","expiry":"30s","method":"`+method+`"}`)
			return strings.TrimPrefix(a.text("url"), f.URL())
		}
		put, get := link("PUT"), link("GET")
		refused := c.send("PUT", put, "x")
		c.token = ""
		c.want(200, "PUT", put, "data")
		if a := c.want(200, "GET", get, ""); string(a.raw) != "data" {
			t.Errorf("%q", a.raw)
		}
		c.want(403, "PUT", get, "x")
		pass(time.Minute)
		c.want(403, "GET", get, "")
		return refused.status == 400
	},
}

func TestQuirks(t *testing.T) {
	if len(observed) != len(Quirks()) {
		t.Errorf("%d of %d quirks are tested", len(observed), len(Quirks()))
	}
	for _, q := range Quirks() {
		for _, on := range []bool{true, false} {
			name, options := string(q), []Option(nil)
			if !on {
				name, options = name+"-off", []Option{Without(q)}
			}
			t.Run(name, func(t *testing.T) {
				inBubble(t, func(t *testing.T, f *Fake, c *client) {
					if got := observed[q](t, f, c); got != on {
						t.Errorf("the quirk shows: %t", got)
					}
				}, options...)
			})
		}
	}
}

func TestShortAndMaskedPages(t *testing.T) {
	inBubble(t, func(t *testing.T, f *Fake, c *client) {
		guids := f.Add(
			Asset{TypeName: "Table", QualifiedName: "a", Name: "a"}, Asset{TypeName: "Table", QualifiedName: "b", Name: "b"},
			Asset{TypeName: "Table", QualifiedName: "c", Name: "c"})
		f.Hide(guids[0])
		f.Scrub(guids[1])
		body := `{"dsl":{"size":2,"track_total_hits":true,"sort":[{"qualifiedName":"asc"}],"query":{"match_all":{}}},"showSearchMetadata":true}`
		a := c.want(200, "POST", "/api/meta/search/indexsearch", body)
		if a.length("entities") != 1 || a.text("entities/0/guid") != "-1" || a.at("approximateCount") != 3.0 {
			t.Errorf("%s", a.raw)
		}
		if a.text("searchMetadata/"+guids[1]+"/sort/0") != "b" || a.text("searchMetadata/"+guids[0]+"/sort/0") != "a" {
			t.Errorf("what is dropped or masked keeps its metadata: %s", a.raw)
		}
		if a.text("searchParameters/dsl/sort/0/qualifiedName") != "asc" {
			t.Errorf("the request is not echoed: %s", a.raw)
		}
		f.Hide(guids[1], guids[2])
		if a = c.want(200, "POST", "/api/meta/search/indexsearch", body); a.at("entities") != nil {
			t.Errorf("an empty page has no entities: %s", a.raw)
		}
		c.want(404, "GET", guidPath+guids[0], "")
		wrong := c.want(400, "POST", "/api/meta/search/indexsearch", `{"dsl":{"query":{"nonsense":{}}}}`)
		if !strings.Contains(wrong.text("errorMessage"), "nonsense") {
			t.Errorf("%s", wrong.raw)
		}
	})
}

func TestErrorsOfEveryShape(t *testing.T) {
	inBubble(t, func(t *testing.T, f *Fake, c *client) {
		const who = "/api/service/whoami"
		for _, s := range []struct {
			fault  *Fault
			status int
			at     string
		}{
			{MetastoreError("whoAmI", 404, "ATLAS-409-00-0021", "x"), 404, "errorCode"},
			{InternalError("whoAmI"), 500, "errorId"}, {HeraclesError("whoAmI", 400, 1006, "x"), 400, "message"},
			{GatewayError("whoAmI", 401, "Unauthorized"), 401, "message"}, {KeycloakError("whoAmI", 401, "invalid_client", "x"), 401, "error_description"},
			{TypeDefLock("whoAmI"), 423, "errorCode"}, {Maintenance("whoAmI"), 503, "errorCode"}, {SearchTimeout("whoAmI"), 429, "errorCode"},
			{Forbidden("whoAmI"), 403, "errorCode"},
		} {
			f.Fault(s.fault.Once())
			if a := c.want(s.status, "GET", who, ""); a.text(s.at) == "" {
				t.Errorf("nothing at %s: %s", s.at, a.raw)
			}
		}
		f.Fault(HTML("whoAmI", http.StatusBadGateway).Once())
		if a := c.want(502, "GET", who, ""); !strings.Contains(string(a.raw), "<html>") {
			t.Errorf("%s", a.raw)
		}
		f.AddTag("PII")
		f.Fault(EmptyTypeDefs().Once())
		if a := c.want(200, "GET", "/api/meta/types/typedefs?type=CLASSIFICATION", ""); a.length("classificationDefs") != 0 {
			t.Errorf("%s", a.raw)
		}
		if a := c.want(200, "GET", "/api/meta/types/typedefs?type=CLASSIFICATION", ""); a.length("classificationDefs") != 1 {
			t.Errorf("%s", a.raw)
		}
		f.Fault(InternalErrorAfter("bulkSaveEntities").Once())
		c.want(500, "POST", bulk, `{"entities":[`+tableJSON("t", "")+`]}`)
		if f.CountAssets("Table") != 1 {
			t.Error("the request was not processed")
		}
	})
}
