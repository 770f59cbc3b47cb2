package airbyte

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/job"
)

// SyncResult is the handle of one job of a connection, usually a sync. It keeps what was heard of the job last: methods
// without a context do no I/O. Once the job has ended, no method asks the server again. It is safe for concurrent use.
type SyncResult struct {
	connection *Connection
	id         int64
	origin     origin
	past       []time.Duration

	mu    sync.Mutex
	job   *job.Job
	typed bool // the job's type is known, not supposed
}

// result makes the handle of a job that was just read.
func (c *Connection) result(row jobRow, from origin, past []time.Duration) *SyncResult {
	snapshot := snapshotOf(c.workspace.id, &row)
	if snapshot.Parent == "" {
		snapshot.Parent = c.id
	}
	return &SyncResult{connection: c, id: row.JobID, origin: from, past: past, typed: true,
		job: c.workspace.client.poller.Job(snapshot, past...)}
}

// SyncResult returns the handle of a job by its id. It does no I/O; the first call tells whether there is such a job. Its
// type is taken to be sync until then.
func (c *Connection) SyncResult(id int64) *SyncResult {
	return &SyncResult{connection: c, id: id,
		job: c.workspace.client.poller.Job(job.Snapshot{Ref: jobRef(c.workspace.id, c.id, JobTypeSync, id)})}
}

// JobID returns the job's id.
func (r *SyncResult) JobID() int64 { return r.id }

// Connection returns the handle of the connection.
func (r *SyncResult) Connection() *Connection { return r.connection }

// JobURL returns the page of the job in the web application, or "" when its root is not known. The page is the timeline
// of the connection's jobs, opened at this one.
func (r *SyncResult) JobURL() string {
	base := r.connection.historyURL()
	if base == "" {
		return ""
	}
	return base + "?jobId=" + strconv.FormatInt(r.id, 10)
}

// JobType returns what the job does.
func (r *SyncResult) JobType() JobType { return JobType(r.handle().Ref().Kind) }

// Attached reports whether the job is, or may be, somebody else's: it was running when a job was asked for with
// [OnRunning]([Attach]), or the server answered with a job that, by the clocks, had been created before it was asked for
// one, as it does with a job that has not begun yet.
func (r *SyncResult) Attached() bool { return r.origin == originAttached }

// Recovered reports whether the answer to the request that started the job was lost, and the job was found in the list:
// the only one of its type that has come into being on the connection since.
func (r *SyncResult) Recovered() bool { return r.origin == originRecovered }

// Job returns the job for package job: to wait for many at once, to watch it, or to keep its token.
func (r *SyncResult) Job() *job.Job { return r.handle() }

func (r *SyncResult) handle() *job.Job {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.job
}

// Cached returns what was heard of the job last. Its Raw is empty when nothing was yet.
func (r *SyncResult) Cached() job.Snapshot { return r.handle().Last() }

// Status returns the job's status. It asks the server until the job has ended.
//
// Errors: [apierr.ErrNotFound] or [apierr.ErrPermissionDenied] when there is no such job (Airbyte often answers the
// latter), inside a [ResourceError]; the status is then the last one known.
//
//sluice:operation GET /jobs/{jobId}
func (r *SyncResult) Status(ctx context.Context) (JobStatus, error) {
	err := r.refresh(ctx)
	return JobStatus(r.Cached().Raw), err
}

// refresh brings the handle up to date, unless the job has ended.
func (r *SyncResult) refresh(ctx context.Context) error {
	if r.Cached().Phase.Final() {
		return nil
	}
	if err := r.connection.check(); err != nil {
		return err
	}
	if known, err := r.learn(ctx); !known {
		return err
	}
	if _, err := r.handle().Refresh(ctx); err != nil {
		return r.connection.explain(err, r.id)
	}
	return nil
}

// learn reads a job whose type is not known yet, and reports whether it was known before.
func (r *SyncResult) learn(ctx context.Context) (known bool, err error) {
	r.mu.Lock()
	known = r.typed
	r.mu.Unlock()
	if known {
		return true, nil
	}
	client := r.connection.workspace.client
	if _, err := jobID(r.handle().Ref()); err != nil {
		return false, err
	}
	row, err := client.getJob(ctx, r.id)
	if err != nil {
		return false, r.connection.explain(err, r.id)
	}
	if row.ConnectionID != "" && !r.connection.is(row.ConnectionID) {
		return false, r.connection.explain(&JobMismatchError{JobID: r.id, Want: r.connection.id, Got: row.ConnectionID}, r.id)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.typed {
		r.job, r.typed = client.poller.Job(snapshotOf(r.connection.workspace.id, row)), true
	}
	return false, nil
}

// IsComplete reports whether the job has ended, well or not. It asks the server until it has.
//
//sluice:operation GET /jobs/{jobId}
func (r *SyncResult) IsComplete(ctx context.Context) (bool, error) {
	status, err := r.Status(ctx)
	return status.Final(), err
}

// RecordsSynced returns how many records have been committed, as far as is known.
func (r *SyncResult) RecordsSynced() Count { return countOf(r.Cached().Progress.Records) }

// BytesSynced returns how many bytes have been committed, as far as is known.
func (r *SyncResult) BytesSynced() Count { return countOf(r.Cached().Progress.Bytes) }

// StartTime returns when the job was created, zero when that is not known yet. When it began to run is not told.
func (r *SyncResult) StartTime() time.Time { return r.Cached().Created }

// Duration returns how long the job took from its creation to its end, 0 as long as it has not ended.
func (r *SyncResult) Duration() time.Duration { return r.Cached().Duration() }

// Err returns a [SyncError] when the job is known to have failed or to have been cancelled, else nil. It does no I/O: see
// [SyncResult.Check].
func (r *SyncResult) Err() error {
	last := r.Cached()
	if !last.Phase.Final() || last.Phase == job.PhaseSucceeded {
		return nil
	}
	return r.syncError(&job.FailedError{Snapshot: last})
}

// Check asks the server unless the job has ended, and returns what [SyncResult.Err] does then, or the error of the call.
//
//sluice:operation GET /jobs/{jobId}
func (r *SyncResult) Check(ctx context.Context) error {
	if err := r.refresh(ctx); err != nil {
		return err
	}
	return r.Err()
}

// Wait waits until the job has ended, and returns its last status. Errors are those of the wait of
// [Connection.RunSync]. A job that has ended costs no call.
//
//sluice:operation GET /jobs
//sluice:operation GET /jobs/{jobId}
func (r *SyncResult) Wait(ctx context.Context, opts ...WaitOption) (JobStatus, error) {
	s := settingsOf(opts)
	var deadline time.Time
	if s.maxWait > 0 {
		deadline = time.Now().Add(s.maxWait)
	}
	return r.wait(ctx, s, deadline)
}

func (r *SyncResult) wait(ctx context.Context, s *syncSettings, deadline time.Time) (JobStatus, error) {
	if err := r.connection.check(); err != nil {
		return "", err
	}
	// What hinders the first call for a while is the wait's to tolerate.
	first, stop := ctx, context.CancelFunc(func() {})
	if !deadline.IsZero() {
		first, stop = context.WithDeadline(ctx, deadline)
	}
	known, err := r.learn(first)
	stop()
	if !known && err != nil && (permanent(err) || isMismatch(err)) {
		return "", err
	}
	last, err := r.handle().Wait(ctx, s.jobOptions(r, deadline)...)
	status := JobStatus(last.Raw)
	switch {
	case err == nil, s.tolerateFailure && last.Phase.Final(),
		s.tolerateTimeout && errors.Is(err, job.ErrMaxWait) && ctx.Err() == nil:
		return status, nil
	}
	return status, r.waitError(ctx, err)
}

// waitError turns the end of a wait into the error that this package promises.
func (r *SyncResult) waitError(ctx context.Context, err error) error {
	var failed *job.FailedError
	var ended *job.WaitError
	switch {
	case errors.As(err, &failed):
		return r.syncError(failed)
	case errors.As(err, &ended) && (errors.Is(err, job.ErrMaxWait) || errors.Is(ctx.Err(), context.DeadlineExceeded)):
		c := r.connection
		return &SyncTimeoutError{Result: r, WorkspaceID: c.workspace.id, ConnectionID: c.id, JobID: r.id, JobType: r.JobType(),
			Last: ended.Last, Waited: ended.Elapsed, URL: r.JobURL(), Err: err}
	}
	return r.connection.explain(err, r.id)
}

func (r *SyncResult) syncError(failed *job.FailedError) error {
	c := r.connection
	return &SyncError{Result: r, WorkspaceID: c.workspace.id, ConnectionID: c.id, JobID: r.id, JobType: r.JobType(),
		Status: JobStatus(failed.Snapshot.Raw), URL: r.JobURL(), Failure: failed.Snapshot.Failure, Err: failed}
}

// JobMismatchError says that a job belongs to another connection than the handle it was reached through.
type JobMismatchError struct {
	// JobID is the job.
	JobID int64
	// Want is the id of the handle's connection, Got the one that the server named.
	Want, Got string
}

// Error says where the job is and where it was looked for.
func (e *JobMismatchError) Error() string {
	return service + ": job " + strconv.FormatInt(e.JobID, 10) + " belongs to connection " + strconv.Quote(e.Got) + ", not to " + strconv.Quote(e.Want)
}

func isMismatch(err error) bool {
	var mismatch *JobMismatchError
	return errors.As(err, &mismatch)
}
