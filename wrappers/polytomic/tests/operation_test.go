package tests_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/oapi-codegen/nullable"

	"github.com/sluice-sdk/sluice/gen/polytomicapi"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/job"
	"github.com/sluice-sdk/sluice/wrappers/polytomic"
	"github.com/sluice-sdk/sluice/wrappers/polytomic/polytomictest"
)

// count reads a list to its end and returns how long it is.
func count[T any](t *testing.T, list func(func(T, error) bool)) int {
	t.Helper()
	n := 0
	for _, err := range list {
		if err != nil {
			t.Error(err)
		}
		n++
	}
	return n
}

// S2: every operation of the document is called through the methods of the package, with requests and answers that fit the
// document, and does what it says.
func TestEveryOperation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		client, partner := clientOf(t, f), partnerOf(t, f)
		ctx := t.Context()
		do := func(what string, err error) {
			t.Helper()
			if err != nil {
				t.Errorf("%s: %v", what, err)
			}
		}
		connections(ctx, t, f, client, do)
		bulkSyncs(ctx, t, f, client, do)
		modelSyncs(ctx, t, f, client, do)
		organizations(ctx, t, f, client, partner, do)
		called := f.Requests()
		for line := range strings.SplitSeq(polytomicapi.Operations, "\n") {
			if id := strings.Fields(line)[2]; called[id] == 0 {
				t.Errorf("%s was never called", id)
			}
		}
	})
}

func connections(ctx context.Context, t *testing.T, f *polytomictest.Fake, client *polytomic.Client, do func(string, error)) {
	t.Helper()
	if count(t, client.ConnectionTypes(ctx)) == 0 {
		t.Error("there are no types")
	}
	schema, err := client.ConnectionTypeSchema(ctx, "postgresql")
	do("type", err)
	if schema["properties"] == nil {
		t.Errorf("the type has no properties: %v", schema)
	}
	_, err = client.ConnectionTypeParameterValues(ctx, "postgresql", "database", map[string]any{"hostname": "db"})
	do("type values", err)
	configuration := map[string]any{"hostname": "db.acme.test", "port": 5432, "database": "shop", "username": "sluice", "password": "hunter2-hunter2"}
	do("test", client.TestConnection(ctx, "postgresql", configuration))
	made, err := client.CreateConnection(ctx, polytomicapi.CreateConnectionRequestSchema{Name: "shop", Type: "postgresql", Configuration: configuration})
	if err != nil {
		t.Fatal(err)
	}
	do("healthy", made.WaitUntilHealthy(ctx))
	_, err = client.CreateBulkSync(ctx, polytomicapi.CreateBulkSyncRequest{Name: "early", SourceConnectionID: made.ID(), DestinationConnectionID: f.AddConnection().ID,
		Mode:            nullable.NewNullableWithValue(polytomicapi.BulkSyncTargetModeReplicate),
		DefaultSchedule: polytomicapi.BulkSyncDefaultScheduleRequest{Frequency: polytomicapi.ScheduleFrequencyManual}})
	if !errors.Is(err, polytomic.ErrSchemasNotReady) {
		t.Errorf("a sync of a fresh connection: %v", err)
	}
	do("schemas", made.WaitForSchemas(ctx))
	do("refresh", made.RefreshSchemas(ctx))
	do("test stored", made.Test(ctx, map[string]any{"port": 5433}))

	err = made.Update(ctx, func(r *polytomicapi.UpdateConnectionRequestSchema) error { r.Name = "store"; return nil })
	if !errors.Is(err, polytomic.ErrMaskedSecret) {
		t.Errorf("an update without its secrets: %v", err)
	}
	do("update", made.Update(ctx, func(r *polytomicapi.UpdateConnectionRequestSchema) error {
		r.Name, r.Configuration["password"] = "store", "hunter3-hunter3"
		return nil
	}))
	if stored := f.StoredConfiguration(made.ID()); stored["password"] != "hunter3-hunter3" || stored["hostname"] != "db.acme.test" {
		t.Errorf("stored: %v", stored)
	}
	if name, err := made.Name(ctx); err != nil || name != "store" {
		t.Errorf("%q, %v", name, err)
	}
	if count(t, client.Connections(ctx)) < 2 {
		t.Error("connections are missing")
	}
	_, err = made.ParameterValues(ctx)
	do("values", err)
	count(t, made.SharedConnections(ctx))

	source, err := made.BulkSource(ctx, true)
	do("bulk source", err)
	if source == nil || !source.Schemas.IsSpecified() {
		t.Error("the source has no schemas")
	}
	_, err = made.BulkDestination(ctx)
	do("bulk destination", err)
	_, err = made.ModelSource(ctx, map[string][]string{"table": {"public.users"}})
	do("model source", err)
	if count(t, made.ModelSourceFields(ctx, map[string][]string{"table": {"public.users"}})) == 0 {
		t.Error("the model would have no fields")
	}
	enriching := client.Connection(f.AddConnection(polytomictest.OfType("clearbit")).ID)
	_, err = enriching.EnrichmentSource(ctx, nil)
	do("enrichment source", err)
	_, err = enriching.EnrichmentInputs(ctx, nil)
	do("enrichment inputs", err)
	targets, _, err := made.ModelTargets(ctx)
	do("targets", err)
	if len(targets) > 0 {
		_, err = made.ModelTarget(ctx, *targets[0].ID, true)
		do("target", err)
	}
	if _, err = made.ModelTargetProperty(ctx, "owner"); err != nil && !errors.Is(err, apierr.ErrNotFound) {
		do("target property", err)
	}

	_, err = made.Schema(ctx, "public.users")
	do("schema", err)
	if count(t, made.SchemaRecords(ctx, "public.users")) == 0 {
		t.Error("the schema has no records")
	}
	do("upsert", made.UpsertFields(ctx, "public.users", polytomicapi.UserFieldRequest{FieldID: "score", Label: "Score", Type: "number"}))
	_, err = made.ChangeField(ctx, "public.users", "score", polytomicapi.PatchSchemaFieldRequest{})
	do("change field", err)
	do("keys", made.SetPrimaryKeys(ctx, "public.users", polytomicapi.SchemaPrimaryKeyOverrideInput{FieldID: "id", IsPrimaryKey: true}))
	do("reset keys", made.ResetPrimaryKeys(ctx, "public.users"))
	do("delete field", made.DeleteField(ctx, "public.users", "score"))

	query, err := made.Query(ctx, "select * from public.users")
	do("query", err)
	if count(t, query.Rows(ctx)) == 0 {
		t.Error("the query has no rows")
	}
	_, err = made.ProxyInfo(ctx)
	do("proxy info", err)
	resp, err := (&http.Client{Transport: made.RoundTripper()}).Get("https://system.example.com/v1/contacts?limit=1")
	if err != nil {
		t.Error(err)
	} else {
		_, err = io.ReadAll(resp.Body)
		do("proxy body", err)
		do("proxy close", resp.Body.Close())
	}

	session, err := client.Connect(ctx, polytomic.ConnectRequest{Name: "acme hubspot", RedirectURL: "https://acme.example.com/done", Whitelist: []string{"hubspot"}})
	do("connect", err)
	go func() {
		pass(time.Minute)
		for _, token := range f.ConnectSessions() {
			f.CompleteConnect(token)
		}
	}()
	connected, err := session.Wait(ctx, polytomic.WithMaxWait(time.Hour))
	do("connected", err)
	if connected != nil {
		do("delete connection", connected.Delete(ctx))
	}
}

func bulkSyncs(ctx context.Context, t *testing.T, f *polytomictest.Fake, client *polytomic.Client, do func(string, error)) {
	t.Helper()
	source, destination := f.AddConnection(), f.AddConnection(polytomictest.OfType("snowflake"))
	sync, err := client.CreateBulkSync(ctx, polytomicapi.CreateBulkSyncRequest{Name: "nightly", SourceConnectionID: source.ID, DestinationConnectionID: destination.ID,
		Mode: nullable.NewNullableWithValue(polytomicapi.BulkSyncTargetModeReplicate), DestinationConfiguration: map[string]any{"schema": "raw"}, Schemas: polytomic.SelectSchemas("public.users"),
		DefaultSchedule: polytomicapi.BulkSyncDefaultScheduleRequest{Frequency: polytomicapi.ScheduleFrequencyManual}}, polytomic.WhenSchemasReady())
	if err != nil {
		t.Fatal(err)
	}
	if enabled := f.EnabledSchemas(sync.ID()); len(enabled) != 1 {
		t.Errorf("selected: %q", enabled)
	}
	do("update", sync.Update(ctx, func(r *polytomicapi.UpdateBulkSyncRequest) error { r.Name = "every night"; return nil }))
	if enabled := f.EnabledSchemas(sync.ID()); len(enabled) != 1 || enabled[0] != "public.users" {
		t.Errorf("an update changed the selection: %q", enabled)
	}
	if name, err := sync.Name(ctx); err != nil || name != "every night" {
		t.Errorf("%q, %v", name, err)
	}
	_, err = sync.Refresh(ctx)
	do("refresh", err)
	_, err = sync.UpdateSchema(ctx, "public.users", func(s *polytomicapi.UpdateBulkSchema) error { s.DisableDataCutoff = new(true); return nil })
	do("update schema", err)
	_, err = sync.ChangeSchemas(ctx, polytomicapi.BulkSchema{ID: new("public.orders"), Enabled: new(true)})
	do("change schemas", err)
	if enabled := f.EnabledSchemas(sync.ID()); len(enabled) != 2 {
		t.Errorf("selected: %q", enabled)
	}
	if count(t, client.BulkSyncs(ctx, polytomic.BulkSyncFilter{})) == 0 {
		t.Error("there are no syncs")
	}
	daily := polytomicapi.BulkSyncScheduleAPI{Frequency: polytomicapi.ScheduleFrequencyDaily, Hour: new("5"), Minute: new("30")}
	_, err = sync.AddSchedule(ctx, daily)
	do("add schedule", err)
	if count(t, sync.Schedules(ctx)) < 2 {
		t.Error("schedules are missing")
	}
	info, err := sync.Info(ctx)
	do("info", err)
	for _, s := range info.AdditionalSchedules.MustGet() {
		_, err = sync.Schedule(ctx, *s.ID)
		do("schedule", err)
		_, err = sync.UpdateSchedule(ctx, *s.ID, func(s *polytomicapi.BulkSyncScheduleAPI) error { s.Hour = new("6"); return nil })
		do("update schedule", err)
		do("delete schedule", sync.DeleteSchedule(ctx, *s.ID))
	}
	do("activate", sync.Activate(ctx))
	f.Configure(sync.ID(), polytomictest.LogLines(3))
	run, err := sync.Run(ctx)
	do("run", err)
	if count(t, run.Console(ctx)) == 0 {
		t.Error("the console is empty")
	}
	count(t, run.SchemaConsole(ctx, "public.users"))
	read := 0
	for file, err := range run.LogFiles(ctx) {
		do("log file", err)
		body, err := file.Open(ctx)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		text, err := io.ReadAll(body)
		do("log text", err)
		read += len(text)
		do("log close", body.Close())
	}
	if read == 0 {
		t.Error("the logs are empty")
	}
	file, err := run.ExportLogs(ctx, false)
	do("export", err)
	if body, err := file.Open(ctx); err != nil {
		t.Error(err)
	} else {
		do("export close", body.Close())
	}
	if count(t, sync.Executions(ctx, polytomic.ExecutionFilter{Ended: true})) != 1 {
		t.Error("executions are missing")
	}
	if count(t, client.BulkSyncStatuses(ctx, sync.ID())) != 1 || count(t, client.ActiveBulkSyncStatuses(ctx)) == 0 || count(t, client.BulkSyncStatuses(ctx)) == 0 {
		t.Error("statuses are missing")
	}
	f.Configure(sync.ID(), polytomictest.SyncNeverEnds())
	running, err := sync.Start(ctx, polytomic.OnlySchemas("public.users"))
	do("start", err)
	pass(time.Minute)
	do("cancel schema", sync.CancelSchema(ctx, "public.users"))
	do("cancel current", sync.CancelCurrent(ctx))
	do("ended", running.Wait(ctx, polytomic.TolerateFailure()))
	_, err = sync.Start(ctx)
	do("start again", err)
	pass(time.Minute)
	_, err = sync.Cancel(ctx)
	do("cancel", err)
	do("deactivate", sync.Deactivate(ctx))
	if err := client.Connection(source.ID).Delete(ctx); !errors.Is(err, polytomic.ErrConnectionInUse) {
		t.Errorf("a connection in use: %v", err)
	}
	do("delete", sync.Delete(ctx))
	do("delete connection", client.Connection(source.ID).Delete(ctx, polytomic.WithDependents()))
}

func modelSyncs(ctx context.Context, t *testing.T, f *polytomictest.Fake, client *polytomic.Client, do func(string, error)) {
	t.Helper()
	source, target := f.AddConnection(), f.AddConnection(polytomictest.OfType("hubspot"))
	request := polytomicapi.CreateModelRequest{Name: "users", ConnectionID: source.ID, Configuration: map[string]any{"table": "public.users"}}
	preview, err := client.PreviewModel(ctx, request)
	do("preview", err)
	if preview != nil && len(preview.Fields) == 0 {
		t.Error("the preview has no fields")
	}
	model, err := client.CreateModel(ctx, request)
	if err != nil {
		t.Fatal(err)
	}
	sample, err := model.Sample(ctx)
	do("sample", err)
	if sample != nil && len(sample.Records) == 0 {
		t.Error("the sample is empty")
	}
	do("update model", model.Update(ctx, func(r *polytomicapi.UpdateModelRequest) error { r.Name = "people"; return nil }))
	info, err := model.Refresh(ctx)
	do("model", err)
	if info != nil && (*info.Name != "people" || len(info.Fields) == 0) {
		t.Errorf("an update changed %d fields of %q", len(info.Fields), *info.Name)
	}
	if count(t, client.Models(ctx)) == 0 {
		t.Error("there are no models")
	}
	objects, _, err := client.Connection(target.ID).ModelTargets(ctx)
	do("targets", err)
	object := ""
	if len(objects) > 0 {
		object = *objects[0].ID
		_, err = client.Connection(target.ID).ModelTarget(ctx, object, false)
		do("target", err)
	}
	fieldSource := polytomicapi.Source{Field: "email", ModelID: model.ID()}
	manual := polytomicapi.ScheduleFrequencyManual
	sync, err := client.CreateModelSync(ctx, polytomicapi.CreateSyncRequest{Name: "to hubspot", Mode: polytomicapi.ModelsyncSyncTargetModeUpdateOrCreate,
		Target:   polytomicapi.Target{ConnectionID: target.ID, Object: &object},
		Identity: &polytomicapi.Identity{Source: fieldSource, Target: "email", Function: "Equality"},
		Fields:   []polytomicapi.SyncField{{Source: &fieldSource, Target: "email"}}, Schedule: polytomicapi.Schedule{Frequency: &manual}})
	if err != nil {
		t.Fatal(err)
	}
	do("update", sync.Update(ctx, func(r *polytomicapi.UpdateSyncRequest) error { r.Name = "to the CRM"; return nil }))
	now, err := sync.Refresh(ctx)
	do("info", err)
	if now != nil && (*now.Name != "to the CRM" || len(now.Fields) != 1) {
		t.Errorf("an update changed %q with %d fields", *now.Name, len(now.Fields))
	}
	if count(t, client.ModelSyncs(ctx, polytomic.ModelSyncFilter{TargetConnectionID: target.ID})) != 1 {
		t.Error("the sync is not listed")
	}
	_, err = client.ModelSyncScheduleOptions(ctx)
	do("schedule options", err)
	do("activate", sync.Activate(ctx))
	f.Configure(sync.ID(), polytomictest.RecordErrors(2, 0), polytomictest.LogLines(2))
	run, err := sync.Run(ctx)
	do("run", err)
	if count(t, run.Console(ctx)) == 0 {
		t.Error("the console is empty")
	}
	for file, err := range run.LogFiles(ctx, polytomicapi.ExecutionLogTypeErrors) {
		do("log file", err)
		body, err := run.OpenLogFile(ctx, polytomicapi.ExecutionLogTypeErrors, file.Name)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		do("log close", body.Close())
	}
	if count(t, sync.Executions(ctx, polytomic.ExecutionFilter{})) != 1 {
		t.Error("executions are missing")
	}
	f.Configure(sync.ID(), polytomictest.SyncNeverEnds())
	running, err := sync.Start(ctx)
	do("start", err)
	pass(time.Minute)
	do("cancel current", sync.CancelCurrent(ctx))
	do("ended", running.Wait(ctx, polytomic.TolerateFailure()))
	_, err = sync.Start(ctx)
	do("start again", err)
	pass(time.Minute)
	_, err = sync.Cancel(ctx)
	do("cancel", err)
	do("deactivate", sync.Deactivate(ctx))
	do("delete", sync.Delete(ctx))
	do("delete model", model.Delete(ctx))
}

func organizations(ctx context.Context, t *testing.T, f *polytomictest.Fake, client, partner *polytomic.Client, do func(string, error)) {
	t.Helper()
	me, err := client.Identity(ctx)
	do("identity", err)
	if me != nil && !*me.IsUser {
		t.Errorf("%+v", me)
	}
	_, err = client.CurrentOrganization(ctx)
	do("organization", err)
	connection := f.AddConnection()
	entity, err := client.Entity(ctx, connection.ID)
	do("entity", err)
	if entity != nil && *entity.ID != connection.ID {
		t.Errorf("%+v", entity)
	}
	_, err = client.SetErrorSubscribers(ctx, "oncall@acme.test")
	do("set subscribers", err)
	if emails, err := client.ErrorSubscribers(ctx); err != nil || len(emails) != 1 {
		t.Errorf("%q, %v", emails, err)
	}
	count(t, client.Events(ctx, polytomic.EventFilter{}))
	_, err = client.EventTypes(ctx)
	do("event types", err)

	webhook, err := client.CreateWebhook(ctx, "https://hooks.example.com/polytomic", "whsec-0123456789")
	do("webhook", err)
	_, err = webhook.Info(ctx)
	do("webhook info", err)
	do("webhook update", webhook.Update(ctx, "https://hooks.example.com/2", "whsec-9876543210"))
	do("disable", webhook.Disable(ctx))
	do("enable", webhook.Enable(ctx))
	if count(t, client.Webhooks(ctx)) != 1 {
		t.Error("the webhook is not listed")
	}
	do("delete webhook", webhook.Delete(ctx))

	role, err := client.CreateRole(ctx, "Analyst")
	do("create role", err)
	_, err = client.RenameRole(ctx, *role.ID, "Analysts")
	do("rename", err)
	_, err = client.Role(ctx, *role.ID)
	do("role", err)
	count(t, client.Roles(ctx))
	policy, err := client.CreatePolicy(ctx, "finance", polytomicapi.PolicyAction{Action: "read"})
	do("create policy", err)
	_, err = client.UpdatePolicy(ctx, *policy.ID, func(r *polytomicapi.UpdatePolicyRequest) error { r.Name = "finances"; return nil })
	do("update policy", err)
	count(t, client.Policies(ctx))
	do("delete policy", client.DeletePolicy(ctx, *policy.ID))
	do("delete role", client.DeleteRole(ctx, *role.ID))

	user, err := client.CreateUser(ctx, polytomicapi.CurrentOrgCreateUserRequestSchema{Email: "bob@acme.test"})
	do("create user", err)
	_, err = client.UpdateUser(ctx, *user.ID, func(r *polytomicapi.CurrentOrgUpdateUserRequestSchema) error { return nil })
	do("update user", err)
	count(t, client.Users(ctx))
	do("delete user", client.DeleteUser(ctx, *user.ID))

	if _, err := length(client.Organizations(ctx)); !errors.Is(err, apierr.ErrPermissionDenied) || !strings.Contains(err.Error(), "WithPartnerKey") {
		t.Errorf("a user's key on a partner's operation: %v", err)
	}
	organization, err := partner.CreateOrganization(ctx, polytomicapi.CreateOrganizationRequestSchema{Name: "Globex"})
	if err != nil {
		t.Fatal(err)
	}
	do("update organization", organization.Update(ctx, func(r *polytomicapi.UpdateOrganizationRequestSchema) error { r.Name = "Globex Inc"; return nil }))
	if count(t, partner.Organizations(ctx)) != 2 {
		t.Error("organizations are missing")
	}
	member, err := organization.CreateUser(ctx, polytomicapi.CreateUserRequestSchema{Email: "hank@globex.test"})
	do("create partner user", err)
	_, err = organization.UpdateUser(ctx, *member.ID, func(r *polytomicapi.UpdateUserRequestSchema) error { return nil })
	do("update partner user", err)
	count(t, organization.Users(ctx))
	key, err := organization.CreateAPIKey(ctx, *member.ID, true)
	do("key", err)
	if _, err := connect(t, f, polytomic.WithAPIKey(key)).Identity(ctx); err != nil {
		t.Errorf("the new key: %v", err)
	}
	inside, err := organization.Client()
	do("narrowed", err)
	count(t, inside.Connections(ctx))
	_, err = partner.PartnerEntity(ctx, connection.ID)
	do("partner entity", err)
	first := partner.Organization(f.OrganizationID())
	shared, err := first.ShareConnection(ctx, connection.ID, organization.ID(), "shared")
	do("share", err)
	if shared == "" || count(t, first.SharedConnections(ctx, connection.ID)) != 1 {
		t.Errorf("shared as %q", shared)
	}
	do("delete partner user", organization.DeleteUser(ctx, *member.ID))
	do("delete organization", organization.Delete(ctx))
}

func length[T any](in func(func(T, error) bool)) (int, error) {
	n := 0
	for _, err := range in {
		if err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// S1: what is refused says which key was used.
func TestUnauthenticated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		client := clientOf(t, f)
		f.RevokeKey(f.UserKey())
		if _, err := client.Identity(t.Context()); !errors.Is(err, apierr.ErrUnauthenticated) || !strings.Contains(err.Error(), "user API key was refused") {
			t.Errorf("%v", err)
		}
	})
}

// T2: lists of more than one page are read to their end, in order, each item once.
func TestPages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		client := clientOf(t, f)
		for range 120 {
			f.AddBulkSync()
		}
		seen := map[string]bool{}
		for s, err := range client.BulkSyncs(t.Context(), polytomic.BulkSyncFilter{}) {
			if err != nil {
				t.Fatal(err)
			}
			seen[*s.ID] = true
		}
		if len(seen) != 120 {
			t.Errorf("%d syncs", len(seen))
		}
		f.Fault(polytomictest.RepeatToken("listBulkSyncs"))
		if _, err := length(client.BulkSyncs(t.Context(), polytomic.BulkSyncFilter{})); !errors.Is(err, apierr.ErrUnexpected) {
			t.Errorf("a repeated token: %v", err)
		}
	})
}

// N9: the system behind a connection through an http.Client.
func TestProxy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		client := clientOf(t, f)
		behind := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/large" {
				w.Header().Set("Content-Type", "text/plain")
				_, _ = io.WriteString(w, strings.Repeat("x", 3<<20))
				return
			}
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusTeapot)
			_, _ = io.WriteString(w, `{"method":"`+r.Method+`","query":"`+r.URL.RawQuery+`"}`)
		})
		hc := &http.Client{Transport: client.Connection(f.AddConnection(polytomictest.ProxiesTo(behind)).ID).RoundTripper()}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://x.example.com/v1?a=b", strings.NewReader(`{"n":1}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		resp, err := hc.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil || resp.StatusCode != http.StatusTeapot || !strings.Contains(string(text), `"method":"POST"`) {
			t.Errorf("%d %s, %v", resp.StatusCode, text, err)
		}
		if req, err = http.NewRequestWithContext(t.Context(), http.MethodGet, "https://x.example.com/large", nil); err != nil {
			t.Fatal(err)
		}
		if resp, err = hc.Do(req); err != nil {
			t.Fatal(err)
		}
		text, err = io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if !errors.Is(err, polytomic.ErrTruncated) || len(text) == 0 {
			t.Errorf("%d bytes, %v", len(text), err)
		}
	})
}

// N4: a query that fails, and one that is too long.
func TestQueries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, polytomictest.QueryPage(10))
		client := clientOf(t, f)
		connection := client.Connection(f.AddConnection(polytomictest.AnswersQueries(func(sql string) ([]map[string]any, error) {
			if strings.Contains(sql, "missing") {
				return nil, errors.New("relation missing does not exist")
			}
			return polytomictest.Rows(35), nil
		})).ID)
		q, err := connection.Query(t.Context(), "select 1")
		if err != nil {
			t.Fatal(err)
		}
		if n := count(t, q.Rows(t.Context())); n != 35 {
			t.Errorf("%d rows, want 35", n)
		}
		var failed *job.FailedError
		if _, err := connection.Query(t.Context(), "select * from missing"); !errors.As(err, &failed) || !strings.Contains(err.Error(), "does not exist") {
			t.Errorf("%v", err)
		}
		if _, err := connection.StartQuery(t.Context(), strings.Repeat("x", 9<<10)); !errors.Is(err, polytomic.ErrQueryTooLong) {
			t.Errorf("%v", err)
		}
	})
}
