package polytomic

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sdk/sluice/gen/polytomicapi"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/job"
)

const webhookSecret = "whsec-0123456789"

func sign(body string) string {
	mac := hmac.New(sha256.New, []byte(webhookSecret))
	mac.Write([]byte(body))
	return hex.EncodeToString(mac.Sum(nil))
}

func delivery(id string, at time.Time) string {
	return fmt.Sprintf(`{"id":%q,"type":"bulk_sync.completed","created_at":%q,"organization_id":"o","event":{"sync_id":"s1","sync_name":"nightly","execution_id":"e1","trigger_source":"api"}}`, id, stamp(at))
}

func post(r http.Handler, body, signature string) int {
	req := httptest.NewRequest(http.MethodPost, "/hooks", strings.NewReader(body))
	if signature != "" {
		req.Header.Set(signatureHeader, signature)
	}
	w := httptest.NewRecorder()
	r.ServeHTTP(w, req)
	return w.Code
}

func TestN8Receiver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []Event
		var rejected []error
		r, err := NewWebhookReceiver(webhookSecret, WithEventHandler(func(_ context.Context, e Event) error { got = append(got, e); return nil }),
			OnRejected(func(err error) { rejected = append(rejected, err) }))
		if err != nil {
			t.Fatal(err)
		}
		now := time.Now()
		good := delivery("evt-1", now)
		raw, _ := hex.DecodeString(sign(good))
		for _, tt := range []struct {
			name, body, signature string
			status                int
			reason                error
		}{
			{"good", good, sign(good), 200, nil},
			{"replayed", good, sign(good), 200, ErrReplayed},
			{"replayed in another form", good, base64.StdEncoding.EncodeToString(raw), 200, ErrReplayed},
			{"no signature", delivery("evt-2", now), "", 401, ErrForged},
			{"empty signature", delivery("evt-2", now), " ", 401, ErrForged},
			{"signature of another body", delivery("evt-2", now), sign(good), 401, ErrForged},
			{"changed by a space", good + " ", sign(good), 401, ErrForged},
			{"cut signature", delivery("evt-2", now), sign(delivery("evt-2", now))[:32], 401, ErrForged},
			{"old", delivery("evt-3", now.Add(-2*time.Hour)), sign(delivery("evt-3", now.Add(-2*time.Hour))), 400, ErrStale},
			{"from the future", delivery("evt-4", now.Add(time.Hour)), sign(delivery("evt-4", now.Add(time.Hour))), 400, ErrStale},
			{"no JSON", "hello", sign("hello"), 400, ErrMalformed},
			{"no id", `{"type":"x","created_at":"2026-01-01T00:00:00Z"}`, sign(`{"type":"x","created_at":"2026-01-01T00:00:00Z"}`), 400, ErrMalformed},
			{"no time", `{"type":"x","id":"y"}`, sign(`{"type":"x","id":"y"}`), 400, ErrMalformed},
			{"named hash", delivery("evt-5", now), "sha256=" + sign(delivery("evt-5", now)), 200, nil},
		} {
			rejected = nil
			before := len(got)
			if status := post(r, tt.body, tt.signature); status != tt.status {
				t.Errorf("%s: status %d, want %d", tt.name, status, tt.status)
			}
			if tt.reason == nil && len(got) != before+1 || tt.reason != nil && len(got) != before {
				t.Errorf("%s: %d events handed on", tt.name, len(got)-before)
			}
			if tt.reason != nil && (len(rejected) != 1 || !errors.Is(rejected[0], tt.reason)) {
				t.Errorf("%s: rejected with %v, want %v", tt.name, rejected, tt.reason)
			}
		}
		large := strings.Repeat("x", maxDelivery+1)
		if status := post(r, large, sign(large)); status != 413 {
			t.Errorf("too large: status %d", status)
		}
		two := httptest.NewRequest(http.MethodPost, "/hooks", strings.NewReader(delivery("evt-6", now)))
		two.Header[signatureHeader] = []string{sign(delivery("evt-6", now)), "another"}
		answer := httptest.NewRecorder()
		if r.ServeHTTP(answer, two); answer.Code != http.StatusUnauthorized {
			t.Errorf("two signatures: status %d", answer.Code)
		}
		req := httptest.NewRequest(http.MethodGet, "/hooks", nil)
		w := httptest.NewRecorder()
		r.ServeHTTP(w, req)
		if w.Code != 405 || w.Header().Get("Allow") != "POST" {
			t.Errorf("GET: status %d", w.Code)
		}
		e := got[0]
		if e.ID != "evt-1" || e.Type != EventBulkSyncCompleted || e.SyncID != "s1" || e.ExecutionID != "e1" || e.SyncName != "nightly" || !e.Created.Equal(now) {
			t.Errorf("%+v", e)
		}
		payload, err := e.Payload()
		if p, ok := payload.(*polytomicapi.EventingBulkSyncCompletedEvent); err != nil || !ok || *p.TriggerSource != "api" {
			t.Errorf("payload %T, %v", payload, err)
		}
	})
}

func TestN8Hashes(t *testing.T) {
	body := delivery("evt-1", time.Now())
	for name, tt := range map[string]struct {
		check SignatureCheck
		value string
	}{
		"sha512": {HMACSignature(sha512.New), func() string {
			m := hmac.New(sha512.New, []byte(webhookSecret))
			m.Write([]byte(body))
			return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
		}()},
		"sha1": {HMACSignature(sha1.New), func() string {
			m := hmac.New(sha1.New, []byte(webhookSecret))
			m.Write([]byte(body))
			return "SHA1=" + hex.EncodeToString(m.Sum(nil))
		}()},
		"own": {func(secret, _ []byte, s string) bool { return s == "own-"+string(secret) }, "own-" + webhookSecret},
	} {
		r, err := NewWebhookReceiver(webhookSecret, WithSignatureCheck(tt.check))
		if err != nil {
			t.Fatal(err)
		}
		if status := post(r, body, tt.value); status != 200 {
			t.Errorf("%s: status %d", name, status)
		}
		if status := post(r, body, sign(body)); status != 401 {
			t.Errorf("%s: another hash: status %d", name, status)
		}
	}
}

func TestN8ReceiverOptions(t *testing.T) {
	for name, f := range map[string]func() (*WebhookReceiver, error){
		"no secret":      func() (*WebhookReceiver, error) { return NewWebhookReceiver("") },
		"another empty":  func() (*WebhookReceiver, error) { return NewWebhookReceiver("x", WithSecrets("")) },
		"no check":       func() (*WebhookReceiver, error) { return NewWebhookReceiver("x", WithSignatureCheck(nil)) },
		"no window":      func() (*WebhookReceiver, error) { return NewWebhookReceiver("x", WithWindow(0)) },
		"no such client": func() (*WebhookReceiver, error) { return NewWebhookReceiver("x", WakeWaits(nil)) },
	} {
		if r, err := f(); !errors.Is(err, apierr.ErrInvalid) {
			t.Errorf("%s: %v, %v", name, r, err)
		}
	}
	r, err := NewWebhookReceiver("another secret", WithSecrets(webhookSecret))
	if err != nil {
		t.Fatal(err)
	}
	body := delivery("evt-1", time.Now())
	if status := post(r, body, sign(body)); status != 200 {
		t.Errorf("the second secret: status %d", status)
	}
	if shown := fmt.Sprintf("%v %+v %#v", r, r, r); strings.Contains(shown, webhookSecret) {
		t.Errorf("it shows a secret: %s", shown)
	}
}

// An event whose handler failed is delivered again.
func TestN8HandlerFails(t *testing.T) {
	fail := true
	handled := 0
	r, err := NewWebhookReceiver(webhookSecret, WithEventHandler(func(context.Context, Event) error {
		if fail {
			return errors.New("the database is down")
		}
		handled++
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	body := delivery("evt-1", time.Now())
	if status := post(r, body, sign(body)); status != 500 {
		t.Errorf("status %d", status)
	}
	fail = false
	if status := post(r, body, sign(body)); status != 200 || handled != 1 {
		t.Errorf("status %d, handled %d times", status, handled)
	}
}

// Polytomic gives up on a delivery that takes long and tries again: an event that is being handled is not yet one that was
// taken, because the handler may still fail.
func TestN8DeliveredAgainWhileHandled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hung := true
		handled := 0
		r, err := NewWebhookReceiver(webhookSecret, WithEventHandler(func(ctx context.Context, _ Event) error {
			if hung {
				<-ctx.Done()
				return ctx.Err()
			}
			handled++
			return nil
		}))
		if err != nil {
			t.Fatal(err)
		}
		body := delivery("evt-1", time.Now())
		ctx, leave := context.WithCancel(t.Context())
		first := httptest.NewRequestWithContext(ctx, http.MethodPost, "/hooks", strings.NewReader(body))
		first.Header.Set(signatureHeader, sign(body))
		answered := make(chan int)
		go func() {
			w := httptest.NewRecorder()
			r.ServeHTTP(w, first)
			answered <- w.Code
		}()
		synctest.Wait()
		if status := post(r, body, sign(body)); status < 500 {
			t.Errorf("the second delivery was answered %d while the first is handled", status)
		}
		leave() // Polytomic has gone
		if status := <-answered; status < 500 {
			t.Errorf("the first delivery was answered %d", status)
		}
		hung = false
		if status := post(r, body, sign(body)); status != 200 || handled != 1 {
			t.Errorf("the third delivery: status %d, handled %d times", status, handled)
		}
	})
}

// A handler that panics, which package net/http survives, has not taken the event.
func TestN8HandlerPanics(t *testing.T) {
	panics := true
	handled := 0
	r, err := NewWebhookReceiver(webhookSecret, WithEventHandler(func(context.Context, Event) error {
		if panics {
			panic("a bug of the handler's")
		}
		handled++
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	body := delivery("evt-1", time.Now())
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		post(r, body, sign(body))
	}()
	panics = false
	if status := post(r, body, sign(body)); status != 200 || handled != 1 {
		t.Errorf("status %d, handled %d times", status, handled)
	}
}

// Two receivers in one process, for two organizations with a webhook each, know nothing of each other.
func TestN8TwoReceivers(t *testing.T) {
	var first, second int
	count := func(n *int) ReceiverOption {
		return WithEventHandler(func(context.Context, Event) error { *n++; return nil })
	}
	a, err := NewWebhookReceiver(webhookSecret, count(&first))
	if err != nil {
		t.Fatal(err)
	}
	b, err := NewWebhookReceiver("another secret", count(&second))
	if err != nil {
		t.Fatal(err)
	}
	body := delivery("evt-1", time.Now())
	if status := post(b, body, sign(body)); status != 401 || second != 0 {
		t.Errorf("the secret of another organization: status %d, %d handled", status, second)
	}
	if status := post(a, body, sign(body)); status != 200 || first != 1 {
		t.Errorf("status %d, %d handled", status, first)
	}
	mac := hmac.New(sha256.New, []byte("another secret"))
	mac.Write([]byte(body))
	if status := post(b, body, hex.EncodeToString(mac.Sum(nil))); status != 200 || second != 1 {
		t.Errorf("the same id in another organization: status %d, %d handled", status, second)
	}
}

// A delivery makes a wait ask at once.
func TestN8WakesWaits(t *testing.T) {
	for range 5 { // an ordinary poll may come at the right moment
		synctest.Test(t, testN8WakesWaits)
	}
}

func testN8WakesWaits(t *testing.T) {
	var over atomic.Bool
	client, a := scripted(t, map[string]script{
		"getBulkSyncExecution": func(call) reply {
			if !over.Load() {
				return reply{body: data(bulkExecution("e1", "running"))}
			}
			return reply{body: data(bulkExecution("e1", "completed"))}
		},
		"listBulkSyncExecutions": ok(`{}`),
	}, WithPolling(job.Options{Intervals: job.Intervals{Min: time.Second, Max: time.Hour, MaxAlone: time.Hour}}))
	r, err := NewWebhookReceiver(webhookSecret, WakeWaits(client))
	if err != nil {
		t.Fatal(err)
	}
	waited := make(chan error)
	go func() { waited <- client.BulkSync("s1").Execution("e1").Wait(t.Context()) }()
	time.Sleep(20 * time.Minute)
	polls := len(a.asked("getBulkSyncExecution"))
	ended := time.Now()
	over.Store(true)
	body := delivery("evt-1", time.Now())
	if status := post(r, body, sign(body)); status != 200 {
		t.Fatalf("status %d", status)
	}
	if err := <-waited; err != nil {
		t.Fatal(err)
	}
	if delay := time.Since(ended); delay > 2*time.Second {
		t.Errorf("noticed after %s, with %d polls before", delay, polls)
	}
}

func TestN8CatchUp(t *testing.T) {
	now := time.Now()
	client, a := scripted(t, map[string]script{"listEvents": inTurn(
		ok(`{"data":[`+delivery("evt-1", now.Add(-3*time.Hour))+`,`+delivery("evt-2", now)+`],"pagination":{"next_page_token":"p2"}}`),
		ok(`{"data":[`+delivery("evt-3", now)+`]}`))})
	var got []string
	r, err := NewWebhookReceiver(webhookSecret, WithEventHandler(func(_ context.Context, e Event) error { got = append(got, e.ID); return nil }))
	if err != nil {
		t.Fatal(err)
	}
	body := delivery("evt-2", now)
	post(r, body, sign(body))
	n, err := r.CatchUp(t.Context(), client, now.Add(-4*time.Hour))
	if err != nil || n != 2 {
		t.Errorf("%d, %v", n, err)
	}
	if diff := cmp.Diff([]string{"evt-2", "evt-1", "evt-3"}, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if q := a.calls[0].query; len(q["starting_after"]) != 1 || q["limit"][0] != "100" {
		t.Errorf("asked with %v", q)
	}
	a.script("listEvents", ok(`{"data":null}`))
	if _, err := r.CatchUp(t.Context(), client, now.Add(-72*time.Hour)); !errors.Is(err, ErrEventGap) {
		t.Errorf("three days back: %v", err)
	}
}

// However many events come, the memory is bounded, and no event is handed on twice.
func TestN8MemoryIsBounded(t *testing.T) {
	var s seenEvents
	now := time.Now()
	horizon := now.Add(-48 * time.Hour)
	event := func(i int) Event {
		return Event{ID: fmt.Sprint(i), Created: now.Add(time.Duration(i) * time.Millisecond)}
	}
	const n = maxRemembered + 5000
	for i := range n {
		if err := s.take(event(i), horizon); err != nil {
			t.Fatalf("event %d: %v", i, err)
		}
		s.settle(event(i), true)
	}
	if len(s.byID) > maxRemembered || s.order.Len() > maxRemembered {
		t.Errorf("%d events are remembered", len(s.byID))
	}
	for _, i := range []int{0, 1, 4999, 5000, n - 1} {
		if err := s.take(event(i), horizon); !errors.Is(err, ErrReplayed) && !errors.Is(err, ErrStale) {
			t.Errorf("event %d again: %v", i, err)
		}
	}
}

func TestN8ManyAtOnce(t *testing.T) {
	var mu sync.Mutex
	seen := map[string]int{}
	r, err := NewWebhookReceiver(webhookSecret, WithEventHandler(func(_ context.Context, e Event) error {
		mu.Lock()
		defer mu.Unlock()
		seen[e.ID]++
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	var group sync.WaitGroup
	for i := range 200 {
		body := delivery(fmt.Sprint(i%20), now)
		group.Go(func() { post(r, body, sign(body)) })
	}
	group.Wait()
	for id, n := range seen {
		if n != 1 {
			t.Errorf("event %s was handed on %d times", id, n)
		}
	}
	if len(seen) != 20 {
		t.Errorf("%d events", len(seen))
	}
}

func TestEventPayloads(t *testing.T) {
	for kind, want := range map[EventType]any{
		EventSyncRunning: &polytomicapi.EventingSyncRunningEvent{}, EventSyncFailed: &polytomicapi.EventingSyncFailedEvent{},
		EventSyncCanceled: &polytomicapi.EventingSyncCanceledEvent{}, EventSyncCompleted: &polytomicapi.EventingSyncCompletedEvent{},
		EventSyncCompletedWithErrors: &polytomicapi.EventingSyncCompletedWithErrorsEvent{}, EventBulkSyncRunning: &polytomicapi.EventingBulkSyncRunningEvent{},
		EventBulkSyncFailed: &polytomicapi.EventingBulkSyncFailedEvent{}, EventBulkSyncCanceled: &polytomicapi.EventingBulkSyncCanceledEvent{},
		EventBulkSyncCompleted: &polytomicapi.EventingBulkSyncCompletedEvent{}, EventBulkSyncCompletedWithError: &polytomicapi.EventingBulkSyncCompletedWithErrorEvent{},
	} {
		e := (&wireEvent{ID: "1", Type: kind, Event: []byte(`{"execution_id":"e"}`)}).event()
		got, err := e.Payload()
		if err != nil || fmt.Sprintf("%T", got) != fmt.Sprintf("%T", want) {
			t.Errorf("%s: %T, %v", kind, got, err)
		}
		if ref, ok := e.ref(); !ok || ref.ID != "e" {
			t.Errorf("%s names %v", kind, ref)
		}
		if _, err := (Event{Type: kind, Raw: []byte(`[1]`)}).Payload(); !errors.Is(err, apierr.ErrDecode) {
			t.Errorf("%s with a list: %v", kind, err)
		}
	}
	if got, err := (Event{Type: "model.created", Raw: []byte(`{"a":1}`)}).Payload(); err != nil || fmt.Sprint(got) == "" {
		t.Errorf("%v, %v", got, err)
	}
}

// Whatever comes, the receiver does not crash, and hands nothing on that is not signed.
func FuzzWebhookReceiver(f *testing.F) {
	good := delivery("evt-1", time.Now())
	f.Add([]byte(good), sign(good), true)
	f.Add([]byte(good), "sha256="+sign(good), false)
	f.Add([]byte(`{"id":"x","type":"sync.failed","created_at":"2026-01-01T00:00:00Z","event":[1,2]}`), "", true)
	f.Add([]byte(`{`), "00", true)
	f.Add([]byte(`null`), strings.Repeat("A", 2000), true)
	f.Fuzz(func(t *testing.T, body []byte, signature string, signed bool) {
		if signed {
			signature = sign(string(body))
		}
		handed := 0
		r, err := NewWebhookReceiver(webhookSecret, WithEventHandler(func(_ context.Context, e Event) error {
			handed++
			if e.ID == "" || e.Type == "" || e.Created.IsZero() {
				t.Errorf("an event without its basics: %+v", e)
			}
			_, _ = e.Payload()
			return nil
		}))
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			req := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
			req.Header[signatureHeader] = []string{signature}
			w := httptest.NewRecorder()
			r.ServeHTTP(w, req)
			if w.Code == 0 || w.Code >= 500 {
				t.Errorf("status %d", w.Code)
			}
		}
		forged := !HMACSignature(sha256.New)([]byte(webhookSecret), body, signature)
		if handed > 1 || forged && handed > 0 {
			t.Errorf("%d events were handed on, forged %t", handed, forged)
		}
	})
}
