package transport

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// maxConnections bounds the connections of a client, and all of them stay open for the next call.
	maxConnections = 64
	// maxShared bounds those that may speak HTTP/2, each of which carries a hundred requests and more.
	maxShared = 4
)

// connections is the default RoundTripper. One http.Transport alone opens a connection for each of the requests that
// begin together, up to its limit, even if the first one would have carried them all: it learns that a service speaks
// HTTP/2 when it is too late. So there are two, one for either protocol, and while the protocol is not known one
// request goes ahead to find it out.
type connections struct {
	shared *http.Transport // HTTP/2, few connections; nil for http://
	single *http.Transport // HTTP/1.1, many

	protocol atomic.Int32
	mu       sync.Mutex
	scout    chan struct{} // closed when the request that went ahead has its connection, or has failed
}

// What is known about a service's protocol.
const (
	unknownProtocol int32 = iota
	http1
	http2
)

func newConnections(secure bool, proxy proxyFunc, config *tls.Config, idle time.Duration) *connections {
	if !secure {
		c := &connections{single: newHTTPTransport(proxy, config, maxConnections, idle)}
		c.protocol.Store(http1)
		return c
	}
	c := &connections{
		shared: newHTTPTransport(proxy, config, maxShared, idle), single: newHTTPTransport(proxy, config, maxConnections-maxShared, idle),
	}
	c.single.ForceAttemptHTTP2 = false
	c.single.Protocols = &http.Protocols{}
	c.single.Protocols.SetHTTP1(true)
	return c
}

func newHTTPTransport(proxy proxyFunc, config *tls.Config, most int, idle time.Duration) *http.Transport {
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy: proxy, DialContext: dialer.DialContext, TLSClientConfig: config.Clone(), TLSHandshakeTimeout: 10 * time.Second,
		OnProxyConnectResponse: func(_ context.Context, _ *url.URL, _ *http.Request, resp *http.Response) error {
			if resp.StatusCode != http.StatusOK {
				return proxyRefusedError(resp.StatusCode)
			}
			return nil
		},
		ForceAttemptHTTP2:   true, // a dialer or a TLS configuration of one's own would turn it off
		MaxIdleConnsPerHost: most, MaxConnsPerHost: most, IdleConnTimeout: idle,
		ExpectContinueTimeout: time.Second, MaxResponseHeaderBytes: 1 << 20,
		// A connection on which nothing comes back, not even an answer to a ping, is dead.
		HTTP2: &http.HTTP2Config{SendPingTimeout: 30 * time.Second, PingTimeout: 15 * time.Second},
	}
}

// RoundTrip implements [http.RoundTripper].
func (c *connections) RoundTrip(req *http.Request) (*http.Response, error) {
	for {
		switch c.protocol.Load() {
		case http1:
			return c.single.RoundTrip(req)
		case http2:
			resp, err := c.shared.RoundTrip(req)
			if err == nil && resp.ProtoMajor == 1 {
				c.protocol.Store(http1) // the service, or what stands before it, has changed
			}
			return resp, err
		}
		c.mu.Lock()
		ahead := c.scout
		if ahead == nil {
			ahead = make(chan struct{})
			c.scout = ahead
			c.mu.Unlock()
			return c.goAhead(req, ahead)
		}
		c.mu.Unlock()
		select {
		case <-ahead:
			if c.protocol.Load() == unknownProtocol {
				// There was no connection. Waiting for one another would make all of them late.
				return c.single.RoundTrip(req)
			}
		case <-req.Context().Done():
			closeBody(req)
			return nil, notConnectedError{context.Cause(req.Context())}
		}
	}
}

// goAhead sends a request and lets the others follow as soon as it has a connection.
func (c *connections) goAhead(req *http.Request, done chan struct{}) (*http.Response, error) {
	var once sync.Once
	release := func() {
		once.Do(func() {
			c.mu.Lock()
			c.scout = nil
			c.mu.Unlock()
			close(done)
		})
	}
	defer release()
	trace := &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) {
		if conn, ok := info.Conn.(*tls.Conn); ok && conn.ConnectionState().NegotiatedProtocol == "h2" {
			c.protocol.Store(http2)
		} else {
			c.protocol.Store(http1)
		}
		release()
	}}
	return c.shared.RoundTrip(req.WithContext(httptrace.WithClientTrace(req.Context(), trace)))
}

// CloseIdleConnections closes the connections that no request uses.
func (c *connections) CloseIdleConnections() {
	if c.shared != nil {
		c.shared.CloseIdleConnections()
	}
	c.single.CloseIdleConnections()
}

func closeBody(req *http.Request) {
	if req.Body != nil {
		_ = req.Body.Close()
	}
}

// notConnectedError is the end of a request that was still waiting for a connection.
type notConnectedError struct{ error }

func (e notConnectedError) Unwrap() error { return e.error }
