package transport

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"

	"golang.org/x/net/http/httpproxy"
)

// proxyFunc names the proxy for a request, nil for none.
type proxyFunc func(*http.Request) (*url.URL, error)

// WithProxy sends everything through one proxy: http://, https://, socks5:// or socks5h://, with user:password@ where
// it asks for them; what has a meaning in URLs is escaped there, "p%40ss" for "p@ss". The proxy looks the host up, also
// with socks5, which net/http takes for socks5h. The environment is not read.
//
// A proxy that cannot be reached, or cannot reach the service, is an error of kind [apierr.KindUnavailable] and, because
// nothing was sent, repeated for every operation. A refused user or password is not repeated.
func WithProxy(proxy string) Option {
	return func(s *settings) error {
		u, err := parseProxy(proxy)
		if err != nil {
			return err
		}
		s.proxy = http.ProxyURL(u)
		return nil
	}
}

// WithEnvironmentProxy uses the proxies that the environment names: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY for what the
// two leave open, and NO_PROXY for hosts that are reached directly, all of them also in small letters, which win. The
// environment is read when [New] runs, and a proxy in it that cannot be used is an error. As everywhere in Go,
// localhost is never reached through a proxy.
func WithEnvironmentProxy() Option {
	return func(s *settings) error {
		proxy, err := environmentProxy(os.Getenv)
		if err != nil {
			return err
		}
		s.proxy = proxy
		return nil
	}
}

func environmentProxy(getenv func(string) string) (proxyFunc, error) {
	read := func(name string) string {
		if value := getenv(strings.ToLower(name)); value != "" {
			return value
		}
		return getenv(name)
	}
	config := httpproxy.Config{
		HTTPProxy: read("HTTP_PROXY"), HTTPSProxy: read("HTTPS_PROXY"), NoProxy: read("NO_PROXY"),
		// In a CGI program HTTP_PROXY may be a header that the client sent (CVE-2016-5385).
		CGI: getenv("REQUEST_METHOD") != "",
	}
	if config.CGI {
		config.HTTPProxy = ""
	}
	all := read("ALL_PROXY")
	for name, value := range map[string]*string{"HTTP_PROXY": &config.HTTPProxy, "HTTPS_PROXY": &config.HTTPSProxy} {
		if *value == "" {
			*value, name = all, "ALL_PROXY"
		}
		if *value == "" {
			continue
		}
		u, err := parseProxy(*value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		*value = u.String()
	}
	if config.HTTPProxy == "" && config.HTTPSProxy == "" {
		return nil, nil
	}
	config.CGI = false
	choose := config.ProxyFunc()
	return func(r *http.Request) (*url.URL, error) { return choose(r.URL) }, nil
}

// proxyRefusedError is the status with which a proxy answered CONNECT.
type proxyRefusedError int

func (e proxyRefusedError) Error() string {
	return strings.TrimSpace(fmt.Sprintf("the proxy answered %d %s", int(e), http.StatusText(int(e))))
}

const proxyHint = "the proxy refused the user or the password in its URL, or asks for them"

// proxyAuthRefused reports whether a proxy did not accept the user and the password.
func proxyAuthRefused(err error) bool {
	if refused, ok := errors.AsType[proxyRefusedError](err); ok {
		return refused == http.StatusProxyAuthRequired || refused == http.StatusUnauthorized // tinyproxy's answer
	}
	var op *net.OpError
	if !errors.As(err, &op) || op.Op != "socks connect" || op.Err == nil {
		return false
	}
	// The SOCKS client inside net/http has no types for these (RFC 1928, 3; RFC 1929, 2).
	text := op.Err.Error()
	return strings.Contains(text, "username/password authentication failed") || strings.Contains(text, "no acceptable authentication methods") ||
		strings.Contains(text, "unsupported authentication method")
}

// parseProxy reads a proxy's URL; one without a scheme is http, as curl takes it. Its errors do not repeat it: it may
// hold a password.
func parseProxy(proxy string) (*url.URL, error) {
	u, err := url.Parse(proxy)
	if err != nil || u.Host == "" || !strings.Contains(proxy, "://") {
		u, err = url.Parse("http://" + proxy)
	}
	switch {
	case err != nil || u.Hostname() == "":
		return nil, errors.New("the proxy is not a URL such as http://user:password@host:port")
	case u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "socks5" && u.Scheme != "socks5h":
		return nil, fmt.Errorf("the proxy's scheme %q is none of http, https, socks5, socks5h", u.Scheme)
	}
	return u, nil
}
