package polytomic

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sdk/sluice/gen/polytomicapi"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/job"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// N7: a link is asked for again when it was refused as an expired one is, and for nothing else; that of an export never is.
func TestN7OnlyExpiredLinksAreRenewed(t *testing.T) {
	for code, renewed := range map[int]bool{400: true, 401: true, 403: true, 404: true, 410: true, 429: false, 500: false, 503: false} {
		asked, downloads := 0, 0
		client, err := New(WithAPIKey("user-key-0123456789"), WithRoundTripper(roundTripper(func(r *http.Request) (*http.Response, error) {
			answer := &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}, versionHeader: {Version}}, Request: r}
			text := data(`{"URLs":["https://files.example.com/a.json?signature=s"],"url":"https://files.example.com/a.json?signature=s"}`)
			switch {
			case r.URL.Host == "files.example.com":
				downloads++
				answer.StatusCode, text = code, "refused"
			case strings.HasSuffix(r.URL.Path, "/export"):
			default:
				asked++
			}
			answer.Body = io.NopCloser(strings.NewReader(text))
			return answer, nil
		})))
		if err != nil {
			t.Fatal(err)
		}
		execution := client.BulkSync("s").Execution("e")
		files, err := collect(execution.LogFiles(t.Context()))
		if err != nil || len(files) != 1 {
			t.Fatalf("%v, %v", files, err)
		}
		want := 1
		if renewed {
			want = 2
		}
		if _, err := files[0].Open(t.Context()); err == nil || asked != want || downloads != want {
			t.Errorf("%d: %d times asked for, %d downloads, %v", code, asked, downloads, err)
		}
		export, err := execution.ExportLogs(t.Context(), true)
		if err != nil {
			t.Fatal(err)
		}
		downloads = 0
		if _, err := export.Open(t.Context()); err == nil || downloads != 1 || asked != want {
			t.Errorf("%d: the link of an export was asked for again: %d downloads, %v", code, downloads, err)
		}
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// N7: a download that the caller gives up says so, and a link that cannot be renewed says why.
func TestN7DownloadsThatFail(t *testing.T) {
	client, err := New(WithAPIKey("user-key-0123456789"), WithRoundTripper(roundTripper(func(r *http.Request) (*http.Response, error) {
		if err := r.Context().Err(); err != nil {
			return nil, err
		}
		if !strings.HasPrefix(r.URL.Path, "/loop") {
			return &http.Response{StatusCode: http.StatusForbidden, Body: http.NoBody, Header: http.Header{}, Request: r}, nil
		}
		n, _ := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/loop"))
		if n > 50 {
			t.Fatal("it is redirected for ever")
		}
		return &http.Response{StatusCode: http.StatusFound, Body: http.NoBody, Header: http.Header{"Location": {"/loop" + strconv.Itoa(n+1)}}, Request: r}, nil
	})))
	if err != nil {
		t.Fatal(err)
	}
	ended, stop := context.WithCancel(t.Context())
	stop()
	late, stop := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer stop()
	why := errors.New("no more links")
	file := LogFile{Name: "a", client: client, link: "https://files.example.com/a"}
	for name, tt := range map[string]struct {
		ctx  context.Context //nolint:containedctx // of one call
		file LogFile
		is   []error
	}{
		"canceled":    {ended, file, []error{apierr.ErrCanceled, context.Canceled}},
		"too late":    {late, file, []error{apierr.ErrTimeout, context.DeadlineExceeded}},
		"not renewed": {t.Context(), LogFile{client: client, link: file.link, renew: func(context.Context, string) (string, error) { return "", why }}, []error{why, apierr.ErrPermissionDenied}},
		"a loop":      {t.Context(), LogFile{client: client, link: "https://files.example.com/loop"}, []error{apierr.ErrUnavailable}},
	} {
		_, err := tt.file.Open(tt.ctx)
		for _, is := range tt.is {
			if !errors.Is(err, is) {
				t.Errorf("%s: %v is not %v", name, err, is)
			}
		}
	}
}

// N7: an export that is there at once is not waited for, and says whether to send mail; a file that may not be read is not
// looked for among the links.
func TestN7ExportAtOnce(t *testing.T) {
	client, a := scripted(t, map[string]script{
		"exportBulkSyncExecutionLogs":  ok(`{"data":{"url":"https://files.example.com/x.zip"},"job":{"job_id":"j","type":"exportlogs","status":"running"}}`),
		"getModelSyncExecutionLogFile": status(403, `{"message":"no","status":403}`),
	})
	file, err := client.BulkSync("s").Execution("e").ExportLogs(t.Context(), true)
	if err != nil || file.Name != "x.zip" {
		t.Errorf("%v, %v", file, err)
	}
	if notify := a.asked("exportBulkSyncExecutionLogs")[0].query["notify"]; cmp.Diff([]string{"true"}, notify) != "" {
		t.Errorf("notify is %v", notify)
	}
	if _, err := client.ModelSync("s").Execution("e").OpenLogFile(t.Context(), polytomicapi.ExecutionLogTypeErrors, "a.csv"); !errors.Is(err, apierr.ErrPermissionDenied) {
		t.Errorf("%v", err)
	}
}

// N7: the console is followed through failures that pass, and is looked at again within half a minute.
func TestN7ConsoleThroughFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		during := func(from, to time.Duration) bool { return time.Since(began) >= from && time.Since(began) < to }
		client, a := scripted(t, map[string]script{
			"getBulkSyncExecutionConsoleLogs": func(call) reply {
				switch {
				case during(2*time.Minute, 4*time.Minute):
					return reply{status: 503, body: `{"message":"later","status":503}`}
				case during(0, 10*time.Minute):
					return reply{body: data(`{"entries":null,"next_cursor":null}`)}
				}
				return reply{body: data(`{"entries":[{"id":"1","message":"at last"}],"next_cursor":null}`)}
			},
			"getBulkSyncExecution": func(call) reply {
				switch {
				case during(5*time.Minute, 6*time.Minute):
					return reply{status: 503, body: `{"message":"later","status":503}`}
				case during(0, 20*time.Minute):
					return reply{body: data(bulkExecution("e", "running"))}
				}
				return reply{body: data(bulkExecution("e", "completed"))}
			},
		})
		var at time.Duration
		for entry, err := range client.BulkSync("s").Execution("e").Console(t.Context(), Follow()) {
			if err != nil || *entry.ID != "1" {
				t.Fatal(err)
			}
			at = time.Since(began)
		}
		if at < 10*time.Minute || at > 10*time.Minute+consoleMost {
			t.Errorf("the line came after %s", at)
		}
		if n := len(a.asked("getBulkSyncExecutionConsoleLogs")); n > 100 {
			t.Errorf("%d requests", n)
		}
		// A service that moves its cursor although there is nothing new is not asked in a hurry.
		moves := 0
		a.script("getModelSyncExecutionConsoleLogs", func(call) reply {
			moves++
			return reply{body: dataf(`{"entries":null,"next_cursor":"c%d"}`, moves)}
		})
		if n, err := length(client.ModelSync("s").Execution("e").Console(t.Context())); n != 0 || err != nil || moves != 1 {
			t.Errorf("%d lines, %d requests, %v", n, moves, err)
		}
	})
}

// N4: a link to the next page that names none is an error, and not the first page again.
func TestN4LinkWithoutPage(t *testing.T) {
	client, a := scripted(t, map[string]script{"getQuery": ok(`{"data":{"id":"q","status":"done","results":[{"n":1}]},"links":{"next":"/api/queries/q"}}`)})
	if _, err := collect(client.Query("q").Rows(t.Context())); !errors.Is(err, errForeignLink) || len(a.asked("")) != 1 {
		t.Errorf("%d requests, %v", len(a.asked("")), err)
	}
}

// N6, N11: what an update of an organization or of a user does not touch is sent as it was read.
func TestN6UpdateOrganization(t *testing.T) {
	a := &api{t: t, scripts: map[string]script{
		"getOrganization":         ok(data(`{"id":"o","name":"Acme","issuer":"https://idp","sso_domain":"acme.example","sso_org_id":"org_1"}`)),
		"updateOrganization":      ok(data(`{"id":"o"}`)),
		"getPartnerUser":          ok(data(`{"id":"u","email":"a@b.c","role":"admin","role_ids":["r1","r2"]}`)),
		"updatePartnerUser":       ok(data(`{"id":"u"}`)),
		"createPartnerUserApiKey": ok(data(`{"value":"k"}`)),
	}}
	deployment, err := New(WithDeploymentKey("deployment-key"), WithOrigin("https://polytomic.example.com"), WithRoundTripper(a))
	if err != nil {
		t.Fatal(err)
	}
	o := deployment.Organization("o")
	set := func(id, secret string) func(*polytomicapi.UpdateOrganizationRequestSchema) error {
		return func(r *polytomicapi.UpdateOrganizationRequestSchema) error {
			r.ClientID, r.ClientSecret = optional(id), optional(secret)
			return nil
		}
	}
	for name, change := range map[string]func(*polytomicapi.UpdateOrganizationRequestSchema) error{
		"neither": set("", ""), "no id": set("", "secret"), "no secret": set("id", ""), "a mask": set("id", "********"),
	} {
		if err := o.Update(t.Context(), change); !errors.Is(err, ErrMaskedSecret) || len(a.asked("updateOrganization")) != 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := o.Update(t.Context(), set("id", "secret")); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"name": "Acme", "issuer": "https://idp", "sso_domain": "acme.example", "sso_org_id": "org_1", "client_id": "id", "client_secret": "secret"}
	if diff := cmp.Diff(want, a.asked("updateOrganization")[0].object(t)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if _, err := o.UpdateUser(t.Context(), "u", func(r *polytomicapi.UpdateUserRequestSchema) error { r.Email = "d@e.f"; return nil }); err != nil {
		t.Fatal(err)
	}
	want = map[string]any{"email": "d@e.f", "role": "admin", "role_ids": []any{"r1", "r2"}}
	if diff := cmp.Diff(want, a.asked("updatePartnerUser")[0].object(t)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	for i, replace := range []bool{true, false} {
		if _, err := o.CreateAPIKey(t.Context(), "u", replace); err != nil {
			t.Fatal(err)
		}
		if force := a.asked("createPartnerUserApiKey")[i].query["force"]; (len(force) == 1 && force[0] == "true") != replace {
			t.Errorf("replace %t is sent as force=%v", replace, force)
		}
	}
	if _, err := o.Client(); err != nil {
		t.Errorf("a deployment's key: %v", err)
	}
}

// N6: a sync that has no mode and no configuration of the destination is updated all the same, and what a schema says about
// the data it moves is kept.
func TestN6UpdateBareBulkSync(t *testing.T) {
	client, a := scripted(t, map[string]script{
		"getBulkSync":         ok(data(`{"id":"b","name":"n","source_connection_id":"s","destination_connection_id":"d","default_schedule":{"frequency":"manual"}}`)),
		"listBulkSyncSchemas": ok(data(`[{"id":"users","enabled":true}]`)),
		"getBulkSyncSchema":   ok(data(`{"id":"users","enabled":true,"tracking_field":"updated_at","disable_data_cutoff":true,"data_cutoff_timestamp":"2026-01-01T00:00:00Z"}`)),
		"updateBulkSync":      status(500, `{"message":"boom","status":500}`),
	})
	sync := client.BulkSync("b")
	if _, err := sync.Info(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := sync.Update(t.Context(), func(*polytomicapi.UpdateBulkSyncRequest) error { return nil }); !errors.Is(err, apierr.ErrUnavailable) {
		t.Fatal(err)
	}
	sent := a.asked("updateBulkSync")[0].object(t)
	want := map[string]any{"id": "users", "enabled": true, "tracking_field": "updated_at", "disable_data_cutoff": true, "data_cutoff_timestamp": "2026-01-01T00:00:00Z"}
	if diff := cmp.Diff([]any{want}, sent["schemas"]); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	mode, there := sent["mode"]
	if configuration, ok := sent["destination_configuration"].(map[string]any); !ok || len(configuration) != 0 || !there || mode != nil {
		t.Errorf("%v", sent)
	}
	// It may have been carried out: the handle does not go on with what it read before.
	if _, err := sync.Name(t.Context()); err != nil || len(a.asked("getBulkSync")) != 3 {
		t.Errorf("read %d times, %v", len(a.asked("getBulkSync")), err)
	}
}

// N6: a schedule keeps what an update does not touch.
func TestN6ScheduleKeepsItsMonth(t *testing.T) {
	client, a := scripted(t, map[string]script{
		"getBulkSyncSchedule":    ok(data(`{"frequency":"custom","month":"2","dayOfMonth":"3","dayOfWeek":"4","hour":"5","minute":"6","selectiveMode":"incrementalFields"}`)),
		"updateBulkSyncSchedule": ok(data(`{"frequency":"custom"}`)),
	})
	if _, err := client.BulkSync("b").UpdateSchedule(t.Context(), "x", func(s *polytomicapi.BulkSyncScheduleAPI) error {
		s.Hour = optional("7")
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"schedule": map[string]any{"frequency": "custom", "month": "2", "dayOfMonth": "3", "dayOfWeek": "4", "hour": "7", "minute": "6", "selectiveMode": "incrementalFields"}}
	if diff := cmp.Diff(want, a.asked("updateBulkSyncSchedule")[0].object(t)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// A caller's own intervals hold for bulk syncs, also one that is longer than the longest of this package; a version that
// the caller asks for is sent, and its answer is no mismatch.
func TestCallersOwnSettings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, a := scripted(t, map[string]script{"listBulkSyncStatuses": ok(data(`[]`)), "listBulkSyncExecutions": ok(data(`[]`)), "getBulkSyncExecution": ok(data(bulkExecution("e", "running")))},
			WithPolling(job.Options{Intervals: job.Intervals{Min: 20 * time.Second}}))
		ctx, stop := context.WithTimeout(t.Context(), 10*time.Minute)
		defer stop()
		if err := client.BulkSync("s").Execution("e").Wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		if n := len(a.asked("")); n < 10 || n > 70 {
			t.Errorf("%d requests in ten minutes", n)
		}
	})
	client, a := scripted(t, map[string]script{"getIdentity": ok(data(`{"id":"u"}`))}, RequireVersion())
	a.header = http.Header{versionHeader: {"2024-02-08"}}
	_, err := transport.Decode[map[string]any](client.Raw().GetIdentity(t.Context(), func(_ context.Context, r *http.Request) error {
		r.Header.Set(versionHeader, "2024-02-08")
		return nil
	}))
	if err != nil || a.calls[0].header.Get(versionHeader) != "2024-02-08" {
		t.Errorf("%v, %v", a.calls[0].header, err)
	}
}
