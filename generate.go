// Package sluice is the root of the module and exports nothing: the packages to import are in wrappers. go generate writes
// gen from specs, without a network.
package sluice

//go:generate go tool oapi-codegen -config specs/airbyte/types.yaml specs/airbyte/openapi.json
//go:generate go tool oapi-codegen -config specs/airbyte/client.yaml specs/airbyte/openapi.json
//go:generate go tool oapi-codegen -config specs/airbyte/server.yaml specs/airbyte/openapi.json
//go:generate go tool oapi-codegen -config specs/polytomic/types.yaml specs/polytomic/openapi.json
//go:generate go tool oapi-codegen -config specs/polytomic/client.yaml specs/polytomic/openapi.json
//go:generate go tool oapi-codegen -config specs/polytomic/server.yaml specs/polytomic/openapi.json
//go:generate go tool oapi-codegen -config specs/atlan/types.yaml specs/atlan/openapi.json
//go:generate go tool oapi-codegen -config specs/atlan/client.yaml specs/atlan/openapi.json
//go:generate go tool oapi-codegen -config specs/atlan/server.yaml specs/atlan/openapi.json
//go:generate go run ./specs/operations specs/airbyte gen/airbyteapi/operations.gen.go
//go:generate go run ./specs/operations specs/polytomic gen/polytomicapi/operations.gen.go
//go:generate go run ./specs/operations specs/atlan gen/atlanapi/operations.gen.go
//go:generate go run ./specs/internal/assets specs/atlan/assets.yaml
