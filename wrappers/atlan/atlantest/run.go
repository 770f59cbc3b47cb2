package atlantest

import "time"

// RunPlan is how a run of an app or a workflow goes.
type RunPlan struct {
	// Pending and Running are how long the run is in these states.
	Pending, Running time.Duration
	// Ends is the state in which it ends, such as "Succeeded", "Failed" or one that nobody has heard of.
	Ends string
}

// run is a run of an app or of a workflow. Its state follows from its plan and the time.
type run struct {
	id       string
	owner    string // slug of the app's workflow, or name of the workflow
	legacy   bool
	plan     RunPlan
	started  time.Time
	stopped  time.Time // zero when nobody stopped it
	indexed  bool
	lastSeen string // the state that the index knows
	by       string
	asset    *asset // stands for a run of an app
}

// stopTakes is how long a run goes on after it was stopped.
const stopTakes = time.Second

func (r *run) state(now time.Time) string {
	if !r.stopped.IsZero() && !now.Before(r.stopped) {
		if r.legacy {
			return "Failed" // what Argo calls a workflow that was stopped
		}
		return "Stopped"
	}
	switch since := now.Sub(r.started); {
	case since < r.plan.Pending:
		return "Pending"
	case since < r.plan.Pending+r.plan.Running:
		return "Running"
	}
	return r.plan.Ends
}

func (r *run) live(now time.Time) bool {
	state := r.state(now)
	return state == "Pending" || state == "Running"
}

// ended returns when the run ended, zero when it did not.
func (r *run) ended(now time.Time) time.Time {
	switch {
	case r.live(now):
		return time.Time{}
	case !r.stopped.IsZero():
		return r.stopped
	}
	return r.started.Add(r.plan.Pending + r.plan.Running)
}

// start begins a run by the next plan, or the usual one.
func (c *call) start(id, owner string, legacy bool) *run {
	plan := RunPlan{c.config.pending, c.config.running, c.config.runEnds}
	if len(c.plans) > 0 {
		plan, c.plans = c.plans[0], c.plans[1:]
	}
	r := &run{id: id, owner: owner, legacy: legacy, plan: plan, started: c.now, by: c.who.name}
	c.runs = append(c.runs, r)
	c.runByID[id] = r
	return r
}

// stop ends a run, soon.
func (r *run) stop(now time.Time) bool {
	if !r.live(now) || !r.stopped.IsZero() {
		return false
	}
	r.stopped = now.Add(stopTakes)
	if end := r.started.Add(r.plan.Pending + r.plan.Running); end.Before(r.stopped) {
		r.stopped = time.Time{} // it is done before the stop is
	}
	return true
}

// PlanRuns says how the next runs go, in the order in which they are started. Later ones go as [RunsTake] and
// [RunsEnd] say.
func (f *Fake) PlanRuns(plans ...RunPlan) {
	f.locked(func() { f.plans = append(f.plans, plans...) })
}

// Run is a run of an app's workflow, or of a legacy workflow, as a test finds it.
type Run struct {
	ID    string
	Owner string // slug or name of what runs
	State string
	At    time.Time
}

// Runs returns all runs in the order in which they were started.
func (f *Fake) Runs() (out []Run) {
	f.locked(func() {
		for _, r := range f.runs {
			out = append(out, Run{r.id, r.owner, r.state(f.now), r.started})
		}
	})
	return out
}
