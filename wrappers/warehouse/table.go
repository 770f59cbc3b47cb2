package warehouse

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Queryer is the part of *sql.DB, *sql.Conn and *sql.Tx this package uses.
type Queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// ErrTableNotFound is matched by every [*TableNotFoundError].
var ErrTableNotFound = errors.New("table not found")

// ErrAmbiguousTable is matched by every [*AmbiguousTableError].
var ErrAmbiguousTable = errors.New("table name is ambiguous")

// TableNotFoundError says that a table is not where the naming rule puts it,
// and what is there instead.
type TableNotFoundError struct {
	Wanted QualifiedTable
	// Candidates are tables with a similar name in the same schema, and tables
	// of that name in other schemas, the most similar first; at most ten.
	Candidates []QualifiedTable
	// ConnectedTo is the database the connection is on, when the engine has
	// told and it is not the destination's.
	ConnectedTo string
}

func (e *TableNotFoundError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "warehouse: table %s not found (or not visible to this user)", e.Wanted)
	if e.ConnectedTo != "" {
		fmt.Fprintf(&b, "; the connection is on database %q, the destination writes to %q", e.ConnectedTo, e.Wanted.Database)
	}
	if len(e.Candidates) == 0 {
		b.WriteString("; nothing in that schema, and no table of that name elsewhere")
	} else {
		b.WriteString("; candidates: ")
		b.WriteString(joinTables(e.Candidates))
	}
	b.WriteString("; a stream's table appears with its first sync")
	return b.String()
}

// Is reports whether target is [ErrTableNotFound].
func (e *TableNotFoundError) Is(target error) bool { return target == ErrTableNotFound }

// AmbiguousTableError says that the exact name is not there, and more than one
// table is when upper and lower case are not told apart.
type AmbiguousTableError struct {
	Wanted QualifiedTable
	Found  []QualifiedTable
}

func (e *AmbiguousTableError) Error() string {
	return fmt.Sprintf("warehouse: table %s is ambiguous: found %s; name one of them with Destination.At", e.Wanted, joinTables(e.Found))
}

// Is reports whether target is [ErrAmbiguousTable].
func (e *AmbiguousTableError) Is(target error) bool { return target == ErrAmbiguousTable }

func joinTables(tables []QualifiedTable) string {
	names := make([]string, len(tables))
	for i, t := range tables {
		names[i] = t.String()
	}
	return strings.Join(names, ", ")
}

// Table reads one table of a destination. It is made by [Destination.Table],
// which does no I/O; the first call that needs it confirms the name in the
// database and reads the columns, once for all goroutines. A failed or
// cancelled look-up is not remembered. Nothing is ever created or changed.
type Table struct {
	destination Destination
	db          Queryer
	wanted      QualifiedTable

	lock chan struct{} // a mutex that a context can give up on
	// Guarded by lock, final once located is set.
	located   bool
	where     QualifiedTable
	baseTable bool
	columns   []Column
}

// Table returns a reader for a table, named by [Destination.Name] or
// [Destination.At]. db is the caller's: it is used, never closed.
func (d Destination) Table(db Queryer, where QualifiedTable) *Table {
	return &Table{destination: d, db: db, wanted: where, lock: make(chan struct{}, 1)}
}

// Locate confirms the table in the engine's catalogue and returns its name as
// stored there, with the finding added to the reasons. Names are compared
// without regard to case; an exact match wins over others.
//
// Errors: [*TableNotFoundError] with candidates, [*AmbiguousTableError], and
// those of the database.
func (t *Table) Locate(ctx context.Context) (QualifiedTable, error) {
	if err := t.load(ctx); err != nil {
		return QualifiedTable{}, err
	}
	where := t.where
	where.Reasons = slices.Clone(where.Reasons)
	return where, nil
}

// Explain says where the table is and why, after confirming it; when it cannot
// be confirmed, it says where it was expected, and returns the error as well.
func (t *Table) Explain(ctx context.Context) (string, error) {
	where, err := t.Locate(ctx)
	if err != nil {
		return t.wanted.Explain(), err
	}
	return where.Explain(), nil
}

// Columns returns the table's columns in order, the stream's and Airbyte's own.
func (t *Table) Columns(ctx context.Context) ([]Column, error) {
	if err := t.load(ctx); err != nil {
		return nil, err
	}
	return slices.Clone(t.columns), nil
}

// Column is a column of a table.
type Column struct {
	// Name as stored.
	Name string
	// Type is the driver's name for the type, upper case: VARCHAR, INT8, JSONB.
	Type string
	// Nullable says whether the column takes NULL; only meaningful when
	// NullableKnown, as few drivers tell.
	Nullable, NullableKnown bool
	// Meta says whether Airbyte added the column.
	Meta bool
}

func (t *Table) load(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case t.lock <- struct{}{}:
		defer func() { <-t.lock }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if t.located {
		return nil
	}
	if t.wanted.Table == "" || t.wanted.Schema == "" {
		return &InputError{Field: "table", Reason: "needs a schema and a table name"}
	}
	where, base, err := t.find(ctx)
	if err != nil {
		return err
	}
	columns, err := t.readColumns(ctx, where)
	if err != nil {
		return err
	}
	t.where, t.baseTable, t.columns, t.located = where, base, columns, true
	return nil
}

type found struct {
	QualifiedTable
	base bool
}

func (t *Table) find(ctx context.Context) (QualifiedTable, bool, error) {
	exact, folded, near, err := t.search(ctx)
	if err != nil {
		return QualifiedTable{}, false, err
	}
	if len(exact) > 1 || len(exact) == 0 && len(folded) > 1 {
		tables := make([]QualifiedTable, 0, len(exact)+len(folded))
		for _, f := range append(exact, folded...) {
			tables = append(tables, f.QualifiedTable)
		}
		return QualifiedTable{}, false, &AmbiguousTableError{Wanted: t.wanted, Found: tables}
	}
	var hit found
	switch {
	case len(exact) == 1:
		hit = exact[0]
	case len(folded) == 1:
		hit = folded[0]
	default:
		missing := &TableNotFoundError{Wanted: t.wanted, Candidates: near}
		missing.ConnectedTo = t.otherDatabase(ctx)
		return QualifiedTable{}, false, missing
	}
	hit.Reasons = append(slices.Clone(t.wanted.Reasons), "the database's catalogue has it as "+hit.QualifiedTable.String())
	return hit.QualifiedTable, hit.base, nil
}

// maxCandidates is how many similar tables a TableNotFoundError lists.
const maxCandidates = 10

func (t *Table) search(ctx context.Context) (exact, folded []found, near []QualifiedTable, err error) {
	query, args := t.destination.catalogue(t.wanted)
	rows, err := send(ctx, t.db, query, args)
	if err != nil {
		return nil, nil, nil, t.failed("look up", err)
	}
	defer rows.Close()
	similar := nearest{wanted: t.wanted}
	for rows.Next() {
		var f found
		var database, schema, name sql.NullString
		var base int64
		if err := rows.Scan(&database, &schema, &name, &base); err != nil {
			return nil, nil, nil, t.failed("look up", err)
		}
		f.QualifiedTable = QualifiedTable{Database: database.String, Schema: schema.String, Table: name.String}
		f.base = base == 1
		switch {
		case f.Schema == t.wanted.Schema && f.Table == t.wanted.Table:
			exact = append(exact, f)
		case strings.EqualFold(f.Schema, t.wanted.Schema) && strings.EqualFold(f.Table, t.wanted.Table):
			folded = append(folded, f)
		default:
			similar.add(f.QualifiedTable)
		}
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, nil, nil, t.failed("look up", err)
	}
	// A DuckDB connection may have other databases attached.
	if t.wanted.Database != "" {
		exact, folded = preferDatabase(exact, t.wanted.Database), preferDatabase(folded, t.wanted.Database)
	}
	return exact, folded, similar.list, nil
}

func preferDatabase(list []found, database string) []found {
	var same []found
	for _, f := range list {
		if strings.EqualFold(f.Database, database) {
			same = append(same, f)
		}
	}
	if len(same) > 0 {
		return same
	}
	return list
}

// otherDatabase names the database of the connection if it is not the
// destination's. It is asked only after a table was not found, to explain it;
// where it cannot be asked, the explanation is shorter.
func (t *Table) otherDatabase(ctx context.Context) string {
	switch t.destination.Kind {
	case Postgres, Redshift:
	default:
		return ""
	}
	if t.wanted.Database == "" {
		return ""
	}
	rows, err := send(ctx, t.db, "SELECT current_database()", nil)
	if err != nil {
		return ""
	}
	defer rows.Close()
	var name string
	if !rows.Next() || rows.Scan(&name) != nil || rows.Err() != nil || name == t.wanted.Database {
		return ""
	}
	return name
}

func (t *Table) readColumns(ctx context.Context, where QualifiedTable) ([]Column, error) {
	rows, err := send(ctx, t.db, "SELECT * FROM "+t.destination.located(where)+" WHERE 1 = 0", nil)
	if err != nil {
		return nil, t.failed("read the columns of", err)
	}
	defer rows.Close()
	types, err := rows.ColumnTypes()
	if err != nil {
		return nil, t.failed("read the columns of", err)
	}
	columns := make([]Column, len(types))
	for i, c := range types {
		columns[i] = Column{Name: c.Name(), Type: strings.ToUpper(c.DatabaseTypeName()), Meta: isMetaColumn(c.Name())}
		columns[i].Nullable, columns[i].NullableKnown = c.Nullable()
	}
	rows.Next() // there is none, but a driver may say only now what went wrong
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, t.failed("read the columns of", err)
	}
	return columns, nil
}

func (t *Table) failed(doing string, err error) error {
	return fmt.Errorf("warehouse: %s table %s: %w", doing, t.wanted, err)
}

func isMetaColumn(name string) bool {
	for _, meta := range [...]string{rawIDColumn, extractedAtColumn, metaColumn, generationIDColumn, loadedAtColumn, dataColumn} {
		if strings.EqualFold(name, meta) {
			return true
		}
	}
	return false
}

// column finds a column by its stored name or by the name of a stream's field:
// exactly, then through the connector's rule, then without regard to case.
func (t *Table) column(name string) (Column, error) {
	byRule := t.destination.Column(name)
	for _, match := range []func(string) bool{
		func(c string) bool { return c == name },
		func(c string) bool { return byRule != "" && byRule != dataColumn && c == byRule },
		func(c string) bool {
			return strings.EqualFold(c, name) || byRule != "" && byRule != dataColumn && strings.EqualFold(c, byRule)
		},
	} {
		for _, c := range t.columns {
			if match(c.Name) {
				return c, nil
			}
		}
	}
	return Column{}, t.noColumn(name)
}

func (t *Table) noColumn(name string) error {
	e := &ColumnError{Table: t.where, Column: name, RawTablesOnly: t.destination.RawTablesOnly}
	for _, c := range t.columns {
		e.Columns = append(e.Columns, c.Name)
	}
	return e
}

// ErrColumn is matched by every [*ColumnError].
var ErrColumn = errors.New("no such column")

// ColumnError says that a table lacks a column that was asked for.
type ColumnError struct {
	Table  QualifiedTable
	Column string
	// Columns that the table has.
	Columns []string
	// RawTablesOnly says that fields are inside _airbyte_data.
	RawTablesOnly bool
}

func (e *ColumnError) Error() string {
	text := fmt.Sprintf("warehouse: table %s has no column %q; it has %s", e.Table, e.Column, strings.Join(e.Columns, ", "))
	if e.RawTablesOnly {
		text += "; this destination keeps raw tables only, so a stream's fields are inside " + dataColumn
	}
	return text
}

// Is reports whether target is [ErrColumn].
func (e *ColumnError) Is(target error) bool { return target == ErrColumn }

// nearest keeps the tables most similar to the wanted one.
type nearest struct {
	wanted    QualifiedTable
	list      []QualifiedTable
	distances []int
}

func (n *nearest) add(t QualifiedTable) {
	d := 0
	if !strings.EqualFold(t.Table, n.wanted.Table) {
		d = 1 + editDistance(strings.ToLower(t.Table), strings.ToLower(n.wanted.Table))
	}
	i, _ := slices.BinarySearch(n.distances, d+1) // after equals: first come, first listed
	if i >= maxCandidates {
		return
	}
	n.distances = slices.Insert(n.distances, i, d)
	n.list = slices.Insert(n.list, i, t)
	if len(n.list) > maxCandidates {
		n.list, n.distances = n.list[:maxCandidates], n.distances[:maxCandidates]
	}
}

// editDistance is Levenshtein's, except that a common suffix or prefix, such as
// the stream's name behind another prefix, counts as one step.
func editDistance(a, b string) int {
	if strings.HasSuffix(a, b) || strings.HasSuffix(b, a) || strings.HasPrefix(a, b) || strings.HasPrefix(b, a) {
		return 1
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
