package airbytetest

import (
	"context"
	"net/http"
	"net/url"
	"time"

	wire "github.com/sluice-sdk/sluice/gen/airbyteapi"
	srv "github.com/sluice-sdk/sluice/gen/airbyteserver"
)

func (a *service) InitiateOAuth(_ context.Context, request srv.InitiateOAuthRequestObject) (srv.InitiateOAuthResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	if f.config.edition == Community {
		return nil, notInOSS()
	}
	ws, err := f.workspace(request.Body.WorkspaceID)
	if err != nil {
		return nil, err
	}
	redirect, err := url.Parse(request.Body.RedirectURL)
	if err != nil || redirect.Scheme != "https" || redirect.Host == "" {
		return nil, problem(http.StatusUnprocessableEntity, problemBase+"#invalid-redirect-url", "invalid-redirect-url",
			"The redirect URL must be an https URL.", map[string]any{"redirectUrl": request.Body.RedirectURL})
	}
	state := f.newSecret()
	f.consents[state] = request.Body.RedirectURL
	consent := url.URL{Scheme: "https", Host: "consent.example.com", Path: "/authorize", RawQuery: url.Values{
		"state": {state}, "client_id": {ws.id}, "redirect_uri": {f.config.linkBase + "/oauth/callback"},
	}.Encode()}
	return srv.InitiateOAuth200JSONResponse{"consentUrl": consent.String()}, nil
}

// OauthCallback sends the browser on to the redirect URL of the flow, with a one-time secret id.
func (a *service) OauthCallback(ctx context.Context, _ srv.OauthCallbackRequestObject) (srv.OauthCallbackResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	state := requestOf(ctx).URL.Query().Get("state")
	redirect, ok := f.consents[state]
	if !ok {
		return nil, problem(http.StatusInternalServerError, problemBase+"#oauth-callback-failure", "oauth-callback-failure",
			"The OAuth callback failed.", message("unknown state"))
	}
	delete(f.consents, state)
	u, err := url.Parse(redirect)
	if err != nil {
		return nil, err
	}
	q := u.Query()
	q.Set("secret_id", "airbyte_oauth_"+f.newID())
	u.RawQuery = q.Encode()
	location := u.String()
	return srv.OauthCallback302Response{Headers: srv.OauthCallback302ResponseHeaders{Location: &location}}, nil
}

func (f *Fake) setOAuth(scope string, kind wire.ActorTypeEnum, name string, credentials map[string]any) error {
	for _, d := range f.definitions {
		if d.kind == string(kind) && d.typ == name {
			f.oauth[scope+"/"+string(kind)+"/"+name] = copyTree(credentials)
			return nil
		}
	}
	return problem(http.StatusBadRequest, problemBase, "value-not-found", "Submitted value could not be found.", map[string]any{"value": name})
}

func (f *Fake) removeOAuth(scope string, kind wire.ActorTypeEnum, name string) error {
	key := scope + "/" + string(kind) + "/" + name
	if f.oauth[key] == nil {
		return badRequest("There are no credentials for " + string(kind) + " " + name)
	}
	delete(f.oauth, key)
	return nil
}

func (a *service) CreateOrUpdateOrganizationOAuthCredentials(_ context.Context, request srv.CreateOrUpdateOrganizationOAuthCredentialsRequestObject) (srv.CreateOrUpdateOrganizationOAuthCredentialsResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	if f.organization(request.OrganizationID) == nil {
		return nil, f.unknown("organization", request.OrganizationID)
	}
	if err := f.setOAuth(request.OrganizationID, request.Body.ActorType, request.Body.Name, request.Body.Configuration); err != nil {
		return nil, err
	}
	return srv.CreateOrUpdateOrganizationOAuthCredentials200Response{}, nil
}

func (a *service) DeleteOrganizationOAuthCredentials(_ context.Context, request srv.DeleteOrganizationOAuthCredentialsRequestObject) (srv.DeleteOrganizationOAuthCredentialsResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	if f.organization(request.OrganizationID) == nil {
		return nil, f.unknown("organization", request.OrganizationID)
	}
	if err := f.removeOAuth(request.OrganizationID, request.ActorType, request.Name); err != nil {
		return nil, err
	}
	return srv.DeleteOrganizationOAuthCredentials204Response{}, nil
}

func (a *service) CreateOrUpdateWorkspaceOAuthCredentials(_ context.Context, request srv.CreateOrUpdateWorkspaceOAuthCredentialsRequestObject) (srv.CreateOrUpdateWorkspaceOAuthCredentialsResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	ws, err := f.workspace(request.WorkspaceID)
	if err == nil {
		err = f.setOAuth(ws.id, request.Body.ActorType, request.Body.Name, request.Body.Configuration)
	}
	if err != nil {
		return nil, err
	}
	return srv.CreateOrUpdateWorkspaceOAuthCredentials200Response{}, nil
}

func (a *service) DeleteWorkspaceOAuthCredentials(_ context.Context, request srv.DeleteWorkspaceOAuthCredentialsRequestObject) (srv.DeleteWorkspaceOAuthCredentialsResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	ws, err := f.workspace(request.WorkspaceID)
	if err == nil {
		err = f.removeOAuth(ws.id, request.ActorType, request.Name)
	}
	if err != nil {
		return nil, err
	}
	return srv.DeleteWorkspaceOAuthCredentials204Response{}, nil
}

func (a *service) ListEmbeddedOrganizationsByUser(context.Context, srv.ListEmbeddedOrganizationsByUserRequestObject) (srv.ListEmbeddedOrganizationsByUserResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	out := srv.ListEmbeddedOrganizationsByUser200JSONResponse{Organizations: []wire.EmbeddedOrganizationListItem{}}
	for _, p := range f.permissions {
		if o := f.organization(p.organization); o != nil && p.user == f.users[0].ID {
			out.Organizations = append(out.Organizations, wire.EmbeddedOrganizationListItem{
				OrganizationID: o.id, OrganizationName: o.name, Permission: p.kind,
			})
		}
	}
	return out, nil
}

func (a *service) GenerateEmbeddedScopedToken(_ context.Context, request srv.GenerateEmbeddedScopedTokenRequestObject) (srv.GenerateEmbeddedScopedTokenResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	ws, err := f.workspace(request.Body.WorkspaceID)
	if err != nil {
		return nil, err
	}
	return srv.GenerateEmbeddedScopedToken200JSONResponse{Token: f.newToken(time.Now(), ws.id)}, nil
}

func (a *service) GetEmbeddedWidget(_ context.Context, request srv.GetEmbeddedWidgetRequestObject) (srv.GetEmbeddedWidgetResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	if f.organization(request.Body.OrganizationID) == nil {
		return nil, f.unknown("organization", request.Body.OrganizationID)
	}
	return srv.GetEmbeddedWidget200JSONResponse{Token: f.newToken(time.Now(), request.Body.ExternalUserID)}, nil
}
