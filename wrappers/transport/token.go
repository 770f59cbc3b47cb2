package transport

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// Token is an access token and when it ends. However it is printed, logged or encoded, it shows no secret.
type Token struct {
	// Value is the token itself, without "Bearer".
	Value string
	// Expires is when the service stops taking it. Zero means that nobody knows: it is then used until a 401.
	Expires time.Time
}

// String shows when the token expires and never its value, as GoString, Format, LogValue and MarshalJSON do.
func (t Token) String() string {
	if t.Expires.IsZero() {
		return "transport.Token(***)"
	}
	return "transport.Token(***, expires " + t.Expires.UTC().Format(time.RFC3339) + ")"
}

// GoString implements [fmt.GoStringer].
func (t Token) GoString() string { return t.String() }

// Format implements [fmt.Formatter], so that no verb shows the value.
func (t Token) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(t.String())) }

// LogValue implements [slog.LogValuer].
func (t Token) LogValue() slog.Value { return slog.StringValue(t.String()) }

// MarshalJSON implements [encoding/json.Marshaler].
func (t Token) MarshalJSON() ([]byte, error) { return []byte(fmt.Sprintf("%q", t.String())), nil }

// TokenSource gets a new token from wherever tokens come from. It is called once for all goroutines that need one,
// in a goroutine of its own, with a context that ends when nobody waits for the token any more.
type TokenSource interface {
	Token(ctx context.Context) (Token, error)
}

// TokenSourceFunc is a function that is a [TokenSource].
type TokenSourceFunc func(ctx context.Context) (Token, error)

// Token calls f.
func (f TokenSourceFunc) Token(ctx context.Context) (Token, error) { return f(ctx) }

const (
	// earlyMax and earlyPart say how long before its end a token is replaced: 30 s, or a tenth of a short life.
	earlyMax  = 30 * time.Second
	earlyPart = 10
	// tokenTimeout bounds a source that never answers and whose callers set no deadline.
	tokenTimeout = 2 * time.Minute
)

// Tokens sends bearer tokens that expire. One is fetched when the first request needs it and replaced 30 s, or a
// tenth of its life if that is less, before it ends; while it is still good, a failed replacement is no error. All
// goroutines share one fetch, each waits for it as long as its own context allows, and a failure is not remembered.
// A token that the service answers with 401 is dropped and the request sent once more.
func Tokens(source TokenSource) Auth {
	return &tokenAuth{hidden: "Tokens(***)", source: source}
}

type tokenAuth struct {
	hidden
	source TokenSource

	mu      sync.Mutex
	current *credential
	flight  *tokenFlight
}

// tokenFlight is one fetch under way.
type tokenFlight struct {
	done    chan struct{}
	cancel  context.CancelFunc
	waiting int
	cred    *credential
	err     error
}

func (a *tokenAuth) check() error {
	if a.source == nil {
		return errors.New("the token source is nil")
	}
	return nil
}

func (a *tokenAuth) credential(ctx context.Context, c *Client) (*credential, error) {
	a.mu.Lock()
	old := a.current
	if old != nil && (old.refresh.IsZero() || time.Now().Before(old.refresh)) {
		a.mu.Unlock()
		return old, nil
	}
	f := a.flight
	if f == nil {
		f = &tokenFlight{done: make(chan struct{})}
		var fetch context.Context
		fetch, f.cancel = context.WithTimeout(context.WithoutCancel(ctx), tokenTimeout)
		a.flight = f
		go a.fetch(fetch, f, c)
	}
	f.waiting++
	a.mu.Unlock()

	select {
	case <-f.done:
	case <-ctx.Done():
		a.mu.Lock()
		if f.waiting--; f.waiting == 0 {
			f.cancel()
			if a.flight == f {
				a.flight = nil
			}
		}
		a.mu.Unlock()
		return nil, context.Cause(ctx)
	}
	if f.err != nil && old != nil && time.Now().Before(old.expires) && a.holds(old) {
		return old, nil
	}
	return f.cred, f.err
}

func (a *tokenAuth) fetch(ctx context.Context, f *tokenFlight, c *Client) {
	start := time.Now()
	token, err := a.source.Token(ctx)
	f.cancel()
	if err == nil {
		if bad := checkSecret(token.Value); bad != nil {
			err = fmt.Errorf("the token that the source gave %w", bad)
		}
	}
	if err != nil {
		f.err = err
	} else {
		f.cred = bearer(token.Value)
		if !token.Expires.IsZero() {
			now := time.Now()
			f.cred.expires = token.Expires
			f.cred.refresh = token.Expires.Add(-min(earlyMax, token.Expires.Sub(now)/earlyPart))
		}
	}
	a.mu.Lock()
	if a.flight == f {
		a.flight = nil
	}
	if f.cred != nil {
		a.current = f.cred
	}
	a.mu.Unlock()
	c.hookTokenRefresh(ctx, TokenRefresh{Service: c.service, Duration: time.Since(start), Expires: token.Expires, Err: hookError(f.err)})
	close(f.done)
}

// hookError is the error of a source without the URL and what looks like a secret in it: the source is the caller's, and
// its errors hold whatever its library put into them.
func hookError(err error) error {
	if err == nil {
		return nil
	}
	return masked(hideURL(err), (&apierr.Redactor{}).Text)
}

func (a *tokenAuth) holds(cred *credential) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.current == cred
}

func (a *tokenAuth) drop(cred *credential) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.current == cred {
		a.current = nil
	}
	return true
}
