package tests_test

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"example.com/tidemark/tidemarktest"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/servicetest"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// misfortunes are what can happen to a request; some of them after it was processed.
var misfortunes = map[string]func() *servicetest.Fault{
	"reset before": func() *servicetest.Fault { return servicetest.ResetBefore("createBackup") },
	"reset after":  func() *servicetest.Fault { return servicetest.ResetAfterBody("createBackup") },
	"reset within": func() *servicetest.Fault { return servicetest.ResetMidBody("createBackup", 10) },
	"cut off":      func() *servicetest.Fault { return servicetest.Truncate("createBackup", 10) },
	"half a body":  func() *servicetest.Fault { return servicetest.InvalidJSON("createBackup") },
	"never":        func() *servicetest.Fault { return servicetest.StallAfterBody("createBackup") },
	"never at all": func() *servicetest.Fault { return servicetest.Stall("createBackup") },
	"late":         func() *servicetest.Fault { return servicetest.DelayAnswer("createBackup", 2*time.Minute) },
	"slow":         func() *servicetest.Fault { return servicetest.Delay("createBackup", 40*time.Second) },
	"limited":      func() *servicetest.Fault { return servicetest.RateLimit("createBackup", "3") },
	"a page":       func() *servicetest.Fault { return servicetest.HTML("createBackup", http.StatusOK) },
	"bad gateway":  func() *servicetest.Fault { return servicetest.HTML("createBackup", http.StatusBadGateway) },
	"unavailable": func() *servicetest.Fault {
		return servicetest.Status("createBackup", http.StatusServiceUnavailable, "")
	},
	"internal": func() *servicetest.Fault {
		return servicetest.Status("createBackup", http.StatusInternalServerError, "")
	},
	"unauthorized": func() *servicetest.Fault { return servicetest.Status("createBackup", http.StatusUnauthorized, "") },
	"unprocessable": func() *servicetest.Fault {
		return servicetest.Status("createBackup", http.StatusUnprocessableEntity, "")
	},
	"done, then 502": func() *servicetest.Fault {
		return servicetest.NewFault("createBackup", func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			servicetest.Capture(next, r)
			w.WriteHeader(http.StatusBadGateway)
		})
	},
}

// Whatever happens to the requests of a start, it starts one backup or none, and says which: a success is the one backup,
// an error that does not speak of doubt means none.
func TestStartIsNeverDoubled(t *testing.T) {
	runs, atOnce := 4000, 200
	if raceEnabled {
		runs = 2000
	}
	names := slices.Sorted(maps.Keys(misfortunes))
	var mu sync.Mutex
	outcomes := map[string]int{}
	for batch := range runs / atOnce {
		synctest.Test(t, func(t *testing.T) {
			fake := tidemarktest.New(t, nil)
			connections := fake.Transport()
			defer connections.CloseIdleConnections()
			client := fake.Client(transport.WithLimits(transport.LimitOptions{}), transport.WithRoundTripper(labelled{connections}))
			var wg sync.WaitGroup
			for i := range atOnce {
				random := rand.New(rand.NewPCG(uint64(batch), uint64(i)))
				database := fake.AddDatabase(tidemarktest.Plan{Takes: time.Hour, Parallel: random.IntN(2) == 0})
				var happens []string
				ctx, cancel := context.WithCancel(context.WithValue(t.Context(), run{}, database))
				if random.IntN(4) == 0 {
					ctx, cancel = context.WithTimeout(ctx, time.Duration(random.IntN(300))*time.Second)
				}
				for k := range random.IntN(8) {
					name := names[random.IntN(len(names))]
					happens = append(happens, name)
					fake.Fault(misfortunes[name]().Once().When(of(database, k)))
				}
				wg.Go(func() {
					defer cancel()
					backup, err := client.StartBackup(ctx, database)
					// What is under way may still arrive.
					<-time.After(5 * time.Minute)
					started := fake.Backups(database)
					outcome, wrong := judge(err, len(started))
					if err == nil && (len(started) == 0 || backup.Ref().ID != started[0].ID) {
						wrong = "it is another backup"
					}
					mu.Lock()
					defer mu.Unlock()
					outcomes[outcome]++
					if wrong != "" {
						t.Errorf("batch %d, %s, %q: %s: %d backups, error %v", batch, database, happens, wrong, len(started), err)
					}
				})
			}
			wg.Wait()
		})
		if t.Failed() {
			break
		}
	}
	t.Logf("%v", outcomes)
	for _, outcome := range []string{"started", "not started", "in doubt, started", "in doubt, not started"} {
		if outcomes[outcome] == 0 && !t.Failed() {
			t.Errorf("no run ended as %q: the test does not test that", outcome)
		}
	}
}

// run is the context key of the database that a run is about.
type run struct{}

// labelled tells the server which run a request belongs to.
type labelled struct{ http.RoundTripper }

func (l labelled) RoundTrip(r *http.Request) (*http.Response, error) {
	if database, ok := r.Context().Value(run{}).(string); ok {
		r = r.Clone(r.Context())
		r.Header.Set("X-Database", database)
	}
	return l.RoundTripper.RoundTrip(r)
}

// of matches the k-th request that is about a database and those after it.
func of(database string, k int) func(*http.Request) bool {
	var mu sync.Mutex
	seen := 0
	return func(r *http.Request) bool {
		if r.Header.Get("X-Database") != database {
			return false
		}
		mu.Lock()
		defer mu.Unlock()
		seen++
		return seen > k
	}
}

func judge(err error, started int) (outcome, wrong string) {
	e, _ := errors.AsType[*apierr.Error](err)
	switch {
	case started > 1:
		return "doubled", "more than one was started"
	case err == nil && started == 1:
		return "started", ""
	case err == nil:
		return "lost", "a success without a backup"
	case e == nil:
		return "untyped", "the error has no type"
	case e.MayHaveApplied && started == 1:
		return "in doubt, started", ""
	case e.MayHaveApplied:
		return "in doubt, not started", ""
	case started == 1:
		return "denied", "the error says that nothing was started"
	}
	return "not started", ""
}

// After an error that leaves it open, the same key brings the backup of the first request, from another process too.
func TestStartAgainWithTheSameKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := tidemarktest.New(t, nil)
		database := fake.AddDatabase(tidemarktest.Plan{})
		ctx := transport.WithIdempotencyKey(t.Context(), "nightly-2026-11-20")
		lost := servicetest.ResetAfterBody("createBackup")
		fake.Fault(lost)
		short, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		_, err := fake.Client().StartBackup(short, database)
		e, ok := errors.AsType[*apierr.Error](err)
		if !ok || !e.MayHaveApplied || !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("%v", err)
		}
		lost.Remove()
		<-time.After(3 * time.Minute) // the backup has ended
		backup, err := fake.Client().StartBackup(ctx, database)
		if err != nil {
			t.Fatal(err)
		}
		if started := fake.Backups(database); len(started) != 1 || started[0].ID != backup.Ref().ID || !backup.Last().Phase.Final() {
			t.Errorf("%v after %d backups", backup.Last(), len(started))
		}
	})
}
