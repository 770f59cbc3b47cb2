package airbyte

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

func TestS1OriginsLeadToRoots(t *testing.T) {
	cloud := roots{api: "https://api.airbyte.com/v1", config: "https://cloud.airbyte.com/api/v1",
		token: "https://api.airbyte.com/v1/applications/token", web: "https://cloud.airbyte.com", cloud: true}
	self := func(origin string) roots {
		return roots{api: origin + "/api/public/v1", config: origin + "/api/v1", token: origin + "/api/public/v1/applications/token", web: origin}
	}
	for _, tt := range []struct {
		origin string
		want   roots
	}{
		{"https://api.airbyte.com", cloud},
		{"https://api.airbyte.com/v1", cloud},
		{"https://api.airbyte.com/v1/", cloud},
		{"https://API.airbyte.com/v1", cloud},
		{"https://cloud.airbyte.com", cloud},
		{"https://cloud.airbyte.com/", cloud},
		{"https://cloud.airbyte.com/api/v1", cloud},
		{"http://localhost:8000", self("http://localhost:8000")},
		{"http://localhost:8000/", self("http://localhost:8000")},
		{"http://localhost:8000/api/public/v1", self("http://localhost:8000")},
		{"http://localhost:8000/api/public/v1/", self("http://localhost:8000")},
		{"http://localhost:8000/api/public", self("http://localhost:8000")},
		{"http://localhost:8000/v1", self("http://localhost:8000")},
		{"http://localhost:8000/api/v1", self("http://localhost:8000")},
		{"http://localhost:8000/api", self("http://localhost:8000")},
		{" https://airbyte.example.com ", self("https://airbyte.example.com")},
		{"https://example.com/tools/airbyte/api/public/v1", self("https://example.com/tools/airbyte")},
		{"https://example.com/tools/airbyte", self("https://example.com/tools/airbyte")},
		{"https://[::1]:8000/api/public/v1", self("https://[::1]:8000")},
	} {
		got, err := rootsOf("WithOrigin", tt.origin)
		if err != nil {
			t.Errorf("rootsOf(%q): %v", tt.origin, err)
			continue
		}
		if d := cmp.Diff(tt.want, got, cmp.AllowUnexported(roots{})); d != "" {
			t.Errorf("rootsOf(%q) (-want +got):\n%s", tt.origin, d)
		}
	}
}

func TestS1BadOriginsAreRefused(t *testing.T) {
	const password = "hunter2secret"
	for origin, want := range map[string]string{
		"":                                  "empty",
		"   ":                               "empty",
		"airbyte.example.com":               "https://",
		"localhost:8000":                    "https://",
		"ftp://airbyte.com":                 "https://",
		"https://":                          "https://",
		"https:///v1":                       "https://",
		"://x":                              "not a URL",
		"https://a.com?x=1":                 "query",
		"https://a.com?":                    "query",
		"https://a.com#top":                 "fragment",
		"https://a.com/#":                   "fragment",
		"https://me:" + password + "@a.com": "WithBasic",
		"https://a.com/../v1":               "'..'",
		"http://api.airbyte.com":            "https only",
		"https://cloud.airbyte.com/workspaces/0123":                    "no root",
		"https://airbyte.example.com/workspaces/0123":                  "page",
		"https://airbyte.example.com/api/public/v1/applications/token": "page",
		"https://" + password + "\x7f.com":                             "not a URL",
	} {
		client, err := New(WithOrigin(origin), WithNoAuth())
		if err == nil {
			t.Errorf("WithOrigin(%q) was accepted: %s", origin, client.APIRoot())
			continue
		}
		if !errors.Is(err, apierr.ErrInvalid) || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "WithOrigin") {
			t.Errorf("WithOrigin(%q): %v; want an invalid request that says %q", origin, err, want)
		}
		if strings.Contains(err.Error(), password) {
			t.Errorf("WithOrigin: the error contains the password: %v", err)
		}
	}
}

func TestS1ExplicitRoots(t *testing.T) {
	client, err := New(WithAPIRoot("https://gateway.example.com/airbyte/"), WithWebRoot("https://airbyte.example.com/"), WithNoAuth())
	if err != nil {
		t.Fatal(err)
	}
	want := roots{api: "https://gateway.example.com/airbyte", token: "https://gateway.example.com/airbyte/applications/token", web: "https://airbyte.example.com"}
	if d := cmp.Diff(want, client.roots, cmp.AllowUnexported(roots{})); d != "" {
		t.Errorf("roots (-want +got):\n%s", d)
	}
	client, err = New(WithAPIRoot("https://gateway.example.com/airbyte"), WithNoAuth())
	if err != nil {
		t.Fatal(err)
	}
	if got := client.Workspace("w").Connection("c").ConnectionURL(); got != "" {
		t.Errorf("ConnectionURL without a known web root = %q, want none", got)
	}
}
