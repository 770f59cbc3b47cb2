package atlan

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"

	"github.com/sluice-sdk/sluice/gen/atlanapi"
	"github.com/sluice-sdk/sluice/wrappers/job"
	"github.com/sluice-sdk/sluice/wrappers/lazy"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// service is the name of this service in errors, references to jobs and hooks.
const service = "atlan"

// Client talks to one tenant of Atlan. It is safe for concurrent use, nothing runs in it while no call is under way, and
// no two clients share anything: for several tenants make several, or use [Tenants].
type Client struct {
	settings  *settings
	base      string
	raw       *atlanapi.ClientWithResponses
	transport *transport.Client
	polling   job.Options // of WithPolling, with Service and Origin
	window    permissionWindow
	epoch     connectionEpoch
	caches    caches
	runs      runs
	byRoles   lazy.Value[bool] // whether legacy workflows are written through package-workflows
}

// New returns a client for the tenant that [WithBaseURL] names, with exactly one kind of credentials: [WithAPIKey],
// [WithOAuth] or [WithTokenSource]. It does no I/O and reads nothing from the environment: see [FromEnv].
//
// A missing, doubled or malformed option is an error of category [ErrInvalidRequest] that names the option.
func New(opts ...Option) (*Client, error) {
	s, err := newSettings(opts)
	if err != nil {
		return nil, err
	}
	return s.client()
}

// Raw returns the generated client of all operations, with this client's credentials, headers, retries, limits and
// errors: whatever this package does not offer is one call away:
//
//	answer, err := transport.Decode[atlanapi.WhoAmI](client.Raw().WhoAmI(ctx))
func (c *Client) Raw() *atlanapi.ClientWithResponses { return c.raw }

// BaseURL returns the URL of the tenant, such as https://acme.atlan.com, without a slash at its end.
func (c *Client) BaseURL() string { return c.base }

// CloseIdleConnections closes the connections that no call uses. The client can be used afterwards.
func (c *Client) CloseIdleConnections() { c.transport.CloseIdleConnections() }

// String returns the tenant's URL and never a credential, as Format, LogValue and MarshalJSON do.
func (c *Client) String() string { return "atlan.Client(" + c.base + ")" }

// Format implements [fmt.Formatter]: whatever the verb, it writes what String returns.
func (c *Client) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.String()) }

// LogValue implements [slog.LogValuer].
func (c *Client) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalJSON hides what String hides.
func (c *Client) MarshalJSON() ([]byte, error) { return json.Marshal(c.String()) }
