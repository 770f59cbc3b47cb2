package atlan

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// reply makes the answer of a RoundTripper.
func reply(r *http.Request, status int, body string, header ...string) *http.Response {
	h := http.Header{"Content-Type": {"application/json"}}
	for i := 0; i+1 < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return &http.Response{
		StatusCode: status, Status: http.StatusText(status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: h, ContentLength: int64(len(body)), Body: io.NopCloser(strings.NewReader(body)),
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// meter counts requests as a gateway may: it reports whether one that arrives now is within the limit.
type meter interface{ admit(now time.Time) bool }

// byClock counts by the minute of a clock, which begins at some phase.
type byClock struct {
	limit  int
	phase  time.Duration
	minute int64
	count  int
}

func (m *byClock) admit(now time.Time) bool {
	if minute := now.Add(m.phase).Unix() / 60; minute != m.minute {
		m.minute, m.count = minute, 0
	}
	m.count++
	return m.count <= m.limit
}

// sliding counts what arrived in the last 60 seconds.
type sliding struct {
	limit int
	times []time.Time
}

func (m *sliding) admit(now time.Time) bool {
	for len(m.times) > 0 && now.Sub(m.times[0]) >= time.Minute {
		m.times = m.times[1:]
	}
	m.times = append(m.times, now)
	return len(m.times) <= m.limit
}

// weighted estimates the last 60 seconds from this minute and its share of the one before, as Kong's plugin does.
type weighted struct {
	limit           int
	minute          int64
	current, before float64
}

func (m *weighted) admit(now time.Time) bool {
	seconds := float64(now.UnixMilli()) / 1000
	if minute := int64(seconds) / 60; minute != m.minute {
		m.before = 0
		if minute == m.minute+1 {
			m.before = m.current
		}
		m.minute, m.current = minute, 0
	}
	m.current++
	elapsed := seconds/60 - float64(m.minute)
	return m.current+m.before*(1-elapsed) <= float64(m.limit)
}

// gateway is a tenant's gateway in memory: requests reach it after a varying delay, and over the limit the tenant is
// answered 429 for a minute.
type gateway struct {
	meter   meter
	delay   func() time.Duration
	service time.Duration

	mu      sync.Mutex
	arrived int
	refused int
	blocked time.Time
}

func (g *gateway) RoundTrip(r *http.Request) (*http.Response, error) {
	wait(g.delay())
	g.mu.Lock()
	now := time.Now()
	g.arrived++
	ok := g.meter.admit(now) && !now.Before(g.blocked)
	if !ok {
		g.refused++
		if !now.Before(g.blocked) {
			g.blocked = now.Add(time.Minute)
		}
	}
	g.mu.Unlock()
	if !ok {
		return reply(r, 429, `{"message":"API rate limit exceeded"}`), nil
	}
	wait(g.service)
	return reply(r, 200, "{}"), nil
}

// wait passes virtual time.
func wait(d time.Duration) {
	timer := time.NewTimer(d)
	<-timer.C
}

// TestN1NeverThrottled: however the service counts a minute and whatever its limit, goroutines that share a client never
// earn a 429, and they use 95 % of the limit.
func TestN1NeverThrottled(t *testing.T) {
	for _, limit := range []int{400, 200, 60, 1000} {
		for name, m := range map[string]meter{
			"by the clock": &byClock{limit: limit}, "by the clock, another phase": &byClock{limit: limit, phase: 17 * time.Second},
			"sliding": &sliding{limit: limit}, "weighted": &weighted{limit: limit},
		} {
			t.Run(fmt.Sprintf("%d/%s", limit, name), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					g := &gateway{meter: m, service: 300 * time.Millisecond, delay: func() time.Duration {
						return 20*time.Millisecond + rand.N(800*time.Millisecond)
					}}
					client := testClient(t, g, WithRequestsPerMinute(limit))
					const minutes = 10
					start := time.Now()
					var wg sync.WaitGroup
					for range 20 {
						wg.Go(func() {
							for time.Since(start) < minutes*time.Minute {
								if err := transport.Discard(client.Raw().WhoAmI(t.Context())); err != nil {
									t.Error(err)
									return
								}
							}
						})
					}
					wg.Wait()
					if g.refused > 0 {
						t.Errorf("%d requests were refused", g.refused)
					}
					share := float64(g.arrived) / time.Since(start).Minutes() / float64(limit)
					if share < 0.95 {
						t.Errorf("%.1f %% of the limit was used", 100*share)
					}
					t.Logf("%.1f %% of %d a minute", 100*share, limit)
				})
			})
		}
	}
}

// TestN1Bursts: pauses between bursts give no more than a minute's worth either.
func TestN1Bursts(t *testing.T) {
	for range 20 {
		synctest.Test(t, func(t *testing.T) {
			g := &gateway{meter: &sliding{limit: 400}, delay: func() time.Duration { return rand.N(time.Second) }}
			client := testClient(t, g)
			for range 5 {
				wait(rand.N(90 * time.Second))
				var wg sync.WaitGroup
				for range 50 + rand.N(300) {
					wg.Go(func() {
						if err := transport.Discard(client.Raw().WhoAmI(t.Context())); err != nil {
							t.Error(err)
						}
					})
				}
				wg.Wait()
			}
			if g.refused > 0 {
				t.Errorf("%d of %d requests were refused", g.refused, g.arrived)
			}
		})
	}
}

// TestN1SharedWithOthers: another program uses half of the tenant's limit. The client is refused now and then, waits the
// minute out without sending, and every call succeeds.
func TestN1SharedWithOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &sliding{limit: 400}
		g := &gateway{meter: m, service: 300 * time.Millisecond, delay: func() time.Duration { return 20 * time.Millisecond }}
		client := testClient(t, g)
		start := time.Now()
		const minutes = 20
		var wg sync.WaitGroup
		wg.Go(func() {
			for time.Since(start) < minutes*time.Minute {
				wait(300 * time.Millisecond)
				g.mu.Lock()
				if now := time.Now(); !now.Before(g.blocked) && !m.admit(now) {
					g.blocked = now.Add(time.Minute)
				}
				g.mu.Unlock()
			}
		})
		for range 10 {
			wg.Go(func() {
				for time.Since(start) < minutes*time.Minute {
					if err := transport.Discard(client.Raw().WhoAmI(t.Context())); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
		if g.refused == 0 || g.refused > 100 {
			t.Errorf("%d of %d requests were refused", g.refused, g.arrived)
		}
		t.Logf("%d of %d requests were refused", g.refused, g.arrived)
	})
}

// TestN1Unlimited: 0 removes the limit.
func TestN1Unlimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gateway{meter: &sliding{limit: 1 << 30}, delay: func() time.Duration { return time.Millisecond }}
		client := testClient(t, g, WithRequestsPerMinute(0))
		start := time.Now()
		for range 1000 {
			if err := transport.Discard(client.Raw().WhoAmI(t.Context())); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(start); took > 2*time.Second {
			t.Error(took)
		}
	})
	if _, err := New(WithBaseURL("acme.atlan.com"), WithAPIKey("k"), WithRequestsPerMinute(-1)); !errors.Is(err, ErrInvalidRequest) {
		t.Error(err)
	}
}

// testClient returns a client over a RoundTripper.
func testClient(t *testing.T, rt http.RoundTripper, opts ...Option) *Client {
	t.Helper()
	client, err := New(append([]Option{WithBaseURL("https://acme.atlan.com"), WithAPIKey("the-api-key-1"), WithRoundTripper(rt)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	return client
}
