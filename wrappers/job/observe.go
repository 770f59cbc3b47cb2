package job

import (
	"time"
)

// observe takes in a snapshot that a call brought. It returns 1 for a job that is waited for.
func (p *Poller) observe(r *run, id uint64, s Snapshot, began time.Time) int {
	key := s.key()
	p.mu.Lock()
	defer p.unlock()
	j := p.waited[key]
	if j == nil || p.run != r {
		return 0
	}
	p.hear(j, id, s, began, true)
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
		p.hear(lead, p.calls, s, began, false)
	}
}

// hear takes in a snapshot of a job that is waited for, which a poll brought or somebody's Refresh.
func (p *Poller) hear(j *Job, id uint64, s Snapshot, began time.Time, polled bool) {
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
		p.countScope(st.scope, -1)
		p.countScope(scope, 1)
		st.scope = scope
	}
	if last.Phase != PhaseUnknown {
		st.unknownSince = time.Time{}
	} else {
		if st.unknownSince.IsZero() {
			st.unknownSince = now
		}
		p.toldUnknown(last)
	}
	if !polled || !p.run.feeding || st.flying {
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
