package airbyte

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/job"
)

// What a person reads of a failed sync at night: one line with the job, the reason, and where to go on.
func TestSyncErrorsSayWhatAPersonNeeds(t *testing.T) {
	const w, c, url = "w-1", "c-1", "https://airbyte.example.com/workspaces/w-1/connections/c-1/timeline"
	where := "[connection c-1, workspace w-1]"
	refusal := errors.New("409 Could not fulfill request")
	for _, tt := range []struct {
		err  error
		want string
	}{
		{
			&SyncError{WorkspaceID: w, ConnectionID: c, JobID: 7, JobType: JobTypeSync, Status: JobFailed, URL: url,
				Failure: &job.Failure{Origin: "source", Message: "the password has expired", Type: "config_error"}},
			"airbyte: sync job 7 failed: source: the password has expired (config_error) " + where + " — its log is at " + url,
		},
		{
			&SyncError{WorkspaceID: w, ConnectionID: c, JobID: 7, JobType: JobTypeClear, Status: JobFailed, Failure: &job.Failure{Message: "out of memory"}},
			"airbyte: clear job 7 failed: out of memory " + where + " — its log in Airbyte says why",
		},
		{
			&SyncError{WorkspaceID: w, ConnectionID: c, JobID: 7, JobType: JobTypeSync, Status: JobCancelled},
			"airbyte: sync job 7 was cancelled " + where + " — its log in Airbyte says why",
		},
		{
			&SyncTimeoutError{WorkspaceID: w, ConnectionID: c, JobID: 7, JobType: JobTypeSync, Last: job.Snapshot{Raw: "running"}, Waited: 90*time.Second + 400*time.Microsecond},
			"airbyte: sync job 7 is still running after waiting 1m30s " + where + " — it goes on: wait again, or resume it from its token",
		},
		{
			&SyncTimeoutError{WorkspaceID: w, ConnectionID: c, JobID: 7, JobType: JobTypeSync, Waited: 1500 * time.Millisecond},
			"airbyte: sync job 7 is still not seen yet after waiting 1.5s " + where + " — it goes on: wait again, or resume it from its token",
		},
		{
			&SyncRunningError{WorkspaceID: w, ConnectionID: c, JobID: 7, JobType: JobTypeSync, Status: JobRunning},
			"airbyte: sync job 7 (running) is already running on the connection, none was started " + where + " — wait for it, or use OnRunning(Attach) or OnRunning(WaitThenRun)",
		},
		{
			&SyncRunningError{WorkspaceID: w, ConnectionID: c, Err: refusal},
			"airbyte: a job is already running on the connection, none was started " + where + " — wait for it, or use OnRunning(Attach) or OnRunning(WaitThenRun)",
		},
		{
			&AmbiguousTriggerError{WorkspaceID: w, ConnectionID: c, JobType: JobTypeSync, Candidates: []int64{9, 8}, URL: url, Err: refusal},
			"airbyte: it is not known whether a sync was started: it may be job 9 or 8 " + where + " — look at " + url + " before starting another: 409 Could not fulfill request",
		},
		{
			&AmbiguousTriggerError{WorkspaceID: w, ConnectionID: c, JobType: JobTypeSync, Err: errors.Join(refusal, context.Canceled)},
			"airbyte: it is not known whether a sync was started: no new job has appeared so far " + where +
				" — look at the connection's jobs before starting another: 409 Could not fulfill request context canceled",
		},
		{
			&ConnectionStatusError{WorkspaceID: w, ConnectionID: c, Status: "inactive", Err: refusal},
			"airbyte: the connection is inactive, nothing was started " + where + " — switch it on first",
		},
		{
			&ConnectionStatusError{WorkspaceID: w, ConnectionID: c, Status: "deprecated"},
			"airbyte: the connection is deprecated, nothing was started " + where + " — it was deleted",
		},
		{
			&ConnectionStatusError{WorkspaceID: w, ConnectionID: c, Status: "locked", Reason: "trial ended"},
			"airbyte: the connection is locked: trial ended, nothing was started " + where + " — Airbyte has to unlock it",
		},
		{
			&JobMismatchError{JobID: 12, Want: c, Got: "c-2"},
			`airbyte: job 12 belongs to connection "c-2", not to "c-1"`,
		},
	} {
		if got := tt.err.Error(); got != tt.want {
			t.Errorf("%T says\n\t%s\nwant\n\t%s", tt.err, got, tt.want)
		}
	}
	record := fmt.Sprint((&SyncError{WorkspaceID: w, ConnectionID: c, JobID: 7, JobType: JobTypeSync, Status: JobFailed, URL: url}).LogValue().Group())
	for _, want := range []slog.Attr{
		slog.String("service", "airbyte"), slog.String("workspace", w), slog.String("connection", c), slog.Int64("job", 7),
		slog.String("type", "sync"), slog.String("status", "failed"), slog.String("url", url),
	} {
		if !strings.Contains(record, want.String()) {
			t.Errorf("the log record has no %s: %s", want, record)
		}
	}
	running := &SyncRunningError{Err: refusal}
	if !errors.Is(running, ErrSyncRunning) || !errors.Is(running, apierr.ErrConflict) || !errors.Is(running, refusal) || errors.Is(running, apierr.ErrNotFound) {
		t.Errorf("errors.Is of %v", running)
	}
}
