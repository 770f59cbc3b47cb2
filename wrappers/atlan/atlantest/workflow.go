package atlantest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	wire "github.com/sluice-sdk/sluice/gen/atlanapi"
	"github.com/sluice-sdk/sluice/wrappers/atlan/atlantest/internal/elastic"
)

const (
	scheduleAnnotation = "orchestration.atlan.com/schedule"
	timezoneAnnotation = "orchestration.atlan.com/timezone"
)

// workflow is a legacy workflow: an Argo template. Newer tenants have them no more.
type workflow struct {
	name, owner string
	metadata    map[string]any
	spec        map[string]any
	payload     []any
}

// isWorkflowPath says whether a path is one of those that a newer tenant does not have.
func isWorkflowPath(path string) bool {
	for _, prefix := range []string{"/api/service/workflows", "/api/service/package-workflows", "/api/service/runs"} {
		if path == prefix || strings.HasPrefix(path, prefix+"/") {
			return true
		}
	}
	return false
}

func (x *workflow) annotation(name string) string {
	annotations, _ := x.metadata["annotations"].(map[string]any)
	text, _ := annotations[name].(string)
	return text
}

func (x *workflow) write() map[string]any {
	return map[string]any{"metadata": x.metadata, "spec": x.spec, "payload": x.payload}
}

func (c *call) workflow(name string) (*workflow, error) {
	for _, x := range c.workflows {
		if x.name == name {
			return x, nil
		}
	}
	return nil, noSuch("workflow", name)
}

// saveWorkflow reads a workflow into x.
func (c *call) saveWorkflow(x *workflow) error {
	var sent struct {
		Metadata map[string]any `json:"metadata"`
		Spec     map[string]any `json:"spec"`
		Payload  []any          `json:"payload"`
	}
	if err := c.decode(&sent); err != nil {
		return err
	}
	if sent.Metadata == nil {
		sent.Metadata = map[string]any{}
	}
	if x.name == "" {
		x.name, _ = sent.Metadata["name"].(string)
		if x.name == "" {
			return heracles(http.StatusBadRequest, 1000, "a workflow needs a name")
		}
	}
	annotations, _ := sent.Metadata["annotations"].(map[string]any)
	if cron, ok := annotations[scheduleAnnotation].(string); ok && cron != "" {
		if err := cronFits(cron); err != nil {
			return err
		}
	}
	sent.Metadata["name"], sent.Metadata["namespace"] = x.name, "default"
	if x.metadata == nil {
		sent.Metadata["uid"] = c.newID()
		sent.Metadata["creationTimestamp"] = c.now.UTC().Format(time.RFC3339)
	} else {
		sent.Metadata["uid"], sent.Metadata["creationTimestamp"] = x.metadata["uid"], x.metadata["creationTimestamp"]
	}
	if sent.Spec == nil {
		sent.Spec = map[string]any{}
	}
	if sent.Payload == nil {
		sent.Payload = []any{}
	}
	x.metadata, x.spec, x.payload = sent.Metadata, sent.Spec, sent.Payload
	c.seeLater(func() {
		if slices.Contains(c.workflows, x) {
			c.workflowIndex.Put(x.name, map[string]any{"apiVersion": "argoproj.io/v1alpha1", "kind": "WorkflowTemplate", "metadata": x.metadata, "spec": x.spec})
		}
	})
	return nil
}

// seeLater has an index see something after a while.
func (c *call) seeLater(see func()) {
	if !c.has(SearchDelay) || c.config.searchDelay <= 0 {
		see()
		return
	}
	c.schedule(c.now.Add(c.config.searchDelay), func(time.Time) { see() })
}

func (c *call) createWorkflow(submit bool) (any, error) {
	x := &workflow{owner: c.who.name}
	var sent struct{ Metadata struct{ Name string } }
	if err := c.decode(&sent); err != nil {
		return nil, err
	}
	if _, err := c.workflow(sent.Metadata.Name); err == nil {
		return nil, heracles(http.StatusConflict, 1009, "workflow %s exists", sent.Metadata.Name)
	}
	c.workflows = append(c.workflows, x)
	if err := c.saveWorkflow(x); err != nil {
		c.workflows = c.workflows[:len(c.workflows)-1]
		return nil, err
	}
	if submit {
		c.startWorkflow(x)
	}
	return x.write(), nil
}

func (c *call) startWorkflow(x *workflow) *run {
	r := c.start(x.name+"-"+strings.ToLower(c.newNanoID(5)), x.name, true)
	c.seeLater(func() { r.indexed = true })
	return r
}

func (c *call) writeRun(r *run) map[string]any {
	metadata := map[string]any{
		"name": r.id, "namespace": "default", "creationTimestamp": r.started.UTC().Format(time.RFC3339), "uid": nameGUID("run", r.id),
		"labels": map[string]any{"workflows.argoproj.io/workflow-template": r.owner, "workflows.argoproj.io/creator": r.by},
	}
	return map[string]any{
		"metadata": metadata, "spec": map[string]any{"workflowTemplateRef": map[string]any{"name": r.owner}}, "status": c.runStatus(r),
	}
}

func (c *call) runStatus(r *run) map[string]any {
	status := map[string]any{"phase": r.state(c.now), "startedAt": r.started.UTC().Format(time.RFC3339), "progress": "0/1"}
	if end := r.ended(c.now); !end.IsZero() {
		status["finishedAt"], status["progress"] = end.UTC().Format(time.RFC3339), "1/1"
	}
	if !r.stopped.IsZero() {
		status["message"] = "Stopped with strategy 'Stop'"
	}
	return status
}

// CreateWorkflow makes a workflow, and runs it when it is told to.
func (a *service) CreateWorkflow(w http.ResponseWriter, r *http.Request, params wire.CreateWorkflowParams) {
	a.do(w, r, func(c *call) (any, error) { return c.createWorkflow(truth(params.Submit)) })
}

// CreatePackageWorkflow does so for those who are not API tokens.
func (a *service) CreatePackageWorkflow(w http.ResponseWriter, r *http.Request, params wire.CreatePackageWorkflowParams) {
	a.do(w, r, func(c *call) (any, error) { return c.createWorkflow(truth(params.Submit)) })
}

func (a *service) updateWorkflow(w http.ResponseWriter, r *http.Request, name string) {
	a.do(w, r, func(c *call) (any, error) {
		x, err := c.workflow(name)
		if err != nil {
			return nil, err
		}
		if err := c.saveWorkflow(x); err != nil {
			return nil, err
		}
		return x.write(), nil
	})
}

// UpdateWorkflow replaces a workflow.
func (a *service) UpdateWorkflow(w http.ResponseWriter, r *http.Request, name string) {
	a.updateWorkflow(w, r, name)
}

// UpdatePackageWorkflow replaces a workflow.
func (a *service) UpdatePackageWorkflow(w http.ResponseWriter, r *http.Request, name string) {
	a.updateWorkflow(w, r, name)
}

func (a *service) archiveWorkflow(w http.ResponseWriter, r *http.Request, name string) {
	a.do(w, r, func(c *call) (any, error) {
		x, err := c.workflow(name)
		if err != nil {
			return nil, err
		}
		c.workflows = slices.DeleteFunc(c.workflows, func(o *workflow) bool { return o == x })
		c.workflowIndex.Delete(name)
		return empty, nil
	})
}

// ArchiveWorkflow deletes a workflow.
func (a *service) ArchiveWorkflow(w http.ResponseWriter, r *http.Request, name string) {
	a.archiveWorkflow(w, r, name)
}

// ArchivePackageWorkflow deletes a workflow.
func (a *service) ArchivePackageWorkflow(w http.ResponseWriter, r *http.Request, name string) {
	a.archiveWorkflow(w, r, name)
}

// ChangeWorkflowOwner gives a workflow to another user.
func (a *service) ChangeWorkflowOwner(w http.ResponseWriter, r *http.Request, name string, params wire.ChangeWorkflowOwnerParams) {
	a.do(w, r, func(c *call) (any, error) {
		x, err := c.workflow(name)
		if err != nil {
			return nil, err
		}
		if c.userNamed(params.Username) == nil {
			return nil, noSuch("user", params.Username)
		}
		x.owner = params.Username
		return x.write(), nil
	})
}

func (a *service) rerunWorkflow(w http.ResponseWriter, r *http.Request) {
	a.do(w, r, func(c *call) (any, error) {
		var sent struct{ ResourceName string }
		if err := c.decode(&sent); err != nil {
			return nil, err
		}
		x, err := c.workflow(sent.ResourceName)
		if err != nil {
			return nil, err
		}
		return c.writeRun(c.startWorkflow(x)), nil
	})
}

// RerunWorkflow starts a run.
func (a *service) RerunWorkflow(w http.ResponseWriter, r *http.Request) { a.rerunWorkflow(w, r) }

// RerunPackageWorkflow starts a run.
func (a *service) RerunPackageWorkflow(w http.ResponseWriter, r *http.Request) { a.rerunWorkflow(w, r) }

// RerunWorkflowAsOwner starts a run in the name of the workflow's owner.
func (a *service) RerunWorkflowAsOwner(w http.ResponseWriter, r *http.Request) { a.rerunWorkflow(w, r) }

// StopWorkflowRun stops a run, soon.
func (a *service) StopWorkflowRun(w http.ResponseWriter, r *http.Request, id string) {
	a.do(w, r, func(c *call) (any, error) {
		x := c.runByID[id]
		if x == nil || !x.legacy {
			return nil, noSuch("run", id)
		}
		x.stop(c.now)
		return c.writeRun(x), nil
	})
}

// searchHits answers a search as Elasticsearch does.
func (c *call) searchHits(index *elastic.Index, source func(id string) any) (any, error) {
	result, err := index.Search(c.body)
	if err != nil {
		return nil, heracles(http.StatusBadRequest, 1000, "%v", err)
	}
	hits := []map[string]any{}
	for _, hit := range result.Hits {
		h := map[string]any{"_index": "workflow", "_type": "_doc", "_id": hit.ID, "_source": source(hit.ID)}
		if hit.Sort != nil {
			h["sort"] = hit.Sort
		}
		hits = append(hits, h)
	}
	return map[string]any{
		"took": 1, "_shards": map[string]any{"total": 1, "successful": 1, "skipped": 0, "failed": 0},
		"hits": map[string]any{"total": map[string]any{"value": result.Total, "relation": "eq"}, "hits": hits},
	}, nil
}

// SearchWorkflows searches workflows.
func (a *service) SearchWorkflows(w http.ResponseWriter, r *http.Request) {
	a.do(w, r, func(c *call) (any, error) {
		return c.searchHits(c.workflowIndex, func(name string) any {
			x, err := c.workflow(name)
			if err != nil {
				return map[string]any{}
			}
			return map[string]any{"apiVersion": "argoproj.io/v1alpha1", "kind": "WorkflowTemplate", "metadata": x.metadata, "spec": x.spec}
		})
	})
}

// SearchWorkflowRuns searches runs of workflows, with their states of now.
func (a *service) SearchWorkflowRuns(w http.ResponseWriter, r *http.Request) {
	a.do(w, r, func(c *call) (any, error) {
		for _, x := range c.runs {
			if state := x.state(c.now); x.legacy && x.indexed && state != x.lastSeen {
				x.lastSeen = state
				c.runIndex.Put(x.id, c.writeRun(x))
			}
		}
		return c.searchHits(c.runIndex, func(id string) any {
			out := c.writeRun(c.runByID[id])
			out["apiVersion"], out["kind"] = "argoproj.io/v1alpha1", "Workflow"
			return out
		})
	})
}

// writeCron writes the schedule of a workflow, nil when it has none.
func (x *workflow) writeCron() map[string]any {
	cron := x.annotation(scheduleAnnotation)
	if cron == "" {
		return nil
	}
	return map[string]any{
		"metadata": map[string]any{"name": x.name + "-cron", "namespace": "default"},
		"spec": map[string]any{
			"schedule": cron, "timezone": x.annotation(timezoneAnnotation), "concurrencyPolicy": "Forbid",
			"workflowSpec": map[string]any{"workflowTemplateRef": map[string]any{"name": x.name}},
		},
		"status": map[string]any{"active": []any{}}, "workflowMetadata": x.metadata,
	}
}

// ListWorkflowSchedules lists the schedules of workflows. They start nothing.
func (a *service) ListWorkflowSchedules(w http.ResponseWriter, r *http.Request) {
	a.do(w, r, func(c *call) (any, error) {
		items := []map[string]any{}
		for _, x := range c.workflows {
			if cron := x.writeCron(); cron != nil {
				items = append(items, cron)
			}
		}
		return map[string]any{"items": items}, nil
	})
}

// GetWorkflowSchedule reads the schedule of a workflow.
func (a *service) GetWorkflowSchedule(w http.ResponseWriter, r *http.Request, name string) {
	a.do(w, r, func(c *call) (any, error) {
		for _, x := range c.workflows {
			if cron := x.writeCron(); cron != nil && x.name+"-cron" == name {
				return cron, nil
			}
		}
		return nil, noSuch("schedule", name)
	})
}

// queryRuns lists runs of scheduled queries that were started between two times.
func (c *call) queryRuns(from, to string) (any, error) {
	start, err1 := time.Parse(time.RFC3339, from)
	end, err2 := time.Parse(time.RFC3339, to)
	if err1 != nil || err2 != nil {
		return nil, heracles(http.StatusBadRequest, 1000, "startDate and endDate are times such as 2024-01-31T00:00:00Z")
	}
	out := []map[string]any{}
	for _, x := range c.runs {
		if x.legacy && strings.Contains(x.owner, "scheduled-query") && !x.started.Before(start) && x.started.Before(end) {
			out = append(out, c.writeRun(x))
		}
	}
	return out, nil
}

// ListScheduledQueryRuns lists the runs of scheduled queries.
func (a *service) ListScheduledQueryRuns(w http.ResponseWriter, r *http.Request, params wire.ListScheduledQueryRunsParams) {
	a.do(w, r, func(c *call) (any, error) { return c.queryRuns(params.StartDate, params.EndDate) })
}

// ListMissedScheduledQueryRuns lists those that did not come to be; schedules start nothing here, and none is missed.
func (a *service) ListMissedScheduledQueryRuns(w http.ResponseWriter, r *http.Request, _ wire.ListMissedScheduledQueryRunsParams) {
	a.do(w, r, func(*call) (any, error) { return []json.RawMessage{}, nil })
}
