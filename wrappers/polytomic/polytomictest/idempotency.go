package polytomictest

import (
	"bytes"
	"hash/maphash"
	"maps"
	"net/http"
	"regexp"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/servicetest"
)

const (
	idempotencyHeader = "Idempotency-Key"
	outcomeLives      = 24 * time.Hour // "at least"
)

var validKey = regexp.MustCompile(`^[A-Za-z0-9_-]{8,255}$`)

// outcome is what became of the first request with a key.
type outcome struct {
	began   time.Time
	request uint64 // what was asked for
	answer  *servicetest.Answer
}

var fingerprintSeed = maphash.MakeSeed()

func fingerprint(r *http.Request, body []byte) uint64 {
	var h maphash.Hash
	h.SetSeed(fingerprintSeed)
	for _, part := range []string{r.Method, r.URL.Path, r.URL.RawQuery, string(bytes.TrimSpace(body))} {
		_, _ = h.WriteString(part)
		_ = h.WriteByte(0)
	}
	return h.Sum64()
}

// once lets a request with a key have one outcome, whatever it is: the documentation of idempotent requests says that
// a 500 is replayed too. What is answered before a request begins (sign-in, limits, a malformed key) is no outcome.
//
// That the key of another request answers 422 is a guess; the documentation does not say.
func (f *Fake) once(w http.ResponseWriter, r *http.Request, c *caller, body []byte, next http.Handler) {
	key := r.Header.Get(idempotencyHeader)
	if key == "" || r.Method == http.MethodGet || !f.has(IdempotencyReplay) {
		next.ServeHTTP(w, r)
		return
	}
	if !validKey.MatchString(key) {
		f.invalid("Idempotency-Key must be 8 to 255 characters of A-Z, a-z, 0-9, _ and -").write(w)
		return
	}
	scope, request := c.key+" "+key, fingerprint(r, body)
	f.mu.Lock()
	first := f.outcomes[scope]
	if first != nil && first.answer != nil && time.Since(first.began) >= outcomeLives {
		first = nil
	}
	switch {
	case first == nil:
		f.forgetOutcomes()
		first = &outcome{began: time.Now(), request: request}
		f.outcomes[scope] = first
		f.mu.Unlock()
	case first.request != request:
		f.mu.Unlock()
		problem(http.StatusUnprocessableEntity, "idempotency_key_reused", "the Idempotency-Key belongs to another request", nil).write(w)
		return
	case first.answer == nil:
		f.mu.Unlock()
		problem(http.StatusConflict, "idempotency_key_in_use", "a request with this Idempotency-Key is being processed", nil).write(w)
		return
	default:
		f.replays++
		f.mu.Unlock()
		first.answer.WriteTo(w)
		return
	}
	answer := servicetest.Capture(next, r)
	f.mu.Lock()
	first.answer = answer
	f.mu.Unlock()
	answer.WriteTo(w)
}

// forgetOutcomes drops what is older than a day, now and then. The lock is held.
func (f *Fake) forgetOutcomes() {
	if n := len(f.outcomes); n == 0 || n%1024 != 0 {
		return
	}
	maps.DeleteFunc(f.outcomes, func(_ string, o *outcome) bool { return o.answer != nil && time.Since(o.began) >= outcomeLives })
}

// Replays returns how many requests were answered with the outcome of an earlier one.
func (f *Fake) Replays() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.replays
}
