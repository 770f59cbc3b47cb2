package tests_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/sluice-sdk/sluice/gen/atlanassets"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/atlan"
	"github.com/sluice-sdk/sluice/wrappers/atlan/atlantest"
)

// graphItem is an item of a random batch, and the model's knowledge about it.
type graphItem struct {
	item   atlan.Item
	name   string       // qualifiedName, empty when the server makes it
	needs  []*graphItem // what it refers to or lies in
	denied bool
}

// lost is the item for whose refusal this one cannot be saved, nil when it can.
func (g *graphItem) lost(seen map[*graphItem]bool) *graphItem {
	if g.denied {
		return g
	}
	if seen[g] {
		return nil
	}
	seen[g] = true
	for _, other := range g.needs {
		if lost := other.lost(seen); lost != nil {
			return lost
		}
	}
	return nil
}

// needy reports whether it needs an item that cannot be saved.
func (g *graphItem) needy() bool {
	return slices.ContainsFunc(g.needs, func(o *graphItem) bool { return o.lost(make(map[*graphItem]bool)) != nil })
}

// randomGraph is a random set of tables, columns, processes between tables, glossaries, terms and domains, with references
// by qualifiedName and by placeholder.
func randomGraph(t *testing.T, rng *rand.Rand, schema, connection string, n int) []*graphItem {
	var all, tables, glossaries, domains []*graphItem
	add := func(list *[]*graphItem, item atlan.Item, name string, needs ...*graphItem) {
		g := &graphItem{item: item, name: name, needs: needs}
		if all = append(all, g); list != nil {
			*list = append(*list, g)
		}
	}
	pick := func(list []*graphItem) *graphItem { return list[rng.IntN(len(list))] }
	ref := func(g *graphItem) atlanassets.Ref { return g.item.(interface{ Ref() atlanassets.Ref }).Ref() }
	for i := range n {
		switch kind := rng.IntN(7); {
		case kind == 1 && len(tables) > 0:
			table := pick(tables)
			column := must(atlan.NewColumn(fmt.Sprintf("c%d", i), ref(table), 1))(t)
			add(nil, column, column.QualifiedName(), table)
		case kind == 2 && len(tables) > 1:
			from, to := pick(tables), pick(tables)
			process := must(atlan.NewProcess(atlan.ProcessParts{
				Name: fmt.Sprintf("p%d", i), ConnectionQualifiedName: connection,
				Inputs: []atlanassets.Ref{ref(from)}, Outputs: []atlanassets.Ref{ref(to)},
			}))(t)
			add(nil, process, process.QualifiedName(), from, to)
		case kind == 3:
			add(&glossaries, must(atlan.NewGlossary(fmt.Sprintf("g%d", i)))(t), "")
		case kind == 4 && len(glossaries) > 0:
			glossary := pick(glossaries)
			add(nil, must(atlan.NewTerm(fmt.Sprintf("w%d", i), ref(glossary)))(t), "", glossary)
		case kind == 5 && len(domains) > 0:
			parent := pick(domains)
			domain := must(atlan.NewDataDomain(fmt.Sprintf("d%d", i)))(t)
			domain.Attributes.ParentDomain.Set(ref(parent))
			add(&domains, domain, "", parent)
		case kind == 5:
			add(&domains, must(atlan.NewDataDomain(fmt.Sprintf("d%d", i)))(t), "")
		default:
			table := must(atlan.NewTable(fmt.Sprintf("t%d", i), schema))(t)
			add(&tables, table, table.QualifiedName())
		}
	}
	return all
}

// TestT12AgainstAModel saves random graphs in random orders, some of whose assets the service refuses: what can be saved is
// saved, once; what cannot says why, and what it cannot do without.
func TestT12AgainstAModel(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		seed := rapid.Uint64().Draw(r, "seed")
		n := rapid.IntRange(0, 80).Draw(r, "items")
		size := rapid.IntRange(1, 30).Draw(r, "size")
		concurrency := rapid.IntRange(1, 8).Draw(r, "concurrency")
		refused := rapid.IntRange(0, 12).Draw(r, "refused") // of a hundred
		shuffle := rapid.Bool().Draw(r, "shuffle")
		again := rapid.IntRange(0, 3).Draw(r, "items that come twice")
		problem := ""
		wrong := func(format string, args ...any) {
			if problem == "" {
				problem = fmt.Sprintf(format, args...)
			}
		}
		synctest.Test(t, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 1))
			f := newFake(t, atlantest.WithoutContract(), atlantest.Without(atlantest.RateLimited, atlantest.PermissionWindow))
			schema := schemaIn(f)
			graph := randomGraph(t, rng, schema, schema[:len(schema)-len("/db/public")], n)
			bad := 0
			for _, g := range graph {
				if g.name != "" && rng.IntN(100) < refused {
					f.Deny(g.name)
					g.denied = true
					bad++
				}
			}
			for range again {
				if len(graph) > 0 {
					graph = append(graph, graph[rng.IntN(len(graph))])
				}
			}
			if shuffle {
				rng.Shuffle(len(graph), func(i, j int) { graph[i], graph[j] = graph[j], graph[i] })
			}
			items := make([]atlan.Item, len(graph))
			for i, g := range graph {
				items[i] = g.item
			}
			report, err := clientOf(t, f, atlan.WithRequestsPerMinute(0)).
				Batch(atlan.BatchOptions{Size: size, Concurrency: concurrency}).Save(t.Context(), slices.Values(items))
			if report == nil {
				wrong("no report: %v", err)
				return
			}
			if len(report.Results) != len(items) || report.Done != len(items) || report.Read != len(items) {
				wrong("%d results, %+v for %d items", len(report.Results), report.BatchProgress, len(items))
				return
			}
			failed := 0
			for i, result := range report.Results {
				lost := graph[i].lost(make(map[*graphItem]bool))
				dependency, depends := errors.AsType[*atlan.DependencyError](result.Err)
				if result.Err != nil {
					failed++
				}
				switch {
				case result.Index != i || result.Item != items[i]:
					wrong("result %d is that of item %d", i, result.Index)
				case lost == nil && result.Err != nil:
					wrong("item %d could be saved: %v", i, result.Err)
				case lost == nil && (result.GUID == "" || result.Outcome != atlan.Created && result.Outcome != atlan.Unchanged):
					wrong("item %d: %+v", i, result)
				case lost != nil && !errors.Is(result.Err, atlan.ErrPermission):
					wrong("item %d needs %s: %v", i, lost.name, result.Err)
				case lost != nil && graph[i].needy() != depends:
					wrong("item %d needs what is refused: %t, depends: %t", i, graph[i].needy(), depends)
				case depends && !graph[dependency.On].denied:
					wrong("item %d is said to depend on %d", i, dependency.On)
				}
			}
			unique := make(map[*graphItem]bool)
			for _, g := range graph {
				if g.lost(make(map[*graphItem]bool)) == nil {
					unique[g] = true
				}
			}
			saved := f.CountAssets("") - 3 // the connection, the database and the schema
			if len(unique) != saved || report.Failed != failed || (err == nil) != (failed == 0) {
				wrong("%d assets are there, not %d; %d failed, %+v, %v", saved, len(unique), failed, report.BatchProgress, err)
			}
			// Two for each halving of each request that has a bad one, and what dependencies and the two queues split.
			if limit := 2*len(items) + bad*2*6; report.Requests > limit {
				wrong("%d requests for %d items, %d bad ones", report.Requests, len(items), bad)
			}
		})
		if problem != "" {
			r.Fatal(problem)
		}
	})
}

// TestT12Troubled saves random graphs through a service in trouble: whatever happens, there is one result for each item, what
// is reported as saved is there, nothing is there twice, and it ends.
func TestT12Troubled(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		seed := rapid.Uint64().Draw(r, "seed")
		n := rapid.IntRange(1, 60).Draw(r, "items")
		size := rapid.IntRange(1, 30).Draw(r, "size")
		concurrency := rapid.IntRange(1, 8).Draw(r, "concurrency")
		cancelled := time.Duration(rapid.IntRange(0, 3).Draw(r, "cancelled after")) * 400 * time.Millisecond
		by := rapid.IntRange(0, 2).Draw(r, "cancelled by")
		const save = "bulkSaveEntities"
		var faults []*atlantest.Fault
		for range rapid.IntRange(0, 3).Draw(r, "faults") {
			var f *atlantest.Fault
			switch rapid.IntRange(0, 7).Draw(r, "fault") {
			case 0:
				f = atlantest.Status(save, rapid.SampledFrom([]int{400, 401, 404, 406, 409, 413, 423, 429, 500, 503, 504}).Draw(r, "status"), "{}")
			case 1:
				f = atlantest.ResetAfterBody(save)
			case 2:
				f = atlantest.InternalErrorAfter(save)
			case 3:
				f = atlantest.ResetBefore(save)
			case 4:
				f = atlantest.ResetMidBody(save, 40)
			case 5:
				f = atlantest.StallAfterBody(save)
			case 6:
				f = atlantest.InvalidJSON(save)
			case 7:
				f = atlantest.Delay(save, 20*time.Second)
			}
			f.After(rapid.IntRange(0, 4).Draw(r, "after"))
			if times := rapid.IntRange(0, 9).Draw(r, "times"); times > 0 {
				f.Times(times)
			}
			faults = append(faults, f)
		}
		problem := ""
		wrong := func(format string, args ...any) {
			if problem == "" {
				problem = fmt.Sprintf(format, args...)
			}
		}
		synctest.Test(t, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 2))
			f := newFake(t, atlantest.WithoutContract(), atlantest.Without(atlantest.RateLimited, atlantest.PermissionWindow))
			schema := schemaIn(f)
			graph := randomGraph(t, rng, schema, schema[:len(schema)-len("/db/public")], n)
			rng.Shuffle(len(graph), func(i, j int) { graph[i], graph[j] = graph[j], graph[i] })
			items := make([]atlan.Item, n)
			for i, g := range graph {
				items[i] = g.item
			}
			f.Fault(faults...)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			options := atlan.BatchOptions{Size: size, Concurrency: concurrency}
			switch {
			case cancelled == 0:
			case by == 0:
				time.AfterFunc(cancelled, cancel)
			case by == 1:
				options.OnResult = func(atlan.BatchResult) { cancel() }
			default:
				options.OnProgress = func(atlan.BatchProgress) { cancel() }
			}
			report, err := clientOf(t, f, atlan.WithRequestsPerMinute(0)).Batch(options).Save(ctx, slices.Values(items))
			if report == nil {
				wrong("no report: %v", err)
				return
			}
			f.ClearFaults()
			if len(report.Results) != report.Read || report.Done != report.Read || err == nil && report.Read != n {
				wrong("%d results, %+v for %d items, %v", len(report.Results), report.BatchProgress, n, err)
				return
			}
			for i, result := range report.Results {
				switch {
				case result.Index != i || result.Item != items[i]:
					wrong("result %d is that of item %d", i, result.Index)
				case result.Err == nil:
					if _, ok := f.Asset(result.GUID); !ok {
						wrong("item %d is not there: %+v", i, result)
					}
				default:
					if _, ok := errors.AsType[*apierr.Error](result.Err); !ok && !errors.Is(result.Err, context.Canceled) {
						wrong("item %d: %T %v", i, result.Err, result.Err)
					}
				}
			}
			if (err == nil) != (report.Failed == 0 && ctx.Err() == nil) && (err == nil) == (report.Failed > 0) {
				wrong("%+v and %v", report.BatchProgress, err)
			}
			count := make(map[string]int)
			for _, typeName := range []string{"AtlasGlossary", "AtlasGlossaryTerm", "DataDomain", "Table", "Column", "Process"} {
				for _, asset := range f.Assets(typeName) {
					if count[asset.Name]++; count[asset.Name] > 1 {
						wrong("%s is there twice", asset.Name)
					}
				}
			}
			if limit := 40 * (2*n + 20); f.Log().Count(save) > limit {
				wrong("%d requests for %d items", f.Log().Count(save), n)
			}
		})
		if problem != "" {
			r.Fatal(problem)
		}
	})
}

// TestT12Sequences: sequences that panic, refer to what they have yielded, have no end, or are none at all.
func TestT12Sequences(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		schema := schemaIn(f)
		client := clientOf(t, f)

		func() {
			defer func() {
				if recover() != "broken" {
					t.Error("the panic of a sequence is not seen")
				}
			}()
			_, _ = client.Batch(atlan.BatchOptions{Size: 10}).Save(t.Context(), func(yield func(atlan.Item) bool) {
				for item := range tables(t, schema, 1100) {
					if !yield(item) {
						return
					}
				}
				panic("broken")
			})
		}()
		func() {
			defer func() {
				if recover() != "broken too" {
					t.Error("the panic of a callback is not seen")
				}
			}()
			options := atlan.BatchOptions{Size: 10, OnProgress: func(atlan.BatchProgress) { panic("broken too") }}
			_, _ = client.Batch(options).Save(t.Context(), tables(t, schema, 200))
		}()
		synctest.Wait() // no goroutine is left: the bubble would not end

		if _, err := client.Batch(atlan.BatchOptions{}).Save(t.Context(), nil); !errors.Is(err, atlan.ErrInvalidRequest) {
			t.Errorf("no sequence: %v", err)
		}
		var none *atlan.Entity
		report, err := client.Batch(atlan.BatchOptions{}).Save(t.Context(), slices.Values([]atlan.Item{none}))
		if !errors.Is(err, atlan.ErrInvalidRequest) || report.Failed != 1 {
			t.Errorf("a nil entity: %v", err)
		}

		// References are taken from items that are under way.
		glossary := must(atlan.NewGlossary("Words"))(t)
		report, err = client.Batch(atlan.BatchOptions{Size: 10, Concurrency: 4}).Save(t.Context(), func(yield func(atlan.Item) bool) {
			if !yield(glossary) {
				return
			}
			for i := range 1500 {
				if !yield(must(atlan.NewTerm(fmt.Sprintf("w%d", i), glossary.Ref()))(t)) {
					return
				}
			}
		})
		ok(t, err)
		if report.Outcomes[atlan.Created] != 1501 {
			t.Errorf("%v", report.Outcomes)
		}

		// A term that comes more than a thousand assets before its glossary.
		later := must(atlan.NewGlossary("Later"))(t)
		early := []atlan.Item{must(atlan.NewTerm("early", later.Ref()))(t)}
		early = append(early, slices.Collect(tables(t, schema, 1500))...)
		report, err = client.Batch(atlan.BatchOptions{}).Save(t.Context(), slices.Values(append(early, later)))
		ok(t, err)
		if report.Failed != 0 || f.CountAssets("AtlasGlossary") != 2 {
			t.Errorf("%+v", report.BatchProgress)
		}
	})
}

// TestT12OneBadOfMany: finding a bad asset costs two requests for each halving.
func TestT12OneBadOfMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		schema := schemaIn(f)
		bad := []int{3, 700, 701, 1333}
		for _, i := range bad {
			f.Deny(fmt.Sprintf("%s/t%06d", schema, i))
		}
		report, err := clientOf(t, f).Batch(atlan.BatchOptions{Size: 512}).Save(t.Context(), tables(t, schema, 2048))
		if !errors.Is(err, atlan.ErrPermission) || report.Failed != len(bad) || f.CountAssets("Table") != 2048-len(bad) {
			t.Errorf("%+v, %v", report.BatchProgress, err)
		}
		if limit := 4 + len(bad)*2*9; report.Requests > limit {
			t.Errorf("%d requests, not %d at most", report.Requests, limit)
		}
	})
}

// unchanging says of every save that it changed nothing, and keeps nothing: a fake would grow.
type unchanging struct{}

func (unchanging) RoundTrip(r *http.Request) (*http.Response, error) {
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return nil, err
	}
	return &http.Response{
		StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(`{"guidAssignments":{}}`)), Request: r,
	}, nil
}

// TestT12MemoryIsFlat saves a stream without keeping results.
func TestT12MemoryIsFlat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		count := cut(50_000, 5_000)
		client := must(atlan.New(atlan.WithBaseURL("https://tenant.atlan.test"), atlan.WithAPIKey("key"),
			atlan.WithRequestsPerMinute(0), atlan.WithRoundTripper(unchanging{})))(t)
		var early, late uint64
		done := 0
		options := atlan.BatchOptions{DropResults: true, OnResult: func(atlan.BatchResult) {
			switch done++; done {
			case count / 10:
				early = heap()
			case count * 9 / 10:
				late = heap()
			}
		}}
		report, err := client.Batch(options).Save(t.Context(), tables(t, connector+"/db/public", count))
		ok(t, err)
		t.Logf("%+v, heap %d → %d kB", report.BatchProgress, early>>10, late>>10)
		if grown := int64(late) - int64(early); grown > 2<<20 {
			t.Errorf("the heap grew by %d kB", grown>>10)
		}
	})
}
