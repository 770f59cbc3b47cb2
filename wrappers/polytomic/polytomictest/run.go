package polytomictest

import (
	"math"
	"math/rand/v2"
	"time"
)

// The statuses in which an execution ends. Bulk syncs know all of them, model syncs all but Errors, schemas of a bulk
// sync all but Errors.
const (
	Completed   = "completed"
	Failed      = "failed"
	Canceled    = "canceled"
	Interrupted = "interrupted"
	Errors      = "errors"
)

// Run says how one execution goes. The zero value of a field means the default given.
type Run struct {
	// Duration is the time from the start to the end. Default 1 minute.
	Duration time.Duration
	// Startup is the part of it during which the execution is created and scheduled, queued and waiting. Default as
	// [WithStartup] says, and never more than a quarter of Duration; negative means none.
	Startup time.Duration
	// Status is how it ends, one of the constants. Default [Completed]; [Failed] when a schema fails, and when there
	// is a Message.
	Status string
	// Message is why it failed, and the message of the status.
	Message string
	// Records is how many records are moved, shared out among the schemas. Default 1000; negative is none. One that
	// does not complete moves a half.
	Records int64
	// Errors and Warnings count records that went wrong. An execution completes with them all the same.
	Errors, Warnings int64
	// Schemas says how schemas of a bulk sync go, by id. The others share what Records, Errors and Warnings leave.
	Schemas map[string]SchemaRun
	// ReportEvery is how often counts grow while it runs. Default: once, when a schema ends.
	ReportEvery time.Duration
	// Endless keeps it running until it is cancelled.
	Endless bool
	// LogLines is how many lines about its progress the console log has besides those about its state.
	LogLines int
}

// SchemaRun says how one schema of an execution goes.
type SchemaRun struct {
	// Status is how it ends. Default [Completed]; [Failed] with a Message.
	Status                    string
	Message                   string
	Records, Errors, Warnings int64
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
	switch {
	case r.Records == 0:
		r.Records = 1000
	case r.Records < 0:
		r.Records = 0
	}
	if r.Status == "" && r.Message != "" {
		r.Status = Failed
	}
	for id, s := range r.Schemas {
		if s.Status == "" && s.Message != "" {
			s.Status = Failed
		}
		if s.Status == "" {
			s.Status = Completed
		}
		if s.Status != Completed && r.Status == "" {
			r.Status = Failed
		}
		r.Schemas[id] = s
	}
	if r.Status == "" {
		r.Status = Completed
	}
	return r
}

// SyncOption adjusts a bulk sync or a model sync: what it is when a test adds it, or how its executions go.
type SyncOption func(*syncCore)

// SyncTakes makes every execution of a sync take d from its start to its end.
func SyncTakes(d time.Duration) SyncOption {
	return SyncTakesFunc(func(int, *rand.Rand) time.Duration { return d })
}

// SyncTakesFunc takes the duration of a sync's n-th execution (0 for the first) from a function, which may draw from
// a source of chance that is the same for the same seed. It must not call the fake.
func SyncTakesFunc(duration func(n int, random *rand.Rand) time.Duration) SyncOption {
	return changeRun(func(n int, random *rand.Rand, r *Run) { r.Duration = duration(n, random) })
}

// LogNormal is a distribution for [SyncTakesFunc]: the median, and the standard deviation of the logarithm. What
// syncs take in practice looks like it.
func LogNormal(median time.Duration, sigma float64) func(int, *rand.Rand) time.Duration {
	return func(_ int, random *rand.Rand) time.Duration {
		return time.Duration(float64(median) * math.Exp(sigma*random.NormFloat64()))
	}
}

// StartsAfter sets how long executions of a sync wait before they run.
func StartsAfter(d time.Duration) SyncOption {
	if d == 0 {
		d = -1
	}
	return changeRun(func(_ int, _ *rand.Rand, r *Run) { r.Startup = d })
}

// SyncMoves sets how many records an execution moves.
func SyncMoves(records int64) SyncOption {
	if records == 0 {
		records = -1
	}
	return changeRun(func(_ int, _ *rand.Rand, r *Run) { r.Records = records })
}

// RecordErrors lets every execution complete with records that have errors and warnings.
func RecordErrors(errors, warnings int64) SyncOption {
	return changeRun(func(_ int, _ *rand.Rand, r *Run) { r.Errors, r.Warnings = errors, warnings })
}

// ReportsEvery makes the counts of running executions grow in between.
func ReportsEvery(d time.Duration) SyncOption {
	return changeRun(func(_ int, _ *rand.Rand, r *Run) { r.ReportEvery = d })
}

// SyncFails makes every execution of a sync fail for a reason.
func SyncFails(reason string) SyncOption {
	return changeRun(func(_ int, _ *rand.Rand, r *Run) { r.Status, r.Message = Failed, reason })
}

// SyncEnds makes every execution of a sync end in a status, one of the constants, with a message.
func SyncEnds(status, message string) SyncOption {
	return changeRun(func(_ int, _ *rand.Rand, r *Run) { r.Status, r.Message = status, message })
}

// SchemaFails makes one schema of every execution of a bulk sync fail, and with it the execution.
func SchemaFails(schemaID, reason string) SyncOption {
	return changeRun(func(_ int, _ *rand.Rand, r *Run) {
		if r.Schemas == nil {
			r.Schemas = make(map[string]SchemaRun)
		}
		r.Schemas[schemaID] = SchemaRun{Status: Failed, Message: reason}
	})
}

// SyncIsCanceled ends every execution of a sync as canceled, as when somebody does it in the web application.
func SyncIsCanceled() SyncOption { return SyncEnds(Canceled, "") }

// SyncNeverEnds keeps every execution of a sync running until it is cancelled.
func SyncNeverEnds() SyncOption {
	return changeRun(func(_ int, _ *rand.Rand, r *Run) { r.Endless = true })
}

// LogLines adds lines about the progress to the console log of every execution.
func LogLines(n int) SyncOption {
	return changeRun(func(_ int, _ *rand.Rand, r *Run) { r.LogLines = n })
}

// Runs scripts every execution: the function gets its number (0 for the first of the sync) and a source of chance,
// and returns how it goes. It must not call the fake.
func Runs(script func(n int, random *rand.Rand) Run) SyncOption {
	return changeRun(func(n int, random *rand.Rand, r *Run) { *r = script(n, random) })
}

func changeRun(change func(n int, random *rand.Rand, r *Run)) SyncOption {
	return func(s *syncCore) { s.script = append(s.script, change) }
}

// run plans the next execution of a sync. The lock is held.
func (f *Fake) run(s *syncCore) Run {
	var r Run
	for _, change := range s.script {
		change(s.starts, f.random, &r)
	}
	return r.withDefaults(f.config.startup)
}
