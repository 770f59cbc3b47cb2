package transport

import (
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"net/http"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// withRequestID gives each call an id, which all its tries carry. It is what errors name when the service answers
// with no id of its own, or not at all.
func (c *Client) withRequestID(next exchange) exchange {
	if c.requestIDHeader == "" {
		return next
	}
	return func(cl *call) (*http.Response, *apierr.Error) {
		if own := cl.header[c.requestIDHeader]; len(own) > 0 {
			cl.requestID = own[0]
			return next(cl)
		}
		var random [8]byte
		var text [16]byte
		binary.NativeEndian.PutUint64(random[:], rand.Uint64())
		hex.Encode(text[:], random[:])
		cl.requestID = string(text[:])
		cl.idValues[0] = cl.requestID
		cl.header[c.requestIDHeader] = cl.idValues[:]
		return next(cl)
	}
}

// requestIDHeaders are where services and gateways put the id under which they logged a call.
var requestIDHeaders = [...]string{
	"X-Request-Id", "X-Airbyte-Request-Id", "X-Atlan-Request-Id", "X-Correlation-Id", "X-Trace-Id", "X-Amzn-Requestid",
	"Cf-Ray",
}

func answeredRequestID(h http.Header) string {
	for _, name := range requestIDHeaders {
		if id := h.Get(name); id != "" {
			return id
		}
	}
	return ""
}
