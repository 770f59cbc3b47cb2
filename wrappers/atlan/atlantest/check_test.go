package atlantest

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestNameThatIsTaken checks that an asset cannot be given the qualifiedName of another, and that neither changes.
func TestNameThatIsTaken(t *testing.T) {
	inBubble(t, func(t *testing.T, f *Fake, c *client) {
		one, two := c.table("one", ""), c.table("two", "")
		rename := func(guid, name string) string {
			return `{"typeName":"Table","guid":"` + guid + `","attributes":{"name":"` + name + `","qualifiedName":"default/snowflake/1/d/s/` + name + `"}}`
		}
		a := c.want(409, "POST", bulk, `{"entities":[`+rename(one, "two")+`]}`)
		if a.text("errorCode") != "ATLAS-409-00-003" {
			t.Errorf("%s", a.raw)
		}
		c.want(409, "POST", bulk, `{"entities":[`+tableJSON("new", "")+`,`+rename(one, "new")+`]}`)
		for name, guid := range map[string]string{"one": one, "two": two} {
			if x, ok := f.Asset(guid); !ok || x.QualifiedName != "default/snowflake/1/d/s/"+name {
				t.Errorf("%s is %q", name, x.QualifiedName)
			}
		}
		if n := f.CountAssets("Table"); n != 2 {
			t.Errorf("%d tables", n)
		}
		c.save(rename(one, "three"))
		c.save(rename(two, "one"))
		if got := c.want(200, "GET", "/api/meta/entity/uniqueAttribute/type/Table?attr:qualifiedName=default/snowflake/1/d/s/one", ""); got.text("entity/guid") != two {
			t.Errorf("%s", got.raw)
		}
		c.want(404, "GET", "/api/meta/entity/uniqueAttribute/type/Table?attr:qualifiedName=default/snowflake/1/d/s/two", "")
	})
}

// TestValuesOfCustomMetadata checks that values fit the types of their attributes.
func TestValuesOfCustomMetadata(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *Fake, c *client) {
		c.want(200, "POST", "/api/meta/types/typedefs", `{"enumDefs":[{"name":"Level","category":"ENUM","elementDefs":[{"value":"high","ordinal":0},{"value":"low","ordinal":1}]}]}`)
		kinds := []string{"string", "int", "float", "boolean", "date", "Level", "array<string>", "array<Level>"}
		var attrs []string
		for i, kind := range kinds {
			attrs = append(attrs, fmt.Sprintf(`{"name":"a%d","displayName":"a%d","typeName":"%s","options":{"maxStrLength":"10"}}`, i, i, kind))
		}
		a := c.want(200, "POST", "/api/meta/types/typedefs", `{"businessMetadataDefs":[{"name":"S","displayName":"S","category":"BUSINESS_METADATA","attributeDefs":[`+strings.Join(attrs, ",")+`]}]}`)
		set := a.text("businessMetadataDefs/0/name")
		id := map[string]string{}
		for i, kind := range kinds {
			id[kind] = a.text(fmt.Sprintf("businessMetadataDefs/0/attributeDefs/%d/name", i))
		}
		guid := c.table("t", "")
		for _, v := range []struct {
			kind, value string
			fits        bool
		}{
			{"string", `"x"`, true}, {"string", `"ten letters"`, false}, {"string", `{}`, false}, {"string", `["x"]`, false}, {"string", "null", true},
			{"int", "5", true}, {"int", `"5"`, true}, {"int", `"five"`, false}, {"int", "true", false}, {"int", "[1]", false},
			{"float", "1.5", true}, {"float", `"x"`, false}, {"boolean", "true", true}, {"boolean", `"yes"`, false}, {"boolean", "1", false},
			{"date", "1700000000000", true}, {"date", `[]`, false}, {"date", "true", false},
			{"Level", `"high"`, true}, {"Level", `"none"`, false}, {"Level", "5", false},
			{"array<string>", `["x","y"]`, true}, {"array<string>", `[{}]`, false}, {"array<Level>", `["low"]`, true}, {"array<Level>", `["low","none"]`, false},
		} {
			body := `{"` + id[v.kind] + `":` + v.value + `}`
			direct := c.send("POST", guidPath+guid+"/businessmetadata/"+set, body)
			saved := c.send("POST", bulk+"?replaceBusinessAttributes=true", `{"entities":[`+strings.TrimSuffix(tableJSON("t", ""), "}")+`,"businessAttributes":{"`+set+`":`+body+`}}]}`)
			if v.fits && (direct.status != 204 || saved.status != 200) {
				t.Errorf("%s for a %s: %s, and by saving %s", v.value, v.kind, direct.raw, saved.raw)
			}
			if !v.fits && (direct.text("errorCode") != "ATLAS-404-00-007" || saved.text("errorCode") != "ATLAS-404-00-007") {
				t.Errorf("%s for a %s: %d %s, and by saving %d %s", v.value, v.kind, direct.status, direct.raw, saved.status, saved.raw)
			}
		}
	})
}

// TestLimitsOfText checks how long attributes, labels and custom attributes may be.
func TestLimitsOfText(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *Fake, c *client) {
		guid := c.table("t", "")
		entity := func(more string) string { return strings.TrimSuffix(tableJSON("t", ""), "}") + "," + more + "}" }
		attribute := func(name string, n int) string {
			return tableJSON("t", `,"`+name+`":"`+strings.Repeat("x", n)+`"`)
		}
		query := func(n int) string {
			return `{"typeName":"DataContract","guid":"-1","attributes":{"name":"c","qualifiedName":"default/snowflake/1/d/s/t/contract","dataContractSpec":"` + strings.Repeat("x", n) + `"}}`
		}
		long := strings.Repeat("k", 51)
		for _, v := range []struct{ name, entity, code string }{
			{"100,000 characters", attribute("description", 100_000), ""},
			{"100,001 characters", attribute("description", 100_001), "ATLAS-400-00-01A"},
			{"a long specification", query(2_000_000), ""},
			{"a longer one", query(2_000_001), "ATLAS-400-00-01A"},
			{"a label", entity(`"labels":["fine_1-a"]`), ""},
			{"a label of 51", entity(`"labels":["` + long + `"]`), "ATLAS-400-00-08F"},
			{"a label of 50 that are more bytes", entity(`"labels":["` + strings.Repeat("x", 50) + `"]`), ""},
			{"a label with a blank", entity(`"labels":["a b"]`), "ATLAS-400-00-090"},
			{"a custom attribute", entity(`"customAttributes":{"k":"` + strings.Repeat("v", 500) + `"}`), ""},
			{"a long key", entity(`"customAttributes":{"` + long + `":"v"}`), "ATLAS-400-00-08C"},
			{"a key with a point", entity(`"customAttributes":{"a.b":"v"}`), "ATLAS-400-00-08D"},
			{"a long value", entity(`"customAttributes":{"k":"` + strings.Repeat("v", 501) + `"}`), "ATLAS-400-00-08E"},
		} {
			a := c.send("POST", bulk, `{"entities":[`+v.entity+`]}`)
			if (a.status == 200) != (v.code == "") || a.text("errorCode") != v.code {
				t.Errorf("%s: %d %.300s", v.name, a.status, a.raw)
			}
		}
		for body, code := range map[string]string{`["ok"]`: "", `["` + long + `"]`: "ATLAS-400-00-08F", `["no!"]`: "ATLAS-400-00-090"} {
			if a := c.send("PUT", guidPath+guid+"/labels", body); a.text("errorCode") != code {
				t.Errorf("%s: %d %s", body, a.status, a.raw)
			}
		}
	}, Without(RateLimited))
}

// TestFiltersOfNothing checks that a filter does not take what is missing for text.
func TestFiltersOfNothing(t *testing.T) {
	for _, filter := range []string{`{"email":{"$like":"%nil%"}}`, `{"email":{"$ilike":"%"}}`, `{"email":{"$eq":null}}`} {
		rows := []map[string]any{{"name": "without"}, {"name": "with", "email": "anil@example.com"}}
		out, err := listed(map[string][]string{"filter": {filter}}, rows)
		if err != nil {
			t.Fatal(err)
		}
		answer, _ := out.(map[string]any)
		want := 1
		if strings.Contains(filter, "null") {
			want = 0
		}
		if answer["filterRecord"] != want {
			t.Errorf("%s finds %v", filter, answer["records"])
		}
	}
}

// TestTokensAreForgotten checks that tokens which have expired take no memory.
func TestTokensAreForgotten(t *testing.T) {
	inBubble(t, func(t *testing.T, f *Fake, c *client) {
		id, secret := f.OAuthClient()
		last := ""
		for range 50 {
			last = c.want(200, "POST", "/api/service/oauth-clients/token", `{"clientId":"`+id+`","clientSecret":"`+secret+`"}`).text("accessToken")
			pass(time.Minute)
		}
		f.locked(func() {
			if n := len(f.tokens); n > 12 {
				t.Errorf("%d tokens are kept, of which 10 work", n)
			}
		})
		c.token = last
		c.want(200, "GET", "/api/service/whoami", "")
		pass(9 * time.Minute)
		c.want(401, "GET", "/api/service/whoami", "")
	})
}

// TestMethodsThatPathsDoNotHave checks that a path is told from a method.
func TestMethodsThatPathsDoNotHave(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *Fake, c *client) {
		for request, want := range map[string]int{
			"PATCH /api/meta/entity/bulk": 405, "PUT /api/meta/search/indexsearch": 405, "DELETE /api/service/whoami/": 405,
			"GET /api/meta/nowhere": 404, "GET /api/service/nowhere": 404, "GET /": 404, "POST /api/meta/entity/bulk/": 400,
		} {
			method, path, _ := strings.Cut(request, " ")
			a := c.send(method, path, map[bool]string{true: `{"entities":[]}`}[method == "POST"])
			if a.status != want || a.status == 405 && a.header.Get("Allow") == "" {
				t.Errorf("%s answers %d %v %s", request, a.status, a.header, a.raw)
			}
		}
	})
}
