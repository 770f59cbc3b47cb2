package elastic

import (
	"strings"
	"unicode"
)

// The analysis of Atlan's index, from its settings (atlas-metastore, atlan_text_analyzer): a blank is put before every
// run of digits, the text is split at blank _ - ' / and @, what follows an apostrophe is cut, and tokens are lower
// case. The other analyzers are Elasticsearch's standard one and a stemming one.
type analysis uint8

const (
	analysisWhole    analysis = iota // keyword: the value is one token
	analysisLower                    // keyword with a lower-case normalizer (atlan_normalizer)
	analysisStandard                 // Elasticsearch's default for text
	analysisAtlan                    // atlan_text_analyzer
	analysisStemmed                  // atlan_text_analyzer, and endings cut by stem
	analysisComma                    // atlan_text_comma_analyzer: split at commas
)

// tokens splits text; it calls yield with each token until that returns false.
func (a analysis) tokens(text string, yield func(string) bool) {
	switch a {
	case analysisWhole:
		yield(text)
	case analysisLower:
		yield(strings.ToLower(text))
	case analysisStandard:
		split(text, func(r rune) bool {
			return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r)
		}, false, yield)
	case analysisAtlan:
		split(text, atlanSeparator, true, yield)
	case analysisStemmed:
		split(text, atlanSeparator, true, func(token string) bool { return yield(stem(token)) })
	case analysisComma:
		split(text, func(r rune) bool { return r == ',' }, false, yield)
	}
}

// list returns the tokens of a text.
func (a analysis) list(text string) []string {
	var all []string
	a.tokens(text, func(token string) bool {
		all = append(all, token)
		return true
	})
	return all
}

func atlanSeparator(r rune) bool {
	switch r {
	case ' ', '_', '-', '\'', '/', '@':
		return true
	}
	return false
}

func split(text string, separator func(rune) bool, breakAtDigits bool, yield func(string) bool) {
	start, digits := -1, false
	emit := func(end int) bool {
		if start < 0 {
			return true
		}
		token := strings.ToLower(text[start:end])
		start = -1
		return yield(token)
	}
	for i, r := range text {
		digit := r >= '0' && r <= '9'
		switch {
		case separator(r):
			if !emit(i) {
				return
			}
		case breakAtDigits && digit && !digits && start >= 0:
			// "col1a" becomes "col" and "1a": a blank is put before digits, and none behind them.
			if !emit(i) {
				return
			}
			start = i
		case start < 0:
			start = i
		}
		digits = digit
	}
	emit(len(text))
}

// stem cuts the commonest English endings: -sses, -ies, -s, -ing, -ed, -ly. It stands for the stemmer of Atlan's
// index, whose kind is not published: words that it brings together here may stay apart there.
func stem(token string) string {
	cut := func(ending, instead string, least int) (string, bool) {
		if rest, ok := strings.CutSuffix(token, ending); ok && len(rest) >= least {
			return rest + instead, true
		}
		return token, false
	}
	for _, rule := range [...]struct {
		ending, instead string
		least           int
	}{{"sses", "ss", 1}, {"ies", "y", 2}, {"ing", "", 3}, {"ed", "", 3}, {"ly", "", 3}, {"es", "", 3}, {"s", "", 2}} {
		if rule.ending == "s" && (strings.HasSuffix(token, "ss") || strings.HasSuffix(token, "us")) {
			continue
		}
		if stemmed, ok := cut(rule.ending, rule.instead, rule.least); ok {
			return stemmed
		}
	}
	return token
}
