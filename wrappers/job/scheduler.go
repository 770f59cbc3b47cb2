package job

import (
	"container/heap"
	"context"
	"time"
)

const (
	fetchesAtOnce = 2
	// A feed is asked for a job that was read this long ago at most; an older one is fetched by id first, or the feed
	// would be read from too far back.
	feedReach = 10 * time.Minute
	// When more Fetch calls than this are due although there is a feed, the list of unfinished jobs is read first.
	auditPays = 20
	// The longest pause after failing polls, and the bounds of what a service may ask for.
	maxBackoff                   = 30 * time.Second
	minRetryAfter, maxRetryAfter = time.Second, 2 * time.Minute
)

// run is the time from the first wait to the last: a scheduling goroutine and its calls.
type run struct {
	ctx    context.Context
	cancel context.CancelFunc
	wake   chan struct{}

	due   dueHeap // jobs to fetch by id
	ask   []*Job  // jobs whose past durations are wanted
	calls int     // Fetch and Durations calls in flight
	hold  time.Time

	feeding   bool
	ticking   bool
	tickDue   time.Time
	lastTick  time.Time // start of the last call of Changes
	watermark time.Time // start of the last call of Changes that succeeded completely; zero: none
	fresh     []*Job    // jobs that the watermark does not cover yet
	fails     int       // Changes calls that failed in a row
	failing   time.Time // since when

	auditing   bool
	auditFirst bool // the audit comes before fetching by id: too many jobs wait for that
	auditDue   time.Time
	lastAudit  time.Time
}

// nudge makes the scheduling goroutine look again.
func (r *run) nudge() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// loop is the scheduling goroutine of one run.
func (p *Poller) loop(r *run) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-r.wake:
		case <-r.ctx.Done():
			return
		}
		p.mu.Lock()
		if p.run != r {
			p.unlock()
			return
		}
		now := time.Now()
		if p.admitAll(now); p.run != r {
			p.unlock()
			return
		}
		next := p.dispatch(now)
		p.unlock()
		timer.Reset(time.Until(next))
	}
}

// dispatch starts the calls that are due and returns when to look again.
func (p *Poller) dispatch(now time.Time) time.Time {
	r := p.run
	next := now.Add(time.Hour)
	sooner := func(t time.Time) {
		if t.Before(next) {
			next = t
		}
	}
	if now.Before(r.hold) {
		return r.hold
	}
	p.setMode(now)
	if r.feeding {
		if calls := len(r.due); p.batch > 0 && calls > auditPays*p.batch && !r.auditing && now.Sub(r.lastAudit) > p.opts.AuditEvery/10 {
			r.auditDue, r.auditFirst = now, true
		}
		if !r.auditing {
			if !now.Before(r.auditDue) {
				p.startAudit(now)
			} else {
				sooner(r.auditDue)
			}
		}
		if !r.ticking {
			if !now.Before(r.tickDue) {
				p.startTick(now)
			} else {
				sooner(r.tickDue)
			}
		}
		if r.auditFirst {
			return next
		}
	} else if p.feed != nil && now.Before(p.feedOff) {
		sooner(p.feedOff)
	}
	for r.calls < fetchesAtOnce && len(r.ask) > 0 {
		j := r.ask[0]
		r.ask = r.ask[1:]
		if p.waited[j.key] == j {
			p.startDurations(j)
		}
	}
	for r.calls < fetchesAtOnce && len(r.due) > 0 && !now.Before(r.due[0].state.due) {
		p.startFetch(now)
	}
	if r.calls < fetchesAtOnce && len(r.due) > 0 {
		sooner(r.due[0].state.due)
	}
	return next
}

// setMode changes between the feed and fetching by id. The last job of a crowd stays with the feed: whoever waits for all
// of them waits for that one.
func (p *Poller) setMode(now time.Time) {
	r := p.run
	feeding := p.feed != nil && (r.feeding || len(p.waited) > 1) && len(p.scopes) > 0 && !now.Before(p.feedOff)
	if feeding == r.feeding {
		return
	}
	r.feeding = feeding
	if feeding {
		r.watermark, r.fresh, r.fails = time.Time{}, nil, 0
		r.tickDue = now.Add(time.Hour)
		r.auditDue = now.Add(p.vary(p.opts.AuditEvery))
		for _, j := range p.waited {
			st := &j.state
			st.covered = false
			if !st.flying && st.heapAt >= 0 && st.direct() && now.Sub(st.asOf) <= feedReach {
				p.cover(j, now.Before(st.due), now)
			}
		}
		return
	}
	r.auditFirst = false
	for _, j := range p.waited {
		st := &j.state
		st.blind = false
		if !st.covered {
			continue
		}
		st.covered = false
		if !r.watermark.IsZero() && r.watermark.After(st.asOf) {
			st.asOf = r.watermark
		}
		if !st.flying && st.heapAt < 0 {
			p.schedule(j, now)
		}
	}
	r.fresh = nil
}

// direct reports whether the feed may tell about the job as far as its own state goes.
func (st *state) direct() bool {
	return st.scope.Scope != "" && !st.blind && st.fails == 0 && st.unknownSince.IsZero() && st.notFound.IsZero()
}

// cover leaves a job to the feed, from the time of its last snapshot on. A snapshot that is not fresh makes the next
// tick come at once.
func (p *Poller) cover(j *Job, fresh bool, now time.Time) {
	r, st := p.run, &j.state
	if st.heapAt >= 0 {
		heap.Remove(&r.due, st.heapAt)
	}
	if !st.covered {
		st.covered = true
		r.fresh = append(r.fresh, j)
	}
	due := now
	if fresh {
		due = now.Add(p.crowdPause(now))
	}
	if due.Before(r.tickDue) {
		r.tickDue = due
	}
}

// schedule decides when a job that is not final is asked for next.
func (p *Poller) schedule(j *Job, now time.Time) {
	st := &j.state
	if p.run.feeding && st.direct() && now.Sub(st.asOf) <= feedReach {
		p.cover(j, true, now)
		return
	}
	pause := p.pause(j, now)
	p.push(j, now.Add(pause), pause)
}

// push queues a job for being fetched by id.
func (p *Poller) push(j *Job, due time.Time, pause time.Duration) {
	st := &j.state
	st.due, st.pause = due, pause
	if st.flying {
		return
	}
	if st.heapAt >= 0 {
		heap.Fix(&p.run.due, st.heapAt)
	} else {
		heap.Push(&p.run.due, j)
	}
}

// hurry makes a job's next poll come soon.
func (p *Poller) hurry(j *Job, now time.Time) {
	r, st := p.run, &j.state
	soon := func(last time.Time) time.Time {
		if t := last.Add(p.opts.Intervals.Min); t.After(now) {
			return t
		}
		return now
	}
	if st.covered {
		if t := soon(r.lastTick); t.Before(r.tickDue) {
			r.tickDue = t
		}
		return
	}
	if t := soon(st.asOf); st.heapAt >= 0 && t.Before(st.due) {
		p.push(j, t, st.pause)
	}
}

// dueHeap is the jobs to fetch by id, the one that is due first on top.
type dueHeap []*Job

func (h dueHeap) Len() int { return len(h) }

func (h dueHeap) Less(a, b int) bool { return h[a].state.due.Before(h[b].state.due) }

func (h dueHeap) Swap(a, b int) {
	h[a], h[b] = h[b], h[a]
	h[a].state.heapAt, h[b].state.heapAt = a, b
}

// Push implements [heap.Interface].
func (h *dueHeap) Push(x any) {
	j := x.(*Job)
	j.state.heapAt = len(*h)
	*h = append(*h, j)
}

// Pop implements [heap.Interface].
func (h *dueHeap) Pop() any {
	old := *h
	j := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	j.state.heapAt = -1
	return j
}
