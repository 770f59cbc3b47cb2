package polytomictest

import (
	"context"
	"sort"
	"strings"

	"github.com/oapi-codegen/nullable"

	wire "github.com/sluice-sdk/sluice/gen/polytomicapi"
	srv "github.com/sluice-sdk/sluice/gen/polytomicserver"
)

// connectionType is a kind of system. The fake has a few of each sort; their forms are its own.
type connectionType struct {
	id, name                              string
	source, destination, enrichment       bool
	orchestration, oauth, changeData, sql bool
	properties                            []property
}

type property struct {
	name, title, kind string
	required, secret  bool
	sample            any
}

func databaseForm(port float64) []property {
	return []property{
		{name: "hostname", title: "Hostname", kind: "string", required: true, sample: "db.example.com"},
		{name: "port", title: "Port", kind: "integer", required: true, sample: port},
		{name: "database", title: "Database", kind: "string", required: true, sample: "app"},
		{name: "username", title: "Username", kind: "string", required: true, sample: "polytomic"},
		{name: "password", title: "Password", kind: "string", secret: true, sample: "correct horse"},
		{name: "ssl", title: "Use SSL", kind: "boolean", sample: true},
	}
}

var connectionTypes = []*connectionType{
	{id: "postgresql", name: "PostgreSQL", source: true, destination: true, changeData: true, sql: true, properties: databaseForm(5432)},
	{id: "mysql", name: "MySQL", source: true, destination: true, sql: true, properties: databaseForm(3306)},
	{id: "redshift", name: "Amazon Redshift", source: true, destination: true, sql: true, properties: databaseForm(5439)},
	{id: "snowflake", name: "Snowflake", source: true, destination: true, sql: true, properties: []property{
		{name: "account", title: "Account", kind: "string", required: true, sample: "acme.eu-west-1"},
		{name: "username", title: "Username", kind: "string", required: true, sample: "polytomic"},
		{name: "password", title: "Password", kind: "string", secret: true, sample: "correct horse"},
		{name: "private_key", title: "Private key", kind: "string", secret: true},
		{name: "dbname", title: "Database", kind: "string", required: true, sample: "ANALYTICS"},
		{name: "warehouse", title: "Warehouse", kind: "string", required: true, sample: "COMPUTE_WH"},
	}},
	{id: "bigquery", name: "BigQuery", source: true, destination: true, sql: true, properties: []property{
		{name: "project_id", title: "Project", kind: "string", required: true, sample: "acme"},
		{name: "service_account", title: "Service account", kind: "string", required: true, secret: true, sample: "{}"},
		{name: "location", title: "Location", kind: "string", sample: "EU"},
	}},
	{id: "csv", name: "CSV", source: true, properties: []property{
		{name: "url", title: "URL", kind: "string", required: true, sample: "https://example.com/users.csv"},
		{name: "auth_token", title: "Token", kind: "string", secret: true},
	}},
	{id: "webhook", name: "Webhook", destination: true, properties: []property{
		{name: "url", title: "URL", kind: "string", required: true, sample: "https://example.com/records"},
		{name: "secret", title: "Secret", kind: "string", secret: true, sample: "correct horse"},
	}},
	{id: "salesforce", name: "Salesforce", source: true, destination: true, oauth: true, properties: []property{
		{name: "domain", title: "Domain", kind: "string", sample: "https://acme.my.salesforce.com"},
		{name: "oauth_refresh_token", title: "Refresh token", kind: "string", secret: true},
	}},
	{id: "hubspot", name: "HubSpot", source: true, destination: true, oauth: true, properties: []property{
		{name: "hub_domain", title: "Domain", kind: "string"},
		{name: "oauth_refresh_token", title: "Refresh token", kind: "string", secret: true},
	}},
	{id: "clearbit", name: "Clearbit", enrichment: true, properties: []property{
		{name: "api_key", title: "API key", kind: "string", required: true, secret: true, sample: "correct horse"},
	}},
	{id: "dbtcloud", name: "dbt Cloud", orchestration: true, properties: []property{
		{name: "url", title: "URL", kind: "string", required: true, sample: "https://cloud.getdbt.com"},
		{name: "token", title: "Token", kind: "string", required: true, secret: true, sample: "correct horse"},
	}},
}

func knownType(id string) *connectionType {
	for _, t := range connectionTypes {
		if t.id == id {
			return t
		}
	}
	return nil
}

// typeByID finds a type, or makes one that is a database.
func typeByID(id string) *connectionType {
	if t := knownType(id); t != nil {
		return t
	}
	return &connectionType{id: id, name: id, source: true, destination: true, sql: true, properties: databaseForm(5432)}
}

// sample is a configuration that is complete.
func (t *connectionType) sample(f *Fake) map[string]any {
	out := make(map[string]any)
	for _, p := range t.properties {
		if p.sample != nil {
			out[p.name] = p.sample
		}
		if p.secret && p.sample != nil {
			out[p.name] = f.newSecret()
		}
	}
	return out
}

// missing is the first required property that a configuration does not have.
func (t *connectionType) missing(configuration map[string]any) string {
	for _, p := range t.properties {
		if v, ok := configuration[p.name]; p.required && (!ok || v == nil || v == "") {
			return p.name
		}
	}
	return ""
}

// mask is what is answered for a secret. That secrets are masked is known, how is not.
const mask = "********"

// isSecret goes by the form of the type, and by the name for what the form does not have.
func (t *connectionType) isSecret(name string) bool {
	for _, p := range t.properties {
		if p.name == name {
			return p.secret
		}
	}
	name = strings.ToLower(name)
	for _, ending := range []string{"password", "secret", "token", "api_key", "private_key", "passphrase"} {
		if name == ending || strings.HasSuffix(name, "_"+ending) {
			return true
		}
	}
	return false
}

// shown is a configuration as the API answers it.
func (f *Fake) shown(c *connection) map[string]any {
	out := copyTree(c.configuration)
	if f.has(MaskedSecrets) {
		maskIn(c.kind, out)
	}
	return out
}

func maskIn(t *connectionType, m map[string]any) {
	for k, v := range m {
		switch v := v.(type) {
		case string:
			if v != "" && t.isSecret(k) {
				m[k] = mask
			}
		case map[string]any:
			maskIn(t, v)
		}
	}
}

func (t *connectionType) wire() *wire.ConnectionTypeSchema {
	var operations []string
	if t.source {
		operations = append(operations, "bulk_sync_source", "sync_source")
	}
	if t.destination {
		operations = append(operations, "bulk_sync_destination", "sync_destination")
	}
	return &wire.ConnectionTypeSchema{ID: &t.id, Name: &t.name, LogoURL: new("https://app.polytomic.test/logos/" + t.id + ".svg"), Operations: value(operations)}
}

// schema is the JSON schema of the configuration. The stored ones of the service have booleans for schemas and
// vendors' keys (terraform-provider-polytomic, connectiontypes/*.json).
func (f *Fake) configurationSchema(t *connectionType) map[string]any {
	properties, required := make(map[string]any), []any{}
	for _, p := range t.properties {
		one := map[string]any{"type": p.kind, "title": p.title}
		if f.has(OddJSON) {
			one["sensitive"] = p.secret
			if p.secret {
				one["widget"] = "password"
			}
		}
		properties[p.name] = one
		if p.required {
			required = append(required, p.name)
		}
	}
	out := map[string]any{"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "properties": properties, "required": required}
	if f.has(OddJSON) {
		out["additionalProperties"] = false
	}
	return out
}

func (a *service) ListConnectionTypes(ctx context.Context, _ srv.ListConnectionTypesRequestObject) (srv.ListConnectionTypesResponseObject, error) {
	f, _ := a.enter(ctx)
	defer a.leave()
	list := mapped(connectionTypes, func(t *connectionType) wire.ConnectionType {
		out := wire.ConnectionType{
			ID: &t.id, Name: &t.name, UseOauth: new(t.oauth), LogoURL: t.wire().LogoURL, EnvConfig: map[string]any{}, InitialConfiguration: map[string]any{},
			Capabilities: wire.BackendConnectionCapabilities{
				Source: t.source, Destination: t.destination, Enrichment: t.enrichment, Orchestration: t.orchestration,
			},
			ConfigurationForm: &wire.ConnectionForm{Jsonschema: f.configurationSchema(t), Uischema: map[string]any{}},
		}
		if t.oauth {
			out.OauthPrompt = &wire.BackendOAuthPrompt{Key: value("domain"), Value: nullable.NewNullNullable[string](), When: new("custom")}
		}
		return out
	})
	return srv.ListConnectionTypes200JSONResponse{Data: rows(f, list)}, nil
}

func (a *service) GetConnectionTypeSchema(ctx context.Context, request srv.GetConnectionTypeSchemaRequestObject) (srv.GetConnectionTypeSchemaResponseObject, error) {
	f, _ := a.enter(ctx)
	defer a.leave()
	t := knownType(request.ID)
	if t == nil {
		return nil, notFound("connection type", request.ID)
	}
	return srv.GetConnectionTypeSchema200JSONResponse(f.configurationSchema(t)), nil
}

func (a *service) GetConnectionTypeParameterValues(ctx context.Context, request srv.GetConnectionTypeParameterValuesRequestObject) (srv.GetConnectionTypeParameterValuesResponseObject, error) {
	f, _ := a.enter(ctx)
	defer a.leave()
	t := knownType(request.Type)
	if t == nil {
		return nil, notFound("connection type", request.Type)
	}
	known := false
	for _, p := range t.properties {
		known = known || p.name == request.Body.Field
	}
	if !known {
		return nil, badRequest("%s has no parameter %q", t.id, request.Body.Field)
	}
	var list []wire.ConnectionParameterValue
	for _, text := range []string{"public", "analytics"} {
		if strings.Contains(text, or(request.Body.Query, "")) {
			list = append(list, wire.ConnectionParameterValue{Label: value(text), Value: text})
		}
	}
	return srv.GetConnectionTypeParameterValues200JSONResponse{Data: value(map[string]wire.ConnectionParameterValuesResp{
		request.Body.Field: {AllowsCreation: new(false), Values: rows(f, list)},
	})}, nil
}

func (a *service) GetConnectionParameterValues(ctx context.Context, request srv.GetConnectionParameterValuesRequestObject) (srv.GetConnectionParameterValuesResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	x, err := f.connection(c, request.ID)
	if err != nil {
		return nil, err
	}
	list := []wire.ConnectionParameterValue{}
	seen := make(map[string]bool)
	for _, s := range x.schemas {
		if name, _, ok := strings.Cut(s.id, "."); ok && !seen[name] {
			seen[name] = true
			list = append(list, wire.ConnectionParameterValue{Label: value(name), Value: name})
		}
	}
	sort.Slice(list, func(i, j int) bool { return plain(list[i].Value) < plain(list[j].Value) })
	return srv.GetConnectionParameterValues200JSONResponse{Data: value(map[string]wire.ConnectionParameterValuesResp{
		"schema": {AllowsCreation: new(x.kind.destination), Values: rows(f, list)},
	})}, nil
}
