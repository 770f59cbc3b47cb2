package job

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// Job is a handle for one job of one service: its last snapshot and the ways to hear more. It is safe for concurrent
// use. Two handles for the same job share the calls made for it.
type Job struct {
	poller *Poller
	key    string
	past   []time.Duration
	last   atomic.Pointer[Snapshot]
	state  state // guarded by poller.mu
	used   atomic.Bool
	spare  wait // for the first who waits
}

// state is what a poller knows about a job that is waited for. It is kept in the Job that the first wait came with.
type state struct {
	subs     *sub      // who waits
	heapAt   int       // place in run.due, -1 when not there
	due      time.Time // when to fetch it by id
	pause    time.Duration
	base     time.Time // what its age counts from
	asOf     time.Time // start of the latest call that told about it
	answered uint64    // id of that call
	joined   uint64    // id of the last call before it was waited for
	polls    int       // Fetch calls for it
	law      *law
	scope    Ref

	seen     bool // a call of this poller found it
	flying   bool // a Fetch for it is in flight
	covered  bool // the feed tells about it
	blind    bool // the feed does not tell about it
	solo     bool // fetch it alone: a batch with it was refused
	slowTold bool

	fails        int // failing polls in a row
	failing      time.Time
	notFound     time.Time // first "not found" of a job not seen
	unknownSince time.Time // nothing but unknown states, or nothing at all, since
}

// Ref returns the job's name. It does no I/O.
func (j *Job) Ref() Ref { return j.last.Load().Ref }

// Last returns the last snapshot that this handle has; others that wait for the same job, or Refresh, may have brought
// it. It does no I/O.
func (j *Job) Last() Snapshot { return *j.last.Load() }

// Token returns a text to find the job again with [Poller.Resume]. It does no I/O and works in every state.
func (j *Job) Token() Token {
	s := j.last.Load()
	return newToken(s.Ref, s.Created, j.poller.origin, j.poller.opts.TokenKey)
}

// Refresh asks the service for the job now and returns what it says; those who wait for the job hear it too. The error
// is the service's (see apierr) or wraps [ErrGone] when the answer does not hold the job; the snapshot is then the last
// one known. A failed job is no error here. A job that was final stays final.
func (j *Job) Refresh(ctx context.Context) (Snapshot, error) {
	ref := j.Ref()
	if err := j.check(); err != nil {
		return j.Last(), err
	}
	began, seen := time.Now(), false
	var failure error
	for s, err := range j.poller.source.Fetch(ctx, []Ref{ref}) {
		switch {
		case err != nil && failure == nil:
			failure = err
		case err == nil && s.key() == j.key:
			seen = true
			j.poller.refreshed(j, s, began)
		}
	}
	if seen {
		return j.Last(), nil
	}
	if failure == nil {
		failure = fmt.Errorf("%s: %w", ref, ErrGone)
	}
	return j.Last(), failure
}

// Cancel asks the service to stop the job and returns when the service has taken the request; the job may go on for a
// while, so wait for it. A job that is known to have ended is left alone: that is not an error, and costs no call. The
// error is the service's, or of kind unsupported when the service cannot cancel such a job.
func (j *Job) Cancel(ctx context.Context) error {
	if j.last.Load().Phase.Final() {
		return nil
	}
	if err := j.check(); err != nil {
		return err
	}
	if j.poller.canceler == nil {
		return j.cannotCancel()
	}
	if err := j.poller.canceler.Cancel(ctx, j.Ref()); err != nil {
		return err
	}
	j.poller.Wake(j.Ref())
	return nil
}

// check refuses what cannot name a job before the network is touched.
func (j *Job) check() error {
	if j.last.Load().ID == "" {
		return apierr.Invalid(j.poller.opts.Service, "id", "the job has no id")
	}
	return nil
}

func (j *Job) cannotCancel() error {
	return &apierr.Error{Service: j.poller.opts.Service, Kind: apierr.KindUnsupported, Message: "this service cannot cancel " + j.Ref().String()}
}

// take makes s the last snapshot, unless a final one would change its mind. It returns the one that is now the last.
func (j *Job) take(s *Snapshot) *Snapshot {
	old := j.last.Load()
	if old.Phase.Final() && s.Phase != old.Phase {
		return old
	}
	if s.Parent == "" {
		s.Parent = old.Parent
	}
	if s.Scope == "" {
		s.Scope = old.Scope
	}
	if s.Created.IsZero() {
		s.Created = old.Created
	}
	if s.Service == "" {
		s.Service = old.Service
	}
	j.last.Store(s)
	return s
}
