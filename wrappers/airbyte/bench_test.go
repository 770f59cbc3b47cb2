package airbyte

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/sluice-sdk/sluice/gen/airbyteapi"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// canned answers every request with the same bytes, as quickly as that can be done.
type canned []byte

func (c canned) RoundTrip(req *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusOK, Status: "200 OK", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(c)),
		ContentLength: int64(len(c)), Request: req,
	}, nil
}

func cannedJob(i int) string {
	return fmt.Sprintf(`{"jobId":%d,"status":"succeeded","jobType":"sync","startTime":"2026-03-25T01:30:50Z","connectionId":"0e1c3d3c-6d2f-4b0a-8f5e-1f1d9a1b2c3d",`+
		`"lastUpdatedAt":"2026-03-25T01:42:10Z","duration":"PT11M20S","bytesSynced":123456789,"rowsSynced":987654}`, 4711+i)
}

func cannedJobs(n int) canned {
	var b bytes.Buffer
	b.WriteString(`{"previous":"","next":"","data":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(cannedJob(i))
	}
	b.WriteString(`]}`)
	return b.Bytes()
}

const benchOrigin = "https://airbyte.example.com"

// calls are three ways to the same answer: this package's, the generated client's and a hand-written one.
func calls(tb testing.TB, rt http.RoundTripper) (wrapper *Client, generated *airbyteapi.ClientWithResponses, plain *http.Client) {
	tb.Helper()
	wrapper, err := New(WithOrigin(benchOrigin), WithBearer("token"), WithRoundTripper(rt))
	if err != nil {
		tb.Fatal(err)
	}
	plain = &http.Client{Transport: rt}
	generated, err = airbyteapi.NewClientWithResponses(wrapper.APIRoot(), airbyteapi.WithHTTPClient(plain))
	if err != nil {
		tb.Fatal(err)
	}
	return wrapper, generated, plain
}

func plainGet[T any](tb testing.TB, client *http.Client, url string) *T {
	tb.Helper()
	req, err := http.NewRequestWithContext(tb.Context(), http.MethodGet, url, nil)
	if err != nil {
		tb.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer token")
	resp, err := client.Do(req)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		tb.Fatal(resp.Status)
	}
	out := new(T)
	if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
		tb.Fatal(err)
	}
	return out
}

func BenchmarkGetJob(b *testing.B) {
	rt := canned(cannedJob(0))
	wrapper, generated, plain := calls(b, rt)
	check := func(b *testing.B, got int64) {
		b.Helper()
		if got != 4711 {
			b.Fatalf("job %d", got)
		}
	}
	b.Run("wrapper", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			got, err := transport.Decode[airbyteapi.JobResponse](wrapper.raw.GetJob(b.Context(), 4711))
			if err != nil {
				b.Fatal(err)
			}
			check(b, got.JobID)
		}
	})
	b.Run("generated", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			got, err := generated.GetJobWithResponse(b.Context(), 4711)
			if err != nil {
				b.Fatal(err)
			}
			check(b, got.JSON200.JobID)
		}
	})
	b.Run("plain", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			check(b, plainGet[airbyteapi.JobResponse](b, plain, wrapper.APIRoot()+"/jobs/4711").JobID)
		}
	})
}

func BenchmarkList100Jobs(b *testing.B) {
	rt := cannedJobs(100)
	wrapper, generated, plain := calls(b, rt)
	limit := int32(100)
	params := &airbyteapi.ListJobsParams{WorkspaceIds: []string{"w"}, Limit: &limit}
	check := func(b *testing.B, got int) {
		b.Helper()
		if got != 100 {
			b.Fatalf("%d jobs", got)
		}
	}
	b.Run("wrapper", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			got, err := transport.Decode[airbyteapi.JobsResponse](wrapper.raw.ListJobs(b.Context(), params))
			if err != nil {
				b.Fatal(err)
			}
			check(b, len(got.Data))
		}
	})
	b.Run("generated", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			got, err := generated.ListJobsWithResponse(b.Context(), params)
			if err != nil {
				b.Fatal(err)
			}
			check(b, len(got.JSON200.Data))
		}
	})
	b.Run("plain", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			check(b, len(plainGet[airbyteapi.JobsResponse](b, plain, wrapper.APIRoot()+"/jobs?limit=100&workspaceIds=w").Data))
		}
	})
}

// A call through this package may allocate at most twelve times more than the generated client does by itself.
func TestAllocationsOverTheGeneratedClient(t *testing.T) {
	const most = 12
	one, list := canned(cannedJob(0)), cannedJobs(100)
	ctx := t.Context()
	limit := int32(100)
	params := &airbyteapi.ListJobsParams{WorkspaceIds: []string{"w"}, Limit: &limit}
	for name, rt := range map[string]canned{"one job": one, "100 jobs": list} {
		wrapper, generated, _ := calls(t, rt)
		var ours, theirs func()
		if name == "one job" {
			ours = func() {
				if _, err := transport.Decode[airbyteapi.JobResponse](wrapper.raw.GetJob(ctx, 4711)); err != nil {
					t.Fatal(err)
				}
			}
			theirs = func() {
				if _, err := generated.GetJobWithResponse(ctx, 4711); err != nil {
					t.Fatal(err)
				}
			}
		} else {
			ours = func() {
				if _, err := transport.Decode[airbyteapi.JobsResponse](wrapper.raw.ListJobs(ctx, params)); err != nil {
					t.Fatal(err)
				}
			}
			theirs = func() {
				if _, err := generated.ListJobsWithResponse(ctx, params); err != nil {
					t.Fatal(err)
				}
			}
		}
		mine, base := testing.AllocsPerRun(100, ours), testing.AllocsPerRun(100, theirs)
		if mine > base+most {
			t.Errorf("%s: %.0f allocations through this package, %.0f through the generated client; want at most %d more", name, mine, base, most)
		}
		t.Logf("%s: %.0f allocations, the generated client alone %.0f", name, mine, base)
	}
}
