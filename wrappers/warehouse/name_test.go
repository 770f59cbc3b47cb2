package warehouse

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// TestJavaVectors compares the rules with what the Java standard library
// answers for the same steps; testdata/JavaNames.java wrote the file.
func TestJavaVectors(t *testing.T) {
	data, err := os.ReadFile("testdata/java_names.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct {
		In, Alnum, Postgres3, Postgres2, Redshift, Databricks, Upper string
		Hash                                                         int32
	}
	if err := json.Unmarshal(data, &vectors); err != nil {
		t.Fatal(err)
	}
	if len(vectors) < 100 {
		t.Fatalf("only %d vectors", len(vectors))
	}
	for _, v := range vectors {
		if got := javaHash(v.In); got != v.Hash {
			t.Errorf("javaHash(%q) = %d, want %d", v.In, got, v.Hash)
		}
		for _, c := range []struct {
			rule string
			f    func(string) string
			want string
		}{
			{"alphanumeric", alphanumeric, v.Alnum},
			{"postgres3", postgres3, v.Postgres3},
			{"postgres2", postgres2, v.Postgres2},
			{"redshift4", redshift4, v.Redshift},
			{"databricks4", databricks4, v.Databricks},
			{"javaUpper", javaUpper, v.Upper},
		} {
			if got := c.f(v.In); got != c.want {
				t.Errorf("%s(%q) = %q, want %q", c.rule, v.In, got, c.want)
			}
		}
	}
}

func TestJavaHashSmallest(t *testing.T) {
	// The classic string whose hash is the smallest int32: its absolute value
	// is itself, so the base-36 suffix of Postgres 2 has a minus sign.
	if got := javaHash("polygenelubricants"); got != -1<<31 {
		t.Fatalf("got %d", got)
	}
}

func TestJavaHashIsOverUTF16(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "s")
		var want int32
		for _, u := range utf16.Encode([]rune(s)) {
			want = want*31 + int32(u)
		}
		if got := javaHash(s); got != want {
			t.Fatalf("javaHash(%q) = %d, want %d", s, got, want)
		}
	})
}

func TestName(t *testing.T) {
	long := strings.Repeat("a", 70)
	type in struct {
		dest      Destination
		stream    Stream
		placement Placement
	}
	source := Placement{NamespaceDefinition: NamespaceSource}
	custom := func(format string) Placement {
		return Placement{NamespaceDefinition: NamespaceCustom, NamespaceFormat: format}
	}
	tests := []struct {
		name string
		in   in
		want QualifiedTable
	}{
		{"snowflake upper", in{Destination{Kind: Snowflake, Database: "analytics", Schema: "public"}, Stream{Name: "my users"}, Placement{Prefix: "raw_"}},
			QualifiedTable{Database: "ANALYTICS", Schema: "PUBLIC", Table: "RAW_MY USERS"}},
		{"snowflake bigram", in{Destination{Kind: Snowflake, Major: 4, Database: "D", Schema: "s"}, Stream{Name: "a${b}"}, Placement{}},
			QualifiedTable{Database: "D", Schema: "S", Table: "A__B_"}},
		{"snowflake dollar alone and quotes stay", in{Destination{Kind: Snowflake, Schema: "s"}, Stream{Name: `a$b"c`}, Placement{}},
			QualifiedTable{Schema: "S", Table: `A$B"C`}},
		{"snowflake sharp s", in{Destination{Kind: Snowflake, Schema: "s"}, Stream{Name: "straße"}, Placement{}},
			QualifiedTable{Schema: "S", Table: "STRASSE"}},
		{"snowflake raw only", in{Destination{Kind: Snowflake, Database: "d", Schema: "Pub", RawTablesOnly: true}, Stream{Name: "my__users"}, Placement{}},
			QualifiedTable{Database: "D", Schema: "airbyte_internal", Table: "Pub_raw___stream_my__users"}},
		{"bigquery keeps case", in{Destination{Kind: BigQuery, Database: "proj-1", Schema: "Data_Set"}, Stream{Name: "My Users"}, Placement{}},
			QualifiedTable{Database: "proj-1", Schema: "Data_Set", Table: "My_Users"}},
		{"bigquery table digit", in{Destination{Kind: BigQuery, Database: "p", Schema: "99namespace"}, Stream{Name: "9users"}, Placement{}},
			QualifiedTable{Database: "p", Schema: "99namespace", Table: "_9users"}},
		{"bigquery hidden dataset", in{Destination{Kind: BigQuery, Schema: "x"}, Stream{Name: "u", Namespace: "_namespace"}, source},
			QualifiedTable{Schema: "n_namespace", Table: "u"}},
		{"bigquery raw only", in{Destination{Kind: BigQuery, Schema: "ds", RawTablesOnly: true, RawSchema: "raw_ds"}, Stream{Name: "u-v"}, Placement{}},
			QualifiedTable{Schema: "raw_ds", Table: "ds_raw__stream_u_v"}},
		{"postgres 3 keeps case", in{Destination{Kind: Postgres, Database: "db"}, Stream{Name: "Users"}, Placement{}},
			QualifiedTable{Database: "db", Schema: "public", Table: "Users"}},
		{"postgres 3 digit", in{Destination{Kind: Postgres}, Stream{Name: "users"}, Placement{Prefix: "1"}},
			QualifiedTable{Schema: "public", Table: "_1users"}},
		{"postgres 3 long", in{Destination{Kind: Postgres}, Stream{Name: long}, Placement{}},
			QualifiedTable{Schema: "public", Table: postgres3(long)}},
		{"postgres 3 raw only", in{Destination{Kind: Postgres, Schema: "Pub", RawTablesOnly: true}, Stream{Name: "My Users"}, Placement{}},
			QualifiedTable{Schema: "airbyte_internal", Table: "pub_raw__stream_my_users"}},
		{"postgres 2 leading digit stays", in{Destination{Kind: Postgres, Major: 2, Schema: "s"}, Stream{Name: "1 x"}, Placement{}},
			QualifiedTable{Schema: "s", Table: "1_x"}},
		{"postgres 2 long", in{Destination{Kind: Postgres, Major: 2}, Stream{Name: long}, Placement{}},
			QualifiedTable{Schema: "public", Table: postgres2(long)}},
		{"postgres 2 raw only", in{Destination{Kind: Postgres, Major: 2, Schema: "s", RawTablesOnly: true, RawSchema: "Raw"}, Stream{Name: "U"}, Placement{}},
			QualifiedTable{Schema: "raw", Table: "s_raw__stream_u"}},
		// The hash of a long name is of the name as it is, of version 2, and of the lower case of it, of version 3.
		{"postgres 2 raw only, long", in{Destination{Kind: Postgres, Major: 2, Schema: "s", RawTablesOnly: true, RawSchema: long}, Stream{Name: long}, Placement{}},
			QualifiedTable{Schema: strings.ToLower(postgres2(long)), Table: strings.ToLower(postgres2("s_raw__stream_" + long))}},
		{"postgres 3 raw only, long", in{Destination{Kind: Postgres, Schema: "s", RawTablesOnly: true, RawSchema: long}, Stream{Name: long}, Placement{}},
			QualifiedTable{Schema: postgres3(strings.ToLower(long)), Table: postgres3(strings.ToLower("s_raw__stream_" + long))}},
		{"custom, as the Config API spells it", in{Destination{Kind: Postgres, Schema: "def"}, Stream{Name: "u", Namespace: "src"}, Placement{NamespaceDefinition: "customformat", NamespaceFormat: "x_${SOURCE_NAMESPACE}"}},
			QualifiedTable{Schema: "x_src", Table: "u"}},
		{"duckdb ignores namespaces", in{Destination{Kind: DuckDB, Database: "m"}, Stream{Name: "u", Namespace: "other"}, source},
			QualifiedTable{Database: "m", Schema: "main", Table: "u"}},
		{"redshift lower", in{Destination{Kind: Redshift, Schema: "Public"}, Stream{Name: "My Users"}, Placement{}},
			QualifiedTable{Schema: "public", Table: "my_users"}},
		{"databricks lower", in{Destination{Kind: Databricks, Database: "Cat"}, Stream{Name: "My Users", Namespace: "Src"}, source},
			QualifiedTable{Database: "Cat", Schema: "src", Table: "my_users"}},
		{"databricks default schema", in{Destination{Kind: Databricks, Database: "cat"}, Stream{Name: "u"}, Placement{}},
			QualifiedTable{Database: "cat", Schema: "default", Table: "u"}},
		{"clickhouse keeps case", in{Destination{Kind: ClickHouse, Major: 2, Schema: "Db"}, Stream{Name: "My-Users"}, Placement{}},
			QualifiedTable{Schema: "Db", Table: "My_Users"}},
		{"duckdb lower", in{Destination{Kind: DuckDB, Database: "dest"}, Stream{Name: "My Users"}, Placement{Prefix: "1-"}},
			QualifiedTable{Database: "dest", Schema: "main", Table: "_1_my_users"}},
		{"duckdb no accents", in{Destination{Kind: DuckDB}, Stream{Name: "Café"}, Placement{}},
			QualifiedTable{Schema: "main", Table: "caf_"}},
		{"motherduck ignores namespaces", in{Destination{Kind: MotherDuck, Database: "m", Schema: "S1"}, Stream{Name: "u", Namespace: "other"}, source},
			QualifiedTable{Database: "m", Schema: "S1", Table: "u"}},
		{"source namespace missing", in{Destination{Kind: Postgres, Schema: "def"}, Stream{Name: "u"}, source},
			QualifiedTable{Schema: "def", Table: "u"}},
		{"destination ignores the source's", in{Destination{Kind: Postgres, Schema: "def"}, Stream{Name: "u", Namespace: "src"}, Placement{NamespaceDefinition: NamespaceDestination}},
			QualifiedTable{Schema: "def", Table: "u"}},
		{"custom", in{Destination{Kind: Postgres, Schema: "def"}, Stream{Name: "u", Namespace: "src"}, custom("x_${SOURCE_NAMESPACE}_y")},
			QualifiedTable{Schema: "x_src_y", Table: "u"}},
		{"custom without source namespace", in{Destination{Kind: Postgres, Schema: "def"}, Stream{Name: "u"}, custom("x_${SOURCE_NAMESPACE}")},
			QualifiedTable{Schema: "x_", Table: "u"}},
		{"custom blank", in{Destination{Kind: Postgres, Schema: "def"}, Stream{Name: "u"}, custom(" ${SOURCE_NAMESPACE} ")},
			QualifiedTable{Schema: "def", Table: "u"}},
		{"blank prefix", in{Destination{Kind: Postgres}, Stream{Name: "u"}, Placement{Prefix: "  "}},
			QualifiedTable{Schema: "public", Table: "u"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := test.in.dest.Name(test.in.stream, test.in.placement)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got, cmpopts.IgnoreFields(QualifiedTable{}, "Reasons")); diff != "" {
				t.Errorf("(-want +got)\n%s\n%s", diff, got.Explain())
			}
			if len(got.Reasons) < 3 {
				t.Errorf("reasons: %q", got.Reasons)
			}
		})
	}
}

func TestNameErrors(t *testing.T) {
	tests := []struct {
		name      string
		dest      Destination
		stream    Stream
		placement Placement
		is        error
		says      string
	}{
		{"empty stream", Destination{Kind: Postgres}, Stream{}, Placement{}, ErrInput, "stream name is empty"},
		{"namespace definition", Destination{Kind: Postgres}, Stream{Name: "u"}, Placement{NamespaceDefinition: "x"}, ErrInput, `"x"`},
		{"unknown kind", Destination{Kind: "s3"}, Stream{Name: "u"}, Placement{}, ErrUnsupported, "snowflake 4"},
		{"old major", Destination{Kind: Snowflake, Major: 3}, Stream{Name: "u"}, Placement{}, ErrUnsupported, "snowflake 4"},
		{"mssql", Destination{Kind: MSSQL, Schema: "dbo"}, Stream{Name: "u"}, Placement{}, ErrUnsupported, "postgres 3/2"},
		{"no schema", Destination{Kind: Snowflake}, Stream{Name: "u"}, Placement{}, ErrInput, "schema"},
		{"duckdb schema", Destination{Kind: DuckDB, Schema: "a b"}, Stream{Name: "u"}, Placement{}, ErrInput, `"a b"`},
		{"duckdb underscores", Destination{Kind: DuckDB}, Stream{Name: "日本"}, Placement{}, ErrInput, "日本"},
		{"marks only", Destination{Kind: Postgres}, Stream{Name: "\u0301"}, Placement{}, ErrInput, "nothing left"},
		{"motherduck schema", Destination{Kind: MotherDuck, Schema: "a-b"}, Stream{Name: "u"}, Placement{}, ErrInput, "motherduck destination has characters"},
		{"namespace of marks only", Destination{Kind: Postgres}, Stream{Name: "u", Namespace: "\u0301"}, Placement{NamespaceDefinition: NamespaceSource}, ErrInput, "namespace"},
		{"raw name of marks only", Destination{Kind: Postgres, RawTablesOnly: true, RawSchema: "\u0301"}, Stream{Name: "u"}, Placement{}, ErrInput, "nothing left"},
		{"redshift raw", Destination{Kind: Redshift, RawTablesOnly: true}, Stream{Name: "u"}, Placement{}, ErrUnsupported, "disable_type_dedupe"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := test.dest.Name(test.stream, test.placement)
			if !errors.Is(err, test.is) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v, %v; want %v saying %q", got, err, test.is, test.says)
			}
		})
	}
}

func TestColumn(t *testing.T) {
	long := strings.Repeat("Ab", 40)
	tests := []struct {
		dest        Destination
		field, want string
	}{
		{Destination{Kind: Snowflake}, "created at", "CREATED AT"},
		{Destination{Kind: BigQuery}, "Created-At", "Created_At"},
		{Destination{Kind: BigQuery}, "1st", "_1st"},
		{Destination{Kind: Postgres}, "Created At", "Created_At"},
		{Destination{Kind: Postgres}, long, postgres3(long)},
		{Destination{Kind: Postgres, Major: 2}, long, postgres2(long)},
		{Destination{Kind: Redshift}, "Created At", "created_at"},
		{Destination{Kind: Databricks}, "Created At", "Created_At"},
		{Destination{Kind: ClickHouse}, "1 Created", "_1_Created"},
		{Destination{Kind: DuckDB}, "Created-At", "created_at"},
		{Destination{Kind: DuckDB}, "\u212Aelvin \u0130", "kelvin_i_"},
		{Destination{Kind: DuckDB}, "%%", ""},
		{Destination{Kind: Postgres}, "", ""},
		{Destination{Kind: Postgres, RawTablesOnly: true}, "x", "_airbyte_data"},
	}
	for _, test := range tests {
		if got := test.dest.Column(test.field); got != test.want {
			t.Errorf("%v.Column(%q) = %q, want %q", test.dest, test.field, got, test.want)
		}
	}
}

func TestMetaColumns(t *testing.T) {
	tests := []struct {
		dest Destination
		want []string
	}{
		{Destination{Kind: Postgres}, []string{"_airbyte_raw_id", "_airbyte_extracted_at", "_airbyte_meta", "_airbyte_generation_id"}},
		{Destination{Kind: Snowflake}, []string{"_AIRBYTE_RAW_ID", "_AIRBYTE_EXTRACTED_AT", "_AIRBYTE_META", "_AIRBYTE_GENERATION_ID"}},
		{Destination{Kind: DuckDB}, []string{"_airbyte_raw_id", "_airbyte_extracted_at", "_airbyte_meta"}},
		{Destination{Kind: Snowflake, RawTablesOnly: true}, []string{"_airbyte_raw_id", "_airbyte_extracted_at", "_airbyte_meta", "_airbyte_generation_id", "_airbyte_loaded_at", "_airbyte_data"}},
	}
	for _, test := range tests {
		if diff := cmp.Diff(test.want, test.dest.MetaColumns().Names()); diff != "" {
			t.Errorf("%v (-want +got)\n%s", test.dest, diff)
		}
	}
}

// TestNamesAreValid checks what every rule promises, for any input.
func TestNamesAreValid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "s")
		for rule, c := range map[string]struct {
			f   func(string) string
			max int
		}{
			"postgres3": {postgres3, 63}, "postgres2": {postgres2, 59}, "redshift4": {redshift4, 127},
			"databricks4": {databricks4, 255}, "clickHouse2": {clickHouse2, 1 << 20}, "lowerCase": {lowerCase, 1 << 20},
			"bigQueryTable": {bigQueryTable, 1 << 20}, "bigQueryDataset": {bigQueryDataset, 1 << 20},
		} {
			once := c.f(s)
			if len(once) > c.max {
				t.Fatalf("%s(%q) has %d characters", rule, s, len(once))
			}
			for _, r := range once {
				if r != '_' && !isASCIIAlphanumeric(r) {
					t.Fatalf("%s(%q) = %q", rule, s, once)
				}
			}
			if twice := c.f(once); twice != once {
				t.Fatalf("%s is not idempotent: %q, %q", rule, once, twice)
			}
		}
	})
}

// TestReasons says why a table is where it is, step by step.
func TestReasons(t *testing.T) {
	for _, test := range []struct {
		dest      Destination
		stream    Stream
		placement Placement
		want      []string
	}{
		{Destination{Kind: DuckDB}, Stream{Name: "u", Namespace: "n"}, Placement{NamespaceDefinition: NamespaceSource}, []string{`no prefix, so the stream is "u"`, `source's namespace, "n"`, `ignores namespaces (here "n")`, `"main"`}},
		{Destination{Kind: Postgres}, Stream{Name: "u"}, Placement{NamespaceDefinition: NamespaceSource, Prefix: "p_"}, []string{`prefix "p_" makes stream "u" into "p_u"`, "the stream has none", `without a namespace, `, `"public"`}},
		{Destination{Kind: Postgres}, Stream{Name: "u"}, Placement{}, []string{"destination's default namespace"}},
		{Destination{Kind: Postgres}, Stream{Name: "u"}, Placement{NamespaceDefinition: NamespaceCustom, NamespaceFormat: "${SOURCE_NAMESPACE}"}, []string{"comes out blank"}},
		{Destination{Kind: Postgres}, Stream{Name: "u", Namespace: "n"}, Placement{NamespaceDefinition: NamespaceCustom, NamespaceFormat: "x${SOURCE_NAMESPACE}"}, []string{`gives "xn"`}},
		{Destination{Kind: Postgres, RawTablesOnly: true}, Stream{Name: "u"}, Placement{}, []string{`in the default schema "airbyte_internal"`, `_raw, underscores and stream_: "public_raw__stream_u"`}},
		{Destination{Kind: Postgres, RawTablesOnly: true, RawSchema: "r"}, Stream{Name: "u"}, Placement{}, []string{`in the configured schema "r"`}},
	} {
		got, err := test.dest.Name(test.stream, test.placement)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range test.want {
			if !strings.Contains(got.Explain(), want) {
				t.Errorf("%s\ndoes not say %s", got.Explain(), want)
			}
		}
	}
	by := Destination{Kind: Postgres, Schema: "s"}.At("", "t")
	if text := by.Explain(); by.Schema != "s" || !strings.Contains(text, "named by the caller") || !strings.Contains(text, "no schema given") {
		t.Errorf("%+v: %s", by, text)
	}
}
