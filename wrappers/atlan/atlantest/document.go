package atlantest

import (
	"sync"

	"github.com/sluice-sdk/sluice/specs"
	"github.com/sluice-sdk/sluice/wrappers/servicetest"
)

// document is parsed once per program: it is immutable, and a test may make thousands of fakes.
var document = sync.OnceValues(func() (*servicetest.Document, error) {
	raw, overlay := specs.Atlan()
	return servicetest.LoadDocument(raw, overlay)
})
