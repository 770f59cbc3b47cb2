//go:build unix

package tests_test

import (
	"crypto/rand"
	"database/sql"
	"encoding/csv"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the destination of a connection

	"github.com/sluice-sdk/sluice/wrappers/airbyte"
)

// examples is the folder that make demo runs in.
const examples = ".."

// tables are the rows that a run of quickstart printed, by sync, the line of names first; each row as its words.
func tables(stdout, after string) [][]string {
	var all [][]string
	var rows []string
	within := false
	for line := range strings.Lines(stdout) {
		line = strings.TrimRight(line, "\n")
		switch {
		case strings.Contains(line, " succeeded in "):
			within, rows = true, nil
		case strings.HasSuffix(line, after):
			all, within = append(all, rows), false
		case within:
			rows = append(rows, strings.Join(strings.Fields(line), " "))
		}
	}
	return all
}

// records reads one of the repository's CSV files, its first line left out.
func records(t *testing.T, name string) [][]string {
	t.Helper()
	file, err := os.Open(filepath.Join("..", "..", "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	all, err := csv.NewReader(file).ReadAll()
	if err != nil || len(all) < 2 {
		t.Fatalf("%s has %d lines: %v", name, len(all), err)
	}
	return all[1:]
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func firstWords(rows []string) []string {
	var words []string
	for _, row := range rows {
		word, _, _ := strings.Cut(row, " ")
		words = append(words, word)
	}
	return words
}

// What make demo shows: a sync of everything, and a second one whose rows are the new and changed ones.
func TestQuickstartWithoutAnAccount(t *testing.T) {
	t.Parallel()
	stdout, _ := prepare(t, "quickstart").in(examples).run(t, 0)

	before := records(t, "users.csv")
	var fresh []string // the ids of the rows that the next day brings
	for _, row := range records(t, "users_update.csv") {
		if !slices.ContainsFunc(before, func(old []string) bool { return slices.Equal(old, row) }) {
			fresh = append(fresh, row[0])
		}
	}
	got := tables(stdout, " rows of users were loaded by this sync")
	if len(got) != 2 {
		t.Fatalf("%d syncs were shown, want 2:\n%s", len(got), stdout)
	}
	const shown = 10
	if want := fmt.Sprintf("… and %d more", len(before)-shown); len(got[0]) != 1+shown+1 || got[0][1+shown] != want {
		t.Errorf("the first sync shows %d lines, want a line of names, %d rows and %q:\n%s", len(got[0]), shown, want, stdout)
	}
	if got[0][0] != "id name email country signup_date updated_at" || got[0][1] != "1 Amina Yusuf amina.yusuf@example.com NG 2026-01-05 2026-01-06 10:08:33" {
		t.Errorf("the first sync's table begins with\n%s\n%s", got[0][0], got[0][1])
	}
	ids := firstWords(got[1][1:])
	slices.Sort(ids)
	slices.Sort(fresh)
	if !slices.Equal(ids, fresh) {
		t.Errorf("the second sync shows the rows %v, want %v", ids, fresh)
	}
	contains(t, stdout, fmt.Sprintf("\n%d rows of users were loaded", len(before)), fmt.Sprintf("\n%d rows of users were loaded", len(fresh)))

	// On a pipe, progress is a line a change. A machine that is busy may miss the states between the first and the last.
	for _, job := range []string{"1001", "1002"} {
		at := 0
		for _, state := range []string{"pending\n", "succeeded, "} {
			line := "\njob " + job + ": " + state
			i := strings.Index(stdout[at:], line)
			if i < 0 {
				t.Fatalf("%q does not come after %q:\n%s", line, stdout[:at], stdout)
			}
			at += i + 1
		}
	}
	lines := strings.Split(stdout, "\n")
	if slices.ContainsFunc(lines, func(line string) bool {
		return strings.HasPrefix(line, "job ") && slices.Index(lines, line) != len(lines)-1-slices.Index(reversed(lines), line)
	}) {
		t.Errorf("a line of progress is there twice:\n%s", stdout)
	}
}

func reversed(lines []string) []string {
	lines = slices.Clone(lines)
	slices.Reverse(lines)
	return lines
}

func TestQuickstartReadsAFile(t *testing.T) {
	for _, c := range []struct {
		name, file, text, stream string
		first, second            []string
	}{
		{
			"csv", "people.csv", "id,name,updated_at\n1,Ada,2026-01-01T10:00:00Z\n2,Bo,2026-01-02T10:00:00Z\n", "people",
			[]string{"id name updated_at", "1 Ada 2026-01-01 10:00:00", "2 Bo 2026-01-02 10:00:00"}, nil,
		},
		{
			"csv without a cursor, in capitals", "PARTS.CSV", "part,price\nbolt,0.5\nnut,\n", "PARTS",
			[]string{"part price", "bolt 0.5", "nut"}, []string{"part price", "bolt 0.5", "nut"},
		},
		{
			"jsonl", "orders.jsonl", `{"id":1,"to":{"city":"Oslo"},"note":"a\tb\nc\u001b[31m","updated_at":"2026-01-01T10:00:00Z"}` + "\n" +
				`{"id":2,"updated_at":"2026-01-02T10:00:00Z"}` + "\n", "orders",
			[]string{"id to note updated_at", `1 {"city":"Oslo"} a b c [31m 2026-01-01 10:00:00`, "2 2026-01-02 10:00:00"}, nil,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			stdout, _ := prepare(t, "quickstart", "-file", write(t, c.file, c.text)).run(t, 0)
			got := tables(stdout, " rows of "+c.stream+" were loaded by this sync")
			if len(got) != 2 || !slices.Equal(got[0], c.first) || !slices.Equal(got[1], c.second) {
				t.Errorf("got %q, want %q and then %q", got, c.first, c.second)
			}
			contains(t, stdout, "The file has not changed")
		})
	}
}

func TestQuickstartRefuses(t *testing.T) {
	folder := t.TempDir()
	for _, c := range []struct {
		name      string
		arguments []string
		env       string
		code      int
		want      []string
	}{
		{"a missing file", []string{"-file", "gone.csv"}, "", 1, []string{"gone.csv: no such file"}},
		{"a folder", []string{"-file", folder}, "", 1, []string{folder + " is a folder"}},
		{"a foreign format", []string{"-file", write(t, "a.xlsx", "PK")}, "", 1, []string{"a.xlsx does not end with .csv or .jsonl"}},
		{"no samples here", nil, "", 1, []string{"inside of the repository", "-file"}},
		{"a file without -file", []string{"my.csv"}, "", 2, []string{`"my.csv"`, "-file"}},
		{"a file for the real service", []string{"-file", "my.csv"}, "AIRBYTE_CONNECTION_ID=c", 1, []string{"-file", "AIRBYTE_CONNECTION_ID"}},
		{"no credentials", nil, "AIRBYTE_CONNECTION_ID=c", 1, []string{"AIRBYTE_CLIENT_ID"}},
		{"broken JSON", []string{"-file", write(t, "b.jsonl", "{\"a\": 1}\n{\"a\":")}, "", 1, []string{"b.jsonl, record 2"}},
		{"an empty file", []string{"-file", write(t, "c.csv", "")}, "", 1, []string{"c.csv has no records"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			call := prepare(t, "quickstart", c.arguments...)
			if c.env != "" {
				call.with(c.env)
			}
			stdout, stderr := call.run(t, c.code)
			oneLine(t, stderr, "quickstart", c.want...)
			if strings.Contains(stdout, "job ") {
				t.Errorf("a sync was started:\n%s", stdout)
			}
		})
	}
}

// Ctrl-C and the signal of a service manager end the program at once, and nothing is left of it: the sync would take minutes.
func TestQuickstartInterrupted(t *testing.T) {
	var text strings.Builder
	text.WriteString("id,name\n")
	for id := range 20_000 {
		fmt.Fprintf(&text, "%d,somebody\n", id)
	}
	file := write(t, "many.csv", text.String())
	for name, signal := range map[string]syscall.Signal{"interrupt": syscall.SIGINT, "terminated": syscall.SIGTERM} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			call := prepare(t, "quickstart", "-file", file).start(t)
			call.waitFor(t, ": running, ")
			call.signal(t, signal)
			stdout, stderr := call.end(t, 1)
			oneLine(t, stderr, "quickstart", "stopped waiting", "sync 1001", name+" signal received")
			if strings.Contains(stdout, "succeeded") {
				t.Errorf("the sync was over:\n%s", stdout)
			}
		})
	}
}

// account is a fake Airbyte in another process, as the environment of a program and as a client.
type account struct {
	env       []string
	workspace *airbyte.Workspace
}

func openAccount(t *testing.T, arguments ...string) account {
	t.Helper()
	settings := serve(t, "airbytefake", 4, arguments...)
	client, err := airbyte.New(airbyte.WithOrigin(settings["AIRBYTE_API_URL"]),
		airbyte.WithClientCredentials(settings["AIRBYTE_CLIENT_ID"], settings["AIRBYTE_CLIENT_SECRET"]))
	if err != nil {
		t.Fatal(err)
	}
	a := account{workspace: client.Workspace(settings["AIRBYTE_WORKSPACE_ID"])}
	for name, value := range settings {
		a.env = append(a.env, name+"="+value)
	}
	return a
}

// connect makes a connection of a file of three people with a destination.
func (a account) connect(t *testing.T, kind string, configuration map[string]any, mode airbyte.SyncMode) *airbyte.Connection {
	t.Helper()
	file := write(t, "people.csv", "id,name,updated_at\n1,Ada,2026-01-01T10:00:00Z\n2,Bo,2026-01-02T10:00:00Z\n3,Chidi,2026-01-03T10:00:00Z\n")
	source, err := a.workspace.CreateSource(t.Context(), airbyte.SourceSpec{Name: "people", Type: "file", Configuration: map[string]any{
		"dataset_name": "people", "url": file, "format": "csv", "provider": map[string]any{"storage": "local"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	destination, err := a.workspace.CreateDestination(t.Context(), airbyte.DestinationSpec{Name: "warehouse", Type: kind, Configuration: configuration})
	if err != nil {
		t.Fatal(err)
	}
	spec := airbyte.ConnectionSpec{Name: "people", SourceID: source.ID(), DestinationID: destination.ID(), Streams: []airbyte.StreamSelection{{Name: "people", SyncMode: mode}}}
	if mode == airbyte.IncrementalAppend {
		spec.Streams[0].CursorField = []string{"updated_at"}
	}
	connection, err := a.workspace.CreateConnection(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	return connection
}

// The same program on a service elsewhere: the connection is run twice, and where the destination's database is known each
// sync's own rows come back, also when the table holds more.
func TestQuickstartOnAService(t *testing.T) {
	a := openAccount(t)
	people := []string{"id name updated_at", "1 Ada 2026-01-01 10:00:00", "2 Bo 2026-01-02 10:00:00", "3 Chidi 2026-01-03 10:00:00"}
	t.Run("a destination that is not known", func(t *testing.T) {
		t.Parallel()
		connection := a.connect(t, "duckdb", map[string]any{"destination_path": filepath.Join(t.TempDir(), "w.duckdb")}, airbyte.IncrementalAppend)
		stdout, _ := prepare(t, "quickstart").with(a.env...).with("AIRBYTE_CONNECTION_ID="+connection.ID()).run(t, 0)
		contains(t, stdout, "QUICKSTART_DESTINATION is not set", ": 3 rows, ", ": 0 rows, ", connection.ID())
		if strings.Contains(stdout, "fake") || strings.Contains(stdout, "were loaded") {
			t.Errorf("that is not what happened:\n%s", stdout)
		}
	})
	dsn := os.Getenv("SLUICE_TEST_POSTGRES")
	switch dsn {
	case "":
		t.Fatal("SLUICE_TEST_POSTGRES is not set: `make test` starts a PostgreSQL and sets it; set it to off to leave PostgreSQL out")
	case "off":
		t.Log("LEFT OUT: PostgreSQL, because SLUICE_TEST_POSTGRES is off")
		return
	}
	for _, c := range []struct {
		mode   airbyte.SyncMode
		second []string
		loaded string
	}{
		{airbyte.IncrementalAppend, nil, "\n0 rows of people were loaded"},
		{airbyte.FullRefreshAppend, people, "\n3 rows of people were loaded"},
	} {
		t.Run("PostgreSQL, "+string(c.mode), func(t *testing.T) {
			t.Parallel()
			connection := a.connect(t, "postgres", postgres(t, dsn), c.mode)
			stdout, _ := prepare(t, "quickstart").with(a.env...).with("AIRBYTE_CONNECTION_ID="+connection.ID(), "QUICKSTART_DESTINATION="+dsn).run(t, 0)
			got := tables(stdout, " rows of people were loaded by this sync")
			if len(got) != 2 || !slices.Equal(got[0], people) || !slices.Equal(got[1], c.second) {
				t.Errorf("got %q, want %q and then %q", got, people, c.second)
			}
			contains(t, stdout, "\n3 rows of people were loaded", c.loaded)
		})
	}
	t.Run("wrong credentials", func(t *testing.T) {
		t.Parallel()
		_, stderr := prepare(t, "quickstart").with(a.env...).with("AIRBYTE_CLIENT_SECRET=hunter2-wrong", "AIRBYTE_CONNECTION_ID=c").run(t, 1)
		oneLine(t, stderr, "quickstart", "40")
		if strings.Contains(stderr, "hunter2") {
			t.Errorf("the secret is in the error: %s", stderr)
		}
	})
}

// An interrupt ends the program, not the sync of the service, which the message says.
func TestQuickstartInterruptedOnAService(t *testing.T) {
	t.Parallel()
	a := openAccount(t, "-commit-pause", "1h")
	connection := a.connect(t, "duckdb", map[string]any{"destination_path": filepath.Join(t.TempDir(), "w.duckdb")}, airbyte.IncrementalAppend)
	call := prepare(t, "quickstart").with(a.env...).with("AIRBYTE_CONNECTION_ID=" + connection.ID()).start(t)
	call.waitFor(t, ": running")
	call.signal(t, syscall.SIGINT)
	_, stderr := call.end(t, 1)
	oneLine(t, stderr, "quickstart", "stopped waiting", "the job goes on", connection.ID())
	sync, err := connection.LatestSync(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if status, err := sync.Status(t.Context()); err != nil || status != airbyte.JobRunning {
		t.Errorf("the sync is %s (%v), want running", status, err)
	}
}

// postgres is the configuration of a destination with a schema of its own, which is dropped at the end.
func postgres(t *testing.T, dsn string) map[string]any {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal("SLUICE_TEST_POSTGRES is not a URL")
	}
	password, _ := u.User.Password()
	port, _ := strconv.Atoi(u.Port())
	schema := "quickstart_" + strings.ToLower(rand.Text())
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := db.Exec(`DROP SCHEMA IF EXISTS "` + schema + `" CASCADE`); err != nil {
			t.Error(err)
		}
		_ = db.Close()
	})
	return map[string]any{
		"host": u.Hostname(), "port": port, "database": strings.TrimPrefix(u.Path, "/"), "schema": schema,
		"username": u.User.Username(), "password": password,
	}
}

// make demo itself: a relative FILE counts from where make was started.
func TestMakeDemo(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	file, err := filepath.Rel(root, write(t, "cities.csv", "city,country\nOslo,NO\n"))
	if err != nil {
		t.Fatal(err)
	}
	stdout, _ := prepareCommand(t, "make", "demo", "FILE="+file).in(root).run(t, 0)
	contains(t, stdout, "it reads cities.csv", "Oslo  NO", "1 rows of cities were loaded by this sync")
}
