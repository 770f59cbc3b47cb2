package atlanassets

import (
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"pgregory.net/rapid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// parent and child are asset types as the generator writes them.
type parent struct {
	Name   Attribute[string]    `json:"name,omitzero"`
	Seen   Attribute[Timestamp] `json:"seen,omitzero"`
	Owners Attribute[[]string]  `json:"owners,omitzero"`
}

func (parent) TypeName() string { return "Parent" }

type child struct {
	parent

	Rows  Attribute[int64]   `json:"rows,omitzero"`
	Ratio Attribute[float64] `json:"ratio,omitzero"`
	Open  Attribute[bool]    `json:"open,omitzero"`
	Mode  Attribute[mode]    `json:"mode,omitzero"`
	Parts Attribute[[]part]  `json:"parts,omitzero"`

	Above Attribute[Ref]   `json:"above,omitzero"`
	Below Attribute[[]Ref] `json:"below,omitzero"`
}

func (child) TypeName() string { return "Child" }

type mode string

type part struct {
	Key   Attribute[string] `json:"key,omitzero"`
	Count Attribute[int64]  `json:"count,omitzero"`

	Unknown map[string]json.RawMessage `json:"-"`
}

func (p *part) UnmarshalJSON(data []byte) error {
	type plain part
	unknown, err := decodeStructure(data, (*plain)(p))
	p.Unknown = unknown
	return err
}

func (p part) MarshalJSON() ([]byte, error) {
	type plain part
	return encodeStructure(plain(p), p.Unknown)
}

func decode[T any](t *testing.T, text string) T {
	t.Helper()
	var value T
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return value
}

func encode(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestStates(t *testing.T) {
	var a Attribute[string]
	check := func(what string, zero, set, null bool, value string) {
		t.Helper()
		if a.IsZero() != zero || a.IsSet() != set || a.IsNull() != null {
			t.Errorf("%s: IsZero %t, IsSet %t, IsNull %t", what, a.IsZero(), a.IsSet(), a.IsNull())
		}
		if got, ok := a.Get(); got != value || ok != set {
			t.Errorf("%s: Get is %q, %t", what, got, ok)
		}
		if got, want := a.Or("other"), value; set && got != want || !set && got != "other" {
			t.Errorf("%s: Or is %q", what, got)
		}
	}
	check("new", true, false, false, "")
	a.Set("x")
	check("set", false, true, false, "x")
	a.Set("")
	check("set to nothing", false, true, false, "")
	a.Clear()
	check("cleared", false, false, true, "")
	a.Unset()
	check("unset", true, false, false, "")
}

// The three states in a struct with an embedded one, in both directions.
func TestStatesOnTheWire(t *testing.T) {
	const text = `{"name":"n","seen":1700000000123,"owners":null,"rows":9007199254740993,"open":false,"mode":"NEW","below":[]}`
	c := decode[child](t, text)
	if c.Name.Or("") != "n" || c.Seen.Or(0) != 1700000000123 || !c.Owners.IsNull() || c.Rows.Or(0) != 9007199254740993 {
		t.Errorf("decoded %+v", c)
	}
	if open, ok := c.Open.Get(); open || !ok || c.Mode.Or("") != "NEW" || !c.Ratio.IsZero() || !c.Above.IsZero() {
		t.Errorf("decoded %+v", c)
	}
	if below, ok := c.Below.Get(); len(below) != 0 || !ok {
		t.Errorf("an empty list became %v, %t", below, ok)
	}
	if got := encode(t, c); got != text {
		t.Errorf("encoded\n%s\nwant\n%s", got, text)
	}
	if got := encode(t, child{}); got != "{}" {
		t.Errorf("an untouched asset became %s", got)
	}
	if got := encode(t, Attribute[string]{}); got != "null" {
		t.Errorf("an untouched attribute by itself became %s", got)
	}
}

// Decoding into a struct again leaves what the text does not mention.
func TestDecodeOntoValues(t *testing.T) {
	c := decode[child](t, `{"name":"a","rows":1}`)
	before := c
	if err := json.Unmarshal([]byte(`{"rows":null}`), &c); err != nil {
		t.Fatal(err)
	}
	if c.Name.Or("") != "a" || !c.Rows.IsNull() {
		t.Errorf("decoded %+v", c)
	}
	if before.Rows.Or(0) != 1 {
		t.Error("a copy made before was changed")
	}
}

func TestCopiesAreIndependent(t *testing.T) {
	a := child{Rows: Set[int64](1)}
	b := a
	b.Rows.Set(2)
	c := a
	c.Rows.Clear()
	d := a
	if err := d.Rows.UnmarshalJSON([]byte("4")); err != nil {
		t.Fatal(err)
	}
	if a.Rows.Or(0) != 1 || b.Rows.Or(0) != 2 || !c.Rows.IsNull() || d.Rows.Or(0) != 4 {
		t.Errorf("%s %s %s %s", a.Rows, b.Rows, c.Rows, d.Rows)
	}
}

func TestUntouchedCostsNothing(t *testing.T) {
	if size := unsafe.Sizeof(Attribute[[]Ref]{}); size != unsafe.Sizeof(uintptr(0)) {
		t.Errorf("an attribute has %d bytes", size)
	}
	var c child
	if n := testing.AllocsPerRun(100, func() {
		copied := c
		if !copied.Below.IsZero() || copied.Name.IsSet() || copied.Rows.Or(3) != 3 || !copied.Name.Equal(c.Name) {
			t.Error("not untouched")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestNumbers(t *testing.T) {
	for text, want := range map[string]int64{
		"12": 12, "-3": -3, "12.0": 12, "1.2e1": 12, "9223372036854775807": math.MaxInt64, "9007199254740992.0": 1 << 53, "-0": 0,
	} {
		if got := decode[Attribute[int64]](t, text); got.Or(-1) != want {
			t.Errorf("%s is %s", text, got)
		}
		if got := decode[Attribute[Timestamp]](t, text); got.Or(-1) != Timestamp(want) {
			t.Errorf("%s is %d", text, got.Or(-1))
		}
	}
	for _, text := range []string{"12.5", "1e300", "9223372036854775808", `"12"`, "true", "[1]"} {
		var a Attribute[int64]
		if err := json.Unmarshal([]byte(text), &a); err == nil || !a.IsZero() {
			t.Errorf("%s became %s", text, a)
		}
	}
}

// A value of another type than expected is an error that names the attribute; the others are decoded.
func TestMistypedAttributes(t *testing.T) {
	const text = `{"rows":"many","name":{"a":1},"open":1,"ratio":0.5,"mode":"NEW","parts":[{"count":"x"}],"other":{}}`
	var mistyped *json.UnmarshalTypeError
	if err := json.Unmarshal([]byte(text), new(child)); !errors.As(err, &mistyped) || mistyped.Field != "rows" {
		t.Errorf("the error of json.Unmarshal is %v", err)
	}
	c, err := Decode[child]([]byte(text))
	if c.Ratio.Or(0) != 0.5 || c.Mode.Or("") != "NEW" || !c.Rows.IsZero() || !c.Name.IsZero() || !c.Open.IsZero() || !c.Parts.IsZero() {
		t.Errorf("decoded %+v", c)
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		t.Fatalf("the error is %v", err)
	}
	var fields []string
	for _, err := range joined.Unwrap() {
		if errors.As(err, &mistyped) {
			fields = append(fields, mistyped.Field)
		}
	}
	slices.Sort(fields)
	if diff := cmp.Diff([]string{"open", "parent.name", "parts.count", "rows"}, fields); diff != "" {
		t.Error(diff)
	}

	if c, err := Decode[child]([]byte(`{"Rows":1,"other":2}`)); err != nil || c.Rows.Or(0) != 1 {
		t.Errorf("decoded %+v, %v", c, err)
	}
	if c, err := Decode[child]([]byte(`{"ROWS":"x","name":"n"}`)); !errors.As(err, &mistyped) || c.Name.Or("") != "n" {
		t.Errorf("decoded %+v, %v", c, err)
	}
	for _, text := range []string{`[]`, `{"rows":1`, `"x"`, ``} {
		if c, err := Decode[child]([]byte(text)); err == nil || c.Rows.IsSet() {
			t.Errorf("%s became %+v, %v", text, c, err)
		}
	}
}

func TestStringsAsEncodingJSONReadsThem(t *testing.T) {
	for _, text := range []string{`""`, `"plain"`, `"ünïcode 表"`, `"a\nb"`, `"\u00e9"`, `"\\"`, `"\ud83d\ude00"`, "\"broken \xff byte\"", `"<&>"`} {
		want := decode[string](t, text)
		if got := decode[Attribute[string]](t, text); got.Or("?") != want {
			t.Errorf("%s is %q, want %q", text, got.Or("?"), want)
		}
		if got := encode(t, Set(want)); got != encode(t, want) {
			t.Errorf("%q became %s", want, got)
		}
	}
}

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := func(label string) Attribute[string] {
			return draw(t, label, func() string { return rapid.String().Draw(t, label) })
		}
		c := child{
			parent: parent{
				Name:   text("name"),
				Seen:   draw(t, "seen", func() Timestamp { return Timestamp(rapid.Int64().Draw(t, "seen")) }),
				Owners: draw(t, "owners", func() []string { return rapid.SliceOf(rapid.String()).Draw(t, "owners") }),
			},
			Rows:  draw(t, "rows", func() int64 { return rapid.Int64().Draw(t, "rows") }),
			Ratio: draw(t, "ratio", func() float64 { return rapid.Float64().Draw(t, "ratio") }),
			Open:  draw(t, "open", func() bool { return rapid.Bool().Draw(t, "open") }),
			Mode:  draw(t, "mode", func() mode { return mode(rapid.String().Draw(t, "mode")) }),
			Below: draw(t, "below", func() []Ref {
				return []Ref{RefByGUID("Table", rapid.StringN(1, -1, -1).Draw(t, "guid")), RefTo[child](rapid.StringN(1, -1, -1).Draw(t, "name"))}
			}),
			Parts: draw(t, "parts", func() []part {
				return []part{{Key: text("key"), Unknown: map[string]json.RawMessage{"other": json.RawMessage(`{"a": [1]}`)}}}
			}),
		}
		encoded, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		var decoded child
		if err := json.Unmarshal(encoded, &decoded); err != nil {
			t.Fatal(err)
		}
		again, err := json.Marshal(decoded)
		if err != nil {
			t.Fatal(err)
		}
		if string(again) != string(encoded) {
			t.Fatalf("%s became %s", encoded, again)
		}
		// encoding/json replaces what is not UTF-8, so the values are compared after one round.
		var third child
		if err := json.Unmarshal(again, &third); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(decoded, third, cmp.AllowUnexported(child{})); diff != "" {
			t.Fatal(diff)
		}
	})
}

func draw[T any](t *rapid.T, label string, value func() T) Attribute[T] {
	switch rapid.IntRange(0, 2).Draw(t, "state of "+label) {
	case 0:
		return Attribute[T]{}
	case 1:
		return Null[T]()
	}
	return Set(value())
}

func TestEqual(t *testing.T) {
	same := func(what string, got, want bool) {
		t.Helper()
		if got != want {
			t.Errorf("%s: Equal is %t", what, got)
		}
	}
	var untouched Attribute[string]
	same("untouched, untouched", untouched.Equal(Attribute[string]{}), true)
	same("untouched, null", untouched.Equal(Null[string]()), false)
	same("null, null", Null[string]().Equal(Null[string]()), true)
	same("null, zero", Null[string]().Equal(Set("")), false)
	same("zero, untouched", Set("").Equal(untouched), false)
	same("a, a", Set("a").Equal(Set("a")), true)
	same("a, b", Set("a").Equal(Set("b")), false)
	same("1, 1", Set[int64](1).Equal(Set[int64](1)), true)
	same("true, false", Set(true).Equal(Set(false)), false)
	same("modes", Set[mode]("a").Equal(Set[mode]("a")), true)
	same("lists", Set([]string{"a"}).Equal(Set([]string{"a"})), true)
	same("lists in another order", Set([]string{"a", "b"}).Equal(Set([]string{"b", "a"})), false)
	same("no list, empty list", Set[[]string](nil).Equal(Set([]string{})), true)
	same("no map, empty map", Set[map[string]string](nil).Equal(Set(map[string]string{})), true)
	sent, received := RefByGUID("Table", "1"), decode[Ref](t, `{"typeName":"Table","guid":"1","displayText":"t"}`)
	same("references", Set(sent).Equal(Set(received)), true)
	same("lists of references", Set([]Ref{sent}).Equal(Set([]Ref{received})), true)
	same("longer lists of references", Set([]Ref{sent}).Equal(Set([]Ref{received, sent})), false)
	same("other references", Set([]Ref{sent}).Equal(Set([]Ref{RefByGUID("Table", "2")})), false)
}

func TestString(t *testing.T) {
	for want, got := range map[string]string{
		"(untouched)":              Attribute[string]{}.String(),
		"(null)":                   Null[string]().String(),
		"x":                        Set("x").String(),
		"7":                        Set[int64](7).String(),
		"2023-11-14T22:13:20.123Z": Set(Timestamp(1700000000123)).String(),
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestTimestamp(t *testing.T) {
	at := time.Date(2026, 11, 20, 12, 0, 0, 123_999_999, time.FixedZone("", 3600))
	stamp := TimestampOf(at)
	if want := at.Truncate(time.Millisecond); !stamp.Time().Equal(want) || stamp.Time().Location() != time.UTC {
		t.Errorf("%s became %s", at, stamp.Time())
	}
	if text := encode(t, Set(stamp)); strings.ContainsAny(text, `"eE.`) {
		t.Errorf("encoded as %s", text)
	}
}

func FuzzDecode(f *testing.F) {
	for _, text := range []string{`"a"`, `"\n"`, "1", "1.0", "true", "null", "[]", `{"guid":"1"}`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		compare(t, text, func(a Attribute[string]) any { return a.Or("") }, new(string))
		compare(t, text, func(a Attribute[bool]) any { return a.Or(false) }, new(bool))
	})
}

// compare checks that an attribute decodes exactly what encoding/json decodes.
func compare[T any](t *testing.T, text string, get func(Attribute[T]) any, want *T) {
	t.Helper()
	var got Attribute[T]
	gotErr, wantErr := json.Unmarshal([]byte(text), &got), json.Unmarshal([]byte(text), want)
	if (gotErr == nil) != (wantErr == nil) {
		t.Fatalf("%q: %v, want %v", text, gotErr, wantErr)
	}
	if gotErr == nil && !cmp.Equal(get(got), any(*want)) {
		t.Fatalf("%q: %v, want %v", text, get(got), *want)
	}
}
