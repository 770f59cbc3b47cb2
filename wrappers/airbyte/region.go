package airbyte

import (
	"context"
	"iter"

	"github.com/sluice-sdk/sluice/gen/airbyteapi"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// Region is where an organization's data is moved.
type Region = airbyteapi.RegionResponse

// Regions lists the regions of an organization, in one call.
//
//sluice:operation GET /regions
func (c *Client) Regions(ctx context.Context, organizationID string) iter.Seq2[Region, error] {
	return oneCall(ctx, func(ctx context.Context) ([]Region, error) {
		if err := checkID("organization", organizationID); err != nil {
			return nil, err
		}
		answer, err := transport.Decode[airbyteapi.RegionsResponse](c.raw.ListRegions(ctx, &airbyteapi.ListRegionsParams{OrganizationID: organizationID}))
		if err != nil {
			return nil, err
		}
		return answer.Data, nil
	})
}

// Dataplane is one of the clusters of a region that run jobs.
type Dataplane = airbyteapi.DataplaneResponse

// Dataplanes lists the data planes of the given regions, or of all that the credentials reach, in one call.
//
//sluice:operation GET /dataplanes
func (c *Client) Dataplanes(ctx context.Context, regionIDs ...string) iter.Seq2[Dataplane, error] {
	return oneCall(ctx, func(ctx context.Context) ([]Dataplane, error) {
		for _, id := range regionIDs {
			if err := checkID("region", id); err != nil {
				return nil, err
			}
		}
		answer, err := transport.Decode[airbyteapi.DataplanesResponse](c.raw.ListDataplanes(ctx, &airbyteapi.ListDataplanesParams{RegionIds: regionIDs}))
		if err != nil {
			return nil, err
		}
		return answer.Data, nil
	})
}
