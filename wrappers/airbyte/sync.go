package airbyte

import (
	"context"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/job"
)

// RunningPolicy says what to do when a job already runs on the connection: see [OnRunning].
type RunningPolicy uint8

// The policies.
const (
	// Fail returns a [SyncRunningError]. It is the default.
	Fail RunningPolicy = iota
	// Attach takes the running job for the one that was asked for. It may be of another type, such as a clear:
	// [SyncResult.JobType] says, and [SyncResult.Attached] is true.
	Attach
	// WaitThenRun waits until the running job has ended, whether well or not, and then starts one of its own.
	WaitThenRun
)

// SyncOption changes [Connection.RunSync]: every [StartOption] and every [WaitOption] is one.
type SyncOption interface{ applySync(*syncSettings) }

// StartOption changes how a job is started.
type StartOption interface {
	SyncOption
	startOption()
}

// WaitOption changes how a job is waited for.
type WaitOption interface {
	SyncOption
	waitOption()
}

type startOption func(*syncSettings)

func (o startOption) applySync(s *syncSettings) { o(s) }
func (startOption) startOption()                {}

type waitOption func(*syncSettings)

func (o waitOption) applySync(s *syncSettings) { o(s) }
func (waitOption) waitOption()                 {}

type syncSettings struct {
	policy          RunningPolicy
	reporters       []ProgressReporter
	maxWait         time.Duration
	tolerateTimeout bool
	tolerateFailure bool
	cancelOnDone    bool
}

// OnRunning says what to do when a job already runs on the connection. Without it that is [Fail]. [Attach] and
// [WaitThenRun] ask again for as long as the server says that a job runs, also when its lists never show one: the context,
// or [WithMaxWait], bounds them.
func OnRunning(policy RunningPolicy) StartOption {
	return startOption(func(s *syncSettings) { s.policy = policy })
}

// WithProgress tells a reporter, such as a progress bar or a [ProgressFunc], how the job comes along. Several may be
// given.
func WithProgress(reporter ProgressReporter) WaitOption {
	return waitOption(func(s *syncSettings) {
		if reporter != nil {
			s.reporters = append(s.reporters, reporter)
		}
	})
}

// WithMaxWait ends the wait after d with a [SyncTimeoutError]; the job goes on. In RunSync the time counts from the call,
// but a request to start a job is never cut short by it. Without it, or with d ≤ 0, only the context bounds the wait.
func WithMaxWait(d time.Duration) WaitOption {
	return waitOption(func(s *syncSettings) { s.maxWait = d })
}

// TolerateTimeout makes the end of [WithMaxWait] no error: the status that comes back is then not final. The end of the
// context stays one.
func TolerateTimeout() WaitOption {
	return waitOption(func(s *syncSettings) { s.tolerateTimeout = true })
}

// TolerateFailure makes a failed or cancelled job no error: look at the status, or at [SyncResult.Err].
func TolerateFailure() WaitOption {
	return waitOption(func(s *syncSettings) { s.tolerateFailure = true })
}

// CancelOnStop cancels the job when the wait ends before it, because the context ended or [WithMaxWait] passed. The
// cancellation may take 10 seconds longer. A job that was attached to is never cancelled.
func CancelOnStop() WaitOption {
	return waitOption(func(s *syncSettings) { s.cancelOnDone = true })
}

func settingsOf[O SyncOption](opts []O) *syncSettings {
	s := &syncSettings{}
	for _, o := range opts {
		if any(o) != nil {
			o.applySync(s)
		}
	}
	return s
}

// RunSync starts a sync and waits until it has ended.
//
// Exactly one sync is started: the request is sent once, and when its answer is lost, the connection's jobs decide. The
// result is nil only when none was started or found; with an error of the wait it comes too, to go on with.
//
// Errors: a [SyncError] when the sync failed or was cancelled, a [SyncTimeoutError] when the deadline of ctx or
// [WithMaxWait] passed, a [job.WaitError] with the last snapshot when the wait ended otherwise (errors.Is(err,
// context.Canceled) when ctx was cancelled), a [SyncRunningError] when a job runs already, an [AmbiguousTriggerError]
// when it cannot be known whether a sync was started, a [ConnectionStatusError] when the connection is inactive or
// locked, and whatever the service answers, inside a [ResourceError]. When ctx ends RunSync returns at once and the sync
// goes on; see [CancelOnStop].
//
//sluice:operation POST /jobs
//sluice:operation GET /jobs
//sluice:operation GET /jobs/{jobId}
func (c *Connection) RunSync(ctx context.Context, opts ...SyncOption) (*SyncResult, error) {
	return c.run(ctx, JobTypeSync, settingsOf(opts))
}

// StartSync starts a sync and returns its handle without waiting, as safely as [Connection.RunSync] and with the same
// errors, but for those of the wait.
//
//sluice:operation POST /jobs
//sluice:operation GET /jobs
func (c *Connection) StartSync(ctx context.Context, opts ...StartOption) (*SyncResult, error) {
	return c.start(ctx, JobTypeSync, settingsOf(opts), time.Time{})
}

// Clear removes what the connection's syncs have written, and their state, and waits until that is done: the next sync
// begins anew. A sync that runs is cancelled by the server first. Errors are those of [Connection.RunSync].
//
//sluice:operation POST /jobs
//sluice:operation GET /jobs
//sluice:operation GET /jobs/{jobId}
func (c *Connection) Clear(ctx context.Context, opts ...WaitOption) (*SyncResult, error) {
	return c.run(ctx, JobTypeReset, settingsOf(opts))
}

// StartClear starts what [Connection.Clear] does and returns the job's handle without waiting for it. The server answers
// when a sync that was running has been cancelled, which may take minutes.
//
//sluice:operation POST /jobs
//sluice:operation GET /jobs
func (c *Connection) StartClear(ctx context.Context) (*SyncResult, error) {
	return c.start(ctx, JobTypeReset, &syncSettings{}, time.Time{})
}

// RunSync starts a sync of a connection and waits until it has ended: see [Connection.RunSync].
//
//sluice:operation POST /jobs
//sluice:operation GET /jobs
//sluice:operation GET /jobs/{jobId}
func (w *Workspace) RunSync(ctx context.Context, connection string, opts ...SyncOption) (*SyncResult, error) {
	return w.Connection(connection).RunSync(ctx, opts...)
}

// StartSync starts a sync of a connection without waiting: see [Connection.StartSync].
//
//sluice:operation POST /jobs
//sluice:operation GET /jobs
func (w *Workspace) StartSync(ctx context.Context, connection string, opts ...StartOption) (*SyncResult, error) {
	return w.Connection(connection).StartSync(ctx, opts...)
}

func (c *Connection) run(ctx context.Context, kind JobType, s *syncSettings) (*SyncResult, error) {
	var deadline time.Time
	if s.maxWait > 0 {
		deadline = time.Now().Add(s.maxWait)
	}
	result, err := c.start(ctx, kind, s, deadline)
	if err != nil {
		return nil, err
	}
	_, err = result.wait(ctx, s, deadline)
	return result, err
}

func (c *Connection) start(ctx context.Context, kind JobType, s *syncSettings, deadline time.Time) (*SyncResult, error) {
	t, err := c.trigger(ctx, kind, s.policy, deadline)
	if err != nil {
		return nil, err
	}
	return c.result(t.row, t.origin, t.past), nil
}

// jobOptions are the settings as package job takes them.
func (s *syncSettings) jobOptions(r *SyncResult, deadline time.Time) []job.WaitOption {
	var opts []job.WaitOption
	if !deadline.IsZero() {
		opts = append(opts, job.MaxWait(max(time.Until(deadline), 1)))
	}
	if len(s.reporters) > 0 {
		opts = append(opts, job.OnSnapshot(func(snapshot job.Snapshot) {
			p := progressOf(snapshot, r.past)
			for _, reporter := range s.reporters {
				reporter.Report(p)
			}
		}))
	}
	if s.cancelOnDone && !r.Attached() {
		opts = append(opts, job.CancelOnDone())
	}
	return opts
}
