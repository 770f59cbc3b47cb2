package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// repository copies what a change report reads, and gives the path of specs/ in the copy.
func repository(t *testing.T) string {
	t.Helper()
	specs := clone(t)
	for _, name := range []string{"go.sum", "gen", "wrappers"} {
		from, to := filepath.Join("..", "..", name), filepath.Join(specs, "..", name)
		if name == "go.sum" {
			write(t, to, read(t, from))
			continue
		}
		if err := os.CopyFS(to, os.DirFS(from)); err != nil {
			t.Fatal(err)
		}
	}
	return specs
}

// renamed is a published document of Polytomic with one fact changed.
func renamed(t *testing.T, specs string) string {
	t.Helper()
	text := read(t, filepath.Join(specs, "polytomic/openapi.json"))
	const field = `"is_resync"`
	if strings.Count(text, field) == 0 {
		t.Fatalf("the document has no %s", field)
	}
	published := filepath.Join(t.TempDir(), "published.json")
	write(t, published, strings.ReplaceAll(text, field, `"is_whole_resync"`))
	return published
}

// What a document that was taken over means is printed and written; the same one again changes nothing, not even the report.
func TestChangeReport(t *testing.T) {
	specs := repository(t)
	published := renamed(t, specs)
	out, err := vendor(t.Context(), t, specs, "polytomic", published, "-source", "a test")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(specs, "..", "bin", "changes-polytomic.md")
	report := read(t, file)
	if !strings.Contains(out, "\n"+report+"\n") || !strings.Contains(out, "the report is written to bin/changes-polytomic.md\n") {
		t.Errorf("printed %s", out)
	}
	for _, want := range []string{
		"From specs/polytomic/openapi.json as it was to a test, version ", "likely renamed to `is_whole_resync`",
		"polytomicapi.", "removed, incompatible: ", "added: ",
	} {
		if !strings.Contains(report, want) {
			t.Errorf("lacks %q:\n%s", want, report)
		}
	}
	if strings.Contains(report, "no fact of the wire explains") || strings.Contains(report, "no fact says why") {
		t.Errorf("something is left over:\n%s", report)
	}

	out, err = vendor(t.Context(), t, specs, "polytomic", published, "-source", "a test")
	if err != nil || out != "specs/polytomic/openapi.json is as it was: nothing has changed\n" || read(t, file) != report {
		t.Errorf("again: printed %s, error %v", out, err)
	}
}

// The asset model has a report as well.
func TestAssetReport(t *testing.T) {
	specs := repository(t)
	text := read(t, filepath.Join(specs, "atlan/typedefs.json"))
	const value = `"Archive"`
	if strings.Count(text, value) != 1 {
		t.Fatalf("%s is there %d times", value, strings.Count(text, value))
	}
	published := filepath.Join(t.TempDir(), "published.json")
	write(t, published, strings.Replace(text, value, value+`, "Frozen"`, 1))
	out, err := vendor(t.Context(), t, specs, "atlan", published, "-source", "a test")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"specs/atlan/typedefs.json is written", "Value `Frozen` of enumeration ADLSAccessTier added", "`atlanassets.ADLSAccessTierFrozen` added",
		"the report is written to bin/changes-atlan.md", "next: make generate",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("lacks %q: %s", want, out)
		}
	}
}

// A report that cannot be made is said. The document and its lock stay, and no report of another document does.
func TestChangeReportFails(t *testing.T) {
	for name, c := range map[string]struct {
		harm func(t *testing.T, root string)
		want string
	}{
		"no code": {func(*testing.T, string) {}, "go"}, // the copy has nothing but specs/ and go.mod
		"a broken overlay": {func(t *testing.T, root string) {
			write(t, filepath.Join(root, "specs/polytomic/overlay.yaml"), "actions: [")
		}, "overlay"},
		"a document not JSON": {func(t *testing.T, root string) { write(t, filepath.Join(root, "specs/polytomic/openapi.json"), "{") }, "as it was: "},
		"no configuration":    {func(t *testing.T, root string) { remove(t, filepath.Join(root, "specs/polytomic/server.yaml")) }, "server.yaml"},
		"the service's first": {func(t *testing.T, root string) { remove(t, filepath.Join(root, "specs/polytomic/openapi.json")) }, errFirst.Error()},
		"bin is no folder": {func(t *testing.T, root string) {
			remove(t, filepath.Join(root, "bin"))
			write(t, filepath.Join(root, "bin"), "")
		}, ""},
		"no go command": {func(t *testing.T, _ string) { t.Setenv("PATH", "") }, "go"},
	} {
		t.Run(name, func(t *testing.T) {
			specs := clone(t)
			published := renamed(t, specs)
			old := filepath.Join(specs, "..", "bin", "changes-polytomic.md")
			write(t, old, "of another document")
			c.harm(t, filepath.Join(specs, ".."))
			out, err := vendor(t.Context(), t, specs, "polytomic", published, "-source", "a test")
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(out, "specs/polytomic/openapi.json is written") || !strings.Contains(out, "there is no change report, but the document is written: ") || !strings.Contains(out, c.want) {
				t.Errorf("printed %s", out)
			}
			if !strings.Contains(read(t, filepath.Join(specs, "polytomic/openapi.json")), "is_whole_resync") || !strings.Contains(read(t, filepath.Join(specs, "lock.json")), `"a test"`) {
				t.Error("the document or its lock is not there")
			}
			if _, err := os.Stat(old); err == nil {
				t.Error("the report of another document is there")
			}
		})
	}
}

// Whoever adds a service is told what else it needs.
func TestFirstDocumentOfAService(t *testing.T) {
	specs := clone(t)
	out, err := vendor(t.Context(), t, specs, "acme", filepath.Join(specs, "polytomic", "openapi.json"), "-source", "a test")
	if err != nil || !strings.Contains(out, "specs/acme/openapi.json is written") || !strings.Contains(out, "next: overlay.yaml and three configurations") {
		t.Errorf("printed %s, error %v", out, err)
	}
}

// An interrupt while the report is made leaves the document.
func TestChangeReportInterrupted(t *testing.T) {
	specs := clone(t)
	ctx, cancel := context.WithCancel(t.Context())
	taken, err := takeInTime(ctx, request{specs: specs, service: "polytomic", from: renamed(t, specs), source: "a test"}, patience)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	var out strings.Builder
	say(ctx, &out, request{specs: specs, service: "polytomic"}, taken)
	if !strings.Contains(out.String(), "is written") || !strings.Contains(out.String(), "there is no change report, but the document is written: ") {
		t.Errorf("printed %s", &out)
	}
}

// A library that gives up altogether does not take what was done with it.
func TestChangeReportPanics(t *testing.T) {
	_, err := compare(nil, "/", "acme", taken{before: []byte{}, file: "acme/openapi.json"}) //nolint:staticcheck // SA1012: to make it panic
	if err == nil {
		t.Error("no error")
	}
}

func remove(t *testing.T, name string) {
	t.Helper()
	if err := os.RemoveAll(name); err != nil {
		t.Fatal(err)
	}
}
