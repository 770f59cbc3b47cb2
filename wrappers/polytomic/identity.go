package polytomic

import (
	"context"

	"github.com/sluice-sdk/sluice/gen/polytomicapi"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// Identity says who the credentials stand for, and which organization they are for: the cheapest call that shows whether
// they are good. IsUser, IsOrganization, IsPartner and IsSystem tell the class of the key as the service sees it.
//
//sluice:operation GET /api/me
func (c *Client) Identity(ctx context.Context) (*polytomicapi.GetIdentityResponseSchema, error) {
	return dataOf[polytomicapi.GetIdentityResponseSchema](c.raw.GetIdentity(ctx))
}

// Entity finds out what an id, for example one from a log, belongs to: its type, its path and what it relates to.
//
//sluice:operation GET /api/entities/{id}
func (c *Client) Entity(ctx context.Context, id string) (*polytomicapi.EntityResponse, error) {
	if err := checkID("entity", id); err != nil {
		return nil, err
	}
	return with[*polytomicapi.EntityResponse]("entity", id)(dataOf[polytomicapi.EntityResponse](c.raw.GetEntity(ctx, id)))
}

// PartnerEntity is [Client.Entity] over all the organizations of a partner.
//
//sluice:operation GET /api/organizations/entities/{id}
func (c *Client) PartnerEntity(ctx context.Context, id string) (*polytomicapi.EntityResponse, error) {
	if err := checkID("entity", id); err != nil {
		return nil, err
	}
	return with[*polytomicapi.EntityResponse]("entity", id)(dataOf[polytomicapi.EntityResponse](c.raw.GetPartnerEntity(ctx, id)))
}

// ErrorSubscribers returns the addresses that are mailed when any sync of the organization fails.
//
//sluice:operation GET /api/notifications/global-error-subscribers
func (c *Client) ErrorSubscribers(ctx context.Context) ([]string, error) {
	answer, err := transport.Decode[polytomicapi.GlobalErrorSubscribersResponse](c.raw.GetGlobalErrorSubscribers(ctx))
	if err != nil {
		return nil, err
	}
	return orEmpty(given(answer.Emails)), nil
}

// SetErrorSubscribers replaces the addresses that are mailed when any sync of the organization fails, and returns those
// that are now.
//
//sluice:operation PUT /api/notifications/global-error-subscribers
func (c *Client) SetErrorSubscribers(ctx context.Context, emails ...string) ([]string, error) {
	answer, err := transport.Decode[polytomicapi.GlobalErrorSubscribersResponse](c.raw.SetGlobalErrorSubscribers(ctx,
		polytomicapi.GlobalErrorSubscribersRequest{Emails: listed(orEmpty(emails))}))
	if err != nil {
		return nil, err
	}
	return orEmpty(given(answer.Emails)), nil
}
