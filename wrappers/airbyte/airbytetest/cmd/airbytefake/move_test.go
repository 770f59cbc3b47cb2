package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sdk/sluice/wrappers/airbyte/airbytetest"
	"github.com/sluice-sdk/sluice/wrappers/warehouse"
)

// database is a real destination.
type database struct {
	connector airbytetest.Connector
	schema    string
}

func databases(t *testing.T) map[string]database {
	t.Helper()
	all := map[string]database{"duckdb": {schema: "main", connector: airbytetest.Connector{
		ID: "d1", Type: "duckdb", DefinitionID: airbytetest.DestinationDuckDB,
		Configuration: map[string]any{"destination_path": filepath.Join(t.TempDir(), "move.duckdb")},
	}}}
	dsn := os.Getenv("SLUICE_TEST_POSTGRES")
	switch dsn {
	case "":
		t.Fatal("SLUICE_TEST_POSTGRES is not set: `make test` starts a PostgreSQL and sets it; set it to off to leave PostgreSQL out")
	case "off":
		t.Log("LEFT OUT: PostgreSQL, because SLUICE_TEST_POSTGRES is off")
		return all
	}
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal("SLUICE_TEST_POSTGRES is not a URL")
	}
	password, _ := u.User.Password()
	port, _ := strconv.Atoi(u.Port())
	schema := "move_" + strings.ToLower(rand.Text()) // several of these tests may share a server
	c := airbytetest.Connector{ID: "d2", Type: "postgres", DefinitionID: airbytetest.DestinationPostgres, Configuration: map[string]any{
		"host": u.Hostname(), "port": float64(port), "database": strings.TrimPrefix(u.Path, "/"), "schema": schema,
		"username": u.User.Username(), "password": password,
	}}
	t.Cleanup(func() {
		db, err := openPostgres(context.WithoutCancel(t.Context()), c.Configuration)
		if err == nil {
			_, err = db.ExecContext(context.WithoutCancel(t.Context()), `DROP SCHEMA IF EXISTS "`+schema+`" CASCADE`)
			_ = db.Close()
		}
		if err != nil {
			t.Error(err)
		}
	})
	all["postgres"] = database{c, schema}
	return all
}

// each runs a test on every real destination.
func each(t *testing.T, test func(t *testing.T, m *airbytetest.SQLMover, d database)) {
	for name, d := range databases(t) {
		t.Run(name, func(t *testing.T) {
			test(t, &airbytetest.SQLMover{Open: opener(""), CommitRows: 2}, d)
		})
	}
}

// query reads rows as text, one a string.
func (d database) query(t *testing.T, statement string) []string {
	t.Helper()
	db, err := opener("")(t.Context(), d.connector)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), statement)
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	defer rows.Close()
	columns, _ := rows.Columns()
	var all []string
	for rows.Next() {
		values, targets := make([]sql.NullString, len(columns)), make([]any, len(columns))
		for i := range values {
			targets[i] = &values[i]
		}
		if err := rows.Scan(targets...); err != nil {
			t.Fatal(err)
		}
		line := make([]string, len(values))
		for i, v := range values {
			line[i] = v.String
			if !v.Valid {
				line[i] = "NULL"
			}
		}
		all = append(all, strings.Join(line, "|"))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

func file(t *testing.T, name, text string) airbytetest.Connector {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	rewrite(t, path, text)
	return airbytetest.Connector{ID: "s1", Type: "file", Configuration: map[string]any{
		"dataset_name": "people", "url": path, "provider": map[string]any{"storage": "local"},
	}}
}

func rewrite(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// sync runs one attempt and keeps the state.
func attempt(t *testing.T, m *airbytetest.SQLMover, job int64, source airbytetest.Connector, d database, s *airbytetest.PlannedStream, fail *airbytetest.Fail) (airbytetest.Result, error) {
	t.Helper()
	s.Name = "people"
	if s.Target.Name == "" {
		s.Target = airbytetest.StreamKey{Name: "people"}
	}
	result, err := m.Move(t.Context(), airbytetest.Plan{
		JobID: job, Source: source, Destination: d.connector, Streams: []airbytetest.PlannedStream{*s}, Fail: fail,
		Progress: func(airbytetest.StreamKey, int64, int64) {},
	})
	if state, ok := result.State[s.Key()]; ok {
		s.State = state
	}
	return result, err
}

const (
	monday  = "id,name,age,updated_at\n1,Ada,36,2026-01-01T10:00:00Z\n2,Bo,,2026-01-02T10:00:00Z\n3,Chidi,41,2026-01-03T10:00:00Z\n"
	tuesday = "id,name,age,updated_at\n1,Ada,36,2026-01-01T10:00:00Z\n2,Bob,29,2026-01-05T10:00:00Z\n3,Chidi,41,2026-01-03T10:00:00Z\n4,Dara,50,2026-01-04T10:00:00Z\n"
)

func TestDiscoverFindsTheNarrowestTypes(t *testing.T) {
	csv := file(t, "people.csv", "\xef\xbb\xbfid,code,price,ok,born,seen,local,note,empty\n"+
		"1,007,1.5,true,2001-02-03,2026-01-01T10:00:00Z,2026-01-01 10:00:00,x,\n"+
		"2,010,2,false,2001-02-04,2026-01-01T10:00:00+02:00,2026-01-01 10:00:01,7,\n")
	jsonl := file(t, "people.jsonl", `{"id": 1, "price": 1, "tags": ["a"], "address": {"city": "x"}, "mixed": 1}`+"\n"+
		`{"id": 2, "price": 2.5, "tags": null, "address": null, "mixed": "a", "late": true}`+"\n")
	const (
		i, n, s, b = airbytetest.IntegerField, airbytetest.NumberField, airbytetest.StringField, airbytetest.BooleanField
	)
	for name, c := range map[string]struct {
		source airbytetest.Connector
		want   []airbytetest.Field
	}{
		"csv": {csv, []airbytetest.Field{
			{Name: "id", Type: i}, {Name: "code", Type: s}, {Name: "price", Type: n}, {Name: "ok", Type: b}, {Name: "born", Type: airbytetest.DateField},
			{Name: "seen", Type: airbytetest.TimestampWithZoneField}, {Name: "local", Type: airbytetest.TimestampField}, {Name: "note", Type: s}, {Name: "empty", Type: airbytetest.UnknownField},
		}},
		"jsonl": {jsonl, []airbytetest.Field{
			{Name: "id", Type: i}, {Name: "price", Type: n}, {Name: "tags", Type: airbytetest.ArrayField}, {Name: "address", Type: airbytetest.ObjectField},
			{Name: "mixed", Type: s}, {Name: "late", Type: b},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			streams, err := (&airbytetest.SQLMover{}).Discover(t.Context(), c.source)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, streams[0].Fields); diff != "" {
				t.Errorf("fields (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDiscoverRefusesWhatItCannotRead(t *testing.T) {
	with := func(values map[string]any) airbytetest.Connector {
		return airbytetest.Connector{Type: "file", Configuration: values}
	}
	for name, source := range map[string]airbytetest.Connector{
		"no url":            with(map[string]any{}),
		"a missing file":    with(map[string]any{"url": filepath.Join(t.TempDir(), "gone.csv")}),
		"a foreign format":  with(map[string]any{"url": "data.xlsx", "format": "excel"}),
		"a foreign storage": with(map[string]any{"url": "s3://b/data.csv", "provider": map[string]any{"storage": "S3"}}),
		"broken csv":        file(t, "b.csv", "a,b\n1,2,3\n"),
		"broken json":       file(t, "b.jsonl", "{\"a\": 1}\n{\"a\": "),
		"an empty file":     file(t, "e.csv", ""),
		"a faker of none":   {Type: "faker", Configuration: map[string]any{"count": 0.5}},
		"a foreign source":  {Type: "stripe"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := (&airbytetest.SQLMover{}).Discover(t.Context(), source); !errors.Is(err, airbytetest.ErrConfiguration) {
				t.Errorf("err = %v, want a configuration error", err)
			}
		})
	}
}

// Whoever has to mend a file is told which one, where, and what is wrong.
func TestDiscoverSaysWhatIsWrongWithAFile(t *testing.T) {
	for text, want := range map[string]string{
		"a,b\n1,2\n1,2,3\n":                   "people.csv: record on line 3: wrong number of fields",
		"a,b\n\"1\n1\",2\n\n1\n":              "people.csv: record on line 5: wrong number of fields",
		"a,b\n1,x\"y\n":                       "people.csv: parse error on line 2, column 4: bare",
		"a,b\n1,\"x\n2,3\n":                   "people.csv: record on line 2; parse error on line 3",
		"a,b\n1,x\n2,Andr\xe9\n":              "people.csv: record on line 3: field 2: encoding: invalid UTF-8",
		"a,Stra\xdfe\n1,x\n":                  "people.csv: record on line 1: field 2: encoding: invalid UTF-8",
		"\xff\xfea\x00,\x00b\x00\n\x00":       "people.csv: record on line 1: field 1: encoding: invalid UTF-8",
		"{\"a\": 1}\n{\"a\": }\n":             "people.jsonl, record 2: invalid character '}'",
		"{\"a\": 1}\n{\"a\": 1":               "people.jsonl, record 2: unexpected EOF",
		"{\"a\": 1}\n\n[1]\n":                 "people.jsonl, record 2: a JSON object is needed",
		"{\"a\": 1}\n{\"a\": \"Andr\xe9\"}\n": "people.jsonl, record 2: encoding: invalid UTF-8",
	} {
		name := "people.csv"
		if strings.HasPrefix(text, "{") {
			name = "people.jsonl"
		}
		_, err := (&airbytetest.SQLMover{}).Discover(t.Context(), file(t, name, text))
		if !errors.Is(err, airbytetest.ErrConfiguration) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v; want it to say %q", text, err, want)
		}
	}
}

func TestFullRefreshOverwriteReplaces(t *testing.T) {
	each(t, func(t *testing.T, m *airbytetest.SQLMover, d database) {
		source := file(t, "people.csv", monday)
		s := &airbytetest.PlannedStream{SyncMode: airbytetest.FullRefreshOverwrite, GenerationID: 1, MinimumGenerationID: 1}
		result, err := attempt(t, m, 11, source, d, s, nil)
		if err != nil || result.Rows != 3 || result.Bytes <= 0 {
			t.Fatalf("Move = %+v, %v; want 3 rows", result, err)
		}
		rewrite(t, source.Configuration["url"].(string), tuesday)
		// An attempt that fails leaves the table as it was.
		s.GenerationID, s.MinimumGenerationID = 2, 2
		result, err = attempt(t, m, 12, source, d, s, &airbytetest.Fail{AfterRows: 3, Reason: "the disk is full"})
		if err == nil || !strings.Contains(err.Error(), "the disk is full") || result.Rows != 3 {
			t.Fatalf("Move = %+v, %v; want the failure after 3 rows", result, err)
		}
		names := `SELECT name FROM "` + d.schema + `".people ORDER BY id`
		if diff := cmp.Diff([]string{"Ada", "Bo", "Chidi"}, d.query(t, names)); diff != "" {
			t.Errorf("after the failed attempt (-want +got):\n%s", diff)
		}
		if _, err := attempt(t, m, 12, source, d, s, nil); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"Ada", "Bob", "Chidi", "Dara"}, d.query(t, names)); diff != "" {
			t.Errorf("after the next attempt (-want +got):\n%s", diff)
		}
	})
}

func TestAppendKeepsWhatAFailedAttemptCommitted(t *testing.T) {
	each(t, func(t *testing.T, m *airbytetest.SQLMover, d database) {
		source := file(t, "people.csv", monday)
		s := &airbytetest.PlannedStream{SyncMode: airbytetest.FullRefreshAppend, GenerationID: 1}
		if _, err := attempt(t, m, 11, source, d, s, &airbytetest.Fail{AfterRows: 2, Reason: "lost the connection"}); err == nil {
			t.Fatal("the attempt did not fail")
		}
		if _, err := attempt(t, m, 11, source, d, s, nil); err != nil {
			t.Fatal(err)
		}
		got := d.query(t, `SELECT name, count(*) FROM "`+d.schema+`".people GROUP BY name ORDER BY name`)
		if diff := cmp.Diff([]string{"Ada|2", "Bo|2", "Chidi|1"}, got); diff != "" {
			t.Errorf("rows (-want +got):\n%s", diff)
		}
	})
}

func TestIncrementalAppendReadsFromItsCursor(t *testing.T) {
	each(t, func(t *testing.T, m *airbytetest.SQLMover, d database) {
		source := file(t, "people.csv", monday)
		s := &airbytetest.PlannedStream{SyncMode: airbytetest.IncrementalAppend, CursorField: []string{"updated_at"}}
		for job, want := range []int64{3, 0} {
			if result, err := attempt(t, m, int64(job), source, d, s, nil); err != nil || result.Rows != want {
				t.Fatalf("sync %d: %d rows, %v; want %d", job, result.Rows, err, want)
			}
		}
		rewrite(t, source.Configuration["url"].(string), tuesday)
		if result, err := attempt(t, m, 77, source, d, s, nil); err != nil || result.Rows != 2 {
			t.Fatalf("%d rows, %v; want the 2 that changed", result.Rows, err)
		}
		sync := `json_extract_string(_airbyte_meta, '$.sync_id')`
		if d.connector.Type == "postgres" {
			sync = `_airbyte_meta->>'sync_id'`
		}
		got := d.query(t, `SELECT name, age FROM "`+d.schema+`".people WHERE `+sync+` = '77' ORDER BY id`)
		if diff := cmp.Diff([]string{"Bob|29", "Dara|50"}, got); diff != "" {
			t.Errorf("rows of the last sync (-want +got):\n%s", diff)
		}
	})
}

func TestDedupedHistoryKeepsOneRowPerKey(t *testing.T) {
	each(t, func(t *testing.T, m *airbytetest.SQLMover, d database) {
		source := file(t, "people.csv", monday+"3,Chidi the elder,40,2020-01-01T10:00:00Z\n")
		s := &airbytetest.PlannedStream{
			SyncMode: airbytetest.IncrementalDedupedHistory, CursorField: []string{"updated_at"}, PrimaryKey: [][]string{{"id"}},
		}
		if _, err := attempt(t, m, 1, source, d, s, nil); err != nil {
			t.Fatal(err)
		}
		rewrite(t, source.Configuration["url"].(string), tuesday)
		if _, err := attempt(t, m, 2, source, d, s, nil); err != nil {
			t.Fatal(err)
		}
		got := d.query(t, `SELECT id, name, age FROM "`+d.schema+`".people ORDER BY id`)
		if diff := cmp.Diff([]string{"1|Ada|36", "2|Bob|29", "3|Chidi|41", "4|Dara|50"}, got); diff != "" {
			t.Errorf("rows (-want +got):\n%s", diff)
		}
		s.PrimaryKey = nil
		if _, err := attempt(t, m, 3, source, d, s, nil); !errors.Is(err, airbytetest.ErrConfiguration) {
			t.Errorf("without a key: %v, want a configuration error", err)
		}
	})
}

func TestTheTableFollowsTheStream(t *testing.T) {
	each(t, func(t *testing.T, m *airbytetest.SQLMover, d database) {
		source := file(t, "people.csv", "id,age\n1,36\n")
		s := &airbytetest.PlannedStream{SyncMode: airbytetest.FullRefreshAppend}
		if _, err := attempt(t, m, 1, source, d, s, nil); err != nil {
			t.Fatal(err)
		}
		rewrite(t, source.Configuration["url"].(string), "id,age,city\n2,unknown,Oslo\n")
		if _, err := attempt(t, m, 2, source, d, s, nil); err != nil {
			t.Fatal(err)
		}
		got := d.query(t, `SELECT id, age, city FROM "`+d.schema+`".people ORDER BY id`)
		if diff := cmp.Diff([]string{"1|36|NULL", "2|unknown|Oslo"}, got); diff != "" {
			t.Errorf("rows (-want +got):\n%s", diff)
		}
	})
}

func TestNamesAreTheDestinations(t *testing.T) {
	each(t, func(t *testing.T, m *airbytetest.SQLMover, d database) {
		long := strings.Repeat("long", 20)
		source := file(t, "people.csv", "Full Name,id\nAda,1\n")
		for _, target := range []airbytetest.StreamKey{{Name: "raw_People"}, {Namespace: d.schema + "_other", Name: "People 2"}, {Name: long}} {
			for range 2 { // the second sync meets the table of the first
				s := &airbytetest.PlannedStream{SyncMode: airbytetest.FullRefreshOverwrite, Target: target}
				if _, err := attempt(t, m, 1, source, d, s, nil); err != nil {
					t.Fatal(err)
				}
			}
			place, err := warehouse.NewDestination(warehouse.Definition{ID: d.connector.DefinitionID}, d.connector.Configuration)
			if err != nil {
				t.Fatal(err)
			}
			name, err := place.Name(warehouse.Stream{Name: target.Name, Namespace: target.Namespace}, warehouse.Placement{NamespaceDefinition: warehouse.NamespaceSource})
			if err != nil {
				t.Fatal(err)
			}
			columns := d.query(t, fmt.Sprintf("SELECT column_name FROM information_schema.columns WHERE table_schema = '%s' AND table_name = '%s' ORDER BY ordinal_position", name.Schema, name.Table))
			want := append([]string{place.Column("Full Name"), place.Column("id")}, place.MetaColumns().Names()...)
			if diff := cmp.Diff(want, columns); diff != "" {
				t.Errorf("columns of %s (-want +got):\n%s", name, diff)
			}
			if name.Schema != d.schema {
				d.query(t, `DROP SCHEMA "`+name.Schema+`" CASCADE`)
			}
		}
	})
}

func TestClearEmptiesTheTable(t *testing.T) {
	each(t, func(t *testing.T, m *airbytetest.SQLMover, d database) {
		source := file(t, "people.csv", monday)
		stream := airbytetest.PlannedStream{
			Stream: airbytetest.Stream{Name: "people"}, Target: airbytetest.StreamKey{Name: "people"}, SyncMode: airbytetest.FullRefreshAppend,
		}
		clearing := airbytetest.Plan{JobID: 2, Clear: true, Source: source, Destination: d.connector, Streams: []airbytetest.PlannedStream{stream}}
		if _, err := m.Move(t.Context(), clearing); err != nil {
			t.Fatalf("before there is a table: %v", err)
		}
		if _, err := attempt(t, m, 1, source, d, &stream, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := m.Move(t.Context(), clearing); err != nil {
			t.Fatal(err)
		}
		if got := d.query(t, `SELECT count(*) FROM "`+d.schema+`".people`); !slices.Equal(got, []string{"0"}) {
			t.Errorf("%v rows after the clear, want 0", got)
		}
	})
}

func TestJSONAndSampleData(t *testing.T) {
	each(t, func(t *testing.T, m *airbytetest.SQLMover, d database) {
		m.CommitRows = 500
		source := airbytetest.Connector{ID: "s2", Type: "faker", Configuration: map[string]any{"count": 250.0}}
		streams, err := m.Discover(t.Context(), source)
		if err != nil {
			t.Fatal(err)
		}
		plan := airbytetest.Plan{JobID: 1, Source: source, Destination: d.connector, Progress: func(airbytetest.StreamKey, int64, int64) {}}
		for _, s := range streams {
			plan.Streams = append(plan.Streams, airbytetest.PlannedStream{
				Stream: s, Target: s.Key(), SyncMode: airbytetest.IncrementalDedupedHistory, CursorField: s.SourceDefinedCursor, PrimaryKey: s.SourceDefinedPrimaryKey,
			})
		}
		result, err := m.Move(t.Context(), plan)
		if err != nil || result.Rows != 250+100+250 || len(result.State) != 3 {
			t.Fatalf("Move = %+v, %v; want 600 rows and three states", result, err)
		}
		users := d.query(t, `SELECT CAST(address AS varchar) FROM "`+d.schema+`".users ORDER BY id LIMIT 1`)
		var address struct {
			City string `json:"city"`
		}
		if err := json.Unmarshal([]byte(users[0]), &address); err != nil || address.City == "" {
			t.Errorf("address = %s, %v; want an object with a city", users[0], err)
		}
		again, err := m.Move(t.Context(), plan)
		if err != nil || again.Bytes != result.Bytes {
			t.Errorf("the same seed gave %d bytes, then %d (%v)", result.Bytes, again.Bytes, err)
		}
	})
}

func TestACancelledContextStopsTheMove(t *testing.T) {
	each(t, func(t *testing.T, m *airbytetest.SQLMover, d database) {
		ctx, cancel := context.WithCancelCause(t.Context())
		enough := errors.New("enough")
		stream := airbytetest.PlannedStream{Stream: airbytetest.Stream{Name: "users"}, Target: airbytetest.StreamKey{Name: "users"}, SyncMode: airbytetest.FullRefreshAppend}
		result, err := m.Move(ctx, airbytetest.Plan{
			Source: airbytetest.Connector{Type: "faker", Configuration: map[string]any{"count": 1e6}}, Destination: d.connector,
			Streams:  []airbytetest.PlannedStream{stream},
			Progress: func(airbytetest.StreamKey, int64, int64) { cancel(enough) },
		})
		if err == nil || result.Rows > 10 {
			t.Errorf("Move = %+v, %v; want it to stop after the first commit", result.Rows, err)
		}
	})
}
