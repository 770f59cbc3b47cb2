package atlantest

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/atlan/atlantest/internal/elastic"
)

// world is everything but assets.
type world struct {
	apiKey        string
	tokens        map[string]*principal
	exchanges     int
	users         []*user
	groups        []*group
	roles         []*role
	oauthClients  []*oauthClient
	apiTokens     []*apiToken
	mappings      []*mapping
	typedefs      []*typedef
	windows       map[string]time.Time // of new connections, by qualifiedName
	denied        map[string]bool
	protected     map[string]bool // custom metadata sets
	spreadTo      map[*asset]map[*asset]bool
	apps          []*app
	appWorkflows  []*appWorkflow
	workflows     []*workflow
	runs          []*run
	runByID       map[string]*run
	plans         []RunPlan
	workflowIndex *elastic.Index
	runIndex      *elastic.Index
	credentials   []*credential
	events        []OpenLineageEvent
	noOpenLineage bool
	files         map[string][]byte
	queries       map[string]QueryAnswer
	tasks         map[string]json.RawMessage
	taskIndex     *elastic.Index
	assets        *elastic.Assets
	audits        map[string]*auditEntry
	auditsOf      map[string][]*auditEntry // by guid, oldest first
	auditNumber   int
	auditIndex    *elastic.Index
	searches      map[string]json.RawMessage
	searchLog     *elastic.Index
}

// populate makes what every tenant has. It runs before anybody else knows the fake.
func (f *Fake) populate() error {
	model, err := indexModel()
	if err != nil {
		return fmt.Errorf("atlantest: %w", err)
	}
	f.assets = elastic.NewAssets(model, elastic.WithWindow(mostWindow))
	f.auditIndex = elastic.New(elastic.AuditMapping(), elastic.WithWindow(mostAudits))
	f.searchLog = elastic.New(elastic.SearchLogMapping())
	f.workflowIndex, f.runIndex = elastic.New(elastic.WorkflowMapping()), elastic.New(elastic.WorkflowMapping())
	f.taskIndex = elastic.New(elastic.TaskMapping())
	f.files, f.queries, f.tasks = make(map[string][]byte), make(map[string]QueryAnswer), make(map[string]json.RawMessage)
	f.runByID = make(map[string]*run)
	for _, id := range []string{"snowflake", "postgres", "dbt"} {
		f.addApp(id, "connection")
	}
	f.audits, f.auditsOf, f.searches = make(map[string]*auditEntry), make(map[string][]*auditEntry), make(map[string]json.RawMessage)
	f.tokens = make(map[string]*principal)
	f.windows, f.denied, f.protected = make(map[string]time.Time), make(map[string]bool), make(map[string]bool)
	f.spreadTo = make(map[*asset]map[*asset]bool)
	for _, name := range []string{"$admin", "$member", "$guest", "$api-token-default-access"} {
		f.roles = append(f.roles, &role{id: f.newID(), name: name, description: name})
	}
	admin := &user{id: f.newID(), name: "admin", email: "admin@example.com", first: "Ada", last: "Admin", roleName: "$admin", enabled: true, since: f.now}
	f.users = append(f.users, admin)
	f.apiKey = f.newToken(&principal{id: admin.id, name: admin.name, user: admin})
	f.oauthClients = append(f.oauthClients, &oauthClient{guid: f.newID(), id: "oauth-client-" + f.newID(), secret: f.newSecret(), name: "first", role: "$admin", since: f.now, by: admin.name})
	return nil
}
