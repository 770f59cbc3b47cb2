package airbyte

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/sluice-sdk/sluice/gen/airbyteapi"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// Rename gives the connection another name.
//
//sluice:operation PATCH /connections/{connectionId}
func (c *Connection) Rename(ctx context.Context, name string) error {
	name, err := checkName(name)
	if err != nil {
		return err
	}
	return c.patch(ctx, airbyteapi.ConnectionPatchRequest{Name: &name})
}

// SetTablePrefix sets what is put in front of every stream's name in the destination; "" for nothing. The next sync
// writes to tables with the new names and leaves the old ones where they are.
//
//sluice:operation PATCH /connections/{connectionId}
func (c *Connection) SetTablePrefix(ctx context.Context, prefix string) error {
	return c.patch(ctx, airbyteapi.ConnectionPatchRequest{Prefix: &prefix})
}

// SetNamespace sets where in the destination the connection's tables are.
//
//sluice:operation PATCH /connections/{connectionId}
func (c *Connection) SetNamespace(ctx context.Context, namespace Namespace) error {
	if err := namespace.check(); err != nil {
		return err
	}
	definition := airbyteapi.NamespaceDefinitionEnumNoDefault(namespace.Definition)
	return c.patch(ctx, airbyteapi.ConnectionPatchRequest{NamespaceDefinition: &definition, NamespaceFormat: optional(namespace.Format)})
}

func (n Namespace) check() error {
	custom := n.Definition == airbyteapi.NamespaceDefinitionEnumCustomFormat
	switch {
	case n.Definition == "":
		return apierr.Invalid(service, "namespaceDefinition", "it is empty: source, destination or custom_format")
	case custom && strings.TrimSpace(n.Format) == "":
		return apierr.Invalid(service, "namespaceFormat", "custom_format needs a format, such as ${SOURCE_NAMESPACE}_raw")
	case !custom && n.Format != "":
		return apierr.Invalid(service, "namespaceFormat", "a format is for custom_format, not for %s", n.Definition)
	}
	return nil
}

// Enable switches the connection on, and reports whether it was not on before: then nothing is written. It reads the
// status first, always.
//
//sluice:operation GET /connections/{connectionId}
//sluice:operation PATCH /connections/{connectionId}
func (c *Connection) Enable(ctx context.Context) (changed bool, err error) {
	return c.setStatus(ctx, airbyteapi.ConnectionStatusEnumActive)
}

// Disable switches the connection off, and reports whether it was on before: otherwise nothing is written. A job that
// runs is stopped by the server, as the web application says when it does the same (unverified against a live server).
//
//sluice:operation GET /connections/{connectionId}
//sluice:operation PATCH /connections/{connectionId}
func (c *Connection) Disable(ctx context.Context) (changed bool, err error) {
	return c.setStatus(ctx, airbyteapi.ConnectionStatusEnumInactive)
}

func (c *Connection) setStatus(ctx context.Context, status airbyteapi.ConnectionStatusEnum) (bool, error) {
	info, err := c.info.Refresh(ctx, c.fetch)
	if err != nil {
		return false, err
	}
	switch info.Status {
	case status:
		return false, nil
	case airbyteapi.ConnectionStatusEnumLocked, airbyteapi.ConnectionStatusEnumDeprecated:
		return false, c.usable(info)
	default:
	}
	return true, c.patch(ctx, airbyteapi.ConnectionPatchRequest{Status: &status})
}

// SetCron makes the connection run at the times of a Quartz cron expression, in UTC: six or seven fields with the seconds
// first, such as "0 0 6 * * ?" for six o'clock every day. Five fields of Unix cron are refused before any request, with
// the Quartz form in the message. Most plans allow one run an hour at most.
//
//sluice:operation PATCH /connections/{connectionId}
func (c *Connection) SetCron(ctx context.Context, expression string) error {
	schedule, err := cronSchedule(expression)
	if err != nil {
		return err
	}
	return c.patch(ctx, airbyteapi.ConnectionPatchRequest{Schedule: schedule})
}

// SetManual makes the connection run only when it is told to.
//
//sluice:operation PATCH /connections/{connectionId}
func (c *Connection) SetManual(ctx context.Context) error {
	return c.patch(ctx, airbyteapi.ConnectionPatchRequest{Schedule: &airbyteapi.AirbyteAPIConnectionSchedule{ScheduleType: airbyteapi.ScheduleTypeEnumManual}})
}

// SetTags replaces the connection's tags; none takes all away.
//
//sluice:operation PATCH /connections/{connectionId}
func (c *Connection) SetTags(ctx context.Context, tags ...Tag) error {
	for _, t := range tags {
		if err := checkID("tag", t.TagID); err != nil {
			return err
		}
	}
	if err := c.check(); err != nil {
		return err
	}
	// The generated request leaves an empty list out, which would change nothing.
	body, err := json.Marshal(struct {
		Tags []Tag `json:"tags"`
	}{append([]Tag{}, tags...)})
	if err != nil {
		return err
	}
	return c.store(c.workspace.client.raw.PatchConnectionWithBody(ctx, c.id, "application/json", bytes.NewReader(body)))
}

// AddTags puts tags on the connection beside those it has. It reads them first; nothing is written when it has them all.
//
//sluice:operation GET /connections/{connectionId}
//sluice:operation PATCH /connections/{connectionId}
func (c *Connection) AddTags(ctx context.Context, tags ...Tag) error {
	for _, t := range tags {
		if err := checkID("tag", t.TagID); err != nil {
			return err
		}
	}
	info, err := c.info.Refresh(ctx, c.fetch)
	if err != nil {
		return err
	}
	next := slices.Clone(info.Tags)
	for _, t := range tags {
		if !taggedWithOneOf(next, []string{t.TagID}) {
			next = append(next, t)
		}
	}
	if len(next) == len(info.Tags) {
		return nil
	}
	return c.SetTags(ctx, next...)
}

// RemoveTags takes the tags with these ids off the connection. It reads its tags first; nothing is written when it has
// none of them.
//
//sluice:operation GET /connections/{connectionId}
//sluice:operation PATCH /connections/{connectionId}
func (c *Connection) RemoveTags(ctx context.Context, ids ...string) error {
	for _, id := range ids {
		if err := checkID("tag", id); err != nil {
			return err
		}
	}
	info, err := c.info.Refresh(ctx, c.fetch)
	if err != nil {
		return err
	}
	next := slices.DeleteFunc(slices.Clone(info.Tags), func(t Tag) bool {
		return len(ids) > 0 && taggedWithOneOf([]Tag{t}, ids)
	})
	if len(next) == len(info.Tags) {
		return nil
	}
	return c.SetTags(ctx, next...)
}

// SelectStreams makes exactly these streams the selected ones. Streams that were selected before keep their sync modes,
// cursors, keys, fields and mappers; the others start as [StreamEditor.Select] says.
//
//sluice:operation GET /connections/{connectionId}
//sluice:operation GET /streams
//sluice:operation PATCH /connections/{connectionId}
func (c *Connection) SelectStreams(ctx context.Context, streams ...StreamDescriptor) error {
	return c.EditStreams(ctx, func(e *StreamEditor) error {
		selections := make([]StreamSelection, len(streams))
		for i, s := range streams {
			selections[i] = StreamSelection{Name: s.Name, Namespace: s.Namespace}
		}
		return e.SelectOnly(selections...)
	})
}

// EditStreams reads the connection and the streams that its source can read, lets edit change the selection, checks it,
// and writes it back as a whole: the server replaces the whole selection, so that anything less would lose streams or
// their sync modes. Cursors and keys that the source defines are left out, because the server refuses them. Nothing is
// written when edit changes nothing, and when it returns an error, which is returned as it is.
//
// Errors: [ErrUnknownStream] and [apierr.ErrInvalid] for what the streams do not allow, before anything is written. Two
// programs that do this at once overwrite each other: Airbyte has no versions to compare.
//
//sluice:operation GET /connections/{connectionId}
//sluice:operation GET /streams
//sluice:operation PATCH /connections/{connectionId}
func (c *Connection) EditStreams(ctx context.Context, edit func(*StreamEditor) error) error {
	if edit == nil {
		return apierr.Invalid(service, "edit", "the function is nil")
	}
	info, err := c.info.Refresh(ctx, c.fetch)
	if err != nil {
		return err
	}
	available, err := c.workspace.client.streams(ctx, info.SourceID, info.DestinationID, nil)
	if err != nil {
		return c.fail(err)
	}
	editor := newStreamEditor(available, info.Configurations.Streams)
	before := newStreamEditor(available, info.Configurations.Streams).configurations()
	if err := edit(editor); err != nil {
		return err
	}
	after := editor.configurations()
	if len(after) == 0 {
		return apierr.Invalid(service, "streams", "no stream is selected: a connection has at least one; Connection.Disable switches it off")
	}
	if reflect.DeepEqual(before, after) {
		return nil
	}
	return c.patch(ctx, airbyteapi.ConnectionPatchRequest{Configurations: &airbyteapi.StreamConfigurations{Streams: after}})
}

// AvailableStreams returns the streams that the connection's source can read, with the sync modes that its destination
// can do. The server may ask the connector, which takes up to minutes; see [WithFreshSchema].
//
//sluice:operation GET /connections/{connectionId}
//sluice:operation GET /streams
func (c *Connection) AvailableStreams(ctx context.Context, opts ...StreamsOption) ([]StreamProperties, error) {
	info, err := c.load(ctx)
	if err != nil {
		return nil, err
	}
	streams, err := c.workspace.client.streams(ctx, info.SourceID, info.DestinationID, opts)
	if err != nil {
		return nil, c.fail(err)
	}
	return streams, nil
}

func (c *Connection) patch(ctx context.Context, body airbyteapi.ConnectionPatchRequest) error {
	if err := c.check(); err != nil {
		return err
	}
	return c.store(c.workspace.client.raw.PatchConnection(ctx, c.id, body))
}

// store keeps the answer of a write; after a failure nobody knows what the server holds.
func (c *Connection) store(resp *http.Response, err error) error {
	info, err := transport.Decode[airbyteapi.ConnectionResponse](resp, err)
	if err != nil {
		c.info.Forget()
		return c.fail(err)
	}
	c.info.Set(info)
	return nil
}
