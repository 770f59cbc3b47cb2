package atlan

import (
	"strings"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/job"
)

// The states of runs. Those of apps are in pyatlan's model/enums.py and the asset type AppWorkflowRun, those of legacy
// workflows are Argo's. Anything but Pending and Running is the end.
const (
	statusPending    = "Pending"
	statusRunning    = "Running"
	statusSucceeded  = "Succeeded"
	statusFailed     = "Failed"
	statusError      = "Error"
	statusStopped    = "Stopped"
	statusTerminated = "Terminated"
	statusSkipped    = "Skipped"
)

// phaseOf tells where a run stands. Only Succeeded is success; a state that nobody has heard of is the end, and no success.
// A run without a state, such as one of Argo's that its controller has not looked at yet, has none that is known.
func phaseOf(status string) job.Phase {
	switch {
	case status == "":
		return job.PhaseUnknown
	case strings.EqualFold(status, statusPending):
		return job.PhasePending
	case strings.EqualFold(status, statusRunning):
		return job.PhaseRunning
	case strings.EqualFold(status, statusSucceeded):
		return job.PhaseSucceeded
	case strings.EqualFold(status, statusStopped), strings.EqualFold(status, statusTerminated):
		return job.PhaseCanceled
	}
	return job.PhaseFailed
}

func knownStatus(status string) bool {
	for _, known := range [...]string{statusPending, statusRunning, statusSucceeded, statusFailed, statusError, statusStopped, statusTerminated, statusSkipped} {
		if strings.EqualFold(status, known) {
			return true
		}
	}
	return false
}

// failureOf says why a run ended as it did, nil when it went well or goes on, or when there is nothing to say.
func failureOf(status, message string) *job.Failure {
	if phase := phaseOf(status); phase != job.PhaseFailed && phase != job.PhaseCanceled {
		return nil
	}
	switch {
	case message != "":
	case strings.EqualFold(status, statusSkipped):
		message = "it was skipped: it did nothing"
	case !knownStatus(status):
		message = "it ended in a state that is not known"
	}
	return &job.Failure{Type: status, Message: message}
}

// stoppedPrefix is what Argo begins the message of a run with that somebody stopped or terminated: its state is Failed then
// (argo-workflows workflow/controller/operator.go).
const stoppedPrefix = "Stopped with strategy"

func isStopped(message string) bool { return strings.HasPrefix(message, stoppedPrefix) }

// moment reads a time of the services for apps and workflows; zero when there is none that can be read.
func moment(text *string) time.Time {
	if text == nil {
		return time.Time{}
	}
	at, err := time.Parse(time.RFC3339, strings.TrimSpace(*text))
	if err != nil {
		return time.Time{}
	}
	return at
}
