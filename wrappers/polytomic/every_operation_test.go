package polytomic

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-sdk/sluice/gen/polytomicapi"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// S2: calling the methods of this package sends every operation of the document, with the ids where they belong.
func TestS2EveryOperationIsCalled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const object = `{"id":"x","status":"completed","name":"n","config":{}}`
		scripts := map[string]script{}
		for _, r := range routeTable {
			scripts[r.id] = ok(data(object))
			if strings.HasPrefix(r.id, "list") {
				scripts[r.id] = ok(data(`[` + object + `]`))
			}
		}
		list := data(`[{"id":"x"}]`)
		now := stamp(time.Now())
		for id, body := range map[string]string{
			"getModelSyncSourceFields": list, "getConnectionSchemaRecords": list, "patchBulkSyncSchemas": list, "getEnrichmentInputFields": data(`[["a"]]`),
			"listEventTypes": data(`["sync.failed"]`), "getGlobalErrorSubscribers": `{"emails":["a@b.c"]}`, "setGlobalErrorSubscribers": `{"emails":["a@b.c"]}`,
			"getConnectionTypeSchema": `{"type":"object"}`, "getConnectionParameterValues": data(`{}`), "getConnectionTypeParameterValues": data(`{}`),
			"getConnection":              data(`{"id":"x","name":"n","status":"healthy","configuration":{},"type":{"id":"csv"}}`),
			"getConnectionSchemasStatus": dataf(`{"last_refresh_started":%q,"last_refresh_finished":%q}`, now, stamp(time.Now().Add(time.Hour))),
			"getQuery":                   data(`{"id":"x","status":"done","results":[]}`), "runQuery": data(`{"id":"x","status":"created"}`),
			"getJob":             data(`{"job_id":"x","type":"createmodel","status":"done","result":{"id":"x","url":"https://files.example.com/f"}}`),
			"getBulkSyncStatus":  data(`{"current_execution":{"id":"x","status":"running"}}`),
			"getModelSyncStatus": data(`{"current_execution":{"id":"x","status":"running"}}`),
			"getBulkSync":        data(bulkSync), "getModelSync": data(`{"id":"x","name":"n","mode":"create","fields":[],"schedule":{"frequency":"manual"},"target":{"connection_id":"c"}}`),
			"getModel": data(`{"id":"x","name":"n","connection_id":"c","configuration":{}}`), "getBulkSyncSchedule": data(`{"frequency":"daily"}`),
			"listModelSyncTargets": `{"data":[{"id":"x"}]}`, "createConnectSession": data(`{"redirect_url":"https://x","token":"t"}`),
			"getBulkSyncExecutionConsoleLogs": data(`{"entries":null}`), "getBulkSyncExecutionSchemaConsoleLogs": data(`{"entries":null}`), "getModelSyncExecutionConsoleLogs": data(`{"entries":null}`),
			"exportBulkSyncExecutionLogs": data(`{"url":"https://files.example.com/f"}`), "getBulkSyncExecutionLogs": data(`{"URLs":null}`), "getModelSyncExecutionLogUrls": data(`{"urls":null}`),
			"createPartnerUserApiKey": data(`{"value":"k"}`), "executeConnectionProxy": data(`{"status":200}`),
			"createModel": `{"data":null,"job":{"job_id":"x","type":"createmodel","status":"created"}}`,
		} {
			scripts[id] = ok(body)
		}
		client, a := scripted(t, scripts, WithTransport(transport.WithTimeout(time.Minute)))
		ctx := t.Context()
		id := "id-1"
		c, b, m, mo, o := client.Connection(id), client.BulkSync(id), client.ModelSync(id), client.Model(id), client.Organization(id)
		be, me := b.Execution("exec-1"), m.Execution("exec-1")
		noChange := func() error { return nil }
		csv := "csv"
		calls := map[string]func(context.Context) error{
			"connections": func(ctx context.Context) error { _, err := length(client.Connections(ctx)); return err },
			"create connection": func(ctx context.Context) error {
				_, err := client.CreateConnection(ctx, polytomicapi.CreateConnectionRequestSchema{Name: "n", Type: "csv"})
				return err
			},
			"test":        func(ctx context.Context) error { return client.TestConnection(ctx, "csv", nil) },
			"test values": func(ctx context.Context) error { return c.Test(ctx, nil) },
			"connection":  func(ctx context.Context) error { _, err := c.Info(ctx); return err },
			"update": func(ctx context.Context) error {
				return c.Update(ctx, func(*polytomicapi.UpdateConnectionRequestSchema) error { return noChange() })
			},
			"delete":         func(ctx context.Context) error { return c.Delete(ctx, WithDependents()) },
			"healthy":        func(ctx context.Context) error { return c.WaitUntilHealthy(ctx) },
			"schemas filled": func(ctx context.Context) error { return c.WaitForSchemas(ctx) },
			"refresh":        func(ctx context.Context) error { _, err := c.StartSchemaRefresh(ctx); return err },
			"shared":         func(ctx context.Context) error { _, err := length(c.SharedConnections(ctx)); return err },
			"values":         func(ctx context.Context) error { _, err := c.ParameterValues(ctx); return err },
			"types":          func(ctx context.Context) error { _, err := length(client.ConnectionTypes(ctx)); return err },
			"type":           func(ctx context.Context) error { _, err := client.ConnectionTypeSchema(ctx, csv); return err },
			"type values": func(ctx context.Context) error {
				_, err := client.ConnectionTypeParameterValues(ctx, csv, "f", map[string]any{"a": 1})
				return err
			},
			"bulk source":      func(ctx context.Context) error { _, err := c.BulkSource(ctx, true); return err },
			"bulk destination": func(ctx context.Context) error { _, err := c.BulkDestination(ctx); return err },
			"model source":     func(ctx context.Context) error { _, err := c.ModelSource(ctx, nil); return err },
			"source fields":    func(ctx context.Context) error { _, err := length(c.ModelSourceFields(ctx, nil)); return err },
			"enrichment":       func(ctx context.Context) error { _, err := c.EnrichmentSource(ctx, nil); return err },
			"inputs":           func(ctx context.Context) error { _, err := c.EnrichmentInputs(ctx, nil); return err },
			"targets":          func(ctx context.Context) error { _, _, err := c.ModelTargets(ctx); return err },
			"target":           func(ctx context.Context) error { _, err := c.ModelTarget(ctx, "contacts", true); return err },
			"target property":  func(ctx context.Context) error { _, err := c.ModelTargetProperty(ctx, "owner"); return err },
			"schema":           func(ctx context.Context) error { _, err := c.Schema(ctx, "public.users"); return err },
			"records":          func(ctx context.Context) error { _, err := length(c.SchemaRecords(ctx, "public.users")); return err },
			"upsert fields": func(ctx context.Context) error {
				return c.UpsertFields(ctx, "public.users", polytomicapi.UserFieldRequest{FieldID: "f", Label: "F", Type: "string"})
			},
			"change field": func(ctx context.Context) error {
				_, err := c.ChangeField(ctx, "public.users", "f", polytomicapi.PatchSchemaFieldRequest{})
				return err
			},
			"delete field": func(ctx context.Context) error { return c.DeleteField(ctx, "public.users", "f") },
			"set keys": func(ctx context.Context) error {
				return c.SetPrimaryKeys(ctx, "public.users", polytomicapi.SchemaPrimaryKeyOverrideInput{FieldID: "f", IsPrimaryKey: true})
			},
			"reset keys": func(ctx context.Context) error { return c.ResetPrimaryKeys(ctx, "public.users") },
			"query":      func(ctx context.Context) error { _, err := c.Query(ctx, "select 1"); return err },
			"proxy": func(ctx context.Context) error {
				_, err := c.Proxy(ctx, polytomicapi.ConnectionProxyCall{Method: "GET", Path: "/"})
				return err
			},
			"proxy info": func(ctx context.Context) error { _, err := c.ProxyInfo(ctx); return err },
			"connect": func(ctx context.Context) error {
				_, err := client.Connect(ctx, ConnectRequest{Name: "n", RedirectURL: "https://x.example.com"})
				return err
			},

			"bulk syncs":  func(ctx context.Context) error { _, err := length(client.BulkSyncs(ctx, BulkSyncFilter{})); return err },
			"create bulk": func(ctx context.Context) error { _, err := client.CreateBulkSync(ctx, newBulkSync()); return err },
			"bulk":        func(ctx context.Context) error { _, err := b.Info(ctx); return err },
			"update bulk": func(ctx context.Context) error {
				return b.Update(ctx, func(*polytomicapi.UpdateBulkSyncRequest) error { return noChange() })
			},
			"delete bulk":    func(ctx context.Context) error { return b.Delete(ctx) },
			"activate":       func(ctx context.Context) error { return b.Activate(ctx) },
			"cancel current": func(ctx context.Context) error { return b.CancelCurrent(ctx) },
			"cancel bulk":    func(ctx context.Context) error { _, err := b.Cancel(ctx); return err },
			"run bulk":       func(ctx context.Context) error { _, err := b.Run(ctx); return err },
			"bulk status":    func(ctx context.Context) error { _, err := b.Status(ctx); return err },
			"bulk statuses":  func(ctx context.Context) error { _, err := length(client.BulkSyncStatuses(ctx, "a", "b")); return err },
			"bulk executions": func(ctx context.Context) error {
				_, err := length(b.Executions(ctx, ExecutionFilter{Ended: true}))
				return err
			},
			"bulk execution": func(ctx context.Context) error { _, err := be.Info(ctx); return err },
			"cancel schema":  func(ctx context.Context) error { return b.CancelSchema(ctx, "public.users") },
			"bulk schemas":   func(ctx context.Context) error { _, err := length(b.Schemas(ctx, nil)); return err },
			"change schemas": func(ctx context.Context) error {
				_, err := b.ChangeSchemas(ctx, polytomicapi.BulkSchema{ID: &csv})
				return err
			},
			"bulk schema": func(ctx context.Context) error { _, err := b.Schema(ctx, "public.users"); return err },
			"update schema": func(ctx context.Context) error {
				_, err := b.UpdateSchema(ctx, "public.users", func(*polytomicapi.UpdateBulkSchema) error { return noChange() })
				return err
			},
			"schedules": func(ctx context.Context) error { _, err := length(b.Schedules(ctx)); return err },
			"add schedule": func(ctx context.Context) error {
				_, err := b.AddSchedule(ctx, polytomicapi.BulkSyncScheduleAPI{Frequency: "daily"})
				return err
			},
			"schedule": func(ctx context.Context) error { _, err := b.Schedule(ctx, "sch"); return err },
			"update schedule": func(ctx context.Context) error {
				_, err := b.UpdateSchedule(ctx, "sch", func(*polytomicapi.BulkSyncScheduleAPI) error { return noChange() })
				return err
			},
			"delete schedule": func(ctx context.Context) error { return b.DeleteSchedule(ctx, "sch") },
			"bulk console":    func(ctx context.Context) error { _, err := length(be.Console(ctx)); return err },
			"schema console":  func(ctx context.Context) error { _, err := length(be.SchemaConsole(ctx, "public.users")); return err },
			"bulk logs":       func(ctx context.Context) error { _, err := length(be.LogFiles(ctx)); return err },
			"export logs":     func(ctx context.Context) error { _, err := be.ExportLogs(ctx, true); return err },

			"model syncs": func(ctx context.Context) error {
				_, err := length(client.ModelSyncs(ctx, ModelSyncFilter{}))
				return err
			},
			"create model sync": func(ctx context.Context) error {
				manual := polytomicapi.ScheduleFrequencyManual
				_, err := client.CreateModelSync(ctx, polytomicapi.CreateSyncRequest{Name: "n", Mode: "create",
					Target: polytomicapi.Target{ConnectionID: "c"}, Schedule: polytomicapi.Schedule{Frequency: &manual}})
				return err
			},
			"model sync": func(ctx context.Context) error { _, err := m.Info(ctx); return err },
			"update model sync": func(ctx context.Context) error {
				return m.Update(ctx, func(*polytomicapi.UpdateSyncRequest) error { return noChange() })
			},
			"delete model sync":     func(ctx context.Context) error { return m.Delete(ctx) },
			"deactivate":            func(ctx context.Context) error { return m.Deactivate(ctx) },
			"cancel current model":  func(ctx context.Context) error { return m.CancelCurrent(ctx) },
			"cancel model sync":     func(ctx context.Context) error { _, err := m.Cancel(ctx); return err },
			"run model sync":        func(ctx context.Context) error { _, err := m.Run(ctx); return err },
			"model sync status":     func(ctx context.Context) error { _, err := m.Status(ctx); return err },
			"model sync executions": func(ctx context.Context) error { _, err := length(m.Executions(ctx, ExecutionFilter{})); return err },
			"schedule options":      func(ctx context.Context) error { _, err := client.ModelSyncScheduleOptions(ctx); return err },
			"model console":         func(ctx context.Context) error { _, err := length(me.Console(ctx)); return err },
			"model logs": func(ctx context.Context) error {
				_, err := length(me.LogFiles(ctx, polytomicapi.ExecutionLogTypeErrors))
				return err
			},
			"model log": func(ctx context.Context) error {
				body, err := me.OpenLogFile(ctx, polytomicapi.ExecutionLogTypeErrors, "f.csv")
				if err == nil {
					err = body.Close()
				}
				return err
			},

			"models": func(ctx context.Context) error { _, err := length(client.Models(ctx)); return err },
			"create model": func(ctx context.Context) error {
				_, err := client.CreateModel(ctx, polytomicapi.CreateModelRequest{Name: "n", ConnectionID: "c"})
				return err
			},
			"preview": func(ctx context.Context) error {
				_, err := client.PreviewModel(ctx, polytomicapi.CreateModelRequest{ConnectionID: "c"})
				return err
			},
			"model":  func(ctx context.Context) error { _, err := mo.Info(ctx); return err },
			"sample": func(ctx context.Context) error { _, err := mo.Sample(ctx); return err },
			"update model": func(ctx context.Context) error {
				return mo.Update(ctx, func(*polytomicapi.UpdateModelRequest) error { return noChange() })
			},
			"delete model": func(ctx context.Context) error { return mo.Delete(ctx) },

			"me":             func(ctx context.Context) error { _, err := client.Identity(ctx); return err },
			"entity":         func(ctx context.Context) error { _, err := client.Entity(ctx, id); return err },
			"partner entity": func(ctx context.Context) error { _, err := client.PartnerEntity(ctx, id); return err },
			"subscribers":    func(ctx context.Context) error { _, err := client.ErrorSubscribers(ctx); return err },
			"set subscribers": func(ctx context.Context) error {
				_, err := client.SetErrorSubscribers(ctx, "a@b.c")
				return err
			},
			"events":      func(ctx context.Context) error { _, err := length(client.Events(ctx, EventFilter{})); return err },
			"event types": func(ctx context.Context) error { _, err := client.EventTypes(ctx); return err },
			"webhooks":    func(ctx context.Context) error { _, err := length(client.Webhooks(ctx)); return err },
			"create webhook": func(ctx context.Context) error {
				_, err := client.CreateWebhook(ctx, "https://x.example.com", "s3cret-1")
				return err
			},
			"webhook": func(ctx context.Context) error { _, err := client.Webhook(id).Info(ctx); return err },
			"update webhook": func(ctx context.Context) error {
				return client.Webhook(id).Update(ctx, "https://x.example.com", "s3cret-1")
			},
			"delete webhook": func(ctx context.Context) error { return client.Webhook(id).Delete(ctx) },
			"enable":         func(ctx context.Context) error { return client.Webhook(id).Enable(ctx) },
			"disable":        func(ctx context.Context) error { return client.Webhook(id).Disable(ctx) },

			"organization":  func(ctx context.Context) error { _, err := client.CurrentOrganization(ctx); return err },
			"organizations": func(ctx context.Context) error { _, err := length(client.Organizations(ctx)); return err },
			"create organization": func(ctx context.Context) error {
				_, err := client.CreateOrganization(ctx, polytomicapi.CreateOrganizationRequestSchema{Name: "n"})
				return err
			},
			"update organization": func(ctx context.Context) error {
				return o.Update(ctx, func(*polytomicapi.UpdateOrganizationRequestSchema) error { return noChange() })
			},
			"delete organization": func(ctx context.Context) error { return o.Delete(ctx) },
			"partner users":       func(ctx context.Context) error { _, err := length(o.Users(ctx)); return err },
			"create partner user": func(ctx context.Context) error {
				_, err := o.CreateUser(ctx, polytomicapi.CreateUserRequestSchema{Email: "a@b.c"})
				return err
			},
			"update partner user": func(ctx context.Context) error {
				_, err := o.UpdateUser(ctx, id, func(*polytomicapi.UpdateUserRequestSchema) error { return noChange() })
				return err
			},
			"delete partner user": func(ctx context.Context) error { return o.DeleteUser(ctx, id) },
			"key":                 func(ctx context.Context) error { _, err := o.CreateAPIKey(ctx, id, true); return err },
			"partner shared":      func(ctx context.Context) error { _, err := length(o.SharedConnections(ctx, id)); return err },
			"share":               func(ctx context.Context) error { _, err := o.ShareConnection(ctx, id, "org-2", "n"); return err },
			"users":               func(ctx context.Context) error { _, err := length(client.Users(ctx)); return err },
			"create user": func(ctx context.Context) error {
				_, err := client.CreateUser(ctx, polytomicapi.CurrentOrgCreateUserRequestSchema{Email: "a@b.c"})
				return err
			},
			"update user": func(ctx context.Context) error {
				_, err := client.UpdateUser(ctx, id, func(*polytomicapi.CurrentOrgUpdateUserRequestSchema) error { return noChange() })
				return err
			},
			"delete user":   func(ctx context.Context) error { return client.DeleteUser(ctx, id) },
			"roles":         func(ctx context.Context) error { _, err := length(client.Roles(ctx)); return err },
			"role":          func(ctx context.Context) error { _, err := client.Role(ctx, id); return err },
			"create role":   func(ctx context.Context) error { _, err := client.CreateRole(ctx, "n"); return err },
			"rename role":   func(ctx context.Context) error { _, err := client.RenameRole(ctx, id, "n"); return err },
			"delete role":   func(ctx context.Context) error { return client.DeleteRole(ctx, id) },
			"policies":      func(ctx context.Context) error { _, err := length(client.Policies(ctx)); return err },
			"create policy": func(ctx context.Context) error { _, err := client.CreatePolicy(ctx, "n"); return err },
			"update policy": func(ctx context.Context) error {
				_, err := client.UpdatePolicy(ctx, id, func(*polytomicapi.UpdatePolicyRequest) error { return noChange() })
				return err
			},
			"delete policy": func(ctx context.Context) error { return client.DeletePolicy(ctx, id) },
			"job": func(ctx context.Context) error {
				_, err := client.JobTask("exportlogs", "x").Wait(ctx)
				return err
			},
		}
		for _, name := range slices.Sorted(maps.Keys(calls)) {
			if err := calls[name](ctx); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		called := map[string]bool{}
		for _, c := range a.asked("") {
			called[c.operation] = true
			if c.operation == "" {
				t.Errorf("%s is no operation of the document", c.url)
			}
			if c.header.Get(versionHeader) != Version {
				t.Errorf("%s was sent without the version", c.operation)
			}
			if c.body != "" && !json.Valid([]byte(c.body)) {
				t.Errorf("%s sent %q", c.operation, c.body)
			}
		}
		for _, r := range routeTable {
			if !called[r.id] {
				t.Errorf("%s %s (%s) was never called", r.method, r.path, r.id)
			}
		}
	})
}
