package airbytetest

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-sdk/sluice/gen/airbyteapi"
	"github.com/sluice-sdk/sluice/wrappers/servicetest"
)

// client is the raw generated client with an API key.
func client(tb testing.TB, f *Fake) *airbyteapi.ClientWithResponses {
	tb.Helper()
	key := f.APIKey()
	c, err := airbyteapi.NewClientWithResponses(f.BaseURL(), airbyteapi.WithHTTPClient(f.HTTPClient()),
		airbyteapi.WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
			r.Header.Set("Authorization", "Bearer "+key)
			return nil
		}))
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// call sends a request with an API key and returns the status and the body.
func call(tb testing.TB, f *Fake, method, path, body string) (int, string) {
	tb.Helper()
	return callAs(tb, f, "Bearer "+f.APIKey(), method, path, body)
}

// anyRequest tolerates nonsense of the client, never of the fake.
func anyRequest(v *servicetest.Violation) bool { return v.Direction == servicetest.Request }

func callAs(tb testing.TB, f *Fake, authorization, method, path, body string) (int, string) {
	tb.Helper()
	r, err := http.NewRequestWithContext(tb.Context(), method, f.BaseURL()+path, strings.NewReader(body))
	if err != nil {
		tb.Fatal(err)
	}
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	client := f.HTTPClient()
	defer client.CloseIdleConnections()
	response, err := client.Do(r)
	if err != nil {
		tb.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		tb.Fatal(err)
	}
	return response.StatusCode, string(data)
}

// sleep lets time pass, which is virtual in all tests that call it.
func sleep(tb testing.TB, d time.Duration) {
	tb.Helper()
	if err := servicetest.Sleep(tb.Context(), d); err != nil {
		tb.Fatal(err)
	}
}

func decode[T any](tb testing.TB, body string) T {
	tb.Helper()
	var v T
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		tb.Fatalf("%v in %s", err, body)
	}
	return v
}

// trigger starts a sync and fails the test unless it was accepted.
func trigger(tb testing.TB, f *Fake, connection string) airbyteapi.JobResponse {
	tb.Helper()
	status, body := call(tb, f, "POST", "/jobs", `{"connectionId":"`+connection+`","jobType":"sync"}`)
	if status != 200 {
		tb.Fatalf("POST /jobs: %d %s", status, body)
	}
	return decode[airbyteapi.JobResponse](tb, body)
}

func TestSixHourSync(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := New(t, WithRoundTrip(120*time.Millisecond))
		conn := f.AddConnection(SyncTakes(6*time.Hour), AttemptsFail(1), SyncMoves(300, 9000))
		c := client(t, f)
		began := time.Now()
		created, err := c.CreateJobWithResponse(t.Context(), airbyteapi.JobCreateRequest{ConnectionID: conn.ID, JobType: airbyteapi.JobTypeEnumSync})
		if err != nil {
			t.Fatal(err)
		}
		if created.JSON200 == nil {
			t.Fatalf("%d %s", created.StatusCode(), created.Body)
		}
		if took := time.Since(began); took != 120*time.Millisecond {
			t.Errorf("the request took %v", took)
		}
		var seen []string
		for {
			got, err := c.GetJobWithResponse(t.Context(), created.JSON200.JobID)
			if err != nil {
				t.Fatal(err)
			}
			status := string(got.JSON200.Status)
			if len(seen) == 0 || seen[len(seen)-1] != status {
				seen = append(seen, status)
			}
			if got.JSON200.LastUpdatedAt != nil {
				if *got.JSON200.RowsSynced != 300 || *got.JSON200.BytesSynced != 9000 {
					t.Errorf("%d rows, %d bytes", *got.JSON200.RowsSynced, *got.JSON200.BytesSynced)
				}
				if *got.JSON200.Duration != "PT6H" {
					t.Errorf("duration %s", *got.JSON200.Duration)
				}
				break
			}
			sleep(t, 2*time.Second)
		}
		if got := strings.Join(seen, " "); got != "pending queued running incomplete running succeeded" {
			t.Errorf("statuses: %s", got)
		}
		if took := time.Since(began); took < 6*time.Hour || took > 6*time.Hour+3*time.Second {
			t.Errorf("took %v", took)
		}
		if n := f.SyncsStarted(conn.ID); n != 1 {
			t.Errorf("%d syncs", n)
		}
	})
}

func TestTokenEndpoint(t *testing.T) {
	for name, tc := range map[string]struct {
		path, contentType string
		form              bool
	}{
		"json":               {path: "/v1/applications/token"},
		"self-managed json":  {path: "/api/public/v1/applications/token"},
		"config API":         {path: "/api/v1/applications/token"},
		"form at the root":   {path: "/applications/token", form: true},
		"form under the API": {path: "/v1/applications/token", form: true},
	} {
		t.Run(name, func(t *testing.T) {
			f := New(t)
			cred := f.Credentials()
			contentType, body := "application/json", `{"client_id":"`+cred.ClientID+`","client_secret":"`+cred.ClientSecret+`"}`
			if tc.form {
				contentType = "application/x-www-form-urlencoded"
				body = url.Values{"client_id": {cred.ClientID}, "client_secret": {cred.ClientSecret}, "grant_type": {"client_credentials"}}.Encode()
			}
			status, _, data := post(t, f.HTTPClient(), f.URL()+tc.path, contentType, body)
			if status != 200 {
				t.Fatalf("%d %s", status, data)
			}
			token := decode[airbyteapi.PublicAccessTokenResponse](t, data)
			if token.TokenType != "Bearer" || token.ExpiresIn != 900 || strings.Count(token.AccessToken, ".") != 2 {
				t.Errorf("%+v", token)
			}
			if status, _ := callAs(t, f, "Bearer "+token.AccessToken, "GET", "/workspaces", ""); status != 200 {
				t.Errorf("the token gets %d", status)
			}
		})
	}
}

// do sends a request with a token and returns the status and the body.
func do(ctx context.Context, c *http.Client, token, method, url, body string) (int, string, error) {
	r, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	response, err := c.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	return response.StatusCode, string(data), err
}

// decodeNumbers reads an object and keeps its numbers as they were written.
func decodeNumbers(tb testing.TB, body string) map[string]any {
	tb.Helper()
	var v map[string]any
	d := json.NewDecoder(strings.NewReader(body))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		tb.Fatalf("%v in %s", err, body)
	}
	return v
}
