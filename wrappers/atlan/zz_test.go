package atlan

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

func reply(r *http.Request, status int, body string, header ...string) *http.Response {
	h := http.Header{"Content-Type": {"application/json"}}
	return &http.Response{
		StatusCode: status, Status: http.StatusText(status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: h, ContentLength: int64(len(body)), Body: io.NopCloser(strings.NewReader(body)),
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func testClient(t *testing.T, rt http.RoundTripper, opts ...Option) *Client {
	t.Helper()
	client, err := New(append([]Option{WithBaseURL("https://acme.atlan.com"), WithAPIKey("the-api-key-1"), WithRoundTripper(rt)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	return client
}
