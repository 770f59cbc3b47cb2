package tests_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/airbyte"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// server is the part of Airbyte that jobs need, without a network and without checks, for the tests that make hundreds
// of thousands of calls. The complete fake is package airbytetest. What a job will do is settled when it is created, so
// that nothing runs in the background.
type server struct {
	rtt time.Duration // how long a request takes; the server reads its state half way

	mu          sync.Mutex
	jobs        []*simJob // by id-1
	connections map[string][]*simJob
	events      []simEvent // by time
	calls       []call
	fault       func(*http.Request, *faults) // before the answer, without the lock
	silent      bool                         // calls are not recorded
	skew        time.Duration                // the server's clock is ahead by this much
	gateway     time.Duration                // what stands before it, and writes the Date, is ahead of that by this much
	lag         time.Duration                // lists show what was this long ago, as a replica's do
	workspace   string                       // the workspace all connections are in, "" for whichever is asked for
	status      map[string]string            // of connections that are not active
	takes       func(connection string) (pending, runs time.Duration, ends string)
}

type simJob struct {
	id                int64
	connection, kind  string
	foreign           bool // somebody else's
	given             bool // given again as the answer to a request, because it had not begun
	created, run, end time.Time
	ends              string // succeeded, failed, cancelled
	records           int64
}

// simEvent is a change of a job's status.
type simEvent struct {
	at  time.Time
	job *simJob
}

type call struct {
	at          time.Time
	method, url string
}

func newServer() *server {
	return &server{rtt: 120 * time.Millisecond, connections: map[string][]*simJob{}, status: map[string]string{},
		takes: func(string) (time.Duration, time.Duration, string) { return 2 * time.Second, time.Minute, "succeeded" }}
}

// client returns a client of the server.
func (s *server) client(tb testing.TB, opts ...airbyte.Option) *airbyte.Client {
	tb.Helper()
	c, err := airbyte.New(append([]airbyte.Option{airbyte.WithOrigin("https://airbyte.example.com"), airbyte.WithNoAuth(),
		airbyte.WithTransport(transport.WithRoundTripper(s), transport.WithRetry(transport.RetryOptions{Budget: -1}), transport.WithLimits(transport.LimitOptions{}))}, opts...)...)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func (j *simJob) status(now time.Time) string {
	switch {
	case !now.Before(j.end):
		return j.ends
	case !now.Before(j.run):
		return "running"
	}
	return "pending"
}

func (j *simJob) updated(now time.Time) time.Time {
	switch {
	case !now.Before(j.end):
		return j.end
	case !now.Before(j.run):
		return j.run
	}
	return j.created
}

// start creates a job. The lock is held.
func (s *server) start(connection, kind string, at time.Time, foreign bool) *simJob {
	pending, runs, ends := s.takes(connection)
	j := &simJob{id: int64(len(s.jobs) + 1), connection: connection, kind: kind, foreign: foreign, created: at, run: at.Add(pending), end: at.Add(max(runs, pending+time.Millisecond)), ends: ends, records: 1000}
	s.jobs = append(s.jobs, j)
	s.connections[connection] = append(s.connections[connection], j)
	for _, at := range []time.Time{j.created, j.run, j.end} {
		i := sort.Search(len(s.events), func(i int) bool { return s.events[i].at.After(at) })
		s.events = slices.Insert(s.events, i, simEvent{at, j})
	}
	return j
}

// startLater creates a job when the server gets round to it, unless one runs by then.
func (s *server) startLater(connection, kind string, after time.Duration) {
	pass(after)
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	for _, j := range s.connections[connection] {
		if now.Before(j.end) {
			return
		}
	}
	s.start(connection, kind, now, false)
}

// begin is start for tests: a job of somebody else, unless own.
func (s *server) begin(connection, kind string, foreign bool) *simJob {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.start(connection, kind, time.Now(), foreign)
}

// given reports whether the server answered a request with this job although it was there before.
func (s *server) given(id int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.jobs[id-1].given
}

// own returns the connection's jobs that calls have started.
func (s *server) own(connection string) []int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ids []int64
	for _, j := range s.connections[connection] {
		if !j.foreign {
			ids = append(ids, j.id)
		}
	}
	return ids
}

// counted returns how many calls of a method under a path were made.
func (s *server) counted(method, path string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, c := range s.calls {
		if c.method == method && strings.HasPrefix(c.url, path) {
			n++
		}
	}
	return n
}

// faults is what goes wrong with one request.
type faults struct {
	before      error         // the connection ends before the request is processed
	after       error         // the connection ends after the request was processed
	stall       bool          // no answer ever; with unprocessed set the request is lost too
	unprocessed bool          // answered without being processed
	late        time.Duration // the job comes into being this much later; the answer does not wait
	delay       time.Duration // the answer takes this much longer
	status      int           // answer with this status and body instead
	body        string
	html        bool
	cut         int // bytes of the body, then the end of the connection
	rewrite     func(string) string
}

var (
	errReset   = &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
	errRefused = &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
)

func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// RoundTrip implements [http.RoundTripper].
func (s *server) RoundTrip(r *http.Request) (*http.Response, error) {
	var body string
	if r.Body != nil {
		text, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		_ = r.Body.Close()
		body = string(text)
	}
	path := strings.TrimPrefix(r.URL.Path, "/api/public/v1")
	if !s.silent {
		s.mu.Lock()
		s.calls = append(s.calls, call{time.Now(), r.Method, path + "?" + r.URL.RawQuery})
		s.mu.Unlock()
	}
	var f faults
	if s.fault != nil {
		s.fault(r, &f)
	}
	if f.before != nil {
		return nil, f.before
	}
	if err := pause(r.Context(), s.rtt/2); err != nil {
		return nil, err
	}
	status, text := f.status, f.body
	if !f.unprocessed {
		code, answer := s.serve(r, path, body, f.late)
		if status == 0 {
			status, text = code, answer
		}
	}
	if f.stall {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	if f.after != nil {
		return nil, f.after
	}
	if err := pause(r.Context(), s.rtt-s.rtt/2+f.delay); err != nil {
		return nil, err
	}
	header := http.Header{"Content-Type": {"application/json"}, "Date": {time.Now().Add(s.skew + s.gateway).UTC().Format(http.TimeFormat)}}
	if f.html {
		header.Set("Content-Type", "text/html")
		text = "<html><body><h1>Welcome to nginx</h1></body></html>"
	}
	if f.rewrite != nil {
		text = f.rewrite(text)
	}
	var reader io.Reader = strings.NewReader(text)
	length := int64(len(text))
	if f.cut > 0 && f.cut < len(text) {
		reader = io.MultiReader(strings.NewReader(text[:f.cut]), brokenReader{})
	}
	return &http.Response{StatusCode: status, Status: strconv.Itoa(status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, Body: io.NopCloser(reader), ContentLength: length, Request: r}, nil
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func problem(status int, kind, message string) (int, string) {
	return status, fmt.Sprintf(`{"status":%d,"type":"https://reference.airbyte.com/reference/errors#%s","title":"%s","detail":"","data":{"message":%q}}`, status, kind, strings.TrimPrefix(kind, "409-"), message)
}

func (s *server) serve(r *http.Request, path, body string, late time.Duration) (int, string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	switch {
	case r.Method == http.MethodPost && path == "/jobs":
		connection, kind := between(body, `"connectionId":"`), between(body, `"jobType":"`)
		if s.status[connection] != "" {
			return problem(409, "409-state-conflict", "Could not fulfill request")
		}
		for _, j := range s.connections[connection] {
			if now.Before(j.end) && !j.created.After(now) {
				if kind == "reset" || kind == "clear" {
					j.end, j.ends = now, "cancelled" // events are not read by these tests
					continue
				}
				if !now.Before(j.run) {
					return problem(409, "try-again-later", "A sync is already running for: "+connection)
				}
				j.given = true
				return 200, s.row(j, now)
			}
		}
		if late > 0 {
			go s.startLater(connection, kind, late)
			return problem(409, "409-state-conflict", "Could not fulfill request")
		}
		return 200, s.row(s.start(connection, kind, now, false), now)
	case r.Method == http.MethodGet && path == "/jobs":
		return 200, s.list(r.URL.Query(), now.Add(-s.lag))
	case strings.HasPrefix(path, "/jobs/"):
		id, _ := strconv.ParseInt(strings.TrimPrefix(path, "/jobs/"), 10, 64)
		if id < 1 || int(id) > len(s.jobs) || s.jobs[id-1].created.After(now) {
			return problem(403, "forbidden", "")
		}
		j := s.jobs[id-1]
		if r.Method == http.MethodDelete {
			for _, other := range s.connections[j.connection] {
				if now.Before(other.end) {
					other.end, other.ends = now, "cancelled"
				}
			}
		}
		return 200, s.row(j, now)
	case strings.HasPrefix(path, "/connections/"):
		id := strings.TrimPrefix(path, "/connections/")
		status := s.status[id]
		if status == "" {
			status = "active"
		}
		return 200, fmt.Sprintf(`{"connectionId":%q,"name":"c","sourceId":"s","destinationId":"d","workspaceId":%q,"status":%q,"statusReason":"because","schedule":{"scheduleType":"manual"},"configurations":{"streams":[]},"createdAt":1,"tags":[]}`, id, s.workspace, status)
	}
	return 404, "Object not found."
}

func between(s, before string) string {
	_, s, _ = strings.Cut(s, before)
	s, _, _ = strings.Cut(s, `"`)
	return s
}

func (s *server) row(j *simJob, now time.Time) string {
	var b strings.Builder
	s.writeRow(&b, j, now)
	return b.String()
}

func (s *server) writeRow(b *strings.Builder, j *simJob, now time.Time) {
	status, updated := j.status(now), j.updated(now)
	b.WriteString(`{"jobId":`)
	b.WriteString(strconv.FormatInt(j.id, 10))
	b.WriteString(`,"status":"` + status + `","jobType":"` + j.kind + `","connectionId":"` + j.connection + `","startTime":"`)
	b.WriteString(javaTime(j.created.Add(s.skew)) + `"`)
	if status != "pending" {
		b.WriteString(`,"duration":"PT` + strconv.Itoa(int(updated.Sub(j.created)/time.Second)) + `S"`)
	}
	if !now.Before(j.end) {
		b.WriteString(`,"lastUpdatedAt":"` + javaTime(updated.Add(s.skew)) + `","bytesSynced":` + strconv.FormatInt(j.records*100, 10) + `,"rowsSynced":` + strconv.FormatInt(j.records, 10))
	}
	b.WriteString(`}`)
}

// javaTime cuts to the second and leaves out seconds that are zero.
func javaTime(t time.Time) string {
	t = t.UTC().Truncate(time.Second)
	if t.Second() == 0 {
		return t.Format("2006-01-02T15:04Z")
	}
	return t.Format("2006-01-02T15:04:05Z")
}

func (s *server) list(q url.Values, now time.Time) string {
	var rows []*simJob
	keep := func(j *simJob) bool {
		return !j.created.After(now) && (q.Get("status") == "" || q.Get("status") == j.status(now)) && (q.Get("jobType") == "" || q.Get("jobType") == j.kind)
	}
	connection, order := q.Get("connectionId"), q.Get("orderBy")
	limit, offset := 20, 0
	if v := q.Get("limit"); v != "" {
		limit, _ = strconv.Atoi(v)
	}
	if v := q.Get("offset"); v != "" {
		offset, _ = strconv.Atoi(v)
	}
	want := offset + limit
	switch {
	case connection == "" && s.workspace != "" && !slices.Contains(q["workspaceIds"], s.workspace):
	case q.Get("updatedAtStart") != "":
		from, err := time.Parse(time.RFC3339Nano, q.Get("updatedAtStart"))
		if err != nil || order != "updatedAt|ASC" {
			return `{"data":"bad"}`
		}
		from = from.Add(-s.skew)
		i := sort.Search(len(s.events), func(i int) bool { return !s.events[i].at.Before(from) })
		for ; i < len(s.events) && !s.events[i].at.After(now) && len(rows) < want; i++ {
			if e := s.events[i]; e.at.Equal(e.job.updated(now)) && keep(e.job) {
				rows = append(rows, e.job)
			}
		}
	default:
		all := s.jobs
		if connection != "" {
			all = s.connections[connection]
		}
		for i := range all {
			j := all[i]
			if order == "createdAt|DESC" {
				j = all[len(all)-1-i]
			}
			if len(rows) >= want {
				break
			}
			if keep(j) {
				rows = append(rows, j)
			}
		}
	}
	rows = rows[min(offset, len(rows)):]
	var b strings.Builder
	b.WriteString(`{"data":[`)
	for i, j := range rows {
		if i > 0 {
			b.WriteByte(',')
		}
		s.writeRow(&b, j, now)
	}
	b.WriteString(`],"next":"http://localhost:8000/api/public/v1/jobs?nobody-follows-this","previous":""}`)
	return b.String()
}
