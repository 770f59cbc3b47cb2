package airbytetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sdk/sluice/gen/airbyteapi"
)

func TestCron(t *testing.T) {
	f := New(t)
	conn := f.AddConnection()
	for expression, want := range map[string]string{ // what a connection answers, or the problem
		"0 0 6 * * ?":          "0 0 6 * * ? UTC",
		"0 0 6 * * ? UTC":      "0 0 6 * * ? UTC",
		"0 30 */2 ? * MON-FRI": "0 30 */2 ? * MON-FRI UTC",
		"0 15 10 L * ? 2027":   "0 15 10 L * ? 2027 UTC",
		"0 0 12 ? * 6#3":       "0 0 12 ? * 6#3 UTC",
		"0 6 * * *":            "error:cron-validation/invalid-expression",
		"0 0 6 * * *":          "error:cron-validation/invalid-expression",
		"0 0 6 ? * ?":          "error:cron-validation/invalid-expression",
		"* 0 6 * * ?":          "error:cron-validation/invalid-expression",
		"0 61 6 * * ?":         "error:cron-validation/invalid-expression",
		"0 0 6 * FOO ?":        "error:cron-validation/invalid-expression",
		"nonsense":             "error:cron-validation/invalid-expression",
		"0 */5 * * * ?":        "error:cron-validation/under-one-hour-not-allowed",
		" ":                    "error:cron-validation/missing-cron-data",
	} {
		status, body := call(t, f, "PATCH", "/connections/"+conn.ID, fmt.Sprintf(`{"schedule":{"scheduleType":"cron","cronExpression":%q}}`, expression))
		var got string
		if status == 200 {
			got = *decode[airbyteapi.ConnectionResponse](t, body).Schedule.CronExpression
		} else {
			got = *decode[airbyteapi.ErrorResponse](t, body).Type
		}
		if got != want {
			t.Errorf("%q: %d %s, want %s", expression, status, got, want)
		}
	}
	basic := f.AddConnection(BasicSchedule("Every 24 HOURS"))
	_, body := call(t, f, "GET", "/connections/"+basic.ID, "")
	if s := decode[airbyteapi.ConnectionResponse](t, body).Schedule; s.ScheduleType != "basic" || *s.BasicTiming != "Every 24 HOURS" {
		t.Errorf("%+v", s)
	}
}

func TestConnectionDefaults(t *testing.T) {
	f := New(t)
	source, destination := f.AddSource(), f.AddDestination()
	status, body := call(t, f, "POST", "/connections", `{"sourceId":"`+source+`","destinationId":"`+destination+`"}`)
	if status != 200 {
		t.Fatal(status, body)
	}
	c := decode[airbyteapi.ConnectionResponse](t, body)
	var streams []string
	for _, s := range c.Configurations.Streams {
		streams = append(streams, s.Name+" "+string(*s.SyncMode))
	}
	got := fmt.Sprintf("%s %s %s %q %s %v", c.Status, c.Schedule.ScheduleType, *c.NamespaceDefinition, *c.Prefix, *c.NonBreakingSchemaUpdatesBehavior, streams)
	if want := `active manual destination "" ignore [users full_refresh_overwrite orders full_refresh_overwrite]`; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	if c.CreatedAt < time.Now().Add(-time.Minute).Unix() || c.CreatedAt > time.Now().Unix() {
		t.Errorf("created at %d: not in seconds", c.CreatedAt)
	}
}

func TestStreamSelection(t *testing.T) {
	f := New(t)
	source := f.AddSource(Streams(
		Stream{Name: "users", Fields: []Field{{"id", IntegerField}, {"at", TimestampField}}, SourceDefinedPrimaryKey: [][]string{{"id"}}, SourceDefinedCursor: []string{"at"}},
		Stream{Name: "logs", Namespace: "app", Fields: []Field{{"line", StringField}, {"n", IntegerField}}},
		Stream{Name: "snapshot", Fields: []Field{{"x", StringField}}, FullRefreshOnly: true},
	))
	conn := f.AddConnection(From(source))
	for streams, want := range map[string]string{
		`{"name":"users","syncMode":"incremental_deduped_history"}`:                                   "",
		`{"name":"users","syncMode":"incremental_append","cursorField":["at"],"primaryKey":[["id"]]}`: "",
		`{"name":"users","cursorField":["id"]}`:                                                       "already defined by the source",
		`{"name":"users","primaryKey":[["at"]]}`:                                                      "already defined by the source",
		`{"name":"logs","namespace":"app","syncMode":"incremental_append","cursorField":["n"]}`:       "",
		`{"name":"logs","syncMode":"incremental_append"}`:                                             "No default cursor",
		`{"name":"logs","syncMode":"incremental_deduped_history","cursorField":["n"]}`:                "No default primary key",
		`{"name":"logs","syncMode":"incremental_append","cursorField":["nope"]}`:                      "Invalid cursor field",
		`{"name":"snapshot","syncMode":"incremental_append","cursorField":["x"]}`:                     "Cannot set sync mode",
		`{"name":"nope"}`: "Invalid stream",
		`{"name":"users"},{"name":"users","syncMode":"full_refresh_append"}`: "Duplicate stream",
		`{"name":"users","selectedFields":[{"fieldPath":["id"]}]}`:           "",
		`{"name":"users","selectedFields":[{"fieldPath":["id","nested"]}]}`:  "Invalid selected field",
	} {
		status, body := call(t, f, "PATCH", "/connections/"+conn.ID, `{"configurations":{"streams":[`+streams+`]}}`)
		if want == "" && status != 200 || want != "" && (status != 400 || !strings.Contains(body, want)) {
			t.Errorf("%s: %d %s, want %q", streams, status, body, want)
		}
	}
	status, body := call(t, f, "GET", "/streams?sourceId="+source, "")
	if status != 200 || strings.Contains(body, "overwrite_deduped") {
		t.Errorf("%d %s", status, body)
	}
}

func TestLockedConnection(t *testing.T) {
	f := New(t)
	conn := f.AddConnection(WithStatus("locked"))
	status, body := call(t, f, "PATCH", "/connections/"+conn.ID, `{"name":"x"}`)
	if status != 409 || *decode[airbyteapi.ErrorResponse](t, body).Type != "error:connection/locked" {
		t.Errorf("%d %s", status, body)
	}
}

func TestNullWorkspace(t *testing.T) {
	f := New(t)
	conn := f.AddConnection(NullWorkspace())
	if _, body := call(t, f, "GET", "/connections/"+conn.ID, ""); !strings.Contains(body, `"workspaceId":"null"`) {
		t.Error(body)
	}
}

func TestSecrets(t *testing.T) {
	f := New(t)
	id := f.AddDestination(Definition(DestinationSnowflake), Configuration(map[string]any{
		"host": "h", "credentials": map[string]any{"auth_type": "Username and Password", "password": "s3cret"},
		"list": []any{map[string]any{"api_key": "s3cret", "plain": "x"}},
	}))
	_, body := call(t, f, "GET", "/destinations/"+id, "")
	want := map[string]any{
		"host": "h", "credentials": map[string]any{"auth_type": "Username and Password", "password": mask},
		"list": []any{map[string]any{"api_key": mask, "plain": "x"}},
	}
	if diff := cmp.Diff(want, map[string]any(decode[airbyteapi.DestinationResponse](t, body).Configuration)); diff != "" {
		t.Error(diff)
	}
	if _, body = call(t, f, "GET", "/destinations/"+id+"?includeSecretCoordinates=true", ""); strings.Contains(body, "s3cret") || strings.Count(body, "secret_coordinate::") != 2 {
		t.Error(body)
	}
	// PATCH merges, so that keys of another choice stay; PUT replaces.
	call(t, f, "PATCH", "/destinations/"+id, `{"configuration":{"credentials":{"auth_type":"Key Pair Authentication","private_key":"k"}}}`)
	_, body = call(t, f, "GET", "/destinations/"+id, "")
	credentials := decode[airbyteapi.DestinationResponse](t, body).Configuration["credentials"].(map[string]any)
	if len(credentials) != 3 || credentials["password"] != mask || credentials["private_key"] != mask {
		t.Errorf("after a PATCH: %v", credentials)
	}
	call(t, f, "PUT", "/destinations/"+id, `{"name":"n","configuration":{"credentials":{"private_key":"**********"},"destinationType":"snowflake"}}`)
	f.mu.Lock()
	stored := f.connectorByID[id].configuration
	f.mu.Unlock()
	if diff := cmp.Diff(map[string]any{"credentials": map[string]any{"private_key": "k"}}, stored); diff != "" {
		t.Errorf("after a PUT: %s", diff)
	}
}

func TestTypeOnCreate(t *testing.T) {
	f := New(t)
	for body, want := range map[string]int{
		`"configuration":{"sourceType":"postgres","host":"h"}`:                 200,
		`"definitionId":"` + SourcePostgres + `","configuration":{"host":"h"}`: 200,
		`"configuration":{"sourceType":"nope"}`:                                400,
		`"configuration":{"host":"h"}`:                                         422,
		`"definitionId":"` + DestinationDuckDB + `","configuration":{}`:        404,
	} {
		status, answer := call(t, f, "POST", "/sources", `{"name":"n","workspaceId":"`+f.WorkspaceID()+`",`+body+`}`)
		if status != want || status == 200 && (strings.Contains(answer, `"sourceType":"postgres","host"`) || !strings.Contains(answer, SourcePostgres)) {
			t.Errorf("%s: %d %s", body, status, answer)
		}
		if status == 200 {
			if _, inside := decode[airbyteapi.SourceResponse](t, answer).Configuration["sourceType"]; inside {
				t.Errorf("the type is inside the configuration: %s", answer)
			}
		}
	}
	cloud := New(t, WithEdition(Cloud))
	if status, _ := call(t, cloud, "POST", "/sources", `{"name":"n","workspaceId":"`+cloud.WorkspaceID()+`","configuration":{"sourceType":"postgres"},"resourceAllocation":{"default":{"cpu_limit":"1"}}}`); status != 400 {
		t.Errorf("resource allocation on Cloud: %d", status)
	}
}

func TestListsAreFilteredAndPaged(t *testing.T) {
	f := New(t, Without(UnstableLists))
	second := f.AddWorkspace("second")
	for range 25 {
		f.AddConnection()
		f.AddConnection(Within(second))
	}
	gone := f.AddConnection()
	if status, _ := call(t, f, "DELETE", "/connections/"+gone.ID, ""); status != 204 {
		t.Fatal(status)
	}
	count := func(path string) int {
		_, body := call(t, f, "GET", path, "")
		return len(decode[airbyteapi.ConnectionsResponse](t, body).Data)
	}
	for path, want := range map[string]int{
		"/connections": 20, "/connections?limit=100": 50, "/connections?limit=100&includeDeleted=true": 51,
		"/connections?limit=100&workspaceIds=" + second:                                      25,
		"/connections?limit=100&workspaceIds=" + second + "," + f.WorkspaceID():              50,
		"/connections?limit=100&workspaceIds=" + second + "&workspaceIds=" + f.WorkspaceID(): 50,
		"/connections?limit=10&offset=45":                                                    5, "/connections?limit=10&offset=50": 0,
		"/connections?limit=100&workspaceIds=2f1b5e61-75e2-4c06-8d63-0b8d7a0f1f11": 0, "/connections?limit=100&workspaceId=" + second: 50,
		"/sources?limit=100": 2, "/destinations?limit=100&workspaceIds=" + second: 1, "/workspaces": 2,
	} {
		if got := count(path); got != want {
			t.Errorf("%s: %d, want %d", path, got, want)
		}
	}
}

// Two fakes of one seed are the same; the order of lists is part of it.
func TestSeed(t *testing.T) {
	run := func(seed uint64) []string {
		f := New(t, WithSeed(seed))
		for range 10 {
			f.AddConnection()
		}
		_, body := call(t, f, "GET", "/connections", "")
		var ids []string
		for _, c := range decode[airbyteapi.ConnectionsResponse](t, body).Data {
			ids = append(ids, c.ConnectionID)
		}
		return ids
	}
	if a, b := run(3), run(3); !slices.Equal(a, b) {
		t.Error("one seed, two worlds")
	}
	if a, b := run(3), run(4); slices.Equal(a, b) {
		t.Error("two seeds, one world")
	}
}

func TestGroupsLookAhead(t *testing.T) {
	f := New(t)
	for i := range 3 {
		if status, body := call(t, f, "POST", "/groups", fmt.Sprintf(`{"name":"g%d","organizationId":"%s"}`, i, f.OrganizationID())); status != 200 {
			t.Fatal(status, body)
		}
	}
	_, body := call(t, f, "GET", "/groups?limit=2&organizationId="+f.OrganizationID(), "")
	if strings.Contains(body, `"next":null`) {
		t.Error(body)
	}
	_, body = call(t, f, "GET", "/groups?limit=2&offset=2&organizationId="+f.OrganizationID(), "")
	if !strings.Contains(body, `"next":null`) || strings.Contains(body, `"previous":null`) {
		t.Error(body)
	}
}
