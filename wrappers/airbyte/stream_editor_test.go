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
