package polytomic

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-sdk/sluice/gen/polytomicapi"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// T3: the raw client has the same credentials, version, keys and errors; headers of the caller's own, a time for one call
// and a log that shows no secret.
func TestT3Raw(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		client, a := scripted(t, map[string]script{
			"createConnection": ok(data(`{"id":"c1","configuration":{"password":"********"}}`)), "getEntity": status(404, `{"message":"no such entity","status":404}`),
		}, WithLogger(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))), WithTransport(transport.WithHeader("X-Team", "data")))
		resp, err := client.Raw().CreateConnectionWithResponse(t.Context(), polytomicapi.CreateConnectionRequestSchema{Name: "n", Type: "postgresql",
			Configuration: map[string]any{"password": "hunter2-hunter2"}},
			func(_ context.Context, req *http.Request) error { req.Header.Set("X-Extra", "1"); return nil })
		if err != nil || resp.StatusCode() != http.StatusOK || *resp.JSON200.Data.ID != "c1" || !strings.Contains(string(resp.Body), "c1") {
			t.Fatalf("%v, %v", resp, err)
		}
		sent := a.calls[0].header
		if sent.Get("X-Extra") != "1" || sent.Get("X-Team") != "data" || sent.Get(versionHeader) != Version || sent.Get("Authorization") == "" || a.calls[0].key() == "" {
			t.Errorf("sent %v", sent)
		}
		if _, err := client.Raw().GetEntity(t.Context(), "x"); !errors.Is(err, apierr.ErrNotFound) {
			t.Errorf("%v", err)
		}
		a.latency = time.Hour
		began := time.Now()
		ctx := transport.WithCallTimeout(t.Context(), time.Second)
		if _, err := client.Raw().GetIdentity(ctx); !errors.Is(err, apierr.ErrTimeout) || time.Since(began) > time.Minute {
			t.Errorf("%v after %s", err, time.Since(began))
		}
		for _, secret := range []string{"hunter2", "user-key-0123456789", "Bearer"} {
			if strings.Contains(log.String(), secret) {
				t.Errorf("the log shows %q:\n%s", secret, log.String())
			}
		}
		if !strings.Contains(log.String(), "createConnection") {
			t.Errorf("the log does not name the call:\n%s", log.String())
		}
	})
}

// S6: a handle serves any number of goroutines, which share one request.
func TestS6Concurrency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, a := scripted(t, map[string]script{
			"getBulkSync": ok(data(bulkSync)), "getModelSync": ok(data(`{"id":"m","name":"m"}`)), "getModel": ok(data(`{"id":"mo"}`)), "getConnection": ok(data(`{"id":"c","name":"c"}`)),
		})
		a.latency = time.Second
		b, m, mo, c := client.BulkSync("b"), client.ModelSync("m"), client.Model("mo"), client.Connection("c")
		var group sync.WaitGroup
		for range 50 {
			group.Go(func() {
				for _, f := range []func() error{
					func() error { _, err := b.Info(t.Context()); return err }, func() error { _, err := m.Name(t.Context()); return err },
					func() error { _, err := mo.Info(t.Context()); return err }, func() error { _, err := c.Name(t.Context()); return err },
				} {
					if err := f(); err != nil {
						t.Error(err)
					}
				}
			})
		}
		group.Wait()
		if n := len(a.asked("")); n != 4 {
			t.Errorf("%d requests, want 4", n)
		}
		// A failed load is not remembered, and what one caller changes others do not see.
		info, err := b.Info(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		info.Name = nil
		if name, err := b.Name(t.Context()); err != nil || name != "old" {
			t.Errorf("%q, %v", name, err)
		}
	})
}
