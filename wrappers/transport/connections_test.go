package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// countingServer counts the connections that are opened to it.
func countingServer(t *testing.T, http2 bool, handler http.HandlerFunc) (*httptest.Server, *atomic.Int64, Option) {
	t.Helper()
	opened := &atomic.Int64{}
	srv := httptest.NewUnstartedServer(handler)
	srv.EnableHTTP2 = http2
	srv.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	srv.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	srv.StartTLS()
	t.Cleanup(srv.Close)
	return srv, opened, WithTLSConfig(srv.Client().Transport.(*http.Transport).TLSClientConfig)
}

// TestConnections: 100 waiters over TLS open at most 64 connections of HTTP/1.1, or 5 of HTTP/2, for 6,000 requests.
func TestConnections(t *testing.T) {
	for _, test := range []struct {
		http2 bool
		most  int64
		proto string
	}{{false, 64, "HTTP/1.1"}, {true, 5, "HTTP/2.0"}} {
		srv, opened, trust := countingServer(t, test.http2, func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(2 * time.Millisecond)
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, "%q", r.Proto)
		})
		c := newClient(t, srv.URL, testOperations, trust)
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				for range 60 {
					proto, err := Decode[string](c.Do(newRequest(t, "GET", srv.URL+"/jobs/7", "")))
					if err != nil || *proto != test.proto {
						t.Error(proto, err)
						return
					}
				}
			})
		}
		wg.Wait()
		if n := opened.Load(); n > test.most {
			t.Errorf("%s: %d connections, want at most %d", test.proto, n, test.most)
		} else {
			t.Logf("%s: %d connections for 6,000 requests", test.proto, n)
		}
		c.CloseIdleConnections()
	}
}

// pipes is a network in memory, so that a test under synctest has connections: what is dialed is accepted.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func newPipes() *pipes { return &pipes{make(chan net.Conn), make(chan struct{})} }

func (p *pipes) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case p.conns <- server:
		return client, nil
	case <-p.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.conns:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.closed); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

// TestNoConnectionIsLost: one after the other, answers of every sort leave their connection to the next. The clock is virtual,
// because what is drained has a quarter of a second: on a busy machine that passes, and the connection is lost rightly.
func TestNoConnectionIsLost(t *testing.T) {
	srv, _, _ := countingServer(t, false, func(http.ResponseWriter, *http.Request) {}) // for its certificate
	synctest.Test(t, func(t *testing.T) { noConnectionIsLost(t, srv) })
}

func noConnectionIsLost(t *testing.T, certified *httptest.Server) {
	row := `{"id":1,"name":"` + strings.Repeat("x", 300) + `"}`
	var opened atomic.Int64
	network := newPipes()
	srv := &http.Server{TLSConfig: certified.TLS.Clone(), ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError), ConnState: func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}}
	srv.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rows := 0
		_, _ = fmt.Sscan(r.URL.Query().Get("rows"), &rows)
		status := http.StatusOK
		_, _ = fmt.Sscan(r.URL.Query().Get("status"), &status)
		w.Header().Set("Content-Type", "application/json")
		if status >= 300 && status < 400 {
			w.Header().Set("Location", "https://elsewhere.example.com/")
		}
		w.WriteHeader(status)
		// Chunked, and in pieces, as lists are.
		_, _ = io.WriteString(w, "[")
		for i := range rows {
			if i > 0 {
				_, _ = io.WriteString(w, ",")
			}
			_, _ = io.WriteString(w, row)
			if i%10 == 0 {
				w.(http.Flusher).Flush()
			}
		}
		_, _ = io.WriteString(w, "]")
	})
	go func() { _ = srv.ServeTLS(network, "", "") }()
	defer srv.Close()
	conns := newConnections(true, nil, certified.Client().Transport.(*http.Transport).TLSClientConfig, defaultIdle)
	conns.shared.DialContext, conns.single.DialContext = network.DialContext, network.DialContext
	defer conns.CloseIdleConnections()
	const base = "https://example.com"
	c := newClient(t, base, testOperations, WithRoundTripper(conns), WithRetry(RetryOptions{Base: 1, ThrottleBase: 1, MaxAttempts: 2}))
	use := func(path string, take func(*http.Response)) {
		resp, err := c.Do(newRequest(t, "GET", base+path, ""))
		if err != nil {
			var e *apierr.Error
			if !errors.As(err, &e) || e.Status == 0 {
				t.Fatal(path, err)
			}
			return
		}
		take(resp)
		_ = resp.Body.Close()
	}
	nothing := func(*http.Response) {}
	for rows := 0; rows <= 200; rows += 10 {
		use(fmt.Sprintf("/jobs?rows=%d", rows), func(r *http.Response) {
			if _, err := Decode[[]item](r, nil); err != nil {
				t.Error(err)
			}
		})
		use(fmt.Sprintf("/jobs?rows=%d", rows), nothing)
		use(fmt.Sprintf("/events?rows=%d", rows), nothing) // streamed, closed unread
		use(fmt.Sprintf("/events?rows=%d", rows), func(r *http.Response) { _, _ = r.Body.Read(make([]byte, 10)) })
		use(fmt.Sprintf("/export?rows=%d", rows), nothing) // not the content it should be
		for _, status := range []int{302, 400, 404, 409, 429, 500, 503} {
			use(fmt.Sprintf("/jobs?rows=%d&status=%d", rows, status), nothing)
		}
	}
	// One found out that the service speaks HTTP/1.1, and one carried everything else.
	if n := opened.Load(); n != 2 {
		t.Errorf("%d connections were opened, want 2", n)
	}
}

// TestCancelReal: a cancelled context returns within 10 ms from a real connection that gives nothing.
func TestCancelReal(t *testing.T) {
	release := make(chan struct{})
	srv, _, trust := countingServer(t, false, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/jobs/silent" {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"a":`)
			w.(http.Flusher).Flush()
		}
		<-release
	})
	defer close(release)
	c := newClient(t, srv.URL, testOperations, trust)
	for _, path := range []string{"/jobs/silent", "/jobs/half", "/events"} {
		quickest := time.Hour
		for range 50 { // a busy machine may hold some back, not all
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() {
				_, err := Decode[item](c.Do(newRequest(t, "GET", srv.URL+path, "").WithContext(ctx)))
				done <- err
			}()
			time.Sleep(100 * time.Millisecond)
			start := time.Now()
			cancel()
			err := <-done
			quickest = min(quickest, time.Since(start))
			if !errors.Is(err, apierr.ErrCanceled) || !errors.Is(err, context.Canceled) {
				t.Errorf("%s: %v", path, err)
			}
			if quickest <= 10*time.Millisecond || raceEnabled {
				break
			}
		}
		if quickest > 10*time.Millisecond && !raceEnabled {
			t.Errorf("%s: it took %s to return", path, quickest)
		}
	}
}

// TestHTTP2Refused: a server that goes away tells which requests it did not look at; these are sent again.
func TestHTTP2Refused(t *testing.T) {
	var served atomic.Int64
	srv, opened, trust := countingServer(t, true, func(w http.ResponseWriter, r *http.Request) {
		n := served.Add(1)
		if n%10 == 0 {
			w.Header().Set("Connection", "close") // makes net/http's HTTP/2 server send GOAWAY
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, "{}")
	})
	c := newClient(t, srv.URL, testOperations, trust)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			for range 25 {
				if err := Discard(c.Do(newRequest(t, "POST", srv.URL+"/jobs", `{"a":1}`))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if n := served.Load(); n != 500 {
		t.Errorf("500 unsafe calls were served %d times", n)
	}
	t.Logf("%d connections", opened.Load())
	c.CloseIdleConnections()
}

func TestIdleTimeout(t *testing.T) {
	for want, opts := range map[time.Duration][]Option{defaultIdle: nil, 7 * time.Second: {WithIdleTimeout(7 * time.Second)}} {
		c := newClient(t, "https://api.example.com", testOperations, opts...)
		rt := c.roundTripper.(*connections)
		if rt.single.IdleConnTimeout != want || rt.shared.IdleConnTimeout != want {
			t.Errorf("%s and %s, want %s", rt.single.IdleConnTimeout, rt.shared.IdleConnTimeout, want)
		}
		if _, err := c.With(WithIdleTimeout(time.Second)); err == nil {
			t.Error("With changed the connections that it shares")
		}
	}
	if _, err := New("https://api.example.com", nil, WithIdleTimeout(0)); err == nil {
		t.Error("no time is accepted")
	}
}
