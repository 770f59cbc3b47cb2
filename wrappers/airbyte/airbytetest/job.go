package airbytetest

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	wire "github.com/sluice-sdk/sluice/gen/airbyteapi"
	srv "github.com/sluice-sdk/sluice/gen/airbyteserver"
	"github.com/sluice-sdk/sluice/wrappers/servicetest"
)

const couldNotFulfill = "Could not fulfill request"

// jobWire is airbyte-platform's JobResponseMapper.kt.
func (f *Fake) jobWire(j *job, now time.Time) wire.JobResponse {
	s := j.state()
	out := wire.JobResponse{JobID: j.id, Status: s.status, JobType: j.kind, StartTime: f.timestamp(j.created), ConnectionID: j.conn.id}
	if isFinal(s.status) || !f.has(FinalUpdateOnly) {
		out.LastUpdatedAt = new(f.timestamp(j.updated))
	}
	if s.status != wire.JobStatusEnumPending {
		out.Duration = new(isoDuration(j.updated.Truncate(time.Second).Sub(j.created.Truncate(time.Second))))
	}
	if rows, bytes, ok := j.committed(now); ok || !f.has(LateNumbers) {
		out.RowsSynced, out.BytesSynced = &rows, &bytes
	}
	return out
}

// CreateJob triggers a sync, a reset or a clear.
func (a *service) CreateJob(ctx context.Context, request srv.CreateJobRequestObject) (srv.CreateJobResponseObject, error) {
	j, late, err := a.trigger(request.Body.ConnectionID, request.Body.JobType) //nolint:contextcheck // a job outlives the request that triggers it
	if late != nil {
		if err := servicetest.Sleep(ctx, late.AnswersAfter); err != nil {
			return nil, err
		}
		return nil, stateConflict(couldNotFulfill)
	}
	if err != nil {
		return nil, err
	}
	f := a.lock()
	defer a.unlock()
	return srv.CreateJob200JSONResponse(f.jobWire(j, time.Now())), nil
}

func (a *service) trigger(connectionID string, kind wire.JobTypeEnum) (*job, *Late, error) {
	f := a.lock()
	defer a.unlock()
	now := time.Now()
	if kind == wire.JobTypeEnumRefresh {
		return nil, nil, unprocessable("Refreshes are not supported in the public API")
	}
	c, err := f.connection(connectionID)
	if err != nil {
		return nil, nil, err
	}
	if c.late != nil {
		n := c.posts
		c.posts++
		if late := c.late(n, f.random); late != nil {
			return nil, f.beginLate(c, kind, *late, now), nil
		}
	}
	j, err := f.begin(c, kind, now)
	return j, nil, err
}

// begin decides what a trigger does. The lock is held.
func (f *Fake) begin(c *connection, kind wire.JobTypeEnum, now time.Time) (*job, error) {
	if c.status != wire.ConnectionStatusEnumActive {
		if f.has(HiddenConflict) {
			return nil, stateConflict(couldNotFulfill)
		}
		return nil, stateConflict(fmt.Sprintf("Connection %s is %s", c.id, c.status))
	}
	running := c.running
	switch {
	case running == nil:
	case kind != wire.JobTypeEnumSync: // a reset cancels the sync in its way, and joins a reset in its way
		if running.kind != wire.JobTypeEnumSync {
			return running, nil
		}
		f.stop(running, now)
	case !running.started() && f.has(SameJob) && running.kind == kind:
		return running, nil
	case f.has(RunningConflict):
		return nil, tryAgainLater("A sync is already running for: " + c.id)
	default:
		return running, nil
	}
	return f.start(c, kind, now), nil
}

// beginLate lets a job begin at its own time while the answer says that it did not.
func (f *Fake) beginLate(c *connection, kind wire.JobTypeEnum, late Late, now time.Time) *Late {
	if late.AnswersAfter <= 0 {
		late.AnswersAfter = time.Minute
	}
	if late.Never {
		return &late
	}
	if late.BeginsAfter <= 0 {
		_, _ = f.begin(c, kind, now) // a conflict is hidden by the one that is answered
		return &late
	}
	f.schedule(now.Add(late.BeginsAfter), func(at time.Time) { _, _ = f.begin(c, kind, at) })
	return &late
}

func (a *service) job(id int64) (*job, error) {
	if j := a.f.byID[id]; j != nil {
		return j, nil
	}
	if a.f.has(ForbiddenUnknown) {
		return nil, forbidden()
	}
	return nil, stateConflict("Job is not currently running")
}

func (a *service) GetJob(_ context.Context, request srv.GetJobRequestObject) (srv.GetJobResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	j, err := a.job(request.JobID)
	if err != nil {
		return nil, err
	}
	return srv.GetJob200JSONResponse(f.jobWire(j, time.Now())), nil
}

// CancelJob cancels what runs on the job's connection.
func (a *service) CancelJob(ctx context.Context, request srv.CancelJobRequestObject) (srv.CancelJobResponseObject, error) {
	f := a.lock()
	j, err := a.job(request.JobID)
	if err == nil && !f.has(CancelByConnection) && j.final() {
		err = stateConflict("Job is not currently running")
	}
	if err != nil {
		a.unlock()
		return nil, err
	}
	victim := j.conn.running
	a.unlock()
	if victim != nil {
		if err := servicetest.Sleep(context.WithoutCancel(ctx), f.config.cancelTakes); err != nil {
			return nil, err
		}
	}
	a.lock()
	defer a.unlock()
	if victim != nil && !victim.final() {
		f.stop(victim, time.Now())
	}
	return srv.CancelJob200JSONResponse(f.jobWire(j, time.Now())), nil
}

func (a *service) ListJobs(ctx context.Context, request srv.ListJobsRequestObject) (srv.ListJobsResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	params := request.Params
	p, err := f.page(params.Limit, params.Offset)
	if err != nil {
		return nil, err
	}
	q := query{
		page: p, createdStart: params.CreatedAtStart, createdEnd: params.CreatedAtEnd,
		updatedStart: params.UpdatedAtStart, updatedEnd: params.UpdatedAtEnd, descending: !f.has(AscendingJobs),
	}
	if params.OrderBy != nil {
		field, direction, _ := strings.Cut(*params.OrderBy, "|")
		if field != "createdAt" && field != "updatedAt" || direction != "ASC" && direction != "DESC" {
			return nil, badRequest("Invalid order by clause provided: " + strconv.Quote(*params.OrderBy))
		}
		q.byUpdate, q.descending = field == "updatedAt", direction == "DESC"
	}
	var workspaces map[string]bool
	if params.ConnectionID != nil { // wins over the workspaces
		c, err := f.connection(*params.ConnectionID)
		if err != nil {
			return nil, err
		}
		q.jobs = append([]*job{}, c.jobs...)
	} else {
		workspaces = set(params.WorkspaceIds)
	}
	q.match = func(j *job) bool {
		return in(workspaces, j.conn.workspace.id) &&
			(params.JobType == nil || j.kind == *params.JobType) &&
			(params.Status == nil || j.state().status == *params.Status)
	}
	// One row more than asked for tells whether there are more, which only matters without the extra page.
	more := q
	more.page.limit++
	found := f.list(more)
	total := p.offset + len(found)
	found = found[:min(len(found), p.limit)]
	rows := make([]wire.JobResponse, 0, len(found))
	now := time.Now()
	for _, j := range found {
		rows = append(rows, f.jobWire(j, now))
	}
	previous, next := f.links(ctx, p, len(rows), total,
		"status", "createdAtStart", "createdAtEnd", "updatedAtStart", "updatedAtEnd", "orderBy")
	return srv.ListJobs200JSONResponse{Data: rows, Previous: &previous, Next: &next}, nil
}

func (a *service) GetHealthCheck(context.Context, srv.GetHealthCheckRequestObject) (srv.GetHealthCheckResponseObject, error) {
	return srv.GetHealthCheck200Response{}, nil
}

// Job is a job as the fake knows it, with what the public API does not tell.
type Job struct {
	ID           int64
	ConnectionID string
	Workspace    string // id
	Type         string // "sync", "reset", "clear"
	Status       string
	Created      time.Time
	Updated      time.Time // of the last change of status
	Attempts     int       // begun so far
	Rows, Bytes  int64     // committed so far
	Failure      string    // why it failed, or will
}

func (j *job) public(now time.Time) Job {
	rows, bytes, _ := j.committed(now)
	out := Job{
		ID: j.id, ConnectionID: j.conn.id, Workspace: j.conn.workspace.id, Type: string(j.kind), Status: string(j.state().status),
		Created: j.created, Updated: j.updated, Rows: rows, Bytes: bytes, Failure: j.failure,
	}
	if j.started() {
		out.Attempts = j.state().attempt + 1
	}
	return out
}

// Job returns a job by its id.
func (f *Fake) Job(id int64) (Job, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	f.advance(now)
	j := f.byID[id]
	if j == nil {
		return Job{}, false
	}
	return j.public(now), true
}

// Jobs returns the jobs of a connection, or of all when the id is empty, oldest first.
func (f *Fake) Jobs(connectionID string) []Job {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	f.advance(now)
	jobs := f.jobs
	if connectionID != "" {
		c := f.connectionByID[connectionID]
		if c == nil {
			return nil
		}
		jobs = c.jobs
	}
	out := make([]Job, len(jobs))
	for i, j := range jobs {
		out[i] = j.public(now)
	}
	return out
}

// SyncsStarted returns how many syncs of a connection were started since it exists, those added with
// [Fake.AddJob] not counted.
func (f *Fake) SyncsStarted(connectionID string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.advance(time.Now())
	if c := f.connectionByID[connectionID]; c != nil {
		return c.syncs
	}
	return 0
}

// AddJob adds a sync to a connection's past: it was created at a time that must lie before now, and went as the
// run says. One that would end later goes on from now. It returns its id, or 0 when there is no such connection.
func (f *Fake) AddJob(connectionID string, created time.Time, run Run) int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	f.advance(now)
	c := f.connectionByID[connectionID]
	if c == nil {
		return 0
	}
	run = run.withDefaults(f.config.startup)
	j := f.add(c, wire.JobTypeEnumSync, run, created)
	c.syncs--
	j.events = f.timeline(run, created)
	for j.now+1 < len(j.events) && !j.events[j.now+1].at.After(now) {
		j.now++
	}
	f.touch(j, j.state().at)
	if !j.final() {
		c.running = j
		f.plan(j)
	}
	return j.id
}

// StartSync starts a sync as the schedule would: not through the API, and whatever the client does. It returns
// false when one runs or the connection is not active.
func (f *Fake) StartSync(connectionID string) (id int64, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	f.advance(now)
	c := f.connectionByID[connectionID]
	if c == nil || c.running != nil || c.status != wire.ConnectionStatusEnumActive {
		return 0, false
	}
	return f.start(c, wire.JobTypeEnumSync, now).id, true
}

// CancelSync cancels what runs on a connection as somebody in the web UI would. It returns false when nothing
// does.
func (f *Fake) CancelSync(connectionID string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	f.advance(now)
	c := f.connectionByID[connectionID]
	if c == nil || c.running == nil {
		return false
	}
	f.stop(c.running, now)
	return true
}
