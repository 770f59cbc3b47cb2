package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const (
	// memory is what the program may take at most, all of it counted: the code, the heap and what the collector has not
	// returned. The worst document that was found takes 650 MB.
	memory = 1 << 30
	// patience is not how long it takes (the worst takes 2 s) but when waiting is given up.
	patience = 2 * time.Minute
)

// built compiles the program, without the race detector, whose memory is not the program's.
func built(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "vendorspec")
	command := exec.CommandContext(t.Context(), "go", "build", "-o", binary, ".")
	command.Env = append(os.Environ(), "GOWORK=off")
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return binary
}

// peak is the most memory that a process has had.
func peak(state *os.ProcessState) int64 {
	usage, ok := state.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	if runtime.GOOS == "darwin" {
		return usage.Maxrss
	}
	return usage.Maxrss * 1024
}

// A piece is a part of a document: n times a text in which %d stands for a number and the next one.
type piece struct {
	n    int
	text string
}

// save writes pieces to a file, without having them in memory: what this process has had counts as its child's.
func save(t *testing.T, name string, pieces []piece) {
	t.Helper()
	file, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriter(file)
	for _, p := range pieces {
		if strings.Contains(p.text, "%") {
			for i := range p.n {
				fmt.Fprintf(w, p.text, i, i+1)
			}
			continue
		}
		const block = 1 << 12
		many := strings.Repeat(p.text, min(p.n, block))
		for left := p.n; left > 0; left -= block {
			w.WriteString(many[:min(left, block)*len(p.text)])
		}
	}
	if err := errors.Join(w.Flush(), file.Close()); err != nil {
		t.Fatal(err)
	}
}

// Documents that are made to be expensive are refused, for no more than memory and not for ever, and change nothing.
func TestHostile(t *testing.T) {
	const (
		full  = 16<<20 - 4096 // just what is read
		marks = 1_000_000     // just what the YAML parser is given
	)
	start := piece{1, `{"openapi":"3.1.0","info":{"title":"a","version":"1"},"paths":{},"components":{"schemas":{`}
	end := piece{1, `"S":{}}}}`}
	documents := map[string][]piece{
		"100 MB of JSON":       {{1, `{"a":"`}, {100_000_000, "x"}, {1, `"}`}},
		"100 MB of YAML":       {{1, "a: "}, {50_000_000, "x "}},
		"empty arrays":         {{1, "["}, {full/3 - 1, "[],"}, {1, "[]]"}},
		"numbers":              {{1, "["}, {full/2 - 1, "1,"}, {1, "1]"}},
		"names":                {{1, "{"}, {990_000, `"k%d":%d,`}, {1, `"k":1}`}},
		"one text":             {{1, `{"openapi":"`}, {full, "x"}, {1, `"}`}},
		"escapes":              {{1, `{"openapi":"`}, {full/2 - 10, `\n`}, {1, `"}`}},
		"deep JSON":            {{full / 5, `{"a":`}},
		"deep flow YAML":       {{1, "a: "}, {marks - 10, "["}},
		"deep YAML mappings":   {{1, "a: "}, {9000, "{a: "}, {9000, "}"}},
		"deep YAML sequences":  {{marks - 10, "- "}, {1, "a"}},
		"YAML lines":           {{marks/2 - 10, "- a\n"}},
		"YAML names":           {{1, "x: {"}, {marks - 10, "k%d,%.0d"}, {1, "}"}},
		"YAML mappings":        {{1, "x: ["}, {marks/3 - 10, "{a},"}, {1, "]"}},
		"YAML pairs":           {{1, "x: ["}, {marks - 10, "a,"}, {1, "]"}},
		"YAML with comments":   {{1, "openapi: 3.0.0\n"}, {marks/2 - 10, "k%d: %d # c\n"}},
		"YAML comments":        {{marks - 100, "# c\n"}, {1, "a: b\n"}},
		"YAML anchors":         {{1, "x:\n"}, {marks / 5, "- &a%[1]d b\n- *a%[1]d # %[2]d\n"}},
		"YAML text":            {{1, "openapi: "}, {full / 2, "x "}},
		"YAML blanks":          {{1, "a:"}, {full, " "}, {1, "b"}},
		"YAML tag":             {{1, "a: "}, {full, "!"}},
		"YAML tag directives":  {{100_000, "%%TAG !e%d! tag:x%d,\n"}, {1, "---\na: b\n"}},
		"YAML key":             {{full, "x"}, {1, ": a"}},
		"aliases of aliases":   {{1, "a0: &a0 [x,x,x,x,x,x,x,x,x]\n"}, {40, "a%[2]d: &a%[2]d [*a%[1]d, *a%[1]d, *a%[1]d, *a%[1]d, *a%[1]d]\n"}},
		"merges of merges":     {{1, "a0: &a0 {k: 1}\n"}, {60, "a%[2]d: &a%[2]d {<<: [*a%[1]d, *a%[1]d], k%[1]d: 1}\n"}},
		"anchor of itself":     {{1, "a: &a [*a]"}},
		"chain of references":  {start, {150_000, `"S%d":{"$ref":"#/components/schemas/S%d"},`}, {1, `"S150000":{},`}, end},
		"circle of references": {start, {1, `"A":{"$ref":"#/components/schemas/B"},"B":{"$ref":"#/components/schemas/A"},`}, end},
		"composition fans out": {start, {60, `"S%[1]d":{"allOf":[{"$ref":"#/components/schemas/S%[2]d"},{"$ref":"#/components/schemas/S%[2]d"}]},`}, {1, `"S60":{},`}, end},
		"path of itself":       {{1, `{"openapi":"3.0.0","info":{"title":"a","version":"1"},"paths":{"/a":{"$ref":"#/paths/~1b"},"/b":{"$ref":"#/paths/~1a"}}}`}},
		"one item, many paths": {
			{1, `{"openapi":"3.0.0","info":{"title":"a","version":"1"},"paths":{`}, {20_000, `"/p%d-%d":{"$ref":"#/x-item"},`},
			{1, `"/p":{}},"x-item":{"get":{"operationId":"x","responses":{"200":{"description":"x","content":{`}, {5000, `"a/b%d-%d":{},`}, {1, `"a/b":{}}}}}}}`},
		},
		"unknown keywords": {start, {200_000, `"S%d":{"typ":%d},`}, end},
		"metadata service": {start, {1, `"A":{"$ref":"http://169.254.169.254/latest/meta-data"},`}, end},
		"password file":    {start, {1, `"A":{"$ref":"../../../../../../../../etc/passwd"},`}, end},
		"zip":              {{1, "PK\x03\x04"}, {1000, "\xff"}},
	}
	binary := built(t)
	specs := clone(t)
	before := tree(t, specs)
	published := filepath.Join(t.TempDir(), "published")
	for _, name := range slices.Sorted(maps.Keys(documents)) {
		save(t, published, documents[name])
		checkHostile(t, binary, specs, published, name)
		if diff := cmp.Diff(before, tree(t, specs)); diff != "" {
			t.Fatalf("%s: %s", name, diff)
		}
	}

	// A chain of files that does not end.
	root := t.TempDir()
	for i := range 2500 {
		write(t, filepath.Join(root, fmt.Sprintf("f%d.yaml", i)), fmt.Sprintf("$ref: f%d.yaml", i+1))
	}
	write(t, filepath.Join(root, "openapi.json"), start.text+`"A":{"$ref":"f0.yaml"},`+end.text)
	checkHostile(t, binary, specs, filepath.Join(root, "openapi.json"), "chain of files")
	if diff := cmp.Diff(before, tree(t, specs)); diff != "" {
		t.Fatal(diff)
	}
}

func checkHostile(t *testing.T, binary, specs, published, name string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	command := exec.CommandContext(ctx, binary, "-specs", specs, "-service", "acme", "-from", published)
	out, err := command.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 || !strings.HasPrefix(string(out), "vendor: ") || strings.Contains(string(out), "goroutine") {
		t.Errorf("%s: %v\n%s", name, err, out[:min(len(out), 1000)])
		return
	}
	used := peak(command.ProcessState)
	t.Logf("%-24s %4d MB %6d ms  %.110s", name, used>>20, (command.ProcessState.UserTime() + command.ProcessState.SystemTime()).Milliseconds(), strings.ReplaceAll(string(out), "\n", " "))
	if used > memory {
		t.Errorf("%s: %d MB", name, used>>20)
	}
}
