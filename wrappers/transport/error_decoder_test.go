package transport

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// TestDecoderKnowsTheCall: the decoder is given the call's context, its start, its tries and its safety.
func TestDecoderKnowsTheCall(t *testing.T) {
	type key struct{}
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var seen []string
		c := newClient(t, "https://api.example.com", testOperations, WithRoundTripper(roundTripper(withStatus(503))),
			WithErrorDecoder(func(a *ErrorAnswer) {
				seen = append(seen, fmt.Sprintf("%s %d %s %t", a.Context.Value(key{}), a.Attempt, a.Safety, a.Started.Equal(start)))
			}))
		req := newRequest(t, "POST", "https://api.example.com/jobs", "{}")
		ctx := WithSafety(context.WithValue(req.Context(), key{}, "mine"), Idempotent)
		if _, err := c.Do(req.WithContext(ctx)); err == nil {
			t.Fatal("no error")
		}
		want := "mine 1 idempotent true|mine 2 idempotent true|mine 3 idempotent true|mine 4 idempotent true"
		if got := strings.Join(seen, "|"); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	})
}

// TestRepeatAfter: the pause is the decoder's, and so is the end; tries and budget do not count.
func TestRepeatAfter(t *testing.T) {
	for _, test := range []struct {
		name         string
		method, path string
		notProcessed bool
		refusals     int // how many 403 come before the success
		until        int // how many the decoder waits for
		deadline     time.Duration
		tries        int
		took         time.Duration
		ok           bool
	}{
		{"safe", "GET", "/jobs", false, 9, 20, 0, 10, 9 * time.Second, true},
		{"unsafe", "POST", "/jobs", false, 9, 20, 0, 1, 0, false},
		{"unsafe, not processed", "POST", "/jobs", true, 9, 20, 0, 10, 9 * time.Second, true},
		{"the decoder gives up", "GET", "/jobs", true, 9, 5, 0, 6, 5 * time.Second, false},
		{"the deadline comes first", "GET", "/jobs", true, 9, 20, 3500 * time.Millisecond, 4, 3 * time.Second, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				tries := 0
				c := newClient(t, "https://api.example.com", testOperations, WithRetry(RetryOptions{MaxAttempts: 1}),
					WithRoundTripper(roundTripper(func(r *http.Request) (*http.Response, error) {
						if tries++; tries <= test.refusals {
							return answer(r, 403, "application/json", `{"message":"not yet"}`), nil
						}
						return answer(r, 200, "application/json", `{}`), nil
					})),
					WithErrorDecoder(func(a *ErrorAnswer) {
						a.NotProcessed = test.notProcessed
						if a.Attempt <= test.until {
							a.RepeatAfter = time.Second
						} else {
							a.NotProcessed = false
						}
					}))
				req := newRequest(t, test.method, "https://api.example.com"+test.path, "{}")
				if test.deadline > 0 {
					ctx, cancel := context.WithTimeout(req.Context(), test.deadline)
					defer cancel()
					req = req.WithContext(ctx)
				}
				err := Discard(c.Do(req))
				if (err == nil) != test.ok || tries != test.tries || time.Since(start) != test.took {
					t.Errorf("%d tries in %s, want %d in %s: %v", tries, time.Since(start), test.tries, test.took, err)
				}
				if err != nil && !errors.Is(err, apierr.ErrPermissionDenied) {
					t.Errorf("%v, want the last 403", err)
				}
				if left := c.budget.left.Load(); left != c.budget.limit {
					t.Errorf("%d of %d are left of the budget", left, c.budget.limit)
				}
			})
		})
	}
}

// TestRepeatAfterThenRetry: after pauses that the decoder asked for, a call still has all its retries.
func TestRepeatAfterThenRetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		c := newClient(t, "https://api.example.com", testOperations,
			WithRoundTripper(roundTripper(func(r *http.Request) (*http.Response, error) {
				if tries++; tries <= 5 {
					return answer(r, 403, "", ""), nil
				}
				return answer(r, 503, "", ""), nil
			})),
			WithErrorDecoder(func(a *ErrorAnswer) {
				if a.Error.Status == 403 {
					a.RepeatAfter = time.Second
				}
			}))
		_, err := c.Do(newRequest(t, "GET", "https://api.example.com/jobs", ""))
		if !errors.Is(err, apierr.ErrUnavailable) || tries != 5+4 {
			t.Errorf("%d tries: %v", tries, err)
		}
	})
}

// TestUnsettled: an answer that leaves open what was done is not asked for again with an unsafe request, whatever its
// status.
func TestUnsettled(t *testing.T) {
	for _, test := range []struct {
		method, path   string
		tries          int
		mayHaveApplied bool
	}{
		{"GET", "/jobs", 4, false}, {"PUT", "/sources/s", 4, false}, {"POST", "/jobs", 1, true},
	} {
		synctest.Test(t, func(t *testing.T) {
			tries := 0
			c := newClient(t, "https://api.example.com", testOperations,
				WithRoundTripper(roundTripper(func(r *http.Request) (*http.Response, error) {
					tries++
					return answer(r, 429, "", ""), nil
				})), WithErrorDecoder(func(a *ErrorAnswer) { a.Unsettled = true }))
			_, err := c.Do(newRequest(t, test.method, "https://api.example.com"+test.path, "{}"))
			e, _ := errors.AsType[*apierr.Error](err)
			if tries != test.tries || e.MayHaveApplied != test.mayHaveApplied || e.Kind != apierr.KindRateLimited {
				t.Errorf("%s: %d tries: %v", test.path, tries, err)
			}
		})
	}
}

// TestDecoderRedact: what a decoder keeps beside the fields that are masked anyway.
func TestDecoderRedact(t *testing.T) {
	var kept string
	c := newClient(t, "https://api.example.com", testOperations, WithAuth(Bearer("the-token-1")), WithRetry(RetryOptions{MaxAttempts: 1}),
		WithRoundTripper(roundTripper(func(r *http.Request) (*http.Response, error) {
			return answer(r, 400, "application/json", `{"cause":"the-token-1 and pa55word-2 are wrong"}`), nil
		})), WithErrorDecoder(func(a *ErrorAnswer) { kept = a.Redact(string(a.Body)) }))
	_, err := c.Do(newRequest(t, "POST", "https://api.example.com/jobs", `{"password":"pa55word-2"}`))
	if err == nil || strings.Contains(kept, "the-token-1") || strings.Contains(kept, "pa55word-2") || !strings.Contains(kept, "are wrong") {
		t.Errorf("%q, %v", kept, err)
	}
	if text := (&ErrorAnswer{}).Redact("Bearer abcdefgh12345678"); strings.Contains(text, "abcdefgh") {
		t.Error(text)
	}
}
