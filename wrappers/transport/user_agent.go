package transport

import (
	"maps"
	"net/http"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// withHeaders is the first stage: it builds the header that is sent, with the user agent and the static headers. The
// caller's own header is not changed, and what it says wins.
func (c *Client) withHeaders(next exchange) exchange {
	return func(cl *call) (*http.Response, *apierr.Error) {
		own := cl.caller.Header
		cl.header = make(http.Header, len(own)+len(c.header)+4)
		maps.Copy(cl.header, c.header)
		maps.Copy(cl.header, own)
		if _, ok := cl.header["User-Agent"]; !ok {
			cl.header["User-Agent"] = c.userAgent
		}
		if cl.safety == Unsafe {
			hideIdempotencyKey(cl.header)
		}
		return next(cl)
	}
}

// hideIdempotencyKey spells these headers in small letters, which changes nothing for a server. Under their usual
// spelling http.Transport takes them as leave to repeat a POST by itself, whether the service knows them or not.
func hideIdempotencyKey(h http.Header) {
	if values, ok := h["Idempotency-Key"]; ok {
		delete(h, "Idempotency-Key")
		h["idempotency-key"] = values
	}
	if values, ok := h["X-Idempotency-Key"]; ok {
		delete(h, "X-Idempotency-Key")
		h["x-idempotency-key"] = values
	}
}
