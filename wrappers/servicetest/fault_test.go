package servicetest

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// outcome is what a client saw of one POST.
type outcome struct {
	status      int
	contentType string
	body        string
	err         error // of the request or of reading the body
}

func post(ctx context.Context, c *http.Client, url string) outcome {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(`{"name":"n"}`))
	if err != nil {
		return outcome{err: err}
	}
	r.Header.Set("Content-Type", "application/json")
	response, err := c.Do(r)
	if err != nil {
		return outcome{err: err}
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	return outcome{response.StatusCode, response.Header.Get("Content-Type"), string(data), err}
}

func isReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

const thing = `{"name":"a long enough name"}`

// Every fault does the same in memory, over TCP, and over TLS with HTTP/2 (where a cut stream is an error of its
// own).
func TestFaults(t *testing.T) {
	for name, tc := range map[string]struct {
		fault     func() *Fault
		processed int // how often the handler ran
		check     func(o outcome) bool
	}{
		"status":      {func() *Fault { return Status("makeThing", 503, `{"message":"no"}`) }, 0, func(o outcome) bool { return o.status == 503 && o.contentType == "application/json" }},
		"status text": {func() *Fault { return Status("makeThing", 502, "bad") }, 0, func(o outcome) bool { return o.status == 502 && strings.HasPrefix(o.contentType, "text/plain") }},
		"rate limit":  {func() *Fault { return RateLimit("makeThing", "30") }, 0, func(o outcome) bool { return o.status == 429 }},
		"html": {func() *Fault { return HTML("makeThing", 200) }, 0, func(o outcome) bool {
			return o.status == 200 && o.contentType == "text/html" && strings.Contains(o.body, "nginx")
		}},
		"reset before":  {func() *Fault { return ResetBefore("makeThing") }, 0, func(o outcome) bool { return o.err != nil && o.status == 0 }},
		"reset after":   {func() *Fault { return ResetAfterBody("makeThing") }, 1, func(o outcome) bool { return o.err != nil && o.status == 0 }},
		"reset within":  {func() *Fault { return ResetMidBody("makeThing", 5) }, 1, func(o outcome) bool { return o.status == 200 && o.err != nil && o.body == thing[:5] }},
		"truncated":     {func() *Fault { return Truncate("makeThing", 5) }, 1, func(o outcome) bool { return o.status == 200 && o.err != nil && o.body == thing[:5] }},
		"invalid JSON":  {func() *Fault { return InvalidJSON("makeThing") }, 1, func(o outcome) bool { return o.status == 200 && o.err == nil && o.body == thing[:len(thing)/2] }},
		"content type":  {func() *Fault { return ContentType("makeThing", "text/plain") }, 1, func(o outcome) bool { return o.contentType == "text/plain" && o.body == thing }},
		"no type":       {func() *Fault { return ContentType("makeThing", "") }, 1, func(o outcome) bool { return o.contentType == "" && o.body == thing }},
		"redirect":      {func() *Fault { return Redirect("makeThing", "https://elsewhere.test/x") }, 0, func(o outcome) bool { return o.status == 307 }},
		"other op":      {func() *Fault { return Status("getThing", 503, "") }, 1, func(o outcome) bool { return o.status == 200 }},
		"any op":        {func() *Fault { return Status("*", 503, "") }, 0, func(o outcome) bool { return o.status == 503 }},
		"one of two":    {func() *Fault { return Status("getThing|makeThing", 503, "") }, 0, func(o outcome) bool { return o.status == 503 }},
		"not yet":       {func() *Fault { return Status("*", 503, "").After(1) }, 1, func(o outcome) bool { return o.status == 200 }},
		"no match":      {func() *Fault { return Status("*", 503, "").When(func(*http.Request) bool { return false }) }, 1, func(o outcome) bool { return o.status == 200 }},
		"rewritten":     {func() *Fault { return RewriteBody("*", func([]byte) []byte { return []byte("{}") }) }, 1, func(o outcome) bool { return o.body == "{}" }},
		"small endless": {func() *Fault { return Endless("*", 3<<20) }, 0, func(o outcome) bool { return o.err == nil && len(o.body) > 3<<20 }},
	} {
		t.Run(name, func(t *testing.T) {
			for _, kind := range []string{"memory", "tcp", "tls http/1.1", "tls http/2"} {
				t.Run(kind, func(t *testing.T) {
					var processed atomic.Int32
					h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						processed.Add(1)
						answer(200, "application/json", thing).ServeHTTP(w, r)
					})
					s := newTestServer(t, h, &Contract{TB: t})
					f := tc.fault()
					s.Fault(f)
					client, origin := reach(t, s, kind)
					client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
					o := post(t.Context(), client, origin+"/v1/things/1")
					if strings.HasPrefix(name, "reset") && kind != "tls http/2" && !isReset(o.err) {
						t.Errorf("not a reset: %v", o.err)
					}
					if !tc.check(o) {
						t.Errorf("%d %q %.100q %v", o.status, o.contentType, o.body, o.err)
					}
					if int(processed.Load()) != tc.processed {
						t.Errorf("processed %d times, want %d", processed.Load(), tc.processed)
					}
				})
			}
		})
	}
}

// reach returns a client and the origin for a way to a server.
func reach(t *testing.T, s *Server, kind string) (*http.Client, string) {
	t.Helper()
	switch kind {
	case "memory":
		return s.Client(), s.URL()
	case "tcp":
		origin, err := s.Listen(t.Context(), "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		transport := &http.Transport{}
		t.Cleanup(transport.CloseIdleConnections)
		return &http.Client{Transport: transport}, origin
	}
	ts := httptest.NewUnstartedServer(s)
	ts.EnableHTTP2 = kind == "tls http/2"
	ts.StartTLS()
	t.Cleanup(ts.Close)
	return ts.Client(), ts.URL
}

func TestFaultCounts(t *testing.T) {
	s := newTestServer(t, answer(200, "application/json", thing), &Contract{TB: t})
	f := Status("makeThing", 503, "").After(2).Times(3)
	s.Fault(f)
	c := s.Client()
	var got []int
	for range 8 {
		got = append(got, post(t.Context(), c, s.URL()+"/v1/things/1").status)
	}
	want := []int{200, 200, 503, 503, 503, 200, 200, 200}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("got %v, want %v", got, want)
		}
	}
	if f.Strikes() != 3 {
		t.Errorf("%d strikes", f.Strikes())
	}
	g := Status("*", 500, "")
	s.Fault(g)
	g.Remove()
	if got := post(t.Context(), c, s.URL()+"/v1/things/1").status; got != 200 {
		t.Errorf("a removed fault struck: %d", got)
	}
	s.Fault(Status("*", 500, ""))
	s.ClearFaults()
	if got := post(t.Context(), c, s.URL()+"/v1/things/1").status; got != 200 {
		t.Errorf("a cleared fault struck: %d", got)
	}
}

func TestFaultChanceIsSeeded(t *testing.T) {
	run := func(seed uint64) (struck string) {
		s := NewServer(answer(200, "application/json", thing), Options{Document: mustDocument(t), Seed: seed, Route: BasePath("/v1")})
		defer s.Close()
		s.Fault(Status("*", 503, "").Chance(0.5))
		c := s.Client()
		for range 64 {
			struck += string(rune('0' + post(t.Context(), c, s.URL()+"/v1/things/1").status/100))
		}
		return struck
	}
	a, b, other := run(1), run(1), run(2)
	if a != b {
		t.Error("the same seed struck differently")
	}
	if a == other {
		t.Error("another seed struck the same")
	}
	if n := strings.Count(a, "5"); n < 16 || n > 48 {
		t.Errorf("%d of 64 at even odds", n)
	}
}

// A delay goes together with what comes after it, and its time is virtual.
func TestDelaysAndStalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var at time.Time
		h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			at = time.Now()
			answer(200, "application/json", thing).ServeHTTP(w, r)
		})
		s := newTestServer(t, h, &Contract{TB: t})
		c := s.Client()
		began := time.Now()
		s.Fault(Delay("makeThing", time.Hour), ResetAfterBody("makeThing"))
		if o := post(t.Context(), c, s.URL()+"/v1/things/1"); !isReset(o.err) || at.Sub(began) != time.Hour {
			t.Errorf("%v, processed after %v", o.err, at.Sub(began))
		}

		s.ClearFaults()
		began = time.Now()
		s.Fault(DelayAnswer("makeThing", time.Hour))
		if o := post(t.Context(), c, s.URL()+"/v1/things/1"); o.status != 200 || !at.Equal(began) || time.Since(began) != time.Hour {
			t.Errorf("%+v, processed after %v, answered after %v", o, at.Sub(began), time.Since(began))
		}

		for name, f := range map[string]*Fault{
			"before": Stall("makeThing"), "after": StallAfterBody("makeThing"), "within": StallMidBody("makeThing", 3),
		} {
			s.ClearFaults()
			s.Fault(f)
			began = time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			o := post(ctx, c, s.URL()+"/v1/things/1")
			cancel()
			if !errors.Is(o.err, context.DeadlineExceeded) || time.Since(began) != time.Minute {
				t.Errorf("stall %s: %+v after %v", name, o, time.Since(began))
			}
			if (name == "within") != (o.status == 200) {
				t.Errorf("stall %s: status %d", name, o.status)
			}
		}
	})
}

// A client that leaves a huge body alone does not keep the server busy, nor fill its memory.
func TestEndlessBodyEndsWithTheClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTestServer(t, answer(200, "application/json", thing), &Contract{TB: t})
		s.Fault(Endless("makeThing", 0))
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL()+"/v1/things/1", strings.NewReader(thing))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		response, err := s.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.CopyN(io.Discard, response.Body, 1<<20); err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		synctest.Wait() // would never come if the server went on
	})
}

// Closing the server ends requests that nobody answers.
func TestCloseEndsStalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTestServer(t, answer(200, "application/json", thing), &Contract{TB: t})
		s.Fault(Delay("makeThing", time.Hour).Times(20), Stall("makeThing"))
		ended := make(chan outcome)
		c := s.Client()
		for range 40 {
			go func() { ended <- post(t.Context(), c, s.URL()+"/v1/things/1") }()
		}
		synctest.Wait()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		for range 40 {
			if o := <-ended; o.err == nil {
				t.Errorf("%+v", o)
			}
		}
		if _, err := s.Listen(t.Context(), "127.0.0.1:0"); err == nil {
			t.Error("a closed server listens")
		}
	})
}

// A fault that can never strike is a mistake in the test.
func TestFaultOfUnknownOperation(t *testing.T) {
	s := newTestServer(t, answer(200, "application/json", thing), nil)
	defer func() {
		if recover() == nil {
			t.Error("a misspelt operation was taken")
		}
	}()
	s.Fault(Status("getThing|getThings", 503, ""))
}
