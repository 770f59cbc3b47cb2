package transport

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// maxID is longer than the ids that services give.
const maxID = 512

// CheckID refuses an id that cannot be one, before it becomes a part of a URL: empty, dots, characters of a URL, spaces,
// control characters, more than 512 bytes. Generated code would make another valid path of some of them, which nothing
// later can see, so wrappers check each id that a caller gave. What a good id looks like is the service's business.
//
// The error is an [*apierr.Error] of kind [apierr.KindInvalid] about the field. It does not repeat the id, in whose place
// people have pasted worse. CheckID does no I/O.
func CheckID(service, field, id string) error {
	switch {
	case id == "":
		return apierr.Invalid(service, field, "the id is empty")
	case len(id) > maxID:
		return apierr.Invalid(service, field, "the id has %d characters, more than an id can have: was something else pasted?", len(id))
	case id == "." || id == "..":
		return apierr.Invalid(service, field, "the id contains dots that would change the path of the request")
	case strings.ContainsAny(id, `/\?#%&`):
		return apierr.Invalid(service, field, "the id contains characters of a URL: give the id alone, not a link")
	case !utf8.ValidString(id):
		return apierr.Invalid(service, field, "the id is not valid UTF-8")
	case strings.ContainsFunc(id, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }):
		return apierr.Invalid(service, field, "the id contains a space or a control character")
	}
	return nil
}
