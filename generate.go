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
//go:generate go run ./specs/internal/operations airbyte polytomic atlan
