package atlan

import (
	"bytes"
	"context"
	"encoding/json"
	"iter"
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/sluice-sdk/sluice/gen/atlanapi"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/job"
	"github.com/sluice-sdk/sluice/wrappers/paging"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// Workflow is the handle of a legacy workflow: a package with its settings, which Argo runs. Newer tenants have none, and
// every call is then an error that wraps [ErrWorkflowsOff]: see [App]. It is safe for concurrent use.
//
// A workflow and its runs can only be read by searching, and the index sees them some seconds after they came to be. What is
// known of the service was read in pyatlan (client/workflow.py), because it is not public.
type Workflow struct {
	client *Client
	name   string
}

// Workflow returns the handle of a legacy workflow by its name, such as "atlan-snowflake-1714638976". It does no I/O; a bad
// name is reported by the first call.
func (c *Client) Workflow(name string) *Workflow { return &Workflow{client: c, name: name} }

// Name returns the workflow's name.
func (w *Workflow) Name() string { return w.name }

func (w *Workflow) about(err error) error { return about("workflow", w.name, workflowsOff(err)) }

func (w *Workflow) check() error { return w.about(transport.CheckID(service, attributeName, w.name)) }

// Info finds the workflow in the index: its metadata and its spec, without the payload. One that does not exist, or that is
// newer than the index, is an error of category [ErrNotFound].
//
//sluice:operation POST /api/service/workflows/indexsearch
func (w *Workflow) Info(ctx context.Context) (*atlanapi.WorkflowSearchResultDetail, error) {
	text, err := w.document(ctx)
	if err != nil {
		return nil, err
	}
	info, err := workflowDetail(text)
	return info, w.about(err)
}

func workflowDetail(text json.RawMessage) (*atlanapi.WorkflowSearchResultDetail, error) {
	detail := new(atlanapi.WorkflowSearchResultDetail)
	if err := json.Unmarshal(text, detail); err != nil {
		return nil, &apierr.Error{Service: service, Operation: "searchWorkflows", Kind: apierr.KindDecode, Status: http.StatusOK, Message: "a workflow cannot be read", Err: err}
	}
	return detail, nil
}

// document finds the workflow and returns it as the index has it.
func (w *Workflow) document(ctx context.Context) (json.RawMessage, error) {
	if err := w.check(); err != nil {
		return nil, err
	}
	documents, _, err := searchCall(w.client.workflowsCall).documents(ctx, searchBody{
		Size: 1, Query: filtered(nestedClause("metadata", clause{"term": clause{"metadata.name.keyword": clause{"value": w.name}}})),
	})
	if err != nil {
		return nil, w.about(err)
	}
	for _, text := range documents {
		if detail, err := workflowDetail(text); err == nil && detail.Metadata != nil && orZero(detail.Metadata.Name) == w.name {
			return text, nil
		}
	}
	return nil, w.about(notFound("no workflow has this name, as far as the index knows, which is some seconds behind"))
}

// WorkflowFilter narrows a list of legacy workflows. The zero value is all of them.
type WorkflowFilter struct {
	// Package is the name of the package, such as "atlan-snowflake-miner". Workflows are named for it: the package, a dash and
	// the ten digits of a time.
	Package atlanapi.WorkflowPackage
	// PageSize is how many workflows one request reads. Default: 100.
	PageSize int
}

// Workflows lists legacy workflows, the newest first. A workflow that is made while the list is read may be missing, and is
// not there twice.
//
//sluice:operation POST /api/service/workflows/indexsearch
func (c *Client) Workflows(ctx context.Context, filter WorkflowFilter) iter.Seq2[*atlanapi.WorkflowSearchResultDetail, error] {
	type detail = *atlanapi.WorkflowSearchResultDetail
	if err := checkWorkflowFilter(filter); err != nil {
		return func(yield func(detail, error) bool) { yield(nil, err) }
	}
	query := filtered(nestedClause("metadata", clause{"exists": clause{"field": "metadata.name.keyword"}}))
	if filter.Package != "" {
		// In a regular expression a dash means nothing outside of brackets; pyatlan puts it into some.
		pattern := strings.ReplaceAll(string(filter.Package), "-", "[-]") + "[-][0-9]{10}"
		query = filtered(nestedClause("metadata", clause{"regexp": clause{"metadata.name.keyword": clause{"value": pattern}}}))
	}
	return paging.Offset(ctx, func(ctx context.Context, offset, limit int) (paging.Page[detail], error) {
		documents, _, err := searchCall(c.workflowsCall).documents(ctx, searchBody{From: offset, Size: limit, Query: query, Sort: newest})
		if err != nil {
			return paging.Page[detail]{}, about("workflows", string(filter.Package), err)
		}
		page := paging.Page[detail]{Items: make([]detail, len(documents))}
		for i, text := range documents {
			if page.Items[i], err = workflowDetail(text); err != nil {
				return paging.Page[detail]{}, about("workflows", string(filter.Package), err)
			}
		}
		return page, nil
	}, paging.OffsetOptions[detail]{PageSize: filter.PageSize, Key: func(d detail) string {
		if d.Metadata == nil {
			return ""
		}
		return orZero(d.Metadata.Name)
	}})
}

func checkWorkflowFilter(filter WorkflowFilter) error {
	if filter.PageSize < 0 {
		return apierr.Invalid(service, "PageSize", "%d is negative", filter.PageSize)
	}
	if strings.ContainsFunc(string(filter.Package), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' }) {
		return apierr.Invalid(service, "Package", "%.64q is no name of a package, such as \"atlan-snowflake\"", filter.Package)
	}
	return nil
}

// NewWorkflow describes a legacy workflow that is to be created.
type NewWorkflow struct {
	// Definition is the workflow. Its metadata has the name, which the caller chooses: the package, a dash and the time in
	// seconds since 1970. A credential of the payload is sent as it is and never shown.
	Definition atlanapi.Workflow
	// Schedule is when it runs by itself; nil for what the definition says.
	Schedule *Schedule
}

// CreateWorkflow creates a legacy workflow and starts no run: [Workflow.Submit] does. (pyatlan always submits with the
// creation; that a workflow is created without was not tried on the live service.) The request is sent once: when its answer
// is lost, the workflow is looked for in the index by its name, for up to 45 seconds.
//
// Errors: one of category [ErrConflict] when the name is taken; an [AmbiguousCreateError] when it is not known whether the
// workflow was created.
//
//sluice:operation POST /api/service/workflows
//sluice:operation POST /api/service/package-workflows
//sluice:operation POST /api/service/workflows/indexsearch
//sluice:operation GET /api/service/whoami
func (c *Client) CreateWorkflow(ctx context.Context, workflow NewWorkflow) (*Workflow, error) {
	body := workflow.Definition
	w := &Workflow{client: c}
	if body.Metadata != nil {
		w.name = orZero(body.Metadata.Name)
	}
	if err := w.check(); err != nil {
		return nil, err
	}
	if workflow.Schedule != nil {
		schedule, err := workflow.Schedule.check()
		if err != nil {
			return nil, w.about(err)
		}
		metadata := *body.Metadata
		metadata.Annotations = maps.Clone(metadata.Annotations)
		if metadata.Annotations == nil {
			metadata.Annotations = map[string]string{}
		}
		metadata.Annotations[scheduleAnnotation], metadata.Annotations[timezoneAnnotation] = schedule.Cron, schedule.Timezone
		body.Metadata = &metadata
	}
	forUsers, err := c.packageRoutes(ctx)
	if err != nil {
		return nil, w.about(err)
	}
	sent := time.Now()
	var resp *http.Response
	if forUsers {
		resp, err = c.raw.CreatePackageWorkflow(ctx, &atlanapi.CreatePackageWorkflowParams{}, body)
	} else {
		resp, err = c.raw.CreateWorkflow(ctx, &atlanapi.CreateWorkflowParams{}, body)
	}
	err = transport.Discard(resp, err)
	if mayHaveApplied(err) {
		err = w.settle(ctx, sent, err)
	}
	if err != nil {
		return nil, w.about(err)
	}
	return w, nil
}

// settle looks for the workflow of a creation whose answer was lost.
func (w *Workflow) settle(ctx context.Context, sent time.Time, cause error) error {
	ambiguous := &AmbiguousCreateError{Name: w.name, Err: cause}
	began := time.Now()
	for pause := lookUpShortest; ; pause = min(2*pause, lookUpLongest) {
		documents, skew, err := searchCall(w.client.workflowsCall).documents(ctx, searchBody{
			Size: 1, Query: filtered(nestedClause("metadata", clause{"term": clause{"metadata.name.keyword": clause{"value": w.name}}})),
		})
		ambiguous.LookUp = err
		for _, text := range documents {
			detail, err := workflowDetail(text)
			if err != nil || detail.Metadata == nil || orZero(detail.Metadata.Name) != w.name {
				continue
			}
			if at := moment(detail.Metadata.CreationTimestamp); !at.IsZero() && !at.Before(sent.Add(skew).Truncate(time.Second)) {
				return nil
			}
			ambiguous.Candidates = []string{w.name} // it may have been there before
			return ambiguous
		}
		if time.Since(began) >= lookUpFor || !sleep(ctx, pause) {
			break
		}
	}
	if ambiguous.LookUp == nil && ctx.Err() != nil {
		ambiguous.LookUp = context.Cause(ctx)
	}
	return ambiguous
}

// Submit starts a run of the workflow, with the settings it has, and returns its handle without waiting.
//
// The request is sent once. When its answer is lost, or is one that leaves open what happened, the run is looked for in the
// index for up to 45 seconds: the only one that has come into being since is returned, and Recovered says so.
//
// Errors: an [AlreadyRunningError] when [RunOptions] say so and a run has not ended; an [AmbiguousRunError], which names
// candidates, when it is not known whether a run was started.
//
//sluice:operation POST /api/service/workflows/submit
//sluice:operation POST /api/service/package-workflows/submit
//sluice:operation POST /api/service/runs/indexsearch
//sluice:operation GET /api/service/whoami
func (w *Workflow) Submit(ctx context.Context, options ...RunOptions) (*Run, error) {
	if err := w.check(); err != nil {
		return nil, err
	}
	forUsers, err := w.client.packageRoutes(ctx)
	if err != nil {
		return nil, w.about(err)
	}
	namespace, kind := "default", "WorkflowTemplate"
	body := atlanapi.WorkflowRerunRequest{Namespace: &namespace, ResourceKind: &kind, ResourceName: &w.name}
	r, err := w.client.startRun(ctx, options, starting{
		kind: kindWorkflowRun, workflow: w.name,
		send: func(ctx context.Context) (job.Snapshot, error) {
			var resp *http.Response
			var err error
			if forUsers {
				resp, err = w.client.raw.RerunPackageWorkflow(ctx, body)
			} else {
				resp, err = w.client.raw.RerunWorkflow(ctx, body)
			}
			answer, err := transport.Decode[answered](resp, err)
			if err != nil {
				return job.Snapshot{}, workflowsOff(err)
			}
			s := workflowSnapshot(*answer)
			s.Parent, s.Observed = w.name, time.Now()
			if s.Raw == "" {
				s.Phase = job.PhasePending // Argo's controller has not looked at it yet
			}
			return s, nil
		},
		look: func(ctx context.Context) ([]job.Snapshot, time.Duration, error) {
			found, skew, err := w.client.workflowRuns(ctx, searchBody{Size: latestRuns, Query: runsOf(w.name), Sort: latestStart})
			return newestFirst(found), skew, err
		},
		confirm: func(_ context.Context, s job.Snapshot) (job.Snapshot, error) { return s, nil }, // the index is all there is
	})
	return r, err
}

// Run is Submit and then [Run.Wait]. The handle comes with the error of the wait; it is nil when no run was started.
//
//sluice:operation POST /api/service/workflows/submit
//sluice:operation POST /api/service/package-workflows/submit
//sluice:operation POST /api/service/runs/indexsearch
//sluice:operation GET /api/service/whoami
func (w *Workflow) Run(ctx context.Context, options ...RunOptions) (*Run, error) {
	r, err := w.Submit(ctx, options...)
	if err != nil {
		return nil, err
	}
	return r, r.Wait(ctx, waitOptions(options)...)
}

// Runs lists the runs of the workflow, the newest first, as the index has them.
//
//sluice:operation POST /api/service/runs/indexsearch
func (w *Workflow) Runs(ctx context.Context) iter.Seq2[job.Snapshot, error] {
	if err := w.check(); err != nil {
		return func(yield func(job.Snapshot, error) bool) { yield(job.Snapshot{}, err) }
	}
	return paging.Offset(ctx, func(ctx context.Context, offset, limit int) (paging.Page[job.Snapshot], error) {
		found, _, err := w.client.workflowRuns(ctx, searchBody{From: offset, Size: limit, Query: runsOf(w.name), Sort: latestStart})
		return paging.Page[job.Snapshot]{Items: found}, w.about(err)
	}, paging.OffsetOptions[job.Snapshot]{Key: func(s job.Snapshot) string { return s.ID }})
}

// Update replaces the workflow. The name in the definition must be the workflow's.
//
//sluice:operation POST /api/service/workflows/{workflowName}
//sluice:operation POST /api/service/package-workflows/{workflowName}
//sluice:operation GET /api/service/whoami
func (w *Workflow) Update(ctx context.Context, definition atlanapi.Workflow) error {
	if err := w.check(); err != nil {
		return err
	}
	if definition.Metadata == nil || orZero(definition.Metadata.Name) != w.name {
		return w.about(apierr.Invalid(service, "metadata.name", "it is not the name of the workflow"))
	}
	body, err := encodeJSON(definition)
	if err != nil {
		return w.about(apierr.Invalid(service, "definition", "it cannot be written as JSON: %v", err))
	}
	return w.replace(ctx, body)
}

// replace sends a definition. Sent again it changes nothing more.
func (w *Workflow) replace(ctx context.Context, body []byte) error {
	forUsers, err := w.client.packageRoutes(ctx)
	if err != nil {
		return w.about(err)
	}
	ctx = transport.WithSafety(ctx, transport.Idempotent)
	var resp *http.Response
	if forUsers {
		resp, err = w.client.raw.UpdatePackageWorkflowWithBody(ctx, w.name, jsonBody, bytes.NewReader(body))
	} else {
		resp, err = w.client.raw.UpdateWorkflowWithBody(ctx, w.name, jsonBody, bytes.NewReader(body))
	}
	return w.about(transport.Discard(resp, err))
}

// SetOwner gives the workflow to another user, by the user's name.
//
//sluice:operation POST /api/service/workflows/{workflowName}/changeownership
func (w *Workflow) SetOwner(ctx context.Context, username string) error {
	if err := w.check(); err != nil {
		return err
	}
	if err := checkName("username", username); err != nil {
		return w.about(err)
	}
	ctx = transport.WithSafety(ctx, transport.Idempotent)
	return w.about(transport.Discard(w.client.raw.ChangeWorkflowOwner(ctx, w.name, &atlanapi.ChangeWorkflowOwnerParams{Username: username})))
}

// Archive deletes the workflow. A request whose answer is lost is sent again, and a workflow that is gone then was archived;
// one that was not there to begin with is an error of category [ErrNotFound].
//
//sluice:operation POST /api/service/workflows/{workflowName}/archive
//sluice:operation POST /api/service/package-workflows/{workflowName}/archive
//sluice:operation GET /api/service/whoami
func (w *Workflow) Archive(ctx context.Context) error {
	if err := w.check(); err != nil {
		return err
	}
	forUsers, err := w.client.packageRoutes(ctx)
	if err != nil {
		return w.about(err)
	}
	return w.about(w.client.transport.Remove(ctx, func(ctx context.Context) error {
		var resp *http.Response
		var err error
		if forUsers {
			resp, err = w.client.raw.ArchivePackageWorkflow(ctx, w.name)
		} else {
			resp, err = w.client.raw.ArchiveWorkflow(ctx, w.name)
		}
		return transport.Discard(resp, err)
	}, nil))
}
