package polytomic

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"time"

	"github.com/sluice-sdk/sluice/gen/polytomicapi"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/job"
	"github.com/sluice-sdk/sluice/wrappers/lazy"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// Connection is the handle of a connection to a database, a warehouse or an application. It loads its description once,
// when an accessor first needs it, and keeps it until [Connection.Refresh] or a change made through this handle. It is
// safe for concurrent use.
type Connection struct {
	client *Client
	id     string
	info   lazy.Value[*polytomicapi.ConnectionResponseSchema]
}

// ID returns the connection's id.
func (c *Connection) ID() string { return c.id }

func (c *Connection) about(err error) error { return about("connection", c.id, err) }

func (c *Connection) check() error { return c.about(checkID("connection", c.id)) }

func (c *Connection) checkSchema(schema string) error {
	if err := c.check(); err != nil {
		return err
	}
	return c.about(checkName("schema", schema))
}

// Info returns the connection's description, reading it once for all accessors and goroutines. Its configuration has the
// secrets masked. The error is [apierr.ErrNotFound] when there is no such connection.
//
//sluice:operation GET /api/connections/{id}
func (c *Connection) Info(ctx context.Context) (*polytomicapi.ConnectionResponseSchema, error) {
	return copied(c.info.Get(ctx, c.fetch))
}

// Refresh reads the description again.
//
//sluice:operation GET /api/connections/{id}
func (c *Connection) Refresh(ctx context.Context) (*polytomicapi.ConnectionResponseSchema, error) {
	return copied(c.info.Refresh(ctx, c.fetch))
}

// Cached returns the description that was loaded last and when, and false when none was. It does no I/O.
func (c *Connection) Cached() (*polytomicapi.ConnectionResponseSchema, time.Time, bool) {
	info, at, ok := c.info.Cached()
	if !ok {
		return nil, time.Time{}, false
	}
	out := *info
	return &out, at, true
}

func (c *Connection) fetch(ctx context.Context) (*polytomicapi.ConnectionResponseSchema, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	return with[*polytomicapi.ConnectionResponseSchema]("connection", c.id)(dataOf[polytomicapi.ConnectionResponseSchema](c.client.raw.GetConnection(ctx, c.id)))
}

// Name returns the connection's name, loading the description when it is not loaded yet.
//
//sluice:operation GET /api/connections/{id}
func (c *Connection) Name(ctx context.Context) (string, error) {
	info, err := c.info.Get(ctx, c.fetch)
	if err != nil {
		return "", err
	}
	return valueOf(info.Name), nil
}

// Connections lists the connections of the organization, in one call. Secrets are masked.
//
//sluice:operation GET /api/connections
func (c *Client) Connections(ctx context.Context) iter.Seq2[polytomicapi.ConnectionResponseSchema, error] {
	return oneCall(ctx, func(ctx context.Context) ([]polytomicapi.ConnectionResponseSchema, error) {
		rows, _, err := listOf[polytomicapi.ConnectionResponseSchema](c.raw.ListConnections(ctx))
		return rows, err
	})
}

// connectionByName returns the connection of a name, nil when there is none. Names are unique in an organization.
func (c *Client) connectionByName(ctx context.Context, name string) (*polytomicapi.ConnectionResponseSchema, error) {
	for connection, err := range c.Connections(ctx) {
		if err != nil {
			return nil, err
		}
		if valueOf(connection.Name) == name {
			return &connection, nil
		}
	}
	return nil, nil
}

// CreatedConnection is a connection that was just created.
type CreatedConnection struct {
	*Connection
	// AuthURL is where a person has to consent, for types that sign in by OAuth; the connection is not saved before.
	AuthURL string
	// AuthCode is the code that goes with it for some types.
	AuthCode string
	// Saved is false while a consent is outstanding.
	Saved bool
	// Status is healthy when the connection works; StatusError says why it does not.
	Status, StatusError string
}

// CreateConnection creates a connection. Polytomic connects to the system at once, and refuses a configuration that does
// not work, unless Validate is false. The configuration is the one that [Client.ConnectionTypeSchema] describes. When an
// error says MayHaveApplied the connection may be there: look before creating it again.
//
// What follows is usually [Connection.WaitUntilHealthy] and [Connection.WaitForSchemas].
//
//sluice:operation POST /api/connections
func (c *Client) CreateConnection(ctx context.Context, request polytomicapi.CreateConnectionRequestSchema) (*CreatedConnection, error) {
	switch {
	case request.Name == "":
		return nil, apierr.Invalid(service, "name", "the connection has no name")
	case request.Type == "":
		return nil, apierr.Invalid(service, "type", "the connection has no type, such as postgresql: Client.ConnectionTypes lists them")
	}
	if request.Configuration == nil {
		request.Configuration = map[string]any{}
	}
	if err := refuseMasks(request.Configuration); err != nil {
		return nil, err
	}
	created, err := dataOf[polytomicapi.CreateConnectionResponseSchema](c.raw.CreateConnection(ctx, request))
	if err != nil {
		return nil, err
	}
	return &CreatedConnection{Connection: c.Connection(valueOf(created.ID)), AuthURL: valueOf(created.AuthURL), AuthCode: valueOf(created.AuthCode),
		Saved: created.Saved == nil || *created.Saved, Status: valueOf(created.Status), StatusError: valueOf(created.StatusError)}, nil
}

// TestConnection tries a configuration of a type and saves nothing. The error says why it does not work.
//
//sluice:operation POST /api/connections/test
func (c *Client) TestConnection(ctx context.Context, kind string, configuration map[string]any) error {
	return c.testConnection(ctx, polytomicapi.TestConnectionRequest{Type: kind, Configuration: configuration})
}

// Test tries the connection's stored configuration with these values in place of the stored ones, and saves nothing.
//
//sluice:operation POST /api/connections/test
func (c *Connection) Test(ctx context.Context, values map[string]any) error {
	info, err := c.info.Get(ctx, c.fetch)
	if err != nil {
		return err
	}
	kind := ""
	if info.Type != nil {
		kind = valueOf(info.Type.ID)
	}
	return c.about(c.client.testConnection(ctx, polytomicapi.TestConnectionRequest{Type: kind, Configuration: values, ConnectionID: &c.id}))
}

func (c *Client) testConnection(ctx context.Context, request polytomicapi.TestConnectionRequest) error {
	if request.Type == "" {
		return apierr.Invalid(service, "type", "the type of the connection is empty")
	}
	if request.Configuration == nil {
		request.Configuration = map[string]any{}
	}
	if err := refuseMasks(request.Configuration); err != nil {
		return err
	}
	return transport.Discard(c.raw.TestConnection(ctx, request))
}

// DeleteOption changes [Connection.Delete].
type DeleteOption func(*polytomicapi.DeleteConnectionParams)

// WithDependents deletes the syncs and models that use the connection, too.
func WithDependents() DeleteOption {
	return func(p *polytomicapi.DeleteConnectionParams) { yes := true; p.Force = &yes }
}

// Delete deletes the connection. When something uses it the error wraps [ErrConnectionInUse], unless [WithDependents] is
// given.
//
//sluice:operation DELETE /api/connections/{id}
func (c *Connection) Delete(ctx context.Context, opts ...DeleteOption) error {
	if err := c.check(); err != nil {
		return err
	}
	params := &polytomicapi.DeleteConnectionParams{}
	for _, o := range opts {
		o(params)
	}
	defer c.info.Forget()
	return c.about(c.client.remove(ctx, func(ctx context.Context) (*http.Response, error) {
		return c.client.raw.DeleteConnection(ctx, c.id, params)
	}))
}

// HealthJob returns a job that succeeds when the connection is healthy and fails when the service says what is wrong
// with it, for package job: to wait for many connections at once. It does no I/O.
func (c *Connection) HealthJob() *job.Job {
	return c.client.tasks.Job(job.Snapshot{Ref: job.Ref{Service: service, Kind: kindHealth, ID: c.id}})
}

// WaitUntilHealthy waits until the connection is healthy. When the service says what is wrong with it the error wraps
// [ErrConnectionUnhealthy] and says it. Other statuses are waited through, because healthy is the only one that is
// documented.
//
//sluice:operation GET /api/connections/{id}
func (c *Connection) WaitUntilHealthy(ctx context.Context, opts ...WaitOption) error {
	if err := c.check(); err != nil {
		return err
	}
	c.info.Forget()
	_, err := c.HealthJob().Wait(ctx, bulkSettings(opts).jobOptions(false)...)
	return c.about(unhealthy(err))
}

// unhealthy gives the failure of a connection its reason.
func unhealthy(err error) error {
	var failed *job.FailedError
	if !errors.As(err, &failed) || failed.Snapshot.Failure == nil {
		return err
	}
	return &apierr.Error{Service: service, Kind: apierr.KindConflict, Message: failed.Snapshot.Failure.Message,
		Hint: "Connection.Update or the web application can repair it.", Err: errors.Join(ErrConnectionUnhealthy, err)}
}

// SharedConnections lists the connections that share this one's credentials, in one call.
//
//sluice:operation GET /api/connections/{id}/shared
func (c *Connection) SharedConnections(ctx context.Context) iter.Seq2[polytomicapi.ConnectionResponseSchema, error] {
	return c.connections(ctx, func(ctx context.Context) (*http.Response, error) {
		return c.client.raw.ListSharedConnections(ctx, c.id)
	})
}

func (c *Connection) connections(ctx context.Context, call func(context.Context) (*http.Response, error)) iter.Seq2[polytomicapi.ConnectionResponseSchema, error] {
	if err := c.check(); err != nil {
		return failing[polytomicapi.ConnectionResponseSchema](err)
	}
	return oneCall(ctx, func(ctx context.Context) ([]polytomicapi.ConnectionResponseSchema, error) {
		rows, _, err := listOf[polytomicapi.ConnectionResponseSchema](call(ctx))
		return rows, c.about(err)
	})
}

// ParameterValues returns the values that the fields of the connection's form may take.
//
//sluice:operation GET /api/connections/{id}/parameter_values
func (c *Connection) ParameterValues(ctx context.Context) (map[string]polytomicapi.ConnectionParameterValuesResp, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	answer, err := bodyOf[polytomicapi.ConnectionParameterValuesResponseEnvelope](c.client.raw.GetConnectionParameterValues(ctx, c.id))
	if err != nil {
		return nil, c.about(err)
	}
	return given(answer.Data), nil
}
