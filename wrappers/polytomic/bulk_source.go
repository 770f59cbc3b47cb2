package polytomic

import (
	"context"
	"errors"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/sluice-sdk/sluice/gen/polytomicapi"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/job"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

const (
	// statusChunk is how many syncs one request for their status names. Each takes 45 bytes of a URL, and 8 KiB are the
	// usual bound.
	statusChunk = 150
	// More syncs than one request can name are asked for all at once, unless that would bring this many times as many.
	allFactor = 4
	// sourceRequests is how many requests of one poll are under way at a time.
	sourceRequests = 8
	// pastRuns is how many durations of earlier runs are worth reading.
	pastRuns = 5
)

// bulkSource reads executions of bulk syncs for the poller. All its requests go on the polling lane.
//
// One execution is read by itself. Several are read through the status of their syncs, one request for up to 150 of them
// or one for all there are. The status is that of the sync, not of the execution, so it only tells that nothing ended;
// whatever looks like an end, or does not fit, is confirmed by reading the execution.
type bulkSource struct{ client *Client }

var (
	_ job.Source   = (*bulkSource)(nil)
	_ job.History  = (*bulkSource)(nil)
	_ job.Canceler = (*bulkSource)(nil)
)

// MaxBatch implements [job.Source]: any number.
func (s *bulkSource) MaxBatch() int { return 0 }

// Fetch implements [job.Source].
//
//sluice:operation GET /api/bulk/syncs/status
//sluice:operation GET /api/bulk/syncs/{id}/executions/{exec_id}
func (s *bulkSource) Fetch(ctx context.Context, refs []job.Ref) iter.Seq2[job.Snapshot, error] {
	ctx = transport.WithLane(ctx, transport.Poll)
	return func(yield func(job.Snapshot, error) bool) {
		if len(refs) == 1 && checkIDs("bulk sync", refs[0].Parent, "execution", refs[0].ID) == nil {
			yield(s.execution(ctx, refs[0]))
			return
		}
		var asked []job.Ref
		syncs := make(map[string][]job.Ref) // by sync
		for _, ref := range refs {
			if err := checkIDs("bulk sync", ref.Parent, "execution", ref.ID); err != nil {
				if !yield(job.Snapshot{Ref: ref}, err) {
					return
				}
				continue
			}
			asked = append(asked, ref)
			syncs[ref.Parent] = append(syncs[ref.Parent], ref)
		}
		if len(asked) < 2 {
			s.confirm(ctx, asked, yield)
			return
		}
		ids := make([]string, 0, len(syncs))
		for id := range syncs {
			ids = append(ids, id)
		}
		slices.Sort(ids)
		var doubtful []job.Ref
		for rows, err := range s.statuses(ctx, ids) {
			if err != nil {
				if !yield(job.Snapshot{}, err) {
					return
				}
				continue
			}
			for i := range rows {
				id := valueOf(rows[i].SyncID)
				for _, ref := range syncs[id] {
					snapshot, certain := statusSnapshot(ref, &rows[i])
					if !certain {
						doubtful = append(doubtful, ref)
					} else if !yield(snapshot, nil) {
						return
					}
				}
				delete(syncs, id)
			}
		}
		if ctx.Err() != nil {
			return
		}
		s.confirm(ctx, doubtful, yield)
	}
}

// statuses reads the status of syncs, in as few requests as it takes.
func (s *bulkSource) statuses(ctx context.Context, ids []string) iter.Seq2[[]polytomicapi.BulkSyncExecutionStatus, error] {
	return func(yield func([]polytomicapi.BulkSyncExecutionStatus, error) bool) {
		if known := int(s.client.bulkAll.Load()); len(ids) > statusChunk && known <= allFactor*len(ids) {
			all := true
			rows, _, err := listOf[polytomicapi.BulkSyncExecutionStatus](s.client.raw.ListBulkSyncStatuses(ctx, &polytomicapi.ListBulkSyncStatusesParams{All: &all}))
			if err == nil {
				s.client.bulkAll.Store(int64(len(rows)))
			}
			yield(rows, err)
			return
		}
		for chunk := range slices.Chunk(ids, statusChunk) {
			for rows, err := range s.chunk(ctx, chunk) {
				if !yield(rows, err) {
					return
				}
			}
		}
	}
}

// chunk reads the status of these syncs. When the service refuses the request because of one of them, such as one that
// was deleted, or because it is too long, it is asked for in halves.
func (s *bulkSource) chunk(ctx context.Context, ids []string) iter.Seq2[[]polytomicapi.BulkSyncExecutionStatus, error] {
	return func(yield func([]polytomicapi.BulkSyncExecutionStatus, error) bool) {
		rows, _, err := listOf[polytomicapi.BulkSyncExecutionStatus](s.client.raw.ListBulkSyncStatuses(ctx, &polytomicapi.ListBulkSyncStatusesParams{SyncID: ids}))
		switch kind, _ := apierr.KindOf(err); {
		case err == nil:
			yield(rows, nil)
		case kind != apierr.KindNotFound && kind != apierr.KindInvalid:
			yield(nil, err)
		case len(ids) == 1:
			// Reading the execution tells what is wrong.
			yield([]polytomicapi.BulkSyncExecutionStatus{{SyncID: &ids[0]}}, nil)
		default:
			half := len(ids) / 2
			for _, part := range [][]string{ids[:half], ids[half:]} {
				for rows, err := range s.chunk(ctx, part) {
					if !yield(rows, err) {
						return
					}
				}
			}
		}
	}
}

// statusSnapshot is what the status of a sync says about one of its executions, and whether it says anything certain:
// that the execution has not ended.
func statusSnapshot(ref job.Ref, row *polytomicapi.BulkSyncExecutionStatus) (job.Snapshot, bool) {
	status := string(valueOf(row.Status))
	phase := phaseOf(status)
	snapshot := job.Snapshot{Ref: ref, Phase: phase, Raw: status}
	var own, open, foreign int
	var total int64
	for _, schema := range given(row.Schemas) {
		final := phaseOf(string(valueOf(schema.Status))).Final()
		switch {
		case valueOf(schema.ExecutionID) == ref.ID:
			own++
			if !final {
				open++
			}
			total += valueOf(schema.RecordCount)
			if from := moment(schema.StartedAt); !from.IsZero() && (snapshot.Started.IsZero() || from.Before(snapshot.Started)) {
				snapshot.Started = from
			}
		case !final:
			foreign++
		}
	}
	if own > 0 {
		snapshot.Progress.Records = &total
	}
	switch {
	case status == "" || phase.Final():
		return snapshot, false // the end, or the state before this execution is known there
	case foreign > 0 && open == 0:
		return snapshot, false // another execution runs: this one has ended
	case phase == job.PhasePending && own > 0 && open == 0:
		return snapshot, false // what has yet to begin is another execution, which has no rows yet
	}
	return snapshot, true
}

// confirm reads executions one by one, a few at a time.
func (s *bulkSource) confirm(ctx context.Context, refs []job.Ref, yield func(job.Snapshot, error) bool) {
	for snapshot, err := range concurrently(ctx, len(refs), sourceRequests, func(ctx context.Context, i int) (job.Snapshot, error) {
		return s.execution(ctx, refs[i])
	}) {
		if !yield(snapshot, err) {
			return
		}
	}
}

// execution reads one execution.
func (s *bulkSource) execution(ctx context.Context, ref job.Ref) (job.Snapshot, error) {
	e, err := s.client.bulkExecution(ctx, ref.Parent, ref.ID)
	if err != nil {
		return job.Snapshot{Ref: ref}, err
	}
	snapshot := bulkSnapshot(ref.Parent, e)
	snapshot.Ref = ref
	return snapshot, nil
}

// bulkExecution reads one execution, for everybody who has a handle of it.
func (c *Client) bulkExecution(ctx context.Context, sync, id string) (*polytomicapi.BulkSyncExecution, error) {
	e, err := dataOf[polytomicapi.BulkSyncExecution](c.raw.GetBulkSyncExecution(ctx, sync, id))
	if err != nil {
		return nil, err
	}
	if e.ID == nil {
		e.ID = &id
	}
	c.answers.put(job.Ref{Kind: kindBulk, ID: id}, phaseOf(string(valueOf(e.Status))), e)
	return e, nil
}

// Durations implements [job.History].
//
//sluice:operation GET /api/bulk/syncs/{id}/executions
func (s *bulkSource) Durations(ctx context.Context, ref job.Ref) ([]time.Duration, error) {
	ctx = transport.WithLane(ctx, transport.Poll)
	final, limit := true, 2*pastRuns
	rows, _, err := listOf[polytomicapi.BulkSyncExecution](s.client.raw.ListBulkSyncExecutions(ctx, ref.Parent,
		&polytomicapi.ListBulkSyncExecutionsParams{OnlyTerminal: &final, Limit: &limit}))
	if err != nil {
		return nil, err
	}
	var durations []time.Duration
	for i := range rows {
		s := bulkSnapshot(ref.Parent, &rows[i])
		if d := s.Duration(); s.Phase == job.PhaseSucceeded && d > 0 && len(durations) < pastRuns {
			durations = append(durations, d)
		}
	}
	return durations, nil
}

// Cancel implements [job.Canceler].
//
//sluice:operation POST /api/bulk/syncs/{id}/executions/{exec_id}/cancel
func (s *bulkSource) Cancel(ctx context.Context, ref job.Ref) error {
	if err := checkIDs("bulk sync", ref.Parent, "execution", ref.ID); err != nil {
		return err
	}
	return transport.Discard(s.client.raw.CancelBulkSyncExecution(ctx, ref.Parent, ref.ID))
}

// concurrently calls fn for 0…n-1, at most limit at a time, and yields what comes as it comes. When the consumer stops or
// ctx ends, the calls under way are cancelled and waited for.
func concurrently[T any](ctx context.Context, n, limit int, fn func(context.Context, int) (T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		if n == 0 {
			return
		}
		if n == 1 {
			yield(fn(ctx, 0))
			return
		}
		type outcome struct {
			value T
			err   error
		}
		calls, cancel := context.WithCancel(ctx)
		outcomes := make(chan outcome, n) // room for all: a worker never waits for the consumer
		indexes := make(chan int, n)
		for i := range n {
			indexes <- i
		}
		close(indexes)
		var workers sync.WaitGroup
		for range min(n, limit) {
			workers.Go(func() {
				for i := range indexes {
					if calls.Err() != nil {
						return
					}
					value, err := fn(calls, i)
					outcomes <- outcome{value, err}
				}
			})
		}
		finished := make(chan struct{})
		go func() {
			defer close(finished)
			workers.Wait()
			close(outcomes)
		}()
		defer func() {
			cancel()
			<-finished
		}()
		came := 0
		for o := range outcomes {
			came++
			if !yield(o.value, o.err) {
				return
			}
		}
		if came < n { // ctx ended before all had begun
			var none T
			yield(none, context.Cause(ctx))
		}
	}
}

var errUnknownKind = errors.New("not a job of this package's")
