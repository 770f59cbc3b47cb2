package airbytetest

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-sdk/sluice/gen/airbyteapi"
)

// quirks says of each quirk what a client sees with it and without it. A test of a quirk is a function that
// returns what it saw; it runs in virtual time.
var quirks = map[Quirk]struct {
	on, off string
	see     func(t *testing.T, f *Fake) string
}{
	AscendingJobs: {"oldest first", "newest first", func(t *testing.T, f *Fake) string {
		t.Helper()
		conn := f.AddConnection()
		for i := range 3 {
			f.AddJob(conn.ID, time.Now().Add(time.Duration(i-10)*time.Hour), Run{})
		}
		_, body := call(t, f, "GET", "/jobs?connectionId="+conn.ID, "")
		list := decode[airbyteapi.JobsResponse](t, body).Data
		if list[0].JobID < list[2].JobID {
			return "oldest first"
		}
		return "newest first"
	}},
	UnstableLists: {"pages overlap or miss", "pages fit", func(t *testing.T, f *Fake) string {
		t.Helper()
		for range 205 {
			f.AddConnection()
		}
		seen := make(map[string]int)
		for range 5 {
			for offset := 0; offset < 205; offset += 100 {
				_, body := call(t, f, "GET", fmt.Sprintf("/connections?limit=100&offset=%d", offset), "")
				for _, c := range decode[airbyteapi.ConnectionsResponse](t, body).Data {
					seen[c.ConnectionID]++
				}
			}
		}
		for _, n := range seen {
			if n != 5 {
				return "pages overlap or miss"
			}
		}
		return "pages fit"
	}},
	LossyLinks: {
		"https://api.airbyte.com/v1/jobs?limit=1&offset=1&workspaceIds=a,b | limit,limit",
		"http://airbyte.test/v1/jobs?limit=1&offset=1&orderBy=createdAt|DESC&status=succeeded&workspaceIds=a&workspaceIds=b | limit",
		func(t *testing.T, f *Fake) string {
			t.Helper()
			ws := f.AddWorkspace("second")
			one, two := f.AddConnection(), f.AddConnection(Within(ws))
			f.AddJob(one.ID, time.Now().Add(-time.Hour), Run{})
			f.AddJob(two.ID, time.Now().Add(-2*time.Hour), Run{})
			query := "?limit=1&status=succeeded&orderBy=createdAt%7CDESC&workspaceIds=" + one.Workspace + "&workspaceIds=" + ws
			_, body := call(t, f, "GET", "/jobs"+query, "")
			next, _ := url.QueryUnescape(*decode[airbyteapi.JobsResponse](t, body).Next)
			_, body = call(t, f, "GET", "/jobs"+query+"&offset=1", "")
			previous, err := url.Parse(*decode[airbyteapi.JobsResponse](t, body).Previous)
			if err != nil {
				t.Fatal(err)
			}
			limits := strings.TrimSuffix(strings.Repeat("limit,", len(previous.Query()["limit"])), ",")
			return strings.NewReplacer(one.Workspace, "a", ws, "b").Replace(next) + " | " + limits
		},
	},
	ExtraPage: {"next, then an empty page without", "no next", func(t *testing.T, f *Fake) string {
		t.Helper()
		f.AddConnection()
		_, body := call(t, f, "GET", "/connections", "")
		if next := decode[airbyteapi.ConnectionsResponse](t, body).Next; next == nil || *next == "" {
			return "no next"
		}
		_, body = call(t, f, "GET", "/connections?offset=20", "")
		if strings.Contains(body, `"data":[]`) && strings.Contains(body, `"next":""`) {
			return "next, then an empty page without"
		}
		return body
	}},
	RunningConflict: {"409 try-again-later A sync is already running for: c", "200 the same job", func(t *testing.T, f *Fake) string {
		t.Helper()
		conn := f.AddConnection()
		first := trigger(t, f, conn.ID)
		sleep(t, 30*time.Second)
		return triggered(t, f, conn.ID, "sync", first.JobID)
	}},
	SameJob: {"200 the same job", "409 try-again-later A sync is already running for: c", func(t *testing.T, f *Fake) string {
		t.Helper()
		conn := f.AddConnection()
		first := trigger(t, f, conn.ID)
		sleep(t, time.Second)
		return triggered(t, f, conn.ID, "sync", first.JobID)
	}},
	HiddenConflict: {"409 state-conflict Could not fulfill request", "409 state-conflict Connection c is inactive", func(t *testing.T, f *Fake) string {
		t.Helper()
		conn := f.AddConnection(WithStatus("inactive"))
		return triggered(t, f, conn.ID, "sync", 0)
	}},
	CancelByConnection: {"200, and the successor is cancelled", "409, and the successor runs", func(t *testing.T, f *Fake) string {
		t.Helper()
		conn := f.AddConnection()
		first := trigger(t, f, conn.ID)
		sleep(t, 2*time.Minute)
		second := trigger(t, f, conn.ID)
		sleep(t, 20*time.Second)
		status, _ := call(t, f, "DELETE", fmt.Sprintf("/jobs/%d", first.JobID), "")
		j, _ := f.Job(second.JobID)
		return fmt.Sprintf("%d, and the successor %s", status, map[string]string{"cancelled": "is cancelled", "running": "runs"}[j.Status])
	}},
	QueuedStatus: {"pending queued running succeeded", "pending running succeeded", func(t *testing.T, f *Fake) string {
		t.Helper()
		conn := f.AddConnection()
		first := trigger(t, f, conn.ID)
		var seen []string
		for range 90 {
			if j := getJob(t, f, first.JobID); len(seen) == 0 || seen[len(seen)-1] != string(j.Status) {
				seen = append(seen, string(j.Status))
			}
			sleep(t, time.Second)
		}
		return strings.Join(seen, " ")
	}},
	LateNumbers: {"absent, then 1000 rows and 100000 bytes", "0, then 1000 rows and 100000 bytes", func(t *testing.T, f *Fake) string {
		t.Helper()
		conn := f.AddConnection()
		first := trigger(t, f, conn.ID)
		sleep(t, 30*time.Second)
		before := "absent"
		if j := getJob(t, f, first.JobID); j.RowsSynced != nil && j.BytesSynced != nil {
			before = fmt.Sprint(*j.RowsSynced)
		}
		sleep(t, time.Minute)
		j := getJob(t, f, first.JobID)
		return fmt.Sprintf("%s, then %d rows and %d bytes", before, *j.RowsSynced, *j.BytesSynced)
	}},
	FinalUpdateOnly: {"running: absent, succeeded: set", "running: set, succeeded: set", func(t *testing.T, f *Fake) string {
		t.Helper()
		conn := f.AddConnection()
		first := trigger(t, f, conn.ID)
		var out []string
		for range 2 {
			sleep(t, 35*time.Second)
			j := getJob(t, f, first.JobID)
			word := "absent"
			if j.LastUpdatedAt != nil {
				word = "set"
			}
			out = append(out, fmt.Sprintf("%s: %s", j.Status, word))
		}
		return strings.Join(out, ", ")
	}},
	DroppedSeconds: {"2000-01-01T00:00Z 2000-01-01T00:00:59Z", "2000-01-01T00:00:00Z 2000-01-01T00:00:59Z", func(t *testing.T, f *Fake) string {
		t.Helper()
		conn := f.AddConnection(SyncTakes(59 * time.Second)) // a bubble's clock begins at a full minute
		first := trigger(t, f, conn.ID)
		sleep(t, 59*time.Second)
		j := getJob(t, f, first.JobID)
		return j.StartTime + " " + *j.LastUpdatedAt
	}},
	MaskedSecrets: {"********** and nested **********", "s3cret and nested s3cret", func(t *testing.T, f *Fake) string {
		t.Helper()
		id := f.AddSource(Configuration(map[string]any{"password": "s3cret", "port": 1, "tunnel": map[string]any{"ssh_key": "s3cret"}}))
		_, body := call(t, f, "GET", "/sources/"+id, "")
		c := decode[airbyteapi.SourceResponse](t, body).Configuration
		return fmt.Sprint(c["password"], " and nested ", c["tunnel"].(map[string]any)["ssh_key"])
	}},
	PatchStoresMask: {"PUT keeps s3cret, PATCH stores **********", "PUT keeps s3cret, PATCH stores s3cret", func(t *testing.T, f *Fake) string {
		t.Helper()
		id := f.AddDestination(Configuration(map[string]any{"password": "s3cret", "schema": "a"}))
		stored := func() any {
			f.mu.Lock()
			defer f.mu.Unlock()
			return f.connectorByID[id].configuration["password"]
		}
		call(t, f, "PUT", "/destinations/"+id, `{"name":"n","configuration":{"password":"**********","schema":"b"}}`)
		put := stored()
		call(t, f, "PATCH", "/destinations/"+id, `{"configuration":{"password":"**********"}}`)
		return fmt.Sprintf("PUT keeps %v, PATCH stores %v", put, stored())
	}},
	ForbiddenUnknown: {"403 forbidden, job 403 forbidden", "404 resource-not-found, job 409 state-conflict", func(t *testing.T, f *Fake) string {
		t.Helper()
		status, body := call(t, f, "GET", "/connections/2f1b5e61-75e2-4c06-8d63-0b8d7a0f1f11", "")
		jobStatus, jobBody := call(t, f, "GET", "/jobs/424242", "")
		return fmt.Sprintf("%d %s, job %d %s", status, title(t, body), jobStatus, title(t, jobBody))
	}},
	CascadingDeletes: {"204, connection deprecated", "409, connection active", func(t *testing.T, f *Fake) string {
		t.Helper()
		conn := f.AddConnection()
		status, _ := call(t, f, "DELETE", "/sources/"+conn.SourceID, "")
		_, body := call(t, f, "GET", "/connections/"+conn.ID, "")
		return fmt.Sprintf("%d, connection %s", status, decode[airbyteapi.ConnectionResponse](t, body).Status)
	}},
	OverwriteByDefault: {"200 full_refresh_overwrite", "400", func(t *testing.T, f *Fake) string {
		t.Helper()
		conn := f.AddConnection(Selecting(airbyteapi.StreamConfiguration{Name: "users", SyncMode: new(airbyteapi.ConnectionSyncModeEnumIncrementalAppend)}))
		status, body := call(t, f, "PATCH", "/connections/"+conn.ID, `{"configurations":{"streams":[{"name":"users"}]}}`)
		if status != 200 {
			return fmt.Sprint(status)
		}
		return fmt.Sprint(status, " ", *decode[airbyteapi.ConnectionResponse](t, body).Configurations.Streams[0].SyncMode)
	}},
	QuartzOnly: {"400 Invalid cron expression", "200", func(t *testing.T, f *Fake) string {
		t.Helper()
		conn := f.AddConnection()
		status, body := call(t, f, "PATCH", "/connections/"+conn.ID, `{"schedule":{"scheduleType":"cron","cronExpression":"15 6 * * ?"}}`)
		if status != 200 {
			return fmt.Sprint(status, " ", title(t, body))
		}
		return fmt.Sprint(status)
	}},
	EmptyTypes: {`duckdb, "" and ""`, `duckdb, "dev-null" and ""`, func(t *testing.T, f *Fake) string {
		t.Helper()
		var types []string
		for _, definition := range []string{DestinationDuckDB, DestinationDevNull, "0b29e8f7-f64c-4a24-9e97-07c4603f8c04"} {
			_, body := call(t, f, "GET", "/destinations/"+f.AddDestination(Definition(definition)), "")
			types = append(types, decode[airbyteapi.DestinationResponse](t, body).DestinationType)
		}
		return fmt.Sprintf("%s, %q and %q", types[0], types[1], types[2])
	}},
	ExpiringTokens: {"200, 200, 401", "200, 200, 200", func(t *testing.T, f *Fake) string {
		t.Helper()
		token := f.BearerToken()
		var got []string
		for _, wait := range []time.Duration{0, 15*time.Minute - time.Second, time.Second} {
			sleep(t, wait)
			status, _ := callAs(t, f, "Bearer "+token, "GET", "/workspaces", "")
			got = append(got, fmt.Sprint(status))
		}
		return strings.Join(got, ", ")
	}},
	OpaqueErrors: {"422 errorId", "422 errorId exceptionClassName exceptionStack message", func(t *testing.T, f *Fake) string {
		t.Helper()
		status, body := call(t, f, "POST", "/jobs", `{"connectionId":`)
		var keys []string
		for k := range decode[map[string]any](t, body) {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		return fmt.Sprintf("%d %s", status, strings.Join(keys, " "))
	}},
	WrongPathIsNotJSON: {"404 Object not found.", "404 resource-not-found", func(t *testing.T, f *Fake) string {
		t.Helper()
		status, body := call(t, f, "GET", "/no/such/path", "")
		if strings.HasPrefix(body, "{") {
			body = title(t, body)
		}
		return fmt.Sprint(status, " ", body)
	}},
	StaleUpdates: {"not in the feed after a commit", "in the feed after a commit", func(t *testing.T, f *Fake) string {
		t.Helper()
		conn := f.AddConnection(SyncTakes(time.Hour), CommitsEvery(time.Minute))
		first := trigger(t, f, conn.ID)
		sleep(t, 30*time.Minute)
		if rows := getJob(t, f, first.JobID).RowsSynced; rows == nil || *rows < 400 || *rows > 600 {
			t.Errorf("half way: %v rows", rows)
		}
		since := url.QueryEscape(time.Now().Add(-2 * time.Minute).Format(time.RFC3339))
		_, body := call(t, f, "GET", "/jobs?orderBy=updatedAt%7CASC&updatedAtStart="+since, "")
		if len(decode[airbyteapi.JobsResponse](t, body).Data) == 0 {
			return "not in the feed after a commit"
		}
		return "in the feed after a commit"
	}},
}

// triggered says how a POST /jobs was answered.
func triggered(t *testing.T, f *Fake, connection, kind string, first int64) string {
	t.Helper()
	status, body := call(t, f, "POST", "/jobs", `{"connectionId":"`+connection+`","jobType":"`+kind+`"}`)
	if status == 200 {
		if decode[airbyteapi.JobResponse](t, body).JobID == first {
			return "200 the same job"
		}
		return "200 another job"
	}
	data := decode[airbyteapi.ErrorResponse](t, body).Data
	return fmt.Sprintf("%d %s %s", status, title(t, body), strings.ReplaceAll(fmt.Sprint(data["message"]), connection, "c"))
}

func getJob(t *testing.T, f *Fake, id int64) airbyteapi.JobResponse {
	t.Helper()
	status, body := call(t, f, "GET", fmt.Sprintf("/jobs/%d", id), "")
	if status != 200 {
		t.Fatalf("%d %s", status, body)
	}
	return decode[airbyteapi.JobResponse](t, body)
}

func title(t *testing.T, body string) string {
	t.Helper()
	if p := decode[airbyteapi.ErrorResponse](t, body).Title; p != nil {
		return *p
	}
	return "no title in " + body
}

func TestQuirks(t *testing.T) {
	for _, q := range Quirks() {
		t.Run(string(q), func(t *testing.T) {
			tc, ok := quirks[q]
			if !ok {
				t.Fatal("the quirk has no test")
			}
			synctest.Test(t, func(t *testing.T) {
				if got := tc.see(t, New(t, Tolerate(anyRequest))); got != tc.on {
					t.Errorf("on:  %s\nwant %s", got, tc.on)
				}
			})
			synctest.Test(t, func(t *testing.T) {
				if got := tc.see(t, New(t, Without(q), Tolerate(anyRequest))); got != tc.off {
					t.Errorf("off: %s\nwant %s", got, tc.off)
				}
			})
		})
	}
	if len(quirks) != len(Quirks()) {
		t.Errorf("%d tests for %d quirks", len(quirks), len(Quirks()))
	}
}
