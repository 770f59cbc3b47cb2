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
}

func newFinalTable(db *sql.DB, place warehouse.Destination, stream PlannedStream, fields []Field) (*finalTable, error) {
	// The platform's part of naming is done: what is left is the destination's.
	name, err := place.Name(warehouse.Stream{Name: stream.Target.Name, Namespace: stream.Target.Namespace},
		warehouse.Placement{NamespaceDefinition: warehouse.NamespaceSource})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfiguration, err)
	}
	t := &finalTable{db: db, place: place, stream: stream, name: name, fields: fields, meta: place.MetaColumns()}
	for _, field := range fields {
		t.columns = append(t.columns, tableColumn{place.Column(field.Name), t.sqlType(field.Type)})
	}
	for _, column := range []tableColumn{
		{t.meta.RawID, "varchar"}, {t.meta.ExtractedAt, t.sqlType(TimestampWithZoneField)},
		{t.meta.Meta, t.sqlType(ObjectField)}, {t.meta.GenerationID, "bigint"},
	} {
		if column.name != "" {
			t.columns = append(t.columns, column)
		}
	}
	t.final = quoteName(name.Schema) + "." + quoteName(name.Table)
	t.target = t.final
	if stream.SyncMode.Overwrites() {
		t.staging = quoteName(name.Schema) + "." + quoteName(sideTable("tmp", name.Table))
		t.target = t.staging
	}
	if stream.SyncMode.Dedupes() {
		for _, path := range stream.PrimaryKey {
			if len(path) != 1 || !slices.ContainsFunc(fields, func(f Field) bool { return f.Name == path[0] }) {
				return nil, fmt.Errorf("%w: the primary key %v is not a selected field of the stream", ErrConfiguration, path)
			}
			t.keys = append(t.keys, quoteName(place.Column(path[0])))
		}
		if len(t.keys) == 0 {
			return nil, fmt.Errorf("%w: sync mode %s needs a primary key", ErrConfiguration, stream.SyncMode)
		}
		if len(stream.CursorField) > 0 && slices.ContainsFunc(fields, func(f Field) bool { return f.Name == stream.CursorField[0] }) {
			t.cursor = quoteName(place.Column(stream.CursorField[0]))
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

// evolve adds the columns that an existing table lacks, and widens to text those whose type no longer fits.
func (t *finalTable) evolve(ctx context.Context) error {
	have, err := t.existing(ctx)
	if err != nil {
		return err
	}
	for _, c := range t.columns {
		typ, ok := have[c.name]
		switch {
		case !ok:
			if _, err := t.db.ExecContext(ctx, "ALTER TABLE "+t.final+" ADD COLUMN "+quoteName(c.name)+" "+c.typ); err != nil {
				return err
			}
		case c.typ == "varchar" && !strings.Contains(typ, "char") && !strings.Contains(typ, "text"):
			alter := "ALTER TABLE " + t.final + " ALTER COLUMN " + quoteName(c.name) + " TYPE varchar"
			if t.place.Kind == warehouse.Postgres {
				alter += " USING " + quoteName(c.name) + "::varchar"
			}
			if _, err := t.db.ExecContext(ctx, alter); err != nil {
				return err
			}
		}
	}
	return nil
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
		if _, err = tx.ExecContext(ctx, "CREATE TEMPORARY TABLE "+into+" AS SELECT * FROM "+t.target+" LIMIT 0"); err != nil {
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

// maxParameters keeps a statement below PostgreSQL's 65,535.
const maxParameters = 20_000

func (t *finalTable) insert(ctx context.Context, tx *sql.Tx, into string, batch [][]any, jobID int64) error {
	names := make([]string, len(t.columns))
	for i, c := range t.columns {
		names[i] = quoteName(c.name)
	}
	meta := string(compactJSON(map[string]any{"sync_id": jobID, "changes": []any{}}))
	now := time.Now().UTC()
	for rows := range slices.Chunk(batch, max(1, maxParameters/len(t.columns))) {
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
		same[i] = "old." + key + " = new." + key
	}
	match := strings.Join(same, " AND ")
	replaced := match
	order := quoteName(t.meta.ExtractedAt) + " DESC"
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
