package elastic

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"time"
)

// record is one document in the index. It is never changed: Put makes a new one.
type record struct {
	id       string
	sequence uint64
	texts    []textCell   // by source, values of a source in their order
	numbers  []numberCell // likewise
	nested   []nestedRecord
}

type textCell struct {
	text   string
	source uint32
}

type numberCell struct {
	bits   int64 // a double's bits, if the source holds doubles
	source uint32
}

// nestedRecord is one object at a nested path, with its values under their full paths.
type nestedRecord struct {
	path string
	*record
}

func (r *record) textsOf(source uint32) []textCell {
	// Records are small: a binary search by hand does without the calls of slices.BinarySearchFunc.
	low, high := 0, len(r.texts)
	for low < high {
		middle := (low + high) / 2
		if r.texts[middle].source < source {
			low = middle + 1
		} else {
			high = middle
		}
	}
	end := low
	for end < len(r.texts) && r.texts[end].source == source {
		end++
	}
	return r.texts[low:end]
}

func (r *record) numbersOf(source uint32) []numberCell {
	low, high := 0, len(r.numbers)
	for low < high {
		middle := (low + high) / 2
		if r.numbers[middle].source < source {
			low = middle + 1
		} else {
			high = middle
		}
	}
	end := low
	for end < len(r.numbers) && r.numbers[end].source == source {
		end++
	}
	return r.numbers[low:end]
}

// recorder makes records. It shares equal texts of sources with few different values.
type recorder struct {
	fields  *fields
	interns []*intern // by source
}

// intern is the texts of one source that were seen before. It gives up on sources whose values are mostly different.
type intern struct {
	seen         map[string]string
	hits, misses int
	off          bool
}

func (n *intern) text(s string) string {
	if n.off {
		return s
	}
	if shared, ok := n.seen[s]; ok {
		n.hits++
		return shared
	}
	n.misses++
	if n.misses > 1000 && n.hits < n.misses {
		n.off, n.seen = true, nil
		return s
	}
	if len(n.seen) < 20_000 {
		n.seen[s] = strings.Clone(s)
		return n.seen[s]
	}
	return s
}

func (r *recorder) record(id string, sequence uint64, document map[string]any) *record {
	made := r.flat(id, sequence, "", document)
	for _, path := range r.fields.nested {
		objects(document, strings.Split(path, "."), func(object map[string]any) {
			made.nested = append(made.nested, nestedRecord{path, r.flat(id, sequence, path, object)})
		})
	}
	return made
}

// objects calls yield with every object at a path.
func objects(raw any, path []string, yield func(map[string]any)) {
	switch raw := raw.(type) {
	case json.RawMessage:
		if decoded, err := decode(raw); err == nil {
			objects(decoded, path, yield)
		}
	case []any:
		for _, inner := range raw {
			objects(inner, path, yield)
		}
	case map[string]any:
		if len(path) == 0 {
			yield(raw)
			return
		}
		objects(raw[path[0]], path[1:], yield)
	}
}

func (r *recorder) flat(id string, sequence uint64, prefix string, document map[string]any) *record {
	made := &record{id: id, sequence: sequence}
	each(prefix, document, func(path string, raw any) {
		v, ok := scalar(raw)
		if !ok {
			return
		}
		source := r.fields.source(path)
		kind := r.fields.kinds[source]
		if kind == 0 {
			if kind = r.fields.add(path, source, v); kind == 0 {
				return
			}
		}
		r.put(made, source, kind, v)
	})
	slices.SortStableFunc(made.texts, func(a, b textCell) int { return int(a.source) - int(b.source) })
	slices.SortStableFunc(made.numbers, func(a, b numberCell) int { return int(a.source) - int(b.source) })
	for i, cell := range made.numbers {
		if i > 0 && made.numbers[i-1].source == cell.source || cell.bits == math.MaxInt64 || cell.bits == math.MinInt64 {
			r.fields.irregular[cell.source] = true
		}
	}
	made.texts, made.numbers = slices.Clip(made.texts), slices.Clip(made.numbers)
	return made
}

// put adds a value in the form its source has; a value that cannot take that form is left out.
func (r *recorder) put(made *record, source uint32, kind Type, v value) {
	switch kind {
	case Long, Double:
		if v.form == formText {
			n, ok := number(strings.TrimSpace(v.text))
			if !ok {
				return
			}
			v = n
		}
		if v.form == formBoolean {
			return
		}
	case Date:
		if v.form == formText {
			ms, ok := date(v.text, time.UTC)
			if !ok {
				return
			}
			v = longValue(ms)
		}
		kind = Long
	case Boolean:
		if v.form == formText && (v.text == "true" || v.text == "false") {
			v = booleanValue(v.text == "true")
		}
		if v.form != formBoolean {
			return
		}
	default:
		for int(source) >= len(r.interns) {
			r.interns = append(r.interns, nil)
		}
		if r.interns[source] == nil {
			r.interns[source] = &intern{seen: map[string]string{}}
		}
		made.texts = append(made.texts, textCell{r.interns[source].text(v.literal()), source})
		return
	}
	if kind == Double {
		made.numbers = append(made.numbers, numberCell{doubleBits(v.float()), source})
		return
	}
	if v.form == formDouble {
		long, ok := v.asLong()
		if !ok {
			return
		}
		v = long
	}
	made.numbers = append(made.numbers, numberCell{v.long, source})
}
