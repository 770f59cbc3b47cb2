package airbytetest

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/sluice-sdk/sluice/wrappers/servicetest"
)

// Every operation of the document answers something that the document allows, for a plausible use of it. The
// contract check in New fails the test otherwise.
func TestEveryOperation(t *testing.T) {
	f := New(t)
	c := f.HTTPClient()
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	names := map[string]string{
		"org": f.OrganizationID(), "ws": f.WorkspaceID(), "user": f.users[0].ID, "client": f.Credentials().ClientID,
		"secret": f.Credentials().ClientSecret, "region": f.regions[0].RegionID,
	}
	names["member"] = f.AddUser("Grace Member", "grace@airbyte.test")
	// step is a request. {name} is filled from what was kept before; keep is "name=path.to.value" of the answer.
	type step struct {
		operation, method, path, body string
		status                        int
		keep                          string
	}
	manifest := `{"type":"DeclarativeSource","version":"6.0.0","streams":[]}`
	steps := []step{
		{"getHealthCheck", "GET", "/health", "", 200, ""},
		{"createAccessToken", "POST", "/applications/token", `{"client_id":"{client}","client_secret":"{secret}","grant-type":"client_credentials"}`, 200, "token=access_token"},
		{"listApplications", "GET", "/applications", "", 200, ""},
		{"createApplication", "POST", "/applications", `{"name":"ci"}`, 200, "app=id"},
		{"getApplication", "GET", "/applications/{app}", "", 200, ""},
		{"deleteApplication", "DELETE", "/applications/{app}", "", 200, ""},

		{"listOrganizationsForUser", "GET", "/organizations", "", 200, ""},
		{"listUsersWithinAnOrganization", "GET", "/users?organizationId={org}&emails=grace@airbyte.test", "", 200, ""},
		{"createOrUpdateOrganizationOAuthCredentials", "PUT", "/organizations/{org}/oauthCredentials", `{"actorType":"source","name":"github","configuration":{"client_id":"x"}}`, 200, ""},
		{"deleteOrganizationOAuthCredentials", "DELETE", "/organizations/{org}/oauthCredentials/source/github", "", 204, ""},

		{"listWorkspaces", "GET", "/workspaces", "", 200, ""},
		{"createWorkspace", "POST", "/workspaces", `{"name":"second","organizationId":"{org}","notifications":{"failure":{"webhook":{"enabled":true,"url":"https://example.com"}}}}`, 200, "ws2=workspaceId"},
		{"getWorkspace", "GET", "/workspaces/{ws2}", "", 200, ""},
		{"updateWorkspace", "PATCH", "/workspaces/{ws2}", `{"name":"renamed"}`, 200, ""},
		{"createOrUpdateWorkspaceOAuthCredentials", "PUT", "/workspaces/{ws2}/oauthCredentials", `{"actorType":"destination","name":"snowflake","configuration":{"client_id":"x"}}`, 200, ""},
		{"deleteWorkspaceOAuthCredentials", "DELETE", "/workspaces/{ws2}/oauthCredentials/destination/snowflake", "", 204, ""},
		{"deleteWorkspace", "DELETE", "/workspaces/{ws2}", "", 204, ""},

		{"listConnectorDefinitions", "GET", "/connector_definitions?type=source&workspaceId={ws}", "", 200, ""},
		{"listSourceDefinitions", "GET", "/workspaces/{ws}/definitions/sources", "", 200, ""},
		{"createSourceDefinition", "POST", "/workspaces/{ws}/definitions/sources", `{"name":"mine","dockerRepository":"example/source-mine","dockerImageTag":"1.0.0"}`, 200, "sd=id"},
		{"getSourceDefinition", "GET", "/workspaces/{ws}/definitions/sources/{sd}", "", 200, ""},
		{"updateSourceDefinition", "PUT", "/workspaces/{ws}/definitions/sources/{sd}", `{"name":"mine","dockerImageTag":"1.0.1"}`, 200, ""},
		{"deleteSourceDefinition", "DELETE", "/workspaces/{ws}/definitions/sources/{sd}", "", 200, ""},
		{"listDestinationDefinitions", "GET", "/workspaces/{ws}/definitions/destinations", "", 200, ""},
		{"createDestinationDefinition", "POST", "/workspaces/{ws}/definitions/destinations", `{"name":"mine","dockerRepository":"example/destination-mine","dockerImageTag":"1.0.0","documentationUrl":"https://example.com"}`, 200, "dd=id"},
		{"getDestinationDefinition", "GET", "/workspaces/{ws}/definitions/destinations/{dd}", "", 200, ""},
		{"updateDestinationDefinition", "PUT", "/workspaces/{ws}/definitions/destinations/{dd}", `{"name":"mine","dockerImageTag":"1.0.1"}`, 200, ""},
		{"deleteDestinationDefinition", "DELETE", "/workspaces/{ws}/definitions/destinations/{dd}", "", 200, ""},
		{"createDeclarativeSourceDefinition", "POST", "/workspaces/{ws}/definitions/declarative_sources", `{"name":"yaml","manifest":` + manifest + `}`, 200, "decl=id"},
		{"listDeclarativeSourceDefinitions", "GET", "/workspaces/{ws}/definitions/declarative_sources", "", 200, ""},
		{"getDeclarativeSourceDefinition", "GET", "/workspaces/{ws}/definitions/declarative_sources/{decl}", "", 200, ""},
		{"updateDeclarativeSourceDefinition", "PUT", "/workspaces/{ws}/definitions/declarative_sources/{decl}", `{"manifest":` + manifest + `}`, 200, ""},
		{"deleteDeclarativeSourceDefinition", "DELETE", "/workspaces/{ws}/definitions/declarative_sources/{decl}", "", 200, ""},

		{"createSource", "POST", "/sources", `{"name":"s","workspaceId":"{ws}","configuration":{"sourceType":"faker","count":5}}`, 200, "source=sourceId"},
		{"listSources", "GET", "/sources?workspaceIds={ws}", "", 200, ""},
		{"getSource", "GET", "/sources/{source}?includeSecretCoordinates=true", "", 200, ""},
		{"putSource", "PUT", "/sources/{source}", `{"name":"s2","configuration":{"count":6}}`, 200, ""},
		{"patchSource", "PATCH", "/sources/{source}", `{"name":"s3"}`, 200, ""},
		{"initiateOAuth", "POST", "/sources/initiateOAuth", `{"workspaceId":"{ws}","redirectUrl":"https://example.com/done","sourceType":"github"}`, 200, "consent=consentUrl"},
		{"oauthCallback", "GET", "/oauth/callback?state={state}&code=1", "", 302, ""},
		{"createDestination", "POST", "/destinations", `{"name":"d","workspaceId":"{ws}","definitionId":"` + DestinationDuckDB + `","configuration":{"destination_path":"/tmp/x.duckdb"}}`, 200, "dest=destinationId"},
		{"listDestinations", "GET", "/destinations", "", 200, ""},
		{"getDestination", "GET", "/destinations/{dest}", "", 200, ""},
		{"putDestination", "PUT", "/destinations/{dest}", `{"name":"d2","configuration":{"destination_path":"/tmp/y.duckdb"}}`, 200, ""},
		{"patchDestination", "PATCH", "/destinations/{dest}", `{"configuration":{"schema":"main"}}`, 200, ""},
		{"getStreamProperties", "GET", "/streams?sourceId={source}&destinationId={dest}&ignoreCache=true", "", 200, ""},

		{"createTag", "POST", "/tags", `{"name":"nightly","color":"C0FFEE","workspaceId":"{ws}"}`, 200, "tag=tagId"},
		{"listTags", "GET", "/tags?workspaceIds={ws}", "", 200, ""},
		{"getTag", "GET", "/tags/{tag}", "", 200, ""},
		{"updateTag", "PATCH", "/tags/{tag}", `{"name":"daily","color":"C0FFEE"}`, 200, ""},

		{"createConnection", "POST", "/connections", `{"sourceId":"{source}","destinationId":"{dest}","name":"c","prefix":"p_",
			"schedule":{"scheduleType":"cron","cronExpression":"0 0 6 * * ? UTC"},
			"tags":[{"tagId":"{tag}","name":"daily","color":"C0FFEE","workspaceId":"{ws}"}],
			"configurations":{"streams":[{"name":"users","syncMode":"incremental_deduped_history","cursorField":["updated_at"],"primaryKey":[["id"]],"selectedFields":[{"fieldPath":["id"]},{"fieldPath":["name"]}]}]}}`, 200, "conn=connectionId"},
		{"listConnections", "GET", "/connections?tagIds={tag}&limit=100", "", 200, ""},
		{"getConnection", "GET", "/connections/{conn}", "", 200, ""},
		{"patchConnection", "PATCH", "/connections/{conn}", `{"name":"c2","schedule":{"scheduleType":"manual"},"namespaceDefinition":"custom_format","namespaceFormat":"x_${SOURCE_NAMESPACE}"}`, 200, ""},
		{"createJob", "POST", "/jobs", `{"connectionId":"{conn}","jobType":"sync"}`, 200, "job=jobId"},
		{"listJobs", "GET", "/jobs?connectionId={conn}&orderBy=createdAt%7CDESC&limit=1&jobType=sync&status=pending", "", 200, ""},
		{"getJob", "GET", "/jobs/{job}", "", 200, ""},
		{"cancelJob", "DELETE", "/jobs/{job}", "", 200, ""},
		{"deleteTag", "DELETE", "/tags/{tag}", "", 204, ""},
		{"deleteConnection", "DELETE", "/connections/{conn}", "", 204, ""},
		{"deleteSource", "DELETE", "/sources/{source}", "", 204, ""},
		{"deleteDestination", "DELETE", "/destinations/{dest}", "", 204, ""},

		{"listPermissions", "GET", "/permissions?userId={member}", "", 200, ""},
		{"createPermission", "POST", "/permissions", `{"permissionType":"workspace_reader","userId":"{member}","workspaceId":"{ws}"}`, 200, "perm=permissionId"},
		{"getPermission", "GET", "/permissions/{perm}", "", 200, ""},
		{"updatePermission", "PATCH", "/permissions/{perm}", `{"permissionType":"workspace_editor"}`, 200, ""},
		{"deletePermission", "DELETE", "/permissions/{perm}", "", 204, ""},

		{"createGroup", "POST", "/groups", `{"name":"ops","organizationId":"{org}"}`, 200, "group=groupId"},
		{"listGroups", "GET", "/groups?organizationId={org}", "", 200, ""},
		{"getGroup", "GET", "/groups/{group}", "", 200, ""},
		{"updateGroup", "PATCH", "/groups/{group}", `{"description":"who is on call"}`, 200, ""},
		{"addGroupMember", "POST", "/groups/{group}/members", `{"userId":"{member}"}`, 201, ""},
		{"listGroupMembers", "GET", "/groups/{group}/members?limit=1", "", 200, ""},
		{"removeGroupMember", "DELETE", "/groups/{group}/members/{member}", "", 204, ""},
		{"createGroupPermission", "POST", "/groups/{group}/permissions", `{"permissionType":"organization_reader","organizationId":"{org}"}`, 201, "gperm=permissionId"},
		{"listGroupPermissions", "GET", "/groups/{group}/permissions", "", 200, ""},
		{"deleteGroupPermission", "DELETE", "/groups/{group}/permissions/{gperm}", "", 204, ""},
		{"deleteGroup", "DELETE", "/groups/{group}", "", 204, ""},

		{"createRegion", "POST", "/regions", `{"name":"EU","organizationId":"{org}"}`, 200, "eu=regionId"},
		{"listRegions", "GET", "/regions?organizationId={org}", "", 200, ""},
		{"getRegion", "GET", "/regions/{eu}", "", 200, ""},
		{"updateRegion", "PATCH", "/regions/{eu}", `{"enabled":false}`, 200, ""},
		{"createDataplane", "POST", "/dataplanes", `{"name":"one","regionId":"{eu}"}`, 200, "plane=dataplaneId"},
		{"listDataplanes", "GET", "/dataplanes?regionIds={eu}", "", 200, ""},
		{"getDataplane", "GET", "/dataplanes/{plane}", "", 200, ""},
		{"updateDataplane", "PATCH", "/dataplanes/{plane}", `{"name":"two"}`, 200, ""},
		{"deleteDataplane", "DELETE", "/dataplanes/{plane}", "", 200, ""},
		{"deleteRegion", "DELETE", "/regions/{eu}", "", 200, ""},

		{"listEmbeddedOrganizationsByUser", "GET", "/embedded/organizations", "", 200, ""},
		{"generateEmbeddedScopedToken", "POST", "/embedded/scoped_token", `{"workspaceId":"{ws}"}`, 200, ""},
		{"getEmbeddedWidget", "POST", "/embedded/widget_token", `{"organizationId":"{org}","externalUserId":"u","allowedOrigin":"https://example.com"}`, 200, ""},
	}
	fill := func(s string) string {
		for name, value := range names {
			s = strings.ReplaceAll(s, "{"+name+"}", value)
		}
		return s
	}
	for _, s := range steps {
		if s.operation == "oauthCallback" {
			_, state, _ := strings.Cut(names["consent"], "state=")
			names["state"] = state
		}
		status, body, err := do(t.Context(), c, f.APIKey(), s.method, f.BaseURL()+fill(s.path), fill(s.body))
		if err != nil {
			t.Fatal(err)
		}
		if status != s.status {
			t.Fatalf("%s: %s %s: %d %s", s.operation, s.method, fill(s.path), status, body)
		}
		if name, key, ok := strings.Cut(s.keep, "="); ok {
			names[name] = fmt.Sprint(decodeNumbers(t, body)[key])
		}
	}
	doc, err := document()
	if err != nil {
		t.Fatal(err)
	}
	if n := len(doc.Operations()); n != 91 {
		t.Errorf("%d operations in the document", n)
	}
	for _, id := range doc.Operations() {
		if f.Log().Count(id) == 0 {
			t.Errorf("%s was not called", id)
		}
	}
	// None of them lets in a stranger, and none breaks on ids that do not exist.
	for _, s := range steps {
		path := fill(s.path)
		if status, body, err := do(t.Context(), c, "wrong", s.method, f.BaseURL()+path, fill(s.body)); err != nil {
			t.Fatal(err)
		} else if !open[s.method+" "+s.path] && s.operation != "oauthCallback" && (status != 401 || !strings.Contains(body, "_embedded")) {
			t.Errorf("%s without credentials: %d %s", s.operation, status, body)
		}
	}
}

// Ids that do not exist answer 403 everywhere, or 404, and never an error of the fake's own.
func TestUnknownIDs(t *testing.T) {
	const nobody = "2f1b5e61-75e2-4c06-8d63-0b8d7a0f1f11"
	for name, opts := range map[string][]Option{"403": nil, "404": {Without(ForbiddenUnknown)}} {
		t.Run(name, func(t *testing.T) {
			f := New(t, append(opts, Tolerate(func(v *servicetest.Violation) bool { return v.Direction == servicetest.Request }))...)
			for _, request := range []string{
				"GET /workspaces/" + nobody, "PATCH /workspaces/" + nobody + " {}", "DELETE /workspaces/" + nobody,
				"GET /sources/" + nobody, "DELETE /sources/" + nobody, `PUT /sources/` + nobody + ` {"name":"n","configuration":{}}`,
				"GET /destinations/" + nobody, "PATCH /destinations/" + nobody + " {}",
				"GET /connections/" + nobody, "PATCH /connections/" + nobody + " {}", "DELETE /connections/" + nobody,
				`POST /jobs {"jobType":"sync","connectionId":"` + nobody + `"}`, "GET /jobs?connectionId=" + nobody,
				"GET /streams?sourceId=" + nobody, "GET /tags/" + nobody, "GET /groups/" + nobody, "GET /regions/" + nobody,
				"GET /dataplanes/" + nobody, "GET /permissions/" + nobody, "GET /applications/" + nobody,
				"GET /users?organizationId=" + nobody, "GET /regions?organizationId=" + nobody,
				"GET /workspaces/" + nobody + "/definitions/sources", "GET /workspaces/" + f.WorkspaceID() + "/definitions/destinations/" + nobody,
				`POST /sources {"name":"n","workspaceId":"` + nobody + `","configuration":{"sourceType":"faker"}}`,
			} {
				method, rest, _ := strings.Cut(request, " ")
				path, body, _ := strings.Cut(rest, " ")
				if status, answer := call(t, f, method, path, body); fmt.Sprint(status) != name {
					t.Errorf("%s: %d %s", request, status, answer)
				}
			}
		})
	}
}
