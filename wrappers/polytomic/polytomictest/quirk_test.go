package polytomictest

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/servicetest"
)

// Each quirk does what its comment says, and the opposite when it is off.
func TestQuirks(t *testing.T) {
	const config = `{"hostname":"h","port":1,"database":"d","username":"u","password":"secret","region":"eu"}`
	put := func(t *testing.T, f *Fake, configuration string) (string, map[string]any) {
		t.Helper()
		r := call(t, f, "POST", "/api/connections", `{"name":"c","type":"postgresql","configuration":`+config+`}`)
		id := r.text("data", "id")
		if r := call(t, f, "PUT", "/api/connections/"+id, `{"name":"c","validate":false,"configuration":`+configuration+`}`); r.status != 200 {
			t.Fatal(r)
		}
		return id, f.StoredConfiguration(id)
	}
	replace := func(s Sync) string {
		return `{"name":"` + s.Name + `","source_connection_id":"` + s.SourceID + `","destination_connection_id":"` + s.DestinationID +
			`","destination_configuration":{},"mode":"replicate","default_schedule":{"frequency":"manual"}}`
	}
	checks := map[Quirk]func(t *testing.T, f *Fake, on bool){
		NullLists: func(t *testing.T, f *Fake, on bool) {
			if r := call(t, f, "GET", "/api/webhooks", ""); strings.Contains(r.body, `"data":null`) != on {
				t.Error(r.body)
			}
		},
		PagedLists: func(t *testing.T, f *Fake, on bool) {
			for range 60 {
				f.AddModel("")
			}
			r := call(t, f, "GET", "/api/models?limit=500", "")
			if list, _ := r.at("data").([]any); (len(list) == 50) != on || (r.text("pagination", "next_page_token") != "") != on {
				t.Error(len(list))
			}
		},
		EmptyToken: func(t *testing.T, f *Fake, on bool) {
			if r := call(t, f, "GET", "/api/syncs", ""); strings.Contains(r.body, `"next_page_token":""`) != on {
				t.Error(r.body)
			}
		},
		IdempotencyReplay: func(t *testing.T, f *Fake, on bool) {
			f.Fault(Fails("createRole").Once())
			for range 2 {
				r := call(t, f, "POST", "/api/permissions/roles", `{"name":"x"}`, idempotencyHeader, "12345678")
				if r.status == 200 && on {
					t.Error("a 500 was not replayed")
				}
			}
			if r := call(t, f, "GET", "/api/permissions/roles", ""); strings.Contains(r.body, `"name":"x"`) == on {
				t.Error(r.body)
			}
			if (f.Replays() == 1) != on {
				t.Error(f.Replays(), "replays")
			}
		},
		VersionEcho: func(t *testing.T, f *Fake, on bool) {
			if r := call(t, f, "GET", "/api/me", ""); (r.header.Get("X-Polytomic-Version") == "2025-09-18") != on {
				t.Error(r.header)
			}
		},
		MaskedSecrets: func(t *testing.T, f *Fake, on bool) {
			c := f.AddConnection(Configuration(map[string]any{"hostname": "h", "password": "secret", "tunnel": map[string]any{"ssh_password": "deep"}}))
			r := call(t, f, "GET", "/api/connections/"+c.ID, "")
			if (strings.Contains(r.body, "secret") || strings.Contains(r.body, "deep")) == on || r.text("data", "configuration", "hostname") != "h" {
				t.Error(r.body)
			}
		},
		StoresMask: func(t *testing.T, f *Fake, on bool) {
			id, stored := put(t, f, `{"hostname":"h","port":1,"database":"d","username":"u","password":"`+mask+`"}`)
			if (stored["password"] == mask) != on {
				t.Error(stored)
			}
			status := call(t, f, "GET", "/api/connections/"+id, "").text("data", "status")
			if (status == statusUnhealthy) != on {
				t.Error(status)
			}
		},
		PutClears: func(t *testing.T, f *Fake, on bool) {
			_, stored := put(t, f, `{"hostname":"h2","port":1,"database":"d","username":"u"}`)
			if _, kept := stored["password"]; kept == on || stored["hostname"] != "h2" {
				t.Error(stored)
			}
		},
		PutSelectsAll: func(t *testing.T, f *Fake, on bool) {
			s := f.AddBulkSync()
			call(t, f, "PATCH", "/api/bulk/syncs/"+s.ID+"/schemas", `{"schemas":[{"id":"public.users","enabled":false}]}`)
			if r := call(t, f, "PUT", "/api/bulk/syncs/"+s.ID, replace(s)); r.status != 200 {
				t.Fatal(r)
			}
			if n := len(f.EnabledSchemas(s.ID)); (n == 2) != on {
				t.Error(n)
			}
		},
		PatchEnablesFields: func(t *testing.T, f *Fake, on bool) {
			s := f.AddBulkSync()
			path := "/api/bulk/syncs/" + s.ID + "/schemas"
			call(t, f, "PATCH", path, `{"schemas":[{"id":"public.users","fields":[{"id":"email","enabled":false}]}]}`)
			r := call(t, f, "PATCH", path, `{"schemas":[{"id":"public.users","enabled":true}]}`)
			if strings.Contains(r.body, `"enabled":false`) == on {
				t.Error(r.body)
			}
		},
		FreshCache: func(t *testing.T, f *Fake, on bool) {
			id := call(t, f, "POST", "/api/connections", `{"name":"c","type":"postgresql","configuration":`+config+`}`).text("data", "id")
			s := Sync{Name: "s", SourceID: id, DestinationID: f.AddConnection().ID}
			r := call(t, f, "POST", "/api/bulk/syncs", replace(s))
			if (r.status == 422 && strings.Contains(r.body, "cache refresh in progress")) != on {
				t.Error(r)
			}
			if r := call(t, f, "GET", "/api/connections/"+id+"/bulksync/source", ""); (r.status == 400 && strings.Contains(r.body, "did not provide any schemas")) != on {
				t.Error(r)
			}
		},
		RunningConflict: func(t *testing.T, f *Fake, on bool) {
			for _, path := range []string{"/api/bulk/syncs/" + f.AddBulkSync().ID, "/api/syncs/" + f.AddModelSync().ID} {
				first := call(t, f, "POST", path+"/executions", "{}")
				if first.status != 200 {
					t.Fatal(first)
				}
				second := call(t, f, "POST", path+"/executions", "{}")
				if (second.status == 409) != on || !on && second.text("data", "id") != first.text("data", "id") {
					t.Error(second)
				}
			}
		},
		SlowCancel: func(t *testing.T, f *Fake, on bool) {
			s := f.AddBulkSync()
			call(t, f, "POST", "/api/bulk/syncs/"+s.ID+"/executions", "")
			call(t, f, "POST", "/api/bulk/syncs/"+s.ID+"/cancel", "")
			if e := f.Executions(s.ID)[0]; (e.Status == "canceling") != on || !on && e.Status != Canceled {
				t.Error(e.Status)
			}
		},
		ManyStates: func(t *testing.T, f *Fake, on bool) {
			s := f.AddModelSync(SyncTakes(time.Hour), StartsAfter(40*time.Minute))
			f.AddExecution(s.ID, time.Now().Add(-30*time.Minute), Run{Duration: time.Hour, Startup: 40 * time.Minute})
			if e := f.Executions(s.ID)[0]; (e.Status == "waiting") != on || !on && e.Status != "created" {
				t.Error(e.Status)
			}
		},
		ActivateCancels: func(t *testing.T, f *Fake, on bool) {
			bulk, model := f.AddBulkSync(), f.AddModelSync()
			call(t, f, "POST", "/api/bulk/syncs/"+bulk.ID+"/executions", "")
			call(t, f, "POST", "/api/syncs/"+model.ID+"/executions", "")
			call(t, f, "POST", "/api/bulk/syncs/"+bulk.ID+"/activate", `{"active":false}`)
			call(t, f, "POST", "/api/syncs/"+model.ID+"/activate", `{"active":false}`)
			if e := f.Executions(bulk.ID)[0]; (e.Status == "canceling") != on {
				t.Error(e.Status)
			}
			if e := f.Executions(model.ID)[0]; e.Status == "canceling" {
				t.Error("a model sync was cancelled")
			}
		},
		FrameworkErrors: func(t *testing.T, f *Fake, on bool) {
			for _, r := range []reply{
				callAs(t, f, "", "GET", "/api/me", ""), call(t, f, "POST", "/api/permissions/roles", `{"name":3}`),
			} {
				if _, text := r.at("status").(string); text != on || on && r.text("error") == "" || !on && r.text("key") == "" {
					t.Error(r)
				}
			}
		},
		WrongPathIsText: func(t *testing.T, f *Fake, on bool) {
			if r := call(t, f, "GET", "/api/nothing", ""); r.status != 404 || strings.HasPrefix(r.header.Get("Content-Type"), "text/plain") != on {
				t.Error(r)
			}
		},
		TrailingSlash: func(t *testing.T, f *Fake, on bool) {
			if r := call(t, f, "POST", "/api/connections/connect", `{"name":"n","redirect_url":"https://example.com"}`); (r.status == 404) != on || !on && r.status != 200 {
				t.Error(r)
			}
		},
		DoubleSlash: func(t *testing.T, f *Fake, on bool) {
			r := call(t, f, "GET", "//api/me", "")
			if (r.status == 301 && r.header.Get("Location") == "/api/me") != on || !on && r.status != 200 {
				t.Error(r)
			}
		},
		ShortURLs: func(t *testing.T, f *Fake, on bool) {
			c := f.AddConnection()
			r := call(t, f, "POST", "/api/connections/"+c.ID+"/query?query="+strings.Repeat("x", 10_000), "")
			if (r.status == 414) != on || !on && r.status != 200 {
				t.Error(r)
			}
		},
		InUse: func(t *testing.T, f *Fake, on bool) {
			s := f.AddBulkSync()
			if r := call(t, f, "DELETE", "/api/connections/"+s.SourceID, ""); (r.status == 422) != on {
				t.Error(r)
			}
			call(t, f, "DELETE", "/api/connections/"+s.SourceID+"?force=true", "")
			if n := len(f.BulkSyncs("")); n != 0 {
				t.Error(n)
			}
		},
		OwnQueries: func(t *testing.T, f *Fake, on bool) {
			c := f.AddConnection()
			id := call(t, f, "POST", "/api/connections/"+c.ID+"/query?query=select+1", "").text("data", "id")
			r := callAs(t, f, basic(f.OrganizationID(), f.PartnerKey()), "GET", "/api/queries/"+id, "")
			if (r.status == 404) != on {
				t.Error(r)
			}
		},
		RelativeLinks: func(t *testing.T, f *Fake, on bool) {
			c := f.AddConnection(AnswersQueries(func(string) ([]map[string]any, error) { return Rows(150), nil }))
			id := call(t, f, "POST", "/api/connections/"+c.ID+"/query?query=select+1", "").text("data", "id")
			next := call(t, f, "GET", "/api/queries/"+id, "").text("links", "next")
			if next == "" || strings.HasPrefix(next, "/api/queries/") != on {
				t.Error(next)
			}
		},
		RedirectedFiles: func(t *testing.T, f *Fake, on bool) {
			s := f.AddModelSync()
			id := f.AddExecution(s.ID, time.Now().Add(-time.Hour), Run{})
			r := call(t, f, "GET", "/api/syncs/"+s.ID+"/executions/"+id+"/records/records.csv", "")
			if (r.status == 302) != on || !on && !strings.HasPrefix(r.body, "id,") {
				t.Error(r)
			}
		},
		StorageRefusesTokens: func(t *testing.T, f *Fake, on bool) {
			s := f.AddBulkSync()
			id := f.AddExecution(s.ID, time.Now().Add(-time.Hour), Run{})
			u, _ := call(t, f, "GET", "/api/bulk/syncs/"+s.ID+"/executions/"+id+"/logs", "").at("data", "URLs", 0).(string)
			if r := call(t, f, "GET", u, ""); (r.status == 400) != on {
				t.Error(r)
			}
			if r := callAs(t, f, "", "GET", u, ""); r.status != 200 || !strings.Contains(r.body, "completed") {
				t.Error(r)
			}
			if r := callAs(t, f, "", "GET", strings.Replace(u, "signature=", "signature=0", 1), ""); r.status != 403 {
				t.Error(r)
			}
		},
		EventsExpire: func(t *testing.T, f *Fake, on bool) {
			s := f.AddBulkSync()
			f.AddExecution(s.ID, time.Now().Add(-72*time.Hour), Run{})
			f.AddExecution(s.ID, time.Now().Add(-time.Hour), Run{})
			list, _ := call(t, f, "GET", "/api/events", "").at("data").([]any)
			if (len(list) == 2) != on {
				t.Error(len(list))
			}
		},
		UnorderedWebhooks: nil, // see TestWebhooks and TestWebhooksOvertake
		OddJSON: func(t *testing.T, f *Fake, on bool) {
			if r := call(t, f, "GET", "/api/connection_types/postgresql", ""); strings.Contains(r.body, `"additionalProperties":false`) != on {
				t.Error(r.body)
			}
		},
	}
	for quirk, check := range checks {
		if check == nil {
			continue
		}
		for name, opts := range map[string][]Option{"on": nil, "off": {Without(quirk)}} {
			t.Run(string(quirk)+"/"+name, func(t *testing.T) {
				f := New(t, append(opts, QueriesTake(0), Tolerate(anyRequest))...)
				check(t, f, name == "on")
			})
		}
	}
	for _, quirk := range Quirks() {
		if _, ok := checks[quirk]; !ok {
			t.Errorf("%s is not checked", quirk)
		}
	}
	if len(checks) != len(Quirks()) {
		t.Errorf("%d quirks are checked, %d listed", len(checks), len(Quirks()))
	}
}

func TestWithoutQuirks(t *testing.T) {
	f := New(t, WithoutQuirks())
	if r := call(t, f, "GET", "/api/webhooks", ""); r.body != `{"data":[]}`+"\n" {
		t.Error(r.body)
	}
	for _, q := range Quirks() {
		if f.has(q) {
			t.Error(q)
		}
	}
}

// The first outcome of a key counts, whatever it was, for a day; what is still at work answers 409.
func TestIdempotencyKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := New(t)
		start := func(id, key string) reply {
			return call(t, f, "POST", "/api/bulk/syncs/"+id+"/executions", "{}", idempotencyHeader, key)
		}
		s := f.AddBulkSync()
		// An answer that was lost is answered again, and nothing is started twice.
		f.Fault(ResetAfterBody("startBulkSync").Once())
		if _, err := try(t.Context(), f, bearer(f.UserKey()), "POST", "/api/bulk/syncs/"+s.ID+"/executions", "{}", idempotencyHeader, "key-one-1"); err == nil {
			t.Error("no reset")
		}
		again := start(s.ID, "key-one-1")
		if again.status != 200 || again.text("data", "id") != f.Executions(s.ID)[0].ID || f.SyncsStarted(s.ID) != 1 {
			t.Error(again)
		}
		// The state is that of the first answer.
		time.Sleep(time.Hour)
		if r := start(s.ID, "key-one-1"); r.text("data", "status") != "created" {
			t.Error(r)
		}
		// A 500 of the service is an outcome, before and after the work.
		f.Fault(FailsAfter("startBulkSync").Once())
		for range 3 {
			if r := start(s.ID, "key-two-2"); r.status != 500 || f.SyncsStarted(s.ID) != 2 {
				t.Error(r, f.SyncsStarted(s.ID))
			}
		}
		if r := start(s.ID, "key-three"); r.status != 409 {
			t.Error(r)
		}
		// A 502 of a proxy is none.
		s = f.AddBulkSync()
		f.Fault(HTML("startBulkSync", 502).Once())
		if r := start(s.ID, "key-four"); r.status != 502 {
			t.Error(r)
		}
		if r := start(s.ID, "key-four"); r.status != 200 {
			t.Error(r)
		}
		// While the first is at work, whether or not its client waits, the second answers 409.
		s = f.AddBulkSync()
		f.Fault(Slow("startBulkSync", 10*time.Second).Once())
		done := make(chan reply)
		go func() { done <- start(s.ID, "key-five") }()
		time.Sleep(time.Second)
		if r := start(s.ID, "key-five"); r.status != 409 || r.text("key") != "idempotency_key_in_use" {
			t.Error(r)
		}
		first := <-done
		if r := start(s.ID, "key-five"); r.status != 200 || r.text("data", "id") != first.text("data", "id") {
			t.Error(r)
		}
		// A key of another request, a malformed one, and one that is a day old.
		if r := start(f.AddBulkSync().ID, "key-five"); r.status != 422 {
			t.Error(r)
		}
		if r := start(s.ID, "short"); r.status != 400 {
			t.Error(r)
		}
		time.Sleep(25 * time.Hour)
		if r := start(s.ID, "key-five"); r.status != 200 || r.text("data", "id") == first.text("data", "id") {
			t.Error(r)
		}
		// Keys of different callers are different.
		other := callAs(t, f, basic(f.OrganizationID(), f.PartnerKey()), "POST", "/api/bulk/syncs/"+s.ID+"/executions", "{}", idempotencyHeader, "key-five")
		if other.status != 409 || other.text("key") != "conflict" {
			t.Error(other)
		}
	})
}

func TestRejections(t *testing.T) {
	f := New(t, Tolerate(func(v *servicetest.Violation) bool { return v.Direction == servicetest.Request }))
	s, m := f.AddBulkSync(), f.AddModelSync()
	inactive := f.AddBulkSync(Inactive())
	sick := f.AddConnection(WithStatus("unhealthy", "no route"))
	hook := f.AddConnection(OfType("webhook"))
	f.AddWebhook("https://example.com", "s")
	for _, x := range []struct {
		method, path, body string
		status             int
		text               string
	}{
		{"POST", "/api/bulk/syncs/" + s.ID + "/executions", `{"resync":true}`, 400, "resync_mode"},
		{"POST", "/api/bulk/syncs/" + s.ID + "/executions", `{"test":true,"resync_mode":"rebuild"}`, 400, "exclusive"},
		{"POST", "/api/bulk/syncs/" + s.ID + "/executions", `{"schemas":["nope"]}`, 400, "nope"},
		{"POST", "/api/bulk/syncs/" + inactive.ID + "/executions", `{}`, 400, "not active"},
		{"POST", "/api/bulk/syncs", `{"name":"x","schedule":{"frequency":"manual"}}`, 400, "default_schedule"},
		{"POST", "/api/connections", `{"name":"x","type":"nope","configuration":{}}`, 400, "nope"},
		{"POST", "/api/connections", `{"name":"x","type":"postgresql","configuration":{}}`, 422, "hostname"},
		{"POST", "/api/connections", `{"name":"x","type":"hubspot","configuration":{}}`, 400, "redirect_url"},
		{"POST", "/api/connections", `{"name":"` + sick.Name + `","type":"hubspot","configuration":{}}`, 422, "taken"},
		{"POST", "/api/connections", `{`, 400, ""},
		{"POST", "/api/connections/" + sick.ID + "/schemas/refresh", "", 400, "healthy"},
		{"GET", "/api/connections/" + hook.ID + "/bulksync/source", "", 400, "source"},
		{"POST", "/api/connections/" + sick.ID + "/query", "", 400, "query"},
		{"POST", "/api/webhooks", `{"endpoint":"https://example.com","secret":"s"}`, 422, "has a webhook"},
		{"POST", "/api/syncs", `{"name":"x","mode":"update","fields":[{"target":"a"}],"target":{"connection_id":"` + m.DestinationID + `","object":"contacts"},"schedule":{}}`, 400, "identity"},
		{"GET", "/api/jobs/nonsense/" + nobody, "", 400, "nonsense"},
		{"GET", "/api/events?limit=101", "", 422, "limit"},
		{"GET", "/api/bulk/syncs/status?sync_id=" + s.ID + "&sync_id=" + nobody, "", 404, ""},
		{"POST", "/api/permissions/roles", `{"name":"x","organization_id":"` + nobody + `"}`, 403, "not accessible"},
		{"POST", "/api/connections/" + s.SourceID + "/proxy", `{"request":{"method":"GET","path":"https://evil.test/"}}`, 400, "relative"},
		{"POST", "/api/connections/" + s.SourceID + "/proxy", `{"request":{"method":"GET","path":"/x","headers":{"authorization":"x"}}}`, 400, "not allowed"},
	} {
		r := call(t, f, x.method, x.path, x.body)
		if r.status != x.status || !strings.Contains(r.body, x.text) {
			t.Errorf("%s %s %s: %d %s", x.method, x.path, x.body, r.status, r.body)
		}
		var body map[string]any
		if json.Unmarshal([]byte(r.body), &body) != nil {
			t.Errorf("%s %s: %q is not JSON", x.method, x.path, r.body)
		}
	}
	if r := call(t, f, "GET", "/api/me", "", versionHeader, "1999-01-01"); r.status != 400 {
		t.Error(r)
	}
}
