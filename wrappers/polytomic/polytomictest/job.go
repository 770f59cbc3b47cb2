package polytomictest

import (
	"context"
	"slices"
	"time"

	"github.com/oapi-codegen/nullable"

	wire "github.com/sluice-sdk/sluice/gen/polytomicapi"
	srv "github.com/sluice-sdk/sluice/gen/polytomicserver"
)

// jobTypes are all that the documentation of GET /api/jobs names.
var jobTypes = []string{"createmodel", "updatemodel", "previewmodel", "samplemodel", "exportlogs"}

// job is work that a request left behind. It is done when its time has come.
type job struct {
	id, kind string
	by       *caller
	created  time.Time
	ends     time.Time
	result   any
	problem  string
}

func (j *job) identity() string { return j.id }

func (j *job) doneAt(now time.Time) bool { return !now.Before(j.ends) }

// submit starts a job whose work is done at its end, with the lock held, and gives its result.
func (f *Fake) submit(c *caller, kind string, work func() any) *job {
	j := &job{id: f.newID(), kind: kind, by: c, created: f.now, ends: f.now.Add(f.config.jobTakes)}
	f.jobs.add(j)
	f.schedule(j.ends, func(time.Time) {
		if j.problem == "" {
			j.result = work()
		}
	})
	if reasons := f.failing[kind]; len(reasons) > 0 {
		j.problem, f.failing[kind] = reasons[0], reasons[1:]
	}
	f.advance(f.now) // without a duration it is done
	return j
}

// FailJob lets the next job of a type fail for a reason: createmodel, updatemodel, previewmodel, samplemodel or
// exportlogs.
func (f *Fake) FailJob(kind, reason string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !slices.Contains(jobTypes, kind) {
		f.misuse("there are no jobs of type %s", kind)
	}
	f.failing[kind] = append(f.failing[kind], reason)
}

func (f *Fake) jobWire(j *job) *wire.JobResponse {
	out := &wire.JobResponse{JobID: &j.id, Type: &j.kind, Status: new(j.statusAt(f.now)), Error: nullable.NewNullNullable[string]()}
	if j.doneAt(f.now) {
		if j.problem != "" {
			out.Error = value(j.problem)
		} else {
			out.Result = j.result
		}
	}
	return out
}

func (j *job) statusAt(now time.Time) wire.WorkTaskStatus {
	switch {
	case j.doneAt(now) && j.problem != "":
		return wire.WorkTaskStatusFailed
	case j.doneAt(now):
		return wire.WorkTaskStatusDone
	case now.Before(j.created.Add(j.ends.Sub(j.created) / 4)):
		return wire.WorkTaskStatusCreated
	}
	return wire.WorkTaskStatusRunning
}

func (a *service) GetJob(ctx context.Context, request srv.GetJobRequestObject) (srv.GetJobResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	if !slices.Contains(jobTypes, request.Type) {
		return nil, badRequest("unknown job type %q", request.Type)
	}
	j := f.jobs.byID[request.ID]
	if j == nil || j.kind != request.Type || j.by.org != c.org {
		return nil, notFound("job", request.ID)
	}
	return srv.GetJob200JSONResponse{Data: f.jobWire(j)}, nil
}
