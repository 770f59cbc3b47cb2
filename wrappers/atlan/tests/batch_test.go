package tests_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-sdk/sluice/gen/atlanassets"
	"github.com/sluice-sdk/sluice/wrappers/atlan"
	"github.com/sluice-sdk/sluice/wrappers/atlan/atlantest"
)

const connector = "default/snowflake/1700000000"

// schemaIn adds a connection, a database and a schema to the fake, and returns the schema's qualifiedName.
func schemaIn(f *atlantest.Fake) string {
	connection, name := f.AddConnection("snowflake", "warehouse")
	database := f.AddTo(connection, "Database", "db", nil)
	f.AddTo(database, "Schema", "public", nil)
	return name + "/db/public"
}

// tables yields new tables of a schema.
func tables(t *testing.T, schema string, n int) iter.Seq[atlan.Item] {
	return func(yield func(atlan.Item) bool) {
		for i := range n {
			table, err := atlan.NewTable(fmt.Sprintf("t%06d", i), schema)
			ok(t, err)
			if !yield(table) {
				return
			}
		}
	}
}

// TestT12ThroughputAtTheLimit saves 100,000 assets through the client's limiter: no 429, and at least 95 % of what 400
// requests a minute allow.
func TestT12ThroughputAtTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const size = 50
		count := cut(100_000, 4_000)
		f := newFake(t, atlantest.WithRoundTrip(700*time.Millisecond), atlantest.SampleContract(1000))
		schema := schemaIn(f)
		client := clientOf(t, f)
		began := time.Now()
		var last atlan.BatchProgress
		report, err := client.Batch(atlan.BatchOptions{Size: size, DropResults: true, OnProgress: func(p atlan.BatchProgress) { last = p }}).
			Save(t.Context(), tables(t, schema, count))
		ok(t, err)
		took := time.Since(began)
		if report.Outcomes[atlan.Created] != count || report.Done != count || report.Failed != 0 || last != report.BatchProgress {
			t.Errorf("%+v, progress %+v", report, last)
		}
		if n := f.CountAssets("Table"); n != count {
			t.Errorf("the tenant has %d tables", n)
		}
		if n := f.RequestsRefused(); n > 0 {
			t.Errorf("%d requests were refused", n)
		}
		best := time.Duration(float64(count) / size / 400 * float64(time.Minute))
		share := float64(best) / float64(took)
		t.Logf("%d assets in %v, %d requests: %.1f %% of the limit", count, took, report.Requests, 100*share)
		if share < 0.95 {
			t.Errorf("%.1f %% of the limit", 100*share)
		}
	})
}

// TestT12NeverRefused saves with any number of requests at once, answers that take now longer and now less, failures and bad
// assets in between, and a source that is slow: the limit is not exceeded, nor missed by more than a source is slow.
func TestT12NeverRefused(t *testing.T) {
	for _, o := range []struct {
		concurrency int
		source      time.Duration // for each asset
		share       float64       // of the limit, at least; of one request at a time nothing is asked
	}{{1, 0, 0}, {8, 0, 0.94}, {32, 0, 0.94}, {32, 4 * time.Millisecond, 0}} {
		synctest.Test(t, func(t *testing.T) {
			count := cut(20_000, 1_000)
			f := newFake(t, atlantest.WithRoundTrip(200*time.Millisecond), atlantest.WithoutContract())
			schema := schemaIn(f)
			const save = "bulkSaveEntities"
			f.Fault(atlantest.Delay(save, 300*time.Millisecond).Chance(0.5), atlantest.DelayAnswer(save, 400*time.Millisecond).Chance(0.3),
				atlantest.ResetBefore(save).Chance(0.003), atlantest.ResetAfterBody(save).Chance(0.003), atlantest.InternalErrorAfter(save).Chance(0.002))
			f.Deny(schema + "/t000777")
			source := func(yield func(atlan.Item) bool) {
				for item := range tables(t, schema, count) {
					if o.source > 0 {
						pass(o.source)
					}
					if !yield(item) {
						return
					}
				}
			}
			began := time.Now()
			report, err := clientOf(t, f).Batch(atlan.BatchOptions{Concurrency: o.concurrency, DropResults: true}).Save(t.Context(), source)
			took := time.Since(began)
			if !errors.Is(err, atlan.ErrPermission) || report.Failed != 1 || f.CountAssets("Table") != count-1 {
				t.Errorf("%+v: %+v, %v", o, report, err)
			}
			if n := f.RequestsRefused(); n > 0 {
				t.Errorf("%+v: %d requests were refused", o, n)
			}
			share := float64(f.Log().Count(save)) / 400 / took.Minutes()
			t.Logf("%+v: %d assets, %d requests in %v: %.1f %% of the limit", o, count, f.Log().Count(save), took, 100*share)
			if share < o.share && count >= 20_000 {
				t.Errorf("%+v: %.1f %% of the limit", o, 100*share)
			}
		})
	}
}

// TestT12OneBadAsset puts assets that the service refuses among others, and finds exactly those refused.
func TestT12OneBadAsset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		schema := schemaIn(f)
		f.Deny(schema + "/t000017")
		f.Deny(schema + "/t000090")
		client := clientOf(t, f)
		report, err := client.Batch(atlan.BatchOptions{Size: 20}).Save(t.Context(), tables(t, schema, 100))
		var failed *atlan.BatchError
		if !errors.As(err, &failed) || failed.Failed != 2 || !errors.Is(err, atlan.ErrPermission) || failed.Ended != nil {
			t.Fatalf("%v", err)
		}
		var bad []int
		for result := range report.Failures() {
			bad = append(bad, result.Index)
			if !errors.Is(result.Err, atlan.ErrPermission) {
				t.Errorf("item %d: %v", result.Index, result.Err)
			}
		}
		if !slices.Equal(bad, []int{17, 90}) || report.Outcomes[atlan.Created] != 98 || f.CountAssets("Table") != 98 {
			t.Errorf("failed: %v, %v", bad, report.Outcomes)
		}
		for i, result := range report.Results {
			if result.Index != i || result.Err == nil && (result.GUID == "" || result.Item.QualifiedName() != fmt.Sprintf("%s/t%06d", schema, i)) {
				t.Errorf("result %d: %+v", i, result)
			}
		}
		// Once more: what was saved is not sent again.
		sent := f.Log().Count("bulkSaveEntities")
		items := make([]atlan.Item, 0, 100)
		for _, result := range report.Results {
			items = append(items, result.Item)
		}
		f.Allow(schema + "/t000017")
		f.Allow(schema + "/t000090")
		report, err = client.Batch(atlan.BatchOptions{Size: 20}).Save(t.Context(), slices.Values(items))
		ok(t, err)
		if report.Outcomes[atlan.Unchanged] != 98 || report.Outcomes[atlan.Created] != 2 || f.Log().Count("bulkSaveEntities")-sent > 2 {
			t.Errorf("the second time: %v, %d requests", report.Outcomes, f.Log().Count("bulkSaveEntities")-sent)
		}
	})
}

// hierarchy are a connection's database, schemas, tables, columns and processes, all new.
func hierarchy(t *testing.T, connection string, schemas, perSchema int) []atlan.Item {
	database := must(atlan.NewDatabase("warehouse", connection))(t)
	items := []atlan.Item{database}
	var before *atlan.Asset[atlanassets.Table]
	for s := range schemas {
		schema := must(atlan.NewSchema(fmt.Sprintf("s%d", s), database.QualifiedName()))(t)
		items = append(items, schema)
		for i := range perSchema {
			table := must(atlan.NewTable(fmt.Sprintf("t%d", i), schema.QualifiedName()))(t)
			items = append(items, table)
			for c := range 3 {
				items = append(items, must(atlan.NewColumn(fmt.Sprintf("c%d", c), table.Ref(), c+1))(t))
			}
			if before != nil {
				items = append(items, must(atlan.NewProcess(atlan.ProcessParts{
					Name: "load", ConnectionQualifiedName: connection,
					Inputs: []atlanassets.Ref{before.Ref()}, Outputs: []atlanassets.Ref{table.Ref()},
				}))(t))
			}
			before = table
		}
	}
	return items
}

// TestT12DependencyOrder saves a hierarchy in a random order: everything arrives, as nothing is sent before what it is in.
func TestT12DependencyOrder(t *testing.T) {
	for seed := range uint64(6) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			_, connection := f.AddConnection("snowflake", "warehouse")
			items := hierarchy(t, connection, 3, 10)
			rng := rand.New(rand.NewPCG(seed, 1))
			if seed == 0 {
				slices.Reverse(items)
			} else {
				rng.Shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
			}
			report, err := clientOf(t, f).Batch(atlan.BatchOptions{Size: 1 + rng.IntN(20), Concurrency: 1 + rng.IntN(6)}).
				Save(t.Context(), slices.Values(items))
			if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			if report.Outcomes[atlan.Created] != len(items) {
				t.Errorf("seed %d: %v", seed, report.Outcomes)
			}
		})
	}
}

// TestT12ComesTooLate sends what is missing a container that comes more than a thousand assets later.
func TestT12ComesTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		schema := schemaIn(f)
		late := must(atlan.NewTable("late", schema))(t)
		column := must(atlan.NewColumn("c", late.Ref(), 1))(t)
		items := append([]atlan.Item{column}, slices.Collect(tables(t, schema, 1500))...)
		items = append(items, late)
		report, err := clientOf(t, f).Batch(atlan.BatchOptions{}).Save(t.Context(), slices.Values(items))
		ok(t, err)
		if report.Outcomes[atlan.Created] != len(items) {
			t.Errorf("%v", report.Outcomes)
		}
	})
}

// TestT12NamesOfTheServer saves terms of a new glossary: the server names them, and they refer to each other before they
// have names.
func TestT12NamesOfTheServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		glossary := must(atlan.NewGlossary("Words"))(t)
		items := []atlan.Item{glossary}
		for i := range 30 {
			items = append(items, must(atlan.NewTerm(fmt.Sprintf("word %d", i), glossary.Ref()))(t))
		}
		slices.Reverse(items)
		report, err := clientOf(t, f).Batch(atlan.BatchOptions{Size: 7}).Save(t.Context(), slices.Values(items))
		ok(t, err)
		if report.Outcomes[atlan.Created] != 31 || f.CountAssets("AtlasGlossaryTerm") != 30 || glossary.GUID == "" {
			t.Errorf("%v", report.Outcomes)
		}
	})
}

// TestT12WhatFailedIsNeeded: a new container that is refused takes what is in it along, and says so; nothing else.
func TestT12WhatFailedIsNeeded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		_, connection := f.AddConnection("snowflake", "warehouse")
		items := hierarchy(t, connection, 2, 4)
		f.Deny(connection + "/warehouse/s1/t2")
		report, err := clientOf(t, f).Batch(atlan.BatchOptions{Size: 5}).Save(t.Context(), slices.Values(items))
		if !errors.Is(err, atlan.ErrPermission) {
			t.Fatal(err)
		}
		var depend, refused int
		for result := range report.Failures() {
			if _, ok := errors.AsType[*atlan.DependencyError](result.Err); ok {
				depend++
			} else {
				refused++
			}
		}
		if refused != 1 || depend != 5 || report.Outcomes[atlan.Created] != len(items)-6 {
			t.Errorf("%d refused, %d in need of it, %v", refused, depend, report.Outcomes)
		}
	})
}

// TestT12ServiceDown ends a batch when the service does not come back.
func TestT12ServiceDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		schema := schemaIn(f)
		f.Fault(atlantest.Status("bulkSaveEntities", 503, "down").After(4))
		report, err := clientOf(t, f).Batch(atlan.BatchOptions{Concurrency: 2}).Save(t.Context(), tables(t, schema, 5000))
		var failed *atlan.BatchError
		if !errors.As(err, &failed) || !errors.Is(failed.Ended, atlan.ErrServer) {
			t.Fatal(err)
		}
		if n := f.CountAssets("Table"); report.Outcomes[atlan.Created] != n || report.Done != report.Read || report.Read > 2000 {
			t.Errorf("%d tables, %+v", n, report.BatchProgress)
		}
		last := report.Results[len(report.Results)-1]
		if !errors.Is(last.Err, atlan.ErrNotSent) {
			t.Errorf("the last: %v", last.Err)
		}
	})
}

// TestT12Cancelled returns at once, with what was done.
func TestT12Cancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, atlantest.WithRoundTrip(10*time.Second))
		schema := schemaIn(f)
		ctx, cancel := context.WithTimeout(t.Context(), 25*time.Second)
		defer cancel()
		began := time.Now()
		report, err := clientOf(t, f).Batch(atlan.BatchOptions{Concurrency: 2}).Save(ctx, tables(t, schema, 5000))
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		if took := time.Since(began); took != 25*time.Second {
			t.Errorf("returned after %v", took)
		}
		if report.Outcomes[atlan.Created] != 200 || report.Done != report.Read {
			t.Errorf("%+v %v", report.BatchProgress, report.Outcomes)
		}
		synctest.Wait()
	})
}

func TestT12Options(t *testing.T) {
	f := newFake(t)
	for _, o := range []atlan.BatchOptions{{Size: -1}, {Size: 10_001}, {Concurrency: -1}} {
		if _, err := clientOf(t, f).Batch(o).Save(t.Context(), tables(t, "x", 0)); !errors.Is(err, atlan.ErrInvalidRequest) {
			t.Errorf("%+v: %v", o, err)
		}
	}
	report, err := clientOf(t, f).Batch(atlan.BatchOptions{}).Save(t.Context(), slices.Values([]atlan.Item{nil}))
	if !errors.Is(err, atlan.ErrInvalidRequest) || report.Failed != 1 {
		t.Errorf("a nil item: %v", err)
	}
	if n := len(f.Requests()); n > 0 {
		t.Errorf("%d requests", n)
	}
}
