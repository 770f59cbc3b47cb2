// Command reverseetl goes through Polytomic from end to end: it connects a source and a warehouse, waits until the source
// has shown its schemas, loads some of them into the warehouse by a bulk sync, makes a model of what is there, and pushes
// the model's records on by a model sync. It prints how each run goes, and its counts. What it made stays there.
//
//	go run ./examples/reverseetl                              # a fake Polytomic in this process, no account
//	POLYTOMIC_API_KEY=… go run ./examples/reverseetl -settings mine.json   # the real one; see settings.go
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/oapi-codegen/nullable"

	"github.com/sluice-sdk/sluice/gen/polytomicapi"
	"github.com/sluice-sdk/sluice/wrappers/job"
	"github.com/sluice-sdk/sluice/wrappers/polytomic"
)

func main() {
	path := flag.String("settings", "", "a file that says what to connect; without it a fake Polytomic is used")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "reverseetl: unexpected argument %q; the settings are given with -settings\n", flag.Arg(0))
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *path); err != nil {
		fmt.Fprintln(os.Stderr, "reverseetl:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, path string) error {
	client, s, stop, err := setUp(path)
	if err != nil {
		return err
	}
	defer stop()

	source, err := connect(ctx, client, "source", s.Source)
	if err != nil {
		return err
	}
	// A new connection has no schemas yet, and a bulk sync made before it has some is refused.
	if err := source.WaitForSchemas(ctx, printProgress()); err != nil {
		return err
	}
	warehouse, err := connect(ctx, client, "warehouse", s.Warehouse)
	if err != nil {
		return err
	}
	bulk, err := client.CreateBulkSync(ctx, polytomicapi.CreateBulkSyncRequest{
		Name: "reverseetl: load", SourceConnectionID: source.ID(), DestinationConnectionID: warehouse.ID(),
		Mode:                     nullable.NewNullableWithValue(polytomicapi.BulkSyncTargetModeReplicate),
		Schemas:                  polytomic.SelectSchemas(s.Schemas...), // said explicitly: what is left out would be everything
		DestinationConfiguration: s.Destination,
		DefaultSchedule:          polytomicapi.BulkSyncDefaultScheduleRequest{Frequency: polytomicapi.ScheduleFrequencyManual},
	})
	if err != nil {
		return err
	}
	loaded, err := bulk.Run(ctx, polytomic.FailOnErrors(), printProgress()) // starts it and waits; records that fail are an error
	if err != nil {
		return err
	}
	fmt.Printf("bulk sync %s: %s\n", loaded.ID(), loaded.Outcome())
	for schema := range loaded.Schemas() {
		fmt.Printf("  %-16s %6d records, %d errors, %d warnings\n", schema.Name, schema.Records, schema.Errors, schema.Warnings)
	}

	model, err := client.CreateModel(ctx, polytomicapi.CreateModelRequest{
		Name: "reverseetl: people", ConnectionID: warehouse.ID(), Configuration: s.Model.Configuration, Identifier: &s.Model.Identifier,
	})
	if err != nil {
		return err
	}
	fmt.Println("model:", model.ID())
	target, err := connect(ctx, client, "target", s.Target.connection)
	if err != nil {
		return err
	}
	identity := polytomicapi.Source{ModelID: model.ID(), Field: s.Target.Identity.Field}
	request := polytomicapi.CreateSyncRequest{
		Name: "reverseetl: push", Mode: polytomicapi.ModelsyncSyncTargetModeUpdateOrCreate,
		Target:   polytomicapi.Target{ConnectionID: target.ID(), Object: &s.Target.Object},
		Identity: &polytomicapi.Identity{Source: identity, Target: s.Target.Identity.Target, Function: polytomicapi.SchemaIdentityFunctionEquality},
		Schedule: polytomicapi.Schedule{Frequency: new(polytomicapi.ScheduleFrequencyManual)},
	}
	for _, f := range s.Target.Fields {
		request.Fields = append(request.Fields, polytomicapi.SyncField{Source: &polytomicapi.Source{ModelID: model.ID(), Field: f.Field}, Target: f.Target})
	}
	push, err := client.CreateModelSync(ctx, request)
	if err != nil {
		return err
	}
	pushed, err := push.Run(ctx, polytomic.FailOnErrors(), printProgress())
	if err != nil {
		return err
	}
	fmt.Printf("model sync %s: %s, %d records to %s\n", pushed.ID(), pushed.Outcome(), pushed.Records(), s.Target.Object)
	return nil
}

// printProgress prints a line for each change of the job that is waited for.
func printProgress() polytomic.WaitOption {
	last := ""
	return polytomic.WithProgress(func(s job.Snapshot) {
		line := fmt.Sprintf("  %s: %s", s.Ref.Kind, cmp.Or(s.Raw, s.Phase.String()))
		if s.Progress.Records != nil {
			line += fmt.Sprintf(", %d records", *s.Progress.Records)
		}
		if line != last {
			fmt.Println(line)
		}
		last = line
	})
}

func connect(ctx context.Context, client *polytomic.Client, name string, c connection) (*polytomic.Connection, error) {
	created, err := client.CreateConnection(ctx, polytomicapi.CreateConnectionRequestSchema{
		Name: "reverseetl: " + name, Type: c.Type, Configuration: c.Configuration,
	})
	if err != nil {
		return nil, err
	}
	if created.AuthURL != "" {
		return nil, fmt.Errorf("a %s connection needs a person's consent at %s: make it there, or use polytomic.Client.Connect", c.Type, created.AuthURL)
	}
	fmt.Printf("%s: a %s connection, %s\n", name, c.Type, created.ID())
	return created.Connection, nil
}
