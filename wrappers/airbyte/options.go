package airbyte

import (
	"net/http"
	"strings"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/job"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// Option configures a [Client] in [New] and [FromEnv]. A wrong value is reported by those, as an error of kind
// [apierr.KindInvalid] that names the option; later options of the same name win.
type Option func(*settings)

// settings are what the options say.
type settings struct {
	roots     *roots // nil: Airbyte Cloud
	apiRoot   string
	webRoot   string
	workspace string
	auth      []credentials
	polling   job.Options
	transport []transport.Option
	errs      []error
}

// credentials are one kind of credentials and the option they came from.
type credentials struct {
	option string // "WithBearer", for errors
	kind   credentialKind
	// first and second are the id and the secret, the user and the password, or the token and nothing.
	first, second string
	source        transport.TokenSource
}

type credentialKind uint8

const (
	bearerCredentials credentialKind = iota
	clientCredentials
	basicCredentials
	tokenCredentials
	noCredentials
)

func (s *settings) fail(err error) { s.errs = append(s.errs, err) }

// WithOrigin names the Airbyte to talk to; without it that is Airbyte Cloud. Take any of these: the origin of the web
// application ("https://airbyte.example.com", also with a path in front of /api), the same with /api/public/v1, /api/v1
// or /v1, and Cloud's api.airbyte.com or cloud.airbyte.com. The public API's root, the token endpoint and the web links
// follow from it. A URL with a user, a query or a fragment is refused.
func WithOrigin(origin string) Option {
	return func(s *settings) {
		r, err := rootsOf("WithOrigin", origin)
		if err != nil {
			s.fail(err)
			return
		}
		s.roots = &r
	}
}

// WithAPIRoot sets the URL of the public API as it is, for a gateway that serves it under a path of its own. The token
// endpoint is taken to be under it. Web links still follow [WithOrigin], and there are none when that is not given.
func WithAPIRoot(root string) Option {
	return func(s *settings) {
		u, err := parseRoot("WithAPIRoot", root)
		if err != nil {
			s.fail(err)
			return
		}
		s.apiRoot = strings.TrimRight(u.String(), "/")
	}
}

// WithWebRoot sets the URL of the web application, for the links that handles, results and errors give, when it is not
// the origin.
func WithWebRoot(root string) Option {
	return func(s *settings) {
		u, err := parseRoot("WithWebRoot", root)
		if err != nil {
			s.fail(err)
			return
		}
		s.webRoot = strings.TrimRight(u.String(), "/")
	}
}

// WithDefaultWorkspace names the workspace of [Client.DefaultWorkspace].
func WithDefaultWorkspace(id string) Option {
	return func(s *settings) {
		if err := checkID("WithDefaultWorkspace", id); err != nil {
			s.fail(err)
			return
		}
		s.workspace = id
	}
}

// WithBearer sends one access token with every call. Tokens made from an application live 15 minutes: for anything
// longer use [WithClientCredentials], which renews them.
func WithBearer(token string) Option {
	return func(s *settings) {
		s.use(credentials{option: "WithBearer", kind: bearerCredentials, first: token})
	}
}

// WithClientCredentials makes access tokens from the client id and the client secret of an application (Airbyte's
// Settings → Applications) and renews them before they expire. They have the permissions of the user who made the
// application.
func WithClientCredentials(id, secret string) Option {
	return func(s *settings) {
		s.use(credentials{option: "WithClientCredentials", kind: clientCredentials, first: id, second: secret})
	}
}

// WithBasic sends a user and a password with every call, as older self-managed versions ask for.
func WithBasic(user, password string) Option {
	return func(s *settings) {
		s.use(credentials{option: "WithBasic", kind: basicCredentials, first: user, second: password})
	}
}

// WithTokenSource takes access tokens from the caller's own source, such as an identity-aware proxy in front of a
// self-managed Airbyte. Tokens are renewed early, and once for all goroutines.
func WithTokenSource(source transport.TokenSource) Option {
	return func(s *settings) {
		s.use(credentials{option: "WithTokenSource", kind: tokenCredentials, source: source})
	}
}

// WithNoAuth sends no credentials: for a self-managed Airbyte that runs with authentication switched off, or behind a
// proxy that adds them.
func WithNoAuth() Option {
	return func(s *settings) { s.use(credentials{option: "WithNoAuth", kind: noCredentials}) }
}

func (s *settings) use(c credentials) {
	switch c.kind {
	case bearerCredentials:
		if strings.TrimSpace(c.first) == "" {
			s.fail(apierr.Invalid(service, c.option, "the token is empty"))
		}
	case clientCredentials:
		if strings.TrimSpace(c.first) == "" {
			s.fail(apierr.Invalid(service, c.option, "the client id is empty"))
		}
		if strings.TrimSpace(c.second) == "" {
			s.fail(apierr.Invalid(service, c.option, "the client secret is empty"))
		}
	case basicCredentials:
		if c.first == "" {
			s.fail(apierr.Invalid(service, c.option, "the user is empty"))
		}
	case tokenCredentials:
		if c.source == nil {
			s.fail(apierr.Invalid(service, c.option, "the token source is nil"))
		}
	case noCredentials:
	}
	for i, other := range s.auth {
		if other.option == c.option {
			s.auth[i] = c
			return
		}
	}
	s.auth = append(s.auth, c)
}

// WithTransport passes options to the chain that carries every request: limits, retries, timeouts, hooks, a logger, a
// proxy, headers. They are applied after this package's own, except for credentials.
func WithTransport(opts ...transport.Option) Option {
	return func(s *settings) { s.transport = append(s.transport, opts...) }
}

// WithRoundTripper sends requests through rt instead of a connection pool of the client's own: for a gateway that wants
// requests signed, a recorder, or a test.
func WithRoundTripper(rt http.RoundTripper) Option {
	return WithTransport(transport.WithRoundTripper(rt))
}

// WithHTTPClient sends requests through the transport of h, with its timeout for one try. A client with cookies or a
// redirect policy is refused.
func WithHTTPClient(h *http.Client) Option {
	return WithTransport(transport.WithHTTPClient(h))
}

// WithPolling sets how jobs are waited for: intervals, tolerance, hooks, a key to sign tokens with. The fields Service
// and Origin are filled in by the client.
func WithPolling(options job.Options) Option {
	return func(s *settings) { s.polling = options }
}

func newSettings(opts []Option) (*settings, error) {
	s := &settings{}
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

// resolve returns the roots that the options lead to.
func (s *settings) resolve() roots {
	r := cloudRoots()
	if s.roots != nil {
		r = *s.roots
	}
	if s.apiRoot != "" {
		r.api, r.token = s.apiRoot, s.apiRoot+tokenPath
		if s.roots == nil {
			r.config, r.web, r.cloud = "", "", false
		}
	}
	if s.webRoot != "" {
		r.web = s.webRoot
	}
	return r
}

// credentials returns the one kind of credentials that the options name.
func (s *settings) credentials() (credentials, error) {
	switch len(s.auth) {
	case 1:
		return s.auth[0], nil
	case 0:
		return credentials{}, apierr.Invalid(service, "credentials",
			"no credentials: use WithClientCredentials or WithBearer (WithBasic or WithNoAuth for a self-managed Airbyte), or FromEnv")
	}
	names := make([]string, len(s.auth))
	for i, c := range s.auth {
		names[i] = c.option
	}
	return credentials{}, apierr.Invalid(service, "credentials", "%s exclude each other: use one", strings.Join(names, " and "))
}
