package atlan

import (
	"bytes"
	"encoding/json"
	"errors"
	"iter"
	"maps"
	"reflect"
	"slices"
)

// errNotObject says that JSON is not what it has to be here.
var errNotObject = errors.New("the JSON is not an object")

// membersOf yields the members of a JSON object in their order, each value as it was written. The text must be valid JSON;
// anything but an object yields nothing. Values are slices of text.
func membersOf(text []byte) iter.Seq2[string, json.RawMessage] {
	return func(yield func(string, json.RawMessage) bool) {
		for name, value := range quotedMembersOf(text) {
			if !yield(unquoted(name), value) {
				return
			}
		}
	}
}

// quotedMembersOf is membersOf that leaves the names as they were written.
func quotedMembersOf(text []byte) iter.Seq2[[]byte, json.RawMessage] {
	return func(yield func([]byte, json.RawMessage) bool) {
		i := skipSpace(text, 0)
		if i >= len(text) || text[i] != '{' {
			return
		}
		for i = skipSpace(text, i+1); i < len(text) && text[i] != '}'; {
			end := skipString(text, i)
			name := text[i:end]
			i = skipSpace(text, end)
			i = skipSpace(text, i+1) // the colon
			end = skipValue(text, i)
			if !yield(name, text[i:end:end]) {
				return
			}
			if i = skipSpace(text, end); i < len(text) && text[i] == ',' {
				i = skipSpace(text, i+1)
			}
		}
	}
}

// memberOf returns one member of a JSON object, as it was written. Of members with the same name the last one counts, as
// in encoding/json.
func memberOf(text []byte, name string) (value json.RawMessage, ok bool) {
	for n, v := range quotedMembersOf(text) {
		if quotes(n, name) {
			value, ok = v, true
		}
	}
	return value, ok
}

// quotes reports whether a JSON string says s.
func quotes(text []byte, s string) bool {
	if bytes.IndexByte(text, '\\') >= 0 {
		return unquoted(text) == s
	}
	return len(text) == len(s)+2 && string(text[1:len(text)-1]) == s
}

func unquoted(text []byte) string {
	if len(text) < 2 {
		return ""
	}
	if bytes.IndexByte(text, '\\') < 0 {
		return string(text[1 : len(text)-1])
	}
	var s string
	_ = json.Unmarshal(text, &s) // valid JSON was asked for
	return s
}

func skipSpace(text []byte, i int) int {
	for i < len(text) && (text[i] == ' ' || text[i] == '\t' || text[i] == '\n' || text[i] == '\r') {
		i++
	}
	return i
}

// skipString returns the index after the string that starts at i.
func skipString(text []byte, i int) int {
	for i++; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(text)
}

// skipValue returns the index after the value that starts at i.
func skipValue(text []byte, i int) int {
	depth := 0
	for i < len(text) {
		switch text[i] {
		case '"':
			i = skipString(text, i)
			if depth == 0 {
				return i
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return i // the end of what the value is in
			}
			if depth--; depth == 0 {
				return i + 1
			}
		case ',', ' ', '\t', '\n', '\r':
			if depth == 0 {
				return i
			}
		}
		i++
	}
	return i
}

// object is a JSON object as it was read and what was changed in it since.
type object struct {
	raw json.RawMessage            // as it was read; nil: there was none
	set map[string]json.RawMessage // written since
}

// get returns a member as it is now.
func (o *object) get(name string) (json.RawMessage, bool) {
	if v, ok := o.set[name]; ok {
		return v, true
	}
	return memberOf(o.raw, name)
}

// put writes a member. The value is not copied.
func (o *object) put(name string, value json.RawMessage) {
	if was, ok := memberOf(o.raw, name); ok && bytes.Equal(was, value) {
		delete(o.set, name)
		return
	}
	if o.set == nil {
		o.set = make(map[string]json.RawMessage)
	}
	o.set[name] = value
}

// forget takes back what was written.
func (o *object) forget(name string) { delete(o.set, name) }

// changes are the members that were written with another value than they were read with.
func (o *object) changes() map[string]json.RawMessage {
	changed := make(map[string]json.RawMessage, len(o.set))
	for name, value := range o.set {
		if was, ok := memberOf(o.raw, name); !ok || !sameJSON(was, value) {
			changed[name] = value
		}
	}
	return changed
}

// members yields all members as they are now: those that were read in their order, then the new ones by name.
func (o *object) members() iter.Seq2[string, json.RawMessage] {
	return func(yield func(string, json.RawMessage) bool) {
		rest := o.set
		if len(o.raw) > 0 {
			rest = maps.Clone(o.set)
		}
		for name, value := range membersOf(o.raw) {
			if now, ok := o.set[name]; ok {
				value = now
				delete(rest, name)
			}
			if !yield(name, value) {
				return
			}
		}
		sorted(rest)(yield)
	}
}

// text returns the object as it is now; exactly what was read when nothing was changed; nil when there is none.
func (o *object) text() json.RawMessage {
	if len(o.set) == 0 {
		return o.raw
	}
	return appendObject(nil, o.members())
}

// adopt takes the members as what the server has now.
func (o *object) adopt(now map[string]json.RawMessage) {
	merged := object{raw: o.raw, set: now}
	o.raw = merged.text()
	for name := range now {
		delete(o.set, name)
	}
}

// drop forgets a member, as it was read and as it was written.
func (o *object) drop(name string) {
	delete(o.set, name)
	if _, ok := memberOf(o.raw, name); !ok {
		return
	}
	o.raw = appendObject(nil, func(yield func(string, json.RawMessage) bool) {
		for n, v := range membersOf(o.raw) {
			if n != name && !yield(n, v) {
				return
			}
		}
	})
}

// appendObject writes an object; values are written as they are.
func appendObject(dst []byte, members iter.Seq2[string, json.RawMessage]) json.RawMessage {
	dst = append(dst, '{')
	first := true
	for name, value := range members {
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = appendString(dst, name)
		dst = append(dst, ':')
		dst = append(dst, value...)
	}
	return append(dst, '}')
}

// sorted yields the members of a map by name, so that what is sent does not depend on chance.
func sorted(members map[string]json.RawMessage) iter.Seq2[string, json.RawMessage] {
	return func(yield func(string, json.RawMessage) bool) {
		names := slices.AppendSeq(make([]string, 0, len(members)), maps.Keys(members))
		slices.Sort(names)
		for _, name := range names {
			if !yield(name, members[name]) {
				return
			}
		}
	}
}

func appendString(dst []byte, s string) []byte {
	if !isPlain(s) {
		text, _ := encodeJSON(s) // a string always encodes
		return append(dst, text...)
	}
	dst = append(append(slices.Grow(dst, len(s)+2), '"'), s...)
	return append(dst, '"')
}

// isPlain reports whether a string is written in JSON as it is, between quotes.
func isPlain[S ~string | ~[]byte](s S) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// encodeJSON is json.Marshal that leaves <, > and & as they are.
func encodeJSON(v any) (json.RawMessage, error) {
	if raw, ok := v.(json.RawMessage); ok {
		if !json.Valid(raw) {
			return nil, errors.New("the json.RawMessage is not valid JSON")
		}
		return slices.Clone(bytes.TrimSpace(raw)), nil
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}

// sameJSON reports whether two texts say the same: members in any order, space anywhere, numbers digit by digit.
func sameJSON(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	if len(a) == 0 || len(b) == 0 {
		return false
	}
	var x, y any
	return decodeExact(a, &x) == nil && decodeExact(b, &y) == nil && reflect.DeepEqual(x, y)
}

// decodeExact is json.Unmarshal that keeps numbers as they were written where their type is not known.
func decodeExact(text []byte, v any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	return decoder.Decode(v)
}

// isNull reports whether a value is JSON's null.
func isNull(value json.RawMessage) bool { return string(bytes.TrimSpace(value)) == "null" }

// textOf returns a JSON string, "" for anything else.
func textOf(value json.RawMessage, ok bool) string {
	if !ok || len(value) < 2 || value[0] != '"' {
		return ""
	}
	if inner := value[1 : len(value)-1]; value[len(value)-1] == '"' && isPlain(inner) {
		return string(inner)
	}
	var s string
	_ = json.Unmarshal(value, &s)
	return s
}
