package main

import (
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The program at the head of the package's documentation compiles, runs and prints what it is there to show.
func TestProgramOfTheDocumentation(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "atlanassets/doc.go", nil, parser.PackageClauseOnly|parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	_, program, found := strings.Cut(file.Doc.Text(), "\tpackage main\n")
	if !found {
		t.Fatal("doc.go has no program")
	}
	program, _, found = strings.Cut("\tpackage main\n"+program, "\n# ")
	if !found {
		t.Fatal("doc.go has nothing behind its program")
	}
	path := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(path, []byte(program), 0o600); err != nil {
		t.Fatal(err)
	}
	output, err := exec.CommandContext(t.Context(), "go", "run", path).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	want := `Table ORDERS 1200 true cleared: true
{"certificateStatusMessage":null,"userDescription":"What customers ordered.","columns":[{"typeName":"Column","uniqueAttributes":{"qualifiedName":"default/snowflake/1700000000/DB/SHOP/ORDERS/ID"}}]}
{"bool":{"filter":[{"term":{"__typeName.keyword":{"value":"Table"}}},{"prefix":{"name.keyword":{"value":"ORD"}}},{"range":{"rowCount":{"gt":1000}}}]}}
`
	if diff := cmp.Diff(want, string(output)); diff != "" {
		t.Error(diff)
	}
}
