package field

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func check(t *testing.T, want string, value any) {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	if string(text) != want {
		t.Errorf("encoded\n%s\nwant\n%s", text, want)
	}
}

func TestCombinations(t *testing.T) {
	a, b := KeywordField("a").Eq("1"), BooleanField("b").Eq(false)
	const ab = `[{"term":{"a":{"value":"1"}}},{"term":{"b":{"value":false}}}]`
	check(t, `{"bool":{"filter":`+ab+`}}`, All(a, b))
	check(t, `{"bool":{"must":`+ab+`}}`, Must(a, b))
	check(t, `{"bool":{"must_not":`+ab+`}}`, Not(a, b))
	check(t, `{"bool":{"minimum_should_match":1,"should":`+ab+`}}`, Any(a, b))
	check(t, `{"bool":{"minimum_should_match":2,"should":`+ab+`}}`, AtLeast(2, a, b))
	check(t, `{"match_none":{}}`, AtLeast(3, a, b))
	check(t, `{"match_none":{}}`, Any())
	for _, all := range []Query{All(), Must(), Not(), MatchAll()} {
		check(t, `{"match_all":{}}`, all)
	}
	check(t, `{"nested":{"path":"p","query":{"match_all":{}}}}`, Nested("p", MatchAll()))
	check(t, `{"fuzzy":{"a":{"value":"x"}}}`, Query{"fuzzy": map[string]any{"a": map[string]any{"value": "x"}}})
}

// A clause does not change with the slices that it was made of.
func TestClausesAreTheirOwn(t *testing.T) {
	clauses := []Query{MatchAll()}
	values, numbers := []string{"a"}, []int64{1}
	all, one, number := All(clauses...), KeywordField("k").OneOf(values...), NumericField("n").OneOf(numbers...)
	clauses[0], values[0], numbers[0] = MatchNone(), "b", 2
	check(t, `{"bool":{"filter":[{"match_all":{}}]}}`, all)
	check(t, `{"terms":{"k":["a"]}}`, one)
	check(t, `{"terms":{"n":[1]}}`, number)
}

func TestKeywordField(t *testing.T) {
	f := NewKeywordField("attribute", "k")
	for want, query := range map[string]Query{
		`{"term":{"k":{"value":"a"}}}`:                               f.Eq("a"),
		`{"term":{"k":{"case_insensitive":true,"value":"a"}}}`:       f.EqFold("a"),
		`{"terms":{"k":["a","b"]}}`:                                  f.OneOf("a", "b"),
		`{"terms":{"k":[]}}`:                                         f.OneOf(),
		`{"prefix":{"k":{"value":"a"}}}`:                             f.StartsWith("a"),
		`{"prefix":{"k":{"case_insensitive":true,"value":"a"}}}`:     f.StartsWithFold("a"),
		`{"wildcard":{"k":{"value":"*a\\*b\\?c\\\\*"}}}`:             f.Contains(`a*b?c\`),
		`{"wildcard":{"k":{"case_insensitive":true,"value":"*a*"}}}`: f.ContainsFold("a"),
		`{"wildcard":{"k":{"value":"a*"}}}`:                          f.Wildcard("a*"),
		`{"wildcard":{"k":{"case_insensitive":true,"value":"a?"}}}`:  f.WildcardFold("a?"),
		`{"regexp":{"k":{"value":"a.*"}}}`:                           f.Regexp("a.*"),
		`{"regexp":{"k":{"case_insensitive":true,"value":"a.*"}}}`:   f.RegexpFold("a.*"),
		`{"range":{"k":{"gt":"a"}}}`:                                 f.GT("a"),
		`{"range":{"k":{"gte":"a"}}}`:                                f.GTE("a"),
		`{"range":{"k":{"lt":"a"}}}`:                                 f.LT("a"),
		`{"range":{"k":{"lte":"a"}}}`:                                f.LTE("a"),
		`{"range":{"k":{"gte":"a","lte":"b"}}}`:                      f.Between("a", "b"),
		`{"exists":{"field":"k"}}`:                                   f.HasAnyValue(),
		`{"bool":{"must_not":[{"exists":{"field":"k"}}]}}`:           f.HasNoValue(),
	} {
		check(t, want, query)
	}
	check(t, `[{"k":{"order":"asc"}},{"k":{"order":"desc"}}]`, []Sort{f.Asc(), f.Desc()})
	first := f.Asc()
	first.MissingFirst = true
	check(t, `{"k":{"missing":"_first","order":"asc"}}`, first)
	check(t, `{"terms":{"field":"k","size":7}}`, f.Terms(7))
	check(t, `{"cardinality":{"field":"k"}}`, f.Cardinality())
}

// keyword is what every kind can that holds a value as it is.
type keyword interface {
	Eq(value string) Query
	EqFold(value string) Query
	OneOf(values ...string) Query
	StartsWith(prefix string) Query
	StartsWithFold(prefix string) Query
	Contains(text string) Query
	ContainsFold(text string) Query
	Wildcard(pattern string) Query
	WildcardFold(pattern string) Query
	Regexp(pattern string) Query
	RegexpFold(pattern string) Query
	GT(value string) Query
	GTE(value string) Query
	LT(value string) Query
	LTE(value string) Query
	Between(from, to string) Query
	HasAnyValue() Query
	HasNoValue() Query
	Asc() Sort
	Desc() Sort
	Terms(size int) Aggregation
	Cardinality() Aggregation
}

// everything is the text of all that a keyword can be asked.
func everything(t *testing.T, f keyword) string {
	t.Helper()
	text, err := json.Marshal([]any{
		f.Eq("a"), f.EqFold("a"), f.OneOf("a", "b"), f.StartsWith("a"), f.StartsWithFold("a"), f.Contains("a"), f.ContainsFold("a"),
		f.Wildcard("a"), f.WildcardFold("a"), f.Regexp("a"), f.RegexpFold("a"), f.GT("a"), f.GTE("a"), f.LT("a"), f.LTE("a"),
		f.Between("a", "b"), f.HasAnyValue(), f.HasNoValue(), f.Asc(), f.Desc(), f.Terms(3), f.Cardinality(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The kinds with several fields ask the one that holds the value as it is, and match in the words.
func TestCombinedFields(t *testing.T) {
	want := everything(t, NewKeywordField("name", "name.keyword"))
	two := NewKeywordTextField("name", "name.keyword", "name")
	three := NewKeywordTextStemmedField("name", "name.keyword", "name", "name.stemmed")
	for _, f := range []keyword{two, three} {
		if got := everything(t, f); got != want {
			t.Errorf("%T:\n%s\nwant\n%s", f, got, want)
		}
	}
	for _, q := range []Query{two.Match("a b"), three.Match("a b")} {
		check(t, `{"match":{"name":{"query":"a b"}}}`, q)
	}
	for _, q := range []Query{two.MatchPhrase("a b"), three.MatchPhrase("a b")} {
		check(t, `{"match_phrase":{"name":{"query":"a b"}}}`, q)
	}
	check(t, `{"match":{"name.stemmed":{"query":"a"}}}`, three.Stemmed().Match("a"))
	check(t, `{"match_phrase":{"name.stemmed":{"query":"a"}}}`, three.Stemmed().MatchPhrase("a"))
}

func TestTextField(t *testing.T) {
	f := NewTextField("attribute", "t.text")
	check(t, `{"match":{"t.text":{"query":"a"}}}`, f.Match("a"))
	check(t, `{"match_phrase":{"t.text":{"query":"a"}}}`, f.MatchPhrase("a"))
	check(t, `{"exists":{"field":"t.text"}}`, f.HasAnyValue())
	check(t, `{"bool":{"must_not":[{"exists":{"field":"t.text"}}]}}`, f.HasNoValue())
}

func TestNumericFields(t *testing.T) {
	n, f := NewNumericField("n", ""), NewFloatField("n", "")
	for want, queries := range map[string][]Query{
		`{"term":{"n":{"value":1}}}`:                       {n.Eq(1), f.Eq(1)},
		`{"terms":{"n":[1,2]}}`:                            {n.OneOf(1, 2), f.OneOf(1, 2)},
		`{"range":{"n":{"gt":1}}}`:                         {n.GT(1), f.GT(1)},
		`{"range":{"n":{"gte":1}}}`:                        {n.GTE(1), f.GTE(1)},
		`{"range":{"n":{"lt":1}}}`:                         {n.LT(1), f.LT(1)},
		`{"range":{"n":{"lte":1}}}`:                        {n.LTE(1), f.LTE(1)},
		`{"range":{"n":{"gte":1,"lte":2}}}`:                {n.Between(1, 2), f.Between(1, 2)},
		`{"exists":{"field":"n"}}`:                         {n.HasAnyValue(), f.HasAnyValue()},
		`{"bool":{"must_not":[{"exists":{"field":"n"}}]}}`: {n.HasNoValue(), f.HasNoValue()},
		`{"term":{"n":{"value":9007199254740993}}}`:        {n.Eq(9007199254740993)},
		`{"range":{"n":{"gt":0.5}}}`:                       {f.GT(0.5)},
	} {
		for _, query := range queries {
			check(t, want, query)
		}
	}
	for want, aggregations := range map[string][]Aggregation{
		`{"terms":{"field":"n","size":3}}`: {n.Terms(3), f.Terms(3)},
		`{"min":{"field":"n"}}`:            {n.Min(), f.Min()},
		`{"max":{"field":"n"}}`:            {n.Max(), f.Max()},
		`{"avg":{"field":"n"}}`:            {n.Avg(), f.Avg()},
		`{"sum":{"field":"n"}}`:            {n.Sum(), f.Sum()},
		`{"cardinality":{"field":"n"}}`:    {n.Cardinality(), f.Cardinality()},
	} {
		for _, aggregation := range aggregations {
			check(t, want, aggregation)
		}
	}
	check(t, `[{"n":{"order":"asc"}},{"n":{"order":"desc"}}]`, []Sort{n.Asc(), n.Desc()})
	check(t, `[{"n":{"order":"asc"}},{"n":{"order":"desc"}}]`, []Sort{f.Asc(), f.Desc()})
}

func TestRankField(t *testing.T) {
	f := NewRankField("score", "score", "score.rank_feature")
	check(t, `{"rank_feature":{"field":"score.rank_feature"}}`, f.Rank())
	check(t, `{"range":{"score":{"gt":0.5}}}`, f.GT(0.5))
	check(t, `{"avg":{"field":"score"}}`, f.Avg())
	check(t, `{"score":{"order":"desc"}}`, f.Desc())
}

func TestDateField(t *testing.T) {
	f := NewDateField("createTime", "d")
	at := time.Date(2023, 11, 14, 22, 13, 20, 123_999_999, time.UTC)
	later := at.Add(time.Second)
	for want, query := range map[string]Query{
		`{"term":{"d":{"value":1700000000123}}}`:                    f.Eq(at),
		`{"terms":{"d":[1700000000123,1700000001123]}}`:             f.OneOf(at, later.In(time.FixedZone("", 3600))),
		`{"range":{"d":{"gt":1700000000123}}}`:                      f.GT(at),
		`{"range":{"d":{"gte":1700000000123}}}`:                     f.GTE(at),
		`{"range":{"d":{"lt":1700000000123}}}`:                      f.LT(at),
		`{"range":{"d":{"lte":1700000000123}}}`:                     f.LTE(at),
		`{"range":{"d":{"gte":1700000000123,"lte":1700000001123}}}`: f.Between(at, later),
		`{"exists":{"field":"d"}}`:                                  f.HasAnyValue(),
		`{"bool":{"must_not":[{"exists":{"field":"d"}}]}}`:          f.HasNoValue(),
	} {
		check(t, want, query)
	}
	check(t, `{"min":{"field":"d"}}`, f.Min())
	check(t, `{"max":{"field":"d"}}`, f.Max())
	check(t, `{"d":{"order":"desc"}}`, f.Desc())
}

func TestBooleanField(t *testing.T) {
	f := NewBooleanField("b", "")
	check(t, `{"term":{"b":{"value":true}}}`, f.Eq(true))
	check(t, `{"exists":{"field":"b"}}`, f.HasAnyValue())
	check(t, `{"terms":{"field":"b","size":2}}`, f.Terms())
}

func TestNestedAggregations(t *testing.T) {
	outer := KeywordField("k").Terms(2)
	first := outer.With("sum", NumericField("n").Sum())
	second := first.With("max", NumericField("n").Max())
	check(t, `{"terms":{"field":"k","size":2}}`, outer)
	check(t, `{"aggregations":{"sum":{"sum":{"field":"n"}}},"terms":{"field":"k","size":2}}`, first)
	check(t, `{"aggregations":{"max":{"max":{"field":"n"}},"sum":{"sum":{"field":"n"}}},"terms":{"field":"k","size":2}}`, second)
}

// A constant holds the attribute and its names in the index; one name that is the attribute's is not said twice.
func TestConstants(t *testing.T) {
	for _, c := range []struct {
		constant, attribute string
		index               []string
	}{
		{"a", "a", []string{"a"}},
		{constant("a", ""), "a", []string{"a"}},
		{constant("a", "a"), "a", []string{"a"}},
		{constant("a", "__a"), "a", []string{"__a"}},
		{constant("a", "a", "a.text"), "a", []string{"a", "a.text"}},
		{constant("a", "a.keyword", "a", "a.stemmed"), "a", []string{"a.keyword", "a", "a.stemmed"}},
		{constant("x9YzAbCd.q1W2e3R4", ""), "x9YzAbCd.q1W2e3R4", []string{"x9YzAbCd.q1W2e3R4"}},
	} {
		if got := attribute(c.constant); got != c.attribute {
			t.Errorf("%q: the attribute is %q", c.constant, got)
		}
		for i, want := range c.index {
			if got := index(c.constant, i); got != want {
				t.Errorf("%q: field %d is %q, want %q", c.constant, i, got, want)
			}
		}
	}
	names := []string{}
	for _, f := range []Field{
		NewKeywordField("a", "b"), NewTextField("a", "b"), NewStemmedField("a", "b"), NewKeywordTextField("a", "b", "c"),
		NewKeywordTextStemmedField("a", "b", "c", "d"), NewNumericField("a", "b"), NewFloatField("a", "b"), NewRankField("a", "b", "c"),
		NewDateField("a", "b"), NewBooleanField("a", "b"), NewRelationField("a"),
	} {
		names = append(names, f.Attribute())
	}
	if names = slices.Compact(names); len(names) != 1 || names[0] != "a" {
		t.Errorf("the attributes are %q", names)
	}
}

// What the index cannot answer does not compile.
func TestKindsHaveNoMethodTooMany(t *testing.T) {
	for _, f := range []any{TextField("f"), StemmedField("f"), RelationField("f"), BooleanField("f")} {
		if _, ok := f.(interface{ StartsWith(string) Query }); ok {
			t.Errorf("%T has StartsWith", f)
		}
		if _, ok := f.(interface{ Contains(string) Query }); ok {
			t.Errorf("%T has Contains", f)
		}
	}
	for _, f := range []any{TextField("f"), StemmedField("f"), RelationField("f")} {
		if _, ok := f.(interface{ Asc() Sort }); ok {
			t.Errorf("%T can be sorted by", f)
		}
		if _, ok := f.(interface{ Terms(int) Aggregation }); ok {
			t.Errorf("%T can be counted", f)
		}
	}
	for _, f := range []any{KeywordField("f"), NumericField("f"), DateField("f"), RelationField("f")} {
		if _, ok := f.(interface{ Match(string) Query }); ok {
			t.Errorf("%T can be matched", f)
		}
	}
	for _, f := range []any{KeywordField("f"), DateField("f"), BooleanField("f")} {
		if _, ok := f.(interface{ Sum() Aggregation }); ok {
			t.Errorf("%T can be summed", f)
		}
	}
}
