package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/atlan"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// asProxy makes the binary of these tests the proxy.
const asProxy = "SLUICE_TEST_AS_PROXY"

func TestMain(m *testing.M) {
	if os.Getenv(asProxy) != "" {
		main()
		return
	}
	goleak.VerifyTestMain(m)
}

// The users of the proxies. The password has what has a meaning in URLs, in HTTP's basic authentication, and beyond ASCII.
const (
	user     = "me@work"
	password = "p@ss:w/rd?#%25 +é"
	tenant   = "acme.example.com"
	apiKey   = "the-api-key-1"
)

// process is a proxy that runs.
type process struct {
	address string
	in      io.WriteCloser

	mu    sync.Mutex
	lines []string
	mark  chan struct{}
}

const marker = "--mark--"

// start runs a proxy as a process of its own.
func start(t *testing.T, kind string, hosts map[string]string) *process {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"-kind", kind, "-user", user, "-password", password}
	for name, address := range hosts {
		args = append(args, "-host", name+"="+address)
	}
	command := exec.Command(binary, args...)
	command.Env = append(os.Environ(), asProxy+"=yes", "GORACE=atexit_sleep_ms=0")
	command.Stderr = os.Stderr
	p := &process{mark: make(chan struct{})}
	if p.in, err = command.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	if !lines.Scan() {
		t.Fatal("the proxy does not say where it listens")
	}
	p.address = lines.Text()
	var reader sync.WaitGroup
	reader.Go(func() {
		for lines.Scan() {
			if lines.Text() == marker {
				p.mark <- struct{}{}
				continue
			}
			p.mu.Lock()
			p.lines = append(p.lines, lines.Text())
			p.mu.Unlock()
		}
	})
	t.Cleanup(func() {
		_ = p.in.Close()
		reader.Wait()
		_ = command.Wait()
	})
	return p
}

// seen returns what the proxy was asked for since the last time.
func (p *process) seen() string {
	_, _ = io.WriteString(p.in, marker+"\n")
	<-p.mark
	p.mu.Lock()
	defer p.mu.Unlock()
	all := strings.Join(p.lines, "; ")
	p.lines = nil
	return all
}

// url is the proxy's URL with a user and a password.
func (p *process) url(scheme, user, password string) string {
	return (&url.URL{Scheme: scheme, User: url.UserPassword(user, password), Host: p.address}).String()
}

// names is the name service of this process: it knows a few names, and counts who asks.
type names struct {
	known map[string]bool // they are all 127.0.0.1
	asked atomic.Int64
}

// install makes names the resolver of this process until the test ends.
func (n *names) install(t *testing.T) {
	t.Helper()
	old := net.DefaultResolver
	t.Cleanup(func() { net.DefaultResolver = old })
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go n.serve(server)
		return client, nil
	}}
}

// serve answers questions as DNS over TCP has them (RFC 1035, 4.2.2): one question each, for A or AAAA.
func (n *names) serve(conn net.Conn) {
	defer conn.Close()
	for {
		var length uint16
		if binary.Read(conn, binary.BigEndian, &length) != nil || length < 12 {
			return
		}
		question := make([]byte, length)
		if _, err := io.ReadFull(conn, question); err != nil {
			return
		}
		var labels []string
		at := 12
		for question[at] != 0 {
			end := at + 1 + int(question[at])
			labels = append(labels, string(question[at+1:end]))
			at = end
		}
		at += 5 // the root, the type, the class
		kind := binary.BigEndian.Uint16(question[at-4:])
		n.asked.Add(1)
		answer := append([]byte{question[0], question[1], 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}, question[12:at]...)
		switch {
		case !n.known[strings.ToLower(strings.Join(labels, "."))]:
			answer[3] |= 3 // no such name
		case kind == 1:
			answer[7] = 1
			answer = append(answer, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 127, 0, 0, 1)
		}
		if binary.Write(conn, binary.BigEndian, uint16(len(answer))) != nil {
			return
		}
		if _, err := conn.Write(answer); err != nil {
			return
		}
	}
}

// world is a tenant over http and over https, proxies of both kinds, and names.
type world struct {
	plain, secure *httptest.Server
	http, socks   *process
	names         *names
	served        atomic.Int64
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{names: &names{known: map[string]bool{tenant: true, "other.example.com": true}}}
	handler := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.served.Add(1)
		rw.Header().Set("Content-Type", "application/json")
		if r.Header.Get("Authorization") != "Bearer "+apiKey || r.Header.Get("Proxy-Authorization") != "" {
			rw.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = io.WriteString(rw, `{}`)
	})
	w.plain = httptest.NewServer(handler)
	w.secure = httptest.NewUnstartedServer(handler)
	w.secure.EnableHTTP2 = true
	w.secure.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo)
	w.secure.StartTLS()
	t.Cleanup(w.plain.Close)
	t.Cleanup(w.secure.Close)
	// The proxies know more names than this process: who resolves them can be seen.
	plain, secure := w.plain.Listener.Addr().String(), w.secure.Listener.Addr().String()
	w.http = start(t, "http", map[string]string{tenant: plain, "only-there.example.com": plain, "tls.example.com": secure, "0.0.0.0": plain})
	w.socks = start(t, "socks5", map[string]string{tenant: plain, "only-there.example.com": plain, "tls.example.com": secure, "0.0.0.0": plain})
	w.names.install(t)
	// Neither the machine's own proxies nor its tenant are meant.
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, "ATLAN_") || strings.HasSuffix(strings.ToUpper(name), "_PROXY") || name == "REQUEST_METHOD" {
			t.Setenv(name, "")
		}
	}
	t.Setenv("ATLAN_API_KEY", apiKey)
	return w
}

// base is the tenant's URL under a name: its port is that of the server, so that it can be reached without a proxy too.
func (w *world) base(scheme, host string) string {
	server := w.plain
	if scheme == "https" {
		server = w.secure
	}
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	return scheme + "://" + net.JoinHostPort(host, port)
}

// call makes one call with a client of the environment.
func (w *world) call(t *testing.T, base string, opts ...atlan.Option) error {
	t.Helper()
	t.Setenv("ATLAN_BASE_URL", base)
	trust := w.secure.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	trust.ServerName = "example.com" // whatever the tenant is called here
	client, err := atlan.FromEnv(append([]atlan.Option{atlan.WithRetries(0), atlan.WithTransport(transport.WithTLSConfig(trust))}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.CloseIdleConnections()
	return transport.Discard(client.Raw().WhoAmI(t.Context()))
}

// TestS6Environment: every variable, in both cases of letters, over every kind of proxy. What counts is what the proxies
// saw.
func TestS6Environment(t *testing.T) {
	w := newWorld(t)
	overHTTP, overSOCKS, overSOCKSH := w.http.url("http", user, password), w.socks.url("socks5", user, password), w.socks.url("socks5h", user, password)
	const nowhere = "http://127.0.0.1:1"
	plain, secure := w.base("http", tenant), w.base("https", "tls.example.com")
	hidden := w.base("http", "only-there.example.com")
	host := func(base string) string { u, _ := url.Parse(base); return u.Host }
	get, connect := "GET "+host(plain), "CONNECT "+host(secure)
	socks := func(base string) string {
		u, _ := url.Parse(base)
		return fmt.Sprintf("RESOLVE %s; SOCKS 192.0.2.1:%s", u.Hostname(), u.Port())
	}
	for name, test := range map[string]struct {
		env         map[string]string
		base        string
		http, socks string // what the proxies see
	}{
		"nothing":                          {nil, plain, "", ""},
		"HTTP_PROXY":                       {map[string]string{"HTTP_PROXY": overHTTP}, plain, get, ""},
		"http_proxy":                       {map[string]string{"http_proxy": overHTTP}, plain, get, ""},
		"small letters win":                {map[string]string{"http_proxy": overHTTP, "HTTP_PROXY": nowhere}, plain, get, ""},
		"HTTP_PROXY is not for https":      {map[string]string{"HTTP_PROXY": overHTTP, "HTTPS_PROXY": overSOCKS}, plain, get, ""},
		"HTTPS_PROXY":                      {map[string]string{"HTTPS_PROXY": overHTTP}, secure, connect, ""},
		"https_proxy":                      {map[string]string{"https_proxy": overHTTP}, secure, connect, ""},
		"https, small letters win":         {map[string]string{"https_proxy": overHTTP, "HTTPS_PROXY": nowhere}, secure, connect, ""},
		"HTTPS_PROXY is not for http":      {map[string]string{"HTTPS_PROXY": overHTTP}, plain, "", ""},
		"ALL_PROXY, http":                  {map[string]string{"ALL_PROXY": overHTTP}, plain, get, ""},
		"ALL_PROXY, https":                 {map[string]string{"ALL_PROXY": overHTTP}, secure, connect, ""},
		"all_proxy":                        {map[string]string{"all_proxy": overHTTP, "ALL_PROXY": nowhere}, plain, get, ""},
		"ALL_PROXY gives way":              {map[string]string{"ALL_PROXY": nowhere, "HTTP_PROXY": overHTTP}, plain, get, ""},
		"socks5":                           {map[string]string{"ALL_PROXY": overSOCKS}, plain, "", socks(plain)},
		"socks5h":                          {map[string]string{"ALL_PROXY": overSOCKSH}, plain, "", socks(plain)},
		"socks5 for https":                 {map[string]string{"HTTPS_PROXY": overSOCKS}, secure, "", socks(secure)},
		"socks5h, a name only it knows":    {map[string]string{"all_proxy": overSOCKSH}, hidden, "", socks(hidden)},
		"socks5, a name only it knows":     {map[string]string{"all_proxy": overSOCKS}, hidden, "", socks(hidden)},
		"http, a name only it knows":       {map[string]string{"http_proxy": overHTTP}, hidden, "GET " + host(hidden), ""},
		"NO_PROXY, the host":               {map[string]string{"ALL_PROXY": overHTTP, "NO_PROXY": "x.example, " + tenant}, plain, "", ""},
		"no_proxy":                         {map[string]string{"ALL_PROXY": overHTTP, "no_proxy": tenant, "NO_PROXY": "x.example"}, plain, "", ""},
		"NO_PROXY, the suffix":             {map[string]string{"ALL_PROXY": overHTTP, "NO_PROXY": ".example.com"}, plain, "", ""},
		"NO_PROXY, the domain":             {map[string]string{"ALL_PROXY": overHTTP, "NO_PROXY": "example.com"}, plain, "", ""},
		"NO_PROXY, everything":             {map[string]string{"ALL_PROXY": overHTTP, "NO_PROXY": "*"}, plain, "", ""},
		"NO_PROXY, the port":               {map[string]string{"ALL_PROXY": overHTTP, "NO_PROXY": host(plain)}, plain, "", ""},
		"NO_PROXY, another port":           {map[string]string{"ALL_PROXY": overHTTP, "NO_PROXY": tenant + ":1"}, plain, get, ""},
		"NO_PROXY, another host":           {map[string]string{"ALL_PROXY": overHTTP, "NO_PROXY": "cme.example.com,other.example.com"}, plain, get, ""},
		"NO_PROXY, an address":             {map[string]string{"ALL_PROXY": overHTTP, "NO_PROXY": "0.0.0.0"}, w.base("http", "0.0.0.0"), "", ""},
		"NO_PROXY, a network":              {map[string]string{"ALL_PROXY": overSOCKS, "NO_PROXY": "0.0.0.0/8"}, w.base("http", "0.0.0.0"), "", ""},
		"NO_PROXY, another network":        {map[string]string{"ALL_PROXY": overHTTP, "NO_PROXY": "10.0.0.0/8"}, w.base("http", "0.0.0.0"), "GET " + host(w.base("http", "0.0.0.0")), ""},
		"NO_PROXY, for socks5":             {map[string]string{"ALL_PROXY": overSOCKS, "NO_PROXY": tenant}, plain, "", ""},
		"this machine is reached directly": {map[string]string{"ALL_PROXY": overHTTP}, w.base("http", "127.0.0.1"), "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			for name, value := range test.env {
				t.Setenv(name, value)
			}
			before, served := w.names.asked.Load(), w.served.Load()
			if err := w.call(t, test.base); err != nil {
				t.Error(err)
			}
			if seen := w.http.seen(); seen != test.http {
				t.Errorf("the HTTP proxy saw %q, want %q", seen, test.http)
			}
			if seen := w.socks.seen(); seen != test.socks {
				t.Errorf("the SOCKS proxy saw %q, want %q", seen, test.socks)
			}
			if w.served.Load() != served+1 {
				t.Errorf("the tenant was asked %d times", w.served.Load()-served)
			}
			u, _ := url.Parse(test.base)
			direct := test.http == "" && test.socks == "" && net.ParseIP(u.Hostname()) == nil
			if resolved := w.names.asked.Load() > before; resolved != direct {
				t.Errorf("this process resolved a name: %t, want %t", resolved, direct)
			}
		})
	}
}

// TestS6Options: explicit proxies, which win over the environment.
func TestS6Options(t *testing.T) {
	w := newWorld(t)
	t.Setenv("ALL_PROXY", "http://127.0.0.1:1")
	plain, secure := w.base("http", tenant), w.base("https", "tls.example.com")
	for scheme, p := range map[string]*process{"http": w.http, "socks5": w.socks, "socks5h": w.socks} {
		for _, base := range []string{plain, secure} {
			if err := w.call(t, base, atlan.WithProxy(p.url(scheme, user, password))); err != nil {
				t.Errorf("%s to %s: %v", scheme, base, err)
			}
			if p.seen() == "" {
				t.Errorf("%s to %s: the proxy was not used", scheme, base)
			}
		}
	}
	if err := w.call(t, plain, atlan.WithoutProxy()); err != nil || w.http.seen()+w.socks.seen() != "" {
		t.Errorf("WithoutProxy: %v", err)
	}
	t.Setenv("ALL_PROXY", w.http.url("http", user, password))
	client, err := atlan.New(atlan.WithBaseURL(plain), atlan.WithAPIKey(apiKey))
	if err != nil {
		t.Fatal(err)
	}
	if err := transport.Discard(client.Raw().WhoAmI(t.Context())); err != nil || w.http.seen() != "" {
		t.Errorf("New read the environment: %v", err)
	}
	client.CloseIdleConnections()
}

// TestS6WrongPassword: an error that says so, does not show the password, and is not tried again: accounts are locked
// after some attempts.
func TestS6WrongPassword(t *testing.T) {
	w := newWorld(t)
	for scheme, p := range map[string]*process{"http": w.http, "socks5": w.socks, "socks5h": w.socks} {
		for _, base := range []string{w.base("http", tenant), w.base("https", "tls.example.com")} {
			for name, proxy := range map[string]string{
				"wrong": p.url(scheme, user, "wrong-pass-w0rd"), "none": scheme + "://" + p.address,
			} {
				t.Setenv("ALL_PROXY", proxy)
				err := w.call(t, base, atlan.WithRetries(3))
				e, ok := errors.AsType[*apierr.Error](err)
				if !ok || !errors.Is(err, atlan.ErrAPIConnection) || errors.Is(err, atlan.ErrAuthentication) || e.MayHaveApplied || e.Attempts != 1 {
					t.Errorf("%s to %s, %s: %#v", scheme, base, name, err)
					continue
				}
				shown := fmt.Sprintf("%v %+v %#v %s", err, err, err, e.Body())
				if strings.Contains(shown, "wrong-pass-w0rd") || strings.Contains(shown, apiKey) || !strings.Contains(err.Error(), "the proxy refused the user or the password") {
					t.Errorf("%s to %s, %s: %s", scheme, base, name, shown)
				}
				if seen := p.seen(); name == "wrong" && strings.Count(seen, "REFUSED") != 1 || strings.Contains(seen, "GET") && !strings.Contains(seen, "REFUSED GET") {
					t.Errorf("%s to %s, %s: the proxy saw %q", scheme, base, name, seen)
				}
			}
		}
	}
	if n := w.served.Load(); n != 0 {
		t.Errorf("the tenant was asked %d times", n)
	}
}

// TestS6ProxyDown: nobody listens at the proxy's address, or the proxy does not reach the tenant: no connection, nothing
// was sent, so that also an unsafe call is repeated.
func TestS6ProxyDown(t *testing.T) {
	w := newWorld(t)
	const gone = "127.0.0.1:1" // nobody listens there
	unknown := "not-there.example.com"
	for name, test := range map[string]struct{ proxy, base string }{
		"http down":              {"http://" + gone, w.base("http", tenant)},
		"http down, https":       {"http://" + gone, w.base("https", "tls.example.com")},
		"socks5 down":            {"socks5://" + gone, w.base("http", tenant)},
		"socks5h down, https":    {"socks5h://" + gone, w.base("https", "tls.example.com")},
		"no such tenant, https":  {w.http.url("http", user, password), w.base("https", unknown)},
		"no such tenant, socks5": {w.socks.url("socks5", user, password), w.base("http", unknown)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("ALL_PROXY", test.proxy)
			t.Setenv("ATLAN_BASE_URL", test.base)
			client, err := atlan.FromEnv(atlan.WithTransport(transport.WithRetry(transport.RetryOptions{MaxAttempts: 3, Base: 1})))
			if err != nil {
				t.Fatal(err)
			}
			defer client.CloseIdleConnections()
			err = transport.Discard(client.Raw().BulkSaveEntitiesWithBody(t.Context(), nil, "application/json", strings.NewReader(`{"entities":[]}`)))
			e, ok := errors.AsType[*apierr.Error](err)
			if !ok || !errors.Is(err, atlan.ErrAPIConnection) || e.MayHaveApplied || e.Attempts != 3 || strings.Contains(err.Error(), password) {
				t.Errorf("%#v", err)
			}
		})
	}
}

// TestTheProxyItself: what is wrong on its command line is said.
func TestTheProxyItself(t *testing.T) {
	for _, args := range [][]string{{"-kind", "ftp"}, {"-host", "x"}, {"-nonsense"}} {
		if err := run(args, strings.NewReader(""), io.Discard); err == nil {
			t.Errorf("%q: no error", args)
		}
	}
}
