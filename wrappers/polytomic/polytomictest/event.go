package polytomictest

import (
	"context"
	"encoding/json"
	"slices"
	"sort"
	"time"

	wire "github.com/sluice-sdk/sluice/gen/polytomicapi"
	srv "github.com/sluice-sdk/sluice/gen/polytomicserver"
)

const eventsLive = 48 * time.Hour

// The types of events: those of bulk syncs end in the singular.
const (
	syncRunning             = "sync.running"
	syncCompleted           = "sync.completed"
	syncFailed              = "sync.failed"
	syncCanceled            = "sync.canceled"
	syncCompletedWithErrors = "sync.completed_with_errors"

	bulkRunning            = "bulk_sync.running"
	bulkCompleted          = "bulk_sync.completed"
	bulkFailed             = "bulk_sync.failed"
	bulkCanceled           = "bulk_sync.canceled"
	bulkCompletedWithError = "bulk_sync.completed_with_error"
)

var eventTypes = []string{
	syncRunning, syncFailed, syncCanceled, syncCompleted, syncCompletedWithErrors,
	bulkRunning, bulkCompleted, bulkCanceled, bulkFailed, bulkCompletedWithError,
}

type event struct {
	id, kind string
	org      *organization
	at       time.Time
	payload  json.RawMessage
}

func (e *event) identity() string { return e.id }

func (e *event) wire() wire.Event {
	payload := &wire.EventPayload{}
	_ = payload.UnmarshalJSON(e.payload) // made by us
	return wire.Event{ID: &e.id, Type: &e.kind, OrganizationID: &e.org.id, CreatedAt: moment(e.at), Event: payload}
}

// announce plans the events of an execution. Those planned for an earlier course of it lapse.
func (f *Fake) announce(e *execution) {
	version := e.version
	for _, x := range e.phases {
		lapsed := version > 0 && !isTerminal(x.status) && !x.at.After(f.now) // announced before
		if lapsed || x.status != "running" && !isTerminal(x.status) {
			continue
		}
		f.schedule(x.at, func(at time.Time) {
			if e.version == version {
				f.emit(e, x.status, at)
			}
		})
	}
}

// emit makes the event of an execution that has come into a status. The lock is held.
func (f *Fake) emit(e *execution, status string, at time.Time) {
	kind, payload := e.event(status)
	raw, err := json.Marshal(payload)
	if err != nil {
		return // text and numbers
	}
	x := &event{id: f.newID(), kind: kind, org: e.sync.org, at: at, payload: raw}
	i := sort.Search(len(f.events), func(i int) bool { return f.events[i].at.After(at) })
	f.events = slices.Insert(f.events, i, x)
	f.deliver(x)
}

// event is the type and the payload of an execution's event.
func (e *execution) event(status string) (kind string, payload any) {
	s := e.sync
	at := e.phases[len(e.phases)-1].at
	records, errors, warnings := e.countsAt(at)
	if status == Completed && errors > 0 {
		status = Errors
	}
	if s.bulk {
		ids := wire.EventingBulkSyncFailedEvent{
			ExecutionID: &e.id, OrganizationID: &s.org.id, SyncID: &s.id, SyncName: &s.name, SourceConnectionID: &s.bulkSync.source.id,
			DestinationConnectionID: &s.bulkSync.destination.id, TriggerSource: &e.trigger,
		}
		switch status {
		case "running":
			ids.TriggerSource = nil
			return bulkRunning, ids
		case Completed:
			return bulkCompleted, ids
		case Canceled:
			ids.TriggerSource = nil
			return bulkCanceled, ids
		case Errors:
			return bulkCompletedWithError, ids
		}
		ids.Error = &e.message
		return bulkFailed, ids
	}
	target := &s.modelSync.body.Target.ConnectionID
	switch status {
	case "running":
		return syncRunning, wire.EventingSyncRunningEvent{ExecutionID: &e.id, OrganizationID: &s.org.id, SyncID: &s.id, SyncName: &s.name, TargetConnectionID: target}
	case Completed:
		counts := e.modelCounts(at)
		return syncCompleted, wire.EventingSyncCompletedEvent{
			ExecutionID: &e.id, OrganizationID: &s.org.id, SyncID: &s.id, SyncName: &s.name, TargetConnectionID: target, Trigger: &e.trigger,
			Status: new(wire.UtilExecutionStatusCompleted), RecordCount: &records, ErrorCount: &errors, WarningCount: &warnings,
			InsertedCount: counts.Insert, UpdatedCount: counts.Update, UpsertedCount: counts.Upserts,
		}
	case Canceled:
		return syncCanceled, wire.EventingSyncCanceledEvent{
			ExecutionID: &e.id, OrganizationID: &s.org.id, SyncID: &s.id, SyncName: &s.name, TargetConnectionID: target, Status: new(wire.UtilExecutionStatusCanceled),
		}
	case Errors:
		return syncCompletedWithErrors, wire.EventingSyncCompletedWithErrorsEvent{
			ExecutionID: &e.id, OrganizationID: &s.org.id, SyncID: &s.id, SyncName: &s.name, TargetConnectionID: target, NumberOfErrors: &errors,
			NumberOfWarnings: &warnings, Error: new("some records had errors"),
		}
	}
	return syncFailed, wire.EventingSyncFailedEvent{
		ExecutionID: &e.id, OrganizationID: &s.org.id, SyncID: &s.id, SyncName: &s.name, TargetConnectionID: target, Error: &e.message,
	}
}

func (a *service) ListEventTypes(ctx context.Context, _ srv.ListEventTypesRequestObject) (srv.ListEventTypesResponseObject, error) {
	f, _ := a.enter(ctx)
	defer a.leave()
	return srv.ListEventTypes200JSONResponse{Data: rows(f, eventTypes)}, nil
}

func (a *service) ListEvents(ctx context.Context, request srv.ListEventsRequestObject) (srv.ListEventsResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	p := request.Params
	if n := or(p.Limit, 10); n < 1 || n > 100 {
		return nil, unprocessable("limit must be between 1 and 100")
	}
	if id := or(p.OrganizationID, ""); id != "" && id != c.org.id {
		return nil, forbidden("organization %s is not accessible with this key", id)
	}
	kind := or(p.Type, requestOf(ctx).URL.Query().Get("event_type")) // the prose and the signature differ
	if kind != "" && !slices.Contains(eventTypes, kind) {
		return nil, unprocessable("unknown event type %q", kind)
	}
	var list []*event
	for _, x := range f.events {
		switch {
		case x.org != c.org, kind != "" && x.kind != kind,
			p.StartingAfter != nil && !x.at.After(*p.StartingAfter), p.EndingBefore != nil && !x.at.Before(*p.EndingBefore),
			f.has(EventsExpire) && f.now.Sub(x.at) > eventsLive:
			continue
		}
		list = append(list, x)
	}
	if f.config.newestFirst {
		slices.Reverse(list)
	}
	list, details, err := page(f, list, (*event).identity, p.PageToken, p.Limit, 10, 100)
	if err != nil {
		return nil, err
	}
	return srv.ListEvents200JSONResponse{Data: rows(f, mapped(list, (*event).wire)), Pagination: details}, nil
}
