package tests_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"example.com/tidemark/tidemarkapi"
	"example.com/tidemark/tidemarktest"
	"github.com/sluice-sdk/sluice/wrappers/job"
	"github.com/sluice-sdk/sluice/wrappers/servicetest"
)

// A backup of a day passes in a moment, whatever happens to single polls.
func TestRunBackup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := tidemarktest.New(t, nil)
		database := fake.AddDatabase(tidemarktest.Plan{Takes: 24 * time.Hour})
		fake.Fault(
			servicetest.Status("listBackups", http.StatusBadGateway, "").Chance(0.1),
			servicetest.ResetMidBody("listBackups", 20).Chance(0.1),
			servicetest.Delay("listBackups", 10*time.Second).Chance(0.1),
		)
		began := time.Now()
		backup, err := fake.Client().RunBackup(t.Context(), database)
		if err != nil {
			t.Fatal(err)
		}
		last := backup.Last()
		if last.Phase != job.PhaseSucceeded || last.Duration() != 24*time.Hour || *last.Progress.Bytes != 86400<<20 || last.Parent != database {
			t.Errorf("%+v", last)
		}
		if late := time.Since(began) - 24*time.Hour; late > 5*time.Minute {
			t.Errorf("the end was noticed %s late", late)
		}
		if n := fake.Log().Count("listBackups"); n > 2000 {
			t.Errorf("%d polls for one backup", n)
		}
	})
}

// A backup that failed, was cancelled, or is in a state that nobody knows is never a success.
func TestUnsuccessfulBackups(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tolerated := func(v *servicetest.Violation) bool { return v.Pointer == "/backups/0/status" || v.Pointer == "/status" }
		fake := tidemarktest.New(t, tolerated)
		client := fake.Client()

		full := tidemarktest.Plan{Fails: &tidemarkapi.Failure{Code: "disk_full", Message: "no space left"}}
		backup, err := client.RunBackup(t.Context(), fake.AddDatabase(full))
		failed, ok := errors.AsType[*job.FailedError](err)
		if !ok || failed.Snapshot.Failure.Type != "disk_full" || backup.Last().Phase != job.PhaseFailed {
			t.Errorf("%v", err)
		}
		if want := "tidemark backup b-1 failed: no space left (disk_full)"; err.Error() != want {
			t.Errorf("got %q, want %q", err, want)
		}

		backup, err = client.StartBackup(t.Context(), fake.AddDatabase(tidemarktest.Plan{}))
		if err != nil {
			t.Fatal(err)
		}
		if err := backup.Cancel(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := backup.Wait(t.Context()); !errors.Is(err, job.ErrCanceledRemotely) {
			t.Errorf("%v", err)
		}

		_, err = client.RunBackup(t.Context(), fake.AddDatabase(tidemarktest.Plan{Takes: time.Hour, Status: "compacting"}))
		if unknown, ok := errors.AsType[*job.UnknownStateError](err); !ok || unknown.Snapshot.Raw != "compacting" {
			t.Errorf("%v", err)
		}
		_, err = client.RunBackup(t.Context(), fake.AddDatabase(tidemarktest.Plan{Takes: 5 * time.Minute, Status: "compacting"}))
		if err != nil {
			t.Errorf("an unknown state on the way to success: %v", err)
		}
	})
}

// The end of a context ends the wait within 10 ms, even while a poll hangs, and leaves the backup alone.
func TestCancelledWait(t *testing.T) {
	for _, hangs := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			fake := tidemarktest.New(t, nil)
			database := fake.AddDatabase(tidemarktest.Plan{Takes: time.Hour})
			if hangs {
				fake.Fault(servicetest.Stall("listBackups"))
			}
			reason := errors.New("enough")
			ctx, cancel := context.WithCancelCause(t.Context())
			var ended time.Time
			time.AfterFunc(17*time.Second+333*time.Millisecond, func() { ended = time.Now(); cancel(reason) })
			_, err := fake.Client().RunBackup(ctx, database)
			if late := time.Since(ended); late > 10*time.Millisecond {
				t.Errorf("the wait ended %s after its context", late)
			}
			stopped, ok := errors.AsType[*job.WaitError](err)
			if !ok || !errors.Is(err, reason) || !errors.Is(err, context.Canceled) || stopped.Last.ID != "b-1" {
				t.Errorf("%v", err)
			}
			if s := fake.Backups(database)[0].Status; s != tidemarkapi.BackupStatusRunning {
				t.Errorf("the backup is %s", s)
			}
		})
	}
}

// Many waits share their requests, each with up to 50 ids.
func TestWaitAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		backups := 120
		if raceEnabled {
			backups = 30
		}
		fake := tidemarktest.New(t, nil)
		client := fake.Client()
		jobs := make([]*job.Job, 0, backups)
		for i := range backups {
			plan := tidemarktest.Plan{Takes: time.Duration(10+i) * time.Minute}
			if i%10 == 0 {
				plan.Fails = &tidemarkapi.Failure{Code: "lost", Message: "connection lost"}
			}
			backup, err := client.StartBackup(t.Context(), fake.AddDatabase(plan))
			if err != nil {
				t.Fatal(err)
			}
			jobs = append(jobs, backup)
		}
		fake.Log().Reset()
		began := time.Now()
		failed := 0
		for done, err := range job.WaitAll(t.Context(), jobs) {
			if _, ok := errors.AsType[*job.FailedError](err); ok {
				failed++
			} else if err != nil || done.Snapshot.Phase != job.PhaseSucceeded {
				t.Error(done.Snapshot, err)
			}
		}
		if failed != backups/10 {
			t.Errorf("%d backups failed, want %d", failed, backups/10)
		}
		polls, alone := fake.Log().Count("listBackups"), backups*int(time.Since(began)/(2*time.Second))/2
		t.Logf("%d requests for %d backups in %s; asking for each every two seconds takes some %d", polls, backups, time.Since(began), alone)
		if polls > alone/10 {
			t.Errorf("%d requests", polls)
		}
	})
}

// A wait goes on in another process, which has nothing but the token.
func TestResume(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := tidemarktest.New(t, nil)
		backup, err := fake.Client().StartBackup(t.Context(), fake.AddDatabase(tidemarktest.Plan{Takes: time.Hour}))
		if err != nil {
			t.Fatal(err)
		}
		text := backup.Token().String()
		<-time.After(20 * time.Minute)

		token, err := job.ParseToken(text)
		if err != nil {
			t.Fatal(err)
		}
		resumed, err := fake.Client().Resume(token)
		if err != nil {
			t.Fatal(err)
		}
		last, err := resumed.Wait(t.Context())
		if err != nil || last.Phase != job.PhaseSucceeded || last.ID != backup.Ref().ID {
			t.Error(last, err)
		}
		again, err := fake.Client().Backup(t.Context(), last.ID)
		if err != nil || again.Last().Phase != job.PhaseSucceeded {
			t.Error(again, err)
		}
		if n := fake.Log().Count("createBackup"); n != 1 {
			t.Errorf("%d starts", n)
		}
		if got := fmt.Sprint(again.Ref()); got != "tidemark backup b-1" {
			t.Errorf("the backup is called %q", got)
		}
	})
}
