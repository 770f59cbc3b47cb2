package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestRun(t *testing.T) {
	root := filepath.Join("..", "..")
	specs := filepath.Join(root, "specs", "airbyte")
	for _, test := range []struct {
		name string
		args []string
		want string // in the report
		err  string // in the error
	}{
		{name: "two folders", args: []string{"-service", "airbyte", "-old", specs, "-new", specs}, want: "Nothing has changed"},
		{name: "a document", args: []string{"-service", "airbyte", "-old", specs, "-new", filepath.Join(specs, "openapi.json")}, want: "Nothing has changed"},
		{name: "no service", err: "usage"},
		{name: "a path in place of a service", args: []string{"-service", "../airbyte"}, err: "usage"},
		{name: "a service that does not exist", args: []string{"-service", "nobody"}, err: "there is no specs/nobody/openapi.json"},
		{name: "a revision that does not exist", args: []string{"-service", "airbyte", "-base", "no-such-revision"}, err: "no revision"},
		{name: "a file that does not exist", args: []string{"-service", "airbyte", "-old", specs, "-new", "missing.json"}, err: "missing.json"},
	} {
		t.Run(test.name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "folder", "report.md")
			var printed bytes.Buffer
			err := run(t.Context(), append([]string{"-root", root, "-out", out}, test.args...), &printed)
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Errorf("error %v, want %q", err, test.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			written, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			if string(written) != printed.String() || !strings.Contains(printed.String(), test.want) {
				t.Errorf("printed %q, written %q", &printed, written)
			}
		})
	}
}
