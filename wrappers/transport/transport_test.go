package transport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

func TestNewErrors(t *testing.T) {
	for base, want := range map[string]string{
		"":                                "must start with http:// or https://",
		"api.example.com":                 "must start with http:// or https://",
		"ftp://api.example.com":           "must start with http:// or https://",
		"https://":                        "no host",
		"https://:443":                    "no host",
		"https://api.example.com?x=1":     "has a query",
		"https://api.example.com?":        "has a query",
		"https://api.example.com#top":     "has a fragment",
		"https://api.example.com#":        "has a fragment",
		"https://me:secret-1@example.com": "user or a password",
		"https://api.example.com/a/../b":  "dot segment",
		"https://api.example.com/a//b":    "empty",
		"https://exa mple.com/%zz\x00":    "cannot be read",
	} {
		if _, err := New(base, nil); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret-1") {
			t.Errorf("%q: %v, want %q", base, err, want)
		}
	}
	rt := WithRoundTripper(http.DefaultTransport)
	for name, test := range map[string]struct {
		opts []Option
		want string
	}{
		"nil auth":        {[]Option{WithAuth(nil)}, "auth is nil"},
		"empty bearer":    {[]Option{WithAuth(Bearer(""))}, "bearer token is empty"},
		"bearer newline":  {[]Option{WithAuth(Bearer("abc\n"))}, "line break"},
		"empty basic":     {[]Option{WithAuth(Basic("", ""))}, "empty"},
		"colon":           {[]Option{WithAuth(Basic("a:b", "c"))}, "colon"},
		"empty key":       {[]Option{WithAuth(APIKey("X-Api-Key", ""))}, "API key is empty"},
		"bad key header":  {[]Option{WithAuth(APIKey("X Api", "k"))}, "not the name of a header"},
		"nil source":      {[]Option{WithAuth(Tokens(nil))}, "source is nil"},
		"user agent":      {[]Option{WithUserAgent("")}, "user agent"},
		"header":          {[]Option{WithHeader("A B", "x")}, "header"},
		"header value":    {[]Option{WithHeader("A", "x\r\ny")}, "header"},
		"id header":       {[]Option{WithRequestIDHeader("a:b")}, "not the name of a header"},
		"retry":           {[]Option{WithRetry(RetryOptions{MaxAttempts: -1})}, "negative"},
		"limits":          {[]Option{WithLimits(LimitOptions{RequestsPerSecond: -1})}, "negative"},
		"timeout":         {[]Option{WithTimeout(0)}, "not positive"},
		"cap":             {[]Option{WithMaxResponseBytes(0)}, "not positive"},
		"nil rt":          {[]Option{WithRoundTripper(nil)}, "is nil"},
		"nil http client": {[]Option{WithHTTPClient(nil)}, "is nil"},
		"redirects":       {[]Option{WithHTTPClient(&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return nil }})}, "CheckRedirect"},
		"jar":             {[]Option{WithHTTPClient(&http.Client{Jar: jar{}})}, "cookie jar"},
		"hook":            {[]Option{WithHooks(7)}, "none of the Hook interfaces"},
		"proxy and rt":    {[]Option{rt, WithProxy("http://127.0.0.1:1")}, "RoundTripper of your own"},
		"proxy scheme":    {[]Option{WithProxy("ftp://me:secret-1@127.0.0.1:1")}, "none of http"},
		"proxy":           {[]Option{WithProxy("http://me:secret-1@:%zz")}, "not a URL"},
	} {
		if _, err := New("https://api.example.com", nil, test.opts...); err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "secret-1") {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
	if _, err := New("https://api.example.com", []Operation{{Method: "GET", Route: "/x"}}); err == nil {
		t.Error("an operation without an id was taken")
	}
	if _, err := New("https://api.example.com", nil, nil); err != nil {
		t.Errorf("nil option: %v", err)
	}
}

type jar struct{ http.CookieJar }

func TestBase(t *testing.T) {
	for base, want := range map[string][2]string{
		"https://api.example.com":       {"https://api.example.com", "https://api.example.com"},
		"https://api.example.com/":      {"https://api.example.com", "https://api.example.com"},
		"HTTPS://api.example.com/v1//":  {"https://api.example.com/v1", "https://api.example.com"},
		"http://localhost:8000/api/v1/": {"http://localhost:8000/api/v1", "http://localhost:8000"},
		"http://[::1]:8000":             {"http://[::1]:8000", "http://[::1]:8000"},
	} {
		c, err := New(base, nil, WithService("acme"))
		if err != nil {
			t.Fatal(base, err)
		}
		if c.Base() != want[0] || c.Origin() != want[1] || c.Service() != "acme" {
			t.Errorf("%s: %s %s", base, c.Base(), c.Origin())
		}
	}
}

// TestDo sends one request over a real connection and looks at both ends of it.
func TestDo(t *testing.T) {
	var seen *http.Request
	var body []byte
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = r
		body, _ = io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"id":7}`)
	}))
	defer srv.Close()
	c := newClient(t, srv.URL, testOperations, WithAuth(Bearer("token-1234")), WithUserAgent("acme/1"),
		WithHeader("X-Api-Version", "2"), WithHeader("X-Other", "a"), WithRequestIDHeader("x-acme-request-id"))
	req := newRequest(t, http.MethodPost, srv.URL+"/jobs", `{"a":1}`)
	req.Header.Set("X-Other", "mine")
	before := fmt.Sprint(req.Header)
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if text, err := io.ReadAll(resp.Body); err != nil || string(text) != `{"id":7}` {
		t.Fatal(string(text), err)
	}
	for name, want := range map[string]string{
		"Authorization": "Bearer token-1234", "User-Agent": "acme/1", "X-Api-Version": "2", "X-Other": "mine",
		"Content-Type": "application/json",
	} {
		if got := seen.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if id := seen.Header.Get("X-Acme-Request-Id"); len(id) != 16 {
		t.Errorf("request id %q", id)
	}
	if string(body) != `{"a":1}` {
		t.Errorf("body %s", body)
	}
	if fmt.Sprint(req.Header) != before {
		t.Errorf("the caller's header was changed: %v", req.Header)
	}
	if resp.Request != req || resp.Request.Header.Get("Authorization") != "" {
		t.Error("the answer's request holds what was sent")
	}
}

func TestRequestIDIsKept(t *testing.T) {
	c := newClient(t, "https://api.example.com", testOperations, WithRoundTripper(roundTripper(
		func(r *http.Request) (*http.Response, error) {
			return answer(r, 404, "text/plain", r.Header.Get("X-Request-Id")), nil
		})))
	req := newRequest(t, http.MethodGet, "https://api.example.com/jobs/7", "")
	req.Header.Set("X-Request-Id", "mine-1")
	_, err := c.Do(req)
	var e *apierr.Error
	if !errors.As(err, &e) || e.RequestID != "mine-1" || e.Message != "mine-1" {
		t.Fatal(err)
	}
	for _, header := range requestIDHeaders {
		c := newClient(t, "https://api.example.com", testOperations, WithRequestIDHeader(""), WithRoundTripper(roundTripper(
			func(r *http.Request) (*http.Response, error) {
				if r.Header.Get("X-Request-Id") != "" {
					t.Error("an id was sent")
				}
				return answer(r, 404, "", "", header, "theirs-1"), nil
			})))
		if _, err := c.Do(newRequest(t, http.MethodGet, "https://api.example.com/jobs/7", "")); !errors.As(err, &e) || e.RequestID != "theirs-1" {
			t.Errorf("%s: %v", header, err)
		}
	}
}

// onceReader is a body of unknown length that can be read one time.
type onceReader struct {
	io.Reader
	closed int
}

func (r *onceReader) Close() error { r.closed++; return nil }

// TestBodies sends each sort of body through a failure that is repeated.
func TestBodies(t *testing.T) {
	for _, test := range []struct {
		name     string
		length   int64
		getBody  bool
		attempts int
	}{
		{"GetBody", 5, true, 2},
		{"known length", 5, false, 2},
		{"unknown length", -1, false, 1},
		{"too long to keep", maxReplay + 1, false, 1},
	} {
		var bodies []string
		c := newClient(t, "https://api.example.com", testOperations, WithRetry(RetryOptions{Base: 1, ThrottleBase: 1}),
			WithRoundTripper(roundTripper(func(r *http.Request) (*http.Response, error) {
				text, _ := io.ReadAll(r.Body)
				_ = r.Body.Close()
				bodies = append(bodies, string(text))
				if len(bodies) == 1 {
					return answer(r, 429, "", ""), nil
				}
				return answer(r, 200, "application/json", "{}"), nil
			})))
		text := "hello"
		if test.length > maxReplay {
			text = strings.Repeat("x", maxReplay+1)
		}
		body := &onceReader{Reader: strings.NewReader(text)}
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://api.example.com/jobs", body)
		req.ContentLength = test.length
		if test.getBody {
			req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }
		}
		resp, err := c.Do(req)
		if err == nil {
			_ = resp.Body.Close()
		}
		if len(bodies) != test.attempts || (err == nil) != (test.attempts == 2) {
			t.Errorf("%s: %d attempts, %v", test.name, len(bodies), err)
		}
		for _, sent := range bodies {
			if sent != text {
				t.Errorf("%s: %d bytes sent", test.name, len(sent))
			}
		}
		if body.closed != 1 {
			t.Errorf("%s: the body was closed %d times", test.name, body.closed)
		}
	}
	// A body that is shorter than it says, or cannot be read, is the caller's mistake.
	c := newClient(t, "https://api.example.com", testOperations, WithRoundTripper(roundTripper(
		func(*http.Request) (*http.Response, error) { t.Error("sent"); return nil, io.EOF })))
	body := &onceReader{Reader: strings.NewReader("abc")}
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://api.example.com/jobs", body)
	req.ContentLength = 9
	if _, err := c.Do(req); !errors.Is(err, apierr.ErrInvalid) || body.closed != 1 {
		t.Error(err, body.closed)
	}
	body = &onceReader{Reader: strings.NewReader("abc")}
	req, _ = http.NewRequestWithContext(t.Context(), http.MethodPost, "https://api.example.com/jobs/", body)
	if _, err := c.Do(req); !errors.Is(err, apierr.ErrInvalid) || body.closed != 1 {
		t.Error("a refused request left its body open", err)
	}
}

func TestEndedBeforeSending(t *testing.T) {
	c := newClient(t, "https://api.example.com", testOperations, WithRoundTripper(roundTripper(
		func(*http.Request) (*http.Response, error) { t.Error("sent"); return nil, io.EOF })))
	why := errors.New("the user pressed a key")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	_, err := c.Do(newRequest(t, http.MethodPost, "https://api.example.com/jobs", "{}").WithContext(ctx))
	var e *apierr.Error
	if !errors.As(err, &e) || e.Kind != apierr.KindCanceled || e.Attempts != 0 || e.MayHaveApplied ||
		!errors.Is(err, context.Canceled) || !errors.Is(err, why) || !strings.Contains(err.Error(), "pressed a key") {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), -time.Second)
	defer stop()
	_, err = c.Do(newRequest(t, http.MethodGet, "https://api.example.com/jobs", "").WithContext(ctx))
	if !errors.Is(err, apierr.ErrTimeout) || !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
}

// TestHTTPClient takes the transport and the timeout of a client somebody else made.
func TestHTTPClient(t *testing.T) {
	sent := 0
	c := newClient(t, "https://api.example.com", testOperations, WithHTTPClient(&http.Client{
		Timeout: 3 * time.Second,
		Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			sent++
			if d, ok := r.Context().Deadline(); !ok || time.Until(d) > 3*time.Second {
				t.Error("the timeout was not taken over")
			}
			return answer(r, 200, "application/json", "{}"), nil
		}),
	}))
	if err := Discard(c.Do(newRequest(t, http.MethodGet, "https://api.example.com/jobs", ""))); err != nil || sent != 1 {
		t.Fatal(err, sent)
	}
}

func TestBrokenRoundTripper(t *testing.T) {
	c := newClient(t, "https://api.example.com", testOperations, WithRetry(RetryOptions{MaxAttempts: 1}),
		WithRoundTripper(roundTripper(func(*http.Request) (*http.Response, error) { return nil, nil })))
	if _, err := c.Do(newRequest(t, http.MethodGet, "https://api.example.com/jobs", "")); !errors.Is(err, apierr.ErrUnavailable) {
		t.Fatal(err)
	}
	c = newClient(t, "https://api.example.com", testOperations, WithRoundTripper(roundTripper(
		func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusNoContent}, nil
		})))
	if err := Discard(c.Do(newRequest(t, http.MethodGet, "https://api.example.com/jobs", ""))); err != nil {
		t.Fatal(err)
	}
}

func TestNewBytesBody(t *testing.T) {
	b := newBytesBody([]byte("abc"))
	text, err := io.ReadAll(b)
	if err != nil || !bytes.Equal(text, []byte("abc")) || b.Close() != nil {
		t.Fatal(text, err)
	}
}
