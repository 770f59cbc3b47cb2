// Proxies is a proxy for tests, a process of its own: HTTP (plain requests and CONNECT) or SOCKS5, with a user and a
// password, and with names of its own.
//
//	proxies -kind socks5 -user me -password secret -host acme.example.com=127.0.0.1:8443
//
// It prints the address it listens on, then a line for each thing it is asked for, and ends with its standard input.
// Each line on its standard input is answered with the same line, after everything that happened before.
package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/elazarl/goproxy"
	socks5 "github.com/things-go/go-socks5"
	"github.com/things-go/go-socks5/statute"
)

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// proxy is what both kinds have in common.
type proxy struct {
	user, password string
	hosts          map[string]string // addresses by name

	mu  sync.Mutex
	out io.Writer
}

func (p *proxy) say(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintf(p.out, format+"\n", args...)
}

func run(args []string, in io.Reader, out io.Writer) error {
	p := &proxy{out: out, hosts: map[string]string{}}
	flags := flag.NewFlagSet("proxies", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // the error says it
	kind := flags.String("kind", "http", "http or socks5")
	flags.StringVar(&p.user, "user", "", "the user")
	flags.StringVar(&p.password, "password", "", "the password")
	flags.Func("host", "a name and the address it stands for, name=host:port; several are allowed", func(value string) error {
		name, address, ok := strings.Cut(value, "=")
		if !ok {
			return errors.New("not name=host:port")
		}
		p.hosts[name] = address
		return nil
	})
	if err := flags.Parse(args); err != nil {
		return err
	}
	var config net.ListenConfig
	listener, err := config.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	p.say("%s", listener.Addr())
	switch *kind {
	case "http":
		go func() { _ = p.http(listener) }()
	case "socks5":
		go func() { _ = p.socks(listener) }()
	default:
		return fmt.Errorf("kind %q is neither http nor socks5", *kind)
	}
	for lines := bufio.NewScanner(in); lines.Scan(); {
		p.say("%s", lines.Text())
	}
	return listener.Close()
}

// dial connects to what an address stands for. Names that are not known do not exist.
func (p *proxy) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if mapped, ok := p.hosts[host]; ok {
		address = mapped
	} else if net.ParseIP(host) == nil {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	var dialer net.Dialer
	return dialer.DialContext(ctx, network, address)
}

// silent is where the library's own log goes.
type silent struct{}

func (silent) Printf(string, ...any) {}

func (p *proxy) http(listener net.Listener) error {
	server := goproxy.NewProxyHttpServer()
	server.Logger = silent{}
	server.Tr = &http.Transport{DialContext: p.dial}
	server.ConnectDialWithReq = func(r *http.Request, network, address string) (net.Conn, error) {
		return p.dial(r.Context(), network, address)
	}
	want := "Basic " + base64.StdEncoding.EncodeToString([]byte(p.user+":"+p.password))
	refusal := func(r *http.Request) *http.Response {
		if p.user == "" || r.Header.Get("Proxy-Authorization") == want {
			return nil
		}
		p.say("REFUSED %s %s", r.Method, r.Host)
		resp := goproxy.NewResponse(r, "text/plain", http.StatusProxyAuthRequired, "who are you?")
		resp.Header.Set("Proxy-Authenticate", `Basic realm="tests"`)
		return resp
	}
	server.OnRequest().DoFunc(func(r *http.Request, _ *goproxy.ProxyCtx) (*http.Request, *http.Response) {
		if resp := refusal(r); resp != nil {
			return r, resp
		}
		p.say("%s %s", r.Method, r.URL.Host)
		r.Header.Del("Proxy-Authorization")
		return r, nil
	})
	server.OnRequest().HandleConnectFunc(func(host string, ctx *goproxy.ProxyCtx) (*goproxy.ConnectAction, string) {
		if resp := refusal(ctx.Req); resp != nil {
			ctx.Resp = resp
			return goproxy.RejectConnect, host
		}
		p.say("CONNECT %s", host)
		return goproxy.OkConnect, host
	})
	return (&http.Server{Handler: server, ReadHeaderTimeout: time.Minute}).Serve(listener)
}

func (p *proxy) socks(listener net.Listener) error {
	options := []socks5.Option{
		socks5.WithResolver(p), socks5.WithRewriter(p), socks5.WithDial(p.dial),
	}
	if p.user != "" {
		options = append(options, socks5.WithCredential(p))
	}
	return socks5.NewServer(options...).Serve(listener)
}

// Valid implements [socks5.CredentialStore].
func (p *proxy) Valid(user, password, _ string) bool {
	if user == p.user && password == p.password {
		return true
	}
	p.say("REFUSED SOCKS")
	return false
}

// Resolve implements [socks5.NameResolver]. The address means nothing: see Rewrite.
func (p *proxy) Resolve(ctx context.Context, name string) (context.Context, net.IP, error) {
	p.say("RESOLVE %s", name)
	if _, ok := p.hosts[name]; !ok {
		return ctx, nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
	}
	return ctx, net.IPv4(192, 0, 2, 1), nil
}

// Rewrite implements [socks5.AddressRewriter]: names lead where they stand for.
func (p *proxy) Rewrite(ctx context.Context, r *socks5.Request) (context.Context, *statute.AddrSpec) {
	p.say("SOCKS %s", r.RawDestAddr)
	mapped, ok := p.hosts[r.RawDestAddr.FQDN]
	if !ok {
		return ctx, r.DestAddr
	}
	address, err := statute.ParseAddrSpec(mapped)
	if err != nil {
		return ctx, r.DestAddr
	}
	return ctx, &address
}
