package stability

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// released is a repository in small: a public package, a generated one, one for tests only, an internal one, a command, and
// a nested module that imports the root.
func released() map[string]string {
	return map[string]string{
		"go.mod": "module example.com/pets\n\ngo 1.26.0\n",
		"CHANGELOG.md": "# Changelog\n\n## Unreleased\n\n### Breaking changes\n\n- `pets.Old` is gone.\n\n" +
			"## v0.2.0 - 2026-01-01\n\n### Breaking changes\n\n- `pets.Client.Feed` is gone (`pets.Kind`, too).\n",
		"wrappers/pets/pets.go": `// Package pets is public.
package pets

import "context"

type Client struct{ Name string }

func (c *Client) Feed(ctx context.Context) error { return ctx.Err() }

type Box[T any] struct{ Value T }

func (b Box[T]) Open() T { return b.Value }

type Kind string

const Cat Kind = "cat"
`,
		"wrappers/pets/internal/food/food.go": "package food\n\nfunc Cook() {}\n",
		"wrappers/pets/tests/tests.go":        "package tests\n\nfunc Helper() {}\n",
		"wrappers/zoo/zoo.go":                 "package zoo\n\nfunc Open() {}\n",
		"gen/petsapi/types.gen.go":            "package petsapi\n\ntype Pet struct{ Name string }\n",
		"cmd/pets/main.go":                    "package main\n\nfunc main() {}\n",
		"wrappers/nested/go.mod": "module example.com/pets/wrappers/nested\n\ngo 1.26.0\n\n" +
			"require example.com/pets v0.0.0\n\nreplace example.com/pets => ../..\n",
		"wrappers/nested/nested.go": "package nested\n\nimport \"example.com/pets/wrappers/pets\"\n\nfunc Wrap(c *pets.Client) *pets.Client { return c }\n",
		"tools/go.mod":              "module example.com/pets/tools\n\ngo 1.26.0\n",
		"tools/tool.go":             "package tools\n\nfunc Tool() {}\n",
	}
}

// repository makes a git repository with one commit of the files, tagged if a tag is given.
func repository(t *testing.T, files map[string]string, tag string) string {
	t.Helper()
	dir := t.TempDir()
	for name, value := range map[string]string{
		"GIT_CONFIG_GLOBAL": os.DevNull, "GIT_CONFIG_SYSTEM": os.DevNull,
		"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.com", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.com",
	} {
		t.Setenv(name, value)
	}
	write(t, dir, files)
	run(t, dir, "init", "-q", "-b", "main")
	commit(t, dir)
	if tag != "" {
		run(t, dir, "tag", tag)
	}
	return dir
}

func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		full := filepath.Join(dir, filepath.FromSlash(name))
		if text == "" {
			if err := os.Remove(full); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := os.MkdirAll(filepath.Dir(full), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func run(t *testing.T, dir string, args ...string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "git", args...)
	command.Dir = dir
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, output)
	}
}

func commit(t *testing.T, dir string) {
	t.Helper()
	run(t, dir, "add", "-A")
	run(t, dir, "commit", "-q", "--allow-empty", "-m", "a commit")
}

func TestCheck(t *testing.T) {
	pets := released()["wrappers/pets/pets.go"]
	log := func(sections string) string { return "# Changelog\n\n" + sections + "\n## v0.2.0 - 2026-01-01\n" }
	for _, test := range []struct {
		name     string
		tag      string
		alter    map[string]string // files by name; an empty one is removed
		changes  []string          // those that are not compatible, with "announced" behind those that are
		problems []string          // the beginning of each
	}{
		{name: "nothing"},
		{
			name: "compatible",
			alter: map[string]string{
				"wrappers/pets/pets.go": pets + "\nfunc New() *Client { return &Client{} }\n",
				"wrappers/new/new.go":   "package new\n\nfunc New() {}\n",
			},
		},
		{
			name:     "a method is gone",
			alter:    map[string]string{"wrappers/pets/pets.go": strings.Replace(pets, "Feed(", "Nourish(", 1)},
			changes:  []string{"pets.Client.Feed: removed"},
			problems: []string{"pets.Client.Feed: removed; CHANGELOG.md does not announce it"},
		},
		{
			name: "announced",
			alter: map[string]string{
				"wrappers/pets/pets.go": strings.Replace(pets, "Feed(", "Nourish(", 1),
				"CHANGELOG.md":          log("## Unreleased\n\n### Breaking changes\n\n- Use `Nourish` in place of `pets.Client.Feed`.\n\n### Improvements\n"),
			},
			changes: []string{"pets.Client.Feed: removed, announced"},
		},
		{
			name: "the type is announced, with its generic method",
			alter: map[string]string{
				"wrappers/pets/pets.go": strings.Replace(pets, "Open()", "Unpack()", 1),
				"CHANGELOG.md":          log("## v0.3.0 - 2026-02-01\n\n### Breaking changes\n\n- `pets.Box` opens otherwise.\n"),
			},
			changes: []string{"pets.Box.Open: removed, announced"},
		},
		{
			name: "named elsewhere than among the breaking changes",
			alter: map[string]string{
				"wrappers/pets/pets.go": strings.Replace(pets, "Feed(", "Nourish(", 1),
				"CHANGELOG.md":          log("## Unreleased\n\n- `pets.Client.Feed` is gone.\n\n### Breaking changes\n\n- Something.\n\n### Fixes\n\n- `pets.Client.Feed`\n"),
			},
			changes:  []string{"pets.Client.Feed: removed"},
			problems: []string{"pets.Client.Feed: removed; CHANGELOG.md does not announce it"},
		},
		{
			name: "a patch release",
			alter: map[string]string{
				"wrappers/pets/pets.go": strings.Replace(pets, "Feed(", "Nourish(", 1),
				"CHANGELOG.md":          log("## v0.2.1 - 2026-02-01\n\n### Breaking changes\n\n- `pets.Client.Feed`.\n"),
			},
			changes:  []string{"pets.Client.Feed: removed, announced"},
			problems: []string{"pets.Client.Feed: removed; v0.2.1 is a patch release"},
		},
		{
			name: "after v1",
			tag:  "v1.4.0",
			alter: map[string]string{
				"wrappers/pets/pets.go": strings.Replace(pets, "Feed(", "Nourish(", 1),
				"CHANGELOG.md":          "## Unreleased\n\n### Breaking changes\n\n- `pets.Client.Feed`.\n\n## v1.4.0\n",
			},
			changes:  []string{"pets.Client.Feed: removed, announced"},
			problems: []string{"pets.Client.Feed: removed; after v1 nothing breaks"},
		},
		{
			name: "a package is gone",
			alter: map[string]string{
				"wrappers/zoo/zoo.go": "",
			},
			changes:  []string{"example.com/pets/wrappers/zoo: package removed"},
			problems: []string{"example.com/pets/wrappers/zoo: package removed; CHANGELOG.md does not announce it"},
		},
		{
			name: "a package is gone, announced",
			alter: map[string]string{
				"wrappers/zoo/zoo.go": "",
				"CHANGELOG.md":        log("## Unreleased\n\n### Breaking changes\n\n- `wrappers/zoo` was never of use.\n"),
			},
			changes: []string{"example.com/pets/wrappers/zoo: package removed, announced"},
		},
		{
			name:     "a nested module",
			alter:    map[string]string{"wrappers/nested/nested.go": "package nested\n\nimport \"example.com/pets/wrappers/pets\"\n\nfunc Wrap(c pets.Client) pets.Client { return c }\n"},
			changes:  []string{"nested.Wrap: changed from func(*example.com/pets/wrappers/pets.Client) *example.com/pets/wrappers/pets.Client to func(example.com/pets/wrappers/pets.Client) example.com/pets/wrappers/pets.Client"},
			problems: []string{"nested.Wrap: changed from"},
		},
		{
			name: "what users do not import",
			alter: map[string]string{
				"wrappers/pets/internal/food/food.go": "package food\n",
				"wrappers/pets/tests/tests.go":        "package tests\n",
				"cmd/pets/main.go":                    "package main\n\nfunc main() { println() }\n",
				"tools/tool.go":                       "package tools\n",
				"wrappers/pets/pets_test.go":          "package pets\n",
			},
		},
		{
			name:  "generated code",
			alter: map[string]string{"gen/petsapi/types.gen.go": "package petsapi\n\ntype Pet struct{ Title string }\n"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			tag := test.tag
			if tag == "" {
				tag = "v0.2.0"
			}
			dir := repository(t, released(), tag)
			run(t, dir, "tag", "wrappers/nested/v9.0.0") // the tag of a nested module is not the release
			commit(t, dir)
			write(t, dir, test.alter)
			result, err := Check(t.Context(), dir)
			if err != nil {
				t.Fatal(err)
			}
			if result.Tag != tag {
				t.Errorf("compared with %q", result.Tag)
			}
			var changes []string
			for _, c := range result.Changes {
				if !c.Compatible {
					line := c.Name() + ": " + c.Text
					if c.Announced {
						line += ", announced"
					}
					changes = append(changes, line)
				}
			}
			if diff := cmp.Diff(test.changes, changes); diff != "" {
				t.Errorf("incompatible changes (-want +got):\n%s", diff)
			}
			if len(result.Problems) != len(test.problems) {
				t.Errorf("problems: %q, want %q", result.Problems, test.problems)
			} else {
				for i, want := range test.problems {
					if !strings.HasPrefix(result.Problems[i], want) {
						t.Errorf("problem %q, want %q…", result.Problems[i], want)
					}
				}
			}
			if test.name == "generated code" && (len(result.Generated) != 2 || !strings.Contains(result.Text(), "petsapi.Pet.Name: removed")) {
				t.Errorf("generated: %v\n%s", result.Generated, result.Text())
			}
			if test.name == "compatible" && len(result.Changes) != 2 {
				t.Errorf("changes: %v", result.Changes)
			}
		})
	}
}

func TestComparedPackages(t *testing.T) {
	dir := repository(t, released(), "v0.2.0")
	result, err := Check(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"example.com/pets/gen/petsapi", "example.com/pets/wrappers/nested", "example.com/pets/wrappers/pets", "example.com/pets/wrappers/zoo",
	}
	if diff := cmp.Diff(want, result.Compared); diff != "" {
		t.Errorf("compared (-want +got):\n%s", diff)
	}
}

func TestNoTag(t *testing.T) {
	dir := repository(t, released(), "")
	run(t, dir, "tag", "wrappers/nested/v1.0.0")
	run(t, dir, "tag", "version-one")
	result, err := Check(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if result.Tag != "" || len(result.Compared) > 0 || !strings.HasPrefix(result.Text(), "NOTHING WAS COMPARED") {
		t.Errorf("%+v\n%s", result, result.Text())
	}
}

// A shallow clone has no tags, which is said.
func TestShallowClone(t *testing.T) {
	origin := repository(t, released(), "v0.2.0")
	commit(t, origin)
	clone := filepath.Join(t.TempDir(), "clone")
	run(t, origin, "clone", "-q", "--depth=1", "--no-tags", "file://"+origin, clone)
	result, err := Check(t.Context(), clone)
	if err != nil {
		t.Fatal(err)
	}
	if !result.Shallow || result.Tag != "" || !strings.Contains(result.Text(), "--unshallow") {
		t.Errorf("%+v\n%s", result, result.Text())
	}
}

// The highest version counts, not the nearest tag, and only what HEAD can reach.
func TestLastTag(t *testing.T) {
	dir := repository(t, released(), "v0.9.0")
	run(t, dir, "tag", "v0.10.0")
	run(t, dir, "tag", "v0.10.0-rc.1")
	run(t, dir, "switch", "-q", "-c", "other")
	commit(t, dir)
	run(t, dir, "tag", "v0.11.0")
	run(t, dir, "switch", "-q", "main")
	result, err := Check(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if result.Tag != "v0.10.0" {
		t.Errorf("compared with %s", result.Tag)
	}
}

// Code that does not compile has an API that nobody knows.
func TestCodeThatDoesNotCompile(t *testing.T) {
	dir := repository(t, released(), "v0.2.0")
	write(t, dir, map[string]string{"wrappers/pets/pets.go": "package pets\n\nfunc New() Nowhere\n"})
	if _, err := Check(t.Context(), dir); err == nil || !strings.Contains(err.Error(), "does not compile") {
		t.Error(err)
	}
}
