package polytomictest_test

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/sluice-sdk/sluice/gen/polytomicapi"
	"github.com/sluice-sdk/sluice/wrappers/polytomic/polytomictest"
)

// A program starts a bulk sync on a fake and waits for it, with nothing but the generated client.
func Example() {
	fake, err := polytomictest.NewServer()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer fake.Close()
	sync := fake.AddBulkSync(polytomictest.SyncTakes(50*time.Millisecond), polytomictest.SyncMoves(12), polytomictest.RecordErrors(1, 0))

	key := fake.UserKey()
	client, err := polytomicapi.NewClientWithResponses(fake.BaseURL(), polytomicapi.WithHTTPClient(fake.HTTPClient()),
		polytomicapi.WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
			r.Header.Set("Authorization", "Bearer "+key)
			r.Header.Set("X-Polytomic-Version", "2025-09-18")
			return nil
		}))
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	started, err := client.StartBulkSyncWithResponse(ctx, sync.ID, polytomicapi.StartBulkSyncRequest{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for {
		execution, err := client.GetBulkSyncExecutionWithResponse(ctx, sync.ID, *started.JSON200.Data.ID)
		if err != nil {
			fmt.Println(err)
			return
		}
		if e := execution.JSON200.Data; *e.Status == polytomicapi.BulkExecutionStatusCompleted {
			fmt.Println(*e.RecordCount, "records,", *e.ErrorCount, "with an error")
			return
		}
		<-time.After(10 * time.Millisecond)
	}
	// Output: 12 records, 1 with an error
}
