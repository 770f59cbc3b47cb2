package atlantest

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	wire "github.com/sluice-sdk/sluice/gen/atlanapi"
)

// credential is what a workflow signs in to a source with.
type credential struct {
	id      string
	fields  map[string]any
	version int
	at      int64
	by      string
}

func (x *credential) write() map[string]any {
	out := maps.Clone(x.fields)
	delete(out, "password")
	delete(out, "extra") // where the secrets of other ways to sign in are
	out["id"], out["version"], out["isActive"] = x.id, must(x.version), true
	out["createdAt"], out["updatedAt"], out["createdBy"], out["tenantId"] = x.at, x.at, x.by, "default"
	return out
}

func (c *call) credential(id string) (*credential, error) {
	for _, x := range c.credentials {
		if x.id == id {
			return x, nil
		}
	}
	return nil, noSuch("credential", id)
}

// sentCredential reads a credential.
func (c *call) sentCredential() (map[string]any, error) {
	var sent map[string]any
	if err := c.decode(&sent); err != nil {
		return nil, err
	}
	if sent == nil {
		return nil, heracles(http.StatusBadRequest, 1000, "no credential")
	}
	delete(sent, "id")
	return sent, nil
}

// works says whether a credential signs in: every one does whose password is not "wrong".
func works(fields map[string]any) bool { return fields["password"] != "wrong" }

// CreateCredential makes a credential, and tries it before when it is told to.
func (a *service) CreateCredential(w http.ResponseWriter, r *http.Request, _ wire.CreateCredentialParams) {
	a.do(w, r, func(c *call) (any, error) {
		fields, err := c.sentCredential()
		if err != nil {
			return nil, err
		}
		if r.URL.Query().Get("testCredential") == "true" && !works(fields) {
			return nil, heracles(http.StatusBadRequest, 1005, "the credential does not work: authentication failed")
		}
		x := &credential{id: c.newID(), fields: fields, version: 1, at: c.now.UnixMilli(), by: c.who.name}
		c.credentials = append(c.credentials, x)
		return x.write(), nil
	})
}

// ListCredentials lists credentials.
func (a *service) ListCredentials(w http.ResponseWriter, r *http.Request, _ wire.ListCredentialsParams) {
	a.do(w, r, func(c *call) (any, error) {
		return listed(r.URL.Query(), converted(c.credentials, (*credential).write))
	})
}

// GetCredential reads a credential, without its secrets.
func (a *service) GetCredential(w http.ResponseWriter, r *http.Request, id string) {
	a.do(w, r, func(c *call) (any, error) {
		x, err := c.credential(id)
		if err != nil {
			return nil, err
		}
		return x.write(), nil
	})
}

// UpdateCredential replaces a credential.
func (a *service) UpdateCredential(w http.ResponseWriter, r *http.Request, id string) {
	a.do(w, r, func(c *call) (any, error) {
		x, err := c.credential(id)
		if err != nil {
			return nil, err
		}
		fields, err := c.sentCredential()
		if err != nil {
			return nil, err
		}
		x.fields, x.version = fields, x.version+1
		return x.write(), nil
	})
}

// ArchiveCredential purges a credential.
func (a *service) ArchiveCredential(w http.ResponseWriter, r *http.Request, id string) {
	a.do(w, r, func(c *call) (any, error) {
		x, err := c.credential(id)
		if err != nil {
			return nil, err
		}
		c.credentials = slices.DeleteFunc(c.credentials, func(o *credential) bool { return o == x })
		return empty, nil
	})
}

// TestCredential tries a credential. One that does not work is no error of the request.
func (a *service) TestCredential(w http.ResponseWriter, r *http.Request) {
	a.do(w, r, func(c *call) (any, error) {
		fields, err := c.sentCredential()
		if err != nil {
			return nil, err
		}
		if !works(fields) {
			return map[string]any{"message": "failed", "code": 1005, "error": "authentication failed", "requestId": c.newID()}, nil
		}
		return map[string]any{"message": "successful", "requestId": c.newID()}, nil
	})
}

// CredentialSecret returns the password that a credential was saved with.
func (f *Fake) CredentialSecret(id string) (secret string) {
	f.locked(func() {
		for _, x := range f.credentials {
			if x.id == id {
				secret, _ = x.fields["password"].(string)
			}
		}
	})
	return secret
}

// InitContract answers a first version of the contract of an asset, as YAML.
func (a *service) InitContract(w http.ResponseWriter, r *http.Request) {
	a.do(w, r, func(c *call) (any, error) {
		var sent struct{ AssetType, AssetQualifiedName string }
		if err := c.decode(&sent); err != nil {
			return nil, err
		}
		x, err := c.named(sent.AssetType, sent.AssetQualifiedName)
		if err != nil {
			return nil, err
		}
		var contract strings.Builder
		contract.WriteString("kind: DataContract\nstatus: draft\ntemplate_version: 0.0.2\ntype: " + x.def.name + "\ndataset: " + x.str("name") + "\ncolumns:\n")
		for _, e := range x.at("columns") {
			if column, _ := e.other(x); e.alive() {
				contract.WriteString("  - name: " + column.str("name") + "\n    data_type: " + column.str("dataType") + "\n")
			}
		}
		return map[string]any{"contract": contract.String()}, nil
	})
}

// SendOpenLineageEvent takes an event.
func (a *service) SendOpenLineageEvent(w http.ResponseWriter, r *http.Request, connector string) {
	a.do(w, r, func(c *call) (any, error) {
		if c.noOpenLineage {
			return nil, gateway(http.StatusUnauthorized, "Unauthorized: url path not configured to receive data")
		}
		c.events = append(c.events, OpenLineageEvent{connector, slices.Clone(c.body)})
		return text{http.StatusAccepted, "text/plain; charset=utf-8", "Event received"}, nil
	})
}

// OpenLineageEvent is an event that was sent to the fake.
type OpenLineageEvent struct {
	Connector string
	Body      json.RawMessage
}

// OpenLineageEvents returns the events that were sent, in order.
func (f *Fake) OpenLineageEvents() (out []OpenLineageEvent) {
	f.locked(func() { out = slices.Clone(f.events) })
	return out
}

// DisableOpenLineage answers 401 to events, as a tenant does where the feature is off.
func (f *Fake) DisableOpenLineage() { f.locked(func() { f.noOpenLineage = true }) }
