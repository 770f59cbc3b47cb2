package tests_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/airbyte"
)

type gatewayPages struct{ began time.Time }

func (p gatewayPages) RoundTrip(r *http.Request) (*http.Response, error) {
	at := time.Since(p.began)
	code, ct, body := 200, "application/json", `{"jobId":1,"status":"running","jobType":"sync","connectionId":"c"}`
	switch {
	case at > 10*time.Minute && at < 10*time.Minute+20*time.Second:
		code, ct, body = 404, "text/html", "<html><head><title>404 Not Found</title></head></html>"
	case at > 15*time.Minute:
		body = `{"jobId":1,"status":"succeeded","jobType":"sync","connectionId":"c"}`
	}
	return &http.Response{StatusCode: code, Header: http.Header{"Content-Type": {ct}}, Request: r, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), ProtoMajor: 1, ProtoMinor: 1}, nil
}

// A gateway that answers with a page of its own for a while does not end a wait.
func TestWaitThroughAGatewaysPages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := airbyte.New(airbyte.WithOrigin("https://airbyte.example.com"), airbyte.WithNoAuth(), airbyte.WithRoundTripper(gatewayPages{time.Now()}))
		st, err := c.Workspace("w").Connection("c").SyncResult(1).Wait(t.Context())
		if err != nil {
			t.Error(st, err)
		}
	})
}
