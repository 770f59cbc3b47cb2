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

// Destination is the handle of a destination: a configured connector that data is written to. It loads its description
// once, when an accessor first needs it. It is safe for concurrent use.
type Destination struct {
	workspace *Workspace
	id        string
	info      lazy.Value[*airbyteapi.DestinationResponse]
}

// ID returns the destination's id.
func (d *Destination) ID() string { return d.id }

// Workspace returns the handle of the workspace it was reached through.
func (d *Destination) Workspace() *Workspace { return d.workspace }

// WebURL returns the destination's page in the web application, or "" when its root is not known. It does no I/O.
func (d *Destination) WebURL() string {
	return d.workspace.client.pageURL(d.workspace.id, "destination", d.id)
}

// Info returns the destination's description, reading it once for all accessors and goroutines. Secrets in its
// configuration are masked; numbers in it are [encoding/json.Number]. The caller must not change the configuration.
//
// Errors: [apierr.ErrNotFound] or [apierr.ErrPermissionDenied] when there is no such destination,
// [WorkspaceMismatchError] when it is in another workspace; each inside a [ResourceError].
//
//sluice:operation GET /destinations/{destinationId}
func (d *Destination) Info(ctx context.Context) (*airbyteapi.DestinationResponse, error) {
	return copyOf(d.load(ctx))
}

// Refresh reads the destination's description again.
//
//sluice:operation GET /destinations/{destinationId}
func (d *Destination) Refresh(ctx context.Context) (*airbyteapi.DestinationResponse, error) {
	return copyOf(d.info.Refresh(ctx, d.fetch))
}

// Cached returns the description that was loaded last and when, and false when none was. It does no I/O.
func (d *Destination) Cached() (*airbyteapi.DestinationResponse, time.Time, bool) {
	info, at, ok := d.info.Cached()
	if !ok {
		return nil, time.Time{}, false
	}
	c := *info
	return &c, at, true
}

// Name returns the destination's name, loading the description when it is not loaded yet.
//
//sluice:operation GET /destinations/{destinationId}
func (d *Destination) Name(ctx context.Context) (string, error) {
	info, err := d.load(ctx)
	if err != nil {
		return "", err
	}
	return info.Name, nil
}

// Type returns the connector's type, such as "postgres". It is "" for connectors that the server has no name for,
// custom ones among them (airbyte-platform NameToDefinitionMapper.kt): decide by [Destination.DefinitionID] then.
//
//sluice:operation GET /destinations/{destinationId}
func (d *Destination) Type(ctx context.Context) (string, error) {
	info, err := d.load(ctx)
	if err != nil {
		return "", err
	}
	return info.DestinationType, nil
}

// DefinitionID returns the id of the connector's definition, which identifies the connector whatever it is called.
//
//sluice:operation GET /destinations/{destinationId}
func (d *Destination) DefinitionID(ctx context.Context) (string, error) {
	info, err := d.load(ctx)
	if err != nil {
		return "", err
	}
	return info.DefinitionID, nil
}

// Configuration returns the connector's configuration with its secrets masked. The caller may change it.
//
//sluice:operation GET /destinations/{destinationId}
func (d *Destination) Configuration(ctx context.Context) (Configuration, error) {
	info, err := d.load(ctx)
	if err != nil {
		return nil, err
	}
	return configurationOf(info.Configuration)
}

func (d *Destination) load(ctx context.Context) (*airbyteapi.DestinationResponse, error) {
	return d.info.Get(ctx, d.fetch)
}

func (d *Destination) fetch(ctx context.Context) (*airbyteapi.DestinationResponse, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	info, err := decodeExact[airbyteapi.DestinationResponse](d.workspace.client.raw.GetDestination(ctx, d.id, nil))
	if err != nil {
		return nil, d.fail(err)
	}
	if !d.workspace.same(info.WorkspaceID) {
		return nil, d.fail(&WorkspaceMismatchError{Resource: "destination", ID: d.id, Want: d.workspace.id, Got: info.WorkspaceID})
	}
	return info, nil
}

// Rename gives the destination another name.
//
//sluice:operation PATCH /destinations/{destinationId}
func (d *Destination) Rename(ctx context.Context, name string) error {
	if err := d.check(); err != nil {
		return err
	}
	name, err := checkName(name)
	if err != nil {
		return err
	}
	return d.store(decodeExact[airbyteapi.DestinationResponse](d.workspace.client.raw.PatchDestination(ctx, d.id, airbyteapi.DestinationPatchRequest{Name: &name})))
}

// UpdateConfiguration reads the configuration, lets edit change it, and writes it back as a whole. The secrets that
// edit leaves masked keep their values, because the server puts them back on a PUT (airbyte-platform
// JsonSecretsProcessor; it does not on a PATCH); a mask anywhere else is refused with [ErrMaskedSecret]. An error of
// edit is returned as it is, and nothing is written. Two programs that do this at once overwrite each other: Airbyte
// has no versions to compare.
//
//sluice:operation GET /destinations/{destinationId}
//sluice:operation PUT /destinations/{destinationId}
func (d *Destination) UpdateConfiguration(ctx context.Context, edit func(Configuration) error) error {
	if err := d.check(); err != nil {
		return err
	}
	if edit == nil {
		return apierr.Invalid(service, "edit", "the function is nil")
	}
	info, err := d.info.Refresh(ctx, d.fetch)
	if err != nil {
		return err
	}
	return d.put(ctx, info, edit)
}

// ReplaceConfiguration writes a whole configuration: a map, a struct with json tags, or JSON text. What it does not
// contain is gone afterwards. A masked secret is kept where the present configuration has one at the same place, and
// refused with [ErrMaskedSecret] elsewhere.
//
//sluice:operation GET /destinations/{destinationId}
//sluice:operation PUT /destinations/{destinationId}
func (d *Destination) ReplaceConfiguration(ctx context.Context, configuration any) error {
	next, err := configurationOf(configuration)
	if err != nil {
		return err
	}
	return d.UpdateConfiguration(ctx, func(c Configuration) error {
		clear(c)
		maps.Copy(c, next)
		return nil
	})
}

func (d *Destination) put(ctx context.Context, info *airbyteapi.DestinationResponse, edit func(Configuration) error) error {
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
	return d.store(decodeExact[airbyteapi.DestinationResponse](d.workspace.client.raw.PutDestination(ctx, d.id, airbyteapi.DestinationPutRequest{
		Name: info.Name, Configuration: airbyteapi.DestinationConfiguration(configuration), ResourceAllocation: info.ResourceAllocation,
	})))
}

// PatchConfiguration merges the given fields into the configuration on the server: a map, a struct with json tags, or
// JSON text. It reads nothing first. A masked secret in them would become the secret and is refused with
// [ErrMaskedSecret] before any request; where an object changes from one option to another the fields of the old option
// stay, so that [Destination.UpdateConfiguration] is the better choice (airbyte-platform ConfigurationUpdate.kt).
//
//sluice:operation PATCH /destinations/{destinationId}
func (d *Destination) PatchConfiguration(ctx context.Context, fields any) error {
	if err := d.check(); err != nil {
		return err
	}
	configuration, err := configurationOf(fields)
	if err != nil {
		return err
	}
	if err := refuseMask(configuration, nil); err != nil {
		return err
	}
	c := airbyteapi.DestinationConfiguration(configuration)
	return d.store(decodeExact[airbyteapi.DestinationResponse](d.workspace.client.raw.PatchDestination(ctx, d.id, airbyteapi.DestinationPatchRequest{Configuration: &c})))
}

// store keeps the answer of a write; after a failure nobody knows what the server holds.
func (d *Destination) store(info *airbyteapi.DestinationResponse, err error) error {
	if err != nil {
		d.info.Forget()
		return d.fail(err)
	}
	d.info.Set(info)
	return nil
}

// Dependents returns the connections that write to the destination: the server deletes them with it.
//
//sluice:operation GET /connections
func (d *Destination) Dependents(ctx context.Context) ([]Dependent, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	return d.workspace.dependents(ctx, ConnectionFilter{DestinationID: d.id})
}

// Delete deletes the destination. The server deletes every connection that writes to it too, without a word, so Delete
// looks first: while there are such connections it refuses with a [DependentsError], unless [WithDependents] is given,
// and the answer says which connections went. A connection that another program makes in that moment is not noticed.
//
//sluice:operation GET /destinations/{destinationId}
//sluice:operation GET /connections
//sluice:operation DELETE /destinations/{destinationId}
func (d *Destination) Delete(ctx context.Context, opts ...DeleteOption) (*Deletion, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	chosen, err := deletionOf("destination", opts)
	if err != nil {
		return nil, err
	}
	if _, err := d.info.Refresh(ctx, d.fetch); err != nil { // it is in this workspace, whose connections are looked at
		return nil, err
	}
	connections, err := d.Dependents(ctx)
	if err != nil {
		return nil, err
	}
	if len(connections) > 0 && !chosen.dependents {
		return nil, d.fail(&DependentsError{Resource: "destination", ID: d.id, Connections: connections})
	}
	if err := d.remove(ctx); err != nil {
		return nil, err
	}
	return &Deletion{Destination: d.id, Connections: connections}, nil
}

func (d *Destination) remove(ctx context.Context) error {
	err := remove(ctx, d.workspace.client, func(ctx context.Context) (*http.Response, error) {
		return d.workspace.client.raw.DeleteDestination(ctx, d.id)
	}, func() iter.Seq2[*Destination, error] {
		return d.workspace.Destinations(ctx, DestinationFilter{Where: func(info *airbyteapi.DestinationResponse) bool { return sameID(info.DestinationID, d.id) }})
	})
	d.info.Forget()
	if err != nil {
		return d.fail(err)
	}
	return nil
}

func (d *Destination) check() error {
	if err := d.workspace.check(); err != nil {
		return err
	}
	return checkID("destination", d.id)
}

// fail adds what is known about the destination to an error.
func (d *Destination) fail(err error) error {
	return &ResourceError{Workspace: d.workspace.id, Destination: d.id, URL: d.WebURL(), Err: err}
}

// DestinationFilter says which destinations a list brings: those that all of its fields allow. The zero filter allows
// all.
type DestinationFilter struct {
	// Name is the exact name; NameContains a part of it, in any case. All but IncludeDeleted are applied by this package.
	Name, NameContains string
	// Type is the connector's type, such as "postgres"; DefinitionID its definition.
	Type, DefinitionID string
	// Where is the caller's own test.
	Where func(*airbyteapi.DestinationResponse) bool
	// IncludeDeleted brings deleted ones too.
	IncludeDeleted bool
}

func (f *DestinationFilter) keep(info *airbyteapi.DestinationResponse) bool {
	return byName(info.Name, f.Name, f.NameContains) &&
		(f.Type == "" || info.DestinationType == strings.TrimPrefix(f.Type, "destination-")) &&
		(f.DefinitionID == "" || strings.EqualFold(info.DefinitionID, f.DefinitionID)) &&
		(f.Where == nil || f.Where(info))
}

// Destinations lists the destinations of the workspace as loaded handles; with filters, those that pass all of them.
// Pages are read as the loop goes on; an error ends it. A workspace that does not exist has no destinations:
// [Workspace.Connect] tells.
//
//sluice:operation GET /destinations
func (w *Workspace) Destinations(ctx context.Context, filters ...DestinationFilter) iter.Seq2[*Destination, error] {
	if err := w.check(); err != nil {
		return failed[*Destination](err)
	}
	params := airbyteapi.ListDestinationsParams{
		WorkspaceIds:   []string{w.id},
		IncludeDeleted: anyTrue(filters, func(f DestinationFilter) bool { return f.IncludeDeleted }),
	}
	list := pages(ctx, func(ctx context.Context, limit, offset int32) ([]airbyteapi.DestinationResponse, error) {
		params := params
		params.Limit, params.Offset = &limit, &offset
		page, err := decodeExact[airbyteapi.DestinationsResponse](w.client.raw.ListDestinations(ctx, &params))
		if err != nil {
			return nil, w.fail(err)
		}
		return page.Data, nil
	}, func(item airbyteapi.DestinationResponse) string { return item.DestinationID })
	return mapped(list, func(info airbyteapi.DestinationResponse) (*Destination, bool) {
		for i := range filters {
			if !filters[i].keep(&info) {
				return nil, false
			}
		}
		d := w.Destination(info.DestinationID)
		d.info.Set(&info)
		return d, true
	})
}

// DestinationByName returns the one destination of this name, an error of kind [apierr.KindNotFound] when there is
// none, or of kind [apierr.KindConflict] when there are several.
//
//sluice:operation GET /destinations
func (w *Workspace) DestinationByName(ctx context.Context, name string) (*Destination, error) {
	name, err := checkName(name)
	if err != nil {
		return nil, err
	}
	return only(w.Destinations(ctx, DestinationFilter{Name: name}), "destination", name, (*Destination).ID)
}

// DestinationSpec describes a destination to create.
type DestinationSpec struct {
	// Name is required.
	Name string
	// Type is the connector's type, such as "postgres" ("destination-postgres" is understood). DefinitionID names the
	// connector by its definition instead, as custom ones need. Exactly one of them is required, unless the configuration
	// contains "destinationType".
	Type, DefinitionID string
	// Configuration is what the connector asks for: a map, a struct with json tags, or JSON text.
	Configuration any
	// ResourceAllocation is for self-managed Airbyte; Cloud refuses it.
	ResourceAllocation *airbyteapi.ScopedResourceRequirements
	// UniqueName refuses with [ErrAlreadyExists] when there is a destination by this name, at the price of listing
	// them. With it, a destination that a lost answer left behind is adopted.
	UniqueName bool
}

// CreateDestination creates ("deploys") a destination and returns its loaded handle. It does not check the connector's
// credentials. Bad input is an error of kind [apierr.KindInvalid] before any request. When the call fails in a way
// that leaves open whether it took place, the error is a [CreateUnknownError] that names the candidates.
//
//sluice:operation GET /destinations
//sluice:operation POST /destinations
func (w *Workspace) CreateDestination(ctx context.Context, spec DestinationSpec) (*Destination, error) {
	if err := w.check(); err != nil {
		return nil, err
	}
	name, err := checkName(spec.Name)
	if err != nil {
		return nil, err
	}
	configuration, err := connectorConfiguration("destination", spec.Type, spec.DefinitionID, spec.Configuration)
	if err != nil {
		return nil, err
	}
	filter := DestinationFilter{Name: name}
	if spec.UniqueName {
		if err := unique(w.Destinations(ctx, filter), "destination", name, (*Destination).ID); err != nil {
			return nil, err
		}
	}
	filter.DefinitionID = spec.DefinitionID
	if spec.DefinitionID == "" {
		filter.Type, _ = configuration["destinationType"].(string)
	}
	earliest := time.Now().Add(-recently).Unix()
	filter.Where = func(info *airbyteapi.DestinationResponse) bool { return info.CreatedAt >= earliest }
	info, err := decodeExact[airbyteapi.DestinationResponse](w.client.raw.CreateDestination(ctx, airbyteapi.DestinationCreateRequest{
		WorkspaceID: w.id, Name: name, DefinitionID: optional(spec.DefinitionID),
		Configuration: airbyteapi.DestinationConfiguration(configuration), ResourceAllocation: spec.ResourceAllocation,
	}))
	if err != nil {
		return settle(ctx, w.fail(err), creation[*Destination]{
			resource: "destination", name: name, adopt: spec.UniqueName, id: (*Destination).ID,
			list: func() iter.Seq2[*Destination, error] { return w.Destinations(ctx, filter) },
		})
	}
	d := w.Destination(info.DestinationID)
	d.info.Set(info)
	return d, nil
}
