package tests_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/airbyte"
	"github.com/sluice-sdk/sluice/wrappers/airbyte/airbytetest"
	"github.com/sluice-sdk/sluice/wrappers/job"
)

// startedBy starts one sync on each of n connections and returns them.
func startedBy(t *testing.T, ws *airbyte.Workspace, fake *airbytetest.Fake, n int, opts ...airbytetest.ConnectionOption) []*job.Job {
	t.Helper()
	jobs := make([]*job.Job, n)
	for i := range jobs {
		conn := fake.AddConnection(append([]airbytetest.ConnectionOption{airbytetest.SyncTakes(time.Duration(5+i) * time.Minute), airbytetest.Within(ws.ID())}, opts...)...)
		result, err := ws.StartSync(t.Context(), conn.ID)
		if err != nil {
			t.Fatal(err)
		}
		jobs[i] = result.Job()
	}
	return jobs
}

// finish waits for all and returns how late the latest end was noticed.
func finish(t *testing.T, fake *airbytetest.Fake, jobs []*job.Job) (latest time.Duration) {
	t.Helper()
	ended := 0
	for done, err := range job.WaitAll(t.Context(), jobs) {
		if err != nil {
			t.Error(err)
		}
		ended++
		for _, j := range fake.Jobs(done.Job.Ref().Parent) {
			if fmt.Sprint(j.ID) == done.Snapshot.ID {
				latest = max(latest, time.Since(j.Updated))
			}
		}
	}
	if ended != len(jobs) {
		t.Errorf("%d of %d ended", ended, len(jobs))
	}
	return latest
}

// Many jobs of a workspace are read in one request, which asks for no more than what changed.
func TestBatchedWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t)
		var mu sync.Mutex
		var lists []string
		connections := fake.Transport()
		ws := clientOf(t, fake, airbyte.WithRoundTripper(roundTripper(func(r *http.Request) (*http.Response, error) {
			if q := r.URL.Query(); q.Get("workspaceIds") != "" {
				mu.Lock()
				lists = append(lists, r.URL.RawQuery)
				mu.Unlock()
			}
			return connections.RoundTrip(r)
		}))).Workspace(fake.WorkspaceID())
		jobs := startedBy(t, ws, fake, 40)
		if late := finish(t, fake, jobs); late > 10*time.Second {
			t.Errorf("the latest was noticed after %v", late)
		}
		if n := fake.Log().Count("getJob"); n > 150 { // the last one, when it is alone
			t.Errorf("%d jobs were read one by one", n)
		}
		changes := 0
		for _, q := range lists {
			if strings.Contains(q, "updatedAtStart=") {
				changes++
				for _, want := range []string{"orderBy=updatedAt%7CASC", "limit=100", "workspaceIds=" + ws.ID()} {
					if !strings.Contains(q, want) {
						t.Errorf("%s lacks %s", q, want)
					}
				}
			}
		}
		if changes < 100 {
			t.Errorf("%d of %d lists ask for changes", changes, len(lists))
		}
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// Jobs that the list does not show, because the handle names the wrong workspace, are read one by one.
func TestBatchWithWrongWorkspace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t)
		elsewhere := fake.AddWorkspace("elsewhere")
		client := clientOf(t, fake)
		right, wrong := client.Workspace(fake.WorkspaceID()), client.Workspace(elsewhere)
		jobs := startedBy(t, right, fake, 5)
		for range 5 {
			conn := fake.AddConnection(airbytetest.SyncTakes(20 * time.Minute))
			result, err := wrong.StartSync(t.Context(), conn.ID)
			if err != nil {
				t.Fatal(err)
			}
			jobs = append(jobs, result.Job())
		}
		if late := finish(t, fake, jobs); late > time.Minute {
			t.Errorf("the latest was noticed after %v", late)
		}
	})
}

// Rows that are repeated or left out cost time, never a result.
func TestBatchWithBadLists(t *testing.T) {
	for name, fault := range map[string]*airbytetest.Fault{
		"rows twice":    airbytetest.DuplicateRows("listJobs"),
		"rows left out": airbytetest.MissingRows("listJobs", 3),
		"no rows":       airbytetest.MissingRows("listJobs", 1),
		"refused":       airbytetest.Status("listJobs", 403, `{"status":403,"title":"forbidden","type":"x"}`),
		"broken":        airbytetest.InvalidJSON("listJobs"),
		"sometimes":     airbytetest.HTML("listJobs", 502).Chance(0.5),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fake := newFake(t, airbytetest.Tolerate(anything))
				jobs := startedBy(t, clientOf(t, fake).Workspace(fake.WorkspaceID()), fake, 20)
				fake.Fault(fault)
				if late := finish(t, fake, jobs); late > 15*time.Minute {
					t.Errorf("the latest was noticed after %v", late)
				}
			})
		})
	}
}

// Jobs of many workspaces are waited for with one client: a request names some of them.
func TestBatchOfWorkspaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t)
		client := clientOf(t, fake)
		var jobs []*job.Job
		for i := range 60 {
			id := fake.AddWorkspace(fmt.Sprint("workspace ", i))
			destination := fake.AddDestination(airbytetest.InWorkspace(id))
			conn := fake.AddConnection(airbytetest.To(destination), airbytetest.From(fake.AddSource(airbytetest.InWorkspace(id))), airbytetest.SyncTakes(10*time.Minute))
			result, err := client.Workspace(id).StartSync(t.Context(), conn.ID)
			if err != nil {
				t.Fatal(err)
			}
			jobs = append(jobs, result.Job())
		}
		before := fake.Log().Count("getJob")
		if late := finish(t, fake, jobs); late > 10*time.Second {
			t.Errorf("the latest was noticed after %v", late)
		}
		if n := fake.Log().Count("getJob") - before; n > 60 {
			t.Errorf("%d jobs were read one by one", n)
		}
	})
}

// A server whose clock goes minutes before or after ours is asked for the right time.
func TestBatchWithAnotherClock(t *testing.T) {
	for _, skew := range []time.Duration{-10 * time.Minute, 10 * time.Minute} {
		t.Run(skew.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer()
				s.skew = skew
				s.takes = func(string) (time.Duration, time.Duration, string) {
					return 2 * time.Second, 10 * time.Minute, "succeeded"
				}
				ws := s.client(t).Workspace("w")
				var jobs []*job.Job
				for i := range 30 {
					result, err := ws.StartSync(t.Context(), fmt.Sprint("c", i))
					if err != nil {
						t.Fatal(err)
					}
					jobs = append(jobs, result.Job())
				}
				latest := time.Duration(0)
				for done, err := range job.WaitAll(t.Context(), jobs) {
					if err != nil {
						t.Fatal(err)
					}
					var id int
					_, _ = fmt.Sscan(done.Snapshot.ID, &id)
					latest = max(latest, time.Since(s.jobs[id-1].end))
				}
				if latest > 10*time.Second {
					t.Errorf("the latest was noticed after %v", latest)
				}
				if n := s.counted("GET", "/jobs/"); n > 60 {
					t.Errorf("%d jobs were read one by one", n)
				}
			})
		})
	}
}

// Ten thousand syncs that begin and end in bursts are noticed in time: only the ends are read then.
func TestBatchBurst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		s.silent = true
		n := 0
		s.takes = func(string) (time.Duration, time.Duration, string) {
			n++
			return 3 * time.Second, 2*time.Minute + time.Duration(n%600)*100*time.Millisecond, []string{"succeeded", "failed"}[n%2]
		}
		ws := s.client(t).Workspace("w")
		var mu sync.Mutex
		latest := time.Duration(0)
		var wg sync.WaitGroup
		for i := range 5000 {
			wg.Go(func() {
				result, err := ws.StartSync(t.Context(), fmt.Sprint("c", i))
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := result.Wait(t.Context(), airbyte.TolerateFailure()); err != nil {
					t.Error(err)
				}
				s.mu.Lock()
				late := time.Since(s.jobs[result.JobID()-1].end)
				s.mu.Unlock()
				mu.Lock()
				latest = max(latest, late)
				mu.Unlock()
			})
		}
		wg.Wait()
		t.Logf("the latest was noticed after %v", latest)
		if latest > 5*time.Second {
			t.Errorf("the latest was noticed after %v", latest)
		}
	})
}

// Jobs of which nothing was read yet, some of them long over, are found with a few lists.
func TestBatchOfUnreadJobs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t)
		started := startedBy(t, clientOf(t, fake).Workspace(fake.WorkspaceID()), fake, 300)
		pass(2 * time.Hour) // the first 115 are over
		ws := clientOf(t, fake).Workspace(fake.WorkspaceID())
		before := fake.Log().Count("getJob")
		jobs := make([]*job.Job, len(started))
		for i, j := range started {
			var id int64
			_, _ = fmt.Sscan(j.Ref().ID, &id)
			jobs[i] = ws.Connection(j.Ref().Parent).SyncResult(id).Job()
		}
		began, over := time.Now(), 0
		for done, err := range job.WaitAll(t.Context(), jobs) {
			if err != nil || done.Snapshot.Raw != "succeeded" {
				t.Errorf("%v: %v", done.Snapshot, err)
			}
			if time.Since(began) < 10*time.Second {
				over++
			}
		}
		if over < 110 {
			t.Errorf("%d of 115 ends were noticed within ten seconds", over)
		}
		if n := fake.Log().Count("getJob") - before; n > 60 {
			t.Errorf("%d jobs were read one by one", n)
		}
	})
}

// Where lists are refused every job is read by itself. That may take longer than one call is given, and no wait ends of it.
func TestManyOneByOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		s.rtt, s.silent = 2*time.Second, true
		s.takes = func(string) (time.Duration, time.Duration, string) { return time.Second, 30 * time.Minute, "succeeded" }
		s.fault = func(r *http.Request, f *faults) {
			if r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/jobs") {
				f.unprocessed = true
				f.status, f.body = problem(403, "forbidden", "")
			}
		}
		ws := s.client(t).Workspace("w")
		var jobs []*job.Job
		for i := range 1000 { // 500 seconds at four a time
			connection := fmt.Sprint("c", i)
			jobs = append(jobs, ws.Connection(connection).SyncResult(s.begin(connection, "sync", true).id).Job())
		}
		for _, err := range job.WaitAll(t.Context(), jobs) {
			if err != nil {
				t.Fatal(err)
			}
		}
	})
}
