package transport

import (
	"fmt"
	"strings"
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

var safetyNames = [...]string{Unsafe: "unsafe", Idempotent: "idempotent", Safe: "safe"}

// String returns "unsafe", "idempotent" or "safe".
func (s Safety) String() string {
	if int(s) < len(safetyNames) {
		return safetyNames[s]
	}
	return fmt.Sprintf("Safety(%d)", uint8(s))
}

// Operation is what the transport knows about one operation of a service.
type Operation struct {
	// ID is the operation id, such as "createJob". It appears in errors and hooks.
	ID string
	// Method and Route are the verb and the path template under the base URL, such as "GET" and "/jobs/{jobId}". A
	// segment holds at most one parameter and may have text around it: "/reports/{name}.csv".
	Method, Route string
	// Safety decides about retries.
	Safety Safety
	// Timeout bounds one try; 0 means the client's default.
	Timeout time.Duration
	// Content names the media types of a success, separated by commas; "" means JSON, "none" an answer whose body
	// does not matter, "*" anything. Answers of another type are errors. Only JSON answers are read ahead: see
	// the package documentation.
	Content string
	// IdempotencyKey names the header by which the service recognizes a repeated request, such as "Idempotency-Key".
	// A call then gets a key, and a try that ended without an answer is repeated with it even if the operation is
	// unsafe: see [WithIdempotencyKey]. Empty when the service has no such header.
	IdempotencyKey string
}

// ParseOperations reads a table of operations, one a line: method, route, operation id, safety, then optional
// fields.
//
//	GET    /jobs                 listJobs      safe
//	POST   /jobs                 createJob     unsafe      timeout=90s
//	DELETE /connections/{id}     deleteThing   idempotent  content=none
//
// Empty lines and lines that start with # are skipped. The error names the line. It does no I/O.
func ParseOperations(table string) ([]Operation, error) {
	var operations []Operation
	number := 0
	for line := range strings.Lines(table) {
		number++
		fields := strings.Fields(line)
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		op, err := parseOperation(fields)
		if err != nil {
			return nil, fmt.Errorf("operation table: line %d: %w", number, err)
		}
		operations = append(operations, op)
	}
	if _, err := newRoutes(operations); err != nil {
		return nil, fmt.Errorf("operation table: %w", err)
	}
	return operations, nil
}

func parseOperation(fields []string) (Operation, error) {
	if len(fields) < 4 {
		return Operation{}, fmt.Errorf("%d fields, want method, route, operation id and safety", len(fields))
	}
	op := Operation{Method: fields[0], Route: fields[1], ID: fields[2]}
	switch fields[3] {
	case "safe":
		op.Safety = Safe
	case "idempotent":
		op.Safety = Idempotent
	case "unsafe":
		op.Safety = Unsafe
	default:
		return Operation{}, fmt.Errorf("safety %q is none of safe, idempotent, unsafe", fields[3])
	}
	seen := make(map[string]bool)
	for _, field := range fields[4:] {
		name, value, ok := strings.Cut(field, "=")
		if !ok || value == "" || seen[name] {
			return Operation{}, fmt.Errorf("field %q is not name=value, once each", field)
		}
		seen[name] = true
		switch name {
		case "timeout":
			d, err := time.ParseDuration(value)
			if err != nil || d <= 0 {
				return Operation{}, fmt.Errorf("timeout %q is not a positive duration such as 90s", value)
			}
			op.Timeout = d
		case "content":
			op.Content = value
		case "idempotency-key":
			op.IdempotencyKey = value
		default:
			return Operation{}, fmt.Errorf("field %q is neither timeout nor content nor idempotency-key", name)
		}
	}
	return op, op.validate()
}

func (op *Operation) validate() error {
	if op.ID == "" {
		return fmt.Errorf("%s %s has no operation id", op.Method, op.Route)
	}
	for i := range len(op.Method) {
		if c := op.Method[i]; c < 'A' || c > 'Z' {
			return fmt.Errorf("%s: method %q is not in capital letters", op.ID, op.Method)
		}
	}
	if op.Method == "" {
		return fmt.Errorf("%s has no method", op.ID)
	}
	if op.Safety > Safe {
		return fmt.Errorf("%s: unknown safety %d", op.ID, op.Safety)
	}
	if op.Timeout < 0 {
		return fmt.Errorf("%s: negative timeout", op.ID)
	}
	if op.IdempotencyKey != "" && !validHeaderName(op.IdempotencyKey) {
		return fmt.Errorf("%s: %q is not the name of a header", op.ID, op.IdempotencyKey)
	}
	for kind := range strings.SplitSeq(op.Content, ",") {
		if op.Content != "" && kind != "*" && kind != "none" && !strings.Contains(kind, "/") {
			return fmt.Errorf("%s: content %q is neither none, * nor a media type", op.ID, kind)
		}
	}
	return nil
}

// content is Operation.Content made ready for comparing.
type content struct {
	json bool // a JSON answer is expected, and nothing else but empty
	any  bool
	none bool // no payload is expected
	list []string
}

func (op *Operation) content() content {
	if op.Content == "" {
		return content{json: true}
	}
	c := content{list: strings.Split(strings.ToLower(op.Content), ",")}
	for _, kind := range c.list {
		if kind == "*" || kind == "none" {
			c.any = true
		}
		if kind == "application/json" && len(c.list) == 1 {
			c.json = true
		}
		if kind == "none" && len(c.list) == 1 {
			c.none = true
		}
	}
	return c
}

// allows reports whether an answer of this Content-Type is one of the list.
func (c *content) allows(contentType string) bool {
	if c.any {
		return true
	}
	mediaType, _, _ := strings.Cut(contentType, ";")
	mediaType = strings.ToLower(strings.TrimSpace(mediaType))
	if c.json {
		return strings.Contains(mediaType, "json")
	}
	for _, kind := range c.list {
		if kind == mediaType || strings.HasSuffix(kind, "/*") && strings.HasPrefix(mediaType, kind[:len(kind)-1]) {
			return true
		}
	}
	return false
}
