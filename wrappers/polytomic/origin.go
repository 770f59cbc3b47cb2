package polytomic

import (
	"net/url"
	"strings"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// cloudOrigin is the only host of Polytomic's own: there is no other region (the environments of all official clients).
const cloudOrigin = "https://app.polytomic.com"

// parseOrigin makes the base URL of the API's paths, all of which start with /api, out of what people have at hand. The
// field names the option or the variable that it came from. Its errors do not repeat the URL, which could carry a
// password.
func parseOrigin(field, raw string) (string, error) {
	raw = strings.TrimSpace(raw)
	if raw == "" {
		return "", apierr.Invalid(service, field, "the URL is empty")
	}
	if !strings.Contains(raw, "://") {
		raw = "https://" + raw // as terraform-provider-polytomic does
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return "", apierr.Invalid(service, field, "not a URL: give one such as https://polytomic.example.com")
	case u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "":
		return "", apierr.Invalid(service, field, "the URL must start with http:// or https:// and a host, such as https://polytomic.example.com")
	case u.User != nil:
		return "", apierr.Invalid(service, field, "the URL contains a user or a password: use WithDeploymentKey")
	case u.RawQuery != "" || u.ForceQuery:
		return "", apierr.Invalid(service, field, "the URL contains a query")
	case u.Fragment != "" || strings.Contains(raw, "#"):
		return "", apierr.Invalid(service, field, "the URL contains a fragment")
	case strings.Contains(u.Path, ".."):
		return "", apierr.Invalid(service, field, "the URL contains '..'")
	}
	// A trailing slash would make redirects of every call.
	path := strings.TrimRight(u.EscapedPath(), "/")
	path = strings.TrimRight(strings.TrimSuffix(path, "/api"), "/")
	origin := u.Scheme + "://" + u.Host
	if strings.EqualFold(u.Hostname(), "app.polytomic.com") {
		if u.Scheme != "https" {
			return "", apierr.Invalid(service, field, "Polytomic's cloud is served over https only")
		}
		if path != "" {
			return "", apierr.Invalid(service, field, "app.polytomic.com has its API at its root: give %s, or nothing", cloudOrigin)
		}
	}
	return origin + path, nil
}
