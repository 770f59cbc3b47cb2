// Command consumer stands for the program of somebody who imports wrappers/airbyte and nothing else of this
// repository. It is built from outside, as a user's program is, to see what that costs: see consumer_test.go.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"

	"github.com/sluice-sdk/sluice/wrappers/airbyte"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := sync(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// sync runs a sync of each connection, resumes it from its token, and lists the syncs before it.
func sync(ctx context.Context, connections []string) error {
	client, err := airbyte.FromEnv()
	if err != nil {
		return err
	}
	workspace, err := client.DefaultWorkspace()
	if err != nil {
		return err
	}
	for _, id := range connections {
		connection := workspace.Connection(id)
		result, err := connection.RunSync(ctx, airbyte.OnRunning(airbyte.Attach))
		if failed, ok := errors.AsType[*airbyte.SyncError](err); ok {
			fmt.Println(failed)
			continue
		}
		if err != nil {
			return err
		}
		if result, err = client.Resume(ctx, result.Job().Token()); err != nil {
			return err
		}
		fmt.Println(result.JobURL(), result.RecordsSynced().Or(0))
		for earlier, err := range connection.PreviousSyncs(ctx) {
			if err != nil {
				return err
			}
			fmt.Println(earlier.JobID(), earlier.Duration())
		}
		edit := func(streams *airbyte.StreamEditor) error {
			return streams.Select(airbyte.StreamSelection{Name: "users"})
		}
		if err := connection.EditStreams(ctx, edit); err != nil {
			return err
		}
	}
	return nil
}
