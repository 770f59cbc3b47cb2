package airbyte

import (
	"slices"
	"strconv"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/job"
)

// Count is a number of records or bytes that the server may not have given yet. The zero Count is not known, which is
// not the same as 0. It prints as the number, or as "unknown".
type Count struct {
	n     int64
	known bool
}

func countOf(n *int64) Count {
	if n == nil {
		return Count{}
	}
	return Count{n: *n, known: true}
}

// Int64 returns the number, and whether it is known.
func (c Count) Int64() (n int64, known bool) { return c.n, c.known }

// Or returns the number, or otherwise when it is not known.
func (c Count) Or(otherwise int64) int64 {
	if c.known {
		return c.n
	}
	return otherwise
}

// String returns the number in decimal digits, or "unknown".
func (c Count) String() string {
	if !c.known {
		return "unknown"
	}
	return strconv.FormatInt(c.n, 10)
}

// MarshalJSON returns the number, or null.
func (c Count) MarshalJSON() ([]byte, error) {
	if !c.known {
		return []byte("null"), nil
	}
	return strconv.AppendInt(nil, c.n, 10), nil
}

// Progress is how far a job has come.
type Progress struct {
	// JobID and JobType name the job.
	JobID   int64
	JobType JobType
	// Status is the job's status.
	Status JobStatus
	// Records and Bytes are what has been committed so far. Airbyte counts at checkpoints: they may be unknown, or stand
	// still, while a job runs. While many jobs are waited for, they come with changes of status only.
	Records, Bytes Count
	// Started is when the job was created, by the server's clock; zero when not known.
	Started time.Time
	// Elapsed is the time from then to the last news of the job.
	Elapsed time.Duration
	// Usual is the median duration of the connection's last successful runs, 0 when there are none.
	Usual time.Duration
}

// Fraction estimates, from the connection's earlier runs, how much of the job is done: 0 to 1, and 1 only for a job that
// has ended. It is 0 when there were no earlier runs.
func (p Progress) Fraction() float64 {
	switch {
	case p.Status.Final():
		return 1
	case p.Usual <= 0:
		return 0
	}
	return min(float64(p.Elapsed)/float64(p.Usual), 0.99)
}

// ProgressReporter is told how a job comes along, such as a progress bar. Report is called from the goroutine that
// waits, first with the state at the start, then with each change, last with the end; it should return quickly.
type ProgressReporter interface {
	Report(Progress)
}

// ProgressFunc is a function as a [ProgressReporter].
type ProgressFunc func(Progress)

// Report calls the function.
func (f ProgressFunc) Report(p Progress) { f(p) }

func progressOf(s job.Snapshot, past []time.Duration) Progress {
	id, _ := jobID(s.Ref)
	p := Progress{JobID: id, JobType: JobType(s.Kind), Status: JobStatus(s.Raw), Records: countOf(s.Progress.Records),
		Bytes: countOf(s.Progress.Bytes), Started: s.Created, Usual: median(past)}
	switch {
	case s.Phase.Final():
		p.Elapsed = s.Duration()
	case !s.Created.IsZero():
		p.Elapsed = max(0, s.Observed.Sub(s.Created))
	}
	return p
}

func median(durations []time.Duration) time.Duration {
	if len(durations) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(durations))
	return sorted[len(sorted)/2]
}
