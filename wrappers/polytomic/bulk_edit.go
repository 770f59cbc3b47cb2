package polytomic

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"slices"

	"github.com/oapi-codegen/nullable"

	"github.com/sluice-sdk/sluice/gen/polytomicapi"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// Update changes the sync: it reads it, with the selected schemas and their fields, lets change do its work on the
// request, and replaces the whole. Polytomic resets what such a request leaves out, and selects all schemas when it
// names none, so both are always sent. What change does not touch stays as it was read; nothing is sent when change
// returns an error, which Update returns. Two updates at the same time overwrite each other: the API cannot tell.
//
// A configuration with masked secrets is refused: the error wraps [ErrMaskedSecret] and names them. Reading takes one
// request for each selected schema. How the service merges the settings of schemas was not tried on the live service.
//
//sluice:operation GET /api/bulk/syncs/{id}
//sluice:operation GET /api/bulk/syncs/{id}/schemas
//sluice:operation GET /api/bulk/syncs/{id}/schemas/{schema_id}
//sluice:operation PUT /api/bulk/syncs/{id}
func (s *BulkSync) Update(ctx context.Context, change func(*polytomicapi.UpdateBulkSyncRequest) error) error {
	if err := s.check(); err != nil {
		return err
	}
	now, err := describe(s.client.raw.GetBulkSync(ctx, s.id, &polytomicapi.GetBulkSyncParams{}))
	if err != nil {
		return s.about(err)
	}
	var request polytomicapi.UpdateBulkSyncRequest
	if err := now.into(&request); err != nil {
		return s.about(err)
	}
	request.SourceConfiguration = now.exactly("source_configuration")
	if request.DestinationConfiguration == nil {
		request.DestinationConfiguration = map[string]any{}
	}
	if request.Schemas, err = s.selection(ctx); err != nil {
		return err
	}
	if err := change(&request); err != nil {
		return err
	}
	if err := checkBulkSync(request.Name, request.SourceConnectionID, request.DestinationConnectionID, request.DefaultSchedule.Frequency); err != nil {
		return s.about(err)
	}
	if !request.Schemas.IsSpecified() || request.Schemas.IsNull() {
		return s.about(apierr.Invalid(service, "schemas", "without schemas the update may select all of them: give a list"))
	}
	if err := refuseMasks(request); err != nil {
		return s.about(err)
	}
	request.Mode = sent(request.Mode)
	updated, err := dataOf[polytomicapi.BulkSyncResponse](s.client.raw.UpdateBulkSync(ctx, s.id, request))
	if err != nil {
		s.info.Forget()
		return s.about(err)
	}
	s.info.Set(updated)
	return nil
}

// selection reads the schemas that the sync moves, in the words of an update.
func (s *BulkSync) selection(ctx context.Context) (nullable.Nullable[[]polytomicapi.UpdateBulkSyncRequestSchemasItem], error) {
	var ids []string
	for schema, err := range s.Schemas(ctx, nil) {
		if err != nil {
			return nil, err
		}
		if valueOf(schema.Enabled) && valueOf(schema.ID) != "" {
			ids = append(ids, *schema.ID)
		}
	}
	items := make([]polytomicapi.UpdateBulkSyncRequestSchemasItem, len(ids))
	for i, err := range concurrently(ctx, len(ids), sourceRequests, func(ctx context.Context, i int) (int, error) {
		if err := s.checkSchema(ids[i]); err != nil {
			return i, err
		}
		now, err := describe(s.client.raw.GetBulkSyncSchema(ctx, s.id, ids[i]))
		if err != nil {
			return i, err
		}
		var schema polytomicapi.BulkSchema
		if err := now.into(&schema); err != nil {
			return i, err
		}
		configuration, err := configurationOf(&schema)
		if err != nil {
			return i, err
		}
		return i, items[i].FromSchemaConfiguration(configuration)
	}) {
		if err != nil {
			return nil, s.about(err)
		}
		_ = i
	}
	return nullable.NewNullableWithValue(items), nil
}

// configurationOf is what was read of a schema, in the words of a request.
func configurationOf(schema *polytomicapi.BulkSchema) (polytomicapi.SchemaConfiguration, error) {
	c := polytomicapi.SchemaConfiguration{
		ID: schema.ID, DataCutoffTimestamp: schema.DataCutoffTimestamp, Filters: schema.Filters,
		Enabled: known(schema.Enabled), DisableDataCutoff: known(schema.DisableDataCutoff),
		PartitionKey: known(schema.PartitionKey), TrackingField: known(schema.TrackingField),
	}
	for _, field := range schema.Fields {
		var item polytomicapi.SchemaConfigurationFieldsItem
		if err := item.FromFieldConfiguration(polytomicapi.FieldConfiguration{ID: field.ID, Enabled: known(field.Enabled), Obfuscate: known(field.Obfuscated)}); err != nil {
			return c, err
		}
		c.Fields = append(c.Fields, item)
	}
	return c, nil
}

// known is a field with the value that p points to, absent when it points to none.
func known[T any](p *T) nullable.Nullable[T] {
	if p == nil {
		return nil
	}
	return nullable.NewNullableWithValue(*p)
}

// Schemas lists the schemas of the source and which of them the sync moves, in one call. Filters are passed on as
// [WithMapQuery] says; their names are not documented.
//
//sluice:operation GET /api/bulk/syncs/{id}/schemas
func (s *BulkSync) Schemas(ctx context.Context, filters map[string]string) iter.Seq2[polytomicapi.BulkSchemaListItem, error] {
	if err := s.check(); err != nil {
		return failing[polytomicapi.BulkSchemaListItem](err)
	}
	values := make(map[string][]string, len(filters))
	for name, value := range filters {
		values[name] = []string{value}
	}
	return oneCall(ctx, func(ctx context.Context) ([]polytomicapi.BulkSchemaListItem, error) {
		rows, _, err := listOf[polytomicapi.BulkSchemaListItem](s.client.raw.ListBulkSyncSchemas(ctx, s.id,
			&polytomicapi.ListBulkSyncSchemasParams{}, s.client.mapQuery("filters", values, false)))
		return rows, s.about(err)
	})
}

// Schema reads the settings of one schema, with its fields.
//
//sluice:operation GET /api/bulk/syncs/{id}/schemas/{schema_id}
func (s *BulkSync) Schema(ctx context.Context, id string) (*polytomicapi.BulkSchema, error) {
	if err := s.checkSchema(id); err != nil {
		return nil, err
	}
	return with[*polytomicapi.BulkSchema]("bulk sync", s.id)(dataOf[polytomicapi.BulkSchema](s.client.raw.GetBulkSyncSchema(ctx, s.id, id)))
}

// UpdateSchema changes one schema: it reads its settings, lets change do its work on them and replaces the whole. The value of
// a filter that is null reads as json.RawMessage("null"), so that it is sent; nil is no value.
//
//sluice:operation GET /api/bulk/syncs/{id}/schemas/{schema_id}
//sluice:operation PUT /api/bulk/syncs/{id}/schemas/{schema_id}
func (s *BulkSync) UpdateSchema(ctx context.Context, id string, change func(*polytomicapi.UpdateBulkSchema) error) (*polytomicapi.BulkSchema, error) {
	if err := s.checkSchema(id); err != nil {
		return nil, err
	}
	now, err := describe(s.client.raw.GetBulkSyncSchema(ctx, s.id, id))
	if err != nil {
		return nil, s.about(err)
	}
	var request polytomicapi.UpdateBulkSchema
	if err := now.into(&request); err != nil {
		return nil, s.about(err)
	}
	if err := change(&request); err != nil {
		return nil, err
	}
	return with[*polytomicapi.BulkSchema]("bulk sync", s.id)(dataOf[polytomicapi.BulkSchema](s.client.raw.UpdateBulkSyncSchema(ctx, s.id, id, request)))
}

// ChangeSchemas changes the given schemas and leaves the others alone; a field of a schema that is not given stays as it
// is. Polytomic enables all fields of a schema that is sent without any, so for such a schema the fields are read and sent
// along.
//
//sluice:operation GET /api/bulk/syncs/{id}/schemas/{schema_id}
//sluice:operation PATCH /api/bulk/syncs/{id}/schemas
func (s *BulkSync) ChangeSchemas(ctx context.Context, changes ...polytomicapi.BulkSchema) ([]polytomicapi.BulkSchema, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	changes = slices.Clone(changes)
	for i, c := range changes {
		if err := checkName("schema", valueOf(c.ID)); err != nil {
			return nil, s.about(err)
		}
		if c.Fields == nil {
			schema, err := s.Schema(ctx, *c.ID)
			if err != nil {
				return nil, err
			}
			changes[i].Fields = schema.Fields
		}
	}
	if len(changes) == 0 {
		return []polytomicapi.BulkSchema{}, nil
	}
	rows, _, err := listOf[polytomicapi.BulkSchema](s.client.raw.PatchBulkSyncSchemas(ctx, s.id,
		polytomicapi.UpdateBulkSyncSchemasRequest{Schemas: listed(changes)}))
	return rows, s.about(err)
}

// Schedules lists the sync's schedules, in one call. Rows carry no id: the ids are in DefaultSchedule and
// AdditionalSchedules of [BulkSync.Info].
//
//sluice:operation GET /api/bulk/syncs/{sync_id}/schedules
func (s *BulkSync) Schedules(ctx context.Context) iter.Seq2[polytomicapi.BulkBulkSyncSchedule, error] {
	if err := s.check(); err != nil {
		return failing[polytomicapi.BulkBulkSyncSchedule](err)
	}
	return oneCall(ctx, func(ctx context.Context) ([]polytomicapi.BulkBulkSyncSchedule, error) {
		rows, _, err := listOf[polytomicapi.BulkBulkSyncSchedule](s.client.raw.ListBulkSyncSchedules(ctx, s.id))
		return rows, s.about(err)
	})
}

// Schedule reads one schedule.
//
//sluice:operation GET /api/bulk/syncs/{sync_id}/schedules/{schedule_id}
func (s *BulkSync) Schedule(ctx context.Context, id string) (*polytomicapi.BulkBulkSyncSchedule, error) {
	if err := s.about(checkIDs("bulk sync", s.id, "schedule", id)); err != nil {
		return nil, err
	}
	return with[*polytomicapi.BulkBulkSyncSchedule]("bulk sync", s.id)(dataOf[polytomicapi.BulkBulkSyncSchedule](s.client.raw.GetBulkSyncSchedule(ctx, s.id, id)))
}

// AddSchedule adds a schedule, whose times are UTC. One with schemas or a resync mode of its own has to be added to
// AdditionalSchedules by [BulkSync.Update].
//
//sluice:operation POST /api/bulk/syncs/{sync_id}/schedules
func (s *BulkSync) AddSchedule(ctx context.Context, schedule polytomicapi.BulkSyncScheduleAPI) (*polytomicapi.BulkBulkSyncSchedule, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	defer s.info.Forget()
	return with[*polytomicapi.BulkBulkSyncSchedule]("bulk sync", s.id)(dataOf[polytomicapi.BulkBulkSyncSchedule](
		s.client.raw.CreateBulkSyncSchedule(ctx, s.id, polytomicapi.CreateScheduleRequest{Schedule: schedule})))
}

// UpdateSchedule changes a schedule: it reads it, lets change do its work and replaces the whole. A schedule with schemas
// or a resync mode of its own is refused, because this call cannot send them and Polytomic would reset them: use
// [BulkSync.Update] for it.
//
//sluice:operation GET /api/bulk/syncs/{sync_id}/schedules/{schedule_id}
//sluice:operation PUT /api/bulk/syncs/{sync_id}/schedules/{schedule_id}
func (s *BulkSync) UpdateSchedule(ctx context.Context, id string, change func(*polytomicapi.BulkSyncScheduleAPI) error) (*polytomicapi.BulkBulkSyncSchedule, error) {
	now, err := s.Schedule(ctx, id)
	if err != nil {
		return nil, err
	}
	if mode := valueOf(now.SyncMode); len(given(now.Schemas)) > 0 || mode != "" && mode != polytomicapi.BulkScheduleSyncModeNormal {
		e := apierr.Invalid(service, "schedule", "the schedule has schemas or a resync mode of its own, which this call would reset")
		e.Hint = "Change AdditionalSchedules with BulkSync.Update instead."
		return nil, s.about(e)
	}
	schedule := polytomicapi.BulkSyncScheduleAPI{DayOfMonth: now.DayOfMonth, DayOfWeek: now.DayOfWeek, Frequency: now.Frequency, Hour: now.Hour,
		Minute: now.Minute, Month: now.Month, SelectiveMode: now.SelectiveMode}
	if err := change(&schedule); err != nil {
		return nil, err
	}
	defer s.info.Forget()
	return with[*polytomicapi.BulkBulkSyncSchedule]("bulk sync", s.id)(dataOf[polytomicapi.BulkBulkSyncSchedule](
		s.client.raw.UpdateBulkSyncSchedule(ctx, s.id, id, polytomicapi.UpdateScheduleRequest{Schedule: schedule})))
}

// DeleteSchedule deletes a schedule.
//
//sluice:operation DELETE /api/bulk/syncs/{sync_id}/schedules/{schedule_id}
func (s *BulkSync) DeleteSchedule(ctx context.Context, id string) error {
	if err := s.about(checkIDs("bulk sync", s.id, "schedule", id)); err != nil {
		return err
	}
	defer s.info.Forget()
	return s.about(s.client.remove(ctx, func(ctx context.Context) (*http.Response, error) {
		return s.client.raw.DeleteBulkSyncSchedule(ctx, s.id, id)
	}))
}

// mapQuery writes a parameter that is a map into the URL of a request, as the client was told to. Many says that the
// values are lists in the OpenAPI document.
func (c *Client) mapQuery(name string, values map[string][]string, many bool) polytomicapi.RequestEditorFn {
	return func(_ context.Context, req *http.Request) error {
		if len(values) == 0 {
			return nil
		}
		query := req.URL.Query()
		switch c.settings.mapQuery {
		case MapQueryJSON:
			var value any = values
			if !many {
				single := make(map[string]string, len(values))
				for key, list := range values {
					single[key] = list[0]
				}
				value = single
			}
			text, err := json.Marshal(value)
			if err != nil {
				return err
			}
			query.Set(name, string(text))
		default:
			for key, list := range values {
				for i, value := range list {
					field := name + "[" + key + "]"
					if many && c.settings.mapQuery == MapQueryIndexed {
						field += "[" + itoa(i) + "]"
					}
					query.Add(field, value)
				}
			}
		}
		req.URL.RawQuery = query.Encode()
		return nil
	}
}
