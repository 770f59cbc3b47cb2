package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	assets "github.com/sluice-sdk/sluice/gen/atlanassets"
)

// exampleTable is a table with values for the first n attributes of the kinds that most attributes have, and one
// relationship to ten columns.
func exampleTable(tb testing.TB, n int) []byte {
	tb.Helper()
	values := map[string]any{}
	var visit func(t reflect.Type)
	visit = func(t reflect.Type) {
		for f := range t.Fields() {
			if f.Anonymous {
				visit(f.Type)
				continue
			}
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			switch reflect.New(f.Type).Interface().(type) {
			case *assets.Attribute[string]:
				values[name] = "a value of " + name
			case *assets.Attribute[int64]:
				values[name] = 1200
			case *assets.Attribute[bool]:
				values[name] = true
			case *assets.Attribute[assets.Timestamp]:
				values[name] = 1_700_000_000_123
			case *assets.Attribute[[]string]:
				values[name] = []string{"jane", "joe"}
			}
		}
	}
	visit(reflect.TypeFor[assets.Table]())
	if len(values) < n {
		tb.Fatalf("a table has only %d plain attributes", len(values))
	}
	for i, name := range slices.Sorted(maps.Keys(values)) {
		if i >= n-1 {
			delete(values, name)
		}
	}
	var columns []any
	for i := range 10 {
		columns = append(columns, map[string]any{
			"typeName": "Column", "guid": fmt.Sprintf("00000000-0000-4000-8000-%012d", i), "displayText": "ID", "entityStatus": "ACTIVE",
			"uniqueAttributes": map[string]string{"qualifiedName": fmt.Sprintf("default/snowflake/1700000000/DB/SHOP/ORDERS/C%d", i)},
		})
	}
	values["columns"] = columns
	text, err := json.Marshal(values)
	if err != nil {
		tb.Fatal(err)
	}
	return text
}

func BenchmarkDecodeTable(b *testing.B) {
	text := exampleTable(b, 60)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		var table assets.Table
		if err := json.Unmarshal(text, &table); err != nil {
			b.Fatal(err)
		}
	}
}

// What GET answers: every attribute, those without a value as null.
func BenchmarkDecodeTableOfNulls(b *testing.B) {
	values := map[string]any{}
	for name := range jsonNames(reflect.TypeFor[assets.Table]()) {
		values[name] = nil
	}
	text, err := json.Marshal(values)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		var table assets.Table
		if err := json.Unmarshal(text, &table); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(values)), "nulls")
}

func BenchmarkEncodeTable(b *testing.B) {
	var table assets.Table
	if err := json.Unmarshal(exampleTable(b, 60), &table); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := json.Marshal(&table); err != nil {
			b.Fatal(err)
		}
	}
}

// How much stays in memory of 1,000 decoded tables, next to the size of their text.
func BenchmarkMemoryOf1000Tables(b *testing.B) {
	text := exampleTable(b, 60)
	var before, after runtime.MemStats
	for b.Loop() {
		runtime.GC()
		runtime.ReadMemStats(&before)
		tables := make([]assets.Table, 1000)
		for i := range tables {
			if err := json.Unmarshal(text, &tables[i]); err != nil {
				b.Fatal(err)
			}
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		runtime.KeepAlive(tables)
	}
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/1000, "heap-B/table")
	b.ReportMetric(float64(len(text)), "text-B/table")
	b.ReportMetric(float64(reflect.TypeFor[assets.Table]().Size()), "struct-B/table")
}

// How long go build of a program that names two types takes, with a cache that has the standard library and nothing else.
func BenchmarkBuildProgram(b *testing.B) {
	folder := filepath.Join("..", "..", "..", "testdata", "consumer")
	build := func(cache string, arguments ...string) []byte {
		command := exec.CommandContext(b.Context(), "go", arguments...)
		command.Dir = folder
		command.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=readonly -buildvcs=false", "GOCACHE="+cache)
		output, err := command.Output()
		if err != nil {
			b.Fatal(err)
		}
		return output
	}
	library := strings.Fields(string(build(b.TempDir(), "list", "-deps", "-f", "{{if .Standard}}{{.ImportPath}}{{end}}", "./catalog")))
	var took time.Duration
	for i := 0; i < b.N; i++ {
		b.StopTimer()
		cache := b.TempDir()
		build(cache, append([]string{"build"}, library...)...)
		b.StartTimer()
		start := time.Now()
		build(cache, "build", "-ldflags=-s -w", "-o", os.DevNull, "./catalog")
		took += time.Since(start)
	}
	b.ReportMetric(took.Seconds()/float64(b.N), "s/build")
}
