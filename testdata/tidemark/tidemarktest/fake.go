// Package tidemarktest is a fake Tidemark for tests: in memory, under virtual time, with faults on demand, and held to the
// OpenAPI document in every exchange.
package tidemarktest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/go-chi/chi/v5"

	"example.com/tidemark"
	"example.com/tidemark/spec"
	"example.com/tidemark/tidemarkapi"
	"example.com/tidemark/tidemarkserver"
	"github.com/sluice-sdk/sluice/wrappers/servicetest"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// The credentials that the fake takes.
const (
	ClientID     = "client-1"
	ClientSecret = "tm-secret-6b1f0c9d2e" //nolint:gosec // it opens nothing but this fake
)

// queued is how long a backup waits before it runs.
const queued = 2 * time.Second

// tokenLife is how long a token is good.
const tokenLife = 10 * time.Minute

// Fake is a fake Tidemark. It is a [servicetest.Fake]: faults, the log of requests and ports come from there.
type Fake struct {
	*servicetest.Fake

	mu        sync.Mutex
	tokens    map[string]time.Time // when they end
	issued    int
	databases []tidemarkapi.Database
	plans     map[string]Plan
	backups   []*backup // the oldest first
	keys      map[string]*backup
}

// Plan is what becomes of the backups of a database.
type Plan struct {
	// Takes is how long a backup runs. Default: a minute.
	Takes time.Duration
	// Fails is why it fails at its end; nil when it succeeds.
	Fails *tidemarkapi.Failure
	// Status is a status that the backup has instead of running, such as one that the document does not know.
	Status tidemarkapi.BackupStatus
	// Parallel lets several backups of the database run at once.
	Parallel bool
}

type backup struct {
	id, database string
	created      time.Time
	canceled     time.Time
	plan         Plan
}

// document is parsed once per program.
var document = sync.OnceValues(func() (*servicetest.Document, error) {
	return servicetest.LoadDocument(spec.Document, spec.Overlay)
})

// New returns a fake on an in-memory network, which closes when the test ends. What the document does not allow fails the
// test, unless it is tolerated (nil tolerates nothing). In a bubble of testing/synctest, call it in the bubble.
func New(tb servicetest.TB, tolerate func(*servicetest.Violation) bool) *Fake {
	tb.Helper()
	d, err := document()
	f := &Fake{tokens: map[string]time.Time{}, plans: map[string]Plan{}, keys: map[string]*backup{}}
	strict := tidemarkserver.NewStrictHandlerWithOptions(handlers{f}, []tidemarkserver.StrictMiddlewareFunc{f.authorized},
		tidemarkserver.StrictHTTPServerOptions{RequestErrorHandlerFunc: writeBadRequest, ResponseErrorHandlerFunc: writeError})
	f.Fake = servicetest.NewFake(tidemarkserver.HandlerFromMux(strict, chi.NewRouter()), servicetest.FakeOptions{
		Options: servicetest.Options{Document: d, Route: servicetest.BasePath("/v1")}, TB: tb, Tolerate: tolerate,
	})
	return servicetest.Started(tb, f, err)
}

// Client returns a client of the fake.
func (f *Fake) Client(opts ...transport.Option) *tidemark.Client {
	client, err := tidemark.New(f.URL()+"/v1", ClientID, ClientSecret, append([]transport.Option{transport.WithRoundTripper(f.Transport())}, opts...)...)
	if err != nil {
		panic(err) // the options are the test's
	}
	return client
}

// AddDatabase adds a database whose backups go as planned, and returns its id.
func (f *Fake) AddDatabase(plan Plan) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	id := "db-" + strconv.Itoa(len(f.databases)+1)
	f.databases = append(f.databases, tidemarkapi.Database{ID: id, Name: "database " + id})
	if plan.Takes == 0 {
		plan.Takes = time.Minute
	}
	f.plans[id] = plan
	return id
}

// Backups returns the backups of a database as they are now, the oldest first.
func (f *Fake) Backups(database string) []tidemarkapi.Backup {
	f.mu.Lock()
	defer f.mu.Unlock()
	var list []tidemarkapi.Backup
	for _, b := range f.backups {
		if b.database == database {
			list = append(list, b.now())
		}
	}
	return list
}

// ForgetTokens makes all tokens bad, as a restart of the service does.
func (f *Fake) ForgetTokens() {
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.tokens)
}

// now is the backup as the service would give it.
func (b *backup) now() tidemarkapi.Backup {
	answer := tidemarkapi.Backup{ID: b.id, DatabaseID: b.database, CreatedAt: b.created.UTC(), Status: tidemarkapi.BackupStatusQueued}
	started := b.created.Add(queued)
	ends := started.Add(b.plan.Takes)
	canceled := !b.canceled.IsZero() && b.canceled.Before(ends)
	if canceled {
		ends = b.canceled
	}
	now := time.Now()
	if now.Before(started) && !canceled {
		return answer
	}
	if started.Before(ends) {
		answer.StartedAt = started.UTC()
	}
	if now.Before(ends) {
		answer.Status = tidemarkapi.BackupStatusRunning
		if b.plan.Status != "" {
			answer.Status = b.plan.Status
		}
		return answer
	}
	answer.FinishedAt = ends.UTC()
	switch {
	case canceled:
		answer.Status = tidemarkapi.BackupStatusCanceled
	case b.plan.Fails != nil:
		answer.Status, answer.Failure = tidemarkapi.BackupStatusFailed, b.plan.Fails
	default:
		answer.Status, answer.Bytes = tidemarkapi.BackupStatusSucceeded, new(int64(b.plan.Takes/time.Second)<<20)
	}
	return answer
}

// problem is an error answer.
type problem struct {
	status int
	code   string
	text   string
}

func (p problem) Error() string { return p.text }

func writeError(w http.ResponseWriter, _ *http.Request, err error) {
	p, ok := errors.AsType[problem](err)
	if !ok {
		p = problem{http.StatusInternalServerError, "internal", err.Error()}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(p.status)
	_ = json.NewEncoder(w).Encode(tidemarkapi.Error{Code: p.code, Message: p.text}) //nolint:errchkjson // the client has gone
}

func writeBadRequest(w http.ResponseWriter, r *http.Request, err error) {
	writeError(w, r, problem{http.StatusBadRequest, "bad_request", err.Error()})
}

// authorized lets calls in that have a good token.
func (f *Fake) authorized(next tidemarkserver.StrictHandlerFunc, operation string) tidemarkserver.StrictHandlerFunc {
	return func(ctx context.Context, w http.ResponseWriter, r *http.Request, request any) (any, error) {
		f.mu.Lock()
		ends, ok := f.tokens[r.Header.Get("Authorization")]
		f.mu.Unlock()
		if operation != "CreateToken" && (!ok || time.Now().After(ends)) {
			return nil, problem{http.StatusUnauthorized, "bad_token", "the token is not good"}
		}
		return next(ctx, w, r, request)
	}
}

// handlers are the operations.
type handlers struct{ *Fake }

var _ tidemarkserver.StrictServerInterface = handlers{}

func (f handlers) CreateToken(_ context.Context, r tidemarkserver.CreateTokenRequestObject) (tidemarkserver.CreateTokenResponseObject, error) {
	if r.Body.ClientID != ClientID || r.Body.ClientSecret != ClientSecret {
		return nil, problem{http.StatusUnauthorized, "bad_credentials", "the client id or the secret is wrong"}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.issued++
	token := fmt.Sprintf("tm-token-%d-f3a9c1", f.issued)
	f.tokens["Bearer "+token] = time.Now().Add(tokenLife)
	return tidemarkserver.CreateToken200JSONResponse{AccessToken: token, ExpiresIn: int64(tokenLife / time.Second)}, nil
}

func (f handlers) ListDatabases(_ context.Context, r tidemarkserver.ListDatabasesRequestObject) (tidemarkserver.ListDatabasesResponseObject, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	items, next, err := page(f.databases, r.Params.Cursor, r.Params.Limit)
	return tidemarkserver.ListDatabases200JSONResponse{Databases: items, NextCursor: next}, err
}

func (f handlers) ListBackups(_ context.Context, r tidemarkserver.ListBackupsRequestObject) (tidemarkserver.ListBackupsResponseObject, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	matching := []tidemarkapi.Backup{}
	for _, b := range slices.Backward(f.backups) {
		if (r.Params.DatabaseID == nil || *r.Params.DatabaseID == b.database) && (r.Params.Ids == nil || slices.Contains(r.Params.Ids, b.id)) {
			matching = append(matching, b.now())
		}
	}
	items, next, err := page(matching, r.Params.Cursor, r.Params.Limit)
	return tidemarkserver.ListBackups200JSONResponse{Backups: items, NextCursor: next}, err
}

func (f handlers) CreateBackup(_ context.Context, r tidemarkserver.CreateBackupRequestObject) (tidemarkserver.CreateBackupResponseObject, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	key := r.Params.IdempotencyKey
	if key != nil && f.keys[*key] != nil {
		return tidemarkserver.CreateBackup201JSONResponse(f.keys[*key].now()), nil
	}
	plan, ok := f.plans[r.Body.DatabaseID]
	if !ok {
		return nil, problem{http.StatusNotFound, "no_database", "there is no such database"}
	}
	for _, b := range f.backups {
		if !plan.Parallel && b.database == r.Body.DatabaseID && b.now().FinishedAt.IsZero() {
			return nil, problem{http.StatusConflict, "backup_running", "backup " + b.id + " is running"}
		}
	}
	b := &backup{id: "b-" + strconv.Itoa(len(f.backups)+1), database: r.Body.DatabaseID, created: time.Now(), plan: plan}
	f.backups = append(f.backups, b)
	if key != nil {
		f.keys[*key] = b
	}
	return tidemarkserver.CreateBackup201JSONResponse(b.now()), nil
}

func (f handlers) GetBackup(_ context.Context, r tidemarkserver.GetBackupRequestObject) (tidemarkserver.GetBackupResponseObject, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	b, err := f.find(r.BackupID)
	if err != nil {
		return nil, err
	}
	return tidemarkserver.GetBackup200JSONResponse(b.now()), nil
}

func (f handlers) CancelBackup(_ context.Context, r tidemarkserver.CancelBackupRequestObject) (tidemarkserver.CancelBackupResponseObject, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	b, err := f.find(r.BackupID)
	if err == nil && b.canceled.IsZero() {
		b.canceled = time.Now()
	}
	return tidemarkserver.CancelBackup204Response{}, err
}

func (f *Fake) find(id string) (*backup, error) {
	for _, b := range f.backups {
		if b.id == id {
			return b, nil
		}
	}
	return nil, problem{http.StatusNotFound, "no_backup", "there is no such backup"}
}

// page is the page of a list that a cursor, the number of items before it, stands for.
func page[T any](all []T, cursor *string, limit *int) (items []T, next string, err error) {
	size, start := 20, 0
	if limit != nil {
		size = *limit
	}
	if cursor != nil {
		if start, err = strconv.Atoi(*cursor); err != nil || start < 0 || start > len(all) {
			return nil, "", problem{http.StatusBadRequest, "bad_cursor", "the cursor is not one of ours"}
		}
	}
	end := min(len(all), start+size)
	if end < len(all) {
		next = strconv.Itoa(end)
	}
	return append([]T{}, all[start:end]...), next, nil
}
