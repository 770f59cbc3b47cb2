package polytomic

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"time"

	"github.com/sluice-sdk/sluice/gen/polytomicapi"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/lazy"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// Model is the handle of a model: a query, a table or a set of fields whose records model syncs write somewhere. It loads
// its description once, when an accessor first needs it. It is safe for concurrent use.
//
// Whatever makes Polytomic read the source is done in the background and waited for: done at once it has to end within
// ten seconds.
type Model struct {
	client *Client
	id     string
	info   lazy.Value[*polytomicapi.ModelResponse]
}

// ID returns the model's id.
func (m *Model) ID() string { return m.id }

func (m *Model) about(err error) error { return about("model", m.id, err) }

func (m *Model) check() error { return m.about(checkID("model", m.id)) }

// Info returns the model's description, reading it once for all accessors and goroutines. The error is
// [apierr.ErrNotFound] when there is no such model.
//
//sluice:operation GET /api/models/{id}
func (m *Model) Info(ctx context.Context) (*polytomicapi.ModelResponse, error) {
	return copied(m.info.Get(ctx, m.fetch))
}

// Refresh reads the description again.
//
//sluice:operation GET /api/models/{id}
func (m *Model) Refresh(ctx context.Context) (*polytomicapi.ModelResponse, error) {
	return copied(m.info.Refresh(ctx, m.fetch))
}

// Cached returns the description that was loaded last and when, and false when none was. It does no I/O.
func (m *Model) Cached() (*polytomicapi.ModelResponse, time.Time, bool) {
	info, at, ok := m.info.Cached()
	if !ok {
		return nil, time.Time{}, false
	}
	out := *info
	return &out, at, true
}

func (m *Model) fetch(ctx context.Context) (*polytomicapi.ModelResponse, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	answer, err := transport.Decode[submitted[polytomicapi.ModelResponse]](m.client.raw.GetModel(ctx, m.id, &polytomicapi.GetModelParams{}))
	if err != nil {
		return nil, m.about(err)
	}
	return with[*polytomicapi.ModelResponse]("model", m.id)(task(m.client, "getmodel", answer).Wait(ctx))
}

// Models lists the models of the organization, page by page.
//
//sluice:operation GET /api/models
func (c *Client) Models(ctx context.Context) iter.Seq2[polytomicapi.ModelResponse, error] {
	limit := 50 // the most there is
	return pages(ctx, func(ctx context.Context, token string) ([]polytomicapi.ModelResponse, string, error) {
		return listOf[polytomicapi.ModelResponse](c.raw.ListModels(ctx, &polytomicapi.ListModelsParams{PageToken: optional(token), Limit: &limit}))
	})
}

// CreateModel creates a model and waits until Polytomic has read its fields. When an error says MayHaveApplied the model
// may be there: look before creating it again.
//
//sluice:operation POST /api/models
//sluice:operation GET /api/jobs/{type}/{id}
func (c *Client) CreateModel(ctx context.Context, request polytomicapi.CreateModelRequest, opts ...WaitOption) (*Model, error) {
	t, err := c.StartCreateModel(ctx, request)
	if err != nil {
		return nil, err
	}
	info, err := t.Wait(ctx, opts...)
	if err != nil {
		return nil, err
	}
	if valueOf(info.ID) == "" {
		return nil, &apierr.Error{Service: service, Operation: "createModel", Kind: apierr.KindUnexpected, Message: "the answer names no model", MayHaveApplied: true}
	}
	m := c.Model(*info.ID)
	m.info.Set(info)
	return m, nil
}

// StartCreateModel is [Client.CreateModel] without the wait.
//
//sluice:operation POST /api/models
func (c *Client) StartCreateModel(ctx context.Context, request polytomicapi.CreateModelRequest) (*Task[polytomicapi.ModelResponse], error) {
	if err := checkModel(request.Name, request.ConnectionID); err != nil {
		return nil, err
	}
	if request.Configuration == nil {
		request.Configuration = map[string]any{}
	}
	async := true
	answer, err := transport.Decode[submitted[polytomicapi.ModelResponse]](c.raw.CreateModel(ctx, &polytomicapi.CreateModelParams{Async: &async}, request))
	if err != nil {
		return nil, err
	}
	return task(c, "createmodel", answer), nil
}

func checkModel(name, connection string) error {
	if name == "" {
		return apierr.Invalid(service, "name", "the model has no name")
	}
	return checkID("connection_id", connection)
}

// PreviewModel returns what a model would be, without creating it: its fields above all.
//
//sluice:operation POST /api/model-preview
//sluice:operation GET /api/jobs/{type}/{id}
func (c *Client) PreviewModel(ctx context.Context, request polytomicapi.CreateModelRequest, opts ...WaitOption) (*polytomicapi.ModelResponse, error) {
	if err := checkID("connection_id", request.ConnectionID); err != nil {
		return nil, err
	}
	if request.Configuration == nil {
		request.Configuration = map[string]any{}
	}
	async := true
	answer, err := transport.Decode[submitted[polytomicapi.ModelResponse]](c.raw.PreviewModel(ctx, &polytomicapi.PreviewModelParams{Async: &async}, request))
	if err != nil {
		return nil, err
	}
	return task(c, "previewmodel", answer).Wait(ctx, opts...)
}

// Sample returns some of the model's records as the source has them now.
//
//sluice:operation GET /api/models/{id}/sample
//sluice:operation GET /api/jobs/{type}/{id}
func (m *Model) Sample(ctx context.Context, opts ...WaitOption) (*polytomicapi.ModelSample, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	async := true
	answer, err := transport.Decode[submitted[polytomicapi.ModelSample]](m.client.raw.SampleModel(ctx, m.id, &polytomicapi.SampleModelParams{Async: &async}))
	if err != nil {
		return nil, m.about(err)
	}
	return with[*polytomicapi.ModelSample]("model", m.id)(task(m.client, "samplemodel", answer).Wait(ctx, opts...))
}

// Update changes the model: it reads it, lets change do its work on the request, replaces the whole and waits until
// Polytomic has read the fields anew, because Polytomic resets what such a request leaves out. Nothing is sent when change
// returns an error, which Update returns. Masked secrets are refused: the error wraps [ErrMaskedSecret]. Labels are
// objects when they are read and texts when they are written, and what makes the one of the other is not documented: a
// model that has labels is refused unless change sets them.
//
//sluice:operation GET /api/models/{id}
//sluice:operation PUT /api/models/{id}
//sluice:operation GET /api/jobs/{type}/{id}
func (m *Model) Update(ctx context.Context, change func(*polytomicapi.UpdateModelRequest) error, opts ...WaitOption) error {
	if err := m.check(); err != nil {
		return err
	}
	now, err := describe(m.client.raw.GetModel(ctx, m.id, &polytomicapi.GetModelParams{}))
	if err != nil {
		return m.about(err)
	}
	request, labels, err := modelRequest(now)
	if err != nil {
		return m.about(err)
	}
	if err := change(&request); err != nil {
		return err
	}
	if err := checkModel(request.Name, request.ConnectionID); err != nil {
		return m.about(err)
	}
	if labels && !request.Labels.IsSpecified() {
		return m.about(apierr.Invalid(service, "labels", "the model has labels, which the update would drop: set them in it"))
	}
	if err := refuseMasks(request); err != nil {
		return m.about(err)
	}
	async := true
	m.info.Forget()
	answer, err := transport.Decode[submitted[polytomicapi.ModelResponse]](m.client.raw.UpdateModel(ctx, m.id, &polytomicapi.UpdateModelParams{Async: &async}, request))
	if err != nil {
		return m.about(err)
	}
	updated, err := task(m.client, "updatemodel", answer).Wait(ctx, opts...)
	if err != nil {
		return m.about(err)
	}
	if valueOf(updated.ID) != "" {
		m.info.Set(updated)
	}
	return nil
}

// modelRequest is what was read of a model, in the words of an update. Fields are objects when they are read and names
// when they are written; those that a person added are written elsewhere.
func modelRequest(now description) (request polytomicapi.UpdateModelRequest, labels bool, err error) {
	var fields []polytomicapi.ModelField
	if err := decodeExact(orNull(now["fields"]), &fields); err != nil {
		return request, false, &apierr.Error{Service: service, Kind: apierr.KindDecode, Err: err}
	}
	var list []json.RawMessage
	_ = json.Unmarshal(orNull(now["labels"]), &list)
	rest := make(description, len(now))
	for name, value := range now {
		if name != "fields" && name != "labels" {
			rest[name] = value
		}
	}
	if err := rest.into(&request); err != nil {
		return request, false, err
	}
	request.Configuration = now.exactMap("configuration")
	if request.Configuration == nil {
		request.Configuration = map[string]any{}
	}
	names, added := []string{}, []polytomicapi.ModelModelFieldRequest{}
	for _, f := range fields {
		if !valueOf(f.UserAdded) {
			names = append(names, valueOf(f.Name))
			continue
		}
		field := polytomicapi.ModelModelFieldRequest{Name: valueOf(f.Name), Label: valueOf(f.Label), Type: valueOf(f.Type)}
		if example, ok := f.Example.(string); ok {
			field.Example = &example
		}
		added = append(added, field)
	}
	request.Fields, request.AdditionalFields = listed(names), listed(added)
	return request, len(list) > 0, nil
}

func orNull(text json.RawMessage) json.RawMessage {
	if len(text) == 0 {
		return json.RawMessage("null")
	}
	return text
}

// Delete deletes the model. Syncs that use it stop working.
//
//sluice:operation DELETE /api/models/{id}
func (m *Model) Delete(ctx context.Context) error {
	if err := m.check(); err != nil {
		return err
	}
	defer m.info.Forget()
	return m.about(m.client.remove(ctx, func(ctx context.Context) (*http.Response, error) {
		return m.client.raw.DeleteModel(ctx, m.id, &polytomicapi.DeleteModelParams{})
	}))
}
