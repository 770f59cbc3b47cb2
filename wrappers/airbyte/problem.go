package airbyte

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// problem is what can be read of an error answer of Airbyte. There are six shapes of them (airbyte-platform
// AbstractThrowableProblemHandler.kt, KnownException.kt, NotFoundController.kt, and what Micronaut and a gateway answer):
//
//	{"status","type","title","detail","documentationUrl","data":{…}}     a problem: the text is in data.message or detail
//	{"message","errorId","exceptionClassName",…}                         a known exception
//	{"errorId"}                                                          an uncaught exception, or a failed validation
//	{"message","_links","_embedded":{"errors":[{"message"}]}}            Micronaut's HAL: 401, routing, bad parameters
//	Object not found.                                                    a path that is none, said to be JSON
//	<html>…                                                              a gateway; or JSON of one: {"message"}, {"code","message"}
type problem struct {
	Type             string          `json:"type"`
	Title            string          `json:"title"`
	Detail           json.RawMessage `json:"detail"`
	DocumentationURL string          `json:"documentationUrl"`
	Data             json.RawMessage `json:"data"`
	Message          json.RawMessage `json:"message"`
	ErrorID          string          `json:"errorId"`
	Embedded         struct {
		Errors []struct {
			Message string `json:"message"`
		} `json:"errors"`
	} `json:"_embedded"`

	data  map[string]any
	shape shape
	text  string // the body, when it is not a JSON object
}

type shape uint8

const (
	shapeUnknown shape = iota
	shapeJSON
	shapeText
	shapeHTML
	shapeEmpty
)

func parseProblem(contentType string, body []byte) problem {
	trimmed := bytes.TrimSpace(body)
	switch {
	case len(trimmed) == 0:
		return problem{shape: shapeEmpty}
	case strings.Contains(contentType, "html") || bytes.HasPrefix(trimmed, []byte("<")):
		return problem{shape: shapeHTML}
	}
	var p problem
	if trimmed[0] == '{' && json.Unmarshal(trimmed, &p) == nil {
		p.shape = shapeJSON
		_ = json.Unmarshal(p.Data, &p.data) // data of another type than an object says nothing we use
		return p
	}
	return problem{shape: shapeText, text: string(trimmed)}
}

// message is what to show a person, the most telling part first.
func (p *problem) message() string {
	candidates := []string{stringIn(p.data, "message"), stringIn(p.data, "validationErrorMessage"), text(p.Detail)}
	for _, e := range p.Embedded.Errors {
		candidates = append(candidates, e.Message)
	}
	candidates = append(candidates, text(p.Message), p.Title, p.text)
	for _, c := range candidates {
		c = strings.Join(strings.Fields(c), " ")
		// A problem repeats its title where it has nothing to say.
		if c == "" || (strings.EqualFold(c, "internal server error") && p.ErrorID != "") {
			continue
		}
		return c
	}
	return ""
}

// code is the type of the problem, short: "error:connection/locked" as it is, and of the older addresses
// (https://reference.airbyte.com/reference/errors#try-again-later) what tells them apart.
func (p *problem) code() string {
	if !strings.Contains(p.Type, "://") {
		return p.Type
	}
	if _, fragment, ok := strings.Cut(p.Type, "#"); ok {
		return fragment
	}
	return p.Title
}

// text returns a JSON string's value, or "".
func text(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

func stringIn(m map[string]any, key string) string {
	s, _ := m[key].(string)
	return s
}

// explain fills in what an answer of Airbyte says beyond its status: message, code, the id in the server's log, a more
// exact kind, the reason for errors.Is, and what to do.
func (r roots) explain(e *apierr.Error, header http.Header, body []byte) {
	p := parseProblem(header.Get("Content-Type"), body)
	if code := p.code(); code != "" {
		e.Code = code
	}
	if p.ErrorID != "" {
		e.RequestID = p.ErrorID // the id under which the server logged the cause
	}
	switch message := p.message(); {
	case message != "":
		e.Message = message
	case p.ErrorID != "":
		e.Message = "the server gave no reason; its log has one under this id"
	}
	if r.wrongRoot(e, &p) {
		return
	}
	if e.Operation == tokenOperation {
		explainToken(e)
		return
	}
	if known, ok := problemOf(e.Code); ok {
		if known.kind != apierr.KindUnexpected {
			e.Kind = known.kind
		}
		if known.reason != "" {
			e.Err = known.reason
		}
		e.Hint = known.hint
	}
	r.explainState(e, &p)
	if e.Hint == "" {
		e.Hint = r.hint(e)
	}
	if p.DocumentationURL != "" && strings.HasPrefix(p.DocumentationURL, "https://") {
		e.Hint = strings.TrimSpace(e.Hint + " See " + p.DocumentationURL)
	}
}

// explainState tells apart answers that share a problem type.
func (r roots) explainState(e *apierr.Error, p *problem) {
	switch {
	case e.Status == http.StatusConflict && strings.Contains(e.Message, "sync is already running"):
		e.Err = ErrSyncRunning
		e.Hint = "Wait for the running job, or start with OnRunning(Attach) or OnRunning(WaitThenRun)."
	case e.Status == http.StatusConflict && strings.Contains(e.Message, "Job is not currently running"):
		// What instance administrators get for a job id that does not exist (SchedulerHandler.kt).
		e.Kind = apierr.KindNotFound
		e.Hint = "There is no job by this id."
	case e.Status == http.StatusConflict && e.Code == "409-state-conflict" && e.Operation == "createJob":
		// The server loses the message (SchedulerHandler.kt) and answers the same after 60 seconds without a job id.
		e.Hint = "The connection is inactive or locked, or the server waited 60 seconds for the job: look at the connection's status and its jobs before starting again."
	case e.Status == http.StatusUnprocessableEntity && strings.Contains(e.Message, "not supported in the public API"):
		e.Kind = apierr.KindUnsupported
	case e.Code == "error:connection/locked":
		if reason := stringIn(p.data, "statusReason"); reason != "" && !strings.Contains(e.Message, reason) {
			e.Message = strings.TrimSpace(e.Message + ": " + reason)
		}
	case e.Status == http.StatusNotFound && stringIn(p.data, "resourceType") != "":
		e.Message = strings.TrimSpace(fmt.Sprintf("no %s with id %q", stringIn(p.data, "resourceType"), stringIn(p.data, "resourceId")))
	case e.Kind == apierr.KindInvalid && len(e.Fields) == 0:
		for _, key := range [...]string{"cronExpression", "cronTimezone", "primaryKey", "fieldName", "streamName", "mapperId"} {
			if _, ok := p.data[key]; ok {
				e.Fields = append(e.Fields, apierr.FieldError{Field: key, Message: e.Message})
				break
			}
		}
	}
}

// wrongRoot recognizes the answers of something that is not the public API.
func (r roots) wrongRoot(e *apierr.Error, p *problem) bool {
	gateway := e.Status == http.StatusBadGateway || e.Status == http.StatusServiceUnavailable || e.Status == http.StatusGatewayTimeout ||
		e.Status == http.StatusTooManyRequests
	switch {
	case p.shape == shapeHTML && !gateway && e.Status != http.StatusRequestEntityTooLarge:
	case p.shape == shapeText && strings.HasPrefix(p.text, "Object not found"):
	case e.Status == http.StatusForbidden && strings.Contains(r.api, "/api/v1"):
	default:
		return false
	}
	e.Err = ErrWrongRoot
	e.Hint = r.rootHint()
	return true
}

// rootHint says where the public API was looked for, and how to name another place.
func (r roots) rootHint() string {
	hint := "The public API was looked for at " + r.api + ". "
	if r.cloud {
		return hint + "For Airbyte Cloud that is right: a proxy in between may have answered."
	}
	return hint + "Give WithOrigin the origin of the web application (such as https://airbyte.example.com), from which " +
		"{origin}/api/public/v1 follows, or WithAPIRoot the exact URL; a login page of a proxy in front looks the same."
}

// hint is what to do by kind, when nothing more exact is known.
func (r roots) hint(e *apierr.Error) string {
	switch e.Kind {
	case apierr.KindUnauthenticated:
		return "The credentials were refused. Access tokens live 15 minutes: WithClientCredentials renews them; an application has the permissions of its user."
	case apierr.KindPermissionDenied:
		return "Airbyte answers this for an id that does not exist too: check the id, the workspace, and the role of the application's user."
	case apierr.KindNotFound:
		return "Check the id, and that it belongs to this Airbyte: " + r.api + "."
	default:
		return ""
	}
}

// tokenOperation is the operation id of the token endpoint.
const tokenOperation = "createAccessToken"

// explainToken makes an authentication error of every refusal of the token endpoint: editions answer wrong credentials
// with 400, 401, 403 or 500 (airbyte-platform; Keycloak, database mode and Community differ).
func explainToken(e *apierr.Error) {
	switch {
	case e.Status == http.StatusTooManyRequests, e.Status == http.StatusRequestTimeout,
		e.Status >= 500 && e.Status != http.StatusInternalServerError:
		return
	case e.Status == http.StatusNotFound:
		e.Err = ErrWrongRoot
		e.Hint = "There is no token endpoint here: check WithOrigin, or use WithBasic or WithNoAuth for an Airbyte that has no applications."
	case e.Status == http.StatusInternalServerError:
		e.Hint = "A self-managed Airbyte that keeps users in its database answers 500 to a wrong client id or secret: check the client id and the client secret of the application first, then the server's log."
	default:
		e.Hint = "Check the client id and the client secret of the application (Settings → Applications), and that they are of this Airbyte."
	}
	e.Kind = apierr.KindUnauthenticated
}

// knownProblem is what we know about a problem type beyond its status.
type knownProblem struct {
	kind   apierr.Kind // KindUnexpected: the status decides
	reason stateError
	hint   string
}

// problemOf returns what is known about the types that deserve more than their status; the others of the 81 in the
// document's x-problem-types say it all in their message.
func problemOf(code string) (knownProblem, bool) {
	const (
		quartz = "Airbyte takes Quartz expressions in UTC, six or seven fields with the seconds first, such as \"0 0 6 * * ?\"."
		hourly = "The plan allows one sync an hour at most."
		paid   = "Look at the organization's billing page, or ask its owner."
		keys   = "Leave out cursor and primary key where the source defines them: Source.Streams says which."
	)
	switch code {
	case "error:connection/locked":
		return knownProblem{reason: ErrConnectionLocked, hint: "Nothing can be started or changed until Airbyte unlocks it: the web application says why."}, true
	case "try-again-later":
		return knownProblem{hint: "Something else runs on this connection: try again when it has ended."}, true
	case "error:billing/insufficient-credit-balance", "error:billing/insufficient-payment-status",
		"error:billing/no-active-subscription", "error:billing/subscription/subscription-required":
		return knownProblem{reason: ErrBilling, hint: paid}, true
	case "error:cron-validation/invalid-expression", "error:cron-validation/missing-component",
		"error:cron-validation/invalid-timezone", "error:cron-validation/unsupported-timezone", "error:cron-validation/missing-cron-data":
		return knownProblem{hint: quartz}, true
	case "error:cron-validation/under-one-hour-not-allowed", "error:basic-schedule-validation/under-one-hour-not-allowed":
		return knownProblem{hint: hourly}, true
	case "error:license/entitlement":
		return knownProblem{kind: apierr.KindUnsupported, hint: "The license or the plan does not include it."}, true
	case "error:implementation/not-implemented-in-oss":
		return knownProblem{kind: apierr.KindUnsupported, hint: "The open-source edition does not have it."}, true
	case "error:embedded/endpoint-moved":
		return knownProblem{kind: apierr.KindUnsupported, hint: "Airbyte Embedded is served at api.airbyte.ai now."}, true
	case "error:request-timeout-exceeded":
		return knownProblem{kind: apierr.KindTimeout}, true
	case "error:auth/sso-required":
		return knownProblem{hint: "The organization asks for single sign-on: use an application of a user who signs in that way."}, true
	case "error:connection/destination-catalog/invalid-primary-key", "error:connection/destination-catalog/missing-primary-key":
		return knownProblem{hint: keys}, true
	case "error:tag-limit-for-workspace-reached":
		return knownProblem{hint: "Delete a tag first: Workspace.Tags lists them."}, true
	case "error:tag-already-exists":
		return knownProblem{reason: ErrAlreadyExists}, true
	case "invalid-api-key":
		return knownProblem{kind: apierr.KindUnauthenticated}, true
	case "error:connection-conflicting-destination-stream":
		return knownProblem{hint: "Two streams would be written to one table: give the connection another prefix or namespace."}, true
	}
	return knownProblem{}, false
}
