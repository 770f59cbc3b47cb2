package atlantest

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

// Fake is a running fake of an Atlan tenant. It is safe for concurrent use. Make one with [New] in a test, or with
// [NewServer] or [Serve] in a program. URL, Transport, Fault, Log, Listen and more are those of [servicetest.Fake].
type Fake struct {
	*servicetest.Fake

	config config
	model  *model

	ctx    context.Context //nolint:containedctx // the lifetime of the fake, which its requests inherit
	cancel context.CancelFunc

	mu     sync.Mutex
	random *rand.Rand
	limit  limiter
	store
	world
	clock
}

type config struct {
	servicetest.FakeOptions

	off           map[Quirk]bool
	noAuth        bool
	perMinute     int
	searchDelay   time.Duration
	archiveDelay  time.Duration
	window        time.Duration
	acceptUnknown bool
	types         []moreType
	pending       time.Duration
	running       time.Duration
	runEnds       string
	propagate     bool
	noLegacy      bool
	tokenLives    time.Duration
	linksLive     time.Duration
}

type moreType struct {
	name   string
	supers []string
	attrs  map[string]string
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

// WithSeed sets the seed of guids and of chances. Two fakes with the same seed that get the same requests do the
// same. Default: 1.
func WithSeed(seed uint64) Option { return func(c *config) { c.Seed = seed } }

// WithLogger takes what the fake has to say when there is no test to fail. Default: discarded.
func WithLogger(l *slog.Logger) Option { return func(c *config) { c.Logger = l } }

// WithHost sets the name by which clients on the in-memory network call the fake, for programs with several tenants.
// Default "tenant.atlan.test".
func WithHost(host string) Option { return func(c *config) { c.Host = host } }

// KeepRecords sets how many requests the log keeps; its counters are always complete. Default 4096, negative none.
func KeepRecords(n int) Option { return func(c *config) { c.KeepRecords = n } }

// WithoutAuth lets every request in; one without a key acts as the user of [Fake.APIKey].
func WithoutAuth() Option { return func(c *config) { c.noAuth = true } }

// LimitRate sets how many requests all callers together may send within any 60 seconds. The one above it, and all that
// come within a minute of it, answer 429. Default 400, as Atlan documents it for a tenant; it does not say how the
// minute is measured, and a client that passes this measure passes any other. [Without] RateLimited ends it.
func LimitRate(perMinute int) Option { return func(c *config) { c.perMinute = perMinute } }

// SearchTakes sets how long a write takes to be seen by searches. Default 2 s.
func SearchTakes(d time.Duration) Option { return func(c *config) { c.searchDelay = d } }

// ArchiveTakes sets how long an asset that was archived stays ACTIVE. Default 1 s.
func ArchiveTakes(d time.Duration) Option { return func(c *config) { c.archiveDelay = d } }

// PermissionsTake sets how long requests for a new connection are refused. Default 3 s.
func PermissionsTake(d time.Duration) Option { return func(c *config) { c.window = d } }

// AcceptUnknown takes assets of types that the fake does not know, and attributes that their types do not have, and
// keeps them as they are: a server that is newer than the client's model. Default: an unknown type is an error, an
// unknown attribute is ignored.
func AcceptUnknown() Option { return func(c *config) { c.acceptUnknown = true } }

// DefineType adds an asset type to those of the document, or attributes to one of them: attributes by name, with their
// types ("string", "long", "array<string>").
func DefineType(name string, superTypes []string, attributes map[string]string) Option {
	return func(c *config) { c.types = append(c.types, moreType{name, superTypes, attributes}) }
}

// RunsTake sets how long runs of apps and workflows are Pending and then Running. Default 2 s and 10 s.
func RunsTake(pending, running time.Duration) Option {
	return func(c *config) { c.pending, c.running = pending, running }
}

// RunsEnd sets the state in which runs end, one that nobody has heard of included. Default "Succeeded".
func RunsEnd(state string) Option { return func(c *config) { c.runEnds = state } }

// WithoutWorkflows makes the fake a newer tenant, which has apps and no workflows: their paths answer 404, as the gateway
// does for any that nothing serves.
func WithoutWorkflows() Option { return func(c *config) { c.noLegacy = true } }

// NeverPropagate keeps tags from spreading along containers, lineage and terms.
func NeverPropagate() Option { return func(c *config) { c.propagate = false } }

// TokensLive sets how long OAuth access tokens work. Default 10 minutes.
func TokensLive(d time.Duration) Option { return func(c *config) { c.tokenLives = d } }

// LinksLive sets how long presigned URLs work that do not say so themselves. Default 15 minutes.
func LinksLive(d time.Duration) Option { return func(c *config) { c.linksLive = d } }

// New returns a fake on an in-memory network for a test. A request or an answer that the OpenAPI document does not
// allow fails the test. The fake closes when the test ends. Inside synctest.Test, call it in the bubble.
//
// It comes with one user, who is an admin and whose key [Fake.APIKey] is.
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
	m, err := sharedModel()
	if err != nil {
		return nil, err
	}
	c := config{
		off: make(map[Quirk]bool), perMinute: 400, searchDelay: 2 * time.Second,
		archiveDelay: time.Second, window: 3 * time.Second, pending: 2 * time.Second, running: 10 * time.Second,
		runEnds: "Succeeded", propagate: true, tokenLives: 10 * time.Minute, linksLive: 15 * time.Minute,
	}
	c.Document, c.TB, c.Seed, c.Host = doc, tb, 1, "tenant.atlan.test"
	for _, o := range opts {
		o(&c)
	}
	if len(c.types) > 0 {
		m = m.clone()
	}
	for _, t := range c.types {
		if err := m.add(t.name, t.supers, t.attrs); err != nil {
			return nil, err
		}
	}
	f := &Fake{config: c, model: m, random: rand.New(rand.NewPCG(c.Seed, 0xa71a))}
	f.ctx, f.cancel = context.WithCancel(context.Background())
	f.now = time.Now()
	f.limit.most = c.perMinute
	f.store = newStore()
	if err := f.populate(); err != nil {
		return nil, err
	}
	c.Route, c.NotFound = f.route, http.HandlerFunc(f.elsewhere)
	f.Fake = servicetest.NewFake(f.handler(), c.FakeOptions)
	return f, nil
}

// misuse reports a mistake in how a test uses the fake.
func (f *Fake) misuse(format string, args ...any) {
	if f.config.TB != nil {
		f.config.TB.Helper()
	}
	servicetest.Misuse(f.config.TB, "atlantest: "+format, args...)
}

// newID returns a random UUID from the fake's seed. The lock is held.
func (f *Fake) newID() string { return uuid.UUID(servicetest.RandomUUID(f.random)).String() }

// newNanoID returns what the server names things by, and hashes human names to: 21 or 22 letters and digits.
func (f *Fake) newNanoID(length int) string {
	const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	b := make([]byte, length)
	for i := range b {
		b[i] = alphabet[f.random.IntN(len(alphabet))]
	}
	return string(b)
}

func (f *Fake) newSecret() string { return servicetest.RandomSecret(f.random, 20) }

// BaseURL returns what clients take for the base URL of a tenant: the same as URL.
func (f *Fake) BaseURL() string { return f.URL() }

// Close ends all connections and waits for them. It may be called more than once.
func (f *Fake) Close() error {
	f.cancel()
	if err := f.Fake.Close(); err != nil {
		return fmt.Errorf("atlantest: close: %w", err)
	}
	return nil
}

// locked runs a change or a look at the world with its lock held, at the present.
func (f *Fake) locked(do func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.advance(time.Now())
	do()
}
