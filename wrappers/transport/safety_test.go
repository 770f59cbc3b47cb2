package transport

import (
	"context"
	"errors"
	"net/http"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// TestWithSafety: what the caller says about one call counts, not what the table says.
func TestWithSafety(t *testing.T) {
	for _, test := range []struct {
		name           string
		method, path   string
		say            func(context.Context) context.Context
		answer         func(*http.Request) (*http.Response, error)
		tries          int
		mayHaveApplied bool
	}{
		{"unsafe by the table", "POST", "/jobs", nil, withStatus(503), 1, true},
		{"idempotent by the caller", "POST", "/jobs", saying(Idempotent), withStatus(503), 4, false},
		{"idempotent by the caller, reset", "POST", "/jobs", saying(Idempotent), withError(syscall.ECONNRESET), 4, false},
		{"idempotent by the caller, 500", "POST", "/jobs", saying(Idempotent), withStatus(500), 1, false},
		{"safe by the caller, 500", "POST", "/jobs", saying(Safe), withStatus(500), 4, false},
		{"in no table", "POST", "/nowhere", nil, withStatus(503), 1, true},
		{"in no table, idempotent by the caller", "POST", "/nowhere", saying(Idempotent), withStatus(503), 4, false},
		{"unsafe by the caller", "GET", "/jobs", saying(Unsafe), withStatus(503), 1, true},
		{"the last word counts", "GET", "/jobs", func(ctx context.Context) context.Context {
			return WithSafety(WithSafety(ctx, Safe), Unsafe)
		}, withError(syscall.ECONNRESET), 1, true},
		{"not a safety", "GET", "/jobs", saying(Safe + 1), withStatus(503), 0, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tries := 0
				c := newClient(t, "https://api.example.com", testOperations, WithRoundTripper(roundTripper(
					func(r *http.Request) (*http.Response, error) {
						tries++
						return test.answer(r)
					})))
				req := newRequest(t, test.method, "https://api.example.com"+test.path, "{}")
				if test.say != nil {
					req = req.WithContext(test.say(req.Context()))
				}
				_, err := c.Do(req)
				e, ok := errors.AsType[*apierr.Error](err)
				if !ok || tries != test.tries || e.Attempts != tries || e.MayHaveApplied != test.mayHaveApplied {
					t.Errorf("%d tries, want %d: %v", tries, test.tries, err)
				}
				if test.tries == 0 && e.Kind != apierr.KindInvalid {
					t.Error(err)
				}
			})
		})
	}
}

func saying(s Safety) func(context.Context) context.Context {
	return func(ctx context.Context) context.Context { return WithSafety(ctx, s) }
}
