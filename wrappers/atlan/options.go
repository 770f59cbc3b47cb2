package atlan

import (
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/job"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// Option configures a [Client] in [New] and [FromEnv]. A wrong value is reported by those, as an error of category
// [ErrInvalidRequest] that names the option; later options of the same name win.
type Option func(*settings)

// settings are what the options say.
type settings struct {
	base      string // "": not said
	auth      []credentials
	polling   job.Options
	transport []transport.Option
	proxy     transport.Option // nil: none
	// connected says that an option says how connections are made, so that the environment does not.
	connected bool
	perMinute int
	retries   int
	window    time.Duration
	forbidden time.Duration
	cacheTTL  time.Duration
	routes    WorkflowRoutes
	errs      []error
}

const defaultRetries = 3

// credentials are one kind of credentials and the option or the variables they came from.
type credentials struct {
	from       string // for errors
	key        string
	id, secret string
	source     transport.TokenSource
}

func newSettings(opts []Option) (*settings, error) {
	s := &settings{perMinute: requestsPerMinute, retries: defaultRetries, window: defaultPermissionWindow, cacheTTL: defaultCacheTTL}
	for i, opt := range opts {
		if opt == nil {
			return nil, apierr.Invalid(service, "options", "option %d is nil", i)
		}
		opt(s)
	}
	if len(s.errs) > 0 {
		return nil, s.errs[0]
	}
	return s, nil
}

func (s *settings) fail(option, format string, args ...any) {
	s.errs = append(s.errs, apierr.Invalid(service, option, format, args...))
}

// WithBaseURL names the tenant, such as "https://acme.atlan.com". A missing scheme means https, and a slash or the root
// of one of the APIs (/api/meta, /api/service) at the end is taken off. A URL with a user, a query or a fragment is
// refused, as is the word INTERNAL, by which pyatlan means the services inside Atlan's own cluster.
func WithBaseURL(tenant string) Option {
	return func(s *settings) {
		base, err := parseBaseURL("WithBaseURL", tenant)
		if err != nil {
			s.errs = append(s.errs, err)
			return
		}
		s.base = base
	}
}

// parseBaseURL makes what people have at hand into the URL that the API's paths are under. The field names the option or
// the variable it came from. Its errors do not repeat the URL, which could carry a password.
func parseBaseURL(field, raw string) (string, error) {
	const example = "https://acme.atlan.com"
	raw = strings.TrimSpace(raw)
	switch raw {
	case "":
		return "", apierr.Invalid(service, field, "the URL is empty: give one such as %s", example)
	case "INTERNAL":
		return "", apierr.Invalid(service, field, "INTERNAL stands for the services inside Atlan's own cluster, each with a host of its own, "+
			"which this library does not reach: give the tenant's URL, such as %s", example)
	}
	if !strings.Contains(raw, "://") {
		raw = "https://" + raw
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return "", apierr.Invalid(service, field, "not a URL: give one such as %s", example)
	case u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "":
		return "", apierr.Invalid(service, field, "the URL must start with http:// or https:// and a host, such as %s", example)
	case u.User != nil:
		return "", apierr.Invalid(service, field, "the URL contains a user or a password: use WithAPIKey")
	case u.RawQuery != "" || u.ForceQuery:
		return "", apierr.Invalid(service, field, "the URL contains a query")
	case u.Fragment != "" || strings.Contains(raw, "#"):
		return "", apierr.Invalid(service, field, "the URL contains a fragment")
	case strings.Contains(u.Path, ".."):
		return "", apierr.Invalid(service, field, "the URL contains '..'")
	}
	path := strings.TrimRight(u.EscapedPath(), "/")
	for _, suffix := range [...]string{"/api/meta", "/api/service", "/api/sql", "/api"} {
		if rest, ok := strings.CutSuffix(path, suffix); ok {
			path = strings.TrimRight(rest, "/")
			break
		}
	}
	host := strings.ToLower(u.Host)
	if name := strings.ToLower(u.Hostname()); name == "atlan.com" || strings.HasSuffix(name, ".atlan.com") {
		switch {
		case u.Scheme != "https":
			return "", apierr.Invalid(service, field, "Atlan is served over https only")
		case path != "":
			return "", apierr.Invalid(service, field, "the URL is a page, not a tenant: give what is before its path, https://%s", host)
		}
	}
	return u.Scheme + "://" + host + path, nil
}

// WithAPIKey uses an API token of the tenant (Atlan, Admin, API tokens). Together with it nothing else signs in.
func WithAPIKey(key string) Option {
	return func(s *settings) {
		if key = strings.TrimSpace(key); key == "" {
			s.fail("WithAPIKey", "the API key is empty")
		}
		s.use(credentials{from: "WithAPIKey", key: key})
	}
}

// WithOAuth signs in as an OAuth client: its id and secret are exchanged for tokens, which are replaced before they end,
// and once more when the service refuses one with 401. All goroutines share one exchange.
func WithOAuth(clientID, clientSecret string) Option {
	return func(s *settings) {
		clientID, clientSecret = strings.TrimSpace(clientID), strings.TrimSpace(clientSecret)
		switch {
		case clientID == "":
			s.fail("WithOAuth", "the client id is empty")
		case clientSecret == "":
			s.fail("WithOAuth", "the client secret is empty")
		}
		s.use(credentials{from: "WithOAuth", id: clientID, secret: clientSecret})
	}
}

// WithTokenSource takes tokens from the caller's own source, such as a vault. A token without an end is kept until the
// service refuses it with 401.
func WithTokenSource(source transport.TokenSource) Option {
	return func(s *settings) {
		if source == nil {
			s.fail("WithTokenSource", "the token source is nil")
		}
		s.use(credentials{from: "WithTokenSource", source: source})
	}
}

func (s *settings) use(c credentials) {
	for i, other := range s.auth {
		if other.from == c.from {
			s.auth[i] = c
			return
		}
	}
	s.auth = append(s.auth, c)
}

// credentials returns the one kind of credentials that there is.
func (s *settings) credentials() (credentials, error) {
	switch len(s.auth) {
	case 0:
		return credentials{}, apierr.Invalid(service, "credentials", "no credentials: use WithAPIKey, WithOAuth or WithTokenSource, or FromEnv")
	case 1:
		return s.auth[0], nil
	}
	names := make([]string, len(s.auth))
	for i, c := range s.auth {
		names[i] = c.from
	}
	return credentials{}, apierr.Invalid(service, "credentials", "%s exclude each other: use one", strings.Join(names, " and "))
}

// auth makes the credentials into what the transport takes. An exchange is to be connected to the client.
func (c credentials) auth() (transport.Auth, *tokenExchange) {
	switch {
	case c.source != nil:
		return transport.Tokens(c.source), nil
	case c.id != "":
		exchange := &tokenExchange{id: c.id, secret: c.secret}
		return transport.Tokens(exchange), exchange
	}
	return transport.Bearer(c.key), nil
}

// WithTransport passes options to the chain that carries every request: timeouts, hooks, headers, a TLS configuration, a
// user agent, other limits. They are applied after this package's own, except for credentials and the reading of errors.
// Give a RoundTripper, an http.Client or a proxy with the options of this package, or [FromEnv] will not know of it.
func WithTransport(opts ...transport.Option) Option {
	return func(s *settings) { s.transport = append(s.transport, opts...) }
}

// WithRoundTripper sends requests through rt instead of a connection pool of the client's own. It excludes the options
// for proxies: set a proxy in rt.
func WithRoundTripper(rt http.RoundTripper) Option {
	return func(s *settings) {
		s.connected = true
		s.transport = append(s.transport, transport.WithRoundTripper(rt))
	}
}

// WithHTTPClient sends requests through the transport of h, with its timeout for one try. A client with cookies or a
// redirect policy is refused. It excludes the options for proxies.
func WithHTTPClient(h *http.Client) Option {
	return func(s *settings) {
		s.connected = s.connected || h != nil && h.Transport != nil
		s.transport = append(s.transport, transport.WithHTTPClient(h))
	}
}

// WithProxy sends everything through one proxy: http://, https://, socks5:// or socks5h://, with user:password@ where it
// asks for them. Characters with a meaning in URLs are to be escaped there ("p%40ss" for "p@ss").
func WithProxy(proxy string) Option {
	return func(s *settings) {
		s.connected = true
		s.proxy = transport.WithProxy(proxy)
	}
}

// WithEnvironmentProxy uses the proxies that HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY name, also in small letters,
// which win. [FromEnv] does so by itself.
func WithEnvironmentProxy() Option {
	return func(s *settings) {
		s.connected = true
		s.proxy = transport.WithEnvironmentProxy()
	}
}

// WithoutProxy reaches the tenant directly also from [FromEnv], whatever proxies the environment names.
func WithoutProxy() Option {
	return func(s *settings) { s.connected, s.proxy = true, nil }
}

// WithLogger logs each try at Debug and retries that were given up at Warn. Nothing is logged by default, and never a
// URL, a header or a body.
func WithLogger(log *slog.Logger) Option {
	return func(s *settings) { s.transport = append(s.transport, transport.WithLogger(log)) }
}

// WithPolling sets how jobs are waited for: intervals, tolerance, hooks, a key to sign tokens with. The fields Service and
// Origin are filled in by the client.
func WithPolling(options job.Options) Option {
	return func(s *settings) { s.polling = options }
}

// WithRequestsPerMinute sets how many requests a minute the client sends at most, all goroutines and retries together: 400
// by default, which is what Atlan allows a tenant. The tenant's limit counts every caller, so a program that runs beside
// others takes a share of it. 0 removes the limit.
//
// The client stays 3 % below n, so that no minute has more than n requests however the service counts. After a 429
// everything waits until the block is over and then goes on more slowly for a while.
func WithRequestsPerMinute(n int) Option {
	return func(s *settings) {
		if n < 0 {
			s.fail("WithRequestsPerMinute", "%d requests a minute is negative", n)
		}
		s.perMinute = n
	}
}

// WithRetries sets how often a failed request is repeated at most: 3 times by default, 0 for never. What is repeated and
// after which pauses says the package documentation. It does not concern a 403 that is waited out:
// see [WithPermissionWindow].
func WithRetries(n int) Option {
	return func(s *settings) {
		if n < 0 {
			s.fail("WithRetries", "%d retries is negative", n)
		}
		s.retries = max(n, 0)
	}
}

// WithPermissionWindow sets for how long after this client created a connection a 403 about the connection and the assets
// in it is repeated, with pauses of 1 to 8 seconds, because Atlan hands permissions out with a delay: 2 minutes by
// default, 0 for never. Only the metastore's code ATLAS-403-00-001 counts.
func WithPermissionWindow(d time.Duration) Option {
	return func(s *settings) {
		if d < 0 {
			s.fail("WithPermissionWindow", "%s is negative", d)
		}
		s.window = d
	}
}

// WithRetryForbidden repeats every 403 of every call for up to d, with pauses of 1 to 8 seconds, as pyatlan does: for
// programs that work in connections which another process has just created. A permission that is really missing is then
// reported that much later. The default, 0, returns a 403 at once outside the window of [WithPermissionWindow].
func WithRetryForbidden(d time.Duration) Option {
	return func(s *settings) {
		if d < 0 {
			s.fail("WithRetryForbidden", "%s is negative", d)
		}
		s.forbidden = d
	}
}
