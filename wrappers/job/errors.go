package job

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// Sentinels, for errors.Is. Each is wrapped in an error that names the job and says what to do.
var (
	// ErrCanceledRemotely is the end of a wait for a job that somebody stopped at the service. The error that wraps
	// it is a [FailedError]. It has nothing to do with the caller's context: that is context.Canceled.
	ErrCanceledRemotely = errors.New("the job was cancelled at the service")
	// ErrGone is the end of a wait for a job that the service does not know: it was deleted, it never was, or the
	// credentials do not reach it.
	ErrGone = errors.New("the service does not know the job")
	// ErrMaxWait is the end of a wait that lasted as long as [MaxWait] allows. errors.Is(err,
	// context.DeadlineExceeded) holds for it too.
	ErrMaxWait error = maxWaitError{}
	// ErrTokenInvalid is a text that is no token of this package, or a token that this version cannot read.
	ErrTokenInvalid = errors.New("not a job token")
	// ErrTokenMismatch is a token that belongs to another service, another origin, or another signing key.
	ErrTokenMismatch = errors.New("the job token belongs to another client")
)

type maxWaitError struct{}

func (maxWaitError) Error() string        { return "the longest wait allowed has passed" }
func (maxWaitError) Is(target error) bool { return target == context.DeadlineExceeded }
func (maxWaitError) Timeout() bool        { return true }

// FailedError is a job that ended without doing all it was asked to do: it failed, or somebody cancelled it. For a
// cancelled one errors.Is(err, [ErrCanceledRemotely]) holds.
type FailedError struct {
	// Snapshot is the job's last state; its Phase is PhaseFailed or PhaseCanceled.
	Snapshot Snapshot
}

// Error returns one line with the job and the service's reason. The text is not a contract.
func (e *FailedError) Error() string {
	var b strings.Builder
	b.WriteString(e.Snapshot.Ref.String())
	if e.Snapshot.Phase == PhaseCanceled {
		b.WriteString(" was cancelled at the service")
	} else {
		b.WriteString(" failed")
	}
	f := e.Snapshot.Failure
	if f == nil || (f.Message == "" && f.Origin == "" && f.Type == "") {
		if e.Snapshot.Phase == PhaseCanceled {
			b.WriteString(" — start a new one if that was not meant")
		} else {
			b.WriteString(" and the service gave no reason — read the job's log there")
		}
		return oneLine(b.String())
	}
	if f.Origin != "" {
		b.WriteString(": " + f.Origin)
	}
	if f.Message != "" {
		b.WriteString(": " + f.Message)
	}
	if f.Type != "" {
		b.WriteString(" (" + f.Type + ")")
	}
	return oneLine(b.String())
}

// Is makes errors.Is(err, ErrCanceledRemotely) hold for a cancelled job.
func (e *FailedError) Is(target error) bool {
	return target == ErrCanceledRemotely && e.Snapshot.Phase == PhaseCanceled
}

// LogValue implements [slog.LogValuer].
func (e *FailedError) LogValue() slog.Value { return e.Snapshot.LogValue() }

// WaitError is a wait that ended before its job did. The job goes on at the service: wait again, or resume from its
// token. Err says why the wait ended: context.Cause of the caller's context, [ErrMaxWait], [ErrGone], an
// [UnknownStateError], or the poll error that was not tolerated any longer.
type WaitError struct {
	// Last is the last snapshot of the job, its Ref at least.
	Last Snapshot
	// Polls is how many calls asked for the job during this wait, those shared with other waits included.
	Polls int
	// Elapsed is how long the wait lasted.
	Elapsed time.Duration
	// Err is why the wait ended.
	Err error

	also error // ctx.Err() when the cause is another error, or the error of a cancellation that was asked for
}

// Error returns one line with the job, its last known state and the reason. The text is not a contract.
func (e *WaitError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "stopped waiting for %s after %s and %s", e.Last.Ref, e.Elapsed.Round(time.Millisecond), count(e.Polls, "poll"))
	if e.Last.Phase != PhaseUnknown || e.Last.Raw != "" {
		fmt.Fprintf(&b, ", last seen %s", e.Last.state())
	}
	fmt.Fprintf(&b, ": %v", e.Err)
	var unknown *UnknownStateError
	switch {
	case errors.As(e.Err, &unknown):
	case errors.Is(e.Err, ErrGone):
		b.WriteString(" — check its id and what the credentials may read")
	default:
		b.WriteString(" — the job goes on: wait again or resume from its token")
	}
	return oneLine(b.String())
}

// Unwrap returns the reason, and ctx.Err() besides when the context was ended with a cause of its own.
func (e *WaitError) Unwrap() []error {
	if e.also == nil {
		return []error{e.Err}
	}
	return []error{e.Err, e.also}
}

// LogValue implements [slog.LogValuer].
func (e *WaitError) LogValue() slog.Value {
	return slog.GroupValue(slog.Any("job", e.Last), slog.Int("polls", e.Polls), slog.Duration("elapsed", e.Elapsed),
		slog.String("reason", oneLine(e.Err.Error())))
}

// UnknownStateError is a job that has been in states this version of the library does not know, and in no other, for
// longer than [Options.UnknownGrace]. It comes wrapped in a [WaitError].
type UnknownStateError struct {
	// Snapshot is the last one; Raw is the state as the service spelled it.
	Snapshot Snapshot
	// For is how long nothing but unknown states was seen.
	For time.Duration
}

// Error returns one line. The text is not a contract.
func (e *UnknownStateError) Error() string {
	return oneLine(fmt.Sprintf("%s has been in the unknown state %q for %s — a newer version of this library may know it; "+
		"look at the job at the service", e.Snapshot.Ref, clip(e.Snapshot.Raw, 64), e.For.Round(time.Second)))
}

// LogValue implements [slog.LogValuer].
func (e *UnknownStateError) LogValue() slog.Value {
	return slog.GroupValue(slog.Any("job", e.Snapshot), slog.Duration("for", e.For))
}

// outcome is the error of a final snapshot, nil when the job succeeded.
func outcome(s *Snapshot) error {
	if s.Phase == PhaseSucceeded {
		return nil
	}
	return &FailedError{Snapshot: *s}
}

// oneLine folds white space and bounds the length: a service's message may be a stack trace.
func oneLine(s string) string { return clip(strings.Join(strings.Fields(s), " "), 1000) }

func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
