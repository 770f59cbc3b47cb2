package elastic

import (
	"math"
	"strings"
	"unicode/utf16"
)

func doubleBits(f float64) int64 { return int64(math.Float64bits(f)) }

func (f *field) number(cell numberCell) value {
	switch f.typ {
	case Double:
		return doubleValue(math.Float64frombits(uint64(cell.bits)))
	case Boolean:
		return value{form: formBoolean, long: cell.bits}
	default:
		return longValue(cell.bits)
	}
}

// skips says whether a text is longer than what the field takes: ignore_above, which counts as Java does.
func (f *field) skips(text string) bool {
	if f.limit == 0 || len(text) <= f.limit {
		return false
	}
	n := 0
	for _, r := range text {
		n += max(utf16.RuneLen(r), 1)
	}
	return n > f.limit
}

// tokens calls yield with what the field is searched by: the tokens of text, keywords as a whole.
func (f *field) tokens(r *record, yield func(string) bool) {
	analysis, stopped := f.typ.analysis(), false
	for _, cell := range r.textsOf(f.source) {
		if f.skips(cell.text) {
			continue
		}
		analysis.tokens(cell.text, func(token string) bool {
			stopped = !yield(token)
			return !stopped
		})
		if stopped {
			return
		}
	}
}

// values calls yield with the values that the field is sorted and counted by. Keywords that are too long are none.
func (f *field) values(r *record, yield func(value) bool) {
	if !f.typ.textual() {
		for _, cell := range r.numbersOf(f.source) {
			if !yield(f.number(cell)) {
				return
			}
		}
		return
	}
	for _, cell := range r.textsOf(f.source) {
		if f.skips(cell.text) {
			continue
		}
		text := cell.text
		if f.typ == LowerKeyword {
			text = strings.ToLower(text)
		}
		if !yield(textValue(text)) {
			return
		}
	}
}

// exists says whether the field has a value.
func (f *field) exists(r *record) bool {
	if !f.typ.textual() {
		return len(r.numbersOf(f.source)) > 0
	}
	for _, cell := range r.textsOf(f.source) {
		if !f.skips(cell.text) {
			return true
		}
	}
	return false
}
