package driverstest

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sdk/sluice/wrappers/warehouse"
)

// postgresURL is where the PostgreSQL of the test run is.
func postgresURL(tb testing.TB) string {
	tb.Helper()
	dsn := os.Getenv("SLUICE_TEST_POSTGRES")
	switch dsn {
	case "":
		tb.Fatal("SLUICE_TEST_POSTGRES is not set: these tests need a PostgreSQL. `make test` starts one and sets it; " +
			"to use your own, set it to a connection URL; to leave the PostgreSQL tests out, set it to off")
	case "off":
		tb.Skip("PostgreSQL tests LEFT OUT because SLUICE_TEST_POSTGRES=off")
	}
	return dsn
}

// postgresDB opens the PostgreSQL of the test run and makes a schema of the
// test's own, which goes when the test ends.
func postgresDB(tb testing.TB) (db *sql.DB, schema string) {
	tb.Helper()
	db, err := sql.Open("pgx", postgresURL(tb))
	if err != nil {
		tb.Fatal(err)
	}
	schema = fmt.Sprintf("Wh_%d_%d", os.Getpid(), rand.Uint32())
	exec(tb, db, `CREATE SCHEMA "`+schema+`"`)
	tb.Cleanup(func() {
		exec(tb, db, `DROP SCHEMA "`+schema+`" CASCADE`)
		if err := db.Close(); err != nil {
			tb.Error(err)
		}
	})
	return db, schema
}

func exec(tb testing.TB, db *sql.DB, query string, args ...any) {
	tb.Helper()
	if _, err := db.ExecContext(context.WithoutCancel(tb.Context()), query, args...); err != nil {
		tb.Fatalf("%s: %v", query, err)
	}
}

const metaDDL = `"_airbyte_raw_id" varchar NOT NULL, "_airbyte_extracted_at" timestamptz NOT NULL, "_airbyte_meta" jsonb NOT NULL, "_airbyte_generation_id" bigint`

// usersTable makes a final table as destination-postgres 3 lays it out, holding
// three syncs (7, 8 and an old one without a sync id) and two generations.
func usersTable(tb testing.TB, db *sql.DB, schema, name string) {
	tb.Helper()
	exec(tb, db, fmt.Sprintf(`CREATE TABLE "%s"."%s" (%s, "id" bigint, "Full_Name" varchar, "score" numeric, "active" boolean, "born" date, "address" jsonb, "tags" jsonb)`, schema, name, metaDDL))
	rows := []struct {
		raw, at, meta string
		generation    any
		id            int
	}{
		{"r1", "2026-01-01T00:00:00Z", `{}`, nil, 1},
		{"r2", "2026-01-02T00:00:00Z", `{"sync_id":7,"changes":[]}`, 1, 2},
		{"r3", "2026-01-02T00:00:01Z", `{"sync_id":7,"changes":[{"field":"score","change":"NULLED","reason":"DESTINATION_TYPECAST_ERROR"}]}`, 2, 3},
		{"r4", "2026-01-03T00:00:00.123456Z", `{"sync_id":8}`, 2, 4},
	}
	for _, r := range rows {
		exec(tb, db, fmt.Sprintf(`INSERT INTO "%s"."%s" VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11)`, schema, name),
			r.raw, r.at, r.meta, r.generation, r.id, fmt.Sprintf("name %d", r.id), "12345678901234567890.5", r.id%2 == 0, "1990-05-06", `{"city":"Oslo"}`, `["a","b"]`)
	}
}

func postgresUsers(tb testing.TB) (*warehouse.Table, *sql.DB) {
	tb.Helper()
	db, schema := postgresDB(tb)
	usersTable(tb, db, schema, "Users")
	d := warehouse.Destination{Kind: warehouse.Postgres, Schema: schema}
	where, err := d.Name(warehouse.Stream{Name: "Users"}, warehouse.Placement{})
	if err != nil {
		tb.Fatal(err)
	}
	return d.Table(db, where), db
}

func ids(tb testing.TB, table *warehouse.Table, options ...warehouse.ReadOption) []int64 {
	tb.Helper()
	var got []int64
	for row, err := range table.Rows(tb.Context(), append(options, warehouse.OrderBy(warehouse.Ascending("id")))...) {
		if err != nil {
			tb.Fatal(err)
		}
		got = append(got, row.Value("id").(int64))
	}
	n, err := table.Count(tb.Context(), options...)
	if err != nil {
		tb.Fatal(err)
	}
	if int(n) != len(got) {
		tb.Errorf("Count says %d, Rows %d", n, len(got))
	}
	return got
}

func TestPostgresLocate(t *testing.T) {
	db, schema := postgresDB(t)
	usersTable(t, db, schema, "Orders")
	usersTable(t, db, schema, "src_invoices")
	for _, name := range []string{"Twins", "tWins"} {
		usersTable(t, db, schema, name)
	}
	d := warehouse.Destination{Kind: warehouse.Postgres, Schema: schema}

	t.Run("exact", func(t *testing.T) {
		got, err := d.Table(db, d.At("", "Orders")).Locate(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got.Schema != schema || got.Table != "Orders" || got.Database == "" || !strings.Contains(got.Explain(), "catalogue has it") {
			t.Errorf("%+v", got)
		}
	})
	t.Run("other case", func(t *testing.T) {
		got, err := d.Table(db, d.At(strings.ToLower(schema), "ORDERS")).Locate(t.Context())
		if err != nil || got.Table != "Orders" || got.Schema != schema {
			t.Errorf("%+v, %v", got, err)
		}
	})
	t.Run("exact wins over other case", func(t *testing.T) {
		got, err := d.Table(db, d.At("", "tWins")).Locate(t.Context())
		if err != nil || got.Table != "tWins" {
			t.Errorf("%+v, %v", got, err)
		}
	})
	t.Run("ambiguous", func(t *testing.T) {
		_, err := d.Table(db, d.At("", "twins")).Locate(t.Context())
		var ambiguous *warehouse.AmbiguousTableError
		if !errors.As(err, &ambiguous) || !errors.Is(err, warehouse.ErrAmbiguousTable) || len(ambiguous.Found) != 2 ||
			!strings.Contains(err.Error(), "Twins") || !strings.Contains(err.Error(), "tWins") {
			t.Errorf("%v", err)
		}
	})
	t.Run("missing", func(t *testing.T) {
		where, err := d.Name(warehouse.Stream{Name: "invoices"}, warehouse.Placement{Prefix: "crm_"})
		if err != nil {
			t.Fatal(err)
		}
		where.Database = "elsewhere"
		table := d.Table(db, where)
		_, err = table.Locate(t.Context())
		var missing *warehouse.TableNotFoundError
		if !errors.As(err, &missing) || !errors.Is(err, warehouse.ErrTableNotFound) {
			t.Fatalf("%v", err)
		}
		if len(missing.Candidates) != 4 || missing.Candidates[0].Table != "src_invoices" {
			t.Errorf("candidates %v", missing.Candidates)
		}
		if missing.ConnectedTo == "" || !strings.Contains(err.Error(), "src_invoices") || !strings.Contains(err.Error(), `"elsewhere"`) {
			t.Errorf("%v", err)
		}
		// Not remembered: the table appears with the first sync.
		usersTable(t, db, schema, "crm_invoices")
		if _, err := table.Locate(t.Context()); err != nil {
			t.Error(err)
		}
	})
	t.Run("same name in another schema is the first candidate", func(t *testing.T) {
		_, err := d.Table(db, d.At("nowhere", "Orders")).Locate(t.Context())
		var missing *warehouse.TableNotFoundError
		if !errors.As(err, &missing) || len(missing.Candidates) == 0 || missing.Candidates[0].Table != "Orders" {
			t.Errorf("%v", err)
		}
	})
	t.Run("no table", func(t *testing.T) {
		if _, err := d.Table(db, warehouse.QualifiedTable{Schema: schema}).Locate(t.Context()); !errors.Is(err, warehouse.ErrInput) {
			t.Errorf("%v", err)
		}
	})
}

func TestPostgresReadsOnly(t *testing.T) {
	db, schema := postgresDB(t)
	usersTable(t, db, schema, "Users")
	tx, err := db.BeginTx(t.Context(), &sql.TxOptions{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	d := warehouse.Destination{Kind: warehouse.Postgres, Schema: schema}
	table := d.Table(tx, d.At("", "Users"))
	n := 0
	for _, err := range table.Rows(t.Context(), warehouse.CurrentGeneration(), warehouse.OfSync(warehouse.Sync{JobID: 7, Started: time.Unix(1, 0)})) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != 1 {
		t.Errorf("%d rows", n)
	}
}

func TestPostgresRows(t *testing.T) {
	table, _ := postgresUsers(t)
	var got []warehouse.Row
	for row, err := range table.Rows(t.Context(), warehouse.OrderBy(warehouse.Descending("id"))) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, row)
	}
	if len(got) != 4 {
		t.Fatalf("%d rows", len(got))
	}
	want := map[string]any{
		"_airbyte_raw_id": "r4", "_airbyte_extracted_at": time.Date(2026, 1, 3, 0, 0, 0, 123456000, time.UTC),
		"_airbyte_meta": `{"sync_id": 8}`, "_airbyte_generation_id": int64(2),
		"id": int64(4), "Full_Name": "name 4", "score": "12345678901234567890.5", "active": true,
		"born": time.Date(1990, 5, 6, 0, 0, 0, 0, time.UTC), "address": `{"city": "Oslo"}`, "tags": `["a", "b"]`,
	}
	if diff := cmp.Diff(want, got[0].Map()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if v, ok := got[0].Lookup("full name"); !ok || v != "name 4" {
		t.Errorf("by the stream's field name: %v %v", v, ok)
	}
	if _, ok := got[0].Lookup("nothing"); ok {
		t.Error("found a column that is not there")
	}
	var address struct{ City string }
	if err := got[0].JSON("address", &address); err != nil || address.City != "Oslo" {
		t.Errorf("%+v, %v", address, err)
	}
	if err := got[0].JSON("nothing", &address); !errors.Is(err, warehouse.ErrColumn) {
		t.Errorf("%v", err)
	}
	meta, err := got[1].Meta()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(warehouse.RowMeta{RawID: "r3", ExtractedAt: time.Date(2026, 1, 2, 0, 0, 1, 0, time.UTC), SyncID: 7, GenerationID: 2,
		Changes: []warehouse.RowChange{{Field: "score", Change: "NULLED", Reason: "DESTINATION_TYPECAST_ERROR"}}}, meta); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for m, err := range table.Maps(t.Context(), warehouse.Limit(1), warehouse.Fields("Full Name")) {
		if err != nil {
			t.Fatal(err)
		}
		if len(m) != 1 || m["Full_Name"] == nil {
			t.Errorf("%v", m)
		}
	}
}

func TestPostgresColumns(t *testing.T) {
	table, _ := postgresUsers(t)
	columns, err := table.Columns(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range columns {
		names = append(names, c.Name+":"+c.Type)
	}
	want := []string{"_airbyte_raw_id:VARCHAR", "_airbyte_extracted_at:TIMESTAMPTZ", "_airbyte_meta:JSONB", "_airbyte_generation_id:INT8",
		"id:INT8", "Full_Name:VARCHAR", "score:NUMERIC", "active:BOOL", "born:DATE", "address:JSONB", "tags:JSONB"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if !columns[0].Meta || columns[4].Meta {
		t.Error("Meta is wrong")
	}
}

func TestPostgresOptions(t *testing.T) {
	table, _ := postgresUsers(t)
	day := func(d int) time.Time { return time.Date(2026, 1, d, 0, 0, 0, 0, time.UTC) }
	tests := []struct {
		name    string
		options []warehouse.ReadOption
		want    []int64
	}{
		{"all", nil, []int64{1, 2, 3, 4}},
		{"equal", []warehouse.ReadOption{warehouse.Where(warehouse.Equal("full name", "name 2"))}, []int64{2}},
		{"equal nil", []warehouse.ReadOption{warehouse.Where(warehouse.Equal("_airbyte_generation_id", nil))}, []int64{1}},
		{"not equal nil", []warehouse.ReadOption{warehouse.Where(warehouse.NotEqual("_airbyte_generation_id", nil))}, []int64{2, 3, 4}},
		{"between", []warehouse.ReadOption{warehouse.Where(warehouse.AtLeast("id", 2), warehouse.Less("id", 4))}, []int64{2, 3}},
		{"two wheres", []warehouse.ReadOption{warehouse.Where(warehouse.Greater("id", 1)), warehouse.Where(warehouse.AtMost("id", 3))}, []int64{2, 3}},
		{"in", []warehouse.ReadOption{warehouse.Where(warehouse.In("id", 1, 4, 9))}, []int64{1, 4}},
		{"in nothing", []warehouse.ReadOption{warehouse.Where(warehouse.In[int]("id"))}, nil},
		{"any", []warehouse.ReadOption{warehouse.Where(warehouse.Any(warehouse.Equal("id", 1), warehouse.Equal("active", true)))}, []int64{1, 2, 4}},
		{"any nothing", []warehouse.ReadOption{warehouse.Where(warehouse.Any())}, nil},
		{"not", []warehouse.ReadOption{warehouse.Where(warehouse.Not(warehouse.In("id", 1, 2)))}, []int64{3, 4}},
		{"quotes are data", []warehouse.ReadOption{warehouse.Where(warehouse.Equal("Full_Name", `name 2' OR '1'='1`))}, nil},
		{"sql", []warehouse.ReadOption{warehouse.Where(warehouse.SQL(`"address" ?? 'city' AND "id" > ? /* ? */ AND "Full_Name" <> '?' -- ?`, 2), warehouse.Less("id", 4))}, []int64{3}},
		{"sync with ids", []warehouse.ReadOption{warehouse.OfSync(warehouse.Sync{JobID: 7})}, []int64{2, 3}},
		{"sync 8, and rows since without id", []warehouse.ReadOption{warehouse.OfSync(warehouse.Sync{JobID: 8, Started: day(1)})}, []int64{1, 4}},
		{"sync 8, started later", []warehouse.ReadOption{warehouse.OfSync(warehouse.Sync{JobID: 8, Started: day(2)})}, []int64{4}},
		{"sync 8, rows without id ended before", []warehouse.ReadOption{warehouse.OfSync(warehouse.Sync{JobID: 8, Started: day(1).Add(-time.Hour), Ended: day(1).Add(-time.Minute)})}, []int64{4}},
		{"by time only", []warehouse.ReadOption{warehouse.OfSync(warehouse.Sync{Started: day(2)})}, []int64{2, 3, 4}},
		{"generation", []warehouse.ReadOption{warehouse.CurrentGeneration()}, []int64{3, 4}},
		{"generation of a sync", []warehouse.ReadOption{warehouse.CurrentGeneration(), warehouse.OfSync(warehouse.Sync{JobID: 7})}, []int64{3}},
		{"limit", []warehouse.ReadOption{warehouse.Limit(2)}, []int64{1, 2}},
		{"limit none", []warehouse.ReadOption{warehouse.Limit(0)}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, ids(t, table, test.options...)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
	if got := ids(t, table); len(got) != 4 {
		t.Error("the filter with quotes did something")
	}
}

func TestPostgresOptionErrors(t *testing.T) {
	table, _ := postgresUsers(t)
	tests := []struct {
		name    string
		options []warehouse.ReadOption
		is      error
	}{
		{"unknown column", []warehouse.ReadOption{warehouse.Where(warehouse.Equal("nope", 1))}, warehouse.ErrColumn},
		{"unknown field", []warehouse.ReadOption{warehouse.Fields("nope")}, warehouse.ErrColumn},
		{"unknown order", []warehouse.ReadOption{warehouse.OrderBy(warehouse.Ascending("nope"))}, warehouse.ErrColumn},
		{"injection is an unknown column", []warehouse.ReadOption{warehouse.Where(warehouse.Equal(`id" = 1 OR "id`, 1))}, warehouse.ErrColumn},
		{"zero filter", []warehouse.ReadOption{warehouse.Where(warehouse.Filter{})}, warehouse.ErrInput},
		{"too few arguments", []warehouse.ReadOption{warehouse.Where(warehouse.SQL("id = ? AND id = ?", 1))}, warehouse.ErrInput},
		{"too many arguments", []warehouse.ReadOption{warehouse.Where(warehouse.SQL("id = ?", 1, 2))}, warehouse.ErrInput},
		{"empty sql", []warehouse.ReadOption{warehouse.Where(warehouse.SQL(" "))}, warehouse.ErrInput},
		{"less than nil", []warehouse.ReadOption{warehouse.Where(warehouse.Less("id", nil))}, warehouse.ErrInput},
		{"empty sync", []warehouse.ReadOption{warehouse.OfSync(warehouse.Sync{})}, warehouse.ErrInput},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			elements := 0
			for _, err := range table.Rows(t.Context(), test.options...) {
				elements++
				if !errors.Is(err, test.is) {
					t.Errorf("got %v", err)
				}
			}
			if elements != 1 {
				t.Errorf("%d elements, want the one error", elements)
			}
		})
	}
}

func TestPostgresStructs(t *testing.T) {
	type Meta struct {
		RawID     string    `db:"_airbyte_raw_id"`
		Extracted time.Time `db:"_airbyte_extracted_at"`
	}
	type user struct {
		Meta
		ID      int
		Name    *string `db:"full name"`
		Score   float64 `db:"score"`
		Exact   string  `db:"score"`
		Address struct{ City string }
		Where   json.RawMessage `db:"address"`
		Tags    []string        `db:"tags"`
		Gen     sql.Null[int64] `db:"_airbyte_generation_id"`
		Ignored string          `db:"-"`
		NotAMap map[string]int  `db:"-"`
		Other   string          // no such column
	}
	table, db := postgresUsers(t)
	where, err := table.Locate(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	exec(t, db, `UPDATE `+warehouse.Destination{Kind: warehouse.Postgres}.QuoteTable(where)+` SET "Full_Name" = NULL, "tags" = NULL WHERE id = 2`)
	var got []user
	for u, err := range warehouse.Structs[user](t.Context(), table, warehouse.OrderBy(warehouse.Ascending("id"))) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, u)
	}
	name := "name 1"
	if len(got) != 4 {
		t.Fatalf("%+v", got)
	}
	first := user{Meta: Meta{RawID: "r1", Extracted: got[0].Extracted}, ID: 1, Name: &name, Score: 12345678901234567890.5, Exact: "12345678901234567890.5",
		Where: json.RawMessage(`{"city": "Oslo"}`), Tags: []string{"a", "b"}}
	first.Address.City = "Oslo"
	if diff := cmp.Diff(first, got[0]); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got[1].Name != nil || got[1].Tags != nil || *got[2].Name != "name 3" || !got[3].Gen.Valid {
		t.Errorf("%+v", got)
	}

	type tagged struct {
		X int `db:"nope"`
	}
	for _, err := range warehouse.Structs[tagged](t.Context(), table) {
		if !errors.Is(err, warehouse.ErrColumn) || !strings.Contains(err.Error(), "Full_Name") {
			t.Errorf("%v", err)
		}
	}
	type null struct {
		Name string `db:"Full_Name"`
	}
	var last error
	for _, err := range warehouse.Structs[null](t.Context(), table) {
		last = err
	}
	if last == nil || !strings.Contains(last.Error(), "Full_Name") {
		t.Errorf("NULL into a string: %v", last)
	}
	for _, err := range warehouse.Structs[int](t.Context(), table) {
		if !errors.Is(err, warehouse.ErrInput) {
			t.Errorf("%v", err)
		}
	}
	for _, err := range warehouse.Structs[null](t.Context(), table, warehouse.Fields("id")) {
		if !errors.Is(err, warehouse.ErrInput) {
			t.Errorf("%v", err)
		}
	}
}

func TestPostgresRawTablesOnly(t *testing.T) {
	db, schema := postgresDB(t)
	d := warehouse.Destination{Kind: warehouse.Postgres, Schema: "public", RawTablesOnly: true, RawSchema: schema}
	where, err := d.Name(warehouse.Stream{Name: "My Users"}, warehouse.Placement{})
	if err != nil {
		t.Fatal(err)
	}
	exec(t, db, fmt.Sprintf(`CREATE TABLE "%s"."%s" (%s, "_airbyte_loaded_at" timestamptz, "_airbyte_data" jsonb)`, schema, where.Table, metaDDL))
	exec(t, db, fmt.Sprintf(`INSERT INTO "%s"."%s" VALUES ('r', now(), '{"sync_id":3}', 1, NULL, $1)`, schema, where.Table),
		`{"User ID": 12345678901234567, "name": "Ada", "at": "2026-01-02T03:04:05Z"}`)
	table := d.Table(db, where) // the schema's case differs from the rule's: found all the same
	type user struct {
		RawID string `db:"_airbyte_raw_id"`
		ID    int64  `db:"User ID"`
		Name  string
		At    time.Time
		None  *string `db:"missing"`
	}
	for u, err := range warehouse.Structs[user](t.Context(), table, warehouse.OfSync(warehouse.Sync{JobID: 3})) {
		if err != nil {
			t.Fatal(err)
		}
		if u.ID != 12345678901234567 || u.Name != "Ada" || u.RawID != "r" || u.At.Hour() != 3 || u.None != nil {
			t.Errorf("%+v", u)
		}
	}
	for row, err := range table.Rows(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		data, err := row.Data()
		if err != nil || data["name"] != "Ada" || data["User ID"] != json.Number("12345678901234567") {
			t.Errorf("%v %v", data, err)
		}
	}
	for _, err := range table.Rows(t.Context(), warehouse.Where(warehouse.Equal("name", "x"))) {
		if !errors.Is(err, warehouse.ErrColumn) || !strings.Contains(err.Error(), "raw tables only") {
			t.Errorf("%v", err)
		}
	}
}

// seriesView stands for a table of n rows without the time to write them.
func seriesView(tb testing.TB, db *sql.DB, schema string, n int) *warehouse.Table {
	tb.Helper()
	exec(tb, db, fmt.Sprintf(`CREATE VIEW "%s"."series" AS SELECT g::bigint AS id, 'name ' || g AS name, g * 1.5::float8 AS score, now() AS _airbyte_extracted_at FROM generate_series(1, %d) g`, schema, n))
	d := warehouse.Destination{Kind: warehouse.Postgres, Schema: schema}
	return d.Table(db, d.At("", "series"))
}

func heapInUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestPostgresMemoryIsFlat(t *testing.T) {
	db, schema := postgresDB(t)
	const rows = 300_000
	table := seriesView(t, db, schema, rows)
	n, peak := 0, uint64(0)
	before := heapInUse()
	for _, err := range table.Rows(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n%100_000 == 0 {
			peak = max(peak, heapInUse())
		}
	}
	if n != rows {
		t.Errorf("%d rows", n)
	}
	if peak > before+8<<20 {
		t.Errorf("heap grew from %d to %d bytes over %d rows", before, peak, n)
	}
}

func TestPostgresBreakAndCancelLeaveNothing(t *testing.T) {
	db, schema := postgresDB(t)
	table := seriesView(t, db, schema, 1_000_000)
	db.SetMaxOpenConns(1) // a leaked connection would block the next query for ever
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	type record struct {
		ID int64 `db:"id"`
	}
	for range 3 {
		for row, err := range table.Rows(ctx) {
			if err != nil {
				t.Fatal(err)
			}
			if row.Value("id").(int64) == 100 {
				break
			}
		}
		for r, err := range warehouse.Structs[record](ctx, table) {
			if err != nil {
				t.Fatal(err)
			}
			if r.ID == 100 {
				break
			}
		}
	}
	func() {
		defer func() { _ = recover() }()
		for range table.Rows(ctx) {
			panic("in the loop body")
		}
	}()
	if inUse := db.Stats().InUse; inUse != 0 {
		t.Errorf("%d connections in use", inUse)
	}

	// Cancelled between two rows: the next element is the error, and the last.
	inner, stop := context.WithCancel(ctx)
	defer stop()
	n, failures := 0, 0
	for _, err := range table.Rows(inner) {
		if err != nil {
			failures++
			if !errors.Is(err, context.Canceled) {
				t.Errorf("%v", err)
			}
			continue
		}
		if n++; n == 10 {
			stop()
		}
	}
	if n != 10 || failures != 1 {
		t.Errorf("%d rows and %d errors after cancelling at row 10", n, failures)
	}

	// Already cancelled: no row, one error, no query.
	for _, err := range table.Rows(inner) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	}
	if _, err := table.Count(inner); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if _, err := table.Count(ctx); err != nil {
		t.Error(err)
	}
	if inUse := db.Stats().InUse; inUse != 0 {
		t.Errorf("%d connections in use", inUse)
	}
}

func TestPostgresCancelWhileBlocked(t *testing.T) {
	db, schema := postgresDB(t)
	exec(t, db, fmt.Sprintf(`CREATE VIEW "%s"."slow" AS SELECT g AS id, pg_sleep(60) IS NULL AS slept FROM generate_series(1, 2) g`, schema))
	d := warehouse.Destination{Kind: warehouse.Postgres, Schema: schema}
	table := d.Table(db, d.At("", "slow"))
	if _, err := table.Locate(t.Context()); err != nil {
		t.Fatal(err)
	}
	quickest := time.Hour
	for range 10 { // a busy machine may hold some back, not all
		ctx, cancel := context.WithCancel(t.Context())
		var cancelled time.Time
		time.AfterFunc(100*time.Millisecond, func() { cancelled = time.Now(); cancel() })
		for _, err := range table.Rows(ctx) {
			if !errors.Is(err, context.Canceled) {
				t.Errorf("%v", err)
			}
		}
		cancel()
		if quickest = min(quickest, time.Since(cancelled)); quickest <= time.Second {
			return
		}
	}
	t.Errorf("returned %v after the cancellation", quickest)
}

func TestPostgresLocateOnceForAll(t *testing.T) {
	table, _ := postgresUsers(t)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := table.Locate(cancelled); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	done := make(chan error)
	for range 8 {
		go func() {
			_, err := table.Locate(t.Context())
			done <- err
		}()
	}
	for range 8 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// record is a row of series.
type record struct {
	ID    int64     `db:"id"`
	Name  string    `db:"name"`
	Score float64   `db:"score"`
	At    time.Time `db:"_airbyte_extracted_at"`
}

// plainRead is what a program without this package would do.
func plainRead(b *testing.B, db *sql.DB, query string) {
	b.Helper()
	rows, err := db.QueryContext(b.Context(), query)
	if err != nil {
		b.Fatal(err)
	}
	defer rows.Close()
	var v record
	for rows.Next() {
		if err := rows.Scan(&v.ID, &v.Name, &v.Score, &v.At); err != nil {
			b.Fatal(err)
		}
	}
	if err := rows.Err(); err != nil {
		b.Fatal(err)
	}
}

func BenchmarkPostgresRows(b *testing.B) {
	db, schema := postgresDB(b)
	const rows = 100_000
	table := seriesView(b, db, schema, rows)
	b.Run("database-sql", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			plainRead(b, db, `SELECT id, name, score, _airbyte_extracted_at FROM "`+schema+`"."series"`)
		}
		b.ReportMetric(float64(b.N)*rows/b.Elapsed().Seconds(), "rows/s")
	})
	b.Run("Rows", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			for _, err := range table.Rows(b.Context()) {
				if err != nil {
					b.Fatal(err)
				}
			}
		}
		b.ReportMetric(float64(b.N)*rows/b.Elapsed().Seconds(), "rows/s")
	})
	b.Run("Structs", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			for _, err := range warehouse.Structs[record](b.Context(), table) {
				if err != nil {
					b.Fatal(err)
				}
			}
		}
		b.ReportMetric(float64(b.N)*rows/b.Elapsed().Seconds(), "rows/s")
	})
}
