package polytomic

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// maxID is longer than the ids of Polytomic's own things, which are UUIDs, and those of schemas and fields, which are
// names in the systems behind a connection.
const maxID = 512

// checkID refuses an id that could not be one, before it becomes a part of a URL. It accepts more than UUIDs, because
// what ids look like is the server's business. The error never repeats more of the id than its length.
func checkID(field, id string) error {
	switch {
	case strings.ContainsAny(id, `/\?#%&`):
		return apierr.Invalid(service, field, "the id contains characters of a URL: give the id alone, not a link")
	case strings.ContainsFunc(id, unicode.IsSpace):
		return apierr.Invalid(service, field, "the id contains a space")
	}
	return checkName(field, id)
}

// checkName is checkID for the ids of schemas, fields and files, which may be any text: the generated client escapes it.
func checkName(field, id string) error {
	switch {
	case id == "":
		return apierr.Invalid(service, field, "the id is empty")
	case len(id) > maxID:
		return apierr.Invalid(service, field, "the id has %d characters, more than any id of Polytomic's: was something else pasted?", len(id))
	case id == "." || id == "..":
		return apierr.Invalid(service, field, "the id contains dots that would change the path of the request")
	case !utf8.ValidString(id):
		return apierr.Invalid(service, field, "the id is not valid UTF-8")
	case strings.ContainsFunc(id, unicode.IsControl):
		return apierr.Invalid(service, field, "the id contains a control character")
	}
	return nil
}

// checkIDs checks ids, given as pairs of what it is and the id.
func checkIDs(pairs ...string) error {
	for i := 0; i+1 < len(pairs); i += 2 {
		if err := checkID(pairs[i], pairs[i+1]); err != nil {
			return err
		}
	}
	return nil
}
