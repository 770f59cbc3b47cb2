// Package tidemark is a client of Tidemark, an invented service that makes backups of databases.
package tidemark

import (
	"context"
	"iter"
	"time"

	"example.com/tidemark/tidemarkapi"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/job"
	"github.com/sluice-sdk/sluice/wrappers/paging"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// service is the name of the service in errors, references to jobs and hooks.
const service = "tidemark"

// Client talks to one account of Tidemark. It is safe for concurrent use, and nothing runs in it between calls.
type Client struct {
	raw     *tidemarkapi.ClientWithResponses
	account tidemarkapi.Credentials
	backups *job.Poller
}

// New returns a client for the Tidemark at base, such as "https://api.tidemark.example/v1". The options are those of
// package transport. Bad input is an error of kind [apierr.KindInvalid]. It does no I/O.
func New(base, id, secret string, opts ...transport.Option) (*Client, error) {
	if id == "" || secret == "" {
		return nil, apierr.Invalid(service, "credentials", "the client id or the secret is empty")
	}
	operations, err := transport.ParseOperations(tidemarkapi.Operations)
	if err != nil {
		return nil, err
	}
	c := &Client{account: tidemarkapi.Credentials{ClientID: id, ClientSecret: secret}}
	chain, err := transport.New(base, operations, append([]transport.Option{
		transport.WithService(service), transport.WithErrorDecoder(explain),
		transport.WithAuth(transport.Tokens(transport.TokenSourceFunc(c.token))),
		transport.WithLimits(transport.LimitOptions{RequestsPerSecond: 20, InFlight: 8}),
	}, opts...)...)
	if err != nil {
		return nil, apierr.Invalid(service, "", "%v", err)
	}
	c.backups = job.NewPoller(source{c}, job.Options{Service: service, Origin: chain.Origin()})
	if c.raw, err = tidemarkapi.NewClientWithResponses(chain.Base(), tidemarkapi.WithHTTPClient(chain)); err != nil {
		return nil, err
	}
	return c, nil
}

// explain says what the codes of Tidemark mean. The generic reading of an error has found code and message already.
func explain(a *transport.ErrorAnswer) {
	switch a.Error.Code {
	case "backup_running":
		a.Error.Err, a.Error.Hint = ErrBackupRunning, "wait for it, or cancel it"
	case "maintenance":
		a.NotProcessed = true // the gate before the service says so: even a start may be repeated
	}
}

// Raw returns the generated client, with the credentials, retries, limits and errors of this one.
func (c *Client) Raw() *tidemarkapi.ClientWithResponses { return c.raw }

// token exchanges the client's id and secret for a token.
//
//sluice:operation POST /token
func (c *Client) token(ctx context.Context) (transport.Token, error) {
	asked := time.Now()
	answer, err := transport.Decode[tidemarkapi.Token](c.raw.CreateToken(transport.WithoutAuth(ctx), c.account))
	if err != nil {
		return transport.Token{}, err
	}
	return transport.Token{Value: answer.AccessToken, Expires: asked.Add(time.Duration(answer.ExpiresIn) * time.Second)}, nil
}

// Databases returns the databases of the account.
//
//sluice:operation GET /databases
func (c *Client) Databases(ctx context.Context) iter.Seq2[tidemarkapi.Database, error] {
	return paging.Cursor(ctx, "", func(ctx context.Context, cursor string) (page paging.CursorPage[tidemarkapi.Database], err error) {
		params := &tidemarkapi.ListDatabasesParams{Cursor: paging.Param(cursor)}
		list, err := transport.Decode[tidemarkapi.DatabaseList](c.raw.ListDatabases(ctx, params))
		if err == nil {
			page.Items, page.Next = list.Databases, list.NextCursor
		}
		return page, err
	})
}
