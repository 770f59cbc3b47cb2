package transport

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

const (
	// readAhead is how much of a JSON answer is read before Do returns: nearly every answer in full. An answer that
	// breaks off in it is a failed try, which can be repeated, and its connection is free again.
	readAhead = 1 << 20
	firstRead = 4 << 10
	// maxDrain is how much of an answer that nobody wants is read to save its connection.
	maxDrain     = 64 << 10
	drainTimeout = 250 * time.Millisecond
)

// buffers holds buffers for bodies, each of readAhead bytes at most.
var buffers = sync.Pool{New: func() any {
	b := make([]byte, 0, firstRead)
	return &b
}}

// body is the body of an answer as callers see it: bounded, and drained when it is closed. What was read ahead is in
// buf; the rest, if any, is in rest.
type body struct {
	mu     sync.Mutex
	call   *call
	stop   context.CancelFunc
	status int
	length int64 // Content-Length, -1 unknown

	buf    *[]byte
	offset int           // how much of buf was read by the caller
	rest   io.ReadCloser // nil when the answer was read to its end
	count  int64         // bytes that came from rest
	err    error         // what Read says when buf is used up
	closed bool
}

// open makes the body of an answer. The zero length of a HEAD's body is not its Content-Length.
func (cl *call) open(resp *http.Response) *body {
	b := &cl.body
	b.call, b.stop, b.status, b.length = cl, cl.cancel, resp.StatusCode, resp.ContentLength
	b.buf, b.offset, b.rest, b.count, b.err, b.closed = nil, 0, resp.Body, 0, io.EOF, false
	return b
}

// ahead reads into buf until it holds n bytes or the answer ends.
func (b *body) ahead(n int64) *apierr.Error {
	if b.buf == nil {
		b.buf = buffers.Get().(*[]byte)
		*b.buf = (*b.buf)[:0]
	}
	for b.rest != nil && int64(len(*b.buf)) < n {
		buf := *b.buf
		if len(buf) == cap(buf) {
			grown := make([]byte, len(buf), 4*cap(buf))
			copy(grown, buf)
			buf = grown
			*b.buf = buf
		}
		read, err := b.rest.Read(buf[len(buf):cap(buf)])
		*b.buf = buf[:len(buf)+read]
		if e := b.account(read, err); e != nil {
			return e
		}
	}
	return nil
}

// account notes what one Read of rest brought. At the end of the answer it lets go of the connection; an error lets
// go of everything.
func (b *body) account(n int, err error) *apierr.Error {
	b.count += int64(n)
	var e *apierr.Error
	switch {
	case b.count > b.call.client.maxBytes:
		e = b.call.tooLarge(b.status)
	case err == nil:
		return nil
	case errors.Is(err, io.EOF):
	default:
		e = b.call.interrupted(err, b.status)
	}
	if e != nil {
		b.err = e
	}
	_ = b.rest.Close()
	b.rest = nil
	b.call.endTry()
	return e
}

// Read implements [io.Reader]. Its errors other than io.EOF are *apierr.Error.
func (b *body) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return 0, http.ErrBodyReadAfterClose
	}
	if b.buf != nil && b.offset < len(*b.buf) {
		n := copy(p, (*b.buf)[b.offset:])
		b.offset += n
		return n, nil
	}
	if b.rest == nil {
		return 0, b.err
	}
	if len(p) == 0 {
		return 0, nil
	}
	n, err := b.rest.Read(p)
	if e := b.account(n, err); e != nil {
		return 0, e
	}
	if b.rest == nil {
		return n, io.EOF
	}
	return n, nil
}

// all returns the whole body, which is valid until Close.
func (b *body) all() ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil, http.ErrBodyReadAfterClose
	}
	if e := b.ahead(b.call.client.maxBytes + 1); e != nil {
		return nil, e
	}
	if !errors.Is(b.err, io.EOF) {
		return nil, b.err
	}
	return (*b.buf)[b.offset:], nil
}

// Close implements [io.Closer]. It reads up to 64 KiB of what is left, so that the connection can be used again, for
// at most a quarter of a second.
func (b *body) Close() error {
	if !b.mu.TryLock() {
		b.stop() // a Read is waiting for the service
		b.mu.Lock()
	}
	defer b.mu.Unlock()
	if b.closed {
		return nil
	}
	b.closed = true
	if b.rest != nil {
		left := int64(-1)
		if b.length >= 0 {
			left = b.length - b.count
		}
		drain(b.rest, left, b.stop)
		b.rest = nil
		b.call.endTry()
	}
	b.free()
	return nil
}

func (b *body) free() {
	if b.buf != nil && cap(*b.buf) <= 2*readAhead {
		buffers.Put(b.buf)
	}
	b.buf = nil
}

// drain reads a little of an unwanted answer and closes it. Left is how much of it there is, -1 when unknown.
func drain(rest io.ReadCloser, left int64, stop context.CancelFunc) {
	if left <= maxDrain {
		timer := time.AfterFunc(drainTimeout, stop)
		_, _ = io.CopyN(io.Discard, rest, maxDrain+1)
		timer.Stop()
	}
	_ = rest.Close()
}

// bytesBody is a request's body that was kept for repeating it.
type bytesBody struct{ bytes.Reader }

func (*bytesBody) Close() error { return nil }

func newBytesBody(b []byte) *bytesBody {
	body := &bytesBody{}
	body.Reset(b)
	return body
}
