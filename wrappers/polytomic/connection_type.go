package polytomic

import (
	"context"
	"iter"

	"github.com/oapi-codegen/nullable"

	"github.com/sluice-sdk/sluice/gen/polytomicapi"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// ConnectionTypes lists the types of connections with what they can do, in one call.
//
//sluice:operation GET /api/connection_types
func (c *Client) ConnectionTypes(ctx context.Context) iter.Seq2[polytomicapi.ConnectionType, error] {
	return oneCall(ctx, func(ctx context.Context) ([]polytomicapi.ConnectionType, error) {
		rows, _, err := listOf[polytomicapi.ConnectionType](c.raw.ListConnectionTypes(ctx))
		return rows, err
	})
}

// ConnectionTypeSchema returns the JSON schema of the configuration of a type, such as "postgresql". Secrets are the
// properties marked sensitive.
//
//sluice:operation GET /api/connection_types/{id}
func (c *Client) ConnectionTypeSchema(ctx context.Context, kind string) (polytomicapi.JsonschemaSchema, error) {
	if err := checkID("connection type", kind); err != nil {
		return nil, err
	}
	schema, err := bodyOf[polytomicapi.JsonschemaSchema](c.raw.GetConnectionTypeSchema(ctx, kind))
	if err != nil {
		return nil, about("connection type", kind, err)
	}
	return *schema, nil
}

// ConnectionTypeParameterValues returns the values that a field of a type's form may take, given what is filled in so far.
//
//sluice:operation POST /api/connection_types/{type}/parameter_values
func (c *Client) ConnectionTypeParameterValues(ctx context.Context, kind, field string, filled map[string]any) (map[string]polytomicapi.ConnectionParameterValuesResp, error) {
	if err := checkID("connection type", kind); err != nil {
		return nil, err
	}
	if field == "" {
		return nil, apierr.Invalid(service, "field", "the field is empty")
	}
	request := polytomicapi.GetConnectionTypeParameterValuesRequestSchema{Field: field}
	if filled != nil {
		request.Parameters = nullable.NewNullableWithValue(filled)
	}
	answer, err := bodyOf[polytomicapi.ConnectionParameterValuesResponseEnvelope](c.raw.GetConnectionTypeParameterValues(ctx, kind, request))
	if err != nil {
		return nil, about("connection type", kind, err)
	}
	return given(answer.Data), nil
}

// BulkSource returns what the connection offers as the source of a bulk sync: its schemas, with their fields when asked
// for. While the schema cache of a fresh connection is being filled the error wraps [ErrSchemasNotReady]:
// [Connection.WaitForSchemas] waits for it.
//
//sluice:operation GET /api/connections/{id}/bulksync/source
func (c *Connection) BulkSource(ctx context.Context, withFields bool) (*polytomicapi.BulkSyncSource, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	return with[*polytomicapi.BulkSyncSource]("connection", c.id)(dataOf[polytomicapi.BulkSyncSource](
		c.client.raw.GetBulkSyncSource(ctx, c.id, &polytomicapi.GetBulkSyncSourceParams{IncludeFields: optional(withFields)})))
}

// BulkDestination returns the modes and settings of the connection as the destination of a bulk sync.
//
//sluice:operation GET /api/connections/{id}/bulksync/target
func (c *Connection) BulkDestination(ctx context.Context) (*polytomicapi.BulkSyncDest, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	return with[*polytomicapi.BulkSyncDest]("connection", c.id)(dataOf[polytomicapi.BulkSyncDest](c.client.raw.GetBulkSyncDestination(ctx, c.id)))
}

// ModelSource returns which settings a model on the connection needs, given those that are chosen so far. How the settings
// are written into the URL is chosen by [WithMapQuery].
//
//sluice:operation GET /api/connections/{id}/modelsync/source
func (c *Connection) ModelSource(ctx context.Context, settings map[string][]string) (*polytomicapi.SyncSourceMetaResponse, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	return with[*polytomicapi.SyncSourceMetaResponse]("connection", c.id)(dataOf[polytomicapi.SyncSourceMetaResponse](
		c.client.raw.GetModelSyncSource(ctx, c.id, &polytomicapi.GetModelSyncSourceParams{}, c.client.mapQuery("params", settings, true))))
}

// ModelSourceFields returns the fields that a model with these settings would have; see [Connection.ModelSource].
//
//sluice:operation GET /api/connections/{id}/modelsync/source/fields
func (c *Connection) ModelSourceFields(ctx context.Context, settings map[string][]string) iter.Seq2[polytomicapi.ModelField, error] {
	if err := c.check(); err != nil {
		return failing[polytomicapi.ModelField](err)
	}
	return oneCall(ctx, func(ctx context.Context) ([]polytomicapi.ModelField, error) {
		rows, _, err := listOf[polytomicapi.ModelField](c.client.raw.GetModelSyncSourceFields(ctx, c.id,
			&polytomicapi.GetModelSyncSourceFieldsParams{}, c.client.mapQuery("params", settings, true)))
		return rows, c.about(err)
	})
}

// EnrichmentSource returns which settings an enrichment on the connection needs; see [Connection.ModelSource].
//
//sluice:operation GET /api/connections/{id}/modelsync/enrichment-source
func (c *Connection) EnrichmentSource(ctx context.Context, settings map[string][]string) (*polytomicapi.SyncSourceMetaResponse, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	return with[*polytomicapi.SyncSourceMetaResponse]("connection", c.id)(dataOf[polytomicapi.SyncSourceMetaResponse](
		c.client.raw.GetEnrichmentSource(ctx, c.id, &polytomicapi.GetEnrichmentSourceParams{}, c.client.mapQuery("params", settings, true))))
}

// EnrichmentInputs returns the sets of input fields that an enrichment with these settings takes: one of the sets has to
// be mapped.
//
//sluice:operation POST /api/enrichment/{connection_id}/inputfields
func (c *Connection) EnrichmentInputs(ctx context.Context, configuration *polytomicapi.EnricherConfiguration) ([][]string, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	rows, _, err := listOf[[]string](c.client.raw.GetEnrichmentInputFields(ctx, c.id, polytomicapi.EnrichmentInputFieldsRequest{Configuration: configuration}))
	return rows, c.about(err)
}

// ModelTargets lists the objects of the connection that model syncs can write to, and what creating another one takes.
//
//sluice:operation GET /api/connections/{id}/modelsync/targetobjects
func (c *Connection) ModelTargets(ctx context.Context) ([]polytomicapi.TargetObject, *polytomicapi.TargetCreator, error) {
	if err := c.check(); err != nil {
		return nil, nil, err
	}
	answer, err := bodyOf[polytomicapi.TargetObjectsResponseEnvelope](c.client.raw.ListModelSyncTargets(ctx, c.id))
	if err != nil {
		return nil, nil, c.about(err)
	}
	return orEmpty(given(answer.Data)), answer.TargetCreation, nil
}

// ModelTarget returns the modes and fields of an object that model syncs can write to. With refresh Polytomic asks the
// application instead of its cache.
//
//sluice:operation GET /api/connections/{id}/modelsync/target/fields
func (c *Connection) ModelTarget(ctx context.Context, target string, refresh bool) (*polytomicapi.TargetResponse, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	if target == "" {
		return nil, c.about(apierr.Invalid(service, "target", "the target is empty: Connection.ModelTargets lists them"))
	}
	return with[*polytomicapi.TargetResponse]("connection", c.id)(dataOf[polytomicapi.TargetResponse](
		c.client.raw.GetModelSyncTargetFields(ctx, c.id, &polytomicapi.GetModelSyncTargetFieldsParams{Target: target, Refresh: optional(refresh)})))
}

// ModelTargetProperty returns the values that a property of a new target may take; [Connection.ModelTargets] names the
// properties.
//
//sluice:operation GET /api/connections/{id}/modelsync/targetobjects/properties/{property}
func (c *Connection) ModelTargetProperty(ctx context.Context, property string) (*polytomicapi.TargetPropertyValues, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	if err := checkName("property", property); err != nil {
		return nil, c.about(err)
	}
	return with[*polytomicapi.TargetPropertyValues]("connection", c.id)(dataOf[polytomicapi.TargetPropertyValues](
		c.client.raw.GetModelSyncTargetCreateProperty(ctx, c.id, property)))
}
