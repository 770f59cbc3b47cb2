package polytomictest

import (
	"context"
	"fmt"
	"slices"
	"time"

	wire "github.com/sluice-sdk/sluice/gen/polytomicapi"
	srv "github.com/sluice-sdk/sluice/gen/polytomicserver"
)

func (f *Fake) modelExecution(c *caller, syncID, id string) (*execution, error) {
	s, err := f.modelSync(c, syncID)
	if err != nil {
		return nil, err
	}
	if e := s.execution(id); e != nil {
		return e, nil
	}
	return nil, notFound("execution", id)
}

// modelCounts shares the records of an execution out: what had no error was updated, inserted or deleted by the mode
// of the sync.
func (e *execution) modelCounts(now time.Time) *wire.ExecutionCounts {
	records, errors, warnings := e.counts(now)
	good := max(records-errors, 0)
	out := &wire.ExecutionCounts{
		Total: &records, Error: &errors, Warnings: &warnings, Insert: new(int64(0)), Update: new(int64(0)), Delete: new(int64(0)),
		Upserts: new(int64(0)),
	}
	switch e.sync.modelSync.body.Mode {
	case wire.ModelsyncSyncTargetModeUpdate:
		out.Update = &good
	case wire.ModelsyncSyncTargetModeUpdateOrCreate:
		out.Insert, out.Update, out.Upserts = new(good/2), new(good-good/2), &good
	case wire.ModelsyncSyncTargetModeRemove:
		out.Delete = &good
	case wire.ModelsyncSyncTargetModeCreate, wire.ModelsyncSyncTargetModeReplace, wire.ModelsyncSyncTargetModeAppend, wire.ModelsyncSyncTargetModeSnapshot:
		out.Insert = &good
	}
	return out
}

func (f *Fake) modelExecutionWire(e *execution) wire.GetExecutionResponseSchema {
	status := e.statusAt(f.now).status
	kind := "sync"
	if e.test {
		kind = "test"
	}
	out := wire.GetExecutionResponseSchema{
		ID: &e.id, Status: new(wire.UtilExecutionStatus(status)), Type: &kind, CreatedAt: moment(e.created), Counts: e.modelCounts(f.now),
		StartedAt: momentOrNull(e.startedAt(f.now)), CompletedAt: momentOrNull(e.completedAt(f.now)),
	}
	switch {
	case !isTerminal(status):
	case e.message != "":
		out.Errors = []string{e.message}
	case *out.Counts.Error > 0:
		out.Errors = []string{fmt.Sprintf("%d records had errors", *out.Counts.Error)}
	}
	return out
}

func (a *service) StartModelSync(ctx context.Context, request srv.StartModelSyncRequestObject) (srv.StartModelSyncResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	s, err := f.modelSync(c, request.SyncID)
	if err != nil {
		return nil, err
	}
	var body wire.StartSyncRequest
	if request.Body != nil {
		body = *request.Body
	}
	if !s.active {
		return nil, badRequest("sync is not active")
	}
	e := s.running(f.now)
	switch {
	case e == nil:
		e = f.start(&s.syncCore, f.now, nil, func(e *execution) {
			identities, _ := given(body.Identities)
			e.test, e.partial = or(body.Test, false), len(identities) > 0
			if or(body.Resync, false) {
				e.resync = "resync"
			}
		})
		f.breakOff(s, e)
	case f.has(RunningConflict):
		return nil, conflict("an execution is already running")
	}
	return srv.StartModelSync200JSONResponse{Data: &wire.StartSyncResponseSchema{
		ID: &e.id, Status: new(wire.UtilExecutionStatus(e.statusAt(f.now).status)), CreatedAt: moment(e.created),
	}}, nil
}

// breakOff fails an execution of a sync whose model is gone.
func (f *Fake) breakOff(s *modelSync, e *execution) {
	if !slices.ContainsFunc(s.modelIDs, func(id string) bool { return f.models.byID[id] == nil }) {
		return
	}
	last := len(e.phases) - 1
	if isTerminal(e.phases[last].status) {
		e.phases[last].status = Failed
	} else {
		e.phases = append(e.phases, phase{e.created.Add(e.run.Duration), Failed})
	}
	e.message, e.records = "model not found", 0
	e.version++
	f.announce(e)
}

func (a *service) GetModelSyncExecution(ctx context.Context, request srv.GetModelSyncExecutionRequestObject) (srv.GetModelSyncExecutionResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	e, err := f.modelExecution(c, request.SyncID, request.ID)
	if err != nil {
		return nil, err
	}
	return srv.GetModelSyncExecution200JSONResponse{Data: new(f.modelExecutionWire(e))}, nil
}

func (a *service) ListModelSyncExecutions(ctx context.Context, request srv.ListModelSyncExecutionsRequestObject) (srv.ListModelSyncExecutionsResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	s, err := f.modelSync(c, request.SyncID)
	if err != nil {
		return nil, err
	}
	p := request.Params
	list, details, err := page(f, s.listed(f.now, or(p.OnlyCompleted, false), or(p.Ascending, false)), (*execution).identity, p.PageToken, nil, 50, 50)
	if err != nil {
		return nil, err
	}
	return srv.ListModelSyncExecutions200JSONResponse{Data: rows(f, mapped(list, f.modelExecutionWire)), Pagination: details}, nil
}

func (a *service) GetModelSyncStatus(ctx context.Context, request srv.GetModelSyncStatusRequestObject) (srv.GetModelSyncStatusResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	s, err := f.modelSync(c, request.ID)
	if err != nil {
		return nil, err
	}
	plan := s.body.Schedule
	next := nextTime(or(plan.Frequency, ""), givenOr(plan.Minute, ""), givenOr(plan.Hour, ""), givenOr(plan.DayOfWeek, ""), f.now)
	out := &wire.SyncStatusResponse{NextExecutionTime: momentOrNull(next)}
	if e := s.running(f.now); e != nil {
		out.CurrentExecution = new(f.modelExecutionWire(e))
	}
	if e := s.lastFinished(f.now); e != nil {
		out.LastExecution = new(f.modelExecutionWire(e))
	}
	return srv.GetModelSyncStatus200JSONResponse{Data: out}, nil
}

func (a *service) CancelModelSync(ctx context.Context, request srv.CancelModelSyncRequestObject) (srv.CancelModelSyncResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	s, err := f.modelSync(c, request.ID)
	if err != nil {
		return nil, err
	}
	text := "nothing to cancel"
	if e := s.running(f.now); e != nil {
		f.stop(e, f.now)
		text = canceling
	}
	return srv.CancelModelSync200JSONResponse{Data: &wire.CancelSyncResponse{Message: &text}}, nil
}

func (a *service) CancelModelSyncExecution(ctx context.Context, request srv.CancelModelSyncExecutionRequestObject) (srv.CancelModelSyncExecutionResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	e, err := f.modelExecution(c, request.SyncID, request.ID)
	if err != nil {
		return nil, err
	}
	if e.terminalAt(f.now) {
		return nil, badRequest("execution has ended")
	}
	f.stop(e, f.now)
	return srv.CancelModelSyncExecution200JSONResponse{Data: &wire.CancelSyncExecutionResponse{Message: new(canceling)}}, nil
}
