package airbyte

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// answers is an in-memory service: what to answer a method and a path, and what was asked.
type answers struct {
	mu     sync.Mutex
	calls  []*http.Request
	bodies []string
	answer func(*http.Request) (status int, contentType, body string)
}

func (a *answers) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		body, _ = io.ReadAll(req.Body)
		_ = req.Body.Close()
	}
	a.mu.Lock()
	a.calls = append(a.calls, req)
	a.bodies = append(a.bodies, string(body))
	a.mu.Unlock()
	status, contentType, text := a.answer(req)
	return &http.Response{
		StatusCode: status, Status: http.StatusText(status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {contentType}}, Body: io.NopCloser(strings.NewReader(text)), ContentLength: int64(len(text)), Request: req,
	}, nil
}

func (a *answers) count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.calls)
}

// answering returns a client whose service answers everything the same.
func answering(t *testing.T, status int, contentType, body string, opts ...Option) (*Client, *answers) {
	t.Helper()
	a := &answers{answer: func(*http.Request) (int, string, string) { return status, contentType, body }}
	client, err := New(append([]Option{WithOrigin("https://airbyte.example.com"), WithNoAuth(), WithRoundTripper(a)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	return client, a
}
