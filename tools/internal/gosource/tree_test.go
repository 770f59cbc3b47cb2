package gosource

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T, files map[string]string) *Tree {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		full := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(full), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tree, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func TestPackagesOfModules(t *testing.T) {
	tree := open(t, map[string]string{
		"go.mod": "module example.com/a\n\ngo 1.26.0\n", "a.go": "package a", "b/b.go": "package b", "c/c_test.go": "package c",
		"testdata/d/d.go": "package d", ".hidden/e.go": "package e",
		"nested/go.mod": "module example.com/other\n\ngo 1.26.0\n", "nested/f/f.go": "package f",
	})
	if want := map[string]string{".": "example.com/a", "nested": "example.com/other"}; !cmp.Equal(want, tree.Modules) {
		t.Errorf("modules: %v", tree.Modules)
	}
	for module, want := range map[string][]string{
		"example.com/a": {"example.com/a", "example.com/a/b"}, "example.com/other": {"example.com/other/f"},
	} {
		got, err := tree.Packages(module)
		if err != nil || !cmp.Equal(want, got) {
			t.Errorf("packages of %s: %v %v", module, got, err)
		}
	}
	if _, err := tree.Packages("example.com/none"); err == nil {
		t.Error("a module that does not exist has packages")
	}
	if _, err := Open(t.TempDir()); err == nil || !strings.Contains(err.Error(), "no go.mod") {
		t.Errorf("a folder without go.mod: %v", err)
	}
}

// The generated files of a folder are replaced as a whole, and what no longer fits is told with its place.
func TestCheckWithOtherFiles(t *testing.T) {
	tree := open(t, map[string]string{
		"go.mod":           "module example.com/a\n\ngo 1.26.0\n",
		"gen/one.gen.go":   "package gen\n\ntype One struct{ Name string }\n",
		"gen/two.gen.go":   "package gen\n\ntype Two struct{}\n",
		"use/use.go":       "package use\n\nimport (\n\t\"fmt\"\n\n\t\"example.com/a/gen\"\n)\n\nfunc Name(one gen.One) string {\n\treturn fmt.Sprint(one.Name)\n}\n",
		"use/use_other.go": "//go:build never\n\npackage use\n\nvar broken Nowhere\n",
	})
	roots := []string{"example.com/a/use"}
	files := Files{"gen/one.gen.go": []byte("package gen\n\nimport \"time\"\n\ntype One struct{ Title time.Time }\n")}
	universe, err := tree.Load(t.Context(), "example.com/a", roots, files)
	if err != nil {
		t.Fatal(err)
	}
	all := func(string) bool { return true }
	before, err := universe.Check(roots, nil, all)
	if err != nil || len(before["example.com/a/use"].Errors) > 0 {
		t.Fatalf("as it is: %v %v", before, err)
	}
	after, err := universe.Check(roots, files, all)
	if err != nil {
		t.Fatal(err)
	}
	want := []Error{{"use/use.go", 10, "one.Name undefined (type gen.One has no field or method Name)"}}
	if diff := cmp.Diff(want, after["example.com/a/use"].Errors); diff != "" {
		t.Errorf("errors (-want +got):\n%s", diff)
	}
	if after["example.com/a/gen"].Types.Scope().Lookup("Two") != nil {
		t.Error("a generated file that is no longer generated is still there")
	}
	declarations, err := universe.Check(roots, files, nil)
	if err != nil || len(declarations["example.com/a/use"].Errors) > 0 {
		t.Errorf("without the bodies of functions: %v %v", declarations["example.com/a/use"].Errors, err)
	}
}

func TestBrokenTreesEnd(t *testing.T) {
	tree := open(t, map[string]string{
		"go.mod": "module example.com/a\n\ngo 1.26.0\n",
		"b/b.go": "package b\n\nimport \"example.com/a/c\"\n\nvar B = c.C\n", "c/c.go": "package c\n\nimport \"example.com/a/b\"\n\nvar C = b.B\n",
		"d/d.go": "package d\n\nfunc {\n", "e/e.go": "package e\n\nimport \"example.com/nowhere\"\n\nvar E = nowhere.E\n",
	})
	universe, err := tree.Load(t.Context(), "example.com/a", []string{"example.com/a/b", "example.com/a/d", "example.com/a/missing"})
	if err != nil {
		t.Fatal(err)
	}
	checked, err := universe.Check([]string{"example.com/a/b", "example.com/a/d", "example.com/a/missing"}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(checked["example.com/a/c"].Errors) == 0 || len(checked["example.com/a/d"].Errors) == 0 || checked["example.com/a/missing"] != nil {
		t.Errorf("checked: %v", checked)
	}
	if _, err := tree.Load(t.Context(), "example.com/a", []string{"example.com/a/e"}); err == nil || !strings.Contains(err.Error(), "example.com/nowhere") {
		t.Errorf("an import of nothing: %v", err)
	}
}
