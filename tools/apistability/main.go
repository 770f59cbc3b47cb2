// Command apistability compares the exported API of every public package with the last release tag:
//
//	apistability -root ..
//
// It exits with 1 when an incompatible change is not announced in CHANGELOG.md, and with 77 when there is no tag to compare
// with.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"

	"github.com/sluice-sdk/sluice/tools/internal/stability"
)

// noTag is the exit code for nothing to compare with.
const noTag = 77

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code, err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "apistability:", err)
		code = 1
	}
	os.Exit(code)
}

func run(ctx context.Context, args []string) (int, error) {
	flags := flag.NewFlagSet("apistability", flag.ContinueOnError)
	root := flags.String("root", "..", "the root of the repository")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0, nil
	} else if err != nil {
		return 1, err
	}
	absolute, err := filepath.Abs(*root)
	if err != nil {
		return 1, err
	}
	result, err := stability.Check(ctx, absolute)
	if err != nil {
		return 1, err
	}
	if _, err := os.Stdout.WriteString(result.Text()); err != nil {
		return 1, err
	}
	switch {
	case result.Tag == "":
		return noTag, nil
	case len(result.Problems) > 0:
		return 1, nil
	}
	return 0, nil
}
