package airbyte

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/sluice-sdk/sluice/gen/airbyteapi"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// SyncMode says how a stream is read and how it is written.
type SyncMode = airbyteapi.ConnectionSyncModeEnum

// The sync modes. Which of them a stream can have depends on both sides: see [StreamProperties].
const (
	FullRefreshOverwrite        = airbyteapi.ConnectionSyncModeEnumFullRefreshOverwrite
	FullRefreshOverwriteDeduped = airbyteapi.ConnectionSyncModeEnumFullRefreshOverwriteDeduped
	FullRefreshAppend           = airbyteapi.ConnectionSyncModeEnumFullRefreshAppend
	FullRefreshUpdate           = airbyteapi.ConnectionSyncModeEnumFullRefreshUpdate
	FullRefreshSoftDelete       = airbyteapi.ConnectionSyncModeEnumFullRefreshSoftDelete
	IncrementalAppend           = airbyteapi.ConnectionSyncModeEnumIncrementalAppend
	IncrementalDedupedHistory   = airbyteapi.ConnectionSyncModeEnumIncrementalDedupedHistory
	IncrementalUpdate           = airbyteapi.ConnectionSyncModeEnumIncrementalUpdate
	IncrementalSoftDelete       = airbyteapi.ConnectionSyncModeEnumIncrementalSoftDelete
)

// StreamDescriptor names a stream of a source. An empty namespace stands for the one stream of this name, in whatever
// namespace it is; it is an error when there are several.
type StreamDescriptor struct {
	Namespace, Name string
}

// String returns "namespace.name", or the name alone.
func (d StreamDescriptor) String() string {
	if d.Namespace == "" {
		return d.Name
	}
	return d.Namespace + "." + d.Name
}

// names reports whether d, as a caller wrote it, can mean other.
func (d StreamDescriptor) names(other StreamDescriptor) bool {
	return d.Name == other.Name && (d.Namespace == "" || d.Namespace == other.Namespace)
}

// StreamProperties is what a stream of a source can do.
type StreamProperties struct {
	StreamDescriptor
	// SyncModes are those that the source, and the destination when one was named, can do. The server leaves
	// [FullRefreshOverwriteDeduped] out of the list even where it works.
	SyncModes []SyncMode
	// SourceDefinedCursor says that the source decides what counts as new. DefaultCursorField is the path of the cursor it
	// uses or proposes.
	SourceDefinedCursor bool
	DefaultCursorField  []string
	// SourceDefinedPrimaryKey are the paths of the key, when the source decides it.
	SourceDefinedPrimaryKey [][]string
	// Fields are the paths of all fields.
	Fields [][]string
}

// Supports reports whether the stream can have this sync mode.
func (p *StreamProperties) Supports(mode SyncMode) bool {
	return slices.Contains(p.SyncModes, mode) ||
		(mode == FullRefreshOverwriteDeduped && slices.Contains(p.SyncModes, FullRefreshOverwrite)) || len(p.SyncModes) == 0
}

// StreamsOption changes how the streams of a source are found.
type StreamsOption func(*airbyteapi.GetStreamPropertiesParams)

// WithFreshSchema makes the server ask the connector for its streams even when it has asked lately. That takes up to
// minutes.
func WithFreshSchema() StreamsOption {
	return func(p *airbyteapi.GetStreamPropertiesParams) {
		yes := true
		p.IgnoreCache = &yes
	}
}

// streams reads what the source can do, with the destination's modes when its id is given.
func (c *Client) streams(ctx context.Context, sourceID, destinationID string, opts []StreamsOption) ([]StreamProperties, error) {
	if err := checkID("source", sourceID); err != nil {
		return nil, err
	}
	params := airbyteapi.GetStreamPropertiesParams{SourceID: sourceID}
	if destinationID != "" {
		if err := checkID("destination", destinationID); err != nil {
			return nil, err
		}
		params.DestinationID = &destinationID
	}
	for _, opt := range opts {
		opt(&params)
	}
	answer, err := transport.Decode[airbyteapi.StreamPropertiesResponse](c.raw.GetStreamProperties(ctx, &params))
	if err != nil {
		return nil, err
	}
	out := make([]StreamProperties, len(*answer))
	for i, s := range *answer {
		out[i] = StreamProperties{
			StreamDescriptor:        StreamDescriptor{Namespace: valueOf(s.Streamnamespace), Name: valueOf(s.StreamName)},
			SyncModes:               s.SyncModes,
			SourceDefinedCursor:     valueOf(s.SourceDefinedCursorField),
			DefaultCursorField:      s.DefaultCursorField,
			SourceDefinedPrimaryKey: s.SourceDefinedPrimaryKey,
			Fields:                  s.PropertyFields,
		}
	}
	return out, nil
}

// findStream returns the stream that a caller means.
func findStream(available []StreamProperties, want StreamDescriptor) (*StreamProperties, error) {
	var found []*StreamProperties
	for i := range available {
		if want.names(available[i].StreamDescriptor) {
			found = append(found, &available[i])
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		namespaces := make([]string, len(found))
		for i, p := range found {
			namespaces[i] = strconv.Quote(p.Namespace)
			if p.Namespace == want.Namespace && want.Namespace == "" {
				return p, nil // the one without a namespace is meant
			}
		}
		return nil, invalidBecause(ErrUnknownStream, "streams", "stream %q is in several namespaces: say which of %s", want.Name, strings.Join(namespaces, ", "))
	}
	return nil, invalidBecause(ErrUnknownStream, "streams", "the source has no stream %q; it has %s", want, listStreams(available))
}

func listStreams(available []StreamProperties) string {
	const shown = 10
	if len(available) == 0 {
		return "none"
	}
	names := make([]string, 0, shown)
	for _, p := range available[:min(shown, len(available))] {
		names = append(names, p.String())
	}
	slices.Sort(names)
	out := strings.Join(names, ", ")
	if n := len(available) - shown; n > 0 {
		out += " and " + strconv.Itoa(n) + " more"
	}
	return out
}
