package main

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/sluice-sdk/sluice/wrappers/airbyte/airbytetest"
	"github.com/sluice-sdk/sluice/wrappers/warehouse/duckdb"
)

// opener opens the databases of destinations. folder stands for /local, where DuckDB files are.
func opener(folder string) func(context.Context, airbytetest.Connector) (*sql.DB, error) {
	return func(ctx context.Context, d airbytetest.Connector) (*sql.DB, error) {
		switch d.Type {
		case "duckdb":
			path, _ := d.Configuration["destination_path"].(string)
			if path == "" {
				return nil, fmt.Errorf("%w: destination_path is missing", airbytetest.ErrConfiguration)
			}
			var options []duckdb.Option
			if folder != "" {
				options = append(options, duckdb.AirbyteLocal(folder))
			}
			return duckdb.Open(path, options...)
		case "postgres":
			return openPostgres(ctx, d.Configuration)
		}
		return nil, fmt.Errorf("%w: a destination of type %q cannot be written to here", airbytetest.ErrConfiguration, d.Type)
	}
}

// openPostgres connects without TLS, and so to this machine or a trusted network only: it is a fake's destination.
func openPostgres(ctx context.Context, configuration map[string]any) (*sql.DB, error) {
	text := func(key string) string { s, _ := configuration[key].(string); return s }
	config, err := pgx.ParseConfig("sslmode=disable")
	if err != nil {
		return nil, err
	}
	config.Host, config.Database = text("host"), text("database")
	config.User, config.Password = text("username"), text("password")
	config.Port = 5432
	if port, ok := configuration["port"].(float64); ok && port > 0 && port < 65536 {
		config.Port = uint16(port)
	}
	config.Fallbacks = nil
	if config.Host == "" || config.Database == "" || config.User == "" {
		return nil, fmt.Errorf("%w: host, database and username are needed", airbytetest.ErrConfiguration)
	}
	db := stdlib.OpenDB(*config)
	if err := db.PingContext(ctx); err != nil {
		_ = db.Close()
		return nil, err
	}
	return db, nil
}
