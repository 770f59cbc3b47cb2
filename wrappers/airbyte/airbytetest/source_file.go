package airbytetest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/transform"
)

// fileSource is the File source over local CSV and JSONL files. Its configuration is the real connector's:
// dataset_name, format, url, provider.storage "local", and reader_options as a JSON text, of which "sep" is read.
type fileSource struct {
	dataset string
	path    string
	format  string // "csv" or "jsonl"
	comma   rune
}

// newFileSource reads the configuration of a File source. root, when not empty, stands for the /local folder of an
// Airbyte host, and relative paths are looked up in it.
func newFileSource(configuration map[string]any, root string) (*fileSource, error) {
	text := func(key string) string { s, _ := configuration[key].(string); return s }
	s := &fileSource{dataset: text("dataset_name"), format: text("format"), comma: ','}
	location := text("url")
	if location == "" {
		return nil, fmt.Errorf("%w: url is missing", ErrConfiguration)
	}
	if provider, ok := configuration["provider"].(map[string]any); ok {
		if storage, _ := provider["storage"].(string); storage != "" && storage != "local" {
			return nil, fmt.Errorf("%w: provider.storage is %q; this fake reads local files only", ErrConfiguration, storage)
		}
	}
	if u, err := url.Parse(location); err == nil && u.Scheme == "file" {
		location = u.Path
	}
	if rest, ok := strings.CutPrefix(location, "/local/"); ok && root != "" {
		location = rest
	}
	if root != "" && !filepath.IsAbs(location) {
		location = filepath.Join(root, location)
	}
	s.path = location
	if s.format == "" {
		s.format = strings.TrimPrefix(strings.ToLower(filepath.Ext(location)), ".")
	}
	switch s.format {
	case "csv", "jsonl":
	case "ndjson":
		s.format = "jsonl"
	default:
		return nil, fmt.Errorf("%w: format is %q; this fake reads csv and jsonl", ErrConfiguration, s.format)
	}
	if s.dataset == "" {
		s.dataset = strings.TrimSuffix(filepath.Base(location), filepath.Ext(location))
	}
	if options := text("reader_options"); options != "" {
		var reader struct {
			Sep string `json:"sep"`
		}
		if err := json.Unmarshal([]byte(options), &reader); err != nil {
			return nil, fmt.Errorf("%w: reader_options is not JSON: %w", ErrConfiguration, err)
		}
		if reader.Sep != "" {
			r, n := utf8.DecodeRuneInString(reader.Sep)
			if n != len(reader.Sep) {
				return nil, fmt.Errorf("%w: reader_options.sep is %q; one character is needed", ErrConfiguration, reader.Sep)
			}
			s.comma = r
		}
	}
	return s, nil
}

func (s *fileSource) open() (*os.File, error) {
	f, err := os.Open(s.path)
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, os.ErrPermission) {
		return nil, fmt.Errorf("%w: %w", ErrConfiguration, err)
	}
	return f, err
}

// discover reads the whole file once and lists its one stream. The types are the narrowest that fit every value.
func (s *fileSource) discover(ctx context.Context) ([]Stream, error) {
	var names []string
	index := make(map[string]int)
	var columns []columnType
	column := func(name string) int {
		i, known := index[name]
		if !known {
			i = len(names)
			index[name] = i
			names = append(names, name)
			columns = append(columns, columnType{})
		}
		return i
	}
	header := func(names []string) {
		for _, name := range names {
			column(name)
		}
	}
	for record, err := range s.records(ctx, header) {
		if err != nil {
			return nil, err
		}
		for _, field := range record {
			columns[column(field.name)].see(field.value)
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("%w: %s has no records", ErrConfiguration, filepath.Base(s.path))
	}
	stream := Stream{Name: s.dataset}
	for i, name := range names {
		stream.Fields = append(stream.Fields, Field{name, columns[i].fieldType()})
	}
	stream.DefaultCursor = proposedCursor(stream.Fields)
	return []Stream{stream}, nil
}

// proposedCursor picks the field that says when a record last changed, if one looks like it.
func proposedCursor(fields []Field) []string {
	for _, name := range []string{"updated_at", "modified_at", "last_modified", "updated", "updatedAt", "_updated_at"} {
		for _, field := range fields {
			if field.Name == name {
				return []string{name}
			}
		}
	}
	return nil
}

func (s *fileSource) read(ctx context.Context, _ StreamKey, fields []Field) iter.Seq2[[]any, error] {
	index := make(map[string]int, len(fields))
	for i, field := range fields {
		index[field.Name] = i
	}
	return func(yield func([]any, error) bool) {
		for record, err := range s.records(ctx, func([]string) {}) {
			if err != nil {
				yield(nil, err)
				return
			}
			values := make([]any, len(fields))
			for _, field := range record {
				if i, ok := index[field.name]; ok {
					values[i] = convert(field.value, fields[i].Type)
				}
			}
			if !yield(values, nil) {
				return
			}
		}
	}
}

// namedValue is a field of a record as the file spells it: text of a CSV field, or a value of a JSON line.
type namedValue struct {
	name  string
	value any
}

// records reads the file. A file that names its columns tells them to header before the first record.
func (s *fileSource) records(ctx context.Context, header func(names []string)) iter.Seq2[[]namedValue, error] {
	return func(yield func([]namedValue, error) bool) {
		f, err := s.open()
		if err != nil {
			yield(nil, err)
			return
		}
		defer f.Close()
		text := bufio.NewReader(f)
		if mark, _ := text.Peek(3); bytes.Equal(mark, []byte("\xef\xbb\xbf")) {
			_, _ = text.Discard(3) // a byte order mark, as spreadsheets write it
		}
		lines := s.jsonRecords(text)
		if s.format == "csv" {
			lines = s.csvRecords(text, header)
		}
		for record, err := range lines {
			if err == nil && ctx.Err() != nil {
				err = context.Cause(ctx)
			}
			if !yield(record, err) || err != nil {
				return
			}
		}
	}
}

func (s *fileSource) csvRecords(text io.Reader, told func(names []string)) iter.Seq2[[]namedValue, error] {
	return func(yield func([]namedValue, error) bool) {
		r := csv.NewReader(text)
		r.Comma, r.ReuseRecord = s.comma, true
		header, err := r.Read()
		if err != nil {
			if !errors.Is(err, io.EOF) {
				yield(nil, fmt.Errorf("%w: %s: %w", ErrConfiguration, filepath.Base(s.path), err))
			}
			return
		}
		// pandas, by which the File source reads, refuses such a file too.
		utf8Only := func(fields []string) error {
			i := slices.IndexFunc(fields, func(field string) bool { return !utf8.ValidString(field) })
			if i < 0 {
				return nil
			}
			line, _ := r.FieldPos(i)
			return fmt.Errorf("%w: %s: record on line %d: field %d: %w: save the file as UTF-8", ErrConfiguration, filepath.Base(s.path), line, i+1, encoding.ErrInvalidUTF8)
		}
		if err := utf8Only(header); err != nil {
			yield(nil, err)
			return
		}
		names := columnNames(header)
		told(names)
		for {
			line, err := r.Read()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(nil, fmt.Errorf("%w: %s: %w", ErrConfiguration, filepath.Base(s.path), err))
				return
			}
			if err := utf8Only(line); err != nil {
				yield(nil, err)
				return
			}
			record := make([]namedValue, len(names))
			for i, name := range names {
				record[i].name = name
				if line[i] != "" {
					record[i].value = line[i]
				}
			}
			if !yield(record, nil) {
				return
			}
		}
	}
}

// columnNames gives every column a name of its own, as pandas does, by which the File source reads: a second "a" is "a.1",
// and the first column, when it has no name, is "Unnamed: 0".
func columnNames(header []string) []string {
	names := make([]string, len(header))
	taken := make(map[string]bool, len(header))
	for i, name := range header {
		if name == "" {
			name = fmt.Sprint("Unnamed: ", i)
		}
		names[i] = name
		for n := 1; taken[names[i]]; n++ {
			names[i] = fmt.Sprint(name, ".", n)
		}
		taken[names[i]] = true
	}
	return names
}

func (s *fileSource) jsonRecords(text io.Reader) iter.Seq2[[]namedValue, error] {
	return func(yield func([]namedValue, error) bool) {
		decoder := json.NewDecoder(transform.NewReader(text, encoding.UTF8Validator)) // which would put U+FFFD there by itself
		decoder.UseNumber()
		for n := 1; ; n++ {
			record, err := jsonRecord(decoder)
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(nil, fmt.Errorf("%w: %s, record %d: %w", ErrConfiguration, filepath.Base(s.path), n, err))
				return
			}
			if !yield(record, nil) {
				return
			}
		}
	}
}

// jsonRecord reads one object and keeps the order of its fields.
func jsonRecord(decoder *json.Decoder) ([]namedValue, error) {
	open, err := decoder.Token()
	if err != nil {
		return nil, err
	}
	if open != json.Delim('{') {
		return nil, errors.New("a JSON object is needed on each line")
	}
	var record []namedValue
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return nil, unexpectedEnd(err)
		}
		var value any
		if err := decoder.Decode(&value); err != nil {
			return nil, unexpectedEnd(err)
		}
		name, _ := key.(string)
		record = append(record, namedValue{name, value})
	}
	if _, err := decoder.Token(); err != nil {
		return nil, unexpectedEnd(err)
	}
	return record, nil
}

func unexpectedEnd(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
