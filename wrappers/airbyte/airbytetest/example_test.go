package airbytetest_test

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/sluice-sdk/sluice/gen/airbyteapi"
	"github.com/sluice-sdk/sluice/wrappers/airbyte/airbytetest"
)

// A program starts a sync on a fake and waits for it, with nothing but the generated client.
func Example() {
	fake, err := airbytetest.NewServer(airbytetest.WithStartup(time.Millisecond))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer fake.Close()
	conn := fake.AddConnection(airbytetest.SyncTakes(50*time.Millisecond), airbytetest.SyncMoves(12, 3400))

	token := fake.BearerToken()
	client, err := airbyteapi.NewClientWithResponses(fake.BaseURL(), airbyteapi.WithHTTPClient(fake.HTTPClient()),
		airbyteapi.WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
			r.Header.Set("Authorization", "Bearer "+token)
			return nil
		}))
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	created, err := client.CreateJobWithResponse(ctx, airbyteapi.JobCreateRequest{ConnectionID: conn.ID, JobType: airbyteapi.JobTypeEnumSync})
	if err != nil {
		fmt.Println(err)
		return
	}
	for {
		job, err := client.GetJobWithResponse(ctx, created.JSON200.JobID)
		if err != nil {
			fmt.Println(err)
			return
		}
		if job.JSON200.Status == airbyteapi.JobStatusEnumSucceeded {
			fmt.Println(*job.JSON200.RowsSynced, "rows,", *job.JSON200.BytesSynced, "bytes")
			return
		}
		<-time.After(10 * time.Millisecond)
	}
	// Output: 12 rows, 3400 bytes
}

// A test of six hours takes a moment: under synctest the clock jumps. Here the same calls run on the real clock.
func ExampleFake_Client() {
	fake, err := airbytetest.NewServer(airbytetest.WithStartup(time.Millisecond))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer fake.Close()
	conn := fake.AddConnection(airbytetest.SyncTakes(20*time.Millisecond), airbytetest.SyncMoves(12, 3400))

	// The answer to the trigger is lost on its way back: still one sync is started, and found.
	fake.Fault(airbytetest.ResetAfterBody("createJob").Once())
	result, err := fake.Client().Workspace(conn.Workspace).Connection(conn.ID).RunSync(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(result.RecordsSynced().Or(0), "rows by", fake.SyncsStarted(conn.ID), "sync")
	// Output: 12 rows by 1 sync
}
