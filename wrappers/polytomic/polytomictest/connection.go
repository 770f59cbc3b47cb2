package polytomictest

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	wire "github.com/sluice-sdk/sluice/gen/polytomicapi"
	srv "github.com/sluice-sdk/sluice/gen/polytomicserver"
)

// The statuses of connections. Only the first is attested.
const (
	statusHealthy   = "healthy"
	statusPending   = "pending"
	statusUnhealthy = "unhealthy"
)

// connection is a connection with its configuration as it was given, secrets and all.
type connection struct {
	id, name         string
	org              *organization
	kind             *connectionType
	configuration    map[string]any
	policies         []string
	interval         string
	saved            bool
	status           string // until healthyAt
	statusError      string
	healthyAt        time.Time // zero for never
	created, updated time.Time
	createdBy        *caller
	parent           *connection // of a shared one

	discovered                      []Schema // what a refresh finds
	schemas                         []*schema
	refreshStarted, refreshFinished time.Time // of the latest refresh; zero for never
	lastFinished                    time.Time // of the one before
	targetsRead                     time.Time

	answer   func(sql string) ([]map[string]any, error)
	upstream http.Handler
	noProxy  bool
	calls    []proxyCall
}

func (c *connection) identity() string { return c.id }

func (c *connection) statusAt(now time.Time) (status, reason string) {
	if !c.healthyAt.IsZero() && !now.Before(c.healthyAt) {
		return statusHealthy, ""
	}
	return c.status, c.statusError
}

func (f *Fake) connection(c *caller, id string) (*connection, error) {
	if x := f.connections.byID[id]; x != nil && x.org == c.org {
		return x, nil
	}
	return nil, notFound("connection", id)
}

func (f *Fake) connectionWire(x *connection) wire.ConnectionResponseSchema {
	status, reason := x.statusAt(f.now)
	out := wire.ConnectionResponseSchema{
		ID: &x.id, Name: &x.name, OrganizationID: &x.org.id, Type: x.kind.wire(), Configuration: value(f.shown(x)), Policies: x.policies,
		Saved: new(x.saved), Status: &status, CreatedAt: moment(x.created), UpdatedAt: moment(x.updated), CreatedBy: actor(x.createdBy),
		UpdatedBy: actor(x.createdBy), APICallsLast24Hours: value(len(x.calls)),
	}
	if reason != "" {
		out.StatusError = &reason
	}
	if x.parent != nil {
		out.ParentConnectionID = &x.parent.id
	}
	return out
}

func (f *Fake) createdWire(x *connection, authURL, authCode string) *wire.CreateConnectionResponseSchema {
	w := f.connectionWire(x)
	return &wire.CreateConnectionResponseSchema{
		ID: w.ID, Name: w.Name, OrganizationID: w.OrganizationID, Type: w.Type, Configuration: w.Configuration, Policies: w.Policies,
		Saved: w.Saved, Status: w.Status, StatusError: w.StatusError, HealthcheckInterval: orNone(x.interval), AuthURL: orNone(authURL),
		AuthCode: orNone(authCode),
	}
}

func (a *service) ListConnections(ctx context.Context, _ srv.ListConnectionsRequestObject) (srv.ListConnectionsResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	list := f.connections.where(func(x *connection) bool { return x.org == c.org })
	return srv.ListConnections200JSONResponse{Data: rows(f, mapped(list, f.connectionWire))}, nil
}

func (a *service) GetConnection(ctx context.Context, request srv.GetConnectionRequestObject) (srv.GetConnectionResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	x, err := f.connection(c, request.ID)
	if err != nil {
		return nil, err
	}
	return srv.GetConnection200JSONResponse{Data: new(f.connectionWire(x))}, nil
}

// unreachable says why the system behind a configuration cannot be reached: something required is missing, or a
// secret consists of stars, which is what is left of one that was read and written back.
func unreachable(t *connectionType, configuration map[string]any) *failure {
	if name := t.missing(configuration); name != "" {
		return unprocessable("%s is required", name)
	}
	for name, v := range configuration {
		if s, ok := v.(string); ok && t.isSecret(name) && s == mask {
			return unprocessable("could not connect: authentication failed")
		}
		if s, ok := v.(string); ok && strings.HasSuffix(s, ".invalid") {
			return unprocessable("could not connect: no such host")
		}
	}
	return nil
}

func (a *service) CreateConnection(ctx context.Context, request srv.CreateConnectionRequestObject) (srv.CreateConnectionResponseObject, error) {
	body := request.Body
	validate := or(body.Validate, true)
	t := knownType(body.Type)
	if t == nil {
		return nil, badRequest("unknown connection type %q", body.Type)
	}
	if validate && !t.oauth {
		if err := a.pause(a.f.config.validation); err != nil {
			return nil, err
		}
	}
	f, c := a.enter(ctx)
	defer a.leave()
	if err := own(c, body.OrganizationID); err != nil {
		return nil, err
	}
	if err := f.nameFree(c, body.Name, nil); err != nil {
		return nil, err
	}
	policies, _ := given(body.Policies)
	x := &connection{
		id: f.newID(), name: body.Name, org: c.org, kind: t, configuration: copyTree(body.Configuration), policies: policies,
		interval: or(body.HealthcheckInterval, ""), saved: true, status: statusHealthy, created: f.now, updated: f.now, createdBy: c,
	}
	if t.oauth {
		if or(body.RedirectURL, "") == "" {
			return nil, badRequest("redirect_url is required for %s", t.name)
		}
		x.saved, x.status = false, statusPending
		f.connections.add(x)
		code := f.newSecret()[:8]
		f.sessions[code] = &session{connection: x, org: c.org, redirectURL: *body.RedirectURL}
		return srv.CreateConnection200JSONResponse{Data: f.createdWire(x, f.origin(ctx)+consentPath+code, code)}, nil
	}
	if e := unreachable(t, x.configuration); e != nil {
		if validate {
			return nil, e
		}
		x.status, x.statusError = statusUnhealthy, e.text
	}
	f.fill(x)
	f.connections.add(x)
	return srv.CreateConnection200JSONResponse{Data: f.createdWire(x, "", "")}, nil
}

func (f *Fake) nameFree(c *caller, name string, besides *connection) error {
	if strings.TrimSpace(name) == "" {
		return badRequest("name is required")
	}
	for _, x := range f.connections.rows {
		if x != besides && x.org == c.org && x.name == name {
			return unprocessable("name %q is taken", name)
		}
	}
	return nil
}

// origin is how the caller reaches the fake.
func (f *Fake) origin(ctx context.Context) string {
	if r := requestOf(ctx); r.Request != nil {
		return "http://" + r.Host
	}
	return f.URL()
}

func (a *service) UpdateConnection(ctx context.Context, request srv.UpdateConnectionRequestObject) (srv.UpdateConnectionResponseObject, error) {
	body := request.Body
	if or(body.Validate, true) {
		if err := a.pause(a.f.config.validation); err != nil {
			return nil, err
		}
	}
	f, c := a.enter(ctx)
	defer a.leave()
	x, err := f.connection(c, request.ID)
	if err != nil {
		return nil, err
	}
	if err := own(c, body.OrganizationID); err != nil {
		return nil, err
	}
	if err := f.nameFree(c, body.Name, x); err != nil {
		return nil, err
	}
	if t := or(body.Type, x.kind.id); t != x.kind.id {
		return nil, unprocessable("the type of a connection cannot be changed")
	}
	next := copyTree(body.Configuration)
	for name, old := range x.configuration {
		v, there := next[name]
		switch {
		case there && v == mask && x.kind.isSecret(name) && !f.has(StoresMask):
			next[name] = old
		case !there && !f.has(PutClears):
			next[name] = old
		}
	}
	e := unreachable(x.kind, next)
	if e != nil && or(body.Validate, true) {
		return nil, e
	}
	policies, _ := given(body.Policies)
	x.name, x.configuration, x.policies, x.updated, x.interval = body.Name, next, policies, f.now, or(body.HealthcheckInterval, "")
	switch {
	case e != nil:
		x.status, x.statusError, x.healthyAt = statusUnhealthy, e.text, time.Time{}
	case x.saved:
		x.status, x.statusError = statusHealthy, ""
	}
	authURL, authCode := "", ""
	if x.kind.oauth && or(body.Reconnect, false) {
		authCode = f.newSecret()[:8]
		f.sessions[authCode] = &session{connection: x, org: c.org, redirectURL: f.origin(ctx)}
		authURL = f.origin(ctx) + consentPath + authCode
	}
	return srv.UpdateConnection200JSONResponse{Data: f.createdWire(x, authURL, authCode)}, nil
}

func (a *service) TestConnection(ctx context.Context, request srv.TestConnectionRequestObject) (srv.TestConnectionResponseObject, error) {
	if err := a.pause(a.f.config.validation); err != nil {
		return nil, err
	}
	f, c := a.enter(ctx)
	defer a.leave()
	t := knownType(request.Body.Type)
	if t == nil {
		return nil, badRequest("unknown connection type %q", request.Body.Type)
	}
	configuration := copyTree(request.Body.Configuration)
	if id := or(request.Body.ConnectionID, ""); id != "" {
		x, err := f.connection(c, id)
		if err != nil {
			return nil, err
		}
		merged := copyTree(x.configuration)
		for k, v := range configuration {
			if v != mask || !x.kind.isSecret(k) {
				merged[k] = v
			}
		}
		configuration = merged
	}
	if e := unreachable(t, configuration); e != nil {
		return nil, badRequest("%s", e.text)
	}
	return srv.TestConnection200Response{}, nil
}

func (a *service) DeleteConnection(ctx context.Context, request srv.DeleteConnectionRequestObject) (srv.DeleteConnectionResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	x, err := f.connection(c, request.ID)
	if err != nil {
		return nil, err
	}
	bulk := f.bulkSyncs.where(func(b *bulkSync) bool { return b.source == x || b.destination == x })
	models := f.models.where(func(m *model) bool { return m.body.ConnectionID == x.id })
	syncs := f.modelSyncs.where(func(s *modelSync) bool {
		return s.body.Target.ConnectionID == x.id || slices.ContainsFunc(models, func(m *model) bool { return slices.Contains(s.modelIDs, m.id) })
	})
	if len(bulk)+len(models)+len(syncs) > 0 && !or(request.Params.Force, false) && f.has(InUse) {
		return nil, unprocessable("connection is in use")
	}
	for _, b := range bulk {
		f.deleteBulk(b)
	}
	for _, s := range syncs {
		f.deleteModelSync(s)
	}
	for _, m := range models {
		f.models.remove(m)
	}
	f.connections.remove(x)
	return srv.DeleteConnection200Response{}, nil
}

func (f *Fake) shared(x *connection) []wire.ConnectionResponseSchema {
	return mapped(f.connections.where(func(y *connection) bool { return y.parent == x }), f.connectionWire)
}

func (a *service) ListSharedConnections(ctx context.Context, request srv.ListSharedConnectionsRequestObject) (srv.ListSharedConnectionsResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	x, err := f.connection(c, request.ID)
	if err != nil {
		return nil, err
	}
	return srv.ListSharedConnections200JSONResponse{Data: rows(f, f.shared(x))}, nil
}

// partnerConnection finds a connection by its organization, for a partner.
func (f *Fake) partnerConnection(organizationID, id string) (*connection, error) {
	o := f.organization(organizationID)
	if o == nil {
		return nil, notFound("organization", organizationID)
	}
	if x := f.connections.byID[id]; x != nil && x.org == o {
		return x, nil
	}
	return nil, notFound("connection", id)
}

func (a *service) ListPartnerSharedConnections(ctx context.Context, request srv.ListPartnerSharedConnectionsRequestObject) (srv.ListPartnerSharedConnectionsResponseObject, error) {
	f, _ := a.enter(ctx)
	defer a.leave()
	x, err := f.partnerConnection(request.OrgID, request.ConnectionID)
	if err != nil {
		return nil, err
	}
	return srv.ListPartnerSharedConnections200JSONResponse{Data: rows(f, f.shared(x))}, nil
}

func (a *service) CreatePartnerSharedConnection(ctx context.Context, request srv.CreatePartnerSharedConnectionRequestObject) (srv.CreatePartnerSharedConnectionResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	x, err := f.partnerConnection(request.OrgID, request.ConnectionID)
	if err != nil {
		return nil, err
	}
	child := f.organization(request.Body.ChildOrganizationID)
	if child == nil {
		return nil, notFound("organization", request.Body.ChildOrganizationID)
	}
	y := &connection{
		id: f.newID(), name: or(request.Body.Name, x.name), org: child, kind: x.kind, configuration: copyTree(x.configuration), saved: true,
		status: x.status, healthyAt: x.healthyAt, created: f.now, updated: f.now, createdBy: c, parent: x, discovered: x.discovered,
		answer: x.answer, upstream: x.upstream,
	}
	f.fill(y)
	f.connections.add(y)
	return srv.CreatePartnerSharedConnection200JSONResponse{Data: &wire.CreateSharedConnectionResponseSchema{ID: &y.id}}, nil
}

// StoredConfiguration returns the configuration of a connection as the fake has it, secrets unmasked; nil when there
// is no such connection.
func (f *Fake) StoredConfiguration(connectionID string) map[string]any {
	f.mu.Lock()
	defer f.mu.Unlock()
	x := f.connections.byID[connectionID]
	if x == nil {
		return nil
	}
	return copyTree(x.configuration)
}

// SetStatus changes the status of a connection: "healthy", or any other with a reason.
func (f *Fake) SetStatus(connectionID, status, reason string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	x := f.connections.byID[connectionID]
	if x == nil {
		f.misuse("there is no connection %s", connectionID)
		return
	}
	x.status, x.statusError, x.healthyAt = status, reason, time.Time{}
}
