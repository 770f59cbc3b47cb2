package polytomic

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-sdk/sluice/gen/polytomicapi"
)

// The operations that only the raw client offers, each with the reason. There is none: whatever the document has is worth
// a method with a checked id and an error that says what it was about.
var rawOnly = map[string]string{}

// Every operation of the document is the work of a method, which says so in a comment, or is raw on purpose.
func TestEveryOperationIsReachable(t *testing.T) {
	document := map[string]bool{}
	for line := range strings.SplitSeq(polytomicapi.Operations, "\n") {
		fields := strings.Fields(line)
		document[fields[0]+" "+fields[1]] = true
	}
	if len(document) != 128 {
		t.Fatalf("the document has %d operations, want 128", len(document))
	}
	said := map[string]bool{}
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	files := token.NewFileSet()
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(files, name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, declaration := range file.Decls {
			f, ok := declaration.(*ast.FuncDecl)
			if !ok || f.Doc == nil {
				continue
			}
			for _, comment := range f.Doc.List {
				operation, ok := strings.CutPrefix(comment.Text, "//sluice:operation ")
				if !ok {
					continue
				}
				if !document[operation] {
					t.Errorf("%s: %s is not in the document", files.Position(comment.Pos()), operation)
				}
				said[operation] = true
			}
		}
	}
	for _, operation := range slices.Sorted(maps.Keys(document)) {
		switch reason, raw := rawOnly[operation]; {
		case said[operation] && raw:
			t.Errorf("%s is in the list of raw operations and is offered by a method", operation)
		case raw && len(strings.Fields(reason)) < 4:
			t.Errorf("%s is raw without a reason", operation)
		case !said[operation] && !raw:
			t.Errorf("%s is offered by no method and is not in the list of raw operations", operation)
		}
	}
	for operation := range rawOnly {
		if !document[operation] {
			t.Errorf("%s is raw and not in the document", operation)
		}
	}
}
