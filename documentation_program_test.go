package sluice_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// declared is what the programs at the top of the packages' pages take as given, by package: what their readers have.
// Package acmeapi stands for the generated client of a reader's own service.
var declared = map[string]string{
	"wrappers/airbyte":                 `var (ctx context.Context; workspaceID, connectionID string; db *sql.DB)`,
	"wrappers/airbyte/airbytetest":     `func runNightly(ctx context.Context, client *http.Client, base, key, connection string) {}`,
	"wrappers/apierr":                  `var (ctx context.Context; conn *airbyte.Connection)`,
	"wrappers/atlan":                   `var ctx context.Context`,
	"wrappers/atlan/atlantest":         `func runNightly(ctx context.Context, client *http.Client, base, key string, database any) {}`,
	"wrappers/job":                     `var (ctx context.Context; sync *airbyte.SyncResult; refresh *polytomic.BulkSyncExecution; crawl *atlan.Run; table interface{ Update(job.Snapshot) }; save func(job.Token))`,
	"wrappers/lazy":                    `type Info struct{ Name string }; func (c *Connection) fetch(context.Context) (Info, error) { return Info{}, nil }`,
	"wrappers/paging":                  `type (Connection = acmeapi.Connection; Workspace struct{ raw *acmeapi.Client })`,
	"wrappers/polytomic":               `var (ctx context.Context; id string)`,
	"wrappers/polytomic/polytomictest": `func runNightly(ctx context.Context, client *http.Client, base, key, sync string) {}`,
	"wrappers/servicetest":             `var (t *testing.T; openapiJSON, overlayYAML []byte; handler http.Handler; runNightly func(*acmeapi.Client))`,
	"wrappers/transport":               `var (ctx context.Context; token string)`,
	"wrappers/warehouse":               `var ctx context.Context`,
	"wrappers/warehouse/duckdb":        `var ctx context.Context`,
}

const acmeapi = `package acmeapi

import (
	"context"
	"net/http"
)

type (
	Client                struct{}
	ClientOption          func(*Client) error
	Doer                  interface{ Do(*http.Request) (*http.Response, error) }
	Job                   struct{ ID int64 }
	Connection            struct{ ID string }
	ConnectionList        struct{ Data []Connection }
	ListConnectionsParams struct{ Offset, Limit *int }
)

func NewClient(server string, opts ...ClientOption) (*Client, error)           { return nil, nil }
func WithHTTPClient(doer Doer) ClientOption                                    { return nil }
func (c *Client) GetJob(ctx context.Context, id int64) (*http.Response, error) { return nil, nil }
func (c *Client) ListConnections(ctx context.Context, params *ListConnectionsParams) (*http.Response, error) {
	return nil, nil
}
`

// The page of every package that users import begins with a program. It compiles as it stands there, with what declared
// gives it.
func TestPackagePagesBeginWithAProgram(t *testing.T) {
	programs := programs{files: token.NewFileSet()}
	if err := programs.load("./wrappers/..."); err != nil {
		t.Fatal(err)
	}
	for _, folder := range publicPackages(t) {
		t.Run(folder, func(t *testing.T) {
			comment, err := packageComment(folder)
			if err != nil {
				t.Fatal(err)
			}
			blocks := codeBlocks(comment)
			if len(blocks) == 0 || strings.Index(comment, blocks[0]) > 500 {
				t.Fatal("the page does not begin with a program")
			}
			given, ok := declared[folder]
			if !ok {
				t.Fatal("declared has no entry for the package")
			}
			if err := programs.check(blocks[0], given); err != nil {
				t.Errorf("%v\n%s", err, blocks[0])
			}
		})
	}
	if unknown := slices.DeleteFunc(slices.Collect(maps.Keys(declared)), func(folder string) bool {
		return slices.Contains(publicPackages(t), folder)
	}); len(unknown) > 0 {
		t.Errorf("declared has entries of no package: %v", unknown)
	}
}

// publicPackages are the folders of wrappers/, nested modules included, whose packages users import.
func publicPackages(t *testing.T) []string {
	t.Helper()
	var folders []string
	err := filepath.WalkDir("wrappers", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		switch entry.Name() {
		case "internal", "tests", "testdata", "cmd", "driverstest":
			return filepath.SkipDir
		}
		sources, err := filepath.Glob(filepath.Join(name, "*.go"))
		if slices.ContainsFunc(sources, func(source string) bool { return !strings.HasSuffix(source, "_test.go") }) {
			folders = append(folders, filepath.ToSlash(name))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(folders) < 10 {
		t.Fatalf("only %d packages were found", len(folders))
	}
	return folders
}

func packageComment(folder string) (string, error) {
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(folder, "doc.go"), nil, parser.ParseComments|parser.PackageClauseOnly)
	if err != nil {
		return "", err
	}
	return file.Doc.Text(), nil
}

// codeBlocks are the indented parts of a comment.
func codeBlocks(comment string) []string {
	var blocks []string
	block := ""
	for line := range strings.Lines(comment) {
		switch {
		case strings.HasPrefix(line, "\t"):
			block += strings.TrimPrefix(line, "\t")
		case block != "" && strings.TrimSpace(line) == "":
			block += "\n"
		case block != "":
			blocks, block = append(blocks, block), ""
		}
	}
	if block != "" {
		blocks = append(blocks, block)
	}
	return blocks
}

// programs type-checks programs against the packages of this module and those they import.
type programs struct {
	files    *token.FileSet
	exports  map[string]string // the file with the types of each import path
	importer types.Importer
}

func (p *programs) load(patterns ...string) error {
	arguments := append([]string{"list", "-export", "-deps", "-json=ImportPath,Export"}, patterns...)
	command := exec.Command("go", append(arguments, "./wrappers/warehouse/duckdb", "testing/synctest", "log")...)
	command.Env = append(os.Environ(), "GOFLAGS=-buildvcs=false")
	var stderr bytes.Buffer
	command.Stderr = &stderr
	output, err := command.Output()
	if err != nil {
		return fmt.Errorf("go list: %w\n%s", err, &stderr)
	}
	p.exports = map[string]string{}
	for decoder := json.NewDecoder(bytes.NewReader(output)); ; {
		var one struct{ ImportPath, Export string }
		if err := decoder.Decode(&one); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return fmt.Errorf("go list: %w", err)
		}
		p.exports[one.ImportPath] = one.Export
	}
	compiled := importer.ForCompiler(p.files, "gc", func(name string) (io.ReadCloser, error) {
		if p.exports[name] == "" {
			return nil, fmt.Errorf("%s is not there", name)
		}
		return os.Open(p.exports[name])
	})
	file, err := parser.ParseFile(p.files, "acmeapi.go", acmeapi, 0)
	if err != nil {
		return err
	}
	acme, err := (&types.Config{Importer: compiled}).Check("acmeapi", p.files, []*ast.File{file}, nil)
	if err != nil {
		return err
	}
	p.importer = either{acme, compiled}
	return nil
}

type either struct {
	acme *types.Package
	rest types.Importer
}

func (e either) Import(name string) (*types.Package, error) {
	if name == e.acme.Path() {
		return e.acme, nil
	}
	return e.rest.Import(name)
}

// check compiles a program: declarations, or the statements of a function. It may import any package of wrappers/ and gen/
// and, by its last element, of the standard library.
func (p *programs) check(program, given string) error {
	text := given + "\n"
	if slices.Contains([]string{"func", "type", "const"}, strings.Fields(program)[0]) {
		text += program
	} else {
		text += "func _() error {\n" + program + "\nreturn nil\n}\n"
	}
	// What is named and not declared is a package: the parser tells.
	draft, err := parser.ParseFile(p.files, "program.go", "package program\n"+text, 0)
	if err != nil {
		return err
	}
	source := "package program\n"
	for _, name := range slices.Sorted(maps.Keys(unresolved(draft))) {
		if known := p.find(name); known != "" {
			source += fmt.Sprintf("import %q\n", known)
		}
	}
	file, err := parser.ParseFile(p.files, "program.go", source+text, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	var problems []error
	config := types.Config{Importer: p.importer, Error: func(err error) { problems = append(problems, err) }}
	_, _ = config.Check("program", p.files, []*ast.File{file}, nil)
	return errors.Join(problems...)
}

func unresolved(file *ast.File) map[string]bool {
	names := map[string]bool{}
	for _, identifier := range file.Unresolved {
		names[identifier.Name] = true
	}
	return names
}

// find returns the import path of a package: ours, or else the shortest of the standard library.
func (p *programs) find(name string) string {
	if name == "acmeapi" {
		return name
	}
	found := ""
	for _, known := range slices.Sorted(maps.Keys(p.exports)) {
		if path.Base(known) != name || strings.Contains(known, "internal") {
			continue
		}
		if strings.HasPrefix(known, module+"/") {
			return known
		}
		if !strings.Contains(known, ".") && (found == "" || len(known) < len(found)) {
			found = known
		}
	}
	return found
}
