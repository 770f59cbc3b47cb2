package airbyte

import (
	"context"
	"iter"
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/sluice-sdk/sluice/gen/airbyteapi"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/lazy"
)

// Source is the handle of a source: a configured connector that data is read from. It loads its description once, when
// an accessor first needs it. It is safe for concurrent use.
type Source struct {
	workspace *Workspace
	id        string
	info      lazy.Value[*airbyteapi.SourceResponse]
}

// ID returns the source's id.
func (s *Source) ID() string { return s.id }

// Workspace returns the handle of the workspace it was reached through.
func (s *Source) Workspace() *Workspace { return s.workspace }

// WebURL returns the source's page in the web application, or "" when its root is not known. It does no I/O.
func (s *Source) WebURL() string {
	return s.workspace.client.pageURL(s.workspace.id, "source", s.id)
}

// Info returns the source's description, reading it once for all accessors and goroutines. Secrets in its configuration
// are masked; numbers in it are [encoding/json.Number]. The caller must not change the configuration.
//
// Errors: [apierr.ErrNotFound] or [apierr.ErrPermissionDenied] when there is no such source, [WorkspaceMismatchError]
// when it is in another workspace; each inside a [ResourceError].
//
//sluice:operation GET /sources/{sourceId}
func (s *Source) Info(ctx context.Context) (*airbyteapi.SourceResponse, error) {
	return copyOf(s.load(ctx))
}

// Refresh reads the source's description again.
//
//sluice:operation GET /sources/{sourceId}
func (s *Source) Refresh(ctx context.Context) (*airbyteapi.SourceResponse, error) {
	return copyOf(s.info.Refresh(ctx, s.fetch))
}

// Cached returns the description that was loaded last and when, and false when none was. It does no I/O.
func (s *Source) Cached() (*airbyteapi.SourceResponse, time.Time, bool) {
	info, at, ok := s.info.Cached()
	if !ok {
		return nil, time.Time{}, false
	}
	c := *info
	return &c, at, true
}

// Name returns the source's name, loading the description when it is not loaded yet.
//
//sluice:operation GET /sources/{sourceId}
func (s *Source) Name(ctx context.Context) (string, error) {
	info, err := s.load(ctx)
	if err != nil {
		return "", err
	}
	return info.Name, nil
}

// Type returns the connector's type, such as "postgres". It is "" for connectors that the server has no name for, custom
// ones among them (airbyte-platform NameToDefinitionMapper.kt): decide by [Source.DefinitionID] then.
//
//sluice:operation GET /sources/{sourceId}
func (s *Source) Type(ctx context.Context) (string, error) {
	info, err := s.load(ctx)
	if err != nil {
		return "", err
	}
	return info.SourceType, nil
}

// DefinitionID returns the id of the connector's definition, which identifies the connector whatever it is called.
//
//sluice:operation GET /sources/{sourceId}
func (s *Source) DefinitionID(ctx context.Context) (string, error) {
	info, err := s.load(ctx)
	if err != nil {
		return "", err
	}
	return info.DefinitionID, nil
}

// Configuration returns the connector's configuration with its secrets masked. The caller may change it.
//
//sluice:operation GET /sources/{sourceId}
func (s *Source) Configuration(ctx context.Context) (Configuration, error) {
	info, err := s.load(ctx)
	if err != nil {
		return nil, err
	}
	return configurationOf(info.Configuration)
}

func (s *Source) load(ctx context.Context) (*airbyteapi.SourceResponse, error) {
	return s.info.Get(ctx, s.fetch)
}

func (s *Source) fetch(ctx context.Context) (*airbyteapi.SourceResponse, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	info, err := decodeExact[airbyteapi.SourceResponse](s.workspace.client.raw.GetSource(ctx, s.id, nil))
	if err != nil {
		return nil, s.fail(err)
	}
	if !s.workspace.same(info.WorkspaceID) {
		return nil, s.fail(&WorkspaceMismatchError{Resource: "source", ID: s.id, Want: s.workspace.id, Got: info.WorkspaceID})
	}
	return info, nil
}

// Rename gives the source another name.
//
//sluice:operation PATCH /sources/{sourceId}
func (s *Source) Rename(ctx context.Context, name string) error {
	if err := s.check(); err != nil {
		return err
	}
	name, err := checkName(name)
	if err != nil {
		return err
	}
	return s.store(decodeExact[airbyteapi.SourceResponse](s.workspace.client.raw.PatchSource(ctx, s.id, airbyteapi.SourcePatchRequest{Name: &name})))
}

// UpdateConfiguration reads the configuration, lets edit change it, and writes it back as a whole. The secrets that edit
// leaves masked keep their values, because the server puts them back on a PUT (airbyte-platform JsonSecretsProcessor;
// it does not on a PATCH); a mask anywhere else is refused with [ErrMaskedSecret]. An error of edit is returned as it is,
// and nothing is written. Two programs that do this at once overwrite each other: Airbyte has no versions to compare.
//
//sluice:operation GET /sources/{sourceId}
//sluice:operation PUT /sources/{sourceId}
func (s *Source) UpdateConfiguration(ctx context.Context, edit func(Configuration) error) error {
	if err := s.check(); err != nil {
		return err
	}
	if edit == nil {
		return apierr.Invalid(service, "edit", "the function is nil")
	}
	info, err := s.info.Refresh(ctx, s.fetch)
	if err != nil {
		return err
	}
	return s.put(ctx, info, edit)
}

// ReplaceConfiguration writes a whole configuration: a map, a struct with json tags, or JSON text. What it does not
// contain is gone afterwards. A masked secret is kept where the present configuration has one at the same place, and
// refused with [ErrMaskedSecret] elsewhere.
//
//sluice:operation GET /sources/{sourceId}
//sluice:operation PUT /sources/{sourceId}
func (s *Source) ReplaceConfiguration(ctx context.Context, configuration any) error {
	next, err := configurationOf(configuration)
	if err != nil {
		return err
	}
	return s.UpdateConfiguration(ctx, func(c Configuration) error {
		clear(c)
		maps.Copy(c, next)
		return nil
	})
}

func (s *Source) put(ctx context.Context, info *airbyteapi.SourceResponse, edit func(Configuration) error) error {
	configuration, err := configurationOf(info.Configuration)
	if err != nil {
		return err
	}
	masked := configuration.Masked()
	if err := edit(configuration); err != nil {
		return err
	}
	if configuration, err = configurationOf(configuration); err != nil {
		return err
	}
	if err := refuseMask(configuration, masked); err != nil {
		return err
	}
	return s.store(decodeExact[airbyteapi.SourceResponse](s.workspace.client.raw.PutSource(ctx, s.id, airbyteapi.SourcePutRequest{
		Name: info.Name, Configuration: airbyteapi.SourceConfiguration(configuration), ResourceAllocation: info.ResourceAllocation,
	})))
}

// PatchConfiguration merges the given fields into the configuration on the server: a map, a struct with json tags, or
// JSON text. It reads nothing first. A masked secret in them would become the secret and is refused with
// [ErrMaskedSecret] before any request; where an object changes from one option to another the fields of the old option
// stay, so that [Source.UpdateConfiguration] is the better choice (airbyte-platform ConfigurationUpdate.kt).
//
//sluice:operation PATCH /sources/{sourceId}
func (s *Source) PatchConfiguration(ctx context.Context, fields any) error {
	if err := s.check(); err != nil {
		return err
	}
	configuration, err := configurationOf(fields)
	if err != nil {
		return err
	}
	if err := refuseMask(configuration, nil); err != nil {
		return err
	}
	c := airbyteapi.SourceConfiguration(configuration)
	return s.store(decodeExact[airbyteapi.SourceResponse](s.workspace.client.raw.PatchSource(ctx, s.id, airbyteapi.SourcePatchRequest{Configuration: &c})))
}

// store keeps the answer of a write; after a failure nobody knows what the server holds.
func (s *Source) store(info *airbyteapi.SourceResponse, err error) error {
	if err != nil {
		s.info.Forget()
		return s.fail(err)
	}
	s.info.Set(info)
	return nil
}

// Streams returns the streams that the source can read. With a destination's id their sync modes are those that both
// sides can do. The server asks the connector when it has not done so lately, which takes up to minutes; see
// [WithFreshSchema].
//
//sluice:operation GET /streams
func (s *Source) Streams(ctx context.Context, destinationID string, opts ...StreamsOption) ([]StreamProperties, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	streams, err := s.workspace.client.streams(ctx, s.id, destinationID, opts)
	if err != nil {
		return nil, s.fail(err)
	}
	return streams, nil
}

// Dependents returns the connections that read from the source: the server deletes them with it.
//
//sluice:operation GET /connections
func (s *Source) Dependents(ctx context.Context) ([]Dependent, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	return s.workspace.dependents(ctx, ConnectionFilter{SourceID: s.id})
}

// Delete deletes the source. The server deletes every connection that reads from it too, without a word, so Delete looks
// first: while there are such connections it refuses with a [DependentsError], unless [WithDependents] is given, and the
// answer says which connections went. A connection that another program makes in that moment is not noticed.
//
//sluice:operation GET /sources/{sourceId}
//sluice:operation GET /connections
//sluice:operation DELETE /sources/{sourceId}
func (s *Source) Delete(ctx context.Context, opts ...DeleteOption) (*Deletion, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	chosen, err := deletionOf("source", opts)
	if err != nil {
		return nil, err
	}
	if _, err := s.info.Refresh(ctx, s.fetch); err != nil { // it is in this workspace, whose connections are looked at
		return nil, err
	}
	connections, err := s.Dependents(ctx)
	if err != nil {
		return nil, err
	}
	if len(connections) > 0 && !chosen.dependents {
		return nil, s.fail(&DependentsError{Resource: "source", ID: s.id, Connections: connections})
	}
	if err := s.remove(ctx); err != nil {
		return nil, err
	}
	return &Deletion{Source: s.id, Connections: connections}, nil
}

func (s *Source) remove(ctx context.Context) error {
	err := remove(ctx, s.workspace.client, func(ctx context.Context) (*http.Response, error) {
		return s.workspace.client.raw.DeleteSource(ctx, s.id)
	}, func() iter.Seq2[*Source, error] {
		return s.workspace.Sources(ctx, SourceFilter{Where: func(info *airbyteapi.SourceResponse) bool { return sameID(info.SourceID, s.id) }})
	})
	s.info.Forget()
	if err != nil {
		return s.fail(err)
	}
	return nil
}

func (s *Source) check() error {
	if err := s.workspace.check(); err != nil {
		return err
	}
	return checkID("source", s.id)
}

// fail adds what is known about the source to an error.
func (s *Source) fail(err error) error {
	return &ResourceError{Workspace: s.workspace.id, Source: s.id, URL: s.WebURL(), Err: err}
}

// SourceFilter says which sources a list brings: those that all of its fields allow. The zero filter allows all.
type SourceFilter struct {
	// Name is the exact name; NameContains a part of it, in any case. All but IncludeDeleted are applied by this package.
	Name, NameContains string
	// Type is the connector's type, such as "postgres"; DefinitionID its definition.
	Type, DefinitionID string
	// Where is the caller's own test.
	Where func(*airbyteapi.SourceResponse) bool
	// IncludeDeleted brings deleted ones too.
	IncludeDeleted bool
}

func (f *SourceFilter) keep(info *airbyteapi.SourceResponse) bool {
	return byName(info.Name, f.Name, f.NameContains) &&
		(f.Type == "" || info.SourceType == strings.TrimPrefix(f.Type, "source-")) &&
		(f.DefinitionID == "" || strings.EqualFold(info.DefinitionID, f.DefinitionID)) &&
		(f.Where == nil || f.Where(info))
}

// Sources lists the sources of the workspace as loaded handles; with filters, those that pass all of them. Pages are read
// as the loop goes on; an error ends it. A workspace that does not exist has no sources: [Workspace.Connect] tells.
//
//sluice:operation GET /sources
func (w *Workspace) Sources(ctx context.Context, filters ...SourceFilter) iter.Seq2[*Source, error] {
	if err := w.check(); err != nil {
		return failed[*Source](err)
	}
	params := airbyteapi.ListSourcesParams{
		WorkspaceIds:   []string{w.id},
		IncludeDeleted: anyTrue(filters, func(f SourceFilter) bool { return f.IncludeDeleted }),
	}
	list := pages(ctx, func(ctx context.Context, limit, offset int32) ([]airbyteapi.SourceResponse, error) {
		params := params
		params.Limit, params.Offset = &limit, &offset
		page, err := decodeExact[airbyteapi.SourcesResponse](w.client.raw.ListSources(ctx, &params))
		if err != nil {
			return nil, w.fail(err)
		}
		return page.Data, nil
	}, func(item airbyteapi.SourceResponse) string { return item.SourceID })
	return mapped(list, func(info airbyteapi.SourceResponse) (*Source, bool) {
		for i := range filters {
			if !filters[i].keep(&info) {
				return nil, false
			}
		}
		s := w.Source(info.SourceID)
		s.info.Set(&info)
		return s, true
	})
}

// SourceByName returns the one source of this name, an error of kind [apierr.KindNotFound] when there is none, or of kind
// [apierr.KindConflict] when there are several.
//
//sluice:operation GET /sources
func (w *Workspace) SourceByName(ctx context.Context, name string) (*Source, error) {
	name, err := checkName(name)
	if err != nil {
		return nil, err
	}
	return only(w.Sources(ctx, SourceFilter{Name: name}), "source", name, (*Source).ID)
}

// SourceSpec describes a source to create.
type SourceSpec struct {
	// Name is required.
	Name string
	// Type is the connector's type, such as "postgres" ("source-postgres" is understood). DefinitionID names the
	// connector by its definition instead, as custom ones need. Exactly one of them is required, unless the configuration
	// contains "sourceType".
	Type, DefinitionID string
	// Configuration is what the connector asks for: a map, a struct with json tags, or JSON text.
	Configuration any
	// ResourceAllocation is for self-managed Airbyte; Cloud refuses it.
	ResourceAllocation *airbyteapi.ScopedResourceRequirements
	// UniqueName refuses with [ErrAlreadyExists] when there is a source by this name, at the price of listing them. With
	// it, a source that a lost answer left behind is adopted.
	UniqueName bool
}

// CreateSource creates ("deploys") a source and returns its loaded handle. It does not check the connector's credentials.
// Bad input is an error of kind [apierr.KindInvalid] before any request. When the call fails in a way that leaves open
// whether it took place, the error is a [CreateUnknownError] that names the candidates.
//
//sluice:operation GET /sources
//sluice:operation POST /sources
func (w *Workspace) CreateSource(ctx context.Context, spec SourceSpec) (*Source, error) {
	if err := w.check(); err != nil {
		return nil, err
	}
	name, err := checkName(spec.Name)
	if err != nil {
		return nil, err
	}
	configuration, err := connectorConfiguration("source", spec.Type, spec.DefinitionID, spec.Configuration)
	if err != nil {
		return nil, err
	}
	filter := SourceFilter{Name: name}
	if spec.UniqueName {
		if err := unique(w.Sources(ctx, filter), "source", name, (*Source).ID); err != nil {
			return nil, err
		}
	}
	filter.DefinitionID = spec.DefinitionID
	if spec.DefinitionID == "" {
		filter.Type, _ = configuration["sourceType"].(string)
	}
	earliest := time.Now().Add(-recently).Unix()
	filter.Where = func(info *airbyteapi.SourceResponse) bool { return info.CreatedAt >= earliest }
	info, err := decodeExact[airbyteapi.SourceResponse](w.client.raw.CreateSource(ctx, airbyteapi.SourceCreateRequest{
		WorkspaceID: w.id, Name: name, DefinitionID: optional(spec.DefinitionID),
		Configuration: airbyteapi.SourceConfiguration(configuration), ResourceAllocation: spec.ResourceAllocation,
	}))
	if err != nil {
		return settle(ctx, w.fail(err), creation[*Source]{
			resource: "source", name: name, adopt: spec.UniqueName, id: (*Source).ID,
			list: func() iter.Seq2[*Source, error] { return w.Sources(ctx, filter) },
		})
	}
	s := w.Source(info.SourceID)
	s.info.Set(info)
	return s, nil
}
