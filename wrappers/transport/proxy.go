package transport

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"

	"golang.org/x/net/http/httpproxy"
)

// proxyFunc names the proxy for a request, nil for none.
type proxyFunc func(*http.Request) (*url.URL, error)

// WithProxy sends everything through one proxy: http://, https://, socks5:// or socks5h://, with user:password@ where
// it asks for them. With socks5h the proxy looks the host up. The environment is not read.
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
