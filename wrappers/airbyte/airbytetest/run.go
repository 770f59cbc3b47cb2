package airbytetest

import (
	"math"
	"math/rand/v2"
	"time"

	wire "github.com/sluice-sdk/sluice/gen/airbyteapi"
)

// Run says how one job goes. The zero value of a field means the default given.
type Run struct {
	// Duration is the time from the job's creation to its end. Default 1 minute.
	Duration time.Duration
	// Startup is the part of it during which the job is pending and queued. Default as [WithStartup] says, and
	// never more than a quarter of Duration; negative means none.
	Startup time.Duration
	// FailedAttempts is how many attempts fail before the last one. In between the job is incomplete.
	FailedAttempts int
	// Failure is why the last attempt fails too, which fails the job. Default: it succeeds.
	Failure string
	// Cancelled ends the job as cancelled, as when somebody does it in the web UI. It wins over Failure.
	Cancelled bool
	// Endless keeps the job running until it is cancelled.
	Endless bool
	// Rows and Bytes are what the job has committed in the end when it succeeds; attempts that fail commit a part.
	// Default 1000 rows of 100 bytes; negative commits nothing and leaves the numbers absent.
	Rows, Bytes int64
	// CommitEvery is how often an attempt commits while it runs. Default: once, when it ends.
	CommitEvery time.Duration
}

func (r Run) withDefaults(startup time.Duration) Run {
	if r.Duration <= 0 {
		r.Duration = time.Minute
	}
	switch {
	case r.Startup == 0:
		r.Startup = min(startup, r.Duration/4)
	case r.Startup < 0:
		r.Startup = 0
	default:
		r.Startup = min(r.Startup, r.Duration)
	}
	if r.Rows == 0 {
		r.Rows = 1000
	}
	if r.Bytes == 0 {
		r.Bytes = 100 * max(r.Rows, 0)
	}
	return r
}

// SyncTakes makes every sync of a connection take d from its creation to its end.
func SyncTakes(d time.Duration) ConnectionOption {
	return SyncTakesFunc(func(int, *rand.Rand) time.Duration { return d })
}

// SyncTakesFunc takes the duration of a connection's n-th sync (0 for the first) from a function, which may draw
// from a source of chance that is the same for the same seed. It must not call the fake.
func SyncTakesFunc(duration func(n int, random *rand.Rand) time.Duration) ConnectionOption {
	return changeRun(func(n int, random *rand.Rand, r *Run) { r.Duration = duration(n, random) })
}

// LogNormal is a distribution for [SyncTakesFunc]: the median, and the standard deviation of the logarithm. What
// syncs take in practice looks like it.
func LogNormal(median time.Duration, sigma float64) func(int, *rand.Rand) time.Duration {
	return func(_ int, random *rand.Rand) time.Duration {
		return time.Duration(float64(median) * math.Exp(sigma*random.NormFloat64()))
	}
}

// StartsAfter sets how long jobs of a connection are pending and queued.
func StartsAfter(d time.Duration) ConnectionOption {
	if d == 0 {
		d = -1
	}
	return changeRun(func(_ int, _ *rand.Rand, r *Run) { r.Startup = d })
}

// SyncMoves sets what a successful sync of a connection commits.
func SyncMoves(rows, bytes int64) ConnectionOption {
	return changeRun(func(_ int, _ *rand.Rand, r *Run) { r.Rows, r.Bytes = rows, bytes })
}

// CommitsEvery makes running attempts commit in between.
func CommitsEvery(d time.Duration) ConnectionOption {
	return changeRun(func(_ int, _ *rand.Rand, r *Run) { r.CommitEvery = d })
}

// SyncFails makes every sync of a connection fail for a reason.
func SyncFails(reason string) ConnectionOption {
	return changeRun(func(_ int, _ *rand.Rand, r *Run) { r.Failure = reason })
}

// AttemptsFail makes n attempts of every sync fail before the last one.
func AttemptsFail(n int) ConnectionOption {
	return changeRun(func(_ int, _ *rand.Rand, r *Run) { r.FailedAttempts = n })
}

// SyncIsCancelled ends every sync of a connection as cancelled.
func SyncIsCancelled() ConnectionOption {
	return changeRun(func(_ int, _ *rand.Rand, r *Run) { r.Cancelled = true })
}

// SyncNeverEnds keeps every sync of a connection running until it is cancelled.
func SyncNeverEnds() ConnectionOption {
	return changeRun(func(_ int, _ *rand.Rand, r *Run) { r.Endless = true })
}

// Runs scripts every job: the function gets the number of the connection's sync (0 for the first) and a source of
// chance, and returns how it goes. It must not call the fake.
func Runs(script func(n int, random *rand.Rand) Run) ConnectionOption {
	return changeRun(func(n int, random *rand.Rand, r *Run) { *r = script(n, random) })
}

func changeRun(change func(n int, random *rand.Rand, r *Run)) ConnectionOption {
	return func(c *connection) { c.script = append(c.script, change) }
}

// run plans the next job of a connection. The lock is held.
func (f *Fake) run(c *connection, kind wire.JobTypeEnum) Run {
	var r Run
	if kind != wire.JobTypeEnumSync {
		return Run{Duration: 5 * time.Second, Rows: -1}.withDefaults(f.config.startup)
	}
	for _, change := range c.script {
		change(c.syncs, f.random, &r)
	}
	return r.withDefaults(f.config.startup)
}

// event is a change of a job's state at a moment.
type event struct {
	at          time.Time
	status      wire.JobStatusEnum
	attempt     int
	rows, bytes int64
	committed   bool // rows and bytes count
}

// timeline lays a run out in time.
func (f *Fake) timeline(r Run, created time.Time) []event {
	events := make([]event, 0, 4+2*r.FailedAttempts)
	events = append(events, event{at: created, status: wire.JobStatusEnumPending})
	if r.Startup > 0 && f.has(QueuedStatus) {
		events = append(events, event{at: created.Add(r.Startup / 3), status: wire.JobStatusEnumQueued})
	}
	attempts := r.FailedAttempts + 1
	begin, end := created.Add(r.Startup), created.Add(r.Duration)
	var pause time.Duration
	work := end.Sub(begin)
	if attempts > 1 {
		pause = work / 10 / time.Duration(attempts-1)
	}
	each := (work - pause*time.Duration(attempts-1)) / time.Duration(attempts)
	share := func(k int) (rows, bytes int64) { // what k attempts that failed committed together
		return r.Rows * int64(k) / int64(attempts+1), r.Bytes * int64(k) / int64(attempts+1)
	}
	at := begin
	for k := range attempts {
		rows, bytes := share(k)
		events = append(events, event{at: at, status: wire.JobStatusEnumRunning, attempt: k, rows: rows, bytes: bytes, committed: k > 0 && r.Rows >= 0})
		if k < attempts-1 {
			rows, bytes = share(k + 1)
			events = append(events, event{at: at.Add(each), status: wire.JobStatusEnumIncomplete, attempt: k, rows: rows, bytes: bytes, committed: r.Rows >= 0})
			at = at.Add(each + pause)
		}
	}
	if r.Endless {
		return events
	}
	last := event{at: end, status: wire.JobStatusEnumSucceeded, attempt: attempts - 1, rows: r.Rows, bytes: r.Bytes, committed: r.Rows >= 0}
	switch {
	case r.Cancelled:
		last.status = wire.JobStatusEnumCancelled
		last.rows, last.bytes = share(attempts)
	case r.Failure != "":
		last.status = wire.JobStatusEnumFailed
		last.rows, last.bytes = share(attempts)
	}
	return append(events, last)
}
