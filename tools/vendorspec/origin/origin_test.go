package origin_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/sluice-sdk/sluice/tools/vendorspec/origin"
)

// limit is what the tests read at most.
const limit = 1 << 20

// folder makes files, and gives the path of their folder.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func open(t *testing.T, from string) *origin.Origin {
	t.Helper()
	o, err := origin.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := o.Close(); err != nil {
			t.Error(err)
		}
	})
	return o
}

// follow resolves a reference of the document and reads it.
func follow(ctx context.Context, o *origin.Origin, base, reference string) (string, error) {
	name, err := o.Resolve(base, reference)
	if err != nil {
		return "", err
	}
	text, err := o.Read(ctx, name, limit)
	return string(text), err
}

func TestFolder(t *testing.T) {
	root := folder(t, map[string]string{"in/openapi.yaml": "entry", "in/a/b.yaml": "b", "in/a b.yaml": "blank", "in/c.yaml": "c", "secret.yaml": "secret", "in/a/100%.yaml": "percent"})
	for name, target := range map[string]string{"in/out.yaml": "../secret.yaml", "in/absolute.yaml": filepath.Join(root, "secret.yaml"), "in/inside.yaml": "a/b.yaml", "in/loop.yaml": "loop.yaml", "link.yaml": "in/openapi.yaml", "in/beside.yaml": filepath.Join(root, "in", "openapi.yaml"), "in/again.yaml": "beside.yaml", "folder": filepath.Join(root, "in")} {
		if err := os.Symlink(target, filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(root, "in", "pipe.yaml"), 0o600); err != nil {
		t.Fatal(err)
	}
	o := open(t, filepath.Join(root, "in", "openapi.yaml"))
	if place, local := o.Public(); place != "openapi.yaml" || !local {
		t.Errorf("public: %s, %v", place, local)
	}
	tests := []struct{ base, reference, want, problem string }{
		{"openapi.yaml", "openapi.yaml", "entry", ""},
		{"openapi.yaml", "a/b.yaml", "b", ""},
		{"openapi.yaml", "./a/../c.yaml", "c", ""},
		{"a/b.yaml", "../c.yaml", "c", ""},
		{"a/b.yaml", "b.yaml", "b", ""},
		{"openapi.yaml", "a%20b.yaml", "blank", ""},
		{"openapi.yaml", "a/100%25.yaml", "percent", ""},
		{"openapi.yaml", "inside.yaml", "b", ""},
		{"openapi.yaml", "gone.yaml", "", "no such file"},
		{"openapi.yaml", "../secret.yaml", "", "out of the folder"},
		{"a/b.yaml", "../../secret.yaml", "", "out of the folder"},
		{"openapi.yaml", "%2e%2e/secret.yaml", "", "out of the folder"},
		{"openapi.yaml", "a/../../secret.yaml", "", "out of the folder"},
		{"openapi.yaml", filepath.Join(root, "secret.yaml"), "", "not a path within"},
		{"openapi.yaml", "/etc/passwd", "", "not a path within"},
		{"openapi.yaml", "file:///etc/passwd", "", "out of the folder"},
		{"openapi.yaml", "//example.com/a.yaml", "", "out of the folder"},
		{"openapi.yaml", "https://example.com/a.yaml", "", "out of the folder"},
		{"openapi.yaml", "http://169.254.169.254/latest", "", "out of the folder"},
		{"openapi.yaml", `..\secret.yaml`, "", "not a path within"},
		{"openapi.yaml", "a.yaml%00", "", "not a path within"},
		{"openapi.yaml", "%zz", "", "not a reference"},
		{"openapi.yaml", "?a=b", "", "not a path within"},
		{"openapi.yaml", "out.yaml", "", "escapes"},
		{"openapi.yaml", "absolute.yaml", "", "escapes"},
		{"openapi.yaml", "loop.yaml", "", "symbolic links"},
		{"openapi.yaml", "a", "", "not a regular file"},
		{"openapi.yaml", "pipe.yaml", "", "not a regular file"},
		{"openapi.yaml", ".", "", "out of the folder"},
	}
	for _, test := range tests {
		got, err := follow(t.Context(), o, test.base, test.reference)
		if test.problem == "" && (err != nil || got != test.want) || test.problem != "" && (err == nil || !strings.Contains(err.Error(), test.problem)) {
			t.Errorf("%s in %s: %q, %v", test.reference, test.base, got, err)
		}
	}

	// A document that is a link is read with the files beside where it is.
	for _, name := range []string{"link.yaml", "in/beside.yaml", "in/again.yaml", "folder/openapi.yaml"} {
		o = open(t, filepath.Join(root, name))
		if got, err := o.Read(t.Context(), o.Entry(), limit); err != nil || string(got) != "entry" || o.Entry() != "openapi.yaml" {
			t.Errorf("%s is %s: %q, %v", name, o.Entry(), got, err)
		}
		if got, err := follow(t.Context(), o, o.Entry(), "c.yaml"); err != nil || got != "c" {
			t.Errorf("beside %s: %q, %v", name, got, err)
		}
	}
	for _, from := range []string{filepath.Join(root, "in"), filepath.Join(root, "in", "pipe.yaml"), os.DevNull, filepath.Join(root, "gone")} {
		if o, err := origin.Open(from); err == nil {
			t.Errorf("%s is opened", from)
			o.Close()
		}
	}
}

// A file that is too large is not read at all: this one has no blocks on the disk.
func TestLargeFile(t *testing.T) {
	root := folder(t, map[string]string{"openapi.yaml": ""})
	if err := os.Truncate(filepath.Join(root, "openapi.yaml"), 1<<30); err != nil {
		t.Fatal(err)
	}
	o := open(t, filepath.Join(root, "openapi.yaml"))
	if _, err := o.Read(t.Context(), o.Entry(), limit); err == nil || !strings.Contains(err.Error(), "too large") {
		t.Errorf("error %v", err)
	}
}

func TestWeb(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		t.Error("another origin was asked")
		w.WriteHeader(http.StatusTeapot)
	}))
	defer other.Close()
	entered := make(chan struct{}, 1)
	mux := http.NewServeMux()
	text := func(path, text string) {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(text)) })
	}
	text("/docs/openapi.yaml", "entry")
	text("/docs/a.yaml", "a")
	text("/b.yaml", "b")
	mux.HandleFunc("/moved.yaml", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/b.yaml", http.StatusFound) })
	mux.HandleFunc("/elsewhere.yaml", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL+"/x?token=abc", http.StatusFound)
	})
	mux.HandleFunc("/round.yaml", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/round.yaml", http.StatusFound) })
	mux.HandleFunc("/forbidden.yaml", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
	mux.HandleFunc("/large.yaml", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100000000")
		w.Write([]byte("a"))
	})
	mux.HandleFunc("/endless.yaml", func(w http.ResponseWriter, _ *http.Request) {
		for {
			if _, err := w.Write(bytes.Repeat([]byte("x"), 1<<16)); err != nil {
				return
			}
		}
	})
	mux.HandleFunc("/bomb.yaml", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		defer z.Close()
		for range 1 << 10 {
			if _, err := z.Write(bytes.Repeat([]byte("x"), 1<<20)); err != nil {
				return
			}
		}
	})
	mux.HandleFunc("/cut.yaml", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		w.Write([]byte("a"))
	})
	mux.HandleFunc("/slow.yaml", func(_ http.ResponseWriter, r *http.Request) {
		entered <- struct{}{}
		<-r.Context().Done()
	})
	mux.HandleFunc("/drip.yaml", func(w http.ResponseWriter, r *http.Request) {
		w.Write([]byte("a"))
		w.(http.Flusher).Flush()
		entered <- struct{}{}
		<-r.Context().Done()
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	o := open(t, server.URL+"/docs/openapi.yaml?token=abc#fragment")
	if place, local := o.Public(); place != server.URL+"/docs/openapi.yaml" || local {
		t.Errorf("public: %s, %v", place, local)
	}

	tests := []struct{ reference, want, problem string }{
		{"", "entry", ""},
		{"a.yaml", "a", ""},
		{"../b.yaml", "b", ""},
		{"/b.yaml", "b", ""},
		{server.URL + "/b.yaml", "b", ""},
		{"/moved.yaml", "b", ""},
		{"/elsewhere.yaml", "", "another origin"},
		{"/round.yaml", "", "redirects more than 5 times"},
		{"/forbidden.yaml", "", "403 Forbidden"},
		{"/gone.yaml", "", "404 Not Found"},
		{"/large.yaml", "", "too large"},
		{"/endless.yaml", "", "too large"},
		{"/bomb.yaml", "", "too large"},
		{"/cut.yaml", "", "unexpected EOF"},
		{other.URL + "/a.yaml", "", "another origin"},
		{strings.Replace(server.URL, "http://", "https://", 1) + "/b.yaml", "", "another origin"},
		{strings.Replace(server.URL, "http://", "http://user:password@", 1) + "/b.yaml", "", "another origin"},
		{"//example.com/a.yaml", "", "another origin"},
		{"file:///etc/passwd", "", "another origin"},
		{"%zz", "", "not a reference"},
	}
	for _, test := range tests {
		got, err := follow(t.Context(), o, o.Entry(), test.reference)
		if test.problem == "" && (err != nil || got != test.want) || test.problem != "" && (err == nil || !strings.Contains(err.Error(), test.problem)) {
			t.Errorf("%s: %q, %v", test.reference, got, err)
		}
		if err != nil && (strings.Contains(err.Error(), "token") || strings.Contains(err.Error(), "password")) && !strings.Contains(test.reference, "password") {
			t.Errorf("%s: the error says what may be secret: %v", test.reference, err)
		}
	}

	// A server that answers never, or never to the end, is left when the time is over.
	for _, reference := range []string{"/slow.yaml", "/drip.yaml"} {
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			<-entered
			cancel()
		}()
		if _, err := follow(ctx, o, o.Entry(), reference); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: error %v", reference, err)
		}
	}
}

func TestURLs(t *testing.T) {
	for from, problem := range map[string]string{
		"http://example.com/openapi.yaml":                    "not an https URL",
		"https://user:password@example.com/openapi.yaml":     "holds a user or password",
		"ftp://example.com/openapi.yaml":                     "not an https URL",
		"file:///etc/passwd":                                 "not an https URL",
		"https:///openapi.yaml":                              "not an https URL",
		"https://exa mple.com/":                              "cannot be read",
		"http://127.0.0.1.example.com/?token=abc":            "not an https URL",
		"http://localhost.example.com/openapi.yaml#fragment": "not an https URL",
	} {
		o, err := origin.Open(from)
		if err == nil || !strings.Contains(err.Error(), problem) {
			t.Errorf("%s: error %v", from, err)
		}
		if err == nil {
			o.Close()
		} else if strings.Contains(err.Error(), "abc") || strings.Contains(err.Error(), "user:password") {
			t.Errorf("%s: the error says what may be secret: %v", from, err)
		}
	}
	for _, from := range []string{"https://example.com/openapi.yaml", "http://localhost:8000/a", "http://127.0.0.1:1/a", "http://[::1]:1/a"} {
		o, err := origin.Open(from)
		if err != nil {
			t.Errorf("%s: %v", from, err)
			continue
		}
		o.Close()
	}
}
