package polytomictest

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/oapi-codegen/nullable"

	wire "github.com/sluice-sdk/sluice/gen/polytomicapi"
	srv "github.com/sluice-sdk/sluice/gen/polytomicserver"
	"github.com/sluice-sdk/sluice/wrappers/servicetest"
)

// The limits of the migration guide. The rate is the fake's own.
const (
	proxyTimeout   = 30 * time.Second
	proxyRequest   = 256 << 10
	proxyResponse  = 1 << 20
	proxyPerMinute = 60
)

var (
	proxyMethods = []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodHead}
	proxyBlocked = []string{"Authorization", "Cookie", "Host", "Connection", "Content-Length"}
)

type proxyCall struct {
	at     time.Time
	status int
}

func (a *service) GetConnectionProxyInfo(ctx context.Context, request srv.GetConnectionProxyInfoRequestObject) (srv.GetConnectionProxyInfoResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	x, err := f.proxied(c, request.ID)
	if err != nil {
		return nil, err
	}
	counts := make(map[int]int)
	var last time.Time
	for _, call := range x.calls {
		if f.now.Sub(call.at) < 24*time.Hour {
			counts[call.status/100]++
			counts[0]++
		}
		last = call.at
	}
	return srv.GetConnectionProxyInfo200JSONResponse{Data: &wire.ConnectionProxyInfoResponse{
		ConnectionID: &x.id, BackendType: &x.kind.id,
		InheritedBase: &wire.ConnectionProxyInheritedBase{
			BaseURL: new("https://api." + x.kind.id + ".example"), LockedQuery: nullable.NewNullNullable[map[string]any](),
			LockedHeaders: rows(f, []wire.ConnectionProxyLockedHeader{{Name: new("Authorization"), Value: new(mask), Redacted: new(true)}}),
		},
		MergeRules: &wire.ConnectionProxyMergeRules{Headers: new("request headers are added, locked ones win"), Query: new("request values are added")},
		RequestContract: &wire.ConnectionProxyContract{
			AllowedMethods: rows(f, proxyMethods), BlockedRequestHeaders: rows(f, proxyBlocked),
			BlockedResponseHeaders: rows(f, []string{"Set-Cookie"}), BodyTypes: rows(f, []string{"object", "array", "string"}),
			MaxRequestBodyBytes: new(proxyRequest), MaxResponseBodyBytes: new(proxyResponse), PathRule: new("relative, begins with /"),
			QueryModes: rows(f, []string{"query", "rawQuery"}), QueryValueTypes: rows(f, []string{"string", "number", "boolean", "array"}),
			RateLimitPerMinute: new(proxyPerMinute), RawQueryRule: new("excludes query"), TimeoutMs: new(int(proxyTimeout / time.Millisecond)),
		},
		Stats: &wire.ConnectionProxyStats{
			CallsLast24H: new(counts[0]), ProxyCallsLast24H: new(counts[0]), Proxy2XxLast24H: new(counts[2]), Proxy4XxLast24H: new(counts[4]),
			Proxy5XxLast24H: new(counts[5]), LastProxyCallAt: momentOrNull(last),
		},
	}}, nil
}

func (f *Fake) proxied(c *caller, id string) (*connection, error) {
	x, err := f.connection(c, id)
	if err != nil {
		return nil, err
	}
	if x.noProxy {
		return nil, forbidden("the proxy is not enabled for this connection")
	}
	return x, nil
}

func (a *service) ExecuteConnectionProxy(ctx context.Context, request srv.ExecuteConnectionProxyRequestObject) (srv.ExecuteConnectionProxyResponseObject, error) {
	r, upstream, err := a.proxyRequest(ctx, request)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	limited, cancel := context.WithTimeout(a.f.ctx, proxyTimeout)
	defer cancel()
	answer := servicetest.Capture(upstream, r.WithContext(limited)) //nolint:contextcheck // the far call goes on when the client has left
	took := time.Since(began)
	f, c := a.enter(ctx)
	defer a.leave()
	x, err := f.proxied(c, request.ID)
	if err != nil {
		return nil, err
	}
	if limited.Err() != nil {
		x.calls = append(x.calls, proxyCall{f.now, http.StatusGatewayTimeout})
		return nil, problem(http.StatusGatewayTimeout, "upstream_timeout", "the upstream request timed out", nil)
	}
	x.calls = append(x.calls, proxyCall{f.now, answer.Status})
	content := answer.Body
	truncated := len(content) > proxyResponse
	if truncated {
		content = content[:proxyResponse]
	}
	headers := make(map[string]string)
	for name := range answer.Header {
		if name != "Set-Cookie" {
			headers[name] = answer.Header.Get(name)
		}
	}
	out := &wire.ConnectionProxyResponse{
		Status: &answer.Status, Headers: value(headers), ContentType: new(answer.Header.Get("Content-Type")), LatencyMs: new(took.Milliseconds()),
		ProxyCallID: new(f.newID()), Truncated: &truncated,
	}
	var parsed any
	if strings.Contains(answer.Header.Get("Content-Type"), "json") && json.Unmarshal(content, &parsed) == nil {
		out.Body = parsed
	} else {
		for !utf8.Valid(content) && len(content) > 0 && truncated { // cut within a character
			content = content[:len(content)-1]
		}
		out.Body = string(content)
	}
	return srv.ExecuteConnectionProxy200JSONResponse{Data: out}, nil
}

// proxyRequest checks a call and makes the request of it.
func (a *service) proxyRequest(ctx context.Context, request srv.ExecuteConnectionProxyRequestObject) (*http.Request, http.Handler, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	x, err := f.proxied(c, request.ID)
	if err != nil {
		return nil, nil, err
	}
	recent := 0
	for _, call := range x.calls {
		if f.now.Sub(call.at) < time.Minute {
			recent++
		}
	}
	if recent >= proxyPerMinute {
		return nil, nil, tooMany(f.now, x.calls[len(x.calls)-recent].at.Add(time.Minute))
	}
	call := request.Body.Request
	target, err := url.Parse(call.Path)
	switch {
	case !slices.Contains(proxyMethods, strings.ToUpper(call.Method)):
		return nil, nil, badRequest("method %q is not allowed", call.Method)
	case err != nil || target.IsAbs() || target.Host != "" || !strings.HasPrefix(call.Path, "/"):
		return nil, nil, badRequest("path must be relative and begin with /")
	case call.Query != nil && or(call.RawQuery, "") != "":
		return nil, nil, badRequest("query and rawQuery exclude each other")
	}
	q := target.Query()
	for name, v := range call.Query {
		if list, ok := v.([]any); ok {
			for _, item := range list {
				q.Add(name, plain(item))
			}
			continue
		}
		q.Set(name, plain(v))
	}
	target.RawQuery = q.Encode()
	if raw := or(call.RawQuery, ""); raw != "" {
		target.RawQuery = raw
	}
	var content []byte
	switch body := call.Body.(type) {
	case nil:
	case string:
		content = []byte(body)
	default:
		content, _ = json.Marshal(body) //nolint:errchkjson // came out of JSON
	}
	if len(content) > proxyRequest {
		return nil, nil, badRequest("the request body is larger than 256 KiB")
	}
	target.Scheme, target.Host = "https", "api."+x.kind.id+".example"
	r, err := http.NewRequestWithContext(ctx, strings.ToUpper(call.Method), target.String(), bytes.NewReader(content))
	if err != nil {
		return nil, nil, badRequest("not a request")
	}
	if _, text := call.Body.(string); len(content) > 0 && !text {
		r.Header.Set("Content-Type", "application/json")
	}
	for name, v := range call.Headers {
		if slices.Contains(proxyBlocked, http.CanonicalHeaderKey(name)) {
			return nil, nil, badRequest("header %q is not allowed", name)
		}
		r.Header.Set(name, v)
	}
	upstream := x.upstream
	if upstream == nil {
		upstream = http.HandlerFunc(mirror)
	}
	return r, upstream, nil
}

// mirror answers what it was asked.
func mirror(w http.ResponseWriter, r *http.Request) {
	var body bytes.Buffer
	_, _ = body.ReadFrom(r.Body)
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{ //nolint:errchkjson // text
		"method": r.Method, "path": r.URL.Path, "query": r.URL.RawQuery, "body": body.String(),
	})
}
