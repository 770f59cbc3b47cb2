package polytomictest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	wire "github.com/sluice-sdk/sluice/gen/polytomicapi"
	srv "github.com/sluice-sdk/sluice/gen/polytomicserver"
)

// Schema is a table or an object that a connection has.
type Schema struct {
	ID     string // such as "public.users"
	Name   string // default: the id
	Fields []Field
	// Records are sample records. Default: three made-up ones.
	Records []map[string]any
}

// Field is a field of a schema.
type Field struct {
	ID         string // also its name, unless that is given
	Name       string
	Type       string // one of the API's: "string", "number", "boolean", "datetime", ... Default "string"
	PrimaryKey bool
}

// schema is a schema in the cache of a connection, with what users have changed.
type schema struct {
	id, name  string
	fields    []*field
	records   []map[string]any
	overrides map[string]bool // primary keys that users have set
}

type field struct {
	id, name, label string
	kind, remote    string
	path            string
	primaryKey      bool
	userManaged     bool
	example         any
}

func sampleSchemas() []Schema {
	return []Schema{
		{ID: "public.users", Fields: []Field{
			{ID: "id", Type: "number", PrimaryKey: true}, {ID: "email"}, {ID: "name"}, {ID: "created_at", Type: "datetime"}, {ID: "active", Type: "boolean"},
		}},
		{ID: "public.orders", Fields: []Field{
			{ID: "id", Type: "number", PrimaryKey: true}, {ID: "user_id", Type: "number"}, {ID: "total", Type: "number"}, {ID: "placed_at", Type: "datetime"},
		}},
	}
}

// fillSchemas puts what a connection has into its cache. What users have added stays.
func (f *Fake) fillSchemas(c *connection) {
	if c.discovered == nil && (c.kind.source || c.kind.destination) {
		c.discovered = sampleSchemas()
	}
	old := c.schemas
	c.schemas = nil
	for _, s := range c.discovered {
		x := &schema{id: s.ID, name: s.Name, records: s.Records}
		if x.name == "" {
			x.name = s.ID
		}
		for _, d := range s.Fields {
			if d.Name == "" {
				d.Name = d.ID
			}
			if d.Type == "" {
				d.Type = "string"
			}
			x.fields = append(x.fields, &field{id: d.ID, name: d.Name, label: d.Name, kind: d.Type, remote: d.Type, primaryKey: d.PrimaryKey})
		}
		if i := slices.IndexFunc(old, func(o *schema) bool { return o.id == x.id }); i >= 0 {
			x.overrides = old[i].overrides
			for _, d := range old[i].fields {
				if d.userManaged {
					x.fields = append(x.fields, d)
				}
			}
		}
		if x.records == nil {
			x.records = sampleRecords(x)
		}
		c.schemas = append(c.schemas, x)
	}
}

func sampleRecords(s *schema) []map[string]any {
	out := make([]map[string]any, 3)
	for i := range out {
		out[i] = make(map[string]any, len(s.fields))
		for _, d := range s.fields {
			out[i][d.id] = d.sample(i)
		}
	}
	return out
}

func (d *field) sample(i int) any {
	switch d.kind {
	case "number":
		return i + 1
	case "boolean":
		return i%2 == 0
	case "datetime":
		return time.Date(2025, 9, 18+i, 12, 0, 0, 0, time.UTC).Format(time.RFC3339)
	case "array":
		return []any{}
	case "object":
		return map[string]any{}
	}
	if strings.Contains(d.id, "email") {
		return fmt.Sprintf("user%d@example.com", i+1)
	}
	return fmt.Sprintf("%s %d", d.name, i+1)
}

// fill begins to fill the cache of a connection that was just made.
func (f *Fake) fill(c *connection) {
	c.refreshStarted, c.refreshFinished = f.now, f.now
	if f.has(FreshCache) {
		c.refreshFinished = f.now.Add(f.config.cacheTakes)
	}
	f.fillSchemas(c)
}

// filled says whether a connection's cache has ever been filled. While it is refreshed the old one is served.
func (c *connection) filled(now time.Time) bool {
	return !c.lastFinished.IsZero() || !c.refreshFinished.IsZero() && !now.Before(c.refreshFinished)
}

// refreshing says whether a refresh is under way that will end.
func (c *connection) refreshing(now time.Time) bool { return now.Before(c.refreshFinished) }

// SetSchemas changes what a connection has. The API shows it after the next refresh.
func (f *Fake) SetSchemas(connectionID string, schemas ...Schema) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := f.connections.byID[connectionID]
	if c == nil {
		f.misuse("there is no connection %s", connectionID)
		return
	}
	c.discovered = schemas
}

func (a *service) RefreshConnectionSchemas(ctx context.Context, request srv.RefreshConnectionSchemasRequestObject) (srv.RefreshConnectionSchemasResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	x, err := f.connection(c, request.ID)
	if err != nil {
		return nil, err
	}
	if status, _ := x.statusAt(f.now); status != statusHealthy {
		return nil, badRequest("connection is not healthy")
	}
	if !x.refreshing(f.now) {
		if !x.refreshFinished.IsZero() {
			x.lastFinished = x.refreshFinished
		}
		x.refreshStarted = f.now
		if !x.refreshStarted.After(x.lastFinished) { // clients tell by it that this one has not finished
			x.refreshStarted = x.lastFinished.Add(time.Microsecond)
		}
		x.refreshFinished = x.refreshStarted.Add(f.config.cacheTakes)
		f.schedule(x.refreshFinished, func(time.Time) { f.fillSchemas(x) })
	}
	return srv.RefreshConnectionSchemas202Response{Headers: srv.RefreshConnectionSchemas202ResponseHeaders{
		Location: new("/api/connections/" + x.id + "/schemas/status"),
	}}, nil
}

func (a *service) GetConnectionSchemasStatus(ctx context.Context, request srv.GetConnectionSchemasStatusRequestObject) (srv.GetConnectionSchemasStatusResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	x, err := f.connection(c, request.ID)
	if err != nil {
		return nil, err
	}
	out := &wire.BulkSyncSourceStatus{LastRefreshStarted: momentOrNull(x.refreshStarted)}
	word := f.config.cacheWords[0]
	finished := x.lastFinished
	if !x.refreshFinished.IsZero() && !f.now.Before(x.refreshFinished) {
		word, finished = f.config.cacheWords[1], x.refreshFinished
	}
	out.LastRefreshFinished = momentOrNull(finished)
	out.CacheStatus = &word
	return srv.GetConnectionSchemasStatus200JSONResponse{Data: out}, nil
}

// cached finds a schema in the cache of a connection, which must have been filled.
func (f *Fake) cached(c *caller, connectionID, id string) (*schema, error) {
	x, err := f.connection(c, connectionID)
	if err != nil {
		return nil, err
	}
	if !x.filled(f.now) {
		return nil, badRequest("connection did not provide any schemas")
	}
	for _, s := range x.schemas {
		if s.id == id {
			return s, nil
		}
	}
	return nil, notFound("schema", id)
}

func (s *schema) wire(fields bool) wire.Schema {
	out := wire.Schema{ID: &s.id, Name: &s.name}
	if fields {
		out.Fields = mapped(s.fields, s.fieldWire)
	}
	return out
}

func (s *schema) fieldWire(d *field) wire.SchemaField {
	key := d.primaryKey
	if s.overrides != nil {
		key = s.overrides[d.id]
	}
	kind := wire.UtilFieldType(d.kind)
	if !kind.Valid() {
		kind = wire.UtilFieldTypeUnknown
	}
	out := wire.SchemaField{
		ID: &d.id, Name: &d.label, Type: &kind, RemoteType: &d.remote, IsPrimaryKey: &key, UserManaged: new(d.userManaged),
		Path: orNone(d.path),
	}
	var spec wire.TypesType = d.kind
	out.TypeSpec = &spec
	return out
}

func (a *service) GetConnectionSchema(ctx context.Context, request srv.GetConnectionSchemaRequestObject) (srv.GetConnectionSchemaResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	s, err := f.cached(c, request.ID, request.SchemaID)
	if err != nil {
		return nil, err
	}
	return srv.GetConnectionSchema200JSONResponse{Data: new(s.wire(true))}, nil
}

func (a *service) GetConnectionSchemaRecords(ctx context.Context, request srv.GetConnectionSchemaRecordsRequestObject) (srv.GetConnectionSchemaRecordsResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	s, err := f.cached(c, request.ID, request.SchemaID)
	if err != nil {
		return nil, err
	}
	return srv.GetConnectionSchemaRecords200JSONResponse{Data: rows(f, mapped(s.records, copyTree))}, nil
}

func (s *schema) field(id string) *field {
	for _, d := range s.fields {
		if d.id == id {
			return d
		}
	}
	return nil
}

func (a *service) UpsertSchemaFields(ctx context.Context, request srv.UpsertSchemaFieldsRequestObject) (srv.UpsertSchemaFieldsResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	s, err := f.cached(c, request.ConnectionID, request.SchemaID)
	if err != nil {
		return nil, err
	}
	var fields []wire.UserFieldRequest
	if request.Body != nil {
		fields, _ = given(request.Body.Fields)
	}
	for _, u := range fields {
		if d := s.field(u.FieldID); d != nil && !d.userManaged {
			return nil, badRequest("field %q is not user-managed", u.FieldID)
		}
	}
	for _, u := range fields {
		d := s.field(u.FieldID)
		if d == nil {
			d = &field{id: u.FieldID, name: u.FieldID, userManaged: true}
			s.fields = append(s.fields, d)
		}
		d.label, d.kind, d.remote, d.path, d.example = u.Label, u.Type, u.Type, givenOr(u.Path, ""), u.Example
	}
	return srv.UpsertSchemaFields202Response{}, nil
}

func (a *service) DeleteSchemaField(ctx context.Context, request srv.DeleteSchemaFieldRequestObject) (srv.DeleteSchemaFieldResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	s, err := f.cached(c, request.ConnectionID, request.SchemaID)
	if err != nil {
		return nil, err
	}
	d := s.field(request.FieldID)
	switch {
	case d == nil:
		return nil, notFound("field", request.FieldID)
	case !d.userManaged:
		return nil, badRequest("field %q is not user-managed", d.id)
	}
	s.fields = slices.DeleteFunc(s.fields, func(x *field) bool { return x == d })
	return srv.DeleteSchemaField202Response{}, nil
}

func (a *service) PatchSchemaField(ctx context.Context, request srv.PatchSchemaFieldRequestObject) (srv.PatchSchemaFieldResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	s, err := f.cached(c, request.ConnectionID, request.SchemaID)
	if err != nil {
		return nil, err
	}
	d := s.field(request.FieldID)
	if d == nil {
		return nil, notFound("field", request.FieldID)
	}
	d.label, d.kind, d.path = givenOr(request.Body.Label, d.label), givenOr(request.Body.Type, d.kind), givenOr(request.Body.Path, d.path)
	if request.Body.Example != nil {
		d.example = request.Body.Example
	}
	return srv.PatchSchemaField200JSONResponse{Data: new(s.fieldWire(d))}, nil
}

func (a *service) SetSchemaPrimaryKeys(ctx context.Context, request srv.SetSchemaPrimaryKeysRequestObject) (srv.SetSchemaPrimaryKeysResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	s, err := f.cached(c, request.ConnectionID, request.SchemaID)
	if err != nil {
		return nil, err
	}
	keys := make(map[string]bool)
	if request.Body != nil {
		fields, _ := given(request.Body.Fields)
		for _, x := range fields {
			if s.field(x.FieldID) == nil {
				return nil, badRequest("unknown field %q", x.FieldID)
			}
			keys[x.FieldID] = x.IsPrimaryKey
		}
	}
	s.overrides = keys
	return srv.SetSchemaPrimaryKeys202Response{}, nil
}

func (a *service) ResetSchemaPrimaryKeys(ctx context.Context, request srv.ResetSchemaPrimaryKeysRequestObject) (srv.ResetSchemaPrimaryKeysResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	s, err := f.cached(c, request.ConnectionID, request.SchemaID)
	if err != nil {
		return nil, err
	}
	s.overrides = nil
	return srv.ResetSchemaPrimaryKeys202Response{}, nil
}

func (a *service) GetBulkSyncSource(ctx context.Context, request srv.GetBulkSyncSourceRequestObject) (srv.GetBulkSyncSourceResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	x, err := f.connection(c, request.ID)
	if err != nil {
		return nil, err
	}
	switch {
	case !x.kind.source:
		return nil, badRequest("%s cannot be the source of a bulk sync", x.kind.name)
	case !x.filled(f.now):
		return nil, badRequest("connection did not provide any schemas")
	}
	fields := or(request.Params.IncludeFields, false)
	list := mapped(x.schemas, func(s *schema) wire.Schema { return s.wire(fields) })
	return srv.GetBulkSyncSource200JSONResponse{Data: &wire.BulkSyncSource{
		Capabilities:  &wire.BulkSyncSourceCapabilities{SupportsTrackingFields: new(x.kind.sql)},
		Configuration: map[string]any{"type": "object", "properties": map[string]any{}}, Schemas: rows(f, list),
	}}, nil
}

func (a *service) GetBulkSyncDestination(ctx context.Context, request srv.GetBulkSyncDestinationRequestObject) (srv.GetBulkSyncDestinationResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	x, err := f.connection(c, request.ID)
	if err != nil {
		return nil, err
	}
	if !x.kind.destination {
		return nil, badRequest("%s cannot be the destination of a bulk sync", x.kind.name)
	}
	modes := []wire.SupportedBulkMode{
		{ID: new(wire.BulkSyncTargetModeReplicate), Label: new("Replicate"), Description: new("Keeps the destination like the source"), RequiresIdentity: new(false), SupportsFieldSyncMode: new(false), SupportsTargetFilters: new(false)},
		{ID: new(wire.BulkSyncTargetModeSnapshot), Label: new("Snapshot"), Description: new("Writes a copy every time"), RequiresIdentity: new(false), SupportsFieldSyncMode: new(false), SupportsTargetFilters: new(false)},
	}
	return srv.GetBulkSyncDestination200JSONResponse{Data: &wire.BulkSyncDest{
		Configuration: value(map[string]any{"schema": map[string]any{"type": "string"}}), Modes: rows(f, modes),
		SupportedResyncModes: rows(f, []wire.BulkResyncMode{wire.BulkResyncModeRefetch, wire.BulkResyncModeResync, wire.BulkResyncModeRebuild}),
	}}, nil
}
