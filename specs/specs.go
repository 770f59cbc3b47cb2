// Package specs holds the OpenAPI documents the clients are generated from, so that the fakes of the services
// can hold every request and every answer against them. Programs that only talk to a service never link it.
package specs

import _ "embed"

// The documents and the overlays that are applied to them before generation. An overlay is part of the contract:
// a document without its overlay is not what the clients of gen/ were made from.
var (
	//go:embed airbyte/openapi.json
	airbyteDocument []byte
	//go:embed airbyte/overlay.yaml
	airbyteOverlay []byte

	//go:embed polytomic/openapi.json
	polytomicDocument []byte
	//go:embed polytomic/overlay.yaml
	polytomicOverlay []byte

	//go:embed atlan/openapi.json
	atlanDocument []byte
	//go:embed atlan/overlay.yaml
	atlanOverlay []byte
	//go:embed atlan/typedefs.json
	atlanTypedefs []byte
)

// Airbyte returns the document of the Airbyte API and its overlay. The slices are shared: do not write to them.
func Airbyte() (document, overlay []byte) { return airbyteDocument, airbyteOverlay }

// Polytomic returns the document of the Polytomic API and its overlay. The slices are shared: do not write to them.
func Polytomic() (document, overlay []byte) { return polytomicDocument, polytomicOverlay }

// Atlan returns the document of the Atlan API and its overlay. The slices are shared: do not write to them.
func Atlan() (document, overlay []byte) { return atlanDocument, atlanOverlay }

// AtlanTypedefs returns the type definitions of Atlan: entity types with their attributes, relationships and index
// facts, enums, structs and connectors. The slice is shared: do not write to it.
func AtlanTypedefs() []byte { return atlanTypedefs }
