package job

import "time"

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

// Snapshot is what a service said about a job at one moment. Times that the service did not give are zero.
type Snapshot struct {
	Ref
	// Phase is the job's phase.
	Phase Phase
	// Raw is the status exactly as the service spelled it.
	Raw string
	// Created, Started, Updated and Finished are the service's times.
	Created, Started, Updated, Finished time.Time
	// Observed is when the answer was read, by this process's clock.
	Observed time.Time
	// Progress is how far the job has come.
	Progress Progress
	// Failure is why the job failed, nil when it did not or when the service does not say.
	Failure *Failure
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
