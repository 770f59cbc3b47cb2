package airbytetest

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/sluice-sdk/sluice/wrappers/warehouse"
)

// finalTable writes one stream into the table that readers look at. Three ways of writing, by sync mode:
// appending commits straight into it; overwriting fills a staging table and puts it in the place of the old one at
// the end; deduplicating merges each batch by primary key.
type finalTable struct {
	db     *sql.DB
	place  warehouse.Destination
	stream PlannedStream
	name   warehouse.QualifiedTable
	fields []Field
	meta   warehouse.MetaColumns

	columns []tableColumn // of the stream, then meta
	target  string        // quoted: where batches go
	final   string        // quoted
	staging string        // quoted; "" unless the mode overwrites
	keys    []string      // quoted key columns; only when the mode deduplicates
	cursor  string        // quoted
}

type tableColumn struct {
	name string // as the database stores it
	typ  string
	text bool // the table holds text where the stream has something else
}

func newFinalTable(db *sql.DB, place warehouse.Destination, stream PlannedStream, fields []Field) (*finalTable, error) {
	// The platform's part of naming is done: what is left is the destination's.
	name, err := place.Name(warehouse.Stream{Name: stream.Target.Name, Namespace: stream.Target.Namespace},
		warehouse.Placement{NamespaceDefinition: warehouse.NamespaceSource})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfiguration, err)
	}
	t := &finalTable{db: db, place: place, stream: stream, name: name, fields: fields, meta: place.MetaColumns()}
	var meta []tableColumn
	taken := make(map[string]bool)
	for _, column := range []tableColumn{
		{name: t.meta.RawID, typ: "varchar"}, {name: t.meta.ExtractedAt, typ: t.sqlType(TimestampWithZoneField)},
		{name: t.meta.Meta, typ: t.sqlType(ObjectField)}, {name: t.meta.GenerationID, typ: "bigint"},
	} {
		if column.name != "" {
			meta = append(meta, column)
			taken[column.name] = true
		}
	}
	quoted := make(map[string]string, len(fields)) // by the field's name
	for _, field := range fields {
		column := place.Column(field.Name)
		if column == "" {
			return nil, fmt.Errorf("%w: the destination has no name for the field %q", ErrConfiguration, field.Name)
		}
		// Of fields whose names the destination makes the same, the later ones get a number (airbyte CDK, ColumnNameResolver).
		for n := 1; taken[column]; n++ {
			column = place.Column(fmt.Sprint(field.Name, "_", n))
		}
		taken[column] = true
		quoted[field.Name] = quoteName(column)
		t.columns = append(t.columns, tableColumn{name: column, typ: t.sqlType(field.Type)})
	}
	t.columns = append(t.columns, meta...)
	t.final = quoteName(name.Schema) + "." + quoteName(name.Table)
	t.target = t.final
	if stream.SyncMode.Overwrites() {
		t.staging = quoteName(name.Schema) + "." + quoteName(sideTable("tmp", name.Table))
		t.target = t.staging
	}
	if stream.SyncMode.Dedupes() {
		for _, path := range stream.PrimaryKey {
			if len(path) != 1 || quoted[path[0]] == "" {
				return nil, fmt.Errorf("%w: the primary key %v is not a selected field of the stream", ErrConfiguration, path)
			}
			t.keys = append(t.keys, quoted[path[0]])
		}
		if len(t.keys) == 0 {
			return nil, fmt.Errorf("%w: sync mode %s needs a primary key", ErrConfiguration, stream.SyncMode)
		}
		if len(stream.CursorField) > 0 {
			t.cursor = quoted[stream.CursorField[0]] // "" when it is not selected
		}
	}
	return t, nil
}

// quoteName quotes an identifier as both PostgreSQL and DuckDB do.
func quoteName(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

// sideTable names a table that helps to fill another. The name is short: PostgreSQL cuts long ones, which would make a
// staging table of a long name the final table itself.
func sideTable(purpose, table string) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(table))
	return fmt.Sprintf("_airbyte_%s_%016x", purpose, h.Sum64())
}

// sqlType is the column type that the destination connector chooses for a field type.
func (t *finalTable) sqlType(f FieldType) string {
	duck := t.place.Kind == warehouse.DuckDB
	switch f {
	case IntegerField:
		return "bigint"
	case NumberField:
		if duck {
			return "double"
		}
		return "numeric"
	case BooleanField:
		return "boolean"
	case DateField:
		return "date"
	case TimestampWithZoneField:
		return "timestamp with time zone"
	case TimestampField:
		return "timestamp"
	case ObjectField, ArrayField:
		if duck {
			return "json"
		}
		return "jsonb"
	default:
		return "varchar"
	}
}

// prepare creates what is missing: schema, table, columns that the stream has grown.
func (t *finalTable) prepare(ctx context.Context) error {
	if _, err := t.db.ExecContext(ctx, "CREATE SCHEMA IF NOT EXISTS "+quoteName(t.name.Schema)); err != nil {
		return err
	}
	if t.staging != "" {
		// What a failed attempt left is dropped by the next one.
		if _, err := t.db.ExecContext(ctx, "DROP TABLE IF EXISTS "+t.staging); err != nil {
			return err
		}
		return t.create(ctx, t.staging)
	}
	if err := t.create(ctx, t.final); err != nil {
		return err
	}
	return t.evolve(ctx)
}

func (t *finalTable) create(ctx context.Context, table string) error {
	defs := make([]string, len(t.columns))
	for i, c := range t.columns {
		defs[i] = quoteName(c.name) + " " + c.typ
	}
	_, err := t.db.ExecContext(ctx, "CREATE TABLE IF NOT EXISTS "+table+" ("+strings.Join(defs, ", ")+")")
	return err
}

// evolve adds the columns that an existing table lacks, and widens those that cannot hold what the stream has now:
// integers become numbers, and everything else text. A column of a wider type stays what it is.
func (t *finalTable) evolve(ctx context.Context) error {
	have, err := t.existing(ctx)
	if err != nil {
		return err
	}
	for i := range t.columns {
		c := &t.columns[i]
		typ, ok := have[c.name]
		if !ok {
			if _, err := t.db.ExecContext(ctx, "ALTER TABLE "+t.final+" ADD COLUMN "+quoteName(c.name)+" "+c.typ); err != nil {
				return err
			}
			continue
		}
		isText := strings.Contains(typ, "char") || strings.Contains(typ, "text")
		number := t.sqlType(NumberField)
		switch {
		case i < len(t.fields) && t.fields[i].Type == UnknownField: // it holds nothing this time
		case isText:
			c.text = c.typ != "varchar"
		case typ == c.typ, typ == number && c.typ == "bigint", strings.HasPrefix(typ, "timestamp without") && c.typ == "timestamp":
		case typ == "bigint" && c.typ == number:
			if err := t.widen(ctx, c.name, number); err != nil {
				return err
			}
		default:
			if err := t.widen(ctx, c.name, "varchar"); err != nil {
				return err
			}
			c.text = c.typ != "varchar"
		}
	}
	return nil
}

func (t *finalTable) widen(ctx context.Context, column, typ string) error {
	alter := "ALTER TABLE " + t.final + " ALTER COLUMN " + quoteName(column) + " TYPE " + typ
	if t.place.Kind == warehouse.Postgres {
		alter += " USING " + quoteName(column) + "::" + typ
	}
	_, err := t.db.ExecContext(ctx, alter)
	return err
}

// existing lists the final table's columns and their types, lower-case.
func (t *finalTable) existing(ctx context.Context) (map[string]string, error) {
	rows, err := t.db.QueryContext(ctx,
		"SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = $1 AND table_name = $2", t.name.Schema, t.name.Table)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	have := make(map[string]string)
	for rows.Next() {
		var name, typ string
		if err := rows.Scan(&name, &typ); err != nil {
			return nil, err
		}
		have[name] = strings.ToLower(typ)
	}
	return have, rows.Err()
}

// write commits one batch.
func (t *finalTable) write(ctx context.Context, batch [][]any, jobID int64) (err error) {
	tx, err := t.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = tx.Rollback()
		}
	}()
	into := t.target
	if len(t.keys) > 0 {
		into = quoteName(sideTable("batch", t.name.Table))
		if _, err = tx.ExecContext(ctx, "CREATE TEMPORARY TABLE "+into+" AS SELECT *, CAST(0 AS bigint) AS "+positionColumn+" FROM "+t.target+" LIMIT 0"); err != nil {
			return err
		}
	}
	if err = t.insert(ctx, tx, into, batch, jobID); err != nil {
		return err
	}
	if len(t.keys) > 0 {
		if err = t.merge(ctx, tx, into); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// positionColumn tells in a batch which record came later.
const positionColumn = "_airbyte_position"

// maxParameters keeps a statement below PostgreSQL's 65,535.
const maxParameters = 20_000

func (t *finalTable) insert(ctx context.Context, tx *sql.Tx, into string, batch [][]any, jobID int64) error {
	names := make([]string, 0, len(t.columns)+1)
	for _, c := range t.columns {
		names = append(names, quoteName(c.name))
	}
	positions := len(t.keys) > 0
	if positions {
		names = append(names, positionColumn)
	}
	position := 0
	meta := string(compactJSON(map[string]any{"sync_id": jobID, "changes": []any{}}))
	now := time.Now().UTC()
	for rows := range slices.Chunk(batch, max(1, maxParameters/len(names))) {
		var b strings.Builder
		b.WriteString("INSERT INTO " + into + " (" + strings.Join(names, ", ") + ") VALUES ")
		args := make([]any, 0, len(rows)*len(t.columns))
		for i, values := range rows {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteByte('(')
			for k := range t.columns {
				if k > 0 {
					b.WriteString(", ")
				}
				fmt.Fprintf(&b, "$%d", len(args)+1)
				args = append(args, t.argument(k, values, now, meta))
			}
			if positions {
				fmt.Fprintf(&b, ", %d", position)
				position++
			}
			b.WriteByte(')')
		}
		if _, err := tx.ExecContext(ctx, b.String(), args...); err != nil {
			return err
		}
	}
	return nil
}

// argument is the k-th column's value of a record.
func (t *finalTable) argument(k int, values []any, extracted time.Time, meta string) any {
	if k < len(values) {
		if t.columns[k].text && values[k] != nil {
			return textOf(values[k], t.fields[k].Type)
		}
		if raw, ok := values[k].(json.RawMessage); ok {
			return string(raw)
		}
		return values[k]
	}
	switch t.columns[k].name {
	case t.meta.RawID:
		return uuid.NewString()
	case t.meta.ExtractedAt:
		return extracted
	case t.meta.Meta:
		return meta
	}
	return t.stream.GenerationID
}

// merge keeps one row per primary key: the one with the greatest cursor, and of equals the one that came last.
func (t *finalTable) merge(ctx context.Context, tx *sql.Tx, batch string) error {
	same := make([]string, len(t.keys))
	for i, key := range t.keys {
		same[i] = "old." + key + " IS NOT DISTINCT FROM new." + key // a null is a value of a key
	}
	match := strings.Join(same, " AND ")
	replaced := match
	order := positionColumn + " DESC"
	if t.cursor != "" {
		replaced += " AND (old." + t.cursor + " IS NULL OR old." + t.cursor + " <= new." + t.cursor + ")"
		order = t.cursor + " DESC NULLS LAST, " + order
	}
	names := make([]string, len(t.columns))
	for i, c := range t.columns {
		names[i] = quoteName(c.name)
	}
	list := strings.Join(names, ", ")
	for _, statement := range []string{
		"DELETE FROM " + t.target + " AS old USING " + batch + " AS new WHERE " + replaced,
		"INSERT INTO " + t.target + " (" + list + ") SELECT " + list + " FROM (SELECT *, row_number() OVER (PARTITION BY " +
			strings.Join(t.keys, ", ") + " ORDER BY " + order + ") AS _airbyte_row_number FROM " + batch +
			") AS new WHERE _airbyte_row_number = 1 AND NOT EXISTS (SELECT 1 FROM " + t.target + " AS old WHERE " + match + ")",
		"DROP TABLE " + batch,
	} {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// finish puts the staging table in the place of the final one, and drops the rows of generations that are over.
func (t *finalTable) finish(ctx context.Context) (err error) {
	if t.staging == "" {
		if t.meta.GenerationID == "" || t.stream.MinimumGenerationID == 0 {
			return nil
		}
		_, err = t.db.ExecContext(ctx, "DELETE FROM "+t.final+" WHERE "+quoteName(t.meta.GenerationID)+" < $1", t.stream.MinimumGenerationID)
		return err
	}
	tx, err := t.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = tx.Rollback()
		}
	}()
	for _, statement := range []string{
		"DROP TABLE IF EXISTS " + t.final,
		"ALTER TABLE " + t.staging + " RENAME TO " + quoteName(t.name.Table),
	} {
		if _, err = tx.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// clear empties the table, if there is one, as a clear job does.
func (t *finalTable) clear(ctx context.Context) error {
	have, err := t.existing(ctx)
	if err != nil || len(have) == 0 {
		return err
	}
	_, err = t.db.ExecContext(ctx, "DELETE FROM "+t.final)
	return err
}
