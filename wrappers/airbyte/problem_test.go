package airbyte

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

const reference = "https://reference.airbyte.com/reference/errors"

func TestS11ErrorBodiesOfAllShapes(t *testing.T) {
	for name, tt := range map[string]struct {
		status            int
		contentType, body string
		kind              apierr.Kind
		code, message     string
		requestID, hint   string
		reason            error
	}{
		"problem with data.message": {
			409, "application/json", `{"status":409,"type":"` + reference + `#try-again-later","title":"try-again-later","detail":"The request cannot be processed now.",` +
				`"documentationUrl":null,"data":{"message":"A sync is already running for: c-1"}}`,
			apierr.KindConflict, "try-again-later", "A sync is already running for: c-1", "", "OnRunning", ErrSyncRunning,
		},
		"problem with detail": {
			409, "application/json", `{"type":"` + reference + `#try-again-later","title":"try-again-later","detail":"A sync is already running for: c-1"}`,
			apierr.KindConflict, "try-again-later", "A sync is already running for: c-1", "", "", ErrSyncRunning,
		},
		"problem with a title alone": {
			503, "application/json", `{"status":503,"type":"` + reference + `","title":"service-unavailable"}`,
			apierr.KindUnavailable, "service-unavailable", "service-unavailable", "", "", nil,
		},
		"locked": {
			409, "application/json", `{"type":"error:connection/locked","title":"Connection is locked","data":{"connectionId":"c-1","statusReason":"trial ended"}}`,
			apierr.KindConflict, "error:connection/locked", "trial ended", "", "web application", ErrConnectionLocked,
		},
		"known exception": {
			422, "application/json", `{"message":"The provided configuration does not fulfill the specification","errorId":"e-7","exceptionClassName":"x.Y","exceptionStack":[]}`,
			apierr.KindInvalid, "", "does not fulfill", "e-7", "", nil,
		},
		"uncaught exception": {
			500, "application/json", `{"errorId":"e-8"}`,
			apierr.KindUnavailable, "", "its log has one under this id", "e-8", "", nil,
		},
		"HAL": {
			401, "application/json", `{"message":"Unauthorized","_links":{"self":[{"href":"/x"}]},"_embedded":{"errors":[{"message":"Unauthorized: no token"}]}}`,
			apierr.KindUnauthenticated, "", "no token", "", "WithClientCredentials", nil,
		},
		"no such path": {
			404, "application/json", `Object not found.`,
			apierr.KindNotFound, "", "Object not found.", "", "https://airbyte.example.com/api/public/v1", ErrWrongRoot,
		},
		"web page": {
			404, "text/html", `<html><head><title>Sign in</title></head></html>`,
			apierr.KindNotFound, "", "Sign in", "", "https://airbyte.example.com/api/public/v1", ErrWrongRoot,
		},
		"web page as a success": {
			200, "text/html", `<!doctype html><html><head><title>Airbyte</title></head></html>`,
			apierr.KindDecode, "", "Airbyte", "", "https://airbyte.example.com/api/public/v1", ErrWrongRoot,
		},
		"gateway page": {
			504, "text/html", `<html><head><title>504 Gateway Time-out</title></head></html>`,
			apierr.KindTimeout, "", "504 Gateway Time-out", "", "", nil,
		},
		"rate limit": {
			429, "application/json", `{"message":"You are being rate limited."}`,
			apierr.KindRateLimited, "", "You are being rate limited.", "", "", nil,
		},
		"gateway code": {
			503, "application/json", `{"code":14,"message":"no healthy upstream"}`,
			apierr.KindUnavailable, "14", "no healthy upstream", "", "", nil,
		},
		"forbidden": {
			403, "application/json", `{"type":"` + reference + `#forbidden","title":"forbidden","data":{"message":"Caller does not have the required permissions"}}`,
			apierr.KindPermissionDenied, "forbidden", "required permissions", "", "id that does not exist", nil,
		},
		"not found": {
			404, "application/json", `{"type":"` + reference + `#resource-not-found","title":"resource-not-found","data":{"resourceType":"connection","resourceId":"c-1"}}`,
			apierr.KindNotFound, "resource-not-found", `no connection with id "c-1"`, "", "", nil,
		},
		"unknown job": {
			409, "application/json", `{"type":"` + reference + `#409-state-conflict","title":"state-conflict","data":{"message":"Job is not currently running"}}`,
			apierr.KindNotFound, "409-state-conflict", "Job is not currently running", "", "no job", nil,
		},
		"credits": {
			422, "application/json", `{"type":"error:billing/insufficient-credit-balance","title":"The credit balance is insufficient.","data":{"currentBalance":0}}`,
			apierr.KindInvalid, "error:billing/insufficient-credit-balance", "credit balance", "", "billing", ErrBilling,
		},
		"no refresh": {
			422, "application/json", `{"type":"` + reference + `#unprocessable-entity","title":"unprocessable-entity","data":{"message":"Refreshes are not supported in the public API"}}`,
			apierr.KindUnsupported, "unprocessable-entity", "Refreshes", "", "", nil,
		},
		"cron": {
			400, "application/json", `{"type":"error:cron-validation/invalid-expression","title":"Invalid cron expression","data":{"cronExpression":"x","validationErrorMessage":"Cron expression contains 1 parts"}}`,
			apierr.KindInvalid, "error:cron-validation/invalid-expression", "contains 1 parts", "", "Quartz", nil,
		},
		"license": {
			403, "application/json", `{"type":"error:license/entitlement","title":"License Entitlement Error"}`,
			apierr.KindUnsupported, "error:license/entitlement", "License Entitlement Error", "", "plan", nil,
		},
		"not in OSS": {
			501, "application/json", `{"type":"error:implementation/not-implemented-in-oss","title":"API not implemented in Airbyte OSS"}`,
			apierr.KindUnsupported, "error:implementation/not-implemented-in-oss", "not implemented", "", "open-source", nil,
		},
		"tag exists": {
			409, "application/json", `{"type":"error:tag-already-exists","title":"Tag already exists","data":{"message":"Tag with name x already exists"}}`,
			apierr.KindConflict, "error:tag-already-exists", "Tag with name x", "", "", ErrAlreadyExists,
		},
		"documentation": {
			400, "application/json", `{"type":"error:mapper-validation","title":"Mapper validation failed","documentationUrl":"https://docs.airbyte.com/mappers","data":"text"}`,
			apierr.KindInvalid, "error:mapper-validation", "Mapper validation failed", "", "See https://docs.airbyte.com/mappers", nil,
		},
		"empty":   {502, "", ``, apierr.KindUnavailable, "", "Bad Gateway", "", "", nil},
		"garbage": {500, "application/json", `{"message":`, apierr.KindUnavailable, "", `{"message":`, "", "", nil},
		"typed oddly": {
			400, "application/json", `{"message":{"nested":"a"},"detail":7,"type":"error:x"}`,
			apierr.KindInvalid, "error:x", "", "", "", nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			client, _ := answering(t, tt.status, tt.contentType, tt.body, WithTransport(transport.WithRetry(transport.RetryOptions{MaxAttempts: 1})))
			_, err := client.Workspace("w-1").Connection("c-1").Info(t.Context())
			var e *apierr.Error
			if !errors.As(err, &e) {
				t.Fatalf("err = %v, want an apierr.Error", err)
			}
			if e.Kind != tt.kind || e.Status != tt.status || e.Code != tt.code {
				t.Errorf("kind %v, status %d, code %q; want %v, %d, %q", e.Kind, e.Status, e.Code, tt.kind, tt.status, tt.code)
			}
			if !strings.Contains(e.Message, tt.message) {
				t.Errorf("message %q does not say %q", e.Message, tt.message)
			}
			if tt.requestID != "" && e.RequestID != tt.requestID {
				t.Errorf("request id %q, want %q", e.RequestID, tt.requestID)
			}
			if !strings.Contains(e.Hint, tt.hint) || (tt.hint == "" && tt.reason == nil && tt.kind == apierr.KindRateLimited && e.Hint != "") {
				t.Errorf("hint %q does not say %q", e.Hint, tt.hint)
			}
			if tt.reason != nil && !errors.Is(err, tt.reason) {
				t.Errorf("errors.Is(%v, %v) does not hold", err, tt.reason)
			}
			var resource *ResourceError
			if !errors.As(err, &resource) || resource.Connection != "c-1" || resource.Workspace != "w-1" ||
				resource.URL != "https://airbyte.example.com/workspaces/w-1/connections/c-1" || !strings.Contains(err.Error(), resource.URL) {
				t.Errorf("the error does not name the connection, the workspace and the page: %v", err)
			}
			if e.Operation != "getConnection" || e.Route != "/connections/{connectionId}" {
				t.Errorf("operation %q, route %q", e.Operation, e.Route)
			}
		})
	}
}

// Pages of a gateway that is overloaded are no sign of a wrong root; other pages are, and so is a refusal by the Config API.
func TestS11WrongRoots(t *testing.T) {
	const page = "<html><head><title>Hello</title></head></html>"
	for _, tt := range []struct {
		opt               Option
		status            int
		contentType, body string
		wrong             bool
		hint              string
	}{
		{nil, 502, "text/html", page, false, ""},
		{nil, 503, "text/html", page, false, ""},
		{nil, 504, "text/html", page, false, ""},
		{nil, 429, "text/html", page, false, ""},
		{nil, 413, "text/html", page, false, ""},
		{nil, 403, "text/html", page, true, "WithOrigin"},
		{nil, 404, "", page, true, "WithOrigin"},
		{nil, 404, "text/html", "Sign in", true, "WithOrigin"},
		{nil, 404, "text/html", "{}", true, "WithOrigin"},
		{nil, 403, "application/json", "{}", false, "an id that does not exist"},
		{nil, 404, "text/plain", "no such thing", false, "belongs to this Airbyte: https://airbyte.example.com/api/public/v1"},
		{WithAPIRoot("https://airbyte.example.com/api/v1"), 403, "application/json", "{}", true, "https://airbyte.example.com/api/v1"},
		{WithAPIRoot("https://airbyte.example.com/api/v1"), 404, "application/json", "{}", false, ""},
		{WithOrigin("https://cloud.airbyte.com"), 404, "text/html", page, true, "a proxy in between"},
	} {
		opts := []Option{WithTransport(transport.WithRetry(transport.RetryOptions{MaxAttempts: 1}))}
		a := &answers{answer: func(*http.Request) (int, string, string) { return tt.status, tt.contentType, tt.body }}
		opts = append(opts, WithNoAuth(), WithRoundTripper(a))
		if tt.opt == nil {
			tt.opt = WithOrigin("https://airbyte.example.com")
		}
		client, err := New(append(opts, tt.opt)...)
		if err != nil {
			t.Fatal(err)
		}
		err = client.Workspace("w-1").Connect(t.Context())
		var e *apierr.Error
		if !errors.As(err, &e) || errors.Is(err, ErrWrongRoot) != tt.wrong || !strings.Contains(e.Hint, tt.hint) {
			t.Errorf("%d %s %s from %s: %v; want a wrong root: %t, and a hint of %q", tt.status, tt.contentType, tt.body, client.APIRoot(), err, tt.wrong, tt.hint)
		}
	}
}

// Which field was wrong is said where the server says it; a reason is said once.
func TestS11FieldsAndReasons(t *testing.T) {
	for _, tt := range []struct {
		status            int
		body              string
		operation         string
		fields, message   string
		hint, withoutHint string
	}{
		{400, `{"type":"error:cron-validation/invalid-timezone","title":"t","data":{"cronTimezone":"x","message":"bad zone"}}`, "", "cronTimezone: bad zone", "bad zone", "UTC", ""},
		{400, `{"type":"error:connection/destination-catalog/invalid-primary-key","title":"t","data":{"primaryKey":[],"streamName":"s"}}`, "", "primaryKey: t", "t", "Source.Streams", ""},
		{400, `{"type":"error:mapper-validation/invalid-config","title":"t","data":{"mapperId":"m"}}`, "", "mapperId: t", "t", "", ""},
		{409, `{"type":"error:tag-already-exists","title":"t","data":{"streamName":"s"}}`, "", "", "t", "", ""},
		{409, `{"type":"error:connection/locked","title":"t","data":{"message":"it is locked: trial ended","statusReason":"trial ended"}}`, "", "", "it is locked: trial ended", "unlocks", ""},
		{409, `{"type":"error:connection/locked","title":"t","data":{"message":"it is locked","statusReason":"trial ended"}}`, "", "", "it is locked: trial ended", "unlocks", ""},
		{409, `{"type":"error:connection/locked","title":"t"}`, "", "", "t", "unlocks", ""},
		{409, `{"type":"` + reference + `#409-state-conflict","title":"state-conflict","data":{"message":"Could not fulfill request"}}`, "createJob", "", "Could not fulfill request", "60 seconds", ""},
		{409, `{"type":"` + reference + `#409-state-conflict","title":"state-conflict","data":{"message":"Could not fulfill request"}}`, "cancelJob", "", "Could not fulfill request", "", "60 seconds"},
		{409, `{"type":"error:tag-already-exists","title":"t"}`, "createJob", "", "t", "", "60 seconds"},
		{500, `{"message":"Internal Server Error","errorId":"e-1"}`, "", "", "the server gave no reason; its log has one under this id", "", ""},
		{500, `{"message":"Internal  Server\n error"}`, "", "", "Internal Server error", "", ""},
		{400, `{"type":"error:x","title":"t","documentationUrl":"javascript:alert(1)"}`, "", "", "t", "", "javascript"},
		{408, `{"type":"error:request-timeout-exceeded","title":"t"}`, tokenOperation, "", "t", "", "client secret"},
		{500, `{"type":"error:x","title":"t"}`, tokenOperation, "", "t", "answers 500 to a wrong client id", ""},
		{502, `{"type":"error:x","title":"t"}`, tokenOperation, "", "t", "", "client"},
	} {
		e := &apierr.Error{Service: service, Operation: tt.operation, Status: tt.status, Kind: apierr.KindOfStatus(tt.status)}
		cloudRoots().explain(e, http.Header{"Content-Type": {"application/json"}}, []byte(tt.body))
		var fields []string
		for _, f := range e.Fields {
			fields = append(fields, f.Field+": "+f.Message)
		}
		if strings.Join(fields, ", ") != tt.fields || e.Message != tt.message || !strings.Contains(e.Hint, tt.hint) || (tt.withoutHint != "" && strings.Contains(e.Hint, tt.withoutHint)) {
			t.Errorf("%d %s:\nfields %q, want %q\nmessage %q, want %q\nhint %q, want %q and not %q", tt.status, tt.body, fields, tt.fields, e.Message, tt.message, e.Hint, tt.hint, tt.withoutHint)
		}
	}
}

func TestS11ErrorsOfTheTokenEndpoint(t *testing.T) {
	for name, tt := range map[string]struct {
		status     int
		body, hint string
		kind       apierr.Kind
	}{
		"keycloak":      {401, `{"errorId":"e-1"}`, "client secret", apierr.KindUnauthenticated},
		"database mode": {500, `{"errorId":"e-1"}`, "answers 500 to a wrong client id or secret", apierr.KindUnauthenticated},
		"community":     {400, `{"message":"Bad Request","_embedded":{"errors":[{"message":"Invalid client id or token"}]}}`, "client secret", apierr.KindUnauthenticated},
		"forbidden":     {403, `{"message":"Forbidden"}`, "client secret", apierr.KindUnauthenticated},
		"wrong root":    {404, `Object not found.`, "/api/public/v1", apierr.KindNotFound},
		"no endpoint":   {404, `{"message":"Page Not Found"}`, "no token endpoint", apierr.KindUnauthenticated},
		"rate limited":  {429, `{"message":"You are being rate limited."}`, "", apierr.KindRateLimited},
		"down":          {503, `<html></html>`, "", apierr.KindUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			const id, secret = "planted-client-id", "planted-client-secret"
			a := &answers{}
			a.answer = func(*http.Request) (int, string, string) {
				return tt.status, "application/json", strings.Replace(tt.body, "errorId\":\"", "errorId\":\""+secret, 1)
			}
			client, err := New(WithOrigin("https://airbyte.example.com"), WithClientCredentials(id, secret), WithRoundTripper(a),
				WithTransport(transport.WithRetry(transport.RetryOptions{MaxAttempts: 1})))
			if err != nil {
				t.Fatal(err)
			}
			err = client.Workspace("w-1").Connect(t.Context())
			var e *apierr.Error
			if !errors.As(err, &e) || e.Kind != tt.kind || e.Operation != "createAccessToken" {
				t.Fatalf("err = %v; want kind %v of createAccessToken", err, tt.kind)
			}
			if !strings.Contains(e.Hint, tt.hint) {
				t.Errorf("hint %q does not say %q", e.Hint, tt.hint)
			}
			if got := a.calls[0].URL.String(); got != "https://airbyte.example.com/api/public/v1/applications/token" {
				t.Errorf("the token was asked for at %s", got)
			}
			if want := `{"client_id":"planted-client-id","client_secret":"planted-client-secret"}`; strings.TrimSpace(a.bodies[0]) != want {
				t.Errorf("the body of the token call is %s, want %s", a.bodies[0], want)
			}
			if a.calls[0].Header.Get("Authorization") != "" {
				t.Error("the token call carries credentials in a header")
			}
			noSecrets(t, err, secret)
		})
	}
}

// noSecrets fails the test when an error shows a secret in any of its forms.
func noSecrets(t *testing.T, err error, secrets ...string) {
	t.Helper()
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Error("failed", slog.Any("err", err))
	texts := []string{err.Error(), log.String()}
	if e, ok := errors.AsType[*apierr.Error](err); ok {
		texts = append(texts, e.LogValue().String(), string(e.Body()), e.GoString())
	}
	for _, text := range texts {
		for _, secret := range secrets {
			if strings.Contains(text, secret) {
				t.Errorf("a secret is in %q", text)
			}
		}
	}
}

func TestSecretsAreInNoError(t *testing.T) {
	const token, password = "planted-bearer-token", "planted-database-password"
	a := &answers{answer: func(r *http.Request) (int, string, string) {
		return 400, "application/json", `{"type":"` + reference + `#bad-request","title":"bad-request","data":{"message":"got ` + token +
			` and {\"password\":\"` + password + `\"}"},"detail":"` + password + `"}`
	}}
	client, err := New(WithBearer(token), WithRoundTripper(a))
	if err != nil {
		t.Fatal(err)
	}
	ws := client.Workspace("w-1")
	_, err = ws.CreateSource(t.Context(), SourceSpec{Name: "s", Type: "postgres", Configuration: map[string]any{"password": password}})
	if !errors.Is(err, apierr.ErrInvalid) {
		t.Fatalf("err = %v", err)
	}
	noSecrets(t, err, token, password)
	err = ws.Source("s-1").PatchConfiguration(t.Context(), map[string]any{"credentials": map[string]any{"password": password}})
	if !errors.Is(err, apierr.ErrInvalid) {
		t.Fatalf("err = %v", err)
	}
	noSecrets(t, err, token, password)
	if a.count() != 2 {
		t.Errorf("%d requests, want 2", a.count())
	}
	if text := strings.Join([]string{fmtAll(client), fmtAll(ws), fmtAll(ws.Source("s"))}, "\n"); strings.Contains(text, token) {
		t.Errorf("a printed handle shows the token: %s", text)
	}
}

func TestKnownProblemsAreProblemsOfTheDocument(t *testing.T) {
	codes := documentProblems(t)
	for _, code := range []string{
		"error:connection/locked", "try-again-later", "error:billing/insufficient-credit-balance", "error:billing/insufficient-payment-status",
		"error:billing/no-active-subscription", "error:billing/subscription/subscription-required", "error:cron-validation/invalid-expression",
		"error:cron-validation/missing-component", "error:cron-validation/invalid-timezone", "error:cron-validation/unsupported-timezone",
		"error:cron-validation/missing-cron-data", "error:cron-validation/under-one-hour-not-allowed",
		"error:basic-schedule-validation/under-one-hour-not-allowed", "error:license/entitlement", "error:implementation/not-implemented-in-oss",
		"error:embedded/endpoint-moved", "error:request-timeout-exceeded", "error:auth/sso-required",
		"error:connection/destination-catalog/invalid-primary-key", "error:connection/destination-catalog/missing-primary-key",
		"error:tag-limit-for-workspace-reached", "error:tag-already-exists", "invalid-api-key", "error:connection-conflicting-destination-stream",
	} {
		if !codes[code] {
			t.Errorf("%q is no problem of the document", code)
		}
		known, ok := problemOf(code)
		if !ok || known == (knownProblem{}) {
			t.Errorf("nothing is known about %q", code)
		}
	}
	if _, ok := problemOf("error:something-new"); ok {
		t.Error("a problem that nobody knows is known")
	}
}

func fmtAll(v any) string { return fmt.Sprintf("%v %+v %#v", v, v, v) }

// documentProblems reads the problem types of the OpenAPI document, short as codes are.
func documentProblems(t *testing.T) map[string]bool {
	t.Helper()
	text, err := os.ReadFile("../../specs/airbyte/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		Problems []struct{ Type, Title string } `json:"x-problem-types"`
	}
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	codes := make(map[string]bool)
	for _, p := range document.Problems {
		codes[(&problem{Type: p.Type, Title: p.Title}).code()] = true
	}
	if len(codes) < 80 {
		t.Fatalf("the document has %d problem types", len(codes))
	}
	return codes
}
