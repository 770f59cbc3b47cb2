package transport

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// stall waits for the context, as a service that never answers.
func stall(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func TestTryTimeout(t *testing.T) {
	for _, test := range []struct {
		method, path string
		option       Option
		call         time.Duration
		want         time.Duration
		tries        int
	}{
		{"GET", "/jobs", nil, 0, 30 * time.Second, 4},
		{"GET", "/jobs", WithTimeout(5 * time.Second), 0, 5 * time.Second, 4},
		{"GET", "/jobs", WithTimeout(5 * time.Second), 7 * time.Second, 7 * time.Second, 4},
		{"POST", "/jobs", WithTimeout(5 * time.Second), 0, 90 * time.Second, 1},
		{"POST", "/jobs", nil, time.Second, time.Second, 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			var tries []time.Duration
			c := newClient(t, "https://api.example.com", testOperations, test.option, WithRoundTripper(roundTripper(
				func(r *http.Request) (*http.Response, error) {
					start := time.Now()
					defer func() { tries = append(tries, time.Since(start)) }()
					return stall(r)
				})))
			ctx := t.Context()
			if test.call > 0 {
				ctx = WithCallTimeout(ctx, test.call)
			}
			_, err := c.Do(newRequest(t, test.method, "https://api.example.com"+test.path, "").WithContext(ctx))
			var e *apierr.Error
			if !errors.As(err, &e) || e.Kind != apierr.KindTimeout || e.Attempts != test.tries || e.MayHaveApplied != (test.method == "POST") {
				t.Errorf("%#v", err)
			}
			var timeout net.Error
			if errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &timeout) || !timeout.Timeout() || !strings.Contains(err.Error(), test.want.String()) {
				t.Errorf("the error of a try's timeout is %v", err)
			}
			for _, d := range tries {
				if d != test.want {
					t.Errorf("a try took %s, want %s", d, test.want)
				}
			}
			if len(tries) != test.tries {
				t.Errorf("%d tries", len(tries))
			}
		})
	}
}

// TestCallerDeadline: the end of the caller's own time is told from a try's.
func TestCallerDeadline(t *testing.T) {
	for path, mayHaveApplied := range map[string]bool{"/jobs/7": false, "/trigger": true} {
		synctest.Test(t, func(t *testing.T) {
			c := newClient(t, "https://api.example.com", testOperations, WithRoundTripper(roundTripper(stall)))
			ctx, cancel := context.WithTimeout(WithCallTimeout(t.Context(), 0), 45*time.Second)
			defer cancel()
			start := time.Now()
			_, err := c.Do(newRequest(t, "GET", "https://api.example.com"+path, "").WithContext(ctx))
			var e *apierr.Error
			if !errors.As(err, &e) || e.Kind != apierr.KindTimeout || !errors.Is(err, context.DeadlineExceeded) || e.Attempts != 1 {
				t.Errorf("%#v", err)
			}
			if e.MayHaveApplied != mayHaveApplied || time.Since(start) != 45*time.Second {
				t.Errorf("MayHaveApplied %v after %s", e.MayHaveApplied, time.Since(start))
			}
		})
	}
}

// slowBody gives one byte a second, until its request's context ends.
type slowBody struct {
	ctx  context.Context
	left int
}

func (b *slowBody) Read(p []byte) (int, error) {
	if b.left == 0 {
		return 0, io.EOF
	}
	if err := sleep(b.ctx, time.Second); err != nil {
		return 0, err
	}
	b.left--
	p[0] = ' '
	return 1, nil
}
func (b *slowBody) Close() error { return nil }

// TestTimeoutCoversBody: a body that drips is bounded too, whether it is read ahead or streamed.
func TestTimeoutCoversBody(t *testing.T) {
	for _, path := range []string{"/jobs", "/events", "/trigger"} {
		synctest.Test(t, func(t *testing.T) {
			c := newClient(t, "https://api.example.com", testOperations, WithTimeout(10*time.Second), WithRetry(RetryOptions{MaxAttempts: 1}),
				WithRoundTripper(roundTripper(func(r *http.Request) (*http.Response, error) {
					resp := answer(r, 200, "application/json", "")
					resp.Body = &slowBody{ctx: r.Context(), left: 60}
					return resp, nil
				})))
			start := time.Now()
			_, err := Decode[struct{}](c.Do(newRequest(t, "GET", "https://api.example.com"+path, "")))
			var e *apierr.Error
			if !errors.As(err, &e) || e.Kind != apierr.KindTimeout || e.Status != 200 || time.Since(start) != 10*time.Second {
				t.Errorf("%s: %#v after %s", path, err, time.Since(start))
			}
			if e.MayHaveApplied != (path == "/trigger") {
				t.Errorf("%s: MayHaveApplied %v", path, e.MayHaveApplied)
			}
		})
	}
}

// TestCancelWhileReading returns at once, from Do and from the body.
func TestCancelWhileReading(t *testing.T) {
	for _, path := range []string{"/jobs", "/events"} {
		synctest.Test(t, func(t *testing.T) {
			c := newClient(t, "https://api.example.com", testOperations, WithRoundTripper(roundTripper(func(r *http.Request) (*http.Response, error) {
				resp := answer(r, 200, "application/json", "")
				resp.Body = &slowBody{ctx: r.Context(), left: 1000}
				return resp, nil
			})))
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error)
			go func() {
				_, err := Decode[struct{}](c.Do(newRequest(t, "GET", "https://api.example.com"+path, "").WithContext(ctx)))
				done <- err
			}()
			time.Sleep(4500 * time.Millisecond)
			start := time.Now()
			cancel()
			err := <-done
			if !errors.Is(err, apierr.ErrCanceled) || !errors.Is(err, context.Canceled) || time.Since(start) != 0 {
				t.Errorf("%s: %v after %s", path, err, time.Since(start))
			}
		})
	}
}
