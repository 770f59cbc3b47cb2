package airbyte

import (
	"strings"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// maxID is longer than any id of Airbyte's: they are UUIDs of 36 characters.
const maxID = 128

// checkID is [transport.CheckID] for what Airbyte's ids are: shorter, and never with two dots in them. It accepts more than
// UUIDs, because what ids look like is the server's business.
func checkID(field, id string) error {
	switch {
	case len(id) > maxID:
		return apierr.Invalid(service, field, "the id has %d characters, more than any id of Airbyte's: was something else pasted?", len(id))
	case strings.Contains(id, ".."):
		return apierr.Invalid(service, field, "the id contains dots that would change the path of the request")
	}
	return transport.CheckID(service, field, id)
}

// sameID reports whether two ids are of the same thing: UUIDs are the same in capital letters, in which some databases
// keep them.
func sameID(a, b string) bool { return strings.EqualFold(a, b) }
