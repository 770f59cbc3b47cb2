package atlantest

import (
	"encoding/json"
	"fmt"
	"sync"

	"github.com/sluice-sdk/sluice/specs"
	"github.com/sluice-sdk/sluice/wrappers/servicetest"
)

// document is parsed once per program: it is immutable, and a test may make thousands of fakes.
var document = sync.OnceValues(func() (*servicetest.Document, error) {
	raw, overlay := specs.Atlan()
	raw, err := checkable(raw)
	if err != nil {
		return nil, err
	}
	return servicetest.LoadDocument(raw, overlay)
})

// openEnums are the enumerations to which the service is known to add: the states of runs and what happens to assets.
var openEnums = []string{"AppRunStatus", "AtlanWorkflowPhase", "AuditActionType"}

// checkable makes a document to check against out of one to generate code from: enumerations of answers that grow are
// any text, and the events of a query are not looked into, which the validator cannot read.
func checkable(raw []byte) ([]byte, error) {
	var doc map[string]any
	if err := json.Unmarshal(raw, &doc); err != nil {
		return nil, fmt.Errorf("atlantest: read the document: %w", err)
	}
	components, _ := doc["components"].(map[string]any)
	schemas, _ := components["schemas"].(map[string]any)
	for _, name := range openEnums {
		schema, ok := schemas[name].(map[string]any)
		if !ok || schema["enum"] == nil {
			return nil, fmt.Errorf("atlantest: the document has no enumeration %s", name)
		}
		delete(schema, "enum")
	}
	paths, _ := doc["paths"].(map[string]any)
	at := paths
	for _, key := range []string{"/api/sql/query/stream", "post", "responses", "200"} {
		at, _ = at[key].(map[string]any)
	}
	if at["content"] == nil {
		return nil, fmt.Errorf("atlantest: the document has no answer to streamQuery")
	}
	delete(at, "content")
	out, err := json.Marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("atlantest: write the document: %w", err)
	}
	return out, nil
}
