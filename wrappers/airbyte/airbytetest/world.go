package airbytetest

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"time"

	wire "github.com/sluice-sdk/sluice/gen/airbyteapi"
)

// world is everything the fake remembers but jobs.
type world struct {
	apiKey     string
	signingKey string
	tokens     map[string]time.Time // access token → end

	organizations []*organization
	users         []*wire.UserResponse
	applications  []*wire.ApplicationRead
	permissions   []*permission
	regions       []*wire.RegionResponse
	dataplanes    []*wire.DataplaneResponse
	groups        []*group
	tags          []*wire.TagResponse
	oauth         map[string]map[string]any // scope/actor type/name → credentials
	consents      map[string]string         // state of an OAuth flow → redirect URL

	workspaces   []*workspace
	definitions  []*definition
	sources      []*connector
	destinations []*connector
	connections  []*connection

	workspaceByID  map[string]*workspace
	connectorByID  map[string]*connector
	connectionByID map[string]*connection
}

type organization struct{ id, name, email string }

type workspace struct {
	id, name      string
	organization  string
	region        string
	residency     string
	notifications wire.NotificationsConfig
	deleted       bool
}

// connector is a source or a destination. Its configuration is kept as it was given, secrets and all.
type connector struct {
	id, name      string
	definition    *definition
	workspace     *workspace
	configuration map[string]any
	allocation    *wire.ScopedResourceRequirements
	created       time.Time
	deleted       bool
	streams       []Stream // of a source, once known
}

func (c *connector) stream(key StreamKey) (Stream, bool) {
	for _, s := range c.streams {
		if s.Key() == key || key.Namespace == "" && s.Name == key.Name {
			return s, true
		}
	}
	return Stream{}, false
}

type connection struct {
	id, name            string
	source, destination *connector
	workspace           *workspace
	status              wire.ConnectionStatusEnum
	statusReason        string
	schedule            wire.ConnectionScheduleResponse
	prefix              string
	namespaceDefinition wire.NamespaceDefinitionEnum
	namespaceFormat     string
	nonBreaking         wire.NonBreakingSchemaUpdatesBehaviorEnum
	streams             []wire.StreamConfiguration
	tags                []wire.Tag
	created             time.Time
	nullWorkspace       bool

	jobs    []*job // by time of creation
	running *job
	moved   *movement // the last job whose data was moved for real
	syncs   int
	script  []func(n int, random *rand.Rand, r *Run)
	late    func(n int, random *rand.Rand) *Late
	posts   int // POST /jobs seen

	state       map[StreamKey]json.RawMessage
	generations map[StreamKey]int64
}

func (c *connection) deleted() bool { return c.status == wire.ConnectionStatusEnumDeprecated }

func newWorld(f *Fake) world {
	f.clock.byID = make(map[int64]*job)
	f.lastJob = 1000
	w := world{
		tokens: make(map[string]time.Time), oauth: make(map[string]map[string]any), consents: make(map[string]string),
		definitions: builtIn(), workspaceByID: make(map[string]*workspace), connectorByID: make(map[string]*connector),
		connectionByID: make(map[string]*connection),
	}
	w.apiKey, w.signingKey = f.newSecret(), f.newSecret()
	now := time.Now()
	org := &organization{f.newID(), "Default Organization", "owner@airbyte.test"}
	w.organizations = append(w.organizations, org)
	user := &wire.UserResponse{ID: f.newID(), Name: "Ada Owner", Email: "owner@airbyte.test"}
	w.users = append(w.users, user)
	w.applications = append(w.applications, &wire.ApplicationRead{
		ID: f.newID(), Name: "Default User Application", ClientID: f.newID(), ClientSecret: f.newSecret(), CreatedAt: now.Unix(),
	})
	w.permissions = append(w.permissions, &permission{
		id: f.newID(), kind: wire.PermissionTypeOrganizationAdmin, user: user.ID, organization: org.id,
	})
	region := &wire.RegionResponse{
		RegionID: f.newID(), Name: "US", OrganizationID: org.id, Enabled: true, CreatedAt: f.timestamp(now), UpdatedAt: f.timestamp(now),
	}
	w.regions = append(w.regions, region)
	ws := &workspace{id: f.newID(), name: "Default Workspace", organization: org.id, region: region.RegionID, residency: "US"}
	w.workspaces = append(w.workspaces, ws)
	w.workspaceByID[ws.id] = ws
	return w
}

// OrganizationID returns the id of the organization the fake comes with.
func (f *Fake) OrganizationID() string { return f.organizations[0].id }

// WorkspaceID returns the id of the workspace the fake comes with.
func (f *Fake) WorkspaceID() string { return f.workspaces[0].id }

// AddWorkspace makes another workspace and returns its id.
func (f *Fake) AddWorkspace(name string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.addWorkspace(name).id
}

func (f *Fake) addWorkspace(name string) *workspace {
	ws := &workspace{
		id: f.newID(), name: name, organization: f.organizations[0].id, region: f.regions[0].RegionID, residency: f.regions[0].Name,
	}
	f.workspaces = append(f.workspaces, ws)
	f.workspaceByID[ws.id] = ws
	return ws
}

// ConnectorOption adjusts a source or a destination that a test adds.
type ConnectorOption func(f *Fake, c *connector)

// Named names a source or a destination.
func Named(name string) ConnectorOption { return func(_ *Fake, c *connector) { c.name = name } }

// InWorkspace puts a source or a destination into another workspace.
func InWorkspace(id string) ConnectorOption {
	return func(f *Fake, c *connector) {
		if c.workspace = f.workspaceByID[id]; c.workspace == nil {
			f.misuse("there is no workspace %s", id)
			c.workspace = f.workspaces[0]
		}
	}
}

// Definition sets the definition of a source or a destination, by id; an unknown id makes a custom connector.
func Definition(id string) ConnectorOption {
	return func(f *Fake, c *connector) {
		for _, d := range f.definitions {
			if d.id == id && d.kind == c.definition.kind {
				c.definition = d
				return
			}
		}
		c.definition = &definition{
			id: id, kind: c.definition.kind, name: "Custom", repository: "example/" + c.definition.kind + "-custom", tag: "1.0.0",
			workspace: c.workspace.id,
		}
		f.definitions = append(f.definitions, c.definition)
	}
}

// Configuration sets the configuration of a source or a destination, secrets unmasked. What JSON cannot hold is
// left out.
func Configuration(values map[string]any) ConnectorOption {
	return func(_ *Fake, c *connector) {
		c.configuration = nil
		if raw, err := json.Marshal(values); err == nil {
			_ = json.Unmarshal(raw, &c.configuration) // just made
		}
	}
}

// Streams sets what the discovery of a source finds. Default: users and orders.
func Streams(streams ...Stream) ConnectorOption {
	return func(_ *Fake, c *connector) { c.streams = streams }
}

// AddSource makes a source and returns its id. Default: sample data in the first workspace.
func (f *Fake) AddSource(opts ...ConnectorOption) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.addConnector(kindSource, opts).id
}

// AddDestination makes a destination and returns its id. Default: PostgreSQL in the first workspace.
func (f *Fake) AddDestination(opts ...ConnectorOption) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.addConnector(kindDestination, opts).id
}

func (f *Fake) addConnector(kind string, opts []ConnectorOption) *connector {
	c := &connector{id: f.newID(), workspace: f.workspaces[0], created: time.Now()}
	if kind == kindSource {
		c.name, c.definition = "Sample source", f.definitionByID(kindSource, SourceFaker)
		c.configuration = map[string]any{"count": float64(1000), "seed": float64(-1)}
	} else {
		c.name, c.definition = "Sample destination", f.definitionByID(kindDestination, DestinationPostgres)
		c.configuration = map[string]any{
			"host": "db.example.com", "port": float64(5432), "database": "warehouse", "schema": "public",
			"username": "loader", "password": f.newSecret(),
		}
	}
	for _, o := range opts {
		o(f, c)
	}
	f.register(c)
	return c
}

func (f *Fake) register(c *connector) {
	if c.definition.kind == kindSource {
		f.sources = append(f.sources, c)
		if c.streams == nil && !f.readsForReal(c) {
			c.streams = sampleStreams()
		}
	} else {
		f.destinations = append(f.destinations, c)
	}
	f.connectorByID[c.id] = c
}

// sampleStreams is what a source discovers when nothing else was said.
func sampleStreams() []Stream {
	return []Stream{
		{
			Name: "users", SourceDefinedPrimaryKey: [][]string{{"id"}}, DefaultCursor: []string{"updated_at"},
			Fields: []Field{{"id", IntegerField}, {"name", StringField}, {"email", StringField}, {"updated_at", TimestampWithZoneField}},
		},
		{
			Name: "orders", DefaultCursor: []string{"ordered_at"},
			Fields: []Field{{"order_id", IntegerField}, {"user_id", IntegerField}, {"total", NumberField}, {"ordered_at", TimestampWithZoneField}},
		},
	}
}

// connectorOf returns what a connector itself is told. The lock is held.
func (f *Fake) connectorOf(c *connector) Connector {
	return Connector{
		ID: c.id, Name: c.name, DefinitionID: c.definition.id, Type: c.definition.typ, Configuration: copyTree(c.configuration),
	}
}

func (f *Fake) readsForReal(c *connector) bool {
	return f.config.mover != nil && f.config.mover.Reads(f.connectorOf(c))
}

// Connection is a connection that a test added.
type Connection struct {
	ID            string
	Name          string
	Workspace     string // id
	SourceID      string
	DestinationID string
}

// ConnectionOption adjusts a connection that a test adds.
type ConnectionOption func(*connection)

// From takes an existing source, To an existing destination, by id. Default: one source and one destination per
// workspace, made when they are first needed. An id that does not exist fails the test.
func From(sourceID string) ConnectionOption {
	return func(c *connection) { c.source = &connector{id: sourceID} }
}

// To takes an existing destination; see [From].
func To(destinationID string) ConnectionOption {
	return func(c *connection) { c.destination = &connector{id: destinationID} }
}

// ConnectionNamed names a connection.
func ConnectionNamed(name string) ConnectionOption { return func(c *connection) { c.name = name } }

// Within puts a connection into another workspace, by id.
func Within(workspaceID string) ConnectionOption {
	return func(c *connection) { c.workspace = &workspace{id: workspaceID} }
}

// WithStatus sets the status: "active" (the default), "inactive", "locked", "deprecated".
func WithStatus(status string) ConnectionOption {
	return func(c *connection) { c.status = wire.ConnectionStatusEnum(status) }
}

// Selecting sets the selected streams. Default: all of the source, full_refresh_overwrite.
func Selecting(streams ...wire.StreamConfiguration) ConnectionOption {
	return func(c *connection) { c.streams = streams }
}

// WithPrefix sets the prefix of the destination's tables.
func WithPrefix(prefix string) ConnectionOption { return func(c *connection) { c.prefix = prefix } }

// WithNamespace sets the namespace definition ("source", "destination", "custom_format") and the format of the
// latter.
func WithNamespace(definition, format string) ConnectionOption {
	return func(c *connection) {
		c.namespaceDefinition, c.namespaceFormat = wire.NamespaceDefinitionEnum(definition), format
	}
}

// BasicSchedule gives a connection the schedule that only old ones have, such as "Every 24 HOURS". The API
// answers it and does not take it.
func BasicSchedule(timing string) ConnectionOption {
	return func(c *connection) {
		c.schedule = wire.ConnectionScheduleResponse{ScheduleType: wire.ScheduleTypeWithBasicEnumBasic, BasicTiming: &timing}
	}
}

// NullWorkspace makes the API answer the connection's workspace as the word "null", as the real one does for some
// connections (airbyte-platform ConnectionReadMapper.kt).
func NullWorkspace() ConnectionOption { return func(c *connection) { c.nullWorkspace = true } }

// Late is an answer to POST /jobs that comes too late: 409 state-conflict after a minute, although the job
// begins.
type Late struct {
	// AnswersAfter is when the 409 comes. Default 60 s.
	AnswersAfter time.Duration
	// BeginsAfter is when the job is created, counted from the request. It may be later than the answer.
	BeginsAfter time.Duration
	// Never creates no job at all.
	Never bool
}

// LateAnswers decides for the n-th POST /jobs of a connection (0 for the first) whether it is answered late; nil
// is an answer in time. It must not call the fake.
func LateAnswers(late func(n int, random *rand.Rand) *Late) ConnectionOption {
	return func(c *connection) { c.late = late }
}

// AddConnection makes a connection, with a source and a destination when none are given. By default a sync of it
// takes a minute and succeeds.
func (f *Fake) AddConnection(opts ...ConnectionOption) Connection {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := &connection{status: wire.ConnectionStatusEnumActive, name: "Sample source → Sample destination"}
	for _, o := range opts {
		o(c)
	}
	ws := f.workspaces[0]
	if c.workspace != nil {
		if known := f.workspaceByID[c.workspace.id]; known != nil {
			ws = known
		} else {
			f.misuse("there is no workspace %s", c.workspace.id)
		}
	}
	c.source = f.given(c.source, kindSource, ws)
	c.destination = f.given(c.destination, kindDestination, ws)
	c.workspace = c.destination.workspace // as the server decides it
	if c.streams == nil && c.source.streams == nil {
		f.mu.Unlock() // a mover may take its time
		err := f.discover(f.ctx, c.source, false)
		f.mu.Lock()
		if err != nil {
			f.misuse("add a connection: %v", err)
		}
	}
	f.enter(c)
	return Connection{c.id, c.name, c.workspace.id, c.source.id, c.destination.id}
}

func (f *Fake) given(c *connector, kind string, ws *workspace) *connector {
	if c != nil {
		if known := f.connectorByID[c.id]; known != nil && known.definition.kind == kind {
			return known
		}
		f.misuse("there is no %s %s", kind, c.id)
	}
	list := f.sources
	if kind == kindDestination {
		list = f.destinations
	}
	for _, c := range list {
		if c.workspace == ws && !c.deleted && strings.HasPrefix(c.name, "Sample ") {
			return c
		}
	}
	return f.addConnector(kind, []ConnectorOption{InWorkspace(ws.id)})
}

// enter registers a connection and fills in the server's defaults.
func (f *Fake) enter(c *connection) {
	c.id, c.created = f.newID(), time.Now()
	c.state, c.generations = make(map[StreamKey]json.RawMessage), make(map[StreamKey]int64)
	if c.schedule.ScheduleType == "" {
		c.schedule.ScheduleType = wire.ScheduleTypeWithBasicEnumManual
	}
	if c.namespaceDefinition == "" {
		c.namespaceDefinition = wire.NamespaceDefinitionEnumDestination
	}
	if c.nonBreaking == "" {
		c.nonBreaking = wire.NonBreakingSchemaUpdatesBehaviorEnumIgnore
	}
	if c.streams == nil {
		c.streams = everyStream(c.source)
	}
	f.connections = append(f.connections, c)
	f.connectionByID[c.id] = c
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
