package transport

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

func TestFixedAuth(t *testing.T) {
	for _, test := range []struct {
		auth         Auth
		header, want string
	}{
		{None(), "Authorization", ""},
		{Bearer("token-1234"), "Authorization", "Bearer token-1234"},
		{Basic("me", "p:ss"), "Authorization", "Basic bWU6cDpzcw=="},
		{APIKey("x-api-key", "key-1234"), "X-Api-Key", "key-1234"},
	} {
		sent := 0
		c := newClient(t, "https://api.example.com", testOperations, WithAuth(test.auth), WithRoundTripper(roundTripper(
			func(r *http.Request) (*http.Response, error) {
				sent++
				if got := r.Header.Get(test.header); got != test.want {
					t.Errorf("%s: %q, want %q", test.auth, got, test.want)
				}
				return answer(r, 401, "", ""), nil
			})))
		_, err := c.Do(newRequest(t, http.MethodGet, "https://api.example.com/jobs", ""))
		// There is no other credential to try.
		if !errors.Is(err, apierr.ErrUnauthenticated) || sent != 1 {
			t.Errorf("%s: %v after %d requests", test.auth, err, sent)
		}
	}
}

// TestAuthLooks prints, logs and encodes everything that holds a credential in every way there is.
func TestAuthLooks(t *testing.T) {
	const secret = "s3cr3t-value-1"
	token := Token{Value: secret}
	c := newClient(t, "https://api.example.com", "", WithAuth(Bearer(secret)), WithHeader("X-Api-Key", secret))
	type holder struct {
		Auth  Auth
		auth  Auth
		Token Token
		C     *Client
	}
	h := holder{Bearer(secret), Basic("me", secret), token, c}
	var b strings.Builder
	log := slog.New(slog.NewJSONHandler(&b, nil))
	text := slog.New(slog.NewTextHandler(&b, nil))
	for _, v := range []any{
		Bearer(secret), Basic("me", secret), APIKey("X-Key", secret), Tokens(TokenSourceFunc(nil)), token, &token, c, h, &h,
		[]any{token, Bearer(secret)}, map[string]any{"a": token, "b": c},
	} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%T"} {
			fmt.Fprintf(&b, verb+"\n", v)
		}
		encoded, err := json.Marshal(v)
		fmt.Fprintln(&b, string(encoded), err)
		log.Info("x", "v", v)
		text.Info("x", "v", v)
	}
	out := b.String()
	for _, form := range []string{secret, fmt.Sprintf("%x", secret), "bWU6czNjcjN0LXZhbHVlLTE"} {
		if i := strings.Index(out, form); i >= 0 {
			t.Errorf("%s is shown: …%s", form, out[max(0, i-100):min(len(out), i+40)])
		}
	}
}

// TestUnauthenticatedBodyOnce: a request whose body is gone cannot be sent again, whatever the token.
func TestUnauthenticatedBodyOnce(t *testing.T) {
	sent := 0
	c := newClient(t, "https://api.example.com", testOperations, WithAuth(Tokens(&counter{})), WithRoundTripper(roundTripper(
		func(r *http.Request) (*http.Response, error) {
			sent++
			_, _ = io.Copy(io.Discard, r.Body)
			return answer(r, 401, "", ""), nil
		})))
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://api.example.com/jobs", &onceReader{Reader: strings.NewReader("x")})
	if _, err := c.Do(req); !errors.Is(err, apierr.ErrUnauthenticated) || sent != 1 {
		t.Fatal(err, sent)
	}
}

// A token source may get its tokens through the client that it is for.
func TestWithoutAuth(t *testing.T) {
	var mu sync.Mutex
	var seen []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		seen = append(seen, r.URL.Path+" "+r.Header.Get("Authorization"))
		fetched := len(seen)
		mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path == "/jobs" && fetched == 2 {
			w.WriteHeader(http.StatusUnauthorized)
		}
		_, _ = fmt.Fprintf(w, `{"value":"token-%d"}`, fetched)
	}))
	defer server.Close()
	operations, err := ParseOperations("POST /token createToken idempotent\nGET /jobs listJobs safe")
	if err != nil {
		t.Fatal(err)
	}
	var client *Client
	ask := func(ctx context.Context, method, path string) (string, error) {
		request, err := http.NewRequestWithContext(ctx, method, client.Base()+path, nil)
		if err != nil {
			return "", err
		}
		answer, err := Decode[struct{ Value string }](client.Do(request))
		if err != nil {
			return "", err
		}
		return answer.Value, nil
	}
	source := TokenSourceFunc(func(ctx context.Context) (Token, error) {
		value, err := ask(WithoutAuth(ctx), http.MethodPost, "/token")
		return Token{Value: value}, err
	})
	if client, err = New(server.URL, operations, WithAuth(Tokens(source))); err != nil {
		t.Fatal(err)
	}
	defer client.CloseIdleConnections()
	if _, err := ask(t.Context(), http.MethodGet, "/jobs"); err != nil {
		t.Fatal(err)
	}
	want := []string{"/token ", "/jobs Bearer token-1", "/token ", "/jobs Bearer token-3"}
	if !slices.Equal(seen, want) {
		t.Errorf("got %q, want %q", seen, want)
	}
}
