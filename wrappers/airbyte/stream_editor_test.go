package airbyte

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sdk/sluice/gen/airbyteapi"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

func available() []StreamProperties {
	return []StreamProperties{
		{
			StreamDescriptor: StreamDescriptor{"public", "users"}, SyncModes: []SyncMode{FullRefreshOverwrite, IncrementalAppend, IncrementalDedupedHistory},
			SourceDefinedCursor: true, DefaultCursorField: []string{"updated_at"}, SourceDefinedPrimaryKey: [][]string{{"id"}},
			Fields: [][]string{{"id"}, {"name"}, {"updated_at"}},
		},
		{
			StreamDescriptor: StreamDescriptor{"public", "orders"}, SyncModes: []SyncMode{FullRefreshOverwrite, FullRefreshAppend, IncrementalAppend, IncrementalDedupedHistory},
			Fields: [][]string{{"id"}, {"total"}, {"at"}},
		},
		{StreamDescriptor: StreamDescriptor{"a", "twin"}, SyncModes: []SyncMode{FullRefreshAppend}},
		{StreamDescriptor: StreamDescriptor{"b", "twin"}, SyncModes: []SyncMode{FullRefreshAppend}},
	}
}

func TestT3SelectionIsCheckedAgainstTheStreams(t *testing.T) {
	for name, tt := range map[string]struct {
		selection StreamSelection
		want      string // "" for success
		reason    error
	}{
		"unknown":           {StreamSelection{Name: "user"}, `no stream "user"; it has a.twin`, ErrUnknownStream},
		"other namespace":   {StreamSelection{Name: "users", Namespace: "private"}, "no stream", ErrUnknownStream},
		"two of the name":   {StreamSelection{Name: "twin"}, `"a", "b"`, ErrUnknownStream},
		"one of two":        {StreamSelection{Name: "twin", Namespace: "b"}, "", nil},
		"mode":              {StreamSelection{Name: "users", SyncMode: FullRefreshAppend}, "cannot be", nil},
		"mode of nobody":    {StreamSelection{Name: "users", SyncMode: "sideways"}, "cannot be", nil},
		"deduped overwrite": {StreamSelection{Name: "users", SyncMode: FullRefreshOverwriteDeduped}, "", nil},
		"source's cursor":   {StreamSelection{Name: "users", SyncMode: IncrementalAppend}, "", nil},
		"same cursor":       {StreamSelection{Name: "users", SyncMode: IncrementalAppend, CursorField: []string{"updated_at"}}, "", nil},
		"other cursor":      {StreamSelection{Name: "users", SyncMode: IncrementalAppend, CursorField: []string{"id"}}, "the source defines the cursor", nil},
		"same key":          {StreamSelection{Name: "users", PrimaryKey: [][]string{{"id"}}}, "", nil},
		"other key":         {StreamSelection{Name: "users", PrimaryKey: [][]string{{"name"}}}, "the source defines the primary key", nil},
		"no cursor":         {StreamSelection{Name: "orders", SyncMode: IncrementalAppend}, "needs a cursor", nil},
		"unknown cursor":    {StreamSelection{Name: "orders", SyncMode: IncrementalAppend, CursorField: []string{"when"}}, `no field "when"`, nil},
		"no key":            {StreamSelection{Name: "orders", SyncMode: IncrementalDedupedHistory, CursorField: []string{"at"}}, "needs a primary key", nil},
		"unknown key":       {StreamSelection{Name: "orders", PrimaryKey: [][]string{{"nr"}}}, `no field "nr"`, nil},
		"all given": {
			StreamSelection{Name: "orders", SyncMode: IncrementalDedupedHistory, CursorField: []string{"at"}, PrimaryKey: [][]string{{"id"}}}, "", nil,
		},
		"fields":        {StreamSelection{Name: "orders", Fields: []string{"id", "total"}}, "", nil},
		"unknown field": {StreamSelection{Name: "orders", Fields: []string{"id", "cost"}}, `no field "cost"`, nil},
	} {
		e := newStreamEditor(available(), nil)
		err := e.Select(tt.selection)
		if tt.want == "" {
			if err != nil || len(e.Selected()) != 1 {
				t.Errorf("%s: %v, %d selected; want one", name, err, len(e.Selected()))
			}
			continue
		}
		if !errors.Is(err, apierr.ErrInvalid) || !strings.Contains(err.Error(), tt.want) || (tt.reason != nil && !errors.Is(err, tt.reason)) {
			t.Errorf("%s: %v; want an invalid request that says %q", name, err, tt.want)
		}
		if len(e.Selected()) != 0 {
			t.Errorf("%s: the refused stream is selected", name)
		}
	}
}

func TestT3WhatIsNotChangedStays(t *testing.T) {
	appending, ns, object, files := IncrementalAppend, "public", "crm_orders", true
	before := []airbyteapi.StreamConfiguration{
		{
			Name: "orders", Namespace: &ns, SyncMode: &appending, CursorField: []string{"at"}, PrimaryKey: [][]string{{"id"}},
			SelectedFields: &airbyteapi.SelectedFields{{FieldPath: []string{"id"}}, {FieldPath: []string{"at"}}},
			Mappers:        []airbyteapi.ConfiguredStreamMapper{{Type: airbyteapi.StreamMapperTypeHashing}}, DestinationObjectName: &object, IncludeFiles: &files,
		},
		// The server says what the source defines: it must not be sent back.
		{Name: "users", SyncMode: &appending, CursorField: []string{"updated_at"}, PrimaryKey: [][]string{{"id"}}},
		{Name: "gone", SyncMode: &appending, CursorField: []string{"x"}},
	}
	e := newStreamEditor(available(), before)
	if err := e.Select(StreamSelection{Name: "twin", Namespace: "a"}); err != nil {
		t.Fatal(err)
	}
	if err := e.Select(StreamSelection{Name: "users", SyncMode: FullRefreshOverwrite}); err != nil {
		t.Fatal(err)
	}
	first, over, a := FullRefreshAppend, FullRefreshOverwrite, "a"
	want := []airbyteapi.StreamConfiguration{
		before[0],
		{Name: "users", SyncMode: &over},
		before[2],
		{Name: "twin", Namespace: &a, SyncMode: &first},
	}
	if d := cmp.Diff(want, e.configurations(), cmp.AllowUnexported(airbyteapi.MapperConfiguration{})); d != "" {
		t.Errorf("configurations (-want +got):\n%s", d)
	}
	if err := e.Deselect(StreamDescriptor{Name: "gone"}); err != nil {
		t.Errorf("a stream that the source no longer has cannot be deselected: %v", err)
	}
	if err := e.Deselect(StreamDescriptor{Name: "gone"}); !errors.Is(err, ErrUnknownStream) {
		t.Errorf("Deselect of what is not selected: %v", err)
	}
	if err := e.SelectOnly(StreamSelection{Name: "orders"}, StreamSelection{Name: "nothing"}); !errors.Is(err, ErrUnknownStream) || len(e.Selected()) != 3 {
		t.Errorf("SelectOnly with an unknown stream: %v, and %d are selected; want the 3 of before", err, len(e.Selected()))
	}
	if err := e.SelectOnly(StreamSelection{Name: "orders"}); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(before[:1], e.configurations(), cmp.AllowUnexported(airbyteapi.MapperConfiguration{})); d != "" {
		t.Errorf("the selected stream was changed (-want +got):\n%s", d)
	}
	if e.Available()[0].String() != "public.users" {
		t.Errorf("Available()[0] = %s", e.Available()[0])
	}
}

func TestT3WhatIsSelectedIsShown(t *testing.T) {
	appending, ns := IncrementalAppend, "public"
	e := newStreamEditor(available(), []airbyteapi.StreamConfiguration{
		{Name: "orders", Namespace: &ns, SyncMode: &appending, CursorField: []string{"at"}, PrimaryKey: [][]string{{"id"}},
			SelectedFields: &airbyteapi.SelectedFields{{FieldPath: []string{"id"}}, {FieldPath: []string{"at"}}}},
		{Name: "users"},
	})
	want := []StreamSelection{
		{Namespace: "public", Name: "orders", SyncMode: IncrementalAppend, CursorField: []string{"at"}, PrimaryKey: [][]string{{"id"}}, Fields: []string{"id", "at"}},
		{Name: "users"},
	}
	if d := cmp.Diff(want, e.Selected()); d != "" {
		t.Errorf("Selected (-want +got):\n%s", d)
	}
	if d := want[0].Descriptor(); d != (StreamDescriptor{"public", "orders"}) {
		t.Errorf("Descriptor = %v", d)
	}
	// What is shown is the caller's, and what is given stays the editor's.
	e.Selected()[0].CursorField[0] = "total"
	cursor := []string{"at"}
	if err := e.Select(StreamSelection{Name: "orders", CursorField: cursor}); err != nil {
		t.Fatal(err)
	}
	cursor[0] = "total"
	if d := cmp.Diff(want, e.Selected()); d != "" {
		t.Errorf("Selected, later (-want +got):\n%s", d)
	}
}

// Two streams of one name are told apart by their namespaces, also when the connection has one that the source lost.
func TestT3NamesakesAreToldApart(t *testing.T) {
	appending, a, b, old := FullRefreshAppend, "a", "b", "old"
	selected := func() *StreamEditor {
		return newStreamEditor(available(), []airbyteapi.StreamConfiguration{
			{Name: "twin", Namespace: &old, SyncMode: &appending}, {Name: "twin", Namespace: &b, SyncMode: &appending}, {Name: "twin", Namespace: &a, SyncMode: &appending},
			{Name: "users", SyncMode: &appending},
		})
	}
	names := func(e *StreamEditor) string {
		var names []string
		for _, s := range e.Selected() {
			names = append(names, s.Descriptor().String())
		}
		return strings.Join(names, " ")
	}
	for want, stream := range map[string]StreamDescriptor{
		"old.twin b.twin users":        {"a", "twin"},
		"old.twin a.twin users":        {"b", "twin"},
		"b.twin a.twin users":          {"old", "twin"},
		"old.twin b.twin a.twin":       {"public", "users"},
		"old.twin b.twin a.twin users": {"c", "twin"},
	} {
		e := selected()
		if err := e.Deselect(stream); (err != nil) != (stream.Namespace == "c") {
			t.Errorf("Deselect(%s): %v", stream, err)
		} else if err != nil && !strings.Contains(err.Error(), "old.twin, b.twin, a.twin, public.users") {
			t.Errorf("Deselect(%s) does not say what is selected: %v", stream, err)
		}
		if got := names(e); got != want {
			t.Errorf("without %s: %s, want %s", stream, got, want)
		}
	}
	e := selected()
	if err := e.Deselect(StreamDescriptor{Name: "users"}); err != nil || names(e) != "old.twin b.twin a.twin" {
		t.Errorf("Deselect by the name alone: %v, %s", err, names(e))
	}
	// A change of one of the twins, and its undoing when another selection is wrong.
	e = selected()
	before := names(e)
	for _, wrong := range []StreamSelection{{Name: "nothing"}, {Name: "twin"}, {Name: "twin", Namespace: "b", SyncMode: FullRefreshOverwrite}} {
		if err := e.SelectOnly(StreamSelection{Name: "orders"}, StreamSelection{Name: "users", SyncMode: FullRefreshOverwrite}, wrong); err == nil || names(e) != before || e.Selected()[3].SyncMode != appending {
			t.Errorf("SelectOnly with %s: %v; selected are %s", wrong.Descriptor(), err, names(e))
		}
	}
	if err := e.SelectOnly(StreamSelection{Name: "twin", Namespace: "b"}); err != nil || names(e) != "b.twin" {
		t.Errorf("SelectOnly: %v; selected are %s", err, names(e))
	}
}

// Only what the caller chooses is checked: what a connection has already may be what its source has lost meanwhile.
func TestT3WhatWasThereIsNotChecked(t *testing.T) {
	deduped := IncrementalDedupedHistory
	e := newStreamEditor(available(), []airbyteapi.StreamConfiguration{
		{Name: "orders", SyncMode: &deduped, CursorField: []string{"gone"}, PrimaryKey: [][]string{{"lost"}}},
	})
	if err := e.Select(StreamSelection{Name: "orders", Fields: []string{"id"}}); err != nil {
		t.Errorf("a cursor and a key that were there already: %v", err)
	}
	if err := e.Select(StreamSelection{Name: "orders", CursorField: []string{}}); !errors.Is(err, apierr.ErrInvalid) || !strings.Contains(err.Error(), "no name") {
		t.Errorf("an empty cursor: %v", err)
	}
	// Nothing is known of the fields of these, so that any is taken; the cursor is the one that the source proposes.
	streams := []StreamProperties{
		{StreamDescriptor: StreamDescriptor{Name: "files"}, SyncModes: []SyncMode{IncrementalAppend, FullRefreshOverwriteDeduped, FullRefreshOverwrite}, DefaultCursorField: []string{"at"}},
	}
	e = newStreamEditor(streams, nil)
	if err := e.Select(StreamSelection{Name: "files", SyncMode: IncrementalAppend, Fields: []string{"any"}}); err != nil {
		t.Errorf("a stream without fields: %v", err)
	}
	if err := e.Select(StreamSelection{Name: "files", SyncMode: FullRefreshOverwriteDeduped}); !errors.Is(err, apierr.ErrInvalid) || !strings.Contains(err.Error(), "primary key") {
		t.Errorf("overwritten and deduped without a key: %v", err)
	}
	if err := newStreamEditor(streams, nil).Select(StreamSelection{Name: "files"}); err != nil {
		t.Error(err)
	}
	e = newStreamEditor(streams, nil)
	if err := e.Select(StreamSelection{Name: "files"}); err != nil || e.Selected()[0].SyncMode != FullRefreshOverwrite {
		t.Errorf("a new stream is %q, %v; want it overwritten as a whole", e.Selected()[0].SyncMode, err)
	}
}
