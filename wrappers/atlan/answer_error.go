package atlan

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// AnswerError is what an error answer of Atlan's says beyond the message and the code of the [apierr.Error] it is the cause
// of: errors.As finds it when there is any of it. Secrets are masked in it.
type AnswerError struct {
	// Causes are what led to the failure, the outermost first.
	Causes []Cause
	// Doc is the address of a page about the failure, empty when the answer names none.
	Doc string
	// ErrorID is the id under which the service logged a failure of its own.
	ErrorID string
	// GUID is the entity that the failure is about.
	GUID string
	// Details are further facts by name: errorDetailsMap of the metastore, the slug and the version of an app's workflow.
	Details map[string]string
	// Reason is one of this package's reasons, such as [ErrLocked], nil when there is none.
	Reason error
}

// Cause is one cause of a failure.
type Cause struct {
	// Type is the class of the cause in the service, such as a Java exception; Message is its text and Location where it
	// happened, each empty when the service does not say.
	Type, Message, Location string
}

// Error returns the reason and the causes in one line.
func (p *AnswerError) Error() string {
	var parts []string
	if p.Reason != nil {
		parts = append(parts, p.Reason.Error())
	}
	const shown = 3
	for _, c := range p.Causes[:min(len(p.Causes), shown)] {
		text := c.Message
		if text == "" {
			text = c.Type
		}
		if text != "" {
			parts = append(parts, "caused by "+strings.Join(strings.Fields(text), " "))
		}
	}
	if len(parts) == 0 {
		return "see its details"
	}
	return strings.Join(parts, "; ")
}

// Unwrap returns the reason.
func (p *AnswerError) Unwrap() error { return p.Reason }

// answered is what can be read of an error answer. There are these shapes (AtlasBaseExceptionMapper and
// AllExceptionMapper of atlas-metastore; pyatlan's client/atlan.py for the closed services):
//
//	{"errorCode":"ATLAS-404-00-005","errorMessage","entityGuid","errorDetailsMap","errorCause"}   metastore
//	{"errorId","message","causes":[{"errorType","errorMessage","location"}]}                      metastore, uncaught
//	{"code":1006,"error","message","info","requestId","doc"}                                      Heracles
//	{"message","slug","version"}                                                                  apps: a name that is taken
//	{"error","error_description"}                                                                 Keycloak
//	HTML, text or nothing                                                                         a gateway
//
// Every field is read by itself: one of another type than expected must not spoil the others. Gateways are left to the
// generic reading of package transport.
type answered map[string]json.RawMessage

func parseAnswer(body []byte) answered {
	var fields answered
	if json.Unmarshal(bytes.TrimSpace(body), &fields) != nil {
		return nil
	}
	return fields
}

// text returns the first of the fields that holds a text, a number or a boolean, as text. Codes come as either.
func (a answered) text(names ...string) string {
	for _, name := range names {
		if text := scalar(a[name]); text != "" {
			return text
		}
	}
	return ""
}

// object returns the members of a field that holds an object, nil for any other.
func (a answered) object(name string) answered {
	var fields answered
	if json.Unmarshal(a[name], &fields) != nil {
		return nil
	}
	return fields
}

func scalar(raw json.RawMessage) string {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 {
		return ""
	}
	switch raw[0] {
	case '"':
		var s string
		if json.Unmarshal(raw, &s) != nil {
			return ""
		}
		return strings.TrimSpace(s)
	case '{', '[', 'n':
		return ""
	}
	return string(raw)
}

// compact is a value of any form as text, for details.
func compact(raw json.RawMessage) string {
	if text := scalar(raw); text != "" {
		return text
	}
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil || b.String() == "null" {
		return ""
	}
	return b.String()
}

// code is the service's own code: of the metastore, of Heracles, of Keycloak. A status that is only the HTTP status once
// more is none.
func (a answered) code(status int) string {
	if code := a.text("errorCode", "code"); code != "" {
		return code
	}
	if code := a.text("status"); code != "" && code != strconv.Itoa(status) {
		return code
	}
	if a.text("error_description") != "" {
		return a.text("error")
	}
	return ""
}

func (a answered) message() string {
	return a.text("errorMessage", "message", "error_description", "error", "info")
}

// causes reads both forms: a list of objects, and one text.
func (a answered) causes() []Cause {
	var list []Cause
	var entries []json.RawMessage
	_ = json.Unmarshal(a["causes"], &entries)
	for _, entry := range entries {
		var fields answered
		if json.Unmarshal(entry, &fields) != nil {
			if text := scalar(entry); text != "" {
				list = append(list, Cause{Message: text})
			}
			continue
		}
		c := Cause{Type: fields.text("errorType", "type"), Message: fields.text("errorMessage", "message"), Location: fields.text("location")}
		if c != (Cause{}) {
			list = append(list, c)
		}
	}
	if text := compact(a["errorCause"]); text != "" {
		list = append(list, Cause{Message: text})
	}
	return list
}

// details are the facts that fit nowhere else.
func (a answered) details() map[string]string {
	found := map[string]string{}
	var named map[string]json.RawMessage
	_ = json.Unmarshal(a["errorDetailsMap"], &named)
	for name, value := range named {
		found[name] = compact(value)
	}
	for _, name := range [...]string{"slug", "slugs", "version", "info"} {
		if value := compact(a[name]); value != "" {
			found[name] = value
		}
	}
	if len(found) == 0 {
		return nil
	}
	return found
}

// doc is the address of a page, in one of the four spellings.
func (a answered) doc() string {
	address := a.text("doc", "errorDoc", "errorDocument", "errorDocumentation")
	if u, err := url.Parse(address); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil {
		return ""
	}
	return address
}

const (
	maxCauses  = 20
	maxDetails = 50
	maxDetail  = 500
)

// problem is what goes into the cause of the error, nil when the answer says nothing of it.
func (a answered) problem(redact func(string) string) *AnswerError {
	clean := func(text string) string {
		text = redact(text)
		if len(text) > maxDetail {
			text = strings.ToValidUTF8(text[:maxDetail], "") + "…"
		}
		return text
	}
	p := &AnswerError{Doc: clean(a.doc()), ErrorID: clean(a.text("errorId")), GUID: clean(a.text("entityGuid"))}
	causes := a.causes()
	for _, c := range causes[:min(len(causes), maxCauses)] {
		p.Causes = append(p.Causes, Cause{Type: clean(c.Type), Message: clean(c.Message), Location: clean(c.Location)})
	}
	details := a.details()
	for _, name := range slices.Sorted(maps.Keys(details)) {
		if len(p.Details) == maxDetails {
			break
		}
		if p.Details == nil {
			p.Details = map[string]string{}
		}
		value := clean(details[name])
		if apierr.SecretName(name) {
			value = apierr.Mask
		}
		p.Details[clean(name)] = value
	}
	if p.Causes == nil && p.Details == nil && p.Doc == "" && p.ErrorID == "" && p.GUID == "" {
		return nil
	}
	return p
}

// The codes that change what is done about an answer. What kind of failure it is follows from the status alone.
const (
	// codeForbidden is the metastore's "not authorized to perform …": also what it answers until permissions have spread.
	codeForbidden = "ATLAS-403-00-001"
	// codeNoType comes with a 404 and means that there is no such type, which is not the absence of an asset.
	codeNoType = "ATLAS-404-00-001"
	// codeIndexTimeout comes with a 429 and means that Elasticsearch took too long.
	codeIndexTimeout = "ATLAS-400-00-502"
)

// blocked is for how long Atlan refuses a tenant that was too fast (docs.atlan.com, "API limits and automation").
const blocked = time.Minute

// explain fills in what an answer of Atlan's says beyond its status: message, code, causes, how long to wait, the reason
// for errors.Is, and what to do. It never changes the kind, which is by status.
func explain(a *transport.ErrorAnswer) {
	e := a.Error
	fields := parseAnswer(a.Body)
	if fields != nil {
		if message := fields.message(); message != "" {
			e.Message = message // else what package transport has found
		}
		e.Code = fields.code(e.Status)
		if id := fields.text("requestId"); id != "" && a.Header.Get(requestIDHeader) == "" && a.Header.Get("X-Request-Id") == "" {
			e.RequestID = id
		}
	}
	p := fields.problem(a.Redact)
	reason := func(err error) {
		if p == nil {
			p = &AnswerError{}
		}
		p.Reason = err
	}
	switch e.Status {
	case http.StatusNotAcceptable:
		reason(ErrNotAcceptable)
	case http.StatusLocked:
		// Whoever holds the lock, this request changed nothing.
		reason(ErrLocked)
		a.NotProcessed = true
	case http.StatusTooManyRequests:
		switch {
		case e.Code == codeIndexTimeout:
			a.Unsettled = true
		case e.RetryAfter == 0:
			e.RetryAfter = blocked
		}
	}
	if p != nil {
		e.Err = p
	}
	if e.Hint == "" {
		e.Hint = hint(e)
	}
}

// hint is what to do about an error.
func hint(e *apierr.Error) string {
	switch e.Status {
	case http.StatusUnauthorized:
		return "The API token or the OAuth client was refused: check that it is this tenant's, and that it has not expired."
	case http.StatusForbidden:
		return "What the token may do is decided by its personas and by the admins of the connection."
	case http.StatusNotAcceptable:
		return "Send less at once."
	case http.StatusTooManyRequests:
		if e.Code != codeIndexTimeout {
			return "Atlan counts the requests of all callers of the tenant: leave room for them with WithRequestsPerMinute."
		}
	case http.StatusLocked:
		return "Another change of type definitions is under way: try again when it is done."
	}
	return ""
}
