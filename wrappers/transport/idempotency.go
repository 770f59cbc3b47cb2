package transport

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"net/http"
	"strings"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// An operation whose table entry names a header for idempotency keys gets a key for each call, so that the service can
// tell a repeated request from a second one:
//
//   - A try that ended without an answer is repeated with the same key, also when the operation is unsafe. From then on
//     the key does not change: under another one the service would act again. Whatever answer comes then, unless it is
//     a success, leaves open what the first try did, and the error says MayHaveApplied.
//   - A try that was answered is never repeated with its key: services that keep keys replay the first outcome, a 500
//     included. An operation whose answers may be repeated at all gets a new key.
//   - A key that the caller gave is sent as it is with every try.

type idempotencyKey struct{}

const (
	minIdempotencyKey = 8
	maxIdempotencyKey = 255
)

// WithIdempotencyKey returns a context whose calls carry this key instead of one made for each call, so that a program
// that was restarted can repeat a request and be known. It concerns operations that take a key only; use the context for
// one call. Keys are 8 to 255 letters, digits, "-" and "_": another one makes the call an error of kind
// [apierr.KindInvalid].
func WithIdempotencyKey(ctx context.Context, key string) context.Context {
	return context.WithValue(ctx, idempotencyKey{}, key)
}

// IdempotencyKey returns the key that [WithIdempotencyKey] put into the context, and whether there is one: a wrapper that
// asks a second time, because the first answer settled that nothing was done, needs another key.
func IdempotencyKey(ctx context.Context) (string, bool) {
	key, ok := ctx.Value(idempotencyKey{}).(string)
	return key, ok
}

// keyed is what a call knows about its idempotency key.
type keyed struct {
	header string // its name in the header map; "" when the operation takes none
	own    bool   // the caller gave it
	spent  bool   // an answer came: the key would only bring it back
	doubt  bool   // a try with this key may have been carried out
}

// withIdempotencyKey puts a key on each try of an operation that takes one.
func (c *Client) withIdempotencyKey(next exchange) exchange {
	return func(cl *call) (*http.Response, *apierr.Error) {
		name := cl.entry.IdempotencyKey
		if name == "" {
			return next(cl)
		}
		if err := cl.key(name); err != nil {
			return nil, cl.invalid(err)
		}
		resp, e := next(cl)
		if e == nil {
			return resp, nil
		}
		answered := e.Status != 0 && (cl.class == failedStatus || cl.class == failedUnsent || cl.class == failedUnsettled)
		switch {
		case cl.keyed.doubt:
			e.MayHaveApplied = true
		case answered:
			cl.keyed.spent = true
		case cl.class != failedUnsent:
			cl.keyed.doubt = cl.safety == Unsafe
		}
		return nil, e
	}
}

// key makes the key of the next try, unless the last one still serves.
func (cl *call) key(name string) error {
	k := &cl.keyed
	switch {
	case k.header == "":
		// Spelled in small letters, because under its usual name http.Transport takes it as leave to repeat a POST
		// by itself.
		k.header = strings.ToLower(name)
		if given, ok := IdempotencyKey(cl.ctx); ok {
			k.own = true
			if !validIdempotencyKey(given) {
				return fmt.Errorf("the idempotency key is not %d to %d letters, digits, - and _", minIdempotencyKey, maxIdempotencyKey)
			}
			cl.header[k.header] = []string{given}
			delete(cl.header, http.CanonicalHeaderKey(name))
			return nil
		}
		if given := cl.header[http.CanonicalHeaderKey(name)]; len(given) > 0 {
			k.own = true
			cl.header[k.header] = given
			delete(cl.header, http.CanonicalHeaderKey(name))
			return nil
		}
		if len(cl.header[k.header]) > 0 {
			k.own = true
			return nil
		}
	case k.own || !k.spent || k.doubt:
		return nil
	default:
		cl.header = maps.Clone(cl.header) // an abandoned try may still be reading the old one
	}
	k.spent = false
	cl.header[k.header] = []string{rand.Text()}
	return nil
}

func validIdempotencyKey(key string) bool {
	if len(key) < minIdempotencyKey || len(key) > maxIdempotencyKey {
		return false
	}
	for i := range len(key) {
		if c := key[i]; !wordByte(c) && c != '-' {
			return false
		}
	}
	return true
}

func wordByte(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
}
