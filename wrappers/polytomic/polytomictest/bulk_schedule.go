package polytomictest

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	wire "github.com/sluice-sdk/sluice/gen/polytomicapi"
	srv "github.com/sluice-sdk/sluice/gen/polytomicserver"
)

// schedule is one of a bulk sync. Times are text, in UTC.
type schedule struct {
	id                                         string
	frequency                                  wire.ScheduleFrequency
	minute, hour, dayOfWeek, dayOfMonth, month string
	schemas                                    []string
	selective                                  wire.BulkSelectiveMode
	mode                                       wire.BulkScheduleSyncMode
	created, updated                           time.Time
	by                                         *caller
}

// setSchedules replaces the schedules of a bulk sync. Those that the request names by their ids keep them.
func (f *Fake) setSchedules(b *bulkSync, fallback wire.BulkSyncDefaultScheduleRequest, additional []wire.BulkSyncAdditionalScheduleRequest, c *caller) {
	old := b.additional
	keep := func(id *string) *schedule {
		for _, s := range append(slices.Clone(old), b.fallback) {
			if s != nil && id != nil && s.id == *id {
				return &schedule{id: s.id, created: s.created, updated: f.now, by: s.by}
			}
		}
		return &schedule{id: f.newID(), created: f.now, updated: f.now, by: c}
	}
	if fallback.ID == nil && b.fallback != nil {
		fallback.ID = &b.fallback.id
	}
	d := keep(fallback.ID)
	d.frequency, d.minute, d.hour = fallback.Frequency, or(fallback.Minute, ""), or(fallback.Hour, "")
	d.dayOfWeek, d.dayOfMonth, d.month = or(fallback.DayOfWeek, ""), or(fallback.DayOfMonth, ""), or(fallback.Month, "")
	var extra []*schedule
	for _, r := range additional {
		s := keep(r.ID)
		s.frequency, s.minute, s.hour = r.Frequency, or(r.Minute, ""), or(r.Hour, "")
		s.dayOfWeek, s.dayOfMonth, s.month = or(r.DayOfWeek, ""), or(r.DayOfMonth, ""), or(r.Month, "")
		s.schemas, s.selective, s.mode = r.Schemas, or(r.SelectiveMode, ""), or(r.ResyncMode, "")
		extra = append(extra, s)
	}
	b.fallback, b.additional = d, extra
}

func (s *schedule) asDefault() *wire.BulkSyncDefaultScheduleResponse {
	return &wire.BulkSyncDefaultScheduleResponse{
		ID: &s.id, Frequency: s.frequency, Minute: &s.minute, Hour: &s.hour, DayOfWeek: &s.dayOfWeek, DayOfMonth: &s.dayOfMonth,
		Month: &s.month, CreatedAt: moment(s.created), UpdatedAt: moment(s.updated), CreatedBy: actor(s.by), UpdatedBy: actor(s.by),
	}
}

func (s *schedule) asAdditional() wire.BulkSyncAdditionalScheduleResponse {
	d := s.asDefault()
	return wire.BulkSyncAdditionalScheduleResponse{
		ID: d.ID, Frequency: d.Frequency, Minute: d.Minute, Hour: d.Hour, DayOfWeek: d.DayOfWeek, DayOfMonth: d.DayOfMonth,
		Month: d.Month, CreatedAt: d.CreatedAt, UpdatedAt: d.UpdatedAt, CreatedBy: d.CreatedBy, UpdatedBy: d.UpdatedBy,
		Schemas: s.schemas, SelectiveMode: orNone(s.selective), ResyncMode: orNone(s.mode),
	}
}

func orNone[T ~string](v T) *T {
	if v == "" {
		return nil
	}
	return &v
}

// inCamelCase is a schedule as its own endpoints write it: without its id.
func (f *Fake) inCamelCase(b *bulkSync, s *schedule) wire.BulkBulkSyncSchedule {
	out := wire.BulkBulkSyncSchedule{
		SyncID: &b.id, Frequency: s.frequency, Minute: &s.minute, Hour: &s.hour, DayOfWeek: &s.dayOfWeek, DayOfMonth: &s.dayOfMonth,
		Month: &s.month, IsDefault: new(s == b.fallback), CreatedAt: moment(s.created), UpdatedAt: moment(s.updated),
		Schemas: rows(f, s.schemas), SelectiveMode: orNone(s.selective), SyncMode: orNone(s.mode),
	}
	if s.by != nil && s.by.actorID() != "" {
		out.CreatedBy, out.UpdatedBy = new(s.by.actorID()), new(s.by.actorID())
	}
	return out
}

func (b *bulkSync) schedules() []*schedule { return append([]*schedule{b.fallback}, b.additional...) }

func (f *Fake) bulkSchedule(c *caller, syncID, id string) (*bulkSync, *schedule, error) {
	b, err := f.bulkSync(c, syncID)
	if err != nil {
		return nil, nil, err
	}
	for _, s := range b.schedules() {
		if s.id == id {
			return b, s, nil
		}
	}
	return nil, nil, notFound("schedule", id)
}

func (s *schedule) set(r wire.BulkSyncScheduleAPI, now time.Time) {
	s.frequency, s.minute, s.hour = r.Frequency, or(r.Minute, ""), or(r.Hour, "")
	s.dayOfWeek, s.dayOfMonth, s.month = or(r.DayOfWeek, ""), or(r.DayOfMonth, ""), or(r.Month, "")
	s.selective, s.updated = or(r.SelectiveMode, ""), now
}

func (a *service) ListBulkSyncSchedules(ctx context.Context, request srv.ListBulkSyncSchedulesRequestObject) (srv.ListBulkSyncSchedulesResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	b, err := f.bulkSync(c, request.SyncID)
	if err != nil {
		return nil, err
	}
	list := mapped(b.schedules(), func(s *schedule) wire.BulkBulkSyncSchedule { return f.inCamelCase(b, s) })
	return srv.ListBulkSyncSchedules200JSONResponse{Data: rows(f, list)}, nil
}

func (a *service) CreateBulkSyncSchedule(ctx context.Context, request srv.CreateBulkSyncScheduleRequestObject) (srv.CreateBulkSyncScheduleResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	b, err := f.bulkSync(c, request.SyncID)
	if err != nil {
		return nil, err
	}
	s := &schedule{id: f.newID(), created: f.now, by: c}
	s.set(request.Body.Schedule, f.now)
	b.additional = append(b.additional, s)
	return srv.CreateBulkSyncSchedule200JSONResponse{Data: new(f.inCamelCase(b, s))}, nil
}

func (a *service) GetBulkSyncSchedule(ctx context.Context, request srv.GetBulkSyncScheduleRequestObject) (srv.GetBulkSyncScheduleResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	b, s, err := f.bulkSchedule(c, request.SyncID, request.ScheduleID)
	if err != nil {
		return nil, err
	}
	return srv.GetBulkSyncSchedule200JSONResponse{Data: new(f.inCamelCase(b, s))}, nil
}

func (a *service) UpdateBulkSyncSchedule(ctx context.Context, request srv.UpdateBulkSyncScheduleRequestObject) (srv.UpdateBulkSyncScheduleResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	b, s, err := f.bulkSchedule(c, request.SyncID, request.ScheduleID)
	if err != nil {
		return nil, err
	}
	s.set(request.Body.Schedule, f.now)
	return srv.UpdateBulkSyncSchedule200JSONResponse{Data: new(f.inCamelCase(b, s))}, nil
}

func (a *service) DeleteBulkSyncSchedule(ctx context.Context, request srv.DeleteBulkSyncScheduleRequestObject) (srv.DeleteBulkSyncScheduleResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	b, s, err := f.bulkSchedule(c, request.SyncID, request.ScheduleID)
	if err != nil {
		return nil, err
	}
	if s == b.fallback {
		return nil, badRequest("the default schedule cannot be deleted")
	}
	b.additional = slices.DeleteFunc(b.additional, func(x *schedule) bool { return x == s })
	return srv.DeleteBulkSyncSchedule200Response{}, nil
}

// next is when a schedule comes up after a time; zero for one that does not come up by the clock.
func (s *schedule) next(now time.Time) time.Time {
	return nextTime(s.frequency, s.minute, s.hour, s.dayOfWeek, now)
}

func nextTime(frequency wire.ScheduleFrequency, minute, hour, dayOfWeek string, now time.Time) time.Time {
	now = now.UTC()
	number := func(text string) int { n, _ := strconv.Atoi(text); return n }
	var step time.Duration
	at := time.Date(now.Year(), now.Month(), now.Day(), now.Hour(), number(minute), 0, 0, time.UTC)
	switch frequency {
	case wire.ScheduleFrequencyContinuous:
		return now
	case wire.ScheduleFrequencyHourly:
		step = time.Hour
	case wire.ScheduleFrequencyDaily, wire.ScheduleFrequencyWeekly:
		step = 24 * time.Hour
		at = time.Date(now.Year(), now.Month(), now.Day(), number(hour), number(minute), 0, 0, time.UTC)
	default: // the others do not go by the clock alone
		return time.Time{}
	}
	weekly := frequency == wire.ScheduleFrequencyWeekly
	for !at.After(now) || weekly && !onDay(at, dayOfWeek) {
		at = at.Add(step)
	}
	return at
}

// onDay says whether a time is on a day of the week, which is a number or a name; any other text is Sunday.
func onDay(at time.Time, day string) bool {
	day = strings.ToLower(strings.TrimSpace(day))
	for d := time.Sunday; d <= time.Saturday; d++ {
		if day == strconv.Itoa(int(d)) || len(day) >= 3 && strings.HasPrefix(strings.ToLower(d.String()), day) {
			return at.Weekday() == d
		}
	}
	return at.Weekday() == time.Sunday
}

// nextExecution is when the first of a bulk sync's schedules comes up.
func (b *bulkSync) nextExecution(now time.Time) time.Time {
	var first time.Time
	if !b.active {
		return first
	}
	for _, s := range b.schedules() {
		if t := s.next(now); !t.IsZero() && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	return first
}
