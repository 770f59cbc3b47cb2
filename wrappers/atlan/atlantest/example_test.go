package atlantest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/sluice-sdk/sluice/gen/atlanassets"
	"github.com/sluice-sdk/sluice/gen/atlanassets/field"
	"github.com/sluice-sdk/sluice/wrappers/atlan"
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

// tenant is a fake and a client of it, for the examples below.
func tenant() (fake *atlantest.Fake, client *atlan.Client, schema string, done func()) {
	fake, err := atlantest.NewServer(atlantest.WithoutQuirks())
	if err != nil {
		panic(err)
	}
	transport := fake.Transport()
	client, err = atlan.New(atlan.WithBaseURL(fake.BaseURL()), atlan.WithAPIKey(fake.APIKey()),
		atlan.WithRoundTripper(transport), atlan.WithRequestsPerMinute(0))
	if err != nil {
		panic(err)
	}
	connection, name := fake.AddConnection("snowflake", "Warehouse")
	fake.AddTo(fake.AddTo(connection, "Database", "SALES", nil), "Schema", "PUBLIC", nil)
	return fake, client, name + "/SALES/PUBLIC", func() {
		transport.CloseIdleConnections()
		_ = fake.Close()
	}
}

// A search yields assets with the attributes that it asks for.
func Example_search() {
	_, client, schema, done := tenant()
	defer done()
	ctx := context.Background()
	for i, name := range []string{"ORDERS", "ORDER_ITEMS", "CUSTOMERS"} {
		table, err := atlan.NewTable(name, schema)
		if err != nil {
			fmt.Println(err)
			return
		}
		table.Attributes.RowCount.Set(int64(1000 * (i + 1)))
		if _, err := client.Save(ctx, table); err != nil {
			fmt.Println(err)
			return
		}
	}
	search := atlan.SearchFor[atlanassets.Table](client, field.Name.StartsWith("ORDER")).Include(field.RowCount)
	for table, err := range search.Sort(field.RowCount.Desc()).All(ctx) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(table.Name(), table.Attributes.RowCount.Or(0))
	}
	fmt.Println(search.Count(ctx))
	// Output:
	// ORDER_ITEMS 2000
	// ORDERS 1000
	// 2 <nil>
}

// Lineage leads from an asset to what is made from it.
func Example_lineage() {
	fake, client, schema, done := tenant()
	defer done()
	ctx := context.Background()
	raw, err := atlan.NewTable("RAW_ORDERS", schema)
	if err != nil {
		fmt.Println(err)
		return
	}
	orders, err := atlan.NewTable("ORDERS", schema)
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := client.Save(ctx, raw, orders); err != nil {
		fmt.Println(err)
		return
	}
	connection := fake.Assets("Connection")[0]
	fake.AddLineage(connection.GUID, "clean", []string{raw.GUID}, []string{orders.GUID})
	for asset, err := range client.Lineage(raw.GUID).Downstream().All(ctx) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(asset.TypeName, asset.Name())
	}
	// Output:
	// Process clean
	// Table ORDERS
}

// A batch saves what can be saved, and says of the rest why not.
func Example_batch() {
	fake, client, schema, done := tenant()
	defer done()
	fake.Deny(schema + "/T3")
	tables := func(yield func(atlan.Item) bool) {
		for i := range 500 {
			table, err := atlan.NewTable(fmt.Sprint("T", i), schema)
			if err != nil || !yield(table) {
				return
			}
		}
	}
	report, err := client.Batch(atlan.BatchOptions{}).Save(context.Background(), tables)
	fmt.Println(report.Outcomes[atlan.Created], "created", errors.Is(err, atlan.ErrPermission))
	for failure := range report.Failures() {
		fmt.Println("item", failure.Index, "was not saved")
	}
	// Output:
	// 499 created true
	// item 3 was not saved
}
