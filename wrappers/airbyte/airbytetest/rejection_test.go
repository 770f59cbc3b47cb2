package airbytetest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-sdk/sluice/gen/airbyteapi"
)

// Requests that the contract allows and the server refuses, with the problem it names.
func TestRefusals(t *testing.T) {
	f := New(t)
	ws, org, user, region := f.WorkspaceID(), f.OrganizationID(), f.users[0].ID, f.regions[0].RegionID
	other := f.AddOrganization("Other", "other@airbyte.test")
	post := func(path, body string) string {
		t.Helper()
		status, answer := call(t, f, "POST", path, body)
		if status >= 300 {
			t.Fatalf("%s: %d %s", path, status, answer)
		}
		for name, value := range decodeNumbers(t, answer) {
			if strings.HasSuffix(name, "Id") && name != "workspaceId" && name != "organizationId" && name != "regionId" && name != "clientId" ||
				path == "/regions" && name == "regionId" {
				return fmt.Sprint(value)
			}
		}
		t.Fatalf("no id in %s", answer)
		return ""
	}
	tag := post("/tags", `{"name":"nightly","color":"C0FFEE","workspaceId":"`+ws+`"}`)
	second := post("/tags", `{"name":"hourly","color":"C0FFEE","workspaceId":"`+ws+`"}`)
	group := post("/groups", `{"name":"ops","organizationId":"`+org+`"}`)
	post("/groups", `{"name":"dev","organizationId":"`+org+`"}`)
	for _, path := range []string{"/groups/" + group + "/members", "/groups/" + group + "/permissions"} {
		body := `{"userId":"` + user + `"}`
		if strings.HasSuffix(path, "permissions") {
			body = `{"permissionType":"workspace_reader","workspaceId":"` + ws + `"}`
		}
		if status, answer := call(t, f, "POST", path, body); status != 201 {
			t.Fatal(status, answer)
		}
	}
	plane := post("/dataplanes", `{"name":"one","regionId":"`+region+`"}`)
	deleted := f.AddConnection()
	call(t, f, "DELETE", "/connections/"+deleted.ID, "")
	for _, tc := range []struct {
		request, body string
		status        int
		want          string
	}{
		{"POST /tags", `{"name":"nightly","color":"C0FFEE","workspaceId":"` + ws + `"}`, 409, "error:tag-already-exists"},
		{"POST /tags", `{"name":"x","color":"red","workspaceId":"` + ws + `"}`, 400, "error:tag-invalid-hex-color"},
		{"POST /tags", `{"name":"` + strings.Repeat("x", 31) + `","color":"C0FFEE","workspaceId":"` + ws + `"}`, 400, "error:tag-name-too-long"},
		{"PATCH /tags/" + second, `{"name":"nightly","color":"C0FFEE"}`, 409, "error:tag-already-exists"},
		{"PATCH /tags/" + tag, `{"name":"nightly","color":"ABCDEF"}`, 200, "ABCDEF"},
		{"POST /groups", `{"name":"ops","organizationId":"` + org + `"}`, 409, "error:group-already-exists"},
		{"POST /groups", `{"name":"ops","organizationId":"` + other + `"}`, 200, "ops"},
		{"PATCH /groups/" + group, `{"name":"dev"}`, 409, "error:group-already-exists"},
		{"POST /groups/" + group + "/members", `{"userId":"` + user + `"}`, 409, "error:group-member-already-exists"},
		{"POST /groups/" + group + "/permissions", `{"permissionType":"workspace_reader","workspaceId":"` + ws + `"}`, 409, "error:group-permission-already-exists"},
		{"POST /groups/" + group + "/permissions", `{"permissionType":"workspace_reader"}`, 400, "must be provided"},
		{"POST /permissions", `{"permissionType":"workspace_reader","userId":"` + user + `","organizationId":"` + org + `"}`, 400, "does not fit"},
		{"POST /permissions", `{"permissionType":"organization_reader","userId":"` + user + `","organizationId":"` + org + `","workspaceId":"` + ws + `"}`, 400, "must be provided"},
		{"POST /regions", `{"name":"US","organizationId":"` + org + `"}`, 409, "error:dataplane-group-name-already-exists"},
		{"DELETE /regions/" + region, "", 400, "is used by workspace"},
		{"POST /dataplanes", `{"name":"one","regionId":"` + region + `"}`, 409, "error:dataplane-name-already-exists"},
		{"PATCH /dataplanes/" + plane, `{"name":""}`, 400, "errorId"},
		{"POST /workspaces/" + ws + "/definitions/declarative_sources", `{"name":"n","manifest":{"type":"Other","version":"1"}}`, 400, "Invalid manifest"},
		{"POST /workspaces/" + ws + "/definitions/declarative_sources", `{"name":"n","manifest":{"type":"DeclarativeSource"}}`, 400, "Invalid manifest"},
		{"PUT /workspaces/" + ws + "/definitions/sources/" + SourceFile, `{"name":"n","dockerImageTag":"1"}`, 403, "forbidden"},
		{"DELETE /workspaces/" + ws + "/definitions/destinations/" + DestinationDuckDB, "", 403, "forbidden"},
		{"DELETE /applications/" + f.applications[0].ID, "", 403, "forbidden"},
		{"POST /sources/initiateOAuth", `{"workspaceId":"` + ws + `","redirectUrl":"http://example.com"}`, 422, "invalid-redirect-url"},
		{"GET /oauth/callback?state=unknown", "", 500, "oauth-callback-failure"},
		{"PUT /workspaces/" + ws + "/oauthCredentials", `{"actorType":"source","name":"nope","configuration":{}}`, 400, "value-not-found"},
		{"DELETE /workspaces/" + ws + "/oauthCredentials/source/github", "", 400, "no credentials"},
		{"PATCH /workspaces/" + ws, `{"regionId":"2f1b5e61-75e2-4c06-8d63-0b8d7a0f1f11"}`, 400, "Region not found"},
		{"PATCH /connections/" + deleted.ID, `{"name":"x"}`, 403, "forbidden"},
		{"PATCH /connections/" + f.AddConnection().ID, `{"tags":[{"tagId":"2f1b5e61-75e2-4c06-8d63-0b8d7a0f1f11","name":"x","color":"000000","workspaceId":"` + ws + `"}]}`, 400, "Tag not found"},
		{"GET /workspaces/not-a-uuid", "", 400, "Invalid UUID string"},
		{"POST /jobs", `{"connectionId":"not-a-uuid","jobType":"sync"}`, 400, "Invalid UUID string"},
	} {
		method, path, _ := strings.Cut(tc.request, " ")
		if status, body := call(t, f, method, path, tc.body); status != tc.status || !strings.Contains(body, tc.want) {
			t.Errorf("%s %s: %d %s, want %d with %q", tc.request, tc.body, status, body, tc.status, tc.want)
		}
	}
}

// A tag that changes or goes does so on its connections too.
func TestTagsFollow(t *testing.T) {
	f := New(t)
	_, body := call(t, f, "POST", "/tags", `{"name":"nightly","color":"C0FFEE","workspaceId":"`+f.WorkspaceID()+`"}`)
	tag := decode[airbyteapi.TagResponse](t, body)
	conn := f.AddConnection()
	call(t, f, "PATCH", "/connections/"+conn.ID, `{"tags":[{"tagId":"`+tag.TagID+`","name":"nightly","color":"C0FFEE","workspaceId":"`+tag.WorkspaceID+`"}]}`)
	call(t, f, "PATCH", "/tags/"+tag.TagID, `{"name":"weekly","color":"C0FFEE"}`)
	if _, body = call(t, f, "GET", "/connections?tagIds="+tag.TagID, ""); !strings.Contains(body, `"weekly"`) || !strings.Contains(body, conn.ID) {
		t.Error(body)
	}
	call(t, f, "DELETE", "/tags/"+tag.TagID, "")
	if _, body = call(t, f, "GET", "/connections/"+conn.ID, ""); !strings.Contains(body, `"tags":[]`) {
		t.Error(body)
	}
}

// Deleting a workspace takes what is in it along.
func TestDeleteWorkspace(t *testing.T) {
	f := New(t)
	ws := f.AddWorkspace("second")
	conn := f.AddConnection(Within(ws), SyncNeverEnds(), ConnectionNamed("c"))
	id, ok := f.StartSync(conn.ID)
	if _, again := f.StartSync(conn.ID); !ok || again {
		t.Error("StartSync")
	}
	if status, body := call(t, f, "DELETE", "/workspaces/"+ws, ""); status != 204 {
		t.Fatal(status, body)
	}
	for path, want := range map[string]string{
		"/connections?workspaceIds=" + ws: `"data":[]`, "/sources?workspaceIds=" + ws: `"data":[]`,
		"/workspaces/" + ws: "forbidden", fmt.Sprintf("/jobs/%d", id): `"status":"cancelled"`,
		"/workspaces?includeDeleted=true&workspaceIds=" + ws: `"name":"second"`,
	} {
		if _, body := call(t, f, "GET", path, ""); !strings.Contains(body, want) {
			t.Errorf("%s: %s, want %s", path, body, want)
		}
	}
}

// A hundred clients on the fake behind TLS: the connections they open can be counted.
func TestHandlerBehindTLS(t *testing.T) {
	for _, http2 := range []bool{false, true} {
		t.Run(fmt.Sprintf("http2=%v", http2), func(t *testing.T) {
			f := New(t, WithoutQuirks())
			ts := httptest.NewUnstartedServer(f.Handler())
			ts.EnableHTTP2 = http2
			var opened atomic.Int32
			ts.Config.ConnState = func(_ net.Conn, state http.ConnState) {
				if state == http.StateNew {
					opened.Add(1)
				}
			}
			ts.StartTLS()
			defer ts.Close()
			c, key := ts.Client(), f.APIKey()
			if transport, ok := c.Transport.(*http.Transport); ok {
				transport.MaxConnsPerHost, transport.MaxIdleConnsPerHost = 8, 8
			}
			// net/http gives up a connection whose writer was not heard of 50 ms after the answer (maxWriteWaitBeforeConnReuse),
			// which a busy machine is good for. A fake that spoils connections does so every time.
			for try := 1; ; try++ {
				c.CloseIdleConnections()
				opened.Store(0)
				var wg sync.WaitGroup
				for range 100 {
					wg.Go(func() {
						for range 5 {
							if status, body, err := do(t.Context(), c, key, "GET", ts.URL+"/v1/workspaces", ""); err != nil || status != 200 {
								t.Error(status, body, err)
							}
						}
					})
				}
				wg.Wait()
				if got := f.Log().Count("listWorkspaces"); got != 500*try {
					t.Fatalf("%d requests", got)
				}
				if n := opened.Load(); n <= 8 {
					break
				} else if try == 3 {
					t.Fatalf("%d connections, three times", n)
				}
			}
		})
	}
}

// A transport of one's own reaches the fake under any host name, and the network counts its connections.
func TestOwnTransport(t *testing.T) {
	f := New(t, WithoutContract())
	transport := &http.Transport{DialContext: f.DialContext, DialTLSContext: f.DialContext}
	c := &http.Client{Transport: transport}
	for range 10 {
		if status, body, err := do(t.Context(), c, f.APIKey(), "GET", "https://api.airbyte.com/v1/workspaces", ""); err != nil || status != 200 {
			t.Fatal(status, body, err)
		}
	}
	if f.Network().Dialed() != 1 || f.Network().Open() != 1 || f.Log().Hosts()["api.airbyte.com"] != 10 {
		t.Errorf("%d dialed, %d open, %v", f.Network().Dialed(), f.Network().Open(), f.Log().Hosts())
	}
	transport.CloseIdleConnections()
	if f.Violations() != 0 {
		t.Error("violations without a contract")
	}
}

// Each fault of this package is the one of the kit that it says.
func TestFaultsByName(t *testing.T) {
	for name, tc := range map[string]struct {
		fault  *Fault
		status int // 0 for none
		broken bool
	}{
		"Status":         {Status("listTags", 503, "{}"), 503, false},
		"Delay":          {Delay("listTags", time.Millisecond), 200, false},
		"DelayAnswer":    {DelayAnswer("listTags", time.Millisecond), 200, false},
		"ResetBefore":    {ResetBefore("listTags"), 0, true},
		"ResetMidBody":   {ResetMidBody("listTags", 3), 200, true},
		"Truncate":       {Truncate("listTags", 3), 200, true},
		"InvalidJSON":    {InvalidJSON("listTags"), 200, false},
		"ContentType":    {ContentType("listTags", "text/plain"), 200, false},
		"Endless":        {Endless("listTags", 1<<20), 200, false},
		"Redirect":       {Redirect("listTags", "https://example.com"), 307, false},
		"Stall":          {Stall("listTags"), 0, true},
		"StallAfterBody": {StallAfterBody("listTags"), 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := New(t)
				c := f.HTTPClient()
				c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
				f.Fault(tc.fault)
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second) // which only those that stall wait for
				defer cancel()
				status, body, err := do(ctx, c, f.APIKey(), "GET", f.BaseURL()+"/tags", "")
				if status != tc.status || (err != nil) != tc.broken || tc.fault.Strikes() == 0 {
					t.Errorf("%d %.80s %v, %d strikes", status, body, err, tc.fault.Strikes())
				}
				if stalls := strings.HasPrefix(name, "Stall"); stalls != errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("%v", err)
				}
			})
		})
	}
}
