package airbytetest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"

	"github.com/sluice-sdk/sluice/gen/airbyteserver"
	"github.com/sluice-sdk/sluice/specs"
	"github.com/sluice-sdk/sluice/wrappers/servicetest"
)

// TB is what the fake needs of a test: *testing.T, *testing.B and *rapid.T have it.
type TB = servicetest.TB

// Fake is a running fake of Airbyte. It is safe for concurrent use. Make one with [New] in a test, or with
// [NewServer] or [Serve] in a program. URL, Transport, Fault, Log, Listen and more are those of [servicetest.Fake].
type Fake struct {
	*servicetest.Fake

	config config

	ctx    context.Context //nolint:containedctx // the lifetime of the fake, which its jobs inherit
	cancel context.CancelFunc
	movers sync.WaitGroup

	mu     sync.Mutex
	closed bool
	random *rand.Rand
	lists  uint64 // list requests answered, the seed of their order
	// requests in the latest second, for load shedding
	second   int64
	inSecond int
	world
	clock
}

type config struct {
	servicetest.FakeOptions

	edition       Edition
	off           map[Quirk]bool
	tokenLifetime time.Duration
	noAuth        bool
	basicUser     string
	basicPassword string
	root          string
	linkBase      string
	startup       time.Duration
	discoverTakes time.Duration
	cancelTakes   time.Duration
	mover         Mover
	threads       int
	loadShed      int
}

// Option adjusts a fake when it is made.
type Option func(*config)

// Edition is which Airbyte the fake plays: it decides the base path, what bad credentials are answered with, the
// host in links, and which calls exist.
type Edition int

// The editions.
const (
	// AnyEdition is the default: Cloud's behaviour under both base paths.
	AnyEdition Edition = iota
	// Cloud serves /v1 only. Bad credentials answer 401 with an errorId.
	Cloud
	// SelfManaged serves /api/public/v1 only, with its own user database: bad credentials answer 500 with an
	// errorId.
	SelfManaged
	// Community serves /api/public/v1 only. Bad credentials answer 400 HAL, links name localhost, and there is
	// one built-in application that cannot be changed.
	Community
)

const (
	cloudRoot       = "/v1"
	selfManagedRoot = "/api/public/v1"
)

// WithEdition plays an edition. Default [AnyEdition].
func WithEdition(e Edition) Option { return func(c *config) { c.edition = e } }

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

// WithSeed sets the seed of ids, of the order of lists, of chances and of distributions. Two fakes with the same
// seed that get the same requests do the same. Default: 1.
func WithSeed(seed uint64) Option { return func(c *config) { c.Seed = seed } }

// WithLogger takes what the fake has to say when there is no test to fail. Default: discarded.
func WithLogger(l *slog.Logger) Option { return func(c *config) { c.Logger = l } }

// KeepRecords sets how many requests the log keeps; its counters are always complete. Default 4096, negative none.
func KeepRecords(n int) Option { return func(c *config) { c.KeepRecords = n } }

// TokenLifetime sets how long access tokens live. Default 15 minutes.
func TokenLifetime(d time.Duration) Option { return func(c *config) { c.tokenLifetime = d } }

// WithoutAuth lets every request in, as a self-managed Airbyte with authentication switched off does.
func WithoutAuth() Option { return func(c *config) { c.noAuth = true } }

// WithBasicAuth accepts a user and a password besides tokens, as old self-managed releases do.
func WithBasicAuth(user, password string) Option {
	return func(c *config) { c.basicUser, c.basicPassword = user, password }
}

// WithStartup sets how long jobs are pending and queued before they run, unless a connection says otherwise.
// Default 4 s, and never more than a quarter of the whole.
func WithStartup(d time.Duration) Option { return func(c *config) { c.startup = d } }

// DiscoverTakes sets how long the discovery of a source's schema takes, which POST /connections and GET /streams
// wait for. Default: nothing.
func DiscoverTakes(d time.Duration) Option { return func(c *config) { c.discoverTakes = d } }

// CancelTakes sets how long DELETE /jobs/{id} waits for the job to stop. Default: nothing.
func CancelTakes(d time.Duration) Option { return func(c *config) { c.cancelTakes = d } }

// WithThreads lets the fake work on n requests at a time, while others wait for their turn: a self-managed Airbyte
// serves its public API from 5 threads by default, and calls that wait hold one. Default: no limit.
func WithThreads(n int) Option { return func(c *config) { c.threads = n } }

// LoadShed answers 429 without Retry-After, as Airbyte's load shedding does, to every request above so many in one
// second of the clock. Default: no limit.
func LoadShed(perSecond int) Option { return func(c *config) { c.loadShed = perSecond } }

// WithMover moves data for real.
func WithMover(m Mover) Option { return func(c *config) { c.mover = m } }

// document is parsed once per program: it is immutable, and a test may make thousands of fakes.
var document = sync.OnceValues(func() (*servicetest.Document, error) {
	return servicetest.LoadDocument(specs.Airbyte())
})

// New returns a fake on an in-memory network for a test. A request or an answer that Airbyte's OpenAPI document
// does not allow fails the test. The fake closes when the test ends. Inside synctest.Test, call it in the bubble.
//
// It comes with one organization, one workspace, one user and one application; see [Fake.Credentials] and
// [Fake.WorkspaceID].
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
		off: make(map[Quirk]bool), tokenLifetime: 15 * time.Minute,
		startup: 4 * time.Second,
	}
	c.Document, c.TB, c.Seed, c.Host = doc, tb, 1, "airbyte.test"
	for _, o := range opts {
		o(&c)
	}
	c.root, c.linkBase = cloudRoot, "https://api.airbyte.com"+cloudRoot
	if c.edition == SelfManaged || c.edition == Community {
		c.root, c.linkBase = selfManagedRoot, "http://localhost:8000"+selfManagedRoot
	}
	f := &Fake{config: c, random: rand.New(rand.NewPCG(c.Seed, 0xa17b))}
	f.ctx, f.cancel = context.WithCancel(context.Background())
	f.world = newWorld(f)
	c.Route = f.route
	c.NotFound = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { f.wrongPath(r.URL.Path).write(w) })
	f.Fake = servicetest.NewFake(f.handler(), c.FakeOptions)
	return f, nil
}

// route maps the paths of both base paths to the document's, and the spellings of the token endpoint that real
// clients use: the Python SDK asks at the root of the host, self-managed Airbyte also serves it under the Config
// API.
func (f *Fake) route(path string) (string, bool) {
	const token = "/applications/token"
	switch path {
	case token:
		return token, true
	case "/api/v1" + token:
		return token, f.config.edition != Cloud
	}
	if f.config.edition != Cloud {
		if rest, ok := strings.CutPrefix(path, selfManagedRoot); ok && strings.HasPrefix(rest, "/") {
			return rest, true
		}
	}
	if f.config.edition == Cloud || f.config.edition == AnyEdition {
		if rest, ok := strings.CutPrefix(path, cloudRoot); ok && strings.HasPrefix(rest, "/") {
			return rest, true
		}
	}
	return "", false
}

func (f *Fake) handler() http.Handler {
	badParameter := func(w http.ResponseWriter, r *http.Request, err error) {
		hal(http.StatusBadRequest, r.URL.Path, "Failed to convert argument: "+err.Error()).write(w)
	}
	strict := airbyteserver.NewStrictHandlerWithOptions(&service{f}, nil, airbyteserver.StrictHTTPServerOptions{
		RequestErrorHandlerFunc: func(w http.ResponseWriter, r *http.Request, err error) {
			f.opaqueLocked(http.StatusUnprocessableEntity, err.Error()).write(w)
		},
		ResponseErrorHandlerFunc: func(w http.ResponseWriter, r *http.Request, err error) {
			if e, ok := errors.AsType[*failure](err); ok {
				e.write(w)
				return
			}
			if r.Context().Err() != nil {
				servicetest.Cut(w, r)
				return
			}
			f.opaqueLocked(http.StatusInternalServerError, err.Error()).write(w)
		},
	})
	routes := airbyteserver.HandlerWithOptions(strict, airbyteserver.ChiServerOptions{
		BaseRouter: chi.NewRouter(), ErrorHandlerFunc: badParameter,
	})
	var threads chan struct{}
	if f.config.threads > 0 {
		threads = make(chan struct{}, f.config.threads)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f.shed(time.Now()) {
			(&failure{status: http.StatusTooManyRequests, body: message("You are being rate limited.")}).write(w)
			return
		}
		if threads != nil {
			select {
			case threads <- struct{}{}:
				defer func() { <-threads }()
			case <-r.Context().Done():
				servicetest.Cut(w, r)
				return
			}
		}
		if e := f.authenticate(r); e != nil {
			e.write(w)
			return
		}
		routes.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), requestKey{}, r)))
	})
}

// shed says whether a request is one too many in its second.
func (f *Fake) shed(now time.Time) bool {
	if f.config.loadShed <= 0 {
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if second := now.Unix(); second != f.second {
		f.second, f.inSecond = second, 0
	}
	f.inSecond++
	return f.inSecond > f.config.loadShed
}

// misuse reports a mistake in how a test uses the fake.
func (f *Fake) misuse(format string, args ...any) {
	if f.config.TB != nil {
		f.config.TB.Helper()
	}
	servicetest.Misuse(f.config.TB, "airbytetest: "+format, args...)
}

func (f *Fake) opaqueLocked(status int, text string) *failure {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.opaque(status, text)
}

// service implements the strict server. Its methods take the fake's lock, except where they wait.
type service struct{ f *Fake }

// lock takes the lock and brings the world up to the present.
func (a *service) lock() *Fake {
	a.f.mu.Lock()
	a.f.advance(time.Now())
	return a.f
}

func (a *service) unlock() { a.f.mu.Unlock() }

// newID returns a random UUID from the fake's seed. The lock is held.
func (f *Fake) newID() string { return uuid.UUID(servicetest.RandomUUID(f.random)).String() }

func (f *Fake) newSecret() string { return servicetest.RandomSecret(f.random, 24) }

// BaseURL returns the root of the public API on the in-memory network: the origin with /v1, or with
// /api/public/v1 for a self-managed edition.
func (f *Fake) BaseURL() string { return f.URL() + f.config.root }

// BasePath returns what BaseURL puts after the origin.
func (f *Fake) BasePath() string { return f.config.root }

// Close ends all connections, stops jobs that move data and waits for them. It may be called more than once.
func (f *Fake) Close() error {
	f.mu.Lock()
	f.closed = true // no job starts to move data any more
	f.mu.Unlock()
	f.cancel()
	err := f.Fake.Close()
	f.movers.Wait()
	if err != nil {
		return fmt.Errorf("airbytetest: close: %w", err)
	}
	return nil
}
