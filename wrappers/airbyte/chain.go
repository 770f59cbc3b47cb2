package airbyte

import (
	"github.com/sluice-sdk/sluice/gen/airbyteapi"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// client builds the client: the chain that carries requests, the generated client over it, and the poller of its waits.
func (s *settings) client() (*Client, error) {
	if _, err := s.credentials(); err != nil {
		return nil, err
	}
	c := &Client{roots: s.resolve(), workspace: s.workspace}
	var err error
	if c.transport, err = transport.New(c.roots.api, nil, s.transport...); err != nil {
		return nil, err
	}
	if c.raw, err = airbyteapi.NewClientWithResponses(c.roots.api, airbyteapi.WithHTTPClient(c.transport)); err != nil {
		return nil, err
	}
	return c, nil
}
