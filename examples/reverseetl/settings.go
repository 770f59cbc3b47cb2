package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/job"
	"github.com/sluice-sdk/sluice/wrappers/polytomic"
	"github.com/sluice-sdk/sluice/wrappers/polytomic/polytomictest"
)

// settings say what to connect. As a file:
//
//	{"source": {"type": "postgresql", "configuration": {…}}, "schemas": ["public.users"],
//	 "warehouse": {"type": "snowflake", "configuration": {…}}, "destination": {"schema": "raw"},
//	 "model": {"configuration": {"table": "raw.users"}, "identifier": "id"},
//	 "target": {"type": "hubspot", "configuration": {…}, "object": "contacts",
//	            "identity": {"field": "email", "target": "email"}, "fields": [{"field": "name", "target": "name"}]}}
type settings struct {
	Source      connection     `json:"source"`
	Schemas     []string       `json:"schemas"`
	Warehouse   connection     `json:"warehouse"`
	Destination map[string]any `json:"destination"`
	Model       struct {
		Configuration map[string]any `json:"configuration"`
		Identifier    string         `json:"identifier"`
	} `json:"model"`
	Target target `json:"target"`
}

type connection struct {
	Type          string         `json:"type"`
	Configuration map[string]any `json:"configuration"`
}

type target struct {
	connection
	Object   string    `json:"object"`
	Identity mapping   `json:"identity"`
	Fields   []mapping `json:"fields"`
}

// mapping is a field of the model, and the field of the target that it goes to.
type mapping struct {
	Field  string `json:"field"`
	Target string `json:"target"`
}

// setUp returns the real Polytomic and the settings of a file, or a fake and settings that fit it.
func setUp(path string) (client *polytomic.Client, s settings, stop func(), err error) {
	if path != "" {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, s, nil, err
		}
		settings := json.NewDecoder(bytes.NewReader(text))
		settings.DisallowUnknownFields() // a name with a slip of the pen would count as left out
		if err := settings.Decode(&s); err != nil {
			return nil, s, nil, fmt.Errorf("%s: %w", path, err)
		}
		client, err = polytomic.FromEnv()
		return client, s, func() {}, err
	}
	fake, err := polytomictest.NewServer(polytomictest.CacheTakes(time.Second), polytomictest.WithStartup(200*time.Millisecond),
		polytomictest.EverySync(polytomictest.SyncTakes(2*time.Second), polytomictest.SyncMoves(1200)))
	if err != nil {
		return nil, s, nil, err
	}
	client, err = polytomic.New(polytomic.WithOrigin(fake.URL()), polytomic.WithAPIKey(fake.APIKey()),
		polytomic.WithRoundTripper(fake.Transport()), polytomic.WithPolling(job.Options{Intervals: job.Intervals{Min: 200 * time.Millisecond}}))
	if err != nil {
		_ = fake.Close()
		return nil, s, nil, err
	}
	fmt.Println("no -settings: this is a fake Polytomic in this process")
	database := connection{Type: "postgresql", Configuration: map[string]any{
		"hostname": "db.example.com", "port": 5432, "database": "app", "username": "reader", "password": "not a real one",
	}}
	s = settings{Source: database, Schemas: []string{"public.users", "public.orders"}, Warehouse: database, Destination: map[string]any{"schema": "raw"}}
	s.Model.Configuration, s.Model.Identifier = map[string]any{"table": "public.users"}, "id"
	s.Target = target{connection: database, Object: "contacts", Identity: mapping{"email", "email"}, Fields: []mapping{{"name", "name"}}}
	return client, s, func() { _ = fake.Close() }, nil
}
