package airbyte

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sluice-sdk/sluice/gen/airbyteapi"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/job"
)

// Airbyte takes no idempotency key, so a job is started like this:
//
//  1. note the newest job of the connection;
//  2. send one POST /jobs;
//  3. when the answer leaves open what happened (a timeout, a reset, a 5xx, a page of a proxy, the 409 that the server
//     gives when it has waited 60 seconds for the job's id) read the list, with patience, for a job that is newer than
//     the one noted, and take it when there is exactly one.
//
// What cannot be settled is an [AmbiguousTriggerError]; the request is never sent again then. (airbyte-platform
// JobsController.kt, SchedulerHandler.kt, TemporalClient.kt.)

const (
	// triggerAppears is how long after the request, or after the server's answer that it has waited long enough, the job
	// may still come into being: the server waits 60 seconds for the job's id (TemporalClient.kt).
	triggerAppears = 65 * time.Second
	// triggerLooks is how long the list is read after an unclear answer that itself came late.
	triggerLooks = 15 * time.Second
	// longestLook is the longest pause between two looks at the list.
	longestLook = 15 * time.Second
	// clockTolerance is how far the clocks of the servers of one installation may differ.
	clockTolerance = 5 * time.Second
	// afterOther is the pause between the end of a job that stood in the way and the next request, which grows to
	// longestAfterOther while the server says that a job runs and shows none.
	afterOther        = 2 * time.Second
	longestAfterOther = 30 * time.Second
	// triggerHistory is how many jobs are read before a trigger: the newest, and the durations of those before it.
	triggerHistory = 6
)

// origin says how a handle came by its job.
type origin uint8

const (
	originUnknown   origin = iota // named by its id
	originStarted                 // the answer of our request
	originRecovered               // our request's answer was lost; the only job that came into being since
	originAttached                // it was there already, or may be somebody else's by the clocks
)

// triggered is the outcome of a trigger.
type triggered struct {
	row    jobRow
	origin origin
	past   []time.Duration
}

// jobRow is a job as the API gives it.
type jobRow = airbyteapi.JobResponse

// newest is what is known of a connection's jobs at one moment.
type newest struct {
	rows []jobRow  // the newest first
	date time.Time // by the server's clock, cut to the second; zero when not known
	sent time.Time // by this process's clock: when it was asked
}

// id returns the newest job's id, 0 when there was none.
func (n newest) id() int64 {
	if len(n.rows) == 0 {
		return 0
	}
	return n.rows[0].JobID
}

// unfinished returns the newest job that has not ended.
func (n newest) unfinished() (jobRow, bool) {
	for _, row := range n.rows {
		if !JobStatus(row.Status).Final() {
			return row, true
		}
	}
	return jobRow{}, false
}

// newestJobs reads the connection's newest jobs, of all types.
//
//sluice:operation GET /jobs
func (c *Connection) newestJobs(ctx context.Context) (newest, error) {
	order, sent := "createdAt|DESC", time.Now()
	rows, date, err := c.workspace.client.listJobs(ctx, pageOf(airbyteapi.ListJobsParams{ConnectionID: &c.id, OrderBy: &order}, 0, triggerHistory))
	if err != nil {
		return newest{}, err
	}
	// A server, or a cache before it, that does not look at the filter must not make another connection's job ours.
	rows = slices.DeleteFunc(rows, func(row jobRow) bool { return row.ConnectionID != "" && !c.is(row.ConnectionID) })
	// Ids are given in the order of creation. What a proxy or a replica did to the list must not count.
	slices.SortFunc(rows, func(a, b jobRow) int { return cmp.Compare(b.JobID, a.JobID) })
	rows = slices.CompactFunc(rows, func(a, b jobRow) bool { return a.JobID == b.JobID })
	return newest{rows: rows, date: date, sent: sent}, nil
}

// since returns the jobs of a type that before did not show, the newest first: ids ascend, whatever the clocks say.
func (n newest) since(before newest, kind JobType) []jobRow {
	var rows []jobRow
	for _, row := range n.rows {
		if row.JobID > before.id() && kind.sameWork(JobType(row.JobType)) {
			rows = append(rows, row)
		}
	}
	return rows
}

// predates reports whether the job seems to have been created before n was read, although n does not show it: a list may
// come from a replica that lags. Three clocks have a part in that: the one behind the job, the one behind the Date, which
// may be a gateway's, and ours. It takes both of the latter to say so, and it is no proof even then, because the first
// may be the one that is wrong.
func (n newest) predates(row *jobRow) bool {
	created := timestampOrZero(&row.StartTime)
	return !n.date.IsZero() && !created.IsZero() && created.Before(n.date.Add(-clockTolerance)) && created.Before(n.sent.Add(-clockTolerance))
}

// trigger starts a job of the connection. It is the only place that sends POST /jobs.
//
//sluice:operation POST /jobs
func (c *Connection) trigger(ctx context.Context, kind JobType, policy RunningPolicy, deadline time.Time) (triggered, error) {
	if err := c.check(); err != nil {
		return triggered{}, err
	}
	if policy > WaitThenRun {
		return triggered{}, apierr.Invalid(service, "OnRunning", "%d is no policy", policy)
	}
	for pause := afterOther; ; pause = min(2*pause, longestAfterOther) {
		t, running, err := c.triggerOnce(ctx, kind)
		if running == nil {
			return t, err
		}
		switch policy {
		case Attach:
			if running.row.JobID != 0 {
				return triggered{row: running.row, origin: originAttached, past: running.past}, nil
			}
		case WaitThenRun:
			if !running.foreign {
				return triggered{}, err
			}
			if waited, err := c.waitForOther(ctx, running, deadline); err != nil {
				return triggered{}, err
			} else if waited {
				pause = afterOther
			}
		case Fail:
			return triggered{}, err
		}
		// Whatever ran has ended; the server frees the connection a moment after a job's last status. The refusal proved that
		// nothing was started, so ask again.
		if !deadline.IsZero() && time.Now().Add(pause).After(deadline) {
			return triggered{}, err
		}
		if !sleep(ctx, pause) {
			return triggered{}, c.explain(ended(ctx), 0)
		}
	}
}

// runningJob is what stands in the way of a trigger.
type runningJob struct {
	row  jobRow // JobID 0: it could not be found any more
	past []time.Duration
	// foreign: it provably is not the outcome of our own request.
	foreign bool
}

// triggerOnce sends at most one request. When a job runs already it returns that one too, and the error that says so.
func (c *Connection) triggerOnce(ctx context.Context, kind JobType) (triggered, *runningJob, error) {
	release, err := c.workspace.client.triggers.lock(ctx, strings.ToLower(c.id))
	if err != nil {
		return triggered{}, nil, c.explain(err, 0)
	}
	defer release()
	before, err := c.newestJobs(ctx)
	if err != nil {
		return triggered{}, nil, c.explain(err, 0) // nothing was sent
	}
	past := durationsOf(kind, before.rows)
	sent := time.Now()
	answer, err := c.workspace.client.createJob(ctx, c.id, kind)
	switch {
	case err == nil && answer.JobID > 0 && (answer.ConnectionID == "" || c.is(answer.ConnectionID)):
		if answer.JobID > before.id() && kind.sameWork(JobType(answer.JobType)) {
			t := triggered{row: *answer, origin: originStarted, past: past}
			if before.predates(answer) {
				// Either the list lagged, and it is somebody else's that has not begun, which the server gives as the answer; or
				// the clock behind the job is slow, and it is ours. It is the sync that was asked for either way, but it must not
				// be cancelled with our wait.
				t.origin = originAttached
			}
			return t, nil, nil
		}
		// A job that was created and has not begun is returned again instead of a new one.
		running := &runningJob{row: *answer, past: past, foreign: true}
		return triggered{}, running, c.runningError(running, nil)
	case err == nil:
		err = &apierr.Error{Service: service, Operation: "createJob", Kind: apierr.KindUnexpected, Status: http.StatusOK, MayHaveApplied: true,
			Message: "the answer is not a job of the connection", Method: http.MethodPost, Route: "/jobs"}
	case errors.Is(err, ErrSyncRunning):
		return c.refused(ctx, kind, before, past, err)
	case !unclear(err):
		return triggered{}, nil, c.explain(err, 0)
	}
	return c.recover(ctx, kind, before, past, sent, err)
}

// unclear reports whether a failed POST /jobs may have started a job.
func unclear(err error) bool {
	var e *apierr.Error
	if !errors.As(err, &e) {
		return true // the chain always answers with an apierr.Error; of anything else nothing is known
	}
	return e.MayHaveApplied || stateConflict(e)
}

// stateConflict recognizes the 409 "Could not fulfill request": the connection is not active, or the server has waited
// 60 seconds for the job's id and the job may still come (airbyte-platform SchedulerHandler.kt, TemporalClient.kt).
func stateConflict(e *apierr.Error) bool {
	return e.Kind == apierr.KindConflict && !errors.Is(e, ErrSyncRunning) && !errors.Is(e, ErrConnectionLocked) &&
		!errors.Is(e, ErrConnectionInactive) && (strings.Contains(e.Code, "state-conflict") || !strings.HasPrefix(e.Code, "error:"))
}

// refused handles the 409 of a server on which a job of the connection runs. That job may be our own: a proxy may have
// sent the request twice. Which it is can be told only when the job is older than the request.
func (c *Connection) refused(ctx context.Context, kind JobType, before newest, past []time.Duration, refusal error) (triggered, *runningJob, error) {
	running := &runningJob{past: past, foreign: true}
	for look := range 3 {
		if look > 0 && !sleep(ctx, time.Duration(look)*time.Second) {
			return triggered{}, nil, c.explain(ended(ctx), 0)
		}
		now, err := c.newestJobs(ctx)
		if err != nil {
			return triggered{}, nil, c.ambiguous(ctx, kind, nil, errors.Join(refusal, err))
		}
		if since := now.since(before, kind); len(since) > 0 {
			running := &runningJob{row: since[0], past: past}
			return triggered{}, running, c.ambiguous(ctx, kind, since, refusal)
		}
		var found bool
		if running.row, found = now.unfinished(); found {
			break
		}
	}
	return triggered{}, running, c.runningError(running, refusal)
}

// recover looks for the job that a request with an unclear outcome may have started.
func (c *Connection) recover(ctx context.Context, kind JobType, before newest, past []time.Duration, sent time.Time, failure error) (triggered, *runningJob, error) {
	var e *apierr.Error
	conflict := errors.As(failure, &e) && stateConflict(e)
	patience := triggerLooks
	if conflict {
		patience = triggerAppears // the server has given up waiting for a job that it did ask for
	}
	until := sent.Add(triggerAppears)
	if late := time.Now().Add(patience); late.After(until) {
		until = late
	}
	explained := !conflict
	var since []jobRow // what the last list showed that was not there before
	for pause := time.Second; ; pause = min(2*pause, longestLook) {
		now, err := c.newestJobs(ctx)
		switch {
		case err == nil:
			// A job that seems to be older than the request is not taken for its outcome, but may be it.
			since = now.since(before, kind)
			fresh := slices.DeleteFunc(slices.Clone(since), func(row jobRow) bool { return before.predates(&row) })
			if len(fresh) == 1 {
				return triggered{row: fresh[0], origin: originRecovered, past: past}, nil, nil
			} else if len(fresh) > 1 {
				return triggered{}, nil, c.ambiguous(ctx, kind, since, failure)
			}
			if !explained && len(since) == 0 {
				if inactive := c.inactive(ctx, failure); inactive != nil {
					return triggered{}, nil, inactive
				}
				explained = true
			}
		case ctx.Err() == nil && permanent(err):
			return triggered{}, nil, c.ambiguous(ctx, kind, since, errors.Join(failure, err))
		}
		left := time.Until(until)
		if left <= 0 || !sleep(ctx, min(pause, left)) {
			break
		}
	}
	return triggered{}, nil, c.ambiguous(ctx, kind, since, failure)
}

// permanent reports whether asking again is of no use.
func permanent(err error) bool {
	kind, _ := apierr.KindOf(err)
	return slices.Contains([]apierr.Kind{apierr.KindUnauthenticated, apierr.KindPermissionDenied, apierr.KindInvalid, apierr.KindNotFound, apierr.KindUnsupported}, kind)
}

// inactive explains a refusal by the connection's status. It returns nil when that says nothing.
//
//sluice:operation GET /connections/{connectionId}
func (c *Connection) inactive(ctx context.Context, refusal error) error {
	info, err := c.fetch(ctx)
	if err != nil || info.Status == airbyteapi.ConnectionStatusEnumActive || info.Status == "" {
		return nil //nolint:nilerr // the refusal is the error; this was to explain it
	}
	return &ConnectionStatusError{WorkspaceID: c.workspace.id, ConnectionID: c.id, URL: c.workspace.client.connectionURL(c.workspace.id, c.id),
		Status: string(info.Status), Reason: valueOf(info.StatusReason), Err: refusal}
}

// waitForOther waits until a job that stands in the way has ended, however it ends; not longer than until deadline, when
// there is one. It reports whether there was one to wait for.
func (c *Connection) waitForOther(ctx context.Context, running *runningJob, deadline time.Time) (waited bool, err error) {
	if running.row.JobID == 0 || JobStatus(running.row.Status).Final() {
		return false, nil
	}
	other := c.result(running.row, originAttached, running.past)
	var opts []job.WaitOption
	if !deadline.IsZero() {
		opts = append(opts, job.MaxWait(max(time.Until(deadline), 1)))
	}
	if last, err := other.handle().Wait(ctx, opts...); err != nil && !last.Phase.Final() {
		err := other.waitError(ctx, err)
		if late, ok := errors.AsType[*SyncTimeoutError](err); ok {
			late.Result = nil // it is not the job that was asked for
		}
		return true, err
	}
	return true, nil
}

// triggerLocks lets one trigger of a connection at a time be under way in a client: two would note the same newest job
// and then both take the one that came into being for theirs. The zero value is ready.
type triggerLocks struct {
	mu   sync.Mutex
	held map[string]chan struct{} // closed on release
}

// ended is why ctx ended: its cause, and the plain reason too when the cause does not say it.
func ended(ctx context.Context) error {
	if cause := context.Cause(ctx); !errors.Is(cause, ctx.Err()) {
		return errors.Join(cause, ctx.Err())
	}
	return context.Cause(ctx)
}

// lock waits for the connection's turn. The error is the cause of ctx's end.
func (l *triggerLocks) lock(ctx context.Context, connection string) (release func(), err error) {
	for {
		l.mu.Lock()
		busy, taken := l.held[connection]
		if !taken {
			if l.held == nil {
				l.held = make(map[string]chan struct{})
			}
			mine := make(chan struct{})
			l.held[connection] = mine
			l.mu.Unlock()
			return func() {
				l.mu.Lock()
				delete(l.held, connection)
				l.mu.Unlock()
				close(mine)
			}, nil
		}
		l.mu.Unlock()
		select {
		case <-busy:
		case <-ctx.Done():
			return nil, ended(ctx)
		}
	}
}
