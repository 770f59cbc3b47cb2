package polytomic

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"testing"

	"github.com/sluice-sdk/sluice/gen/polytomicapi"
)

// canned answers every request with the same bytes, as quickly as that can be done.
type canned []byte

func (c canned) RoundTrip(req *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusOK, Status: "200 OK", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {"application/json"}, "Date": {"Wed, 25 Mar 2026 01:45:00 GMT"}, "X-Polytomic-Version": {Version}},
		Body:   io.NopCloser(bytes.NewReader(c)), ContentLength: int64(len(c)), Request: req,
	}, nil
}

const benchExecution = `{"data":{"id":"0e1c3d3c-6d2f-4b0a-8f5e-1f1d9a1b2c3d","bulk_sync_id":"7a1c3d3c-6d2f-4b0a-8f5e-1f1d9a1b2c3d",` +
	`"status":"running","type":"scheduled","is_partial":false,"is_resync":false,"record_count":12345,"error_count":0,"warning_count":0,` +
	`"created_at":"2026-03-25T01:30:50Z","started_at":"2026-03-25T01:30:52Z","updated_at":"2026-03-25T01:42:10Z",` +
	`"schemas":[{"schema":"public.users","status":"completed","record_count":12345,"error_count":0,"warning_count":0}]}}`

// BenchmarkGetExecution compares three ways to one execution of a bulk sync: this package's, the generated client's and a
// hand-written one, over the same transport.
func BenchmarkGetExecution(b *testing.B) {
	rt := canned(benchExecution)
	client, err := New(WithOrigin("https://polytomic.example.com"), WithAPIKey("key"), WithRoundTripper(rt))
	if err != nil {
		b.Fatal(err)
	}
	plain := &http.Client{Transport: rt}
	generated, err := polytomicapi.NewClientWithResponses(client.Origin(), polytomicapi.WithHTTPClient(plain))
	if err != nil {
		b.Fatal(err)
	}
	const sync, execution = "7a1c3d3c-6d2f-4b0a-8f5e-1f1d9a1b2c3d", "0e1c3d3c-6d2f-4b0a-8f5e-1f1d9a1b2c3d"
	b.Run("wrapper", func(b *testing.B) {
		b.ReportAllocs()
		x := client.BulkSync(sync).Execution(execution)
		for b.Loop() {
			if _, err := x.Info(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("generated", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			got, err := generated.GetBulkSyncExecutionWithResponse(b.Context(), sync, execution)
			if err != nil || got.JSON200 == nil {
				b.Fatal(got, err)
			}
		}
	})
	b.Run("plain", func(b *testing.B) {
		b.ReportAllocs()
		url := client.Origin() + "/api/bulk/syncs/" + sync + "/executions/" + execution
		for b.Loop() {
			req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, url, nil)
			if err != nil {
				b.Fatal(err)
			}
			resp, err := plain.Do(req)
			if err != nil {
				b.Fatal(err)
			}
			var got polytomicapi.BulkSyncExecutionEnvelope
			err = json.NewDecoder(resp.Body).Decode(&got)
			_ = resp.Body.Close()
			if err != nil {
				b.Fatal(err)
			}
		}
	})
}
