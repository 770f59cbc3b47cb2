package tidemark

import (
	"context"
	"iter"
	"time"

	"example.com/tidemark/tidemarkapi"
	"github.com/sluice-sdk/sluice/wrappers/job"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// kind is the service's word for its jobs, and maxBatch how many of them one request may name.
const kind, maxBatch = "backup", 50

// phases are the statuses that end a wait or keep it going. Any other is [job.PhaseUnknown]: neither an end nor success.
var phases = map[tidemarkapi.BackupStatus]job.Phase{
	tidemarkapi.BackupStatusQueued: job.PhasePending, tidemarkapi.BackupStatusRunning: job.PhaseRunning,
	tidemarkapi.BackupStatusSucceeded: job.PhaseSucceeded, tidemarkapi.BackupStatusFailed: job.PhaseFailed,
	tidemarkapi.BackupStatusCanceled: job.PhaseCanceled,
}

// source reads backups for the poller, and stops them: a [job.Source] and a [job.Canceler].
type source struct{ client *Client }

func (s source) MaxBatch() int { return maxBatch }

// Fetch reads backups with one request, on the polling lane: calls that a person waits for go first.
//
//sluice:operation GET /backups
func (s source) Fetch(ctx context.Context, refs []job.Ref) iter.Seq2[job.Snapshot, error] {
	return func(yield func(job.Snapshot, error) bool) {
		params := &tidemarkapi.ListBackupsParams{Limit: new(maxBatch)}
		for _, ref := range refs {
			params.Ids = append(params.Ids, ref.ID)
		}
		list, err := transport.Decode[tidemarkapi.BackupList](s.client.raw.ListBackups(transport.WithLane(ctx, transport.Poll), params))
		if err != nil {
			yield(job.Snapshot{}, err)
			return
		}
		for i := range list.Backups {
			if !yield(snapshot(&list.Backups[i]), nil) {
				return
			}
		}
	}
}

// Cancel stops a backup.
//
//sluice:operation POST /backups/{backup_id}/cancel
func (s source) Cancel(ctx context.Context, ref job.Ref) error {
	if err := transport.CheckID(service, kind, ref.ID); err != nil {
		return err
	}
	return transport.Discard(s.client.raw.CancelBackup(ctx, ref.ID))
}

// snapshot is a backup in the words of package job.
func snapshot(b *tidemarkapi.Backup) job.Snapshot {
	s := job.Snapshot{
		Ref: job.Ref{Service: service, Kind: kind, ID: b.ID, Parent: b.DatabaseID}, Phase: phases[b.Status], Raw: string(b.Status),
		Created: b.CreatedAt, Started: b.StartedAt, Finished: b.FinishedAt, Observed: time.Now(), Progress: job.Progress{Bytes: b.Bytes},
	}
	if b.Failure != nil {
		s.Failure = &job.Failure{Type: b.Failure.Code, Message: b.Failure.Message}
	}
	return s
}
