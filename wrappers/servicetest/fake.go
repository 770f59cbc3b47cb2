package servicetest

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
)

// FakeOptions are what the fakes of all services can be told. Put them into the configuration of yours, so that its options
// set them.
type FakeOptions struct {
	Options // of the server; Contract is made of the fields below

	// TB is the test that violations of the contract fail. In a program there is none.
	TB TB
	// NoContract checks nothing, for benchmarks.
	NoContract bool
	// Tolerate, Sample and Logger are those of [Contract].
	Tolerate func(*Violation) bool
	Sample   int
	Logger   *slog.Logger
}

// Fake is a [Server] that holds every exchange to its document. Embed it in the fake of a service: the network, faults, the
// log and ports come with it.
type Fake struct {
	server   *Server
	contract *Contract
}

// NewFake returns a fake around a handler, which sees the paths of the document. It does no I/O. Close it; in a test,
// [Started] does.
func NewFake(handler http.Handler, o FakeOptions) *Fake {
	f := &Fake{}
	if !o.NoContract {
		f.contract = &Contract{Document: o.Document, TB: o.TB, Logger: o.Logger, Tolerate: o.Tolerate, Sample: o.Sample}
	}
	o.Contract = f.contract
	f.server = NewServer(handler, o.Options)
	return f
}

// URL returns the origin on the in-memory network, without a path.
func (f *Fake) URL() string { return f.server.URL() }

// Transport returns a new transport to the fake over the in-memory network; see [Server.Transport].
func (f *Fake) Transport() *http.Transport { return f.server.Transport() }

// HTTPClient returns a new client on Transport. It sends no credentials by itself.
func (f *Fake) HTTPClient() *http.Client { return f.server.Client() }

// DialContext opens a connection to the fake over the in-memory network, whatever the address says, for the DialContext of
// a transport under test.
func (f *Fake) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	return f.server.DialContext(ctx, network, address)
}

// Network returns the in-memory network, which counts connections.
func (f *Fake) Network() *Network { return f.server.Network() }

// Handler returns the fake as a handler, to put behind a server of your own: httptest with TLS, a proxy.
func (f *Fake) Handler() http.Handler { return f.server }

// Listen serves on a TCP address as well, such as "127.0.0.1:0", and returns the origin, without a path.
func (f *Fake) Listen(ctx context.Context, address string) (origin string, err error) {
	return f.server.Listen(ctx, address)
}

// Fault registers faults. They are named by operation ids of the document, several separated by "|", or "*". It panics when
// the document does not have the operation.
func (f *Fake) Fault(faults ...*Fault) { f.server.Fault(faults...) }

// ClearFaults removes every fault.
func (f *Fake) ClearFaults() { f.server.ClearFaults() }

// Log returns the request log: counters per operation and per second, and the latest requests.
func (f *Fake) Log() *Log { return f.server.Log() }

// Close ends all connections and waits for them. It may be called more than once.
func (f *Fake) Close() error { return f.server.Close() }

// Requests returns how many requests of each operation arrived; see [Fake.Log] for more.
func (f *Fake) Requests() map[string]int { return f.server.Log().Counts() }

// Violations returns how many violations of the contract were found, tolerated ones not counted.
func (f *Fake) Violations() int {
	if f.contract == nil {
		return 0
	}
	return f.contract.Violations()
}

// Started hands a fake that was made to its test: it is closed when the test ends. When it could not be made, the test
// fails and the call panics.
func Started[F io.Closer](tb TB, f F, err error) F {
	tb.Helper()
	if err != nil {
		tb.Errorf("%T: %v", f, err)
		panic(err)
	}
	tb.Cleanup(func() { _ = f.Close() })
	return f
}

// Serve runs a fake on a TCP address such as "127.0.0.1:8000" until ctx ends, and closes it. ready, when not nil, gets the
// fake and its origin once it listens. It returns nil when ctx ended.
func Serve[F interface {
	io.Closer
	Listen(ctx context.Context, address string) (origin string, err error)
}](ctx context.Context, address string, f F, ready func(f F, origin string)) error {
	origin, err := f.Listen(ctx, address)
	if err != nil {
		_ = f.Close()
		return err
	}
	if ready != nil {
		ready(f, origin)
	}
	<-ctx.Done()
	return f.Close()
}

// Misuse reports a mistake in how a test uses a fake: it fails the test, and panics where there is none.
func Misuse(tb TB, format string, args ...any) {
	if tb == nil {
		panic(fmt.Sprintf(format, args...))
	}
	tb.Helper()
	tb.Errorf(format, args...)
}

// RandomUUID returns a random UUID (version 4) that follows from the generator's state.
func RandomUUID(r *rand.Rand) [16]byte {
	var id [16]byte
	for i := 0; i < len(id); i += 8 {
		n := r.Uint64()
		for k := range 8 {
			id[i+k] = byte(n >> (8 * k))
		}
	}
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	return id
}

// RandomSecret returns so many random bytes in hexadecimal that follow from the generator's state, for what a fake mints.
func RandomSecret(r *rand.Rand, size int) string {
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return hex.EncodeToString(b)
}
