package polytomic

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/job"
)

// Task is something that Polytomic does in the background and that has a result: a model that is created, a sample, an
// export of logs. It is safe for concurrent use.
type Task[T any] struct {
	client *Client
	job    *job.Job // nil when the result came at once
	cell   *cell
	result *T
}

// jobAnswer is a job as the API gives it, with its result as text: what it is depends on the type.
type jobAnswer struct {
	JobID  string          `json:"job_id"`
	Type   string          `json:"type"`
	Status string          `json:"status"`
	Error  *string         `json:"error"`
	Result json.RawMessage `json:"result"`
}

func jobSnapshot(ref job.Ref, a *jobAnswer) job.Snapshot {
	s := job.Snapshot{Ref: ref, Raw: a.Status, Phase: taskPhase(a.Status)}
	if s.Phase == job.PhaseFailed {
		s.Failure = &job.Failure{Type: ref.Parent, Message: valueOf(a.Error)}
	}
	return s
}

// submitted is an answer that has the result, or the job that will have it.
type submitted[T any] struct {
	Data *T         `json:"data"`
	Job  *jobAnswer `json:"job"`
}

// DecodeJSON is what transport.Decode asks for.
func (s *submitted[T]) DecodeJSON(text []byte) error {
	type plain submitted[T]
	if err := decodeExact(text, (*plain)(s)); err != nil {
		return err
	}
	if s.Data == nil && (s.Job == nil || s.Job.JobID == "") {
		return errNoData
	}
	return nil
}

// task makes a handle of an answer that has a result, or a job that will have it. The kind is the type of the job in the
// URL, for an answer that does not say.
func task[T any](c *Client, kind string, s *submitted[T]) *Task[T] {
	t := &Task[T]{client: c}
	if s.Job == nil || s.Job.JobID == "" {
		t.result = s.Data
		return t
	}
	if s.Job.Type != "" {
		kind = s.Job.Type
	}
	ref := job.Ref{Service: service, Kind: kindJob, ID: s.Job.JobID, Parent: kind}
	last := jobSnapshot(ref, s.Job)
	t.cell = c.answers.of(ref)
	if s.Job.Result != nil {
		t.cell.value.CompareAndSwap(nil, s.Job)
	}
	t.job = c.tasks.Job(last)
	return t
}

// Job returns the job for package job, to wait for many at once or to keep its token; nil when the result came at once.
func (t *Task[T]) Job() *job.Job { return t.job }

// Wait waits until the task is done and returns its result. The error is a [job.FailedError] when the task failed, and a
// [job.WaitError] when the wait ended first; each inside a [ResourceError].
//
//sluice:operation GET /api/jobs/{type}/{id}
func (t *Task[T]) Wait(ctx context.Context, opts ...WaitOption) (*T, error) {
	if t.job == nil {
		return t.result, nil
	}
	ref := t.job.Ref()
	fail := func(err error) (*T, error) { return nil, about("job "+ref.Parent, ref.ID, err) }
	if err := checkIDs("job type", ref.Parent, "job", ref.ID); err != nil {
		return fail(err)
	}
	if _, err := t.job.Wait(ctx, bulkSettings(opts).jobOptions(false)...); err != nil {
		return fail(err)
	}
	answer := read[jobAnswer](t.cell)
	if answer == nil {
		if _, err := t.job.Refresh(ctx); err != nil {
			return fail(err)
		}
		if answer = read[jobAnswer](t.cell); answer == nil {
			return fail(&apierr.Error{Service: service, Kind: apierr.KindUnexpected, Err: errors.New("the job is done and its result could not be read")})
		}
	}
	result, err := resultOf[T](answer.Result)
	if err != nil {
		return fail(err)
	}
	return result, nil
}

// resultOf reads the result of a job, which may or may not have an envelope.
func resultOf[T any](text json.RawMessage) (*T, error) {
	var envelope map[string]json.RawMessage
	if json.Unmarshal(text, &envelope) == nil && len(envelope) == 1 && envelope["data"] != nil {
		text = envelope["data"]
	}
	value := new(T)
	if len(text) == 0 || string(text) == "null" {
		return value, nil // a deletion has none
	}
	if err := decodeExact(text, value); err != nil {
		return nil, &apierr.Error{Service: service, Kind: apierr.KindDecode, Message: "the result of the job is not what its type promises", Err: err}
	}
	return value, nil
}

// JobTask returns the handle of a job by its type (createmodel, updatemodel, previewmodel, samplemodel, exportlogs) and
// its id, with its result as it is. It does no I/O.
func (c *Client) JobTask(kind, id string) *Task[json.RawMessage] {
	ref := job.Ref{Service: service, Kind: kindJob, ID: id, Parent: kind}
	return &Task[json.RawMessage]{client: c, job: c.tasks.Job(job.Snapshot{Ref: ref}), cell: c.answers.of(ref)}
}
