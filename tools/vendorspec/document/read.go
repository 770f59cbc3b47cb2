package document

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
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
		return Number(t), nil
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

// validNumber says whether a text is a number of JSON.
func validNumber(text string) bool {
	return text != "" && strings.Trim(text, "0123456789+-.eE") == "" && json.Valid([]byte(text))
}
