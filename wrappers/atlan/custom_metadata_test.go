package atlan

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sdk/sluice/gen/atlanassets"
	"github.com/sluice-sdk/sluice/gen/atlanassets/field"
)

const (
	momentMillis = 1700000000123
	momentText   = "1700000000123"
	valuesText   = `{"a-text":"t","a-int":1,"a-long":9007199254740993,"a-num":1.5,"a-bool":true,"a-date":` + momentText + `,"a-enum":"low","a-users":["u","v"],"a-dates":[` + momentText + `],"a-options":["low","high"],"a-new":{"x":1}}`
)

func allValues() CustomMetadata {
	at := time.UnixMilli(momentMillis).UTC()
	return CustomMetadata{
		"Text": "t", "Int": int64(1), "Long": int64(9007199254740993), "Number": 1.5, "Bool": true, "Date": at, "Option": "low", "Users": []string{"u", "v"},
		"Dates": []time.Time{at}, "Options": []string{"low", "high"}, "Unheard": map[string]any{"x": json.Number("1")},
	}
}

// Values are read with human names and types, however the server wrote them, and written back the same.
func TestCustomMetadataOf(t *testing.T) {
	s := newMetastore()
	client, ctx := testClient(t, s), t.Context()
	sets := client.CustomMetadata()
	var flat []string
	for name, value := range membersOf([]byte(valuesText)) {
		flat = append(flat, `"s1.`+name+`":`+string(value))
	}
	// The first one loads the list, which shows that the set "gone" is.
	for _, test := range [...][2]string{
		{"read", `{"typeName":"Table","businessAttributes":{"s1":` + valuesText + `,"gone":{"x":1}}}`},
		{"found", `{"typeName":"Table","attributes":{"name":"x",` + strings.Join(flat, ",") + `,"gone.x":1}}`},
		{"archived and null", `{"typeName":"Table","businessAttributes":{"s1":` + strings.TrimSuffix(valuesText, "}") + `,"a-old":"x","a-nothing":1}},"attributes":{"s1.a-text":null}}`},
		{"as text", `{"typeName":"Table","businessAttributes":{"s1":{"a-text":["t"],"a-int":"1","a-long":"9007199254740993","a-num":"1.5","a-bool":"true","a-date":"` + momentText +
			`","a-enum":"low","a-users":["u","v"],"a-dates":` + momentText + `,"a-options":["low","high"],"a-new":{"x":1}}}}`},
	} {
		name, text := test[0], test[1]
		var e Entity
		if err := json.Unmarshal([]byte(text), &e); err != nil {
			t.Fatal(name, err)
		}
		got, err := sets.Of(ctx, &e)
		if err != nil {
			t.Error(name, err)
			continue
		}
		if diff := cmp.Diff(map[string]CustomMetadata{"Quality": allValues()}, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	_, encoded, err := sets.encode(ctx, "Quality", allValues())
	if err != nil || !sameJSON(appendObject(nil, sorted(encoded)), []byte(valuesText)) {
		t.Errorf("%s (%v)", encoded, err)
	}
	// A set that the list lacks is not asked for again, a set that lacks an attribute is, once.
	wantCount(t, s, metadataList, 1)
	wantCount(t, s, definitionOf+"businessmetadatadef/name/gone", 0)
	wantCount(t, s, definitionOf+"businessmetadatadef/name/s1", 1)
	for _, bad := range []string{`{"a-int":"x"}`, `{"a-int":1.5}`, `{"a-text":1}`, `{"a-bool":"x"}`, `{"a-date":"x"}`, `{"a-dates":["x"]}`, `{"a-users":[1]}`} {
		var e Entity
		if err := json.Unmarshal([]byte(`{"typeName":"Table","businessAttributes":{"s1":`+bad+`}}`), &e); err != nil {
			t.Fatal(err)
		}
		_, err := sets.Of(ctx, &e)
		wantError(t, err, ErrLogic, "Quality.")
	}
}

func TestCustomMetadataValues(t *testing.T) {
	s := newMetastore()
	client, ctx := testClient(t, s), t.Context()
	sets := client.CustomMetadata()
	type own string
	five, nobody := 5, (*int)(nil)
	for _, c := range []struct {
		name  string
		value any
		want  string // "": refused
	}{
		{"Text", "x", `"x"`}, {"Text", own("x"), `"x"`}, {"Text", nil, "null"}, {"Text", 1, ""}, {"Text", []string{"x"}, ""}, {"Text", json.RawMessage(`"x"`), ""},
		{"Int", 5, "5"}, {"Int", &five, "5"}, {"Int", nobody, "null"}, {"Int", uint8(5), "5"}, {"Int", 5.0, "5"}, {"Int", json.Number("5"), "5"},
		{"Int", 5.5, ""}, {"Int", "5", ""}, {"Int", int64(math.MaxInt32) + 1, ""}, {"Int", time.Second, ""},
		{"Long", int64(math.MaxInt64), "9223372036854775807"}, {"Long", uint64(math.MaxUint64), ""},
		{"Number", 1, "1"}, {"Number", float32(0.5), "0.5"}, {"Number", json.Number("1.25"), "1.25"}, {"Number", math.NaN(), ""}, {"Number", "1", ""},
		{"Bool", false, "false"}, {"Bool", "false", ""}, {"Date", time.UnixMilli(5), "5"}, {"Date", 5, ""},
		{"Option", "high", `"high"`}, {"Option", "nothing", ""}, {"Options", []string{"low"}, `["low"]`}, {"Options", []string{"low", "nothing"}, ""}, {"Options", "low", `["low"]`},
		{"Users", "u", `["u"]`}, {"Users", []string{}, `[]`}, {"Users", []int{1}, ""}, {"Dates", []time.Time{time.UnixMilli(5)}, "[5]"}, {"Unheard", 1, "1"}, {"Unheard", func() {}, ""},
	} {
		d, encoded, err := sets.encode(ctx, "Quality", CustomMetadata{c.name: c.value})
		if c.want == "" {
			wantError(t, err, ErrInvalidRequest, "Quality."+c.name)
			continue
		}
		if err != nil || string(encoded[d.attribute(c.name).ID]) != c.want {
			t.Errorf("%s %v: %s (%v)", c.name, c.value, encoded, err)
		}
	}
	// Only a value that the enumeration lacks loads it again, and once.
	wantCount(t, s, definitionOf+"enumdef/name/Levels", 2)
	for _, bad := range [][2]string{{"Quality", "Nothing"}, {"Nothing", "Text"}, {"Quality", "Old-archived-1"}} {
		_, _, err := sets.encode(ctx, bad[0], CustomMetadata{bad[1]: "x"})
		wantError(t, err, ErrNotFound, "")
	}
}

// The endpoints of the sets: merge sends what is given, replace also nulls for the rest.
func TestCustomMetadataWrites(t *testing.T) {
	s := newMetastore()
	s.entities["g-1"] = tagged
	tables, ctx := testClient(t, s).Tables(), t.Context()
	const to = "POST /entity/guid/g-1/businessmetadata/s1 "
	check := func(err error, want string) {
		t.Helper()
		got, ok := strings.CutPrefix(s.last(), to)
		if err != nil || !ok || !sameJSON([]byte(got), []byte(want)) {
			t.Errorf("%s (%v)\nwant %s", s.last(), err, want)
		}
	}
	check(tables.MergeCustomMetadata(ctx, tableName, "Quality", CustomMetadata{"Text": "x", "Bool": nil}), `{"a-text":"x","a-bool":null}`)
	nulls := `"a-int":null,"a-long":null,"a-num":null,"a-bool":null,"a-date":null,"a-enum":null,"a-users":null,"a-dates":null,"a-options":null,"a-new":null}`
	check(tables.ReplaceCustomMetadata(ctx, tableName, "Quality", CustomMetadata{"Text": "x"}), `{"a-text":"x",`+nulls)
	check(tables.RemoveCustomMetadata(ctx, tableName, "Quality"), `{"a-text":null,`+nulls)
	writes := len(s.bodies)
	if err := tables.MergeCustomMetadata(ctx, tableName, "Quality", nil); err != nil {
		t.Error(err)
	}
	wantError(t, tables.MergeCustomMetadata(ctx, tableName, "Nothing", CustomMetadata{"Text": "x"}), ErrNotFound, "Nothing")
	wantError(t, tables.RemoveCustomMetadata(ctx, tableName, "Nothing"), ErrNotFound, "Nothing")
	wantError(t, tables.MergeCustomMetadata(ctx, "default/x", "Quality", CustomMetadata{"Text": "x"}), ErrNotFound, "default/x")
	if len(s.bodies) != writes {
		t.Error("something was sent")
	}
}

// Custom metadata in a save: new assets, merging and replacing.
func TestSaveCustomMetadata(t *testing.T) {
	s := newMetastore()
	described := strings.TrimSuffix(tagged, "}") + `,"businessAttributes":{"s1":{"a-text":"t","a-int":1},"other":{"x":1}}}`
	s.entities["g-1"] = described
	client, ctx := testClient(t, s), t.Context()
	type saveChange = change
	sent := func(options SaveOptions, change func(*Asset[atlanassets.Table])) (string, error) {
		t.Helper()
		table, err := GetByGUID[atlanassets.Table](ctx, client, "g-1")
		if err != nil {
			t.Fatal(err)
		}
		change(table)
		saving := saving{client: client, options: options, items: []Item{table}, changes: make([]*saveChange, 1)}
		if err := saving.prepare(ctx); err != nil {
			return "", err
		}
		if saving.changes[0] == nil {
			return "", nil
		}
		return string(saving.changes[0].members[memberBusiness]), nil
	}
	merge, replace := SaveOptions{CustomMetadata: CustomMetadataMerge}, SaveOptions{CustomMetadata: CustomMetadataReplace}
	for name, c := range map[string]struct {
		options SaveOptions
		change  func(*Asset[atlanassets.Table])
		want    string
	}{
		"merge": {merge, func(a *Asset[atlanassets.Table]) {
			a.SetCustomMetadata("Quality", CustomMetadata{"Text": nil, "Bool": true})
		}, `{"s1":{"a-text":null,"a-bool":true}}`},
		"merge twice": {merge, func(a *Asset[atlanassets.Table]) {
			a.SetCustomMetadata("Quality", CustomMetadata{"Text": "x"})
			a.SetCustomMetadata("Quality", CustomMetadata{"Bool": true})
		}, `{"s1":{"a-text":"x","a-bool":true}}`},
		"merge nothing": {merge, func(a *Asset[atlanassets.Table]) { a.SetCustomMetadata("Quality", nil) }, ""},
		"merge removes": {merge, func(a *Asset[atlanassets.Table]) { a.RemoveCustomMetadata("Quality") }, `{"s1":{}}`},
		"replace": {replace, func(a *Asset[atlanassets.Table]) {
			a.SetCustomMetadata("Quality", CustomMetadata{"Text": nil, "Bool": true})
		}, `{"s1":{"a-bool":true},"other":{"x":1}}`},
		"replace removes": {replace, func(a *Asset[atlanassets.Table]) { a.RemoveCustomMetadata("Quality") }, `{"other":{"x":1}}`},
	} {
		got, err := sent(c.options, c.change)
		if err != nil || got != c.want && !sameJSON([]byte(got), []byte(c.want)) {
			t.Errorf("%s: %s (%v)", name, got, err)
		}
	}
	_, err := sent(SaveOptions{}, func(a *Asset[atlanassets.Table]) { a.SetCustomMetadata("Quality", CustomMetadata{"Text": "x"}) })
	wantError(t, err, ErrInvalidRequest, "plain save")
	_, err = sent(merge, func(a *Asset[atlanassets.Table]) { a.SetCustomMetadata("Quality", CustomMetadata{"Nothing": "x"}) })
	wantError(t, err, ErrNotFound, "Nothing")
	_, err = sent(merge, func(a *Asset[atlanassets.Table]) { a.RemoveCustomMetadata("Nothing") })
	wantError(t, err, ErrNotFound, "Nothing")
}

func TestCustomMetadataFields(t *testing.T) {
	s := newMetastore()
	sets, ctx := testClient(t, s).CustomMetadata(), t.Context()
	check := func(f field.Field, err error, want string) {
		t.Helper()
		if err != nil || f.Attribute() != want {
			t.Errorf("%v (%v), want %s", f, err, want)
		}
	}
	keyword, err := sets.KeywordField(ctx, "Quality", "Option")
	check(keyword, err, "s1.a-enum")
	words, err := sets.TextField(ctx, "Quality", "Text")
	check(words, err, "s1.a-text")
	number, err := sets.NumericField(ctx, "Quality", "Long")
	check(number, err, "s1.a-long")
	float, err := sets.FloatField(ctx, "Quality", "Number")
	check(float, err, "s1.a-num")
	date, err := sets.DateField(ctx, "Quality", "Dates")
	check(date, err, "s1.a-dates")
	truth, err := sets.BooleanField(ctx, "Quality", "Bool")
	check(truth, err, "s1.a-bool")
	_, err = sets.DateField(ctx, "Quality", "Text")
	wantError(t, err, ErrInvalidRequest, "Quality.Text")
	_, err = sets.BooleanField(ctx, "Quality", "Nothing")
	wantError(t, err, ErrNotFound, "Nothing")
	fields, err := sets.Fields(ctx, "Quality", "Text", "Date")
	if err != nil || len(fields) != 2 || fields[1].Attribute() != "s1.a-date" {
		t.Error(fields, err)
	}
	if fields, err = sets.Fields(ctx, "Quality"); err != nil || len(fields) != 11 {
		t.Error(len(fields), err)
	}
	_, err = sets.Fields(ctx, "Quality", "Nothing")
	wantError(t, err, ErrNotFound, "Nothing")
}
