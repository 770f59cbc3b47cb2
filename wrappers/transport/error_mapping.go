package transport

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

const (
	maxErrorBody = 64 << 10
	// errorBodyTime bounds how long the body of an error is waited for: its status is known already.
	errorBodyTime = 5 * time.Second
	// maxSecretBody bounds how much of a request's body is searched for secrets when the request failed.
	maxSecretBody = 8 << 20
)

// withErrors turns failures to send and answers of status 300 and above into errors, below generated code.
func (c *Client) withErrors(send func(*call) (*http.Response, error)) exchange {
	return func(cl *call) (*http.Response, *apierr.Error) {
		resp, err := send(cl)
		switch {
		case err != nil:
			return nil, cl.failed(err)
		case resp.StatusCode >= 300 || resp.StatusCode < 200:
			return nil, cl.answered(resp)
		}
		return resp, nil
	}
}

// failed is the error of a try that brought no answer.
func (cl *call) failed(err error) *apierr.Error {
	unsent := cl.attempts == 0 || cl.asked.Load() && !cl.got.Load() || provesUnsent(err)
	var e *apierr.Error
	switch {
	case cl.ctx.Err() != nil:
		e = cl.ended(nil)
	case errors.Is(cl.try.Err(), context.DeadlineExceeded):
		cl.class = failedTimeout
		e = cl.err(apierr.KindTimeout)
		e.Err = &tryTimeoutError{cl.timeout}
	default:
		cl.class = failedConnection
		e = cl.err(apierr.KindUnavailable)
		var timeout net.Error
		if errors.As(err, &timeout) && timeout.Timeout() {
			e.Kind = apierr.KindTimeout
		}
		e.Err = cl.redact(err)
		e.Hint = connectionHint(err)
		if neverWorks(err) {
			cl.class = failedFinal
		}
	}
	if unsent && (cl.class == failedConnection || cl.class == failedTimeout) {
		cl.class = failedUnsent
	}
	e.MayHaveApplied = cl.safety == Unsafe && !unsent && !neverWorks(err)
	return e
}

// interrupted is the error of an answer that broke off.
func (cl *call) interrupted(err error, status int) *apierr.Error {
	var e *apierr.Error
	switch {
	case cl.ctx.Err() != nil:
		e = cl.ended(nil)
	case cl.try.Err() != nil:
		cl.class = failedTimeout
		e = cl.err(apierr.KindTimeout)
		e.Err = &tryTimeoutError{cl.timeout}
	case broken(err):
		cl.class = failedFinal
		e = cl.err(apierr.KindDecode)
		e.Message = "the answer's compression is broken"
		e.Err = err
	default:
		cl.class = failedConnection
		e = cl.err(apierr.KindUnavailable)
		e.Message = "the answer broke off"
		e.Err = cl.redact(err)
	}
	e.Status = status
	e.MayHaveApplied = cl.safety == Unsafe
	return e
}

func broken(err error) bool {
	var corrupt flate.CorruptInputError
	return errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum) || errors.As(err, &corrupt)
}

// answered is the error of an answer with an error status.
func (cl *call) answered(resp *http.Response) *apierr.Error {
	b := cl.open(resp)
	text := bytes.Clone(cl.readSome(b))
	_ = b.Close()

	e := cl.err(apierr.KindOfStatus(resp.StatusCode))
	e.Status = resp.StatusCode
	if id := answeredRequestID(resp.Header); id != "" {
		e.RequestID = id
	}
	e.RetryAfter = retryAfter(resp.Header, time.Now())
	e.MayHaveApplied = cl.safety == Unsafe && mayHaveApplied(resp.StatusCode)
	r := cl.redactor()
	cl.class, cl.again = failedStatus, 0
	if cl.refused != "" {
		e.Message = cl.refused
		e.Hint = "check the base URL and the credentials: the service, or something before it, sends the call elsewhere"
	} else {
		readError(e, text, resp.Header.Get("Content-Type"), r)
		if e.Status == http.StatusProxyAuthRequired {
			e.Hint = proxyHint
		}
		if cl.client.decode != nil {
			answer := &ErrorAnswer{
				Context: cl.ctx, Started: cl.start, Attempt: cl.attempts, Safety: cl.safety,
				Error: e, Header: resp.Header, Body: text, redactor: r,
			}
			cl.client.decode(answer)
			switch {
			case answer.NotProcessed:
				cl.class = failedUnsent
				e.MayHaveApplied = false
			case answer.Unsettled:
				cl.class = failedUnsettled
				e.MayHaveApplied = cl.safety == Unsafe
			}
			if answer.NotProcessed || cl.safety != Unsafe {
				cl.again = answer.RepeatAfter
			}
		}
	}
	e.SetBody(text, r)
	e.Redact(r)
	return e
}

// mayHaveApplied reports whether a service may answer a request that it carried out with this status. 307, 308, 501
// and 505 say that nothing was done, as do the statuses of the client's mistakes, and 429.
func mayHaveApplied(status int) bool {
	switch status {
	case http.StatusNotImplemented, http.StatusHTTPVersionNotSupported, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return false
	case http.StatusRequestTimeout:
		return true
	}
	return status >= 500 || status < 400
}

// readSome reads what an error keeps of a body, within a time that nobody minds.
func (cl *call) readSome(b *body) []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	timer := time.AfterFunc(errorBodyTime, b.stop)
	_ = b.ahead(maxErrorBody)
	timer.Stop()
	text := *b.buf
	return text[:min(len(text), maxErrorBody)]
}

// readError fills e from a body as far as that can be done without knowing the service.
func readError(e *apierr.Error, text []byte, contentType string, r *apierr.Redactor) {
	trimmed := bytes.TrimSpace(text)
	if len(trimmed) == 0 {
		e.Message = http.StatusText(e.Status)
		return
	}
	if looksHTML(trimmed, contentType) {
		e.Message = "an HTML page"
		if title := htmlTitle(trimmed); title != "" {
			e.Message = title
		}
		if e.Status < 500 && e.Status != http.StatusTooManyRequests {
			e.Hint = htmlHint
		}
		return
	}
	var object map[string]any
	if json.Unmarshal(trimmed, &object) == nil {
		e.Message = messageIn(object, 0)
		e.Code = codeIn(object)
		if e.Message == "" {
			e.Message = http.StatusText(e.Status)
		}
		return
	}
	var plain string
	if json.Unmarshal(trimmed, &plain) == nil {
		trimmed = []byte(plain)
	}
	e.Message = strings.ToValidUTF8(string(r.Body(trimmed)), "�")
}

// messageIn finds the text for people in an error object.
func messageIn(object map[string]any, depth int) string {
	for _, key := range [...]string{"message", "error_description", "detail", "details", "error", "errors", "title", "reason"} {
		switch value := object[key].(type) {
		case string:
			if value != "" {
				return value
			}
		case map[string]any:
			if depth < 3 {
				if text := messageIn(value, depth+1); text != "" {
					return text
				}
			}
		case []any:
			for _, item := range value {
				switch item := item.(type) {
				case string:
					return item
				case map[string]any:
					if depth < 3 {
						if text := messageIn(item, depth+1); text != "" {
							return text
						}
					}
				}
			}
		}
	}
	return ""
}

func codeIn(object map[string]any) string {
	for _, key := range [...]string{"code", "errorCode", "error_code", "type"} {
		switch value := object[key].(type) {
		case string:
			if value != "" {
				return value
			}
		case float64:
			return strconv.FormatFloat(value, 'f', -1, 64)
		}
	}
	if _, ok := object["error_description"]; ok {
		if code, ok := object["error"].(string); ok {
			return code
		}
	}
	return ""
}

// htmlTitle returns the text of a page's title, all that is worth showing of it.
func htmlTitle(page []byte) string {
	lower := bytes.ToLower(page)
	start := bytes.Index(lower, []byte("<title"))
	if start < 0 || len(lower) != len(page) {
		return ""
	}
	open := bytes.IndexByte(lower[start:], '>')
	if open < 0 {
		return ""
	}
	start += open + 1
	end := bytes.Index(lower[start:], []byte("</title"))
	if end < 0 {
		return ""
	}
	return html.UnescapeString(strings.ToValidUTF8(string(bytes.TrimSpace(page[start:start+end])), "�"))
}

// refusedStreamError has the fields of net/http's own HTTP/2 stream error, which errors.As can be given for it.
type refusedStreamError struct {
	StreamID uint32
	Code     uint32
	Cause    error
}

func (e refusedStreamError) Error() string { return "stream refused" }

const http2RefusedStream = 7 // RFC 9113, 7: the stream was closed before any processing

// provesUnsent reports whether an error shows that the service cannot have processed the request: no connection came
// about, or an HTTP/2 server said that it did not look at it.
func provesUnsent(err error) bool {
	var op *net.OpError
	if errors.As(err, &op) && (op.Op == "dial" || op.Op == "proxyconnect" || op.Op == "socks connect") {
		return true
	}
	var waiting notConnectedError
	var dns *net.DNSError
	var record tls.RecordHeaderError
	if _, ok := errors.AsType[proxyRefusedError](err); ok {
		return true
	}
	if errors.As(err, &waiting) || errors.As(err, &dns) || errors.As(err, &record) || untrusted(err) {
		return true
	}
	var stream refusedStreamError
	if errors.As(err, &stream) && stream.Code == http2RefusedStream {
		return true
	}
	// These have no type that can be reached.
	text := err.Error()
	return strings.Contains(text, "REFUSED_STREAM") || strings.Contains(text, "graceful shutdown GOAWAY") ||
		strings.Contains(text, "http2: client conn not usable") || strings.Contains(text, "TLS handshake timeout")
}

func untrusted(err error) bool {
	var verification *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	return errors.As(err, &verification) || errors.As(err, &authority) || errors.As(err, &host) || errors.As(err, &invalid)
}

// plainHTTP reports whether a service answered a TLS handshake with plain HTTP.
func plainHTTP(err error) bool {
	var record tls.RecordHeaderError
	return errors.As(err, &record) && string(record.RecordHeader[:]) == "HTTP/" || errors.Is(err, http.ErrSchemeMismatch)
}

// neverWorks reports whether another try would fail the same way.
func neverWorks(err error) bool { return untrusted(err) || plainHTTP(err) || proxyAuthRefused(err) }

func connectionHint(err error) string {
	var dns *net.DNSError
	switch {
	case untrusted(err):
		return "the service's certificate is not trusted: check the host, or give its authority with WithTLSConfig"
	case plainHTTP(err):
		return "the service speaks plain HTTP at this address: use http:// in the base URL"
	case proxyAuthRefused(err):
		return proxyHint
	case errors.As(err, &dns) && dns.IsNotFound:
		return "the host has no address: check the base URL"
	}
	return ""
}

func isNetwork(err error) bool {
	var network net.Error
	return errors.As(err, &network) || errors.Is(err, io.ErrUnexpectedEOF)
}

// redactor knows the secrets of this call: its credentials, its secret-looking headers and query parameters, and
// what its body holds under secret-looking keys and in configuration objects.
func (cl *call) redactor() *apierr.Redactor {
	r := &apierr.Redactor{}
	if cl.used != nil {
		r.Add(cl.used.secrets...)
		r.Add(cl.used.values...)
	}
	for name, values := range cl.header {
		if apierr.SecretName(name) {
			for _, value := range values {
				r.Add(value)
				if _, after, ok := strings.Cut(value, " "); ok {
					r.Add(after)
				}
			}
		}
	}
	if cl.caller.URL != nil && cl.caller.URL.RawQuery != "" {
		r.AddForm(cl.caller.URL.Query())
	}
	if cl.getBody == nil {
		return r
	}
	sent, err := cl.getBody()
	if err != nil {
		return r
	}
	defer sent.Close()
	text, _ := io.ReadAll(io.LimitReader(sent, maxSecretBody))
	if strings.HasPrefix(cl.header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		if form, err := url.ParseQuery(string(text)); err == nil {
			r.AddForm(form)
		}
		return r
	}
	r.AddJSON(text)
	return r
}

// redact returns err so that its text holds neither the filled URL nor a secret.
func (cl *call) redact(err error) error {
	err = hideURL(err)
	r := cl.redactor()
	clean := func(text string) string {
		if u := cl.caller.URL; u != nil {
			text = strings.ReplaceAll(text, u.String(), cl.client.Base()+cl.entry.Route)
			if uri := u.RequestURI(); len(uri) > 1 {
				text = strings.ReplaceAll(text, uri, cl.entry.Route)
			}
		}
		return r.Text(text)
	}
	return masked(err, clean)
}

// masked returns err itself when its text is clean.
func masked(err error, clean func(text string) string) error {
	if text := clean(err.Error()); text != err.Error() {
		return &maskedError{text: text, err: err, dirty: func(text string) bool { return clean(text) != text }}
	}
	return err
}

// hideURL takes *url.Error, which prints the whole URL, out of an error.
func hideURL(err error) error {
	for {
		outer, ok := err.(*url.Error) //nolint:errorlint // one layer at a time, so that no URL stays in between
		if !ok {
			break
		}
		err = outer.Err
	}
	var inner *url.Error
	if err != nil && errors.As(err, &inner) {
		return &maskedError{
			text: strings.ReplaceAll(err.Error(), inner.URL, "(URL)"), err: err,
			dirty: func(text string) bool { return strings.Contains(text, inner.URL) },
		}
	}
	return err
}

// maskedError has a text of its own. What it stands for can be asked for by Is, and by As except for the parts that
// print what was masked.
type maskedError struct {
	text  string
	err   error
	dirty func(text string) bool // whether a text shows what was masked
}

func (e *maskedError) Error() string        { return e.text }
func (e *maskedError) Is(target error) bool { return errors.Is(e.err, target) }
func (e *maskedError) As(target any) bool   { return e.find(e.err, reflect.ValueOf(target).Elem()) }

// find is errors.As over the parts that may be shown.
func (e *maskedError) find(err error, target reflect.Value) bool {
	if err == nil {
		return false
	}
	_, prints := err.(*url.Error) //nolint:errorlint // this part and not what it wraps
	if !prints && reflect.TypeOf(err).AssignableTo(target.Type()) && !e.dirty(err.Error()) {
		target.Set(reflect.ValueOf(err))
		return true
	}
	switch outer := err.(type) { //nolint:errorlint // as above
	case interface{ Unwrap() error }:
		return e.find(outer.Unwrap(), target)
	case interface{ Unwrap() []error }:
		return slices.ContainsFunc(outer.Unwrap(), func(inner error) bool { return e.find(inner, target) })
	case interface{ As(target any) bool }:
		return outer.As(target.Addr().Interface())
	}
	return false
}

// GoString shows no more than Error.
func (e *maskedError) GoString() string { return fmt.Sprintf("%q", e.text) }
