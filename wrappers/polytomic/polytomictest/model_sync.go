package polytomictest

import (
	"context"
	"slices"
	"strings"

	"github.com/oapi-codegen/nullable"

	wire "github.com/sluice-sdk/sluice/gen/polytomicapi"
	srv "github.com/sluice-sdk/sluice/gen/polytomicserver"
)

// modelSync is a model sync. What was written last is kept as it came.
type modelSync struct {
	syncCore
	body     wire.CreateSyncRequest
	modelIDs []string
}

func (f *Fake) modelSync(c *caller, id string) (*modelSync, error) {
	if s := f.modelSyncs.byID[id]; s != nil && s.org == c.org {
		return s, nil
	}
	return nil, notFound("sync", id)
}

func (f *Fake) modelSyncWire(s *modelSync) *wire.SyncResponse {
	b := s.body
	filters, _ := given(b.Filters)
	overrides, _ := given(b.Overrides)
	overrideFields, _ := given(b.OverrideFields)
	out := &wire.SyncResponse{
		ID: &s.id, Name: &s.name, OrganizationID: &s.org.id, Active: new(s.active), Mode: new(b.Mode), Fields: b.Fields, Filters: filters,
		FilterLogic: new(or(b.FilterLogic, "")), Identity: b.Identity, ModelIds: s.modelIDs, OnlyEnrichUpdates: new(or(b.OnlyEnrichUpdates, false)),
		OverrideFields: overrideFields, Overrides: overrides, Policies: givenOr(b.Policies, nil), Schedule: new(b.Schedule),
		SkipInitialBackfill: new(or(b.SkipInitialBackfill, false)), SyncAllRecords: new(or(b.SyncAllRecords, false)), Target: new(b.Target),
		CreatedAt: moment(s.created), UpdatedAt: moment(s.updated), CreatedBy: actor(s.createdBy), UpdatedBy: actor(s.createdBy),
	}
	if p := or(b.EncryptionPassphrase, ""); p != "" {
		if f.has(MaskedSecrets) {
			p = mask
		}
		out.EncryptionPassphrase = &p
	}
	return out
}

// ListModelSyncs answers a slim form, without target, fields and filters.
func (a *service) ListModelSyncs(ctx context.Context, request srv.ListModelSyncsRequestObject) (srv.ListModelSyncsResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	p := request.Params
	list := f.modelSyncs.where(func(s *modelSync) bool {
		return s.org == c.org && (p.Active == nil || s.active == *p.Active) && (p.Mode == nil || s.body.Mode == *p.Mode) &&
			(p.TargetConnectionID == nil || s.body.Target.ConnectionID == *p.TargetConnectionID)
	})
	list, details, err := page(f, list, (*modelSync).identity, p.PageToken, p.Limit, 50, 50)
	if err != nil {
		return nil, err
	}
	return srv.ListModelSyncs200JSONResponse{Pagination: details, Data: rows(f, mapped(list, func(s *modelSync) wire.ListSyncItem {
		w := f.modelSyncWire(s)
		return wire.ListSyncItem{
			ID: w.ID, Name: w.Name, OrganizationID: w.OrganizationID, Active: w.Active, Mode: new(string(s.body.Mode)), ModelIds: w.ModelIds,
			OnlyEnrichUpdates: w.OnlyEnrichUpdates, Schedule: w.Schedule, SkipInitialBackfill: w.SkipInitialBackfill,
			SyncAllRecords: w.SyncAllRecords, TargetConnectionID: new(s.body.Target.ConnectionID), TargetObject: new(or(s.body.Target.Object, "")),
			CreatedAt: w.CreatedAt, UpdatedAt: w.UpdatedAt, CreatedBy: w.CreatedBy, UpdatedBy: w.UpdatedBy,
		}
	}))}, nil
}

var identityModes = []wire.ModelsyncSyncTargetMode{
	wire.ModelsyncSyncTargetModeUpdate, wire.ModelsyncSyncTargetModeUpdateOrCreate, wire.ModelsyncSyncTargetModeRemove,
}

// checkModelSync refuses what cannot be a model sync, and says which models it reads.
func (f *Fake) checkModelSync(c *caller, b wire.CreateSyncRequest) ([]string, error) {
	if err := own(c, b.OrganizationID); err != nil {
		return nil, err
	}
	x := f.connections.byID[b.Target.ConnectionID]
	switch {
	case strings.TrimSpace(b.Name) == "":
		return nil, badRequest("name is required")
	case !b.Mode.Valid():
		return nil, badRequest("unknown mode %q", b.Mode)
	case x == nil || x.org != c.org:
		return nil, badRequest("target connection not found")
	case !x.kind.destination:
		return nil, badRequest("%s cannot be a target", x.kind.name)
	case len(b.Fields) == 0:
		return nil, badRequest("fields are required")
	case slices.Contains(identityModes, b.Mode) && b.Identity == nil:
		return nil, badRequest("mode %s requires an identity", b.Mode)
	}
	if object := or(b.Target.Object, ""); object == "" && len(b.Target.Create) == 0 {
		return nil, badRequest("target.object is required")
	} else if object != "" && or(b.Target.NewName, "") == "" && !slices.ContainsFunc(targetObjects(x), func(o wire.TargetObject) bool { return *o.ID == object }) {
		return nil, unprocessable("target object %q not found", object)
	}
	var ids []string
	sources := make([]*wire.Source, 0, len(b.Fields)+1)
	for _, field := range b.Fields {
		sources = append(sources, field.Source)
	}
	if b.Identity != nil {
		sources = append(sources, &b.Identity.Source)
	}
	for _, s := range sources {
		if s == nil {
			continue // a field with a constant
		}
		m := f.models.byID[s.ModelID]
		if m == nil || m.org != c.org {
			return nil, badRequest("model %s not found", s.ModelID)
		}
		if !slices.ContainsFunc(m.fields, func(d wire.ModelField) bool { return *d.Name == s.Field || *d.ID == s.Field }) {
			return nil, badRequest("model field %q not found", s.Field)
		}
		if !slices.Contains(ids, m.id) {
			ids = append(ids, m.id)
		}
	}
	return ids, nil
}

func (a *service) CreateModelSync(ctx context.Context, request srv.CreateModelSyncRequestObject) (srv.CreateModelSyncResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	ids, err := f.checkModelSync(c, *request.Body)
	if err != nil {
		return nil, err
	}
	for _, s := range f.modelSyncs.rows {
		if s.org == c.org && s.name == request.Body.Name {
			return nil, unprocessable("name %q is taken", s.name)
		}
	}
	s := &modelSync{body: *request.Body, modelIDs: ids}
	s.syncCore = syncCore{
		id: f.newID(), org: c.org, active: or(request.Body.Active, true), created: f.now, updated: f.now, createdBy: c, modelSync: s,
	}
	for _, o := range f.config.everySync {
		o(&s.syncCore)
	}
	s.name, s.body, s.modelIDs = request.Body.Name, *request.Body, ids // whatever the options say
	f.modelSyncs.add(s)
	return srv.CreateModelSync200JSONResponse{Data: f.modelSyncWire(s)}, nil
}

func (a *service) GetModelSync(ctx context.Context, request srv.GetModelSyncRequestObject) (srv.GetModelSyncResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	s, err := f.modelSync(c, request.ID)
	if err != nil {
		return nil, err
	}
	return srv.GetModelSync200JSONResponse{Data: f.modelSyncWire(s)}, nil
}

// UpdateModelSync replaces: what is left out is reset, the passphrase too.
func (a *service) UpdateModelSync(ctx context.Context, request srv.UpdateModelSyncRequestObject) (srv.UpdateModelSyncResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	s, err := f.modelSync(c, request.ID)
	if err != nil {
		return nil, err
	}
	body := wire.CreateSyncRequest(*request.Body)
	ids, err := f.checkModelSync(c, body)
	if err != nil {
		return nil, err
	}
	if or(body.EncryptionPassphrase, "") == mask && !f.has(StoresMask) {
		body.EncryptionPassphrase = s.body.EncryptionPassphrase
	}
	s.body, s.modelIDs, s.name, s.updated, s.active = body, ids, body.Name, f.now, or(body.Active, true)
	return srv.UpdateModelSync200JSONResponse{Data: f.modelSyncWire(s)}, nil
}

// DeleteModelSync answers 409 while the sync runs, which is what the declared 409 is taken to mean.
func (a *service) DeleteModelSync(ctx context.Context, request srv.DeleteModelSyncRequestObject) (srv.DeleteModelSyncResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	s, err := f.modelSync(c, request.ID)
	if err != nil {
		return nil, err
	}
	if s.running(f.now) != nil && f.has(RunningConflict) {
		return nil, conflict("sync is running")
	}
	f.deleteModelSync(s)
	return srv.DeleteModelSync200Response{}, nil
}

func (f *Fake) deleteModelSync(s *modelSync) {
	if e := s.running(f.now); e != nil {
		f.stop(e, f.now)
	}
	f.modelSyncs.remove(s)
}

func (a *service) ActivateModelSync(ctx context.Context, request srv.ActivateModelSyncRequestObject) (srv.ActivateModelSyncResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	s, err := f.modelSync(c, request.ID)
	if err != nil {
		return nil, err
	}
	s.active, s.updated = request.Body.Active, f.now
	return srv.ActivateModelSync200JSONResponse{Data: &wire.ActivateSyncOutput{ID: &s.id, Active: new(s.active)}}, nil
}

func (a *service) GetModelSyncScheduleOptions(ctx context.Context, _ srv.GetModelSyncScheduleOptionsRequestObject) (srv.GetModelSyncScheduleOptionsResponseObject, error) {
	f, _ := a.enter(ctx)
	defer a.leave()
	var list []wire.ScheduleScheduleOption
	for _, frequency := range []wire.ScheduleFrequency{
		wire.ScheduleFrequencyManual, wire.ScheduleFrequencyContinuous, wire.ScheduleFrequencyHourly, wire.ScheduleFrequencyDaily,
		wire.ScheduleFrequencyWeekly, wire.ScheduleFrequencyCustom, wire.ScheduleFrequencyBuilder, wire.ScheduleFrequencyRunafter,
		wire.ScheduleFrequencyDbtcloud,
	} {
		list = append(list, wire.ScheduleScheduleOption{
			Frequency: &frequency, Label: new(strings.ToUpper(string(frequency)[:1]) + string(frequency)[1:]), Description: new("runs " + string(frequency)),
			Configuration: &wire.JsonschemaForm{},
		})
	}
	return srv.GetModelSyncScheduleOptions200JSONResponse{Data: &wire.ScheduleOptionResponse{ScheduleOptions: rows(f, list)}}, nil
}

func (a *service) GetModelSyncSource(ctx context.Context, request srv.GetModelSyncSourceRequestObject) (srv.GetModelSyncSourceResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	x, err := f.connection(c, request.ID)
	if err != nil {
		return nil, err
	}
	if !x.kind.source {
		return nil, badRequest("%s cannot be the source of a model", x.kind.name)
	}
	return srv.GetModelSyncSource200JSONResponse{Data: f.sourceMeta(x)}, nil
}

func (f *Fake) sourceMeta(x *connection) *wire.SyncSourceMetaResponse {
	tables := make([]any, 0, len(x.schemas))
	for _, s := range x.schemas {
		tables = append(tables, map[string]any{"value": s.id, "label": s.name})
	}
	meta := map[string]wire.SourceMeta{"table": {HasItems: new(true), Items: value(tables), RequiresOneOf: nullable.NewNullNullable[[]string]()}}
	configuration := map[string]wire.ConfigurationValue{"table": {Type: new("string"), Items: tables}}
	oneOf := []string{"table"}
	if x.kind.sql {
		meta["query"] = wire.SourceMeta{HasItems: new(false), Items: nullable.NewNullNullable[[]any](), RequiresOneOf: nullable.NewNullNullable[[]string]()}
		configuration["query"] = wire.ConfigurationValue{Type: new("string")}
		oneOf = append(oneOf, "query")
	}
	return &wire.SyncSourceMetaResponse{Configuration: configuration, Items: value(meta), RequiresOneOf: rows(f, oneOf)}
}

func (a *service) GetModelSyncSourceFields(ctx context.Context, request srv.GetModelSyncSourceFieldsRequestObject) (srv.GetModelSyncSourceFieldsResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	x, err := f.connection(c, request.ID)
	if err != nil {
		return nil, err
	}
	if !x.kind.source {
		return nil, badRequest("%s cannot be the source of a model", x.kind.name)
	}
	configuration := make(map[string]any)
	for k, v := range mapQuery(requestOf(ctx), "params") {
		configuration[k] = v
	}
	m := f.newModel(c, wire.CreateModelRequest{Name: "fields", ConnectionID: x.id, Configuration: configuration})
	return srv.GetModelSyncSourceFields200JSONResponse{Data: rows(f, m.fields)}, nil
}

func (a *service) GetEnrichmentSource(ctx context.Context, request srv.GetEnrichmentSourceRequestObject) (srv.GetEnrichmentSourceResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	x, err := f.connection(c, request.ID)
	if err != nil {
		return nil, err
	}
	if !x.kind.enrichment {
		return nil, badRequest("%s does not enrich", x.kind.name)
	}
	return srv.GetEnrichmentSource200JSONResponse{Data: &wire.SyncSourceMetaResponse{
		Configuration: map[string]wire.ConfigurationValue{"lookup": {Type: new("string"), Items: []any{"person", "company"}}},
		Items:         value(map[string]wire.SourceMeta{"lookup": {HasItems: new(true), Items: value([]any{"person", "company"}), RequiresOneOf: nullable.NewNullNullable[[]string]()}}),
		RequiresOneOf: rows(f, []string{"lookup"}),
	}}, nil
}

func (a *service) GetEnrichmentInputFields(ctx context.Context, request srv.GetEnrichmentInputFieldsRequestObject) (srv.GetEnrichmentInputFieldsResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	x, err := f.connection(c, request.ConnectionID)
	if err != nil {
		return nil, err
	}
	if !x.kind.enrichment {
		return nil, badRequest("%s does not enrich", x.kind.name)
	}
	return srv.GetEnrichmentInputFields200JSONResponse{Data: rows(f, [][]string{{"email"}, {"first_name", "last_name", "company"}})}, nil
}
