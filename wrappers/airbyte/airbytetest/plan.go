package airbytetest

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
)

// Mover moves data for real. A job of a connection whose source and destination it Moves is run by it instead of
// by the clock; every other job only looks as if rows had moved.
//
// The fake calls a Mover from one goroutine per running job; a Mover must be safe for concurrent use, and
// serialise by itself what the database cannot do at the same time.
type Mover interface {
	// Moves says whether it can move data between these two. Each carries its unmasked configuration.
	Moves(source, destination Connector) bool

	// Reads says whether Discover knows the source.
	Reads(source Connector) bool

	// Discover lists the streams of a source. It may do I/O. Its error is what the caller of GET /streams or
	// POST /connections is told.
	Discover(ctx context.Context, source Connector) ([]Stream, error)

	// Move runs one attempt of a job. What it commits before it fails stays in the destination, as with a real
	// destination. The context ends when the job is cancelled or the fake closes. The Result counts even with an
	// error: it is what the attempt committed.
	Move(ctx context.Context, plan Plan) (Result, error)
}

// Connector is a source or a destination as a connector sees it.
type Connector struct {
	ID           string
	Name         string
	DefinitionID string
	// Type is the connector's name, "file" or "duckdb"; "" for a custom one. Unlike in answers of the API, it is
	// set for every built-in definition.
	Type string
	// Configuration is unmasked: it holds the secrets. Numbers are float64, as encoding/json makes them. It is a
	// copy; writing to it changes nothing.
	Configuration map[string]any
}

// StreamKey names a stream of a source.
type StreamKey struct{ Namespace, Name string }

// Stream is a stream as discovered.
type Stream struct {
	Name      string
	Namespace string // "" when the source has none
	Fields    []Field
	// SourceDefinedCursor and SourceDefinedPrimaryKey are what the source insists on; a connection may not say
	// otherwise. A cursor is a path ("updated_at", or nested); a key is a list of paths.
	SourceDefinedCursor     []string
	SourceDefinedPrimaryKey [][]string
	// DefaultCursor is a proposal.
	DefaultCursor []string
	// FullRefreshOnly says that the stream cannot be read incrementally.
	FullRefreshOnly bool
}

// Key returns the stream's name and namespace.
func (s Stream) Key() StreamKey { return StreamKey{s.Namespace, s.Name} }

// Field is a top-level field of a stream with its type as an Airbyte source declares it.
type Field struct {
	Name string
	Type FieldType
}

// FieldType is a type of Airbyte's protocol; see the JSON schema types of airbyte-protocol's well_known_types.yaml.
type FieldType string

// The field types.
const (
	StringField            FieldType = "string"
	IntegerField           FieldType = "integer"
	NumberField            FieldType = "number"
	BooleanField           FieldType = "boolean"
	DateField              FieldType = "date"
	TimeWithoutZoneField   FieldType = "time_without_timezone"
	TimeWithZoneField      FieldType = "time_with_timezone"
	TimestampField         FieldType = "timestamp_without_timezone"
	TimestampWithZoneField FieldType = "timestamp_with_timezone"
	ObjectField            FieldType = "object"
	ArrayField             FieldType = "array"
	UnknownField           FieldType = "unknown"
)

// SyncMode is one of the sync modes of the API, such as "incremental_append".
type SyncMode string

// The sync modes a [Mover] has to know. (Those for data activation destinations are accepted by the API too and
// never planned.)
const (
	FullRefreshOverwrite        SyncMode = "full_refresh_overwrite"
	FullRefreshOverwriteDeduped SyncMode = "full_refresh_overwrite_deduped"
	FullRefreshAppend           SyncMode = "full_refresh_append"
	IncrementalAppend           SyncMode = "incremental_append"
	IncrementalDedupedHistory   SyncMode = "incremental_deduped_history"
)

// Incremental says whether the source is read from its cursor on.
func (m SyncMode) Incremental() bool { return strings.HasPrefix(string(m), "incremental_") }

// Overwrites says whether what earlier generations left is replaced.
func (m SyncMode) Overwrites() bool { return strings.HasPrefix(string(m), "full_refresh_overwrite") }

// Dedupes says whether the final table keeps one row per primary key.
func (m SyncMode) Dedupes() bool {
	return m == FullRefreshOverwriteDeduped || m == IncrementalDedupedHistory
}

// Plan is one attempt of a job.
type Plan struct {
	JobID int64 // goes into _airbyte_meta as sync_id (airbyte-platform CatalogGenerationSetter.kt)
	// Clear says that the job is a reset or clear: the streams' tables are to be emptied and nothing is read.
	Clear   bool
	Attempt int // 0 for the first

	Source      Connector
	Destination Connector
	Streams     []PlannedStream

	// Fail, when not nil, makes the attempt fail on purpose: after so many rows were committed, for that reason.
	Fail *Fail

	// Progress is called after every commit with what the attempt has committed of a stream so far. It returns
	// at once and never fails.
	Progress func(stream StreamKey, rows, bytes int64)
}

// Fail is a failure that a test asked for.
type Fail struct {
	// AfterRows is how many rows are committed before it, over all streams of the attempt.
	AfterRows int64
	// Reason is the text of the error, and what the job's failure shows.
	Reason string
}

// ErrConfiguration marks an error of a [Mover] that no further attempt can cure, such as a file that does not
// exist: the job fails at once. Other errors are tried again twice.
var ErrConfiguration = errors.New("configuration error")

// PlannedStream is a selected stream and what becomes of it.
type PlannedStream struct {
	Stream
	// Target is the namespace and name given to the destination: the connection's prefix and namespace settings
	// applied as airbyte-platform's NamespacingMapper does, before the destination's own naming rules. An empty
	// namespace means the destination's default.
	Target      StreamKey
	SyncMode    SyncMode
	CursorField []string
	PrimaryKey  [][]string
	// SelectedFields are the names of the top-level fields to keep; nil keeps all.
	SelectedFields []string
	// GenerationID goes into _airbyte_generation_id. It grows when a stream is read in full again, and when it
	// is cleared.
	GenerationID int64
	// MinimumGenerationID is the oldest generation the table may hold when the attempt succeeded: rows of older
	// ones are removed then. 0 keeps everything.
	MinimumGenerationID int64
	// State is what the last committed attempt left, null at first and after a clear.
	State json.RawMessage
}

// Result is what an attempt committed, over all its streams.
type Result struct {
	Rows, Bytes int64
	// State is the new state of each stream that committed one. A stream that is missing keeps its state.
	State map[StreamKey]json.RawMessage
	// Failure is the reason shown for an error instead of its text; optional.
	Failure string
}

// target applies the connection's naming to a stream.
func target(namespaceDefinition, format, prefix string, s Stream) StreamKey {
	key := StreamKey{Name: s.Name}
	if strings.TrimSpace(prefix) != "" {
		key.Name = prefix + s.Name
	}
	switch namespaceDefinition {
	case "source":
		key.Namespace = s.Namespace
	case "custom_format":
		key.Namespace = strings.ReplaceAll(format, "${SOURCE_NAMESPACE}", s.Namespace)
		if strings.TrimSpace(key.Namespace) == "" {
			key.Namespace = ""
		}
	}
	return key
}
