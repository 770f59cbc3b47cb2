package polytomic

import (
	"context"
	"iter"
	"net/http"
	"net/url"

	"github.com/sluice-sdk/sluice/gen/polytomicapi"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// Webhook is the handle of an organization's webhook, of which there is one at most. It keeps nothing.
type Webhook struct {
	client *Client
	id     string
}

// Webhook returns the handle of a webhook. It does no I/O.
func (c *Client) Webhook(id string) *Webhook { return &Webhook{client: c, id: id} }

// ID returns the webhook's id.
func (w *Webhook) ID() string { return w.id }

func (w *Webhook) about(err error) error { return about("webhook", w.id, err) }

func (w *Webhook) check() error { return w.about(checkID("webhook", w.id)) }

// Webhooks lists the organization's webhooks, in one call. Their secrets must not be logged.
//
//sluice:operation GET /api/webhooks
func (c *Client) Webhooks(ctx context.Context) iter.Seq2[polytomicapi.Webhook, error] {
	return oneCall(ctx, func(ctx context.Context) ([]polytomicapi.Webhook, error) {
		rows, _, err := listOf[polytomicapi.Webhook](c.raw.ListWebhooks(ctx))
		return rows, err
	})
}

// CreateWebhook registers where events are delivered, and the secret that signs them: see [NewWebhookReceiver]. An
// organization has one webhook.
//
//sluice:operation POST /api/webhooks
func (c *Client) CreateWebhook(ctx context.Context, endpoint, secret string) (*Webhook, error) {
	if err := checkWebhook(endpoint, secret); err != nil {
		return nil, err
	}
	created, err := dataOf[polytomicapi.Webhook](c.raw.CreateWebhook(ctx, polytomicapi.CreateWebhooksSchema{Endpoint: endpoint, Secret: secret}))
	if err != nil {
		return nil, err
	}
	return c.Webhook(valueOf(created.ID)), nil
}

func checkWebhook(endpoint, secret string) error {
	if u, err := url.Parse(endpoint); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return apierr.Invalid(service, "endpoint", "the endpoint is not an absolute http or https URL")
	}
	switch {
	case secret == "":
		return apierr.Invalid(service, "secret", "the secret is empty: everybody could sign")
	case looksMasked(secret):
		return invalidBecause(ErrMaskedSecret, "secret", "the secret is what Polytomic shows instead of one")
	}
	return nil
}

// Info reads the webhook.
//
//sluice:operation GET /api/webhooks/{id}
func (w *Webhook) Info(ctx context.Context) (*polytomicapi.Webhook, error) {
	if err := w.check(); err != nil {
		return nil, err
	}
	return with[*polytomicapi.Webhook]("webhook", w.id)(dataOf[polytomicapi.Webhook](w.client.raw.GetWebhook(ctx, w.id)))
}

// Update replaces where events are delivered and the secret that signs them. Both have to be given.
//
//sluice:operation PUT /api/webhooks/{id}
func (w *Webhook) Update(ctx context.Context, endpoint, secret string) error {
	if err := w.check(); err != nil {
		return err
	}
	if err := checkWebhook(endpoint, secret); err != nil {
		return w.about(err)
	}
	return w.about(transport.Discard(w.client.raw.UpdateWebhook(ctx, w.id, polytomicapi.UpdateWebhooksSchema{Endpoint: endpoint, Secret: secret})))
}

// Delete deletes the webhook.
//
//sluice:operation DELETE /api/webhooks/{id}
func (w *Webhook) Delete(ctx context.Context) error {
	if err := w.check(); err != nil {
		return err
	}
	return w.about(w.client.remove(ctx, func(ctx context.Context) (*http.Response, error) {
		return w.client.raw.DeleteWebhook(ctx, w.id)
	}))
}

// Enable starts deliveries.
//
//sluice:operation POST /api/webhooks/{id}/enable
func (w *Webhook) Enable(ctx context.Context) error {
	if err := w.check(); err != nil {
		return err
	}
	return w.about(transport.Discard(w.client.raw.EnableWebhook(ctx, w.id)))
}

// Disable stops deliveries. Events of the meantime are not delivered later: [WebhookReceiver.CatchUp] finds them for 48
// hours.
//
//sluice:operation POST /api/webhooks/{id}/disable
func (w *Webhook) Disable(ctx context.Context) error {
	if err := w.check(); err != nil {
		return err
	}
	return w.about(transport.Discard(w.client.raw.DisableWebhook(ctx, w.id)))
}
