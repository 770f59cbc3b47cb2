package airbyte

import (
	"context"
	"errors"
	"iter"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluice-sdk/sluice/gen/airbyteapi"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/job"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

const (
	// feedLookBack covers commits that come late and clocks of several servers that differ. It is also more than the
	// second to which the server cuts some of its times.
	feedLookBack = 5 * time.Second
	// clockTries bounds how often the feed is read anew because the server's clock was not known well enough.
	clockTries = 3
	// feedOverlap is how many rows a second page of the feed repeats of the first one: rows that change between the two
	// requests leave the first page for the end of the list, and the others move up.
	feedOverlap = 20
	// sourceRequests is how many requests of one call are under way at a time: a self-managed server answers the public
	// API from five threads (airbyte-platform application.yml).
	sourceRequests = 4
	// feedsMost bounds how many sets of workspaces are remembered.
	feedsMost = 64
	// scopesPerRequest bounds the length of a URL that names workspaces.
	scopesPerRequest = 50
	// unfinishedMost bounds how many unfinished jobs of one status are read; the rest are read one by one.
	unfinishedMost = 500 * pageSize
	// pastRuns is how many durations of earlier runs are worth reading.
	pastRuns = 5
)

// jobSource reads jobs for the poller. All its requests go on the polling lane.
type jobSource struct {
	client *Client
	clock  serverClock
	worked atomic.Bool // the public API has answered

	mu    sync.Mutex
	feeds map[string]*feed // by the workspaces asked for
}

var (
	_ job.Feed     = (*jobSource)(nil)
	_ job.History  = (*jobSource)(nil)
	_ job.Canceler = (*jobSource)(nil)
)

// newJobSource returns the source of the client's poller.
func newJobSource(c *Client) job.Source {
	return &jobSource{client: c, feeds: make(map[string]*feed)}
}

// MaxBatch implements [job.Source]: any number, because lists are read while they find enough.
func (s *jobSource) MaxBatch() int { return 0 }

// Fetch implements [job.Source]. A few jobs are read one by one. Many are looked for in the newest jobs of their
// workspaces first, page by page for as long as a page finds more jobs than the one that a request of its own would.
//
//sluice:operation GET /jobs/{jobId}
//sluice:operation GET /jobs
func (s *jobSource) Fetch(ctx context.Context, refs []job.Ref) iter.Seq2[job.Snapshot, error] {
	ctx = transport.WithLane(ctx, transport.Poll)
	return func(yield func(job.Snapshot, error) bool) {
		wanted := make(map[string]map[int64]job.Ref) // by scope, by id
		for _, ref := range refs {
			id, err := jobID(ref)
			if err != nil {
				if !yield(job.Snapshot{Ref: ref}, err) {
					return
				}
				continue
			}
			if wanted[ref.Scope] == nil {
				wanted[ref.Scope] = make(map[int64]job.Ref)
			}
			wanted[ref.Scope][id] = ref
		}
		var single []job.Ref
		for _, scope := range slices.Sorted(maps.Keys(wanted)) {
			if scope != "" && len(wanted[scope]) > sourceRequests {
				if !s.fetchFromList(ctx, scope, wanted[scope], yield) {
					return
				}
			}
			single = slices.AppendSeq(single, maps.Values(wanted[scope]))
		}
		s.fetchEach(ctx, single, yield)
	}
}

// fetchFromList yields and removes from wanted the jobs that it finds among the newest ones of the workspace. A failure
// ends it and is not yielded: the jobs are read one by one then. It returns false when the consumer wants no more.
func (s *jobSource) fetchFromList(ctx context.Context, scope string, wanted map[int64]job.Ref, yield func(job.Snapshot, error) bool) bool {
	order := "createdAt|DESC"
	oldest := slices.Min(slices.Collect(maps.Keys(wanted)))
	for offset := 0; len(wanted) > 0; offset += pageSize {
		rows, _, err := s.list(ctx, pageOf(airbyteapi.ListJobsParams{WorkspaceIds: []string{scope}, OrderBy: &order}, offset, pageSize))
		if err != nil {
			return true
		}
		found, passed := 0, len(rows) < pageSize
		for i := range rows {
			row := &rows[i]
			passed = passed || row.JobID < oldest
			ref, ok := wanted[row.JobID]
			if !ok {
				continue
			}
			delete(wanted, row.JobID)
			found++
			if !yield(snapshotAs(ref, row), nil) {
				return false
			}
		}
		if found < 2 || passed {
			break
		}
	}
	return true
}

// fetchEach reads the jobs one by one, a few at a time.
func (s *jobSource) fetchEach(ctx context.Context, refs []job.Ref, yield func(job.Snapshot, error) bool) {
	for snapshot, err := range concurrently(ctx, len(refs), sourceRequests, func(ctx context.Context, i int) (job.Snapshot, error) {
		id, err := jobID(refs[i])
		if err != nil {
			return job.Snapshot{Ref: refs[i]}, err
		}
		answer, err := s.client.getJob(ctx, id)
		if err != nil {
			return job.Snapshot{Ref: refs[i]}, s.passing(err)
		}
		s.worked.Store(true)
		return snapshotAs(refs[i], answer), nil
	}) {
		if !yield(snapshot, err) {
			return
		}
	}
}

// passing makes an outage of a 403 or 404 that something before the public API gave, once that has answered from the same
// place: a gateway whose server restarts must not make a job look as if it were gone.
func (s *jobSource) passing(err error) error {
	e, ok := errors.AsType[*apierr.Error](err)
	if !ok || !s.worked.Load() || !errors.Is(err, ErrWrongRoot) || e.Status != http.StatusForbidden && e.Status != http.StatusNotFound {
		return err
	}
	outage := *e
	outage.Kind = apierr.KindUnavailable
	return &outage
}

// snapshotAs is snapshotOf for a job that was asked for by ref, and keeps ref's identity: a job whose type was not known
// when it was named goes by the type that was supposed.
func snapshotAs(ref job.Ref, j *airbyteapi.JobResponse) job.Snapshot {
	snapshot := snapshotOf(ref.Scope, j)
	if ref.Kind != "" {
		snapshot.Kind = ref.Kind
	}
	if snapshot.Parent == "" {
		snapshot.Parent = ref.Parent
	}
	return snapshot
}

// list reads one page and takes in the server's clock.
func (s *jobSource) list(ctx context.Context, params *airbyteapi.ListJobsParams) ([]airbyteapi.JobResponse, bool, error) {
	sent := time.Now()
	rows, date, err := s.client.listJobs(ctx, params)
	s.clock.observe(date, sent, time.Now())
	if err == nil {
		s.worked.Store(true)
	}
	return rows, len(rows) >= int(*params.Limit), err
}

// Changes implements [job.Feed]. The server's updatedAt moves only when a job's status does, so what was updated since is
// what changed (airbyte-platform, table jobs).
//
//sluice:operation GET /jobs
func (s *jobSource) Changes(ctx context.Context, scopes []job.Ref, since time.Time) iter.Seq2[job.Snapshot, error] {
	ctx = transport.WithLane(ctx, transport.Poll)
	return func(yield func(job.Snapshot, error) bool) {
		for workspaces := range slices.Chunk(scopesOf(scopes), scopesPerRequest) {
			for again, left := true, clockTries; again && left > 0; left-- {
				from := s.from(since)
				if !s.feed(workspaces).changes(ctx, s, workspaces, from, yield) {
					return
				}
				// The answer told that the server's clock is further behind than was supposed: what changed up to from was not
				// asked for.
				again = ctx.Err() == nil && s.from(since).Before(from.Add(-feedLookBack/2))
			}
		}
	}
}

// from is where to read the feed from, by the server's clock, for all that changed since a time of ours.
func (s *jobSource) from(since time.Time) time.Time {
	return s.clock.at(since).Add(-feedLookBack).UTC().Truncate(time.Millisecond)
}

// Unfinished implements [job.Feed]: the jobs of the statuses that are not final, of one status after the other because a
// request takes one status only.
//
//sluice:operation GET /jobs
func (s *jobSource) Unfinished(ctx context.Context, scopes []job.Ref) iter.Seq2[job.Snapshot, error] {
	ctx = transport.WithLane(ctx, transport.Poll)
	return func(yield func(job.Snapshot, error) bool) {
		order := "createdAt|ASC"
		for workspaces := range slices.Chunk(scopesOf(scopes), scopesPerRequest) {
			for rows, err := range concurrently(ctx, len(unfinishedStatuses), sourceRequests, func(ctx context.Context, i int) ([]airbyteapi.JobResponse, error) {
				status := airbyteapi.JobStatusEnum(unfinishedStatuses[i])
				var all []airbyteapi.JobResponse
				for offset, more := 0, true; more && offset < unfinishedMost; offset += pageSize {
					var rows []airbyteapi.JobResponse
					var err error
					rows, more, err = s.list(ctx, pageOf(airbyteapi.ListJobsParams{WorkspaceIds: workspaces, Status: &status, OrderBy: &order}, offset, pageSize))
					if err != nil {
						return all, err
					}
					all = append(all, rows...)
				}
				return all, nil
			}) {
				if !yieldRows(workspaces, rows, yield) || err != nil && !yield(job.Snapshot{}, err) {
					return
				}
			}
		}
	}
}

// feed returns the state of the feed of these workspaces.
func (s *jobSource) feed(workspaces []string) *feed {
	key := strings.Join(workspaces, " ")
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.feeds[key]
	if f == nil {
		if len(s.feeds) >= feedsMost {
			clear(s.feeds) // what is forgotten costs a request or two
		}
		f = &feed{}
		s.feeds[key] = f
	}
	return f
}

// scopesOf returns the workspaces of the references, each once.
func scopesOf(refs []job.Ref) []string {
	workspaces := make([]string, 0, len(refs))
	for _, ref := range refs {
		if ref.Scope != "" {
			workspaces = append(workspaces, ref.Scope)
		}
	}
	slices.Sort(workspaces)
	return slices.Compact(workspaces)
}

// yieldRows yields the jobs of an answer for these workspaces. A row does not say whose it is: with several workspaces
// the scope stays empty.
//
// A job may have been named before its type was known, and is taken for a sync then. So a job of another type is yielded
// as what it is, and as a sync.
func yieldRows(workspaces []string, rows []airbyteapi.JobResponse, yield func(job.Snapshot, error) bool) bool {
	scope := ""
	if len(workspaces) == 1 {
		scope = workspaces[0]
	}
	for i := range rows {
		snapshot := snapshotOf(scope, &rows[i])
		if !yield(snapshot, nil) {
			return false
		}
		if snapshot.Kind != string(JobTypeSync) {
			snapshot.Kind = string(JobTypeSync)
			if !yield(snapshot, nil) {
				return false
			}
		}
	}
	return true
}

// Durations implements [job.History].
//
//sluice:operation GET /jobs
func (s *jobSource) Durations(ctx context.Context, ref job.Ref) ([]time.Duration, error) {
	if ref.Parent == "" {
		return nil, nil
	}
	ctx = transport.WithLane(ctx, transport.Poll)
	status, order := airbyteapi.JobStatusEnumSucceeded, "createdAt|DESC"
	params := airbyteapi.ListJobsParams{ConnectionID: &ref.Parent, Status: &status, OrderBy: &order}
	if kind := airbyteapi.JobTypeEnum(ref.Kind); kind != "" {
		params.JobType = &kind
	}
	rows, _, err := s.list(ctx, pageOf(params, 0, pastRuns))
	if err != nil {
		return nil, err
	}
	return durationsOf(JobType(ref.Kind), rows), nil
}

// durationsOf returns how long the successful jobs of a type among rows took, in the order of rows.
func durationsOf(kind JobType, rows []airbyteapi.JobResponse) []time.Duration {
	var durations []time.Duration
	for i := range rows {
		if JobStatus(rows[i].Status) != JobSucceeded || !kind.sameWork(JobType(rows[i].JobType)) {
			continue
		}
		if d := snapshotOf("", &rows[i]).Duration(); d > 0 && len(durations) < pastRuns {
			durations = append(durations, d)
		}
	}
	return durations
}

// Cancel implements [job.Canceler].
//
//sluice:operation DELETE /jobs/{jobId}
//sluice:operation GET /jobs/{jobId}
//sluice:operation GET /jobs
func (s *jobSource) Cancel(ctx context.Context, ref job.Ref) error {
	id, err := jobID(ref)
	if err != nil {
		return err
	}
	return s.client.Workspace(ref.Scope).Connection(ref.Parent).cancel(ctx, id)
}

// concurrently calls fn for 0…n-1, at most limit at a time, and yields what comes as it comes. When the consumer stops or
// ctx ends, the calls under way are cancelled and waited for.
func concurrently[T any](ctx context.Context, n, limit int, fn func(context.Context, int) (T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		if n <= 1 || limit <= 1 {
			for i := range n {
				if !yield(fn(ctx, i)) || ctx.Err() != nil {
					return
				}
			}
			return
		}
		type outcome struct {
			value T
			err   error
		}
		calls, cancel := context.WithCancel(ctx)
		outcomes := make(chan outcome, n) // room for all: a worker never waits for the consumer
		var next atomic.Int64
		var workers sync.WaitGroup
		for range min(n, limit) {
			workers.Go(func() {
				for i := int(next.Add(1)) - 1; i < n && calls.Err() == nil; i = int(next.Add(1)) - 1 {
					value, err := fn(calls, i)
					outcomes <- outcome{value, err}
				}
			})
		}
		closed := make(chan struct{})
		go func() {
			defer close(closed)
			workers.Wait()
			close(outcomes)
		}()
		defer func() {
			cancel()
			<-closed
		}()
		came := 0
		for o := range outcomes {
			came++
			if !yield(o.value, o.err) {
				return
			}
		}
		if came < n { // ctx ended before all had begun
			var none T
			yield(none, context.Cause(ctx))
		}
	}
}
