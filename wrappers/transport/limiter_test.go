package transport

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

func limits(t *testing.T, o LimitOptions) *limiter {
	t.Helper()
	o, err := o.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	return newLimiter(o)
}

func TestRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := limits(t, LimitOptions{RequestsPerSecond: 10, Burst: 5})
		start := time.Now()
		var mu sync.Mutex
		var at []time.Duration
		var wg sync.WaitGroup
		for range 25 {
			wg.Go(func() {
				if _, err := l.acquire(t.Context(), User); err != nil {
					t.Error(err)
				}
				mu.Lock()
				at = append(at, time.Since(start))
				mu.Unlock()
				l.release(User)
			})
		}
		wg.Wait()
		slices.Sort(at)
		for i, d := range at {
			want := time.Duration(max(0, i-4)) * 100 * time.Millisecond
			if d < want || d > want+time.Millisecond {
				t.Errorf("request %d left after %s, want %s", i, d, want)
			}
		}
		if l.timer != nil {
			t.Error("a timer is left")
		}
	})
}

// TestFIFO: within a lane the turns come in the order of asking.
func TestFIFO(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := limits(t, LimitOptions{InFlight: 1})
		if _, err := l.acquire(t.Context(), User); err != nil {
			t.Fatal(err)
		}
		var order []int
		var wg sync.WaitGroup
		for i := range 50 {
			wg.Go(func() {
				_, _ = l.acquire(t.Context(), User)
				order = append(order, i)
				l.release(User)
			})
			synctest.Wait()
		}
		l.release(User)
		wg.Wait()
		if !slices.IsSorted(order) || len(order) != 50 {
			t.Error(order)
		}
	})
}

// TestLanes: with both lanes full, a poll has every fifth turn; with none waiting in the other, all of them.
func TestLanes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := limits(t, LimitOptions{RequestsPerSecond: 100, Burst: 1})
		var mu sync.Mutex
		var order []Lane
		var wg sync.WaitGroup
		for range 40 {
			for _, lane := range []Lane{Poll, User} {
				wg.Go(func() {
					_, _ = l.acquire(t.Context(), lane)
					mu.Lock()
					order = append(order, lane)
					mu.Unlock()
					l.release(lane)
				})
			}
		}
		wg.Wait()
		polls := 0
		for _, lane := range order[5:45] {
			if lane == Poll {
				polls++
			}
		}
		if polls != 8 {
			t.Errorf("%d of 40 turns were polls while others waited, want 8", polls)
		}
		if len(order) != 80 {
			t.Errorf("%d turns", len(order))
		}
	})
}

// TestPollsLeavePlaces: polls that hang do not take the last place in flight.
func TestPollsLeavePlaces(t *testing.T) {
	for inFlight, polls := range map[int]int{1: 1, 2: 1, 4: 3, 8: 6} {
		synctest.Test(t, func(t *testing.T) {
			l := limits(t, LimitOptions{InFlight: inFlight})
			var taken atomic.Int64
			ctx, cancel := context.WithCancel(t.Context())
			var wg sync.WaitGroup
			for range 20 {
				wg.Go(func() {
					if _, err := l.acquire(ctx, Poll); err == nil {
						taken.Add(1)
					}
				})
			}
			synctest.Wait()
			if int(taken.Load()) != polls {
				t.Errorf("%d in flight: %d polls, want %d", inFlight, taken.Load(), polls)
			}
			if inFlight > 1 {
				if _, err := l.acquire(ctx, User); err != nil {
					t.Error(err)
				}
			}
			cancel()
			wg.Wait()
		})
	}
}

// TestLimiterCancel: a caller that leaves takes no turn with it, and returns at once.
func TestLimiterCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := limits(t, LimitOptions{RequestsPerSecond: 1, Burst: 1, InFlight: 2})
		_, _ = l.acquire(t.Context(), User)
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		start := time.Now()
		if _, err := l.acquire(ctx, User); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 500*time.Millisecond {
			t.Fatal(err, time.Since(start))
		}
		if l.timer != nil {
			t.Error("a timer is left")
		}
		if _, err := l.acquire(t.Context(), User); err != nil || time.Since(start).Round(time.Millisecond) != time.Second {
			t.Fatal(err, time.Since(start))
		}
		l.release(User)
		l.release(User)
		if l.inFlight != [lanes]int{} {
			t.Error(l.inFlight)
		}
	})
}

// TestLimiterCancelRace lets turns and cancellations come at the same moment, many times.
func TestLimiterCancelRace(t *testing.T) {
	l := limits(t, LimitOptions{InFlight: 1})
	var inside atomic.Int64
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 500 {
				ctx, cancel := context.WithCancel(t.Context())
				if (i+j)%2 == 0 {
					go cancel()
				}
				if _, err := l.acquire(ctx, Lane(j%2)); err == nil {
					if n := inside.Add(1); n != 1 {
						t.Errorf("%d in flight", n)
					}
					inside.Add(-1)
					l.release(Lane(j % 2))
				}
				cancel()
			}
		})
	}
	wg.Wait()
	if l.inFlight != [lanes]int{} || l.queue[User].Len()+l.queue[Poll].Len() != 0 {
		t.Error("places or callers are left over", l.inFlight)
	}
}

// TestAdaptiveRate: a 429 slows the client down once, and the rate recovers.
func TestAdaptiveRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := limits(t, LimitOptions{RequestsPerSecond: 20})
		var epochs []uint64
		for range 5 {
			epoch, _ := l.acquire(t.Context(), User)
			epochs = append(epochs, epoch)
		}
		for _, epoch := range epochs { // five answers to requests of the same time count once
			l.throttle(epoch, 0)
		}
		if rate := l.rate(); math.Abs(rate-14) > 0.01 {
			t.Errorf("rate %v after a 429 at 20/s, want 14", rate)
		}
		last := 0.0
		for second := 1; second <= 60; second++ {
			time.Sleep(time.Second)
			rate := l.rate()
			if rate < last-1e-9 || rate > 20 {
				t.Errorf("rate %v after %d s, was %v", rate, second, last)
			}
			last = rate
		}
		if last != 20 {
			t.Errorf("the rate is %v after a minute", last)
		}
		// It never falls below one in two seconds.
		for range 50 {
			epoch, err := l.acquire(t.Context(), User)
			if err != nil {
				t.Fatal(err)
			}
			l.throttle(epoch, 0)
		}
		if rate := l.rate(); rate < minRate {
			t.Errorf("rate %v", rate)
		}
	})
}

// TestAdaptiveClient: a service that allows 5 requests a second sees few more than that from a client set to 50.
func TestAdaptiveClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var window []time.Time
		throttled := 0
		c := newClient(t, "https://api.example.com", testOperations, WithRetry(RetryOptions{Budget: -1, MaxAttempts: 50}),
			WithLimits(LimitOptions{RequestsPerSecond: 50}), WithRoundTripper(roundTripper(
				func(r *http.Request) (*http.Response, error) {
					mu.Lock()
					defer mu.Unlock()
					now := time.Now()
					window = slices.DeleteFunc(window, func(at time.Time) bool { return now.Sub(at) >= time.Second })
					if len(window) >= 5 {
						throttled++
						return answer(r, 429, "", ""), nil
					}
					window = append(window, now)
					return answer(r, 200, "application/json", "{}"), nil
				})))
		var wg sync.WaitGroup
		for range 300 {
			wg.Go(func() {
				if err := Discard(c.Do(newRequest(t, http.MethodGet, "https://api.example.com/jobs", ""))); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if throttled > 300 {
			t.Errorf("%d answers of 429 for 300 calls", throttled)
		}
	})
}

// TestLimitsInChain: places are taken while a request or its body is open, and every try takes a turn.
func TestLimitsInChain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sent atomic.Int64
		c := newClient(t, "https://api.example.com", testOperations, WithLimits(LimitOptions{InFlight: 1}), WithRoundTripper(roundTripper(
			func(r *http.Request) (*http.Response, error) {
				if n := sent.Add(1); n < 3 && r.URL.Path == "/jobs" {
					return answer(r, 503, "", ""), nil
				}
				return answer(r, 200, "text/plain", "hello"), nil
			})))
		resp, err := c.Do(newRequest(t, http.MethodGet, "https://api.example.com/events", ""))
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = c.Do(newRequest(t, http.MethodGet, "https://api.example.com/events", "").WithContext(WithLane(ctx, Poll)))
		var e *apierr.Error
		if !errors.As(err, &e) || e.Kind != apierr.KindTimeout || e.Attempts != 0 || e.MayHaveApplied {
			t.Errorf("a second request went out beside an open body: %v", err)
		}
		_ = resp.Body.Close()
		_ = resp.Body.Close()
		for range 2 {
			if resp, err := c.Do(newRequest(t, http.MethodGet, "https://api.example.com/events", "")); err != nil {
				t.Error(err)
			} else {
				_ = resp.Body.Close()
			}
		}
		_, _ = c.Do(newRequest(t, http.MethodGet, "https://api.example.com/jobs", ""))
		if c.limits.inFlight != [lanes]int{} {
			t.Error("a place is left taken", c.limits.inFlight)
		}
	})
}

func TestLane(t *testing.T) {
	for _, lane := range []Lane{User, Poll} {
		if got := laneOf(WithLane(t.Context(), lane)); got != lane {
			t.Error(got)
		}
	}
	if got := laneOf(WithLane(t.Context(), 9)); got != User {
		t.Error(got)
	}
}

func BenchmarkLimiter(b *testing.B) {
	for _, o := range []LimitOptions{{InFlight: 64}, {RequestsPerSecond: 1e12, InFlight: 64}} {
		b.Run(fmt.Sprintf("%+v", o), func(b *testing.B) {
			o, _ := o.withDefaults()
			l := newLimiter(o)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := l.acquire(b.Context(), User); err != nil {
					b.Fatal(err)
				}
				l.release(User)
			}
		})
	}
}

// TestPauseOnThrottle: after a 429 nothing is sent until the time it names is over, whoever sends; a time beyond
// MaxRetryAfter stops nobody.
func TestPauseOnThrottle(t *testing.T) {
	for _, test := range []struct {
		name       string
		on         bool
		rate       float64
		retryAfter string
		want       time.Duration // when the second caller's request arrives
	}{
		{"on", true, 10, "60", 59 * time.Second},
		{"on, without a rate", true, 0, "60", 59 * time.Second},
		{"off", false, 10, "60", 0},
		{"too long", true, 10, "61", 0},
		{"no time named", true, 10, "", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var mu sync.Mutex
				var at []time.Duration
				start := time.Now()
				c := newClient(t, "https://api.example.com", testOperations,
					WithLimits(LimitOptions{RequestsPerSecond: test.rate, PauseOnThrottle: test.on, InFlight: 5}),
					WithRetry(RetryOptions{MaxAttempts: 1}),
					WithRoundTripper(roundTripper(func(r *http.Request) (*http.Response, error) {
						mu.Lock()
						defer mu.Unlock()
						if at = append(at, time.Since(start)); len(at) == 1 {
							return answer(r, 429, "", "", "Retry-After", test.retryAfter), nil
						}
						return answer(r, 200, "application/json", "{}"), nil
					})))
				_, err := c.Do(newRequest(t, "GET", "https://api.example.com/jobs", ""))
				if !errors.Is(err, apierr.ErrRateLimited) {
					t.Fatal(err)
				}
				timer := time.NewTimer(time.Second)
				<-timer.C
				var wg sync.WaitGroup
				for range 20 {
					wg.Go(func() {
						if err := Discard(c.Do(newRequest(t, "GET", "https://api.example.com/jobs", ""))); err != nil {
							t.Error(err)
						}
					})
				}
				wg.Wait()
				if waited := at[1] - time.Second; waited < test.want || waited > test.want+time.Second {
					t.Errorf("the next request left %s after it was asked for, want %s", waited, test.want)
				}
				if test.on && test.rate > 0 && test.want > 0 && at[len(at)-1]-at[1] < 1500*time.Millisecond {
					t.Errorf("20 requests left within %s after the pause", at[len(at)-1]-at[1])
				}
			})
		})
	}
}

// TestWindow: the rate needs about two windows to come back after a 429.
func TestWindow(t *testing.T) {
	for _, window := range []time.Duration{0, time.Second, time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			const full = 6.0
			l := limits(t, LimitOptions{RequestsPerSecond: full, Window: window})
			epoch, err := l.acquire(t.Context(), User)
			if err != nil {
				t.Fatal(err)
			}
			l.throttle(epoch, 0)
			unit := max(window, time.Second)
			if rate := l.rate(); rate < 0.69*full || rate > 0.71*full {
				t.Errorf("window %s: %.2f right after a 429", window, rate)
			}
			before := 0.0
			for range 5 {
				timer := time.NewTimer(unit / 2)
				<-timer.C
				rate := l.rate()
				if rate < before {
					t.Errorf("window %s: the rate falls from %.2f to %.2f", window, before, rate)
				}
				before = rate
			}
			if before != full {
				t.Errorf("window %s: %.2f after two and a half windows", window, before)
			}
		})
	}
	if _, err := (LimitOptions{Window: -1}).withDefaults(); err == nil {
		t.Error("a negative window is accepted")
	}
}

// TestPauseBeyondDeadline: who cannot wait so long is told at once, and why.
func TestPauseBeyondDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sent := 0
		c := newClient(t, "https://api.example.com", testOperations, WithLimits(LimitOptions{PauseOnThrottle: true, InFlight: 1}),
			WithRoundTripper(roundTripper(func(r *http.Request) (*http.Response, error) {
				if sent++; sent == 1 {
					return answer(r, 429, "", "", "Retry-After", "50"), nil
				}
				return answer(r, 200, "application/json", "{}"), nil
			})))
		start := time.Now()
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := Discard(c.Do(newRequest(t, "GET", "https://api.example.com/jobs", ""))); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		for wait, ok := range map[time.Duration]bool{time.Second: false, 40 * time.Second: false, 2 * time.Minute: true} {
			wg.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), wait)
				defer cancel()
				err := Discard(c.Do(newRequest(t, "GET", "https://api.example.com/jobs", "").WithContext(ctx)))
				took := time.Since(start)
				e, _ := errors.AsType[*apierr.Error](err)
				if ok && (err != nil || took < 50*time.Second) || !ok && (took != 0 || e.Kind != apierr.KindRateLimited || e.RetryAfter != 50*time.Second || e.Attempts != 0) {
					t.Errorf("%s: after %s: %v", wait, took, err)
				}
			})
		}
		wg.Wait()
	})
}
