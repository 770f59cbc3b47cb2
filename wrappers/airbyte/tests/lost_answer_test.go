package tests_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/airbyte"
	"github.com/sluice-sdk/sluice/wrappers/airbyte/airbytetest"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/servicetest"
)

// The trigger's answer is lost: one sync was started, and hours pass in milliseconds.
func TestNightly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t)
		conn := fake.AddConnection(airbytetest.SyncTakes(6 * time.Hour))
		fake.Fault(airbytetest.ResetAfterBody("createJob"))
		result, err := handleOf(t, fake, conn).RunSync(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !result.Recovered() || result.Attached() || result.JobID() != fake.Jobs(conn.ID)[0].ID {
			t.Errorf("recovered %v, attached %v, job %d", result.Recovered(), result.Attached(), result.JobID())
		}
		if n := fake.SyncsStarted(conn.ID); n != 1 {
			t.Errorf("%d syncs were started", n)
		}
		if n := fake.Log().Count("createJob"); n != 1 {
			t.Errorf("%d requests to start one", n)
		}
	})
}

// What can go wrong with the request, and what has to come of it.
func TestLostAnswers(t *testing.T) {
	type outcome uint8
	const (
		recovered outcome = iota
		started
		unknown // an AmbiguousTriggerError
		refused // a plain error: nothing was started
	)
	for name, test := range map[string]struct {
		fault *airbytetest.Fault
		late  *airbytetest.Late
		want  outcome
		syncs int
		most  time.Duration
	}{
		"reset after":             {fault: airbytetest.ResetAfterBody("createJob"), want: recovered, syncs: 1, most: time.Second},
		"reset before":            {fault: airbytetest.ResetBefore("createJob"), want: unknown, most: 70 * time.Second},
		"never answered":          {fault: airbytetest.StallAfterBody("createJob"), want: recovered, syncs: 1, most: 91 * time.Second},
		"never arrived":           {fault: airbytetest.Stall("createJob"), want: unknown, most: 110 * time.Second},
		"answered after a minute": {fault: airbytetest.DelayAnswer("createJob", time.Minute), want: started, syncs: 1, most: 61 * time.Second},
		"processed, 409":          {fault: airbytetest.LateConflict(time.Minute), want: recovered, syncs: 1, most: 62 * time.Second},
		"processed late":          {late: &airbytetest.Late{AnswersAfter: time.Minute, BeginsAfter: 70 * time.Second}, want: recovered, syncs: 1, most: 80 * time.Second},
		"never processed, 409":    {late: &airbytetest.Late{AnswersAfter: time.Minute, Never: true}, want: unknown, most: 130 * time.Second},
		"bad gateway":             {fault: airbytetest.HTML("createJob", 502), want: unknown, most: 70 * time.Second},
		"internal error":          {fault: airbytetest.Status("createJob", 500, `{"errorId":"1"}`), want: unknown, most: 70 * time.Second},
		"a page of a proxy":       {fault: airbytetest.HTML("createJob", 200), want: unknown, most: 70 * time.Second},
		"cut":                     {fault: airbytetest.Truncate("createJob", 20), want: recovered, syncs: 1, most: time.Second},
		"cut abruptly":            {fault: airbytetest.ResetMidBody("createJob", 20), want: recovered, syncs: 1, most: time.Second},
		"broken JSON":             {fault: airbytetest.InvalidJSON("createJob"), want: recovered, syncs: 1, most: time.Second},
		"wrong content type":      {fault: airbytetest.ContentType("createJob", "text/html"), want: recovered, syncs: 1, most: time.Second},
		"endless":                 {fault: airbytetest.Endless("createJob", 80<<20), want: unknown, most: 70 * time.Second},
		"not allowed":             {fault: airbytetest.Status("createJob", 403, `{"status":403,"type":"error","title":"forbidden"}`), want: refused, most: time.Second},
		"not valid":               {fault: airbytetest.Status("createJob", 400, `{"status":400,"type":"error","title":"bad"}`), want: refused, most: time.Second},
		"too fast, once":          {fault: airbytetest.RateLimit("createJob", "2").Once(), want: started, syncs: 1, most: 4 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fake := newFake(t, airbytetest.Tolerate(anything))
				conn := fake.AddConnection(airbytetest.SyncTakes(6*time.Hour), airbytetest.LateAnswers(func(int, *rand.Rand) *airbytetest.Late { return test.late }))
				fake.AddJob(conn.ID, time.Now().Add(-24*time.Hour), airbytetest.Run{Duration: time.Hour})
				if test.fault != nil {
					fake.Fault(test.fault)
				}
				began := time.Now()
				result, err := handleOf(t, fake, conn).StartSync(t.Context())
				took := time.Since(began)
				pass(5 * time.Minute) // whatever was on its way has come
				if n := fake.SyncsStarted(conn.ID); n != test.syncs {
					t.Errorf("%d syncs were started, want %d", n, test.syncs)
				}
				if took > test.most {
					t.Errorf("it took %v, want at most %v", took, test.most)
				}
				var ambiguous *airbyte.AmbiguousTriggerError
				switch test.want {
				case recovered, started:
					if err != nil || result.Recovered() != (test.want == recovered) || result.JobID() != fake.Jobs(conn.ID)[1].ID {
						t.Errorf("%v, %v", result, err)
					}
				case unknown:
					if !errors.As(err, &ambiguous) || ambiguous.ConnectionID != conn.ID || ambiguous.WorkspaceID != conn.Workspace || ambiguous.URL == "" || len(ambiguous.Candidates) != 0 {
						t.Errorf("%v", err)
					}
				case refused:
					var where *airbyte.ResourceError
					if err == nil || errors.As(err, &ambiguous) || !errors.As(err, &where) || where.Connection != conn.ID {
						t.Errorf("%v", err)
					}
				}
				if n := fake.Log().Count("createJob"); test.fault == nil && n != 1 || n > 2 {
					t.Errorf("%d requests to start one", n)
				}
			})
		})
	}
}

// Two jobs that could be ours are named, and none is taken.
func TestTwoCandidates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t)
		conn := fake.AddConnection(airbytetest.SyncTakes(time.Second))
		// Ours runs and ends, somebody else's follows, and only then the answer gets lost.
		fake.Fault(servicetest.NewFault("createJob", func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			servicetest.Capture(next, r)
			pass(10 * time.Second)
			fake.StartSync(conn.ID)
			servicetest.Cut(w, r)
		}))
		_, err := handleOf(t, fake, conn).RunSync(t.Context())
		var ambiguous *airbyte.AmbiguousTriggerError
		if !errors.As(err, &ambiguous) || !slices.Equal(ambiguous.Candidates, []int64{fake.Jobs(conn.ID)[1].ID, fake.Jobs(conn.ID)[0].ID}) {
			t.Fatalf("%v", err)
		}
		if !errors.Is(err, apierr.ErrUnavailable) {
			t.Errorf("%v does not hold what went wrong", err)
		}
	})
}

// A proxy sent our request twice and gave us the second answer: the job that runs is most likely ours, but that cannot be
// known.
func TestRepeatedByAProxy(t *testing.T) {
	repeat := func() *airbytetest.Fault {
		return servicetest.NewFault("createJob", func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			servicetest.Capture(next, r)
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusConflict)
			_, _ = w.Write([]byte(`{"status":409,"type":"https://reference.airbyte.com/reference/errors#try-again-later","title":"try-again-later","data":{"message":"A sync is already running for: x"}}`))
		})
	}
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t)
		conn := fake.AddConnection(airbytetest.SyncTakes(time.Hour))
		c := handleOf(t, fake, conn)
		fake.Fault(repeat())
		for _, policy := range []airbyte.RunningPolicy{airbyte.Fail, airbyte.WaitThenRun} {
			before := len(fake.Jobs(conn.ID))
			_, err := c.StartSync(t.Context(), airbyte.OnRunning(policy))
			var ambiguous *airbyte.AmbiguousTriggerError
			if !errors.As(err, &ambiguous) || !errors.Is(err, airbyte.ErrSyncRunning) || len(ambiguous.Candidates) != 1 || len(fake.Jobs(conn.ID)) != before+1 {
				t.Errorf("policy %d: %v, %d jobs", policy, err, len(fake.Jobs(conn.ID)))
			}
			fake.CancelSync(conn.ID)
			pass(time.Minute)
		}
		result, err := c.StartSync(t.Context(), airbyte.OnRunning(airbyte.Attach))
		if err != nil || !result.Attached() {
			t.Errorf("%v, %v", result, err)
		}
	})
}

// When the context ends while the request is under way, the error says both that and what is not known.
func TestTriggerCutShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t)
		conn := fake.AddConnection()
		fake.Fault(airbytetest.StallAfterBody("createJob"))
		for _, c := range []struct {
			after time.Duration
			want  error
		}{{time.Second, context.DeadlineExceeded}, {100 * time.Second, context.DeadlineExceeded}} {
			ctx, cancel := context.WithTimeout(t.Context(), c.after)
			began := time.Now()
			_, err := handleOf(t, fake, conn).RunSync(ctx)
			cancel()
			if c.after < 90*time.Second {
				var ambiguous *airbyte.AmbiguousTriggerError
				if !errors.As(err, &ambiguous) || !errors.Is(err, c.want) || time.Since(began) != c.after {
					t.Errorf("after %v: %v", time.Since(began), err)
				}
			} else if err != nil && !errors.Is(err, c.want) && !errors.Is(err, airbyte.ErrSyncRunning) {
				t.Errorf("%v", err)
			}
			pass(5 * time.Minute)
		}
	})
}

// A connection that could not be made proves that nothing was started.
func TestNotSent(t *testing.T) {
	s := newServer()
	s.fault = func(r *http.Request, f *faults) {
		if r.Method == http.MethodPost {
			f.before = errRefused
		}
	}
	s.rtt = 0
	synctest.Test(t, func(t *testing.T) {
		_, err := s.client(t).Workspace("w").Connection("c").StartSync(t.Context())
		var ambiguous *airbyte.AmbiguousTriggerError
		if err == nil || errors.As(err, &ambiguous) || !errors.Is(err, apierr.ErrUnavailable) {
			t.Errorf("%v", err)
		}
		if n := s.counted("GET", "/jobs"); n != 1 {
			t.Errorf("%d looks, want the one before", n)
		}
	})
}
