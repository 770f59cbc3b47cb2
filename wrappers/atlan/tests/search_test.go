package tests_test

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-sdk/sluice/gen/atlanassets"
	"github.com/sluice-sdk/sluice/gen/atlanassets/field"
	"github.com/sluice-sdk/sluice/wrappers/atlan"
	"github.com/sluice-sdk/sluice/wrappers/atlan/atlantest"
)

// TestT4ReadsEverythingWhileOthersWrite reads 200,000 assets by search while others are written and archived between the
// pages: each that is there throughout comes exactly once, memory stays flat, and the next page is fetched while the present
// one is used.
func TestT4ReadsEverythingWhileOthersWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const (
			size = 500
			trip = 400 * time.Millisecond
		)
		count := cut(200_000, 20_000)
		f := newFake(t, atlantest.WithRoundTrip(trip), atlantest.SampleContract(200))
		tables := f.Seed(count)
		seeded := f.CountAssets("")
		client := clientOf(t, f)

		// How long one page takes: the trip, and the time of an answer of this size on the network of the fake.
		began := time.Now()
		for _, err := range client.Search().PageSize(size).Include(field.Description).All(t.Context()) {
			ok(t, err)
			break
		}
		page := time.Since(began)

		// Every two seconds a writer makes ten assets, archives one of the tables and renames another.
		archived := make(map[string]bool)
		schema := schemaIn(f)
		done := make(chan struct{})
		var writer sync.WaitGroup
		writer.Go(func() {
			writing := clientOf(t, f, atlan.WithRequestsPerMinute(0))
			for i := 0; ; i++ {
				select {
				case <-done:
					return
				case <-time.After(2 * time.Second):
				}
				var items []atlan.Item
				for j := range 10 {
					items = append(items, must(atlan.NewTable(fmt.Sprintf("new %d %d", i, j), schema))(t))
				}
				renamed := must(atlan.UpdateOf[atlanassets.Table](must(atlan.GetByGUID[atlanassets.Table](t.Context(), writing, tables[len(tables)-1-i]))(t).QualifiedName(), "renamed"))(t)
				renamed.Attributes.Description.Set(fmt.Sprint("renamed at ", i))
				_, err := writing.Save(t.Context(), append(items, renamed)...)
				ok(t, err)
				archived[tables[i]] = true
				_, err = writing.Archive(t.Context(), tables[i])
				ok(t, err)
			}
		})

		seen := make(map[string]int, count)
		var early, late uint64
		began = time.Now()
		read := 0
		for e, err := range client.Search().PageSize(size).Include(field.Description).All(t.Context()) {
			ok(t, err)
			seen[e.GUID]++
			if read++; read%size == 0 {
				pass(page) // the page is used as long as the next one takes
			}
			switch read {
			case count / 10:
				early = heap()
			case count * 9 / 10:
				late = heap()
			}
		}
		took := time.Since(began)
		close(done)
		writer.Wait()

		for guid, n := range seen {
			if n != 1 {
				t.Fatalf("%s came %d times", guid, n)
			}
		}
		missing := 0
		for _, guid := range tables {
			if seen[guid] == 0 && !archived[guid] {
				missing++
			}
		}
		if missing > 0 || len(seen) < seeded-len(archived) {
			t.Errorf("%d tables are missing; %d assets came of %d", missing, len(seen), seeded)
		}
		pages := read/size + 1
		t.Logf("%d assets in %v (%d pages), %d written meanwhile, heap %d → %d MB", read, took, pages, len(archived)*11, early>>20, late>>20)
		if limit := time.Duration(float64(pages)*1.1*float64(page)) + 5*time.Second; took > limit { // one after the other they would take twice as long
			t.Errorf("took %v: the next page is not fetched while one is used, which takes %v", took, limit)
		}
		// What the reader itself keeps, in seen, and what the fake gets to know: neither is the pages.
		if grown := int64(late) - int64(early); grown > int64(count)*120 {
			t.Errorf("the heap grew by %d MB while reading", grown>>20)
		}
	})
}

// heap is how much is in use. What pools and finalizers hold of tests before takes more than one collection.
func heap() uint64 {
	for range 4 {
		runtime.GC()
	}
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

// TestT4WaysToPage walks the same assets in all ways and orders, with assets that the index only knows and hidden ones.
func TestT4WaysToPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		tables := f.Seed(900)
		f.Hide(tables[3:40]...)
		f.Scrub(tables[5:9]...)
		client := clientOf(t, f)
		want := must(client.Search().Types("Column").Count(t.Context()))(t)
		searches := map[string]atlan.Search[*atlan.Entity]{
			"search_after": client.Search(), "offset": client.Search().Page(atlan.PageByOffset),
			"timestamp":                client.Search().Page(atlan.PageByTimestamp),
			"by name":                  client.Search().Sort(field.Name.Desc()),
			"by time":                  client.Search().Sort(field.CreateTime.Desc(), field.Name.Asc()),
			"by what most do not have": client.Search().Sort(field.ColumnCount.Asc()),
		}
		for name, search := range searches {
			seen := make(map[string]bool)
			for e, err := range search.Types("Column").PageSize(37).All(t.Context()) {
				ok(t, err)
				seen[e.GUID] = true
			}
			if int64(len(seen)) != want || want == 0 {
				t.Errorf("%s: %d columns, not %d", name, len(seen), want)
			}
			hidden, shown := 0, 0
			for e, err := range search.Types("Table").PageSize(3).All(t.Context()) {
				ok(t, err)
				if e.Scrubbed() {
					hidden++
				} else {
					shown++
				}
			}
			if hidden+shown == 0 || shown != len(tables)-37-0 && hidden+shown != len(tables)-37 {
				t.Errorf("%s: %d tables and %d hidden ones of %d", name, shown, hidden, len(tables))
			}
		}
	})
}

func TestT4SortsFiltersCountsAndAggregates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		connection, name := f.AddConnection("snowflake", "warehouse")
		database := f.AddTo(connection, "Database", "db", nil)
		schema := f.AddTo(database, "Schema", "public", nil)
		for i := range 10 {
			f.AddTo(schema, "Table", fmt.Sprintf("orders_%d", i), map[string]any{"rowCount": i * 100, "description": fmt.Sprintf("order number %d", i)})
			f.AddTo(schema, "View", fmt.Sprintf("v_orders_%d", i), nil)
		}
		client := clientOf(t, f)
		var names []string
		big := atlan.SearchFor[atlanassets.Table](client, field.Name.StartsWith("orders"), field.RowCount.GTE(500)).
			Sort(field.RowCount.Desc()).Include(field.RowCount, field.Description)
		for table, err := range big.PageSize(2).All(t.Context()) {
			ok(t, err)
			rows, _ := table.Attributes.RowCount.Get()
			names = append(names, fmt.Sprint(table.Name(), " ", rows))
			if text, _ := table.Attributes.Description.Get(); !strings.HasPrefix(text, "order number") {
				t.Errorf("description: %q", text)
			}
		}
		if want := []string{"orders_9 900", "orders_8 800", "orders_7 700", "orders_6 600", "orders_5 500"}; !slices.Equal(names, want) {
			t.Errorf("%q", names)
		}
		if n := must(client.Search(field.QualifiedName.StartsWith(name + "/db/public/")).Count(t.Context()))(t); n != 20 {
			t.Errorf("%d assets in the schema", n)
		}
		if n := must(atlan.SearchFor[atlanassets.SQL](client).Subtypes().Count(t.Context()))(t); n != 22 {
			t.Errorf("%d SQL assets", n)
		}
		result := must(client.Search(field.QualifiedName.StartsWith(name)).Aggregate(t.Context(), map[string]field.Aggregation{
			"types": field.TypeName.Terms(10).With("rows", field.RowCount.Sum()), "most": field.RowCount.Max(),
		}))(t)
		counts := make(map[string]int64)
		for _, bucket := range result["types"].Buckets {
			counts[strings.ToLower(bucket.Key)] = bucket.Count
		}
		if counts["table"] != 10 || counts["view"] != 10 || *result["most"].Value != 900 {
			t.Errorf("%v %v", counts, result["most"])
		}
		first := must(client.Search(field.Name.Eq("orders_3")).First(t.Context()))(t)
		if first.Name() != "orders_3" || first.TypeName != "Table" {
			t.Errorf("%v", first)
		}
		if _, err := client.Search(field.Name.Eq("nothing")).First(t.Context()); !errors.Is(err, atlan.ErrNotFound) {
			t.Error(err)
		}
		// What a search found can be changed: only the change is sent.
		table := must(big.First(t.Context()))(t)
		table.Attributes.UserDescription.Set("the biggest")
		must(client.Save(t.Context(), table))(t)
		asset, _ := f.Asset(table.GUID)
		if fmt.Sprintf("%s", asset.Attributes["userDescription"]) != `"the biggest"` || fmt.Sprintf("%s", asset.Attributes["rowCount"]) != "900" {
			t.Errorf("%v", asset.Attributes)
		}
	})
}

// TestN3WaitSearchable waits for the index.
func TestN3WaitSearchable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, atlantest.SearchTakes(9*time.Second))
		schema := schemaIn(f)
		client := clientOf(t, f)
		items := slices.Collect(tables(t, schema, 150))
		began := time.Now()
		report := must(client.Save(t.Context(), items...))(t)
		var guids []string
		for _, result := range report.Items {
			guids = append(guids, result.GUID)
		}
		if n := must(client.Search().Types("Table").Count(t.Context()))(t); n != 0 {
			t.Errorf("%d tables are found at once", n)
		}
		ok(t, client.WaitSearchable(t.Context(), guids...))
		if took := time.Since(began); took < 9*time.Second || took > 15*time.Second {
			t.Errorf("took %v", took)
		}
		if n := must(client.Search().Types("Table").Count(t.Context()))(t); n != 150 {
			t.Errorf("%d tables are found", n)
		}

		// What never comes ends with the context, or after two minutes.
		began = time.Now()
		err := client.WaitSearchable(t.Context(), guids[0], "00000000-0000-4000-8000-000000000000")
		var missing *atlan.NotSearchableError
		if !errors.As(err, &missing) || len(missing.GUIDs) != 1 || time.Since(began) != 2*time.Minute {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		if err := client.WaitSearchable(t.Context(), "default/x"); !errors.Is(err, atlan.ErrInvalidRequest) {
			t.Error(err)
		}
		f.Fault(atlantest.Forbidden("indexSearch"))
		if err := client.WaitSearchable(t.Context(), guids[0]); !errors.As(err, &missing) || !errors.Is(err, atlan.ErrPermission) {
			t.Error(err)
		}
	})
}
