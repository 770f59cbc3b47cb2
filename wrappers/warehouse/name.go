package warehouse

import (
	"fmt"
	"strings"
)

// Stream is a stream as the source names it, before any prefix.
type Stream struct {
	Name string
	// Namespace the source reports, such as a schema of the source database;
	// empty when it reports none.
	Namespace string
}

// NamespaceDefinition is a connection's setting of the same name.
type NamespaceDefinition string

// The values of Airbyte's API. An empty one means NamespaceDestination, as it
// does when a connection is created.
const (
	NamespaceSource      NamespaceDefinition = "source"
	NamespaceDestination NamespaceDefinition = "destination"
	NamespaceCustom      NamespaceDefinition = "custom_format"
)

// Placement is what a connection says about where its streams go.
type Placement struct {
	// Prefix is put in front of every stream's name, without a separator.
	Prefix string
	// NamespaceDefinition chooses the namespace.
	NamespaceDefinition NamespaceDefinition
	// NamespaceFormat is used with NamespaceCustom; ${SOURCE_NAMESPACE} in it
	// stands for the stream's own namespace.
	NamespaceFormat string
}

// QualifiedTable is where a table is expected or was found. The parts are names
// as the database stores them, not quoted.
type QualifiedTable struct {
	// Database is the database, project or catalog; empty for ClickHouse and
	// where the destination's configuration does not say.
	Database string
	// Schema is the schema, BigQuery dataset or ClickHouse database.
	Schema string
	Table  string
	// Reasons says, step by step, how the names came about.
	Reasons []string
}

// String returns the parts with dots between them, for messages. It is not SQL;
// see [Destination.QuoteTable].
func (t QualifiedTable) String() string {
	parts := make([]string, 0, 3)
	for _, part := range []string{t.Database, t.Schema, t.Table} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, ".")
}

// Explain returns the location and the reasons, one line each.
func (t QualifiedTable) Explain() string {
	var b strings.Builder
	b.WriteString(t.String())
	for _, reason := range t.Reasons {
		b.WriteString("\n- ")
		b.WriteString(reason)
	}
	return b.String()
}

// Name computes where the connector puts a stream of a connection. It does no
// I/O and asks no database; [Destination.Table] and [Table.Locate] do that.
//
// The platform's part (prefix, namespace) is airbyte-platform's
// NamespacingMapper; the connector's part is the naming source of each
// destination connector in airbytehq/airbyte. None of it was checked against a
// live warehouse other than PostgreSQL and DuckDB.
//
// Errors are [*UnsupportedError] for a kind or major without a rule here, and
// [*InputError] for names the connector itself would refuse (an empty stream
// name, an unknown namespace definition).
func (d Destination) Name(stream Stream, placement Placement) (QualifiedTable, error) {
	if err := d.checkMajor(); err != nil {
		return QualifiedTable{}, err
	}
	if info, _ := d.Kind.info(); len(info.majors) == 0 {
		return QualifiedTable{}, &UnsupportedError{
			What:      "working out table names of " + string(d.Kind),
			Supported: supportedKinds(func(i kindInfo) bool { return len(i.majors) > 0 }),
			Hint:      "give the schema and table by hand, see Destination.At",
		}
	}
	if stream.Name == "" {
		return QualifiedTable{}, &InputError{Field: "stream name", Reason: "is empty"}
	}

	n := naming{destination: d}
	name := stream.Name
	if strings.TrimSpace(placement.Prefix) != "" {
		name = placement.Prefix + stream.Name
		n.because("the connection's prefix %q makes stream %q into %q", placement.Prefix, stream.Name, name)
	} else {
		n.because("the connection has no prefix, so the stream is %q", name)
	}
	namespace, err := n.namespace(stream, placement)
	if err != nil {
		return QualifiedTable{}, err
	}

	if (d.Kind == DuckDB || d.Kind == MotherDuck) && namespace != "" {
		schema, origin := d.defaultSchema()
		n.because("%s ignores namespaces (here %q) and writes everything to %s %q", d.label(), namespace, origin, schema)
		namespace = schema
	}
	if namespace == "" {
		schema, origin := d.defaultSchema()
		if schema == "" {
			return QualifiedTable{}, &InputError{
				Field:  "schema",
				Reason: fmt.Sprintf("of the %s destination is empty, and stream %q has no namespace of its own", d.Kind, stream.Name),
			}
		}
		n.because("without a namespace, %s %q is used", origin, schema)
		namespace = schema
	}

	var table QualifiedTable
	if d.RawTablesOnly {
		table, err = n.raw(namespace, name)
	} else {
		table, err = n.final(namespace, name)
	}
	if err != nil {
		return QualifiedTable{}, err
	}
	table.Database = n.database()
	table.Reasons = n.reasons
	return table, nil
}

// At names a table by hand, for connectors and layouts Name has no rule for.
// The names are taken as the database stores them. An empty schema means the
// destination's default. It does no I/O.
func (d Destination) At(schema, table string) QualifiedTable {
	n := naming{destination: d}
	n.because("named by the caller")
	if schema == "" {
		var origin string
		schema, origin = d.defaultSchema()
		n.because("no schema given, %s is used", origin)
	}
	return QualifiedTable{Database: n.database(), Schema: schema, Table: table, Reasons: n.reasons}
}

// naming collects the reasons while a name is worked out.
type naming struct {
	destination Destination
	reasons     []string
}

func (n *naming) because(format string, args ...any) {
	n.reasons = append(n.reasons, fmt.Sprintf(format, args...))
}

// namespace is the platform's step; "" means the destination's default.
func (n *naming) namespace(stream Stream, placement Placement) (string, error) {
	switch placement.NamespaceDefinition {
	case NamespaceSource:
		if stream.Namespace == "" {
			n.because("the connection uses the source's namespace, and the stream has none")
		} else {
			n.because("the connection uses the source's namespace, %q", stream.Namespace)
		}
		return stream.Namespace, nil
	case NamespaceDestination, "":
		n.because("the connection uses the destination's default namespace")
		return "", nil
	case NamespaceCustom, "customformat": // the second is the Config API's spelling
		namespace := strings.ReplaceAll(placement.NamespaceFormat, "${SOURCE_NAMESPACE}", stream.Namespace)
		if strings.TrimSpace(namespace) == "" {
			n.because("the connection's namespace format %q comes out blank for source namespace %q", placement.NamespaceFormat, stream.Namespace)
			return "", nil
		}
		n.because("the connection's namespace format %q with source namespace %q gives %q", placement.NamespaceFormat, stream.Namespace, namespace)
		return namespace, nil
	default:
		return "", &InputError{
			Field:  "namespace definition",
			Reason: fmt.Sprintf("is %q, want %q, %q or %q", placement.NamespaceDefinition, NamespaceSource, NamespaceDestination, NamespaceCustom),
		}
	}
}

// rules returns the connector's rule for schemas and for tables, and says them.
func (d Destination) rules() (schema, table func(string) string, said string) {
	const alnum = "letters, digits and _ are kept, accents dropped, anything else becomes _"
	switch d.Kind {
	case Snowflake:
		return snowflake4, snowflake4, "upper case, quoted, other characters kept"
	case BigQuery:
		return bigQueryDataset, bigQueryTable, alnum + "; a dataset starting with _ gets n in front, a table starting with a digit gets _"
	case Postgres:
		if d.major() == 2 {
			return postgres2, postgres2, alnum + "; case kept; from 60 characters on, the first 52 and a hash"
		}
		return postgres3, postgres3, alnum + "; case kept; _ before a leading digit; over 63 characters, the first 54, _ and a hash"
	case Redshift:
		return redshift4, redshift4, alnum + "; lower case; _ before a leading digit; over 127 characters, the first 118, _ and a hash"
	case Databricks:
		lower := func(s string) string { return strings.ToLower(databricks4(s)) }
		return lower, lower, alnum + "; lower case; _ before a leading digit; over 255 characters, the first 246, _ and a hash"
	case ClickHouse:
		return clickHouse2, clickHouse2, alnum + "; case kept; _ before a leading digit"
	default: // DuckDB, MotherDuck
		return func(s string) string { return s }, lowerCase, "the schema as configured; tables in lower case, anything but letters and digits becomes _, _ before a leading digit"
	}
}

func (n *naming) final(namespace, name string) (QualifiedTable, error) {
	schemaRule, tableRule, said := n.destination.rules()
	table := QualifiedTable{Schema: schemaRule(namespace), Table: tableRule(name)}
	n.because("%s names: %s: %q and %q", n.destination.label(), said, table.Schema, table.Table)
	return table, n.check(table, namespace, name)
}

// check refuses what the connector refuses, or what it would name at random.
func (n *naming) check(table QualifiedTable, namespace, name string) error {
	if n.destination.Kind == DuckDB || n.destination.Kind == MotherDuck {
		if alphanumeric(table.Schema) != table.Schema {
			return &InputError{Field: "schema", Reason: fmt.Sprintf("%q of a %s destination has characters outside A-Z, a-z, 0-9 and _; the connector refuses it", table.Schema, n.destination.Kind)}
		}
		if strings.Trim(table.Table, "_") == "" {
			return &InputError{Field: "stream name", Reason: fmt.Sprintf("%q has no letter or digit; the connector refuses it", name)}
		}
	}
	if table.Schema == "" {
		return &InputError{Field: "namespace", Reason: fmt.Sprintf("%q has nothing left after the connector's naming rule", namespace)}
	}
	if table.Table == "" {
		return &InputError{Field: "stream name", Reason: fmt.Sprintf("%q has nothing left after the connector's naming rule", name)}
	}
	return nil
}

// raw names the raw table, the only one with disable_type_dedupe.
func (n *naming) raw(namespace, name string) (QualifiedTable, error) {
	d := n.destination
	schema := d.RawSchema
	if schema == "" {
		schema = "airbyte_internal"
		n.because("disable_type_dedupe is set: only the raw table exists, in the default schema %q", schema)
	} else {
		n.because("disable_type_dedupe is set: only the raw table exists, in the configured schema %q", schema)
	}
	table := QualifiedTable{}
	switch d.Kind {
	case Snowflake:
		table.Schema, table.Table = schema, rawName(namespace, name)
	case BigQuery:
		table.Schema, table.Table = bigQueryDataset(schema), bigQueryTable(rawName(namespace, name))
	case Postgres:
		rule := postgres3
		if d.major() == 2 {
			rule = postgres2
		}
		if d.major() == 2 {
			table.Schema, table.Table = strings.ToLower(rule(schema)), strings.ToLower(rule(rawName(namespace, name)))
		} else {
			table.Schema, table.Table = rule(strings.ToLower(schema)), rule(strings.ToLower(rawName(namespace, name)))
		}
	default:
		return QualifiedTable{}, &UnsupportedError{
			What:      "disable_type_dedupe of " + d.label(),
			Supported: []string{"bigquery 3", "postgres 3/2", "snowflake 4"},
			Hint:      "this major of the connector has no raw tables; if the key is a leftover of an older one, set RawTablesOnly to false, otherwise give schema and table by hand, see Destination.At",
		}
	}
	n.because("raw table names join namespace and stream with _raw, underscores and stream_: %q", table.Table)
	return table, n.check(table, namespace, name)
}

func (n *naming) database() string {
	if n.destination.Kind == Snowflake {
		return snowflake4(n.destination.Database)
	}
	return n.destination.Database
}

// Column returns the name of the column that holds a top-level field of a
// stream, as the database stores it. It is "" for a field whose name the
// connector would refuse or replace by a random one. When two fields of a stream
// come out the same, the connector renames one of them; Column, which knows one
// field at a time, does not.
//
// With RawTablesOnly there are no such columns: every field is inside the one
// JSON column, and Column returns its name.
func (d Destination) Column(field string) string {
	if field == "" {
		return ""
	}
	if d.RawTablesOnly {
		return dataColumn
	}
	switch d.Kind {
	case Databricks:
		return databricks4(field) // unlike its tables, case is kept
	case DuckDB, MotherDuck:
		name := lowerCase(field)
		if strings.Trim(name, "_") == "" {
			return ""
		}
		return name
	case MSSQL, MySQL:
		return field
	default:
		_, rule, _ := d.rules()
		return rule(field)
	}
}

const (
	rawIDColumn        = "_airbyte_raw_id"
	extractedAtColumn  = "_airbyte_extracted_at"
	metaColumn         = "_airbyte_meta"
	generationIDColumn = "_airbyte_generation_id"
	loadedAtColumn     = "_airbyte_loaded_at"
	dataColumn         = "_airbyte_data"
)

// MetaColumns names the columns Airbyte adds to every table, as the database
// stores them. A column that this destination does not have is "".
// Read in airbytehq/airbyte, CDK Meta.kt and the connectors' column managers;
// DuckDB's and MotherDuck's in airbyte-python-cdk, sql/constants.py.
type MetaColumns struct {
	// RawID is a UUID as text, one per record.
	RawID string
	// ExtractedAt is when the source read the record (with time zone).
	ExtractedAt string
	// Meta is JSON: sync_id and changes[]{field, change, reason}.
	Meta string
	// GenerationID is an integer that grows with every refresh or clear.
	GenerationID string
	// LoadedAt and Data exist in raw tables only.
	LoadedAt string
	Data     string
}

// Names lists the columns that exist, in the connectors' order.
func (m MetaColumns) Names() []string {
	var names []string
	for _, name := range []string{m.RawID, m.ExtractedAt, m.Meta, m.GenerationID, m.LoadedAt, m.Data} {
		if name != "" {
			names = append(names, name)
		}
	}
	return names
}

// MetaColumns returns the names of the columns Airbyte adds.
func (d Destination) MetaColumns() MetaColumns {
	m := MetaColumns{RawID: rawIDColumn, ExtractedAt: extractedAtColumn, Meta: metaColumn, GenerationID: generationIDColumn}
	switch {
	case d.Kind == DuckDB || d.Kind == MotherDuck:
		m.GenerationID = ""
	case d.RawTablesOnly:
		m.LoadedAt, m.Data = loadedAtColumn, dataColumn
	case d.Kind == Snowflake:
		m = MetaColumns{
			RawID:        strings.ToUpper(rawIDColumn),
			ExtractedAt:  strings.ToUpper(extractedAtColumn),
			Meta:         strings.ToUpper(metaColumn),
			GenerationID: strings.ToUpper(generationIDColumn),
		}
	}
	return m
}
