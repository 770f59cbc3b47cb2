package airbyte

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/job"
)

// ErrNoSync says that a connection has no job of the sort that was asked for: see [Connection.LatestSync].
const ErrNoSync = stateError("the connection has no such job yet")

// SyncError is a job that ended without doing all it was asked to do: it failed, or somebody cancelled it. What its
// attempts committed before stays in the destination. errors.As reaches the [job.FailedError] inside; for a cancelled job
// errors.Is(err, [job.ErrCanceledRemotely]) holds.
type SyncError struct {
	// Result is the handle of the job: how much it moved, when it began, its token.
	Result *SyncResult
	// WorkspaceID and ConnectionID say where it ran.
	WorkspaceID, ConnectionID string
	// JobID is the job's id, JobType what it was to do.
	JobID   int64
	JobType JobType
	// Status is failed or cancelled.
	Status JobStatus
	// URL is the page of the connection's jobs in the web application, "" when that is not known.
	URL string
	// Failure is why, as far as it is known; nil when it is not. The public API does not say: the job's log in the web
	// application does.
	Failure *job.Failure
	// Err is the end of the wait, a [job.FailedError].
	Err error
}

// Error returns one line with the job, the reason when it is known, and where to look.
func (e *SyncError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s job %d ", service, e.JobType, e.JobID)
	if e.Status == JobCancelled {
		b.WriteString("was cancelled")
	} else {
		b.WriteString(string(e.Status))
	}
	if f := e.Failure; f != nil {
		for _, part := range []string{f.Origin, f.Message} {
			if part != "" {
				b.WriteString(": " + part)
			}
		}
		if f.Type != "" {
			b.WriteString(" (" + f.Type + ")")
		}
	}
	b.WriteString(where(e.WorkspaceID, e.ConnectionID))
	if e.URL != "" {
		b.WriteString(" — its log is at " + e.URL)
	} else {
		b.WriteString(" — its log in Airbyte says why")
	}
	return b.String()
}

// Unwrap returns the end of the wait.
func (e *SyncError) Unwrap() error { return e.Err }

// LogValue implements [slog.LogValuer].
func (e *SyncError) LogValue() slog.Value {
	return slog.GroupValue(slog.String("service", service), slog.String("workspace", e.WorkspaceID), slog.String("connection", e.ConnectionID),
		slog.Int64("job", e.JobID), slog.String("type", string(e.JobType)), slog.String("status", string(e.Status)), slog.String("url", e.URL))
}

// SyncTimeoutError is a wait that took longer than it was allowed to: the job goes on. Wait again, or keep the token of
// Result for later. errors.Is(err, context.DeadlineExceeded) holds; errors.As reaches the [job.WaitError] inside, and
// errors.Is(err, [job.ErrMaxWait]) tells [WithMaxWait] from the deadline of the context.
type SyncTimeoutError struct {
	// Result is the handle of the job, nil when the wait was for a job that stood in the way: see [WaitThenRun].
	Result *SyncResult
	// WorkspaceID and ConnectionID say where the job runs.
	WorkspaceID, ConnectionID string
	// JobID is the job's id, JobType what it does.
	JobID   int64
	JobType JobType
	// Last is the last snapshot of the job.
	Last job.Snapshot
	// Waited is how long the wait lasted.
	Waited time.Duration
	// URL is the page of the connection's jobs in the web application, "" when that is not known.
	URL string
	// Err is the end of the wait, a [job.WaitError].
	Err error
}

// Error returns one line with the job, its last known status and how to go on.
func (e *SyncTimeoutError) Error() string {
	status := e.Last.Raw
	if status == "" {
		status = "not seen yet"
	}
	return fmt.Sprintf("%s: %s job %d is still %s after waiting %s%s — it goes on: wait again, or resume it from its token",
		service, e.JobType, e.JobID, status, e.Waited.Round(time.Millisecond), where(e.WorkspaceID, e.ConnectionID))
}

// Unwrap returns the end of the wait.
func (e *SyncTimeoutError) Unwrap() error { return e.Err }

// SyncRunningError says that a job runs on the connection already, so that none was started. errors.Is(err,
// [ErrSyncRunning]) holds for it.
type SyncRunningError struct {
	// WorkspaceID and ConnectionID say where it runs.
	WorkspaceID, ConnectionID string
	// JobID is the job that runs, JobType what it does, Status where it stood. They are zero when it could not be found:
	// it may have ended meanwhile.
	JobID   int64
	JobType JobType
	Status  JobStatus
	// URL is the page of the connection's jobs in the web application, "" when that is not known.
	URL string
	// Err is the server's refusal; nil when the server answered with the running job instead of refusing.
	Err error
}

// Error returns one line with the running job and what to do.
func (e *SyncRunningError) Error() string {
	what := "a job"
	if e.JobID != 0 {
		what = fmt.Sprintf("%s job %d (%s)", e.JobType, e.JobID, e.Status)
	}
	return fmt.Sprintf("%s: %s is already running on the connection, none was started%s — wait for it, or use OnRunning(Attach) or OnRunning(WaitThenRun)",
		service, what, where(e.WorkspaceID, e.ConnectionID))
}

// Unwrap returns the server's refusal.
func (e *SyncRunningError) Unwrap() error { return e.Err }

// Is reports whether target is [ErrSyncRunning] or [apierr.ErrConflict].
func (e *SyncRunningError) Is(target error) bool {
	return target == ErrSyncRunning || target == error(apierr.ErrConflict)
}

// AmbiguousTriggerError says that a job was asked for and that nobody can say whether it was started: no answer told,
// and the connection's jobs did not settle it either. Look at the candidates, or at the connection's jobs, before asking
// again. The request itself was never repeated. errors.As reaches the failure of the call; when the server said that a
// job runs already, which may be the one that was asked for, errors.Is(err, [ErrSyncRunning]) holds.
type AmbiguousTriggerError struct {
	// WorkspaceID and ConnectionID say where.
	WorkspaceID, ConnectionID string
	// JobType is what was asked for.
	JobType JobType
	// Candidates are the ids of the jobs that may have been started by the call, the newest first; empty when none had
	// appeared by the time the search ended.
	Candidates []int64
	// URL is the page of the connection's jobs in the web application, "" when that is not known.
	URL string
	// Err is the failure of the call, joined with what ended the search early.
	Err error
}

// Error returns one line that says what is not known, and names the candidates.
func (e *AmbiguousTriggerError) Error() string {
	found := "no new job has appeared so far"
	if len(e.Candidates) > 0 {
		ids := make([]string, len(e.Candidates))
		for i, id := range e.Candidates {
			ids[i] = strconv.FormatInt(id, 10)
		}
		found = "it may be job " + strings.Join(ids, " or ")
	}
	look := "the connection's jobs"
	if e.URL != "" {
		look = e.URL
	}
	return strings.Join(strings.Fields(fmt.Sprintf("%s: it is not known whether a %s was started: %s%s — look at %s before starting another: %v",
		service, e.JobType, found, where(e.WorkspaceID, e.ConnectionID), look, e.Err)), " ")
}

// Unwrap returns the failure of the call.
func (e *AmbiguousTriggerError) Unwrap() error { return e.Err }

// ConnectionStatusError says that nothing can be started on a connection because of its status. errors.Is finds
// [ErrConnectionLocked] for a locked connection and [ErrConnectionInactive] for any other status that is not active.
type ConnectionStatusError struct {
	// WorkspaceID and ConnectionID say which.
	WorkspaceID, ConnectionID string
	// Status is the connection's: "inactive", "deprecated" (which is: deleted), "locked".
	Status string
	// Reason is the server's reason, "" when it gave none.
	Reason string
	// URL is the connection's page in the web application, "" when that is not known.
	URL string
	// Err is the server's refusal.
	Err error
}

// Error returns one line with the status and what to do.
func (e *ConnectionStatusError) Error() string {
	hint := "switch it on first"
	switch e.Status {
	case "deprecated":
		hint = "it was deleted"
	case "locked":
		hint = "Airbyte has to unlock it"
	}
	reason := ""
	if e.Reason != "" {
		reason = ": " + e.Reason
	}
	return fmt.Sprintf("%s: the connection is %s%s, nothing was started%s — %s", service, e.Status, reason, where(e.WorkspaceID, e.ConnectionID), hint)
}

// Unwrap returns the server's refusal.
func (e *ConnectionStatusError) Unwrap() error { return e.Err }

// Is reports whether target stands for the status.
func (e *ConnectionStatusError) Is(target error) bool {
	if e.Status == "locked" {
		return target == ErrConnectionLocked
	}
	return target == ErrConnectionInactive
}

// where says in an error which connection it is about.
func where(workspace, connection string) string {
	return " [connection " + connection + ", workspace " + workspace + "]"
}

// explain adds the ids and the link to an error that is about the connection, or about one of its jobs.
func (c *Connection) explain(err error, id int64) error {
	if err == nil {
		return nil
	}
	return &ResourceError{Workspace: c.workspace.id, Connection: c.id, Job: id, URL: c.historyURL(), Err: err}
}

// historyURL is the page of the connection's jobs in the web application, or "".
func (c *Connection) historyURL() string {
	return c.workspace.client.jobHistoryURL(c.workspace.id, c.id)
}

func (c *Connection) runningError(running *runningJob, refusal error) error {
	return &SyncRunningError{WorkspaceID: c.workspace.id, ConnectionID: c.id, JobID: running.row.JobID,
		JobType: JobType(running.row.JobType), Status: JobStatus(running.row.Status), URL: c.historyURL(), Err: refusal}
}

func (c *Connection) ambiguous(ctx context.Context, kind JobType, candidates []jobRow, failure error) error {
	e := &AmbiguousTriggerError{WorkspaceID: c.workspace.id, ConnectionID: c.id, JobType: kind, URL: c.historyURL(), Err: failure}
	for _, row := range candidates {
		e.Candidates = append(e.Candidates, row.JobID)
	}
	// Whoever asks whether the context ended gets the answer, whatever the failure was.
	for _, ended := range []error{context.Cause(ctx), ctx.Err()} {
		if ended != nil && !errors.Is(e.Err, ended) {
			e.Err = errors.Join(e.Err, ended)
		}
	}
	return e
}
