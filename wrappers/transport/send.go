package transport

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"time"
)

const maxRedirects = 10

// send is the last stage: it puts the request on the wire, and follows redirects within the origin for operations
// that only read. It uses a RoundTripper and not an http.Client, which would add a jar, follow redirects anywhere and
// put the filled URL into its errors.
func (c *Client) send(cl *call) (*http.Response, error) {
	cl.refused = ""
	if err := cl.try.Err(); err != nil {
		return nil, err
	}
	wire, err := cl.wire()
	if err != nil {
		return nil, err
	}
	cl.attempts++
	cl.sentAt = time.Now()
	for hops := 0; ; hops++ {
		resp, err := c.roundTripper.RoundTrip(wire)
		switch {
		case err != nil:
			return nil, err
		case resp == nil:
			return nil, errors.New("the RoundTripper returned neither an answer nor an error")
		}
		if resp.Body == nil {
			resp.Body = http.NoBody
		}
		target := location(resp, wire.URL)
		if target == nil {
			return resp, nil
		}
		if cl.refused = cl.refuseRedirect(resp.StatusCode, target, hops); cl.refused != "" {
			return resp, nil
		}
		drain(resp.Body, resp.ContentLength, cl.cancel)
		next := wire.Clone(wire.Context())
		next.URL, next.Host = target, ""
		if err := cl.freshBody(next); err != nil {
			return nil, err
		}
		wire = next
	}
}

// wire makes the request of one try.
func (cl *call) wire() (*http.Request, error) {
	ctx := cl.try
	unsafe := cl.safety == Unsafe
	if unsafe {
		cl.asked.Store(false)
		cl.got.Store(false)
		ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
			GetConn: func(string) { cl.asked.Store(true) },
			GotConn: func(httptrace.GotConnInfo) { cl.got.Store(true) },
		})
	}
	wire := cl.caller.WithContext(ctx)
	wire.Header = cl.header
	switch {
	case cl.getBody != nil:
		if err := cl.freshBody(wire); err != nil {
			return nil, err
		}
		cl.closeRequest()
	case cl.once:
		cl.opened = true
	case unsafe && looksRepeatable(wire.Method):
		wire.Body, wire.GetBody = emptyBody{}, nil
	}
	return wire, nil
}

func (cl *call) freshBody(wire *http.Request) error {
	if cl.getBody == nil {
		return nil
	}
	body, err := cl.getBody()
	if err != nil {
		return err
	}
	// With GetBody http.Transport repeats a request when nothing at all was written to a connection that turned out
	// to be closed, and HTTP/2 one that the server refused unseen. Both are safe for every operation.
	wire.Body, wire.GetBody = body, cl.getBody
	return nil
}

// looksRepeatable reports whether http.Transport would by itself repeat a request of this method without a body
// after bytes were written. A body that cannot be rewound keeps it from doing so.
func looksRepeatable(method string) bool {
	switch method {
	case "", http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return true
	}
	return false
}

type emptyBody struct{}

func (emptyBody) Read([]byte) (int, error) { return 0, io.EOF }
func (emptyBody) Close() error             { return nil }

// location returns where an answer redirects to, nil when it does not.
func location(resp *http.Response, from *url.URL) *url.URL {
	switch resp.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
	default:
		return nil
	}
	to := resp.Header.Get("Location")
	if to == "" {
		return nil
	}
	target, err := from.Parse(to)
	if err != nil {
		return nil
	}
	return target
}

// refuseRedirect says why a redirect is not followed, or nothing when it is.
func (cl *call) refuseRedirect(status int, target *url.URL, hops int) string {
	readOnly := cl.method() == http.MethodGet || cl.method() == http.MethodHead
	switch {
	case !sameOrigin(target, cl.client.base) || target.User != nil:
		return "redirect to another origin refused: " + target.Scheme + "://" + target.Host
	case cl.safety != Safe:
		return "redirect refused: only operations that just read follow one"
	case status < http.StatusTemporaryRedirect && !readOnly:
		return "redirect refused: it asks for another method"
	case hops+1 >= maxRedirects:
		return "too many redirects"
	case !cl.repeatable():
		return "redirect refused: the request's body cannot be sent again"
	}
	return ""
}
