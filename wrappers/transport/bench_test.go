package transport

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/sluice-sdk/sluice/gen/airbyteapi"
)

const jobJSON = `{"jobId":4711,"status":"running","jobType":"sync","startTime":"2026-11-20T01:30:50Z",` +
	`"lastUpdatedAt":"2026-11-20T01:31:50Z","duration":"PT1M","connectionId":"c8e2d1a4-6a34-4bb0-a1c0-61b0c2b5f2f1",` +
	`"bytesSynced":1048576,"rowsSynced":20480}`

// memory answers every request with the same job, as a service in this process would.
var memory = roundTripper(func(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusOK, Status: "200 OK", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{"Content-Type": {"application/json"}}, ContentLength: int64(len(jobJSON)),
		Body: io.NopCloser(strings.NewReader(jobJSON)),
	}, nil
})

// overhead returns one call of the generated client as it is and one through the chain, for an operation that reads
// or for an unsafe one.
func overhead(tb testing.TB, unsafe bool) (generated, chain func()) {
	tb.Helper()
	const base = "https://api.example.com/v1"
	bare, err := airbyteapi.NewClientWithResponses(base, airbyteapi.WithHTTPClient(&http.Client{Transport: memory}))
	if err != nil {
		tb.Fatal(err)
	}
	c := newClient(tb, base, testOperations, WithRoundTripper(memory), WithAuth(Bearer("token-1234")), WithService("airbyte"))
	raw, err := airbyteapi.NewClient(c.Base(), airbyteapi.WithHTTPClient(c))
	if err != nil {
		tb.Fatal(err)
	}
	ctx := tb.Context()
	if unsafe {
		request := airbyteapi.CreateJobJSONRequestBody{ConnectionID: "c8e2d1a4-6a34-4bb0-a1c0-61b0c2b5f2f1", JobType: airbyteapi.JobTypeEnumSync}
		generated = func() {
			if resp, err := bare.CreateJobWithResponse(ctx, request); err != nil || resp.JSON200.JobID != 4711 {
				tb.Fatal(resp, err)
			}
		}
		chain = func() {
			if job, err := Decode[airbyteapi.JobResponse](raw.CreateJob(ctx, request)); err != nil || job.JobID != 4711 {
				tb.Fatal(job, err)
			}
		}
		return generated, chain
	}
	generated = func() {
		if resp, err := bare.GetJobWithResponse(ctx, 4711); err != nil || resp.JSON200.JobID != 4711 {
			tb.Fatal(resp, err)
		}
	}
	chain = func() {
		if job, err := Decode[airbyteapi.JobResponse](raw.GetJob(ctx, 4711)); err != nil || job.JobID != 4711 {
			tb.Fatal(job, err)
		}
	}
	return generated, chain
}

func BenchmarkGetJob(b *testing.B) {
	generated, chain := overhead(b, false)
	b.Run("generated", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			generated()
		}
	})
	b.Run("transport", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			chain()
		}
	})
}

// TestOverhead bounds what the chain adds to a generated call to 12 allocations.
func TestOverhead(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	for _, unsafe := range []bool{false, true} {
		generated, chain := overhead(t, unsafe)
		bare, ours := testing.AllocsPerRun(1000, generated), testing.AllocsPerRun(1000, chain)
		t.Logf("unsafe %v: generated %v, transport %v allocations", unsafe, bare, ours)
		if ours > bare+12 {
			t.Errorf("unsafe %v: the chain costs %v allocations over the %v of the generated call, want at most 12", unsafe, ours-bare, bare)
		}
	}
}

func BenchmarkMatch(b *testing.B) {
	c := newClient(b, "https://api.example.com/v1", testOperations)
	req, err := http.NewRequest(http.MethodGet, "https://api.example.com/v1/jobs/4711", nil)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if e, err := c.admit(req); err != nil || e.ID != "getJob" {
			b.Fatal(e.ID, err)
		}
	}
}
