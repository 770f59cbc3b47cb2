package transport

import (
	"net/http"
	"net/url"
	"testing"

	"errors"

	"github.com/sluice-sdk/sluice/gen/airbyteapi"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

func TestFind(t *testing.T) {
	c := newClient(t, "https://api.example.com/v1/", `
		GET  /organizations/entities/{id}         getEntity    safe
		GET  /organizations/{org}/users           listUsers    safe
		GET  /organizations/{org}                 getOrg       safe
		POST /organizations/entities              createEntity unsafe
		GET  /reports/{name}.csv                  report       safe
		GET  /reports/{name}                      reportPage   safe
		GET  /reports/{name}:run                  runReport    unsafe
		POST /connections/connect/                connect      unsafe
		GET  /                                    root         safe
	`)
	for _, test := range []struct{ method, path, want string }{
		{"GET", "/v1/organizations/entities/7", "getEntity"},
		{"GET", "/v1/organizations/entities/users", "getEntity"},
		{"GET", "/v1/organizations/7/users", "listUsers"},
		{"GET", "/v1/organizations/7", "getOrg"},
		{"GET", "/v1/organizations/entities", "getOrg"}, // the literal has only a POST
		{"HEAD", "/v1/organizations/7", "getOrg"},
		{"", "/v1/organizations/7", "getOrg"},
		{"POST", "/v1/organizations/entities", "createEntity"},
		{"DELETE", "/v1/organizations/7", ""},
		{"GET", "/v1/reports/may.csv", "report"},
		{"GET", "/v1/reports/.csv", "reportPage"},
		{"GET", "/v1/reports/may:run", "runReport"},
		{"GET", "/v1/reports/a%2Fb", "reportPage"},
		{"POST", "/v1/connections/connect/", "connect"},
		{"GET", "/v1/", "root"},
		{"GET", "/v1", "root"},
		{"GET", "/v2/reports/may", ""},
		{"GET", "/v1reports/may", ""},
		{"GET", "/other", ""},
	} {
		u, err := url.Parse("https://api.example.com" + test.path)
		if err != nil {
			t.Fatal(err)
		}
		e, err := c.admit(&http.Request{Method: test.method, URL: u})
		if err != nil || e.ID != test.want {
			t.Errorf("%s %s: %q, %v; want %q", test.method, test.path, e.ID, err, test.want)
		}
	}
}

func TestFindDoesNotAllocate(t *testing.T) {
	c := newClient(t, "https://api.example.com/v1", airbyteapi.Operations)
	req := newRequest(t, http.MethodGet, "https://api.example.com/v1/organizations/7/oauthCredentials", "")
	if n := testing.AllocsPerRun(100, func() { _, _ = c.admit(req) }); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}

// TestRefused sends what generated clients make of bad ids, and other requests that must not leave the process.
func TestRefused(t *testing.T) {
	sent := 0
	c := newClient(t, "https://api.example.com/v1", airbyteapi.Operations, WithService("airbyte"),
		WithRoundTripper(roundTripper(func(r *http.Request) (*http.Response, error) {
			sent++
			return answer(r, 204, "", ""), nil
		})))
	raw, err := airbyteapi.NewClient(c.Base(), airbyteapi.WithHTTPClient(c))
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"", ".", "..", "a\x00b", "a\nb", "a/../b", "./a", "../.."} {
		err := Discard(raw.DeleteConnection(t.Context(), id))
		var e *apierr.Error
		if !errors.As(err, &e) || e.Kind != apierr.KindInvalid || e.Attempts != 0 {
			t.Errorf("id %q: %v", id, err)
		}
	}
	for _, target := range []string{
		"https://api.example.com/v1/connections/", "https://api.example.com/v1//connections",
		"https://api.example.com/v1/connections/%2e%2e", "https://api.example.com/v1/connections/%2E",
		"https://api.example.com/v1/connections/a%00b", "https://api.example.com/",
		"https://evil.example.com/v1/connections/x", "http://api.example.com/v1/connections/x",
		"https://api.example.com:8443/v1/connections/x", "https://user:pw@api.example.com/v1/connections/x",
	} {
		req := newRequest(t, http.MethodDelete, target, "")
		_, err := c.Do(req)
		if !errors.Is(err, apierr.ErrInvalid) {
			t.Errorf("%s: %v", target, err)
		}
	}
	req := newRequest(t, http.MethodGet, "https://api.example.com/v1/jobs", "")
	req.Host = "evil.example.com"
	if _, err := c.Do(req); !errors.Is(err, apierr.ErrInvalid) {
		t.Errorf("other Host header: %v", err)
	}
	if _, err := c.Do(&http.Request{Method: http.MethodGet}); !errors.Is(err, apierr.ErrInvalid) {
		t.Errorf("no URL: %v", err)
	}
	if sent != 0 {
		t.Fatalf("%d requests left the process", sent)
	}
	for _, id := range []string{"a b", "a/b", "a?b", "ü", "a..b", "..a", "..."} {
		if err := Discard(raw.DeleteConnection(t.Context(), id)); err != nil {
			t.Errorf("id %q: %v", id, err)
		}
	}
}

func TestSameOrigin(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want bool
	}{
		{"https://a.example/x", "https://A.example:443/y", true},
		{"http://a.example:80", "http://a.example", true},
		{"https://a.example", "http://a.example", false},
		{"https://a.example", "https://a.example:444", false},
		{"https://a.example", "https://a.example.evil", false},
		{"http://[::1]:80", "http://[::1]", true},
	} {
		a, _ := url.Parse(test.a)
		b, _ := url.Parse(test.b)
		if got := sameOrigin(a, b); got != test.want {
			t.Errorf("%s and %s: %v", test.a, test.b, got)
		}
	}
}
