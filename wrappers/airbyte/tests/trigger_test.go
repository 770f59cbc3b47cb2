package tests_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/airbyte"
	"github.com/sluice-sdk/sluice/wrappers/airbyte/airbytetest"
	"github.com/sluice-sdk/sluice/wrappers/job"
)

// TestTriggerSafety runs 100,000 syncs, each against a server and a network that misbehave in a random way, and holds
// every outcome against what the server did: exactly one sync was started and is the one that came back, or none was and
// the error says so, or the error says that it cannot be known and names what there is.
func TestTriggerSafety(t *testing.T) {
	const shards = 2
	runs, atOnce := cut(100_000, 2_000), cut(1250, 250)
	defer debug.SetGCPercent(debug.SetGCPercent(800)) // the heap is small, and time is what the test takes
	var mu sync.Mutex
	total := map[string]int{}
	t.Run("shards", func(t *testing.T) {
		for shard := range shards {
			t.Run(fmt.Sprint(shard), func(t *testing.T) {
				t.Parallel()
				for batch := range runs / shards / atOnce {
					synctest.Test(t, func(t *testing.T) {
						for outcome, n := range triggerBatch(t, uint64(shard*1000+batch), atOnce) {
							mu.Lock()
							total[outcome] += n
							mu.Unlock()
						}
					})
					if t.Failed() {
						return
					}
				}
			})
		}
	})
	sum := 0
	for _, n := range total {
		sum += n
	}
	t.Logf("%d runs: %v", sum, total)
	if !t.Failed() && sum != runs {
		t.Errorf("%d runs came to an end, want %d", sum, runs)
	}
	for _, outcome := range []string{"started", "recovered", "ambiguous", "ambiguous, none seen", "running", "refused", "sync failed"} {
		if total[outcome] == 0 {
			t.Errorf("no run ended as %q: the test does not test that", outcome)
		}
	}
}

func triggerBatch(t *testing.T, seed uint64, n int) map[string]int {
	t.Helper()
	s := newServer()
	s.silent = true
	plans := make(map[string]*plan, n)
	s.fault = func(r *http.Request, f *faults) {
		connection := r.URL.Query().Get("connectionId")
		if r.Method == http.MethodPost {
			text, _ := r.GetBody()
			body := make([]byte, 512)
			k, _ := text.Read(body)
			connection = between(string(body[:k]), `"connectionId":"`)
		}
		if p := plans[connection]; p != nil {
			p.strike(s, r, f)
		}
	}
	s.takes = func(connection string) (time.Duration, time.Duration, string) {
		p := plans[connection]
		return p.pending, p.runs, p.ends
	}
	var mu sync.Mutex
	outcomes := map[string]int{}
	// Waiting is not what this test is about.
	client := s.client(t, airbyte.WithPolling(job.Options{Intervals: job.Intervals{Min: 20 * time.Second}}))
	ws := client.Workspace("ws")
	var wg sync.WaitGroup
	for i := range n {
		p := newPlan(rand.New(rand.NewPCG(seed, uint64(i))), fmt.Sprintf("c%d", i))
		plans[p.connection] = p
	}
	for _, p := range plans {
		wg.Go(func() {
			for range p.earlier {
				s.begin(p.connection, "sync", true)
			}
			if p.earlier > 0 {
				pass(p.lead) // what ran before may still run
			}
			p.began = time.Now()
			result, err := ws.Connection(p.connection).RunSync(t.Context())
			outcome, wrong := p.judge(s, result, err)
			mu.Lock()
			defer mu.Unlock()
			outcomes[outcome]++
			if wrong != "" {
				t.Errorf("seed %d, %s: %s\nPOST %q, lists %q, foreign %q, processed %v\nresult %v, error %v", seed, p.connection, wrong, p.post, p.lists, p.foreign, p.processed, result != nil, err)
			}
		})
	}
	wg.Wait()
	return outcomes
}

// plan is what happens in one run.
type plan struct {
	connection    string
	earlier       int
	lead          time.Duration
	pending, runs time.Duration
	ends          string
	post          []string // what goes wrong with each POST
	lists         []string // what goes wrong with each list
	foreign       string   // when somebody else starts a job
	processed     bool     // for the faults that may strike before or after
	late          time.Duration

	began          time.Time
	mu             sync.Mutex
	posts, listed  int
	foreignStarted bool
}

var (
	postFaults = []string{"", "", "", "reset before", "reset after", "reset after, late", "stall", "stall after", "late answer", "502", "503", "504", "500", "408",
		"409 conflict", "409 conflict, late", "409 conflict, never", "html", "truncated", "not json", "empty object", "repeated by a proxy", "429", "refused", "401", "422"}
	listFaults    = []string{"", "", "", "", "", "reset", "500", "503", "html", "truncated", "repeats", "429"}
	foreignStarts = []string{"", "", "", "", "", "", "", "", "", "before", "between", "after"}
)

func newPlan(r *rand.Rand, connection string) *plan {
	p := &plan{connection: connection, earlier: r.IntN(6) / 5, lead: time.Duration(r.IntN(100)) * time.Second, pending: time.Duration(r.IntN(4000)) * time.Millisecond,
		runs: time.Duration(90+r.IntN(60)) * time.Second, ends: []string{"succeeded", "succeeded", "succeeded", "failed", "cancelled"}[r.IntN(5)],
		foreign: foreignStarts[r.IntN(len(foreignStarts))], processed: r.IntN(5) > 0, late: time.Duration(1+r.IntN(60)) * time.Second}
	for range r.IntN(4) {
		p.post = append(p.post, postFaults[r.IntN(len(postFaults))])
	}
	for range r.IntN(4) {
		p.lists = append(p.lists, listFaults[r.IntN(len(listFaults))])
	}
	return p
}

// strike decides what goes wrong with a request.
func (p *plan) strike(s *server, r *http.Request, f *faults) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r.Method == http.MethodGet {
		fault := ""
		if p.listed < len(p.lists) {
			fault = p.lists[p.listed]
		}
		p.listed++
		switch fault {
		case "reset":
			f.after = errReset
		case "500", "503":
			f.status, f.body = 500, `{"errorId":"1"}`
		case "429":
			f.status, f.body = 429, `{"message":"You are being rate limited."}`
		case "html":
			f.html = true
		case "truncated":
			f.cut = 12
		case "repeats":
			f.rewrite = func(body string) string { // each row twice
				data := strings.TrimSuffix(strings.TrimPrefix(body, `{"data":[`), body[strings.Index(body, `],"next"`):])
				if data == "" {
					return body
				}
				return `{"data":[` + data + `,` + data + `]}`
			}
		}
		return
	}
	fault := ""
	if p.posts < len(p.post) {
		fault = p.post[p.posts]
	}
	p.posts++
	switch p.foreign {
	case "before", "between": // between the list and the request
		if !p.foreignStarted {
			p.foreignStarted = true
			s.begin(p.connection, "sync", true)
		}
	}
	f.unprocessed = !p.processed
	switch fault {
	case "":
		f.unprocessed = false
	case "reset before":
		f.before = errReset
	case "refused":
		f.before = errRefused
	case "reset after":
		f.unprocessed, f.after = false, errReset
	case "reset after, late":
		f.unprocessed, f.after, f.late = false, errReset, p.late
	case "stall":
		f.unprocessed, f.stall = true, true
	case "stall after":
		f.unprocessed, f.stall = false, true
	case "late answer":
		f.unprocessed, f.delay = false, p.late
	case "502", "503", "504", "408":
		f.status, f.body = map[string]int{"502": 502, "503": 503, "504": 504, "408": 408}[fault], "<html><h1>Bad Gateway</h1></html>"
	case "500":
		f.status, f.body = 500, `{"errorId":"12345"}`
	case "409 conflict":
		f.status, f.body = problem(409, "409-state-conflict", "Could not fulfill request")
	case "409 conflict, late":
		f.unprocessed, f.late = false, p.late
		f.status, f.body = problem(409, "409-state-conflict", "Could not fulfill request")
	case "409 conflict, never":
		f.unprocessed = true
		f.status, f.body = problem(409, "409-state-conflict", "Could not fulfill request")
	case "html":
		f.html, f.status, f.body = true, 200, "<html>"
	case "truncated":
		f.unprocessed, f.cut = false, 30
	case "not json":
		f.unprocessed, f.rewrite = false, func(s string) string { return s[:len(s)/2] }
	case "empty object":
		f.status, f.body = 200, "{}"
	case "repeated by a proxy":
		f.unprocessed = false
		f.status, f.body = problem(409, "try-again-later", "A sync is already running for: "+p.connection)
	case "429":
		f.unprocessed = true
		f.status, f.body = 429, `{"message":"You are being rate limited."}`
	case "401":
		f.unprocessed = true
		f.status, f.body = 401, `{"message":"Unauthorized","_links":{},"_embedded":{"errors":[{"message":"Unauthorized"}]}}`
	case "422":
		f.unprocessed = true
		f.status, f.body = problem(422, "unprocessable-entity", "no")
	}
	if p.foreign == "after" && f.unprocessed && !p.foreignStarted {
		p.foreignStarted = true
		go func() {
			pass(time.Second)
			s.begin(p.connection, "sync", true)
		}()
	}
}

// judge names the outcome, and says what is wrong with it.
func (p *plan) judge(s *server, result *airbyte.SyncResult, err error) (outcome, wrong string) {
	pass(2 * time.Minute) // whatever comes late has come
	given := false
	if result != nil {
		given = s.given(result.JobID())
	}
	return judge(s.own(p.connection), given, p.foreignStarted, result, err)
}

// judge holds an outcome against the jobs that were started by requests of ours: given says that the server answered with
// the result's job although it was there before, foreign that somebody else started one meanwhile.
func judge(own []int64, given, foreign bool, result *airbyte.SyncResult, err error) (outcome, wrong string) {
	if len(own) > 1 {
		return "", fmt.Sprintf("%d syncs were started: %v", len(own), own)
	}
	var failed *airbyte.SyncError
	var running *airbyte.SyncRunningError
	var unknown *airbyte.AmbiguousTriggerError
	switch {
	case err == nil || errors.As(err, &failed):
		outcome = "started"
		if err != nil {
			outcome = "sync failed"
		}
		if result == nil {
			return outcome, "there is no result"
		}
		if result.Recovered() {
			outcome = "recovered"
		}
		switch {
		case len(own) == 1 && own[0] == result.JobID():
		case len(own) == 0 && given && foreign: // the server says that this is the one
			outcome = "given the one that waited"
		case len(own) == 0 && result.Recovered() && foreign: // nobody can tell it from ours, and the result says that it was looked up
			outcome = "recovered, somebody else's"
		default:
			return outcome, fmt.Sprintf("job %d came back, ours are %v", result.JobID(), own)
		}
		if result.Attached() {
			return outcome, "attached although that was not asked for"
		}
	case errors.As(err, &unknown):
		outcome = "ambiguous"
		if len(unknown.Candidates) == 0 {
			outcome = "ambiguous, none seen"
		}
		if len(own) == 1 && len(unknown.Candidates) > 0 && !slices.Contains(unknown.Candidates, own[0]) {
			return outcome, fmt.Sprintf("the candidates %v leave out ours, %v", unknown.Candidates, own)
		}
	case errors.As(err, &running):
		outcome = "running"
		if len(own) > 0 {
			return outcome, "the error says that none was started"
		}
	case errors.Is(err, context.Canceled):
		return "", "the context did not end"
	default:
		outcome = "refused"
		if len(own) > 0 {
			return outcome, "the error does not say that a sync was started"
		}
	}
	return outcome, ""
}

// TestTriggerSafetyOfTheFake is TestTriggerSafety with the complete fake, every exchange held against the document, and
// connections that really break.
func TestTriggerSafetyOfTheFake(t *testing.T) {
	runs := cut(1500, 100)
	outcomes := map[string]int{}
	for run := range runs {
		r := rand.New(rand.NewPCG(4, uint64(run)))
		text := ""
		synctest.Test(t, func(t *testing.T) {
			fake := newFake(t, airbytetest.Tolerate(anything))
			var late *airbytetest.Late
			if r.IntN(6) == 0 {
				late = &airbytetest.Late{AnswersAfter: time.Minute, BeginsAfter: time.Duration(r.IntN(61)) * time.Second, Never: r.IntN(4) == 0}
			}
			options := []airbytetest.ConnectionOption{airbytetest.SyncTakes(time.Duration(150+r.IntN(100)) * time.Second), airbytetest.LateAnswers(func(n int, _ *rand.Rand) *airbytetest.Late {
				if n == 0 {
					return late
				}
				return nil
			})}
			if r.IntN(5) == 0 {
				options = append(options, airbytetest.SyncFails("no"))
			}
			conn := fake.AddConnection(options...)
			fake.AddJob(conn.ID, time.Now().Add(-time.Hour), airbytetest.Run{Duration: time.Minute})
			for range r.IntN(3) {
				f, name := randomFault(r, "createJob")
				fake.Fault(f.Once())
				text += " " + name
			}
			for range r.IntN(3) {
				f, name := randomFault(r, "listJobs")
				fake.Fault(f.After(r.IntN(3)).Times(1 + r.IntN(2)))
				text += " " + name
			}
			foreign := map[int64]bool{}
			started := make(chan struct{})
			if late == nil && r.IntN(4) == 0 {
				after := []time.Duration{0, roundTrip, 3 * roundTrip, 5 * time.Second}[r.IntN(4)]
				text += fmt.Sprint(" somebody else after ", after)
				go func() {
					defer close(started)
					pass(after)
					if id, ok := fake.StartSync(conn.ID); ok {
						foreign[id] = true
					}
				}()
			} else {
				close(started)
			}
			result, err := handleOf(t, fake, conn).RunSync(t.Context())
			pass(3 * time.Minute)
			<-started
			var own []int64
			for _, j := range fake.Jobs(conn.ID)[1:] {
				if !foreign[j.ID] {
					own = append(own, j.ID)
				}
			}
			outcome, wrong := judge(own, result != nil && foreign[result.JobID()], len(foreign) > 0, result, err)
			outcomes[outcome]++
			if wrong != "" {
				t.Errorf("run %d (%s): %s\nresult %v, error %v", run, text, wrong, result != nil, err)
			}
		})
		if t.Failed() {
			return
		}
	}
	t.Logf("%d runs: %v", runs, outcomes)
	for _, outcome := range []string{"started", "recovered", "ambiguous, none seen", "running", "refused", "sync failed"} {
		if outcomes[outcome] == 0 {
			t.Errorf("no run ended as %q: the test does not test that", outcome)
		}
	}
}

func randomFault(r *rand.Rand, operation string) (fault *airbytetest.Fault, name string) {
	switch r.IntN(16) {
	case 0:
		return airbytetest.ResetBefore(operation), "reset before"
	case 1:
		return airbytetest.ResetAfterBody(operation), "reset after"
	case 2:
		n := r.IntN(60)
		return airbytetest.ResetMidBody(operation, n), fmt.Sprint("reset after ", n, " bytes")
	case 3:
		n := r.IntN(60)
		return airbytetest.Truncate(operation, n), fmt.Sprint("cut after ", n, " bytes")
	case 4:
		return airbytetest.InvalidJSON(operation), "broken JSON"
	case 5:
		return airbytetest.HTML(operation, 200), "HTML"
	case 6:
		status := []int{500, 502, 503, 504}[r.IntN(4)]
		return airbytetest.HTML(operation, status), fmt.Sprint("HTML ", status)
	case 7:
		return airbytetest.Status(operation, 500, `{"errorId":"1"}`), "500"
	case 8:
		return airbytetest.RateLimit(operation, []string{"", "1", "20"}[r.IntN(3)]), "429"
	case 9:
		return airbytetest.Stall(operation), "stall"
	case 10:
		return airbytetest.StallAfterBody(operation), "stall after"
	case 11:
		return airbytetest.DelayAnswer(operation, time.Duration(1+r.IntN(60))*time.Second), "late answer"
	case 12:
		return airbytetest.Delay(operation, time.Duration(1+r.IntN(60))*time.Second), "slow request"
	case 13:
		return airbytetest.ContentType(operation, "text/plain"), "wrong content type"
	case 14:
		return airbytetest.Status(operation, 401, `{"message":"Unauthorized"}`), "401"
	}
	return airbytetest.Status(operation, 422, `{"status":422,"type":"error:billing/insufficient-credit-balance","title":"no credit"}`), "422"
}
