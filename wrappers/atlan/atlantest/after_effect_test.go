package atlantest

import (
	"strings"
	"testing"
	"time"
)

// TestTagsSpreadFurther: what comes to be in an asset that has a tag only because it was propagated there has it too, and what
// the index has of an asset follows.
func TestTagsSpreadFurther(t *testing.T) {
	inBubble(t, func(t *testing.T, f *Fake, c *client) {
		tag := f.AddTag("PII")
		conn, _ := f.AddConnection("snowflake", "c")
		table := f.AddTo(f.AddTo(f.AddTo(conn, "Database", "d", nil), "Schema", "s", nil), "Table", "t", nil)
		column := f.AddTo(table, "Column", "c", nil)
		target := f.Add(Asset{TypeName: "Column", QualifiedName: "target", Name: "target"})[0]
		c.want(204, "POST", guidPath+table+"/classifications", `[{"typeName":"`+tag+`"}]`)
		c.save(`{"typeName":"ColumnProcess","guid":"-1","attributes":{"name":"p","qualifiedName":"p","inputs":[{"typeName":"Column","guid":"` + column +
			`"}],"outputs":[{"typeName":"Column","guid":"` + target + `"}],"process":null}}`)
		if a := c.get(target); a.text("entity/classifications/0/entityGuid") != table {
			t.Errorf("what is made of a column of the table is not tagged: %s", a.raw)
		}
		found := func(want float64) {
			t.Helper()
			pass(3 * time.Second)
			if a := c.search(`{"term":{"__propagatedTraitNames":"` + tag + `"}}`); a.at("approximateCount") != want {
				t.Errorf("%v in the index, want %v", a.at("approximateCount"), want)
			}
		}
		found(3)
		c.want(204, "DELETE", guidPath+table+"/classification/"+tag, "")
		found(0)
	})
}

// TestRunsInTheIndex: the asset that stands for a run of an app tells when it began and ended, and how it is.
func TestRunsInTheIndex(t *testing.T) {
	inBubble(t, func(t *testing.T, f *Fake, c *client) {
		const app = "/api/service/v1/app"
		c.want(400, "POST", app, `{"app_id":"snowflake","name":"n","inputs":{"connection":"c"},"schedule":{"cron":"0 6 * *","timezone":"UTC"}}`)
		f.PlanRuns(RunPlan{10 * time.Second, 10 * time.Second, "Succeeded"})
		run := c.want(200, "POST", app, `{"app_id":"snowflake","name":"n","inputs":{"connection":"c"}}`).text("run_id")
		for _, want := range []string{"Pending", "Running", "Succeeded"} {
			pass(5 * time.Second)
			a := c.search(`{"term":{"__typeName.keyword":"AppWorkflowRun"}}`)
			guid := a.text("entities/0/guid")
			e := c.get(guid)
			if e.text("entity/attributes/appWorkflowRunStatus") != want || !strings.HasSuffix(e.text("entity/attributes/qualifiedName"), "/runs/"+run) {
				t.Errorf("%s, want %s", e.raw, want)
			}
			began, _ := e.at("entity/attributes/appWorkflowRunStartedAt").(float64)
			ended, _ := e.at("entity/attributes/appWorkflowRunCompletedAt").(float64)
			if began == 0 || (want == "Succeeded") != (ended-began == 20_000) {
				t.Errorf("from %v to %v", began, ended)
			}
			pass(5 * time.Second)
		}
	})
}

// TestStoppedWorkflowSaysSo: a run that was stopped has the message of Argo, and no other has.
func TestStoppedWorkflowSaysSo(t *testing.T) {
	inBubble(t, func(t *testing.T, f *Fake, c *client) {
		const service = "/api/service"
		c.want(200, "POST", service+"/workflows?submit=true", `{"metadata":{"name":"atlan-snowflake-1"},"spec":{},"payload":[]}`)
		pass(time.Minute)
		second := c.want(200, "POST", service+"/workflows/submit", `{"namespace":"default","resourceKind":"WorkflowTemplate","resourceName":"atlan-snowflake-1"}`).text("metadata/name")
		c.want(200, "POST", service+"/runs/"+second+"/stop", "")
		pass(time.Minute)
		a := c.want(200, "POST", service+"/runs/indexsearch", `{"query":{"match_all":{}},"sort":[{"status.startedAt":{"order":"asc"}}],"size":10}`)
		if a.text("hits/hits/0/_source/status/message") != "" || !strings.HasPrefix(a.text("hits/hits/1/_source/status/message"), "Stopped") {
			t.Errorf("%s", a.raw)
		}
		pass(time.Minute)
		if a := c.want(200, "POST", service+"/workflows/indexsearch", `{"query":{"match_all":{}},"size":10}`); a.length("hits/hits") != 1 {
			t.Errorf("%s", a.raw)
		}
	})
}

// TestRolesOfPersonas: a persona has a role of its own, its policies are for that role, and it goes with it. A purpose has none.
func TestRolesOfPersonas(t *testing.T) {
	inBubble(t, func(t *testing.T, f *Fake, c *client) {
		_, connection := f.AddConnection("snowflake", "c")
		roles := func() int {
			return strings.Count(string(c.want(200, "GET", "/api/service/roles?limit=100", "").raw), `"persona_`)
		}
		persona := c.save(`{"typeName":"Persona","guid":"-1","attributes":{"name":"P","qualifiedName":"p","displayName":"P"}}`).text("guidAssignments/-1")
		c.save(`{"typeName":"Purpose","guid":"-1","attributes":{"name":"Q","qualifiedName":"q","displayName":"Q","purposeClassifications":["` + f.AddTag("PII") + `"]}}`)
		if n := roles(); n != 1 {
			t.Errorf("%d roles", n)
		}
		policy := c.save(`{"typeName":"AuthPolicy","guid":"-1","attributes":{"name":"read","qualifiedName":"r","policyType":"allow","policyCategory":"persona",
			"policySubCategory":"metadata","policyServiceName":"atlas","policyResourceCategory":"CUSTOM","policyActions":["persona-asset-read"],
			"connectionQualifiedName":"` + connection + `","policyResources":["entity:` + connection + `"],"accessControl":{"typeName":"Persona","guid":"` + persona + `"}}}`).text("guidAssignments/-1")
		name := c.get(persona).text("entity/attributes/qualifiedName")
		if e := c.get(policy); e.text("entity/attributes/policyRoles/0") != "persona_"+name[strings.LastIndexByte(name, '/')+1:] {
			t.Errorf("%s", e.raw)
		}
		c.want(200, "DELETE", "/api/meta/entity/bulk?guid="+persona+"&deleteType=PURGE", "")
		if n := roles(); n != 0 {
			t.Errorf("%d roles", n)
		}
	})
}

// TestExpiredAccessTokens: access tokens can be ended, API keys stay.
func TestExpiredAccessTokens(t *testing.T) {
	inBubble(t, func(t *testing.T, f *Fake, c *client) {
		id, secret := f.OAuthClient()
		c.token = c.want(200, "POST", "/api/service/oauth-clients/token", `{"clientId":"`+id+`","clientSecret":"`+secret+`"}`).text("accessToken")
		c.want(200, "GET", "/api/service/whoami", "")
		f.ExpireTokens()
		c.want(401, "GET", "/api/service/whoami", "")
		c.token = f.APIKey()
		c.want(200, "GET", "/api/service/whoami", "")
	})
}
