package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver of a PostgreSQL destination

	"github.com/sluice-sdk/sluice/wrappers/airbyte"
	"github.com/sluice-sdk/sluice/wrappers/airbyte/airbytetest"
	"github.com/sluice-sdk/sluice/wrappers/job"
	"github.com/sluice-sdk/sluice/wrappers/warehouse/duckdb"
)

// setting is where the program runs: a workspace, and the database that its destination writes to.
type setting struct {
	workspace    *airbyte.Workspace
	connectionID string // "" means that the connection is still to be made, from these two
	source       map[string]any
	destination  map[string]any
	db           *sql.DB // nil when the destination's database is not known

	// nextDay makes new data appear in the source; false means that one sync was all.
	nextDay func() (bool, error)
	closers []func() error
}

func (s *setting) close() {
	for _, closer := range slices.Backward(s.closers) {
		if err := closer(); err != nil {
			fmt.Fprintln(os.Stderr, "quickstart:", err)
		}
	}
}

// connectToService returns the real service, or nil when no connection is named in the environment.
// QUICKSTART_DESTINATION is the postgres:// URL of the destination's database, for reading the rows back; for another kind
// of destination open its driver here instead.
func connectToService(ctx context.Context, file string) (*setting, error) {
	connection := os.Getenv("AIRBYTE_CONNECTION_ID")
	if connection == "" {
		fmt.Println("AIRBYTE_CONNECTION_ID is not set: no account is used")
		return nil, nil
	}
	if file != "" {
		return nil, errors.New("-file is for the fake; with AIRBYTE_CONNECTION_ID set, the connection has its own source")
	}
	client, err := airbyte.FromEnv()
	if err != nil {
		return nil, err
	}
	workspace, err := client.DefaultWorkspace()
	if err != nil {
		return nil, err
	}
	if err := workspace.Connect(ctx); err != nil {
		return nil, err
	}
	runs := 0
	s := &setting{workspace: workspace, connectionID: connection, nextDay: func() (bool, error) {
		if runs++; runs > 1 {
			return false, nil
		}
		fmt.Println("\nOnce more; an incremental stream brings only what is new since the first sync:")
		return true, nil
	}}
	destination := os.Getenv("QUICKSTART_DESTINATION")
	if destination == "" {
		fmt.Println("QUICKSTART_DESTINATION is not set, so the rows are not read back: Airbyte never gives a destination's password.")
		return s, nil
	}
	if s.db, err = sql.Open("pgx", destination); err == nil {
		s.closers = append(s.closers, s.db.Close)
	}
	return s, err
}

// startFake starts a fake Airbyte on a loopback port, with a file to read and a DuckDB file to write.
func startFake(ctx context.Context, file string) (s *setting, err error) {
	days := 0
	s = &setting{nextDay: func() (bool, error) {
		if days++; days > 1 {
			return false, nil
		}
		fmt.Println("\nThe file has not changed; where a stream has a cursor, there is nothing new to read:")
		return true, nil
	}}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	folder, err := os.MkdirTemp("", "sluice-quickstart-")
	if err != nil {
		return s, err
	}
	s.closers = append(s.closers, func() error { return os.RemoveAll(folder) })
	if file == "" {
		sample, err := findSample()
		if err != nil {
			return s, err
		}
		file = filepath.Join(folder, "users.csv")
		if err := copyFile(filepath.Join(sample, "users.csv"), file); err != nil {
			return s, err
		}
		s.nextDay = func() (bool, error) {
			if days++; days > 1 {
				return false, nil
			}
			fmt.Println("\nThe next day the file has new and changed rows:")
			return true, copyFile(filepath.Join(sample, "users_update.csv"), file)
		}
	} else if file, err = readable(file); err != nil {
		return s, err
	}
	name := strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
	format := strings.TrimPrefix(strings.ToLower(filepath.Ext(file)), ".")
	s.source = map[string]any{"dataset_name": name, "url": file, "format": format, "provider": map[string]any{"storage": "local"}}
	database := filepath.Join(folder, "warehouse.duckdb")
	s.destination = map[string]any{"destination_path": database}
	if s.db, err = duckdb.Open(database); err != nil {
		return s, err
	}
	s.closers = append(s.closers, s.db.Close)

	mover := &airbytetest.SQLMover{CommitRows: 5, CommitPause: 300 * time.Millisecond, Open: func(context.Context, airbytetest.Connector) (*sql.DB, error) {
		return duckdb.Open(database)
	}}
	fake, err := airbytetest.NewServer(airbytetest.WithMover(mover), airbytetest.WithStartup(time.Second))
	if err != nil {
		return s, err
	}
	s.closers = append(s.closers, fake.Close)
	origin, err := fake.Listen(ctx, "127.0.0.1:0")
	if err != nil {
		return s, err
	}
	fmt.Printf("a fake Airbyte listens on %s; until the program ends it reads %s and writes %s\n", origin, filepath.Base(file), database)
	credentials := fake.Credentials()
	client, err := airbyte.New(airbyte.WithOrigin(origin), airbyte.WithClientCredentials(credentials.ClientID, credentials.ClientSecret),
		airbyte.WithPolling(job.Options{Intervals: job.Intervals{Min: 200 * time.Millisecond}}))
	if err != nil {
		return s, err
	}
	s.workspace = client.Workspace(fake.WorkspaceID())
	return s, nil
}

// findSample returns the folder of the sample data: the repository's testdata, wherever in the repository this runs.
func findSample() (string, error) {
	folder, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; ; folder = filepath.Dir(folder) {
		sample := filepath.Join(folder, "testdata")
		if _, err := os.Stat(filepath.Join(sample, "users_update.csv")); err == nil {
			return sample, nil
		}
		if folder == filepath.Dir(folder) {
			return "", errors.New("the sample data is not here: run this inside of the repository, or give a CSV or JSONL file with -file")
		}
	}
}

// readable returns the absolute path of a file that can be read and has an extension that the fake takes.
func readable(file string) (string, error) {
	opened, err := os.Open(file)
	if err != nil {
		return "", fmt.Errorf("-file: %w", err)
	}
	defer opened.Close()
	about, err := opened.Stat()
	if err == nil && about.IsDir() {
		err = fmt.Errorf("-file: %s is a folder", file)
	}
	if err != nil {
		return "", err
	}
	switch strings.ToLower(filepath.Ext(file)) {
	case ".csv", ".jsonl", ".ndjson":
		return filepath.Abs(file)
	}
	return "", fmt.Errorf("-file: %s does not end with .csv or .jsonl", file)
}

func copyFile(from, to string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, text, 0o600) //nolint:gosec // both paths are this program's own
}
