package transport

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

func TestRedirects(t *testing.T) {
	for _, test := range []struct {
		name, method, path, body string
		status                   int
		to                       string
		followed                 bool
		message                  string
		mayHaveApplied           bool
	}{
		{"same origin", "GET", "/jobs", "", 302, "/jobs/7", true, "", false},
		{"same origin, absolute", "GET", "/jobs", "", 301, "https://API.example.com:443/jobs/7", true, "", false},
		{"same origin, relative", "GET", "/jobs", "", 308, "jobs/7?x=y", true, "", false},
		{"other origin", "GET", "/jobs", "", 302, "https://evil.example.com/jobs/7?x=y", false, "another origin refused: https://evil.example.com", false},
		{"other scheme", "GET", "/jobs", "", 302, "http://api.example.com/jobs", false, "another origin refused", false},
		{"other port", "GET", "/jobs", "", 302, "https://api.example.com:8443/jobs", false, "another origin refused", false},
		{"user", "GET", "/jobs", "", 302, "https://u:hunter22@api.example.com/jobs", false, "another origin refused", false},
		{"no scheme", "GET", "/jobs", "", 302, "//evil.example.com/", false, "another origin refused", false},
		{"javascript", "GET", "/jobs", "", 302, "javascript:alert(1)", false, "another origin refused", false},
		{"safe POST, 307", "POST", "/search", "{}", 307, "/search/", true, "", false},
		{"safe POST, 302", "POST", "/search", "{}", 302, "/search/", false, "another method", false},
		{"idempotent", "PUT", "/sources/7", "{}", 307, "/sources/8", false, "only operations that just read", false},
		{"unsafe, 307", "POST", "/jobs", "{}", 307, "/jobs/", false, "only operations that just read", false},
		{"unsafe, 303", "POST", "/jobs", "{}", 303, "/jobs/7", false, "only operations that just read", true},
		{"unreadable", "GET", "/jobs", "", 302, "http://[::1", false, "", false},
		{"no location", "GET", "/jobs", "", 302, "", false, "", false},
	} {
		sent := 0
		c := newClient(t, "https://api.example.com", testOperations, WithAuth(Bearer("token-1234")), WithRoundTripper(roundTripper(
			func(r *http.Request) (*http.Response, error) {
				if sent++; sent > 1 {
					text, _ := io.ReadAll(orEmpty(r.Body))
					if r.URL.Host != "api.example.com" && r.URL.Host != "API.example.com:443" || string(text) != test.body || r.Header.Get("Authorization") == "" {
						t.Errorf("%s: redirected to %s with body %q", test.name, r.URL, text)
					}
					return answer(r, 200, "application/json", "{}"), nil
				}
				return answer(r, test.status, "text/html", "moved", "Location", test.to), nil
			})))
		err := Discard(c.Do(newRequest(t, test.method, "https://api.example.com"+test.path, test.body)))
		if test.followed {
			if err != nil || sent != 2 {
				t.Errorf("%s: %v after %d", test.name, err, sent)
			}
			continue
		}
		var e *apierr.Error
		if !errors.As(err, &e) || sent != 1 || e.Kind != apierr.KindUnexpected || e.Status != test.status ||
			!strings.Contains(e.Message, test.message) || e.MayHaveApplied != test.mayHaveApplied {
			t.Errorf("%s: %#v after %d", test.name, err, sent)
		}
		if strings.Contains(err.Error(), "x=y") || strings.Contains(err.Error(), "hunter22") {
			t.Errorf("%s: the target is shown: %v", test.name, err)
		}
	}
	sent := 0
	c := newClient(t, "https://api.example.com", testOperations, WithRoundTripper(roundTripper(func(r *http.Request) (*http.Response, error) {
		sent++
		return answer(r, 302, "", "", "Location", "/jobs"), nil
	})))
	if _, err := c.Do(newRequest(t, "GET", "https://api.example.com/jobs", "")); !errors.Is(err, apierr.ErrUnexpected) || sent != maxRedirects {
		t.Errorf("an endless redirect: %v after %d", err, sent)
	}
}

func orEmpty(body io.Reader) io.Reader {
	if body == nil {
		return strings.NewReader("")
	}
	return body
}

// TestNoSilentRepetition: a server takes the request on a connection that was used before and closes it without an
// answer. That is when http.Transport repeats requests by itself. The server must see each unsafe one once.
func TestNoSilentRepetition(t *testing.T) {
	var seen atomic.Int64
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				r := bufio.NewReader(conn)
				for {
					req, err := http.ReadRequest(r)
					if err != nil {
						return
					}
					_, _ = io.Copy(io.Discard, req.Body)
					if req.URL.Path == "/jobs/warm" {
						_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
						continue
					}
					seen.Add(1)
					return
				}
			}()
		}
	}()
	base := "http://" + listener.Addr().String()
	for _, test := range []struct {
		name, method, path, body string
		header                   []string
		want                     int64
	}{
		{"unsafe POST", "POST", "/jobs", "{}", nil, 1},
		{"unsafe POST without a body", "POST", "/jobs", "", nil, 1},
		{"unsafe POST with a key", "POST", "/jobs", "{}", []string{"Idempotency-Key", "k"}, 1},
		{"unsafe POST with a key, without a body", "POST", "/jobs", "", []string{"X-Idempotency-Key", "k"}, 1},
		{"unsafe GET", "GET", "/trigger", "", nil, 1},
		{"GET in no table", "GET", "/other", "", nil, 1},
		{"OPTIONS in no table", "OPTIONS", "/jobs", "", nil, 1},
		{"PATCH in no table", "PATCH", "/jobs/7", "{}", nil, 1},
	} {
		c := newClient(t, base, testOperations)
		if err := Discard(c.Do(newRequest(t, "GET", base+"/jobs/warm", ""))); err != nil {
			t.Fatal(err)
		}
		seen.Store(0)
		req := newRequest(t, test.method, base+test.path, test.body)
		for i := 0; i+1 < len(test.header); i += 2 {
			req.Header.Set(test.header[i], test.header[i+1])
		}
		_, err := c.Do(req)
		var e *apierr.Error
		if !errors.As(err, &e) || !e.MayHaveApplied || e.Attempts != 1 {
			t.Errorf("%s: %#v", test.name, err)
		}
		if n := seen.Load(); n != test.want {
			t.Errorf("%s: the server saw %d requests", test.name, n)
		}
		c.CloseIdleConnections()
	}
	// The safe ones are repeated, and counted.
	c := newClient(t, base, testOperations, WithRetry(RetryOptions{Base: 1, MaxAttempts: 2}))
	seen.Store(0)
	if _, err := c.Do(newRequest(t, "GET", base+"/jobs", "")); !errors.Is(err, apierr.ErrUnavailable) || seen.Load() != 2 {
		t.Errorf("safe: %v, %d requests", err, seen.Load())
	}
}

// TestIdempotencyKeyArrives: hiding it from http.Transport does not hide it from the service.
func TestIdempotencyKeyArrives(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, "%q", r.Header.Get("Idempotency-Key")+r.Header.Get("X-Idempotency-Key"))
	}))
	defer srv.Close()
	c := newClient(t, srv.URL, testOperations)
	for _, name := range []string{"Idempotency-Key", "X-Idempotency-Key"} {
		req := newRequest(t, "POST", srv.URL+"/jobs", "{}")
		req.Header.Set(name, "k-1")
		if got, err := Decode[string](c.Do(req)); err != nil || *got != "k-1" {
			t.Error(name, got, err)
		}
	}
}

// TestUnsafeGetHasNoBody: the body that keeps http.Transport from repeating an unsafe GET does not go on the wire.
func TestUnsafeGetHasNoBody(t *testing.T) {
	for _, http2 := range []bool{false, true} {
		srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			text, _ := io.ReadAll(r.Body)
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, "[%d, %d]", len(text), len(r.TransferEncoding))
		}))
		srv.EnableHTTP2 = http2
		srv.StartTLS()
		c := newClient(t, srv.URL, testOperations, WithTLSConfig(srv.Client().Transport.(*http.Transport).TLSClientConfig))
		got, err := Decode[[]int](c.Do(newRequest(t, "GET", srv.URL+"/trigger", "")))
		if err != nil || fmt.Sprint(*got) != "[0 0]" {
			t.Errorf("HTTP/2 %v: %v, %v", http2, got, err)
		}
		c.CloseIdleConnections()
		srv.Close()
	}
}

// TestNotSent uses real connections that cannot be made: these are repeated even for unsafe operations, and nothing
// may have been applied.
func TestNotSent(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := "http://" + listener.Addr().String()
	_ = listener.Close()
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	untrusted := httptest.NewTLSServer(http.NotFoundHandler())
	untrusted.Config.ErrorLog = nil
	defer untrusted.Close()
	for _, test := range []struct {
		name, base, hint string
		tries            int
	}{
		{"refused", closed, "", 2},
		{"plain HTTP", strings.Replace(plain.URL, "http://", "https://", 1), "speaks plain HTTP", 1},
		{"untrusted", untrusted.URL, "not trusted", 1},
	} {
		c := newClient(t, test.base, testOperations, WithRetry(RetryOptions{Base: 1, MaxAttempts: 2}))
		_, err := c.Do(newRequest(t, "POST", test.base+"/jobs", "{}"))
		var e *apierr.Error
		if !errors.As(err, &e) || e.Kind != apierr.KindUnavailable || e.MayHaveApplied || e.Attempts != test.tries || !strings.Contains(e.Hint, test.hint) {
			t.Errorf("%s: %#v", test.name, err)
		}
		c.CloseIdleConnections()
	}
}

// TestWaitingForConnectionIsNotSent: a try that timed out while all connections were busy sent nothing.
func TestWaitingForConnectionIsNotSent(t *testing.T) {
	release, busy := make(chan struct{}), make(chan struct{})
	var seen atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			seen.Add(1)
		} else {
			close(busy)
		}
		<-release
	}))
	defer srv.Close()
	defer close(release)
	rt := newHTTPTransport(nil, nil, 1, defaultIdle)
	c := newClient(t, srv.URL, testOperations, WithRoundTripper(rt), WithRetry(RetryOptions{MaxAttempts: 1}))
	go func() { _ = Discard(c.Do(newRequest(t, "GET", srv.URL+"/events", ""))) }()
	<-busy // the one connection is taken
	req := newRequest(t, "POST", srv.URL+"/jobs", "{}")
	_, err := c.Do(req.WithContext(WithCallTimeout(t.Context(), 50*time.Millisecond)))
	var e *apierr.Error
	if !errors.As(err, &e) || e.Kind != apierr.KindTimeout || e.MayHaveApplied || seen.Load() != 0 {
		t.Errorf("%#v, %d requests", err, seen.Load())
	}
}
