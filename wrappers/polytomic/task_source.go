package polytomic

import (
	"context"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-sdk/sluice/gen/polytomicapi"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/job"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// taskSource reads, for the poller, everything that is asked for one by one: executions of model syncs, for which there is
// no status of many, jobs, queries, connections and schema caches. All its requests go on the polling lane.
type taskSource struct{ client *Client }

var (
	_ job.Source   = (*taskSource)(nil)
	_ job.History  = (*taskSource)(nil)
	_ job.Canceler = (*taskSource)(nil)
)

// MaxBatch implements [job.Source].
func (s *taskSource) MaxBatch() int { return 1 }

// Fetch implements [job.Source].
//
//sluice:operation GET /api/syncs/{sync_id}/executions/{id}
//sluice:operation GET /api/jobs/{type}/{id}
//sluice:operation GET /api/queries/{id}
//sluice:operation GET /api/connections/{id}
//sluice:operation GET /api/connections
//sluice:operation GET /api/connections/{id}/schemas/status
func (s *taskSource) Fetch(ctx context.Context, refs []job.Ref) iter.Seq2[job.Snapshot, error] {
	ctx = transport.WithLane(ctx, transport.Poll)
	return func(yield func(job.Snapshot, error) bool) {
		for _, ref := range refs {
			snapshot, err := s.fetch(ctx, ref)
			snapshot.Ref = ref // its identity, also with an error
			if !yield(snapshot, err) {
				return
			}
		}
	}
}

func (s *taskSource) fetch(ctx context.Context, ref job.Ref) (job.Snapshot, error) {
	switch ref.Kind {
	case kindModel:
		if err := checkIDs("model sync", ref.Parent, "execution", ref.ID); err != nil {
			return job.Snapshot{}, err
		}
		e, err := s.client.modelExecution(ctx, ref.Parent, ref.ID)
		if err != nil {
			return job.Snapshot{}, err
		}
		return modelSnapshot(ref.Parent, e), nil
	case kindJob:
		return s.job(ctx, ref)
	case kindQuery:
		q, err := s.client.queryPage(ctx, ref.ID, "")
		if err != nil {
			return job.Snapshot{}, err
		}
		return querySnapshot(ref.ID, q.Data), nil
	case kindHealth, kindConnect:
		return s.connection(ctx, ref)
	case kindSchemas, kindRefresh:
		return s.schemas(ctx, ref)
	}
	return job.Snapshot{}, apierr.Invalid(service, "kind", "%q is %v", ref.Kind, errUnknownKind)
}

// modelExecution reads one execution, for everybody who has a handle of it.
func (c *Client) modelExecution(ctx context.Context, sync, id string) (*polytomicapi.GetExecutionResponseSchema, error) {
	e, err := dataOf[polytomicapi.GetExecutionResponseSchema](c.raw.GetModelSyncExecution(ctx, sync, id))
	if err != nil {
		return nil, err
	}
	if e.ID == nil {
		e.ID = &id
	}
	c.answers.put(job.Ref{Kind: kindModel, ID: id}, phaseOf(string(valueOf(e.Status))), e)
	return e, nil
}

func (s *taskSource) job(ctx context.Context, ref job.Ref) (job.Snapshot, error) {
	if err := checkIDs("job type", ref.Parent, "job", ref.ID); err != nil {
		return job.Snapshot{}, err
	}
	answer, err := dataOf[jobAnswer](s.client.raw.GetJob(ctx, ref.Parent, ref.ID))
	if err != nil {
		return job.Snapshot{}, err
	}
	s.client.answers.put(ref, taskPhase(answer.Status), answer)
	return jobSnapshot(ref, answer), nil
}

func (s *taskSource) connection(ctx context.Context, ref job.Ref) (job.Snapshot, error) {
	id := ref.ID
	if ref.Kind == kindConnect {
		name, byName := strings.CutPrefix(ref.ID, connectByName)
		if byName {
			c, err := s.client.connectionByName(ctx, name)
			if err != nil || c == nil {
				return job.Snapshot{Phase: job.PhasePending, Raw: "not connected yet"}, err
			}
			snapshot := connectionSnapshot(ref, c)
			s.client.answers.put(ref, snapshot.Phase, c)
			return snapshot, nil
		}
		id = strings.TrimPrefix(ref.ID, connectByID)
	}
	if err := checkID("connection", id); err != nil {
		return job.Snapshot{}, err
	}
	c, err := dataOf[polytomicapi.ConnectionResponseSchema](s.client.raw.GetConnection(ctx, id))
	if err != nil {
		return job.Snapshot{}, err
	}
	snapshot := connectionSnapshot(ref, c)
	s.client.answers.put(ref, snapshot.Phase, c)
	return snapshot, nil
}

// healthy is the only status of a connection that is known; the others are not documented.
const healthy = "healthy"

// connectionSnapshot tells whether a connection is ready. A status that is not known is one to wait through: what the
// service says about an error decides, and in a connect session, which waits for a person, not even that.
func connectionSnapshot(ref job.Ref, c *polytomicapi.ConnectionResponseSchema) job.Snapshot {
	s := job.Snapshot{Ref: ref, Raw: valueOf(c.Status), Phase: job.PhaseRunning, Created: valueOf(c.CreatedAt), Updated: valueOf(c.UpdatedAt)}
	reason := valueOf(c.StatusError)
	switch {
	case s.Raw == healthy:
		s.Phase = job.PhaseSucceeded
	case reason != "" && ref.Kind == kindHealth:
		s.Phase = job.PhaseFailed
		s.Failure = &job.Failure{Origin: "connection", Type: s.Raw, Message: reason}
	}
	return s
}

func (s *taskSource) schemas(ctx context.Context, ref job.Ref) (job.Snapshot, error) {
	id, mark, err := refreshMark(ref)
	if err != nil {
		return job.Snapshot{}, err
	}
	status, err := s.client.Connection(id).SchemasStatus(ctx)
	if err != nil {
		return job.Snapshot{}, err
	}
	snapshot := job.Snapshot{Ref: ref, Raw: valueOf(status.CacheStatus), Phase: job.PhaseRunning,
		Started: moment(status.LastRefreshStarted), Finished: moment(status.LastRefreshFinished)}
	done := s.client.settings.cacheFilled(*status)
	if ref.Kind == kindRefresh {
		done = done && moment(status.LastRefreshFinished).After(mark)
	}
	if done {
		snapshot.Phase = job.PhaseSucceeded
	}
	return snapshot, nil
}

// cacheFilled is the default [SchemaCacheRule].
func cacheFilled(status polytomicapi.BulkSyncSourceStatus) bool {
	started, finished := moment(status.LastRefreshStarted), moment(status.LastRefreshFinished)
	if started.IsZero() && finished.IsZero() {
		switch valueOf(status.CacheStatus) {
		case "fresh", "cached", "completed":
			return true
		}
		return false
	}
	return !finished.IsZero() && !finished.Before(started)
}

// refreshRef names the refresh of a connection's schemas that comes after the one that finished at mark.
func refreshRef(connection string, mark time.Time) job.Ref {
	nano := int64(0)
	if !mark.IsZero() {
		nano = mark.UnixNano()
	}
	return job.Ref{Service: service, Kind: kindRefresh, ID: connection + "@" + strconv.FormatInt(nano, 10)}
}

func refreshMark(ref job.Ref) (connection string, mark time.Time, err error) {
	connection = ref.ID
	if ref.Kind == kindRefresh {
		var text string
		var found bool
		connection, text, found = strings.Cut(ref.ID, "@")
		nano, parseErr := strconv.ParseInt(text, 10, 64)
		if !found || parseErr != nil {
			return "", mark, apierr.Invalid(service, "schema refresh", "the id names no refresh")
		}
		if nano != 0 {
			mark = time.Unix(0, nano)
		}
	}
	return connection, mark, checkID("connection", connection)
}

// Durations implements [job.History], for executions of model syncs.
//
//sluice:operation GET /api/syncs/{sync_id}/executions
func (s *taskSource) Durations(ctx context.Context, ref job.Ref) ([]time.Duration, error) {
	if ref.Kind != kindModel {
		return nil, nil
	}
	if err := checkID("model sync", ref.Parent); err != nil {
		return nil, err
	}
	ctx = transport.WithLane(ctx, transport.Poll)
	completed := true
	rows, _, err := listOf[polytomicapi.GetExecutionResponseSchema](s.client.raw.ListModelSyncExecutions(ctx, ref.Parent,
		&polytomicapi.ListModelSyncExecutionsParams{OnlyCompleted: &completed}))
	if err != nil {
		return nil, err
	}
	var durations []time.Duration
	for i := range rows {
		s := modelSnapshot(ref.Parent, &rows[i])
		if d := s.Duration(); s.Phase == job.PhaseSucceeded && d > 0 && len(durations) < pastRuns {
			durations = append(durations, d)
		}
	}
	return durations, nil
}

// Cancel implements [job.Canceler], for executions of model syncs.
//
//sluice:operation POST /api/syncs/{sync_id}/executions/{id}/cancel
func (s *taskSource) Cancel(ctx context.Context, ref job.Ref) error {
	if ref.Kind != kindModel {
		return &apierr.Error{Service: service, Kind: apierr.KindUnsupported, Message: fmt.Sprintf("Polytomic cannot cancel a %s", ref.Kind)}
	}
	if err := checkIDs("model sync", ref.Parent, "execution", ref.ID); err != nil {
		return err
	}
	return transport.Discard(s.client.raw.CancelModelSyncExecution(ctx, ref.Parent, ref.ID))
}
