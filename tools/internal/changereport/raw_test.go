package changereport

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice-sdk/sluice/tools/internal/wire"
)

// An operation that is listed as raw is not reported as one that nobody covers, and the line of one that is gone is named.
func TestRawOperations(t *testing.T) {
	root := repository(t)
	listed, err := readRaw(root, "airbyte")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(readFile(t, root, "wrappers", "airbyte", rawFile), "\n")
	for operation, line := range listed {
		method, route, _ := strings.Cut(operation, " ")
		if text := lines[line.Line-1]; !strings.HasPrefix(text, method) || !strings.Contains(text, " "+route+" ") || !strings.HasSuffix(text, line.Reason) {
			t.Errorf("%s: line %d is %q, reason %q", operation, line.Line, text, line.Reason)
		}
	}

	const added, removed, moved, changed = "POST /dataplanes", "DELETE /dataplanes/{dataplaneId}", "GET /dataplanes/{dataplaneId}", "PATCH /dataplanes/{dataplaneId}"
	for _, operation := range []string{added, removed, moved, changed} {
		if listed[operation].Line == 0 {
			t.Fatalf("%s is not listed", operation)
		}
	}
	after := committed(t, "airbyte")
	before := altered(t, after, func(d document) { d.remove("/dataplanes", "post") })
	after = altered(t, after, func(d document) {
		d.remove("/dataplanes/{dataplaneId}", "delete")
		item := d.at("paths", "/dataplanes/{dataplaneId}")
		get := item["get"]
		delete(item, "get")
		d.at("paths")["/v2/dataplanes/{dataplaneId}"] = object{"get": get}
		d.at("paths", "/dataplanes/{dataplaneId}", "patch")["operationId"] = "changeDataplane"
		d.at("paths")["/dataplanes/statistics"] = object{"get": object{"operationId": "dataplaneStatistics", "responses": object{"204": object{"description": ""}}}}
	})
	report := compareSides(t, "airbyte", before, after)
	text := report.Markdown()
	line := func(operation, advice string) string {
		return fmt.Sprintf("- wrappers/airbyte/operations.raw:%d lists it as raw%s\n", listed[operation].Line, advice)
	}
	for operation, want := range map[string]string{
		added: line(added, ": "+listed[added].Reason), removed: line(removed, ": delete the line"),
		moved: line(moved, " under its old route: change the line"), changed: line(changed, ": "+listed[changed].Reason),
		"GET /dataplanes/statistics": "- **No wrapper covers it**: no method has a comment `//sluice:operation GET /dataplanes/statistics`, nor is it listed in wrappers/airbyte/operations.raw\n",
	} {
		section := ""
		for s := range strings.SplitSeq(text, "\n### ") {
			if heading, _, _ := strings.Cut(s, "\n"); strings.Contains(heading, operation+" ") {
				section = s
			}
		}
		if !strings.Contains(section, want) || strings.Count(section, rawFile) != 1 {
			t.Errorf("%s: lacks %q in\n%s", operation, want, section)
		}
	}
	for _, f := range report.Findings {
		if f.Uncovered != (f.Kind == wire.OperationAdded && f.Unit.Name != added) {
			t.Errorf("%s: uncovered %v", f.Text, f.Uncovered)
		}
	}
}

func TestReadRaw(t *testing.T) {
	root := t.TempDir()
	if listed, err := readRaw(root, "acme"); err != nil || len(listed) != 0 {
		t.Errorf("no list: %v, %v", listed, err)
	}
	name := filepath.Join(root, "wrappers", "acme", rawFile)
	if err := os.MkdirAll(filepath.Dir(name), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte("# GET /none of it\n\nGET  /jobs  not yet wanted\nGET /jobs a second time\nPOST\nDELETE /jobs\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	listed, err := readRaw(root, "acme")
	if err != nil || len(listed) != 2 || listed["GET /jobs"].Line != 3 || listed["GET /jobs"].Reason != "not yet wanted" || listed["DELETE /jobs"].Line != 6 {
		t.Errorf("%v, %v", listed, err)
	}
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(name, 0o750); err != nil {
		t.Fatal(err)
	}
	if _, err := readRaw(root, "acme"); err == nil {
		t.Error("a folder is read")
	}
}
