package polytomic

import (
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

// ModelSync is the handle of a model sync, which writes the records of models into an application (reverse ETL). It loads
// its description once, when an accessor first needs it, and keeps it until [ModelSync.Refresh] or a change made through
// this handle. It is safe for concurrent use.
type ModelSync struct {
	client *Client
	id     string
	info   lazy.Value[*polytomicapi.SyncResponse]
}

// ID returns the sync's id.
func (s *ModelSync) ID() string { return s.id }

func (s *ModelSync) about(err error) error { return about("model sync", s.id, err) }

func (s *ModelSync) check() error { return s.about(checkID("model sync", s.id)) }

// Info returns the sync's description, reading it once for all accessors and goroutines. The error is
// [apierr.ErrNotFound] when there is no such sync.
//
//sluice:operation GET /api/syncs/{id}
func (s *ModelSync) Info(ctx context.Context) (*polytomicapi.SyncResponse, error) {
	return copied(s.info.Get(ctx, s.fetch))
}

// Refresh reads the description again.
//
//sluice:operation GET /api/syncs/{id}
func (s *ModelSync) Refresh(ctx context.Context) (*polytomicapi.SyncResponse, error) {
	return copied(s.info.Refresh(ctx, s.fetch))
}

// Cached returns the description that was loaded last and when, and false when none was. It does no I/O.
func (s *ModelSync) Cached() (*polytomicapi.SyncResponse, time.Time, bool) {
	info, at, ok := s.info.Cached()
	if !ok {
		return nil, time.Time{}, false
	}
	out := *info
	return &out, at, true
}

func (s *ModelSync) fetch(ctx context.Context) (*polytomicapi.SyncResponse, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	return with[*polytomicapi.SyncResponse]("model sync", s.id)(dataOf[polytomicapi.SyncResponse](s.client.raw.GetModelSync(ctx, s.id)))
}

// Name returns the sync's name, loading the description when it is not loaded yet.
//
//sluice:operation GET /api/syncs/{id}
func (s *ModelSync) Name(ctx context.Context) (string, error) {
	info, err := s.info.Get(ctx, s.fetch)
	if err != nil {
		return "", err
	}
	return valueOf(info.Name), nil
}

// ModelSyncFilter chooses model syncs. The zero value chooses all.
type ModelSyncFilter struct {
	// Active lists only those that are switched on, or off; nil lists both.
	Active *bool
	// Mode lists only those of one mode, such as updateOrCreate.
	Mode polytomicapi.ModelsyncSyncTargetMode
	// TargetConnectionID lists only those that write to one connection.
	TargetConnectionID string
}

// ModelSyncs lists the model syncs of the organization, page by page. The rows are short: target, fields and filters are
// in [ModelSync.Info].
//
//sluice:operation GET /api/syncs
func (c *Client) ModelSyncs(ctx context.Context, filter ModelSyncFilter) iter.Seq2[polytomicapi.ListSyncItem, error] {
	limit := 50 // the most there is
	return pages(ctx, func(ctx context.Context, token string) ([]polytomicapi.ListSyncItem, string, error) {
		return listOf[polytomicapi.ListSyncItem](c.raw.ListModelSyncs(ctx, &polytomicapi.ListModelSyncsParams{Active: filter.Active,
			Mode: optional(filter.Mode), TargetConnectionID: optional(filter.TargetConnectionID), PageToken: optional(token), Limit: &limit}))
	})
}

// CreateModelSync creates a model sync. The fields of the target are in [Connection.ModelTarget]. When an error says
// MayHaveApplied the sync may be there: look before creating it again.
//
//sluice:operation POST /api/syncs
func (c *Client) CreateModelSync(ctx context.Context, request polytomicapi.CreateSyncRequest) (*ModelSync, error) {
	if err := checkModelSync(request.Name, request.Mode, request.Target, request.Schedule); err != nil {
		return nil, err
	}
	if request.Fields == nil {
		request.Fields = []polytomicapi.SyncField{}
	}
	created, err := dataOf[polytomicapi.SyncResponse](c.raw.CreateModelSync(ctx, request))
	if err != nil {
		return nil, err
	}
	sync := c.ModelSync(valueOf(created.ID))
	sync.info.Set(created)
	return sync, nil
}

func checkModelSync(name string, mode polytomicapi.ModelsyncSyncTargetMode, target polytomicapi.Target, schedule polytomicapi.Schedule) error {
	switch {
	case name == "":
		return apierr.Invalid(service, "name", "the sync has no name")
	case mode == "":
		return apierr.Invalid(service, "mode", "the sync has no mode, such as updateOrCreate")
	case valueOf(schedule.Frequency) == "":
		return apierr.Invalid(service, "schedule", "the schedule has no frequency: give manual for a sync that is started by hand")
	}
	return checkID("target.connection_id", target.ConnectionID)
}

// Update changes the sync: it reads it, lets change do its work on the request and replaces the whole, because Polytomic
// resets what such a request leaves out. Nothing is sent when change returns an error, which Update returns. Masked
// secrets, such as an encryption passphrase that was not given anew, are refused: the error wraps [ErrMaskedSecret].
//
// Numbers of any size stay as they were written (json.Number). The value of a filter or an override that is null reads as
// json.RawMessage("null"), so that it is sent; nil is no value.
//
//sluice:operation GET /api/syncs/{id}
//sluice:operation PUT /api/syncs/{id}
func (s *ModelSync) Update(ctx context.Context, change func(*polytomicapi.UpdateSyncRequest) error) error {
	if err := s.check(); err != nil {
		return err
	}
	now, err := describe(s.client.raw.GetModelSync(ctx, s.id))
	if err != nil {
		return s.about(err)
	}
	var request polytomicapi.UpdateSyncRequest
	if err := now.into(&request); err != nil {
		return s.about(err)
	}
	if request.Fields == nil {
		request.Fields = []polytomicapi.SyncField{}
	}
	if err := change(&request); err != nil {
		return err
	}
	if err := checkModelSync(request.Name, request.Mode, request.Target, request.Schedule); err != nil {
		return s.about(err)
	}
	if err := refuseMasks(request); err != nil {
		return s.about(err)
	}
	updated, err := dataOf[polytomicapi.SyncResponse](s.client.raw.UpdateModelSync(ctx, s.id, request))
	if err != nil {
		s.info.Forget()
		return s.about(err)
	}
	s.info.Set(updated)
	return nil
}

// Start starts the sync and returns the handle of the execution without waiting, as safely as [BulkSync.Start] and with
// the same errors.
//
//sluice:operation POST /api/syncs/{sync_id}/executions
//sluice:operation GET /api/syncs/{id}/status
func (s *ModelSync) Start(ctx context.Context, opts ...ModelStartOption) (*ModelSyncExecution, error) {
	return s.start(ctx, modelSettings(opts))
}

// Run starts the sync and waits until the execution has ended; see [BulkSync.Run].
//
//sluice:operation POST /api/syncs/{sync_id}/executions
//sluice:operation GET /api/syncs/{id}/status
//sluice:operation GET /api/syncs/{sync_id}/executions/{id}
func (s *ModelSync) Run(ctx context.Context, opts ...ModelRunOption) (*ModelSyncExecution, error) {
	settings := modelSettings(opts)
	x, err := s.start(ctx, settings)
	if err != nil {
		return nil, err
	}
	return x, x.waitFor(ctx, settings)
}

func (s *ModelSync) start(ctx context.Context, settings *runSettings) (*ModelSyncExecution, error) {
	if settings.model.Identities.IsSpecified() && len(given(settings.model.Identities)) == 0 {
		return nil, s.about(apierr.Invalid(service, "identities", "OnlyIdentities was given none, and the service would write all records"))
	}
	last, from, err := s.client.start(ctx, starting{
		resource: "model sync", id: s.id, poller: s.client.tasks,
		send: func(ctx context.Context) (job.Snapshot, error) {
			e, err := dataOf[polytomicapi.StartSyncResponseSchema](s.client.raw.StartModelSync(ctx, s.id, settings.model))
			if err != nil {
				return job.Snapshot{}, err
			}
			// The answer has no counts, so that it cannot be the end even if it says so.
			snapshot := modelSnapshot(s.id, &polytomicapi.GetExecutionResponseSchema{ID: e.ID, Status: e.Status, CreatedAt: e.CreatedAt})
			if snapshot.Phase.Final() {
				snapshot.Phase = job.PhaseRunning
			}
			return snapshot, nil
		},
		look: s.current,
	}, settings.policy)
	if err != nil {
		return nil, err
	}
	last.Observed = time.Now()
	return s.execution(last, from), nil
}

func (s *ModelSync) current(ctx context.Context) (job.Snapshot, bool, error) {
	status, err := s.Status(ctx)
	if err != nil {
		return job.Snapshot{}, false, err
	}
	for _, e := range []*polytomicapi.GetExecutionResponseSchema{status.CurrentExecution, status.LastExecution} {
		if e != nil && valueOf(e.ID) != "" {
			return modelSnapshot(s.id, e), true, nil
		}
	}
	return job.Snapshot{}, false, nil
}

// Cancel stops the execution that runs, waits until it has ended and returns its handle. The error wraps [ErrNoExecution]
// when none runs.
//
//sluice:operation GET /api/syncs/{id}/status
//sluice:operation POST /api/syncs/{sync_id}/executions/{id}/cancel
//sluice:operation GET /api/syncs/{sync_id}/executions/{id}
func (s *ModelSync) Cancel(ctx context.Context, opts ...WaitOption) (*ModelSyncExecution, error) {
	last, ok, err := s.current(ctx)
	if err != nil {
		return nil, err
	}
	if !ok || last.Phase.Final() {
		return nil, s.about(ErrNoExecution)
	}
	x := s.execution(last, originNamed)
	return x, x.cancel(ctx, modelSettings(opts))
}

// CancelCurrent asks Polytomic to stop whatever execution runs, without looking which one that is and without waiting.
//
//sluice:operation POST /api/syncs/{id}/cancel
func (s *ModelSync) CancelCurrent(ctx context.Context) error {
	if err := s.check(); err != nil {
		return err
	}
	return s.about(transport.Discard(s.client.raw.CancelModelSync(ctx, s.id)))
}

// Status returns the current and the last execution, and when the next one is due.
//
//sluice:operation GET /api/syncs/{id}/status
func (s *ModelSync) Status(ctx context.Context) (*polytomicapi.SyncStatusResponse, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	return with[*polytomicapi.SyncStatusResponse]("model sync", s.id)(dataOf[polytomicapi.SyncStatusResponse](s.client.raw.GetModelSyncStatus(ctx, s.id)))
}

// Executions lists the sync's executions, the newest first, page by page.
//
//sluice:operation GET /api/syncs/{sync_id}/executions
func (s *ModelSync) Executions(ctx context.Context, filter ExecutionFilter) iter.Seq2[polytomicapi.GetExecutionResponseSchema, error] {
	if err := s.check(); err != nil {
		return failing[polytomicapi.GetExecutionResponseSchema](err)
	}
	return pages(ctx, func(ctx context.Context, token string) ([]polytomicapi.GetExecutionResponseSchema, string, error) {
		rows, next, err := listOf[polytomicapi.GetExecutionResponseSchema](s.client.raw.ListModelSyncExecutions(ctx, s.id,
			&polytomicapi.ListModelSyncExecutionsParams{PageToken: optional(token), OnlyCompleted: optional(filter.Ended), Ascending: optional(filter.OldestFirst)}))
		return rows, next, s.about(err)
	})
}

// Activate switches the sync on, so that its schedule runs it.
//
//sluice:operation POST /api/syncs/{id}/activate
func (s *ModelSync) Activate(ctx context.Context) error { return s.activate(ctx, true) }

// Deactivate switches the sync off. Unlike with bulk syncs a running execution goes on: [ModelSync.Cancel] stops it.
//
//sluice:operation POST /api/syncs/{id}/activate
func (s *ModelSync) Deactivate(ctx context.Context) error { return s.activate(ctx, false) }

func (s *ModelSync) activate(ctx context.Context, on bool) error {
	if err := s.check(); err != nil {
		return err
	}
	defer s.info.Forget()
	return s.about(transport.Discard(s.client.raw.ActivateModelSync(ctx, s.id, polytomicapi.ActivateSyncInput{Active: on})))
}

// Delete deletes the sync.
//
//sluice:operation DELETE /api/syncs/{id}
func (s *ModelSync) Delete(ctx context.Context) error {
	if err := s.check(); err != nil {
		return err
	}
	defer s.info.Forget()
	return s.about(s.client.remove(ctx, func(ctx context.Context) (*http.Response, error) {
		return s.client.raw.DeleteModelSync(ctx, s.id)
	}))
}

// ModelSyncScheduleOptions lists the sorts of schedules that model syncs can have, with the forms of their settings.
//
//sluice:operation GET /api/syncs/schedules
func (c *Client) ModelSyncScheduleOptions(ctx context.Context) ([]polytomicapi.ScheduleScheduleOption, error) {
	answer, err := dataOf[polytomicapi.ScheduleOptionResponse](c.raw.GetModelSyncScheduleOptions(ctx))
	if err != nil {
		return nil, err
	}
	return orEmpty(given(answer.ScheduleOptions)), nil
}

// orEmpty makes an empty list of none.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
