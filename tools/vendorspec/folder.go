package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/gofrs/flock"
)

// temporary begins the names of files that are being written. No document has such a name.
const temporary = ".vendor-"

// A folder is specs/ while one program changes it.
type folder struct {
	path  string
	guard *flock.Flock
}

// openFolder waits for nobody: a second program at work in the folder is an error. What an interrupted one has left
// half-written is removed.
func openFolder(path string) (*folder, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("%s is not a folder", path)
	}
	guard := flock.New(path, flock.SetFlag(os.O_RDONLY))
	locked, err := guard.TryLock()
	if err != nil {
		return nil, err
	}
	if !locked {
		return nil, fmt.Errorf("another make vendor is at work in %s", path)
	}
	f := &folder{path, guard}
	left, err := filepath.Glob(filepath.Join(path, temporary+"*"))
	below, err2 := filepath.Glob(filepath.Join(path, "*", temporary+"*"))
	if err := errors.Join(err, err2); err != nil {
		return nil, errors.Join(err, f.close())
	}
	for _, name := range append(left, below...) {
		if err := os.Remove(name); err != nil {
			return nil, errors.Join(err, f.close())
		}
	}
	return f, nil
}

func (f *folder) close() error { return f.guard.Close() }

// read reads a file of the folder, nil when there is none.
func (f *folder) read(name string) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(f.path, filepath.FromSlash(name)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return text, err
}

// A change is a file and what it will hold.
type change struct {
	name string
	text []byte
}

// write makes changes in their order. Every text is on the disk, beside the file that it is for, before the first file
// changes, so that no file is ever half-written; and what remains to go wrong between two renames is the machine. A crash
// there leaves the first file new and the second old. For a document and its lock that shows (the test of the lock fails,
// its checksum is another), and the same make vendor again mends it: it finds the document written and writes the lock.
func (f *folder) write(changes []change) (err error) {
	type pending struct{ from, to string }
	var files []pending
	var made string // a folder that was not there
	defer func() {
		for _, p := range files {
			_ = os.Remove(p.from) // already gone when it was renamed
		}
		if err != nil && made != "" {
			_ = os.Remove(made)
		}
	}()
	for _, c := range changes {
		to := filepath.Join(f.path, filepath.FromSlash(c.name))
		if err := os.Mkdir(filepath.Dir(to), 0o755); err == nil { //nolint:gosec // G301: sources, which everybody may read
			made = filepath.Dir(to)
		} else if !errors.Is(err, fs.ErrExist) {
			return err
		}
		from, err := writeBeside(to, c.text)
		if from != "" {
			files = append(files, pending{from, to})
		}
		if err != nil {
			return err
		}
	}
	for _, p := range files {
		if err := os.Rename(p.from, p.to); err != nil {
			return err
		}
		if err := syncFolder(filepath.Dir(p.to)); err != nil {
			return err
		}
	}
	return nil
}

// writeBeside writes a text to a new file in the folder of another, and waits until it is on the disk.
func writeBeside(name string, text []byte) (string, error) {
	file, err := os.CreateTemp(filepath.Dir(name), temporary+strings.TrimSuffix(filepath.Base(name), ".json")+"-*")
	if err != nil {
		return "", err
	}
	_, err = file.Write(text)
	if err == nil {
		err = file.Chmod(0o644)
	}
	if err == nil {
		err = file.Sync()
	}
	return file.Name(), errors.Join(err, file.Close())
}

func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
