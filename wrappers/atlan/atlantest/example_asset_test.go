package atlantest_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/sluice-sdk/sluice/gen/atlanassets"
	"github.com/sluice-sdk/sluice/wrappers/atlan"
)

// check ends an example that fails.
func check(err error) {
	if err != nil {
		panic(err)
	}
}

// withOrders is a tenant with one table; it returns a client of it and the qualifiedName of the table's schema.
func withOrders() (client *atlan.Client, schema string, stop func()) {
	fake, client, schema, stop := tenant()
	inside, _ := fake.AssetByName("Schema", schema)
	fake.AddTo(inside.GUID, "Table", "ORDERS", map[string]any{"description": "What was ordered"})
	return client, schema, stop
}

// New assets are made by functions that know the names of their type, and saved together.
func Example_save() {
	client, schema, stop := withOrders()
	defer stop()
	table, err := atlan.NewTable("CUSTOMERS", schema)
	check(err)
	table.Attributes.UserDescription.Set("One row a customer")
	id, err := atlan.NewColumn("ID", table.Ref(), 1)
	check(err)
	report, err := client.Save(context.Background(), table, id)
	check(err)
	for _, result := range report.Items {
		fmt.Println(result.Outcome, result.TypeName, result.Item.Name(), result.GUID != "")
	}
	// Output:
	// created Table CUSTOMERS true
	// created Column ID true
}

// An asset is read, changed and saved: only what was changed is sent, and nothing when nothing was.
func Example_change() {
	client, schema, stop := withOrders()
	defer stop()
	ctx := context.Background()
	table, err := client.Tables().Get(ctx, schema+"/ORDERS")
	check(err)
	fmt.Println(table.Attributes.Description.Or("no description"))
	table.Attributes.Description.Clear()
	table.Attributes.RowCount.Set(1200)
	for range 2 {
		report, err := client.Save(ctx, table)
		check(err)
		fmt.Println(report.Items[0].Outcome)
	}
	// Output:
	// What was ordered
	// updated
	// unchanged
}

// What people write about an asset takes one call.
func Example_describe() {
	client, schema, stop := withOrders()
	defer stop()
	ctx := context.Background()
	orders := client.Tables().Handle(schema + "/ORDERS")
	_, described := orders.Describe(ctx, "One row an order")
	_, certified := orders.Certify(ctx, atlanassets.CertificateStatusVerified, "checked by finance")
	_, owned := orders.AddOwners(ctx, atlan.Owners{Users: []string{"ann"}})
	check(errors.Join(described, certified, owned))
	table, err := orders.Asset(ctx)
	check(err)
	certificate, _ := table.Certificate()
	fmt.Println(table.Attributes.UserDescription.Or(""), certificate.Status, table.Owners().Users)
	// Output:
	// One row an order VERIFIED [ann]
}

// The server names glossaries and terms: references lead from one new asset to the other, and the names come with the save.
func ExampleNewTerm() {
	client, schema, stop := withOrders()
	defer stop()
	ctx := context.Background()
	glossary, err := atlan.NewGlossary("Metrics")
	check(err)
	revenue, err := atlan.NewTerm("Revenue", glossary.Ref())
	check(err)
	_, err = client.Save(ctx, glossary, revenue)
	check(err)
	_, err = client.Tables().AppendTerms(ctx, schema+"/ORDERS", revenue.Ref())
	check(err)
	table, err := client.Tables().Get(ctx, schema+"/ORDERS")
	check(err)
	for _, term := range table.Attributes.Meanings.Or(nil) {
		fmt.Println(term.DisplayText, term.GUID == revenue.GUID, revenue.QualifiedName() != "")
	}
	// Output:
	// Revenue true true
}

// An archived asset can be restored; one that is purged is gone.
func ExampleClient_Delete() {
	client, schema, stop := withOrders()
	defer stop()
	ctx := context.Background()
	tables, name := client.Tables(), schema+"/ORDERS"
	_, err := tables.Archive(ctx, name)
	check(err)
	_, err = tables.Restore(ctx, name)
	check(err)
	table, err := tables.Get(ctx, name)
	check(err)
	fmt.Println(table.Status)
	_, err = client.Delete(ctx, atlan.DeletePurge, table.GUID)
	check(err)
	_, err = tables.Get(ctx, name)
	fmt.Println(errors.Is(err, atlan.ErrNotFound))
	// Output:
	// ACTIVE
	// true
}

// Many assets are read by their names; those that do not exist are no error.
func ExampleCollection_GetMany() {
	client, schema, stop := withOrders()
	defer stop()
	found, missing, err := client.Tables().GetMany(context.Background(), []string{schema + "/ORDERS", schema + "/REFUNDS"})
	check(err)
	for _, table := range found {
		fmt.Println(table.Name())
	}
	fmt.Println(len(missing), "missing")
	// Output:
	// ORDERS
	// 1 missing
}

// A tenant of each name gets one client, made when it is first asked for.
func ExampleTenants() {
	tenants := atlan.NewTenants(func(_ context.Context, name string) (*atlan.Client, error) {
		return atlan.New(atlan.WithBaseURL("https://"+name+".atlan.com"), atlan.WithAPIKey("from a vault"))
	})
	for range 2 {
		client, err := tenants.Client(context.Background(), "acme")
		check(err)
		fmt.Println(client.BaseURL())
	}
	// Output:
	// https://acme.atlan.com
	// https://acme.atlan.com
}
