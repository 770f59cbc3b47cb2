package transport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

type spanKey struct{}

// recorder has every hook.
type recorder struct {
	mu     sync.Mutex
	events []string
}

func (r *recorder) add(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, fmt.Sprintf(format, args...))
}

func (r *recorder) OnCallStart(ctx context.Context, c Call) context.Context {
	r.add("start %s %s %s %s", c.Service, c.Operation, c.Method, c.Route)
	return context.WithValue(ctx, spanKey{}, "span")
}
func (r *recorder) OnCallEnd(ctx context.Context, e CallEnd) {
	r.add("end %d attempts=%d err=%v span=%v", e.Status, e.Attempts, e.Err != nil, ctx.Value(spanKey{}))
}
func (r *recorder) OnAttempt(ctx context.Context, a Attempt) {
	r.add("attempt %d status=%d %s err=%v span=%v", a.Attempt, a.Status, a.Duration, a.Err != nil, ctx.Value(spanKey{}))
}
func (r *recorder) OnRetry(_ context.Context, a Retry) {
	r.add("retry after %d pause=%v kind=%s", a.Attempt, a.Pause > 0, a.Err.Kind)
}
func (r *recorder) OnThrottle(_ context.Context, a Throttle) {
	r.add("throttle waited=%s err=%v", a.Waited.Round(time.Millisecond), a.Err != nil)
}
func (r *recorder) OnTokenRefresh(_ context.Context, a TokenRefresh) {
	r.add("token %s err=%v", a.Service, a.Err)
}

func TestHooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{}
		sent := 0
		c := newClient(t, "https://api.example.com", testOperations, WithService("acme"), WithHooks(r),
			WithAuth(Tokens(&counter{})), WithLimits(LimitOptions{RequestsPerSecond: 1, Burst: 1}),
			WithRetry(RetryOptions{ThrottleBase: time.Millisecond}), WithRoundTripper(roundTripper(
				func(req *http.Request) (*http.Response, error) {
					if req.Context().Value(spanKey{}) != "span" {
						t.Error("the hook's context did not reach the request")
					}
					time.Sleep(time.Second)
					if sent++; sent == 1 {
						return answer(req, 429, "", ""), nil
					}
					return answer(req, 200, "application/json", "{}"), nil
				})))
		if err := Discard(c.Do(newRequest(t, "GET", "https://api.example.com/jobs/7?secret=x", ""))); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Do(newRequest(t, "GET", "https://api.example.com/jobs/", "")); err == nil {
			t.Fatal("a bad path was sent")
		}
		want := []string{
			"start acme getJob GET /jobs/{jobId}",
			"token acme err=<nil>",
			"throttle waited=0s err=true",
			"attempt 1 status=429 1s err=true span=span",
			"retry after 1 pause=true kind=rate limited",
			"throttle waited=2s err=false",
			"attempt 2 status=200 1s err=false span=span",
			"end 200 attempts=2 err=false span=span",
		}
		for i, event := range r.events {
			// The pause and the slower rate make this one vary.
			if strings.HasPrefix(event, "throttle waited=") && !strings.HasPrefix(event, "throttle waited=0s") {
				r.events[i] = "throttle waited=2s err=false"
			}
		}
		if !slices.Equal(r.events, want) {
			t.Errorf("%s", strings.Join(r.events, "\n"))
		}
	})
}

func TestLogger(t *testing.T) {
	for level, want := range map[slog.Level][]string{
		slog.LevelDebug: {"request sent", "attempt=4", "status=503", "request will be repeated", "retries given up", "operation=getJob", "route=/jobs/{jobId}", "token fetched"},
		slog.LevelInfo:  {"retries given up", "all tries are used up"},
		slog.LevelError: {},
	} {
		synctest.Test(t, func(t *testing.T) {
			var b bytes.Buffer
			c := newClient(t, "https://api.example.com", testOperations, WithService("acme"), WithAuth(Tokens(&counter{})),
				WithLogger(slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{Level: level}))), WithRoundTripper(roundTripper(withStatus(503))))
			_, err := c.Do(newRequest(t, "GET", "https://api.example.com/jobs/this-job?x=y", ""))
			if !errors.Is(err, apierr.ErrUnavailable) {
				t.Fatal(err)
			}
			for _, text := range want {
				if !strings.Contains(b.String(), text) {
					t.Errorf("%s: %q is not logged:\n%s", level, text, b.String())
				}
			}
			if len(want) == 0 && b.Len() > 0 || level == slog.LevelInfo && strings.Count(b.String(), "\n") != 1 {
				t.Errorf("%s: %s", level, b.String())
			}
			if strings.Contains(b.String(), "this-job") || strings.Contains(b.String(), "x=y") || strings.Contains(b.String(), "token-1") {
				t.Errorf("too much is logged: %s", b.String())
			}
		})
	}
}
