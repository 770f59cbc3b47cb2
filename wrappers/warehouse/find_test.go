package warehouse

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"
)

// scripted is a driver whose answers a function gives.
type scripted func(query string) ([]string, [][]driver.Value, error)

func (s scripted) Connect(context.Context) (driver.Conn, error) { return s, nil }
func (s scripted) Driver() driver.Driver                        { return nil }
func (s scripted) Prepare(string) (driver.Stmt, error)          { return nil, errors.New("not prepared") }
func (s scripted) Begin() (driver.Tx, error)                    { return nil, errors.New("no transactions") }
func (s scripted) Close() error                                 { return nil }

func (s scripted) QueryContext(_ context.Context, query string, _ []driver.NamedValue) (driver.Rows, error) {
	columns, rows, err := s(query)
	if errors.Is(err, io.ErrUnexpectedEOF) { // it breaks off among the rows
		return &brokenRows{recordedRows{columns, rows}, err}, nil
	}
	if err != nil {
		return nil, err
	}
	return &recordedRows{columns, rows}, nil
}

type brokenRows struct {
	recordedRows
	err error
}

func (b *brokenRows) Next(dest []driver.Value) error {
	if err := b.recordedRows.Next(dest); err != nil {
		return b.err
	}
	return nil
}

// listing answers the catalogue query with these tables, "database.schema.table", and the connection's database.
func listing(t *testing.T, connected string, tables ...string) *sql.DB {
	t.Helper()
	db := sql.OpenDB(scripted(func(query string) ([]string, [][]driver.Value, error) {
		switch {
		case strings.Contains(query, "current_database()") && !strings.Contains(query, "table_name"):
			if connected == "" {
				return nil, nil, errors.New("no such function")
			}
			return []string{"d"}, [][]driver.Value{{connected}}, nil
		case strings.Contains(query, "table_name"):
			var rows [][]driver.Value
			for _, table := range tables {
				parts := strings.Split(table, ".")
				rows = append(rows, []driver.Value{parts[0], parts[1], parts[2], int64(1)})
			}
			return []string{"a", "b", "c", "d"}, rows, nil
		}
		return []string{"id"}, nil, nil
	}))
	t.Cleanup(func() { db.Close() })
	return db
}

func TestLocate(t *testing.T) {
	postgres, duck := Destination{Kind: Postgres, Database: "app", Schema: "s"}, Destination{Kind: DuckDB, Database: "main_db", Schema: "s"}
	for _, test := range []struct {
		name      string
		dest      Destination
		connected string
		tables    []string
		want      string // the table, or what the error says, separated by "; "
		is        error
	}{
		{"exact", postgres, "app", []string{"app.s.users"}, "app.s.users", nil},
		{"exact before others", postgres, "app", []string{"app.S.USERS", "app.s.users", "app.s.Users"}, "app.s.users", nil},
		{"another case", postgres, "app", []string{"app.S.USERS", "app.s.user"}, "app.S.USERS", nil},
		{"two cases", postgres, "app", []string{"app.S.USERS", "app.s.Users"}, "USERS; Users", ErrAmbiguousTable},
		{"twice", duck, "", []string{"x.s.users", "y.s.users", "y.s.Users"}, "x; y", ErrAmbiguousTable},
		{"in the destination's database", duck, "", []string{"x.s.users", "MAIN_DB.s.users"}, "MAIN_DB.s.users", nil},
		{"another case in the destination's database", duck, "", []string{"x.s.USERS", "main_db.s.USERS"}, "main_db.s.USERS", nil},
		{"in another database alone", duck, "", []string{"x.s.users"}, "x.s.users", nil},
		{"nowhere", postgres, "app", nil, "not found; nothing in that schema, and no table of that name elsewhere; appears with its first sync", ErrTableNotFound},
		{"elsewhere", postgres, "app", []string{"app.other.users"}, "candidates: ; other; users; appears with its first sync", ErrTableNotFound},
		{"wrong database", postgres, "postgres", nil, `the connection is on database "postgres", the destination writes to "app"`, ErrTableNotFound},
		{"no database known", Destination{Kind: Postgres, Schema: "s"}, "postgres", nil, "not found", ErrTableNotFound},
		{"a database that does not say", postgres, "", nil, "not found", ErrTableNotFound},
		{"a file", duck, "other", nil, "not found", ErrTableNotFound},
	} {
		t.Run(test.name, func(t *testing.T) {
			table := test.dest.Table(listing(t, test.connected, test.tables...), test.dest.At("", "users"))
			where, err := table.Locate(t.Context())
			if test.is == nil {
				if got := strings.Join([]string{where.Database, where.Schema, where.Table}, "."); err != nil || got != test.want {
					t.Fatalf("%s, %v; want %s", got, err, test.want)
				}
				if !strings.Contains(where.Explain(), "the database's catalogue has it as") {
					t.Errorf("%s", where.Explain())
				}
				// What is returned is the caller's.
				where.Reasons[0] = "changed"
				if again, err := table.Locate(t.Context()); err != nil || slices.Contains(again.Reasons, "changed") {
					t.Errorf("%q, %v", again.Reasons, err)
				}
				return
			}
			if !errors.Is(err, test.is) {
				t.Fatalf("%v, want %v", err, test.is)
			}
			for says := range strings.SplitSeq(test.want, "; ") {
				if !strings.Contains(err.Error(), says) {
					t.Errorf("%q does not say %q", err, says)
				}
			}
			var missing *TableNotFoundError
			if errors.As(err, &missing) && (missing.ConnectedTo != "") != (test.name == "wrong database") {
				t.Errorf("ConnectedTo = %q", missing.ConnectedTo)
			}
			if text, again := table.Explain(t.Context()); !errors.Is(again, test.is) || !strings.Contains(text, "named by the caller") {
				t.Errorf("Explain: %s, %v", text, again)
			}
		})
	}
	for _, where := range []QualifiedTable{{Schema: "s"}, {Table: "t"}} {
		if _, err := postgres.Table(listing(t, ""), where).Locate(t.Context()); !errors.Is(err, ErrInput) {
			t.Errorf("%+v: %v", where, err)
		}
	}
}

// Every statement may fail, at once or among its rows; the next call tries again.
func TestLocateThatFails(t *testing.T) {
	denied := errors.New("permission denied")
	for _, failure := range []error{denied, io.ErrUnexpectedEOF} {
		for _, at := range []string{"table_name", "WHERE 1 = 0"} {
			broken := true
			db := sql.OpenDB(scripted(func(query string) ([]string, [][]driver.Value, error) {
				var err error
				if broken && strings.Contains(query, at) {
					err = failure
				}
				if strings.Contains(query, "table_name") {
					return []string{"a", "b", "c", "d"}, [][]driver.Value{{"app", "s", "users", int64(1)}}, err
				}
				return []string{"id", "_airbyte_meta"}, nil, err
			}))
			d := Destination{Kind: Postgres, Database: "app", Schema: "s"}
			table := d.Table(db, d.At("", "users"))
			if _, err := table.Columns(t.Context()); !errors.Is(err, failure) || !strings.Contains(err.Error(), "users") {
				t.Errorf("%s: %v", at, err)
			}
			broken = false
			columns, err := table.Columns(t.Context())
			if err != nil || len(columns) != 2 || columns[0].Meta || !columns[1].Meta {
				t.Errorf("%s, later: %+v, %v", at, columns, err)
			}
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestOfSync pins what belongs to a sync, with and without what tells it.
func TestOfSync(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	all := []Column{{Name: "_airbyte_meta"}, {Name: "_airbyte_extracted_at"}}
	for _, test := range []struct {
		columns []Column
		sync    Sync
		want    string // "" for an error
	}{
		{all, Sync{JobID: 7}, `(t."_airbyte_meta"::jsonb->>'sync_id') = $1`},
		{all, Sync{Started: at}, `t."_airbyte_extracted_at" >= $1`},
		{all, Sync{Started: at, Ended: at}, `t."_airbyte_extracted_at" >= $1 AND t."_airbyte_extracted_at" <= $2`},
		{all, Sync{JobID: 7, Started: at}, `(t."_airbyte_meta"::jsonb->>'sync_id') = $1 OR (t."_airbyte_meta"::jsonb->>'sync_id') IS NULL AND t."_airbyte_extracted_at" >= $2`},
		{all[1:], Sync{JobID: 7, Started: at}, `t."_airbyte_extracted_at" >= $1`},
		{all[:1], Sync{JobID: 7}, `(t."_airbyte_meta"::jsonb->>'sync_id') = $1`},
		{all, Sync{}, ""},
		{all, Sync{JobID: -1}, ""},
		{all[1:], Sync{JobID: 7}, ""},
		{all[:1], Sync{JobID: 7, Started: at}, ""},
	} {
		d := Destination{Kind: Postgres}
		s := &statement{dialect: d.dialect(), table: &Table{destination: d, columns: test.columns}}
		got, err := s.ofSync(test.sync)
		if test.want == "" {
			if err == nil {
				t.Errorf("%+v: %s, want an error", test.sync, got)
			}
			continue
		}
		if err != nil || got != test.want {
			t.Errorf("%+v: %s, %v; want %s", test.sync, got, err, test.want)
		}
	}
}
