package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/sluice-sdk/sluice/tools/vendorspec/document"
	"github.com/sluice-sdk/sluice/tools/vendorspec/normal"
	"github.com/sluice-sdk/sluice/tools/vendorspec/origin"
)

// A request is one call of the program.
type request struct {
	specs   string // the folder specs/
	service string
	from    string // a file or URL
	source  string // where the document is from, for the lock; "" to let from say it
	version string // the version of the document; "" to let it say it
}

// A taken document is what came of a request.
type taken struct {
	file          string // below specs/, such as airbyte/openapi.json
	before, after []byte // the committed document, nil for the first one, and the new one
	entry         entry
	locked        bool // the lock was changed
	notes         []string
}

func (t taken) changed() bool { return !bytes.Equal(t.before, t.after) }

var serviceName = regexp.MustCompile(`^[a-z][a-z0-9]{0,31}$`)

// take reads a published document, brings it into the normal form and writes it with its lock. On an error nothing is
// changed.
func take(ctx context.Context, r request) (_ taken, err error) {
	if !serviceName.MatchString(r.service) {
		return taken{}, fmt.Errorf("%q is not the name of a service: lower-case letters and digits", r.service)
	}
	if r.from == "" {
		return taken{}, errors.New("no document is given")
	}
	f, err := openFolder(r.specs)
	if err != nil {
		return taken{}, err
	}
	defer func() { err = errors.Join(err, f.close()) }()
	lockText, err := f.read("lock.json")
	if err != nil {
		return taken{}, err
	}
	l := lock{}
	if lockText != nil {
		if l, err = readLock(lockText); err != nil {
			return taken{}, err
		}
	}

	t, published, err := normalise(ctx, f, r)
	if err != nil {
		return taken{}, err
	}
	if err := t.enter(r, l.find(t.file), published); err != nil {
		return taken{}, err
	}
	newLock, err := l.with(t.entry).text()
	if err != nil {
		return taken{}, err
	}
	t.locked = l.find(t.file) == nil || *l.find(t.file) != t.entry
	var changes []change
	if t.changed() {
		changes = append(changes, change{t.file, t.after})
	}
	if t.locked {
		changes = append(changes, change{"lock.json", newLock})
	}
	return t, f.write(changes)
}

// published says where a document was read, and which version it says it has.
type published struct {
	place   string
	local   bool
	version string
	commit  string
}

// normalise reads the document and brings it into the normal form.
func normalise(ctx context.Context, f *folder, r request) (_ taken, _ published, err error) {
	from, err := origin.Open(r.from)
	if err != nil {
		return taken{}, published{}, err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	rulesText, err := f.read(r.service + "/vendor.yaml")
	if err != nil {
		return taken{}, published{}, err
	}
	rules, err := normal.ReadRules(rulesText)
	if err != nil {
		return taken{}, published{}, fmt.Errorf("%s/vendor.yaml: %w", r.service, err)
	}

	budget := document.DefaultBudget()
	text, err := from.Read(ctx, from.Entry(), budget.Bytes)
	if err != nil {
		return taken{}, published{}, err
	}
	if err := budget.TakeBytes(int64(len(text))); err != nil {
		return taken{}, published{}, err
	}
	var p published
	p.place, p.local = from.Public()
	root, err := document.Read(text, budget)
	if err != nil {
		return taken{}, published{}, fmt.Errorf("%s: %w", p.place, err)
	}

	t := taken{file: r.service + "/openapi.json"}
	if normal.IsTypedefs(root) {
		t.file = r.service + "/typedefs.json"
	}
	if t.before, err = f.read(t.file); err != nil {
		return taken{}, published{}, err
	}
	var committed any
	if t.before != nil {
		if committed, err = document.Read(t.before, document.DefaultBudget()); err != nil {
			committed = nil
			t.notes = append(t.notes, fmt.Sprintf("specs/%s cannot be read (%v): its order is not kept", t.file, err))
		}
	}

	var result normal.Result
	if normal.IsTypedefs(root) {
		result, err = normal.Typedefs(ctx, root, committed, r.version)
	} else {
		result, err = normal.OpenAPI(ctx, normal.Input{
			Name: from.Entry(), Document: root, Source: from, Budget: budget, Rules: rules, Committed: committed, Version: r.version,
		})
	}
	if err != nil {
		return taken{}, published{}, err
	}
	t.after = document.Print(result.Document, rules.Indent)
	p.version = result.Version
	commit, _ := document.At(result.Document, "/info/x-upstream-commit")
	p.commit, _ = commit.(string)
	for _, note := range result.Notes {
		t.notes = append(t.notes, note.String())
	}
	t.notes = append(t.notes, lost(committed, result.Document, rules.Extensions)...)
	return t, p, nil
}

// lost names the extensions that the committed document has and the new one has not: what was found out by reading
// upstream's code, and is not in the document that upstream publishes.
func lost(before, after any, extensions []string) []string {
	var notes []string
	was, is := map[string]int{}, map[string]int{}
	countNames(before, was)
	countNames(after, is)
	for _, name := range extensions {
		if was[name] > 0 && is[name] < was[name] {
			notes = append(notes, fmt.Sprintf("%s is there %d times, before it was %d: what relies on it is to be looked at", name, is[name], was[name]))
		}
	}
	return notes
}

func countNames(v any, counts map[string]int) {
	switch v := v.(type) {
	case *document.Object:
		for _, m := range v.Members() {
			if strings.HasPrefix(m.Name, "x-") {
				counts[m.Name]++
			}
			countNames(m.Value, counts)
		}
	case []any:
		for _, e := range v {
			countNames(e, counts)
		}
	}
}

// enter fills the entry of the lock. A document that did not change keeps what is recorded about it, unless the request
// says otherwise.
func (t *taken) enter(r request, recorded *entry, p published) error {
	t.entry = entry{Service: r.service, File: t.file, Version: p.version, SHA256: checksum(t.after)}
	if !strings.HasSuffix(t.file, "/typedefs.json") {
		var err error
		if t.entry.Generator, err = generator(r.specs); err != nil {
			return err
		}
	}
	switch {
	case r.source != "":
		t.entry.Source = r.source
	case recorded != nil && recorded.SHA256 == t.entry.SHA256:
		t.entry.Source = recorded.Source
	default:
		t.entry.Source = p.place
		if p.commit != "" {
			t.entry.Source += " at " + p.commit
		}
		if p.local {
			t.notes = append(t.notes, fmt.Sprintf("lock.json records %q as the source: say where the file is from with SOURCE='…'", t.entry.Source))
		}
	}
	return nil
}

var generatorVersion = regexp.MustCompile(`(?m)^\s*(?:require\s+)?github\.com/oapi-codegen/oapi-codegen/v2 (v\S+)`)

// generator is the version of the generator that the root module pins.
func generator(specs string) (string, error) {
	text, err := os.ReadFile(filepath.Join(specs, "..", "go.mod"))
	if err != nil {
		return "", err
	}
	match := generatorVersion.FindSubmatch(text)
	if match == nil {
		return "", errors.New("go.mod of the root does not require oapi-codegen")
	}
	return "oapi-codegen " + string(match[1]), nil
}
