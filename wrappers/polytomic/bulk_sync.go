package polytomic

import (
	"cmp"
	"context"
	"iter"
	"net/http"
	"time"

	"github.com/sluice-sdk/sluice/gen/polytomicapi"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/job"
	"github.com/sluice-sdk/sluice/wrappers/lazy"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// BulkSync is the handle of a bulk sync, which copies schemas of a source into a destination (ELT). It loads its
// description once, when an accessor first needs it, and keeps it until [BulkSync.Refresh] or a change made through this
// handle. It is safe for concurrent use.
type BulkSync struct {
	client *Client
	id     string
	info   lazy.Value[*polytomicapi.BulkSyncResponse]
}

// ID returns the sync's id.
func (s *BulkSync) ID() string { return s.id }

func (s *BulkSync) about(err error) error { return about("bulk sync", s.id, err) }

func (s *BulkSync) check() error { return s.about(checkID("bulk sync", s.id)) }

func (s *BulkSync) checkSchema(schema string) error {
	if err := s.check(); err != nil {
		return err
	}
	return s.about(checkName("schema", schema))
}

// Info returns the sync's description, reading it once for all accessors and goroutines. It does not tell which schemas
// are selected: [BulkSync.Schemas] does. The error is [apierr.ErrNotFound] when there is no such sync.
//
//sluice:operation GET /api/bulk/syncs/{id}
func (s *BulkSync) Info(ctx context.Context) (*polytomicapi.BulkSyncResponse, error) {
	return copied(s.info.Get(ctx, s.fetch))
}

// Refresh reads the description again.
//
//sluice:operation GET /api/bulk/syncs/{id}
func (s *BulkSync) Refresh(ctx context.Context) (*polytomicapi.BulkSyncResponse, error) {
	return copied(s.info.Refresh(ctx, s.fetch))
}

// Cached returns the description that was loaded last and when, and false when none was. It does no I/O.
func (s *BulkSync) Cached() (*polytomicapi.BulkSyncResponse, time.Time, bool) {
	info, at, ok := s.info.Cached()
	if !ok {
		return nil, time.Time{}, false
	}
	out := *info
	return &out, at, true
}

func (s *BulkSync) fetch(ctx context.Context) (*polytomicapi.BulkSyncResponse, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	return with[*polytomicapi.BulkSyncResponse]("bulk sync", s.id)(dataOf[polytomicapi.BulkSyncResponse](
		s.client.raw.GetBulkSync(ctx, s.id, &polytomicapi.GetBulkSyncParams{})))
}

// copied returns a shallow copy, so that callers cannot change what others read.
func copied[T any](p *T, err error) (*T, error) {
	if err != nil {
		return nil, err
	}
	c := *p
	return &c, nil
}

// Name returns the sync's name, loading the description when it is not loaded yet.
//
//sluice:operation GET /api/bulk/syncs/{id}
func (s *BulkSync) Name(ctx context.Context) (string, error) {
	info, err := s.info.Get(ctx, s.fetch)
	if err != nil {
		return "", err
	}
	return valueOf(info.Name), nil
}

// BulkSyncFilter chooses bulk syncs.
type BulkSyncFilter struct {
	// Active lists only those that are switched on, or off; nil lists both.
	Active *bool
}

// BulkSyncs lists the bulk syncs of the organization, page by page.
//
//sluice:operation GET /api/bulk/syncs
func (c *Client) BulkSyncs(ctx context.Context, filter BulkSyncFilter) iter.Seq2[polytomicapi.BulkSyncResponse, error] {
	limit := 50 // the most there is
	return pages(ctx, func(ctx context.Context, token string) ([]polytomicapi.BulkSyncResponse, string, error) {
		return listOf[polytomicapi.BulkSyncResponse](c.raw.ListBulkSyncs(ctx,
			&polytomicapi.ListBulkSyncsParams{Active: filter.Active, PageToken: optional(token), Limit: &limit}))
	})
}

// Start starts the sync and returns the handle of the execution without waiting.
//
// At most one execution is started: the request carries an idempotency key, and when its answer is lost for good, the
// sync's current execution decides. Errors: a [SyncRunningError] when an execution runs already (see [OnRunning]), a
// [StartUnknownError] when it cannot be known whether one was started, and whatever the service answers, inside a
// [ResourceError]. A program that may be killed and asks again gives a key of its own: [transport.WithIdempotencyKey].
//
//sluice:operation POST /api/bulk/syncs/{id}/executions
//sluice:operation GET /api/bulk/syncs/{id}/status
func (s *BulkSync) Start(ctx context.Context, opts ...BulkStartOption) (*BulkSyncExecution, error) {
	return s.start(ctx, bulkSettings(opts))
}

// Run starts the sync and waits until the execution has ended. The result is nil only when none was started or found;
// with an error of the wait it comes too, to go on with. Errors are those of [BulkSync.Start] and
// [BulkSyncExecution.Wait].
//
// An execution that completed although records failed is no error, but its Outcome is [OutcomeErrors]; [FailOnErrors]
// makes it one.
//
//sluice:operation POST /api/bulk/syncs/{id}/executions
//sluice:operation GET /api/bulk/syncs/{id}/status
//sluice:operation GET /api/bulk/syncs/status
//sluice:operation GET /api/bulk/syncs/{id}/executions/{exec_id}
func (s *BulkSync) Run(ctx context.Context, opts ...BulkRunOption) (*BulkSyncExecution, error) {
	settings := bulkSettings(opts)
	x, err := s.start(ctx, settings)
	if err != nil {
		return nil, err
	}
	return x, x.waitFor(ctx, settings)
}

func (s *BulkSync) start(ctx context.Context, settings *runSettings) (*BulkSyncExecution, error) {
	switch {
	case settings.bulk.Test != nil && settings.bulk.ResyncMode != nil:
		return nil, s.about(apierr.Invalid(service, "resync_mode", "AsTest and ResyncMode exclude each other"))
	case settings.bulk.Schemas.IsSpecified() && len(given(settings.bulk.Schemas)) == 0:
		return nil, s.about(apierr.Invalid(service, "schemas", "OnlySchemas was given none, and the service would run all of them"))
	}
	var started *polytomicapi.BulkSyncExecution
	last, from, err := s.client.start(ctx, starting{
		resource: "bulk sync", id: s.id, poller: s.client.bulk,
		send: func(ctx context.Context) (job.Snapshot, error) {
			e, err := dataOf[polytomicapi.BulkSyncExecution](s.client.raw.StartBulkSync(ctx, s.id, settings.bulk))
			if err != nil {
				return job.Snapshot{}, err
			}
			started = e
			return bulkSnapshot(s.id, e), nil
		},
		look: s.current,
	}, settings.policy)
	if err != nil {
		return nil, err
	}
	last.Observed = time.Now()
	x := s.execution(last, from)
	if started != nil && valueOf(started.ID) == last.ID {
		x.cell.value.CompareAndSwap(nil, started)
	}
	return x, nil
}

// current returns the sync's current execution, or else the last one.
func (s *BulkSync) current(ctx context.Context) (job.Snapshot, bool, error) {
	status, err := s.Status(ctx)
	if err != nil {
		return job.Snapshot{}, false, err
	}
	for _, e := range []*polytomicapi.BulkSyncExecution{status.CurrentExecution, status.LastExecution} {
		if e != nil && valueOf(e.ID) != "" {
			return bulkSnapshot(s.id, e), true, nil
		}
	}
	return job.Snapshot{}, false, nil
}

// Cancel stops the execution that runs, waits until it has ended and returns its handle. The error wraps [ErrNoExecution]
// when none runs.
//
//sluice:operation GET /api/bulk/syncs/{id}/status
//sluice:operation POST /api/bulk/syncs/{id}/executions/{exec_id}/cancel
//sluice:operation GET /api/bulk/syncs/{id}/executions/{exec_id}
func (s *BulkSync) Cancel(ctx context.Context, opts ...WaitOption) (*BulkSyncExecution, error) {
	last, ok, err := s.current(ctx)
	if err != nil {
		return nil, err
	}
	if !ok || last.Phase.Final() {
		return nil, s.about(ErrNoExecution)
	}
	x := s.execution(last, originNamed)
	return x, x.cancel(ctx, bulkSettings(opts))
}

// CancelCurrent asks Polytomic to stop whatever execution runs, without looking which one that is and without waiting.
//
//sluice:operation POST /api/bulk/syncs/{id}/cancel
func (s *BulkSync) CancelCurrent(ctx context.Context) error {
	if err := s.check(); err != nil {
		return err
	}
	return s.about(transport.Discard(s.client.raw.CancelBulkSync(ctx, s.id)))
}

// Status returns the current and the last execution, when the next one is due, and how change data capture does.
//
//sluice:operation GET /api/bulk/syncs/{id}/status
func (s *BulkSync) Status(ctx context.Context) (*polytomicapi.BulkSyncStatusResponse, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	return with[*polytomicapi.BulkSyncStatusResponse]("bulk sync", s.id)(dataOf[polytomicapi.BulkSyncStatusResponse](s.client.raw.GetBulkSyncStatus(ctx, s.id)))
}

// BulkSyncStatuses reads the state of these syncs, a few requests for all of them; without ids that of all there are. It
// is the state of a sync, not of one execution: the rows of its schemas name the executions they belong to.
//
//sluice:operation GET /api/bulk/syncs/status
func (c *Client) BulkSyncStatuses(ctx context.Context, ids ...string) iter.Seq2[polytomicapi.BulkSyncExecutionStatus, error] {
	for _, id := range ids {
		if err := checkID("bulk sync", id); err != nil {
			return failing[polytomicapi.BulkSyncExecutionStatus](err)
		}
	}
	if len(ids) == 0 {
		all := true
		return c.bulkSyncStatuses(ctx, &polytomicapi.ListBulkSyncStatusesParams{All: &all})
	}
	return func(yield func(polytomicapi.BulkSyncExecutionStatus, error) bool) {
		for i := 0; i < len(ids); i += statusChunk {
			for row, err := range c.bulkSyncStatuses(ctx, &polytomicapi.ListBulkSyncStatusesParams{SyncID: ids[i:min(i+statusChunk, len(ids))]}) {
				if !yield(row, err) || err != nil {
					return
				}
			}
		}
	}
}

// ActiveBulkSyncStatuses is [Client.BulkSyncStatuses] for the syncs that are switched on.
//
//sluice:operation GET /api/bulk/syncs/status
func (c *Client) ActiveBulkSyncStatuses(ctx context.Context) iter.Seq2[polytomicapi.BulkSyncExecutionStatus, error] {
	active := true
	return c.bulkSyncStatuses(ctx, &polytomicapi.ListBulkSyncStatusesParams{Active: &active})
}

func (c *Client) bulkSyncStatuses(ctx context.Context, params *polytomicapi.ListBulkSyncStatusesParams) iter.Seq2[polytomicapi.BulkSyncExecutionStatus, error] {
	return oneCall(ctx, func(ctx context.Context) ([]polytomicapi.BulkSyncExecutionStatus, error) {
		rows, _, err := listOf[polytomicapi.BulkSyncExecutionStatus](c.raw.ListBulkSyncStatuses(ctx, params))
		return rows, err
	})
}

// ExecutionFilter chooses executions.
type ExecutionFilter struct {
	// Ended lists only those that have ended: by the service's own word for bulk syncs, and only those that completed
	// for model syncs.
	Ended bool
	// OldestFirst turns the order round.
	OldestFirst bool
}

// Executions lists the sync's executions, the newest first, page by page.
//
//sluice:operation GET /api/bulk/syncs/{id}/executions
func (s *BulkSync) Executions(ctx context.Context, filter ExecutionFilter) iter.Seq2[polytomicapi.BulkSyncExecution, error] {
	if err := s.check(); err != nil {
		return failing[polytomicapi.BulkSyncExecution](err)
	}
	limit := 100 // the most there is
	return pages(ctx, func(ctx context.Context, token string) ([]polytomicapi.BulkSyncExecution, string, error) {
		rows, next, err := listOf[polytomicapi.BulkSyncExecution](s.client.raw.ListBulkSyncExecutions(ctx, s.id,
			&polytomicapi.ListBulkSyncExecutionsParams{PageToken: optional(token), Limit: &limit,
				OnlyTerminal: optional(filter.Ended), Ascending: optional(filter.OldestFirst)}))
		return rows, next, s.about(err)
	})
}

// Activate switches the sync on, so that its schedules run it.
//
//sluice:operation POST /api/bulk/syncs/{id}/activate
func (s *BulkSync) Activate(ctx context.Context) error { return s.activate(ctx, true) }

// Deactivate switches the sync off. That cancels a running execution, too.
//
//sluice:operation POST /api/bulk/syncs/{id}/activate
func (s *BulkSync) Deactivate(ctx context.Context) error { return s.activate(ctx, false) }

func (s *BulkSync) activate(ctx context.Context, on bool) error {
	if err := s.check(); err != nil {
		return err
	}
	defer s.info.Forget()
	return s.about(transport.Discard(s.client.raw.ActivateBulkSync(ctx, s.id, polytomicapi.ActivateSyncInput{Active: on})))
}

// Delete deletes the sync with its history, and cancels what runs.
//
//sluice:operation DELETE /api/bulk/syncs/{id}
func (s *BulkSync) Delete(ctx context.Context) error {
	if err := s.check(); err != nil {
		return err
	}
	defer s.info.Forget()
	return s.about(s.client.remove(ctx, func(ctx context.Context) (*http.Response, error) {
		return s.client.raw.DeleteBulkSync(ctx, s.id, &polytomicapi.DeleteBulkSyncParams{})
	}))
}

func compare(a, b string) int { return cmp.Compare(a, b) }
