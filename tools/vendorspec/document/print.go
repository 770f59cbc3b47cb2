package document

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Print writes a value as JSON with the given number of blanks a level and a line break at its end. Text stays as it is but
// for what JSON makes escape; numbers stay as they were written.
func Print(value any, indent int) []byte {
	p := printer{indent: indent}
	p.value(value, 1)
	return append(p.text, '\n')
}

type printer struct {
	text   []byte
	indent int
}

const blanks = "                                                                "

func (p *printer) line(level int) {
	p.text = append(p.text, '\n')
	for n := level * p.indent; n > 0; n -= len(blanks) {
		p.text = append(p.text, blanks[:min(n, len(blanks))]...)
	}
}

func (p *printer) value(value any, level int) {
	switch v := value.(type) {
	case *Object:
		if v.Len() == 0 {
			p.text = append(p.text, "{}"...)
			return
		}
		p.text = append(p.text, '{')
		for i, m := range v.Members() {
			if i > 0 {
				p.text = append(p.text, ',')
			}
			p.line(level)
			p.quote(m.Name)
			p.text = append(p.text, ": "...)
			p.value(m.Value, level+1)
		}
		p.line(level - 1)
		p.text = append(p.text, '}')
	case []any:
		if len(v) == 0 {
			p.text = append(p.text, "[]"...)
			return
		}
		p.text = append(p.text, '[')
		for i, element := range v {
			if i > 0 {
				p.text = append(p.text, ',')
			}
			p.line(level)
			p.value(element, level+1)
		}
		p.line(level - 1)
		p.text = append(p.text, ']')
	case string:
		p.quote(v)
	case Number:
		p.text = append(p.text, v...)
	case bool:
		p.text = strconv.AppendBool(p.text, v)
	default:
		p.text = append(p.text, "null"...)
	}
}

func (p *printer) quote(text string) {
	const hex = "0123456789abcdef"
	p.text = append(p.text, '"')
	for len(text) > 0 {
		plain := strings.IndexFunc(text, func(r rune) bool { return r < ' ' || r == '"' || r == '\\' || r == utf8.RuneError })
		if plain < 0 {
			p.text = append(p.text, text...)
			break
		}
		p.text = append(p.text, text[:plain]...)
		r, size := utf8.DecodeRuneInString(text[plain:])
		switch r {
		case '"', '\\':
			p.text = append(p.text, '\\', byte(r))
		case '\n':
			p.text = append(p.text, `\n`...)
		case '\r':
			p.text = append(p.text, `\r`...)
		case '\t':
			p.text = append(p.text, `\t`...)
		case '\b':
			p.text = append(p.text, `\b`...)
		case '\f':
			p.text = append(p.text, `\f`...)
		case utf8.RuneError:
			p.text = append(p.text, "\ufffd"...)
		default:
			p.text = append(p.text, '\\', 'u', '0', '0', hex[r>>4], hex[r&15])
		}
		text = text[plain+size:]
	}
	p.text = append(p.text, '"')
}

// Identity writes a value so that equal values have equal texts: names sorted, nothing between.
func Identity(value any) string {
	var b strings.Builder
	identify(&b, value)
	return b.String()
}

func identify(b *strings.Builder, value any) {
	switch v := value.(type) {
	case *Object:
		sorted := NewObject(v.Members()...)
		sorted.Sort(func(x, y Member) int { return strings.Compare(x.Name, y.Name) })
		b.WriteByte('{')
		for _, m := range sorted.Members() {
			b.WriteString(strconv.Quote(m.Name))
			b.WriteByte(':')
			identify(b, m.Value)
			b.WriteByte(',')
		}
		b.WriteByte('}')
	case []any:
		b.WriteByte('[')
		for _, element := range v {
			identify(b, element)
			b.WriteByte(',')
		}
		b.WriteByte(']')
	case string:
		b.WriteString(strconv.Quote(v))
	case Number:
		b.WriteString(string(v))
	case bool:
		b.WriteString(strconv.FormatBool(v))
	default:
		b.WriteString("null")
	}
}
