package polytomictest

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"time"

	wire "github.com/sluice-sdk/sluice/gen/polytomicapi"
	srv "github.com/sluice-sdk/sluice/gen/polytomicserver"
)

// canceling is what the answer to a cancellation says, which is a signal and no more.
const canceling = "cancellation requested"

func (f *Fake) bulkExecutionWire(e *execution) wire.BulkSyncExecution {
	status := e.statusAt(f.now)
	records, errors, warnings := e.countsAt(f.now)
	kind := "sync"
	if e.test {
		kind = "test"
	}
	out := wire.BulkSyncExecution{
		ID: &e.id, Status: new(wire.BulkExecutionStatus(status.status)), CreatedAt: moment(e.created), UpdatedAt: moment(status.at),
		StartedAt: momentOrNull(e.startedAt(f.now)), CompletedAt: momentOrNull(e.completedAt(f.now)), RecordCount: &records,
		ErrorCount: &errors, WarningCount: &warnings, IsTest: new(e.test), IsPartial: new(e.partial), IsResync: new(e.resync != ""),
		Type: &kind, FetchMode: new(wire.BulkFetchMode(cmp.Or(e.fetch, string(wire.BulkFetchModeIncremental)))),
		OutputDisposition: new(disposition(e.resync)),
	}
	if isTerminal(status.status) && e.message != "" {
		out.StatusMessage = &e.message
	}
	list := make([]wire.BulkSyncSchemaExecution, len(e.schemas))
	for i, x := range e.schemas {
		s := x.statusAt(f.now)
		r, bad, warned := x.counts(f.now)
		list[i] = wire.BulkSyncSchemaExecution{
			Schema: &x.schema, OutputName: &x.output, Status: new(wire.BulkSchemaExecutionStatus(s.status)), CreatedAt: moment(e.created),
			UpdatedAt: moment(s.at), StartedAt: momentOrNull(x.startedAt(f.now)), CompletedAt: momentOrNull(x.completedAt(f.now)),
			RecordCount: &r, ErrorCount: &bad, WarningCount: &warned,
		}
		if isTerminal(s.status) && x.message != "" {
			list[i].StatusMessage = &x.message
		}
	}
	out.Schemas = rows(f, list)
	return out
}

func disposition(resync string) wire.BulkOutputDisposition {
	switch wire.BulkResyncMode(resync) {
	case wire.BulkResyncModeRebuild:
		return wire.BulkOutputDispositionRebuild
	case wire.BulkResyncModeResync:
		return wire.BulkOutputDispositionTruncate
	case wire.BulkResyncModeRefetch:
	}
	return wire.BulkOutputDispositionRetain
}

func (f *Fake) bulkExecution(c *caller, syncID, id string) (*execution, error) {
	b, err := f.bulkSync(c, syncID)
	if err != nil {
		return nil, err
	}
	if e := b.execution(id); e != nil {
		return e, nil
	}
	return nil, notFound("execution", id)
}

func (a *service) StartBulkSync(ctx context.Context, request srv.StartBulkSyncRequestObject) (srv.StartBulkSyncResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	b, err := f.bulkSync(c, request.ID)
	if err != nil {
		return nil, err
	}
	var body wire.StartBulkSyncRequest
	if request.Body != nil {
		body = *request.Body
	}
	var raw map[string]json.RawMessage
	if json.Unmarshal(requestOf(ctx).body, &raw) == nil && raw["resync"] != nil {
		return nil, badRequest("resync is not supported any more, use resync_mode")
	}
	if or(body.Test, false) && body.ResyncMode != nil {
		return nil, badRequest("test and resync_mode are mutually exclusive")
	}
	if !b.active {
		return nil, badRequest("bulk sync is not active")
	}
	schemas := b.enabled()
	partial := false
	if ids, ok := given(body.Schemas); ok && len(ids) > 0 {
		partial, schemas = true, nil
		for _, id := range ids {
			s := b.schema(id)
			if s == nil {
				return nil, badRequest("schema %q is not part of the bulk sync", id)
			}
			schemas = append(schemas, s)
		}
	}
	if e := b.running(f.now); e != nil {
		if f.has(RunningConflict) {
			return nil, conflict("an execution is already running")
		}
		return srv.StartBulkSync200JSONResponse{Data: new(f.bulkExecutionWire(e))}, nil
	}
	e := f.start(&b.syncCore, f.now, schemas, func(e *execution) {
		e.test, e.partial = or(body.Test, false), partial
		e.resync, e.fetch = string(or(body.ResyncMode, "")), string(or(body.FetchMode, ""))
	})
	return srv.StartBulkSync200JSONResponse{Data: new(f.bulkExecutionWire(e))}, nil
}

func (a *service) GetBulkSyncExecution(ctx context.Context, request srv.GetBulkSyncExecutionRequestObject) (srv.GetBulkSyncExecutionResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	e, err := f.bulkExecution(c, request.ID, request.ExecID)
	if err != nil {
		return nil, err
	}
	return srv.GetBulkSyncExecution200JSONResponse{Data: new(f.bulkExecutionWire(e))}, nil
}

// listed are the executions of a sync in the order of a list: by creation, or by the last update when only those that
// have ended are asked for.
func (s *syncCore) listed(now time.Time, onlyTerminal, ascending bool) []*execution {
	list := slices.Clone(s.executions)
	if onlyTerminal {
		list = slices.DeleteFunc(list, func(e *execution) bool { return !e.terminalAt(now) })
		slices.SortStableFunc(list, func(a, b *execution) int { return a.statusAt(now).at.Compare(b.statusAt(now).at) })
	}
	if !ascending {
		slices.Reverse(list)
	}
	return list
}

func (e *execution) identity() string { return e.id }

func (a *service) ListBulkSyncExecutions(ctx context.Context, request srv.ListBulkSyncExecutionsRequestObject) (srv.ListBulkSyncExecutionsResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	b, err := f.bulkSync(c, request.ID)
	if err != nil {
		return nil, err
	}
	p := request.Params
	list, details, err := page(f, b.listed(f.now, or(p.OnlyTerminal, false), or(p.Ascending, false)), (*execution).identity, p.PageToken, p.Limit, 50, 100)
	if err != nil {
		return nil, err
	}
	return srv.ListBulkSyncExecutions200JSONResponse{Data: rows(f, mapped(list, f.bulkExecutionWire)), Pagination: details}, nil
}

func (a *service) CancelBulkSync(ctx context.Context, request srv.CancelBulkSyncRequestObject) (srv.CancelBulkSyncResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	b, err := f.bulkSync(c, request.ID)
	if err != nil {
		return nil, err
	}
	text := "nothing to cancel"
	if e := b.running(f.now); e != nil {
		f.stop(e, f.now)
		text = canceling
	}
	return srv.CancelBulkSync200JSONResponse{Data: &wire.BulkSyncCancelResponse{Message: &text}}, nil
}

func (a *service) CancelBulkSyncExecution(ctx context.Context, request srv.CancelBulkSyncExecutionRequestObject) (srv.CancelBulkSyncExecutionResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	e, err := f.bulkExecution(c, request.ID, request.ExecID)
	if err != nil {
		return nil, err
	}
	text := "nothing to cancel"
	if !e.terminalAt(f.now) {
		f.stop(e, f.now)
		text = canceling
	}
	return srv.CancelBulkSyncExecution200JSONResponse{Data: &wire.BulkSyncCancelResponse{Message: &text}}, nil
}

func (a *service) GetBulkSyncStatus(ctx context.Context, request srv.GetBulkSyncStatusRequestObject) (srv.GetBulkSyncStatusResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	b, err := f.bulkSync(c, request.ID)
	if err != nil {
		return nil, err
	}
	out := &wire.BulkSyncStatusResponse{NextExecutionTime: momentOrNull(b.nextExecution(f.now))}
	if e := b.running(f.now); e != nil {
		out.CurrentExecution = new(f.bulkExecutionWire(e))
	}
	if e := b.lastFinished(f.now); e != nil {
		out.LastExecution = new(f.bulkExecutionWire(e))
	}
	if b.source.kind.changeData {
		out.IngestionStatus = &wire.BulkSyncIngestionStatus{
			Enabled: new(true), IsRunning: new(b.active), Status: new(wire.IngestionStatusLevelOk), Position: new("0/16B3748"),
			HighwaterMark: new("0/16B3748"), PositionTime: momentOrNull(f.now), UpdatedAt: moment(f.now),
		}
	}
	return srv.GetBulkSyncStatus200JSONResponse{Data: out}, nil
}

// ListBulkSyncStatuses answers the syncs' state, not that of an execution: one row per schema, of the execution that
// runs or else of the latest one the schema was in.
func (a *service) ListBulkSyncStatuses(ctx context.Context, request srv.ListBulkSyncStatusesRequestObject) (srv.ListBulkSyncStatusesResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	var list []*bulkSync
	switch p := request.Params; {
	case or(p.All, false):
		list = f.bulkSyncs.where(func(b *bulkSync) bool { return b.org == c.org })
	case or(p.Active, false):
		list = f.bulkSyncs.where(func(b *bulkSync) bool { return b.org == c.org && b.active })
	default:
		for _, id := range p.SyncID {
			b, err := f.bulkSync(c, id)
			if err != nil {
				return nil, err
			}
			if !slices.Contains(list, b) {
				list = append(list, b)
			}
		}
	}
	return srv.ListBulkSyncStatuses200JSONResponse{Data: rows(f, mapped(list, f.bulkStatusWire))}, nil
}

func (f *Fake) bulkStatusWire(b *bulkSync) wire.BulkSyncExecutionStatus {
	out := wire.BulkSyncExecutionStatus{SyncID: &b.id, NextExecutionTime: momentOrNull(b.nextExecution(f.now))}
	if n := len(b.executions); n > 0 {
		out.Status = new(wire.BulkExecutionStatus(b.executions[n-1].statusAt(f.now).status))
	}
	list := make([]wire.BulkSyncSchemaExecutionStatus, 0, len(b.schemas))
	seen := make(map[string]bool, len(b.schemas))
	for _, e := range slices.Backward(b.executions) {
		for _, x := range e.schemas {
			if seen[x.schema] {
				continue
			}
			seen[x.schema] = true
			s := x.statusAt(f.now)
			r, bad, warned := x.counts(f.now)
			row := wire.BulkSyncSchemaExecutionStatus{
				Schema: &x.schema, ExecutionID: &e.id, Status: new(wire.BulkSchemaExecutionStatus(s.status)),
				StartedAt: momentOrNull(x.startedAt(f.now)), CompletedAt: momentOrNull(x.completedAt(f.now)), RecordCount: &r,
				ErrorCount: &bad, WarningCount: &warned,
			}
			if isTerminal(s.status) && x.message != "" {
				row.StatusMessage = &x.message
			}
			list = append(list, row)
		}
		if len(seen) >= len(b.schemas) {
			break
		}
	}
	out.Schemas = rows(f, list)
	return out
}
