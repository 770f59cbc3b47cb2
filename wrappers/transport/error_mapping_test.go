package transport

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

func errorOf(t *testing.T, status int, contentType, body string, opts ...Option) *apierr.Error {
	t.Helper()
	opts = append(opts, WithService("acme"), WithRetry(RetryOptions{MaxAttempts: 1}), WithRoundTripper(roundTripper(
		func(r *http.Request) (*http.Response, error) {
			return answer(r, status, contentType, body, "Retry-After", "7", "X-Request-Id", "id-1"), nil
		})))
	c := newClient(t, "https://api.example.com", testOperations, opts...)
	_, err := c.Do(newRequest(t, "GET", "https://api.example.com/jobs/7?x=y", ""))
	var e *apierr.Error
	if !errors.As(err, &e) {
		t.Fatal(err)
	}
	return e
}

func TestErrorBodies(t *testing.T) {
	for _, test := range []struct{ body, message, code string }{
		{``, "Bad Request", ""},
		{`{"message":"no such job"}`, "no such job", ""},
		{`{"status":400,"type":"error:x","title":"Title","detail":"Detail","data":{"message":"data"}}`, "Detail", "error:x"},
		{`{"message":"m","_embedded":{"errors":[{"message":"e"}]}}`, "m", ""},
		{`{"errors":[{"message":"first"},{"message":"second"}]}`, "first", ""},
		{`{"errors":["first"]}`, "first", ""},
		{`{"error":{"message":"inner","code":7}}`, "inner", ""},
		{`{"error":"invalid_client","error_description":"who are you"}`, "who are you", "invalid_client"},
		{`{"error":"nope"}`, "nope", ""},
		{`{"code":42,"title":"T"}`, "T", "42"},
		{`{"code":"","errorCode":"E1","message":""}`, "Bad Request", "E1"},
		{`{"errorId":"abc"}`, "Bad Request", ""},
		{`"just a string"`, "just a string", ""},
		{`Object not found.`, "Object not found.", ""},
		{`<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>`, "502 Bad Gateway", ""},
		{`<html><body>nothing</body></html>`, "an HTML page", ""},
		{`{"message":"broken off`, `{"message":"broken off`, ""},
		{`[1,2]`, `[1,2]`, ""},
		{"  \n ", "Bad Request", ""},
		{"bad \xff bytes", "bad � bytes", ""},
	} {
		e := errorOf(t, 400, "application/json", test.body)
		if e.Message != test.message || e.Code != test.code {
			t.Errorf("%s: message %q, code %q; want %q, %q", test.body, e.Message, e.Code, test.message, test.code)
		}
		if e.Service != "acme" || e.Operation != "getJob" || e.Method != http.MethodGet || e.Route != "/jobs/{jobId}" || e.Status != 400 ||
			e.RequestID != "id-1" || e.RetryAfter != 7*time.Second || e.Attempts != 1 || e.Kind != apierr.KindInvalid {
			t.Errorf("%#v", e)
		}
		if strings.Contains(e.Error(), "x=y") || strings.Contains(fmt.Sprintf("%#v", e), "x=y") {
			t.Errorf("the query is shown: %v", e)
		}
	}
}

func TestErrorDecoder(t *testing.T) {
	decode := WithErrorDecoder(func(a *ErrorAnswer) {
		if string(a.Body) != `{"m":"hello token=abcdefgh12345"}` || a.Header.Get("X-Request-Id") != "id-1" || a.Error.Status != 409 {
			t.Errorf("%s %v %v", a.Body, a.Header, a.Error)
		}
		a.Error.Message = "hello token=abcdefgh12345"
		a.Error.Code = "E"
		a.Error.Kind = apierr.KindRateLimited
		a.Error.Hint = "wait"
		a.Error.Fields = []apierr.FieldError{{Field: "f", Message: "password: abcdefgh12345"}}
	})
	e := errorOf(t, 409, "application/json", `{"m":"hello token=abcdefgh12345"}`, decode)
	if e.Kind != apierr.KindRateLimited || e.Code != "E" || e.Hint != "wait" || len(e.Fields) != 1 {
		t.Errorf("%#v", e)
	}
	if all := fmt.Sprintf("%v %s %+v", e, e.Body(), e.Fields); strings.Contains(all, "abcdefgh12345") {
		t.Error(all)
	}
}

// TestNotProcessed: the decoder's word makes an unsafe request repeatable.
func TestNotProcessed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sent := 0
		c := newClient(t, "https://api.example.com", testOperations, WithErrorDecoder(func(a *ErrorAnswer) { a.NotProcessed = true }),
			WithRoundTripper(roundTripper(func(r *http.Request) (*http.Response, error) {
				if sent++; sent == 1 {
					return answer(r, 503, "application/json", "{}"), nil
				}
				return answer(r, 200, "application/json", "{}"), nil
			})))
		if err := Discard(c.Do(newRequest(t, "POST", "https://api.example.com/jobs", "{}"))); err != nil || sent != 2 {
			t.Error(err, sent)
		}
	})
}

// TestErrorBodyIsBounded in size and in time.
func TestErrorBodyIsBounded(t *testing.T) {
	e := errorOf(t, 500, "text/plain", strings.Repeat("é", 1<<20))
	if len(e.Body()) > maxErrorBody || len(e.Message) > 300 || !utf8.ValidString(e.Message) {
		t.Errorf("%d bytes kept, message of %d", len(e.Body()), len(e.Message))
	}
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, "https://api.example.com", testOperations, WithRoundTripper(roundTripper(func(r *http.Request) (*http.Response, error) {
			resp := answer(r, 404, "text/plain", "")
			resp.Body = &slowBody{ctx: r.Context(), left: 1000}
			return resp, nil
		})))
		start := time.Now()
		_, err := c.Do(newRequest(t, "GET", "https://api.example.com/jobs", ""))
		if !errors.Is(err, apierr.ErrNotFound) || time.Since(start) > errorBodyTime+drainTimeout {
			t.Error(err, time.Since(start))
		}
	})
}

func TestHints(t *testing.T) {
	for status, hint := range map[int]bool{404: true, 200: true, 502: false, 429: false} {
		e := errorOf(t, status, "text/html", "<html><title>x</title></html>")
		if strings.Contains(e.Hint, "base URL") != hint {
			t.Errorf("%d: %q", status, e.Hint)
		}
	}
}

func FuzzErrorBody(f *testing.F) {
	f.Add(400, "application/json", `{"message":"x","errors":[{"message":"y"}]}`)
	f.Add(502, "text/html", `<html><title>x</title>`)
	f.Add(500, "", `{"configuration":{"password":"planted-secret-1"`)
	f.Add(429, "text/plain", `planted-secret-1`)
	f.Fuzz(func(t *testing.T, status int, contentType, body string) {
		const secret = "planted-secret-1"
		status = 300 + (status%300+300)%300
		c := newClient(t, "https://api.example.com", testOperations, WithAuth(Bearer(secret)), WithRetry(RetryOptions{MaxAttempts: 1}),
			WithRoundTripper(roundTripper(func(r *http.Request) (*http.Response, error) {
				resp := answer(r, status, "", body)
				resp.Header["Content-Type"] = []string{contentType}
				return resp, nil
			})))
		_, err := c.Do(newRequest(t, "GET", "https://api.example.com/jobs", ""))
		var e *apierr.Error
		if !errors.As(err, &e) || e.Status != status {
			t.Fatal(err)
		}
		if len(e.Message) > 300 || len(e.Body()) > maxErrorBody || strings.ContainsAny(e.Error(), "\n\r") {
			t.Fatalf("%q", e.Error())
		}
		if strings.Contains(e.Error()+string(e.Body()), secret) {
			t.Fatalf("the secret is shown: %q %q", e.Error(), e.Body())
		}
	})
}
