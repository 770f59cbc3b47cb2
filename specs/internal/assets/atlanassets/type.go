package atlanassets

// Type is an asset type: a struct of this package, or one of your own that embeds one and adds the attributes of a type
// that only your tenant has.
type Type interface {
	// TypeName is the name of the type on the wire. It is a method of the value and does not read it.
	TypeName() string
}
