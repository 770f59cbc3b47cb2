//go:build tools

package sluice

// The generator of gen/ is a dependency of the repository, not of the library: this import and the tool
// directive of go.mod pin its version. Linters and reports are pinned in the nested module tools/.
import _ "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen"
