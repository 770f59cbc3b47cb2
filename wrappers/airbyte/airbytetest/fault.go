package airbytetest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/servicetest"
)

// Fault is something that goes wrong with an exchange. The functions of this package make those that the tests of
// an Airbyte client need most; package servicetest has all of them, and NewFault for others.
type Fault = servicetest.Fault

// Status answers with a status and a body instead of processing the request.
func Status(operation string, status int, body string) *Fault {
	return servicetest.Status(operation, status, body)
}

// RateLimit answers 429 with a Retry-After header of any text, or none.
func RateLimit(operation, retryAfter string) *Fault {
	return servicetest.RateLimit(operation, retryAfter)
}

// Delay waits before the request is processed.
func Delay(operation string, d time.Duration) *Fault { return servicetest.Delay(operation, d) }

// DelayAnswer processes the request and waits before it answers.
func DelayAnswer(operation string, d time.Duration) *Fault {
	return servicetest.DelayAnswer(operation, d)
}

// ResetBefore ends the connection before the request is processed.
func ResetBefore(operation string) *Fault { return servicetest.ResetBefore(operation) }

// ResetAfterBody processes the request and ends the connection before the answer's first byte.
func ResetAfterBody(operation string) *Fault { return servicetest.ResetAfterBody(operation) }

// ResetMidBody processes the request and ends the connection after n bytes of the answer's body.
func ResetMidBody(operation string, n int) *Fault { return servicetest.ResetMidBody(operation, n) }

// Truncate processes the request and ends the answer's body, in an orderly way, after n bytes.
func Truncate(operation string, n int) *Fault { return servicetest.Truncate(operation, n) }

// HTML answers with a proxy's page, with a status such as 200 or 502.
func HTML(operation string, status int) *Fault { return servicetest.HTML(operation, status) }

// InvalidJSON processes the request and answers with half of the body.
func InvalidJSON(operation string) *Fault { return servicetest.InvalidJSON(operation) }

// ContentType processes the request and answers with another content type.
func ContentType(operation, contentType string) *Fault {
	return servicetest.ContentType(operation, contentType)
}

// Endless answers with a body of size bytes, 10 GiB when 0.
func Endless(operation string, size int64) *Fault { return servicetest.Endless(operation, size) }

// Redirect answers with a redirect to any location.
func Redirect(operation, location string) *Fault { return servicetest.Redirect(operation, location) }

// Stall never answers and processes nothing.
func Stall(operation string) *Fault { return servicetest.Stall(operation) }

// StallAfterBody processes the request and never answers.
func StallAfterBody(operation string) *Fault { return servicetest.StallAfterBody(operation) }

// RewriteBody changes the answer's body.
func RewriteBody(operation string, rewrite func([]byte) []byte) *Fault {
	return servicetest.RewriteBody(operation, rewrite)
}

// LateConflict processes a POST /jobs and answers 409 state-conflict after d (60 s when 0), as the service does
// when a job does not start in time: the job may well run. See [LateAnswers] for one that begins even later.
func LateConflict(d time.Duration) *Fault {
	if d <= 0 {
		d = time.Minute
	}
	return servicetest.NewFault("createJob", func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		servicetest.Capture(next, r)
		if servicetest.Sleep(r.Context(), d) != nil {
			servicetest.Cut(w, r)
			return
		}
		stateConflict(couldNotFulfill).write(w)
	})
}

// UnknownStatus makes jobs in one status report another one that nobody has heard of, in getJob and listJobs.
func UnknownStatus(status, instead string) *Fault {
	from, to := []byte(`"status":"`+status+`"`), []byte(`"status":"`+instead+`"`)
	return RewriteBody("getJob|listJobs", func(body []byte) []byte { return bytes.ReplaceAll(body, from, to) })
}

// DuplicateRows repeats the first row of a list at its end.
func DuplicateRows(operation string) *Fault {
	return rewriteRows(operation, func(rows []json.RawMessage) []json.RawMessage {
		if len(rows) == 0 {
			return rows
		}
		return append(rows, rows[0])
	})
}

// MissingRows leaves every n-th row of a list out; 1 leaves out all.
func MissingRows(operation string, n int) *Fault {
	return rewriteRows(operation, func(rows []json.RawMessage) []json.RawMessage {
		kept := []json.RawMessage{}
		for i, row := range rows {
			if (i+1)%max(n, 1) != 0 {
				kept = append(kept, row)
			}
		}
		return kept
	})
}

func rewriteRows(operation string, rewrite func([]json.RawMessage) []json.RawMessage) *Fault {
	return RewriteBody(operation, func(body []byte) []byte {
		var list map[string]json.RawMessage
		var rows []json.RawMessage
		if json.Unmarshal(body, &list) != nil || json.Unmarshal(list["data"], &rows) != nil {
			return body
		}
		data, err := json.Marshal(rewrite(rows))
		if err != nil {
			return body
		}
		list["data"] = data
		if out, err := json.Marshal(list); err == nil {
			return out
		}
		return body
	})
}
