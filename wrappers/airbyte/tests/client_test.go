package tests_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/airbyte"
	"github.com/sluice-sdk/sluice/wrappers/airbyte/airbytetest"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

func TestS1EveryEditionFromOneOrigin(t *testing.T) {
	for _, tt := range []struct {
		name    string
		edition airbytetest.Edition
		origin  string // "" for none
		host    string
	}{
		{"cloud by default", airbytetest.Cloud, "", "api.airbyte.com"},
		{"cloud's API", airbytetest.Cloud, "https://api.airbyte.com/v1", "api.airbyte.com"},
		{"cloud's web application", airbytetest.Cloud, "https://cloud.airbyte.com", "api.airbyte.com"},
		{"enterprise", airbytetest.SelfManaged, "http://airbyte.test", "airbyte.test"},
		{"enterprise, root", airbytetest.SelfManaged, "http://airbyte.test/api/public/v1", "airbyte.test"},
		{"enterprise, Config API", airbytetest.SelfManaged, "http://airbyte.test/api/v1/", "airbyte.test"},
		{"community", airbytetest.Community, "http://airbyte.test/", "airbyte.test"},
		{"community, short", airbytetest.Community, "http://airbyte.test/v1", "airbyte.test"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := airbytetest.New(t, airbytetest.WithEdition(tt.edition))
			secret := f.Credentials()
			opts := []airbyte.Option{airbyte.WithClientCredentials(secret.ClientID, secret.ClientSecret), airbyte.WithRoundTripper(f.Transport())}
			if tt.origin != "" {
				opts = append(opts, airbyte.WithOrigin(tt.origin))
			}
			client, err := airbyte.New(opts...)
			ok(t, err)
			ok(t, client.Workspace(f.WorkspaceID()).Connect(t.Context()))
			if hosts := f.Log().Hosts(); hosts[tt.host] != 2 || len(hosts) != 1 {
				t.Errorf("requests went to %v, want 2 to %s", hosts, tt.host)
			}
			if n := f.Log().Count("createAccessToken"); n != 1 {
				t.Errorf("%d token calls, want 1", n)
			}
		})
	}
}

func TestS1WrongRootsAreExplained(t *testing.T) {
	f := airbytetest.New(t, airbytetest.WithEdition(airbytetest.SelfManaged))
	client := clientOf(t, f, airbyte.WithAPIRoot(f.URL()+"/api/public/v2"))
	err := client.Workspace(f.WorkspaceID()).Connect(t.Context())
	says(t, err, f.URL()+"/api/public/v2", "WithOrigin", "/api/public/v1")
	if !errors.Is(err, airbyte.ErrWrongRoot) || !errors.Is(err, apierr.ErrNotFound) {
		t.Errorf("err = %v; want ErrWrongRoot and ErrNotFound", err)
	}
	client = clientOf(t, f)
	for _, status := range []int{200, 404, 302} {
		f.ClearFaults()
		f.Fault(airbytetest.HTML("getWorkspace", status))
		err := client.Workspace(f.WorkspaceID()).Connect(t.Context())
		if status == 302 {
			if err == nil {
				t.Error("a redirect counts as a success")
			}
			continue
		}
		says(t, err, f.URL()+"/api/public/v1", "WithOrigin")
		if !errors.Is(err, airbyte.ErrWrongRoot) {
			t.Errorf("a web page with status %d: %v; want ErrWrongRoot", status, err)
		}
	}
}

func TestS2TokensAreRenewedOnceForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := airbytetest.New(t, airbytetest.WithRoundTrip(10*time.Millisecond))
		secret := f.Credentials()
		client, err := airbyte.New(airbyte.WithOrigin(f.URL()), airbyte.WithRoundTripper(f.Transport()),
			airbyte.WithClientCredentials(secret.ClientID, secret.ClientSecret))
		ok(t, err)
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				if err := client.Workspace(f.WorkspaceID()).Connect(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n := f.Log().Count("createAccessToken"); n != 1 {
			t.Errorf("%d token calls for 100 goroutines, want 1", n)
		}
		for range 60 { // four token lives
			time.Sleep(time.Minute)
			ok(t, client.Workspace(f.WorkspaceID()).Connect(t.Context()))
		}
		if n := f.Log().Count("createAccessToken"); n < 4 || n > 6 {
			t.Errorf("%d token calls in an hour, want one every 15 minutes", n)
		}
		refused := 0
		for _, r := range f.Log().Records("getWorkspace") {
			if r.Status == 401 {
				refused++
			}
		}
		if refused != 0 {
			t.Errorf("%d calls were refused: tokens are renewed too late", refused)
		}
		before := f.Log().Count("createAccessToken")
		f.ExpireTokens() // somebody revoked them
		ok(t, client.Workspace(f.WorkspaceID()).Connect(t.Context()))
		if n := f.Log().Count("createAccessToken") - before; n != 1 {
			t.Errorf("%d token calls after a 401, want 1", n)
		}
	})
}

func TestS2EveryKindOfCredentials(t *testing.T) {
	f := airbytetest.New(t, airbytetest.WithBasicAuth("airbyte", "password"))
	open := airbytetest.New(t, airbytetest.WithoutAuth())
	for name, tt := range map[string]struct {
		fake *airbytetest.Fake
		opt  airbyte.Option
		want apierr.Kind // KindUnexpected for success
	}{
		"bearer":       {f, airbyte.WithBearer(f.APIKey()), apierr.KindUnexpected},
		"wrong bearer": {f, airbyte.WithBearer("wrong"), apierr.KindUnauthenticated},
		"basic":        {f, airbyte.WithBasic("airbyte", "password"), apierr.KindUnexpected},
		"wrong basic":  {f, airbyte.WithBasic("airbyte", "wrong"), apierr.KindUnauthenticated},
		"none":         {open, airbyte.WithNoAuth(), apierr.KindUnexpected},
		"none needed":  {f, airbyte.WithNoAuth(), apierr.KindUnauthenticated},
		"token source": {f, airbyte.WithTokenSource(transport.TokenSourceFunc(func(context.Context) (transport.Token, error) {
			return transport.Token{Value: f.BearerToken()}, nil
		})), apierr.KindUnexpected},
	} {
		client, err := airbyte.New(airbyte.WithOrigin(tt.fake.URL()), airbyte.WithRoundTripper(tt.fake.Transport()), tt.opt)
		ok(t, err)
		err = client.Workspace(tt.fake.WorkspaceID()).Connect(t.Context())
		if tt.want == apierr.KindUnexpected {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if kind, _ := apierr.KindOf(err); kind != tt.want {
			t.Errorf("%s: %v; want kind %v", name, err, tt.want)
		}
	}
}

func TestS2WrongClientCredentialsInEveryEdition(t *testing.T) {
	for name, edition := range map[string]airbytetest.Edition{
		"cloud": airbytetest.Cloud, "self-managed": airbytetest.SelfManaged, "community": airbytetest.Community,
	} {
		t.Run(name, func(t *testing.T) {
			f := airbytetest.New(t, airbytetest.WithEdition(edition))
			const secret = "planted-wrong-secret"
			client, err := airbyte.New(airbyte.WithAPIRoot(f.BaseURL()), airbyte.WithRoundTripper(f.Transport()),
				airbyte.WithClientCredentials("id", secret), airbyte.WithTransport(transport.WithRetry(transport.RetryOptions{MaxAttempts: 1})))
			ok(t, err)
			err = client.Workspace(f.WorkspaceID()).Connect(t.Context())
			says(t, err, "createAccessToken", "client secret")
			if !errors.Is(err, apierr.ErrUnauthenticated) {
				t.Errorf("err = %v; want ErrUnauthenticated", err)
			}
			if strings.Contains(err.Error(), secret) {
				t.Errorf("the error contains the secret: %v", err)
			}
			if n := f.Log().Count("getWorkspace"); n != 0 {
				t.Errorf("%d calls were made without a token", n)
			}
		})
	}
}

func TestS3Connect(t *testing.T) {
	f := airbytetest.New(t)
	client := clientOf(t, f)
	ok(t, client.Workspace(f.WorkspaceID()).Connect(t.Context()))

	const missing = "5a1f8b1e-0000-4000-8000-000000000000"
	err := client.Workspace(missing).Connect(t.Context())
	says(t, err, "does not exist", missing)
	var resource *airbyte.ResourceError
	if !errors.Is(err, apierr.ErrPermissionDenied) || !errors.As(err, &resource) || resource.Workspace != missing || resource.URL == "" {
		t.Errorf("a workspace that does not exist: %v; want permission denied, the id and a link", err)
	}
	admin := airbytetest.New(t, airbytetest.Without(airbytetest.ForbiddenUnknown))
	if err := clientOf(t, admin).Workspace(missing).Connect(t.Context()); !errors.Is(err, apierr.ErrNotFound) {
		t.Errorf("for an administrator: %v; want not found", err)
	}
	err = clientOf(t, f, airbyte.WithBearer("expired")).Workspace(f.WorkspaceID()).Connect(t.Context())
	says(t, err, "15 minutes", "WithClientCredentials")
	if !errors.Is(err, apierr.ErrUnauthenticated) {
		t.Errorf("an expired token: %v; want not authenticated", err)
	}
	before := f.Log().Count("getWorkspace")
	for range 3 {
		ok(t, client.Workspace(f.WorkspaceID()).Connect(t.Context()))
	}
	if n := f.Log().Count("getWorkspace") - before; n != 3 {
		t.Errorf("%d calls for 3 times Connect, want 3: it must look each time", n)
	}
}
