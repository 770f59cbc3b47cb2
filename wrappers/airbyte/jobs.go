package airbyte

import (
	"strconv"
	"time"

	"github.com/sluice-sdk/sluice/gen/airbyteapi"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/job"
)

// JobStatus is a job's status as Airbyte spells it. Airbyte adds statuses ("queued" in 2026): one that this package does
// not know is neither final nor failed, so that a wait goes on.
type JobStatus string

// The statuses (airbyte-platform JobStatus.kt).
const (
	// JobPending is a job that was created and has not begun.
	JobPending JobStatus = "pending"
	// JobQueued is a job that waits for the capacity to run.
	JobQueued JobStatus = "queued"
	// JobRunning is a job that runs.
	JobRunning JobStatus = "running"
	// JobIncomplete is a job whose last attempt failed and that will be attempted again.
	JobIncomplete JobStatus = "incomplete"
	// JobFailed is a job that ended without moving everything. What its attempts committed stays.
	JobFailed JobStatus = "failed"
	// JobSucceeded is a job that moved everything.
	JobSucceeded JobStatus = "succeeded"
	// JobCancelled is a job that somebody, or the server, stopped.
	JobCancelled JobStatus = "cancelled"
)

// Final reports whether the status will not change any more: succeeded, failed, cancelled.
func (s JobStatus) Final() bool { return s.phase().Final() }

// Failed reports whether the job ended without success: failed, cancelled.
func (s JobStatus) Failed() bool { return s == JobFailed || s == JobCancelled }

// phase returns what the status means to package job.
func (s JobStatus) phase() job.Phase {
	switch s {
	case JobPending, JobQueued:
		return job.PhasePending
	case JobRunning, JobIncomplete:
		return job.PhaseRunning
	case JobSucceeded:
		return job.PhaseSucceeded
	case JobFailed:
		return job.PhaseFailed
	case JobCancelled:
		return job.PhaseCanceled
	}
	return job.PhaseUnknown
}

// unfinishedStatuses are the statuses to ask for when looking for jobs that have not ended.
var unfinishedStatuses = [...]JobStatus{JobRunning, JobPending, JobQueued, JobIncomplete}

// finalStatuses are the statuses to ask for when looking for jobs that have ended, the commonest first.
var finalStatuses = [...]JobStatus{JobSucceeded, JobFailed, JobCancelled}

// JobType is what a job does, as Airbyte spells it.
type JobType string

// The types of jobs.
const (
	// JobTypeSync moves data.
	JobTypeSync JobType = "sync"
	// JobTypeReset removes what was synced and the connection's state. The public API treats it and JobTypeClear alike.
	JobTypeReset JobType = "reset"
	// JobTypeRefresh reads everything again. The public API lists such jobs and cannot start them.
	JobTypeRefresh JobType = "refresh"
	// JobTypeClear removes what was synced and the connection's state.
	JobTypeClear JobType = "clear"
)

// clears reports whether jobs of this type remove data.
func (t JobType) clears() bool { return t == JobTypeClear || t == JobTypeReset }

// sameWork reports whether a job of type other may be the answer to a request for a job of type t. Older servers call
// a clear a reset.
func (t JobType) sameWork(other JobType) bool {
	return other == "" || t == other || t.clears() && other.clears()
}

// snapshotOf turns what the API says about a job of a workspace into a snapshot. What is absent or cannot be read stays
// zero: a time or a duration that is written in a new way must not end a wait.
//
// The API's startTime is when the job was created, lastUpdatedAt is given for ended jobs only, and duration runs from
// creation to the last change (airbyte-platform JobResponseMapper.kt); when the job began to run is not given.
func snapshotOf(workspace string, j *airbyteapi.JobResponse) job.Snapshot {
	s := job.Snapshot{
		Ref:      jobRef(workspace, j.ConnectionID, JobType(j.JobType), j.JobID),
		Phase:    JobStatus(j.Status).phase(),
		Raw:      string(j.Status),
		Created:  timestampOrZero(&j.StartTime),
		Updated:  timestampOrZero(j.LastUpdatedAt),
		Observed: time.Now(),
		Progress: job.Progress{Records: j.RowsSynced, Bytes: j.BytesSynced},
	}
	if j.Duration != nil && !s.Created.IsZero() {
		if d, err := parseDuration(*j.Duration); err == nil && d >= 0 {
			if changed := s.Created.Add(d); s.Updated.Before(changed) {
				s.Updated = changed
			}
		}
	}
	if s.Phase.Final() {
		s.Finished = s.Updated
	}
	return s
}

// jobRef names a job of a connection of a workspace.
func jobRef(workspace, connection string, kind JobType, id int64) job.Ref {
	if kind == "" {
		kind = JobTypeSync
	}
	return job.Ref{Service: service, Kind: string(kind), ID: strconv.FormatInt(id, 10), Parent: connection, Scope: workspace}
}

// jobID returns the number in a reference, and an error of kind invalid when there is none.
func jobID(ref job.Ref) (int64, error) {
	id, err := strconv.ParseInt(ref.ID, 10, 64)
	if err != nil || id <= 0 {
		return 0, apierr.Invalid(service, "job", "%.20q is not a job's id: that is a positive number", ref.ID)
	}
	return id, nil
}
