package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// All asset types are in one package. A program pays for those that it names: neither the size nor the methods of the
// others reach it.
func TestOnlyNamedTypesAreLinked(t *testing.T) {
	const limit = 11_000_000
	path := filepath.Join(t.TempDir(), "program")
	command := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-ldflags=-s -w", "-o", path, ".")
	command.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=readonly -buildvcs=false")
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	program, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("the stripped program has %d bytes", len(program))
	if len(program) >= limit {
		t.Errorf("the stripped program has %d bytes, the limit is %d", len(program), limit)
	}

	// The names of types and functions are in a stripped program too.
	linked := map[string]bool{}
	for _, match := range regexp.MustCompile(`atlanassets\.([A-Z]\w*)`).FindAllSubmatch(program, -1) {
		linked[string(match[1])] = true
	}
	for _, name := range []string{"Table", "Column", "SQL", "Catalog", "Asset", "Referenceable"} {
		if !linked[name] {
			t.Errorf("the program names %s, and it was not found: does this test still look for the right thing?", name)
		}
	}
	var foreign []string
	for _, name := range typeNames(t) {
		if linked[name] && !slices.Contains([]string{"Table", "Column", "SQL", "Catalog", "Asset", "Referenceable"}, name) {
			foreign = append(foreign, name)
		}
	}
	if len(foreign) > 0 {
		t.Errorf("the program does not name these types and has them linked: %s", strings.Join(foreign, " "))
	}
}

// typeNames are the names of all asset types.
func typeNames(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../../../gen/atlanassets/*.gen.go")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range regexp.MustCompile(`(?m)^func \((\w+)\) TypeName\(\) string`).FindAllSubmatch(text, -1) {
			names = append(names, string(bytes.TrimSpace(match[1])))
		}
	}
	if len(names) < 485 {
		t.Fatalf("found only %d types", len(names))
	}
	return names
}
