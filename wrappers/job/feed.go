package job

import (
	"context"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

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
