package transport

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// counter is a token source whose tokens are numbered.
type counter struct {
	n     atomic.Int64
	delay time.Duration
	life  time.Duration
	err   atomic.Pointer[error]
}

func (s *counter) Token(ctx context.Context) (Token, error) {
	n := s.n.Add(1)
	if err := sleep(ctx, s.delay); err != nil {
		return Token{}, err
	}
	if err := s.err.Load(); err != nil {
		return Token{}, *err
	}
	t := Token{Value: fmt.Sprintf("token-%d", n)}
	if s.life > 0 {
		t.Expires = time.Now().Add(s.life)
	}
	return t, nil
}

func (s *counter) fail(err error) {
	if err == nil {
		s.err.Store(nil)
		return
	}
	s.err.Store(&err)
}

// tokenClient echoes the token it was sent, and refuses the ones in the set.
func tokenClient(t *testing.T, source TokenSource, refused *sync.Map) *Client {
	return newClient(t, "https://api.example.com", testOperations, WithAuth(Tokens(source)), WithRoundTripper(roundTripper(
		func(r *http.Request) (*http.Response, error) {
			token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
			if refused != nil {
				if _, no := refused.Load(token); no {
					return answer(r, 401, "application/json", `{"message":"expired"}`), nil
				}
			}
			return answer(r, 200, "application/json", fmt.Sprintf("%q", token)), nil
		})))
}

func tokenSeen(t *testing.T, c *Client) string {
	t.Helper()
	token, err := Decode[string](c.Do(newRequest(t, http.MethodGet, "https://api.example.com/jobs", "")))
	if err != nil {
		t.Fatal(err)
	}
	return *token
}

func TestTokenIsReplacedEarly(t *testing.T) {
	for _, test := range []struct{ life, early time.Duration }{
		{15 * time.Minute, 30 * time.Second},
		{150 * time.Second, 15 * time.Second},
		{10 * time.Second, time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			c := tokenClient(t, &counter{life: test.life}, nil)
			if got := tokenSeen(t, c); got != "token-1" {
				t.Fatal(got)
			}
			time.Sleep(test.life - test.early - 1)
			if got := tokenSeen(t, c); got != "token-1" {
				t.Errorf("life %s: replaced too early", test.life)
			}
			time.Sleep(time.Nanosecond)
			if got := tokenSeen(t, c); got != "token-2" {
				t.Errorf("life %s: not replaced %s before its end", test.life, test.early)
			}
		})
	}
}

func TestTokenIsFetchedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &counter{delay: time.Second, life: time.Hour}
		c := tokenClient(t, source, nil)
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				if got := tokenSeen(t, c); got != "token-1" {
					t.Error(got)
				}
			})
		}
		wg.Wait()
		if n := source.n.Load(); n != 1 {
			t.Errorf("%d tokens were fetched", n)
		}
	})
}

// TestTokenFirstCallerLeaves: the one who began the fetch leaves, and the others get their token all the same.
func TestTokenFirstCallerLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &counter{delay: time.Second}
		c := tokenClient(t, source, nil)
		ctx, cancel := context.WithCancel(t.Context())
		first := make(chan error)
		go func() {
			_, err := c.Do(newRequest(t, http.MethodGet, "https://api.example.com/jobs", "").WithContext(ctx))
			first <- err
		}()
		synctest.Wait()
		second := make(chan string)
		go func() { second <- tokenSeen(t, c) }()
		synctest.Wait()
		start := time.Now()
		cancel()
		if err := <-first; !errors.Is(err, apierr.ErrCanceled) || time.Since(start) != 0 {
			t.Error(err, time.Since(start))
		}
		if got := <-second; got != "token-1" || source.n.Load() != 1 {
			t.Error(got, source.n.Load())
		}
	})
}

// TestTokenAllLeave: the fetch ends when nobody waits for it, and the next caller begins another.
func TestTokenAllLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &counter{delay: time.Hour}
		c := tokenClient(t, source, nil)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		_, err := c.Do(newRequest(t, http.MethodGet, "https://api.example.com/jobs", "").WithContext(ctx))
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
			t.Fatal(err, time.Since(start))
		}
		synctest.Wait()
		source.delay = 0
		if got := tokenSeen(t, c); got != "token-2" {
			t.Fatal(got)
		}
	})
}

func TestTokenFailureIsNotRemembered(t *testing.T) {
	source := &counter{}
	source.fail(errors.New("no luck, client_secret=hunter2hunter2"))
	c := tokenClient(t, source, nil)
	_, err := c.Do(newRequest(t, http.MethodGet, "https://api.example.com/jobs", ""))
	var e *apierr.Error
	if !errors.As(err, &e) || e.Kind != apierr.KindUnauthenticated || e.Operation != "listJobs" || strings.Contains(err.Error(), "hunter2") {
		t.Fatal(err)
	}
	own := &apierr.Error{Service: "acme", Operation: "createToken", Kind: apierr.KindRateLimited}
	source.fail(own)
	if _, err := c.Do(newRequest(t, http.MethodGet, "https://api.example.com/jobs", "")); !errors.Is(err, apierr.ErrRateLimited) || !strings.Contains(err.Error(), "createToken") {
		t.Fatal(err)
	}
	source.fail(&url.Error{Op: "Post", URL: "https://x/?key=hunter2", Err: context.DeadlineExceeded})
	if _, err := c.Do(newRequest(t, http.MethodGet, "https://api.example.com/jobs", "")); !errors.Is(err, apierr.ErrTimeout) || strings.Contains(err.Error(), "hunter2") {
		t.Fatal(err)
	}
	source.fail(nil)
	if got := tokenSeen(t, c); got != "token-4" {
		t.Fatal(got)
	}
}

// TestTokenStillGood: while the old token lives, a failed replacement is no error.
func TestTokenStillGood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &counter{life: time.Minute}
		c := tokenClient(t, source, nil)
		tokenSeen(t, c)
		source.fail(errors.New("no luck"))
		time.Sleep(55 * time.Second)
		if got := tokenSeen(t, c); got != "token-1" {
			t.Fatal(got)
		}
		time.Sleep(10 * time.Second)
		if _, err := c.Do(newRequest(t, http.MethodGet, "https://api.example.com/jobs", "")); !errors.Is(err, apierr.ErrUnauthenticated) {
			t.Fatal(err)
		}
	})
}

func TestTokenBadValue(t *testing.T) {
	for _, value := range []string{"", "a\nb", " a"} {
		c := tokenClient(t, TokenSourceFunc(func(context.Context) (Token, error) { return Token{Value: value}, nil }), nil)
		if _, err := c.Do(newRequest(t, http.MethodGet, "https://api.example.com/jobs", "")); !errors.Is(err, apierr.ErrUnauthenticated) {
			t.Errorf("%q: %v", value, err)
		}
	}
}

// TestTokenRefused: a 401 drops that token and sends the request again, also an unsafe one, once.
func TestTokenRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var refused sync.Map
		source := &counter{delay: time.Millisecond}
		c := tokenClient(t, source, &refused)
		if got := tokenSeen(t, c); got != "token-1" {
			t.Fatal(got)
		}
		refused.Store("token-1", true)
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				token, err := Decode[string](c.Do(newRequest(t, http.MethodPost, "https://api.example.com/jobs", "{}")))
				if err != nil || *token != "token-2" {
					t.Error(token, err)
				}
			})
		}
		wg.Wait()
		if n := source.n.Load(); n != 2 {
			t.Errorf("%d tokens for one refusal", n)
		}
		refused.Store("token-2", true)
		refused.Store("token-3", true)
		_, err := c.Do(newRequest(t, http.MethodPost, "https://api.example.com/jobs", "{}"))
		var e *apierr.Error
		if !errors.As(err, &e) || e.Kind != apierr.KindUnauthenticated || e.Attempts != 2 || e.MayHaveApplied {
			t.Errorf("%#v", err)
		}
		source.fail(errors.New("no luck"))
		refused.Store("token-4", true)
		if _, err := c.Do(newRequest(t, http.MethodPost, "https://api.example.com/jobs", "{}")); !errors.Is(err, apierr.ErrUnauthenticated) {
			t.Error(err)
		}
	})
}

// TestTokenShared: two clients with the same Auth share its token.
func TestTokenShared(t *testing.T) {
	source := &counter{}
	auth := Tokens(source)
	rt := WithRoundTripper(roundTripper(func(r *http.Request) (*http.Response, error) {
		return answer(r, 200, "application/json", "{}"), nil
	}))
	for _, base := range []string{"https://a.example.com", "https://b.example.com"} {
		c := newClient(t, base, testOperations, WithAuth(auth), rt)
		if err := Discard(c.Do(newRequest(t, http.MethodGet, base+"/jobs", ""))); err != nil {
			t.Fatal(err)
		}
	}
	if n := source.n.Load(); n != 1 {
		t.Fatalf("%d tokens", n)
	}
}
