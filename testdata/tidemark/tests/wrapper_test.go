package tests_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/tidemark/tidemarkapi"
	"github.com/sluice-sdk/sluice/wrappers/servicetest"
)

// Every operation of the document is the work of a method.
func TestEveryOperationIsCovered(t *testing.T) {
	c := servicetest.CheckCoverage(t, tidemarkapi.Operations, "..")
	if len(c.Covered) != 6 {
		t.Errorf("%d operations are covered, want 6", len(c.Covered))
	}
}

// The hand-written part of the wrapper stays small: 250 lines, comments included.
func TestTheWrapperIsSmall(t *testing.T) {
	const limit = 250
	files, err := filepath.Glob("../*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	lines := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		lines += bytes.Count(text, []byte("\n"))
	}
	t.Logf("the wrapper has %d lines", lines)
	if lines > limit {
		t.Errorf("the wrapper has %d lines, the limit is %d", lines, limit)
	}
}
