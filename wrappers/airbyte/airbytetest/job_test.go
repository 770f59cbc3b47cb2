package airbytetest

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/sluice-sdk/sluice/gen/airbyteapi"
)

func TestRuns(t *testing.T) {
	for name, tc := range map[string]struct {
		opts     []ConnectionOption
		ends     string
		takes    time.Duration
		rows     int64
		attempts int
	}{
		"succeeds":          {[]ConnectionOption{SyncTakes(10 * time.Minute), SyncMoves(500, 1)}, "succeeded", 10 * time.Minute, 500, 1},
		"at once":           {[]ConnectionOption{SyncTakes(time.Second), StartsAfter(0)}, "succeeded", time.Second, 1000, 1},
		"fails":             {[]ConnectionOption{SyncFails("no such table"), SyncMoves(100, 1)}, "failed", time.Minute, 50, 1},
		"fails at last":     {[]ConnectionOption{SyncFails("no such table"), AttemptsFail(2), SyncMoves(100, 1)}, "failed", time.Minute, 75, 3},
		"succeeds at last":  {[]ConnectionOption{AttemptsFail(4)}, "succeeded", time.Minute, 1000, 5},
		"is cancelled":      {[]ConnectionOption{SyncIsCancelled(), SyncMoves(100, 1)}, "cancelled", time.Minute, 50, 1},
		"moves nothing":     {[]ConnectionOption{SyncMoves(-1, -1)}, "succeeded", time.Minute, -1, 1},
		"by script":         {[]ConnectionOption{Runs(func(int, *rand.Rand) Run { return Run{Duration: time.Minute, Rows: 7} })}, "succeeded", time.Minute, 7, 1},
		"with progress":     {[]ConnectionOption{SyncTakes(10 * time.Minute), CommitsEvery(time.Second)}, "succeeded", 10 * time.Minute, 1000, 1},
		"from distribution": {[]ConnectionOption{SyncTakesFunc(LogNormal(10*time.Minute, 0))}, "succeeded", 10 * time.Minute, 1000, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := New(t)
				conn := f.AddConnection(tc.opts...)
				id := trigger(t, f, conn.ID).JobID
				began := time.Now()
				last := int64(-1)
				for {
					j := getJob(t, f, id)
					if j.RowsSynced != nil {
						if *j.RowsSynced < last {
							t.Fatalf("rows went from %d to %d", last, *j.RowsSynced)
						}
						last = *j.RowsSynced
					}
					if isFinal(j.Status) {
						if string(j.Status) != tc.ends {
							t.Errorf("ended as %s", j.Status)
						}
						break
					}
					sleep(t, time.Second)
				}
				if took := time.Since(began); took != tc.takes {
					t.Errorf("took %v", took)
				}
				if last != tc.rows {
					t.Errorf("%d rows", last)
				}
				if j, _ := f.Job(id); j.Attempts != tc.attempts {
					t.Errorf("%d attempts", j.Attempts)
				}
			})
		})
	}
}

func TestEndlessSyncIsCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := New(t, CancelTakes(5*time.Second))
		conn := f.AddConnection(SyncNeverEnds())
		id := trigger(t, f, conn.ID).JobID
		sleep(t, 30*24*time.Hour)
		if j := getJob(t, f, id); j.Status != "running" {
			t.Fatalf("after a month: %s", j.Status)
		}
		began := time.Now()
		status, body := call(t, f, "DELETE", fmt.Sprintf("/jobs/%d", id), "")
		if j := decode[airbyteapi.JobResponse](t, body); status != 200 || j.Status != "cancelled" || time.Since(began) != 5*time.Second {
			t.Errorf("%d %s after %v", status, body, time.Since(began))
		}
		// On an idle connection nothing happens, and a new sync may start.
		if status, _ := call(t, f, "DELETE", fmt.Sprintf("/jobs/%d", id), ""); status != 200 {
			t.Errorf("cancelling a finished job: %d", status)
		}
		if second := trigger(t, f, conn.ID).JobID; second <= id {
			t.Errorf("the next job has id %d", second)
		}
		if !f.CancelSync(conn.ID) || f.CancelSync(conn.ID) {
			t.Error("CancelSync")
		}
	})
}

func TestClearAndRefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := New(t)
		conn := f.AddConnection(SyncTakes(time.Hour))
		first := trigger(t, f, conn.ID).JobID
		sleep(t, time.Minute)
		status, body := call(t, f, "POST", "/jobs", `{"connectionId":"`+conn.ID+`","jobType":"reset"}`)
		reset := decode[airbyteapi.JobResponse](t, body)
		if status != 200 || reset.JobType != "reset" || reset.JobID == first {
			t.Errorf("%d %s", status, body)
		}
		if j := getJob(t, f, first); j.Status != "cancelled" {
			t.Errorf("the sync in the way is %s", j.Status)
		}
		if got := triggered(t, f, conn.ID, "sync", reset.JobID); got != "409 try-again-later A sync is already running for: c" {
			t.Errorf("a sync during the reset: %s", got)
		}
		if got := triggered(t, f, conn.ID, "refresh", 0); got != "422 unprocessable-entity Refreshes are not supported in the public API" {
			t.Errorf("refresh: %s", got)
		}
		sleep(t, time.Minute)
		if n := f.SyncsStarted(conn.ID); n != 1 {
			t.Errorf("%d syncs", n)
		}
	})
}

// A trigger that is answered late: the job may exist before the answer, begin after it, or never come.
func TestLateAnswers(t *testing.T) {
	for name, tc := range map[string]struct {
		late  Late
		begin time.Duration // -1 for never
	}{
		"at once": {Late{}, 0},
		"before":  {Late{BeginsAfter: 50 * time.Second}, 50 * time.Second},
		"after":   {Late{BeginsAfter: 75 * time.Second}, 75 * time.Second},
		"never":   {Late{Never: true}, -1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := New(t)
				conn := f.AddConnection(LateAnswers(func(n int, _ *rand.Rand) *Late {
					if n == 0 {
						return &tc.late
					}
					return nil
				}))
				began := time.Now()
				if got := triggered(t, f, conn.ID, "sync", 0); got != "409 state-conflict Could not fulfill request" {
					t.Error(got)
				}
				if took := time.Since(began); took != time.Minute {
					t.Errorf("answered after %v", took)
				}
				sleep(t, 5*time.Minute)
				jobs := f.Jobs(conn.ID)
				if tc.begin < 0 {
					if len(jobs) != 0 {
						t.Errorf("%+v", jobs)
					}
					return
				}
				if len(jobs) != 1 || jobs[0].Created.Sub(began) != tc.begin || jobs[0].Status != "succeeded" {
					t.Errorf("%+v", jobs)
				}
				if trigger(t, f, conn.ID).JobID == jobs[0].ID {
					t.Error("the second trigger was answered with the first job")
				}
			})
		})
	}
}

// However many triggers come at once, one sync starts.
func TestConcurrentTriggers(t *testing.T) {
	f := New(t)
	conn := f.AddConnection(SyncTakes(time.Hour))
	c := f.HTTPClient()
	var accepted, conflicts atomic.Int32
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			status, body, err := do(t.Context(), c, f.APIKey(), "POST", f.BaseURL()+"/jobs", `{"connectionId":"`+conn.ID+`","jobType":"sync"}`)
			switch {
			case err != nil:
				t.Error(err)
			case status == 200:
				accepted.Add(1)
			case status == 409:
				conflicts.Add(1)
			default:
				t.Errorf("%d %s", status, body)
			}
		})
	}
	wg.Wait()
	if n := f.SyncsStarted(conn.ID); n != 1 || accepted.Load()+conflicts.Load() != 32 {
		t.Errorf("%d syncs, %d accepted, %d conflicts", n, accepted.Load(), conflicts.Load())
	}
}

func TestPastJobs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := New(t)
		conn := f.AddConnection()
		now := time.Now()
		old := f.AddJob(conn.ID, now.Add(-48*time.Hour), Run{Duration: time.Hour})
		failed := f.AddJob(conn.ID, now.Add(-24*time.Hour), Run{Duration: time.Hour, Failure: "disk full"})
		older := f.AddJob(conn.ID, now.Add(-72*time.Hour), Run{Duration: time.Hour, Cancelled: true})
		running := f.AddJob(conn.ID, now.Add(-time.Hour), Run{Duration: 2 * time.Hour})
		if f.SyncsStarted(conn.ID) != 0 {
			t.Error("past jobs count as started")
		}
		var got []int64
		for _, j := range f.Jobs(conn.ID) {
			got = append(got, j.ID)
		}
		if want := []int64{older, old, failed, running}; !slices.Equal(got, want) {
			t.Errorf("by creation: %v, want %v", got, want)
		}
		if j, _ := f.Job(failed); j.Status != "failed" || j.Failure != "disk full" || !j.Updated.Equal(now.Add(-23*time.Hour)) {
			t.Errorf("%+v", j)
		}
		if got := triggered(t, f, conn.ID, "sync", 0); got[:3] != "409" {
			t.Errorf("while a job of the past still runs: %s", got)
		}
		sleep(t, 2*time.Hour)
		if j, _ := f.Job(running); j.Status != "succeeded" {
			t.Errorf("%+v", j)
		}
		if f.AddJob("nobody", now, Run{}) != 0 {
			t.Error("a job of no connection")
		}
	})
}

// The list of jobs answers the same as a plain search through all of them, whatever the filters.
func TestListJobsMatchesPlainSearch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := New(t)
		random := rand.New(rand.NewPCG(7, 7))
		workspaces := []string{f.WorkspaceID(), f.AddWorkspace("second"), f.AddWorkspace("third")}
		var conns []Connection
		for range 12 {
			conns = append(conns, f.AddConnection(Within(workspaces[random.IntN(3)]), SyncTakesFunc(LogNormal(20*time.Minute, 1)),
				Runs(func(n int, r *rand.Rand) Run {
					return Run{Duration: time.Duration(r.IntN(3600)) * time.Second, FailedAttempts: r.IntN(3), Failure: []string{"", "no"}[r.IntN(2)]}
				})))
		}
		c := f.HTTPClient()
		base, key := f.BaseURL(), f.APIKey()
		began := time.Now()
		for range 1500 {
			sleep(t, time.Duration(random.IntN(20_000))*time.Millisecond)
			conn := conns[random.IntN(len(conns))]
			switch random.IntN(5) {
			case 0, 1:
				kind := []string{"sync", "sync", "sync", "reset", "clear"}[random.IntN(5)]
				if _, _, err := do(t.Context(), c, key, "POST", base+"/jobs", `{"connectionId":"`+conn.ID+`","jobType":"`+kind+`"}`); err != nil {
					t.Fatal(err)
				}
				continue
			case 2:
				if random.IntN(5) == 0 {
					f.CancelSync(conn.ID)
				}
				continue
			}
			q := url.Values{"limit": {fmt.Sprint(1 + random.IntN(30))}, "offset": {fmt.Sprint(random.IntN(3) * random.IntN(20))}}
			moment := func() string {
				return began.Add(time.Duration(random.Int64N(int64(time.Since(began) + 1)))).Truncate(time.Second).Format(time.RFC3339)
			}
			maybe := func(name string, values ...string) {
				if random.IntN(3) == 0 {
					q[name] = values[:1+random.IntN(len(values))]
				}
			}
			maybe("connectionId", conn.ID)
			maybe("workspaceIds", workspaces[random.IntN(3)], workspaces[random.IntN(3)])
			maybe("status", []string{"running", "succeeded", "failed", "cancelled", "incomplete"}[random.IntN(5)])
			maybe("jobType", []string{"sync", "reset"}[random.IntN(2)])
			maybe("createdAtStart", moment())
			maybe("createdAtEnd", moment())
			maybe("updatedAtStart", moment())
			maybe("updatedAtEnd", moment())
			maybe("orderBy", []string{"createdAt|ASC", "createdAt|DESC", "updatedAt|ASC", "updatedAt|DESC"}[random.IntN(4)])
			status, body, err := do(t.Context(), c, key, "GET", base+"/jobs?"+q.Encode(), "")
			if err != nil || status != 200 {
				t.Fatalf("%d %s %v", status, body, err)
			}
			var got []int64
			for _, j := range decode[airbyteapi.JobsResponse](t, body).Data {
				got = append(got, j.JobID)
			}
			if diff := gocmp.Diff(plainSearch(t, f.Jobs(""), q), got); diff != "" {
				t.Fatalf("%s\n%s", q.Encode(), diff)
			}
		}
		if n := len(f.Jobs("")); n < 100 {
			t.Errorf("only %d jobs", n)
		}
	})
}

func plainSearch(t *testing.T, all []Job, q url.Values) []int64 {
	t.Helper()
	after := func(name string, at time.Time, sign int) bool {
		if q.Get(name) == "" {
			return true
		}
		bound, err := time.Parse(time.RFC3339, q.Get(name))
		if err != nil {
			t.Fatal(err)
		}
		return at.Compare(bound)*sign >= 0
	}
	all = slices.DeleteFunc(all, func(j Job) bool {
		if id := q.Get("connectionId"); id != "" {
			if j.ConnectionID != id {
				return true
			}
		} else if ids := q["workspaceIds"]; ids != nil && !slices.Contains(ids, j.Workspace) {
			return true
		}
		return q.Get("status") != "" && j.Status != q.Get("status") || q.Get("jobType") != "" && j.Type != q.Get("jobType") ||
			!after("createdAtStart", j.Created, 1) || !after("createdAtEnd", j.Created, -1) ||
			!after("updatedAtStart", j.Updated, 1) || !after("updatedAtEnd", j.Updated, -1)
	})
	order := q.Get("orderBy")
	slices.SortStableFunc(all, func(a, b Job) int {
		if order == "updatedAt|ASC" || order == "updatedAt|DESC" {
			return cmp.Or(a.Updated.Compare(b.Updated), cmp.Compare(a.ID, b.ID))
		}
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID))
	})
	if order == "updatedAt|DESC" || order == "createdAt|DESC" {
		slices.Reverse(all)
	}
	var limit, offset int
	_, err := fmt.Sscan(q.Get("limit"), &limit)
	_, err2 := fmt.Sscan(q.Get("offset"), &offset)
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	var ids []int64
	for _, j := range window(page{limit, offset}, all) {
		ids = append(ids, j.ID)
	}
	return ids
}

func TestListJobsBadParameters(t *testing.T) {
	f := New(t, Tolerate(anyRequest))
	for path, want := range map[string]int{
		"/jobs?limit=0": 400, "/jobs?limit=101": 400, "/jobs?offset=-1": 400, "/jobs?limit=x": 400,
		"/jobs?orderBy=name%7CASC": 400, "/jobs?updatedAtStart=yesterday": 400, "/jobs?limit=100": 200,
		"/jobs/x": 400,
	} {
		if status, body := call(t, f, "GET", path, ""); status != want {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
}

// A day of ten thousand syncs, looked at ten thousand times through the feed, has to take seconds.
func TestManyJobs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := New(t, SampleContract(50), KeepRecords(-1))
		const n = 10_000
		began := time.Now()
		random := rand.New(rand.NewPCG(1, 2))
		for range n {
			conn := f.AddConnection(SyncTakesFunc(LogNormal(3*time.Minute, 0.5)))
			f.mu.Lock()
			f.schedule(began.Add(time.Duration(random.Int64N(int64(24*time.Hour)))), func(at time.Time) {
				f.start(f.connectionByID[conn.ID], airbyteapi.JobTypeEnumSync, at)
			})
			f.mu.Unlock()
		}
		c, key, base := f.HTTPClient(), f.APIKey(), f.BaseURL()
		seen := make(map[int64]bool)
		since := began
		requests := 0
		for now := time.Now(); now.Before(began.Add(26 * time.Hour)); now = time.Now() {
			for offset := 0; ; offset += 100 {
				status, body, err := do(t.Context(), c, key, "GET", fmt.Sprintf("%s/jobs?limit=100&offset=%d&orderBy=updatedAt%%7CASC&updatedAtStart=%s",
					base, offset, url.QueryEscape(since.Add(-time.Second).Format(time.RFC3339))), "")
				if err != nil || status != http.StatusOK {
					t.Fatalf("%d %s %v", status, body, err)
				}
				requests++
				rows := decode[airbyteapi.JobsResponse](t, body).Data
				for _, j := range rows {
					if isFinal(j.Status) {
						seen[j.JobID] = true
					}
				}
				if len(rows) < 100 {
					break
				}
			}
			since = now
			sleep(t, 30*time.Second)
		}
		if len(seen) != n {
			t.Errorf("%d of %d syncs were seen to end, in %d requests", len(seen), n, requests)
		}
	})
}

// BenchmarkFeed reads the newest changes among ten thousand jobs.
func BenchmarkFeed(b *testing.B) {
	f := New(b, WithoutContract(), KeepRecords(-1))
	conn := f.AddConnection()
	now := time.Now()
	for i := range 10_000 {
		f.AddJob(conn.ID, now.Add(-time.Duration(i)*10*time.Second-time.Minute), Run{Duration: time.Minute})
	}
	c, key := f.HTTPClient(), f.APIKey()
	path := f.BaseURL() + "/jobs?limit=100&orderBy=updatedAt%7CASC&workspaceIds=" + f.WorkspaceID() + "&updatedAtStart=" +
		url.QueryEscape(now.Add(-time.Minute).Format(time.RFC3339))
	b.ReportAllocs()
	for b.Loop() {
		if status, body, err := do(b.Context(), c, key, "GET", path, ""); err != nil || status != 200 {
			b.Fatal(status, body, err)
		}
	}
}

// BenchmarkGetJob reads one job, with and without the contract check.
func BenchmarkGetJob(b *testing.B) {
	for name, opts := range map[string][]Option{"checked": nil, "unchecked": {WithoutContract()}} {
		b.Run(name, func(b *testing.B) {
			f := New(b, opts...)
			conn := f.AddConnection()
			id := f.AddJob(conn.ID, time.Now().Add(-time.Hour), Run{})
			c, key, path := f.HTTPClient(), f.APIKey(), fmt.Sprintf("%s/jobs/%d", f.BaseURL(), id)
			b.ReportAllocs()
			for b.Loop() {
				if status, body, err := do(b.Context(), c, key, "GET", path, ""); err != nil || status != 200 {
					b.Fatal(status, body, err)
				}
			}
		})
	}
}

// BenchmarkNew is what a test pays for a fake.
func BenchmarkNew(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		f, err := NewServer()
		if err != nil {
			b.Fatal(err)
		}
		f.AddConnection()
		_ = f.Close()
	}
}
