package servicetest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Options configures a [Server]. Only Document is required.
type Options struct {
	// Document tells which operation a request is for.
	Document *Document
	// Route maps the path of a request to a path of the document: it takes off the base path, and knows other
	// spellings that real clients use. ok false means that the service does not know the path. Nil passes the
	// path as it is.
	Route func(path string) (documentPath string, ok bool)
	// NotFound answers requests that belong to no operation. Nil answers 404 with no body.
	NotFound http.Handler
	// Contract checks every exchange. Nil checks nothing.
	Contract *Contract
	// Host is the name by which clients on the in-memory network call the server, with an optional port.
	// Default "service.test".
	Host string
	// Network options of the in-memory network.
	Network []NetworkOption
	// Seed of the chances of faults. Default 0: the same every time.
	Seed uint64
	// KeepRecords is how many requests [Log.Records] returns at most; the counters are always complete. Default
	// 4096, negative keeps none.
	KeepRecords int
}

// Server is a fake of an HTTP service: a handler behind a request log, faults and a contract check, served over
// an in-memory network and, on demand, on real ports. Nothing runs before the first Transport, Client,
// DialContext or Listen; everything ends with Close.
type Server struct {
	options Options
	handler http.Handler
	network *Network
	log     *Log

	mu      sync.Mutex
	random  *rand.Rand
	faults  []*Fault // replaced, never changed
	servers []*http.Server
	started bool
	closed  bool
	ctx     context.Context //nolint:containedctx // the lifetime of the server, which its requests inherit
	cancel  context.CancelFunc
	serving sync.WaitGroup
}

// NewServer returns a server for a handler. The handler sees the path of the document, without the base path.
func NewServer(handler http.Handler, o Options) *Server {
	if o.Host == "" {
		o.Host = "service.test"
	}
	if o.KeepRecords == 0 {
		o.KeepRecords = 4096
	}
	if o.NotFound == nil {
		o.NotFound = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) })
	}
	s := &Server{options: o, handler: handler, network: NewNetwork(o.Network...), log: newLog(o.KeepRecords), random: newRandom(o.Seed)}
	if o.Contract != nil {
		s.handler = o.Contract.Middleware(handler)
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s
}

// exchange is what the layers of the server know of one request.
type exchange struct {
	op           *operation
	params       map[string]string
	cut          bool
	requestBytes int
}

type exchangeKey struct{}

func exchangeOf(ctx context.Context) *exchange {
	x, _ := ctx.Value(exchangeKey{}).(*exchange)
	return x
}

// Operation returns the id of the operation that a request to a [Server] is for; "" when there is none.
func Operation(ctx context.Context) string {
	if x := exchangeOf(ctx); x != nil && x.op != nil {
		return x.op.id
	}
	return ""
}

// ServeHTTP handles a request, so that a fake can be put behind any other server (net/http/httptest with TLS and
// HTTP/2, a proxy). It works without the server having been started.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	x := &exchange{}
	next := s.options.NotFound
	path, ok := r.URL.Path, true
	if s.options.Route != nil {
		path, ok = s.options.Route(path)
	}
	if ok {
		if x.op, x.params = s.options.Document.find(r.Method, path); x.op != nil {
			next = s.handler
		}
	}
	operation := ""
	if x.op != nil {
		operation = x.op.id
	}
	ctx := context.WithValue(r.Context(), exchangeKey{}, x)
	sent := r.URL
	r = r.WithContext(ctx)
	if x.op != nil && path != sent.Path {
		u := *sent
		u.Path, u.RawPath = path, ""
		r.URL = &u
	}
	number := s.log.arrive(operation, r.Host, began)
	rec := &recorder{ResponseWriter: w}
	defer func() {
		if s.options.KeepRecords > 0 {
			s.log.add(Record{
				Number: number, Operation: operation, Time: began, Took: time.Since(began), Method: r.Method, Host: r.Host,
				Path: sent.Path, Query: sent.RawQuery, Header: redacted(r.Header), RequestBytes: x.requestBytes,
				Status: rec.status, Cut: x.cut,
			})
		}
	}()
	s.mu.Lock()
	faults := s.faults
	s.mu.Unlock()
	if len(faults) > 0 {
		next = s.chain(faults, 0, operation, next)
	}
	next.ServeHTTP(rec, r)
	if !x.cut && rec.status == 0 {
		rec.status = http.StatusOK // what net/http sends when a handler writes nothing
	}
}

// recorder notes the status that is sent.
type recorder struct {
	http.ResponseWriter
	status int
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 && status >= 200 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(p []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	return r.ResponseWriter.Write(p)
}

func (r *recorder) Flush() { _ = http.NewResponseController(r.ResponseWriter).Flush() }

func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// Fault registers faults. It panics when one names an operation that the document does not have, because a test
// whose fault never strikes proves nothing.
func (s *Server) Fault(faults ...*Fault) {
	for _, f := range faults {
		for _, op := range f.operations {
			if _, known := slices.BinarySearch(s.options.Document.ids, op); !known && op != "*" && op != "" {
				panic("servicetest: fault of an unknown operation " + strconv.Quote(op))
			}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(slices.Clip(s.faults), faults...)
}

// ClearFaults removes every fault.
func (s *Server) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// Log returns the request log.
func (s *Server) Log() *Log { return s.log }

// Network returns the in-memory network, which knows how many connections were opened.
func (s *Server) Network() *Network { return s.network }

// URL returns the origin of the server on the in-memory network, without a path. Only clients whose transport
// dials with DialContext reach it.
func (s *Server) URL() string { return "http://" + s.options.Host }

// DialContext opens a connection to the server over the in-memory network, whatever the address says. Put it
// into http.Transport.DialContext; put it into DialTLSContext too to serve https URLs without TLS.
func (s *Server) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	s.startMemory()
	return s.network.DialContext(ctx, network, address)
}

// Transport returns a new transport that reaches the server over the in-memory network, under every host name,
// by http and by https URLs (without TLS). Its connections end with the server.
func (s *Server) Transport() *http.Transport {
	s.startMemory()
	return &http.Transport{DialContext: s.DialContext, DialTLSContext: s.DialContext, MaxIdleConnsPerHost: 64}
}

// Client returns a new client on Transport. It follows redirects as http.Client does; see [Log.Hosts].
func (s *Server) Client() *http.Client { return &http.Client{Transport: s.Transport()} }

func (s *Server) startMemory() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.started || s.closed {
		return
	}
	s.started = true
	s.serve(s.network.Listener())
}

// serve starts an http.Server on a listener. The lock is held.
func (s *Server) serve(l net.Listener) {
	server := &http.Server{
		Handler:           s,
		BaseContext:       func(net.Listener) context.Context { return s.ctx },
		ErrorLog:          slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
		ReadHeaderTimeout: time.Minute,
	}
	s.servers = append(s.servers, server)
	s.serving.Go(func() { _ = server.Serve(l) })
}

// Listen serves on a TCP address as well, such as "127.0.0.1:0", and returns the origin to give to a client,
// without a path. It may be called more than once.
func (s *Server) Listen(ctx context.Context, address string) (origin string, err error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", address)
	if err != nil {
		return "", fmt.Errorf("servicetest: listen on %s: %w", address, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return "", errors.Join(net.ErrClosed, l.Close())
	}
	s.serve(l)
	return "http://" + l.Addr().String(), nil
}

// Close ends every connection and returns when nothing of the server listens any more. Handlers still at work
// have their contexts cancelled. It may be called more than once.
func (s *Server) Close() error {
	s.mu.Lock()
	s.closed = true
	servers := s.servers
	s.servers = nil
	s.mu.Unlock()
	s.cancel()
	for _, server := range servers {
		_ = server.Close()
	}
	err := s.network.Close()
	s.serving.Wait()
	return err
}
