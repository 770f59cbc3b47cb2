package warehouse

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// recorder is a driver that writes down what it is asked, and answers like a
// warehouse with one table: PostgreSQL and DuckDB are tested for real, for the
// other engines this pins the statements.
type recorder struct {
	columns    []string
	answer     [][]driver.Value // to catalogue queries
	statements []string
}

func (r *recorder) Connect(context.Context) (driver.Conn, error) { return r, nil }
func (r *recorder) Driver() driver.Driver                        { return nil }
func (r *recorder) Prepare(string) (driver.Stmt, error)          { return nil, fmt.Errorf("not prepared") }
func (r *recorder) Begin() (driver.Tx, error)                    { return nil, fmt.Errorf("no transactions") }
func (r *recorder) Close() error                                 { return nil }

func (r *recorder) QueryContext(_ context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	var values []string
	for _, a := range args {
		values = append(values, fmt.Sprint(a.Value))
	}
	r.statements = append(r.statements, strings.TrimSpace(query+" -- "+strings.Join(values, " | ")))
	if strings.Contains(strings.ToLower(query), "tables where") {
		return &recordedRows{[]string{"a", "b", "c", "d"}, r.answer}, nil
	}
	if strings.Contains(query, "COUNT(*)") {
		return &recordedRows{[]string{"n"}, [][]driver.Value{{int64(3)}}}, nil
	}
	return &recordedRows{r.columns, nil}, nil
}

type recordedRows struct {
	columns []string
	rows    [][]driver.Value
}

func (r *recordedRows) Columns() []string { return r.columns }
func (r *recordedRows) Close() error      { return nil }
func (r *recordedRows) Next(dest []driver.Value) error {
	if len(r.rows) == 0 {
		return io.EOF
	}
	copy(dest, r.rows[0])
	r.rows = r.rows[1:]
	return nil
}

func TestStatements(t *testing.T) {
	started := time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)
	tests := []struct {
		kind          Kind
		configuration map[string]any
		want          []string
	}{
		{Snowflake, map[string]any{"database": "db", "schema": "s"}, []string{
			`SELECT table_catalog, table_schema, table_name, CASE WHEN table_type = 'BASE TABLE' THEN 1 ELSE 0 END FROM "DB".INFORMATION_SCHEMA.TABLES WHERE (lower(table_schema) = lower(?) OR lower(table_name) = lower(?)) -- S | A"B`,
			`SELECT * FROM "DB"."S"."A""B" WHERE 1 = 0 --`,
			`SELECT t."ID", t."_AIRBYTE_META" FROM "DB"."S"."A""B" t WHERE (t."ID" > ?) AND (id < ?) AND ((t."_AIRBYTE_META":"sync_id")::VARCHAR = ? OR (t."_AIRBYTE_META":"sync_id")::VARCHAR IS NULL AND t."_AIRBYTE_EXTRACTED_AT" >= TO_TIMESTAMP_TZ(?)) AND (COALESCE(t."_AIRBYTE_GENERATION_ID", 0) = (SELECT MAX(COALESCE("_AIRBYTE_GENERATION_ID", 0)) FROM "DB"."S"."A""B")) ORDER BY t."ID" DESC LIMIT 5 -- 1 | 9 | 7 | 2026-01-02T03:04:05.678Z`,
		}},
		{BigQuery, map[string]any{"project_id": "p-1", "dataset_id": "s", "dataset_location": "EU"}, []string{
			"SELECT table_catalog, table_schema, table_name, CASE WHEN table_type = 'BASE TABLE' THEN 1 ELSE 0 END FROM `p-1`.`region-eu`.INFORMATION_SCHEMA.TABLES WHERE (lower(table_schema) = lower(?) OR lower(table_name) = lower(?)) -- s | a_b",
			"SELECT * FROM `p-1`.`s`.`a_b` WHERE 1 = 0 --",
			"SELECT t.`id`, t.`_airbyte_meta` FROM `p-1`.`s`.`a_b` t WHERE (t.`id` > ?) AND (id < ?) AND (JSON_VALUE(t.`_airbyte_meta`, '$.sync_id') = ? OR JSON_VALUE(t.`_airbyte_meta`, '$.sync_id') IS NULL AND t.`_airbyte_extracted_at` >= ?) AND (COALESCE(t.`_airbyte_generation_id`, 0) = (SELECT MAX(COALESCE(`_airbyte_generation_id`, 0)) FROM `p-1`.`s`.`a_b`)) ORDER BY t.`id` DESC LIMIT 5 -- 1 | 9 | 7 | 2026-01-02 03:04:05.678 +0000 UTC",
		}},
		{Redshift, map[string]any{"database": "db", "schema": "s"}, []string{
			`SELECT table_catalog, table_schema, table_name, CASE WHEN table_type = 'BASE TABLE' THEN 1 ELSE 0 END FROM information_schema.tables WHERE (lower(table_schema) = lower($1) OR lower(table_name) = lower($2)) -- s | a_b`,
			`SELECT * FROM "s"."a_b" WHERE 1 = 0 --`,
			`SELECT t."id", t."_airbyte_meta" FROM "s"."a_b" t WHERE (t."id" > $1) AND (id < $2) AND (NULLIF(JSON_EXTRACT_PATH_TEXT(JSON_SERIALIZE(t."_airbyte_meta"), 'sync_id', TRUE), '') = $3 OR NULLIF(JSON_EXTRACT_PATH_TEXT(JSON_SERIALIZE(t."_airbyte_meta"), 'sync_id', TRUE), '') IS NULL AND t."_airbyte_extracted_at" >= $4) AND (COALESCE(t."_airbyte_generation_id", 0) = (SELECT MAX(COALESCE("_airbyte_generation_id", 0)) FROM "s"."a_b")) ORDER BY t."id" DESC LIMIT 5 -- 1 | 9 | 7 | 2026-01-02 03:04:05.678 +0000 UTC`,
		}},
		{Databricks, map[string]any{"database": "cat", "schema": "s"}, []string{
			"SELECT table_catalog, table_schema, table_name, CASE WHEN table_type = 'BASE TABLE' THEN 1 ELSE 0 END FROM `cat`.information_schema.tables WHERE (lower(table_schema) = lower(?) OR lower(table_name) = lower(?)) -- s | a_b",
			"SELECT * FROM `cat`.`s`.`a_b` WHERE 1 = 0 --",
			"SELECT t.`id`, t.`_airbyte_meta` FROM `cat`.`s`.`a_b` t WHERE (t.`id` > ?) AND (id < ?) AND (get_json_object(t.`_airbyte_meta`, '$.sync_id') = ? OR get_json_object(t.`_airbyte_meta`, '$.sync_id') IS NULL AND t.`_airbyte_extracted_at` >= ?) AND (COALESCE(t.`_airbyte_generation_id`, 0) = (SELECT MAX(COALESCE(`_airbyte_generation_id`, 0)) FROM `cat`.`s`.`a_b`)) ORDER BY t.`id` DESC LIMIT 5 -- 1 | 9 | 7 | 2026-01-02 03:04:05.678 +0000 UTC",
		}},
		{ClickHouse, map[string]any{"database": "s"}, []string{
			"SELECT '', database, name, 1 FROM system.tables WHERE lower(database) = lower(?) OR lower(name) = lower(?) -- s | a_b",
			"SELECT * FROM `s`.`a_b` WHERE 1 = 0 --",
			"SELECT t.`id`, t.`_airbyte_meta` FROM `s`.`a_b` t WHERE (t.`id` > ?) AND (id < ?) AND (nullIf(JSONExtractRaw(toString(t.`_airbyte_meta`), 'sync_id'), '') = ? OR nullIf(JSONExtractRaw(toString(t.`_airbyte_meta`), 'sync_id'), '') IS NULL AND t.`_airbyte_extracted_at` >= parseDateTime64BestEffort(?, 6)) AND (COALESCE(t.`_airbyte_generation_id`, 0) = (SELECT MAX(COALESCE(`_airbyte_generation_id`, 0)) FROM `s`.`a_b`)) ORDER BY t.`id` DESC LIMIT 5 -- 1 | 9 | 7 | 2026-01-02T03:04:05.678Z",
		}},
		{MotherDuck, map[string]any{"destination_path": "md:m", "schema": "s"}, []string{
			`SELECT table_catalog, table_schema, table_name, CASE WHEN table_type = 'BASE TABLE' THEN 1 ELSE 0 END FROM information_schema.tables WHERE (lower(table_schema) = lower(?) OR lower(table_name) = lower(?)) AND (table_catalog = current_database() OR lower(table_catalog) = lower(?)) -- s | a_b | m`,
			`SELECT * FROM "m"."s"."a_b" WHERE 1 = 0 --`,
			`SELECT t."id", t."_airbyte_meta" FROM "m"."s"."a_b" t WHERE (t."id" > ?) AND (id < ?) AND (json_extract_string(CAST(t."_airbyte_meta" AS JSON), '$.sync_id') = ? OR json_extract_string(CAST(t."_airbyte_meta" AS JSON), '$.sync_id') IS NULL AND t."_airbyte_extracted_at" >= ?) ORDER BY t."id" DESC LIMIT 5 -- 1 | 9 | 7 | 2026-01-02 03:04:05.678 +0000 UTC`,
		}},
		{MSSQL, map[string]any{"database": "db", "schema": "s"}, []string{
			`SELECT table_catalog, table_schema, table_name, CASE WHEN table_type = 'BASE TABLE' THEN 1 ELSE 0 END FROM information_schema.tables WHERE (lower(table_schema) = lower(@p1) OR lower(table_name) = lower(@p2)) -- s | a]b`,
			`SELECT * FROM [db].[s].[a]]b] WHERE 1 = 0 --`,
			`SELECT TOP (5) t.[id], t.[_airbyte_meta] FROM [db].[s].[a]]b] t WHERE (t.[id] > @p1) AND (id < @p2) AND (JSON_VALUE(t.[_airbyte_meta], '$.sync_id') = @p3 OR JSON_VALUE(t.[_airbyte_meta], '$.sync_id') IS NULL AND t.[_airbyte_extracted_at] >= @p4) AND (COALESCE(t.[_airbyte_generation_id], 0) = (SELECT MAX(COALESCE([_airbyte_generation_id], 0)) FROM [db].[s].[a]]b])) ORDER BY t.[id] DESC -- 1 | 9 | 7 | 2026-01-02 03:04:05.678 +0000 UTC`,
		}},
		{MySQL, map[string]any{"database": "s"}, []string{
			"SELECT '', table_schema, table_name, CASE WHEN table_type = 'BASE TABLE' THEN 1 ELSE 0 END FROM information_schema.tables WHERE (lower(table_schema) = lower(?) OR lower(table_name) = lower(?)) -- s | a`b",
			"SELECT * FROM `s`.`a``b` WHERE 1 = 0 --",
			"SELECT t.`id`, t.`_airbyte_meta` FROM `s`.`a``b` t WHERE (t.`id` > ?) AND (id < ?) AND (JSON_UNQUOTE(JSON_EXTRACT(t.`_airbyte_meta`, '$.sync_id')) = ? OR JSON_UNQUOTE(JSON_EXTRACT(t.`_airbyte_meta`, '$.sync_id')) IS NULL AND t.`_airbyte_extracted_at` >= ?) AND (COALESCE(t.`_airbyte_generation_id`, 0) = (SELECT MAX(COALESCE(`_airbyte_generation_id`, 0)) FROM `s`.`a``b`)) ORDER BY t.`id` DESC LIMIT 5 -- 1 | 9 | 7 | 2026-01-02 03:04:05.678 +0000 UTC",
		}},
	}
	for _, test := range tests {
		t.Run(string(test.kind), func(t *testing.T) {
			d, err := NewDestination(Definition{Type: string(test.kind)}, test.configuration)
			if err != nil {
				t.Fatal(err)
			}
			var where QualifiedTable
			switch test.kind {
			case MSSQL:
				where = d.At("", "a]b")
			case MySQL:
				where = d.At("", "a`b")
			default:
				if where, err = d.Name(Stream{Name: `a"b`}, Placement{}); err != nil {
					t.Fatal(err)
				}
			}
			meta := d.MetaColumns()
			r := &recorder{
				columns: append([]string{d.Column("id")}, meta.Names()...),
				answer:  [][]driver.Value{{where.Database, where.Schema, where.Table, int64(1)}},
			}
			db := sql.OpenDB(r)
			defer db.Close()
			for _, err := range d.Table(db, where).Rows(t.Context(), Fields("id", "_airbyte_meta"), Where(Greater("id", 1), SQL("id < ?", 9)),
				OfSync(Sync{JobID: 7, Started: started}), CurrentGeneration(), OrderBy(Descending("id")), Limit(5)) {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, r.statements); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			for _, s := range r.statements {
				if !strings.HasPrefix(s, "SELECT ") || strings.Contains(s, ";") {
					t.Errorf("not one SELECT: %s", s)
				}
			}
		})
	}
}

// TestSlowDriver has a driver that ignores the context: the caller gets away
// all the same, and what the driver returns later is closed.
func TestSlowDriver(t *testing.T) {
	release := make(chan struct{})
	closed := make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	db := sql.OpenDB(&stubborn{release: release, closed: closed, asked: cancel})
	defer db.Close()
	d := Destination{Kind: Postgres, Schema: "s"}
	_, err := d.Table(db, d.At("", "t")).Locate(ctx)
	if err == nil || ctx.Err() == nil {
		t.Fatalf("%v, %v", err, ctx.Err())
	}
	close(release)
	<-closed
}

type stubborn struct {
	recorder
	release <-chan struct{}
	closed  chan<- struct{}
	asked   func()
}

func (s *stubborn) Connect(context.Context) (driver.Conn, error) { return s, nil }

func (s *stubborn) QueryContext(context.Context, string, []driver.NamedValue) (driver.Rows, error) {
	s.asked()
	<-s.release
	return &closingRows{closed: s.closed}, nil
}

type closingRows struct {
	recordedRows
	closed chan<- struct{}
}

func (c *closingRows) Close() error { close(c.closed); return nil }
