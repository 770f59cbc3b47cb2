// Package tests_test runs the Airbyte wrapper against the fake of airbytetest. It is a folder of its own so that programs
// that import the wrapper do not get what the fake needs into their go.sum.
package tests_test

import (
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/sluice-sdk/sluice/wrappers/airbyte"
	"github.com/sluice-sdk/sluice/wrappers/airbyte/airbytetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// workspaceOf returns a fake, and the handle of its workspace.
func workspaceOf(t *testing.T, opts ...airbytetest.Option) (*airbytetest.Fake, *airbyte.Workspace) {
	t.Helper()
	f := airbytetest.New(t, opts...)
	return f, clientOf(t, f).Workspace(f.WorkspaceID())
}

// ok fails the test on an error.
func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// must returns the value of a call that has to succeed.
func must[T any](value T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		ok(t, err)
		return value
	}
}

// says fails the test unless the error's text contains all of the words.
func says(t *testing.T, err error, words ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error; want one that says %q", words)
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("the error does not say %q: %v", word, err)
		}
	}
}

// sorted returns a sorted copy.
func sorted(list []string) []string { return slices.Sorted(slices.Values(list)) }
