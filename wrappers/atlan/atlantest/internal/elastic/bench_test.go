package elastic

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/google/uuid"
)

// many is an index of tables and columns with some 40 fields each. The ids are spread as random ones are.
func many(tb testing.TB, n int) (*Assets, func(i int) (string, Document)) {
	tb.Helper()
	assets := NewAssets(model(tb))
	document := func(i int) (string, Document) {
		guid := uuid.NewSHA1(uuid.NameSpaceOID, fmt.Appendf(nil, "%d", i)).String()
		typ := "Column"
		if i%50 == 0 {
			typ = "Table"
		}
		schema := fmt.Sprintf("default/snowflake/1700000000/DB_%d/SCHEMA_%d", i/20000, i/1000)
		table := fmt.Sprintf("%s/TABLE_%d", schema, i/50)
		qualifiedName := table
		if typ == "Column" {
			qualifiedName += fmt.Sprintf("/COLUMN_%d", i%50)
		}
		return guid, Document{
			TypeName: typ, Status: "ACTIVE", CreatedBy: "service-account-a", UpdatedBy: "jsmith",
			CreateTime: 1_700_000_000_000 + int64(i), UpdateTime: 1_700_000_100_000 + int64(i*7),
			Tags: []string{"hPzQ0bmhMd9wT3eZf1xkQ7"}[:i%2], Meanings: []string{"term@glossary"}[:i%3/2],
			Attributes: map[string]any{
				"name": fmt.Sprintf("NAME_%d", i), "qualifiedName": qualifiedName, "description": fmt.Sprintf("what column %d of the table holds", i),
				"connectorName": "snowflake", "connectionName": "production", "connectionQualifiedName": "default/snowflake/1700000000",
				"databaseName": fmt.Sprintf("DB_%d", i/20000), "databaseQualifiedName": fmt.Sprintf("default/snowflake/1700000000/DB_%d", i/20000),
				"schemaName": fmt.Sprintf("SCHEMA_%d", i/1000), "schemaQualifiedName": schema, "tableName": fmt.Sprintf("TABLE_%d", i/50),
				"tableQualifiedName": table, "order": i % 50, "dataType": "VARCHAR", "isNullable": true, "isPrimary": false,
				"isForeign": false, "isPartition": false, "isSort": false, "isDist": false, "maxLength": 255, "precision": 38,
				"numericScale": 2.0, "certificateStatus": "VERIFIED", "certificateUpdatedBy": "jsmith", "certificateUpdatedAt": 1_700_000_000_000 + i,
				"ownerUsers": []any{"jsmith", "ada"}, "ownerGroups": []any{"finance"}, "popularityScore": float64(i%1000) / 1000,
				"hasLineage": true, "isDiscoverable": true, "isEditable": true, "sourceReadCount": i % 100, "lastSyncRun": "run-7",
				"lastSyncWorkflowName": "atlan-snowflake-1700000000", "tenantId": "default", "viewsCount": 0, "starredCount": 0,
			},
			CustomMetadata: map[string]any{"sEtA1bmhMd9wT3eZf1xkQ7.aTtR1bmhMd9wT3eZf1xkQ7": "gold"},
		}
	}
	for i := range n {
		guid, d := document(i)
		assets.Put(guid, d)
	}
	return assets, document
}

const pageBody = `{"size":300,"query":{"bool":{"filter":[{"term":{"__state":"ACTIVE"}},{"terms":{"__typeName.keyword":["Table","Column"]}}]}},"sort":[{"__guid":{"order":"asc"}}],"track_total_hits":true%s}`

// BenchmarkPage is one page of 300 of a walk over 200,000 documents, by __guid.
func BenchmarkPage(b *testing.B) {
	before := heap()
	assets, document := many(b, 200_000)
	b.Logf("%.0f MB for 200,000 documents", float64(heap()-before)/1e6)
	walk := func(b *testing.B, body string, between func(n int)) {
		after, n := "", 0
		if _, err := assets.Search(fmt.Appendf(nil, body, "")); err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			between(n)
			n++
			result, err := assets.Search(fmt.Appendf(nil, body, after))
			if err != nil {
				b.Fatal(err)
			}
			if len(result.Hits) < 300 {
				after = ""
				continue
			}
			after = `,"search_after":[`
			for i, v := range result.Hits[299].Sort {
				if i > 0 {
					after += ","
				}
				after += fmt.Sprintf("%q", fmt.Sprint(v))
			}
			after += "]"
		}
	}
	b.Run("unchanged", func(b *testing.B) { walk(b, pageBody, func(int) {}) })
	b.Run("changed=100", func(b *testing.B) {
		b.ReportAllocs()
		walk(b, pageBody, func(n int) {
			b.StopTimer()
			for i := range 100 {
				guid, d := document((n*100 + i*1999) % 200_000)
				d.UpdateTime += int64(n)
				if i%10 == 0 {
					d.Status = "DELETED"
				}
				assets.Put(guid, d)
			}
			b.StartTimer()
		})
	})
	b.Run("by=name", func(b *testing.B) {
		walk(b, `{"size":300,"query":{"bool":{"filter":[{"term":{"__state":"ACTIVE"}}]}},"sort":[{"name.keyword":"asc"},{"__guid":"asc"}]%s}`, func(int) {})
	})
	b.Run("by=timestamp", func(b *testing.B) {
		n := 0
		for b.Loop() {
			n++
			from := 1_700_000_000_000 + (n*300)%190_000
			if _, err := assets.Search(fmt.Appendf(nil, `{"size":300,"query":{"bool":{"filter":[{"term":{"__state":"ACTIVE"}},{"range":{"__timestamp":{"gte":%d}}}]}},"sort":[{"__timestamp":"asc"},{"__guid":"asc"}]}`, from)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("one", func(b *testing.B) {
		n := 0
		for b.Loop() {
			n++
			_, d := document(n % 200_000)
			if _, err := assets.Search(fmt.Appendf(nil, `{"size":2,"query":{"bool":{"filter":[{"term":{"__state":"ACTIVE"}},{"term":{"qualifiedName":%q}}]}},"sort":[{"__guid":"asc"}]}`, d.Attributes["qualifiedName"])); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("first", func(b *testing.B) {
		n := 0
		for b.Loop() {
			n++
			if _, err := assets.Search(fmt.Appendf(nil, pageBody, fmt.Sprintf(`,"post_filter":{"range":{"__timestamp":{"gte":%d}}}`, n))); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("aggregation", func(b *testing.B) {
		for b.Loop() {
			if _, err := assets.Search([]byte(`{"size":0,"query":{"term":{"__state":"ACTIVE"}},"aggs":{"t":{"terms":{"field":"__typeName.keyword"},"aggs":{"p":{"avg":{"field":"popularityScore"}}}}}}`)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("put", func(b *testing.B) {
		n := 0
		for b.Loop() {
			n++
			assets.Put(document(n % 200_000))
		}
	})
	b.Logf("%.0f MB with views and postings", float64(heap()-before)/1e6)
	runtime.KeepAlive(assets)
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}
