package normal_test

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice-sdk/sluice/tools/vendorspec/document"
	"github.com/sluice-sdk/sluice/tools/vendorspec/normal"
)

// files is a Source in memory.
type files map[string][]byte

func (f files) Resolve(base, reference string) (string, error) {
	if strings.Contains(reference, ":") {
		return "", fmt.Errorf("%q leads elsewhere", reference)
	}
	return path.Join(path.Dir(base), reference), nil
}

func (f files) Read(_ context.Context, name string, limit int64) ([]byte, error) {
	text, ok := f[name]
	if !ok {
		return nil, fs.ErrNotExist
	}
	if int64(len(text)) > limit {
		return nil, fmt.Errorf("%s is too large", name)
	}
	return text, nil
}

// entryName is the name of the document itself in files.
const entryName = "openapi.yaml"

// normalise reads files and brings them into the normal form.
func normalise(ctx context.Context, f files, rules normal.Rules, committed []byte) ([]byte, []normal.Note, error) {
	budget := document.DefaultBudget()
	root, err := document.Read(f[entryName], budget)
	if err != nil {
		return nil, nil, err
	}
	var old any
	if committed != nil {
		if old, err = document.Read(committed, document.DefaultBudget()); err != nil {
			return nil, nil, err
		}
	}
	result, err := normal.OpenAPI(ctx, normal.Input{Name: entryName, Document: root, Source: f, Budget: budget, Rules: rules, Committed: old})
	if err != nil {
		return nil, nil, err
	}
	return document.Print(result.Document, max(rules.Indent, 1)), result.Notes, nil
}

func specs(name ...string) string {
	return filepath.Join(append([]string{"..", "..", "..", "specs"}, name...)...)
}

func readFile(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func readRules(t testing.TB, service string) normal.Rules {
	t.Helper()
	rules, err := normal.ReadRules(readFile(t, specs(service, "vendor.yaml")))
	if err != nil {
		t.Fatal(err)
	}
	return rules
}

func parse(t testing.TB, text []byte) any {
	t.Helper()
	v, err := document.Read(text, document.DefaultBudget())
	if err != nil {
		t.Fatal(err)
	}
	return v
}
