package warehouse_test

import (
	"errors"
	"fmt"

	"github.com/sluice-sdk/sluice/wrappers/warehouse"
)

func ExampleDestination_Name() {
	dest := warehouse.Destination{Kind: warehouse.Snowflake, Database: "analytics", Schema: "raw"}
	where, err := dest.Name(
		warehouse.Stream{Name: "order items", Namespace: "shop"},
		warehouse.Placement{Prefix: "eu_", NamespaceDefinition: warehouse.NamespaceCustom, NamespaceFormat: "src_${SOURCE_NAMESPACE}"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(where.Explain())
	fmt.Println(dest.QuoteTable(where))
	fmt.Println(dest.Column("created at"), dest.MetaColumns().ExtractedAt)
	// Output:
	// ANALYTICS.SRC_SHOP.EU_ORDER ITEMS
	// - the connection's prefix "eu_" makes stream "order items" into "eu_order items"
	// - the connection's namespace format "src_${SOURCE_NAMESPACE}" with source namespace "shop" gives "src_shop"
	// - snowflake 4 names: upper case, quoted, other characters kept: "SRC_SHOP" and "EU_ORDER ITEMS"
	// "ANALYTICS"."SRC_SHOP"."EU_ORDER ITEMS"
	// CREATED AT _AIRBYTE_EXTRACTED_AT
}

func ExampleDestination_DSN() {
	dest, err := warehouse.NewDestination(warehouse.Definition{Type: "postgres"}, map[string]any{
		"host": "db.example.com", "port": 5432, "database": "shop", "username": "reader", "password": "**********",
		"ssl_mode": map[string]any{"mode": "verify-full"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	dsn, err := dest.DSN("p@ss/word")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(dsn)                      // for logs
	fmt.Println(dsn.Driver, dsn.Reveal()) // for sql.Open
	_, err = dest.DSN("**********")       // Airbyte's mask
	fmt.Println(errors.Is(err, warehouse.ErrInput))
	// Output:
	// postgres://reader:REDACTED@db.example.com:5432/shop?sslmode=verify-full
	// pgx postgres://reader:p%40ss%2Fword@db.example.com:5432/shop?sslmode=verify-full
	// true
}
