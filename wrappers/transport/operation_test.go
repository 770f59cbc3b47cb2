package transport

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sdk/sluice/gen/airbyteapi"
	"github.com/sluice-sdk/sluice/gen/atlanapi"
	"github.com/sluice-sdk/sluice/gen/polytomicapi"
)

func TestParseOperations(t *testing.T) {
	got, err := ParseOperations(`
		# comment
		GET    /jobs                 listJobs      safe
		POST   /jobs                 createJob     unsafe      timeout=90s
		DELETE /things/{id}          deleteThing   idempotent  content=none
		GET    /export               export        safe        content=text/csv,none timeout=5m
	`)
	want := []Operation{
		{ID: "listJobs", Method: "GET", Route: "/jobs", Safety: Safe},
		{ID: "createJob", Method: "POST", Route: "/jobs", Safety: Unsafe, Timeout: 90 * time.Second},
		{ID: "deleteThing", Method: "DELETE", Route: "/things/{id}", Safety: Idempotent, Content: "none"},
		{ID: "export", Method: "GET", Route: "/export", Safety: Safe, Content: "text/csv,none", Timeout: 5 * time.Minute},
	}
	if err != nil || !cmp.Equal(got, want) {
		t.Fatal(err, cmp.Diff(want, got))
	}
	if got, err := ParseOperations(""); err != nil || len(got) != 0 {
		t.Fatal(got, err)
	}
}

func TestParseOperationsErrors(t *testing.T) {
	for table, want := range map[string]string{
		"GET /jobs listJobs":                                    "line 1: 3 fields",
		"\nGET /jobs listJobs sure":                             `line 2: safety "sure"`,
		"get /jobs listJobs safe":                               "capital letters",
		"GET jobs listJobs safe":                                "does not start with /",
		"GET /a//b x safe":                                      "empty, dot or escaped segment",
		"GET /a/../b x safe":                                    "empty, dot or escaped segment",
		"GET /a?b x safe":                                       "empty, dot or escaped segment",
		"GET /a/{b x safe":                                      "one {parameter}",
		"GET /a/b} x safe":                                      "a } without {",
		"GET /a/{b}{c} x safe":                                  "one {parameter}",
		"GET /a/{} x safe":                                      "one {parameter}",
		"GET /a x safe timeout=soon":                            "not a positive duration",
		"GET /a x safe timeout=-1s":                             "not a positive duration",
		"GET /a x safe timeout=1s timeout=2s":                   "once each",
		"GET /a x safe retries=3":                               "neither timeout nor content",
		"GET /a x safe content=csv":                             "neither none, * nor a media type",
		"GET /a x safe verysafe":                                "not name=value",
		"GET /a x safe\nGET /b x safe":                          "operation id x is there twice",
		"GET /a/{x} one safe\nGET /a/{y} two safe":              "is the route of one too",
		"GET /a/{x}.csv one safe\nGET /a/{y}.csv two safe":      "is the route of one too",
		"POST /jobs createJob unsafe content=application/json,": "media type",
	} {
		if _, err := ParseOperations(table); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", table, err, want)
		}
	}
}

// TestGeneratedTables reads the tables that are generated for the three services.
func TestGeneratedTables(t *testing.T) {
	for name, table := range map[string]string{
		"airbyte": airbyteapi.Operations, "polytomic": polytomicapi.Operations, "atlan": atlanapi.Operations,
	} {
		operations, err := ParseOperations(table)
		if err != nil {
			t.Fatal(name, err)
		}
		c, err := New("https://api.example.com/base", operations)
		if err != nil {
			t.Fatal(name, err)
		}
		for _, op := range operations {
			// Each operation is found by a path made from its own route.
			path := strings.NewReplacer("{", "x", "}", "y").Replace(op.Route)
			req := newRequest(t, op.Method, "https://api.example.com/base"+path, "")
			if e, err := c.admit(req); err != nil || e.ID != op.ID {
				t.Errorf("%s: %s %s found %q, %v; want %q", name, op.Method, path, e.ID, err, op.ID)
			}
		}
	}
}

func TestContent(t *testing.T) {
	for _, test := range []struct {
		operation, answer string
		want              bool
	}{
		{"", "application/json", true},
		{"", "Application/JSON; charset=utf-8", true},
		{"", "application/problem+json", true},
		{"", "text/html", false},
		{"", "text/html; x=json", false},
		{"none", "text/html", true},
		{"*", "text/html", true},
		{"text/csv", "text/csv; charset=utf-8", true},
		{"text/csv", "application/json", false},
		{"text/csv,application/json", "application/json", true},
		{"image/*", "image/png", true},
		{"image/*", "imagex/png", false},
		{"application/json", "application/json", true},
		{"application/json,none", "text/html", true},
	} {
		c := (&Operation{Content: test.operation}).content()
		if got := c.allows(test.answer); got != test.want {
			t.Errorf("%q allows %q: %v, want %v", test.operation, test.answer, got, test.want)
		}
	}
}

func TestSafetyString(t *testing.T) {
	for s, want := range map[Safety]string{Unsafe: "unsafe", Idempotent: "idempotent", Safe: "safe", 9: "Safety(9)"} {
		if s.String() != want {
			t.Errorf("%d: %s, want %s", s, s, want)
		}
	}
}

func FuzzParseOperations(f *testing.F) {
	f.Add(testOperations)
	f.Add("GET /a/{b}.csv/c/ id safe timeout=1s content=*")
	f.Add("GET /{ x safe")
	f.Fuzz(func(t *testing.T, table string) {
		operations, err := ParseOperations(table)
		if err != nil {
			return
		}
		// What parses is a client, and each operation is found by its own route.
		c, err := New("https://api.example.com", operations)
		if err != nil {
			t.Fatalf("parsed, but refused by New: %v", err)
		}
		for _, op := range operations {
			filled := strings.NewReplacer("{", "", "}", "").Replace(op.Route)
			c.routes.root.find(op.Method, filled[1:])
		}
	})
}
