// Command consumer stands for the program of somebody who imports wrappers/airbyte and nothing else of this
// repository. The test beside it measures what that costs: modules, bytes, and lines of go.sum.
package main

import (
	"fmt"

	"github.com/sluice-sdk/sluice/wrappers/airbyte"
)

func main() {
	var client airbyte.Client
	fmt.Println(client.Workspace("workspace"), client.Raw())
}
