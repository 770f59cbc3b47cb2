package elastic

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// lowerASCII is what case_insensitive does: Elasticsearch folds ASCII letters only.
func lowerASCII(s string) string {
	for i := range len(s) {
		if c := s[i]; c >= 'A' && c <= 'Z' {
			lower := []byte(s)
			for j := i; j < len(lower); j++ {
				if lower[j] >= 'A' && lower[j] <= 'Z' {
					lower[j] += 'a' - 'A'
				}
			}
			return string(lower)
		}
	}
	return s
}

// wildcard is a pattern with * and ?; a backslash makes the next character an ordinary one.
type wildcard []wildcardStep

type wildcardStep struct {
	r    rune
	kind uint8 // 0: r, 1: any one, 2: any number of any
}

func newWildcard(pattern string) wildcard {
	var steps wildcard
	escaped := false
	for _, r := range pattern {
		switch {
		case escaped:
			steps, escaped = append(steps, wildcardStep{r: r}), false
		case r == '\\':
			escaped = true
		case r == '*':
			if len(steps) == 0 || steps[len(steps)-1].kind != 2 {
				steps = append(steps, wildcardStep{kind: 2})
			}
		case r == '?':
			steps = append(steps, wildcardStep{kind: 1})
		default:
			steps = append(steps, wildcardStep{r: r})
		}
	}
	if escaped {
		steps = append(steps, wildcardStep{r: '\\'})
	}
	return steps
}

// match never looks back further than the last star: time is at most the product of the lengths.
func (w wildcard) match(text string) bool {
	step, star, resume := 0, -1, 0
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case step < len(w) && w[step].kind == 2:
			star, resume = step, i
			step++
		case step < len(w) && (w[step].kind == 1 || w[step].r == r):
			step++
			i += size
		case star >= 0:
			_, size := utf8.DecodeRuneInString(text[resume:])
			resume += size
			i, step = resume, star+1
		default:
			return false
		}
	}
	for step < len(w) && w[step].kind == 2 {
		step++
	}
	return step == len(w)
}

// lucene turns a regular expression of Lucene into one of Go. They differ: Lucene's match the whole text, ^ and $ are
// ordinary characters, " quotes, @ is any text. Complement, intersection and intervals (~ & <1-9>) have no
// counterpart and are refused.
func lucene(expression string, ignoreCase bool, clause string) (*regexp.Regexp, *Error) {
	if utf8.RuneCountInString(expression) > 1000 {
		return nil, refuse(IllegalArgument, clause, "The length of regex [%d] used in the Regexp Query request has exceeded the allowed maximum of [1000].", utf8.RuneCountInString(expression))
	}
	var b strings.Builder
	b.WriteString("(?s")
	if ignoreCase {
		b.WriteString("i")
	}
	b.WriteString(")^(?:")
	runes := []rune(expression)
	class := false
	for i := 0; i < len(runes); i++ {
		r := runes[i]
		switch {
		case r == '\\':
			i++
			if i == len(runes) {
				return nil, refuse(IllegalArgument, clause, "unexpected end-of-string after \\ in regular expression")
			}
			if strings.ContainsRune("dDsSwW", runes[i]) {
				b.WriteByte('\\')
				b.WriteRune(runes[i])
			} else if class && strings.ContainsRune("-^]", runes[i]) {
				b.WriteByte('\\')
				b.WriteRune(runes[i])
			} else {
				b.WriteString(regexp.QuoteMeta(string(runes[i])))
			}
		case class:
			if r == ']' {
				class = false
			}
			if r == '[' || r == '&' {
				b.WriteByte('\\')
			}
			b.WriteRune(r)
		case r == '[':
			class = true
			b.WriteRune(r)
			if i+1 < len(runes) && runes[i+1] == '^' {
				b.WriteByte('^')
				i++
			}
		case r == '"':
			end := i + 1
			for end < len(runes) && runes[end] != '"' {
				end++
			}
			if end == len(runes) {
				return nil, refuse(IllegalArgument, clause, "expected '\"' in regular expression at position %d", end)
			}
			b.WriteString(regexp.QuoteMeta(string(runes[i+1 : end])))
			i = end
		case r == '@':
			b.WriteString(".*")
		case r == '^' || r == '$':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '(' && i+1 < len(runes) && runes[i+1] == '?':
			return nil, refuse(IllegalArgument, clause, "unexpected ? in regular expression at position %d", i+1)
		case r == '(':
			b.WriteString("(?:")
		case r == '~' || r == '&' || r == '<' || r == '#':
			return nil, refuse(IllegalArgument, clause, "operator %q of regular expressions is not supported by this index", r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteString(")$")
	compiled, err := regexp.Compile(b.String())
	if err != nil {
		return nil, refuse(IllegalArgument, clause, "regular expression [%s]: %v", expression, err)
	}
	return compiled, nil
}

// distance is the number of insertions, deletions, replacements and, if wanted, swaps of neighbours between two texts;
// more than limit is limit+1.
func distance(a, b string, transpositions bool, limit int) int {
	x, y := []rune(a), []rune(b)
	if len(x)-len(y) > limit || len(y)-len(x) > limit {
		return limit + 1
	}
	before, last, row := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(x); i++ {
		row[0] = i
		least := i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if transpositions && i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
			least = min(least, row[j])
		}
		if least > limit {
			return limit + 1
		}
		before, last, row = last, row, before
	}
	return min(last[len(y)], limit+1)
}
