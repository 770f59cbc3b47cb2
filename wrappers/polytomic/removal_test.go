package polytomic

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// T1: a deletion whose answer was lost is no failure when what was to be deleted is gone then, and one of what was never
// there is, for everything that can be deleted.
func TestT1DeletionsWhoseAnswerIsLost(t *testing.T) {
	deletions := map[string]func(context.Context, *Client) error{
		"deleteBulkSync":         func(ctx context.Context, c *Client) error { return c.BulkSync("x").Delete(ctx) },
		"deleteBulkSyncSchedule": func(ctx context.Context, c *Client) error { return c.BulkSync("x").DeleteSchedule(ctx, "s") },
		"deleteSchemaField":      func(ctx context.Context, c *Client) error { return c.Connection("x").DeleteField(ctx, "s", "f") },
		"deleteConnection":       func(ctx context.Context, c *Client) error { return c.Connection("x").Delete(ctx) },
		"deleteModel":            func(ctx context.Context, c *Client) error { return c.Model("x").Delete(ctx) },
		"deleteUser":             func(ctx context.Context, c *Client) error { return c.DeleteUser(ctx, "x") },
		"deleteOrganization":     func(ctx context.Context, c *Client) error { return c.Organization("x").Delete(ctx) },
		"deletePartnerUser":      func(ctx context.Context, c *Client) error { return c.Organization("x").DeleteUser(ctx, "u") },
		"deletePolicy":           func(ctx context.Context, c *Client) error { return c.DeletePolicy(ctx, "x") },
		"deleteRole":             func(ctx context.Context, c *Client) error { return c.DeleteRole(ctx, "x") },
		"deleteModelSync":        func(ctx context.Context, c *Client) error { return c.ModelSync("x").Delete(ctx) },
		"deleteWebhook":          func(ctx context.Context, c *Client) error { return c.Webhook("x").Delete(ctx) },
	}
	lost, absent := func(call) reply { return reply{fail: errReset} }, status(404, `{"message":"not found","status":404}`)
	page := func(call) reply {
		return reply{status: 404, body: "<html></html>", header: map[string]string{"Content-Type": "text/html"}}
	}
	for _, r := range routeTable {
		if r.method != http.MethodDelete || r.id == "resetSchemaPrimaryKeys" { // which puts something else in the place
			continue
		}
		remove := deletions[r.id]
		if remove == nil {
			t.Errorf("%s is not tried", r.id)
			continue
		}
		for name, tt := range map[string]struct {
			answers []script
			tries   int
			is      error
			maybe   bool
		}{
			"lost":               {[]script{lost, absent}, 2, nil, false},
			"a gateway's":        {[]script{status(502, ""), absent}, 2, nil, false},
			"boom":               {[]script{status(500, `{"message":"boom","status":500}`), absent}, 2, nil, false},
			"a gateway's page":   {[]script{status(502, ""), page, absent}, 3, nil, false},
			"never there":        {[]script{absent}, 1, apierr.ErrNotFound, false},
			"behind a gateway":   {[]script{page}, 1, apierr.ErrNotFound, false},
			"lost, then refused": {[]script{lost, status(403, `{"message":"no","status":403}`)}, 2, apierr.ErrPermissionDenied, true},
		} {
			synctest.Test(t, func(t *testing.T) {
				client, a := scripted(t, map[string]script{r.id: inTurn(tt.answers...)})
				err := remove(t.Context(), client)
				if (err == nil) != (tt.is == nil) || !errors.Is(err, tt.is) || mayHaveApplied(err) != tt.maybe || len(a.asked(r.id)) != tt.tries {
					t.Errorf("%s, %s: %d tries, %v", r.id, name, len(a.asked(r.id)), err)
				}
			})
		}
	}
}

// RequireVersion: a deletion that another version carried out is still reported as that, and not sent again.
func TestT1DeletionInAnotherVersion(t *testing.T) {
	client, a := scripted(t, map[string]script{"deleteRole": func(call) reply {
		return reply{header: map[string]string{versionHeader: "2024-02-08"}}
	}}, RequireVersion())
	err := client.DeleteRole(t.Context(), "x")
	if _, ok := errors.AsType[*VersionMismatchError](err); !ok || !mayHaveApplied(err) || len(a.asked("")) != 1 {
		t.Errorf("%d requests, %v", len(a.asked("")), err)
	}
}
