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

// sluice is the module under test: it is what the user asked for, so it does not count as a third party.
const sluice = "github.com/sluice-sdk/sluice"

// run runs the go command as a user's machine would: no workspace, and go.mod and go.sum as they are committed.
func run(t *testing.T, arguments ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", arguments...)
	command.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=readonly -buildvcs=false")
	var stderr bytes.Buffer
	command.Stderr = &stderr
	output, err := command.Output()
	if err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(arguments, " "), err, &stderr)
	}
	return string(output)
}

func TestAtMostSixModules(t *testing.T) {
	const limit = 6
	list := run(t, "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}}{{end}}{{end}}", ".")
	modules := strings.Fields(list)
	slices.Sort(modules)
	modules = slices.Compact(modules)
	if !slices.Contains(modules, sluice) {
		t.Fatalf("the program does not use %s: %q", sluice, modules)
	}
	modules = slices.DeleteFunc(modules, func(module string) bool { return module == sluice })
	t.Logf("%d third-party modules are compiled into the program: %s", len(modules), strings.Join(modules, " "))
	if len(modules) > limit {
		t.Errorf("the program compiles %d third-party modules, the limit is %d: %s",
			len(modules), limit, strings.Join(modules, " "))
	}
}

func TestBinarySize(t *testing.T) {
	const limit = 9_000_000
	program := filepath.Join(t.TempDir(), "program")
	run(t, "build", "-trimpath", "-ldflags=-s -w", "-o", program, ".")
	file, err := os.Stat(program)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("the stripped program has %d bytes", file.Size())
	if file.Size() >= limit {
		t.Errorf("the stripped program has %d bytes, the limit is %d", file.Size(), limit)
	}
}

// unwanted matches the go.sum lines a user of wrappers/airbyte must not get: database drivers and engines, Temporal,
// and the OpenAPI validator of the fakes. The go command writes them as soon as a test of a package that the program
// imports reaches such a module, because go mod tidy keeps the tests of dependencies runnable. That go.sum is what go mod
// tidy writes is checked for every module by make test.
var unwanted = regexp.MustCompile(`(?i)kin-openapi|temporal|jackc/|lib/pq|duckdb|snowflake|bigquery|databricks|clickhouse|` +
	`sqlite|go-sql-driver|redshift|go-mssqldb|go-ora|adbc|motherduck`)

func TestNoHeavyLineInGoSum(t *testing.T) {
	file, err := os.ReadFile("go.sum")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(file)) {
		if unwanted.MatchString(line) {
			t.Errorf("go.sum of a program that imports only wrappers/airbyte has the line %s", line)
		}
	}
}
