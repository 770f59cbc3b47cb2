package polytomic

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/sluice-sdk/sluice/gen/polytomicapi"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// maxProxyRequest is the largest body that Polytomic passes on (apidocs.polytomic.com, "2025-09-18 Migration Guide").
const maxProxyRequest = 256 << 10

// ProxyInfo returns what the connection's proxy allows: methods, sizes, a rate, a time, and where paths begin. The proxy
// is switched on for an organization on request.
//
//sluice:operation GET /api/connections/{id}/proxy/info
func (c *Connection) ProxyInfo(ctx context.Context) (*polytomicapi.ConnectionProxyInfoResponse, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	return with[*polytomicapi.ConnectionProxyInfoResponse]("connection", c.id)(dataOf[polytomicapi.ConnectionProxyInfoResponse](c.client.raw.GetConnectionProxyInfo(ctx, c.id)))
}

// Proxy sends one request to the system behind the connection, with the connection's credentials, and returns its answer
// as Polytomic hands it on; look at Truncated. [Connection.RoundTripper] is the same as an http.RoundTripper.
//
//sluice:operation POST /api/connections/{id}/proxy
func (c *Connection) Proxy(ctx context.Context, call polytomicapi.ConnectionProxyCall) (*polytomicapi.ConnectionProxyResponse, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	return with[*polytomicapi.ConnectionProxyResponse]("connection", c.id)(dataOf[polytomicapi.ConnectionProxyResponse](
		c.client.raw.ExecuteConnectionProxy(ctx, c.id, polytomicapi.ExecuteConnectionProxyRequest{Request: call})))
}

// RoundTripper sends HTTP requests to the system behind the connection, with the connection's credentials, through
// Polytomic: give it to an http.Client. The path and the query of a request count; scheme and host do not, because the
// connection knows where its system is ([Connection.ProxyInfo] says where paths begin). Give the host of the system all the
// same: an http.Client follows redirects, and one that leads to another host, which the proxy does not reach, is an error of
// kind [apierr.KindUnsupported].
//
// Headers go along but for those about the caller's own connection, such as Connection, Proxy-Authorization and
// Accept-Encoding. Polytomic refuses some others, for example those that its own credentials would go into.
//
// An error status of the system is an answer as ever. Polytomic passes on up to 1 MiB of a body: reading one that was cut
// ends with an error that wraps [ErrTruncated] instead of io.EOF. A request's body of more than 256 KiB is refused. Bodies
// that are JSON travel as JSON, others as text; what is neither is refused. The answer carries the id of the call in the
// header X-Polytomic-Proxy-Call-Id. A request is not repeated when it may have reached the system.
//
//sluice:operation POST /api/connections/{id}/proxy
func (c *Connection) RoundTripper() http.RoundTripper { return &proxyRoundTripper{c} }

type proxyRoundTripper struct{ connection *Connection }

// RoundTrip implements [http.RoundTripper].
func (p *proxyRoundTripper) RoundTrip(req *http.Request) (*http.Response, error) {
	call, err := proxyCall(req)
	if err == nil {
		err = refuseForeignRedirect(req)
	}
	if req.Body != nil {
		_ = req.Body.Close()
	}
	if err != nil {
		return nil, p.connection.about(err)
	}
	answer, err := p.connection.Proxy(req.Context(), call)
	if err != nil {
		return nil, err
	}
	return proxyResponse(req, answer)
}

// refuseForeignRedirect refuses a request that an http.Client makes because it was redirected to another host.
func refuseForeignRedirect(req *http.Request) error {
	if req.Response == nil || req.Response.Request == nil || strings.EqualFold(req.Response.Request.URL.Host, req.URL.Host) {
		return nil
	}
	return &apierr.Error{Service: service, Operation: "executeConnectionProxy", Kind: apierr.KindUnsupported,
		Message: fmt.Sprintf("the system redirects to another host, %s, which the connection's proxy does not reach", req.URL.Host),
		Hint:    "Follow it without the proxy; or, when it is the system's own host, give that one in the URL of the request."}
}

// ownHeaders are about the connection of a caller, or about how a body travels on it (RFC 9110, 7.6.1; RFC 9112).
var ownHeaders = [...]string{
	"Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authorization", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
	"Host", "Content-Length", "Accept-Encoding",
}

// passedOn returns the headers of a request that are for the system.
func passedOn(h http.Header) http.Header {
	h = h.Clone()
	for _, list := range h["Connection"] {
		for name := range strings.SplitSeq(list, ",") {
			h.Del(strings.TrimSpace(name))
		}
	}
	for _, name := range ownHeaders {
		h.Del(name)
	}
	return h
}

func proxyCall(req *http.Request) (polytomicapi.ConnectionProxyCall, error) {
	call := polytomicapi.ConnectionProxyCall{Method: req.Method, Path: req.URL.EscapedPath()}
	if call.Method == "" {
		call.Method = http.MethodGet
	}
	if call.Path == "" {
		call.Path = "/"
	}
	call.RawQuery = optional(req.URL.RawQuery)
	for name, values := range passedOn(req.Header) {
		if call.Headers == nil {
			call.Headers = make(map[string]string)
		}
		call.Headers[name] = strings.Join(values, ", ")
	}
	if req.Body == nil || req.Body == http.NoBody {
		return call, nil
	}
	body, err := io.ReadAll(io.LimitReader(req.Body, maxProxyRequest+1))
	switch {
	case err != nil:
		return call, apierr.Invalid(service, "body", "the body cannot be read: %v", err)
	case len(body) > maxProxyRequest:
		return call, apierr.Invalid(service, "body", "the body has more than the %d bytes that Polytomic passes on", maxProxyRequest)
	case len(body) == 0:
		return call, nil
	}
	if strings.Contains(req.Header.Get("Content-Type"), "json") && json.Valid(body) {
		call.Body = json.RawMessage(body)
		return call, nil
	}
	if strings.ToValidUTF8(string(body), "") != string(body) {
		return call, apierr.Invalid(service, "body", "the body is neither JSON nor text, and cannot be passed on unchanged")
	}
	call.Body = string(body)
	return call, nil
}

func proxyResponse(req *http.Request, answer *polytomicapi.ConnectionProxyResponse) (*http.Response, error) {
	header := http.Header{}
	for name, value := range given(answer.Headers) {
		header.Set(name, value)
	}
	if kind := valueOf(answer.ContentType); kind != "" && header.Get("Content-Type") == "" {
		header.Set("Content-Type", kind)
	}
	if id := valueOf(answer.ProxyCallID); id != "" {
		header.Set("X-Polytomic-Proxy-Call-Id", id)
	}
	var body []byte
	switch v := answer.Body.(type) {
	case nil:
	case string:
		body = []byte(v)
		if strings.Contains(header.Get("Content-Type"), "json") && !json.Valid(body) && !valueOf(answer.Truncated) {
			// A JSON text came as itself.
			if quoted, err := json.Marshal(v); err == nil {
				body = quoted
			}
		}
	default:
		var err error
		if body, err = marshalExact(v); err != nil {
			return nil, &apierr.Error{Service: service, Operation: "executeConnectionProxy", Kind: apierr.KindDecode, Err: err}
		}
	}
	// These describe the body, and the connection, as they were on the way from the system, which is not how they are here.
	header.Del("Content-Encoding")
	size := int64(len(body))
	told, err := strconv.ParseInt(header.Get("Content-Length"), 10, 64)
	header = passedOn(header)
	switch {
	case req.Method != http.MethodHead:
		header.Set("Content-Length", strconv.FormatInt(size, 10))
	case err == nil: // how long it would be
		size = told
		header.Set("Content-Length", strconv.FormatInt(size, 10))
	default:
		size = -1
	}
	status := valueOf(answer.Status)
	if status < 100 || status > 999 {
		return nil, &apierr.Error{Service: service, Operation: "executeConnectionProxy", Kind: apierr.KindUnexpected, Message: fmt.Sprintf("the system's status is %d", status)}
	}
	resp := &http.Response{
		StatusCode: status, Status: strconv.Itoa(status) + " " + http.StatusText(status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, ContentLength: size, Body: io.NopCloser(bytes.NewReader(body)), Request: req,
	}
	if valueOf(answer.Truncated) {
		header.Del("Content-Length")
		resp.ContentLength = -1
		resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), truncated{len(body)}))
	}
	return resp, nil
}

// marshalExact is json.Marshal without changing characters for HTML.
func marshalExact(v any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// truncated is the end of a body that was cut.
type truncated struct{ after int }

// Read implements [io.Reader].
func (t truncated) Read([]byte) (int, error) {
	return 0, &apierr.Error{Service: service, Operation: "executeConnectionProxy", Kind: apierr.KindTooLarge, Err: ErrTruncated,
		Message: fmt.Sprintf("the body was cut after %d bytes", t.after), Hint: "Ask the system for less at a time."}
}
