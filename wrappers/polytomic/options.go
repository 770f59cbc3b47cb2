package polytomic

import (
	"log/slog"
	"net/http"
	"strings"

	"github.com/sluice-sdk/sluice/gen/polytomicapi"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/job"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// Option configures a [Client] in [New] and [FromEnv]. A wrong value is reported by those, as an error of kind
// [apierr.KindInvalid] that names the option; later options of the same name win.
type Option func(*settings)

// settings are what the options say.
type settings struct {
	origin       string // "": the cloud
	organization string
	auth         []credentials
	polling      job.Options
	transport    []transport.Option
	log          *slog.Logger
	onMismatch   func(*VersionMismatchError)
	strict       bool
	mapQuery     MapQuery
	cacheFilled  SchemaCacheRule
	errs         []error
}

// KeyClass says what sort of key a client has, which decides about the operations it may call (apidocs.polytomic.com,
// "Obtaining API keys").
type KeyClass uint8

// The classes of keys.
const (
	// UserKey is the API key of a user of one organization: all operations but those for partners.
	UserKey KeyClass = iota
	// PartnerKey is a partner's key: organizations and their users only, unless [WithOrganization] narrows it to one
	// organization.
	PartnerKey
	// DeploymentKey is the key of a deployment on the customer's own premises; otherwise it is like a PartnerKey.
	DeploymentKey
	// SourceKey is whatever a token source gives.
	SourceKey
)

// String returns the class in words.
func (k KeyClass) String() string {
	switch k {
	case UserKey:
		return "user API key"
	case PartnerKey:
		return "partner key"
	case DeploymentKey:
		return "deployment key"
	case SourceKey:
	}
	return "token of a token source"
}

// credentials are one kind of credentials and the option they came from.
type credentials struct {
	option string // "WithAPIKey", for errors
	class  KeyClass
	key    string
	source transport.TokenSource
	// organization is the one that a partner's or a deployment's key is narrowed to.
	organization string
}

func (s *settings) fail(err error) { s.errs = append(s.errs, err) }

// WithOrigin names a deployment of Polytomic's on the customer's own premises, such as "https://polytomic.example.com";
// without it the client talks to https://app.polytomic.com. A missing scheme means https, and /api at the end is taken
// off. A URL with a user, a query or a fragment is refused.
func WithOrigin(origin string) Option {
	return func(s *settings) {
		base, err := parseOrigin("WithOrigin", origin)
		if err != nil {
			s.fail(err)
			return
		}
		s.origin = base
	}
}

// WithAPIKey uses the API key of a user. It belongs to one organization.
func WithAPIKey(key string) Option {
	return func(s *settings) { s.use(credentials{option: "WithAPIKey", class: UserKey, key: key}) }
}

// WithPartnerKey uses a partner's key. Alone it is for organizations and their users; together with [WithOrganization],
// or through [Organization.Client], it does within one organization what a user's key does.
func WithPartnerKey(key string) Option {
	return func(s *settings) { s.use(credentials{option: "WithPartnerKey", class: PartnerKey, key: key}) }
}

// WithDeploymentKey uses the key of a deployment on the customer's own premises, which [WithOrigin] names. It is like a
// partner's key for all the organizations there.
func WithDeploymentKey(key string) Option {
	return func(s *settings) { s.use(credentials{option: "WithDeploymentKey", class: DeploymentKey, key: key}) }
}

// WithTokenSource takes keys from the caller's own source, such as a vault. A key without an end is kept until the
// service refuses it.
func WithTokenSource(source transport.TokenSource) Option {
	return func(s *settings) {
		s.use(credentials{option: "WithTokenSource", class: SourceKey, source: source})
	}
}

// WithOrganization narrows a partner's or a deployment's key to one organization, by its id: requests are then signed in
// with both (HTTP basic), and all operations of the organization are open.
func WithOrganization(id string) Option {
	return func(s *settings) {
		if err := checkID("WithOrganization", id); err != nil {
			s.fail(err)
			return
		}
		s.organization = id
	}
}

func (s *settings) use(c credentials) {
	switch {
	case c.class == SourceKey && c.source == nil:
		s.fail(apierr.Invalid(service, c.option, "the token source is nil"))
	case c.class != SourceKey && strings.TrimSpace(c.key) == "":
		s.fail(apierr.Invalid(service, c.option, "the key is empty"))
	}
	c.key = strings.TrimSpace(c.key)
	for i, other := range s.auth {
		if other.option == c.option {
			s.auth[i] = c
			return
		}
	}
	s.auth = append(s.auth, c)
}

// WithTransport passes options to the chain that carries every request: limits, retries, timeouts, hooks, headers. They
// are applied after this package's own, except for credentials and the version header. Give a logger with the option of
// this package instead, because it concerns version checks too. A proxy, a TLS configuration and a RoundTripper serve the
// downloads of logs, too; a client certificate does not go there.
func WithTransport(opts ...transport.Option) Option {
	return func(s *settings) { s.transport = append(s.transport, opts...) }
}

// WithRoundTripper sends requests, and downloads of logs, through rt instead of a connection pool of the client's own.
func WithRoundTripper(rt http.RoundTripper) Option {
	return func(s *settings) { s.transport = append(s.transport, transport.WithRoundTripper(rt)) }
}

// WithHTTPClient sends requests, and downloads of logs, through the transport of h, with its timeout for one try. A
// client with cookies or a redirect policy is refused.
func WithHTTPClient(h *http.Client) Option {
	return func(s *settings) { s.transport = append(s.transport, transport.WithHTTPClient(h)) }
}

// WithLogger logs each try at Debug, retries that were given up and an API version that differs at Warn. Nothing is
// logged by default, and never a URL, a header or a body.
func WithLogger(log *slog.Logger) Option {
	return func(s *settings) {
		s.log = log
		s.transport = append(s.transport, transport.WithLogger(log))
	}
}

// WithPolling sets how jobs are waited for: intervals, tolerance, hooks, a key to sign tokens with. The fields Service
// and Origin are filled in by the client. By default executions of bulk syncs are asked for every 3 to 5 seconds, all of
// them in one request, and everything else after 1 second and then more and more seldom.
func WithPolling(options job.Options) Option {
	return func(s *settings) { s.polling = options }
}

// OnVersionMismatch calls f when the service answered with another API version than the one that was asked for, once for
// each such version. F must be safe for concurrent use.
func OnVersionMismatch(f func(*VersionMismatchError)) Option {
	return func(s *settings) { s.onMismatch = f }
}

// RequireVersion makes an answer in another API version than the one that was asked for an error that wraps a
// [VersionMismatchError], instead of something to log. The request was carried out all the same: for a write the error
// says MayHaveApplied.
func RequireVersion() Option {
	return func(s *settings) { s.strict = true }
}

// MapQuery says how parameters that are maps are written into a URL. Polytomic's own clients disagree, and it was not
// tried on the live service; the default follows from the OpenAPI document.
type MapQuery uint8

// The ways to write a map.
const (
	// MapQueryIndexed writes params[key][0]=value, as the OpenAPI document has it (deepObject).
	MapQueryIndexed MapQuery = iota
	// MapQueryBrackets writes params[key]=value, once for each value, as polytomic-python does.
	MapQueryBrackets
	// MapQueryJSON writes params={"key":["value"]}, as polytomic-typescript does.
	MapQueryJSON
)

// WithMapQuery chooses how parameters that are maps are written: those of [Connection.ModelSource],
// [Connection.ModelSourceFields], [Connection.EnrichmentSource] and the filters of [BulkSync.Schemas].
func WithMapQuery(way MapQuery) Option {
	return func(s *settings) { s.mapQuery = way }
}

// SchemaCacheRule says whether the status of a connection's schema cache means that the cache is filled and usable.
type SchemaCacheRule func(polytomicapi.BulkSyncSourceStatus) bool

// WithSchemaCacheRule replaces how [Connection.WaitForSchemas] reads the status of a schema cache. The default goes by
// the two times, because the documentation contradicts itself about cache_status: a refresh has finished and none has
// begun since. Only when the service gives no times do the words fresh, cached and completed count. It was not tried on
// the live service.
func WithSchemaCacheRule(rule SchemaCacheRule) Option {
	return func(s *settings) { s.cacheFilled = rule }
}

func newSettings(opts []Option) (*settings, error) {
	s := &settings{cacheFilled: cacheFilled}
	for i, opt := range opts {
		if opt == nil {
			return nil, apierr.Invalid(service, "options", "option %d is nil", i)
		}
		opt(s)
	}
	if s.cacheFilled == nil {
		s.fail(apierr.Invalid(service, "WithSchemaCacheRule", "the rule is nil"))
	}
	if s.mapQuery > MapQueryJSON {
		s.fail(apierr.Invalid(service, "WithMapQuery", "%d is none of the ways", s.mapQuery))
	}
	if len(s.errs) > 0 {
		return nil, s.errs[0]
	}
	return s, nil
}

// credentials returns the one kind of credentials that the options name.
func (s *settings) credentials() (credentials, error) {
	switch len(s.auth) {
	case 0:
		return credentials{}, apierr.Invalid(service, "credentials",
			"no credentials: use WithAPIKey, WithPartnerKey or WithDeploymentKey, or FromEnv")
	case 1:
	default:
		names := make([]string, len(s.auth))
		for i, c := range s.auth {
			names[i] = c.option
		}
		return credentials{}, apierr.Invalid(service, "credentials", "%s exclude each other: use one", strings.Join(names, " and "))
	}
	c := s.auth[0]
	if s.organization != "" {
		if c.class != PartnerKey && c.class != DeploymentKey {
			return credentials{}, apierr.Invalid(service, "WithOrganization",
				"a %s belongs to one organization already: leave the option out, or use a partner key", c.class)
		}
		c.organization = s.organization
	}
	return c, nil
}

// auth makes the credentials into what the transport takes.
func (c credentials) auth() transport.Auth {
	switch {
	case c.class == SourceKey:
		return transport.Tokens(c.source)
	case c.organization != "":
		return transport.Basic(c.organization, c.key)
	}
	return transport.Bearer(c.key)
}
