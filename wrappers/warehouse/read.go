package warehouse

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"strings"
	"time"
)

// ReadOption narrows what [Table.Rows], [Structs] and [Table.Count] read.
type ReadOption func(*reading)

type reading struct {
	filters           []Filter
	fields            []string
	order             []Order
	limit             int64
	limited           bool
	sync              *Sync
	currentGeneration bool
}

func newReading(options []ReadOption) *reading {
	r := new(reading)
	for _, option := range options {
		if option != nil {
			option(r)
		}
	}
	return r
}

// Where keeps only rows that pass all filters; several Where options add up.
func Where(filters ...Filter) ReadOption {
	return func(r *reading) { r.filters = append(r.filters, filters...) }
}

// Fields reads only these columns, in this order. Names are stored names or the
// stream's field names, see [Table.Columns].
func Fields(names ...string) ReadOption {
	return func(r *reading) { r.fields = append(r.fields, names...) }
}

// Limit stops after n rows.
func Limit(n int64) ReadOption {
	return func(r *reading) { r.limit, r.limited = max(n, 0), true }
}

// Order is a column to sort by.
type Order struct {
	field      string
	descending bool
}

// Ascending sorts by a field, smallest first.
func Ascending(field string) Order { return Order{field: field} }

// Descending sorts by a field, largest first.
func Descending(field string) Order { return Order{field: field, descending: true} }

// OrderBy sorts the rows. Without it the order is the engine's own; with it the
// engine has to read everything before it returns the first row.
func OrderBy(order ...Order) ReadOption {
	return func(r *reading) { r.order = append(r.order, order...) }
}

// Sync identifies one sync of a connection.
type Sync struct {
	// JobID of the sync in Airbyte.
	JobID int64
	// Started is the job's start time. Rows without a sync id count as this
	// sync's from then on.
	Started time.Time
	// Ended, when set, is where rows without a sync id stop counting as this
	// sync's. Leave it zero for the latest sync.
	Ended time.Time
}

// OfSync keeps only the rows that one sync wrote: those whose meta column
// carries the job id as sync_id, and of those that carry no sync_id at all
// (DuckDB's and MotherDuck's never do, nor do old connectors') the ones
// extracted since the sync started.
//
// A row that a later sync overwrote or deduplicated away is no longer there.
// That sync_id is the job id was read in airbyte-platform's
// CatalogGenerationSetter.kt; Airbyte documents it as an opaque number that
// grows. Extraction times are the source's clock.
func OfSync(sync Sync) ReadOption {
	return func(r *reading) { r.sync = &sync }
}

// CurrentGeneration keeps only the rows of the newest generation: during a
// refresh, rows of the superseded one are still there. Rows without a
// generation count as generation 0. DuckDB and MotherDuck have no generations,
// and there the option does nothing.
func CurrentGeneration() ReadOption {
	return func(r *reading) { r.currentGeneration = true }
}

// statement is a SELECT being put together.
type statement struct {
	table   *Table
	dialect dialect
	args    []any
}

func (s *statement) bind(value any) string {
	s.args = append(s.args, value)
	return s.dialect.placeholder(len(s.args))
}

func (s *statement) column(name string) (string, error) {
	c, err := s.table.column(name)
	if err != nil {
		return "", err
	}
	return s.qualified(c), nil
}

// qualified is a column of the table, not to be taken for a column of the
// result of the same name, which may have been turned into text.
func (s *statement) qualified(c Column) string { return "t." + s.dialect.quote(c.Name) }

// timestamp binds an instant. Drivers that would drop its zone or its fraction
// get it as text.
func (s *statement) timestamp(at time.Time) string {
	text := at.UTC().Format("2006-01-02T15:04:05.999999Z07:00")
	switch s.dialect.kind {
	case Snowflake:
		return "TO_TIMESTAMP_TZ(" + s.bind(text) + ")"
	case ClickHouse:
		return "parseDateTime64BestEffort(" + s.bind(text) + ", 6)"
	default:
		return s.bind(at.UTC())
	}
}

// where returns the conditions, joined, or "".
func (s *statement) where(r *reading) (string, error) {
	var parts []string
	for _, f := range r.filters {
		part, err := f.sql(s)
		if err != nil {
			return "", err
		}
		parts = append(parts, part)
	}
	if r.sync != nil {
		part, err := s.ofSync(*r.sync)
		if err != nil {
			return "", err
		}
		parts = append(parts, part)
	}
	if r.currentGeneration {
		part, err := s.currentGeneration()
		if err != nil {
			return "", err
		}
		if part != "" {
			parts = append(parts, part)
		}
	}
	if len(parts) == 0 {
		return "", nil
	}
	return "(" + strings.Join(parts, ") AND (") + ")", nil
}

func (s *statement) ofSync(sync Sync) (string, error) {
	if sync.JobID <= 0 && sync.Started.IsZero() {
		return "", &InputError{Field: "sync", Reason: "has neither a job id nor a start time"}
	}
	names := s.table.destination.MetaColumns()
	meta, metaErr := s.table.column(names.Meta)
	extracted, extractedErr := s.table.column(names.ExtractedAt)
	if !sync.Started.IsZero() && extractedErr != nil {
		return "", extractedErr
	}
	byID := sync.JobID > 0 && metaErr == nil
	if !byID && sync.Started.IsZero() {
		return "", metaErr
	}
	// Parameters are bound in the order of the text: most engines count them.
	var b strings.Builder
	if byID {
		id := s.dialect.syncID(s.qualified(meta))
		b.WriteString(id + " = " + s.bind(strconv.FormatInt(sync.JobID, 10)))
		if sync.Started.IsZero() {
			return b.String(), nil
		}
		b.WriteString(" OR " + id + " IS NULL AND ")
	}
	column := s.qualified(extracted)
	b.WriteString(column + " >= " + s.timestamp(sync.Started))
	if !sync.Ended.IsZero() {
		b.WriteString(" AND " + column + " <= " + s.timestamp(sync.Ended))
	}
	return b.String(), nil
}

func (s *statement) currentGeneration() (string, error) {
	name := s.table.destination.MetaColumns().GenerationID
	if name == "" {
		return "", nil
	}
	c, err := s.table.column(name)
	if err != nil {
		return "", err
	}
	return "COALESCE(" + s.qualified(c) + ", 0) = (SELECT MAX(COALESCE(" + s.dialect.quote(c.Name) + ", 0)) FROM " + s.table.from() + ")", nil
}

// from is the located table as SQL. Unlike QuoteTable it names the catalogue in
// DuckDB, where the table may be in an attached database.
func (t *Table) from() string { return t.destination.located(t.where) }

func (d Destination) located(where QualifiedTable) string {
	name := d.QuoteTable(where)
	if d.Kind == DuckDB && where.Database != "" {
		name = d.QuoteIdentifier(where.Database) + "." + name
	}
	return name
}

// chosen is the columns that are read.
func (t *Table) chosen(r *reading) ([]Column, error) {
	if len(r.fields) == 0 {
		return t.columns, nil
	}
	columns := make([]Column, len(r.fields))
	for i, field := range r.fields {
		c, err := t.column(field)
		if err != nil {
			return nil, err
		}
		columns[i] = c
	}
	return columns, nil
}

// selectList writes the columns so that every engine returns plain values.
// DuckDB's driver has types of its own for decimals, JSON and nested values;
// they are asked for as text.
func (s *statement) selectList(columns []Column) string {
	list := make([]string, len(columns))
	for i, c := range columns {
		name, from := s.dialect.quote(c.Name), s.qualified(c)
		list[i] = from
		if s.dialect.kind != DuckDB && s.dialect.kind != MotherDuck {
			continue
		}
		kind, _, _ := strings.Cut(c.Type, "(")
		switch {
		case c.nested():
			list[i] = "CAST(to_json(" + from + ") AS VARCHAR) AS " + name
		case kind == "JSON", kind == "DECIMAL", kind == "UUID", kind == "HUGEINT", kind == "UHUGEINT", kind == "BIGNUM", kind == "INTERVAL":
			list[i] = "CAST(" + from + " AS VARCHAR) AS " + name
		}
	}
	return strings.Join(list, ", ")
}

// nested says whether the column is a DuckDB list, struct, map or union.
func (c Column) nested() bool {
	return strings.HasSuffix(c.Type, "]") || strings.HasPrefix(c.Type, "STRUCT(") || strings.HasPrefix(c.Type, "MAP(") ||
		strings.HasPrefix(c.Type, "UNION(")
}

// json says whether the column's values are JSON text.
func (c Column) json() bool {
	switch c.Type {
	case "JSON", "JSONB", "VARIANT", "OBJECT", "ARRAY", "SUPER":
		return true
	}
	return c.nested()
}

// Count counts the rows that Rows would return. Options that only shape the
// result, such as OrderBy, have no effect on it.
func (t *Table) Count(ctx context.Context, options ...ReadOption) (int64, error) {
	r := newReading(options)
	if err := t.load(ctx); err != nil {
		return 0, err
	}
	if _, err := t.chosen(r); err != nil {
		return 0, err
	}
	s := &statement{table: t, dialect: t.destination.dialect()}
	where, err := s.where(r)
	if err != nil {
		return 0, err
	}
	query := "SELECT COUNT(*) FROM " + t.from() + " t"
	if where != "" {
		query += " WHERE " + where
	}
	var count int64
	err = query1(ctx, t.db, query, s.args, &count)
	if err != nil {
		return 0, t.failed("count", err)
	}
	if r.limited {
		count = min(count, r.limit)
	}
	return count, nil
}

// send runs a query and returns as soon as the context ends, whether or not the
// driver does: DuckDB's takes up to half a second to give up. A query that was
// left behind is closed when the driver returns.
func send(ctx context.Context, db Queryer, query string, args []any) (*sql.Rows, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if ctx.Done() == nil {
		return db.QueryContext(ctx, query, args...)
	}
	type answer struct {
		rows *sql.Rows
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		rows, err := db.QueryContext(ctx, query, args...) //nolint:rowserrcheck // the receiver's
		answers <- answer{rows, err}
	}()
	select {
	case a := <-answers:
		return a.rows, a.err
	case <-ctx.Done():
		go func() {
			if a := <-answers; a.rows != nil {
				a.rows.Close()
			}
		}()
		return nil, ctx.Err()
	}
}

// query1 scans the only row of a query.
func query1(ctx context.Context, db Queryer, query string, args []any, into ...any) error {
	rows, err := send(ctx, db, query, args)
	if err != nil {
		return err
	}
	defer rows.Close()
	if !rows.Next() {
		return errors.Join(rows.Err(), sql.ErrNoRows)
	}
	if err := rows.Scan(into...); err != nil {
		return err
	}
	return errors.Join(rows.Err(), rows.Close())
}

// stopped is what a consumer's break looks like inside this package.
var errStopped = errors.New("iteration stopped")

// run sends the query, or queries, and calls each for every row, until each
// returns an error. It leaves no rows and no connection open.
func (t *Table) run(ctx context.Context, r *reading, columns []Column, each func(*sql.Rows) error) error {
	s := &statement{table: t, dialect: t.destination.dialect()}
	where, err := s.where(r)
	if err != nil {
		return err
	}
	var order []string
	for _, o := range r.order {
		column, err := s.column(o.field)
		if err != nil {
			return err
		}
		if o.descending {
			column += " DESC"
		}
		order = append(order, column)
	}
	if r.limited && r.limit == 0 {
		return nil
	}
	query := "SELECT " + s.selectList(columns) + " FROM " + t.from() + " t"
	if t.destination.Kind == DuckDB && t.baseTable && len(order) == 0 {
		err = t.windows(ctx, query, where, s.args, r, each)
	} else {
		if where != "" {
			query += " WHERE " + where
		}
		if len(order) > 0 {
			query += " ORDER BY " + strings.Join(order, ", ")
		}
		if r.limited {
			query = s.dialect.limit(query, r.limit)
		}
		_, err = scanAll(ctx, t.db, query, s.args, each)
	}
	if err != nil && !errors.Is(err, errStopped) {
		if cause := ctx.Err(); cause != nil && !errors.Is(err, cause) {
			// Drivers have their own words for "cancelled".
			err = errors.Join(cause, err)
		}
		return t.failed("read", err)
	}
	return err
}

func scanAll(ctx context.Context, db Queryer, query string, args []any, each func(*sql.Rows) error) (n int64, err error) {
	rows, err := send(ctx, db, query, args)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		if err := ctx.Err(); err != nil {
			return n, err
		}
		if err := each(rows); err != nil {
			return n, err
		}
		n++
	}
	return n, errors.Join(rows.Err(), rows.Close())
}

// windowRows is how many rows of a DuckDB table are read at a time: a multiple
// of DuckDB's vectors, small enough that wide rows do not add up.
const windowRows = 16 * 2048

// windows reads a DuckDB table piece by piece, along its row ids and inside one
// transaction. DuckDB's Go driver has the engine compute the whole result
// before the first row, outside Go's heap; a piece at a time keeps that flat.
func (t *Table) windows(ctx context.Context, query, where string, args []any, r *reading, each func(*sql.Rows) error) error {
	db := t.db
	if b, ok := db.(interface {
		BeginTx(context.Context, *sql.TxOptions) (*sql.Tx, error)
	}); ok {
		// A connection may be in a transaction of its caller's already; then
		// that one keeps the pieces together.
		if tx, err := b.BeginTx(ctx, nil); err == nil {
			// When the context has ended, database/sql rolls back by itself, and
			// later than this returns if the driver is slow to give up.
			defer func() {
				if ctx.Err() == nil {
					_ = tx.Rollback() // nothing was written
				}
			}()
			db = tx
		}
	}
	var last sql.NullInt64
	if err := query1(ctx, db, "SELECT MAX(rowid) FROM "+t.from(), nil, &last); err != nil {
		return err
	}
	if !last.Valid {
		return nil
	}
	left := r.limit
	for start := int64(0); start <= last.Int64; start += windowRows {
		piece := query + " WHERE t.rowid >= " + strconv.FormatInt(start, 10) + " AND t.rowid < " + strconv.FormatInt(start+windowRows, 10)
		if where != "" {
			piece += " AND " + where
		}
		if r.limited {
			piece += " LIMIT " + strconv.FormatInt(left, 10)
		}
		n, err := scanAll(ctx, db, piece, args, each)
		if err != nil {
			return err
		}
		if left -= n; r.limited && left <= 0 {
			return nil
		}
	}
	return nil
}
