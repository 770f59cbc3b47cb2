package polytomic

import (
	"container/list"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"hash"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

const (
	signatureHeader = "Polytomic-Signature"
	maxDelivery     = 1 << 20
	// deliveryWindow is how old an event may be when it comes, and deliverySkew how far in the future: the clocks differ.
	deliveryWindow = time.Hour
	deliverySkew   = 5 * time.Minute
	// maxRemembered is how many events of the window are remembered by their ids.
	maxRemembered = 1 << 16
	maxEventID    = 256
)

// SignatureCheck reports whether the value of the header Polytomic-Signature belongs to the body and the secret. It must
// take the same time for every wrong signature.
type SignatureCheck func(secret, body []byte, signature string) bool

// HMACSignature checks an HMAC of the raw body with this hash, in hexadecimal or in base64, with or without the name of
// the hash in front ("sha256="). Every comparison takes the same time.
func HMACSignature(newHash func() hash.Hash) SignatureCheck {
	return func(secret, body []byte, signature string) bool {
		mac := hmac.New(newHash, secret)
		_, _ = mac.Write(body) // a hash never fails
		want := mac.Sum(nil)
		signature = strings.TrimSpace(signature)
		if name, rest, ok := strings.Cut(signature, "="); ok && rest != "" && len(name) <= 8 && strings.HasPrefix(strings.ToLower(name), "sha") {
			signature = rest
		}
		if len(signature) > 1024 {
			return false
		}
		// Each is compared whatever the others brought.
		ok := false
		for _, decode := range [...]func(string) ([]byte, error){
			hex.DecodeString, base64.StdEncoding.DecodeString, base64.RawStdEncoding.DecodeString, base64.URLEncoding.DecodeString, base64.RawURLEncoding.DecodeString,
		} {
			if got, err := decode(signature); err == nil && hmac.Equal(got, want) {
				ok = true
			}
		}
		return ok
	}
}

// EventHandler is given each event once. An error makes Polytomic deliver the event again, up to five times.
type EventHandler func(ctx context.Context, e Event) error

// ReceiverOption configures a [WebhookReceiver].
type ReceiverOption func(*WebhookReceiver)

// WithSignatureCheck replaces how signatures are checked. Without it they are HMAC-SHA-256. The hash and its encoding are
// in no document that could be read, and this was not tried on the live service: before relying on it let Polytomic
// deliver one event.
func WithSignatureCheck(check SignatureCheck) ReceiverOption {
	return func(r *WebhookReceiver) { r.verify = check }
}

// WithEventHandler calls f for each event, in the order in which they come, several at a time.
func WithEventHandler(f EventHandler) ReceiverOption {
	return func(r *WebhookReceiver) { r.handler = f }
}

// WakeWaits makes the waits of these clients ask soon when an event tells of their executions: see [Client.Notify].
func WakeWaits(clients ...*Client) ReceiverOption {
	return func(r *WebhookReceiver) { r.clients = append(r.clients, clients...) }
}

// WithSecrets accepts signatures with further secrets, while one is replaced by another.
func WithSecrets(secrets ...string) ReceiverOption {
	return func(r *WebhookReceiver) {
		for _, s := range secrets {
			r.secrets = append(r.secrets, []byte(s))
		}
	}
}

// WithWindow sets how old an event may be when it is delivered: an hour by default. Older ones are refused; what was
// missed is in [WebhookReceiver.CatchUp].
func WithWindow(d time.Duration) ReceiverOption {
	return func(r *WebhookReceiver) { r.window = d }
}

// OnRejected calls f for each delivery that was not handed on, with the reason: [ErrForged], [ErrStale], [ErrReplayed] and
// others. F must be safe for concurrent use.
func OnRejected(f func(error)) ReceiverOption {
	return func(r *WebhookReceiver) { r.rejected = f }
}

// Reasons why a delivery is not handed on.
const (
	// ErrForged: the signature is missing or wrong.
	ErrForged = stateError("the signature is missing or wrong")
	// ErrStale: the event is older than the window, or from the future.
	ErrStale = stateError("the event is outside the time window")
	// ErrReplayed: the event was handed on before.
	ErrReplayed = stateError("the event was delivered before")
	// ErrMalformed: the body is too large or is no event.
	ErrMalformed = stateError("the delivery is not an event")
)

// WebhookReceiver is an http.Handler for the deliveries of Polytomic's one webhook of an organization. A delivery is
// handed on when its signature over the raw body is right, its body is at most 1 MiB, its event is young enough and was
// not handed on before. It is safe for concurrent use, and nothing runs in it between deliveries.
//
// It answers 200 to what it took, and to what it had taken before, so that Polytomic does not deliver it a sixth time; 401
// to a wrong signature, 400 to what is no event or too old, 413 to what is too large, 500 when the handler failed, and 503
// to an event that the handler has not done with yet, because it may still fail: Polytomic asks again.
//
// This is not for deliveries of records by a sync whose destination is a webhook: those carry a bearer token instead.
type WebhookReceiver struct {
	secrets  [][]byte
	verify   SignatureCheck
	window   time.Duration
	handler  EventHandler
	clients  []*Client
	rejected func(error)
	seen     seenEvents
}

// NewWebhookReceiver returns a receiver for the webhook with this secret, the one that [Client.CreateWebhook] was given.
// The error is of kind [apierr.KindInvalid] for an empty secret.
func NewWebhookReceiver(secret string, opts ...ReceiverOption) (*WebhookReceiver, error) {
	r := &WebhookReceiver{secrets: [][]byte{[]byte(secret)}, verify: HMACSignature(sha256.New), window: deliveryWindow}
	for _, o := range opts {
		o(r)
	}
	for _, s := range r.secrets {
		if len(s) == 0 {
			return nil, apierr.Invalid(service, "secret", "the secret of the webhook is empty: everybody could sign")
		}
	}
	if r.verify == nil || r.window <= 0 {
		return nil, apierr.Invalid(service, "options", "there is no signature check, or no window")
	}
	for _, c := range r.clients {
		if c == nil {
			return nil, apierr.Invalid(service, "WakeWaits", "a client is nil")
		}
	}
	return r, nil
}

// String hides the secrets.
func (r *WebhookReceiver) String() string { return "polytomic.WebhookReceiver(***)" }

// GoString hides what String hides.
func (r *WebhookReceiver) GoString() string { return r.String() }

// ServeHTTP implements [http.Handler].
func (r *WebhookReceiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if req.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "deliveries are POST requests", http.StatusMethodNotAllowed)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxDelivery))
	if err != nil {
		status := http.StatusBadRequest
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			status = http.StatusRequestEntityTooLarge
		}
		r.reject(ErrMalformed)
		http.Error(w, http.StatusText(status), status)
		return
	}
	status, err := r.receive(req.Context(), body, req.Header.Values(signatureHeader))
	if err != nil {
		r.reject(err)
	}
	if status != http.StatusOK {
		http.Error(w, http.StatusText(status), status) // a forger learns nothing from it
		return
	}
	w.WriteHeader(http.StatusOK)
}

func (r *WebhookReceiver) reject(err error) {
	if r.rejected != nil {
		r.rejected(err)
	}
}

// receive takes one delivery in and returns how to answer it.
func (r *WebhookReceiver) receive(ctx context.Context, body []byte, signatures []string) (int, error) {
	if len(signatures) != 1 || !r.signed(body, signatures[0]) {
		return http.StatusUnauthorized, ErrForged
	}
	var wire wireEvent
	if err := json.Unmarshal(body, &wire); err != nil || wire.Type == "" || wire.ID == "" || len(wire.ID) > maxEventID || wire.CreatedAt == nil {
		return http.StatusBadRequest, ErrMalformed
	}
	return r.deliver(ctx, wire.event(), true)
}

func (r *WebhookReceiver) signed(body []byte, signature string) bool {
	ok := false
	for _, secret := range r.secrets {
		if r.verify(secret, body, signature) {
			ok = true
		}
	}
	return ok
}

// deliver hands an event on, once.
func (r *WebhookReceiver) deliver(ctx context.Context, e Event, bounded bool) (int, error) {
	now := time.Now()
	if bounded && (now.Sub(e.Created) > r.window || e.Created.Sub(now) > deliverySkew) {
		return http.StatusBadRequest, ErrStale
	}
	switch err := r.seen.take(e, now.Add(-max(r.window, eventRetention))); {
	case err == nil:
	case errors.Is(err, errUnderWay):
		return http.StatusServiceUnavailable, ErrReplayed
	case errors.Is(err, ErrReplayed):
		return http.StatusOK, err
	default:
		return http.StatusBadRequest, err
	}
	handed := false
	defer func() { r.seen.settle(e, handed) }() // also when the handler panics
	for _, c := range r.clients {
		c.Notify(e)
	}
	if r.handler != nil {
		if err := r.handler(ctx, e); err != nil {
			return http.StatusInternalServerError, err
		}
	}
	handed = true
	return http.StatusOK, nil
}

// CatchUp hands on the events since a moment that no delivery brought, from the list that Polytomic keeps for 48 hours: to
// be called when the program starts, and after an outage. Events that were handed on before are left out. When since lies
// further back the error wraps [ErrEventGap], after everything there is has been handed on. It returns how many events
// were handed on, and the first error of the handler or the list.
//
//sluice:operation GET /api/events
func (r *WebhookReceiver) CatchUp(ctx context.Context, c *Client, since time.Time) (int, error) {
	handed := 0
	for e, err := range c.Events(ctx, EventFilter{After: since}) {
		if err != nil {
			return handed, err
		}
		switch _, err := r.deliver(ctx, e, false); {
		case err == nil:
			handed++
		case errors.Is(err, ErrReplayed), errors.Is(err, ErrStale):
		default:
			return handed, err
		}
	}
	if time.Since(since) > eventRetention {
		return handed, &apierr.Error{Service: service, Operation: "listEvents", Kind: apierr.KindNotFound, Err: ErrEventGap,
			Hint: "Look at the executions of the syncs for what happened before."}
	}
	return handed, nil
}

// seenEvents remembers events by their ids. When it is full it forgets the ones that came first, and from then on refuses
// events that are no younger than those: a replay is never handed on because the memory is short.
type seenEvents struct {
	mu    sync.Mutex
	byID  map[string]*list.Element
	order list.List // of *seenEvent, the ones that came first in front
	floor time.Time
}

type seenEvent struct {
	id      string
	created time.Time
	open    bool // it is being handed on
}

// errUnderWay: the event is being handed on, and nobody knows yet whether that succeeds.
const errUnderWay = stateError("the event is being handed on")

// take remembers an event, or says why it must not be handed on. Events older than horizon are refused elsewhere and need
// not be remembered. Whoever took an event has to settle it.
func (s *seenEvents) take(e Event, horizon time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for front := s.order.Front(); front != nil; front = s.order.Front() {
		if v, ok := front.Value.(*seenEvent); !ok || !v.created.Before(horizon) {
			break
		}
		s.drop(front)
	}
	if at, ok := s.byID[e.ID]; ok {
		if v, ok := at.Value.(*seenEvent); ok && v.open {
			return errUnderWay
		}
		return ErrReplayed
	}
	if !s.floor.IsZero() && !e.Created.After(s.floor) || e.Created.Before(horizon) {
		return ErrStale
	}
	if s.order.Len() >= maxRemembered {
		s.drop(s.order.Front())
	}
	if s.byID == nil {
		s.byID = make(map[string]*list.Element)
	}
	s.byID[e.ID] = s.order.PushBack(&seenEvent{e.ID, e.Created, true})
	return nil
}

// drop forgets an event and raises the floor over it.
func (s *seenEvents) drop(at *list.Element) {
	if v, ok := s.order.Remove(at).(*seenEvent); ok {
		delete(s.byID, v.id)
		if v.created.After(s.floor) {
			s.floor = v.created
		}
	}
}

// settle ends what take began: an event that was handed on stays remembered, another may be delivered again.
func (s *seenEvents) settle(e Event, handed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, ok := s.byID[e.ID]
	if !ok {
		return // forgotten meanwhile, and refused by its age
	}
	if v, ok := at.Value.(*seenEvent); ok && handed {
		v.open = false
		return
	}
	s.order.Remove(at)
	delete(s.byID, e.ID)
}
