package polytomic

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"

	"github.com/sluice-sdk/sluice/gen/polytomicapi"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/job"
)

const (
	connectByID   = "id:"
	connectByName = "name:"
)

// ConnectRequest is what [Client.Connect] is given.
type ConnectRequest struct {
	// Name is the name of the connection to make, unique in the organization. For an existing Connection it is shown.
	Name string
	// RedirectURL is where the person's browser goes afterwards: an absolute URL.
	RedirectURL string
	// Whitelist names the types that the person may choose from; empty offers all. The older parameter type is not
	// offered here: it is deprecated, and switches the whitelist off.
	Whitelist []string
	// Dark shows the pages in dark colours.
	Dark bool
	// Connection is the id of an existing connection to sign in to anew, empty for a new one.
	Connection string
	// OrganizationID is for partners: the organization that the connection belongs to.
	OrganizationID string
}

// ConnectSession is a page of Polytomic's in which one person connects one system. However it is printed, it shows
// neither the token nor the address.
type ConnectSession struct {
	client *Client
	url    string
	token  string
	job    *job.Job
	cell   *cell
}

// Connect opens a session in which an end user connects a system: send the browser to [ConnectSession.URL] and wait. Open
// one session for each user; it works once.
//
//sluice:operation POST /api/connections/connect/
func (c *Client) Connect(ctx context.Context, request ConnectRequest) (*ConnectSession, error) {
	if request.Name == "" {
		return nil, apierr.Invalid(service, "name", "the connection to make has no name")
	}
	if u, err := url.Parse(request.RedirectURL); err != nil || u.Scheme == "" || u.Host == "" {
		return nil, apierr.Invalid(service, "redirect_url", "the redirect URL is not absolute, such as https://example.com/connected")
	}
	ref := job.Ref{Service: service, Kind: kindConnect, ID: connectByName + request.Name}
	if request.Connection != "" {
		if err := checkID("connection", request.Connection); err != nil {
			return nil, err
		}
		ref.ID = connectByID + request.Connection
	}
	body := polytomicapi.ConnectCardRequest{Name: request.Name, RedirectURL: request.RedirectURL, Dark: optional(request.Dark),
		Connection: optional(request.Connection), OrganizationID: settled(request.OrganizationID)}
	if len(request.Whitelist) > 0 {
		body.Whitelist = listed(request.Whitelist)
	}
	answer, err := dataOf[polytomicapi.ConnectCardResponse](c.raw.CreateConnectSession(ctx, body))
	if err != nil {
		return nil, err
	}
	return &ConnectSession{client: c, url: valueOf(answer.RedirectURL), token: valueOf(answer.Token),
		job: c.tasks.Job(job.Snapshot{Ref: ref}), cell: c.answers.of(ref)}, nil
}

// URL returns the address to send the person's browser to. Whoever has it can use the session.
func (s *ConnectSession) URL() string { return s.url }

// Token returns the session's token, for pages that embed it. It works once.
func (s *ConnectSession) Token() string { return s.token }

// Job returns the wait for package job: to keep its token and go on in another process.
func (s *ConnectSession) Job() *job.Job { return s.job }

// String returns what the session is for.
func (s *ConnectSession) String() string {
	return fmt.Sprintf("polytomic.ConnectSession(%s)", s.job.Ref())
}

// GoString implements [fmt.GoStringer].
func (s *ConnectSession) GoString() string { return s.String() }

// LogValue implements [slog.LogValuer].
func (s *ConnectSession) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText shows what String does.
func (s *ConnectSession) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Wait waits until the person has connected and the connection is healthy, and returns its handle. There is no end
// to a person's patience that the service would tell: bound the wait by ctx or [WithMaxWait]. An existing connection that
// is still healthy is returned at once.
//
//sluice:operation GET /api/connections
//sluice:operation GET /api/connections/{id}
func (s *ConnectSession) Wait(ctx context.Context, opts ...WaitOption) (*Connection, error) {
	if _, err := s.job.Wait(ctx, bulkSettings(opts).jobOptions(false)...); err != nil {
		return nil, about("connect session", s.job.Ref().ID, err)
	}
	info := read[polytomicapi.ConnectionResponseSchema](s.cell)
	if info == nil || valueOf(info.ID) == "" {
		return nil, about("connect session", s.job.Ref().ID, &apierr.Error{Service: service, Kind: apierr.KindUnexpected, Message: "the connection could not be read"})
	}
	connection := s.client.Connection(*info.ID)
	connection.info.Set(info)
	return connection, nil
}
