package apierr

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Error is a call to a service that did not do what was asked. All of it is safe to log.
type Error struct {
	// Service is the service's name, such as "airbyte".
	Service string
	// Operation is the operation id of the service's OpenAPI document, such as "createJob"; empty when the
	// failure came before an operation was known.
	Operation string
	// Kind is the sort of failure.
	Kind Kind
	// Status is the HTTP status, 0 when there was no answer.
	Status int
	// Code is the service's own code or problem type, empty when it gave none.
	Code string
	// Message is what the service said, cut to a few hundred bytes and cleared of the secrets that were sent.
	Message string
	// Fields are the fields that the service, or a check before the network, found wrong.
	Fields []FieldError
	// RequestID is the id under which the service or its gateway logged the call.
	RequestID string
	// Method and Route name the call; the route is the document's template ("/jobs/{jobId}"), never a filled URL.
	Method, Route string
	// RetryAfter is how long the service asked to wait, 0 when it did not say.
	RetryAfter time.Duration
	// Attempts is how many times the request was sent, 0 when it never was.
	Attempts int
	// MayHaveApplied is true when the request left this process, is not safe to repeat, and no answer proved
	// whether the service carried it out. Look before repeating it.
	MayHaveApplied bool
	// Hint says what to do about it, in a sentence; empty when there is nothing useful to say.
	Hint string
	// Err is the cause, such as a context error or a decoding error; nil when the answer itself is the cause.
	Err error

	body []byte
}

// FieldError is one wrong field of a request.
type FieldError struct {
	// Field is the field's name or path, such as "schedule.cronExpression".
	Field string
	// Message says what is wrong with it.
	Message string
}

// Invalid returns an [Error] of kind [KindInvalid] for input that was refused before the network was touched.
// Field may be empty. It does no I/O.
func Invalid(service, field, format string, args ...any) *Error {
	e := &Error{Service: service, Kind: KindInvalid, Message: fmt.Sprintf(format, args...)}
	if field != "" {
		e.Fields = []FieldError{{Field: field, Message: e.Message}}
	}
	return e
}

// Error returns one line that says what happened and what to do: service, operation, status, message, request id,
// attempts, hint. The text is for people and is not a contract.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Service != "" {
		b.WriteString(e.Service)
		b.WriteByte(' ')
	}
	if e.Operation != "" {
		b.WriteString(e.Operation)
		b.WriteString(": ")
	} else if e.Service != "" {
		b.Reset()
		b.WriteString(e.Service + ": ")
	}
	if e.Status != 0 {
		fmt.Fprintf(&b, "%d ", e.Status)
	}
	b.WriteString(e.Kind.String())
	if len(e.Fields) > 0 && e.Fields[0].Field != "" {
		b.WriteString(" (" + e.Fields[0].Field + ")")
	}
	if e.Message != "" {
		b.WriteString(": ")
		b.WriteString(e.Message)
	}
	if e.Err != nil {
		if cause := e.Err.Error(); cause != e.Message {
			b.WriteString(": ")
			b.WriteString(cause)
		}
	}
	var notes []string
	if e.Code != "" {
		notes = append(notes, "code "+e.Code)
	}
	if e.RequestID != "" {
		notes = append(notes, "request id "+e.RequestID)
	}
	if e.Attempts > 1 {
		notes = append(notes, fmt.Sprintf("%d attempts", e.Attempts))
	}
	if e.RetryAfter > 0 {
		notes = append(notes, "retry after "+e.RetryAfter.String())
	}
	if e.MayHaveApplied {
		notes = append(notes, "it may have been applied")
	}
	if len(notes) > 0 {
		b.WriteString(" (" + strings.Join(notes, "; ") + ")")
	}
	if e.Hint != "" {
		b.WriteString(" — " + e.Hint)
	}
	return oneLine(b.String())
}

func oneLine(s string) string {
	return strings.Join(strings.Fields(s), " ")
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Category is a sentinel of a service's own, which stands for some of its errors: errors.Is(err, category) holds for every
// [Error] that it matches. It is for services that sort their errors otherwise than by [Kind].
type Category interface {
	error
	// Matches reports whether e is one of the errors that the category stands for. It must not change e.
	Matches(e *Error) bool
}

// Is reports whether target is the sentinel of e's kind or a [Category] that e belongs to, so that errors.Is works by
// either.
func (e *Error) Is(target error) bool {
	switch s := target.(type) {
	case sentinel:
		return Kind(s) == e.Kind
	case Category:
		return s.Matches(e)
	}
	return false
}

// Redact takes secrets out of every text of e, cuts the message to a few hundred bytes and the rest to what a log
// line can bear. Whoever fills an Error from an answer calls it before anybody else sees the error.
func (e *Error) Redact(r *Redactor) {
	e.Code = clip(r.Text(e.Code), 200)
	e.Message = clip(oneLine(r.Text(e.Message)), maxMessage)
	e.RequestID = clip(r.Text(e.RequestID), 200)
	e.Hint = clip(oneLine(r.Text(e.Hint)), maxMessage)
	e.Fields = slices.Clone(e.Fields)
	for i, f := range e.Fields {
		e.Fields[i] = FieldError{Field: clip(r.Text(f.Field), 200), Message: clip(oneLine(r.Text(f.Message)), maxMessage)}
	}
	if len(e.Fields) > 100 {
		e.Fields = e.Fields[:100]
	}
}

// SetBody keeps up to 64 KiB of an answer's body for [Error.Body], after r has taken the secrets out.
func (e *Error) SetBody(body []byte, r *Redactor) { e.body = r.Body(body) }

// clip cuts s to n bytes at the edge of a character and says so.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	const dots = "…"
	s = s[:n-len(dots)]
	for len(s) > 0 && !utf8.ValidString(s[max(0, len(s)-utf8.UTFMax):]) && s[len(s)-1] >= utf8.RuneSelf {
		s = s[:len(s)-1]
	}
	return s + dots
}

// Body returns up to 64 KiB of the answer's body with every secret-looking value masked, or nil. It is for
// debugging and is part of neither Error nor LogValue.
func (e *Error) Body() []byte { return e.body }

// LogValue implements [slog.LogValuer].
func (e *Error) LogValue() slog.Value {
	attrs := []slog.Attr{
		slog.String("service", e.Service), slog.String("operation", e.Operation), slog.String("kind", e.Kind.String()),
		slog.Int("status", e.Status), slog.Int("attempts", e.Attempts), slog.String("message", e.Message),
	}
	for _, a := range []slog.Attr{
		slog.String("code", e.Code), slog.String("request_id", e.RequestID), slog.String("route", e.Route), slog.String("hint", e.Hint),
	} {
		if a.Value.String() != "" {
			attrs = append(attrs, a)
		}
	}
	if e.RetryAfter > 0 {
		attrs = append(attrs, slog.Duration("retry_after", e.RetryAfter))
	}
	if e.MayHaveApplied {
		attrs = append(attrs, slog.Bool("may_have_applied", true))
	}
	return slog.GroupValue(attrs...)
}

// GoString implements [fmt.GoStringer]: %#v shows what LogValue shows.
func (e *Error) GoString() string { return fmt.Sprintf("&apierr.Error{%s}", e.LogValue()) }

// MarshalJSON writes what LogValue writes, so that an error logged as JSON carries no more than one logged as text.
func (e *Error) MarshalJSON() ([]byte, error) {
	m := make(map[string]any)
	for _, a := range e.LogValue().Group() {
		m[a.Key] = a.Value.Any()
		if a.Value.Kind() == slog.KindDuration {
			m[a.Key] = a.Value.Duration().String()
		}
	}
	m["error"] = e.Error()
	return json.Marshal(m)
}

// KindOf returns the kind of the first [Error] in err's tree, and false when there is none.
func KindOf(err error) (Kind, bool) {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind, true
	}
	return KindUnexpected, false
}
