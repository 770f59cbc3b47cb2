package transport

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

type tellRefresh struct{ got chan TokenRefresh }

func (h tellRefresh) OnTokenRefresh(_ context.Context, r TokenRefresh) { h.got <- r }

// What a source of the caller's puts into its error does not reach hooks as it is.
func TestTokenRefreshHookShowsNoSecret(t *testing.T) {
	const planted = "pl4nted-s3cret-value"
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	got := make(chan TokenRefresh, 1)
	source := TokenSourceFunc(func(context.Context) (Token, error) {
		return Token{}, &url.Error{Op: "Post", URL: "https://idp.example.com/token?client_secret=" + planted, Err: context.DeadlineExceeded}
	})
	c, err := New(server.URL, nil, WithAuth(Tokens(source)), WithHooks(tellRefresh{got}))
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseIdleConnections()
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/x", nil)
	if _, err := c.Do(req); err == nil || strings.Contains(err.Error(), planted) {
		t.Error(err)
	}
	if r := <-got; r.Err == nil || strings.Contains(r.Err.Error(), planted) {
		t.Error(r.Err)
	}
}
