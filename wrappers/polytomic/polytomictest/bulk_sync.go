package polytomictest

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/oapi-codegen/nullable"

	wire "github.com/sluice-sdk/sluice/gen/polytomicapi"
	srv "github.com/sluice-sdk/sluice/gen/polytomicserver"
)

// bulkSync is a bulk sync. What was written last is kept as it came.
type bulkSync struct {
	syncCore
	source, destination *connection
	body                wire.CreateBulkSyncRequest
	fallback            *schedule // the default schedule
	additional          []*schedule
	schemas             []*syncSchema
}

func (s *syncCore) identity() string { return s.id }

func (f *Fake) bulkWire(b *bulkSync) *wire.BulkSyncResponse {
	body := b.body
	out := &wire.BulkSyncResponse{
		ID: &b.id, Name: &b.name, Active: &b.active, OrganizationID: &b.org.id, CreatedAt: moment(b.created), UpdatedAt: moment(b.updated),
		CreatedBy: actor(b.createdBy), UpdatedBy: actor(b.createdBy), SourceConnectionID: &b.source.id,
		DestinationConnectionID: &b.destination.id, DestinationConfiguration: value(body.DestinationConfiguration),
		SourceConfiguration: value(givenOr(body.SourceConfiguration, map[string]any{})),
		Mode:                new(givenOr(body.Mode, wire.BulkSyncTargetModeReplicate)), Policies: givenOr(body.Policies, nil),
		AutomaticallyAddNewFields:  new(or(body.AutomaticallyAddNewFields, wire.BulkDiscoverAll)),
		AutomaticallyAddNewObjects: new(or(body.AutomaticallyAddNewObjects, wire.BulkDiscoverAll)),
		NormalizeNames:             new(or(body.NormalizeNames, wire.BulkNormalizeNamesEnabled)),
		DisableRecordTimestamps:    new(givenOr(body.DisableRecordTimestamps, false)),
		ConcurrencyLimit:           orNull(body.ConcurrencyLimit), ResyncConcurrencyLimit: orNull(body.ResyncConcurrencyLimit),
		DataCutoffTimestamp: orNull(body.DataCutoffTimestamp), DefaultSchedule: b.fallback.asDefault(),
		AdditionalSchedules: rows(f, mapped(b.additional, (*schedule).asAdditional)),
	}
	return out
}

func orNull[T any](n nullable.Nullable[T]) nullable.Nullable[T] {
	if v, ok := given(n); ok {
		return value(v)
	}
	return nullable.NewNullNullable[T]()
}

func (f *Fake) bulkSync(c *caller, id string) (*bulkSync, error) {
	if b := f.bulkSyncs.byID[id]; b != nil && b.org == c.org {
		return b, nil
	}
	return nil, notFound("bulk sync", id)
}

// own says that a request is about the caller's organization, which a body may name.
func own(c *caller, organizationID nullable.Nullable[string]) error {
	if id, ok := given(organizationID); ok && id != "" && !strings.EqualFold(id, c.org.id) {
		return forbidden("organization %s is not accessible with this key", id)
	}
	return nil
}

func (a *service) ListBulkSyncs(ctx context.Context, request srv.ListBulkSyncsRequestObject) (srv.ListBulkSyncsResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	list := f.bulkSyncs.where(func(b *bulkSync) bool {
		return b.org == c.org && (request.Params.Active == nil || b.active == *request.Params.Active)
	})
	out := srv.ListBulkSyncs200JSONResponse{}
	if f.has(PagedLists) {
		var err error
		list, out.Pagination, err = page(f, list, (*bulkSync).identity, request.Params.PageToken, request.Params.Limit, 50, 50)
		if err != nil {
			return nil, err
		}
	}
	out.Data = rows(f, mapped(list, func(b *bulkSync) wire.BulkSyncResponse { return *f.bulkWire(b) }))
	return out, nil
}

// check refuses what cannot be a bulk sync.
func (f *Fake) checkBulk(c *caller, body wire.CreateBulkSyncRequest, besides *bulkSync) (source, destination *connection, err error) {
	if err := own(c, body.OrganizationID); err != nil {
		return nil, nil, err
	}
	if strings.TrimSpace(body.Name) == "" {
		return nil, nil, badRequest("name is required")
	}
	if body.DefaultSchedule.Frequency == "" {
		return nil, nil, badRequest("default_schedule is required")
	}
	source, destination = f.connections.byID[body.SourceConnectionID], f.connections.byID[body.DestinationConnectionID]
	switch {
	case source == nil || source.org != c.org:
		return nil, nil, badRequest("source connection not found")
	case destination == nil || destination.org != c.org:
		return nil, nil, badRequest("destination connection not found")
	case !source.kind.source:
		return nil, nil, badRequest("%s cannot be the source of a bulk sync", source.kind.name)
	case !destination.kind.destination:
		return nil, nil, badRequest("%s cannot be the destination of a bulk sync", destination.kind.name)
	case !source.filled(f.now):
		return nil, nil, unprocessable("cache refresh in progress")
	}
	for _, b := range f.bulkSyncs.rows {
		if b != besides && b.org == c.org && b.name == body.Name {
			return nil, nil, unprocessable("name %q is taken", body.Name)
		}
	}
	return source, destination, nil
}

func (a *service) CreateBulkSync(ctx context.Context, request srv.CreateBulkSyncRequestObject) (srv.CreateBulkSyncResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	source, destination, err := f.checkBulk(c, *request.Body, nil)
	if err != nil {
		return nil, err
	}
	b := &bulkSync{source: source, destination: destination, body: *request.Body}
	b.syncCore = syncCore{
		id: f.newID(), name: request.Body.Name, org: c.org, bulk: true, active: givenOr(request.Body.Active, true), created: f.now,
		updated: f.now, createdBy: c, bulkSync: b,
	}
	for _, o := range f.config.everySync {
		o(&b.syncCore)
	}
	b.name = request.Body.Name
	selection, chosen := given(request.Body.Schemas)
	if err := b.choose(asRaw(selection), chosen); err != nil {
		return nil, err
	}
	extra, _ := given(request.Body.AdditionalSchedules)
	f.setSchedules(b, request.Body.DefaultSchedule, extra, c)
	f.bulkSyncs.add(b)
	return srv.CreateBulkSync200JSONResponse{Data: f.bulkWire(b)}, nil
}

// asRaw returns the items of a list of unions as JSON.
func asRaw[T json.Marshaler](items []T) []json.RawMessage {
	out := make([]json.RawMessage, 0, len(items))
	for _, item := range items {
		if raw, err := item.MarshalJSON(); err == nil {
			out = append(out, raw)
		}
	}
	return out
}

func (a *service) GetBulkSync(ctx context.Context, request srv.GetBulkSyncRequestObject) (srv.GetBulkSyncResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	b, err := f.bulkSync(c, request.ID)
	if err != nil {
		return nil, err
	}
	return srv.GetBulkSync200JSONResponse{Data: f.bulkWire(b)}, nil
}

func (a *service) UpdateBulkSync(ctx context.Context, request srv.UpdateBulkSyncRequestObject) (srv.UpdateBulkSyncResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	b, err := f.bulkSync(c, request.ID)
	if err != nil {
		return nil, err
	}
	u := request.Body
	body := wire.CreateBulkSyncRequest{
		Active: u.Active, AdditionalSchedules: u.AdditionalSchedules, AutomaticallyAddNewFields: u.AutomaticallyAddNewFields,
		AutomaticallyAddNewObjects: u.AutomaticallyAddNewObjects, ConcurrencyLimit: u.ConcurrencyLimit,
		DataCutoffTimestamp: u.DataCutoffTimestamp, DefaultSchedule: u.DefaultSchedule,
		DestinationConfiguration: u.DestinationConfiguration, DestinationConnectionID: u.DestinationConnectionID,
		DisableRecordTimestamps: u.DisableRecordTimestamps, Mode: u.Mode, Name: u.Name, NormalizeNames: u.NormalizeNames,
		OrganizationID: u.OrganizationID, Policies: u.Policies, ResyncConcurrencyLimit: u.ResyncConcurrencyLimit,
		SourceConfiguration: u.SourceConfiguration, SourceConnectionID: u.SourceConnectionID,
	}
	source, destination, err := f.checkBulk(c, body, b)
	if err != nil {
		return nil, err
	}
	selection, chosen := given(u.Schemas)
	changed := source != b.source
	b.source, b.destination = source, destination
	if chosen || changed || f.has(PutSelectsAll) {
		if err := b.choose(asRaw(selection), chosen); err != nil {
			return nil, err
		}
	}
	b.body, b.name, b.updated = body, body.Name, f.now
	b.active = givenOr(u.Active, true) // a replacement: what is left out is reset
	extra, _ := given(u.AdditionalSchedules)
	f.setSchedules(b, u.DefaultSchedule, extra, c)
	return srv.UpdateBulkSync200JSONResponse{Data: f.bulkWire(b)}, nil
}

func (a *service) DeleteBulkSync(ctx context.Context, request srv.DeleteBulkSyncRequestObject) (srv.DeleteBulkSyncResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	b, err := f.bulkSync(c, request.ID)
	if err != nil {
		return nil, err
	}
	f.deleteBulk(b)
	return srv.DeleteBulkSync200Response{}, nil
}

// deleteBulk cancels what runs and forgets the history.
func (f *Fake) deleteBulk(b *bulkSync) {
	if e := b.running(f.now); e != nil {
		f.stop(e, f.now)
	}
	f.bulkSyncs.remove(b)
}

func (a *service) ActivateBulkSync(ctx context.Context, request srv.ActivateBulkSyncRequestObject) (srv.ActivateBulkSyncResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	b, err := f.bulkSync(c, request.ID)
	if err != nil {
		return nil, err
	}
	b.active, b.updated = request.Body.Active, f.now
	if e := b.running(f.now); !b.active && e != nil && f.has(ActivateCancels) {
		f.stop(e, f.now)
	}
	return srv.ActivateBulkSync200JSONResponse{Data: &wire.ActivateSyncOutput{ID: &b.id, Active: new(b.active)}}, nil
}

// BulkSyncs returns the ids of all bulk syncs of an organization, or of all when the id is empty, oldest first.
func (f *Fake) BulkSyncs(organizationID string) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []string
	for _, b := range f.bulkSyncs.rows {
		if organizationID == "" || b.org.id == organizationID {
			out = append(out, b.id)
		}
	}
	return out
}

// EnabledSchemas returns the ids of the schemas that a bulk sync syncs, sorted.
func (f *Fake) EnabledSchemas(bulkSyncID string) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	b := f.bulkSyncs.byID[bulkSyncID]
	if b == nil {
		return nil
	}
	ids := mapped(b.enabled(), func(s *syncSchema) string { return s.id })
	slices.Sort(ids)
	return ids
}
