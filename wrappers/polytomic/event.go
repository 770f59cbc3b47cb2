package polytomic

import (
	"context"
	"encoding/json"
	"iter"
	"slices"
	"time"

	"github.com/sluice-sdk/sluice/gen/polytomicapi"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/job"
)

// EventType says what an event is about. More types may come: an unknown one is handed on as it is.
type EventType string

// The types of events (apidocs.polytomic.com, "Events"). Mind the spelling: model syncs have errors, bulk syncs an error.
const (
	EventSyncRunning                EventType = "sync.running"
	EventSyncFailed                 EventType = "sync.failed"
	EventSyncCanceled               EventType = "sync.canceled"
	EventSyncCompleted              EventType = "sync.completed"
	EventSyncCompletedWithErrors    EventType = "sync.completed_with_errors"
	EventBulkSyncRunning            EventType = "bulk_sync.running"
	EventBulkSyncFailed             EventType = "bulk_sync.failed"
	EventBulkSyncCanceled           EventType = "bulk_sync.canceled"
	EventBulkSyncCompleted          EventType = "bulk_sync.completed"
	EventBulkSyncCompletedWithError EventType = "bulk_sync.completed_with_error"
)

// eventRetention is how long Polytomic keeps events.
const eventRetention = 48 * time.Hour

// Event is something that happened to a sync, from a webhook or from [Client.Events]. Polytomic delivers each at most once
// to the list, and may deliver one several times, and in any order, to a webhook.
type Event struct {
	// ID names the event.
	ID string
	// Type says what happened.
	Type EventType
	// Created is when.
	Created time.Time
	// OrganizationID is the organization that it happened in.
	OrganizationID string
	// SyncID, SyncName and ExecutionID name the sync and the execution, as far as the event does.
	SyncID, SyncName, ExecutionID string
	// Error is the message of a failure.
	Error string
	// Raw is the payload as it came.
	Raw json.RawMessage
}

// wireEvent is an event on the wire, in the list and in the body of a webhook.
type wireEvent struct {
	ID             string          `json:"id"`
	Type           EventType       `json:"type"`
	CreatedAt      *time.Time      `json:"created_at"`
	OrganizationID string          `json:"organization_id"`
	Event          json.RawMessage `json:"event"`
}

func (w *wireEvent) event() Event {
	e := Event{ID: w.ID, Type: w.Type, Created: valueOf(w.CreatedAt), OrganizationID: w.OrganizationID, Raw: slices.Clone(w.Event)}
	var common struct {
		SyncID      string `json:"sync_id"`
		SyncName    string `json:"sync_name"`
		ExecutionID string `json:"execution_id"`
		Error       string `json:"error"`
	}
	// A payload of another shape is handed on in Raw.
	if json.Unmarshal(w.Event, &common) == nil {
		e.SyncID, e.SyncName, e.ExecutionID, e.Error = common.SyncID, common.SyncName, common.ExecutionID, common.Error
	}
	return e
}

// Payload returns the event's payload as the generated type that belongs to its type, such as
// *polytomicapi.EventingSyncCompletedEvent; a [json.RawMessage] for a type that is not known. The error says that the
// payload does not fit.
func (e Event) Payload() (any, error) {
	var into any
	switch e.Type {
	case EventSyncRunning:
		into = &polytomicapi.EventingSyncRunningEvent{}
	case EventSyncFailed:
		into = &polytomicapi.EventingSyncFailedEvent{}
	case EventSyncCanceled:
		into = &polytomicapi.EventingSyncCanceledEvent{}
	case EventSyncCompleted:
		into = &polytomicapi.EventingSyncCompletedEvent{}
	case EventSyncCompletedWithErrors:
		into = &polytomicapi.EventingSyncCompletedWithErrorsEvent{}
	case EventBulkSyncRunning:
		into = &polytomicapi.EventingBulkSyncRunningEvent{}
	case EventBulkSyncFailed:
		into = &polytomicapi.EventingBulkSyncFailedEvent{}
	case EventBulkSyncCanceled:
		into = &polytomicapi.EventingBulkSyncCanceledEvent{}
	case EventBulkSyncCompleted:
		into = &polytomicapi.EventingBulkSyncCompletedEvent{}
	case EventBulkSyncCompletedWithError:
		into = &polytomicapi.EventingBulkSyncCompletedWithErrorEvent{}
	default:
		return e.Raw, nil
	}
	if err := decodeExact(orNull(e.Raw), into); err != nil {
		return nil, &apierr.Error{Service: service, Kind: apierr.KindDecode, Message: "the payload does not fit the event's type", Err: err}
	}
	return into, nil
}

// ref names the execution that the event is about; false when it is about none.
func (e Event) ref() (job.Ref, bool) {
	ref := job.Ref{Service: service, ID: e.ExecutionID, Parent: e.SyncID}
	switch e.Type {
	case EventSyncRunning, EventSyncFailed, EventSyncCanceled, EventSyncCompleted, EventSyncCompletedWithErrors:
		ref.Kind = kindModel
	case EventBulkSyncRunning, EventBulkSyncFailed, EventBulkSyncCanceled, EventBulkSyncCompleted, EventBulkSyncCompletedWithError:
		ref.Kind = kindBulk
	}
	return ref, ref.Kind != "" && ref.ID != ""
}

// Notify makes the waits for the event's execution ask soon. Nothing that the event says is believed: the service is
// asked. It does no I/O itself. [WebhookReceiver] calls it; call it for events that come another way.
func (c *Client) Notify(e Event) {
	ref, ok := e.ref()
	if !ok {
		return
	}
	if ref.Kind == kindBulk {
		c.bulk.Wake(ref)
	} else {
		c.tasks.Wake(ref)
	}
}

// EventFilter chooses events. The zero value chooses all that there are.
type EventFilter struct {
	// Type lists only one type.
	Type EventType
	// After and Before bound when they happened, both exclusive; zero is no bound. Polytomic keeps events for 48 hours.
	After, Before time.Time
	// OrganizationID is for partners: the organization whose events to list.
	OrganizationID string
}

// Events lists the events of the last 48 hours, page by page.
//
//sluice:operation GET /api/events
func (c *Client) Events(ctx context.Context, filter EventFilter) iter.Seq2[Event, error] {
	limit := 100 // the most there is
	return mapped(pages(ctx, func(ctx context.Context, token string) ([]wireEvent, string, error) {
		return listOf[wireEvent](c.raw.ListEvents(ctx, &polytomicapi.ListEventsParams{Type: (*string)(optional(filter.Type)),
			StartingAfter: optional(filter.After), EndingBefore: optional(filter.Before), OrganizationID: optional(filter.OrganizationID),
			Limit: &limit, PageToken: optional(token)}))
	}), func(w wireEvent) Event { return w.event() })
}

// EventTypes returns the types of events that there are.
//
//sluice:operation GET /api/events_types
func (c *Client) EventTypes(ctx context.Context) ([]EventType, error) {
	rows, _, err := listOf[EventType](c.raw.ListEventTypes(ctx))
	return rows, err
}
