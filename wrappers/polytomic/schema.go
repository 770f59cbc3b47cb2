package polytomic

import (
	"context"
	"iter"
	"net/http"

	"github.com/sluice-sdk/sluice/gen/polytomicapi"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/job"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// SchemasStatus returns the state of the connection's schema cache.
//
//sluice:operation GET /api/connections/{id}/schemas/status
func (c *Connection) SchemasStatus(ctx context.Context) (*polytomicapi.BulkSyncSourceStatus, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	return with[*polytomicapi.BulkSyncSourceStatus]("connection", c.id)(dataOf[polytomicapi.BulkSyncSourceStatus](c.client.raw.GetConnectionSchemasStatus(ctx, c.id)))
}

// SchemasJob returns a job that succeeds when the connection's schema cache is filled, for package job: to wait for many
// connections at once. It does no I/O.
func (c *Connection) SchemasJob() *job.Job {
	return c.client.tasks.Job(job.Snapshot{Ref: job.Ref{Service: service, Kind: kindSchemas, ID: c.id}})
}

// WaitForSchemas waits until the schema cache of a fresh connection is filled, without which bulk syncs on it are refused.
// A cache that is filled already costs one request. Only a healthy connection fills its cache: see
// [Connection.WaitUntilHealthy]. What counts as filled is chosen by [WithSchemaCacheRule].
//
//sluice:operation GET /api/connections/{id}/schemas/status
func (c *Connection) WaitForSchemas(ctx context.Context, opts ...WaitOption) error {
	if err := c.check(); err != nil {
		return err
	}
	_, err := c.SchemasJob().Wait(ctx, bulkSettings(opts).jobOptions(false)...)
	return c.about(err)
}

// StartSchemaRefresh asks Polytomic to read the connection's schemas anew and returns the job to wait for.
//
//sluice:operation GET /api/connections/{id}/schemas/status
//sluice:operation POST /api/connections/{id}/schemas/refresh
func (c *Connection) StartSchemaRefresh(ctx context.Context) (*job.Job, error) {
	before, err := c.SchemasStatus(ctx)
	if err != nil {
		return nil, err
	}
	if err := transport.Discard(c.client.raw.RefreshConnectionSchemas(ctx, c.id)); err != nil {
		return nil, c.about(err)
	}
	return c.client.tasks.Job(job.Snapshot{Ref: refreshRef(c.id, moment(before.LastRefreshFinished))}), nil
}

// RefreshSchemas asks Polytomic to read the connection's schemas anew and waits until that is done. Only healthy
// connections are read. When a refresh was under way already, its end counts.
//
//sluice:operation GET /api/connections/{id}/schemas/status
//sluice:operation POST /api/connections/{id}/schemas/refresh
func (c *Connection) RefreshSchemas(ctx context.Context, opts ...WaitOption) error {
	refresh, err := c.StartSchemaRefresh(ctx)
	if err != nil {
		return err
	}
	_, err = refresh.Wait(ctx, bulkSettings(opts).jobOptions(false)...)
	return c.about(err)
}

// Schema returns one schema of the connection with its fields.
//
//sluice:operation GET /api/connections/{id}/schemas/{schema_id}
func (c *Connection) Schema(ctx context.Context, id string) (*polytomicapi.Schema, error) {
	if err := c.checkSchema(id); err != nil {
		return nil, err
	}
	return with[*polytomicapi.Schema]("connection", c.id)(dataOf[polytomicapi.Schema](c.client.raw.GetConnectionSchema(ctx, c.id, id)))
}

// SchemaRecords returns some records of a schema, as maps; numbers are [encoding/json.Number].
//
//sluice:operation GET /api/connections/{id}/schemas/{schema_id}/records
func (c *Connection) SchemaRecords(ctx context.Context, id string) iter.Seq2[map[string]any, error] {
	if err := c.checkSchema(id); err != nil {
		return failing[map[string]any](err)
	}
	return oneCall(ctx, func(ctx context.Context) ([]map[string]any, error) {
		rows, _, err := listOf[map[string]any](c.client.raw.GetConnectionSchemaRecords(ctx, c.id, id))
		return rows, c.about(err)
	})
}

// UpsertFields adds fields to a schema, or changes those that people added before.
//
//sluice:operation POST /api/connections/{connection_id}/schemas/{schema_id}/fields
func (c *Connection) UpsertFields(ctx context.Context, schema string, fields ...polytomicapi.UserFieldRequest) error {
	if err := c.checkSchema(schema); err != nil {
		return err
	}
	for i, f := range fields {
		if f.FieldID == "" || f.Type == "" {
			return c.about(apierr.Invalid(service, "fields", "field %d has no id or no type", i))
		}
	}
	return c.about(transport.Discard(c.client.raw.UpsertSchemaFields(ctx, c.id, schema, polytomicapi.UpsertSchemaFieldRequest{Fields: listed(fields)})))
}

// ChangeField changes one field of a schema; what the request leaves out stays as it is. The operation is newer than the
// official clients, and was not tried on the live service.
//
//sluice:operation PATCH /api/connections/{connection_id}/schemas/{schema_id}/fields/{field_id}
func (c *Connection) ChangeField(ctx context.Context, schema, field string, request polytomicapi.PatchSchemaFieldRequest) (*polytomicapi.SchemaField, error) {
	if err := c.checkSchema(schema); err != nil {
		return nil, err
	}
	if err := checkName("field", field); err != nil {
		return nil, c.about(err)
	}
	return with[*polytomicapi.SchemaField]("connection", c.id)(dataOf[polytomicapi.SchemaField](c.client.raw.PatchSchemaField(ctx, c.id, schema, field, request)))
}

// DeleteField deletes a field that people added to a schema.
//
//sluice:operation DELETE /api/connections/{connection_id}/schemas/{schema_id}/fields/{field_id}
func (c *Connection) DeleteField(ctx context.Context, schema, field string) error {
	if err := c.checkSchema(schema); err != nil {
		return err
	}
	if err := checkName("field", field); err != nil {
		return c.about(err)
	}
	return c.about(c.client.remove(ctx, func(ctx context.Context) (*http.Response, error) {
		return c.client.raw.DeleteSchemaField(ctx, c.id, schema, field)
	}))
}

// SetPrimaryKeys overrides which fields of a schema are its primary key.
//
//sluice:operation PUT /api/connections/{connection_id}/schemas/{schema_id}/primary_keys
func (c *Connection) SetPrimaryKeys(ctx context.Context, schema string, fields ...polytomicapi.SchemaPrimaryKeyOverrideInput) error {
	if err := c.checkSchema(schema); err != nil {
		return err
	}
	return c.about(transport.Discard(c.client.raw.SetSchemaPrimaryKeys(ctx, c.id, schema, polytomicapi.SetPrimaryKeysRequest{Fields: listed(fields)})))
}

// ResetPrimaryKeys drops what [Connection.SetPrimaryKeys] has set.
//
//sluice:operation DELETE /api/connections/{connection_id}/schemas/{schema_id}/primary_keys
func (c *Connection) ResetPrimaryKeys(ctx context.Context, schema string) error {
	if err := c.checkSchema(schema); err != nil {
		return err
	}
	return c.about(transport.Discard(c.client.raw.ResetSchemaPrimaryKeys(ctx, c.id, schema)))
}
