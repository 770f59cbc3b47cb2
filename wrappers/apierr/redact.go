package apierr

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// Mask is what stands where a secret was.
const Mask = "***"

const (
	maxBody    = 64 << 10
	maxMessage = 300

	// minLearned is the length from which a value found in a request counts as a secret: replacing every "1" and
	// "on" of a message would leave nothing to read. minAdded is the same for values somebody named.
	minLearned = 4
	minAdded   = 3
	// wholeWord is the length below which a secret is replaced only where it stands alone.
	wholeWord = 8
	// maxSecrets bounds the work that one hostile or huge request can cause.
	maxSecrets = 2000
)

// Redactor takes secrets out of text. The zero value masks what looks like a secret: values of secret-looking keys,
// everything in configuration objects, bearer tokens, JSON web tokens, private keys, credentials in URLs. Add and
// AddJSON tell it the values that are known to be secret, which it then masks wherever they occur, also escaped for
// JSON or URLs. It is not safe for concurrent use.
type Redactor struct {
	known  map[string]struct{}
	sorted []string
}

// Add names values that are secret. Values shorter than three bytes are ignored.
func (r *Redactor) Add(values ...string) {
	for _, v := range values {
		if len(v) >= minAdded {
			r.add(v)
		}
	}
}

// AddJSON looks through a JSON document, such as the body of a request, and adds the values of its secret-looking
// keys and everything inside its configuration objects. Text that is not JSON is read as far as it goes.
func (r *Redactor) AddJSON(document []byte) {
	secretScalars(document, func(start, end int) bool {
		token := document[start:end]
		value := string(token)
		if token[0] == '"' {
			if json.Unmarshal(token, &value) != nil {
				value = strings.Trim(value, `"`)
			}
		}
		if len(value) >= minLearned && value != "true" && value != "false" && value != "null" {
			r.add(value)
		}
		return len(r.known) < maxSecrets
	})
}

// AddForm does what AddJSON does for a form or the query of a URL.
func (r *Redactor) AddForm(values url.Values) {
	for name, list := range values {
		if SecretName(name) {
			for _, v := range list {
				if len(v) >= minLearned {
					r.add(v)
				}
			}
		}
	}
}

func (r *Redactor) add(v string) {
	if len(r.known) >= maxSecrets {
		return
	}
	if r.known == nil {
		r.known = make(map[string]struct{})
	}
	if _, ok := r.known[v]; ok {
		return
	}
	for _, form := range spellings(v) {
		r.known[form] = struct{}{}
	}
	r.sorted = nil
}

// spellings are the ways in which a value comes back in an answer.
func spellings(v string) []string {
	forms := []string{v, url.QueryEscape(v), url.PathEscape(v)}
	if quoted, err := json.Marshal(v); err == nil {
		forms = append(forms, string(quoted[1:len(quoted)-1]))
	}
	var plain bytes.Buffer
	enc := json.NewEncoder(&plain)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err == nil {
		forms = append(forms, strings.Trim(strings.TrimSpace(plain.String()), `"`))
	}
	if quoted := fmt.Sprintf("%q", v); len(quoted) > 2 {
		forms = append(forms, quoted[1:len(quoted)-1])
	}
	if joined := oneLine(v); joined != v && len(joined) >= minLearned {
		forms = append(forms, joined)
	}
	// A key of many lines is often quoted by one of them.
	if strings.Contains(v, "\n") {
		for line := range strings.Lines(v) {
			if line = strings.TrimSpace(line); len(line) >= 2*wholeWord {
				forms = append(forms, line)
			}
		}
	}
	return forms
}

// Text returns s without its secrets.
func (r *Redactor) Text(s string) string {
	if s == "" {
		return s
	}
	return maskPatterns(r.replaceKnown(s))
}

// Body returns a copy of an answer's body without its secrets, at most 64 KiB of it.
func (r *Redactor) Body(body []byte) []byte {
	if len(body) == 0 {
		return nil
	}
	body = body[:min(len(body), maxBody)]
	out := make([]byte, 0, len(body)+16)
	last := 0
	secretScalars(body, func(start, end int) bool {
		out = append(out, body[last:start]...)
		out = append(out, '"')
		out = append(out, Mask...)
		out = append(out, '"')
		last = end
		return true
	})
	out = append(out, body[last:]...)
	text := r.Text(string(out))
	// A cut, ours or an earlier one, may have left the beginning of a secret at the end.
	return []byte(r.trimBegun(text[:min(len(text), maxBody)]))
}

// trimBegun removes the beginning of a known secret from the end of s.
func (r *Redactor) trimBegun(s string) string {
	for _, secret := range r.list() {
		for n := min(len(secret)-1, len(s)); n >= minLearned; n-- {
			if strings.HasSuffix(s, secret[:n]) {
				return s[:len(s)-n] + Mask
			}
		}
	}
	return s
}

func (r *Redactor) list() []string {
	if r.sorted == nil && len(r.known) > 0 {
		for s := range r.known {
			r.sorted = append(r.sorted, s)
		}
		// The longest first: a secret that is part of another must not break it up.
		slices.SortFunc(r.sorted, func(a, b string) int {
			if len(a) != len(b) {
				return len(b) - len(a)
			}
			return strings.Compare(a, b)
		})
	}
	return r.sorted
}

func (r *Redactor) replaceKnown(s string) string {
	for _, secret := range r.list() {
		if len(secret) > len(s) {
			continue
		}
		if len(secret) >= wholeWord {
			s = strings.ReplaceAll(s, secret, Mask)
			continue
		}
		s = replaceWord(s, secret)
	}
	return s
}

// replaceWord masks word where it is not a part of a longer word.
func replaceWord(s, word string) string {
	var b strings.Builder
	rest, offset := s, 0
	for {
		i := strings.Index(rest, word)
		if i < 0 {
			break
		}
		start, end := offset+i, offset+i+len(word)
		alone := (start == 0 || !wordByte(s[start-1]) || !wordByte(word[0])) &&
			(end == len(s) || !wordByte(s[end]) || !wordByte(word[len(word)-1]))
		b.WriteString(rest[:i])
		if alone {
			b.WriteString(Mask)
		} else {
			b.WriteString(word)
		}
		rest, offset = rest[i+len(word):], end
	}
	if offset == 0 {
		return s
	}
	b.WriteString(rest)
	return b.String()
}

func wordByte(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

// SecretName reports whether a key, a parameter or a header of this name usually carries a secret: password,
// client_secret, accessToken, X-Api-Key, credentials and the like. The keys of tables (primary, cursor, partition…)
// are not secret.
func SecretName(name string) bool {
	if name == "" || len(name) > 128 {
		return false
	}
	var buf [128]byte
	flat := flatten(buf[:0], name)
	if hasSecretWord(flat) {
		return true
	}
	if !bytes.Contains(flat, keyWord) {
		return false
	}
	for _, word := range tableKeys {
		if bytes.Contains(flat, word) {
			return false
		}
	}
	return true
}

func hasSecretWord(flat []byte) bool {
	for _, word := range secretWords {
		if bytes.Contains(flat, word) {
			return true
		}
	}
	return false
}

// flatten writes the letters and digits of name to buf, in small letters.
func flatten(buf []byte, name string) []byte {
	for i := range len(name) {
		switch c := name[i]; {
		case c >= 'A' && c <= 'Z':
			buf = append(buf, c+'a'-'A')
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9':
			buf = append(buf, c)
		}
	}
	return buf
}

var (
	keyWord     = []byte("key")
	secretWords = [][]byte{
		[]byte("secret"), []byte("password"), []byte("passwd"), []byte("passphrase"), []byte("pwd"), []byte("token"),
		[]byte("credential"), []byte("apikey"), []byte("accesskey"), []byte("privatekey"), []byte("authorization"),
		[]byte("cookie"), []byte("signature"), []byte("connectionstring"), []byte("dsn"), []byte("jwt"),
	}
	tableKeys = [][]byte{
		[]byte("primarykey"), []byte("matchingkey"), []byte("foreignkey"), []byte("partitionkey"), []byte("sortkey"),
		[]byte("uniquekey"), []byte("cursorkey"), []byte("clusterkey"), []byte("objectkey"), []byte("keyspace"),
		[]byte("keyword"), []byte("keyfield"), []byte("keycolumn"), []byte("identitykey"), []byte("errorkey"),
	}
)

// configurationName reports whether everything under a key of this name is to be masked.
func configurationName(name string) bool {
	const suffix = "configuration"
	return len(name) >= len(suffix) && strings.EqualFold(name[len(name)-len(suffix):], suffix)
}

// secretScalars calls yield with the position of every string and number that stands under a secret-looking key or
// in a configuration object. It reads JSON that is broken or cut as far as it goes.
func secretScalars(src []byte, yield func(start, end int) bool) {
	type frame struct{ object, secret, key, pending bool }
	stack := make([]frame, 1, 16)
	for i := 0; i < len(src); {
		top := &stack[len(stack)-1]
		secret := top.secret || top.pending
		switch c := src[i]; c {
		case '{', '[':
			stack = append(stack, frame{object: c == '{', secret: secret, key: c == '{'})
			i++
		case '}', ']':
			if len(stack) > 1 {
				stack = stack[:len(stack)-1]
			}
			i++
		case ',':
			top.key, top.pending = top.object, false
			i++
		case ':':
			top.key = false
			i++
		case '"':
			end := stringEnd(src, i)
			if top.key {
				name := src[i:end]
				plain := strings.Trim(string(name), `"`)
				if bytes.IndexByte(name, '\\') >= 0 {
					_ = json.Unmarshal(name, &plain)
				}
				top.pending = SecretName(plain) || configurationName(plain)
			} else if secret && end-i > 2 && !yield(i, end) {
				return
			}
			i = end
		case ' ', '\t', '\r', '\n':
			i++
		default:
			end := i + 1
			for end < len(src) && bytes.IndexByte([]byte(",]}: \t\r\n\""), src[end]) < 0 {
				end++
			}
			if secret && (c == '-' || c >= '0' && c <= '9') && !yield(i, end) {
				return
			}
			i = end
		}
	}
}

// stringEnd returns the position after the string that starts at src[i], or the end of src when it does not end.
func stringEnd(src []byte, i int) int {
	for j := i + 1; j < len(src); j++ {
		switch src[j] {
		case '\\':
			j++
		case '"':
			return j + 1
		}
	}
	return len(src)
}
