package atlantest

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/servicetest"
)

// Fault is something that goes wrong with an exchange. The functions of this package make those that the tests of an
// Atlan client need most; package servicetest has all of them, and NewFault for others.
type Fault = servicetest.Fault

// Status answers with a status and a body instead of processing the request.
func Status(operation string, status int, body string) *Fault {
	return servicetest.Status(operation, status, body)
}

func fails(operation string, e *failure) *Fault {
	return servicetest.NewFault(operation, func(w http.ResponseWriter, _ *http.Request, _ http.Handler) { e.write(w) })
}

func failsAfter(operation string, e *failure) *Fault {
	return servicetest.NewFault(operation, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		servicetest.Capture(next, r)
		e.write(w)
	})
}

// MetastoreError answers an error in the shape of the metastore, {errorCode, errorMessage}, with any status: codes and
// statuses do not always agree there (ATLAS-400-00-502 comes with 429, ATLAS-500-00-006 with 409).
func MetastoreError(operation string, status int, code, message string) *Fault {
	return fails(operation, metastore(status, code, "%s", message))
}

// InternalError answers the metastore's 500 without a code, {errorId, message, causes}.
func InternalError(operation string) *Fault {
	return fails(operation, internal("java.lang.NullPointerException", "something is null"))
}

// InternalErrorAfter processes the request and answers 500 nevertheless.
func InternalErrorAfter(operation string) *Fault {
	return failsAfter(operation, internal("org.janusgraph.core.JanusGraphException", "could not commit"))
}

// HeraclesError answers an error in the shape of the services for users and workflows, whose code is a number.
func HeraclesError(operation string, status, code int, message string) *Fault {
	return fails(operation, heracles(status, code, "%s", message))
}

// GatewayError answers {"message": …} and nothing else.
func GatewayError(operation string, status int, message string) *Fault {
	return fails(operation, gateway(status, message))
}

// KeycloakError answers {"error": …, "error_description": …}.
func KeycloakError(operation string, status int, code, description string) *Fault {
	return fails(operation, keycloak(status, code, description))
}

// TypeDefLock answers 423 ATLAS-423-00-001: another change of typedefs is at work. It passes by itself.
func TypeDefLock(operation string) *Fault {
	return fails(operation, metastore(http.StatusLocked, "ATLAS-423-00-001", "Failed to get a lock for a type-def update: another request is at work"))
}

// Maintenance answers 503 ATLAS-503-00-001.
func Maintenance(operation string) *Fault {
	return fails(operation, metastore(http.StatusServiceUnavailable, "ATLAS-503-00-001", "the service is in maintenance"))
}

// SearchTimeout answers 429 ATLAS-400-00-502: a query of the index that took too long, dressed as a rate limit.
func SearchTimeout(operation string) *Fault {
	return fails(operation, metastore(http.StatusTooManyRequests, "ATLAS-400-00-502", "ES query timed out"))
}

// Forbidden answers 403 ATLAS-403-00-001, as a connection does whose policies have not spread.
func Forbidden(operation string) *Fault { return fails(operation, notPermitted("the request")) }

// EmptyTypeDefs answers a list of typedefs with 200 and nothing in it, as an expired token has been seen to do.
func EmptyTypeDefs() *Fault {
	return servicetest.NewFault("listTypeDefs", func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(must(writeTypeDefs(nil))))
	})
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

// HTML answers with a gateway's page, with a status such as 200 or 502.
func HTML(operation string, status int) *Fault { return servicetest.HTML(operation, status) }

// InvalidJSON processes the request and answers with half of the body.
func InvalidJSON(operation string) *Fault { return servicetest.InvalidJSON(operation) }

// ContentType processes the request and answers with another content type.
func ContentType(operation, contentType string) *Fault {
	return servicetest.ContentType(operation, contentType)
}

// Endless answers with a body of size bytes, 10 GiB when 0.
func Endless(operation string, size int64) *Fault { return servicetest.Endless(operation, size) }

// Redirect answers with a redirect to a location of any origin.
func Redirect(operation, location string) *Fault { return servicetest.Redirect(operation, location) }

// Stall never answers.
func Stall(operation string) *Fault { return servicetest.Stall(operation) }

// StallAfterBody processes the request and never answers.
func StallAfterBody(operation string) *Fault { return servicetest.StallAfterBody(operation) }

// StallMidBody processes the request and stops after n bytes of the answer's body.
func StallMidBody(operation string, n int) *Fault { return servicetest.StallMidBody(operation, n) }

// Rewrite processes the request and changes the answer's body.
func Rewrite(operation string, rewrite func(body []byte) []byte) *Fault {
	return servicetest.RewriteBody(operation, rewrite)
}

// rewriteObject processes the request and changes the members of the answer, which is an object.
func rewriteObject(operation string, change func(members map[string]json.RawMessage)) *Fault {
	return servicetest.RewriteBody(operation, func(body []byte) []byte {
		var members map[string]json.RawMessage
		if json.Unmarshal(body, &members) != nil || members == nil {
			return body
		}
		change(members)
		return []byte(must(members))
	})
}

// EmptyPage processes a search or a lineage and answers without its entities: a page whose hits are all gone.
func EmptyPage(operation string) *Fault {
	return rewriteObject(operation, func(members map[string]json.RawMessage) { delete(members, "entities") })
}

// MoreForever answers every page of lineage with hasMore true.
func MoreForever() *Fault {
	return rewriteObject("lineageList", func(members map[string]json.RawMessage) { members["hasMore"] = json.RawMessage("true") })
}

// WrongCount answers a search with another approximateCount.
func WrongCount(n int) *Fault {
	return rewriteObject("indexSearch", func(members map[string]json.RawMessage) {
		members["approximateCount"] = json.RawMessage(must(n))
	})
}

// NoSearchMetadata answers a search without the sort values of its hits, whatever was asked for.
func NoSearchMetadata() *Fault {
	return rewriteObject("indexSearch", func(members map[string]json.RawMessage) { delete(members, "searchMetadata") })
}
