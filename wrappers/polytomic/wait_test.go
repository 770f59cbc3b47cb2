package polytomic

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sdk/sluice/gen/polytomicapi"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/job"
)

// N5: a fresh connection is waited for, and the sync that was refused is created.
func TestN5WhenSchemasReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		filled := time.Now().Add(45 * time.Second)
		client, a := scripted(t, map[string]script{
			"createBulkSync": func(c call) reply {
				if time.Now().Before(filled) {
					return reply{status: 422, body: `{"message":"cache refresh in progress","status":422}`}
				}
				return reply{body: data(`{"id":"b1","name":"s"}`)}
			},
			"getConnectionSchemasStatus": func(c call) reply {
				if c.path["id"] != "src" {
					t.Errorf("asked for %v", c.path)
				}
				if time.Now().Before(filled) {
					return reply{body: dataf(`{"cache_status":"refreshing","last_refresh_started":%q,"last_refresh_finished":null}`, stamp(filled.Add(-time.Minute)))}
				}
				return reply{body: dataf(`{"cache_status":"fresh","last_refresh_started":%q,"last_refresh_finished":%q}`, stamp(filled.Add(-time.Minute)), stamp(filled))}
			},
		})
		if _, err := client.CreateBulkSync(t.Context(), newBulkSync()); !errors.Is(err, ErrSchemasNotReady) || !strings.Contains(err.Error(), "WaitForSchemas") {
			t.Fatalf("without the option: %v", err)
		}
		sync, err := client.CreateBulkSync(t.Context(), newBulkSync(), WhenSchemasReady())
		if err != nil || sync.ID() != "b1" {
			t.Fatal(err)
		}
		creates := a.asked("createBulkSync")
		if len(creates) != 3 {
			t.Errorf("%d creations, want 3", len(creates))
		}
		keys := map[string]bool{}
		for _, c := range creates {
			keys[c.key()] = true
		}
		if len(keys) != len(creates) {
			t.Error("a key whose outcome was a refusal was sent again: it would be replayed")
		}
		if name, err := sync.Name(t.Context()); err != nil || name != "s" {
			t.Errorf("%q, %v", name, err)
		}
	})
}

func TestCacheFilled(t *testing.T) {
	now := time.Now()
	for name, tt := range map[string]struct {
		status, started, finished string
		want                      bool
	}{
		"never":                       {"", "", "", false},
		"first refresh":               {"refreshing", stamp(now), "", false},
		"finished":                    {"whatever", stamp(now), stamp(now.Add(time.Second)), true},
		"finished in the same moment": {"", stamp(now), stamp(now), true},
		"refreshing again":            {"fresh", stamp(now.Add(time.Minute)), stamp(now), false},
		"no times, fresh":             {"fresh", "", "", true},
		"no times, cached":            {"cached", "", "", true},
		"no times, refreshing":        {"refreshing", "", "", false},
		"no times, unknown":           {"warming", "", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			null := func(s string) string {
				if s == "" {
					return "null"
				}
				return fmt.Sprintf("%q", s)
			}
			client, _ := scripted(t, map[string]script{"getConnectionSchemasStatus": ok(dataf(`{"cache_status":%q,"last_refresh_started":%s,"last_refresh_finished":%s}`,
				tt.status, null(tt.started), null(tt.finished)))})
			s, err := client.Connection("c").SchemasStatus(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if got := cacheFilled(*s); got != tt.want {
				t.Errorf("%t, want %t", got, tt.want)
			}
		})
	}
}

func TestSchemaCacheRule(t *testing.T) {
	client, _ := scripted(t, map[string]script{"getConnectionSchemasStatus": ok(data(`{"cache_status":"toasted"}`))},
		WithSchemaCacheRule(func(s polytomicapi.BulkSyncSourceStatus) bool { return *s.CacheStatus == "toasted" }))
	if err := client.Connection("c").WaitForSchemas(t.Context()); err != nil {
		t.Error(err)
	}
}

// A refresh is done when one has finished since the request, not because an earlier one had.
func TestRefreshSchemas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old := time.Now().Add(-time.Hour)
		var asked time.Time
		client, _ := scripted(t, map[string]script{
			"refreshConnectionSchemas": func(call) reply { asked = time.Now(); return reply{status: http.StatusAccepted} },
			"getConnectionSchemasStatus": func(call) reply {
				started, finished := old, old.Add(time.Second)
				if !asked.IsZero() && time.Since(asked) > 10*time.Second { // it begins late
					started = asked.Add(10 * time.Second)
				}
				if !asked.IsZero() && time.Since(asked) > 70*time.Second {
					finished = asked.Add(70 * time.Second)
				}
				return reply{body: dataf(`{"cache_status":"fresh","last_refresh_started":%q,"last_refresh_finished":%q}`, stamp(started), stamp(finished))}
			},
		})
		began := time.Now()
		if err := client.Connection("c").RefreshSchemas(t.Context()); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took < 70*time.Second || took > 2*time.Minute {
			t.Errorf("done after %s", took)
		}
		// It can be waited for in another process.
		refresh, err := client.Connection("c").StartSchemaRefresh(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		token, err := job.ParseToken(refresh.Token().String())
		if err != nil {
			t.Fatal(err)
		}
		resumed, err := client.Resume(token)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := resumed.Wait(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestWaitUntilHealthy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, a := scripted(t, map[string]script{"getConnection": inTurn(ok(data(`{"id":"c","status":"checking"}`)), ok(data(`{"id":"c","status":"something new"}`)), ok(data(`{"id":"c","status":"healthy"}`)))})
		if err := client.Connection("c").WaitUntilHealthy(t.Context()); err != nil {
			t.Fatal(err)
		}
		a.script("getConnection", ok(data(`{"id":"c","status":"unhealthy","status_error":"password authentication failed"}`)))
		err := client.Connection("c").WaitUntilHealthy(t.Context())
		if !errors.Is(err, ErrConnectionUnhealthy) || !strings.Contains(err.Error(), "password authentication failed") {
			t.Errorf("%v", err)
		}
		if _, ok := errors.AsType[*job.FailedError](err); !ok {
			t.Errorf("%v is no FailedError", err)
		}
		// A status that nobody knows is waited through for as long as the caller wants.
		a.script("getConnection", ok(data(`{"id":"c","status":"pending consent"}`)))
		if err := client.Connection("c").WaitUntilHealthy(t.Context(), WithMaxWait(time.Hour)); !errors.Is(err, job.ErrMaxWait) {
			t.Errorf("%v", err)
		}
	})
}

// N4: a query is submitted, waited for and read page by page.
func TestN4Query(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		polls := 0
		client, a := scripted(t, map[string]script{
			"runQuery": ok(data(`{"id":"q1","status":"created"}`)),
			"getQuery": func(c call) reply {
				switch strings.Join(c.query["page"], "") {
				case "2":
					return reply{body: `{"data":{"id":"q1","status":"done","results":[{"n":3}]},"links":{"next":"https://app.polytomic.com/api/queries/q1?page=3","previous":"x"}}`}
				case "3":
					return reply{body: `{"data":{"id":"q1","status":"done","results":[]},"links":{"next":""}}`}
				}
				if polls++; polls < 3 {
					return reply{body: data(`{"id":"q1","status":"running"}`)}
				}
				return reply{body: `{"data":{"id":"q1","status":"done","count":3,"fields":["n"],"expires":"soon","results":[{"n":9007199254740993},{"n":2}]},"links":{"next":"/api/queries/q1?page=2"}}`}
			},
		})
		q, err := client.Connection("c").Query(t.Context(), "select 'ä & b' as x")
		if err != nil {
			t.Fatal(err)
		}
		rows, err := collect(q.Rows(t.Context()))
		if err != nil {
			t.Fatal(err)
		}
		want := []map[string]any{{"n": json.Number("9007199254740993")}, {"n": json.Number("2")}, {"n": json.Number("3")}}
		if diff := cmp.Diff(want, rows); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
		if diff := cmp.Diff([]string{"n"}, q.Fields()); diff != "" {
			t.Errorf("fields -want +got\n%s", diff)
		}
		run := a.asked("runQuery")[0]
		if run.query["query"][0] != "select 'ä & b' as x" || run.body != "{}" {
			t.Errorf("sent %q with body %s", run.query["query"], run.body)
		}
		if n := len(a.asked("getQuery")); n != 5 {
			t.Errorf("%d reads, want 5: the poll that saw the end read the first page", n)
		}
	})
}

func TestN4QueryErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, a := scripted(t, map[string]script{"runQuery": ok(data(`{"id":"q1","status":"running"}`)), "getQuery": ok(data(`{"id":"q1","status":"failed","error":"relation x does not exist"}`))})
		_, err := client.Connection("c").StartQuery(t.Context(), strings.Repeat("ä", 2000))
		if !errors.Is(err, ErrQueryTooLong) || !errors.Is(err, apierr.ErrInvalid) || len(a.calls) != 0 {
			t.Errorf("a long statement: %v", err)
		}
		if _, err := client.Connection("c").StartQuery(t.Context(), ""); !errors.Is(err, apierr.ErrInvalid) {
			t.Errorf("no statement: %v", err)
		}
		var failed *job.FailedError
		if _, err := client.Connection("c").Query(t.Context(), "select * from x"); !errors.As(err, &failed) || !strings.Contains(err.Error(), "relation x does not exist") {
			t.Errorf("a failed query: %v", err)
		}
		if _, err := collect(client.Query("q1").Rows(t.Context())); !errors.As(err, &failed) {
			t.Errorf("rows of a failed query: %v", err)
		}
		a.script("getQuery", ok(data(`{"id":"q1","status":"running"}`)))
		if _, err := collect(client.Query("q1").Rows(t.Context())); !errors.Is(err, apierr.ErrConflict) {
			t.Errorf("rows of a running query: %v", err)
		}
		a.script("getQuery", ok(`{"data":{"id":"q1","status":"done","results":[]},"links":{"next":"https://evil.example.com/?page=2"}}`))
		if _, err := collect(client.Query("q1").Rows(t.Context())); !errors.Is(err, errForeignLink) {
			t.Errorf("a link elsewhere: %v", err)
		}
	})
}

// N4: models are made in the background, and their results come from the job.
func TestN4Models(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		done := func(result string) script {
			return inTurn(ok(data(`{"job_id":"j","type":"x","status":"running"}`)), ok(dataf(`{"job_id":"j","type":"x","status":"done","result":%s}`, result)))
		}
		submitted := ok(`{"data":null,"job":{"job_id":"j","type":"createmodel","status":"created"}}`)
		client, a := scripted(t, map[string]script{"createModel": submitted, "getJob": done(`{"id":"m1","name":"users"}`)})
		model, err := client.CreateModel(t.Context(), polytomicapi.CreateModelRequest{Name: "users", ConnectionID: "c"})
		if err != nil || model.ID() != "m1" {
			t.Fatal(err)
		}
		if name, _, _ := model.Cached(); *name.Name != "users" {
			t.Error("the result is not kept")
		}
		if c := a.asked("createModel")[0]; strings.Join(c.query["async"], "") != "true" {
			t.Errorf("asked with %v", c.query)
		}
		if c := a.asked("getJob")[0]; c.path["type"] != "createmodel" || c.path["id"] != "j" {
			t.Errorf("polled %v", c.path)
		}

		// A result that is wrapped once more, and one that comes at once.
		a.script("sampleModel", ok(`{"job":{"job_id":"j2","status":"created"}}`))
		a.script("getJob", done(`{"data":{"records":[{"a":{"v":1}}],"warnings":["w"]}}`))
		sample, err := model.Sample(t.Context())
		if err != nil || len(sample.Records) != 1 || len(sample.Warnings) != 1 {
			t.Errorf("%v, %v", sample, err)
		}
		a.script("previewModel", ok(data(`{"id":"","name":"preview"}`)))
		preview, err := client.PreviewModel(t.Context(), polytomicapi.CreateModelRequest{ConnectionID: "c"})
		if err != nil || *preview.Name != "preview" {
			t.Errorf("%v, %v", preview, err)
		}

		a.script("createModel", submitted)
		a.script("getJob", ok(data(`{"job_id":"j","type":"createmodel","status":"failed","error":"no such table"}`)))
		var failed *job.FailedError
		if _, err := client.CreateModel(t.Context(), polytomicapi.CreateModelRequest{Name: "users", ConnectionID: "c"}); !errors.As(err, &failed) || !strings.Contains(err.Error(), "no such table") {
			t.Errorf("a job that failed: %v", err)
		}
		a.script("createModel", ok(`{}`))
		if _, err := client.CreateModel(t.Context(), polytomicapi.CreateModelRequest{Name: "users", ConnectionID: "c"}); !errors.Is(err, apierr.ErrDecode) {
			t.Errorf("an answer with nothing: %v", err)
		}
	})
}

// A job that is done when it is submitted, without its result, is asked for it; and an answer from before the end that comes
// in late, because somebody else asked, is not taken for a result that is empty.
func TestTaskResultIsOfTheEnd(t *testing.T) {
	client, a := scripted(t, map[string]script{
		"sampleModel": ok(`{"job":{"job_id":"j","type":"samplemodel","status":"done"}}`),
		"getJob":      ok(data(`{"job_id":"j","type":"samplemodel","status":"done","result":{"records":[{"a":{"v":1}}]}}`)),
	})
	sample, err := client.Model("m").Sample(t.Context())
	if err != nil || len(sample.Records) != 1 {
		t.Fatalf("%v, %v", sample, err)
	}
	task := client.JobTask("samplemodel", "j")
	if _, err := task.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	client.answers.put(task.Job().Ref(), job.PhaseRunning, &jobAnswer{JobID: "j", Status: "running"})
	a.calls = nil
	if result, err := task.Wait(t.Context()); err != nil || !strings.Contains(string(*result), "records") || len(a.calls) != 0 {
		t.Errorf("%v, %v after %d requests", result, err, len(a.calls))
	}
}

func TestJobTask(t *testing.T) {
	client, _ := scripted(t, map[string]script{"getJob": ok(data(`{"job_id":"j","type":"exportlogs","status":"done","result":{"url":"https://x"}}`))})
	result, err := client.JobTask("exportlogs", "j").Wait(t.Context())
	if err != nil || string(*result) != `{"url":"https://x"}` {
		t.Errorf("%s, %v", *result, err)
	}
}

func TestN10Connect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		connected := time.Now().Add(3 * time.Minute)
		client, a := scripted(t, map[string]script{
			"createConnectSession": ok(data(`{"redirect_url":"https://app.polytomic.com/connect/secret-token","token":"secret-token"}`)),
			"listConnections": func(call) reply {
				switch {
				case time.Now().Before(connected.Add(-time.Minute)):
					return reply{body: data(`[{"id":"other","name":"other","status":"healthy"}]`)}
				case time.Now().Before(connected):
					return reply{body: data(`[{"id":"c9","name":"acme hubspot","status":"authorizing","status_error":"not authorized yet"}]`)}
				}
				return reply{body: data(`[{"id":"c9","name":"acme hubspot","status":"healthy"}]`)}
			},
			"getConnection": ok(data(`{"id":"c1","status":"healthy"}`)),
		})
		request := ConnectRequest{Name: "acme hubspot", RedirectURL: "https://acme.example.com/done", Whitelist: []string{"hubspot"}}
		session, err := client.Connect(t.Context(), request)
		if err != nil {
			t.Fatal(err)
		}
		for _, shown := range []string{fmt.Sprint(session), fmt.Sprintf("%#v", session), fmt.Sprintf("%+v", session)} {
			if strings.Contains(shown, "secret-token") {
				t.Errorf("it shows its token: %s", shown)
			}
		}
		body := a.asked("createConnectSession")[0].object(t)
		if _, is := body["type"]; is || cmp.Diff([]any{"hubspot"}, body["whitelist"]) != "" {
			t.Errorf("sent %v", body)
		}
		connection, err := session.Wait(t.Context())
		if err != nil || connection.ID() != "c9" {
			t.Fatalf("%v", err)
		}
		request.Connection = "c1"
		if session, err = client.Connect(t.Context(), request); err != nil {
			t.Fatal(err)
		}
		if connection, err = session.Wait(t.Context()); err != nil || connection.ID() != "c1" {
			t.Errorf("an existing connection: %v", err)
		}
		for name, bad := range map[string]ConnectRequest{
			"no name": {RedirectURL: "https://x.example.com"}, "relative": {Name: "n", RedirectURL: "/done"}, "bad id": {Name: "n", RedirectURL: "https://x.example.com", Connection: "a/b"},
		} {
			if _, err := client.Connect(t.Context(), bad); !errors.Is(err, apierr.ErrInvalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// N11: one partner, a client for each organization.
func TestN11Partner(t *testing.T) {
	a := &api{t: t, scripts: map[string]script{"listOrganizations": ok(data(`[{"id":"org-1"},{"id":"org-2"}]`)), "listConnections": ok(`{"data":null}`)}}
	partner, err := New(WithPartnerKey("partner-key"), WithRoundTripper(a))
	if err != nil {
		t.Fatal(err)
	}
	for o, err := range partner.Organizations(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		client, err := partner.Organization(*o.ID).Client()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := collect(client.Connections(t.Context())); err != nil {
			t.Fatal(err)
		}
	}
	var users []string
	for _, c := range a.asked("listConnections") {
		user, key, _ := (&http.Request{Header: c.header}).BasicAuth()
		users = append(users, user+" "+key+" "+c.header.Get(versionHeader))
	}
	if diff := cmp.Diff([]string{"org-1 partner-key " + Version, "org-2 partner-key " + Version}, users); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if got := a.asked("listOrganizations")[0].header.Get("Authorization"); got != "Bearer partner-key" {
		t.Errorf("the partner's own client sends %q", got)
	}
	user, _ := scripted(t, nil)
	if _, err := user.Organization("org-1").Client(); !errors.Is(err, apierr.ErrUnsupported) {
		t.Errorf("a user's key: %v", err)
	}
}
