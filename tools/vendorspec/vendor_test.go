package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// clone copies specs/ and the go.mod beside it, and gives the path of the copy.
func clone(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	specs := filepath.Join(root, "specs")
	if err := os.CopyFS(specs, os.DirFS(filepath.Join("..", "..", "specs"))); err != nil {
		t.Fatal(err)
	}
	goMod, err := os.ReadFile(filepath.Join("..", "..", "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(root, "go.mod"), string(goMod))
	return specs
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// tree is what a folder holds: names, texts and the times of their last change.
func tree(t *testing.T, root string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if entry.IsDir() {
			files[path] = "folder"
			return nil
		}
		text, err := os.ReadFile(path)
		files[path] = fmt.Sprintf("%s %s %s", info.Mode(), info.ModTime(), checksum(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// vendor runs the program.
func vendor(ctx context.Context, t *testing.T, specs, service, from string, more ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := run(ctx, append([]string{"-specs", specs, "-service", service, "-from", from}, more...), &out)
	return out.String(), err
}

// Taking over what is committed changes nothing: no byte, no time of a file, no lock.
func TestUnchanged(t *testing.T) {
	specs := clone(t)
	for file, service := range map[string]string{
		"airbyte/openapi.json": "airbyte", "polytomic/openapi.json": "polytomic", "atlan/openapi.json": "atlan", "atlan/typedefs.json": "atlan",
	} {
		before := tree(t, specs)
		published := filepath.Join(t.TempDir(), "published.json")
		write(t, published, read(t, filepath.Join(specs, file)))
		out, err := vendor(t.Context(), t, specs, service, published)
		if err != nil {
			t.Fatal(err)
		}
		if want := "specs/" + file + " is as it was: nothing has changed\n"; out != want {
			t.Errorf("printed %q", out)
		}
		if diff := cmp.Diff(before, tree(t, specs)); diff != "" {
			t.Error(diff)
		}
	}
}

// What is committed comes back although it is damaged or lost, because the published order is kept then.
func TestLostIsWrittenAgain(t *testing.T) {
	for file, service := range map[string]string{"airbyte/openapi.json": "airbyte", "polytomic/openapi.json": "polytomic", "atlan/openapi.json": "atlan", "atlan/typedefs.json": "atlan"} {
		for name, damage := range map[string]func(path string) error{
			"gone":  os.Remove,
			"empty": func(path string) error { return os.Truncate(path, 0) },
			"cut":   func(path string) error { return os.Truncate(path, 1000) },
			"{}":    func(path string) error { return os.WriteFile(path, []byte("{}"), 0o600) },
		} {
			specs := clone(t)
			committed, lock := read(t, filepath.Join(specs, file)), read(t, filepath.Join(specs, "lock.json"))
			published := filepath.Join(t.TempDir(), "published.json")
			write(t, published, committed)
			if err := damage(filepath.Join(specs, file)); err != nil {
				t.Fatal(err)
			}
			if _, err := vendor(t.Context(), t, specs, service, published); err != nil {
				t.Fatal(err)
			}
			if read(t, filepath.Join(specs, file)) != committed || read(t, filepath.Join(specs, "lock.json")) != lock {
				t.Errorf("%s, %s: another document or lock", file, name)
			}
		}
	}
}

const acme = `{"openapi":"3.1.0","info":{"title":"Acme","version":"7"},"paths":{"/jobs":{"get":{"operationId":"listJobs","responses":{"200":{"description":"d"}}}}}}`

// The lock says where a document is from: as it is told, or else the URL or the name of the file.
func TestLock(t *testing.T) {
	specs := clone(t)
	find := func(file string) entry {
		t.Helper()
		l, err := readLock([]byte(read(t, filepath.Join(specs, "lock.json"))))
		if err != nil {
			t.Fatal(err)
		}
		e := l.find(file)
		if e == nil {
			t.Fatalf("no entry of %s", file)
		}
		if sum := checksum([]byte(read(t, filepath.Join(specs, file)))); e.SHA256 != sum {
			t.Errorf("%s: checksum %s, the lock says %s", file, sum, e.SHA256)
		}
		return *e
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, acme) }))
	defer server.Close()
	local := filepath.Join(t.TempDir(), "acme-api.json")
	write(t, local, acme)
	changed := filepath.Join(t.TempDir(), "airbyte.json")
	write(t, changed, strings.Replace(read(t, filepath.Join(specs, "airbyte/openapi.json")), "listApplications", "getApplications", 1))
	generator := find("airbyte/openapi.json").Generator

	steps := []struct {
		service, from string
		flags         []string
		source        string
		version       string
		lock          bool // the lock changes
	}{
		{"acme", local, nil, "acme-api.json", "7", true},
		{"acme", local, nil, "acme-api.json", "7", false},
		{"acme", server.URL + "/acme.json?key=abc", nil, "acme-api.json", "7", false}, // the same document: recorded stays
		{"acme", local, []string{"-source", "acme's site"}, "acme's site", "7", true},
		{"acme", local, nil, "acme's site", "7", false},
		{"acme", server.URL + "/acme.json?key=abc", []string{"-version", "8"}, server.URL + "/acme.json", "8", true},
		{"airbyte", changed, nil, "airbyte.json at 310e6cb6ac0e7bd310fe99bfd505d5c36ba71f2e", "1.0.0", true},
	}
	for i, step := range steps {
		before := read(t, filepath.Join(specs, "lock.json"))
		if _, err := vendor(t.Context(), t, specs, step.service, step.from, step.flags...); err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
		e := find(step.service + "/openapi.json")
		if e.Source != step.source || e.Version != step.version || e.Generator != generator || e.Service != step.service {
			t.Errorf("step %d: %+v", i, e)
		}
		if after := read(t, filepath.Join(specs, "lock.json")); (after != before) != step.lock || strings.Contains(after, "abc") {
			t.Errorf("step %d: %s", i, cmp.Diff(before, after))
		}
	}
	var doc struct{ Info struct{ Version string } }
	if err := json.Unmarshal([]byte(read(t, filepath.Join(specs, "acme/openapi.json"))), &doc); err != nil || doc.Info.Version != "8" {
		t.Errorf("the document says version %q, %v", doc.Info.Version, err)
	}
	// Others stay as they were.
	for _, file := range []string{"polytomic/openapi.json", "atlan/openapi.json", "atlan/typedefs.json"} {
		find(file)
	}
}

// What is lost of what we found out ourselves is said.
func TestLostExtensions(t *testing.T) {
	specs := clone(t)
	published := filepath.Join(t.TempDir(), "published.json")
	write(t, published, strings.ReplaceAll(read(t, filepath.Join(specs, "polytomic/openapi.json")), "x-accepts-idempotency-key", "x-other"))
	out, err := vendor(t.Context(), t, specs, "polytomic", published, "-source", "test")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out, "x-accepts-idempotency-key is there 0 times, before it was 63") || !strings.Contains(out, "next: make generate (specs/polytomic/overlay.yaml must still match)") {
		t.Errorf("printed %s", out)
	}
}

// A document that is refused leaves everything as it was, down to folders and times.
func TestRefusedLeavesNothing(t *testing.T) {
	specs := clone(t)
	secret := filepath.Join(t.TempDir(), "secret.yaml")
	write(t, secret, "type: string")
	texts := map[string]string{
		"empty":         "",
		"HTML":          "<html></html>",
		"no document":   "{}",
		"cut":           read(t, filepath.Join(specs, "airbyte/openapi.json"))[:5000],
		"unknown":       strings.Replace(acme, "description", "depiction", 1),
		"remote":        strings.Replace(acme, `{"description":"d"}`, `{"$ref":"https://example.com/r.yaml"}`, 1),
		"out of folder": strings.Replace(acme, `{"description":"d"}`, `{"$ref":"`+secret+`"}`, 1),
		"control codes": strings.Replace(acme, `"get"`, `"\u001b[2Jget\u0007"`, 1),
		"typedefs":      `{"source":{},"primitives":[],"enums":{},"structs":{},"types":{"A":{"attributes":{"a":"B"}}}}`,
	}
	before := tree(t, specs)
	for _, service := range []string{"airbyte", "acme"} {
		for name, text := range texts {
			published := filepath.Join(t.TempDir(), "published.json")
			write(t, published, text)
			_, err := vendor(t.Context(), t, specs, service, published)
			if err == nil {
				t.Errorf("%s is taken", name)
				continue
			}
			if shown := printable(err.Error()); strings.ContainsAny(shown, "\x1b\x07") || strings.Contains(shown, strings.Repeat("x", 1000)) {
				t.Errorf("%s: printed %q", name, shown)
			}
			if diff := cmp.Diff(before, tree(t, specs)); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		}
	}
	for _, service := range []string{"", "..", "a/b", "Airbyte", "-x", "a b"} {
		published := filepath.Join(t.TempDir(), "published.json")
		write(t, published, acme)
		if _, err := vendor(t.Context(), t, specs, service, published); err == nil {
			t.Errorf("the service %q is taken", service)
		}
	}
	if diff := cmp.Diff(before, tree(t, specs)); diff != "" {
		t.Error(diff)
	}
}

// A lock or a vendor.yaml that cannot be read is an error before anything is written.
func TestOwnFilesAreRead(t *testing.T) {
	for name, text := range map[string]string{"lock.json": `{"documents": [{"name": "x"}]}`, "acme/vendor.yaml": "freeform: []"} {
		specs := clone(t)
		published := filepath.Join(t.TempDir(), "published.json")
		write(t, published, acme)
		write(t, filepath.Join(specs, name), text)
		before := tree(t, specs)
		if _, err := vendor(t.Context(), t, specs, "acme", published); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error %v", name, err)
		}
		if diff := cmp.Diff(before, tree(t, specs)); diff != "" {
			t.Error(diff)
		}
	}
}

// A crash between the two renames leaves a new document with the old lock. The same call mends it, whatever was left
// half-written beside them.
func TestCrashBetweenRenames(t *testing.T) {
	specs := clone(t)
	published := filepath.Join(t.TempDir(), "published.json")
	write(t, published, strings.Replace(read(t, filepath.Join(specs, "airbyte/openapi.json")), "listApplications", "getApplications", 1))
	oldLock := read(t, filepath.Join(specs, "lock.json"))
	if _, err := vendor(t.Context(), t, specs, "airbyte", published, "-source", "s"); err != nil {
		t.Fatal(err)
	}
	document, lock := read(t, filepath.Join(specs, "airbyte/openapi.json")), read(t, filepath.Join(specs, "lock.json"))

	write(t, filepath.Join(specs, "lock.json"), oldLock)
	write(t, filepath.Join(specs, temporary+"lock-1"), "half")
	write(t, filepath.Join(specs, "airbyte", temporary+"openapi-1"), "half")
	if _, err := vendor(t.Context(), t, specs, "airbyte", published, "-source", "s"); err != nil {
		t.Fatal(err)
	}
	if read(t, filepath.Join(specs, "airbyte/openapi.json")) != document || read(t, filepath.Join(specs, "lock.json")) != lock {
		t.Error("another document or lock")
	}
	for name := range tree(t, specs) {
		if strings.HasPrefix(filepath.Base(name), temporary) {
			t.Errorf("%s is left", name)
		}
	}
}

// When the second file cannot be written, the first is not either.
func TestWriteIsAllOrNothing(t *testing.T) {
	specs := clone(t)
	f, err := openFolder(specs)
	if err != nil {
		t.Fatal(err)
	}
	defer f.close()
	before := tree(t, specs)
	write(t, filepath.Join(specs, "file"), "")
	defer os.Remove(filepath.Join(specs, "file"))
	err = f.write([]change{{"fifth/openapi.json", []byte("new")}, {"airbyte/openapi.json", []byte("new")}, {"file/below", []byte("new")}})
	if err == nil {
		t.Fatal("no error")
	}
	after := tree(t, specs)
	delete(after, filepath.Join(specs, "file"))
	if diff := cmp.Diff(before, after); diff != "" {
		t.Error(diff)
	}
}

// Two programs do not work in the folder at once: each reads the lock and writes it.
func TestOneAtATime(t *testing.T) {
	specs := clone(t)
	f, err := openFolder(specs)
	if err != nil {
		t.Fatal(err)
	}
	published := filepath.Join(t.TempDir(), "published.json")
	write(t, published, acme)
	if _, err := vendor(t.Context(), t, specs, "acme", published); err == nil || !strings.Contains(err.Error(), "another make vendor") {
		t.Errorf("error %v", err)
	}
	if err := f.close(); err != nil {
		t.Fatal(err)
	}
	if _, err := vendor(t.Context(), t, specs, "acme", published); err != nil {
		t.Error(err)
	}
}

// A download that does not end in time leaves nothing.
func TestTimeout(t *testing.T) {
	specs := clone(t)
	before := tree(t, specs)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, acme[:20])
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}))
	defer server.Close()
	if _, err := vendor(t.Context(), t, specs, "acme", server.URL, "-timeout", "20ms"); err == nil || !strings.Contains(err.Error(), "deadline exceeded") {
		t.Errorf("error %v", err)
	}
	if diff := cmp.Diff(before, tree(t, specs)); diff != "" {
		t.Error(diff)
	}
}

func TestArguments(t *testing.T) {
	for _, args := range [][]string{{}, {"-service", "airbyte"}, {"-from", "x"}, {"-unknown"}, {"-service", "a", "-from", "b", "c"}} {
		if err := run(t.Context(), args, io.Discard); err == nil {
			t.Errorf("%q is taken", args)
		}
	}
}

func TestPrintable(t *testing.T) {
	if got := printable("a\x1b[31m\u202eb\nc" + strings.Repeat("x", 1000)); got != "a\ufffd[31m\ufffdb\nc"+strings.Repeat("x", widest-1)+"…" {
		t.Errorf("got %q", got)
	}
}
