package polytomictest

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	wire "github.com/sluice-sdk/sluice/gen/polytomicapi"
	srv "github.com/sluice-sdk/sluice/gen/polytomicserver"
)

// syncSchema is a schema of the source as a bulk sync has it.
type syncSchema struct {
	id            string
	enabled       bool
	fields        []*syncField
	filters       []wire.BulkFilter
	partitionKey  string
	trackingField string
	outputName    string // the user's
	cutoff        time.Time
	noCutoff      bool
}

type syncField struct {
	id, outputName      string
	enabled, obfuscated bool
}

func (s *syncSchema) output() string {
	if s.outputName != "" {
		return s.outputName
	}
	_, name, ok := strings.Cut(s.id, ".")
	if !ok {
		name = s.id
	}
	return strings.ToLower(name)
}

// selectAll enables everything the source has.
func (b *bulkSync) selectAll() {
	b.schemas = nil
	for _, s := range b.source.schemas {
		x := &syncSchema{id: s.id, enabled: true}
		for _, field := range s.fields {
			x.fields = append(x.fields, &syncField{id: field.id, enabled: true})
		}
		b.schemas = append(b.schemas, x)
	}
}

// choose enables the given schemas, ids or settings, and all when none were given.
func (b *bulkSync) choose(selection []json.RawMessage, chosen bool) error {
	b.selectAll()
	if !chosen {
		return nil
	}
	for _, s := range b.schemas {
		s.enabled = false
	}
	for _, raw := range selection {
		var id string
		if json.Unmarshal(raw, &id) == nil {
			s := b.schema(id)
			if s == nil {
				return badRequest("schema %q not found", id)
			}
			s.enabled = true
			continue
		}
		var settings wire.SchemaConfiguration
		if err := json.Unmarshal(raw, &settings); err != nil {
			return badRequest("schemas: neither an id nor settings")
		}
		s := b.schema(or(settings.ID, ""))
		if s == nil {
			return badRequest("schema %q not found", or(settings.ID, ""))
		}
		s.enabled = givenOr(settings.Enabled, true)
		s.filters = settings.Filters
		s.partitionKey, s.trackingField = givenOr(settings.PartitionKey, ""), givenOr(settings.TrackingField, "")
		s.cutoff, s.noCutoff = givenOr(settings.DataCutoffTimestamp, time.Time{}), givenOr(settings.DisableDataCutoff, false)
		if err := s.chooseFields(asRaw(settings.Fields)); err != nil {
			return err
		}
	}
	return nil
}

func (s *syncSchema) chooseFields(selection []json.RawMessage) error {
	if len(selection) == 0 {
		return nil
	}
	for _, field := range s.fields {
		field.enabled = false
	}
	for _, raw := range selection {
		var settings wire.FieldConfiguration
		var id string
		if json.Unmarshal(raw, &id) == nil {
			settings.ID = &id
		} else if err := json.Unmarshal(raw, &settings); err != nil {
			return badRequest("fields: neither an id nor settings")
		}
		field := s.field(or(settings.ID, ""))
		if field == nil {
			return badRequest("field %q not found", or(settings.ID, ""))
		}
		field.enabled, field.obfuscated = givenOr(settings.Enabled, true), givenOr(settings.Obfuscate, false)
	}
	return nil
}

func (b *bulkSync) schema(id string) *syncSchema {
	for _, s := range b.schemas {
		if s.id == id {
			return s
		}
	}
	return nil
}

func (s *syncSchema) field(id string) *syncField {
	for _, f := range s.fields {
		if f.id == id {
			return f
		}
	}
	return nil
}

func (s *syncSchema) wire() wire.BulkSchema {
	fields := make([]wire.BulkField, len(s.fields))
	for i, x := range s.fields {
		name := x.id
		if x.outputName != "" {
			name = x.outputName
		}
		fields[i] = wire.BulkField{
			ID: &x.id, Enabled: new(x.enabled), Obfuscated: new(x.obfuscated), OutputName: &name, UserOutputName: new(x.outputName),
		}
	}
	return wire.BulkSchema{
		ID: &s.id, Enabled: new(s.enabled), Fields: fields, Filters: s.filters, OutputName: new(s.output()),
		UserOutputName: new(s.outputName), PartitionKey: new(s.partitionKey), TrackingField: new(s.trackingField),
		DataCutoffTimestamp: momentOrNull(s.cutoff), DisableDataCutoff: new(s.noCutoff),
	}
}

func (a *service) ListBulkSyncSchemas(ctx context.Context, request srv.ListBulkSyncSchemasRequestObject) (srv.ListBulkSyncSchemasResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	b, err := f.bulkSync(c, request.ID)
	if err != nil {
		return nil, err
	}
	filters := mapQuery(requestOf(ctx), "filters")
	var list []wire.BulkSchemaListItem
	for _, s := range b.schemas {
		if want := filters["enabled"]; want != "" && (want == "true") != s.enabled {
			continue
		}
		if want := filters["id"]; want != "" && want != s.id {
			continue
		}
		w := s.wire()
		list = append(list, wire.BulkSchemaListItem{
			ID: w.ID, Enabled: w.Enabled, OutputName: w.OutputName, UserOutputName: w.UserOutputName, PartitionKey: w.PartitionKey,
			TrackingField: w.TrackingField, DataCutoffTimestamp: w.DataCutoffTimestamp, DisableDataCutoff: w.DisableDataCutoff,
		})
	}
	return srv.ListBulkSyncSchemas200JSONResponse{Data: rows(f, list)}, nil
}

// mapQuery reads a parameter that is a map, in any of the forms that the official SDKs send: p[key]=value,
// p[key][0]=value, or a JSON object. Which of them the service understands is not settled.
func mapQuery(r received, name string) map[string]string {
	out := make(map[string]string)
	if r.Request == nil {
		return out
	}
	for key, values := range r.URL.Query() {
		if key == name && len(values) > 0 {
			var object map[string]any
			if json.Unmarshal([]byte(values[0]), &object) == nil {
				for k, v := range object {
					out[k] = plain(v)
				}
			}
			continue
		}
		if rest, ok := strings.CutPrefix(key, name+"["); ok && len(values) > 0 {
			inner, _, _ := strings.Cut(rest, "]")
			out[inner] = values[0]
		}
	}
	return out
}

func plain(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case []any:
		if len(v) > 0 {
			return plain(v[0])
		}
		return ""
	}
	raw, _ := json.Marshal(v) //nolint:errchkjson // came out of JSON
	return string(raw)
}

func (a *service) PatchBulkSyncSchemas(ctx context.Context, request srv.PatchBulkSyncSchemasRequestObject) (srv.PatchBulkSyncSchemasResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	b, err := f.bulkSync(c, request.ID)
	if err != nil {
		return nil, err
	}
	var changes []wire.BulkSchema
	if request.Body != nil {
		changes, _ = given(request.Body.Schemas)
	}
	for _, change := range changes {
		if b.schema(or(change.ID, "")) == nil {
			return nil, badRequest("schema %q not found", or(change.ID, ""))
		}
	}
	for _, change := range changes {
		s := b.schema(*change.ID)
		s.enabled = or(change.Enabled, s.enabled)
		s.partitionKey, s.trackingField = or(change.PartitionKey, s.partitionKey), or(change.TrackingField, s.trackingField)
		s.outputName, s.noCutoff = or(change.UserOutputName, s.outputName), or(change.DisableDataCutoff, s.noCutoff)
		s.cutoff = givenOr(change.DataCutoffTimestamp, s.cutoff)
		if change.Filters != nil {
			s.filters = change.Filters
		}
		if len(change.Fields) == 0 && f.has(PatchEnablesFields) {
			for _, field := range s.fields {
				field.enabled = true
			}
		}
		for _, x := range change.Fields {
			field := s.field(or(x.ID, ""))
			if field == nil {
				return nil, badRequest("field %q not found", or(x.ID, ""))
			}
			field.enabled, field.obfuscated = or(x.Enabled, field.enabled), or(x.Obfuscated, field.obfuscated)
			field.outputName = or(x.UserOutputName, field.outputName)
		}
	}
	b.updated = f.now
	return srv.PatchBulkSyncSchemas200JSONResponse{Data: rows(f, mapped(b.schemas, (*syncSchema).wire))}, nil
}

func (a *service) bulkSchema(f *Fake, c *caller, syncID, id string) (*bulkSync, *syncSchema, error) {
	b, err := f.bulkSync(c, syncID)
	if err != nil {
		return nil, nil, err
	}
	if s := b.schema(id); s != nil {
		return b, s, nil
	}
	return nil, nil, notFound("schema", id)
}

func (a *service) GetBulkSyncSchema(ctx context.Context, request srv.GetBulkSyncSchemaRequestObject) (srv.GetBulkSyncSchemaResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	_, s, err := a.bulkSchema(f, c, request.ID, request.SchemaID)
	if err != nil {
		return nil, err
	}
	return srv.GetBulkSyncSchema200JSONResponse{Data: new(s.wire())}, nil
}

func (a *service) UpdateBulkSyncSchema(ctx context.Context, request srv.UpdateBulkSyncSchemaRequestObject) (srv.UpdateBulkSyncSchemaResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	_, s, err := a.bulkSchema(f, c, request.ID, request.SchemaID)
	if err != nil {
		return nil, err
	}
	var u wire.UpdateBulkSchema
	if request.Body != nil {
		u = *request.Body
	}
	fields, _ := given(u.Fields)
	if slices.ContainsFunc(fields, func(x wire.UpdateBulkField) bool { return s.field(or(x.ID, "")) == nil }) {
		return nil, badRequest("unknown field")
	}
	s.enabled, s.outputName, s.noCutoff = or(u.Enabled, false), or(u.UserOutputName, ""), or(u.DisableDataCutoff, false)
	s.partitionKey, s.trackingField = or(u.PartitionKey, ""), or(u.TrackingField, "")
	s.cutoff = givenOr(u.DataCutoffTimestamp, time.Time{})
	s.filters, _ = given(u.Filters)
	for _, field := range s.fields {
		field.enabled, field.obfuscated, field.outputName = len(fields) == 0, false, ""
	}
	for _, x := range fields {
		field := s.field(*x.ID)
		field.enabled, field.obfuscated, field.outputName = or(x.Enabled, true), or(x.Obfuscated, false), or(x.UserOutputName, "")
	}
	return srv.UpdateBulkSyncSchema200JSONResponse{Data: new(s.wire())}, nil
}

func (a *service) CancelBulkSyncSchema(ctx context.Context, request srv.CancelBulkSyncSchemaRequestObject) (srv.CancelBulkSyncSchemaResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	b, s, err := a.bulkSchema(f, c, request.ID, request.SchemaID)
	if err != nil {
		return nil, err
	}
	text := "nothing to cancel"
	if e := b.running(f.now); e != nil {
		for _, x := range e.schemas {
			if x.schema == s.id && !x.terminalAt(f.now) {
				f.stopSchema(e, x, f.now)
				text = canceling
			}
		}
	}
	return srv.CancelBulkSyncSchema200JSONResponse{Data: &wire.BulkSyncCancelResponse{Message: &text}}, nil
}
