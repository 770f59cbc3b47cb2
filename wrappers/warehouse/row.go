package warehouse

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Row is one row. It belongs to the caller: it may be kept after the iteration
// has moved on.
type Row struct {
	columns *rowColumns
	values  []any
}

type rowColumns struct {
	table   *Table
	columns []Column
	names   []string
	index   map[string]int // by stored name, and by lower-case name where that is unique
}

func newRowColumns(t *Table, columns []Column) *rowColumns {
	rc := &rowColumns{table: t, columns: columns, index: make(map[string]int, 2*len(columns))}
	for i, c := range columns {
		rc.names = append(rc.names, c.Name)
		lower := strings.ToLower(c.Name)
		if _, taken := rc.index[lower]; !taken {
			rc.index[lower] = i
		}
	}
	for i, c := range columns {
		rc.index[c.Name] = i
	}
	return rc
}

func (rc *rowColumns) find(field string) (int, bool) {
	if rc == nil {
		return 0, false
	}
	if i, ok := rc.index[field]; ok {
		return i, true
	}
	if i, ok := rc.index[strings.ToLower(field)]; ok {
		return i, true
	}
	if name := rc.table.destination.Column(field); name != "" && name != dataColumn {
		if i, ok := rc.index[name]; ok {
			return i, true
		}
		i, ok := rc.index[strings.ToLower(name)]
		return i, ok
	}
	return 0, false
}

// Columns returns the names of the row's columns as stored, in order. The slice
// is shared by all rows and must not be changed.
func (r Row) Columns() []string {
	if r.columns == nil {
		return nil
	}
	return r.columns.names
}

// Values returns the row's values in the order of Columns; they are nil, bool,
// int64, uint64 (beyond int64), float64, string, []byte, time.Time in UTC, or
// a type of the driver's own where it has one. JSON and decimals are text.
func (r Row) Values() []any { return r.values }

// Value returns a field by its stored name or the stream's name for it, and
// nil for NULL and for a field the row does not have; Lookup tells them apart.
func (r Row) Value(field string) any {
	v, _ := r.Lookup(field)
	return v
}

// Lookup returns a field by its stored name or the stream's name for it, and
// whether the row has it.
func (r Row) Lookup(field string) (value any, ok bool) {
	i, ok := r.columns.find(field)
	if !ok {
		return nil, false
	}
	return r.values[i], true
}

// Map returns the row as a new map by stored column name.
func (r Row) Map() map[string]any {
	m := make(map[string]any, len(r.values))
	for i, v := range r.values {
		m[r.columns.names[i]] = v
	}
	return m
}

// JSON decodes a JSON field into a value, as encoding/json does. NULL decodes
// like JSON's null. A missing field is a [*ColumnError].
func (r Row) JSON(field string, into any) error {
	v, ok := r.Lookup(field)
	if !ok {
		if r.columns == nil {
			return &InputError{Field: "row", Reason: "is the zero Row"}
		}
		return r.columns.table.noColumn(field)
	}
	data, err := jsonText(v)
	if err != nil {
		return fmt.Errorf("warehouse: field %q: %w", field, err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("warehouse: field %q: %w", field, err)
	}
	return nil
}

// Data decodes the record of a raw table ([Destination.RawTablesOnly]): the
// stream's fields by the source's own names. Numbers are json.Number.
func (r Row) Data() (map[string]any, error) {
	var raw json.RawMessage
	if err := r.JSON(dataColumn, &raw); err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(strings.NewReader(string(raw)))
	decoder.UseNumber()
	var m map[string]any
	if err := decoder.Decode(&m); err != nil {
		return nil, fmt.Errorf("warehouse: field %q: %w", dataColumn, err)
	}
	return m, nil
}

// RowMeta is what Airbyte recorded about a row.
type RowMeta struct {
	// RawID is the record's id, a UUID.
	RawID string
	// ExtractedAt is when the source read the record.
	ExtractedAt time.Time
	// SyncID is the sync that wrote the row, 0 when the row does not say.
	SyncID int64
	// GenerationID is 0 where there are no generations.
	GenerationID int64
	// Changes are fields the destination could not store as they were.
	Changes []RowChange
}

// RowChange is a field that was stored differently from what the source sent.
type RowChange struct {
	Field string `json:"field"`
	// Change is NULLED or TRUNCATED.
	Change string `json:"change"`
	// Reason, such as DESTINATION_TYPECAST_ERROR.
	Reason string `json:"reason"`
}

// Meta reads Airbyte's own columns. Columns that were not selected leave their
// part zero; a meta column that is not JSON is an error.
func (r Row) Meta() (RowMeta, error) {
	var m RowMeta
	m.RawID, _ = r.Value(rawIDColumn).(string)
	m.ExtractedAt, _ = r.Value(extractedAtColumn).(time.Time)
	m.GenerationID, _ = r.Value(generationIDColumn).(int64)
	if v := r.Value(metaColumn); v != nil {
		var body struct {
			SyncID  *json.Number `json:"sync_id"`
			Changes []RowChange  `json:"changes"`
		}
		if err := r.JSON(metaColumn, &body); err != nil {
			return m, err
		}
		if body.SyncID != nil {
			id, err := body.SyncID.Int64()
			if err != nil {
				return m, fmt.Errorf("warehouse: field %q: sync_id is not a whole number", metaColumn)
			}
			m.SyncID = id
		}
		m.Changes = body.Changes
	}
	return m, nil
}

// Rows reads the table row by row. Nothing is asked of the database until the
// sequence is ranged over; ranging again asks again. At most one error comes,
// as the last element. Breaking off, a cancelled context and an error all close
// the query and give the connection back.
//
// Memory does not grow with the number of rows; for DuckDB that is reached by
// reading piece by piece in one transaction, unless OrderBy is given or the
// table is a view, when DuckDB's driver holds the whole result outside Go's
// heap.
//
// Errors: those of [Table.Locate], [*ColumnError] and [*InputError] for options
// that do not fit the table, the context's, and the database's, wrapped.
func (t *Table) Rows(ctx context.Context, options ...ReadOption) iter.Seq2[Row, error] {
	r := newReading(options)
	return func(yield func(Row, error) bool) {
		if err := t.load(ctx); err != nil {
			yield(Row{}, err)
			return
		}
		columns, err := t.chosen(r)
		if err != nil {
			yield(Row{}, err)
			return
		}
		header := newRowColumns(t, columns)
		targets := make([]any, len(columns))
		err = t.run(ctx, r, columns, func(rows *sql.Rows) error {
			values := make([]any, len(columns))
			for i := range values {
				targets[i] = &values[i]
			}
			if err := rows.Scan(targets...); err != nil {
				return err
			}
			for i, v := range values {
				values[i] = plain(v, columns[i])
			}
			if !yield(Row{columns: header, values: values}, nil) {
				return errStopped
			}
			return nil
		})
		if err != nil && !errors.Is(err, errStopped) {
			yield(Row{}, err)
		}
	}
}

// Maps is Rows as maps by stored column name.
func (t *Table) Maps(ctx context.Context, options ...ReadOption) iter.Seq2[map[string]any, error] {
	return func(yield func(map[string]any, error) bool) {
		for row, err := range t.Rows(ctx, options...) {
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(row.Map(), nil) {
				return
			}
		}
	}
}

// plain turns a driver's value into one of the few types Values promises.
func plain(v any, c Column) any {
	switch v := v.(type) {
	case nil, bool, int64, float64, string:
		return v
	case time.Time:
		return v.UTC()
	case []byte:
		if c.json() {
			return string(v)
		}
		return v
	case int:
		return int64(v)
	case int8:
		return int64(v)
	case int16:
		return int64(v)
	case int32:
		return int64(v)
	case uint:
		return plainUint(uint64(v))
	case uint8:
		return int64(v)
	case uint16:
		return int64(v)
	case uint32:
		return int64(v)
	case uint64:
		return plainUint(v)
	case float32:
		return float64(v)
	case sql.RawBytes:
		return slices.Clone([]byte(v))
	}
	// A named type of a basic kind, or a pointer to something.
	rv := reflect.ValueOf(v)
	switch rv.Kind() {
	case reflect.Pointer:
		if rv.IsNil() {
			return nil
		}
	case reflect.String:
		return rv.String()
	case reflect.Bool:
		return rv.Bool()
	default:
	}
	return v
}

func plainUint(v uint64) any {
	if v > math.MaxInt64 {
		return v
	}
	return int64(v)
}

// jsonText is the JSON of a value that is JSON text or, with some drivers,
// already decoded.
func jsonText(v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return []byte("null"), nil
	case string:
		return []byte(v), nil
	case []byte:
		return v, nil
	default:
		return json.Marshal(v)
	}
}
