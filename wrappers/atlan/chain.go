package atlan

import (
	"strings"
	"time"

	"github.com/sluice-sdk/sluice/gen/atlanapi"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

const (
	// inFlight is how many requests are under way at once: as many connections as pyatlan's pool has.
	inFlight = 50
	// tryTimeout bounds one try of the operations that name no time of their own: an asset with thousands of columns
	// takes its time.
	tryTimeout = time.Minute
	// idleTimeout is below the 75 s after which the proxies in front of Atlan close an idle connection (pyatlan's
	// client/atlan.py): a request must not meet the end of its connection.
	idleTimeout = 30 * time.Second
	// maxRetryAfter leaves room above the minute for which a tenant is blocked.
	maxRetryAfter = 2 * time.Minute
)

// The headers by which Atlan tells its callers apart. The names are those that pyatlan sends; the values are ours.
var clientHeaders = [...][2]string{ //nolint:gochecknoglobals // a constant that Go has no form for
	{"X-Atlan-Agent", "sdk"},
	{"X-Atlan-Agent-Id", "sluice-go"},
	{"X-Atlan-Client-Origin", "sluice"},
	{"X-Atlan-Client-Type", "go"},
}

// requestIDHeader carries the id of a call; Atlan's support finds a request by it.
const requestIDHeader = "X-Atlan-Request-Id"

// client builds the client: the chain that carries requests and the generated client over it.
func (s *settings) client() (*Client, error) {
	if s.base == "" {
		return nil, apierr.Invalid(service, "WithBaseURL", "no tenant: use WithBaseURL, or FromEnv")
	}
	keys, err := s.credentials()
	if err != nil {
		return nil, err
	}
	operations, err := transport.ParseOperations(atlanapi.Operations)
	if err != nil {
		return nil, err
	}
	c := &Client{settings: s, base: s.base, polling: s.polling}
	c.polling.Service, c.polling.Origin = service, c.base
	c.window.length = s.window

	auth, exchange := keys.auth()
	opts := []transport.Option{
		transport.WithService(service), transport.WithRequestIDHeader(requestIDHeader), transport.WithTimeout(tryTimeout),
		transport.WithIdleTimeout(idleTimeout),
		transport.WithLimits(s.limits()),
		transport.WithRetry(transport.RetryOptions{MaxAttempts: s.retries + 1, MaxRetryAfter: maxRetryAfter}),
	}
	for _, header := range clientHeaders {
		opts = append(opts, transport.WithHeader(header[0], header[1]))
	}
	opts = append(append(opts, s.proxy), s.transport...)
	opts = append(opts, transport.WithAuth(auth), transport.WithErrorDecoder(c.explain))
	if c.transport, err = transport.New(c.base, operations, opts...); err != nil {
		return nil, apierr.Invalid(service, "", "%s", strings.TrimPrefix(err.Error(), "transport: "))
	}
	if c.raw, err = atlanapi.NewClientWithResponses(c.base, atlanapi.WithHTTPClient(c.transport)); err != nil {
		return nil, err
	}
	if exchange != nil {
		return c, exchange.connect(c)
	}
	return c, nil
}
