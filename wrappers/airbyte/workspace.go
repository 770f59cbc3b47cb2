package airbyte

import (
	"context"
	"iter"
	"net/http"
	"strings"
	"time"

	"github.com/sluice-sdk/sluice/gen/airbyteapi"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/lazy"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// Workspace is the handle of a workspace: what holds sources, destinations and connections. It loads its description
// once, when an accessor first needs it. It is safe for concurrent use.
type Workspace struct {
	client *Client
	id     string
	info   lazy.Value[*airbyteapi.WorkspaceResponse]
}

// ID returns the workspace's id.
func (w *Workspace) ID() string { return w.id }

// WebURL returns the workspace's page in the web application, or "" when its root is not known. It does no I/O.
func (w *Workspace) WebURL() string { return w.client.workspaceURL(w.id) }

// Connection returns the handle of a connection in this workspace. It does no I/O.
func (w *Workspace) Connection(id string) *Connection { return &Connection{workspace: w, id: id} }

// Source returns the handle of a source in this workspace. It does no I/O.
func (w *Workspace) Source(id string) *Source { return &Source{workspace: w, id: id} }

// Destination returns the handle of a destination in this workspace. It does no I/O.
func (w *Workspace) Destination(id string) *Destination { return &Destination{workspace: w, id: id} }

// Connect reads the workspace, and so finds out in one call whether Airbyte can be reached, whether the credentials are
// good and whether they reach this workspace. It always makes the call. Errors: [apierr.ErrUnauthenticated],
// [apierr.ErrPermissionDenied] or [apierr.ErrNotFound] (Airbyte answers 403 for an id that does not exist, except to
// administrators), [ErrWrongRoot], [apierr.ErrUnavailable], each with a hint and inside a [ResourceError].
//
//sluice:operation GET /workspaces/{workspaceId}
func (w *Workspace) Connect(ctx context.Context) error {
	_, err := w.Refresh(ctx)
	return err
}

// Info returns the workspace's description, reading it once for all accessors and goroutines. The caller may keep and
// change it.
//
//sluice:operation GET /workspaces/{workspaceId}
func (w *Workspace) Info(ctx context.Context) (*airbyteapi.WorkspaceResponse, error) {
	info, err := w.info.Get(ctx, w.fetch)
	return copyOf(info, err)
}

// Refresh reads the workspace's description again.
//
//sluice:operation GET /workspaces/{workspaceId}
func (w *Workspace) Refresh(ctx context.Context) (*airbyteapi.WorkspaceResponse, error) {
	info, err := w.info.Refresh(ctx, w.fetch)
	return copyOf(info, err)
}

// Cached returns the description that was loaded last and when, and false when none was. It does no I/O.
func (w *Workspace) Cached() (*airbyteapi.WorkspaceResponse, time.Time, bool) {
	info, at, ok := w.info.Cached()
	if !ok {
		return nil, time.Time{}, false
	}
	c := *info
	return &c, at, true
}

// Name returns the workspace's name, loading the description when it is not loaded yet.
//
//sluice:operation GET /workspaces/{workspaceId}
func (w *Workspace) Name(ctx context.Context) (string, error) {
	info, err := w.info.Get(ctx, w.fetch)
	if err != nil {
		return "", err
	}
	return info.Name, nil
}

func (w *Workspace) fetch(ctx context.Context) (*airbyteapi.WorkspaceResponse, error) {
	if err := w.check(); err != nil {
		return nil, err
	}
	info, err := transport.Decode[airbyteapi.WorkspaceResponse](w.client.raw.GetWorkspace(ctx, w.id))
	if err != nil {
		return nil, w.fail(err)
	}
	return info, nil
}

// Rename gives the workspace another name.
//
//sluice:operation PATCH /workspaces/{workspaceId}
func (w *Workspace) Rename(ctx context.Context, name string) error {
	if err := w.check(); err != nil {
		return err
	}
	name, err := checkName(name)
	if err != nil {
		return err
	}
	info, err := transport.Decode[airbyteapi.WorkspaceResponse](w.client.raw.UpdateWorkspace(ctx, w.id, airbyteapi.WorkspaceUpdateRequest{Name: &name}))
	if err != nil {
		w.info.Forget()
		return w.fail(err)
	}
	w.info.Set(info)
	return nil
}

// Dependents returns the connections of the workspace, which would be deleted with it.
//
//sluice:operation GET /connections
func (w *Workspace) Dependents(ctx context.Context) ([]Dependent, error) {
	return w.dependents(ctx, ConnectionFilter{})
}

// dependents lists connections for a deletion, which must not miss one. The server reads pages without an order
// (airbyte-platform ConnectionServiceJooqImpl.kt), so that a row can slip through between two of them: when there is more
// than one page the list is read until a pass brings nothing new.
func (w *Workspace) dependents(ctx context.Context, filter ConnectionFilter) ([]Dependent, error) {
	var found []Dependent
	seen := make(map[string]bool)
	for range 5 {
		before := len(seen)
		for c, err := range w.Connections(ctx) {
			if err != nil {
				return nil, err
			}
			if seen[c.id] {
				continue
			}
			seen[c.id] = true
			if info, _, _ := c.info.Cached(); filter.keep(info) {
				found = append(found, Dependent{ID: c.id, Name: info.Name})
			}
		}
		if len(seen) < pageSize || len(seen) == before {
			break
		}
	}
	return found, nil
}

// Delete deletes the workspace with all that is in it. It refuses with a [DependentsError] while there are connections,
// unless [WithDependents] is given; the answer says which connections went. It looks first, so another program that
// makes a connection in that moment is not noticed.
//
//sluice:operation GET /connections
//sluice:operation DELETE /workspaces/{workspaceId}
func (w *Workspace) Delete(ctx context.Context, opts ...DeleteOption) (*Deletion, error) {
	if err := w.check(); err != nil {
		return nil, err
	}
	d, err := deletionOf("workspace", opts)
	if err != nil {
		return nil, err
	}
	connections, err := w.Dependents(ctx)
	if err != nil {
		return nil, err
	}
	if len(connections) > 0 && !d.dependents {
		return nil, w.fail(&DependentsError{Resource: "workspace", ID: w.id, Connections: connections})
	}
	err = remove(ctx, w.client, func(ctx context.Context) (*http.Response, error) {
		return w.client.raw.DeleteWorkspace(ctx, w.id)
	}, func() iter.Seq2[*Workspace, error] {
		return w.client.Workspaces(ctx, WorkspaceFilter{Where: func(info *airbyteapi.WorkspaceResponse) bool { return sameID(info.WorkspaceID, w.id) }})
	})
	w.info.Forget()
	if err != nil {
		return nil, w.fail(err)
	}
	return &Deletion{Workspace: w.id, Connections: connections}, nil
}

func (w *Workspace) check() error { return checkID("workspace", w.id) }

// fail adds what is known about the workspace to an error.
func (w *Workspace) fail(err error) error {
	return &ResourceError{Workspace: w.id, URL: w.WebURL(), Err: err}
}

// same reports whether the workspace id of an answer is this workspace. The server writes "null" where it does not know
// (airbyte-platform ConnectionReadMapper.kt).
func (w *Workspace) same(id string) bool {
	return id == "" || id == "null" || sameID(id, w.id)
}

// WorkspaceFilter says which workspaces a list brings: those that all of its fields allow. The zero filter allows all.
type WorkspaceFilter struct {
	// Name is the exact name; NameContains a part of it, in any case. Both are applied by this package.
	Name, NameContains string
	// Where is the caller's own test.
	Where func(*airbyteapi.WorkspaceResponse) bool
	// IncludeDeleted brings deleted ones too.
	IncludeDeleted bool
}

func (f *WorkspaceFilter) keep(info *airbyteapi.WorkspaceResponse) bool {
	return byName(info.Name, f.Name, f.NameContains) && (f.Where == nil || f.Where(info))
}

// Workspaces lists the workspaces that the credentials reach, as loaded handles; with filters, those that pass all of
// them. Pages are read as the loop goes on; an error ends it.
//
//sluice:operation GET /workspaces
func (c *Client) Workspaces(ctx context.Context, filters ...WorkspaceFilter) iter.Seq2[*Workspace, error] {
	params := airbyteapi.ListWorkspacesParams{IncludeDeleted: anyTrue(filters, func(f WorkspaceFilter) bool { return f.IncludeDeleted })}
	list := pages(ctx, func(ctx context.Context, limit, offset int32) ([]airbyteapi.WorkspaceResponse, error) {
		params := params
		params.Limit, params.Offset = &limit, &offset
		page, err := transport.Decode[airbyteapi.WorkspacesResponse](c.raw.ListWorkspaces(ctx, &params))
		if err != nil {
			return nil, err
		}
		return page.Data, nil
	}, func(item airbyteapi.WorkspaceResponse) string { return item.WorkspaceID })
	return mapped(list, func(info airbyteapi.WorkspaceResponse) (*Workspace, bool) {
		for i := range filters {
			if !filters[i].keep(&info) {
				return nil, false
			}
		}
		w := c.Workspace(info.WorkspaceID)
		w.info.Set(&info)
		return w, true
	})
}

// WorkspaceByName returns the one workspace of this name, an error of kind [apierr.KindNotFound] when there is none, or
// of kind [apierr.KindConflict] when there are several.
//
//sluice:operation GET /workspaces
func (c *Client) WorkspaceByName(ctx context.Context, name string) (*Workspace, error) {
	name, err := checkName(name)
	if err != nil {
		return nil, err
	}
	return only(c.Workspaces(ctx, WorkspaceFilter{Name: name}), "workspace", name, (*Workspace).ID)
}

// WorkspaceSpec describes a workspace to create.
type WorkspaceSpec struct {
	// Name is required.
	Name string
	// OrganizationID and RegionID are the organization and the region it belongs to; "" leaves them to the server.
	OrganizationID, RegionID string
	// Notifications are who is told about what; nil leaves them to the server.
	Notifications *airbyteapi.NotificationsConfig
	// UniqueName refuses with [ErrAlreadyExists] when there is a workspace by this name, at the price of listing them.
	UniqueName bool
}

// CreateWorkspace creates a workspace and returns its loaded handle. When the call fails in a way that leaves open
// whether it took place, the error is a [CreateUnknownError] that names the candidates.
//
//sluice:operation GET /workspaces
//sluice:operation POST /workspaces
func (c *Client) CreateWorkspace(ctx context.Context, spec WorkspaceSpec) (*Workspace, error) {
	name, err := checkName(spec.Name)
	if err != nil {
		return nil, err
	}
	for field, id := range map[string]string{"organizationId": spec.OrganizationID, "regionId": spec.RegionID} {
		if id == "" {
			continue
		}
		if err := checkID(field, id); err != nil {
			return nil, err
		}
	}
	namesakes := func() iter.Seq2[*Workspace, error] { return c.Workspaces(ctx, WorkspaceFilter{Name: name}) }
	if spec.UniqueName {
		if err := unique(namesakes(), "workspace", name, (*Workspace).ID); err != nil {
			return nil, err
		}
	}
	info, err := transport.Decode[airbyteapi.WorkspaceResponse](c.raw.CreateWorkspace(ctx, airbyteapi.WorkspaceCreateRequest{
		Name: name, OrganizationID: optional(spec.OrganizationID), RegionID: optional(spec.RegionID), Notifications: spec.Notifications,
	}))
	if err != nil {
		return settle(ctx, err, creation[*Workspace]{resource: "workspace", name: name, adopt: spec.UniqueName, list: namesakes, id: (*Workspace).ID})
	}
	w := c.Workspace(info.WorkspaceID)
	w.info.Set(info)
	return w, nil
}

// checkName refuses a name that is empty.
func checkName(name string) (string, error) {
	if strings.TrimSpace(name) == "" {
		return "", apierr.Invalid(service, "name", "the name is empty")
	}
	return name, nil
}
