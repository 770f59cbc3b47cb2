package job

import (
	"context"
	"iter"
	"time"
)

// Source reads jobs from one service for one client. It is the adapter that a service package writes. The poller calls
// it from several goroutines, at most two Fetches at a time, one Changes and one Unfinished. The context ends when nobody
// waits any more, and as [Options.CallTimeout] says. A source marks its requests for the polling lane of the limiter itself.
type Source interface {
	// Fetch reads the named jobs. It yields a snapshot for each it found, in any order, and an error for a call
	// that failed; a job it does not yield was not seen, which is neither an end nor an error. An error that
	// concerns one job only is yielded with a Snapshot that has just its Ref.
	Fetch(ctx context.Context, refs []Ref) iter.Seq2[Snapshot, error]
	// MaxBatch is how many jobs one Fetch takes; 0 means any number.
	MaxBatch() int
}

// Feed is implemented by sources whose service can say in a few calls which jobs changed. The poller then asks it,
// instead of Fetch, while two or more jobs are waited for. When a feed is refused, or fails for long, the poller goes
// on with Fetch and tries the feed again later.
type Feed interface {
	Source
	// Changes yields the jobs in scopes whose state changed at or after since, jobs nobody asked for among them;
	// each is taken in as it is yielded. Scopes has one Ref for each kind and scope that is waited in, without ID
	// and Parent; a job whose Ref has no Scope is fetched by id until a snapshot tells its scope. Since is a time of this process's clock: the source allows for the service's clock and for late
	// commits by looking back a little further. What it costs is up to the source: see docs/adr/0006-waiting-schedule.md
	// about lists of more than one page. When an error was yielded, the next call asks from the same time again.
	Changes(ctx context.Context, scopes []Ref, since time.Time) iter.Seq2[Snapshot, error]
	// Unfinished yields every job in scopes that has not ended: the audit that finds what the feed lost.
	Unfinished(ctx context.Context, scopes []Ref) iter.Seq2[Snapshot, error]
}

// History is implemented by sources that know how long earlier runs of a job's parent took. A lone wait follows it:
// the poller asks once for each parent, unless the durations of three runs are known without.
type History interface {
	// Durations returns the durations of the last few successful runs of ref.Parent, newest first. They are
	// measured as [Snapshot.Duration] is.
	Durations(ctx context.Context, ref Ref) ([]time.Duration, error)
}

// Canceler is implemented by sources that can stop a job.
type Canceler interface {
	// Cancel asks the service to stop the job; it must not stop another one.
	Cancel(ctx context.Context, ref Ref) error
}
