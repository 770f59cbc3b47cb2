package polytomic

import (
	"slices"
	"time"

	"github.com/oapi-codegen/nullable"

	"github.com/sluice-sdk/sluice/gen/polytomicapi"
	"github.com/sluice-sdk/sluice/wrappers/job"
)

// RunningPolicy says what to do when an execution of the sync already runs: see [OnRunning].
type RunningPolicy uint8

// The policies.
const (
	// Fail returns a [SyncRunningError]. It is the default.
	Fail RunningPolicy = iota
	// Attach takes the running execution for the one that was asked for. It may have been started with other schemas
	// or another resync mode; Attached says so.
	Attach
	// WaitThenRun waits until the running execution has ended, whether well or not, and then starts one of its own.
	WaitThenRun
)

// BulkRunOption changes [BulkSync.Run]: every [BulkStartOption] and every [WaitOption] is one.
type BulkRunOption interface{ bulkRun(*runSettings) }

// BulkStartOption changes how a bulk sync is started.
type BulkStartOption interface {
	BulkRunOption
	bulkStart()
}

// ModelRunOption changes [ModelSync.Run]: every [ModelStartOption] and every [WaitOption] is one.
type ModelRunOption interface{ modelRun(*runSettings) }

// ModelStartOption changes how a model sync is started.
type ModelStartOption interface {
	ModelRunOption
	modelStart()
}

// WaitOption changes how an execution, a job, a query or a connection is waited for.
type WaitOption interface {
	BulkRunOption
	ModelRunOption
	wait(*runSettings)
}

// StartOption changes how a sync of either sort is started.
type StartOption interface {
	BulkStartOption
	ModelStartOption
}

type waitOption func(*runSettings)

func (o waitOption) bulkRun(s *runSettings)  { o(s) }
func (o waitOption) modelRun(s *runSettings) { o(s) }
func (o waitOption) wait(s *runSettings)     { o(s) }

type startOption func(*runSettings)

func (o startOption) bulkRun(s *runSettings)  { o(s) }
func (o startOption) modelRun(s *runSettings) { o(s) }
func (startOption) bulkStart()                {}
func (startOption) modelStart()               {}

type bulkOption func(*runSettings)

func (o bulkOption) bulkRun(s *runSettings) { o(s) }
func (bulkOption) bulkStart()               {}

type modelOption func(*runSettings)

func (o modelOption) modelRun(s *runSettings) { o(s) }
func (modelOption) modelStart()               {}

type runSettings struct {
	bulk  polytomicapi.StartBulkSyncRequest
	model polytomicapi.StartSyncRequest

	policy          RunningPolicy
	failOnErrors    bool
	failOnWarnings  bool
	tolerateFailure bool
	maxWait         time.Duration
	cancelOnStop    bool
	progress        []func(job.Snapshot)
}

// OnRunning says what to do when an execution of the sync already runs. Without it that is [Fail].
func OnRunning(policy RunningPolicy) StartOption {
	return startOption(func(s *runSettings) { s.policy = policy })
}

// AsTest moves a few records only. It excludes [ResyncMode].
func AsTest() StartOption {
	return startOption(func(s *runSettings) { yes := true; s.bulk.Test, s.model.Test = &yes, &yes })
}

// OnlySchemas runs a bulk sync for these schemas alone, by their ids. An empty list is an error of kind
// [apierr.KindInvalid], because the service would run them all.
func OnlySchemas(ids ...string) BulkStartOption {
	return bulkOption(func(s *runSettings) { s.bulk.Schemas = nullable.NewNullableWithValue(slices.Clone(ids)) })
}

// ResyncMode reads everything anew: rebuild, resync or refetch, of which [Connection.BulkDestination] names those that
// the destination can do. It excludes [AsTest].
func ResyncMode(mode polytomicapi.BulkResyncMode) BulkStartOption {
	return bulkOption(func(s *runSettings) { s.bulk.ResyncMode = &mode })
}

// FetchMode overrides how much of the source is read: full, incremental or none.
func FetchMode(mode polytomicapi.BulkFetchMode) BulkStartOption {
	return bulkOption(func(s *runSettings) { s.bulk.FetchMode = &mode })
}

// ResyncRecords makes a model sync write all records, not only those that changed.
func ResyncRecords() ModelStartOption {
	return modelOption(func(s *runSettings) { yes := true; s.model.Resync = &yes })
}

// OnlyIdentities runs a model sync for the records with these identities alone. An empty list is an error of kind
// [apierr.KindInvalid], because the service would write all records.
func OnlyIdentities(identities ...string) ModelStartOption {
	return modelOption(func(s *runSettings) { s.model.Identities = nullable.NewNullableWithValue(slices.Clone(identities)) })
}

// FailOnErrors makes an execution that completed although records failed an [ExecutionError]. Without it such a run is no
// error, but its Outcome is [OutcomeErrors].
func FailOnErrors() WaitOption {
	return waitOption(func(s *runSettings) { s.failOnErrors = true })
}

// FailOnWarnings is [FailOnErrors] for warnings too.
func FailOnWarnings() WaitOption {
	return waitOption(func(s *runSettings) { s.failOnErrors, s.failOnWarnings = true, true })
}

// TolerateFailure makes a failed or cancelled execution no error: look at its Outcome.
func TolerateFailure() WaitOption {
	return waitOption(func(s *runSettings) { s.tolerateFailure = true })
}

// WithProgress calls f with the first snapshot, with each that says something new, and with the last one.
func WithProgress(f func(job.Snapshot)) WaitOption {
	return waitOption(func(s *runSettings) {
		if f != nil {
			s.progress = append(s.progress, f)
		}
	})
}

// WithMaxWait ends the wait after d with an error that wraps [job.ErrMaxWait]; the job goes on. The time counts from the
// beginning of the wait. Without it, or with d ≤ 0, only the context bounds the wait.
func WithMaxWait(d time.Duration) WaitOption {
	return waitOption(func(s *runSettings) { s.maxWait = d })
}

// CancelOnStop cancels the execution when the wait ends before it, because the context ended or [WithMaxWait] passed. The
// cancellation may take 10 seconds longer. An execution that was attached to is never cancelled, and jobs and queries
// cannot be.
func CancelOnStop() WaitOption {
	return waitOption(func(s *runSettings) { s.cancelOnStop = true })
}

func bulkSettings[O BulkRunOption](opts []O) *runSettings {
	s := &runSettings{}
	for _, o := range opts {
		if any(o) != nil {
			o.bulkRun(s)
		}
	}
	return s
}

func modelSettings[O ModelRunOption](opts []O) *runSettings {
	s := &runSettings{}
	for _, o := range opts {
		if any(o) != nil {
			o.modelRun(s)
		}
	}
	return s
}

// jobOptions are the settings as package job takes them.
func (s *runSettings) jobOptions(cancelable bool) []job.WaitOption {
	var opts []job.WaitOption
	if s.maxWait > 0 {
		opts = append(opts, job.MaxWait(s.maxWait))
	}
	for _, f := range s.progress {
		opts = append(opts, job.OnSnapshot(f))
	}
	if s.cancelOnStop && cancelable {
		opts = append(opts, job.CancelOnDone())
	}
	return opts
}
