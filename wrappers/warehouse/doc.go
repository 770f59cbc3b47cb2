// Package warehouse reads what Airbyte loaded.
//
//	password := os.Getenv("WAREHOUSE_PASSWORD")                  // Airbyte's API masks it
//	dest, err := warehouse.NewDestination(
//		warehouse.Definition{Type: "postgres"},                   // destinationType, or definitionId
//		map[string]any{"host": "db.example.com", "port": 5432, "database": "shop", "schema": "raw",
//			"username": "reader", "ssl_mode": map[string]any{"mode": "require"}})
//	if err != nil {
//		log.Fatal(err)
//	}
//	dsn, err := dest.DSN(password)
//	if err != nil {
//		log.Fatal(err)
//	}
//	db, err := sql.Open(dsn.Driver, dsn.Reveal())                // import _ "github.com/jackc/pgx/v5/stdlib"
//	if err != nil {
//		log.Fatal(err)
//	}
//	defer db.Close()
//
//	where, err := dest.Name(warehouse.Stream{Name: "Orders", Namespace: "public"},
//		warehouse.Placement{Prefix: "shop_", NamespaceDefinition: warehouse.NamespaceDestination})
//	if err != nil {
//		log.Fatal(err)
//	}
//	fmt.Println(where.Explain())                                  // shop.raw.shop_Orders, and why
//
//	type Order struct {
//		ID    int64    `db:"id"`
//		Total *float64 `db:"total"`
//	}
//	for order, err := range warehouse.Structs[Order](ctx, dest.Table(db, where), warehouse.OfSync(warehouse.Sync{JobID: 4711})) {
//		if err != nil {
//			log.Fatal(err)
//		}
//		fmt.Println(order.ID)
//	}
//
// The same program against a DuckDB file is a test of the nested module
// github.com/sluice-sdk/sluice/wrappers/warehouse/duckdb.
//
// # What it knows
//
// Where a stream ends up is decided in two steps that no API reports: the
// platform puts the connection's prefix and namespace in, then the destination
// connector applies its own rule for names, which differs between connectors
// and between their major versions. [Destination.Name] repeats both steps and
// says each of them; it needs no database. [Table.Locate] confirms the result in
// the database's catalogue, without regard to case, and names what is there
// instead when it is not.
//
// Rules: Snowflake 4, BigQuery 3, PostgreSQL 3 and 2, Redshift 4, Databricks 4,
// ClickHouse 2, DuckDB and MotherDuck. They were read in the connectors' sources
// (airbytehq/airbyte), hashes included, and compared with the Java library's
// own answers. The layout, the statements and the JSON functions are run for
// real against PostgreSQL and DuckDB; for the other engines they are unverified
// against a live service.
//
// # What it does not do
//
// It brings no driver: the *sql.DB, *sql.Conn or *sql.Tx is the caller's, and
// credentials cannot come from Airbyte, whose API masks them. It sends SELECT
// and nothing else (inside a transaction of its own for DuckDB tables): nothing
// is created, changed or locked. Identifiers are always quoted, values are
// always bind parameters.
package warehouse
