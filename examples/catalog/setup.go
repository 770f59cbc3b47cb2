package main

import (
	"cmp"
	"fmt"
	"os"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/atlan"
	"github.com/sluice-sdk/sluice/wrappers/atlan/atlantest"
)

// setUp returns the tenant of the environment, or a fake whose permissions and search index take a moment, as the real
// ones do.
func setUp(admin string) (client *atlan.Client, adminName string, stop func(), err error) {
	if os.Getenv("ATLAN_BASE_URL") != "" {
		client, err = atlan.FromEnv()
		if err == nil && admin == "" {
			err = apierr.Invalid("catalog", "-admin", "a connection needs an admin: give a user name")
		}
		return client, admin, func() {}, err
	}
	fake, err := atlantest.NewServer(atlantest.PermissionsTake(time.Second), atlantest.SearchTakes(500*time.Millisecond))
	if err != nil {
		return nil, "", nil, err
	}
	fmt.Println("ATLAN_BASE_URL is not set: this is a fake Atlan in this process")
	transport := fake.Transport()
	client, err = atlan.New(atlan.WithBaseURL(fake.URL()), atlan.WithAPIKey(fake.APIKey()), atlan.WithRoundTripper(transport))
	return client, cmp.Or(admin, fake.UserName()), func() {
		transport.CloseIdleConnections()
		_ = fake.Close()
	}, err
}
