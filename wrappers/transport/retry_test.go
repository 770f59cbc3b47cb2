package transport

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// failure is a way in which a try can end.
type failure struct {
	name string
	make func(*http.Request) (*http.Response, error)
	// tries of a safe, an idempotent and an unsafe operation, and whether the last may have been applied
	safe, idempotent, unsafe int
	mayHaveApplied           bool
	kind                     apierr.Kind
}

func withStatus(status int, header ...string) func(*http.Request) (*http.Response, error) {
	return func(r *http.Request) (*http.Response, error) {
		return answer(r, status, "application/json", `{"message":"sorry"}`, header...), nil
	}
}

func withError(err error) func(*http.Request) (*http.Response, error) {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

// brokenBody ends with an error after its text.
type brokenBody struct {
	io.Reader
	err error
}

func (b *brokenBody) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err == io.EOF {
		err = b.err
	}
	return n, err
}
func (b *brokenBody) Close() error { return nil }

func brokenOff(text string, err error) func(*http.Request) (*http.Response, error) {
	return func(r *http.Request) (*http.Response, error) {
		resp := answer(r, 200, "application/json", "")
		resp.Body = &brokenBody{strings.NewReader(text), err}
		return resp, nil
	}
}

var failures = []failure{
	{"dial", withError(&net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}), 4, 4, 4, false, apierr.KindUnavailable},
	{"dial in url.Error", withError(&url.Error{Op: "Get", URL: "https://x/?k=v", Err: &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}}), 4, 4, 4, false, apierr.KindUnavailable},
	{"DNS", withError(&net.DNSError{Err: "no such host", Name: "x", IsNotFound: true}), 4, 4, 4, false, apierr.KindUnavailable},
	{"TLS handshake", withError(tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"}), 4, 4, 4, false, apierr.KindUnavailable},
	{"refused stream", withError(refusedStreamError{Code: http2RefusedStream}), 4, 4, 4, false, apierr.KindUnavailable},
	{"refused stream text", withError(errors.New("http2: Transport: cannot retry err [stream error: stream ID 1; REFUSED_STREAM] after")), 4, 4, 4, false, apierr.KindUnavailable},
	{"other stream error", withError(refusedStreamError{Code: 2}), 4, 4, 1, true, apierr.KindUnavailable},
	{"certificate", withError(&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}), 1, 1, 1, false, apierr.KindUnavailable},
	{"plain HTTP", withError(http.ErrSchemeMismatch), 1, 1, 1, false, apierr.KindUnavailable},
	{"reset", withError(&net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}), 4, 4, 1, true, apierr.KindUnavailable},
	{"EOF", withError(io.EOF), 4, 4, 1, true, apierr.KindUnavailable},
	{"unknown error", withError(errors.New("something")), 4, 4, 1, true, apierr.KindUnavailable},
	{"net timeout", withError(&net.OpError{Op: "read", Err: context.DeadlineExceeded}), 4, 4, 1, true, apierr.KindTimeout},
	{"400", withStatus(400), 1, 1, 1, false, apierr.KindInvalid},
	{"401", withStatus(401), 1, 1, 1, false, apierr.KindUnauthenticated},
	{"403", withStatus(403), 1, 1, 1, false, apierr.KindPermissionDenied},
	{"404", withStatus(404), 1, 1, 1, false, apierr.KindNotFound},
	{"405", withStatus(405), 1, 1, 1, false, apierr.KindUnsupported},
	{"408", withStatus(408), 4, 4, 1, true, apierr.KindTimeout},
	{"409", withStatus(409), 1, 1, 1, false, apierr.KindConflict},
	{"418", withStatus(418), 1, 1, 1, false, apierr.KindUnexpected},
	{"429", withStatus(429), 4, 4, 4, false, apierr.KindRateLimited},
	{"500", withStatus(500), 4, 1, 1, true, apierr.KindUnavailable},
	{"501", withStatus(501), 1, 1, 1, false, apierr.KindUnsupported},
	{"502", withStatus(502), 4, 4, 1, true, apierr.KindUnavailable},
	{"503", withStatus(503), 4, 4, 1, true, apierr.KindUnavailable},
	{"504", withStatus(504), 4, 4, 1, true, apierr.KindTimeout},
	{"300", withStatus(300), 1, 1, 1, true, apierr.KindUnexpected},
	{"304", withStatus(304), 1, 1, 1, true, apierr.KindUnexpected},
	{"307 without location", withStatus(307), 1, 1, 1, false, apierr.KindUnexpected},
	{"101", withStatus(101), 1, 1, 1, true, apierr.KindUnexpected},
	{"429 for an hour", withStatus(429, "Retry-After", "3600"), 1, 1, 1, false, apierr.KindRateLimited},
	{"503 for an hour", withStatus(503, "Retry-After", "3600"), 1, 1, 1, true, apierr.KindUnavailable},
	{"429 for a second", withStatus(429, "Retry-After", "1"), 4, 4, 4, false, apierr.KindRateLimited},
	{"429 garbage", withStatus(429, "Retry-After", "soon"), 4, 4, 4, false, apierr.KindRateLimited},
	{"429 negative", withStatus(429, "Retry-After", "-1"), 4, 4, 4, false, apierr.KindRateLimited},
	{"broken off", brokenOff(`{"a":`, io.ErrUnexpectedEOF), 4, 4, 1, true, apierr.KindUnavailable},
	{"reset in the body", brokenOff(`{"a":`, syscall.ECONNRESET), 4, 4, 1, true, apierr.KindUnavailable},
	{"HTML", func(r *http.Request) (*http.Response, error) { return answer(r, 200, "text/html", "<html>"), nil }, 1, 1, 1, true, apierr.KindDecode},
}

// TestRetryTable goes through the table of the package documentation.
func TestRetryTable(t *testing.T) {
	for _, f := range failures {
		for _, op := range []struct {
			method, path, body string
			tries              int
		}{
			{"GET", "/jobs", "", f.safe},
			{"POST", "/search", "{}", f.safe},
			{"PUT", "/sources/7", "{}", f.idempotent},
			{"POST", "/jobs", "{}", f.unsafe},
			{"GET", "/trigger", "", f.unsafe},
			{"GET", "/in/no/table", "", f.unsafe},
		} {
			if f.name == "HTML" && op.path == "/in/no/table" {
				continue // nothing is known about its content
			}
			if (f.name == "broken off" || f.name == "reset in the body") && op.path == "/in/no/table" {
				continue // it is streamed
			}
			t.Run(f.name+" "+op.method+" "+op.path, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					sent := 0
					c := newClient(t, "https://api.example.com", testOperations, WithRoundTripper(roundTripper(
						func(r *http.Request) (*http.Response, error) {
							sent++
							if r.Body != nil {
								_, _ = io.Copy(io.Discard, r.Body)
							}
							return f.make(r)
						})))
					_, err := c.Do(newRequest(t, op.method, "https://api.example.com"+op.path, op.body))
					var e *apierr.Error
					if !errors.As(err, &e) {
						t.Fatal(err)
					}
					unsafe := op.tries == f.unsafe && (op.path == "/jobs" && op.method == "POST" || op.path == "/trigger" || op.path == "/in/no/table")
					if sent != op.tries || e.Attempts != op.tries || e.Kind != f.kind {
						t.Errorf("%d tries, %d attempts, kind %s; want %d, %s", sent, e.Attempts, e.Kind, op.tries, f.kind)
					}
					if e.MayHaveApplied != (unsafe && f.mayHaveApplied) {
						t.Errorf("MayHaveApplied %v: %v", e.MayHaveApplied, err)
					}
					var u *url.Error
					if errors.As(err, &u) || strings.Contains(err.Error(), "k=v") {
						t.Errorf("the URL is shown: %v", err)
					}
				})
			})
		}
	}
}

// TestRetrySucceeds: a call that a later try saves is a success.
func TestRetrySucceeds(t *testing.T) {
	for _, f := range failures {
		if f.safe == 1 {
			continue
		}
		synctest.Test(t, func(t *testing.T) {
			sent := 0
			c := newClient(t, "https://api.example.com", testOperations, WithRoundTripper(roundTripper(
				func(r *http.Request) (*http.Response, error) {
					if sent++; sent < 4 {
						return f.make(r)
					}
					return answer(r, 200, "application/json", `[1]`), nil
				})))
			got, err := Decode[[]int](c.Do(newRequest(t, http.MethodGet, "https://api.example.com/jobs", "")))
			if err != nil || len(*got) != 1 {
				t.Errorf("%s: %v", f.name, err)
			}
		})
	}
}

// TestPauses looks at when the tries are made.
func TestPauses(t *testing.T) {
	for _, test := range []struct {
		name      string
		make      func(*http.Request) (*http.Response, error)
		options   RetryOptions
		low, high []time.Duration
	}{
		{"jitter", withStatus(503), RetryOptions{}, []time.Duration{0, 0, 0}, []time.Duration{250 * time.Millisecond, 500 * time.Millisecond, time.Second}},
		{"throttled", withStatus(429), RetryOptions{}, []time.Duration{0, 0, 0}, []time.Duration{time.Second, 2 * time.Second, 4 * time.Second}},
		{"cap", withStatus(503), RetryOptions{MaxAttempts: 8, Base: time.Second, Cap: 3 * time.Second}, make([]time.Duration, 7),
			[]time.Duration{time.Second, 2 * time.Second, 3 * time.Second, 3 * time.Second, 3 * time.Second, 3 * time.Second, 3 * time.Second}},
		{"retry-after", withStatus(429, "Retry-After", "30"), RetryOptions{},
			[]time.Duration{30 * time.Second, 30 * time.Second, 30 * time.Second}, []time.Duration{31 * time.Second, 32 * time.Second, 33 * time.Second}},
		{"retry-after 0", withStatus(503, "Retry-After", "0"), RetryOptions{}, []time.Duration{0, 0, 0}, []time.Duration{250 * time.Millisecond, 500 * time.Millisecond, time.Second}},
	} {
		synctest.Test(t, func(t *testing.T) {
			var at []time.Time
			c := newClient(t, "https://api.example.com", testOperations, WithRetry(test.options), WithRoundTripper(roundTripper(
				func(r *http.Request) (*http.Response, error) {
					at = append(at, time.Now())
					return test.make(r)
				})))
			_, _ = c.Do(newRequest(t, http.MethodGet, "https://api.example.com/jobs", ""))
			if len(at) != len(test.low)+1 {
				t.Fatalf("%s: %d tries", test.name, len(at))
			}
			for i := range test.low {
				if pause := at[i+1].Sub(at[i]); pause < test.low[i] || pause > test.high[i] {
					t.Errorf("%s: pause %d is %s, want %s to %s", test.name, i+1, pause, test.low[i], test.high[i])
				}
			}
		})
	}
}

// TestJitterIsFull: over many calls the first pause takes all of its range.
func TestJitterIsFull(t *testing.T) {
	c := newClient(t, "https://api.example.com", testOperations)
	cl := &call{client: c, ctx: t.Context()}
	var low, high int
	for range 1000 {
		pause, why := c.pause(cl, &apierr.Error{Status: 503}, 1)
		if why != "" || pause < 0 || pause > 250*time.Millisecond {
			t.Fatal(pause, why)
		}
		if pause < 25*time.Millisecond {
			low++
		}
		if pause > 225*time.Millisecond {
			high++
		}
	}
	if low < 50 || high < 50 {
		t.Errorf("%d low and %d high pauses of 1000, want about 100 each", low, high)
	}
}

// TestRetryAfterBeyondDeadline: what cannot be waited for comes back at once, with the time in it.
func TestRetryAfterBeyondDeadline(t *testing.T) {
	for _, test := range []struct {
		retryAfter, deadline time.Duration
	}{{30 * time.Second, 20 * time.Second}, {time.Hour, 2 * time.Hour}, {time.Hour, 0}} {
		synctest.Test(t, func(t *testing.T) {
			c := newClient(t, "https://api.example.com", testOperations, WithRoundTripper(roundTripper(
				withStatus(429, "Retry-After", fmt.Sprint(int(test.retryAfter.Seconds()))))))
			ctx := t.Context()
			if test.deadline > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, test.deadline)
				defer cancel()
			}
			start := time.Now()
			_, err := c.Do(newRequest(t, http.MethodGet, "https://api.example.com/jobs", "").WithContext(ctx))
			var e *apierr.Error
			if !errors.As(err, &e) || e.Kind != apierr.KindRateLimited || e.RetryAfter != test.retryAfter || e.Attempts != 1 {
				t.Errorf("%#v", err)
			}
			if time.Since(start) != 0 {
				t.Errorf("it took %s", time.Since(start))
			}
		})
	}
}

// TestCancelWhilePausing returns in no time at all, with the last error and the cause.
func TestCancelWhilePausing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, "https://api.example.com", testOperations, WithRoundTripper(roundTripper(
			withStatus(429, "Retry-After", "30", "X-Request-Id", "id-1"))))
		why := errors.New("shutting down")
		ctx, cancel := context.WithCancelCause(t.Context())
		done := make(chan error)
		go func() {
			_, err := c.Do(newRequest(t, http.MethodPost, "https://api.example.com/jobs", "{}").WithContext(ctx))
			done <- err
		}()
		time.Sleep(10 * time.Second)
		start := time.Now()
		cancel(why)
		err := <-done
		if time.Since(start) != 0 {
			t.Errorf("it took %s to return", time.Since(start))
		}
		var e *apierr.Error
		if !errors.As(err, &e) || e.Kind != apierr.KindCanceled || e.Attempts != 1 || e.RequestID != "id-1" || e.MayHaveApplied {
			t.Errorf("%#v", err)
		}
		for _, target := range []error{apierr.ErrCanceled, apierr.ErrRateLimited, context.Canceled, why} {
			if !errors.Is(err, target) {
				t.Errorf("%v is not %v", err, target)
			}
		}
	})
}

// TestBudget: a service that is down costs at most 100 retries, whoever calls.
func TestBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		sent, down := 0, true
		c := newClient(t, "https://api.example.com", testOperations, WithRoundTripper(roundTripper(
			func(r *http.Request) (*http.Response, error) {
				mu.Lock()
				defer mu.Unlock()
				sent++
				if down {
					return nil, io.EOF
				}
				return answer(r, 200, "application/json", "{}"), nil
			})))
		const calls = 300
		var wg sync.WaitGroup
		for range calls {
			wg.Go(func() {
				if err := Discard(c.Do(newRequest(t, http.MethodGet, "https://api.example.com/jobs", ""))); err == nil {
					t.Error("a success while the service was down")
				}
			})
		}
		wg.Wait()
		if sent != calls+100 {
			t.Errorf("%d requests for %d calls, want 100 retries", sent, calls)
		}
		// Successes earn retries again: five of them pay for one.
		down, sent = false, 0
		for range 5 {
			_ = Discard(c.Do(newRequest(t, http.MethodGet, "https://api.example.com/jobs", "")))
		}
		down = true
		_ = Discard(c.Do(newRequest(t, http.MethodGet, "https://api.example.com/jobs", "")))
		if sent != 5+2 {
			t.Errorf("%d requests, want 7", sent)
		}
	})
}

func TestBudgetIsGivenBack(t *testing.T) {
	var b budget
	b.init(10)
	for i, want := range []bool{true, true, false} {
		if b.take() != want {
			t.Fatalf("retry %d: %v", i+1, !want)
		}
	}
	b.give(100)
	if b.left.Load() != 10 {
		t.Fatal("the budget grew beyond its limit")
	}
	b.init(noBudget)
	for range 1000 {
		if !b.take() {
			t.Fatal("no budget ran out")
		}
	}
}
