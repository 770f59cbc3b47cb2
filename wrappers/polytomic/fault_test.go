package polytomic

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// ledger is a service that keeps idempotency keys as Polytomic does: the first outcome of a key, a 500 included, is given
// again for ever.
type ledger struct {
	random  *rand.Rand
	applied int              // since the last call began
	kept    map[string]reply // the outcomes of keys
	burnt   map[string]int   // keys that were answered with a 5xx
	broken  string           // what was wrong
	born    time.Time
}

func (l *ledger) begin() {
	l.applied, l.kept, l.burnt = 0, map[string]reply{}, map[string]int{}
	l.born = time.Time{}
}

// answer is one request under random faults.
func (l *ledger) answer(c call) reply {
	key := c.key()
	if key == "" {
		l.broken = "a request without a key"
	}
	if status := l.burnt[key]; status != 0 {
		l.broken = fmt.Sprintf("a key was sent again after a %d", status)
	}
	work := func() reply {
		if r, ok := l.kept[key]; ok {
			return r
		}
		r := reply{body: data(bulkExecution("e", "created", created(time.Now())))}
		switch l.random.IntN(6) {
		case 0:
			r = reply{status: http.StatusInternalServerError, body: `{"message":"boom","status":500}`}
			if l.random.IntN(2) == 0 { // it broke after the work was done
				l.applied++
				l.born = time.Now()
			}
		case 1:
			r = reply{status: http.StatusUnprocessableEntity, body: `{"message":"no","status":422}`}
		default:
			l.applied++
			l.born = time.Now()
		}
		l.kept[key] = r
		return r
	}
	var r reply
	switch l.random.IntN(10) {
	case 0: // never arrived
		return reply{fail: errReset}
	case 1: // arrived, and the answer was lost
		work()
		return reply{fail: errReset}
	case 2: // a gateway gave up on it, before or after
		if l.random.IntN(2) == 0 {
			work()
		}
		r = reply{status: http.StatusBadGateway, body: `<html></html>`, header: map[string]string{"Content-Type": "text/html"}}
	case 3:
		r = reply{status: http.StatusTooManyRequests, body: `{"message":"slow down","status":429}`}
	case 4:
		r = reply{status: http.StatusConflict, body: `{"message":"the idempotency key is in use","status":409}`}
		if l.random.IntN(2) == 0 {
			work()
		} else if _, ok := l.kept[key]; !ok {
			r = work()
		}
	default:
		r = work()
	}
	if r.status >= 500 {
		l.burnt[key] = r.status
	}
	return r
}

// In 100,000 runs with random faults a request takes effect at most once: a success means once, an error that does not say
// MayHaveApplied means never. No key is sent again after an answer that would be replayed for ever.
func TestFaultRuns(t *testing.T) {
	runs := 100_000
	if raceEnabled || testing.Short() {
		runs = 10_000 // in full without the race detector
	}
	synctest.Test(t, func(t *testing.T) {
		l := &ledger{random: rand.New(rand.NewPCG(4711, 42))}
		client, a := scripted(t, map[string]script{
			"createRole": l.answer, "startBulkSync": l.answer,
			"getBulkSyncStatus": func(call) reply {
				if l.born.IsZero() {
					return reply{body: data(`{}`)}
				}
				return reply{body: dataf(`{"current_execution":%s}`, bulkExecution("e", "running", created(l.born)))}
			},
		}, WithTransport(transport.WithRetry(transport.RetryOptions{Budget: -1})))
		counts := map[string]int{}
		for i := range runs {
			l.begin()
			a.calls = a.calls[:0]
			client.begun = begun{}
			var err error
			started := i%10 == 0
			if started {
				time.Sleep(time.Hour) // nothing older can be taken for what is started
				_, err = client.BulkSync("s").Start(t.Context())
			} else {
				_, err = client.CreateRole(t.Context(), "r")
			}
			var e *apierr.Error
			switch {
			case l.broken != "":
				t.Fatalf("run %d: %s", i, l.broken)
			case l.applied > 1:
				t.Fatalf("run %d: it took effect %d times", i, l.applied)
			case err == nil && l.applied != 1:
				t.Fatalf("run %d: a success that took effect %d times", i, l.applied)
			case err == nil:
				counts["success"]++
			case !errors.As(err, &e):
				t.Fatalf("run %d: %v", i, err)
			case l.applied == 1 && !mayHaveApplied(err):
				t.Fatalf("run %d: it took effect, and the error does not say that it may have: %v", i, err)
			case mayHaveApplied(err):
				counts["may have been applied"]++
			default:
				counts["not applied"]++
			}
		}
		t.Log(counts)
		for _, what := range []string{"success", "may have been applied", "not applied"} {
			if counts[what] < runs/100 {
				t.Errorf("only %d runs ended with %q: the faults are too few", counts[what], what)
			}
		}
	})
}
