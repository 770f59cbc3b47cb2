package servicetest

import (
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Record is one request as the server saw it.
type Record struct {
	Number       int           // 1 for the server's first request
	Operation    string        // operation id, "" when the path belongs to none
	Time         time.Time     // arrival, virtual in a synctest bubble
	Took         time.Duration // until the answer was written
	Method       string        // as sent
	Host         string        // as sent, with the port
	Path         string        // as sent, with the base path
	Query        string        // as sent
	Header       http.Header   // credentials replaced by "[redacted]"
	RequestBytes int           // length of the body that the contract check read; 0 without one
	Status       int           // what was answered, 0 when nothing was
	Cut          bool          // the connection was ended instead of, or within, an answer
}

// Log counts requests and keeps the latest of them. It is safe for concurrent use.
type Log struct {
	mu       sync.Mutex
	keep     int
	records  []Record // ring once full
	next     int
	total    int
	counts   map[string]int
	seconds  map[int64]int
	bySecond map[string]map[int64]int
	hosts    map[string]int
}

func newLog(keep int) *Log {
	return &Log{
		keep: keep, counts: make(map[string]int), seconds: make(map[int64]int),
		bySecond: make(map[string]map[int64]int), hosts: make(map[string]int),
	}
}

func (l *Log) arrive(operation, host string, at time.Time) int {
	second := at.Unix()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.total++
	l.counts[operation]++
	l.seconds[second]++
	if l.bySecond[operation] == nil {
		l.bySecond[operation] = make(map[int64]int)
	}
	l.bySecond[operation][second]++
	l.hosts[host]++
	return l.total
}

func (l *Log) add(r Record) {
	if l.keep <= 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.records) < l.keep {
		l.records = append(l.records, r)
		return
	}
	l.records[l.next] = r
	l.next = (l.next + 1) % l.keep
}

// Total returns how many requests arrived.
func (l *Log) Total() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.total
}

// Count returns how many requests of the operations arrived; of no operation means of paths that belong to none.
func (l *Log) Count(operations ...string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(operations) == 0 {
		return l.counts[""]
	}
	n := 0
	for _, op := range operations {
		n += l.counts[op]
	}
	return n
}

// Counts returns how many requests of each operation arrived. Paths that belong to none are counted under "".
func (l *Log) Counts() map[string]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.counts)
}

// Hosts returns how many requests named each host, so that a test can see one that went to another origin.
func (l *Log) Hosts() map[string]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.hosts)
}

// Peak returns the largest number of requests that arrived within one second of the clock, of the operations
// given or of all when none is given.
func (l *Log) Peak(operations ...string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(operations) == 0 {
		return largest(l.seconds)
	}
	sum := make(map[int64]int)
	for _, op := range operations {
		for second, n := range l.bySecond[op] {
			sum[second] += n
		}
	}
	return largest(sum)
}

func largest(m map[int64]int) int {
	most := 0
	for _, n := range m {
		most = max(most, n)
	}
	return most
}

// PerSecond returns the number of requests that arrived in each second of the clock, keyed by that second.
func (l *Log) PerSecond() map[time.Time]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make(map[time.Time]int, len(l.seconds))
	for second, n := range l.seconds {
		out[time.Unix(second, 0).UTC()] = n
	}
	return out
}

// Records returns the latest requests that were answered, in the order in which their answers ended, oldest
// first; of the operations given, or all.
func (l *Log) Records(operations ...string) []Record {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]Record, 0, len(l.records))
	for i := range l.records {
		r := l.records[(l.next+i)%len(l.records)]
		if len(operations) == 0 || slices.Contains(operations, r.Operation) {
			out = append(out, r)
		}
	}
	return out
}

// Reset forgets everything that was counted and kept.
func (l *Log) Reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.records, l.next, l.total = nil, 0, 0
	clear(l.counts)
	clear(l.seconds)
	clear(l.bySecond)
	clear(l.hosts)
}

// redacted returns the header without credentials.
func redacted(h http.Header) http.Header {
	out := h.Clone()
	for _, name := range []string{"Authorization", "Proxy-Authorization", "Cookie", "X-Api-Key"} {
		if out.Get(name) != "" {
			out.Set(name, "[redacted]")
		}
	}
	return out
}
