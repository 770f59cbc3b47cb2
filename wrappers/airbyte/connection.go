package airbyte

import (
	"context"
	"slices"
	"time"

	"github.com/sluice-sdk/sluice/gen/airbyteapi"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/lazy"
	"github.com/sluice-sdk/sluice/wrappers/transport"
	"github.com/sluice-sdk/sluice/wrappers/warehouse"
)

// Connection is the handle of a connection: a source, a destination and the streams between them. It loads its
// description once, when an accessor first needs it, and keeps it until [Connection.Refresh] or a change made through
// this handle. It is safe for concurrent use.
type Connection struct {
	workspace *Workspace
	id        string
	info      lazy.Value[*airbyteapi.ConnectionResponse]
	tables    lazy.Value[warehouse.Destination] // what decides where its tables are
}

// ID returns the connection's id.
func (c *Connection) ID() string { return c.id }

// is reports whether id is the connection's.
func (c *Connection) is(id string) bool { return sameID(id, c.id) }

// Workspace returns the handle of the workspace it was reached through.
func (c *Connection) Workspace() *Workspace { return c.workspace }

// ConnectionURL returns the connection's page in the web application, or "" when its root is not known. It does no I/O.
func (c *Connection) ConnectionURL() string {
	return c.workspace.client.connectionURL(c.workspace.id, c.id)
}

// JobHistoryURL returns the page of the connection's jobs in the web application, or "" when its root is not known. It
// does no I/O.
func (c *Connection) JobHistoryURL() string {
	return c.workspace.client.jobHistoryURL(c.workspace.id, c.id)
}

// Info returns the connection's description, reading it once for all accessors and goroutines. The caller may change the
// lists of streams and tags in it, but not what those contain.
//
// Errors: [apierr.ErrNotFound] or [apierr.ErrPermissionDenied] when there is no such connection,
// [WorkspaceMismatchError] when it is in another workspace; each inside a [ResourceError].
//
//sluice:operation GET /connections/{connectionId}
func (c *Connection) Info(ctx context.Context) (*airbyteapi.ConnectionResponse, error) {
	info, err := c.load(ctx)
	if err != nil {
		return nil, err
	}
	return connectionCopy(info), nil
}

// Refresh reads the connection's description again. It is also the way to find out whether the connection is there.
//
//sluice:operation GET /connections/{connectionId}
func (c *Connection) Refresh(ctx context.Context) (*airbyteapi.ConnectionResponse, error) {
	info, err := c.info.Refresh(ctx, c.fetch)
	if err != nil {
		return nil, err
	}
	return connectionCopy(info), nil
}

// Cached returns the description that was loaded last and when, and false when none was. It does no I/O.
func (c *Connection) Cached() (*airbyteapi.ConnectionResponse, time.Time, bool) {
	info, at, ok := c.info.Cached()
	if !ok {
		return nil, time.Time{}, false
	}
	return connectionCopy(info), at, true
}

func connectionCopy(info *airbyteapi.ConnectionResponse) *airbyteapi.ConnectionResponse {
	out := *info
	out.Configurations.Streams = slices.Clone(info.Configurations.Streams)
	out.Tags = slices.Clone(info.Tags)
	return &out
}

// Verify reads the connection again and says whether a sync could be started on it: it exists, it is in this workspace,
// and it is active. Errors beside those of [Connection.Info]: [ErrConnectionInactive], [ErrConnectionLocked], and
// [apierr.ErrNotFound] for one that was deleted.
//
//sluice:operation GET /connections/{connectionId}
func (c *Connection) Verify(ctx context.Context) error {
	info, err := c.info.Refresh(ctx, c.fetch)
	if err != nil {
		return err
	}
	return c.usable(info)
}

// usable explains why nothing can be started on the connection, by its status.
func (c *Connection) usable(info *airbyteapi.ConnectionResponse) error {
	e := &apierr.Error{Service: service, Kind: apierr.KindConflict}
	switch info.Status {
	case airbyteapi.ConnectionStatusEnumInactive:
		e.Err, e.Hint = ErrConnectionInactive, "Connection.Enable switches it on."
	case airbyteapi.ConnectionStatusEnumLocked:
		e.Err, e.Message, e.Hint = ErrConnectionLocked, valueOf(info.StatusReason), "The web application says why."
	case airbyteapi.ConnectionStatusEnumDeprecated:
		e.Kind, e.Message = apierr.KindNotFound, "the connection was deleted"
	default: // active, or a status that this version does not know: the server decides
		return nil
	}
	return c.fail(e)
}

// Name returns the connection's name, loading the description when it is not loaded yet, as all accessors do.
//
//sluice:operation GET /connections/{connectionId}
func (c *Connection) Name(ctx context.Context) (string, error) {
	return field(ctx, c, func(info *airbyteapi.ConnectionResponse) string { return info.Name })
}

// SourceID returns the id of the source that the connection reads from.
//
//sluice:operation GET /connections/{connectionId}
func (c *Connection) SourceID(ctx context.Context) (string, error) {
	return field(ctx, c, func(info *airbyteapi.ConnectionResponse) string { return info.SourceID })
}

// DestinationID returns the id of the destination that the connection writes to.
//
//sluice:operation GET /connections/{connectionId}
func (c *Connection) DestinationID(ctx context.Context) (string, error) {
	return field(ctx, c, func(info *airbyteapi.ConnectionResponse) string { return info.DestinationID })
}

// Source returns the handle of the source that the connection reads from.
//
//sluice:operation GET /connections/{connectionId}
func (c *Connection) Source(ctx context.Context) (*Source, error) {
	return field(ctx, c, func(info *airbyteapi.ConnectionResponse) *Source { return c.workspace.Source(info.SourceID) })
}

// Destination returns the handle of the destination that the connection writes to.
//
//sluice:operation GET /connections/{connectionId}
func (c *Connection) Destination(ctx context.Context) (*Destination, error) {
	return field(ctx, c, func(info *airbyteapi.ConnectionResponse) *Destination {
		return c.workspace.Destination(info.DestinationID)
	})
}

// StreamNames returns the names of the selected streams, in the server's order. Streams of the same name in different
// namespaces appear each; [Connection.Streams] tells them apart.
//
//sluice:operation GET /connections/{connectionId}
func (c *Connection) StreamNames(ctx context.Context) ([]string, error) {
	return field(ctx, c, func(info *airbyteapi.ConnectionResponse) []string {
		names := make([]string, len(info.Configurations.Streams))
		for i, s := range info.Configurations.Streams {
			names[i] = s.Name
		}
		return names
	})
}

// Streams returns the selected streams with their sync modes, cursors and keys.
//
//sluice:operation GET /connections/{connectionId}
func (c *Connection) Streams(ctx context.Context) ([]StreamSelection, error) {
	return field(ctx, c, func(info *airbyteapi.ConnectionResponse) []StreamSelection {
		return selectionsOf(info.Configurations.Streams)
	})
}

// TablePrefix returns what is put in front of every stream's name in the destination, "" for nothing.
//
//sluice:operation GET /connections/{connectionId}
func (c *Connection) TablePrefix(ctx context.Context) (string, error) {
	return field(ctx, c, func(info *airbyteapi.ConnectionResponse) string { return valueOf(info.Prefix) })
}

// Namespace returns where in the destination the connection's tables are.
//
//sluice:operation GET /connections/{connectionId}
func (c *Connection) Namespace(ctx context.Context) (Namespace, error) {
	return field(ctx, c, func(info *airbyteapi.ConnectionResponse) Namespace {
		return Namespace{Definition: valueOf(info.NamespaceDefinition), Format: valueOf(info.NamespaceFormat)}
	})
}

// Status returns whether the connection is active, inactive, locked, or deprecated, which means deleted.
//
//sluice:operation GET /connections/{connectionId}
func (c *Connection) Status(ctx context.Context) (airbyteapi.ConnectionStatusEnum, error) {
	return field(ctx, c, func(info *airbyteapi.ConnectionResponse) airbyteapi.ConnectionStatusEnum { return info.Status })
}

// Schedule returns when the connection runs by itself.
//
//sluice:operation GET /connections/{connectionId}
func (c *Connection) Schedule(ctx context.Context) (Schedule, error) {
	return field(ctx, c, func(info *airbyteapi.ConnectionResponse) Schedule { return scheduleOf(info.Schedule) })
}

// Tags returns the connection's tags.
//
//sluice:operation GET /connections/{connectionId}
func (c *Connection) Tags(ctx context.Context) ([]Tag, error) {
	return field(ctx, c, func(info *airbyteapi.ConnectionResponse) []Tag { return slices.Clone(info.Tags) })
}

// Namespace says where in the destination a connection's tables are: the schema, dataset or database.
type Namespace struct {
	// Definition is destination (the destination's own setting), source (as in the source), or custom_format.
	Definition airbyteapi.NamespaceDefinitionEnum
	// Format is the custom format, in which ${SOURCE_NAMESPACE} stands for the source's namespace. A format that comes out
	// blank means the destination's own setting.
	Format string
}

// field loads the description and returns what get takes out of it.
func field[T any](ctx context.Context, c *Connection, get func(*airbyteapi.ConnectionResponse) T) (T, error) {
	info, err := c.load(ctx)
	if err != nil {
		var zero T
		return zero, err
	}
	return get(info), nil
}

// load returns the connection's description, reading it once for all accessors and goroutines.
func (c *Connection) load(ctx context.Context) (*airbyteapi.ConnectionResponse, error) {
	return c.info.Get(ctx, c.fetch)
}

func (c *Connection) fetch(ctx context.Context) (*airbyteapi.ConnectionResponse, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	info, err := transport.Decode[airbyteapi.ConnectionResponse](c.workspace.client.raw.GetConnection(ctx, c.id))
	if err != nil {
		return nil, c.fail(err)
	}
	if !c.workspace.same(info.WorkspaceID) {
		return nil, c.fail(&WorkspaceMismatchError{Resource: "connection", ID: c.id, Want: c.workspace.id, Got: info.WorkspaceID})
	}
	return info, nil
}

func (c *Connection) check() error {
	if err := c.workspace.check(); err != nil {
		return err
	}
	return checkID("connection", c.id)
}

// fail adds what is known about the connection to an error.
func (c *Connection) fail(err error) error {
	return &ResourceError{Workspace: c.workspace.id, Connection: c.id, URL: c.ConnectionURL(), Err: err}
}
