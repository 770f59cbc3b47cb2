package atlan

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/job"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// runsAtOnce is how many legacy runs one request asks for.
const runsAtOnce = 100

// workflowSource reads runs of legacy workflows for the poller: up to a hundred with one search for their names. All its
// requests go on the polling lane. A run that the index does not know yet is one that was not seen.
type workflowSource struct{ client *Client }

var (
	_ job.Source   = (*workflowSource)(nil)
	_ job.History  = (*workflowSource)(nil)
	_ job.Canceler = (*workflowSource)(nil)
)

// MaxBatch implements [job.Source].
func (s *workflowSource) MaxBatch() int { return runsAtOnce }

// Fetch implements [job.Source].
//
//sluice:operation POST /api/service/runs/indexsearch
func (s *workflowSource) Fetch(ctx context.Context, refs []job.Ref) iter.Seq2[job.Snapshot, error] {
	ctx = transport.WithLane(ctx, transport.Poll)
	return func(yield func(job.Snapshot, error) bool) {
		names := make([]string, 0, len(refs))
		asked := make(map[string]job.Ref, len(refs))
		for _, ref := range refs {
			if err := transport.CheckID(service, ref.Kind, ref.ID); err != nil {
				if !yield(job.Snapshot{Ref: ref}, err) {
					return
				}
				continue
			}
			names = append(names, ref.ID)
			asked[ref.ID] = ref
		}
		if len(names) == 0 {
			return
		}
		found, _, err := s.client.workflowRuns(ctx, searchBody{
			Size: len(names), Query: filtered(nestedClause("metadata", clause{"terms": clause{"metadata.name.keyword": names}})),
		})
		if errors.Is(err, ErrWorkflowsOff) && s.client.runs.searched.Load() {
			err = unreached(err) // there are workflows: the index of their runs has answered
		}
		if err != nil {
			yield(job.Snapshot{}, err)
			return
		}
		for _, snapshot := range found {
			if ref, ok := asked[snapshot.ID]; ok {
				if snapshot.Parent == "" {
					snapshot.Parent = ref.Parent
				}
				if !yield(snapshot, nil) {
					return
				}
			}
		}
	}
}

// Durations implements [job.History].
//
//sluice:operation POST /api/service/runs/indexsearch
func (s *workflowSource) Durations(ctx context.Context, ref job.Ref) ([]time.Duration, error) {
	ctx = transport.WithLane(ctx, transport.Poll)
	if err := transport.CheckID(service, "workflow", ref.Parent); err != nil {
		return nil, err
	}
	found, _, err := s.client.workflowRuns(ctx, searchBody{Size: latestRuns / 2, Query: runsOf(ref.Parent), Sort: latestStart})
	if err != nil {
		return nil, err
	}
	return durationsOf(found), nil
}

// Cancel implements [job.Canceler].
//
//sluice:operation POST /api/service/runs/{workflowRunId}/stop
func (s *workflowSource) Cancel(ctx context.Context, ref job.Ref) error {
	if err := transport.CheckID(service, ref.Kind, ref.ID); err != nil {
		return err
	}
	return workflowsOff(transport.Discard(s.client.raw.StopWorkflowRun(ctx, ref.ID)))
}
