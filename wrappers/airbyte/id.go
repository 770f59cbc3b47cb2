package airbyte

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// maxID is longer than any id of Airbyte's: they are UUIDs of 36 characters.
const maxID = 128

// checkID refuses an id that could not be one, before it becomes a part of a URL. It accepts more than UUIDs, because
// the names of what ids look like is the server's business. The error never repeats more of the id than its length.
func checkID(field, id string) error {
	switch {
	case id == "":
		return apierr.Invalid(service, field, "the id is empty")
	case len(id) > maxID:
		return apierr.Invalid(service, field, "the id has %d characters, more than any id of Airbyte's: was something else pasted?", len(id))
	case id == "." || strings.Contains(id, ".."):
		return apierr.Invalid(service, field, "the id contains dots that would change the path of the request")
	case strings.ContainsAny(id, `/\?#%&`):
		return apierr.Invalid(service, field, "the id contains characters of a URL: give the id alone, not a link")
	case !utf8.ValidString(id):
		return apierr.Invalid(service, field, "the id is not valid UTF-8")
	}
	for _, r := range id {
		if unicode.IsControl(r) || unicode.IsSpace(r) || !unicode.IsPrint(r) {
			return apierr.Invalid(service, field, "the id contains a space or a control character")
		}
	}
	return nil
}
