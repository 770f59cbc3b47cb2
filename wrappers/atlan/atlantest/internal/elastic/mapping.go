package elastic

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// Type is how a field is indexed.
type Type uint8

const (
	// Keyword is text that is searched as a whole.
	Keyword Type = iota + 1
	// LowerKeyword is a keyword whose values, and what is compared with them, are turned to lower case first: Atlan's
	// atlan_normalizer. Sort values and keys of buckets are lower case too.
	LowerKeyword
	// Text is text split by Elasticsearch's standard analyzer.
	Text
	// AtlanText is text split by Atlan's analyzer.
	AtlanText
	// StemmedText is AtlanText with endings cut.
	StemmedText
	// CommaText is text split at commas.
	CommaText
	// Long is an integer.
	Long
	// Double is a number with a fraction.
	Double
	// Boolean is true or false.
	Boolean
	// Date is milliseconds since 1970.
	Date
)

// String returns Elasticsearch's name of the type.
func (t Type) String() string {
	switch t {
	case Keyword, LowerKeyword:
		return "keyword"
	case Text, AtlanText, StemmedText, CommaText:
		return "text"
	case Long:
		return "long"
	case Double:
		return "double"
	case Boolean:
		return "boolean"
	case Date:
		return "date"
	default:
		return "unmapped"
	}
}

func (t Type) textual() bool { return t <= CommaText }

// analysed says whether values are split into tokens: nothing can be sorted or counted by such a field.
func (t Type) analysed() bool { return t >= Text && t <= CommaText }

func (t Type) analysis() analysis {
	switch t {
	case LowerKeyword:
		return analysisLower
	case Text:
		return analysisStandard
	case AtlanText:
		return analysisAtlan
	case StemmedText:
		return analysisStemmed
	case CommaText:
		return analysisComma
	default:
		return analysisWhole
	}
}

// Field says how a name that queries use is read.
type Field struct {
	// Source is where the values are: a key of the documents, with points between the keys of nested objects. Several
	// fields may share a source, as name and name.keyword do.
	Source string
	// Type is how they are indexed.
	Type Type
}

// Dynamic says what becomes of values for which the mapping has no field.
type Dynamic uint8

const (
	// DynamicDefault is what Elasticsearch does by default: text becomes x, split by the standard analyzer, and
	// x.keyword, as a whole; text that is a date becomes a date; numbers and booleans are taken as such.
	DynamicDefault Dynamic = iota
	// DynamicAtlan is how Atlan's index treats attributes of custom metadata, and here everything else that the type
	// definitions do not know: text becomes x and x.keyword, as a whole in lower case, and x.text, split by Atlan's
	// analyzer; numbers and booleans are taken as such.
	DynamicAtlan
	// DynamicIgnore leaves such values out of the index.
	DynamicIgnore
)

// Mapping says what the fields of an index are.
type Mapping struct {
	// Fields is the names that queries may use. A name that is not there, and not added by Dynamic, matches nothing.
	Fields map[string]Field
	// Nested is the paths of objects whose parts belong together: "spec" in {"spec":{"a":1,"b":2}}. The query nested
	// works on them. Unlike in Elasticsearch their fields can be used without it as well.
	Nested []string
	// Dynamic says what becomes of values that no field has as its source.
	Dynamic Dynamic
}

// AuditMapping returns the mapping of the index of entity audits (atlas-metastore, es-audit-mappings.json).
func AuditMapping() Mapping {
	return Mapping{
		Fields: map[string]Field{
			"entityQualifiedName": {"entityQualifiedName", Keyword},
			"entityId":            {"entityId", Keyword},
			"typeName":            {"typeName", Keyword},
			"created":             {"created", Date},
			"timestamp":           {"timestamp", Date},
			"action":              {"action", Keyword},
			"user":                {"user", Keyword},
			"eventKey":            {"eventKey", Keyword},
		},
		Nested: []string{"detail"},
	}
}

// SearchLogMapping returns the mapping of the index of searches made. It is not published: what pyatlan searches
// (search log requests) is mapped here, and the rest is dynamic.
func SearchLogMapping() Mapping {
	fields := map[string]Field{
		"createdAt": {"createdAt", Date}, "timestamp": {"timestamp", Date}, "responseTime": {"responseTime", Long},
		"resultsCount": {"resultsCount", Long}, "failed": {"failed", Boolean}, "hasResult": {"hasResult", Boolean},
	}
	for _, name := range []string{
		"entityGuidsAll", "entityGuidsAllowed", "entityGuidsDenied", "entityQFNamesAll", "entityQFNamesAllowed",
		"entityQFNamesDenied", "entityTypeNamesAll", "entityTypeNamesAllowed", "entityTypeNamesDenied", "userName",
		"userAgent", "host", "ipAddress", "utmTags", "searchInput", "persona", "purpose",
	} {
		fields[name] = Field{name, Keyword}
		fields[name+".keyword"] = Field{name, Keyword}
	}
	return Mapping{Fields: fields}
}

// TaskMapping returns the mapping of the index of background tasks: the fields __task_….
func TaskMapping() Mapping {
	fields := map[string]Field{}
	for _, name := range []string{
		"__task_type", "__task_guid", "__task_createdBy", "__task_updatedBy", "__task_status", "__task_classificationId",
		"__task_entityGuid", "__task_parentEntityGuid", "__task_classificationTypeName",
	} {
		fields[name] = Field{name, Keyword}
		fields[name+".keyword"] = Field{name, LowerKeyword}
	}
	for _, name := range []string{"__task_timestamp", "__task_modificationTimestamp", "__task_startTime", "__task_endTime",
		"__task_timeTakenInSeconds", "__task_attemptCount"} {
		fields[name] = Field{name, Long}
	}
	fields["__task_errorMessage"] = Field{"__task_errorMessage", AtlanText}
	return Mapping{Fields: fields}
}

// WorkflowMapping returns the mapping of the indexes of workflows and of their runs. It is not published: metadata and
// spec are nested, and status is not, because pyatlan (client/common/workflow.py) asks for them so; the rest is dynamic.
func WorkflowMapping() Mapping {
	return Mapping{
		Fields: map[string]Field{
			"status.startedAt":           {"status.startedAt", Date},
			"status.finishedAt":          {"status.finishedAt", Date},
			"metadata.creationTimestamp": {"metadata.creationTimestamp", Date},
		},
		Nested: []string{"metadata", "spec"},
	}
}

// field is a field of one index.
type field struct {
	name   string
	source uint32
	typ    Type
	limit  int // longest text that is indexed, in characters; 0 is no limit
}

// fields is the mapping of an index at work.
type fields struct {
	byName  map[string]*field
	sources map[string]uint32
	kinds   []Type // by source: what its values are stored as; 0: not known yet
	dynamic Dynamic
	nested  []string
	version int // changes with every field that is added
	// Numeric sources of which a record had several values, or one that is also what no value is sorted as.
	irregular map[uint32]bool
}

func newFields(m Mapping) *fields {
	f := &fields{byName: map[string]*field{}, sources: map[string]uint32{}, irregular: map[uint32]bool{}, dynamic: m.Dynamic, nested: slices.Sorted(slices.Values(m.Nested))}
	for name, to := range m.Fields {
		source := f.source(to.Source)
		f.byName[name] = &field{name: name, source: source, typ: to.Type}
		if to.Type.textual() {
			f.kinds[source] = Keyword
		} else if f.kinds[source] == 0 {
			f.kinds[source] = to.Type
		}
	}
	return f
}

// source returns the number of a source.
func (f *fields) source(name string) uint32 {
	if n, ok := f.sources[name]; ok {
		return n
	}
	n := uint32(len(f.kinds))
	f.sources[name] = n
	f.kinds = append(f.kinds, 0)
	return n
}

// add gives a source that has no field the fields that the dynamic mapping has for such a value.
func (f *fields) add(name string, source uint32, v value) Type {
	if f.dynamic == DynamicIgnore {
		return 0
	}
	field := func(name string, typ Type, limit int) {
		if _, ok := f.byName[name]; !ok {
			f.byName[name] = &field{name: name, source: source, typ: typ, limit: limit}
		}
	}
	f.version++
	switch v.form {
	case formLong:
		field(name, Long, 0)
		f.kinds[source] = Long
		if f.dynamic == DynamicAtlan {
			// Numbers of custom metadata may come without a fraction first.
			f.byName[name].typ = Double
			f.kinds[source] = Double
		}
	case formDouble:
		field(name, Double, 0)
		f.kinds[source] = Double
	case formBoolean:
		field(name, Boolean, 0)
		f.kinds[source] = Boolean
	default:
		f.kinds[source] = Keyword
		if f.dynamic == DynamicAtlan {
			field(name, LowerKeyword, 5120)
			field(name+".keyword", LowerKeyword, 5120)
			field(name+".text", AtlanText, 0)
			break
		}
		if _, ok := date(v.text, time.UTC); ok && strings.LastIndexByte(v.text, '-') > 0 { // not milliseconds before 1970
			field(name, Date, 0)
			f.kinds[source] = Date
			break
		}
		field(name, Text, 0)
		field(name+".keyword", Keyword, 256)
	}
	return f.kinds[source]
}

// each calls yield for every value in an object, with the path to it. Objects inside of arrays lose which of their
// values belong together, as in Elasticsearch.
func each(prefix string, raw any, yield func(path string, v any)) {
	switch raw := raw.(type) {
	case nil:
	case json.RawMessage:
		decoded, err := decode(raw)
		if err == nil {
			each(prefix, decoded, yield)
		}
	case map[string]any:
		for key, inner := range raw {
			if prefix != "" {
				key = prefix + "." + key
			}
			each(key, inner, yield)
		}
	case map[string]json.RawMessage:
		for key, inner := range raw {
			if prefix != "" {
				key = prefix + "." + key
			}
			each(key, inner, yield)
		}
	case []any:
		for _, inner := range raw {
			each(prefix, inner, yield)
		}
	case []string:
		for _, inner := range raw {
			yield(prefix, inner)
		}
	default:
		yield(prefix, raw)
	}
}
