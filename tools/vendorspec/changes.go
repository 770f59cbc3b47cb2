package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/sluice-sdk/sluice/tools/internal/changereport"
)

// changes prints what a document that was written means for the SDK, and writes it to bin/changes-<service>.md beside specs/.
// The document stays written whatever happens here: a report that cannot be made is a line that says so, because make changes
// makes it again.
func changes(ctx context.Context, out io.Writer, r request, t taken) {
	root, err := filepath.Abs(filepath.Join(r.specs, ".."))
	if err == nil {
		name := filepath.Join("bin", "changes-"+r.service+".md")
		var text string
		if text, err = compare(ctx, root, r.service, t); err == nil {
			if _, err = io.WriteString(out, "\n"+text+"\n"); err == nil {
				err = changereport.Write(filepath.Join(root, name), text)
			}
		}
		if err == nil {
			fmt.Fprintf(out, "the report is written to %s\n", name)
			return
		}
		// One of another document would be taken for this one's.
		if gone := os.Remove(filepath.Join(root, name)); gone != nil && !errors.Is(gone, fs.ErrNotExist) {
			err = errors.Join(err, gone)
		}
	}
	fmt.Fprintln(out, printable(fmt.Sprintf("there is no change report, but the document is written: %v", err)))
	if !errors.Is(err, errFirst) {
		fmt.Fprintf(out, "make changes SERVICE=%s makes the report again, against what git has\n", r.service)
	}
}

var errFirst = errors.New("it is the service's first")

// compare makes the report on the document before and the one that is there now, both under the overlay (or the
// configuration of the asset types) that is there now.
func compare(ctx context.Context, root, service string, t taken) (_ string, err error) {
	// The document was made by somebody else, and so were most of the libraries that look at it now.
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	if t.before == nil {
		return "", errFirst
	}
	folder := filepath.Join(root, "specs", service)
	was, is := "specs/"+t.file+" as it was", fmt.Sprintf("%s, version %s", t.entry.Source, t.entry.Version)
	if strings.HasSuffix(t.file, "/typedefs.json") {
		now, err := changereport.AssetsFromFolder(is, folder)
		if err != nil {
			return "", err
		}
		before := now
		before.Name, before.Typedefs = was, t.before
		report, err := changereport.CompareAssets(ctx, root, service, before, now)
		if err != nil {
			return "", err
		}
		return report.Markdown(), nil
	}
	now, err := changereport.FromFolder(is, folder)
	if err != nil {
		return "", err
	}
	before := now
	before.Name, before.Document = was, t.before
	report, err := changereport.Compare(ctx, root, service, before, now)
	if err != nil {
		return "", err
	}
	return report.Markdown(), nil
}
