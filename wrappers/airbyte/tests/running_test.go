package tests_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/airbyte"
	"github.com/sluice-sdk/sluice/wrappers/airbyte/airbytetest"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/servicetest"
)

// anything tolerates answers that break the contract, where a test makes the fake give them.
func anything(*servicetest.Violation) bool { return true }

func TestOnRunningFail(t *testing.T) {
	for name, wait := range map[string]time.Duration{"running": time.Minute, "not begun": 0} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fake := newFake(t)
				conn := fake.AddConnection(airbytetest.SyncTakes(time.Hour), airbytetest.StartsAfter(30*time.Second))
				id, _ := fake.StartSync(conn.ID)
				pass(wait)
				result, err := handleOf(t, fake, conn).RunSync(t.Context())
				var running *airbyte.SyncRunningError
				if result != nil || !errors.As(err, &running) || !errors.Is(err, airbyte.ErrSyncRunning) || !errors.Is(err, apierr.ErrConflict) {
					t.Fatalf("%v, %v", result, err)
				}
				if running.JobID != id || running.ConnectionID != conn.ID || running.WorkspaceID != conn.Workspace || running.URL == "" || running.Status.Final() || running.JobType != airbyte.JobTypeSync {
					t.Errorf("%+v", running)
				}
				if n := fake.SyncsStarted(conn.ID); n != 1 {
					t.Errorf("%d syncs", n)
				}
			})
		})
	}
}

func TestOnRunningAttach(t *testing.T) {
	for name, wait := range map[string]time.Duration{"running": time.Minute, "not begun": 0} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fake := newFake(t)
				conn := fake.AddConnection(airbytetest.SyncTakes(time.Hour), airbytetest.StartsAfter(30*time.Second))
				id, _ := fake.StartSync(conn.ID)
				pass(wait)
				result, err := handleOf(t, fake, conn).RunSync(t.Context(), airbyte.OnRunning(airbyte.Attach))
				if err != nil || result.JobID() != id || !result.Attached() {
					t.Fatalf("%v, %v", result, err)
				}
				if n := fake.SyncsStarted(conn.ID); n != 1 {
					t.Errorf("%d syncs", n)
				}
			})
		})
	}
	t.Run("nothing runs", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			fake := newFake(t)
			conn := fake.AddConnection()
			result, err := handleOf(t, fake, conn).RunSync(t.Context(), airbyte.OnRunning(airbyte.Attach))
			if err != nil || result.Attached() {
				t.Errorf("%v, %v", result, err)
			}
		})
	})
	t.Run("another type", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			fake := newFake(t)
			conn := fake.AddConnection()
			c := handleOf(t, fake, conn)
			cleared, err := c.StartClear(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			result, err := c.StartSync(t.Context(), airbyte.OnRunning(airbyte.Attach))
			if err != nil || result.JobID() != cleared.JobID() || !result.Attached() || result.JobType() == airbyte.JobTypeSync {
				t.Errorf("%v, %v", result, err)
			}
		})
	})
}

func TestOnRunningWaitThenRun(t *testing.T) {
	for name, option := range map[string]airbytetest.ConnectionOption{"succeeds": airbytetest.StartsAfter(time.Second), "fails": airbytetest.SyncFails("no")} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fake := newFake(t)
				conn := fake.AddConnection(airbytetest.SyncTakes(time.Hour), option)
				first, _ := fake.StartSync(conn.ID)
				pass(time.Minute)
				began := time.Now()
				result, err := handleOf(t, fake, conn).RunSync(t.Context(), airbyte.OnRunning(airbyte.WaitThenRun), airbyte.TolerateFailure())
				if err != nil || result.JobID() == first || result.Attached() {
					t.Fatalf("%v, %v", result, err)
				}
				if took := time.Since(began); took < 2*time.Hour-time.Minute || took > 2*time.Hour+5*time.Minute {
					t.Errorf("it took %v", took)
				}
				if n := fake.SyncsStarted(conn.ID); n != 2 {
					t.Errorf("%d syncs", n)
				}
			})
		})
	}
	t.Run("not longer than allowed", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			fake := newFake(t)
			conn := fake.AddConnection(airbytetest.SyncTakes(time.Hour))
			id, _ := fake.StartSync(conn.ID)
			began := time.Now()
			result, err := handleOf(t, fake, conn).RunSync(t.Context(), airbyte.OnRunning(airbyte.WaitThenRun), airbyte.WithMaxWait(10*time.Minute))
			var late *airbyte.SyncTimeoutError
			if result != nil || !errors.As(err, &late) || late.JobID != id || time.Since(began) != 10*time.Minute {
				t.Errorf("%v, %v after %v", result, err, time.Since(began))
			}
			if n := fake.SyncsStarted(conn.ID); n != 1 {
				t.Errorf("%d syncs", n)
			}
		})
	})
}

// Two calls of one program: the second is told about the first, and neither starts two.
func TestTriggersAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t)
		conn := fake.AddConnection(airbytetest.StartsAfter(10 * time.Second))
		c := handleOf(t, fake, conn)
		var wg sync.WaitGroup
		var mu sync.Mutex
		started, running := 0, 0
		for range 10 {
			wg.Go(func() {
				_, err := c.StartSync(t.Context())
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					started++
				case errors.Is(err, airbyte.ErrSyncRunning):
					running++
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if started != 1 || running != 9 || fake.SyncsStarted(conn.ID) != 1 {
			t.Errorf("%d started, %d were told, %d syncs", started, running, fake.SyncsStarted(conn.ID))
		}
	})
}

// An inactive or locked connection is explained, although the server does not.
func TestInactiveConnection(t *testing.T) {
	for status, want := range map[string]error{"inactive": airbyte.ErrConnectionInactive, "locked": airbyte.ErrConnectionLocked} {
		t.Run(status, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fake := newFake(t)
				conn := fake.AddConnection(airbytetest.WithStatus(status))
				began := time.Now()
				result, err := handleOf(t, fake, conn).RunSync(t.Context())
				if result != nil || !errors.Is(err, want) || !errors.Is(err, apierr.ErrConflict) {
					t.Fatalf("%v, %v", result, err)
				}
				var state *airbyte.ConnectionStatusError
				if !errors.As(err, &state) || state.Status != status || state.ConnectionID != conn.ID || state.URL == "" {
					t.Errorf("%v", err)
				}
				if took := time.Since(began); took > time.Second {
					t.Errorf("it took %v to say so", took)
				}
			})
		})
	}
}

// What a proxy does to the answers does not change what is known: lists in another order or with rows twice, and answers
// that are about something else.
func TestTriggerWithOddAnswers(t *testing.T) {
	start := func(t *testing.T, prepare func(s *server), fault func(r *http.Request, f *faults)) (*airbyte.SyncResult, error) {
		t.Helper()
		s := newServer()
		prepare(s)
		s.fault = fault
		return s.client(t).Workspace("w").Connection("c").StartSync(t.Context())
	}
	rows := func(change func(rows []json.RawMessage) []json.RawMessage) func(string) string {
		return func(body string) string {
			var page struct {
				Data []json.RawMessage `json:"data"`
			}
			if err := json.Unmarshal([]byte(body), &page); err != nil {
				return body
			}
			page.Data = change(page.Data)
			text, _ := json.Marshal(page)
			return string(text)
		}
	}
	t.Run("the oldest first", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			_, err := start(t, func(s *server) {
				s.begin("c", "sync", true)
				pass(time.Hour)
				s.begin("c", "sync", true)
				pass(30 * time.Second)
			}, func(r *http.Request, f *faults) {
				if r.Method == http.MethodGet {
					f.rewrite = rows(func(rows []json.RawMessage) []json.RawMessage { slices.Reverse(rows); return rows })
				}
			})
			if running, ok := errors.AsType[*airbyte.SyncRunningError](err); !ok || running.JobID != 2 {
				t.Errorf("%v", err)
			}
		})
	})
	t.Run("rows twice", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			result, err := start(t, func(*server) {}, func(r *http.Request, f *faults) {
				if r.Method == http.MethodPost {
					f.after = errReset
					return
				}
				f.rewrite = rows(func(rows []json.RawMessage) []json.RawMessage { return append(rows, rows...) })
			})
			if err != nil || result.JobID() != 1 || !result.Recovered() {
				t.Errorf("%v", err)
			}
		})
	})
	t.Run("another connection's job", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			result, err := start(t, func(*server) {}, func(r *http.Request, f *faults) {
				if r.Method == http.MethodPost {
					f.rewrite = func(body string) string {
						return strings.NewReplacer(`"jobId":1`, `"jobId":7`, `"connectionId":"c"`, `"connectionId":"d"`).Replace(body)
					}
				}
			})
			if err != nil || result.JobID() != 1 || !result.Recovered() {
				t.Errorf("%v", err)
			}
		})
	})
	t.Run("a job of another type", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			var s *server
			_, err := start(t, func(all *server) { s = all }, func(r *http.Request, _ *faults) {
				if r.Method == http.MethodPost {
					s.begin("c", "clear", true) // since the list was read; it has not begun, so that the server answers with it
				}
			})
			if running, ok := errors.AsType[*airbyte.SyncRunningError](err); !ok || running.JobID != 1 || running.JobType != airbyte.JobTypeClear {
				t.Errorf("%v", err)
			}
		})
	})
}

// A server that says that a job runs, and shows none for ever, is believed until the time is up.
func TestRunningJobThatNobodySees(t *testing.T) {
	maintenance := errors.New("maintenance begins")
	for name, tt := range map[string]struct {
		opts  []airbyte.SyncOption
		stop  time.Duration // when the context is cancelled
		least time.Duration
		most  time.Duration
		want  error
	}{
		"fail":                 {opts: []airbyte.SyncOption{airbyte.OnRunning(airbyte.Fail)}, most: 10 * time.Second, want: airbyte.ErrSyncRunning},
		"wait, up to a time":   {opts: []airbyte.SyncOption{airbyte.OnRunning(airbyte.WaitThenRun), airbyte.WithMaxWait(10 * time.Minute)}, least: 9 * time.Minute, most: 10 * time.Minute, want: airbyte.ErrSyncRunning},
		"attach, up to a time": {opts: []airbyte.SyncOption{airbyte.OnRunning(airbyte.Attach), airbyte.WithMaxWait(10 * time.Minute)}, least: 9 * time.Minute, most: 10 * time.Minute, want: airbyte.ErrSyncRunning},
		"wait, cancelled":      {opts: []airbyte.SyncOption{airbyte.OnRunning(airbyte.WaitThenRun)}, stop: 5 * time.Minute, least: 5 * time.Minute, most: 5 * time.Minute, want: maintenance},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				posts := 0
				client := clientFor(t, func(r *http.Request) (int, string) {
					if r.Method == http.MethodPost {
						posts++
						return 409, `{"status":409,"type":"https://reference.airbyte.com/reference/errors#try-again-later","title":"try-again-later","data":{"message":"A sync is already running for: c"}}`
					}
					return 200, `{"data":[]}`
				}, airbyte.WithNoAuth())
				ctx, cancel := context.WithCancelCause(t.Context())
				if tt.stop > 0 {
					time.AfterFunc(tt.stop, func() { cancel(maintenance) })
				}
				began := time.Now()
				result, err := client.Workspace("w").Connection("c").RunSync(ctx, tt.opts...)
				if took := time.Since(began); result != nil || !errors.Is(err, tt.want) || took < tt.least || took > tt.most {
					t.Errorf("%v, %v after %v; want %v between %v and %v", result, err, took, tt.want, tt.least, tt.most)
				}
				if tt.stop > 0 && !errors.Is(err, context.Canceled) {
					t.Errorf("%v does not say that the context was cancelled", err)
				}
				var running *airbyte.SyncRunningError
				if tt.stop == 0 && (!errors.As(err, &running) || running.JobID != 0 || running.ConnectionID != "c") {
					t.Errorf("%+v", running)
				}
				if posts > 30 {
					t.Errorf("%d requests in %v", posts, tt.most)
				}
				cancel(nil)
			})
		})
	}
}

// One trigger of a connection waits for another one of the same client, but not longer than its context lasts.
func TestTriggerThatWaitsForAnotherMayBeCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		posts := 0
		client := clientFor(t, func(r *http.Request) (int, string) {
			if r.Method == http.MethodPost {
				posts++
				return 0, "" // never
			}
			return 200, `{"data":[]}`
		}, airbyte.WithNoAuth())
		c := client.Workspace("w").Connection("c")
		first, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { _, err := c.StartSync(first); done <- err }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		var resource *airbyte.ResourceError
		if _, err := client.Workspace("w").Connection("C").StartSync(ctx); !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &resource) || time.Since(began) != time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		stop()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("the first one: %v", err)
		}
		if posts != 1 {
			t.Errorf("%d requests", posts)
		}
	})
}

// What ends a wait is not a timeout because timeouts are tolerated.
func TestOnlyTimeoutsAreTolerated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t)
		conn := fake.AddConnection(airbytetest.SyncTakes(time.Hour))
		result, err := handleOf(t, fake, conn).StartSync(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var late *airbyte.SyncTimeoutError
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Minute, cancel)
		if status, err := result.Wait(ctx, airbyte.WithMaxWait(30*time.Minute), airbyte.TolerateTimeout(), airbyte.TolerateFailure()); status != airbyte.JobRunning || !errors.Is(err, context.Canceled) || errors.As(err, &late) {
			t.Errorf("a cancelled wait: %q, %v", status, err)
		}
		fake.Fault(airbytetest.Status("getJob", 403, `{"message":"no"}`), airbytetest.Status("listJobs", 403, `{"message":"no"}`))
		var resource *airbyte.ResourceError
		if status, err := result.Wait(t.Context(), airbyte.WithMaxWait(30*time.Minute), airbyte.TolerateTimeout(), airbyte.TolerateFailure()); !errors.Is(err, apierr.ErrPermissionDenied) || errors.As(err, &late) || !errors.As(err, &resource) || resource.Job != result.JobID() {
			t.Errorf("a wait that may not look: %q, %v", status, err)
		}
	})
}
