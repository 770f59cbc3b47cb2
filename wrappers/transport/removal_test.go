package transport

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

const removals = `
DELETE /things/{id}  deleteThing  idempotent  content=none
DELETE /keyed/{id}   deleteKeyed  idempotent  content=none  idempotency-key=Idempotency-Key
`

// What a removal makes of the answers to its tries. 0 is a connection that breaks, page a gateway's 404.
func TestRemove(t *testing.T) {
	const reset, page, moved = 0, -404, 302
	again := func(n int, status ...int) (all []int) {
		for range n {
			all = append(all, status...)
		}
		return all
	}
	for name, tt := range map[string]struct {
		path     string
		statuses []int
		kind     error // nil: success
		maybe    bool
		took     time.Duration
	}{
		"done":                         {"/things/1", []int{204}, nil, false, 0},
		"lost, then absent":            {"/things/1", []int{reset, 404}, nil, false, time.Second},
		"lost, then gone":              {"/things/1", []int{reset, 410}, nil, false, time.Second},
		"500, then absent":             {"/things/1", []int{500, 404}, nil, false, time.Second},
		"502, 503, then done":          {"/things/1", []int{502, 503, 204}, nil, false, 3 * time.Second},
		"never there":                  {"/things/1", []int{404}, apierr.ErrNotFound, false, 0},
		"a gateway's page":             {"/things/1", []int{page}, apierr.ErrNotFound, false, 0},
		"lost, a page, then absent":    {"/things/1", []int{reset, page, 404}, nil, false, 3 * time.Second},
		"lost, then pages":             {"/things/1", []int{reset, page, page, page}, apierr.ErrUnavailable, true, 7 * time.Second},
		"lost, then refused":           {"/things/1", []int{reset, 403}, apierr.ErrPermissionDenied, true, time.Second},
		"refused":                      {"/things/1", []int{403}, apierr.ErrPermissionDenied, false, 0},
		"redirected":                   {"/things/1", []int{moved}, apierr.ErrUnexpected, true, 0},
		"lost for ever":                {"/things/1", again(4, reset), apierr.ErrUnavailable, true, 7 * time.Second},
		"key: lost, then absent":       {"/keyed/1", []int{reset, 404}, nil, false, 0},
		"key: lost, a page, absent":    {"/keyed/1", []int{reset, page, 404}, nil, false, time.Second},
		"key: lost, 500, then absent":  {"/keyed/1", []int{reset, 500, 404}, nil, false, time.Second},
		"key: lost, pages for ever":    {"/keyed/1", append([]int{reset}, again(4, page)...), apierr.ErrNotFound, true, 7 * time.Second},
		"key: 503, then never there":   {"/keyed/1", []int{503, 404}, nil, false, time.Second},
		"key: lost, then refused":      {"/keyed/1", []int{reset, 403}, apierr.ErrPermissionDenied, true, 0},
		"throttled, then never there":  {"/things/1", []int{429, 404}, apierr.ErrNotFound, false, 0},
		"lost, throttled, then absent": {"/things/1", []int{reset, 429, 404}, nil, false, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sent, keys := 0, map[string]int{}
				c := newClient(t, "https://api.example.com", removals, WithRetry(RetryOptions{Base: 1}), WithRoundTripper(roundTripper(func(r *http.Request) (*http.Response, error) {
					if sent == len(tt.statuses) {
						t.Fatal("one more try")
					}
					status := tt.statuses[sent]
					sent++
					for _, key := range r.Header[strings.ToLower("Idempotency-Key")] {
						if before := keys[key]; before != reset {
							t.Errorf("a key was sent again after a %d", before)
						}
						keys[key] = status
					}
					switch status {
					case reset:
						return nil, errors.New("connection reset")
					case page:
						return answer(r, 404, "text/html", "<html><title>nothing here</title></html>"), nil
					case moved:
						return answer(r, status, "", "", "Location", "/elsewhere"), nil
					case 204:
						return answer(r, status, "", ""), nil
					case 429:
						return answer(r, status, "application/json", `{"message":"slow down"}`), nil
					}
					return answer(r, status, "application/json", `{"message":"no"}`), nil
				})))
				began := time.Now()
				err := c.Remove(t.Context(), func(ctx context.Context) error {
					return Discard(c.Do(newRequest(t, "DELETE", "https://api.example.com"+tt.path, "").WithContext(ctx)))
				}, nil)
				took := time.Since(began)
				if tt.kind == nil && err != nil || tt.kind != nil && !errors.Is(err, tt.kind) {
					t.Errorf("%v, want %v", err, tt.kind)
				}
				if e, ok := errors.AsType[*apierr.Error](err); ok && e.MayHaveApplied != tt.maybe {
					t.Errorf("it may have been applied: %t: %v", e.MayHaveApplied, err)
				}
				if sent != len(tt.statuses) {
					t.Errorf("%d tries, want %d", sent, len(tt.statuses))
				}
				if slack := took - tt.took; slack < 0 || slack > time.Second {
					t.Errorf("it took %s, want %s", took, tt.took)
				}
			})
		})
	}
}

// A removal ends with its context, its budget and the service's word, and asks the caller what absence is.
func TestRemoveEnds(t *testing.T) {
	for name, tt := range map[string]struct {
		retry  RetryOptions
		header []string
		limit  time.Duration
		tries  int
		took   time.Duration
		is     error
	}{
		"no retries":        {RetryOptions{MaxAttempts: 1}, nil, 0, 1, 0, apierr.ErrUnavailable},
		"many":              {RetryOptions{MaxAttempts: 8}, nil, 0, 8, (1 + 2 + 4 + 8 + 16 + 20 + 20) * time.Second, apierr.ErrUnavailable},
		"a wide first step": {RetryOptions{ThrottleBase: time.Hour, Cap: 3 * time.Second}, nil, 0, 4, 9 * time.Second, apierr.ErrUnavailable},
		"no budget":         {RetryOptions{Budget: 2 * retryCost}, nil, 0, 3, 3 * time.Second, apierr.ErrUnavailable},
		"asked to wait":     {RetryOptions{}, []string{"Retry-After", "20"}, 0, 4, time.Minute, apierr.ErrUnavailable},
		"asked for longer":  {RetryOptions{}, []string{"Retry-After", "61"}, 0, 1, 0, apierr.ErrUnavailable},
		"deadline":          {RetryOptions{}, nil, 1500 * time.Millisecond, 2, 1500 * time.Millisecond, context.DeadlineExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tries := 0
				c := newClient(t, "https://api.example.com", removals, WithRetry(tt.retry), WithRoundTripper(roundTripper(func(r *http.Request) (*http.Response, error) {
					tries++
					return answer(r, 503, "application/json", `{"message":"later"}`, tt.header...), nil
				})))
				ctx := t.Context()
				if tt.limit > 0 {
					var stop context.CancelFunc
					ctx, stop = context.WithTimeout(ctx, tt.limit)
					defer stop()
				}
				began := time.Now()
				err := c.Remove(ctx, func(ctx context.Context) error {
					return Discard(c.Do(newRequest(t, "DELETE", "https://api.example.com/things/1", "").WithContext(ctx)))
				}, func(error) bool { return false })
				e, ok := errors.AsType[*apierr.Error](err)
				if !ok || !errors.Is(err, tt.is) || !errors.Is(err, apierr.ErrUnavailable) || !e.MayHaveApplied || e.Operation != "deleteThing" {
					t.Errorf("%#v", err)
				}
				if took := time.Since(began); tries != tt.tries || took != tt.took {
					t.Errorf("%d tries in %s", tries, took)
				}
			})
		})
	}
	// A caller's own key is not sent again after an answer, which a service that keeps keys would give again.
	tries := 0
	c := newClient(t, "https://api.example.com", removals, WithRoundTripper(roundTripper(func(r *http.Request) (*http.Response, error) {
		tries++
		return answer(r, 500, "application/json", `{"message":"boom"}`), nil
	})))
	err := c.Remove(WithIdempotencyKey(t.Context(), "mine-0001"), func(ctx context.Context) error {
		return Discard(c.Do(newRequest(t, "DELETE", "https://api.example.com/keyed/1", "").WithContext(ctx)))
	}, nil)
	if e, ok := errors.AsType[*apierr.Error](err); !ok || !e.MayHaveApplied || tries != 1 {
		t.Errorf("%d tries: %v", tries, err)
	}
	own := errors.New("not of a call")
	if err := c.Remove(t.Context(), func(context.Context) error { return own }, nil); !errors.Is(err, own) {
		t.Errorf("%v", err)
	}
}
