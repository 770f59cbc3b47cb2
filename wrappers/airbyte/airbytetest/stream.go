package airbytetest

import (
	"context"
	"slices"

	wire "github.com/sluice-sdk/sluice/gen/airbyteapi"
	srv "github.com/sluice-sdk/sluice/gen/airbyteserver"
	"github.com/sluice-sdk/sluice/wrappers/servicetest"
)

// discover makes sure that a source's streams are known. It takes the lock itself, and does not hold it while a
// mover looks.
func (f *Fake) discover(ctx context.Context, c *connector, again bool) error {
	f.mu.Lock()
	known, reads, told := c.streams != nil, f.readsForReal(c), f.connectorOf(c)
	f.mu.Unlock()
	if !reads || known && !again {
		return nil
	}
	streams, err := f.config.mover.Discover(ctx, told)
	if err != nil {
		return &discoveryError{badRequest("Failed to discover the schema of source " + c.id + ": " + err.Error()), err}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	c.streams = streams
	return nil
}

// discoveryError is a failed discovery: what the caller of the API is told, and why.
type discoveryError struct {
	*failure
	cause error
}

func (e *discoveryError) Error() string   { return e.cause.Error() }
func (e *discoveryError) Unwrap() []error { return []error{e.failure, e.cause} }

// everyStream is the selection of a connection that selects nothing: all streams, overwritten in full.
func everyStream(source *connector) []wire.StreamConfiguration {
	out := []wire.StreamConfiguration{}
	for _, s := range source.streams {
		out = append(out, configuration(s))
	}
	return out
}

func configuration(s Stream) wire.StreamConfiguration {
	c := wire.StreamConfiguration{Name: s.Name, SyncMode: new(wire.ConnectionSyncModeEnumFullRefreshOverwrite), PrimaryKey: s.SourceDefinedPrimaryKey, CursorField: s.SourceDefinedCursor}
	if len(c.CursorField) == 0 {
		c.CursorField = s.DefaultCursor
	}
	if s.Namespace != "" {
		c.Namespace = &s.Namespace
	}
	return c
}

// syncModes lists the modes a stream can be synced with, as GET /streams does: without overwrite_deduped.
func syncModes(s Stream) []wire.ConnectionSyncModeEnum {
	modes := []wire.ConnectionSyncModeEnum{wire.ConnectionSyncModeEnumFullRefreshOverwrite, wire.ConnectionSyncModeEnumFullRefreshAppend}
	if !s.FullRefreshOnly {
		modes = append(modes, wire.ConnectionSyncModeEnumIncrementalAppend, wire.ConnectionSyncModeEnumIncrementalDedupedHistory)
	}
	return modes
}

// configured checks a selection of streams and fills it in. The lock is held.
func (f *Fake) configured(source *connector, sent *wire.StreamConfigurations) ([]wire.StreamConfiguration, error) {
	if sent == nil || len(sent.Streams) == 0 {
		return everyStream(source), nil
	}
	out := make([]wire.StreamConfiguration, 0, len(sent.Streams))
	seen := make(map[StreamKey]bool)
	for _, s := range sent.Streams {
		stream, ok := source.stream(StreamKey{or(s.Namespace, ""), s.Name})
		if !ok {
			return nil, badRequest("Invalid stream found in the configuration: " + s.Name)
		}
		if seen[stream.Key()] {
			return nil, badRequest("Duplicate stream found in configuration for: " + s.Name)
		}
		seen[stream.Key()] = true
		filled := configuration(stream)
		switch {
		case s.SyncMode != nil:
			allowed := append(syncModes(stream), wire.ConnectionSyncModeEnumFullRefreshOverwriteDeduped)
			if !slices.Contains(allowed, *s.SyncMode) {
				return nil, badRequest("Cannot set sync mode to " + string(*s.SyncMode) + " for stream " + s.Name)
			}
			filled.SyncMode = s.SyncMode
		case !f.has(OverwriteByDefault):
			return nil, badRequest("No sync mode for stream " + s.Name)
		}
		if len(s.CursorField) > 0 {
			if len(stream.SourceDefinedCursor) > 0 && !slices.Equal(stream.SourceDefinedCursor, s.CursorField) {
				return nil, badRequest("Cursor Field [" + s.CursorField[0] + "] is already defined by the source for stream " + s.Name)
			}
			if !stream.hasField(s.CursorField) {
				return nil, badRequest("Invalid cursor field for stream " + s.Name)
			}
			filled.CursorField = s.CursorField
		}
		if len(s.PrimaryKey) > 0 {
			if len(stream.SourceDefinedPrimaryKey) > 0 && !slices.EqualFunc(stream.SourceDefinedPrimaryKey, s.PrimaryKey, slices.Equal) {
				return nil, badRequest("Primary key is already defined by the source for stream " + s.Name)
			}
			for _, path := range s.PrimaryKey {
				if !stream.hasField(path) {
					return nil, badRequest("Invalid primary key for stream " + s.Name)
				}
			}
			filled.PrimaryKey = s.PrimaryKey
		}
		mode := SyncMode(*filled.SyncMode)
		if mode.Incremental() && len(filled.CursorField) == 0 {
			return nil, badRequest("No default cursor field for stream " + s.Name + ". Please specify a cursor field for this stream.")
		}
		if mode.Dedupes() && len(filled.PrimaryKey) == 0 {
			return nil, badRequest("No default primary key for stream " + s.Name + ". Please specify a primary key for this stream.")
		}
		if s.SelectedFields != nil {
			for _, field := range *s.SelectedFields {
				if len(field.FieldPath) != 1 || !stream.hasField(field.FieldPath) {
					return nil, badRequest("Invalid selected field for stream " + s.Name)
				}
			}
		}
		filled.SelectedFields, filled.Mappers, filled.IncludeFiles, filled.DestinationObjectName =
			s.SelectedFields, s.Mappers, s.IncludeFiles, s.DestinationObjectName
		out = append(out, filled)
	}
	return out, nil
}

// hasField says whether the stream has the top-level field of a path; what is below is not declared.
func (s Stream) hasField(path []string) bool {
	return len(path) > 0 && slices.ContainsFunc(s.Fields, func(f Field) bool { return f.Name == path[0] })
}

func (a *service) GetStreamProperties(ctx context.Context, request srv.GetStreamPropertiesRequestObject) (srv.GetStreamPropertiesResponseObject, error) {
	f := a.lock()
	source, err := f.live(kindSource, request.Params.SourceID)
	if err == nil && request.Params.DestinationID != nil {
		_, err = f.live(kindDestination, *request.Params.DestinationID)
	}
	a.unlock()
	if err != nil {
		return nil, err
	}
	if err := servicetest.Sleep(ctx, f.config.discoverTakes); err != nil {
		return nil, err
	}
	if err := f.discover(ctx, source, or(request.Params.IgnoreCache, false)); err != nil {
		return nil, err
	}
	a.lock()
	defer a.unlock()
	out := srv.GetStreamProperties200JSONResponse{}
	for _, s := range source.streams {
		p := wire.StreamProperties{
			StreamName: &s.Name, SyncModes: syncModes(s), DefaultCursorField: s.DefaultCursor,
			SourceDefinedCursorField: new(len(s.SourceDefinedCursor) > 0), SourceDefinedPrimaryKey: s.SourceDefinedPrimaryKey,
		}
		if len(s.SourceDefinedCursor) > 0 {
			p.DefaultCursorField = s.SourceDefinedCursor
		}
		if s.Namespace != "" {
			p.Streamnamespace = &s.Namespace
		}
		for _, field := range s.Fields {
			p.PropertyFields = append(p.PropertyFields, []string{field.Name})
		}
		out = append(out, p)
	}
	return out, nil
}
