package job

import (
	"container/heap"
	"context"
	"time"
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
	p.watch(s)
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
		if known.law == nil && len(j.past) >= pastEnough {
			known.learn(j.past...)
		}
		st.law = known.law
	}
	st.age(last, now)
	p.waited[j.key] = j
	p.countScope(st.scope, 1)
	p.setMode(now)
	fresh := !last.Observed.IsZero() && now.Sub(last.Observed) <= p.opts.Intervals.Max
	switch {
	case p.run.feeding && st.direct() && now.Sub(st.asOf) <= feedReach:
		p.cover(j, fresh, now)
	case fresh:
		p.schedule(j, now)
	default:
		p.push(j, now, 0)
	}
}

// countScope counts the jobs of a scope. A job without one is out of the feed's reach.
func (p *Poller) countScope(scope Ref, more int) {
	if scope.Scope == "" {
		return
	}
	if p.scopes[scope] += more; p.scopes[scope] == 0 {
		delete(p.scopes, scope)
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
	p.unwatch(s)
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
	p.countScope(st.scope, -1)
	if st.heapAt >= 0 {
		heap.Remove(&p.run.due, st.heapAt)
	}
	p.rest()
}
