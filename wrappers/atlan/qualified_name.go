package atlan

import (
	"strings"
	"unicode/utf8"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// Segments of a qualifiedName, such as default/snowflake/1700000000/DB/SCHEMA/TABLE: the connection has three, each
// level of a relational database one more.
const (
	connectionSegments = 3
	databaseSegments   = 4
	schemaSegments     = 5
	tableSegments      = 6
)

// ConnectionOf returns the connection that a qualifiedName lies under: its first three segments, such as
// default/snowflake/1700000000. A name with fewer segments, an empty one among them or a connector that is none is an
// error of kind [apierr.KindInvalid]. It does no I/O.
func ConnectionOf(qualifiedName string) (string, error) {
	path, err := parsePath("qualifiedName", qualifiedName)
	if err != nil {
		return "", err
	}
	return path.connection(), nil
}

// ConnectorOf returns the connector that a qualifiedName lies under: its second segment, such as snowflake. Errors are
// those of [ConnectionOf]. It does no I/O.
func ConnectorOf(qualifiedName string) (string, error) {
	path, err := parsePath("qualifiedName", qualifiedName)
	if err != nil {
		return "", err
	}
	return path.connector(), nil
}

// path is a qualifiedName in segments; there are at least three.
type path []string

func (p path) connector() string  { return p[1] }
func (p path) connection() string { return p.first(connectionSegments) }
func (p path) database() string   { return p.first(databaseSegments) }
func (p path) schema() string     { return p.first(schemaSegments) }
func (p path) whole() string      { return strings.Join(p, "/") }
func (p path) last() string       { return p[len(p)-1] }

// first joins the first n segments.
func (p path) first(n int) string { return strings.Join(p[:n], "/") }

// parsePath takes a qualifiedName of any depth apart. Field names it in errors.
func parsePath(field, qualifiedName string) (path, error) {
	if err := checkName(field, qualifiedName); err != nil {
		return nil, err
	}
	p := path(strings.Split(qualifiedName, "/"))
	if len(p) < connectionSegments {
		return nil, apierr.Invalid(service, field, "%q is not under a connection: the connection has three segments, such as default/snowflake/1700000000", qualifiedName)
	}
	for _, segment := range p {
		if strings.TrimSpace(segment) == "" {
			return nil, apierr.Invalid(service, field, "%q has an empty segment", qualifiedName)
		}
	}
	if err := checkConnector(field, p.connector()); err != nil {
		return nil, err
	}
	return p, nil
}

// parentPath takes the qualifiedName of a parent apart that must have n segments. What says what the parent is, such as
// "schema".
func parentPath(what, qualifiedName string, n int) (path, error) {
	field := what + "QualifiedName"
	p, err := parsePath(field, qualifiedName)
	if err != nil {
		return nil, err
	}
	if len(p) != n {
		return nil, apierr.Invalid(service, field, "%q is not the qualifiedName of a %s: it has %d segments, want %d", qualifiedName, what, len(p), n)
	}
	return p, nil
}

// checkConnector refuses what is no slug of a connector: imports reject what lies under such a connection.
func checkConnector(field, slug string) error {
	if slug == "" {
		return apierr.Invalid(service, field, "the connector is empty")
	}
	for _, c := range slug {
		if c != '-' && (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return apierr.Invalid(service, field, "the connector %q is not made of small letters, digits and hyphens", slug)
		}
	}
	return nil
}

// checkName refuses an empty name, and bytes that are not UTF-8: JSON has no form for them, so that another name than was
// meant would be sent.
func checkName(field, name string) error {
	switch {
	case strings.TrimSpace(name) == "":
		return apierr.Invalid(service, field, "the %s is empty", field)
	case !utf8.ValidString(name):
		return apierr.Invalid(service, field, "the %s is not UTF-8", field)
	}
	return nil
}

// camelCase is a name as the names of domains, products and AI assets carry it: "Sales data" is "salesData".
func camelCase(name string) string {
	var b strings.Builder
	words := strings.FieldsFunc(name, func(r rune) bool { return r == '_' || r == '-' || r == ' ' })
	for i, word := range words {
		runes := []rune(strings.ToLower(word))
		if i > 0 {
			runes = append([]rune(strings.ToUpper(string(runes[:1]))), runes[1:]...)
		}
		b.WriteString(string(runes))
	}
	return b.String()
}
