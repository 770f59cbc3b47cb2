package sluice_test

import (
	"path/filepath"
	"testing"

	"github.com/sluice-sdk/sluice/gen/airbyteapi"
	"github.com/sluice-sdk/sluice/gen/atlanapi"
	"github.com/sluice-sdk/sluice/gen/polytomicapi"
	"github.com/sluice-sdk/sluice/wrappers/servicetest"
)

// tables are the operations of each service.
var tables = map[string]string{"airbyte": airbyteapi.Operations, "atlan": atlanapi.Operations, "polytomic": polytomicapi.Operations}

// Every operation of every document is the work of a method that says so, or is raw for a reason that is written down.
func TestEveryOperationIsCoveredOrRaw(t *testing.T) {
	for _, service := range services {
		t.Run(service, func(t *testing.T) {
			c := servicetest.CheckCoverage(t, tables[service], filepath.Join("wrappers", service))
			t.Logf("%d covered, %d raw, %d missing", len(c.Covered), len(c.Raw), len(c.Missing))
		})
	}
}
