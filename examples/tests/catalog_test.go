//go:build unix

package tests_test

import (
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/sluice-sdk/sluice/gen/atlanassets/field"
	"github.com/sluice-sdk/sluice/wrappers/atlan"
)

// found is what a run that goes well prints after its connection.
const found = `
11 assets created in 4 requests
table daily_revenue  VERIFIED  -
table orders         draft     One row an order, as the shop wrote it #Catalog example
from orders
  1  Process sum up the day
  1  Table daily_revenue
`

func TestCatalogWithoutAnAccount(t *testing.T) {
	t.Parallel()
	stdout, _ := prepare(t, "catalog").run(t, 0)
	contains(t, stdout, "a fake Atlan in this process", "\nconnection: default/postgres/", found, "\npurged: 12\n")
}

// tenant is a fake Atlan in another process, as the environment of a program and as a client.
func tenant(t *testing.T, arguments ...string) (env []string, client *atlan.Client) {
	t.Helper()
	settings := serve(t, "atlanfake", 4, arguments...)
	client, err := atlan.New(atlan.WithBaseURL(settings["ATLAN_BASE_URL"]), atlan.WithAPIKey(settings["ATLAN_API_KEY"]))
	if err != nil {
		t.Fatal(err)
	}
	return []string{"ATLAN_BASE_URL=" + settings["ATLAN_BASE_URL"], "ATLAN_API_KEY=" + settings["ATLAN_API_KEY"]}, client
}

// assets counts what there is of the connection that a run made, itself included.
func assets(t *testing.T, client *atlan.Client, stdout string) int {
	t.Helper()
	match := regexp.MustCompile(`(?m)^connection: (\S+)$`).FindStringSubmatch(stdout)
	if match == nil {
		t.Fatalf("no connection was made:\n%s", stdout)
	}
	n := 0
	for _, err := range client.Search(field.ConnectionQualifiedName.Eq(match[1])).All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}

func TestCatalogOnATenant(t *testing.T) {
	t.Parallel()
	env, client := tenant(t, "-search-takes", "100ms", "-permissions-take", "1s", "-assets", "30")
	stdout, _ := prepare(t, "catalog", "-admin", "admin").with(env...).run(t, 0)
	contains(t, stdout, found, "\npurged: 12\n")
	if n := assets(t, client, stdout); n != 0 || strings.Contains(stdout, "fake") {
		t.Errorf("%d assets were left:\n%s", n, stdout)
	}
	stdout, _ = prepare(t, "catalog", "-admin", "admin", "-keep").with(env...).run(t, 0)
	contains(t, stdout, found)
	if n := assets(t, client, stdout); n < 11 || strings.Contains(stdout, "purged") {
		t.Errorf("%d assets were kept:\n%s", n, stdout)
	}
}

// The permissions of the new connection take long, so the batch waits, and after the interrupt the purge; nothing is left.
func TestCatalogInterrupted(t *testing.T) {
	t.Parallel()
	env, client := tenant(t, "-search-takes", "0s", "-permissions-take", "10s")
	call := prepare(t, "catalog", "-admin", "admin").with(env...).start(t)
	call.waitFor(t, "connection: ")
	call.signal(t, syscall.SIGINT)
	stdout, stderr := call.end(t, 1)
	oneLine(t, stderr, "catalog", "interrupt signal received")
	contains(t, stdout, "purged: 1\n")
	if n := assets(t, client, stdout); n != 0 {
		t.Errorf("%d assets were left:\n%s", n, stdout)
	}
}

func TestCatalogRefuses(t *testing.T) {
	for _, c := range []struct {
		name      string
		arguments []string
		env       []string
		code      int
		want      string
	}{
		{"a tenant without an admin", nil, []string{"ATLAN_BASE_URL=https://acme.atlan.com", "ATLAN_API_KEY=k"}, 1, "-admin"},
		{"a tenant without a key", []string{"-admin", "jane"}, []string{"ATLAN_BASE_URL=https://acme.atlan.com"}, 1, "ATLAN_API_KEY"},
		{"a stray argument", []string{"jane"}, nil, 2, `"jane"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			stdout, stderr := prepare(t, "catalog", c.arguments...).with(c.env...).run(t, c.code)
			oneLine(t, stderr, "catalog", c.want)
			if stdout != "" {
				t.Errorf("it printed %s", stdout)
			}
		})
	}
}
