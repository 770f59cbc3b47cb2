// Package duckdb opens DuckDB files that Airbyte wrote, for package warehouse.
//
//	db, err := duckdb.Open("/local/shop.duckdb", duckdb.AirbyteLocal("/srv/airbyte"), duckdb.ReadOnly())
//	if err != nil {
//		log.Fatal(err)
//	}
//	defer db.Close()
//
//	dest := warehouse.Destination{Kind: warehouse.DuckDB, Schema: "main"}
//	where, err := dest.Name(warehouse.Stream{Name: "Orders"}, warehouse.Placement{Prefix: "shop_"})
//	if err != nil {
//		log.Fatal(err)
//	}
//	for row, err := range dest.Table(db, where).Rows(ctx) {
//		if err != nil {
//			log.Fatal(err)
//		}
//		fmt.Println(row.Value("id"))
//	}
//
// [Open] returns a plain *sql.DB; everything else is in package warehouse.
//
// A DuckDB file belongs to one process at a time while that process may write
// to it. Open therefore fails with [ErrInUse] as long as a sync is running, and
// a sync fails as long as a program has the file open for writing: open with
// [ReadOnly], and close when done.
//
// The package is a module of its own because DuckDB is a C++ library of 70 MB;
// it needs cgo and a C compiler.
package duckdb
