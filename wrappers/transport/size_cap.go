package transport

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// withCap bounds the body of a success, checks its content type and reads a JSON answer ahead.
func (c *Client) withCap(next exchange) exchange {
	return func(cl *call) (*http.Response, *apierr.Error) {
		resp, e := next(cl)
		if e != nil {
			return nil, e
		}
		b := cl.open(resp)
		if e := cl.accept(resp, b); e != nil {
			b.mu.Lock()
			if b.rest != nil {
				_ = b.rest.Close()
				b.rest = nil
			}
			b.closed = true
			b.free()
			b.mu.Unlock()
			cl.endTry()
			return nil, e
		}
		resp.Body = b
		resp.Request = cl.caller // without the credentials that were sent
		return resp, nil
	}
}

func (cl *call) accept(resp *http.Response, b *body) *apierr.Error {
	switch {
	case cl.method() == http.MethodHead, resp.StatusCode == http.StatusNoContent, resp.StatusCode == http.StatusResetContent:
		b.length = -1
		return b.ahead(1)
	case resp.ContentLength > cl.client.maxBytes:
		return cl.tooLarge(resp.StatusCode)
	}
	contentType := resp.Header.Get("Content-Type")
	wanted := &cl.entry.content
	if contentType != "" && !wanted.allows(contentType) {
		return cl.wrongContent(resp, b, contentType)
	}
	if wanted.none {
		// Whatever the service says is success, but a page is not the service: it is a login or a proxy.
		if contentType != "" && !looksHTML(nil, contentType) {
			return nil
		}
		if e := b.ahead(1); e == nil && looksHTML(*b.buf, contentType) && len(*b.buf) > 0 {
			return cl.wrongContent(resp, b, contentType)
		}
		return nil
	}
	if !wanted.json {
		return nil
	}
	if e := b.ahead(readAhead); e != nil {
		return e
	}
	if contentType == "" && len(*b.buf) > 0 {
		if !looksJSON(*b.buf) {
			return cl.wrongContent(resp, b, "")
		}
		// Generated code looks at the header.
		resp.Header = resp.Header.Clone()
		if resp.Header == nil {
			resp.Header = http.Header{}
		}
		resp.Header.Set("Content-Type", "application/json")
	}
	return nil
}

// looksJSON reports whether text begins as a JSON value does.
func looksJSON(text []byte) bool {
	text = bytes.TrimLeft(text, " \t\r\n")
	return len(text) > 0 && strings.IndexByte(`{["-0123456789tfn`, text[0]) >= 0
}

func looksHTML(text []byte, contentType string) bool {
	if strings.Contains(strings.ToLower(contentType), "html") {
		return true
	}
	text = bytes.TrimLeft(text, " \t\r\n\xef\xbb\xbf")
	start := bytes.ToLower(text[:min(len(text), 64)])
	return bytes.HasPrefix(start, []byte("<!doctype html")) || bytes.HasPrefix(start, []byte("<html"))
}

const htmlHint = "an HTML page answered: is the base URL that of the API, and is no login page or proxy in between?"

// wrongContent is the error of a success that is not what the document promises.
func (cl *call) wrongContent(resp *http.Response, b *body, contentType string) *apierr.Error {
	text := cl.readSome(b)
	e := cl.err(apierr.KindDecode)
	e.Status = resp.StatusCode
	if id := answeredRequestID(resp.Header); id != "" {
		e.RequestID = id
	}
	e.MayHaveApplied = cl.safety == Unsafe
	want := "JSON"
	if !cl.entry.content.json {
		want = cl.entry.Content
	}
	e.Message = fmt.Sprintf("the answer is %s, want %s", orNone(contentType), want)
	if looksHTML(text, contentType) {
		e.Hint = htmlHint
		if title := htmlTitle(text); title != "" {
			e.Message += ": " + title
		}
	}
	r := cl.redactor()
	e.SetBody(text, r)
	e.Redact(r)
	cl.class = failedFinal
	return e
}

func orNone(contentType string) string {
	if contentType == "" {
		return "of no content type"
	}
	return contentType
}

func (cl *call) tooLarge(status int) *apierr.Error {
	e := cl.err(apierr.KindTooLarge)
	e.Status = status
	e.Message = fmt.Sprintf("more than %d bytes", cl.client.maxBytes)
	e.Hint = "ask for less at a time, or raise the limit with WithMaxResponseBytes"
	e.MayHaveApplied = cl.safety == Unsafe
	cl.class = failedFinal
	return e
}
