package airbytetest

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-sdk/sluice/gen/airbyteapi"
)

func postJSON(t *testing.T, c *http.Client, url, body string) (int, http.Header, string) {
	t.Helper()
	return post(t, c, url, "application/json", body)
}

func post(t *testing.T, c *http.Client, url, contentType, body string) (int, http.Header, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", contentType)
	response, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, response.Header, string(data)
}

func TestEditions(t *testing.T) {
	for name, tc := range map[string]struct {
		opts                []Option
		cloud, self         int    // status of GET /workspaces under each base path
		base                string // of BaseURL
		badCredentials      int
		badCredentialsShape string
		link                string
		create              int // status of POST /applications
	}{
		"any":          {nil, 200, 200, "/v1", 401, `{"errorId"`, "https://api.airbyte.com/v1/", 200},
		"cloud":        {[]Option{WithEdition(Cloud)}, 200, 404, "/v1", 401, `{"errorId"`, "https://api.airbyte.com/v1/", 200},
		"self-managed": {[]Option{WithEdition(SelfManaged)}, 404, 200, "/api/public/v1", 500, `{"errorId"`, "http://localhost:8000/api/public/v1/", 200},
		"community":    {[]Option{WithEdition(Community)}, 404, 200, "/api/public/v1", 400, `"_embedded"`, "http://localhost:8000/api/public/v1/", 501},
	} {
		t.Run(name, func(t *testing.T) {
			f := New(t, tc.opts...)
			c := f.HTTPClient()
			for path, want := range map[string]int{"/v1/workspaces": tc.cloud, "/api/public/v1/workspaces": tc.self} {
				status, body, err := do(t.Context(), c, f.APIKey(), "GET", f.URL()+path, "")
				if err != nil || status != want {
					t.Errorf("%s: %d %s %v", path, status, body, err)
				}
				if status == 404 && body != "Object not found." {
					t.Errorf("%s: %q", path, body)
				}
			}
			if got := strings.TrimPrefix(f.BaseURL(), f.URL()); got != tc.base || f.BasePath() != tc.base {
				t.Errorf("base path %s", got)
			}
			status, header, body := postJSON(t, c, f.BaseURL()+"/applications/token", `{"client_id":"x","client_secret":"y"}`)
			if status != tc.badCredentials || !strings.Contains(body, tc.badCredentialsShape) || header.Get("Content-Type") != "application/json" {
				t.Errorf("bad credentials: %d %s", status, body)
			}
			_, body = call(t, f, "GET", "/workspaces", "")
			if next := *decode[airbyteapi.WorkspacesResponse](t, body).Next; !strings.HasPrefix(next, tc.link) {
				t.Errorf("next is %s", next)
			}
			if status, body := call(t, f, "POST", "/applications", `{"name":"ci"}`); status != tc.create {
				t.Errorf("create application: %d %s", status, body)
			}
		})
	}
}

func TestAuth(t *testing.T) {
	const path = "/workspaces"
	f := New(t, WithBasicAuth("airbyte", "password"))
	for authorization, want := range map[string]int{
		"": 401, "Bearer ": 401, "Bearer nonsense": 401, "Basic YWlyYnl0ZTp3cm9uZw==": 401,
		"Basic YWlyYnl0ZTpwYXNzd29yZA==": 200, "Bearer " + f.APIKey(): 200, "Bearer " + f.BearerToken(): 200,
	} {
		if status, body := callAs(t, f, authorization, "GET", path, ""); status != want {
			t.Errorf("%q: %d %s", authorization, status, body)
		}
	}
	token := f.BearerToken()
	f.ExpireTokens()
	if status, _ := callAs(t, f, "Bearer "+token, "GET", path, ""); status != 401 {
		t.Errorf("an ended token gets %d", status)
	}
	if status, _ := callAs(t, f, "", "GET", "/health", ""); status != 200 {
		t.Errorf("health without credentials: %d", status)
	}
	none := New(t, WithoutAuth())
	if status, _ := callAs(t, none, "", "GET", path, ""); status != 200 {
		t.Errorf("with authentication off: %d", status)
	}
	short := New(t, TokenLifetime(3*time.Minute))
	cred := short.Credentials()
	_, _, body := postJSON(t, short.HTTPClient(), short.BaseURL()+"/applications/token", `{"client_id":"`+cred.ClientID+`","client_secret":"`+cred.ClientSecret+`"}`)
	if !strings.Contains(body, `"expires_in":180`) {
		t.Error(body)
	}
}

// The six shapes of errors, each where the service uses it.
func TestErrorShapes(t *testing.T) {
	f := New(t, Tolerate(anyRequest))
	conn := f.AddConnection(WithStatus("inactive"))
	f.Fault(HTML("getWorkspace", 502), RateLimit("listTags", ""))
	for name, tc := range map[string]struct {
		method, path, body string
		status             int
		want               []string
	}{
		"problem":         {"POST", "/jobs", `{"connectionId":"` + conn.ID + `","jobType":"sync"}`, 409, []string{`"type":"https://reference.airbyte.com/reference/errors#409-state-conflict"`, `"title":"state-conflict"`, `"data":{"message":"Could not fulfill request"}`}},
		"known exception": {"POST", "/sources", `{"name":"n","workspaceId":"` + f.WorkspaceID() + `","definitionId":"2f1b5e61-75e2-4c06-8d63-0b8d7a0f1f11","configuration":{}}`, 404, []string{`"message":"Could not find configuration`, `"exceptionClassName":"io.airbyte`}},
		"error id only":   {"POST", "/workspaces", `{"name":""}`, 400, []string{`{"errorId":"`}},
		"hal":             {"GET", "/jobs?limit=x", "", 400, []string{`"_links":{"self":`, `"_embedded":{"errors":[`}},
		"not JSON":        {"GET", "/nothing", "", 404, []string{"Object not found."}},
		"html":            {"GET", "/workspaces/" + f.WorkspaceID(), "", 502, []string{"<html>"}},
		"rate limited":    {"GET", "/tags", "", 429, []string{`{"message":"You are being rate limited."}`}},
	} {
		t.Run(name, func(t *testing.T) {
			status, body := call(t, f, tc.method, tc.path, tc.body)
			if status != tc.status {
				t.Errorf("%d %s", status, body)
			}
			for _, want := range tc.want {
				if !strings.Contains(body, want) {
					t.Errorf("%s lacks %s", body, want)
				}
			}
		})
	}
}

// The fake on a port, as another program sees it.
func TestServe(t *testing.T) {
	origins := make(chan string)
	ended := make(chan error)
	var fake *Fake
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		ended <- Serve(ctx, "127.0.0.1:0", func(f *Fake, origin string) {
			fake = f
			origins <- origin
		})
	}()
	origin := <-origins
	conn := fake.AddConnection(SyncTakes(20 * time.Millisecond))
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	c := &http.Client{Transport: transport}
	cred := fake.Credentials()
	status, _, body := postJSON(t, c, origin+"/v1/applications/token", `{"client_id":"`+cred.ClientID+`","client_secret":"`+cred.ClientSecret+`"}`)
	if status != 200 {
		t.Fatal(status, body)
	}
	token := decode[airbyteapi.PublicAccessTokenResponse](t, body).AccessToken
	if status, body, err := do(t.Context(), c, token, "POST", origin+"/v1/jobs", `{"connectionId":"`+conn.ID+`","jobType":"sync"}`); err != nil || status != 200 {
		t.Fatal(status, body, err)
	}
	// Without a test to fail, a request that breaks the contract is answered with what is wrong.
	status, body, err := do(t.Context(), c, token, "GET", origin+"/v1/jobs?limit=1000", "")
	if err != nil || status != 500 || !strings.Contains(body, "query limit") || fake.Violations() != 1 {
		t.Errorf("%d %s %v", status, body, err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if _, _, err := do(t.Context(), c, token, "GET", origin+"/v1/jobs", ""); err == nil {
		t.Error("the port is still served")
	}
	if err := Serve(t.Context(), "256.0.0.1:1", nil); err == nil {
		t.Error("an impossible address was served")
	}
}

func TestFaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := New(t)
		conn := f.AddConnection(SyncTakes(time.Hour))
		lost := ResetAfterBody("createJob").Once()
		f.Fault(lost)
		c := f.HTTPClient()
		body := `{"connectionId":"` + conn.ID + `","jobType":"sync"}`
		if _, _, err := do(t.Context(), c, f.APIKey(), "POST", f.BaseURL()+"/jobs", body); err == nil {
			t.Fatal("the answer came")
		}
		if f.SyncsStarted(conn.ID) != 1 || lost.Strikes() != 1 || f.Requests()["createJob"] != 1 {
			t.Errorf("%d syncs, %d strikes, %v", f.SyncsStarted(conn.ID), lost.Strikes(), f.Requests())
		}
		f.CancelSync(conn.ID)

		f.Fault(LateConflict(0).Once())
		began := time.Now()
		status, answer := call(t, f, "POST", "/jobs", body)
		if status != 409 || title(t, answer) != "state-conflict" || time.Since(began) != time.Minute || f.SyncsStarted(conn.ID) != 2 {
			t.Errorf("%d %s after %v, %d syncs", status, answer, time.Since(began), f.SyncsStarted(conn.ID))
		}

		f.Fault(UnknownStatus("running", "hibernating"))
		_, answer = call(t, f, "GET", "/jobs?connectionId="+conn.ID, "")
		if !strings.Contains(answer, `"status":"hibernating"`) {
			t.Error(answer)
		}
		f.ClearFaults()
		rows := func() int {
			_, answer := call(t, f, "GET", "/jobs", "")
			return len(decode[airbyteapi.JobsResponse](t, answer).Data)
		}
		if n := rows(); n != 2 {
			t.Errorf("%d rows", n)
		}
		f.Fault(DuplicateRows("listJobs"))
		if n := rows(); n != 3 {
			t.Errorf("%d rows with a duplicate", n)
		}
		f.ClearFaults()
		f.Fault(MissingRows("listJobs", 2))
		if n := rows(); n != 1 {
			t.Errorf("%d rows with one missing", n)
		}
	})
}

func TestThreads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := New(t, WithThreads(2), DiscoverTakes(time.Minute))
		source := f.AddSource()
		c := f.HTTPClient()
		began := time.Now()
		took := make(chan time.Duration, 5)
		for range 5 {
			go func() {
				status, body, err := do(t.Context(), c, f.APIKey(), "GET", f.BaseURL()+"/streams?sourceId="+source, "")
				if err != nil || status != 200 {
					t.Errorf("%d %s %v", status, body, err)
				}
				took <- time.Since(began)
			}()
		}
		var last time.Duration
		for range 5 {
			last = <-took
		}
		if last != 3*time.Minute {
			t.Errorf("five calls of a minute on two threads took %v", last)
		}
	})
}

func TestLoadShed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := New(t, LoadShed(3))
		var got []int
		for range 5 {
			status, body := call(t, f, "GET", "/workspaces", "")
			if status == 429 && !strings.Contains(body, "rate limited") {
				t.Error(body)
			}
			got = append(got, status)
		}
		sleep(t, time.Second)
		status, _ := call(t, f, "GET", "/workspaces", "")
		if want := []int{200, 200, 200, 429, 429}; !slices.Equal(got, want) || status != 200 {
			t.Errorf("%v, then %d", got, status)
		}
	})
}

// reporter stands in for a test that is expected to fail.
type reporter struct {
	testing.TB

	failures []string
}

func (r *reporter) Errorf(format string, args ...any) {
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

// Ids that do not exist are mistakes in the test, and say so.
func TestMisuse(t *testing.T) {
	r := &reporter{TB: t}
	f := New(r)
	f.AddSource(InWorkspace("nowhere"))
	f.AddConnection(Within("nowhere"), From("nobody"), To("nobody"))
	f.AddConnection(From(f.AddDestination()))
	if len(r.failures) != 5 {
		t.Errorf("%q", r.failures)
	}
}
