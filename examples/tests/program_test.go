//go:build unix

// Package tests_test runs the programs of this module as a user does: built once, as processes of their own, on a machine
// without an account, against fakes that other processes serve, interrupted, and on a terminal.
package tests_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// patience is how long a program may take on a machine that is busy with other things. Where a test waits for longer than
// that, nothing happened.
const patience = 3 * time.Minute

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		if built.folder != "" {
			_ = os.RemoveAll(built.folder)
		}
		os.Exit(code)
	}))
}

// built are the programs, in a folder that lives as long as the test binary runs.
var built struct {
	once   sync.Once
	folder string
	err    error
}

// program returns the path of a built program.
func program(t *testing.T, name string) string {
	t.Helper()
	built.once.Do(func() {
		built.folder, built.err = os.MkdirTemp("", "sluice-examples-") //nolint:usetesting // it outlives the test that comes first
		for module, packages := range map[string][]string{
			"..":                                     {"./quickstart", "./reverseetl", "./catalog"},
			"../..":                                  {"./wrappers/polytomic/polytomictest/cmd/polytomicfake", "./wrappers/atlan/atlantest/cmd/atlanfake"},
			"../../wrappers/airbyte/airbytetest/cmd": {"./airbytefake"},
		} {
			if built.err != nil {
				return
			}
			arguments := append(append([]string{"build", "-o", built.folder}, buildFlags...), packages...)
			command := exec.Command("go", arguments...)
			command.Dir = module
			if output, err := command.CombinedOutput(); err != nil {
				built.err = fmt.Errorf("go build in %s: %w\n%s", module, err, output)
			}
		}
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	return filepath.Join(built.folder, name)
}

// call is a run of a program. The program finds an environment without any account, and an empty folder for what is
// temporary, which must be empty again when it has ended.
type call struct {
	command   *exec.Cmd
	temporary string
	stdout    *watched
	stderr    bytes.Buffer
	ended     chan struct{} // closed when the program has ended, with
	err       error
}

// prepare makes a call of a built program; further variables of the environment are added as "name=value".
func prepare(t *testing.T, name string, arguments ...string) *call {
	t.Helper()
	return prepareCommand(t, program(t, name), arguments...)
}

func prepareCommand(t *testing.T, path string, arguments ...string) *call {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience) // fakes end after the test
	t.Cleanup(cancel)
	c := &call{command: exec.CommandContext(ctx, path, arguments...), temporary: t.TempDir(), stdout: newWatched(), ended: make(chan struct{})}
	c.command.Dir = t.TempDir()
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		switch prefix, _, _ := strings.Cut(name, "_"); prefix {
		case "AIRBYTE", "POLYTOMIC", "ATLAN", "QUICKSTART", "FILE", "MAKEFLAGS", "MFLAGS", "MAKELEVEL", "TMPDIR":
		default:
			c.command.Env = append(c.command.Env, variable)
		}
	}
	c.command.Env = append(c.command.Env, "TMPDIR="+c.temporary)
	c.command.Stdout, c.command.Stderr = c.stdout, &c.stderr
	return c
}

// in says where the program runs.
func (c *call) in(folder string) *call {
	c.command.Dir = folder
	return c
}

// with adds to the program's environment.
func (c *call) with(variables ...string) *call {
	c.command.Env = append(c.command.Env, variables...)
	return c
}

func (c *call) start(t *testing.T) *call {
	t.Helper()
	if err := c.command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		c.err = c.command.Wait()
		close(c.ended)
		c.stdout.close()
	}()
	t.Cleanup(func() {
		_ = c.command.Process.Kill()
		<-c.ended
	})
	return c
}

// end waits for the program, checks what holds for all of them, and returns what it printed.
func (c *call) end(t *testing.T, code int) (stdout, stderr string) {
	t.Helper()
	<-c.ended
	stdout, stderr = c.stdout.String(), c.stderr.String()
	if got := c.command.ProcessState.ExitCode(); got != code {
		t.Fatalf("it ended with %d (%v), want %d\n%s\n%s", got, c.err, code, stdout, stderr)
	}
	if (code == 0) != (stderr == "") {
		t.Errorf("it ended with %d and says on standard error: %s", code, stderr)
	}
	if strings.ContainsAny(stdout+stderr, "\x1b\r\x07\x08") {
		t.Errorf("the output is a pipe and gets what only a terminal understands:\n%q\n%q", stdout, stderr)
	}
	left, err := os.ReadDir(c.temporary)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range left {
		t.Errorf("it left %s behind", entry.Name())
	}
	return stdout, stderr
}

// run starts a program and waits until it has ended.
func (c *call) run(t *testing.T, code int) (stdout, stderr string) {
	t.Helper()
	return c.start(t).end(t, code)
}

// waitFor waits until the program has printed something.
func (c *call) waitFor(t *testing.T, text string) {
	t.Helper()
	if !c.stdout.wait(func(all string) bool { return strings.Contains(all, text) }) {
		t.Fatalf("it ended without %q:\n%s\n%s", text, c.stdout, &c.stderr)
	}
}

// signal sends a signal to the program.
func (c *call) signal(t *testing.T, signal os.Signal) {
	t.Helper()
	if err := c.command.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
}

// watched is what a program has printed so far.
type watched struct {
	mu     sync.Mutex
	news   *sync.Cond
	text   strings.Builder
	closed bool
}

func newWatched() *watched {
	w := &watched{}
	w.news = sync.NewCond(&w.mu)
	return w
}

func (w *watched) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.news.Broadcast()
	return w.text.Write(p)
}

func (w *watched) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

func (w *watched) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	w.news.Broadcast()
}

// wait reports whether what was printed became enough before the end.
func (w *watched) wait(enough func(text string) bool) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for !enough(w.text.String()) {
		if w.closed {
			return false
		}
		w.news.Wait()
	}
	return true
}

// serve starts a fake in another process, on a port of its choice, and returns the settings that it prints.
func serve(t *testing.T, name string, settings int, arguments ...string) map[string]string {
	t.Helper()
	c := prepare(t, name, append([]string{"-listen", "127.0.0.1:0"}, arguments...)...).start(t)
	t.Cleanup(func() {
		c.signal(t, syscall.SIGTERM)
		c.end(t, 0)
	})
	if !c.stdout.wait(func(text string) bool { return strings.Count(text, "\n") >= settings }) {
		t.Fatalf("%s printed fewer than %d settings: %s\n%s", name, settings, c.stdout, &c.stderr)
	}
	printed := map[string]string{}
	for line := range strings.Lines(c.stdout.String()) {
		name, value, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "# "), "=")
		printed[name] = value
	}
	return printed
}

// contains says which of the texts are missing.
func contains(t *testing.T, where string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(where, text) {
			t.Errorf("%q is missing in:\n%s", text, where)
		}
	}
}

// oneLine says that an error is one line of its program.
func oneLine(t *testing.T, stderr, name string, texts ...string) {
	t.Helper()
	if !strings.HasPrefix(stderr, name+": ") || strings.Count(stderr, "\n") != 1 || !strings.HasSuffix(stderr, "\n") {
		t.Errorf("standard error is no line of %s:\n%s", name, stderr)
	}
	contains(t, stderr, texts...)
}
