package apierr

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestErrorText(t *testing.T) {
	for _, test := range []struct {
		err  Error
		want string
	}{
		{Error{}, "unexpected answer"},
		{Error{Kind: KindInvalid, Message: "no id"}, "invalid request: no id"},
		{Error{Service: "airbyte", Kind: KindInvalid, Message: "no id"}, "airbyte: invalid request: no id"},
		{
			Error{Service: "airbyte", Operation: "createJob", Kind: KindConflict, Status: 409, Code: "error:try-again-later",
				Message: "a sync is\n already running", RequestID: "abc", Attempts: 1, Hint: "wait for it"},
			"airbyte createJob: 409 conflict: a sync is already running (code error:try-again-later; request id abc) — wait for it",
		},
		{
			Error{Service: "airbyte", Operation: "createJob", Kind: KindTimeout, Attempts: 3, RetryAfter: time.Minute,
				MayHaveApplied: true, Err: io.ErrUnexpectedEOF},
			"airbyte createJob: timeout: unexpected EOF (3 attempts; retry after 1m0s; it may have been applied)",
		},
		{Error{Operation: "getJob", Kind: KindNotFound, Status: 404}, "getJob: 404 not found"},
		{Error{Kind: KindInvalid, Message: "is empty", Fields: []FieldError{{Field: "name"}}}, "invalid request (name): is empty"},
		{Error{Kind: KindDecode, Message: "EOF", Err: io.EOF}, "unreadable answer: EOF"},
	} {
		if got := test.err.Error(); got != test.want {
			t.Errorf("%q, want %q", got, test.want)
		}
	}
}

func TestIs(t *testing.T) {
	sentinels := []error{
		ErrUnexpected, ErrInvalid, ErrUnauthenticated, ErrPermissionDenied, ErrNotFound, ErrConflict, ErrRateLimited,
		ErrUnavailable, ErrTimeout, ErrCanceled, ErrTooLarge, ErrDecode, ErrUnsupported,
	}
	if len(sentinels) != len(kindNames) {
		t.Fatalf("%d sentinels for %d kinds", len(sentinels), len(kindNames))
	}
	seen := make(map[string]bool)
	for i, sentinel := range sentinels {
		err := fmt.Errorf("wrapped: %w", &Error{Kind: Kind(i), Err: context.Canceled})
		for j, other := range sentinels {
			if errors.Is(err, other) != (i == j) {
				t.Errorf("%v is %v: %v", Kind(i), other, !errors.Is(err, other))
			}
		}
		if !errors.Is(err, context.Canceled) {
			t.Error("the cause is lost")
		}
		if kind, ok := KindOf(err); !ok || kind != Kind(i) {
			t.Error(kind, ok)
		}
		if text := sentinel.Error(); text == "" || seen[text] {
			t.Errorf("text of %d: %q", i, text)
		} else {
			seen[text] = true
		}
	}
	if _, ok := KindOf(io.EOF); ok {
		t.Error("io.EOF has a kind")
	}
	if Kind(200).String() != KindUnexpected.String() {
		t.Error(Kind(200))
	}
}

type teapot string

func (t teapot) Error() string         { return string(t) }
func (t teapot) Matches(e *Error) bool { return e.Status == 418 }

// TestCategory: a service's own sentinel stands for the errors that it matches, beside their kinds.
func TestCategory(t *testing.T) {
	const errTeapot = teapot("a teapot")
	err := fmt.Errorf("wrapped: %w", &Error{Kind: KindInvalid, Status: 418})
	if !errors.Is(err, errTeapot) || !errors.Is(err, ErrInvalid) || errors.Is(err, ErrConflict) {
		t.Error(err)
	}
	if errors.Is(&Error{Kind: KindInvalid, Status: 400}, errTeapot) {
		t.Error("everything is a teapot")
	}
}

func TestKindOfStatus(t *testing.T) {
	want := map[int]Kind{
		300: KindUnexpected, 302: KindUnexpected, 304: KindUnexpected,
		400: KindInvalid, 401: KindUnauthenticated, 402: KindPermissionDenied, 403: KindPermissionDenied, 404: KindNotFound,
		405: KindUnsupported, 406: KindInvalid, 407: KindUnauthenticated, 408: KindTimeout, 409: KindConflict,
		410: KindNotFound, 411: KindInvalid, 412: KindConflict, 413: KindInvalid, 414: KindInvalid, 415: KindInvalid,
		416: KindInvalid, 417: KindUnexpected, 418: KindUnexpected, 422: KindInvalid, 423: KindConflict, 424: KindConflict,
		428: KindConflict, 429: KindRateLimited, 431: KindInvalid, 451: KindPermissionDenied, 499: KindUnexpected,
		500: KindUnavailable, 501: KindUnsupported, 502: KindUnavailable, 503: KindUnavailable, 504: KindTimeout,
		505: KindUnsupported, 520: KindUnavailable, 599: KindUnavailable,
	}
	for status, kind := range want {
		if got := KindOfStatus(status); got != kind {
			t.Errorf("%d: %s, want %s", status, got, kind)
		}
	}
}

func TestInvalid(t *testing.T) {
	e := Invalid("airbyte", "name", "%q is taken", "x")
	if e.Kind != KindInvalid || e.Error() != `airbyte: invalid request (name): "x" is taken` || e.Attempts != 0 {
		t.Error(e)
	}
	if e := Invalid("airbyte", "", "no input"); len(e.Fields) != 0 {
		t.Error(e.Fields)
	}
}

// TestForms: whatever prints an error shows the same, and no more.
func TestForms(t *testing.T) {
	e := &Error{
		Service: "airbyte", Operation: "createJob", Kind: KindRateLimited, Status: 429, Message: "slow down", RequestID: "id-1",
		Route: "/jobs", RetryAfter: 7 * time.Second, MayHaveApplied: true, Hint: "wait", Code: "c", Attempts: 2,
	}
	e.SetBody([]byte(`{"message":"slow down","token":"hunter2hunter2"}`), &Redactor{})
	var b bytes.Buffer
	slog.New(slog.NewTextHandler(&b, nil)).Info("x", "err", e)
	for _, want := range []string{
		"err.service=airbyte", "err.operation=createJob", `err.kind="rate limited"`, "err.status=429", "err.attempts=2",
		`err.message="slow down"`, "err.code=c", "err.request_id=id-1", "err.route=/jobs", "err.retry_after=7s", "err.may_have_applied=true", "err.hint=wait",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%s is not in %s", want, b.String())
		}
	}
	encoded, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(encoded, &m); err != nil || m["retry_after"] != "7s" || m["status"] != 429.0 || m["error"] != e.Error() {
		t.Error(string(encoded), err)
	}
	all := fmt.Sprintf("%v %+v %#v %s %q", e, e, e, e, e) + b.String() + string(encoded) + string(e.Body())
	if strings.Contains(all, "hunter2") {
		t.Error(all)
	}
	if strings.Contains(fmt.Sprintf("%#v", e), "slow down\\\"") {
		t.Error("the body is part of the error's text")
	}
}

func TestRedactError(t *testing.T) {
	r := &Redactor{}
	r.Add("hunter2hunter2")
	fields := make([]FieldError, 200)
	fields[0] = FieldError{Field: "hunter2hunter2", Message: "a\nhunter2hunter2"}
	e := &Error{
		Message: "wrong\n\tpassword hunter2hunter2 " + strings.Repeat("é", 400), Code: "hunter2hunter2", Hint: "not hunter2hunter2",
		RequestID: "hunter2hunter2", Fields: fields,
	}
	e.Redact(r)
	if all := fmt.Sprintf("%v %+v", e, e.Fields); strings.Contains(all, "hunter2") {
		t.Error(all)
	}
	if fields[0].Field != "hunter2hunter2" {
		t.Error("the caller's fields were changed")
	}
	if len(e.Message) > maxMessage || !utf8.ValidString(e.Message) || !strings.HasSuffix(e.Message, "…") || !strings.HasPrefix(e.Message, "wrong password *** é") {
		t.Errorf("%d bytes: %q", len(e.Message), e.Message)
	}
	if len(e.Fields) != 100 {
		t.Errorf("%d fields", len(e.Fields))
	}
}

func TestClip(t *testing.T) {
	for _, text := range []string{"", "abc", strings.Repeat("a", 300), strings.Repeat("é", 300), strings.Repeat("漢", 300), strings.Repeat("😀", 300), strings.Repeat("\xff", 300)} {
		for n := 8; n < 40; n++ {
			got := clip(text, n)
			if len(got) > n || utf8.ValidString(text) && !utf8.ValidString(got) {
				t.Fatalf("clip(%q, %d) = %q", text, n, got)
			}
		}
	}
}
