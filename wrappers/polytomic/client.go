package polytomic

import (
	"sync/atomic"

	"github.com/sluice-sdk/sluice/gen/polytomicapi"
	"github.com/sluice-sdk/sluice/wrappers/job"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// service is the name of this service in errors, references to jobs and hooks.
const service = "polytomic"

// Client talks to one organization of Polytomic, or to the organizations of a partner. It is safe for concurrent use,
// and nothing runs in it while no call is under way.
type Client struct {
	settings  *settings
	keys      credentials
	base      string
	raw       *polytomicapi.ClientWithResponses
	transport *transport.Client
	clock     *serverClock
	version   *versionCheck
	bulk      *job.Poller // executions of bulk syncs, which are asked for together
	tasks     *job.Poller // everything else, asked for one by one
	answers   answers
	begun     begun
	// bulkAll says how many syncs the status of all of them held the last time it was read; 0 before that.
	bulkAll atomic.Int64
}

// New returns a client for Polytomic's cloud, or for the deployment that [WithOrigin] names. It needs exactly one kind of
// credentials: [WithAPIKey], [WithPartnerKey], [WithDeploymentKey] or [WithTokenSource]. It does no I/O: use
// [Client.Identity] to find out whether the credentials are good and what they are for.
//
// A missing, doubled or malformed option is an error of kind [apierr.KindInvalid] that names the option.
func New(opts ...Option) (*Client, error) {
	s, err := newSettings(opts)
	if err != nil {
		return nil, err
	}
	return s.client()
}

// Raw returns the generated client, with this client's credentials, version header, retries, limits, idempotency keys
// and error mapping: whatever the handles do not offer is one call away:
//
//	answer, err := transport.Decode[polytomicapi.EntityResponseEnvelope](client.Raw().GetEntity(ctx, id))
func (c *Client) Raw() *polytomicapi.ClientWithResponses { return c.raw }

// Origin returns the URL that the API's paths are under, such as https://app.polytomic.com.
func (c *Client) Origin() string { return c.base }

// CloseIdleConnections closes the connections that no call uses. The client can be used afterwards; clients of a partner's
// organizations share them.
func (c *Client) CloseIdleConnections() { c.transport.CloseIdleConnections() }

// Connection returns the handle of a connection. It does no I/O; a bad id is reported by the first call.
func (c *Client) Connection(id string) *Connection { return &Connection{client: c, id: id} }

// BulkSync returns the handle of a bulk sync, which copies schemas of a source into a destination (ELT). It does no I/O.
func (c *Client) BulkSync(id string) *BulkSync { return &BulkSync{client: c, id: id} }

// ModelSync returns the handle of a model sync, which writes the records of models into an application (reverse ETL). It
// does no I/O.
func (c *Client) ModelSync(id string) *ModelSync { return &ModelSync{client: c, id: id} }

// Model returns the handle of a model. It does no I/O.
func (c *Client) Model(id string) *Model { return &Model{client: c, id: id} }
