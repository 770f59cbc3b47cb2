package airbytetest

import (
	"context"
	"net/http"
	"slices"
	"time"

	wire "github.com/sluice-sdk/sluice/gen/airbyteapi"
	srv "github.com/sluice-sdk/sluice/gen/airbyteserver"
)

func (f *Fake) application(id string) *wire.ApplicationRead {
	for _, app := range f.applications {
		if app.ID == id {
			return app
		}
	}
	return nil
}

func (a *service) ListApplications(context.Context, srv.ListApplicationsRequestObject) (srv.ListApplicationsResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	out := srv.ListApplications200JSONResponse{Applications: []wire.ApplicationRead{}}
	for _, app := range f.applications {
		out.Applications = append(out.Applications, *app)
	}
	return out, nil
}

func (a *service) CreateApplication(_ context.Context, request srv.CreateApplicationRequestObject) (srv.CreateApplicationResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	if f.config.edition == Community {
		return nil, notInOSS()
	}
	if request.Body.Name == "" {
		return nil, f.opaque(http.StatusBadRequest, "name must not be blank")
	}
	app := &wire.ApplicationRead{
		ID: f.newID(), Name: request.Body.Name, ClientID: f.newID(), ClientSecret: f.newSecret(), CreatedAt: time.Now().Unix(),
	}
	f.applications = append(f.applications, app)
	return srv.CreateApplication200JSONResponse(*app), nil
}

func (a *service) GetApplication(_ context.Context, request srv.GetApplicationRequestObject) (srv.GetApplicationResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	app := f.application(request.ApplicationID)
	if app == nil {
		return nil, f.unknown("application", request.ApplicationID)
	}
	return srv.GetApplication200JSONResponse(*app), nil
}

func (a *service) DeleteApplication(_ context.Context, request srv.DeleteApplicationRequestObject) (srv.DeleteApplicationResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	if f.config.edition == Community {
		return nil, notInOSS()
	}
	app := f.application(request.ApplicationID)
	if app == nil {
		return nil, f.unknown("application", request.ApplicationID)
	}
	if app == f.applications[0] {
		return nil, forbidden() // the test's own credentials stay
	}
	f.applications = slices.DeleteFunc(f.applications, func(x *wire.ApplicationRead) bool { return x == app })
	return srv.DeleteApplication200JSONResponse(*app), nil
}
