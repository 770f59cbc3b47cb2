package duckdb

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sdk/sluice/wrappers/warehouse"
)

func open(tb testing.TB) *sql.DB {
	tb.Helper()
	db, err := Open(filepath.Join(tb.TempDir(), "shop.duckdb"))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := db.Close(); err != nil {
			tb.Error(err)
		}
	})
	return db
}

func execute(tb testing.TB, db *sql.DB, query string, args ...any) {
	tb.Helper()
	if _, err := db.ExecContext(context.WithoutCancel(tb.Context()), query, args...); err != nil {
		tb.Fatalf("%s: %v", query, err)
	}
}

var shop = warehouse.Destination{Kind: warehouse.DuckDB, Database: "shop", Schema: "main"}

func TestLocate(t *testing.T) {
	db := open(t)
	execute(t, db, `CREATE TABLE main."Shop_Orders" (id INT)`)
	execute(t, db, `CREATE SCHEMA other`)
	execute(t, db, `CREATE TABLE other.customers (id INT)`)
	execute(t, db, `CREATE VIEW main.order_view AS SELECT * FROM "Shop_Orders"`)
	where, err := shop.Name(warehouse.Stream{Name: "Orders"}, warehouse.Placement{Prefix: "shop_"})
	if err != nil {
		t.Fatal(err)
	}
	got, err := shop.Table(db, where).Locate(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != "shop.main.Shop_Orders" {
		t.Errorf("%s", got.Explain())
	}
	_, err = shop.Table(db, shop.At("main", "customers")).Locate(t.Context())
	var missing *warehouse.TableNotFoundError
	if !errors.As(err, &missing) || len(missing.Candidates) != 3 || missing.Candidates[0].String() != "shop.other.customers" {
		t.Errorf("%v", err)
	}

	// The file was renamed or is a copy: the name DuckDB has for it counts.
	renamed := shop
	renamed.Database = "elsewhere"
	if got, err := renamed.Table(db, renamed.At("main", "shop_orders")).Locate(t.Context()); err != nil || got.Database != "shop" {
		t.Errorf("%v %v", got, err)
	}

	// Attached databases are found by the name of their file.
	path := filepath.Join(t.TempDir(), "elsewhere.duckdb")
	newFile(t, path)
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.ExecContext(t.Context(), "ATTACH '"+path+"'"); err != nil {
		t.Fatal(err)
	}
	for row, err := range renamed.Table(conn, renamed.At("main", "T")).Rows(t.Context()) {
		if err != nil || row.Value("id") != int64(1) {
			t.Errorf("%v, %v", row.Map(), err)
		}
	}
}

// usersTable is a final table as Airbyte's DuckDB connector lays it out.
func usersTable(tb testing.TB, db *sql.DB, timestamp string) *warehouse.Table {
	tb.Helper()
	execute(tb, db, `CREATE TABLE main.users (id BIGINT, full_name VARCHAR, score DECIMAL(30,2), active BOOLEAN, born DATE, address JSON, tags VARCHAR[],
		small TINYINT, huge HUGEINT, u UUID, f FLOAT, st STRUCT(a INT, b VARCHAR), m MAP(VARCHAR, INT), bl BLOB,
		_airbyte_raw_id VARCHAR, _airbyte_extracted_at `+timestamp+`, _airbyte_meta JSON)`)
	for i := 1; i <= 4; i++ {
		meta := `{}`
		if i >= 3 {
			meta = fmt.Sprintf(`{"sync_id":%d,"changes":[]}`, 4+i)
		}
		execute(tb, db, `INSERT INTO main.users VALUES (?, ?, 1234567890123456789012345678.25, ?, '1990-05-06', '{"city":"Oslo","n":12345678901234567}', ['a','b'],
			7, 170141183460469231731687303715884105727, 'a7bcc9d8-13b3-4e49-b80d-d020b90045e3', 1.5, {'a': 1, 'b': 'x'}, MAP {'k': 1}, '\x01\x02'::BLOB,
			?, TIMESTAMP '2026-01-01 00:00:00.5' + INTERVAL (?) DAY, ?)`, i, fmt.Sprint("name ", i), i%2 == 0, fmt.Sprint("r", i), i, meta)
	}
	return shop.Table(db, shop.At("main", "users"))
}

func TestRows(t *testing.T) {
	table := usersTable(t, open(t), "TIMESTAMP")
	var got []map[string]any
	for row, err := range table.Rows(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, row.Map())
	}
	if len(got) != 4 {
		t.Fatal(len(got))
	}
	want := map[string]any{
		"id": int64(1), "full_name": "name 1", "score": "1234567890123456789012345678.25", "active": false,
		"born": time.Date(1990, 5, 6, 0, 0, 0, 0, time.UTC), "address": `{"city":"Oslo","n":12345678901234567}`, "tags": `["a","b"]`,
		"small": int64(7), "huge": "170141183460469231731687303715884105727", "u": "a7bcc9d8-13b3-4e49-b80d-d020b90045e3", "f": 1.5,
		"st": `{"a":1,"b":"x"}`, "m": `{"k":1}`, "bl": []byte{1, 2},
		"_airbyte_raw_id": "r1", "_airbyte_extracted_at": time.Date(2026, 1, 2, 0, 0, 0, 5e8, time.UTC), "_airbyte_meta": `{}`,
	}
	if diff := cmp.Diff(want, got[0]); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for row, err := range table.Rows(t.Context(), warehouse.Where(warehouse.Equal("id", 3))) {
		if err != nil {
			t.Fatal(err)
		}
		meta, err := row.Meta()
		if err != nil || meta.SyncID != 7 || meta.RawID != "r3" || meta.GenerationID != 0 || meta.ExtractedAt.IsZero() {
			t.Errorf("%+v %v", meta, err)
		}
	}
}

func ids(t *testing.T, table *warehouse.Table, options ...warehouse.ReadOption) []int64 {
	t.Helper()
	var got []int64
	for row, err := range table.Rows(t.Context(), options...) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, row.Value("id").(int64))
	}
	n, err := table.Count(t.Context(), options...)
	if err != nil {
		t.Fatal(err)
	}
	if int(n) != len(got) {
		t.Errorf("Count says %d, Rows %d", n, len(got))
	}
	return got
}

func TestOptions(t *testing.T) {
	day := func(d int) time.Time { return time.Date(2026, 1, d, 0, 0, 0, 0, time.UTC) }
	for _, timestamp := range []string{"TIMESTAMP", "TIMESTAMPTZ"} {
		t.Run(timestamp, func(t *testing.T) {
			db := open(t)
			db.SetMaxOpenConns(1) // so that the time zone below is every query's
			execute(t, db, "SET TimeZone = 'UTC'")
			table := usersTable(t, db, timestamp)
			tests := []struct {
				name    string
				options []warehouse.ReadOption
				want    []int64
			}{
				{"all", nil, []int64{1, 2, 3, 4}},
				{"equal", []warehouse.ReadOption{warehouse.Where(warehouse.Equal("Full Name", "name 2"))}, []int64{2}},
				{"decimal is compared as a number", []warehouse.ReadOption{warehouse.Where(warehouse.Greater("score", 5))}, []int64{1, 2, 3, 4}},
				{"order by a decimal", []warehouse.ReadOption{warehouse.OrderBy(warehouse.Descending("score"), warehouse.Descending("id"))}, []int64{4, 3, 2, 1}},
				{"sql", []warehouse.ReadOption{warehouse.Where(warehouse.SQL("id % ? = 0 OR full_name = ?", 2, "name 1"))}, []int64{1, 2, 4}},
				{"in", []warehouse.ReadOption{warehouse.Where(warehouse.In("id", 4, 1))}, []int64{1, 4}},
				{"one sync by id", []warehouse.ReadOption{warehouse.OfSync(warehouse.Sync{JobID: 7})}, []int64{3}},
				{"one sync, some rows without id", []warehouse.ReadOption{warehouse.OfSync(warehouse.Sync{JobID: 8, Started: day(3)})}, []int64{2, 4}},
				{"one sync by time", []warehouse.ReadOption{warehouse.OfSync(warehouse.Sync{Started: day(4)})}, []int64{3, 4}},
				{"one sync by time, ended", []warehouse.ReadOption{warehouse.OfSync(warehouse.Sync{Started: day(3), Ended: day(4)})}, []int64{2}},
				{"no generations", []warehouse.ReadOption{warehouse.CurrentGeneration()}, []int64{1, 2, 3, 4}},
				{"limit", []warehouse.ReadOption{warehouse.Limit(2)}, []int64{1, 2}},
			}
			for _, test := range tests {
				t.Run(test.name, func(t *testing.T) {
					if diff := cmp.Diff(test.want, ids(t, table, test.options...)); diff != "" {
						t.Errorf("(-want +got)\n%s", diff)
					}
				})
			}
		})
	}
}

func TestStructs(t *testing.T) {
	type user struct {
		ID      int64
		Name    string  `db:"Full Name"`
		Score   float64 `db:"score"`
		Exact   string  `db:"score"`
		Address struct{ N int64 }
		Raw     json.RawMessage `db:"address"`
		Tags    []string
		Map     map[string]int `db:"m"`
		UUID    string         `db:"u"`
		Born    time.Time
		At      *time.Time `db:"_airbyte_extracted_at"`
	}
	table := usersTable(t, open(t), "TIMESTAMP")
	n := 0
	for u, err := range warehouse.Structs[user](t.Context(), table) {
		if err != nil {
			t.Fatal(err)
		}
		n++
		if u.ID != int64(n) || u.Name != fmt.Sprint("name ", n) || u.Exact != "1234567890123456789012345678.25" || u.Score < 1e27 ||
			u.Address.N != 12345678901234567 || !strings.Contains(string(u.Raw), "Oslo") || len(u.Tags) != 2 || u.Map["k"] != 1 ||
			u.UUID != "a7bcc9d8-13b3-4e49-b80d-d020b90045e3" || u.Born.Year() != 1990 || u.At == nil {
			t.Errorf("%+v", u)
		}
	}
	if n != 4 {
		t.Error(n)
	}
}

func TestView(t *testing.T) {
	db := open(t)
	usersTable(t, db, "TIMESTAMP")
	execute(t, db, "CREATE VIEW main.v AS SELECT * FROM main.users")
	if got := ids(t, shop.Table(db, shop.At("main", "v"))); len(got) != 4 {
		t.Error(got)
	}
}

// series is a table of n rows that spans many windows, a part of it deleted.
func series(tb testing.TB, db *sql.DB, n int) *warehouse.Table {
	tb.Helper()
	execute(tb, db, fmt.Sprintf(`CREATE TABLE main.series AS SELECT range AS id, 'name ' || range AS name, range * 1.5::DOUBLE AS score,
		TIMESTAMP '2026-01-01' + INTERVAL (range) SECOND AS _airbyte_extracted_at, hash(range)::VARCHAR AS _airbyte_raw_id FROM range(%d)`, n))
	return shop.Table(db, shop.At("main", "series"))
}

func TestWindows(t *testing.T) {
	db := open(t)
	const n = 200_000
	table := series(t, db, n)
	execute(t, db, "DELETE FROM main.series WHERE id BETWEEN 30000 AND 99999")
	seen := make(map[int64]bool)
	for row, err := range table.Rows(t.Context(), warehouse.Fields("id")) {
		if err != nil {
			t.Fatal(err)
		}
		id := row.Value("id").(int64)
		if seen[id] || id >= 30000 && id < 100000 {
			t.Fatalf("row %d twice or deleted", id)
		}
		seen[id] = true
		if len(seen) == 10 { // a writer in the middle changes nothing: one transaction reads all
			execute(t, db, "DELETE FROM main.series WHERE id > 150000")
			execute(t, db, "INSERT INTO main.series SELECT * FROM main.series WHERE id < 100")
		}
	}
	if len(seen) != n-70_000 {
		t.Errorf("%d rows, want %d", len(seen), n-70_000)
	}
	got := ids(t, table, warehouse.Limit(3), warehouse.Where(warehouse.AtLeast("id", 120_000)))
	if diff := cmp.Diff([]int64{120_000, 120_001, 120_002}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	execute(t, db, "CREATE TABLE main.empty AS SELECT * FROM main.series WHERE false")
	if got := ids(t, shop.Table(db, shop.At("main", "empty"))); got != nil {
		t.Error(got)
	}
	// Inside a transaction of the caller, whose own rows count.
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(t.Context(), "DELETE FROM main.series WHERE id > 10"); err != nil {
		t.Fatal(err)
	}
	if got := ids(t, shop.Table(tx, shop.At("main", "series")), warehouse.Where(warehouse.Equal("id", 5))); len(got) != 2 {
		t.Error(got)
	}
}

// waitUntilUnused waits for what a cancelled context left to the background.
func waitUntilUnused(t *testing.T, db *sql.DB) {
	t.Helper()
	deadline, tick := time.After(10*time.Second), time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for db.Stats().InUse != 0 {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%d connections still in use", db.Stats().InUse)
		}
	}
}

func TestBreakAndCancel(t *testing.T) {
	db := open(t)
	table := series(t, db, 500_000)
	db.SetMaxOpenConns(1) // a leaked connection would block the next query for ever
	for range 3 {
		for row, err := range table.Rows(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if row.Value("id").(int64) == 100 {
				break
			}
		}
		if inUse := db.Stats().InUse; inUse != 0 {
			t.Errorf("%d connections in use after a break", inUse)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n, failures := 0, 0
	for _, err := range table.Rows(ctx) {
		if err != nil {
			failures++
			if !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
			continue
		}
		if n++; n == 10 {
			cancel()
		}
	}
	if n != 10 || failures != 1 {
		t.Errorf("%d rows, %d errors", n, failures)
	}
	waitUntilUnused(t, db)
	if _, err := table.Count(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestCancelWhileBlocked(t *testing.T) {
	db := open(t)
	execute(t, db, "CREATE VIEW main.slow AS SELECT a.range + b.range AS id FROM range(1000000) a, range(1000000) b")
	table := shop.Table(db, shop.At("main", "slow"))
	if _, err := table.Locate(t.Context()); err != nil {
		t.Fatal(err)
	}
	const soon = 100 * time.Millisecond
	quickest := time.Hour
	for range 20 { // a busy machine may hold some back, not all
		quickest = min(quickest, lateness(t, table))
		if quickest <= soon {
			break
		}
	}
	if quickest > soon {
		t.Errorf("returned %v after the cancellation", quickest)
	}
	waitUntilUnused(t, db)
}

// lateness is how long after a cancellation a read of rows returns that is in the middle of the query.
func lateness(t *testing.T, table *warehouse.Table) time.Duration {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var cancelled time.Time
	time.AfterFunc(100*time.Millisecond, func() { cancelled = time.Now(); cancel() })
	for _, err := range table.Rows(ctx, warehouse.OrderBy(warehouse.Ascending("id"))) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	}
	return time.Since(cancelled)
}

// resident is the memory of the process, DuckDB's included, in bytes; 0 where
// the system does not tell.
func resident() int {
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	pages, _ := strconv.Atoi(strings.Fields(string(data))[1])
	return pages * os.Getpagesize()
}

func TestMemoryIsFlat(t *testing.T) {
	path := filepath.Join(t.TempDir(), "shop.duckdb")
	const n = 1_000_000
	write, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	series(t, write, n)
	if err := write.Close(); err != nil {
		t.Fatal(err)
	}
	// DuckDB's cache of the file itself is bounded by this setting.
	db, err := Open(path, ReadOnly(), Setting("memory_limit", "64MB"), Setting("threads", "1"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	table := shop.Table(db, shop.At("main", "series"))
	if _, err := table.Locate(t.Context()); err != nil {
		t.Fatal(err)
	}
	rows, early, late, heap := 0, 0, 0, uint64(0)
	for _, err := range table.Rows(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		rows++
		switch {
		case rows%(n/10) != 0:
		default:
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			heap = max(heap, m.HeapAlloc)
			if rows <= n/5 {
				early = max(early, resident())
			} else {
				late = max(late, resident())
			}
		}
	}
	if rows != n {
		t.Errorf("%d rows", rows)
	}
	t.Logf("resident after a fifth: %d MB, later at most %d MB; Go heap at most %d MB", early>>20, late>>20, heap>>20)
	if heap > 32<<20 {
		t.Errorf("Go heap of %d MB", heap>>20)
	}
	if late > early+64<<20 {
		t.Errorf("memory grew from %d to %d MB", early>>20, late>>20)
	}
}

// record is a row of series.
type record struct {
	ID    int64   `db:"id"`
	Name  string  `db:"name"`
	Score float64 `db:"score"`
}

// plainRead is what a program without this package would do; it returns the
// most memory the process had on the way.
func plainRead(b *testing.B, db *sql.DB) (peak int) {
	b.Helper()
	rows, err := db.QueryContext(b.Context(), "SELECT id, name, score FROM main.series")
	if err != nil {
		b.Fatal(err)
	}
	defer rows.Close()
	var v record
	for i := 1; rows.Next(); i++ {
		if err := rows.Scan(&v.ID, &v.Name, &v.Score); err != nil {
			b.Fatal(err)
		}
		if i%1_000_000 == 0 {
			peak = max(peak, resident())
		}
	}
	if err := rows.Err(); err != nil {
		b.Fatal(err)
	}
	return peak
}

func BenchmarkRows10M(b *testing.B) {
	db := open(b)
	const n = 10_000_000
	table := series(b, db, n)
	b.Run("Rows", func(b *testing.B) {
		b.ReportAllocs()
		peak := 0
		for b.Loop() {
			i := 0
			for _, err := range table.Rows(b.Context(), warehouse.Fields("id", "name", "score")) {
				if err != nil {
					b.Fatal(err)
				}
				if i++; i%1_000_000 == 0 {
					peak = max(peak, resident())
				}
			}
		}
		b.ReportMetric(float64(b.N)*n/b.Elapsed().Seconds(), "rows/s")
		b.ReportMetric(float64(peak>>20), "peak-MB")
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
		b.ReportMetric(float64(b.N)*n/b.Elapsed().Seconds(), "rows/s")
	})
	b.Run("database-sql-whole-result", func(b *testing.B) {
		b.ReportAllocs()
		peak := 0
		for b.Loop() {
			peak = max(peak, plainRead(b, db))
		}
		b.ReportMetric(float64(b.N)*n/b.Elapsed().Seconds(), "rows/s")
		b.ReportMetric(float64(peak>>20), "peak-MB")
	})
}
