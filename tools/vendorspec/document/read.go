package document

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Read reads the text of one file, JSON or YAML. It has taken the bytes from the budget already that its caller read;
// the values are taken here. The error says the line, or the JSON pointer, of what is wrong.
func Read(text []byte, budget *Budget) (any, error) {
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(text) {
		return nil, errors.New("the text is not UTF-8")
	}
	trimmed := bytes.TrimLeft(text, " \t\r\n")
	switch {
	case len(trimmed) == 0:
		return nil, errors.New("the text is empty")
	case trimmed[0] == '<':
		return nil, errors.New("the text is HTML or XML, perhaps the page of a sign-in")
	case trimmed[0] != '{' && trimmed[0] != '[':
		return readYAML(text, budget)
	}
	// JSON, or YAML in its flow style, of which JSON is a part.
	before := *budget
	value, err := readJSON(text, budget)
	if _, over := errors.AsType[*LimitError](err); err == nil || over {
		return value, err
	}
	*budget = before
	if value, yamlErr := readYAML(text, budget); yamlErr == nil {
		return value, nil
	}
	return nil, err
}

// readJSON reads token by token, so that the limits hold while it reads.
func readJSON(text []byte, budget *Budget) (any, error) {
	if escape, at := halfCharacter(text); escape != "" {
		return nil, fmt.Errorf("line %d: the escape %s is half a character", 1+bytes.Count(text[:at], []byte("\n")), escape)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	r := jsonReader{decoder, budget}
	value, err := r.value(0)
	if err == nil {
		if _, err = decoder.Token(); errors.Is(err, io.EOF) {
			return value, nil
		}
		if err == nil {
			err = errors.New("there is more behind the end of the document")
		}
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = errors.New("the text ends in the middle of the document: it is cut short")
	}
	line := 1 + bytes.Count(text[:min(int(decoder.InputOffset()), len(text))], []byte("\n"))
	return nil, fmt.Errorf("line %d: %w", line, err)
}

type jsonReader struct {
	*json.Decoder

	budget *Budget
}

func (r jsonReader) value(depth int) (any, error) {
	if err := r.budget.takeValue(depth); err != nil {
		return nil, err
	}
	token, err := r.Token()
	if err != nil {
		return nil, err
	}
	switch t := token.(type) {
	case json.Delim:
		if t == '{' {
			return r.object(depth + 1)
		}
		return r.array(depth + 1)
	case json.Number:
		return number(string(t))
	default: // a string, a bool or nil
		return t, nil
	}
}

func (r jsonReader) object(depth int) (any, error) {
	o := &Object{}
	for r.More() {
		token, err := r.Token()
		if err != nil {
			return nil, err
		}
		name, ok := token.(string)
		if !ok {
			return nil, fmt.Errorf("the name of a member is %v", token)
		}
		if err := r.budget.takeName(name); err != nil {
			return nil, err
		}
		if o.Has(name) {
			return nil, fmt.Errorf("the member %q is there twice", name)
		}
		value, err := r.value(depth)
		if err != nil {
			return nil, err
		}
		o.Set(name, value)
	}
	_, err := r.Token()
	return o, err
}

func (r jsonReader) array(depth int) (any, error) {
	a := []any{}
	for r.More() {
		value, err := r.value(depth)
		if err != nil {
			return nil, err
		}
		a = append(a, value)
	}
	_, err := r.Token()
	return a, err
}

// halfCharacter finds an escape that is one half of a character without the other (a lone surrogate). The decoder takes
// U+FFFD for it without a word, and two names become one.
func halfCharacter(text []byte) (escape string, offset int) {
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			continue
		}
		unit, ok := escapedUnit(text[i:])
		switch {
		case !ok: // the escape of one byte
			i++
			continue
		case utf16.IsSurrogate(unit):
			second, ok := escapedUnit(text[i+6:])
			if !ok || utf16.DecodeRune(unit, second) == unicode.ReplacementChar {
				return string(text[i : i+6]), i
			}
			i += 6
		}
		i += 5
	}
	return "", 0
}

// escapedUnit reads an escape like \u00e9 at the beginning of a text.
func escapedUnit(text []byte) (rune, bool) {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0, false
	}
	unit, err := strconv.ParseUint(string(text[2:6]), 16, 16)
	return rune(unit), err == nil
}

// number refuses a number that readers of JSON cannot hold.
func number(text string) (Number, error) {
	if len(text) > maxDigits {
		return "", &LimitError{fmt.Sprintf("a number has %d characters, more than the limit of %d", len(text), maxDigits)}
	}
	if _, err := strconv.ParseFloat(text, 64); err != nil {
		return "", &LimitError{"the number " + text + " is too large for readers of JSON"}
	}
	return Number(text), nil
}

// maxDigits is how long a number may be. The shortest text of a float64 has at most 24 characters, an integer that is meant
// to be exact hardly more.
const maxDigits = 100

// validNumber says whether a text is a number of JSON.
func validNumber(text string) bool {
	return text != "" && strings.Trim(text, "0123456789+-.eE") == "" && json.Valid([]byte(text))
}
