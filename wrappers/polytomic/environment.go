package polytomic

import (
	"os"
	"strings"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// FromEnv returns a client as the environment describes it:
//
//	POLYTOMIC_API_KEY           the API key of a user (also POLYTOMIC_TOKEN), or instead of it
//	POLYTOMIC_PARTNER_KEY       a partner's key, or
//	POLYTOMIC_DEPLOYMENT_KEY    the key of a deployment on the customer's own premises
//	POLYTOMIC_DEPLOYMENT_URL    the URL of such a deployment; without it https://app.polytomic.com
//	POLYTOMIC_ORGANIZATION_ID   the organization to narrow a partner's or a deployment's key to
//
// The names are those of the Terraform provider (polytomic/terraform-provider-polytomic); POLYTOMIC_TOKEN and
// POLYTOMIC_ORGANIZATION_ID are additions. A variable that is set to nothing counts as not set. Options win over the
// environment: with an option for credentials none are read from it. It does no I/O. The error names exactly the
// variables that are missing or exclude each other, and never their values.
func FromEnv(opts ...Option) (*Client, error) {
	s, err := newSettings(opts)
	if err != nil {
		return nil, err
	}
	if s.origin == "" {
		if value := variable("POLYTOMIC_DEPLOYMENT_URL"); value != "" {
			if s.origin, err = parseOrigin("POLYTOMIC_DEPLOYMENT_URL", value); err != nil {
				return nil, err
			}
		}
	}
	if len(s.auth) == 0 {
		if err := s.credentialsFromEnv(); err != nil {
			return nil, err
		}
	}
	return s.client()
}

func (s *settings) credentialsFromEnv() error {
	var found []credentials
	for _, c := range []credentials{
		{option: "POLYTOMIC_API_KEY", class: UserKey},
		{option: "POLYTOMIC_TOKEN", class: UserKey},
		{option: "POLYTOMIC_PARTNER_KEY", class: PartnerKey},
		{option: "POLYTOMIC_DEPLOYMENT_KEY", class: DeploymentKey},
	} {
		if c.key = variable(c.option); c.key != "" {
			found = append(found, c)
		}
	}
	if len(found) == 2 && found[0].class == UserKey && found[1].class == UserKey && found[0].key == found[1].key {
		found = found[:1] // two names for one key
	}
	switch {
	case len(found) == 0:
		return apierr.Invalid(service, "credentials", "no credentials in the environment: set POLYTOMIC_API_KEY "+
			"(or POLYTOMIC_PARTNER_KEY, or POLYTOMIC_DEPLOYMENT_KEY with POLYTOMIC_DEPLOYMENT_URL)")
	case len(found) > 1:
		names := make([]string, len(found))
		for i, c := range found {
			names[i] = c.option
		}
		return apierr.Invalid(service, names[0], "%s exclude each other: unset all but one", strings.Join(names, " and "))
	}
	c := found[0]
	if c.class == DeploymentKey && s.origin == "" {
		return apierr.Invalid(service, "POLYTOMIC_DEPLOYMENT_URL", "POLYTOMIC_DEPLOYMENT_URL is not set, but POLYTOMIC_DEPLOYMENT_KEY is: "+
			"the key belongs to a deployment on your own premises")
	}
	if c.class != UserKey && s.organization == "" {
		if id := variable("POLYTOMIC_ORGANIZATION_ID"); id != "" {
			if err := checkID("POLYTOMIC_ORGANIZATION_ID", id); err != nil {
				return err
			}
			s.organization = id
		}
	}
	s.auth = append(s.auth, c)
	return nil
}

// variable returns the value of a variable without white space around it.
func variable(name string) string {
	return strings.TrimSpace(os.Getenv(name)) //nolint:forbidigo // for FromEnv
}
