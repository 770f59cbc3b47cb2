package atlan

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/sluice-sdk/sluice/wrappers/job"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// The kinds of jobs, as they stand in a [job.Ref].
const (
	kindAppRun      = "app run"      // the parent is the slug of the app's workflow
	kindWorkflowRun = "workflow run" // the parent is the name of the workflow
)

// runOrigin says how a handle came by its run.
type runOrigin uint8

const (
	runNamed     runOrigin = iota // by its id
	runStarted                    // the answer of our request
	runRecovered                  // our request's answer was lost; the only run that came into being since
	runAttached                   // it ran already
)

// Run is the handle of one run of an app's workflow or of a legacy workflow: its state, its wait, its end. It is safe for
// concurrent use.
type Run struct {
	client *Client
	job    *job.Job
	origin runOrigin
}

// AppRun returns the handle of a run of an app's workflow by its id. It does no I/O; a bad id is reported by the first call.
func (c *Client) AppRun(id string) *Run {
	return c.run(job.Snapshot{Ref: job.Ref{Service: service, Kind: kindAppRun, ID: id}}, runNamed)
}

// WorkflowRun returns the handle of a run of a legacy workflow by its name, such as "atlan-snowflake-miner-1714638976-9wfxz".
// It does no I/O.
func (c *Client) WorkflowRun(name string) *Run {
	return c.run(job.Snapshot{Ref: job.Ref{Service: service, Kind: kindWorkflowRun, ID: name}}, runNamed)
}

func (c *Client) run(last job.Snapshot, origin runOrigin) *Run {
	return &Run{client: c, job: c.runs.poller(c, last.Kind).Job(last), origin: origin}
}

// ID returns the run's id, which is a name for a run of a legacy workflow.
func (r *Run) ID() string { return r.job.Ref().ID }

// Workflow returns the slug of the app's workflow, or the name of the legacy workflow, that runs; empty when nothing has
// told it yet.
func (r *Run) Workflow() string { return r.job.Ref().Parent }

// Attached reports whether the run ran already when one was asked for: see [Attach].
func (r *Run) Attached() bool { return r.origin == runAttached }

// Recovered reports whether the answer of the request that started it was lost, and the run was found afterwards: the only
// one that has come into being since. When another program starts runs of the same workflow at the same moment, it may be
// that one's.
func (r *Run) Recovered() bool { return r.origin == runRecovered }

// Job returns the run for package job: to wait for many at once, of other services too, to watch it, or to keep its token.
func (r *Run) Job() *job.Job { return r.job }

// Cached returns what was heard of the run last. Its Raw is empty when nothing was yet. It does no I/O.
func (r *Run) Cached() job.Snapshot { return r.job.Last() }

// Refresh asks for the run's state once and returns it. A run that failed is no error here: see [Run.Err].
//
//sluice:operation GET /api/service/v1/app/runs/{runId}
//sluice:operation POST /api/service/runs/indexsearch
func (r *Run) Refresh(ctx context.Context) (job.Snapshot, error) {
	if err := r.check(); err != nil {
		return r.Cached(), err
	}
	last, err := r.job.Refresh(ctx)
	return last, r.explain(err)
}

// Wait waits until the run has ended. Waits of one client share their requests: those for legacy runs ask for up to a
// hundred of them in one.
//
// Errors: a [RunError] when it ended in any state but Succeeded; a [job.WaitError] with the last snapshot when the wait ended
// first (errors.Is with [job.ErrMaxWait], context.Canceled or context.DeadlineExceeded), inside a [ResourceError]. When ctx
// ends Wait returns at once and the run goes on; see [job.CancelOnDone].
//
//sluice:operation GET /api/service/v1/app/runs/{runId}
//sluice:operation POST /api/service/runs/indexsearch
func (r *Run) Wait(ctx context.Context, options ...job.WaitOption) error {
	if err := r.check(); err != nil {
		return err
	}
	_, err := r.job.Wait(ctx, options...)
	return r.explain(err)
}

// Cancel asks Atlan to stop the run and waits until it has ended, whichever way; it may succeed before the request is heard.
// To ask without waiting use Job().Cancel.
//
//sluice:operation POST /api/service/v1/app/runs/{runId}/cancel
//sluice:operation POST /api/service/runs/{workflowRunId}/stop
//sluice:operation GET /api/service/v1/app/runs/{runId}
//sluice:operation POST /api/service/runs/indexsearch
func (r *Run) Cancel(ctx context.Context, options ...job.WaitOption) error {
	if err := r.check(); err != nil {
		return err
	}
	if err := r.job.Cancel(ctx); err != nil {
		return r.explain(err)
	}
	if _, err := r.job.Wait(ctx, options...); !r.Cached().Phase.Final() {
		return r.explain(err)
	}
	return nil
}

// Err returns a [RunError] when the run is known to have ended in any state but Succeeded, else nil. It does no I/O.
func (r *Run) Err() error {
	last := r.Cached()
	if !last.Phase.Final() || last.Phase == job.PhaseSucceeded {
		return nil
	}
	return r.explain(&job.FailedError{Snapshot: last})
}

func (r *Run) check() error {
	ref := r.job.Ref()
	return about(ref.Kind, ref.ID, transport.CheckID(service, ref.Kind, ref.ID))
}

// explain adds the run to an error, and makes the end of one that failed a RunError.
func (r *Run) explain(err error) error {
	if failed, ok := errors.AsType[*job.FailedError](err); ok {
		last := failed.Snapshot
		return &RunError{Kind: last.Kind, Workflow: last.Parent, Run: last.ID, Status: last.Raw, Failure: last.Failure, Err: failed}
	}
	return about(r.job.Ref().Kind, r.ID(), err)
}

var errNotARun = errors.New("it does not name a run of Atlan")

// Resume returns the job that a token names: one that [job.Job.Token] gave for a run, in this process or another. It does no
// I/O. The error wraps [job.ErrTokenMismatch] for a token of another service or another tenant and [job.ErrTokenInvalid] for
// what is no token.
func (c *Client) Resume(token job.Token) (*job.Job, error) {
	resumed, err := c.runs.poller(c, token.Ref().Kind).Resume(token)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", service, err)
	}
	ref := resumed.Ref()
	if ref.Kind != kindAppRun && ref.Kind != kindWorkflowRun {
		return nil, fmt.Errorf("%s: %w: %w", service, job.ErrTokenInvalid, errNotARun)
	}
	if err := transport.CheckID(service, ref.Kind, ref.ID); err != nil {
		return nil, fmt.Errorf("%w: %w", job.ErrTokenInvalid, err)
	}
	return resumed, nil
}

// ResumeRun returns the handle of the run that a token names. It asks the service for its state once; a run that has ended
// meanwhile is fine. When only the call failed the handle comes with the error.
//
//sluice:operation GET /api/service/v1/app/runs/{runId}
//sluice:operation POST /api/service/runs/indexsearch
func (c *Client) ResumeRun(ctx context.Context, token job.Token) (*Run, error) {
	resumed, err := c.Resume(token)
	if err != nil {
		return nil, err
	}
	r := &Run{client: c, job: resumed}
	_, err = r.Refresh(ctx)
	return r, err
}

// mostBegun is how many runs a client remembers to have started.
const mostBegun = 4096

// runs is what a client keeps for runs. The zero value is ready.
type runs struct {
	app, workflow sync.Once
	apps, flows   *job.Poller
	searched      atomic.Bool // the index of legacy runs has answered
	mu            sync.Mutex
	busy          map[string]chan struct{} // workflows of which a run is being started; closed when that is done
	begun         map[string]struct{}      // the runs started last, so that none is taken for a later one
	ring          []string                 // them in their order
	next          int
}

// poller makes the pollers when they are needed: programs that have no use for runs do not link what they need.
func (r *runs) poller(c *Client, kind string) *job.Poller {
	if kind == kindWorkflowRun {
		r.workflow.Do(func() { r.flows = job.NewPoller(&workflowSource{c}, c.polling) })
		return r.flows
	}
	r.app.Do(func() { r.apps = job.NewPoller(&appSource{c}, c.polling) })
	return r.apps
}

func (r *runs) started(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.begun == nil {
		r.begun = make(map[string]struct{})
	}
	if len(r.ring) < mostBegun {
		r.ring = append(r.ring, id)
	} else {
		delete(r.begun, r.ring[r.next])
		r.ring[r.next] = id
		r.next = (r.next + 1) % mostBegun
	}
	r.begun[id] = struct{}{}
}

func (r *runs) knows(id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, known := r.begun[id]
	return known
}

// lock waits until no other goroutine of this client is starting a run of the workflow: two would both look for a new run,
// and take the same.
func (r *runs) lock(ctx context.Context, workflow string) (release func(), err error) {
	for {
		r.mu.Lock()
		taken, ok := r.busy[workflow]
		if !ok {
			if r.busy == nil {
				r.busy = make(map[string]chan struct{})
			}
			mine := make(chan struct{})
			r.busy[workflow] = mine
			r.mu.Unlock()
			return func() {
				r.mu.Lock()
				delete(r.busy, workflow)
				r.mu.Unlock()
				close(mine)
			}, nil
		}
		r.mu.Unlock()
		select {
		case <-taken:
		case <-ctx.Done():
			return nil, canceled(ctx)
		}
	}
}
