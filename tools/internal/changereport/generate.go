package changereport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/sluice-sdk/sluice/tools/internal/gosource"
)

// generator returns the oapi-codegen that the go.mod at root pins.
func generator(ctx context.Context, root string) (string, error) {
	command := exec.CommandContext(ctx, "go", "tool", "-n", "oapi-codegen")
	command.Dir = root
	command.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=readonly -buildvcs=false")
	output, err := command.Output()
	if err != nil {
		return "", failure(command, err)
	}
	return strings.TrimSpace(string(output)), nil
}

// generateTimeout bounds the generator, which takes a second or two.
const generateTimeout = 2 * time.Minute

// generate writes the code of a side in a folder of its own and returns it by its place in the repository. operations.gen.go
// is taken over from the repository: it holds a text, and its declarations are always the same.
func generate(ctx context.Context, root, service, tool string, side Side, overlay []byte) (gosource.Files, error) {
	dir, err := os.MkdirTemp("", "sluice-changes-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()

	specs := filepath.Join(dir, "specs", service)
	for _, folder := range []string{specs, filepath.Join(dir, "gen", service+"api"), filepath.Join(dir, "gen", service+"server")} {
		if err := os.MkdirAll(folder, 0o750); err != nil {
			return nil, err
		}
	}
	inputs := map[string][]byte{"openapi.json": side.Document, "overlay.yaml": overlay}
	maps.Copy(inputs, side.Configurations)
	for name, text := range inputs {
		if err := os.WriteFile(filepath.Join(specs, name), text, 0o600); err != nil {
			return nil, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, generateTimeout)
	defer cancel()
	failures := make([]error, len(configurations))
	var all sync.WaitGroup
	for i, configuration := range configurations {
		all.Go(func() {
			//nolint:gosec // the generator that go.mod pins, and a service that is the name of a folder
			command := exec.CommandContext(ctx, tool, "-config", "specs/"+service+"/"+configuration, "specs/"+service+"/openapi.json")
			command.Dir = dir
			if output, err := command.CombinedOutput(); err != nil {
				failures[i] = fmt.Errorf("oapi-codegen with %s: %w\n%s", configuration, err, bytes.TrimSpace(output))
			}
		})
	}
	all.Wait()
	for _, failure := range failures { // the first in this order, so that two reports of one document are the same
		if failure != nil {
			return nil, failure
		}
	}

	files := gosource.Files{}
	for _, name := range []string{"api/types.gen.go", "api/client.gen.go", "server/server.gen.go"} {
		name = "gen/" + service + name
		if files[name], err = os.ReadFile(filepath.Join(dir, filepath.FromSlash(name))); err != nil {
			return nil, err
		}
	}
	table := "gen/" + service + "api/operations.gen.go"
	files[table], err = os.ReadFile(filepath.Join(root, filepath.FromSlash(table)))
	if errors.Is(err, fs.ErrNotExist) {
		files[table], err = []byte("package "+service+"api\n\nconst Operations = \"\"\n"), nil
	}
	return files, err
}
