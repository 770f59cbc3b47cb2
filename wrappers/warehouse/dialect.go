package warehouse

import (
	"strconv"
	"strings"
)

// dialect is what differs between engines in the few statements this package
// sends: all of them are SELECTs.
type dialect struct {
	kind Kind
}

func (d Destination) dialect() dialect { return dialect{d.Kind} }

// QuoteIdentifier returns name as an identifier of the destination's dialect:
// quoted always, so that case is kept and no character is special.
func (d Destination) QuoteIdentifier(name string) string { return d.dialect().quote(name) }

// QuoteTable returns the table as it is written in SQL, every part quoted. The
// database is left out where a connection cannot reach another one (PostgreSQL,
// Redshift, ClickHouse, MySQL) or where it is the name of a local file (DuckDB).
func (d Destination) QuoteTable(t QualifiedTable) string {
	parts := []string{t.Database, t.Schema, t.Table}
	switch d.Kind {
	case Postgres, Redshift, ClickHouse, MySQL, DuckDB:
		parts[0] = ""
	default:
	}
	var quoted []string
	for _, part := range parts {
		if part != "" {
			quoted = append(quoted, d.QuoteIdentifier(part))
		}
	}
	return strings.Join(quoted, ".")
}

func (d dialect) quote(name string) string {
	switch d.kind {
	case BigQuery, ClickHouse: // backslash escapes inside backticks
		return "`" + strings.NewReplacer("\\", "\\\\", "`", "\\`").Replace(name) + "`"
	case Databricks, MySQL:
		return "`" + strings.ReplaceAll(name, "`", "``") + "`"
	case MSSQL:
		return "[" + strings.ReplaceAll(name, "]", "]]") + "]"
	default:
		return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
	}
}

// placeholder is the n-th bind parameter, counted from 1.
func (d dialect) placeholder(n int) string {
	switch d.kind {
	case Postgres, Redshift:
		return "$" + strconv.Itoa(n)
	case MSSQL:
		return "@p" + strconv.Itoa(n)
	default:
		return "?"
	}
}

// syncID is the sync_id inside the (quoted) meta column, as text, NULL when absent. The
// column is jsonb in PostgreSQL, SUPER in Redshift, VARIANT in Snowflake, JSON
// in BigQuery and DuckDB, and a string elsewhere. Run against PostgreSQL and
// DuckDB only; the others follow the engines' manuals.
func (d dialect) syncID(column string) string {
	switch d.kind {
	case Postgres:
		return "(" + column + "::jsonb->>'sync_id')"
	case Redshift:
		return "NULLIF(JSON_EXTRACT_PATH_TEXT(JSON_SERIALIZE(" + column + "), 'sync_id', TRUE), '')"
	case Snowflake:
		return "(" + column + `:"sync_id")::VARCHAR`
	case BigQuery:
		return "JSON_VALUE(" + column + ", '$.sync_id')"
	case Databricks:
		return "get_json_object(" + column + ", '$.sync_id')"
	case ClickHouse:
		return "nullIf(JSONExtractRaw(toString(" + column + "), 'sync_id'), '')"
	case MySQL:
		return "JSON_UNQUOTE(JSON_EXTRACT(" + column + ", '$.sync_id'))"
	case MSSQL:
		return "JSON_VALUE(" + column + ", '$.sync_id')"
	default:
		return "json_extract_string(CAST(" + column + " AS JSON), '$.sync_id')"
	}
}

// limit adds a bound on the number of rows to a SELECT without one.
func (d dialect) limit(query string, n int64) string {
	if d.kind == MSSQL {
		return "SELECT TOP (" + strconv.FormatInt(n, 10) + ")" + strings.TrimPrefix(query, "SELECT")
	}
	return query + " LIMIT " + strconv.FormatInt(n, 10)
}

// catalogue is the query that finds a table and what is near it: every table of
// the schema, and every table of that name in any schema, without regard to
// case. It returns database, schema, table and whether it is a base table.
func (d Destination) catalogue(t QualifiedTable) (query string, args []any) {
	q := d.dialect()
	from, database := "information_schema.tables", "table_catalog"
	switch d.Kind {
	case Snowflake:
		from = "INFORMATION_SCHEMA.TABLES"
		if t.Database != "" {
			from = q.quote(t.Database) + "." + from
		}
	case Databricks:
		if t.Database != "" {
			from = q.quote(t.Database) + "." + from
		}
	case BigQuery:
		// One dataset's view fails when the dataset is missing; the region's
		// lists all datasets, but needs the location.
		scope := t.Schema
		if d.server != nil && d.server.location != "" {
			scope = "region-" + strings.ToLower(d.server.location)
		}
		from = q.quote(scope) + ".INFORMATION_SCHEMA.TABLES"
		if t.Database != "" {
			from = q.quote(t.Database) + "." + from
		}
	case ClickHouse:
		return "SELECT '', database, name, 1 FROM system.tables WHERE lower(database) = lower(" + q.placeholder(1) +
			") OR lower(name) = lower(" + q.placeholder(2) + ")", []any{t.Schema, t.Table}
	case MySQL:
		database = "''"
	default:
	}
	query = "SELECT " + database + ", table_schema, table_name, CASE WHEN table_type = 'BASE TABLE' THEN 1 ELSE 0 END FROM " + from +
		" WHERE (lower(table_schema) = lower(" + q.placeholder(1) + ") OR lower(table_name) = lower(" + q.placeholder(2) + "))"
	args = []any{t.Schema, t.Table}
	if d.Kind == DuckDB || d.Kind == MotherDuck {
		query += " AND (table_catalog = current_database() OR lower(table_catalog) = lower(" + q.placeholder(3) + "))"
		args = append(args, t.Database)
	}
	return query, args
}
