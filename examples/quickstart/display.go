package main

import (
	"fmt"
	"iter"
	"os"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/sluice-sdk/sluice/wrappers/airbyte"
	"github.com/sluice-sdk/sluice/wrappers/warehouse"
)

// bar shows how far a sync has come: a live line on a terminal, a line a change elsewhere.
type bar struct {
	live *progressbar.ProgressBar // nil when not on a terminal
	last string
}

func newBar() *bar {
	if !term.IsTerminal(int(os.Stdout.Fd())) {
		return &bar{}
	}
	return &bar{live: progressbar.NewOptions64(-1, progressbar.OptionSetWriter(os.Stdout), progressbar.OptionSpinnerType(14),
		progressbar.OptionSetElapsedTime(true), progressbar.OptionClearOnFinish())}
}

// Report is called with every news of the job.
func (b *bar) Report(p airbyte.Progress) {
	line := fmt.Sprintf("job %d: %s", p.JobID, p.Status)
	if n, known := p.Records.Int64(); known {
		line += fmt.Sprintf(", %d rows", n)
	}
	switch {
	case b.live != nil:
		b.live.Describe(line)
		_ = b.live.Add(1)
	case line != b.last:
		fmt.Println(line)
	}
	b.last = line
}

func (b *bar) close() {
	if b.live != nil {
		_ = b.live.Finish()
	}
}

// cell is a value as a table shows it: short, on one line, and with nothing that a terminal would obey.
func cell(value any) string {
	text := fmt.Sprint(value)
	switch v := value.(type) {
	case nil:
		return ""
	case time.Time:
		text = strings.TrimSuffix(v.UTC().Format(time.DateTime), " 00:00:00")
	}
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
	if runes := []rune(text); len(runes) > 32 {
		text = string(runes[:31]) + "…"
	}
	return text
}

// shown is how many rows of a table are printed; all are read.
const shown = 10

// printTable reads rows as they come from the database and prints the first ones.
func printTable(title string, rows iter.Seq2[warehouse.Row, error]) error {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	n := 0
	for row, err := range rows {
		if err != nil {
			return err
		}
		if n++; n > shown {
			continue
		}
		var names, values []string
		for _, name := range row.Columns() {
			if strings.HasPrefix(name, "_airbyte_") {
				continue
			}
			names, values = append(names, cell(name)), append(values, cell(row.Value(name)))
		}
		if n == 1 {
			fmt.Fprintln(w, strings.Join(names, "\t"))
		}
		fmt.Fprintln(w, strings.Join(values, "\t"))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if n > shown {
		fmt.Printf("… and %d more\n", n-shown)
	}
	fmt.Printf("%d rows of %s were loaded by this sync\n", n, title)
	return nil
}
