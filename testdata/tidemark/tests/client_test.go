package tests_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"example.com/tidemark"
	"example.com/tidemark/tidemarkapi"
	"example.com/tidemark/tidemarktest"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/job"
	"github.com/sluice-sdk/sluice/wrappers/servicetest"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// All calls share a token, which is replaced before it ends and when the service takes it no more.
func TestTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := tidemarktest.New(t, nil)
		client := fake.Client()
		list := func() {
			t.Helper()
			for _, err := range client.Databases(t.Context()) {
				if err != nil {
					t.Error(err)
				}
			}
		}
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(list)
		}
		wg.Wait()
		if n := fake.Log().Count("createToken"); n != 1 {
			t.Errorf("%d tokens for 20 calls", n)
		}
		<-time.After(9*time.Minute + 50*time.Second) // 10 s before its end
		list()
		fake.ForgetTokens()
		list()
		if n := fake.Log().Count("createToken"); n != 3 {
			t.Errorf("%d tokens, want 3: one more for the one that would end soon and for the one that was refused", n)
		}
	})
}

func TestListsComeWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := tidemarktest.New(t, nil)
		var want []string
		for range 55 {
			want = append(want, fake.AddDatabase(tidemarktest.Plan{}))
		}
		client := fake.Client()
		fake.Fault(servicetest.Truncate("listDatabases", 30).After(1).Once(), servicetest.RateLimit("listDatabases", "7").After(2).Once())
		began := time.Now()
		var got []string
		for database, err := range client.Databases(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, database.ID)
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %d databases: %q", len(got), got)
		}
		if took := time.Since(began); took < 7*time.Second || took > 10*time.Second {
			t.Errorf("the list took %s, want what the service asked to wait for", took)
		}

		for range 3 {
			if _, err := client.RunBackup(t.Context(), want[0]); err != nil {
				t.Fatal(err)
			}
		}
		var ids []string
		for backup, err := range client.Backups(t.Context(), want[0]) {
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, backup.ID)
		}
		if !slices.Equal(ids, []string{"b-3", "b-2", "b-1"}) {
			t.Errorf("the backups are %q", ids)
		}
	})
}

// What cannot be right is an error before the network is touched.
func TestBadInput(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := tidemarktest.New(t, nil)
		client := fake.Client()
		ctx := t.Context()
		for _, id := range []string{"", "..", "a/b", "https://tidemark.example/backups/1", "a b"} {
			_, start := client.StartBackup(ctx, id)
			_, run := client.RunBackup(ctx, id)
			_, read := client.Backup(ctx, id)
			var list error
			for _, list = range client.Backups(ctx, id) {
				break
			}
			for _, err := range []error{start, run, read, list} {
				if !errors.Is(err, apierr.ErrInvalid) {
					t.Errorf("%q: %v", id, err)
				}
			}
		}
		for _, c := range []struct{ base, id, secret string }{
			{"", "id", "secret"}, {"ftp://tidemark.example", "id", "secret"}, {"https://user:hunter2@tidemark.example", "id", "secret"},
			{"https://tidemark.example", "", "secret"}, {"https://tidemark.example", "id", ""},
		} {
			if _, err := tidemark.New(c.base, c.id, c.secret); !errors.Is(err, apierr.ErrInvalid) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%+v: %v", c, err)
			}
		}
		if _, err := tidemark.New("https://tidemark.example", "id", "secret", transport.WithTimeout(-1)); !errors.Is(err, apierr.ErrInvalid) {
			t.Error(err)
		}
		var none job.Token
		if _, err := client.Resume(none); !errors.Is(err, job.ErrTokenInvalid) {
			t.Error(err)
		}
		if n := fake.Log().Total(); n != 0 {
			t.Errorf("%d requests were sent", n)
		}
	})
}

func TestErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := tidemarktest.New(t, nil)
		client := fake.Client()
		database := fake.AddDatabase(tidemarktest.Plan{})
		if _, err := client.StartBackup(t.Context(), "db-99"); !errors.Is(err, apierr.ErrNotFound) {
			t.Error(err)
		}
		if _, err := client.Backup(t.Context(), "b-99"); !errors.Is(err, apierr.ErrNotFound) {
			t.Error(err)
		}
		if _, err := client.StartBackup(t.Context(), database); err != nil {
			t.Fatal(err)
		}
		_, err := client.StartBackup(t.Context(), database)
		e, ok := errors.AsType[*apierr.Error](err)
		if !ok || !errors.Is(err, tidemark.ErrBackupRunning) || !errors.Is(err, apierr.ErrConflict) {
			t.Fatal(err)
		}
		if e.Service != "tidemark" || e.Operation != "createBackup" || e.Code != "backup_running" || e.Status != http.StatusConflict || e.MayHaveApplied {
			t.Errorf("%+v", e)
		}
		// The gate before the service is closed: nothing was done, so that even a start is repeated.
		fake.Fault(servicetest.Status("createBackup", http.StatusServiceUnavailable, `{"code":"maintenance","message":"back soon"}`).Times(2))
		if _, err := client.StartBackup(t.Context(), fake.AddDatabase(tidemarktest.Plan{})); err != nil {
			t.Error(err)
		}
		// While it stays closed, an error is certain that nothing was started.
		fake.Fault(servicetest.Status("createBackup", http.StatusServiceUnavailable, `{"code":"maintenance","message":"back soon"}`))
		_, err = client.StartBackup(t.Context(), fake.AddDatabase(tidemarktest.Plan{}))
		if e, ok := errors.AsType[*apierr.Error](err); !ok || e.Code != "maintenance" || e.MayHaveApplied {
			t.Errorf("%+v", err)
		}
	})
}

// However the service fails, no error shows a secret: the client's, a token, or one in an answer.
func TestNoSecretInErrors(t *testing.T) {
	const inAnswer = "hunter2-planted"
	body := `{"code":"broken","message":"cannot reach postgres://app:` + inAnswer + `@db","password":"` + inAnswer + `"}`
	for name, fault := range map[string]*servicetest.Fault{
		"token refused":  servicetest.Status("createToken", http.StatusUnauthorized, body),
		"token not JSON": servicetest.InvalidJSON("createToken"),
		"start refused":  servicetest.Status("createBackup", http.StatusUnprocessableEntity, body),
		"start lost":     servicetest.ResetAfterBody("createBackup"),
		"start broken":   servicetest.InvalidJSON("createBackup"),
		"start echoed": servicetest.NewFault("createBackup", func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
			w.WriteHeader(http.StatusForbidden)
			_, _ = fmt.Fprintf(w, `{"code":"denied","message":"no: %s"}`, r.Header.Get("Authorization"))
		}),
		"a page":     servicetest.HTML("createBackup", http.StatusBadGateway),
		"sent away":  servicetest.Redirect("createBackup", "https://elsewhere.example/?token="+inAnswer),
		"all is bad": servicetest.Status("*", http.StatusInternalServerError, body),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fake := tidemarktest.New(t, nil)
				var log strings.Builder
				client := fake.Client(transport.WithLogger(slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))))
				fake.Fault(fault)
				_, err := client.RunBackup(t.Context(), fake.AddDatabase(tidemarktest.Plan{}))
				if err == nil || fault.Strikes() == 0 {
					t.Fatalf("no error after %d strikes", fault.Strikes())
				}
				text := fmt.Sprintf("%v %+v %#v %s %v", err, err, err, log.String(), client.Raw().ClientInterface)
				if e, ok := errors.AsType[*apierr.Error](err); ok {
					text += string(e.Body())
				}
				for _, secret := range []string{tidemarktest.ClientSecret, "tm-token-", inAnswer} {
					if strings.Contains(text, secret) {
						t.Errorf("%q is in %s", secret, text)
					}
				}
			})
		})
	}
}

// A request or an answer that the document does not allow fails the test, or is seen by who tolerates it.
func TestContractIsChecked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var violations []string
		fake := tidemarktest.New(t, func(v *servicetest.Violation) bool {
			violations = append(violations, v.Operation+" "+v.Parameter)
			return true
		})
		answer, err := fake.Client().Raw().ListBackups(context.WithoutCancel(t.Context()), &tidemarkapi.ListBackupsParams{Limit: new(1000)})
		if err := transport.Discard(answer, err); err != nil {
			t.Error(err)
		}
		if !slices.Equal(violations, []string{"listBackups query limit"}) {
			t.Errorf("violations: %q", violations)
		}
	})
}
