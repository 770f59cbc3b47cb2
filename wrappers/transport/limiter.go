package transport

import (
	"container/list"
	"context"
	"errors"
	"math"
	"net/http"
	"sync"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// LimitOptions bounds what a client sends. The zero value bounds nothing.
type LimitOptions struct {
	// RequestsPerSecond is the rate that is not exceeded on average; 0 means no rate. On a 429 the rate falls to
	// seven tenths, not below one request in two seconds, and then recovers by itself.
	RequestsPerSecond float64
	// Window is the time over which the service counts requests: 1 s. After a 429 the rate needs about two windows to
	// recover.
	Window time.Duration
	// Burst is how many requests may leave at once after a quiet time: by default what the rate allows in a second.
	Burst int
	// InFlight is how many requests may be under way at once; 0 means any number.
	InFlight int
	// PauseOnThrottle makes everything wait after a 429 until the time that it names is over, up to
	// [RetryOptions.MaxRetryAfter], and not only the request that it answered: for services that then refuse whatever
	// comes from the caller, or count it against them. A call whose deadline comes first fails at once, as
	// [apierr.KindRateLimited].
	PauseOnThrottle bool
}

func (o LimitOptions) withDefaults() (LimitOptions, error) {
	if o.RequestsPerSecond < 0 || math.IsNaN(o.RequestsPerSecond) || math.IsInf(o.RequestsPerSecond, 0) || o.Window < 0 || o.Burst < 0 || o.InFlight < 0 {
		return o, errors.New("a limit is negative or not a number")
	}
	if o.Window == 0 {
		o.Window = time.Second
	}
	if o.Burst == 0 {
		o.Burst = int(max(1, math.Ceil(o.RequestsPerSecond)))
	}
	return o, nil
}

// Lane says who waits for a call.
type Lane uint8

// The lanes.
const (
	// User is for calls that somebody waits for. It goes first.
	User Lane = iota
	// Poll is for calls that look after jobs. While others wait it gets one turn in five, and it leaves a quarter
	// of the places in flight free.
	Poll
	lanes
)

type laneKey struct{}

// WithLane returns a context whose calls wait in the given lane. The default is [User].
func WithLane(ctx context.Context, lane Lane) context.Context {
	return context.WithValue(ctx, laneKey{}, lane)
}

func laneOf(ctx context.Context) Lane {
	if lane, ok := ctx.Value(laneKey{}).(Lane); ok && lane < lanes {
		return lane
	}
	return User
}

const (
	// userTurns is how many turns the user lane has before a waiting poll has one.
	userTurns = 4
	// The figures of the adaptive rate are those of the AWS SDKs' adaptive retry mode: multiplicative decrease,
	// cubic recovery.
	throttleFactor = 0.7
	recoveryScale  = 0.4
	minRate        = 0.5
)

// limiter is a token bucket and a count of requests in flight, with a queue for each lane. It has no goroutine: a
// timer is set while somebody waits for the bucket to fill.
type limiter struct {
	options LimitOptions
	polls   int // places in flight that polls may take

	mu       sync.Mutex
	queue    [lanes]list.List // of *ticket
	turns    int              // of the user lane since the last poll
	inFlight [lanes]int
	tokens   float64
	filled   time.Time
	timer    *time.Timer

	resumes   time.Time // nothing is sent before
	throttled time.Time // zero: at full rate
	last      float64   // the rate when it was throttled
	epoch     uint64    // counts throttlings
}

type ticket struct {
	ready chan struct{}
	epoch uint64
}

func newLimiter(o LimitOptions) *limiter {
	l := &limiter{options: o, tokens: float64(o.Burst), filled: time.Now()}
	if o.InFlight > 0 {
		l.polls = max(1, o.InFlight-max(1, o.InFlight/4))
	}
	return l
}

// acquire waits for a turn. It returns the count of throttlings at that moment, for throttle.
func (l *limiter) acquire(ctx context.Context, lane Lane) (epoch uint64, err error) {
	l.mu.Lock()
	t := &ticket{}
	element := l.queue[lane].PushBack(t)
	l.dispatch()
	if t.ready == nil && t.epoch > 0 {
		l.mu.Unlock()
		return t.epoch, nil
	}
	t.ready = make(chan struct{})
	l.mu.Unlock()
	select {
	case <-t.ready:
		return t.epoch, nil
	case <-ctx.Done():
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if t.epoch > 0 { // the turn came at the same moment: pass it on
		l.inFlight[lane]--
		if l.options.RequestsPerSecond > 0 {
			l.tokens++
		}
	} else {
		l.queue[lane].Remove(element)
	}
	l.dispatch()
	return 0, ctx.Err()
}

// release ends a request.
func (l *limiter) release(lane Lane) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.inFlight[lane]--
	l.dispatch()
}

// dispatch gives out the turns that there are and sets the timer for the next one.
func (l *limiter) dispatch() {
	if l.timer != nil {
		l.timer.Stop()
		l.timer = nil
	}
	for {
		lane, ok := l.nextLane()
		if !ok {
			return
		}
		if pause := time.Until(l.resumes); pause > 0 {
			l.timer = time.AfterFunc(pause, l.tick)
			return
		}
		if rate := l.fill(); rate > 0 && l.tokens < 1 {
			wait := time.Duration(math.Ceil((1 - l.tokens) / rate * float64(time.Second)))
			l.timer = time.AfterFunc(max(wait, time.Microsecond), l.tick)
			return
		}
		if l.options.RequestsPerSecond > 0 {
			l.tokens--
		}
		l.inFlight[lane]++
		if lane == Poll {
			l.turns = 0
		} else {
			l.turns++
		}
		t := l.queue[lane].Remove(l.queue[lane].Front()).(*ticket)
		t.epoch = l.epoch + 1
		if t.ready != nil {
			close(t.ready)
		}
	}
}

func (l *limiter) tick() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dispatch()
}

// nextLane says whose turn it is, if there is a place in flight for it.
func (l *limiter) nextLane() (Lane, bool) {
	user, poll := l.queue[User].Len() > 0, l.queue[Poll].Len() > 0
	if most := l.options.InFlight; most > 0 {
		all := l.inFlight[User] + l.inFlight[Poll]
		user = user && all < most
		poll = poll && all < most && l.inFlight[Poll] < l.polls
	}
	switch {
	case user && poll && l.turns >= userTurns:
		return Poll, true
	case user:
		return User, true
	}
	return Poll, poll
}

// fill adds the tokens since the last time and returns the present rate.
func (l *limiter) fill() float64 {
	rate := l.rate()
	if rate == 0 {
		return 0
	}
	now := time.Now()
	if now.After(l.filled) {
		l.tokens = min(float64(l.options.Burst), l.tokens+rate*now.Sub(l.filled).Seconds())
		l.filled = now
	}
	// What a float leaves over must not cost another timer.
	if l.tokens > 1-1e-9 && l.tokens < 1 {
		l.tokens = 1
	}
	return rate
}

func (l *limiter) rate() float64 {
	full := l.options.RequestsPerSecond
	if l.throttled.IsZero() {
		return full
	}
	// Cubic: quickly back to near the rate that was too fast, slowly past it, then quickly up.
	flat := math.Cbrt(l.last * (1 - throttleFactor) / recoveryScale)
	x := max(0, time.Since(l.throttled).Seconds()/l.options.Window.Seconds()) - flat
	rate := recoveryScale*x*x*x + l.last
	if rate >= full {
		l.throttled = time.Time{}
		return full
	}
	return max(rate, min(minRate, full))
}

// throttle slows down after a 429, once for all the requests that were sent before it was known, and stops for as long as
// it asks.
func (l *limiter) throttle(epoch uint64, pause time.Duration) {
	if !l.options.PauseOnThrottle {
		pause = 0
	}
	if l.options.RequestsPerSecond == 0 && pause == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if epoch != l.epoch+1 {
		return
	}
	l.epoch++
	now := time.Now()
	if resumes := now.Add(pause); pause > 0 && resumes.After(l.resumes) {
		l.resumes = resumes
	}
	if l.options.RequestsPerSecond > 0 {
		l.last = max(l.fill(), minRate)
		// The time in which nothing is sent is not one in which the rate recovers or the bucket fills.
		l.throttled, l.filled = now.Add(pause), now.Add(pause)
		l.tokens = min(l.tokens, 0)
	}
	l.dispatch()
}

// paused is for how long nothing is sent because a 429 asked for it.
func (l *limiter) paused() time.Duration {
	if !l.options.PauseOnThrottle {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return max(0, time.Until(l.resumes))
}

// held is the error of a call whose deadline comes before anything is sent again.
func (cl *call) held(left time.Duration) *apierr.Error {
	cl.class = failedFinal
	e := cl.err(apierr.KindRateLimited)
	e.RetryAfter = left
	e.Message = "not sent: the service refuses everything for a while, and the caller's deadline comes first"
	return e
}

// withLimits makes each try wait for its turn: a retry costs the service as much as a first try.
func (c *Client) withLimits(next exchange) exchange {
	if c.limits == nil {
		return func(cl *call) (*http.Response, *apierr.Error) {
			resp, e := next(cl)
			if e != nil && e.Status == http.StatusTooManyRequests {
				cl.hookThrottle(0, e)
			}
			return resp, e
		}
	}
	return func(cl *call) (*http.Response, *apierr.Error) {
		start := time.Now()
		if deadline, ok := cl.ctx.Deadline(); ok {
			if left := c.limits.paused(); left > 0 && deadline.Before(start.Add(left)) {
				return nil, cl.held(left)
			}
		}
		epoch, err := c.limits.acquire(cl.ctx, cl.lane)
		if err != nil {
			return nil, cl.ended(nil)
		}
		cl.slot = true
		if waited := time.Since(start); waited > time.Millisecond {
			cl.hookThrottle(waited, nil)
		}
		resp, e := next(cl)
		if e != nil {
			cl.endTry() // when the try did not come far enough to do it
			if e.Status == http.StatusTooManyRequests {
				pause := e.RetryAfter
				if pause > c.retry.MaxRetryAfter {
					pause = 0 // the callers are told, and decide
				}
				c.limits.throttle(epoch, pause)
				cl.hookThrottle(0, e)
			}
		}
		return resp, e
	}
}
