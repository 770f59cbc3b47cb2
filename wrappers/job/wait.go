package job

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"
)

// WaitOption changes one wait.
type WaitOption func(*waitConfig)

type waitConfig struct {
	onSnapshot   []func(Snapshot)
	maxWait      time.Duration
	cancelOnDone bool
	intervals    *Intervals
}

// OnSnapshot calls f with every job's first snapshot and with each that says something new, the last one included. It
// is called from the goroutine that waits, one call at a time for one wait; a slow f misses states in between, never the
// last. For [WaitAll] that goroutine is the one that ranges.
func OnSnapshot(f func(Snapshot)) WaitOption {
	return func(c *waitConfig) { c.onSnapshot = append(c.onSnapshot, f) }
}

// MaxWait ends the wait after d; the error wraps [ErrMaxWait]. Default: no bound but the context's.
func MaxWait(d time.Duration) WaitOption { return func(c *waitConfig) { c.maxWait = d } }

// CancelOnDone cancels the jobs that have not ended when the wait's context ends or [MaxWait] has passed. The calls get
// 10 seconds of their own, so the wait returns that much later at most. Their errors are joined to the [WaitError].
// Breaking out of a loop over Watch or WaitAll cancels nothing.
func CancelOnDone() WaitOption { return func(c *waitConfig) { c.cancelOnDone = true } }

// WithIntervals bounds the pauses between polls for this wait; fields left zero are the poller's. Where waits share
// calls the shortest of their bounds holds for all.
func WithIntervals(i Intervals) WaitOption { return func(c *waitConfig) { c.intervals = &i } }

// cancelTime is what the cancellations of CancelOnDone may take, cancelsAtOnce how many are sent at a time.
const (
	cancelTime    = 10 * time.Second
	cancelsAtOnce = 4
)

// Result is a job and its last snapshot.
type Result struct {
	// Job is the handle that was waited for.
	Job *Job
	// Snapshot is its last one; final unless the error that comes with it says otherwise.
	Snapshot Snapshot
}

// Wait waits until the job has ended. Its error is nil only for a job that succeeded, a [FailedError] for one that
// failed or was cancelled at the service, and a [WaitError] for a wait that ended before the job, with the last
// snapshot and the reason; the snapshot returned is the last one in each case.
//
// When ctx ends Wait returns at once, and the job goes on. A failing poll does not end the wait before
// [Options.Tolerance] is used up. A state that the library does not know is waited through for [Options.UnknownGrace].
func (j *Job) Wait(ctx context.Context, opts ...WaitOption) (Snapshot, error) {
	w := &wait{}
	w.one[0].job = j
	w.configure(opts)
	ctx, stop := w.bound(ctx)
	defer stop()
	w.begin(ctx)
	err := w.next(ctx).err
	return *j.last.Load(), err
}

// Watch yields the job's first snapshot and each that says something new, then the last one with the error that Wait
// would return. It stops when the loop does; that does not cancel the job.
func (j *Job) Watch(ctx context.Context, opts ...WaitOption) iter.Seq2[Snapshot, error] {
	return func(yield func(Snapshot, error) bool) {
		w := &wait{changes: true}
		w.one[0].job = j
		w.configure(opts)
		ctx, stop := w.bound(ctx)
		defer stop()
		w.begin(ctx)
		defer w.leave()
		for {
			e := w.next(ctx)
			if !yield(*j.last.Load(), e.err) || e.done {
				return
			}
		}
	}
}

// WaitAll waits for all jobs, of any mix of services, and yields each as it ends, exactly once, with the error that
// [Job.Wait] would return for it. One job that fails does not end the wait for the others. When ctx ends, the jobs that
// have not ended are yielded at once, each with a [WaitError]. Breaking out of the loop ends the waits and cancels
// nothing.
func WaitAll(ctx context.Context, jobs []*Job, opts ...WaitOption) iter.Seq2[Result, error] {
	return func(yield func(Result, error) bool) {
		if len(jobs) == 0 {
			return
		}
		subs := make([]sub, len(jobs))
		for i, j := range jobs {
			subs[i].job = j
		}
		w := &wait{subs: subs}
		w.configure(opts)
		ctx, stop := w.bound(ctx)
		defer stop()
		w.begin(ctx)
		defer w.leave()
		for range jobs {
			e := w.next(ctx)
			if !yield(Result{Job: e.sub.job, Snapshot: *e.sub.job.last.Load()}, e.err) {
				return
			}
		}
	}
}

// wait is one call of Wait, Watch or WaitAll. Ten thousand of them may be parked, so it is kept small: one job needs
// this struct and a channel.
type wait struct {
	ready  chan struct{} // something is in the queue
	config *waitConfig   // nil: all defaults
	subs   []sub         // nil: the one
	start  time.Time
	one    [1]sub

	changes bool // next returns changes too

	mu    sync.Mutex
	queue *sub // the last of a ring: its next is the first
}

// sub is one job of one wait.
type sub struct {
	job  *Job
	lead *Job // the Job whose state is polled; nil when not waiting. Guarded by the poller's mu.
	wait *wait
	peer *sub // the next that waits for lead. Guarded by the poller's mu.

	polls int32 // calls for the job: while waiting those before it, afterwards those during it

	next *sub  // in the queue; nil when not queued. This and what follows is guarded by wait.mu.
	err  error // why it is done
	done bool  // the last of this job is in the queue, or was
	stop bool  // err is a reason to stop waiting, not the job's end
}

// event is a sub as it was when it came out of the queue.
type event struct {
	sub        *sub
	done, stop bool
	err        error
}

func (w *wait) configure(opts []WaitOption) {
	if len(opts) == 0 {
		return
	}
	w.config = new(waitConfig)
	for _, o := range opts {
		o(w.config)
	}
}

func (w *wait) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	if w.config == nil || w.config.maxWait <= 0 {
		return ctx, func() {}
	}
	return context.WithTimeoutCause(ctx, w.config.maxWait, ErrMaxWait)
}

func (w *wait) all() []sub {
	if w.subs != nil {
		return w.subs
	}
	return w.one[:]
}

// begin registers the jobs that need it with their pollers.
func (w *wait) begin(ctx context.Context) {
	w.start = time.Now()
	w.ready = make(chan struct{}, 1)
	subs := w.all()
	for i := range subs {
		s := &subs[i]
		s.wait = w
		last := s.job.last.Load()
		switch err := s.job.check(); {
		case err != nil:
			w.finish(s, err, false)
		case last.Phase.Final():
			w.finish(s, outcome(last), false)
		case w.config != nil && w.config.cancelOnDone && s.job.poller.canceler == nil:
			w.finish(s, s.job.cannotCancel(), false)
		default:
			if w.changes || w.config != nil && len(w.config.onSnapshot) > 0 {
				w.changed(s)
			}
		}
	}
	if ctx.Err() != nil {
		return
	}
	for len(subs) > 0 { // neighbours of one poller join together, so that it sees them as a crowd at once
		p, n := subs[0].job.poller, 1
		for n < len(subs) && subs[n].job.poller == p {
			n++
		}
		p.join(subs[:n])
		subs = subs[n:]
	}
}

// next returns the next job that is done, or that changed when changes are wanted. There must be one to come.
func (w *wait) next(ctx context.Context) event {
	for {
		e := w.pop()
		if e.sub == nil {
			select {
			case <-w.ready:
			case <-ctx.Done():
				w.abandon(ctx)
			}
			continue
		}
		// A change that turns out to be the end is told when the end is.
		if e.done || !e.sub.job.last.Load().Phase.Final() {
			w.report(&e)
			if e.done || w.changes {
				return e
			}
		}
	}
}

// report tells the callbacks about e.
func (w *wait) report(e *event) {
	if w.config != nil {
		for _, f := range w.config.onSnapshot {
			f(*e.sub.job.last.Load())
		}
	}
	if e.stop {
		e.err = w.stopped(e.sub, e.err, nil)
	}
}

func (w *wait) stopped(s *sub, reason, also error) error {
	return &WaitError{Last: *s.job.last.Load(), Polls: int(s.polls), Elapsed: time.Since(w.start), Err: reason, also: also}
}

// abandon ends the wait for all jobs that are not done, because ctx ended.
func (w *wait) abandon(ctx context.Context) {
	w.leave()
	var open []*sub
	for i, subs := 0, w.all(); i < len(subs); i++ {
		s := &subs[i]
		w.mu.Lock()
		done := s.done
		w.mu.Unlock()
		if done {
			continue
		}
		// A poll may have brought the end while the context ended: that counts.
		if last := s.job.last.Load(); last.Phase.Final() {
			w.finish(s, outcome(last), false)
			continue
		}
		open = append(open, s)
	}
	var failed map[*sub]error
	if w.config != nil && w.config.cancelOnDone {
		failed = cancelAll(ctx, open)
	}
	cause := context.Cause(ctx)
	for _, s := range open {
		also := failed[s]
		if cause != ctx.Err() {
			also = errors.Join(ctx.Err(), also)
		}
		w.finish(s, w.stopped(s, cause, also), false)
	}
}

// cancelAll cancels the jobs of subs and returns the errors.
func cancelAll(ctx context.Context, subs []*sub) map[*sub]error {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), cancelTime)
	defer stop()
	var (
		group  sync.WaitGroup
		slots  = make(chan struct{}, cancelsAtOnce)
		mu     sync.Mutex
		failed = make(map[*sub]error)
	)
	for _, s := range subs {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			if err := s.job.Cancel(ctx); err != nil {
				mu.Lock()
				failed[s] = fmt.Errorf("cancelling %s: %w", s.job.Ref(), err)
				mu.Unlock()
			}
		})
	}
	group.Wait()
	return failed
}

// leave takes the wait's jobs from their pollers.
func (w *wait) leave() {
	for i, subs := 0, w.all(); i < len(subs); i++ {
		subs[i].job.poller.leave(&subs[i])
	}
}

// changed queues s because its job's snapshot changed.
func (w *wait) changed(s *sub) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !s.done {
		w.push(s)
	}
}

// finish queues s for the last time. With stop, err is why the wait stops; else it is what the job's end means.
func (w *wait) finish(s *sub, err error, stop bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !s.done {
		s.done, s.err, s.stop = true, err, stop
		w.push(s)
	}
}

func (w *wait) push(s *sub) {
	if s.next != nil {
		return
	}
	if w.queue == nil {
		s.next = s
	} else {
		s.next, w.queue.next = w.queue.next, s
	}
	w.queue = s
	select {
	case w.ready <- struct{}{}:
	default:
	}
}

func (w *wait) pop() event {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.queue == nil {
		return event{}
	}
	s := w.queue.next
	if s == w.queue {
		w.queue = nil
	} else {
		w.queue.next = s.next
	}
	s.next = nil
	return event{sub: s, done: s.done, stop: s.stop, err: s.err}
}
