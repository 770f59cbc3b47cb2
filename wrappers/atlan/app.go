package atlan

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-sdk/sluice/gen/atlanapi"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/job"
	"github.com/sluice-sdk/sluice/wrappers/paging"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// App is the handle of an app of Atlan's marketplace, such as "bigquery-crawler": what workflows are made of. It is safe for
// concurrent use.
//
// All of /api/service/v1/app was read in pyatlan (client/app.py), because the service is not public.
type App struct {
	client *Client
	id     string
}

// App returns the handle of an app by its id. It does no I/O; a bad id is reported by the first call.
func (c *Client) App(id string) *App { return &App{client: c, id: id} }

// ID returns the app's id.
func (a *App) ID() string { return a.id }

func (a *App) about(err error) error { return about("app", a.id, err) }

// Info describes the app: its name, its entrypoints, whether it runs natively.
//
//sluice:operation GET /api/service/v1/apps/{appId}
func (a *App) Info(ctx context.Context) (*atlanapi.AppInfo, error) {
	if err := transport.CheckID(service, "app", a.id); err != nil {
		return nil, a.about(err)
	}
	info, err := transport.Decode[atlanapi.AppInfo](a.client.raw.GetApp(ctx, a.id))
	return info, a.about(err)
}

// InputContract reads the JSON Schema that the inputs of an entrypoint must fit: their names, types and defaults. An empty
// entrypoint is the app's default.
//
//sluice:operation GET /api/service/v1/apps/{appId}/inputs
func (a *App) InputContract(ctx context.Context, entrypoint string) (*atlanapi.AppInputContract, error) {
	if err := transport.CheckID(service, "app", a.id); err != nil {
		return nil, a.about(err)
	}
	params := &atlanapi.GetAppInputContractParams{}
	if entrypoint != "" {
		params.Entrypoint = &entrypoint
	}
	contract, err := transport.Decode[atlanapi.AppInputContract](a.client.raw.GetAppInputContract(ctx, a.id, params))
	return contract, a.about(err)
}

// NewAppWorkflow describes a workflow of an app that is to be created.
type NewAppWorkflow struct {
	// Name is what the workflow is called. The service makes its slug of it, and refuses a name that is taken.
	Name string
	// Inputs are checked by the service against the app's input contract: see [App.InputContract].
	Inputs map[string]any
	// Entrypoint is one of the app's; empty is its default.
	Entrypoint string
	// Schedule is when the workflow runs by itself; nil for never.
	Schedule *Schedule
	// Reuse returns the workflow of the app that has the name already, as it is, instead of an error.
	Reuse bool
}

// CreatedAppWorkflow is a workflow that was created, or found.
type CreatedAppWorkflow struct {
	// Workflow is its handle: keep its slug.
	Workflow *AppWorkflow
	// Version is the version of its inputs, 0 when the service did not say.
	Version int64
	// ExecutionMode is how it runs, in the service's words; empty for one that was found.
	ExecutionMode string
	// TriggerID is the id of the schedule; empty without one.
	TriggerID string
	// Reused says that a workflow of the name was there already, so its inputs and its schedule may be others. After an answer
	// that got lost it may also be the one that was created.
	Reused bool
}

// Create creates a workflow of the app. It starts no run: [AppWorkflow.Submit] does, which knows what to do when its answer
// is lost. The request is sent once.
//
// Errors: a [WorkflowExistsError] with the slug when the name is taken and Reuse is not set, or taken by a workflow of another
// app; an [AmbiguousCreateError] when
// the answer was lost and a look at the list of workflows did not settle it; one of category [ErrInvalidRequest] and code
// "1000" for inputs that do not fit the contract, "1003" for an entrypoint that does not exist.
//
//sluice:operation POST /api/service/v1/app
//sluice:operation GET /api/service/v1/app
//sluice:operation GET /api/service/v1/app/{slug}
func (a *App) Create(ctx context.Context, w NewAppWorkflow) (*CreatedAppWorkflow, error) {
	body, err := a.creation(w)
	if err != nil {
		return nil, a.about(err)
	}
	answer, err := transport.Decode[atlanapi.AppResponse](a.client.raw.CreateAppWorkflow(ctx, *body))
	if err == nil && answer.Slug == "" {
		err = &apierr.Error{Service: service, Operation: "createAppWorkflow", Kind: apierr.KindUnexpected, Status: 200, Message: "the answer names no workflow", MayHaveApplied: true}
	}
	switch {
	case err == nil:
		created := &CreatedAppWorkflow{Workflow: a.client.AppWorkflow(answer.Slug)}
		created.Version, created.ExecutionMode, created.TriggerID = orZero(answer.Version), orZero(answer.ExecutionMode), orZero(answer.ScheduleTriggerID)
		return created, nil
	case isTaken(err):
		return a.taken(ctx, w, err)
	case mayHaveApplied(err):
		return a.settle(ctx, w, err)
	}
	return nil, a.about(err)
}

func (a *App) creation(w NewAppWorkflow) (*atlanapi.CreateApp, error) {
	if err := transport.CheckID(service, "app", a.id); err != nil {
		return nil, err
	}
	if err := checkName(attributeName, w.Name); err != nil {
		return nil, err
	}
	run := false
	body := &atlanapi.CreateApp{AppID: a.id, Name: w.Name, Inputs: inputsOrEmpty(w.Inputs), Run: &run}
	if w.Entrypoint != "" {
		body.Entrypoint = &w.Entrypoint
	}
	if w.Schedule != nil {
		schedule, err := w.Schedule.check()
		if err != nil {
			return nil, err
		}
		body.Schedule = &atlanapi.AppSchedule{Cron: schedule.Cron, Timezone: &schedule.Timezone}
	}
	return body, nil
}

func inputsOrEmpty(inputs map[string]any) map[string]any {
	if inputs == nil {
		return map[string]any{}
	}
	return inputs
}

func orZero[T any](p *T) (value T) {
	if p != nil {
		value = *p
	}
	return value
}

// isTaken reports whether an error says that a name is taken. A lock is a conflict, too, and says nothing of the name.
func isTaken(err error) bool {
	e, ok := errors.AsType[*apierr.Error](err)
	return ok && e.Status == http.StatusConflict
}

// taken is the outcome of a creation whose name is taken: the answer names the workflow, or several, or none.
func (a *App) taken(ctx context.Context, w NewAppWorkflow, refusal error) (*CreatedAppWorkflow, error) {
	exists := &WorkflowExistsError{Name: w.Name, Err: refusal}
	if answer, ok := errors.AsType[*AnswerError](refusal); ok {
		if slug := answer.Details["slug"]; transport.CheckID(service, "slug", slug) == nil {
			exists.Slug, exists.Slugs = slug, []string{slug}
		}
		if exists.Slug == "" {
			_ = json.Unmarshal([]byte(answer.Details["slugs"]), &exists.Slugs)
			exists.Slugs = slices.DeleteFunc(exists.Slugs, func(slug string) bool { return transport.CheckID(service, "slug", slug) != nil })
		}
		exists.Version, _ = strconv.ParseInt(answer.Details["version"], 10, 64)
	}
	looked := len(exists.Slugs) == 0
	if looked {
		found, err := a.named(ctx, w.Name)
		if err != nil {
			return nil, a.about(errors.Join(exists, fmt.Errorf("looking it up: %w", err)))
		}
		for _, info := range found {
			exists.Slugs, exists.Version = append(exists.Slugs, orZero(info.Slug)), orZero(info.Version)
		}
	}
	if len(exists.Slugs) == 1 {
		exists.Slug = exists.Slugs[0]
	} else {
		exists.Version = 0
	}
	if w.Reuse && exists.Slug != "" && !looked {
		// The answer does not say what the workflow is made of, and names may be taken by those of other apps.
		info, err := a.client.AppWorkflow(exists.Slug).Info(ctx)
		if err != nil {
			return nil, a.about(errors.Join(exists, fmt.Errorf("looking it up: %w", err)))
		}
		if of := orZero(info.AppID); of != "" && of != a.id {
			exists.of = of
			return nil, a.about(exists)
		}
	}
	if w.Reuse && exists.Slug != "" {
		return &CreatedAppWorkflow{Workflow: a.client.AppWorkflow(exists.Slug), Version: exists.Version, Reused: true}, nil
	}
	return nil, a.about(exists)
}

// settle looks for the workflow of a creation whose answer was lost. The list cannot tell one that was created from one that
// was there, so only with Reuse is it an answer.
func (a *App) settle(ctx context.Context, w NewAppWorkflow, cause error) (*CreatedAppWorkflow, error) {
	ambiguous := &AmbiguousCreateError{Name: w.Name, Err: cause}
	began := time.Now()
	for pause := lookUpShortest; ; pause = min(2*pause, lookUpLongest) {
		found, err := a.named(ctx, w.Name)
		ambiguous.LookUp = err
		if w.Reuse && len(found) == 1 {
			return &CreatedAppWorkflow{Workflow: a.client.AppWorkflow(orZero(found[0].Slug)), Version: orZero(found[0].Version), Reused: true}, nil
		}
		for _, info := range found {
			ambiguous.Candidates = append(ambiguous.Candidates, orZero(info.Slug))
		}
		if len(found) > 0 || time.Since(began) >= lookUpFor || !sleep(ctx, pause) {
			break
		}
	}
	if ambiguous.LookUp == nil && ctx.Err() != nil {
		ambiguous.LookUp = context.Cause(ctx)
	}
	return nil, a.about(ambiguous)
}

// named returns the workflows of the app that have exactly this name.
func (a *App) named(ctx context.Context, name string) ([]atlanapi.AppSummary, error) {
	var found []atlanapi.AppSummary
	for info, err := range a.client.AppWorkflows(ctx, AppWorkflowFilter{Name: name}) {
		switch {
		case err != nil:
			return nil, err
		case orZero(info.Slug) != "" && (info.AppID == nil || *info.AppID == "" || *info.AppID == a.id):
			found = append(found, *info)
		}
	}
	return found, nil
}

// AppWorkflowFilter narrows a list of workflows of apps. The zero value is all of them.
type AppWorkflowFilter struct {
	// Name is the exact name.
	Name string
	// PageSize is how many workflows one request reads. Default: the service's, which is 50.
	PageSize int
}

// AppWorkflows lists the published workflows of all apps, page by page; the next page is read while one is used.
//
//sluice:operation GET /api/service/v1/app
func (c *Client) AppWorkflows(ctx context.Context, filter AppWorkflowFilter) iter.Seq2[*atlanapi.AppSummary, error] {
	fetch := func(ctx context.Context, cursor string) (paging.CursorPage[*atlanapi.AppSummary], error) {
		params := &atlanapi.ListAppWorkflowsParams{}
		if filter.Name != "" {
			params.Name = &filter.Name
		}
		if size := int64(filter.PageSize); size > 0 {
			params.Limit = &size
		}
		if cursor != "" {
			params.Cursor = &cursor
		}
		answer, err := transport.Decode[atlanapi.AppList](c.raw.ListAppWorkflows(ctx, params))
		if err != nil {
			return paging.CursorPage[*atlanapi.AppSummary]{}, about("app workflows", filter.Name, err)
		}
		page := paging.CursorPage[*atlanapi.AppSummary]{Items: make([]*atlanapi.AppSummary, 0, len(answer.Workflows))}
		for i := range answer.Workflows {
			if filter.Name == "" || orZero(answer.Workflows[i].Name) == filter.Name {
				page.Items = append(page.Items, &answer.Workflows[i])
			}
		}
		if answer.HasMore == nil || *answer.HasMore {
			page.Next = orZero(answer.NextCursor)
		}
		return page, nil
	}
	if filter.PageSize < 0 {
		return func(yield func(*atlanapi.AppSummary, error) bool) {
			yield(nil, apierr.Invalid(service, "PageSize", "%d is negative", filter.PageSize))
		}
	}
	return paging.Cursor(ctx, "", fetch)
}

// AppWorkflow is the handle of a workflow of an app: an app with inputs, which is run, by hand or by a schedule. It is safe
// for concurrent use.
type AppWorkflow struct {
	client *Client
	slug   string
}

// AppWorkflow returns the handle of a workflow of an app by its slug. It does no I/O; a bad slug is reported by the first
// call.
func (c *Client) AppWorkflow(slug string) *AppWorkflow { return &AppWorkflow{client: c, slug: slug} }

// Slug returns what the service calls the workflow.
func (w *AppWorkflow) Slug() string { return w.slug }

func (w *AppWorkflow) about(err error) error { return about("app workflow", w.slug, err) }

func (w *AppWorkflow) check() error { return w.about(transport.CheckID(service, "slug", w.slug)) }

// Info reads the workflow: its name, version, owner, app and schedules. What else the service says is in
// AdditionalProperties.
//
//sluice:operation GET /api/service/v1/app/{slug}
func (w *AppWorkflow) Info(ctx context.Context) (*atlanapi.AppSummary, error) {
	if err := w.check(); err != nil {
		return nil, err
	}
	info, err := transport.Decode[atlanapi.AppSummary](w.client.raw.GetAppWorkflow(ctx, w.slug))
	return info, w.about(err)
}

// Update replaces all inputs of the workflow and publishes the next version, which it returns. The owner stays, and so does
// the credential when the inputs leave it out; an entrypoint that is empty is the app's default. The API has no condition on
// the version: two updates at once overwrite each other.
//
// The request is sent once, as each publishes a version: when its answer is lost the error's MayHaveApplied is true, and
// [AppWorkflow.Info] tells the version that there is.
//
//sluice:operation PUT /api/service/v1/app/{slug}
func (w *AppWorkflow) Update(ctx context.Context, inputs map[string]any, entrypoint string) (version int64, err error) {
	if err := w.check(); err != nil {
		return 0, err
	}
	if inputs == nil {
		return 0, w.about(apierr.Invalid(service, "inputs", "there are none: an update replaces all inputs; give an empty map if that is meant"))
	}
	body := atlanapi.UpdateApp{Inputs: inputs}
	if entrypoint != "" {
		body.Entrypoint = &entrypoint
	}
	answer, err := transport.Decode[atlanapi.AppResponse](w.client.raw.UpdateAppWorkflow(ctx, w.slug, body))
	if err != nil {
		return 0, w.about(err)
	}
	return orZero(answer.Version), nil
}

// Edit reads the inputs of the workflow, lets change do its work on them and replaces them; when nothing was changed it sends
// nothing and returns the version that was read. Numbers are [json.Number], so that large ones stay as they are. An error of
// change is returned as it is.
//
// Whether the service tells the inputs of a workflow is not known (pyatlan's model has no field for them): when it does not,
// the error is of kind [apierr.KindUnsupported], nothing is sent, and [AppWorkflow.Update] with all inputs is what remains.
//
//sluice:operation GET /api/service/v1/app/{slug}
//sluice:operation PUT /api/service/v1/app/{slug}
func (w *AppWorkflow) Edit(ctx context.Context, change func(inputs map[string]any) error) (version int64, err error) {
	if err := w.check(); err != nil {
		return 0, err
	}
	answer, err := transport.Decode[struct {
		Inputs     json.RawMessage `json:"inputs"`
		Entrypoint string          `json:"entrypoint"`
		Version    int64           `json:"version"`
	}](w.client.raw.GetAppWorkflow(ctx, w.slug))
	if err != nil {
		return 0, w.about(err)
	}
	var inputs map[string]any
	if len(answer.Inputs) > 0 {
		if err := decodeExact(answer.Inputs, &inputs); err != nil {
			return 0, w.about(&apierr.Error{Service: service, Operation: "getAppWorkflow", Kind: apierr.KindDecode, Status: 200, Message: "the inputs are no object", Err: err})
		}
	}
	if inputs == nil {
		return 0, w.about(&apierr.Error{Service: service, Kind: apierr.KindUnsupported,
			Message: "the service does not tell the inputs of the workflow, so they cannot be changed in part: replace all of them with Update"})
	}
	if err := change(inputs); err != nil {
		return 0, err
	}
	now, err := encodeJSON(inputs)
	if err != nil {
		return 0, w.about(apierr.Invalid(service, "inputs", "they cannot be written as JSON: %v", err))
	}
	if sameJSON(now, answer.Inputs) {
		return answer.Version, nil
	}
	return w.Update(ctx, inputs, answer.Entrypoint)
}

// Delete archives the workflow. A request whose answer is lost is sent again, and a workflow that is gone then was archived;
// one that was not there to begin with is an error of category [ErrNotFound].
//
//sluice:operation DELETE /api/service/v1/app/{slug}
func (w *AppWorkflow) Delete(ctx context.Context) error {
	if err := w.check(); err != nil {
		return err
	}
	return w.about(w.client.transport.Remove(ctx, func(ctx context.Context) error {
		answer, err := transport.Decode[atlanapi.AppDeleteResponse](w.client.raw.DeleteAppWorkflow(ctx, w.slug))
		if err == nil && answer.Archived != nil && !*answer.Archived {
			err = &apierr.Error{Service: service, Operation: "deleteAppWorkflow", Kind: apierr.KindUnexpected, Status: 200, Message: "the answer says that the workflow was not archived"}
		}
		return err
	}, nil))
}

// Submit starts a run of the workflow's current version and returns its handle without waiting.
//
// The request is sent once. When its answer is lost, or is one that leaves open what happened, the run is looked for in the
// search index for up to 45 seconds: the only one that has come into being since is returned, and Recovered says so.
//
// Errors: an [AlreadyRunningError] when a run has not ended and the service refuses, or [RunOptions] say so; an
// [AmbiguousRunError], which names candidates, when it is not known whether a run was started.
//
//sluice:operation POST /api/service/v1/app/{slug}/submit
//sluice:operation POST /api/meta/search/indexsearch
//sluice:operation GET /api/service/v1/app/runs/{runId}
func (w *AppWorkflow) Submit(ctx context.Context, options ...RunOptions) (*Run, error) {
	if err := w.check(); err != nil {
		return nil, err
	}
	return w.client.startRun(ctx, options, starting{
		kind: kindAppRun, workflow: w.slug,
		send: func(ctx context.Context) (job.Snapshot, error) {
			answer, err := transport.Decode[atlanapi.AppRun](w.client.raw.SubmitAppWorkflow(ctx, w.slug))
			if err != nil {
				return job.Snapshot{}, err
			}
			s := appSnapshot(answer)
			s.Parent, s.Observed = w.slug, time.Now()
			if s.Raw == "" {
				s.Phase = job.PhasePending // it was just submitted
			}
			return s, nil
		},
		look:    func(ctx context.Context) ([]job.Snapshot, time.Duration, error) { return w.client.appRuns(ctx, w.slug) },
		confirm: w.client.confirmAppRun,
	})
}

// Run is Submit and then [Run.Wait]. The handle comes with the error of the wait; it is nil when no run was started.
//
//sluice:operation POST /api/service/v1/app/{slug}/submit
//sluice:operation POST /api/meta/search/indexsearch
//sluice:operation GET /api/service/v1/app/runs/{runId}
func (w *AppWorkflow) Run(ctx context.Context, options ...RunOptions) (*Run, error) {
	r, err := w.Submit(ctx, options...)
	if err != nil {
		return nil, err
	}
	return r, r.Wait(ctx, waitOptions(options)...)
}

func waitOptions(options []RunOptions) []job.WaitOption {
	if len(options) == 0 {
		return nil
	}
	return options[0].Wait
}

// Runs returns the latest runs of the workflow, up to 50, the newest first, as the search index has them: some seconds behind.
// A workflow that does not exist has none.
//
//sluice:operation POST /api/meta/search/indexsearch
func (w *AppWorkflow) Runs(ctx context.Context) ([]job.Snapshot, error) {
	if err := w.check(); err != nil {
		return nil, err
	}
	found, _, err := w.client.appRuns(ctx, w.slug)
	return found, w.about(err)
}

// AppSchedule is a schedule of an app's workflow.
type AppSchedule struct {
	// TriggerID is what [AppWorkflow.RemoveSchedule] takes.
	TriggerID string
	Schedule
}

// Schedules reads the schedules of the workflow.
//
//sluice:operation GET /api/service/v1/app/{slug}
func (w *AppWorkflow) Schedules(ctx context.Context) ([]AppSchedule, error) {
	info, err := w.Info(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]AppSchedule, 0, len(info.Schedules))
	for _, fields := range info.Schedules {
		text := func(name string) string { s, _ := fields[name].(string); return s }
		list = append(list, AppSchedule{TriggerID: text("trigger_id"), Schedule: Schedule{Cron: text("cron"), Timezone: text("timezone")}})
	}
	return list, nil
}

// AddSchedule makes the workflow run by itself. A workflow may have several schedules. The request is sent once; when its
// answer is lost, the schedules are read, and a new one of the same times is taken for it. When there is none, or that cannot
// be told, the error is that of the request, whose MayHaveApplied is true.
//
//sluice:operation GET /api/service/v1/app/{slug}
//sluice:operation POST /api/service/v1/app/{slug}/schedule
func (w *AppWorkflow) AddSchedule(ctx context.Context, schedule Schedule) (*AppSchedule, error) {
	if err := w.check(); err != nil {
		return nil, err
	}
	schedule, err := schedule.check()
	if err != nil {
		return nil, w.about(err)
	}
	before, err := w.Schedules(ctx)
	if err != nil {
		return nil, err
	}
	answer, err := transport.Decode[atlanapi.AppScheduleResponse](w.client.raw.AddAppSchedule(ctx, w.slug,
		atlanapi.AppSchedule{Cron: schedule.Cron, Timezone: &schedule.Timezone}))
	if err == nil && orZero(answer.TriggerID) != "" {
		return &AppSchedule{TriggerID: *answer.TriggerID, Schedule: schedule}, nil
	}
	if err == nil {
		err = &apierr.Error{Service: service, Operation: "addAppSchedule", Kind: apierr.KindUnexpected, Status: 200, Message: "the answer names no schedule", MayHaveApplied: true}
	}
	if !mayHaveApplied(err) {
		return nil, w.about(err)
	}
	now, readErr := w.Schedules(ctx)
	if readErr != nil {
		return nil, w.about(errors.Join(err, readErr))
	}
	known := make(map[string]bool, len(before))
	for _, s := range before {
		known[s.TriggerID] = true
	}
	fresh := slices.DeleteFunc(now, func(s AppSchedule) bool {
		return known[s.TriggerID] || s.TriggerID == "" || !s.sameTimes(schedule)
	})
	if len(fresh) == 1 {
		return &fresh[0], nil
	}
	return nil, w.about(err)
}

// sameTimes compares a schedule that the service told, which may leave the time zone out, with one that was sent.
func (s AppSchedule) sameTimes(sent Schedule) bool {
	zone := s.Timezone
	if zone == "" {
		zone = "UTC"
	}
	return strings.Join(strings.Fields(s.Cron), " ") == sent.Cron && zone == sent.Timezone
}

// RemoveSchedule ends one schedule of the workflow. A request whose answer is lost is sent again, and a schedule that is gone
// then was removed; one that was not there to begin with is an error of category [ErrNotFound].
//
//sluice:operation DELETE /api/service/v1/app/{slug}/schedule/{triggerId}
func (w *AppWorkflow) RemoveSchedule(ctx context.Context, triggerID string) error {
	if err := w.check(); err != nil {
		return err
	}
	if err := transport.CheckID(service, "trigger", triggerID); err != nil {
		return w.about(err)
	}
	return w.about(w.client.transport.Remove(ctx, func(ctx context.Context) error {
		return transport.Discard(w.client.raw.RemoveAppSchedule(ctx, w.slug, triggerID))
	}, nil))
}
