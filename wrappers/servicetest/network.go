package servicetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// Network is a network in memory: one listener and any number of connections to it. Nothing of it touches the
// operating system, so inside a testing/synctest bubble every goroutine that waits on it is durably blocked and
// virtual time can pass.
//
// A Network used in a bubble must be made in that bubble. The zero value is not usable; see [NewNetwork].
type Network struct {
	latency time.Duration
	buffer  int

	mu       sync.Mutex
	cond     *sync.Cond // accept queue
	queue    []*memoryConn
	conns    map[*memoryConn]struct{}
	accepted int
	dialed   int
	closed   bool
}

// NetworkOption adjusts a [Network].
type NetworkOption func(*Network)

// Latency makes every byte take d from one end of a connection to the other, so a request and its answer take
// twice d. Opening a connection takes no time. In a synctest bubble the time is virtual. Default: 0.
func Latency(d time.Duration) NetworkOption { return func(n *Network) { n.latency = d } }

// SocketBuffer sets how many bytes one direction of a connection holds before a writer waits for the reader.
// Default: 256 KiB.
func SocketBuffer(bytes int) NetworkOption {
	return func(n *Network) { n.buffer = max(bytes, 1) }
}

// NewNetwork returns a network nobody listens on or dials yet. It starts no goroutine.
func NewNetwork(opts ...NetworkOption) *Network {
	n := &Network{buffer: 256 << 10, conns: make(map[*memoryConn]struct{})}
	n.cond = sync.NewCond(&n.mu)
	for _, o := range opts {
		o(n)
	}
	return n
}

// Listener returns the network's listener, for http.Server.Serve. Closing it refuses new connections and leaves
// open ones alone, as a listening socket does; Network.Close ends them too.
func (n *Network) Listener() net.Listener { return (*memoryListener)(n) }

// DialContext opens a connection to the listener, whatever the address says; it fits
// http.Transport.DialContext. It answers "connection refused" after Close. It never blocks.
func (n *Network) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return nil, &net.OpError{Op: "dial", Net: network, Addr: memoryAddr(address), Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	}
	n.dialed++
	up, down := newHalf(n.latency, n.buffer), newHalf(n.latency, n.buffer)
	name := memoryAddr(fmt.Sprintf("client-%d", n.dialed))
	client := &memoryConn{network: n, in: down, out: up, local: name, remote: memoryAddr(address)}
	server := &memoryConn{network: n, in: up, out: down, local: memoryAddr(address), remote: name}
	n.conns[client], n.conns[server] = struct{}{}, struct{}{}
	n.queue = append(n.queue, server)
	n.cond.Signal()
	return client, nil
}

// Dialed returns how many connections were opened since the network was made.
func (n *Network) Dialed() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.dialed
}

// Open returns how many connections are open on the client's side now.
func (n *Network) Open() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	open := 0
	for c := range n.conns {
		if c.isClient() {
			open++
		}
	}
	return open
}

// Close ends the listener and cuts every connection, so that every goroutine waiting on one returns. It may be
// called more than once.
func (n *Network) Close() error {
	n.mu.Lock()
	n.closed = true
	conns := make([]*memoryConn, 0, len(n.conns))
	for c := range n.conns {
		conns = append(conns, c)
	}
	n.cond.Broadcast()
	n.mu.Unlock()
	for _, c := range conns {
		c.drop()
	}
	return nil
}

func (n *Network) forget(c *memoryConn) {
	n.mu.Lock()
	delete(n.conns, c)
	n.mu.Unlock()
}

type memoryListener Network

func (l *memoryListener) Accept() (net.Conn, error) {
	n := (*Network)(l)
	n.mu.Lock()
	defer n.mu.Unlock()
	for len(n.queue) == 0 && !n.closed {
		n.cond.Wait()
	}
	if n.closed {
		return nil, net.ErrClosed
	}
	c := n.queue[0]
	n.queue = n.queue[1:]
	n.accepted++
	return c, nil
}

func (l *memoryListener) Close() error {
	n := (*Network)(l)
	n.mu.Lock()
	n.closed = true
	waiting := n.queue
	n.queue = nil
	n.cond.Broadcast()
	n.mu.Unlock()
	for _, c := range waiting {
		c.drop()
	}
	return nil
}

func (l *memoryListener) Addr() net.Addr { return memoryAddr("memory") }

type memoryAddr string

func (memoryAddr) Network() string  { return "memory" }
func (a memoryAddr) String() string { return string(a) }

// half is one direction of a connection: bytes written at one end, readable at the other once they arrived.
type half struct {
	mu   sync.Mutex
	cond *sync.Cond

	latency time.Duration
	limit   int
	data    []byte // unread bytes are data[start:]
	start   int
	flights []flight // when the bytes arrive, in order; empty without latency
	err     error    // what a reader gets after the last byte
	cut     error    // what both ends get at once

	readBy, writeBy deadline
	readerGone      bool
}

// flight says that the bytes before the mark (counted from the connection's first byte) arrive at a time.
type flight struct {
	bytes int
	at    time.Time
}

func newHalf(latency time.Duration, limit int) *half {
	h := &half{latency: latency, limit: limit}
	h.cond = sync.NewCond(&h.mu)
	return h
}

// deadline is a moment after which waiting ends, and the timer that wakes the one who waits.
type deadline struct {
	at    time.Time
	timer *time.Timer
}

func (d *deadline) passed(now time.Time) bool { return !d.at.IsZero() && !now.Before(d.at) }

func (h *half) setDeadline(d *deadline, t time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
	d.at = t
	if !t.IsZero() {
		if wait := time.Until(t); wait > 0 {
			d.timer = time.AfterFunc(wait, h.wake)
		}
	}
	h.cond.Broadcast()
}

func (h *half) wake() {
	h.mu.Lock()
	h.cond.Broadcast()
	h.mu.Unlock()
}

// arrived returns how many unread bytes can be read now, and when the next ones can.
func (h *half) arrived(now time.Time) (int, time.Time) {
	if h.latency == 0 {
		return len(h.data) - h.start, time.Time{}
	}
	n := 0
	for _, f := range h.flights {
		if f.at.After(now) {
			return n, f.at
		}
		n += f.bytes
	}
	return n, time.Time{}
}

func (h *half) read(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for {
		now := time.Now()
		if h.cut != nil {
			return 0, h.cut
		}
		if h.readerGone {
			return 0, net.ErrClosed
		}
		if h.readBy.passed(now) {
			return 0, os.ErrDeadlineExceeded
		}
		if len(p) == 0 {
			return 0, nil
		}
		ready, next := h.arrived(now)
		if ready > 0 {
			n := copy(p, h.data[h.start:h.start+ready])
			h.consume(n)
			h.cond.Broadcast()
			return n, nil
		}
		if next.IsZero() && h.start == len(h.data) && h.err != nil {
			return 0, h.err
		}
		var timer *time.Timer
		if !next.IsZero() {
			timer = time.AfterFunc(next.Sub(now), h.wake)
		}
		h.cond.Wait()
		if timer != nil {
			timer.Stop()
		}
	}
}

func (h *half) consume(n int) {
	h.start += n
	if h.start == len(h.data) {
		h.data, h.start = h.data[:0], 0
	}
	for n > 0 && len(h.flights) > 0 {
		if f := &h.flights[0]; f.bytes > n {
			f.bytes -= n
			return
		} else {
			n -= f.bytes
			h.flights = h.flights[1:]
		}
	}
}

func (h *half) write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	written := 0
	for {
		now := time.Now()
		switch {
		case h.cut != nil:
			return written, h.cut
		case h.err != nil:
			return written, net.ErrClosed
		case h.readerGone:
			return written, os.NewSyscallError("write", syscall.EPIPE)
		case h.writeBy.passed(now):
			return written, os.ErrDeadlineExceeded
		}
		if len(p) == 0 {
			return written, nil
		}
		if room := h.limit - (len(h.data) - h.start); room > 0 {
			n := min(room, len(p))
			if h.start > 0 && len(h.data)+n > cap(h.data) {
				h.data = append(h.data[:0], h.data[h.start:]...)
				h.start = 0
			}
			h.data = append(h.data, p[:n]...)
			if h.latency > 0 {
				h.flights = append(h.flights, flight{n, now.Add(h.latency)})
			}
			p = p[n:]
			written += n
			h.cond.Broadcast()
			continue
		}
		h.cond.Wait()
	}
}

// finish ends the writing side: the reader gets what is in flight, then EOF.
func (h *half) finish() {
	h.mu.Lock()
	if h.err == nil {
		h.err = io.EOF
	}
	h.stopTimer(&h.writeBy)
	h.cond.Broadcast()
	h.mu.Unlock()
}

// breakOff ends the writing side: the reader gets what is in flight, then a reset.
func (h *half) breakOff() {
	h.mu.Lock()
	if h.err == nil {
		h.err = os.NewSyscallError("read", syscall.ECONNRESET)
	}
	h.stopTimer(&h.writeBy)
	h.cond.Broadcast()
	h.mu.Unlock()
}

// abandon ends the reading side: a writer gets a broken pipe.
func (h *half) abandon() {
	h.mu.Lock()
	h.readerGone = true
	h.stopTimer(&h.readBy)
	h.cond.Broadcast()
	h.mu.Unlock()
}

// reset drops what is in flight and fails both ends.
func (h *half) reset() {
	h.mu.Lock()
	if h.cut == nil {
		h.cut = os.NewSyscallError("read", syscall.ECONNRESET)
	}
	h.data, h.start, h.flights = nil, 0, nil
	h.stopTimer(&h.readBy)
	h.stopTimer(&h.writeBy)
	h.cond.Broadcast()
	h.mu.Unlock()
}

func (h *half) stopTimer(d *deadline) {
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
}

// memoryConn is one end of a connection.
type memoryConn struct {
	network       *Network
	in, out       *half
	local, remote memoryAddr
	once          sync.Once
}

func (c *memoryConn) isClient() bool {
	return len(c.local) > 7 && c.local[:7] == "client-"
}

func (c *memoryConn) Read(p []byte) (int, error) {
	n, err := c.in.read(p)
	return n, c.opError("read", err)
}

func (c *memoryConn) Write(p []byte) (int, error) {
	n, err := c.out.write(p)
	return n, c.opError("write", err)
}

// opError dresses an error as the net package does, so that a client under test meets what TCP would give it.
func (c *memoryConn) opError(op string, err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		return err
	}
	return &net.OpError{Op: op, Net: "memory", Source: c.local, Addr: c.remote, Err: err}
}

func (c *memoryConn) Close() error {
	c.once.Do(func() {
		c.out.finish()
		c.in.abandon()
		c.network.forget(c)
	})
	return nil
}

// Reset ends the connection abruptly, as TCP on Linux does with an RST: the other end may still read what was
// sent before, then gets ECONNRESET, and its writes fail at once.
func (c *memoryConn) Reset() error {
	c.out.breakOff()
	c.in.reset()
	c.once.Do(func() { c.network.forget(c) })
	return nil
}

// drop ends both directions at once, whatever is in flight.
func (c *memoryConn) drop() {
	c.out.reset()
	c.in.reset()
	c.once.Do(func() { c.network.forget(c) })
}

func (c *memoryConn) LocalAddr() net.Addr  { return c.local }
func (c *memoryConn) RemoteAddr() net.Addr { return c.remote }

func (c *memoryConn) SetDeadline(t time.Time) error {
	c.in.setDeadline(&c.in.readBy, t)
	c.out.setDeadline(&c.out.writeBy, t)
	return nil
}

func (c *memoryConn) SetReadDeadline(t time.Time) error {
	c.in.setDeadline(&c.in.readBy, t)
	return nil
}

func (c *memoryConn) SetWriteDeadline(t time.Time) error {
	c.out.setDeadline(&c.out.writeBy, t)
	return nil
}
