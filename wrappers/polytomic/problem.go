package polytomic

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// problem is what can be read of an error answer of Polytomic. Those of its own have
//
//	{"key": "…", "message": "…", "metadata": {…}, "status": 422}
//
// and those of the framework under it, for sign-in, decoding and validation (swaggest/rest, as polytomic-go's
// RestErrResponse has it),
//
//	{"status": "UNAUTHENTICATED", "code": 401, "error": "…", "context": {"body:name": ["…"]}}
//
// where status is a text. A gateway answers HTML, text or nothing; the generic reading of package transport is kept then.
type problem struct {
	Key      string                     `json:"key"`
	Message  string                     `json:"message"`
	Metadata map[string]json.RawMessage `json:"metadata"`
	Status   json.RawMessage            `json:"status"`
	Error    string                     `json:"error"`
	Context  map[string]json.RawMessage `json:"context"`
}

// parseProblem reads a body field by field: one that has another type than expected must not spoil the others.
func parseProblem(body []byte) problem {
	var p problem
	var fields map[string]json.RawMessage
	if json.Unmarshal(body, &fields) != nil {
		return p
	}
	text := func(name string) string {
		var s string
		_ = json.Unmarshal(fields[name], &s)
		return s
	}
	p.Key, p.Message, p.Error, p.Status = text("key"), text("message"), text("error"), fields["status"]
	_ = json.Unmarshal(fields["metadata"], &p.Metadata)
	_ = json.Unmarshal(fields["context"], &p.Context)
	return p
}

// code is the service's own word for the failure.
func (p *problem) code() string {
	if p.Key != "" {
		return p.Key
	}
	var status string
	_ = json.Unmarshal(p.Status, &status)
	return status
}

func (p *problem) message() string {
	if p.Message != "" {
		return p.Message
	}
	return p.Error
}

// fields are the wrong fields of the request, as the framework names them ("body:name").
func (p *problem) fields() []apierr.FieldError {
	var list []apierr.FieldError
	for _, name := range slices.Sorted(maps.Keys(p.Context)) {
		field := name
		if _, after, ok := strings.Cut(name, ":"); ok {
			field = after
		}
		var texts []string
		if json.Unmarshal(p.Context[name], &texts) != nil {
			var text string
			if json.Unmarshal(p.Context[name], &text) != nil {
				continue
			}
			texts = []string{text}
		}
		list = append(list, apierr.FieldError{Field: field, Message: strings.Join(texts, "; ")})
	}
	return list
}

// explain fills in what an answer of Polytomic says beyond its status: message, code, fields, how long to wait, the
// reason for errors.Is, and what to do.
func explain(a *transport.ErrorAnswer, keys credentials) {
	e := a.Error
	p := parseProblem(a.Body)
	if message := p.message(); message != "" {
		e.Message = message
	}
	if code := p.code(); code != "" {
		e.Code = code
	} else if _, err := strconv.Atoi(e.Code); err == nil {
		e.Code = "" // the status once more
	}
	e.Fields = p.fields()
	if e.RetryAfter == 0 && (e.Status == http.StatusTooManyRequests || e.Status == http.StatusServiceUnavailable) {
		e.RetryAfter = rateLimitReset(a.Header, time.Now())
	}
	explainReason(e)
	if e.Hint == "" {
		e.Hint = hint(e, keys)
	}
}

// explainReason finds the reason for errors.Is. The texts are those that terraform-provider-polytomic looks for; the
// live service was not tried.
func explainReason(e *apierr.Error) {
	said := strings.ToLower(e.Message + " " + e.Code)
	switch {
	case e.Status == http.StatusConflict && strings.Contains(said, "idempot"):
		e.Err = ErrKeyInUse
		e.MayHaveApplied = true // whoever sent the other one, it asks for the same
		e.Hint = "A request with the same idempotency key is being carried out: look for its outcome before sending another."
	case e.Status == http.StatusConflict && (e.Operation == "startBulkSync" || e.Operation == "startModelSync"):
		e.Err = ErrSyncRunning
		e.Hint = "Wait for the running execution, or start with OnRunning(Attach) or OnRunning(WaitThenRun)."
	case e.Status == http.StatusUnprocessableEntity && e.Operation == "deleteConnection":
		e.Err = ErrConnectionInUse
		e.Kind = apierr.KindConflict
		e.Hint = "Something uses the connection: WithDependents deletes that too."
	case (e.Status == http.StatusUnprocessableEntity || e.Status == http.StatusBadRequest) && schemasNotReady(said):
		e.Err = ErrSchemasNotReady
		e.Hint = "The connection is new, or its schemas are being read anew: Connection.WaitForSchemas waits until they are there."
	}
}

func schemasNotReady(said string) bool {
	return strings.Contains(said, "cache refresh in progress") || strings.Contains(said, "cache is refreshing") ||
		strings.Contains(said, "did not provide any schemas")
}

// hint is what to do by kind, when nothing more exact is known.
func hint(e *apierr.Error, keys credentials) string {
	switch e.Kind {
	case apierr.KindUnauthenticated:
		return fmt.Sprintf("The %s was refused%s. %s", keys.class, narrowed(keys), whereFrom(keys))
	case apierr.KindPermissionDenied:
		switch {
		case (keys.class == PartnerKey || keys.class == DeploymentKey) && keys.organization == "":
			return "A " + keys.class.String() + " alone is for organizations and their users: use Client.Organization(id).Client, or WithOrganization."
		case strings.HasPrefix(e.Route, "/api/organizations"):
			return "These calls are for partners: use WithPartnerKey. Client.Identity says which organization a user's key belongs to."
		}
		return "The role of the key's user does not allow it: Client.Identity says whose key it is."
	case apierr.KindNotFound:
		return "Check the id, and that it belongs to the organization of the key: Client.Identity says which one that is."
	case apierr.KindTimeout:
		if e.Status == http.StatusRequestTimeout {
			return "The system behind took too long: try again later."
		}
	default:
	}
	return ""
}

func narrowed(keys credentials) string {
	if keys.organization != "" {
		return " for organization " + keys.organization
	}
	return ""
}

// whereFrom says where a key of this class is made.
func whereFrom(keys credentials) string {
	switch keys.class {
	case UserKey:
		return "A user makes one in Polytomic's settings, for one organization (apidocs.polytomic.com, Obtaining API keys); " +
			"a partner makes one for a user with Organization.CreateAPIKey."
	case PartnerKey:
		return "Polytomic gives it to partners; check that the organization is one of yours."
	case DeploymentKey:
		return "It is set where the deployment is configured; check that POLYTOMIC_DEPLOYMENT_URL names that deployment."
	case SourceKey:
	}
	return "Check what the token source gives."
}

// rateLimitReset reads X-RateLimit-Reset, which Polytomic's own clients take for seconds since 1970. Milliseconds, and a
// small number for seconds from now, are understood too. The service's clock counts when the answer tells it.
func rateLimitReset(h http.Header, now time.Time) time.Duration {
	n, err := strconv.ParseFloat(strings.TrimSpace(h.Get("X-RateLimit-Reset")), 64)
	if err != nil || n <= 0 || n > 1e14 {
		return 0
	}
	if n < 1e8 {
		return min(time.Duration(n*float64(time.Second)), 24*time.Hour)
	}
	if n > 1e11 {
		n /= 1000
	}
	if sent, err := http.ParseTime(h.Get("Date")); err == nil {
		now = sent
	}
	at := time.UnixMilli(int64(n * 1000))
	return min(max(0, at.Sub(now)), 24*time.Hour)
}
