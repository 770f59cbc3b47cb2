// Command atlanfake serves a fake Atlan tenant on a port of this machine, for programs in any language. It needs no
// account and keeps everything in memory.
//
//	go run ./wrappers/atlan/atlantest/cmd/atlanfake -listen 127.0.0.1:8002
//
// It prints where it listens and what to authenticate with, one "name=value" a line, which a shell can read. The OAuth
// client stands behind a "# ", because a program takes either it or the key:
//
//	ATLAN_BASE_URL=http://127.0.0.1:8002
//	ATLAN_API_KEY=…
//	# ATLAN_OAUTH_CLIENT_ID=…
//	# ATLAN_OAUTH_CLIENT_SECRET=…
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

	"github.com/sluice-sdk/sluice/wrappers/atlan/atlantest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "atlanfake:", err)
		}
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out, errs io.Writer) error {
	flags := flag.NewFlagSet("atlanfake", flag.ContinueOnError)
	flags.SetOutput(errs)
	listen := flags.String("listen", "127.0.0.1:8002", "loopback address and port to serve on; port 0 picks one")
	anywhere := flags.Bool("anywhere", false, "allow an address that other machines can reach")
	assets := flags.Int("assets", 0, "how many assets to begin with: databases, schemas, tables and columns")
	search := flags.Duration("search-takes", 2*time.Second, "how long a write takes to be seen by searches")
	window := flags.Duration("permissions-take", 3*time.Second, "how long requests for a new connection answer 403")
	pending := flags.Duration("runs-pending", 2*time.Second, "how long runs of apps and workflows are Pending")
	running := flags.Duration("runs-running", 10*time.Second, "how long runs of apps and workflows are Running")
	perMinute := flags.Int("per-minute", 400, "how many requests a minute are allowed; 0 is any number")
	newer := flags.Bool("accept-unknown", false, "keep types and attributes that the fake does not know")
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
	options := []atlantest.Option{
		atlantest.WithLogger(slog.New(slog.NewTextHandler(errs, nil))), atlantest.SearchTakes(*search),
		atlantest.PermissionsTake(*window), atlantest.RunsTake(*pending, *running), atlantest.LimitRate(*perMinute),
	}
	if *newer {
		options = append(options, atlantest.AcceptUnknown())
	}
	if *noAuth {
		options = append(options, atlantest.WithoutAuth())
	}
	if *plain {
		options = append(options, atlantest.WithoutQuirks())
	}
	return atlantest.Serve(ctx, *listen, func(f *atlantest.Fake, origin string) {
		if *assets > 0 {
			f.Seed(*assets)
		}
		id, secret := f.OAuthClient()
		fmt.Fprintf(out, "ATLAN_BASE_URL=%s\nATLAN_API_KEY=%s\n# ATLAN_OAUTH_CLIENT_ID=%s\n# ATLAN_OAUTH_CLIENT_SECRET=%s\n", origin, f.APIKey(), id, secret)
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
