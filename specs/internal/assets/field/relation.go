package field

// RelationField is a relationship of an asset. The index does not have it: a search can return it, but not look for it.
type RelationField string

// NewRelationField returns the field of a relationship.
func NewRelationField(attribute string) RelationField { return RelationField(attribute) }

// Attribute is the name of the relationship.
func (f RelationField) Attribute() string { return attribute(string(f)) }
