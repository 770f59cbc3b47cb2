package airbyte

import (
	"context"
	"sync"
	"time"

	"github.com/sluice-sdk/sluice/gen/airbyteapi"
	"github.com/sluice-sdk/sluice/wrappers/job"
)

// feed reads what changed in a set of workspaces, and remembers how much that was the last time.
//
// Usually one page has it all. When two do not, as when thousands of jobs begin together, most rows are of jobs that
// began; then only the jobs that ended are read, from one list for each final status, all at once, until few enough end
// to try everything again. Without this a burst would be noticed tens of seconds late.
type feed struct {
	mu sync.Mutex
	// rows is how many the last reading of everything found.
	rows int
	// endedOnly is how many more readings ask for ended jobs only, at least; 0 when everything is asked for.
	endedOnly int
	// patience is what endedOnly becomes when everything was too much again.
	patience int
}

const (
	// endsOfMany is how many rows, of jobs that ended, mean that everything would fit: a job has three changes of status.
	endsOfMany  = 2 * pageSize / 3
	mostPatient = 32
)

// changes yields the jobs that changed since from, on the server's clock. It returns false when the consumer wants no
// more.
func (f *feed) changes(ctx context.Context, s *jobSource, workspaces []string, from time.Time, yield func(job.Snapshot, error) bool) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.endedOnly == 0 {
		done, more := f.everything(ctx, s, workspaces, from, yield)
		if done || !more {
			return more
		}
		f.patience = min(max(2, 2*f.patience), mostPatient)
		f.endedOnly = f.patience
	}
	return f.ended(ctx, s, workspaces, from, yield)
}

// everything reads up to two pages. It returns done unless they were not enough.
func (f *feed) everything(ctx context.Context, s *jobSource, workspaces []string, from time.Time, yield func(job.Snapshot, error) bool) (done, more bool) {
	order := "updatedAt|ASC"
	params := airbyteapi.ListJobsParams{WorkspaceIds: workspaces, UpdatedAtStart: &from, OrderBy: &order}
	const second = pageSize - feedOverlap
	atOnce := 1
	if f.rows > pageSize {
		atOnce = 2 // it was two pages the last time
	}
	read := func(ctx context.Context, i int) (feedPage, error) {
		rows, full, err := s.list(ctx, pageOf(params, i*second, pageSize))
		return feedPage{i, rows, full}, err
	}
	rows, fits := 0, false
	take := func(p feedPage, err error) bool {
		if len(p.rows) > 0 {
			rows = max(rows, p.index*second+len(p.rows))
		}
		fits = fits || !p.full
		return yieldRows(workspaces, p.rows, yield) && (err == nil || yield(job.Snapshot{}, err))
	}
	for first := 0; first < 2 && !fits; first += atOnce {
		for page, err := range concurrently(ctx, atOnce, atOnce, func(ctx context.Context, i int) (feedPage, error) { return read(ctx, first+i) }) {
			if !take(page, err) {
				return false, false
			}
			if err != nil {
				return true, true // whatever is missing: the poller asks from the same time again
			}
		}
	}
	f.rows = rows
	if fits && f.patience > 0 {
		f.patience--
	}
	return fits, true
}

type feedPage struct {
	index int
	rows  []airbyteapi.JobResponse
	full  bool
}

// ended reads the jobs that ended: the first page of each final status at once, then the rest of those that have more,
// a few pages at a time.
func (f *feed) ended(ctx context.Context, s *jobSource, workspaces []string, from time.Time, yield func(job.Snapshot, error) bool) bool {
	order := "updatedAt|ASC"
	read := func(ctx context.Context, status, page int) (feedPage, error) {
		name := airbyteapi.JobStatusEnum(finalStatuses[status])
		rows, full, err := s.list(ctx, pageOf(airbyteapi.ListJobsParams{
			WorkspaceIds: workspaces, UpdatedAtStart: &from, OrderBy: &order, Status: &name,
		}, page*pageSize, pageSize))
		return feedPage{status, rows, full}, err
	}
	total, failed := 0, false
	take := func(p feedPage, err error) bool {
		total += len(p.rows)
		failed = failed || err != nil
		return yieldRows(workspaces, p.rows, yield) && (err == nil || yield(job.Snapshot{}, err))
	}
	var unread []int
	for page, err := range concurrently(ctx, len(finalStatuses), len(finalStatuses), func(ctx context.Context, i int) (feedPage, error) { return read(ctx, i, 0) }) {
		if !take(page, err) {
			return false
		}
		if page.full && err == nil {
			unread = append(unread, page.index)
		}
	}
	for _, status := range unread {
		for first, full := 1, true; full && !failed; first += sourceRequests {
			for page, err := range concurrently(ctx, sourceRequests, sourceRequests, func(ctx context.Context, i int) (feedPage, error) { return read(ctx, status, first+i) }) {
				if !take(page, err) {
					return false
				}
				full = full && page.full
			}
		}
	}
	if failed {
		return true
	}
	switch {
	case total > endsOfMany:
		f.endedOnly = max(f.endedOnly, 1)
	case f.endedOnly > 0:
		f.endedOnly--
	}
	return true
}
