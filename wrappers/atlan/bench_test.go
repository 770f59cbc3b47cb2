package atlan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-sdk/sluice/gen/atlanapi"
	"github.com/sluice-sdk/sluice/gen/atlanassets"
	"github.com/sluice-sdk/sluice/gen/atlanassets/field"
)

// canned answers every request with the same bytes, as quickly as that can be done.
type canned []byte

func (c canned) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return nil, err
		}
		_ = r.Body.Close()
	}
	return &http.Response{
		StatusCode: http.StatusOK, Status: "200 OK", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {"application/json"}},
		Body:   io.NopCloser(bytes.NewReader(c)), ContentLength: int64(len(c)), Request: r,
	}, nil
}

// compared are three ways to the same answer: this package's client, the generated one and one of net/http alone.
type compared struct {
	client    *Client
	generated *atlanapi.ClientWithResponses
	plain     *http.Client
}

func compare(b *testing.B, answer string) compared {
	b.Helper()
	client, err := New(WithBaseURL("https://acme.atlan.com"), WithAPIKey("key"), WithRequestsPerMinute(0), WithRoundTripper(canned(answer)))
	if err != nil {
		b.Fatal(err)
	}
	plain := &http.Client{Transport: canned(answer)}
	generated, err := atlanapi.NewClientWithResponses(client.BaseURL(), atlanapi.WithHTTPClient(plain))
	if err != nil {
		b.Fatal(err)
	}
	return compared{client, generated, plain}
}

// post sends a body by hand and decodes the answer.
func (c compared) post(b *testing.B, path string, body []byte, answer any) {
	r, err := http.NewRequestWithContext(b.Context(), http.MethodPost, c.client.BaseURL()+path, bytes.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	c.decode(b, r, answer)
}

func (c compared) decode(b *testing.B, r *http.Request, answer any) {
	response, err := c.plain.Do(r)
	if err != nil {
		b.Fatal(err)
	}
	err = json.NewDecoder(response.Body).Decode(answer)
	_ = response.Body.Close()
	if err != nil {
		b.Fatal(err)
	}
}

// benchTable is a table with attributes of size bytes or so.
func benchTable(i, size int) string {
	attributes := []string{fmt.Sprintf(`"name":"orders_%d","qualifiedName":"default/snowflake/1700000000/DB/PUBLIC/orders_%d","rowCount":%d`, i, i, i)}
	for n := 0; len(strings.Join(attributes, ",")) < size; n++ {
		attributes = append(attributes, fmt.Sprintf(`"attribute%d":%s`, n, []string{"null", `"a value of it"`, "[]", "17"}[n%4]))
	}
	return fmt.Sprintf(`{"typeName":"Table","guid":%q,"status":"ACTIVE","createTime":1700000000000,"attributes":{"description":"What was ordered",%s}}`,
		guidOf(i), strings.Join(attributes, ","))
}

func benchPage(n, size int) string {
	entities := make([]string, n)
	for i := range entities {
		entities[i] = benchTable(i, size)
	}
	return strings.Join(entities, ",")
}

// BenchmarkGetByGUID reads a table of 5 kB.
func BenchmarkGetByGUID(b *testing.B) {
	c := compare(b, `{"entity":`+benchTable(1, 5000)+`,"referredEntities":{}}`)
	b.Run("wrapper", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if table, err := GetByGUID[atlanassets.Table](b.Context(), c.client, guidOf(1)); err != nil || table.Name() == "" {
				b.Fatal(table, err)
			}
		}
	})
	b.Run("generated", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if got, err := c.generated.GetEntityByGUIDWithResponse(b.Context(), guidOf(1), nil); err != nil || got.JSON200 == nil {
				b.Fatal(got, err)
			}
		}
	})
	b.Run("plain", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, c.client.BaseURL()+"/api/meta/entity/guid/"+guidOf(1), nil)
			if err != nil {
				b.Fatal(err)
			}
			var answer struct{ Entity atlanapi.Entity }
			c.decode(b, r, &answer)
		}
	})
}

// BenchmarkSearchPage reads a page of 100 tables.
func BenchmarkSearchPage(b *testing.B) {
	c := compare(b, `{"approximateCount":100,"entities":[`+benchPage(100, 300)+`],"searchMetadata":{}}`)
	search := SearchFor[atlanassets.Table](c.client).Include(field.Description)
	b.Run("wrapper", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			n := 0
			for _, err := range search.PageSize(101).All(b.Context()) {
				if n++; err != nil {
					b.Fatal(err)
				}
				if n == 100 {
					break
				}
			}
		}
	})
	body, err := json.Marshal(search.newRequest(100))
	if err != nil {
		b.Fatal(err)
	}
	b.Run("generated", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			got, err := c.generated.IndexSearchWithBodyWithResponse(b.Context(), jsonBody, bytes.NewReader(body))
			if err != nil || got.JSON200 == nil {
				b.Fatal(got, err)
			}
		}
	})
	b.Run("plain", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var answer struct{ Entities []atlanapi.Entity }
			c.post(b, "/api/meta/search/indexsearch", body, &answer)
		}
	})
}

// BenchmarkSave saves 50 new tables.
func BenchmarkSave(b *testing.B) {
	var made []string
	for i := range 50 {
		made = append(made, fmt.Sprintf(`{"typeName":"Table","guid":%q,"attributes":{"name":"t%d","qualifiedName":"default/snowflake/1700000000/DB/PUBLIC/t%[2]d"}}`, guidOf(i), i))
	}
	c := compare(b, `{"guidAssignments":{},"mutatedEntities":{"CREATE":[`+strings.Join(made, ",")+`]}}`)
	tables := func() []Item {
		items := make([]Item, 50)
		for i := range items {
			table, err := NewTable(fmt.Sprintf("t%d", i), "default/snowflake/1700000000/DB/PUBLIC")
			if err != nil {
				b.Fatal(err)
			}
			table.Attributes.Description.Set("What was ordered")
			items[i] = table
		}
		return items
	}
	b.Run("wrapper", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := c.client.Save(b.Context(), tables()...); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("batch", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := c.client.Batch(BatchOptions{}).Save(b.Context(), slices.Values(tables())); err != nil {
				b.Fatal(err)
			}
		}
	})
	type entity struct {
		TypeName   string            `json:"typeName"`
		GUID       string            `json:"guid"`
		Attributes map[string]string `json:"attributes"`
	}
	encode := func() []byte {
		list := make([]entity, 50)
		for i := range list {
			name := fmt.Sprintf("t%d", i)
			list[i] = entity{"Table", fmt.Sprint(-i - 1), map[string]string{
				"name": name, "qualifiedName": "default/snowflake/1700000000/DB/PUBLIC/" + name, "description": "What was ordered",
				"schemaName": "PUBLIC", "schemaQualifiedName": "default/snowflake/1700000000/DB/PUBLIC", "databaseName": "DB",
				"databaseQualifiedName": "default/snowflake/1700000000/DB", "connectionQualifiedName": "default/snowflake/1700000000", "connectorName": "snowflake",
			}}
		}
		body, err := json.Marshal(map[string]any{"entities": list})
		if err != nil {
			b.Fatal(err)
		}
		return body
	}
	b.Run("generated", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			got, err := c.generated.BulkSaveEntitiesWithBodyWithResponse(b.Context(), nil, jsonBody, bytes.NewReader(encode()))
			if err != nil || got.JSON200 == nil {
				b.Fatal(got, err)
			}
		}
	})
	b.Run("plain", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var answer map[string]any
			c.post(b, "/api/meta/entity/bulk", encode(), &answer)
		}
	})
}

// BenchmarkLineagePage reads a page of 100 assets.
func BenchmarkLineagePage(b *testing.B) {
	c := compare(b, `{"entities":[`+benchPage(100, 300)+`],"hasMore":false,"entityCount":100}`)
	lineage := c.client.Lineage("ffffffff-0000-4000-8000-000000000000")
	b.Run("wrapper", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			for _, err := range lineage.All(b.Context()) {
				if err != nil {
					b.Fatal(err)
				}
			}
		}
	})
	request, err := lineage.request()
	if err != nil {
		b.Fatal(err)
	}
	body, err := json.Marshal(request)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("generated", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			got, err := c.generated.LineageListWithBodyWithResponse(b.Context(), jsonBody, bytes.NewReader(body))
			if err != nil || got.JSON200 == nil {
				b.Fatal(got, err)
			}
		}
	})
	b.Run("plain", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var answer struct{ Entities []atlanapi.Entity }
			c.post(b, "/api/meta/lineage/list", body, &answer)
		}
	})
}
