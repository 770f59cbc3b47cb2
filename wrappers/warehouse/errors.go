package warehouse

import (
	"errors"
	"strings"
)

// ErrUnsupported is matched by every [*UnsupportedError].
var ErrUnsupported = errors.New("not supported")

// ErrInput is matched by every [*InputError].
var ErrInput = errors.New("bad input")

// UnsupportedError says that a destination, a connector version or a way to
// connect is outside what this package does, and what it would have taken.
type UnsupportedError struct {
	// What was asked for.
	What string
	// Supported lists what would have worked; empty when nothing would.
	Supported []string
	// Hint says what to do instead; may be empty.
	Hint string
}

func (e *UnsupportedError) Error() string {
	var b strings.Builder
	b.WriteString("warehouse: ")
	b.WriteString(e.What)
	b.WriteString(" is not supported")
	if len(e.Supported) > 0 {
		b.WriteString("; supported: ")
		b.WriteString(strings.Join(e.Supported, ", "))
	}
	if e.Hint != "" {
		b.WriteString("; ")
		b.WriteString(e.Hint)
	}
	return b.String()
}

// Is reports whether target is [ErrUnsupported].
func (e *UnsupportedError) Is(target error) bool { return target == ErrUnsupported }

// InputError says which argument or configuration field cannot be used and why.
// It never carries the value of a field that may hold a secret.
type InputError struct {
	// Field is the argument or the configuration key, e.g. "host" or
	// "ssl_mode.mode".
	Field string
	// Reason completes the sentence "<field> …".
	Reason string
	// Err is the cause, if another error was it. It holds no secret.
	Err error
}

func (e *InputError) Error() string {
	text := "warehouse: " + e.Field + " " + e.Reason
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Is reports whether target is [ErrInput].
func (e *InputError) Is(target error) bool { return target == ErrInput }

// Unwrap returns the cause.
func (e *InputError) Unwrap() error { return e.Err }
