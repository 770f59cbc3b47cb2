package atlantest

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/servicetest"
)

// step is a request. {name} is filled from what was kept before; keep is "name=path/to/value" of the answer, where
// numbers are places in lists, or "wait" to let a minute pass before.
type step struct {
	operation, method, path, body string
	status                        int
	keep                          string
}

const form = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f.%s\"\r\nContent-Type: application/octet-stream\r\n\r\n%s\r\n--b--\r\n"

func everyStep() []step {
	const meta, service, app = "/api/meta", "/api/service", "/api/service/v1/app"
	table := `{"typeName":"Table","guid":"-1","attributes":{"name":"t","qualifiedName":"default/snowflake/1/d/s/t"}}`
	byName := meta + "/entity/uniqueAttribute/type/Table"
	const q = "?attr:qualifiedName=default/snowflake/1/d/s/t"
	flow := `{"metadata":{"name":"atlan-x-1","labels":{"a":"b"},"annotations":{"orchestration.atlan.com/schedule":"0 1 * * *","orchestration.atlan.com/timezone":"UTC"}},"spec":{"entrypoint":"main"},"payload":[{"parameter":"credentialGuid","type":"credential","body":{}}]}`
	credential := `{"name":"c","host":"h","port":443,"authType":"basic","username":"u","password":"p","connectorConfigName":"atlan-connectors-snowflake"}`
	return []step{
		{"whoAmI", "GET", service + "/whoami", "", 200, "admin=id"},
		{"getCurrentUser", "GET", service + "/users/current", "", 200, ""},
		{"createTypeDefs", "POST", meta + "/types/typedefs", `{"classificationDefs":[{"name":"PII","displayName":"PII","category":"CLASSIFICATION"}],"businessMetadataDefs":[{"name":"Raci","displayName":"Raci","category":"BUSINESS_METADATA","attributeDefs":[{"name":"Owner","displayName":"Owner","typeName":"string"}]}],"enumDefs":[{"name":"E","category":"ENUM","elementDefs":[{"value":"a","ordinal":0}]}]}`, 200, "tag=classificationDefs/0/name set=businessMetadataDefs/0/name attr=businessMetadataDefs/0/attributeDefs/0/name def=classificationDefs/0/guid"},
		{"listTypeDefs", "GET", meta + "/types/typedefs", "", 200, ""},
		{"listTypeDefHeaders", "GET", meta + "/types/typedefs/headers?type=CLASSIFICATION", "", 200, ""},
		{"getTypeDefByName", "GET", meta + "/types/typedef/name/{tag}", "", 200, ""},
		{"getTypeDefByGuid", "GET", meta + "/types/typedef/guid/{def}", "", 200, ""},
		{"getTypeDefByKindAndName", "GET", meta + "/types/classificationdef/name/{tag}", "", 200, ""},
		{"getTypeDefByKindAndGuid", "GET", meta + "/types/classificationdef/guid/{def}", "", 200, ""},
		{"updateTypeDefs", "PUT", meta + "/types/typedefs", `{"enumDefs":[{"name":"E","category":"ENUM","elementDefs":[{"value":"a"},{"value":"b"}]}]}`, 200, ""},

		{"bulkSaveEntities", "POST", meta + "/entity/bulk", `{"entities":[` + connectionJSON + `]}`, 200, "conn=guidAssignments/-1"},
		{"bulkSaveEntities", "POST", meta + "/entity/bulk?appendTags=true", `{"entities":[` + table + `]}`, 200, "wait t=guidAssignments/-1"},
		{"saveEntity", "POST", meta + "/entity", `{"entity":{"typeName":"Table","guid":"-1","attributes":{"name":"u","qualifiedName":"default/snowflake/1/d/s/u"}}}`, 200, "u=guidAssignments/-1"},
		{"saveEntity", "POST", meta + "/entity", `{"entity":{"typeName":"Process","guid":"-1","attributes":{"name":"p","qualifiedName":"default/snowflake/1/p"},"relationshipAttributes":{"inputs":[{"typeName":"Table","guid":"{t}"}],"outputs":[{"typeName":"Table","guid":"{u}"}]}}}`, 200, ""},
		{"saveEntity", "POST", meta + "/entity", `{"entity":{"typeName":"AtlasGlossary","guid":"-1","attributes":{"name":"g"}}}`, 200, "g=guidAssignments/-1"},
		{"getEntityByGuid", "GET", meta + "/entity/guid/{t}?ignoreRelationships=false", "", 200, ""},
		{"getEntitiesByGuids", "GET", meta + "/entity/bulk?guid={t}&guid={u}", "", 200, ""},
		{"getEntityHeaderByGuid", "GET", meta + "/entity/guid/{t}/header", "", 200, ""},
		{"getEntityByUniqueAttribute", "GET", byName + q, "", 200, ""},
		{"getEntitiesByUniqueAttribute", "GET", meta + "/entity/bulk/uniqueAttribute/type/Table?attr_0:qualifiedName=default/snowflake/1/d/s/t&attr_1:qualifiedName=none", "", 200, ""},
		{"getEntityHeaderByUniqueAttribute", "GET", byName + "/header" + q, "", 200, ""},
		{"updateEntityByUniqueAttribute", "PUT", byName + q, `{"entity":{"typeName":"Table","attributes":{"description":"d"}}}`, 200, ""},
		{"updateEntityAttributeByGuid", "PUT", meta + "/entity/guid/{t}?name=description", `"e"`, 200, ""},
		{"addClassifications", "POST", meta + "/entity/guid/{t}/classifications", `[{"typeName":"{tag}","propagate":true}]`, 204, ""},
		{"updateClassifications", "PUT", meta + "/entity/guid/{t}/classifications", `[{"typeName":"{tag}","propagate":false}]`, 204, ""},
		{"listClassifications", "GET", meta + "/entity/guid/{t}/classifications", "", 200, ""},
		{"getClassification", "GET", meta + "/entity/guid/{t}/classification/{tag}", "", 200, ""},
		{"getBulkEntityHeaders", "GET", meta + "/entity/bulk/headers?tagUpdateStartTime=0", "", 200, ""},
		{"deleteClassification", "DELETE", meta + "/entity/guid/{t}/classification/{tag}", "", 204, ""},
		{"addClassificationsByUniqueAttribute", "POST", byName + "/classifications" + q, `[{"typeName":"{tag}"}]`, 204, ""},
		{"updateClassificationsByUniqueAttribute", "PUT", byName + "/classifications" + q, `[{"typeName":"{tag}"}]`, 204, ""},
		{"deleteClassificationByUniqueAttribute", "DELETE", byName + "/classification/{tag}" + q, "", 204, ""},
		{"bulkAddClassification", "POST", meta + "/entity/bulk/classification", `{"classification":{"typeName":"{tag}"},"entityGuids":["{t}","{u}"]}`, 204, ""},
		{"bulkSetClassifications", "POST", meta + "/entity/bulk/setClassifications", `{"guidHeaderMap":{"{t}":{"typeName":"Table","classifications":[]}}}`, 204, ""},
		{"setBusinessAttributes", "POST", meta + "/entity/guid/{t}/businessmetadata?isOverwrite=true", `{"{set}":{"{attr}":"x"}}`, 204, ""},
		{"deleteBusinessAttributes", "DELETE", meta + "/entity/guid/{t}/businessmetadata", `{"{set}":{"{attr}":"x"}}`, 204, ""},
		{"setBusinessAttributesByName", "POST", meta + "/entity/guid/{t}/businessmetadata/{set}", `{"{attr}":"y"}`, 204, ""},
		{"deleteBusinessAttributesByName", "DELETE", meta + "/entity/guid/{t}/businessmetadata/{set}", `{"{attr}":"y"}`, 204, ""},
		{"getBusinessMetadataTemplate", "GET", meta + "/entity/businessmetadata/import/template", "", 200, ""},
		{"importBusinessMetadata", "POST", meta + "/entity/businessmetadata/import", "form:csv:" + templateColumns + "\nTable,default/snowflake/1/d/s/t,{set}.{attr},z\nTable,none,{set}.{attr},z\n", 200, ""},
		{"addLabels", "PUT", meta + "/entity/guid/{t}/labels", `["a"]`, 204, ""},
		{"setLabels", "POST", meta + "/entity/guid/{t}/labels", `["a","b"]`, 204, ""},
		{"deleteLabels", "DELETE", meta + "/entity/guid/{t}/labels", `["a"]`, 204, ""},
		{"addLabelsByUniqueAttribute", "PUT", byName + "/labels" + q, `["a"]`, 204, ""},
		{"setLabelsByUniqueAttribute", "POST", byName + "/labels" + q, `["a","b"]`, 204, ""},
		{"deleteLabelsByUniqueAttribute", "DELETE", byName + "/labels" + q, `["a"]`, 204, ""},
		{"indexSearch", "POST", meta + "/search/indexsearch", `{"dsl":{"query":{"bool":{"filter":[{"term":{"__typeName.keyword":"Table"}}]}},"sort":[{"__guid":{"order":"asc"}}],"track_total_hits":true,"aggregations":{"types":{"terms":{"field":"__typeName.keyword"}}}},"attributes":["description","{set}.{attr}","inputToProcesses"],"relationAttributes":["name"],"showSearchMetadata":true,"showSearchScore":true,"requestMetadata":{"saveSearchLog":true,"utmTags":["x"]}}`, 200, "wait found=entities/0/guid"},
		{"searchLogSearch", "POST", meta + "/search/searchlog", `{"dsl":{"query":{"match_all":{}},"size":10}}`, 200, "logged=logs/0/userName"},
		{"auditSearch", "POST", meta + "/entity/auditSearch", `{"dsl":{"query":{"term":{"entityId":"{t}"}},"sort":[{"created":"desc"}],"size":100}}`, 200, "audited=entityAudits/0/action"},
		{"listEntityAuditEvents", "GET", meta + "/entity/{t}/audit?count=5", "", 200, ""},
		{"searchTasks", "POST", meta + "/task/search", `{"dsl":{"query":{"match_all":{}},"sort":[{"__task_startTime":"asc"}]}}`, 200, "task=tasks/0/guid"},
		{"lineageList", "POST", meta + "/lineage/list", `{"guid":"{t}","depth":10,"direction":"OUTPUT","from":0,"size":10,"attributes":["description"],"immediateNeighbours":true}`, 200, "lineage=entities/0/guid"},
		{"lineageGraph", "POST", meta + "/lineage/getlineage", `{"guid":"{t}","depth":3,"direction":"BOTH"}`, 200, "relation=relations/0/processId"},
		{"listGlossaries", "GET", meta + "/glossary?limit=10&offset=0&sort=ASC", "", 200, "glossary=0/guid"},
		{"initContract", "POST", service + "/contracts/init", `{"assetType":"Table","assetQualifiedName":"default/snowflake/1/d/s/t"}`, 200, ""},
		{"deleteEntityByGuid", "DELETE", meta + "/entity/guid/{u}?deleteType=SOFT", "", 200, ""},
		{"deleteEntitiesByGuids", "DELETE", meta + "/entity/bulk?guid={u}&deleteType=HARD", "", 200, ""},
		{"purgeEntitiesByGuids", "PUT", meta + "/admin/purge", `["{g}"]`, 200, ""},
		{"deleteEntityByUniqueAttribute", "DELETE", byName + q, "", 200, ""},
		{"deleteTypeDefs", "DELETE", meta + "/types/typedefs", `{"enumDefs":[{"name":"E"}]}`, 204, ""},
		{"deleteBusinessAttributesByName", "DELETE", meta + "/entity/guid/{t}/businessmetadata/{set}", `{"{attr}":"z"}`, 204, ""},
		{"deleteTypeDefByName", "DELETE", meta + "/types/typedef/name/{set}", "", 204, ""},

		{"listRoles", "GET", service + `/roles?filter={"name":"$member"}&limit=5&offset=0&count=true&sort=name`, "", 200, "role=records/0/id"},
		{"createUsers", "POST", service + "/users", `{"users":[{"email":"bob@example.com","roleName":"$member","roleId":"{role}"}]}`, 200, ""},
		{"listUsers", "GET", service + `/users?filter={"$and":[{"email":{"$ilike":"%25BOB%25"}}]}&limit=20&sort=username&columns=firstName`, "", 200, "bob=records/0/id"},
		{"updateUser", "POST", service + "/users/{bob}", `{"firstName":"Bob"}`, 200, ""},
		{"changeUserRole", "POST", service + "/users/{bob}/roles/update", `{"roleId":"{role}"}`, 200, ""},
		{"createGroup", "POST", service + "/groups", `{"group":{"name":"eng","attributes":{"alias":["Engineering"]}},"users":["{bob}"]}`, 200, "group=group"},
		{"listGroups", "GET", service + `/v2/groups?filter={"$and":[{"alias":{"$ilike":"%25Eng%25"}}]}`, "", 200, "listed=records/0/id"},
		{"updateGroup", "POST", service + "/groups/{group}", `{"attributes":{"description":["x"]}}`, 200, ""},
		{"listGroupMembers", "GET", service + "/groups/{group}/members", "", 200, "member=records/0/id"},
		{"listUserGroups", "GET", service + "/users/{bob}/groups", "", 200, "in=records/0/id"},
		{"removeGroupMembers", "POST", service + "/groups/{group}/members/remove", `{"users":["{bob}"]}`, 200, ""},
		{"addUserToGroups", "POST", service + "/users/{bob}/groups", `{"groups":["{group}"]}`, 200, ""},
		{"createSsoGroupMapping", "POST", service + "/idp/okta/mappers", `{"name":"m","identityProviderMapper":"saml-group-idp-mapper","identityProviderAlias":"okta","config":{"syncMode":"FORCE"}}`, 200, "map=id"},
		{"listSsoGroupMappings", "GET", service + "/idp/okta/mappers", "", 200, ""},
		{"getSsoGroupMapping", "GET", service + "/idp/okta/mappers/{map}", "", 200, ""},
		{"updateSsoGroupMapping", "POST", service + "/idp/okta/mappers/{map}", `{"identityProviderMapper":"saml-group-idp-mapper","identityProviderAlias":"okta","config":{}}`, 200, ""},
		{"deleteSsoGroupMapping", "POST", service + "/idp/okta/mappers/{map}/delete", "", 200, ""},
		{"deleteGroup", "POST", service + "/groups/{group}/delete", "", 200, ""},
		{"deleteUser", "POST", service + "/users/{bob}/delete", "", 200, ""},
		{"createApiToken", "POST", service + "/apikeys", `{"displayName":"t","description":"","validitySeconds":3600}`, 200, "token=id"},
		{"listApiTokens", "GET", service + `/apikeys?filter={"displayName":"t"}`, "", 200, "listed=records/0/id"},
		{"updateApiToken", "POST", service + "/apikeys/{token}", `{"displayName":"t2"}`, 200, ""},
		{"deleteApiToken", "DELETE", service + "/apikeys/{token}", "", 200, ""},
		{"createOAuthClient", "POST", service + "/oauth-clients", `{"displayName":"o","role":"$member"}`, 200, "oauth=clientId secret=clientSecret oguid=id"},
		{"getOAuthClientToken", "POST", service + "/oauth-clients/token", `{"clientId":"{oauth}","clientSecret":"{secret}"}`, 200, "access=accessToken"},
		{"listOAuthClients", "GET", service + "/oauth-clients?limit=20&offset=0", "", 200, ""},
		{"getOAuthClient", "GET", service + "/oauth-clients/{oauth}", "", 200, ""},
		{"updateOAuthClient", "PUT", service + "/oauth-clients/{oauth}", `{"displayName":"o2"}`, 200, ""},
		{"getKeycloakClientSecret", "GET", "/auth/admin/realms/default/clients/{oguid}/client-secret", "", 200, ""},
		{"listKeycloakUsers", "GET", "/auth/admin/realms/default/users?username=admin", "", 200, ""},
		{"getKeycloakToken", "POST", "/auth/realms/default/protocol/openid-connect/token", "urlencoded:grant_type=client_credentials&client_id={oauth}&client_secret={secret}", 200, "access=access_token"},
		{"deleteOAuthClient", "DELETE", service + "/oauth-clients/{oauth}", "", 200, ""},
		{"listLoginEvents", "GET", service + "/events/login?max=5", "", 200, ""},
		{"listAdminEvents", "GET", service + "/events/main?first=0&max=5", "", 200, ""},

		{"createCredential", "POST", service + "/credentials?testCredential=true", credential, 200, "cred=id"},
		{"listCredentials", "GET", service + `/credentials?filter={"name":"c"}&limit=5`, "", 200, "listed=records/0/id"},
		{"getCredential", "GET", service + "/credentials/{cred}", "", 200, ""},
		{"updateCredential", "POST", service + "/credentials/{cred}", credential, 200, ""},
		{"testCredential", "POST", service + "/credentials/test", credential, 200, ""},
		{"archiveCredential", "POST", service + "/credentials/{cred}/archive", "", 200, ""},
		{"createPresignedUrl", "POST", service + "/files/presignedUrl", `{"key":"a/b.txt","expiry":"30s","method":"PUT"}`, 200, "url=url"},
		{"uploadImage", "POST", service + "/images", "form:png:data", 200, "image=id"},
		{"parseQuery", "POST", "/api/sql/query/parse", `{"sql":"select 1 from a","source":"snowflake"}`, 200, ""},
		{"streamQuery", "POST", "/api/sql/query/stream", `{"sql":"select 1","dataSourceName":"default/snowflake/1","defaultSchema":"d.s"}`, 200, ""},
		{"sendOpenLineageEvent", "POST", "/events/openlineage/spark/api/v1/lineage", `{"eventTime":"2026-01-01T00:00:00Z","eventType":"START","job":{"name":"j","namespace":"n"},"run":{"runId":"r"}}`, 202, ""},

		{"getApp", "GET", service + "/v1/apps/snowflake", "", 200, ""},
		{"getAppInputContract", "GET", service + "/v1/apps/snowflake/inputs?entrypoint=main", "", 200, ""},
		{"createAppWorkflow", "POST", app, `{"app_id":"snowflake","name":"My Flow","inputs":{"connection":"c"},"schedule":{"cron":"0 1 * * *","timezone":"UTC"},"run":false}`, 200, "slug=slug"},
		{"listAppWorkflows", "GET", app + "?limit=1&name=My%20Flow", "", 200, "listed=workflows/0/slug"},
		{"getAppWorkflow", "GET", app + "/{slug}", "", 200, ""},
		{"updateAppWorkflow", "PUT", app + "/{slug}", `{"inputs":{"connection":"d"}}`, 200, ""},
		{"submitAppWorkflow", "POST", app + "/{slug}/submit", "", 200, "run=run_id"},
		{"getAppRun", "GET", app + "/runs/{run}", "", 200, ""},
		{"cancelAppRun", "POST", app + "/runs/{run}/cancel", "", 200, ""},
		{"addAppSchedule", "POST", app + "/{slug}/schedule", `{"cron":"0 2 * * *"}`, 200, "trigger=trigger_id"},
		{"removeAppSchedule", "DELETE", app + "/{slug}/schedule/{trigger}", "", 200, ""},
		{"deleteAppWorkflow", "DELETE", app + "/{slug}", "", 200, ""},

		{"createWorkflow", "POST", service + "/workflows?submit=true", flow, 200, "flow=metadata/name"},
		{"createPackageWorkflow", "POST", service + "/package-workflows?submit=false", strings.ReplaceAll(flow, "atlan-x-1", "atlan-y-1"), 200, ""},
		{"updateWorkflow", "POST", service + "/workflows/{flow}", flow, 200, ""},
		{"updatePackageWorkflow", "POST", service + "/package-workflows/{flow}", flow, 200, ""},
		{"rerunWorkflow", "POST", service + "/workflows/submit", `{"namespace":"default","resourceKind":"WorkflowTemplate","resourceName":"{flow}"}`, 200, "legacy=metadata/name"},
		{"rerunPackageWorkflow", "POST", service + "/package-workflows/submit", `{"resourceName":"{flow}"}`, 200, ""},
		{"rerunWorkflowAsOwner", "POST", service + "/workflows/triggerAsOwner", `{"resourceName":"{flow}"}`, 200, ""},
		{"changeWorkflowOwner", "POST", service + "/workflows/{flow}/changeownership?username=admin", "", 200, ""},
		{"searchWorkflows", "POST", service + "/workflows/indexsearch", `{"query":{"nested":{"path":"metadata","query":{"prefix":{"metadata.name.keyword":"atlan-"}}}},"size":10}`, 200, "wait hit=hits/hits/0/_source/metadata/name"},
		{"searchWorkflowRuns", "POST", service + "/runs/indexsearch", `{"query":{"bool":{"filter":[{"nested":{"path":"spec","query":{"term":{"spec.workflowTemplateRef.name.keyword":"{flow}"}}}}]}},"sort":[{"status.startedAt":{"order":"desc"}}],"size":10}`, 200, "hit=hits/hits/0/_source/status/phase"},
		{"stopWorkflowRun", "POST", service + "/runs/{legacy}/stop", "", 200, ""},
		{"listWorkflowSchedules", "GET", service + "/runs/cron", "", 200, "cron=items/0/metadata/name"},
		{"getWorkflowSchedule", "GET", service + "/runs/cron/{cron}", "", 200, ""},
		{"listScheduledQueryRuns", "GET", service + "/runs/cron/scheduleQueriesBetweenDuration?startDate=2000-01-01T00:00:00Z&endDate=2030-01-01T00:00:00Z", "", 200, ""},
		{"listMissedScheduledQueryRuns", "GET", service + "/runs/cron/missedScheduleQueriesBetweenDuration?startDate=2000-01-01T00:00:00Z&endDate=2030-01-01T00:00:00Z", "", 200, ""},
		{"archiveWorkflow", "POST", service + "/workflows/{flow}/archive", "", 200, ""},
		{"archivePackageWorkflow", "POST", service + "/package-workflows/atlan-y-1/archive", "", 200, ""},
	}
}

var place = regexp.MustCompile(`\{(\w+)\}`)

// take runs a step with what was kept, and keeps what it is told to.
func (c *client) take(s step, kept map[string]string) {
	c.t.Helper()
	fill := func(text string) string {
		return place.ReplaceAllStringFunc(text, func(m string) string {
			if v, ok := kept[m[1:len(m)-1]]; ok {
				return v
			}
			return m
		})
	}
	if keep, ok := strings.CutPrefix(s.keep, "wait"); ok {
		pass(time.Minute)
		s.keep = strings.TrimSpace(keep)
	}
	path, body := fill(s.path), fill(s.body)
	path = strings.NewReplacer(`"`, "%22", "{", "%7B", "}", "%7D", "$", "%24").Replace(path)
	var header []string
	if rest, ok := strings.CutPrefix(body, "form:"); ok {
		extension, data, _ := strings.Cut(rest, ":")
		body = strings.Replace(strings.Replace(form, "%s", extension, 1), "%s", data, 1)
		header = []string{"Content-Type", "multipart/form-data; boundary=b"}
	} else if rest, ok := strings.CutPrefix(body, "urlencoded:"); ok {
		body, header = rest, []string{"Content-Type", "application/x-www-form-urlencoded"}
	}
	before := c.fake.Requests()[s.operation]
	a := c.want(s.status, s.method, path, body, header...)
	if c.fake.Requests()[s.operation] != before+1 {
		c.t.Errorf("%s %s is no %s", s.method, path, s.operation)
	}
	for assignment := range strings.FieldsSeq(s.keep) {
		name, at, _ := strings.Cut(assignment, "=")
		v, _ := a.at(at).(string)
		if v == "" {
			c.t.Errorf("%s answers no text at %s: %s", s.operation, at, a.raw)
		}
		kept[name] = v
	}
}

func TestEveryOperation(t *testing.T) {
	doc, err := document()
	if err != nil {
		t.Fatal(err)
	}
	for _, plain := range []bool{false, true} {
		options := []Option{Without(RateLimited)}
		if plain {
			options = append(options, WithoutQuirks())
		}
		inBubble(t, func(t *testing.T, f *Fake, c *client) {
			kept := make(map[string]string)
			for _, s := range everyStep() {
				c.take(s, kept)
			}
			counts := f.Requests()
			for _, operation := range doc.Operations() {
				if counts[operation] == 0 {
					t.Errorf("no step is a %s", operation)
				}
			}
			if n := f.Violations(); n > 0 {
				t.Errorf("%d violations", n)
			}
		}, options...)
	}
}

// TestNothingIsThere sends every step that names something with ids that do not exist: none may answer 500.
func TestNothingIsThere(t *testing.T) {
	inBubble(t, func(t *testing.T, f *Fake, c *client) {
		seen := make(map[string]bool)
		for _, s := range everyStep() {
			if !strings.Contains(s.path, "{") && !strings.Contains(s.body, "{t}") || seen[s.operation] {
				continue
			}
			seen[s.operation] = true
			path := place.ReplaceAllString(s.path, "none")
			if strings.Contains(path, "filter=") {
				continue
			}
			a := c.send(s.method, path, place.ReplaceAllString(s.body, "none"))
			if a.status >= 500 {
				t.Errorf("%s of what does not exist answers %d: %s", s.operation, a.status, a.raw)
			}
		}
		if len(seen) < 40 {
			t.Errorf("only %d operations: %v", len(seen), slices.Sorted(maps.Keys(seen)))
		}
	}, Without(RateLimited), Tolerate(func(v *servicetest.Violation) bool { return v.Direction == servicetest.Request }))
}
