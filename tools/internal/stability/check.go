// Package stability compares the exported Go API of a repository with its last release, and holds incompatible changes to
// what the CHANGELOG announces.
package stability

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/exp/apidiff"
	"golang.org/x/mod/semver"

	"github.com/sluice-sdk/sluice/tools/internal/gosource"
)

// Result is what has changed since the last release.
type Result struct {
	// Tag is the last release, "" when there is none: then nothing was compared.
	Tag string
	// Shallow says that the clone lacks history, so that a tag may be missing from it.
	Shallow bool
	// Compared are the packages that were compared, as import paths, sorted.
	Compared []string
	// Changes are those of the packages that users import.
	Changes []Change
	// Generated are those of gen/, which follows upstream and may break in minor versions.
	Generated []Change
	// Problems are the reasons why this must not be released as it is; empty when all is well.
	Problems []string
}

// Change is one change of the API.
type Change struct {
	Package    string // import path
	Symbol     string // Type, Type.Member or Function; "" when the package as a whole came or went
	Text       string
	Compatible bool
	// Announced says that the CHANGELOG names the symbol among its breaking changes.
	Announced bool
}

// Name is how the CHANGELOG calls what has changed: airbyte.Connection.RunSync, or the import path of a package that went.
func (c Change) Name() string {
	if c.Symbol == "" {
		return c.Package
	}
	return path.Base(c.Package) + "." + c.Symbol
}

// Check compares the working tree at root with the last tag v* that HEAD can reach. It reads the CHANGELOG.md at root. It
// runs git and the go command, and needs no network once the modules of both are downloaded.
func Check(ctx context.Context, root string) (*Result, error) {
	r := &Result{}
	if err := r.lastTag(ctx, root); err != nil || r.Tag == "" {
		return r, err
	}
	released, err := os.MkdirTemp("", "sluice-released-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(released) }()
	if err := export(ctx, root, r.Tag, released); err != nil {
		return nil, err
	}
	before, err := gosource.Open(released)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.Tag, err)
	}
	now, err := gosource.Open(root)
	if err != nil {
		return nil, err
	}
	if err := r.compare(ctx, before, now); err != nil {
		return nil, err
	}
	text, err := os.ReadFile(filepath.Join(root, "CHANGELOG.md"))
	if err != nil {
		return nil, err
	}
	r.judge(parseChangelog(string(text), r.Tag))
	return r, nil
}

func (r *Result) lastTag(ctx context.Context, root string) error {
	shallow, err := git(ctx, root, "rev-parse", "--is-shallow-repository")
	if err != nil {
		return err
	}
	r.Shallow = strings.TrimSpace(string(shallow)) == "true"
	merged, err := git(ctx, root, "tag", "--list", "v[0-9]*", "--merged", "HEAD")
	if err != nil {
		return err
	}
	for tag := range strings.FieldsSeq(string(merged)) {
		if semver.IsValid(tag) && (r.Tag == "" || semver.Compare(tag, r.Tag) > 0) {
			r.Tag = tag
		}
	}
	return nil
}

func git(ctx context.Context, dir string, args ...string) ([]byte, error) {
	//nolint:gosec // subcommands of ours, with tags that are versions
	command := exec.CommandContext(ctx, "git", args...)
	command.Dir = dir
	output, err := command.Output()
	if err != nil {
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			err = fmt.Errorf("%w: %s", err, bytes.TrimSpace(exit.Stderr))
		}
		return nil, fmt.Errorf("git %s: %w", args[0], err)
	}
	return output, nil
}

// export writes the Go files and go.mod files of a tag into a folder.
func export(ctx context.Context, root, tag, to string) error {
	archive, err := git(ctx, root, "archive", "--format=tar", tag)
	if err != nil {
		return err
	}
	// os.Root keeps every file below the folder.
	folder, err := os.OpenRoot(to)
	if err != nil {
		return err
	}
	defer func() { _ = folder.Close() }()
	for reader := tar.NewReader(bytes.NewReader(archive)); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("git archive: %w", err)
		}
		base := path.Base(header.Name)
		if header.Typeflag != tar.TypeReg || strings.HasSuffix(base, "_test.go") ||
			(path.Ext(base) != ".go" && base != "go.mod" && base != "go.sum") {
			continue
		}
		if err := folder.MkdirAll(path.Dir(header.Name), 0o750); err != nil {
			return err
		}
		text, err := io.ReadAll(reader)
		if err != nil {
			return fmt.Errorf("git archive: %w", err)
		}
		if err := folder.WriteFile(header.Name, text, 0o600); err != nil {
			return err
		}
	}
}

// published reports whether users import packages of a module: of the root, and of those under wrappers.
func published(folder string) bool { return folder == "." || strings.HasPrefix(folder, "wrappers/") }

// exported are the packages of a module that other modules may import; whether one is a command shows when it is read.
func exported(tree *gosource.Tree, module string) ([]string, error) {
	all, err := tree.Packages(module)
	return slices.DeleteFunc(all, func(importPath string) bool {
		elements := strings.Split(strings.TrimPrefix(importPath, module), "/")
		return slices.Contains(elements, "internal") || slices.Contains(elements, "tests")
	}), err
}

func (r *Result) compare(ctx context.Context, before, now *gosource.Tree) error {
	modules := map[string]string{}
	for _, tree := range []*gosource.Tree{before, now} {
		for folder, module := range tree.Modules {
			if published(folder) {
				modules[module] = folder
			}
		}
	}
	for _, module := range slices.Sorted(maps.Keys(modules)) {
		was, err := check(ctx, before, module)
		if err != nil {
			return fmt.Errorf("%s: %w", r.Tag, err)
		}
		is, err := check(ctx, now, module)
		if err != nil {
			return err
		}
		for importPath := range is {
			if was[importPath] == nil {
				r.add(Change{Package: importPath, Text: "package added", Compatible: true}, module)
			}
		}
		for importPath, old := range was {
			current := is[importPath]
			if current == nil {
				r.add(Change{Package: importPath, Text: "package removed"}, module)
				continue
			}
			r.Compared = append(r.Compared, importPath)
			for _, change := range apidiff.Changes(old.Types, current.Types).Changes {
				r.add(named(importPath, change), module)
			}
		}
	}
	slices.Sort(r.Compared)
	for _, list := range [][]Change{r.Changes, r.Generated} {
		slices.SortFunc(list, func(a, b Change) int {
			return strings.Compare(a.Package+"\x00"+a.Symbol+"\x00"+a.Text, b.Package+"\x00"+b.Symbol+"\x00"+b.Text)
		})
	}
	return nil
}

// named reads the symbol out of a message of apidiff: "(*Client).Sync: removed", "Option[T].Apply: added".
func named(importPath string, change apidiff.Change) Change {
	symbol, text, ok := strings.Cut(change.Message, ": ")
	if !ok {
		symbol, text = "", change.Message
	}
	symbol, _, _ = strings.Cut(symbol, ", ")
	symbol = strings.NewReplacer("(*", "", ")", "").Replace(symbol)
	if open := strings.IndexByte(symbol, '['); open >= 0 {
		if end := strings.LastIndexByte(symbol, ']'); end > open {
			symbol = symbol[:open] + symbol[end+1:]
		}
	}
	return Change{Package: importPath, Symbol: symbol, Text: text, Compatible: change.Compatible}
}

func (r *Result) add(c Change, module string) {
	if strings.HasPrefix(c.Package, module+"/gen/") {
		r.Generated = append(r.Generated, c)
	} else {
		r.Changes = append(r.Changes, c)
	}
}

// check type-checks the declarations of the exported packages of a module; a tree may lack it. Code that does not compile is
// an error: its API is not known.
func check(ctx context.Context, tree *gosource.Tree, module string) (map[string]*gosource.Package, error) {
	if !slices.Contains(slices.Collect(maps.Values(tree.Modules)), module) {
		return nil, nil
	}
	roots, err := exported(tree, module)
	if err != nil {
		return nil, err
	}
	universe, err := tree.Load(ctx, module, roots)
	if err != nil {
		return nil, err
	}
	checked, err := universe.Check(roots, nil, nil)
	if err != nil {
		return nil, err
	}
	result := map[string]*gosource.Package{}
	for _, root := range roots {
		p := checked[root]
		if p == nil || p.Types == nil {
			continue // no files for this platform
		}
		if len(p.Errors) > 0 {
			return nil, fmt.Errorf("package %s does not compile: %v", root, p.Errors[0])
		}
		if p.Types.Name() != "main" {
			result[root] = p
		}
	}
	return result, nil
}

// judge says which changes must not be released.
func (r *Result) judge(log changelog) {
	stable := semver.Compare(r.Tag, "v1.0.0") >= 0
	patch := log.next != "" && semver.MajorMinor(log.next) == semver.MajorMinor(r.Tag)
	for i := range r.Changes {
		c := &r.Changes[i]
		if c.Compatible {
			continue
		}
		c.Announced = log.announces(*c)
		switch {
		case stable && semver.Compare(semver.Major(log.next), semver.Major(r.Tag)) <= 0:
			r.Problems = append(r.Problems, fmt.Sprintf("%s: %s; after v1 nothing breaks within a major version", c.Name(), c.Text))
		case patch:
			r.Problems = append(r.Problems, fmt.Sprintf("%s: %s; %s is a patch release, and only a minor one may break", c.Name(), c.Text, log.next))
		case !c.Announced:
			r.Problems = append(r.Problems, fmt.Sprintf("%s: %s; CHANGELOG.md does not announce it", c.Name(), c.Text))
		}
	}
}
