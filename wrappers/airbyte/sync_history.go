package airbyte

import (
	"context"
	"iter"
	"strconv"
	"time"

	"github.com/sluice-sdk/sluice/gen/airbyteapi"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/paging"
)

// AnyJobType is the type of a [JobFilter] that brings jobs of all types.
const AnyJobType JobType = "*"

// JobFilter says which jobs a list brings: those that all of its fields allow. The zero filter brings all syncs.
type JobFilter struct {
	// Type is the type of the jobs; "" means [JobTypeSync].
	Type JobType
	// Status is the status of the jobs; "" means any.
	Status JobStatus
	// CreatedFrom and CreatedTo, UpdatedFrom and UpdatedTo bound when a job was created and when its status changed last,
	// both ends included; zero means no bound.
	CreatedFrom, CreatedTo, UpdatedFrom, UpdatedTo time.Time
	// Limit is how many jobs to bring; 0 means all.
	Limit int
}

func (f *JobFilter) params() (airbyteapi.ListJobsParams, error) {
	order := "createdAt|DESC"
	params := airbyteapi.ListJobsParams{OrderBy: &order}
	if f.Limit < 0 {
		return params, apierr.Invalid(service, "limit", "the limit is negative")
	}
	switch f.Type {
	case AnyJobType:
	case "":
		kind := airbyteapi.JobTypeEnumSync
		params.JobType = &kind
	default:
		kind := airbyteapi.JobTypeEnum(f.Type)
		params.JobType = &kind
	}
	if f.Status != "" {
		status := airbyteapi.JobStatusEnum(f.Status)
		params.Status = &status
	}
	for _, bound := range []struct {
		at    time.Time
		param **time.Time
	}{
		{f.CreatedFrom, &params.CreatedAtStart}, {f.CreatedTo, &params.CreatedAtEnd},
		{f.UpdatedFrom, &params.UpdatedAtStart}, {f.UpdatedTo, &params.UpdatedAtEnd},
	} {
		if !bound.at.IsZero() {
			at := bound.at.UTC()
			*bound.param = &at
		}
	}
	return params, nil
}

// PreviousSyncs lists the connection's jobs, the newest first; without a filter all its syncs. Each has been read: its
// methods without a context know. Pages are read as the loop goes on; an error ends it. A connection that has no such job
// gives an empty list.
//
//sluice:operation GET /jobs
func (c *Connection) PreviousSyncs(ctx context.Context, filter ...JobFilter) iter.Seq2[*SyncResult, error] {
	return func(yield func(*SyncResult, error) bool) {
		f, err := oneFilter(filter)
		if err == nil {
			err = c.check()
		}
		if err != nil {
			yield(nil, err)
			return
		}
		params, err := f.params()
		if err != nil {
			yield(nil, err)
			return
		}
		params.ConnectionID = &c.id
		for row, err := range c.workspace.client.jobs(ctx, params, f.Limit) {
			if err != nil {
				yield(nil, c.explain(err, 0))
				return
			}
			if !yield(c.result(row, originUnknown, nil), nil) {
				return
			}
		}
	}
}

// PreviousSyncs lists the jobs of all connections of the workspace: see [Connection.PreviousSyncs].
//
//sluice:operation GET /jobs
func (w *Workspace) PreviousSyncs(ctx context.Context, filter ...JobFilter) iter.Seq2[*SyncResult, error] {
	return func(yield func(*SyncResult, error) bool) {
		f, err := oneFilter(filter)
		if err == nil {
			err = checkID("workspace", w.id)
		}
		if err != nil {
			yield(nil, err)
			return
		}
		params, err := f.params()
		if err != nil {
			yield(nil, err)
			return
		}
		params.WorkspaceIds = []string{w.id}
		for row, err := range w.client.jobs(ctx, params, f.Limit) {
			if err != nil {
				yield(nil, &ResourceError{Workspace: w.id, URL: w.client.workspaceURL(w.id), Err: err})
				return
			}
			if !yield(w.Connection(row.ConnectionID).result(row, originUnknown, nil), nil) {
				return
			}
		}
	}
}

func oneFilter(filters []JobFilter) (JobFilter, error) {
	switch len(filters) {
	case 0:
		return JobFilter{}, nil
	case 1:
		return filters[0], nil
	}
	return JobFilter{}, apierr.Invalid(service, "filter", "give one filter: its fields all have to hold")
}

// LatestSync returns the connection's newest sync, whatever became of it, and [ErrNoSync] when there is none.
//
//sluice:operation GET /jobs
func (c *Connection) LatestSync(ctx context.Context) (*SyncResult, error) {
	for result, err := range c.PreviousSyncs(ctx, JobFilter{Limit: 1}) {
		return result, err
	}
	return nil, c.explain(ErrNoSync, 0)
}

// jobs yields up to limit jobs, 0 for all, the newest first; the next page is read while one is used. From the second
// page on the list is held at the newest job of the first one, so that jobs that come into being meanwhile do not push the
// others from page to page; the few of the same second are told by their ids.
func (c *Client) jobs(ctx context.Context, params airbyteapi.ListJobsParams, limit int) iter.Seq2[jobRow, error] {
	size := pageSize
	if limit > 0 {
		size = min(size, limit)
	}
	list := paging.Offset(ctx, func(ctx context.Context, offset, size int) (paging.Page[jobRow], error) {
		rows, _, err := c.listJobs(ctx, pageOf(params, offset, size))
		if err != nil {
			return paging.Page[jobRow]{}, err
		}
		page := paging.Page[jobRow]{Items: rows}
		if limit > 0 && offset+len(rows) >= limit {
			page.More = paging.No
		}
		if offset == 0 && len(rows) > 0 && params.CreatedAtEnd == nil {
			if newest := timestampOrZero(&rows[0].StartTime); !newest.IsZero() {
				newest = newest.Add(time.Second) // it was cut to the second
				params.CreatedAtEnd = &newest
			}
		}
		return page, nil
	}, paging.OffsetOptions[jobRow]{PageSize: size, Key: func(row jobRow) string { return strconv.FormatInt(row.JobID, 10) }})
	return func(yield func(jobRow, error) bool) {
		left := limit
		for row, err := range list {
			if !yield(row, err) || err != nil {
				return
			}
			if left--; left == 0 {
				return
			}
		}
	}
}
