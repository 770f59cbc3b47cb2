package atlan

import (
	"os"
	"strings"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// The variables of [FromEnv]. The names are pyatlan's.
const (
	variableBaseURL = "ATLAN_BASE_URL"
	variableAPIKey  = "ATLAN_API_KEY" //nolint:gosec // a name
	variableID      = "ATLAN_OAUTH_CLIENT_ID"
	variableSecret  = "ATLAN_OAUTH_CLIENT_SECRET" //nolint:gosec // a name
)

// FromEnv returns a client as the environment describes it:
//
//	ATLAN_BASE_URL              the tenant, such as https://acme.atlan.com
//	ATLAN_API_KEY               an API token, or instead of it
//	ATLAN_OAUTH_CLIENT_ID       the id of an OAuth client and
//	ATLAN_OAUTH_CLIENT_SECRET   its secret
//	HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY   proxies: see [WithEnvironmentProxy]
//
// A variable that is set to nothing counts as not set. Options win over the environment: with an option for credentials
// none are read from it, and with [WithProxy], [WithoutProxy], [WithRoundTripper] or [WithHTTPClient] no proxies. It does
// no I/O. The error names exactly the variables that are missing or exclude each other, and never their values.
func FromEnv(opts ...Option) (*Client, error) {
	s, err := newSettings(opts)
	if err != nil {
		return nil, err
	}
	if err := s.fromEnv(); err != nil {
		return nil, err
	}
	return s.client()
}

func (s *settings) fromEnv() error {
	var missing []string
	if s.base == "" {
		value := variable(variableBaseURL)
		if value == "" {
			missing = append(missing, variableBaseURL)
		} else {
			base, err := parseBaseURL(variableBaseURL, value)
			if err != nil {
				return err
			}
			s.base = base
		}
	}
	if len(s.auth) == 0 {
		key, id, secret := variable(variableAPIKey), variable(variableID), variable(variableSecret)
		switch {
		case key != "" && (id != "" || secret != ""):
			return apierr.Invalid(service, variableAPIKey, "%s and %s, %s exclude each other: unset one or the others", variableAPIKey, variableID, variableSecret)
		case key != "":
			s.use(credentials{from: variableAPIKey, key: key})
		case id != "" && secret != "":
			s.use(credentials{from: variableID, id: id, secret: secret})
		case id != "":
			missing = append(missing, variableSecret)
		case secret != "":
			missing = append(missing, variableID)
		default:
			missing = append(missing, variableAPIKey+" (or "+variableID+" with "+variableSecret+")")
		}
	}
	if len(missing) > 0 {
		name, _, _ := strings.Cut(missing[0], " ")
		return apierr.Invalid(service, name, "not set in the environment: %s", strings.Join(missing, ", "))
	}
	if !s.connected {
		WithEnvironmentProxy()(s)
	}
	return nil
}

// variable returns the value of a variable without white space around it.
func variable(name string) string {
	return strings.TrimSpace(os.Getenv(name)) //nolint:forbidigo // for FromEnv
}
