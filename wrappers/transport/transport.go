package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// Client sends requests to one service through the chain that the package documentation describes. It has the Do
// method that generated clients ask for. It is safe for concurrent use, and holds no goroutine: what remains open
// after the last call are idle connections, which [Client.CloseIdleConnections] closes.
type Client struct {
	settings
	base   *url.URL
	origin string
	path   string // the base's path without its trailing slash
	routes *routes
	chain  exchange
	budget budget
	limits *limiter
}

// New returns a client for the service at base, the absolute http or https URL that generated requests are made
// under; a trailing slash makes no difference. The operations decide about retries, timeouts and content: see
// [ParseOperations]. A base with a query, a fragment or a user, a broken table and options that contradict each
// other are errors. It does no I/O.
func New(base string, operations []Operation, opts ...Option) (*Client, error) {
	c := &Client{}
	var err error
	if c.base, err = parseBase(base); err != nil {
		return nil, err
	}
	c.origin = strings.ToLower(c.base.Scheme) + "://" + c.base.Host
	c.path = c.base.EscapedPath()
	if c.routes, err = newRoutes(operations); err != nil {
		return nil, fmt.Errorf("transport: %w", err)
	}
	c.settings = defaults()
	for _, opt := range opts {
		if opt == nil {
			continue
		}
		if err := opt(&c.settings); err != nil {
			return nil, fmt.Errorf("transport: %w", err)
		}
	}
	if err := c.settings.finish(c.base.Scheme == "https"); err != nil {
		return nil, fmt.Errorf("transport: %w", err)
	}
	c.budget.init(c.retry.Budget)
	if c.limit.RequestsPerSecond > 0 || c.limit.InFlight > 0 {
		c.limits = newLimiter(c.limit)
	}
	c.link()
	return c, nil
}

// link puts the stages together.
func (c *Client) link() {
	c.chain = c.withHeaders(c.withRequestID(c.withAuth(c.withRetry(c.withIdempotencyKey(c.withLimits(c.withTimeout(c.withCap(c.withErrors(c.send)))))))))
}

func parseBase(base string) (*url.URL, error) {
	u, err := url.Parse(base)
	switch {
	case err != nil:
		return nil, errors.New("transport: the base URL cannot be read")
	case u.User != nil:
		return nil, errors.New("transport: the base URL holds a user or a password: give it to the client as its auth")
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("transport: the base URL must start with http:// or https://, not %q", u.Scheme)
	case u.Hostname() == "":
		return nil, errors.New("transport: the base URL has no host")
	case u.RawQuery != "" || u.ForceQuery:
		return nil, errors.New("transport: the base URL has a query")
	case u.Fragment != "" || strings.Contains(base, "#"):
		return nil, errors.New("transport: the base URL has a fragment")
	}
	u.Path = strings.TrimRight(u.Path, "/")
	u.RawPath = strings.TrimRight(u.RawPath, "/")
	if !cleanPath(u.EscapedPath(), u.Path, unknown) {
		return nil, errors.New("transport: the base URL's path has an empty or dot segment or a control character")
	}
	return u, nil
}

// Base returns the base URL without a trailing slash. It is what to give to a generated client as its server.
func (c *Client) Base() string { return c.base.String() }

// Origin returns scheme, host and port of the base URL, such as "https://api.airbyte.com". No request and no
// credential goes anywhere else.
func (c *Client) Origin() string { return c.origin }

// Service returns the name given with [WithService].
func (c *Client) Service() string { return c.service }

// CloseIdleConnections closes the connections that no call uses, those of [Client.Elsewhere] too.
func (c *Client) CloseIdleConnections() {
	for _, rt := range [...]http.RoundTripper{c.roundTripper, c.elsewhere} {
		if closer, ok := rt.(interface{ CloseIdleConnections() }); ok {
			closer.CloseIdleConnections()
		}
	}
}

// String returns the client's service and origin, never its settings.
func (c *Client) String() string {
	return "transport.Client(" + strings.TrimSpace(c.service+" "+c.origin) + ")"
}

// Format implements [fmt.Formatter]: whatever the verb, it writes what String returns.
func (c *Client) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.String()) }

// LogValue implements [slog.LogValuer].
func (c *Client) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalJSON hides what String hides.
func (c *Client) MarshalJSON() ([]byte, error) { return []byte(fmt.Sprintf("%q", c.String())), nil }

// Do sends the request through the chain and returns the answer, whose body the caller must close. Every error is an
// [*apierr.Error]: also an answer of status 300 and above is one, so generated code never sees it. The request must
// be for the client's origin. Do does not change the request and closes its body, also on errors.
func (c *Client) Do(req *http.Request) (*http.Response, error) {
	cl := &call{client: c, caller: req, ctx: req.Context(), entry: unknown, start: time.Now()}
	err := cl.admit()
	if err == nil {
		var resp *http.Response
		cl.hookStart()
		if resp, err = c.chain(cl); err == nil {
			cl.hookEnd(resp.StatusCode, nil)
			return resp, nil
		}
		cl.hookEnd(err.Status, err)
	}
	cl.closeRequest()
	return nil, err
}

// exchange carries one call on and brings back its answer. One of the two results is nil. An answer that it returns
// has an open body; with an error everything is closed and released.
type exchange func(*call) (*http.Response, *apierr.Error)

// call is one request on its way down the chain and back. Everything a stage has to tell another one is here.
type call struct {
	client *Client
	caller *http.Request // as it was given to Do; never changed
	ctx    context.Context
	entry  *entry
	safety Safety // of this call: see WithSafety
	start  time.Time

	header    http.Header // what is sent; rebuilt, never changed, once a try has begun
	requestID string
	idValues  [1]string
	used      *credential
	lane      Lane
	keyed     keyed

	// getBody gives the body anew for each try; nil with once means that the body can be sent only one time.
	getBody func() (io.ReadCloser, error)
	once    bool
	opened  bool // the caller's own body went on the wire, or was closed

	attempts int

	// about the current try
	try     context.Context
	cancel  context.CancelFunc
	timeout time.Duration
	slot    bool // a place in the limiter is taken
	sentAt  time.Time
	asked   atomic.Bool // a connection was asked for …
	got     atomic.Bool // … and there was one, so that bytes may have left
	refused string      // why a redirect was not followed
	class   class
	again   time.Duration // ErrorAnswer.RepeatAfter of the current try

	body body
}

// class says how far a failed try may have come, which decides about repeating it.
type class uint8

const (
	// failedFinal is a failure that another try will not change.
	failedFinal class = iota
	// failedUnsent is a request that provably was not processed.
	failedUnsent
	// failedConnection is a connection that broke, no one knows when.
	failedConnection
	// failedTimeout is a try that took too long.
	failedTimeout
	// failedStatus is an answer with an error status.
	failedStatus
	// failedUnsettled is an answer that leaves open what was done.
	failedUnsettled
	// failedEnded is the caller's context.
	failedEnded
)

// maxReplay is how much of a body without GetBody is kept for repeating the request.
const maxReplay = 1 << 20

func (cl *call) admit() *apierr.Error {
	c := cl.client
	e, err := c.admit(cl.caller)
	cl.entry, cl.safety = e, safetyOf(cl.ctx, e)
	if err == nil && cl.safety > Safe {
		err = fmt.Errorf("unknown safety %d", cl.safety)
	}
	if err != nil {
		return cl.invalid(err)
	}
	if err := context.Cause(cl.ctx); err != nil {
		return cl.ended(nil)
	}
	cl.lane = laneOf(cl.ctx)
	req := cl.caller
	switch {
	case req.Body == nil || req.Body == http.NoBody:
	case req.GetBody != nil:
		cl.getBody = req.GetBody
	case req.ContentLength > 0 && req.ContentLength <= maxReplay:
		buf := make([]byte, req.ContentLength)
		_, err := io.ReadFull(req.Body, buf)
		cl.closeRequest()
		if err != nil {
			return cl.invalid(fmt.Errorf("the request's body cannot be read: %w", err))
		}
		cl.getBody = func() (io.ReadCloser, error) { return newBytesBody(buf), nil }
	default:
		cl.once = true
	}
	return nil
}

// repeatable reports whether the request can be sent once more.
func (cl *call) repeatable() bool { return !cl.once }

// closeRequest closes the caller's body when no try has taken it over.
func (cl *call) closeRequest() {
	if !cl.opened && cl.caller.Body != nil {
		cl.opened = true
		_ = cl.caller.Body.Close()
	}
}

// endTry gives back what the current try holds: its context and its place in the limiter.
func (cl *call) endTry() {
	if cl.cancel != nil {
		cl.cancel()
		cl.cancel = nil
	}
	if cl.slot {
		cl.slot = false
		cl.client.limits.release(cl.lane)
	}
}

// err starts the error of this call.
func (cl *call) err(kind apierr.Kind) *apierr.Error {
	return &apierr.Error{
		Service: cl.client.service, Operation: cl.entry.ID, Kind: kind, Method: cl.method(), Route: cl.entry.Route,
		RequestID: cl.requestID, Attempts: cl.attempts,
	}
}

func (cl *call) invalid(cause error) *apierr.Error {
	e := cl.err(apierr.KindInvalid)
	e.Err = hideURL(cause)
	return e
}

func (cl *call) method() string { return methodOf(cl.caller) }

func methodOf(req *http.Request) string {
	if req.Method == "" {
		return http.MethodGet
	}
	return req.Method
}
