package airbytetest

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	wire "github.com/sluice-sdk/sluice/gen/airbyteapi"
	"github.com/sluice-sdk/sluice/wrappers/servicetest"
)

// movement is a job whose data is moved for real.
type movement struct {
	cancel  context.CancelFunc
	stopped chan struct{} // closed when the mover has returned for good
}

// realAttempts is how often a job whose data is moved for real is tried when its failures were not asked for.
const realAttempts = 3

// move runs a job with the mover. The lock is held.
func (f *Fake) move(j *job) {
	ctx, cancel := context.WithCancel(f.ctx)
	before := j.conn.moved
	j.moving = &movement{cancel: cancel, stopped: make(chan struct{})}
	j.conn.moved = j.moving
	moving := j.moving
	f.movers.Go(func() {
		defer close(moving.stopped)
		defer cancel()
		if before != nil {
			<-before.stopped // a cancelled job's workflow ends, and its states are there, before the next one begins
		}
		f.execute(ctx, j)
	})
}

func (f *Fake) execute(ctx context.Context, j *job) {
	say := func(status wire.JobStatusEnum, attempt int) {
		f.mu.Lock()
		defer f.mu.Unlock()
		s := j.state()
		f.report(j, event{at: time.Now(), status: status, attempt: attempt, rows: s.rows, bytes: s.bytes, committed: s.committed})
	}
	startup := j.run.Startup
	if servicetest.Sleep(ctx, startup/3) != nil {
		return
	}
	if startup > 0 && f.has(QueuedStatus) {
		say(wire.JobStatusEnumQueued, 0)
	}
	if servicetest.Sleep(ctx, startup-startup/3) != nil {
		return
	}
	var rows, bytes int64 // committed by the attempts before
	var plan *Plan
	for attempt := 0; ; attempt++ {
		say(wire.JobStatusEnumRunning, attempt)
		var result Result
		err := f.discover(ctx, j.conn.source, false)
		if err == nil {
			if plan == nil {
				plan = f.planOf(j)
			}
			result, err = f.attempt(ctx, j, *plan, attempt, rows, bytes)
		}
		f.mu.Lock()
		// What was committed stays, however the attempt ended: states are kept from when the destination has acknowledged
		// them, and once more when the replication closes (airbyte-platform SyncPersistence.kt).
		maps.Copy(j.conn.state, result.State)
		if ctx.Err() != nil {
			f.mu.Unlock()
			return // cancelled; the job's last state was set by who cancelled it
		}
		rows, bytes = rows+result.Rows, bytes+result.Bytes
		last := event{at: time.Now(), attempt: attempt, rows: rows, bytes: bytes, committed: err == nil || rows > 0}
		attempts := realAttempts
		if j.run.FailedAttempts > 0 || j.run.Failure != "" {
			attempts = j.run.FailedAttempts + 1
		}
		switch {
		case err == nil:
			last.status = wire.JobStatusEnumSucceeded
		case attempt+1 < attempts && !errors.Is(err, ErrConfiguration):
			last.status = wire.JobStatusEnumIncomplete
		default:
			last.status = wire.JobStatusEnumFailed
		}
		if err != nil {
			j.failure = result.Failure
			if j.failure == "" {
				j.failure = err.Error()
			}
		}
		f.report(j, last)
		f.mu.Unlock()
		if last.status != wire.JobStatusEnumIncomplete {
			return
		}
		if servicetest.Sleep(ctx, time.Second) != nil {
			return
		}
	}
}

func (f *Fake) attempt(ctx context.Context, j *job, plan Plan, attempt int, rows, bytes int64) (Result, error) {
	plan.Attempt = attempt
	plan.Streams = slices.Clone(plan.Streams)
	f.mu.Lock()
	for i := range plan.Streams {
		plan.Streams[i].State = j.conn.state[plan.Streams[i].Key()]
	}
	f.mu.Unlock()
	if attempt < j.run.FailedAttempts || j.run.Failure != "" {
		reason := j.run.Failure
		if reason == "" {
			reason = "the attempt failed because the test said so"
		}
		plan.Fail = &Fail{AfterRows: 1, Reason: reason}
	}
	done := make(map[StreamKey][2]int64)
	plan.Progress = func(stream StreamKey, streamRows, streamBytes int64) {
		f.mu.Lock()
		defer f.mu.Unlock()
		done[stream] = [2]int64{streamRows, streamBytes}
		if s := &j.events[j.now]; s.status == wire.JobStatusEnumRunning && s.attempt == attempt {
			s.rows, s.bytes, s.committed = rows, bytes, true
			for _, n := range done {
				s.rows, s.bytes = s.rows+n[0], s.bytes+n[1]
			}
			if !f.has(StaleUpdates) {
				f.touch(j, time.Now())
			}
		}
	}
	return f.config.mover.Move(ctx, plan)
}

// planOf lays down what a job is to move, and begins new generations.
func (f *Fake) planOf(j *job) *Plan {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := j.conn
	plan := &Plan{
		JobID: j.id, Clear: j.kind != wire.JobTypeEnumSync,
		Source: f.connectorOf(c.source), Destination: f.connectorOf(c.destination),
	}
	for _, configured := range c.streams {
		stream, ok := c.source.stream(StreamKey{or(configured.Namespace, ""), configured.Name})
		if !ok {
			stream = Stream{Name: configured.Name, Namespace: or(configured.Namespace, "")}
		}
		key := stream.Key()
		mode := SyncMode(or(configured.SyncMode, wire.ConnectionSyncModeEnumFullRefreshOverwrite))
		if plan.Clear || !mode.Incremental() {
			c.generations[key]++
			delete(c.state, key)
		}
		planned := PlannedStream{
			Stream: stream, SyncMode: mode, GenerationID: c.generations[key],
			CursorField: stream.SourceDefinedCursor, PrimaryKey: stream.SourceDefinedPrimaryKey,
			Target: target(string(c.namespaceDefinition), c.namespaceFormat, c.prefix, stream),
			State:  c.state[key],
		}
		if len(planned.CursorField) == 0 {
			planned.CursorField = configured.CursorField
		}
		if len(planned.CursorField) == 0 {
			planned.CursorField = stream.DefaultCursor
		}
		if len(planned.PrimaryKey) == 0 {
			planned.PrimaryKey = configured.PrimaryKey
		}
		if configured.SelectedFields != nil {
			for _, field := range *configured.SelectedFields {
				if len(field.FieldPath) > 0 {
					planned.SelectedFields = append(planned.SelectedFields, field.FieldPath[0])
				}
			}
		}
		if plan.Clear || mode.Overwrites() {
			planned.MinimumGenerationID = planned.GenerationID
		}
		plan.Streams = append(plan.Streams, planned)
	}
	return plan
}
