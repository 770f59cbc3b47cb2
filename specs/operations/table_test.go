package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const petDocument = `{
  "openapi": "3.0.3", "info": {"title": "pets", "version": "1"},
  "paths": {
    "/pets/{id}": {
      "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "string"}}],
      "get": {"operationId": "getPet", "responses": {"200": {"description": "", "content": {"application/json": {}}}, "404": {"description": ""}}},
      "put": {"operationId": "putPet", "responses": {"200": {"$ref": "#/components/responses/Pet"}}},
      "delete": {"operationId": "deletePet", "responses": {"204": {"description": ""}}},
      "patch": {"operationId": "patchPet", "x-accepts-idempotency-key": true, "responses": {"200": {"$ref": "#/components/responses/Pet"}}}
    },
    "/pets": {
      "post": {"operationId": "createPet", "responses": {"200": {"$ref": "#/components/responses/Pet"}, "202": {"description": ""}}},
      "get": {"operationId": "listPets", "responses": {"200": {"description": "", "content": {"text/event-stream": {}}}}}
    },
    "/callback": {"get": {"operationId": "callback", "responses": {"302": {"description": ""}}}},
    "/photo": {"get": {"operationId": "getPhoto", "responses": {"200": {"description": "", "content": {"*/*": {}}}}}}
  },
  "components": {"responses": {"Pet": {"description": "", "content": {"application/json": {}}}}}
}`

// petOverlay returns an overlay with the given actions.
func petOverlay(actions string) string {
	return "overlay: 1.1.0\ninfo: {title: pets, version: 1.0.0}\nactions:\n" + actions
}

func TestTable(t *testing.T) {
	operations, err := table([]byte(petDocument), []byte(petOverlay(`
  # Exchanges a one-time code.
  - target: $.paths['/callback'].get
    update: {x-sluice: {safety: unsafe}}
  # The kennel is slow to answer.
  - target: $.paths['/pets'].post
    update:
      x-sluice: {timeout: 90s}
`)))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, o := range operations {
		got = append(got, o.String())
	}
	want := []string{
		"GET /callback callback unsafe content=none",
		"GET /pets listPets safe content=text/event-stream",
		"POST /pets createPet unsafe timeout=90s content=application/json,none",
		"DELETE /pets/{id} deletePet idempotent content=none",
		"GET /pets/{id} getPet safe",
		"PATCH /pets/{id} patchPet unsafe idempotency-key=Idempotency-Key",
		"PUT /pets/{id} putPet idempotent",
		"GET /photo getPhoto safe content=*",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestTableRefuses(t *testing.T) {
	mark := func(target, fields string) string {
		return fmt.Sprintf("  # There is a reason for this.\n  - target: %s\n    update: {x-sluice: {%s}}\n", target, fields)
	}
	tests := map[string]struct{ actions, want string }{
		"no reason":         {"  - target: $.paths['/pets'].post\n    update: {x-sluice: {safety: safe}}\n", "comment"},
		"reason too far":    {"  # There is a reason for this.\n\n  - target: $.paths['/pets'].post\n    update: {x-sluice: {safety: safe}}\n", "comment"},
		"reason too short":  {"  # TODO why\n  - target: $.paths['/pets'].post\n    update: {x-sluice: {safety: safe}}\n", "comment"},
		"safe delete":       {mark("$.paths['/pets/{id}'].delete", "safety: safe"), "not one a DELETE can have"},
		"safe put":          {mark("$.paths['/pets/{id}'].put", "safety: safe"), "not one a PUT can have"},
		"safe patch":        {mark("$.paths['/pets/{id}'].patch", "safety: safe"), "not one a PATCH can have"},
		"unknown safety":    {mark("$.paths['/pets'].post", "safety: harmless"), "harmless"},
		"unknown field":     {mark("$.paths['/pets'].post", "safety: safe, retries: 3"), "retries"},
		"empty mark":        {mark("$.paths['/pets'].post", ""), "says nothing"},
		"timeout no unit":   {mark("$.paths['/pets'].post", "timeout: 90"), "90"},
		"timeout negative":  {mark("$.paths['/pets'].post", "timeout: -1s"), "-1s"},
		"timeout a day":     {mark("$.paths['/pets'].post", "timeout: 24h"), "24h"},
		"marked twice":      {strings.Repeat(mark("$.paths['/pets'].post", "safety: safe"), 2), "twice"},
		"mark not alone":    {"  # There is a reason for this.\n  - target: $.paths['/pets'].post\n    update: {summary: Create, x-sluice: {safety: safe}}\n", "stands alone"},
		"mark on a path":    {"  # There is a reason for this.\n  - target: $.paths['/pets']\n    update: {post: {x-sluice: {safety: safe}}}\n", "belongs in the overlay"},
		"mark on all":       {mark("$.paths.*.post", "safety: safe"), "on one operation"},
		"mark on no method": {mark("$.paths['/pets/{id}'].parameters[0]", "safety: safe"), "on one operation"},
		"target missing":    {mark("$.paths['/dogs'].post", "safety: safe"), "did not match"},
		"fix missing":       {"  - target: $.paths['/pets'].put\n    update: {summary: Put}\n", "did not match"},
		"fix does nothing":  {"  - target: $.paths['/pets'].post\n    update: {operationId: createPet}\n", "does nothing"},
		"misspelt action":   {"  - target: $.paths['/pets'].post\n    updates: {summary: Create}\n", "updates"},
		"same id":           {"  - target: $.paths['/pets'].get\n    update: {operationId: createPet}\n", "createPet"},
		"id with a space":   {"  - target: $.paths['/pets'].get\n    update: {operationId: list pets}\n", "list pets"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := table([]byte(petDocument), []byte(petOverlay(test.actions)))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one that says %q", err, test.want)
			}
		})
	}

	marked := strings.Replace(petDocument, `"operationId": "createPet"`, `"operationId": "createPet", "x-sluice": {"safety": "safe"}`, 1)
	if _, err := table([]byte(marked), []byte(petOverlay("  - target: $.info\n    update: {description: pets}\n"))); err == nil {
		t.Error("a mark in the document itself is accepted")
	}
}

// The committed tables are what the command writes.
func TestCommittedTables(t *testing.T) {
	root := os.DirFS(filepath.Join("..", ".."))
	for _, service := range []string{"airbyte", "polytomic", "atlan"} {
		from, out := "specs/"+service, "gen/"+service+"api/operations.gen.go"
		operations, err := read(root, from)
		if err != nil {
			t.Errorf("%s: %v", service, err)
			continue
		}
		want, err := source(from, out, operations)
		if err != nil {
			t.Fatal(err)
		}
		got, err := fs.ReadFile(root, out)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s: run go generate: -want +committed\n%s", service, diff)
		}
	}
}

// The command writes what it should, where it should, and leaves a file that is right alone.
func TestGenerate(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"specs/pets/openapi.json": petDocument,
		"specs/pets/overlay.yaml": petOverlay("  - target: $.info\n    update: {description: pets}\n"),
		"gen/petsapi/old.gen.go":  "",
	} {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = root.Close() }()

	if err := generate(root, "specs/pets", "gen/petsapi/operations.gen.go"); err != nil {
		t.Fatal(err)
	}
	text, err := root.ReadFile("gen/petsapi/operations.gen.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"DO NOT EDIT.\n\npackage petsapi\n", "const Operations = `GET /callback callback safe content=none\n", "\nGET /photo getPhoto safe content=*`\n"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the file does not contain %q:\n%s", want, text)
		}
	}

	past := time.Unix(1e9, 0)
	if err := root.Chtimes("gen/petsapi/operations.gen.go", past, past); err != nil {
		t.Fatal(err)
	}
	if err := generate(root, "specs/pets", "gen/petsapi/operations.gen.go"); err != nil {
		t.Fatal(err)
	}
	info, err := root.Stat("gen/petsapi/operations.gen.go")
	if err != nil {
		t.Fatal(err)
	}
	if !info.ModTime().Equal(past) {
		t.Error("a file that was right was written again")
	}
	if err := generate(root, "specs/dogs", "gen/petsapi/operations.gen.go"); err == nil {
		t.Error("a folder without a document is no error")
	}
}
