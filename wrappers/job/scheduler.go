package job

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
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

// join registers waits for jobs of p. The scheduling goroutine takes them in: it has stack enough.
func (p *Poller) join(subs []sub) {
	for i := range subs {
		s := &subs[i]
		if s.done {
			continue
		}
		s.place.Store(joining)
		for {
			s.peer = p.joining.Load()
			if p.joining.CompareAndSwap(s.peer, s) {
				break
			}
		}
	}
	if r := p.live.Load(); r != nil {
		r.nudge()
	} else {
		p.start()
	}
}

// start begins a run when somebody joins and there is none.
//
//go:noinline
func (p *Poller) start() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rise()
}

func (p *Poller) rise() {
	if p.joining.Load() == nil {
		return
	}
	if p.run == nil {
		ctx, cancel := context.WithCancel(context.Background())
		p.run = &run{ctx: ctx, cancel: cancel, wake: make(chan struct{}, 1)}
		p.live.Store(p.run)
		go p.loop(p.run)
	}
	p.run.nudge()
}

// rest ends the run when nobody waits.
func (p *Poller) rest() {
	if p.run == nil || p.admitting || len(p.waited) > 0 || p.joining.Load() != nil {
		return
	}
	p.run.cancel()
	p.run = nil
	p.live.Store(nil)
	p.rise() // for who saw the run that has just ended
}

// admitAll takes in the waits that joined.
func (p *Poller) admitAll(now time.Time) {
	p.admitting = true
	for s := p.joining.Swap(nil); s != nil; {
		next := s.peer
		s.peer = nil
		if s.place.CompareAndSwap(joining, outside) {
			p.admit(s, now)
		}
		s = next
	}
	p.admitting = false
	p.rest()
}

// admit makes s wait for its job.
func (p *Poller) admit(s *sub, now time.Time) {
	lead := p.waited[s.job.key]
	if lead == nil {
		lead = s.job
		p.begin(lead, now)
	} else if lead != s.job {
		p.reconcile(lead, s.job)
		if last := s.job.last.Load(); last.Phase.Final() {
			p.end(lead, outcome(last), false)
			s.wait.finish(s, outcome(last), false)
			return
		}
	}
	s.place.Store(waiting)
	s.peer, lead.state.subs = lead.state.subs, s
	s.polls = int32(lead.state.polls + p.ticks)
	p.watch(s.wait)
	if c := s.wait.config; c != nil && c.intervals != nil {
		if p.tight == nil {
			p.tight = make(map[*sub]Intervals)
		}
		p.tight[s] = c.intervals.or(p.opts.Intervals)
	}
}

// reconcile makes two handles of one job agree about what was read last.
func (p *Poller) reconcile(lead, j *Job) {
	a, b := lead.last.Load(), j.last.Load()
	if b.Phase.Final() || b.Observed.After(a.Observed) {
		stored := *b
		lead.take(&stored)
		return
	}
	stored := *a
	j.take(&stored)
}

// begin begins to poll for a job that nobody waited for.
func (p *Poller) begin(j *Job, now time.Time) {
	last := j.last.Load()
	st := &j.state
	*st = state{heapAt: -1, asOf: last.Observed, joined: p.calls, scope: last.scope()}
	if known := p.pasts.of(last.Ref); known == nil {
		st.law = newLaw(j.past)
	} else {
		if known.law == nil && len(j.past) > 0 {
			known.learn(j.past...)
		}
		st.law = known.law
	}
	st.age(last, now)
	p.waited[j.key] = j
	p.scopes[st.scope]++
	p.setMode(now)
	fresh := !last.Observed.IsZero() && now.Sub(last.Observed) <= p.opts.Intervals.Max
	switch {
	case p.run.feeding && now.Sub(st.asOf) <= feedReach:
		p.cover(j, fresh, now)
	case fresh:
		p.schedule(j, now)
	default:
		p.push(j, now, 0)
	}
}

// age sets what the job's age counts from: its start, or the first that is known of it.
func (st *state) age(last *Snapshot, now time.Time) {
	from := last.Started
	if from.IsZero() {
		from = last.Created
	}
	if from.IsZero() {
		from = last.Observed
	}
	if from.IsZero() || from.After(now) {
		from = now
	}
	if st.base.IsZero() || !last.Started.IsZero() || from.Before(st.base) {
		st.base = from
	}
}

// leave ends the wait of s, if it still waits.
func (p *Poller) leave(s *sub) {
	if s.place.CompareAndSwap(joining, outside) {
		return
	}
	p.mu.Lock()
	defer p.unlock()
	if s.place.Load() == waiting {
		lead := p.waited[s.job.key]
		for at := &lead.state.subs; *at != nil; at = &(*at).peer {
			if *at == s {
				*at = s.peer
				break
			}
		}
		p.part(lead, s)
		if lead.state.subs == nil {
			p.drop(lead)
		}
	}
}

// part closes the account of s, which waited for lead.
func (p *Poller) part(lead *Job, s *sub) {
	s.polls = int32(lead.state.polls+p.ticks) - s.polls
	s.place.Store(outside)
	s.peer = nil
	delete(p.tight, s)
	p.unwatch(s.wait)
}

// end finishes all waits for a job. With stop, err is why they stop; else it is what the job's end means.
func (p *Poller) end(lead *Job, err error, stop bool) {
	for s := lead.state.subs; s != nil; {
		next := s.peer
		p.part(lead, s)
		s.wait.finish(s, err, stop)
		s = next
	}
	lead.state.subs = nil
	p.drop(lead)
}

// drop stops polling for a job, and stops the run when it was the last.
func (p *Poller) drop(lead *Job) {
	st := &lead.state
	delete(p.waited, lead.key)
	if p.scopes[st.scope]--; p.scopes[st.scope] == 0 {
		delete(p.scopes, st.scope)
	}
	if st.heapAt >= 0 {
		heap.Remove(&p.run.due, st.heapAt)
	}
	p.rest()
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
	feeding := p.feed != nil && (r.feeding || len(p.waited) > 1) && !now.Before(p.feedOff)
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
	return !st.blind && st.fails == 0 && st.unknownSince.IsZero() && st.notFound.IsZero()
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

// startFetch fetches the head of the queue, and with it what else is due or about to be.
func (p *Poller) startFetch(now time.Time) {
	r := p.run
	p.calls++
	var jobs []*Job
	var refs []Ref
	for len(r.due) > 0 && (p.batch == 0 || len(jobs) < p.batch) {
		j := r.due[0]
		st := &j.state
		if len(jobs) > 0 && (st.solo || st.due.Sub(now) > st.pause/2) {
			break
		}
		heap.Pop(&r.due)
		st.flying = true
		st.polls++
		jobs = append(jobs, j)
		refs = append(refs, j.last.Load().Ref)
		if st.solo {
			break
		}
	}
	r.calls++
	go p.fetch(r, p.calls, jobs, refs, now)
}

func (p *Poller) fetch(r *run, id uint64, jobs []*Job, refs []Ref, began time.Time) {
	ctx, stop := context.WithTimeout(r.ctx, p.opts.CallTimeout)
	defer stop()
	var (
		failure  error
		failures map[string]error // of single jobs
		got      int
	)
	for s, err := range p.source.Fetch(ctx, refs) {
		switch {
		case err == nil:
			got += p.observe(r, id, s, began)
		case s.ID != "":
			if failures == nil {
				failures = make(map[string]error)
			}
			failures[s.key()] = err
		case failure == nil:
			failure = err
		}
	}
	p.mu.Lock()
	defer p.unlock()
	now := time.Now()
	p.told("fetch", len(refs), got, now.Sub(began), first(failure, failures))
	if p.run != r {
		return
	}
	r.calls--
	defer r.nudge()
	for _, j := range jobs {
		st := &j.state
		if p.waited[j.key] != j || !st.flying {
			continue
		}
		st.flying = false
		if err := failures[j.key]; err != nil {
			p.failed(j, err, true, now)
		} else if st.answered == id {
			p.answered(j, now)
		} else if failure != nil {
			p.failed(j, failure, len(refs) == 1, now)
		} else {
			p.missing(j, now)
		}
	}
}

func first(err error, more map[string]error) error {
	for _, e := range more {
		if err == nil {
			err = e
		}
	}
	return err
}

// answered goes on with a job that a Fetch found and that is not final.
func (p *Poller) answered(j *Job, now time.Time) {
	st := &j.state
	st.solo = false
	if !st.unknownSince.IsZero() && now.Sub(st.unknownSince) >= p.opts.UnknownGrace {
		p.end(j, &UnknownStateError{Snapshot: *j.last.Load(), For: now.Sub(st.unknownSince)}, true)
		return
	}
	p.schedule(j, now)
}

// missing goes on with a job that was not in an answer.
func (p *Poller) missing(j *Job, now time.Time) {
	st := &j.state
	if st.unknownSince.IsZero() {
		st.unknownSince = now
	}
	if since := now.Sub(st.unknownSince); since >= p.opts.UnknownGrace {
		p.end(j, fmt.Errorf("%w: no answer has held it for %s", ErrGone, since.Round(time.Second)), true)
		return
	}
	p.schedule(j, now)
}

// failed goes on, or not, with a job whose poll failed. Alone says that the error is about this job and no other.
func (p *Poller) failed(j *Job, err error, alone bool, now time.Time) {
	st := &j.state
	p.heed(err, now)
	switch kind, _ := apierr.KindOf(err); kind {
	case apierr.KindUnauthenticated:
		p.end(j, err, true)
		return
	case apierr.KindPermissionDenied, apierr.KindInvalid, apierr.KindUnsupported, apierr.KindNotFound:
		switch {
		case !alone: // somebody else's fault perhaps
			st.solo = true
			p.push(j, now, 0)
		case kind != apierr.KindNotFound:
			p.end(j, err, true)
		case st.seen:
			p.end(j, fmt.Errorf("%w any more: %w", ErrGone, err), true)
		default:
			if st.notFound.IsZero() {
				st.notFound = now
			}
			if now.Sub(st.notFound) >= p.opts.NotFoundGrace {
				p.end(j, fmt.Errorf("%w: %w", ErrGone, err), true)
				return
			}
			p.schedule(j, now)
		}
		return
	}
	if st.fails++; st.fails == 1 {
		st.failing = now
	}
	if p.givesUp(st.fails, st.failing, now) {
		p.end(j, err, true)
		return
	}
	pause := max(p.pause(j, now), p.vary(backoff(st.fails)))
	p.push(j, now.Add(pause), pause)
}

func (p *Poller) givesUp(fails int, since, now time.Time) bool {
	return fails >= p.opts.Tolerance.Polls && now.Sub(since) >= p.opts.Tolerance.For
}

// heed holds all calls for as long as the service asked.
func (p *Poller) heed(err error, now time.Time) {
	var e *apierr.Error
	if errors.As(err, &e) && e.RetryAfter > 0 {
		if t := now.Add(min(max(e.RetryAfter, minRetryAfter), maxRetryAfter)); t.After(p.run.hold) {
			p.run.hold = t
		}
	}
}

func backoff(fails int) time.Duration {
	return min(time.Second<<min(fails-1, 10), maxBackoff)
}

// scopesNow are the scopes that a feed is asked for.
func (p *Poller) scopesNow() []Ref {
	refs := make([]Ref, 0, len(p.scopes))
	for ref := range p.scopes {
		refs = append(refs, ref)
	}
	return refs
}

// startTick asks the feed what changed since the last complete tick, or since the jobs that came later were read.
func (p *Poller) startTick(now time.Time) {
	r := p.run
	p.calls++
	p.ticks++
	since, fresh := r.watermark, r.fresh
	r.fresh = nil
	for _, j := range fresh {
		if t := j.state.asOf; p.waited[j.key] == j && (since.IsZero() || t.Before(since)) {
			since = t
		}
	}
	if since.IsZero() {
		since = now
	}
	r.ticking, r.lastTick = true, now
	go p.tick(r, p.calls, p.scopesNow(), len(p.waited), fresh, since, now)
}

func (p *Poller) tick(r *run, id uint64, scopes []Ref, asked int, fresh []*Job, since, began time.Time) {
	ctx, stop := context.WithTimeout(r.ctx, p.opts.CallTimeout)
	defer stop()
	var failure error
	got := 0
	for s, err := range p.feed.Changes(ctx, scopes, since) {
		if err == nil {
			got += p.observe(r, id, s, began)
		} else if failure == nil {
			failure = err
		}
	}
	p.mu.Lock()
	defer p.unlock()
	now := time.Now()
	p.told("changes", asked, got, now.Sub(began), failure)
	if p.run != r {
		return
	}
	defer r.nudge()
	r.ticking = false
	r.tickDue = now.Add(p.crowdPause(now))
	if failure == nil {
		r.watermark, r.fails = began, 0
		return
	}
	r.fresh = append(r.fresh, fresh...)
	p.feedFailed(failure, id, now)
}

// feedFailed goes on after a call of the feed that failed. It ends waits only when asking by id could not do better.
func (p *Poller) feedFailed(err error, id uint64, now time.Time) {
	r := p.run
	p.heed(err, now)
	giveUp := false
	switch kind, _ := apierr.KindOf(err); kind {
	case apierr.KindUnauthenticated:
		giveUp = true
	case apierr.KindPermissionDenied, apierr.KindInvalid, apierr.KindUnsupported, apierr.KindNotFound, apierr.KindConflict:
		p.feedOff = now.Add(p.opts.AuditEvery)
	default:
		if r.fails++; r.fails == 1 {
			r.failing = now
		}
		if due := now.Add(p.vary(backoff(r.fails))); due.After(r.tickDue) {
			r.tickDue = due
		}
		if kind == apierr.KindRateLimited { // asking by id takes more calls, not fewer
			giveUp = p.givesUp(r.fails, r.failing, now)
		} else if r.fails >= p.opts.Tolerance.Polls {
			p.feedOff = now.Add(p.opts.AuditEvery)
			for _, j := range p.waited {
				if j.state.answered != id {
					j.state.fails, j.state.failing = r.fails, r.failing
				}
			}
		}
	}
	if giveUp {
		for _, j := range p.waited {
			if j.state.answered != id {
				p.end(j, err, true)
			}
		}
	}
	if p.run != nil {
		p.setMode(now)
	}
}

// startAudit lists the unfinished jobs, to find those that the feed lost.
func (p *Poller) startAudit(now time.Time) {
	r := p.run
	p.calls++
	r.auditing, r.lastAudit = true, now
	go p.audit(r, p.calls, p.scopesNow(), len(p.waited), now)
}

func (p *Poller) audit(r *run, id uint64, scopes []Ref, asked int, began time.Time) {
	ctx, stop := context.WithTimeout(r.ctx, p.opts.CallTimeout)
	defer stop()
	var failure error
	got := 0
	for s, err := range p.feed.Unfinished(ctx, scopes) {
		if err == nil {
			got += p.observe(r, id, s, began)
		} else if failure == nil {
			failure = err
		}
	}
	p.mu.Lock()
	defer p.unlock()
	now := time.Now()
	p.told("unfinished", asked, got, now.Sub(began), failure)
	if p.run != r {
		return
	}
	defer r.nudge()
	r.auditing, r.auditFirst = false, false
	r.auditDue = now.Add(p.vary(p.opts.AuditEvery))
	if failure != nil {
		p.heed(failure, now)
		return
	}
	if !r.feeding {
		return
	}
	for _, j := range p.waited {
		// Neither in the list nor heard of since it was asked for: it ended and the feed lost it, or the feed does
		// not reach it.
		if st := &j.state; st.answered < id && st.joined < id && !st.flying && st.heapAt < 0 {
			st.blind = true
			p.push(j, now, 0)
		}
	}
}

// startDurations asks how long earlier runs of a job's parent took.
func (p *Poller) startDurations(j *Job) {
	p.run.calls++
	go p.durations(p.run, j, j.last.Load().Ref)
}

func (p *Poller) durations(r *run, j *Job, ref Ref) {
	ctx, stop := context.WithTimeout(r.ctx, p.opts.CallTimeout)
	defer stop()
	began := time.Now()
	durations, err := p.history.Durations(ctx, ref)
	p.mu.Lock()
	defer p.unlock()
	now := time.Now()
	p.told("durations", 1, 0, now.Sub(began), err)
	if p.run == r {
		r.calls--
		defer r.nudge()
	}
	if err != nil {
		return
	}
	known := p.pasts.of(ref)
	known.learn(durations...)
	if st := &j.state; p.run == r && p.waited[j.key] == j && st.law == nil && known.law != nil {
		st.law = known.law
		if st.heapAt >= 0 && st.pause > 0 {
			p.schedule(j, now)
		}
	}
}

// observe takes in a snapshot that a call brought. It returns 1 for a job that is waited for.
func (p *Poller) observe(r *run, id uint64, s Snapshot, began time.Time) int {
	key := s.key()
	p.mu.Lock()
	defer p.unlock()
	j := p.waited[key]
	if j == nil || p.run != r {
		return 0
	}
	p.hear(j, id, s, began)
	return 1
}

// refreshed takes in the snapshot that a Refresh of j brought.
func (p *Poller) refreshed(j *Job, s Snapshot, began time.Time) {
	p.mu.Lock()
	defer p.unlock()
	if s.Observed.IsZero() {
		s.Observed = time.Now()
	}
	lead := p.waited[j.key]
	if lead != j {
		stored := s
		j.take(&stored)
	}
	if lead != nil {
		p.calls++
		p.hear(lead, p.calls, s, began)
	}
}

// hear takes in a snapshot of a job that is waited for.
func (p *Poller) hear(j *Job, id uint64, s Snapshot, began time.Time) {
	st, now := &j.state, time.Now()
	if s.Observed.IsZero() {
		s.Observed = now
	}
	old := j.last.Load()
	last := j.take(&s)
	changed := !last.same(old)
	for sub := st.subs; sub != nil; sub = sub.peer {
		if sub.job != j {
			sub.job.last.Store(last)
		}
		if changed && !last.Phase.Final() {
			if sub.wait.wantsChanges() {
				sub.wait.changed(sub)
			}
		}
	}
	if last.Phase.Final() {
		if d := last.Duration(); d > 0 && last.Phase == PhaseSucceeded {
			if known := p.pasts.of(last.Ref); known != nil {
				known.learn(d)
			}
		}
		p.end(j, outcome(last), false)
		return
	}
	st.seen, st.fails, st.notFound, st.answered = true, 0, time.Time{}, id
	if began.After(st.asOf) {
		st.asOf = began
	}
	st.age(last, now)
	if scope := last.scope(); scope != st.scope {
		if p.scopes[st.scope]--; p.scopes[st.scope] == 0 {
			delete(p.scopes, st.scope)
		}
		st.scope = scope
		p.scopes[scope]++
	}
	if last.Phase != PhaseUnknown {
		st.unknownSince = time.Time{}
	} else {
		if st.unknownSince.IsZero() {
			st.unknownSince = now
		}
		p.toldUnknown(last)
	}
	if !p.run.feeding || st.flying {
		return
	}
	if last.Phase != PhaseUnknown && st.heapAt >= 0 {
		st.blind = false
		p.schedule(j, now) // the feed tells about it after all
	} else if last.Phase == PhaseUnknown && st.heapAt < 0 {
		st.covered = false
		p.schedule(j, now)
	}
}

// pause is the time until a job that is fetched by id is asked for again.
func (p *Poller) pause(j *Job, now time.Time) time.Duration {
	st, bounds := &j.state, p.bounds()
	share := len(p.waited)
	switch {
	case p.run.feeding:
		share = 1
	case p.batch == 0 || share <= p.batch:
		if share > 1 {
			return p.crowdPause(now)
		}
	default:
		share = p.batch
	}
	age := max(0, now.Sub(st.base).Seconds())
	if share > 1 {
		return p.within(lawFreeInterval(age, float64(share)), bounds.Min, bounds.MaxAlone)
	}
	if st.law == nil {
		p.wantDurations(j)
		return p.within(lawFreeInterval(age, 1), bounds.Min, bounds.MaxAlone)
	}
	if !st.slowTold && age > st.law.p99.Seconds() {
		st.slowTold = true
		p.toldSlow(SlowJob{Last: *j.last.Load(), Age: time.Duration(age * float64(time.Second)), Usual: st.law.median})
	}
	return p.within(st.law.pause(age, p.opts.Intervals.MaxAlone.Seconds()), bounds.Min, bounds.MaxAlone)
}

// wantDurations asks for the past of a job's parent, once for each parent.
func (p *Poller) wantDurations(j *Job) {
	if p.history == nil || p.run.feeding {
		return
	}
	known := p.pasts.of(j.last.Load().Ref)
	if known == nil || known.asked {
		return
	}
	known.asked = true
	p.run.ask = append(p.run.ask, j)
	p.run.nudge()
}

// crowdPause is the time until the next call that asks for all jobs. It need not look at all of them: once their rates
// make the pause the shortest allowed, more of them change nothing.
func (p *Poller) crowdPause(now time.Time) time.Duration {
	bounds := p.bounds()
	sum, enough := 0.0, crowded(bounds.Min.Seconds())
	for _, j := range p.waited {
		if sum += rate(now.Sub(j.state.base).Seconds()); sum >= enough {
			break
		}
	}
	return p.within(crowdInterval(sum), bounds.Min, bounds.Max)
}

// bounds are the poller's intervals, or tighter ones that a wait asked for.
func (p *Poller) bounds() Intervals {
	bounds := p.opts.Intervals
	for _, i := range p.tight {
		bounds = bounds.tighter(i)
	}
	return bounds
}

// within turns a pause into one that is varied, so that pollers do not fall into step, and inside the bounds.
func (p *Poller) within(seconds float64, low, high time.Duration) time.Duration {
	d := high
	if seconds < high.Seconds() {
		d = max(low, time.Duration(seconds*float64(time.Second)))
	}
	least, most := max(low, scale(d, 1-jitter)), min(high, scale(d, 1+jitter))
	return least + scale(most-least, p.random())
}

// vary moves d by up to 10 % either way.
func (p *Poller) vary(d time.Duration) time.Duration { return scale(d, 1-jitter+2*jitter*p.random()) }

func scale(d time.Duration, by float64) time.Duration { return time.Duration(float64(d) * by) }

// told, toldUnknown and toldSlow put calls of hooks off until mu is released.
func (p *Poller) told(call string, asked, got int, took time.Duration, err error) {
	for _, h := range p.opts.Hooks {
		if h, ok := h.(HookPoll); ok {
			p.later = append(p.later, func() {
				h.OnPoll(Poll{Service: p.opts.Service, Call: call, Asked: asked, Got: got, Took: took, Err: err})
			})
		}
	}
}

func (p *Poller) toldUnknown(s *Snapshot) {
	const most = 256 // a service that makes up states must not fill the memory
	key := s.Kind + "\x00" + s.Raw
	if _, ok := p.strange[key]; ok || len(p.strange) >= most {
		return
	}
	if p.strange == nil {
		p.strange = make(map[string]struct{})
	}
	p.strange[key] = struct{}{}
	for _, h := range p.opts.Hooks {
		if h, ok := h.(HookUnknownState); ok {
			p.later = append(p.later, func() { h.OnUnknownState(*s) })
		}
	}
}

func (p *Poller) toldSlow(s SlowJob) {
	for _, h := range p.opts.Hooks {
		if h, ok := h.(HookSlowJob); ok {
			p.later = append(p.later, func() { h.OnSlowJob(s) })
		}
	}
}

// dueHeap is the jobs to fetch by id, the one that is due first on top.
type dueHeap []*Job

func (h dueHeap) Len() int           { return len(h) }
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

func randomFloat() float64 { return rand.Float64() }
