package tests_test

import (
	"errors"
	"fmt"
	"net/http"
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

// clocks are those of Airbyte and of the gateway before it, which writes the Date, by how much they go ahead of ours.
var clocks = map[string]struct{ airbyte, gateway time.Duration }{
	"all right":        {0, 0},
	"gateway ahead":    {0, time.Minute},
	"gateway behind":   {0, -time.Minute},
	"airbyte ahead":    {time.Minute, 0},
	"airbyte behind":   {-time.Minute, 0},
	"both ahead":       {time.Minute, time.Minute},
	"both behind":      {-time.Minute, -time.Minute},
	"far from another": {-time.Minute, time.Minute},
}

// eachClock runs a test once for each set of clocks.
func eachClock(t *testing.T, test func(t *testing.T, s *server, airbyteIsBehind bool)) {
	for name, c := range clocks {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer()
				s.skew, s.gateway = c.airbyte, c.gateway-c.airbyte
				s.takes = func(string) (time.Duration, time.Duration, string) { return time.Second, 30 * time.Second, "succeeded" }
				test(t, s, c.airbyte < 0 && c.gateway > c.airbyte)
			})
		})
	}
}

// Clocks that differ do not keep a sync from being started, once: ids ascend, whatever the clocks say.
func TestRunSyncWithOtherClocks(t *testing.T) {
	eachClock(t, func(t *testing.T, s *server, airbyteIsBehind bool) {
		conn := s.client(t).Workspace("w").Connection("c")
		for i, policy := range []airbyte.RunningPolicy{airbyte.Fail, airbyte.Attach, airbyte.WaitThenRun} {
			result, err := conn.RunSync(t.Context(), airbyte.OnRunning(policy))
			if n := len(s.jobs); n != i+1 {
				t.Errorf("policy %d: %d jobs were started", policy, n)
			}
			if err != nil || result.JobID() != int64(i+1) {
				t.Fatalf("policy %d: %v", policy, err)
			}
			// It could be the job of somebody else that was not in the list yet: then our wait must not cancel it.
			if result.Attached() != airbyteIsBehind {
				t.Errorf("policy %d: attached %v", policy, result.Attached())
			}
			pass(time.Minute)
		}
	})
}

// A lost answer is settled by the list, and where the clocks leave it open the error names the job.
func TestLostAnswerWithOtherClocks(t *testing.T) {
	eachClock(t, func(t *testing.T, s *server, airbyteIsBehind bool) {
		s.fault = func(r *http.Request, f *faults) {
			if r.Method == http.MethodPost {
				f.after = errReset
			}
		}
		result, err := s.client(t).Workspace("w").Connection("c").StartSync(t.Context(), airbyte.OnRunning(airbyte.WaitThenRun))
		var unknown *airbyte.AmbiguousTriggerError
		switch {
		case airbyteIsBehind && errors.As(err, &unknown) && slices.Equal(unknown.Candidates, []int64{1}):
		case !airbyteIsBehind && err == nil && result.JobID() == 1 && result.Recovered():
		default:
			t.Errorf("%v", err)
		}
		if n := len(s.jobs); n != 1 {
			t.Errorf("%d jobs were started", n)
		}
	})
}

// A proxy sends the request twice and passes the second answer on. Whatever the clocks say, the job that runs may be the
// one that was asked for, so that it is not waited for to start another one.
func TestRepeatedByAProxyWithOtherClocks(t *testing.T) {
	eachClock(t, func(t *testing.T, s *server, _ bool) {
		s.fault = func(r *http.Request, f *faults) {
			if r.Method == http.MethodPost {
				f.status, f.body = problem(409, "try-again-later", "A sync is already running for: c")
			}
		}
		for _, policy := range []airbyte.RunningPolicy{airbyte.Fail, airbyte.WaitThenRun} {
			before := len(s.jobs)
			_, err := s.client(t).Workspace("w").Connection("c").RunSync(t.Context(), airbyte.OnRunning(policy))
			var unknown *airbyte.AmbiguousTriggerError
			if !errors.As(err, &unknown) || !slices.Equal(unknown.Candidates, []int64{int64(before + 1)}) {
				t.Errorf("policy %d: %v", policy, err)
			}
			if n := len(s.jobs); n != before+1 {
				t.Errorf("policy %d: %d jobs were started", policy, n-before)
			}
			pass(2 * time.Minute)
		}
	})
}

// The lists come from a replica that lags by more than the clocks may differ. What somebody else started in that time is
// not taken for ours when our answer is lost, and is not cancelled with our wait when the server gives it as the answer.
func TestListsThatLag(t *testing.T) {
	lagging := func(t *testing.T, test func(t *testing.T, s *server, conn *airbyte.Connection)) {
		synctest.Test(t, func(t *testing.T) {
			s := newServer()
			s.lag = 30 * time.Second
			s.takes = func(string) (time.Duration, time.Duration, string) { return time.Minute, 5 * time.Minute, "succeeded" }
			pass(time.Minute)
			s.begin("c", "sync", true)
			pass(20 * time.Second)
			test(t, s, s.client(t).Workspace("w").Connection("c"))
		})
	}
	t.Run("given", func(t *testing.T) {
		lagging(t, func(t *testing.T, s *server, conn *airbyte.Connection) {
			result, err := conn.RunSync(t.Context(), airbyte.CancelOnStop(), airbyte.WithMaxWait(10*time.Second))
			if late, ok := errors.AsType[*airbyte.SyncTimeoutError](err); !ok || late.JobID != 1 || !result.Attached() {
				t.Errorf("%v", err)
			}
			if n := s.counted("DELETE", "/jobs/"); n != 0 {
				t.Error("somebody else's job was cancelled")
			}
		})
	})
	t.Run("lost", func(t *testing.T) {
		lagging(t, func(t *testing.T, s *server, conn *airbyte.Connection) {
			s.fault = func(r *http.Request, f *faults) {
				if r.Method == http.MethodPost {
					f.before = errReset
				}
			}
			_, err := conn.StartSync(t.Context())
			if unknown, ok := errors.AsType[*airbyte.AmbiguousTriggerError](err); !ok || !slices.Equal(unknown.Candidates, []int64{1}) {
				t.Errorf("%v", err)
			}
		})
	})
}
