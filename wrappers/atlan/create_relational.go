package atlan

import (
	"github.com/sluice-sdk/sluice/gen/atlanassets"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// inDatabase fills what an asset in a database has. P is a qualifiedName of four segments or more.
func inDatabase(a *atlanassets.SQL, p path) {
	a.DatabaseName.Set(p[3])
	a.DatabaseQualifiedName.Set(p.database())
}

// inSchema fills what an asset in a schema has. P is a qualifiedName of five segments or more.
func inSchema(a *atlanassets.SQL, p path) {
	inDatabase(a, p)
	a.SchemaName.Set(p[4])
	a.SchemaQualifiedName.Set(p.schema())
}

// NewDatabase returns a new database: connection/name. Errors: an empty name, a connection without three segments.
func NewDatabase(name, connectionQualifiedName string) (*Asset[atlanassets.Database], error) {
	p, err := inConnection(connectionQualifiedName, name)
	if err != nil {
		return nil, err
	}
	a := NewAsset[atlanassets.Database]()
	place(&a.Attributes.Asset, p, name, p.whole()+"/"+name)
	return a, nil
}

// NewSchema returns a new schema: database/name. Errors: an empty name, a database without four segments.
func NewSchema(name, databaseQualifiedName string) (*Asset[atlanassets.Schema], error) {
	p, err := under("database", databaseQualifiedName, databaseSegments, name)
	if err != nil {
		return nil, err
	}
	a := NewAsset[atlanassets.Schema]()
	place(&a.Attributes.Asset, p, name, p.whole()+"/"+name)
	inDatabase(&a.Attributes.SQL, p)
	a.Attributes.Database.Set(atlanassets.RefTo[atlanassets.Database](p.whole()))
	return a, nil
}

// NewTable returns a new table: schema/name. Errors: an empty name, a schema without five segments.
func NewTable(name, schemaQualifiedName string) (*Asset[atlanassets.Table], error) {
	p, err := under("schema", schemaQualifiedName, schemaSegments, name)
	if err != nil {
		return nil, err
	}
	a := NewAsset[atlanassets.Table]()
	place(&a.Attributes.Asset, p, name, p.whole()+"/"+name)
	inSchema(&a.Attributes.SQL, p)
	a.Attributes.AtlanSchema.Set(atlanassets.RefTo[atlanassets.Schema](p.whole()))
	return a, nil
}

// NewView returns a new view: schema/name. Errors: an empty name, a schema without five segments.
func NewView(name, schemaQualifiedName string) (*Asset[atlanassets.View], error) {
	p, err := under("schema", schemaQualifiedName, schemaSegments, name)
	if err != nil {
		return nil, err
	}
	a := NewAsset[atlanassets.View]()
	place(&a.Attributes.Asset, p, name, p.whole()+"/"+name)
	inSchema(&a.Attributes.SQL, p)
	a.Attributes.AtlanSchema.Set(atlanassets.RefTo[atlanassets.Schema](p.whole()))
	return a, nil
}

// NewMaterialisedView returns a new materialised view: schema/name. Errors: an empty name, a schema without five segments.
func NewMaterialisedView(name, schemaQualifiedName string) (*Asset[atlanassets.MaterialisedView], error) {
	p, err := under("schema", schemaQualifiedName, schemaSegments, name)
	if err != nil {
		return nil, err
	}
	a := NewAsset[atlanassets.MaterialisedView]()
	place(&a.Attributes.Asset, p, name, p.whole()+"/"+name)
	inSchema(&a.Attributes.SQL, p)
	a.Attributes.AtlanSchema.Set(atlanassets.RefTo[atlanassets.Schema](p.whole()))
	return a, nil
}

// NewTablePartition returns a new partition of a table: schema/name, beside its table. Errors: an empty name, a table
// without six segments.
func NewTablePartition(name, tableQualifiedName string) (*Asset[atlanassets.TablePartition], error) {
	p, err := under("table", tableQualifiedName, tableSegments, name)
	if err != nil {
		return nil, err
	}
	a := NewAsset[atlanassets.TablePartition]()
	place(&a.Attributes.Asset, p, name, p.schema()+"/"+name)
	inSchema(&a.Attributes.SQL, p)
	a.Attributes.TableName.Set(p.last())
	a.Attributes.TableQualifiedName.Set(p.whole())
	a.Attributes.ParentTable.Set(atlanassets.RefTo[atlanassets.Table](p.whole()))
	return a, nil
}

// NewProcedure returns a new stored procedure with its SQL: schema/_procedures_/name. Errors: an empty argument, a schema
// without five segments.
func NewProcedure(name, schemaQualifiedName, definition string) (*Asset[atlanassets.Procedure], error) {
	p, err := under("schema", schemaQualifiedName, schemaSegments, name)
	if err == nil {
		err = checkName("definition", definition)
	}
	if err != nil {
		return nil, err
	}
	a := NewAsset[atlanassets.Procedure]()
	place(&a.Attributes.Asset, p, name, p.whole()+"/_procedures_/"+name)
	inSchema(&a.Attributes.SQL, p)
	a.Attributes.Definition.Set(definition)
	a.Attributes.AtlanSchema.Set(atlanassets.RefTo[atlanassets.Schema](p.whole()))
	return a, nil
}

// NewColumn returns a new column at a place, counted from 1 in most databases, of a table, a view, a materialised view, a
// partition, a calculation view or a dynamic table: parent/name.
//
//	column, err := atlan.NewColumn("ID", table.Ref(), 1)
//
// Errors: an empty name, a negative order, a parent of another type or without a qualifiedName of six segments.
func NewColumn(name string, parent atlanassets.Ref, order int) (*Asset[atlanassets.Column], error) {
	p, err := under("parent", parent.QualifiedName, tableSegments, name)
	if err != nil {
		return nil, err
	}
	if order < 0 {
		return nil, apierr.Invalid(service, "order", "the order %d of a column is negative", order)
	}
	a := NewAsset[atlanassets.Column]()
	t := &a.Attributes
	table := func() {
		t.TableName.Set(p.last())
		t.TableQualifiedName.Set(p.whole())
	}
	view := func() {
		t.ViewName.Set(p.last())
		t.ViewQualifiedName.Set(p.whole())
	}
	ref := atlanassets.RefByQualifiedName(parent.TypeName, p.whole())
	switch parent.TypeName {
	case atlanassets.TypeTable:
		table()
		t.Table.Set(ref)
	case atlanassets.TypeSnowflakeDynamicTable:
		table()
		t.SnowflakeDynamicTable.Set(ref)
	case atlanassets.TypeTablePartition:
		table()
		t.TablePartition.Set(ref)
	case atlanassets.TypeView:
		view()
		t.View.Set(ref)
	case atlanassets.TypeMaterialisedView:
		view()
		t.MaterialisedView.Set(ref)
	case atlanassets.TypeCalculationView:
		t.CalculationViewName.Set(p.last())
		t.CalculationViewQualifiedName.Set(p.whole())
		t.CalculationView.Set(ref)
	default:
		return nil, apierr.Invalid(service, "parent", "a column is not part of a %s", orAsset(parent.TypeName))
	}
	place(&t.Asset, p, name, p.whole()+"/"+name)
	inSchema(&t.SQL, p)
	t.Order.Set(int64(order))
	return a, nil
}
