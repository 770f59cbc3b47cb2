package transport_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/sluice-sdk/sluice/gen/airbyteapi"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// A generated client of a service that this module knows nothing about, with retries, limits and typed errors.
func Example() {
	acme := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path != "/v1/jobs/4711" {
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `{"message":"there is no such job"}`)
			return
		}
		fmt.Fprint(w, `{"jobId":4711,"status":"running"}`)
	}))
	defer acme.Close()

	const table = `
		GET  /jobs          listJobs   safe
		POST /jobs          createJob  unsafe  timeout=90s
		GET  /jobs/{jobId}  getJob     safe
	`
	operations, err := transport.ParseOperations(table)
	if err != nil {
		panic(err)
	}
	client, err := transport.New(acme.URL+"/v1", operations,
		transport.WithService("acme"),
		transport.WithAuth(transport.Bearer("a token")),
		transport.WithLimits(transport.LimitOptions{RequestsPerSecond: 10, InFlight: 8}))
	if err != nil {
		panic(err)
	}
	defer client.CloseIdleConnections()
	raw, err := airbyteapi.NewClient(client.Base(), airbyteapi.WithHTTPClient(client))
	if err != nil {
		panic(err)
	}

	ctx := context.Background()
	job, err := transport.Decode[airbyteapi.JobResponse](raw.GetJob(ctx, 4711))
	if err != nil {
		panic(err)
	}
	fmt.Println(job.JobID, job.Status)

	_, err = transport.Decode[airbyteapi.JobResponse](raw.GetJob(ctx, 4712))
	var apiErr *apierr.Error
	if errors.Is(err, apierr.ErrNotFound) && errors.As(err, &apiErr) {
		fmt.Println(apiErr.Operation, apiErr.Status, apiErr.Message)
	}
	// Output:
	// 4711 running
	// getJob 404 there is no such job
}

// Tokens that expire are fetched when they are needed, once for all goroutines.
func ExampleTokens() {
	source := transport.TokenSourceFunc(func(ctx context.Context) (transport.Token, error) {
		return transport.Token{Value: "fetched from somewhere"}, nil
	})
	client, err := transport.New("https://api.acme.example", nil, transport.WithAuth(transport.Tokens(source)))
	fmt.Println(client, err)
	token, _ := source(context.Background())
	fmt.Println(token)
	// Output:
	// transport.Client(https://api.acme.example) <nil>
	// transport.Token(***)
}
