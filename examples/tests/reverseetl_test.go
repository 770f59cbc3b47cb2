//go:build unix

package tests_test

import (
	"regexp"
	"strings"
	"syscall"
	"testing"
)

func TestReverseETLWithoutAnAccount(t *testing.T) {
	t.Parallel()
	stdout, _ := prepare(t, "reverseetl").run(t, 0)
	contains(t, stdout,
		"a fake Polytomic in this process", "\nsource: a postgresql connection, ", "\nwarehouse: a postgresql connection, ", "\ntarget: a postgresql connection, ",
		"\n  schema cache: fresh\n", "\n  bulk sync execution: completed, 1200 records\n", "\n  model sync execution: completed, 1200 records\n",
		": completed, 1200 records to contacts\n",
	)
	for _, schema := range []string{"orders", "users"} {
		if !regexp.MustCompile(`(?m)^  public\.` + schema + ` +600 records, 0 errors, 0 warnings$`).MatchString(stdout) {
			t.Errorf("no counts of %s:\n%s", schema, stdout)
		}
	}
}

// mine is a file of settings as somebody with an account writes it.
const mine = `{"source": {"type": "postgresql", "configuration": {"hostname": "db", "port": 5432, "database": "app", "username": "u", "password": "hunter2"}},
 "schemas": ["public.users"],
 "warehouse": {"type": "postgresql", "configuration": {"hostname": "db", "port": 5432, "database": "raw", "username": "u", "password": "hunter2"}},
 "destination": {"schema": "raw"}, "model": {"configuration": {"table": "public.users"}, "identifier": "id"},
 "target": {"type": "postgresql", "configuration": {"hostname": "db", "port": 5432, "database": "crm", "username": "u", "password": "hunter2"},
            "object": "contacts", "identity": {"field": "email", "target": "email"}, "fields": [{"field": "name", "target": "name"}]}}`

func polytomicAccount(t *testing.T, arguments ...string) []string {
	t.Helper()
	settings := serve(t, "polytomicfake", 5, arguments...)
	return []string{"POLYTOMIC_DEPLOYMENT_URL=" + settings["POLYTOMIC_DEPLOYMENT_URL"], "POLYTOMIC_API_KEY=" + settings["POLYTOMIC_API_KEY"]}
}

func TestReverseETLOnAService(t *testing.T) {
	t.Parallel()
	env := polytomicAccount(t, "-sync-takes", "1s", "-startup", "0s", "-cache-takes", "1s")
	stdout, _ := prepare(t, "reverseetl", "-settings", write(t, "mine.json", mine)).with(env...).run(t, 0)
	if !regexp.MustCompile(`(?m)^  public\.users +[1-9]\d* records, 0 errors, 0 warnings$`).MatchString(stdout) || strings.Contains(stdout, "public.orders") {
		t.Errorf("the counts of public.users, and nothing else, were to be shown:\n%s", stdout)
	}
	contains(t, stdout, " records to contacts\n")
	if strings.Contains(stdout, "fake") || strings.Contains(stdout, "hunter2") {
		t.Errorf("that must not be said:\n%s", stdout)
	}
}

// A run that ends as completed, with records that failed, is no success.
func TestReverseETLFailsOnRecordErrors(t *testing.T) {
	t.Parallel()
	env := polytomicAccount(t, "-sync-takes", "1s", "-startup", "0s", "-cache-takes", "1s", "-record-errors", "3")
	_, stderr := prepare(t, "reverseetl", "-settings", write(t, "mine.json", mine)).with(env...).run(t, 1)
	oneLine(t, stderr, "reverseetl", "3 ", "error")
}

func TestReverseETLInterrupted(t *testing.T) {
	t.Parallel()
	env := polytomicAccount(t, "-sync-takes", "1h", "-startup", "0s", "-cache-takes", "1s")
	call := prepare(t, "reverseetl", "-settings", write(t, "mine.json", mine)).with(env...).start(t)
	call.waitFor(t, "bulk sync execution: running")
	call.signal(t, syscall.SIGINT)
	stdout, stderr := call.end(t, 1)
	oneLine(t, stderr, "reverseetl", "stopped waiting", "bulk sync execution", "interrupt signal received")
	if strings.Contains(stdout, "completed") {
		t.Errorf("the sync was over:\n%s", stdout)
	}
}

func TestReverseETLRefuses(t *testing.T) {
	for _, c := range []struct {
		name      string
		arguments []string
		code      int
		want      []string
	}{
		{"missing settings", []string{"-settings", "gone.json"}, 1, []string{"gone.json: no such file"}},
		{"settings that are no JSON", []string{"-settings", write(t, "a.json", "{")}, 1, []string{"a.json: ", "EOF"}},
		{"a setting that is none", []string{"-settings", write(t, "b.json", strings.Replace(mine, `"schemas"`, `"schema"`, 1))}, 1, []string{"b.json: ", `"schema"`}},
		{"settings without a key", []string{"-settings", write(t, "c.json", mine)}, 1, []string{"POLYTOMIC_API_KEY"}},
		{"a file without -settings", []string{"mine.json"}, 2, []string{`"mine.json"`, "-settings"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			stdout, stderr := prepare(t, "reverseetl", c.arguments...).run(t, c.code)
			oneLine(t, stderr, "reverseetl", c.want...)
			if stdout != "" {
				t.Errorf("it printed %s", stdout)
			}
		})
	}
}
