package atlanassets

import (
	"bytes"
	"encoding/json"
	"errors"
)

// Ref is a reference to an asset: what a relationship holds. A request needs the GUID, or TypeName and QualifiedName; the
// other fields come with answers.
//
// Inside one request, an asset that is being created may be referred to by the negative GUID that the request gives it.
type Ref struct {
	TypeName string // of the asset: "Table"
	GUID     string // how requests name the asset, when it is known
	// QualifiedName is uniqueAttributes.qualifiedName on the wire: how requests name the asset when the GUID is not known.
	QualifiedName string

	// Semantic says what a save does with this member of a relationship; "" is SaveSemanticReplace. It is not part of the
	// reference on the wire: it decides which of the three lists of relationships of the asset the reference is sent in.
	Semantic SaveSemantic

	DisplayText        string // name of the asset, in answers only
	EntityStatus       string // of the asset: "ACTIVE" or "DELETED", in answers only
	RelationshipType   string // of the edge; sent when RelationshipAttributes are
	RelationshipGUID   string // of the edge, in answers only
	RelationshipStatus string // of the edge: "ACTIVE" or "DELETED", in answers only
	// RelationshipAttributes are the attributes of the edge, an object {typeName, attributes}. Nil when it has none.
	RelationshipAttributes json.RawMessage

	wire json.RawMessage // the object as it was received
}

// SaveSemantic is what a save does with a member of a relationship. The values are pyatlan's.
type SaveSemantic string

// What a save does with a member of a relationship.
const (
	SaveSemanticReplace SaveSemantic = "REPLACE" // the members that are sent are all that there are
	SaveSemanticAppend  SaveSemantic = "APPEND"  // this member is added to those that are there
	SaveSemanticRemove  SaveSemantic = "REMOVE"  // this member is taken away, the others stay
)

// RefByGUID refers to an asset by its GUID. The type name may be "", but answers that echo the reference then lack it.
func RefByGUID(typeName, guid string) Ref { return Ref{TypeName: typeName, GUID: guid} }

// RefByQualifiedName refers to an asset by its type, such as [TypeTable], and its qualifiedName.
func RefByQualifiedName(typeName, qualifiedName string) Ref {
	return Ref{TypeName: typeName, QualifiedName: qualifiedName}
}

// RefTo refers to an asset of type T by its qualifiedName: RefTo[Table]("default/snowflake/1700000000/DB/S/T").
func RefTo[T Type](qualifiedName string) Ref {
	var t T
	return RefByQualifiedName(t.TypeName(), qualifiedName)
}

// Wire returns the object as the server sent it, with every key; nil for a reference that was made here. Do not write
// to it.
func (r Ref) Wire() json.RawMessage { return r.wire }

// Attributes returns the attributes of the asset that came with the reference: those a search was asked to return of
// related assets. It is nil when there are none.
func (r Ref) Attributes() map[string]json.RawMessage {
	var object struct {
		Attributes map[string]json.RawMessage `json:"attributes"`
	}
	if r.wire == nil || json.Unmarshal(r.wire, &object) != nil {
		return nil
	}
	return object.Attributes
}

// Equal reports whether both references are sent alike: what came along in an answer does not count.
func (r Ref) Equal(other Ref) bool {
	if r.GUID != other.GUID || r.TypeName != other.TypeName || r.semantic() != other.semantic() {
		return false
	}
	if r.GUID == "" && r.QualifiedName != other.QualifiedName {
		return false
	}
	if !bytes.Equal(r.RelationshipAttributes, other.RelationshipAttributes) {
		return false
	}
	return len(r.RelationshipAttributes) == 0 || r.RelationshipType == other.RelationshipType
}

func (r Ref) semantic() SaveSemantic {
	if r.Semantic == "" {
		return SaveSemanticReplace
	}
	return r.Semantic
}

// unique is the object that names an asset without its GUID.
type unique struct {
	QualifiedName string `json:"qualifiedName"`
}

// MarshalJSON encodes what names the asset, and the attributes of the edge when there are any. A reference that names
// none is an error.
func (r Ref) MarshalJSON() ([]byte, error) {
	object := struct {
		TypeName               string          `json:"typeName,omitempty"`
		GUID                   string          `json:"guid,omitempty"`
		UniqueAttributes       *unique         `json:"uniqueAttributes,omitempty"`
		RelationshipType       string          `json:"relationshipType,omitempty"`
		RelationshipAttributes json.RawMessage `json:"relationshipAttributes,omitempty"`
	}{TypeName: r.TypeName, GUID: r.GUID}
	switch {
	case r.GUID != "":
	case r.TypeName == "" || r.QualifiedName == "":
		return nil, errors.New("atlanassets: a Ref needs a GUID, or a TypeName and a QualifiedName")
	default:
		object.UniqueAttributes = &unique{r.QualifiedName}
	}
	if len(r.RelationshipAttributes) > 0 {
		object.RelationshipType, object.RelationshipAttributes = r.RelationshipType, r.RelationshipAttributes
	}
	return json.Marshal(object)
}

// UnmarshalJSON decodes a reference of any shape that the server sends: the header of an entity, the end of a
// relationship, or a bare object id. The qualifiedName may also be among the attributes.
func (r *Ref) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		*r = Ref{}
		return nil
	}
	var object struct {
		TypeName               string          `json:"typeName"`
		GUID                   string          `json:"guid"`
		UniqueAttributes       unique          `json:"uniqueAttributes"`
		Attributes             unique          `json:"attributes"`
		DisplayText            string          `json:"displayText"`
		Status                 string          `json:"status"`
		EntityStatus           string          `json:"entityStatus"`
		RelationshipType       string          `json:"relationshipType"`
		RelationshipGUID       string          `json:"relationshipGuid"`
		RelationshipStatus     string          `json:"relationshipStatus"`
		RelationshipAttributes json.RawMessage `json:"relationshipAttributes"`
	}
	if err := json.Unmarshal(data, &object); err != nil {
		return err
	}
	*r = Ref{
		TypeName: object.TypeName, GUID: object.GUID, QualifiedName: object.UniqueAttributes.QualifiedName,
		DisplayText: object.DisplayText, EntityStatus: object.EntityStatus,
		RelationshipType: object.RelationshipType, RelationshipGUID: object.RelationshipGUID,
		RelationshipStatus: object.RelationshipStatus,
		wire:               bytes.Clone(data),
	}
	if r.QualifiedName == "" {
		r.QualifiedName = object.Attributes.QualifiedName
	}
	if r.EntityStatus == "" {
		r.EntityStatus = object.Status
	}
	if string(object.RelationshipAttributes) != "null" {
		r.RelationshipAttributes = object.RelationshipAttributes
	}
	return nil
}
