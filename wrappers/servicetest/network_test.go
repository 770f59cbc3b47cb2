package servicetest

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// pair returns both ends of a connection.
func pair(tb testing.TB, opts ...NetworkOption) (client, server net.Conn, n *Network) {
	tb.Helper()
	n = NewNetwork(opts...)
	l := n.Listener()
	client, err := n.DialContext(tb.Context(), "tcp", "service.test:80")
	if err != nil {
		tb.Fatal(err)
	}
	if server, err = l.Accept(); err != nil {
		tb.Fatal(err)
	}
	return client, server, n
}

func TestLatencyIsVirtual(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server, n := pair(t, Latency(40*time.Millisecond))
		defer n.Close()
		began := time.Now()
		go func() {
			b := make([]byte, 5)
			if _, err := io.ReadFull(server, b); err != nil {
				t.Error(err)
			}
			if _, err := server.Write(bytes.ToUpper(b)); err != nil {
				t.Error(err)
			}
		}()
		if _, err := client.Write([]byte("hello")); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("writing took %v", took)
		}
		b := make([]byte, 5)
		if _, err := io.ReadFull(client, b); err != nil {
			t.Fatal(err)
		}
		if string(b) != "HELLO" {
			t.Errorf("got %q", b)
		}
		if took := time.Since(began); took != 80*time.Millisecond {
			t.Errorf("there and back took %v", took)
		}
	})
}

func TestBytesArriveInOrderAndWhole(t *testing.T) {
	for name, opts := range map[string][]NetworkOption{
		"plain":        nil,
		"small buffer": {SocketBuffer(7)},
		"latency":      {Latency(time.Millisecond), SocketBuffer(1000)},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, server, n := pair(t, opts...)
				defer n.Close()
				sent := make([]byte, 100_000)
				for i := range sent {
					sent[i] = byte(i * 31)
				}
				go func() {
					for rest := sent; len(rest) > 0; {
						k := min(len(rest), 1+len(rest)%997)
						if _, err := client.Write(rest[:k]); err != nil {
							t.Error(err)
							return
						}
						rest = rest[k:]
					}
					_ = client.Close()
				}()
				got, err := io.ReadAll(server)
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(got, sent) {
					t.Errorf("%d bytes came, %d were sent, and they differ", len(got), len(sent))
				}
			})
		})
	}
}

func TestDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server, n := pair(t, SocketBuffer(4))
		defer n.Close()
		began := time.Now()
		_ = client.SetReadDeadline(began.Add(time.Second))
		if _, err := client.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("read: %v", err)
		}
		var timeout net.Error
		if _, err := client.Read(make([]byte, 1)); !errors.As(err, &timeout) || !timeout.Timeout() {
			t.Errorf("read after the deadline: %v", err)
		}
		if took := time.Since(began); took != time.Second {
			t.Errorf("took %v", took)
		}
		_ = client.SetWriteDeadline(time.Now().Add(time.Second))
		if k, err := client.Write([]byte("123456")); k != 4 || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("write into a full buffer: %d, %v", k, err)
		}
		// A deadline that is moved away lets the connection live on, and one in the past ends a wait.
		_ = client.SetDeadline(time.Time{})
		go func() { _, _ = server.Write([]byte("x")) }()
		if _, err := client.Read(make([]byte, 1)); err != nil {
			t.Errorf("read without a deadline: %v", err)
		}
		go func() {
			<-time.After(time.Minute)
			_ = client.SetReadDeadline(time.Unix(1, 0))
		}()
		if _, err := client.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("read: %v", err)
		}
	})
}

func TestCloseAndReset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server, n := pair(t)
		defer n.Close()
		_, _ = server.Write([]byte("last words"))
		_ = server.Close()
		if got, err := io.ReadAll(client); string(got) != "last words" || err != nil {
			t.Errorf("after a close: %q, %v", got, err)
		}
		if _, err := client.Write([]byte("x")); !errors.Is(err, syscall.EPIPE) {
			t.Errorf("write to a closed end: %v", err)
		}
		if _, err := server.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
			t.Errorf("read from the closed end: %v", err)
		}

		client, server, m := pair(t)
		defer m.Close()
		_, _ = server.Write([]byte("half a mess"))
		_ = server.(interface{ Reset() error }).Reset()
		got, err := io.ReadAll(client)
		if string(got) != "half a mess" || !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("after a reset: %q, %v", got, err)
		}
		if _, err := client.Write([]byte("x")); err == nil {
			t.Error("a write after a reset succeeded")
		}
		_ = client.Close()
		if m.Open() != 0 || m.Dialed() != 1 {
			t.Errorf("%d open, %d dialed", m.Open(), m.Dialed())
		}
	})
}

func TestNetworkCloseEndsEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, _, n := pair(t)
		l := n.Listener()
		ended := make(chan error, 2)
		go func() {
			_, err := client.Read(make([]byte, 1))
			ended <- err
		}()
		go func() {
			_, err := l.Accept()
			ended <- err
		}()
		synctest.Wait()
		_ = n.Close()
		for range 2 {
			if err := <-ended; err == nil {
				t.Error("something went on after Close")
			}
		}
		if _, err := n.DialContext(t.Context(), "tcp", "x:1"); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("dial after Close: %v", err)
		}
		_ = n.Close()
	})
}
