package polytomic

import (
	"context"
	"errors"
	"time"

	"github.com/oapi-codegen/nullable"

	"github.com/sluice-sdk/sluice/gen/polytomicapi"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// CreateOption changes [Client.CreateBulkSync].
type CreateOption func(*createSettings)

type createSettings struct{ whenReady bool }

// WhenSchemasReady waits until the schema cache of a fresh source is filled when Polytomic refuses the sync because it is
// not, and then asks again. Without it the refusal is an error that wraps [ErrSchemasNotReady].
func WhenSchemasReady() CreateOption { return func(s *createSettings) { s.whenReady = true } }

// SelectSchemas is the schemas of a new bulk sync, by their ids, with all their fields.
func SelectSchemas(ids ...string) nullable.Nullable[[]polytomicapi.CreateBulkSyncRequestSchemasItem] {
	items := make([]polytomicapi.CreateBulkSyncRequestSchemasItem, len(ids))
	for i, id := range ids {
		_ = items[i].FromCreateBulkSyncRequestSchemasItem0(id) // a string always marshals
	}
	return nullable.NewNullableWithValue(items)
}

// ConfigureSchemas is the schemas of a new bulk sync, with their fields, filters and keys. The error is of kind
// [apierr.KindInvalid] for a schema without an id.
func ConfigureSchemas(schemas ...polytomicapi.SchemaConfiguration) (nullable.Nullable[[]polytomicapi.CreateBulkSyncRequestSchemasItem], error) {
	items := make([]polytomicapi.CreateBulkSyncRequestSchemasItem, len(schemas))
	for i, schema := range schemas {
		if valueOf(schema.ID) == "" {
			return nil, apierr.Invalid(service, "schemas", "schema %d has no id", i)
		}
		if err := items[i].FromSchemaConfiguration(schema); err != nil {
			return nil, apierr.Invalid(service, "schemas", "schema %q cannot be written as JSON", *schema.ID)
		}
	}
	return nullable.NewNullableWithValue(items), nil
}

// Pauses between requests that were refused because the schemas are not there yet, and how many there are at most. The
// official Terraform provider asks ten times within four minutes.
const (
	notReadyPause = 5 * time.Second
	notReadyMost  = 30
)

// CreateBulkSync creates a bulk sync. DefaultSchedule is required, with the frequency manual for one that is started by
// hand; without Schemas all of the source's are selected (an empty list is refused), and without Mode the service chooses
// one.
//
// A connection that was created a moment ago has no schemas yet: the error wraps [ErrSchemasNotReady] then, unless
// [WhenSchemasReady] is given. When an error says MayHaveApplied the sync may be there: look before creating it again.
//
//sluice:operation POST /api/bulk/syncs
//sluice:operation GET /api/connections/{id}/schemas/status
func (c *Client) CreateBulkSync(ctx context.Context, request polytomicapi.CreateBulkSyncRequest, opts ...CreateOption) (*BulkSync, error) {
	var s createSettings
	for _, o := range opts {
		o(&s)
	}
	if err := checkBulkSync(request.Name, request.SourceConnectionID, request.DestinationConnectionID, request.DefaultSchedule.Frequency); err != nil {
		return nil, err
	}
	if request.Schemas.IsSpecified() && len(given(request.Schemas)) == 0 {
		return nil, apierr.Invalid(service, "schemas", "the list of schemas is empty: name some, or leave Schemas out to select all of the source's")
	}
	if request.DestinationConfiguration == nil {
		request.DestinationConfiguration = map[string]any{}
	}
	request.Mode = sent(request.Mode)
	for try := 1; ; try++ {
		created, err := dataOf[polytomicapi.BulkSyncResponse](c.raw.CreateBulkSync(attempt(ctx, try), request))
		if err == nil {
			sync := c.BulkSync(valueOf(created.ID))
			sync.info.Set(created)
			return sync, nil
		}
		if !errors.Is(err, ErrSchemasNotReady) || !s.whenReady || try == notReadyMost {
			return nil, err
		}
		if waitErr := c.Connection(request.SourceConnectionID).WaitForSchemas(ctx); waitErr != nil {
			return nil, errors.Join(waitErr, err)
		}
		if try > 1 && !sleep(ctx, notReadyPause) {
			return nil, errors.Join(context.Cause(ctx), err)
		}
	}
}

func checkBulkSync(name, source, destination string, frequency polytomicapi.ScheduleFrequency) error {
	switch {
	case name == "":
		return apierr.Invalid(service, "name", "the sync has no name")
	case frequency == "":
		return apierr.Invalid(service, "default_schedule", "the default schedule has no frequency: give manual for a sync that is started by hand")
	case frequency == polytomicapi.ScheduleFrequencyMulti:
		return apierr.Invalid(service, "default_schedule", "the frequency multi is of older versions of the API: use additional_schedules")
	}
	return checkIDs("source_connection_id", source, "destination_connection_id", destination)
}
