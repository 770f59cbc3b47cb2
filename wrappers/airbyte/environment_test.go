package airbyte

import (
	"errors"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// setenv gives the test an environment with only these AIRBYTE_ variables.
func setenv(t *testing.T, values map[string]string) {
	t.Helper()
	for _, entry := range os.Environ() {
		if name, _, _ := strings.Cut(entry, "="); strings.HasPrefix(name, "AIRBYTE_") {
			t.Setenv(name, "")
		}
	}
	for name, value := range values {
		t.Setenv(name, value)
	}
}

func TestS2FromEnv(t *testing.T) {
	const id, secret, token = "the-client-id", "the-client-secret", "the-bearer-token"
	for name, tt := range map[string]struct {
		env     map[string]string
		opts    []Option
		root    string   // "" for an error
		failure []string // all in the error
	}{
		"nothing": {failure: []string{"AIRBYTE_CLIENT_ID", "AIRBYTE_CLIENT_SECRET", "AIRBYTE_BEARER_TOKEN", "WithNoAuth"}},
		"id alone": {
			env: map[string]string{"AIRBYTE_CLIENT_ID": id}, failure: []string{"AIRBYTE_CLIENT_SECRET is not set"},
		},
		"cloud id alone": {
			env: map[string]string{"AIRBYTE_CLOUD_CLIENT_ID": id}, failure: []string{"AIRBYTE_CLOUD_CLIENT_SECRET is not set"},
		},
		"secret alone": {
			env: map[string]string{"AIRBYTE_CLIENT_SECRET": secret}, failure: []string{"AIRBYTE_CLIENT_ID is not set"},
		},
		"blank secret": {
			env: map[string]string{"AIRBYTE_CLIENT_ID": id, "AIRBYTE_CLIENT_SECRET": "  "}, failure: []string{"AIRBYTE_CLIENT_SECRET is not set"},
		},
		"both kinds": {
			env:     map[string]string{"AIRBYTE_CLIENT_ID": id, "AIRBYTE_CLIENT_SECRET": secret, "AIRBYTE_CLOUD_BEARER_TOKEN": token},
			failure: []string{"AIRBYTE_CLOUD_BEARER_TOKEN", "AIRBYTE_CLIENT_ID", "exclude"},
		},
		"token and id": {
			env:     map[string]string{"AIRBYTE_CLIENT_ID": id, "AIRBYTE_BEARER_TOKEN": token},
			failure: []string{"AIRBYTE_BEARER_TOKEN and AIRBYTE_CLIENT_ID exclude"},
		},
		"token and secret": {
			env:     map[string]string{"AIRBYTE_CLOUD_CLIENT_SECRET": secret, "AIRBYTE_CLOUD_API_KEY": token},
			failure: []string{"AIRBYTE_CLOUD_API_KEY and AIRBYTE_CLOUD_CLIENT_SECRET exclude"},
		},
		"bad option": {env: map[string]string{"AIRBYTE_BEARER_TOKEN": token}, opts: []Option{nil}, failure: []string{"option 0"}},
		"cloud secret alone": {
			env: map[string]string{"AIRBYTE_CLOUD_CLIENT_SECRET": secret}, failure: []string{"AIRBYTE_CLOUD_CLIENT_ID is not set"},
		},
		"API root as an option": {
			env:  map[string]string{"AIRBYTE_BEARER_TOKEN": token, "AIRBYTE_API_URL": "http://localhost:8000"},
			opts: []Option{WithAPIRoot("http://airbyte.internal/v1")},
			root: "http://airbyte.internal/v1",
		},
		"credentials": {
			env:  map[string]string{"AIRBYTE_CLIENT_ID": id, "AIRBYTE_CLIENT_SECRET": secret},
			root: "https://api.airbyte.com/v1",
		},
		"mixed prefixes": {
			env:  map[string]string{"AIRBYTE_CLOUD_CLIENT_ID": id, "AIRBYTE_CLIENT_SECRET": secret},
			root: "https://api.airbyte.com/v1",
		},
		"bearer":  {env: map[string]string{"AIRBYTE_BEARER_TOKEN": token}, root: "https://api.airbyte.com/v1"},
		"api key": {env: map[string]string{"AIRBYTE_CLOUD_API_KEY": token}, root: "https://api.airbyte.com/v1"},
		"self-managed": {
			env:  map[string]string{"AIRBYTE_BEARER_TOKEN": token, "AIRBYTE_API_URL": "http://localhost:8000/api/public/v1"},
			root: "http://localhost:8000/api/public/v1",
		},
		"api root": {
			env:  map[string]string{"AIRBYTE_BEARER_TOKEN": token, "AIRBYTE_API_ROOT": "http://localhost:8000"},
			root: "http://localhost:8000/api/public/v1",
		},
		"cloud url wins": {
			env: map[string]string{"AIRBYTE_BEARER_TOKEN": token, "AIRBYTE_API_URL": "http://localhost:8000",
				"AIRBYTE_CLOUD_API_URL": "https://api.airbyte.com/v1"},
			root: "https://api.airbyte.com/v1",
		},
		"bad url": {
			env:     map[string]string{"AIRBYTE_BEARER_TOKEN": token, "AIRBYTE_API_URL": "localhost:8000"},
			failure: []string{"AIRBYTE_API_URL", "https://"},
		},
		"bad workspace": {
			env:     map[string]string{"AIRBYTE_BEARER_TOKEN": token, "AIRBYTE_WORKSPACE_ID": "https://cloud.airbyte.com/workspaces/1"},
			failure: []string{"AIRBYTE_WORKSPACE_ID"},
		},
		"options win": {
			env: map[string]string{"AIRBYTE_CLIENT_ID": id, "AIRBYTE_BEARER_TOKEN": token, "AIRBYTE_API_URL": "nonsense",
				"AIRBYTE_WORKSPACE_ID": "../x"},
			opts: []Option{WithOrigin("http://airbyte.internal"), WithBasic("u", "p"), WithDefaultWorkspace("w")},
			root: "http://airbyte.internal/api/public/v1",
		},
		"no auth": {
			env:  map[string]string{"AIRBYTE_API_URL": "http://airbyte.internal"},
			opts: []Option{WithNoAuth()},
			root: "http://airbyte.internal/api/public/v1",
		},
	} {
		t.Run(name, func(t *testing.T) {
			setenv(t, tt.env)
			client, err := FromEnv(tt.opts...)
			if tt.root == "" {
				if !errors.Is(err, apierr.ErrInvalid) {
					t.Fatalf("FromEnv = %v, %v; want an invalid request", client, err)
				}
				for _, want := range tt.failure {
					if !strings.Contains(err.Error(), want) {
						t.Errorf("the error does not say %q: %v", want, err)
					}
				}
				for _, value := range []string{id, secret, token} {
					if strings.Contains(err.Error(), value) {
						t.Errorf("the error contains a value: %v", err)
					}
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if client.APIRoot() != tt.root {
				t.Errorf("APIRoot = %q, want %q", client.APIRoot(), tt.root)
			}
		})
	}
}

func TestS2FromEnvDefaultWorkspace(t *testing.T) {
	setenv(t, map[string]string{"AIRBYTE_BEARER_TOKEN": "t", "AIRBYTE_CLOUD_WORKSPACE_ID": "ws-1"})
	client, err := FromEnv()
	if err != nil {
		t.Fatal(err)
	}
	ws, err := client.DefaultWorkspace()
	if err != nil || ws.ID() != "ws-1" {
		t.Errorf("DefaultWorkspace = %v, %v; want ws-1", ws, err)
	}
	setenv(t, map[string]string{"AIRBYTE_BEARER_TOKEN": "t"})
	if client, err = FromEnv(); err != nil {
		t.Fatal(err)
	}
	if _, err := client.DefaultWorkspace(); !errors.Is(err, apierr.ErrInvalid) || !strings.Contains(err.Error(), "AIRBYTE_WORKSPACE_ID") {
		t.Errorf("DefaultWorkspace without one: %v", err)
	}
}

func TestS2ExactlyOneKindOfCredentials(t *testing.T) {
	for name, tt := range map[string]struct {
		opts []Option
		want []string
	}{
		"neither":       {nil, []string{"WithClientCredentials", "WithBearer", "WithNoAuth", "FromEnv"}},
		"both":          {[]Option{WithBearer("t"), WithClientCredentials("i", "s")}, []string{"WithBearer and WithClientCredentials", "exclude"}},
		"bearer, none":  {[]Option{WithBearer("t"), WithNoAuth()}, []string{"WithBearer and WithNoAuth"}},
		"empty token":   {[]Option{WithBearer(" ")}, []string{"WithBearer", "empty"}},
		"empty id":      {[]Option{WithClientCredentials("", "s")}, []string{"WithClientCredentials", "client id"}},
		"empty secret":  {[]Option{WithClientCredentials("i", "")}, []string{"WithClientCredentials", "client secret"}},
		"empty user":    {[]Option{WithBasic("", "p")}, []string{"WithBasic"}},
		"nil source":    {[]Option{WithTokenSource(nil)}, []string{"WithTokenSource"}},
		"nil option":    {[]Option{nil}, []string{"option 0"}},
		"line break":    {[]Option{WithBearer("secret-value\n")}, []string{"bearer token"}},
		"nil transport": {[]Option{WithNoAuth(), WithRoundTripper(nil)}, []string{"RoundTripper"}},
		"nil client":    {[]Option{WithNoAuth(), WithHTTPClient(nil)}, []string{"http.Client"}},
	} {
		_, err := New(tt.opts...)
		if !errors.Is(err, apierr.ErrInvalid) {
			t.Errorf("%s: %v; want an invalid request", name, err)
			continue
		}
		for _, want := range tt.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: the error does not say %q: %v", name, want, err)
			}
		}
		if strings.Contains(err.Error(), "secret-value") {
			t.Errorf("%s: the error contains the token: %v", name, err)
		}
	}
	if _, err := New(WithBearer("old"), WithBearer("new")); err != nil {
		t.Errorf("the same option twice: %v; want the later one to win", err)
	}
}

// What the environment holds is what goes to the server.
func TestS2FromEnvCredentialsAreSent(t *testing.T) {
	for name, tt := range map[string]struct {
		env  map[string]string
		want []string // authorizations and bodies, in order
	}{
		"client": {
			map[string]string{"AIRBYTE_CLOUD_CLIENT_ID": " the-id ", "AIRBYTE_CLIENT_ID": "not-this", "AIRBYTE_CLIENT_SECRET": "the-secret"},
			[]string{"", `"client_id":"the-id"`, `"client_secret":"the-secret"`, "Bearer issued"},
		},
		"bearer": {map[string]string{"AIRBYTE_BEARER_TOKEN": "the-token", "AIRBYTE_CLOUD_API_KEY": "not-this"}, []string{"Bearer the-token"}},
		"key":    {map[string]string{"AIRBYTE_CLOUD_API_KEY": "the-key"}, []string{"Bearer the-key"}},
	} {
		t.Run(name, func(t *testing.T) {
			setenv(t, tt.env)
			a := &answers{answer: func(r *http.Request) (int, string, string) {
				if strings.HasSuffix(r.URL.Path, "/applications/token") {
					return 200, "application/json", `{"access_token":"issued","token_type":"Bearer","expires_in":900}`
				}
				return 200, "application/json", `{"workspaceId":"w","name":"n"}`
			}}
			client, err := FromEnv(WithRoundTripper(a))
			if err != nil {
				t.Fatal(err)
			}
			if err := client.Workspace("w").Connect(t.Context()); err != nil {
				t.Fatal(err)
			}
			all := strings.Join(a.bodies, "\n")
			for _, call := range a.calls {
				all += "\n" + call.Header.Get("Authorization")
			}
			for _, want := range tt.want {
				if !strings.Contains(all, want) {
					t.Errorf("%q was not sent, but\n%s", want, all)
				}
			}
			if strings.Contains(all, "not-this") {
				t.Errorf("the wrong variable was taken:\n%s", all)
			}
		})
	}
}
