package transport

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/sluice-sdk/sluice/gen/airbyteapi"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// TestContentOfSuccess checks what is taken for a success and what is not.
func TestContentOfSuccess(t *testing.T) {
	for _, test := range []struct {
		name, method, path, contentType, body string
		status                                int
		ok                                    bool
		message, hint                         string
	}{
		{"JSON", "GET", "/jobs", "application/json", "{}", 200, true, "", ""},
		{"JSON with a charset", "GET", "/jobs", "application/json;charset=utf-8", "{}", 200, true, "", ""},
		{"no type, JSON", "GET", "/jobs", "", " [1]", 200, true, "", ""},
		{"no type, text", "GET", "/jobs", "", "Object not found.", 200, false, "of no content type", ""},
		{"no type, HTML", "GET", "/jobs", "", "<!DOCTYPE html><title>Sign in</title>", 200, false, "Sign in", "base URL"},
		{"HTML", "GET", "/jobs", "text/html", "<html><head><title>Airbyte &amp; Co</title>", 200, false, "Airbyte & Co", "base URL"},
		{"HTML that says JSON", "GET", "/jobs", "application/json", "<html>", 200, true, "", ""}, // found by Decode
		{"CSV for JSON", "GET", "/jobs", "text/csv", "a,b", 200, false, "the answer is text/csv, want JSON", ""},
		{"CSV", "GET", "/export", "text/csv", "a,b", 200, true, "", ""},
		{"JSON for CSV", "GET", "/export", "application/json", "{}", 200, false, "want text/csv", ""},
		{"anything", "GET", "/events", "text/html", "<html>", 200, true, "", ""},
		{"none", "DELETE", "/sources/7", "text/plain", "gone", 200, true, "", ""},
		{"none, an empty page", "DELETE", "/sources/7", "text/html", "", 200, true, "", ""},
		{"none, a login page", "DELETE", "/sources/7", "text/html", "<html><title>Sign in</title>", 200, false, "want none: Sign in", "base URL"},
		{"none, a page of no type", "DELETE", "/sources/7", "", "\n<!DOCTYPE html>", 200, false, "of no content type, want none", "base URL"},
		{"empty", "GET", "/jobs", "", "", 200, true, "", ""},
		{"204", "GET", "/jobs", "text/html", "", 204, true, "", ""},
		{"HEAD", "HEAD", "/jobs", "text/html", "", 200, true, "", ""},
		{"in no table", "GET", "/other", "text/html", "<html>", 200, true, "", ""},
	} {
		c := newClient(t, "https://api.example.com", testOperations, WithRoundTripper(roundTripper(func(r *http.Request) (*http.Response, error) {
			return answer(r, test.status, test.contentType, test.body), nil
		})))
		resp, err := c.Do(newRequest(t, test.method, "https://api.example.com"+test.path, ""))
		if test.ok {
			if err != nil {
				t.Errorf("%s: %v", test.name, err)
				continue
			}
			_ = resp.Body.Close()
			continue
		}
		var e *apierr.Error
		if !errors.As(err, &e) || e.Kind != apierr.KindDecode || e.Status != test.status || e.Attempts != 1 ||
			!strings.Contains(e.Message, test.message) || !strings.Contains(e.Hint, test.hint) || (test.hint == "") != (e.Hint == "") ||
			string(e.Body()) != test.body {
			t.Errorf("%s: %v\n%s", test.name, err, e.Body())
		}
	}
}

// TestMissingTypeIsRepaired: generated code looks at the content type, and sees JSON.
func TestMissingTypeIsRepaired(t *testing.T) {
	shared := http.Header{}
	c := newClient(t, "https://api.example.com/v1", airbyteapi.Operations, WithRoundTripper(roundTripper(func(r *http.Request) (*http.Response, error) {
		resp := answer(r, 200, "", jobJSON)
		resp.Header = shared
		return resp, nil
	})))
	raw, err := airbyteapi.NewClientWithResponses(c.Base(), airbyteapi.WithHTTPClient(c))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := raw.GetJobWithResponse(t.Context(), 4711)
	if err != nil || resp.JSON200 == nil || resp.JSON200.JobID != 4711 {
		t.Fatal(resp, err)
	}
	if len(shared) != 0 {
		t.Error("a header that belongs to the RoundTripper was changed")
	}
}
