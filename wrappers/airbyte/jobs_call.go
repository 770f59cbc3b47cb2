package airbyte

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/sluice-sdk/sluice/gen/airbyteapi"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// getJob reads one job.
//
//sluice:operation GET /jobs/{jobId}
func (c *Client) getJob(ctx context.Context, id int64) (*airbyteapi.JobResponse, error) {
	return transport.Decode[airbyteapi.JobResponse](c.raw.GetJob(ctx, id))
}

// listJobs reads one page of jobs and says when the server answered, by the server's clock; that time is zero when the
// answer carries none, and cut to the second otherwise.
//
// The links in the page are never followed: they drop the filters (airbyte-platform PaginationMapper.kt).
//
//sluice:operation GET /jobs
func (c *Client) listJobs(ctx context.Context, params *airbyteapi.ListJobsParams) (jobs []airbyteapi.JobResponse, date time.Time, err error) {
	resp, err := c.raw.ListJobs(ctx, params)
	if resp != nil {
		date = serverDate(resp)
	}
	page, err := transport.Decode[airbyteapi.JobsResponse](resp, err)
	if err != nil {
		return nil, date, err
	}
	return page.Data, date, nil
}

// createJob starts a job. It sends one request and repeats it only when it provably was not processed.
//
//sluice:operation POST /jobs
func (c *Client) createJob(ctx context.Context, connection string, kind JobType) (*airbyteapi.JobResponse, error) {
	return transport.Decode[airbyteapi.JobResponse](c.raw.CreateJob(ctx, airbyteapi.JobCreateRequest{
		ConnectionID: connection, JobType: airbyteapi.JobTypeEnum(kind),
	}))
}

// cancelJob cancels whatever runs on the job's connection: see [SyncResult.Cancel].
//
//sluice:operation DELETE /jobs/{jobId}
func (c *Client) cancelJob(ctx context.Context, id int64) (*airbyteapi.JobResponse, error) {
	return transport.Decode[airbyteapi.JobResponse](c.raw.CancelJob(ctx, id))
}

func serverDate(resp *http.Response) time.Time {
	date, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		return time.Time{}
	}
	return date
}

// pageOf sets the part of a list to read.
func pageOf(params airbyteapi.ListJobsParams, offset, limit int) *airbyteapi.ListJobsParams {
	o, l := int32(offset), int32(limit)
	params.Limit = &l
	if offset > 0 {
		params.Offset = &o
	}
	return &params
}

// serverClock estimates how far the server's clock is ahead of this process's, from the Date of its answers. Each one,
// cut to the second, bounds the difference on both sides; together they narrow it down. The zero value knows nothing and
// takes the clocks to agree. It is safe for concurrent use.
type serverClock struct {
	mu        sync.Mutex
	known     bool
	low, high time.Duration // the difference lies between
}

// observe takes in the date of an answer that was asked for at sent and had come at received.
func (s *serverClock) observe(date, sent, received time.Time) {
	if date.IsZero() {
		return
	}
	low, high := date.Sub(received), date.Add(time.Second).Sub(sent)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known {
		low, high = max(low, s.low), min(high, s.high)
		if low > high { // a clock was set, or drifted: start over
			low, high = date.Sub(received), date.Add(time.Second).Sub(sent)
		}
	}
	s.known, s.low, s.high = true, low, high
}

// at turns a time of this process's clock into one of the server's, never later than what it really is.
func (s *serverClock) at(t time.Time) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return t.Add(s.low)
}
