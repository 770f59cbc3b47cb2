package airbyte

import (
	"net/url"
	"strings"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// The roots of Airbyte Cloud (docs.airbyte.com, "API access config").
const (
	cloudAPI    = "https://api.airbyte.com/v1"
	cloudConfig = "https://cloud.airbyte.com/api/v1"
	cloudWeb    = "https://cloud.airbyte.com"
	tokenPath   = "/applications/token"
)

// roots are the URLs that one origin gives.
type roots struct {
	api    string // the public API: https://api.airbyte.com/v1, {origin}/api/public/v1
	config string // the internal Config API: https://cloud.airbyte.com/api/v1, {origin}/api/v1; "" when it is not known
	token  string // where client credentials become a token
	web    string // the web application, "" when it is not known
	cloud  bool   // Airbyte Cloud
}

func cloudRoots() roots {
	return roots{api: cloudAPI, config: cloudConfig, token: cloudAPI + tokenPath, web: cloudWeb, cloud: true}
}

// rootsOf derives all roots from what people have at hand: an origin, or one of its API roots. The field names the
// option or the variable that it came from.
func rootsOf(field, raw string) (roots, error) {
	u, err := parseRoot(field, raw)
	if err != nil {
		return roots{}, err
	}
	path := strings.TrimRight(u.Path, "/")
	// What people paste with the origin, longest first.
	for _, suffix := range [...]string{"/api/public/v1", "/api/public", "/api/v1", "/api", "/v1"} {
		if rest, ok := strings.CutSuffix(path, suffix); ok {
			path = strings.TrimRight(rest, "/")
			break
		}
	}
	if host := strings.ToLower(u.Hostname()); host == "api.airbyte.com" || host == "cloud.airbyte.com" {
		switch {
		case u.Scheme != "https":
			return roots{}, apierr.Invalid(service, field, "Airbyte Cloud is served over https only")
		case path != "":
			return roots{}, apierr.Invalid(service, field, "%s has a path that is no root of Airbyte Cloud: give https://cloud.airbyte.com, or nothing", host)
		}
		return cloudRoots(), nil
	}
	if strings.Contains(path, "/workspaces") || strings.Contains(path, "/applications") {
		return roots{}, apierr.Invalid(service, field, "the URL is a page or an operation, not an origin: give what is before its path, such as %s://%s", u.Scheme, u.Host)
	}
	origin := u.Scheme + "://" + u.Host + path
	api := origin + "/api/public/v1"
	return roots{api: api, config: origin + "/api/v1", token: api + tokenPath, web: origin}, nil
}

// parseRoot parses an absolute http or https URL without the parts that a root cannot have. Its errors do not repeat
// the URL, which could carry a password.
func parseRoot(field, raw string) (*url.URL, error) {
	raw = strings.TrimSpace(raw)
	if raw == "" {
		return nil, apierr.Invalid(service, field, "the URL is empty")
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return nil, apierr.Invalid(service, field, "not a URL: give one such as https://airbyte.example.com")
	case u.Scheme != "http" && u.Scheme != "https", u.Host == "", u.Hostname() == "":
		return nil, apierr.Invalid(service, field, "the URL must start with http:// or https:// and a host, such as https://airbyte.example.com")
	case u.User != nil:
		return nil, apierr.Invalid(service, field, "the URL contains a user or a password: use WithBasic")
	case u.RawQuery != "" || u.ForceQuery:
		return nil, apierr.Invalid(service, field, "the URL contains a query")
	case u.Fragment != "" || strings.Contains(raw, "#"):
		return nil, apierr.Invalid(service, field, "the URL contains a fragment")
	case strings.Contains(u.Path, ".."):
		return nil, apierr.Invalid(service, field, "the URL contains '..'")
	}
	return u, nil
}
