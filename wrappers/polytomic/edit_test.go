package polytomic

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/oapi-codegen/nullable"

	"github.com/sluice-sdk/sluice/gen/polytomicapi"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

const bulkSync = `{"id":"b1","name":"old","active":true,"mode":"replicate","source_connection_id":"src","destination_connection_id":"dst",
	"destination_configuration":{"schema":"raw","limit":9007199254740993},"source_configuration":{"slot":12345678901234567890},
	"default_schedule":{"id":"d1","frequency":"daily","hour":"5","created_at":"2026-01-01T00:00:00Z","created_by":{"id":"u"}},
	"additional_schedules":[{"id":"a1","frequency":"weekly","schemas":["users"],"resync_mode":"rebuild"}],
	"policies":["p1"],"concurrency_limit":3,"created_at":"2026-01-01T00:00:00Z"}`

// N6: what is not touched is sent as it was read, schemas and their fields included, and numbers exactly.
func TestN6UpdateBulkSync(t *testing.T) {
	client, a := scripted(t, map[string]script{
		"getBulkSync":         ok(data(bulkSync)),
		"listBulkSyncSchemas": ok(data(`[{"id":"users","enabled":true},{"id":"orders","enabled":false},{"id":"public.items","enabled":true}]`)),
		"getBulkSyncSchema": func(c call) reply {
			return reply{body: dataf(`{"id":%q,"enabled":true,"partition_key":"day","filters":[{"field_id":"f1","function":"Equality","value":18014398509481985}],
				"fields":[{"id":"f1","enabled":true,"obfuscated":true},{"id":"f2","enabled":false}]}`, c.path["schema_id"])}
		},
		"updateBulkSync": ok(data(`{"id":"b1","name":"new"}`)),
	})
	sync := client.BulkSync("b1")
	err := sync.Update(t.Context(), func(r *polytomicapi.UpdateBulkSyncRequest) error {
		r.Name = "new"
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	put := a.asked("updateBulkSync")[0]
	for _, exact := range []string{"9007199254740993", "12345678901234567890", "18014398509481985"} {
		if !strings.Contains(put.body, exact) {
			t.Errorf("%s was not sent as it was read: %s", exact, put.body)
		}
	}
	schema := func(id string) map[string]any {
		return map[string]any{"id": id, "enabled": true, "partition_key": "day",
			"filters": []any{map[string]any{"field_id": "f1", "function": "Equality", "value": 18014398509481985.0}},
			"fields":  []any{map[string]any{"id": "f1", "enabled": true, "obfuscate": true}, map[string]any{"id": "f2", "enabled": false}}}
	}
	want := map[string]any{
		"name": "new", "active": true, "mode": "replicate", "source_connection_id": "src", "destination_connection_id": "dst",
		"destination_configuration": map[string]any{"schema": "raw", "limit": 9007199254740993.0}, "source_configuration": map[string]any{"slot": 12345678901234567890.0},
		"default_schedule":     map[string]any{"id": "d1", "frequency": "daily", "hour": "5"},
		"additional_schedules": []any{map[string]any{"id": "a1", "frequency": "weekly", "schemas": []any{"users"}, "resync_mode": "rebuild"}},
		"policies":             []any{"p1"}, "concurrency_limit": 3.0, "schemas": []any{schema("users"), schema("public.items")},
	}
	if diff := cmp.Diff(want, put.object(t)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if name, err := sync.Name(t.Context()); err != nil || name != "new" {
		t.Errorf("the handle says %q, %v", name, err)
	}

	// Nothing is sent when the change fails, drops the schemas, or stores a mask.
	boom := errors.New("boom")
	for name, tt := range map[string]struct {
		change func(*polytomicapi.UpdateBulkSyncRequest) error
		want   error
	}{
		"fails":      {func(*polytomicapi.UpdateBulkSyncRequest) error { return boom }, boom},
		"no schemas": {func(r *polytomicapi.UpdateBulkSyncRequest) error { r.Schemas = nil; return nil }, apierr.ErrInvalid},
		"null schemas": {func(r *polytomicapi.UpdateBulkSyncRequest) error {
			r.Schemas = nullable.NewNullNullable[[]polytomicapi.UpdateBulkSyncRequestSchemasItem]()
			return nil
		}, apierr.ErrInvalid},
		"mask": {func(r *polytomicapi.UpdateBulkSyncRequest) error {
			r.DestinationConfiguration["password"] = "********"
			return nil
		}, ErrMaskedSecret},
		"no name": {func(r *polytomicapi.UpdateBulkSyncRequest) error { r.Name = ""; return nil }, apierr.ErrInvalid},
	} {
		if err := sync.Update(t.Context(), tt.change); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
	if n := len(a.asked("updateBulkSync")); n != 1 {
		t.Errorf("%d updates were sent", n)
	}
}

// N6: a schema that is changed without its fields keeps them.
func TestN6ChangeSchemas(t *testing.T) {
	client, a := scripted(t, map[string]script{
		"getBulkSyncSchema":    ok(data(`{"id":"users","fields":[{"id":"f1","enabled":false}]}`)),
		"patchBulkSyncSchemas": ok(`{"data":null}`),
	})
	users, orders, on := "users", "orders", true
	if _, err := client.BulkSync("b1").ChangeSchemas(t.Context(), polytomicapi.BulkSchema{ID: &users, Enabled: &on},
		polytomicapi.BulkSchema{ID: &orders, Fields: []polytomicapi.BulkField{{ID: &users, Enabled: &on}}}); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"schemas": []any{
		map[string]any{"id": "users", "enabled": true, "fields": []any{map[string]any{"id": "f1", "enabled": false}}},
		map[string]any{"id": "orders", "fields": []any{map[string]any{"id": "users", "enabled": true}}},
	}}
	if diff := cmp.Diff(want, a.asked("patchBulkSyncSchemas")[0].object(t)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if n := len(a.asked("getBulkSyncSchema")); n != 1 {
		t.Errorf("%d schemas were read, want 1", n)
	}
	if _, err := client.BulkSync("b1").ChangeSchemas(t.Context(), polytomicapi.BulkSchema{}); !errors.Is(err, apierr.ErrInvalid) {
		t.Errorf("a schema without an id: %v", err)
	}
}

func TestN6Schedule(t *testing.T) {
	client, a := scripted(t, map[string]script{
		"getBulkSyncSchedule":    ok(data(`{"frequency":"daily","hour":"5","minute":"30","createdAt":"2026-01-01T00:00:00Z"}`)),
		"updateBulkSyncSchedule": ok(data(`{"frequency":"daily"}`)),
	})
	six := "6"
	if _, err := client.BulkSync("b1").UpdateSchedule(t.Context(), "d1", func(s *polytomicapi.BulkSyncScheduleAPI) error { s.Hour = &six; return nil }); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"schedule": map[string]any{"frequency": "daily", "hour": "6", "minute": "30"}}
	if diff := cmp.Diff(want, a.asked("updateBulkSyncSchedule")[0].object(t)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	a.script("getBulkSyncSchedule", ok(data(`{"frequency":"daily","schemas":["users"]}`)))
	_, err := client.BulkSync("b1").UpdateSchedule(t.Context(), "d1", func(*polytomicapi.BulkSyncScheduleAPI) error { return nil })
	if !errors.Is(err, apierr.ErrInvalid) || !strings.Contains(err.Error(), "AdditionalSchedules") {
		t.Errorf("a schedule with schemas: %v", err)
	}
}

// N6: an update of a connection needs every secret anew, whatever a mask looks like.
func TestN6UpdateConnection(t *testing.T) {
	client, a := scripted(t, map[string]script{
		"getConnection": ok(data(`{"id":"c1","name":"warehouse","type":{"id":"postgresql","name":"PostgreSQL"},"status":"healthy","policies":["p"],
			"configuration":{"hostname":"db","port":5432,"password":"(set)","ssh":{"private_key":"(set)","host":"h"},"account":12345678901234567,"oauth_token_expiry":"2026"}}`)),
		"getConnectionTypeSchema": ok(`{"type":"object","properties":{"hostname":{"type":"string"},"password":{"type":"string","sensitive":true},
			"oauth_token_expiry":{"readOnly":true},"ssh":{"oneOf":[{"properties":{"private_key":{"sensitive":true},"host":{}},"additionalProperties":false}]}},"additionalProperties":false}`),
		"updateConnection": ok(data(`{"id":"c1","name":"renamed"}`)),
	})
	connection := client.Connection("c1")
	rename := func(r *polytomicapi.UpdateConnectionRequestSchema) error { r.Name = "renamed"; return nil }
	err := connection.Update(t.Context(), rename)
	if !errors.Is(err, ErrMaskedSecret) || !strings.Contains(err.Error(), "password") || !strings.Contains(err.Error(), "ssh.private_key") {
		t.Errorf("%v, want both secrets named", err)
	}
	if len(a.asked("updateConnection")) != 0 {
		t.Fatal("an update was sent")
	}
	err = connection.Update(t.Context(), func(r *polytomicapi.UpdateConnectionRequestSchema) error {
		r.Configuration["password"] = "s3cret"
		delete(r.Configuration, "ssh")
		return rename(r)
	})
	if err != nil {
		t.Fatal(err)
	}
	put := a.asked("updateConnection")[0]
	want := map[string]any{"name": "renamed", "type": "postgresql", "policies": []any{"p"},
		"configuration": map[string]any{"hostname": "db", "port": 5432.0, "password": "s3cret", "account": 12345678901234567.0}}
	if diff := cmp.Diff(want, put.object(t)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if !strings.Contains(put.body, "12345678901234567") {
		t.Errorf("a number changed: %s", put.body)
	}
	a.script("updateConnection", status(422, `{"message":"password s3cret is wrong","status":422}`))
	err = connection.Update(t.Context(), func(r *polytomicapi.UpdateConnectionRequestSchema) error {
		r.Configuration["password"] = "s3cret-value"
		delete(r.Configuration, "ssh")
		return nil
	})
	if err == nil || strings.Contains(err.Error(), "s3cret-value") {
		t.Errorf("%v", err)
	}
}

// Secrets in lists, as the headers of a connection to an API have them, are recognized wherever they stand in the list.
func TestN6UpdateConnectionWithSecretsInLists(t *testing.T) {
	client, a := scripted(t, map[string]script{
		"getConnection": ok(data(`{"id":"c1","name":"api","type":{"id":"api","name":"API"},"configuration":{"url":"https://x.example.com",
			"headers":[{"name":"A","value":"(set)"},{"name":"B","value":""}],"keys":["(set)"]}}`)),
		"getConnectionTypeSchema": ok(`{"properties":{"headers":{"type":"array","items":{"properties":{"name":{"type":"string"},"value":{"sensitive":true}}}},
			"keys":{"items":{"type":"string","sensitive":true}}}}`),
		"updateConnection": ok(data(`{"id":"c1"}`)),
	})
	update := func(headers, keys []any) error {
		return client.Connection("c1").Update(t.Context(), func(r *polytomicapi.UpdateConnectionRequestSchema) error {
			if headers != nil {
				r.Configuration["headers"], r.Configuration["keys"] = headers, keys
			}
			return nil
		})
	}
	header := func(name, value string) any { return map[string]any{"name": name, "value": value} }
	if err := update(nil, nil); !errors.Is(err, ErrMaskedSecret) || !strings.Contains(err.Error(), "headers[].value") || !strings.Contains(err.Error(), "keys[]") {
		t.Errorf("%v, want both secrets named", err)
	}
	if err := update([]any{header("B", ""), header("A", "(set)")}, []any{"new"}); !errors.Is(err, ErrMaskedSecret) || strings.Contains(err.Error(), "keys") {
		t.Errorf("%v, want the header that moved", err)
	}
	if err := update([]any{header("B", ""), header("A", "s3cret")}, []any{"new"}); err != nil {
		t.Error(err)
	}
	if n := len(a.asked("updateConnection")); n != 1 {
		t.Errorf("%d updates were sent", n)
	}
}

func TestN6UpdateModelSync(t *testing.T) {
	client, a := scripted(t, map[string]script{
		"getModelSync": ok(data(`{"id":"m1","name":"old","mode":"updateOrCreate","active":true,"encryption_passphrase":"••••••",
			"fields":[{"target":"email","source":{"field":"email","model_id":"mo"}}],"filters":[{"field_id":"f","function":"Equality","value":9007199254740993}],
			"identity":{"target":"email","function":"Equality","source":{"field":"email","model_id":"mo"}},"schedule":{"frequency":"manual"},
			"target":{"connection_id":"t1","object":"contacts"},"model_ids":["mo"],"updated_by":{"id":"u"}}`)),
		"updateModelSync": ok(data(`{"id":"m1","name":"new"}`)),
	})
	rename := func(r *polytomicapi.UpdateSyncRequest) error { r.Name = "new"; return nil }
	if err := client.ModelSync("m1").Update(t.Context(), rename); !errors.Is(err, ErrMaskedSecret) || !strings.Contains(err.Error(), "encryption_passphrase") {
		t.Fatalf("%v", err)
	}
	err := client.ModelSync("m1").Update(t.Context(), func(r *polytomicapi.UpdateSyncRequest) error {
		phrase := "correct horse"
		r.EncryptionPassphrase = &phrase
		return rename(r)
	})
	if err != nil {
		t.Fatal(err)
	}
	put := a.asked("updateModelSync")[0]
	source := map[string]any{"field": "email", "model_id": "mo"}
	want := map[string]any{"name": "new", "mode": "updateOrCreate", "active": true, "encryption_passphrase": "correct horse",
		"fields":   []any{map[string]any{"target": "email", "source": source}},
		"filters":  []any{map[string]any{"field_id": "f", "function": "Equality", "value": 9007199254740993.0}},
		"identity": map[string]any{"target": "email", "function": "Equality", "source": source},
		"schedule": map[string]any{"frequency": "manual"}, "target": map[string]any{"connection_id": "t1", "object": "contacts"}}
	if diff := cmp.Diff(want, put.object(t)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// N6: what is compared with null, or overridden by it, still is after an update; what has no value gets none, and no digit of a
// number is lost.
func TestN6UpdateKeepsNulls(t *testing.T) {
	const (
		equality = `{"field_id":"a","function":"Equality","value":null}`
		exists   = `{"field_id":"b","function":"IsNotNull"}`
		list     = `{"field_id":"c","function":"InSet","value":[null,123456789012345678901234567890,{"x":null}]}`
		number   = `{"field_id":"d","function":"Equality","value":1.10}`
		nulled   = `{"field_id":"e","override":null,"value":null}`
		wrapped  = `{"field_id":"f","override":{"x":null}}`
	)
	filters := "[" + equality + "," + exists + "," + list + "," + number + "]"
	client, a := scripted(t, map[string]script{
		"getModelSync": ok(dataf(`{"id":"m1","name":"old","mode":"update","fields":[],"schedule":{"frequency":"manual"},"target":{"connection_id":"t1"},
			"filters":%s,"overrides":[%s,%s],"encryption_passphrase":null}`, filters, nulled, wrapped)),
		"updateModelSync": ok(data(`{"id":"m1"}`)),
		"getBulkSync": ok(data(`{"id":"b1","name":"old","mode":"replicate","source_connection_id":"s","destination_connection_id":"d",
			"default_schedule":{"frequency":"manual"}}`)),
		"listBulkSyncSchemas":  ok(data(`[{"id":"users","enabled":true}]`)),
		"getBulkSyncSchema":    ok(dataf(`{"id":"users","enabled":true,"filters":%s}`, filters)),
		"updateBulkSync":       ok(data(`{"id":"b1"}`)),
		"updateBulkSyncSchema": ok(data(`{"id":"users"}`)),
	})
	sent := func(operation string, want ...string) {
		t.Helper()
		if body := a.asked(operation)[0].body; slices.ContainsFunc(want, func(part string) bool { return !strings.Contains(body, part) }) {
			t.Errorf("%s sent %s, want all of %s", operation, body, want)
		}
	}
	err := client.ModelSync("m1").Update(t.Context(), func(r *polytomicapi.UpdateSyncRequest) error {
		read := r.Filters.MustGet()
		if raw, ok := read[0].Value.(json.RawMessage); !ok || string(raw) != "null" || read[1].Value != nil || r.EncryptionPassphrase != nil {
			t.Errorf("read %#v", read)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	sent("updateModelSync", `"filters":`+filters, `"overrides":[`+nulled+","+wrapped+"]")
	if err := client.BulkSync("b1").Update(t.Context(), func(*polytomicapi.UpdateBulkSyncRequest) error { return nil }); err != nil {
		t.Fatal(err)
	}
	sent("updateBulkSync", `"filters":`+filters)
	if _, err := client.BulkSync("b1").UpdateSchema(t.Context(), "users", func(*polytomicapi.UpdateBulkSchema) error { return nil }); err != nil {
		t.Fatal(err)
	}
	sent("updateBulkSyncSchema", `"filters":`+filters)
}

func TestN6UpdateModel(t *testing.T) {
	model := `{"id":"mo","name":"users","connection_id":"c","type":"query","version":4,"configuration":{"query":"select 1","limit":9007199254740993},
		"fields":[{"name":"email","label":"Email","type":"string"},{"name":"score","label":"Score","type":"number","user_added":true,"example":"7"}],
		"identifier":"email","relations":[{"from":"a","to":{"field":"b","model_id":"x"}}],"tracking_columns":["t"],"labels":%s}`
	client, a := scripted(t, map[string]script{
		"getModel": ok(dataf(model, "null")), "updateModel": ok(`{"job":{"job_id":"j","type":"updatemodel","status":"done","result":{"id":"mo","name":"people"}}}`),
	})
	m := client.Model("mo")
	rename := func(r *polytomicapi.UpdateModelRequest) error { r.Name = "people"; return nil }
	a.script("getJob", ok(data(`{"job_id":"j","type":"updatemodel","status":"done","result":{"id":"mo","name":"people"}}`)))
	if err := m.Update(t.Context(), rename); err != nil {
		t.Fatal(err)
	}
	put := a.asked("updateModel")[0]
	want := map[string]any{"name": "people", "connection_id": "c", "configuration": map[string]any{"query": "select 1", "limit": 9007199254740993.0},
		"fields": []any{"email"}, "additional_fields": []any{map[string]any{"name": "score", "label": "Score", "type": "number", "example": "7"}},
		"identifier": "email", "relations": []any{map[string]any{"from": "a", "to": map[string]any{"field": "b", "model_id": "x"}}}, "tracking_columns": []any{"t"}}
	if diff := cmp.Diff(want, put.object(t)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	a.script("getModel", ok(dataf(model, `[{"name":"gold"}]`)))
	if err := m.Update(t.Context(), rename); !errors.Is(err, apierr.ErrInvalid) || !strings.Contains(err.Error(), "labels") {
		t.Errorf("a model with labels: %v", err)
	}
}

func TestLooksMasked(t *testing.T) {
	for text, want := range map[string]bool{
		"": false, "***": true, "**": false, "********": true, "••••••": true, "sk_live_****1234": true, "[REDACTED]": true, "<hidden>": true,
		"select a*b": false, "2**3": false, "a * b * c": false, "password": false, "redacted text": false, "/**** users ****/ select 1": false,
	} {
		if looksMasked(text) != want {
			t.Errorf("looksMasked(%q) = %t", text, !want)
		}
	}
}

// The ways to write a map into a URL.
func TestMapQuery(t *testing.T) {
	for way, want := range map[MapQuery]map[string][]string{
		MapQueryIndexed:  {"params[table][0]": {"users"}, "params[table][1]": {"orders"}},
		MapQueryBrackets: {"params[table]": {"users", "orders"}},
		MapQueryJSON:     {"params": {`{"table":["users","orders"]}`}},
	} {
		client, a := scripted(t, map[string]script{"getModelSyncSource": ok(data(`{}`)), "listBulkSyncSchemas": ok(`{}`)}, WithMapQuery(way))
		if _, err := client.Connection("c").ModelSource(t.Context(), map[string][]string{"table": {"users", "orders"}}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, a.calls[0].query); diff != "" {
			t.Errorf("way %d -want +got\n%s", way, diff)
		}
		if _, err := collect(client.BulkSync("b").Schemas(t.Context(), map[string]string{"enabled": "true"})); err != nil {
			t.Fatal(err)
		}
		single := map[string][]string{"filters[enabled]": {"true"}}
		if way == MapQueryJSON {
			single = map[string][]string{"filters": {`{"enabled":"true"}`}}
		}
		if diff := cmp.Diff(single, a.calls[1].query); diff != "" {
			t.Errorf("way %d, filters -want +got\n%s", way, diff)
		}
	}
}

func TestS5NoDeprecatedConnectType(t *testing.T) {
	client, a := scripted(t, map[string]script{"createConnectSession": ok(data(`{"redirect_url":"https://x","token":"t"}`))})
	if _, err := client.Connect(t.Context(), ConnectRequest{Name: "n", RedirectURL: "https://x.example.com", Whitelist: []string{"hubspot", "salesforce"}}); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"name": "n", "redirect_url": "https://x.example.com", "whitelist": []any{"hubspot", "salesforce"}}
	if diff := cmp.Diff(want, a.calls[0].object(t)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}
