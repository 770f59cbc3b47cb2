package warehouse

import (
	"slices"
	"strconv"
	"strings"
)

// Kind is a family of Airbyte destinations that share an SQL dialect and a
// rule for names. The values are Airbyte's own destinationType strings.
type Kind string

// The destinations this package knows. MSSQL and MySQL have connection strings
// and dialects; the rules for their names are not implemented, see
// [Destination.Name].
const (
	Snowflake  Kind = "snowflake"
	BigQuery   Kind = "bigquery"
	Postgres   Kind = "postgres"
	Redshift   Kind = "redshift"
	Databricks Kind = "databricks"
	ClickHouse Kind = "clickhouse"
	DuckDB     Kind = "duckdb"
	MotherDuck Kind = "motherduck"
	MSSQL      Kind = "mssql"
	MySQL      Kind = "mysql"
)

// kindInfo says, per kind, which majors of the connector have a naming rule
// here (the first is the current one), and the connector's definition id.
type kindInfo struct {
	kind         Kind
	definitionID string
	majors       []int
}

// kinds is read-only. Definition ids are those of the connectors'
// metadata.yaml in airbytehq/airbyte; they are the same on Cloud and on every
// self-managed installation.
var kinds = [...]kindInfo{
	{Snowflake, "424892c4-daac-4491-b35d-c6688ba547ba", []int{4}},
	{BigQuery, "22f6c74f-5699-40ff-833c-4a879ea40133", []int{3}},
	{Postgres, "25c5221d-dce2-4163-ade9-739ef790f503", []int{3, 2}},
	{Redshift, "f7a7d195-377f-cf5b-70a5-be6b819019dc", []int{4}},
	{Databricks, "072d5540-f236-4294-ba7c-ade8fd918496", []int{4}},
	{ClickHouse, "ce0d828e-1dc4-496c-b122-2da42e637e48", []int{2}},
	{DuckDB, "94bd199c-2ff0-4aa2-b98e-17f0acb72610", []int{0}},
	{MotherDuck, "042ee9b5-eb98-4e99-a4e5-3f0d573bee66", []int{0}},
	{MSSQL, "d4353156-9217-4cad-8dd7-c108fd4f74cf", nil},
	{MySQL, "ca81ee7c-3163-4246-af40-094cc31e5e42", nil},
}

func (k Kind) info() (kindInfo, bool) {
	for _, info := range kinds {
		if info.kind == k {
			return info, true
		}
	}
	return kindInfo{}, false
}

// DefinitionID returns the id under which Airbyte knows the connector, or ""
// for a kind this package does not know.
func (k Kind) DefinitionID() string {
	info, _ := k.info()
	return info.definitionID
}

// KindOf finds the kind for what an Airbyte API says about a destination: its
// definitionId or its destinationType. Either may be empty. The id decides when
// both are given, because Airbyte leaves destinationType empty for connectors
// outside its own map (MotherDuck is one).
//
// The error is an [*UnsupportedError] that lists the kinds it would have taken.
func KindOf(definitionID, destinationType string) (Kind, error) {
	id := strings.ToLower(strings.TrimSpace(definitionID))
	name := strings.ToLower(strings.TrimSpace(destinationType))
	name = strings.TrimPrefix(name, "airbyte/")
	name = strings.TrimPrefix(name, "destination-")
	for _, info := range kinds {
		if id != "" && id == info.definitionID {
			return info.kind, nil
		}
	}
	for _, info := range kinds {
		if name != "" && name == string(info.kind) {
			return info.kind, nil
		}
	}
	return "", &UnsupportedError{
		What:      "destination type " + strconv.Quote(destinationType) + " (definition " + strconv.Quote(definitionID) + ")",
		Supported: supportedKinds(func(kindInfo) bool { return true }),
		Hint:      "a custom image of one of these can be described by hand: warehouse.Destination{Kind: …}",
	}
}

// supportedKinds lists kinds with their majors, for error messages.
func supportedKinds(keep func(kindInfo) bool) []string {
	var list []string
	for _, info := range kinds {
		if !keep(info) {
			continue
		}
		var majors []string
		for _, major := range info.majors {
			if major != 0 {
				majors = append(majors, strconv.Itoa(major))
			}
		}
		list = append(list, strings.TrimSpace(string(info.kind)+" "+strings.Join(majors, "/")))
	}
	slices.Sort(list)
	return list
}
