package job

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

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
	// A source may have to read thousands of jobs one by one. As long as jobs come the call goes on: those that it had not
	// come to would count as failed, some of them again and again.
	ctx, stop := context.WithCancelCause(r.ctx)
	defer stop(nil)
	patience := time.AfterFunc(p.opts.CallTimeout, func() { stop(context.DeadlineExceeded) })
	defer patience.Stop()
	var (
		failure  error
		failures map[string]error // of single jobs
		got      int
	)
	for s, err := range p.source.Fetch(ctx, refs) {
		if errors.Is(err, context.Canceled) && errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
			err = fmt.Errorf("job: nothing was heard for %s: %w", p.opts.CallTimeout, context.DeadlineExceeded)
		}
		switch {
		case err == nil:
			patience.Reset(p.opts.CallTimeout)
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
	default: // it may pass: see below
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
