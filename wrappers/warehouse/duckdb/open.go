package duckdb

import (
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	driver "github.com/duckdb/duckdb-go/v2"
)

// ErrInUse is matched by the error of [Open] when another process holds the
// file. DuckDB lets one process at a time open a file for writing, and any
// number for reading as long as none writes.
var ErrInUse = errors.New("database file is in use by another process")

// ErrConfiguration is matched by the error of [Open] when this process has the
// file open already with other options: DuckDB shares one instance per file and
// process, and it cannot be read-only and writable at once.
var ErrConfiguration = errors.New("database file is open in this process with other options")

// Option changes how [Open] opens a file.
type Option func(*settings)

type settings struct {
	values    url.Values
	readOnly  bool
	localRoot string
	token     string
}

// ReadOnly opens the file for reading only. It must exist. Several processes
// may do so at once, but not while one has it open for writing: a running sync
// is such a process.
func ReadOnly() Option { return func(s *settings) { s.readOnly = true } }

// AirbyteLocal maps the paths of Airbyte's DuckDB destination to this machine.
// The connector writes below /local, a folder of its container that is mounted
// from a folder of the host; root is that folder as this program sees it.
// Both spellings of the connector are understood: "/local/a.duckdb" and
// "a.duckdb" are root/a.duckdb. A path that leaves root is an error.
func AirbyteLocal(root string) Option { return func(s *settings) { s.localRoot = root } }

// Setting sets one of DuckDB's configuration options, such as memory_limit or
// threads, before the file is opened.
func Setting(name, value string) Option {
	return func(s *settings) { s.values.Set(name, value) }
}

// MotherDuckToken is the token for a path that begins with md: or motherduck:.
// It appears in no error. DuckDB loads its motherduck extension for such paths,
// over the network when it is not installed; not verified against the service.
func MotherDuckToken(token string) Option { return func(s *settings) { s.token = token } }

// Open opens a DuckDB database file, or a database in memory when path is empty
// or ":memory:". Unlike sql.Open it does touch the file: it is created when it
// does not exist, unless [ReadOnly] is given, and it stays locked until the
// *sql.DB is closed.
//
// Errors match [ErrInUse], [ErrConfiguration] or fs.ErrNotExist where that is
// the cause.
func Open(path string, options ...Option) (*sql.DB, error) {
	s := &settings{values: url.Values{}}
	for _, option := range options {
		if option != nil {
			option(s)
		}
	}
	resolved, err := s.resolve(path)
	if err != nil {
		return nil, err
	}
	if s.readOnly {
		s.values.Set("access_mode", "read_only")
		if isFile(resolved) {
			if _, err := os.Stat(resolved); err != nil { //nolint:gosec // opening the caller's path is what this is for
				return nil, fmt.Errorf("duckdb: open read-only: %w", err)
			}
		}
	}
	if s.token != "" {
		s.values.Set("motherduck_token", s.token)
	}
	dsn := resolved
	if len(s.values) > 0 {
		dsn += "?" + s.values.Encode()
	}
	connector, err := driver.NewConnector(dsn, nil)
	if err != nil {
		return nil, s.explain(resolved, err)
	}
	return sql.OpenDB(connector), nil
}

func isMemory(path string) bool { return path == "" || path == ":memory:" }
func isMotherDuck(path string) bool {
	return strings.HasPrefix(path, "md:") || strings.HasPrefix(path, "motherduck:")
}
func isFile(path string) bool { return !isMemory(path) && !isMotherDuck(path) }

// resolve turns path into what the driver is given.
func (s *settings) resolve(path string) (string, error) {
	if !isFile(path) {
		return path, nil
	}
	if s.localRoot != "" {
		inside, ok := strings.CutPrefix(filepath.ToSlash(path), "/local/")
		if !ok && strings.HasPrefix(path, "/") {
			return "", fmt.Errorf("duckdb: path %q is not below /local, as paths of Airbyte's DuckDB destination are", path)
		}
		inside = filepath.FromSlash(inside)
		if !filepath.IsLocal(inside) || filepath.Clean(inside) == "." {
			return "", fmt.Errorf("duckdb: path %q is not a file below /local", path)
		}
		path = filepath.Join(s.localRoot, inside)
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("duckdb: path: %w", err)
	}
	// The driver reads the path as the beginning of a URL.
	if u, err := url.Parse(path); err != nil || strings.ContainsAny(path, "?#") || u.RawQuery != "" {
		return "", fmt.Errorf("duckdb: path %q has characters that the driver takes for something else (?, # or a bare %%); rename the file or link to it", path)
	}
	return path, nil
}

// explain says what DuckDB's refusal means and what to do about it.
func (s *settings) explain(path string, err error) error {
	message := err.Error()
	if s.token != "" {
		message = strings.ReplaceAll(message, s.token, "(token)")
		message = strings.ReplaceAll(message, url.QueryEscape(s.token), "(token)")
	}
	switch {
	case strings.Contains(message, "Could not set lock on file"):
		return &openError{kind: ErrInUse, text: fmt.Sprintf("duckdb: %s is in use by another process; one process at a time may write to a DuckDB file, and none may read it meanwhile: wait for the sync that writes it, or read a copy: %s", path, message)}
	case strings.Contains(message, "different configuration"):
		return &openError{kind: ErrConfiguration, text: fmt.Sprintf("duckdb: %s is open in this process with other options; share one *sql.DB, or close the other first: %s", path, message)}
	}
	return &openError{text: "duckdb: open " + path + ": " + message}
}

// openError keeps the driver's error out of the chain: it may quote the token.
type openError struct {
	kind error
	text string
}

func (e *openError) Error() string        { return e.text }
func (e *openError) Is(target error) bool { return e.kind != nil && target == e.kind }
