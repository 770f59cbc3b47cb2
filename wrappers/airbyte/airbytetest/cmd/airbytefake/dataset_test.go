package main

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sdk/sluice/wrappers/airbyte"
	"github.com/sluice-sdk/sluice/wrappers/warehouse"
)

// Two syncs through the wrapper, read back through it: all rows, and those of one sync.
func TestDatasetsOfSyncs(t *testing.T) {
	for name, d := range databases(t) {
		t.Run(name, func(t *testing.T) {
			s := serve(t)
			source := file(t, "people.csv", monday)
			client := s.fake.Client()
			conn := client.Workspace(s.fake.WorkspaceID()).Connection(s.connect(t, source, d, "incremental_append"))
			first, err := conn.RunSync(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			rewrite(t, source.Configuration["url"].(string), tuesday)
			second, err := conn.RunSync(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if first.RecordsSynced().Or(0) != 3 || second.RecordsSynced().Or(0) != 2 {
				t.Errorf("%v and %v records, want 3 and 2", first.RecordsSynced(), second.RecordsSynced())
			}
			db, err := opener("")(context.WithoutCancel(t.Context()), d.connector)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()

			names := func(d *airbyte.Dataset, options ...warehouse.ReadOption) []string {
				t.Helper()
				var all []string
				for row, err := range d.Rows(t.Context(), append(options, warehouse.OrderBy(warehouse.Ascending("updated_at"), warehouse.Ascending("id")))...) {
					if err != nil {
						t.Fatal(err)
					}
					all = append(all, row.Value("name").(string))
				}
				return all
			}
			if got, want := names(conn.Dataset("people", db)), []string{"Ada", "Bo", "Chidi", "Dara", "Bob"}; !slices.Equal(got, want) {
				t.Errorf("all rows: %v, want %v", got, want)
			}
			if got, want := names(second.Dataset("people", db).OfThisSync()), []string{"Dara", "Bob"}; !slices.Equal(got, want) {
				t.Errorf("the second sync's rows: %v, want %v", got, want)
			}
			// A result that was named by its id asks for the sync's times itself.
			if got, want := names(conn.SyncResult(first.JobID()).Dataset("people", db).OfThisSync()), []string{"Ada", "Bo", "Chidi"}; !slices.Equal(got, want) {
				t.Errorf("the first sync's rows: %v, want %v", got, want)
			}
			if n, err := second.Dataset("people", db).OfThisSync().Count(t.Context(), warehouse.Where(warehouse.Equal("id", 4))); n != 1 || err != nil {
				t.Errorf("%d rows of id 4, %v", n, err)
			}

			datasets, err := second.Datasets(t.Context(), db)
			if err != nil || len(datasets) != 1 {
				t.Fatalf("%v, %v", datasets, err)
			}
			type person struct {
				ID   int64  `db:"id"`
				Name string `db:"name"`
			}
			var people []person
			for p, err := range airbyte.Structs[person](t.Context(), datasets["people"].OfThisSync(), warehouse.OrderBy(warehouse.Ascending("id"))) {
				if err != nil {
					t.Fatal(err)
				}
				people = append(people, p)
			}
			if diff := cmp.Diff([]person{{2, "Bob"}, {4, "Dara"}}, people); diff != "" {
				t.Error(diff)
			}
			for m, err := range conn.Dataset("people", db).Maps(t.Context(), warehouse.Where(warehouse.Equal("id", 1))) {
				if err != nil || m["name"] != "Ada" {
					t.Errorf("%v, %v", m, err)
				}
			}
			where, err := conn.Table(t.Context(), "people")
			if err != nil || where.Schema != d.schema || where.Table != "people" {
				t.Errorf("%v, %v", where, err)
			}
			if text, err := conn.Dataset("people", db).Explain(t.Context()); err != nil || text == "" {
				t.Errorf("%q, %v", text, err)
			}
			// An unknown stream fails before any SQL: there is no database to ask.
			for _, err := range conn.Dataset("nobody", nowhere{t}).Rows(t.Context()) {
				if !errors.Is(err, airbyte.ErrUnknownStream) {
					t.Errorf("%v", err)
				}
			}
		})
	}
}

// nowhere is a database that must not be asked.
type nowhere struct{ t *testing.T }

func (n nowhere) QueryContext(_ context.Context, query string, _ ...any) (*sql.Rows, error) {
	n.t.Errorf("it was asked: %s", query)
	return nil, errors.New("nowhere")
}
