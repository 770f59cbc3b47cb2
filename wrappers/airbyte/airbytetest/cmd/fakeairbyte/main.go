// Command fakeairbyte serves a fake Airbyte on a loopback port, for programs in any language:
//
//	go run ./wrappers/airbyte/airbytetest/cmd/fakeairbyte -addr 127.0.0.1:8000
//
// It writes what a client needs as environment variables to standard output, and serves until it is interrupted.
// The API is found under /v1, as on Cloud, and under /api/public/v1, as on a self-managed Airbyte. There is one
// workspace with one connection in it, whose syncs take as long as -sync says.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/airbyte/airbytetest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "fakeairbyte:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("fakeairbyte", flag.ContinueOnError)
	flags.SetOutput(stderr)
	addr := flags.String("addr", "127.0.0.1:8000", "address to serve on")
	sync := flags.Duration("sync", 10*time.Second, "how long a sync takes")
	edition := flags.String("edition", "any", "which Airbyte to play: any, cloud, self-managed, community")
	noAuth := flags.Bool("no-auth", false, "let every request in")
	if err := flags.Parse(args); err != nil {
		return err
	}
	editions := map[string]airbytetest.Edition{
		"any": airbytetest.AnyEdition, "cloud": airbytetest.Cloud, "self-managed": airbytetest.SelfManaged, "community": airbytetest.Community,
	}
	played, ok := editions[*edition]
	if !ok {
		return fmt.Errorf("unknown edition %q", *edition)
	}
	opts := []airbytetest.Option{
		airbytetest.WithEdition(played), airbytetest.WithLogger(slog.New(slog.NewTextHandler(stderr, nil))),
	}
	if *noAuth {
		opts = append(opts, airbytetest.WithoutAuth())
	}
	return airbytetest.Serve(ctx, *addr, func(f *airbytetest.Fake, origin string) {
		conn := f.AddConnection(airbytetest.SyncTakes(*sync))
		credentials := f.Credentials()
		fmt.Fprintf(stdout, "AIRBYTE_API_URL=%s%s\n", origin, f.BasePath())
		fmt.Fprintf(stdout, "AIRBYTE_CLIENT_ID=%s\n", credentials.ClientID)
		fmt.Fprintf(stdout, "AIRBYTE_CLIENT_SECRET=%s\n", credentials.ClientSecret)
		fmt.Fprintf(stdout, "AIRBYTE_WORKSPACE_ID=%s\n", conn.Workspace)
		fmt.Fprintf(stdout, "AIRBYTE_CONNECTION_ID=%s\n", conn.ID)
	}, opts...)
}
