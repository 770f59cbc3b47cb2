package polytomictest

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// step is a request. {name} is filled from what was kept before; keep is "name=path.to.value" of the answer, where
// numbers are places in lists. A partner step is sent with the partner key.
type step struct {
	operation, method, path, body string
	status                        int
	keep                          string
}

func (s step) partner() bool { return slices.Contains(partnerOperations, s.operation) }

const nobody = "2f1b5e61-75e2-4c06-8d63-0b8d7a0f1f11"

func everyStep() []step {
	const pg = `{"hostname":"db.example.com","port":5432,"database":"app","username":"u","password":"secret"}`
	bulk := `{"name":"b","source_connection_id":"{src}","destination_connection_id":"{dst}","destination_configuration":{"schema":"x"},"mode":"replicate",
		"default_schedule":{"frequency":"daily","hour":"03","minute":"15"},"additional_schedules":[{"frequency":"hourly","minute":"5","schemas":["public.users"],"resync_mode":"refetch"}],
		"schemas":["public.users",{"id":"public.orders","fields":["id",{"id":"total","obfuscate":true}],"filters":[{"field_id":"total","function":"GreaterThan","value":3}]}]}`
	model := `{"name":"m","connection_id":"{src}","configuration":{"table":"public.users"},"identifier":"id","additional_fields":[{"name":"x","label":"X","type":"string"}]}`
	sync := `{"name":"s","mode":"updateOrCreate","schedule":{"frequency":"daily","hour":"1","minute":"0"},"fields":[{"target":"email","source":{"model_id":"{model}","field":"email"}}],
		"identity":{"function":"Equality","target":"id","source":{"model_id":"{model}","field":"id"}},"target":{"connection_id":"{dst}","object":"contacts"},"encryption_passphrase":"hush"}`
	return []step{
		{"getIdentity", "GET", "/api/me", "", 200, ""},
		{"listConnectionTypes", "GET", "/api/connection_types", "", 200, ""},
		{"getConnectionTypeSchema", "GET", "/api/connection_types/postgresql", "", 200, ""},
		{"getConnectionTypeParameterValues", "POST", "/api/connection_types/postgresql/parameter_values", `{"field":"database","parameters":null}`, 200, ""},
		{"testConnection", "POST", "/api/connections/test", `{"type":"postgresql","configuration":` + pg + `}`, 200, ""},
		{"createConnection", "POST", "/api/connections", `{"name":"src","type":"postgresql","configuration":` + pg + `}`, 200, "src=data.id"},
		{"createConnection", "POST", "/api/connections", `{"name":"dst","type":"snowflake","configuration":{"account":"a","username":"u","dbname":"d","warehouse":"w"}}`, 200, "dst=data.id"},
		{"createConnection", "POST", "/api/connections", `{"name":"crm","type":"hubspot","redirect_url":"https://example.com/done","configuration":{}}`, 200, ""},
		{"createConnection", "POST", "/api/connections", `{"name":"rich","type":"clearbit","configuration":{"api_key":"k"}}`, 200, "rich=data.id"},
		{"createConnectSession", "POST", "/api/connections/connect/", `{"name":"theirs","redirect_url":"https://example.com/done","whitelist":["salesforce"]}`, 200, ""},
		{"listConnections", "GET", "/api/connections", "", 200, ""},
		{"getConnection", "GET", "/api/connections/{src}", "", 200, ""},
		{"updateConnection", "PUT", "/api/connections/{src}", `{"name":"src2","configuration":` + pg + `}`, 200, ""},
		{"getConnectionParameterValues", "GET", "/api/connections/{src}/parameter_values", "", 200, ""},
		{"listSharedConnections", "GET", "/api/connections/{src}/shared", "", 200, ""},
		{"getConnectionProxyInfo", "GET", "/api/connections/{src}/proxy/info", "", 200, ""},
		{"executeConnectionProxy", "POST", "/api/connections/{src}/proxy", `{"request":{"method":"POST","path":"/v1/things","query":{"a":[1,2]},"headers":{"X-A":"b"},"body":{"c":1}}}`, 200, ""},
		{"refreshConnectionSchemas", "POST", "/api/connections/{src}/schemas/refresh", "", 202, ""},
		{"getConnectionSchemasStatus", "GET", "/api/connections/{src}/schemas/status", "", 200, "wait="},
		{"getConnectionSchema", "GET", "/api/connections/{src}/schemas/public.users", "", 200, ""},
		{"getConnectionSchemaRecords", "GET", "/api/connections/{src}/schemas/public.users/records", "", 200, ""},
		{"upsertSchemaFields", "POST", "/api/connections/{src}/schemas/public.users/fields", `{"fields":[{"field_id":"extra","label":"Extra","type":"string","path":"$.extra"}]}`, 202, ""},
		{"patchSchemaField", "PATCH", "/api/connections/{src}/schemas/public.users/fields/extra", `{"label":"More"}`, 200, ""},
		{"deleteSchemaField", "DELETE", "/api/connections/{src}/schemas/public.users/fields/extra", "", 202, ""},
		{"setSchemaPrimaryKeys", "PUT", "/api/connections/{src}/schemas/public.users/primary_keys", `{"fields":[{"field_id":"email","is_primary_key":true}]}`, 202, ""},
		{"resetSchemaPrimaryKeys", "DELETE", "/api/connections/{src}/schemas/public.users/primary_keys", "", 202, ""},
		{"getBulkSyncSource", "GET", "/api/connections/{src}/bulksync/source?include_fields=true", "", 200, ""},
		{"getBulkSyncDestination", "GET", "/api/connections/{dst}/bulksync/target", "", 200, ""},

		{"createBulkSync", "POST", "/api/bulk/syncs", bulk, 200, "bulk=data.id"},
		{"listBulkSyncs", "GET", "/api/bulk/syncs?active=true", "", 200, ""},
		{"getBulkSync", "GET", "/api/bulk/syncs/{bulk}", "", 200, "default=data.default_schedule.id"},
		{"updateBulkSync", "PUT", "/api/bulk/syncs/{bulk}", bulk, 200, "extra=data.additional_schedules.0.id"},
		{"listBulkSyncSchemas", "GET", "/api/bulk/syncs/{bulk}/schemas?filters%5Benabled%5D=true", "", 200, ""},
		{"patchBulkSyncSchemas", "PATCH", "/api/bulk/syncs/{bulk}/schemas", `{"schemas":[{"id":"public.orders","enabled":true}]}`, 200, ""},
		{"getBulkSyncSchema", "GET", "/api/bulk/syncs/{bulk}/schemas/public.users", "", 200, ""},
		{"updateBulkSyncSchema", "PUT", "/api/bulk/syncs/{bulk}/schemas/public.users", `{"enabled":true,"fields":[{"id":"id","enabled":true}]}`, 200, ""},
		{"listBulkSyncSchedules", "GET", "/api/bulk/syncs/{bulk}/schedules", "", 200, ""},
		{"createBulkSyncSchedule", "POST", "/api/bulk/syncs/{bulk}/schedules", `{"schedule":{"frequency":"weekly","dayOfWeek":"1","hour":"2","minute":"0","selectiveMode":"incrementalFields"}}`, 200, ""},
		{"getBulkSyncSchedule", "GET", "/api/bulk/syncs/{bulk}/schedules/{default}", "", 200, ""},
		{"updateBulkSyncSchedule", "PUT", "/api/bulk/syncs/{bulk}/schedules/{extra}", `{"schedule":{"frequency":"manual"}}`, 200, ""},
		{"deleteBulkSyncSchedule", "DELETE", "/api/bulk/syncs/{bulk}/schedules/{extra}", "", 200, ""},
		{"startBulkSync", "POST", "/api/bulk/syncs/{bulk}/executions", `{"schemas":["public.users"],"resync_mode":"rebuild"}`, 200, "exec=data.id"},
		{"listBulkSyncExecutions", "GET", "/api/bulk/syncs/{bulk}/executions?limit=5&ascending=true", "", 200, ""},
		{"getBulkSyncExecution", "GET", "/api/bulk/syncs/{bulk}/executions/{exec}", "", 200, ""},
		{"getBulkSyncStatus", "GET", "/api/bulk/syncs/{bulk}/status", "", 200, ""},
		{"listBulkSyncStatuses", "GET", "/api/bulk/syncs/status?sync_id={bulk}", "", 200, ""},
		{"cancelBulkSyncSchema", "POST", "/api/bulk/syncs/{bulk}/schemas/public.users/cancel", "", 200, ""},
		{"cancelBulkSync", "POST", "/api/bulk/syncs/{bulk}/cancel", "", 200, ""},
		{"cancelBulkSyncExecution", "POST", "/api/bulk/syncs/{bulk}/executions/{exec}/cancel", "", 200, "wait="},
		{"getBulkSyncExecutionConsoleLogs", "GET", "/api/bulk/syncs/{bulk}/executions/{exec}/consolelog?limit=10", "", 200, ""},
		{"getBulkSyncExecutionSchemaConsoleLogs", "GET", "/api/bulk/syncs/{bulk}/executions/{exec}/schemas/public.users/consolelog", "", 200, ""},
		{"getBulkSyncExecutionLogs", "GET", "/api/bulk/syncs/{bulk}/executions/{exec}/logs", "", 200, ""},
		{"exportBulkSyncExecutionLogs", "POST", "/api/bulk/syncs/{bulk}/executions/{exec}/logs/export?notify=false", "", 200, "job=job.job_id"},
		{"getJob", "GET", "/api/jobs/exportlogs/{job}", "", 200, ""},
		{"activateBulkSync", "POST", "/api/bulk/syncs/{bulk}/activate", `{"active":false}`, 200, ""},

		{"getModelSyncSource", "GET", "/api/connections/{src}/modelsync/source", "", 200, ""},
		{"getModelSyncSourceFields", "GET", "/api/connections/{src}/modelsync/source/fields?params%5Btable%5D%5B0%5D=public.users", "", 200, ""},
		{"getEnrichmentSource", "GET", "/api/connections/{rich}/modelsync/enrichment-source", "", 200, ""},
		{"getEnrichmentInputFields", "POST", "/api/enrichment/{rich}/inputfields", `{"configuration":{}}`, 200, ""},
		{"previewModel", "POST", "/api/model-preview", model, 200, ""},
		{"createModel", "POST", "/api/models", model, 200, "model=data.id"},
		{"createModel", "POST", "/api/models?async=true", model, 200, "job=job.job_id"},
		{"listModels", "GET", "/api/models?limit=10", "", 200, ""},
		{"getModel", "GET", "/api/models/{model}", "", 200, ""},
		{"updateModel", "PUT", "/api/models/{model}", model, 200, ""},
		{"sampleModel", "GET", "/api/models/{model}/sample", "", 200, "wait="},
		{"getJob", "GET", "/api/jobs/createmodel/{job}", "", 200, "model2=data.result.id"},

		{"listModelSyncTargets", "GET", "/api/connections/{dst}/modelsync/targetobjects", "", 200, ""},
		{"getModelSyncTargetFields", "GET", "/api/connections/{dst}/modelsync/target/fields?target=contacts&refresh=true", "", 200, ""},
		{"getModelSyncTargetCreateProperty", "GET", "/api/connections/{dst}/modelsync/targetobjects/properties/schema", "", 200, ""},
		{"getModelSyncScheduleOptions", "GET", "/api/syncs/schedules", "", 200, ""},
		{"createModelSync", "POST", "/api/syncs", sync, 200, "sync=data.id"},
		{"listModelSyncs", "GET", "/api/syncs?active=true&mode=updateOrCreate&target_connection_id={dst}", "", 200, ""},
		{"getModelSync", "GET", "/api/syncs/{sync}", "", 200, ""},
		{"updateModelSync", "PUT", "/api/syncs/{sync}", sync, 200, ""},
		{"activateModelSync", "POST", "/api/syncs/{sync}/activate", `{"active":true}`, 200, ""},
		{"startModelSync", "POST", "/api/syncs/{sync}/executions", `{"resync":true}`, 200, "run=data.id"},
		{"listModelSyncExecutions", "GET", "/api/syncs/{sync}/executions", "", 200, ""},
		{"getModelSyncExecution", "GET", "/api/syncs/{sync}/executions/{run}", "", 200, ""},
		{"getModelSyncStatus", "GET", "/api/syncs/{sync}/status", "", 200, ""},
		{"getModelSyncExecutionConsoleLogs", "GET", "/api/syncs/{sync}/executions/{run}/consolelog", "", 200, ""},
		{"cancelModelSync", "POST", "/api/syncs/{sync}/cancel", "", 200, ""},
		{"cancelModelSyncExecution", "POST", "/api/syncs/{sync}/executions/{run}/cancel", "", 200, "wait="},
		{"startModelSync", "POST", "/api/syncs/{sync}/executions", "", 200, "run=data.id"},
		{"getModelSyncExecution", "GET", "/api/syncs/{sync}/executions/{run}", "", 200, "wait="},
		{"getModelSyncExecutionLogUrls", "GET", "/api/syncs/{sync}/executions/{run}/records", "", 200, ""},
		{"getModelSyncExecutionLogFile", "GET", "/api/syncs/{sync}/executions/{run}/records/records.csv", "", 302, ""},
		{"deleteModelSync", "DELETE", "/api/syncs/{sync}", "", 200, ""},
		{"deleteModel", "DELETE", "/api/models/{model2}", "", 200, ""},

		{"runQuery", "POST", "/api/connections/{src}/query?query=select+*+from+users", "", 200, "query=data.id"},
		{"getQuery", "GET", "/api/queries/{query}", "", 200, "wait="},
		{"getQuery", "GET", "/api/queries/{query}", "", 200, ""},
		{"listEvents", "GET", "/api/events?limit=100&type=sync.completed", "", 200, ""},
		{"listEventTypes", "GET", "/api/events_types", "", 200, ""},
		{"getEntity", "GET", "/api/entities/{exec}", "", 200, ""},
		{"getGlobalErrorSubscribers", "GET", "/api/notifications/global-error-subscribers", "", 200, ""},
		{"setGlobalErrorSubscribers", "PUT", "/api/notifications/global-error-subscribers", `{"emails":["night@example.com"]}`, 200, ""},

		{"createWebhook", "POST", "/api/webhooks", `{"endpoint":"https://example.com/hook","secret":"hush"}`, 200, "hook=data.id"},
		{"listWebhooks", "GET", "/api/webhooks", "", 200, ""},
		{"getWebhook", "GET", "/api/webhooks/{hook}", "", 200, ""},
		{"updateWebhook", "PUT", "/api/webhooks/{hook}", `{"endpoint":"https://example.com/hook2","secret":"hush"}`, 200, ""},
		{"disableWebhook", "POST", "/api/webhooks/{hook}/disable", "", 200, ""},
		{"enableWebhook", "POST", "/api/webhooks/{hook}/enable", "", 200, ""},
		{"deleteWebhook", "DELETE", "/api/webhooks/{hook}", "", 200, ""},

		{"createRole", "POST", "/api/permissions/roles", `{"name":"on call"}`, 200, "role=data.id"},
		{"listRoles", "GET", "/api/permissions/roles", "", 200, ""},
		{"getRole", "GET", "/api/permissions/roles/{role}", "", 200, ""},
		{"updateRole", "PUT", "/api/permissions/roles/{role}", `{"name":"off call"}`, 200, ""},
		{"createPolicy", "POST", "/api/permissions/policies", `{"name":"p","policy_actions":[{"action":"read","role_ids":["{role}"]},{"action":"write","role_ids":null}]}`, 200, "policy=data.id"},
		{"listPolicies", "GET", "/api/permissions/policies", "", 200, ""},
		{"getPolicy", "GET", "/api/permissions/policies/{policy}", "", 200, ""},
		{"updatePolicy", "PUT", "/api/permissions/policies/{policy}", `{"name":"p2","policy_actions":null}`, 200, ""},
		{"deletePolicy", "DELETE", "/api/permissions/policies/{policy}", "", 200, ""},
		{"deleteRole", "DELETE", "/api/permissions/roles/{role}", "", 200, ""},

		{"getCurrentOrganization", "GET", "/api/organization", "", 200, ""},
		{"createUser", "POST", "/api/organization/users", `{"email":"grace@acme.test","role":"member"}`, 200, "user=data.id"},
		{"listUsers", "GET", "/api/organization/users", "", 200, ""},
		{"getUser", "GET", "/api/organization/users/{user}", "", 200, ""},
		{"updateUser", "PUT", "/api/organization/users/{user}", `{"role":"admin"}`, 200, ""},
		{"deleteUser", "DELETE", "/api/organization/users/{user}", "", 200, ""},

		{"createOrganization", "POST", "/api/organizations", `{"name":"Child","sso_domain":"child.test"}`, 200, "child=data.id"},
		{"listOrganizations", "GET", "/api/organizations", "", 200, ""},
		{"getOrganization", "GET", "/api/organizations/{org}", "", 200, ""},
		{"updateOrganization", "PUT", "/api/organizations/{child}", `{"name":"Child 2"}`, 200, ""},
		{"createPartnerUser", "POST", "/api/organizations/{child}/users", `{"email":"eve@child.test"}`, 200, "eve=data.id"},
		{"listPartnerUsers", "GET", "/api/organizations/{child}/users", "", 200, ""},
		{"getPartnerUser", "GET", "/api/organizations/{child}/users/{eve}", "", 200, ""},
		{"updatePartnerUser", "PUT", "/api/organizations/{child}/users/{eve}", `{"email":"eva@child.test"}`, 200, ""},
		{"createPartnerUserApiKey", "POST", "/api/organizations/{child}/users/{eve}/keys", "", 200, "key=data.value"},
		{"createPartnerSharedConnection", "POST", "/api/organizations/{org}/connections/{src}/shared", `{"child_organization_id":"{child}"}`, 200, "shared=data.id"},
		{"listPartnerSharedConnections", "GET", "/api/organizations/{org}/connections/{src}/shared", "", 200, ""},
		{"getPartnerEntity", "GET", "/api/organizations/entities/{shared}", "", 200, ""},
		{"deletePartnerUser", "DELETE", "/api/organizations/{child}/users/{eve}", "", 200, ""},
		{"deleteOrganization", "DELETE", "/api/organizations/{child}", "", 200, ""},

		{"deleteBulkSync", "DELETE", "/api/bulk/syncs/{bulk}", "", 200, ""},
		{"deleteConnection", "DELETE", "/api/connections/{src}?force=true", "", 200, ""},
	}
}

// Every operation of the document answers something that the document allows, for a plausible use of it. The contract
// check in New fails the test otherwise.
func TestEveryOperation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := New(t)
		names := map[string]string{"org": f.OrganizationID()}
		fill := func(s string) string {
			for name, value := range names {
				s = strings.ReplaceAll(s, "{"+name+"}", value)
			}
			return s
		}
		key := func(s step) string {
			if s.partner() {
				return bearer(f.PartnerKey())
			}
			return bearer(f.UserKey())
		}
		steps := everyStep()
		for _, s := range steps {
			r := callAs(t, f, key(s), s.method, fill(s.path), fill(s.body))
			if r.status != s.status {
				t.Fatalf("%s: %s %s: %d %s", s.operation, s.method, fill(s.path), r.status, r.body)
			}
			if v := r.header.Get(versionHeader); v != newestVersion {
				t.Errorf("%s: version %q", s.operation, v)
			}
			name, path, ok := strings.Cut(s.keep, "=")
			switch {
			case name == "wait":
				time.Sleep(2 * time.Minute)
			case ok:
				var keys []any
				for k := range strings.SplitSeq(path, ".") {
					if k == "0" {
						keys = append(keys, 0)
						continue
					}
					keys = append(keys, k)
				}
				if names[name] = r.text(keys...); names[name] == "" {
					t.Fatalf("%s: no %s in %s", s.operation, path, r.body)
				}
			}
		}
		doc, err := document()
		if err != nil {
			t.Fatal(err)
		}
		if n := len(doc.Operations()); n != 128 {
			t.Errorf("%d operations in the document", n)
		}
		for _, id := range doc.Operations() {
			if f.Log().Count(id) == 0 {
				t.Errorf("%s was not called", id)
			}
		}
		// None of them lets in a stranger or the wrong class of key.
		for _, s := range steps {
			if r := callAs(t, f, bearer("wrong"), s.method, fill(s.path), fill(s.body)); r.status != 401 || r.text("status") != "UNAUTHENTICATED" {
				t.Errorf("%s with a wrong key: %d %s", s.operation, r.status, r.body)
			}
			if s.operation == "getIdentity" || s.operation == "getOrganization" {
				continue
			}
			other := bearer(f.PartnerKey())
			if s.partner() {
				other = bearer(f.UserKey())
			}
			if r := callAs(t, f, other, s.method, fill(s.path), fill(s.body)); r.status != 403 || r.text("key") != "forbidden" {
				t.Errorf("%s with the wrong class of key: %d %s", s.operation, r.status, r.body)
			}
		}
	})
}

// Ids that do not exist answer 404, and never an error of the fake's own; the few exceptions are named.
func TestUnknownIDs(t *testing.T) {
	f := New(t, Tolerate(anyRequest))
	want := map[string]int{
		"listConnectionTypes": 200, "listConnections": 200, "updateOrganization": 403,
		"createBulkSync": 400, "previewModel": 400, "createModel": 400, "createModelSync": 400, "createPolicy": 400,
	}
	for _, s := range everyStep() {
		if !strings.Contains(s.path+s.body, "{") || strings.Contains(s.path, "?sync_id") {
			continue
		}
		path, body := s.path, s.body
		for _, name := range []string{"src", "dst", "rich", "bulk", "default", "extra", "exec", "job", "model", "model2", "sync", "run", "query", "hook", "role", "policy", "org", "user", "child", "eve", "shared"} {
			path, body = strings.ReplaceAll(path, "{"+name+"}", nobody), strings.ReplaceAll(body, "{"+name+"}", nobody)
		}
		if path == s.path && body == s.body {
			continue
		}
		key := bearer(f.UserKey())
		if s.partner() {
			key = bearer(f.PartnerKey())
		}
		status := 404
		if w, ok := want[s.operation]; ok {
			status = w
		}
		if s.operation == "listModelSyncs" {
			status = 200
		}
		if r := callAs(t, f, key, s.method, path, body); r.status != status {
			t.Errorf("%s: %s %s: %d %s, want %d", s.operation, s.method, path, r.status, r.body, status)
		}
	}
}
