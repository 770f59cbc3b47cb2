package duckdb_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/warehouse"
	"github.com/sluice-sdk/sluice/wrappers/warehouse/duckdb"
)

// Read a stream from the file that Airbyte's DuckDB destination wrote.
func Example() {
	ctx := context.Background()
	root, err := os.MkdirTemp("", "airbyte")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(root)
	if err := pretendSync(filepath.Join(root, "shop.duckdb")); err != nil {
		fmt.Println(err)
		return
	}

	// What GET /destinations says.
	dest, err := warehouse.NewDestination(warehouse.Definition{Type: "duckdb"}, map[string]any{"destination_path": "/local/shop.duckdb"})
	if err != nil {
		fmt.Println(err)
		return
	}
	path, err := dest.FilePath()
	if err != nil {
		fmt.Println(err)
		return
	}
	db, err := duckdb.Open(path, duckdb.AirbyteLocal(root), duckdb.ReadOnly())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()

	where, err := dest.Name(warehouse.Stream{Name: "Orders"}, warehouse.Placement{Prefix: "eu-"})
	if err != nil {
		fmt.Println(err)
		return
	}
	table := dest.Table(db, where)
	explanation, err := table.Explain(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(explanation)

	type order struct {
		ID    int64
		Total float64   `db:"Total (EUR)"` // the stream's name for the field; the column is total__eur_
		At    time.Time `db:"_airbyte_extracted_at"`
	}
	secondSync := warehouse.Sync{JobID: 2, Started: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)}
	for o, err := range warehouse.Structs[order](ctx, table, warehouse.OfSync(secondSync)) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(o.ID, o.Total, o.At.Format(time.DateOnly))
	}
	// Output:
	// shop.main.eu_orders
	// - the connection's prefix "eu-" makes stream "Orders" into "eu-Orders"
	// - the connection uses the destination's default namespace
	// - without a namespace, the connector's default schema "main" is used
	// - duckdb names: the schema as configured; tables in lower case, anything but letters and digits becomes _, _ before a leading digit: "main" and "eu_orders"
	// - the database's catalogue has it as shop.main.eu_orders
	// 3 7.25 2026-01-02
}

// pretendSync leaves what two syncs of an appending stream leave behind.
func pretendSync(path string) error {
	db, err := duckdb.Open(path)
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.Exec(`CREATE TABLE main.eu_orders AS SELECT * FROM (VALUES
		(1, 5.0,  'a', TIMESTAMP '2026-01-01 09:00:00', '{}'::JSON),
		(2, 6.5,  'b', TIMESTAMP '2026-01-01 09:00:01', '{}'::JSON),
		(3, 7.25, 'c', TIMESTAMP '2026-01-02 09:00:00', '{}'::JSON)
	) AS t (id, total__eur_, _airbyte_raw_id, _airbyte_extracted_at, _airbyte_meta)`)
	return err
}
