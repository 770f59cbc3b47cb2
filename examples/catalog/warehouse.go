package main

import (
	"github.com/sluice-sdk/sluice/gen/atlanassets"
	"github.com/sluice-sdk/sluice/wrappers/atlan"
)

// warehouse is what the example records: two tables, the second of which is made from the first.
type warehouse struct {
	orders, revenue *atlan.Asset[atlanassets.Table]
	assets          []atlan.Item
}

func newWarehouse(connection string) (*warehouse, error) {
	w := new(warehouse)
	database, err := atlan.NewDatabase("shop", connection)
	if err != nil {
		return nil, err
	}
	schema, err := atlan.NewSchema("public", database.QualifiedName())
	if err != nil {
		return nil, err
	}
	w.assets = append(w.assets, database, schema)
	if w.orders, err = w.table("orders", schema.QualifiedName(), "id", "customer", "amount", "ordered_at"); err != nil {
		return nil, err
	}
	if w.revenue, err = w.table("daily_revenue", schema.QualifiedName(), "day", "amount"); err != nil {
		return nil, err
	}
	load, err := atlan.NewProcess(atlan.ProcessParts{
		Name: "sum up the day", ConnectionQualifiedName: connection,
		Inputs: []atlanassets.Ref{w.orders.Ref()}, Outputs: []atlanassets.Ref{w.revenue.Ref()},
	})
	if err != nil {
		return nil, err
	}
	w.assets = append(w.assets, load)
	return w, nil
}

func (w *warehouse) table(name, schema string, columns ...string) (*atlan.Asset[atlanassets.Table], error) {
	table, err := atlan.NewTable(name, schema)
	if err != nil {
		return nil, err
	}
	table.Attributes.ColumnCount = atlanassets.Set(int64(len(columns)))
	w.assets = append(w.assets, table)
	for i, name := range columns {
		column, err := atlan.NewColumn(name, table.Ref(), i+1)
		if err != nil {
			return nil, err
		}
		w.assets = append(w.assets, column)
	}
	return table, nil
}
