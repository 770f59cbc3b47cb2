package polytomic

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sdk/sluice/gen/polytomicapi"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// N7: files are downloaded from wherever their links lead, and the key does not go along; an expired link is asked for
// again.
func TestN7Logs(t *testing.T) {
	var refused atomic.Int32
	store := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name := range r.Header {
			if name == "Authorization" || strings.HasPrefix(name, "X-Polytomic") {
				t.Errorf("the object store was sent %s", name)
			}
		}
		if r.URL.Query().Get("signature") == "expired" {
			refused.Add(1)
			http.Error(w, "expired", http.StatusForbidden)
			return
		}
		_, _ = io.WriteString(w, "records of "+r.URL.Path)
	}))
	defer store.Close()
	link := func(name, signature string) string {
		return fmt.Sprintf("%q", store.URL+"/bucket/"+name+"?signature="+signature)
	}
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.Header.Get("Authorization") != "Bearer user-key-0123456789" {
			t.Errorf("%s was not signed in", r.URL.Path)
		}
		switch operation, _ := match(r.Method, r.URL.Path); operation {
		case "getBulkSyncExecutionLogs":
			signature := "good"
			if refused.Load() == 0 {
				signature = "expired"
			}
			_, _ = io.WriteString(w, dataf(`{"Expires":"2026-01-01T00:00:00Z","URLs":[%s,%s]}`, link("a.json", signature), link("b.json", signature)))
		case "getModelSyncExecutionLogUrls":
			_, _ = io.WriteString(w, dataf(`{"expires":null,"urls":[%s]}`, link("errors-1.csv", "good")))
		case "getModelSyncExecutionLogFile":
			if strings.HasSuffix(r.URL.Path, "direct.csv") {
				w.Header().Set("Content-Type", "text/csv")
				_, _ = io.WriteString(w, "itself")
				return
			}
			http.Redirect(w, r, store.URL+"/bucket/errors-1.csv?signature=good", http.StatusFound)
		case "exportBulkSyncExecutionLogs":
			_, _ = io.WriteString(w, `{"job":{"job_id":"j","type":"exportlogs","status":"running"}}`)
		case "getJob":
			_, _ = io.WriteString(w, dataf(`{"job_id":"j","type":"exportlogs","status":"done","result":{"url":%s}}`, link("export.zip", "good")))
		}
	}))
	defer service.Close()
	connections := &http.Transport{}
	defer connections.CloseIdleConnections()
	client, err := New(WithAPIKey("user-key-0123456789"), WithOrigin(service.URL), WithRoundTripper(connections))
	if err != nil {
		t.Fatal(err)
	}
	read := func(body io.ReadCloser, err error) string {
		t.Helper()
		if err != nil {
			t.Error(err)
			return ""
		}
		defer body.Close()
		text, err := io.ReadAll(body)
		if err != nil {
			t.Error(err)
		}
		return string(text)
	}
	bulk := client.BulkSync("s").Execution("e")
	var got []string
	for file, err := range bulk.LogFiles(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if shown := fmt.Sprintf("%v %+v %#v", file, file, file); strings.Contains(shown, "signature") {
			t.Errorf("it shows its link: %s", shown)
		}
		got = append(got, file.Name+": "+read(file.Open(t.Context())))
	}
	if diff := cmp.Diff([]string{"a.json: records of /bucket/a.json", "b.json: records of /bucket/b.json"}, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	model := client.ModelSync("m").Execution("e")
	if text := read(model.OpenLogFile(t.Context(), polytomicapi.ExecutionLogTypeErrors, "direct.csv")); text != "itself" {
		t.Errorf("a file that comes itself: %q", text)
	}
	if text := read(model.OpenLogFile(t.Context(), polytomicapi.ExecutionLogTypeErrors, "errors-1.csv")); text != "records of /bucket/errors-1.csv" {
		t.Errorf("a redirect: %q", text)
	}
	if _, err := model.OpenLogFile(t.Context(), polytomicapi.ExecutionLogTypeErrors, "errors-9.csv"); !errors.Is(err, apierr.ErrNotFound) {
		t.Errorf("a file that is not there: %v", err)
	}
	file, err := bulk.ExportLogs(t.Context(), false)
	if err != nil || read(file.Open(t.Context())) != "records of /bucket/export.zip" {
		t.Errorf("%v, %v", file, err)
	}
	store.Close()
	if _, err := file.Open(t.Context()); !errors.Is(err, apierr.ErrUnavailable) || strings.Contains(err.Error(), "signature") {
		t.Errorf("a store that is down: %v", err)
	}
}

// A store may send the download on: neither the key nor the signed link itself, as Referer, goes along. What the client was
// told about proxies holds for downloads, too.
func TestN7DownloadIsRedirected(t *testing.T) {
	var second *httptest.Server
	check := func(r *http.Request) {
		for name, values := range r.Header {
			if name == "Authorization" || name == "Referer" || strings.HasPrefix(name, "X-Polytomic") {
				t.Errorf("%s was sent %s: %v", r.URL.Path, name, values)
			}
		}
	}
	first := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		check(r)
		if r.URL.Path == "/round" {
			http.Redirect(w, r, "/round", http.StatusFound)
			return
		}
		http.Redirect(w, r, second.URL+"/bucket/a.json", http.StatusTemporaryRedirect)
	}))
	defer first.Close()
	second = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		check(r)
		_, _ = io.WriteString(w, "a file")
	}))
	defer second.Close()
	client, err := New(WithAPIKey("user-key-0123456789"))
	if err != nil {
		t.Fatal(err)
	}
	defer client.CloseIdleConnections()
	body, err := LogFile{Name: "a.json", client: client, link: first.URL + "/bucket/a.json?signature=s3cret"}.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	if text, err := io.ReadAll(body); err != nil || string(text) != "a file" {
		t.Errorf("%q, %v", text, err)
	}
	_, err = LogFile{Name: "round", client: client, link: first.URL + "/round?signature=s3cret"}.Open(t.Context())
	if !errors.Is(err, apierr.ErrUnavailable) || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("redirects without an end: %v", err)
	}

	var asked atomic.Int32
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		check(r)
		_, _ = io.WriteString(w, "by the proxy")
	}))
	defer proxy.Close()
	behind, err := New(WithAPIKey("user-key-0123456789"), WithTransport(transport.WithProxy(proxy.URL)))
	if err != nil {
		t.Fatal(err)
	}
	defer behind.CloseIdleConnections()
	file, err := LogFile{client: behind, link: "http://store.example.com/a.json"}.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if text, err := io.ReadAll(file); err != nil || string(text) != "by the proxy" || asked.Load() != 1 {
		t.Errorf("%q, %v, %d requests to the proxy", text, err, asked.Load())
	}
}

// The console is followed until the execution has ended, through answers that come too late, and no line comes twice.
func TestN7Console(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		line := func(id int) string { return fmt.Sprintf(`{"id":"%d","level":"info","message":"line %d"}`, id, id) }
		client, a := scripted(t, map[string]script{
			"getBulkSyncExecutionConsoleLogs": func(c call) reply {
				at := int(time.Since(began) / (10 * time.Second))
				if at == 2 {
					return reply{status: http.StatusRequestTimeout, body: `{"message":"timeout","status":408}`}
				}
				lines := make([]string, 0, at+1)
				for i := range min(at, 6) + 1 {
					lines = append(lines, line(i))
				}
				return reply{body: dataf(`{"entries":[%s],"next_cursor":%q}`, strings.Join(lines, ","), fmt.Sprint("c", min(at, 6)))}
			},
			"getBulkSyncExecution": func(call) reply {
				if time.Since(began) < time.Minute {
					return reply{body: data(bulkExecution("e", "running"))}
				}
				return reply{body: data(bulkExecution("e", "completed"))}
			},
		})
		var got []string
		for entry, err := range client.BulkSync("s").Execution("e").Console(t.Context(), Follow()) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, *entry.ID)
		}
		if diff := cmp.Diff([]string{"0", "1", "2", "3", "4", "5", "6"}, got); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
		for _, c := range a.asked("getBulkSyncExecutionConsoleLogs") {
			if c.query["limit"][0] != "50" {
				t.Errorf("asked with %v", c.query)
			}
		}
		// Without Follow it ends by itself.
		n, err := length(client.BulkSync("s").Execution("e").Console(t.Context()))
		if err != nil || n != 7 {
			t.Errorf("%d lines, %v", n, err)
		}
		a.script("getModelSyncExecutionConsoleLogs", ok(data(`{"entries":null,"next_cursor":null}`)))
		if n, err := length(client.ModelSync("s").Execution("e").Console(t.Context())); err != nil || n != 0 {
			t.Errorf("%d lines, %v", n, err)
		}
	})
}

// What an execution that has ended said last is not lost because the console could not be read at once.
func TestN7ConsoleOfTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, _ := scripted(t, map[string]script{
			"getBulkSyncExecutionConsoleLogs": inTurn(status(408, `{"message":"timeout","status":408}`), status(408, `{"message":"timeout","status":408}`),
				status(408, `{"message":"timeout","status":408}`), status(408, `{"message":"timeout","status":408}`), status(408, `{"message":"timeout","status":408}`),
				ok(data(`{"entries":[{"id":"1","message":"the last words"}],"next_cursor":null}`))),
			"getBulkSyncExecution": ok(data(bulkExecution("e", "completed"))),
		})
		n, err := length(client.BulkSync("s").Execution("e").Console(t.Context(), Follow()))
		if err != nil || n != 1 {
			t.Errorf("%d lines, %v", n, err)
		}
	})
}

func TestN9Proxy(t *testing.T) {
	client, a := scripted(t, map[string]script{})
	hc := &http.Client{Transport: client.Connection("c1").RoundTripper()}
	answer := func(s string) { a.script("executeConnectionProxy", ok(data(s))) }
	do := func(method, url, kind, body string) (*http.Response, string, error) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if kind != "" {
			req.Header.Set("Content-Type", kind)
		}
		resp, err := hc.Do(req)
		if err != nil {
			return nil, "", err
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		return resp, string(text), err
	}

	answer(`{"status":404,"headers":{"X-Request-Id":"r1","Content-Encoding":"gzip"},"contentType":"application/json","body":{"id":12345678901234567890,"html":"<b>"},"truncated":false,"proxyCallId":"p1"}`)
	resp, text, err := do("POST", "https://system.example.com/v1/a%2Fb?limit=2&x=a%20b", "application/json", `{"n":12345678901234567890}`)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusNotFound || text != `{"html":"<b>","id":12345678901234567890}` || resp.Header.Get("X-Polytomic-Proxy-Call-Id") != "p1" || resp.Header.Get("Content-Encoding") != "" {
		t.Errorf("%d %s %v", resp.StatusCode, text, resp.Header)
	}
	sent := a.calls[0]
	want := map[string]any{"request": map[string]any{"method": "POST", "path": "/v1/a%2Fb", "rawQuery": "limit=2&x=a%20b",
		"headers": map[string]any{"Content-Type": "application/json"}, "body": map[string]any{"n": 12345678901234567890.0}}}
	if diff := cmp.Diff(want, sent.object(t)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if !strings.Contains(sent.body, "12345678901234567890") {
		t.Errorf("a number changed: %s", sent.body)
	}

	answer(`{"status":200,"headers":null,"contentType":"text/csv","body":"a,b\n1,2","truncated":true}`)
	_, text, err = do("GET", "/export", "", "")
	if text != "a,b\n1,2" || !errors.Is(err, ErrTruncated) || !errors.Is(err, apierr.ErrTooLarge) {
		t.Errorf("a truncated answer: %q, %v", text, err)
	}

	before := len(a.calls)
	for name, body := range map[string]string{"large": strings.Repeat("x", maxProxyRequest+1), "binary": "\xff\xfe"} {
		if _, _, err := do("PUT", "/x", "application/octet-stream", body); !errors.Is(err, apierr.ErrInvalid) {
			t.Errorf("a %s body: %v", name, err)
		}
	}
	if len(a.calls) != before {
		t.Error("a refused request was sent")
	}
	a.script("executeConnectionProxy", status(403, `{"message":"the proxy is not enabled","status":403}`))
	if _, _, err := do("GET", "/x", "", ""); !errors.Is(err, apierr.ErrPermissionDenied) {
		t.Errorf("Polytomic's own refusal: %v", err)
	}
	answer(`{"status":0}`)
	if _, _, err := do("GET", "/x", "", ""); !errors.Is(err, apierr.ErrUnexpected) {
		t.Errorf("no status: %v", err)
	}
}

// Headers about the caller's own connection say nothing to the system, and Polytomic refuses some of them; the answer's are
// the other side of that.
func TestN9ProxyHeaders(t *testing.T) {
	client, a := scripted(t, map[string]script{"executeConnectionProxy": ok(data(
		`{"status":200,"headers":{"Connection":"close","Keep-Alive":"timeout=5","Transfer-Encoding":"chunked","Content-Length":"1234","X-Kept":"1"},"body":null}`))})
	send := func(method string) *http.Response {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, "http://system/v1", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range map[string]string{
			"Connection": "close, X-Hop", "X-Hop": "1", "Keep-Alive": "timeout=5", "Proxy-Authorization": "Basic c2VjcmV0", "Proxy-Connection": "close",
			"Te": "trailers", "Trailer": "X", "Transfer-Encoding": "chunked", "Upgrade": "h2c", "Content-Length": "7", "Host": "x", "Accept-Encoding": "gzip",
			"X-Kept": "1", "Accept": "application/json",
		} {
			req.Header.Set(name, value)
		}
		resp, err := client.Connection("c1").RoundTripper().RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if req.Header.Get("Connection") == "" {
			t.Error("the caller's request was changed")
		}
		return resp
	}
	resp := send("GET")
	request, _ := a.calls[0].object(t)["request"].(map[string]any)
	if diff := cmp.Diff(map[string]any{"X-Kept": "1", "Accept": "application/json"}, request["headers"]); diff != "" {
		t.Errorf("sent -want +got\n%s", diff)
	}
	if diff := cmp.Diff(http.Header{"X-Kept": {"1"}, "Content-Length": {"0"}}, resp.Header); diff != "" {
		t.Errorf("got -want +got\n%s", diff)
	}
	if resp := send("HEAD"); resp.ContentLength != 1234 || resp.Header.Get("Content-Length") != "1234" {
		t.Errorf("HEAD tells %d bytes", resp.ContentLength)
	}
}

// The proxy reaches the connection's system alone: a redirect to another host would ask the wrong one.
func TestN9ProxyRedirects(t *testing.T) {
	client, a := scripted(t, nil)
	to := func(location string) script {
		return func(c call) reply {
			if request, _ := c.object(t)["request"].(map[string]any); request["path"] != "/first" {
				return reply{body: data(`{"status":200,"body":"there"}`)}
			}
			return reply{body: dataf(`{"status":307,"headers":{"Location":%q},"body":null}`, location)}
		}
	}
	hc := &http.Client{Transport: client.Connection("c1").RoundTripper()}
	send := func(location string) (*http.Response, error) {
		a.script("executeConnectionProxy", to(location))
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://system.example.com/first", strings.NewReader("a body"))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := hc.Do(req)
		if err == nil {
			_ = resp.Body.Close()
		}
		return resp, err
	}
	for _, location := range []string{"/second", "https://system.example.com/second"} {
		a.calls = nil
		if resp, err := send(location); err != nil || resp.StatusCode != http.StatusOK {
			t.Errorf("to %s: %v, %v", location, resp, err)
		}
		for _, c := range a.calls {
			if request, _ := c.object(t)["request"].(map[string]any); request["body"] != "a body" {
				t.Errorf("to %s: sent %v", location, request)
			}
		}
	}
	a.calls = nil
	if _, err := send("https://elsewhere.example.com/second"); !errors.Is(err, apierr.ErrUnsupported) || !strings.Contains(err.Error(), "elsewhere.example.com") {
		t.Errorf("to another host: %v", err)
	}
	if len(a.calls) != 1 {
		t.Errorf("%d calls", len(a.calls))
	}
}

func TestEvents(t *testing.T) {
	client, a := scripted(t, map[string]script{"listEvents": ok(`{"data":[` + delivery("evt-1", time.Now()) + `]}`)})
	got, err := collect(client.Events(t.Context(), EventFilter{Type: EventBulkSyncCompleted, Before: time.Now()}))
	if err != nil || len(got) != 1 || got[0].SyncID != "s1" {
		t.Errorf("%v, %v", got, err)
	}
	if q := a.calls[0].query; q["type"][0] != "bulk_sync.completed" || len(q["ending_before"]) != 1 || q["starting_after"] != nil {
		t.Errorf("asked with %v", q)
	}
}
