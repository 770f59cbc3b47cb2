package atlantest

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
)

// failure is an answer with an error in one of the shapes the services behind the one address have for them. It is an
// error, so that handlers can return it.
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
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(e.status)
		_, _ = io.WriteString(w, e.raw) //nolint:gosec // a constant
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(e.status)
	if err := json.NewEncoder(w).Encode(e.body); err != nil {
		panic(http.ErrAbortHandler) // the client left; bodies are maps of strings and numbers
	}
}

// metastore is the shape of the metastore's own errors (atlas-metastore AtlasBaseExceptionMapper). The status does not
// follow from the code.
func metastore(status int, code, format string, args ...any) *failure {
	text := fmt.Sprintf(format, args...)
	return &failure{status: status, text: text, body: map[string]any{"errorCode": code, "errorMessage": text}}
}

// internal is what the metastore answers when something breaks that it has no code for.
func internal(kind, text string) *failure {
	return &failure{status: http.StatusInternalServerError, text: text, body: map[string]any{
		"errorId": "5f3759df-9cc9-4a46-9d4b-0123456789ab", "message": "There was an error processing your request.",
		"causes": []map[string]any{{"errorType": kind, "errorMessage": text, "location": "org.apache.atlas"}},
	}}
}

// heracles is the shape of the services for users, workflows and credentials: the code is a number.
func heracles(status, code int, format string, args ...any) *failure {
	text := fmt.Sprintf(format, args...)
	return &failure{status: status, text: text, body: map[string]any{
		"code": code, "error": http.StatusText(status), "message": text, "requestId": "c0ffee00-0000-4000-8000-000000000000",
	}}
}

// gateway is the shape of the gateway in front of all services: a message and nothing else.
func gateway(status int, text string) *failure {
	return &failure{status: status, text: text, body: map[string]any{"message": text}}
}

// keycloak is the shape of the token endpoints.
func keycloak(status int, code, text string) *failure {
	return &failure{status: status, text: text, body: map[string]any{"error": code, "error_description": text}}
}

func noSuchGUID(guid string) *failure {
	e := metastore(http.StatusNotFound, "ATLAS-404-00-005", "Given instance guid %s is invalid/not found", guid)
	if body, ok := e.body.(map[string]any); ok {
		body["entityGuid"] = guid
	}
	return e
}

func noSuchName(typeName, qualifiedName string) *failure {
	return metastore(http.StatusNotFound, "ATLAS-404-00-009", "Instance %s with unique attribute {qualifiedName=%s} does not exist", typeName, qualifiedName)
}

func unknownType(name string) *failure {
	return metastore(http.StatusBadRequest, "ATLAS-400-00-014", "Type ENTITY with name %s does not exist", name)
}

func notPermitted(what string) *failure {
	return metastore(http.StatusForbidden, "ATLAS-403-00-001", "service-account is not authorized to perform %s", what)
}

func invalidParameters(format string, args ...any) *failure {
	return metastore(http.StatusBadRequest, "ATLAS-400-00-01A", format, args...)
}

func missing(typeName, attr string) *failure {
	return metastore(http.StatusBadRequest, "ATLAS-400-00-02B", "Mandatory field %s.%s has empty/null value", typeName, attr)
}

// badInstance wears 404 although nothing was looked for.
func badInstance(format string, args ...any) *failure {
	return metastore(http.StatusNotFound, "ATLAS-404-00-007", format, args...)
}

func noSuch(kind, id string) *failure {
	return heracles(http.StatusNotFound, 1006, "%s %s was not found", kind, id)
}
