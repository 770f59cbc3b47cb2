package airbyte

import (
	"os"
	"strings"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// FromEnv returns a client as the environment describes it:
//
//	AIRBYTE_CLIENT_ID and AIRBYTE_CLIENT_SECRET   an application's credentials, or instead of them
//	AIRBYTE_BEARER_TOKEN                          an access token (also AIRBYTE_CLOUD_API_KEY)
//	AIRBYTE_API_URL                               the origin or API root of a self-managed Airbyte (also AIRBYTE_API_ROOT)
//	AIRBYTE_WORKSPACE_ID                          the workspace of Client.DefaultWorkspace
//
// Each is also read with CLOUD_ after AIRBYTE_, as AIRBYTE_CLOUD_CLIENT_ID, and that form wins. A variable that is set to
// nothing counts as not set. Options win over the environment: with an option for credentials none are read from it. It
// does no I/O. The error names exactly the variables that are missing or exclude each other, and never their values.
func FromEnv(opts ...Option) (*Client, error) {
	s, err := newSettings(opts)
	if err != nil {
		return nil, err
	}
	if s.roots == nil && s.apiRoot == "" {
		if name, value := lookup("AIRBYTE_CLOUD_API_URL", "AIRBYTE_API_URL", "AIRBYTE_API_ROOT"); name != "" {
			r, err := rootsOf(name, value)
			if err != nil {
				return nil, err
			}
			s.roots = &r
		}
	}
	if s.workspace == "" {
		if name, value := lookup("AIRBYTE_CLOUD_WORKSPACE_ID", "AIRBYTE_WORKSPACE_ID"); name != "" {
			if err := checkID(name, value); err != nil {
				return nil, err
			}
			s.workspace = value
		}
	}
	if len(s.auth) == 0 {
		c, err := credentialsFromEnv()
		if err != nil {
			return nil, err
		}
		s.auth = append(s.auth, c)
	}
	return s.client()
}

func credentialsFromEnv() (credentials, error) {
	idName, id := lookup("AIRBYTE_CLOUD_CLIENT_ID", "AIRBYTE_CLIENT_ID")
	secretName, secret := lookup("AIRBYTE_CLOUD_CLIENT_SECRET", "AIRBYTE_CLIENT_SECRET")
	bearerName, bearer := lookup("AIRBYTE_CLOUD_BEARER_TOKEN", "AIRBYTE_BEARER_TOKEN", "AIRBYTE_CLOUD_API_KEY")
	switch {
	case bearerName != "" && (idName != "" || secretName != ""):
		other := idName
		if other == "" {
			other = secretName
		}
		return credentials{}, apierr.Invalid(service, bearerName, "%s and %s exclude each other: unset one", bearerName, other)
	case bearerName != "":
		return credentials{option: bearerName, kind: bearerCredentials, first: bearer}, nil
	case idName != "" && secretName != "":
		return credentials{option: idName, kind: clientCredentials, first: id, second: secret}, nil
	case idName != "":
		missing := strings.Replace(idName, "CLIENT_ID", "CLIENT_SECRET", 1)
		return credentials{}, apierr.Invalid(service, missing, "%s is not set, but %s is", missing, idName)
	case secretName != "":
		missing := strings.Replace(secretName, "CLIENT_SECRET", "CLIENT_ID", 1)
		return credentials{}, apierr.Invalid(service, missing, "%s is not set, but %s is", missing, secretName)
	}
	return credentials{}, apierr.Invalid(service, "credentials",
		"no credentials in the environment: set AIRBYTE_CLIENT_ID and AIRBYTE_CLIENT_SECRET, or AIRBYTE_BEARER_TOKEN "+
			"(for a self-managed Airbyte without authentication set AIRBYTE_API_URL and use WithNoAuth)")
}

// lookup returns the first variable that is set to something, and its value without white space around it.
func lookup(names ...string) (name, value string) {
	for _, name := range names {
		if value := strings.TrimSpace(os.Getenv(name)); value != "" { //nolint:forbidigo // FromEnv is where the environment is read
			return name, value
		}
	}
	return "", ""
}
