package warehouse

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestRewrite(t *testing.T) {
	tests := []struct {
		kind     Kind
		in, want string
		args     int
	}{
		{Postgres, "a = ? AND b = ?", "a = $1 AND b = $2", 2},
		{MSSQL, "a = ? AND b = ?", "a = @p1 AND b = @p2", 2},
		{Snowflake, "a = ?", "a = ?", 1},
		{Postgres, "j ?? 'k' AND a = ?", "j ? 'k' AND a = $1", 1},
		{Postgres, `'it''s ?' = ? AND "c?" = ?`, `'it''s ?' = $1 AND "c?" = $2`, 2},
		{Postgres, `'back\' = ?`, `'back\' = $1`, 1},
		{BigQuery, `'back\' ?' = ?`, `'back\' ?' = ?`, 1},
		{MySQL, "`a?` = ? AND 'x\\'?' = ?", "`a?` = ? AND 'x\\'?' = ?", 2},
		{Postgres, "a = ? -- why?\n AND b = ?", "a = $1 -- why?\n AND b = $2", 2},
		{Postgres, "a = ? -- the end", "a = $1 -- the end\n", 1},
		{Postgres, "a /* ? ' */ = ?", "a /* ? ' */ = $1", 1},
		{Postgres, "a = 'open ?", "a = 'open ?", 0},
		{Postgres, "a = ? -- why?\n", "a = $1 -- why?\n", 1},
		{Postgres, "/**/a = ?", "/**/a = $1", 1},
		{Postgres, "/*/ ? */a = ?", "/*/ ? */a = $1", 1},
		{Postgres, `''||? = a`, `''||$1 = a`, 1},
		// A backslash escapes where the engine says so: what looks like a parameter after it is text.
		{Postgres, `'\' = ? AND b = '?'`, `'\' = $1 AND b = '?'`, 1},
		{DuckDB, `'\' = ? AND b = '?'`, `'\' = ? AND b = '?'`, 1},
		{BigQuery, `'\' = ? AND b = '`, `'\' = ? AND b = '`, 0},
		{BigQuery, `"\" = ? AND b = "`, `"\" = ? AND b = "`, 0},
		{ClickHouse, `'\' = ? AND b = '`, `'\' = ? AND b = '`, 0},
		{MySQL, `'\' = ? AND b = '`, `'\' = ? AND b = '`, 0},
		{Databricks, `'\' = ? AND b = '`, `'\' = ? AND b = '`, 0},
		{Snowflake, `'\' = ? AND b = '`, `'\' = ? AND b = '`, 0},
		{Snowflake, `"\" = ? AND b = "?"`, `"\" = ? AND b = "?"`, 1},
		{BigQuery, `'\\' = ?`, `'\\' = ?`, 1},
	}
	for _, test := range tests {
		s := &statement{dialect: dialect{test.kind}}
		got, err := s.rewrite(test.in, make([]any, test.args))
		if err != nil || got != test.want || len(s.args) != test.args {
			t.Errorf("%s: %q: got %q, %d arguments, %v; want %q", test.kind, test.in, got, len(s.args), err, test.want)
		}
	}
	for bad, says := range map[string]string{"": "is empty", " \n": "is empty", "a = ?": "more question marks than the 0 arguments", "a /* = 1": "comment that does not end", "a /*/": "comment that does not end"} {
		s := &statement{dialect: dialect{Postgres}}
		if got, err := s.rewrite(bad, nil); !errors.Is(err, ErrInput) || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %q, %v; want it to say %q", bad, got, err, says)
		}
	}
	s := &statement{dialect: dialect{Postgres}}
	if got, err := s.rewrite("a = ?", []any{1, 2}); !errors.Is(err, ErrInput) || !strings.Contains(err.Error(), "1 question marks for 2 arguments") {
		t.Errorf("%q, %v", got, err)
	}
}

// TestRewriteAnything never panics, never loses text, and binds each argument
// once.
func TestRewriteAnything(t *testing.T) {
	parts := rapid.SliceOf(rapid.SampledFrom([]string{"'", `"`, "`", `\`, "?", "??", "--", "/*", "*/", "\n", "a = 1", " ", "é", ";"}))
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom([]Kind{Postgres, BigQuery, MySQL, DuckDB}).Draw(t, "kind")
		in := strings.Join(parts.Draw(t, "parts"), "")
		for n := range 8 {
			s := &statement{dialect: dialect{kind}}
			got, err := s.rewrite(in, make([]any, n))
			if err != nil {
				continue
			}
			if len(s.args) != n {
				t.Fatalf("%q: bound %d of %d", in, len(s.args), n)
			}
			letters := func(s string) int { return strings.Count(s, "a = 1") + strings.Count(s, "é") }
			if letters(got) != letters(in) {
				t.Fatalf("%q became %q", in, got)
			}
		}
	})
}

// TestFilters pins the conditions, and what is refused before the database sees it.
func TestFilters(t *testing.T) {
	build := func(f Filter) (string, []any, error) {
		s := &statement{dialect: dialect{Postgres}, table: &Table{columns: []Column{{Name: "a"}, {Name: "b"}}}}
		text, err := f.sql(s)
		return text, s.args, err
	}
	for _, test := range []struct {
		filter Filter
		want   string
		args   []any
	}{
		{Equal("a", 1), `"a" = $1`, []any{1}},
		{Equal("a", nil), `"a" IS NULL`, nil},
		{NotEqual("a", 1), `"a" <> $1`, []any{1}},
		{NotEqual("a", nil), `"a" IS NOT NULL`, nil},
		{Less("a", 1), `"a" < $1`, []any{1}},
		{AtMost("a", 1), `"a" <= $1`, []any{1}},
		{Greater("a", 1), `"a" > $1`, []any{1}},
		{AtLeast("a", 1), `"a" >= $1`, []any{1}},
		{In("a", 1, 2), `"a" IN ($1, $2)`, []any{1, 2}},
		{In[int]("a"), `1 = 0`, nil},
		{Any(), `1 = 0`, nil},
		{Any(Equal("a", 1)), `("a" = $1)`, []any{1}},
		{Any(Equal("a", 1), Not(Any(IsNull("b"), Less("b", 2)))), `("a" = $1) OR (NOT (("b" IS NULL) OR ("b" < $2)))`, []any{1, 2}},
	} {
		text, args, err := build(test.filter)
		if err != nil || strings.ReplaceAll(text, "t.", "") != test.want || !slices.Equal(args, test.args) {
			t.Errorf("%s %v, %v; want %s %v", text, args, err, test.want, test.args)
		}
	}
	for says, filter := range map[string]Filter{
		`"c"`:                             Equal("c", 1),
		`"d"`:                             In("d", 1),
		`"e"`:                             In[int]("e"),
		`"f"`:                             IsNull("f"),
		`"g"`:                             Not(NotNull("g")),
		`"h"`:                             Any(Equal("a", 1), Less("h", 1)),
		"is the zero Filter":              Not(Filter{}),
		`filter on "a" compares with nil`: AtLeast("a", nil),
	} {
		if text, _, err := build(filter); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s, %v; want an error that says %s", text, err, says)
		}
	}
}
