package tests_test

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/airbyte"
	"github.com/sluice-sdk/sluice/wrappers/airbyte/airbytetest"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

func idsOf(t *testing.T, list func(func(*airbyte.SyncResult, error) bool)) []int64 {
	t.Helper()
	var ids []int64
	for result, err := range list {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, result.JobID())
	}
	return ids
}

func TestPreviousSyncs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t)
		conn, other := fake.AddConnection(), fake.AddConnection()
		start := time.Now()
		var want []int64
		for i := range 250 {
			run := airbytetest.Run{Duration: time.Minute}
			if i%10 == 0 {
				run.Failure = "no"
			}
			want = append(want, fake.AddJob(conn.ID, start.Add(time.Duration(i-300)*time.Hour), run))
			fake.AddJob(other.ID, start.Add(time.Duration(i-300)*time.Hour), run)
		}
		slices.Reverse(want) // the newest first
		c := handleOf(t, fake, conn)
		if got := idsOf(t, c.PreviousSyncs(t.Context())); !slices.Equal(got, want) {
			t.Errorf("%d syncs, want %d, newest first: %v", len(got), len(want), got)
		}
		before := fake.Log().Count("listJobs")
		if got := idsOf(t, c.PreviousSyncs(t.Context(), airbyte.JobFilter{Limit: 7})); !slices.Equal(got, want[:7]) {
			t.Errorf("%v, want %v", got, want[:7])
		}
		for range c.PreviousSyncs(t.Context()) {
			break
		}
		if n := fake.Log().Count("listJobs") - before; n != 2 {
			t.Errorf("%d calls for two single pages", n)
		}
		if got := idsOf(t, c.PreviousSyncs(t.Context(), airbyte.JobFilter{Status: airbyte.JobFailed})); len(got) != 25 {
			t.Errorf("%d failed", len(got))
		}
		if got := idsOf(t, c.PreviousSyncs(t.Context(), airbyte.JobFilter{CreatedFrom: start.Add(-100 * time.Hour), CreatedTo: start.Add(-90 * time.Hour)})); len(got) != 11 {
			t.Errorf("%d within ten hours, both ends included", len(got))
		}
		if got := idsOf(t, c.PreviousSyncs(t.Context(), airbyte.JobFilter{UpdatedFrom: start.Add(-60 * time.Hour), UpdatedTo: start})); len(got) != 10 {
			t.Errorf("%d updated within sixty hours", len(got))
		}
		if got := idsOf(t, c.PreviousSyncs(t.Context(), airbyte.JobFilter{Type: airbyte.JobTypeReset})); got != nil {
			t.Errorf("resets %v", got)
		}
		if got := idsOf(t, c.Workspace().PreviousSyncs(t.Context())); len(got) != 500 {
			t.Errorf("%d in the workspace", len(got))
		}

		latest, err := c.LatestSync(t.Context())
		if err != nil || latest.JobID() != want[0] {
			t.Fatalf("%v, %v", latest, err)
		}
		// What was listed needs no more calls.
		total := fake.Log().Total()
		if status, err := latest.Status(t.Context()); status != airbyte.JobSucceeded || err != nil || latest.RecordsSynced().String() != "1000" || latest.Duration() != time.Minute {
			t.Errorf("%q, %v, %+v", status, err, latest.Cached())
		}
		if n := fake.Log().Total() - total; n != 0 {
			t.Errorf("%d calls", n)
		}

		for _, err := range c.PreviousSyncs(t.Context(), airbyte.JobFilter{Limit: -1}) {
			if !errors.Is(err, apierr.ErrInvalid) {
				t.Errorf("%v", err)
			}
		}
	})
}

func TestNoSyncYet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t)
		conn := fake.AddConnection()
		c := handleOf(t, fake, conn)
		latest, err := c.LatestSync(t.Context())
		var where *airbyte.ResourceError
		if latest != nil || !errors.Is(err, airbyte.ErrNoSync) || !errors.As(err, &where) || where.Connection != conn.ID {
			t.Errorf("%v, %v", latest, err)
		}
		if got := idsOf(t, c.PreviousSyncs(t.Context())); got != nil {
			t.Errorf("%v", got)
		}
		// A clear is no sync.
		if _, err := c.Clear(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := c.LatestSync(t.Context()); !errors.Is(err, airbyte.ErrNoSync) {
			t.Errorf("%v", err)
		}
		if got := idsOf(t, c.PreviousSyncs(t.Context(), airbyte.JobFilter{Type: airbyte.AnyJobType})); len(got) != 1 {
			t.Errorf("%v", got)
		}
	})
}

// Jobs that come into being while pages are read push the others on: none is yielded twice, none is left out.
func TestPreviousSyncsMoving(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t)
		conn := fake.AddConnection(airbytetest.SyncTakes(time.Second))
		for i := range 330 {
			fake.AddJob(conn.ID, time.Now().Add(time.Duration(i-400)*time.Hour), airbytetest.Run{})
		}
		seen := map[int64]int{}
		for result, err := range handleOf(t, fake, conn).PreviousSyncs(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			seen[result.JobID()]++
			if len(seen)%20 == 0 {
				pass(2 * time.Second)
				fake.StartSync(conn.ID)
			}
		}
		for _, j := range fake.Jobs(conn.ID)[:330] {
			if seen[j.ID] != 1 {
				t.Errorf("job %d came %d times", j.ID, seen[j.ID])
			}
		}
	})
}
