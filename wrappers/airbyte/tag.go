package airbyte

import (
	"context"
	"iter"
	"net/http"
	"strings"

	"github.com/sluice-sdk/sluice/gen/airbyteapi"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/transport"
)

// Tag is a label of a workspace that connections can have.
type Tag = airbyteapi.Tag

// Tags lists the tags of the workspace, in one call.
//
//sluice:operation GET /tags
func (w *Workspace) Tags(ctx context.Context) iter.Seq2[Tag, error] {
	return oneCall(ctx, func(ctx context.Context) ([]Tag, error) {
		if err := w.check(); err != nil {
			return nil, err
		}
		answer, err := transport.Decode[airbyteapi.TagsResponse](w.client.raw.ListTags(ctx, &airbyteapi.ListTagsParams{WorkspaceIds: []string{w.id}}))
		if err != nil {
			return nil, w.fail(err)
		}
		tags := make([]Tag, len(answer.Data))
		for i, t := range answer.Data {
			tags[i] = Tag(t)
		}
		return tags, nil
	})
}

// CreateTag makes a tag. The color is six hexadecimal digits, with or without '#' in front. A name that exists is an
// error with [ErrAlreadyExists].
//
//sluice:operation POST /tags
func (w *Workspace) CreateTag(ctx context.Context, name, color string) (Tag, error) {
	if err := w.check(); err != nil {
		return Tag{}, err
	}
	name, err := checkName(name)
	if err != nil {
		return Tag{}, err
	}
	if color, err = checkColor(color); err != nil {
		return Tag{}, err
	}
	answer, err := transport.Decode[airbyteapi.TagResponse](w.client.raw.CreateTag(ctx, airbyteapi.TagCreateRequest{WorkspaceID: w.id, Name: name, Color: color}))
	if err != nil {
		return Tag{}, w.fail(err)
	}
	return Tag(*answer), nil
}

// UpdateTag changes the name and the color of a tag; the connections that have it keep it.
//
//sluice:operation PATCH /tags/{tagId}
func (w *Workspace) UpdateTag(ctx context.Context, id, name, color string) (Tag, error) {
	if err := checkID("tag", id); err != nil {
		return Tag{}, err
	}
	name, err := checkName(name)
	if err != nil {
		return Tag{}, err
	}
	if color, err = checkColor(color); err != nil {
		return Tag{}, err
	}
	answer, err := transport.Decode[airbyteapi.TagResponse](w.client.raw.UpdateTag(ctx, id, airbyteapi.TagPatchRequest{Name: name, Color: color}))
	if err != nil {
		return Tag{}, w.fail(err)
	}
	return Tag(*answer), nil
}

// DeleteTag deletes a tag and takes it off every connection.
//
//sluice:operation DELETE /tags/{tagId}
func (w *Workspace) DeleteTag(ctx context.Context, id string) error {
	if err := checkID("tag", id); err != nil {
		return err
	}
	err := remove(ctx, w.client, func(ctx context.Context) (*http.Response, error) {
		return w.client.raw.DeleteTag(ctx, id)
	}, func() iter.Seq2[Tag, error] {
		return func(yield func(Tag, error) bool) {
			for tag, err := range w.Tags(ctx) {
				if (err != nil || sameID(tag.TagID, id)) && !yield(tag, err) {
					return
				}
			}
		}
	})
	if err != nil {
		return w.fail(err)
	}
	return nil
}

func checkColor(color string) (string, error) {
	digits := strings.TrimPrefix(color, "#")
	if len(digits) != 6 || strings.Trim(digits, "0123456789abcdefABCDEF") != "" {
		return "", apierr.Invalid(service, "color", "%q is not a color: six hexadecimal digits, such as 5E92F3", color)
	}
	return digits, nil
}
