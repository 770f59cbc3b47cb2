package changereport

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// rawFile is the file in a wrapper's folder that lists the operations which only the raw client offers (servicetest.RawFile,
// which is not imported because this module does not depend on the root's: docs/adr/0004).
const rawFile = "operations.raw"

// Raw is a line of the list of operations that are deliberately raw.
type Raw struct {
	File   string // with slashes, from the root of the repository
	Line   int
	Reason string

	operation string
}

// readRaw reads the list of a service by operation, such as "GET /jobs/{jobId}". There need not be one. Lines that are not
// well formed are for the test that holds the wrapper to its document (servicetest.CheckCoverage), not for the report.
func readRaw(root, service string) (map[string]Raw, error) {
	name := "wrappers/" + service + "/" + rawFile
	text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	listed := map[string]Raw{}
	number := 0
	for line := range strings.Lines(string(text)) {
		number++
		fields := strings.Fields(line)
		if len(fields) < 2 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		if operation := fields[0] + " " + fields[1]; listed[operation].Line == 0 {
			listed[operation] = Raw{name, number, strings.Join(fields[2:], " "), operation}
		}
	}
	return listed, nil
}
