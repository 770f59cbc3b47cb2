package atlan

import (
	"errors"
	"net/http"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// category is a sort of errors, for errors.Is.
type category string

// The categories of errors. Every [apierr.Error] of this package but one belongs to exactly one of them, decided by the
// HTTP status and never by the code, which at times disagrees with it (a code that begins ATLAS-409 comes with a 404, one
// with ATLAS-500 with a 409, one with ATLAS-400 with a 429). The one is a call that the caller cancelled.
//
//	if errors.Is(err, atlan.ErrNotFound) { … }
//
// The kinds of package apierr work beside them, and tell more apart.
const (
	// ErrAPIConnection: no answer came. The network, a proxy (407 included), a time that was over; for the caller's own
	// deadline errors.Is(err, context.DeadlineExceeded) holds too.
	ErrAPIConnection = category("atlan: no connection")
	// ErrAuthentication: the credentials are missing, wrong or expired (401, or a refused exchange for a token).
	ErrAuthentication = category("atlan: not authenticated")
	// ErrConflict: something exists already, or is locked (409, 412, 423: see [ErrLocked]).
	ErrConflict = category("atlan: conflict")
	// ErrInvalidRequest: the service refused what was sent (400, 406, 413, 422…), or a check before the network did.
	ErrInvalidRequest = category("atlan: invalid request")
	// ErrLogic: what came back, or what was found, is not what can be: an unreadable answer, a redirect elsewhere, several
	// where there can be one.
	ErrLogic = category("atlan: unexpected answer or state")
	// ErrNotFound: it does not exist (404), or nothing has this name.
	ErrNotFound = category("atlan: not found")
	// ErrPermission: the credentials do not allow it (403).
	ErrPermission = category("atlan: permission denied")
	// ErrRateLimit: too many requests (429). [apierr.Error.RetryAfter] says for how long.
	ErrRateLimit = category("atlan: rate limited")
	// ErrServer: the service failed (500 and above, 503 included).
	ErrServer = category("atlan: server error")
)

// Error returns the category in words.
func (c category) Error() string { return string(c) }

// Matches reports whether an error belongs to the category. It implements [apierr.Category].
func (c category) Matches(e *apierr.Error) bool {
	return (e.Service == service || e.Service == "") && categoryOf(e) == c // "": generated code could not make the request
}

// categoryOf is the category of an error, "" for a call that the caller cancelled. Kinds are by status; what one kind
// holds together here, the status tells apart.
func categoryOf(e *apierr.Error) category {
	switch e.Kind {
	case apierr.KindInvalid:
		return ErrInvalidRequest
	case apierr.KindUnauthenticated:
		if e.Status == http.StatusProxyAuthRequired {
			return ErrAPIConnection // Atlan was not reached
		}
		return ErrAuthentication
	case apierr.KindPermissionDenied:
		return ErrPermission
	case apierr.KindNotFound:
		return ErrNotFound
	case apierr.KindConflict:
		return ErrConflict
	case apierr.KindRateLimited:
		return ErrRateLimit
	case apierr.KindUnavailable, apierr.KindTimeout:
		if e.Status >= http.StatusInternalServerError {
			return ErrServer
		}
		return ErrAPIConnection
	case apierr.KindCanceled:
		return ""
	case apierr.KindUnexpected, apierr.KindTooLarge, apierr.KindDecode, apierr.KindUnsupported:
	}
	switch {
	case e.Status >= http.StatusInternalServerError:
		return ErrServer
	case e.Status >= http.StatusBadRequest:
		return ErrInvalidRequest
	}
	return ErrLogic
}

// stateError is a reason that is more exact than a category. It is found inside an [apierr.Error], so that errors.Is
// finds all three: the reason, the category and the kind.
type stateError string

func (e stateError) Error() string { return string(e) }

// Reasons for errors.Is, beside the categories.
const (
	// ErrLocked: another change of the same kind is under way, such as one of type definitions (423). The call was repeated
	// as often as [WithRetries] allows.
	ErrLocked = stateError("another change holds the lock")
	// ErrNotAcceptable: the service does not take on a request of this size or form (406), such as a batch that is too
	// large.
	ErrNotAcceptable = stateError("the request is not acceptable as it is")
	// ErrPermissionsPending: a 403 with the code that Atlan answers until the permissions of a new connection have spread,
	// about a connection that this client created within [WithPermissionWindow].
	ErrPermissionsPending = stateError("the permissions of the new connection have not spread yet")
)

// ResourceError is an error of a call about one thing, with what it was. errors.As and errors.Is reach the cause, such as
// an [apierr.Error].
type ResourceError struct {
	// Resource says what it is, such as the type of an asset ("Table"), "tag" or "user".
	Resource string
	// ID is its qualified name, its guid or its name, whichever the call had.
	ID string
	// Err is what went wrong.
	Err error
}

// Error returns the cause, the resource and its id in one line.
func (e *ResourceError) Error() string { return e.Err.Error() + " [" + e.Resource + " " + e.ID + "]" }

// Unwrap returns the cause.
func (e *ResourceError) Unwrap() error { return e.Err }

// about adds what the call was about to an error; nil stays nil.
func about(resource, id string, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*ResourceError](err); ok {
		return err
	}
	return &ResourceError{Resource: resource, ID: id, Err: err}
}
