package transport

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/sluice-sdk/sluice/gen/airbyteapi"
)

func TestSmoke(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t.Log(r.Method, r.URL, r.Header)
		if r.URL.Path == "/v1/jobs/2" {
			w.WriteHeader(404)
			w.Write([]byte(`{"status":404,"type":"x","detail":"nope"}`))
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Write([]byte(`{"jobId":1,"status":"running"}`))
	}))
	defer srv.Close()
	ops, err := ParseOperations("GET /jobs/{jobId} getJob safe\nDELETE /connections/{id} del idempotent content=none")
	if err != nil {
		t.Fatal(err)
	}
	c, err := New(srv.URL+"/v1/", ops, WithAuth(Bearer("tok")), WithService("airbyte"))
	if err != nil {
		t.Fatal(err)
	}
	raw, _ := airbyteapi.NewClient(c.Base(), airbyteapi.WithHTTPClient(c))
	j, err := Decode[airbyteapi.JobResponse](raw.GetJob(context.Background(), 1))
	t.Log(j, err)
	_, err = Decode[airbyteapi.JobResponse](raw.GetJob(context.Background(), 2))
	t.Log(err)
	t.Logf("%#v", err)
	err = Discard(raw.DeleteConnection(context.Background(), ""))
	t.Log(err)
	err = Discard(raw.DeleteConnection(context.Background(), ".."))
	t.Log(err)
}
