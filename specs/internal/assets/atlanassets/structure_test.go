package atlanassets

import (
	"testing"
)

// Unknown keys of a struct come back, whichever way the server wrote it.
func TestStructures(t *testing.T) {
	for text, want := range map[string]string{
		`{"key":"k","count":null}`:                               `{"key":"k","count":null}`,
		`{"key":"k","new":{"b":1}}`:                              `{"key":"k","new":{"b":1}}`,
		`{"typeName":"part","attributes":{"key":"k","new":[1]}}`: `{"key":"k","new":[1],"typeName":"part"}`,
		`{"key":"k","attributes":null}`:                          `{"attributes":null,"key":"k"}`,
		`{}`:                                                     `{}`,
	} {
		p := decode[part](t, text)
		if got := encode(t, p); got != want {
			t.Errorf("%s became %s, want %s", text, got, want)
		}
	}
	p := decode[part](t, `{"typeName":"part","attributes":{"key":"k","count":3}}`)
	if p.Key.Or("") != "k" || p.Count.Or(0) != 3 || len(p.Unknown) != 1 {
		t.Errorf("decoded %+v", p)
	}
	p.Unknown["count"] = []byte("4")
	if got := encode(t, p); got != `{"count":3,"key":"k","typeName":"part"}` {
		t.Errorf("an unknown key won over a field: %s", got)
	}
	c := decode[child](t, `{"parts":[{"key":"a"},null,{"key":"b"}]}`)
	if parts := c.Parts.Or(nil); len(parts) != 3 || parts[2].Key.Or("") != "b" {
		t.Errorf("decoded %+v", parts)
	}
}
