package servicetest

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func newTestFake(tb testing.TB, o FakeOptions) *Fake {
	tb.Helper()
	o.Document, o.Route = mustDocument(tb), BasePath("/v1")
	return NewFake(answer(http.StatusOK, "application/json", `{"name":1}`), o)
}

// A fake checks what its options say, and counts what came.
func TestFake(t *testing.T) {
	meant := func(v *Violation) bool { return v.Pointer == "/name" }
	for name, c := range map[string]struct {
		options    FakeOptions
		violations int
	}{
		"checked":   {FakeOptions{}, 1},
		"tolerated": {FakeOptions{Tolerate: meant}, 0},
		"unchecked": {FakeOptions{NoContract: true}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			tb := &fakeTB{}
			c.options.TB = tb
			f := newTestFake(t, c.options)
			defer f.Close()
			send(t, f.HTTPClient(), "GET", f.URL()+"/v1/things/1", "")
			f.Fault(Status("getThing", http.StatusTeapot, ""))
			if status, _, _ := send(t, f.HTTPClient(), "GET", f.URL()+"/v1/things/1", ""); status != http.StatusTeapot {
				t.Errorf("status %d in spite of the fault", status)
			}
			if f.Violations() != c.violations || (tb.all() != "") != (c.violations > 0) {
				t.Errorf("%d violations, want %d: %s", f.Violations(), c.violations, tb.all())
			}
			if diff := cmp.Diff(map[string]int{"getThing": 2}, f.Requests()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// cleaningTB is a test that runs what it has to at its end.
type cleaningTB struct {
	fakeTB

	cleanups []func()
}

func (c *cleaningTB) Cleanup(f func()) { c.cleanups = append(c.cleanups, f) }

func TestStarted(t *testing.T) {
	tb := &cleaningTB{}
	f := newTestFake(t, FakeOptions{})
	if Started(tb, f, nil) != f || len(tb.cleanups) != 1 {
		t.Fatalf("%d cleanups", len(tb.cleanups))
	}
	send(t, f.HTTPClient(), "GET", f.URL()+"/v1/things/1", "")
	tb.cleanups[0]()
	if _, err := f.DialContext(t.Context(), "tcp", "x"); err == nil {
		t.Error("the fake is open after its test")
	}

	cause := errors.New("no document")
	func() {
		defer func() {
			if p := recover(); p != any(cause) || !strings.Contains(tb.all(), "*servicetest.Fake: no document") || len(tb.cleanups) != 1 {
				t.Errorf("panic %v, said %q, %d cleanups", p, tb.all(), len(tb.cleanups))
			}
		}()
		Started(tb, (*Fake)(nil), cause)
	}()
}

func TestServe(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	served := ""
	err := Serve(ctx, "127.0.0.1:0", newTestFake(t, FakeOptions{NoContract: true}), func(f *Fake, origin string) {
		_, _, served = send(t, http.DefaultClient, "GET", origin+"/v1/things/1", "")
		http.DefaultClient.CloseIdleConnections()
		cancel()
	})
	if err != nil || served != `{"name":1}` {
		t.Errorf("served %q, error %v", served, err)
	}
	if err := Serve(t.Context(), "nowhere", newTestFake(t, FakeOptions{}), nil); err == nil {
		t.Error("it serves nowhere")
	}
}

func TestMisuse(t *testing.T) {
	tb := &fakeTB{}
	Misuse(tb, "acmetest: no job %d", 7)
	if tb.all() != "acmetest: no job 7" {
		t.Errorf("said %q", tb.all())
	}
	defer func() {
		if p := recover(); p != any("acmetest: no job 8") {
			t.Errorf("panic %v", p)
		}
	}()
	Misuse(nil, "acmetest: no job %d", 8)
}

// What a fake mints follows from its seed, and is a UUID of version 4 where it is one.
func TestRandom(t *testing.T) {
	first, second := rand.New(rand.NewPCG(1, 2)), rand.New(rand.NewPCG(1, 2))
	id := RandomUUID(first)
	if id != RandomUUID(second) || id == RandomUUID(first) || id[6]>>4 != 4 || id[8]>>6 != 2 {
		t.Errorf("ids %x", id)
	}
	RandomUUID(second)
	if a, b := RandomSecret(first, 20), RandomSecret(second, 20); a != b || len(a) != 40 || a == RandomSecret(first, 20) {
		t.Errorf("secrets %s, %s", a, b)
	}
}
