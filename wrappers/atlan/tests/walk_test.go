package tests_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/sluice-sdk/sluice/gen/atlanassets"
	"github.com/sluice-sdk/sluice/gen/atlanassets/field"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/atlan"
	"github.com/sluice-sdk/sluice/wrappers/atlan/atlantest"
)

// answerFaults are things that go wrong with an answer to a search or a lineage, each struck by some of the requests.
// Consistent is true when an answer could come of them that is the answer of a service with fewer assets: one without
// assets and positions and with a low count.
func answerFaults(r *rapid.T, operation string, gone emptied) (faults []*atlantest.Fault, consistent bool) {
	var kinds [14]bool
	for range rapid.IntRange(0, 4).Draw(r, "faults") {
		var f *atlantest.Fault
		kind := rapid.IntRange(0, 13).Draw(r, "fault")
		kinds[kind] = true
		switch kind {
		case 0:
			f = atlantest.NoSearchMetadata()
		case 1:
			f = atlantest.WrongCount(rapid.IntRange(-1, 400).Draw(r, "count"))
		case 2:
			f = atlantest.MoreForever()
		case 3:
			f = gone.page(operation)
		case 4:
			f = atlantest.ResetMidBody(operation, rapid.IntRange(0, 300).Draw(r, "bytes"))
		case 5:
			f = atlantest.InvalidJSON(operation)
		case 6:
			f = atlantest.HTML(operation, rapid.SampledFrom([]int{200, 502}).Draw(r, "status"))
		case 7:
			f = atlantest.Status(operation, rapid.SampledFrom([]int{400, 403, 404, 423, 429, 500, 503, 504}).Draw(r, "status"), "{}")
		case 8:
			f = atlantest.SearchTimeout(operation)
		case 9:
			f = atlantest.ResetAfterBody(operation)
		case 10:
			f = atlantest.Truncate(operation, rapid.IntRange(0, 300).Draw(r, "bytes"))
		case 11:
			f = atlantest.Delay(operation, time.Minute)
		case 12:
			f = atlantest.Status(operation, 200, rapid.SampledFrom([]string{"{}", "null", "[]", `{"entities":null}`, `{"entities":[null]}`}).Draw(r, "body"))
		case 13:
			f = atlantest.Stall(operation)
		}
		f.After(rapid.IntRange(0, 6).Draw(r, "after"))
		switch rapid.IntRange(0, 2).Draw(r, "how often") {
		case 0:
			f.Once()
		case 1:
			f.Times(rapid.IntRange(1, 8).Draw(r, "times"))
		}
		faults = append(faults, f)
	}
	return faults, kinds[1] && (kinds[12] || kinds[0] && kinds[3])
}

// emptied notes the assets that an empty page lost: their walk need not bring them, as they are gone.
type emptied map[string]bool

// page is atlantest.EmptyPage that notes them.
func (e emptied) page(operation string) *atlantest.Fault {
	return atlantest.Rewrite(operation, func(body []byte) []byte {
		var members map[string]json.RawMessage
		var entities []struct{ GUID string }
		if json.Unmarshal(body, &members) != nil || json.Unmarshal(members["entities"], &entities) != nil {
			return body
		}
		for _, entity := range entities {
			e[entity.GUID] = true
		}
		delete(members, "entities")
		text, _ := json.Marshal(members)
		return text
	})
}

// TestT4T5EveryWalkEndsWhole walks in every way through whatever the fake can be told to answer: it ends within a bounded
// number of requests, with an error or with everything.
func TestT4T5EveryWalkEndsWhole(t *testing.T) {
	whole, failed := 0, 0
	rapid.Check(t, func(r *rapid.T) {
		count := rapid.IntRange(0, 60).Draw(r, "assets")
		size := rapid.IntRange(1, 9).Draw(r, "page size")
		way := rapid.IntRange(0, 4).Draw(r, "way")
		pauses := rapid.SliceOfN(rapid.IntRange(0, 3), count, count).Draw(r, "pauses")
		fates := rapid.SliceOfN(rapid.IntRange(0, 9), count, count).Draw(r, "fates")
		operation := "indexSearch"
		if way == 4 {
			operation = "lineageList"
		}
		gone := make(emptied)
		faults, consistent := answerFaults(r, operation, gone)
		problem := ""
		wrong := func(format string, args ...any) {
			if problem == "" {
				problem = fmt.Sprintf(format, args...)
			}
		}
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t, atlantest.WithoutContract(), atlantest.Without(atlantest.RateLimited, atlantest.SearchDelay))
			schema, connection := seededSchema(f)
			want := make(map[string]bool)
			var guids []string
			for i := range count {
				if pauses[i] == 0 {
					pass(time.Millisecond) // most have the same time
				}
				guids = append(guids, f.AddTo(schema, "Table", fmt.Sprintf("t%03d", i), map[string]any{"description": fmt.Sprint(i % 3)}))
				want[guids[i]] = true
			}
			if way == 4 {
				for i := 1; i < count; i++ {
					f.AddLineage(connection, fmt.Sprintf("p%d", i), guids[i/2:i/2+1], guids[i:i+1])
				}
				if count > 0 {
					delete(want, guids[0])
				}
			}
			if way != 4 {
				for i, guid := range guids {
					switch fates[i] {
					case 0:
						f.Hide(guid)
						delete(want, guid)
					case 1:
						f.Scrub(guid)
						delete(want, guid)
					}
				}
			}
			f.Fault(faults...)
			client := clientOf(t, f, atlan.WithRequestsPerMinute(0))

			seen := make(map[string]int)
			var err error
			note := func(e *atlan.Entity) {
				if !e.Scrubbed() {
					seen[e.GUID]++
				}
			}
			switch {
			case way == 4 && count == 0:
			case way == 4:
				lineage := client.Lineage(guids[0]).PageSize(size).Where(atlan.LineageFilter{Attribute: "__typeName", Value: "Table"})
				for asset, e := range lineage.All(t.Context()) {
					if err = e; e == nil {
						note(asset.Entity)
					}
				}
			default:
				search := client.Search().Types("Table").PageSize(size)
				switch way {
				case 1:
					search = search.Page(atlan.PageByOffset)
				case 2:
					search = search.Page(atlan.PageByTimestamp)
				case 3:
					search = search.Sort(field.Description.Desc(), field.CreateTime.Asc())
				}
				for asset, e := range search.All(t.Context()) {
					if err = e; e == nil {
						note(asset)
					}
				}
			}
			for guid, n := range seen {
				if n != 1 || !want[guid] {
					wrong("%s came %d times, wanted %t", guid, n, want[guid])
				}
			}
			// Each page is asked for at most five times; 100 pages in a row may bring nothing.
			if n := f.Log().Count(operation); n > 5*(4*count+110) {
				wrong("%d requests", n)
			}
			if err != nil {
				failed++
				if _, ok := errors.AsType[*apierr.Error](err); !ok {
					wrong("%T: %v", err, err)
				}
				return
			}
			whole++
			for guid := range want {
				if seen[guid] == 0 && !gone[guid] && !consistent {
					wrong("%s did not come, and there is no error: %d of %d", guid, len(seen), len(want))
				}
			}
		})
		if problem != "" {
			r.Fatal(problem)
		}
	})
	t.Logf("%d walks were whole, %d ended with an error", whole, failed)
	if whole == 0 || failed == 0 {
		t.Error("the faults are too weak, or too strong")
	}
}

func seededSchema(f *atlantest.Fake) (schema, connection string) {
	connection, _ = f.AddConnection("snowflake", "warehouse")
	return f.AddTo(f.AddTo(connection, "Database", "db", nil), "Schema", "public", nil), connection
}

// endlessIndex answers searches by guid with count assets that it makes as it is asked for them: it keeps nothing.
type endlessIndex struct{ count int }

func (x endlessIndex) RoundTrip(r *http.Request) (*http.Response, error) {
	var sent struct {
		Dsl struct {
			Size  int      `json:"size"`
			After []string `json:"search_after"`
		} `json:"dsl"`
	}
	if err := json.NewDecoder(r.Body).Decode(&sent); err != nil {
		return nil, err
	}
	next := 0
	if len(sent.Dsl.After) > 0 {
		if _, err := fmt.Sscanf(sent.Dsl.After[0], "%08x", &next); err != nil {
			return nil, err
		}
		next++
	}
	var entities, positions []string
	for i := next; i < min(next+sent.Dsl.Size, x.count); i++ {
		guid := fmt.Sprintf("%08x-0000-4000-8000-000000000000", i)
		entities = append(entities, fmt.Sprintf(`{"typeName":"Table","guid":%q,"status":"ACTIVE","attributes":{"name":"t%d"}}`, guid, i))
		positions = append(positions, fmt.Sprintf(`%q:{"sort":[%q]}`, guid, guid))
	}
	body := fmt.Sprintf(`{"approximateCount":10000,"entities":[%s],"searchMetadata":{%s}}`, strings.Join(entities, ","), strings.Join(positions, ","))
	return &http.Response{
		StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(body)), Request: r,
	}, nil
}

// TestT4MemoryIsFlat reads an index that keeps nothing: neither pages nor the guids of what came stay.
func TestT4MemoryIsFlat(t *testing.T) {
	count := cut(200_000, 50_000)
	client := must(atlan.New(atlan.WithBaseURL("https://tenant.atlan.test"), atlan.WithAPIKey("key"),
		atlan.WithRequestsPerMinute(0), atlan.WithRoundTripper(endlessIndex{count})))(t)
	read := 0
	var early, late uint64
	for _, err := range client.Search().PageSize(500).All(t.Context()) {
		ok(t, err)
		switch read++; read {
		case count / 10:
			early = heap()
		case count * 9 / 10:
			late = heap()
		}
	}
	if read != count {
		t.Errorf("%d assets of %d", read, count)
	}
	t.Logf("%d assets, heap %d → %d kB", read, early>>10, late>>10)
	if grown := int64(late) - int64(early); grown > 2<<20 { // the guids alone would be 4 MB
		t.Errorf("the heap grew by %d kB", grown>>10)
	}
}

// TestT4SortsByWhatChanges sorts by what others write meanwhile: what they leave alone comes once, what they move not twice.
func TestT4SortsByWhatChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, atlantest.Without(atlantest.SearchDelay, atlantest.RateLimited))
		schema, _ := seededSchema(f)
		var guids []string
		for i := range 300 {
			guids = append(guids, f.AddTo(schema, "Table", fmt.Sprintf("t%03d", i), map[string]any{"rowCount": i % 7}))
		}
		client := clientOf(t, f, atlan.WithRequestsPerMinute(0))
		search := atlan.SearchFor[atlanassets.Table](client).PageSize(9).Sort(field.RowCount.Asc(), field.Name.Desc())
		seen, moved, read := make(map[string]int), make(map[string]bool), 0
		for table, err := range search.All(t.Context()) {
			ok(t, err)
			seen[table.GUID]++
			if read++; read%5 == 0 {
				guid := guids[(read*37)%len(guids)]
				moved[guid] = true
				change := must(atlan.GetByGUID[atlanassets.Table](t.Context(), client, guid))(t)
				change.Attributes.RowCount.Set(int64(read * 31 % 11))
				_, err := client.Save(t.Context(), change)
				ok(t, err)
			}
		}
		for _, guid := range guids {
			if n := seen[guid]; n > 1 || n == 0 && !moved[guid] {
				t.Errorf("%s came %d times, moved: %t", guid, n, moved[guid])
			}
		}
		if len(moved) < 20 {
			t.Errorf("%d were moved", len(moved))
		}
	})
}

// TestT4ThousandsAtTheSameTime reads assets that were all created in the same millisecond, some of them hidden or gone, by
// their time.
func TestT4ThousandsAtTheSameTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, atlantest.WithoutContract(), atlantest.Without(atlantest.RateLimited))
		all := f.Seed(cut(12_000, 3_000))
		f.Hide(all[10:60]...)
		f.Scrub(all[100:120]...)
		for _, told := range []bool{true, false} {
			if !told {
				f.Fault(atlantest.NoSearchMetadata())
			}
			client := clientOf(t, f, atlan.WithRequestsPerMinute(0))
			want := must(client.Search().Count(t.Context()))(t) - 70
			seen := make(map[string]bool)
			for e, err := range client.Search().Page(atlan.PageByTimestamp).All(t.Context()) {
				ok(t, err)
				if !e.Scrubbed() && seen[e.GUID] {
					t.Errorf("%s came twice", e.GUID)
				}
				if !e.Scrubbed() {
					seen[e.GUID] = true
				}
			}
			if int64(len(seen)) != want {
				t.Errorf("positions are told: %t: %d assets of %d", told, len(seen), want)
			}
		}
	})
}
