package polytomictest

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
)

// failure is an answer with an error in one of the shapes the service has for them. It is an error, so that
// handlers can return it.
type failure struct {
	status int
	header http.Header
	body   any
	raw    string // instead of body, as text
	text   string
}

func (e *failure) Error() string { return fmt.Sprintf("%d %s", e.status, e.text) }

func (e *failure) write(w http.ResponseWriter) {
	maps.Copy(w.Header(), e.header)
	if e.body == nil {
		if w.Header().Get("Content-Type") == "" {
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		}
		w.WriteHeader(e.status)
		_, _ = io.WriteString(w, e.raw) //nolint:gosec // a constant
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(e.status)
	if err := json.NewEncoder(w).Encode(e.body); err != nil {
		panic(http.ErrAbortHandler) // the client left; bodies are maps of strings and numbers
	}
}

// problem is the API's own shape, ApiError {key, message, metadata, status} with a numeric status, as the official
// SDKs declare it on every operation.
func problem(status int, key, text string, metadata map[string]any) *failure {
	body := map[string]any{"key": key, "message": text, "status": status}
	if metadata != nil {
		body["metadata"] = metadata
	}
	return &failure{status: status, body: body, text: text}
}

func badRequest(format string, args ...any) *failure {
	return problem(http.StatusBadRequest, "bad_request", fmt.Sprintf(format, args...), nil)
}

func forbidden(format string, args ...any) *failure {
	return problem(http.StatusForbidden, "forbidden", fmt.Sprintf(format, args...), nil)
}

func notFound(kind, id string) *failure {
	return problem(http.StatusNotFound, "not_found", kind+" not found", map[string]any{"id": id})
}

func conflict(format string, args ...any) *failure {
	return problem(http.StatusConflict, "conflict", fmt.Sprintf(format, args...), nil)
}

func unprocessable(format string, args ...any) *failure {
	return problem(http.StatusUnprocessableEntity, "unprocessable_entity", fmt.Sprintf(format, args...), nil)
}

// frameworkStatus is how swaggest/rest names statuses.
var frameworkStatus = map[int]string{
	http.StatusBadRequest:            "INVALID_ARGUMENT",
	http.StatusUnauthorized:          "UNAUTHENTICATED",
	http.StatusForbidden:             "PERMISSION_DENIED",
	http.StatusNotFound:              "NOT_FOUND",
	http.StatusRequestEntityTooLarge: "RESOURCE_EXHAUSTED",
	http.StatusTooManyRequests:       "RESOURCE_EXHAUSTED",
	http.StatusInternalServerError:   "INTERNAL",
}

// framework is the shape of errors that are made before a handler runs, swaggest/rest's ErrResponse {status, code,
// error, context}: the status is text there, which a strict decoder of the other shape fails on.
func (f *Fake) framework(status int, text string, context map[string]any) *failure {
	if !f.has(FrameworkErrors) {
		return problem(status, strings.ToLower(frameworkStatus[status]), text, context)
	}
	body := map[string]any{"status": frameworkStatus[status], "error": text}
	if context != nil {
		body["context"] = context
	}
	return &failure{status: status, body: body, text: text}
}

// invalid is the framework's answer to a request that does not decode or validate.
func (f *Fake) invalid(text string) *failure {
	return f.framework(http.StatusBadRequest, "invalid argument: validation failed", map[string]any{"body": []string{text}})
}
