package atlan

import "github.com/sluice-sdk/sluice/gen/atlanassets"

// NewApplication returns a new application: connection/name. Errors: an empty name, a connection without three segments.
func NewApplication(name, connectionQualifiedName string) (*Asset[atlanassets.Application], error) {
	p, err := inConnection(connectionQualifiedName, name)
	if err != nil {
		return nil, err
	}
	a := NewAsset[atlanassets.Application]()
	place(&a.Attributes.Asset, p, name, p.whole()+"/"+name)
	return a, nil
}

// NewApplicationField returns a new field of an application: application/name. Errors: an empty name, an application
// without four segments.
func NewApplicationField(name, applicationQualifiedName string) (*Asset[atlanassets.ApplicationField], error) {
	p, err := under("application", applicationQualifiedName, connectionSegments+1, name)
	if err != nil {
		return nil, err
	}
	a := NewAsset[atlanassets.ApplicationField]()
	place(&a.Attributes.Asset, p, name, p.whole()+"/"+name)
	a.Attributes.ApplicationParentQualifiedName.Set(p.whole())
	a.Attributes.ApplicationParent.Set(atlanassets.RefTo[atlanassets.Application](p.whole()))
	return a, nil
}

// NewCustomEntity returns a new asset of a kind of your own: connection/name. Errors: an empty name, a connection without
// three segments.
func NewCustomEntity(name, connectionQualifiedName string) (*Asset[atlanassets.CustomEntity], error) {
	p, err := inConnection(connectionQualifiedName, name)
	if err != nil {
		return nil, err
	}
	a := NewAsset[atlanassets.CustomEntity]()
	place(&a.Attributes.Asset, p, name, p.whole()+"/"+name)
	return a, nil
}

// NewDataverseEntity returns a new entity of Dataverse: connection/name. Errors: an empty name, a connection without three
// segments.
func NewDataverseEntity(name, connectionQualifiedName string) (*Asset[atlanassets.DataverseEntity], error) {
	p, err := inConnection(connectionQualifiedName, name)
	if err != nil {
		return nil, err
	}
	a := NewAsset[atlanassets.DataverseEntity]()
	place(&a.Attributes.Asset, p, name, p.whole()+"/"+name)
	return a, nil
}

// NewDataverseAttribute returns a new attribute of an entity of Dataverse: entity/name. Errors: an empty name, an entity
// without four segments.
func NewDataverseAttribute(name, entityQualifiedName string) (*Asset[atlanassets.DataverseAttribute], error) {
	p, err := under("dataverseEntity", entityQualifiedName, connectionSegments+1, name)
	if err != nil {
		return nil, err
	}
	a := NewAsset[atlanassets.DataverseAttribute]()
	place(&a.Attributes.Asset, p, name, p.whole()+"/"+name)
	a.Attributes.DataverseEntityQualifiedName.Set(p.whole())
	a.Attributes.DataverseEntity.Set(atlanassets.RefTo[atlanassets.DataverseEntity](p.whole()))
	return a, nil
}
