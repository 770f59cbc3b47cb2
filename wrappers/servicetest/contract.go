package servicetest

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
)

// TB is what the kit needs of a test: *testing.T, *testing.B and *rapid.T have it.
type TB interface {
	Helper()
	Errorf(format string, args ...any)
	Logf(format string, args ...any)
	Cleanup(func())
}

// Direction says which half of an exchange a [Violation] is in.
type Direction string

// The two directions.
const (
	Request  Direction = "request"
	Response Direction = "response"
)

// Violation is a request or an answer that the OpenAPI document does not allow.
type Violation struct {
	Operation string    // operation id
	Direction Direction // which half
	Status    int       // of the answer; 0 for a request
	Parameter string    // "query limit", "path jobId"; empty when it is about the body
	Pointer   string    // JSON pointer into the body, "" for the whole of it
	Reason    string    // never holds the value itself, which may be a secret
}

// String says what is wrong, in one line.
func (v *Violation) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "contract: %s of %s", v.Direction, v.Operation)
	if v.Status != 0 {
		fmt.Fprintf(&b, " (%d)", v.Status)
	}
	switch {
	case v.Parameter != "":
		fmt.Fprintf(&b, ", %s", v.Parameter)
	case v.Pointer != "":
		fmt.Fprintf(&b, ", at %s", v.Pointer)
	}
	return b.String() + ": " + v.Reason
}

// ViolationHeader is set on the 500 that replaces an exchange which broke the contract, when there is no test to
// fail.
const ViolationHeader = "X-Contract-Violation"

// Contract checks exchanges against a [Document].
//
// Every request and every answer is checked. An exchange whose bytes were found valid before is not checked
// again: polling the same answer ten thousand times costs ten thousand hashes and one check. What is left for a
// load test that never sees the same answer twice is Sample.
//
// The zero value with a Document is ready to use.
type Contract struct {
	// Document is what to check against. Required.
	Document *Document
	// TB is the test to fail. When nil, a violation is logged and the exchange answered with status 500 and
	// [ViolationHeader], unless the answer has begun to stream already.
	TB TB
	// Logger takes violations when TB is nil. Nil discards them.
	Logger *slog.Logger
	// Tolerate says that a violation is meant, for instance because the test sends nonsense on purpose. A
	// tolerated request goes on to the handler. Nil tolerates nothing.
	Tolerate func(*Violation) bool
	// Sample, when above 1, checks only every n-th answer of an operation after its first hundred. Requests are
	// always checked. Use it in load tests only.
	Sample int

	mu       sync.Mutex
	known    map[uint64]struct{}
	answers  map[string]int
	seed     maphash.Seed
	violated int
}

const (
	maxKnown        = 1 << 16  // remembered exchanges; forgotten all at once
	maxRequestBody  = 16 << 20 // larger request bodies are a violation
	maxHeldAnswer   = 1 << 20  // larger answers are streamed while they are made
	maxCheckedBytes = 64 << 20 // larger answers are checked by status and type only
)

// Violations returns how many violations were found, tolerated ones not counted.
func (c *Contract) Violations() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.violated
}

var filterOptions = &openapi3filter.Options{
	AuthenticationFunc:    openapi3filter.NoopAuthenticationFunc, // credentials are the fake's business
	SkipSettingDefaults:   true,                                  // the handler must see what was sent
	IncludeResponseStatus: true,
}

// Middleware returns a handler that checks what passes to and from next. Requests that the [Server] found no
// operation for pass unchecked.
func (c *Contract) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x := exchangeOf(r.Context())
		if x == nil || x.op == nil {
			next.ServeHTTP(w, r)
			return
		}
		input, violation := c.checkRequest(x, r)
		if violation != nil && c.report(violation) {
			refuse(w, violation)
			return
		}
		held := &heldAnswer{under: w, header: http.Header{}, contract: c, exchange: x, input: input}
		next.ServeHTTP(held, r)
		held.finish(r.Context())
	})
}

// report fails the test, or says that the exchange is to be refused because there is none.
func (c *Contract) report(v *Violation) (refuse bool) {
	if c.Tolerate != nil && c.Tolerate(v) {
		return false
	}
	c.mu.Lock()
	c.violated++
	c.mu.Unlock()
	if c.TB != nil {
		c.TB.Helper()
		c.TB.Errorf("%v", v)
		return false
	}
	if c.Logger != nil {
		c.Logger.Error(v.String(), slog.String("operation", v.Operation), slog.String("direction", string(v.Direction)))
	}
	return true
}

func refuse(w http.ResponseWriter, v *Violation) {
	w.Header().Set(ViolationHeader, strings.Map(printable, v.String()))
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(http.StatusInternalServerError)
	_, _ = io.WriteString(w, v.String()+"\n") //nolint:gosec // plain text, and no value of the request is in it
}

func printable(r rune) rune {
	if r < ' ' || r > '~' {
		return ' '
	}
	return r
}

func (c *Contract) hash(parts ...string) uint64 {
	c.mu.Lock()
	if c.known == nil {
		c.known, c.answers, c.seed = make(map[uint64]struct{}), make(map[string]int), maphash.MakeSeed()
	}
	seed := c.seed
	c.mu.Unlock()
	var h maphash.Hash
	h.SetSeed(seed)
	for _, p := range parts {
		_, _ = h.WriteString(p)
		_ = h.WriteByte(0)
	}
	return h.Sum64()
}

func (c *Contract) isKnown(key uint64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, ok := c.known[key]
	return ok
}

func (c *Contract) remember(key uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.known) >= maxKnown {
		clear(c.known)
	}
	c.known[key] = struct{}{}
}

func (c *Contract) checkRequest(x *exchange, r *http.Request) (*openapi3filter.RequestValidationInput, *Violation) {
	clone := r.Clone(r.Context())
	input := &openapi3filter.RequestValidationInput{
		Request: clone, PathParams: x.params, Route: x.op.route, Options: filterOptions,
	}
	var body []byte
	if r.Body != nil && r.Body != http.NoBody {
		data, more, err := drain(r.Body, maxRequestBody)
		if err != nil {
			return input, &Violation{Operation: x.op.id, Direction: Request, Reason: "the body could not be read: " + err.Error()}
		}
		if more {
			return input, &Violation{Operation: x.op.id, Direction: Request, Reason: "the body is larger than 16 MiB"}
		}
		body = data
		_ = r.Body.Close()
		// The server watches for a client that goes away only after the original body was read to its end,
		// which has happened now.
		r.Body = io.NopCloser(bytes.NewReader(body))
		clone.Body = io.NopCloser(bytes.NewReader(body))
	}
	x.requestBytes = len(body)
	key := c.hash("request", x.op.id, r.URL.Path, r.URL.RawQuery, r.Header.Get("Content-Type"), string(body))
	if c.isKnown(key) {
		return input, nil
	}
	if err := openapi3filter.ValidateRequest(r.Context(), input); err != nil {
		return input, explain(err, &Violation{Operation: x.op.id, Direction: Request})
	}
	c.remember(key)
	return input, nil
}

func (c *Contract) checkAnswer(ctx context.Context, x *exchange, input *openapi3filter.RequestValidationInput, status int, header http.Header, body []byte, whole bool) *Violation {
	options := filterOptions
	if !whole {
		options = &openapi3filter.Options{ExcludeResponseBody: true, IncludeResponseStatus: true}
	}
	key := c.hash("response", x.op.id, fmt.Sprint(status), header.Get("Content-Type"), string(body))
	if c.isKnown(key) {
		return nil
	}
	if c.Sample > 1 {
		c.mu.Lock()
		c.answers[x.op.id]++
		n := c.answers[x.op.id]
		c.mu.Unlock()
		if n > 100 && n%c.Sample != 0 {
			return nil
		}
	}
	answer := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: status, Header: header, Options: options,
		Body: io.NopCloser(bytes.NewReader(body)),
	}
	if err := openapi3filter.ValidateResponse(ctx, answer); err != nil {
		return explain(err, &Violation{Operation: x.op.id, Direction: Response, Status: status})
	}
	if status == http.StatusNoContent && len(body) > 0 {
		return &Violation{Operation: x.op.id, Direction: Response, Status: status, Reason: "a 204 must not have a body"}
	}
	c.remember(key)
	return nil
}

// explain finds the place and the reason in an error of the validator, whose own text repeats the whole schema
// and the value.
func explain(err error, v *Violation) *Violation {
	if request, ok := errors.AsType[*openapi3filter.RequestError](err); ok {
		v.Reason = request.Reason
		if request.Parameter != nil {
			v.Parameter = request.Parameter.In + " " + request.Parameter.Name
		}
		if v.Reason == "" && request.Err != nil {
			v.Reason = firstLine(request.Err.Error())
		}
	}
	if response, ok := errors.AsType[*openapi3filter.ResponseError](err); ok {
		v.Reason = response.Reason
	}
	if schema, ok := errors.AsType[*openapi3.SchemaError](err); ok {
		for schema.SchemaField == "allOf" { // which of them it is, and why
			part, ok := errors.AsType[*openapi3.SchemaError](schema.Origin)
			if !ok {
				break
			}
			schema = part
		}
		if p := schema.JSONPointer(); len(p) > 0 {
			v.Pointer = "/" + strings.Join(p, "/")
		}
		v.Reason = schema.Reason
	}
	if v.Reason == "" {
		v.Reason = firstLine(err.Error())
	}
	return v
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// heldAnswer keeps an answer until it was checked. One that is flushed or grows large is streamed while it is
// made, and checked at its end.
type heldAnswer struct {
	under     http.ResponseWriter
	header    http.Header
	contract  *Contract
	exchange  *exchange
	input     *openapi3filter.RequestValidationInput
	status    int
	body      bytes.Buffer
	dropped   bool
	streaming bool
	taken     bool
}

func (h *heldAnswer) Header() http.Header {
	if h.streaming {
		return h.under.Header()
	}
	return h.header
}

func (h *heldAnswer) WriteHeader(status int) {
	if h.status == 0 && status >= 200 {
		h.status = status
	}
}

func (h *heldAnswer) Write(p []byte) (int, error) {
	h.WriteHeader(http.StatusOK)
	if h.body.Len()+len(p) <= maxCheckedBytes {
		h.body.Write(p)
	} else {
		h.dropped = true
	}
	if h.streaming {
		return h.under.Write(p)
	}
	if h.body.Len() > maxHeldAnswer {
		if err := h.stream(); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

// FlushError implements what http.ResponseController looks for.
func (h *heldAnswer) FlushError() error {
	h.WriteHeader(http.StatusOK)
	if !h.streaming {
		if err := h.stream(); err != nil {
			return err
		}
	}
	return http.NewResponseController(h.under).Flush()
}

// Flush implements http.Flusher.
func (h *heldAnswer) Flush() { _ = h.FlushError() }

// Hijack gives the connection away, and with it the answer.
func (h *heldAnswer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	h.taken = true
	return http.NewResponseController(h.under).Hijack()
}

// Unwrap lets http.ResponseController reach what is below.
func (h *heldAnswer) Unwrap() http.ResponseWriter { return h.under }

func (h *heldAnswer) stream() error {
	h.streaming = true
	copyHeader(h.under.Header(), h.header)
	h.under.WriteHeader(h.status)
	_, err := h.under.Write(h.body.Bytes())
	return err
}

func (h *heldAnswer) finish(ctx context.Context) {
	if h.taken || h.exchange.cut {
		return
	}
	h.WriteHeader(http.StatusOK)
	v := h.contract.checkAnswer(ctx, h.exchange, h.input, h.status, h.Header(), h.body.Bytes(), !h.dropped)
	refused := v != nil && h.contract.report(v)
	if h.streaming {
		return
	}
	if refused {
		refuse(h.under, v)
		return
	}
	copyHeader(h.under.Header(), h.header)
	h.under.WriteHeader(h.status)
	_, _ = h.under.Write(h.body.Bytes())
}

func copyHeader(to, from http.Header) {
	maps.Copy(to, from)
}
