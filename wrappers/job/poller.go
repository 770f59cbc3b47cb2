package job

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// Poller asks one service, for one client, about the jobs that somebody waits for. All waits of the client share it.
// No goroutine runs and no request is made while nobody waits. It is safe for concurrent use.
type Poller struct {
	source   Source
	feed     Feed
	history  History
	canceler Canceler
	opts     Options
	origin   string
	batch    int
	epoch    time.Time

	// joining is the waits that the scheduling goroutine takes in next, and live is run, for those who join without mu:
	// ten thousand of them at once would queue for it.
	joining atomic.Pointer[sub]
	live    atomic.Pointer[run]

	// mu guards what follows and the state of every Job in waited. It is never held during a call to the source or
	// to a hook.
	mu        sync.Mutex
	waited    map[string]*Job            // the jobs waited for, by key; the Job that came first stands for all of its key
	watches   map[<-chan struct{}]*watch // the contexts of waits
	scopes    map[Ref]int                // how many of them each kind and scope holds
	tight     map[*sub]Intervals         // the waits with bounds of their own
	run       *run                       // what runs now, nil while nobody waits
	ticks     int                        // calls of Changes so far
	calls     uint64                     // calls of any sort so far: the id of the last one
	pasts     pasts
	admitting bool                // the run must not end
	strange   map[string]struct{} // unknown states that hooks were told
	feedOff   time.Time           // until when the feed is left alone
	later     []func()            // calls of hooks, made when mu is released
	random    func() float64      // jitter, in [0,1)
}

// NewPoller returns a poller for source. It does no I/O and starts nothing. A source that also implements [Feed],
// [History] or [Canceler] is asked through them.
func NewPoller(source Source, opts Options) *Poller {
	p := &Poller{source: source, opts: opts.withDefaults(), origin: originTag(opts.Origin), batch: max(0, source.MaxBatch()), epoch: time.Now(),
		waited: make(map[string]*Job), scopes: make(map[Ref]int), random: randomFloat}
	p.opts.TokenKey = append([]byte(nil), opts.TokenKey...)
	p.opts.Hooks = append([]Hook(nil), opts.Hooks...)
	p.feed, _ = source.(Feed)
	p.history, _ = source.(History)
	p.canceler, _ = source.(Canceler)
	return p
}

// Job returns a handle for the job in last, which is a snapshot just read or at least its Ref. It does no I/O. Past are
// the durations of earlier successful runs of the job's parent, newest first, when they are known already; with three
// or more a lone wait follows them.
//
// Set last.Observed to when the snapshot was read: a wait then lets the schedule decide about the first poll, and a
// final snapshot costs no call at all. Without it the first poll is made at once.
func (p *Poller) Job(last Snapshot, past ...time.Duration) *Job {
	j := &Job{poller: p, key: last.key(), past: append([]time.Duration(nil), past...)}
	j.last.Store(&last)
	return j
}

// Resume returns a handle for the job that a token names, in this or in another process. It does no I/O. The error
// wraps [ErrTokenInvalid] or [ErrTokenMismatch].
func (p *Poller) Resume(token Token) (*Job, error) {
	if err := token.check(p.opts.Service, p.origin, p.opts.TokenKey); err != nil {
		return nil, err
	}
	return p.Job(Snapshot{Ref: token.ref, Created: token.created}), nil
}

// Wake makes the poller ask soon, because a push, such as a webhook, said that the jobs changed; with no refs, that any
// did. Nothing the push said is believed. Wakes are merged, so that a flood of them makes no more polls than
// [Intervals.Min] allows. Jobs that nobody waits for are ignored. It does no I/O itself.
func (p *Poller) Wake(refs ...Ref) {
	p.mu.Lock()
	defer p.unlock()
	if p.run == nil {
		return
	}
	now := time.Now()
	p.admitAll(now)
	if len(refs) == 0 {
		for _, j := range p.waited {
			p.hurry(j, now)
		}
	}
	for _, ref := range refs {
		if j := p.waited[ref.key()]; j != nil {
			p.hurry(j, now)
		}
	}
	if p.run != nil {
		p.run.nudge()
	}
}

// clock is the time since the poller was made.
func (p *Poller) clock() time.Duration { return time.Since(p.epoch) }

// watch is a context that bounds waits. They share what it costs to hear of its end.
type watch struct {
	stop func() bool
	subs *sub // the jobs waited for under it
}

// watch makes the end of its context wake the wait of s.
func (p *Poller) watch(s *sub) {
	ctx := s.wait.ctx
	done := ctx.Done()
	if done == nil {
		return
	}
	g := p.watches[done]
	if g == nil {
		if p.watches == nil {
			p.watches = make(map[<-chan struct{}]*watch)
		}
		g = new(watch)
		g.stop = context.AfterFunc(ctx, func() { p.wakeUnder(g) })
		p.watches[done] = g
	} else if ctx.Err() != nil {
		s.wait.wake() // it ended before s was among those whom the watch wakes
	}
	if s.kin[1] = g.subs; g.subs != nil {
		g.subs.kin[0] = s
	}
	g.subs = s
}

// wakeUnder wakes the waits whose context has ended.
func (p *Poller) wakeUnder(g *watch) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for s := g.subs; s != nil; s = s.kin[1] {
		s.wait.wake()
	}
}

// unwatch is the opposite of watch.
func (p *Poller) unwatch(s *sub) {
	done := s.wait.ctx.Done()
	if done == nil {
		return
	}
	before, after := s.kin[0], s.kin[1]
	s.kin = [2]*sub{}
	if after != nil {
		after.kin[0] = before
	}
	if before != nil {
		before.kin[1] = after
		return
	}
	if g := p.watches[done]; g != nil {
		if g.subs = after; after == nil {
			g.stop()
			delete(p.watches, done)
		}
	}
}

// key is a job's identity within its service.
func (r *Ref) key() string {
	if r.Kind == "" {
		return r.ID
	}
	return r.Kind + "\x00" + r.ID
}

// scope is what a feed is asked for to hear about the job.
func (r *Ref) scope() Ref { return Ref{Service: r.Service, Kind: r.Kind, Scope: r.Scope} }

// unlock releases mu and makes the calls of hooks that were put off.
func (p *Poller) unlock() {
	later := p.later
	p.later = nil
	p.mu.Unlock()
	for _, f := range later {
		f()
	}
}
