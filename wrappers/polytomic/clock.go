package polytomic

import (
	"net/http"
	"sync"
	"time"
)

// serverClock estimates the service's time from the Date of its answers, so that times that the service gives can be
// compared with moments of this process.
type serverClock struct {
	mu     sync.Mutex
	known  bool
	offset time.Duration // service minus here
}

// clockTolerance covers the second to which Date is cut, and the clocks of several servers that differ.
const clockTolerance = 3 * time.Second

func (c *serverClock) observe(h http.Header, sent, received time.Time) {
	date, err := http.ParseTime(h.Get("Date"))
	if err != nil || received.Sub(sent) > clockTolerance {
		return // an answer that took long, or was repeated, says little
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known, c.offset = true, date.Sub(received.Truncate(time.Second))
}

// at returns the service's time at a moment of this process, as far as it is known.
func (c *serverClock) at(t time.Time) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return t.Add(c.offset)
}
