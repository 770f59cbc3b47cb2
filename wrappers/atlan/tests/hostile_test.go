package tests_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/atlan"
	"github.com/sluice-sdk/sluice/wrappers/atlan/atlantest"
)

// calls are the calls that concern one asset, each by the operation that it needs.
func calls(guid, name string) map[string]func(context.Context, *atlan.Client) error {
	return map[string]func(context.Context, *atlan.Client) error{
		"getEntityByGuid": func(ctx context.Context, c *atlan.Client) error { _, err := c.Entity(ctx, guid); return err },
		"getEntityByUniqueAttribute": func(ctx context.Context, c *atlan.Client) error {
			_, err := c.Databases().Get(ctx, name)
			return err
		},
		"getEntitiesByGuids": func(ctx context.Context, c *atlan.Client) error {
			_, _, err := c.Entities(ctx, []string{guid})
			return err
		},
		"getEntitiesByUniqueAttribute": func(ctx context.Context, c *atlan.Client) error {
			_, _, err := c.Databases().GetMany(ctx, []string{name})
			return err
		},
		"deleteEntitiesByGuids": func(ctx context.Context, c *atlan.Client) error {
			_, err := c.Delete(ctx, atlan.DeleteHard, guid)
			return err
		},
		"bulkSaveEntities": func(ctx context.Context, c *atlan.Client) error {
			database, err := atlan.NewDatabase("NEW", "default/snowflake/1700000000")
			if err == nil {
				_, err = c.Save(ctx, database)
			}
			return err
		},
	}
}

// Whatever answers in the place of Atlan, the call ends with an error of this library's, and soon.
func TestS2HostileAnswers(t *testing.T) {
	for operation := range calls("", "") {
		for name, fault := range map[string]*atlantest.Fault{
			"page":           atlantest.HTML(operation, http.StatusOK),
			"broken JSON":    atlantest.InvalidJSON(operation),
			"JSON list":      atlantest.Status(operation, http.StatusOK, "[]"),
			"JSON text":      atlantest.Status(operation, http.StatusOK, `"x"`),
			"empty":          atlantest.Status(operation, http.StatusOK, ""),
			"no content":     atlantest.Status(operation, http.StatusNoContent, ""),
			"null entity":    atlantest.Status(operation, http.StatusOK, `{"entity":null,"entities":[null],"mutatedEntities":{"CREATE":[null],"DELETE":[7]}}`),
			"empty entity":   atlantest.Status(operation, http.StatusOK, `{"entity":{},"entities":[{}],"mutatedEntities":{"UPDATE":[{}]}}`),
			"other shapes":   atlantest.Status(operation, http.StatusOK, `{"entity":[],"entities":{},"mutatedEntities":[]}`),
			"elsewhere":      atlantest.Redirect(operation, "https://elsewhere.example/"),
			"three gigabyte": atlantest.Endless(operation, 3<<30),
			"unavailable":    atlantest.Maintenance(operation),
		} {
			if name == "three gigabyte" && operation != "getEntityByGuid" && operation != "bulkSaveEntities" {
				continue // it takes its time, and all read the same way
			}
			t.Run(operation+"/"+name, func(t *testing.T) {
				f := atlantest.New(t, atlantest.WithoutContract(), atlantest.Without(atlantest.RateLimited))
				f.AddConnection("snowflake", "C")
				client := clientOf(t, f, atlan.WithRetries(0))
				f.Fault(fault)
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				err := calls("5f3a1c9e-0b7d-4c55-9d0f-0a1b2c3d4e5f", "default/snowflake/1700000000/DB")[operation](t.Context(), client)
				runtime.ReadMemStats(&after)
				if _, typed := errors.AsType[*apierr.Error](err); !typed {
					t.Errorf("%v", err)
				}
				if used := after.TotalAlloc - before.TotalAlloc; used > 1<<30 {
					t.Errorf("%d MB were allocated", used>>20)
				}
			})
		}
	}
}

// An answer of success that says nothing of an asset is looked into: what is there was as it should be, what is not was not
// saved.
func TestT1SaveUnmentioned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, atlantest.WithoutContract())
		ctx, client := t.Context(), clientOf(t, f)
		_, connection := f.AddConnection("snowflake", "C")
		guid := addDatabase(f, connection, "DB")
		f.Fault(atlantest.Status("bulkSaveEntities", http.StatusOK, `{}`).Times(1))
		there, missing := must(atlan.NewDatabase("DB", connection))(t), must(atlan.NewDatabase("X", connection))(t)
		report, err := client.Save(ctx, there, missing)
		if !errors.Is(err, atlan.ErrLogic) || report.Items[0].Outcome != atlan.Unchanged || report.Items[0].GUID != guid || there.GUID != guid ||
			report.Items[1].Outcome != atlan.Unconfirmed || missing.GUID != "" {
			t.Errorf("%v, %+v", err, report)
		}
		if report := must(client.Save(ctx, there, missing))(t); report.Count(atlan.Created) != 1 {
			t.Errorf("%+v", report)
		}
	})
}

// Whatever a call waits for, it ends as soon as its context does.
func TestS3CancelledAnywhere(t *testing.T) {
	waits := map[string]struct {
		options []atlan.Option
		setUp   func(ctx context.Context, f *atlantest.Fake, client *atlan.Client)
		call    func(context.Context, *atlan.Client) error
	}{
		"an answer": {setUp: func(_ context.Context, f *atlantest.Fake, _ *atlan.Client) {
			f.Fault(atlantest.Stall("getEntityByGuid"))
		}},
		"a retry": {options: []atlan.Option{atlan.WithRetries(1000)},
			setUp: func(_ context.Context, f *atlantest.Fake, _ *atlan.Client) {
				f.Fault(atlantest.Maintenance("getEntityByGuid"))
			}},
		"the end of a block": {setUp: func(_ context.Context, f *atlantest.Fake, _ *atlan.Client) {
			f.Fault(atlantest.RateLimit("getEntityByGuid", ""))
		}},
		"the limit": {options: []atlan.Option{atlan.WithRequestsPerMinute(1)}, setUp: func(ctx context.Context, _ *atlantest.Fake, client *atlan.Client) {
			_, _ = client.Entity(ctx, "5f3a1c9e-0b7d-4c55-9d0f-0a1b2c3d4e5f")
		}},
		"permissions": {options: []atlan.Option{atlan.WithRetryForbidden(time.Hour)},
			setUp: func(_ context.Context, f *atlantest.Fake, _ *atlan.Client) {
				f.Fault(atlantest.Forbidden("getEntityByGuid"))
			}},
		"WaitForPermissions": {setUp: func(_ context.Context, f *atlantest.Fake, _ *atlan.Client) {
			f.Fault(atlantest.Forbidden("getEntityByUniqueAttribute"))
		},
			call: func(ctx context.Context, c *atlan.Client) error {
				return c.WaitForPermissions(ctx, "default/snowflake/1700000000")
			}},
		"a look-up": {setUp: func(_ context.Context, f *atlantest.Fake, _ *atlan.Client) {
			f.Fault(atlantest.ResetBefore("bulkSaveEntities"))
		},
			call: func(ctx context.Context, c *atlan.Client) error {
				domain, err := atlan.NewDataDomain("D")
				if err == nil {
					_, err = c.Save(ctx, domain)
				}
				return err
			}},
	}
	for name, wait := range waits {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t)
				client := clientOf(t, f, wait.options...)
				wait.setUp(t.Context(), f, client)
				call := wait.call
				if call == nil {
					call = calls("5f3a1c9e-0b7d-4c55-9d0f-0a1b2c3d4e5f", "")["getEntityByGuid"]
				}
				ctx, cancel := context.WithCancel(t.Context())
				const after = 5 * time.Second
				time.AfterFunc(after, cancel)
				began := time.Now()
				err := call(ctx, client)
				if took := time.Since(began) - after; took < 0 || took > 10*time.Millisecond || !errors.Is(err, context.Canceled) {
					t.Errorf("%v after the context: %v", took, err)
				}
			})
		})
	}
}

// A credential in an attribute is in no error about it, also when the service repeats what it was sent.
func TestS2CredentialInAttribute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const secret = "pl4nted-passw0rd"
		f := newFake(t, atlantest.WithoutContract())
		client := clientOf(t, f)
		f.Fault(atlantest.MetastoreError("bulkSaveEntities", http.StatusBadRequest, "ATLAS-400-00-029",
			"invalid: {password="+secret+"} in "+secret))
		e := atlan.NewEntity("Database")
		for name, value := range map[string]any{"name": "D", "qualifiedName": "default/snowflake/1700000000/D", "password": secret} {
			ok(t, e.SetAttribute(name, value))
		}
		_, err := client.Save(t.Context(), e)
		if err == nil {
			t.Fatal("no error")
		}
		for _, shown := range []string{err.Error(), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err)} {
			if strings.Contains(shown, secret) {
				t.Errorf("%s", shown)
			}
		}
	})
}
