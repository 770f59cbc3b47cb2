package airbyte_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/sluice-sdk/sluice/wrappers/airbyte"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// answer is an Airbyte that says the same to everybody, so that the examples run without one.
type answer string

func (a answer) RoundTrip(req *http.Request) (*http.Response, error) {
	status, text, _ := strings.Cut(string(a), " ")
	code := http.StatusOK
	if _, err := fmt.Sscan(status, &code); err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: code, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(text)), Request: req}, nil
}

func Example() {
	const connection = `200 {"connectionId":"c1","name":"nightly","sourceId":"s1","destinationId":"d1","workspaceId":"w1","status":"active",` +
		`"createdAt":1767225600,"schedule":{"scheduleType":"manual"},"tags":[],"configurations":{"streams":[{"name":"users","syncMode":"incremental_append"}]}}`
	// A program takes airbyte.FromEnv(); WithRoundTripper stands for the network here.
	client, err := airbyte.New(airbyte.WithBearer("token"), airbyte.WithRoundTripper(answer(connection)))
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	conn := client.Workspace("w1").Connection("c1")
	name, err := conn.Name(ctx) // one request …
	if err != nil {
		fmt.Println(err)
		return
	}
	streams, _ := conn.StreamNames(ctx) // … for any number of accessors
	fmt.Println(name, streams, conn.ConnectionURL())
	// Output: nightly [users] https://cloud.airbyte.com/workspaces/w1/connections/c1
}

func ExampleResourceError() {
	const locked = `409 {"type":"error:connection/locked","title":"Connection is locked","data":{"statusReason":"the trial has ended"}}`
	client, err := airbyte.New(airbyte.WithBearer("token"), airbyte.WithRoundTripper(answer(locked)))
	if err != nil {
		fmt.Println(err)
		return
	}
	err = client.Workspace("w1").Connection("c1").Rename(context.Background(), "nightly")
	fmt.Println(errors.Is(err, airbyte.ErrConnectionLocked), errors.Is(err, apierr.ErrConflict))
	if resource, ok := errors.AsType[*airbyte.ResourceError](err); ok {
		fmt.Println(resource.URL)
	}
	// Output:
	// true true
	// https://cloud.airbyte.com/workspaces/w1/connections/c1
}

func ExampleConnection_SetCron() {
	client, err := airbyte.New(airbyte.WithBearer("token"))
	if err != nil {
		fmt.Println(err)
		return
	}
	err = client.Workspace("w1").Connection("c1").SetCron(context.Background(), "0 9 * * 1-5")
	fmt.Println(err)
	// Output: airbyte: invalid request (schedule.cronExpression): Airbyte takes Quartz expressions of 6 or 7 fields (seconds first), and this one has 5: write "0 0 9 ? * 2-6"
}
