package airbyte

import (
	"slices"
	"strings"

	"github.com/sluice-sdk/sluice/gen/airbyteapi"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// StreamSelection is a stream that a connection reads, and how.
type StreamSelection struct {
	// Namespace and Name are the stream's, as in [StreamDescriptor].
	Namespace, Name string
	// SyncMode says how it is read and written; "" leaves it as it is, or for a new stream to [StreamEditor.Select].
	SyncMode SyncMode
	// CursorField is the path of the field that says what is new; nil leaves it to the source.
	CursorField []string
	// PrimaryKey are the paths of the key's fields; nil leaves it to the source.
	PrimaryKey [][]string
	// Fields are the top-level fields to read; nil means all for a new stream, and no change for a selected one.
	Fields []string
}

// Descriptor returns the stream's name.
func (s StreamSelection) Descriptor() StreamDescriptor {
	return StreamDescriptor{Namespace: s.Namespace, Name: s.Name}
}

func selectionsOf(streams []airbyteapi.StreamConfiguration) []StreamSelection {
	out := make([]StreamSelection, len(streams))
	for i := range streams {
		out[i] = selectionOf(&streams[i])
	}
	return out
}

func selectionOf(s *airbyteapi.StreamConfiguration) StreamSelection {
	out := StreamSelection{
		Namespace: valueOf(s.Namespace), Name: s.Name, SyncMode: valueOf(s.SyncMode),
		CursorField: slices.Clone(s.CursorField), PrimaryKey: slices.Clone(s.PrimaryKey),
	}
	for _, f := range valueOf(s.SelectedFields) {
		out.Fields = append(out.Fields, strings.Join(f.FieldPath, "."))
	}
	return out
}

// StreamEditor changes which streams a connection reads, and how: see [Connection.EditStreams]. Mappers, selected fields
// and other settings of streams that it does not change stay as they are. It does no I/O, and is not for concurrent use.
type StreamEditor struct {
	available []StreamProperties
	selected  []selectedStream
}

type selectedStream struct {
	airbyteapi.StreamConfiguration
	properties *StreamProperties // nil when the source no longer has the stream
	changed    bool              // the caller chose something, which is checked
	// cursor and key say that the caller gave them, so that they are not dropped without a word.
	cursor, key bool
}

func newStreamEditor(available []StreamProperties, streams []airbyteapi.StreamConfiguration) *StreamEditor {
	e := &StreamEditor{available: available}
	for _, s := range streams {
		properties, err := findStream(available, StreamDescriptor{Namespace: valueOf(s.Namespace), Name: s.Name})
		if err != nil {
			properties = nil
		}
		e.selected = append(e.selected, selectedStream{StreamConfiguration: s, properties: properties})
	}
	return e
}

// Available returns the streams that the source can read.
func (e *StreamEditor) Available() []StreamProperties { return slices.Clone(e.available) }

// Selected returns the streams that are selected now.
func (e *StreamEditor) Selected() []StreamSelection {
	out := make([]StreamSelection, len(e.selected))
	for i := range e.selected {
		out[i] = selectionOf(&e.selected[i].StreamConfiguration)
	}
	return out
}

// Select selects a stream, or changes one that is selected: what is left empty in the selection stays as it is. A stream
// that is new and whose sync mode is not said is read and overwritten as a whole, as the server does, or else in the first
// mode that it can have.
//
// Errors: [ErrUnknownStream], and [apierr.ErrInvalid] for a sync mode, cursor, key or field that the stream does not
// allow. The editor is then as it was before.
func (e *StreamEditor) Select(selection StreamSelection) error {
	properties, err := findStream(e.available, selection.Descriptor())
	if err != nil {
		return err
	}
	i := e.find(properties.StreamDescriptor)
	var s selectedStream
	if i >= 0 {
		s = e.selected[i]
	} else {
		mode := FullRefreshOverwrite
		if !properties.Supports(mode) {
			mode = properties.SyncModes[0]
		}
		s.Name, s.Namespace, s.SyncMode = properties.Name, optional(properties.Namespace), &mode
	}
	s.properties, s.changed = properties, true
	if selection.SyncMode != "" {
		mode := selection.SyncMode
		s.SyncMode = &mode
	}
	if selection.CursorField != nil {
		s.CursorField, s.cursor = slices.Clone(selection.CursorField), true
	}
	if selection.PrimaryKey != nil {
		s.PrimaryKey, s.key = slices.Clone(selection.PrimaryKey), true
	}
	if selection.Fields != nil {
		fields := make(airbyteapi.SelectedFields, len(selection.Fields))
		for i, name := range selection.Fields {
			fields[i] = airbyteapi.SelectedFieldInfo{FieldPath: []string{name}}
		}
		s.SelectedFields = &fields
	}
	if err := s.validate(); err != nil {
		return err
	}
	if i >= 0 {
		e.selected[i] = s
	} else {
		e.selected = append(e.selected, s)
	}
	return nil
}

// SelectOnly selects these streams as [StreamEditor.Select] does, and deselects all others.
func (e *StreamEditor) SelectOnly(selections ...StreamSelection) error {
	before := slices.Clone(e.selected)
	keep := make(map[StreamDescriptor]bool, len(selections))
	for _, selection := range selections {
		if err := e.Select(selection); err != nil {
			e.selected = before
			return err
		}
		properties, err := findStream(e.available, selection.Descriptor())
		if err != nil {
			e.selected = before
			return err
		}
		keep[properties.StreamDescriptor] = true
	}
	e.selected = slices.DeleteFunc(e.selected, func(s selectedStream) bool { return !keep[s.descriptor()] })
	return nil
}

// Deselect takes a stream out of the selection: the next sync no longer reads it, and what it wrote stays. The stream may
// be one that the source no longer has. A stream that is not selected is an error with [ErrUnknownStream].
func (e *StreamEditor) Deselect(stream StreamDescriptor) error {
	i := e.find(stream)
	if i < 0 {
		names := make([]string, len(e.selected))
		for i := range e.selected {
			names[i] = e.selected[i].descriptor().String()
		}
		return invalidBecause(ErrUnknownStream, "streams", "stream %q is not selected; selected are %s", stream, strings.Join(names, ", "))
	}
	e.selected = slices.Delete(e.selected, i, i+1)
	return nil
}

// find returns the index of the selected stream that is meant, or -1.
func (e *StreamEditor) find(stream StreamDescriptor) int {
	if i := slices.IndexFunc(e.selected, func(s selectedStream) bool { return s.descriptor() == stream }); i >= 0 {
		return i
	}
	return slices.IndexFunc(e.selected, func(s selectedStream) bool { return stream.names(s.descriptor()) })
}

// descriptor is the stream's full name: the server leaves the namespace out where it is not needed.
func (s *selectedStream) descriptor() StreamDescriptor {
	if s.properties != nil {
		return s.properties.StreamDescriptor
	}
	return StreamDescriptor{Namespace: valueOf(s.Namespace), Name: s.Name}
}

// configurations returns the selection as the API takes it.
func (e *StreamEditor) configurations() []airbyteapi.StreamConfiguration {
	out := make([]airbyteapi.StreamConfiguration, len(e.selected))
	for i, s := range e.selected {
		if p := s.properties; p != nil {
			// What the source defines is its own: repeating it differently, or at all with older servers, is refused.
			if p.SourceDefinedCursor {
				s.CursorField = nil
			}
			if len(p.SourceDefinedPrimaryKey) > 0 {
				s.PrimaryKey = nil
			}
		}
		out[i] = s.StreamConfiguration
	}
	return out
}

// validate checks what the caller chose against what the stream can do (airbyte-platform AirbyteCatalogHelper.kt).
func (s *selectedStream) validate() error {
	p, mode := s.properties, valueOf(s.SyncMode)
	name := p.String()
	if !p.Supports(mode) {
		modes := make([]string, len(p.SyncModes))
		for i, m := range p.SyncModes {
			modes[i] = string(m)
		}
		return apierr.Invalid(service, "syncMode", "stream %q cannot be %q: it can be %s", name, mode, strings.Join(modes, ", "))
	}
	if s.cursor && p.SourceDefinedCursor && !slices.Equal(s.CursorField, p.DefaultCursorField) {
		return apierr.Invalid(service, "cursorField", "the source defines the cursor of stream %q (%s): leave it out", name, path(p.DefaultCursorField))
	}
	if s.key && len(p.SourceDefinedPrimaryKey) > 0 && !equalPaths(s.PrimaryKey, p.SourceDefinedPrimaryKey) {
		return apierr.Invalid(service, "primaryKey", "the source defines the primary key of stream %q: leave it out", name)
	}
	if s.cursor && !p.has(s.CursorField) {
		return apierr.Invalid(service, "cursorField", "stream %q has no field %s", name, path(s.CursorField))
	}
	for _, key := range s.PrimaryKey {
		if s.key && !p.has(key) {
			return apierr.Invalid(service, "primaryKey", "stream %q has no field %s", name, path(key))
		}
	}
	for _, f := range valueOf(s.SelectedFields) {
		if s.changed && !p.has(f.FieldPath) {
			return apierr.Invalid(service, "selectedFields", "stream %q has no field %s", name, path(f.FieldPath))
		}
	}
	incremental := strings.HasPrefix(string(mode), "incremental_")
	if incremental && !p.SourceDefinedCursor && len(s.CursorField) == 0 && len(p.DefaultCursorField) == 0 {
		return apierr.Invalid(service, "cursorField", "stream %q needs a cursor field to be %q: the source proposes none", name, mode)
	}
	deduped := mode == IncrementalDedupedHistory || mode == FullRefreshOverwriteDeduped
	if deduped && len(p.SourceDefinedPrimaryKey) == 0 && len(s.PrimaryKey) == 0 {
		return apierr.Invalid(service, "primaryKey", "stream %q needs a primary key to be %q: the source defines none", name, mode)
	}
	return nil
}

// has reports whether the stream has the field; it says so of all when the server named none.
func (p *StreamProperties) has(field []string) bool {
	return len(p.Fields) == 0 || slices.ContainsFunc(p.Fields, func(f []string) bool { return slices.Equal(f, field) })
}

func equalPaths(a, b [][]string) bool {
	return slices.EqualFunc(a, b, func(x, y []string) bool { return slices.Equal(x, y) })
}

func path(field []string) string {
	if len(field) == 0 {
		return "with no name"
	}
	return "\"" + strings.Join(field, ".") + "\""
}
