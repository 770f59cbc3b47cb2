package apierr

import "strings"

// maskPatterns masks what has the form of a secret in any text: private keys, credentials in URLs, JSON web tokens,
// credentials after Bearer and Basic, and values after secret-looking keys. It reads the text once for each of them,
// whatever it holds: error bodies are as long as whoever writes them likes.
func maskPatterns(s string) string {
	s = maskPrivateKeys(s)
	s = maskUserinfo(s)
	s = maskWebTokens(s)
	s = maskSchemes(s)
	return maskPairs(s)
}

// edit builds a text from the parts of another.
type edit struct {
	src  string
	out  strings.Builder
	last int
}

// mask puts Mask in the place of src[from:to].
func (e *edit) mask(from, to int) {
	e.out.WriteString(e.src[e.last:from])
	e.out.WriteString(Mask)
	e.last = to
}

func (e *edit) String() string {
	if e.last == 0 {
		return e.src
	}
	e.out.WriteString(e.src[e.last:])
	return e.out.String()
}

func maskPrivateKeys(s string) string {
	const begin, middle, end = "-----BEGIN ", "PRIVATE KEY-----", "-----END "
	e := edit{src: s}
	for at := 0; ; {
		i := strings.Index(s[at:], begin)
		if i < 0 {
			return e.String()
		}
		start := at + i
		at = start + len(begin)
		if j := strings.Index(s[at:min(len(s), at+64)], middle); j < 0 {
			continue
		}
		stop := len(s)
		if j := strings.Index(s[at:], end); j >= 0 {
			stop = at + j + len(end)
			if k := strings.Index(s[stop:min(len(s), stop+64)], "-----"); k >= 0 {
				stop += k + len("-----")
			}
		}
		e.mask(start, stop)
		at = stop
	}
}

func maskUserinfo(s string) string {
	e := edit{src: s}
	for at := 0; ; {
		i := strings.Index(s[at:], "://")
		if i < 0 {
			return e.String()
		}
		start := at + i + len("://")
		stop := start
		for stop < len(s) && !strings.ContainsRune("/ \t\r\n\"'<>", rune(s[stop])) {
			stop++
		}
		if j := strings.LastIndexByte(s[start:stop], '@'); j > 0 {
			e.mask(start, start+j)
		}
		at = stop
	}
}

func maskWebTokens(s string) string {
	e := edit{src: s}
	for at := 0; ; {
		i := strings.Index(s[at:], "eyJ")
		if i < 0 {
			return e.String()
		}
		start := at + i
		stop, dots := start, 0
		for stop < len(s) && (nameByte(s[stop]) || s[stop] == '-' || s[stop] == '.') {
			if s[stop] == '.' {
				dots++
			}
			stop++
		}
		if dots > 0 && stop-start >= 16 {
			e.mask(start, stop)
		}
		at = stop
	}
}

func maskSchemes(s string) string {
	e := edit{src: s}
	for i := 0; i < len(s); i++ {
		if s[i]|0x20 != 'b' || i > 0 && nameByte(s[i-1]) {
			continue
		}
		start := i
		switch {
		case len(s)-i > 7 && strings.EqualFold(s[i:i+6], "bearer"):
			start += 6
		case len(s)-i > 6 && strings.EqualFold(s[i:i+5], "basic"):
			start += 5
		default:
			continue
		}
		spaces := start
		for start < len(s) && space(s[start]) {
			start++
		}
		stop := start
		for stop < len(s) && (nameByte(s[stop]) || strings.IndexByte(".~+/=-", s[stop]) >= 0) {
			stop++
		}
		// "Basic authentication failed" is a sentence.
		if start > spaces && stop-start >= 8 && looksRandom(s[start:stop]) {
			e.mask(start, stop)
			i = stop
		}
	}
	return e.String()
}

// maskPairs masks the values of key=value, key: value and "key":"value" with a secret-looking key, also where the
// quotes are escaped.
func maskPairs(s string) string {
	e := edit{src: s}
	for at := 0; at < len(s); {
		i := strings.IndexAny(s[at:], ":=")
		if i < 0 {
			break
		}
		sep := at + i
		at = sep + 1
		if !secretKeyBefore(s, sep, e.last) {
			continue
		}
		start := sep + 1
		for start < len(s) && space(s[start]) {
			start++
		}
		quote := start
		for quote < len(s) && s[quote] == '\\' {
			quote++
		}
		var stop int
		if quote < len(s) && (s[quote] == '"' || s[quote] == '\'') {
			mark := s[start : quote+1] // with its backslashes
			start = quote + 1
			stop = closing(s, start, mark)
		} else {
			start = quote
			stop = start
			for stop < len(s) && !space(s[stop]) && strings.IndexByte("\"'\\,;&<>(){}[]", s[stop]) < 0 {
				stop++
			}
			if s[sep] == ':' && !looksRandom(s[start:stop]) {
				continue // "invalid token: expected a string"
			}
		}
		if stop > start {
			e.mask(start, stop)
			at = stop
		}
	}
	return e.String()
}

// closing returns where the string that begins at start ends. Mark is its opening quote.
func closing(s string, start int, mark string) int {
	for i := start; i < len(s); i++ {
		if strings.HasPrefix(s[i:], mark) {
			return i
		}
		if s[i] == '\\' && len(mark) == 1 {
			i++
		}
	}
	return len(s)
}

// secretKeyBefore reports whether a secret-looking key stands before the separator at sep. The keys of tables do not
// count here: in running text "key:" is a word like any other.
func secretKeyBefore(s string, sep, floor int) bool {
	end := sep
	for end > floor && space(s[end-1]) {
		end--
	}
	if end > floor && (s[end-1] == '"' || s[end-1] == '\'') {
		end--
		for end > floor && s[end-1] == '\\' {
			end--
		}
	}
	start := end
	for start > floor && end-start < 128 && (nameByte(s[start-1]) || s[start-1] == '-' || s[start-1] == '.') {
		start--
	}
	var buf [128]byte
	return hasSecretWord(flatten(buf[:0], s[start:end]))
}

func nameByte(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
}

func space(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// looksRandom tells a credential from a word of a sentence.
func looksRandom(s string) bool {
	if len(s) >= 20 {
		return true
	}
	if s == "" {
		return false
	}
	return strings.ContainsAny(s, "0123456789=+/_") || strings.ToLower(s[1:]) != s[1:]
}
