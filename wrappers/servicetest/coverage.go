package servicetest

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
)

// RawFile is the file in a wrapper's folder that lists the operations which only the raw client offers.
const RawFile = "operations.raw"

// operationComment marks a function of a wrapper with the operation that it is for. It is a directive, as //go:generate is:
// no space after the slashes.
const operationComment = "//sluice:operation "

// Coverage says which operations of a service a wrapper offers. Operations are named by method and route, such as
// "GET /jobs/{jobId}".
type Coverage struct {
	// Covered has the functions that say they are for an operation, such as "Client.Job".
	Covered map[string][]string
	// Raw has the operations that only the raw client offers, on purpose, each with the reason.
	Raw map[string]string
	// Missing are the operations that are neither, sorted.
	Missing []string
	// Problems are the sentences that [CheckCoverage] fails a test with, sorted: what is missing, and comments and
	// lines that do not hold.
	Problems []string
}

// CheckCoverage fails the test when the wrapper in a folder does not account for every operation of its service. The table
// is the one that is generated (acmeapi.Operations). An operation is
//
//   - covered, when a function of the wrapper calls it and says so in a comment of its own, one line for each:
//
//     //sluice:operation GET /jobs/{jobId}
//
//   - raw, when the file [RawFile] in the folder has a line with its method, its route and the reason why it has no
//     method of its own, in three words or more; lines that start with # are for whoever reads them;
//
//   - missing otherwise, which fails.
//
// So do comments that name no operation of the table or stand above no function, comments for an operation whose
// generated call stands nowhere in the wrapper, and lines of the file that name a covered operation or none at all.
//
// Folders below are read too, but for tests (testdata, tests, names that end in "test"), commands (cmd) and other modules.
// It returns what it found.
func CheckCoverage(tb TB, table, folder string) *Coverage {
	tb.Helper()
	coverage, err := ReadCoverage(table, folder)
	if err != nil {
		tb.Errorf("%v", err)
		return coverage
	}
	for _, problem := range coverage.Problems {
		tb.Errorf("%s", problem)
	}
	return coverage
}

// ReadCoverage reads what [CheckCoverage] checks. A folder without Go files covers nothing, which is no error; one that is
// not there, or whose files do not parse, is.
func ReadCoverage(table, folder string) (*Coverage, error) {
	r := coverageReader{
		Coverage: Coverage{Covered: map[string][]string{}, Raw: map[string]string{}},
		folder:   folder, ids: map[string]string{}, calls: map[string]bool{},
	}
	for line := range strings.Lines(table) {
		fields := strings.Fields(line)
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		if len(fields) < 3 {
			return &r.Coverage, fmt.Errorf("servicetest: %q is no line of an operation table", strings.TrimSpace(line))
		}
		r.ids[fields[0]+" "+fields[1]] = fields[2]
	}
	if len(r.ids) == 0 {
		return &r.Coverage, errors.New("servicetest: the operation table is empty")
	}
	if err := filepath.WalkDir(folder, r.visit); err != nil {
		return &r.Coverage, fmt.Errorf("servicetest: read the wrapper: %w", err)
	}
	if err := r.readRaw(filepath.Join(folder, RawFile)); err != nil {
		return &r.Coverage, fmt.Errorf("servicetest: read the raw operations: %w", err)
	}
	for _, operation := range slices.Sorted(maps.Keys(r.ids)) {
		functions, raw := r.Covered[operation], r.Raw[operation] != ""
		switch {
		case len(functions) == 0 && !raw:
			r.Missing = append(r.Missing, operation)
			r.say("%s: %s (%s) is neither covered nor raw: write %s%s above the method that calls it, or list it in %s with the reason",
				folder, operation, r.ids[operation], operationComment, operation, RawFile)
		case len(functions) > 0 && !r.called(operation):
			r.say("%s: %s says that it is for %s, but nothing there calls %s", folder, functions[0], operation, r.ids[operation])
		}
	}
	slices.Sort(r.Problems)
	return &r.Coverage, nil
}

type coverageReader struct {
	Coverage
	folder string
	ids    map[string]string // operation → id
	calls  map[string]bool   // names behind a dot, in small letters
}

func (r *coverageReader) say(format string, args ...any) {
	r.Problems = append(r.Problems, fmt.Sprintf(format, args...))
}

func (r *coverageReader) visit(path string, entry fs.DirEntry, err error) error {
	if err != nil {
		return err
	}
	name := entry.Name()
	if entry.IsDir() {
		if path == r.folder {
			return nil
		}
		_, err := os.Stat(filepath.Join(path, "go.mod"))
		if err == nil || name == "testdata" || name == "tests" || name == "cmd" || strings.HasSuffix(name, "test") || strings.HasPrefix(name, ".") {
			return filepath.SkipDir
		}
		return nil
	}
	if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
		return nil
	}
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, nil, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	if ast.IsGenerated(file) {
		return nil
	}
	owners := map[*ast.CommentGroup]string{}
	for _, declaration := range file.Decls {
		if f, ok := declaration.(*ast.FuncDecl); ok && f.Doc != nil {
			owners[f.Doc] = functionName(f)
		}
	}
	for _, group := range file.Comments {
		for _, comment := range group.List {
			r.comment(files.Position(comment.Pos()), comment.Text, owners[group])
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if selector, ok := n.(*ast.SelectorExpr); ok {
			r.calls[strings.ToLower(selector.Sel.Name)] = true
		}
		return true
	})
	return nil
}

// comment takes in a comment if it is one of ours.
func (r *coverageReader) comment(at token.Position, text, function string) {
	operation, ok := strings.CutPrefix(text, operationComment)
	switch {
	case !ok:
		if strings.HasPrefix(strings.TrimLeft(text, "/ \t"), strings.Trim(operationComment, "/ ")) {
			r.say("%s: write %sGET /route, without a space after the slashes", at, operationComment)
		}
	case r.ids[operation] == "":
		r.say("%s: the document has no operation %s", at, operation)
	case function == "":
		r.say("%s: %s%s does not belong to the comment above a function", at, operationComment, operation)
	default:
		r.Covered[operation] = append(r.Covered[operation], function)
	}
}

// functionName is "Type.Method" or "Function".
func functionName(f *ast.FuncDecl) string {
	if f.Recv == nil || len(f.Recv.List) == 0 {
		return f.Name.Name
	}
	of := f.Recv.List[0].Type
	for {
		switch e := of.(type) {
		case *ast.StarExpr:
			of = e.X
		case *ast.IndexExpr:
			of = e.X
		case *ast.IndexListExpr:
			of = e.X
		case *ast.Ident:
			return e.Name + "." + f.Name.Name
		default:
			return f.Name.Name
		}
	}
}

// called reports whether a name that the generator makes of the operation's id stands behind a dot somewhere.
func (r *coverageReader) called(operation string) bool {
	id := strings.ToLower(strings.Map(func(c rune) rune {
		if unicode.IsLetter(c) || unicode.IsDigit(c) {
			return c
		}
		return -1
	}, r.ids[operation]))
	for _, suffix := range []string{"", "withbody", "withresponse", "withbodywithresponse"} {
		if r.calls[id+suffix] {
			return true
		}
	}
	return false
}

// readRaw reads the list of raw operations, which need not be there.
func (r *coverageReader) readRaw(path string) error {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	number := 0
	for line := range strings.Lines(string(text)) {
		number++
		fields := strings.Fields(line)
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		at := fmt.Sprintf("%s:%d", path, number)
		if len(fields) < 5 {
			r.say("%s: a line has method, route and a reason of three words or more", at)
			continue
		}
		operation := fields[0] + " " + fields[1]
		switch functions := r.Covered[operation]; {
		case r.ids[operation] == "":
			r.say("%s: the document has no operation %s: delete this line", at, operation)
		case r.Raw[operation] != "":
			r.say("%s: %s is listed twice: delete this line", at, operation)
		case len(functions) > 0:
			r.say("%s: %s is covered by %s: delete this line", at, operation, functions[0])
		}
		if r.ids[operation] != "" {
			r.Raw[operation] = strings.Join(fields[2:], " ")
		}
	}
	return nil
}
