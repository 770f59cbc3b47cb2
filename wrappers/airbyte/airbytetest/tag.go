package airbytetest

import (
	"context"
	"net/http"
	"regexp"
	"slices"

	wire "github.com/sluice-sdk/sluice/gen/airbyteapi"
	srv "github.com/sluice-sdk/sluice/gen/airbyteserver"
)

func (f *Fake) tag(id string) *wire.TagResponse {
	for _, t := range f.tags {
		if t.TagID == id {
			return t
		}
	}
	return nil
}

var hexColor = regexp.MustCompile(`^[0-9A-Fa-f]{6}$`)

// checkTag is airbyte-platform's TagHandler: 30 characters, six hex digits, names unique in a workspace, 100 tags.
func (f *Fake) checkTag(workspaceID, id, name, color string) error {
	if name == "" || len(name) > 30 {
		return problem(http.StatusBadRequest, "error:tag-name-too-long", "Tag name too long", "", message("Tag name must be between 1 and 30 characters long"))
	}
	if !hexColor.MatchString(color) {
		return problem(http.StatusBadRequest, "error:tag-invalid-hex-color", "Invalid hex color", "", message("Tag color must be six hex digits"))
	}
	n := 0
	for _, t := range f.tags {
		if t.WorkspaceID != workspaceID || t.TagID == id {
			continue
		}
		n++
		if t.Name == name {
			return problem(http.StatusConflict, "error:tag-already-exists", "Tag already exists", "", message("A tag of this name exists in the workspace"))
		}
	}
	if id == "" && n >= 100 {
		return problem(http.StatusBadRequest, "error:tag-limit-for-workspace-reached", "Tag limit for workspace reached", "", nil)
	}
	return nil
}

func (a *service) ListTags(_ context.Context, request srv.ListTagsRequestObject) (srv.ListTagsResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	workspaces := set(request.Params.WorkspaceIds)
	out := srv.ListTags200JSONResponse{Data: []wire.TagResponse{}}
	for _, t := range f.tags {
		if in(workspaces, t.WorkspaceID) {
			out.Data = append(out.Data, *t)
		}
	}
	return out, nil
}

func (a *service) CreateTag(_ context.Context, request srv.CreateTagRequestObject) (srv.CreateTagResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	b := request.Body
	ws, err := f.workspace(b.WorkspaceID)
	if err == nil {
		err = f.checkTag(ws.id, "", b.Name, b.Color)
	}
	if err != nil {
		return nil, err
	}
	t := &wire.TagResponse{TagID: f.newID(), Name: b.Name, Color: b.Color, WorkspaceID: ws.id}
	f.tags = append(f.tags, t)
	return srv.CreateTag200JSONResponse(*t), nil
}

func (a *service) GetTag(_ context.Context, request srv.GetTagRequestObject) (srv.GetTagResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	t := f.tag(request.TagID)
	if t == nil {
		return nil, f.unknown("tag", request.TagID)
	}
	return srv.GetTag200JSONResponse(*t), nil
}

func (a *service) UpdateTag(_ context.Context, request srv.UpdateTagRequestObject) (srv.UpdateTagResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	t := f.tag(request.TagID)
	if t == nil {
		return nil, f.unknown("tag", request.TagID)
	}
	if err := f.checkTag(t.WorkspaceID, t.TagID, request.Body.Name, request.Body.Color); err != nil {
		return nil, err
	}
	t.Name, t.Color = request.Body.Name, request.Body.Color
	for _, c := range f.connections {
		for i := range c.tags {
			if c.tags[i].TagID == t.TagID {
				c.tags[i] = wire.Tag(*t)
			}
		}
	}
	return srv.UpdateTag200JSONResponse(*t), nil
}

func (a *service) DeleteTag(_ context.Context, request srv.DeleteTagRequestObject) (srv.DeleteTagResponseObject, error) {
	f := a.lock()
	defer a.unlock()
	if f.tag(request.TagID) == nil {
		return nil, f.unknown("tag", request.TagID)
	}
	f.tags = slices.DeleteFunc(f.tags, func(t *wire.TagResponse) bool { return t.TagID == request.TagID })
	for _, c := range f.connections {
		c.tags = slices.DeleteFunc(c.tags, func(t wire.Tag) bool { return t.TagID == request.TagID })
	}
	return srv.DeleteTag204Response{}, nil
}
