package airbyte

import (
	"github.com/sluice-sdk/sluice/gen/airbyteapi"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/job"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// service is the name of this service in errors, references to jobs and hooks.
const service = "airbyte"

// Client talks to one Airbyte: Cloud, or a self-managed one. It is safe for concurrent use, and nothing runs in it
// while no call is under way.
type Client struct {
	raw       *airbyteapi.ClientWithResponses
	transport *transport.Client
	tokens    *transport.Client // the one that asks for tokens; nil for other credentials
	poller    *job.Poller
	triggers  triggerLocks
	roots     roots
	workspace string // the default workspace's id, "" when none was given
}

// New returns a client for Airbyte Cloud, or for the Airbyte that [WithOrigin] names. It needs exactly one kind of
// credentials: [WithClientCredentials], [WithBearer], [WithBasic], [WithTokenSource] or, said plainly, [WithNoAuth].
// It does no I/O: use [Workspace.Connect] to find out whether the credentials are good.
//
// A missing, doubled or malformed option is an error of kind [apierr.KindInvalid] that names the option.
func New(opts ...Option) (*Client, error) {
	s, err := newSettings(opts)
	if err != nil {
		return nil, err
	}
	return s.client()
}

// Raw returns the generated client, with this client's credentials, retries, limits and error mapping: whatever the
// handles do not offer is one call away. For embedded tokens, OAuth and definitions it is the way to go:
//
//	answer, err := transport.Decode[airbyteapi.EmbeddedScopedTokenResponse](
//		client.Raw().GenerateEmbeddedScopedToken(ctx, airbyteapi.EmbeddedScopedTokenRequest{WorkspaceID: id}))
func (c *Client) Raw() *airbyteapi.ClientWithResponses { return c.raw }

// APIRoot returns the URL of the public API that the client calls, such as https://api.airbyte.com/v1.
func (c *Client) APIRoot() string { return c.roots.api }

// Workspace returns the handle of a workspace. It does no I/O; a bad id is reported by the first call.
func (c *Client) Workspace(id string) *Workspace { return &Workspace{client: c, id: id} }

// DefaultWorkspace returns the handle of the workspace that [WithDefaultWorkspace] or, in [FromEnv], the variable
// AIRBYTE_WORKSPACE_ID named. It does no I/O; when there is none the error is of kind [apierr.KindInvalid].
func (c *Client) DefaultWorkspace() (*Workspace, error) {
	if c.workspace == "" {
		return nil, apierr.Invalid(service, "workspace", "no default workspace: use WithDefaultWorkspace, or set AIRBYTE_WORKSPACE_ID and use FromEnv")
	}
	return c.Workspace(c.workspace), nil
}

// CloseIdleConnections closes the connections that no call uses. The client can be used afterwards.
func (c *Client) CloseIdleConnections() {
	c.transport.CloseIdleConnections()
	if c.tokens != nil {
		c.tokens.CloseIdleConnections()
	}
}
