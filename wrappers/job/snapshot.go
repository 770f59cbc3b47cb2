package job

import (
	"log/slog"
	"time"
)

// Phase is where a job stands, the same for every service.
type Phase uint8

// The phases. PhaseSucceeded, PhaseFailed and PhaseCanceled are final.
const (
	// PhaseUnknown is a state this version of the library does not know. It is never final and never success.
	PhaseUnknown Phase = iota
	// PhasePending is a job that waits to run.
	PhasePending
	// PhaseRunning is a job that runs, or that will run again after a failed attempt.
	PhaseRunning
	// PhaseSucceeded is a job that did all it was asked to do.
	PhaseSucceeded
	// PhaseFailed is a job that ended without doing all it was asked to do.
	PhaseFailed
	// PhaseCanceled is a job that somebody stopped.
	PhaseCanceled
)

// Final reports whether a job in this phase will not change any more.
func (p Phase) Final() bool { return p == PhaseSucceeded || p == PhaseFailed || p == PhaseCanceled }

// String returns the phase in a word, such as "running".
func (p Phase) String() string {
	switch p {
	case PhasePending:
		return "pending"
	case PhaseRunning:
		return "running"
	case PhaseSucceeded:
		return "succeeded"
	case PhaseFailed:
		return "failed"
	case PhaseCanceled:
		return "cancelled"
	case PhaseUnknown:
	}
	return "unknown"
}

// Snapshot is what a service said about a job at one moment. Times that the service did not give are zero.
type Snapshot struct {
	Ref
	// Phase is the job's phase.
	Phase Phase
	// Raw is the status exactly as the service spelled it.
	Raw string
	// Created, Started, Updated and Finished are the service's times.
	Created, Started, Updated, Finished time.Time
	// Observed is when the answer was read, by this process's clock. A source that leaves it zero has it filled in.
	Observed time.Time
	// Progress is how far the job has come.
	Progress Progress
	// Failure is why the job failed, nil when it did not or when the service does not say.
	Failure *Failure
}

// Duration is how long the job has run: from Started, or Created when the service gives no start, to Finished, or
// Updated when the job is final without one. It is 0 while the job is not final and when the times are not known.
func (s Snapshot) Duration() time.Duration {
	from, to := s.Started, s.Finished
	if from.IsZero() {
		from = s.Created
	}
	if to.IsZero() {
		to = s.Updated
	}
	if !s.Phase.Final() || from.IsZero() || to.IsZero() || to.Before(from) {
		return 0
	}
	return to.Sub(from)
}

// String returns the job and its state, such as "airbyte sync 4711: running".
func (s Snapshot) String() string { return s.Ref.String() + ": " + s.state() }

// state is the phase, with the service's own word when that says something else.
func (s *Snapshot) state() string {
	if s.Raw == "" || s.Raw == s.Phase.String() {
		return s.Phase.String()
	}
	return s.Phase.String() + " (" + clip(s.Raw, 64) + ")"
}

// LogValue implements [slog.LogValuer].
func (s Snapshot) LogValue() slog.Value {
	attrs := append(s.attrs(), slog.String("phase", s.Phase.String()))
	if s.Raw != "" {
		attrs = append(attrs, slog.String("raw", clip(s.Raw, 64)))
	}
	if s.Progress.Records != nil {
		attrs = append(attrs, slog.Int64("records", *s.Progress.Records))
	}
	if s.Progress.Bytes != nil {
		attrs = append(attrs, slog.Int64("bytes", *s.Progress.Bytes))
	}
	if s.Progress.Attempt > 0 {
		attrs = append(attrs, slog.Int("attempt", s.Progress.Attempt))
	}
	if f := s.Failure; f != nil {
		attrs = append(attrs, slog.Group("failure", slog.String("origin", f.Origin), slog.String("type", f.Type),
			slog.String("message", oneLine(f.Message))))
	}
	return slog.GroupValue(attrs...)
}

// same reports whether two snapshots say the same; when they were read does not count.
func (s *Snapshot) same(o *Snapshot) bool {
	equal := func(a, b *int64) bool { return a == b || a != nil && b != nil && *a == *b }
	return s.Ref == o.Ref && s.Phase == o.Phase && s.Raw == o.Raw &&
		s.Created.Equal(o.Created) && s.Started.Equal(o.Started) && s.Updated.Equal(o.Updated) && s.Finished.Equal(o.Finished) &&
		equal(s.Progress.Records, o.Progress.Records) && equal(s.Progress.Bytes, o.Progress.Bytes) &&
		s.Progress.Attempt == o.Progress.Attempt &&
		(s.Failure == o.Failure || s.Failure != nil && o.Failure != nil && *s.Failure == *o.Failure)
}

// Progress is how far a job has come. A nil pointer means that the service has not said: that is not zero.
type Progress struct {
	// Records and Bytes are the totals so far.
	Records, Bytes *int64
	// Attempt counts from 1; 0 when unknown.
	Attempt int
}

// Failure is why a job failed, in the service's words.
type Failure struct {
	// Origin is the part that failed, such as "source" or "destination"; empty when unknown.
	Origin string
	// Type is the service's class of failure, such as "config_error"; empty when unknown.
	Type string
	// Message is the service's message.
	Message string
}
