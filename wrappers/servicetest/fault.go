package servicetest

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Fault is something that goes wrong with an exchange. Make one with a function such as [ResetAfterBody], narrow
// it with its methods before it is registered, register it with [Server.Fault] and ask it afterwards how often
// it struck. Faults that match the same request nest in the order of their registration: a delay goes together
// with a reset, and a fault that answers by itself keeps the later ones from being reached (or counted).
//
// Faults sit outside the contract check: what they do to an exchange is never a violation.
type Fault struct {
	operations []string
	when       func(*http.Request) bool
	after      int
	times      int
	chance     float64
	effect     Effect

	mu      sync.Mutex
	seen    int
	strikes int
	removed bool
}

// Effect is what a fault does. It may answer by itself, end the connection with [Cut], or call next, whose
// answer it may take with [Capture].
type Effect func(w http.ResponseWriter, r *http.Request, next http.Handler)

// NewFault returns a fault of your own making for an operation id; "*" is every operation and every path that
// belongs to none, "" only the latter. Several ids are separated by "|".
func NewFault(operation string, effect Effect) *Fault {
	return &Fault{operations: strings.Split(operation, "|"), effect: effect}
}

// Times lets the fault strike n times and no more. Default: every time.
func (f *Fault) Times(n int) *Fault { f.times = n; return f }

// Once is Times(1).
func (f *Fault) Once() *Fault { return f.Times(1) }

// After lets the first n matching requests pass.
func (f *Fault) After(n int) *Fault { f.after = n; return f }

// Chance makes the fault strike a matching request with probability p, drawn from the server's seed.
func (f *Fault) Chance(p float64) *Fault { f.chance = p; return f }

// When adds a condition on the request. The body must not be read.
func (f *Fault) When(match func(*http.Request) bool) *Fault {
	before := f.when
	f.when = func(r *http.Request) bool { return (before == nil || before(r)) && match(r) }
	return f
}

// Strikes returns how often the fault struck.
func (f *Fault) Strikes() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.strikes
}

// Remove ends the fault.
func (f *Fault) Remove() {
	f.mu.Lock()
	f.removed = true
	f.mu.Unlock()
}

func (f *Fault) strike(operation string, r *http.Request, draw func() float64) bool {
	matched := false
	for _, op := range f.operations {
		matched = matched || op == "*" || op == operation
	}
	if !matched || (f.when != nil && !f.when(r)) {
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.removed || (f.times > 0 && f.strikes >= f.times) {
		return false
	}
	f.seen++
	if f.seen <= f.after || (f.chance > 0 && draw() >= f.chance) {
		return false
	}
	f.strikes++
	return true
}

// Status answers with a status and a body instead of processing the request. The content type is
// application/json when the body is empty or starts like JSON, else text/plain.
func Status(operation string, status int, body string) *Fault {
	return NewFault(operation, func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		contentType := "text/plain; charset=utf-8"
		if body == "" || strings.ContainsAny(body[:1], `{["`) {
			contentType = "application/json"
		}
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	})
}

// RateLimit answers 429 instead of processing the request, with a Retry-After header of any text ("30", a date,
// nonsense; "" for no header).
func RateLimit(operation, retryAfter string) *Fault {
	return NewFault(operation, func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		if retryAfter != "" {
			w.Header().Set("Retry-After", retryAfter)
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusTooManyRequests)
		_, _ = io.WriteString(w, `{"message":"You are being rate limited."}`)
	})
}

// Delay waits before the request is processed.
func Delay(operation string, d time.Duration) *Fault {
	return NewFault(operation, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if Sleep(r.Context(), d) != nil {
			Cut(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// DelayAnswer processes the request at once and waits before the answer's first byte.
func DelayAnswer(operation string, d time.Duration) *Fault {
	return NewFault(operation, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		answer := Capture(next, r)
		if Sleep(r.Context(), d) != nil {
			Cut(w, r)
			return
		}
		answer.WriteTo(w)
	})
}

// ResetBefore ends the connection abruptly before the request is processed. Mind that net/http repeats by itself
// a GET whose reused connection ended before the first byte of an answer.
func ResetBefore(operation string) *Fault {
	return NewFault(operation, func(w http.ResponseWriter, r *http.Request, _ http.Handler) { Cut(w, r) })
}

// ResetAfterBody reads and processes the request, then ends the connection abruptly before the first byte of the
// answer: the client cannot know whether it was processed.
func ResetAfterBody(operation string) *Fault {
	return NewFault(operation, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		Capture(next, r)
		Cut(w, r)
	})
}

// ResetMidBody processes the request, sends the header and the first n bytes of the answer's body, then ends the
// connection abruptly.
func ResetMidBody(operation string, n int) *Fault {
	return NewFault(operation, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		Capture(next, r).part(w, n)
		Cut(w, r)
	})
}

// Truncate processes the request, announces the whole body, sends its first n bytes and closes the connection in
// an orderly way: the client meets an unexpected EOF.
func Truncate(operation string, n int) *Fault {
	return NewFault(operation, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		Capture(next, r).part(w, n)
		hangUp(w, r, false)
	})
}

// InvalidJSON processes the request and answers with the first half of the body as if that were all of it.
func InvalidJSON(operation string) *Fault {
	return RewriteBody(operation, func(body []byte) []byte {
		if len(body) < 2 {
			return []byte("{")
		}
		return body[:len(body)/2]
	})
}

// RewriteBody processes the request and changes the answer's body.
func RewriteBody(operation string, rewrite func(body []byte) []byte) *Fault {
	return NewFault(operation, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		answer := Capture(next, r)
		answer.Body = rewrite(answer.Body)
		answer.WriteTo(w)
	})
}

// ContentType processes the request and answers with another content type; "" sends none.
func ContentType(operation, contentType string) *Fault {
	return NewFault(operation, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		answer := Capture(next, r)
		answer.Header["Content-Type"] = nil // keeps net/http from guessing one
		if contentType != "" {
			answer.Header.Set("Content-Type", contentType)
		}
		answer.WriteTo(w)
	})
}

// HTML answers with a page of a proxy, with a status such as 200 or 502, instead of processing the request.
func HTML(operation string, status int) *Fault {
	return NewFault(operation, func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		text := strconv.Itoa(status) + " " + http.StatusText(status)
		w.Header().Set("Content-Type", "text/html")
		w.Header().Set("Server", "nginx")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "<html>\r\n<head><title>"+text+"</title></head>\r\n<body>\r\n<center><h1>"+text+
			"</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n")
	})
}

// Endless answers 200 with a JSON string that goes on for size bytes (10 GiB when 0) or until the client leaves.
// It holds 64 KiB in memory.
func Endless(operation string, size int64) *Fault {
	if size <= 0 {
		size = 10 << 30
	}
	return NewFault(operation, func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		w.Header().Set("Content-Type", "application/json")
		chunk := bytes.Repeat([]byte("a"), 64<<10)
		_, err := io.WriteString(w, `{"message":"`)
		for sent := int64(0); sent < size && err == nil && r.Context().Err() == nil; sent += int64(len(chunk)) {
			_, err = w.Write(chunk)
		}
		if err == nil {
			_, _ = io.WriteString(w, `"}`)
		}
	})
}

// Redirect answers with a redirect (307, which keeps method and body) to a location of any origin.
func Redirect(operation, location string) *Fault {
	return NewFault(operation, func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		w.Header().Set("Location", location)
		w.WriteHeader(http.StatusTemporaryRedirect)
	})
}

// Stall reads the request and never answers; it ends when the client leaves or the server closes.
func Stall(operation string) *Fault {
	return NewFault(operation, func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
		Cut(w, r)
	})
}

// StallAfterBody processes the request and never answers; it ends when the client leaves or the server closes.
func StallAfterBody(operation string) *Fault {
	return NewFault(operation, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		Capture(next, r)
		<-r.Context().Done()
		Cut(w, r)
	})
}

// StallMidBody processes the request, sends the header and the first n bytes of the answer's body, and then
// nothing more until the client leaves or the server closes.
func StallMidBody(operation string, n int) *Fault {
	return NewFault(operation, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		Capture(next, r).part(w, n)
		<-r.Context().Done()
		Cut(w, r)
	})
}

// Answer is what a handler answered.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Capture lets a handler process the request and returns its answer unsent.
func Capture(next http.Handler, r *http.Request) *Answer {
	c := &capture{answer: Answer{Header: http.Header{}}}
	next.ServeHTTP(c, r)
	if c.answer.Status == 0 {
		c.answer.Status = http.StatusOK
	}
	return &c.answer
}

// WriteTo sends the answer.
func (a *Answer) WriteTo(w http.ResponseWriter) {
	copyHeader(w.Header(), a.Header)
	w.Header().Del("Content-Length")
	w.WriteHeader(a.Status)
	_, _ = w.Write(a.Body)
}

// part sends the header, announcing the whole body, and the first n bytes of the body.
func (a *Answer) part(w http.ResponseWriter, n int) {
	copyHeader(w.Header(), a.Header)
	n = max(0, min(n, len(a.Body)-1))
	w.Header().Set("Content-Length", strconv.Itoa(max(len(a.Body), 1)))
	w.WriteHeader(a.Status)
	_, _ = w.Write(a.Body[:n])
	_ = http.NewResponseController(w).Flush()
}

type capture struct{ answer Answer }

func (c *capture) Header() http.Header { return c.answer.Header }

func (c *capture) WriteHeader(status int) {
	if c.answer.Status == 0 && status >= 200 {
		c.answer.Status = status
	}
}

func (c *capture) Write(p []byte) (int, error) {
	c.WriteHeader(http.StatusOK)
	c.answer.Body = append(c.answer.Body, p...)
	return len(p), nil
}

// Sleep waits for d or until the context ends, whose error it then returns. In a synctest bubble the time is
// virtual. A handler whose wait is ended so calls [Cut]: net/http would answer 200 for it, which a client may still
// read when it is the server that closes.
func Sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Cut ends the connection of an exchange abruptly: bytes sent before may still be read, then the client gets a
// reset (in memory and over TCP on Linux). Over HTTP/2 only the stream is reset. The handler must not write
// afterwards.
func Cut(w http.ResponseWriter, r *http.Request) { hangUp(w, r, true) }

func hangUp(w http.ResponseWriter, r *http.Request, abruptly bool) {
	if x := exchangeOf(r.Context()); x != nil {
		x.cut = true
	}
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // HTTP/2: the server resets the stream
	}
	if abruptly {
		reset(conn)
	}
	_ = conn.Close()
}

func reset(conn net.Conn) {
	switch c := conn.(type) {
	case interface{ Reset() error }:
		_ = c.Reset()
	case *tls.Conn:
		reset(c.NetConn())
	case *net.TCPConn:
		_ = c.SetLinger(0)
		_ = c.Close()
	}
}

// chain runs the faults that match, then the handler.
func (s *Server) chain(faults []*Fault, i int, operation string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for k := i; k < len(faults); k++ {
			if f := faults[k]; f.strike(operation, r, s.draw) {
				f.effect(w, r, s.chain(faults, k+1, operation, next))
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

func (s *Server) draw() float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.random.Float64()
}

func newRandom(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0x5eed)) }
