package polytomic

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/sluice-sdk/sluice/gen/polytomicapi"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// Update changes the connection: it reads it, lets change do its work on the request and replaces the whole, because
// Polytomic clears what such a request leaves out. Nothing is sent when change returns an error, which Update returns.
//
// Secrets come masked and cannot be written back, so change has to set every secret of the configuration anew, also to
// change nothing but the name: otherwise the error wraps [ErrMaskedSecret] and names those that are missing. Which fields
// are secrets is read from the schema of the type (sensitive), and whatever looks like a mask counts too. Fields that the
// schema marks read-only are the server's and are left out. What cannot be read at all is reset: an interval of health
// checks has to be set anew, and so has a secret that the service would show as nothing, which was not tried on the live
// service. [Connection.Test] tries single values without all that.
//
//sluice:operation GET /api/connections/{id}
//sluice:operation GET /api/connection_types/{id}
//sluice:operation PUT /api/connections/{id}
func (c *Connection) Update(ctx context.Context, change func(*polytomicapi.UpdateConnectionRequestSchema) error) error {
	if err := c.check(); err != nil {
		return err
	}
	now, err := describe(c.client.raw.GetConnection(ctx, c.id))
	if err != nil {
		return c.about(err)
	}
	var kind polytomicapi.ConnectionTypeSchema
	_ = decodeExact(orNull(now["type"]), &kind)
	rest := maps.Clone(now)
	delete(rest, "type") // an object when it is read, a name when it is written
	var request polytomicapi.UpdateConnectionRequestSchema
	if err := rest.into(&request); err != nil {
		return c.about(err)
	}
	request.Type = kind.ID
	request.Configuration = now.exactMap("configuration")
	if request.Configuration == nil {
		request.Configuration = map[string]any{}
	}
	var secrets []string
	if valueOf(kind.ID) != "" {
		schema, err := c.client.ConnectionTypeSchema(ctx, *kind.ID)
		if err != nil {
			return c.about(err)
		}
		for _, path := range schemaPaths(schema, "readOnly") {
			if !strings.Contains(path, ".") {
				delete(request.Configuration, path)
			}
		}
		secrets = schemaPaths(schema, "sensitive")
	}
	before := clone(request.Configuration)
	if err := change(&request); err != nil {
		return err
	}
	if request.Name == "" {
		return c.about(apierr.Invalid(service, "name", "the connection has no name"))
	}
	if err := refuseStale(before, request.Configuration, secrets); err != nil {
		return c.about(err)
	}
	c.info.Forget()
	_, err = dataOf[polytomicapi.CreateConnectionResponseSchema](c.client.raw.UpdateConnection(ctx, c.id, request))
	return c.about(err)
}

// refuseStale refuses a configuration in which a secret is as it was read: masked, however that looks.
func refuseStale(before, after map[string]any, secrets []string) error {
	var stale []string
	for _, path := range secrets {
		old := at(before, path)
		for _, now := range at(after, path) {
			if now != nil && now != "" && slices.ContainsFunc(old, func(o any) bool { return reflect.DeepEqual(o, now) }) {
				stale = append(stale, path)
			}
		}
	}
	stale = append(stale, maskedPaths(after, "")...)
	slices.Sort(stale)
	if stale = slices.Compact(stale); len(stale) == 0 {
		return nil
	}
	e := invalidBecause(ErrMaskedSecret, "configuration."+stale[0], "the update has to give these secrets anew: %s", strings.Join(stale, ", "))
	e.Hint = "Polytomic shows secrets masked and replaces the whole configuration: set them in the update, or delete them from it to clear them."
	return e
}

// schemaPaths returns the paths of the properties of a JSON schema that have a mark, such as sensitive. Properties of
// alternatives (oneOf, anyOf, allOf, then, else) count too, and those of the items of a list, in whose path the list has [].
func schemaPaths(schema map[string]any, mark string) []string {
	found := map[string]bool{}
	var visit func(node any, path string, depth int)
	visit = func(node any, path string, depth int) {
		object, ok := node.(map[string]any)
		if !ok || depth > 16 {
			return
		}
		if object[mark] == true && path != "" {
			found[path] = true
		}
		if properties, ok := object["properties"].(map[string]any); ok {
			for name, property := range properties {
				visit(property, strings.TrimPrefix(path+"."+name, "."), depth+1)
			}
		}
		for _, name := range [...]string{"oneOf", "anyOf", "allOf"} {
			if list, ok := object[name].([]any); ok {
				for _, alternative := range list {
					visit(alternative, path, depth+1)
				}
			}
		}
		visit(object["items"], path+"[]", depth+1)
		for _, name := range [...]string{"if", "then", "else"} {
			visit(object[name], path, depth+1)
		}
		if dependencies, ok := object["dependencies"].(map[string]any); ok {
			for _, dependency := range dependencies {
				visit(dependency, path, depth+1)
			}
		}
	}
	visit(schema, "", 0)
	return slices.Sorted(maps.Keys(found))
}

// at returns the values at a path that [schemaPaths] gave: one at most, but for lists on the way.
func at(value any, path string) []any {
	if path == "" {
		return []any{value}
	}
	if rest, ok := strings.CutPrefix(path, "[]"); ok {
		list, _ := value.([]any)
		var all []any
		for _, item := range list {
			all = append(all, at(item, strings.TrimPrefix(rest, "."))...)
		}
		return all
	}
	object, _ := value.(map[string]any)
	end := strings.IndexAny(path, ".[")
	if end < 0 {
		end = len(path)
	}
	inner, ok := object[path[:end]]
	if !ok {
		return nil
	}
	return at(inner, strings.TrimPrefix(path[end:], "."))
}

// clone returns a deep copy of a JSON object.
func clone(object map[string]any) map[string]any {
	out := make(map[string]any, len(object))
	for key, value := range object {
		out[key] = cloneValue(value)
	}
	return out
}

func cloneValue(value any) any {
	switch v := value.(type) {
	case map[string]any:
		return clone(v)
	case []any:
		list := make([]any, len(v))
		for i, item := range v {
			list[i] = cloneValue(item)
		}
		return list
	}
	return value
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func itoa(n int) string { return fmt.Sprint(n) }
