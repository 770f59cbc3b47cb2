// Package spec holds the document that the client is generated from, for the fake to check every exchange against.
package spec

import _ "embed"

//go:generate go -C .. tool oapi-codegen -config spec/types.yaml spec/openapi.json
//go:generate go -C .. tool oapi-codegen -config spec/client.yaml spec/openapi.json
//go:generate go -C .. tool oapi-codegen -config spec/server.yaml spec/openapi.json
//go:generate go -C .. tool operations spec tidemarkapi/operations.gen.go

// The document and the overlay that is applied to it. Do not write to them.
var (
	//go:embed openapi.json
	Document []byte
	//go:embed overlay.yaml
	Overlay []byte
)
