package tests_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/airbyte"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// served is a server in a function.
type served func(*http.Request) (status int, body string)

func (f served) RoundTrip(r *http.Request) (*http.Response, error) {
	status, body := f(r)
	if status == 0 {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Request: r,
		Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), ProtoMajor: 1, ProtoMinor: 1}, nil
}

func clientFor(t *testing.T, f served, auth airbyte.Option) *airbyte.Client {
	t.Helper()
	client, err := airbyte.New(airbyte.WithOrigin("https://airbyte.example.com"), auth, airbyte.WithRoundTripper(f))
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// A server that restarts just when a token has to be renewed answers 500 to good credentials: the wait goes on. Credentials
// that were never taken are an error at once.
func TestWaitRenewsItsTokenDuringARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		up := func(at time.Duration) bool { return at < 10*time.Minute || at > 11*time.Minute+30*time.Second }
		client := clientFor(t, func(r *http.Request) (int, string) {
			at := time.Since(began)
			switch {
			case !up(at):
				return 500, `{"errorId":"e"}`
			case strings.HasSuffix(r.URL.Path, "/applications/token"):
				return 200, `{"access_token":"t","token_type":"Bearer","expires_in":180}`
			case at < 20*time.Minute:
				return 200, `{"jobId":1,"status":"running","jobType":"sync","connectionId":"c"}`
			}
			return 200, `{"jobId":1,"status":"succeeded","jobType":"sync","connectionId":"c"}`
		}, airbyte.WithClientCredentials("id", "secret"))
		status, err := client.Workspace("w").Connection("c").SyncResult(1).Wait(t.Context())
		if status != airbyte.JobSucceeded || err != nil {
			t.Errorf("%v, %v after %v", status, err, time.Since(began))
		}
	})
	client := clientFor(t, func(*http.Request) (int, string) { return 500, `{"errorId":"e"}` }, airbyte.WithClientCredentials("id", "wrong"))
	if _, err := client.Workspace("w").Connection("c").SyncResult(1).Wait(t.Context()); !errors.Is(err, apierr.ErrUnauthenticated) {
		t.Error(err)
	}
}

// The longest wait bounds the first call too.
func TestMaxWaitOfAHandleMadeById(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := clientFor(t, func(*http.Request) (int, string) { return 0, "" }, airbyte.WithNoAuth())
		began := time.Now()
		_, err := client.Workspace("w").Connection("c").SyncResult(1).Wait(t.Context(), airbyte.WithMaxWait(5*time.Second))
		var late *airbyte.SyncTimeoutError
		if d := time.Since(began); d > 6*time.Second || !errors.As(err, &late) {
			t.Errorf("%v after %v", err, d)
		}
	})
}

// The end of a wait for the job that stood in the way gives no handle: it is not the caller's.
func TestWaitThenRunTimeoutHasNoResult(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := clientFor(t, func(r *http.Request) (int, string) {
			const running = `{"jobId":1,"status":"running","jobType":"sync","connectionId":"c","startTime":"2026-01-01T00:00:00Z"}`
			switch {
			case r.Method == http.MethodPost:
				return 409, `{"type":"error:try-again-later","detail":"A sync is already running for: c"}`
			case strings.HasSuffix(r.URL.Path, "/jobs"):
				return 200, `{"data":[` + running + `]}`
			}
			return 200, running
		}, airbyte.WithNoAuth())
		ctx, stop := context.WithTimeout(t.Context(), time.Hour)
		defer stop()
		result, err := client.Workspace("w").RunSync(ctx, "c", airbyte.OnRunning(airbyte.WaitThenRun), airbyte.WithMaxWait(time.Minute))
		var late *airbyte.SyncTimeoutError
		if result != nil || !errors.As(err, &late) || late.Result != nil || late.JobID != 1 {
			t.Errorf("%v, %v", result, err)
		}
	})
}

// An id in capital letters is the same id, and a list that ignores the filter brings nobody else's job.
func TestConnectionIDInCapitals(t *testing.T) {
	const other = `{"jobId":9,"status":"running","jobType":"sync","connectionId":"c9","startTime":"2026-01-01T00:00:00Z"}`
	client := clientFor(t, func(r *http.Request) (int, string) {
		switch {
		case r.Method == http.MethodPost:
			return 200, `{"jobId":10,"status":"running","jobType":"sync","connectionId":"abc","startTime":"2026-01-01T00:00:00Z"}`
		case strings.HasSuffix(r.URL.Path, "/jobs"):
			return 200, `{"data":[` + other + `]}`
		}
		return 200, `{"jobId":10,"status":"succeeded","jobType":"sync","connectionId":"abc"}`
	}, airbyte.WithNoAuth())
	conn := client.Workspace("w").Connection("ABC")
	if result, err := conn.StartSync(t.Context()); err != nil || result.Recovered() {
		t.Error(err)
	}
	if status, err := conn.SyncResult(10).Status(t.Context()); status != airbyte.JobSucceeded || err != nil {
		t.Error(status, err)
	}
	if r, err := conn.CancelSync(t.Context()); !errors.Is(err, airbyte.ErrNoSync) {
		t.Error(r, err)
	}
	if _, err := conn.StartSync(t.Context(), airbyte.OnRunning(7)); !errors.Is(err, apierr.ErrInvalid) {
		t.Error(err)
	}
}
