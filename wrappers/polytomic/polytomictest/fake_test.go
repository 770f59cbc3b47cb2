package polytomictest

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	api "github.com/sluice-sdk/sluice/gen/polytomicapi"
	"github.com/sluice-sdk/sluice/wrappers/servicetest"
)

// anyRequest tolerates nonsense of the client, never of the fake.
func anyRequest(v *servicetest.Violation) bool { return v.Direction == servicetest.Request }

func bearer(key string) string { return "Bearer " + key }

func basic(organizationID, key string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(organizationID+":"+key))
}

// client is the raw generated client with the first user's key.
func client(tb testing.TB, f *Fake) *api.ClientWithResponses {
	tb.Helper()
	return clientAt(tb, f.BaseURL(), f.HTTPClient(), f.UserKey())
}

func clientAt(tb testing.TB, base string, h *http.Client, key string) *api.ClientWithResponses {
	tb.Helper()
	c, err := api.NewClientWithResponses(base, api.WithHTTPClient(h), api.WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
		r.Header.Set("Authorization", bearer(key))
		r.Header.Set(versionHeader, newestVersion)
		return nil
	}))
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

type reply struct {
	status int
	header http.Header
	body   string
}

// at reads a value of the reply by its path in the JSON.
func (r reply) at(path ...any) any {
	var v any
	if json.Unmarshal([]byte(r.body), &v) != nil {
		return nil
	}
	for _, key := range path {
		switch key := key.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[key]
		case int:
			list, _ := v.([]any)
			if key >= len(list) {
				return nil
			}
			v = list[key]
		}
	}
	return v
}

func (r reply) text(path ...any) string {
	s, _ := r.at(path...).(string)
	return s
}

// call sends a request with the first user's key. Headers are given as name, value.
func call(tb testing.TB, f *Fake, method, path, body string, header ...string) reply {
	tb.Helper()
	return callAs(tb, f, bearer(f.UserKey()), method, path, body, header...)
}

func callAs(tb testing.TB, f *Fake, authorization, method, path, body string, header ...string) reply {
	tb.Helper()
	out, err := try(tb.Context(), f, authorization, method, path, body, header...)
	if err != nil {
		tb.Fatal(err)
	}
	return out
}

func try(ctx context.Context, f *Fake, authorization, method, path, body string, header ...string) (reply, error) {
	target := path
	if !strings.Contains(path, "://") {
		target = f.BaseURL() + path
	}
	r, err := http.NewRequestWithContext(ctx, method, target, strings.NewReader(body))
	if err != nil {
		return reply{}, err
	}
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	h := f.HTTPClient()
	defer h.CloseIdleConnections()
	h.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	response, err := h.Do(r)
	if err != nil {
		return reply{}, err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	return reply{response.StatusCode, response.Header, string(content)}, err
}

func TestBulkSyncRunsInVirtualTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := New(t)
		c := client(t, f)
		ctx := t.Context()
		sync := f.AddBulkSync(SyncTakes(6*time.Hour), SyncMoves(12_000), RecordErrors(3, 5))
		started, err := c.StartBulkSyncWithResponse(ctx, sync.ID, api.StartBulkSyncRequest{})
		if err != nil || started.JSON200 == nil {
			t.Fatal(err, started)
		}
		id := *started.JSON200.Data.ID
		seen := map[string]bool{}
		var last *api.BulkSyncExecution
		for last == nil || last.CompletedAt.IsNull() {
			r, err := c.GetBulkSyncExecutionWithResponse(ctx, sync.ID, id)
			if err != nil {
				t.Fatal(err)
			}
			last = r.JSON200.Data
			seen[string(*last.Status)] = true
			time.Sleep(time.Second)
			if !last.StartedAt.IsNull() {
				time.Sleep(10 * time.Minute)
			}
		}
		for _, status := range []string{"created", "scheduled", "running", "exporting", "processing", "completed"} {
			if !seen[status] {
				t.Errorf("never %s: %v", status, seen)
			}
		}
		if *last.RecordCount != 12_000 || *last.ErrorCount != 3 || *last.WarningCount != 5 {
			t.Errorf("counts: %d %d %d", *last.RecordCount, *last.ErrorCount, *last.WarningCount)
		}
		if schemas, _ := last.Schemas.Get(); len(schemas) != 2 || *schemas[0].RecordCount+*schemas[1].RecordCount != 12_000 {
			t.Errorf("schemas: %v", schemas)
		}
		if f.SyncsStarted(sync.ID) != 1 {
			t.Error("not one start")
		}
	})
}

func TestServesOnAPort(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	ready := make(chan string)
	done := make(chan error, 1)
	var fake *Fake
	go func() {
		done <- Serve(ctx, "127.0.0.1:0", func(f *Fake, origin string) {
			fake = f
			ready <- origin
		})
	}()
	origin := <-ready
	h := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	me, err := clientAt(t, origin, h, fake.UserKey()).GetIdentityWithResponse(t.Context())
	if err != nil || me.JSON200 == nil || !*me.JSON200.Data.IsUser {
		t.Fatal(err, me)
	}
	// A link to a log file leads back to the port.
	sync := fake.AddBulkSync()
	id := fake.AddExecution(sync.ID, time.Now().Add(-time.Hour), Run{})
	logs, err := clientAt(t, origin, h, fake.UserKey()).GetBulkSyncExecutionLogsWithResponse(t.Context(), sync.ID, id)
	if err != nil || logs.JSON200 == nil {
		t.Fatal(err, logs)
	}
	urls, _ := logs.JSON200.Data.URLs.Get()
	if len(urls) != 2 || !strings.HasPrefix(urls[0], origin) {
		t.Fatal(urls)
	}
	r, err := h.Get(urls[0])
	if err != nil {
		t.Fatal(err)
	}
	content, _ := io.ReadAll(r.Body)
	_ = r.Body.Close()
	if r.StatusCode != http.StatusOK || !strings.Contains(string(content), "completed") {
		t.Error(r.Status, string(content))
	}
	if n := fake.Violations(); n != 0 {
		t.Errorf("%d violations", n)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestThousandBulkSyncs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := New(t, EverySync(SyncTakesFunc(LogNormal(20*time.Minute, 0.8))))
		c := client(t, f)
		const n = 1000
		ids := make([]string, n)
		for i := range ids {
			ids[i] = f.AddBulkSync().ID
		}
		work := make(chan string)
		done := make(chan error)
		for range 16 {
			go func() {
				for id := range work {
					r, err := c.StartBulkSyncWithResponse(t.Context(), id, api.StartBulkSyncRequest{})
					if err == nil && r.JSON200 == nil {
						t.Errorf("%s: %s", r.Status(), r.Body)
					}
					done <- err
				}
			}()
		}
		go func() {
			for _, id := range ids {
				work <- id
			}
			close(work)
		}()
		for range n {
			if err := <-done; err != nil {
				t.Fatal(err)
			}
		}
		left := map[string]bool{}
		for _, id := range ids {
			left[id] = true
		}
		began := time.Now()
		for len(left) > 0 {
			time.Sleep(time.Minute)
			var chunk []string
			for id := range left {
				if chunk = append(chunk, id); len(chunk) == 100 {
					break
				}
			}
			r, err := c.ListBulkSyncStatusesWithResponse(t.Context(), &api.ListBulkSyncStatusesParams{SyncID: chunk})
			if err != nil || r.JSON200 == nil {
				t.Fatal(err, r)
			}
			rows, _ := r.JSON200.Data.Get()
			if len(rows) != len(chunk) {
				t.Fatalf("%d of %d", len(rows), len(chunk))
			}
			for _, row := range rows {
				if *row.Status == api.BulkExecutionStatusCompleted {
					delete(left, *row.SyncID)
				}
			}
		}
		t.Logf("virtual %v", time.Since(began))
	})
}

func TestPagesAreFollowed(t *testing.T) {
	f := New(t)
	for range 120 {
		f.AddBulkSync()
	}
	sync := f.AddBulkSync()
	for i := range 7 {
		f.AddExecution(sync.ID, time.Now().Add(time.Duration(i-20)*time.Hour), Run{})
	}
	follow := func(path string) (ids []string, pages int) {
		token := ""
		for {
			r := call(t, f, "GET", path+"&page_token="+url.QueryEscape(token), "")
			if r.status != 200 {
				t.Fatal(r)
			}
			list, _ := r.at("data").([]any)
			for _, row := range list {
				id, _ := row.(map[string]any)["id"].(string)
				ids = append(ids, id)
			}
			pages++
			if token = r.text("pagination", "next_page_token"); token == "" {
				return ids, pages
			}
		}
	}
	for path, want := range map[string][2]int{
		"/api/bulk/syncs?limit=200":                                                            {121, 3},
		"/api/bulk/syncs/" + sync.ID + "/executions?limit=3":                                   {7, 3},
		"/api/bulk/syncs/" + sync.ID + "/executions?limit=3&ascending=true&only_terminal=true": {7, 3},
	} {
		ids, pages := follow(path)
		unique := map[string]bool{}
		for _, id := range ids {
			unique[id] = true
		}
		if len(unique) != want[0] || len(ids) != want[0] || pages != want[1] {
			t.Errorf("%s: %d rows, %d different, %d pages", path, len(ids), len(unique), pages)
		}
	}
	if r := call(t, f, "GET", "/api/bulk/syncs?page_token=nonsense", ""); r.status != 400 {
		t.Error(r)
	}
}

func TestSameSeedSameWorld(t *testing.T) {
	ids := func(seed uint64) string {
		f := New(t, WithSeed(seed))
		return f.OrganizationID() + f.UserKey() + f.AddBulkSync().ID
	}
	if first, again := ids(7), ids(7); first != again || first == ids(8) {
		t.Error("the seed does not decide")
	}
}
