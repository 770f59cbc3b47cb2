package tests_test

import (
	"testing"

	"github.com/sluice-sdk/sluice/gen/airbyteapi"
	"github.com/sluice-sdk/sluice/wrappers/airbyte"
	"github.com/sluice-sdk/sluice/wrappers/airbyte/airbytetest"
)

// What is read to be written back is read at that moment: a handle that loaded long ago does not undo what another
// program has changed since.
func TestT2T3EditsOfAHandleThatIsOld(t *testing.T) {
	f, w := workspaceOf(t)
	ctx := t.Context()
	set := func(key string) func(airbyte.Configuration) error {
		return func(c airbyte.Configuration) error {
			c[key] = "set"
			return nil
		}
	}
	has := func(what string, c airbyte.Configuration) {
		t.Helper()
		if c["theirs"] != "set" || c["ours"] != "set" {
			t.Errorf("%s: %v", what, c)
		}
	}
	source := w.Source(f.AddSource(airbytetest.Configuration(map[string]any{"host": "h"})))
	must(source.Configuration(ctx))(t)
	ok(t, w.Source(source.ID()).UpdateConfiguration(ctx, set("theirs")))
	ok(t, source.UpdateConfiguration(ctx, set("ours")))
	has("source", must(source.Configuration(ctx))(t))
	destination := w.Destination(f.AddDestination(airbytetest.Configuration(map[string]any{"host": "h"})))
	must(destination.Configuration(ctx))(t)
	ok(t, w.Destination(destination.ID()).UpdateConfiguration(ctx, set("theirs")))
	ok(t, destination.UpdateConfiguration(ctx, set("ours")))
	has("destination", must(destination.Configuration(ctx))(t))

	streams := f.AddSource(airbytetest.Streams(airbytetest.Stream{Name: "a"}, airbytetest.Stream{Name: "b"}, airbytetest.Stream{Name: "c"}))
	conn := w.Connection(f.AddConnection(airbytetest.From(streams), airbytetest.Selecting(airbyteapi.StreamConfiguration{Name: "a"})).ID)
	must(conn.StreamNames(ctx))(t)
	choose := func(name string) func(*airbyte.StreamEditor) error {
		return func(e *airbyte.StreamEditor) error { return e.Select(airbyte.StreamSelection{Name: name}) }
	}
	ok(t, w.Connection(conn.ID()).EditStreams(ctx, choose("b")))
	ok(t, conn.EditStreams(ctx, choose("c")))
	if names := must(conn.StreamNames(ctx))(t); len(names) != 3 {
		t.Errorf("streams %v", names)
	}
	tag, other := must(w.CreateTag(ctx, "theirs", "FF0000"))(t), must(w.CreateTag(ctx, "ours", "FF0000"))(t)
	must(conn.Tags(ctx))(t)
	ok(t, w.Connection(conn.ID()).AddTags(ctx, tag))
	ok(t, conn.AddTags(ctx, other))
	if tags := must(conn.Tags(ctx))(t); len(tags) != 2 {
		t.Errorf("tags %v", tags)
	}
}
