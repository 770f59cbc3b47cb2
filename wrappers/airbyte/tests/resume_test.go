package tests_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/airbyte"
	"github.com/sluice-sdk/sluice/wrappers/airbyte/airbytetest"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/job"
)

func TestResume(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t)
		conn := fake.AddConnection(airbytetest.SyncTakes(time.Hour))
		result, err := handleOf(t, fake, conn).StartSync(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		text := result.Job().Token().String()
		if strings.Contains(text, fake.URL()) || strings.Contains(text, fake.APIKey()) {
			t.Errorf("the token %q holds what it should not", text)
		}
		pass(10 * time.Minute)

		// Another process.
		token, err := job.ParseToken(text)
		if err != nil {
			t.Fatal(err)
		}
		client := clientOf(t, fake)
		before := fake.Log().Total()
		resumed, err := client.Resume(t.Context(), token)
		if err != nil {
			t.Fatal(err)
		}
		if resumed.JobID() != result.JobID() || resumed.Connection().ID() != conn.ID || resumed.Cached().Raw != "running" || resumed.JobURL() != result.JobURL() {
			t.Errorf("%+v", resumed.Cached())
		}
		if n := fake.Log().Total() - before; n != 1 {
			t.Errorf("%d calls", n)
		}
		if status, err := resumed.Wait(t.Context()); status != airbyte.JobSucceeded || err != nil {
			t.Errorf("%q, %v", status, err)
		}

		// Once more, when it is over.
		again, err := clientOf(t, fake).Resume(t.Context(), token)
		if err != nil || again.Cached().Raw != "succeeded" || again.RecordsSynced().String() != "1000" {
			t.Errorf("%v, %v", again, err)
		}
		if status, err := again.Wait(t.Context()); status != airbyte.JobSucceeded || err != nil {
			t.Errorf("%q, %v", status, err)
		}
		if again.Job().Token() != result.Job().Token() {
			t.Error("the token changes")
		}
	})
}

func TestResumeElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t)
		conn := fake.AddConnection()
		result, err := handleOf(t, fake, conn).StartSync(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		elsewhere, err := airbyte.New(airbyte.WithOrigin("https://other.example.com"), airbyte.WithBearer("x"), airbyte.WithRoundTripper(fake.Transport()))
		if err != nil {
			t.Fatal(err)
		}
		before := fake.Log().Total()
		if _, err := elsewhere.Resume(t.Context(), result.Job().Token()); !errors.Is(err, job.ErrTokenMismatch) {
			t.Errorf("%v", err)
		}
		if _, err := elsewhere.Resume(t.Context(), job.Token{}); !errors.Is(err, job.ErrTokenInvalid) {
			t.Errorf("%v", err)
		}
		if n := fake.Log().Total() - before; n != 0 {
			t.Errorf("%d calls", n)
		}
		// The call may fail; the handle is there to try again.
		fake.Fault(airbytetest.Status("getJob", 503, ""))
		resumed, err := clientOf(t, fake).Resume(t.Context(), result.Job().Token())
		if resumed == nil || !errors.Is(err, apierr.ErrUnavailable) {
			t.Fatalf("%v, %v", resumed, err)
		}
		fake.ClearFaults()
		if status, err := resumed.Wait(t.Context()); status != airbyte.JobSucceeded || err != nil {
			t.Errorf("%q, %v", status, err)
		}
	})
}
