package servicetest

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// fakeTB collects what a test would have failed with.
type fakeTB struct {
	mu       sync.Mutex
	failures []string
}

func (f *fakeTB) Helper() {}
func (f *fakeTB) Errorf(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.failures = append(f.failures, fmt.Sprintf(format, args...))
}
func (f *fakeTB) Logf(string, ...any) {}
func (f *fakeTB) Cleanup(func())      {}

func (f *fakeTB) all() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return strings.Join(f.failures, "\n")
}

// answer is a handler that always answers the same.
func answer(status int, contentType, body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	})
}

func newTestServer(tb testing.TB, h http.Handler, c *Contract) *Server {
	tb.Helper()
	d := mustDocument(tb)
	if c != nil {
		c.Document = d
	}
	s := NewServer(h, Options{Document: d, Contract: c, Route: BasePath("/v1", "/api/v1")})
	tb.Cleanup(func() { _ = s.Close() })
	return s
}

func send(tb testing.TB, c *http.Client, method, url, body string) (int, http.Header, string) {
	tb.Helper()
	r, err := http.NewRequestWithContext(tb.Context(), method, url, strings.NewReader(body))
	if err != nil {
		tb.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	response, err := c.Do(r)
	if err != nil {
		tb.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		tb.Fatal(err)
	}
	return response.StatusCode, response.Header, string(data)
}

func TestContract(t *testing.T) {
	const valid = `{"name":"n","tags":["a"]}`
	for name, tc := range map[string]struct {
		method, path, body string
		handler            http.Handler
		want               string // of the violation; "" for none
	}{
		"valid":              {"GET", "/v1/things/1", "", answer(200, "application/json", valid), ""},
		"valid with body":    {"POST", "/api/v1/things/1", valid, answer(200, "application/json; charset=utf-8", valid), ""},
		"no content":         {"GET", "/v1/things/1", "", answer(204, "", ""), ""},
		"path parameter":     {"GET", "/v1/things/x", "", answer(200, "application/json", valid), "request of getThing, path id"},
		"query parameter":    {"GET", "/v1/things/1?limit=101", "", answer(200, "application/json", valid), "request of getThing, query limit"},
		"request body":       {"POST", "/v1/things/1", `{"name":"n","tags":["a","z"]}`, answer(200, "application/json", valid), "request of makeThing, at /tags/1"},
		"null":               {"POST", "/v1/things/1", `{"name":"n","mode":null}`, answer(200, "application/json", `{"name":"n","mode":"on"}`), ""},
		"null is nowhere":    {"POST", "/v1/things/1", `{"name":null}`, answer(200, "application/json", valid), "request of makeThing, at /name"},
		"neither nor null":   {"POST", "/v1/things/1", `{"name":"n","mode":"loud"}`, answer(200, "application/json", valid), "request of makeThing, at /mode"},
		"request missing":    {"POST", "/v1/things/1", "", answer(200, "application/json", valid), "request of makeThing: value is required"},
		"request not JSON":   {"POST", "/v1/things/1", "{", answer(200, "application/json", valid), "request of makeThing: failed to decode"},
		"answer lacks":       {"GET", "/v1/things/1", "", answer(200, "application/json", `{"tags":[]}`), "response of getThing (200), at /name"},
		"a part lacks":       {"GET", "/v1/things/1", "", answer(200, "application/json", `{"name":"n","part":{}}`), `response of getThing (200), at /part/id: property "id" is missing`},
		"a part's type":      {"GET", "/v1/things/1", "", answer(200, "application/json", `{"name":"n","part":{"id":1}}`), `response of getThing (200), at /part/id: value must be a string`},
		"answer's enum":      {"GET", "/v1/things/1", "", answer(200, "application/json", `{"name":"n","tags":["q"]}`), "response of getThing (200), at /tags/0"},
		"answer's type":      {"GET", "/v1/things/1", "", answer(200, "text/html", "<html>"), `response of getThing (200): response header Content-Type has unexpected value: "text/html"`},
		"answer's status":    {"GET", "/v1/things/1", "", answer(418, "application/json", valid), "response of getThing (418): status is not supported"},
		"answer not JSON":    {"GET", "/v1/things/1", "", answer(200, "application/json", `{"name"`), "response of getThing (200): failed to decode"},
		"unknown path":       {"GET", "/v1/others", "", answer(200, "application/json", valid), ""},
		"other base path":    {"GET", "/v2/things/1", "", answer(200, "application/json", valid), ""},
		"unsupported method": {"DELETE", "/v1/things/1", "", answer(200, "application/json", valid), ""},
	} {
		t.Run(name, func(t *testing.T) {
			tb := &fakeTB{}
			contract := &Contract{TB: tb}
			s := newTestServer(t, tc.handler, contract)
			for range 2 { // a violation is found again, not remembered as good
				send(t, s.Client(), tc.method, s.URL()+tc.path, tc.body)
			}
			got := tb.all()
			if tc.want == "" {
				if got != "" || contract.Violations() != 0 {
					t.Errorf("violations: %s", got)
				}
				return
			}
			if strings.Count(got, tc.want) != 2 || contract.Violations() != 2 {
				t.Errorf("got %s\nwant twice %s", got, tc.want)
			}
		})
	}
}

// A violation never repeats the value, which may be a secret.
func TestViolationHoldsNoValue(t *testing.T) {
	tb := &fakeTB{}
	s := newTestServer(t, answer(200, "application/json", `{"name":"n"}`), &Contract{TB: tb})
	send(t, s.Client(), "POST", s.URL()+"/v1/things/1", `{"name":["hunter2"],"tags":["hunter2"]}`)
	if got := tb.all(); got == "" || strings.Contains(got, "hunter2") {
		t.Errorf("got %q", got)
	}
}

func TestViolationWithoutTest(t *testing.T) {
	var log strings.Builder
	contract := &Contract{Logger: slog.New(slog.NewTextHandler(&log, nil))}
	s := newTestServer(t, answer(200, "application/json", `{"tags":[]}`), contract)
	status, header, body := send(t, s.Client(), "GET", s.URL()+"/v1/things/1", "")
	if status != 500 || !strings.Contains(header.Get(ViolationHeader), "/name") || !strings.Contains(body, "/name") {
		t.Errorf("%d %q %q", status, header.Get(ViolationHeader), body)
	}
	if !strings.Contains(log.String(), "getThing") {
		t.Errorf("log: %s", log.String())
	}
}

func TestTolerate(t *testing.T) {
	tb := &fakeTB{}
	contract := &Contract{TB: tb, Tolerate: func(v *Violation) bool { return v.Direction == Request && v.Operation == "getThing" }}
	s := newTestServer(t, answer(200, "application/json", `{"name":"n"}`), contract)
	status, _, _ := send(t, s.Client(), "GET", s.URL()+"/v1/things/1?limit=1000", "")
	if status != 200 || tb.all() != "" {
		t.Errorf("%d %s", status, tb.all())
	}
}

// The handler gets the body that was sent, and an answer that is flushed reaches the client before it is whole.
func TestStreamingIsPreserved(t *testing.T) {
	tb := &fakeTB{}
	goOn := make(chan struct{})
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"name":`)
		_ = http.NewResponseController(w).Flush()
		<-goOn
		fmt.Fprintf(w, `"%d bytes"}`, len(body))
	})
	s := newTestServer(t, h, &Contract{TB: tb})
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL()+"/v1/things/1", strings.NewReader(`{"name":"n"}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	response, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	first := make([]byte, 8)
	if _, err := io.ReadFull(response.Body, first); err != nil || string(first) != `{"name":` {
		t.Fatalf("%q %v", first, err)
	}
	close(goOn)
	rest, _ := io.ReadAll(response.Body)
	if string(rest) != `"12 bytes"}` || tb.all() != "" {
		t.Errorf("%q %s", rest, tb.all())
	}
}

func TestSample(t *testing.T) {
	tb := &fakeTB{}
	n := 0
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n++
		w.Header().Set("Content-Type", "application/json")
		if n > 100 {
			fmt.Fprintf(w, `{"bad":%d}`, n)
			return
		}
		fmt.Fprintf(w, `{"name":"%d"}`, n)
	})
	contract := &Contract{TB: tb, Sample: 50}
	s := newTestServer(t, h, contract)
	c := s.Client()
	for range 200 {
		send(t, c, "GET", s.URL()+"/v1/things/1", "")
	}
	if got := contract.Violations(); got != 2 {
		t.Errorf("%d violations of 100 after the first hundred answers, want 2", got)
	}
}

// BenchmarkContract shows what a check costs: of an answer seen before, of a new one, and with none.
func BenchmarkContract(b *testing.B) {
	for _, kind := range []string{"off", "seen before", "new"} {
		b.Run(kind, func(b *testing.B) {
			n := 0
			h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if kind == "new" {
					n++
				}
				w.Header().Set("Content-Type", "application/json")
				fmt.Fprintf(w, `{"name":"%d","tags":["a","b"]}`, n)
			})
			var contract *Contract
			if kind != "off" {
				contract = &Contract{TB: b}
			}
			s := newTestServer(b, h, contract)
			c := s.Client()
			b.ReportAllocs()
			for b.Loop() {
				send(b, c, "GET", s.URL()+"/v1/things/1", "")
			}
		})
	}
}

func TestServerLog(t *testing.T) {
	s := newTestServer(t, answer(200, "application/json", `{"name":"n"}`), &Contract{TB: t})
	c := s.Client()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL()+"/v1/things/1?limit=5", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer hunter2")
	response, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, response.Body)
	response.Body.Close()
	send(t, c, "POST", s.URL()+"/v1/things/2", `{"name":"n"}`)
	send(t, c, "GET", s.URL()+"/elsewhere", "")
	send(t, c, "GET", "http://other.test/v1/things/3", "")
	l := s.Log()
	if l.Total() != 4 || l.Count("getThing") != 2 || l.Count("getThing", "makeThing") != 3 || l.Count() != 1 {
		t.Errorf("counts: %v", l.Counts())
	}
	if hosts := l.Hosts(); hosts["other.test"] != 1 || hosts["service.test"] != 3 {
		t.Errorf("hosts: %v", hosts)
	}
	if peak := l.Peak(); peak < 1 || peak > 4 || l.Peak("makeThing") != 1 || len(l.PerSecond()) < 1 {
		t.Errorf("peak: %d, %v", peak, l.PerSecond())
	}
	records := waitRecords(t, l, 4)
	first := records[0]
	if first.Operation != "getThing" || first.Path != "/v1/things/1" || first.Query != "limit=5" || first.Status != 200 || first.Cut {
		t.Errorf("%+v", first)
	}
	if first.Header.Get("Authorization") != "[redacted]" {
		t.Errorf("the credentials are in the log: %q", first.Header.Get("Authorization"))
	}
	if records[1].RequestBytes != 12 || records[2].Status != 404 || records[2].Operation != "" {
		t.Errorf("%+v", records)
	}
	l.Reset()
	if l.Total() != 0 || len(l.Records()) != 0 || l.Peak() != 0 {
		t.Error("something was left after Reset")
	}
}

// waitRecords waits for records, which are written after the client has its answer.
func waitRecords(tb testing.TB, l *Log, n int) []Record {
	tb.Helper()
	for range 1000 {
		if r := l.Records(); len(r) >= n {
			return r
		}
		<-time.After(time.Millisecond)
	}
	tb.Fatalf("only %d records", len(l.Records()))
	return nil
}

func TestLogKeepsTheLatest(t *testing.T) {
	l := newLog(3)
	for i := range 10 {
		l.add(Record{Number: i})
	}
	got := l.Records()
	if len(got) != 3 || got[0].Number != 7 || got[2].Number != 9 {
		t.Errorf("%+v", got)
	}
}

// Handlers may use everything of http.ResponseController, also below the contract check.
func TestResponseController(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"deadline": func(w http.ResponseWriter, _ *http.Request) {
			if err := http.NewResponseController(w).SetWriteDeadline(time.Now().Add(time.Hour)); err != nil {
				t.Error(err)
			}
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"name":"n"}`)
		},
		"hijack": func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 12\r\nConnection: close\r\n\r\n{\"name\":\"n\"}")
			_ = conn.Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newTestServer(t, h, &Contract{TB: t})
			if status, _, body := send(t, s.Client(), "GET", s.URL()+"/v1/things/1", ""); status != 200 || body != `{"name":"n"}` {
				t.Errorf("%d %q", status, body)
			}
		})
	}
}
