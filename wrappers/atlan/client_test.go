package atlan

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sdk/sluice/wrappers/job"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

const (
	secretKey   = "the-secret-key-1"
	testBaseURL = "https://acme.atlan.com"
)

// setenv sets the variables of this package and of proxies, and no others of them.
func setenv(t *testing.T, values map[string]string) {
	t.Helper()
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, "ATLAN_") || strings.HasSuffix(strings.ToUpper(name), "_PROXY") {
			t.Setenv(name, "")
		}
	}
	for name, value := range values {
		t.Setenv(name, value)
	}
}

func TestS1FromEnv(t *testing.T) {
	rt := WithRoundTripper(roundTripper(withStatus(200, "{}")))
	for name, tt := range map[string]struct {
		env     map[string]string
		opts    []Option
		base    string // "" for an error
		from    string // where the credentials are from
		failure []string
	}{
		"nothing":      {failure: []string{"ATLAN_BASE_URL", "ATLAN_API_KEY", "ATLAN_OAUTH_CLIENT_ID", "ATLAN_OAUTH_CLIENT_SECRET"}},
		"blank":        {env: map[string]string{"ATLAN_BASE_URL": " ", "ATLAN_API_KEY": "\t"}, failure: []string{"ATLAN_BASE_URL", "ATLAN_API_KEY"}},
		"no tenant":    {env: map[string]string{"ATLAN_API_KEY": secretKey}, failure: []string{"(ATLAN_BASE_URL): not set"}},
		"no key":       {env: map[string]string{"ATLAN_BASE_URL": testBaseURL}, failure: []string{"(ATLAN_API_KEY): not set"}},
		"id alone":     {env: map[string]string{"ATLAN_BASE_URL": testBaseURL, "ATLAN_OAUTH_CLIENT_ID": "id"}, failure: []string{"not set in the environment: ATLAN_OAUTH_CLIENT_SECRET"}},
		"secret alone": {env: map[string]string{"ATLAN_BASE_URL": testBaseURL, "ATLAN_OAUTH_CLIENT_SECRET": secretKey}, failure: []string{"not set in the environment: ATLAN_OAUTH_CLIENT_ID"}},
		"both": {
			env:     map[string]string{"ATLAN_BASE_URL": testBaseURL, "ATLAN_API_KEY": secretKey, "ATLAN_OAUTH_CLIENT_ID": "id", "ATLAN_OAUTH_CLIENT_SECRET": secretKey},
			failure: []string{"exclude each other", "ATLAN_API_KEY", "ATLAN_OAUTH_CLIENT_ID"},
		},
		"key":   {env: map[string]string{"ATLAN_BASE_URL": testBaseURL, "ATLAN_API_KEY": secretKey}, base: testBaseURL, from: "ATLAN_API_KEY"},
		"OAuth": {env: map[string]string{"ATLAN_BASE_URL": "acme.atlan.com/", "ATLAN_OAUTH_CLIENT_ID": "id", "ATLAN_OAUTH_CLIENT_SECRET": secretKey}, base: testBaseURL, from: "ATLAN_OAUTH_CLIENT_ID"},
		"internal": {
			env: map[string]string{"ATLAN_BASE_URL": "INTERNAL", "ATLAN_API_KEY": secretKey}, failure: []string{"ATLAN_BASE_URL", "INTERNAL", "cluster"},
		},
		"bad URL": {
			env:     map[string]string{"ATLAN_BASE_URL": "https://me:" + secretKey + "@acme.atlan.com", "ATLAN_API_KEY": "k"},
			failure: []string{"ATLAN_BASE_URL", "user or a password"},
		},
		"options win": {
			env:  map[string]string{"ATLAN_BASE_URL": "::", "ATLAN_API_KEY": secretKey, "ATLAN_OAUTH_CLIENT_ID": "id", "HTTPS_PROXY": "ftp://x"},
			opts: []Option{WithBaseURL("http://localhost:8080/api/meta"), WithAPIKey("k"), WithoutProxy()}, base: "http://localhost:8080", from: "WithAPIKey",
		},
		"OAuth option over the key": {
			env:  map[string]string{"ATLAN_BASE_URL": testBaseURL, "ATLAN_API_KEY": secretKey},
			opts: []Option{WithOAuth("id", secretKey)}, base: testBaseURL, from: "WithOAuth",
		},
		"a proxy of the environment that is none": {
			env:     map[string]string{"ATLAN_BASE_URL": testBaseURL, "ATLAN_API_KEY": secretKey, "HTTPS_PROXY": "ftp://me:" + secretKey + "@x"},
			failure: []string{"HTTPS_PROXY", "ftp"},
		},
		"a RoundTripper needs no proxy": {
			env:  map[string]string{"ATLAN_BASE_URL": testBaseURL, "ATLAN_API_KEY": secretKey, "HTTPS_PROXY": "http://x"},
			opts: []Option{rt}, base: testBaseURL, from: "ATLAN_API_KEY",
		},
	} {
		t.Run(name, func(t *testing.T) {
			setenv(t, tt.env)
			client, err := FromEnv(tt.opts...)
			if tt.base == "" {
				if !errors.Is(err, ErrInvalidRequest) {
					t.Fatalf("FromEnv = %v, want an invalid request", err)
				}
				for _, want := range tt.failure {
					if !strings.Contains(err.Error(), want) {
						t.Errorf("the error does not say %q: %v", want, err)
					}
				}
				if strings.Contains(err.Error(), secretKey) {
					t.Errorf("the error shows a secret: %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if client.BaseURL() != tt.base || client.settings.auth[0].from != tt.from {
				t.Errorf("got %s by %s, want %s by %s", client.BaseURL(), client.settings.auth[0].from, tt.base, tt.from)
			}
		})
	}
	t.Run("New reads none", func(t *testing.T) {
		setenv(t, map[string]string{"ATLAN_BASE_URL": testBaseURL, "ATLAN_API_KEY": secretKey, "HTTPS_PROXY": "ftp://x"})
		if _, err := New(WithAPIKey("k")); !errors.Is(err, ErrInvalidRequest) {
			t.Error(err)
		}
		if _, err := New(WithBaseURL(testBaseURL), WithAPIKey("k")); err != nil {
			t.Error(err)
		}
	})
}

func TestS1New(t *testing.T) {
	tenant := WithBaseURL(testBaseURL)
	for name, opts := range map[string][]Option{
		"nothing":                         {},
		"no tenant":                       {WithAPIKey("k")},
		"no credentials":                  {tenant},
		"nil option":                      {tenant, nil, WithAPIKey("k")},
		"empty key":                       {tenant, WithAPIKey(" ")},
		"key with a line break":           {tenant, WithAPIKey("a\nb")},
		"empty id":                        {tenant, WithOAuth("", "s")},
		"empty secret":                    {tenant, WithOAuth("i", " ")},
		"two kinds":                       {tenant, WithAPIKey("k"), WithOAuth("i", "s")},
		"nil source":                      {tenant, WithTokenSource(nil)},
		"empty URL":                       {WithBaseURL(""), WithAPIKey("k")},
		"internal":                        {WithBaseURL("INTERNAL"), WithAPIKey("k")},
		"another scheme":                  {WithBaseURL("ftp://acme.atlan.com"), WithAPIKey("k")},
		"plain HTTP to Atlan":             {WithBaseURL("http://acme.atlan.com"), WithAPIKey("k")},
		"a page":                          {WithBaseURL("https://acme.atlan.com/assets"), WithAPIKey("k")},
		"a query":                         {WithBaseURL("https://acme.atlan.com?a=b"), WithAPIKey("k")},
		"a fragment":                      {WithBaseURL("https://acme.atlan.com#"), WithAPIKey("k")},
		"dots":                            {WithBaseURL("https://x.example/../y"), WithAPIKey("k")},
		"no host":                         {WithBaseURL("https://:443"), WithAPIKey("k")},
		"not a URL":                       {WithBaseURL("https://%zz"), WithAPIKey("k")},
		"negative retries":                {tenant, WithAPIKey("k"), WithRetries(-1)},
		"negative window":                 {tenant, WithAPIKey("k"), WithPermissionWindow(-1)},
		"negative time for a 403":         {tenant, WithAPIKey("k"), WithRetryForbidden(-1)},
		"a proxy that is none":            {tenant, WithAPIKey("k"), WithProxy("gopher://x")},
		"a proxy beside a RoundTripper":   {tenant, WithAPIKey("k"), WithProxy("http://x"), WithRoundTripper(http.DefaultTransport)},
		"nil RoundTripper":                {tenant, WithAPIKey("k"), WithRoundTripper(nil)},
		"nil http.Client":                 {tenant, WithAPIKey("k"), WithHTTPClient(nil)},
		"an option of the chain is wrong": {tenant, WithAPIKey("k"), WithTransport(transport.WithTimeout(-1))},
	} {
		t.Run(name, func(t *testing.T) {
			if c, err := New(opts...); !errors.Is(err, ErrInvalidRequest) {
				t.Errorf("New = %v, %v; want an invalid request", c, err)
			}
		})
	}
	for raw, want := range map[string]string{
		"https://acme.atlan.com": testBaseURL, "acme.atlan.com": testBaseURL, " ACME.atlan.com/ ": testBaseURL, "https://acme.atlan.com//": testBaseURL,
		"https://acme.atlan.com/api/meta/": testBaseURL, "https://acme.atlan.com/api/service": testBaseURL, "https://acme.atlan.com/api": testBaseURL,
		"http://127.0.0.1:8080": "http://127.0.0.1:8080", "https://gateway.example/atlan/api/meta": "https://gateway.example/atlan",
		"localhost:8443": "https://localhost:8443",
	} {
		client, err := New(WithBaseURL(raw), WithAPIKey("k"))
		if err != nil || client.BaseURL() != want {
			t.Errorf("%q: %v, %v", raw, client, err)
		}
	}
}

// TestS1Headers: how requests are signed and what they say about their sender.
func TestS1Headers(t *testing.T) {
	source := transport.TokenSourceFunc(func(context.Context) (transport.Token, error) { return transport.Token{Value: "from-a-vault"}, nil })
	for name, tt := range map[string]struct {
		opts []Option
		want map[string]string
	}{
		"key":    {[]Option{WithAPIKey(" the-key ")}, map[string]string{"Authorization": "Bearer the-key"}},
		"source": {[]Option{WithTokenSource(source)}, map[string]string{"Authorization": "Bearer from-a-vault"}},
		"client": {[]Option{WithAPIKey("k")}, map[string]string{
			"X-Atlan-Agent": "sdk", "X-Atlan-Agent-Id": "sluice-go", "X-Atlan-Client-Origin": "sluice", "X-Atlan-Client-Type": "go", "User-Agent": "sluice-go",
		}},
		"own": {
			[]Option{WithAPIKey("k"), WithTransport(transport.WithUserAgent("mine/1"), transport.WithHeader("X-Tenant-Group", "a"), transport.WithAuth(transport.None()))},
			map[string]string{"User-Agent": "mine/1", "X-Tenant-Group": "a", "Authorization": "Bearer k"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var header http.Header
			client, err := New(append(tt.opts, WithBaseURL(testBaseURL), WithRoundTripper(roundTripper(func(r *http.Request) (*http.Response, error) {
				header = r.Header
				return reply(r, 200, "{}"), nil
			})))...)
			if err != nil {
				t.Fatal(err)
			}
			if err := transport.Discard(client.Raw().WhoAmI(t.Context())); err != nil {
				t.Fatal(err)
			}
			got := map[string]string{}
			for name := range tt.want {
				got[name] = strings.Join(header.Values(name), ", ")
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if header.Get("X-Atlan-Request-Id") == "" {
				t.Error("there is no request id")
			}
		})
	}
}

// TestS1NoSecretInClient: however a client is printed, its key is not.
func TestS1NoSecretInClient(t *testing.T) {
	for _, opt := range []Option{WithAPIKey(secretKey), WithOAuth("the-id", secretKey)} {
		client, err := New(WithBaseURL(testBaseURL), opt, WithPolling(job.Options{TokenKey: []byte(secretKey)}))
		if err != nil {
			t.Fatal(err)
		}
		var log strings.Builder
		slog.New(slog.NewTextHandler(&log, nil)).Info("x", "client", client)
		encoded, err := json.Marshal(client)
		shown := fmt.Sprintf("%v %+v %#v %s %q %d", client, client, client, client, client, client) + log.String() + string(encoded)
		if err != nil || strings.Contains(shown, secretKey) || !strings.Contains(shown, testBaseURL) {
			t.Errorf("%s, %v", shown, err)
		}
	}
}

func TestS1Options(t *testing.T) {
	client, err := New(WithBaseURL(testBaseURL), WithAPIKey("k"), WithPolling(job.Options{UnknownGrace: time.Hour}),
		WithHTTPClient(&http.Client{Timeout: time.Second}), WithProxy("http://p.example:1"), WithoutProxy())
	if err != nil {
		t.Fatal(err)
	}
	if p := client.polling; p.Service != "atlan" || p.Origin != testBaseURL || p.UnknownGrace != time.Hour {
		t.Errorf("%+v", p)
	}
	client.CloseIdleConnections()
}
