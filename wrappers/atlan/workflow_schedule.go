package atlan

import (
	"context"
	"encoding/json"

	"github.com/sluice-sdk/sluice/gen/atlanapi"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// The annotations of a legacy workflow that hold its schedule (pyatlan client/common/workflow.py).
const (
	scheduleAnnotation = "orchestration.atlan.com/schedule"
	timezoneAnnotation = "orchestration.atlan.com/timezone"
)

// WorkflowSchedules lists the schedules of all legacy workflows.
//
//sluice:operation GET /api/service/runs/cron
func (c *Client) WorkflowSchedules(ctx context.Context) ([]atlanapi.WorkflowScheduleResponse, error) {
	answer, err := transport.Decode[atlanapi.WorkflowScheduleList](c.raw.ListWorkflowSchedules(ctx))
	if err != nil {
		return nil, workflowsOff(err)
	}
	return answer.Items, nil
}

// Schedule reads when the workflow runs by itself. One without a schedule is an error of category [ErrNotFound].
//
//sluice:operation GET /api/service/runs/cron/{cronName}
func (w *Workflow) Schedule(ctx context.Context) (Schedule, error) {
	if err := w.check(); err != nil {
		return Schedule{}, err
	}
	answer, err := transport.Decode[atlanapi.WorkflowScheduleResponse](w.client.raw.GetWorkflowSchedule(ctx, w.name+"-cron"))
	if err != nil {
		return Schedule{}, w.about(err)
	}
	if answer.Spec == nil || orZero(answer.Spec.Schedule) == "" {
		return Schedule{}, w.about(notFound("the workflow has no schedule"))
	}
	return Schedule{Cron: *answer.Spec.Schedule, Timezone: orZero(answer.Spec.Timezone)}, nil
}

// SetSchedule makes the workflow run by itself at these times, instead of those it had. The workflow is read from the index,
// which is some seconds behind, and written back with the schedule: what was changed a moment ago by another call may be
// undone. The payload is not in the index and not sent, as pyatlan does it.
//
//sluice:operation POST /api/service/workflows/indexsearch
//sluice:operation POST /api/service/workflows/{workflowName}
//sluice:operation POST /api/service/package-workflows/{workflowName}
//sluice:operation GET /api/service/whoami
func (w *Workflow) SetSchedule(ctx context.Context, schedule Schedule) error {
	schedule, err := schedule.check()
	if err != nil {
		return w.about(err)
	}
	return w.annotate(ctx, func(annotations map[string]json.RawMessage) bool {
		cron, zone := appendString(nil, schedule.Cron), appendString(nil, schedule.Timezone)
		if sameJSON(annotations[scheduleAnnotation], cron) && sameJSON(annotations[timezoneAnnotation], zone) {
			return false
		}
		annotations[scheduleAnnotation], annotations[timezoneAnnotation] = cron, zone
		return true
	})
}

// RemoveSchedule ends the schedule of the workflow. One without a schedule stays as it is, without a request to change it.
// What [Workflow.SetSchedule] says about the index holds here too.
//
//sluice:operation POST /api/service/workflows/indexsearch
//sluice:operation POST /api/service/workflows/{workflowName}
//sluice:operation POST /api/service/package-workflows/{workflowName}
//sluice:operation GET /api/service/whoami
func (w *Workflow) RemoveSchedule(ctx context.Context) error {
	return w.annotate(ctx, func(annotations map[string]json.RawMessage) bool {
		if _, ok := annotations[scheduleAnnotation]; !ok {
			return false
		}
		delete(annotations, scheduleAnnotation)
		return true
	})
}

// annotate changes annotations of the workflow and nothing else: what this library does not know is sent as it came.
func (w *Workflow) annotate(ctx context.Context, change func(annotations map[string]json.RawMessage) bool) error {
	text, err := w.document(ctx)
	if err != nil {
		return err
	}
	unreadable := func(err error) error {
		return w.about(&apierr.Error{Service: service, Operation: "searchWorkflows", Kind: apierr.KindDecode, Status: 200, Message: "the workflow cannot be read", Err: err})
	}
	var document, metadata, annotations map[string]json.RawMessage
	if err := json.Unmarshal(text, &document); err != nil {
		return unreadable(err)
	}
	if err := json.Unmarshal(document["metadata"], &metadata); err != nil {
		return unreadable(err)
	}
	if raw := metadata["annotations"]; len(raw) > 0 {
		if err := json.Unmarshal(raw, &annotations); err != nil {
			return unreadable(err)
		}
	}
	if annotations == nil {
		annotations = make(map[string]json.RawMessage)
	}
	if !change(annotations) {
		return nil
	}
	if metadata["annotations"], err = json.Marshal(annotations); err != nil {
		return unreadable(err)
	}
	body := make(map[string]json.RawMessage)
	if body["metadata"], err = json.Marshal(metadata); err != nil {
		return unreadable(err)
	}
	if spec := document["spec"]; len(spec) > 0 {
		body["spec"] = spec
	}
	sent, err := json.Marshal(body)
	if err != nil {
		return unreadable(err)
	}
	return w.replace(ctx, sent)
}
