package atlan

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/job"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// What is known of the indexes of legacy workflows and of their runs is what pyatlan asks them (client/common/workflow.py,
// model/workflow.py): metadata and spec are nested, status is not.

// clause is a part of a query.
type clause = map[string]any

func nestedClause(path string, query clause) clause {
	return clause{"nested": clause{"path": path, "query": query}}
}

// searchBody is a search of one of the indexes.
type searchBody struct {
	From   int      `json:"from"`
	Size   int      `json:"size"`
	Total  bool     `json:"track_total_hits"`
	Query  clause   `json:"query"`
	Sort   []clause `json:"sort,omitempty"`
	Source []string `json:"_source,omitempty"`
}

func filtered(filters ...clause) clause { return clause{"bool": clause{"filter": filters}} }

// latestStart sorts runs, the newest first; newest sorts workflows so.
var (
	latestStart = []clause{{"status.startedAt": clause{"order": "desc"}}}                                                 //nolint:gochecknoglobals // a constant that Go has no form for
	newest      = []clause{{"metadata.creationTimestamp": clause{"order": "desc", "nested": clause{"path": "metadata"}}}} //nolint:gochecknoglobals // likewise
)

// runFields are what is read of a run: the rest, its nodes above all, can be megabytes.
var runFields = []string{ //nolint:gochecknoglobals // a constant that Go has no form for
	"metadata.name", "metadata.creationTimestamp", "spec.workflowTemplateRef", "status.phase", "status.message", "status.startedAt", "status.finishedAt",
}

// workflowHits is the answer of a search, with the documents as they came.
type workflowHits struct {
	Hits struct {
		Hits []struct {
			Source json.RawMessage `json:"_source"`
		} `json:"hits"`
	} `json:"hits"`
}

type searchCall func(ctx context.Context, contentType string, body []byte) (*http.Response, error)

func (c *Client) workflowsCall(ctx context.Context, contentType string, body []byte) (*http.Response, error) {
	return c.raw.SearchWorkflowsWithBody(ctx, contentType, bytes.NewReader(body))
}

func (c *Client) runsCall(ctx context.Context, contentType string, body []byte) (*http.Response, error) {
	return c.raw.SearchWorkflowRunsWithBody(ctx, contentType, bytes.NewReader(body))
}

// search returns the documents of a search, and by how much the server's clock is ahead of ours.
func (search searchCall) documents(ctx context.Context, query searchBody) ([]json.RawMessage, time.Duration, error) {
	body, err := json.Marshal(query)
	if err != nil {
		return nil, 0, err
	}
	resp, err := search(ctx, jsonBody, body)
	skew := skewOf(resp)
	answer, err := transport.Decode[workflowHits](resp, err)
	if err != nil {
		return nil, 0, workflowsOff(err)
	}
	documents := make([]json.RawMessage, 0, len(answer.Hits.Hits))
	for _, hit := range answer.Hits.Hits {
		if len(hit.Source) > 0 {
			documents = append(documents, hit.Source)
		}
	}
	return documents, skew, nil
}

// workflowsOff recognizes a tenant that has no legacy workflows: nothing serves their paths, so the answer is a 404, 405, 410
// or 501 of the gateway, without a code of the service's own. How exactly newer tenants say so was not tried.
func workflowsOff(err error) error {
	e, ok := errors.AsType[*apierr.Error](err)
	if !ok || errors.Is(err, ErrWorkflowsOff) {
		return err
	}
	switch e.Status {
	case http.StatusNotFound:
		if e.Code != "" {
			return err // a service that knows workflows does not know this one
		}
	case http.StatusMethodNotAllowed, http.StatusGone, http.StatusNotImplemented:
	default:
		return err
	}
	off := *e
	off.Kind, off.Err, off.MayHaveApplied = apierr.KindUnsupported, errors.Join(ErrWorkflowsOff, e.Err), false
	off.Hint = "newer tenants have apps instead: see Client.App"
	return &off
}

// workflowSnapshot is a run as package job has it. Every member is read by itself: one of another type than expected must not
// spoil the others, nor the other runs of an answer.
func workflowSnapshot(run answered) job.Snapshot {
	metadata, spec, status := run.object("metadata"), run.object("spec"), run.object("status")
	at := func(fields answered, name string) time.Time { text := fields.text(name); return moment(&text) }
	s := job.Snapshot{
		Ref: job.Ref{Service: service, Kind: kindWorkflowRun, ID: metadata.text("name"), Parent: spec.object("workflowTemplateRef").text("name")},
		Raw: status.text("phase"), Created: at(metadata, "creationTimestamp"), Started: at(status, "startedAt"), Finished: at(status, "finishedAt"),
	}
	message := status.text("message")
	s.Phase, s.Failure = phaseOf(s.Raw), failureOf(s.Raw, message)
	if s.Phase == job.PhaseFailed && isStopped(message) {
		s.Phase = job.PhaseCanceled
	}
	return s
}

// workflowRuns returns runs that the index knows.
func (c *Client) workflowRuns(ctx context.Context, query searchBody) ([]job.Snapshot, time.Duration, error) {
	query.Source = runFields
	documents, skew, err := searchCall(c.runsCall).documents(ctx, query)
	if err != nil {
		return nil, 0, err
	}
	c.runs.searched.Store(true)
	found := make([]job.Snapshot, 0, len(documents))
	for _, text := range documents {
		if s := workflowSnapshot(parseAnswer(text)); s.ID != "" {
			found = append(found, s)
		}
	}
	return found, skew, nil
}

// runsOf is the query for the runs of a workflow.
func runsOf(workflow string) clause {
	return filtered(nestedClause("spec", clause{"term": clause{"spec.workflowTemplateRef.name.keyword": clause{"value": workflow}}}))
}
