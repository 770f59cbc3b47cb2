package atlan

import (
	"strings"

	"github.com/sluice-sdk/sluice/gen/atlanassets"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// NewAPISpec returns a new specification of an API: connection/name. Errors: an empty name, a connection without three
// segments.
func NewAPISpec(name, connectionQualifiedName string) (*Asset[atlanassets.APISpec], error) {
	p, err := inConnection(connectionQualifiedName, name)
	if err != nil {
		return nil, err
	}
	a := NewAsset[atlanassets.APISpec]()
	place(&a.Attributes.Asset, p, name, p.whole()+"/"+name)
	return a, nil
}

// NewAPIPath returns a new path of an API: the specification's qualifiedName followed by the path as it is, such as
// /orders/{id}, which must begin with a slash (none is added between the two). The path is the name too. Errors: an empty
// path or one without the slash, a specification without four segments.
func NewAPIPath(rawURI, specQualifiedName string) (*Asset[atlanassets.APIPath], error) {
	p, err := under("apiSpec", specQualifiedName, connectionSegments+1, rawURI)
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(rawURI, "/") {
		return nil, apierr.Invalid(service, "rawURI", "the path %q does not begin with a slash", rawURI)
	}
	a := NewAsset[atlanassets.APIPath]()
	place(&a.Attributes.Asset, p, rawURI, p.whole()+rawURI)
	a.Attributes.APIPathRawURI.Set(rawURI)
	a.Attributes.APISpecQualifiedName.Set(p.whole())
	a.Attributes.APISpec.Set(atlanassets.RefTo[atlanassets.APISpec](p.whole()))
	return a, nil
}

// NewAPIObject returns a new object of an API: connection/name. Errors: an empty name, a connection without three
// segments.
func NewAPIObject(name, connectionQualifiedName string) (*Asset[atlanassets.APIObject], error) {
	p, err := inConnection(connectionQualifiedName, name)
	if err != nil {
		return nil, err
	}
	a := NewAsset[atlanassets.APIObject]()
	place(&a.Attributes.Asset, p, name, p.whole()+"/"+name)
	return a, nil
}

// NewAPIQuery returns a new query of an API: connection/name. Errors: an empty name, a connection without three segments.
func NewAPIQuery(name, connectionQualifiedName string) (*Asset[atlanassets.APIQuery], error) {
	p, err := inConnection(connectionQualifiedName, name)
	if err != nil {
		return nil, err
	}
	a := NewAsset[atlanassets.APIQuery]()
	place(&a.Attributes.Asset, p, name, p.whole()+"/"+name)
	return a, nil
}

// NewAPIField returns a new field of an object or a query of an API: parent/name. Errors: an empty name, a parent of
// another type or without a qualifiedName of four segments.
func NewAPIField(name string, parent atlanassets.Ref) (*Asset[atlanassets.APIField], error) {
	p, err := under("parent", parent.QualifiedName, connectionSegments+1, name)
	if err != nil {
		return nil, err
	}
	a := NewAsset[atlanassets.APIField]()
	ref := atlanassets.RefByQualifiedName(parent.TypeName, p.whole())
	switch parent.TypeName {
	case atlanassets.TypeAPIObject:
		a.Attributes.APIObject.Set(ref)
	case atlanassets.TypeAPIQuery:
		a.Attributes.APIQuery.Set(ref)
	default:
		return nil, apierr.Invalid(service, "parent", "a field of an API is not part of a %s", orAsset(parent.TypeName))
	}
	place(&a.Attributes.Asset, p, name, p.whole()+"/"+name)
	return a, nil
}
