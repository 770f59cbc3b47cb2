package transport

import (
	"bufio"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// proxies notes what went through them.
type proxyLog struct {
	mu      sync.Mutex
	targets []string
}

func (l *proxyLog) add(target string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.targets = append(l.targets, target)
}

func (l *proxyLog) take() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := strings.Join(l.targets, " ")
	l.targets = nil
	return all
}

// dialAny reaches the test's server whatever host was asked for, as a proxy with its own name service would.
func dialAny(server string) (net.Conn, error) { return net.Dial("tcp", server) }

func splice(a, b net.Conn) {
	var wg sync.WaitGroup
	wg.Go(func() { _, _ = io.Copy(a, b); _ = a.Close() })
	wg.Go(func() { _, _ = io.Copy(b, a); _ = b.Close() })
	wg.Wait()
}

// httpProxy is a proxy for plain requests and CONNECT, with a user and a password.
func httpProxy(t *testing.T, log *proxyLog, server *string) http.Handler {
	want := "Basic " + base64.StdEncoding.EncodeToString([]byte("me:proxy-pass-1"))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Proxy-Authorization") != want {
			w.Header().Set("Proxy-Authenticate", "Basic")
			w.WriteHeader(http.StatusProxyAuthRequired)
			return
		}
		log.add(r.Method + " " + r.Host)
		upstream, err := dialAny(*server)
		if err != nil {
			t.Error(err)
			return
		}
		if r.Method == http.MethodConnect {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n")
			splice(conn, upstream)
			return
		}
		defer upstream.Close()
		r.Header.Del("Proxy-Authorization")
		r.URL.Scheme, r.URL.Host = "", ""
		_ = r.Write(upstream)
		resp, err := http.ReadResponse(bufio.NewReader(upstream), r)
		if err != nil {
			t.Error(err)
			return
		}
		defer resp.Body.Close()
		w.Header().Set("Content-Type", resp.Header.Get("Content-Type"))
		w.WriteHeader(resp.StatusCode)
		_, _ = io.Copy(w, resp.Body)
	})
}

// socksProxy speaks SOCKS5 with a user and a password (RFC 1928, RFC 1929).
func socksProxy(t *testing.T, log *proxyLog, server *string) net.Listener {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go socks(conn, log, server)
		}
	}()
	return listener
}

func socks(conn net.Conn, log *proxyLog, server *string) {
	defer conn.Close()
	read := func(n int) []byte {
		b := make([]byte, n)
		_, _ = io.ReadFull(conn, b)
		return b
	}
	methods := read(int(read(2)[1]))
	if !strings.Contains(string(methods), "\x02") {
		_, _ = conn.Write([]byte{5, 0xff})
		return
	}
	_, _ = conn.Write([]byte{5, 2})
	user := string(read(int(read(2)[1])))
	password := string(read(int(read(1)[0])))
	if user != "me" || password != "proxy-pass-1" {
		_, _ = conn.Write([]byte{1, 1})
		return
	}
	_, _ = conn.Write([]byte{1, 0})
	var host string
	switch read(4)[3] {
	case 1:
		host = net.IP(read(4)).String()
	case 3:
		host = string(read(int(read(1)[0])))
	case 4:
		host = net.IP(read(16)).String()
	}
	_ = binary.BigEndian.Uint16(read(2))
	log.add("SOCKS " + host)
	upstream, err := dialAny(*server)
	if err != nil {
		_, _ = conn.Write([]byte{5, 5, 0, 1, 0, 0, 0, 0, 0, 0})
		return
	}
	_, _ = conn.Write([]byte{5, 0, 0, 1, 0, 0, 0, 0, 0, 0})
	splice(conn, upstream)
}

// TestProxies sends requests through real proxies, which ask for a password, to a service of either scheme.
func TestProxies(t *testing.T) {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"id":7}`)
	})
	plain := httptest.NewServer(handler)
	defer plain.Close()
	secure := httptest.NewUnstartedServer(handler)
	secure.EnableHTTP2 = true
	secure.StartTLS()
	defer secure.Close()

	log := &proxyLog{}
	server := new(string)
	overHTTP := httptest.NewServer(httpProxy(t, log, server))
	defer overHTTP.Close()
	overTLS := httptest.NewTLSServer(httpProxy(t, log, server))
	defer overTLS.Close()
	overSOCKS := socksProxy(t, log, server)

	trust := secure.Client().Transport.(*http.Transport).TLSClientConfig
	trust.RootCAs.AddCert(overTLS.Certificate())
	for _, proxy := range []struct{ scheme, address string }{
		{"http", overHTTP.Listener.Addr().String()}, {"https", overTLS.Listener.Addr().String()},
		{"socks5", overSOCKS.Addr().String()}, {"socks5h", overSOCKS.Addr().String()},
	} {
		for _, service := range []struct{ base, address string }{
			{"http://example.com", plain.Listener.Addr().String()}, {"https://example.com", secure.Listener.Addr().String()},
		} {
			*server = service.address
			right := proxy.scheme + "://me:proxy-pass-1@" + proxy.address
			for name, opt := range map[string]Option{
				"WithProxy": WithProxy(right),
				"environment": func(s *settings) error {
					var err error
					s.proxy, err = environmentProxy(func(name string) string { return map[string]string{"ALL_PROXY": right}[name] })
					return err
				},
			} {
				c := newClient(t, service.base, testOperations, opt, WithTLSConfig(trust), WithRetry(RetryOptions{MaxAttempts: 1}))
				got, err := Decode[item](c.Do(newRequest(t, "POST", service.base+"/jobs", "{}")))
				if err != nil || got.ID != 7 {
					t.Errorf("%s to %s, %s: %v", proxy.scheme, service.base, name, err)
				}
				if through := log.take(); !strings.Contains(through, "example.com") {
					t.Errorf("%s to %s, %s: the proxy saw %q", proxy.scheme, service.base, name, through)
				}
				c.CloseIdleConnections()
			}
			// A wrong password: an error of ours, which says so and does not show it, not tried again, and nothing was applied.
			c := newClient(t, service.base, testOperations, WithProxy(proxy.scheme+"://me:wrong-pass-1@"+proxy.address),
				WithTLSConfig(trust))
			_, err := c.Do(newRequest(t, "POST", service.base+"/jobs", "{}"))
			var e *apierr.Error
			if !errors.As(err, &e) || e.MayHaveApplied || e.Attempts != 1 || e.Hint != proxyHint || strings.Contains(err.Error(), "wrong-pass-1") {
				t.Errorf("%s to %s, wrong password: %#v", proxy.scheme, service.base, err)
			}
			log.take()
			c.CloseIdleConnections()
		}
	}
}

func TestEnvironmentProxy(t *testing.T) {
	for _, test := range []struct {
		name        string
		environment map[string]string
		target      string
		want        string
	}{
		{"nothing", nil, "https://a.example", ""},
		{"http", map[string]string{"HTTP_PROXY": "http://p:1"}, "http://a.example", "http://p:1"},
		{"http only", map[string]string{"HTTP_PROXY": "http://p:1"}, "https://a.example", ""},
		{"https", map[string]string{"HTTPS_PROXY": "http://p:1"}, "https://a.example", "http://p:1"},
		{"small letters win", map[string]string{"HTTPS_PROXY": "http://p:1", "https_proxy": "http://q:2"}, "https://a.example", "http://q:2"},
		{"all", map[string]string{"ALL_PROXY": "socks5://u:p@s:1080"}, "https://a.example", "socks5://u:p@s:1080"},
		{"all, small", map[string]string{"all_proxy": "socks5h://s:1080"}, "http://a.example", "socks5h://s:1080"},
		{"all gives way", map[string]string{"ALL_PROXY": "socks5://s:1", "HTTPS_PROXY": "http://p:1"}, "https://a.example", "http://p:1"},
		{"no scheme", map[string]string{"HTTPS_PROXY": "p:3128"}, "https://a.example", "http://p:3128"},
		{"user without scheme", map[string]string{"HTTPS_PROXY": "u:p@p:3128"}, "https://a.example", "http://u:p@p:3128"},
		{"excepted", map[string]string{"ALL_PROXY": "http://p:1", "NO_PROXY": "b.example,a.example"}, "https://a.example", ""},
		{"excepted, small", map[string]string{"ALL_PROXY": "http://p:1", "no_proxy": ".example"}, "https://a.example", ""},
		{"excepted network", map[string]string{"ALL_PROXY": "http://p:1", "NO_PROXY": "10.0.0.0/8"}, "https://10.1.2.3", ""},
		{"not excepted", map[string]string{"ALL_PROXY": "http://p:1", "NO_PROXY": "b.example"}, "https://a.example", "http://p:1"},
		{"localhost", map[string]string{"ALL_PROXY": "http://p:1"}, "http://localhost:8000", ""},
		{"CGI", map[string]string{"HTTP_PROXY": "http://p:1", "REQUEST_METHOD": "GET"}, "http://a.example", ""},
	} {
		proxy, err := environmentProxy(func(name string) string { return test.environment[name] })
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		got := ""
		if proxy != nil {
			u, _ := url.Parse(test.target)
			p, err := proxy(&http.Request{URL: u})
			if err != nil {
				t.Errorf("%s: %v", test.name, err)
			}
			if p != nil {
				got = p.String()
			}
		}
		if got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
	for name, value := range map[string]string{"HTTPS_PROXY": "ftp://u:hunter22@p:1", "all_proxy": "http://u:hunter22@:%zz"} {
		_, err := environmentProxy(func(n string) string {
			if n == name {
				return value
			}
			return ""
		})
		if err == nil || strings.Contains(err.Error(), "hunter22") || !strings.Contains(err.Error(), strings.ToUpper(name)) {
			t.Errorf("%s: %v", name, err)
		}
	}
	t.Setenv("ALL_PROXY", "ftp://p")
	t.Setenv("all_proxy", "")
	if _, err := New("https://api.example.com", nil); err != nil {
		t.Errorf("the environment was read: %v", err)
	}
	if _, err := New("https://api.example.com", nil, WithEnvironmentProxy()); err == nil {
		t.Error("the environment was not read")
	}
}
