package warehouse

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Destination is what decides names: the connector, its major version, and the
// defaults of its configuration. Make one with [NewDestination], or write the
// fields down by hand when the connector is a custom image or the configuration
// is not at hand. The zero value of every field but Kind is usable for naming.
//
// A Destination holds no secret, does no I/O and may be copied and shared.
type Destination struct {
	// Kind of destination.
	Kind Kind
	// Major version of the connector; 0 means the current one (Snowflake 4,
	// BigQuery 3, Postgres 3, Redshift 4, Databricks 4, ClickHouse 2).
	Major int
	// Database that the connector writes to: Snowflake database, BigQuery
	// project, Databricks catalog, PostgreSQL or Redshift database, DuckDB
	// file name without folder and extension, MotherDuck database. Empty for
	// ClickHouse, where a database is what others call a schema.
	Database string
	// Schema that tables go to when a stream has no namespace of its own:
	// schema, BigQuery dataset, or ClickHouse database. Empty means the
	// connector's default (public, main or default, by kind).
	Schema string
	// RawTablesOnly is the configuration key disable_type_dedupe: only the
	// raw table exists, with each record as one JSON value in _airbyte_data.
	RawTablesOnly bool
	// RawSchema is where raw tables go: raw_data_schema, raw_data_dataset or
	// raw_schema_override. Empty means airbyte_internal.
	RawSchema string

	server *server // nil unless made by NewDestination
}

// Definition identifies a destination connector, with the fields Airbyte's API
// gives for it. Any of them may be empty as long as the ID or the Type says
// which connector it is.
type Definition struct {
	// ID is definitionId.
	ID string
	// Type is destinationType, e.g. "postgres".
	Type string
	// Version is the connector's version (dockerImageTag), e.g. "3.0.2". Empty
	// means the current major. Airbyte's destination objects do not carry it;
	// the workspace's destination definitions do.
	Version string
}

// mask is what Airbyte's API shows in place of every secret
// (airbyte-platform, AirbyteSecretConstants).
const mask = "**********"

// NewDestination reads a destination's configuration as Airbyte's API returns
// it: masked secrets are expected, and values of secret fields are not kept.
// It does no I/O. Errors are [*UnsupportedError] (unknown connector or major)
// and [*InputError] (a field has the wrong type or value).
func NewDestination(definition Definition, configuration map[string]any) (Destination, error) {
	kind, err := KindOf(definition.ID, definition.Type)
	if err != nil {
		return Destination{}, err
	}
	d := Destination{Kind: kind}
	if definition.Version != "" {
		first, _, _ := strings.Cut(strings.TrimPrefix(definition.Version, "v"), ".")
		d.Major, err = strconv.Atoi(first)
		if err != nil || d.Major < 0 {
			return Destination{}, &InputError{
				Field:  "connector version",
				Reason: "is " + strconv.Quote(definition.Version) + ", which does not start with a major number; leave it empty for the current major",
			}
		}
	}
	c := fields{values: configuration}
	switch kind {
	case ClickHouse, DuckDB, MotherDuck: // never had raw tables
	default:
		d.RawTablesOnly = c.boolean("disable_type_dedupe")
	}
	switch kind {
	case BigQuery:
		d.Database = c.text("project_id")
		d.Schema = c.text("dataset_id")
		// The connector takes "project:dataset" as well.
		if project, dataset, ok := strings.Cut(d.Schema, ":"); ok {
			d.Database, d.Schema = project, dataset
		}
		d.RawSchema = c.text("raw_data_dataset")
	case Databricks:
		d.Database = c.text("database")
		d.Schema = c.text("schema")
		d.RawSchema = c.text("raw_schema_override")
	case ClickHouse:
		d.Schema = c.text("database")
	case DuckDB, MotherDuck:
		path := c.text("destination_path")
		d.Database = duckDBDatabase(path)
		d.Schema = c.text("schema")
		if isMotherDuckPath(path) {
			d.Kind = MotherDuck // the DuckDB connector writes to MotherDuck too
		}
	case MySQL:
		d.Schema = c.text("database")
	default:
		d.Database = c.text("database")
		d.Schema = c.text("schema")
		d.RawSchema = c.text("raw_data_schema")
	}
	d.server = newServer(d.Kind, &c)
	if c.err != nil {
		return Destination{}, c.err
	}
	if err := d.checkMajor(); err != nil {
		return Destination{}, err
	}
	return d, nil
}

// checkMajor fails for a connector major whose rules this package does not
// have. Kinds without any naming rule pass: they can still be connected to.
func (d Destination) checkMajor() error {
	info, ok := d.Kind.info()
	if !ok {
		return &UnsupportedError{
			What:      "destination kind " + strconv.Quote(string(d.Kind)),
			Supported: supportedKinds(func(kindInfo) bool { return true }),
		}
	}
	if d.Major == 0 || len(info.majors) == 0 || info.majors[0] == 0 || slices.Contains(info.majors, d.Major) {
		return nil
	}
	return &UnsupportedError{
		What:      fmt.Sprintf("%s connector major %d", d.Kind, d.Major),
		Supported: supportedKinds(func(i kindInfo) bool { return i.kind == d.Kind }),
		Hint:      "set Major to 0 to use the current rules, or name the table yourself",
	}
}

// major is Major with 0 resolved to the current one.
func (d Destination) major() int {
	if d.Major != 0 {
		return d.Major
	}
	if info, ok := d.Kind.info(); ok && len(info.majors) > 0 {
		return info.majors[0]
	}
	return 0
}

// label names the connector for explanations, e.g. "postgres 3".
func (d Destination) label() string {
	if m := d.major(); m != 0 {
		return string(d.Kind) + " " + strconv.Itoa(m)
	}
	return string(d.Kind)
}

// String names the kind, major and default location; it holds no secret.
func (d Destination) String() string {
	text := d.label()
	if where := strings.Trim(d.Database+"."+d.Schema, "."); where != "" {
		text += " " + where
	}
	return text
}

// defaultSchema is Schema, or the connector's own default, and which it was.
func (d Destination) defaultSchema() (name, origin string) {
	key := "schema"
	switch d.Kind {
	case BigQuery:
		key = "dataset_id"
	case ClickHouse:
		key = "database"
	default:
	}
	if d.Schema != "" {
		return d.Schema, "the destination's " + key
	}
	switch d.Kind {
	case Postgres, Redshift:
		name = "public"
	case DuckDB, MotherDuck:
		name = "main"
	case Databricks, ClickHouse:
		name = "default"
	default: // the others have none
	}
	return name, "the connector's default " + key
}

func isMotherDuckPath(path string) bool {
	return strings.HasPrefix(path, "md:") || strings.HasPrefix(path, "motherduck:")
}

// duckDBDatabase is the catalog name DuckDB gives a database file: the file's
// name up to the first dot. For md:name it is name.
func duckDBDatabase(path string) string {
	if _, name, ok := strings.Cut(path, ":"); ok && isMotherDuckPath(path) {
		name, _, _ = strings.Cut(name, "?")
		return name
	}
	base := path[strings.LastIndexAny(path, `/\`)+1:]
	base, _, _ = strings.Cut(base, ".")
	return base
}

// fields reads a decoded JSON object and remembers the first thing wrong with
// it. Messages carry keys and types, never values: a value may be a secret.
type fields struct {
	path   string
	values map[string]any
	err    error
}

func (f *fields) fail(key, reason string) {
	if f.err == nil {
		f.err = &InputError{Field: "configuration." + f.path + key, Reason: reason}
	}
}

func (f *fields) text(key string) string {
	switch v := f.values[key].(type) {
	case nil:
		return ""
	case string:
		if v == mask {
			return ""
		}
		return v
	default:
		f.fail(key, fmt.Sprintf("is a %T, want a string", v))
		return ""
	}
}

func (f *fields) boolean(key string) bool {
	switch v := f.values[key].(type) {
	case nil:
		return false
	case bool:
		return v
	case string:
		if b, err := strconv.ParseBool(v); err == nil {
			return b
		}
		f.fail(key, "is a string that is neither true nor false")
	default:
		f.fail(key, fmt.Sprintf("is a %T, want a boolean", v))
	}
	return false
}

// port reads a port number, which some connectors configure as a string.
func (f *fields) port(standard int) int {
	const key = "port"
	var n int64
	var err error
	switch v := f.values[key].(type) {
	case nil:
		return standard
	case float64:
		n = int64(v)
		if float64(n) != v {
			f.fail(key, "is not a whole number")
			return 0
		}
	case int:
		n = int64(v)
	case int64:
		n = v
	case json.Number:
		n, err = v.Int64()
	case string:
		if strings.TrimSpace(v) == "" {
			return standard
		}
		n, err = strconv.ParseInt(strings.TrimSpace(v), 10, 32)
	default:
		f.fail(key, fmt.Sprintf("is a %T, want a number", v))
		return 0
	}
	if err != nil || n < 1 || n > 65535 {
		f.fail(key, "is not a port number between 1 and 65535")
		return 0
	}
	return int(n)
}

// object reads a nested object; a missing one is empty.
func (f *fields) object(key string) *fields {
	nested := &fields{path: f.path + key + "."}
	switch v := f.values[key].(type) {
	case nil:
	case map[string]any:
		nested.values = v
	default:
		f.fail(key, fmt.Sprintf("is a %T, want an object", v))
	}
	return nested
}

// adopt takes over what was wrong in a nested object.
func (f *fields) adopt(nested *fields) {
	if f.err == nil {
		f.err = nested.err
	}
}
