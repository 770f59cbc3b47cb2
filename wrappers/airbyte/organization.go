package airbyte

import (
	"context"
	"iter"
	"strings"

	"github.com/sluice-sdk/sluice/gen/airbyteapi"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// Organization is what workspaces, users and bills belong to.
type Organization = airbyteapi.OrganizationResponse

// Organizations lists the organizations that the credentials' user is in, in one call.
//
//sluice:operation GET /organizations
func (c *Client) Organizations(ctx context.Context) iter.Seq2[Organization, error] {
	return oneCall(ctx, func(ctx context.Context) ([]Organization, error) {
		answer, err := transport.Decode[airbyteapi.OrganizationsResponse](c.raw.ListOrganizationsForUser(ctx))
		if err != nil {
			return nil, err
		}
		return answer.Data, nil
	})
}

// Organization returns one of the organizations that the credentials' user is in, an error of kind
// [apierr.KindNotFound] when it is not among them. The public API has no call for one: this reads the list.
//
//sluice:operation GET /organizations
func (c *Client) Organization(ctx context.Context, id string) (*Organization, error) {
	if err := checkID("organization", id); err != nil {
		return nil, err
	}
	for o, err := range c.Organizations(ctx) {
		if err != nil {
			return nil, err
		}
		if strings.EqualFold(o.OrganizationID, id) {
			return &o, nil
		}
	}
	e := apierr.Invalid(service, "organization", "the user of these credentials is in no organization with id %q", id)
	e.Kind = apierr.KindNotFound
	return nil, e
}
