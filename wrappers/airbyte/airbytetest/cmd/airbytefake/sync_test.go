package main

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/sluice-sdk/sluice/gen/airbyteapi"
	"github.com/sluice-sdk/sluice/wrappers/airbyte/airbytetest"
)

// service is a fake on a real port and a client of the generated sort, as any program would have it.
type service struct {
	fake   *airbytetest.Fake
	client *airbyteapi.ClientWithResponses
}

func serve(t *testing.T, options ...airbytetest.Option) service {
	t.Helper()
	// Databases run on the real clock: every status lasts long enough to be seen by a client that is held up.
	mover := &airbytetest.SQLMover{Open: opener(""), CommitRows: 1, CommitPause: 60 * time.Millisecond}
	options = append([]airbytetest.Option{airbytetest.WithMover(mover), airbytetest.WithStartup(300 * time.Millisecond)}, options...)
	fake := airbytetest.New(t, options...)
	origin, err := fake.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	client, err := airbyteapi.NewClientWithResponses(origin+fake.BasePath(),
		airbyteapi.WithHTTPClient(&http.Client{Transport: transport}),
		airbyteapi.WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
			r.Header.Set("Authorization", "Bearer "+fake.APIKey())
			return nil
		}))
	if err != nil {
		t.Fatal(err)
	}
	return service{fake, client}
}

// connect makes source, destination and connection through the API and returns the connection's id.
func (s service) connect(t *testing.T, source airbytetest.Connector, d database, mode airbyteapi.ConnectionSyncModeEnum) string {
	t.Helper()
	configuration := source.Configuration
	configuration["sourceType"] = source.Type
	made, err := s.client.CreateSourceWithResponse(t.Context(), airbyteapi.SourceCreateRequest{
		Name: "people", WorkspaceID: s.fake.WorkspaceID(), Configuration: configuration,
	})
	if err != nil || made.JSON200 == nil {
		t.Fatalf("create the source: %v %s", err, made.Body)
	}
	settings := map[string]any{"destinationType": d.connector.Type}
	maps.Copy(settings, d.connector.Configuration)
	to, err := s.client.CreateDestinationWithResponse(t.Context(), airbyteapi.DestinationCreateRequest{
		Name: "warehouse", WorkspaceID: s.fake.WorkspaceID(), Configuration: settings,
	})
	if err != nil || to.JSON200 == nil {
		t.Fatalf("create the destination: %v %s", err, to.Body)
	}
	cursor := []string{"updated_at"}
	connection, err := s.client.CreateConnectionWithResponse(t.Context(), airbyteapi.ConnectionCreateRequest{
		SourceID: made.JSON200.SourceID, DestinationID: to.JSON200.DestinationID,
		Configurations: &airbyteapi.StreamConfigurations{Streams: []airbyteapi.StreamConfiguration{{Name: "people", SyncMode: &mode, CursorField: cursor}}},
	})
	if err != nil || connection.JSON200 == nil {
		t.Fatalf("create the connection: %v %s", err, connection.Body)
	}
	return connection.JSON200.ConnectionID
}

// sync starts a sync, looks at it until it is over, and returns what it was last and the statuses on the way.
func (s service) sync(t *testing.T, connection string) (*airbyteapi.JobResponse, []airbyteapi.JobStatusEnum) {
	t.Helper()
	started, err := s.client.CreateJobWithResponse(t.Context(), airbyteapi.JobCreateRequest{ConnectionID: connection, JobType: airbyteapi.JobTypeEnumSync})
	if err != nil || started.JSON200 == nil {
		t.Fatalf("start the sync: %v %s", err, started.Body)
	}
	seen := []airbyteapi.JobStatusEnum{started.JSON200.Status}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		got, err := s.client.GetJobWithResponse(t.Context(), started.JSON200.JobID)
		if err != nil || got.JSON200 == nil {
			t.Fatalf("read the job: %v", err)
		}
		if status := got.JSON200.Status; seen[len(seen)-1] != status {
			seen = append(seen, status)
		}
		switch got.JSON200.Status {
		case airbyteapi.JobStatusEnumSucceeded, airbyteapi.JobStatusEnumFailed, airbyteapi.JobStatusEnumCancelled:
			return got.JSON200, seen
		default:
		}
		<-tick.C
	}
}

func TestASyncMovesAFileIntoADatabase(t *testing.T) {
	for name, d := range databases(t) {
		t.Run(name, func(t *testing.T) {
			s := serve(t)
			source := file(t, "people.csv", monday)
			connection := s.connect(t, source, d, airbyteapi.ConnectionSyncModeEnumIncrementalAppend)
			job, seen := s.sync(t, connection)
			if job.Status != airbyteapi.JobStatusEnumSucceeded || job.RowsSynced == nil || *job.RowsSynced != 3 || *job.BytesSynced <= 0 {
				t.Fatalf("the first sync: %+v", job)
			}
			want := []airbyteapi.JobStatusEnum{
				airbyteapi.JobStatusEnumPending, airbyteapi.JobStatusEnumQueued, airbyteapi.JobStatusEnumRunning, airbyteapi.JobStatusEnumSucceeded,
			}
			if !slices.Equal(seen, want) {
				t.Errorf("statuses on the way: %v, want %v", seen, want)
			}
			rewrite(t, source.Configuration["url"].(string), tuesday)
			job, _ = s.sync(t, connection)
			if job.RowsSynced == nil || *job.RowsSynced != 2 {
				t.Errorf("the incremental sync: %+v, want 2 rows", job)
			}
			if got := d.query(t, `SELECT count(*) FROM "`+d.schema+`".people`); got[0] != "5" {
				t.Errorf("%s rows in the table, want 5", got[0])
			}
		})
	}
}

func TestAFailedAttemptLeavesItsRowsAndTheNextOneFinishes(t *testing.T) {
	for name, d := range databases(t) {
		t.Run(name, func(t *testing.T) {
			s := serve(t)
			source := s.fake.AddSource(airbytetest.Definition(airbytetest.SourceFile), airbytetest.Configuration(file(t, "people.csv", monday).Configuration))
			destination := s.fake.AddDestination(airbytetest.Definition(d.connector.DefinitionID), airbytetest.Configuration(d.connector.Configuration))
			mode := airbyteapi.ConnectionSyncModeEnumFullRefreshAppend
			connection := s.fake.AddConnection(airbytetest.From(source), airbytetest.To(destination), airbytetest.AttemptsFail(1),
				airbytetest.Selecting(airbyteapi.StreamConfiguration{Name: "people", SyncMode: &mode}))
			job, seen := s.sync(t, connection.ID)
			if job.Status != airbyteapi.JobStatusEnumSucceeded || !slices.Contains(seen, airbyteapi.JobStatusEnumIncomplete) {
				t.Errorf("the sync: %+v after %v, want success after an incomplete attempt", job, seen)
			}
			got := d.query(t, `SELECT count(*), count(DISTINCT id) FROM "`+d.schema+`".people`)
			if got[0] != "4|3" {
				t.Errorf("rows and distinct rows: %s, want 4|3: the failed attempt had committed one", got[0])
			}
		})
	}
}

func TestAMissingFileFailsTheSync(t *testing.T) {
	d := databases(t)["duckdb"]
	s := serve(t)
	mode := airbyteapi.ConnectionSyncModeEnumFullRefreshOverwrite
	source := s.fake.AddSource(airbytetest.Definition(airbytetest.SourceFile), airbytetest.Configuration(map[string]any{"url": "/nowhere/gone.csv", "dataset_name": "people"}),
		airbytetest.Streams(airbytetest.Stream{Name: "people"}))
	destination := s.fake.AddDestination(airbytetest.Definition(d.connector.DefinitionID), airbytetest.Configuration(d.connector.Configuration))
	connection := s.fake.AddConnection(airbytetest.From(source), airbytetest.To(destination), airbytetest.Selecting(airbyteapi.StreamConfiguration{Name: "people", SyncMode: &mode}))
	if job, _ := s.sync(t, connection.ID); job.Status != airbyteapi.JobStatusEnumFailed || job.RowsSynced != nil {
		t.Errorf("the sync: %+v, want it failed without rows", job)
	}
}
