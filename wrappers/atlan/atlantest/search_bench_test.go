package atlantest

import (
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
)

// BenchmarkSearchPage reads pages of 300 out of 200,000 assets with search_after.
func BenchmarkSearchPage(b *testing.B) {
	f := New(b, WithoutContract(), Without(RateLimited))
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	f.Seed(200_000)
	runtime.GC()
	runtime.ReadMemStats(&after)
	last := ""
	page := func() {
		dsl := `{"size":300,"track_total_hits":true,"sort":[{"__guid":"asc"}],"query":{"bool":{"filter":[{"term":{"__state":"ACTIVE"}},{"term":{"__superTypeNames.keyword":"SQL"}}]}}`
		if last != "" {
			dsl += `,"search_after":["` + last + `"]`
		}
		body := `{"dsl":` + dsl + `},"attributes":["name","description","qualifiedName","connectionQualifiedName"],"excludeMeanings":true,"excludeClassifications":true}`
		r := httptest.NewRequestWithContext(b.Context(), http.MethodPost, "/api/meta/search/indexsearch", strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+f.APIKey())
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		f.Handler().ServeHTTP(w, r)
		text := w.Body.String()
		if w.Code != 200 {
			b.Fatal(w.Code, text)
		}
		i := strings.LastIndex(text, `"guid":"`)
		if i < 0 {
			last = ""
			return
		}
		last = text[i+8 : i+44]
	}
	page() // the index sorts once
	b.ReportAllocs()
	for b.Loop() {
		page()
	}
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/(1<<20), "MB")
}

// BenchmarkNew makes a fake, as every test does.
func BenchmarkNew(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		f, err := NewServer()
		if err != nil {
			b.Fatal(err)
		}
		if err := f.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSave saves 50 assets that are new, with the contract checked.
func BenchmarkSave(b *testing.B) {
	f := New(b, Without(RateLimited))
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		var entities []string
		for range 50 {
			n++
			entities = append(entities, tableJSON("t"+must(n), `,"description":"a table","connectionQualifiedName":"default/snowflake/1","rowCount":7`))
		}
		r := httptest.NewRequestWithContext(b.Context(), http.MethodPost, bulk, strings.NewReader(`{"entities":[`+strings.Join(entities, ",")+`]}`))
		r.Header.Set("Authorization", "Bearer "+f.APIKey())
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		f.Handler().ServeHTTP(w, r)
		if w.Code != 200 {
			b.Fatal(w.Code, w.Body)
		}
	}
}
