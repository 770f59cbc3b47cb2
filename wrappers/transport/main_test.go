package transport

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// testOperations has one operation of each class and content.
const testOperations = `
GET    /jobs/{jobId}          getJob           safe
GET    /jobs                  listJobs         safe
POST   /jobs                  createJob        unsafe      timeout=90s
POST   /search                search           safe
PUT    /sources/{sourceId}    putSource        idempotent
DELETE /sources/{sourceId}    deleteSource     idempotent  content=none
GET    /export                export           safe        content=text/csv
GET    /events                events           safe        content=*
GET    /trigger               trigger          unsafe
POST   /connections/connect/  connect          unsafe
`

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func newClient(tb testing.TB, base, table string, opts ...Option) *Client {
	tb.Helper()
	operations, err := ParseOperations(table)
	if err != nil {
		tb.Fatal(err)
	}
	c, err := New(base, operations, opts...)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(c.CloseIdleConnections)
	return c
}

func newRequest(tb testing.TB, method, url, body string) *http.Request {
	tb.Helper()
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(tb.Context(), method, url, reader)
	if err != nil {
		tb.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	return req
}

// answer makes the answer of a RoundTripper.
func answer(r *http.Request, status int, contentType, body string, header ...string) *http.Response {
	h := http.Header{}
	if contentType != "" {
		h.Set("Content-Type", contentType)
	}
	for i := 0; i+1 < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return &http.Response{
		StatusCode: status, Status: http.StatusText(status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: h, ContentLength: -1, Body: io.NopCloser(strings.NewReader(body)),
	}
}
