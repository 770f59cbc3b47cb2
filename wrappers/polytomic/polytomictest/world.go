package polytomictest

import (
	"net/http"
	"slices"
	"strings"
	"time"

	wire "github.com/sluice-sdk/sluice/gen/polytomicapi"
)

// collection keeps things in the order in which they were made.
type collection[T interface {
	comparable
	identity() string
}] struct {
	rows []T
	byID map[string]T
}

func (c *collection[T]) add(row T) {
	if c.byID == nil {
		c.byID = make(map[string]T)
	}
	c.rows = append(c.rows, row)
	c.byID[row.identity()] = row
}

func (c *collection[T]) remove(row T) {
	delete(c.byID, row.identity())
	c.rows = slices.DeleteFunc(c.rows, func(x T) bool { return x == row })
}

func (c *collection[T]) where(match func(T) bool) []T {
	var out []T
	for _, row := range c.rows {
		if match(row) {
			out = append(out, row)
		}
	}
	return out
}

// world is everything the fake remembers.
type world struct {
	partner, deployment string // keys

	organizations []*organization
	connections   collection[*connection]
	bulkSyncs     collection[*bulkSync]
	modelSyncs    collection[*modelSync]
	models        collection[*model]
	jobs          collection[*job]
	queries       collection[*query]
	webhooks      collection[*webhook]
	roles         collection[*role]
	policies      collection[*policy]
	sessions      map[string]*session // token of a Connect session
	files         map[string]*file    // path of a stored file
	events        []*event            // by time
	failing       map[string][]string // job type to reasons
	deliveries    []Delivery
}

type organization struct {
	id, name                                            string
	issuer, clientID, clientSecret, ssoDomain, ssoOrgID string
	users                                               []*user
	subscribers                                         []string // addresses that are told about every error
}

type user struct {
	id, email, role string
	roleIDs         []string
	org             *organization
	key             string // "" for none
}

// populate makes the world that a fake comes with.
func (f *Fake) populate() {
	f.world = world{sessions: make(map[string]*session), files: make(map[string]*file), failing: make(map[string][]string)}
	f.partner, f.deployment = f.newSecret(), f.newSecret()
	o := f.addOrganization("Acme")
	f.addUser(o, "ada@acme.test", "admin", nil).key = f.newSecret()
}

// OrganizationID returns the id of the organization the fake comes with.
func (f *Fake) OrganizationID() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.organizations[0].id
}

// AddOrganization makes another organization of the partner and returns its id. It has no user; see
// [Fake.UserKeyOf].
func (f *Fake) AddOrganization(name string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.addOrganization(name).id
}

func (f *Fake) addOrganization(name string) *organization {
	o := &organization{id: f.newID(), name: name}
	f.organizations = append(f.organizations, o)
	for _, name := range []string{"Admin", "Member"} {
		f.roles.add(&role{id: f.newID(), name: name, org: o, system: true})
	}
	f.policies.add(&policy{id: f.newID(), name: "Default", org: o, system: true, actions: []wire.PolicyAction{}})
	return o
}

// AddUser makes a user of an organization and returns the id.
func (f *Fake) AddUser(organizationID, email string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	o := f.organization(organizationID)
	if o == nil {
		f.misuse("there is no organization %s", organizationID)
		return ""
	}
	return f.addUser(o, email, "member", nil).id
}

func (f *Fake) addUser(o *organization, email, roleName string, roleIDs []string) *user {
	u := &user{id: f.newID(), email: email, role: roleName, roleIDs: roleIDs, org: o}
	o.users = append(o.users, u)
	return u
}

func (f *Fake) organization(id string) *organization {
	for _, o := range f.organizations {
		if strings.EqualFold(o.id, id) {
			return o
		}
	}
	return nil
}

// Connection is a connection that a test has added.
type Connection struct {
	ID, Name, Type, OrganizationID string
}

// ConnectionOption adjusts a connection that a test adds.
type ConnectionOption func(f *Fake, c *connection)

// ConnectionNamed names a connection. Default: after its type.
func ConnectionNamed(name string) ConnectionOption {
	return func(_ *Fake, c *connection) { c.name = name }
}

// OfType sets the type of a connection, by id. Default "postgresql". An unknown type is taken for a database.
func OfType(id string) ConnectionOption {
	return func(_ *Fake, c *connection) { c.kind = typeByID(id) }
}

// Within puts a connection into another organization, by id.
func Within(organizationID string) ConnectionOption {
	return func(f *Fake, c *connection) {
		if c.org = f.organization(organizationID); c.org == nil {
			f.misuse("there is no organization %s", organizationID)
			c.org = f.organizations[0]
		}
	}
}

// Configuration sets the configuration of a connection, secrets unmasked.
func Configuration(values map[string]any) ConnectionOption {
	return func(_ *Fake, c *connection) { c.configuration = copyTree(values) }
}

// Schemas sets what a connection has: tables, objects. Default: public.users and public.orders.
func Schemas(schemas ...Schema) ConnectionOption {
	return func(_ *Fake, c *connection) { c.discovered = schemas }
}

// CacheFillsAfter lets the schema cache of a connection be filled only after d, as that of one made through the API
// is. Default: it is filled.
func CacheFillsAfter(d time.Duration) ConnectionOption {
	return func(f *Fake, c *connection) { c.refreshStarted, c.refreshFinished = f.now, f.now.Add(d) }
}

// NeverFills keeps the schema cache of a connection from being filled.
func NeverFills() ConnectionOption {
	return func(f *Fake, c *connection) { c.refreshStarted, c.refreshFinished = f.now, time.Time{} }
}

// WithStatus sets the status of a connection and why it is not "healthy", which is the default. No other status is
// attested; the fake itself uses "pending" and "unhealthy".
func WithStatus(status, reason string) ConnectionOption {
	return func(_ *Fake, c *connection) { c.status, c.statusError, c.healthyAt = status, reason, time.Time{} }
}

// HealthyLater makes a connection pending until d has passed.
func HealthyLater(d time.Duration) ConnectionOption {
	return func(f *Fake, c *connection) { c.status, c.healthyAt = statusPending, f.now.Add(d) }
}

// AnswersQueries answers the SQL that is run on a connection. Its error fails the query. It must not call the fake.
// Default: the sample records of the schema that the SQL names, or one row.
func AnswersQueries(answer func(sql string) ([]map[string]any, error)) ConnectionOption {
	return func(_ *Fake, c *connection) { c.answer = answer }
}

// ProxiesTo sets what a connection's proxy reaches. Default: a handler that answers what it was asked, as JSON.
func ProxiesTo(h http.Handler) ConnectionOption {
	return func(_ *Fake, c *connection) { c.upstream = h }
}

// WithoutProxy makes a connection one whose proxy was not enabled.
func WithoutProxy() ConnectionOption { return func(_ *Fake, c *connection) { c.noProxy = true } }

// AddConnection makes a connection: healthy and with a filled schema cache, unless said otherwise.
func (f *Fake) AddConnection(opts ...ConnectionOption) Connection {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.advance(time.Now())
	return f.addConnection(opts).public()
}

func (f *Fake) addConnection(opts []ConnectionOption) *connection {
	c := &connection{
		id: f.newID(), kind: typeByID("postgresql"), org: f.organizations[0], saved: true, status: statusHealthy,
		created: f.now, updated: f.now, refreshStarted: f.now, refreshFinished: f.now,
	}
	for _, o := range opts {
		o(f, c)
	}
	if c.name == "" {
		c.name = c.kind.name + " " + c.id[:8]
	}
	if c.configuration == nil {
		c.configuration = c.kind.sample(f)
	}
	f.fillSchemas(c)
	f.connections.add(c)
	return c
}

func (c *connection) public() Connection {
	return Connection{ID: c.id, Name: c.name, Type: c.kind.id, OrganizationID: c.org.id}
}

// Sync is a bulk sync or a model sync that a test has added.
type Sync struct {
	ID, Name, OrganizationID string
	SourceID, DestinationID  string // connections; a model sync has its model's for the source
	ModelID                  string // of a model sync
}

// SyncNamed names a sync.
func SyncNamed(name string) SyncOption { return func(s *syncCore) { s.name = name } }

// Inactive switches a sync off.
func Inactive() SyncOption { return func(s *syncCore) { s.active = false } }

// From sets the connection that a bulk sync reads, by id. Default: one of the fake's own for all such syncs.
func From(connectionID string) SyncOption {
	return func(s *syncCore) {
		if s.bulkSync != nil {
			s.bulkSync.source = &connection{id: connectionID}
		}
	}
}

// To sets the connection that a sync writes to, by id. Default: one of the fake's own for all such syncs.
func To(connectionID string) SyncOption {
	return func(s *syncCore) {
		if s.bulkSync != nil {
			s.bulkSync.destination = &connection{id: connectionID}
		} else {
			s.modelSync.body.Target.ConnectionID = connectionID
		}
	}
}

// OfModel sets the model that a model sync reads, by id. Default: one of the fake's own.
func OfModel(modelID string) SyncOption {
	return func(s *syncCore) {
		if s.modelSync != nil {
			s.modelSync.modelIDs = []string{modelID}
		}
	}
}

// AddBulkSync makes a bulk sync of everything its source has. By default an execution of it takes a minute and
// moves a thousand records.
func (f *Fake) AddBulkSync(opts ...SyncOption) Sync {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.advance(time.Now())
	b := &bulkSync{}
	b.syncCore = syncCore{id: f.newID(), bulk: true, active: true, created: f.now, updated: f.now, bulkSync: b}
	for _, o := range slices.Concat(f.config.everySync, opts) {
		o(&b.syncCore)
	}
	b.source = f.sampleConnection(f.organizations[0], b.source, sampleSource)
	b.org = b.source.org
	b.destination = f.sampleConnection(b.org, b.destination, sampleDestination)
	if b.name == "" {
		b.name = "Bulk sync " + b.id[:8]
	}
	b.body = wire.CreateBulkSyncRequest{
		Name: b.name, SourceConnectionID: b.source.id, DestinationConnectionID: b.destination.id,
		DestinationConfiguration: map[string]any{"schema": "analytics"}, Mode: value(wire.BulkSyncTargetModeReplicate),
		DefaultSchedule: wire.BulkSyncDefaultScheduleRequest{Frequency: wire.ScheduleFrequencyManual},
	}
	f.setSchedules(b, b.body.DefaultSchedule, nil, nil)
	b.selectAll()
	f.bulkSyncs.add(b)
	return Sync{ID: b.id, Name: b.name, OrganizationID: b.org.id, SourceID: b.source.id, DestinationID: b.destination.id}
}

const (
	sampleSource      = "Sample source"
	sampleDestination = "Sample destination"
)

// sampleConnection finds the connection that was named, or else the one that is there for want of one.
func (f *Fake) sampleConnection(o *organization, named *connection, name string) *connection {
	if named != nil {
		if c := f.connections.byID[named.id]; c != nil {
			return c
		}
		f.misuse("there is no connection %s", named.id)
	}
	for _, c := range f.connections.rows {
		if c.name == name && c.org == o {
			return c
		}
	}
	kind := "postgresql"
	if name == sampleDestination {
		kind = "snowflake"
	}
	return f.addConnection([]ConnectionOption{ConnectionNamed(name), OfType(kind), Within(o.id)})
}

// AddModel makes a model of a connection's first schema and returns its id. Default connection: one of the fake's
// own.
func (f *Fake) AddModel(connectionID string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.advance(time.Now())
	return f.addModel(connectionID).id
}

func (f *Fake) addModel(connectionID string) *model {
	var named *connection
	if connectionID != "" {
		named = &connection{id: connectionID}
	}
	c := f.sampleConnection(f.organizations[0], named, sampleSource)
	m := &model{id: f.newID(), org: c.org, created: f.now, updated: f.now, version: 1}
	table := "users"
	if len(c.schemas) > 0 {
		table = c.schemas[0].id
	}
	m.body = wire.CreateModelRequest{
		Name: "Model " + m.id[:8], ConnectionID: c.id, Configuration: map[string]any{"table": table}, Identifier: new("id"),
	}
	f.fillModel(m)
	f.models.add(m)
	return m
}

// AddModelSync makes a model sync. By default an execution of it takes a minute and moves a thousand records.
func (f *Fake) AddModelSync(opts ...SyncOption) Sync {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.advance(time.Now())
	s := &modelSync{}
	s.syncCore = syncCore{id: f.newID(), active: true, created: f.now, updated: f.now, modelSync: s}
	for _, o := range slices.Concat(f.config.everySync, opts) {
		o(&s.syncCore)
	}
	var m *model
	if len(s.modelIDs) > 0 {
		if m = f.models.byID[s.modelIDs[0]]; m == nil {
			f.misuse("there is no model %s", s.modelIDs[0])
		}
	}
	if m == nil {
		m = f.addModel("")
	}
	var named *connection
	if id := s.body.Target.ConnectionID; id != "" {
		named = &connection{id: id}
	}
	target := f.sampleConnection(m.org, named, sampleDestination)
	if s.name == "" {
		s.name = "Model sync " + s.id[:8]
	}
	s.org = m.org
	s.body = wire.CreateSyncRequest{
		Name: s.name, Mode: wire.ModelsyncSyncTargetModeUpdateOrCreate, Schedule: wire.Schedule{Frequency: new(wire.ScheduleFrequencyManual)},
		Fields:   []wire.SyncField{{Target: "email", Source: &wire.Source{ModelID: m.id, Field: "email"}}},
		Identity: &wire.Identity{Function: wire.SchemaIdentityFunctionEquality, Target: "id", Source: wire.Source{ModelID: m.id, Field: "id"}},
		Target:   wire.Target{ConnectionID: target.id, Object: new("contacts")},
	}
	s.modelIDs = []string{m.id}
	f.modelSyncs.add(s)
	return Sync{
		ID: s.id, Name: s.name, OrganizationID: s.org.id, SourceID: m.body.ConnectionID, DestinationID: target.id, ModelID: m.id,
	}
}

// copyTree copies a JSON value made of maps and slices.
func copyTree(m map[string]any) map[string]any {
	out := make(map[string]any, len(m))
	for k, v := range m {
		out[k] = copyValue(v)
	}
	return out
}

func copyValue(v any) any {
	switch v := v.(type) {
	case map[string]any:
		return copyTree(v)
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = copyValue(v[i])
		}
		return out
	}
	return v
}
