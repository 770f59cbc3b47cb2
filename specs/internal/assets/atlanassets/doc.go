// Package atlanassets holds the asset types of Atlan: a struct per type with its attributes and relationships, and the
// enumerations and structs that these hold. It talks to nobody; wrappers/atlan reads, searches and saves assets with it.
//
//	package main
//
//	import (
//		"encoding/json"
//		"fmt"
//		"log"
//
//		assets "github.com/sluice-sdk/sluice/gen/atlanassets"
//		"github.com/sluice-sdk/sluice/gen/atlanassets/field"
//	)
//
//	func main() {
//		// The attributes of a table, as an answer has them.
//		var table assets.Table
//		err := json.Unmarshal([]byte(`{"name": "ORDERS", "rowCount": 1200, "userDescription": null}`), &table)
//		if err != nil {
//			log.Fatal(err)
//		}
//		rows, known := table.RowCount.Get()
//		fmt.Println(table.TypeName(), table.Name.Or("without a name"), rows, known, "cleared:", table.UserDescription.IsNull())
//
//		// What is to change: one attribute is set, one is cleared, one relationship is replaced, all others are left alone.
//		var change assets.Table
//		change.UserDescription.Set("What customers ordered.")
//		change.CertificateStatusMessage.Clear()
//		change.Columns = assets.Set([]assets.Ref{assets.RefTo[assets.Column]("default/snowflake/1700000000/DB/SHOP/ORDERS/ID")})
//		print(change)
//
//		// What to look for. A field has only the methods that its kind can answer: this is checked by the compiler.
//		print(field.All(field.TypeName.Eq(assets.TypeTable), field.Name.StartsWith("ORD"), field.RowCount.GT(1000)))
//	}
//
//	func print(value any) {
//		text, err := json.Marshal(value)
//		if err != nil {
//			log.Fatal(err)
//		}
//		fmt.Println(string(text))
//	}
//
// # Types
//
// A type embeds its parent, so that a Table has the fields of SQL, Catalog, Asset and Referenceable. Real types may have
// several parents: the members of further ones are in the struct itself. Fields are named as in gen/atlanapi. Where a
// relationship would have the name of an embedded struct, "Relationship" stands behind it.
//
// Every member is an [Attribute]: untouched, set or cleared. Relationships hold [Ref] or []Ref, and nothing else does,
// so that the Go type tells them from attributes. A struct holds the attributes that the definitions have; those of a
// newer server are not lost, they are in the envelope around it, which wrappers/atlan keeps. For types that only your
// tenant has, embed one of these and add fields:
//
//	type Machine struct {
//		assets.Asset
//		SerialNumber assets.Attribute[string] `json:"serialNumber,omitzero"`
//	}
//
//	func (Machine) TypeName() string { return "Machine" }
//
// A decoder must not have methods of embedded structs in its way, so no asset type has MarshalJSON or UnmarshalJSON; do
// not add them to yours.
//
// There is no list of all types, because it would link them all: a program has the types in its binary that it names.
//
// # Values
//
// Numbers without a fraction are int64, points in time [Timestamp]. Enumerations are strings with constants for the values
// that were known when this was generated, and keep any other. json.Unmarshal stops at an attribute whose value has another
// JSON type than the definitions say; [Decode] decodes all others and names it.
//
// The definitions are pyatlan's (version 9.10.3), corrected where its names differ from those on the wire. Unverified
// against the live service: a tenant's own answer to GET /api/meta/types/typedefs is the authority.
package atlanassets
