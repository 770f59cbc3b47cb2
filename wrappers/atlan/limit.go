package atlan

import (
	"time"

	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// requestsPerMinute is what Atlan allows a tenant, all its callers together (docs.atlan.com, "API limits and automation").
// Beyond it the tenant is answered 429 for a minute.
const requestsPerMinute = 400

// limits turns so many requests a minute into a rate and a burst.
//
// A token bucket lets through what it holds and what flows in: rate×60+burst in any 60 seconds. Atlan does not say
// whether it counts by the minute of the clock or by the last 60 seconds, so that sum must stay below the limit in every
// 60 seconds, and further below it by what network delays push together: requests that left within 61 seconds may arrive
// within 60. With 400: a rate of 388, a burst of 4, and 8 to spare, which is what is sent in 1.2 seconds. The throughput is
// 97 % of the limit.
func (s *settings) limits() transport.LimitOptions {
	o := transport.LimitOptions{InFlight: inFlight, PauseOnThrottle: true, Window: time.Minute}
	if n := s.perMinute; n > 0 {
		o.RequestsPerSecond = 0.97 * float64(n) / 60
		o.Burst = max(1, n/100)
	}
	return o
}
