package tests_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/airbyte"
	"github.com/sluice-sdk/sluice/wrappers/job"
)

// Jobs that ended before they were waited for are noticed at once, also when the first list says that the server's clock
// is minutes behind ours.
func TestBatchLateWithAnotherClock(t *testing.T) {
	for _, skew := range []time.Duration{-10 * time.Minute, 0, 10 * time.Minute} {
		t.Run(skew.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer()
				s.skew = skew
				s.takes = func(string) (time.Duration, time.Duration, string) { return time.Second, 8 * time.Second, "succeeded" }
				ws := s.client(t).Workspace("w")
				var jobs []*job.Job
				for i := range 3 {
					result, err := ws.StartSync(t.Context(), fmt.Sprint("c", i))
					if err != nil {
						t.Fatal(err)
					}
					jobs = append(jobs, result.Job())
				}
				time.Sleep(20 * time.Second)
				began := time.Now()
				for _, err := range job.WaitAll(t.Context(), jobs) {
					if err != nil {
						t.Fatal(err)
					}
				}
				if d := time.Since(began); d > 10*time.Second {
					t.Errorf("it took %v to notice", d)
				}
			})
		})
	}
}

// A gateway whose clock is before the server's makes a job look older than the request for it. It must not be taken for
// somebody else's, or waiting for it and starting another one would go on for ever.
func TestRunSyncBehindAGatewayWithAnotherClock(t *testing.T) {
	for _, policy := range []airbyte.RunningPolicy{airbyte.Fail, airbyte.Attach, airbyte.WaitThenRun} {
		t.Run(fmt.Sprint(policy), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer()
				s.gateway = time.Minute
				s.takes = func(string) (time.Duration, time.Duration, string) { return time.Second, 30 * time.Second, "succeeded" }
				ctx, stop := context.WithTimeout(t.Context(), 10*time.Minute)
				defer stop()
				result, err := s.client(t).Workspace("w").RunSync(ctx, "c", airbyte.OnRunning(policy))
				if n := len(s.jobs); n != 1 {
					t.Errorf("%d jobs were started", n)
				}
				var unknown *airbyte.AmbiguousTriggerError
				switch {
				case err == nil && result.JobID() == 1:
				case errors.As(err, &unknown) && slices.Equal(unknown.Candidates, []int64{1}):
				default:
					t.Errorf("%v", err)
				}
			})
		})
	}
}
