package polytomic

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice-sdk/sluice/gen/polytomicapi"
)

// api is an in-memory Polytomic: what a test scripts for each operation, and what was asked.
type api struct {
	t       testing.TB
	mu      sync.Mutex
	scripts map[string]script // by operation id
	calls   []call
	latency time.Duration
	header  http.Header
}

// script answers one operation.
type script func(call) reply

// call is a request as a script sees it.
type call struct {
	operation string
	path      map[string]string
	header    http.Header
	query     map[string][]string
	body      string
	url       string
}

// reply is an answer: a status (200 when 0) with a body, or a failure of the connection.
type reply struct {
	status int
	body   string
	header map[string]string
	fail   error
}

var errReset = errors.New("read: connection reset by peer")

func ok(body string) script { return func(call) reply { return reply{body: body} } }

func status(code int, body string) script {
	return func(call) reply { return reply{status: code, body: body} }
}

// inTurn answers with one script after the other, the last one for ever.
func inTurn(scripts ...script) script {
	n := 0
	return func(c call) reply {
		s := scripts[min(n, len(scripts)-1)]
		n++
		return s(c)
	}
}

type route struct {
	method, path, id string
	segments         []string
}

var routeTable = func() []route {
	var table []route
	for line := range strings.SplitSeq(polytomicapi.Operations, "\n") {
		f := strings.Fields(line)
		table = append(table, route{f[0], f[1], f[2], strings.Split(f[1], "/")})
	}
	return table
}()

// match finds the operation of a request, literal segments before parameters.
func match(method, path string) (string, map[string]string) {
	best, bestParams, literals := "", map[string]string(nil), -1
	got := strings.Split(path, "/")
	if len(got) < 3 {
		return "", nil // all paths are /api/…
	}
	for _, r := range routeTable {
		want := r.segments
		if r.method != method || len(want) != len(got) || want[2] != got[2] {
			continue
		}
		params, n, ok := map[string]string{}, 0, true
		for i := range want {
			if name, is := strings.CutPrefix(want[i], "{"); is {
				params[strings.TrimSuffix(name, "}")] = got[i]
				ok = ok && got[i] != ""
			} else if want[i] == got[i] {
				n++
			} else {
				ok = false
			}
		}
		if ok && n > literals {
			best, bestParams, literals = r.id, params, n
		}
	}
	return best, bestParams
}

// RoundTrip implements http.RoundTripper.
func (a *api) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		body, _ = io.ReadAll(req.Body)
		_ = req.Body.Close()
	}
	if a.latency > 0 {
		select {
		case <-time.After(a.latency):
		case <-req.Context().Done():
			return nil, req.Context().Err()
		}
	}
	c := call{header: req.Header.Clone(), query: req.URL.Query(), body: string(body), url: req.URL.String()}
	c.operation, c.path = match(req.Method, req.URL.Path)
	a.mu.Lock()
	a.calls = append(a.calls, c)
	s := a.scripts[c.operation]
	a.mu.Unlock()
	if s == nil {
		if a.t != nil {
			a.t.Errorf("no script for %s %s (%s)", req.Method, req.URL.Path, c.operation)
		}
		s = status(http.StatusNotImplemented, `{}`)
	}
	r := s(c)
	if r.fail != nil {
		return nil, r.fail
	}
	if r.status == 0 {
		r.status = http.StatusOK
	}
	header := http.Header{"Content-Type": {"application/json"}, versionHeader: {Version}, "Date": {time.Now().UTC().Format(http.TimeFormat)}}
	maps.Copy(header, a.header)
	for name, value := range r.header {
		header.Set(name, value)
	}
	return &http.Response{StatusCode: r.status, Status: http.StatusText(r.status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, Body: io.NopCloser(strings.NewReader(r.body)), ContentLength: int64(len(r.body)), Request: req}, nil
}

// script sets the answers of an operation.
func (a *api) script(operation string, s script) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.scripts[operation] = s
}

// asked returns the calls of an operation, of all for "".
func (a *api) asked(operation string) []call {
	a.mu.Lock()
	defer a.mu.Unlock()
	var list []call
	for _, c := range a.calls {
		if operation == "" || c.operation == operation {
			list = append(list, c)
		}
	}
	return list
}

// scripted returns a client of an api with these scripts.
func scripted(t testing.TB, scripts map[string]script, opts ...Option) (*Client, *api) {
	t.Helper()
	if scripts == nil {
		scripts = map[string]script{}
	}
	a := &api{t: t, scripts: scripts}
	client, err := New(append([]Option{WithAPIKey("user-key-0123456789"), WithRoundTripper(a)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	return client, a
}

func data(object string) string { return `{"data":` + object + `}` }

func dataf(format string, args ...any) string { return data(fmt.Sprintf(format, args...)) }

// object decodes the body of a call.
func (c call) object(t testing.TB) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(c.body), &m); err != nil {
		t.Fatalf("the body of %s is no object: %v\n%s", c.operation, err, c.body)
	}
	return m
}

// key is the idempotency key that was sent.
func (c call) key() string {
	return strings.Join(c.header[strings.ToLower("Idempotency-Key")], ",") // as package transport spells it
}
