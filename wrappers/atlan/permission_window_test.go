package atlan

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

const (
	connectionName = "default/snowflake/1700000000"
	connectionGUID = "01234567-89ab-cdef-0123-456789ABCDEF"
	pending        = `{"errorCode":"ATLAS-403-00-001","errorMessage":"You are not authorized to perform this action"}`
)

// spreading is a tenant whose permissions spread after some time.
type spreading struct {
	after time.Duration
	body  string
	start time.Time

	mu   sync.Mutex
	seen []time.Duration // when requests arrived
	urls []string
}

func newSpreading(after time.Duration, body string) *spreading {
	return &spreading{after: after, body: body, start: time.Now()}
}

func (s *spreading) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := time.Since(s.start)
	s.seen = append(s.seen, at)
	s.urls = append(s.urls, r.Method+" "+r.URL.RequestURI())
	if at < s.after {
		return reply(r, 403, s.body), nil
	}
	return reply(r, 200, `{}`), nil
}

func TestConnectionOf(t *testing.T) {
	for name, want := range map[string]string{
		"": "", "default": "", "default/snowflake": "", "default/snowflake/": "", connectionName: connectionName,
		connectionName + "/": connectionName, connectionName + "/DB/SCHEMA/T": connectionName, "01234567-89ab-cdef-0123-456789abcdef": "",
	} {
		if got := connectionOf(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

// TestS3Window: a 403 is waited out for what is in a connection this client created, with the code that may mean the
// delay, until the window closes, and for nothing else.
func TestS3Window(t *testing.T) {
	const never = 24 * time.Hour
	for name, test := range map[string]struct {
		opts    []Option
		created bool          // the client created the connection
		asset   string        // what the call is about
		later   time.Duration // how long after the creation the call is made
		after   time.Duration // when permissions have spread, from the creation on
		body    string
		ok      bool
		tries   [2]int // at least, at most
		took    [2]time.Duration
		reason  bool
	}{
		"an asset in the connection":     {nil, true, connectionName + "/DB/S/T", 0, 20 * time.Second, pending, true, [2]int{5, 7}, [2]time.Duration{20 * time.Second, 30 * time.Second}, false},
		"the connection":                 {nil, true, connectionName, 0, 20 * time.Second, pending, true, [2]int{5, 7}, [2]time.Duration{20 * time.Second, 30 * time.Second}, false},
		"the connection by guid":         {nil, true, connectionGUID, 0, 20 * time.Second, pending, true, [2]int{5, 7}, [2]time.Duration{20 * time.Second, 30 * time.Second}, false},
		"never":                          {nil, true, connectionName, 0, never, pending, false, [2]int{16, 24}, [2]time.Duration{2 * time.Minute, 2*time.Minute + time.Second}, true},
		"late in the window":             {nil, true, connectionName, 119 * time.Second, never, pending, false, [2]int{2, 3}, [2]time.Duration{time.Second, time.Second}, true},
		"after the window":               {nil, true, connectionName, 2 * time.Minute, never, pending, false, [2]int{1, 1}, [2]time.Duration{}, false},
		"another connection":             {nil, true, "default/snowflake/1700000001/DB", 0, never, pending, false, [2]int{1, 1}, [2]time.Duration{}, false},
		"a connection of another's":      {nil, false, connectionName, 0, never, pending, false, [2]int{1, 1}, [2]time.Duration{}, false},
		"a name that begins the same":    {nil, true, connectionName + "0/DB", 0, never, pending, false, [2]int{1, 1}, [2]time.Duration{}, false},
		"not admin of the connection":    {nil, true, connectionName, 0, never, `{"errorCode":"ATLAS-403-00-002"}`, false, [2]int{1, 1}, [2]time.Duration{}, false},
		"a gateway's 403":                {nil, true, connectionName, 0, never, "<html>", false, [2]int{1, 1}, [2]time.Duration{}, false},
		"no window":                      {[]Option{WithPermissionWindow(0)}, true, connectionName, 0, never, pending, false, [2]int{1, 1}, [2]time.Duration{}, false},
		"a window of ten minutes":        {[]Option{WithPermissionWindow(10 * time.Minute)}, true, connectionName, 0, 5 * time.Minute, pending, true, [2]int{38, 60}, [2]time.Duration{5 * time.Minute, 5*time.Minute + 8*time.Second}, false},
		"without retries":                {[]Option{WithRetries(0)}, true, connectionName, 0, 20 * time.Second, pending, true, [2]int{5, 7}, [2]time.Duration{20 * time.Second, 30 * time.Second}, false},
		"by option":                      {[]Option{WithRetryForbidden(30 * time.Second)}, false, "", 0, 20 * time.Second, pending, true, [2]int{5, 7}, [2]time.Duration{20 * time.Second, 30 * time.Second}, false},
		"by option, whatever the code":   {[]Option{WithRetryForbidden(30 * time.Second)}, false, "", 0, never, "", false, [2]int{6, 9}, [2]time.Duration{30 * time.Second, 30 * time.Second}, false},
		"by option, longer than window":  {[]Option{WithRetryForbidden(3 * time.Minute)}, true, connectionName, 0, 150 * time.Second, pending, true, [2]int{18, 30}, [2]time.Duration{150 * time.Second, 158 * time.Second}, false},
		"by option, shorter than window": {[]Option{WithRetryForbidden(time.Second)}, true, connectionName, 0, 20 * time.Second, pending, true, [2]int{5, 7}, [2]time.Duration{20 * time.Second, 30 * time.Second}, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSpreading(test.after, test.body)
				client := testClient(t, s, test.opts...)
				if test.created {
					client.connectionCreated(connectionName, connectionGUID)
				}
				wait(test.later)
				start := time.Now()
				// An unsafe call: a 403 shows that nothing was done.
				ctx := client.underConnection(t.Context(), "default/other/1/DB", test.asset, "")
				err := transport.Discard(client.Raw().BulkSaveEntitiesWithBody(ctx, nil, "application/json", strings.NewReader(`{"entities":[]}`)))
				took := time.Since(start)
				if (err == nil) != test.ok {
					t.Fatal(err)
				}
				if n := len(s.seen); n < test.tries[0] || n > test.tries[1] || took < test.took[0] || took > test.took[1] {
					t.Errorf("%d tries in %s, want %v in %v", n, took, test.tries, test.took)
				}
				for i := range len(s.seen) - 1 {
					if pause := s.seen[i+1] - s.seen[i]; pause > 8*time.Second {
						t.Errorf("a pause of %s", pause)
					}
				}
				if err == nil {
					return
				}
				e, ok := errors.AsType[*apierr.Error](err)
				if !ok || !errors.Is(err, ErrPermission) || e.MayHaveApplied || e.Attempts != len(s.seen) || errors.Is(err, ErrPermissionsPending) != test.reason {
					t.Errorf("%#v", err)
				}
			})
		})
	}
}

// TestS3WindowEndsWithTheCall: the caller's context bounds the repeating, and the error is the 403.
func TestS3WindowEndsWithTheCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSpreading(time.Hour, pending)
		client := testClient(t, s)
		client.connectionCreated(connectionName, "")
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		err := transport.Discard(client.Raw().WhoAmI(client.underConnection(ctx, connectionName)))
		if !errors.Is(err, ErrPermission) || !errors.Is(err, ErrPermissionsPending) || time.Since(s.start) > 10*time.Second {
			t.Errorf("after %s: %v", time.Since(s.start), err)
		}
	})
}

// TestS3WindowMemory: what is remembered is bounded and forgotten.
func TestS3WindowMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := testClient(t, newSpreading(0, ""))
		for i := range 3 * maxRemembered {
			client.connectionCreated(fmt.Sprintf("default/snowflake/%d", i), "")
		}
		if n := len(client.window.created); n != maxRemembered {
			t.Errorf("%d are remembered", n)
		}
		remembered := func(i int) bool {
			ctx := t.Context()
			return client.underConnection(ctx, fmt.Sprintf("default/snowflake/%d/DB", i)) != ctx
		}
		if remembered(2*maxRemembered-1) || !remembered(2*maxRemembered) || !remembered(3*maxRemembered-1) {
			t.Error("not the youngest are remembered")
		}
		client.connectionCreated("", "")
		wait(defaultPermissionWindow)
		if remembered(3*maxRemembered - 1) {
			t.Error("it is remembered after its window")
		}
		client.connectionCreated(connectionName, "")
		if n := len(client.window.created); n != 1 {
			t.Errorf("%d are remembered after the window", n)
		}
	})
}

// TestS3WindowInside: of the assets that are saved, those in new connections are remembered by their guids, no others, no more
// than there is room for, and no longer than there are new connections.
func TestS3WindowInside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, ctx := testClient(t, newSpreading(0, "")), t.Context()
		covered := func(guid string) bool { return client.underConnection(ctx, guid) != ctx }
		client.window.add(connectionName+"/DB", "before") // nothing is new yet
		client.connectionCreated(connectionName, connectionGUID)
		client.window.add(connectionName+"/DB", "inside")
		client.window.add("default/snowflake/1700000001/DB", "elsewhere")
		client.window.add("nowhere", "nameless")
		for guid, want := range map[string]bool{"before": false, "inside": true, "elsewhere": false, "nameless": false, "": false} {
			if covered(guid) != want {
				t.Errorf("%q: %v", guid, !want)
			}
		}
		for i := range maxInside {
			client.window.add(connectionName+"/DB", strconv.Itoa(i))
		}
		if n := len(client.window.inside); n != maxInside {
			t.Errorf("%d are remembered", n)
		}
		wait(defaultPermissionWindow)
		client.connectionCreated("default/snowflake/1700000002", "")
		if n := len(client.window.inside); n != 0 || covered("inside") {
			t.Errorf("%d are remembered after the window", n)
		}
		second := func(ago time.Duration) string {
			return "default/snowflake/" + strconv.FormatInt(time.Now().Add(-ago).Unix(), 10)
		}
		if w := &client.window; !w.covers(second(0)) || !w.covers(second(-time.Minute)) || w.covers(second(defaultPermissionWindow+time.Second)) || w.covers("default/snowflake/x") {
			t.Error("the age of a name is not what it is")
		}
		client.window.length = 0
		client.connectionCreated("default/snowflake/1700000003", "")
		if n := len(client.window.created); n != 1 || client.afterFirstTry(ctx) != ctx {
			t.Errorf("without a window %d are remembered", n)
		}
	})
}

// TestS3WindowAfterFirstTry: a call that makes a connection is refused by the first 403; one to a later try is waited out.
func TestS3WindowAfterFirstTry(t *testing.T) {
	for _, first := range []int{403, 503} {
		synctest.Test(t, func(t *testing.T) {
			tries := 0
			client := testClient(t, roundTripper(func(r *http.Request) (*http.Response, error) {
				switch tries++; tries {
				case 1:
					return reply(r, first, pending), nil
				case 2, 3:
					return reply(r, 403, pending), nil
				}
				return reply(r, 200, "{}"), nil
			}))
			err := transport.Discard(client.Raw().WhoAmI(client.afterFirstTry(t.Context())))
			if refused := first == 403; errors.Is(err, ErrPermission) != refused || (err != nil) != refused || (tries == 1) != refused {
				t.Errorf("%d: %d tries, %v", first, tries, err)
			}
		})
	}
}

// TestS3WindowGoroutines: connections are made and used by many goroutines.
func TestS3WindowGoroutines(t *testing.T) {
	client := testClient(t, roundTripper(withStatus(200, "{}")))
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			for j := range 50 {
				name := fmt.Sprintf("default/snowflake/%d", i*50+j)
				client.connectionCreated(name, "")
				if ctx := t.Context(); client.underConnection(ctx, name+"/DB") == ctx {
					t.Errorf("%s is not remembered", name)
				}
			}
		})
	}
	wg.Wait()
}

// TestN3WaitForPermissions: the wait reads little, ends with the permissions or with the context, and says what the last
// answer was.
func TestN3WaitForPermissions(t *testing.T) {
	for name, url := range map[string]string{
		connectionName: "GET /api/meta/entity/uniqueAttribute/type/Connection?attr%3AqualifiedName=default%2Fsnowflake%2F1700000000&minExtInfo=true&ignoreRelationships=true",
		connectionGUID: "GET /api/meta/entity/guid/" + connectionGUID + "?minExtInfo=true&ignoreRelationships=true",
	} {
		synctest.Test(t, func(t *testing.T) {
			s := newSpreading(40*time.Second, pending)
			client := testClient(t, s)
			if err := client.WaitForPermissions(t.Context(), name); err != nil {
				t.Error(err)
			}
			if took := time.Since(s.start); took < 40*time.Second || took > 48*time.Second || len(s.seen) > 10 {
				t.Errorf("%d reads in %s", len(s.seen), took)
			}
			if s.urls[0] != url {
				t.Errorf("%s, want %s", s.urls[0], url)
			}
		})
		synctest.Test(t, func(t *testing.T) {
			s := newSpreading(time.Hour, pending)
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			err := testClient(t, s).WaitForPermissions(ctx, name)
			var e *apierr.Error
			if !errors.Is(err, ErrPermission) || !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &e) || e.Status != 403 || e.Code != codeForbidden {
				t.Error(err)
			}
			if took := time.Since(s.start); took != 30*time.Second {
				t.Errorf("it took %s", took)
			}
			if r, ok := errors.AsType[*ResourceError](err); !ok || r.Resource != "Connection" || r.ID != name {
				t.Errorf("%#v", err)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		s := newSpreading(24*time.Hour, pending)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(20*time.Second, cancel)
		if err := testClient(t, s).WaitForPermissions(ctx, connectionName); !errors.Is(err, context.Canceled) || !errors.Is(err, ErrPermission) {
			t.Error(err)
		}
		start := time.Now()
		if err := testClient(t, s).WaitForPermissions(t.Context(), connectionName); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, ErrPermission) {
			t.Error(err)
		}
		if took := time.Since(start); took != longestWait {
			t.Errorf("without a deadline it took %s", took)
		}
	})
	// What is not a 403 ends the wait.
	for status, want := range map[int]category{404: ErrNotFound, 401: ErrAuthentication, 503: ErrServer} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			err := testClient(t, roundTripper(withStatus(status, "")), WithRetries(0)).WaitForPermissions(t.Context(), connectionName)
			if !errors.Is(err, want) || errors.Is(err, context.DeadlineExceeded) || time.Since(began) > time.Second {
				t.Errorf("%d: %v after %s", status, err, time.Since(began))
			}
		})
	}
	for _, bad := range []string{"", "default", "default/snowflake", connectionName + "/DB", "01234567-89ab-cdef-0123-456789abcdeg", "01234567_89ab_cdef_0123_456789abcdef"} {
		if err := testClient(t, roundTripper(withStatus(200, "{}"))).WaitForPermissions(t.Context(), bad); !errors.Is(err, ErrInvalidRequest) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestResourceError(t *testing.T) {
	if about("Table", "t", nil) != nil {
		t.Error("nil is an error")
	}
	inner := about("Table", "t", &apierr.Error{Service: service, Kind: apierr.KindNotFound, Message: "no t"})
	if again := about("Schema", "s", inner); again != inner { //nolint:errorlint // identity
		t.Error(again)
	}
	if inner.Error() != "atlan: not found: no t [Table t]" || !errors.Is(inner, ErrNotFound) || !errors.Is(inner, apierr.ErrNotFound) || errors.Is(inner, ErrConflict) {
		t.Error(inner)
	}
}
