package polytomictest

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// Every class of keys is let in where it belongs and says what it is.
func TestKeyClasses(t *testing.T) {
	f := New(t)
	second := f.AddOrganization("Second")
	f.AddConnection(ConnectionNamed("theirs"), Within(second))
	for name, x := range map[string]struct{ authorization, flag, organization string }{
		"user":                    {bearer(f.UserKey()), "is_user", f.OrganizationID()},
		"user of another":         {bearer(f.UserKeyOf(second)), "is_user", second},
		"organization":            {basic(second, f.PartnerKey()), "is_organization", second},
		"organization, on-prem":   {basic(second, f.DeploymentKey()), "is_organization", second},
		"partner":                 {bearer(f.PartnerKey()), "is_partner", ""},
		"deployment":              {bearer(f.DeploymentKey()), "is_system", ""},
		"basic with a user's key": {basic(second, f.UserKey()), "", ""},
		"unknown organization":    {basic(nobody, f.PartnerKey()), "", ""},
		"nobody":                  {"", "", ""},
		"an odd scheme":           {"Token " + f.UserKey(), "", ""},
	} {
		r := callAs(t, f, x.authorization, "GET", "/api/me", "")
		if x.flag == "" {
			if r.status != 401 || r.text("status") != "UNAUTHENTICATED" || r.header.Get(versionHeader) == "" {
				t.Errorf("%s: %d %s", name, r.status, r.body)
			}
			continue
		}
		if r.at("data", x.flag) != true || r.text("data", "organization_id") != x.organization {
			t.Errorf("%s: %s", name, r.body)
		}
		if x.organization == second {
			if r := callAs(t, f, x.authorization, "GET", "/api/connections", ""); r.text("data", 0, "name") != "theirs" {
				t.Errorf("%s: %s", name, r.body)
			}
		}
	}
	// A partner mints a key, which works; replaced or revoked, it does not.
	partner := bearer(f.PartnerKey())
	users := "/api/organizations/" + second + "/users"
	id := callAs(t, f, partner, "POST", users, `{"email":"new@second.test"}`).text("data", "id")
	key := callAs(t, f, partner, "POST", users+"/"+id+"/keys", "").text("data", "value")
	if r := callAs(t, f, bearer(key), "GET", "/api/me", ""); r.text("data", "email") != "new@second.test" {
		t.Error(r)
	}
	if r := callAs(t, f, partner, "POST", users+"/"+id+"/keys", ""); r.status != 409 {
		t.Error(r)
	}
	next := callAs(t, f, partner, "POST", users+"/"+id+"/keys?force=true", "").text("data", "value")
	if r := callAs(t, f, bearer(key), "GET", "/api/me", ""); r.status != 401 {
		t.Error(r)
	}
	f.RevokeKey(next)
	if r := callAs(t, f, bearer(next), "GET", "/api/me", ""); r.status != 401 {
		t.Error(r)
	}
}

// Executions end in every status there is, and cancelling takes a while.
func TestEveryEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := New(t)
		for _, status := range []string{Completed, Failed, Canceled, Interrupted, Errors} {
			s := f.AddBulkSync(SyncEnds(status, "because"))
			call(t, f, "POST", "/api/bulk/syncs/"+s.ID+"/executions", "")
			time.Sleep(2 * time.Minute)
			r := call(t, f, "GET", "/api/bulk/syncs/"+s.ID+"/status", "")
			if r.text("data", "last_execution", "status") != status || r.text("data", "last_execution", "status_message") != "because" || r.at("data", "current_execution") != nil {
				t.Errorf("%s: %s", status, r.body)
			}
			rows := call(t, f, "GET", "/api/bulk/syncs/status?sync_id="+s.ID, "")
			want := status
			if status == Errors {
				want = Completed
			}
			if rows.text("data", 0, "status") != status || rows.text("data", 0, "schemas", 1, "status") != want {
				t.Errorf("%s: %s", status, rows.body)
			}
		}
		for _, status := range []string{Completed, Failed, Canceled, Interrupted} {
			s := f.AddModelSync(SyncEnds(status, ""))
			call(t, f, "POST", "/api/syncs/"+s.ID+"/executions", "")
			time.Sleep(2 * time.Minute)
			if r := call(t, f, "GET", "/api/syncs/"+s.ID+"/status", ""); r.text("data", "last_execution", "status") != status {
				t.Errorf("%s: %s", status, r.body)
			}
		}
		s := f.AddBulkSync(SyncNeverEnds(), ReportsEvery(time.Minute))
		path := "/api/bulk/syncs/" + s.ID
		id := call(t, f, "POST", path+"/executions", "").text("data", "id")
		time.Sleep(24 * time.Hour)
		if e := f.Executions(s.ID)[0]; isTerminal(e.Status) || e.Records == 0 {
			t.Error(e)
		}
		if r := call(t, f, "POST", path+"/executions/"+id+"/cancel", ""); r.status != 200 {
			t.Error(r)
		}
		if r := call(t, f, "GET", path+"/executions/"+id, ""); r.text("data", "status") != "canceling" || r.at("data", "completed_at") != nil {
			t.Error(r)
		}
		if r := call(t, f, "POST", path+"/executions", ""); r.status != 409 {
			t.Error(r)
		}
		time.Sleep(3 * time.Second)
		if r := call(t, f, "GET", path+"/executions/"+id, ""); r.text("data", "status") != Canceled || r.at("data", "completed_at") == nil {
			t.Error(r)
		}
	})
}

func TestFailedSchemaAndPartialRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := New(t)
		s := f.AddBulkSync(SchemaFails("public.orders", "no such column"))
		path := "/api/bulk/syncs/" + s.ID
		call(t, f, "POST", path+"/executions", "")
		time.Sleep(time.Hour)
		e := f.Executions(s.ID)[0]
		if diff := cmp.Diff(map[string]string{"public.users": Completed, "public.orders": Failed}, e.Schemas); diff != "" || e.Status != Failed {
			t.Error(diff, e.Status)
		}
		f.Configure(s.ID, Runs(func(int, *rand.Rand) Run { return Run{Duration: time.Hour} }))
		call(t, f, "POST", path+"/executions", `{"schemas":["public.users"]}`)
		// One row per schema: of the running execution, or of the latest the schema was in.
		r := call(t, f, "GET", "/api/bulk/syncs/status?sync_id="+s.ID, "")
		if r.text("data", 0, "status") != "created" || r.text("data", 0, "schemas", 0, "status") != "created" ||
			r.text("data", 0, "schemas", 1, "execution_id") != e.ID || r.text("data", 0, "schemas", 1, "status_message") != "no such column" {
			t.Error(r)
		}
	})
}

func TestSchemaCacheFills(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := New(t, CacheTakes(30*time.Second), ValidationTakes(2*time.Second), CacheStatus("refreshing", "cached"))
		began := time.Now()
		r := call(t, f, "POST", "/api/connections", `{"name":"c","type":"csv","configuration":{"url":"https://example.com/a.csv"}}`)
		if r.text("data", "status") != "healthy" || time.Since(began) != 2*time.Second {
			t.Error(r, time.Since(began))
		}
		id := r.text("data", "id")
		path := "/api/connections/" + id + "/schemas/"
		if r := call(t, f, "GET", path+"status", ""); r.text("data", "cache_status") != "refreshing" || r.at("data", "last_refresh_finished") != nil || r.at("data", "last_refresh_started") == nil {
			t.Error(r)
		}
		if r := call(t, f, "GET", path+"public.users", ""); r.status != 400 {
			t.Error(r)
		}
		time.Sleep(30 * time.Second)
		if r := call(t, f, "GET", path+"public.users", ""); r.status != 200 {
			t.Error(r)
		}
		first := call(t, f, "GET", path+"status", "")
		if first.text("data", "cache_status") != "cached" || first.at("data", "last_refresh_finished") == nil {
			t.Error(first)
		}
		// A refresh keeps the old cache until the new one is there.
		f.SetSchemas(id, Schema{ID: "public.fresh", Fields: []Field{{ID: "id"}}})
		refresh := call(t, f, "POST", path+"refresh", "")
		if refresh.status != 202 || refresh.header.Get("Location") != path+"status" {
			t.Error(refresh)
		}
		during := call(t, f, "GET", path+"status", "")
		if during.text("data", "cache_status") != "refreshing" || during.text("data", "last_refresh_finished") != first.text("data", "last_refresh_finished") ||
			!instant(t, during, "last_refresh_started").After(instant(t, during, "last_refresh_finished")) {
			t.Error(during)
		}
		if r := call(t, f, "GET", path+"public.users", ""); r.status != 200 {
			t.Error(r)
		}
		time.Sleep(31 * time.Second)
		if r := call(t, f, "GET", path+"public.users", ""); r.status != 404 {
			t.Error(r)
		}
		if r := call(t, f, "GET", path+"public.fresh", ""); r.status != 200 {
			t.Error(r)
		}
		never := f.AddConnection(NeverFills())
		time.Sleep(24 * time.Hour)
		if r := call(t, f, "GET", "/api/connections/"+never.ID+"/bulksync/source", ""); r.status != 400 {
			t.Error(r)
		}
	})
}

func instant(t *testing.T, r reply, name string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, r.text("data", name))
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestConnectFlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := New(t)
		const body = `{"name":"theirs","redirect_url":"https://app.example.com/back?x=1","whitelist":["hubspot"]}`
		r := call(t, f, "POST", "/api/connections/connect/", body)
		page := r.text("data", "redirect_url")
		if page == "" || r.text("data", "token") == "" {
			t.Fatal(r)
		}
		if again := call(t, f, "POST", "/api/connections/connect/", body); again.status != 422 {
			t.Error(again)
		}
		back := callAs(t, f, "", "GET", page, "")
		u, _ := url.Parse(back.header.Get("Location"))
		if back.status != 302 || u.Host != "app.example.com" || u.Query().Get("x") != "1" {
			t.Fatal(back)
		}
		if again := callAs(t, f, "", "GET", page, ""); again.status != 410 {
			t.Error(again)
		}
		path := "/api/connections/" + u.Query().Get("connection")
		if r := call(t, f, "GET", path, ""); r.text("data", "status") != "pending" || r.text("data", "type", "id") != "hubspot" {
			t.Error(r)
		}
		time.Sleep(5 * time.Second)
		if r := call(t, f, "GET", path, ""); r.text("data", "status") != "healthy" {
			t.Error(r)
		}
		// An OAuth type waits for the consent of its user.
		created := call(t, f, "POST", "/api/connections", `{"name":"sf","type":"salesforce","redirect_url":"https://example.com","configuration":{}}`)
		if created.at("data", "saved") != false || created.text("data", "auth_url") == "" {
			t.Fatal(created)
		}
		id, ok := f.CompleteConnect(created.text("data", "auth_code"))
		if !ok || id != created.text("data", "id") || len(f.ConnectSessions()) != 0 {
			t.Error(id, ok)
		}
		time.Sleep(time.Minute)
		if r := call(t, f, "GET", "/api/connections/"+id, ""); r.at("data", "saved") != true || r.text("data", "status") != "healthy" || r.text("data", "configuration", "oauth_refresh_token") != mask {
			t.Error(r)
		}
	})
}

func TestJobs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := New(t, JobsTake(8*time.Second))
		source := f.AddConnection()
		body := `{"name":"m","connection_id":"` + source.ID + `","configuration":{"query":"select * from orders"}}`
		create := func() string {
			r := call(t, f, "POST", "/api/models?async=true", body)
			if r.at("data") != nil || r.text("job", "status") != "created" || r.at("job", "result") != nil {
				t.Fatal(r)
			}
			return "/api/jobs/createmodel/" + r.text("job", "job_id")
		}
		job := create()
		var seen []string
		for range 10 {
			seen = append(seen, call(t, f, "GET", job, "").text("data", "status"))
			time.Sleep(time.Second)
		}
		if !slices.Equal(slices.Compact(seen), []string{"created", "running", "done"}) {
			t.Error(seen)
		}
		id := call(t, f, "GET", job, "").text("data", "result", "id")
		if r := call(t, f, "GET", "/api/models/"+id, ""); r.text("data", "fields", 1, "name") != "user_id" {
			t.Error(r)
		}
		f.FailJob("createmodel", "syntax error at or near select")
		job = create()
		time.Sleep(time.Minute)
		if r := call(t, f, "GET", job, ""); r.text("data", "status") != "failed" || r.text("data", "error") != "syntax error at or near select" || r.at("data", "result") != nil {
			t.Error(r)
		}
		if r := call(t, f, "GET", strings.Replace(job, "createmodel", "updatemodel", 1), ""); r.status != 404 {
			t.Error(r)
		}
		if r := call(t, f, "GET", "/api/models", ""); strings.Count(r.body, `"name":"m"`) != 1 {
			t.Error(r)
		}
	})
}

func TestQueries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := New(t)
		c := f.AddConnection(AnswersQueries(func(sql string) ([]map[string]any, error) {
			if sql == "nonsense" {
				return nil, errors.New("syntax error")
			}
			return Rows(250), nil
		}))
		run := func(sql string) string {
			return "/api/queries/" + call(t, f, "POST", "/api/connections/"+c.ID+"/query?query="+url.QueryEscape(sql), "").text("data", "id")
		}
		q := run("select 1")
		if r := call(t, f, "GET", q, ""); r.text("data", "status") != "created" || r.at("data", "results") != nil {
			t.Error(r)
		}
		time.Sleep(2 * time.Second)
		rows, pages := 0, 0
		for at := q; at != ""; pages++ {
			r := call(t, f, "GET", at, "")
			list, _ := r.at("data", "results").([]any)
			rows += len(list)
			at = r.text("links", "next")
		}
		if rows != 250 || pages != 3 {
			t.Error(rows, pages)
		}
		bad := run("nonsense")
		time.Sleep(2 * time.Second)
		if r := call(t, f, "GET", bad, ""); r.text("data", "status") != "failed" || r.text("data", "error") != "syntax error" {
			t.Error(r)
		}
		time.Sleep(24 * time.Hour)
		if r := call(t, f, "GET", q, ""); r.status != 404 {
			t.Error(r)
		}
	})
}

func TestConsoleKeepsTheNewest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := New(t)
		s := f.AddBulkSync(SyncTakes(time.Hour), LogLines(200))
		id := call(t, f, "POST", "/api/bulk/syncs/"+s.ID+"/executions", "").text("data", "id")
		path := "/api/bulk/syncs/" + s.ID + "/executions/" + id + "/consolelog?limit=20&after="
		seen := map[string]bool{}
		cursor, calls := "", 0
		for range 70 {
			for {
				r := call(t, f, "GET", path+cursor, "")
				list, _ := r.at("data", "entries").([]any)
				for i := range list {
					id := r.text("data", "entries", i, "id")
					if seen[id] {
						t.Fatalf("%s twice", id)
					}
					seen[id] = true
				}
				cursor, calls = r.text("data", "next_cursor"), calls+1
				if len(list) < 20 {
					break
				}
			}
			time.Sleep(time.Minute)
		}
		if len(seen) < 200 {
			t.Errorf("a tail saw %d lines", len(seen))
		}
		list, _ := call(t, f, "GET", path[:strings.Index(path, "?")], "").at("data", "entries").([]any)
		if len(list) != 50 {
			t.Errorf("%d lines are kept", len(list))
		}
	})
}

// received are the deliveries that a receiver took.
type receivedEvents struct {
	mu    sync.Mutex
	types []string
	bad   int
	fail  int // the next so many answer 503
}

func (r *receivedEvents) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, _ := io.ReadAll(q.Body)
	mac := hmac.New(sha256.New, []byte("hush"))
	mac.Write(body)
	r.mu.Lock()
	defer r.mu.Unlock()
	if q.Header.Get("Polytomic-Signature") != hex.EncodeToString(mac.Sum(nil)) {
		r.bad++
	}
	if r.fail > 0 {
		r.fail--
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	var event struct {
		Type  string `json:"type"`
		Event struct {
			SyncID string `json:"sync_id"`
		} `json:"event"`
	}
	if json.Unmarshal(body, &event) != nil || event.Event.SyncID == "" {
		r.bad++
	}
	r.types = append(r.types, event.Type)
}

// Webhooks are delivered when nobody asks for anything, signed, and again when the receiver fails.
func TestWebhooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		into := &receivedEvents{fail: 3}
		f := New(t, WebhookHandler(into), Without(UnorderedWebhooks))
		hook := f.AddWebhook("https://example.com/hook", "hush")
		s := f.AddBulkSync(SyncTakes(time.Hour), RecordErrors(1, 0))
		m := f.AddModelSync(SyncTakes(2 * time.Hour))
		call(t, f, "POST", "/api/bulk/syncs/"+s.ID+"/executions", "")
		call(t, f, "POST", "/api/syncs/"+m.ID+"/executions", "")
		time.Sleep(90 * time.Minute)
		call(t, f, "POST", "/api/syncs/"+m.ID+"/cancel", "")
		time.Sleep(time.Hour)
		synctest.Wait()
		into.mu.Lock()
		slices.Sort(into.types)
		if diff := cmp.Diff([]string{"bulk_sync.completed_with_error", "bulk_sync.running", "sync.canceled", "sync.running"}, into.types); diff != "" || into.bad != 0 {
			t.Error(diff, into.bad)
		}
		into.types = nil
		into.mu.Unlock()
		tries := f.Deliveries()
		if len(tries) != 7 || tries[0].Status != 503 || tries[0].Attempt != 1 || tries[0].WebhookID != hook {
			t.Error(tries)
		}
		// What happens while it is disabled is not delivered later, and is listed.
		call(t, f, "POST", "/api/webhooks/"+hook+"/disable", "")
		call(t, f, "POST", "/api/bulk/syncs/"+s.ID+"/executions", "")
		time.Sleep(2 * time.Hour)
		call(t, f, "POST", "/api/webhooks/"+hook+"/enable", "")
		time.Sleep(time.Hour)
		synctest.Wait()
		if len(into.types) != 0 {
			t.Error(into.types)
		}
		events := call(t, f, "GET", "/api/events?limit=100", "")
		if list, _ := events.at("data").([]any); len(list) != 6 {
			t.Error(events)
		}
		// A receiver that never recovers is tried six times.
		into.mu.Lock()
		into.fail = 1000
		into.mu.Unlock()
		before := len(f.Deliveries())
		if !f.Redeliver(events.text("data", 0, "id")) || f.Redeliver(nobody) {
			t.Error("redeliver")
		}
		call(t, f, "POST", "/api/syncs/"+m.ID+"/executions", "")
		time.Sleep(90 * time.Minute)
		if n := len(f.Deliveries()) - before; n != 6+6 { // this one's, and the one that was delivered once more
			t.Error(n)
		}
	})
}

func TestWebhooksOvertake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		into := &receivedEvents{}
		f := New(t, WebhookHandler(into))
		f.AddWebhook("https://example.com/hook", "hush")
		for range 20 {
			s := f.AddBulkSync(SyncTakes(time.Second), StartsAfter(0))
			call(t, f, "POST", "/api/bulk/syncs/"+s.ID+"/executions", "")
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		into.mu.Lock()
		defer into.mu.Unlock()
		if len(into.types) != 40 || slices.IsSorted(into.types) {
			t.Error(into.types)
		}
	})
}

func TestWebhooksOverTheNetwork(t *testing.T) {
	into := &receivedEvents{}
	server := httptest.NewServer(into)
	defer server.Close()
	f := New(t, DeliverWebhooks(nil), Without(UnorderedWebhooks))
	f.AddWebhook(server.URL, "hush")
	s := f.AddBulkSync(SyncTakes(20 * time.Millisecond))
	call(t, f, "POST", "/api/bulk/syncs/"+s.ID+"/executions", "")
	for range 500 {
		into.mu.Lock()
		n := len(into.types)
		into.mu.Unlock()
		if n == 2 {
			return
		}
		<-time.After(10 * time.Millisecond)
	}
	t.Error(f.Deliveries())
}

func TestProxy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := New(t)
		c := f.AddConnection(ProxiesTo(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/large":
				_, _ = io.WriteString(w, strings.Repeat("é", 1<<20))
			case "/slow":
				select {
				case <-time.After(time.Hour):
				case <-r.Context().Done():
				}
			default:
				w.WriteHeader(http.StatusTeapot)
				fmt.Fprintf(w, "%s %s %s", r.Method, r.URL.RequestURI(), r.Header.Get("X-A"))
			}
		})))
		off := f.AddConnection(WithoutProxy())
		do := func(id, request string) reply {
			return call(t, f, "POST", "/api/connections/"+id+"/proxy", `{"request":`+request+`}`)
		}
		if r := do(c.ID, `{"method":"get","path":"/a","query":{"x":[1,"b"]},"headers":{"X-A":"y"}}`); r.at("data", "status") != 418.0 || r.text("data", "body") != "GET /a?x=1&x=b y" {
			t.Error(r)
		}
		if r := do(c.ID, `{"method":"GET","path":"/large"}`); r.at("data", "truncated") != true || len(r.text("data", "body")) != 1<<20 {
			t.Error(len(r.body))
		}
		if r := do(c.ID, `{"method":"GET","path":"/slow"}`); r.status != 504 {
			t.Error(r)
		}
		if r := do(off.ID, `{"method":"GET","path":"/a"}`); r.status != 403 {
			t.Error(r)
		}
		time.Sleep(time.Hour)
		for range 60 {
			do(c.ID, `{"method":"GET","path":"/a"}`)
		}
		if r := do(c.ID, `{"method":"GET","path":"/a"}`); r.status != 429 || r.header.Get("Retry-After") != "60" || r.header.Get("X-RateLimit-Reset") == "" {
			t.Error(r)
		}
		if r := call(t, f, "GET", "/api/connections/"+c.ID+"/proxy/info", ""); r.at("data", "stats", "proxy4xxLast24h") != 62.0-1 || r.at("data", "stats", "proxy5xxLast24h") != 1.0 {
			t.Error(r)
		}
	})
}

func TestRateLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := New(t, LimitRate(3))
		time.Sleep(time.Minute - time.Duration(time.Now().Second())*time.Second)
		for range 3 {
			if r := call(t, f, "GET", "/api/me", ""); r.status != 200 {
				t.Error(r)
			}
		}
		time.Sleep(20 * time.Second)
		r := call(t, f, "GET", "/api/me", "")
		if r.status != 429 || r.header.Get("Retry-After") != "40" || r.header.Get("X-RateLimit-Reset") != fmt.Sprint(time.Now().Add(40*time.Second).Unix()) {
			t.Error(r)
		}
		time.Sleep(40 * time.Second)
		if r := call(t, f, "GET", "/api/me", ""); r.status != 200 {
			t.Error(r)
		}
		f.Fault(RateLimitReset("getIdentity", 30*time.Second).Once())
		if r := call(t, f, "GET", "/api/me", ""); r.status != 429 || r.header.Get("Retry-After") != "" || r.header.Get("X-RateLimit-Reset") == "" {
			t.Error(r)
		}
	})
}

func TestFaults(t *testing.T) {
	f := New(t)
	s := f.AddBulkSync()
	for range 120 {
		f.AddBulkSync()
	}
	f.Fault(UnknownStatus("created", "reticulating").Times(2))
	r := call(t, f, "POST", "/api/bulk/syncs/"+s.ID+"/executions", "")
	if r.text("data", "status") != "reticulating" || r.text("data", "schemas", 0, "status") != "reticulating" {
		t.Error(r)
	}
	f.ClearFaults()
	f.Fault(RepeatToken("listBulkSyncs"))
	first := call(t, f, "GET", "/api/bulk/syncs", "").text("pagination", "next_page_token")
	second := call(t, f, "GET", "/api/bulk/syncs?page_token="+first, "").text("pagination", "next_page_token")
	if first == "" || second != first {
		t.Error(first, second)
	}
	f.Fault(TimesOut("getBulkSyncExecutionConsoleLogs").Once())
	if r := call(t, f, "GET", "/api/bulk/syncs/"+s.ID+"/executions/"+f.Executions(s.ID)[0].ID+"/consolelog", ""); r.status != 408 {
		t.Error(r)
	}
	f = New(t, ServeVersion("2024-02-08"))
	if r := call(t, f, "GET", "/api/me", "", versionHeader, newestVersion); r.header.Get(versionHeader) != "2024-02-08" {
		t.Error(r.header)
	}
	f = New(t, WithoutAuth())
	if r := callAs(t, f, "", "GET", "/api/me", ""); r.at("data", "is_user") != true {
		t.Error(r)
	}
}

func TestDeletedModelBreaksItsSync(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := New(t)
		m := f.AddModelSync()
		call(t, f, "DELETE", "/api/models/"+m.ModelID, "")
		call(t, f, "POST", "/api/syncs/"+m.ID+"/executions", "")
		time.Sleep(time.Hour)
		if e := f.Executions(m.ID)[0]; e.Status != Failed || e.Message != "model not found" {
			t.Error(e)
		}
		if r := call(t, f, "GET", "/api/events", ""); r.text("data", 1, "type") != "sync.failed" {
			t.Error(r)
		}
	})
}

func TestSchedulesKeepTheirIDs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := New(t)
		s := f.AddBulkSync()
		path := "/api/bulk/syncs/" + s.ID
		call(t, f, "POST", path+"/schedules", `{"schedule":{"frequency":"hourly","minute":"30"}}`)
		r := call(t, f, "GET", path, "")
		id := r.text("data", "additional_schedules", 0, "id")
		body := `{"name":"b","source_connection_id":"` + s.SourceID + `","destination_connection_id":"` + s.DestinationID + `","destination_configuration":{},"mode":null,
			"default_schedule":{"frequency":"weekly","day_of_week":"mon","hour":"6","minute":"10"},"additional_schedules":[{"id":"` + id + `","frequency":"daily","hour":"4"}]}`
		after := call(t, f, "PUT", path, body)
		if id == "" || after.text("data", "additional_schedules", 0, "id") != id || after.text("data", "default_schedule", "id") != r.text("data", "default_schedule", "id") {
			t.Error(after)
		}
		if r := call(t, f, "GET", path+"/status", ""); r.text("data", "next_execution_time") != "2000-01-01T04:00:00Z" {
			t.Error(r)
		}
		if r := call(t, f, "GET", path+"/schedules", ""); strings.Contains(r.body, `"id"`) || !strings.Contains(r.body, `"dayOfWeek":"mon"`) {
			t.Error(r)
		}
		call(t, f, "DELETE", path+"/schedules/"+id, "")
		if r := call(t, f, "GET", path+"/status", ""); r.text("data", "next_execution_time") != "2000-01-03T06:10:00Z" {
			t.Error(r)
		}
	})
}

// However it goes and whenever one looks: states follow each other in order, what has ended stays, counts never fall.
func TestCoursesAreConsistent(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		synctest.Test(t, func(*testing.T) {
			f := New(t, Without(FreshCache))
			order := map[string]int{"created": 0, "scheduled": 1, "queued": 2, "waiting": 3, "running": 4, "exporting": 5, "processing": 6, "canceling": 7}
			run := Run{
				Duration:    time.Duration(rapid.IntRange(1, 7200).Draw(rt, "duration")) * time.Second,
				Startup:     time.Duration(rapid.IntRange(-1, 600).Draw(rt, "startup")) * time.Second,
				Status:      rapid.SampledFrom([]string{"", Completed, Failed, Canceled, Interrupted}).Draw(rt, "status"),
				Records:     rapid.Int64Range(-1, 5000).Draw(rt, "records"),
				Errors:      rapid.Int64Range(0, 10).Draw(rt, "errors"),
				ReportEvery: time.Duration(rapid.IntRange(0, 60).Draw(rt, "every")) * time.Second,
				Endless:     rapid.Bool().Draw(rt, "endless"),
			}
			script := Runs(func(int, *rand.Rand) Run { return run })
			s := f.AddBulkSync(script)
			if rapid.Bool().Draw(rt, "model") {
				s = f.AddModelSync(script)
			}
			if _, ok := f.StartSync(s.ID); !ok {
				rt.Fatal("not started")
			}
			cancel := rapid.IntRange(0, 20).Draw(rt, "cancel")
			var before Execution
			for i := range 20 {
				if i == cancel {
					f.CancelSync(s.ID)
				}
				e := f.Executions(s.ID)[0]
				switch {
				case isTerminal(before.Status) && cmp.Diff(before, e) != "":
					rt.Fatalf("%v changed to %v", before, e)
				case !isTerminal(e.Status) && order[e.Status] < order[before.Status]:
					rt.Fatalf("from %s back to %s", before.Status, e.Status)
				case e.Records < before.Records && !isTerminal(e.Status):
					rt.Fatalf("from %d records to %d", before.Records, e.Records)
				case isTerminal(e.Status) == e.Ended.IsZero():
					rt.Fatalf("%s ended %v", e.Status, e.Ended)
				}
				before = e
				time.Sleep(time.Duration(rapid.IntRange(0, 900).Draw(rt, "pause")) * time.Second)
			}
			if cancel < 19 && !isTerminal(before.Status) && before.Status != "canceling" {
				rt.Fatalf("cancelled, and %s", before.Status)
			}
			_ = f.Close()
		})
	})
}

// Closing ends what is at work.
func TestCloseEndsSlowRequests(t *testing.T) {
	f, err := NewServer()
	if err != nil {
		t.Fatal(err)
	}
	f.Fault(Slow("createRole", time.Hour), Stall("listRoles"))
	done := make(chan error, 2)
	for _, method := range []string{"POST", "GET"} {
		go func() {
			body := ""
			if method == "POST" {
				body = `{"name":"x"}`
			}
			_, err := try(context.WithoutCancel(t.Context()), f, bearer(f.UserKey()), method, "/api/permissions/roles", body)
			done <- err
		}()
	}
	for f.Log().Total() < 2 {
		<-time.After(time.Millisecond)
	}
	_ = f.Close()
	for range 2 {
		if err := <-done; err == nil {
			t.Error("an answer")
		}
	}
}
