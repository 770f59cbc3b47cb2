package changereport

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Side is one of the two states of a service that are compared.
type Side struct {
	// Name is how the report calls it: a revision of git, a file.
	Name string
	// Document is the OpenAPI document, in JSON.
	Document []byte
	// Overlay is our overlay.yaml for it.
	Overlay []byte
	// Configurations are the generator's configurations by file name: types.yaml, client.yaml, server.yaml.
	Configurations map[string][]byte
}

var configurations = []string{"types.yaml", "client.yaml", "server.yaml"}

// ErrNoDocument says that a side has no document of the service.
var ErrNoDocument = errors.New("no document")

// FromFolder reads a service as it lies in a folder, such as specs/airbyte.
func FromFolder(name, folder string) (Side, error) {
	return read(name, func(file string) ([]byte, error) { return os.ReadFile(filepath.Join(folder, file)) })
}

// FromRevision reads a service as it is in a revision of the git repository at root.
func FromRevision(ctx context.Context, root, service, revision string) (Side, error) {
	file, err := revised(ctx, root, service, revision)
	if err != nil {
		return Side{}, err
	}
	return read(revision, file)
}

// revised reads files of a service as they are in a revision.
func revised(ctx context.Context, root, service, revision string) (func(file string) ([]byte, error), error) {
	// Resolved first, so that a revision that does not exist is told from one without the service, and so that nothing a
	// user types is taken for an option of git.
	commit, err := git(ctx, root, "rev-parse", "--verify", "--quiet", "--end-of-options", revision+"^{commit}")
	if err != nil {
		return nil, fmt.Errorf("no revision %q in %s", revision, root)
	}
	id := strings.TrimSpace(string(commit))
	return func(file string) ([]byte, error) {
		name := "specs/" + service + "/" + file
		if listed, err := git(ctx, root, "ls-tree", "--name-only", id, "--", name); err != nil {
			return nil, err
		} else if len(listed) == 0 {
			return nil, fmt.Errorf("%s: %w", name, fs.ErrNotExist)
		}
		return git(ctx, root, "show", id+":"+name)
	}, nil
}

// WithDocument is the side with another document, as it stands in a file.
func (s Side) WithDocument(file string) (Side, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return Side{}, err
	}
	s.Name, s.Document = file, text
	return s, nil
}

func read(name string, file func(name string) ([]byte, error)) (Side, error) {
	side := Side{Name: name, Configurations: map[string][]byte{}}
	var err error
	if side.Document, err = file("openapi.json"); errors.Is(err, fs.ErrNotExist) {
		return side, fmt.Errorf("%s: %w", name, ErrNoDocument)
	} else if err != nil {
		return side, fmt.Errorf("%s: %w", name, err)
	}
	if side.Overlay, err = file("overlay.yaml"); err != nil {
		return side, fmt.Errorf("%s: %w", name, err)
	}
	for _, configuration := range configurations {
		if side.Configurations[configuration], err = file(configuration); err != nil {
			return side, fmt.Errorf("%s: %w", name, err)
		}
	}
	return side, nil
}

func git(ctx context.Context, dir string, args ...string) ([]byte, error) {
	//nolint:gosec // subcommands of ours; what users type is checked before or stands behind --end-of-options
	command := exec.CommandContext(ctx, "git", args...)
	command.Dir = dir
	output, err := command.Output()
	if err != nil {
		return nil, failure(command, err)
	}
	return output, nil
}

// failure is the error of a command with what it said.
func failure(command *exec.Cmd, err error) error {
	said := ""
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		said = strings.TrimSpace(string(exit.Stderr))
	}
	return fmt.Errorf("%s: %w: %s", strings.Join(command.Args, " "), err, said)
}
