package polytomictest

import (
	"math/rand/v2"
	"slices"
	"time"
)

// syncCore is what bulk syncs and model syncs have in common.
type syncCore struct {
	id, name   string
	org        *organization
	bulk       bool
	active     bool
	created    time.Time
	updated    time.Time
	createdBy  *caller
	script     []func(n int, random *rand.Rand, r *Run)
	executions []*execution // oldest first
	starts     int
	bulkSync   *bulkSync  // one of the two
	modelSync  *modelSync // is set
}

// phase is the status of something from a moment on.
type phase struct {
	at     time.Time
	status string
}

// progress is the course of an execution, or of one schema in it.
type progress struct {
	phases                    []phase
	begin, end                time.Time // of the running; end is zero for an endless one
	records, errors, warnings int64     // in the end
	message                   string
	every                     time.Duration
	cutOff                    bool // the counts are final
}

func (p *progress) statusAt(now time.Time) phase {
	for i := len(p.phases) - 1; i > 0; i-- {
		if !p.phases[i].at.After(now) {
			return p.phases[i]
		}
	}
	return p.phases[0]
}

func isTerminal(status string) bool {
	switch status {
	case Completed, Failed, Canceled, Interrupted, Errors:
		return true
	}
	return false
}

func (p *progress) terminalAt(now time.Time) bool { return isTerminal(p.statusAt(now).status) }

// done is the part of the whole that has been reported by a time.
func (p *progress) done(now time.Time) float64 {
	if p.cutOff || p.terminalAt(now) {
		return 1
	}
	if p.every <= 0 || !now.After(p.begin) {
		return 0
	}
	elapsed := now.Sub(p.begin).Truncate(p.every)
	whole := time.Hour // of an endless one
	if !p.end.IsZero() {
		whole = p.end.Sub(p.begin)
	}
	return min(0.99, float64(elapsed)/float64(max(whole, 1)))
}

func (p *progress) counts(now time.Time) (records, errors, warnings int64) {
	done := p.done(now)
	return int64(done * float64(p.records)), int64(done * float64(p.errors)), int64(done * float64(p.warnings))
}

func (p *progress) startedAt(now time.Time) time.Time {
	for _, x := range p.phases {
		if x.status == "running" && !x.at.After(now) {
			return x.at
		}
	}
	return time.Time{}
}

func (p *progress) completedAt(now time.Time) time.Time {
	if s := p.statusAt(now); isTerminal(s.status) {
		return s.at
	}
	return time.Time{}
}

// cut ends a course at a time in a status, and freezes its counts.
func (p *progress) cut(now, end time.Time, canceling bool) {
	done := p.done(now)
	p.records, p.errors, p.warnings = int64(done*float64(p.records)), int64(done*float64(p.errors)), int64(done*float64(p.warnings))
	p.phases = slices.DeleteFunc(p.phases, func(x phase) bool { return x.at.After(now) })
	if canceling && end.After(now) {
		p.phases = append(p.phases, phase{now, "canceling"})
	}
	p.phases = append(p.phases, phase{end, Canceled})
	p.cutOff, p.end = true, end
}

// execution is one run of a sync. Its state at any time follows from its course.
type execution struct {
	id      string
	sync    *syncCore
	run     Run
	created time.Time
	progress
	schemas  []*schemaExecution // of a bulk sync
	test     bool
	partial  bool
	resync   string
	fetch    string
	trigger  string
	version  int // grows when the plan changes, so that what was due for the old one is not done
	canceled bool
}

type schemaExecution struct {
	schema, output string
	progress
}

func (s *syncCore) running(now time.Time) *execution {
	if n := len(s.executions); n > 0 && !s.executions[n-1].terminalAt(now) {
		return s.executions[n-1]
	}
	return nil
}

func (s *syncCore) lastFinished(now time.Time) *execution {
	for _, e := range slices.Backward(s.executions) {
		if e.terminalAt(now) {
			return e
		}
	}
	return nil
}

func (s *syncCore) execution(id string) *execution {
	for _, e := range slices.Backward(s.executions) {
		if e.id == id {
			return e
		}
	}
	return nil
}

// course lays something out in time: waiting states up to begin, working states up to end.
func (f *Fake) course(created, begin, end time.Time, waiting, working []string, last string) []phase {
	phases := []phase{{created, "created"}}
	if wait := begin.Sub(created); wait > 0 && f.has(ManyStates) {
		for i, status := range waiting {
			phases = append(phases, phase{created.Add(wait * time.Duration(i+1) / time.Duration(len(waiting)+1)), status})
		}
	}
	phases = append(phases, phase{begin, "running"})
	if f.has(ManyStates) {
		for i, status := range working {
			phases = append(phases, phase{begin.Add(end.Sub(begin) * time.Duration(i+1) / time.Duration(len(working)+1)), status})
		}
	}
	if last != "" {
		phases = append(phases, phase{end, last})
	}
	return phases
}

// start begins an execution. The lock is held.
func (f *Fake) start(s *syncCore, now time.Time, schemas []*syncSchema, adjust func(*execution)) *execution {
	e := f.newExecution(s, f.run(s), now, schemas, adjust)
	s.starts++
	s.executions = append(s.executions, e)
	f.announce(e)
	f.advance(f.now) // one without a startup runs at once
	return e
}

func (f *Fake) newExecution(s *syncCore, r Run, created time.Time, schemas []*syncSchema, adjust func(*execution)) *execution {
	e := &execution{id: f.newID(), sync: s, run: r, created: created, trigger: "api"}
	if adjust != nil {
		adjust(e)
	}
	begin, end := created.Add(r.Startup), created.Add(r.Duration)
	last := r.Status
	if r.Endless {
		last = ""
	}
	part := func(n int64, status string) int64 { // what one that does not complete has moved
		if status == Completed || status == Errors {
			return n
		}
		return n / 2
	}
	e.progress = progress{
		begin: begin, end: end, message: r.Message, every: r.ReportEvery,
		records: part(r.Records, r.Status), errors: r.Errors, warnings: r.Warnings,
	}
	if r.Endless {
		e.end = time.Time{}
	}
	if !s.bulk {
		e.phases = f.course(created, begin, end, []string{"scheduled", "queued", "waiting"}, []string{"processing"}, last)
		return e
	}
	e.phases = f.course(created, begin, end, []string{"scheduled"}, []string{"exporting", "processing"}, last)
	f.planSchemas(e, schemas)
	return e
}

// planSchemas lets the schemas of a bulk execution begin one after the other, and overlap.
func (f *Fake) planSchemas(e *execution, schemas []*syncSchema) {
	r := e.run
	unscripted := 0
	rest := [3]int64{e.records, e.errors, e.warnings}
	for _, s := range schemas {
		if script, ok := r.Schemas[s.id]; ok {
			rest[0], rest[1], rest[2] = rest[0]-script.Records, rest[1]-script.Errors, rest[2]-script.Warnings
		} else {
			unscripted++
		}
	}
	share := func(n int64, i int) int64 { // the i-th of the shares of n
		n = max(n, 0)
		return n*int64(i+1)/int64(unscripted) - n*int64(i)/int64(unscripted)
	}
	windows := time.Duration(len(schemas) + 1)
	work := e.created.Add(r.Duration).Sub(e.begin)
	e.records, e.errors, e.warnings = 0, 0, 0
	k := 0
	for i, s := range schemas {
		x := &schemaExecution{schema: s.id, output: s.output()}
		x.begin, x.end = e.begin.Add(work*time.Duration(i)/windows), e.begin.Add(work*time.Duration(i+2)/windows)
		x.every = r.ReportEvery
		last := Completed
		if script, ok := r.Schemas[s.id]; ok {
			x.records, x.errors, x.warnings, x.message, last = script.Records, script.Errors, script.Warnings, script.Message, script.Status
		} else {
			x.records, x.errors, x.warnings = share(rest[0], k), share(rest[1], k), share(rest[2], k)
			k++
			if r.Status != Completed && r.Status != Errors && r.Schemas == nil {
				last, x.message = r.Status, r.Message
			}
		}
		if r.Endless && i == len(schemas)-1 {
			last, x.end = "", time.Time{}
		}
		end := x.end
		if end.IsZero() {
			end = e.begin.Add(work)
		}
		x.phases = f.course(e.created, x.begin, end, []string{"scheduled"}, []string{"exporting", "processing"}, last)
		e.records, e.errors, e.warnings = e.records+x.records, e.errors+x.errors, e.warnings+x.warnings
		e.schemas = append(e.schemas, x)
	}
}

// countsAt are the sums over the schemas of a bulk execution.
func (e *execution) countsAt(now time.Time) (records, errors, warnings int64) {
	if len(e.schemas) == 0 {
		return e.counts(now)
	}
	for _, x := range e.schemas {
		r, bad, warned := x.counts(now)
		records, errors, warnings = records+r, errors+bad, warnings+warned
	}
	return records, errors, warnings
}

// stop cancels an execution: it is canceling for a while. Cancelling what has ended, or twice, does nothing. The lock
// is held.
func (f *Fake) stop(e *execution, now time.Time) {
	if e.terminalAt(now) || e.canceled {
		return
	}
	end := now
	if f.has(SlowCancel) {
		end = now.Add(f.config.cancelTakes)
	}
	e.canceled = true
	e.cut(now, end, true)
	for _, x := range e.schemas {
		if !x.terminalAt(now) {
			x.cut(now, end, false)
		}
	}
	e.version++
	f.announce(e)
}

// stopSchema cancels one schema of an execution, and the execution with the last one.
func (f *Fake) stopSchema(e *execution, x *schemaExecution, now time.Time) {
	if e.terminalAt(now) || x.terminalAt(now) {
		return
	}
	left := 0
	for _, other := range e.schemas {
		if other != x && other.statusAt(now).status != Canceled {
			left++
		}
	}
	if left == 0 {
		f.stop(e, now)
		return
	}
	x.cut(now, now, false)
}

// Execution is an execution as the fake knows it.
type Execution struct {
	ID, SyncID                string
	Status                    string
	Created                   time.Time
	Started, Ended            time.Time // zero until it does
	Records, Errors, Warnings int64
	Message                   string            // why it failed, or will
	Schemas                   map[string]string // schema id to status, of a bulk sync
	Test, Partial             bool
	Resync                    string // the resync mode, or "resync" of a model sync
}

func (e *execution) public(now time.Time) Execution {
	out := Execution{
		ID: e.id, SyncID: e.sync.id, Status: e.statusAt(now).status, Created: e.created, Started: e.startedAt(now),
		Ended: e.completedAt(now), Message: e.message, Test: e.test, Partial: e.partial, Resync: e.resync,
	}
	out.Records, out.Errors, out.Warnings = e.countsAt(now)
	if e.sync.bulk {
		out.Schemas = make(map[string]string, len(e.schemas))
		for _, x := range e.schemas {
			out.Schemas[x.schema] = x.statusAt(now).status
		}
	}
	return out
}

// Executions returns the executions of a bulk sync or a model sync, oldest first.
func (f *Fake) Executions(syncID string) []Execution {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.advance(time.Now())
	s := f.core(syncID)
	if s == nil {
		return nil
	}
	out := make([]Execution, len(s.executions))
	for i, e := range s.executions {
		out[i] = e.public(f.now)
	}
	return out
}

// SyncsStarted returns how many executions of a sync were started since it exists, those added with
// [Fake.AddExecution] not counted.
func (f *Fake) SyncsStarted(syncID string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	if s := f.core(syncID); s != nil {
		return s.starts
	}
	return 0
}

// StartSync starts a sync as its schedule would: not through the API, and whatever the client does. It returns false
// when it runs already or is not active.
func (f *Fake) StartSync(syncID string) (executionID string, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.advance(time.Now())
	s := f.core(syncID)
	if s == nil || s.running(f.now) != nil || !s.active {
		return "", false
	}
	return f.start(s, f.now, s.enabled(), func(e *execution) { e.trigger = "schedule" }).id, true
}

// CancelSync cancels what runs of a sync as somebody in the web application would. It returns false when nothing
// does.
func (f *Fake) CancelSync(syncID string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.advance(time.Now())
	s := f.core(syncID)
	if s == nil || s.running(f.now) == nil {
		return false
	}
	f.stop(s.running(f.now), f.now)
	return true
}

// Configure adjusts how the executions of a sync go that are started from now on, also of one that was made through
// the API.
func (f *Fake) Configure(syncID string, opts ...SyncOption) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.core(syncID)
	if s == nil {
		f.misuse("there is no sync %s", syncID)
		return
	}
	for _, o := range opts {
		o(s)
	}
}

// AddExecution adds an execution to a sync's past: it was started at a time that must lie before now and after its
// other executions, and went as the run says. One that would end later goes on from now. It returns its id, or ""
// when there is no such sync.
func (f *Fake) AddExecution(syncID string, created time.Time, run Run) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.advance(time.Now())
	s := f.core(syncID)
	if s == nil {
		return ""
	}
	e := f.newExecution(s, run.withDefaults(f.config.startup), created, s.enabled(), nil)
	s.executions = append(s.executions, e)
	slices.SortStableFunc(s.executions, func(a, b *execution) int { return a.created.Compare(b.created) })
	f.announce(e)
	f.advance(f.now)
	return e.id
}

// core finds a sync of either kind. The lock is held.
func (f *Fake) core(syncID string) *syncCore {
	if b := f.bulkSyncs.byID[syncID]; b != nil {
		return &b.syncCore
	}
	if m := f.modelSyncs.byID[syncID]; m != nil {
		return &m.syncCore
	}
	return nil
}

// enabled are the schemas that a whole execution syncs.
func (s *syncCore) enabled() []*syncSchema {
	if s.bulkSync == nil {
		return nil
	}
	var out []*syncSchema
	for _, x := range s.bulkSync.schemas {
		if x.enabled {
			out = append(out, x)
		}
	}
	return out
}
