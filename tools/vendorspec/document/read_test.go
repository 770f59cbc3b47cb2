package document_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/sluice-sdk/sluice/tools/vendorspec/document"
)

func TestRead(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"JSON":                    {`{"b": 1.50, "a": [true, null, "x"]}`, `{"b":1.50,"a":[true,null,"x"]}`},
		"YAML":                    {"b: 1.50\na:\n  - true\n  - ~\n  - x\n", `{"b":1.50,"a":[true,null,"x"]}`},
		"flow YAML":               {"{b: 1, a: [x]}", `{"b":1,"a":["x"]}`},
		"byte order mark":         {"\ufeff{}", `{}`},
		"keys are text":           {"200: a\ntrue: b\n1.0: c\non: d", `{"200":"a","true":"b","1.0":"c","on":"d"}`},
		"words of YAML 1.1":       {"[yes, no, on, y, True]", `["yes","no","on","y",true]`},
		"dates":                   {"a: 2025-09-18\nb: 2025-09-18T01:02:03Z", `{"a":"2025-09-18","b":"2025-09-18T01:02:03Z"}`},
		"numbers of YAML":         {"[+1, .5, 1., 0x1F, 1e3, -0]", `[1,0.5,1,31,1e3,-0]`},
		"numbers JSON has not":    {"[.inf, .nan, 0777, 1_000, 0o17, 1e999]", `[".inf",".nan","0777","1_000","0o17","1e999"]`},
		"anchors":                 {"a: &x {k: 1}\nb: *x\nc: [*x, *x]", `{"a":{"k":1},"b":{"k":1},"c":[{"k":1},{"k":1}]}`},
		"merge":                   {"a: &x {k: 1, l: 2}\nb: {l: 3, <<: *x}", `{"a":{"k":1,"l":2},"b":{"l":3,"k":1}}`},
		"merge of several":        {"a: &x {k: 1}\nb: &y {k: 2, l: 2}\nc: {<<: [*x, *y]}", `{"a":{"k":1},"b":{"k":2,"l":2},"c":{"k":1,"l":2}}`},
		"anchor as a key":         {"a: &x k\nb: {*x : 1}", `{"a":"k","b":{"k":1}}`},
		"text in blocks":          {"a: |\n  x\n  y\nb: >-\n  x\n  y", `{"a":"x\ny\n","b":"x y"}`},
		"escapes":                 {`{"\u0041\n": "\ud83d\ude00\u2028\u0001\/"}`, "{\"A\\n\":\"😀\u2028\\u0001/\"}"},
		"escapes of escapes":      {`{"a": "[\\ud800-\\udbff]"}`, `{"a":"[\\ud800-\\udbff]"}`},
		"pattern in YAML":         {`a: '[\ud800-\udbff]'`, `{"a":"[\\ud800-\\udbff]"}`},
		"empty object and array":  {`{"a":{},"b":[]}`, `{"a":{},"b":[]}`},
		"text":                    {"just text", `"just text"`},
		"number of many digits":   {`[12345678901234567890123456789.10]`, `[12345678901234567890123456789.10]`},
		"quoted is text":          {`{a: "1", b: 'true', c: "null"}`, `{"a":"1","b":"true","c":"null"}`},
		"more than twelve":        {many(20), many(20)},
		"directive at the top":    {"%YAML 1.2\n---\na: 1", `{"a":1}`},
		"document marked its end": {"a: 1\n...\n", `{"a":1}`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			v, err := document.Read([]byte(test.text), document.DefaultBudget())
			if err != nil {
				t.Fatal(err)
			}
			want, err := document.Read([]byte(test.want), document.DefaultBudget())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(document.Print(want, 0)), string(document.Print(v, 0))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// many is an object with n members.
func many(n int) string {
	var members []string
	for i := range n {
		members = append(members, fmt.Sprintf(`"k%d":%d`, (i*7)%n, i))
	}
	return "{" + strings.Join(members, ",") + "}"
}

func TestReadRefuses(t *testing.T) {
	tests := map[string]struct{ text, problem string }{
		"nothing":                {" \n", "empty"},
		"HTML":                   {"<!doctype html><title>Sign in</title>", "HTML"},
		"not UTF-8":              {"{\"a\": \"\xff\"}", "UTF-8"},
		"cut JSON":               {"{\n\"a\": {\"b\": [1, 2", "line 2: the text ends"},
		"cut within text":        {`{"a": "b`, "the text ends"},
		"two JSON documents":     {`{} {}`, "more behind the end"},
		"two YAML documents":     {"a: 1\n---\nb: 2", "more than one"},
		"twice the same in JSON": {`{"a": 1, "b": 2, "a": 3}`, `"a" is there twice`},
		"twice the same in YAML": {"a: 1\nb: 2\na: 3", `line 3: the member "a" is there twice`},
		"bad JSON":               {"{\n\"a\" 1}", "line 2"},
		"bad YAML":               {"a: [b", "yaml"},
		"tabs":                   {"a:\n\tb: 1", "yaml"},
		"name that is a list":    {"? [a]\n: b", "not text"},
		"name that is null":      {"~: b", "not text"},
		"tag of a program":       {"a: !!python/object:os.system {}", "means nothing"},
		"tag of text":            {"a: !custom b", "means nothing"},
		"binary":                 {"a: !!binary aGk=", "means nothing"},
		"unknown anchor":         {"a: *b", "unknown anchor"},
		"anchor of itself":       {"a: &a [1, *a]", `anchor "a" contains itself`},
		"merge of itself":        {"a: &a\n  <<: *a", `anchor "a" contains itself`},
		"merge of text":          {"a: {<<: text}", "merge key"},
		"half a character":       {"{\n\"a\": \"\\ud83d\"}", `line 2: the escape \ud83d is half`},
		"the other half":         {`{"\ude00": 1}`, `\ude00 is half`},
		"two first halves":       {`{"a": "\ud83d\ud83d"}`, `\ud83d is half`},
		"halves apart":           {`{"a": "\ud83d \ude00"}`, `\ud83d is half`},
		"half in YAML":           {`a: "\ud83d"`, "yaml"},
		"number without end":     {`{"a": 1e999}`, "1e999 is too large"},
		"number that is long":    {`{"a": 0.` + strings.Repeat("1", 1000) + "}", "a number has 1002 characters"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			v, err := document.Read([]byte(test.text), document.DefaultBudget())
			if err == nil || !strings.Contains(err.Error(), test.problem) {
				t.Errorf("error %v, value %s", err, document.Print(v, 1))
			}
		})
	}
}

// Each limit stops the reader when it is passed, not when the text ends.
func TestLimits(t *testing.T) {
	bomb := "a0: &a0 [" + strings.Repeat("x, ", 9) + "]\n"
	merges := "a0: &a0 {k: 1}\n"
	for i := 1; i < 60; i++ {
		bomb += fmt.Sprintf("a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 9), ", "))
		merges += fmt.Sprintf("a%d: &a%d {<<: [*a%d, *a%d]}\n", i, i, i-1, i-1)
	}
	tests := map[string]struct{ text, limit string }{
		"deep JSON arrays":    {strings.Repeat("[", 1_000_000), "limit of 100"},
		"deep JSON objects":   {strings.Repeat(`{"a":`, 1_000_000), "limit of 100"},
		"deep YAML arrays":    {"a: " + strings.Repeat("[", 200) + strings.Repeat("]", 200), "limit of 100"},
		"deep YAML mappings":  {"a: " + strings.Repeat("{b: ", 200) + strings.Repeat("}", 200), "limit of 100"},
		"deeper YAML":         {"a: " + strings.Repeat("[", 500_000), "max depth"},
		"many JSON values":    {"[" + strings.Repeat("0,", 1_000_000) + "0]", "limit of one million"},
		"many YAML marks":     {"a: b\n" + strings.Repeat("- a\n", 600_000), "limit of 1000000"},
		"aliases of aliases":  {bomb, "limit of one million"},
		"merges of merges":    {merges, "limit of one million"},
		"long JSON name":      {`{"` + strings.Repeat("n", 5000) + `": 1}`, "limit of 1024"},
		"long YAML name":      {"? " + strings.Repeat("n", 5000) + "\n: 1", "limit of 1024"},
		"directives of YAML":  {strings.Repeat("%TAG !a! b\n", 1000) + "---\na: 1", "directives"},
		"directives after CR": {strings.Repeat("%TAG !a! b\r", 1000) + "---\na: 1", "directives"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := document.Read([]byte(test.text), document.DefaultBudget())
			if err == nil || !strings.Contains(err.Error(), test.limit) {
				t.Errorf("error %v", err)
			}
		})
	}
}

// The limits are of all files together.
func TestBudgetIsShared(t *testing.T) {
	budget := &document.Budget{Bytes: 10, Values: 5, Depth: 2, Name: 3}
	for i, want := range []bool{true, true, false} {
		_, err := document.Read([]byte(`[1]`), budget)
		var limit *document.LimitError
		if (err == nil) != want || err != nil && !errors.As(err, &limit) {
			t.Errorf("file %d: %v", i, err)
		}
	}
	if err := budget.TakeBytes(6); err != nil {
		t.Error(err)
	}
	if err := budget.TakeBytes(6); err == nil {
		t.Error("12 bytes of 10")
	}
}

// value draws a JSON value.
func value(t *rapid.T, depth int) any {
	switch kind := rapid.IntRange(0, 6).Draw(t, "kind"); {
	case kind == 0 && depth > 0:
		o := map[string]any{}
		for range rapid.IntRange(0, 14).Draw(t, "members") {
			o[rapid.String().Draw(t, "name")] = value(t, depth-1)
		}
		return o
	case kind == 1 && depth > 0:
		a := []any{}
		for range rapid.IntRange(0, 4).Draw(t, "elements") {
			a = append(a, value(t, depth-1))
		}
		return a
	case kind == 2:
		return json.Number(fmt.Sprint(rapid.Float64Range(-1e9, 1e9).Draw(t, "number")))
	case kind == 3:
		return rapid.Bool().Draw(t, "bool")
	case kind == 4:
		return nil
	}
	return rapid.String().Draw(t, "text")
}

// What is printed reads as what it was, to this package and to the standard library.
func TestPrintedReadsAsItWas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		original, err := json.Marshal([]any{value(t, 3)})
		if err != nil {
			t.Fatal(err)
		}
		read, err := document.Read(original, document.DefaultBudget())
		if err != nil {
			t.Fatalf("%s: %v", original, err)
		}
		printed := document.Print(read, rapid.IntRange(0, 3).Draw(t, "indent"))
		again, err := document.Read(printed, document.DefaultBudget())
		if err != nil {
			t.Fatal(err)
		}
		if document.Identity(read) != document.Identity(again) {
			t.Fatalf("%s\n%s", original, printed)
		}
		var standard any
		if err := json.Unmarshal(printed, &standard); err != nil {
			t.Fatal(err)
		}
		back, err := json.Marshal(standard)
		if err != nil {
			t.Fatal(err)
		}
		var want any
		if err := json.Unmarshal(original, &want); err != nil {
			t.Fatal(err)
		}
		wanted, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		if string(back) != string(wanted) {
			t.Fatalf("%s\n%s", wanted, back)
		}
	})
}

func TestAt(t *testing.T) {
	v, err := document.Read([]byte(`{"a/b": [{"~": 1}], "": {"": 2}}`), document.DefaultBudget())
	if err != nil {
		t.Fatal(err)
	}
	for pointer, want := range map[string]string{"/a~1b/0/~0": "1", "//": "2", "/a~1b/00": "", "/a~1b/1": "", "/a~1b/-1": "", "a": "", "/c": "", "/a~1b/0/~0/x": ""} {
		got, ok := document.At(v, pointer)
		if ok != (want != "") || ok && document.Identity(got) != want {
			t.Errorf("%s: %v, %v", pointer, got, ok)
		}
	}
}

func TestObject(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := document.NewObject()
		want := map[string]any{}
		for i := range rapid.IntRange(0, 60).Draw(t, "steps") {
			name := fmt.Sprint(rapid.IntRange(0, 25).Draw(t, "name"))
			if rapid.IntRange(0, 3).Draw(t, "delete") == 0 {
				o.Delete(name)
				delete(want, name)
				continue
			}
			o.Set(name, i)
			want[name] = i
		}
		got := map[string]any{}
		for _, m := range o.Members() {
			got[m.Name] = o.Get(m.Name)
		}
		if diff := cmp.Diff(want, got); diff != "" || o.Len() != len(want) {
			t.Fatal(diff)
		}
	})
}

// FuzzRead reads anything without a panic, and prints what it read so that it reads the same again.
func FuzzRead(f *testing.F) {
	for _, text := range []string{
		`{"a": [1, "b", null, true, {"c": 1.5e3}]}`, "a: &x {k: 1}\nb: {<<: *x, l: [*x]}\n", "%YAML 1.2\n---\n- |\n  text\n- >-\n  more\n",
		"? a\n: - b\n  - c # d\n", "a: !!str 1\nb: 0x10\nc: 2025-01-01\nd: .inf", "{a: &a [*a]}", "\ufeff{}", "- - - a\n  - b\n",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		budget := &document.Budget{Values: 5000, Depth: 20, Name: 100}
		v, err := document.Read(text, budget)
		if err != nil {
			return
		}
		v = []any{v} // a text alone would be read as YAML
		again, err := document.Read(document.Print(v, 1), document.DefaultBudget())
		if err != nil {
			t.Fatalf("%v\n%s", err, document.Print(v, 1))
		}
		if document.Identity(v) != document.Identity(again) {
			t.Fatalf("%s", document.Print(v, 1))
		}
	})
}
