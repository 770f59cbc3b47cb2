// Command vendorspec takes over what upstream has published: it reads an OpenAPI document (or Atlan's asset model),
// brings it into the normal form of docs/adr/0008, and writes specs/<service>/openapi.json and specs/lock.json.
//
//	make vendor SERVICE=airbyte FROM=https://example.com/openapi.yaml
//
// A document that cannot be kept is refused, and nothing is changed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
	"unicode"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second interrupt ends the program at once
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, printable("vendor: "+err.Error()))
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	var r request
	flags := flag.NewFlagSet("vendorspec", flag.ContinueOnError)
	flags.StringVar(&r.specs, "specs", "../specs", "the folder of the documents")
	flags.StringVar(&r.service, "service", "", "the service, such as airbyte")
	flags.StringVar(&r.from, "from", "", "the published document: a file or an https URL")
	flags.StringVar(&r.source, "source", "", "where the document is from, for lock.json")
	flags.StringVar(&r.version, "version", "", "the version of the document, when it says none or another")
	timeout := flags.Duration("timeout", 2*time.Minute, "how long the document may take to download")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if r.service == "" || r.from == "" {
		return fmt.Errorf("usage: make vendor SERVICE=airbyte FROM=<file or URL> [SOURCE='…'] [VERSION=…]")
	}
	t, err := takeInTime(ctx, r, *timeout)
	if err != nil {
		return err
	}
	say(ctx, out, r, t)
	return nil
}

func takeInTime(ctx context.Context, r request, timeout time.Duration) (taken, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return take(ctx, r)
}

// say says what was done, what it means, and what is to be done next.
func say(ctx context.Context, out io.Writer, r request, t taken) {
	for _, note := range t.notes {
		fmt.Fprintln(out, printable("note: "+note))
	}
	if !t.changed() {
		fmt.Fprintf(out, "specs/%s is as it was: nothing has changed\n", t.file)
		if t.locked {
			fmt.Fprintln(out, "specs/lock.json is brought up to date")
		}
		return
	}
	fmt.Fprintln(out, printable(fmt.Sprintf("specs/%s is written: version %s, sha256 %s", t.file, t.entry.Version, t.entry.SHA256)))
	fmt.Fprintf(out, "specs/lock.json records %q as its source\n", t.entry.Source)
	changes(ctx, out, r, t)
	if !strings.HasSuffix(t.file, "/openapi.json") {
		fmt.Fprintln(out, "next: make generate, look at the diff, make test")
		return
	}
	if _, err := os.Stat(filepath.Join(r.specs, r.service, "overlay.yaml")); errors.Is(err, fs.ErrNotExist) {
		fmt.Fprintln(out, "next: overlay.yaml and three configurations beside it, and the lines of generate.go "+
			"(docs/add-a-service.md, A service of this repository)")
		return
	}
	fmt.Fprintf(out, "next: make generate (specs/%s/overlay.yaml must still match), look at the diff of gen/, make test\n", r.service)
}

// widest is how much of a line is printed.
const widest = 400

// printable makes text of a document fit for a terminal: no control characters, no endless lines.
func printable(text string) string {
	var b strings.Builder
	width := 0
	for _, r := range text {
		switch {
		case r == '\n':
			width = -1
		case width == widest:
			r = '…'
		case width > widest:
			continue
		case !unicode.IsPrint(r):
			r = '\ufffd'
		}
		width++
		b.WriteRune(r)
	}
	return b.String()
}
