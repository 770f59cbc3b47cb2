//go:build unix

package tests_test

import (
	"io"
	"os"
	"strings"
	"testing"

	"github.com/creack/pty"
)

// onTerminal starts a program on a terminal of its own. What it prints goes to c.stdout, and what is written to the returned
// file are the keys that somebody presses.
func onTerminal(t *testing.T, c *call) (keys *os.File) {
	t.Helper()
	c.command.Stdout, c.command.Stderr = nil, nil
	terminal, err := pty.Start(c.command)
	if err != nil {
		t.Fatal(err)
	}
	read := make(chan struct{})
	go func() {
		defer close(read)
		_, _ = io.Copy(c.stdout, terminal) // ends with an error when the program has
	}()
	go func() {
		c.err = c.command.Wait()
		<-read
		close(c.ended)
		c.stdout.close()
	}()
	t.Cleanup(func() {
		_ = c.command.Process.Kill()
		<-c.ended
		_ = terminal.Close()
	})
	return terminal
}

// A terminal gets one line that moves, and the same tables.
func TestQuickstartOnATerminal(t *testing.T) {
	t.Parallel()
	c := prepare(t, "quickstart").in(examples)
	onTerminal(t, c)
	<-c.ended
	shown := c.stdout.String()
	if code := c.command.ProcessState.ExitCode(); code != 0 {
		t.Fatalf("it ended with %d:\n%s", code, shown)
	}
	// A live line is drawn again from its beginning, and is gone when the sync is over.
	for _, state := range []string{"job 1001: pending", "job 1001: succeeded, ", "job 1002: "} {
		if i := strings.Index(shown, state); i < 0 || !strings.Contains(shown[:i], "\r") || strings.Contains(shown, "\n"+state) {
			t.Errorf("%q is not drawn as a line that moves:\n%q", state, shown)
		}
	}
	var last []string // what stays on the screen: of each line what was drawn last
	for line := range strings.SplitSeq(strings.ReplaceAll(shown, "\r\n", "\n"), "\n") {
		last = append(last, strings.TrimSpace(line[strings.LastIndex(line, "\r")+1:]))
	}
	screen := strings.Join(last, "\n")
	contains(t, screen, "\njob 1001 succeeded in ", "\n1   Amina Yusuf ", "\n25 rows of users were loaded by this sync\n", "\n7 rows of users were loaded by this sync\n")
	if strings.Contains(screen, "job 1001: ") {
		t.Errorf("progress stays on the screen:\n%s", screen)
	}
}

// Ctrl-C on a terminal.
func TestQuickstartInterruptedOnATerminal(t *testing.T) {
	t.Parallel()
	c := prepare(t, "quickstart", "-file", write(t, "many.csv", "id,name\n"+strings.Repeat("1,somebody\n", 20_000)))
	keys := onTerminal(t, c)
	c.waitFor(t, ": running, ")
	if _, err := keys.WriteString("\x03"); err != nil {
		t.Fatal(err)
	}
	<-c.ended
	shown := c.stdout.String()
	if code := c.command.ProcessState.ExitCode(); code != 1 {
		t.Errorf("it ended with %d, want 1:\n%s", code, shown)
	}
	last := shown[strings.LastIndex(strings.TrimRight(shown, "\r\n"), "\n")+1:]
	if last = last[strings.LastIndex(strings.TrimRight(last, "\r\n"), "\r")+1:]; !strings.HasPrefix(last, "quickstart: stopped waiting") {
		t.Errorf("the last line is %q", last)
	}
	if left, err := os.ReadDir(c.temporary); err != nil || len(left) > 0 {
		t.Errorf("it left %v behind (%v)", left, err)
	}
}
