package tests_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
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

// waitAll starts the syncs through the wrapper, waits for each of them with the wrapper, and counts.
func waitAll(t *testing.T, list []arrival, foreign []arrival) tally {
	t.Helper()
	s := newServer()
	s.rtt = requestTime
	plans := map[string]arrival{}
	for i, a := range list {
		plans[fmt.Sprintf("own-%d", i)] = a
	}
	for i, a := range foreign {
		plans[fmt.Sprintf("foreign-%d", i)] = a
	}
	s.takes = func(connection string) (time.Duration, time.Duration, string) {
		a := plans[connection]
		return a.pending, a.runs, []string{"succeeded", "succeeded", "succeeded", "succeeded", "succeeded", "succeeded", "succeeded", "succeeded", "succeeded", "failed", "cancelled"}[int(a.runs)%11]
	}
	client := s.client(t)
	ws := client.Workspace("ws")
	var mu sync.Mutex
	var delays []time.Duration
	var wg sync.WaitGroup
	done := make(chan struct{})
	for i, a := range foreign {
		go func() {
			select {
			case <-time.After(a.at):
				s.begin(fmt.Sprintf("foreign-%d", i), "sync", true)
			case <-done:
			}
		}()
	}
	for i, a := range list {
		wg.Go(func() {
			time.Sleep(a.at)
			connection := fmt.Sprintf("own-%d", i)
			result, err := ws.StartSync(t.Context(), connection)
			if err != nil {
				t.Errorf("%s: %v", connection, err)
				return
			}
			if _, err := result.Wait(t.Context()); err != nil && result.Err() == nil {
				t.Errorf("%s: %v", connection, err)
			}
			s.mu.Lock()
			end := s.jobs[result.JobID()-1].end
			s.mu.Unlock()
			mu.Lock()
			delays = append(delays, time.Since(end))
			mu.Unlock()
		})
	}
	wg.Wait()
	close(done)
	if len(delays) != len(list) {
		t.Fatalf("%d of %d ended", len(delays), len(list))
	}
	perSecond := map[int64]int{}
	requests, peak := 0, 0
	for _, c := range s.calls {
		if c.method == "POST" || strings.HasPrefix(c.url, "/jobs?connectionId=") && !strings.Contains(c.url, "status=") {
			continue // starting
		}
		requests++
		perSecond[c.at.Unix()]++
		peak = max(peak, perSecond[c.at.Unix()])
	}
	return newTally(requests, peak, delays)
}

func TestWaitingForTenThousand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 1))
		list := arrivals(r, 10_000, time.Hour)
		fixed := everyFixed(list, 2*time.Second)
		got := waitAll(t, list, arrivals(r, 10_000, time.Hour))
		t.Logf("every 2 s each: %v", fixed)
		t.Logf("this package:   %v: 1/%d of the requests, mean %.2f, p99 %.2f", got, fixed.requests/got.requests, ratio(got.mean, fixed.mean), ratio(got.p99, fixed.p99))
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

func TestWaitingForHundredTogether(t *testing.T) {
	var fixed, got tally
	const worlds = 5
	for world := range worlds {
		synctest.Test(t, func(t *testing.T) {
			r := rand.New(rand.NewPCG(2, uint64(world)))
			list := arrivals(r, 100, 0)
			add(&fixed, everyFixed(list, 2*time.Second))
			add(&got, waitAll(t, list, arrivals(r, 100, 0)))
		})
	}
	t.Logf("mean of %d worlds, every 2 s each: %v", worlds, over(fixed, worlds))
	t.Logf("mean of %d worlds, this package:   %v: 1/%.1f of the requests, mean %.2f", worlds, over(got, worlds), float64(fixed.requests)/float64(got.requests), ratio(got.mean, fixed.mean))
	if got.requests*16 > fixed.requests {
		t.Errorf("%d requests are more than 1/16 of %d", got.requests, fixed.requests)
	}
	if ratio(got.mean, fixed.mean) > 0.9 {
		t.Errorf("noticed after %v, more than 0.9 of %v", got.mean/worlds, fixed.mean/worlds)
	}
	if got.p99/worlds > 5*time.Second {
		t.Errorf("99%% noticed within %v, want 5s at most", got.p99/worlds)
	}
}

// A lone wait follows the five earlier runs of its connection.
func TestWaitingForOneWithHistory(t *testing.T) {
	const runs = 400
	var fixed, got tally
	var fixedDelays, gotDelays []time.Duration
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var wg sync.WaitGroup
		for run := range runs {
			wg.Go(func() {
				r := rand.New(rand.NewPCG(3, uint64(run)))
				a := arrivals(r, 1, 0)[0]
				s := newServer()
				s.rtt = requestTime
				s.takes = func(string) (time.Duration, time.Duration, string) {
					runs := seconds(math.Exp(a.typical + runSigma*r.NormFloat64()))
					return min(runs, 2*time.Second), runs, "succeeded"
				}
				for range 5 { // the past runs, one after the other
					j := s.begin("c", "sync", true)
					time.Sleep(time.Until(j.end) + time.Minute)
				}
				s.takes = func(string) (time.Duration, time.Duration, string) { return a.pending, a.runs, "succeeded" }
				result, err := s.client(t).Workspace("ws").Connection("c").RunSync(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				delay := time.Since(s.jobs[result.JobID()-1].end)
				requests := s.counted("GET", "/jobs/") + s.counted("GET", "/jobs?") - 1 // the one before the start
				one := everyFixed([]arrival{a}, 5*time.Second)
				mu.Lock()
				defer mu.Unlock()
				fixed.requests += one.requests
				fixedDelays = append(fixedDelays, one.mean)
				got.requests += requests
				gotDelays = append(gotDelays, delay)
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
	if float64(got.requests) > 0.45*float64(fixed.requests) {
		t.Errorf("%d requests are more than 0.45 of %d", got.requests, fixed.requests)
	}
	if ratio(got.mean, fixed.mean) > 1.05 {
		t.Errorf("noticed after %v, more than 1.05 of %v", got.mean, fixed.mean)
	}
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
		s := newServer()
		s.takes = func(string) (time.Duration, time.Duration, string) { return time.Minute, 24 * time.Hour, "succeeded" }
		start := time.Now()
		result, err := s.client(t).Workspace("ws").Connection("c").RunSync(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took < 24*time.Hour || took > 24*time.Hour+2*time.Minute {
			t.Errorf("the sync of a day was noticed after %v", took)
		}
		if n, known := result.RecordsSynced().Int64(); !known || n != 1000 {
			t.Errorf("%v records, want 1000", result.RecordsSynced())
		}
		t.Logf("%d requests", s.counted("GET", "/jobs"))
	})
	if took := time.Since(began); took > time.Second {
		t.Errorf("it took %v", took)
	}
}
