package polytomictest

import (
	"encoding/json"
	"fmt"
	"sync"

	"github.com/sluice-sdk/sluice/specs"
	"github.com/sluice-sdk/sluice/wrappers/servicetest"
)

// document is parsed once per program: it is immutable, and a test may make thousands of fakes.
var document = sync.OnceValues(func() (*servicetest.Document, error) {
	raw, overlay := specs.Polytomic()
	raw, err := checkable(raw)
	if err != nil {
		return nil, err
	}
	return servicetest.LoadDocument(raw, overlay)
})

// checkable makes a document to check against out of one to generate code from.
//
//   - The SDKs, which the document was made from, declare 401 on 15 operations of 128 and 429 on one, while sign-in,
//     limits and decoding go before every operation: each answers an error of the declared shape with any status.
//   - A single log file may be a redirect to where it is stored; the SDKs type the answer as void.
func checkable(raw []byte) ([]byte, error) {
	var doc map[string]any
	if err := json.Unmarshal(raw, &doc); err != nil {
		return nil, fmt.Errorf("polytomictest: read the document: %w", err)
	}
	paths, _ := doc["paths"].(map[string]any)
	for path, item := range paths {
		methods, _ := item.(map[string]any)
		for _, operation := range methods {
			o, ok := operation.(map[string]any)
			if !ok {
				continue // parameters
			}
			responses, ok := o["responses"].(map[string]any)
			if !ok {
				continue
			}
			responses["default"] = map[string]any{
				"description": "Error",
				"content": map[string]any{"application/json": map[string]any{
					"schema": map[string]any{"$ref": "#/components/schemas/ApiError"},
				}},
			}
			if path == "/api/syncs/{sync_id}/executions/{id}/{type}/{filename}" {
				responses["302"] = map[string]any{"description": "Where the file is"}
			}
		}
	}
	out, err := json.Marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("polytomictest: write the document: %w", err)
	}
	return out, nil
}
