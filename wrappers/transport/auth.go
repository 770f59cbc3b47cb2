package transport

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// Auth puts credentials on requests: [Bearer], [Basic], [APIKey], [Tokens] or [None]. It may be shared by several
// clients, which then share its token. However it is printed, logged or encoded, it shows no secret.
type Auth interface {
	fmt.Stringer
	fmt.GoStringer
	slog.LogValuer

	check() error
	// credential returns what to send now.
	credential(ctx context.Context, c *Client) (*credential, error)
	// drop forgets a credential that was refused and reports whether another one can be had.
	drop(*credential) bool
}

// credential is one header and what must never be seen of it.
type credential struct {
	header  string
	values  []string
	secrets []string
	// for tokens
	expires, refresh time.Time
}

// hidden gives the Auth types their looks.
type hidden string

func (h hidden) String() string               { return "transport." + string(h) }
func (h hidden) GoString() string             { return h.String() }
func (h hidden) LogValue() slog.Value         { return slog.StringValue(h.String()) }
func (h hidden) MarshalJSON() ([]byte, error) { return []byte(`"` + h.String() + `"`), nil }
func (h hidden) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

type fixedAuth struct {
	hidden
	cred *credential
	err  error
}

func (a *fixedAuth) check() error                                             { return a.err }
func (a *fixedAuth) credential(context.Context, *Client) (*credential, error) { return a.cred, nil }
func (a *fixedAuth) drop(*credential) bool                                    { return false }

// None sends no credentials, for services that run without authentication.
func None() Auth { return &fixedAuth{hidden: "None()"} }

// Bearer sends a token that does not change.
func Bearer(token string) Auth {
	a := &fixedAuth{hidden: "Bearer(***)", cred: bearer(token)}
	if err := checkSecret(token); err != nil {
		a.err = fmt.Errorf("the bearer token %w", err)
	}
	return a
}

func bearer(token string) *credential {
	return &credential{header: "Authorization", values: []string{"Bearer " + token}, secrets: []string{token}}
}

// Basic sends a user name and a password.
func Basic(user, password string) Auth {
	joined := base64.StdEncoding.EncodeToString([]byte(user + ":" + password))
	a := &fixedAuth{hidden: "Basic(***)", cred: &credential{
		header: "Authorization", values: []string{"Basic " + joined}, secrets: []string{password, joined},
	}}
	switch {
	case user == "" && password == "":
		a.err = errors.New("the user and the password are empty")
	case strings.Contains(user, ":"):
		a.err = errors.New("the user of basic authentication holds a colon")
	}
	return a
}

// APIKey sends a key in a header of the service's choice, such as X-Api-Key.
func APIKey(header, key string) Auth {
	a := &fixedAuth{hidden: "APIKey(***)", cred: &credential{
		header: http.CanonicalHeaderKey(header), values: []string{key}, secrets: []string{key},
	}}
	if err := checkSecret(key); err != nil {
		a.err = fmt.Errorf("the API key %w", err)
	}
	if !validHeaderName(header) {
		a.err = fmt.Errorf("%q is not the name of a header", header)
	}
	return a
}

func checkSecret(s string) error {
	switch {
	case s == "":
		return errors.New("is empty")
	case strings.TrimSpace(s) != s || !validHeaderValue(s):
		return errors.New("holds a line break, a control character or a space at an end")
	}
	return nil
}

type withoutAuth struct{}

// WithoutAuth returns a context whose calls carry no credentials. It is for the call by which a [TokenSource] gets its
// tokens from the service itself, which would otherwise wait for the token that it is to bring:
//
//	answer, err := transport.Decode[acmeapi.Token](raw.CreateToken(transport.WithoutAuth(ctx), credentials))
//
// A header that the caller or [WithHeader] put on stays.
func WithoutAuth(ctx context.Context) context.Context {
	return context.WithValue(ctx, withoutAuth{}, true)
}

// withAuth puts the credential on. A token that the service refuses with 401 is dropped, and the request sent once
// more with a new one, also when it is unsafe: a request that was not let in was not processed.
func (c *Client) withAuth(next exchange) exchange {
	return func(cl *call) (*http.Response, *apierr.Error) {
		if e := cl.authorize(); e != nil {
			return nil, e
		}
		resp, e := next(cl)
		if e == nil || e.Status != http.StatusUnauthorized || cl.used == nil || !c.auth.drop(cl.used) || !cl.repeatable() {
			return resp, e
		}
		cl.header = maps.Clone(cl.header) // an abandoned try may still be reading the old one
		if e := cl.authorize(); e != nil {
			return nil, e
		}
		return next(cl)
	}
}

func (cl *call) authorize() *apierr.Error {
	if anonymous, _ := cl.ctx.Value(withoutAuth{}).(bool); anonymous {
		return nil
	}
	cred, err := cl.client.auth.credential(cl.ctx, cl.client)
	if err != nil {
		return cl.noToken(err)
	}
	cl.used = cred
	if cred != nil {
		cl.header[cred.header] = cred.values
	}
	return nil
}

// noToken is the error of a call for which no token could be had.
func (cl *call) noToken(err error) *apierr.Error {
	if cl.ctx.Err() != nil {
		return cl.ended(nil)
	}
	if own, ok := errors.AsType[*apierr.Error](err); ok {
		e := *own // other callers got the same error from the same request
		return &e
	}
	e := cl.err(apierr.KindUnauthenticated)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		e.Kind = apierr.KindTimeout
	case isNetwork(err):
		e.Kind = apierr.KindUnavailable
	}
	e.Message = "no token could be had"
	e.Err = cl.redact(err)
	return e
}
