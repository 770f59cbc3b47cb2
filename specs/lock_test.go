package specs_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/sluice-sdk/sluice/gen/airbyteapi"
	"github.com/sluice-sdk/sluice/gen/atlanapi"
	"github.com/sluice-sdk/sluice/gen/polytomicapi"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// tables holds the generated operation table of every service, and how many operations its document is known to have.
var tables = map[string]struct {
	table string
	count int
}{
	"airbyte":   {airbyteapi.Operations, 91},
	"polytomic": {polytomicapi.Operations, 128},
	"atlan":     {atlanapi.Operations, 132},
}

// A document is one entry of lock.json.
type document struct {
	Service   string `json:"service"`
	File      string `json:"file"`
	Source    string `json:"source"`
	Version   string `json:"version"`
	SHA256    string `json:"sha256"`
	Generator string `json:"generator"`
}

func readLock(t *testing.T) []document {
	t.Helper()
	text, err := os.ReadFile("lock.json")
	if err != nil {
		t.Fatal(err)
	}
	var lock struct {
		Documents []document `json:"documents"`
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&lock); err != nil {
		t.Fatalf("lock.json: %v", err)
	}
	return lock.Documents
}

// Every document is byte for byte the one that was locked; fixes belong in the overlays.
func TestLockedDocuments(t *testing.T) {
	goMod, err := os.ReadFile(filepath.Join("..", "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	pinned := regexp.MustCompile(`github\.com/oapi-codegen/oapi-codegen/v2 (v\S+)`).FindSubmatch(goMod)
	if pinned == nil {
		t.Fatal("go.mod does not require oapi-codegen")
	}

	var locked []string
	for _, d := range readLock(t) {
		locked = append(locked, filepath.FromSlash(d.File))
		text, err := os.ReadFile(filepath.FromSlash(d.File))
		if err != nil {
			t.Error(err)
			continue
		}
		if sum := sha256.Sum256(text); hex.EncodeToString(sum[:]) != d.SHA256 {
			t.Errorf("%s: sha256 is %x, lock.json says %s", d.File, sum, d.SHA256)
		}
		if d.Service != strings.SplitN(d.File, "/", 2)[0] || d.Source == "" || d.Version == "" {
			t.Errorf("%s: incomplete entry %+v", d.File, d)
		}
		if filepath.Base(d.File) != "openapi.json" {
			continue
		}
		if want := "oapi-codegen " + string(pinned[1]); d.Generator != want {
			t.Errorf("%s: generator %q, go.mod requires %q", d.File, d.Generator, want)
		}
		var doc struct {
			Info struct {
				Version string `json:"version"`
				Commit  string `json:"x-upstream-commit"`
			} `json:"info"`
		}
		if err := json.Unmarshal(text, &doc); err != nil {
			t.Errorf("%s: %v", d.File, err)
		}
		if doc.Info.Version != d.Version || !strings.Contains(d.Source, doc.Info.Commit) {
			t.Errorf("%s: the document says version %q and commit %q, lock.json %q and %q",
				d.File, doc.Info.Version, doc.Info.Commit, d.Version, d.Source)
		}
	}

	found, err := filepath.Glob(filepath.Join("*", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(locked)
	if diff := cmp.Diff(found, locked); diff != "" {
		t.Errorf("documents: -found +locked\n%s", diff)
	}
}

// Every service has its five files, and every configuration uses its document's overlay strictly.
func TestServiceFiles(t *testing.T) {
	for service := range tables {
		for _, name := range []string{"openapi.json", "overlay.yaml", "types.yaml", "client.yaml", "server.yaml"} {
			text, err := os.ReadFile(filepath.Join(service, name))
			if err != nil {
				t.Error(err)
				continue
			}
			want := fmt.Sprintf("overlay: {path: specs/%s/overlay.yaml, strict: true}", service)
			isConfig := name != "openapi.json" && name != "overlay.yaml"
			if isConfig && !strings.Contains(string(text), want) {
				t.Errorf("%s/%s does not say %s", service, name, want)
			}
		}
	}
}

// gen/ holds generated Go and nothing else.
func TestGeneratedOnly(t *testing.T) {
	var files []string
	root := filepath.Join("..", "gen")
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		files = append(files, filepath.ToSlash(name))
		if !strings.HasSuffix(name, ".gen.go") {
			t.Errorf("gen/%s is not named .gen.go", name)
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.PackageClauseOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		if !ast.IsGenerated(file) {
			t.Errorf("gen/%s has no \"Code generated … DO NOT EDIT.\" line above its package clause", name)
		}
		if folder := filepath.Base(filepath.Dir(path)); file.Name.Name != folder {
			t.Errorf("gen/%s is package %s", name, file.Name.Name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for service := range tables {
		for _, name := range []string{"api/types", "api/client", "api/operations", "server/server"} {
			if want := service + name + ".gen.go"; !slices.Contains(files, want) {
				t.Errorf("gen/%s is missing", want)
			}
		}
	}
}

// Every operation has a summary of ours: without one the generator falls back to "ListJobs performs a GET /jobs".
func TestEveryOperationDescribed(t *testing.T) {
	fallback := regexp.MustCompile(`(?m)^// (\S+) performs a [A-Z]+ /`)
	for service := range tables {
		client, err := os.ReadFile(filepath.Join("..", "gen", service+"api", "client.gen.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range fallback.FindAllSubmatch(client, -1) {
			t.Errorf("%s: %s has no summary", service, match[1])
		}
	}
}

// An entry is one line of an operation table.
type entry struct {
	method, route, id, safety string
	fields                    map[string]string
}

func (e entry) name() string { return e.method + " " + e.route }

func parseTable(t *testing.T, table string) []entry {
	t.Helper()
	var entries []entry
	for line := range strings.SplitSeq(table, "\n") {
		words := strings.Split(line, " ")
		if len(words) < 4 {
			t.Fatalf("line %q has %d words", line, len(words))
		}
		e := entry{words[0], words[1], words[2], words[3], map[string]string{}}
		for _, word := range words[4:] {
			name, value, ok := strings.Cut(word, "=")
			if !ok || value == "" || e.fields[name] != "" || !slices.Contains([]string{"timeout", "content", "idempotency-key"}, name) {
				t.Errorf("line %q: field %q", line, word)
			}
			e.fields[name] = value
		}
		if timeout := e.fields["timeout"]; timeout != "" {
			if d, err := time.ParseDuration(timeout); err != nil || d <= 0 {
				t.Errorf("line %q: timeout %q", line, timeout)
			}
		}
		entries = append(entries, e)
	}
	return entries
}

// readOperations returns the ids of a document's operations by "METHOD route".
func readOperations(t *testing.T, service string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(service, "openapi.json"))
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	operations := map[string]string{}
	for route, item := range doc.Paths {
		for key, value := range item {
			if !slices.Contains([]string{"get", "head", "options", "trace", "put", "post", "patch", "delete"}, key) {
				continue
			}
			var operation struct {
				ID string `json:"operationId"`
			}
			if err := json.Unmarshal(value, &operation); err != nil {
				t.Fatal(err)
			}
			operations[strings.ToUpper(key)+" "+route] = operation.ID
		}
	}
	return operations
}

// The tables list exactly the operations of the documents, so that no call is without a safety class.
func TestOperationTables(t *testing.T) {
	for service, want := range tables {
		entries := parseTable(t, want.table)
		got := map[string]string{}
		for _, e := range entries {
			got[e.name()] = e.id
		}
		if diff := cmp.Diff(readOperations(t, service), got); diff != "" {
			t.Errorf("%s: -document +table\n%s", service, diff)
		}
		if len(entries) != want.count || len(got) != want.count {
			t.Errorf("%s: %d lines, %d operations, want %d", service, len(entries), len(got), want.count)
		}
		sorted := slices.IsSortedFunc(entries, func(a, b entry) int {
			return strings.Compare(a.route+" "+a.method, b.route+" "+b.method)
		})
		if !sorted {
			t.Errorf("%s: the table is not sorted by route and method", service)
		}
	}
}

// Calls of which the wrong class would do harm, or make a wait fail, each with the source of the fact.
func TestKnownSafety(t *testing.T) {
	known := map[string][]string{
		"airbyte": {
			"POST /jobs createJob unsafe timeout=90s",                             // TemporalClient.kt: waits 60 s
			"DELETE /jobs/{jobId} cancelJob unsafe timeout=3m",                    // SchedulerHandler.kt: cancels by connection
			"GET /jobs/{jobId} getJob safe",                                       //
			"GET /oauth/callback oauthCallback unsafe content=none",               // one-time code
			"POST /connections createConnection unsafe timeout=5m",                // discovers the schema
			"PATCH /connections/{connectionId} patchConnection unsafe timeout=5m", // discovers the schema
			"POST /applications/token createAccessToken idempotent",               //
		},
		"polytomic": {
			"POST /api/bulk/syncs/{id}/executions startBulkSync unsafe idempotency-key=Idempotency-Key",
			"POST /api/bulk/syncs/{id}/cancel cancelBulkSync unsafe idempotency-key=Idempotency-Key",      // the current execution, whichever it is
			"POST /api/bulk/syncs/{id}/activate activateBulkSync unsafe idempotency-key=Idempotency-Key",  // off cancels a running execution
			"POST /api/connections/{connection_id}/query runQuery unsafe idempotency-key=Idempotency-Key", // any SQL
			"POST /api/connections/{id}/proxy executeConnectionProxy unsafe timeout=60s idempotency-key=Idempotency-Key",
		},
		"atlan": {
			"POST /api/meta/entity/bulk bulkSaveEntities unsafe timeout=5m", // names minted by the server
			"POST /api/meta/search/indexsearch indexSearch safe timeout=2m",
			"POST /api/meta/lineage/list lineageList safe timeout=2m",
			"POST /api/service/runs/indexsearch searchWorkflowRuns safe",
			"POST /api/sql/query/stream streamQuery unsafe timeout=15m content=text/event-stream", // any SQL
		},
	}
	for service, lines := range known {
		table := strings.Split(tables[service].table, "\n")
		for _, line := range lines {
			if !slices.Contains(table, line) {
				t.Errorf("%s: the table does not say %q", service, line)
			}
		}
	}
}

// defaults is the safety that follows from a method alone; a mark may always be stricter.
var defaults = map[string]string{
	"GET": "safe", "HEAD": "safe", "OPTIONS": "safe", "PUT": "idempotent", "DELETE": "idempotent", "PATCH": "unsafe", "POST": "unsafe",
}

// unjustified returns the operations of a table that may be repeated more freely than their method allows although the
// overlay does not mark them with the reason in a comment directly above, and those whose method cannot be so.
func unjustified(entries []entry, overlay string) []string {
	rank := map[string]int{"unsafe": 1, "idempotent": 2, "safe": 3}
	var found []string
	for _, e := range entries {
		base := defaults[e.method]
		if rank[base] == 0 || rank[e.safety] == 0 {
			found = append(found, e.name()+": unknown")
			continue
		}
		if rank[e.safety] <= rank[base] {
			continue
		}
		if e.safety == "safe" && e.method != "POST" {
			found = append(found, e.name()+": cannot be safe")
			continue
		}
		mark := regexp.MustCompile(`(?m)^ *# *\S+ +\S+ +\S+.*\n *- target: ` +
			regexp.QuoteMeta(fmt.Sprintf("$.paths['%s'].%s", e.route, strings.ToLower(e.method))) +
			`\n *update: \{x-sluice: \{[^}]*safety: ` + e.safety + `\b`)
		if !mark.MatchString(overlay) {
			found = append(found, e.name()+": no reason in the overlay")
		}
	}
	return found
}

// Nothing is repeated more freely than its method allows without a reason on record.
func TestMarksHaveReasons(t *testing.T) {
	for service, want := range tables {
		overlay, err := os.ReadFile(filepath.Join(service, "overlay.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		for _, problem := range unjustified(parseTable(t, want.table), string(overlay)) {
			t.Errorf("%s: %s", service, problem)
		}
	}
}

func TestUnjustified(t *testing.T) {
	const mark = "  - target: $.paths['/pets'].%s\n    update: {x-sluice: {safety: %s}}\n"
	tests := map[string]struct {
		line, overlay string
		found         bool
	}{
		"reason":               {"POST /pets find safe", "  # Searches, changes nothing.\n" + fmt.Sprintf(mark, "post", "safe"), false},
		"no comment":           {"POST /pets find safe", fmt.Sprintf(mark, "post", "safe"), true},
		"comment elsewhere":    {"POST /pets find safe", "  # Searches, changes nothing.\n\n" + fmt.Sprintf(mark, "post", "safe"), true},
		"no mark":              {"POST /pets find safe", "", true},
		"mark of another":      {"POST /dogs find safe", "  # Searches, changes nothing.\n" + fmt.Sprintf(mark, "post", "safe"), true},
		"mark says less":       {"POST /pets find safe", "  # Searches, changes nothing.\n" + fmt.Sprintf(mark, "post", "idempotent"), true},
		"patch can converge":   {"PATCH /pets rename idempotent", "  # Sets one name only.\n" + fmt.Sprintf(mark, "patch", "idempotent"), false},
		"patch is never safe":  {"PATCH /pets rename safe", "  # Sets one name only.\n" + fmt.Sprintf(mark, "patch", "safe"), true},
		"delete is never safe": {"DELETE /pets drop safe", "  # Drops nothing at all.\n" + fmt.Sprintf(mark, "delete", "safe"), true},
		"stricter needs none":  {"GET /pets adopt unsafe", "", false},
		"default needs none":   {"DELETE /pets drop idempotent", "", false},
		"unknown safety":       {"GET /pets list harmless", "", true},
	}
	for _, name := range slices.Sorted(maps.Keys(tests)) {
		test := tests[name]
		if found := unjustified(parseTable(t, test.line), test.overlay); (len(found) > 0) != test.found {
			t.Errorf("%s: found %q", name, found)
		}
	}
}

// The document marks 63 operations that take an idempotency key: 34 POST, 14 PUT, 13 DELETE and 2 PATCH.
func TestPolytomicIdempotencyKeys(t *testing.T) {
	count := map[string]int{}
	for _, e := range parseTable(t, tables["polytomic"].table) {
		if e.fields["idempotency-key"] == "Idempotency-Key" {
			count[e.method]++
		}
	}
	want := map[string]int{"POST": 34, "PUT": 14, "DELETE": 13, "PATCH": 2}
	if diff := cmp.Diff(want, count); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}
