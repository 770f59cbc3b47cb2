package polytomictest

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/servicetest"
)

// Fault is something that goes wrong with an exchange. The functions of this package make those that the tests of a
// Polytomic client need most; package servicetest has all of them, and NewFault for others.
type Fault = servicetest.Fault

// ClearFaults removes every fault.
func (f *Fake) ClearFaults() {
	f.Fake.ClearFaults()
	f.putProxy()
}

// putProxy puts the proxy in front of the service that refuses long URLs, which is no fault of a test's: it is outside
// of the contract, too.
func (f *Fake) putProxy() {
	if !f.has(ShortURLs) {
		return
	}
	tooLong := func(r *http.Request) bool { return len(r.URL.RequestURI()) > longestURL }
	f.Fault(servicetest.HTML("*", http.StatusRequestURITooLong).When(tooLong))
}

// Status answers with a status and a body instead of processing the request. No Idempotency-Key remembers it: it is
// an answer of something in front of the service. See [Fails] for one of the service itself.
func Status(operation string, status int, body string) *Fault {
	return servicetest.Status(operation, status, body)
}

// RateLimit answers 429 with a Retry-After header of any text, or none.
func RateLimit(operation, retryAfter string) *Fault {
	return servicetest.RateLimit(operation, retryAfter)
}

// RateLimitReset answers 429 with nothing but X-RateLimit-Reset, the time after d in seconds since 1970.
func RateLimitReset(operation string, d time.Duration) *Fault {
	return servicetest.NewFault(operation, func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		e := problem(http.StatusTooManyRequests, "rate_limited", "too many requests", nil)
		reset := time.Now().Add(d + time.Second - 1).Unix()
		e.header = http.Header{"X-Ratelimit-Reset": {strconv.FormatInt(reset, 10)}}
		e.write(w)
	})
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

// UnknownStatus makes executions, jobs and queries in one status report another one that nobody has heard of, in
// every answer of the API.
func UnknownStatus(status, instead string) *Fault {
	from, to := []byte(`"status":"`+status+`"`), []byte(`"status":"`+instead+`"`)
	return RewriteBody("*", func(body []byte) []byte { return bytes.ReplaceAll(body, from, to) })
}

// RepeatToken answers every page of a list but the first with the token that the request had: a client that trusts
// tokens reads the second page for ever.
func RepeatToken(operation string) *Fault {
	return servicetest.NewFault(operation, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		answer := servicetest.Capture(next, r)
		token := r.URL.Query().Get("page_token")
		var body map[string]json.RawMessage
		if token != "" && answer.Status == http.StatusOK && json.Unmarshal(answer.Body, &body) == nil {
			body["pagination"], _ = json.Marshal(map[string]string{"next_page_token": token})
			if out, err := json.Marshal(body); err == nil {
				answer.Body = out
			}
		}
		answer.WriteTo(w)
	})
}

// instruction is what a fault asks of the handler behind the idempotency keys.
type instruction struct {
	wait    time.Duration
	process bool
	fails   *failure
}

type instructionKey struct{}

func instruct(operation string, i instruction) *Fault {
	return servicetest.NewFault(operation, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), instructionKey{}, i)))
	})
}

// Fails answers 500 and processes nothing. It is an outcome: a request with the same Idempotency-Key gets it again.
func Fails(operation string) *Fault { return instruct(operation, instruction{fails: internalError()}) }

// FailsAfter processes the request and answers 500 nevertheless. It is an outcome: a request with the same
// Idempotency-Key gets it again.
func FailsAfter(operation string) *Fault {
	return instruct(operation, instruction{process: true, fails: internalError()})
}

// Slow makes the service itself take its time before it processes the request, whether or not the client waits for
// it. Meanwhile a request with the same Idempotency-Key answers 409.
func Slow(operation string, d time.Duration) *Fault {
	return instruct(operation, instruction{wait: d, process: true})
}

// TimesOut answers 408 and processes nothing, as console logs and far systems do.
func TimesOut(operation string) *Fault {
	return instruct(operation, instruction{fails: problem(http.StatusRequestTimeout, "timeout", "the request timed out", nil)})
}

// withOutcomes does what faults have asked for.
func (f *Fake) withOutcomes(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i, ok := r.Context().Value(instructionKey{}).(instruction)
		if !ok {
			next.ServeHTTP(w, r)
			return
		}
		if i.wait > 0 {
			if servicetest.Sleep(f.ctx, i.wait) != nil {
				servicetest.Cut(w, r)
				return
			}
			r = r.WithContext(context.WithoutCancel(r.Context()))
		}
		switch {
		case i.fails == nil:
			next.ServeHTTP(w, r)
		case i.process:
			servicetest.Capture(next, r)
			i.fails.write(w)
		default:
			i.fails.write(w)
		}
	})
}
