package tests_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/airbyte"
	"github.com/sluice-sdk/sluice/wrappers/airbyte/airbytetest"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// The durations of the tests of waiting: a connection's typical one is lognormal around three minutes, its runs are
// lognormal around that.
const (
	typicalMedian = 180.0 // seconds
	typicalSigma  = 0.95
	runSigma      = 0.30
	requestTime   = 120 * time.Millisecond
)

// arrival is one sync of such a test.
type arrival struct {
	at, pending, runs time.Duration
	typical           float64 // ln of the connection's typical seconds
}

func arrivals(r *rand.Rand, n int, window time.Duration) []arrival {
	list := make([]arrival, n)
	for i := range list {
		typical := math.Log(typicalMedian) + typicalSigma*r.NormFloat64()
		runs := seconds(math.Exp(typical + runSigma*r.NormFloat64()))
		list[i] = arrival{typical: typical, runs: runs, pending: min(runs, seconds(2+6*r.Float64())), at: time.Duration(r.Float64() * float64(window))}
	}
	slices.SortFunc(list, func(a, b arrival) int { return int(a.at - b.at) })
	return list
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// tally is what waiting for jobs cost and how late their ends were noticed.
type tally struct {
	requests, peak int
	mean, p99      time.Duration
}

func newTally(requests, peak int, delays []time.Duration) tally {
	slices.Sort(delays)
	var sum time.Duration
	for _, d := range delays {
		sum += d
	}
	return tally{requests, peak, sum / time.Duration(len(delays)), delays[min(len(delays)-1, len(delays)*99/100)]}
}

func (t tally) String() string {
	return fmt.Sprintf("%d requests, at most %d in a second, noticed after %v, 99%% within %v", t.requests, t.peak, t.mean.Round(time.Millisecond), t.p99.Round(time.Millisecond))
}

// everyFixed is what a poll of each job at a fixed interval costs.
func everyFixed(list []arrival, interval time.Duration) tally {
	perSecond := map[int]int{}
	var delays []time.Duration
	requests := 0
	for _, a := range list {
		for at := interval; ; at += interval + requestTime {
			requests++
			perSecond[int((a.at+at)/time.Second)]++
			if at+requestTime/2 >= a.runs {
				delays = append(delays, at+requestTime-a.runs)
				break
			}
		}
	}
	peak := 0
	for _, n := range perSecond {
		peak = max(peak, n)
	}
	return newTally(requests, peak, delays)
}

// recorder counts the requests that wait, and not those that start a job: the request itself and the look at the
// connection's jobs before it.
type recorder struct {
	http.RoundTripper
	mu        sync.Mutex
	requests  int
	perSecond map[int64]int
}

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	query := req.URL.Query()
	if req.Method == http.MethodGet && (query.Get("connectionId") == "" || query.Get("status") != "") {
		r.mu.Lock()
		if r.perSecond == nil {
			r.perSecond = map[int64]int{}
		}
		r.requests++
		r.perSecond[time.Now().Unix()]++
		r.mu.Unlock()
	}
	return r.RoundTripper.RoundTrip(req)
}

func (r *recorder) peak() int {
	peak := 0
	for _, n := range r.perSecond {
		peak = max(peak, n)
	}
	return peak
}

// run is what the fake makes of an arrival; one in eleven does not succeed.
func (a arrival) run() airbytetest.Run {
	run := airbytetest.Run{Duration: a.runs, Startup: max(a.pending, 1)}
	switch int(a.runs) % 11 {
	case 0:
		run.Failure = "no"
	case 1:
		run.Cancelled = true
	}
	return run
}

// waitAll starts the syncs through the wrapper, waits for each of them with the wrapper, and counts. As many syncs of
// others run in the same workspace.
func waitAll(t *testing.T, list []arrival, foreign []arrival) tally {
	t.Helper()
	fake := airbytetest.New(t, airbytetest.WithRoundTrip(requestTime), airbytetest.SampleContract(100), airbytetest.KeepRecords(-1))
	connect := func(list []arrival) []airbytetest.Connection {
		connections := make([]airbytetest.Connection, len(list))
		for i, a := range list {
			connections[i] = fake.AddConnection(airbytetest.Runs(func(int, *rand.Rand) airbytetest.Run { return a.run() }))
		}
		return connections
	}
	own, theirs := connect(list), connect(foreign)
	r := &recorder{RoundTripper: fake.Transport()}
	ws := clientOf(t, fake, airbyte.WithRoundTripper(r), airbyte.WithTransport(transport.WithLimits(transport.LimitOptions{}))).Workspace(fake.WorkspaceID())
	began := time.Now()
	done := make(chan struct{})
	var others, wg sync.WaitGroup
	others.Go(func() {
		for i, a := range foreign {
			select {
			case <-time.After(time.Until(began.Add(a.at))):
				fake.StartSync(theirs[i].ID)
			case <-done:
				return
			}
		}
	})
	delays := make([]time.Duration, len(list))
	for i, a := range list {
		pass(time.Until(began.Add(a.at)))
		wg.Go(func() {
			result, err := ws.StartSync(t.Context(), own[i].ID)
			if err != nil {
				t.Error(err)
				return
			}
			if _, err := result.Wait(t.Context(), airbyte.TolerateFailure()); err != nil {
				t.Error(err)
			}
			now := time.Now()
			j, _ := fake.Job(result.JobID())
			delays[i] = now.Sub(j.Updated)
			if last := result.Cached().Raw; last != j.Status {
				t.Errorf("job %d is %q, heard was %q", j.ID, j.Status, last)
			}
		})
	}
	wg.Wait()
	close(done)
	others.Wait()
	return newTally(r.requests, r.peak(), delays)
}

func TestWaitingForTenThousand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 1))
		n, during := cut(10_000, 200), time.Duration(cut(3600, 72))*time.Second
		list := arrivals(r, n, during)
		fixed := everyFixed(list, 2*time.Second)
		got := waitAll(t, list, arrivals(r, n, during))
		t.Logf("every 2 s each: %v", fixed)
		t.Logf("this package:   %v: 1/%d of the requests, mean %.2f, p99 %.2f", got, fixed.requests/got.requests, ratio(got.mean, fixed.mean), ratio(got.p99, fixed.p99))
		if raceEnabled {
			return // what was promised are figures of ten thousand
		}
		if got.requests*150 > fixed.requests {
			t.Errorf("%d requests are more than 1/150 of %d", got.requests, fixed.requests)
		}
		if ratio(got.mean, fixed.mean) > 0.65 || ratio(got.p99, fixed.p99) > 0.65 {
			t.Errorf("noticed after %v, 99%% within %v: more than 0.65 of %v and %v", got.mean, got.p99, fixed.mean, fixed.p99)
		}
		if got.peak > 15 {
			t.Errorf("%d requests in a second, want 15 at most", got.peak)
		}
	})
}

// The requests are in proportion to the end of the last job, which is far out in one world and near in the next: twenty worlds
// make 1/15 to 1/19 of a fixed poll's, so it takes many of them to see the mean.
func TestWaitingForHundredTogether(t *testing.T) {
	var fixed, got tally
	worlds, n := cut(60, 2), cut(100, 20)
	for world := range worlds {
		synctest.Test(t, func(t *testing.T) {
			r := rand.New(rand.NewPCG(2, uint64(world)))
			list := arrivals(r, n, 0)
			add(&fixed, everyFixed(list, 2*time.Second))
			add(&got, waitAll(t, list, arrivals(r, n, 0)))
		})
	}
	t.Logf("mean of %d worlds, every 2 s each: %v", worlds, over(fixed, worlds))
	t.Logf("mean of %d worlds, this package:   %v: 1/%.1f of the requests, mean %.2f", worlds, over(got, worlds), float64(fixed.requests)/float64(got.requests), ratio(got.mean, fixed.mean))
	if raceEnabled {
		return // what was promised are figures of a hundred
	}
	if got.requests*16 > fixed.requests {
		t.Errorf("%d requests are more than 1/16 of %d", got.requests, fixed.requests)
	}
	if ratio(got.mean, fixed.mean) > 0.9 {
		t.Errorf("noticed after %v, more than 0.9 of %v", got.mean/time.Duration(worlds), fixed.mean/time.Duration(worlds))
	}
	if got.p99/time.Duration(worlds) > 5*time.Second {
		t.Errorf("99%% noticed within %v, want 5s at most", got.p99/time.Duration(worlds))
	}
}

// A lone wait follows the five earlier runs of its connection.
func TestWaitingForOneWithHistory(t *testing.T) {
	runs := cut(1500, 50)
	var fixed, got tally
	var fixedDelays, gotDelays []time.Duration
	var requestExcess, delayExcess []float64
	expected := (5*time.Second + requestTime + requestTime) / 2 // the delay of a fixed poll, whatever the durations
	synctest.Test(t, func(t *testing.T) {
		fake := airbytetest.New(t, airbytetest.WithRoundTrip(requestTime), airbytetest.SampleContract(100), airbytetest.KeepRecords(-1))
		var mu sync.Mutex
		var wg sync.WaitGroup
		for run := range runs {
			r := rand.New(rand.NewPCG(3, uint64(run)))
			a := arrivals(r, 1, 0)[0]
			conn := fake.AddConnection(airbytetest.Runs(func(int, *rand.Rand) airbytetest.Run { return airbytetest.Run{Duration: a.runs, Startup: a.pending} }))
			for past := range 5 {
				fake.AddJob(conn.ID, time.Now().Add(time.Duration(past-6)*24*time.Hour), airbytetest.Run{Duration: seconds(math.Exp(a.typical + runSigma*r.NormFloat64()))})
			}
			recorder := &recorder{RoundTripper: fake.Transport()}
			c := handleOf(t, fake, conn, airbyte.WithRoundTripper(recorder)) // a client of its own: a lone wait
			wg.Go(func() {
				pass(a.at + time.Duration(run)*7*time.Millisecond)
				result, err := c.RunSync(t.Context())
				now := time.Now()
				if err != nil {
					t.Error(err)
					return
				}
				j, _ := fake.Job(result.JobID())
				one := everyFixed([]arrival{a}, 5*time.Second)
				mu.Lock()
				defer mu.Unlock()
				fixed.requests += one.requests
				fixedDelays = append(fixedDelays, one.mean)
				got.requests += recorder.requests
				gotDelays = append(gotDelays, now.Sub(j.Updated))
				requestExcess = append(requestExcess, float64(recorder.requests)-0.45*float64(one.requests))
				delayExcess = append(delayExcess, (now.Sub(j.Updated) - expected*105/100).Seconds())
			})
		}
		wg.Wait()
	})
	if t.Failed() {
		return
	}
	fixed, got = newTally(fixed.requests, 0, fixedDelays), newTally(got.requests, 0, gotDelays)
	t.Logf("%d runs, every 5 s:    %v", runs, fixed)
	t.Logf("%d runs, this package: %v: %.2f of the requests, mean %.2f", runs, got, float64(got.requests)/float64(fixed.requests), ratio(got.mean, fixed.mean))
	// The pauses are jittered by chance that a test cannot fix, and both figures vary much from run to run, so the means of
	// so few runs are allowed three standard errors. Package job holds the exact figures, over thousands of runs with its own
	// chance fixed.
	for _, excess := range []struct {
		name  string
		of    []float64 // how far each run is above what is promised
		limit string
	}{
		{"requests", requestExcess, "0.45 of a poll every 5 s"},
		{"seconds of delay", delayExcess, "1.05 of a poll every 5 s"},
	} {
		mean, standardError := meanOf(excess.of)
		t.Logf("%s above %s: %.3f ± %.3f", excess.name, excess.limit, mean, standardError)
		if mean > 3*standardError {
			t.Errorf("%.3f %s above %s, with a standard error of %.3f", mean, excess.name, excess.limit, standardError)
		}
	}
}

// meanOf returns the mean of a sample and its standard error.
func meanOf(sample []float64) (mean, standardError float64) {
	n := float64(len(sample))
	for _, x := range sample {
		mean += x / n
	}
	var squares float64
	for _, x := range sample {
		squares += (x - mean) * (x - mean)
	}
	return mean, math.Sqrt(squares/(n-1)) / math.Sqrt(n)
}

func ratio(a, b time.Duration) float64 { return float64(a) / float64(b) }

func add(sum *tally, t tally) {
	sum.requests += t.requests
	sum.peak += t.peak
	sum.mean += t.mean
	sum.p99 += t.p99
}

func over(sum tally, n int) tally {
	return tally{sum.requests / n, sum.peak / n, sum.mean / time.Duration(n), sum.p99 / time.Duration(n)}
}

// A day passes in less than a second.
func TestSyncOfADay(t *testing.T) {
	began := time.Now()
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t)
		conn := fake.AddConnection(airbytetest.SyncTakes(24 * time.Hour))
		start := time.Now()
		result, err := handleOf(t, fake, conn).RunSync(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took < 24*time.Hour || took > 24*time.Hour+2*time.Minute {
			t.Errorf("the sync of a day was noticed after %v", took)
		}
		if n, known := result.RecordsSynced().Int64(); !known || n != 1000 {
			t.Errorf("%v records, want 1000", result.RecordsSynced())
		}
		t.Logf("%v", fake.Requests())
	})
	if took := time.Since(began); took > time.Second && !raceEnabled {
		t.Errorf("it took %v", took)
	}
}
