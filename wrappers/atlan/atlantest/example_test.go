package atlantest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/sluice-sdk/sluice/wrappers/atlan/atlantest"
)

// A program in Go that needs a tenant makes one; a test calls New instead.
func ExampleNewServer() {
	fake, err := atlantest.NewServer(atlantest.Without(atlantest.SearchDelay))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = fake.Close() }()
	connection, _ := fake.AddConnection("snowflake", "Warehouse")
	schema := fake.AddTo(fake.AddTo(connection, "Database", "SALES", nil), "Schema", "PUBLIC", nil)
	fake.AddTo(schema, "Table", "ORDERS", map[string]any{"description": "What was ordered"})

	body := `{"dsl":{"query":{"term":{"__typeName.keyword":"Table"}}},"attributes":["description"]}`
	request, err := http.NewRequest(http.MethodPost, fake.BaseURL()+"/api/meta/search/indexsearch", bytes.NewBufferString(body))
	if err != nil {
		fmt.Println(err)
		return
	}
	request.Header.Set("Authorization", "Bearer "+fake.APIKey())
	request.Header.Set("Content-Type", "application/json")
	client := fake.HTTPClient()
	defer client.CloseIdleConnections()
	response, err := client.Do(request)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = response.Body.Close() }()
	var found struct {
		Entities []struct {
			Attributes struct{ Name, Description string }
		}
	}
	if err := json.NewDecoder(response.Body).Decode(&found); err != nil {
		fmt.Println(err)
		return
	}
	for _, e := range found.Entities {
		fmt.Println(e.Attributes.Name, "-", e.Attributes.Description)
	}
	// Output:
	// ORDERS - What was ordered
}
