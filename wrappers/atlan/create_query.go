package atlan

import (
	"encoding/base64"

	"github.com/sluice-sdk/sluice/gen/atlanassets"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// The server makes the qualifiedNames of collections, folders and queries, see [NewGlossary].

// NewCollection returns a new collection of queries. An empty name is an error.
func NewCollection(name string) (*Asset[atlanassets.Collection], error) {
	if err := checkName(attributeName, name); err != nil {
		return nil, err
	}
	a := NewAsset[atlanassets.Collection]()
	a.Attributes.Name.Set(name)
	return a, nil
}

// collectionSegments is how many segments the qualifiedName of a collection has: default/collection/user/id.
const collectionSegments = 4

// inCollection checks the parent of a folder or a query, and returns the qualifiedName of the collection.
func inCollection(name string, parent atlanassets.Ref) (collection string, err error) {
	if err := checkName(attributeName, name); err != nil {
		return "", err
	}
	if err := checkRef("parent", parent, atlanassets.TypeCollection, atlanassets.TypeFolder); err != nil {
		return "", err
	}
	p, err := parsePath("parentQualifiedName", parent.QualifiedName)
	if err != nil {
		return "", err
	}
	if len(p) < collectionSegments || parent.TypeName == atlanassets.TypeCollection && len(p) != collectionSegments {
		return "", apierr.Invalid(service, "parentQualifiedName", "%q is not the qualifiedName of a %s", parent.QualifiedName, orAsset(parent.TypeName))
	}
	return p.first(collectionSegments), nil
}

// NewFolder returns a new folder in a collection or in a folder, which must be saved already: their qualifiedName is
// needed. Errors: an empty name, a parent of another type or without a qualifiedName.
func NewFolder(name string, parent atlanassets.Ref) (*Asset[atlanassets.Folder], error) {
	collection, err := inCollection(name, parent)
	if err != nil {
		return nil, err
	}
	a := NewAsset[atlanassets.Folder]()
	a.Attributes.Name.Set(name)
	a.Attributes.CollectionQualifiedName.Set(collection)
	a.Attributes.ParentQualifiedName.Set(parent.QualifiedName)
	a.Attributes.Parent.Set(parent)
	return a, nil
}

// noVariables is the schema of the variables of a query that has none, as Atlan's editor writes it.
const noVariables = `{"customvariablesDateTimeFormat":{"defaultDateFormat":"YYYY-MM-DD","defaultTimeFormat":"HH:mm"},"customVariables":[]}`

// NewQuery returns a new query in a collection or in a folder, see [NewFolder], with its SQL and the schema that it runs
// in. Errors: those of NewFolder, an empty text, a schema without five segments.
func NewQuery(name string, parent atlanassets.Ref, schemaQualifiedName, sql string) (*Asset[atlanassets.Query], error) {
	collection, err := inCollection(name, parent)
	if err != nil {
		return nil, err
	}
	p, err := under("schema", schemaQualifiedName, schemaSegments, name)
	if err == nil {
		err = checkName("sql", sql)
	}
	if err != nil {
		return nil, err
	}
	a := NewAsset[atlanassets.Query]()
	t := &a.Attributes
	t.Name.Set(name)
	t.CollectionQualifiedName.Set(collection)
	t.ParentQualifiedName.Set(parent.QualifiedName)
	t.Parent.Set(parent)
	t.ConnectionName.Set(p.connector())
	t.ConnectionQualifiedName.Set(p.connection())
	t.ConnectorName.Set(p.connector())
	t.DefaultDatabaseQualifiedName.Set(p.database())
	t.DefaultSchemaQualifiedName.Set(p.schema())
	t.IsVisualQuery.Set(false)
	t.RawQueryText.Set(sql)
	t.VariablesSchemaBase64.Set(base64.StdEncoding.EncodeToString([]byte(noVariables)))
	return a, nil
}
