package polytomictest

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/sluice-sdk/sluice/wrappers/servicetest"
)

// TB is what the fake needs of a test: *testing.T, *testing.B and *rapid.T have it.
type TB = servicetest.TB

// Fake is a running fake of Polytomic. It is safe for concurrent use. Make one with [New] in a test, or with
// [NewServer] or [Serve] in a program. URL, Transport, Fault, Log, Listen and more are those of [servicetest.Fake].
type Fake struct {
	*servicetest.Fake

	config config

	ctx       context.Context //nolint:containedctx // the lifetime of the fake, which its deliveries inherit
	cancel    context.CancelFunc
	courier   *http.Client // nil delivers nothing
	delivered sync.WaitGroup
	watching  bool
	wake      chan struct{} // a webhook may have something to do

	mu     sync.Mutex
	closed bool
	random *rand.Rand
	// requests in the running minute, for the rate limit
	minute   int64
	inMinute int
	outcomes map[string]*outcome // of idempotency keys
	replays  int
	world
	clock
}

type config struct {
	servicetest.FakeOptions

	off          map[Quirk]bool
	version      string
	noAuth       bool
	startup      time.Duration
	cancelTakes  time.Duration
	cacheTakes   time.Duration
	cacheWords   [2]string
	healthyAfter time.Duration
	validation   time.Duration
	jobTakes     time.Duration
	queryTakes   time.Duration
	queryPage    int
	linksLive    time.Duration
	perMinute    int
	everySync    []SyncOption
	transport    http.RoundTripper
	sign         func(secret string, body []byte) string
	newestFirst  bool
}

// Option adjusts a fake when it is made.
type Option func(*config)

// Without switches quirks off.
func Without(quirks ...Quirk) Option {
	return func(c *config) {
		for _, q := range quirks {
			c.off[q] = true
		}
	}
}

// WithoutQuirks switches all quirks off.
func WithoutQuirks() Option { return Without(Quirks()...) }

// Tolerate lets violations of the contract pass that a test means to make.
func Tolerate(meant func(*servicetest.Violation) bool) Option {
	return func(c *config) { c.Tolerate = meant }
}

// SampleContract checks only every n-th answer of an operation after its first hundred, for load tests whose
// answers never repeat. Requests are always checked. See [servicetest.Contract].
func SampleContract(n int) Option { return func(c *config) { c.Sample = n } }

// WithoutContract checks nothing, for benchmarks.
func WithoutContract() Option { return func(c *config) { c.NoContract = true } }

// WithRoundTrip makes a request take d on the in-memory network, of which half passes before the fake reads its
// state. Default: nothing.
func WithRoundTrip(d time.Duration) Option {
	return func(c *config) { c.Network = append(c.Network, servicetest.Latency(d/2)) }
}

// WithSeed sets the seed of ids, of chances and of distributions. Two fakes with the same seed that get the same
// requests do the same. Default: 1.
func WithSeed(seed uint64) Option { return func(c *config) { c.Seed = seed } }

// WithLogger takes what the fake has to say when there is no test to fail. Default: discarded.
func WithLogger(l *slog.Logger) Option { return func(c *config) { c.Logger = l } }

// KeepRecords sets how many requests the log keeps; its counters are always complete. Default 4096, negative none.
func KeepRecords(n int) Option { return func(c *config) { c.KeepRecords = n } }

// WithoutAuth lets every request in; one without a key acts as the first user of the first organization.
func WithoutAuth() Option { return func(c *config) { c.noAuth = true } }

// WithStartup sets how long an execution waits before it runs, unless its sync says otherwise. Default 4 s, and
// never more than a quarter of the whole.
func WithStartup(d time.Duration) Option { return func(c *config) { c.startup = d } }

// CancelTakes sets how long an execution is canceling before it is canceled. Default 3 s.
func CancelTakes(d time.Duration) Option { return func(c *config) { c.cancelTakes = d } }

// CacheTakes sets how long it takes to fill the schema cache of a connection. Default 10 s. Connections that
// [Fake.AddConnection] makes have theirs filled from the beginning; see [FreshCache].
func CacheTakes(d time.Duration) Option { return func(c *config) { c.cacheTakes = d } }

// CacheStatus sets the words for a schema cache that is being filled and for one that is filled. Default
// "refreshing" and "fresh", the second of the two pairs that the documentation has; its example says "cached".
func CacheStatus(filling, filled string) Option {
	return func(c *config) { c.cacheWords = [2]string{filling, filled} }
}

// HealthyAfter sets how long a connection that an end user has just authorised takes to become healthy. Default
// 5 s.
func HealthyAfter(d time.Duration) Option { return func(c *config) { c.healthyAfter = d } }

// ValidationTakes sets how long createConnection, updateConnection and testConnection talk to the system behind
// the connection before they answer. Default: nothing.
func ValidationTakes(d time.Duration) Option { return func(c *config) { c.validation = d } }

// JobsTake sets how long a job takes: the asynchronous calls of models and the export of logs. Default 3 s; with 0
// jobs are done at once.
func JobsTake(d time.Duration) Option { return func(c *config) { c.jobTakes = d } }

// QueriesTake sets how long a query takes. Default 2 s.
func QueriesTake(d time.Duration) Option { return func(c *config) { c.queryTakes = d } }

// QueryPage sets how many rows a page of query results has. Default 100.
func QueryPage(rows int) Option { return func(c *config) { c.queryPage = max(rows, 1) } }

// LinksLive sets how long signed links to log files work. Default 15 minutes.
func LinksLive(d time.Duration) Option { return func(c *config) { c.linksLive = d } }

// LimitRate answers 429 with Retry-After and X-RateLimit-Reset to every request above so many in one minute of the
// clock. Default: no limit, and none is published.
func LimitRate(perMinute int) Option { return func(c *config) { c.perMinute = perMinute } }

// EverySync applies to each bulk sync and model sync, also to those that are made through the API.
func EverySync(opts ...SyncOption) Option {
	return func(c *config) { c.everySync = append(c.everySync, opts...) }
}

// ServeVersion sets the version that answers name in X-Polytomic-Version, whatever the request asked for: drift, as
// clients meet it. The bodies stay those of the newest version. Default: the newest.
func ServeVersion(version string) Option { return func(c *config) { c.version = version } }

// DeliverWebhooks sends events to the endpoints of webhooks through a transport; nil is a transport of the fake's
// own that reaches the network. Default: nothing is sent, so that no test calls a stranger.
func DeliverWebhooks(transport http.RoundTripper) Option {
	return func(c *config) {
		if transport == nil {
			transport = &http.Transport{Proxy: http.ProxyFromEnvironment}
		}
		c.transport = transport
	}
}

// WebhookHandler sends events to a handler in the same process, whatever the endpoints of the webhooks say.
func WebhookHandler(h http.Handler) Option { return DeliverWebhooks(handlerTransport{h}) }

// SignWebhooks sets how the value of Polytomic-Signature is made. Default: HMAC-SHA256 of the raw body in
// hexadecimal. The documentation names an HMAC and neither hash nor encoding.
func SignWebhooks(sign func(secret string, body []byte) string) Option {
	return func(c *config) { c.sign = sign }
}

// NewestEventsFirst turns the order of GET /api/events around, which is not documented. Default: oldest first.
func NewestEventsFirst() Option { return func(c *config) { c.newestFirst = true } }

// New returns a fake on an in-memory network for a test. A request or an answer that the OpenAPI document does not
// allow fails the test. The fake closes when the test ends. Inside synctest.Test, call it in the bubble.
//
// It comes with one organization that has one user; see [Fake.UserKey] and [Fake.PartnerKey].
func New(tb TB, opts ...Option) *Fake {
	tb.Helper()
	f, err := build(tb, opts)
	return servicetest.Started(tb, f, err)
}

// NewServer returns a fake without a test: violations of the contract are logged, and answered with status 500
// and the header X-Contract-Violation. The caller closes it. It listens nowhere until [servicetest.Fake.Listen].
func NewServer(opts ...Option) (*Fake, error) { return build(nil, opts) }

// Serve runs a fake on a TCP address such as "127.0.0.1:8000" until the context ends. ready, when not nil, gets
// the fake and its origin once it listens. It returns nil when the context ended.
func Serve(ctx context.Context, address string, ready func(f *Fake, origin string), opts ...Option) error {
	f, err := NewServer(opts...)
	if err != nil {
		return err
	}
	return servicetest.Serve(ctx, address, f, ready)
}

func build(tb TB, opts []Option) (*Fake, error) {
	doc, err := document()
	if err != nil {
		return nil, err
	}
	c := config{
		off: make(map[Quirk]bool), version: newestVersion,
		startup: 4 * time.Second, cancelTakes: 3 * time.Second, cacheTakes: 10 * time.Second,
		cacheWords: [2]string{"refreshing", "fresh"}, healthyAfter: 5 * time.Second, jobTakes: 3 * time.Second,
		queryTakes: 2 * time.Second, queryPage: 100, linksLive: 15 * time.Minute, sign: hexSignature,
	}
	c.Document, c.TB, c.Seed, c.Host = doc, tb, 1, "app.polytomic.test"
	for _, o := range opts {
		o(&c)
	}
	f := &Fake{
		config: c, random: rand.New(rand.NewPCG(c.Seed, 0x901f)),
		outcomes: make(map[string]*outcome), wake: make(chan struct{}, 1),
	}
	f.ctx, f.cancel = context.WithCancel(context.Background())
	f.now = time.Now()
	f.populate()
	if c.transport != nil {
		f.courier = &http.Client{Transport: c.transport, CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		}}
	}
	c.Route, c.NotFound = f.route, http.HandlerFunc(f.elsewhere)
	f.Fake = servicetest.NewFake(f.handler(), c.FakeOptions)
	f.putProxy()
	return f, nil
}

// misuse reports a mistake in how a test uses the fake.
func (f *Fake) misuse(format string, args ...any) {
	if f.config.TB != nil {
		f.config.TB.Helper()
	}
	servicetest.Misuse(f.config.TB, "polytomictest: "+format, args...)
}

// newID returns a random UUID from the fake's seed. The lock is held.
func (f *Fake) newID() string { return uuid.UUID(servicetest.RandomUUID(f.random)).String() }

func (f *Fake) newSecret() string { return servicetest.RandomSecret(f.random, 20) }

// BaseURL returns what clients take for a base URL: the same as URL, since the paths of the API begin with /api.
func (f *Fake) BaseURL() string { return f.URL() }

// Close ends all connections and the deliveries of webhooks, and waits for them. It may be called more than once.
func (f *Fake) Close() error {
	f.mu.Lock()
	f.closed = true // no delivery begins any more
	f.mu.Unlock()
	f.cancel()
	err := f.Fake.Close()
	f.delivered.Wait()
	if f.courier != nil {
		f.courier.CloseIdleConnections()
	}
	if err != nil {
		return fmt.Errorf("polytomictest: close: %w", err)
	}
	return nil
}
