package atlan

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sdk/sluice/gen/atlanapi"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// tenantWithTokens gives out tokens and takes only the last one, until it ends.
type tenantWithTokens struct {
	answer func(n int) string // the body of the n-th exchange
	life   time.Duration

	mu       sync.Mutex
	asked    int
	calls    int
	bodies   []string
	current  string
	expires  time.Time
	refuse   func(n int) *http.Response // of exchanges
	headers  []http.Header
	lastAuth string
}

func (s *tenantWithTokens) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.URL.Path == "/api/service/oauth-clients/token" {
		s.asked++
		text, _ := io.ReadAll(r.Body)
		s.bodies = append(s.bodies, r.Method+" "+string(text))
		s.headers = append(s.headers, r.Header)
		if s.refuse != nil {
			if resp := s.refuse(s.asked); resp != nil {
				resp.Request = r
				return resp, nil
			}
		}
		s.current, s.expires = fmt.Sprintf("token-number-%d", s.asked), time.Now().Add(s.life)
		return reply(r, 200, s.answer(s.asked)), nil
	}
	s.calls++
	s.lastAuth = r.Header.Get("Authorization")
	if s.lastAuth != "Bearer "+s.current || !time.Now().Before(s.expires) {
		return reply(r, 401, `{"errorCode":"ATLAS-401-00-001","errorMessage":"expired"}`), nil
	}
	return reply(r, 200, `{}`), nil
}

func oauthClient(t *testing.T, rt http.RoundTripper, opts ...Option) *Client {
	t.Helper()
	client, err := New(append([]Option{WithBaseURL(testBaseURL), WithOAuth("the-id", secretKey), WithRoundTripper(rt)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// TestS1OAuth: one exchange for all goroutines, a new token before the old one ends, and after a 401.
func TestS1OAuth(t *testing.T) {
	for name, test := range map[string]struct {
		answer string // after the token
		life   time.Duration
	}{
		"with a life":        {`,"tokenType":"Bearer","expiresIn":120`, 2 * time.Minute},
		"without a life":     {``, 10 * time.Minute},
		"of a life of years": {`,"tokenType":"","expiresIn":9223372036854775807`, 10 * time.Minute},
		"of a life of none":  {`,"expiresIn":0,"tokenType":"bearer"`, 10 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &tenantWithTokens{life: test.life, answer: func(n int) string {
					return fmt.Sprintf(`{"accessToken":"token-number-%d"%s}`, n, test.answer)
				}}
				client := oauthClient(t, s)
				call := func(n int) {
					t.Helper()
					var wg sync.WaitGroup
					for range n {
						wg.Go(func() {
							if err := transport.Discard(client.Raw().WhoAmI(t.Context())); err != nil {
								t.Error(err)
							}
						})
					}
					wg.Wait()
				}
				call(50)
				if s.asked != 1 {
					t.Errorf("%d exchanges for 50 calls", s.asked)
				}
				var sent atlanapi.OAuthTokenRequest
				method, body, _ := strings.Cut(s.bodies[0], " ")
				if err := json.Unmarshal([]byte(body), &sent); err != nil || method != "POST" {
					t.Error(s.bodies[0], err)
				}
				if diff := cmp.Diff(atlanapi.OAuthTokenRequest{ClientID: "the-id", ClientSecret: secretKey}, sent); diff != "" {
					t.Error(diff)
				}
				if h := s.headers[0]; h.Get("Authorization") != "" || h.Get("X-Atlan-Agent") != "sdk" {
					t.Error("the exchange was signed, or does not say who asks")
				}
				// Through three lives no call ever sees a 401.
				before := s.calls
				for range 30 {
					wait(test.life / 10)
					call(1)
				}
				if s.calls-before != 30 || s.asked < 3 || s.asked > 5 {
					t.Errorf("%d calls for 30, %d exchanges", s.calls-before, s.asked)
				}
				// A token that was revoked is replaced once, also for an unsafe call.
				s.mu.Lock()
				s.current = "none"
				asked := s.asked
				s.mu.Unlock()
				if err := transport.Discard(client.Raw().BulkSaveEntitiesWithBody(t.Context(), nil, "application/json", strings.NewReader("{}"))); err != nil {
					t.Error(err)
				}
				if s.asked != asked+1 {
					t.Errorf("%d exchanges after a 401", s.asked-asked)
				}
			})
		})
	}
}

// TestS1OAuthRefused: a refused exchange is of category Authentication whatever its status, a failed one is not, and a
// failure is not remembered. No error shows the secret.
func TestS1OAuthRefused(t *testing.T) {
	good := func(n int) string { return fmt.Sprintf(`{"accessToken":"token-number-%d"}`, n) }
	for name, test := range map[string]struct {
		refuse func(n int) *http.Response
		answer func(int) string
		want   category
		hint   bool
		asked  int
	}{
		"400":            {refused(400, `{"code":400,"message":"bad `+secretKey+`"}`), good, ErrAuthentication, true, 1},
		"401":            {refused(401, `{"error":"invalid_client","error_description":"`+secretKey+`"}`), good, ErrAuthentication, true, 1},
		"403":            {refused(403, ``), good, ErrAuthentication, true, 1},
		"429":            {refused(429, ``), good, ErrRateLimit, false, 2}, // a token is waited for two minutes
		"500":            {refused(500, secretKey), good, ErrServer, false, 1},
		"503":            {refused(503, ``), good, ErrServer, false, 4},
		"no token":       {nil, func(int) string { return `{}` }, ErrLogic, false, 1},
		"an empty token": {nil, func(int) string { return `{"accessToken":""}` }, ErrLogic, false, 1},
		"404":            {refused(404, ``), good, ErrAuthentication, true, 1},
		"422":            {refused(422, ``), good, ErrAuthentication, true, 1},
		"not ours":       {nil, func(int) string { return `{"accessToken":"abc-123","tokenType":"MAC"}` }, ErrLogic, false, 1},
		"HTML":           {nil, func(int) string { return `<html>` }, ErrLogic, false, 1},
		"not clean":      {nil, func(int) string { return `{"accessToken":"a\nb"}` }, ErrAuthentication, false, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &tenantWithTokens{answer: test.answer, refuse: test.refuse, life: time.Hour}
				client := oauthClient(t, s)
				err := transport.Discard(client.Raw().WhoAmI(t.Context()))
				if !cmp.Equal(is(err), []category{test.want}) {
					t.Errorf("%v: %q", err, is(err))
				}
				e, ok := errors.AsType[*apierr.Error](err)
				if !ok || strings.Contains(fmt.Sprintf("%v %+v %#v %s", err, err, err, e.Body()), secretKey) {
					t.Errorf("%#v", err)
				}
				if test.hint != strings.Contains(err.Error(), "OAuth client was refused") {
					t.Error(err)
				}
				if s.asked != test.asked || s.calls != 0 {
					t.Errorf("%d exchanges and %d calls", s.asked, s.calls)
				}
				s.refuse, s.answer = nil, good
				if err := transport.Discard(client.Raw().WhoAmI(t.Context())); err != nil {
					t.Errorf("the failure was remembered: %v", err)
				}
			})
		})
	}
}

func refused(status int, body string) func(int) *http.Response {
	return func(int) *http.Response { return reply(nil, status, body) }
}

// TestS1OAuthIgnoresTheCall: what a call says about itself is not said of the exchange.
func TestS1OAuthIgnoresTheCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &tenantWithTokens{life: time.Hour, answer: func(n int) string { return fmt.Sprintf(`{"accessToken":"token-number-%d"}`, n) }}
		s.refuse = func(n int) *http.Response {
			if n < 3 {
				return reply(nil, 503, "")
			}
			return nil
		}
		client := oauthClient(t, s)
		ctx := transport.WithSafety(t.Context(), transport.Unsafe)
		if err := transport.Discard(client.Raw().WhoAmI(ctx)); err != nil || s.asked != 3 {
			t.Errorf("%d exchanges: %v", s.asked, err)
		}
	})
}

// TestS1OAuthSlowExchange: the life of a token begins when it is asked for, not when the answer is there.
func TestS1OAuthSlowExchange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &tenantWithTokens{life: 2 * time.Minute, answer: func(n int) string { return fmt.Sprintf(`{"accessToken":"token-number-%d","expiresIn":120}`, n) }}
		client := oauthClient(t, roundTripper(func(r *http.Request) (*http.Response, error) {
			resp, err := s.RoundTrip(r)
			if strings.HasSuffix(r.URL.Path, "/token") {
				wait(50 * time.Second)
			}
			return resp, err
		}))
		for range 20 {
			if err := transport.Discard(client.Raw().WhoAmI(t.Context())); err != nil {
				t.Fatal(err)
			}
			wait(5 * time.Second)
		}
		if s.calls != 20 {
			t.Errorf("%d calls for 20: some met the end of their token", s.calls)
		}
	})
}
