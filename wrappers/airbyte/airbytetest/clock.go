package airbytetest

import (
	"cmp"
	"container/heap"
	"slices"
	"sort"
	"time"

	wire "github.com/sluice-sdk/sluice/gen/airbyteapi"
)

// clock keeps the jobs in step with time without a timer for any of them: what is due is done when somebody
// looks. Ten thousand jobs over a day cost forty thousand heap operations, whenever a request comes.
type clock struct {
	jobs    []*job // by time of creation
	byID    map[int64]*job
	lastJob int64
	due     dueHeap
	numbers int      // of what was ever due
	updates []update // by time; those of jobs that were updated again are stale
}

// due is something that happens at a time: a job's next event, or the late creation of one.
type due struct {
	at     time.Time
	number int // of the event, to keep two of the same time in order
	job    *job
	index  int
	create func(at time.Time)
}

type dueHeap []due

func (h *dueHeap) Len() int { return len(*h) }

func (h *dueHeap) Less(i, j int) bool {
	a, b := (*h)[i], (*h)[j]
	return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.number, b.number)) < 0
}

func (h *dueHeap) Swap(i, j int) { (*h)[i], (*h)[j] = (*h)[j], (*h)[i] }

// Push implements heap.Interface.
func (h *dueHeap) Push(x any) {
	if d, ok := x.(due); ok {
		*h = append(*h, d)
	}
}

// Pop implements heap.Interface.
func (h *dueHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	old[len(old)-1] = due{}
	*h = old[:len(old)-1]
	return last
}

type update struct {
	at      time.Time
	job     *job
	version int
}

// job is a job and its state as of the last advance.
type job struct {
	id      int64
	conn    *connection
	kind    wire.JobTypeEnum
	run     Run
	created time.Time
	events  []event // planned; the state is the one at now
	now     int
	updated time.Time
	version int
	moving  *movement // data is moved for real
	failure string
}

func (j *job) state() event { return j.events[j.now] }

func (j *job) final() bool { return isFinal(j.state().status) }

func isFinal(s wire.JobStatusEnum) bool {
	return s == wire.JobStatusEnumSucceeded || s == wire.JobStatusEnumFailed || s == wire.JobStatusEnumCancelled
}

// started says whether the first attempt has begun.
func (j *job) started() bool {
	s := j.state().status
	return s != wire.JobStatusEnumPending && s != wire.JobStatusEnumQueued
}

// committed returns what the job has committed by a time, and whether anything was.
func (j *job) committed(at time.Time) (rows, bytes int64, ok bool) {
	s := j.state()
	rows, bytes, ok = s.rows, s.bytes, s.committed
	if s.status != wire.JobStatusEnumRunning || j.run.CommitEvery <= 0 || j.run.Rows < 0 || j.moving != nil {
		return rows, bytes, ok
	}
	// Between commits of a running attempt: a straight line to the end of the attempt.
	elapsed := at.Sub(s.at).Truncate(j.run.CommitEvery)
	if elapsed <= 0 {
		return rows, bytes, ok
	}
	goalRows, goalBytes, whole := j.run.Rows, j.run.Bytes, j.run.Duration
	if j.now+1 < len(j.events) {
		next := j.events[j.now+1]
		goalRows, goalBytes, whole = next.rows, next.bytes, next.at.Sub(s.at)
	}
	done := min(1, float64(elapsed)/float64(max(whole, 1)))
	return rows + int64(done*float64(goalRows-rows)), bytes + int64(done*float64(goalBytes-bytes)), true
}

// advance brings all jobs to a time. The lock is held.
func (f *Fake) advance(now time.Time) {
	for len(f.due) > 0 && !f.due[0].at.After(now) {
		d := f.due[0]
		heap.Pop(&f.due)
		if d.create != nil {
			d.create(d.at)
			continue
		}
		// A job that was cancelled meanwhile has other events now.
		if j := d.job; d.index == j.now+1 && d.index < len(j.events) && j.events[d.index].at.Equal(d.at) {
			f.step(j)
		}
	}
	if !f.has(StaleUpdates) {
		for _, j := range f.jobs {
			if s := j.state(); s.status == wire.JobStatusEnumRunning && j.run.CommitEvery > 0 && j.moving == nil {
				j.updated = s.at.Add(now.Sub(s.at).Truncate(j.run.CommitEvery))
			}
		}
	}
}

// step moves a job to its next event and plans the one after.
func (f *Fake) step(j *job) {
	j.now++
	f.touch(j, j.state().at)
	if j.final() && j.conn.running == j {
		j.conn.running = nil
	}
	f.plan(j)
}

func (f *Fake) plan(j *job) {
	if j.now+1 < len(j.events) {
		heap.Push(&f.due, due{at: j.events[j.now+1].at, number: f.nextNumber(), job: j, index: j.now + 1})
	}
}

// schedule does something when its time has come.
func (f *Fake) schedule(at time.Time, do func(at time.Time)) {
	heap.Push(&f.due, due{at: at, number: f.nextNumber(), create: do})
}

func (f *Fake) nextNumber() int {
	f.numbers++
	return f.numbers
}

// touch notes that a job was updated.
func (f *Fake) touch(j *job, at time.Time) {
	j.updated = at
	j.version++
	u := update{at, j, j.version}
	if n := len(f.updates); n > 0 && f.updates[n-1].at.After(at) {
		i := sort.Search(n, func(i int) bool { return f.updates[i].at.After(at) })
		f.updates = slices.Insert(f.updates, i, u)
	} else {
		f.updates = append(f.updates, u)
	}
	if len(f.updates) > 1024 && len(f.updates) > 4*len(f.jobs) {
		f.updates = slices.DeleteFunc(f.updates, func(u update) bool { return u.version != u.job.version })
	}
}

// add enters a new job. The lock is held.
func (f *Fake) add(c *connection, kind wire.JobTypeEnum, r Run, created time.Time) *job {
	f.lastJob++
	j := &job{id: f.lastJob, conn: c, kind: kind, run: r, created: created, failure: r.Failure}
	f.byID[j.id] = j
	f.jobs = insertByCreation(f.jobs, j)
	c.jobs = insertByCreation(c.jobs, j)
	if kind == wire.JobTypeEnumSync {
		c.syncs++
	}
	return j
}

func insertByCreation(jobs []*job, j *job) []*job {
	if n := len(jobs); n > 0 && jobs[n-1].created.After(j.created) {
		i := sort.Search(n, func(i int) bool { return jobs[i].created.After(j.created) })
		return slices.Insert(jobs, i, j)
	}
	return append(jobs, j)
}

// start begins a job now, by the clock or with data. The lock is held.
func (f *Fake) start(c *connection, kind wire.JobTypeEnum, now time.Time) *job {
	j := f.add(c, kind, f.run(c, kind), now)
	c.running = j
	if f.config.mover != nil && !f.closed && f.config.mover.Moves(f.connectorOf(c.source), f.connectorOf(c.destination)) {
		j.events = []event{{at: now, status: wire.JobStatusEnumPending}}
		f.touch(j, now)
		f.move(j)
		return j
	}
	j.events = f.timeline(j.run, now)
	f.touch(j, now)
	f.plan(j)
	f.advance(now) // a job without a startup runs at once
	return j
}

// report moves a job whose data is moved for real to a new state. The lock is held.
func (f *Fake) report(j *job, e event) {
	if j.final() {
		return
	}
	j.events = append(j.events[:j.now+1], e)
	f.step(j)
}

// stop ends a job before its time. The lock is held.
func (f *Fake) stop(j *job, now time.Time) {
	s := j.state()
	rows, bytes, committed := j.committed(now)
	if j.moving != nil {
		j.moving.cancel()
	}
	j.events = append(j.events[:j.now+1], event{
		at: now, status: wire.JobStatusEnumCancelled, attempt: s.attempt, rows: rows, bytes: bytes, committed: committed,
	})
	f.step(j)
}

// query selects jobs.
type query struct {
	jobs                     []*job // restricts to these, by time of creation
	match                    func(*job) bool
	createdStart, createdEnd *time.Time
	updatedStart, updatedEnd *time.Time
	byUpdate, descending     bool
	page                     page
}

func within(t time.Time, start, end *time.Time) bool {
	return (start == nil || !t.Before(*start)) && (end == nil || !t.After(*end))
}

// list returns the page of the jobs a query selects. The lock is held and the clock advanced.
//
// It reads only as far as it must: an order by time of update, and a lower bound of it, use the log of updates,
// everything else the order of creation.
func (f *Fake) list(q query) []*job {
	rows, skip := make([]*job, 0, q.page.limit), q.page.offset
	match := func(j *job) bool {
		return within(j.created, q.createdStart, q.createdEnd) && within(j.updated, q.updatedStart, q.updatedEnd) && q.match(j)
	}
	take := func(j *job) bool {
		if skip > 0 {
			skip--
			return true
		}
		rows = append(rows, j)
		return len(rows) < q.page.limit
	}
	if q.jobs == nil && q.byUpdate && f.has(StaleUpdates) {
		log := f.updates
		if q.updatedStart != nil {
			log = log[sort.Search(len(log), func(i int) bool { return !log[i].at.Before(*q.updatedStart) }):]
		}
		if q.updatedEnd != nil {
			log = log[:sort.Search(len(log), func(i int) bool { return log[i].at.After(*q.updatedEnd) })]
		}
		for i := range log {
			u := log[i]
			if q.descending {
				u = log[len(log)-1-i]
			}
			if u.version == u.job.version && match(u.job) && !take(u.job) {
				break
			}
		}
		return rows
	}
	jobs := q.jobs
	switch {
	case jobs != nil:
	case q.updatedStart != nil && f.has(StaleUpdates): // few were updated lately, however many there are
		log := f.updates[sort.Search(len(f.updates), func(i int) bool { return !f.updates[i].at.Before(*q.updatedStart) }):]
		for _, u := range log {
			if u.version == u.job.version {
				jobs = append(jobs, u.job)
			}
		}
		slices.SortFunc(jobs, byCreation)
	default:
		jobs = f.jobs
	}
	if q.byUpdate {
		jobs = slices.Clone(jobs)
		slices.SortStableFunc(jobs, func(a, b *job) int { return cmp.Or(a.updated.Compare(b.updated), cmp.Compare(a.id, b.id)) })
	} else {
		if q.createdStart != nil {
			jobs = jobs[sort.Search(len(jobs), func(i int) bool { return !jobs[i].created.Before(*q.createdStart) }):]
		}
		if q.createdEnd != nil {
			jobs = jobs[:sort.Search(len(jobs), func(i int) bool { return jobs[i].created.After(*q.createdEnd) })]
		}
	}
	for i := range jobs {
		j := jobs[i]
		if q.descending {
			j = jobs[len(jobs)-1-i]
		}
		if match(j) && !take(j) {
			break
		}
	}
	return rows
}

func byCreation(a, b *job) int {
	return cmp.Or(a.created.Compare(b.created), cmp.Compare(a.id, b.id))
}
