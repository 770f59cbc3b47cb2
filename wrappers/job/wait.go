package job

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// WaitOption changes one wait.
type WaitOption func(*waitConfig)

type waitConfig struct {
	onSnapshot   []func(Snapshot)
	maxWait      time.Duration
	cancelOnDone bool
	intervals    *Intervals

	changes bool   // next returns changes too
	subs    []sub  // the jobs of WaitAll
	release func() // of the context that maxWait bounds
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
	w := newWait(ctx, j, opts)
	w.begin()
	_, _, err := w.next()
	w.leave()
	return *j.last.Load(), err
}

// Watch yields the job's first snapshot and each that says something new, then the last one with the error that Wait
// would return. It stops when the loop does; that does not cancel the job.
func (j *Job) Watch(ctx context.Context, opts ...WaitOption) iter.Seq2[Snapshot, error] {
	return func(yield func(Snapshot, error) bool) {
		w := newWait(ctx, j, append(slices.Clip(opts), func(c *waitConfig) { c.changes = true }))
		w.begin()
		defer w.leave()
		var last *Snapshot
		for {
			_, done, err := w.next()
			// A poll may have come in between being told of a snapshot and reading it here: then this one was yielded already, or
			// it is the final one, which comes again with its error.
			s := j.last.Load()
			if !done && (s.Phase.Final() || last != nil && s.same(last)) {
				continue
			}
			last = s
			if !yield(*s, err) || done {
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
		w := newWait(ctx, nil, append(slices.Clip(opts), func(c *waitConfig) { c.subs = subs }))
		w.begin()
		defer w.leave()
		for range jobs {
			s, _, err := w.next()
			if !yield(Result{Job: s.job, Snapshot: *s.job.last.Load()}, err) {
				return
			}
		}
	}
}

// wait is one call of Wait, Watch or WaitAll. Ten thousand of them may be parked, so a wait for one job is this struct and
// a goroutine whose stack has not grown: what runs before it parks stays shallow and allocates nothing (the first wait for a
// job comes with the Job), and it parks in a WaitGroup, because a channel would be an allocation and a select takes more
// stack. The poller watches the context instead.
type wait struct {
	ctx    context.Context // what bounds the wait
	config *waitConfig     // nil: all defaults
	start  time.Duration   // on the poller's clock
	one    [1]sub

	mu     sync.Mutex
	queue  *sub           // the last of a ring: its next is the first
	bed    sync.WaitGroup // counts to 1 while asleep
	asleep bool
}

// sub is one job of one wait.
type sub struct {
	job   *Job
	wait  *wait
	peer  *sub          // the next that joins, or that waits for the same job. This and polls are guarded by the poller's mu.
	kin   [2]*sub       // those before and after it under the same context, guarded by the poller's mu too
	polls int32         // calls for the job: while waiting those before it, afterwards those during it
	place atomic.Uint32 // where it is between its wait and its poller

	done bool  // the last of this job is in the queue, or was. This and what follows is guarded by wait.mu.
	stop bool  // err is a reason to stop waiting, not the job's end
	next *sub  // in the queue; nil when not queued
	err  error // why it is done
}

// The places of a sub.
const (
	outside uint32 = iota
	joining
	waiting
)

// spareWait is the wait that comes with j, if this is the first for it. A wait is used once only: the poller may hold on
// to it for a moment after it has ended.
func (j *Job) spareWait() *wait {
	if j == nil || j.used.Swap(true) {
		return new(wait)
	}
	return &j.spare
}

func newWait(ctx context.Context, j *Job, opts []WaitOption) *wait {
	w := j.spareWait()
	w.ctx, w.one[0].job = ctx, j
	if len(opts) > 0 {
		w.config = new(waitConfig)
		for _, o := range opts {
			o(w.config)
		}
		if w.config.maxWait > 0 {
			w.ctx, w.config.release = context.WithTimeoutCause(ctx, w.config.maxWait, ErrMaxWait)
		}
	}
	return w
}

func (w *wait) all() []sub {
	if w.config != nil && w.config.subs != nil {
		return w.config.subs
	}
	return w.one[:]
}

// wantsChanges reports whether anybody wants to hear about more than the end.
func (w *wait) wantsChanges() bool {
	return w.config != nil && (w.config.changes || len(w.config.onSnapshot) > 0)
}

// begin registers the jobs that need it with their pollers.
func (w *wait) begin() {
	subs := w.all()
	w.start = subs[0].job.poller.clock()
	for i := range subs {
		subs[i].wait = w
		w.consider(&subs[i])
	}
	if w.ctx.Err() != nil {
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

// consider finishes what needs no poll, and queues the first snapshot for those who want it.
func (w *wait) consider(s *sub) {
	last := s.job.last.Load()
	if err := s.job.check(); err != nil {
		w.finish(s, err, false)
	} else if last.Phase.Final() {
		w.finish(s, outcome(last), false)
	} else if w.config != nil && w.config.cancelOnDone && s.job.poller.canceler == nil {
		w.finish(s, s.job.cannotCancel(), false)
	} else if w.wantsChanges() {
		w.changed(s)
	}
}

// next returns the next job that is done, and with what error, or that changed when changes are wanted. There must be
// one to come.
func (w *wait) next() (s *sub, done bool, err error) {
	for {
		for w.sleep() {
			w.bed.Wait()
		}
		if s, done, err = w.take(); s != nil {
			return s, done, err
		}
	}
}

// sleep reports whether there is nothing to do but to sleep, and makes the bed.
func (w *wait) sleep() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.queue != nil || w.ctx.Err() != nil {
		return false
	}
	if !w.asleep {
		w.asleep = true
		w.bed.Add(1)
	}
	return true
}

// wake makes next look again.
func (w *wait) wake() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wakeLocked()
}

func (w *wait) wakeLocked() {
	if w.asleep {
		w.asleep = false
		w.bed.Done()
	}
}

// take takes from the queue what next returns, nil when there is nothing.
//
//go:noinline
func (w *wait) take() (s *sub, done bool, err error) {
	for {
		s, done, stop, err := w.pop()
		if s == nil {
			if w.ctx.Err() == nil {
				return nil, false, nil
			}
			w.abandon()
			continue
		}
		if !done && s.job.last.Load().Phase.Final() {
			continue // the change was the end: that is told when the end is
		}
		if w.config != nil {
			for _, f := range w.config.onSnapshot {
				f(*s.job.last.Load())
			}
		}
		if stop {
			err = w.stopped(s, err, nil)
		}
		if done || w.config.changes {
			return s, done, err
		}
	}
}

func (w *wait) stopped(s *sub, reason, also error) error {
	return &WaitError{Last: *s.job.last.Load(), Polls: int(s.polls), Elapsed: w.all()[0].job.poller.clock() - w.start, Err: reason, also: also}
}

// abandon ends the wait for all jobs that are not done, because its context ended.
func (w *wait) abandon() {
	w.part()
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
		failed = cancelAll(w.ctx, open)
	}
	cause := context.Cause(w.ctx)
	for _, s := range open {
		also := failed[s]
		if cause != w.ctx.Err() { //nolint:errorlint // identity: a cause may wrap the error it explains
			also = errors.Join(w.ctx.Err(), also)
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

// leave gives back what begin took.
func (w *wait) leave() {
	w.part()
	if w.config != nil && w.config.release != nil {
		w.config.release()
	}
	w.ctx, w.config = nil, nil // the Job, and its wait with it, may live on
}

// part takes the wait's jobs from their pollers.
func (w *wait) part() {
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
	w.wakeLocked()
}

func (w *wait) pop() (s *sub, done, stop bool, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.queue == nil {
		return nil, false, false, nil
	}
	s = w.queue.next
	if s == w.queue {
		w.queue = nil
	} else {
		w.queue.next = s.next
	}
	s.next = nil
	return s, s.done, s.stop, s.err
}
