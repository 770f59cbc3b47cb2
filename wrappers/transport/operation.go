package transport

import (
	"time"
)

// Safety says what may happen when a request is sent twice. It comes from the service's OpenAPI document and the
// marks of its overlay, never from the verb alone; an operation that is in no table is [Unsafe].
type Safety uint8

// The classes of operations.
const (
	// Unsafe operations do something each time they are sent. One is repeated only when the request provably was
	// not processed.
	Unsafe Safety = iota
	// Idempotent operations leave the same state however often they are sent.
	Idempotent
	// Safe operations only read.
	Safe
)

// Operation is what the transport knows about one operation of a service.
type Operation struct {
	// ID is the operation id, such as "createJob". It appears in errors and hooks.
	ID string
	// Method and Route are the verb and the path template under the base URL, such as "GET" and "/jobs/{jobId}".
	Method, Route string
	// Safety decides about retries.
	Safety Safety
	// Timeout bounds one try; 0 means the client's default.
	Timeout time.Duration
	// Content is the media type of a success when it is not JSON: "none" for an empty answer, "*" for anything.
	Content string
}
