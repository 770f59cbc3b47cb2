// Command quickstart runs syncs of an Airbyte connection and reads back what they loaded. It needs no account: without
// credentials in the environment it makes the connection on a fake Airbyte in this process, from a file into DuckDB.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/sluice-sdk/sluice/wrappers/airbyte"
)

func main() {
	file := flag.String("file", "", "a CSV or JSONL file to sync instead of the sample data")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "quickstart: unexpected argument %q; a file is given with -file\n", flag.Arg(0))
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *file); err != nil {
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, file string) error {
	// AIRBYTE_CLIENT_ID, AIRBYTE_CLIENT_SECRET, AIRBYTE_WORKSPACE_ID and AIRBYTE_CONNECTION_ID: the real one.
	s, err := connectToService(ctx, file)
	if s == nil && err == nil {
		s, err = startFake(ctx, file)
	}
	if err != nil {
		return err
	}
	defer s.close()

	conn := s.workspace.Connection(s.connectionID) // no I/O: a handle loads what it is asked for, once
	if s.connectionID == "" {
		if conn, err = deploy(ctx, s); err != nil {
			return err
		}
	}
	streams, err := conn.StreamNames(ctx)
	if err != nil {
		return err
	}
	for {
		bar := newBar()
		result, err := conn.RunSync(ctx, airbyte.WithProgress(bar)) // starts it and waits; a failed sync is an error
		bar.close()
		if err != nil {
			return err
		}
		fmt.Printf("job %d succeeded in %v: %v rows, %v bytes — %s\n",
			result.JobID(), result.Duration(), result.RecordsSynced(), result.BytesSynced(), result.JobURL())
		if s.db != nil {
			for _, stream := range streams {
				rows := result.Dataset(stream, s.db).OfThisSync().Rows(ctx) // what this sync loaded, not what the table holds
				if err := printTable(stream, rows); err != nil {
					return err
				}
			}
		}
		if another, err := s.nextDay(); err != nil || !another {
			return err
		}
	}
}

// deploy makes a source, a destination and a connection that reads each stream from where the last sync stopped.
func deploy(ctx context.Context, s *setting) (*airbyte.Connection, error) {
	source, err := s.workspace.CreateSource(ctx, airbyte.SourceSpec{Name: "a file", Type: "file", Configuration: s.source})
	if err != nil {
		return nil, err
	}
	destination, err := s.workspace.CreateDestination(ctx, airbyte.DestinationSpec{Name: "DuckDB", Type: "duckdb", Configuration: s.destination})
	if err != nil {
		return nil, err
	}
	streams, err := source.Streams(ctx, destination.ID())
	if err != nil {
		return nil, err
	}
	spec := airbyte.ConnectionSpec{Name: "quickstart", SourceID: source.ID(), DestinationID: destination.ID()}
	for _, stream := range streams {
		mode := airbyte.FullRefreshAppend
		if stream.DefaultCursorField != nil && stream.Supports(airbyte.IncrementalAppend) {
			mode = airbyte.IncrementalAppend
		}
		spec.Streams = append(spec.Streams, airbyte.StreamSelection{
			Namespace: stream.Namespace, Name: stream.Name, SyncMode: mode, CursorField: stream.DefaultCursorField,
		})
	}
	return s.workspace.CreateConnection(ctx, spec)
}
