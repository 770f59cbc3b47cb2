package airbyte

import (
	"github.com/sluice-sdk/sluice/gen/airbyteapi"
	"github.com/sluice-sdk/sluice/wrappers/job"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// Client talks to one Airbyte: Cloud, or a self-managed one. It is safe for concurrent use, and nothing runs in it
// while no call is under way.
type Client struct {
	raw       *airbyteapi.ClientWithResponses
	transport *transport.Client
	poller    *job.Poller
	roots     roots
}

// roots are the URLs that one origin gives.
type roots struct {
	api   string // the public API: https://api.airbyte.com/v1, {origin}/api/public/v1
	token string // where client credentials become a token
	web   string // the web application, "" when it is not known
}

// Raw returns the generated client, with this client's credentials, retries, limits and error mapping: whatever the
// handles do not offer is one call away.
func (c *Client) Raw() *airbyteapi.ClientWithResponses { return c.raw }

// Workspace returns the handle of a workspace. It does no I/O; a bad id is reported by the first call.
func (c *Client) Workspace(id string) *Workspace { return &Workspace{client: c, id: id} }
