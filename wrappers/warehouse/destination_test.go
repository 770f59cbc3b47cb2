package warehouse

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestNewDestination(t *testing.T) {
	tests := []struct {
		name          string
		definition    Definition
		configuration map[string]any
		want          Destination
	}{
		{"snowflake", Definition{Type: "snowflake", Version: "4.0.12"},
			map[string]any{"database": "D", "schema": "S", "raw_data_schema": "R", "disable_type_dedupe": true},
			Destination{Kind: Snowflake, Major: 4, Database: "D", Schema: "S", RawTablesOnly: true, RawSchema: "R"}},
		{"bigquery", Definition{ID: "22f6c74f-5699-40ff-833c-4a879ea40133"},
			map[string]any{"project_id": "p", "dataset_id": "ds", "raw_data_dataset": "raw"},
			Destination{Kind: BigQuery, Database: "p", Schema: "ds", RawSchema: "raw"}},
		{"bigquery project in the dataset", Definition{Type: "bigquery"},
			map[string]any{"project_id": "p", "dataset_id": "q:ds"},
			Destination{Kind: BigQuery, Database: "q", Schema: "ds"}},
		{"postgres", Definition{Type: "postgres", Version: "2.4.0"},
			map[string]any{"host": "h", "port": float64(5432), "database": "d", "schema": "s", "username": "u", "password": mask},
			Destination{Kind: Postgres, Major: 2, Database: "d", Schema: "s"}},
		{"databricks", Definition{Type: "destination-databricks"},
			map[string]any{"database": "cat", "raw_schema_override": "r", "port": "443"},
			Destination{Kind: Databricks, Database: "cat", RawSchema: "r"}},
		{"clickhouse", Definition{Type: "ClickHouse"},
			map[string]any{"database": "d", "port": "8443"},
			Destination{Kind: ClickHouse, Schema: "d"}},
		{"duckdb", Definition{Type: "duckdb", Version: "0.6.1"},
			map[string]any{"destination_path": "/local/a/my.data.duckdb", "schema": "s"},
			Destination{Kind: DuckDB, Database: "my", Schema: "s"}},
		{"duckdb connector on motherduck", Definition{Type: "duckdb"},
			map[string]any{"destination_path": "md:warehouse?x=1", "motherduck_api_key": mask},
			Destination{Kind: MotherDuck, Database: "warehouse"}},
		{"motherduck by id, type empty", Definition{ID: "042EE9B5-eb98-4e99-a4e5-3f0d573bee66"},
			map[string]any{"destination_path": "md:"},
			Destination{Kind: MotherDuck}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := NewDestination(test.definition, test.configuration)
			if err != nil {
				t.Fatal(err)
			}
			got.server = nil
			if got != test.want {
				t.Errorf("got  %+v\nwant %+v", got, test.want)
			}
		})
	}
}

func TestNewDestinationErrors(t *testing.T) {
	const secret = "hunter2-secret"
	tests := []struct {
		name          string
		definition    Definition
		configuration map[string]any
		is            error
		says          string
	}{
		{"nothing", Definition{}, nil, ErrUnsupported, "postgres 3/2"},
		{"unknown", Definition{ID: "a7bcc9d8-13b3-4e49-b80d-d020b90045e3", Type: "dev-null"}, nil, ErrUnsupported, "dev-null"},
		{"old major", Definition{Type: "snowflake", Version: "3.1.0"}, nil, ErrUnsupported, "snowflake connector major 3"},
		{"version", Definition{Type: "postgres", Version: "dev"}, nil, ErrInput, `"dev"`},
		{"wrong type", Definition{Type: "postgres"}, map[string]any{"database": []any{secret}}, ErrInput, "configuration.database"},
		{"bad port", Definition{Type: "postgres"}, map[string]any{"port": secret}, ErrInput, "configuration.port"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := NewDestination(test.definition, test.configuration)
			if !errors.Is(err, test.is) || !strings.Contains(err.Error(), test.says) {
				t.Fatalf("got %v, want %v saying %q", err, test.is, test.says)
			}
			if strings.Contains(err.Error(), secret) {
				t.Fatalf("secret in %v", err)
			}
		})
	}
}

func TestDestinationKeepsNoSecret(t *testing.T) {
	const secret = "hunter2-secret"
	for _, info := range kinds {
		d, err := NewDestination(Definition{ID: info.definitionID}, map[string]any{
			"host": "h", "port": 1, "database": "d", "password": secret, "credentials_json": secret, "motherduck_api_key": secret,
			"credentials":     map[string]any{"auth_type": "Username and Password", "password": secret, "private_key": secret, "private_key_password": secret},
			"authentication":  map[string]any{"auth_type": "BASIC", "personal_access_token": secret, "secret": secret},
			"ssl_mode":        map[string]any{"mode": "verify-full", "client_key": secret, "client_key_password": secret},
			"tunnel_method":   map[string]any{"tunnel_method": "SSH_KEY_AUTH", "ssh_key": secret, "tunnel_user_password": secret},
			"jdbc_url_params": "password=" + secret,
		})
		if err != nil {
			t.Errorf("%s: %v", info.kind, err)
			continue
		}
		for _, text := range []string{fmt.Sprint(d), fmt.Sprintf("%+v", d), fmt.Sprintf("%#v", d), fmt.Sprintf("%+v", d.server)} {
			if strings.Contains(text, secret) {
				t.Errorf("%s: secret in %s", info.kind, text)
			}
		}
	}
}

func TestKindsAreConsistent(t *testing.T) {
	for _, info := range kinds {
		if info.kind.DefinitionID() != info.definitionID {
			t.Error(info)
		}
		if k, err := KindOf(info.definitionID, ""); err != nil || k != info.kind {
			t.Error(info, k, err)
		}
		if k, err := KindOf("", string(info.kind)); err != nil || k != info.kind {
			t.Error(info, k, err)
		}
	}
}
