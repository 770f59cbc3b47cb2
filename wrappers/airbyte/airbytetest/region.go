package airbytetest

import (
	"context"
	"net/http"
	"slices"
	"time"

	wire "github.com/sluice-sdk/sluice/gen/airbyteapi"
	srv "github.com/sluice-sdk/sluice/gen/airbyteserver"
)

func (f *Fake) region(id string) *wire.RegionResponse {
	for _, r := range f.regions {
		if r.RegionID == id {
			return r
		}
	}
	return nil
}

func (a *service) ListRegions(_ context.Context, request srv.ListRegionsRequestObject) (srv.ListRegionsResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	if f.organization(request.Params.OrganizationID) == nil {
		return nil, f.unknown("organization", request.Params.OrganizationID)
	}
	out := srv.ListRegions200JSONResponse{Data: []wire.RegionResponse{}}
	for _, r := range f.regions {
		if r.OrganizationID == request.Params.OrganizationID {
			out.Data = append(out.Data, *r)
		}
	}
	return out, nil
}

// checkRegionName wants a name that is unique in its organization.
func (f *Fake) checkRegionName(organization, id, name string) error {
	if name == "" {
		return f.opaque(http.StatusBadRequest, "name must not be blank")
	}
	for _, r := range f.regions {
		if r.OrganizationID == organization && r.RegionID != id && r.Name == name {
			return problem(http.StatusConflict, "error:dataplane-group-name-already-exists", "Data plane group name already exists", "", message(name))
		}
	}
	return nil
}

func (a *service) CreateRegion(_ context.Context, request srv.CreateRegionRequestObject) (srv.CreateRegionResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	b := request.Body
	if f.organization(b.OrganizationID) == nil {
		return nil, f.unknown("organization", b.OrganizationID)
	}
	if err := f.checkRegionName(b.OrganizationID, "", b.Name); err != nil {
		return nil, err
	}
	now := f.timestamp(time.Now())
	r := &wire.RegionResponse{RegionID: f.newID(), Name: b.Name, OrganizationID: b.OrganizationID, Enabled: or(b.Enabled, true), CreatedAt: now, UpdatedAt: now}
	f.regions = append(f.regions, r)
	return srv.CreateRegion200JSONResponse(*r), nil
}

func (a *service) GetRegion(_ context.Context, request srv.GetRegionRequestObject) (srv.GetRegionResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	r := f.region(request.RegionID)
	if r == nil {
		return nil, f.unknown("region", request.RegionID)
	}
	return srv.GetRegion200JSONResponse(*r), nil
}

func (a *service) UpdateRegion(_ context.Context, request srv.UpdateRegionRequestObject) (srv.UpdateRegionResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	r := f.region(request.RegionID)
	if r == nil {
		return nil, f.unknown("region", request.RegionID)
	}
	if request.Body.Name != nil {
		if err := f.checkRegionName(r.OrganizationID, r.RegionID, *request.Body.Name); err != nil {
			return nil, err
		}
	}
	r.Name, r.Enabled = or(request.Body.Name, r.Name), or(request.Body.Enabled, r.Enabled)
	r.UpdatedAt = f.timestamp(time.Now())
	return srv.UpdateRegion200JSONResponse(*r), nil
}

func (a *service) DeleteRegion(_ context.Context, request srv.DeleteRegionRequestObject) (srv.DeleteRegionResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	r := f.region(request.RegionID)
	if r == nil {
		return nil, f.unknown("region", request.RegionID)
	}
	for _, ws := range f.workspaces {
		if ws.region == r.RegionID && !ws.deleted {
			return nil, badRequest("The region is used by workspace " + ws.id)
		}
	}
	f.regions = slices.DeleteFunc(f.regions, func(x *wire.RegionResponse) bool { return x == r })
	return srv.DeleteRegion200JSONResponse(*r), nil
}

func (f *Fake) dataplane(id string) *wire.DataplaneResponse {
	for _, d := range f.dataplanes {
		if d.DataplaneID == id {
			return d
		}
	}
	return nil
}

func (f *Fake) checkDataplaneName(region, id, name string) error {
	if name == "" {
		return f.opaque(http.StatusBadRequest, "name must not be blank")
	}
	for _, d := range f.dataplanes {
		if d.RegionID == region && d.DataplaneID != id && d.Name == name {
			return problem(http.StatusConflict, "error:dataplane-name-already-exists", "Data plane name already exists", "", message(name))
		}
	}
	return nil
}

func (a *service) ListDataplanes(_ context.Context, request srv.ListDataplanesRequestObject) (srv.ListDataplanesResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	regions := set(request.Params.RegionIds)
	out := srv.ListDataplanes200JSONResponse{Data: []wire.DataplaneResponse{}}
	for _, d := range f.dataplanes {
		if in(regions, d.RegionID) {
			out.Data = append(out.Data, *d)
		}
	}
	return out, nil
}

func (a *service) CreateDataplane(_ context.Context, request srv.CreateDataplaneRequestObject) (srv.CreateDataplaneResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	b := request.Body
	if f.region(b.RegionID) == nil {
		return nil, f.unknown("region", b.RegionID)
	}
	if err := f.checkDataplaneName(b.RegionID, "", b.Name); err != nil {
		return nil, err
	}
	now := f.timestamp(time.Now())
	d := &wire.DataplaneResponse{DataplaneID: f.newID(), Name: b.Name, RegionID: b.RegionID, Enabled: or(b.Enabled, true), CreatedAt: now, UpdatedAt: now}
	f.dataplanes = append(f.dataplanes, d)
	return srv.CreateDataplane200JSONResponse{DataplaneID: d.DataplaneID, RegionID: d.RegionID, ClientID: f.newID(), ClientSecret: f.newSecret()}, nil
}

func (a *service) GetDataplane(_ context.Context, request srv.GetDataplaneRequestObject) (srv.GetDataplaneResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	d := f.dataplane(request.DataplaneID)
	if d == nil {
		return nil, f.unknown("dataplane", request.DataplaneID)
	}
	return srv.GetDataplane200JSONResponse(*d), nil
}

func (a *service) UpdateDataplane(_ context.Context, request srv.UpdateDataplaneRequestObject) (srv.UpdateDataplaneResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	d := f.dataplane(request.DataplaneID)
	if d == nil {
		return nil, f.unknown("dataplane", request.DataplaneID)
	}
	if request.Body.Name != nil {
		if err := f.checkDataplaneName(d.RegionID, d.DataplaneID, *request.Body.Name); err != nil {
			return nil, err
		}
	}
	d.Name, d.Enabled = or(request.Body.Name, d.Name), or(request.Body.Enabled, d.Enabled)
	d.UpdatedAt = f.timestamp(time.Now())
	return srv.UpdateDataplane200JSONResponse(*d), nil
}

func (a *service) DeleteDataplane(_ context.Context, request srv.DeleteDataplaneRequestObject) (srv.DeleteDataplaneResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	d := f.dataplane(request.DataplaneID)
	if d == nil {
		return nil, f.unknown("dataplane", request.DataplaneID)
	}
	f.dataplanes = slices.DeleteFunc(f.dataplanes, func(x *wire.DataplaneResponse) bool { return x == d })
	return srv.DeleteDataplane200JSONResponse(*d), nil
}
