package atlan

import (
	"encoding/json"
	"testing"

	"pgregory.net/rapid"
)

// A string is written as encoding/json writes it, whatever is in it, and found under its name again.
func TestAppendString(t *testing.T) {
	same := func(t interface{ Errorf(string, ...any) }, s string) {
		want, err := encodeJSON(s)
		got := appendString(nil, s)
		if err != nil || string(got) != string(want) {
			t.Errorf("%q is written as %s, want %s", s, got, want)
		}
		var read string
		if err := json.Unmarshal(got, &read); err != nil {
			t.Errorf("%s: %v", got, err)
		}
		text := append(append([]byte(`{"a":1,`), got...), `:2,"z":3}`...)
		if value, ok := memberOf(text, read); !ok || string(value) != "2" {
			t.Errorf("%q is %s in %s", read, value, text)
		}
		if _, ok := memberOf(text, read+"x"); ok {
			t.Errorf("%q is in %s", read+"x", text)
		}
	}
	for b := range 256 {
		if s := string([]byte{'q', byte(b)}); s != "a" && s != "z" {
			same(t, s)
		}
	}
	rapid.Check(t, func(t *rapid.T) { same(t, "b"+rapid.String().Draw(t, "s")) })
}

// The name of a member may be written with escapes. A name that has a backslash in it is not one with an escape.
func TestMemberNames(t *testing.T) {
	text := []byte(`{"n\u0061me":1,"a\\n":2}`)
	for name, want := range map[string]string{"name": "1", `a\n`: "2", `n\u0061me`: "", `a\\n`: "", "": ""} {
		if value, ok := memberOf(text, name); string(value) != want || ok != (want != "") {
			t.Errorf("%q is %q, want %q", name, value, want)
		}
	}
}
