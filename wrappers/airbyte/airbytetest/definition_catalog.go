package airbytetest

// The ids of connector definitions the fake knows; the same as the real ones.
const (
	SourceFile     = "778daa7c-feaf-4db6-96f3-70fd645acc77"
	SourceFaker    = "dfd88b22-b603-4c3d-aad7-3701784586b1"
	SourcePostgres = "decd338e-5647-4c0b-adf4-da0e75f5a750"
	SourceGitHub   = "ef69ef6e-aa7f-4af1-a01d-ef775033524e"
	SourceStripe   = "e094cb9a-26de-4645-8761-65c0c425d1de"

	DestinationSnowflake  = "424892c4-daac-4491-b35d-c6688ba547ba"
	DestinationBigQuery   = "22f6c74f-5699-40ff-833c-4a879ea40133"
	DestinationPostgres   = "25c5221d-dce2-4163-ade9-739ef790f503"
	DestinationRedshift   = "f7a7d195-377f-cf5b-70a5-be6b819019dc"
	DestinationDatabricks = "072d5540-f236-4294-ba7c-ade8fd918496"
	DestinationDuckDB     = "94bd199c-2ff0-4aa2-b98e-17f0acb72610"
	DestinationClickHouse = "ce0d828e-1dc4-496c-b122-2da42e637e48"
	DestinationMSSQL      = "d4353156-9217-4cad-8dd7-c108fd4f74cf"
	DestinationMySQL      = "ca81ee7c-3163-4246-af40-094cc31e5e42"
	DestinationDevNull    = "a7bcc9d8-13b3-4e49-b80d-d020b90045e3"
)

const (
	kindSource      = "source"
	kindDestination = "destination"
)

// definition is a connector definition.
type definition struct {
	id, kind      string
	typ           string // the connector's name, "" for a custom one
	unmapped      bool   // the API has no name for it
	name          string
	repository    string
	tag           string
	documentation string
	workspace     string // of a custom one
	manifest      map[string]any
	version       int64 // of the manifest
}

// declarative says whether the definition is a custom source made of a manifest.
func (d *definition) declarative() bool { return d.manifest != nil }

// builtIn lists the definitions of every workspace.
func builtIn() []*definition {
	entry := func(kind, id, typ, name, tag string) *definition {
		return &definition{
			id: id, kind: kind, typ: typ, name: name, repository: "airbyte/" + kind + "-" + typ, tag: tag,
			documentation: "https://docs.airbyte.com/integrations/" + kind + "s/" + typ,
		}
	}
	devNull := entry(kindDestination, DestinationDevNull, "dev-null", "End-to-End Testing (/dev/null)", "0.8.0")
	devNull.unmapped = true
	return []*definition{
		entry(kindSource, SourceFile, "file", "File (CSV, JSON, Excel, Feather, Parquet)", "0.6.0"),
		entry(kindSource, SourceFaker, "faker", "Sample Data", "6.2.0"),
		entry(kindSource, SourcePostgres, "postgres", "Postgres", "3.7.0"),
		entry(kindSource, SourceGitHub, "github", "GitHub", "1.9.0"),
		entry(kindSource, SourceStripe, "stripe", "Stripe", "5.9.0"),
		entry(kindDestination, DestinationSnowflake, "snowflake", "Snowflake", "4.0.0"),
		entry(kindDestination, DestinationBigQuery, "bigquery", "BigQuery", "3.0.0"),
		entry(kindDestination, DestinationPostgres, "postgres", "Postgres", "3.0.0"),
		entry(kindDestination, DestinationRedshift, "redshift", "Redshift", "3.5.0"),
		entry(kindDestination, DestinationDatabricks, "databricks", "Databricks Lakehouse", "3.3.0"),
		entry(kindDestination, DestinationDuckDB, "duckdb", "DuckDB", "0.5.0"),
		entry(kindDestination, DestinationClickHouse, "clickhouse", "ClickHouse", "2.1.0"),
		entry(kindDestination, DestinationMSSQL, "mssql", "MS SQL Server", "2.2.0"),
		entry(kindDestination, DestinationMySQL, "mysql", "MySQL", "1.0.0"),
		devNull,
	}
}
