// Command airbytefake serves a fake Airbyte on a port of this machine, for programs in any language: the public API
// with its quirks, and syncs that really move data from CSV and JSONL files or built-in sample data into DuckDB or
// PostgreSQL. It needs no account and keeps everything in memory.
//
//	go run ./wrappers/airbyte/airbytetest/cmd/airbytefake -listen 127.0.0.1:8000
//
// It prints where it listens and what to authenticate with, one "name=value" a line, which a shell can read:
//
//	AIRBYTE_API_URL=http://127.0.0.1:8000/api/public/v1
//	AIRBYTE_CLIENT_ID=…
//	AIRBYTE_CLIENT_SECRET=…
//	AIRBYTE_WORKSPACE_ID=…
//
// Requests that the API's OpenAPI document does not allow are answered with status 500 and the header
// X-Contract-Violation, and logged to standard error.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
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
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "airbytefake:", err)
		}
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out, errs io.Writer) error {
	flags := flag.NewFlagSet("airbytefake", flag.ContinueOnError)
	flags.SetOutput(errs)
	listen := flags.String("listen", "127.0.0.1:8000", "loopback address and port to serve on; port 0 picks one")
	folder := flags.String("folder", "", "what stands for Airbyte's /local folder: relative source files and DuckDB files are below it")
	anywhere := flags.Bool("anywhere", false, "allow an address that other machines can reach")
	startup := flags.Duration("startup", time.Second, "how long a job is pending and queued before it runs")
	pause := flags.Duration("commit-pause", 0, "a pause after each commit, to see the progress of small files")
	noAuth := flags.Bool("no-auth", false, "let every request in")
	plain := flags.Bool("without-quirks", false, "behave as documented, without the quirks of the real service")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if err := checkLoopback(*listen); err != nil && !*anywhere {
		return err
	}
	options := []airbytetest.Option{
		airbytetest.WithLogger(slog.New(slog.NewTextHandler(errs, nil))),
		airbytetest.WithStartup(*startup),
		airbytetest.WithMover(&airbytetest.SQLMover{Open: opener(*folder), Folder: *folder, CommitPause: *pause}),
	}
	if *noAuth {
		options = append(options, airbytetest.WithoutAuth())
	}
	if *plain {
		options = append(options, airbytetest.WithoutQuirks())
	}
	return airbytetest.Serve(ctx, *listen, func(f *airbytetest.Fake, origin string) {
		credentials := f.Credentials()
		fmt.Fprintf(out, "AIRBYTE_API_URL=%s/api/public/v1\nAIRBYTE_CLIENT_ID=%s\nAIRBYTE_CLIENT_SECRET=%s\nAIRBYTE_WORKSPACE_ID=%s\n",
			origin, credentials.ClientID, credentials.ClientSecret, f.WorkspaceID())
	}, options...)
}

func checkLoopback(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("-listen: %w", err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("-listen %s: the credentials of a fake protect nothing; use a loopback address, or -anywhere", address)
	}
	return nil
}
