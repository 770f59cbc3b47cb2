package atlan

import (
	"strings"

	"github.com/sluice-sdk/sluice/gen/atlanassets"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// The functions that make new assets check their arguments, derive the qualifiedName by the rules that Atlan's own
// clients follow (pyatlan's creators), and fill what follows from it: the connector, the connection, the database, the
// schema, the references to parents. They do no I/O: [Client.Save] sends what they return. An empty or malformed argument
// is an error of kind [apierr.KindInvalid] that names it.

// NewUnder returns a new asset of any type whose qualifiedName is that of its parent, a slash and its name, as it is for
// most types that have no function of their own here. It fills the name, the qualifiedName, the connection and the
// connector; a reference to the parent is for the caller to set. Errors: a name that is empty, a parent that is not under
// a connection. It does no I/O.
func NewUnder[T atlanassets.Type](name, parentQualifiedName string) (*Asset[T], error) {
	p, err := parsePath("parentQualifiedName", parentQualifiedName)
	if err == nil {
		err = checkName(attributeName, name)
	}
	if err != nil {
		return nil, err
	}
	a := NewAsset[T]()
	for attribute, value := range map[string]string{
		attributeName: name, attributeQualifiedName: p.whole() + "/" + name,
		"connectorName": p.connector(), "connectionQualifiedName": p.connection(),
	} {
		if err := a.SetAttribute(attribute, value); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// place fills what every asset under a connection has.
func place(a *atlanassets.Asset, p path, name, qualifiedName string) {
	a.Name.Set(name)
	a.QualifiedName.Set(qualifiedName)
	a.ConnectorName.Set(p.connector())
	a.ConnectionQualifiedName.Set(p.connection())
}

// under checks the name of an asset and its parent, which has n segments.
func under(what, parent string, n int, name string) (path, error) {
	p, err := parentPath(what, parent, n)
	if err != nil {
		return nil, err
	}
	return p, checkName(attributeName, name)
}

// inConnection checks the name of an asset and the connection that it is directly in.
func inConnection(connection, name string) (path, error) {
	return under("connection", connection, connectionSegments, name)
}

// identified checks the name of an asset, the id that it has in its own system and the connection that it is directly in.
func identified(name, id, connection string) (path, error) {
	p, err := inConnection(connection, name)
	if err != nil {
		return nil, err
	}
	return p, checkName("id", id)
}

// required refuses arguments that are empty: pairs of a name and a value.
func required(pairs ...string) error {
	for i := 0; i+1 < len(pairs); i += 2 {
		if err := checkName(pairs[i], pairs[i+1]); err != nil {
			return err
		}
	}
	return nil
}

// checkRef refuses a reference to an asset of another type than is wanted, and one that names none.
func checkRef(field string, ref atlanassets.Ref, types ...string) error {
	if ref.GUID == "" && (ref.TypeName == "" || ref.QualifiedName == "") {
		return apierr.Invalid(service, field, "the reference has neither a guid nor a type and a qualifiedName")
	}
	for _, t := range types {
		if ref.TypeName == t || ref.TypeName == "" {
			return nil
		}
	}
	return apierr.Invalid(service, field, "the reference leads to a %s, want %s", ref.TypeName, strings.Join(types, " or "))
}
