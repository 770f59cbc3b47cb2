package duckdb

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/sluice-sdk/sluice/wrappers/warehouse"
)

// holderVariable makes the test binary a process that opens a file and keeps it
// open until its standard input ends.
const holderVariable = "SLUICE_TEST_DUCKDB_HOLDER"

func TestMain(m *testing.M) {
	if spec := os.Getenv(holderVariable); spec != "" {
		path, readOnly := strings.CutPrefix(spec, "ro:")
		var options []Option
		if readOnly {
			options = append(options, ReadOnly())
		}
		db, err := Open(path, options...)
		if err != nil {
			_, _ = fmt.Fprintln(os.Stdout, "error:", err)
			os.Exit(1) //nolint:forbidigo // this is a program of its own
		}
		_, _ = fmt.Fprintln(os.Stdout, "open")
		_, _ = bufio.NewReader(os.Stdin).ReadByte()
		_ = db.Close()
		os.Exit(0) //nolint:forbidigo // this is a program of its own
	}
	goleak.VerifyTestMain(m)
}

// hold has another process open the file until the test ends.
func hold(t *testing.T, spec string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), self)
	cmd.Env = append(os.Environ(), holderVariable+"="+spec)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || line != "open\n" {
		t.Fatalf("the other process said %q, %v", line, err)
	}
}

// newFile makes a database file with one table.
func newFile(t *testing.T, path string) {
	t.Helper()
	db, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), "CREATE TABLE t AS SELECT 1 AS id"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestOpenWhileAnotherProcessWrites(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.duckdb")
	newFile(t, path)
	hold(t, path)
	for _, options := range [][]Option{nil, {ReadOnly()}} {
		_, err := Open(path, options...)
		if !errors.Is(err, ErrInUse) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "another process") {
			t.Errorf("%v", err)
		}
	}
}

func TestOpenWhileAnotherProcessReads(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.duckdb")
	newFile(t, path)
	hold(t, "ro:"+path)
	db, err := Open(path, ReadOnly())
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	if _, err := Open(path); !errors.Is(err, ErrInUse) {
		t.Errorf("%v", err)
	}
}

func TestOpenTwiceInOneProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.duckdb")
	newFile(t, path)
	first, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	second, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if _, err := Open(path, ReadOnly()); !errors.Is(err, ErrConfiguration) {
		t.Errorf("%v", err)
	}
}

func TestOpenReadOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.duckdb")
	if _, err := Open(path, ReadOnly()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a read-only open created the file: %v", err)
	}
	newFile(t, path)
	db, err := Open(path, ReadOnly(), Setting("threads", "1"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), "CREATE TABLE u (id INT)"); err == nil {
		t.Error("wrote to a read-only database")
	}
	dest := warehouse.Destination{Kind: warehouse.DuckDB}
	for row, err := range dest.Table(db, dest.At("", "t")).Rows(t.Context()) {
		if err != nil || row.Value("id") != int64(1) {
			t.Errorf("%v %v", row.Map(), err)
		}
	}
}

func TestAirbyteLocal(t *testing.T) {
	root := t.TempDir()
	if err := os.MkdirAll(filepath.Join(root, "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	newFile(t, filepath.Join(root, "sub", "a b.duckdb"))
	for _, path := range []string{"/local/sub/a b.duckdb", "sub/a b.duckdb", "/local/./sub/../sub/a b.duckdb"} {
		db, err := Open(path, AirbyteLocal(root), ReadOnly())
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		db.Close()
	}
	for _, path := range []string{"/etc/a.duckdb", "/local/../a.duckdb", "../a.duckdb", "/local/", "/local", "/localx/a.duckdb"} {
		if db, err := Open(path, AirbyteLocal(root)); err == nil {
			db.Close()
			t.Errorf("%s opened", path)
		}
	}
}

func TestOpenPaths(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"plain.duckdb", "ünï côdé.duckdb", "a:b.duckdb", "with%20escape.duckdb"} {
		path := filepath.Join(dir, name)
		newFile(t, path)
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	}
	for _, name := range []string{"what?.duckdb", "a#b.duckdb", "100%.duckdb"} {
		if db, err := Open(filepath.Join(dir, name)); err == nil {
			db.Close()
			t.Errorf("%s opened", name)
		}
	}
	for _, path := range []string{"", ":memory:"} {
		db, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.PingContext(t.Context()); err != nil {
			t.Error(err)
		}
		db.Close()
	}
}

func TestNoTokenInErrors(t *testing.T) {
	const token = "tok/en+secret=="
	// The extension cannot be loaded here, or the token is wrong: an error either way.
	for _, options := range [][]Option{
		{MotherDuckToken(token)},
		{MotherDuckToken(token), Setting("no_such_option", "1")},
	} {
		db, err := Open("md:warehouse", options...)
		if err == nil {
			db.Close()
			t.Fatal("connected to MotherDuck with a made-up token")
		}
		for e := err; e != nil; e = errors.Unwrap(e) {
			for _, text := range []string{e.Error(), fmt.Sprintf("%+v", e), fmt.Sprintf("%#v", e)} {
				if strings.Contains(text, token) || strings.Contains(text, "tok%2Fen") {
					t.Errorf("token in %s", text)
				}
			}
		}
	}
}

// TestDatabaseName compares the catalogue name worked out from Airbyte's
// destination_path with the one DuckDB gives the file.
func TestDatabaseName(t *testing.T) {
	for _, name := range []string{"shop.duckdb", "my.data.duckdb", "noextension", "UPPER.db", "1.duckdb", "a b.duckdb"} {
		path := filepath.Join(t.TempDir(), name)
		dest, err := warehouse.NewDestination(warehouse.Definition{Type: "duckdb"}, map[string]any{"destination_path": "/local/" + name})
		if err != nil {
			t.Fatal(err)
		}
		db, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		var got string
		if err := db.QueryRowContext(t.Context(), "SELECT current_database()").Scan(&got); err != nil {
			t.Error(err)
		}
		db.Close()
		if got != dest.Database {
			t.Errorf("%s: DuckDB says %q, we say %q", name, got, dest.Database)
		}
	}
}
