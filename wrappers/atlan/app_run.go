package atlan

import (
	"bytes"
	"context"
	"encoding/json"
	"iter"
	"strings"
	"time"

	"github.com/sluice-sdk/sluice/gen/atlanapi"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/job"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// appSource reads runs of apps for the poller, each with a request of its own: the service has none for several. All its
// requests go on the polling lane.
type appSource struct{ client *Client }

var (
	_ job.Source   = (*appSource)(nil)
	_ job.History  = (*appSource)(nil)
	_ job.Canceler = (*appSource)(nil)
)

// MaxBatch implements [job.Source].
func (s *appSource) MaxBatch() int { return 1 }

// Fetch implements [job.Source].
//
//sluice:operation GET /api/service/v1/app/runs/{runId}
func (s *appSource) Fetch(ctx context.Context, refs []job.Ref) iter.Seq2[job.Snapshot, error] {
	ctx = transport.WithLane(ctx, transport.Poll)
	return func(yield func(job.Snapshot, error) bool) {
		for _, ref := range refs {
			snapshot, err := s.client.appRun(ctx, ref)
			if isNotFound(err) && !transport.SaysAbsent(err) {
				err = unreached(err)
			}
			if !yield(snapshot, err) {
				return
			}
		}
	}
}

// appRun reads the state of a run. The snapshot has the run's identity also with an error.
func (c *Client) appRun(ctx context.Context, ref job.Ref) (job.Snapshot, error) {
	if err := transport.CheckID(service, ref.Kind, ref.ID); err != nil {
		return job.Snapshot{Ref: ref}, err
	}
	answer, err := transport.Decode[atlanapi.AppRun](c.raw.GetAppRun(ctx, ref.ID))
	if err != nil {
		return job.Snapshot{Ref: ref}, err
	}
	snapshot := appSnapshot(answer)
	snapshot.ID = ref.ID
	if snapshot.Parent == "" {
		snapshot.Parent = ref.Parent
	}
	return snapshot, nil
}

// appSnapshot is a run as package job has it.
func appSnapshot(run *atlanapi.AppRun) job.Snapshot {
	s := job.Snapshot{Ref: job.Ref{Service: service, Kind: kindAppRun}, Started: moment(run.StartedAt)}
	if run.RunID != nil {
		s.ID = *run.RunID
	}
	if run.Slug != nil {
		s.Parent = *run.Slug
	}
	if run.Status != nil {
		s.Raw = string(*run.Status)
	}
	s.Phase, s.Failure = phaseOf(s.Raw), failureOf(s.Raw, "")
	return s
}

// Durations implements [job.History], from the search index.
//
//sluice:operation POST /api/meta/search/indexsearch
func (s *appSource) Durations(ctx context.Context, ref job.Ref) ([]time.Duration, error) {
	if err := transport.CheckID(service, "slug", ref.Parent); err != nil {
		return nil, err
	}
	found, _, err := s.client.appRuns(transport.WithLane(ctx, transport.Poll), ref.Parent)
	if err != nil {
		return nil, err
	}
	return durationsOf(found), nil
}

// durationsOf returns how long the last few runs took that went well, the newest first.
func durationsOf(found []job.Snapshot) []time.Duration {
	const enough = 5
	var durations []time.Duration
	for _, run := range found {
		if d := run.Duration(); run.Phase == job.PhaseSucceeded && d > 0 && len(durations) < enough {
			durations = append(durations, d)
		}
	}
	return durations
}

// Cancel implements [job.Canceler].
//
//sluice:operation POST /api/service/v1/app/runs/{runId}/cancel
func (s *appSource) Cancel(ctx context.Context, ref job.Ref) error {
	if err := transport.CheckID(service, ref.Kind, ref.ID); err != nil {
		return err
	}
	return transport.Discard(s.client.raw.CancelAppRun(ctx, ref.ID))
}

// appRunsPrefix is what the qualifiedNames of the assets that stand for runs of apps begin with: the slug, the version, "runs"
// and the run's id follow (pyatlan client/app.py and its tests; not tried on the live service).
const appRunsPrefix = "default/apps/automation_engine/workflows/"

// latestRuns is how many runs one look at the index reads.
const latestRuns = 50

// appRuns returns the latest runs of an app's workflow that the search index knows, the newest first.
func (c *Client) appRuns(ctx context.Context, slug string) ([]job.Snapshot, time.Duration, error) {
	type terms = map[string]any
	body, err := json.Marshal(terms{
		"dsl": terms{
			"from": 0, "size": latestRuns, "track_total_hits": false,
			"query": terms{"bool": terms{"filter": []terms{
				{"term": terms{"__state": terms{"value": "ACTIVE"}}},
				{"term": terms{"__typeName.keyword": terms{"value": "AppWorkflowRun"}}},
				{"prefix": terms{attributeQualifiedName: terms{"value": appRunsPrefix + slug + "/"}}},
			}}},
			"sort": []terms{{"__timestamp": terms{"order": "desc"}}, {"__guid": terms{"order": "asc"}}},
		},
		"attributes":         []string{attributeQualifiedName, "appWorkflowRunStatus", "appWorkflowRunStartedAt", "appWorkflowRunCompletedAt"},
		"relationAttributes": []string{},
		"requestMetadata":    terms{"saveSearchLog": false},
	})
	if err != nil {
		return nil, 0, err
	}
	resp, err := c.raw.IndexSearchWithBody(ctx, jsonBody, bytes.NewReader(body))
	skew := skewOf(resp)
	answer, err := transport.Decode[entitiesAnswer](resp, err)
	if err != nil {
		return nil, 0, err
	}
	var found []job.Snapshot
	for _, e := range answer.entities {
		rest, ok := strings.CutPrefix(e.QualifiedName(), appRunsPrefix+slug+"/")
		_, id, named := strings.Cut(rest, "/runs/")
		if !ok || !named || e.Scrubbed() || transport.CheckID(service, "run", id) != nil {
			continue
		}
		status := textOf(e.Attribute("appWorkflowRunStatus"))
		found = append(found, job.Snapshot{
			Ref: job.Ref{Service: service, Kind: kindAppRun, ID: id, Parent: slug}, Phase: phaseOf(status), Raw: status, Created: e.CreatedAt(),
			Started: momentOf(e.Attribute("appWorkflowRunStartedAt")), Finished: momentOf(e.Attribute("appWorkflowRunCompletedAt")),
			Failure: failureOf(status, ""),
		})
	}
	return newestFirst(found), skew, nil
}

// confirmAppRun reads the state of a run that the index told of, and makes sure that it is one of the workflow.
func (c *Client) confirmAppRun(ctx context.Context, s job.Snapshot) (job.Snapshot, error) {
	now, err := c.appRun(ctx, s.Ref)
	if err != nil {
		return s, err
	}
	if now.Parent != s.Parent {
		return s, &apierr.Error{Service: service, Kind: apierr.KindUnexpected, Message: "the run that the index told of is of another workflow"}
	}
	now.Created, now.Observed = s.Created, time.Now()
	return now, nil
}
