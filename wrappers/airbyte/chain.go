package airbyte

import (
	"bytes"
	"errors"
	"net/http"

	"github.com/sluice-sdk/sluice/gen/airbyteapi"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/job"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// A self-managed Airbyte serves its public API from five threads, and some calls hold one for minutes (airbyte-platform
// application.yml, PublicApiLoadShedFilter.kt): four requests at a time leave it one. Cloud has more, and answers 429.
const (
	inFlightSelfManaged = 4
	inFlightCloud       = 16
)

// client builds the client: the chain that carries requests, the generated client over it, and the poller of its waits.
func (s *settings) client() (*Client, error) {
	chosen, err := s.credentials()
	if err != nil {
		return nil, err
	}
	operations, err := transport.ParseOperations(airbyteapi.Operations)
	if err != nil {
		return nil, err
	}
	c := &Client{roots: s.resolve(), workspace: s.workspace}
	limits := transport.LimitOptions{InFlight: inFlightSelfManaged}
	if c.roots.cloud {
		limits.InFlight = inFlightCloud
	}
	chain := func(auth transport.Auth) (*transport.Client, *airbyteapi.ClientWithResponses, error) {
		opts := []transport.Option{
			transport.WithService(service),
			transport.WithLimits(limits),
			transport.WithErrorDecoder(func(a *transport.ErrorAnswer) { c.roots.explain(a.Error, a.Header, a.Body) }),
		}
		opts = append(append(opts, s.transport...), transport.WithAuth(auth))
		t, err := transport.New(c.roots.api, operations, opts...)
		if err != nil {
			return nil, nil, apierr.Invalid(service, "", "%v", err)
		}
		raw, err := airbyteapi.NewClientWithResponses(c.roots.api, airbyteapi.WithHTTPClient(doer{t, c.roots}))
		return t, raw, err
	}
	auth := transport.None()
	switch chosen.kind {
	case bearerCredentials:
		auth = transport.Bearer(chosen.first)
	case basicCredentials:
		auth = transport.Basic(chosen.first, chosen.second)
	case tokenCredentials:
		auth = transport.Tokens(chosen.source)
	case clientCredentials:
		tokens, raw, err := chain(transport.None())
		if err != nil {
			return nil, err
		}
		c.tokens = tokens
		auth = transport.Tokens(&tokenSource{raw: raw, id: chosen.first, secret: chosen.second})
	case noCredentials:
	}
	if c.transport, c.raw, err = chain(auth); err != nil {
		return nil, err
	}
	polling := s.polling
	polling.Service, polling.Origin = service, c.roots.api
	c.poller = job.NewPoller(newJobSource(c), polling)
	return c, nil
}

// doer is the chain with one more thing to say: a web page that comes as a success is what a wrong root answers, because
// web applications answer every path.
type doer struct {
	*transport.Client
	roots roots
}

// Do sends the request.
func (d doer) Do(req *http.Request) (*http.Response, error) {
	resp, err := d.Client.Do(req)
	if err != nil {
		var e *apierr.Error
		if errors.As(err, &e) && e.Kind == apierr.KindDecode && bytes.HasPrefix(bytes.TrimSpace(e.Body()), []byte("<")) {
			e.Err, e.Hint = ErrWrongRoot, d.roots.rootHint()
		}
		return nil, err
	}
	return resp, nil
}
