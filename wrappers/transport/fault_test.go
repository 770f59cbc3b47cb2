package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// fault is what happens to one request. It reports whether the service carried the request out, which is what the
// caller's error has to be right about.
type fault func(ctx context.Context, r *http.Request) (resp *http.Response, err error, processed bool)

func status(code int, processed bool, header ...string) fault {
	return func(_ context.Context, r *http.Request) (*http.Response, error, bool) {
		return answer(r, code, "application/json", `{"message":"sorry"}`, header...), nil, processed
	}
}

func lost(err error, processed bool) fault {
	return func(context.Context, *http.Request) (*http.Response, error, bool) { return nil, err, processed }
}

func answered(text, contentType string, err error) fault {
	if err == nil {
		err = io.EOF
	}
	return func(_ context.Context, r *http.Request) (*http.Response, error, bool) {
		resp := answer(r, 200, contentType, "")
		resp.Body = &brokenBody{strings.NewReader(text), err}
		return resp, nil, true
	}
}

func stalled(processed bool) fault {
	return func(ctx context.Context, r *http.Request) (*http.Response, error, bool) {
		<-ctx.Done()
		return nil, ctx.Err(), processed
	}
}

// faults are the ways of a network and a service. Those that are certain not to have been processed tell so.
var faults = []fault{
	lost(&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, false),
	lost(&net.DNSError{Err: "no such host", IsNotFound: true}, false),
	lost(errors.New("http2: Transport received Server's graceful shutdown GOAWAY"), false),
	lost(&net.OpError{Op: "read", Err: syscall.ECONNRESET}, false), // reset before the request was read
	lost(&net.OpError{Op: "read", Err: syscall.ECONNRESET}, true),  // reset after it was carried out
	lost(io.EOF, true), lost(io.ErrUnexpectedEOF, false),
	stalled(false), stalled(true),
	status(400, false), status(401, false), status(403, false), status(404, false), status(409, false),
	status(408, true), status(408, false), status(429, false), status(429, false, "Retry-After", "3"),
	status(429, false, "Retry-After", "3600"), status(429, false, "Retry-After", "-1"),
	status(500, true), status(500, false), status(502, true), status(502, false), status(503, false), status(504, true),
	status(503, false, "Retry-After", "Fri, 20 Nov 2099 12:00:00 GMT"),
	status(302, false, "Location", "https://evil.example.com/"), status(303, true, "Location", "/jobs/1"),
	answered(`{"id":`, "application/json", io.ErrUnexpectedEOF), answered(`{"id":`, "application/json", syscall.ECONNRESET),
	answered(`{"id":`, "application/json", nil), answered(``, "application/json", nil), answered("<html>", "text/html", nil),
}

// TestFaults runs 100,000 calls through random faults. An unsafe call is carried out at most once, and whoever gets
// an error without MayHaveApplied knows that it was not carried out at all. Safe calls fail rarely.
func TestFaults(t *testing.T) {
	calls := 100_000
	if raceEnabled || testing.Short() {
		calls = 20_000
	}
	synctest.Test(t, func(t *testing.T) {
		var processed sync.Map // request id → *atomic.Int64
		handler := roundTripper(func(r *http.Request) (*http.Response, error) {
			ctx := r.Context()
			if r.Body != nil {
				if text, err := io.ReadAll(r.Body); err != nil || string(text) != "{}" && r.Method != http.MethodGet {
					t.Errorf("the body of a try is %q, %v", text, err)
				}
			}
			f := status(200, true)
			// Half of all tries go wrong: far more than any service that still works.
			if rand.IntN(2) == 0 {
				f = faults[rand.IntN(len(faults))]
			}
			resp, err, done := f(ctx, r)
			if done {
				n, _ := processed.LoadOrStore(r.Header.Get("X-Request-Id"), new(atomic.Int64))
				n.(*atomic.Int64).Add(1)
			}
			return resp, err
		})
		c := newClient(t, "https://api.example.com", testOperations, WithRoundTripper(handler), WithTimeout(10*time.Second),
			WithAuth(Tokens(&counter{})), WithRetry(RetryOptions{Budget: -1}), WithLimits(LimitOptions{InFlight: 50}))
		var unknown, failed, succeeded, safeFailed, safeCalls atomic.Int64
		var next atomic.Int64
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				for {
					n := next.Add(1)
					if n > int64(calls) {
						return
					}
					id := fmt.Sprint(n)
					method, path, text, unsafe := "POST", "/jobs", "{}", true
					switch n % 5 {
					case 0:
						method, path, text = "GET", "/trigger", ""
					case 1:
						method, path, text = "PATCH", "/in/no/table", "{}"
					case 2:
						method, path, text, unsafe = "GET", "/jobs", "", false
					}
					patience := time.Hour
					if n%7 == 0 {
						patience = time.Duration(rand.IntN(20_000)) * time.Millisecond
					}
					ctx, cancel := context.WithTimeout(t.Context(), patience)
					var reader io.Reader
					if text != "" {
						reader = strings.NewReader(text)
					}
					req, err := http.NewRequestWithContext(ctx, method, "https://api.example.com"+path, reader)
					if err != nil {
						t.Error(err)
						cancel()
						return
					}
					req.Header.Set("X-Request-Id", id)
					_, err = Decode[map[string]any](c.Do(req))
					ended := ctx.Err() != nil
					cancel()
					var times int64
					if v, ok := processed.Load(id); ok {
						times = v.(*atomic.Int64).Load()
					}
					var e *apierr.Error
					switch {
					case err != nil && !errors.As(err, &e):
						t.Errorf("%s: an error of another type: %v", id, err)
					case !unsafe:
						if !ended {
							safeCalls.Add(1)
							if err != nil && e.Kind == apierr.KindUnavailable {
								safeFailed.Add(1)
							}
						}
						if err != nil && e.MayHaveApplied {
							t.Errorf("%s: a safe call may have been applied", id)
						}
					case times > 1:
						t.Errorf("%s: an unsafe call was carried out %d times: %v", id, times, err)
					case err == nil && times != 1:
						t.Errorf("%s: a success that was carried out %d times", id, times)
					case err != nil && !e.MayHaveApplied && times != 0:
						t.Errorf("%s: carried out, and the error does not say that it may have been: %v", id, err)
					case err == nil:
						succeeded.Add(1)
					case e.MayHaveApplied:
						unknown.Add(1)
					default:
						failed.Add(1)
					}
				}
			})
		}
		wg.Wait()
		t.Logf("unsafe: %d done, %d failed, %d unknown; safe: %d of %d failed", succeeded.Load(), failed.Load(), unknown.Load(), safeFailed.Load(), safeCalls.Load())
		if succeeded.Load() == 0 || failed.Load() == 0 || unknown.Load() == 0 {
			t.Error("a class of outcomes did not come about")
		}
		if c.limits.inFlight != [lanes]int{} {
			t.Error("a place in flight was lost", c.limits.inFlight)
		}
	})
}

// TestSafeCallsSucceed: at one fault in a hundred tries, four tries are enough.
func TestSafeCallsSucceed(t *testing.T) {
	const calls = 20_000
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, "https://api.example.com", testOperations, WithRoundTripper(roundTripper(
			func(r *http.Request) (*http.Response, error) {
				if rand.IntN(100) == 0 {
					resp, err, _ := []fault{status(502, true), status(429, false), lost(io.EOF, true), answered(`{"`, "application/json", io.ErrUnexpectedEOF)}[rand.IntN(4)](r.Context(), r)
					return resp, err
				}
				return answer(r, 200, "application/json", "{}"), nil
			})))
		failed := 0
		for range calls {
			if _, err := Decode[struct{}](c.Do(newRequest(t, "GET", "https://api.example.com/jobs", ""))); err != nil {
				failed++
			}
		}
		// The expectation is 10⁻⁸ of the calls.
		if failed > 1 {
			t.Errorf("%d of %d calls failed", failed, calls)
		}
	})
}
