package sluice_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const module = "github.com/sluice-sdk/sluice"

// The folders of wrappers/. A new one belongs into one of the lists: the rules below are about them.
var (
	services = []string{"airbyte", "polytomic", "atlan"}
	shared   = []string{"apierr", "job", "lazy", "paging", "servicetest", "transport", "warehouse"}
)

// Modules that no program gets by importing a service's wrapper, each with the words of its import paths.
var (
	validator = regexp.MustCompile(`^github\.com/getkin/kin-openapi/`)
	databases = regexp.MustCompile(`^github\.com/(jackc/pgx|lib/pq|duckdb|marcboeker/go-duckdb|snowflakedb|databricks|` +
		`ClickHouse|go-sql-driver|mattn/go-sqlite3|apache/arrow)|^modernc\.org/sqlite|^cloud\.google\.com/go/bigquery|` +
		`^go\.temporal\.io/`)
)

// listed is what the rules need of a package, as go list prints it.
type listed struct {
	ImportPath   string
	Name         string
	Standard     bool
	Imports      []string
	TestImports  []string
	XTestImports []string
	ImportMap    map[string]string
}

// graph is the packages of the root module with everything they and their tests import.
var graph = sync.OnceValues(func() (map[string]*listed, error) {
	command := exec.Command("go", "list", "-deps", "-test",
		"-json=ImportPath,Name,Standard,Imports,TestImports,XTestImports,ImportMap", "./...")
	command.Env = append(os.Environ(), "GOWORK=off")
	var stderr bytes.Buffer
	command.Stderr = &stderr
	output, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w\n%s", err, &stderr)
	}
	packages := map[string]*listed{}
	for decoder := json.NewDecoder(bytes.NewReader(output)); ; {
		var p listed
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return packages, nil
		} else if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		// "p [p.test]" and "p.test" are the test binaries; p's TestImports say the same.
		if !strings.Contains(p.ImportPath, " ") && !strings.HasSuffix(p.ImportPath, ".test") {
			packages[p.ImportPath] = &p
		}
	}
})

func packages(t *testing.T) map[string]*listed {
	t.Helper()
	all, err := graph()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 100 {
		t.Fatalf("go list knows only %d packages", len(all))
	}
	return all
}

// reach returns the packages that can be reached from the given imports, each with the package that imports it on the
// shortest way there.
func reach(t *testing.T, from string, imports []string) map[string]string {
	t.Helper()
	all := packages(t)
	importer := map[string]string{}
	var queue []string
	visit := func(from string, imports []string, importMap map[string]string) {
		for _, path := range imports {
			if mapped, ok := importMap[path]; ok {
				path = mapped
			}
			if _, seen := importer[path]; !seen {
				importer[path] = from
				queue = append(queue, path)
			}
		}
	}
	visit(from, imports, nil)
	for len(queue) > 0 {
		path := queue[0]
		queue = queue[1:]
		if path == "C" || path == "unsafe" {
			continue
		}
		p, ok := all[path]
		if !ok {
			t.Fatalf("%s imports %s, which go list does not know", importer[path], path)
		}
		visit(path, p.Imports, p.ImportMap)
	}
	return importer
}

// shortest returns the shortest chain of imports that ends at a package that is not allowed, "" when there is none.
func shortest(importer map[string]string, forbidden func(path string) bool) string {
	var found string
	for _, path := range slices.Sorted(maps.Keys(importer)) {
		if !forbidden(path) {
			continue
		}
		if c := chain(importer, path); found == "" || strings.Count(c, " imports ") < strings.Count(found, " imports ") {
			found = c
		}
	}
	return found
}

// chain tells how path came to be reached: "a imports b imports c".
func chain(importer map[string]string, path string) string {
	steps := []string{path}
	for from, ok := importer[path]; ok; from, ok = importer[from] {
		steps = append(steps, from)
	}
	slices.Reverse(steps)
	for i, step := range steps {
		steps[i] = strings.TrimPrefix(step, module+"/")
	}
	return strings.Join(steps, " imports ")
}

// under returns the packages of a top-level folder, sorted.
func under(t *testing.T, folder string) []*listed {
	t.Helper()
	all := packages(t)
	var found []*listed
	for _, path := range slices.Sorted(maps.Keys(all)) {
		if strings.HasPrefix(path, module+"/"+folder+"/") {
			found = append(found, all[path])
		}
	}
	if len(found) == 0 {
		t.Fatalf("no packages in %s", folder)
	}
	return found
}

// owner is the first folder below wrappers: "airbyte" for wrappers/airbyte/airbytetest.
func owner(path string) string {
	rest, ok := strings.CutPrefix(path, module+"/wrappers/")
	if !ok {
		return ""
	}
	first, _, _ := strings.Cut(rest, "/")
	return first
}

// service is the service that a package of gen/ or wrappers/ is about, "" for any other.
func service(path string) string {
	if o := owner(path); o != "" {
		if slices.Contains(services, o) {
			return o
		}
		return ""
	}
	if rest, ok := strings.CutPrefix(path, module+"/gen/"); ok {
		for _, s := range services {
			if strings.HasPrefix(rest, s) {
				return s
			}
		}
	}
	return ""
}

// forTests says that a package exists for tests and programs of its own: a fake, a suite, a command. Nothing that users
// import in production may import it.
func forTests(path string) bool {
	for element := range strings.SplitSeq(strings.TrimPrefix(path, module), "/") {
		if strings.HasSuffix(element, "test") || element == "tests" || element == "cmd" {
			return true
		}
	}
	return false
}

func TestEveryWrapperIsAServiceOrShared(t *testing.T) {
	for _, p := range under(t, "wrappers") {
		if o := owner(p.ImportPath); !slices.Contains(services, o) && !slices.Contains(shared, o) {
			t.Errorf("wrappers/%s is in neither list of this file: is it a service's or shared?", o)
		}
	}
}

func TestGeneratedCodeDoesNotImportWrappers(t *testing.T) {
	for _, p := range under(t, "gen") {
		wrapper := func(path string) bool { return strings.HasPrefix(path, module+"/wrappers/") }
		if c := shortest(reach(t, p.ImportPath, p.Imports), wrapper); c != "" {
			t.Errorf("gen imports wrappers: %s", c)
		}
	}
}

func TestServicesDoNotImportEachOther(t *testing.T) {
	for _, p := range under(t, "wrappers") {
		own := service(p.ImportPath)
		if own == "" {
			continue
		}
		importer := reach(t, p.ImportPath, slices.Concat(p.Imports, p.TestImports, p.XTestImports))
		foreign := func(path string) bool { return service(path) != "" && service(path) != own }
		if c := shortest(importer, foreign); c != "" {
			t.Errorf("%s's wrapper imports another service: %s", own, c)
		}
	}
}

func TestSharedPackagesDoNotImportServices(t *testing.T) {
	for _, p := range under(t, "wrappers") {
		if !slices.Contains(shared, owner(p.ImportPath)) {
			continue
		}
		ofService := func(path string) bool { return service(path) != "" }
		if c := shortest(reach(t, p.ImportPath, p.Imports), ofService); c != "" {
			t.Errorf("a shared package imports a service: %s", c)
		}
	}
}

// What users compile: no validator, no test packages, and a database driver only where a folder is named for it.
func TestWrappersCompileNothingHeavy(t *testing.T) {
	for _, p := range under(t, "wrappers") {
		if forTests(p.ImportPath) {
			continue
		}
		driverFolder := strings.HasPrefix(p.ImportPath, module+"/wrappers/warehouse/")
		importer := reach(t, p.ImportPath, p.Imports)
		for _, rule := range []struct {
			reason    string
			forbidden func(path string) bool
		}{
			{"the OpenAPI validator is for fakes and tests", validator.MatchString},
			{"a driver is the caller's choice", func(path string) bool {
				return databases.MatchString(path) && !driverFolder
			}},
			{"code that is not for tests imports testing", func(path string) bool {
				return path == "testing" || strings.HasPrefix(path, "testing/")
			}},
			{"code that is not for tests imports a package that is", func(path string) bool {
				return strings.HasPrefix(path, module+"/") && forTests(path)
			}},
		} {
			if c := shortest(importer, rule.forbidden); c != "" {
				t.Errorf("%s: %s", rule.reason, c)
			}
		}
	}
}

// A user's go.sum: go mod tidy keeps the tests of every package that a program imports runnable, and so writes down what
// those tests need. A test in the folder of such a package must therefore not reach the validator or a driver; it belongs
// into a folder that nobody imports, such as wrappers/airbyte/airbytetest or wrappers/airbyte/tests. docs/adr/0003 has
// the measurements.
func TestTestsOfImportedPackagesStayLight(t *testing.T) {
	all := packages(t)
	imported := map[string]bool{}
	for _, folder := range slices.Concat(services, shared) {
		path := module + "/wrappers/" + folder
		p, ok := all[path]
		if !ok || forTests(path) {
			continue
		}
		imported[path] = true
		for dependency := range reach(t, path, p.Imports) {
			if strings.HasPrefix(dependency, module+"/") {
				imported[dependency] = true
			}
		}
	}
	if !imported[module+"/wrappers/airbyte"] {
		t.Fatal("there is no wrappers/airbyte")
	}
	heavy := func(path string) bool { return validator.MatchString(path) || databases.MatchString(path) }
	for _, path := range slices.Sorted(maps.Keys(imported)) {
		p := all[path]
		importer := reach(t, path+" (test)", slices.Concat(p.TestImports, p.XTestImports))
		if c := shortest(importer, heavy); c != "" {
			t.Errorf("this test puts lines into the go.sum of every user; move it to a folder nobody imports: %s", c)
		}
	}
}

// Everything in gen/ is written by a generator, and by one that go generate runs.
func TestGeneratedCodeIsOnlyGenerated(t *testing.T) {
	outputs, err := os.ReadFile("generate.go")
	if err != nil {
		t.Fatal(err)
	}
	configurations, err := filepath.Glob("specs/*/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range configurations {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		outputs = append(outputs, text...)
	}

	files := 0
	err = filepath.WalkDir("gen", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		files++
		path = filepath.ToSlash(path)
		if !strings.HasSuffix(path, ".gen.go") {
			t.Errorf("%s: only generated files, named *.gen.go, live in gen/", path)
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.PackageClauseOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		if !ast.IsGenerated(file) {
			t.Errorf("%s has no \"Code generated … DO NOT EDIT.\" line", path)
		}
		if !bytes.Contains(outputs, []byte(path)) {
			t.Errorf("%s is the output of no configuration in specs/ and no line of generate.go: nothing generates it", path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files == 0 {
		t.Fatal("gen/ is empty")
	}
}

// A thing that fits into an existing folder gets no new one.
func TestTopLevel(t *testing.T) {
	allowed := []string{
		"go.mod", "go.sum", "specs", "gen", "wrappers", "tools.go", "generate.go", "Makefile", "testdata",
		"README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "docs", "examples", "tools",
		".ci", ".golangci.yaml", ".gitignore", ".gitattributes", "go.work", "go.work.sum",
		"architecture_test.go", "documentation_test.go", "documentation_link_test.go", "documentation_program_test.go", "golden_test.go", "operations_test.go",
	}
	// What git would not commit, such as bin/, is nobody's business.
	command := exec.CommandContext(t.Context(), "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	output, err := command.Output()
	if err != nil {
		t.Fatalf("git ls-files: %v (this test needs a clone)", err)
	}
	seen := map[string]bool{}
	for path := range strings.SplitSeq(string(output), "\x00") {
		first, _, _ := strings.Cut(path, "/")
		if path != "" && !seen[first] && !slices.Contains(allowed, first) {
			t.Errorf("%s is not a prescribed top-level entry", first)
		}
		seen[first] = true
	}
	if !seen["go.mod"] {
		t.Fatal("git lists no go.mod: is the repository empty?")
	}
}
