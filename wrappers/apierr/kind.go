package apierr

// Kind says what sort of failure an [Error] is, the same for every service. It is decided by HTTP status first
// and by the service's own code where that says more.
type Kind uint8

// The kinds. New ones may be added; treat an unknown kind as [KindUnexpected].
const (
	// KindUnexpected is an answer nobody planned for: an undocumented status, or a success without its payload.
	KindUnexpected Kind = iota
	// KindInvalid is input that the service, or a check made before the network, refused: 400, 413, 422.
	KindInvalid
	// KindUnauthenticated is missing, wrong or expired credentials: 401, or a refused token request.
	KindUnauthenticated
	// KindPermissionDenied is 403. Some services also answer it for an id that does not exist.
	KindPermissionDenied
	// KindNotFound is 404 or 410.
	KindNotFound
	// KindConflict is a state that forbids the call now: 409, 412, 423.
	KindConflict
	// KindRateLimited is 429. [Error.RetryAfter] is filled when the service named a time.
	KindRateLimited
	// KindUnavailable is a service that could not be reached or could not answer: connection errors, 5xx.
	KindUnavailable
	// KindTimeout is a call that took longer than it was allowed to: 408, 504, a per-try timeout or the caller's
	// deadline. For the latter errors.Is(err, context.DeadlineExceeded) holds too.
	KindTimeout
	// KindCanceled is a call whose context the caller cancelled; errors.Is(err, context.Canceled) holds too.
	KindCanceled
	// KindTooLarge is an answer larger than the configured cap. It was not read to its end.
	KindTooLarge
	// KindDecode is an answer that is not what the document promises: HTML, broken JSON, another content type.
	KindDecode
	// KindUnsupported is something this edition or version of the service does not offer: 405, 501.
	KindUnsupported
)

// KindOfStatus returns the kind that an HTTP status of 300 and above stands for when the service says nothing more.
func KindOfStatus(status int) Kind {
	switch status {
	case 400, 406, 411, 413, 414, 415, 416, 422, 431:
		return KindInvalid
	case 401, 407:
		return KindUnauthenticated
	case 402, 403, 451:
		return KindPermissionDenied
	case 404, 410:
		return KindNotFound
	case 409, 412, 423, 424, 428:
		return KindConflict
	case 405, 501, 505:
		return KindUnsupported
	case 408, 504:
		return KindTimeout
	case 429:
		return KindRateLimited
	}
	if status >= 500 {
		return KindUnavailable
	}
	return KindUnexpected
}

var kindNames = [...]string{
	KindUnexpected: "unexpected answer", KindInvalid: "invalid request", KindUnauthenticated: "not authenticated",
	KindPermissionDenied: "permission denied", KindNotFound: "not found", KindConflict: "conflict",
	KindRateLimited: "rate limited", KindUnavailable: "unavailable", KindTimeout: "timeout", KindCanceled: "cancelled",
	KindTooLarge: "answer too large", KindDecode: "unreadable answer", KindUnsupported: "unsupported",
}

// String returns the kind in words, such as "not found".
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return kindNames[KindUnexpected]
}

// sentinel is an error that stands for a kind, for errors.Is.
type sentinel Kind

func (s sentinel) Error() string { return Kind(s).String() }

// One sentinel a kind: errors.Is(err, apierr.ErrNotFound) holds for every [Error] whose Kind is [KindNotFound],
// whatever service it comes from.
const (
	ErrUnexpected       = sentinel(KindUnexpected)
	ErrInvalid          = sentinel(KindInvalid)
	ErrUnauthenticated  = sentinel(KindUnauthenticated)
	ErrPermissionDenied = sentinel(KindPermissionDenied)
	ErrNotFound         = sentinel(KindNotFound)
	ErrConflict         = sentinel(KindConflict)
	ErrRateLimited      = sentinel(KindRateLimited)
	ErrUnavailable      = sentinel(KindUnavailable)
	ErrTimeout          = sentinel(KindTimeout)
	ErrCanceled         = sentinel(KindCanceled)
	ErrTooLarge         = sentinel(KindTooLarge)
	ErrDecode           = sentinel(KindDecode)
	ErrUnsupported      = sentinel(KindUnsupported)
)
