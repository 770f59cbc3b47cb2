package atlan

import "testing"

// TestT6SameCustomMetadata: what was sent is compared with what is there by what it says.
func TestT6SameCustomMetadata(t *testing.T) {
	for name, c := range map[string]struct {
		has, sent string
		same      bool
	}{
		"the same":           {`{"s":{"a":"1"}}`, `{"s":{"a":"1"}}`, true},
		"another":            {`{"s":{"a":"1"}}`, `{"s":{"a":"2"}}`, false},
		"none":               {``, `{"s":{"a":"1"}}`, false},
		"another set":        {`{"t":{"a":"1"}}`, `{"s":{"a":"1"}}`, false},
		"more than sent":     {`{"s":{"a":"1","b":"2"},"t":{"c":1}}`, `{"s":{"a":"1"}}`, true},
		"null":               {`{"s":{"b":"2","c":null}}`, `{"s":{"a":null,"c":null}}`, true},
		"null, but there":    {`{"s":{"a":"1"}}`, `{"s":{"a":null}}`, false},
		"null there":         {`{"s":{"a":null}}`, `{"s":{"a":"1"}}`, false},
		"none of a set":      {`{"s":{"a":null},"t":{"a":1}}`, `{"s":{}}`, true},
		"some of a set":      {`{"s":{"a":"1"}}`, `{"s":{}}`, false},
		"nothing sent":       {`{"s":{"a":"1"}}`, `{}`, true},
		"numbers":            {`{"s":{"a":1.0,"b":1e3,"c":9007199254740993}}`, `{"s":{"a":1,"b":1000,"c":9007199254740993}}`, true},
		"large numbers":      {`{"s":{"a":9007199254740993}}`, `{"s":{"a":9007199254740992}}`, false},
		"other numbers":      {`{"s":{"a":0.5}}`, `{"s":{"a":0.25}}`, false},
		"a number as a text": {`{"s":{"a":"1"}}`, `{"s":{"a":1}}`, false},
		"a truth":            {`{"s":{"a":true}}`, `{"s":{"a":true}}`, true},
		"another truth":      {`{"s":{"a":true}}`, `{"s":{"a":false}}`, false},
		"a list":             {`{"s":{"a":["x","y"]}}`, `{"s":{"a":["y","x"]}}`, true},
		"a longer list":      {`{"s":{"a":["x","y"]}}`, `{"s":{"a":["x"]}}`, false},
		"another list":       {`{"s":{"a":["x","y"]}}`, `{"s":{"a":["x","z"]}}`, false},
		"twice":              {`{"s":{"a":["x","x"]}}`, `{"s":{"a":["x","y"]}}`, false},
		"a list and a text":  {`{"s":{"a":["x"]}}`, `{"s":{"a":"x"}}`, false},
		"objects":            {`{"s":{"a":{"x":1}}}`, `{"s":{"a":{"x":1}}}`, false},
	} {
		if same := hasCustomMetadata([]byte(c.has), []byte(c.sent)); same != c.same {
			t.Errorf("%s: %v", name, same)
		}
	}
}
