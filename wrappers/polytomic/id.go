package polytomic

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// checkID refuses an id that could not be one of Polytomic's own things, before it becomes a part of a URL.
func checkID(field, id string) error { return transport.CheckID(service, field, id) }

// maxName is longer than the ids of schemas, fields and files, which are names in the systems behind a connection.
const maxName = 512

// checkName is checkID for the ids of schemas, fields and files, which may be any text: the generated client escapes it.
func checkName(field, id string) error {
	switch {
	case id == "":
		return apierr.Invalid(service, field, "the id is empty")
	case len(id) > maxName:
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
