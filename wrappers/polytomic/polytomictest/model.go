package polytomictest

import (
	"context"
	"slices"
	"strings"
	"time"

	wire "github.com/sluice-sdk/sluice/gen/polytomicapi"
	srv "github.com/sluice-sdk/sluice/gen/polytomicserver"
)

// slowSample is how long a sample may take that nobody polls for.
const slowSample = 10 * time.Second

// model is a model. What was written last is kept as it came.
type model struct {
	id               string
	org              *organization
	body             wire.CreateModelRequest
	fields           []wire.ModelField
	created, updated time.Time
	by               *caller
	version          int
}

func (m *model) identity() string { return m.id }

func (f *Fake) model(c *caller, id string) (*model, error) {
	if m := f.models.byID[id]; m != nil && m.org == c.org {
		return m, nil
	}
	return nil, notFound("model", id)
}

// schemaOf is the schema that a model's configuration names: by its table, or somewhere in its query.
func schemaOf(x *connection, configuration map[string]any) *schema {
	table, _ := configuration["table"].(string)
	sql, _ := configuration["query"].(string)
	for _, s := range x.schemas {
		_, short, _ := strings.Cut(s.id, ".")
		if table != "" && (table == s.id || table == short) || sql != "" && (strings.Contains(sql, s.id) || short != "" && strings.Contains(sql, short)) {
			return s
		}
	}
	if len(x.schemas) > 0 {
		return x.schemas[0]
	}
	return nil
}

// fillModel finds the fields of a model.
func (f *Fake) fillModel(m *model) {
	x := f.connections.byID[m.body.ConnectionID]
	m.fields = nil
	if x == nil {
		return
	}
	chosen, limited := given(m.body.Fields)
	wanted := func(name string) bool {
		return !limited || len(chosen) == 0 || slices.Contains(chosen, name)
	}
	if s := schemaOf(x, m.body.Configuration); s != nil {
		for i, d := range s.fields {
			if !wanted(d.id) {
				continue
			}
			m.fields = append(m.fields, wire.ModelField{
				ID: new(f.newID()), Name: &d.id, Label: &d.label, Type: &d.kind, RemoteType: &d.remote, Unique: new(d.primaryKey),
				Example: d.sample(i), UserAdded: new(false), CreatedAt: moment(f.now), UpdatedAt: moment(f.now), CreatedBy: actor(m.by),
			})
		}
	}
	extra, _ := given(m.body.AdditionalFields)
	for _, e := range extra {
		m.fields = append(m.fields, wire.ModelField{
			ID: new(f.newID()), Name: new(e.Name), Label: new(e.Label), Type: new(e.Type), Example: or(e.Example, ""), UserAdded: new(true),
			CreatedAt: moment(f.now), UpdatedAt: moment(f.now), CreatedBy: actor(m.by),
		})
	}
}

func (f *Fake) modelWire(m *model) *wire.ModelResponse {
	body := m.body
	kind := "unknown"
	if x := f.connections.byID[body.ConnectionID]; x != nil {
		kind = x.kind.id
	}
	relations, _ := given(body.Relations)
	labels, _ := given(body.Labels)
	return &wire.ModelResponse{
		ID: &m.id, Name: new(body.Name), OrganizationID: &m.org.id, ConnectionID: new(body.ConnectionID), Type: &kind,
		Configuration: copyTree(body.Configuration), Fields: m.fields, Identifier: new(or(body.Identifier, "")), Enricher: body.Enricher,
		TrackingColumns: givenOr(body.TrackingColumns, nil), Policies: givenOr(body.Policies, nil), Version: new(m.version),
		Labels: mapped(labels, func(id string) wire.LabelLabel { return wire.LabelLabel{"id": id} }),
		Relations: mapped(relations, func(r wire.ModelRelation) wire.Relation {
			out := wire.Relation{From: r.From}
			if r.To != nil {
				out.To = &wire.RelationTo{Field: r.To.Field, ModelID: r.To.ModelID}
			}
			return out
		}),
		CreatedAt: moment(m.created), UpdatedAt: moment(m.updated), CreatedBy: actor(m.by), UpdatedBy: actor(m.by),
	}
}

func (f *Fake) checkModel(c *caller, body wire.CreateModelRequest) error {
	if err := own(c, body.OrganizationID); err != nil {
		return err
	}
	if strings.TrimSpace(body.Name) == "" {
		return badRequest("name is required")
	}
	x := f.connections.byID[body.ConnectionID]
	if x == nil || x.org != c.org {
		return badRequest("connection not found")
	}
	if !x.kind.source {
		return badRequest("%s cannot be the source of a model", x.kind.name)
	}
	return nil
}

func (f *Fake) newModel(c *caller, body wire.CreateModelRequest) *model {
	m := &model{id: f.newID(), org: c.org, body: body, created: f.now, updated: f.now, by: c, version: 1}
	f.fillModel(m)
	return m
}

func (a *service) ListModels(ctx context.Context, request srv.ListModelsRequestObject) (srv.ListModelsResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	list := f.models.where(func(m *model) bool { return m.org == c.org })
	out := srv.ListModels200JSONResponse{}
	if f.has(PagedLists) {
		var err error
		list, out.Pagination, err = page(f, list, (*model).identity, request.Params.PageToken, request.Params.Limit, 50, 50)
		if err != nil {
			return nil, err
		}
	}
	out.Data = rows(f, mapped(list, func(m *model) wire.ModelResponse { return *f.modelWire(m) }))
	return out, nil
}

func (a *service) CreateModel(ctx context.Context, request srv.CreateModelRequestObject) (srv.CreateModelResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	if err := f.checkModel(c, *request.Body); err != nil {
		return nil, err
	}
	body := *request.Body
	create := func() *model {
		m := f.newModel(c, body)
		f.models.add(m)
		return m
	}
	if or(request.Params.Async, false) {
		j := f.submit(c, "createmodel", func() any { return f.modelWire(create()) })
		return srv.CreateModel200JSONResponse{Job: f.jobWire(j)}, nil
	}
	return srv.CreateModel200JSONResponse{Data: f.modelWire(create())}, nil
}

func (a *service) PreviewModel(ctx context.Context, request srv.PreviewModelRequestObject) (srv.PreviewModelResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	if err := f.checkModel(c, *request.Body); err != nil {
		return nil, err
	}
	m := f.newModel(c, *request.Body)
	if or(request.Params.Async, false) {
		j := f.submit(c, "previewmodel", func() any { return f.modelWire(m) })
		return srv.PreviewModel200JSONResponse{Job: f.jobWire(j)}, nil
	}
	return srv.PreviewModel200JSONResponse{Data: f.modelWire(m)}, nil
}

// GetModel answers at once also with async, for which it has no type of job: the job is a preview that is done.
func (a *service) GetModel(ctx context.Context, request srv.GetModelRequestObject) (srv.GetModelResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	m, err := f.model(c, request.ID)
	if err != nil {
		return nil, err
	}
	if or(request.Params.Async, false) {
		j := f.submit(c, "previewmodel", func() any { return f.modelWire(m) })
		return srv.GetModel200JSONResponse{Job: f.jobWire(j)}, nil
	}
	return srv.GetModel200JSONResponse{Data: f.modelWire(m)}, nil
}

func (a *service) UpdateModel(ctx context.Context, request srv.UpdateModelRequestObject) (srv.UpdateModelResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	m, err := f.model(c, request.ID)
	if err != nil {
		return nil, err
	}
	u := request.Body
	body := wire.CreateModelRequest{
		AdditionalFields: u.AdditionalFields, Configuration: u.Configuration, ConnectionID: u.ConnectionID, Enricher: u.Enricher,
		Fields: u.Fields, Identifier: u.Identifier, Labels: u.Labels, Name: u.Name, OrganizationID: u.OrganizationID,
		Policies: u.Policies, Relations: u.Relations, TrackingColumns: u.TrackingColumns,
	}
	if err := f.checkModel(c, body); err != nil {
		return nil, err
	}
	update := func() {
		m.body, m.updated = body, f.now
		m.version++
		f.fillModel(m)
	}
	if or(request.Params.Async, false) {
		j := f.submit(c, "updatemodel", func() any {
			update()
			return f.modelWire(m)
		})
		return srv.UpdateModel200JSONResponse{Job: f.jobWire(j)}, nil
	}
	update()
	return srv.UpdateModel200JSONResponse{Data: f.modelWire(m)}, nil
}

// DeleteModel breaks the syncs that use the model: their executions fail from now on.
func (a *service) DeleteModel(ctx context.Context, request srv.DeleteModelRequestObject) (srv.DeleteModelResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	m, err := f.model(c, request.ID)
	if err != nil {
		return nil, err
	}
	f.models.remove(m)
	return srv.DeleteModel200Response{}, nil
}

func (a *service) SampleModel(ctx context.Context, request srv.SampleModelRequestObject) (srv.SampleModelResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	m, err := f.model(c, request.ID)
	if err != nil {
		return nil, err
	}
	if or(request.Params.Async, false) {
		j := f.submit(c, "samplemodel", func() any { return f.sample(m) })
		return srv.SampleModel200JSONResponse{Job: f.jobWire(j)}, nil
	}
	if f.config.jobTakes > slowSample {
		return nil, problem(500, "timeout", "sampling the model took longer than 10 s", nil)
	}
	return srv.SampleModel200JSONResponse{Data: f.sample(m)}, nil
}

func (f *Fake) sample(m *model) *wire.ModelSample {
	out := &wire.ModelSample{Warnings: []string{}, Records: []wire.SampleRecord{}}
	x := f.connections.byID[m.body.ConnectionID]
	if x == nil {
		out.Warnings = append(out.Warnings, "the connection was deleted")
		return out
	}
	s := schemaOf(x, m.body.Configuration)
	if s == nil {
		return out
	}
	for _, r := range s.records {
		record := make(wire.SampleRecord)
		for _, d := range m.fields {
			record[*d.Name] = map[string]any{"value": r[*d.Name]}
		}
		out.Records = append(out.Records, record)
	}
	return out
}
