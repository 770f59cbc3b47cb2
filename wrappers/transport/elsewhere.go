package transport

import (
	"crypto/tls"
	"net/http"
	"time"
)

// maxElsewhere bounds the connections to each host that is not the service's.
const maxElsewhere = 16

// Elsewhere returns what reaches hosts other than the service's, such as the store that a signed link leads to: through
// the same proxy and with the same certificate authorities, or through the RoundTripper that the client was given. Nothing
// of the chain applies: no credentials, no client certificate, no headers, retries, limits, caps or timeouts.
func (c *Client) Elsewhere() http.RoundTripper { return c.elsewhere }

func newElsewhere(proxy proxyFunc, config *tls.Config, idle time.Duration) *http.Transport {
	config = config.Clone()
	if config != nil { // a client certificate is for the service
		config.Certificates, config.GetClientCertificate = nil, nil
	}
	return newHTTPTransport(proxy, config, maxElsewhere, idle)
}
