package sluice_test

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// source is what the documents may name: the exported symbols ("airbyte.Connection.RunSync") and the tests
// ("TestRunSync") of every module of the repository.
type source struct {
	symbols map[string]bool
	tests   map[string]bool
}

var testName = regexp.MustCompile(`^(Test|Benchmark|Fuzz|Example)([^a-z]|$)`)

func readSource(t *testing.T) source {
	t.Helper()
	found := source{symbols: map[string]bool{}, tests: map[string]bool{}}
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() {
			// gen/ has too many names to be worth reading, and the table is about what people call.
			if path != "." && (strings.HasPrefix(name, ".") || path == "gen" || path == "specs") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		if strings.HasSuffix(name, "_test.go") {
			for _, declaration := range file.Decls {
				if f, ok := declaration.(*ast.FuncDecl); ok && f.Recv == nil && testName.MatchString(f.Name.Name) {
					found.tests[f.Name.Name] = true
				}
			}
			return nil
		}
		found.add(file)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found.symbols) == 0 || len(found.tests) == 0 {
		t.Fatalf("found %d symbols and %d tests", len(found.symbols), len(found.tests))
	}
	return found
}

// add takes in the package's functions, methods, types, fields, constants and variables.
func (s source) add(file *ast.File) {
	put := func(names ...string) {
		if !slices.ContainsFunc(names, func(name string) bool { return !ast.IsExported(name) }) {
			s.symbols[file.Name.Name+"."+strings.Join(names, ".")] = true
		}
	}
	for _, declaration := range file.Decls {
		switch d := declaration.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil {
				put(d.Name.Name)
			} else {
				put(receiver(d.Recv.List[0].Type), d.Name.Name)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.ValueSpec:
					for _, name := range spec.Names {
						put(name.Name)
					}
				case *ast.TypeSpec:
					put(spec.Name.Name)
					for _, member := range members(spec.Type) {
						put(spec.Name.Name, member)
					}
				}
			}
		}
	}
}

// receiver is the name of a method's type: T for *T and T[V].
func receiver(expression ast.Expr) string {
	switch e := expression.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.IndexListExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}

// members are the names of a struct's fields and of an interface's methods.
func members(expression ast.Expr) []string {
	var fields *ast.FieldList
	switch e := expression.(type) {
	case *ast.StructType:
		fields = e.Fields
	case *ast.InterfaceType:
		fields = e.Methods
	default:
		return nil
	}
	var names []string
	for _, field := range fields.List {
		for _, name := range field.Names {
			names = append(names, name.Name)
		}
	}
	return names
}

const (
	nothing = "—"
	notYet  = "not yet"
)

// coverage is one row of docs/coverage.md.
type coverage struct {
	row, capability, symbols, tests, live string
}

func readCoverage(t *testing.T, text string) []coverage {
	t.Helper()
	var rows []coverage
	section := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if title, ok := strings.CutPrefix(line, "## "); ok {
			section = title
		}
		if !strings.HasPrefix(line, "|") {
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		if len(cells) != 5 {
			t.Errorf("this row has %d cells, not 5: %s", len(cells), line)
			continue
		}
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if cells[0] == "row" || strings.HasPrefix(cells[0], "---") {
			continue
		}
		rows = append(rows, coverage{strings.TrimSpace(section + " " + cells[0]), cells[1], cells[2], cells[3], cells[4]})
	}
	return rows
}

var (
	quoted = regexp.MustCompile("`([^`]+)`")
	live   = regexp.MustCompile(`^(no|not yet|yes, \d{4}-\d{2}-\d{2})$`)
)

// problems says what is wrong with a row: names that do not exist, dashes where something is claimed.
func (c coverage) problems(found source) []string {
	var problems []string
	say := func(format string, arguments ...any) {
		problems = append(problems, c.row+": "+fmt.Sprintf(format, arguments...))
	}
	if c.capability == "" || c.capability == nothing {
		say("what is it about?")
	}
	if !live.MatchString(c.live) {
		say("verified live is %q, want %q, %q or %q", c.live, "no", notYet, "yes, 2026-11-20")
	}
	if c.live == notYet {
		if c.symbols != nothing || c.tests != nothing {
			say("it is marked %q but names a symbol or a test", notYet)
		}
		return problems
	}
	symbols := quoted.FindAllStringSubmatch(c.symbols, -1)
	if len(symbols) == 0 {
		say("no symbol (`airbyte.Connection.RunSync`), and it is not marked %q", notYet)
	}
	for _, symbol := range symbols {
		if !found.symbols[symbol[1]] {
			say("no package exports %s", symbol[1])
		}
	}
	tests := quoted.FindAllStringSubmatch(c.tests, -1)
	if len(tests) == 0 {
		say("no test, and it is not marked %q", notYet)
	}
	for _, test := range tests {
		name, _, _ := strings.Cut(test[1], "/")
		if !found.tests[name] {
			say("there is no %s", name)
		}
	}
	return problems
}

func TestCoverage(t *testing.T) {
	text, err := os.ReadFile("docs/coverage.md")
	if err != nil {
		t.Fatal(err)
	}
	found := readSource(t)
	var numbers []string
	for _, row := range readCoverage(t, string(text)) {
		numbers = append(numbers, row.row)
		for _, problem := range row.problems(found) {
			t.Errorf("docs/coverage.md, %s", problem)
		}
	}
	var want []string
	for _, group := range []struct {
		letter string
		rows   int
	}{
		{"Airbyte S", 11}, {"Airbyte T", 9}, {"Airbyte N", 6}, {"Warehouse W", 7},
		{"Polytomic S", 6}, {"Polytomic T", 3}, {"Polytomic N", 12},
		{"Atlan S", 6}, {"Atlan T", 12}, {"Atlan N", 5},
	} {
		for i := range group.rows {
			want = append(want, fmt.Sprintf("%s%d", group.letter, i+1))
		}
	}
	for _, number := range want {
		if !slices.Contains(numbers, number) {
			t.Errorf("docs/coverage.md has no row %s", number)
		}
	}
	slices.Sort(numbers)
	if unique := slices.Compact(slices.Clone(numbers)); len(unique) != len(numbers) {
		t.Errorf("docs/coverage.md has a row twice: %s", strings.Join(numbers, " "))
	}
}

// The check above must notice what it is there for.
func TestCoverageNoticesRot(t *testing.T) {
	found := source{
		symbols: map[string]bool{"airbyte.Client": true, "airbyte.Connection.RunSync": true},
		tests:   map[string]bool{"TestRunSync": true},
	}
	for _, c := range []struct {
		row  coverage
		want string
	}{
		{coverage{"S1", "x", "`airbyte.Client`, `airbyte.Connection.RunSync`", "`TestRunSync/late answer`", "no"}, ""},
		{coverage{"S1", "x", nothing, nothing, notYet}, ""},
		{coverage{"S1", "x", nothing, "`TestRunSync`", "no"}, "no symbol"},
		{coverage{"S1", "x", "`airbyte.Client`", nothing, "no"}, "no test"},
		{coverage{"S1", "x", "`airbyte.Gone`", "`TestRunSync`", "no"}, "airbyte.Gone"},
		{coverage{"S1", "x", "`airbyte.Client`", "`TestGone`", "no"}, "TestGone"},
		{coverage{"S1", "x", "`airbyte.Client`", "`TestRunSync`", notYet}, "names a symbol"},
		{coverage{"S1", "x", "`airbyte.Client`", "`TestRunSync`", "yes"}, "verified live"},
	} {
		got := strings.Join(c.row.problems(found), "; ")
		if (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
			t.Errorf("%+v: got %q, want %q", c.row, got, c.want)
		}
	}
}

// anchor is what a heading is called in links to it, as GitHub names them.
func anchor(heading string) string {
	heading = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`).ReplaceAllString(strings.TrimSpace(heading), "$1")
	return strings.ReplaceAll(regexp.MustCompile(`[^\pL\pN_ -]`).ReplaceAllString(strings.ToLower(heading), ""), " ", "-")
}

// anchors are the headings of a document.
func anchors(text string) map[string]bool {
	all := map[string]bool{}
	for _, heading := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(text, -1) {
		all[anchor(heading[1])] = true
	}
	return all
}

// A link to a file of the repository, and to a heading in it, leads somewhere.
func TestLinks(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#\s]*)(?:#([^)\s]*))?\)`)
	code := regexp.MustCompile("(?s)```.*?```|`[^`\n]*`") // Raw[T](x) is no link
	fence := regexp.MustCompile("(?s)```.*?```")
	links := 0
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if path != "." && strings.HasPrefix(entry.Name(), ".") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".md") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, match := range link.FindAllStringSubmatch(code.ReplaceAllString(string(text), ""), -1) {
			target := match[1]
			if strings.Contains(target, ":") {
				continue // another site, or mail
			}
			links++
			file := path
			if target != "" {
				file = filepath.Join(filepath.Dir(path), filepath.FromSlash(target))
			}
			if _, err := os.Stat(file); err != nil {
				t.Errorf("%s links to %s: %v", path, target, err)
				continue
			}
			if match[2] == "" {
				continue
			}
			within, err := os.ReadFile(file)
			if err != nil || !anchors(fence.ReplaceAllString(string(within), ""))[match[2]] {
				t.Errorf("%s links to %s#%s, which is no heading there", path, target, match[2])
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if links == 0 {
		t.Fatal("no links found")
	}
}

// README shows the program that make demo runs, not one that used to be like it.
func TestReadmeShowsTheQuickstart(t *testing.T) {
	const program = "examples/quickstart/main.go"
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, marked := strings.Cut(string(readme), "<!-- "+program+" -->\n")
	if !marked {
		t.Fatalf("README.md has no mark where it shows %s", program)
	}
	var shown string
	if block, ok := strings.CutPrefix(strings.TrimLeft(rest, "\n"), "```go\n"); ok {
		shown, _, _ = strings.Cut(block, "```")
	}
	text, err := os.ReadFile(program)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	if shown != string(text) {
		t.Errorf("README.md does not show %s as it is; put it after the mark, in a block of Go", program)
	}
}

// A guide shows code that is built and tested: every block of docs/add-a-service.md is an excerpt, whole lines and not one
// changed, of the file that the mark above it names.
func TestGuideShowsRealCode(t *testing.T) {
	text, err := os.ReadFile("docs/add-a-service.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks, problems := excerpts(string(text), os.ReadFile)
	for _, problem := range problems {
		t.Errorf("docs/add-a-service.md: %s", problem)
	}
	if blocks < 10 {
		t.Errorf("docs/add-a-service.md has only %d blocks of code", blocks)
	}
}

var mark = regexp.MustCompile(`^<!-- (\S+) -->$`)

// excerpts counts the blocks of a text and says which are not what their files hold.
func excerpts(text string, read func(string) ([]byte, error)) (blocks int, problems []string) {
	marked, within, shown := "", false, ""
	for line := range strings.Lines(text) {
		bare := strings.TrimSpace(line)
		switch {
		case within && bare == "```":
			within = false
			file, err := read(marked)
			switch {
			case marked == "":
				problems = append(problems, fmt.Sprintf("the block %.40q has no <!-- path/of/the/file --> above it", shown))
			case err != nil:
				problems = append(problems, err.Error())
			case strings.TrimSpace(shown) == "" || !strings.Contains("\n"+string(file), "\n"+shown):
				problems = append(problems, fmt.Sprintf("%s does not hold the block %.60q as it is", marked, shown))
			}
			marked = ""
		case within:
			shown += line
		case strings.HasPrefix(bare, "```"):
			within, shown = true, ""
			blocks++
		case mark.MatchString(bare):
			marked = mark.FindStringSubmatch(bare)[1]
		case bare != "":
			marked = ""
		}
	}
	if within {
		problems = append(problems, "the last block does not end")
	}
	return blocks, problems
}

// The check above must notice what it is there for.
func TestGuideNoticesRot(t *testing.T) {
	read := func(path string) ([]byte, error) {
		if path != "a.go" {
			return nil, fs.ErrNotExist
		}
		return []byte("package a\n\nfunc f() {\n\tg()\n}\n"), nil
	}
	const block = "```go\nfunc f() {\n\tg()\n}\n```\n"
	for _, c := range []struct{ text, want string }{
		{"<!-- a.go -->\n\n" + block, ""},
		{block, "has no <!--"},
		{"<!-- a.go -->\nwords\n" + block, "has no <!--"},
		{"<!-- a.go -->\n" + block + block, "has no <!--"},
		{"<!-- b.go -->\n" + block, "not exist"},
		{"<!-- a.go -->\n" + strings.Replace(block, "g()", "h()", 1), "a.go does not hold"},
		{"<!-- a.go -->\n" + strings.Replace(block, "func f", "unc f", 1), "a.go does not hold"},
		{"<!-- a.go -->\n```go\n```\n", "a.go does not hold"},
		{"<!-- a.go -->\n```go\nfunc f() {\n", "does not end"},
	} {
		blocks, problems := excerpts(c.text, read)
		got := strings.Join(problems, "; ")
		if blocks == 0 || (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
			t.Errorf("%q: got %q, want %q", c.text, got, c.want)
		}
	}
}
