package transport

import (
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
)

// What leads away from the service goes the same way as calls, through the proxy and with the certificate authorities of
// the client, and takes nothing of the client's along.
func TestElsewhere(t *testing.T) {
	store := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" || r.Header.Get("X-Team") != "" {
			t.Errorf("the store was sent %v", r.Header)
		}
		if n := len(r.TLS.PeerCertificates); n != 0 {
			t.Errorf("the store was shown %d certificates", n)
		}
		_, _ = io.WriteString(w, "a file")
	}))
	store.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
	store.StartTLS()
	defer store.Close()
	trust := store.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	trust.Certificates = store.TLS.Certificates
	log := &proxyLog{}
	target := store.Listener.Addr().String()
	proxy := httptest.NewServer(httpProxy(t, log, &target))
	defer proxy.Close()

	c := newClient(t, "https://api.example.com", testOperations, WithTLSConfig(trust), WithAuth(Bearer("a-token")), WithHeader("X-Team", "data"),
		WithProxy("http://me:proxy-pass-1@"+proxy.Listener.Addr().String()))
	narrowed, err := c.With(WithAuth(Bearer("another")))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []*Client{c, narrowed} {
		resp, err := c.Elsewhere().RoundTrip(newRequest(t, "GET", "https://example.com/file", ""))
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil || string(text) != "a file" {
			t.Errorf("%q, %v", text, err)
		}
	}
	if got := log.take(); got != "CONNECT example.com:443" {
		t.Errorf("through the proxy went %q, want one connection for both clients", got)
	}
	c.CloseIdleConnections()

	own := roundTripper(func(r *http.Request) (*http.Response, error) { return answer(r, 200, "text/plain", "ours"), nil })
	if resp, err := newClient(t, "https://api.example.com", testOperations, WithRoundTripper(own)).Elsewhere().RoundTrip(newRequest(t, "GET", "https://example.com/file", "")); err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("a RoundTripper of the caller's: %v, %v", resp, err)
	}
}
