package polytomic

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sdk/sluice/gen/polytomicapi"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

func setenv(t *testing.T, values map[string]string) {
	t.Helper()
	for _, entry := range os.Environ() {
		if name, _, _ := strings.Cut(entry, "="); strings.HasPrefix(name, "POLYTOMIC_") {
			t.Setenv(name, "")
		}
	}
	for name, value := range values {
		t.Setenv(name, value)
	}
}

func TestS1FromEnv(t *testing.T) {
	const key = "the-secret-key"
	for name, tt := range map[string]struct {
		env     map[string]string
		opts    []Option
		origin  string // "" for an error
		class   KeyClass
		org     string
		failure []string
	}{
		"nothing":  {failure: []string{"POLYTOMIC_API_KEY", "POLYTOMIC_PARTNER_KEY", "POLYTOMIC_DEPLOYMENT_KEY"}},
		"blank":    {env: map[string]string{"POLYTOMIC_API_KEY": "  "}, failure: []string{"POLYTOMIC_API_KEY"}},
		"user key": {env: map[string]string{"POLYTOMIC_API_KEY": key}, origin: cloudOrigin, class: UserKey},
		"token":    {env: map[string]string{"POLYTOMIC_TOKEN": key}, origin: cloudOrigin, class: UserKey},
		"one key under two names": {
			env: map[string]string{"POLYTOMIC_TOKEN": key, "POLYTOMIC_API_KEY": key}, origin: cloudOrigin, class: UserKey,
		},
		"two user keys": {
			env:     map[string]string{"POLYTOMIC_TOKEN": key, "POLYTOMIC_API_KEY": key + "2"},
			failure: []string{"POLYTOMIC_TOKEN", "POLYTOMIC_API_KEY", "exclude"},
		},
		"partner": {env: map[string]string{"POLYTOMIC_PARTNER_KEY": key}, origin: cloudOrigin, class: PartnerKey},
		"partner in an organization": {
			env: map[string]string{"POLYTOMIC_PARTNER_KEY": key, "POLYTOMIC_ORGANIZATION_ID": "org-1"}, origin: cloudOrigin, class: PartnerKey, org: "org-1",
		},
		"both kinds": {
			env:     map[string]string{"POLYTOMIC_API_KEY": key, "POLYTOMIC_PARTNER_KEY": key},
			failure: []string{"POLYTOMIC_API_KEY", "POLYTOMIC_PARTNER_KEY", "exclude"},
		},
		"deployment without its URL": {
			env: map[string]string{"POLYTOMIC_DEPLOYMENT_KEY": key}, failure: []string{"POLYTOMIC_DEPLOYMENT_URL is not set"},
		},
		"deployment": {
			env:    map[string]string{"POLYTOMIC_DEPLOYMENT_KEY": key, "POLYTOMIC_DEPLOYMENT_URL": "poly.example.com/"},
			origin: "https://poly.example.com", class: DeploymentKey,
		},
		"bad URL": {
			env:     map[string]string{"POLYTOMIC_API_KEY": key, "POLYTOMIC_DEPLOYMENT_URL": "https://user:pw@poly.example.com"},
			failure: []string{"POLYTOMIC_DEPLOYMENT_URL", "user or a password"},
		},
		"options win": {
			env:  map[string]string{"POLYTOMIC_API_KEY": key, "POLYTOMIC_PARTNER_KEY": key, "POLYTOMIC_DEPLOYMENT_URL": "::"},
			opts: []Option{WithAPIKey(key), WithOrigin("http://localhost:8080/api")}, origin: "http://localhost:8080", class: UserKey,
		},
	} {
		t.Run(name, func(t *testing.T) {
			setenv(t, tt.env)
			client, err := FromEnv(tt.opts...)
			if tt.origin == "" {
				if !errors.Is(err, apierr.ErrInvalid) {
					t.Fatalf("FromEnv = %v, want an invalid request", err)
				}
				for _, want := range tt.failure {
					if !strings.Contains(err.Error(), want) {
						t.Errorf("the error does not say %q: %v", want, err)
					}
				}
				if strings.Contains(err.Error(), key) {
					t.Errorf("the error contains a key: %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if client.Origin() != tt.origin || client.keys.class != tt.class || client.keys.organization != tt.org {
				t.Errorf("got %s %s %q, want %s %s %q", client.Origin(), client.keys.class, client.keys.organization, tt.origin, tt.class, tt.org)
			}
		})
	}
}

func TestS1New(t *testing.T) {
	for name, opts := range map[string][]Option{
		"no credentials":               {},
		"nil option":                   {nil},
		"empty key":                    {WithAPIKey(" ")},
		"two kinds":                    {WithAPIKey("key-1"), WithPartnerKey("key-2")},
		"nil source":                   {WithTokenSource(nil)},
		"user key in an organization":  {WithAPIKey("key-1"), WithOrganization("org-1")},
		"organization with a slash":    {WithPartnerKey("key-1"), WithOrganization("a/b")},
		"origin with a query":          {WithAPIKey("key-1"), WithOrigin("https://x.example.com?a=b")},
		"origin with dots":             {WithAPIKey("key-1"), WithOrigin("https://x.example.com/../y")},
		"origin of another scheme":     {WithAPIKey("key-1"), WithOrigin("ftp://x.example.com")},
		"cloud over http":              {WithAPIKey("key-1"), WithOrigin("http://app.polytomic.com")},
		"cloud with a path":            {WithAPIKey("key-1"), WithOrigin("https://app.polytomic.com/login")},
		"nil rule":                     {WithAPIKey("key-1"), WithSchemaCacheRule(nil)},
		"unknown way":                  {WithAPIKey("key-1"), WithMapQuery(9)},
		"key with a line break inside": {WithAPIKey("key\n1")},
	} {
		t.Run(name, func(t *testing.T) {
			if c, err := New(opts...); !errors.Is(err, apierr.ErrInvalid) {
				t.Errorf("New = %v, %v; want an invalid request", c, err)
			}
		})
	}
}

// Each class of key is sent as the service wants it.
func TestS1Authorization(t *testing.T) {
	source := transport.TokenSourceFunc(func(context.Context) (transport.Token, error) { return transport.Token{Value: "from-a-vault"}, nil })
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("org-1:partner-key"))
	for name, tt := range map[string]struct {
		opts []Option
		want string
	}{
		"user":                   {[]Option{WithAPIKey("user-key")}, "Bearer user-key"},
		"partner":                {[]Option{WithPartnerKey("partner-key")}, "Bearer partner-key"},
		"partner narrowed":       {[]Option{WithPartnerKey("partner-key"), WithOrganization("org-1")}, basic},
		"deployment":             {[]Option{WithDeploymentKey("deployment-key")}, "Bearer deployment-key"},
		"token source":           {[]Option{WithTokenSource(source)}, "Bearer from-a-vault"},
		"the last of one option": {[]Option{WithAPIKey("old-key"), WithAPIKey("new-key")}, "Bearer new-key"},
	} {
		t.Run(name, func(t *testing.T) {
			a := &api{t: t, scripts: map[string]script{"getIdentity": ok(data(`{"id":"u","is_user":true}`))}}
			client, err := New(append(tt.opts, WithRoundTripper(a))...)
			if err != nil {
				t.Fatal(err)
			}
			me, err := client.Identity(t.Context())
			if err != nil || !*me.IsUser {
				t.Fatalf("Identity = %v, %v", me, err)
			}
			if got := a.calls[0].header.Get("Authorization"); got != tt.want {
				t.Errorf("Authorization %q, want %q", got, tt.want)
			}
		})
	}
}

func TestS1Unauthenticated(t *testing.T) {
	for name, tt := range map[string]struct {
		opt  Option
		want []string
	}{
		"user":       {WithAPIKey("user-key-123"), []string{"user API key was refused", "settings"}},
		"partner":    {WithPartnerKey("partner-key-123"), []string{"partner key was refused", "partners"}},
		"deployment": {WithDeploymentKey("deployment-key-123"), []string{"deployment key was refused", "POLYTOMIC_DEPLOYMENT_URL"}},
	} {
		t.Run(name, func(t *testing.T) {
			a := &api{t: t, scripts: map[string]script{"getIdentity": status(401, `{"status":"UNAUTHENTICATED","code":401,"error":"unauthorized: user-key-123 partner-key-123 deployment-key-123"}`)}}
			client, err := New(tt.opt, WithRoundTripper(a))
			if err != nil {
				t.Fatal(err)
			}
			_, err = client.Identity(t.Context())
			if !errors.Is(err, apierr.ErrUnauthenticated) {
				t.Fatalf("%v, want unauthenticated", err)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error does not say %q: %v", want, err)
				}
			}
			if strings.Contains(err.Error(), client.keys.key) {
				t.Errorf("the error contains the key: %v", err)
			}
		})
	}
}

// Every shape of error body gives a message, and the status decides about the kind.
func TestErrorBodies(t *testing.T) {
	for name, tt := range map[string]struct {
		status  int
		body    string
		kind    apierr.Kind
		code    string
		message string
		fields  []apierr.FieldError
	}{
		"own": {422, `{"key":"NameTaken","message":"name is taken","metadata":{"name":"x"},"status":422}`, apierr.KindInvalid, "NameTaken", "name is taken", nil},
		"framework": {400, `{"status":"INVALID_ARGUMENT","code":400,"error":"validation failed","context":{"body:name":["#: missing"],"query:limit":"too large"}}`,
			apierr.KindInvalid, "INVALID_ARGUMENT", "validation failed", []apierr.FieldError{{Field: "name", Message: "#: missing"}, {Field: "limit", Message: "too large"}}},
		"metadata of another type": {404, `{"message":"not found","metadata":"gone","status":404}`, apierr.KindNotFound, "", "not found", nil},
		"message of another type":  {403, `{"message":{"a":1},"error":"forbidden"}`, apierr.KindPermissionDenied, "", "forbidden", nil},
		"empty":                    {500, ``, apierr.KindUnavailable, "", "Internal Server Error", nil},
		"HTML":                     {502, `<html><head><title>Bad gateway</title></head></html>`, apierr.KindUnavailable, "", "Bad gateway", nil},
		"text":                     {404, `no such route`, apierr.KindNotFound, "", "no such route", nil},
	} {
		t.Run(name, func(t *testing.T) {
			client, _ := scripted(t, map[string]script{"deleteRole": status(tt.status, tt.body)},
				WithTransport(transport.WithRetry(transport.RetryOptions{MaxAttempts: 1})))
			err := client.DeleteRole(t.Context(), "role-1")
			var e *apierr.Error
			if !errors.As(err, &e) {
				t.Fatalf("%v is no *apierr.Error", err)
			}
			if e.Kind != tt.kind || e.Code != tt.code || e.Message != tt.message || e.Status != tt.status {
				t.Errorf("got %v %q %q, want %v %q %q", e.Kind, e.Code, e.Message, tt.kind, tt.code, tt.message)
			}
			if diff := cmp.Diff(tt.fields, e.Fields); diff != "" {
				t.Errorf("fields -want +got\n%s", diff)
			}
			var resource *ResourceError
			if !errors.As(err, &resource) || resource.ID != "role-1" {
				t.Errorf("the error does not name the role: %v", err)
			}
		})
	}
}

func TestReasons(t *testing.T) {
	client, a := scripted(t, nil)
	for name, tt := range map[string]struct {
		operation string
		status    int
		body      string
		call      func() error
		want      error
	}{
		"in use": {"deleteConnection", 422, `{"message":"connection is in use","status":422}`,
			func() error { return client.Connection("c").Delete(t.Context()) }, ErrConnectionInUse},
		"cache": {"createBulkSync", 422, `{"message":"Cache refresh in progress","status":422}`,
			func() error { _, err := client.CreateBulkSync(t.Context(), newBulkSync()); return err }, ErrSchemasNotReady},
		"no schemas": {"createBulkSync", 400, `{"message":"source did not provide any schemas","status":400}`,
			func() error { _, err := client.CreateBulkSync(t.Context(), newBulkSync()); return err }, ErrSchemasNotReady},
		"running": {"startModelSync", 409, `{"message":"already running","status":409}`,
			func() error { _, err := client.ModelSync("s").Start(t.Context()); return err }, ErrSyncRunning},
		"key": {"createRole", 409, `{"message":"a request with this idempotency key is in progress","status":409}`,
			func() error { _, err := client.CreateRole(t.Context(), "r"); return err }, ErrKeyInUse},
	} {
		t.Run(name, func(t *testing.T) {
			a.script("getModelSyncStatus", ok(data(`{}`)))
			a.script(tt.operation, status(tt.status, tt.body))
			if err := tt.call(); !errors.Is(err, tt.want) {
				t.Errorf("%v, want %v", err, tt.want)
			}
		})
	}
}

func TestPermissionHints(t *testing.T) {
	a := &api{t: t, scripts: map[string]script{"listConnections": status(403, `{"message":"forbidden"}`), "listOrganizations": status(403, `{"message":"forbidden"}`)}}
	partner, err := New(WithPartnerKey("partner-key"), WithRoundTripper(a))
	if err != nil {
		t.Fatal(err)
	}
	user, err := New(WithAPIKey("user-key"), WithRoundTripper(a))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := collect(partner.Connections(t.Context())); err == nil || !strings.Contains(err.Error(), "WithOrganization") {
		t.Errorf("a partner key on a user's operation: %v", err)
	}
	if _, err := collect(user.Organizations(t.Context())); err == nil || !strings.Contains(err.Error(), "WithPartnerKey") {
		t.Errorf("a user key on a partner's operation: %v", err)
	}
}

// A 429 is waited for by either header.
func TestT1RateLimit(t *testing.T) {
	for name, header := range map[string]func() map[string]string{
		"Retry-After": func() map[string]string { return map[string]string{"Retry-After": "7"} },
		"seconds since 1970": func() map[string]string {
			return map[string]string{"X-RateLimit-Reset": itoa(int(time.Now().Unix()) + 7)}
		},
		"milliseconds": func() map[string]string {
			return map[string]string{"X-RateLimit-Reset": itoa(int(time.Now().UnixMilli()) + 7000)}
		},
		"seconds from now": func() map[string]string { return map[string]string{"X-RateLimit-Reset": "7"} },
		"a clock that is an hour ahead": func() map[string]string {
			ahead := time.Now().Add(time.Hour)
			return map[string]string{"X-RateLimit-Reset": itoa(int(ahead.Unix()) + 7), "Date": ahead.UTC().Format(http.TimeFormat)}
		},
		"Retry-After comes first": func() map[string]string {
			return map[string]string{"Retry-After": "7", "X-RateLimit-Reset": "3000"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, a := scripted(t, map[string]script{"createRole": inTurn(
					func(call) reply { return reply{status: 429, body: `{"message":"slow down"}`, header: header()} }, ok(data(`{"id":"r"}`)))})
				began := time.Now()
				if _, err := client.CreateRole(t.Context(), "r"); err != nil {
					t.Fatal(err)
				}
				if took := time.Since(began); took < 6*time.Second || took > 9*time.Second {
					t.Errorf("repeated after %s, want about 7 s", took)
				}
				calls := a.asked("createRole")
				if len(calls) != 2 || calls[0].key() == "" || calls[0].key() == calls[1].key() {
					t.Errorf("keys %q and %q: an answered key must not be sent again", calls[0].key(), calls[1].key())
				}
			})
		})
	}
}

// What is no time asks for no pause, and one that is out of the question is told and not waited for.
func TestRateLimitReset(t *testing.T) {
	for value, want := range map[string]time.Duration{"": 0, "soon": 0, "-5": 0, "0": 0, "NaN": 0, "1e300": 0, "1.5": 1500 * time.Millisecond, "86400": 24 * time.Hour, "9999999": 24 * time.Hour} {
		if got := rateLimitReset(http.Header{"X-Ratelimit-Reset": {value}}, time.Now()); got != want {
			t.Errorf("%q is %s, want %s", value, got, want)
		}
	}
	if got := rateLimitReset(http.Header{"X-Ratelimit-Reset": {"1700000000"}}, time.Now()); got != 0 {
		t.Errorf("a time that has passed is %s", got)
	}
	for code, asks := range map[int]bool{429: true, 503: true, 500: false, 403: false} {
		synctest.Test(t, func(t *testing.T) {
			client, a := scripted(t, map[string]script{"createRole": func(call) reply {
				return reply{status: code, body: `{"message":"later"}`, header: map[string]string{"X-RateLimit-Reset": "7200"}}
			}})
			began := time.Now()
			_, err := client.CreateRole(t.Context(), "r")
			var e *apierr.Error
			if !errors.As(err, &e) || (e.RetryAfter == 2*time.Hour) != asks || time.Since(began) > time.Second || len(a.calls) != 1 {
				t.Errorf("%d: %v after %s and %d requests", code, err, time.Since(began), len(a.calls))
			}
		})
	}
}

func TestVersion(t *testing.T) {
	var told []string
	client, a := scripted(t, map[string]script{"getIdentity": ok(data(`{"id":"u"}`)), "createRole": ok(data(`{"id":"r"}`))},
		OnVersionMismatch(func(e *VersionMismatchError) { told = append(told, e.Got) }))
	if _, err := client.Identity(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := a.calls[0].header.Get(versionHeader); got != Version {
		t.Errorf("sent version %q, want %q", got, Version)
	}
	a.header = http.Header{versionHeader: {"2024-02-08"}}
	for range 3 {
		if _, err := client.Identity(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{"2024-02-08"}, told); diff != "" {
		t.Errorf("told -want +got\n%s", diff)
	}

	strict, b := scripted(t, map[string]script{"createRole": ok(data(`{"id":"r"}`))}, RequireVersion())
	b.header = http.Header{versionHeader: {"2024-02-08"}}
	_, err := strict.CreateRole(t.Context(), "r")
	var mismatch *VersionMismatchError
	var e *apierr.Error
	if !errors.As(err, &mismatch) || !errors.As(err, &e) || !e.MayHaveApplied || mismatch.Want != Version {
		t.Errorf("a required version: %v", err)
	}
}

// S3: data that is null is an empty list, in every list.
func TestS3NullLists(t *testing.T) {
	const null = `{"data":null}`
	client, _ := scripted(t, map[string]script{
		"listConnections": ok(null), "listBulkSyncs": ok(null), "listModelSyncs": ok(null), "listModels": ok(null), "listRoles": ok(null),
		"listPolicies": ok(null), "listUsers": ok(null), "listWebhooks": ok(null), "listEvents": ok(null), "listEventTypes": ok(null),
		"listConnectionTypes": ok(null), "listOrganizations": ok(null), "listBulkSyncSchemas": ok(null), "listBulkSyncSchedules": ok(null),
		"listBulkSyncExecutions": ok(null), "listModelSyncExecutions": ok(null), "listBulkSyncStatuses": ok(null),
		"getConnectionSchemaRecords": ok(null), "getEnrichmentInputFields": ok(null), "listModelSyncTargets": ok(null),
		"getModelSyncSourceFields": ok(null), "listSharedConnections": ok(null), "listPartnerUsers": ok(null), "listPartnerSharedConnections": ok(null),
		"getGlobalErrorSubscribers": ok(`{"emails":null}`),
	})
	ctx := t.Context()
	count := func(name string, n int, err error) {
		t.Helper()
		if err != nil || n != 0 {
			t.Errorf("%s: %d items, %v", name, n, err)
		}
	}
	lists := map[string]func() (int, error){
		"connections":    func() (int, error) { return length(client.Connections(ctx)) },
		"bulk syncs":     func() (int, error) { return length(client.BulkSyncs(ctx, BulkSyncFilter{})) },
		"model syncs":    func() (int, error) { return length(client.ModelSyncs(ctx, ModelSyncFilter{})) },
		"models":         func() (int, error) { return length(client.Models(ctx)) },
		"roles":          func() (int, error) { return length(client.Roles(ctx)) },
		"policies":       func() (int, error) { return length(client.Policies(ctx)) },
		"users":          func() (int, error) { return length(client.Users(ctx)) },
		"webhooks":       func() (int, error) { return length(client.Webhooks(ctx)) },
		"events":         func() (int, error) { return length(client.Events(ctx, EventFilter{})) },
		"types":          func() (int, error) { return length(client.ConnectionTypes(ctx)) },
		"organizations":  func() (int, error) { return length(client.Organizations(ctx)) },
		"schemas":        func() (int, error) { return length(client.BulkSync("b").Schemas(ctx, nil)) },
		"schedules":      func() (int, error) { return length(client.BulkSync("b").Schedules(ctx)) },
		"executions":     func() (int, error) { return length(client.BulkSync("b").Executions(ctx, ExecutionFilter{})) },
		"model runs":     func() (int, error) { return length(client.ModelSync("m").Executions(ctx, ExecutionFilter{})) },
		"statuses":       func() (int, error) { return length(client.BulkSyncStatuses(ctx)) },
		"active":         func() (int, error) { return length(client.ActiveBulkSyncStatuses(ctx)) },
		"records":        func() (int, error) { return length(client.Connection("c").SchemaRecords(ctx, "public.users")) },
		"fields":         func() (int, error) { return length(client.Connection("c").ModelSourceFields(ctx, nil)) },
		"shared":         func() (int, error) { return length(client.Connection("c").SharedConnections(ctx)) },
		"partner users":  func() (int, error) { return length(client.Organization("o").Users(ctx)) },
		"partner shared": func() (int, error) { return length(client.Organization("o").SharedConnections(ctx, "c")) },
		"event types":    func() (int, error) { l, err := client.EventTypes(ctx); return nonNil(l), err },
		"inputs": func() (int, error) {
			l, err := client.Connection("c").EnrichmentInputs(ctx, nil)
			return nonNil(l), err
		},
		"targets":     func() (int, error) { l, _, err := client.Connection("c").ModelTargets(ctx); return nonNil(l), err },
		"subscribers": func() (int, error) { l, err := client.ErrorSubscribers(ctx); return nonNil(l), err },
	}
	for name, f := range lists {
		n, err := f()
		count(name, n, err)
	}
}

func length[T any](in func(func(T, error) bool)) (int, error) {
	n := 0
	for _, err := range in {
		if err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// nonNil is the length of a list that must not be nil: -1 when it is.
func nonNil[T any](list []T) int {
	if list == nil {
		return -1
	}
	return len(list)
}

func TestT2Pages(t *testing.T) {
	page := func(tokens ...string) script {
		return func(c call) reply {
			n := 0
			if token := strings.Join(c.query["page_token"], ""); token != "" {
				n = len(token)
			}
			next := ""
			if n < len(tokens) {
				next = tokens[n]
			}
			return reply{body: `{"data":[{"id":"` + strings.Repeat("x", n) + `"}],"pagination":{"next_page_token":"` + next + `"}}`}
		}
	}
	client, a := scripted(t, map[string]script{"listBulkSyncs": page("a", "aa", ""), "listModels": page("a", "a")})
	got, err := collect(client.BulkSyncs(t.Context(), BulkSyncFilter{}))
	if err != nil || len(got) != 3 {
		t.Fatalf("%d syncs, %v; want 3", len(got), err)
	}
	if limit := a.calls[0].query["limit"]; len(limit) != 1 || limit[0] != "50" {
		t.Errorf("limit %q, want 50", limit)
	}
	// A page token that repeats ends the list with an error.
	n := 0
	for _, err = range client.Models(t.Context()) {
		if n++; n > 10 {
			t.Fatal("the list does not end")
		}
	}
	if !errors.Is(err, apierr.ErrUnexpected) || n != 3 {
		t.Errorf("a repeated token: %d items, %v", n, err)
	}
	// Breaking off asks for no further page.
	before := len(a.asked("listBulkSyncs"))
	for range client.BulkSyncs(t.Context(), BulkSyncFilter{}) {
		break
	}
	if asked := len(a.asked("listBulkSyncs")) - before; asked != 1 {
		t.Errorf("%d pages read for one item", asked)
	}
}

func TestIDsAreChecked(t *testing.T) {
	client, a := scripted(t, nil)
	ctx := t.Context()
	for _, id := range []string{"", ".", "..", "a/b", "a?b", "a#b", "a b", strings.Repeat("x", 600), "a\x00b", "%2e%2e"} {
		for name, f := range map[string]func() error{
			"bulk":       func() error { _, err := client.BulkSync(id).Run(ctx); return err },
			"execution":  func() error { return client.BulkSync("s").Execution(id).Wait(ctx) },
			"model sync": func() error { _, err := client.ModelSync(id).Start(ctx); return err },
			"model":      func() error { _, err := client.Model(id).Info(ctx); return err },
			"connection": func() error { return client.Connection(id).WaitForSchemas(ctx) },
			"query":      func() error { return client.Query(id).Wait(ctx) },
			"webhook":    func() error { return client.Webhook(id).Delete(ctx) },
			"org":        func() error { _, err := client.Organization(id).Client(); return err },
			"job":        func() error { _, err := client.JobTask("createmodel", id).Wait(ctx); return err },
		} {
			if err := f(); !errors.Is(err, apierr.ErrInvalid) {
				t.Errorf("%s with the id %q: %v, want an invalid request", name, id, err)
			}
		}
	}
	if len(a.calls) > 0 {
		t.Errorf("%d requests were sent", len(a.calls))
	}
}

func newBulkSync() polytomicapi.CreateBulkSyncRequest {
	return polytomicapi.CreateBulkSyncRequest{Name: "s", SourceConnectionID: "src", DestinationConnectionID: "dst",
		DefaultSchedule: polytomicapi.BulkSyncDefaultScheduleRequest{Frequency: polytomicapi.ScheduleFrequencyManual}}
}
