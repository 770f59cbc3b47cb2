package atlantest_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/sluice-sdk/sluice/gen/atlanassets"
	"github.com/sluice-sdk/sluice/wrappers/atlan"
	"github.com/sluice-sdk/sluice/wrappers/atlan/atlantest"
)

// tenant starts a fake tenant with one table, and returns a client of it and the qualifiedName of the table's schema.
func tenant() (client *atlan.Client, schema string, stop func()) {
	fake, err := atlantest.NewServer(atlantest.Without(atlantest.PermissionWindow, atlantest.SearchDelay, atlantest.SlowArchive))
	if err != nil {
		log.Fatal(err)
	}
	connection, _ := fake.AddConnection("snowflake", "Warehouse")
	inside := fake.AddTo(fake.AddTo(connection, "Database", "SALES", nil), "Schema", "PUBLIC", nil)
	fake.AddTo(inside, "Table", "ORDERS", map[string]any{"description": "What was ordered"})
	found, _ := fake.Asset(inside)
	transport := fake.Transport()
	client, err = atlan.New(atlan.WithBaseURL(fake.BaseURL()), atlan.WithAPIKey(fake.APIKey()), atlan.WithRoundTripper(transport))
	if err != nil {
		log.Fatal(err)
	}
	return client, found.QualifiedName, func() {
		transport.CloseIdleConnections()
		_ = fake.Close()
	}
}

// New assets are made by functions that know the names of their type, and saved together.
func Example_save() {
	client, schema, stop := tenant()
	defer stop()
	table, err := atlan.NewTable("CUSTOMERS", schema)
	if err != nil {
		log.Fatal(err)
	}
	table.Attributes.UserDescription.Set("One row a customer")
	id, err := atlan.NewColumn("ID", table.Ref(), 1)
	if err != nil {
		log.Fatal(err)
	}
	report, err := client.Save(context.Background(), table, id)
	if err != nil {
		log.Fatal(err)
	}
	for _, result := range report.Items {
		fmt.Println(result.Outcome, result.TypeName, result.Item.Name(), result.GUID != "")
	}
	// Output:
	// created Table CUSTOMERS true
	// created Column ID true
}

// An asset is read, changed and saved: only what was changed is sent, and nothing when nothing was.
func Example_change() {
	client, schema, stop := tenant()
	defer stop()
	ctx := context.Background()
	table, err := client.Tables().Get(ctx, schema+"/ORDERS")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(table.Attributes.Description.Or("no description"))
	table.Attributes.Description.Clear()
	table.Attributes.RowCount.Set(1200)
	for range 2 {
		report, err := client.Save(ctx, table)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(report.Items[0].Outcome)
	}
	// Output:
	// What was ordered
	// partially updated
	// unchanged
}

// What people write about an asset takes one call.
func Example_describe() {
	client, schema, stop := tenant()
	defer stop()
	ctx := context.Background()
	orders := client.Tables().Handle(schema + "/ORDERS")
	_, described := orders.Describe(ctx, "One row an order")
	_, certified := orders.Certify(ctx, atlanassets.CertificateStatusVerified, "checked by finance")
	_, owned := orders.AddOwners(ctx, atlan.Owners{Users: []string{"ann"}})
	if err := errors.Join(described, certified, owned); err != nil {
		log.Fatal(err)
	}
	table, err := orders.Asset(ctx)
	if err != nil {
		log.Fatal(err)
	}
	certificate, _ := table.Certificate()
	fmt.Println(table.Attributes.UserDescription.Or(""), certificate.Status, table.Owners().Users)
	// Output:
	// One row an order VERIFIED [ann]
}

// The server names glossaries and terms: references lead from one new asset to the other, and the names come with the save.
func ExampleNewTerm() {
	client, schema, stop := tenant()
	defer stop()
	ctx := context.Background()
	glossary, err := atlan.NewGlossary("Metrics")
	if err != nil {
		log.Fatal(err)
	}
	revenue, err := atlan.NewTerm("Revenue", glossary.Ref())
	if err != nil {
		log.Fatal(err)
	}
	if _, err := client.Save(ctx, glossary, revenue); err != nil {
		log.Fatal(err)
	}
	if _, err := client.Tables().AppendTerms(ctx, schema+"/ORDERS", revenue.Ref()); err != nil {
		log.Fatal(err)
	}
	table, err := client.Tables().Get(ctx, schema+"/ORDERS")
	if err != nil {
		log.Fatal(err)
	}
	for _, term := range table.Attributes.Meanings.Or(nil) {
		fmt.Println(term.DisplayText, term.GUID == revenue.GUID, revenue.QualifiedName() != "")
	}
	// Output:
	// Revenue true true
}

// An archived asset can be restored; one that is purged is gone.
func ExampleClient_Delete() {
	client, schema, stop := tenant()
	defer stop()
	ctx := context.Background()
	tables, name := client.Tables(), schema+"/ORDERS"
	if _, err := tables.Archive(ctx, name); err != nil {
		log.Fatal(err)
	}
	if _, err := tables.Restore(ctx, name); err != nil {
		log.Fatal(err)
	}
	table, err := tables.Get(ctx, name)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(table.Status)
	if _, err := client.Delete(ctx, atlan.DeletePurge, table.GUID); err != nil {
		log.Fatal(err)
	}
	_, err = tables.Get(ctx, name)
	fmt.Println(errors.Is(err, atlan.ErrNotFound))
	// Output:
	// ACTIVE
	// true
}

// Many assets are read by their names; those that do not exist are no error.
func ExampleCollection_GetMany() {
	client, schema, stop := tenant()
	defer stop()
	found, missing, err := client.Tables().GetMany(context.Background(), []string{schema + "/ORDERS", schema + "/REFUNDS"})
	if err != nil {
		log.Fatal(err)
	}
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
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(client.BaseURL())
	}
	// Output:
	// https://acme.atlan.com
	// https://acme.atlan.com
}
