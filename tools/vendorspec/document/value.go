package document

import (
	"slices"
	"strings"
)

// An Object is a JSON object that remembers the order of its members.
type Object struct {
	members []Member
	index   map[string]int // only of large objects
}

// A Member is one name and value of an Object.
type Member struct {
	Name  string
	Value any
}

// A Number is a number as it was written, in JSON's grammar.
type Number string

// indexed is the size from which an Object looks its members up in a map.
const indexed = 12

// NewObject makes an object of members, whose names differ.
func NewObject(members ...Member) *Object {
	o := &Object{}
	for _, m := range members {
		o.Set(m.Name, m.Value)
	}
	return o
}

func (o *Object) find(name string) int {
	if o == nil {
		return -1
	}
	if o.index != nil {
		if i, ok := o.index[name]; ok {
			return i
		}
		return -1
	}
	for i := range o.members {
		if o.members[i].Name == name {
			return i
		}
	}
	return -1
}

// Len counts the members. A nil Object has none.
func (o *Object) Len() int {
	if o == nil {
		return 0
	}
	return len(o.members)
}

// Members returns the members in their order. The slice belongs to the object: do not write to it.
func (o *Object) Members() []Member {
	if o == nil {
		return nil
	}
	return o.members
}

// Has says whether there is a member of that name.
func (o *Object) Has(name string) bool { return o.find(name) >= 0 }

// Get returns the value of a member, or nil when there is none.
func (o *Object) Get(name string) any {
	if i := o.find(name); i >= 0 {
		return o.members[i].Value
	}
	return nil
}

// Lookup returns the value of a member and whether there is one.
func (o *Object) Lookup(name string) (any, bool) {
	if i := o.find(name); i >= 0 {
		return o.members[i].Value, true
	}
	return nil, false
}

// Set writes a member: in its place when the name is there already, at the end otherwise.
func (o *Object) Set(name string, value any) {
	if i := o.find(name); i >= 0 {
		o.members[i].Value = value
		return
	}
	o.members = append(o.members, Member{name, value})
	switch {
	case o.index != nil:
		o.index[name] = len(o.members) - 1
	case len(o.members) > indexed:
		o.reindex()
	}
}

// Delete removes a member, if it is there.
func (o *Object) Delete(name string) {
	if i := o.find(name); i >= 0 {
		o.members = slices.Delete(o.members, i, i+1)
		if o.index != nil {
			o.reindex()
		}
	}
}

// Sort brings the members into the order of compare, and leaves those that it calls equal as they are.
func (o *Object) Sort(compare func(a, b Member) int) {
	slices.SortStableFunc(o.members, compare)
	if o.index != nil {
		o.reindex()
	}
}

func (o *Object) reindex() {
	o.index = make(map[string]int, len(o.members))
	for i := range o.members {
		o.index[o.members[i].Name] = i
	}
}

// At follows a JSON pointer (RFC 6901), "" for the value itself.
func At(value any, pointer string) (any, bool) {
	if pointer == "" {
		return value, true
	}
	if pointer[0] != '/' {
		return nil, false
	}
	for token := range strings.SplitSeq(pointer[1:], "/") {
		token = Unescape(token)
		switch v := value.(type) {
		case *Object:
			member, ok := v.Lookup(token)
			if !ok {
				return nil, false
			}
			value = member
		case []any:
			i, ok := position(token)
			if !ok || i >= len(v) {
				return nil, false
			}
			value = v[i]
		default:
			return nil, false
		}
	}
	return value, true
}

// position reads the index of an array in a pointer: digits without a leading zero.
func position(token string) (int, bool) {
	if token == "" || len(token) > 9 || len(token) > 1 && token[0] == '0' {
		return 0, false
	}
	n := 0
	for _, c := range []byte(token) {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, true
}

// Escape writes a name as a token of a JSON pointer.
func Escape(name string) string {
	if !strings.ContainsAny(name, "~/") {
		return name
	}
	return strings.ReplaceAll(strings.ReplaceAll(name, "~", "~0"), "/", "~1")
}

// Unescape reads a token of a JSON pointer.
func Unescape(token string) string {
	if !strings.Contains(token, "~") {
		return token
	}
	return strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~")
}
