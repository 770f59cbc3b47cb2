package atlan

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/job"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// RunningPolicy says what to do when a run of the workflow has not ended yet.
type RunningPolicy uint8

// The policies. All but the first look for such a run first, and look again for as long as [RunOptions.IndexDelay], because
// Atlan's index sees a run some seconds after it was started. That makes doubles unlikely and not impossible: nothing in the
// API keeps two programs from starting a run of a legacy workflow at the same moment.
const (
	// StartAnother does not look. The service may refuse a second run of an app's workflow: that is an
	// [AlreadyRunningError]. It is the default.
	StartAnother RunningPolicy = iota
	// FailWhenRunning returns an [AlreadyRunningError].
	FailWhenRunning
	// Attach takes the run for the one that was asked for; Attached says so.
	Attach
	// WaitThenRun waits until the run has ended, whether well or not, and then starts one.
	WaitThenRun
)

// RunOptions say how a run is started and waited for. The zero value is usable.
type RunOptions struct {
	// OnRunning says what to do when a run of the workflow has not ended.
	OnRunning RunningPolicy
	// IndexDelay is for how long a run that was started may be missing from Atlan's index, and so how long is looked for one.
	// Default: 10 seconds, negative for one look only. (pyatlan sleeps 10 seconds.)
	IndexDelay time.Duration
	// Wait are options of the wait in Run, such as [job.MaxWait].
	Wait []job.WaitOption
}

// usualIndexDelay is the default of [RunOptions.IndexDelay].
const usualIndexDelay = 10 * time.Second

func (o RunOptions) indexDelay() time.Duration {
	if o.IndexDelay == 0 {
		return usualIndexDelay
	}
	return max(o.IndexDelay, 0)
}

// afterOther is the pause between the end of a run that stood in the way and the next request.
const afterOther = 2 * time.Second

// starting is one request for a run, of either sort. The API takes no idempotency key, so it is sent once; when its answer
// leaves open what happened, the index tells which runs have come into being since.
type starting struct {
	client         *Client
	kind, workflow string
	options        RunOptions
	// send asks for a run.
	send func(context.Context) (job.Snapshot, error)
	// look returns the latest runs that the index knows, the newest first, and by how much the server's clock is ahead.
	look func(context.Context) ([]job.Snapshot, time.Duration, error)
	// confirm reads a run that the index told of where its state is certain.
	confirm func(context.Context, job.Snapshot) (job.Snapshot, error)

	unclear   error     // why it is not known whether an earlier request of ours was carried out; nil when none was sent
	firstSent time.Time // when that was sent
}

// startRun starts a run and returns its handle.
func (c *Client) startRun(ctx context.Context, options []RunOptions, st starting) (*Run, error) {
	st.client = c
	switch len(options) {
	case 0:
	case 1:
		st.options = options[0]
	default:
		return nil, st.about(apierr.Invalid(service, "options", "RunOptions are given once"))
	}
	if st.options.OnRunning > WaitThenRun {
		return nil, st.about(apierr.Invalid(service, "OnRunning", "%d is no policy", st.options.OnRunning))
	}
	for {
		r, running, err := st.once(ctx)
		if running == nil {
			return r, err
		}
		switch st.options.OnRunning {
		case Attach:
			return c.run(*running, runAttached), nil
		case WaitThenRun:
		case StartAnother, FailWhenRunning:
			return nil, err
		}
		other := c.run(*running, runAttached)
		if err := other.Wait(ctx, st.options.Wait...); !other.Cached().Phase.Final() {
			return nil, err
		}
		if !sleep(ctx, afterOther) {
			return nil, st.about(canceled(ctx))
		}
	}
}

func (st *starting) about(err error) error { return about(st.kind+" of", st.workflow, err) }

// once sends at most one request. A run that stands in the way is returned with the error that says so.
func (st *starting) once(ctx context.Context) (*Run, *job.Snapshot, error) {
	c := st.client
	release, err := c.runs.lock(ctx, st.kind+" "+st.workflow)
	if err != nil {
		return nil, nil, st.about(err)
	}
	defer release()
	if st.unclear != nil {
		// The request that was refused because of another run: if it was carried out nevertheless, the index knows by now.
		r, live, err := st.settle(ctx, st.firstSent, st.options.indexDelay())
		if r != nil || err != nil {
			return r, nil, err
		}
		if live != nil {
			return nil, live, &AlreadyRunningError{Workflow: st.workflow, Running: *live, Err: st.unclear}
		}
	}
	if st.options.OnRunning != StartAnother {
		live, err := st.live(ctx)
		if err != nil {
			return nil, nil, st.about(err) // nothing was sent
		}
		if live != nil {
			return nil, live, &AlreadyRunningError{Workflow: st.workflow, Running: *live, Err: st.unclear}
		}
	}
	sent := time.Now()
	s, err := st.send(ctx)
	if err == nil && s.ID == "" {
		err = &apierr.Error{Service: service, Kind: apierr.KindUnexpected, Status: http.StatusOK, Message: "the answer names no run", MayHaveApplied: true}
	}
	switch {
	case err == nil:
		c.runs.started(s.ID)
		return c.run(s, runStarted), nil, nil
	case !mayHaveApplied(err):
		return nil, nil, st.about(err)
	}
	if st.unclear == nil {
		st.firstSent = sent
	}
	st.unclear = err
	r, live, ambiguous := st.settle(ctx, sent, lookUpFor)
	switch {
	case r != nil:
		return r, nil, nil
	case live != nil:
		return nil, live, &AlreadyRunningError{Workflow: st.workflow, Running: *live, Err: err}
	case ambiguous != nil:
		return nil, nil, ambiguous
	}
	return nil, nil, &AmbiguousRunError{Kind: st.kind, Workflow: st.workflow, Err: err}
}

// refused reports whether an error is how the service of apps refuses a second run: it answers 500 then (pyatlan
// client/app.py).
func (st *starting) refused() bool {
	e, ok := errors.AsType[*apierr.Error](st.unclear)
	return ok && st.kind == kindAppRun && e.Status == http.StatusInternalServerError
}

// settle looks for the run that a request sent at some time has started, until it has appeared or so much time has passed.
// It returns the run; or one that was there before and has not ended, when the service refused because of it; or the error
// that says what is not known; or nothing at all, when no new run has appeared.
func (st *starting) settle(ctx context.Context, sent time.Time, patience time.Duration) (*Run, *job.Snapshot, error) {
	c, began := st.client, time.Now()
	ambiguous := &AmbiguousRunError{Kind: st.kind, Workflow: st.workflow, Err: st.unclear}
	for pause := lookUpShortest; ; pause = min(2*pause, lookUpLongest) {
		found, skew, err := st.look(ctx)
		ambiguous.Candidates, ambiguous.LookUp = nil, err
		if err == nil {
			fresh, before := st.split(found, sent.Add(skew).Truncate(time.Second))
			ambiguous.Candidates = fresh
			if len(fresh) == 1 && beginning(fresh[0]).IsZero() {
				return nil, nil, ambiguous // it may have been there before
			} else if len(fresh) == 1 {
				s, err := st.confirm(ctx, fresh[0])
				if err == nil {
					c.runs.started(s.ID)
					return c.run(s, runRecovered), nil, nil
				}
				ambiguous.LookUp = err
			} else if len(fresh) > 1 {
				return nil, nil, ambiguous
			}
			if len(fresh) == 0 && st.refused() && time.Since(began) >= min(patience, max(st.options.indexDelay(), usualIndexDelay)) {
				if live, err := st.confirmed(ctx, before); err != nil {
					ambiguous.LookUp = err
				} else if live != nil {
					return nil, live, nil
				}
			}
		}
		if time.Since(began) >= patience || !sleep(ctx, pause) {
			break
		}
	}
	if ctx.Err() != nil && ambiguous.LookUp == nil {
		ambiguous.LookUp = context.Cause(ctx)
	}
	if ambiguous.LookUp == nil && len(ambiguous.Candidates) == 0 {
		return nil, nil, nil
	}
	return nil, nil, ambiguous
}

// split parts the runs that the index knows: those that began at or after a time and that this client did not start
// otherwise, and those that are there already.
func (st *starting) split(found []job.Snapshot, since time.Time) (fresh, before []job.Snapshot) {
	for _, s := range found {
		at := beginning(s)
		if st.client.runs.knows(s.ID) || !at.IsZero() && at.Before(since) {
			before = append(before, s)
		} else {
			fresh = append(fresh, s)
		}
	}
	return fresh, before
}

// beginning is when a run began, or else came into being; zero when nothing tells.
func beginning(s job.Snapshot) time.Time {
	if s.Started.IsZero() {
		return s.Created
	}
	return s.Started
}

// live looks for a run that has not ended, for as long as the index may be behind.
func (st *starting) live(ctx context.Context) (*job.Snapshot, error) {
	began := time.Now()
	for pause := time.Second; ; pause = min(2*pause, 4*time.Second) {
		found, _, err := st.look(ctx)
		if err != nil {
			return nil, err
		}
		if live, err := st.confirmed(ctx, found); live != nil || err != nil {
			return live, err
		}
		left := st.options.indexDelay() - time.Since(began)
		if left <= 0 {
			return nil, nil //nolint:nilnil // there is none, and that is no error
		}
		if !sleep(ctx, min(pause, left)) {
			return nil, canceled(ctx)
		}
	}
}

// confirmed returns the first of the runs that has not ended, nil when all have.
func (st *starting) confirmed(ctx context.Context, found []job.Snapshot) (*job.Snapshot, error) {
	for _, s := range found {
		if s.Phase.Final() {
			continue
		}
		now, err := st.confirm(ctx, s)
		switch {
		case isNotFound(err) && transport.SaysAbsent(err): // the index is behind
		case err != nil:
			return nil, err
		case !now.Phase.Final():
			return &now, nil
		}
	}
	return nil, nil //nolint:nilnil // there is none, and that is no error
}

// newestFirst sorts runs by when they began.
func newestFirst(found []job.Snapshot) []job.Snapshot {
	slices.SortStableFunc(found, func(a, b job.Snapshot) int { return b.Started.Compare(a.Started) })
	return found
}
