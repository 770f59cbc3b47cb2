package changereport

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/sluice-sdk/sluice/tools/internal/gosource"
	"github.com/sluice-sdk/sluice/tools/internal/wire"
)

var update = flag.Bool("update", false, "write docs/change-report-example.md again")

// said is a finding in a few words: its level and text, then the Go symbols with what becomes of them.
func said(f *Finding) []string {
	lines := []string{f.Level.String() + ": " + f.Text}
	for _, s := range f.Symbols {
		lines = append(lines, s.Change+" "+s.String())
	}
	return lines
}

// Four changes, each of a kind, give four findings, however many operations use the schemas.
func TestFourChangesAreFourFindings(t *testing.T) {
	for _, test := range []struct {
		service string
		alter   func(d document)
		want    map[string][]string // the symbols of each finding; those of an operation are looked at one by one
	}{
		{
			service: "airbyte",
			alter: func(d document) {
				d.rename("JobResponse", "jobType", "kind")
				d.remove("/tags/{tagId}", "delete")
				d.enumerate("JobStatusEnum", "paused")
				d.require("JobCreateRequest", "reason", object{"type": "string"})
			},
			want: map[string][]string{
				"breaking: operation DELETE /tags/{tagId} removed": {
					"removed airbyteapi.Client.DeleteTag", "removed airbyteapi.DeleteTagResponse",
					"removed airbyteapi.NewDeleteTagRequest", "removed airbyteserver.StrictServerInterface.DeleteTag",
				},
				"breaking: required field `reason` of schema JobCreateRequest added (string)": {
					"added airbyteapi.JobCreateRequest.Reason",
				},
				"breaking: field `jobType` of schema JobResponse likely renamed to `kind` (both are JobTypeEnum)": {
					"removed airbyteapi.JobResponse.JobType", "added airbyteapi.JobResponse.Kind",
					"removed airbyteserver.GetJob200JSONResponse.JobType", "added airbyteserver.GetJob200JSONResponse.Kind",
				},
				"breaking: value `paused` of enum schema JobStatusEnum added": {"added airbyteapi.JobStatusEnumPaused"},
			},
		},
		{
			service: "polytomic",
			alter: func(d document) {
				d.rename("JobResponse", "type", "kind")
				d.remove("/api/models/{id}", "delete")
				d.enumerate("WorkTaskStatus", "paused")
				d.require("CreateWebhooksSchema", "events", object{"type": "array", "items": object{"type": "string"}})
			},
			want: map[string][]string{
				"breaking: operation DELETE /api/models/{id} removed": {
					"removed polytomicapi.Client.DeleteModel", "removed polytomicapi.ParseDeleteModelResponse",
				},
				"breaking: required field `events` of schema CreateWebhooksSchema added (array of string)": {
					"added polytomicapi.CreateWebhooksSchema.Events",
				},
				"may break: field `type` of schema JobResponse likely renamed to `kind` (both are string)": {
					"removed polytomicapi.JobResponse.Type", "added polytomicapi.JobResponse.Kind",
				},
				"breaking: value `paused` of enum schema WorkTaskStatus added": {"added polytomicapi.WorkTaskStatusPaused"},
			},
		},
		{
			service: "atlan",
			alter: func(d document) {
				d.rename("AppResponse", "run_id", "execution_id")
				d.remove("/api/service/apikeys/{tokenGuid}", "delete")
				d.enumerate("AppRunStatus", "PAUSED")
				d.require("CreateApp", "owner", object{"type": "string"})
			},
			want: map[string][]string{
				"breaking: operation DELETE /api/service/apikeys/{tokenGuid} removed": {"removed atlanapi.Client.DeleteAPIToken"},
				"breaking: required field `owner` of schema CreateApp added (string)": {"added atlanapi.CreateApp.Owner"},
				"may break: field `run_id` of schema AppResponse likely renamed to `execution_id` (both are string)": {
					"removed atlanapi.AppResponse.RunID", "added atlanapi.AppResponse.ExecutionID",
				},
				"breaking: value `PAUSED` of enum schema AppRunStatus added": {"added atlanapi.AppRunStatusPAUSED"},
			},
		},
	} {
		t.Run(test.service, func(t *testing.T) {
			before := committed(t, test.service)
			report := compareSides(t, test.service, before, altered(t, before, test.alter))
			if len(report.Findings) != 4 {
				t.Errorf("%d findings, want 4", len(report.Findings))
			}
			for _, f := range report.Findings {
				got := said(f)
				want, ok := test.want[got[0]]
				if !ok {
					t.Errorf("unexpected: %q", got)
					continue
				}
				for _, symbol := range want {
					if !slices.Contains(got[1:], symbol) {
						t.Errorf("%s: lacks %q in %q", got[0], symbol, got[1:])
					}
				}
				// Every symbol belongs to what the finding is about; the server's types are made of those of the models.
				if f.Unit.Kind == "schemas" {
					extra := slices.DeleteFunc(got[1:], func(line string) bool {
						return slices.Contains(want, line) || strings.Contains(line, "200JSONResponse.")
					})
					if len(extra) > 0 {
						t.Errorf("%s: has %q as well", got[0], extra)
					}
				}
			}
			if len(report.Symbols) > 0 || report.NotGenerated != "" {
				t.Errorf("left over: %v %s", report.Symbols, report.NotGenerated)
			}
		})
	}
}

// What the findings mean for our own code, on the service whose wrapper is the oldest.
func TestConsequencesForTheWrapper(t *testing.T) {
	before := committed(t, "airbyte")
	report := compareSides(t, "airbyte", before, altered(t, before, func(d document) {
		d.rename("JobResponse", "bytesSynced", "bytesMoved")
		d.remove("/tags/{tagId}", "delete")
		d.at("paths", "/tags/{tagId}")["head"] = object{
			"operationId": "tagExists", "responses": object{"204": object{"description": ""}},
			"parameters": []any{object{"name": "tagId", "in": "path", "required": true, "schema": object{"type": "string"}}},
		}
	}))
	byKind := map[wire.Kind]*Finding{}
	for _, f := range report.Findings {
		byKind[f.Kind] = f
	}
	if len(byKind) != 3 || len(report.Findings) != 3 {
		t.Fatalf("findings: %v", report.Markdown())
	}

	removed := byKind[wire.OperationRemoved]
	if !slices.Contains(removed.Callers, "airbyte.Workspace.DeleteTag") {
		t.Errorf("callers of the removed operation: %v", removed.Callers)
	}
	if !slices.ContainsFunc(removed.Errors, inFile("wrappers/airbyte/tag.go")) {
		t.Errorf("errors of the removed operation: %v", removed.Errors)
	}
	if len(removed.Actions) == 0 || removed.Actions[0].Target != "$.paths['/tags/{tagId}'].delete" {
		t.Errorf("actions that aim at the removed operation: %v", removed.Actions)
	}

	renamed := byKind[wire.FieldRenamed]
	if !slices.ContainsFunc(renamed.Errors, inFile("wrappers/airbyte/jobs.go")) {
		t.Errorf("errors of the renamed field: %v", renamed.Errors)
	}
	if !slices.ContainsFunc(renamed.Used, func(use string) bool { return strings.HasPrefix(use, "airbyte.snapshotOf (wrappers/airbyte/jobs.go:") }) {
		t.Errorf("users of the renamed field: %v", renamed.Used)
	}
	if want := []string{"DELETE /jobs/{jobId}", "GET /jobs", "GET /jobs/{jobId}", "POST /jobs"}; !cmp.Equal(renamed.Operations, want) {
		t.Errorf("operations that carry the renamed field: %v", renamed.Operations)
	}
	if len(renamed.Actions) != 1 || renamed.Actions[0].Target != "$.components.schemas.JobResponse.properties.bytesSynced" {
		t.Errorf("actions that aim at the renamed field: %v", renamed.Actions)
	}

	added := byKind[wire.OperationAdded]
	if !added.Uncovered || added.Level != wire.Compatible {
		t.Errorf("the new operation: uncovered %v, %v", added.Uncovered, added.Level)
	}
	if len(report.Errors) > 0 || !report.Breaking() {
		t.Errorf("errors that nothing explains: %v, breaking %v", report.Errors, report.Breaking())
	}
	lines := strings.Split(string(before.Overlay), "\n")
	for _, action := range report.Actions {
		if !strings.Contains(lines[action.Line-1], action.Target) {
			t.Errorf("line %d of the overlay is %q", action.Line, lines[action.Line-1])
		}
	}
}

func inFile(name string) func(gosource.Error) bool {
	return func(e gosource.Error) bool { return e.File == name && e.Line > 0 }
}

// A change reaches Go through types that are made of the one that changes: an alias of a scalar, a body whose schema loses
// its last field, a response of the components.
func TestSymbolsThroughOtherTypes(t *testing.T) {
	before := committed(t, "airbyte")
	for _, test := range []struct {
		name    string
		alter   func(d document)
		symbols []string
		errors  string // a file of ours that no longer compiles for it
	}{
		{
			"a scalar of its own", func(d document) {
				d.at("components", "schemas")["TagId"] = object{"type": "boolean"}
			},
			[]string{"airbyteapi.TagID", "airbyteapi.TagResponse.TagID", "airbyteserver.GetTag200JSONResponse.TagID", "airbyteapi.Client.GetTag"},
			"wrappers/airbyte/tag.go",
		},
		{
			"the last field of a body", func(d document) {
				delete(d.at("components", "schemas", "ApplicationCreate", "properties"), "name")
				delete(d.schema("ApplicationCreate"), "required")
			},
			[]string{"airbyteapi.CreateApplicationJSONRequestBody", "airbyteapi.Client.CreateApplication"},
			"wrappers/airbyte/airbytetest/application.go",
		},
		{
			"a response of the components", func(d document) {
				d.at("components", "schemas", "ErrorResponse", "properties", "title")["nullable"] = true
			},
			[]string{"airbyteapi.ErrorResponse.Title", "airbyteserver.ErrorJSONResponse.Title"}, "",
		},
		{
			"an answer that can no longer be compared", func(d document) {
				d.at("components", "schemas", "PermissionResponse", "properties")["tags"] = object{"type": "array", "items": object{"type": "string"}}
			},
			[]string{"airbyteapi.PermissionResponse.Tags", "airbyteserver.GetPermission200JSONResponse"}, "",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			report := compareSides(t, "airbyte", before, altered(t, before, test.alter))
			if len(report.Findings) != 1 {
				t.Fatal(report.Markdown())
			}
			f := report.Findings[0]
			for _, symbol := range test.symbols {
				if !slices.ContainsFunc(f.Symbols, func(s Symbol) bool { return s.String() == symbol }) {
					t.Errorf("lacks %s", symbol)
				}
			}
			if test.errors != "" && !slices.ContainsFunc(f.Errors, inFile(test.errors)) {
				t.Errorf("no error in %s: %v", test.errors, f.Errors)
			}
			for _, s := range report.Symbols {
				t.Errorf("nothing explains %s: %s", s, s.Change)
			}
		})
	}
}

// A schema under another name is one finding, and explains every symbol that is called otherwise.
func TestRenamedSchema(t *testing.T) {
	before := committed(t, "airbyte")
	after := before
	after.Name = "an altered document"
	after.Document = []byte(strings.NewReplacer(
		`"#/components/schemas/TagsResponse"`, `"#/components/schemas/TagList"`, `"TagsResponse":`, `"TagList":`,
	).Replace(string(before.Document)))
	report := compareSides(t, "airbyte", before, after)
	if len(report.Findings) != 1 || report.Findings[0].Kind != wire.SchemaRenamed || report.Findings[0].Level != wire.Compatible {
		t.Fatalf("findings: %s", report.Markdown())
	}
	if got := said(report.Findings[0]); !slices.Contains(got, "removed airbyteapi.TagsResponse") || !slices.Contains(got, "added airbyteapi.TagList") {
		t.Errorf("symbols: %q", got)
	}
	if len(report.Symbols) > 0 {
		t.Errorf("left over: %v", report.Symbols)
	}
}

// A change of our overlay changes Go symbols without a fact of the wire.
func TestOverlayAloneChangesSymbols(t *testing.T) {
	before := committed(t, "airbyte")
	after := before
	after.Overlay = slices.Concat(before.Overlay, []byte(
		"  - target: $.components.schemas.TagResponse.properties.name\n    update: {x-go-name: Title}\n"))
	report := compareSides(t, "airbyte", before, after)
	var names []string
	for _, s := range report.Symbols {
		names = append(names, s.Change+" "+s.String())
	}
	if len(report.Findings) != 0 || !slices.Contains(names, "removed airbyteapi.TagResponse.Name") {
		t.Errorf("findings %v, symbols %q", report.Findings, names)
	}
	if !slices.ContainsFunc(report.Errors, inFile("wrappers/airbyte/tag.go")) {
		t.Errorf("errors: %v", report.Errors)
	}
}

func TestNothingChanged(t *testing.T) {
	for _, service := range []string{"airbyte", "polytomic", "atlan"} {
		side := committed(t, service)
		report := compareSides(t, service, side, side)
		if !report.Empty() || !strings.Contains(report.Markdown(), "Nothing has changed") {
			t.Errorf("%s: %s", service, report.Markdown())
		}
	}
}

// The order of keys and the prose of a document change nothing, neither on the wire nor in Go.
func TestOrderAndProseAreNoChanges(t *testing.T) {
	before := committed(t, "airbyte")
	after := altered(t, before, func(d document) { // written with sorted keys
		d.schema("JobResponse")["description"] = "Something else."
		d.at("paths", "/jobs", "get")["summary"] = "Something else."
	})
	if string(after.Document) == string(before.Document) {
		t.Fatal("the document is as before")
	}
	report := compareSides(t, "airbyte", before, after)
	if !report.Empty() {
		t.Error(report.Markdown())
	}
}

// A document of which no code can be made is reported, with the facts of the wire.
func TestDocumentThatCannotBeGenerated(t *testing.T) {
	before := committed(t, "airbyte")
	report := compareSides(t, "airbyte", before, altered(t, before, func(d document) {
		d.at("components", "schemas", "TagResponse", "properties")["colour"] = object{"$ref": "#/components/schemas/Nowhere"}
	}))
	if report.NotGenerated == "" || !report.Breaking() || len(report.Findings) != 1 {
		t.Errorf("not generated %q, findings %d", report.NotGenerated, len(report.Findings))
	}
	if text := report.Markdown(); !strings.Contains(text, "Nowhere") || !strings.Contains(text, "No code can be generated") {
		t.Error(text)
	}
}

func TestSides(t *testing.T) {
	root := repository(t)
	if side, err := FromRevision(t.Context(), root, "airbyte", "HEAD"); err != nil || len(side.Document) == 0 || len(side.Configurations) != 3 {
		t.Errorf("HEAD: %v", err)
	}
	if _, err := FromRevision(t.Context(), root, "nobody", "HEAD"); !errors.Is(err, ErrNoDocument) {
		t.Errorf("a service that does not exist: %v", err)
	}
	for _, revision := range []string{"no-such-revision", "--output=/tmp/x", ""} {
		if _, err := FromRevision(t.Context(), root, "airbyte", revision); err == nil || !strings.Contains(err.Error(), "no revision") {
			t.Errorf("revision %q: %v", revision, err)
		}
	}
	if _, err := committed(t, "airbyte").WithDocument(filepath.Join(t.TempDir(), "missing.json")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that does not exist: %v", err)
	}
	broken := committed(t, "airbyte")
	broken.Document = []byte(`{"openapi": "3.0.3"`)
	if _, err := Compare(t.Context(), root, "airbyte", committed(t, "airbyte"), broken); err == nil || !strings.Contains(err.Error(), "not a JSON object") {
		t.Errorf("a truncated document: %v", err)
	}
}

func TestNormalNames(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[A-Za-z_. -]{0,20}`).Draw(t, "name")
		if normal(strings.ToUpper(name)) != normal(strings.ReplaceAll(name, "_", "-")) {
			t.Errorf("%q", name)
		}
	})
}

// docs/change-report-example.md is what the program says today. Lines of our own code move with every change of it, so their
// numbers are not compared. go test ./internal/changereport -run Example -update writes it again.
func TestExampleInTheDocuments(t *testing.T) {
	before := committed(t, "airbyte")
	report := compareSides(t, "airbyte", before, altered(t, before, func(d document) {
		d.rename("JobResponse", "jobType", "kind")
		d.remove("/tags/{tagId}", "delete")
		d.enumerate("JobStatusEnum", "paused")
		d.require("JobCreateRequest", "reason", object{"type": "string"})
		d.at("paths")["/jobs/{jobId}/pause"] = object{"post": object{
			"operationId": "pauseJob",
			"parameters":  []any{object{"name": "jobId", "in": "path", "required": true, "schema": object{"type": "integer", "format": "int64"}}},
			"responses": object{"200": object{"description": "", "content": object{
				"application/json": object{"schema": object{"$ref": "#/components/schemas/JobResponse"}},
			}}},
		}}
	}))
	got := report.Markdown()
	name := filepath.Join(repository(t), "docs", "change-report-example.md")
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	lines := regexp.MustCompile(`(\.(?:go|yaml)):\d+`)
	want := readFile(t, name)
	if diff := cmp.Diff(lines.ReplaceAllString(want, "$1:0"), lines.ReplaceAllString(got, "$1:0")); diff != "" {
		t.Errorf("docs/change-report-example.md is not what the program says (-file +program); "+
			"GOWORK=off go -C tools test ./internal/changereport -run Example -update writes it again:\n%s", diff)
	}
}
