package tests_test

import (
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
