// Command polytomicfake serves a fake Polytomic on a port of this machine, for programs in any language: the whole API
// with its quirks, and syncs that look as if they moved records. It needs no account and keeps everything in memory.
//
//	go run ./wrappers/polytomic/polytomictest/cmd/polytomicfake -listen 127.0.0.1:8001
//
// It prints where it listens and what to authenticate with, one "name=value" a line, which a shell can read:
//
//	POLYTOMIC_DEPLOYMENT_URL=http://127.0.0.1:8001
//	POLYTOMIC_API_KEY=…
//	POLYTOMICFAKE_PARTNER_KEY=…
//	POLYTOMICFAKE_DEPLOYMENT_KEY=…
//	POLYTOMICFAKE_ORGANIZATION_ID=…
//
// The pages that Connect sessions and OAuth connections send end users to are served, too: who opens one has agreed.
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

	"github.com/sluice-sdk/sluice/wrappers/polytomic/polytomictest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "polytomicfake:", err)
		}
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out, errs io.Writer) error {
	flags := flag.NewFlagSet("polytomicfake", flag.ContinueOnError)
	flags.SetOutput(errs)
	listen := flags.String("listen", "127.0.0.1:8001", "loopback address and port to serve on; port 0 picks one")
	anywhere := flags.Bool("anywhere", false, "allow an address that other machines can reach")
	takes := flags.Duration("sync-takes", 20*time.Second, "how long an execution takes")
	startup := flags.Duration("startup", 2*time.Second, "how long an execution waits before it runs")
	cache := flags.Duration("cache-takes", 10*time.Second, "how long the schema cache of a new connection takes to fill")
	failing := flags.Int64("record-errors", 0, "how many records of every execution have errors")
	deliver := flags.Bool("deliver-webhooks", false, "send events to the endpoints of webhooks")
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
	options := []polytomictest.Option{
		polytomictest.WithLogger(slog.New(slog.NewTextHandler(errs, nil))),
		polytomictest.WithStartup(*startup),
		polytomictest.CacheTakes(*cache),
		polytomictest.EverySync(polytomictest.SyncTakes(*takes), polytomictest.ReportsEvery(time.Second), polytomictest.RecordErrors(*failing, 0)),
	}
	if *deliver {
		options = append(options, polytomictest.DeliverWebhooks(nil))
	}
	if *noAuth {
		options = append(options, polytomictest.WithoutAuth())
	}
	if *plain {
		options = append(options, polytomictest.WithoutQuirks())
	}
	return polytomictest.Serve(ctx, *listen, func(f *polytomictest.Fake, origin string) {
		fmt.Fprintf(out, "POLYTOMIC_DEPLOYMENT_URL=%s\nPOLYTOMIC_API_KEY=%s\nPOLYTOMICFAKE_PARTNER_KEY=%s\nPOLYTOMICFAKE_DEPLOYMENT_KEY=%s\nPOLYTOMICFAKE_ORGANIZATION_ID=%s\n",
			origin, f.UserKey(), f.PartnerKey(), f.DeploymentKey(), f.OrganizationID())
	}, options...)
}

func checkLoopback(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("-listen: %w", err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("-listen %s: the keys of a fake protect nothing; use a loopback address, or -anywhere", address)
	}
	return nil
}
