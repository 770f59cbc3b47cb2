package warehouse

import (
	"errors"
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
	}
	for _, test := range tests {
		s := &statement{dialect: dialect{test.kind}}
		got, err := s.rewrite(test.in, make([]any, test.args))
		if err != nil || got != test.want || len(s.args) != test.args {
			t.Errorf("%s: %q: got %q, %d arguments, %v; want %q", test.kind, test.in, got, len(s.args), err, test.want)
		}
	}
	for _, bad := range []string{"", " \n", "a = ?", "a /* = 1"} {
		s := &statement{dialect: dialect{Postgres}}
		if got, err := s.rewrite(bad, nil); !errors.Is(err, ErrInput) {
			t.Errorf("%q: %q, %v", bad, got, err)
		}
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
