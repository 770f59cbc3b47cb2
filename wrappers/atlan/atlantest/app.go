package atlantest

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	wire "github.com/sluice-sdk/sluice/gen/atlanapi"
)

// app is something that can be run: its inputs are its contract.
type app struct {
	id, name    string
	required    []string
	properties  map[string]any
	entrypoints []string
}

// appWorkflow is an app with inputs.
type appWorkflow struct {
	slug, name, app, owner, entrypoint string
	version                            int64
	inputs                             map[string]json.RawMessage
	schedules                          []*appSchedule
}

type appSchedule struct{ id, cron, timezone string }

func (s *appSchedule) write() map[string]any {
	return map[string]any{"trigger_id": s.id, "cron": s.cron, "timezone": s.timezone}
}

func (w *appWorkflow) write() map[string]any {
	return map[string]any{
		"slug": w.slug, "name": w.name, "version": w.version, "owner": w.owner, "app_id": w.app,
		"schedules": converted(w.schedules, (*appSchedule).write),
	}
}

// AddApp adds an app that workflows can be made of, with the inputs that it requires; others are allowed, too. Every
// fake has the apps "snowflake", "postgres" and "dbt", which require a connection.
func (f *Fake) AddApp(id string, required ...string) {
	f.locked(func() { f.addApp(id, required...) })
}

func (f *Fake) addApp(id string, required ...string) {
	properties := map[string]any{}
	for _, name := range required {
		properties[name] = map[string]any{"type": "string", "title": name}
	}
	f.apps = append(f.apps, &app{id: id, name: id, required: required, properties: properties, entrypoints: []string{"main", "mine"}})
}

func (c *call) app(id string) (*app, error) {
	for _, x := range c.apps {
		if x.id == id {
			return x, nil
		}
	}
	return nil, noSuch("app", id)
}

func (c *call) appWorkflow(slug string) (*appWorkflow, error) {
	for _, x := range c.appWorkflows {
		if x.slug == slug {
			return x, nil
		}
	}
	return nil, noSuch("workflow", slug)
}

// accepts checks inputs and an entrypoint against the contract of an app.
func (x *app) accepts(inputs map[string]json.RawMessage, entrypoint string) error {
	for _, name := range x.required {
		if raw := inputs[name]; len(raw) == 0 || string(raw) == "null" {
			return heracles(http.StatusBadRequest, 1000, "inputs do not match the contract of %s: %s is missing", x.id, name)
		}
	}
	if entrypoint != "" && !slices.Contains(x.entrypoints, entrypoint) {
		return heracles(http.StatusBadRequest, 1003, "%s has no entrypoint %s", x.id, entrypoint)
	}
	return nil
}

func slugOf(name string) string {
	return strings.Trim(strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		case r >= 'A' && r <= 'Z':
			return r - 'A' + 'a'
		}
		return '-'
	}, name), "-")
}

func cronFits(cron string) error {
	if len(strings.Fields(cron)) != 5 {
		return heracles(http.StatusBadRequest, 1000, "a schedule has 5 fields, not %d", len(strings.Fields(cron)))
	}
	return nil
}

// GetApp describes an app.
func (a *service) GetApp(w http.ResponseWriter, r *http.Request, id string) {
	a.do(w, r, func(c *call) (any, error) {
		x, err := c.app(id)
		if err != nil {
			return nil, err
		}
		entrypoints := []map[string]string{}
		for _, name := range x.entrypoints {
			entrypoints = append(entrypoints, map[string]string{"name": name})
		}
		return map[string]any{"app_id": x.id, "name": x.name, "native_ready": true, "execution_mode": "native", "entrypoints": entrypoints}, nil
	})
}

// GetAppInputContract describes the inputs of an app.
func (a *service) GetAppInputContract(w http.ResponseWriter, r *http.Request, id string, params wire.GetAppInputContractParams) {
	a.do(w, r, func(c *call) (any, error) {
		x, err := c.app(id)
		if err != nil {
			return nil, err
		}
		if e := params.Entrypoint; e != nil && *e != "" && !slices.Contains(x.entrypoints, *e) {
			return nil, heracles(http.StatusBadRequest, 1003, "%s has no entrypoint %s", x.id, *e)
		}
		return map[string]any{"title": x.name, "type": "object", "properties": x.properties, "required": nonNil(x.required)}, nil
	})
}

// CreateAppWorkflow makes a workflow of an app, and runs it unless it is told not to.
func (a *service) CreateAppWorkflow(w http.ResponseWriter, r *http.Request) {
	a.do(w, r, func(c *call) (any, error) {
		var sent struct {
			AppID      string                     `json:"app_id"`
			Name       string                     `json:"name"`
			Inputs     map[string]json.RawMessage `json:"inputs"`
			Entrypoint string                     `json:"entrypoint"`
			Schedule   *struct{ Cron, Timezone string }
			Run        *bool `json:"run"`
		}
		if err := c.decode(&sent); err != nil {
			return nil, err
		}
		x, err := c.app(sent.AppID)
		if err != nil {
			return nil, err
		}
		if err := x.accepts(sent.Inputs, sent.Entrypoint); err != nil {
			return nil, err
		}
		for _, o := range c.appWorkflows {
			if o.name == sent.Name {
				if !c.has(CodelessConflict) {
					return nil, heracles(http.StatusConflict, 1009, "a workflow named %s exists: %s", o.name, o.slug)
				}
				return nil, &failure{status: http.StatusConflict, text: "exists", body: map[string]any{
					"message": "a workflow of this name exists", "slug": o.slug, "version": o.version,
				}}
			}
		}
		flow := &appWorkflow{slug: slugOf(sent.Name), name: sent.Name, app: x.id, owner: c.who.name, entrypoint: sent.Entrypoint, version: 1, inputs: sent.Inputs}
		for base, n := flow.slug, 2; ; n++ {
			if _, err := c.appWorkflow(flow.slug); err != nil {
				break
			}
			flow.slug = base + "-" + strconv.Itoa(n)
		}
		out := map[string]any{"slug": flow.slug, "version": flow.version, "execution_mode": "native"}
		if sent.Schedule != nil {
			if err := cronFits(sent.Schedule.Cron); err != nil {
				return nil, err
			}
			s := &appSchedule{id: c.newID(), cron: sent.Schedule.Cron, timezone: sent.Schedule.Timezone}
			flow.schedules = append(flow.schedules, s)
			out["schedule_trigger_id"] = s.id
		}
		c.appWorkflows = append(c.appWorkflows, flow)
		if sent.Run == nil || *sent.Run {
			out["run_id"] = c.startApp(flow).id
		}
		return out, nil
	})
}

// ListAppWorkflows lists the workflows of apps in pages.
func (a *service) ListAppWorkflows(w http.ResponseWriter, r *http.Request, params wire.ListAppWorkflowsParams) {
	a.do(w, r, func(c *call) (any, error) {
		limit, err := number(r.URL.Query(), "limit", usualPage)
		if err != nil {
			return nil, err
		}
		var fitting []*appWorkflow
		for _, x := range c.appWorkflows {
			if params.Name == nil || *params.Name == "" || x.name == *params.Name {
				fitting = append(fitting, x)
			}
		}
		from := 0
		if cursor := r.URL.Query().Get("cursor"); cursor != "" {
			from = slices.IndexFunc(fitting, func(x *appWorkflow) bool { return x.slug == cursor }) + 1
			if from == 0 {
				return nil, heracles(http.StatusBadRequest, 1000, "the cursor is not known")
			}
		}
		page := fitting[from:min(from+max(limit, 1), len(fitting))]
		out := map[string]any{"workflows": converted(page, (*appWorkflow).write), "has_more": from+len(page) < len(fitting)}
		if from+len(page) < len(fitting) {
			out["next_cursor"] = page[len(page)-1].slug
		}
		return out, nil
	})
}

func (a *service) withAppWorkflow(w http.ResponseWriter, r *http.Request, slug string, work func(c *call, x *appWorkflow) (any, error)) {
	a.do(w, r, func(c *call) (any, error) {
		x, err := c.appWorkflow(slug)
		if err != nil {
			return nil, err
		}
		return work(c, x)
	})
}

// GetAppWorkflow reads a workflow of an app.
func (a *service) GetAppWorkflow(w http.ResponseWriter, r *http.Request, slug string) {
	a.withAppWorkflow(w, r, slug, func(c *call, x *appWorkflow) (any, error) {
		out := x.write()
		if !c.has(InputsHidden) {
			out["inputs"], out["entrypoint"] = x.inputs, x.entrypoint
		}
		return out, nil
	})
}

// UpdateAppWorkflow replaces the inputs of a workflow.
func (a *service) UpdateAppWorkflow(w http.ResponseWriter, r *http.Request, slug string) {
	a.withAppWorkflow(w, r, slug, func(c *call, x *appWorkflow) (any, error) {
		var sent struct {
			Inputs     map[string]json.RawMessage
			Entrypoint string
		}
		if err := c.decode(&sent); err != nil {
			return nil, err
		}
		of, err := c.app(x.app)
		if err != nil {
			return nil, err
		}
		if err := of.accepts(sent.Inputs, sent.Entrypoint); err != nil {
			return nil, err
		}
		x.inputs, x.version = maps.Clone(sent.Inputs), x.version+1
		if sent.Entrypoint != "" {
			x.entrypoint = sent.Entrypoint
		}
		return map[string]any{"slug": x.slug, "version": x.version, "execution_mode": "native"}, nil
	})
}

// DeleteAppWorkflow archives a workflow of an app.
func (a *service) DeleteAppWorkflow(w http.ResponseWriter, r *http.Request, slug string) {
	a.withAppWorkflow(w, r, slug, func(c *call, x *appWorkflow) (any, error) {
		c.appWorkflows = slices.DeleteFunc(c.appWorkflows, func(o *appWorkflow) bool { return o == x })
		return map[string]any{"slug": slug, "archived": true}, nil
	})
}

// AddAppSchedule schedules a workflow. Schedules are kept and start nothing.
func (a *service) AddAppSchedule(w http.ResponseWriter, r *http.Request, slug string) {
	a.withAppWorkflow(w, r, slug, func(c *call, x *appWorkflow) (any, error) {
		var sent struct{ Cron, Timezone string }
		if err := c.decode(&sent); err != nil {
			return nil, err
		}
		if err := cronFits(sent.Cron); err != nil {
			return nil, err
		}
		s := &appSchedule{id: c.newID(), cron: sent.Cron, timezone: sent.Timezone}
		if s.timezone == "" {
			s.timezone = "UTC"
		}
		x.schedules = append(x.schedules, s)
		return s.write(), nil
	})
}

// RemoveAppSchedule ends a schedule of a workflow.
func (a *service) RemoveAppSchedule(w http.ResponseWriter, r *http.Request, slug, id string) {
	a.withAppWorkflow(w, r, slug, func(_ *call, x *appWorkflow) (any, error) {
		n := len(x.schedules)
		x.schedules = slices.DeleteFunc(x.schedules, func(s *appSchedule) bool { return s.id == id })
		if len(x.schedules) == n {
			return nil, noSuch("schedule", id)
		}
		return map[string]any{"trigger_id": id, "deleted": true}, nil
	})
}

func (c *call) writeAppRun(x *run) map[string]any {
	return map[string]any{"run_id": x.id, "status": x.state(c.now), "slug": x.owner, "started_at": x.started.UTC().Format(time.RFC3339)}
}

func (c *call) appRun(id string) (*run, error) {
	if x := c.runByID[id]; x != nil && !x.legacy {
		return x, nil
	}
	return nil, noSuch("run", id)
}

// SubmitAppWorkflow starts a run.
func (a *service) SubmitAppWorkflow(w http.ResponseWriter, r *http.Request, slug string) {
	a.withAppWorkflow(w, r, slug, func(c *call, x *appWorkflow) (any, error) {
		for _, other := range c.runs {
			if c.has(OneRunOfAnApp) && !other.legacy && other.owner == slug && other.live(c.now) {
				return nil, heracles(http.StatusInternalServerError, 1001, "run %s of %s has not ended", other.id, slug)
			}
		}
		return c.writeAppRun(c.startApp(x)), nil
	})
}

// runsPrefix is what the qualifiedNames of the assets that stand for runs of apps begin with (pyatlan client/app.py and
// its tests): the slug, the version, "runs" and the id follow.
const runsPrefix = "default/apps/automation_engine/workflows/"

// startApp begins a run of an app's workflow, and keeps the asset that stands for it.
func (c *call) startApp(x *appWorkflow) *run {
	r := c.start(c.newID(), x.slug, false)
	version := strconv.FormatInt(x.version, 10)
	def, err := c.typeOf("AppWorkflowRun")
	if err != nil {
		return r
	}
	a := c.insert(def, c.newID(), runsPrefix+x.slug+"/"+version+"/runs/"+r.id, c.who.name, c.now)
	for name, value := range map[string]string{
		"name": r.id, "appWorkflowRunAppName": x.app, "appWorkflowRunAppWorkflowName": x.name, "appWorkflowRunAppWorkflowSlug": x.slug,
		"appWorkflowRunAppWorkflowVersion": version, "appWorkflowRunStartedBy": c.who.name, "appWorkflowRunStatus": r.state(c.now),
	} {
		c.put(a, name, quoted(value))
	}
	c.put(a, "appWorkflowRunStartedAt", strconv.FormatInt(r.started.UnixMilli(), 10))
	c.touch(a)
	r.asset = a
	c.follow(r, r.started.Add(r.plan.Pending))
	c.follow(r, r.started.Add(r.plan.Pending+r.plan.Running))
	return r
}

// follow has the asset of a run tell the run's state as it is then.
func (f *Fake) follow(r *run, at time.Time) {
	if r.asset == nil {
		return
	}
	f.schedule(at, func(at time.Time) {
		f.put(r.asset, "appWorkflowRunStatus", quoted(r.state(at)))
		if end := r.ended(at); !end.IsZero() {
			f.put(r.asset, "appWorkflowRunCompletedAt", strconv.FormatInt(end.UnixMilli(), 10))
		}
		f.touch(r.asset)
	})
}

// GetAppRun reads the state of a run.
func (a *service) GetAppRun(w http.ResponseWriter, r *http.Request, id string) {
	a.do(w, r, func(c *call) (any, error) {
		x, err := c.appRun(id)
		if err != nil {
			return nil, err
		}
		return c.writeAppRun(x), nil
	})
}

// CancelAppRun stops a run, soon.
func (a *service) CancelAppRun(w http.ResponseWriter, r *http.Request, id string) {
	a.do(w, r, func(c *call) (any, error) {
		x, err := c.appRun(id)
		if err != nil {
			return nil, err
		}
		stopped := x.stop(c.now)
		if stopped && !x.stopped.IsZero() {
			c.follow(x, x.stopped)
		}
		return map[string]any{"run_id": x.id, "cancelled": stopped, "status": x.state(c.now), "slug": x.owner}, nil
	})
}
