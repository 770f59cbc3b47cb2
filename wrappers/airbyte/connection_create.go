package airbyte

import (
	"context"
	"iter"
	"time"

	"github.com/sluice-sdk/sluice/gen/airbyteapi"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// ConnectionSpec describes a connection to create.
type ConnectionSpec struct {
	// Name is required: names are what a connection is found by when the answer to its creation is lost.
	Name string
	// SourceID and DestinationID are required.
	SourceID, DestinationID string
	// Streams are the streams to read, each in its sync mode. None means all of them, read and overwritten as a whole, as
	// the server does.
	Streams []StreamSelection
	// TablePrefix is put in front of every stream's name in the destination.
	TablePrefix string
	// Namespace says where in the destination the tables are; the zero value is the destination's own setting.
	Namespace Namespace
	// Cron is a Quartz expression in UTC; "" means that the connection runs only when it is told to.
	Cron string
	// Inactive creates it switched off.
	Inactive bool
	// Tags are put on it.
	Tags []Tag
	// UniqueName refuses with [ErrAlreadyExists] when there is a connection by this name, at the price of listing them.
	UniqueName bool
}

// CreateConnection creates ("deploys") a connection and returns its loaded handle. The server asks the source for its
// streams while it does so, which takes up to minutes for large ones, and it creates the connection even when nobody waits
// for the answer any more. When the answer is lost, CreateConnection therefore looks for a connection with this name,
// source and destination that was created just now, for half a minute: it returns the one it finds, and otherwise a
// [CreateUnknownError] that names the candidates.
//
// Bad input is an error of kind [apierr.KindInvalid] before any request; streams and their modes are checked against
// GET /streams before anything is created ([ErrUnknownStream]).
//
//sluice:operation GET /streams
//sluice:operation GET /connections
//sluice:operation POST /connections
func (w *Workspace) CreateConnection(ctx context.Context, spec ConnectionSpec) (*Connection, error) {
	body, err := w.connectionBody(&spec)
	if err != nil {
		return nil, err
	}
	filter := ConnectionFilter{Name: spec.Name}
	if spec.UniqueName {
		if err := unique(w.Connections(ctx, filter), "connection", spec.Name, (*Connection).ID); err != nil {
			return nil, err
		}
	}
	if len(spec.Streams) > 0 {
		available, err := w.client.streams(ctx, spec.SourceID, spec.DestinationID, nil)
		if err != nil {
			return nil, w.failCreate(&spec, err)
		}
		editor := newStreamEditor(available, nil)
		for _, s := range spec.Streams {
			if err := editor.Select(s); err != nil {
				return nil, err
			}
		}
		body.Configurations = &airbyteapi.StreamConfigurations{Streams: editor.configurations()}
	}
	earliest := time.Now().Add(-recently).Unix()
	info, err := transport.Decode[airbyteapi.ConnectionResponse](w.client.raw.CreateConnection(ctx, body))
	if err != nil {
		filter.SourceID, filter.DestinationID = spec.SourceID, spec.DestinationID
		filter.Where = func(info *airbyteapi.ConnectionResponse) bool { return info.CreatedAt >= earliest }
		return settle(ctx, w.failCreate(&spec, err), creation[*Connection]{
			resource: "connection", name: spec.Name, adopt: true, id: (*Connection).ID,
			list:   func() iter.Seq2[*Connection, error] { return w.Connections(ctx, filter) },
			delays: []time.Duration{0, 5 * time.Second, 10 * time.Second, 15 * time.Second},
		})
	}
	c := w.Connection(info.ConnectionID)
	c.info.Set(info)
	return c, nil
}

// connectionBody checks a description and returns it as the API takes it, without the streams.
func (w *Workspace) connectionBody(spec *ConnectionSpec) (airbyteapi.ConnectionCreateRequest, error) {
	var body airbyteapi.ConnectionCreateRequest
	if err := w.check(); err != nil {
		return body, err
	}
	if _, err := checkName(spec.Name); err != nil {
		return body, err
	}
	if err := checkID("sourceId", spec.SourceID); err != nil {
		return body, err
	}
	if err := checkID("destinationId", spec.DestinationID); err != nil {
		return body, err
	}
	body = airbyteapi.ConnectionCreateRequest{
		Name: &spec.Name, SourceID: spec.SourceID, DestinationID: spec.DestinationID,
		Prefix: optional(spec.TablePrefix), NamespaceFormat: optional(spec.Namespace.Format), Tags: spec.Tags,
	}
	if spec.Namespace != (Namespace{}) {
		if err := spec.Namespace.check(); err != nil {
			return body, err
		}
		body.NamespaceDefinition = &spec.Namespace.Definition
	}
	if spec.Cron != "" {
		schedule, err := cronSchedule(spec.Cron)
		if err != nil {
			return body, err
		}
		body.Schedule = schedule
	}
	if spec.Inactive {
		status := airbyteapi.ConnectionStatusEnumInactive
		body.Status = &status
	}
	for _, t := range spec.Tags {
		if err := checkID("tag", t.TagID); err != nil {
			return body, err
		}
	}
	seen := make(map[StreamDescriptor]bool, len(spec.Streams))
	for _, s := range spec.Streams {
		switch {
		case s.Name == "":
			return body, apierr.Invalid(service, "streams", "a stream has no name")
		case seen[s.Descriptor()]:
			return body, apierr.Invalid(service, "streams", "stream %q is given twice", s.Descriptor())
		}
		seen[s.Descriptor()] = true
	}
	return body, nil
}

func (w *Workspace) failCreate(spec *ConnectionSpec, err error) error {
	return &ResourceError{Workspace: w.id, Source: spec.SourceID, Destination: spec.DestinationID, URL: w.WebURL(), Err: err}
}
