package polytomic

import (
	"net/http"
	"strings"
	"time"

	"github.com/sluice-sdk/sluice/gen/polytomicapi"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/job"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// inFlight is how many requests are under way at once. Polytomic publishes no limit.
const inFlight = 16

// Executions of bulk syncs run for minutes, and one request asks for all of them: asking every second would cost more
// than it tells.
const (
	bulkShortest = 3 * time.Second
	bulkLongest  = 5 * time.Second
)

// client builds the client: the chain that carries requests, the generated client over it, and the pollers of its waits.
func (s *settings) client() (*Client, error) {
	keys, err := s.credentials()
	if err != nil {
		return nil, err
	}
	operations, err := transport.ParseOperations(polytomicapi.Operations)
	if err != nil {
		return nil, err
	}
	base := s.origin
	if base == "" {
		base = cloudOrigin
	}
	c := &Client{settings: s, keys: keys, base: base}
	opts := []transport.Option{transport.WithService(service), transport.WithLimits(transport.LimitOptions{InFlight: inFlight})}
	opts = append(append(opts, s.transport...), c.own()...)
	if c.transport, err = transport.New(base, operations, opts...); err != nil {
		return nil, apierr.Invalid(service, "", "%s", strings.TrimPrefix(err.Error(), "transport: "))
	}
	return c, c.finish()
}

// with returns a client for other credentials that shares the connections and the limits of c.
func (c *Client) with(keys credentials) (*Client, error) {
	d := &Client{settings: c.settings, keys: keys, base: c.base}
	var err error
	if d.transport, err = c.transport.With(d.own()...); err != nil {
		return nil, err
	}
	return d, d.finish()
}

// own are the options that are this client's alone.
func (c *Client) own() []transport.Option {
	c.clock = &serverClock{}
	c.version = newVersionCheck(c.settings)
	return []transport.Option{
		transport.WithAuth(c.keys.auth()),
		transport.WithErrorDecoder(func(a *transport.ErrorAnswer) {
			_ = c.version.observe(a.Header) // the error says more
			explain(a, c.keys)
		}),
	}
}

func (c *Client) finish() error {
	var err error
	if c.raw, err = polytomicapi.NewClientWithResponses(c.base, polytomicapi.WithHTTPClient(doer{c})); err != nil {
		return err
	}
	polling := c.settings.polling
	polling.Service, polling.Origin = service, c.base
	c.tasks = job.NewPoller(&taskSource{client: c}, polling)
	if polling.Intervals.Min <= 0 {
		polling.Intervals.Min = bulkShortest
	}
	if polling.Intervals.Max <= 0 {
		polling.Intervals.Max = max(bulkLongest, polling.Intervals.Min)
	}
	c.bulk = job.NewPoller(&bulkSource{client: c}, polling)
	return nil
}

// doer is the chain with what needs every answer: the clock of the service and the version that it served.
type doer struct{ client *Client }

// Do sends the request.
func (d doer) Do(req *http.Request) (*http.Response, error) {
	c := d.client
	if req.Header.Get(versionHeader) == "" {
		req.Header.Set(versionHeader, Version)
	}
	sent := time.Now()
	resp, err := c.transport.Do(req)
	if err != nil {
		return nil, err
	}
	c.clock.observe(resp.Header, sent, time.Now())
	if mismatch := c.version.observe(resp.Header); mismatch != nil && req.Header.Get(versionHeader) == Version {
		_ = resp.Body.Close()
		e := &apierr.Error{Service: service, Kind: apierr.KindUnsupported, Status: resp.StatusCode, Method: req.Method, Attempts: 1,
			MayHaveApplied: req.Method != http.MethodGet, Err: mismatch}
		e.Hint = "The deployment may be older or newer than this library: without RequireVersion the difference is only logged."
		return nil, e
	}
	return resp, nil
}
