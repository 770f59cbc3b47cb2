// Command changes reports what a change of a service's OpenAPI document means for the SDK. It compares the document of a
// revision of git with the working tree, or two documents or folders that are given:
//
//	changes -service airbyte [-base HEAD] [-out report.md]
//	changes -service airbyte -old before.json -new after.json
//
// A service that has an asset model (typedefs.json) has it compared between the revision and the working tree as well.
//
// The report goes to standard output, and to the file that -out names. The exit code says that a report was made, not what
// is in it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"

	"github.com/sluice-sdk/sluice/tools/internal/changereport"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, stop) // a second interrupt ends the program at once
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "changes:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, output io.Writer) error {
	flags := flag.NewFlagSet("changes", flag.ContinueOnError)
	root := flags.String("root", "..", "the root of the repository")
	service := flags.String("service", "", "airbyte, polytomic or atlan (required)")
	base := flags.String("base", "HEAD", "the revision of git to compare with")
	before := flags.String("old", "", "a document or a folder like specs/<service>, instead of a revision")
	after := flags.String("new", "", "a document or a folder like specs/<service>, instead of the working tree")
	out := flags.String("out", "", "also write the report to this file")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return nil
	} else if err != nil {
		return err
	}
	if *service == "" || filepath.Base(*service) != *service || flags.NArg() > 0 {
		return errors.New("usage: changes -service airbyte [-base REVISION] [-old FILE] [-new FILE] [-out FILE]")
	}
	absolute, err := filepath.Abs(*root)
	if err != nil {
		return err
	}
	current, err := changereport.FromFolder("the working tree", filepath.Join(absolute, "specs", *service))
	if errors.Is(err, changereport.ErrNoDocument) {
		return fmt.Errorf("there is no specs/%s/openapi.json in %s", *service, absolute)
	}
	if err != nil {
		return err
	}
	old, err := side(current, *before)
	if *before == "" {
		old, err = changereport.FromRevision(ctx, absolute, *service, *base)
	}
	var text string
	switch {
	case errors.Is(err, changereport.ErrNoDocument):
		text = fmt.Sprintf("# Changes of %s\n\nThere is no specs/%s/openapi.json in %s: nothing to compare with.\n", *service, *service, old.Name)
	case err != nil:
		return err
	default:
		now, err := side(current, *after)
		if err != nil {
			return err
		}
		report, err := changereport.Compare(ctx, absolute, *service, old, now)
		if err != nil {
			return err
		}
		text = report.Markdown()
	}
	if *before == "" && *after == "" {
		model, err := assets(ctx, absolute, *service, *base)
		if err != nil {
			return err
		}
		text += model
	}
	if *out != "" {
		if err := changereport.Write(*out, text); err != nil {
			return err
		}
	}
	_, err = io.WriteString(output, text)
	return err
}

// assets is the report of the service's asset model, empty when it has none.
func assets(ctx context.Context, root, service, base string) (string, error) {
	now, err := changereport.AssetsFromFolder("the working tree", filepath.Join(root, "specs", service))
	if errors.Is(err, changereport.ErrNoDocument) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	old, err := changereport.AssetsFromRevision(ctx, root, service, base)
	if errors.Is(err, changereport.ErrNoDocument) {
		return fmt.Sprintf("\n# Changes of the asset model of %s\n\nThere is none in %s: nothing to compare with.\n", service, base), nil
	}
	if err != nil {
		return "", err
	}
	report, err := changereport.CompareAssets(ctx, root, service, old, now)
	if err != nil {
		return "", err
	}
	return "\n" + report.Markdown(), nil
}

// side reads a document with the overlay of the working tree, or a folder with everything of its own.
func side(current changereport.Side, name string) (changereport.Side, error) {
	if name == "" {
		return current, nil
	}
	info, err := os.Stat(name)
	if err != nil {
		return changereport.Side{}, err
	}
	if info.IsDir() {
		return changereport.FromFolder(name, name)
	}
	return current.WithDocument(name)
}
