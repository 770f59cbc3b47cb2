package airbytetest

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"

	"github.com/google/uuid"
)

// failure is an answer with an error in one of the shapes the service has for them. It is an error, so that
// handlers can return it.
type failure struct {
	status int
	header http.Header
	body   any
	raw    string // instead of body
	text   string
}

func (e *failure) Error() string { return fmt.Sprintf("%d %s", e.status, e.text) }

func (e *failure) write(w http.ResponseWriter) {
	maps.Copy(w.Header(), e.header)
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json")
	}
	w.WriteHeader(e.status)
	if e.body == nil {
		_, _ = io.WriteString(w, e.raw) //nolint:gosec // a constant
		return
	}
	if err := json.NewEncoder(w).Encode(e.body); err != nil {
		panic(http.ErrAbortHandler) // the client left; bodies are maps of strings and numbers
	}
}

const problemBase = "https://reference.airbyte.com/reference/errors"

// problem is the first shape: airbyte-platform AbstractThrowableProblemHandler.kt. The useful text is in
// data.message.
func problem(status int, kind, title, detail string, data map[string]any) *failure {
	body := map[string]any{"status": status, "type": kind, "title": title, "detail": detail}
	if data != nil {
		body["data"] = data
	}
	return &failure{status: status, body: body, text: title}
}

func message(text string) map[string]any { return map[string]any{"message": text} }

func badRequest(text string) *failure {
	return problem(http.StatusBadRequest, problemBase+"#bad-request", "bad-request",
		"The server could not process the request.", message(text))
}

func unprocessable(text string) *failure {
	return problem(http.StatusUnprocessableEntity, problemBase+"#unprocessable-entity", "unprocessable-entity",
		"The request could not be processed.", message(text))
}

func stateConflict(text string) *failure {
	return problem(http.StatusConflict, problemBase+"#409-state-conflict", "state-conflict",
		"State of the resource conflicts with the request.", message(text))
}

func tryAgainLater(text string) *failure {
	return problem(http.StatusConflict, problemBase+"#try-again-later", "try-again-later",
		"There is a conflict with the current state of the resource, try again later.", message(text))
}

func forbidden() *failure {
	return problem(http.StatusForbidden, problemBase+"#forbidden", "forbidden",
		"You do not have permission to perform this operation.", message("Forbidden"))
}

func notFound(kind, id string) *failure {
	return problem(http.StatusNotFound, problemBase+"#resource-not-found", "resource-not-found",
		"The requested resource was not found.", map[string]any{"resourceType": kind, "resourceId": id})
}

func notInOSS() *failure {
	return problem(http.StatusNotImplemented, "error:implementation/not-implemented-in-oss", "API not implemented in Airbyte OSS", "", nil)
}

// unknown is the answer for an id that does not exist, or is none.
func (f *Fake) unknown(kind, id string) *failure {
	if kind != "application" && uuid.Validate(id) != nil {
		return hal(http.StatusBadRequest, "/"+kind+"s", "Failed to convert argument ["+kind+"Id] due to: Invalid UUID string")
	}
	if f.has(ForbiddenUnknown) {
		return forbidden()
	}
	return notFound(kind, id)
}

// knownException is the second shape: airbyte-platform KnownException.kt.
func (f *Fake) knownException(status int, class, text string) *failure {
	return &failure{status: status, text: text, body: map[string]any{
		"message": text, "exceptionClassName": class, "exceptionStack": []string{}, "errorId": f.newID(),
	}}
}

// opaque is the third shape: the reason stays in the server's log under the errorId.
func (f *Fake) opaque(status int, text string) *failure {
	if !f.has(OpaqueErrors) {
		return f.knownException(status, "java.lang.IllegalArgumentException", text)
	}
	return &failure{status: status, text: text, body: map[string]any{"errorId": f.newID()}}
}

// hal is the fourth shape, which Micronaut makes before any handler runs.
func hal(status int, path, text string) *failure {
	e := &failure{status: status, text: text, body: map[string]any{
		"message":   http.StatusText(status),
		"_links":    map[string]any{"self": map[string]any{"href": path, "templated": false}},
		"_embedded": map[string]any{"errors": []any{map[string]any{"message": text}}},
	}}
	if status == http.StatusUnauthorized {
		e.header = http.Header{"Www-Authenticate": {"Bearer"}}
	}
	return e
}

// wrongPath is the fifth shape: text that calls itself JSON (airbyte-platform NotFoundController.kt).
func (f *Fake) wrongPath(path string) *failure {
	if !f.has(WrongPathIsNotJSON) {
		return notFound("path", path)
	}
	return &failure{status: http.StatusNotFound, raw: "Object not found.", text: "object not found"}
}
