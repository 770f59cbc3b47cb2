package polytomictest

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"

	wire "github.com/sluice-sdk/sluice/gen/polytomicapi"
	srv "github.com/sluice-sdk/sluice/gen/polytomicserver"
	"github.com/sluice-sdk/sluice/wrappers/servicetest"
)

const (
	signatureHeader = "Polytomic-Signature"
	deliveryRetries = 5
	deliveryTimeout = 30 * time.Second
)

type webhook struct {
	id, endpoint, secret string
	org                  *organization
	created              time.Time
	disabled             bool
}

func (w *webhook) identity() string { return w.id }

func (f *Fake) webhookWire(w *webhook) *wire.Webhook {
	secret := w.secret
	if f.has(MaskedSecrets) {
		secret = mask
	}
	return &wire.Webhook{
		ID: &w.id, Endpoint: new(w.endpoint), Secret: &secret, Disabled: new(w.disabled), OrganizationID: &w.org.id, CreatedAt: moment(w.created),
	}
}

func (f *Fake) webhook(c *caller, id string) (*webhook, error) {
	if w := f.webhooks.byID[id]; w != nil && w.org == c.org {
		return w, nil
	}
	return nil, notFound("webhook", id)
}

func checkWebhook(endpoint, secret string) error {
	if u, err := url.Parse(endpoint); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return unprocessable("endpoint is not a URL")
	}
	if secret == "" {
		return unprocessable("secret is required")
	}
	return nil
}

func (a *service) ListWebhooks(ctx context.Context, _ srv.ListWebhooksRequestObject) (srv.ListWebhooksResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	list := f.webhooks.where(func(w *webhook) bool { return w.org == c.org })
	return srv.ListWebhooks200JSONResponse{Data: rows(f, mapped(list, func(w *webhook) wire.Webhook { return *f.webhookWire(w) }))}, nil
}

// CreateWebhook makes the one webhook of an organization.
func (a *service) CreateWebhook(ctx context.Context, request srv.CreateWebhookRequestObject) (srv.CreateWebhookResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	b := request.Body
	if err := own(c, b.OrganizationID); err != nil {
		return nil, err
	}
	if err := checkWebhook(b.Endpoint, b.Secret); err != nil {
		return nil, err
	}
	if slices.ContainsFunc(f.webhooks.rows, func(w *webhook) bool { return w.org == c.org }) {
		return nil, unprocessable("the organization has a webhook")
	}
	w := &webhook{id: f.newID(), endpoint: b.Endpoint, secret: b.Secret, org: c.org, created: f.now}
	f.webhooks.add(w)
	f.watch()
	return srv.CreateWebhook200JSONResponse{Data: f.webhookWire(w)}, nil
}

func (a *service) GetWebhook(ctx context.Context, request srv.GetWebhookRequestObject) (srv.GetWebhookResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	w, err := f.webhook(c, request.ID)
	if err != nil {
		return nil, err
	}
	return srv.GetWebhook200JSONResponse{Data: f.webhookWire(w)}, nil
}

func (a *service) UpdateWebhook(ctx context.Context, request srv.UpdateWebhookRequestObject) (srv.UpdateWebhookResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	w, err := f.webhook(c, request.ID)
	if err != nil {
		return nil, err
	}
	b := request.Body
	if err := own(c, b.OrganizationID); err != nil {
		return nil, err
	}
	if err := checkWebhook(b.Endpoint, b.Secret); err != nil {
		return nil, err
	}
	if b.Secret != mask || f.has(StoresMask) {
		w.secret = b.Secret
	}
	w.endpoint = b.Endpoint
	return srv.UpdateWebhook200JSONResponse{Data: f.webhookWire(w)}, nil
}

func (a *service) DeleteWebhook(ctx context.Context, request srv.DeleteWebhookRequestObject) (srv.DeleteWebhookResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	w, err := f.webhook(c, request.ID)
	if err != nil {
		return nil, err
	}
	f.webhooks.remove(w)
	return srv.DeleteWebhook200Response{}, nil
}

// DisableWebhook stops deliveries: what happens meanwhile is not delivered later.
func (a *service) DisableWebhook(ctx context.Context, request srv.DisableWebhookRequestObject) (srv.DisableWebhookResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	w, err := f.webhook(c, request.ID)
	if err != nil {
		return nil, err
	}
	w.disabled = true
	return srv.DisableWebhook200JSONResponse{Data: f.webhookWire(w)}, nil
}

func (a *service) EnableWebhook(ctx context.Context, request srv.EnableWebhookRequestObject) (srv.EnableWebhookResponseObject, error) {
	f, c := a.enter(ctx)
	defer a.leave()
	w, err := f.webhook(c, request.ID)
	if err != nil {
		return nil, err
	}
	w.disabled = false
	return srv.EnableWebhook200JSONResponse{Data: f.webhookWire(w)}, nil
}

// AddWebhook makes the webhook of the first organization. Events go to it when [DeliverWebhooks] or [WebhookHandler]
// says how.
func (f *Fake) AddWebhook(endpoint, secret string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := checkWebhook(endpoint, secret); err != nil {
		f.misuse("%v", err)
		return ""
	}
	w := &webhook{id: f.newID(), endpoint: endpoint, secret: secret, org: f.organizations[0], created: f.now}
	f.webhooks.add(w)
	f.watch()
	return w.id
}

// hexSignature is the likeliest of what the documentation's "HMAC of the body with the secret" may mean.
func hexSignature(secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

// Delivery is one attempt to deliver an event.
type Delivery struct {
	WebhookID, EventID, Type string
	Attempt                  int // 1 for the first
	At                       time.Time
	Status                   int   // 0 when there was no answer
	Err                      error // why not
}

// Deliveries returns the attempts to deliver events, in the order in which they ended.
func (f *Fake) Deliveries() []Delivery {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.deliveries)
}

// watch starts what wakes up for events when there is somebody to tell, and nobody looks. The lock is held.
func (f *Fake) watch() {
	if f.courier == nil || f.closed || f.watching {
		return
	}
	f.watching = true
	f.delivered.Go(func() {
		alarm := time.NewTimer(time.Hour)
		defer alarm.Stop()
		for {
			f.mu.Lock()
			f.advance(time.Now())
			alarm.Stop()
			if len(f.due) > 0 {
				alarm.Reset(max(time.Until(f.due[0].at), 0))
			}
			f.mu.Unlock()
			select {
			case <-alarm.C:
			case <-f.wake:
			case <-f.ctx.Done():
				return
			}
		}
	})
}

// deliver sends an event to the webhooks of its organization. The lock is held.
func (f *Fake) deliver(x *event) {
	if f.courier == nil || f.closed {
		return
	}
	for _, w := range f.webhooks.rows {
		if w.org != x.org || w.disabled {
			continue
		}
		body, err := json.Marshal(x.wire())
		if err != nil {
			continue // made by us
		}
		var late time.Duration
		if f.has(UnorderedWebhooks) {
			late = time.Duration(f.random.Int64N(int64(2 * time.Second)))
		}
		endpoint, secret := w.endpoint, w.secret
		f.delivered.Go(func() { f.carry(w.id, endpoint, f.config.sign(secret, body), x, body, late) })
	}
}

// Redeliver sends an event once more to the webhooks of its organization, as a retry whose first attempt had arrived
// after all does. It returns false when there is no such event.
func (f *Fake) Redeliver(eventID string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, x := range f.events {
		if x.id == eventID {
			f.deliver(x)
			return true
		}
	}
	return false
}

// carry tries to deliver an event, and up to five times more with growing pauses.
func (f *Fake) carry(webhookID, endpoint, signature string, x *event, body []byte, wait time.Duration) {
	for attempt := 1; attempt <= 1+deliveryRetries; attempt++ {
		if servicetest.Sleep(f.ctx, wait) != nil {
			return
		}
		wait = time.Second << attempt
		d := Delivery{WebhookID: webhookID, EventID: x.id, Type: x.kind, Attempt: attempt}
		d.Status, d.Err = f.post(endpoint, signature, body)
		d.At = time.Now()
		f.mu.Lock()
		f.deliveries = append(f.deliveries, d)
		f.mu.Unlock()
		if d.Status >= 200 && d.Status < 300 {
			return
		}
	}
}

func (f *Fake) post(endpoint, signature string, body []byte) (status int, err error) {
	ctx, cancel := context.WithTimeout(f.ctx, deliveryTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, bytes.NewReader(body))
	if err != nil {
		return 0, fmt.Errorf("polytomictest: deliver: %w", err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "Polytomic")
	r.Header.Set(signatureHeader, signature)
	response, err := f.courier.Do(r)
	if err != nil {
		return 0, fmt.Errorf("polytomictest: deliver: %w", err)
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 1<<20))
	_ = response.Body.Close()
	return response.StatusCode, nil
}

// handlerTransport lets a handler in the same process answer.
type handlerTransport struct{ handler http.Handler }

// RoundTrip implements http.RoundTripper.
func (t handlerTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	answer := servicetest.Capture(t.handler, r)
	return &http.Response{
		Status: fmt.Sprintf("%d %s", answer.Status, http.StatusText(answer.Status)), StatusCode: answer.Status, Proto: "HTTP/1.1",
		ProtoMajor: 1, ProtoMinor: 1, Header: answer.Header, Body: io.NopCloser(bytes.NewReader(answer.Body)),
		ContentLength: int64(len(answer.Body)), Request: r,
	}, nil
}
